//! Clients' QUIC handshakes in the reading: few, small and short-lived, since a hello is one datagram or two. Opening one
//! costs a key and a decryption, so the rate is bounded too.

use std::collections::VecDeque;

use super::stats::{Limit, Stats};
use crate::packet::{Endpoint, Packet, Time};
use crate::wire::quic::ClientInitial;

/// Handshakes whose hello is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    waiting: VecDeque<Waiting>,
    /// The second in hand, and the datagrams opened in it.
    opened: (u64, u32),
}

#[derive(Debug)]
struct Waiting {
    client: Endpoint,
    server: Endpoint,
    since: Time,
    initial: ClientInitial,
}

/// Handshakes in the reading at once; 16 KiB each at most.
const MAX_WAITING: usize = 64;

/// Microseconds that the rest of a hello is waited for.
const PATIENCE: u64 = 3 * Time::SECOND;

/// Datagrams opened in a second, which take less than a third of one.
const MAX_A_SECOND: u32 = 20_000;

impl Handshakes {
    /// Takes a datagram that looks like a client's Initial; gives the body of the hello to `each` once it is whole.
    pub(super) fn datagram(
        &mut self,
        packet: &Packet<'_>,
        stats: &mut Stats,
        each: impl FnOnce(&[u8], &mut Stats),
    ) {
        if !self.may_open(packet.time) {
            return stats.hit(Limit::Quic);
        }
        while self.waiting.front().is_some_and(|w| packet.time.since(w.since) > PATIENCE) {
            self.waiting.pop_front();
        }
        let of = |w: &Waiting| w.client == packet.src && w.server == packet.dst;
        let Some(at) = self.waiting.iter().position(of) else { return self.begin(packet, stats, each) };
        let Some(waiting) = self.waiting.get_mut(at) else { return };
        if waiting.initial.add(packet.payload).is_err() {
            // Another connection may use the ports by now, or a server has asked for a new beginning.
            self.waiting.remove(at);
            return self.begin(packet, stats, each);
        }
        if let Some(hello) = waiting.initial.client_hello() {
            each(hello, stats);
            self.waiting.remove(at);
        }
    }

    fn begin(&mut self, packet: &Packet<'_>, stats: &mut Stats, each: impl FnOnce(&[u8], &mut Stats)) {
        // The later Initials of a connection have other keys: not to be opened is no fault.
        let Ok(initial) = ClientInitial::open(packet.payload) else { return };
        if let Some(hello) = initial.client_hello() {
            return each(hello, stats);
        }
        if self.waiting.len() >= MAX_WAITING {
            stats.hit(Limit::Quic);
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting {
            client: packet.src,
            server: packet.dst,
            since: packet.time,
            initial,
        });
    }

    fn may_open(&mut self, now: Time) -> bool {
        let second = now.0 / Time::SECOND;
        if self.opened.0 != second {
            self.opened = (second, 0);
        }
        self.opened.1 = self.opened.1.saturating_add(1);
        self.opened.1 <= MAX_A_SECOND
    }
}
