//! The settings, section by section, and the one table of their keys that reading, writing and the tests share.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::privacy::Payees;
use crate::{learned, sensor};

use super::slot::Slot;

/// `capture`: where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Interface names; `any` is all of them.
    pub interfaces: Vec<String>,
    /// BPF expression that frames must meet; its syntax is checked when a capture is opened.
    pub filter: Option<String>,
    /// MiB of kernel ring buffer for each capture handle.
    pub ring_mib: usize,
    /// Bytes kept of each frame.
    pub snaplen: usize,
    /// Whether frames for other hosts are asked for too.
    pub promiscuous: bool,
    /// Handles, threads and sensors for each interface.
    pub workers: usize,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            interfaces: vec!["any".into()],
            filter: None,
            ring_mib: 64,
            snaplen: 65_535,
            promiscuous: true,
            workers: 1,
        }
    }
}

/// `sensor`: bounds of one worker's state, in the units of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// Followed flows at most, 2.4 KiB each, 7 KiB at worst.
    pub max_flows: usize,
    /// MiB of all unfinished lines and out-of-order segments together.
    pub max_stream_mib: usize,
    /// KiB of one unfinished line in a proven session.
    pub max_line_kib: usize,
    /// KiB of one unfinished line on a flow that has proven nothing.
    pub max_candidate_line_kib: usize,
    /// Out-of-order segments kept per direction.
    pub max_out_of_order: usize,
    /// How long a hole in a stream is waited for.
    pub gap_timeout: Duration,
    /// Silence after which an unproven flow is dropped.
    pub candidate_idle: Duration,
    /// Silence after which a proven session counts as ended.
    pub session_idle: Duration,
    /// Time between two accounts of a running session.
    pub session_interval: Duration,
}

impl Default for Sensor {
    fn default() -> Self {
        let sensor::Settings { flow, session } = sensor::Settings::default();
        Self {
            max_flows: flow.max_flows,
            max_stream_mib: flow.max_stream_bytes >> 20,
            max_line_kib: flow.max_line >> 10,
            max_candidate_line_kib: flow.max_candidate_line >> 10,
            max_out_of_order: flow.max_out_of_order,
            gap_timeout: Duration::from_micros(flow.gap_timeout),
            candidate_idle: Duration::from_micros(flow.candidate_idle),
            session_idle: Duration::from_micros(flow.session_idle),
            session_interval: Duration::from_micros(session.interval),
        }
    }
}

/// `rules`: what the sensor knows beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether the built-in rules count beside those of `directory`; false. Without a directory they always do.
    pub built_in: bool,
    /// Directory whose `*.yaml` and `*.hosts` files are the rules; without it the built-in ones are.
    pub directory: Option<PathBuf>,
    /// Directory of other people's lists, which only add to what the rules know.
    pub feeds: Option<PathBuf>,
    /// Time between two looks at whether files of both directories changed; without it only a signal reloads.
    pub watch: Option<Duration>,
    /// Whether a reload may take a feed, or all hosts together, that became smaller by more than half.
    pub allow_shrink: bool,
}

/// `learned`: what is remembered of names and endpoints, of all workers together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Pairs of client and server with the names asked for, 1.5 KiB each at worst, and as many watched servers.
    pub max_names: usize,
    /// Endpoints that spoke mining, 1.2 KiB each at worst.
    pub max_endpoints: usize,
    /// Silence after which an endpoint is forgotten.
    pub endpoint_idle: Duration,
    /// File that keeps endpoints over a restart; without it they are forgotten.
    pub file: Option<PathBuf>,
}

impl Default for Learned {
    fn default() -> Self {
        let learned::Settings { max_names, max_endpoints, endpoint_idle } = learned::Settings::default();
        Self { max_names, max_endpoints, endpoint_idle: Duration::from_micros(endpoint_idle), file: None }
    }
}

/// `events`: the JSON lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// File that events are appended to; without it there are none.
    pub file: Option<PathBuf>,
    /// Events that may wait to be written; more are dropped and counted.
    pub queue: usize,
    /// Time between two `stats` events.
    pub stats_interval: Duration,
}

impl Default for Events {
    fn default() -> Self {
        Self { file: None, queue: 8192, stats_interval: secs(60) }
    }
}

/// `ledger`: what is kept of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Clients with metrics of their own; further ones are counted together.
    pub max_clients: usize,
    /// Silence after which a client is forgotten.
    pub client_idle: Duration,
    /// File of the operator's names for clients' networks.
    pub subscribers: Option<PathBuf>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { max_clients: 10_000, client_idle: secs(24 * 3600), subscribers: None }
    }
}

/// `web`: metrics and console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Address and port to listen on.
    pub listen: SocketAddr,
}

impl Default for Web {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 9810).into() }
    }
}

/// `privacy`: what of people is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// How clients appear in metrics, events and tables.
    pub clients: ClientNames,
    /// Prefix length of an IPv4 client's network, where networks are shown.
    pub subnet_v4: usize,
    /// Prefix length of an IPv6 client's network, where networks are shown.
    pub subnet_v6: usize,
    /// How payees appear in events.
    pub payees: Payees,
    /// File of the key for pseudonyms; without it the service manager may give one.
    pub key_file: Option<PathBuf>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            clients: ClientNames::default(),
            subnet_v4: 24,
            subnet_v6: 56,
            payees: Payees::default(),
            key_file: None,
        }
    }
}

/// How clients are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientNames {
    /// By address.
    #[default]
    Address,
    /// By encrypted address.
    Pseudonym,
    /// By network.
    Subnet,
    /// By the operator's name, where there is one.
    Subscriber,
}

impl ClientNames {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Address, Self::Pseudonym, Self::Subnet, Self::Subscriber];

    /// Name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Pseudonym => "pseudonym",
            Self::Subnet => "subnet",
            Self::Subscriber => "subscriber",
        }
    }
}

/// `log`: what the daemon says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The least important thing that is said.
    pub level: Level,
}

/// Importance of log lines; each level says what the ones before it say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// What stops it.
    Error,
    /// What should be looked into.
    Warn,
    /// What it does.
    #[default]
    Info,
    /// Why it does it; names addresses.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// All levels, the most important first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// Name in the file, and in `tracing`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The keys of a section, each with the field it fills.
pub(super) type Keys<'c> = Vec<(&'static str, Slot<'c>)>;

impl Capture {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("interfaces", Slot::Names(&mut self.interfaces)),
            ("filter", Slot::Text(&mut self.filter)),
            ("ring_mib", Slot::Count(&mut self.ring_mib, 1..=4096)),
            ("snaplen", Slot::Count(&mut self.snaplen, 256..=262_144)),
            ("promiscuous", Slot::Flag(&mut self.promiscuous)),
            ("workers", Slot::Count(&mut self.workers, 1..=64)),
        ]
    }
}

impl Sensor {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("max_flows", Slot::Count(&mut self.max_flows, 1..=16_777_216)),
            ("max_stream_mib", Slot::Count(&mut self.max_stream_mib, 1..=65_536)),
            ("max_line_kib", Slot::Count(&mut self.max_line_kib, 1..=16_384)),
            ("max_candidate_line_kib", Slot::Count(&mut self.max_candidate_line_kib, 1..=16_384)),
            ("max_out_of_order", Slot::Count(&mut self.max_out_of_order, 1..=4096)),
            ("gap_timeout", Slot::Span(&mut self.gap_timeout, Duration::from_millis(1)..=secs(600))),
            ("candidate_idle", Slot::Span(&mut self.candidate_idle, secs(1)..=secs(3600))),
            ("session_idle", Slot::Span(&mut self.session_idle, secs(1)..=days(7))),
            ("session_interval", Slot::Span(&mut self.session_interval, to_a_day())),
        ]
    }
}

impl Rules {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("built_in", Slot::Flag(&mut self.built_in)),
            ("directory", Slot::Path(&mut self.directory)),
            ("feeds", Slot::Path(&mut self.feeds)),
            ("watch", Slot::SpanOrNone(&mut self.watch, secs(1)..=secs(3600))),
            ("allow_shrink", Slot::Flag(&mut self.allow_shrink)),
        ]
    }
}

impl Learned {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("max_names", Slot::Count(&mut self.max_names, 16..=1_048_576)),
            ("max_endpoints", Slot::Count(&mut self.max_endpoints, 16..=1_048_576)),
            ("endpoint_idle", Slot::Span(&mut self.endpoint_idle, secs(60)..=days(366))),
            ("file", Slot::Path(&mut self.file)),
        ]
    }
}

impl Events {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("file", Slot::Path(&mut self.file)),
            ("queue", Slot::Count(&mut self.queue, 1..=1_048_576)),
            ("stats_interval", Slot::Span(&mut self.stats_interval, to_a_day())),
        ]
    }
}

impl Ledger {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("max_clients", Slot::Count(&mut self.max_clients, 1..=1_000_000)),
            ("client_idle", Slot::Span(&mut self.client_idle, secs(60)..=days(366))),
            ("subscribers", Slot::Path(&mut self.subscribers)),
        ]
    }
}

impl Web {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![("listen", Slot::Address(&mut self.listen))]
    }
}

impl Privacy {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![
            ("clients", Slot::Clients(&mut self.clients)),
            ("subnet_v4", Slot::Count(&mut self.subnet_v4, 8..=32)),
            ("subnet_v6", Slot::Count(&mut self.subnet_v6, 16..=64)),
            ("payees", Slot::Payees(&mut self.payees)),
            ("key_file", Slot::Path(&mut self.key_file)),
        ]
    }
}

impl Log {
    pub(super) fn keys(&mut self) -> Keys<'_> {
        vec![("level", Slot::Level(&mut self.level))]
    }
}

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

const fn days(count: u64) -> Duration {
    secs(count * 86_400)
}

const fn to_a_day() -> RangeInclusive<Duration> {
    secs(1)..=days(1)
}
