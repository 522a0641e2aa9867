//! Nimiq (stub)

use super::{Line, Message};

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let _ = line;
    None
}
