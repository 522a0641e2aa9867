//! `geophone check`: everything that is wrong with configuration and rules, or what is in force.

use std::path::Path;

use super::table::plain;
use super::{Failure, print, warn};
use crate::capture;
use crate::config::{ClientNames, Config, load_with_people};

/// Validates the configuration, its rules and its capture filter.
pub(super) fn check(path: Option<&Path>, dump: bool) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let (loaded, people) = load_with_people(&config)?;
    people.warnings.iter().for_each(|warning| warn(warning));
    let rules = &loaded.rules;
    if let Some(filter) = &config.capture.filter {
        capture::check_filter(filter).map_err(|e| Failure::capture(&e, false))?;
    }
    let source = path.map_or_else(|| "built-in defaults".to_owned(), |p| p.display().to_string());
    let (dialects, pools) = (rules.own().count(), rules.host_count());
    let detections = rules.detections().len() - dialects;
    print(|out| {
        if dump {
            return write!(out, "{}", config.dump());
        }
        writeln!(out, "{source}: configuration is good")?;
        writeln!(out, "interfaces: {}", config.capture.interfaces.join(", "))?;
        writeln!(out, "rules: {detections} detections, {dialects} described dialects, {pools} pool hosts")?;
        for feed in &loaded.feeds {
            writeln!(out, "feed {}", plain(&feed.to_string()))?;
        }
        if config.privacy.clients != ClientNames::Address {
            writeln!(out, "clients: shown by {}", config.privacy.clients.name())?;
        }
        if let Some(all) = &people.privacy.subscribers {
            writeln!(out, "subscribers: {} names for {} networks", all.len(), all.networks())?;
        }
        writeln!(out, "metrics: http://{}/metrics", config.web.listen)
    })
}
