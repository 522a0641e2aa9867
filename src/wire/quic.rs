//! A client's first QUIC packets, opened: keys by the destination connection id that stands in the first of them, then
//! the CRYPTO frames' bytes in order. Not a connection: nothing of the server's is read, nothing behind the handshake's
//! first message, and no TLS; who wants the server's name reads the hello.
//!
//! RFC 9000 §12.2 (packets in a datagram), §17.2.2 (Initial), §19.6 (CRYPTO); RFC 9001 §5 (keys); RFC 9369 (version 2).
//!
//! Anyone may make such a packet, but not by chance: the tag says that its bytes are what their sender meant.

use crate::bytes::Malformed;

pub mod frames;
mod header;
mod hello;
pub mod keys;
mod version;

use frames::Frames;
use header::{MAX_ID, Packet};
use hello::Handshake;
pub use hello::{MAX_HANDSHAKE, MAX_RUNS};
use keys::{LEAST, Secrets};
use version::{Family, Kind, Version};

/// Bytes of a datagram that holds a client's Initial (RFC 9000 §14.1).
pub const MIN_DATAGRAM: usize = 1200;
/// Bytes of an Initial that is opened. They are as long as a frame of Ethernet lets them be.
pub const MAX_PACKET: usize = 4096;
/// Packets of a datagram that are looked at; a client has three kinds of them.
pub const MAX_PACKETS: usize = 8;
/// Bytes of the first destination connection id, at least (RFC 9000 §7.2). A server's answer to a client without one has
/// none.
const MIN_ID: usize = 8;

/// Whether a datagram begins as a client's Initial does. Its tag decides: [`ClientInitial::open`].
#[inline]
pub fn looks_like_initial(datagram: &[u8]) -> bool {
    // A long header with the fixed bit, and the type of an Initial in either family: one byte refuses most.
    matches!(datagram.first(), Some(0xc0..=0xdf))
        && datagram.len() >= MIN_DATAGRAM
        && begins_initial(datagram)
}

fn begins_initial(datagram: &[u8]) -> bool {
    let [first, a, b, c, d, length, ..] = datagram else { return false };
    let version = Version::of(u32::from_be_bytes([*a, *b, *c, *d]));
    version.is_some_and(|version| version.family.kind(*first) == Kind::Initial)
        && (MIN_ID..=MAX_ID).contains(&usize::from(*length))
        && datagram
            .get(6usize.saturating_add((*length).into()))
            .is_some_and(|length| usize::from(*length) <= MAX_ID)
}

/// A client's handshake in the reading.
#[derive(Clone, Debug)]
pub struct ClientInitial {
    version: u32,
    secrets: Secrets,
    /// The largest packet number so far.
    largest: Option<u64>,
    handshake: Handshake,
}

impl ClientInitial {
    /// Starts from the first datagram seen. After a Retry the client begins anew with other keys: this reads that, too.
    ///
    /// # Errors
    /// It does not begin with an Initial of a known version; it is not a client's, or not its first (the tag does not
    /// fit); it was cut; or what it holds no client sends.
    pub fn open(datagram: &[u8]) -> Result<Self, Malformed> {
        let (packet, _) = Packet::read(datagram)?;
        if packet.kind != Kind::Initial {
            return Err(Malformed("packet type"));
        }
        let secrets = Secrets::client(packet.version, packet.destination).ok_or(Malformed("version"))?;
        let mut initial =
            Self { version: packet.version, secrets, largest: None, handshake: Handshake::default() };
        initial.add(datagram)?;
        Ok(initial)
    }

    /// A further datagram from the same client, address and port, to the same server. What it is addressed to may have
    /// become the server's connection id; the keys stay.
    ///
    /// # Errors
    /// No Initial in it opens by the keys (what was read before stays as it is), or one does and no client sends what it
    /// holds (then nothing more will come of it).
    pub fn add(&mut self, datagram: &[u8]) -> Result<(), Malformed> {
        let (mut rest, mut outcome) = (datagram, Err(Malformed("no initial")));
        for nth in 0..MAX_PACKETS {
            // What a client puts behind its packets is its own affair (RFC 9000 §12.2).
            let (packet, behind) = match Packet::read(rest) {
                Ok(read) => read,
                Err(fault) if nth == 0 => return Err(fault),
                Err(_) => break,
            };
            if packet.kind == Kind::Initial {
                match self.opened(&packet)? {
                    Ok(()) => outcome = Ok(()),
                    Err(fault) => outcome = outcome.or(Err(fault)),
                }
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        outcome
    }

    /// The handshake's bytes from the first on, as far as they are without a hole.
    pub fn handshake(&self) -> &[u8] {
        self.handshake.whole()
    }

    /// The ClientHello's body, behind its type and length, once all of it is here.
    pub fn client_hello(&self) -> Option<&[u8]> {
        self.handshake.client_hello()
    }

    /// The version's number, as it stands in the packets.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Bytes held: to the end of the last byte that came, holes among them. [`MAX_HANDSHAKE`] at most.
    pub const fn buffered(&self) -> usize {
        self.handshake.buffered()
    }

    /// Reads a packet. The inner fault is one of a packet that cannot be opened, the outer one of what is in it.
    fn opened(&mut self, packet: &Packet<'_>) -> Result<Result<(), Malformed>, Malformed> {
        if packet.version != self.version {
            return Ok(Err(Malformed("version")));
        }
        if packet.bytes.len().saturating_sub(packet.number_at) < LEAST {
            return Ok(Err(Malformed("length")));
        }
        let mut scratch = [0; MAX_PACKET];
        let Some(bytes) = scratch.get_mut(..packet.bytes.len()) else {
            return Ok(Err(Malformed("packet size")));
        };
        bytes.copy_from_slice(packet.bytes);
        let (number, payload) = match self.secrets.open(bytes, packet.number_at, self.largest) {
            Ok(opened) => opened,
            Err(fault) => return Ok(Err(fault)),
        };
        self.largest = self.largest.max(Some(number));
        let google = Version::of(self.version).is_some_and(|version| version.family == Family::Google);
        for frame in if google { Frames::google(payload) } else { Frames::new(payload) } {
            self.handshake.add(frame?)?;
        }
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests;
