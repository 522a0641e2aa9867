//! A live interface: frames from its ring, without waiting longer than the caller wants, and what was lost.
//! One handle belongs to one worker; whether to open an interface again is the daemon's decision.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use pcap::{Active, Capture};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::error::detail;
use super::{Error, frame, link_type};
use crate::packet::{Frame, LinkType};

/// How to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Interfaces by name; default `any`, all of them in one handle (cooked frames, never promiscuous).
    pub interfaces: Vec<String>,
    /// BPF expression, by default empty: every frame. It must spare what mining may hide in; `tcp port 3333` misses
    /// VLAN-tagged frames on some links, `(expr) or (vlan and (expr))` does not.
    pub filter: String,
    /// Ring of one handle in bytes, default 64 MiB, at most 2 GiB less one. Kernel memory, taken at once: the whole
    /// is `ring_bytes` × `workers` × interfaces. Where the kernel cannot give it, libpcap takes less in silence.
    pub ring_bytes: usize,
    /// Captured bytes of a frame, default 65535, at most 262144. Receive offloads (GRO, LRO) deliver frames up to 64 KiB.
    pub snaplen: u32,
    /// Whether an interface hears frames for others, as a mirror port needs; default yes. No effect on `any`.
    pub promiscuous: bool,
    /// Handles and threads for each interface, default 1; the kernel spreads flows over them ([`Live::join_fanout`]).
    pub workers: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interfaces: vec![ANY.to_owned()],
            filter: String::new(),
            ring_bytes: 64 * 1024 * 1024,
            snaplen: 65_535,
            promiscuous: true,
            workers: 1,
        }
    }
}

/// What a handle has seen since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Frames that passed the filter, with those dropped: loss is `dropped / received`.
    pub received: u64,
    /// Frames the kernel dropped because the ring was full.
    pub dropped: u64,
    /// Frames the interface or its driver dropped; 0 for `any`.
    pub interface_dropped: u64,
}

/// An open interface.
pub struct Live {
    capture: Capture<Active>,
    interface: String,
    link: LinkType,
    received: Wrapping,
    dropped: Wrapping,
    interface_dropped: Wrapping,
    interrupted: bool,
}

impl Live {
    /// Opens one interface (`settings.interfaces` is for the caller, which opens each).
    ///
    /// # Errors
    /// [`Error::Permission`], [`Error::NoInterface`], [`Error::Down`], [`Error::Link`], [`Error::Filter`], or
    /// [`Error::Capture`] with libpcap's words.
    pub fn open(interface: &str, settings: &Settings) -> Result<Self, Error> {
        let capture = activate(interface, settings).map_err(|error| open_failure(interface, &error))?;
        let link = link_type(&capture, interface)?;
        let mut capture = capture.setnonblock().map_err(|error| failure(interface, &error))?;
        if !settings.filter.trim().is_empty() {
            capture
                .filter(&settings.filter, true)
                .map_err(|error| Error::filter(&settings.filter, &error))?;
        }
        Ok(Self {
            capture,
            interface: interface.to_owned(),
            link,
            received: Wrapping::default(),
            dropped: Wrapping::default(),
            interface_dropped: Wrapping::default(),
            interrupted: false,
        })
    }

    /// The interface's name.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// What each frame begins with.
    pub fn link_type(&self) -> LinkType {
        self.link
    }

    /// Gives `visit` the frames of the next full block of the ring and returns how many; waits up to `timeout`
    /// for one. 0 means a quiet link or a signal: time for the caller's own work. A block is handed over at the
    /// latest 100 ms after its first frame.
    ///
    /// A panic in `visit` passes through; the next call goes on with the next frame.
    ///
    /// # Errors
    /// [`Error::Gone`] where the interface was removed, else [`Error::Capture`]; the handle is then of no more use.
    /// An interface that only goes down is waited for.
    pub fn poll_frames(
        &mut self,
        timeout: Duration,
        mut visit: impl FnMut(Frame<'_>),
    ) -> Result<usize, Error> {
        // Under load the next block is there already: no system call.
        let frames = self.dispatch(&mut visit)?;
        if frames > 0 {
            return Ok(frames);
        }
        self.wait(timeout)?;
        // Also when nothing came: this is where libpcap notices that the interface is gone.
        self.dispatch(&mut visit)
    }

    /// Totals since the handle was opened. libpcap's own are 32 bits wide: ask at least once an hour.
    ///
    /// # Errors
    /// [`Error::Gone`] or [`Error::Capture`].
    pub fn statistics(&mut self) -> Result<Totals, Error> {
        let now = self.capture.stats().map_err(|error| failure(&self.interface, &error))?;
        Ok(Totals {
            received: self.received.advance(now.received),
            dropped: self.dropped.advance(now.dropped),
            interface_dropped: self.interface_dropped.advance(now.if_dropped),
        })
    }

    /// Joins the handles of `group` on this interface, among which the kernel spreads flows, both directions of one
    /// to the same handle. A group belongs to one interface and is named by any number this host does not use yet.
    ///
    /// # Errors
    /// [`Error::Capture`] where the kernel refuses, as when the group exists on another interface.
    pub fn join_fanout(&self, group: u16) -> Result<(), Error> {
        // PACKET_FANOUT (packet(7)): the group below, mode and flags above.
        let mode = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG;
        let value = u32::from(group) | (mode << 16);
        #[expect(unsafe_code, reason = "no crate wraps PACKET_FANOUT")]
        // SAFETY: the descriptor is open as long as `self`; the kernel reads the 4 bytes of `value` and keeps nothing.
        let result = unsafe {
            libc::setsockopt(
                self.capture.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_FANOUT,
                (&raw const value).cast(),
                size_of_val(&value) as libc::socklen_t,
            )
        };
        if result == 0 {
            return Ok(());
        }
        let reason = std::io::Error::last_os_error();
        Err(Error::Capture {
            input: self.interface.clone(),
            detail: format!("cannot join fanout group {group}: {reason}"),
        })
    }

    fn dispatch(&mut self, visit: &mut impl FnMut(Frame<'_>)) -> Result<usize, Error> {
        let link = self.link;
        loop {
            let interrupted = std::mem::replace(&mut self.interrupted, true);
            let mut seen = 0_usize;
            let result = self.capture.dispatch(None, |packet| {
                seen += 1;
                visit(frame(&packet, link));
            });
            self.interrupted = false;
            match result {
                Ok(_) => return Ok(seen),
                // After a panic in `visit`, libpcap reports its break to the next call, once.
                Err(_) if interrupted && seen == 0 => {}
                Err(error) => return Err(failure(&self.interface, &error)),
            }
        }
    }

    fn wait(&self, timeout: Duration) -> Result<(), Error> {
        let timeout = Timespec::try_from(timeout).ok();
        let mut descriptors = [PollFd::from_borrowed_fd(self.capture.as_fd(), PollFlags::IN)];
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(errno) => {
                Err(Error::Capture { input: self.interface.clone(), detail: format!("poll: {errno}") })
            }
        }
    }
}

/// The open handle, by libpcap's own errors; also asked whether this user may capture.
pub(super) fn activate(interface: &str, settings: &Settings) -> Result<Capture<Active>, pcap::Error> {
    Capture::from_device(interface)?
        .snaplen(settings.snaplen.min(SNAPLEN_MAX) as i32)
        // libpcap warns that `any` cannot be promiscuous, and the crate takes a warning for a failure.
        .promisc(settings.promiscuous && interface != ANY)
        .buffer_size(i32::try_from(settings.ring_bytes).unwrap_or(i32::MAX))
        .timeout(BLOCK_TIMEOUT_MS)
        .open()
}

/// libpcap's numbers for these reach us as words only, or as none.
pub(super) fn open_failure(interface: &str, error: &pcap::Error) -> Error {
    let detail = detail(error);
    let interface = interface.to_owned();
    if ["CAP_NET_RAW", "ermission", "not permitted"].iter().any(|word| detail.contains(word)) {
        return Error::Permission { interface, detail };
    }
    // Where they cannot be listed, as for want of descriptors, nothing says that it is not there.
    match pcap::Device::list().map(|all| all.into_iter().find(|d| d.name == interface)) {
        Ok(None) if interface != ANY => Error::NoInterface { interface },
        Ok(Some(device)) if !device.flags.is_up() => Error::Down { interface },
        _ => Error::Capture { input: interface, detail },
    }
}

fn failure(interface: &str, error: &pcap::Error) -> Error {
    let detail = detail(error);
    let interface = interface.to_owned();
    if detail.contains("disappeared") {
        Error::Gone { interface }
    } else if detail.contains("went down") {
        Error::Down { interface }
    } else {
        Error::Capture { input: interface, detail }
    }
}

/// A 64-bit total of a 32-bit counter that wraps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wrapping {
    last: u32,
    total: u64,
}

impl Wrapping {
    pub(super) fn advance(&mut self, now: u32) -> u64 {
        self.total += u64::from(now.wrapping_sub(self.last));
        self.last = now;
        self.total
    }
}

/// libpcap's name for all interfaces in one handle.
pub(super) const ANY: &str = "any";
const BLOCK_TIMEOUT_MS: i32 = 100;
/// libpcap's own limit.
const SNAPLEN_MAX: u32 = 262_144;
