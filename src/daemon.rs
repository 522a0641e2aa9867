//! `geophone run`: opens everything, starts a worker thread for each interface, and then waits for signals. Packets never
//! touch the runtime here; it serves the web, reloads, expires, and feeds the watchdog while the workers live.

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tracing::{error, info, warn};

use crate::capture::{self, Live};
use crate::cli::Failure;
use crate::config::{Config, People, watched_for};
use crate::eve::{self, Renderer, StatsRecord};
use crate::learned::Learned;
use crate::ledger::{self, Ledger};
use crate::metrics::{Build, EventTotals, Metrics, Sources};
use crate::privacy::Privacy;
use crate::rules::RuleSet;
use crate::web;

mod clock;
mod found;
mod kept;
mod log;
mod reload;
mod replace;
mod seen;
mod size;
mod start;
mod worker;

use clock::Clock;
use kept::Kept;
use reload::{Load, Loader, Read, Watched};
use size::Size;
use start::Silence;
use worker::Worker;

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

/// How long the end may take: final records written, answers finished.
const DRAIN: Duration = Duration::from_secs(4);
/// How long the learned endpoints may take to be written at the end.
const KEEP: Duration = Duration::from_secs(1);
/// Seconds between two looks for what was learned and is over, and two writes of what is kept.
const MINUTE: u64 = 60;
/// A worker silent for longer is stuck, and the watchdog is left to bite.
const STUCK: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT, or until every worker has failed.
///
/// # Errors
/// Anything that keeps it from starting, each with its exit code; later only the failure of all workers.
pub fn run(options: Options) -> Result<(), Failure> {
    let started = clock::wall();
    let runtime = runtime()?;
    // Before anything that takes time: uncaught it ends the process, and a rotation of logs does not ask when.
    let hang_up = runtime.block_on(async { catch(SignalKind::hangup()) })?;
    let Load { watched, seen, result } = options.load(Watched::default());
    let Read { config, rules, feeds, people } = result?;
    let _log = log::start(config.log.level).map_err(no_thread)?;
    tell_people(&people);
    reload::give_back();
    let captures = open(&config, options.filter.is_some())?;
    let listener = web::bind(config.web.listen).map_err(Failure::running)?;
    info!("geophone {} ({})", env!("CARGO_PKG_VERSION"), env!("GEOPHONE_REVISION"));
    start::capturing(&config, &captures);
    info!("watching for {}", watched_for(&rules, &feeds));
    feeds.iter().for_each(|feed| info!("feed {feed}"));
    let privacy = people.privacy;
    let writer = start_writer(&config, &privacy)?;
    let ledger = Arc::new(Ledger::new(ledger_settings(&config)));
    ledger.call_clients(privacy.clone());
    let learned = Arc::new(Learned::new(config.learned_settings()));
    let kept =
        config.learned.file.clone().and_then(|path| Kept::open(path, Arc::clone(&learned))).map(Arc::new);
    let clock = Clock::start();
    let shared = worker::Place {
        ledger: Arc::clone(&ledger),
        learned: Arc::clone(&learned),
        events: writer.sender(),
        clock: clock.clone(),
        found: Arc::default(),
    };
    let workers = start_workers(&config, captures, &rules, &shared)?;
    drop(shared);
    let counters = EventCounters::new(writer.counters());
    let sources = sources(&ledger, &learned, &workers, &counters, started);
    let metrics = Arc::new(Metrics::new(sources));
    metrics.loaded(size::totals(&rules, &feeds), clock::wall());
    let mut loader = Loader::start().map_err(no_thread)?;
    {
        let _inside = runtime.enter();
        loader.watch(watched, seen);
    }
    let size = Size::of(&rules, &feeds, &privacy);
    let silence = Silence::of(&config);
    let daemon = Daemon {
        options,
        config,
        privacy,
        rules,
        size,
        loader,
        workers,
        writer,
        counters,
        ledger,
        learned,
        kept,
        minute: None,
        next_minute: MINUTE * 1000,
        metrics,
        clock,
        started,
        silence,
        looks_in_vain: 0,
    };
    let result = runtime.block_on(daemon.serve(listener, hang_up));
    // A load in hand is nobody's any more.
    runtime.shutdown_background();
    result
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let failed = |e| Failure::running(format_args!("runtime: {e}: free some file descriptors"));
    // Some of those that tokio takes make it panic where there are none.
    let spare: io::Result<Vec<_>> = (0..4).map(|_| UnixStream::pair()).collect();
    drop(spare.map_err(failed)?);
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)
}

/// A thread for each handle.
fn start_workers(
    config: &Config,
    captures: Vec<Live>,
    rules: &Arc<RuleSet>,
    place: &worker::Place,
) -> Result<Vec<Worker>, Failure> {
    let per_interface = config.capture.workers;
    let start = |(n, live)| {
        let number = u8::try_from(n).unwrap_or(u8::MAX);
        let group = (per_interface > 1).then(|| fanout_group(n / per_interface));
        let capture = capture_settings(config);
        Worker::start(number, live, group, capture, config.sensor_settings(), rules, place.clone())
            .map_err(no_thread)
    };
    captures.into_iter().enumerate().map(start).collect()
}

fn no_thread(error: io::Error) -> Failure {
    Failure::running(format_args!("thread: {error}: raise the limit of tasks"))
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

/// What should be looked into, and how many names there are.
fn tell_people(people: &People) {
    people.warnings.iter().for_each(|warning| warn!("{warning}"));
    if let Some(all) = &people.privacy.subscribers {
        info!("subscribers: {} names for {} networks", all.len(), all.networks());
    }
}

fn start_writer(config: &Config, privacy: &Privacy) -> Result<eve::Writer, Failure> {
    let settings = eve::Settings {
        destination: config.events.file.clone().into(),
        queue: config.events.queue,
        ..eve::Settings::default()
    };
    eve::Writer::start(settings, Renderer::new(privacy.clone()))
        .map_err(|e| Failure::running(format_args!("event writer: {e}: raise the limit of tasks")))
}

fn sources(
    ledger: &Arc<Ledger>,
    learned: &Arc<Learned>,
    workers: &[Worker],
    counters: &Arc<EventCounters>,
    started: SystemTime,
) -> Sources {
    let counters = Arc::clone(counters);
    Sources {
        ledger: Arc::clone(ledger),
        learned: Arc::clone(learned),
        workers: workers.iter().map(|w| Arc::clone(w.slot())).collect(),
        events: Box::new(move || counters.totals()),
        started,
        build: Build {
            version: env!("CARGO_PKG_VERSION"),
            revision: env!("GEOPHONE_REVISION"),
            rustc: env!("GEOPHONE_RUSTC"),
        },
    }
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
            failed: sum(&eve::Counters::write_errors),
        }
    }
}

struct Daemon {
    options: Options,
    config: Config,
    privacy: Privacy,
    /// In force, and the last to be let go of: never on a worker's thread.
    rules: Arc<RuleSet>,
    size: Size,
    loader: Loader,
    workers: Vec<Worker>,
    writer: eve::Writer,
    counters: Arc<EventCounters>,
    ledger: Arc<Ledger>,
    learned: Arc<Learned>,
    kept: Option<Arc<Kept>>,
    /// What is done once a minute beside all this, and when next, in the clock's milliseconds.
    minute: Option<JoinHandle<()>>,
    next_minute: u64,
    metrics: Arc<Metrics>,
    clock: Clock,
    started: SystemTime,
    silence: Silence,
    /// Seconds in a row in which a worker was silent for too long.
    looks_in_vain: u32,
}

impl Daemon {
    async fn serve(mut self, listener: std::net::TcpListener, mut hang_up: Signal) -> Result<(), Failure> {
        let (stop_web, stopped) = oneshot::channel::<()>();
        let address = listener.local_addr().unwrap_or(self.config.web.listen);
        let stopped = async move { drop(stopped.await) };
        let site = Arc::new(web::Site::new(Arc::clone(&self.metrics)));
        let web = tokio::spawn(web::serve(listener, Arc::clone(&site), web::Settings::default(), stopped));
        let mut terminate = catch(SignalKind::terminate())?;
        let mut interrupt = catch(SignalKind::interrupt())?;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        // After a stop there is nothing to catch up with.
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        site.set_ready(true);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        self.introduce(address);
        let result = loop {
            tokio::select! {
                _ = second.tick() => if let Err(failure) = self.second() { break Err(failure) },
                _ = hang_up.recv() => self.reload(),
                turn = self.loader.next() => self.turn(turn),
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

    /// Once a second: the watchdog, the ledger's expiry, statistics, what waits, and whether anybody still works.
    fn second(&mut self) -> Result<(), Failure> {
        let now = self.clock.millis();
        let alive = |w: &Worker| now.saturating_sub(w.slot().last_tick()) < STUCK.as_millis() as u64;
        if self.workers.iter().all(|w| w.is_finished() || alive(w)) {
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            self.looks_in_vain = 0;
        } else {
            self.looks_in_vain = self.looks_in_vain.saturating_add(1);
        }
        // Not at the first: the whole process may have been stopped meanwhile, and the worker comes with us.
        if self.looks_in_vain == 2 {
            error!("a worker has not come back from its packets for {} s", STUCK.as_secs());
        }
        self.ledger.expire(clock::packet_time());
        self.listen_for_silence();
        self.loader.sweep();
        if self.loader.is_due() {
            self.reload();
        }
        if now >= self.next_minute && self.minute.as_ref().is_none_or(JoinHandle::is_finished) {
            self.next_minute = now + MINUTE * 1000;
            self.minute = Some(self.keep());
        }
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

    /// Forgets what was learned and is over, and writes what is kept, on a thread that may wait for the disk.
    fn keep(&self) -> JoinHandle<()> {
        let (learned, kept) = (Arc::clone(&self.learned), self.kept.clone());
        tokio::task::spawn_blocking(move || {
            learned.expire(clock::packet_time());
            if let Some(kept) = kept {
                kept.save();
            }
        })
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
        self.keep_last();
        self.tell_stats();
        let left = deadline.saturating_sub(self.clock.millis()).max(500);
        if let Err(undrained) = self.writer.drain(Duration::from_millis(left)) {
            warn!("stopping: {} events could not be written in time", undrained.lost);
        }
        info!("stopped");
        Ok(())
    }

    /// Writes what is kept for the last time, unless the disk makes it wait.
    fn keep_last(&self) {
        let Some(kept) = self.kept.clone() else { return };
        let (done, wait) = std::sync::mpsc::channel();
        let writing = std::thread::Builder::new().spawn(move || {
            kept.save();
            let _ = done.send(());
        });
        if writing.is_ok() && wait.recv_timeout(KEEP).is_err() {
            warn!("stopping: learned endpoints could not be written in time; those of a minute ago are kept");
        }
    }
}

fn catch(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|e| Failure::running(format_args!("signals: {e}: free some file descriptors")))
}
