//! What an operator meets in the first minutes: the demonstration, the explanation of a configuration, the first lines of
//! the log, and what is said where something was typed or set wrong. The real program, and nothing but loopback.

#![allow(missing_docs, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// A directory that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("geophone-first-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_geophone"));
    command.current_dir(&folder.0).env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM");
    command
}

/// Exit code, standard output, standard error, far from the source tree.
fn said(folder: &Folder, args: &[&str]) -> (Option<i32>, String, String) {
    let output = program(folder).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The one error line, and the code with it.
fn refused(folder: &Folder, args: &[&str]) -> (Option<i32>, String) {
    let (code, out, err) = said(folder, args);
    assert_eq!(out, "", "nothing was done: {args:?}");
    assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
    (code, err.trim_end().strip_prefix("geophone: error: ").expect("an error line").to_owned())
}

/// The lines that stand in docs/cli.md below `$ COMMAND`, without what pads columns.
fn shown(command: &str) -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md")).unwrap();
    let (_, rest) = page.split_once(&format!("```console\n$ {command}\n")).expect("a sample");
    plain(rest.split_once("```").unwrap().0)
}

fn plain(text: &str) -> Vec<String> {
    text.lines().map(|l| l.trim_end().to_owned()).collect()
}

#[test]
fn the_demonstration_is_as_documented() {
    let folder = Folder::new();
    let (code, out, err) = said(&folder, &["read", "demo"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(plain(&out), shown("geophone read demo"));
}

#[test]
fn the_demonstration_gives_events_and_json() {
    let folder = Folder::new();
    let (code, out, err) = said(&folder, &["read", "--events", "-", "--summary", "json", "demo"]);
    assert_eq!(code, Some(0), "{err}");
    let events: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let sites: Vec<&str> = events.iter().filter_map(|e| e["mining"]["site"].as_str()).collect();
    assert!(sites.contains(&"http://www.example.org"), "a browser miner with its site");
    assert!(events.iter().any(|e| e["mining"]["pool"] == "SupportXMR"), "a pool by name");
    // The summary is beside the events.
    let summary: Value = serde_json::from_str(&err).unwrap();
    let mining = summary["mining"].as_array().unwrap();
    assert_eq!(mining.len(), 3);
    assert!(mining.iter().any(|row| row["site"] == "http://www.example.org"), "{summary}");
    assert!(mining.iter().any(|row| row["hashrate"].as_f64().is_some_and(|rate| rate > 1.0)), "{summary}");
    let (code, out, _) = said(&folder, &["read", "--summary", "none", "demo"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    let (code, out, _) = said(&folder, &["read", "-f", "host 192.0.2.1", "demo"]);
    assert!(code == Some(0) && out.starts_with("No mining found in 0 frames."), "a filter holds: {out}");
}

#[test]
fn a_file_called_demo_is_read_instead() {
    let folder = Folder::new();
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/btc-minerd-ckpool-solo.pcap");
    fs::copy(capture, folder.0.join("demo")).unwrap();
    let (code, out, _) = said(&folder, &["read", "demo"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("cpuminer/2.5.1") && !out.contains("built in"), "{out}");
    fs::remove_file(folder.0.join("demo")).unwrap();
    assert_eq!(refused(&folder, &["read", "./demo"]).0, Some(66), "a path is a path");
}

/// What differs from host to host, and counts of rules, which grow.
fn masked(line: &str) -> String {
    let cut = |at: &str| line.split_once(at).map_or(line, |(head, _)| head).to_owned();
    match line.split_whitespace().next() {
        Some("interfaces") => cut("up now:"),
        Some("permission") => String::new(),
        Some("together") => cut("this host"),
        Some("watched" | "rules") => line.chars().filter(|c| !c.is_ascii_digit()).collect(),
        _ => line.to_owned(),
    }
}

#[test]
fn the_explanation_is_as_documented() {
    let (code, out, err) = said(&Folder::new(), &["check"]);
    assert_eq!(code, Some(0));
    let hosts_own = |l: &&str| !l.contains("this user may not capture");
    let all: String = out.lines().chain(err.lines().filter(hosts_own)).map(|l| format!("{l}\n")).collect();
    let mask = |lines: Vec<String>| lines.iter().map(|l| masked(l)).collect::<Vec<_>>();
    assert_eq!(mask(plain(&all)), mask(shown("geophone check")));
}

#[test]
fn what_is_risky_is_named_and_fails_no_check() {
    let folder = Folder::new();
    let config = folder.file(
        "c.yaml",
        "capture: {interfaces: [any, lo], filter: tcp port 3333, snaplen: 1500}\nrules: {allow_shrink: true}\n\
         events: {file: nowhere/eve.json}\nlearned: {file: .}\nweb: {listen: '0.0.0.0:9810'}\nlog: {level: debug}\n\
         ledger: {max_clients: 1000000}\n",
    );
    let (code, _, err) = said(&folder, &["check", "-c", &config]);
    assert_eq!(code, Some(0), "{err}");
    for start in [
        "capture.interfaces: `any` hears the others too",
        "capture.snaplen: longer frames are cut to 1500 bytes",
        "capture.filter: selects ports",
        "capture.filter: frames with a VLAN tag do not pass",
        "rules.allow_shrink: ",
        "events.file: nowhere is not there",
        "learned.file: . is a directory",
        "web.listen: 0.0.0.0 is no loopback",
        "log.level: debug names addresses",
        "ledger.max_clients: up to ",
    ] {
        let line = format!("geophone: warning: {start}");
        assert!(err.lines().any(|l| l.starts_with(&line)), "{line}\n{err}");
    }
    // And where nothing is, nothing is said: the same keys with their values as they should be.
    let good = folder.file(
        "good.yaml",
        "capture: {interfaces: [lo], filter: 'not host 192.0.2.1 and not (vlan and host 192.0.2.1)'}\n\
         events: {file: eve.json}\nlearned: {file: learned.jsonl}\n",
    );
    let (code, out, err) = said(&folder, &["check", "--quiet", "-c", &good]);
    assert_eq!(out, "", "an explanation that nobody asked for");
    let rest: Vec<&str> = err.lines().filter(|l| !l.contains("may not capture")).collect();
    assert!(code == Some(0) && rest.is_empty(), "{err}");
    assert!(!folder.0.join("eve.json").exists(), "a check writes nothing");
}

#[test]
fn slips_are_answered_with_what_was_meant() {
    let folder = Folder::new();
    let config = folder.file("c.yaml", "sensor:\n  max_flow: 9\n");
    let filter = folder.file("filter.yaml", "capture: {filter: tcp prt 1}\n");
    let empty = folder.file("empty.pcap", "");
    let text = folder.file("text", "no capture at all\n");
    let directory = folder.0.to_str().unwrap().to_owned();
    for (args, code, said) in [
        (
            &["check", "-c", &config][..],
            78,
            "sensor.max_flow: unknown key: write max_flows, or remove it; there are: ",
        ),
        (&["check", "-c", &directory], 66, "name a file, not a directory"),
        (&["check", "-c", &filter], 78, "capture.filter: filter \"tcp prt 1\": "),
        (&["read", "-c", &filter, "demo"], 78, "capture.filter: filter \"tcp prt 1\": "),
        (
            &["run", "-i", "l0"],
            66,
            "l0: no such interface: take lo, or another that `geophone devices` lists",
        ),
        (
            &["run", "-i", "nothing-like-it"],
            66,
            "nothing-like-it: no such interface: `geophone devices` lists",
        ),
        (&["run", &config], 64, "is no filter: write -c "),
        (&["run", "lo"], 64, "'lo' is no filter: write -i lo: see 'geophone --help'"),
        (
            &["run", "--web.listen-address", "localhost:9810"],
            64,
            "write an IP address and a port, like 127.0.0.1:9810",
        ),
        (
            &["rum"],
            64,
            "unrecognized subcommand 'rum': a similar subcommand exists: 'run': see 'geophone --help'",
        ),
        (&["read", &empty], 66, "empty.pcap: not a readable capture (it is empty): give pcap or pcapng"),
        (&["read", &text], 66, "text: not a readable capture (unknown file format): give pcap or pcapng"),
        (&["read", &directory], 66, ": name the files in it"),
        (&["read", "nope.pcap"], 66, "nope.pcap: No such file or directory (os error 2): check the name"),
    ] {
        let (got, line) = refused(&folder, args);
        if got == Some(77) && args[1] == "-i" {
            // The kernel asks who may capture before it looks at names.
            continue;
        }
        assert_eq!(got, Some(code), "{args:?}: {line}");
        assert!(line.contains(said), "{args:?}: {line}");
    }
}

#[test]
fn a_port_that_is_taken_is_said_with_both_ways_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let (code, _, err) = said(&folder, &["run", "-i", "lo", "--web.listen-address", &address]);
    if code == Some(77) {
        return skipped("a_port_that_is_taken_is_said_with_both_ways_out");
    }
    assert_eq!(code, Some(1), "{err}");
    let end = "stop the program that has the port, or set another in web.listen or --web.listen-address";
    assert!(err.contains(&address) && err.trim_end().ends_with(end), "{err}");
}

/// A daemon whose log is read line by line; killed at the end.
struct Daemon {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
}

impl Daemon {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let mut child = program(folder).arg("run").args(args).stderr(Stdio::piped()).spawn().unwrap();
        let (told, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|l| told.send(l)));
        Self { child, lines, log: Vec::new() }
    }

    /// Waits for a line that holds `text`; none where the program ended before.
    fn line(&mut self, text: &str) -> Option<String> {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20)).ok()?;
            self.log.push(line.clone());
            if line.contains(text) {
                return Some(line);
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_log_says_what_is_done_and_when_mining_is_found() {
    let folder = Folder::new();
    let mut daemon = Daemon::start(&folder, &["-i", "lo", "--web.listen-address", "127.0.0.1:0"]);
    if daemon.line(" ready; ").is_none() {
        assert_eq!(daemon.child.wait().unwrap().code(), Some(77), "{:?}", daemon.log);
        return skipped("the_log_says_what_is_done_and_when_mining_is_found");
    }
    let log = daemon.log.join("\n");
    let version = format!("geophone {} (", env!("CARGO_PKG_VERSION"));
    for fact in [
        version.as_str(),
        "capturing on lo (Ethernet), promiscuous",
        "filter: none",
        "watching for ",
        " detections, ",
        "events: none are written; set events.file",
        "/metrics; a page to start from: http://127.0.0.1:",
        "SIGHUP reloads, Ctrl-C or SIGTERM stops",
    ] {
        assert!(log.contains(fact), "{fact}\n{log}");
    }
    // The address is the one that answers, also where the port was left to the system.
    let page = log.split("page to start from: http://").nth(1).unwrap().split('/').next().unwrap();
    assert!(get(page, "/").contains("<html"), "a page for people");

    for _ in 0..2 {
        mine();
    }
    let line = daemon.line("mining found: ").expect("a line about mining");
    assert!(line.contains("INFO mining found: bitcoin; 1 client so far"), "{line}");
    assert!(!line.contains("127.0.0."), "no client is named at info: {line}");
    // `geophone check` counts one more: a hash rate, which takes shares. The account of the session follows the alert.
    let expected = series_a_client(&folder) - 1;
    let mut of_client = Vec::new();
    for _ in 0..50 {
        let metrics = get(page, "/metrics");
        of_client = metrics.lines().filter(|l| l.contains("client=\"127.")).map(str::to_owned).collect();
        if of_client.len() >= expected {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(of_client.len(), expected, "{of_client:#?}");
    daemon.child.kill().unwrap();
    assert_eq!(daemon.line("mining found: bitcoin; 1 client"), None, "once a client and dialect");
}

/// What the daemon answers.
fn get(address: &str, path: &str) -> String {
    let mut web = TcpStream::connect(address).unwrap();
    web.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    web.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.") && answer.contains(" 200 "), "{answer}");
    answer
}

/// How many series a client is said to have.
fn series_a_client(folder: &Folder) -> usize {
    let (_, out, _) = said(folder, &["check"]);
    let line = out.lines().find(|l| l.starts_with("  series")).expect("a line about series");
    let (_, rest) = line.split_once("ledger.max_clients of ").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

/// A miner's first words to a pool, over loopback.
fn mine() {
    let pool = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut miner = TcpStream::connect(pool.local_addr().unwrap()).unwrap();
    let (mut at_pool, _) = pool.accept().unwrap();
    let hello = b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cpuminer/2.5.1\"]}\n";
    miner.write_all(hello).unwrap();
    at_pool.read_exact(&mut vec![0; hello.len()]).unwrap();
    let answer =
        b"{\"id\":1,\"result\":[[[\"mining.notify\",\"ae6812eb\"]],\"08000002\",4],\"error\":null}\n";
    at_pool.write_all(answer).unwrap();
    miner.read_exact(&mut vec![0; answer.len()]).unwrap();
    let login = b"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\",\"x\"]}\n";
    miner.write_all(login).unwrap();
    at_pool.read_exact(&mut vec![0; login.len()]).unwrap();
}

/// Past the harness, which would keep the line of a test that passes.
fn skipped(test: &str) {
    let _ = writeln!(std::io::stderr(), "skipped {test}: this user may not capture");
}
