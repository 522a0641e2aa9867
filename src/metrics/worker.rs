//! Where a worker leaves its figures for the scrape and the watchdog. The worker never waits here: a figure that
//! cannot be left at once is left after the next batch.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use crate::capture;
use crate::packet::Time;
use crate::sensor::Stats;

/// All figures of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTotals {
    /// The sensor's counters.
    pub stats: Stats,
    /// The capture's counters; over a handle opened anew they go on from where the old one ended.
    pub capture: capture::Totals,
    /// Time of the last frame.
    pub last_packet: Option<Time>,
    /// Time spent on frames, without waiting for them.
    pub busy: Duration,
    /// Flows the sensor follows at most.
    pub max_flows: usize,
}

/// One worker's place. The worker publishes after each batch; anybody reads.
#[derive(Debug)]
pub struct WorkerSlot {
    interface: Arc<str>,
    totals: Mutex<WorkerTotals>,
    tick: AtomicU64,
    capturing: AtomicBool,
}

impl WorkerSlot {
    /// An empty place for a worker on `interface` (its name is a label value).
    pub fn new(interface: impl Into<Arc<str>>) -> Self {
        Self {
            interface: interface.into(),
            totals: Mutex::default(),
            tick: AtomicU64::new(0),
            capturing: AtomicBool::new(false),
        }
    }

    /// Leaves the figures. `false` where a reader had the place at that moment; only a worker that publishes for the
    /// last time need try again.
    pub fn publish(&self, totals: &WorkerTotals) -> bool {
        match self.totals.try_lock() {
            Ok(mut place) => *place = *totals,
            Err(TryLockError::Poisoned(place)) => *place.into_inner() = *totals,
            Err(TryLockError::WouldBlock) => return false,
        }
        true
    }

    /// Says that the worker is alive, at a moment of the caller's own clock (milliseconds since any start).
    pub fn tick(&self, now: u64) {
        self.tick.store(now, Relaxed);
    }

    /// The moment of the last [`WorkerSlot::tick`]; 0 before the first.
    pub fn last_tick(&self) -> u64 {
        self.tick.load(Relaxed)
    }

    /// Says whether the worker has its interface open: not before, nor while it waits for it, nor once it ended.
    pub fn set_capturing(&self, capturing: bool) {
        self.capturing.store(capturing, Relaxed);
    }

    /// What [`WorkerSlot::set_capturing`] last said; `false` before.
    pub fn is_capturing(&self) -> bool {
        self.capturing.load(Relaxed)
    }

    /// What the worker captures from.
    pub fn interface(&self) -> &Arc<str> {
        &self.interface
    }

    /// The figures last published.
    pub fn totals(&self) -> WorkerTotals {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_never_waits_for_a_reader() {
        let slot = WorkerSlot::new("eth0");
        let totals = WorkerTotals { max_flows: 7, ..WorkerTotals::default() };
        let reader = slot.totals.lock().unwrap();
        assert!(!slot.publish(&totals));
        drop(reader);
        assert_eq!(slot.totals(), WorkerTotals::default());
        assert!(slot.publish(&totals));
        assert_eq!(slot.totals(), totals);
        slot.tick(5);
        assert_eq!(slot.last_tick(), 5);
    }
}
