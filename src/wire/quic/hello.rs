//! The handshake's bytes as CRYPTO frames bring them: in any order, split, repeated, over several packets. Bounded in
//! bytes and in holes; it knows of TLS only where the first message ends (RFC 8446 §4).

use crate::bytes::{Malformed, Reader};

use super::frames::Crypto;

/// Bytes of handshake that are kept, from its first on. A hello with post-quantum keys is some 1,800 long.
pub const MAX_HANDSHAKE: usize = 16 * 1024;
/// Runs of bytes with holes between them. Browsers send some ten.
pub const MAX_RUNS: usize = 64;

const CLIENT_HELLO: u8 = 1;

/// What came so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Handshake {
    /// To the end of the last run; holes are zero.
    bytes: Vec<u8>,
    /// Start and end of each run, ascending; they neither touch nor overlap.
    runs: Vec<(usize, usize)>,
}

impl Handshake {
    /// Adds a frame's bytes. What came first stays; bytes that contradict it are refused, as is what has no room.
    pub(super) fn add(&mut self, frame: Crypto<'_>) -> Result<(), Malformed> {
        let start = usize::try_from(frame.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(frame.data.len());
        if end > MAX_HANDSHAKE {
            return Err(Malformed("crypto offset"));
        }
        if frame.data.is_empty() {
            return Ok(());
        }
        if !self.agrees(start, end, frame.data) {
            return Err(Malformed("crypto data"));
        }
        self.join(start, end)?;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(frame.data);
        }
        self.check()
    }

    /// From the first byte to the first hole.
    pub(super) fn whole(&self) -> &[u8] {
        match self.runs.first() {
            Some((0, end)) => self.bytes.get(..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The first message's body, once it is here to its end.
    pub(super) fn client_hello(&self) -> Option<&[u8]> {
        let mut r = Reader::new(self.whole());
        let (kind, length) = head(&mut r)?;
        if kind == CLIENT_HELLO { r.take(length) } else { None }
    }

    /// Bytes held.
    pub(super) const fn buffered(&self) -> usize {
        self.bytes.len()
    }

    /// Whether what is here already and lies in the run is the same there (RFC 9000 §2.2: it must not change).
    fn agrees(&self, start: usize, end: usize, data: &[u8]) -> bool {
        self.runs.iter().all(|(from, to)| {
            let (low, high) = (start.max(*from), end.min(*to));
            low >= high || self.bytes.get(low..high) == data.get(low - start..high - start)
        })
    }

    /// Makes one run of this one and all that it touches.
    fn join(&mut self, start: usize, end: usize) -> Result<(), Malformed> {
        let first = self.runs.partition_point(|(_, to)| *to < start);
        let last = self.runs.partition_point(|(from, _)| *from <= end);
        if first == last && self.runs.len() >= MAX_RUNS {
            return Err(Malformed("crypto runs"));
        }
        let touched = self.runs.get(first..last).unwrap_or_default();
        let joined =
            touched.iter().fold((start, end), |(low, high), (from, to)| (low.min(*from), high.max(*to)));
        self.runs.splice(first..last, [joined]);
        Ok(())
    }

    /// A client's handshake begins with its hello, and one that has no room never will be whole.
    fn check(&self) -> Result<(), Malformed> {
        let whole = self.whole();
        if whole.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(Malformed("handshake type"));
        }
        match head(&mut Reader::new(whole)) {
            Some((_, length)) if length > MAX_HANDSHAKE - 4 => Err(Malformed("hello length")),
            _ => Ok(()),
        }
    }
}

/// Type and length of a handshake message.
fn head(r: &mut Reader<'_>) -> Option<(u8, usize)> {
    let [kind, length @ ..] = r.array::<4>()?;
    Some((kind, length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))))
}

#[cfg(test)]
mod tests;
