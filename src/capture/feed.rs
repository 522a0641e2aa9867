//! A thread that unpacks an input, or only passes it on, into a pipe libpcap reads from.
//! It does not look at what is inside the packing.

use std::io::{self, BufReader, BufWriter, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use flate2::bufread::MultiGzDecoder;

use super::pcapng::Lift;
use super::zstd;

/// How an input is packed, by its first bytes; a name's extension says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Plain,
    /// A packing that is recognised but not read; the word names it.
    Unread(&'static str),
    Zstd,
}

impl Packing {
    /// Bytes [`Packing::of`] looks at.
    pub(super) const HEAD: usize = 6;

    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Unread("xz"),
            [b'B', b'Z', b'h', ..] => Self::Unread("bzip2"),
            [b'P', b'K', 3, 4, ..] => Self::Unread("zip"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Unread("lz4"),
            _ => Self::Plain,
        }
    }
}

/// A running feeder.
pub(super) struct Feed {
    bytes: Arc<AtomicU64>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Feed {
    /// Starts feeding `head`, which was read from `source` before, and then the rest of `source`.
    ///
    /// # Errors
    /// No pipe or no thread is to be had.
    pub(super) fn start(
        packing: Packing,
        head: Vec<u8>,
        source: impl Read + Send + 'static,
    ) -> io::Result<(Self, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        // Fewer switches between the two threads; the kernel's 64 KiB will do where it refuses.
        let _ = rustix::pipe::fcntl_setpipe_size(&writer, PIPE_BYTES);
        let bytes = Arc::new(AtomicU64::new(head.len() as u64));
        let source = io::Cursor::new(head).chain(Counted { source, bytes: Arc::clone(&bytes) });
        let thread = thread::Builder::new()
            .name("capture-feed".to_owned())
            .spawn(move || pump(packing, BufReader::with_capacity(BUFFER_BYTES, source), writer))?;
        Ok((Self { bytes, thread: Some(thread) }, reader))
    }

    /// Bytes taken from the input so far, packed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How the input ended. Call it once the pipe is at its end, else it waits for the input.
    ///
    /// # Errors
    /// `UnexpectedEof` where the packing is cut, others where it is broken or cannot be read.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the unpacker failed on these bytes")),
        }
    }
}

fn pump(packing: Packing, mut source: BufReader<impl Read>, pipe: PipeWriter) -> io::Result<()> {
    // Blocks are a few hundred bytes: without a buffer each would be a system call, and more.
    let mut sink = Lift::new(BufWriter::with_capacity(BUFFER_BYTES, pipe));
    let result = match packing {
        Packing::Gzip => copy(MultiGzDecoder::new(source), &mut sink)
            .map_err(|e| io::Error::new(e.kind(), format!("gzip: {e}"))),
        Packing::Zstd => zstd::unpack(&mut source, &mut sink),
        Packing::Plain | Packing::Unread(_) => copy(source, &mut sink),
    };
    // What was unpacked before an error is good.
    let written = sink.finish();
    match result.and(written) {
        // libpcap closed its end first: nobody wants the rest.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Unlike `io::copy`, never splices: the bytes are counted as they pass.
fn copy(mut source: impl Read, sink: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                sink.write_all(&buffer[..n])?;
                // A slow source, as a capture still running, is passed on as it comes.
                if n < buffer.len() {
                    sink.flush()?;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

struct Counted<S> {
    source: S,
    bytes: Arc<AtomicU64>,
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

const BUFFER_BYTES: usize = 128 * 1024;
const PIPE_BYTES: usize = 1024 * 1024;
