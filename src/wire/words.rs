//! Lines of plain text (stub).

/// The unfinished line of one direction.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
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
        self.buffer = Vec::new();
    }

    /// Takes the next piece of the stream and gives each line that it finishes to `each`, without its end.
    pub fn feed(&mut self, piece: &[u8], mut each: impl FnMut(&[u8])) {
        each(piece);
    }
}
