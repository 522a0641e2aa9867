//! The shape of `stats` events: counters of capture, engine and event output, under the names the metrics use too.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::detect::Dialect;
use crate::packet::{Skip, Time};
use crate::sensor::{Evicted, Limit, NameWire, Stats};
use crate::wire::coin::Network;

use super::Kind;
use super::text::cut;
use super::time::Timestamp;
use super::writer::Counters;

/// What a `stats` event tells: totals since the start, of one worker or of all together.
#[derive(Clone, Debug, Default)]
pub struct StatsRecord {
    /// Packet time it is told at.
    pub time: Time,
    /// The interface it is about; `None` where it is about all of them.
    pub in_iface: Option<Arc<str>>,
    /// Seconds since the sensor started; `None` where it reads files.
    pub uptime: Option<u64>,
    /// What the capture counted; `None` where it counts nothing (files).
    pub capture: Option<CaptureCounters>,
    /// What the engine counted.
    pub sensor: Stats,
    /// What the event output counted; `None` where there is no queue.
    pub events: Option<Arc<Counters>>,
}

/// The capture's own counters, as libpcap gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureCounters {
    /// Packets received, the dropped ones included.
    pub received: u64,
    /// Packets dropped because the ring was full.
    pub dropped: u64,
    /// Packets dropped by the interface or its driver.
    pub interface_dropped: u64,
}

#[derive(Serialize)]
pub(super) struct Line<'a> {
    timestamp: Timestamp,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_iface: Option<Cow<'a, str>>,
    stats: Body,
}

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<CapturePart>,
    engine: EnginePart,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<EventsPart>,
}

/// Suricata's names.
#[derive(Serialize)]
struct CapturePart {
    kernel_packets: u64,
    kernel_drops: u64,
    kernel_ifdrops: u64,
}

#[derive(Serialize)]
struct EnginePart {
    frames: u64,
    bytes: u64,
    skipped: Counts,
    screened_in: u64,
    flows: u64,
    flows_created: u64,
    flows_evicted: Counts,
    stream_bytes: u64,
    stream_gaps: u64,
    messages: Counts,
    malformed_lines: u64,
    malformed_dns: u64,
    malformed_tls: u64,
    names_read: Counts,
    limit_hits: Counts,
    coin_networks: Counts,
    panics: u64,
}

#[derive(Serialize)]
struct EventsPart {
    sent: Counts,
    written: u64,
    dropped: u64,
    write_errors: u64,
}

pub(super) fn line(record: &StatsRecord) -> Line<'_> {
    let capture = record.capture.map(|c| CapturePart {
        kernel_packets: c.received,
        kernel_drops: c.dropped,
        kernel_ifdrops: c.interface_dropped,
    });
    let events = record.events.as_deref().map(|e| EventsPart {
        sent: Counts(Kind::ALL.map(|kind| (kind.name(), e.sent(kind))).to_vec()),
        written: e.written(),
        dropped: e.dropped(),
        write_errors: e.write_errors(),
    });
    Line {
        timestamp: Timestamp(record.time),
        event_type: Kind::Stats.name(),
        in_iface: record.in_iface.as_deref().filter(|i| !i.is_empty()).map(|i| cut(Cow::Borrowed(i))),
        stats: Body { uptime: record.uptime, capture, engine: engine(&record.sensor), events },
    }
}

fn engine(stats: &Stats) -> EnginePart {
    EnginePart {
        frames: stats.frames,
        bytes: stats.bytes,
        skipped: counts(Skip::ALL, Skip::name, stats.skipped),
        screened_in: stats.screened_in,
        flows: stats.flows,
        flows_created: stats.flows_created,
        flows_evicted: counts(Evicted::ALL, Evicted::name, stats.flows_evicted),
        stream_bytes: stats.stream_bytes,
        stream_gaps: stats.stream_gaps,
        messages: Counts(Dialect::counter_names().into_iter().zip(stats.messages.0).collect()),
        malformed_lines: stats.malformed_lines,
        malformed_dns: stats.malformed_dns,
        malformed_tls: stats.malformed_tls,
        names_read: counts(NameWire::ALL, NameWire::name, stats.names_read),
        limit_hits: counts(Limit::ALL, Limit::name, stats.limit_hits),
        coin_networks: counts(Network::ALL, Network::name, stats.coin_networks),
        panics: stats.panics,
    }
}

/// Counters of a closed set, one key each.
struct Counts(Vec<(&'static str, u64)>);

fn counts<T, const N: usize>(all: [T; N], name: fn(T) -> &'static str, counted: [u64; N]) -> Counts {
    Counts(all.map(name).into_iter().zip(counted).collect())
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
