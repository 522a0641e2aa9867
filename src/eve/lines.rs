//! Events straight to a pipe or file, without queue or thread: for a run over capture files, which may wait for its
//! reader.

use std::io::{self, ErrorKind, Write};

use crate::detect::Event;

use super::{Renderer, StatsRecord};

/// Lines on their way to `out`, gathered until there are enough for one write.
#[derive(Debug)]
pub struct Lines<W: Write> {
    renderer: Renderer,
    out: W,
    batch: Vec<u8>,
    closed: bool,
}

impl<W: Write> Lines<W> {
    /// Lines rendered by `renderer`.
    pub const fn new(renderer: Renderer, out: W) -> Self {
        Self { renderer, out, batch: Vec::new(), closed: false }
    }

    /// Writes one event. `in_iface` is empty where the capture has no interface.
    ///
    /// # Errors
    /// What `out` says, but for a reader that went away: see [`Lines::is_closed`].
    pub fn event(&mut self, in_iface: &str, event: &Event) -> io::Result<()> {
        self.renderer.event(in_iface, event, &mut self.batch);
        self.settle()
    }

    /// Writes the counters.
    ///
    /// # Errors
    /// As [`Lines::event`].
    pub fn stats(&mut self, record: &StatsRecord) -> io::Result<()> {
        self.renderer.stats(record, &mut self.batch);
        self.settle()
    }

    /// Writes what is gathered. Call it before a wait for more packets, and at the end: dropping does not.
    ///
    /// # Errors
    /// As [`Lines::event`].
    pub fn flush(&mut self) -> io::Result<()> {
        let written = if self.closed {
            Ok(())
        } else {
            self.out.write_all(&self.batch).and_then(|()| self.out.flush())
        };
        self.batch.clear();
        match written {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => written,
        }
    }

    /// Whether the reader of the pipe has had enough (`| head`): nothing more will be written, and that is no error.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.batch.len() < FULL { Ok(()) } else { self.flush() }
    }
}

/// Bytes gathered before they are written.
const FULL: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// Takes `room` bytes, then fails.
    struct Pipe(Vec<u8>, usize, ErrorKind);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.1 - self.0.len());
            self.0.extend_from_slice(&bytes[..taken]);
            if taken == 0 { Err(self.2.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn gathers_lines_until_flushed() {
        let mut lines = Lines::new(Renderer::default(), Vec::new());
        lines.event("", &sample::numbered(1)).unwrap();
        lines.stats(&StatsRecord::default()).unwrap();
        assert!(lines.out.is_empty());
        lines.flush().unwrap();
        let text = String::from_utf8(lines.out.clone()).unwrap();
        assert!(text.lines().count() == 2 && !text.contains("in_iface"));
        for id in 0..1000 {
            lines.event("", &sample::numbered(id)).unwrap();
        }
        assert!(lines.out.len() > FULL && lines.batch.len() < FULL);
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_but_a_full_disk_is() {
        let mut lines = Lines::new(Renderer::default(), Pipe(Vec::new(), 10, ErrorKind::BrokenPipe));
        lines.event("", &sample::numbered(1)).unwrap();
        lines.flush().unwrap();
        assert!(lines.is_closed());
        lines.event("", &sample::numbered(2)).unwrap();
        lines.flush().unwrap();
        assert_eq!(lines.out.0.len(), 10);

        let mut lines = Lines::new(Renderer::default(), Pipe(Vec::new(), 10, ErrorKind::StorageFull));
        lines.event("", &sample::numbered(1)).unwrap();
        assert_eq!(lines.flush().unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(!lines.is_closed());
    }
}
