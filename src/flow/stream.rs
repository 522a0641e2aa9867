//! One direction of a TCP connection put in order: retransmissions, overlaps and reordering come out as one stream,
//! holes as gaps. It works from any segment on, and it keeps only what is out of order.
//!
//! Sequence numbers: RFC 9293 §3.4 (they wrap).

use super::Settings;
use crate::packet::Time;

/// A piece of the stream, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// Messages from before the first piece, late by reordering.
    Earlier(&'a [u8]),
    /// The stream from an earlier beginning: what was given out so far, no message in it, stands at its end again.
    Anew(&'a [u8]),
    /// Bytes are missing here, for good.
    Gap,
}

/// What went wrong or full while a segment was put in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Holes given up.
    pub gaps: u32,
    /// Segments dropped because too many were out of order.
    pub overflow: u32,
}

/// A segment's payload and place.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Sequence number of the first byte.
    pub seq: u32,
    /// The captured bytes.
    pub bytes: &'a [u8],
    /// Length on the wire, at least that of `bytes`.
    pub len: u32,
}

/// A segment that waits for its turn.
#[derive(Debug)]
struct Held {
    seq: u32,
    bytes: Box<[u8]>,
    len: u32,
}

impl Held {
    const fn lend(&self) -> Segment<'_> {
        Segment { seq: self.seq, bytes: &self.bytes, len: self.len }
    }
}

/// The order of one direction.
#[derive(Debug, Default)]
pub struct Stream {
    /// Sequence numbers of the first byte ever given out and of the next one; `None` before the first segment.
    range: Option<(u32, u32)>,
    /// Later segments, sorted by sequence number.
    waiting: Vec<Held>,
    /// Segments from before the first one, sorted by sequence number.
    earlier: Vec<Held>,
    /// The end of a message whose beginning the first segment may have overtaken: up to its line feed.
    headless: Option<Headless>,
    /// When the oldest hole opened.
    hole_since: Time,
    /// When the stream began.
    began: Time,
}

/// Bytes at the start of a stream that begin no message.
#[derive(Debug, Default)]
struct Headless {
    bytes: Vec<u8>,
    ended: bool,
}

impl Headless {
    /// A share of Equihash, the longest message that comes in several segments from a miner, has 3 KiB.
    const MOST: usize = 8 << 10;

    fn push(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        let end = memchr::memchr(b'\n', bytes).map(|at| at.saturating_add(1));
        let fresh = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        self.ended = end.is_some() || self.bytes.len().saturating_add(fresh.len()) > Self::MOST;
        if self.bytes.len().saturating_add(fresh.len()) <= Self::MOST {
            self.bytes.extend_from_slice(fresh);
        }
    }
}

/// Further than this from where the stream is, a segment belongs to another connection or to an attack.
const WINDOW: i32 = 16 << 20;

impl Stream {
    /// Bytes held.
    pub fn buffered(&self) -> usize {
        let held = self.waiting.iter().chain(&self.earlier).map(|s| s.bytes.len());
        held.sum::<usize>() + self.headless.as_ref().map_or(0, |h| h.bytes.capacity())
    }

    /// Whether the first byte given out had this sequence number.
    pub fn begins_at(&self, seq: u32) -> bool {
        self.range.is_some_and(|(base, _)| base == seq)
    }

    /// Whether anything came.
    pub const fn has_begun(&self) -> bool {
        self.range.is_some()
    }

    /// Whether segments wait for one before them.
    pub const fn has_hole(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Drops what is out of order; the next segment opens a gap.
    pub fn shed(&mut self) {
        self.waiting = Vec::new();
        self.earlier = Vec::new();
        self.headless = None;
    }

    /// Puts a segment in place and gives out what is in order now. `len` is its length on the wire.
    pub fn insert(
        &mut self,
        segment: Segment<'_>,
        now: Time,
        settings: &Settings,
        mut each: impl FnMut(Piece<'_>),
    ) -> Trouble {
        let mut trouble = Trouble::default();
        let Some((base, next)) = self.range else {
            self.range = Some((segment.seq, segment.seq));
            self.began = now;
            self.headless = (!crate::wire::line::starts_object(segment.bytes)).then(Headless::default);
            self.give(segment, 0, &mut trouble, &mut each);
            return trouble;
        };
        if now.since(self.began) > settings.gap_timeout {
            self.headless = None;
            self.earlier = Vec::new();
        }
        let ahead = segment.seq.wrapping_sub(next) as i32;
        if ahead.unsigned_abs() > WINDOW.unsigned_abs() {
            // The numbers jumped: take the new place, as with a connection found mid-stream.
            self.shed();
            self.range = Some((segment.seq, segment.seq));
            trouble.gaps += 1;
            each(Piece::Gap);
            self.give(segment, 0, &mut trouble, &mut each);
        } else if ahead > 0 {
            self.wait(segment, now, settings, &mut trouble, &mut each);
        } else if (segment.seq.wrapping_sub(base) as i32) < 0 {
            self.before(segment, base, now, settings, &mut each);
        } else {
            self.give(segment, ahead.unsigned_abs(), &mut trouble, &mut each);
        }
        self.drain(&mut trouble, &mut each);
        if !self.waiting.is_empty() && now.since(self.hole_since) > settings.gap_timeout {
            self.give_up(&mut trouble, &mut each);
            self.hole_since = now;
        }
        trouble
    }

    /// Gives up every hole: the stream ends.
    pub fn finish(&mut self, mut each: impl FnMut(Piece<'_>)) -> Trouble {
        let mut trouble = Trouble::default();
        while !self.waiting.is_empty() {
            self.give_up(&mut trouble, &mut each);
        }
        trouble
    }

    /// Gives out a segment without its first `seen` bytes. Bytes the capture cut off are a gap.
    fn give(
        &mut self,
        segment: Segment<'_>,
        seen: u32,
        trouble: &mut Trouble,
        each: &mut impl FnMut(Piece<'_>),
    ) {
        let Some((_, next)) = &mut self.range else { return };
        if segment.len <= seen {
            return;
        }
        *next = segment.seq.wrapping_add(segment.len);
        let fresh = segment.bytes.get(seen as usize..).unwrap_or_default();
        if !fresh.is_empty() {
            if let Some(headless) = &mut self.headless {
                headless.push(fresh);
            }
            each(Piece::Bytes(fresh));
        }
        if (segment.bytes.len() as u64) < u64::from(segment.len) {
            trouble.gaps += 1;
            each(Piece::Gap);
        }
    }

    fn wait(
        &mut self,
        segment: Segment<'_>,
        now: Time,
        settings: &Settings,
        trouble: &mut Trouble,
        each: &mut impl FnMut(Piece<'_>),
    ) {
        if self.waiting.is_empty() {
            self.hole_since = now;
        }
        if self.waiting.len() >= settings.max_out_of_order.max(1) {
            trouble.overflow += 1;
            self.give_up(trouble, each);
        }
        Self::sorted_in(&mut self.waiting, segment);
    }

    /// A segment from before the first one seen: reordering at the start, if it comes at once and joins up.
    fn before(
        &mut self,
        segment: Segment<'_>,
        base: u32,
        now: Time,
        settings: &Settings,
        each: &mut impl FnMut(Piece<'_>),
    ) {
        let late = now.since(self.began) > settings.gap_timeout;
        let cut = (segment.bytes.len() as u64) < u64::from(segment.len);
        if late || cut || self.earlier.len() >= settings.max_out_of_order {
            return;
        }
        Self::sorted_in(&mut self.earlier, segment);
        // From the start backwards: which run of segments joins up to it?
        let mut edge = base;
        let mut from = self.earlier.len();
        for (i, s) in self.earlier.iter().enumerate().rev() {
            if (s.seq.wrapping_add(s.len).wrapping_sub(edge) as i32) < 0 {
                break;
            }
            (edge, from) = (s.seq, i);
        }
        let starts = |s: &Held| crate::wire::line::starts_object(&s.bytes);
        let Some(at) = self.earlier.iter().skip(from).position(starts).map(|i| i + from) else { return };
        let mut run = Vec::new();
        let Some(start) = self.earlier.get(at).map(|s| s.seq) else { return };
        for s in self.earlier.iter().skip(at) {
            let have = start.wrapping_add(run.len() as u32).wrapping_sub(s.seq) as usize;
            run.extend_from_slice(s.bytes.get(have..).unwrap_or_default());
        }
        run.truncate(base.wrapping_sub(start) as usize);
        self.earlier.truncate(from);
        if let Some((base, _)) = &mut self.range {
            *base = start;
        }
        let headless = self.headless.take().unwrap_or(Headless { bytes: Vec::new(), ended: true });
        run.extend_from_slice(&headless.bytes);
        each(if headless.ended { Piece::Earlier(&run) } else { Piece::Anew(&run) });
    }

    /// Gives out what the last piece has joined up with.
    fn drain(&mut self, trouble: &mut Trouble, each: &mut impl FnMut(Piece<'_>)) {
        while let Some((_, next)) = self.range {
            let Some(first) = self.waiting.first() else { return };
            let ahead = first.seq.wrapping_sub(next) as i32;
            if ahead > 0 {
                return;
            }
            let first = self.waiting.remove(0);
            self.give(first.lend(), ahead.unsigned_abs(), trouble, each);
        }
    }

    /// Gives up the first hole.
    fn give_up(&mut self, trouble: &mut Trouble, each: &mut impl FnMut(Piece<'_>)) {
        let (Some((_, next)), Some(first)) = (&mut self.range, self.waiting.first()) else { return };
        *next = first.seq;
        trouble.gaps += 1;
        each(Piece::Gap);
        self.drain(trouble, each);
    }

    fn sorted_in(list: &mut Vec<Held>, segment: Segment<'_>) {
        let at = list.partition_point(|s| (s.seq.wrapping_sub(segment.seq) as i32) < 0);
        // Of two that begin alike the longer says more.
        let held = || Held { seq: segment.seq, bytes: segment.bytes.into(), len: segment.len };
        match list.get_mut(at) {
            Some(same) if same.seq == segment.seq => {
                if same.len < segment.len {
                    *same = held();
                }
            }
            _ => list.insert(at, held()),
        }
    }
}

#[cfg(test)]
mod tests;
