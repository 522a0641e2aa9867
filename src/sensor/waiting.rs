//! Claims by what is known of a server's address. Each waits whether its connection says more itself; that is read as any
//! other is, so nothing is followed for the claim's sake.

use std::collections::VecDeque;

use crate::detect::claim::Claim;
use crate::flow::FlowKey;
use crate::packet::{Time, Vlans};

/// The claims, oldest first.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Claimed>);

/// A claim, and the connection that it is about.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) key: FlowKey,
    pub(super) id: u64,
    pub(super) vlans: Vlans,
    pub(super) since: Time,
    pub(super) claim: Claim,
}

/// Claims that wait at once, about 1 KiB each. The oldest of more waits no longer.
const MAX: usize = 4096;

impl Waiting {
    /// Adds a claim; gives back the one that makes room for it.
    pub(super) fn push(&mut self, claimed: Claimed) -> Option<Claimed> {
        self.0.push_back(claimed);
        if self.0.len() > MAX { self.0.pop_front() } else { None }
    }

    /// The next that has waited for so many microseconds.
    pub(super) fn over(&mut self, now: Time, wait: u64) -> Option<Claimed> {
        self.0.pop_front_if(|claimed| now.since(claimed.since) >= wait)
    }

    /// Messages of this connection say more than any claim.
    pub(super) fn forget(&mut self, key: &FlowKey) {
        self.0.retain(|claimed| claimed.key != *key);
    }
}
