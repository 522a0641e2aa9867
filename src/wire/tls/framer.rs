//! One direction's handshake: records to messages, over any split into records and segments. It ends with what is of
//! interest: a client's first hello; a server's hello and, up to TLS 1.2, the leaf of its certificates, which is first in
//! their message. Bytes are kept only where a message is not whole in one record and one piece.

use std::mem;

use super::{
    CLIENT_HELLO, Certificate, ClientHello, HANDSHAKE, MAX_HELLO, MAX_RECORD, MESSAGE_HEAD, MIN_CLIENT,
    MIN_SERVER, SERVER_HELLO, ServerHello,
};
use crate::bytes::{Malformed, Reader};

const ALERT: u8 = 21;
const HELLO_REQUEST: u8 = 0;
const CERTIFICATE: u8 = 11;
const SUPPLEMENTAL_DATA: u8 = 23;
/// Up to the first byte of the leaf: the message's head, the length of all certificates, the length of the first.
const LEAF_AT: usize = 10;
/// Bytes of an encrypted record (RFC 5246, 6.2.3).
const MAX_ENCRYPTED: usize = MAX_RECORD + 2048;
/// Alerts and messages without interest before all is given. Warnings may come before a server's hello.
const MAX_SKIPPED: u8 = 8;

/// A message, or the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake<'a> {
    /// What never will be a handshake, or is longer than allowed; the last.
    Broken(Malformed),
    /// The server's own certificate; the last.
    Certificate(Certificate<'a>),
    /// What the client asks for; the last.
    ClientHello(ClientHello<'a>),
    /// What the server chose; from TLS 1.3 on the last.
    ServerHello(ServerHello<'a>),
}

/// The messages of one direction.
#[derive(Debug, Default)]
pub struct Framer {
    /// A record's head, as far as it is here.
    head: [u8; 5],
    have: usize,
    /// Bytes that the record still has, and whether they are the handshake's.
    left: usize,
    is_handshake: bool,
    /// A message from its head on, while it is less than `needed`.
    held: Vec<u8>,
    needed: usize,
    /// Bytes of a message without interest still to come.
    skip: usize,
    skipped: u8,
    hello_given: bool,
    over: bool,
}

impl Framer {
    /// Takes the next bytes of the direction. A hello or a leaf of more than `limit` bytes is the end.
    pub fn feed(&mut self, piece: &[u8], limit: usize, mut each: impl FnMut(Handshake<'_>)) {
        let mut r = Reader::new(piece);
        while !self.over && !r.rest().is_empty() {
            if self.left == 0 {
                if let Err(fault) = self.record(&mut r) {
                    self.over = true;
                    each(Handshake::Broken(fault));
                }
                continue;
            }
            let Some(fragment) = r.take(self.left.min(r.rest().len())) else { break };
            self.left = self.left.saturating_sub(fragment.len());
            if self.is_handshake {
                self.fragment(fragment, limit, &mut each);
            }
        }
        if self.over {
            self.held = Vec::new();
        }
    }

    /// Bytes kept.
    pub fn buffered(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing more is read: all was given, or the rest is encrypted, malformed, too long, or has a hole.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Bytes are missing, and records have no mark to begin anew with: this is the end.
    pub fn resync(&mut self) {
        self.over = true;
        self.held = Vec::new();
    }

    /// Reads on at a record's head.
    fn record(&mut self, r: &mut Reader<'_>) -> Result<(), Malformed> {
        while let Some(slot) = self.head.get_mut(self.have) {
            let Some(byte) = r.u8() else { return Ok(()) };
            *slot = byte;
            self.have = self.have.saturating_add(1);
        }
        self.have = 0;
        let [kind, major, minor, length @ ..] = self.head;
        let length = usize::from(u16::from_be_bytes(length));
        if major != 3 || minor > 4 {
            return Err(Malformed("record version"));
        }
        match kind {
            HANDSHAKE if !(1..=MAX_RECORD).contains(&length) => return Err(Malformed("record length")),
            HANDSHAKE => {}
            ALERT if !(1..=MAX_ENCRYPTED).contains(&length) => return Err(Malformed("record length")),
            ALERT => self.pass(),
            // A change of cipher, or what can only come behind one.
            20 | 23 | 24 => self.over = true,
            _ => return Err(Malformed("record type")),
        }
        self.is_handshake = kind == HANDSHAKE;
        self.left = length;
        Ok(())
    }

    /// Takes what a record holds of messages.
    fn fragment(&mut self, bytes: &[u8], limit: usize, each: &mut impl FnMut(Handshake<'_>)) {
        let mut r = Reader::new(bytes);
        while !self.over && !r.rest().is_empty() {
            if self.skip > 0 {
                let passed = r.take(self.skip.min(r.rest().len())).unwrap_or_default();
                self.skip = self.skip.saturating_sub(passed.len());
            } else if self.held.is_empty() {
                let here = r.rest();
                let step = step(here, self.hello_given, limit);
                if let Step::More(needed) = step {
                    self.held.extend_from_slice(here);
                    self.needed = needed;
                    return;
                }
                let taken = self.conclude(step, here.len(), each);
                let _ = r.take(taken);
            } else {
                let missing = self.needed.saturating_sub(self.held.len()).min(r.rest().len());
                self.held.extend_from_slice(r.take(missing).unwrap_or_default());
                if self.held.len() < self.needed {
                    return;
                }
                self.whole(limit, each);
            }
        }
    }

    /// What was held is as long as was needed.
    fn whole(&mut self, limit: usize, each: &mut impl FnMut(Handshake<'_>)) {
        let mut held = mem::take(&mut self.held);
        let step = step(&held, self.hello_given, limit);
        if let Step::More(needed) = step {
            self.needed = needed;
        } else {
            self.conclude(step, held.len(), each);
            held.clear();
        }
        self.held = held;
    }

    /// Acts on a step with so many bytes at hand, and says how many of them it took.
    fn conclude(&mut self, step: Step<'_>, here: usize, each: &mut impl FnMut(Handshake<'_>)) -> usize {
        let length = match step {
            Step::Give(message, length) => {
                self.hello_given = true;
                self.over = !matches!(message, Handshake::ServerHello(hello) if hello.version <= 0x0303);
                each(message);
                length
            }
            Step::Pass(length) => {
                self.pass();
                length
            }
            Step::More(_) | Step::Over => {
                self.over = true;
                here
            }
        };
        self.skip = length.saturating_sub(here);
        length.min(here)
    }

    fn pass(&mut self) {
        self.skipped = self.skipped.saturating_add(1);
        self.over |= self.skipped > MAX_SKIPPED;
    }
}

/// What to do at a message's head.
enum Step<'a> {
    /// A message, and the bytes it took.
    Give(Handshake<'a>, usize),
    /// As many bytes must be there from the head on; more than there are.
    More(usize),
    /// Nothing of interest follows.
    Over,
    /// A message of that length, without interest.
    Pass(usize),
}

fn step(bytes: &[u8], hello_given: bool, limit: usize) -> Step<'_> {
    let mut r = Reader::new(bytes);
    let Some([kind, length @ ..]) = r.array::<MESSAGE_HEAD>() else { return Step::More(MESSAGE_HEAD) };
    let length = length.iter().fold(0, |sum: usize, digit| sum << 8 | usize::from(*digit));
    let end = length.saturating_add(MESSAGE_HEAD);
    let read = match (kind, hello_given) {
        (CLIENT_HELLO, false) => hello(r, MIN_CLIENT, length, limit)
            .and_then(|body| body.map(ClientHello::read).transpose())
            .map(|hello| hello.map(Handshake::ClientHello)),
        (SERVER_HELLO, false) => hello(r, MIN_SERVER, length, limit)
            .and_then(|body| body.map(ServerHello::read).transpose())
            .map(|hello| hello.map(Handshake::ServerHello)),
        (HELLO_REQUEST, false) if length == 0 => return Step::Pass(end),
        (CERTIFICATE, true) => return leaf(r, length, limit),
        (SUPPLEMENTAL_DATA, true) => return Step::Pass(end),
        (_, true) => return Step::Over,
        (_, false) => Err(Malformed("message type")),
    };
    match read {
        Ok(Some(message)) => Step::Give(message, end),
        Ok(None) => Step::More(end),
        Err(fault) => Step::Give(Handshake::Broken(fault), end),
    }
}

/// A hello's body once it is whole.
fn hello(
    mut r: Reader<'_>,
    shortest: usize,
    length: usize,
    limit: usize,
) -> Result<Option<&[u8]>, Malformed> {
    if length < shortest || length > limit.min(MAX_HELLO) {
        return Err(Malformed("hello length"));
    }
    Ok(r.take(length))
}

/// The first of a message's certificates once it is whole, however many follow it.
fn leaf(mut r: Reader<'_>, length: usize, limit: usize) -> Step<'_> {
    // No certificate at all: what follows is another message.
    if length < LEAF_AT - MESSAGE_HEAD {
        return Step::Over;
    }
    let (Some(all), Some(first)) = (u24(&mut r), u24(&mut r)) else { return Step::More(LEAF_AT) };
    let fits = all.saturating_add(3) == length && first.saturating_add(3) <= all && first <= limit;
    if !fits {
        return Step::Give(Handshake::Broken(Malformed("certificate length")), LEAF_AT);
    }
    let end = LEAF_AT.saturating_add(first);
    match r.take(first).map(Certificate::read) {
        Some(Ok(certificate)) => Step::Give(Handshake::Certificate(certificate), end),
        Some(Err(fault)) => Step::Give(Handshake::Broken(fault), end),
        None => Step::More(end),
    }
}

fn u24(r: &mut Reader<'_>) -> Option<usize> {
    r.array::<3>().map(|[high, mid, low]| usize::from(high) << 16 | usize::from(mid) << 8 | usize::from(low))
}
