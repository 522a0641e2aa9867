//! Findings, sessions' accounts and counters as EVE JSON lines, for a file or a pipe. It decides nothing about mining
//! and reads no packet; what it writes is specified by docs/events.md and docs/eve.schema.json.

use serde::Serialize;

use crate::detect::Event;
use crate::privacy::Privacy;

mod community_id;
mod lines;
mod record;
#[cfg(test)]
mod sample;
mod sink;
mod stats;
mod text;
mod time;
mod writer;

pub use community_id::community_id;
pub use lines::Lines;
pub use stats::{CaptureCounters, StatsRecord};
pub use text::LONGEST_TEXT;
pub use time::Timestamp;
pub use writer::{Counters, Destination, Sender, Settings, Undrained, Writer};

/// The event types. The names are public API (`event_type` in events and metrics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A signal, when first seen.
    Alert,
    /// A session's running account.
    MiningSession,
    /// Capture and engine counters.
    Stats,
}

impl Kind {
    /// All event types, in the order of their counters.
    pub const ALL: [Self; 3] = [Self::Alert, Self::MiningSession, Self::Stats];

    /// Name in events and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::MiningSession => "mining_session",
            Self::Stats => "stats",
        }
    }

    /// The event type a sensor's event becomes.
    pub const fn of(event: &Event) -> Self {
        match event {
            Event::Alert(_) => Self::Alert,
            Event::Session(_) => Self::MiningSession,
        }
    }
}

/// Turns events into lines. The only way out for an event, so that no event leaves without its privacy applied.
#[derive(Clone, Debug, Default)]
pub struct Renderer {
    privacy: Privacy,
}

impl Renderer {
    /// A renderer that shows clients and payees as `privacy` says.
    pub const fn new(privacy: Privacy) -> Self {
        Self { privacy }
    }

    /// Appends `event` as one line with its line feed. `in_iface` is the capture interface, empty where there is none.
    pub fn event(&self, in_iface: &str, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Alert(alert) => line(&record::alert(&self.privacy, in_iface, alert), out),
            Event::Session(session) => line(&record::session(&self.privacy, in_iface, session), out),
        }
    }

    /// Appends the counters as one line with its line feed.
    pub fn stats(&self, record: &StatsRecord, out: &mut Vec<u8>) {
        line(&stats::line(record), out);
    }
}

fn line(record: &impl Serialize, out: &mut Vec<u8>) {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, text::Harmless);
    // serde_json fails on a failing writer or a map key that is no string, and there is neither.
    record.serialize(&mut json).expect("a record always has a JSON form");
    out.push(b'\n');
}
