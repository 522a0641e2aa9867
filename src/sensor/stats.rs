//! What a worker counts: plain numbers, no label is looked up per packet.

use crate::detect::Dialect;
use crate::packet::Skip;
use crate::wire::coin::Network;

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
    /// QUIC handshakes opened in a second, or in the reading at once.
    Quic,
}

impl Limit {
    /// All limits, in the order of their counters.
    pub const ALL: [Self; 6] =
        [Self::Flows, Self::Line, Self::OutOfOrder, Self::StreamBytes, Self::Pending, Self::Quic];

    /// Label value in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Line => "line",
            Self::OutOfOrder => "out_of_order",
            Self::StreamBytes => "stream_bytes",
            Self::Pending => "pending",
            Self::Quic => "quic",
        }
    }
}

/// What names are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameWire {
    /// Messages to and from name servers.
    Dns,
    /// Clients' hellos over QUIC.
    Quic,
    /// Clients' hellos over TLS.
    Tls,
}

impl NameWire {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 3] = [Self::Dns, Self::Quic, Self::Tls];

    /// Label value in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Quic => "quic",
            Self::Tls => "tls",
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
    /// Messages read, by dialect.
    pub messages: Messages,
    /// Lines that began as JSON and were not.
    pub malformed_lines: u64,
    /// Messages to or from name servers that are none.
    pub malformed_dns: u64,
    /// TLS handshakes that contradict themselves, over QUIC too.
    pub malformed_tls: u64,
    /// Messages that names were read from, by [`NameWire`].
    pub names_read: [u64; NameWire::ALL.len()],
    /// Bounds hit, by [`Limit`].
    pub limit_hits: [u64; Limit::ALL.len()],
    /// Opening messages of coins' peer-to-peer networks, by [`Network`].
    pub coin_networks: [u64; Network::ALL.len()],
    /// Packets whose look ended in a panic.
    pub panics: u64,
}

/// Messages read, by [`Dialect::counter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messages(pub [u64; Dialect::COUNTERS]);

impl Default for Messages {
    fn default() -> Self {
        Self([0; Dialect::COUNTERS])
    }
}

impl Messages {
    /// Counts one more of a dialect.
    pub(super) fn add(&mut self, dialect: Dialect) {
        if let Some(n) = self.0.get_mut(dialect.counter()) {
            *n += 1;
        }
    }
}

impl Stats {
    /// Counts the opening message of a coin's network.
    pub(super) fn met(&mut self, network: Network) {
        if let Some(n) = self.coin_networks.get_mut(network as usize) {
            *n += 1;
        }
    }

    /// Counts a message that names are read from.
    pub(super) fn named(&mut self, wire: NameWire) {
        if let Some(n) = self.names_read.get_mut(wire as usize) {
            *n += 1;
        }
    }

    /// Counts a bound that was hit.
    pub(super) fn hit(&mut self, limit: Limit) {
        if let Some(n) = self.limit_hits.get_mut(limit as usize) {
            *n += 1;
        }
    }
}
