//! What messages behind a length begin with, in the two protocols that are known: enough to find one among other
//! bytes. What they say is not read here.
//!
//! ```text
//! zk.work   length LE | 80 type kind version(3) length(1) name address(63)     and ids 81..83, 00..03
//! Alephium  length BE | [01] 00 count(4) { from(4) to(4) header transactions target height(4) }   jobs
//!           length BE | [01] 00 length(4) block                                                   a block
//!           length BE | [01] 01 from(4) to(4) hash(32) bool                                       its result
//! ```

use super::Order;
use crate::bytes::Reader;

/// Longest message of zk.work, by its protocol; of Alephium what 64 jobs could fill.
const MAX_LENGTH: [(Order, u32); 2] = [(Order::Little, 512), (Order::Big, 16 << 20)];
/// Chains are numbered by two groups below this.
pub const GROUPS: u32 = 4;
/// Most jobs of a message; there are as many as chains, 16.
pub const MAX_JOBS: u32 = 64;
/// Length of an Aleo address.
pub const ADDRESS: usize = 63;
/// Bytes of a block's header without its nonce are some 300.
const HEADER: std::ops::RangeInclusive<u32> = 64..=1024;
/// Shortest job: two groups, three lengths, a header, a target, a height.
const SHORTEST_JOB: u32 = 4 * 6 + 64 + 1;

/// Whether a payload begins with a message that proves its protocol by its form: a login of zk.work, whole; jobs or a
/// result of an Alephium node, jobs as far as the payload goes.
///
/// Random bytes pass a login's form once in some 2^100 (three of the length's bytes, an id, 63 characters that are told),
/// that of jobs once in 2^90 (two versions, a count and two groups of 30 bits, a header's length of 22), and that of a
/// result once in 2^90 (length, type, two groups).
pub fn looks_like(payload: &[u8]) -> Option<Order> {
    let (written, rest) = payload.split_first_chunk::<4>()?;
    match *written {
        [_, high, 0, 0] if high <= 2 && rest.first() == Some(&0x80) => {
            let message = rest.get(..length(Order::Little, *written)?)?;
            login(message).map(|_| Order::Little)
        }
        [0, ..] if rest.first().is_some_and(|b| *b <= 1) => {
            let len = length(Order::Big, *written)?;
            let whole = rest.get(..len);
            let seen = whole.unwrap_or(rest);
            let found = [true, false].into_iter().any(|v| {
                is_jobs(seen, u32::from_be_bytes(*written), v)
                    || whole.is_some_and(|w| result(w, v).is_some())
            });
            found.then_some(Order::Big)
        }
        _ => None,
    }
}

/// The length that four bytes state, if messages have such.
pub(super) fn length(order: Order, written: [u8; 4]) -> Option<usize> {
    let len = match order {
        Order::Big => u32::from_be_bytes(written),
        Order::Little => u32::from_le_bytes(written),
    };
    let most = MAX_LENGTH.iter().find(|(o, _)| *o == order).map(|(_, most)| *most)?;
    (1..=most).contains(&len).then_some(len).and_then(|len| usize::try_from(len).ok())
}

/// Whether a message begins with that byte: an id; version or type.
pub(super) const fn first_byte(order: Order, byte: u8) -> bool {
    match order {
        Order::Big => byte <= 1,
        Order::Little => matches!(byte, 0x00..=0x03 | 0x80..=0x83),
    }
}

/// Whether a piece of a stream that is known to carry the protocol begins with a message: after a hole.
pub(super) fn begins(order: Order, piece: &[u8]) -> bool {
    let Some((written, rest)) = piece.split_first_chunk::<4>() else { return false };
    let Some(len) = length(order, *written) else { return false };
    let id = rest.first().is_some_and(|b| first_byte(order, *b));
    let fits = match (order, rest.first()) {
        // Their segments end with a message: lengths follow one another to the end.
        (Order::Little, Some(0x00 | 0x02 | 0x03 | 0x82 | 0x83)) => true,
        (Order::Little, Some(0x01)) => len > 17,
        (Order::Little, Some(0x80)) => len > 7 + ADDRESS,
        (Order::Little, _) => len > 13,
        (Order::Big, _) => {
            looks_like(piece).is_some() || [true, false].iter().any(|v| is_block(rest, len, *v))
        }
    };
    id && fits && (order == Order::Big || rest.len() >= len)
}

/// Name and address of a login.
pub fn login(message: &[u8]) -> Option<(&str, &str)> {
    let mut r = Reader::new(message);
    (r.u8()? == 0x80).then_some(())?;
    r.take(5)?;
    let len = usize::from(r.u8()?);
    let name = std::str::from_utf8(r.take(len)?).ok()?;
    let address = std::str::from_utf8(r.rest()).ok()?;
    let bech32 = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let whole = address.len() == ADDRESS && address.starts_with("aleo1") && address.bytes().all(bech32);
    (whole && !name.bytes().any(|b| b.is_ascii_control())).then_some((name, address))
}

/// Reads version, where there is one, and type.
pub fn kind(r: &mut Reader<'_>, version: bool) -> Option<u8> {
    if version {
        (r.u8()? == 1).then_some(())?;
    }
    r.u8()
}

/// Two numbers of groups.
pub fn groups(r: &mut Reader<'_>) -> Option<(u32, u32)> {
    let (from, to) = (r.u32()?, r.u32()?);
    (from < GROUPS && to < GROUPS).then_some((from, to))
}

/// Bytes behind their length.
pub fn blob<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let len = usize::try_from(r.u32()?).ok()?;
    r.take(len)
}

/// Whether it may be jobs, as far as it goes: up to the first header's length, which must be there.
fn is_jobs(seen: &[u8], len: u32, version: bool) -> bool {
    let mut r = Reader::new(seen);
    if kind(&mut r, version) != Some(0) {
        return false;
    }
    let count = r.u32().filter(|c| (1..=MAX_JOBS).contains(c) && c.saturating_mul(SHORTEST_JOB) < len);
    count.is_some() && groups(&mut r).is_some() && r.u32().is_some_and(|h| HEADER.contains(&h))
}

/// Whether it may be a block: its length fills the message.
fn is_block(seen: &[u8], len: usize, version: bool) -> bool {
    let mut r = Reader::new(seen);
    let head = 5 + usize::from(version);
    let fills = |block: u32| usize::try_from(block).is_ok_and(|b| b > 64 && b.checked_add(head) == Some(len));
    kind(&mut r, version) == Some(0) && r.u32().is_some_and(fills)
}

/// The result of a whole message: whether the block was taken.
pub fn result(message: &[u8], version: bool) -> Option<bool> {
    let mut r = Reader::new(message);
    (kind(&mut r, version)? == 1).then_some(())?;
    groups(&mut r)?;
    let hash = r.take(32)?;
    let taken = r.u8().filter(|b| *b <= 1)?;
    // A hash is some bytes, padding is one.
    let varied = hash.iter().any(|b| hash.first() != Some(b));
    (varied && r.rest().is_empty()).then_some(taken == 1)
}
