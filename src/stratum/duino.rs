//! Duino-Coin (stub)

use super::Message;

/// Reads one line.
pub(super) fn read(text: &str) -> Option<Message<'_>> {
    let _ = text;
    None
}
