//! What the daemon says once it is up, a fact a line, and what it says when nothing is heard. An operator reads here
//! whether it does what was meant; it names no client and no secret.

use std::net::SocketAddr;

use tracing::{info, warn};

use super::Daemon;
use crate::capture::{self, Live};
use crate::config::Config;

/// Seconds after which an interface on which nothing was heard is worth a line.
const SECONDS: u64 = 30;

/// Which interfaces are captured on, and how.
pub(super) fn capturing(config: &Config, captures: &[Live]) {
    let workers = config.capture.workers;
    for live in captures.iter().step_by(workers) {
        let (name, link) = (live.interface(), live.link_type());
        let threads = if workers == 1 { String::new() } else { format!(", {workers} workers") };
        if name == "any" {
            let up = capture::up().join(", ");
            info!("capturing on any, all interfaces of this host (up now: {up}){threads}");
            info!("any does not hear frames for other hosts: name the interface of a mirror port (-i)");
        } else if config.capture.promiscuous {
            info!("capturing on {name} ({link:?}), promiscuous{threads}");
        } else {
            info!(
                "capturing on {name} ({link:?}), not promiscuous: frames for other hosts are not heard{threads}"
            );
        }
    }
    info!("filter: {}", config.filter_in_words());
}

impl Daemon {
    /// Whom it tells, and how to end it.
    pub(super) fn introduce(&self, web: SocketAddr) {
        let config = &self.config;
        match &config.events.file {
            Some(file) => info!("events: appended to {}", file.display()),
            None => info!("events: none are written; set events.file in a configuration to have them"),
        }
        if !web.ip().is_loopback() {
            warn!("metrics can be asked for from other hosts, without login: they name who mines");
        }
        info!("metrics: http://{web}/metrics; a page to start from: http://{web}/");
        info!("ready; SIGHUP reloads, Ctrl-C or SIGTERM stops");
    }

    /// Looks whether every interface hears something.
    pub(super) fn listen_for_silence(&mut self) {
        let heard = |name: &str| {
            let mut of = self.workers.iter().filter(|w| &**w.slot().interface() == name);
            of.any(|w| w.slot().totals().last_packet.is_some())
        };
        match self.silence.look(self.clock.millis(), heard) {
            Change::None => {}
            Change::Silent(names) => {
                let filter = if self.config.capture.filter.is_some() {
                    ", and that the filter lets something pass"
                } else {
                    ""
                };
                for name in names {
                    warn!("no packet yet on {name} after {SECONDS} s: check cable and mirror port{filter}");
                }
            }
            Change::Heard(names) => names.iter().for_each(|name| info!("{name}: packets come now")),
        }
    }
}

/// Interfaces on which nothing was heard since the start.
#[derive(Debug)]
pub(super) struct Silence {
    /// All of them until the time is over, then those that were silent.
    names: Vec<String>,
    is_told: bool,
}

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    None,
    Silent(Vec<String>),
    Heard(Vec<String>),
}

impl Silence {
    pub(super) fn of(config: &Config) -> Self {
        Self { names: config.capture.interfaces.clone(), is_told: false }
    }

    /// Each interface is silent once, after some time, and heard once after that.
    fn look(&mut self, now: u64, heard: impl Fn(&str) -> bool) -> Change {
        if now < SECONDS * 1000 || self.names.is_empty() {
            return Change::None;
        }
        let (heard, silent): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.names).into_iter().partition(|n| heard(n));
        self.names = silent;
        let first = !std::mem::replace(&mut self.is_told, true);
        match (first, self.names.is_empty(), heard.is_empty()) {
            (true, false, _) => Change::Silent(self.names.clone()),
            (false, _, false) => Change::Heard(heard),
            _ => Change::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once_and_its_end_once() {
        let names = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let mut silence = Silence { names: names(), is_told: false };
        assert_eq!(silence.look(29_999, |_| false), Change::None, "too early");
        assert_eq!(silence.look(30_000, |n| n == "b"), Change::Silent(vec!["a".into(), "c".into()]));
        assert_eq!(silence.look(31_000, |n| n == "b"), Change::None, "said already");
        assert_eq!(silence.look(32_000, |n| n != "a"), Change::Heard(vec!["c".into()]));
        assert_eq!(silence.look(33_000, |n| n != "a"), Change::None);
        assert_eq!(silence.look(34_000, |_| true), Change::Heard(vec!["a".into()]));
        assert_eq!(silence.look(35_000, |_| true), Change::None);
        let mut loud = Silence { names: names(), is_told: false };
        assert_eq!(loud.look(30_000, |_| true), Change::None, "nothing to say where all is well");
    }
}
