//! What the daemon does with configuration and rules that were read anew: it takes all of them, or keeps the old ones.

use std::sync::Arc;

use tracing::{error, info, warn};

use super::reload::{Read, Turn, Watched};
use super::size::{self, Size};
use super::worker::Control;
use super::{DRAIN, Daemon, clock, ledger_settings, log, start_writer, tell_people};
use crate::cli::Failure;
use crate::config::{Config, watched_for};
use crate::eve::Writer;
use crate::privacy::Privacy;

impl Daemon {
    /// SIGHUP, or files that changed: reads configuration and rules anew, now or once the load in hand is done.
    pub(super) fn reload(&mut self) {
        let waits = self.loader.is_wanted();
        if self.loader.ask(&self.options, Watched::of(&self.config)) {
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Reloading]);
        } else if self.loader.is_crowded() && !waits {
            warn!("reload: waits for workers that still use rules from before");
        }
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        let read = match turn {
            Turn::Changed => {
                info!("reload: files of the rules have changed");
                return self.reload();
            }
            Turn::Loaded(read) => read,
        };
        match read.and_then(|read| self.judge(*read)) {
            Ok((read, size)) => self.replace(read, size),
            Err(faults) => self.refuse(&faults),
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        if self.loader.is_due() {
            self.reload();
        }
    }

    /// Whether what was read may take the place of what is in force; why not, a line each.
    fn judge(&mut self, read: Read) -> Result<(Read, Size), String> {
        let size = Size::of(&read.rules, &read.feeds, &read.people.privacy);
        let lost = if read.config.rules.allow_shrink { Vec::new() } else { self.size.lost(&size) };
        if lost.is_empty() {
            return Ok((read, size));
        }
        self.loader.retire(read.rules);
        let line = |(what, before, after): (String, usize, usize)| {
            format!(
                "{what}: {after} where {before} are in force: mend or fetch the file again; \
                 if it is right, set rules.allow_shrink, or restart"
            )
        };
        Err(lost.into_iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    fn refuse(&mut self, faults: &str) {
        for line in faults.lines() {
            error!("reload: {line}");
        }
        error!("reload: refused; the configuration and rules from before stay in force");
        self.metrics.load_failed();
        self.writer.reopen();
        self.loader.sweep();
    }

    /// Takes what was read; the event file is reopened, whether that changed or not.
    fn replace(&mut self, read: Read, size: Size) {
        let Read { config, rules, feeds, people } = read;
        // First of all: events must not go on naming whom metrics hide.
        let writer = match self.other_writer(&config, &people.privacy) {
            Ok(writer) => writer,
            Err(failure) => {
                self.loader.retire(rules);
                return self.refuse(&failure.text());
            }
        };
        if config.capture != self.config.capture || config.web != self.config.web {
            warn!("reload: changes of capture and web are taken up at the next start");
        }
        if config.learned.file != self.config.learned.file {
            warn!("reload: another learned.file is taken up at the next start");
        }
        log::set(config.log.level);
        tell_people(&people);
        let privacy = people.privacy;
        match writer {
            None => self.writer.reopen(),
            Some(writer) => self.change_writer(writer),
        }
        self.call_clients(privacy);
        self.ledger.replace_settings(ledger_settings(&config));
        self.learned.replace_settings(config.learned_settings());
        for worker in &self.workers {
            worker.tell(Control::Rules(Arc::clone(&rules)));
            worker.tell(Control::Settings(config.sensor_settings()));
        }
        self.metrics.loaded(size::totals(&rules, &feeds), clock::wall());
        feeds.iter().for_each(|feed| info!("feed {feed}"));
        info!("reload: in force are {}", watched_for(&rules, &feeds));
        self.loader.retire(std::mem::replace(&mut self.rules, rules));
        self.size = size;
        self.config = config;
    }

    /// Clients are called otherwise from now on, unless nothing of it changed: then two tables of subscribers would be
    /// one too many.
    fn call_clients(&mut self, privacy: Privacy) {
        if privacy == self.privacy {
            return;
        }
        if !self.privacy.names_alike(&privacy) {
            warn!("reload: clients are called otherwise: their series end, and begin anew with what comes");
        }
        self.ledger.call_clients(privacy.clone());
        self.privacy = privacy;
    }

    /// Another destination or privacy needs another writer.
    fn other_writer(&self, config: &Config, privacy: &Privacy) -> Result<Option<Writer>, Failure> {
        let before = (&self.config.events.file, self.config.events.queue, &self.privacy);
        let same = before == (&config.events.file, config.events.queue, privacy);
        if same { Ok(None) } else { start_writer(config, privacy).map(Some) }
    }

    /// The old writer still writes what it has.
    fn change_writer(&mut self, writer: Writer) {
        self.counters.add(writer.counters());
        for worker in &self.workers {
            worker.tell(Control::Events(writer.sender()));
        }
        let old = std::mem::replace(&mut self.writer, writer);
        // Without a thread nobody waits for it, and it ends by itself.
        let _ = std::thread::Builder::new().name("drain".to_owned()).spawn(move || old.drain(DRAIN));
    }
}
