//! Domain names on the wire (RFC 1035 §3.1) and their compression (§4.1.4): labels behind a length, an end of zero, or a
//! pointer to where the rest stands. Names are copied out in lower case; what no host is called is walked over.

use std::fmt;
use std::ops::Deref;

use super::HEADER;
use crate::bytes::Malformed;

/// Bytes of a name's text: the wire's 255 without the first length and the end.
pub const MAX_TEXT: usize = 253;
/// Bytes of a label.
pub(super) const MAX_LABEL: u8 = 63;
/// Bytes of a name on the wire.
const MAX_WIRE: usize = 255;
/// Labels and pointers together: 127 labels fill a name, and no sane writer points more often than that.
const MAX_STEPS: usize = 256;

/// The bytes that labels of hosts and services have, in lower case; 0 for others.
const LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'_') {
            table[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// The name of a host or service in lower case, without the dot at its end. Empty for the root, and for names with a byte
/// other than letter, digit, hyphen or underscore (RFC 952, 1123, 2782) in a label.
#[derive(Clone)]
pub struct Name {
    len: u8,
    bytes: [u8; MAX_TEXT],
}

impl Default for Name {
    fn default() -> Self {
        Self { len: 0, bytes: [0; MAX_TEXT] }
    }
}

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }

    /// Reads the name at an offset of a message: itself and where the bytes behind it begin; `None` where the message
    /// ends inside it. A pointer leads to before the labels it ends, each further one to before the last, so that no
    /// name comes back to itself.
    pub(super) fn read(message: &[u8], start: usize) -> Result<Option<(Self, usize)>, Malformed> {
        let (mut name, mut legible, mut wire) = (Self::default(), true, 1usize);
        let (mut at, mut floor, mut behind) = (start, start, None);
        for _ in 0..MAX_STEPS {
            let Some(step) = step(message, at)? else { return Ok(None) };
            match step {
                Step::Label(label, next) => {
                    wire = wire.saturating_add(label.len()).saturating_add(1);
                    if wire > MAX_WIRE {
                        return Err(Malformed("name length"));
                    }
                    legible = legible && name.push(label);
                    at = next;
                }
                Step::Pointer(target, next) => {
                    if !(HEADER..floor).contains(&target) {
                        return Err(Malformed("name pointer"));
                    }
                    behind.get_or_insert(next);
                    (at, floor) = (target, target);
                }
                Step::End(next) => {
                    let name = if legible { name } else { Self::default() };
                    return Ok(Some((name, behind.unwrap_or(next))));
                }
            }
        }
        Err(Malformed("name pointers"))
    }

    /// Adds a label; `false` for one that no host or service has.
    fn push(&mut self, label: &[u8]) -> bool {
        let mut start = usize::from(self.len);
        if let (1.., Some(dot)) = (start, self.bytes.get_mut(start)) {
            *dot = b'.';
            start = start.saturating_add(1);
        }
        let end = start.saturating_add(label.len());
        let (Some(room), Ok(len)) = (self.bytes.get_mut(start..end), u8::try_from(end)) else { return false };
        let mut legible = true;
        for (to, from) in room.iter_mut().zip(label) {
            *to = LOWER.get(usize::from(*from)).copied().unwrap_or(0);
            legible &= *to != 0;
        }
        self.len = len;
        legible
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

/// Where the bytes behind a name begin, its pointer not followed; `None` where the message ends before, for no name, or
/// for a pointer that leads to no earlier one.
pub(super) fn skip(message: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    // A label takes two bytes at least, so that a longer name meets this bound.
    for _ in 0..=MAX_WIRE / 2 {
        match step(message, at).ok()?? {
            Step::Label(_, next) => at = next,
            Step::Pointer(target, next) => return (HEADER..start).contains(&target).then_some(next),
            Step::End(next) => return Some(next),
        }
    }
    None
}

/// A part of a name, and where the next begins.
enum Step<'a> {
    Label(&'a [u8], usize),
    Pointer(usize, usize),
    End(usize),
}

fn step(message: &[u8], at: usize) -> Result<Option<Step<'_>>, Malformed> {
    let Some(&length) = message.get(at) else { return Ok(None) };
    let content = at.saturating_add(1);
    match length {
        0 => Ok(Some(Step::End(content))),
        1..=MAX_LABEL => {
            let end = content.saturating_add(usize::from(length));
            Ok(message.get(content..end).map(|label| Step::Label(label, end)))
        }
        0xc0.. => Ok(message.get(content).map(|low| {
            let target = usize::from(u16::from_be_bytes([length & 0x3f, *low]));
            Step::Pointer(target, content.saturating_add(1))
        })),
        // 01 and 10 were for extensions that nobody uses (RFC 6891 §5).
        _ => Err(Malformed("label type")),
    }
}
