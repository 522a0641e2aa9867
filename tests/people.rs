//! How people are called, through the real program: by address, network, pseudonym or name; that what is hidden leaves
//! by no way, on any capture; and what is said of a wrong key or table.

#![allow(missing_docs, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use geophone::capture;
use geophone::config::{Config, load_rules, load_with_people};
use geophone::detect::Event;
use geophone::eve::Renderer;
use geophone::learned::Learned;
use geophone::ledger::{self, Ledger};
use geophone::metrics::{Build, EventTotals, Metrics, Sources, WorkerSlot};
use geophone::packet::{LinkType, Time};
use geophone::privacy::{Privacy, Pseudonyms, Secret};
use geophone::rules::RuleSet;
use geophone::sensor::Sensor;
use serde_json::Value;

const KEY: &str = "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a";

/// A directory that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("geophone-people-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A configuration, with a good key beside it.
    fn config(&self, text: &str) -> PathBuf {
        self.file("key", KEY);
        self.file("c.yaml", text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const PSEUDONYM: &str = "privacy: {clients: pseudonym, key_file: key}";
const SUBNET: &str = "privacy: {clients: subnet}";

fn geophone() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_geophone"));
    command.env_remove("CREDENTIALS_DIRECTORY");
    command
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|p| p.extension().is_some_and(|e| e == "pcap")).collect();
    all.sort();
    assert!(all.len() > 40);
    all
}

/// What `geophone read` says: events and summary.
fn read(config: &Path, summary: &str, files: &[PathBuf]) -> (Vec<Value>, String) {
    let mut command = geophone();
    command.args(["read", "--events", "-", "--summary", summary, "-c"]).arg(config).args(files);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(status.success(), "{err}");
    (out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), err)
}

/// Ways to write an address, as a reader of the output would look for it.
fn spellings(addr: IpAddr) -> Vec<String> {
    match addr {
        IpAddr::V4(a) => {
            let [p, q, r, s] = a.octets();
            let number = u32::from(a);
            vec![
                a.to_string(),
                format!("{p}-{q}-{r}-{s}"),
                format!("{p}_{q}_{r}_{s}"),
                format!("{s}.{r}.{q}.{p}"),
                format!("{number:08x}"),
                format!("{:08x}", number.swap_bytes()),
                number.to_string(),
                number.swap_bytes().to_string(),
            ]
        }
        IpAddr::V6(a) => {
            let short = a.to_string();
            vec![short.replace(':', "-"), format!("{:032x}", u128::from(a)), u128::from(a).to_string(), short]
        }
    }
}

/// Whether a text has a number or address in it, not only as part of a longer one.
fn says(text: &str, what: &str) -> bool {
    let is_part = |c: char| c.is_ascii_hexdigit();
    text.match_indices(what).any(|(at, _)| {
        !text[..at].ends_with(is_part)
            && !text[at + what.len()..].starts_with(|c: char| c.is_ascii_hexdigit())
    })
}

#[test]
fn the_search_finds_what_is_there() {
    assert!(
        says("at 10.0.0.7:5", "10.0.0.7") && says("10.0.0.7", "10.0.0.7") && says("x0a000007", "0a000007")
    );
    assert!(!says("10.0.0.70 110.0.0.7", "10.0.0.7") && !says("f0a000007", "0a000007"));
}

/// What must not be said: all that stands for a client in events by address.
fn secrets(events: &[Value]) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for event in events.iter().filter(|e| e["src_ip"].is_string()) {
        let client: IpAddr = event["src_ip"].as_str().unwrap().parse().unwrap();
        secrets.extend(spellings(client));
        secrets.insert(event["community_id"].as_str().unwrap().to_owned());
        secrets.insert(event["flow_id"].to_string());
    }
    assert!(secrets.len() > 300, "{}", secrets.len());
    secrets
}

#[track_caller]
fn keeps(text: &str, secrets: &BTreeSet<String>) {
    let lower = text.to_ascii_lowercase();
    for secret in secrets {
        // Community IDs are looked for as they are.
        let found = if secret.starts_with("1:") { text.contains(secret) } else { says(&lower, secret) };
        let line = lower.lines().find(|line| line.contains(&secret.to_ascii_lowercase())).unwrap_or_default();
        assert!(!found, "{secret} in {line}");
    }
}

#[test]
fn no_capture_gives_a_hidden_client_away() {
    let folder = Folder::new();
    let captures = captures();
    let (clear, _) = read(&folder.config("privacy: {clients: address}"), "none", &captures);
    let secrets = secrets(&clear);
    let schema = serde_json::from_str(include_str!("../docs/eve.schema.json")).unwrap();
    let schema = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    for mode in [PSEUDONYM, SUBNET] {
        for summary in ["table", "json"] {
            let (hidden, said) = read(&folder.config(mode), summary, &captures);
            assert_eq!(hidden.len(), clear.len());
            keeps(&said, &secrets);
            assert!(said.contains("mining sessions of") || said.contains("\"mining\""), "a summary: {said}");
            for (event, before) in hidden.iter().zip(&clear) {
                keeps(&event.to_string(), &secrets);
                assert!(schema.is_valid(event), "{event:#}");
                // Nothing else of the event is lost.
                assert_eq!(event["timestamp"], before["timestamp"]);
                assert_eq!(event["mining"]["payee"], before["mining"]["payee"]);
                assert_eq!(event["dest_port"], before["dest_port"]);
                assert!(event.get("community_id").is_none());
            }
        }
    }
}

/// The daemon's way: metrics, and events of sessions found in their middle.
#[test]
fn nor_do_metrics_or_sessions_found_in_their_middle() {
    let folder = Folder::new();
    let clear = people(&folder, "privacy: {clients: address}");
    let mut said = 0;
    for capture in captures() {
        for skipped in [0, 2] {
            let events = play(&capture, skipped);
            let lines = |privacy: &Privacy| {
                let (renderer, mut out) = (Renderer::new(privacy.clone()), Vec::new());
                events.iter().for_each(|event| renderer.event("eth0", event, &mut out));
                String::from_utf8(out).unwrap()
            };
            let by_address = lines(&clear);
            let mut secrets = BTreeSet::new();
            for event in by_address.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
                secrets.extend(spellings(event["src_ip"].as_str().unwrap().parse().unwrap()));
                secrets.insert(event["community_id"].as_str().unwrap().to_owned());
                secrets.insert(event["flow_id"].to_string());
                said += 1;
            }
            for mode in [PSEUDONYM, SUBNET] {
                let privacy = people(&folder, mode);
                keeps(&lines(&privacy), &secrets);
                let metrics = metrics(&events, privacy);
                assert_eq!(metrics.contains("geophone_client_certainty{client="), !events.is_empty());
                keeps(&metrics, &secrets);
            }
        }
    }
    assert!(said > 200, "only {said} events");
}

fn people(folder: &Folder, config: &str) -> Privacy {
    let config = Config::load(Some(&folder.config(config))).unwrap();
    load_with_people(&config).unwrap().1.privacy
}

/// The events of a capture from its n-th part on, of four.
fn play(capture: &Path, skipped: usize) -> Vec<Event> {
    let mut frames: Vec<(Time, LinkType, u32, Vec<u8>)> = Vec::new();
    let mut file = capture::File::open(capture, None).unwrap();
    file.for_each(None, |f| frames.push((f.time, f.link, f.wire_len, f.data.to_vec()))).unwrap();
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    let rules = RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).unwrap()));
    let mut sensor = Sensor::new(geophone::sensor::Settings::default(), Arc::clone(rules), 0);
    let mut events = Vec::new();
    for (time, link, wire_len, data) in &frames[frames.len() * skipped / 4..] {
        let frame = geophone::packet::Frame { time: *time, link: *link, wire_len: *wire_len, data };
        sensor.frame(&frame, &mut events);
    }
    sensor.finish(&mut events);
    events
}

fn metrics(events: &[Event], privacy: Privacy) -> String {
    let ledger = Arc::new(Ledger::new(ledger::Settings::default()));
    ledger.call_clients(privacy);
    events.iter().for_each(|event| ledger.apply(event));
    let sources = Sources {
        ledger,
        learned: Arc::new(Learned::default()),
        workers: vec![Arc::new(WorkerSlot::new("any"))],
        events: Box::new(EventTotals::default),
        started: std::time::SystemTime::UNIX_EPOCH,
        build: Build { version: "1", revision: "unknown", rustc: "unknown" },
    };
    Metrics::new(sources).render()
}

fn capture_of(name: &str) -> Vec<PathBuf> {
    vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)]
}

#[test]
fn a_client_has_one_pseudonym_everywhere() {
    let folder = Folder::new();
    let pseudonyms = Pseudonyms::new(Secret::read(KEY.as_bytes()).unwrap());
    for (capture, client, server) in [
        ("btc-bitaxe.pcap", "10.20.70.72", "203.0.113.80"),
        ("btc-multi-x11-v6.pcap", "2001:db8:20:48::2", "2001:db8:113:48::10"),
    ] {
        let shown = pseudonyms.of(client.parse().unwrap()).to_string();
        let (events, table) = read(&folder.config(PSEUDONYM), "table", &capture_of(capture));
        for event in events.iter().filter(|e| e["src_ip"].is_string()) {
            assert_eq!((&event["src_ip"], &event["dest_ip"]), (&shown.as_str().into(), &server.into()));
        }
        assert!(table.contains(&shown) && table.contains(server), "{table}");
        let (_, json) = read(&folder.config(PSEUDONYM), "json", &capture_of(capture));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["mining"][0]["client"], shown);
    }
}

#[test]
fn tables_show_networks_and_names() {
    let folder = Folder::new();
    let (_, table) = read(&folder.config(SUBNET), "table", &capture_of("btc-bitaxe.pcap"));
    assert!(table.contains("10.20.70.0/24"), "{table}");
    folder.file("clients.csv", "prefix,name\n10.20.0.0/16,\"Hall 4, east\"\n");
    let named = "ledger: {subscribers: clients.csv}\nprivacy: {clients: subscriber}";
    let (events, table) = read(&folder.config(named), "table", &capture_of("btc-bitaxe.pcap"));
    assert!(table.contains("Hall 4, east") && !table.contains("10.20.70.72"), "{table}");
    assert!(events.iter().filter(|e| e["src_ip"].is_string()).all(|e| e["subscriber"] == "Hall 4, east"));
    // By address the table shows that, and events name the subscriber all the same.
    let config = folder.config("ledger: {subscribers: clients.csv}");
    let (events, table) = read(&config, "table", &capture_of("btc-bitaxe.pcap"));
    assert!(table.contains("10.20.70.72") && events[0]["subscriber"] == "Hall 4, east", "{table}");
    let privacy = people(&folder, named);
    let metrics = metrics(&play(&capture_of("btc-bitaxe.pcap")[0], 0), privacy);
    assert!(metrics.contains("geophone_client_certainty{client=\"Hall 4, east\"} 3"));
}

#[test]
fn payees_are_hashed_with_a_key_of_their_own() {
    let folder = Folder::new();
    let payees = |config: &str| {
        let (events, _) = read(&folder.config(config), "none", &capture_of("btc-bitaxe.pcap"));
        let of = |e: &Value| e["mining"]["payee"].as_str().map(str::to_owned);
        events.iter().filter_map(of).collect::<BTreeSet<_>>()
    };
    let keyed = payees("privacy: {payees: hash, key_file: key}");
    let keyless = payees("privacy: {payees: hash}");
    assert!(keyed.iter().all(|p| p.starts_with("hmac:")) && keyed.len() == 1, "{keyed:?}");
    assert!(keyless.iter().all(|p| p.starts_with("sha1:")), "{keyless:?}");
}

fn check(folder: &Folder, config: &str, credentials: Option<&Path>) -> (Option<i32>, String) {
    let mut command = geophone();
    command.args(["check", "-c"]).arg(folder.file("c.yaml", config));
    command.envs(credentials.map(|path| ("CREDENTIALS_DIRECTORY", path)));
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said.replace(folder.0.to_str().unwrap(), "DIR"))
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let folder = Folder::new();
    folder.file("short", "0123");
    folder.file("zero", [b'0'; 64]);
    folder.file("halves", KEY[..32].repeat(2));
    folder.file("empty", "");
    folder.file("large", "0".repeat(5000));
    folder.file("latin", b"192.0.2.1,M\xfcller\n");
    folder.file("wrong.csv", "prefix,name\n192.0.2.1,Ada\n192.0.2.0/33,Bob\n192.0.2.1,Eve\n");
    for (config, code, said) in [
        (
            "privacy:\n  clients: pseudonym\n",
            78,
            "DIR/c.yaml:2:12: privacy.clients: pseudonym needs a key, and there is none: make one with: openssl rand -hex 32 > FILE",
        ),
        (
            "privacy: {clients: pseudonym, key_file: short}",
            78,
            "DIR/short: has 4 hexadecimal digits, and a key has 64: make one with: openssl",
        ),
        ("privacy: {clients: pseudonym, key_file: zero}", 78, "DIR/zero: holds zeros only"),
        ("privacy: {clients: pseudonym, key_file: halves}", 78, "DIR/halves: holds the same 16 bytes twice"),
        ("privacy: {payees: hash, key_file: large}", 78, "DIR/large: is larger than 4 KiB: check that it is"),
        ("privacy: {payees: hash, key_file: empty}", 78, "DIR/empty: is empty"),
        ("privacy: {clients: pseudonym, key_file: nowhere}", 66, "DIR/nowhere: cannot be read"),
        (
            "privacy: {clients: nobody}",
            78,
            "DIR/c.yaml:1:20: privacy.clients: \"nobody\" is none of the words: write one of: address, pseudonym, subnet, subscriber",
        ),
        (
            "privacy: {clients: subnet, subnet_v4: 33}",
            78,
            "DIR/c.yaml:1:39: privacy.subnet_v4: 33 is out of range: write a whole number from 8 to 32",
        ),
        (
            "privacy: {clients: subnet, subnet_v6: 65}",
            78,
            "DIR/c.yaml:1:39: privacy.subnet_v6: 65 is out of range: write a whole number from 16 to 64",
        ),
        (
            "privacy: {clients: subscriber}",
            78,
            "DIR/c.yaml:1:20: privacy.clients: subscriber needs names, and there are none: name a file",
        ),
        (
            "privacy: {clients: subnet}\nledger: {subscribers: x.csv}",
            78,
            "DIR/c.yaml:2:23: ledger.subscribers: names those whom privacy.clients: subnet hides: remove one of the two",
        ),
        ("ledger: {subscribers: nowhere.csv}", 66, "DIR/nowhere.csv: cannot be read"),
        ("ledger: {subscribers: latin}", 78, "DIR/latin:1:12: is no UTF-8 text from here on"),
        ("ledger: {subscribers: empty}", 78, "DIR/empty:1:1: has no row"),
        ("ledger: {subscribers: wrong.csv}", 78, "DIR/wrong.csv:3:1: \"192.0.2.0/33\" is no network"),
        (
            "ledger: {subscribers: wrong.csv}",
            78,
            "DIR/wrong.csv:4:1: has another name for the network of line 2",
        ),
    ] {
        let (status, output) = check(&folder, config, None);
        assert!(
            status == Some(code) && output.contains(&format!("geophone: error: {said}")),
            "{config}: {output}"
        );
    }
}

#[test]
fn a_key_comes_from_a_file_or_from_the_service_manager() {
    let folder = Folder::new();
    let hidden = "privacy: {clients: pseudonym}";
    let (status, said) = check(&folder, hidden, Some(&folder.0));
    assert!(status == Some(78) && said.contains("there is none"), "{said}");
    let key = folder.file("privacy.key", format!("{KEY}\n"));
    let (status, said) = check(&folder, hidden, Some(&folder.0));
    assert!(
        status == Some(0) && said.contains("by pseudonym, ") && !said.contains("may read the key"),
        "{said}"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (status, said) = check(&folder, "privacy: {clients: pseudonym, key_file: privacy.key}", None);
    assert!(status == Some(0), "{said}");
    assert!(
        said.contains("geophone: warning: DIR/privacy.key: every user of this machine may read the key"),
        "{said}"
    );
    // Hashes go on without the key of a service manager, and that is said.
    let without = "geophone: warning: privacy.payees: hash without a key";
    let (status, said) = check(&folder, "privacy: {payees: hash}", None);
    assert!(status == Some(0) && said.contains(without), "{said}");
    let (status, said) = check(&folder, "privacy: {payees: hash}", Some(&folder.0));
    assert!(status == Some(0) && !said.contains(without), "{said}");
    folder.file("clients.csv", "192.0.2.1,Ada\n2001:db8::/56,Ada\n");
    let (_, said) = check(&folder, "ledger: {subscribers: clients.csv}", None);
    assert!(said.contains("subscribers  1 names for 2 networks"), "{said}");
}
