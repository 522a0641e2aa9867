//! Xelis node (stub)

use super::Message;
use crate::wire::http;

/// Reads the head of a request.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    let _ = head;
    None
}

/// Reads an object without a method, of its WebSocket.
pub(super) fn read<'a>(line: &super::Line<'a>) -> Option<Message<'a>> {
    let _ = line;
    None
}

/// Reads a message that is no object.
pub(super) fn text(text: &str) -> Option<Message<'_>> {
    let _ = text;
    None
}
