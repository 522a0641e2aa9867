//! The reckoning of a session: jobs and what their shares are worth, shares and the replies to them, the rate that follows.

use super::word::{keep, mask, replace};
use super::work::{self, Unit, Work};
use super::{Asks, Dialect, Session};
use crate::detect::rate::Rate;
use crate::flow::Way;
use crate::packet::Time;
use crate::stratum::{Id, Job, Reply, Share, Verdict};
use crate::wire::http::page;

/// Jobs whose difficulty is remembered: a share may be for one that was replaced just before.
const MAX_JOBS: usize = 8;

impl Session {
    pub(super) fn job(&mut self, job: &Job<'_>) {
        // What a V1 job tells by its previous hash is believed of machines that mine SHA-256d in earnest, whose shares
        // are of difficulty 1 and more: a wrong algorithm would put the rate off by 65536.
        let small = |w: Work| w.unit == Unit::Difficulty && w.amount < 1.0;
        if job.id.is_none() || self.dialect != Dialect::Bitcoin || self.difficulty.is_some_and(|w| !small(w))
        {
            replace(&mut self.algorithm, job.algorithm.as_deref());
        }
        if job.id.is_none() && job.hashes.is_none() {
            return;
        }
        self.jobs = self.jobs.saturating_add(1);
        // Where these two state a difficulty, the job's target is the network's, not the share's.
        let stated = match self.dialect {
            Dialect::Alephium => self.difficulty.is_some_and(|w| w.unit == Unit::Difficulty),
            Dialect::Ergo => self.difficulty.is_some_and(|w| w.unit == Unit::Difficulty && w.amount > 1.0),
            _ => false,
        };
        if let Some(hashes) = job.hashes.filter(|_| !stated) {
            self.difficulty = Some(Work { amount: hashes, unit: Unit::Hashes });
        }
        let Some(work) = self.difficulty else { return };
        if self.recent_jobs.len() >= MAX_JOBS {
            self.recent_jobs.pop_front();
        }
        self.recent_jobs.push_back((job.id.as_deref().map(Id::of_text), work));
    }

    /// What a share for that job is worth: the difficulty in force when the job was sent, not when the share came.
    pub(super) fn submit(&mut self, share: &Share<'_>, now: Time) -> Work {
        match &share.user {
            Some(user) => self.keep_user(user, share.worker.as_deref()),
            None => keep(&mut self.worker, share.worker.as_deref().map(mask).as_deref()),
        }
        keep(&mut self.agent, share.agent.as_deref());
        keep(&mut self.algorithm, share.algorithm.as_deref());
        keep(&mut self.site, share.site.as_deref().map(page));
        self.shares.submitted = self.shares.submitted.saturating_add(1);
        let id = share.job.as_deref().map(Id::of_text);
        let sent = self.recent_jobs.iter().rev();
        let work = sent.clone().find(|(j, _)| id.is_some() && *j == id).or_else(|| self.recent_jobs.back());
        let work = work.map(|(_, w)| *w).or(self.difficulty).unwrap_or(Work { amount: 0.0, unit: self.unit });
        self.credit(work, now, |s| &mut s.submitted);
        work
    }

    fn credit(&mut self, work: Work, now: Time, rate: impl Fn(&mut Self) -> &mut Rate) {
        if work.amount <= 0.0 {
            return;
        }
        if self.unit != work.unit {
            self.unit = work.unit;
            (self.submitted, self.accepted) = (Rate::default(), Rate::default());
        }
        rate(self).add(work.amount, now);
    }

    pub(super) fn await_reply(&mut self, from: Way, id: Option<Id>, asks: Asks) -> bool {
        // A poll that was answered under another id must not take a later share's reply.
        self.pending.forget(from, id, |a| matches!(a, Asks::Plain));
        self.pending.ask(from, id, asks)
    }

    /// Heeds an answer without an id: it is to the oldest share.
    pub(super) fn answer(&mut self, way: Way, verdict: Verdict, now: Time) {
        let asked = self.pending.answer_oldest(way.back(), |a| matches!(a, Asks::Share(_)));
        let work = match asked {
            Some(Asks::Share(work)) => work,
            _ if self.only_pool_heard(way) || work::is_silent(self.dialect) => self.work_now(),
            _ => return,
        };
        match verdict {
            Verdict::Accepted => self.accept(work, now),
            Verdict::Rejected => self.reject(),
            Verdict::Neither => {}
        }
    }

    /// What a share found now is worth.
    fn work_now(&self) -> Work {
        let work = self.recent_jobs.back().map(|(_, w)| *w).or(self.difficulty);
        work.unwrap_or(Work { amount: 0.0, unit: self.unit })
    }

    /// Heeds a reply that means nothing alone.
    pub(super) fn reply(&mut self, way: Way, reply: &Reply<'_>, now: Time) {
        let asked = match reply.id {
            Some(id) => self.pending.answer(way.back(), id),
            None if reply.verdict == Verdict::Rejected => self.pending.answer_oldest(way.back(), |_| true),
            None => None,
        };
        match (asked, reply.verdict) {
            (Some(Asks::Share(work)), Verdict::Accepted) => self.accept(work, now),
            (Some(Asks::Share(_)), Verdict::Rejected) => self.reject(),
            (_, Verdict::Neither) if self.dialect == Dialect::EthProxy && self.miner == Some(way.back()) => {
                if let Some(job) = reply.work() {
                    self.job(&job);
                }
            }
            (Some(Asks::Agent), _) => keep(&mut self.agent, reply.result.and_then(|r| r.str()).as_deref()),
            (None, Verdict::Accepted) if self.handshake && !self.heard.miner && !self.granted => {
                self.granted = true;
            }
            (None, verdict) if self.only_pool_heard(way) => match verdict {
                Verdict::Accepted => self.accept(self.work_now(), now),
                Verdict::Rejected => self.reject(),
                Verdict::Neither => {}
            },
            _ => {}
        }
        if self.is_suspect() {
            self.last_seen = now;
        }
        self.publish();
    }

    /// Asymmetric routing: the requests go another way, so a yes among jobs is taken for a share's.
    fn only_pool_heard(&self, way: Way) -> bool {
        self.jobs > 0 && !self.heard.miner && self.miner == Some(way.back()) && self.certainty().is_some()
    }

    fn accept(&mut self, work: Work, now: Time) {
        self.shares.accepted = self.shares.accepted.saturating_add(1);
        self.credit(work, now, |s| &mut s.accepted);
    }

    const fn reject(&mut self) {
        self.shares.rejected = self.shares.rejected.saturating_add(1);
    }

    pub(super) fn publish(&self) {
        self.live.publish(self.shares, self.hashrate());
    }

    /// Hashes per second: of accepted shares, or of submitted ones where the pool's side is not heard.
    pub(super) fn hashrate(&self) -> Option<f64> {
        let answered = self.heard.pool && !work::is_silent(self.dialect);
        let rate = if answered { &self.accepted } else { &self.submitted };
        let hashes = self.unit.hashes(self.dialect, self.algorithm.as_deref(), self.coin.as_deref())?;
        rate.per_second().map(|r| r * hashes).filter(|r| r.is_finite())
    }
}
