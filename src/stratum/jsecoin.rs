//! JSEcoin (stub)

use super::Message;
use crate::wire::json::Value;

/// Reads a Socket.IO event: its name and the array of name and arguments.
pub(super) fn event<'a>(name: &str, array: Value<'a>) -> Option<Message<'a>> {
    let _ = (name, array);
    None
}
