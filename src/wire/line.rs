//! Cuts a byte stream into messages: JSON objects, one a line, with or without the line feed, several a segment or
//! one over many; and BTCAgent's binary messages in between. It holds at most one unfinished message.
//!
//! After a hole, or on bytes that begin no message, it skips to the next line.

use super::json::{Found, Scan};

/// One message of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A BTCAgent message: `7f`, command, little-endian length of the whole, body.
    Agent(&'a [u8]),
    /// A whole JSON object.
    Object(&'a [u8]),
    /// An object over the limit: its first and its last bytes.
    Overlong {
        /// The first [`HEAD`] bytes.
        head: &'a [u8],
        /// The last [`TAIL`] bytes, which may overlap nothing else.
        tail: &'a [u8],
    },
    /// A line that began as an object and was none, or that began as nothing known.
    Junk,
}

/// Bytes kept of the start of an overlong object.
pub const HEAD: usize = 4096;
/// Bytes kept of its end: clients that write `params` first have `method` there.
pub const TAIL: usize = 256;

/// The unfinished message of one direction.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    scan: Scan,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between messages.
    Between,
    /// Inside an object, all of it in the buffer.
    Object,
    /// Inside an object over the limit: head and tail in the buffer.
    Overlong,
    /// Inside a BTCAgent message.
    Agent,
    /// Inside a line that is no message: to the next line feed.
    Junk,
    /// At the start, or after a hole: to the next line feed, or to a segment that begins a message.
    #[default]
    Lost,
}

impl Framer {
    /// Whether no message is unfinished.
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Between | State::Junk | State::Lost)
    }

    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Drops the unfinished message; the stream goes on at the next line or at the next piece that begins one.
    pub fn resync(&mut self) {
        *self = Self { state: State::Lost, ..Self::default() };
    }

    /// Takes the next piece of the stream (at segment boundaries) and gives each message that it finishes to `each`.
    /// `limit` bounds the unfinished message, in bytes.
    pub fn feed(&mut self, piece: &[u8], limit: usize, mut each: impl FnMut(Message<'_>)) {
        // A peer that has just begun to write begins with a message: the surest place to find the beat again.
        let agent = piece.first() == Some(&0x7f) && agent_len(piece).is_some();
        if self.state == State::Lost && (starts_object(piece) || agent) {
            self.state = State::Between;
        }
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match self.state {
                State::Between => self.begin(rest, limit, &mut each),
                State::Object | State::Overlong => self.inside(rest, limit, &mut each),
                State::Agent => self.agent(rest, limit, &mut each),
                State::Junk | State::Lost => match memchr::memchr(b'\n', rest) {
                    Some(at) => {
                        self.state = State::Between;
                        rest.get(at.saturating_add(1)..).unwrap_or_default()
                    }
                    None => &[],
                },
            };
        }
        if self.state == State::Between && self.buffer.capacity() > 0 {
            self.buffer = Vec::new();
        }
    }

    fn begin<'a>(&mut self, rest: &'a [u8], limit: usize, each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        let rest = skip_blank(rest);
        match rest.first() {
            None => &[],
            Some(b'{') => self.object(rest, limit, each),
            Some(0x7f) => {
                self.state = State::Agent;
                rest
            }
            Some(_) => {
                each(Message::Junk);
                self.state = State::Junk;
                rest
            }
        }
    }

    /// An object that begins here: given out in place where it ends here too, else buffered.
    fn object<'a>(&mut self, rest: &'a [u8], limit: usize, each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        self.scan = Scan::default();
        match self.scan.feed(rest) {
            Found::End(end) => {
                let (object, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                each(Message::Object(object));
                rest
            }
            Found::Broken(at) => self.broken(rest, at, each),
            Found::Inside => {
                self.state = State::Object;
                self.keep(rest, limit);
                &[]
            }
        }
    }

    fn inside<'a>(&mut self, rest: &'a [u8], limit: usize, each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        match self.scan.feed(rest) {
            Found::End(end) => {
                let (last, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                self.keep(last, limit);
                if self.state == State::Overlong {
                    let (head, tail) = self.buffer.split_at_checked(HEAD).unwrap_or((&self.buffer, &[]));
                    let from = tail.len().saturating_sub(TAIL);
                    each(Message::Overlong { head, tail: tail.get(from..).unwrap_or_default() });
                } else {
                    each(Message::Object(&self.buffer));
                }
                self.buffer.clear();
                self.state = State::Between;
                rest
            }
            Found::Broken(at) => self.broken(rest, at, each),
            Found::Inside => {
                self.keep(rest, limit);
                &[]
            }
        }
    }

    fn broken<'a>(&mut self, rest: &'a [u8], at: usize, each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        each(Message::Junk);
        self.buffer.clear();
        self.state = State::Junk;
        rest.get(at..).unwrap_or_default()
    }

    /// Appends to the buffer; past `limit` only head and tail stay.
    fn keep(&mut self, bytes: &[u8], limit: usize) {
        let limit = limit.max(HEAD + TAIL);
        if self.state != State::Overlong && self.buffer.len().saturating_add(bytes.len()) > limit {
            self.state = State::Overlong;
            let mut head = Vec::with_capacity(HEAD + 2 * TAIL);
            head.extend_from_slice(self.buffer.get(..HEAD.min(self.buffer.len())).unwrap_or_default());
            let tail = self.buffer.get(HEAD..).unwrap_or_default();
            head.extend_from_slice(tail.get(tail.len().saturating_sub(TAIL)..).unwrap_or_default());
            self.buffer = head;
        }
        if self.state != State::Overlong {
            // Exact: most unfinished messages need one more segment, and doubling would be paid by every candidate.
            self.buffer.reserve_exact(bytes.len());
            self.buffer.extend_from_slice(bytes);
            return;
        }
        let room = HEAD.saturating_sub(self.buffer.len()).min(bytes.len());
        let (head, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.buffer.extend_from_slice(head);
        let last = rest.get(rest.len().saturating_sub(TAIL)..).unwrap_or_default();
        let over = (self.buffer.len().saturating_sub(HEAD) + last.len()).saturating_sub(TAIL);
        if over > 0 && self.buffer.len() >= HEAD + over {
            self.buffer.drain(HEAD..HEAD + over);
        }
        self.buffer.extend_from_slice(last);
    }

    fn agent<'a>(&mut self, rest: &'a [u8], limit: usize, each: &mut dyn FnMut(Message<'_>)) -> &'a [u8] {
        if self.buffer.is_empty() {
            match agent_len(rest) {
                Some(Some(len)) if rest.len() >= len => {
                    let (message, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
                    each(Message::Agent(message));
                    self.state = State::Between;
                    return rest;
                }
                None => {
                    each(Message::Junk);
                    self.state = State::Junk;
                    return rest;
                }
                Some(_) => {}
            }
        }
        let need = match agent_len(&self.buffer) {
            Some(Some(len)) => len.saturating_sub(self.buffer.len()),
            Some(None) => 4usize.saturating_sub(self.buffer.len()).max(1),
            None => {
                each(Message::Junk);
                self.state = State::Junk;
                // Four bytes at most, in which a line may have ended already.
                let held = std::mem::take(&mut self.buffer);
                self.feed(&held, limit, &mut *each);
                return rest;
            }
        };
        let (more, rest) = rest.split_at_checked(need.min(rest.len())).unwrap_or((rest, &[]));
        self.buffer.extend_from_slice(more);
        if matches!(agent_len(&self.buffer), Some(Some(len)) if len == self.buffer.len()) {
            each(Message::Agent(&self.buffer));
            self.buffer.clear();
            self.state = State::Between;
        }
        rest
    }
}

/// The whole BTCAgent message that `bytes` begin with, and what stands after it.
pub fn first_agent(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(agent_len(bytes)??)
}

/// Length of the BTCAgent message at the start of `bytes`: `None` never, `Some(None)` not known yet.
#[expect(clippy::option_option, reason = "the house's three-valued result, without an error to name")]
fn agent_len(bytes: &[u8]) -> Option<Option<usize>> {
    let mut r = crate::bytes::Reader::new(bytes);
    let (Some(magic), Some(command)) = (r.u8(), r.u8()) else { return Some(None) };
    if magic != 0x7f || !matches!(command, 0x01..=0x05 | 0x10 | 0x12 | 0x13) {
        return None;
    }
    match r.u16_le() {
        None => Some(None),
        Some(len @ 4..=1024) => Some(Some(usize::from(len))),
        Some(_) => None,
    }
}

/// Whether a piece begins an object, after white space.
pub fn starts_object(piece: &[u8]) -> bool {
    skip_blank(piece).first() == Some(&b'{')
}

/// What stands after white space and the NUL that some servers end messages with.
pub fn skip_blank(bytes: &[u8]) -> &[u8] {
    let at = bytes.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0));
    bytes.get(at.unwrap_or(bytes.len())..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
