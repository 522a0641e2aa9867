//! Cuts one direction of a text protocol into short lines, whose ends may be missing: some clients write a message a
//! segment and no line feed. It does not know what a line means; whoever is given one says whether it was understood.
//!
//! A line ends at its line feed. What is left at the end of a piece is offered as it stands: understood, it was a
//! message; else it is kept, and offered again joined with the next piece. Where the joined text means nothing it is
//! offered from where the last two pieces began, since the rest before may have been whole and of no meaning (`3.0`, a
//! greeting).

/// Longest line, without its end; a longer one is junk.
pub const MAX_LINE: usize = 512;

/// The unfinished line of one direction. It needs no beginning to be found: after a hole the next piece is one.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Where in it the latest piece begins.
    latest: usize,
    /// Inside a line that was found to be junk.
    skipping: bool,
}

impl Framer {
    /// Whether no line is unfinished.
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Drops the unfinished line.
    pub fn resync(&mut self) {
        *self = Self::default();
    }

    /// Takes the next piece of the stream (at segment boundaries) and offers its lines to `each`, trimmed, with whether
    /// the line feed was seen. A text without it may go on: `each` must refuse what more text would change. Returns how
    /// many lines nobody understood, or were too long or no text; one still unfinished is not among them.
    pub fn feed(&mut self, piece: &[u8], mut each: impl FnMut(&str, bool) -> bool) -> u32 {
        let (mut rest, mut junk) = (piece, 0u32);
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            junk = junk.saturating_add(u32::from(!self.line(line, &mut each)));
            rest = after.get(1..).unwrap_or_default();
        }
        if !rest.is_empty() && !self.unfinished(rest, &mut each) {
            junk = junk.saturating_add(1);
        }
        junk
    }

    /// The end of a line. `false` where it is junk that was not told yet.
    fn line(&mut self, line: &[u8], each: &mut impl FnMut(&str, bool) -> bool) -> bool {
        let told = std::mem::take(&mut self.skipping);
        let held = std::mem::take(&mut self.buffer);
        if held.is_empty() {
            return offer(line, true, each) || told || line.trim_ascii().is_empty();
        }
        let starts = [0, self.latest.min(held.len()), held.len()];
        match joined(held, line) {
            Some(whole) => offer_from(&whole, starts, true, each),
            None => offer(line, true, each),
        }
    }

    /// What a piece ends with. `false` where it is junk that was not told yet.
    fn unfinished(&mut self, rest: &[u8], each: &mut impl FnMut(&str, bool) -> bool) -> bool {
        let held = std::mem::take(&mut self.buffer);
        let starts = [0, self.latest.min(held.len()), held.len()];
        let latest = held.len();
        let whole = joined(held, rest).filter(|w| is_text(w));
        let heard = match &whole {
            Some(whole) => offer_from(whole, starts, false, each),
            None => offer(rest, false, each),
        };
        match whole {
            _ if heard => self.skipping = false,
            _ if self.skipping => {}
            Some(whole) => (self.buffer, self.latest) = (whole, latest),
            None => {
                self.skipping = true;
                return false;
            }
        }
        true
    }
}

/// What was held and what follows it, if that can be a line.
fn joined(mut held: Vec<u8>, more: &[u8]) -> Option<Vec<u8>> {
    (held.len().saturating_add(more.len()) <= MAX_LINE).then_some(())?;
    held.reserve_exact(more.len());
    held.extend_from_slice(more);
    Some(held)
}

/// Offers a text from each of the places where it may begin, which are in order, until one is understood.
fn offer_from(
    text: &[u8],
    starts: [usize; 3],
    ended: bool,
    each: &mut impl FnMut(&str, bool) -> bool,
) -> bool {
    let [first, second, third] = starts;
    let mut from = |at: usize| text.get(at..).is_some_and(|t| offer(t, ended, each));
    from(first) || second > first && from(second) || third > second && from(third)
}

fn offer(line: &[u8], ended: bool, each: &mut impl FnMut(&str, bool) -> bool) -> bool {
    let line = line.trim_ascii();
    if line.is_empty() || line.len() > MAX_LINE || !is_text(line) {
        return false;
    }
    std::str::from_utf8(line).is_ok_and(|text| each(text, ended))
}

fn is_text(line: &[u8]) -> bool {
    line.iter().all(|b| !b.is_ascii_control() || matches!(b, b'\r' | b'\t'))
}

/// Whether a piece holds one line and no more.
pub fn is_lone(piece: &[u8]) -> bool {
    memchr::memchr(b'\n', piece).is_none_or(|at| at.saturating_add(1) == piece.len())
}

/// Digits of a SHA-1.
const HASH: usize = 40;

/// Whether a payload may begin with a line of Duino-Coin: `JOB,`, two hashes and a number, or a nonce, a rate with a
/// point and a name. A sieve for what is worth reading; it proves nothing.
pub fn looks_like(payload: &[u8]) -> bool {
    match payload.first() {
        Some(b'J') => payload.starts_with(b"JOB,"),
        Some(b) if b.is_ascii_hexdigit() => two_hashes(payload) || b.is_ascii_digit() && numbers(payload),
        _ => false,
    }
}

/// `hash,hash,digit`. The commas are asked first: they lie where nothing else has them.
fn two_hashes(payload: &[u8]) -> bool {
    let mut parts = payload.get(..2 * HASH + 3).unwrap_or_default().chunks(HASH + 1);
    let is_hash = |part: Option<&[u8]>| {
        let hash = part.and_then(|p| p.strip_suffix(b","));
        hash.is_some_and(|h| h.len() == HASH && h.iter().all(u8::is_ascii_hexdigit))
    };
    is_hash(parts.next())
        && is_hash(parts.next())
        && parts.next().is_some_and(|p| p.first().is_some_and(u8::is_ascii_digit))
}

/// `digits,digits.digits,letter`, each number of at most twenty digits.
fn numbers(payload: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take(21).take_while(|b| b.is_ascii_digit()).count();
    let mut rest = payload;
    for end in [b',', b'.', b','] {
        let len = digits(rest);
        match rest.get(len..).and_then(<[u8]>::split_first) {
            Some((byte, after)) if *byte == end && (1..=20).contains(&len) => rest = after,
            _ => return false,
        }
    }
    rest.first().is_some_and(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests;
