//! The table of all metrics: name, kind, labels, help. It is public API and the only place where a name stands.
//! It holds no values.

use std::collections::HashMap;

use prometheus::core::Desc;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// How a metric's value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up, from 0.
    Counter,
    /// Up and down.
    Gauge,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Full name.
    pub name: &'static str,
    /// How its value moves.
    pub kind: Kind,
    /// Label names.
    pub labels: &'static [&'static str],
    /// One sentence for people.
    pub help: &'static str,
}

impl Entry {
    /// What the registry wants to know beforehand.
    pub(super) fn desc(&self) -> Desc {
        let labels = self.labels.iter().map(|label| (*label).to_owned()).collect();
        Desc::new(self.name.to_owned(), self.help.to_owned(), labels, HashMap::new())
            .expect("names and help of the catalogue are valid; a test renders it")
    }

    /// The metric with one sample, without labels.
    pub(super) fn value(&self, value: f64) -> MetricFamily {
        self.samples([([], value)])
    }

    /// The metric with its samples; each has the values of the labels, in their order.
    pub(super) fn samples<const N: usize>(
        &self,
        samples: impl IntoIterator<Item = ([String; N], f64)>,
    ) -> MetricFamily {
        debug_assert_eq!(self.labels.len(), N, "{}", self.name);
        let mut family = MetricFamily::default();
        family.set_name(self.name.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(match self.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
        });
        family.set_metric(samples.into_iter().map(|(values, value)| self.sample(values, value)).collect());
        family
    }

    fn sample<const N: usize>(&self, values: [String; N], value: f64) -> Metric {
        let pairs = self.labels.iter().zip(values).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value(value);
            pair
        });
        let mut metric = Metric::from_label(pairs.collect());
        match self.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
        }
        metric
    }
}

macro_rules! catalogue {
    ($($id:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub(super) const $id: Entry =
            Entry { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+

        /// All metrics, by name.
        pub const CATALOGUE: &[Entry] = &[$($id),+];
    };
}

catalogue! {
    BUILD_INFO = Gauge "geophone_build_info" ["version", "revision", "rustc"]
        "What was built; always 1.";
    CAPTURE_BYTES = Counter "geophone_capture_bytes_total" ["interface"]
        "Bytes on the wire of the frames looked at.";
    CAPTURE_DROPPED = Counter "geophone_capture_dropped_packets_total" ["interface"]
        "Packets the kernel dropped because the capture ring was full.";
    CAPTURE_INTERFACE_DROPPED = Counter "geophone_capture_interface_dropped_packets_total" ["interface"]
        "Packets the interface or its driver dropped.";
    CAPTURE_LAST_PACKET = Gauge "geophone_capture_last_packet_timestamp_seconds" ["interface"]
        "Time of the last frame looked at; absent before the first.";
    CAPTURE_PACKETS = Counter "geophone_capture_packets_total" ["interface"]
        "Packets that passed the capture filter, the dropped ones included.";
    CLIENT_CERTAINTY = Gauge "geophone_client_certainty" ["client"]
        "Highest certainty so far that the client mines: 0 none, 1 hint, 2 strong, 3 proven.";
    CLIENT_DETECTIONS = Counter "geophone_client_detections_total" ["client", "signal", "dialect"]
        "Detections of the client, once a signal and flow.";
    CLIENT_HASHRATE = Gauge "geophone_client_hashrate_hashes_per_second" ["client", "algorithm"]
        "Hashes (solutions for Equihash) per second of the client's running sessions, from difficulty and accepted shares.";
    CLIENT_LAST_DETECTION = Gauge "geophone_client_last_detection_timestamp_seconds" ["client"]
        "Packet time of the client's last sign of mining.";
    CLIENT_SESSIONS = Gauge "geophone_client_sessions" ["client", "dialect"]
        "Mining sessions the client has open.";
    CLIENT_SHARES = Counter "geophone_client_shares_total" ["client", "result"]
        "Shares seen on the wire: submits, replies that accept, replies that reject.";
    CLIENTS = Gauge "geophone_clients" []
        "Clients with a detection that are kept apart.";
    CLIENTS_LIMIT = Gauge "geophone_clients_limit" []
        "Clients that are kept apart at most.";
    CLIENTS_OVERFLOW = Counter "geophone_clients_overflow_total" []
        "Detections and sessions counted for client \"other\" because the bound on clients was reached.";
    COIN_NETWORKS = Counter "geophone_coin_network_handshakes_total" ["network"]
        "Peer-to-peer handshakes of coin networks, each side's hello: nodes and wallets, not mining.";
    CONFIG_RELOAD_TIME = Gauge "geophone_config_last_reload_success_timestamp_seconds" []
        "When configuration and rules were last read with success.";
    CONFIG_RELOAD = Gauge "geophone_config_last_reload_successful" []
        "Whether the last attempt to read configuration and rules succeeded.";
    DETECTIONS = Counter "geophone_detections_total" ["signal", "dialect", "certainty"]
        "Detections of all clients, once a signal and flow.";
    EVENTS_DROPPED = Counter "geophone_events_dropped_total" []
        "Events lost because the queue was full or they could not be written.";
    EVENTS = Counter "geophone_events_total" ["event_type"]
        "Events handed to the event output.";
    FEED_REFUSED = Gauge "geophone_feed_entries_refused" ["reason"]
        "Entries of the feeds in force that were not taken.";
    FLOWS = Gauge "geophone_flows" []
        "Flows followed.";
    FLOWS_CREATED = Counter "geophone_flows_created_total" []
        "Flows that came to be followed.";
    FLOWS_EVICTED = Counter "geophone_flows_evicted_total" ["reason"]
        "Flows no longer followed.";
    FLOWS_LIMIT = Gauge "geophone_flows_limit" []
        "Flows that are followed at most, all workers together.";
    LEARNED = Gauge "geophone_learned" ["table"]
        "What is remembered: pairs of client and server with names, servers watched for their names, endpoints that spoke mining.";
    LEARNED_EVICTED = Counter "geophone_learned_evicted_total" ["table"]
        "What was forgotten early because its table was full.";
    LIMIT_HITS = Counter "geophone_limit_hits_total" ["limit"]
        "Times a bound was hit.";
    MESSAGES = Counter "geophone_messages_total" ["dialect"]
        "Mining messages read.";
    NAMES_READ = Counter "geophone_names_read_total" ["protocol"]
        "Messages that hosts' names were read from: of name servers, and clients' hellos over TLS and QUIC.";
    SKIPPED = Counter "geophone_packets_skipped_total" ["reason"]
        "Frames that could not be decoded or carry neither TCP nor UDP.";
    PARSE_ERRORS = Counter "geophone_parse_errors_total" ["protocol"]
        "Messages that began well and were malformed.";
    RULES = Gauge "geophone_rules" ["kind"]
        "Rules in force.";
    SESSIONS = Gauge "geophone_sessions" ["dialect", "transport"]
        "Mining sessions open.";
    SESSIONS_CREATED = Counter "geophone_sessions_created_total" []
        "Mining sessions there were.";
    STREAM_BYTES = Gauge "geophone_stream_bytes" []
        "Bytes held in unfinished lines and out-of-order segments.";
    STREAM_GAPS = Counter "geophone_stream_gaps_total" []
        "Holes in followed streams that were never filled.";
    WORKER_BUSY = Counter "geophone_worker_busy_seconds_total" []
        "Time the workers spent on packets, all together.";
    WORKER_PANICS = Counter "geophone_worker_panics_total" []
        "Packets whose look ended in a panic; each cost one flow.";
    PROCESS_CPU = Counter "process_cpu_seconds_total" []
        "User and system CPU time spent.";
    PROCESS_MAX_FDS = Gauge "process_max_fds" []
        "Open file descriptors allowed.";
    PROCESS_OPEN_FDS = Gauge "process_open_fds" []
        "Open file descriptors.";
    PROCESS_RESIDENT = Gauge "process_resident_memory_bytes" []
        "Resident memory.";
    PROCESS_START = Gauge "process_start_time_seconds" []
        "When the process started.";
    PROCESS_VIRTUAL = Gauge "process_virtual_memory_bytes" []
        "Virtual memory.";
}
