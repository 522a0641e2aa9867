//! The shell's clocks: a monotonic one for waiting, the wall's for a quiet link's packet time. Floors below get time
//! from their frames only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::packet::Time;

/// Milliseconds since the daemon's start.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    start: Instant,
    told: Arc<AtomicU64>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the daemon waits in real time")]
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), told: Arc::default() }
    }

    /// Milliseconds since the start, at least 1.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// Whether `interval` has passed since this last said so.
    pub(super) fn passed(&self, interval: Duration) -> bool {
        let now = self.millis();
        let due = self.told.load(Ordering::Relaxed).saturating_add(interval.as_millis() as u64) <= now;
        if due {
            self.told.store(now, Ordering::Relaxed);
        }
        due
    }
}

/// The wall's clock.
#[expect(clippy::disallowed_methods, reason = "what the kernel stamps frames with")]
pub(super) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The wall's clock as packet time.
pub(super) fn packet_time() -> Time {
    let since = wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
