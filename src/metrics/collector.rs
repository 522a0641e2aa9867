//! Builds all metrics at a scrape from the ledger, the workers' slots, the event output and the configuration.
//! It keeps no values between scrapes, so a client that expired is gone from the next one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Desc;
use prometheus::proto::MetricFamily;

use super::{
    Configuration, Sources, WorkerSlot, WorkerTotals, catalogue, client_label, labels, process, unix_seconds,
};
use crate::detect::{Certainty, Dialect};
use crate::feeds::Reason;
use crate::learned::Counts;
use crate::ledger::{ClientRow, MinedFor, PoolRow, Snapshot};
use crate::packet::{Skip, Time};
use crate::sensor::{Evicted, Limit, NameWire, Stats};
use crate::wire::coin::Network;

#[derive(Debug)]
pub(super) struct Collector {
    descs: Vec<Desc>,
    sources: Sources,
    configuration: Arc<Mutex<Configuration>>,
}

impl Collector {
    pub(super) fn new(sources: Sources, configuration: Arc<Mutex<Configuration>>) -> Self {
        let descs = catalogue::CATALOGUE.iter().map(catalogue::Entry::desc).collect();
        Self { descs, sources, configuration }
    }
}

impl prometheus::core::Collector for Collector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let workers: Vec<_> = self.sources.workers.iter().map(|slot| Worker::of(slot)).collect();
        let snapshot = self.sources.ledger.snapshot();
        let configuration = *self.configuration.lock().unwrap_or_else(PoisonError::into_inner);

        let mut families = Vec::with_capacity(self.descs.len());
        families.extend(clients(&snapshot.clients));
        families.extend(ledger(&snapshot));
        families.extend(pools(&snapshot.mined_for));
        families.extend(capture(&workers));
        families.extend(packets(&workers));
        families.extend(flows(&workers));
        families.extend(self.output());
        families.extend(rules(configuration));
        families.extend(learned(self.sources.learned.counts()));
        families.extend(self.build());
        families.extend(process::families());
        families
    }
}

impl Collector {
    fn output(&self) -> [MetricFamily; 3] {
        let events = (self.sources.events)();
        let by_type = [events.alert, events.mining_session, events.stats];
        [
            catalogue::EVENTS.samples(figures(labels::EVENT_TYPES, by_type)),
            catalogue::EVENTS_DROPPED.value(events.dropped as f64),
            catalogue::EVENTS_FAILED.value(events.failed as f64),
        ]
    }

    fn build(&self) -> [MetricFamily; 2] {
        let build = self.sources.build;
        let labels = [build.version, build.revision, build.rustc].map(str::to_owned);
        [
            catalogue::BUILD_INFO.samples([(labels, 1.0)]),
            catalogue::PROCESS_START.value(unix_seconds(self.sources.started)),
        ]
    }
}

/// A worker's figures, as read at one moment.
struct Worker {
    interface: Arc<str>,
    totals: WorkerTotals,
    capturing: bool,
}

impl Worker {
    fn of(slot: &WorkerSlot) -> Self {
        Self {
            interface: Arc::clone(slot.interface()),
            totals: slot.totals(),
            capturing: slot.is_capturing(),
        }
    }
}

fn clients(rows: &[ClientRow]) -> [MetricFamily; 6] {
    let named: Vec<(String, &ClientRow)> = rows.iter().map(|row| (client_label(&row.client), row)).collect();
    let detections = named.iter().flat_map(|(client, row)| {
        let counts = row.detections.iter();
        counts.map(move |((s, d), n)| ([client.clone(), s.name().to_owned(), d.name().to_owned()], *n as f64))
    });
    let hashrate = named.iter().flat_map(|(client, row)| {
        row.hashrate.iter().map(move |(algorithm, rate)| ([client.clone(), (*algorithm).to_owned()], *rate))
    });
    let sessions = named.iter().flat_map(|(client, row)| {
        row.sessions.iter().map(move |(d, n)| ([client.clone(), d.name().to_owned()], *n as f64))
    });
    let shares = named.iter().flat_map(|(client, row)| {
        let shares = [row.shares.submitted, row.shares.accepted, row.shares.rejected];
        figures(labels::RESULTS, shares).map(move |([result], n)| ([client.clone(), result], n))
    });
    let certainty = named.iter().map(|(client, row)| ([client.clone()], certainty_value(row.certainty)));
    let last = named
        .iter()
        .filter_map(|(client, row)| row.last_detection.map(|time| ([client.clone()], time.as_secs_f64())));
    [
        catalogue::CLIENT_CERTAINTY.samples(certainty),
        catalogue::CLIENT_DETECTIONS.samples(detections),
        catalogue::CLIENT_HASHRATE.samples(hashrate),
        catalogue::CLIENT_LAST_DETECTION.samples(last),
        catalogue::CLIENT_SESSIONS.samples(sessions),
        catalogue::CLIENT_SHARES.samples(shares),
    ]
}

const fn certainty_value(certainty: Option<Certainty>) -> f64 {
    match certainty {
        None => 0.0,
        Some(Certainty::Hint) => 1.0,
        Some(Certainty::Strong) => 2.0,
        Some(Certainty::Proven) => 3.0,
    }
}

fn ledger(snapshot: &Snapshot) -> [MetricFamily; 6] {
    let detections = snapshot.detections.iter().map(|((signal, dialect, certainty), n)| {
        ([signal.name(), dialect.name(), certainty.name()].map(str::to_owned), *n as f64)
    });
    let sessions = snapshot
        .sessions
        .iter()
        .map(|((dialect, transport), n)| ([dialect.name(), transport.name()].map(str::to_owned), *n as f64));
    [
        catalogue::CLIENTS.value(snapshot.clients_apart() as f64),
        catalogue::CLIENTS_LIMIT.value(snapshot.clients_limit as f64),
        catalogue::CLIENTS_OVERFLOW.value(snapshot.overflow as f64),
        catalogue::DETECTIONS.samples(detections),
        catalogue::SESSIONS.samples(sessions),
        catalogue::SESSIONS_CREATED.value(snapshot.sessions_seen as f64),
    ]
}

fn pools(mined_for: &MinedFor) -> [MetricFamily; 11] {
    let MinedFor { names, pools, payees, sites } = mined_for;
    let named = |figure: fn(&PoolRow) -> u64| {
        names.iter().map(move |(name, row)| ([(**name).to_owned()], figure(row) as f64))
    };
    [
        catalogue::PAYEE_CLIENTS_MAX.value(payees.clients_max as f64),
        catalogue::PAYEES.value(payees.known as f64),
        catalogue::PAYEES_SEEN.value(payees.seen as f64),
        catalogue::POOL_CLIENTS.samples(named(|row| row.clients)),
        catalogue::POOL_CLIENTS_MAX.value(pools.clients_max as f64),
        catalogue::POOL_SESSIONS.samples(named(|row| row.sessions)),
        catalogue::POOLS.value(pools.known as f64),
        catalogue::POOLS_SEEN.value(pools.seen as f64),
        catalogue::SITE_CLIENTS_MAX.value(sites.clients_max as f64),
        catalogue::SITES.value(sites.known as f64),
        catalogue::SITES_SEEN.value(sites.seen as f64),
    ]
}

/// Workers that share an interface are added up: the kernel hands each its part of the packets.
fn capture(workers: &[Worker]) -> [MetricFamily; 6] {
    #[derive(Default)]
    struct Interface {
        packets: u64,
        bytes: u64,
        dropped: u64,
        interface_dropped: u64,
        last: Option<Time>,
        /// Whether a worker does not capture.
        lacking: bool,
    }
    let mut interfaces: BTreeMap<&str, Interface> = BTreeMap::new();
    for Worker { interface, totals, capturing } in workers {
        let interface = interfaces.entry(interface).or_default();
        interface.packets += totals.capture.received;
        interface.bytes += totals.stats.bytes;
        interface.dropped += totals.capture.dropped;
        // Each handle sees all drops of the interface, so the sum would count them once a worker.
        interface.interface_dropped = interface.interface_dropped.max(totals.capture.interface_dropped);
        interface.last = interface.last.max(totals.last_packet);
        interface.lacking |= !capturing;
    }
    let each = |entry: catalogue::Entry, value: fn(&Interface) -> Option<f64>| {
        let samples = interfaces.iter().filter_map(|(name, i)| Some(([(*name).to_owned()], value(i)?)));
        entry.samples(samples)
    };
    [
        each(catalogue::CAPTURE_BYTES, |i| Some(i.bytes as f64)),
        each(catalogue::CAPTURE_DROPPED, |i| Some(i.dropped as f64)),
        each(catalogue::CAPTURE_INTERFACE_DROPPED, |i| Some(i.interface_dropped as f64)),
        each(catalogue::CAPTURE_LAST_PACKET, |i| i.last.map(Time::as_secs_f64)),
        each(catalogue::CAPTURE_PACKETS, |i| Some(i.packets as f64)),
        each(catalogue::CAPTURE_UP, |i| Some(f64::from(u8::from(!i.lacking)))),
    ]
}

fn packets(workers: &[Worker]) -> [MetricFamily; 8] {
    let busy: f64 = workers.iter().map(|w| w.totals.busy.as_secs_f64()).sum();
    [
        catalogue::COIN_NETWORKS
            .samples(by_name(Network::ALL.map(Network::name), workers, |s| s.coin_networks)),
        catalogue::LIMIT_HITS.samples(by_name(Limit::ALL.map(Limit::name), workers, |s| s.limit_hits)),
        catalogue::MESSAGES.samples(by_name(Dialect::counter_names(), workers, |s| s.messages.0)),
        catalogue::NAMES_READ.samples(by_name(NameWire::ALL.map(NameWire::name), workers, |s| s.names_read)),
        catalogue::PARSE_ERRORS.samples(by_name(labels::MALFORMED, workers, |s| {
            [s.malformed_lines, s.malformed_dns, s.malformed_tls]
        })),
        catalogue::SKIPPED.samples(by_name(Skip::ALL.map(Skip::name), workers, |s| s.skipped)),
        catalogue::WORKER_BUSY.value(busy),
        catalogue::WORKER_PANICS.value(sum(workers, |s| s.panics)),
    ]
}

fn flows(workers: &[Worker]) -> [MetricFamily; 6] {
    let limit: u64 = workers.iter().map(|w| w.totals.max_flows as u64).sum();
    let evicted = by_name(Evicted::ALL.map(Evicted::name), workers, |s| s.flows_evicted);
    [
        catalogue::FLOWS.value(sum(workers, |s| s.flows)),
        catalogue::FLOWS_CREATED.value(sum(workers, |s| s.flows_created)),
        catalogue::FLOWS_EVICTED.samples(evicted),
        catalogue::FLOWS_LIMIT.value(limit as f64),
        catalogue::STREAM_BYTES.value(sum(workers, |s| s.stream_bytes)),
        catalogue::STREAM_GAPS.value(sum(workers, |s| s.stream_gaps)),
    ]
}

fn rules(configuration: Configuration) -> [MetricFamily; 4] {
    let Configuration { successful, at, rules } = configuration;
    let kinds = [rules.addresses, rules.allowed, rules.detections, rules.pools, rules.scripts];
    let refused = Reason::ALL.iter().map(|reason| reason.name()).zip(rules.refused);
    [
        catalogue::CONFIG_RELOAD.value(f64::from(u8::from(successful))),
        catalogue::CONFIG_RELOAD_TIME.value(at.map_or(0.0, unix_seconds)),
        catalogue::FEED_REFUSED.samples(refused.map(|(reason, n)| ([reason.to_owned()], n as f64))),
        catalogue::RULES.samples(figures(labels::RULE_KINDS, kinds.map(|n| n as u64))),
    ]
}

fn learned(counts: Counts) -> [MetricFamily; 2] {
    let held = [counts.endpoints, counts.names, counts.watched].map(|n| n as u64);
    let evicted = [counts.endpoints_evicted, counts.names_evicted, counts.watched_evicted];
    [
        catalogue::LEARNED.samples(figures(labels::LEARNED_TABLES, held)),
        catalogue::LEARNED_EVICTED.samples(figures(labels::LEARNED_TABLES, evicted)),
    ]
}

/// One counter of all workers.
fn sum(workers: &[Worker], counter: fn(&Stats) -> u64) -> f64 {
    workers.iter().map(|w| counter(&w.totals.stats)).sum::<u64>() as f64
}

/// A row of counters of all workers, each with its label value.
fn by_name<const N: usize>(
    names: [&'static str; N],
    workers: &[Worker],
    counters: fn(&Stats) -> [u64; N],
) -> impl Iterator<Item = ([String; 1], f64)> {
    let mut totals = [0_u64; N];
    for worker in workers {
        for (total, n) in totals.iter_mut().zip(counters(&worker.totals.stats)) {
            *total += n;
        }
    }
    figures(names, totals)
}

/// Figures with their label values.
fn figures<const N: usize>(
    names: [&'static str; N],
    totals: [u64; N],
) -> impl Iterator<Item = ([String; 1], f64)> {
    names.into_iter().zip(totals).map(|(name, n)| ([name.to_owned()], n as f64))
}
