//! Hashes per second from shares: the work of shares over the time in which they were found. The error after n shares
//! is about 1/√n, so few shares give no rate.

use crate::packet::Time;

/// Work found over a window of half an hour to an hour.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    /// The share that opened the window; its own work was found before.
    since: Option<Time>,
    last: Time,
    work: f64,
    shares: u64,
    /// Work and microseconds of the window before.
    before: (f64, u64),
}

/// A window's length, microseconds.
const WINDOW: u64 = 1_800 * Time::SECOND;
/// Shares and microseconds below which no rate is given.
const LEAST: (u64, u64) = (5, 20 * Time::SECOND);

impl Rate {
    /// Adds a share worth `work`.
    pub(super) fn add(&mut self, work: f64, now: Time) {
        self.shares = self.shares.saturating_add(1);
        let Some(since) = self.since else {
            (self.since, self.last) = (Some(now), now);
            return;
        };
        self.work += work;
        self.last = now.max(self.last);
        let span = self.last.since(since);
        if span > WINDOW {
            (self.before, self.work, self.since) = ((self.work, span), 0.0, Some(self.last));
        }
    }

    /// Work per second.
    pub(super) fn per_second(&self) -> Option<f64> {
        let span = self.last.since(self.since?).saturating_add(self.before.1);
        let enough = self.shares >= LEAST.0 && span >= LEAST.1;
        enough.then(|| (self.work + self.before.0) / (span as f64 / Time::SECOND as f64)).filter(|r| *r > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_shares_give_their_rate_over_windows() {
        let mut rate = Rate::default();
        for n in 0..10_000u64 {
            rate.add(100.0, Time::from_secs(n * 2));
            if n == 3 {
                assert_eq!(rate.per_second(), None);
            }
        }
        let got = rate.per_second().expect("a rate");
        assert!((got - 50.0).abs() < 0.5, "{got}");
    }

    #[test]
    fn a_change_is_forgotten_after_two_windows() {
        let mut rate = Rate::default();
        for n in 0..2_000u64 {
            rate.add(100.0, Time::from_secs(n * 2));
        }
        for n in 0..2_000u64 {
            rate.add(100.0, Time::from_secs(4_000 + n * 4));
        }
        let got = rate.per_second().expect("a rate");
        assert!((got - 25.0).abs() < 0.5, "{got}");
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_nonsense() {
        let mut rate = Rate::default();
        for n in (0..100u64).rev() {
            rate.add(1.0, Time::from_secs(n));
        }
        assert!(rate.per_second().is_none_or(|r| r.is_finite()));
    }
}
