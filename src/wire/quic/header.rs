//! The long headers of a datagram's packets, as far as they stand open: type, connection ids, token, length. The packet
//! number and the first byte's low bits are protected and belong to [`super::keys`].
//!
//! ```text
//! 1 1 t t x x x x | version(4) | n, destination id(n <= 20) | n, source id(n <= 20)      RFC 9000 §17.2
//!   Initial:  varint n, token(n) | varint length | packet number(1-4), payload, tag      length of what follows
//!   0-RTT, Handshake:              varint length | packet number(1-4), payload, tag
//! ```

use crate::bytes::{Malformed, Reader};

use super::version::{Kind, Version};

/// Bytes of a connection id (RFC 9000 §17.2).
pub(super) const MAX_ID: usize = 20;

/// A packet with a long header, whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// The version's number.
    pub(super) version: u32,
    /// What it is in that version.
    pub(super) kind: Kind,
    /// The destination connection id.
    pub(super) destination: &'a [u8],
    /// From the first byte to the tag's last.
    pub(super) bytes: &'a [u8],
    /// Where in it the packet number stands.
    pub(super) number_at: usize,
}

impl<'a> Packet<'a> {
    /// The packet a datagram, or the rest of one, begins with, and what follows it.
    pub(super) fn read(datagram: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let mut r = Reader::new(datagram);
        let first = r.u8().filter(|first| first & 0xc0 == 0xc0).ok_or(Malformed("long header"))?;
        let version = r.u32().ok_or(Malformed("version"))?;
        let family = Version::of(version).ok_or(Malformed("version"))?.family;
        let destination = id(&mut r).ok_or(Malformed("destination id"))?;
        id(&mut r).ok_or(Malformed("source id"))?;
        let kind = family.kind(first);
        if kind == Kind::Retry {
            let number_at = datagram.len();
            return Ok((Self { version, kind, destination, bytes: datagram, number_at }, &[]));
        }
        if kind == Kind::Initial {
            let length = length(&mut r).ok_or(Malformed("token length"))?;
            r.take(length).ok_or(Malformed("token"))?;
        }
        let length = length(&mut r).ok_or(Malformed("length"))?;
        let number_at = datagram.len().saturating_sub(r.rest().len());
        // Also what a datagram cut by the capture comes to.
        r.take(length).ok_or(Malformed("length"))?;
        let (bytes, rest) =
            datagram.split_at_checked(number_at.saturating_add(length)).ok_or(Malformed("length"))?;
        Ok((Self { version, kind, destination, bytes, number_at }, rest))
    }
}

fn id<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(r.u8()?);
    if length > MAX_ID { None } else { r.take(length) }
}

fn length(r: &mut Reader<'_>) -> Option<usize> {
    varint(r).and_then(|length| usize::try_from(length).ok())
}

/// A number in the length its first two bits say (RFC 9000 §16).
pub(super) fn varint(r: &mut Reader<'_>) -> Option<u64> {
    let first = r.u8()?;
    let more = (1usize << (first >> 6)) - 1;
    let head = u64::from(first & 0x3f);
    Some(r.take(more)?.iter().fold(head, |value, byte| value << 8 | u64::from(*byte)))
}
