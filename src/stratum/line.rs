//! A line's outermost members, found once, and the forms that dialects ask their values for.

use std::borrow::Cow;

use crate::wire::json::{Members, Value};

/// A request id in its text form: some pools turn `1` into `"1"`, so both are the same. Kept as a hash, since a peer
/// may choose ids of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(u64);

impl Id {
    pub(super) fn of(value: Value<'_>) -> Option<Self> {
        let text = match value.plain() {
            Some(text) => text.as_bytes(),
            None if value.is_null() => return None,
            None => value.text(),
        };
        Some(Self::of_bytes(text))
    }

    /// The id that has this text, of a request or of a job.
    pub fn of_text(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// FNV-1a: short keys, no secret, and a collision costs one share's match.
    fn of_bytes(text: &[u8]) -> Self {
        Self(
            text.iter()
                .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)),
        )
    }
}

/// A line's outermost members, those that dialects ask for found once. Of duplicates the last counts, as with most
/// parsers that pools use.
#[derive(Clone, Debug, Default)]
pub struct Line<'a> {
    /// The object itself, for members that one dialect alone has.
    text: &'a [u8],
    /// `id`.
    pub id: Option<Id>,
    /// `method`.
    pub method: Option<Cow<'a, str>>,
    /// `params`.
    pub params: Option<Value<'a>>,
    /// `result`.
    pub result: Option<Value<'a>>,
    /// `error`, where it is not null.
    pub error: Option<Value<'a>>,
    /// `worker`.
    pub worker: Option<Value<'a>>,
    /// Whether it has members besides these, `jsonrpc` and `reject-reason`.
    pub more: bool,
    /// Bits of those members' names, by [`Line::bit`]: a name whose bit is missing is not there.
    pub(crate) names: u64,
    /// The first member that some dialect without methods is known by.
    pub(super) mark: Option<Mark>,
    /// Whether there is a `result` member, null too.
    pub has_result: bool,
    /// Whether there is an `error` member, null too.
    pub has_error: bool,
}

/// A member that tells which dialects without methods are worth asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A miner's management interface.
    Api,
    /// webminerpool and kin.
    Identifier,
    /// Whom a Chainweb node shall pay.
    Keys,
    /// Nimiq.
    Message,
    /// Xelis's node.
    Node,
    /// Chia.
    Payload,
    /// Coinhive and kin, and bridges.
    Type,
}

impl Mark {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "STATUS" | "command" | "devs" | "pools" | "stats" | "summary" | "worker_id" => Self::Api,
            "identifier" => Self::Identifier,
            "message" => Self::Message,
            "block_rejected" | "miner_work" | "new_job" => Self::Node,
            "error_code" | "new_difficulty" | "payload" => Self::Payload,
            "public-keys" => Self::Keys,
            "type" => Self::Type,
            _ => return None,
        })
    }
}

impl<'a> Line<'a> {
    /// Reads an object's members; of a cut object those that are whole.
    pub fn read(object: &'a [u8]) -> Self {
        let mut line = Self { text: object, ..Self::default() };
        for (key, value) in Members::open(object) {
            match key.plain() {
                Some("id") => line.id = Id::of(value),
                Some("method") => line.method = value.str(),
                Some("params") => line.params = Some(value),
                Some("result") => {
                    (line.result, line.has_result) = (Some(value).filter(|v| !v.is_null()), true);
                }
                Some("error") => (line.error, line.has_error) = (Some(value).filter(|v| !v.is_null()), true),
                Some("worker") => line.worker = Some(value),
                Some("jsonrpc" | "reject-reason") => {}
                key => {
                    line.more = true;
                    line.names |= key.map_or(u64::MAX, Self::bit);
                    line.mark = line.mark.or_else(|| Mark::of(key?));
                }
            }
        }
        line
    }

    /// Reads an overlong object: whole members of its head, and `method` from its tail.
    pub fn read_overlong(head: &'a [u8], tail: &'a [u8]) -> Self {
        let mut line = Self::read(head);
        if line.method.is_none() {
            let at = memchr::memmem::rfind(tail, b"\"method\"").and_then(|at| tail.get(at..));
            let value =
                at.and_then(Value::first).and_then(|(_, rest)| rest.trim_ascii_start().strip_prefix(b":"));
            line.method = value.and_then(Value::first).and_then(|(v, _)| v.str());
        }
        (line.more, line.names) = (true, u64::MAX);
        line
    }

    /// The bit of a member's name.
    pub(crate) fn bit(name: &str) -> u64 {
        let first = name.bytes().next().unwrap_or_default();
        1 << ((usize::from(first) ^ (name.len() << 3)) & 63)
    }

    /// The whole object; `None` where it was cut.
    pub(super) fn object(&self) -> Option<Value<'a>> {
        Value::first(self.text).map(|(object, _)| object)
    }

    /// A member that has no field here.
    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        Members::open(self.text).find(|(key, _)| key.is_str(name)).map(|(_, value)| value)
    }

    /// All outermost members as they stand, duplicates too; of a cut object those that are whole.
    pub(crate) fn members(&self) -> Members<'a> {
        Members::open(self.text)
    }

    pub(super) fn param(&self, index: usize) -> Option<Value<'a>> {
        self.params?.item(index)
    }
}

pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a value is a string of exactly `digits` hexadecimal digits, without `0x`.
pub(super) fn hex(value: Option<Value<'_>>, digits: usize) -> bool {
    value.and_then(Value::plain).is_some_and(|t| t.len() == digits && is_hex(t))
}

/// Whether a value is a string of 64 hexadecimal digits after `0x`.
pub(super) fn hash_0x(value: Option<Value<'_>>) -> bool {
    value
        .and_then(Value::plain)
        .and_then(|t| t.strip_prefix("0x"))
        .is_some_and(|t| t.len() == 64 && is_hex(t))
}

/// The text of a string that is no longer than anything legitimate.
pub(super) fn text(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    value?.str().filter(|t| !t.is_empty() && t.len() <= MAX_TEXT)
}

/// A string or a number as text.
pub(super) fn word(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    let v = value?;
    text(value).or_else(|| v.u64().and_then(|_| std::str::from_utf8(v.text()).ok()).map(Cow::Borrowed))
}

/// A share of time as a number from 0 to 1.
pub(super) fn throttle(value: Option<Value<'_>>) -> Option<f64> {
    value?.number().filter(|part| (0.0..=1.0).contains(part))
}

/// Longest wallet, worker or agent kept; Cardano's addresses have 103 characters, integrated Monero ones 106, agents of
/// xmrig some 120.
pub(super) const MAX_TEXT: usize = 512;
