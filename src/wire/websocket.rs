//! Cuts one direction of a WebSocket connection into data messages (RFC 6455), unmasked and, with permessage-deflate,
//! inflated (RFC 7692). It reads no handshake and answers nothing; it holds one unfinished message, and the window of a
//! compressed direction.
//!
//! After a hole, or on bytes that are no frame, it waits for a segment that begins with one.

pub mod frame;
pub mod inflate;

pub use frame::{FirstFrame, first_text, looks_like_frame};
pub use inflate::Deflate;

use crate::bytes::Reader;
use frame::{HEADER, Header, Opcode};
use inflate::{Fault, History};

/// What the direction sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A binary message.
    Binary(&'a [u8]),
    /// Bytes that are no frame, or none that may stand here. The framer is lost.
    Broken,
    /// The close frame; what follows it is ignored.
    Close,
    /// A message over the limit, or one that inflates out of proportion. Told once, when it is known.
    Overlong,
    /// A text message. That it is UTF-8 was not checked.
    Text(&'a [u8]),
    /// A compressed message that does not inflate, most often because the messages before it were not seen.
    Undecodable,
}

/// Bounds of a framer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message, as sent and inflated; 64 KiB. Worst memory: this and a window of 32 KiB, and while a
    /// message is inflated four times this and 150 KiB.
    pub max_message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_message: 1 << 16 }
    }
}

/// The unfinished message of one direction. The default is one found in mid-connection: it waits for a segment that
/// begins with a frame, and takes compressed messages for permessage-deflate.
#[derive(Debug, Default)]
pub struct Framer {
    /// The message's payload so far, unmasked, still compressed.
    buffer: Vec<u8>,
    extension: Extension,
    frame: Frame,
    head: Head,
    history: History,
    /// Whether this direction masks; it does always or never (section 5.1).
    masks: Option<bool>,
    message: Option<Open>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// After the close frame.
    Closed,
    /// Between frames, or inside a header.
    Header,
    /// At the start, or after a hole: to a segment that begins with a frame.
    #[default]
    Lost,
    /// Inside a payload.
    Payload,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extension {
    Deflate(Deflate),
    None,
    /// The handshake was not seen.
    #[default]
    Unknown,
}

/// The bytes of a header so far.
#[derive(Debug, Default)]
struct Head {
    bytes: [u8; HEADER],
    len: usize,
}

/// What is left of the frame in hand.
#[derive(Debug, Default)]
struct Frame {
    control: bool,
    fin: bool,
    left: u64,
    /// The masking key, turned so that it begins with the next byte's.
    mask: Option<[u8; 4]>,
}

/// The message that its frames build.
#[derive(Clone, Copy, Debug)]
struct Open {
    compressed: bool,
    overlong: bool,
    text: bool,
}

impl Framer {
    /// For a direction seen from its upgrade on, without extension.
    pub fn plain() -> Self {
        Self { extension: Extension::None, state: State::Header, ..Self::default() }
    }

    /// For a direction seen from its upgrade on, with what was negotiated for it.
    pub fn with_deflate(deflate: Deflate) -> Self {
        let extension = Extension::Deflate(deflate);
        Self { extension, history: History::whole(), state: State::Header, ..Self::default() }
    }

    /// For a direction seen from its upgrade on, when the answer to it was not.
    pub fn begun() -> Self {
        Self { history: History::whole(), state: State::Header, ..Self::default() }
    }

    /// Whether no message is unfinished.
    pub fn is_between(&self) -> bool {
        self.message.is_none() && self.state != State::Payload && self.head.len == 0
    }

    /// Whether the close frame was seen.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether it waits for a segment that begins with a frame.
    pub fn is_lost(&self) -> bool {
        self.state == State::Lost
    }

    /// Whether compressed messages inflate again after history was missing.
    pub fn is_resynchronised(&self) -> bool {
        self.history.is_back()
    }

    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.buffer.capacity().saturating_add(self.history.held())
    }

    /// Drops the unfinished message and the history; the stream goes on at the next piece that begins with a frame.
    pub fn resync(&mut self) {
        *self = Self { extension: self.extension, ..Self::default() };
    }

    /// Takes the next piece of the stream (at segment boundaries) and gives each message that it finishes to `each`.
    pub fn feed(&mut self, piece: &[u8], limits: &Limits, mut each: impl FnMut(Message<'_>)) {
        if self.state == State::Lost && looks_like_frame(piece).is_some_and(|f| self.may_follow(&f.header)) {
            self.state = State::Header;
        }
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match self.state {
                State::Header => self.header(rest, limits, &mut each),
                State::Payload => self.payload(rest, limits, &mut each),
                State::Closed | State::Lost => &[],
            };
        }
        if self.message.is_none() && self.buffer.capacity() > 0 {
            self.buffer = Vec::new();
        }
    }

    /// Gathers the header byte by byte: it may be cut anywhere, and has 14 at most.
    fn header<'a>(
        &mut self,
        rest: &'a [u8],
        limits: &Limits,
        each: &mut impl FnMut(Message<'_>),
    ) -> &'a [u8] {
        let mut rest = rest;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            if let Some(slot) = self.head.bytes.get_mut(self.head.len) {
                *slot = byte;
                self.head.len += 1;
            }
            let head = self.head.bytes.get(..self.head.len).unwrap_or_default();
            match Header::read(&mut Reader::new(head)) {
                Ok(None) => {}
                Ok(Some(header)) if self.may_follow(&header) => {
                    self.head.len = 0;
                    return self.begin(header, rest, limits, each);
                }
                Ok(Some(_)) | Err(_) => {
                    self.resync();
                    each(Message::Broken);
                    return &[];
                }
            }
        }
        rest
    }

    /// Whether a frame may stand here, by those before it and by what was negotiated.
    fn may_follow(&self, header: &Header) -> bool {
        let place = match header.opcode {
            Opcode::Continuation => self.message.is_some(),
            Opcode::Text | Opcode::Binary => self.message.is_none(),
            Opcode::Close | Opcode::Ping | Opcode::Pong => true,
        };
        let masks = self.masks.is_none_or(|masks| masks == header.mask.is_some());
        place && masks && !(header.compressed && self.extension == Extension::None)
    }

    fn begin<'a>(
        &mut self,
        header: Header,
        rest: &'a [u8],
        limits: &Limits,
        each: &mut impl FnMut(Message<'_>),
    ) -> &'a [u8] {
        self.masks = Some(header.mask.is_some());
        let control = header.opcode.is_control();
        if header.opcode == Opcode::Close {
            *self = Self { state: State::Closed, ..Self::default() };
            each(Message::Close);
            return &[];
        }
        if !control {
            let text = header.opcode == Opcode::Text;
            let begun = Open { compressed: header.compressed, overlong: false, text };
            let open = self.message.get_or_insert(begun);
            let len = usize::try_from(header.len).unwrap_or(usize::MAX);
            if !open.overlong && self.buffer.len().saturating_add(len) > limits.max_message {
                open.overlong = true;
                self.buffer = Vec::new();
                if open.compressed {
                    self.history.lose();
                }
                each(Message::Overlong);
            }
        }
        self.frame = Frame { control, fin: header.fin, left: header.len, mask: header.mask };
        self.state = State::Payload;
        self.payload(rest, limits, each)
    }

    fn payload<'a>(
        &mut self,
        rest: &'a [u8],
        limits: &Limits,
        each: &mut impl FnMut(Message<'_>),
    ) -> &'a [u8] {
        let room = usize::try_from(self.frame.left).unwrap_or(usize::MAX);
        let (part, rest) = rest.split_at_checked(room).unwrap_or((rest, &[]));
        self.frame.left = self.frame.left.saturating_sub(part.len() as u64);
        let ends = self.frame.left == 0;
        if ends {
            self.state = State::Header;
        }
        let Some(open) = self.message.filter(|_| !self.frame.control) else { return rest };
        let finished = ends && self.frame.fin;
        if finished {
            self.message = None;
        }
        if open.overlong {
            return rest;
        }
        if finished && self.frame.mask.is_none() && self.buffer.is_empty() {
            self.give(open, part, limits, each);
            return rest;
        }
        self.keep(part);
        if finished {
            let whole = std::mem::take(&mut self.buffer);
            self.give(open, &whole, limits, each);
        }
        rest
    }

    /// Appends to the message, unmasked (section 5.3).
    fn keep(&mut self, part: &[u8]) {
        // Exact, and never by the length that a header claims.
        self.buffer.reserve_exact(part.len());
        let Some(mask) = &mut self.frame.mask else { return self.buffer.extend_from_slice(part) };
        self.buffer.extend(part.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        mask.rotate_left(part.len() % 4);
    }

    fn give(&mut self, open: Open, bytes: &[u8], limits: &Limits, each: &mut impl FnMut(Message<'_>)) {
        let kind = if open.text { Message::Text } else { Message::Binary };
        if !open.compressed {
            return each(kind(bytes));
        }
        let deflate = match self.extension {
            Extension::Deflate(deflate) => deflate,
            Extension::None | Extension::Unknown => Deflate::default(),
        };
        match self.history.inflate(bytes, deflate, limits.max_message) {
            Ok(inflated) => each(kind(inflated.message())),
            Err(Fault::Overlong) => each(Message::Overlong),
            Err(Fault::Undecodable) => each(Message::Undecodable),
        }
    }
}

#[cfg(test)]
mod tests;
