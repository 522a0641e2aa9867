//! What a capture file is read from: found out by its first bytes, and given to libpcap directly or through a feeder.
//! Frames are not its business.

use std::fs;
use std::io::{self, IsTerminal, Read, Seek};
use std::os::fd::{AsFd, AsRawFd};

use pcap::{Capture, Offline};

use super::Error;
use super::error::detail;
use super::feed::{Feed, Packing};
use super::pcapng::is_pcapng;

/// An input whose first bytes are known.
pub(super) struct Input {
    source: fs::File,
    head: Vec<u8>,
    /// Bytes from here to the end, of a regular file.
    rest: Option<u64>,
}

impl Input {
    pub(super) fn probe(mut source: fs::File) -> io::Result<Self> {
        let metadata = source.metadata()?;
        let rest = if metadata.is_file() {
            Some(metadata.len().saturating_sub(source.stream_position()?))
        } else {
            None
        };
        let mut head = Vec::with_capacity(Packing::HEAD);
        source.by_ref().take(Packing::HEAD as u64).read_to_end(&mut head)?;
        Ok(Self { source, head, rest })
    }

    pub(super) fn open(
        self,
        name: &str,
        stdin: bool,
    ) -> Result<(Capture<Offline>, Progress, Option<u64>), Error> {
        let Self { source, head, rest } = self;
        let input = || name.to_owned();
        let packing = Packing::of(&head);
        if let Packing::Unread(name) = packing {
            return Err(Error::Format { input: input(), detail: format!("it is packed with {name}") });
        }
        if head.is_empty() && rest.is_some() {
            return Err(Error::Format { input: input(), detail: "it is empty".to_owned() });
        }
        // Standard input is fed, too: it may stand at any offset, and belong to another user.
        if packing == Packing::Plain && rest.is_some() && !stdin && !is_pcapng(&head) {
            let capture = open_descriptor(&source)
                .map_err(|error| Error::Format { input: input(), detail: detail(&error) })?;
            return Ok((capture, Progress::reading(&head), rest));
        }
        let (capture, feed) = fed(name, packing, head, source)?;
        Ok((capture, Progress::Fed(feed), rest))
    }
}

/// Opens what a feeder unpacks.
pub(super) fn fed(
    name: &str,
    packing: Packing,
    head: Vec<u8>,
    source: impl Read + Send + 'static,
) -> Result<(Capture<Offline>, Feed), Error> {
    let input = || name.to_owned();
    let (mut feed, pipe) = Feed::start(packing, head, source)
        .map_err(|e| Error::Capture { input: input(), detail: e.to_string() })?;
    let opened = open_descriptor(&pipe);
    drop(pipe); // or the feeder would never learn that libpcap closed its end
    match opened {
        Ok(capture) => Ok((capture, feed)),
        Err(error) => {
            let detail = detail(&error);
            let cause = if is_cut(&detail) { feed.end().err() } else { None };
            let detail = cause.map_or(detail, |e| e.to_string());
            if is_mixed(&detail) {
                return Err(Error::MixedLinks { input: input() });
            }
            Err(Error::Format { input: input(), detail })
        }
    }
}

/// How far the input is read.
pub(super) enum Progress {
    Fed(Feed),
    /// Of a plain pcap file, `frame` bytes before each frame.
    Read {
        bytes: u64,
        frame: u64,
    },
}

impl Progress {
    fn reading(head: &[u8]) -> Self {
        // Kuznetzov's pcap has more in front of each frame.
        let kuznetzov = matches!(head, [0xa1, 0xb2, 0xcd, 0x34, ..] | [0x34, 0xcd, 0xb2, 0xa1, ..]);
        Self::Read { bytes: 24, frame: if kuznetzov { 24 } else { 16 } }
    }

    #[inline]
    pub(super) fn advance(&mut self, caplen: u32) {
        if let Self::Read { bytes, frame } = self {
            *bytes += *frame + u64::from(caplen);
        }
    }
}

pub(super) fn open_stdin() -> io::Result<fs::File> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is a terminal, not a capture"));
    }
    Ok(stdin.as_fd().try_clone_to_owned()?.into())
}

/// By descriptor, not by name: the same file that was probed, whatever bytes its name has.
fn open_descriptor(descriptor: &impl AsRawFd) -> Result<Capture<Offline>, pcap::Error> {
    Capture::from_file(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

/// In libpcap's words; it has no others.
pub(super) fn is_cut(detail: &str) -> bool {
    detail.starts_with("truncated ")
}

/// In libpcap's words; it has no others.
pub(super) fn is_mixed(detail: &str) -> bool {
    detail.contains("different from the type of the first interface")
}
