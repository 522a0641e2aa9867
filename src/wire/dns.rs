//! DNS messages read in place (RFC 1035 §4): header, first question, the records of the answer section. Authority and
//! additional records are not looked at, and nothing here resolves: aliases are handed out as they stand.
//!
//! ```text
//! id(2) | QR opcode(4) AA TC RD | RA Z AD CD rcode(4) | questions(2) answers(2) authorities(2) additionals(2)
//! question: name | type(2) class(2)      record: name | type(2) class(2) ttl(4) length(2) data
//! ```

pub mod answer;
pub mod framer;
pub mod name;

pub use answer::{Addresses, Answer, Answers, Data};
pub use framer::{Framer, looks_like_tcp};
pub use name::Name;

use crate::bytes::{Malformed, Reader};

/// Bytes of the header.
pub const HEADER: usize = 12;

/// A question is a name of one byte, type and class at least; a record also has a TTL and a length.
const LEAST_QUESTION: usize = 5;
const LEAST_RECORD: usize = 11;
/// What a message cut by a snap length may still state: the size that resolvers ask for since 2020.
const USUAL_SIZE: usize = 1232;
/// The class of everything on the internet (RFC 1035 §3.2.4).
const IN: u16 = 1;

/// A message whose header was read.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Pairs query and response.
    pub id: u16,
    /// A response, not a query.
    pub response: bool,
    /// 0 for an ordinary query.
    pub opcode: u8,
    /// The responder owns the zone.
    pub authoritative: bool,
    /// The responder had more to say than would fit.
    pub truncated: bool,
    /// The asker wants the responder to ask on.
    pub recursion_desired: bool,
    /// 0 for no error, 3 for a name that does not exist; the header's four bits only.
    pub rcode: u8,
    counts: Counts,
    bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct Counts {
    questions: u16,
    answers: u16,
    authorities: u16,
    additionals: u16,
}

/// What a client asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// For this name.
    pub name: Name,
    /// For records of this type.
    pub kind: Kind,
}

/// Record types (IANA DNS parameters) that lead to addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 address, 1.
    A,
    /// IPv6 address, 28 (RFC 3596).
    Aaaa,
    /// All records, 255.
    Any,
    /// Alias, 5.
    Cname,
    /// Service binding of a web server, 65 (RFC 9460).
    Https,
    /// Place of a service, 33 (RFC 2782).
    Srv,
    /// Service binding, 64 (RFC 9460).
    Svcb,
    /// Any other type.
    Other(u16),
}

impl Kind {
    /// The type of that number.
    pub const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::A,
            5 => Self::Cname,
            28 => Self::Aaaa,
            33 => Self::Srv,
            64 => Self::Svcb,
            65 => Self::Https,
            255 => Self::Any,
            other => Self::Other(other),
        }
    }
}

/// Whether a UDP payload begins like a DNS message that asks for one name or answers: known flags, one question (RFC
/// 9619) or none and an answer, counts that fit. Says nothing of what follows the header.
#[inline]
pub fn looks_like(payload: &[u8]) -> bool {
    is_plausible(payload, payload.len().max(USUAL_SIZE))
}

/// [`looks_like`] for a message of which `bytes` are here and that is `size` long.
fn is_plausible(bytes: &[u8], size: usize) -> bool {
    let Ok(message) = Message::read(bytes) else { return false };
    // The reserved bit must be zero in all messages (RFC 1035 §4.1.1); a query has no error code.
    if bytes.get(3).is_none_or(|flags| flags & 0x40 != 0) || (!message.response && message.rcode != 0) {
        return false;
    }
    let asks = match message.counts.questions {
        // The first name has nothing before it to point to.
        1 => bytes.get(HEADER).is_none_or(|length| *length <= name::MAX_LABEL),
        0 => message.response && message.counts.answers > 0,
        _ => false,
    };
    asks && matches!(message.opcode, 0 | 2 | 4 | 5) && message.counts.least_size() <= size
}

impl<'a> Message<'a> {
    /// Reads the header. A message that truncation or a snap length cut gives what is there.
    ///
    /// # Errors
    /// Fewer bytes than a header; an operation that is not assigned; more records than a message can hold.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let (id, flags) = r.u16().zip(r.u16()).ok_or(Malformed("header"))?;
        let counts = Counts::read(&mut r).ok_or(Malformed("header"))?;
        let [high, low] = flags.to_be_bytes();
        let opcode = high >> 3 & 15;
        if !matches!(opcode, 0..=2 | 4..=6) {
            return Err(Malformed("opcode"));
        }
        if counts.least_size() > usize::from(u16::MAX) {
            return Err(Malformed("counts"));
        }
        Ok(Self {
            id,
            response: high & 0x80 != 0,
            opcode,
            authoritative: high & 4 != 0,
            truncated: high & 2 != 0,
            recursion_desired: high & 1 != 0,
            rcode: low & 15,
            counts,
            bytes,
        })
    }

    /// The first question (a second is not allowed, RFC 9619), if it is whole and of the class IN.
    pub fn question(&self) -> Option<Question> {
        if self.counts.questions == 0 {
            return None;
        }
        let (name, at) = Name::read(self.bytes, HEADER).ok()??;
        let mut r = Reader::new(self.bytes.get(at..)?);
        let (kind, class) = r.u16().zip(r.u16())?;
        (class == IN).then_some(Question { name, kind: Kind::from_number(kind) })
    }

    /// The records of the answer section, [`answer::MAX_RECORDS`] at most, up to the first that is cut or malformed.
    pub fn answers(&self) -> Answers<'a> {
        match self.after_questions() {
            Some(at) => Answers::new(self.bytes, at, self.counts.answers),
            None => Answers::new(self.bytes, 0, 0),
        }
    }

    /// Where the answer section begins, if all questions are here. Their number is bounded by the bytes there are.
    fn after_questions(&self) -> Option<usize> {
        let mut at = HEADER;
        for _ in 0..self.counts.questions {
            at = name::skip(self.bytes, at)?.checked_add(4)?;
        }
        (at <= self.bytes.len()).then_some(at)
    }
}

impl Counts {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let (questions, answers) = r.u16().zip(r.u16())?;
        let (authorities, additionals) = r.u16().zip(r.u16())?;
        Some(Self { questions, answers, authorities, additionals })
    }

    /// Bytes of the shortest message that holds so much.
    fn least_size(&self) -> usize {
        let records =
            [self.answers, self.authorities, self.additionals].map(usize::from).iter().sum::<usize>();
        let questions = usize::from(self.questions).saturating_mul(LEAST_QUESTION);
        records.saturating_mul(LEAST_RECORD).saturating_add(questions).saturating_add(HEADER)
    }
}

#[cfg(test)]
mod tests;
