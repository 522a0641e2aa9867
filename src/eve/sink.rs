//! Where lines end up: a file that may be rotated, run full or vanish, or standard output. It writes whole lines or
//! knows that it did not; when to try again is the writer's matter.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::writer::Counters;

/// An open or not yet open place for lines, and the lines that wait for it.
#[derive(Debug)]
pub(super) struct Sink {
    target: Target,
    file: Option<File>,
    batch: Vec<u8>,
    /// Whether what was written last is the beginning of a line.
    torn: bool,
    /// Whether the reader of standard output went away.
    closed: bool,
    counters: Arc<Counters>,
}

#[derive(Debug)]
pub(super) enum Target {
    File(PathBuf),
    Stdout,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdout => f.write_str("standard output"),
        }
    }
}

impl Sink {
    pub(super) const fn new(target: Target, counters: Arc<Counters>) -> Self {
        Self { target, file: None, batch: Vec::new(), torn: false, closed: false, counters }
    }

    /// The lines that wait; whole lines only may be appended.
    pub(super) const fn batch(&mut self) -> &mut Vec<u8> {
        &mut self.batch
    }

    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn is_full(&self) -> bool {
        self.batch.len() >= FULL
    }

    /// Makes the next write open the file anew: the old one may have been renamed.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Writes the lines that wait, opening (and creating) the file first. After an error the lines not written whole
    /// still wait.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if self.closed {
            self.discard();
            return Ok(());
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        match self.push(&file) {
            // Not kept after an error, so that the next try opens the file that stands there then.
            Err(e) if e.kind() == ErrorKind::BrokenPipe && matches!(self.target, Target::Stdout) => {
                self.closed = true;
                self.discard();
                Ok(())
            }
            Err(e) => Err(e),
            Ok(()) => {
                self.file = Some(file);
                Ok(())
            }
        }
    }

    fn push(&mut self, mut file: &File) -> io::Result<()> {
        if self.torn && !self.batch.is_empty() {
            file.write_all(b"\n")?;
            self.torn = false;
        }
        let mut sent = 0;
        let pushed = loop {
            if sent == self.batch.len() {
                break Ok(());
            }
            match file.write(&self.batch[sent..]) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(n) => sent += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        let whole = memchr::memrchr(b'\n', &self.batch[..sent]).map_or(0, |end| end + 1);
        self.counters.count_written(lines(&self.batch[..whole]));
        // A line of which only a part got out is written again as a whole, on a line of its own.
        self.torn |= sent > whole;
        self.batch.drain(..whole);
        pushed
    }

    fn open(&mut self) -> io::Result<File> {
        match &self.target {
            // Past the standard library's buffer, which would keep what it could not write and write it later.
            Target::Stdout => io::stdout().as_fd().try_clone_to_owned().map(File::from),
            Target::File(path) => {
                let file = open_to_append(path)?;
                if file.metadata()?.is_file() {
                    // Another run may have been killed in the middle of a line.
                    self.torn = !ends_whole(&file);
                }
                Ok(file)
            }
        }
    }

    fn discard(&mut self) {
        self.counters.count_dropped(lines(&self.batch));
        self.batch.clear();
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640);
    // To read is needed for the last byte only; a named pipe opened to read and write never lacks a reader.
    if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        // A pipe without a reader is a failed try, not a wait that nothing ends; with one it may make us wait.
        let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
        rustix::io::ioctl_fionbio(&file, false)?;
        return Ok(file);
    }
    match options.clone().read(true).open(path) {
        Err(e) if e.kind() == ErrorKind::PermissionDenied => options.open(path),
        opened => opened,
    }
}

/// Whether a file is empty or ends with a line feed; a file that cannot be read is taken to.
fn ends_whole(file: &File) -> bool {
    let Some(last) = file.metadata().ok().and_then(|m| m.len().checked_sub(1)) else { return true };
    let mut byte = [0];
    !matches!(file.read_at(&mut byte, last), Ok(1)) || byte == *b"\n"
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Bytes gathered before they are written.
const FULL: usize = 64 << 10;

#[cfg(test)]
mod tests;
