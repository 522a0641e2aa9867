//! Binary messages behind their length (stub).

/// How the length is written: four bytes, not counting themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// What is found in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A message without its length.
    Whole(&'a [u8]),
    /// A message over the limit: its first bytes.
    Overlong(&'a [u8]),
    /// A length that no message has; the framer is lost.
    Broken,
}

/// The unfinished message of one direction.
#[derive(Debug)]
pub struct Framer {
    order: Order,
    buffer: Vec<u8>,
}

impl Framer {
    /// For a direction found where a message begins.
    pub const fn new(order: Order) -> Self {
        Self { order, buffer: Vec::new() }
    }

    /// Whether no message is unfinished.
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Drops the unfinished message; the stream goes on at a piece that begins with one.
    pub fn resync(&mut self) {
        self.buffer = Vec::new();
    }

    /// Takes the next piece of the stream and gives each message that it finishes to `each`.
    pub fn feed(&mut self, piece: &[u8], limit: usize, mut each: impl FnMut(Message<'_>)) {
        let _ = (self.order, limit, piece);
        each(Message::Broken);
    }
}
