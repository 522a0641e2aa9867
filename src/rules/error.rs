//! What is wrong with rules, in words that say what to do. Where an entry stands in a file is the shell's to add.

use std::fmt;

/// An entry of the lists given to [`super::RuleSet::build_all`], by its place in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In `detections`.
    Detection(usize),
    /// In `dialects`.
    Dialect(usize),
    /// A dialect in `dialects`, and the message in its `messages`.
    Message(usize, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Detection(index) => write!(f, "detections[{index}]"),
            Self::Dialect(index) => write!(f, "dialects[{index}]"),
            Self::Message(dialect, index) => write!(f, "dialects[{dialect}].messages[{index}]"),
        }
    }
}

/// One fault of one entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}.{key}: {problem}{}: {}", self.earlier(), problem.remedy())]
pub struct Error {
    /// The entry at fault.
    pub place: Place,
    /// The key of the entry, as rule files call it.
    pub key: &'static str,
    /// The earlier entry it collides with, if that is the fault.
    pub first: Option<Place>,
    /// What is wrong.
    pub problem: Problem,
}

impl Error {
    fn earlier(&self) -> String {
        self.first.map(|place| format!(" (first in {place})")).unwrap_or_default()
    }
}

/// What can be wrong with a rule or what is known of hosts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not an address; the second part says why.
    #[error("{0:?} {1}")]
    Address(String, &'static str),
    /// Not a coin's symbol or name.
    #[error("{0:?} is no coin symbol")]
    Coin(String),
    /// Not a name a host can have; the second part says why.
    #[error("{0:?} {1}")]
    Domain(String, &'static str),
    /// Listed before.
    #[error("{0} is listed twice")]
    DuplicateAddress(String),
    /// Listed before, for the same names.
    #[error("{0} is listed twice")]
    DuplicateDomain(String),
    /// Used before.
    #[error("rule id {0} is used twice")]
    DuplicateId(u32),
    /// Another rule names the same signal and dialect (`any` for the general rule).
    #[error("two rules for signal {signal} and dialect {dialect}")]
    DuplicateRule {
        /// The signal's name.
        signal: &'static str,
        /// The dialect's name.
        dialect: &'static str,
    },
    /// Listed before.
    #[error("{0} is listed twice")]
    DuplicateScript(String),
    /// Described before.
    #[error("dialect {0} is described twice")]
    DuplicateWord(&'static str),
    /// Zero is EVE's "no rule".
    #[error("rule id 0 means \"no rule\"")]
    Id,
    /// More than fit; the text says what, and how many do.
    #[error("{0}")]
    Many(&'static str),
    /// A described dialect of no messages.
    #[error("no message is described")]
    Messages,
    /// A revision counts from 1.
    #[error("revision 0")]
    Revision,
    /// Not what a URL can be known by; the second part says why.
    #[error("{0:?} {1}")]
    Script(String, &'static str),
    /// Outside 1 to 3.
    #[error("severity {0}")]
    Severity(u8),
    /// A text that cannot stand in an event; the word says why.
    #[error("the text {0}")]
    Text(&'static str),
    /// A shape that would fit more than mining; the text says why.
    #[error("the shape {0}")]
    Wide(&'static str),
    /// No word for a dialect; the text says why.
    #[error("{0:?} {1}")]
    Word(String, &'static str),
}

impl Problem {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Address(..) => {
                "write an address, address:port or prefix, as 192.0.2.1, [2001:db8::1]:3333, 192.0.2.0/24"
            }
            Self::Coin(_) => "write letters, digits and . - _ $, at most 32 of them",
            Self::Domain(..) => "write a host name like pool.example.com",
            Self::DuplicateAddress(_) | Self::DuplicateDomain(_) | Self::DuplicateScript(_) => {
                "keep one of the two"
            }
            Self::DuplicateId(_) | Self::Id => "take a free number, 1000000 or above for rules of your own",
            Self::DuplicateRule { .. } => "keep one of the two, or give one another dialect",
            Self::DuplicateWord(_) => "keep one of the two, with the messages of both",
            Self::Many(_) => "keep those that are needed",
            Self::Messages => "describe one at least, as json, text or http",
            Self::Revision => "count from 1",
            Self::Script(..) => {
                "write the end of a path as /miner/file.js, a piece of it, or a piece of the query"
            }
            Self::Severity(_) => "write 1 (high), 2 or 3 (low)",
            Self::Text(_) => "write one line of at most 200 characters",
            Self::Wide(_) => "compare more of the message, or claim less strength",
            Self::Word(..) => {
                "write another word: a small letter, then small letters, digits and _, at most 32"
            }
        }
    }
}
