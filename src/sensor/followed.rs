//! One followed flow: both its streams, cut into messages, and the session that heeds them.

use super::reading::{Heed, Reading, Talk};
use super::stats::{Limit, Stats};
use crate::detect::session::{Facts, Session};
use crate::detect::{Certainty, Transport};
use crate::flow::stream::{Piece, Segment, Stream, Trouble};
use crate::flow::{Settings, Way};
use crate::packet::{Packet, Time, Vlans};
use crate::screen::{Hint, Tag};

/// A followed flow.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) id: u64,
    pub(super) tag: Tag,
    up: Side,
    down: Side,
    pub(super) session: Session,
    pub(super) vlans: Vlans,
    /// Lines or frames that were no messages, while nothing was proven.
    pub(super) junk: u32,
    talk: Talk,
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
    reading: Reading,
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
            talk: Talk::default(),
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
        let Self { up, down, session, junk, talk, .. } = self;
        let Side { stream, reading } = match way {
            Way::Up => up,
            Way::Down => down,
        };
        let segment = Segment { seq: packet.tcp.seq, bytes: packet.payload, len: packet.payload_len };
        let mut heed = Heed { session, stats, junk, way, now: packet.time, limit };
        let trouble = stream.insert(segment, packet.time, bounds, |piece| match piece {
            Piece::Bytes(bytes) => reading.feed(bytes, talk, &mut heed),
            Piece::Earlier(bytes) => Reading::default().feed(bytes, talk, &mut heed),
            Piece::Anew(bytes) => {
                *reading = Reading::default();
                reading.feed(bytes, talk, &mut heed);
            }
            Piece::Gap => reading.resync(),
        });
        self.account(before, trouble, stats);
    }

    /// Heeds what waited behind holes that nothing will fill any more, and gives all bytes back.
    pub(super) fn finish(&mut self, now: Time, bounds: &Settings, stats: &mut Stats) {
        let before = self.buffered();
        let Self { up, down, session, junk, talk, .. } = self;
        let mut trouble = Trouble::default();
        for (way, Side { stream, reading }) in [(Way::Up, up), (Way::Down, down)] {
            let mut heed = Heed { session, stats, junk, way, now, limit: bounds.max_line };
            let t = stream.finish(|piece| match piece {
                Piece::Bytes(bytes) | Piece::Earlier(bytes) | Piece::Anew(bytes) => {
                    reading.feed(bytes, talk, &mut heed);
                }
                Piece::Gap => reading.resync(),
            });
            trouble.gaps += t.gaps;
            reading.resync();
            stream.shed();
        }
        self.account(before, trouble, stats);
    }

    /// Drops the disorder and the unfinished messages.
    pub(super) fn shed(&mut self, stats: &mut Stats) {
        let before = self.buffered();
        for side in [&mut self.up, &mut self.down] {
            side.stream.shed();
            side.reading.resync();
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
        [&self.up, &self.down].iter().map(|s| s.stream.buffered() + s.reading.buffered()).sum()
    }

    /// Whether nothing unfinished and nothing suspect is left: the flow was opened for nothing.
    pub(super) fn is_empty(&self) -> bool {
        let open = |s: &Side| match &s.reading {
            Reading::Lines(_) => !s.reading.is_between() || s.stream.buffered() > 0,
            // A WebSocket may begin with other talk than mining.
            Reading::Http(_) | Reading::WebSocket(_) => !self.talk.is_refused(),
        };
        // The user of an HTTP request is anybody's until a body says more.
        let suspect = match (&self.up.reading, &self.down.reading) {
            (Reading::Http(_), Reading::Http(_)) => self.session.is_strong() || self.session.certainty().is_some(),
            _ => self.session.is_suspect(),
        };
        !suspect && !open(&self.up) && !open(&self.down)
    }

    /// Reads it as what the screen saw: HTTP heads that ask for a WebSocket, or a WebSocket's frames in mid-stream.
    pub(super) fn read_as(&mut self, hint: Hint) {
        let reading = || match hint {
            Hint::Frame => Reading::WebSocket(Box::default()),
            Hint::Http => Reading::Http(Box::default()),
            Hint::Agent | Hint::Object | Hint::ObjectAfter(_) | Hint::Text => Reading::default(),
        };
        (self.up.reading, self.down.reading) = (reading(), reading());
        if hint == Hint::Frame {
            self.session.carried(Transport::WebSocket, None, None);
        }
    }
}
