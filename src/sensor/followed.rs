//! One followed flow: both its streams, cut into messages, and the session that heeds them.

use super::stats::{Limit, Stats};
use crate::detect::Certainty;
use crate::detect::session::{Facts, Heeded, Session};
use crate::flow::stream::{Piece, Segment, Stream, Trouble};
use crate::flow::{Settings, Way};
use crate::packet::{Packet, Time, Vlans};
use crate::screen::Tag;
use crate::stratum;
use crate::wire::line::{self, Framer};

/// A followed flow.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) id: u64,
    pub(super) tag: Tag,
    up: Side,
    down: Side,
    pub(super) session: Session,
    pub(super) vlans: Vlans,
    /// Lines that were no messages, while nothing was proven.
    pub(super) junk: u32,
    /// Whether the upward and the downward side have said that they are done.
    pub(super) closed: [bool; 2],
    pub(super) proven_at: Option<Time>,
    /// Whether its alert waits for dialect or payee.
    pub(super) waits: bool,
    /// What was told last.
    pub(super) told: Option<Told>,
}

/// What was told of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// When.
    pub(super) at: Time,
    /// How sure it was.
    pub(super) certainty: Certainty,
    /// What was known then.
    pub(super) facts: Facts,
}

/// One direction of a flow.
#[derive(Debug, Default)]
struct Side {
    stream: Stream,
    framer: Framer,
}

impl Flow {
    /// A flow of which nothing was read yet.
    pub(super) fn new(tag: Tag, packet: &Packet<'_>, worker: u8) -> Self {
        Self {
            id: tag.flow_id(packet.time, worker),
            tag,
            up: Side::default(),
            down: Side::default(),
            session: Session::new(packet.time),
            vlans: packet.vlans,
            junk: 0,
            closed: [false; 2],
            proven_at: None,
            waits: false,
            told: None,
        }
    }

    /// Puts a segment into its stream and heeds the messages that it completes.
    pub(super) fn segment(&mut self, way: Way, packet: &Packet<'_>, bounds: &Settings, stats: &mut Stats) {
        let before = self.buffered();
        let proven = self.certainty().is_some();
        let limit = if proven { bounds.max_line } else { bounds.max_candidate_line };
        let Self { up, down, session, junk, .. } = self;
        let Side { stream, framer } = match way {
            Way::Up => up,
            Way::Down => down,
        };
        let segment = Segment { seq: packet.tcp.seq, bytes: packet.payload, len: packet.payload_len };
        let mut heed = |message: line::Message<'_>| heed(session, way, message, packet.time, stats, junk);
        let trouble = stream.insert(segment, packet.time, bounds, |piece| match piece {
            Piece::Bytes(bytes) => framer.feed(bytes, limit, &mut heed),
            Piece::Earlier(bytes) => Framer::default().feed(bytes, limit, &mut heed),
            Piece::Anew(bytes) => {
                *framer = Framer::default();
                framer.feed(bytes, limit, &mut heed);
            }
            Piece::Gap => framer.resync(),
        });
        self.account(before, trouble, stats);
    }

    /// Heeds what waited behind holes that nothing will fill any more, and gives all bytes back.
    pub(super) fn finish(&mut self, now: Time, bounds: &Settings, stats: &mut Stats) {
        let before = self.buffered();
        let Self { up, down, session, junk, .. } = self;
        let mut trouble = Trouble::default();
        for (way, Side { stream, framer }) in [(Way::Up, up), (Way::Down, down)] {
            let mut heed = |message: line::Message<'_>| heed(session, way, message, now, stats, junk);
            let t = stream.finish(|piece| match piece {
                Piece::Bytes(bytes) | Piece::Earlier(bytes) | Piece::Anew(bytes) => framer.feed(bytes, bounds.max_line, &mut heed),
                Piece::Gap => framer.resync(),
            });
            trouble.gaps += t.gaps;
            framer.resync();
            stream.shed();
        }
        self.account(before, trouble, stats);
    }

    /// Drops the disorder and the unfinished messages.
    pub(super) fn shed(&mut self, stats: &mut Stats) {
        let before = self.buffered();
        for side in [&mut self.up, &mut self.down] {
            side.stream.shed();
            side.framer.resync();
        }
        self.account(before, Trouble::default(), stats);
    }

    /// Whether the first byte that came `way` had this sequence number.
    pub(super) fn begins_at(&self, way: Way, seq: u32) -> bool {
        match way {
            Way::Up => self.up.stream.begins_at(seq),
            Way::Down => self.down.stream.begins_at(seq),
        }
    }

    fn account(&self, before: usize, trouble: Trouble, stats: &mut Stats) {
        let after = self.buffered() as u64;
        stats.stream_bytes = stats.stream_bytes.saturating_add(after).saturating_sub(before as u64);
        stats.stream_gaps += u64::from(trouble.gaps);
        for _ in 0..trouble.overflow {
            stats.hit(Limit::OutOfOrder);
        }
    }

    /// How sure it is that this flow mines. What was told once is not taken back.
    pub(super) fn certainty(&self) -> Option<Certainty> {
        self.session.certainty().max(self.told.map(|t| t.certainty))
    }

    /// Bytes held.
    fn buffered(&self) -> usize {
        [&self.up, &self.down].iter().map(|s| s.stream.buffered() + s.framer.buffered()).sum()
    }

    /// Whether nothing unfinished and nothing suspect is left: the flow was opened for nothing.
    pub(super) fn is_empty(&self) -> bool {
        let idle = |s: &Side| s.framer.is_between() && s.stream.buffered() == 0;
        !self.session.is_suspect() && idle(&self.up) && idle(&self.down)
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
