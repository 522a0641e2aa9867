//! `geophone rules`: what the sensor knows beforehand, as it was compiled.

use std::path::Path;

use serde_json::json;

use super::table::{Table, plain};
use super::{Failure, print};
use crate::config::{Config, load_rules};

pub(super) mod import;
pub(super) mod test;

/// Lists detection rules and pools.
pub(super) fn list(path: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let rules = load_rules(&Config::load(path)?)?;
    if as_json {
        let detections: Vec<_> = rules
            .detections()
            .iter()
            .map(|r| {
                json!({"id": r.id, "rev": r.rev, "signal": r.signal.name(), "dialect": r.dialect.map(|d| d.name()),
                    "certainty": r.certainty.name(), "severity": r.severity, "category": r.category, "name": r.name})
            })
            .collect();
        let pools: Vec<_> = rules
            .pools()
            .iter()
            .map(|p| json!({"domain": p.domain, "subdomains": p.subdomains, "operator": &*p.operator, "coins": p.coins}))
            .collect();
        return print(|out| writeln!(out, "{}", json!({"detections": detections, "pools": pools})));
    }
    let mut detections = Table::new(&["id", "rev", "signal", "dialect", "certainty", "severity", "name"]);
    for r in rules.detections() {
        let dialect = r.dialect.map_or("any", |d| d.name());
        detections.row([
            r.id.to_string(),
            r.rev.to_string(),
            r.signal.name().to_owned(),
            dialect.to_owned(),
            r.certainty.name().to_owned(),
            r.severity.to_string(),
            r.name.clone(),
        ]);
    }
    let mut pools = Table::new(&["pool host", "below it too", "operator", "coins"]);
    for p in rules.pools() {
        let below = if p.subdomains { "yes" } else { "no" };
        pools.row([plain(&p.domain), below.to_owned(), plain(&p.operator), p.coins.join(" ")]);
    }
    print(|out| writeln!(out, "{detections}\n\n{pools}"))
}
