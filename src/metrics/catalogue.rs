//! The table of all metrics: name, kind, labels, help, and what the page says beyond that. It is public API and the only
//! place where a name stands; `docs/metrics.md` is made from it. It holds no values.

use super::labels::{self, Label};

/// How a metric's value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up, from 0.
    Counter,
    /// Up and down.
    Gauge,
}

impl Kind {
    /// The word of the page and of the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// The section of the page in which a metric stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// All clients together.
    All,
    /// What arrives.
    Capture,
    /// One client each.
    Client,
    /// Events, rules, configuration.
    Events,
    /// Flows, streams, messages.
    Flows,
    /// For whom clients mine.
    Pools,
    /// Workers and process.
    Process,
}

impl Section {
    /// All sections, with the word by which the page's template calls each.
    pub(super) const ALL: [(Self, &'static str); 7] = [
        (Self::All, "all"),
        (Self::Capture, "capture"),
        (Self::Client, "client"),
        (Self::Events, "events"),
        (Self::Flows, "flows"),
        (Self::Pools, "pools"),
        (Self::Process, "process"),
    ];
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Full name.
    pub name: &'static str,
    /// How its value moves.
    pub kind: Kind,
    /// Where the page has it.
    pub section: Section,
    /// Labels, in the order of the text.
    pub labels: &'static [Label],
    /// One sentence for people.
    pub help: &'static str,
    /// What the page says beyond it; may be empty.
    pub note: &'static str,
}

impl Entry {
    /// The metric of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|entry| entry.name == name)
    }

    /// Its label of that name.
    pub fn label(&self, name: &str) -> Option<&'static Label> {
        self.labels.iter().find(|label| label.name == name)
    }
}

macro_rules! catalogue {
    ($($id:ident = $kind:ident $section:ident $name:literal [$($label:ident),*] $help:literal $($note:literal)?;)+) => {
        $(pub(super) const $id: Entry = Entry {
            name: $name,
            kind: Kind::$kind,
            section: Section::$section,
            labels: &[$(labels::$label),*],
            help: $help,
            note: concat!($($note)?),
        };)+

        /// All metrics, by name.
        pub const CATALOGUE: &[Entry] = &[$($id),+];
    };
}

catalogue! {
    BUILD_INFO = Gauge Process "geophone_build_info" [VERSION, REVISION, RUSTC]
        "What was built; always 1.";
    CAPTURE_BYTES = Counter Capture "geophone_capture_bytes_total" [INTERFACE]
        "Bytes on the wire of the frames looked at.";
    CAPTURE_DROPPED = Counter Capture "geophone_capture_dropped_packets_total" [INTERFACE]
        "Packets the kernel dropped because the capture ring was full.";
    CAPTURE_INTERFACE_DROPPED = Counter Capture "geophone_capture_interface_dropped_packets_total" [INTERFACE]
        "Packets the interface or its driver dropped.";
    CAPTURE_LAST_PACKET = Gauge Capture "geophone_capture_last_packet_timestamp_seconds" [INTERFACE]
        "Time of the last frame looked at, in seconds since 1970; absent before the first.";
    CAPTURE_PACKETS = Counter Capture "geophone_capture_packets_total" [INTERFACE]
        "Packets that passed the capture filter, the dropped ones included.";
    CAPTURE_UP = Gauge Capture "geophone_capture_up" [INTERFACE]
        "Whether all workers of the interface capture: 1 all do, 0 one or more wait for it or ended."
        "The log says why. An interface on which nothing arrives is captured all the same.";
    CLIENT_CERTAINTY = Gauge Client "geophone_client_certainty" [CLIENT]
        "Highest certainty so far that the client mines: 0 none, 1 hint, 2 strong, 3 proven.";
    CLIENT_DETECTIONS = Counter Client "geophone_client_detections_total" [CLIENT, SIGNAL, DETECTED_DIALECT]
        "Detections of the client, once a signal and flow.";
    CLIENT_HASHRATE = Gauge Client "geophone_client_hashrate_hashes_per_second" [CLIENT, ALGORITHM]
        "Hashes (solutions for Equihash) per second of the client's running sessions, from difficulty and accepted shares."
        "A rate that is not known has no series: see [dialects.md](dialects.md#what-all-have-in-common).";
    CLIENT_LAST_DETECTION = Gauge Client "geophone_client_last_detection_timestamp_seconds" [CLIENT]
        "Packet time of the client's last sign of mining, in seconds since 1970."
        "It moves with alerts and session records, not with each message.";
    CLIENT_SESSIONS = Gauge Client "geophone_client_sessions" [CLIENT, DIALECT]
        "Mining sessions the client has open."
        "A dialect once spoken stays, at 0.";
    CLIENT_SHARES = Counter Client "geophone_client_shares_total" [CLIENT, RESULT]
        "Shares seen on the wire: submits, replies that accept, replies that reject.";
    CLIENTS = Gauge Client "geophone_clients" []
        "Clients with a detection that are kept apart.";
    CLIENTS_LIMIT = Gauge Client "geophone_clients_limit" []
        "Clients that are kept apart at most.";
    CLIENTS_OVERFLOW = Counter Client "geophone_clients_overflow_total" []
        "Detections and sessions counted for client \"other\" because the bound on clients was reached.";
    COIN_NETWORKS = Counter Flows "geophone_coin_network_handshakes_total" [NETWORK]
        "Peer-to-peer handshakes of coin networks, each side's hello: nodes and wallets, not mining."
        "Their encrypted protocols (BIP324, devp2p) are not seen; `monero` is every coin that speaks Levin.";
    CONFIG_RELOAD_TIME = Gauge Events "geophone_config_last_reload_success_timestamp_seconds" []
        "When configuration and rules were last read with success, in seconds since 1970.";
    CONFIG_RELOAD = Gauge Events "geophone_config_last_reload_successful" []
        "1 if what the last reload read is in force; 0 if it was wrong, or lost more than half of what was known.";
    DETECTIONS = Counter All "geophone_detections_total" [SIGNAL, DETECTED_DIALECT, CERTAINTY]
        "Detections of all clients, once a signal and flow."
        "Combinations that can occur are there from the start, at 0.";
    EVENTS_DROPPED = Counter Events "geophone_events_dropped_total" []
        "Events lost because the queue was full or they could not be written.";
    EVENTS = Counter Events "geophone_events_total" [EVENT_TYPE]
        "Events handed to the event output.";
    EVENTS_FAILED = Counter Events "geophone_events_write_errors_total" []
        "Tries to open or write the event file that failed; events wait while there is room in the queue.";
    FEED_REFUSED = Gauge Events "geophone_feed_entries_refused" [REFUSED]
        "Entries of the feeds in force that were not taken.";
    FLOWS = Gauge Flows "geophone_flows" []
        "Flows followed.";
    FLOWS_CREATED = Counter Flows "geophone_flows_created_total" []
        "Flows that came to be followed.";
    FLOWS_EVICTED = Counter Flows "geophone_flows_evicted_total" [EVICTED]
        "Flows no longer followed.";
    FLOWS_LIMIT = Gauge Flows "geophone_flows_limit" []
        "Flows that are followed at most, all workers together.";
    LEARNED = Gauge Events "geophone_learned" [TABLE]
        "What is remembered: pairs of client and server with names, servers watched for their names, endpoints that spoke mining.";
    LEARNED_EVICTED = Counter Events "geophone_learned_evicted_total" [TABLE]
        "What was forgotten early because its table was full.";
    LIMIT_HITS = Counter Flows "geophone_limit_hits_total" [LIMIT]
        "Times a bound was hit."
        "[ARCHITECTURE.md](../ARCHITECTURE.md#bounds) says what each means.";
    MESSAGES = Counter Flows "geophone_messages_total" [COUNTED_DIALECT]
        "Mining messages read."
        "`custom` counts those of all described dialects.";
    NAMES_READ = Counter Flows "geophone_names_read_total" [NAME_PROTOCOL]
        "Messages that hosts' names were read from: of name servers, and clients' hellos over TLS and QUIC.";
    SKIPPED = Counter Capture "geophone_packets_skipped_total" [SKIPPED]
        "Frames that could not be decoded or carry neither TCP nor UDP.";
    PARSE_ERRORS = Counter Flows "geophone_parse_errors_total" [PARSE_PROTOCOL]
        "Messages that began well and were malformed.";
    PAYEE_CLIENTS_MAX = Gauge Pools "geophone_payee_clients_max" []
        "Most clients that one payee has had within the last hour."
        "Which payee it is stands in the events.";
    PAYEES = Gauge Pools "geophone_payees" []
        "Payees (wallets, accounts, site keys) that clients mine for or mined for within the last hour.";
    PAYEES_SEEN = Counter Pools "geophone_payees_seen_total" []
        "Payees that nobody had mined for before, since the start.";
    POOL_CLIENTS = Gauge Pools "geophone_pool_clients" [POOL]
        "Clients that mine at the pool or mined there within the last hour.";
    POOL_CLIENTS_MAX = Gauge Pools "geophone_pool_clients_max" []
        "Most clients that one pool has had within the last hour."
        "An unlisted pool is one endpoint here, so this can be less than `unlisted` has above.";
    POOL_SESSIONS = Gauge Pools "geophone_pool_sessions" [POOL]
        "Mining sessions open at the pool.";
    POOLS = Gauge Pools "geophone_pools" []
        "Pools that clients mine at or mined at within the last hour."
        "A pool is an operator that the rules name, else the server's address and port.";
    POOLS_SEEN = Counter Pools "geophone_pools_seen_total" []
        "Pools that nobody had mined at before, since the start.";
    RULES = Gauge Events "geophone_rules" [KIND]
        "Rules in force.";
    SESSIONS = Gauge All "geophone_sessions" [DIALECT, TRANSPORT]
        "Mining sessions open.";
    SESSIONS_CREATED = Counter All "geophone_sessions_created_total" []
        "Mining sessions there were.";
    SITE_CLIENTS_MAX = Gauge Pools "geophone_site_clients_max" []
        "Most clients that one web site with a miner has had within the last hour."
        "Which site it is stands in the events.";
    SITES = Gauge Pools "geophone_sites" []
        "Web sites whose embedded miner runs or ran at clients within the last hour.";
    SITES_SEEN = Counter Pools "geophone_sites_seen_total" []
        "Web sites whose embedded miner had run at no client before, since the start.";
    STREAM_BYTES = Gauge Flows "geophone_stream_bytes" []
        "Bytes held in unfinished lines and out-of-order segments.";
    STREAM_GAPS = Counter Flows "geophone_stream_gaps_total" []
        "Holes in followed streams that were never filled.";
    WORKER_BUSY = Counter Process "geophone_worker_busy_seconds_total" []
        "Time the workers spent on packets, all together, in seconds.";
    WORKER_PANICS = Counter Process "geophone_worker_panics_total" []
        "Packets whose look ended in a panic; each cost one flow."
        "Please report them.";
    PROCESS_CPU = Counter Process "process_cpu_seconds_total" []
        "User and system CPU time spent, in seconds.";
    PROCESS_MAX_FDS = Gauge Process "process_max_fds" []
        "Open file descriptors allowed.";
    PROCESS_OPEN_FDS = Gauge Process "process_open_fds" []
        "Open file descriptors.";
    PROCESS_RESIDENT = Gauge Process "process_resident_memory_bytes" []
        "Resident memory in bytes.";
    PROCESS_START = Gauge Process "process_start_time_seconds" []
        "When the process started, in seconds since 1970.";
    PROCESS_VIRTUAL = Gauge Process "process_virtual_memory_bytes" []
        "Virtual memory in bytes.";
}
