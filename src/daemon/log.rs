//! What the daemon says about itself, on standard error: to a journal without times and colours, with the priorities it
//! reads. Never a payload.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

use crate::config::Level;

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Starts logging; later calls only set the level.
pub(super) fn start(level: Level) {
    let (filter, handle) = reload::Layer::new(filter(level));
    if LEVEL.set(handle).is_err() {
        return set(level);
    }
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = lines.with_ansi(std::io::stderr().is_terminal() && !journal);
    let registry = tracing_subscriber::registry().with(filter);
    // A subscriber that is there already, as in a test, stays.
    let _ = if journal {
        registry.with(lines.without_time()).try_init()
    } else {
        registry.with(lines).try_init()
    };
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
