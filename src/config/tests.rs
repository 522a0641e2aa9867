//! The built-in files against the types they describe. Broken files are in `tests/config.rs`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::detect::{Dialect, Signal};
use crate::privacy::Payees;
use crate::rules::{Action, Category, Group, Serves};

/// Reads a text as configuration and gives the faults, without the file's name.
fn faults(text: &str) -> Vec<String> {
    let mut all = Faults::default();
    let _ = Config::read("f", text, &mut all);
    match all.finish(()) {
        Ok(()) => vec![],
        Err(error) => error.faults().iter().map(|f| f.to_string().replacen("f:", "", 1)).collect(),
    }
}

#[test]
fn built_in_file_says_what_the_types_default_to() {
    assert_eq!(Config::load(None).unwrap(), Config::default());
    assert_eq!(Config::default().sensor_settings(), sensor::Settings::default());
}

#[test]
fn built_in_file_has_each_key_with_a_comment() {
    let root = yaml::parse(DEFAULT).unwrap();
    let lines: Vec<&str> = DEFAULT.lines().collect();
    let mut config = Config::default();
    for (section, keys) in config.sections() {
        for (key, _) in keys {
            let at =
                find(&root, [section, key]).unwrap_or_else(|| panic!("{section}.{key} is not in the file"));
            assert!(lines[at.line - 2].trim().starts_with("# "), "{section}.{key} has no comment");
        }
    }
}

/// What stands above each key says which values it takes.
#[test]
fn comments_name_the_range_of_each_number_and_duration() {
    let root = yaml::parse(DEFAULT).unwrap();
    let lines: Vec<&str> = DEFAULT.lines().collect();
    let (mut config, mut seen, mut missing) = (Config::default(), 0, Vec::new());
    for (section, keys) in config.sections() {
        for (key, slot) in keys {
            let range = match slot {
                slot::Slot::Count(_, range) => format!("{} to {}", range.start(), range.end()),
                slot::Slot::Span(_, range) | slot::Slot::SpanOrNone(_, range) => {
                    format!("{} to {}", span(*range.start()), span(*range.end()))
                }
                _ => continue,
            };
            let at = find(&root, [section, key]).unwrap().line - 1;
            let above = lines[..at].iter().rev().take_while(|l| l.trim().starts_with('#'));
            let mut comment: Vec<&str> = above.map(|l| l.trim().trim_start_matches(['#', ' '])).collect();
            comment.reverse();
            let comment = comment.join(" ");
            if !comment.contains(&range) {
                missing.push(format!("{section}.{key}: its comment does not say {range}: {comment}"));
            }
            seen += 1;
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(seen > 15, "only {seen} ranges");
}

#[test]
fn dump_loads_to_the_same() {
    let mut config = Config::default();
    config.capture.interfaces = vec!["eth0".into(), "null".into(), "7".into()];
    config.capture.filter = Some("(ip or ip6) and not host 10.0.0.1 # 'x' \"y\"".into());
    config.capture.promiscuous = false;
    config.sensor.gap_timeout = Duration::from_millis(1500);
    config.rules.directory = Some(PathBuf::from("/etc/geophone/rules: new"));
    config.events.file = Some(PathBuf::from("eve.json"));
    config.rules.feeds = Some(PathBuf::from("/var/lib/feeds"));
    config.rules.watch = Some(Duration::from_secs(10));
    config.rules.allow_shrink = true;
    config.learned.file = Some(PathBuf::from("endpoints.jsonl"));
    config.learned.endpoint_idle = Duration::from_secs(60);
    config.web.listen = "[::1]:9810".parse().unwrap();
    config.privacy.payees = Payees::Hash;
    config.log.level = Level::Trace;
    for config in [config, Config::default()] {
        let text = config.dump();
        let mut all = Faults::default();
        let again = Config::read("dump", &text, &mut all);
        assert_eq!(all.finish(again).unwrap(), config, "{text}");
    }
}

#[test]
fn settings_reach_the_sensor_in_its_units() {
    let text = "sensor: {max_flows: 9, max_stream_mib: 3, max_line_kib: 5, max_candidate_line_kib: 4, \
                max_out_of_order: 7, gap_timeout: 10ms, candidate_idle: 2s, session_idle: 3m, session_interval: 4h}";
    let mut all = Faults::default();
    let config = Config::read("f", text, &mut all);
    let sensor::Settings { flow, session } = all.finish(config).unwrap().sensor_settings();
    assert_eq!((flow.max_flows, flow.max_stream_bytes, flow.max_line), (9, 3 << 20, 5 << 10));
    assert_eq!((flow.max_candidate_line, flow.max_out_of_order), (4 << 10, 7));
    assert_eq!((flow.gap_timeout, flow.candidate_idle, flow.session_idle), (10_000, 2_000_000, 180_000_000));
    assert_eq!(session.interval, 14_400_000_000);
}

#[test]
fn bounds_of_what_is_learned() {
    let mut all = Faults::default();
    let text =
        "learned: {max_names: 16, max_endpoints: 1048576, endpoint_idle: 366d, file: x}\nrules: {watch: 1h}";
    let config = all_good(Config::read("f", text, &mut all), all);
    let learned = config.learned_settings();
    assert_eq!((learned.max_names, learned.max_endpoints), (16, 1_048_576));
    assert_eq!(learned.endpoint_idle, 366 * 86_400 * 1_000_000);
    assert_eq!(config.rules.watch, Some(Duration::from_secs(3600)));
    assert_eq!(Config::default().learned_settings(), learned::Settings::default());
    for (text, said) in [
        (
            "learned: {max_names: 15}",
            "1:22: learned.max_names: 15 is out of range: write a whole number from 16 to 1048576",
        ),
        ("learned: {max_endpoints: 1048577}", "1:26: learned.max_endpoints: 1048577 is out of range"),
        ("learned: {endpoint_idle: 59s}", "1:26: learned.endpoint_idle: \"59s\" is out of range"),
        ("learned: {endpoint_idle: null}", "1:26: learned.endpoint_idle: has no value"),
        (
            "rules: {watch: 500ms}",
            "1:16: rules.watch: \"500ms\" is out of range: write a number with ms, s, m, h or d, from 1s to 1h",
        ),
        ("rules: {watch: 2h}", "1:16: rules.watch: \"2h\" is out of range"),
        ("rules: {watch: on}", "1:16: rules.watch: \"on\" is no duration"),
    ] {
        assert!(faults(text)[0].starts_with(said), "{:?}", faults(text));
    }
}

fn all_good(config: Config, faults: Faults) -> Config {
    faults.finish(config).unwrap()
}

#[test]
fn contradicting_bounds_are_found_unless_one_is_wrong_anyway() {
    assert_eq!(
        faults("sensor:\n  max_line_kib: 8\n"),
        ["2:17: sensor.max_candidate_line_kib: 16 KiB is more than sensor.max_line_kib holds, 8 KiB: \
          lower it, or raise sensor.max_line_kib"]
    );
    assert!(
        faults("sensor: {max_stream_mib: 1, max_line_kib: 2048}")[0]
            .starts_with("1:43: sensor.max_line_kib: 2048")
    );
    assert_eq!(faults("sensor:\n  max_line_kib: 8\n  max_candidate_line_kib: many\n").len(), 1);
}

#[test]
fn durations() {
    for (text, millis) in [("1ms", 1), ("1500ms", 1500), ("60s", 60_000), ("5m", 300_000), ("2h", 7_200_000)]
    {
        let node = Node { at: Location::START, value: Value::Text(text.into()) };
        let most = Duration::from_secs(1 << 30);
        let span = value::span(&node, &(Duration::ZERO..=most)).unwrap();
        assert_eq!(span, Duration::from_millis(millis));
    }
    assert_eq!(value::show_span(Duration::ZERO), "0ms");
    assert_eq!(value::show_span(Duration::from_secs(90)), "90s");
    assert_eq!(value::show_span(Duration::from_secs(86_400)), "24h");
    for bad in
        ["30", "'30'", "s", "-1s", "1.5s", "30 s", "30S", "99999999999999999999s", "99999999999999999d", "0s"]
    {
        let said = faults(&format!("sensor: {{gap_timeout: {bad}}}"));
        assert!(
            said.len() == 1 && said[0].contains("with ms, s, m, h or d, from 1ms to 10m"),
            "{bad}: {said:?}"
        );
    }
}

#[test]
fn an_unreadable_file_is_told_apart() {
    for kind in [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied, io::ErrorKind::IsADirectory] {
        let mut all = Faults::default();
        all.unreadable("/x", &kind.into());
        let error = all.finish(()).unwrap_err();
        assert_eq!(error.unreadable(), Some(kind));
        assert!(error.to_string().starts_with("/x: cannot be read: "), "{error}");
    }
}

#[test]
fn built_in_rules_name_each_dialect() {
    let rules = load_rules(&Config::default()).unwrap();
    for dialect in Dialect::ALL {
        let own = rules.detections().iter().any(|r| r.dialect == Some(dialect));
        assert!(own, "{} has no rule of its own", dialect.name());
    }
    for signal in Signal::ALL {
        let general = rules.detections().iter().find(|r| r.signal == signal && r.dialect.is_none());
        assert!(general.is_some_and(|r| (1001..1_000_000).contains(&r.id)), "{}", signal.name());
    }
}

#[test]
fn built_in_pools_are_found() {
    let rules = load_rules(&Config::default()).unwrap();
    assert!(rules.host_count() > 500);
    let operator = |host| rules.host(host).map(|p| p.operator());
    assert_eq!(operator("xmr-eu1.nanopool.org"), Some("Nanopool"));
    assert_eq!(operator("pool.supportxmr.com."), Some("SupportXMR"));
    assert_eq!(operator("www.example.com"), None);
}

#[test]
fn built_in_hosts_say_what_they_are() {
    let rules = load_rules(&Config::default()).unwrap();
    let about = |name| rules.host(name).map(|h| (h.domain, h.about.category, h.about.group, h.about.serves));
    let (pool, current, legacy) = (Category::Pool, Group::Current, Group::Legacy);
    let stratum = "cfx-eu1.nanopool.org";
    assert_eq!(about(stratum), Some((stratum, pool, current, Serves::Stratum)));
    assert_eq!(about("www.nanopool.org"), Some(("nanopool.org", pool, current, Serves::Unknown)));
    assert_eq!(about("www.minexmr.com"), Some(("minexmr.com", pool, legacy, Serves::Unknown)));
    let service = Category::BrowserMinerService;
    assert_eq!(about("ws027.coinhive.com"), Some(("coinhive.com", service, legacy, Serves::Unknown)));
    assert_eq!(about("coinimp.com"), Some(("coinimp.com", service, current, Serves::Unknown)));
    assert_eq!(about("eu.emcd.network").map(|a| a.3), Some(Serves::Stratum));
    assert_eq!(rules.host("eu1.nanopool.org").map(|h| h.operator()), Some("Nanopool"));
    // The exchange is allowed, its stratum is listed.
    assert!(rules.is_allowed("www.nicehash.com") && rules.is_allowed("0.pool.ntp.org"));
    assert_eq!(about("x.auto.nicehash.com").map(|a| a.1), Some(Category::Marketplace));
    for name in
        ["example.com", "netlify.com", "x.duckdns.org", "mining.com", "notf2pool.com", "hashicorp.com"]
    {
        assert_eq!(about(name), None, "{name}");
    }
    let undocumented =
        rules.hosts().filter(|h| h.about.source.is_empty() || h.about.source.contains("hosts"));
    assert_eq!(undocumented.count(), 0, "every row has its sources");
    let listed = rules.hosts().filter(|h| h.action == Action::List);
    assert_eq!(listed.filter(|h| h.about.last_seen.is_none()).count(), 0);
    assert!(rules.list_counts().iter().all(|list| list.replaced == 0), "no list contradicts another");
}

/// The samples of miners' scripts that miners' pages ask for, and of pages that only look so.
#[test]
fn built_in_scripts_are_found_in_the_vectors() {
    let rules = load_rules(&Config::default()).unwrap();
    let vectors = include_str!("../../tests/vectors.jsonl");
    let (mut scripts, mut others) = (0, 0);
    for line in vectors.lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = vector["message"].as_str().unwrap_or_default();
        let Some((url, rest)) = message.strip_prefix("GET ").and_then(|m| m.split_once(" HTTP/1.1\r\n"))
        else {
            continue;
        };
        let host = rest.lines().find_map(|header| header.strip_prefix("Host: "));
        let found = rules.script(host, url).map(|s| &*s.pattern);
        if vector["dialect"] == "miner-script" {
            scripts += 1;
            assert!(found.is_some(), "{host:?} {url}");
        } else if vector["dialect"].as_str().is_some_and(|d| d.starts_with("negative:")) {
            others += 1;
            assert_eq!(found, None, "{host:?} {url}");
        }
    }
    assert!(scripts >= 9 && others >= 2, "{scripts} {others}");
    for url in [
        "/js/miner.js",
        "/blog/coinhive-shuts-down.html",
        "/best-crypto-miner/",
        "/miner.min.js",
        "/inject.js?key=1",
        "/proxy?url=wss://example.com/",
        "/watch?v=coinhive.min.js",
    ] {
        assert!(rules.script(Some("www.example.com"), url).is_none(), "{url}");
    }
    let group = |url| rules.script(None, url).map(|s| s.group);
    assert_eq!(group("/lib/coinhive.min.js"), Some(Group::Legacy));
    assert_eq!(group("/js/deepMiner.js"), Some(Group::Current));
}
