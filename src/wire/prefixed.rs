//! Cuts one direction of a binary protocol into messages that stand behind their length: `length u32 | message`, the
//! length not counting itself. Two such protocols are known, told by the order of the length's bytes; their forms are in
//! [`form`]. It allocates what arrived, never what a length promises.

pub mod form;

pub use form::looks_like;

/// Bytes given of a message over the limit.
pub const HEAD: usize = 512;

/// How the length is written: four bytes, not counting themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first: Alephium's nodes.
    Big,
    /// Least significant byte first: zk.work.
    Little,
}

/// What is found in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A message without its length.
    Whole(&'a [u8]),
    /// A message over the limit: its first [`HEAD`] bytes.
    Overlong(&'a [u8]),
    /// A length or a first byte that no message has; the framer is lost.
    Broken,
}

/// The unfinished message of one direction.
#[derive(Debug)]
pub struct Framer {
    order: Order,
    /// Of the length, or of the message.
    buffer: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between messages, or inside a length.
    Between,
    /// Inside a message of that many bytes, its beginning in the buffer.
    Inside(usize),
    /// Inside a message over the limit that was told: so many bytes are to come.
    Skip(usize),
    /// After a hole, or on bytes that are no message: to a piece that begins with one.
    Lost,
}

impl Framer {
    /// For a direction found where a message begins.
    pub const fn new(order: Order) -> Self {
        Self { order, buffer: Vec::new(), state: State::Between }
    }

    /// Whether no message is unfinished.
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty() && matches!(self.state, State::Between | State::Lost)
    }

    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Drops the unfinished message; the stream goes on at a piece that begins with one.
    pub fn resync(&mut self) {
        (self.buffer, self.state) = (Vec::new(), State::Lost);
    }

    /// Takes the next piece of the stream (at segment boundaries) and gives each message that it finishes to `each`.
    /// `limit` bounds the unfinished message, in bytes; less than [`HEAD`] counts as that.
    pub fn feed(&mut self, piece: &[u8], limit: usize, mut each: impl FnMut(Message<'_>)) {
        if self.state == State::Lost && form::begins(self.order, piece) {
            self.state = State::Between;
        }
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match self.state {
                State::Between => self.length(rest, &mut each),
                State::Inside(len) if len <= limit.max(HEAD) => self.inside(rest, len, &mut each),
                State::Inside(len) => self.overlong(rest, len, &mut each),
                State::Skip(left) => {
                    let now = left.min(rest.len());
                    self.state = if now == left { State::Between } else { State::Skip(left - now) };
                    rest.get(now..).unwrap_or_default()
                }
                State::Lost => &[],
            };
        }
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    fn length<'a>(&mut self, rest: &'a [u8], each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        let need = 4usize.saturating_sub(self.buffer.len()).min(rest.len());
        let (bytes, rest) = rest.split_at_checked(need).unwrap_or((rest, &[]));
        self.buffer.extend_from_slice(bytes);
        let Ok(written) = <[u8; 4]>::try_from(self.buffer.as_slice()) else { return rest };
        self.buffer.clear();
        match form::length(self.order, written) {
            Some(len) => self.state = State::Inside(len),
            None => self.broken(each),
        }
        rest
    }

    /// A message within the limit: given out in place where it lies in one piece.
    fn inside<'a>(&mut self, rest: &'a [u8], len: usize, each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        if !self.is_possible(rest) {
            self.broken(each);
            return &[];
        }
        let need = len.saturating_sub(self.buffer.len());
        let Some((last, after)) = rest.split_at_checked(need) else {
            self.buffer.reserve_exact(rest.len());
            self.buffer.extend_from_slice(rest);
            return &[];
        };
        if self.buffer.is_empty() {
            each(Message::Whole(last));
        } else {
            self.buffer.extend_from_slice(last);
            each(Message::Whole(&self.buffer));
            self.buffer.clear();
        }
        self.state = State::Between;
        after
    }

    fn overlong<'a>(&mut self, rest: &'a [u8], len: usize, each: &mut impl FnMut(Message<'_>)) -> &'a [u8] {
        if !self.is_possible(rest) {
            self.broken(each);
            return &[];
        }
        let need = HEAD.saturating_sub(self.buffer.len()).min(rest.len());
        let (head, after) = rest.split_at_checked(need).unwrap_or((rest, &[]));
        self.buffer.extend_from_slice(head);
        if self.buffer.len() == HEAD {
            each(Message::Overlong(&self.buffer));
            self.buffer.clear();
            self.state = State::Skip(len.saturating_sub(HEAD));
        }
        after
    }

    /// Whether the message in hand begins as one does: megabytes are not skipped on a length alone.
    fn is_possible(&self, rest: &[u8]) -> bool {
        let first = self.buffer.first().or_else(|| rest.first());
        first.is_none_or(|b| form::first_byte(self.order, *b))
    }

    fn broken(&mut self, each: &mut impl FnMut(Message<'_>)) {
        self.resync();
        each(Message::Broken);
    }
}

#[cfg(test)]
mod tests;
