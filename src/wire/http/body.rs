//! Bodies: counted, in chunks (RFC 9112, 7.1), or to the end of the stream; collected up to a limit, then skipped.
//!
//! ```text
//! chunk-size (hex) [ ; extension ] CRLF  data CRLF  ...  0 CRLF  [ trailer CRLF ... ] CRLF
//! ```

use super::head::Length;
use super::{BODY_HEAD, Event};
use crate::bytes::Malformed;

/// Bytes of a chunk, at most: longer than any stream that is followed.
const MAX_CHUNK: u64 = 1 << 32;
/// Bytes of a chunk's extensions, at most.
const MAX_EXTENSION: u16 = 4096;
/// Bytes of all trailers, at most.
const MAX_TRAILERS: u16 = 16 << 10;

/// The body being read.
#[derive(Debug)]
pub(super) struct Body {
    left: Left,
    kept: Vec<u8>,
    /// Bytes that may be kept before it counts as truncated.
    limit: usize,
    /// Bytes kept of a truncated body.
    head: usize,
    /// Whether it went over the limit and was given out already.
    given: bool,
}

/// Where a piece led to.
#[derive(Debug)]
pub(super) enum Step<'a> {
    Broken(Malformed),
    /// The body ended before these bytes.
    Done(&'a [u8]),
    More,
}

#[derive(Clone, Copy, Debug)]
enum Left {
    Chunks(Chunk),
    Close,
    Count(u64),
}

#[derive(Clone, Copy, Debug)]
enum Chunk {
    /// In the size: its value and number of digits so far.
    Size(u64, u8),
    /// Behind the size, to the end of the line: the size, and bytes so far.
    Extension(u64, u16),
    Data(u64),
    /// The line end behind the data; whether its carriage return came.
    After(bool),
    /// Bytes in the line, and in all trailers.
    Trailers(u16, u16),
    End,
}

impl Body {
    pub(super) fn new(length: Length, max_body: usize) -> Self {
        let head = BODY_HEAD.min(max_body);
        let (left, limit) = match length {
            Length::Chunked => (Left::Chunks(Chunk::Size(0, 0)), max_body),
            // It will be truncated: there is no sense in holding more.
            Length::Counted(n) if usize::try_from(n).is_ok_and(|n| n <= max_body) => {
                (Left::Count(n), max_body)
            }
            Length::Counted(n) => (Left::Count(n), head),
            Length::Close | Length::None | Length::Tunnel | Length::Upgrade => (Left::Close, max_body),
        };
        Self { left, kept: Vec::new(), limit, head, given: false }
    }

    pub(super) const fn buffered(&self) -> usize {
        self.kept.capacity()
    }

    pub(super) fn feed<'a>(&mut self, piece: &'a [u8], each: &mut impl FnMut(Event<'_>)) -> Step<'a> {
        match self.left {
            Left::Close => {
                self.keep(piece, each);
                Step::More
            }
            Left::Count(left) => {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                let (now, rest) = piece.split_at_checked(n).unwrap_or((piece, &[]));
                let left = left.saturating_sub(now.len() as u64);
                self.left = Left::Count(left);
                if left > 0 {
                    self.keep(now, each);
                    return Step::More;
                }
                self.last(now, each);
                Step::Done(rest)
            }
            Left::Chunks(chunk) => self.chunks(chunk, piece, each),
        }
    }

    /// The stream ended here.
    pub(super) fn finish(&self, each: &mut impl FnMut(Event<'_>)) {
        if !self.kept.is_empty() {
            each(Event::Body { bytes: &self.kept, truncated: !matches!(self.left, Left::Close) });
        }
    }

    fn chunks<'a>(
        &mut self,
        mut chunk: Chunk,
        piece: &'a [u8],
        each: &mut impl FnMut(Event<'_>),
    ) -> Step<'a> {
        let mut rest = piece;
        while !rest.is_empty() {
            if let Chunk::Data(left) = chunk {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let (now, later) = rest.split_at_checked(n).unwrap_or((rest, &[]));
                self.keep(now, each);
                let left = left.saturating_sub(now.len() as u64);
                chunk = if left == 0 { Chunk::After(false) } else { Chunk::Data(left) };
                rest = later;
                continue;
            }
            let Some((&byte, later)) = rest.split_first() else { break };
            rest = later;
            chunk = match chunk.next(byte) {
                Ok(Chunk::End) => {
                    self.last(&[], each);
                    return Step::Done(rest);
                }
                Ok(chunk) => chunk,
                Err(why) => return Step::Broken(why),
            };
        }
        self.left = Left::Chunks(chunk);
        Step::More
    }

    /// The last bytes: the body is given in place where it came in one piece.
    fn last(&mut self, bytes: &[u8], each: &mut impl FnMut(Event<'_>)) {
        if self.kept.is_empty() && !self.given && bytes.len() <= self.limit {
            if !bytes.is_empty() {
                each(Event::Body { bytes, truncated: false });
            }
            return;
        }
        self.keep(bytes, each);
        if !self.given {
            each(Event::Body { bytes: &self.kept, truncated: false });
        }
    }

    /// Keeps more; over the limit gives the beginning out, and from then on nothing is kept.
    fn keep(&mut self, bytes: &[u8], each: &mut impl FnMut(Event<'_>)) {
        if self.given {
            return;
        }
        if self.kept.len().saturating_add(bytes.len()) <= self.limit {
            self.kept.extend_from_slice(bytes);
            return;
        }
        let room = self.head.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.kept.truncate(self.head);
        each(Event::Body { bytes: &self.kept, truncated: true });
        self.kept = Vec::new();
        self.given = true;
    }
}

impl Chunk {
    /// The next byte outside the data.
    fn next(self, byte: u8) -> Result<Self, Malformed> {
        match (self, byte) {
            (Self::Size(size, 1..), b'\n') | (Self::Extension(size, _), b'\n') => Ok(Self::sized(size)),
            (Self::Size(size, 1..), b'\r' | b' ' | b'\t' | b';') => Ok(Self::Extension(size, 0)),
            (Self::Size(size, digits), _) => {
                let digit = char::from(byte).to_digit(16).ok_or(Malformed("chunk-size"))?;
                let size = size.saturating_mul(16).saturating_add(u64::from(digit));
                // Leading zeros are endless otherwise.
                if size > MAX_CHUNK || digits >= 16 {
                    return Err(Malformed("chunk-size"));
                }
                Ok(Self::Size(size, digits.saturating_add(1)))
            }
            (Self::Extension(_, MAX_EXTENSION..), _) => Err(Malformed("chunk-ext")),
            (Self::Extension(size, n), _) => Ok(Self::Extension(size, n.saturating_add(1))),
            (Self::After(_), b'\n') => Ok(Self::Size(0, 0)),
            (Self::After(false), b'\r') => Ok(Self::After(true)),
            (Self::After(_), _) => Err(Malformed("chunk-data")),
            (Self::Trailers(0, _), b'\n') => Ok(Self::End),
            (Self::Trailers(_, MAX_TRAILERS..), _) => Err(Malformed("trailer")),
            (Self::Trailers(_, all), b'\n') => Ok(Self::Trailers(0, all.saturating_add(1))),
            (Self::Trailers(line, all), b'\r') => Ok(Self::Trailers(line, all.saturating_add(1))),
            (Self::Trailers(line, all), _) => {
                Ok(Self::Trailers(line.saturating_add(1), all.saturating_add(1)))
            }
            (Self::Data(_) | Self::End, _) => Ok(self),
        }
    }

    const fn sized(size: u64) -> Self {
        if size == 0 { Self::Trailers(0, 0) } else { Self::Data(size) }
    }
}
