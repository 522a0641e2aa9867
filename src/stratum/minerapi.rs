//! Miner management (stub)

use super::{Line, Message};

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let _ = line;
    None
}

/// Reads a line with a method.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let _ = (line, method);
    None
}

/// Reads a reply whose result is an array.
pub(super) fn reply<'a>(line: &Line<'a>, result: crate::wire::json::Value<'a>) -> Option<Message<'a>> {
    let _ = (line, result);
    None
}
