//! The names by which one client asked for one address, each with the end of its time.

use std::sync::Arc;

use super::TTL;
use crate::packet::Time;

/// Names kept of a client and an address.
pub const MAX_NAMES: usize = 4;

/// Names whose time has not passed, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    names: Vec<Arc<str>>,
    is_crowded: bool,
}

impl Names {
    /// The names, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().map(AsRef::as_ref)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether there were more at once than are kept, and one of those given up would still hold: an address that serves
    /// many names, so that none of them says what a flow to it is.
    pub fn is_crowded(&self) -> bool {
        self.is_crowded
    }
}

/// The names, least lately heard first.
#[derive(Debug, Default)]
pub(super) struct Asked {
    heard: Vec<Heard>,
    crowded_until: Time,
}

#[derive(Debug)]
struct Heard {
    name: Arc<str>,
    until: Time,
}

impl Asked {
    /// A name was heard, to hold so many seconds.
    pub(super) fn learn(&mut self, name: &str, ttl: u32, now: Time) {
        let mut until = after(now, ttl);
        let name = match self.heard.iter().position(|heard| *heard.name == *name) {
            Some(at) => {
                let heard = self.heard.remove(at);
                // A cache counts its TTL down: less does not shorten. More than a record can say is from a clock that
                // went back since.
                until = until.max(heard.until.min(after(now, *TTL.end())));
                heard.name
            }
            None => Arc::from(name),
        };
        self.heard.retain(|heard| heard.until > now);
        if self.heard.len() >= MAX_NAMES {
            let given_up = self.heard.remove(0);
            self.crowded_until = self.crowded_until.max(given_up.until);
        }
        self.heard.reserve_exact(1);
        self.heard.push(Heard { name, until });
    }

    /// What holds at a moment.
    pub(super) fn at(&self, now: Time) -> Names {
        let live = self.heard.iter().rev().filter(|heard| heard.until > now);
        Names {
            names: live.map(|heard| Arc::clone(&heard.name)).collect(),
            is_crowded: self.crowded_until > now,
        }
    }

    /// Whether a name holds, be it one that was given up.
    pub(super) fn lives(&self, now: Time) -> bool {
        self.crowded_until > now || self.heard.iter().any(|heard| heard.until > now)
    }
}

fn after(now: Time, seconds: u32) -> Time {
    Time(now.0.saturating_add(Time::from_secs(u64::from(seconds)).0))
}
