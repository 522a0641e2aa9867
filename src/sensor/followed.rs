//! One followed flow: both its streams, cut into messages, and the session that heeds them.

use super::claims::WAIT;
use super::heed::Heed;
use super::names::Naming;
use super::reading::Reading;
use super::stats::{Limit, Stats};
use super::talk::Talk;
use crate::detect::claim::Claim;
use crate::detect::session::{Facts, Session};
use crate::detect::{Certainty, Transport};
use crate::flow::stream::{Piece, Segment, Stream, Trouble};
use crate::flow::{FlowKey, Settings, Way};
use crate::learned::Learned;
use crate::packet::{Packet, Time, Vlans};
use crate::rules::RuleSet;
use crate::screen::{Hint, Tag};

/// A followed flow.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) id: u64,
    pub(super) tag: Tag,
    /// What the screen took its first segment for, and which way that went.
    opened: (Hint, Way),
    up: Side,
    down: Side,
    pub(super) session: Session,
    pub(super) vlans: Vlans,
    /// Lines or frames that were no messages, while nothing was proven.
    pub(super) junk: u32,
    /// Segments that came while nothing was suspect.
    vain: u32,
    talk: Talk,
    /// What names and addresses say.
    pub(super) naming: Naming,
    /// Since when a claim waits.
    pub(super) waits_since: Option<Time>,
    /// Whether either side has sent anything.
    pub(super) spoke: bool,
    /// Whether the upward and the downward side have said that they are done.
    pub(super) closed: [bool; 2],
    pub(super) proven_at: Option<Time>,
    /// Whether its alert waits for dialect or payee.
    pub(super) waits: bool,
    /// What was told last.
    pub(super) told: Option<Told>,
    /// Whether its server is learned, but for what is known of it later.
    pub(super) taught: bool,
}

/// A connection that could become mining is followed for as many segments: frames of control, empty answers, or an
/// endless message must not hold it for its life. Some three messages of the greatest length fit.
const MAX_VAIN: u32 = 256;

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

/// What a flow is read with, and where its claims go.
pub(super) struct Known<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) learned: &'a Learned,
    pub(super) claims: &'a mut Vec<Claim>,
}

/// One direction of a flow.
#[derive(Debug, Default)]
struct Side {
    stream: Stream,
    reading: Reading,
}

impl Flow {
    /// A flow of which nothing was read yet.
    pub(super) fn new(tag: Tag, hint: Hint, way: Way, packet: &Packet<'_>, worker: u8) -> Self {
        let side = |of: Way| Side { stream: Stream::default(), reading: Reading::of(hint, of == way) };
        let mut talk = Talk::default();
        if matches!(hint, Hint::Hello | Hint::Proxy | Hint::Socks) {
            talk.speaks(way);
        }
        if hint == Hint::ServerHello {
            talk.speaks(way.back());
        }
        let mut session = Session::new(packet.time);
        if hint == Hint::Frame {
            session.carried(Transport::WebSocket);
        }
        Self {
            id: tag.flow_id(packet.time, worker),
            tag,
            opened: (hint, way),
            up: side(Way::Up),
            down: side(Way::Down),
            session,
            vlans: packet.vlans,
            junk: 0,
            vain: 0,
            talk,
            naming: Naming::default(),
            waits_since: None,
            spoke: false,
            closed: [false; 2],
            proven_at: None,
            waits: false,
            told: None,
            taught: false,
        }
    }

    /// Follows the flow for what is known of its server. `client` is which way the client's bytes go.
    pub(super) fn expect(&mut self, claim: Claim, client: Way, now: Time) {
        self.talk.speaks(client);
        self.naming.expect(claim);
        self.waits_since = Some(now);
    }

    /// Whether a claim still waits.
    pub(super) fn is_expected(&self, now: Time) -> bool {
        self.naming.is_pending() && self.waits_since.is_some_and(|since| now.since(since) < WAIT)
    }

    /// The claim that waited, unless messages say more. Where nothing was ever said, it was an attempt.
    pub(super) fn pending_claim(&mut self) -> Option<Claim> {
        let mut claim = self.naming.take().filter(|_| self.session.certainty().is_none())?;
        if !self.spoke {
            claim.mining.certainty = Certainty::Hint;
            claim.is_attempt = true;
            claim.reason.push_str("; nothing was said");
        }
        Some(claim)
    }

    /// Puts a segment into its stream and heeds the messages that it completes.
    pub(super) fn segment(
        &mut self,
        way: Way,
        packet: &Packet<'_>,
        known: Known<'_>,
        bounds: &Settings,
        stats: &mut Stats,
    ) {
        if !std::mem::replace(&mut self.spoke, true) {
            self.waits_since = self.waits_since.map(|_| packet.time);
        }
        let before = self.buffered();
        let proven = self.certainty().is_some();
        self.vain = if self.session.is_suspect() { 0 } else { self.vain.saturating_add(1) };
        let limit = if proven { bounds.max_line } else { bounds.max_candidate_line };
        let Self { up, down, session, junk, talk, naming, opened: (hint, seen), .. } = self;
        let anew = || Reading::of(*hint, *seen == way);
        let Side { stream, reading } = match way {
            Way::Up => up,
            Way::Down => down,
        };
        let segment = Segment { seq: packet.tcp.seq, bytes: packet.payload, len: packet.payload_len };
        let ends = FlowKey::of(packet).0;
        let Known { rules, learned, claims } = known;
        let now = packet.time;
        let mut heed = Heed { rules, learned, claims, session, naming, stats, junk, ends, way, now, limit };
        let trouble = stream.insert(segment, packet.time, bounds, |piece| match piece {
            Piece::Bytes(bytes) => reading.feed(bytes, talk, &mut heed),
            Piece::Earlier(bytes) => anew().feed(bytes, talk, &mut heed),
            Piece::Anew(bytes) => {
                *reading = anew();
                reading.feed(bytes, talk, &mut heed);
            }
            Piece::Gap => {
                heed.session.missed();
                reading.resync();
            }
        });
        self.account(before, trouble, stats);
    }

    /// Heeds what waited behind holes that nothing will fill any more, and gives all bytes back.
    pub(super) fn finish(
        &mut self,
        ends: FlowKey,
        now: Time,
        known: Known<'_>,
        bounds: &Settings,
        stats: &mut Stats,
    ) {
        let before = self.buffered();
        let Self { up, down, session, junk, talk, naming, .. } = self;
        let Known { rules, learned, claims } = known;
        let limit = bounds.max_line;
        let mut trouble = Trouble::default();
        for (way, Side { stream, reading }) in [(Way::Up, up), (Way::Down, down)] {
            let mut heed =
                Heed { rules, learned, claims, session, naming, stats, junk, ends, way, now, limit };
            let t = stream.finish(|piece| match piece {
                Piece::Bytes(bytes) | Piece::Earlier(bytes) | Piece::Anew(bytes) => {
                    reading.feed(bytes, talk, &mut heed);
                }
                Piece::Gap => reading.resync(),
            });
            trouble.gaps += t.gaps;
            reading.finish(talk, &mut heed);
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

    /// Whether anything came `way`.
    pub(super) const fn has_begun(&self, way: Way) -> bool {
        match way {
            Way::Up => self.up.stream.has_begun(),
            Way::Down => self.down.stream.has_begun(),
        }
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

    /// Whether nothing unfinished and nothing suspect is left, or nothing suspect came for long: the flow was opened for
    /// nothing.
    pub(super) fn is_empty(&self) -> bool {
        if self.vain > MAX_VAIN {
            return true;
        }
        // Where only the server is heard, its certificate is the end.
        let unheard = |s: &Side| {
            let client = match self.talk.client() {
                Some(Way::Up) => Some(&self.up),
                Some(Way::Down) => Some(&self.down),
                None => None,
            };
            !s.stream.has_begun() && client.is_some_and(|c| std::ptr::eq(c, s))
        };
        let open = |s: &Side| match &s.reading {
            Reading::Dns(framer) => !framer.is_between() || s.stream.has_hole(),
            Reading::Lines(_) | Reading::Prefixed(..) | Reading::Words(_) => {
                !s.reading.is_between() || s.stream.buffered() > 0
            }
            Reading::Begin(_) => self.talk.is_waiting(),
            Reading::Tls(framer) => !framer.is_over() && !self.talk.is_refused() && !unheard(s),
            // A WebSocket may begin with other talk than mining.
            Reading::Http(_)
            | Reading::Proxy(_)
            | Reading::SocksClient(_)
            | Reading::SocksServer(_)
            | Reading::WebSocket(_) => !self.talk.is_refused(),
        };
        // The user of an HTTP request is anybody's until a body says more.
        let anybody = |s: &Side| matches!(s.reading, Reading::Begin(_) | Reading::Http(_));
        let suspect = if anybody(&self.up) && anybody(&self.down) {
            self.session.is_strong() || self.session.certainty().is_some()
        } else {
            self.session.is_suspect()
        };
        !suspect && !open(&self.up) && !open(&self.down)
    }
}
