//! What the screen remembers, in tables of fixed size: which flows are followed, and which directions speak HTTP.

use crate::packet::{Packet, Time};

/// A small number of a flow, the same for both directions: cheap, and no more than a first sieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u64);

impl Tag {
    /// The tag of a packet's flow.
    #[inline]
    pub fn of(packet: &Packet<'_>) -> Self {
        let fold = |addr| match addr {
            std::net::IpAddr::V4(a) => u64::from(u32::from(a)),
            std::net::IpAddr::V6(a) => {
                let bits = u128::from(a);
                (bits as u64) ^ ((bits >> 64) as u64).rotate_left(17)
            }
        };
        let end =
            |addr, port: u16| (fold(addr) ^ (u64::from(port) << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Addition makes both directions one; multiplication before it keeps swapped pairs apart.
        Self(end(packet.src.addr, packet.src.port).wrapping_add(end(packet.dst.addr, packet.dst.port)))
    }

    /// A number of the flow and of a kind of finding.
    pub const fn of_kind(self, kind: u8) -> u64 {
        self.0 ^ (kind as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// A number that names the flow in events: 63 bits, the same in each replay, other for another worker or for a
    /// later flow between the same ends.
    pub const fn flow_id(self, began: Time, worker: u8) -> u64 {
        let mixed = (self.0 ^ began.0.rotate_left(32) ^ worker as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed ^ (mixed >> 32)) >> 1
    }

    #[inline]
    const fn bucket(self) -> usize {
        (self.0 >> 48) as usize
    }
}

/// How many followed flows have each tag: 128 KiB that answer "surely not followed" for nearly every packet.
#[derive(Debug)]
pub struct Followed(Box<[u16]>);

impl Default for Followed {
    fn default() -> Self {
        Self(vec![0; 1 << 16].into_boxed_slice())
    }
}

impl Followed {
    /// Whether a flow with this tag may be followed.
    #[inline]
    pub fn maybe(&self, tag: Tag) -> bool {
        self.0.get(tag.bucket()).is_some_and(|n| *n > 0)
    }

    /// Counts one more. A full bucket stays "maybe" for good.
    pub fn add(&mut self, tag: Tag) {
        if let Some(n) = self.0.get_mut(tag.bucket()) {
            *n = n.saturating_add(1);
        }
    }

    /// Counts one less.
    pub fn remove(&mut self, tag: Tag) {
        if let Some(n) = self.0.get_mut(tag.bucket()).filter(|n| **n < u16::MAX) {
            *n = n.saturating_sub(1);
        }
    }
}

/// Directions of flows lately seen to begin an HTTP message: their bodies may quote anything. A newer one in the same
/// place displaces an older, so it is a memory of fixed size (128 KiB) that forgets, never one that errs for long.
#[derive(Debug)]
pub struct HttpSpeakers(Box<[u32]>);

impl Default for HttpSpeakers {
    fn default() -> Self {
        Self(vec![0; 1 << 15].into_boxed_slice())
    }
}

impl HttpSpeakers {
    /// Remembers that this direction speaks HTTP. A proxy's agreement to a tunnel does not count: what follows is no
    /// HTTP body.
    pub fn note(&mut self, tag: Tag, to_low: bool, payload: &[u8]) {
        let near = payload.get(..64).unwrap_or(payload);
        let line = near.get(..memchr::memchr(b'\r', near).unwrap_or(near.len())).unwrap_or(near);
        if line.starts_with(b"CONNECT ") || line.trim_ascii_end().ends_with(b"stablished") {
            return;
        }
        self.mark(tag, to_low);
    }

    /// Remembers this direction, whatever it says.
    pub fn mark(&mut self, tag: Tag, to_low: bool) {
        let (slot, mark) = Self::place(tag, to_low);
        if let Some(place) = self.0.get_mut(slot) {
            *place = mark;
        }
    }

    /// Forgets it: the ports are used by another connection now.
    pub fn forget(&mut self, tag: Tag) {
        for to_low in [false, true] {
            let (slot, mark) = Self::place(tag, to_low);
            if let Some(place) = self.0.get_mut(slot).filter(|m| **m == mark) {
                *place = 0;
            }
        }
    }

    /// Whether this direction was seen to speak HTTP.
    #[inline]
    pub fn knows(&self, tag: Tag, to_low: bool) -> bool {
        let (slot, mark) = Self::place(tag, to_low);
        self.0.get(slot) == Some(&mark)
    }

    #[inline]
    const fn place(tag: Tag, to_low: bool) -> (usize, u32) {
        let mixed = (tag.0 ^ to_low as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        ((mixed >> 49) as usize, (mixed as u32) | 1)
    }
}

/// What was told lately, by a hash of whatever it is that is told once: a memory of fixed size (256 KiB). A newer one
/// displaces the oldest of the four in the same place, which may then be told again. With a single one in a place, two
/// clients that ask again and again could displace each other for ever.
#[derive(Debug)]
pub struct Told(Box<[[(u32, u32); 4]]>);

impl Default for Told {
    fn default() -> Self {
        Self(vec![[(0, 0); 4]; 1 << 13].into_boxed_slice())
    }
}

impl Told {
    /// Whether this was told within so many seconds before `now`. What is asked for all the time stays told, if `renew`
    /// says so.
    pub fn knows(&mut self, key: u64, now: Time, within: u32, renew: bool) -> bool {
        let second = second(now);
        let Some(place) = self.find(key) else { return false };
        let told = second.wrapping_sub(place.1) < within;
        if told && renew {
            place.1 = second;
        }
        told
    }

    /// Forgets it: what comes next is another's.
    pub fn forget(&mut self, key: u64) {
        if let Some(place) = self.find(key) {
            *place = (0, 0);
        }
    }

    /// Notes that it is told now.
    pub fn note(&mut self, key: u64, now: Time) {
        let (slot, mark) = Self::place(key);
        let Some(places) = self.0.get_mut(slot) else { return };
        // Its own place, one that is free, or the oldest.
        if let Some(place) = places.iter_mut().min_by_key(|p| (p.0 != mark, p.0 != 0, p.1)) {
            *place = (mark, second(now));
        }
    }

    fn find(&mut self, key: u64) -> Option<&mut (u32, u32)> {
        let (slot, mark) = Self::place(key);
        self.0.get_mut(slot)?.iter_mut().find(|p| p.0 == mark)
    }

    const fn place(key: u64) -> (usize, u32) {
        let mixed = key.wrapping_mul(0xd6e8_feb8_6659_fd93);
        ((mixed >> 51) as usize, (mixed as u32) | 1)
    }
}

const fn second(now: Time) -> u32 {
    (now.0 / Time::SECOND) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_told_again_after_its_time() {
        let mut told = Told::default();
        let at = Time::from_secs;
        assert!(!told.knows(7, at(100), 60, false));
        told.note(7, at(100));
        assert!(told.knows(7, at(159), 60, false) && !told.knows(8, at(159), 60, false));
        assert!(!told.knows(7, at(160), 60, false));
        assert!(told.knows(7, at(159), 60, true) && told.knows(7, at(218), 60, true));
        assert!(!told.knows(7, at(278), 60, true));
        told.note(7, at(278));
        told.forget(8);
        assert!(told.knows(7, at(278), 60, true));
        told.forget(7);
        assert!(!told.knows(7, at(278), 60, true));
    }

    #[test]
    fn a_thousand_that_ask_in_turn_are_told_once() {
        let (mut told, mut count) = (Told::default(), 0);
        for round in 0..50 {
            for key in 0..1000u64 {
                let (key, now) = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15), Time::from_secs(round));
                if !told.knows(key, now, 3600, false) {
                    told.note(key, now);
                    count += 1;
                }
            }
        }
        assert_eq!(count, 1000);
    }

    #[test]
    fn followed_counts_exactly() {
        let (mut f, tag) = (Followed::default(), Tag(7 << 48));
        assert!(!f.maybe(tag));
        f.add(tag);
        f.add(tag);
        f.remove(tag);
        assert!(f.maybe(tag));
        f.remove(tag);
        assert!(!f.maybe(tag));
        f.remove(tag);
        assert!(!f.maybe(tag));
    }

    #[test]
    fn http_is_remembered_by_direction_and_tunnels_are_not() {
        let (mut h, tag) = (HttpSpeakers::default(), Tag(99));
        h.note(tag, true, b"HTTP/1.1 200 OK\r\n");
        assert!(h.knows(tag, true) && !h.knows(tag, false));
        h.forget(tag);
        assert!(!h.knows(tag, true));
        h.note(tag, false, b"CONNECT pool.example:3333 HTTP/1.1\r\n");
        h.note(tag, true, b"HTTP/1.1 200 Connection established\r\n\r\n");
        assert!(!h.knows(tag, false) && !h.knows(tag, true));
    }
}
