//! What can go wrong with a capture, in words an operator can act on.
//! Which exit code a kind becomes is decided by the command, not here.

use std::io;

/// A capture that cannot be opened, or that ended for a reason other than its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// libpcap failed in a way it has no class for.
    #[error("{input}: {detail}: see the kernel log, and report it if it stays")]
    Capture {
        /// Interface or file.
        input: String,
        /// libpcap's or the kernel's words.
        detail: String,
    },
    /// The input turned out broken after its beginning. The frames before were delivered.
    #[error("{input}: damaged ({detail}): the frames before the damage were read; capture or copy it again")]
    Damaged {
        /// File name, or `standard input`.
        input: String,
        /// What is broken.
        detail: String,
    },
    /// The interface exists but is down; it may come up.
    #[error("{interface}: the interface is down: bring it up with `ip link set {interface} up`")]
    Down {
        /// Its name.
        interface: String,
    },
    /// The filter expression does not compile for this link type.
    #[error("filter \"{expression}\": {detail}: the syntax is that of pcap-filter(7)")]
    Filter {
        /// The expression as given.
        expression: String,
        /// libpcap's words.
        detail: String,
    },
    /// The input is not a capture, or in a form that is not read.
    #[error(
        "{input}: not a readable capture ({detail}): give pcap or pcapng, plain or packed with gzip or zstd"
    )]
    Format {
        /// File name, or `standard input`.
        input: String,
        /// Why.
        detail: String,
    },
    /// The interface went away while it was captured; it may come back.
    #[error("{interface}: the interface went away: open it again once it is back")]
    Gone {
        /// Its name.
        interface: String,
    },
    /// The frames begin with a link header the sensor does not read.
    #[error(
        "{input}: link type {number} ({name}) is not read: capture Ethernet, Linux cooked, loopback or raw IP"
    )]
    Link {
        /// Interface or file.
        input: String,
        /// libpcap's number (DLT).
        number: i32,
        /// libpcap's name of it.
        name: String,
    },
    /// A pcapng file with frames of different link types, which libpcap cannot read together. The frames before the
    /// second link type were delivered.
    #[error(
        "{input}: its interfaces differ in link type: only the frames before the second type were read; \
         split it, as with `tshark -r FILE -Y frame.interface_id==0 -w PART`"
    )]
    MixedLinks {
        /// File name, or `standard input`.
        input: String,
    },
    /// There is no interface of this name.
    #[error("{interface}: no such interface: `geophone devices` lists those there are")]
    NoInterface {
        /// The name asked for.
        interface: String,
    },
    /// The input cannot be opened or read at all.
    #[error("{input}: {reason}: {}", advice(reason))]
    Open {
        /// File name, or `standard input`.
        input: String,
        /// The system's reason.
        reason: io::Error,
    },
    /// The kernel refuses this user a packet socket.
    #[error(
        "{interface}: capture not permitted ({detail}): CAP_NET_RAW is missing: grant it with \
         `setcap cap_net_raw+ep $(command -v geophone)` or AmbientCapabilities=CAP_NET_RAW in the systemd unit, \
         or run with sudo"
    )]
    Permission {
        /// Interface to capture on.
        interface: String,
        /// libpcap's words.
        detail: String,
    },
    /// The input ends in the middle of a frame or of its packing, as when a capture was killed or a copy cut
    /// short. The frames before were delivered: a warning more than a failure.
    #[error(
        "{input}: cut short ({detail}): the frames before the cut were read; copy it again if the rest matters"
    )]
    Truncated {
        /// File name, or `standard input`.
        input: String,
        /// Where it ends.
        detail: String,
    },
}

/// What a caller does about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The filter expression is wrong: exit code 78 from configuration, 64 from the command line.
    Filter,
    /// Input missing, unreadable or of an unsupported form: exit code 66.
    Input,
    /// A right is missing: exit code 77.
    Permission,
    /// A failure while running: exit code 1.
    Runtime,
    /// Everything up to the cut was delivered: warn and go on.
    Truncated,
}

impl Error {
    /// The class this error belongs to.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Capture { .. } | Self::Down { .. } | Self::Gone { .. } => Kind::Runtime,
            Self::Damaged { .. }
            | Self::Format { .. }
            | Self::Link { .. }
            | Self::MixedLinks { .. }
            | Self::NoInterface { .. }
            | Self::Open { .. } => Kind::Input,
            Self::Filter { .. } => Kind::Filter,
            Self::Permission { .. } => Kind::Permission,
            Self::Truncated { .. } => Kind::Truncated,
        }
    }

    /// Whether opening the same interface again later can help: it is down, away, or not there yet.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Down { .. } | Self::Gone { .. } | Self::NoInterface { .. })
    }

    pub(super) fn filter(expression: &str, error: &pcap::Error) -> Self {
        Self::Filter { expression: expression.to_owned(), detail: detail(error) }
    }
}

fn advice(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::IsADirectory => "name the files in it",
        io::ErrorKind::NotFound => "check the name",
        io::ErrorKind::PermissionDenied => "let this user read it",
        io::ErrorKind::InvalidInput => "name a file, or pipe a capture into it",
        _ => "check the name and that this user may read it",
    }
}

/// libpcap's own words, on one line.
pub(super) fn detail(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) if text.is_empty() => "libpcap gives no reason".to_owned(),
        pcap::Error::PcapError(text) => text.replace(char::is_control, " "),
        other => other.to_string(),
    }
}
