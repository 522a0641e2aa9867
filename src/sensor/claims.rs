//! What names and addresses say, from packet to alert: datagrams that are read for their names, connections that are
//! expected to mine, and the claims that come of both, each told once.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::followed::Flow;
use super::names::{Ends, Names, Naming};
use super::stats::{Evicted, NameWire};
use super::waiting::Claimed;
use super::{Sensor, is_dns, report};
use crate::detect::claim::Claim;
use crate::detect::{Certainty, Event, Signal, Transport};
use crate::flow::FlowKey;
use crate::flow::table::Handle;
use crate::packet::{Endpoint, Packet, Proto, Time, Vlans};
use crate::screen::{Hint, Tag};
use crate::wire::{dns, quic, tls};

/// Microseconds that a claim waits whether the connection itself says more: a miner's next message is mostly a job away.
pub(super) const WAIT: u64 = 10 * Time::SECOND;
/// Seconds of silence after which a flow's signal would be told again.
const REPEAT_FLOW: u32 = 600;
/// Marks a signal that was told as more than a hint.
const SURE: u8 = 0x80;
/// Marks a flow whose client spoke the web to a host that is not listed.
const WEB: u8 = 0x40;
/// Seconds after which a client's lookup of the same name, or attempt to reach the same server, is told again.
const REPEAT_LOOKUP: u32 = 3600;

impl Sensor {
    /// A datagram: names are read from it, and no more.
    #[inline]
    pub(super) fn udp(&mut self, packet: &Packet<'_>, events: &mut Vec<Event>) {
        if is_dns(packet) {
            if dns::looks_like(packet.payload) {
                self.dns(packet, events);
            }
        } else if quic::looks_like_initial(packet.payload) {
            self.quic(packet, events);
        }
    }

    /// A question to a name server, or its answer.
    fn dns(&mut self, packet: &Packet<'_>, events: &mut Vec<Event>) {
        let Ok(message) = dns::Message::read(packet.payload) else {
            self.stats.malformed_dns += 1;
            return;
        };
        if !self.questions.fits(packet, &message) {
            return;
        }
        self.stats.named(NameWire::Dns);
        let mut names =
            Names { rules: &self.rules, learned: &self.learned, claims: &mut self.claims, now: packet.time };
        names.lookup(packet.src, packet.dst, &message);
        self.claim_datagram(packet, events);
    }

    /// A datagram that may begin a QUIC connection.
    fn quic(&mut self, packet: &Packet<'_>, events: &mut Vec<Event>) {
        let Self { rules, learned, claims, handshakes, stats, .. } = self;
        let mut names = Names { rules, learned, claims, now: packet.time };
        handshakes.datagram(packet, stats, |body, stats| match tls::ClientHello::read(body) {
            Ok(hello) => {
                stats.named(NameWire::Quic);
                let ends = Ends { client: packet.src, server: packet.dst, port: None };
                names.hello(ends, &hello, tls::Carrier::Quic, &mut Naming::default());
            }
            Err(_) => stats.malformed_tls += 1,
        });
        self.claim_datagram(packet, events);
    }

    /// A connection begins to an address that the client knows by a listed name: it is followed until it says more.
    pub(super) fn expect_by_name(
        &mut self,
        tag: Tag,
        packet: &Packet<'_>,
        client: Endpoint,
        server: Endpoint,
        events: &mut Vec<Event>,
    ) {
        let ends = Ends { client, server, port: None };
        let mut names =
            Names { rules: &self.rules, learned: &self.learned, claims: &mut self.claims, now: packet.time };
        names.by_dns(ends, Transport::Tcp, &Naming::default());
        if let Some(claim) = self.claims.pop() {
            self.expect(tag, claim, packet, events);
        }
    }

    /// A segment to or from a server that is known for mining, or that a rule names, and that began nothing by itself.
    #[inline]
    pub(super) fn expect_by_address(&mut self, tag: Tag, packet: &Packet<'_>, events: &mut Vec<Event>) {
        if self.may_be_known(packet.dst) || self.may_be_known(packet.src) {
            self.expect_known(tag, packet, events);
        }
    }

    #[inline]
    fn may_be_known(&self, server: Endpoint) -> bool {
        self.learned.may_be_endpoint(server) || self.rules.may_be_address(server.addr)
    }

    fn expect_known(&mut self, tag: Tag, packet: &Packet<'_>, events: &mut Vec<Event>) {
        for (client, server) in [(packet.src, packet.dst), (packet.dst, packet.src)] {
            let Some(mut claim) = self.by_address(tag, client, server, packet.time) else { continue };
            if claim.signal == Signal::LearnedEndpoint
                && self.told.knows(tag.of_kind(WEB), packet.time, REPEAT_FLOW, true)
            {
                claim.doubt();
            }
            self.told.note(tag.of_kind(claim.signal as u8), packet.time);
            let (key, id) = (FlowKey::of(packet).0, tag.flow_id(packet.time, self.worker));
            let claimed = Claimed { key, id, vlans: packet.vlans, since: packet.time, claim };
            if let Some(oldest) = self.waiting.push(claimed) {
                self.tell_waiting(oldest, events);
            }
            return;
        }
    }

    /// Tells what is known of a server's address, unless the connection's messages say more by now.
    pub(super) fn tell_waiting(&mut self, claimed: Claimed, events: &mut Vec<Event>) {
        let Claimed { key, id, vlans, claim, .. } = claimed;
        let flow = self.flows.find(&key).and_then(|handle| self.flows.get_mut(handle));
        if flow.is_none_or(|flow| flow.certainty().is_none()) {
            report::claim(claim, id, Proto::Tcp, vlans, &self.rules, events);
        }
    }

    fn by_address(&mut self, tag: Tag, client: Endpoint, server: Endpoint, now: Time) -> Option<Claim> {
        if self.learned.may_be_endpoint(server)
            && !self.was_told(tag, Signal::LearnedEndpoint, now)
            && let Some(known) = self.learned.endpoint_of(server, now)
        {
            return Some(Claim::of_endpoint(client, server, now, &known));
        }
        if !self.rules.may_be_address(server.addr) {
            return None;
        }
        let told = [Signal::PoolConnection, Signal::MinerScript].map(|s| self.was_told(tag, s, now));
        let rule = self.rules.address(server.addr, server.port).filter(|_| told == [false; 2])?;
        Some(Claim::of_address(client, server, now, &rule))
    }

    /// Remembers of a flow that ends that its client spoke the web to a host that is not listed, where that matters.
    pub(super) fn remember_web(&mut self, key: &FlowKey, flow: &Flow) {
        let maybe = |end| self.learned.may_be_endpoint(end);
        if flow.naming.is_web && (maybe(key.low) || maybe(key.high)) {
            self.told.note(flow.tag.of_kind(WEB), self.now);
        }
    }

    /// Whether a flow's signal was told; it stays so while the flow goes on.
    fn was_told(&mut self, tag: Tag, signal: Signal, now: Time) -> bool {
        self.told.knows(tag.of_kind(signal as u8), now, REPEAT_FLOW, true)
    }

    /// Another connection uses the ports from now on: what was told of the one before does not count for it.
    pub(super) fn forget_told(&mut self, tag: Tag) {
        for signal in Signal::CLAIMS {
            self.told.forget(tag.of_kind(signal as u8));
            self.told.forget(tag.of_kind(signal as u8 | SURE));
        }
        self.told.forget(tag.of_kind(WEB));
    }

    /// Follows a flow whose server the client knows by a listed name, until it says more itself.
    fn expect(&mut self, tag: Tag, claim: Claim, packet: &Packet<'_>, events: &mut Vec<Event>) {
        let (key, way) = FlowKey::of(packet);
        let client = if claim.client == packet.src { way } else { way.back() };
        let handle = self.open(key, way, tag, Hint::Expected, packet, events);
        if let Some(flow) = self.flows.get_mut(handle) {
            flow.expect(claim, client, packet.time);
        }
        self.wait_for(handle);
        if !packet.payload.is_empty() {
            self.segment(handle, way, packet);
            self.conclude(handle, way, packet, events);
        }
    }

    /// Remembers that a flow's claim waits. A flood takes the same places again and again: each counts once.
    pub(super) fn wait_for(&mut self, handle: Handle) {
        if self.expecting.len() > self.flows.len().saturating_mul(2) {
            self.expecting.sort_unstable();
            self.expecting.dedup();
            self.expecting.retain(|handle| self.flows.key(*handle).is_some());
        }
        self.expecting.push(handle);
    }

    /// Tells the claims that have waited long enough. Where nothing was said yet, the end of the flow tells.
    pub(super) fn wait_over(&mut self, events: &mut Vec<Event>) {
        let now = self.now;
        for handle in std::mem::take(&mut self.expecting) {
            let Some(flow) = self.flows.get_mut(handle).filter(|f| f.naming.is_pending()) else { continue };
            let waits = !flow.spoke || flow.is_expected(now);
            if flow.certainty().is_none() && waits {
                self.expecting.push(handle);
                continue;
            }
            self.tell_pending(handle, events);
            if self.flows.get_mut(handle).is_some_and(|f| f.certainty().is_none() && f.is_empty()) {
                self.end(handle, Evicted::Refuted, events);
            }
        }
        while let Some(claimed) = self.waiting.over(now, WAIT) {
            self.tell_waiting(claimed, events);
        }
    }

    /// Tells what a flow's claim waits for, unless its messages say more.
    fn tell_pending(&mut self, handle: Handle, events: &mut Vec<Event>) {
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let Some(claim) = flow.pending_claim() else { return };
        let (tag, id, vlans) = (flow.tag, flow.id, flow.vlans);
        self.claim(claim, tag, id, Proto::Tcp, vlans, events);
    }

    /// Tells the claims of a datagram.
    fn claim_datagram(&mut self, packet: &Packet<'_>, events: &mut Vec<Event>) {
        if !self.claims.is_empty() {
            let tag = Tag::of(packet);
            let id = tag.flow_id(packet.time, self.worker);
            self.claim_all(tag, id, packet.proto, packet.vlans, events);
        }
    }

    /// Tells the claims of the packet in hand.
    pub(super) fn claim_all(
        &mut self,
        tag: Tag,
        id: u64,
        proto: Proto,
        vlans: Vlans,
        events: &mut Vec<Event>,
    ) {
        for claim in std::mem::take(&mut self.claims) {
            self.claim(claim, tag, id, proto, vlans, events);
        }
    }

    /// Tells a claim, once a signal and flow, or once an hour and lookup or attempt.
    pub(super) fn claim(
        &mut self,
        claim: Claim,
        tag: Tag,
        id: u64,
        proto: Proto,
        vlans: Vlans,
        events: &mut Vec<Event>,
    ) {
        let (key, within, renew) = if claim.signal == Signal::PoolLookup || claim.is_attempt {
            let server = claim.is_attempt.then_some(claim.server);
            let asked =
                FixedState::default().hash_one((claim.client.addr, server, &claim.mining.server_name));
            (asked, REPEAT_LOOKUP, false)
        } else {
            (tag.of_kind(claim.signal as u8), REPEAT_FLOW, true)
        };
        // What was only a hint is told again when the flow is surer of it.
        let sure =
            (claim.mining.certainty > Certainty::Hint).then_some(tag.of_kind(claim.signal as u8 | SURE));
        let knows = self.told.knows(key, self.now, within, renew);
        if knows && sure.is_none_or(|sure| self.told.knows(sure, self.now, within, renew)) {
            return;
        }
        self.told.note(key, self.now);
        if let Some(sure) = sure {
            self.told.note(sure, self.now);
        }
        report::claim(claim, id, proto, vlans, &self.rules, events);
    }
}
