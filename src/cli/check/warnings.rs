//! What is allowed and yet worth a second look: settings that hear less, tell more, or cost more than one may think, and
//! places that this user cannot use. None of it fails a check.

use std::path::Path;

use rustix::fs::{Access, access};

use super::cost::{self, Cost};
use crate::capture::{self, Error};
use crate::cli::no_interface;
use crate::config::{Config, Level};

/// Series that a small Prometheus should not be given unasked.
const MANY_SERIES: usize = 500_000;
/// The longest frame that receive offloads make.
const LONGEST: usize = 65_535;

/// Everything, as `KEY: what: what to do`.
pub(super) fn of(config: &Config, memory: &[Cost]) -> Vec<String> {
    let mut found = interfaces(config);
    found.extend(listening(config));
    found.extend(telling(config));
    found.extend(costs(config, memory));
    found
}

/// Interfaces that are not there, down, or not this user's.
fn interfaces(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    for name in &config.capture.interfaces {
        match capture::access(name) {
            Ok(_) => {}
            Err(Error::Permission { .. }) => {
                found.push(
                    "capture.interfaces: this user may not capture: run with sudo, or grant CAP_NET_RAW"
                        .to_owned(),
                );
                break;
            }
            Err(error @ Error::NoInterface { .. }) => {
                found.push(format!("capture.interfaces: {}", no_interface(name, &error)));
            }
            Err(error) => found.push(format!("capture.interfaces: {error}")),
        }
    }
    if config.capture.interfaces.len() > 1 && config.capture.interfaces.iter().any(|name| name == "any") {
        found.push(
            "capture.interfaces: `any` hears the others too, so their frames are read twice: keep one or the other"
                .to_owned(),
        );
    }
    found
}

/// What hears less than all.
fn listening(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let capture = &config.capture;
    if capture.snaplen < LONGEST {
        found.push(format!(
            "capture.snaplen: longer frames are cut to {} bytes, and cards join segments to 64 KiB: \
             switch that off (ethtool -K IFACE gro off lro off), or raise it",
            capture.snaplen
        ));
    }
    let words = capture.filter.iter().flat_map(|f| f.split(|c: char| !c.is_ascii_alphanumeric()));
    let words: Vec<&str> = words.collect();
    if words.iter().any(|w| matches!(*w, "port" | "portrange")) {
        found.push(
            "capture.filter: selects ports, and mining runs on every port: leave out hosts or networks instead"
                .to_owned(),
        );
    }
    if !words.is_empty() && !words.contains(&"vlan") {
        found.push(
            "capture.filter: frames with a VLAN tag do not pass: write (EXPR) or (vlan and (EXPR)) if there are any"
                .to_owned(),
        );
    }
    if config.rules.allow_shrink {
        found.push(
            "rules.allow_shrink: a feed that is cut short takes the place of the whole one: \
             set it only for the reload that needs it"
                .to_owned(),
        );
    }
    found
}

/// What tells more than it should, or cannot tell.
fn telling(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    match &config.events.file {
        None => found.push(
            "events.file: no events are written, so findings are counters without pool, payee and reason: name a file"
                .to_owned(),
        ),
        Some(path) => found.extend(unwritable(path).map(|why| format!("events.file: {why}"))),
    }
    if let Some(path) = &config.learned.file {
        found.extend(unwritable(path).map(|why| format!("learned.file: {why}")));
    }
    if !config.web.listen.ip().is_loopback() {
        found.push(format!(
            "web.listen: {} is no loopback, there is no login, and the pages name who mines: \
             let a firewall or proxy say who may ask",
            config.web.listen.ip()
        ));
    }
    if matches!(config.log.level, Level::Debug | Level::Trace) {
        let level = config.log.level.name();
        found.push(format!(
            "log.level: {level} names addresses of clients: go back to info when you are done"
        ));
    }
    found
}

/// Why this user cannot write there, and what to do.
fn unwritable(path: &Path) -> Option<String> {
    let shown = path.display();
    if path.is_dir() {
        return Some(format!("{shown} is a directory: name a file in it"));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let place = if path.exists() { path } else { folder };
    let error = access(place, Access::WRITE_OK).err()?;
    Some(match error {
        rustix::io::Errno::NOENT => {
            format!(
                "{} is not there: make it for the daemon's user, unless the packaged service does",
                place.display()
            )
        }
        _ => format!("{}: {error}: let the daemon's user write there", place.display()),
    })
}

/// What may cost more than there is.
fn costs(config: &Config, memory: &[Cost]) -> Vec<String> {
    let mut found = Vec::new();
    let sum: f64 = memory.iter().map(|c| c.mib).sum();
    if let Some(host) = cost::host_mib().filter(|host| sum > *host) {
        found.push(format!(
            "memory: {} at worst is more than this host's {}: lower the largest of the bounds",
            cost::shown(sum),
            cost::shown(host)
        ));
    }
    let series = cost::series(config);
    if series > MANY_SERIES {
        found.push(format!(
            "ledger.max_clients: up to {series} series for Prometheus: lower it, or see that it has the memory"
        ));
    }
    found
}
