//! Kadena (stub)

use super::Message;
use crate::wire::http;

/// Reads the head of a request.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    let _ = head;
    None
}
