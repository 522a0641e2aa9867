//! What one worker owns: frames in, events out. It has no clock, socket, file, thread or lock: time comes with the
//! frames (or [`Sensor::advance`]), and the same frames give the same events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::detect::claim::Claim;
use crate::detect::{Event, Phase};
use crate::flow::table::{Class, Handle, Table};
use crate::flow::{self, FlowKey, Way};
use crate::learned::Learned;
use crate::packet::{self, Frame, Packet, Proto, Time};
use crate::rules::RuleSet;
use crate::screen::{Followed, Hint, HttpSpeakers, Tag, Told as Repeats};
use crate::wire::{dns, tls};

mod claims;
mod followed;
mod heed;
mod judge;
mod names;
mod questions;
mod quic;
mod reading;
mod recent;
mod report;
mod stats;
mod talk;
mod waiting;

pub use stats::{Evicted, Limit, Messages, NameWire, Stats};

use followed::{Flow, Known, Told};
use names::{Ends, Names};
use questions::Questions;
use quic::Handshakes;
use recent::Recent;
use waiting::Waiting;

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

/// One worker's whole state. See [`Sensor::frame`] for the contract.
#[derive(Debug)]
pub struct Sensor {
    settings: Settings,
    rules: Arc<RuleSet>,
    worker: u8,
    stats: Stats,
    flows: Table<Flow>,
    followed: Followed,
    http: HttpSpeakers,
    /// Directions in which a client has greeted over TLS.
    greeted: HttpSpeakers,
    recent: Recent,
    handshakes: Handshakes,
    questions: Questions,
    /// What all workers learn together.
    learned: Arc<Learned>,
    /// Claims of the packet in hand.
    claims: Vec<Claim>,
    told: Repeats,
    /// Flows with a claim that waits whether more is heard. Some may be gone, or told.
    expecting: Vec<Handle>,
    waiting: Waiting,
    /// Flows whose alert still waits for dialect or payee. Some may be gone; telling another in their place is no harm.
    unsettled: Vec<Handle>,
    /// The flow whose packet is being looked at.
    current: Option<Handle>,
    now: Time,
    next_tick: Time,
    /// A payload that makes a test's packet panic.
    #[cfg(test)]
    poison: Option<Vec<u8>>,
}

/// Unproven flows may hold this many lines or frames that are no messages.
const MAX_JUNK: u32 = 8;
/// Microseconds a closed session is kept, so that a late copy of its last segment opens no other.
const LINGER: u64 = 3 * Time::SECOND;

impl Sensor {
    /// A sensor that has seen nothing. `worker` goes into flow ids, so that workers never share one.
    pub fn new(settings: Settings, rules: Arc<RuleSet>, worker: u8) -> Self {
        Self::with_learned(settings, rules, Arc::default(), worker)
    }

    /// A sensor that shares with others what they learn.
    pub fn with_learned(settings: Settings, rules: Arc<RuleSet>, learned: Arc<Learned>, worker: u8) -> Self {
        Self {
            settings,
            rules,
            worker,
            stats: Stats::default(),
            flows: Table::default(),
            followed: Followed::default(),
            http: HttpSpeakers::default(),
            greeted: HttpSpeakers::default(),
            handshakes: Handshakes::default(),
            questions: Questions::default(),
            learned,
            claims: Vec::new(),
            told: Repeats::default(),
            expecting: Vec::new(),
            waiting: Waiting::default(),
            recent: Recent::default(),
            unsettled: Vec::new(),
            current: None,
            now: Time::default(),
            next_tick: Time::default(),
            #[cfg(test)]
            poison: None,
        }
    }

    /// Looks at one frame and appends what it finds to `events`. A panic inside costs the flow that was looked at, and
    /// is counted.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>, events: &mut Vec<Event>) {
        if catch_unwind(AssertUnwindSafe(|| self.look(frame, events))).is_err() {
            self.abandon(events);
        }
    }

    #[inline]
    fn look(&mut self, frame: &Frame<'_>, events: &mut Vec<Event>) {
        self.stats.frames += 1;
        self.stats.bytes += u64::from(frame.wire_len);
        self.now = frame.time;
        if frame.time >= self.next_tick {
            self.advance(frame.time, events);
        }
        // By reference: a packet is not small enough to be moved for nothing.
        match &packet::decode(frame) {
            Ok(packet) if packet.proto == Proto::Tcp => self.tcp(packet, events),
            Ok(packet) => self.udp(packet, events),
            Err(skip) => {
                if let Some(n) = self.stats.skipped.get_mut(*skip as usize) {
                    *n += 1;
                }
            }
        }
    }

    /// Says that packet time has come to `now` without a frame: expires, tells what waited. Cheap; call it each second.
    pub fn advance(&mut self, now: Time, events: &mut Vec<Event>) {
        self.now = now;
        self.next_tick = Time(now.0.saturating_add(Time::SECOND));
        let bounds = self.settings.flow;
        let classes = [
            (Class::Closed, LINGER, Evicted::Closed),
            (Class::Candidate, bounds.candidate_idle, Evicted::Idle),
            (Class::Suspect, bounds.session_idle, Evicted::Idle),
            (Class::Proven, bounds.session_idle, Evicted::Idle),
        ];
        for (class, idle, why) in classes {
            while let Some((handle, last)) =
                self.flows.oldest(class).filter(|(_, last)| now.since(*last) > idle)
            {
                self.now = last;
                self.end(handle, why, events);
            }
        }
        self.now = now;
        for handle in std::mem::take(&mut self.unsettled) {
            if let Some(flow) = self.flows.get_mut(handle) {
                flow.waits = false;
            }
            self.tell(handle, events);
        }
        self.wait_over(events);
    }

    /// Ends every session (final records) because the capture ends.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        while let Some(claimed) = self.waiting.over(self.now, 0) {
            self.tell_waiting(claimed, events);
        }
        for handle in self.flows.handles() {
            self.end(handle, Evicted::Closed, events);
        }
    }

    /// Drops the flow whose packet was being looked at, after a panic.
    #[cold]
    fn abandon(&mut self, events: &mut Vec<Event>) {
        self.stats.panics += 1;
        let Some(handle) = self.current.take() else { return };
        // Its account may be half changed; if even its end cannot be told, the flow goes without.
        let ended = catch_unwind(AssertUnwindSafe(|| self.end(handle, Evicted::Panicked, events)));
        if ended.is_err() {
            self.flows.remove(handle);
        }
    }

    /// Uses other rules from the next frame on.
    pub fn replace_rules(&mut self, rules: Arc<RuleSet>) {
        self.rules = rules;
    }

    /// Uses other bounds and intervals from the next frame on; a lowered bound is met by eviction as flows come.
    pub const fn replace_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// The counters so far.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The straight path: most packets end at the first two questions.
    #[inline]
    fn tcp(&mut self, packet: &Packet<'_>, events: &mut Vec<Event>) {
        if packet.payload.is_empty() && !(packet.tcp.syn || packet.tcp.fin || packet.tcp.rst) {
            return;
        }
        let tag = Tag::of(packet);
        if packet.tcp.syn {
            self.http.forget(tag);
            self.greeted.forget(tag);
        }
        if self.followed.maybe(tag) {
            let (key, way) = FlowKey::of(packet);
            if let Some(handle) = self.flows.find(&key) {
                self.known(handle, way, packet, events);
                return;
            }
        }
        if packet.tcp.syn && !packet.tcp.ack {
            self.forget_told(tag);
            if self.learned.may_be_watched(packet.dst.addr) {
                self.expect_by_name(tag, packet, packet.src, packet.dst, events);
                return;
            }
        } else if packet.tcp.syn && self.learned.may_be_watched(packet.src.addr) {
            // Where only the server is heard, its answer is the first of a connection.
            self.expect_by_name(tag, packet, packet.dst, packet.src, events);
            return;
        }
        if packet.payload.is_empty() {
            return;
        }
        let hint = match judge::look(packet.payload, &self.rules) {
            // Only the port tells.
            None | Some(Hint::Prefixed(_))
                if is_dns(packet)
                    && (dns::looks_like_tcp(packet.payload) || is_dns_length(packet.payload)) =>
            {
                Some(Hint::Dns)
            }
            hint => hint,
        };
        if hint.is_none_or(|hint| !self.unknown(tag, hint, packet, events)) {
            self.expect_by_address(tag, packet, events);
        }
    }

    /// A segment of a flow that is not followed, which the screen let through.
    /// Says whether the flow is followed from now on.
    fn unknown(&mut self, tag: Tag, hint: Hint, packet: &Packet<'_>, events: &mut Vec<Event>) -> bool {
        let (key, way) = FlowKey::of(packet);
        let to_low = way == Way::Down;
        if hint == Hint::Http {
            self.http.note(tag, to_low, packet.payload);
        }
        let sign = match hint {
            Hint::Coin(network) => {
                self.stats.met(network);
                return false;
            }
            Hint::Hello => {
                self.stats.named(NameWire::Tls);
                self.greeted.mark(tag, to_low);
                judge::opens(hint, packet.payload, &self.rules) || self.learned.may_be_endpoint(packet.dst)
            }
            // To a server that spoke mining before, a web site's visitor is worth a look.
            Hint::Http => {
                judge::opens(hint, packet.payload, &self.rules) || self.learned.may_be_endpoint(packet.dst)
            }
            // Where only the server is heard, its certificate is all that names it.
            Hint::ServerHello => !self.greeted.knows(tag, !to_low),
            Hint::Agent | Hint::Object | Hint::ObjectAfter(_) | Hint::Text => {
                self.lines(key, way, tag, hint, packet)
            }
            Hint::Words if self.http.knows(tag, to_low) => false,
            _ => judge::opens(hint, packet.payload, &self.rules),
        };
        if !sign {
            return false;
        }
        let handle = self.open(key, way, tag, hint, packet, events);
        if hint == Hint::Hello {
            self.expect_by_part(handle, way, packet);
        }
        self.segment(handle, way, packet);
        for late in self.recent.take(&key, self.now, self.settings.flow.gap_timeout) {
            let again = Packet {
                tcp: packet::TcpFields { seq: late.seq, ..packet.tcp },
                payload: &late.bytes,
                payload_len: u32::try_from(late.bytes.len()).unwrap_or(u32::MAX),
                ..*packet
            };
            self.segment(handle, late.way, &again);
        }
        self.conclude(handle, way, packet, events);
        true
    }

    /// A hello that goes on in the next segment names a listed host: should that segment be lost, it is told all the same.
    fn expect_by_part(&mut self, handle: Handle, way: Way, packet: &Packet<'_>) {
        let tls::Glance::Part { hello } = tls::glance(packet.payload) else { return };
        let ends = Ends { client: packet.src, server: packet.dst, port: None };
        let mut names =
            Names { rules: &self.rules, learned: &self.learned, claims: &mut self.claims, now: packet.time };
        names.part(ends, &hello);
        let Some(claim) = self.claims.pop() else { return };
        if let Some(flow) = self.flows.get_mut(handle) {
            flow.expect(claim, way, packet.time);
        }
        self.wait_for(handle);
    }

    /// Whether a segment of lines is worth following its flow; if not, it is remembered for a moment.
    fn lines(&mut self, key: FlowKey, way: Way, tag: Tag, hint: Hint, packet: &Packet<'_>) -> bool {
        if self.http.knows(tag, way == Way::Down) {
            return false;
        }
        self.stats.screened_in += 1;
        let from = match hint {
            Hint::ObjectAfter(from) => from,
            _ => 0,
        };
        let text = packet.payload.get(from..).unwrap_or_default();
        let quoted = || self.recent.is_mid_line(&key, way, packet.tcp.seq);
        let opens = judge::opens(hint, text, &self.rules) && !quoted();
        if !opens && hint != Hint::Agent {
            self.recent.keep(key, way, packet);
        }
        opens
    }

    /// Follows a flow from now on, with room made for it.
    fn open(
        &mut self,
        key: FlowKey,
        way: Way,
        tag: Tag,
        hint: Hint,
        packet: &Packet<'_>,
        events: &mut Vec<Event>,
    ) -> Handle {
        while self.flows.len() >= self.settings.flow.max_flows.max(1) {
            self.stats.hit(Limit::Flows);
            let Some(handle) = self.flows.least() else { break };
            self.end(handle, Evicted::Full, events);
        }
        let flow = Flow::new(tag, hint, way, packet, self.worker);
        self.followed.add(tag);
        self.stats.flows_created += 1;
        let handle = self.flows.insert(key, packet.time, flow);
        self.stats.flows = self.flows.len() as u64;
        handle
    }

    /// A segment of a followed flow.
    fn known(&mut self, handle: Handle, way: Way, packet: &Packet<'_>, events: &mut Vec<Event>) {
        self.stats.screened_in += 1;
        let Some(flow) = self.flows.get_mut(handle) else { return };
        if packet.tcp.syn {
            // A late copy of this connection's own SYN, or its answer, is nothing, and so is an answer that the client's
            // first bytes overtook; any other begins a new connection.
            let answers = packet.tcp.ack && !flow.has_begun(way);
            if flow.spoke && !answers && !flow.begins_at(way, packet.tcp.seq.wrapping_add(1)) {
                let tag = flow.tag;
                self.end(handle, Evicted::Closed, events);
                self.forget_told(tag);
            }
            return;
        }
        if packet.payload.starts_with(b"HTTP/1.") {
            // The flow may be let go before the body, which may quote anything.
            self.http.note(flow.tag, way == Way::Down, packet.payload);
        } else if tls::looks_like_client(packet.payload) {
            // The same for the certificate: who was greeted by name needs none.
            self.greeted.note(flow.tag, way == Way::Down, packet.payload);
        }
        if !packet.payload.is_empty() {
            self.segment(handle, way, packet);
        }
        self.conclude(handle, way, packet, events);
    }

    /// Puts a segment into its stream and heeds the messages that it completes.
    fn segment(&mut self, handle: Handle, way: Way, packet: &Packet<'_>) {
        self.current = Some(handle);
        #[cfg(test)]
        assert_ne!(self.poison.as_deref(), Some(packet.payload), "the test's own panic");
        if let Some(flow) = self.flows.get_mut(handle) {
            let known = Known { rules: &self.rules, learned: &self.learned, claims: &mut self.claims };
            flow.segment(way, packet, known, &self.settings.flow, &mut self.stats);
        }
        self.current = None;
    }

    /// What follows from a packet of a followed flow: its session is told, kept, or dropped.
    fn conclude(&mut self, handle: Handle, way: Way, packet: &Packet<'_>, events: &mut Vec<Event>) {
        let now = self.now;
        let Some(flow) = self.flows.get_mut(handle) else { return };
        if !self.claims.is_empty() {
            let (tag, id, vlans) = (flow.tag, flow.id, flow.vlans);
            self.claim_all(tag, id, Proto::Tcp, vlans, events);
        }
        let Some(flow) = self.flows.get_mut(handle) else { return };
        match way {
            _ if packet.tcp.rst => flow.closed = [true; 2],
            Way::Up => flow.closed[0] |= packet.tcp.fin,
            Way::Down => flow.closed[1] |= packet.tcp.fin,
        }
        let certainty = flow.certainty();
        let waits = flow.is_expected(now);
        let over = flow.is_empty() || flow.junk >= MAX_JUNK || flow.session.is_quoted();
        if certainty.is_none() && over && !waits {
            self.end(handle, Evicted::Refuted, events);
            return;
        }
        let class = match (certainty, flow.closed) {
            (_, [true, true]) => Class::Closed,
            // Where only one side is seen, its FIN is the last that is heard.
            (Some(_), [false, false]) => Class::Proven,
            (None, [false, false]) if flow.session.is_strong() => Class::Suspect,
            _ => Class::Candidate,
        };
        self.flows.touch(handle, now, class);
        if certainty.is_some() {
            self.tell(handle, events);
            self.teach(handle);
        }
        if self.stats.stream_bytes > self.settings.flow.max_stream_bytes as u64 {
            self.shed(handle, events);
        }
    }

    /// Too many bytes wait in streams: unproven flows go first, then this flow's own disorder.
    fn shed(&mut self, handle: Handle, events: &mut Vec<Event>) {
        self.stats.hit(Limit::StreamBytes);
        while self.stats.stream_bytes > self.settings.flow.max_stream_bytes as u64 {
            let oldest = self.flows.oldest(Class::Closed).or_else(|| self.flows.oldest(Class::Candidate));
            let Some((oldest, _)) = oldest else { break };
            self.end(oldest, Evicted::Full, events);
        }
        if self.stats.stream_bytes <= self.settings.flow.max_stream_bytes as u64 {
            return;
        }
        if let Some(flow) = self.flows.get_mut(handle) {
            flow.shed(&mut self.stats);
        }
    }

    /// Tells a session for the first time, as soon as what it says would not soon change; later at intervals, and when
    /// something else is known of it.
    fn tell(&mut self, handle: Handle, events: &mut Vec<Event>) {
        let (now, interval, settle) =
            (self.now, self.settings.session.interval, self.settings.session.settle);
        let Some(key) = self.flows.key(handle) else { return };
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let Some(certainty) = flow.certainty() else { return };
        let proven_at = *flow.proven_at.get_or_insert(now);
        let phase = match flow.told {
            None if flow.session.is_settled() || now.since(proven_at) >= settle => Phase::Confirmed,
            Some(told) if now.since(told.at) >= interval => Phase::Interval,
            // What a dashboard groups by should not wait for the interval.
            Some(told) if now.since(told.at) >= settle && flow.session.facts() != told.facts => {
                Phase::Interval
            }
            None if !flow.waits => {
                flow.waits = true;
                self.unsettled.push(handle);
                return;
            }
            None | Some(_) => return,
        };
        flow.told = Some(Told { at: now, certainty, facts: flow.session.facts() });
        report::tell(key, flow, certainty, (&self.rules, &self.learned), phase, now, events);
    }

    /// Learns the server of a session that was told, as soon as it hands out work: others may talk to it in a moment.
    fn teach(&mut self, handle: Handle) {
        let Some(key) = self.flows.key(handle) else { return };
        let Some(flow) = self.flows.get_mut(handle) else { return };
        if let Some(told) = flow.told.filter(|_| !flow.taught && flow.session.is_served()) {
            flow.taught = true;
            report::teach(key, flow, told.certainty, (&self.rules, &self.learned));
        }
    }

    /// Takes a flow out and tells the end of its session.
    fn end(&mut self, handle: Handle, why: Evicted, events: &mut Vec<Event>) {
        let Some((key, mut flow)) = self.flows.remove(handle) else { return };
        let known = Known { rules: &self.rules, learned: &self.learned, claims: &mut self.claims };
        flow.finish(key, self.now, known, &self.settings.flow, &mut self.stats);
        self.followed.remove(flow.tag);
        self.stats.flows = self.flows.len() as u64;
        if let Some(n) = self.stats.flows_evicted.get_mut(why as usize) {
            *n += 1;
        }
        self.remember_web(&key, &flow);
        let claims = std::mem::take(&mut self.claims).into_iter().chain(flow.pending_claim());
        for claim in claims {
            self.claim(claim, flow.tag, flow.id, Proto::Tcp, flow.vlans, events);
        }
        let Some(certainty) = flow.certainty() else { return };
        self.waiting.forget(&key);
        let known = (&*self.rules, &*self.learned);
        if flow.told.is_none() {
            report::tell(key, &mut flow, certainty, known, Phase::Confirmed, self.now, events);
        }
        report::tell(key, &mut flow, certainty, known, Phase::Final, self.now, events);
    }
}

/// Whether a name server is at one end. DNS has no form that would tell it on other ports, and mDNS (5353) asks nobody
/// beyond the link.
#[inline]
const fn is_dns(packet: &Packet<'_>) -> bool {
    packet.src.port == 53 || packet.dst.port == 53
}

/// Whether a segment is only the length of a message to or from a name server, which some clients write alone
/// (RFC 7766, 8), or begins one.
const fn is_dns_length(payload: &[u8]) -> bool {
    match payload {
        [high] => *high < 16,
        [high, low] => u16::from_be_bytes([*high, *low]) as usize > dns::HEADER,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
