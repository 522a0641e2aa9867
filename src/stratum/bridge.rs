//! Bridges (stub)

use super::{Line, Message};

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let _ = line;
    None
}

/// What a wrapper holds: the line itself.
pub(super) fn inner<'a>(line: &Line<'a>) -> Option<std::borrow::Cow<'a, [u8]>> {
    let _ = line;
    None
}
