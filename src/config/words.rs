//! Words that rule files give to things that live as long as the program: dialects and their messages. Events, metrics
//! and sessions keep them as plain `&'static str`, so each distinct word is leaked once; reloads find it again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Words kept at most, over all reloads. With [`MAX_BYTES`] the most that can be leaked: 64 KiB.
const MAX_WORDS: usize = 1024;

/// Bytes of the longest word.
pub(super) const MAX_BYTES: usize = 64;

static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The word for good; `None` where it is too long, or where no more are kept until the program starts again.
pub(super) fn forever(word: &str) -> Option<&'static str> {
    // A set is whole between any two of its steps, whoever panicked.
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(word) {
        return Some(known);
    }
    if word.len() > MAX_BYTES || words.len() >= MAX_WORDS {
        return None;
    }
    let word: &'static str = Box::leak(Box::from(word));
    words.insert(word);
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_once() {
        let first = forever("a word of this test").unwrap();
        let again = forever(&String::from("a word of this test")).unwrap();
        assert!(std::ptr::eq(first, again));
        assert_eq!(forever(&"x".repeat(MAX_BYTES + 1)), None);
        assert!(forever(&"x".repeat(MAX_BYTES)).is_some());
    }
}
