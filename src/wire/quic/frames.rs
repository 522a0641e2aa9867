//! The frames of an opened Initial packet: of all that a client may put there only CRYPTO says anything (RFC 9000 §12.4,
//! §19). The others are stepped over; any further one proves that the packet is none of a client that keeps the standard.

use crate::bytes::{Malformed, Reader};

use super::header::varint;

/// Bytes of the handshake, and where in it they stand (RFC 9000 §19.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Of the first byte.
    pub offset: u64,
    /// May be empty.
    pub data: &'a [u8],
}

/// The CRYPTO frames of a payload, in the order they stand. Ends after a fault.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    r: Reader<'a>,
    /// Types of CRYPTO and PING.
    types: [u8; 2],
}

impl<'a> Frames<'a> {
    /// Frames from a payload's first byte on.
    pub const fn new(payload: &'a [u8]) -> Self {
        Self { r: Reader::new(payload), types: [CRYPTO, PING] }
    }

    /// The same by the types that Google's versions have. Of their other frames none is in a client's first packets.
    pub const fn google(payload: &'a [u8]) -> Self {
        Self { r: Reader::new(payload), types: [GOOGLE_CRYPTO, GOOGLE_PING] }
    }

    fn step(&mut self) -> Result<Option<Crypto<'a>>, Malformed> {
        let [crypto_type, ping_type] = self.types;
        while let Some(kind) = self.r.u8() {
            // Types of these frames are below 64: one byte, as must be the shortest (§12.4).
            match kind {
                PADDING => {}
                kind if kind == crypto_type => {
                    return crypto(&mut self.r).map(Some).ok_or(Malformed("crypto"));
                }
                kind if kind == ping_type => {}
                ACK => ack(&mut self.r, 0).ok_or(Malformed("ack"))?,
                ACK_ECN => ack(&mut self.r, 3).ok_or(Malformed("ack"))?,
                CONNECTION_CLOSE => close(&mut self.r).ok_or(Malformed("connection close"))?,
                _ => return Err(Malformed("frame type")),
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Crypto<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step().transpose();
        if matches!(next, Some(Err(_))) {
            self.r = Reader::new(&[]);
        }
        next
    }
}

const PADDING: u8 = 0x00;
const PING: u8 = 0x01;
const ACK: u8 = 0x02;
const ACK_ECN: u8 = 0x03;
const CRYPTO: u8 = 0x06;
/// Of the transport; an application's has a type that no Initial may hold.
const CONNECTION_CLOSE: u8 = 0x1c;
/// As Chromium's sources number them.
const GOOGLE_CRYPTO: u8 = 0x08;
const GOOGLE_PING: u8 = 0x07;

fn crypto<'a>(r: &mut Reader<'a>) -> Option<Crypto<'a>> {
    let offset = varint(r)?;
    let length = usize::try_from(varint(r)?).ok()?;
    Some(Crypto { offset, data: r.take(length)? })
}

/// Largest, delay, ranges, the first range; a gap and a length for each further range; three counts of ECN (§19.3).
fn ack(r: &mut Reader<'_>, counts: u64) -> Option<()> {
    let (_largest, _delay) = (varint(r)?, varint(r)?);
    let ranges = varint(r)?;
    // Each takes a byte at least, so the payload ends a count that was made up.
    for _ in 0..ranges.checked_mul(2)?.checked_add(1 + counts)? {
        varint(r)?;
    }
    Some(())
}

/// Code, type of the frame at fault, length, reason (§19.19).
fn close(r: &mut Reader<'_>) -> Option<()> {
    let (_code, _kind) = (varint(r)?, varint(r)?);
    let length = usize::try_from(varint(r)?).ok()?;
    r.take(length).map(|_| ())
}
