//! Events on their way to a file: a bounded queue, and one plain thread that renders and writes. A capture thread never
//! waits for a disk; what finds the queue full is counted, not written.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::detect::Event;

use super::sink::{Sink, Target};
use super::{Kind, Renderer, StatsRecord};

/// What the event output is told at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where events go. Default: nowhere.
    pub destination: Destination,
    /// Events that may wait, at least 1. Each takes about 1 KiB and its texts. Default 8192.
    pub queue: usize,
    /// How long a failed write waits for its next try at first; each further failure doubles it, up to 32 times.
    /// Default 1 s.
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { destination: Destination::Nowhere, queue: 8192, retry: Duration::from_secs(1) }
    }
}

/// Where events go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// A file, appended to, created with mode 0640 in a directory that exists.
    File(PathBuf),
    /// Counted, not written.
    #[default]
    Nowhere,
    /// Standard output.
    Stdout,
}

impl From<Option<PathBuf>> for Destination {
    /// A path as the configuration has it: `-` is standard output.
    fn from(file: Option<PathBuf>) -> Self {
        match file {
            None => Self::Nowhere,
            Some(path) if path.as_os_str() == "-" => Self::Stdout,
            Some(path) => Self::File(path),
        }
    }
}

/// The writing thread's handle. Dropping it tells the thread to end, without waiting; [`Writer::drain`] waits.
#[derive(Debug)]
pub struct Writer {
    sender: Sender,
    thread: Option<WriterThread>,
}

#[derive(Debug)]
struct WriterThread {
    handle: JoinHandle<()>,
    /// Disconnected when the thread has ended.
    ended: Receiver<Infallible>,
}

impl Writer {
    /// Starts the thread, which opens the destination at once. A destination that cannot be opened or written is
    /// logged, counted and tried again; events wait in the queue for it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(settings: Settings, renderer: Renderer) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let target = match settings.destination {
            Destination::File(path) => Target::File(path),
            Destination::Nowhere => return Ok(Self { sender: Sender { queue: None, shared }, thread: None }),
            Destination::Stdout => Target::Stdout,
        };
        let (queue, received) = mpsc::sync_channel(settings.queue.max(1));
        let (end, ended) = mpsc::channel();
        let work = Work {
            queue: received,
            renderer,
            sink: Sink::new(target, Arc::clone(&shared.counters)),
            shared: Arc::clone(&shared),
            retry: settings.retry,
            failures: 0,
        };
        let handle = thread::Builder::new().name("events".to_owned()).spawn(move || {
            let _end: mpsc::Sender<Infallible> = end;
            work.run();
        })?;
        let thread = Some(WriterThread { handle, ended });
        Ok(Self { sender: Sender { queue: Some(queue), shared }, thread })
    }

    /// A way into the queue, for one more thread.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The counters, for metrics.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.sender.shared.counters)
    }

    /// Closes the file and opens what stands at its path, because the old one was renamed (logrotate, SIGHUP). Events
    /// that already wait go to the new one.
    pub fn reopen(&self) {
        self.sender.shared.reopen.store(true, Ordering::Release);
        self.wake();
    }

    /// Writes what waits and ends the thread. Stop the senders first: what they send later is dropped and counted.
    ///
    /// # Errors
    /// [`Undrained`] when events are left at the deadline; they are counted as dropped.
    pub fn drain(mut self, deadline: Duration) -> Result<(), Undrained> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.stop();
        let in_time = !matches!(thread.ended.recv_timeout(deadline), Err(RecvTimeoutError::Timeout));
        if in_time && thread.handle.join().is_ok() {
            return Ok(());
        }
        let shared = &self.sender.shared;
        shared.give_up.store(true, Ordering::Release);
        let lost = shared.counters.waiting();
        shared.counters.count_dropped(lost);
        Err(Undrained { lost })
    }

    fn stop(&self) {
        self.sender.shared.stop.store(true, Ordering::Release);
        self.wake();
    }

    /// The thread waits for the queue, or for its next try. A full queue needs no waking.
    fn wake(&self) {
        if let Some(queue) = &self.sender.queue {
            let _ = queue.try_send(Message::Wake);
        }
        if let Some(thread) = &self.thread {
            thread.handle.thread().unpark();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Events that never reached their destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "events: {lost} not written: the destination took none before the deadline: make room for it or correct events.file"
)]
pub struct Undrained {
    /// How many.
    pub lost: u64,
}

/// A way into the queue. Clones share the queue and its counters.
#[derive(Clone, Debug)]
pub struct Sender {
    queue: Option<SyncSender<Message>>,
    shared: Arc<Shared>,
}

impl Sender {
    /// Hands over an event heard on `in_iface` (empty where there is none). Never waits.
    pub fn send(&self, in_iface: &Arc<str>, event: Event) {
        self.offer(Kind::of(&event), || Message::Event(Arc::clone(in_iface), event));
    }

    /// Hands over the counters. Never waits.
    pub fn send_stats(&self, record: StatsRecord) {
        self.offer(Kind::Stats, || Message::Stats(Box::new(record)));
    }

    fn offer(&self, kind: Kind, message: impl FnOnce() -> Message) {
        let counters = &self.shared.counters;
        match &self.queue {
            Some(queue) if queue.try_send(message()).is_err() => counters.count_dropped(1),
            _ => counters.count_sent(kind),
        }
    }
}

/// What became of events so far; each only grows, but for [`Counters::is_failing`].
#[derive(Debug, Default)]
pub struct Counters {
    sent: [AtomicU64; Kind::ALL.len()],
    written: AtomicU64,
    dropped: AtomicU64,
    write_errors: AtomicU64,
    failing: AtomicBool,
}

// Relaxed throughout: each figure stands for itself.
impl Counters {
    /// Events of this type taken into the queue.
    pub fn sent(&self, kind: Kind) -> u64 {
        self.sent[kind as usize].load(Ordering::Relaxed)
    }

    /// Lines written whole, of any type.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Events lost: the queue was full, the reader of standard output went away, or the deadline of the end came.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Tries to open or write that failed.
    pub fn write_errors(&self) -> u64 {
        self.write_errors.load(Ordering::Relaxed)
    }

    /// Whether the last try failed.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn count_written(&self, lines: u64) {
        self.written.fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn count_dropped(&self, events: u64) {
        self.dropped.fetch_add(events, Ordering::Relaxed);
    }

    fn count_sent(&self, kind: Kind) {
        self.sent[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Events taken and neither written nor given up.
    fn waiting(&self) -> u64 {
        self.sent.iter().map(|s| s.load(Ordering::Relaxed)).sum::<u64>().saturating_sub(self.written())
    }
}

/// What the handle and the thread tell each other beside the queue, which may be full.
#[derive(Debug, Default)]
struct Shared {
    counters: Arc<Counters>,
    reopen: AtomicBool,
    stop: AtomicBool,
    give_up: AtomicBool,
}

#[derive(Debug)]
enum Message {
    Event(Arc<str>, Event),
    Stats(Box<StatsRecord>),
    Wake,
}

/// The thread's own.
struct Work {
    queue: Receiver<Message>,
    renderer: Renderer,
    sink: Sink,
    shared: Arc<Shared>,
    retry: Duration,
    /// Failed tries since the last good one.
    failures: u32,
}

impl Work {
    /// While writing fails the queue is left alone: it holds what can wait, and its bound decides what cannot.
    fn run(mut self) {
        loop {
            if self.shared.reopen.swap(false, Ordering::AcqRel) {
                self.sink.close();
            }
            if self.write() {
                if !self.gather() {
                    break;
                }
            } else if self.shared.give_up.load(Ordering::Acquire) {
                break;
            } else {
                thread::park_timeout(self.wait());
            }
        }
    }

    /// Renders what the queue holds, up to one batch, and waits for it where it holds nothing. False at the end.
    fn gather(&mut self) -> bool {
        let stop = self.shared.stop.load(Ordering::Acquire);
        let first = if stop { self.queue.try_recv().ok() } else { self.queue.recv().ok() };
        let Some(first) = first else { return false };
        self.render(first);
        while !self.sink.is_full() {
            let Ok(message) = self.queue.try_recv() else { break };
            self.render(message);
        }
        true
    }

    fn render(&mut self, message: Message) {
        match message {
            Message::Event(in_iface, event) => self.renderer.event(&in_iface, &event, self.sink.batch()),
            Message::Stats(record) => self.renderer.stats(&record, self.sink.batch()),
            Message::Wake => {}
        }
    }

    /// Tries to write; a change between good and bad is logged once.
    fn write(&mut self) -> bool {
        let written = self.sink.write();
        let counters = &self.shared.counters;
        match &written {
            Ok(()) if self.failures > 0 => {
                let dropped = counters.dropped();
                tracing::info!(tries = self.failures, dropped, "events are written again");
                self.failures = 0;
            }
            Ok(()) => {}
            Err(error) => {
                counters.write_errors.fetch_add(1, Ordering::Relaxed);
                if self.failures == 0 {
                    let target = self.sink.target();
                    tracing::error!(%target, %error, "events cannot be written and wait: make room or correct events.file");
                }
                self.failures = self.failures.saturating_add(1);
            }
        }
        counters.failing.store(written.is_err(), Ordering::Relaxed);
        written.is_ok()
    }

    fn wait(&self) -> Duration {
        let wait = self.retry.saturating_mul(1 << self.failures.saturating_sub(1).min(MOST_DOUBLINGS));
        if self.shared.stop.load(Ordering::Acquire) { wait.min(LAST_RETRY) } else { wait }
    }
}

const MOST_DOUBLINGS: u32 = 5;

/// How long a try waits for the next once the end is asked for.
const LAST_RETRY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
