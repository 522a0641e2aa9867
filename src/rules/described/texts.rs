//! Shapes of text: the first bytes of a message, and a screen for them that costs one look at the first byte.

use crate::stratum::{Line, Message};
use crate::wire::{http, proxy};

use super::Meaning;

/// Bytes of the shortest and the longest beginning: shorter ones are everywhere.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=64;

#[derive(Debug, Default)]
pub(super) struct Texts {
    shapes: Vec<(Box<[u8]>, Meaning)>,
    /// First bytes, a bit each.
    first: [u64; 4],
}

/// Whether messages may be told by this beginning; the error says why not.
pub fn check_text(text: &[u8]) -> Result<(), &'static str> {
    if !LENGTHS.contains(&text.len()) {
        return Err("is not 4 to 64 bytes long");
    }
    if text.first().is_some_and(u8::is_ascii_whitespace) {
        return Err("begins with white space, which is skipped between messages");
    }
    if text.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return Err("has a control character, which no line of text has");
    }
    if proxy::looks_like(text) {
        return Err("begins a PROXY header, behind which messages are looked for");
    }
    if text.starts_with(b"{") {
        return Err("begins an object, which json tells");
    }
    if http::starts_head(text) {
        return Err("begins an HTTP head, which http tells");
    }
    Ok(())
}

impl Texts {
    pub(super) fn add(&mut self, text: &[u8], meaning: Meaning) {
        let Some(first) = text.first() else { return };
        if let Some(bits) = self.first.get_mut(usize::from(first >> 6)) {
            *bits |= 1 << (first & 63);
        }
        self.shapes.push((text.into(), meaning));
    }

    #[inline]
    pub(super) fn may_begin(&self, payload: &[u8]) -> bool {
        let Some(first) = payload.first() else { return false };
        let known = self.first.get(usize::from(first >> 6)).is_some_and(|bits| bits >> (first & 63) & 1 == 1);
        known && self.shapes.iter().any(|(text, _)| payload.starts_with(text) || text.starts_with(payload))
    }

    pub(super) fn find<'a>(&self, text: &'a [u8]) -> Option<Message<'a>> {
        if self.shapes.is_empty() {
            return None;
        }
        let (_, meaning) = self.shapes.iter().find(|(begins, _)| text.starts_with(begins))?;
        Some(meaning.message(&Line::default(), |_| None))
    }
}
