//! The header of one WebSocket frame (RFC 6455, section 5.2), its mask, and what a segment looks like that begins with
//! a frame. Nothing is kept here; a stream of frames is the framer's.
//!
//! ```text
//! FIN RSV1-3 opcode(4) | MASK length(7) | [length(16) or length(64)] | [masking key(32)] | payload
//! ```

use flate2::{Decompress, FlushDecompress};

use crate::bytes::{Malformed, Reader};

/// Longer frames are garbage read as a header: the standard allows 2^63, and no one sends a gigabyte.
const LONGEST: u64 = 1 << 30;
/// Bytes of a header with every field.
pub(super) const HEADER: usize = 14;
/// Bytes of a payload looked at to tell text from noise.
const LOOK: usize = 64;
/// Bytes of a compressed payload looked at: its code tables alone may take 300.
const PACKED: usize = 512;

/// What a frame carries, in the order of RFC 6455, section 11.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation,
    /// Text, or its first fragment.
    Text,
    /// Bytes, or their first fragment.
    Binary,
    /// The last frame of a direction.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping, or is a heartbeat.
    Pong,
}

impl Opcode {
    /// Whether it is a control frame, which may stand between fragments.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// RSV1: the message that begins here is compressed (RFC 7692, section 6).
    pub compressed: bool,
    /// What the frame carries.
    pub opcode: Opcode,
    /// The masking key: clients have one in each frame, servers in none.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload.
    pub len: u64,
}

impl Header {
    /// Reads a header: `None` where bytes are missing so far.
    pub fn read(r: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        let Some(first) = r.u8() else { return Ok(None) };
        let (fin, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
        if first & 0x30 != 0 {
            return Err(Malformed("reserved bits"));
        }
        let opcode = match first & 0x0f {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xa => Opcode::Pong,
            _ => return Err(Malformed("opcode")),
        };
        // Only the first frame of a message has the bit, and control frames are never compressed.
        if compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(Malformed("RSV1"));
        }
        if opcode.is_control() && !fin {
            return Err(Malformed("fragmented control frame"));
        }
        let Some(second) = r.u8() else { return Ok(None) };
        if opcode.is_control() && second & 0x7f > 125 {
            return Err(Malformed("control frame length"));
        }
        let Some(len) = length(second & 0x7f, r)? else { return Ok(None) };
        let mask = match (second & 0x80 != 0, r) {
            (false, _) => None,
            (true, r) => match r.array() {
                Some(mask) => Some(mask),
                None => return Ok(None),
            },
        };
        Ok(Some(Self { fin, compressed, opcode, mask, len }))
    }
}

/// The length behind its first seven bits. "The minimal number of bytes MUST be used."
fn length(short: u8, r: &mut Reader<'_>) -> Result<Option<u64>, Malformed> {
    let (len, least) = match short {
        126 => (r.u16().map(u64::from), 126),
        127 => (r.array().map(u64::from_be_bytes), 0x1_0000),
        short => (Some(u64::from(short)), 0),
    };
    match len {
        Some(len) if len < least || len > LONGEST => Err(Malformed("length")),
        len => Ok(len),
    }
}

/// The frame with which a segment seems to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstFrame {
    /// Its header.
    pub header: Header,
    /// Whether all of it is in the segment.
    pub whole: bool,
    /// Whether frames fill the segment to its last byte; otherwise its text was the reason.
    pub fits: bool,
}

/// Recognises a segment that begins with a text or binary frame, in mid-stream and from its own bytes alone. Frames
/// must fill it exactly; where the last one goes on in the next segment, the first must hold JSON (or socket.io's
/// numbered JSON). Compressed text counts as JSON if it inflates without history.
pub fn looks_like_frame(piece: &[u8]) -> Option<FirstFrame> {
    // Nearly every segment of other traffic ends here.
    if !matches!(piece.first(), Some(0x81 | 0x82 | 0xc1 | 0xc2)) {
        return None;
    }
    let mut r = Reader::new(piece);
    let header = Header::read(&mut r).ok()??;
    let payload = head_of(r.rest(), header.len);
    let whole = u64::try_from(payload.len()) == Ok(header.len);
    let mut head = [0; LOOK];
    let head = unmask(payload, header.mask, &mut head);
    // An empty frame tells nothing, and block type 3 does not exist (RFC 1951, section 3.2.3).
    if head.is_empty() || header.compressed && head.first().is_some_and(|b| b & 6 == 6) {
        return None;
    }
    if header.opcode == Opcode::Text && !header.compressed && !is_text(head) {
        return None;
    }
    let fits = chain(piece, header.mask.is_some())?;
    let json = || first_text(piece, &mut [0; LOOK]).is_some_and(is_json);
    (fits || json()).then_some(FirstFrame { header, whole, fits })
}

/// The head of the first frame's payload, unmasked and, where its message is compressed, inflated as far as that goes
/// without history. `buffer` bounds both. `None` for what is no data frame or does not inflate.
pub fn first_text<'a, const N: usize>(piece: &[u8], buffer: &'a mut [u8; N]) -> Option<&'a [u8]> {
    let mut r = Reader::new(piece);
    let header = Header::read(&mut r).ok()??;
    if !matches!(header.opcode, Opcode::Text | Opcode::Binary) {
        return None;
    }
    let payload = head_of(r.rest(), header.len);
    if !header.compressed {
        return Some(unmask(payload, header.mask, buffer));
    }
    let mut packed = [0; PACKED];
    inflate_head(unmask(payload, header.mask, &mut packed), buffer)
}

/// Whether whole frames fill the piece to its end: `None` for bytes that are no frames, false if the last is cut.
fn chain(piece: &[u8], masked: bool) -> Option<bool> {
    let mut r = Reader::new(piece);
    while !r.rest().is_empty() {
        let Some(header) = Header::read(&mut r).ok()? else { return Some(false) };
        // A direction masks every frame or none (section 5.1).
        if header.mask.is_some() != masked {
            return None;
        }
        if usize::try_from(header.len).ok().and_then(|len| r.take(len)).is_none() {
            return Some(false);
        }
    }
    Some(true)
}

/// As much of a payload of `len` bytes as there is.
fn head_of(bytes: &[u8], len: u64) -> &[u8] {
    usize::try_from(len).ok().and_then(|len| bytes.get(..len)).unwrap_or(bytes)
}

/// Copies the head of a payload into `buffer`, unmasked (section 5.3).
fn unmask<'a>(payload: &[u8], mask: Option<[u8; 4]>, buffer: &'a mut [u8]) -> &'a [u8] {
    let mask = mask.unwrap_or_default();
    for ((to, byte), key) in buffer.iter_mut().zip(payload).zip(mask.iter().cycle()) {
        *to = byte ^ key;
    }
    buffer.get(..payload.len()).unwrap_or(buffer)
}

/// Inflates the head of a message without history into `buffer`. `Finish` at the first call makes a reference to
/// before the start an error; other modes would read zeros there.
fn inflate_head<'a>(packed: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut inflate = Decompress::new(false);
    inflate.decompress(packed, buffer, FlushDecompress::Finish).ok()?;
    let made = usize::try_from(inflate.total_out()).ok()?;
    buffer.get(..made)
}

/// No control characters but white space. What is not ASCII may be text in any script.
fn is_text(head: &[u8]) -> bool {
    head.iter().all(|b| !b.is_ascii_control() || matches!(b, b'\t' | b'\n' | b'\r'))
}

/// Text that begins as JSON, after white space or the packet type and number of socket.io (`42[`).
fn is_json(head: &[u8]) -> bool {
    let at = head.iter().position(|b| !b.is_ascii_whitespace() && !b.is_ascii_digit());
    let open = at.filter(|at| *at <= 8).and_then(|at| head.get(at));
    is_text(head) && matches!(open, Some(b'{' | b'['))
}
