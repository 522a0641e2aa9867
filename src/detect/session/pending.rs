//! Requests of a session that wait for their replies. Bounded; the oldest is forgotten first.

use std::collections::VecDeque;

use crate::flow::Way;
use crate::stratum::Id;

/// The requests, oldest first. `A` is what a request asks.
#[derive(Debug)]
pub(super) struct Pending<A> {
    requests: VecDeque<Waiting<A>>,
}

#[derive(Debug)]
struct Waiting<A> {
    id: Option<Id>,
    from: Way,
    asks: A,
}

/// Fast miners over slow links have some tens in flight.
const MOST: usize = 64;

impl<A> Default for Pending<A> {
    fn default() -> Self {
        Self { requests: VecDeque::new() }
    }
}

impl<A> Pending<A> {
    /// Adds a request. Says whether the oldest was forgotten for it.
    pub(super) fn ask(&mut self, from: Way, id: Option<Id>, asks: A) -> bool {
        let full = self.requests.len() >= MOST;
        if full {
            self.requests.pop_front();
        }
        self.requests.push_back(Waiting { id, from, asks });
        full
    }

    /// Forgets requests with that id for which `stale` holds.
    pub(super) fn forget(&mut self, from: Way, id: Option<Id>, stale: impl Fn(&A) -> bool) {
        self.requests.retain(|w| !(w.from == from && w.id == id && stale(&w.asks)));
    }

    /// Takes the request that is answered: the first with that id, since clients that reuse ids are answered in order.
    pub(super) fn answer(&mut self, from: Way, id: Id) -> Option<A> {
        let at = self.requests.iter().position(|w| w.from == from && w.id == Some(id))?;
        self.requests.remove(at).map(|w| w.asks)
    }

    /// Takes the oldest request for which `fits` holds: what has no id answers that one.
    pub(super) fn answer_oldest(&mut self, from: Way, fits: impl Fn(&A) -> bool) -> Option<A> {
        let at = self.requests.iter().position(|w| w.from == from && fits(&w.asks))?;
        self.requests.remove(at).map(|w| w.asks)
    }
}
