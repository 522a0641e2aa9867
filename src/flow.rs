//! Flows worth following and their byte streams. State exists only for flows that showed a sign of mining; every
//! table, buffer and depth here is bounded, and packet time drives every expiry.

use crate::packet::{Endpoint, Packet};

pub mod stream;
pub mod table;

/// Which way a packet goes in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the lower endpoint to the higher.
    Up,
    /// From the higher endpoint to the lower.
    Down,
}

impl Way {
    /// The other way.
    pub const fn back(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// A TCP connection, the same for both directions: its endpoints in order. VLAN tags are no part of it, since a mirror
/// port may show a connection's two directions under two tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The lower endpoint.
    pub low: Endpoint,
    /// The higher endpoint.
    pub high: Endpoint,
}

impl FlowKey {
    /// The key of a packet's flow, and which way the packet goes.
    #[inline]
    pub fn of(packet: &Packet<'_>) -> (Self, Way) {
        if packet.src <= packet.dst {
            (Self { low: packet.src, high: packet.dst }, Way::Up)
        } else {
            (Self { low: packet.dst, high: packet.src }, Way::Down)
        }
    }

    /// Sender and receiver of what goes `way`.
    pub const fn ends(&self, way: Way) -> (Endpoint, Endpoint) {
        match way {
            Way::Up => (self.low, self.high),
            Way::Down => (self.high, self.low),
        }
    }
}

/// Bounds of the flow table. Every field states its worst-case memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Followed flows at most; 1.6 KiB each, 2.4 KiB for a usual session, 7 KiB for one stuffed on purpose.
    pub max_flows: usize,
    /// Bytes of all unfinished messages, out-of-order segments and histories of compressed WebSockets together.
    pub max_stream_bytes: usize,
    /// Bytes of one unfinished line in a proven session; a longer one is judged by its head and tail.
    pub max_line: usize,
    /// Bytes of one unfinished line on a flow that has proven nothing.
    pub max_candidate_line: usize,
    /// Out-of-order segments kept per direction.
    pub max_out_of_order: usize,
    /// Microseconds a hole in the stream is waited for before it counts as a gap.
    pub gap_timeout: u64,
    /// Microseconds of silence after which an unproven flow is dropped.
    pub candidate_idle: u64,
    /// Microseconds of silence after which a proven session counts as ended.
    pub session_idle: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_flows: 65_536,
            max_stream_bytes: 64 << 20,
            max_line: 64 << 10,
            max_candidate_line: 16 << 10,
            max_out_of_order: 32,
            gap_timeout: 2_000_000,
            candidate_idle: 30_000_000,
            session_idle: 900_000_000,
        }
    }
}
