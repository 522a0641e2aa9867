//! What is taken from a feed: a host, and what the feed says about it, in the words of a host list.

use crate::rules::{Action, Group, Scope, Serves};

/// What a feed says about one host beyond its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Who runs it.
    pub operator: Option<String>,
    /// What is mined there; sorted.
    pub coins: Vec<String>,
    /// Ports it is said to serve; sorted.
    pub ports: Vec<u16>,
    /// When it was last seen in service, `YYYY-MM-DD`.
    pub last_seen: Option<String>,
    /// Whether it is believed to be in service, where the feed says so.
    pub group: Option<Group>,
    /// What it is asked for, where the feed says so.
    pub serves: Serves,
}

/// One host of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A lower-case name without dots at its ends, or an address, `address:port`, `[v6]:port` or a prefix.
    pub name: Box<str>,
    /// What the name covers; exact for addresses.
    pub scope: Scope,
    /// What it does.
    pub action: Action,
    /// What the feed says about it; most say nothing.
    pub facts: Option<Box<Facts>>,
}

impl Entry {
    /// Whether it is an address or a prefix, not a name: no name's last label is a number.
    pub fn is_address(&self) -> bool {
        self.name.contains([':', '/'])
            || self.name.bytes().last().is_some_and(|b| b.is_ascii_digit())
                && self.name.parse::<std::net::IpAddr>().is_ok()
    }

    /// In service or not, where the feed says so.
    pub fn group(&self) -> Option<Group> {
        self.facts.as_ref().and_then(|f| f.group)
    }
}
