//! Text segments lately seen on flows that were not followed: if one of those flows turns out to begin a message, a
//! segment that overtook the beginning is here, and so is the line that the message is only quoted in. A ring of fixed size; what it forgets was not needed within moments.

use crate::flow::{FlowKey, Way};
use crate::packet::{Packet, Time};

/// The ring.
#[derive(Debug, Default)]
pub(super) struct Recent {
    ring: Vec<Late>,
    next: usize,
}

/// A segment that may have come too early.
#[derive(Clone, Debug)]
pub(super) struct Late {
    key: FlowKey,
    time: Time,
    pub(super) way: Way,
    pub(super) seq: u32,
    pub(super) bytes: Vec<u8>,
}

/// Segments kept; with [`MOST`] bytes each at most, 128 KiB.
const RING: usize = 64;
/// A segment larger than this is bulk, not the middle of a message.
const MOST: usize = 2048;

impl Recent {
    /// Keeps a copy of a segment, over the oldest.
    pub(super) fn keep(&mut self, key: FlowKey, way: Way, packet: &Packet<'_>) {
        if packet.payload.len() > MOST || (packet.payload.len() as u64) < u64::from(packet.payload_len) {
            return;
        }
        let late = |bytes| Late { key, time: packet.time, way, seq: packet.tcp.seq, bytes };
        match self.ring.get_mut(self.next) {
            Some(old) => {
                let mut bytes = std::mem::take(&mut old.bytes);
                bytes.clear();
                bytes.extend_from_slice(packet.payload);
                *old = late(bytes);
            }
            None => self.ring.push(late(packet.payload.to_vec())),
        }
        self.next = self.next.saturating_add(1) % RING;
    }

    /// Whether what begins at `seq` goes on in the middle of a line: the segment before it is here and ends in none.
    pub(super) fn is_mid_line(&self, key: &FlowKey, way: Way, seq: u32) -> bool {
        let before =
            |l: &&Late| l.key == *key && l.way == way && l.seq.wrapping_add(l.bytes.len() as u32) == seq;
        let last = self.ring.iter().find(before).and_then(|l| l.bytes.last());
        last.is_some_and(|b| !matches!(b, b'\n' | b'}' | 0))
    }

    /// The flow's segments of the last `within` microseconds, in the order they came.
    pub(super) fn take(&self, key: &FlowKey, now: Time, within: u64) -> Vec<Late> {
        let (newer, older) = self.ring.split_at_checked(self.next).unwrap_or((&self.ring, &[]));
        let fresh = |l: &&Late| l.key == *key && now.since(l.time) <= within;
        older.iter().chain(newer).filter(fresh).cloned().collect()
    }
}
