//! Configuration and rule files as people break them: every fault is told, with its place and what to do, and a
//! program that holds a good configuration never gets half a new one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use geophone::config::{Config, Error, Level, Loaded, load_all, load_rules};
use geophone::detect::{Dialect, Signal};

/// A directory that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("geophone-config-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn load(text: impl AsRef<[u8]>) -> Result<Config, Error> {
    let folder = Folder::new();
    Config::load(Some(&folder.file("c.yaml", text)))
}

/// The faults as `LINE:COLUMN: KEY: what: what to do`.
fn faults(text: impl AsRef<[u8]>) -> Vec<String> {
    let error = load(text).expect_err("a broken file");
    lines(&error, "c.yaml:")
}

fn lines(error: &Error, name: &str) -> Vec<String> {
    let cut = |line: &str| line.split_once(name).map_or(line, |(_, rest)| rest).to_owned();
    error.to_string().lines().map(cut).collect()
}

/// Rules from a folder with these files.
fn rules(files: &[(&str, &str)]) -> Result<geophone::rules::RuleSet, (Folder, Error)> {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("rules")).unwrap();
    for (name, text) in files {
        folder.file(&format!("rules/{name}"), text);
    }
    let mut config = Config::default();
    config.rules.directory = Some(folder.0.join("rules"));
    load_rules(&config).map_err(|error| (folder, error))
}

fn rule_faults(files: &[(&str, &str)]) -> Vec<String> {
    let (folder, error) = rules(files).expect_err("broken rules");
    let prefix = format!("{}/rules/", folder.0.display());
    error.to_string().lines().map(|l| l.replace(&prefix, "")).collect()
}

const RULE: &str = "detections:\n  - {id: 1, rev: 1, signal: stratum_message, name: n, category: c, severity: 1, certainty: proven}\n";

#[test]
fn a_good_file_changes_what_it_names() {
    let config =
        load("sensor:\n  max_flows: 9\nlog: {level: debug}\nweb:\ncapture: {interfaces: [eth0]}\n").unwrap();
    assert_eq!(config.sensor.max_flows, 9);
    assert_eq!(config.log.level, Level::Debug);
    assert_eq!(config.capture.interfaces, ["eth0"]);
    assert_eq!(config.web, Config::default().web, "an empty section is none");
    assert_eq!(load("# all by default\n").unwrap(), Config::default());
    assert_eq!(load("\u{feff}log: {level: debug}\r\n").unwrap().log.level, Level::Debug, "BOM and CRLF");
}

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    let text = "\
capture:
  interfaces: eth0
  interface: any
  ring_mib: 64MiB
  promiscuous: 1
sensor:
  max_flows: -1
  gap_timeout: 30
  session_idle: 900d
  session_idle: 5m
web:
  listen: localhost:9810
privacy: {payees: hashed}
log: loud
sensors: {}
events: {queue: 1.5, stats_interval: , file: ''}
rules: {directory: [a, b]}
ledger: {max_clients: 999999999999999999999999999999999999999999999}
";
    let expected = [
        "3:3: capture.interface: unknown key: write interfaces, or remove it; there are: interfaces, filter",
        "2:15: capture.interfaces: \"eth0\" is no list: list 1 to 64",
        "4:13: capture.ring_mib: \"64MiB\" is no whole number: write a whole number from 1 to 4096",
        "5:16: capture.promiscuous: 1 is neither true nor false: write true or false",
        "7:14: sensor.max_flows: -1 is out of range: write a whole number from 1 to 16777216",
        "8:16: sensor.gap_timeout: 30 is no duration: write a number with ms, s, m, h or d, from 1ms to 10m",
        "9:17: sensor.session_idle: \"900d\" is out of range",
        "10:3: sensor.session_idle: is there twice (first in line 9): keep one",
        "12:11: web.listen: \"localhost:9810\" is no IP address with port: write it like 127.0.0.1:9810",
        "13:19: privacy.payees: \"hashed\" is none of the words: write one of: clear, hash",
        "14:6: log: \"loud\" is no mapping: write keys below it: level",
        "15:1: sensors: unknown key: write sensor, or remove it; there are: capture, sensor, rules",
        "16:17: events.queue: 1.5 is no whole number",
        "16:38: events.stats_interval: has no value: write a number with",
        "16:46: events.file: \"\" is empty",
        "17:20: rules.directory: a list is no text",
        "18:23: ledger.max_clients: ",
    ];
    let said = faults(text);
    for part in expected {
        assert!(said.iter().any(|line| line.starts_with(part)), "{part}\nis not in\n{}", said.join("\n"));
    }
    assert_eq!(said.len(), expected.len(), "{}", said.join("\n"));
}

#[test]
fn bad_addresses_interfaces_and_words() {
    for (text, part) in [
        ("web: {listen: 127.0.0.1}", "web.listen: \"127.0.0.1\" is no IP address with port"),
        ("web: {listen: 300.0.0.1:80}", "web.listen: \"300.0.0.1:80\""),
        ("web: {listen: 127.0.0.1:99999}", "web.listen"),
        ("web: {listen: 9810}", "web.listen: 9810 is no IP"),
        ("capture: {interfaces: []}", "capture.interfaces: 0 interfaces"),
        ("capture: {interfaces: [a, a]}", "capture.interfaces: \"a\" is there twice"),
        ("capture: {interfaces: [a b]}", "capture.interfaces: \"a b\" is no interface name"),
        ("capture: {interfaces: [1]}", "capture.interfaces: 1 is no text"),
        ("capture: {filter: \"a\\u0000b\"}", "capture.filter: \"a\\0b\" has a control character"),
        ("log: {level: INFO}", "write one of: error, warn, info, debug, trace"),
        ("- a\n- b\n", "a list is no mapping: write keys below it: capture, sensor"),
        ("just text", "\"just text\" is no mapping"),
        ("sensor: {<<: {max_flows: 1}}", "sensor.<<: unknown key"),
    ] {
        let said = faults(text);
        assert!(said.len() == 1 && said[0].contains(part), "{text}: {said:?}");
    }
}

#[test]
fn text_that_is_no_yaml_has_its_place() {
    for (text, place, part) in [
        ("sensor:\n\tmax_flows: 1\n", "2:1: ", "tabs"),
        ("log:\n  level: \"info\nweb:\n", "4:1: ", "quotes"),
        ("log: [a\n", "2:1: ", "brackets"),
        ("log: {level: info}\n---\nlog: {}\n", "", "one document"),
        ("log: &a {level: info}\nweb: *a\n", "", "plain YAML"),
        ("log: !secret x\n", "", "plain YAML"),
    ] {
        let said = faults(text);
        assert!(said.len() == 1, "{said:?}");
        assert!(said[0].starts_with(place) && said[0].contains(part), "{text:?}: {said:?}");
    }
}

#[test]
fn files_that_are_none() {
    assert!(faults("")[0].contains("is empty: "));
    assert!(faults(" \n\n")[0].contains("is empty: "));
    assert!(faults(b"log:\n  level: \xff\xfe\n")[0].starts_with("2:10: is no UTF-8 text"));
    assert!(faults([0u8, 1, 2, 3].repeat(100)).len() == 1);
    assert!(faults(b"\x7fELF\x02\x01\x01\0\0\0".repeat(50)).len() == 1);
    assert!(faults("# x\n".repeat(524_288))[0].contains("is larger than 1 MiB: "));
    assert!(load("# x\n".repeat(200_000)).is_ok());
}

#[test]
fn many_faults_are_cut_off_but_counted() {
    let text: String = (0..1000).map(|n| format!("key{n}: 1\n")).collect();
    let said = faults(text);
    assert_eq!(said.len(), 51);
    assert!(said[0].starts_with("1:1: key0: unknown key"));
    assert_eq!(said[50], "950 more faults: mend these first");
}

#[test]
fn a_message_stays_on_its_line() {
    let error = load("\"a\\nb\": 1\n\"\\e[31m\": 2\nlog: {level: \"x\\ny\"}\n").unwrap_err();
    assert_eq!(error.to_string().lines().count(), error.faults().len());
    assert!(!error.to_string().contains('\u{1b}'));
}

#[test]
fn missing_unreadable_and_wrong_kinds_of_path() {
    let folder = Folder::new();
    let error = Config::load(Some(&folder.0.join("none.yaml"))).unwrap_err();
    assert_eq!(error.unreadable(), Some(std::io::ErrorKind::NotFound));
    assert!(
        error.to_string().contains("none.yaml: cannot be read: ")
            && error.to_string().ends_with("check the path")
    );

    let error = Config::load(Some(&folder.0)).unwrap_err();
    assert_eq!(error.unreadable(), Some(std::io::ErrorKind::IsADirectory));

    let mut config = Config::default();
    config.rules.directory = Some(folder.file("a.yaml", RULE));
    assert_eq!(load_rules(&config).unwrap_err().unreadable(), Some(std::io::ErrorKind::NotADirectory));
    config.rules.directory = Some(folder.0.join("none"));
    assert_eq!(load_rules(&config).unwrap_err().unreadable(), Some(std::io::ErrorKind::NotFound));
    assert_eq!(load("a: 1").unwrap_err().unreadable(), None);
}

#[cfg(unix)]
#[test]
fn permission_denied() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.file("c.yaml", "log: {level: info}\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything; what the error says is tested beside the module too.
    if fs::File::open(&path).is_err() {
        let error = Config::load(Some(&path)).unwrap_err();
        assert_eq!(error.unreadable(), Some(std::io::ErrorKind::PermissionDenied));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_endless_file_is_too_large() {
    let error = Config::load(Some(Path::new("/dev/zero"))).unwrap_err();
    assert!(error.to_string().contains("is larger than 1 MiB"), "{error}");
}

#[test]
fn rules_directory_starts_at_the_file() {
    let folder = Folder::new();
    folder.file("mine/a.yaml", RULE);
    let config = Config::load(Some(&folder.file("c.yaml", "rules: {directory: mine}\n"))).unwrap();
    assert_eq!(config.rules.directory.as_deref(), Some(&*folder.0.join("mine")));
    let rules = load_rules(&config).unwrap();
    assert_eq!(rules.rule(Signal::StratumMessage, Dialect::Bitcoin).unwrap().id, 1);
    assert!(rules.hosts().next().is_none());
}

#[test]
fn own_rules_may_stand_beside_the_built_in_ones() {
    let folder = Folder::new();
    folder.file("mine/a.yaml", "pools:\n- {domain: pool.lab.example, match: exact}\n");
    let file = folder.file("c.yaml", "rules: {built_in: true, directory: mine}\n");
    let rules = load_rules(&Config::load(Some(&file)).unwrap()).unwrap();
    assert!(rules.pool_of("pool.lab.example").is_some() && rules.pool_of("xmr-eu1.nanopool.org").is_some());
    assert_eq!(rules.rule(Signal::StratumMessage, Dialect::Bitcoin).unwrap().id, 1011);
    // Ids are unique over both.
    folder.file("mine/b.yaml", RULE.replace("id: 1,", "id: 1011,"));
    let error = load_rules(&Config::load(Some(&file)).unwrap()).unwrap_err().to_string();
    assert!(error.contains("mine/b.yaml") && error.contains("built-in detections.yaml"), "{error}");
}

#[test]
fn rules_come_from_all_files_of_the_directory() {
    let rules = rules(&[
        (
            "b.yaml",
            "pools:\n- {domain: Pool.Example.COM., match: suffix, ports: [1], last_seen: \"2026-08\"}\n",
        ),
        ("a.yaml", RULE),
        ("readme.txt", "not: [a rule"),
        (".#a.yaml", "not: [a rule"),
    ])
    .map_err(|(_, error)| error)
    .unwrap();
    let pool = rules.host("eu.pool.example.com").expect("a pool");
    assert_eq!(
        (pool.domain, pool.operator(), &*pool.about.source),
        ("pool.example.com", "pool.example.com", "b.yaml")
    );
    assert_eq!(rules.detections().len(), 1);
}

#[test]
fn every_fault_of_all_rule_files_is_told_at_once() {
    let a = "\
detections:
  - {id: 1, rev: 1, signal: stratum_message, name: n, category: c, severity: 1, certainty: proven}
  - {id: 1, rev: 0, signal: stratum_message, dialect: bitcoin, name: \"a\\nb\", category: c, severity: 4, certainty: sure}
  - {rev: 1, signal: radar, dialect: klingon, name: n, category: c, severity: 1, certainty: hint, colour: red}
pools:
  - {domain: pool.example.com, match: suffix}
  - {domain: bad..example.com, match: substring, category: bank}
  - {domain: 7, match: exact, ports: [0, 70000, x], coins: XMR, last_seen: 2026-08-40}
  - plain.example.com
  - {domain: pool.example.com, match: suffix, group: dead, serves: mail, action: deny}
";
    let b = "\
detections:
  - {id: 2, rev: 1, signal: stratum_message, name: n, category: c, severity: 1, certainty: proven}
pools:
  - domain: POOL.example.com.
    match: exact
    coins: [XMR, \"X R\"]
surprise: 1
";
    let expected = [
        "a.yaml:3:10: detections[1].id: rule id 1 is used twice (first in a.yaml:2:10): take a free number",
        "a.yaml:3:18: detections[1].rev: revision 0: count from 1",
        "a.yaml:3:70: detections[1].name: \"a\\nb\" has a control character or line break: write one line",
        "a.yaml:3:101: detections[1].severity: 4 is out of range: write a whole number from 1 to 3",
        "a.yaml:3:115: detections[1].certainty: \"sure\" is none of the words: write one of: hint, strong, proven",
        "a.yaml:4:5: detections[2].id: is missing: every entry needs this key",
        "a.yaml:4:22: detections[2].signal: \"radar\" is none of the words: write one of: browser_miner_message,",
        "a.yaml:4:38: detections[2].dialect: \"klingon\" is none of the words: write one of: aeternity, aleo",
        "a.yaml:4:99: detections[2].colour: unknown key",
        "a.yaml:7:14: pools[1].domain: \"bad..example.com\" has an empty label",
        "a.yaml:7:39: pools[1].match: \"substring\" is none of the words: write one of: exact, suffix",
        "a.yaml:7:60: pools[1].category: \"bank\" is none of the words: write one of: pool,",
        "a.yaml:8:14: pools[2].domain: 7 is no text",
        "a.yaml:8:39: pools[2].ports: 0 is out of range: write a whole number from 1 to 65535",
        "a.yaml:8:42: pools[2].ports: 70000 is out of range",
        "a.yaml:8:49: pools[2].ports: \"x\" is no whole number",
        "a.yaml:8:60: pools[2].coins: \"XMR\" is no list",
        "a.yaml:8:76: pools[2].last_seen: \"2026-08-40\" is no date: write \"2026-08-16\"",
        "a.yaml:9:5: pools[3]: \"plain.example.com\" is no mapping",
        "b.yaml:2:29: detections[0].signal: two rules for signal stratum_message and dialect any (first in a.yaml:2:29)",
        "a.yaml:10:14: pools[4].domain: pool.example.com is listed twice (first in line 6): keep one",
        "a.yaml:10:54: pools[4].group: \"dead\" is none of the words: write one of: current, legacy",
        "a.yaml:10:68: pools[4].serves: \"mail\" is none of the words: write one of: stratum, web",
        "a.yaml:10:82: pools[4].action: \"deny\" is none of the words: write one of: list, allow",
        "b.yaml:6:12: pools[0].coins: \"X R\" is no coin symbol",
        "b.yaml:7:1: surprise: unknown key: remove it, or use one of: addresses, detections, dialects, pools, scripts",
    ];
    let said = rule_faults(&[("a.yaml", a), ("b.yaml", b)]);
    for part in expected {
        assert!(said.iter().any(|line| line.starts_with(part)), "{part}\nis not in\n{}", said.join("\n"));
    }
    assert_eq!(said.len(), expected.len(), "{}", said.join("\n"));
    assert!(said.is_sorted_by_key(|line| line.starts_with("b.yaml")), "file by file");
}

#[test]
fn every_fault_of_a_host_list_is_told_with_its_line() {
    let list = "\
# geophone hosts 1
# a comment
pool.example.com\tmatch=suffix
POOL.example.com.\tmatch=suffix
pool.example.com
bad..example.com
a.example.com\tmatch=substring\tcolour=red\tports=0
b.example.com\tcategory=pool\tcategory=proxy
c.example.com\tlast_seen=yesterday\tcoins=X R
d.example.com operator=x
co.uk\tmatch=suffix
192.0.2.1/24
192.0.2.1
::ffff:192.0.2.1
http://e.example.com/
@\taction=deny
1.2.3
";
    let expected = [
        "a.hosts:4:1: pool.example.com is listed twice (first in line 3): keep one",
        "a.hosts:6:1: \"bad..example.com\" has an empty label",
        "a.hosts:7:15: match: \"substring\" is not taken: write one of: exact, suffix",
        "a.hosts:7:31: \"colour=red\" is no key with its value: write KEY=VALUE",
        "a.hosts:7:42: ports: \"0\" is not taken: write up to 1024 ports",
        "a.hosts:8:29: category: is there twice",
        "a.hosts:9:15: last_seen: \"yesterday\" is not taken: write 2026-08-16",
        "a.hosts:10:1: \"d.example.com operator=x\" has a character other than",
        "a.hosts:11:1: \"co.uk\" is a zone in which anybody can have a name",
        "a.hosts:12:1: \"192.0.2.1/24\" has bits set behind its prefix: write an address",
        "a.hosts:14:1: ::ffff:192.0.2.1 is listed twice: keep one",
        "a.hosts:15:1: \"http://e.example.com/\" is neither a host name nor an address",
        "a.hosts:16:3: action: \"deny\" is not taken: write one of: list, allow",
        "a.hosts:17:1: \"1.2.3\" is neither a host name nor an address",
    ];
    let said = rule_faults(&[("a.hosts", list), ("b.yaml", RULE)]);
    for (line, part) in said.iter().zip(expected) {
        assert!(line.starts_with(part), "{part}\nis not\n{line}");
    }
    assert_eq!(said.len(), expected.len(), "{}", said.join("\n"));
    let said =
        rule_faults(&[("a.hosts", "# geophone hosts 1\na.example.com\tcoins=X R\n"), ("b.yaml", RULE)]);
    assert!(said[0].starts_with("a.hosts:2:1: coins: \"X R\" is no coin symbol"), "{said:?}");
    for text in ["a.example.com\n", "# geophone hosts 2\na.example.com\n", "\n# geophone hosts 1\n"] {
        let said = rule_faults(&[("a.hosts", text), ("b.yaml", RULE)]);
        assert!(said.len() == 1 && said[0].starts_with("a.hosts:1:1: is no host list"), "{said:?}");
    }
}

#[test]
fn of_a_broken_host_list_twenty_faults_are_told() {
    let list = "# geophone hosts 1\n".to_owned() + &"no name\n".repeat(1000);
    let said = rule_faults(&[("a.hosts", &list), ("b.hosts", "x"), ("c.yaml", RULE)]);
    assert_eq!(said.len(), 22);
    assert!(
        said[20].starts_with("a.hosts:22:1: and 980 more faults from here on: mend those"),
        "{}",
        said[20]
    );
    assert!(said[21].starts_with("b.hosts:1:1: "), "the next file is still read");
}

#[test]
fn host_lists_stand_beside_yaml_and_the_later_file_wins() {
    let a = "# geophone hosts 1\r\n@\tmatch=suffix\tcategory=proxy\toperator=A\r\nx.example.com\r\n\r\ny.example.com\r\n";
    let rules = rules(&[
        ("a.hosts", a),
        ("b.yaml", "pools:\n- {domain: Y.example.com, match: suffix, operator: B, group: legacy, serves: web}\n- {domain: www.y.example.com, match: exact, action: allow}\n"),
        ("c.hosts", "# geophone hosts 1\nx.example.com\taction=allow\tmatch=suffix\n@\nz.example.com\n192.0.2.0/24\toperator=C\n"),
        ("d.yaml", "addresses:\n- {address: 192.0.2.9, port: 3333, operator: D}\nscripts:\n- {pattern: /own.js, kind: file, service: own, hosts: [Own.example.com]}\n"),
        ("e.yaml", RULE),
        (".f.hosts", "not read"),
    ])
    .map_err(|(_, error)| error)
    .unwrap();
    assert!(rules.is_allowed("a.x.example.com") && rules.is_allowed("www.y.example.com"));
    let y = rules.host("a.y.example.com").unwrap();
    assert_eq!((y.operator(), y.about.group.name(), y.about.serves.name()), ("B", "legacy", "web"));
    assert_eq!((y.about.category.name(), &*y.about.source), ("pool", "b.yaml"));
    assert!(
        rules.host("z.example.com").is_some() && rules.host("a.z.example.com").is_none(),
        "@ starts afresh"
    );
    let operator =
        |port| rules.address([192, 0, 2, 9].into(), port).and_then(|a| a.about.operator.as_deref());
    assert_eq!((operator(3333), operator(1)), (Some("D"), Some("C")));
    assert_eq!(rules.script(Some("own.example.com"), "/js/own.js").map(|s| &*s.service), Some("own"));
    assert!(rules.script(Some("example.com"), "/js/own.js").is_none());
    let counts: Vec<_> = rules
        .list_counts()
        .iter()
        .map(|c| (&*c.list, c.hosts, c.addresses, c.allowed, c.scripts, c.replaced))
        .collect();
    assert_eq!(
        counts,
        [
            ("a.hosts", 0, 0, 0, 0, 0),
            ("b.yaml", 1, 0, 1, 0, 1),
            ("c.hosts", 1, 1, 1, 0, 1),
            ("d.yaml", 0, 1, 0, 1, 0)
        ]
    );
}

#[test]
fn the_examples_of_known_hosts_in_the_document_are_good() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md")).unwrap();
    let part = page.split("## Known hosts").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let block = |start: &str| part.split(start).nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let rules = rules(&[
        ("a.hosts", block("```text\n")),
        ("b.yaml", block("```yaml\n")),
        ("c.yaml", &format!("scripts:{}", block("```yaml\nscripts:"))),
        ("d.yaml", RULE),
    ])
    .map_err(|(_, error)| error)
    .unwrap();
    assert_eq!(
        (rules.hosts().count(), rules.addresses().count(), rules.scripts().len()),
        (5, 3, 3),
        "one address is in both"
    );
}

#[test]
fn faults_of_addresses_and_scripts() {
    let text = "\
addresses:
  - {address: 192.0.2.1, port: 3333}
  - {address: \"192.0.2.1:3333\"}
  - {address: nowhere, colour: red}
  - {port: 0}
scripts:
  - {pattern: /a.js, kind: file, service: s}
  - {pattern: /a.js, kind: file, service: s}
  - {pattern: a.js, kind: script}
  - {pattern: /b.js, kind: file, service: s, hosts: [com]}
";
    let expected = [
        "a.yaml:3:15: addresses[1].address: 192.0.2.1:3333 is listed twice",
        "a.yaml:4:15: addresses[2].address: \"nowhere\" is neither a host name nor an address",
        "a.yaml:4:24: addresses[2].colour: unknown key",
        "a.yaml:5:5: addresses[3].address: is missing",
        "a.yaml:5:12: addresses[3].port: 0 is out of range",
        "a.yaml:8:15: scripts[1].pattern: /a.js is listed twice (first in line 7): keep one",
        "a.yaml:9:5: scripts[2].service: is missing",
        "a.yaml:9:27: scripts[2].kind: \"script\" is none of the words: write one of: file, path, query",
        "a.yaml:10:53: scripts[3].hosts: \"com\" has one label only",
    ];
    let said = rule_faults(&[("a.yaml", text), ("b.yaml", RULE)]);
    for (line, part) in said.iter().zip(expected) {
        assert!(line.starts_with(part), "{part}\nis not\n{line}");
    }
    assert_eq!(said.len(), expected.len(), "{}", said.join("\n"));
}

/// Rules from a folder with these files, and feeds from another.
fn with_feeds(rules: &[(&str, &str)], feeds: &[(&str, &[u8])]) -> Result<Loaded, Vec<String>> {
    let folder = Folder::new();
    let mut config = Config::default();
    config.rules.built_in = rules.is_empty();
    for (name, text) in rules {
        folder.file(&format!("rules/{name}"), text);
        config.rules.directory = Some(folder.0.join("rules"));
    }
    fs::create_dir_all(folder.0.join("feeds/folder")).unwrap();
    config.rules.feeds = Some(folder.0.join("feeds"));
    for (name, text) in feeds {
        folder.file(&format!("feeds/{name}"), text);
    }
    load_all(&config).map_err(|error| lines(&error, "/feeds/"))
}

#[test]
fn feeds_stand_below_the_rules() {
    let own = "# geophone hosts 1\n\
        @\tmatch=suffix\toperator=Own\npool.example.com\nallowed.example.com\taction=allow\nduckdns.org\taction=allow\n\
        @\noperator.example.net\toperator=Own\n198.51.100.0/24\taction=allow\n";
    let plain: &[u8] =
        b"# a list\nminer.duckdns.org\neu1.pool.example.com\nx.allowed.example.com\noperator.example.net\nnew.example.org\n\
        co.uk\nwww.google.com\n203.0.113.7:3333\n198.51.100.9\n127.0.0.1\n45.45.45.45:3333\n";
    let adblock: &[u8] = b"! Title: b\n||operator.example.net^\n||wide.example.org^\n||new.example.org^\n";
    let feeds = [("b.txt", adblock), ("a.txt", plain), (".c.txt", b"\x1f\x8bhidden")];
    let Loaded { rules, feeds, .. } = with_feeds(&[("own.hosts", own), ("r.yaml", RULE)], &feeds).unwrap();
    let list = |name: &str| rules.host(name).map(|host| (host.operator(), &*host.about.source));
    assert_eq!(
        list("eu1.pool.example.com"),
        Some(("Own", "own.hosts")),
        "a longer name takes no word from the rules"
    );
    assert_eq!(list("x.allowed.example.com"), None);
    assert_eq!(list("operator.example.net"), Some(("Own", "own.hosts")));
    assert_eq!(
        list("a.operator.example.net"),
        Some(("operator.example.net", "b.txt")),
        "of those below nothing was said"
    );
    assert_eq!(list("miner.duckdns.org").map(|l| l.1), Some("a.txt"), "its zone is open to anybody");
    assert_eq!(list("new.example.org"), Some(("new.example.org", "a.txt")));
    assert_eq!(list("a.wide.example.org"), Some(("wide.example.org", "b.txt")));
    for name in ["x.co.uk", "www.google.com"] {
        assert_eq!(list(name), None, "{name}");
    }
    let address = |a: [u8; 4], port| rules.address(a.into(), port).map(|found| &*found.about.source);
    assert_eq!((address([45, 45, 45, 45], 3333), address([45, 45, 45, 45], 80)), (Some("a.txt"), None));
    assert_eq!(address([198, 51, 100, 9], 1), None, "allowed by a prefix of the rules");
    let names: Vec<_> = feeds.iter().map(|feed| &*feed.name).collect();
    assert_eq!(names, ["a.txt", "b.txt"], "sorted; hidden files and folders are left alone");
    let told: Vec<_> = feeds.iter().map(ToString::to_string).collect();
    assert!(
        told[0].starts_with("a.txt (plain): 3 taken, 2 known already, ") && told[0].contains("allowed 1"),
        "{told:?}"
    );
    assert_eq!(told[1], "b.txt (adblock): 3 taken, 0 known already, 0 refused");
}

#[test]
fn feeds_add_to_the_built_in_rules() {
    let feed: &[u8] = b"www.nicehash.com\nxmr-eu1.nanopool.org\npool.of-a-feed.example.org\n";
    let Loaded { rules, feeds, .. } = with_feeds(&[], &[("f", feed)]).unwrap();
    assert_eq!((feeds[0].taken, feeds[0].covered, feeds[0].refused()), (1, 1, 1), "{}", feeds[0]);
    assert!(rules.is_allowed("www.nicehash.com"));
    assert_eq!(rules.host("xmr-eu1.nanopool.org").map(|h| h.operator()), Some("Nanopool"));
    assert!(rules.host("pool.of-a-feed.example.org").is_some());
    assert!(!rules.detections().is_empty());
}

#[test]
fn feeds_of_which_nothing_can_be_made_are_faults() {
    let good: &[u8] = b"pool.example.org\n";
    let fault = |text: &[u8]| {
        let said = with_feeds(&[("r.yaml", RULE)], &[("good", good), ("x", text)]).expect_err("a bad feed");
        assert_eq!(said.len(), 1, "{said:?}");
        said[0].clone()
    };
    assert!(fault(b"").starts_with("x:1:1: holds no entry"), "cut to nothing");
    assert!(
        fault(b"# geophone hosts 1\na.example.com\n")
            .starts_with("x: is a host list, no feed: call it .hosts")
    );
    assert!(fault(b"\x1f\x8b\x08 packed").starts_with("x:1:1: is packed with gzip"));
    assert!(fault(b"what is this?\nand that, and so on\n").starts_with("x:1:1: "));
    let cut =
        fault(b"{\"Event\": {\"info\": \"pools\", \"Attribute\": [{\"type\": \"domain\", \"value\": \"a.exa");
    assert!(cut.starts_with("x:1") && cut.contains("mend the feed"), "{cut}");
    let many: Vec<_> = (0..65).map(|n| format!("f{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), good)).collect();
    let said = with_feeds(&[("r.yaml", RULE)], &many).expect_err("65 feeds");
    assert!(said[0].ends_with("has more than 64 feeds: join some with geophone rules import"), "{said:?}");
    let mut config = Config::default();
    config.rules.feeds = Some("/nonexistent".into());
    let error = load_all(&config).expect_err("no such directory");
    assert_eq!(error.unreadable(), Some(std::io::ErrorKind::NotFound));
}

#[test]
fn a_feed_whose_name_cannot_be_told_is_a_fault() {
    let name = "f".repeat(201);
    let said = with_feeds(&[("r.yaml", RULE)], &[(&name, b"pool.example.org\n")]).expect_err("its source");
    assert!(said.len() == 1 && said[0].contains(": has a name that events cannot show: "), "{said:?}");
}

/// To open a pipe is to wait for its writer, and a reload that waits for ever would be the last.
#[test]
fn pipes_among_rules_and_feeds_are_faults() {
    let folder = Folder::new();
    folder.file("rules/r.yaml", RULE);
    fs::create_dir_all(folder.0.join("feeds")).unwrap();
    for pipe in ["rules/x.hosts", "rules/other", "feeds/x"] {
        assert!(Command::new("mkfifo").arg(folder.0.join(pipe)).status().unwrap().success());
    }
    let mut config = Config::default();
    config.rules.directory = Some(folder.0.join("rules"));
    config.rules.feeds = Some(folder.0.join("feeds"));
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(load_all(&config).map(|_| ())));
    let error = wait.recv_timeout(Duration::from_secs(30)).expect("no wait").expect_err("pipes");
    let said: Vec<_> = error.faults().iter().map(|f| f.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(said, ["x", "x.hosts"], "{error}");
    assert!(error.faults().iter().all(|f| f.what.starts_with("is a pipe")), "{error}");
}

#[test]
fn rule_directories_without_rules() {
    assert!(rule_faults(&[])[0].contains("has no detection rule: "));
    assert!(rule_faults(&[("a.yaml", "pools: []\n")])[0].contains("has no detection rule: "));
    assert!(
        rule_faults(&[("a.yaml", RULE), ("b.yml", RULE)])[0]
            .starts_with("b.yml: is not read for its name: call it")
    );
    assert!(rule_faults(&[("a.yaml", RULE), ("b.yaml", "")])[0].starts_with("b.yaml: is empty"));
    assert!(
        rule_faults(&[("a.yaml", "detections: 5\n")])[0].starts_with("a.yaml:1:13: detections: 5 is no list")
    );
    let broken = rule_faults(&[("a.yaml", "detections: [\n"), ("b.yaml", "pools: {}\n")]);
    assert_eq!(broken.len(), 2, "one broken file does not hide the other: {broken:?}");
}

#[test]
fn built_in_files_load_and_dump_to_themselves() {
    let config = Config::load(None).unwrap();
    assert_eq!(load(config.dump()).unwrap(), config);
    let rules = load_rules(&config).unwrap();
    assert!(rules.host_count() > 500);
    assert_eq!(rules.own().count(), 2);
}

/// The built-in file is the one place where keys are explained: no document has a table of them, and where one names a
/// default, as `section.key` (DEFAULT), it is the code's.
#[test]
fn no_document_explains_keys_again_or_names_other_defaults() {
    let defaults: serde_yaml::Value = serde_yaml::from_str(geophone::config::DEFAULT).unwrap();
    let default = |span: &str| {
        let (section, key) = span.split_once('.')?;
        defaults.get(section)?.get(key).map(|value| serde_yaml::to_string(value).unwrap().trim().to_owned())
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = folder.chain(["README.md", "ARCHITECTURE.md"].map(|name| root.join(name)));
    let mut seen = 0;
    for path in pages.filter(|p| p.extension().is_some_and(|e| e == "md") && !p.ends_with("events.md")) {
        let text = fs::read_to_string(&path).unwrap();
        let first = |line: &str| line.strip_prefix("| `").and_then(|l| l.split('`').next().and_then(default));
        let rows = text.lines().filter(|line| first(line).is_some()).count();
        assert!(rows < 3, "{}: a table of keys", path.display());
        for line in text.lines() {
            let spans: Vec<&str> = line.split('`').collect();
            for pair in spans[1..].windows(2).step_by(2) {
                let (Some(is), Some(told)) = (default(pair[0]), pair[1].strip_prefix(" (")) else { continue };
                let told: String = told.chars().take_while(|c| c.is_ascii_digit() || *c == ' ').collect();
                let told = told.replace(' ', "");
                if told.is_empty() {
                    continue;
                }
                // Durations are told with a space before their unit.
                let digits: String = is.chars().take_while(char::is_ascii_digit).collect();
                assert_eq!(digits, told, "{}: the default of {}", path.display(), pair[0]);
                seen += 1;
            }
        }
    }
    assert!(seen > 8, "only {seen} defaults are named");
}
