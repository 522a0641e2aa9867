//! A capture file: pcap or pcapng, plain or packed with gzip or zstd, by path or from standard input.
//! It delivers frames in batches and says how far it is; it neither sorts nor repairs.

use std::fs;
use std::io;
use std::path::Path;

use pcap::{BpfProgram, Capture, Offline};

use super::error::detail;
use super::feed::Packing;
use super::input::{Input, Progress, fed, is_cut, is_mixed, open_stdin};
use super::{Error, compile, frame, link_type};
use crate::packet::{Frame, LinkType};

/// An open capture file.
pub struct File {
    capture: Capture<Offline>,
    name: String,
    link: LinkType,
    /// Applied here rather than in libpcap, which would read a whole file in one batch to fill it with matches.
    filter: Option<BpfProgram>,
    progress: Progress,
    total_bytes: Option<u64>,
    ended: bool,
    interrupted: bool,
}

/// What is left after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// The file is at its end.
    Done,
    /// There may be more frames.
    More,
}

impl File {
    /// Opens `path`, `-` being standard input; `filter` is a BPF expression. Blocks until the file header is in.
    /// Needs /proc, through which libpcap gets the open descriptor.
    ///
    /// # Errors
    /// All of [`Error`]'s input and filter classes; [`Error::Truncated`] comes later, from [`File::for_each`].
    pub fn open(path: &Path, filter: Option<&str>) -> Result<Self, Error> {
        let stdin = path.as_os_str() == "-";
        let name = if stdin { "standard input".to_owned() } else { path.display().to_string() };
        let source = if stdin { open_stdin() } else { fs::File::open(path) };
        let input =
            source.and_then(Input::probe).map_err(|reason| Error::Open { input: name.clone(), reason })?;
        let (capture, progress, total_bytes) = input.open(&name, stdin)?;
        Self::over(capture, name, filter, progress, total_bytes)
    }

    /// Opens a capture that the program holds, `name` being what messages call it.
    ///
    /// # Errors
    /// Those of [`File::open`].
    pub fn held(name: &str, bytes: &'static [u8], filter: Option<&str>) -> Result<Self, Error> {
        let (capture, feed) = fed(name, Packing::of(bytes), Vec::new(), bytes)?;
        let total_bytes = u64::try_from(bytes.len()).ok();
        Self::over(capture, name.to_owned(), filter, Progress::Fed(feed), total_bytes)
    }

    fn over(
        capture: Capture<Offline>,
        name: String,
        filter: Option<&str>,
        progress: Progress,
        total_bytes: Option<u64>,
    ) -> Result<Self, Error> {
        let link = link_type(&capture, &name)?;
        let mut file = Self {
            capture,
            name,
            link,
            filter: None,
            progress,
            total_bytes,
            ended: false,
            interrupted: false,
        };
        file.set_filter(filter.unwrap_or_default())?;
        Ok(file)
    }

    /// What each frame begins with.
    pub fn link_type(&self) -> LinkType {
        self.link
    }

    /// Bytes of the file (packed, where it is packed) that were taken so far: of a plain pcap file those of the
    /// frames delivered, of others those read ahead by up to some MiB.
    pub fn bytes_read(&self) -> u64 {
        match &self.progress {
            Progress::Fed(feed) => feed.bytes(),
            Progress::Read { bytes, .. } => self.total_bytes.map_or(*bytes, |total| total.min(*bytes)),
        }
    }

    /// Size of the file in bytes when it was opened; `None` for a pipe.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Gives `visit` up to `max` frames, all that are left where it is `None`. A few thousand keep the calls
    /// cheap and the caller able to stop. With a filter, `max` counts the frames before it.
    ///
    /// A panic in `visit` passes through; the next call goes on with the next frame.
    ///
    /// # Errors
    /// [`Error::Truncated`] or [`Error::Damaged`], once, after all whole frames before were delivered; then
    /// every call is [`Batch::Done`].
    pub fn for_each(&mut self, max: Option<usize>, mut visit: impl FnMut(Frame<'_>)) -> Result<Batch, Error> {
        if self.ended {
            return Ok(Batch::Done);
        }
        let max = max.map(|max| max.min(BATCH_MAX));
        if max == Some(0) {
            return Ok(Batch::More);
        }
        let mut seen = 0;
        let result = loop {
            let interrupted = std::mem::replace(&mut self.interrupted, true);
            let (link, filter, progress) = (self.link, self.filter.as_ref(), &mut self.progress);
            let result = self.capture.dispatch(max, |packet| {
                seen += 1;
                progress.advance(packet.header.caplen);
                if filter.is_none_or(|filter| filter.filter(packet.data)) {
                    visit(frame(&packet, link));
                }
            });
            self.interrupted = false;
            // After a panic in `visit`, libpcap reports its break to the next call, once.
            if !(interrupted && result.is_err() && seen == 0) {
                break result;
            }
        };
        match result {
            // Some versions of libpcap return 0 for a batch that meets the end, so its own count says nothing.
            Ok(_) if max == Some(seen) => Ok(Batch::More),
            Ok(_) => self.end().map(|()| Batch::Done),
            Err(error) => Err(self.failure(&error)),
        }
    }

    fn set_filter(&mut self, expression: &str) -> Result<(), Error> {
        if expression.trim().is_empty() {
            return Ok(());
        }
        let program = compile(&self.capture, expression)?;
        if reads_length(&program) {
            // Only libpcap itself tells the program the length on the wire.
            self.capture.filter(expression, true).map_err(|error| Error::filter(expression, &error))
        } else {
            self.filter = Some(program);
            Ok(())
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        self.ended = true;
        match &mut self.progress {
            Progress::Fed(feed) => feed.end().map_err(|e| feed_failure(self.name.clone(), &e)),
            Progress::Read { bytes, .. } => {
                *bytes = self.total_bytes.unwrap_or(*bytes);
                Ok(())
            }
        }
    }

    fn failure(&mut self, error: &pcap::Error) -> Error {
        self.ended = true;
        let detail = detail(error);
        let input = self.name.clone();
        if is_mixed(&detail) {
            return Error::MixedLinks { input };
        }
        if !is_cut(&detail) {
            return Error::Damaged { input, detail };
        }
        // The packing's own error is the cause, where it has one.
        self.end().err().unwrap_or(Error::Truncated { input, detail })
    }
}

fn feed_failure(input: String, error: &io::Error) -> Error {
    let detail = error.to_string();
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Error::Truncated { input, detail }
    } else {
        Error::Damaged { input, detail }
    }
}

/// Whether a program loads the frame's length on the wire (`len`, `greater`), which [`BpfProgram::filter`] takes
/// to be the captured length. An instruction shows itself as `code jt jf k`.
fn reads_length(program: &BpfProgram) -> bool {
    const LD_LEN: &str = "128 ";
    const LDX_LEN: &str = "129 ";
    program.get_instructions().iter().any(|instruction| {
        let text = instruction.to_string();
        text.starts_with(LD_LEN) || text.starts_with(LDX_LEN)
    })
}

/// libpcap counts frames in a C int.
const BATCH_MAX: usize = i32::MAX as usize;
