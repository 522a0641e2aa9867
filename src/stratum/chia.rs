//! Chia (stub)

use super::Message;
use crate::wire::http;

/// Reads the head of a request.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    let _ = head;
    None
}

/// Reads a JSON body.
pub(super) fn body<'a>(line: &super::Line<'a>) -> Option<Message<'a>> {
    let _ = line;
    None
}
