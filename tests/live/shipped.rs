//! The configuration that ships for Prometheus and Alertmanager, made to run in a test: its servers are those of the
//! test, and a minute passes in a second.
//!
//! The rewrite is mechanical, so that the rules that are tested are the ones that ship. Each duration (`for`,
//! `keep_firing_for`, `interval`, `group_wait`, `group_interval`, and what stands in `[…]` or after `offset` in an
//! expression) is divided by 60, and is at least a second; a range in an expression at least four, which hold the scrapes
//! that a rate needs. All else stays, numbers of seconds that an expression compares with included.

use std::fs;
use std::path::Path;

use serde_yaml::{Mapping, Value};

const FILES: [&str; 2] = ["geophone.rules.yaml", "geophone.alerts.yaml"];
const TIMES_FASTER: u64 = 60;
const SHORTEST_RANGE: u64 = 4;

/// The text of a configuration that scrapes `target` and sends to `alertmanager`, still without rules.
pub(crate) fn prometheus(target: &str, alertmanager: &str) -> String {
    let mut config = shipped("prometheus.yaml");
    config.as_mapping_mut().unwrap().remove("rule_files");
    for key in ["scrape_interval", "scrape_timeout", "evaluation_interval"] {
        config["global"][key] = "1s".into();
    }
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = vec![alertmanager].into();
    let jobs = config["scrape_configs"].as_sequence_mut().unwrap();
    jobs.retain(|job| job["job_name"] == "geophone");
    assert_eq!(jobs.len(), 1, "prometheus.yaml scrapes a job of the name geophone");
    let job = jobs[0].as_mapping_mut().unwrap();
    job.retain(|key, _| key != "scrape_interval" && key != "scrape_timeout");
    job["static_configs"][0]["targets"] = vec![target].into();
    serde_yaml::to_string(&config).unwrap()
}

/// Writes the rule files into `directory`, and gives the lines of a configuration that load them.
pub(crate) fn rules(directory: &Path) -> String {
    let mut lines = "rule_files:\n".to_owned();
    for name in FILES {
        let mut rules = shipped(name);
        hasten(&mut rules);
        let path = directory.join(name);
        fs::write(&path, serde_yaml::to_string(&rules).unwrap()).unwrap();
        lines += &format!("  - {}\n", path.display());
    }
    lines
}

/// The text of a configuration with the shipped routes, each of whose receivers is `http://WEBHOOK/NAME`.
pub(crate) fn alertmanager(webhook: &str) -> String {
    let mut config = shipped("alertmanager.yaml");
    for receiver in config["receivers"].as_sequence_mut().unwrap() {
        let name = receiver["name"].as_str().unwrap().to_owned();
        let mut to: Mapping = serde_yaml::from_str(&format!("url: http://{webhook}/{name}")).unwrap();
        to.insert("send_resolved".into(), true.into());
        let mut instead = Mapping::new();
        instead.insert("name".into(), name.into());
        instead.insert("webhook_configs".into(), vec![Value::from(to)].into());
        *receiver = instead.into();
    }
    hasten(&mut config);
    serde_yaml::to_string(&config).unwrap()
}

/// Names of the rules of a kind that ship: `alert` or `record`.
pub(crate) fn names(kind: &str) -> Vec<String> {
    let of = |file| {
        let groups = shipped(file)["groups"].as_sequence().unwrap().clone();
        let rules = groups.into_iter().flat_map(|group| group["rules"].as_sequence().unwrap().clone());
        rules.filter_map(|rule| Some(rule.get(kind)?.as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    FILES.into_iter().flat_map(of).collect()
}

fn shipped(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/prometheus").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn hasten(value: &mut Value) {
    match value {
        Value::Sequence(values) => values.iter_mut().for_each(hasten),
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                match (key.as_str().unwrap_or_default(), value.as_str()) {
                    (
                        "for" | "keep_firing_for" | "interval" | "group_wait" | "group_interval",
                        Some(text),
                    ) => *value = shorter(text, 1).into(),
                    ("expr", Some(text)) => *value = hasten_ranges(text).into(),
                    _ => hasten(value),
                }
            }
        }
        _ => {}
    }
}

/// `rate(x[5m])` becomes `rate(x[5s])`, `max_over_time(x[1h:1m])` becomes `max_over_time(x[60s:1s])`.
fn hasten_ranges(expression: &str) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some((before, (range, after))) =
        rest.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?)))
    {
        let range = match range.split_once(':') {
            Some((range, "")) => format!("{}:", shorter(range, SHORTEST_RANGE)),
            Some((range, step)) => format!("{}:{}", shorter(range, SHORTEST_RANGE), shorter(step, 1)),
            None => shorter(range, SHORTEST_RANGE),
        };
        out += &format!("{before}[{range}]");
        rest = after;
    }
    hasten_offsets(&(out + rest))
}

/// `x offset 15m` becomes `x offset 15s`.
fn hasten_offsets(expression: &str) -> String {
    let mut parts = expression.split(" offset ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        out += &format!(" offset {}{}", shorter(&part[..end], 1), &part[end..]);
    }
    out
}

/// A duration of one number and unit, so much shorter.
fn shorter(duration: &str, least: u64) -> String {
    let (number, unit) = duration.split_at(duration.len() - 1);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => panic!("{duration}: a number and one of s, m, h, d is known here"),
    };
    let seconds = number.parse::<u64>().unwrap_or_else(|e| panic!("{duration}: {e}")) * seconds;
    format!("{}s", (seconds / TIMES_FASTER).max(least))
}
