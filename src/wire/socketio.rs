//! Engine.IO and Socket.IO packets as they come in WebSocket text messages (stub).

use super::json::Value;

/// A packet of Socket.IO inside a message of Engine.IO.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// An event: its arguments as a JSON array, name first.
    Event {
        /// The acknowledgement that is asked for.
        ack: Option<u64>,
        /// The array.
        array: Value<'a>,
    },
    /// Anything else of the two protocols: handshakes, pings, acknowledgements, announcements of binary parts.
    Other,
}

/// Reads one text message; `None` where it is neither protocol's.
pub fn read(text: &[u8]) -> Option<Packet<'_>> {
    let _ = text;
    None
}
