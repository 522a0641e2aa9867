//! `geophone run`: opens everything, starts a worker thread for each interface, and then waits for signals. Packets never
//! touch the runtime here; it serves the web, reloads, expires, and feeds the watchdog while the workers live.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::capture::{self, Live};
use crate::cli::Failure;
use crate::config::{self, Config, load_rules};
use crate::eve::{self, Renderer, StatsRecord};
use crate::ledger::{self, Ledger};
use crate::metrics::{Build, EventTotals, Metrics, RuleTotals, Sources, WorkerSlot};
use crate::rules::RuleSet;
use crate::web;

mod clock;
mod log;
mod worker;

use clock::Clock;
use worker::{Control, Worker};

/// What may be typed to override the configuration.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Configuration file; `None` means the built-in defaults.
    pub config: Option<PathBuf>,
    /// Interfaces instead of the configured ones; empty means those.
    pub interfaces: Vec<String>,
    /// BPF expression instead of the configured one.
    pub filter: Option<String>,
    /// Address of metrics and console instead of the configured one.
    pub listen: Option<SocketAddr>,
}

impl Options {
    /// Reads configuration and rules: both good, or nothing.
    fn load(&self) -> Result<(Config, Arc<RuleSet>), config::Error> {
        let mut config = Config::load(self.config.as_deref())?;
        if !self.interfaces.is_empty() {
            config.capture.interfaces.clone_from(&self.interfaces);
        }
        if self.filter.is_some() {
            config.capture.filter.clone_from(&self.filter);
        }
        config.web.listen = self.listen.unwrap_or(config.web.listen);
        let rules = load_rules(&config)?;
        Ok((config, Arc::new(rules)))
    }
}

/// How long the end may take: final records written, answers finished.
const DRAIN: Duration = Duration::from_secs(4);
/// A worker silent for longer is stuck, and the watchdog is left to bite.
const STUCK: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT, or until every worker has failed.
///
/// # Errors
/// Anything that keeps it from starting, each with its exit code; later only the failure of all workers.
pub fn run(options: Options) -> Result<(), Failure> {
    let started = clock::wall();
    let (config, rules) = options.load()?;
    log::start(config.log.level);
    let captures = open(&config, options.filter.is_some())?;
    let listener = web::bind(config.web.listen).map_err(Failure::running)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::running(format_args!("runtime: {e}: free some file descriptors")))?;
    let writer = start_writer(&config)?;
    let ledger = Arc::new(Ledger::new(ledger_settings(&config)));
    let clock = Clock::start();
    let mut workers = Vec::new();
    let per_interface = config.capture.workers;
    for (n, live) in captures.into_iter().enumerate() {
        let number = u8::try_from(n).unwrap_or(u8::MAX);
        let group = (per_interface > 1).then(|| fanout_group(n / per_interface));
        let place =
            worker::Place { ledger: Arc::clone(&ledger), events: writer.sender(), clock: clock.clone() };
        let worker = Worker::start(
            number,
            live,
            group,
            capture_settings(&config),
            config.sensor_settings(),
            &rules,
            place,
        )
        .map_err(|e| Failure::running(format_args!("worker thread: {e}: raise the limit of tasks")))?;
        workers.push(worker);
    }
    let slots: Vec<Arc<WorkerSlot>> = workers.iter().map(|w| Arc::clone(w.slot())).collect();
    let counters = EventCounters::new(writer.counters());
    let metrics = metrics(&ledger, slots, &counters, started, &rules);
    let daemon = Daemon { options, config, workers, writer, counters, ledger, metrics, clock, started };
    runtime.block_on(daemon.serve(listener))
}

/// The handles of each interface; the first that cannot be opened ends it.
fn open(config: &Config, typed_filter: bool) -> Result<Vec<Live>, Failure> {
    let settings = capture_settings(config);
    let mut handles = Vec::new();
    for (n, name) in settings.interfaces.iter().enumerate() {
        for _ in 0..settings.workers {
            let live = Live::open(name, &settings).map_err(|e| Failure::capture(&e, typed_filter))?;
            if settings.workers > 1 {
                live.join_fanout(fanout_group(n)).map_err(|e| Failure::capture(&e, typed_filter))?;
            }
            handles.push(live);
        }
    }
    Ok(handles)
}

/// The fanout group of the n-th interface. Groups are the host's, so the process's number keeps two daemons apart.
fn fanout_group(n: usize) -> u16 {
    let mixed = std::process::id().wrapping_mul(64).wrapping_add(u32::try_from(n).unwrap_or_default());
    (mixed & 0xffff) as u16
}

fn capture_settings(config: &Config) -> capture::Settings {
    capture::Settings {
        interfaces: config.capture.interfaces.clone(),
        filter: config.capture.filter.clone().unwrap_or_default(),
        ring_bytes: config.capture.ring_mib << 20,
        snaplen: u32::try_from(config.capture.snaplen).unwrap_or(65_535),
        promiscuous: config.capture.promiscuous,
        workers: u16::try_from(config.capture.workers).unwrap_or(1),
    }
}

fn ledger_settings(config: &Config) -> ledger::Settings {
    ledger::Settings { max_clients: config.ledger.max_clients, client_idle: config.ledger.client_idle }
}

fn start_writer(config: &Config) -> Result<eve::Writer, Failure> {
    let settings = eve::Settings {
        destination: config.events.file.clone().into(),
        queue: config.events.queue,
        ..eve::Settings::default()
    };
    eve::Writer::start(settings, Renderer::new(config.privacy.settings()))
        .map_err(|e| Failure::running(format_args!("event writer: {e}: raise the limit of tasks")))
}

fn metrics(
    ledger: &Arc<Ledger>,
    workers: Vec<Arc<WorkerSlot>>,
    counters: &Arc<EventCounters>,
    started: SystemTime,
    rules: &RuleSet,
) -> Arc<Metrics> {
    let counters = Arc::clone(counters);
    let metrics = Metrics::new(Sources {
        ledger: Arc::clone(ledger),
        workers,
        events: Box::new(move || counters.totals()),
        started,
        build: Build {
            version: env!("CARGO_PKG_VERSION"),
            revision: env!("GEOPHONE_REVISION"),
            rustc: env!("GEOPHONE_RUSTC"),
        },
    });
    metrics.loaded(rule_totals(rules), clock::wall());
    Arc::new(metrics)
}

fn rule_totals(rules: &RuleSet) -> RuleTotals {
    RuleTotals { detections: rules.detections().len(), pools: rules.host_count() }
}

/// Counters of the event writers, of all those there were: a reload may start another, and no counter goes down.
struct EventCounters {
    all: std::sync::Mutex<Vec<Arc<eve::Counters>>>,
}

impl EventCounters {
    fn new(first: Arc<eve::Counters>) -> Arc<Self> {
        Arc::new(Self { all: std::sync::Mutex::new(vec![first]) })
    }

    fn add(&self, counters: Arc<eve::Counters>) {
        self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(counters);
    }

    fn totals(&self) -> EventTotals {
        let all = self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let sum = |of: &dyn Fn(&eve::Counters) -> u64| all.iter().map(|c| of(c)).sum();
        EventTotals {
            alert: sum(&|c| c.sent(eve::Kind::Alert)),
            mining_session: sum(&|c| c.sent(eve::Kind::MiningSession)),
            stats: sum(&|c| c.sent(eve::Kind::Stats)),
            dropped: sum(&eve::Counters::dropped),
        }
    }
}

struct Daemon {
    options: Options,
    config: Config,
    workers: Vec<Worker>,
    writer: eve::Writer,
    counters: Arc<EventCounters>,
    ledger: Arc<Ledger>,
    metrics: Arc<Metrics>,
    clock: Clock,
    started: SystemTime,
}

impl Daemon {
    async fn serve(mut self, listener: std::net::TcpListener) -> Result<(), Failure> {
        let (stop_web, stopped) = oneshot::channel::<()>();
        let address = listener.local_addr().unwrap_or(self.config.web.listen);
        let stopped = async move { drop(stopped.await) };
        let site = Arc::new(web::Site::new(Arc::clone(&self.metrics)));
        let web = tokio::spawn(web::serve(listener, Arc::clone(&site), web::Settings::default(), stopped));
        let mut hang_up = catch(SignalKind::hangup())?;
        let mut terminate = catch(SignalKind::terminate())?;
        let mut interrupt = catch(SignalKind::interrupt())?;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        site.set_ready(true);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        info!(
            "watching {} for mining; metrics at http://{address}/metrics",
            self.config.capture.interfaces.join(", ")
        );
        let result = loop {
            tokio::select! {
                _ = second.tick() => if let Err(failure) = self.second() { break Err(failure) },
                _ = hang_up.recv() => self.reload(),
                _ = terminate.recv() => break Ok(()),
                _ = interrupt.recv() => break Ok(()),
            }
        };
        site.set_ready(false);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        let _ = stop_web.send(());
        let drained = self.drain();
        let _ = tokio::time::timeout(Duration::from_secs(1), web).await;
        drained.and(result)
    }

    /// Once a second: the watchdog, the ledger's expiry, statistics, and whether anybody still works.
    fn second(&self) -> Result<(), Failure> {
        let now = self.clock.millis();
        let alive = |w: &Worker| now.saturating_sub(w.slot().last_tick()) < STUCK.as_millis() as u64;
        if self.workers.iter().all(|w| w.is_finished() || alive(w)) {
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        } else {
            error!("a worker has not come back from its packets for {} s", STUCK.as_secs());
        }
        self.ledger.expire(clock::packet_time());
        if self.clock.passed(self.config.events.stats_interval) {
            self.tell_stats();
        }
        if self.workers.iter().all(Worker::is_finished) {
            return Err(Failure::running(
                "capture: every worker has stopped: see the log above, and start again",
            ));
        }
        Ok(())
    }

    fn tell_stats(&self) {
        let sender = self.writer.sender();
        let uptime = clock::wall().duration_since(self.started).map(|d| d.as_secs()).ok();
        for worker in &self.workers {
            let totals = worker.slot().totals();
            sender.send_stats(StatsRecord {
                time: clock::packet_time(),
                in_iface: Some(Arc::clone(worker.slot().interface())),
                uptime,
                capture: Some(eve::CaptureCounters {
                    received: totals.capture.received,
                    dropped: totals.capture.dropped,
                    interface_dropped: totals.capture.interface_dropped,
                }),
                sensor: totals.stats,
                events: Some(self.writer.counters()),
            });
        }
    }

    /// SIGHUP: reopens the event file, and takes new configuration and rules if all of it is good.
    fn reload(&mut self) {
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Reloading]);
        match self.options.load() {
            Ok((config, rules)) => self.replace(config, rules),
            Err(faults) => {
                for line in faults.to_string().lines() {
                    error!("reload: {line}");
                }
                error!("reload: refused; the configuration and rules from before stay in force");
                self.metrics.load_failed();
                self.writer.reopen();
            }
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    }

    fn replace(&mut self, config: Config, rules: Arc<RuleSet>) {
        if config.capture != self.config.capture || config.web != self.config.web {
            warn!("reload: changes of capture and web are taken up at the next start");
        }
        let before = (&self.config.events.file, self.config.events.queue, &self.config.privacy);
        if before == (&config.events.file, config.events.queue, &config.privacy) {
            self.writer.reopen();
        } else if let Err(failure) = self.change_writer(&config) {
            error!("reload: {failure:?}");
        }
        log::set(config.log.level);
        self.ledger.replace_settings(ledger_settings(&config));
        for worker in &self.workers {
            worker.tell(Control::Rules(Arc::clone(&rules)));
            worker.tell(Control::Settings(config.sensor_settings()));
        }
        self.metrics.loaded(rule_totals(&rules), clock::wall());
        info!(
            "reload: {} detections and {} pool hosts in force",
            rules.detections().len(),
            rules.host_count()
        );
        self.config = config;
    }

    /// Another destination needs another writer; the old one still writes what it has.
    fn change_writer(&mut self, config: &Config) -> Result<(), Failure> {
        let writer = start_writer(config)?;
        self.counters.add(writer.counters());
        for worker in &self.workers {
            worker.tell(Control::Events(writer.sender()));
        }
        let old = std::mem::replace(&mut self.writer, writer);
        std::thread::spawn(move || old.drain(DRAIN));
        Ok(())
    }

    /// Ends the workers, which tell their sessions' ends, and writes what is queued.
    fn drain(self) -> Result<(), Failure> {
        let deadline = self.clock.millis() + DRAIN.as_millis() as u64;
        for worker in &self.workers {
            worker.stop.store(true, Ordering::Relaxed);
        }
        while self.workers.iter().any(|w| !w.is_finished()) && self.clock.millis() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let stuck = self.workers.iter().filter(|w| !w.is_finished()).count();
        if stuck > 0 {
            warn!("stopping: {stuck} workers did not end in time; their last records are lost");
        }
        self.tell_stats();
        let left = deadline.saturating_sub(self.clock.millis()).max(500);
        if let Err(undrained) = self.writer.drain(Duration::from_millis(left)) {
            warn!("stopping: {} events could not be written in time", undrained.lost);
        }
        info!("stopped");
        Ok(())
    }
}

fn catch(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|e| Failure::running(format_args!("signals: {e}: free some file descriptors")))
}
