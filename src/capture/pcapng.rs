//! A pcapng stream passed on with every interface's snap length lifted; anything else is passed on as it is.
//! libpcap refuses files whose interfaces differ in it, as merged ones often do. Frames are not looked at.
//! Format: draft-ietf-opsawg-pcapng §3.1 (blocks), §4.1 (section header), §4.2 (interface description).

use std::io::{self, Write};

/// A writer in front of libpcap's pipe.
pub(super) struct Lift<W> {
    sink: W,
    /// Beginning of a block that is not decided yet.
    held: Vec<u8>,
    /// Bytes to pass on unseen.
    pass: u64,
    big_endian: bool,
    started: bool,
}

/// Whether a file beginning so is pcapng.
pub(super) fn is_pcapng(head: &[u8]) -> bool {
    head.starts_with(&SECTION)
}

impl<W: Write> Lift<W> {
    pub(super) fn new(sink: W) -> Self {
        Self { sink, held: Vec::with_capacity(HELD), pass: 0, big_endian: false, started: false }
    }

    /// Passes on what is held of a cut block, for libpcap to see the cut.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.sink.write_all(&self.held)?;
        self.sink.flush()
    }

    /// Decides on the held beginning of a block; with too little of it, leaves it for later.
    fn decide(&mut self) -> io::Result<()> {
        if !self.started && self.held.len() >= 4 && !is_pcapng(&self.held) {
            return self.release(u64::MAX);
        }
        let Some((head, rest)) = self.held.split_first_chunk::<8>() else { return Ok(()) };
        let [kind @ .., l0, l1, l2, l3] = *head;
        if kind == SECTION {
            let Some((order, _)) = rest.split_first_chunk() else { return Ok(()) };
            self.big_endian = *order == [0x1a, 0x2b, 0x3c, 0x4d];
        }
        self.started = true;
        let length = u64::from(self.number([l0, l1, l2, l3]));
        if length < BLOCK_MIN {
            return self.release(u64::MAX); // broken: libpcap says how
        }
        if self.number(kind) == INTERFACE && length >= INTERFACE_MIN {
            let Some(snaplen) = self.held.get_mut(12..HELD) else { return Ok(()) };
            snaplen.fill(0); // no limit
        }
        self.release(length)
    }

    /// Passes on the held bytes, and unseen the rest of a block of `length`.
    fn release(&mut self, length: u64) -> io::Result<()> {
        self.pass = length.saturating_sub(self.held.len() as u64);
        self.started = true;
        self.sink.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    fn number(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

impl<W: Write> Write for Lift<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.pass > 0 {
            let n = bytes.len().min(usize::try_from(self.pass).unwrap_or(usize::MAX));
            self.sink.write_all(&bytes[..n])?;
            self.pass -= n as u64;
            return Ok(n);
        }
        let Some(&byte) = bytes.first() else { return Ok(0) };
        self.held.push(byte);
        self.decide()?;
        Ok(1)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const INTERFACE: u32 = 1;
const BLOCK_MIN: u64 = 12;
const INTERFACE_MIN: u64 = 20;
/// Up to the end of an interface's snap length.
const HELD: usize = 16;
