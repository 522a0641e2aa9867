//! Cuts one direction of DNS over TCP (RFC 1035 §4.2.2, RFC 7766 §8) into messages, which stand behind their length:
//! `length u16 | message`. It allocates what arrived, never what a length promises.

use super::{HEADER, Message, is_plausible};

/// Least bytes held of an unfinished message, whatever the limit.
pub const LEAST_LIMIT: usize = 512;

/// Whether a segment begins with a length and the header of a message that would fit in it.
#[inline]
pub fn looks_like_tcp(payload: &[u8]) -> bool {
    let Some((length, message)) = payload.split_first_chunk() else { return false };
    let size = usize::from(u16::from_be_bytes(*length));
    let here = message.get(..size).unwrap_or(message);
    is_plausible(here, size)
}

/// The unfinished message of one direction.
#[derive(Debug, Default)]
pub struct Framer {
    /// Of the length, or of the message.
    buffer: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between messages, or inside a length.
    #[default]
    Between,
    /// Inside a message of that many bytes, its beginning in the buffer.
    Inside(usize),
    /// Inside a message over the limit that was given out: so many bytes are to come.
    Skip(usize),
    /// After a hole, or on what is no message: to a piece that begins with one.
    Lost,
}

impl Framer {
    /// For a direction found where a message begins.
    pub const fn new() -> Self {
        Self { buffer: Vec::new(), state: State::Between }
    }

    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Whether no message is unfinished.
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty() && matches!(self.state, State::Between | State::Lost)
    }

    /// Whether it waits for a piece that begins with a message: after a hole, or because what came was none.
    pub fn is_lost(&self) -> bool {
        self.state == State::Lost
    }

    /// Drops the unfinished message; the stream goes on at a piece that begins with one.
    pub fn resync(&mut self) {
        (self.buffer, self.state) = (Vec::new(), State::Lost);
    }

    /// Takes the next piece of the stream (at segment boundaries) and gives each message that it finishes to `each`. Of a
    /// message longer than `limit` bytes the first `limit` are given, [`LEAST_LIMIT`] at least.
    pub fn feed(&mut self, bytes: &[u8], limit: usize, mut each: impl FnMut(&[u8])) {
        if self.state == State::Lost && looks_like_tcp(bytes) {
            self.state = State::Between;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.state {
                State::Between => self.length(rest),
                State::Inside(size) => self.inside(rest, size, limit.max(LEAST_LIMIT), &mut each),
                State::Skip(left) => {
                    let now = left.min(rest.len());
                    self.state =
                        if now == left { State::Between } else { State::Skip(left.saturating_sub(now)) };
                    rest.get(now..).unwrap_or_default()
                }
                State::Lost => &[],
            };
        }
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    fn length<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let need = 2usize.saturating_sub(self.buffer.len()).min(rest.len());
        let (bytes, rest) = rest.split_at_checked(need).unwrap_or((rest, &[]));
        self.buffer.extend_from_slice(bytes);
        let Ok(written) = <[u8; 2]>::try_from(self.buffer.as_slice()) else { return rest };
        self.buffer.clear();
        match usize::from(u16::from_be_bytes(written)) {
            size @ HEADER.. => self.state = State::Inside(size),
            _ => self.resync(),
        }
        rest
    }

    /// Gives a message out in place where it lies in one piece.
    fn inside<'a>(
        &mut self,
        rest: &'a [u8],
        size: usize,
        limit: usize,
        each: &mut impl FnMut(&[u8]),
    ) -> &'a [u8] {
        // A smaller limit than the last time leaves what is held already.
        let wanted = size.min(limit).max(self.buffer.len());
        let need = wanted.saturating_sub(self.buffer.len());
        let (now, after) = rest.split_at_checked(need).unwrap_or((rest, &[]));
        let in_place = self.buffer.is_empty() && now.len() == wanted;
        if !in_place {
            self.buffer.reserve_exact(now.len());
            self.buffer.extend_from_slice(now);
        }
        let held: &[u8] = if in_place { now } else { &self.buffer };
        // Kilobytes are not kept on a length alone.
        if held.len() >= HEADER && Message::read(held).is_err() {
            self.resync();
            return &[];
        }
        if held.len() == wanted {
            each(held);
            self.buffer.clear();
            let left = size.saturating_sub(wanted);
            self.state = if left == 0 { State::Between } else { State::Skip(left) };
        }
        after
    }
}
