//! What one worker owns: frames in, events out. It has no clock, socket, file, thread or lock: time comes with the
//! frames (or [`Sensor::advance`]), and the same frames give the same events.

use std::sync::Arc;

use crate::detect::{Dialect, Event};
use crate::flow;
use crate::packet::{Frame, Skip, Time};
use crate::rules::RuleSet;

/// What a sensor is told once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Bounds of the flow table and streams.
    pub flow: flow::Settings,
    /// How often sessions are told.
    pub session: SessionSettings,
}

/// How sessions are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// Microseconds between two accounts of a running session.
    pub interval: u64,
    /// Microseconds an alert may wait for the message that names dialect and payee.
    pub settle: u64,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { interval: 300_000_000, settle: 2_000_000 }
    }
}

/// Bounds that can be hit, each with a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `flow::Settings::max_flows`.
    Flows,
    /// `flow::Settings::max_line` or `max_candidate_line`.
    Line,
    /// `flow::Settings::max_out_of_order`.
    OutOfOrder,
    /// `flow::Settings::max_stream_bytes`.
    StreamBytes,
    /// Requests of one session that wait for a reply.
    Pending,
}

impl Limit {
    /// All limits, in the order of their counters.
    pub const ALL: [Self; 5] = [Self::Flows, Self::Line, Self::OutOfOrder, Self::StreamBytes, Self::Pending];

    /// Label value in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Line => "line",
            Self::OutOfOrder => "out_of_order",
            Self::StreamBytes => "stream_bytes",
            Self::Pending => "pending",
        }
    }
}

/// Why a followed flow was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evicted {
    /// FIN, RST or a new SYN.
    Closed,
    /// Silence.
    Idle,
    /// A bound was hit and this one had proven least.
    Full,
    /// Its bytes cannot be what they seemed.
    Refuted,
    /// A panic while it was looked at.
    Panicked,
}

impl Evicted {
    /// All reasons, in the order of their counters.
    pub const ALL: [Self; 5] = [Self::Closed, Self::Idle, Self::Full, Self::Refuted, Self::Panicked];

    /// Label value in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Full => "full",
            Self::Refuted => "refuted",
            Self::Panicked => "panicked",
        }
    }
}

/// Counters of one worker, plain numbers that the shell publishes after each batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames looked at.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames without a packet, by [`Skip`].
    pub skipped: [u64; Skip::ALL.len()],
    /// Packets that the screen let through to the flow table.
    pub screened_in: u64,
    /// Flows followed now.
    pub flows: u64,
    /// Flows that became followed.
    pub flows_created: u64,
    /// Flows no longer followed, by [`Evicted`].
    pub flows_evicted: [u64; Evicted::ALL.len()],
    /// Bytes held in unfinished lines and out-of-order segments now.
    pub stream_bytes: u64,
    /// Holes in followed streams that were never filled.
    pub stream_gaps: u64,
    /// Messages read, by [`Dialect`].
    pub messages: [u64; Dialect::ALL.len()],
    /// Lines that began as JSON and were not.
    pub malformed_lines: u64,
    /// Bounds hit, by [`Limit`].
    pub limit_hits: [u64; Limit::ALL.len()],
    /// Packets whose look ended in a panic.
    pub panics: u64,
}

/// One worker's whole state. See [`Sensor::frame`] for the contract.
#[derive(Debug)]
pub struct Sensor {
    stats: Stats,
}

impl Sensor {
    /// A sensor that has seen nothing. `worker` goes into flow ids, so that workers never share one.
    pub fn new(settings: Settings, rules: Arc<RuleSet>, worker: u8) -> Self {
        let _ = (settings, rules, worker);
        Self { stats: Stats::default() }
    }

    /// Looks at one frame and appends what it finds to `events`. A panic inside is caught by the caller, who must
    /// call [`Sensor::abandon`] before the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>, events: &mut Vec<Event>) {
        let _ = (frame, events);
        self.stats.frames += 1;
    }

    /// Says that packet time has come to `now` without a frame: expires, tells intervals. Cheap; call it each second.
    pub fn advance(&mut self, now: Time, events: &mut Vec<Event>) {
        let _ = (now, events);
    }

    /// Ends every session (final records) because the capture ends at `now`.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        let _ = events;
    }

    /// Drops the flow whose packet was being looked at, after a panic.
    pub fn abandon(&mut self) {
        self.stats.panics += 1;
    }

    /// Uses other rules from the next frame on.
    pub fn replace_rules(&mut self, rules: Arc<RuleSet>) {
        let _ = rules;
    }

    /// Uses other bounds and intervals from the next frame on; a lowered bound is met by eviction as flows come.
    pub fn replace_settings(&mut self, settings: Settings) {
        let _ = settings;
    }

    /// The counters so far.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }
}
