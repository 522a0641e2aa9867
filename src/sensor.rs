//! What one worker owns: frames in, events out. It has no clock, socket, file, thread or lock: time comes with the
//! frames (or [`Sensor::advance`]), and the same frames give the same events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::detect::session::{Heeded, Session};
use crate::detect::{Alert, Certainty, Dialect, Event, FlowIdentity, Phase, SessionRecord, Signal};
use crate::flow::stream::{Piece, Segment, Stream, Trouble};
use crate::flow::table::{Class, Handle, Table};
use crate::flow::{self, FlowKey, Way};
use crate::packet::{self, Frame, Packet, Proto, Skip, Time, Vlans};
use crate::rules::RuleSet;
use crate::screen::{self, Followed, Hint, HttpSpeakers, Tag};
use crate::stratum::{self, Role};
use crate::wire::line::{self, Framer};

mod judge;
mod recent;

use recent::Recent;

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
    settings: Settings,
    rules: Arc<RuleSet>,
    worker: u8,
    stats: Stats,
    flows: Table<Flow>,
    followed: Followed,
    http: HttpSpeakers,
    recent: Recent,
    /// Proven flows whose alert still waits for dialect or payee.
    unsettled: Vec<Handle>,
    /// The flow whose packet is being looked at.
    current: Option<Handle>,
    now: Time,
    next_tick: Time,
}

/// A followed flow.
#[derive(Debug)]
struct Flow {
    id: u64,
    tag: Tag,
    up: Side,
    down: Side,
    session: Session,
    vlans: Vlans,
    /// Lines that were no messages, while nothing was proven.
    junk: u32,
    /// Which sides have said that they are done.
    closed: [bool; 2],
    proven_at: Option<Time>,
    /// When the account was last told.
    told: Option<Time>,
}

/// One direction of a flow.
#[derive(Debug, Default)]
struct Side {
    stream: Stream,
    framer: Framer,
}

impl Flow {
    const fn side_mut(&mut self, way: Way) -> &mut Side {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }

    fn buffered(&self) -> usize {
        [&self.up, &self.down].iter().map(|s| s.stream.buffered() + s.framer.buffered()).sum()
    }

    /// Whether nothing unfinished and nothing suspect is left: the flow was opened for nothing.
    fn is_empty(&self) -> bool {
        let idle = |s: &Side| s.framer.is_between() && s.stream.buffered() == 0;
        !self.session.is_suspect() && idle(&self.up) && idle(&self.down)
    }
}

/// Unproven flows may hold this many lines that are no messages.
const MAX_JUNK: u32 = 3;

impl Sensor {
    /// A sensor that has seen nothing. `worker` goes into flow ids, so that workers never share one.
    pub fn new(settings: Settings, rules: Arc<RuleSet>, worker: u8) -> Self {
        Self {
            settings,
            rules,
            worker,
            stats: Stats::default(),
            flows: Table::default(),
            followed: Followed::default(),
            http: HttpSpeakers::default(),
            recent: Recent::default(),
            unsettled: Vec::new(),
            current: None,
            now: Time::default(),
            next_tick: Time::default(),
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
        match packet::decode(frame) {
            Ok(packet) if packet.proto == Proto::Tcp => self.tcp(&packet, events),
            Ok(_) => {}
            Err(skip) => {
                if let Some(n) = self.stats.skipped.get_mut(skip as usize) {
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
        for (class, idle) in [(Class::Candidate, bounds.candidate_idle), (Class::Proven, bounds.session_idle)] {
            while let Some((handle, last)) = self.flows.oldest(class).filter(|(_, last)| now.since(*last) > idle) {
                self.now = last;
                self.end(handle, Evicted::Idle, events);
            }
        }
        self.now = now;
        for handle in std::mem::take(&mut self.unsettled) {
            self.tell(handle, events);
        }
    }

    /// Ends every session (final records) because the capture ends.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
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
        if self.followed.maybe(tag) {
            let (key, way) = FlowKey::of(packet);
            if let Some(handle) = self.flows.find(&key) {
                self.known(handle, way, packet, events);
                return;
            }
        }
        if packet.tcp.syn {
            self.http.forget(tag);
        }
        if let Some(hint) = screen::look(packet.payload) {
            self.unknown(tag, hint, packet, events);
        }
    }

    /// A segment of a flow that is not followed, which the screen let through.
    fn unknown(&mut self, tag: Tag, hint: Hint, packet: &Packet<'_>, events: &mut Vec<Event>) {
        let (key, way) = FlowKey::of(packet);
        let to_low = way == Way::Down;
        if hint == Hint::Http {
            self.http.note(tag, to_low, packet.payload);
            return;
        }
        if self.http.knows(tag, to_low) {
            return;
        }
        self.stats.screened_in += 1;
        let from = match hint {
            Hint::ObjectAfter(from) => from,
            Hint::Agent | Hint::Http | Hint::Object | Hint::Text => 0,
        };
        if hint == Hint::Text || !judge::opens(packet.payload.get(from..).unwrap_or_default()) {
            if hint == Hint::Text {
                self.recent.keep(key, way, packet);
            }
            return;
        }
        let handle = self.open(key, tag, packet, events);
        self.segment(handle, way, packet, from);
        for late in self.recent.take(&key, self.now, self.settings.flow.gap_timeout) {
            let again = Packet {
                tcp: packet::TcpFields { seq: late.seq, ..packet.tcp },
                payload: &late.bytes,
                payload_len: u32::try_from(late.bytes.len()).unwrap_or(u32::MAX),
                ..*packet
            };
            self.segment(handle, late.way, &again, 0);
        }
        self.after(handle, events);
    }

    /// Follows a flow from now on, with room made for it.
    fn open(&mut self, key: FlowKey, tag: Tag, packet: &Packet<'_>, events: &mut Vec<Event>) -> Handle {
        while self.flows.len() >= self.settings.flow.max_flows.max(1) {
            self.hit(Limit::Flows);
            let oldest = self.flows.oldest(Class::Candidate).or_else(|| self.flows.oldest(Class::Proven));
            let Some((handle, _)) = oldest else { break };
            self.end(handle, Evicted::Full, events);
        }
        let flow = Flow {
            id: tag.flow_id(packet.time, self.worker),
            tag,
            up: Side::default(),
            down: Side::default(),
            session: Session::new(packet.time),
            vlans: packet.vlans,
            junk: 0,
            closed: [false; 2],
            proven_at: None,
            told: None,
        };
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
            // A late copy of this connection's own SYN is nothing; any other begins a new connection.
            if !flow.side_mut(way).stream.begins_at(packet.tcp.seq.wrapping_add(1)) {
                self.end(handle, Evicted::Closed, events);
            }
            return;
        }
        if !packet.payload.is_empty() {
            self.segment(handle, way, packet, 0);
        }
        if packet.tcp.fin || packet.tcp.rst {
            self.close(handle, way, packet.tcp.rst, events);
        } else {
            self.after(handle, events);
        }
    }

    /// Puts a segment into its stream and heeds the messages that it completes.
    fn segment(&mut self, handle: Handle, way: Way, packet: &Packet<'_>, from: usize) {
        self.current = Some(handle);
        let bounds = self.settings.flow;
        let (now, stats) = (packet.time, &mut self.stats);
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let before = flow.buffered();
        let proven = flow.session.certainty().is_some();
        let limit = if proven { bounds.max_line } else { bounds.max_candidate_line };
        let Flow { up, down, session, junk, .. } = flow;
        let Side { stream, framer } = match way {
            Way::Up => up,
            Way::Down => down,
        };
        let skipped = u32::try_from(from).unwrap_or(0);
        let segment = Segment {
            seq: packet.tcp.seq.wrapping_add(skipped),
            bytes: packet.payload.get(from..).unwrap_or_default(),
            len: packet.payload_len.saturating_sub(skipped),
        };
        let mut heed = |message: line::Message<'_>| heed(session, way, message, now, stats, junk);
        let trouble = stream.insert(segment, now, &bounds, |piece| match piece {
            Piece::Bytes(bytes) => framer.feed(bytes, limit, &mut heed),
            Piece::Earlier(bytes) => Framer::default().feed(bytes, limit, &mut heed),
            Piece::Gap => framer.resync(),
        });
        let after = flow.buffered();
        self.note(trouble);
        self.stats.stream_bytes = self.stats.stream_bytes.saturating_add(after as u64).saturating_sub(before as u64);
        self.current = None;
    }

    /// What follows from a flow's messages: it is told, kept, or dropped.
    fn after(&mut self, handle: Handle, events: &mut Vec<Event>) {
        let now = self.now;
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let certainty = flow.session.certainty();
        if certainty.is_none() && (flow.is_empty() || flow.junk >= MAX_JUNK || flow.session.is_quoted()) {
            self.end(handle, Evicted::Refuted, events);
            return;
        }
        let closing = flow.closed.contains(&true);
        let class = if certainty.is_some() && !closing { Class::Proven } else { Class::Candidate };
        self.flows.touch(handle, now, class);
        if certainty.is_some() {
            self.tell(handle, events);
        }
        if self.stats.stream_bytes > self.settings.flow.max_stream_bytes as u64 {
            self.shed(handle, events);
        }
    }

    /// Notes that a side is done; when both are, or one broke off, the flow ends.
    fn close(&mut self, handle: Handle, way: Way, reset: bool, events: &mut Vec<Event>) {
        let Some(flow) = self.flows.get_mut(handle) else { return };
        if let Some(side) = flow.closed.get_mut(way as usize) {
            *side = true;
        }
        if reset || flow.closed == [true; 2] {
            self.end(handle, Evicted::Closed, events);
        } else {
            self.after(handle, events);
        }
    }

    /// Too many bytes wait in streams: unproven flows go first, then this flow's own disorder.
    fn shed(&mut self, handle: Handle, events: &mut Vec<Event>) {
        self.hit(Limit::StreamBytes);
        while self.stats.stream_bytes > self.settings.flow.max_stream_bytes as u64 {
            let Some((oldest, _)) = self.flows.oldest(Class::Candidate) else { break };
            self.end(oldest, Evicted::Full, events);
        }
        if self.stats.stream_bytes <= self.settings.flow.max_stream_bytes as u64 {
            return;
        }
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let before = flow.buffered();
        for side in [&mut flow.up, &mut flow.down] {
            side.stream.shed();
            side.framer.resync();
        }
        let freed = before.saturating_sub(flow.buffered()) as u64;
        self.stats.stream_bytes = self.stats.stream_bytes.saturating_sub(freed);
    }

    /// Tells a session for the first time, as soon as what it says would not soon change; later at intervals.
    fn tell(&mut self, handle: Handle, events: &mut Vec<Event>) {
        let (now, interval, settle) = (self.now, self.settings.session.interval, self.settings.session.settle);
        let Some(key) = self.flows.key(handle) else { return };
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let Some(certainty) = flow.session.certainty() else { return };
        let proven_at = *flow.proven_at.get_or_insert(now);
        match flow.told {
            None if flow.session.is_settled() || now.since(proven_at) >= settle => {
                flow.told = Some(now);
                report(key, flow, certainty, &self.rules, Phase::Confirmed, now, events);
            }
            None if !self.unsettled.contains(&handle) => self.unsettled.push(handle),
            Some(told) if now.since(told) >= interval => {
                flow.told = Some(now);
                report(key, flow, certainty, &self.rules, Phase::Interval, now, events);
            }
            None | Some(_) => {}
        }
    }

    /// Takes a flow out and tells the end of its session.
    fn end(&mut self, handle: Handle, why: Evicted, events: &mut Vec<Event>) {
        self.finish_streams(handle);
        let Some((key, mut flow)) = self.flows.remove(handle) else { return };
        self.followed.remove(flow.tag);
        self.unsettled.retain(|h| *h != handle);
        self.stats.flows = self.flows.len() as u64;
        self.stats.stream_bytes = self.stats.stream_bytes.saturating_sub(flow.buffered() as u64);
        if let Some(n) = self.stats.flows_evicted.get_mut(why as usize) {
            *n += 1;
        }
        let Some(certainty) = flow.session.certainty() else { return };
        if flow.told.is_none() {
            report(key, &mut flow, certainty, &self.rules, Phase::Confirmed, self.now, events);
        }
        report(key, &mut flow, certainty, &self.rules, Phase::Final, self.now, events);
    }

    /// Heeds what waited behind holes that nothing will fill any more.
    fn finish_streams(&mut self, handle: Handle) {
        let (now, limit, stats) = (self.now, self.settings.flow.max_line, &mut self.stats);
        let Some(flow) = self.flows.get_mut(handle) else { return };
        let before = flow.buffered();
        let Flow { up, down, session, junk, .. } = flow;
        let mut trouble = Trouble::default();
        for (way, Side { stream, framer }) in [(Way::Up, up), (Way::Down, down)] {
            let mut heed = |message: line::Message<'_>| heed(session, way, message, now, stats, junk);
            let t = stream.finish(|piece| match piece {
                Piece::Bytes(bytes) | Piece::Earlier(bytes) => framer.feed(bytes, limit, &mut heed),
                Piece::Gap => framer.resync(),
            });
            trouble.gaps += t.gaps;
        }
        let after = flow.buffered();
        self.stats.stream_bytes = self.stats.stream_bytes.saturating_add(after as u64).saturating_sub(before as u64);
        self.note(trouble);
    }

    fn note(&mut self, trouble: Trouble) {
        self.stats.stream_gaps += u64::from(trouble.gaps);
        for _ in 0..trouble.overflow {
            self.hit(Limit::OutOfOrder);
        }
    }

    fn hit(&mut self, limit: Limit) {
        self.stats.hit(limit);
    }
}

impl Stats {
    fn hit(&mut self, limit: Limit) {
        if let Some(n) = self.limit_hits.get_mut(limit as usize) {
            *n += 1;
        }
    }
}

/// Heeds one message of the wire.
fn heed(
    session: &mut Session,
    way: Way,
    message: line::Message<'_>,
    now: Time,
    stats: &mut Stats,
    junk: &mut u32,
) {
    let heeded = match message {
        line::Message::Object(object) => session.line(way, &stratum::Line::read(object), now),
        line::Message::Overlong { head, tail } => {
            stats.hit(Limit::Line);
            session.line(way, &stratum::Line::read_overlong(head, tail), now)
        }
        line::Message::Agent(bytes) => match stratum::read_agent(bytes) {
            Some(message) => session.message(way, &message, now),
            None => Heeded::Other,
        },
        line::Message::Junk => {
            stats.malformed_lines += 1;
            *junk = junk.saturating_add(1);
            return;
        }
    };
    let dialect = match heeded {
        Heeded::Message(dialect) => dialect,
        Heeded::Full(dialect) => {
            stats.hit(Limit::Pending);
            dialect
        }
        Heeded::Other => return,
    };
    if let Some(n) = stats.messages.get_mut(dialect as usize) {
        *n += 1;
    }
}

/// Puts a session's state into events: with the first also the alert.
fn report(
    key: FlowKey,
    flow: &mut Flow,
    certainty: Certainty,
    rules: &RuleSet,
    phase: Phase,
    now: Time,
    events: &mut Vec<Event>,
) {
    let session = &flow.session;
    // Without a message that tells, the side with the lower port is taken for the server.
    let by_port = if key.low.port < key.high.port { Way::Down } else { Way::Up };
    let (client, server) = key.ends(session.miner().unwrap_or(by_port));
    let identity = FlowIdentity { id: flow.id, client, server, proto: Proto::Tcp, vlans: flow.vlans };
    let mining = session.mining(certainty, rules);
    if phase == Phase::Confirmed
        && let Some(rule) = rules.rule(Signal::StratumMessage, mining.dialect)
        && let Some(witness) = session.witness()
    {
        let (from, to) = if witness.role == Some(Role::Pool) { (server, client) } else { (client, server) };
        let when = if mining.midstream { ", found in mid-session" } else { "" };
        let reason =
            format!("{from} sent {} to {to}, which only mining does ({}{when})", witness.name, mining.dialect.name());
        events.push(Event::Alert(Box::new(Alert {
            time: witness.time,
            flow: identity,
            rule: Arc::clone(rule),
            signal: Signal::StratumMessage,
            reason,
            mining: mining.clone(),
        })));
    }
    events.push(Event::Session(Box::new(SessionRecord {
        time: if phase == Phase::Final { mining.last_seen } else { now },
        flow: identity,
        phase,
        mining,
        live: Arc::clone(session.live()),
    })));
}

#[cfg(test)]
mod tests;
