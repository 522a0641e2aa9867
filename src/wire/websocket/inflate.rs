//! Inflates the messages of a compressed direction (permessage-deflate, RFC 7692). What was negotiated is read here from
//! the header's value; the head around it, and the frames, are read elsewhere.
//!
//! Only the window is kept between messages: each gets a fresh inflater that is fed the window as a stored block first.
//! That costs a copy, and in return a reference to before the window is an error instead of zeros, and a window that
//! began in mid-stream is right as far as it goes: distances count from the end.

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes a message may inflate to whatever its size.
pub const FREE: usize = 4096;
/// Bytes a compressed byte may inflate to past [`FREE`]. JSON comes to some 20, zeros to 1030.
pub const RATIO: usize = 200;
/// The four bytes that senders leave out (section 7.2.2), and an empty last block, so that the end is told from a cut.
const TAIL: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];
/// Streams in one message: a sender may end one (`BFINAL`, section 7.2.3.4) and none has a reason to end more.
const STREAMS: usize = 4;

/// What was negotiated for one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// Whether each message is compressed without the ones before.
    pub no_context_takeover: bool,
    /// Base-2 logarithm of the window, 8 to 15.
    pub window_bits: u8,
}

impl Default for Deflate {
    /// What holds without parameters, and what to expect where the handshake was not seen.
    fn default() -> Self {
        Self { no_context_takeover: false, window_bits: 15 }
    }
}

impl Deflate {
    /// Reads the value of the server's `Sec-WebSocket-Extensions`: what holds from client to server, and from server
    /// to client. `None` for other extensions, several, and parameters that section 7.1 forbids in a response.
    pub fn negotiated(value: &str) -> Option<(Self, Self)> {
        let mut parts = value.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
            return None;
        }
        let [mut client, mut server] = [Self::default(); 2];
        let [mut client_seen, mut server_seen] = [[false; 2]; 2];
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
                None => (part, None),
            };
            let name = name.to_ascii_lowercase();
            match name.split_once('_')? {
                ("client", name) => client.set(name, value, &mut client_seen)?,
                ("server", name) => server.set(name, value, &mut server_seen)?,
                _ => return None,
            }
        }
        Some((client, server))
    }

    /// Takes a parameter of one side. Given twice it forbids the whole (section 7.1).
    fn set(&mut self, name: &str, value: Option<&str>, seen: &mut [bool; 2]) -> Option<()> {
        let [bits_seen, takeover_seen] = seen;
        let twice = match (name, value) {
            ("max_window_bits", Some(bits)) => {
                self.window_bits = window_bits(bits)?;
                std::mem::replace(bits_seen, true)
            }
            ("no_context_takeover", None) => {
                self.no_context_takeover = true;
                std::mem::replace(takeover_seen, true)
            }
            _ => return None,
        };
        (!twice).then_some(())
    }

    /// Bytes of history worth keeping. zlib means 9 where it was told 8.
    fn window(self) -> usize {
        if self.no_context_takeover { 0 } else { 1 << self.window_bits.clamp(9, 15) }
    }
}

/// A number from 8 to 15 without leading zeros, quoted or not.
fn window_bits(value: &str) -> Option<u8> {
    let plain = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    match plain {
        "8" => Some(8),
        "9" => Some(9),
        plain => {
            plain.strip_prefix('1')?.parse().ok().filter(|n| *n < 6 && plain.len() == 2).map(|n: u8| 10 + n)
        }
    }
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It inflates to more than the limit, or than the ratio allows.
    Overlong,
    /// It does not inflate, with the history there is.
    Undecodable,
}

/// Whether the history reaches back to where the sender's does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Context {
    /// It was lost, and a message has inflated since.
    Back,
    /// It was lost, or never seen.
    #[default]
    Missing,
    /// All of it is here.
    Whole,
}

/// An inflated message, behind the history that it was inflated with.
pub(super) struct Inflated {
    bytes: Vec<u8>,
    from: usize,
}

impl Inflated {
    /// The message.
    pub(super) fn message(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or_default()
    }
}

/// The history of one direction: at most 32 KiB. By default one that was not seen from its beginning.
#[derive(Debug, Default)]
pub(super) struct History {
    bytes: Vec<u8>,
    context: Context,
}

impl History {
    /// The history of a stream that begins.
    pub(super) fn whole() -> Self {
        Self { bytes: Vec::new(), context: Context::Whole }
    }

    /// Forgets: what follows is tried without history.
    pub(super) fn lose(&mut self) {
        *self = Self::default();
    }

    /// Whether a message inflated after history was lost.
    pub(super) fn is_back(&self) -> bool {
        self.context == Context::Back
    }

    /// Bytes held.
    pub(super) const fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Inflates a message to at most `limit` bytes. After a fault the history is gone.
    pub(super) fn inflate(
        &mut self,
        packed: &[u8],
        deflate: Deflate,
        limit: usize,
    ) -> Result<Inflated, Fault> {
        let limit = limit.min(packed.len().saturating_mul(RATIO).saturating_add(FREE));
        let inflated = inflate(&self.bytes, packed, limit).inspect_err(|_| self.lose())?;
        if self.context == Context::Missing {
            self.context = Context::Back;
        }
        let kept = last(&inflated.bytes, deflate.window());
        self.bytes.clear();
        self.bytes.reserve_exact(kept.len());
        self.bytes.extend_from_slice(kept);
        Ok(inflated)
    }
}

fn inflate(history: &[u8], packed: &[u8], limit: usize) -> Result<Inflated, Fault> {
    let mut bytes = history.to_vec();
    let from = bytes.len();
    let end = from.saturating_add(limit);
    let mut rest = packed;
    for _ in 0..STREAMS {
        // A zero alone is an empty message, and stands behind a stream that was ended, for the tail to follow.
        if rest.is_empty() || rest == [0] {
            return Ok(Inflated { bytes, from });
        }
        let room = end.saturating_sub(bytes.len());
        let used = stream(&mut bytes, rest, room)?;
        rest = rest.get(used..).unwrap_or_default();
    }
    if rest.is_empty() { Ok(Inflated { bytes, from }) } else { Err(Fault::Undecodable) }
}

/// Inflates one stream behind the bytes before it; says how much of `packed` it took.
fn stream(bytes: &mut Vec<u8>, packed: &[u8], room: usize) -> Result<usize, Fault> {
    let window = last(bytes, 1 << 15);
    let mut input = Vec::with_capacity(window.len() + packed.len() + 5 + TAIL.len());
    let len = u16::try_from(window.len()).unwrap_or_default();
    input.push(0);
    input.extend_from_slice(&len.to_le_bytes());
    input.extend_from_slice(&(!len).to_le_bytes());
    input.extend_from_slice(window);
    let before = input.len();
    input.extend_from_slice(packed);
    input.extend_from_slice(&TAIL);

    let mut out = Vec::with_capacity(window.len().saturating_add(room));
    let mut inflate = Decompress::new(false);
    // `Finish` at the first call: one pass into one buffer, where a distance past its start is an error.
    let status = inflate.decompress_vec(&input, &mut out, FlushDecompress::Finish);
    let made = out.get(window.len()..).unwrap_or_default();
    match status {
        Ok(_) if made.len() > room => return Err(Fault::Overlong),
        Ok(Status::StreamEnd) => {}
        Ok(Status::BufError | Status::Ok) if made.len() == room => return Err(Fault::Overlong),
        _ => return Err(Fault::Undecodable),
    }
    bytes.extend_from_slice(made);
    let used = usize::try_from(inflate.total_in()).unwrap_or_default().saturating_sub(before);
    if used == packed.len() + TAIL.len() {
        return Ok(packed.len());
    }
    // The message ended its stream itself; one that ends inside our tail was cut.
    if used == 0 || used > packed.len() { Err(Fault::Undecodable) } else { Ok(used) }
}

fn last(bytes: &[u8], n: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(n)..).unwrap_or_default()
}
