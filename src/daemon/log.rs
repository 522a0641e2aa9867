//! What the daemon says about itself, on standard error: to a journal without times and colours, with the priorities it
//! reads. Never a payload.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

use crate::config::Level;

mod lines;

use lines::Lines;

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Waits a moment for the last lines when it goes.
pub(super) struct Log(Option<Lines>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.iter().for_each(Lines::flush);
    }
}

/// Starts logging; later calls only set the level.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn start(level: Level) -> io::Result<Log> {
    let (filter, handle) = reload::Layer::new(filter(level));
    if LEVEL.set(handle).is_err() {
        set(level);
        return Ok(Log(None));
    }
    let journal = is_journal();
    let writer = Lines::start(io::stderr(), journal)?;
    let layer = fmt::layer().with_writer(writer.clone()).with_target(false);
    let layer = layer.with_ansi(io::stderr().is_terminal() && !journal);
    let registry = tracing_subscriber::registry().with(filter);
    // A subscriber that is there already, as in a test, stays.
    let _ = if journal {
        registry.with(layer.without_time()).try_init()
    } else {
        registry.with(layer).try_init()
    };
    Ok(Log(Some(writer)))
}

/// Whether standard error is the journal's: the variable is there also for who sent it elsewhere.
fn is_journal() -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else { return false };
    let stderr = io::stderr().as_fd().try_clone_to_owned().and_then(|fd| File::from(fd).metadata());
    stderr.is_ok_and(|m| journal == format!("{}:{}", m.dev(), m.ino()))
}

/// Says more or less from now on.
pub(super) fn set(level: Level) {
    if let Some(handle) = LEVEL.get() {
        let _ = handle.modify(|f| *f = filter(level));
    }
}

const fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
