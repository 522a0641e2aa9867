//! `geophone rules`: what the sensor knows beforehand, as it was compiled.

use std::path::Path;

use serde_json::{Value, json};

use super::table::{Table, plain};
use super::{Failure, print};
use crate::config::{Config, load_rules};
use crate::rules::{About, Listed, Rule, RuleSet, Scope, Script};

pub(super) mod import;
pub(super) mod test;

/// Lists detection rules, hosts, addresses and scripts.
pub(super) fn list(path: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let rules = load_rules(&Config::load(path)?)?;
    if as_json {
        let all = json!({
            "detections": rules.detections().iter().map(|r| detection(r)).collect::<Vec<_>>(),
            "hosts": by_name(rules.hosts()).iter().map(host).collect::<Vec<_>>(),
            "addresses": by_name(rules.addresses()).iter().map(address).collect::<Vec<_>>(),
            "scripts": rules.scripts().iter().map(script).collect::<Vec<_>>(),
        });
        return print(|out| writeln!(out, "{all}"));
    }
    let mut tables = vec![detections(&rules), hosts("host", &by_name(rules.hosts()))];
    if rules.has_addresses() {
        tables.push(hosts("address", &by_name(rules.addresses())));
    }
    if !rules.scripts().is_empty() {
        tables.push(scripts(rules.scripts()));
    }
    print(|out| tables.iter().try_for_each(|table| writeln!(out, "{table}\n")))
}

fn by_name<'r>(listed: impl Iterator<Item = Listed<'r>>) -> Vec<Listed<'r>> {
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by_key(|l| (l.name, l.scope.name()));
    listed
}

fn detection(r: &Rule) -> Value {
    json!({"id": r.id, "rev": r.rev, "signal": r.signal.name(), "dialect": r.dialect.map(|d| d.name()),
        "certainty": r.certainty.name(), "severity": r.severity, "category": r.category, "name": r.name})
}

fn host(listed: &Listed<'_>) -> Value {
    let Listed { name, scope, action, about, list } = listed;
    json!({"domain": name, "subdomains": *scope == Scope::Suffix, "action": action.name(),
        "category": about.category.name(), "group": about.group.name(), "serves": about.serves.name(),
        "operator": about.operator.as_deref(), "coins": coins(about), "ports": about.ports, "last_seen": about.last_seen.as_deref(),
        "expires": about.expires.as_deref(), "source": &*about.source, "file": list})
}

fn address(listed: &Listed<'_>) -> Value {
    let Listed { name, action, about, list, .. } = listed;
    json!({"address": name, "action": action.name(), "category": about.category.name(),
        "group": about.group.name(), "operator": about.operator.as_deref(), "coins": coins(about),
        "last_seen": about.last_seen.as_deref(), "expires": about.expires.as_deref(), "source": &*about.source, "file": list})
}

fn script(script: &Script) -> Value {
    let Script { pattern, kind, service, group, hosts, source } = script;
    json!({"pattern": pattern, "kind": kind.name(), "service": &**service, "group": group.name(),
        "hosts": hosts, "source": &**source})
}

fn coins(about: &About) -> Vec<&str> {
    about.coins.iter().map(|coin| &**coin).collect()
}

fn detections(rules: &RuleSet) -> Table {
    let mut table = Table::new(&["id", "rev", "signal", "dialect", "certainty", "severity", "name"]);
    for r in rules.detections() {
        let dialect = r.dialect.map_or("any", |d| d.name());
        table.row([
            r.id.to_string(),
            r.rev.to_string(),
            r.signal.name().to_owned(),
            dialect.to_owned(),
            r.certainty.name().to_owned(),
            r.severity.to_string(),
            r.name.clone(),
        ]);
    }
    table
}

fn hosts(what: &str, listed: &[Listed<'_>]) -> Table {
    let head = [what, "match", "action", "category", "group", "operator", "coins", "source"];
    let mut table = Table::new(&head);
    for Listed { name, scope, action, about, .. } in listed {
        table.row([
            plain(name),
            scope.name().to_owned(),
            action.name().to_owned(),
            about.category.name().to_owned(),
            about.group.name().to_owned(),
            plain(about.operator.as_deref().unwrap_or_default()),
            plain(&coins(about).join(" ")),
            plain(&about.source),
        ]);
    }
    table
}

fn scripts(scripts: &[Script]) -> Table {
    let mut table = Table::new(&["script", "kind", "service", "group", "only on", "source"]);
    for Script { pattern, kind, service, group, hosts, source } in scripts {
        table.row([
            plain(pattern),
            kind.name().to_owned(),
            plain(service),
            group.name().to_owned(),
            hosts.join(" "),
            plain(source),
        ]);
    }
    table
}
