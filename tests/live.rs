//! The whole way, with nothing but the wire between: miners talk to a pool over a veth pair, the real program listens,
//! a real Prometheus scrapes it, a real Alertmanager tells of it, and signals come as from an operator. Each test runs
//! itself again in namespaces of its own; skipped, with a line that says so, where those are not to be had.

#![allow(missing_docs, reason = "tests")]

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

#[path = "live/alerting.rs"]
mod alerting;
#[path = "live/alertmanager.rs"]
mod alertmanager;
#[path = "live/dashboards.rs"]
mod dashboards;
#[path = "live/known.rs"]
mod known;
#[path = "live/life.rs"]
mod life;
#[path = "live/network.rs"]
mod network;
#[path = "live/people.rs"]
mod people;
#[path = "live/pool.rs"]
mod pool;
#[path = "live/prometheus.rs"]
mod prometheus;
#[path = "live/replay.rs"]
mod replay;
#[path = "live/sensor.rs"]
mod sensor;
#[path = "live/shipped.rs"]
mod shipped;
#[path = "live/writing.rs"]
mod writing;

use network::Network;
use pool::{Miner, Share};
use prometheus::Prometheus;
use sensor::{Sensor, events, eventually, program};

#[test]
fn shares_reach_prometheus() {
    network::run("shares_reach_prometheus_inside", &["prometheus"]);
}

#[test]
#[ignore = "run in a namespace"]
fn shares_reach_prometheus_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    let prometheus = Prometheus::start(&directory);
    prometheus.await_series("up", &[("", 1.0)]);

    let (mut bitcoin, mut monero) = (Miner::bitcoin(), Miner::cryptonote());
    submit(&mut bitcoin, 7, 1);
    submit(&mut monero, 3, 2);
    let shares = [
        ("client=10.77.0.2,result=accepted", 7.0),
        ("client=10.77.0.2,result=rejected", 1.0),
        ("client=10.77.0.2,result=submitted", 8.0),
        ("client=fd77::,result=accepted", 3.0),
        ("client=fd77::,result=rejected", 2.0),
        ("client=fd77::,result=submitted", 5.0),
    ];
    let detections = [
        ("client=10.77.0.2,dialect=bitcoin,signal=stratum_message", 1.0),
        ("client=fd77::,dialect=cryptonote,signal=stratum_message", 1.0),
    ];
    prometheus.await_series("geophone_client_shares_total", &shares);
    prometheus.await_series("geophone_client_detections_total > 0", &detections);
    prometheus
        .await_series("geophone_client_certainty", &[("client=10.77.0.2", 3.0), ("client=fd77::", 3.0)]);

    submit(&mut bitcoin, 1, 0);
    let of_bitcoin = "geophone_client_shares_total{client='10.77.0.2', result='accepted'}";
    prometheus.await_series(of_bitcoin, &[("client=10.77.0.2,result=accepted", 8.0)]);
    drop(monero);
    let sessions = [("client=10.77.0.2,dialect=bitcoin", 1.0), ("client=fd77::,dialect=cryptonote", 0.0)];
    prometheus.await_series("geophone_client_sessions", &sessions);
    // Shares outlive their session.
    prometheus.await_series("geophone_client_shares_total{client='fd77::'}", &shares[3..]);
    prometheus.await_series("geophone_worker_panics_total + geophone_events_dropped_total", &[("", 0.0)]);

    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
    check_events(&events(&directory.join("eve.json")));
    prometheus.await_series("up", &[("", 0.0)]);
}

/// Two alerts; the accounts of two sessions, one that ended by itself and one that the sensor's end found running.
fn check_events(events: &[Value]) {
    let of = |kind: &str| events.iter().filter(|e| e["event_type"] == kind).collect::<Vec<_>>();
    let (alerts, sessions) = (of("alert"), of("mining_session"));
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    assert!(of("stats").last().unwrap()["stats"].is_object());
    let ends: Vec<_> = sessions.iter().filter(|e| e["mining"]["final"] == true).collect();
    assert_eq!(ends.len(), 2, "{sessions:#?}");
    let expected = [
        ("cryptonote", "fd77::2", "fd77::1", pool::MONERO_WALLET, "XMRig/6.22.2", [5, 3, 2]),
        ("bitcoin", "10.77.0.2", "10.77.0.1", pool::BITCOIN_WALLET, "cgminer/4.12.1", [9, 8, 1]),
    ];
    for (end, (dialect, client, server, payee, agent, shares)) in ends.into_iter().zip(expected) {
        let mining = &end["mining"];
        assert_eq!((&end["src_ip"], &end["dest_ip"]), (&client.into(), &server.into()), "{end:#}");
        assert_eq!(
            (&end["dest_port"], &end["in_iface"]),
            (&3333.into(), &network::INTERFACE.into()),
            "{end:#}"
        );
        for (key, value) in
            [("dialect", dialect), ("payee", payee), ("agent", agent), ("certainty", "proven")]
        {
            assert_eq!(mining[key], value, "{end:#}");
        }
        let counted = ["submitted", "accepted", "rejected"].map(|of| mining["shares"][of].as_i64().unwrap());
        assert_eq!((counted, &mining["jobs"]), (shares, &2.into()), "{end:#}");
        let alert =
            alerts.iter().find(|a| a["flow_id"] == end["flow_id"]).expect("an alert of the same flow");
        assert_eq!((&alert["src_ip"], &alert["community_id"]), (&end["src_ip"], &end["community_id"]));
    }
}

#[test]
fn reload_keeps_what_worked() {
    network::run("reload_keeps_what_worked_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn reload_keeps_what_worked_inside() {
    const SUCCESSFUL: &str = "geophone_config_last_reload_successful";
    const RULES: &str = "geophone_rules{kind=\"detections\"}";
    let directory = network::inside();
    let _network = Network::new();
    let sensor = Sensor::start(&directory, &[]);
    let rules = directory.join("rules/detections.yaml");
    let good = fs::read_to_string(&rules).unwrap();
    let count = sensor.metric(RULES).unwrap();
    assert_eq!(sensor.metric(SUCCESSFUL), Some(1.0));
    submit(&mut Miner::bitcoin(), 2, 0);
    submitted(&sensor, 2.0);

    fs::write(&rules, good.replace("severity: 2", "severity: two")).unwrap();
    sensor.signal("HUP");
    eventually("a refusal", || sensor.metric(SUCCESSFUL).filter(|v| *v == 0.0));
    assert_eq!(sensor.metric(RULES), Some(count), "the old rules stay in force");
    let log = sensor.log();
    assert!(log.contains("detections.yaml") && log.contains("severity"), "names file and key: {log}");
    submit(&mut Miner::bitcoin(), 3, 1);
    submitted(&sensor, 6.0);
    alerts(&directory.join("eve.json"), 2);

    let start = good.find("  - id: 1013").unwrap();
    let end = start + 1 + good[start + 1..].find("  - id: ").unwrap();
    fs::write(&rules, [&good[..start], &good[end..]].concat()).unwrap();
    sensor.signal("HUP");
    eventually("a reload", || sensor.metric(SUCCESSFUL).filter(|v| *v == 1.0));
    assert_eq!(sensor.metric(RULES), Some(count - 1.0), "the new rules are in force");
    submit(&mut Miner::bitcoin(), 1, 0);
    submitted(&sensor, 7.0);
    alerts(&directory.join("eve.json"), 3);
}

#[test]
fn rotated_file_is_left() {
    network::run("rotated_file_is_left_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn rotated_file_is_left_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    let (current, rotated) = (directory.join("eve.json"), directory.join("eve.json.1"));
    let mut miner = Miner::bitcoin();
    submit(&mut miner, 1, 0);
    alerts(&current, 1);
    fs::rename(&current, &rotated).unwrap();
    sensor.signal("HUP");
    eventually("a new file", || current.exists().then_some(()));
    let left = fs::read(&rotated).unwrap();
    submit(&mut miner, 1, 0);
    drop(miner);
    submit(&mut Miner::cryptonote(), 1, 0);
    alerts(&current, 1);
    assert_eq!(sensor.terminate().code(), Some(0));
    assert_eq!(fs::read(&rotated).unwrap(), left, "nothing follows a rotated file");
    let ends = events(&current).into_iter().filter(|e| e["mining"]["final"] == true).count();
    assert_eq!(ends, 2, "the session from before ends in the new file");
}

#[test]
fn service_manager_is_told() {
    network::run("service_manager_is_told_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn service_manager_is_told_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let path = directory.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let next = || {
        let mut text = [0; 512];
        let length = socket.recv(&mut text).expect("a word within five seconds");
        str::from_utf8(&text[..length]).unwrap().trim_end().to_owned()
    };
    let mut sensor = Sensor::start(&directory, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(next(), "READY=1");
    for _ in 0..3 {
        assert_eq!(next(), "WATCHDOG=1");
    }
    sensor.signal("HUP");
    let reload: Vec<String> =
        std::iter::repeat_with(next).filter(|word| word != "WATCHDOG=1").take(2).collect();
    assert!(reload[0].starts_with("RELOADING=1") && reload[1] == "READY=1", "{reload:?}");
    assert_eq!(sensor.terminate().code(), Some(0));
    assert_eq!(std::iter::repeat_with(next).find(|word| word != "WATCHDOG=1").unwrap(), "STOPPING=1");
}

#[test]
fn interface_may_come_back() {
    network::run("interface_may_come_back_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn interface_may_come_back_inside() {
    let directory = network::inside();
    let mut network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    submit(&mut Miner::bitcoin(), 2, 0);
    submitted(&sensor, 2.0);
    let packets = || sensor.metric("geophone_capture_packets_total{interface=\"va\"}").unwrap();
    let before = eventually("packets", || Some(packets()).filter(|n| *n > 0.0));
    for round in 1..=2 {
        captured(&sensor, 1.0);
        network.cut();
        eventually("the loss", || (sensor.log().matches("went away").count() == round).then_some(()));
        captured(&sensor, 0.0);
        assert_eq!(sensor::http(sensor::WEB, "/-/healthy").unwrap().0, 200);
        network.join();
        eventually("the return", || (sensor.log().matches("capturing again").count() == round).then_some(()));
        submit(&mut Miner::bitcoin(), 1, 0);
        submitted(&sensor, 2.0 + round as f64);
    }
    eventually("more packets", || (packets() > before).then_some(()));
    captured(&sensor, 1.0);
    network.cut();
    assert_eq!(sensor.terminate().code(), Some(0), "ends also while it waits for an interface");
}

#[test]
fn refusals_have_their_codes() {
    network::run("refusals_have_their_codes_inside", &["setpriv"]);
}

#[test]
#[ignore = "run in a namespace"]
fn refusals_have_their_codes_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let config = directory.join("wrong.yaml");
    fs::write(&config, "capture:\n  ring_mib: 0\n").unwrap();
    let config = config.to_str().unwrap();
    let refused = |code, arguments: &[&str], word| one_line(program().args(arguments), code, word);
    refused(64, &["run", "--frobnicate"], "--frobnicate");
    refused(64, &["run", "-i", "va", "tcp prot 1"], "tcp prot 1");
    refused(66, &["run", "-i", "nosuch0"], "nosuch0");
    refused(66, &["run", "-c", "/nonexistent.yaml"], "/nonexistent.yaml");
    refused(78, &["run", "-i", "va", "-c", config], "wrong.yaml:2");
    refused(78, &["check", "-c", config], "capture.ring_mib");
    for descriptors in [7, 9] {
        let mut short = Command::new("sh");
        short.args([
            "-c",
            &format!("ulimit -n {descriptors}; exec \"$0\" run -i va"),
            env!("CARGO_BIN_EXE_geophone"),
        ]);
        one_line(&mut short, 1, "file descriptors");
    }

    // As the open file, as nobody may walk to the program where it was built.
    let mut nobody = Command::new("setpriv");
    nobody.args([
        "--reuid=65534",
        "--clear-groups",
        "--bounding-set=-all",
        "/proc/self/fd/0",
        "run",
        "-i",
        "va",
    ]);
    nobody.stdin(fs::File::open(program().get_program()).unwrap());
    one_line(&mut nobody, 77, "CAP_NET_RAW");
}

/// Ends with this code and one line on standard error, which has the word in it.
fn one_line(command: &mut Command, code: i32, word: &str) {
    let output = command.output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{command:?}: {line}");
    assert!(line.starts_with("geophone: error: ") && line.contains(word), "{command:?}: {line}");
    assert_eq!(line.matches('\n').count(), 1, "{command:?}: {line}");
}

fn submit(miner: &mut Miner, good: usize, bad: usize) {
    (0..good).for_each(|_| miner.submit(Share::Good));
    (0..bad).for_each(|_| miner.submit(Share::Bad));
}

/// Waits until the sensor says so of its interface.
fn captured(sensor: &Sensor, up: f64) {
    eventually("capture", || sensor.metric("geophone_capture_up{interface=\"va\"}").filter(|n| *n == up));
}

/// Waits until the sensor has counted this many submits of the bitcoin miner.
fn submitted(sensor: &Sensor, count: f64) {
    let series = "geophone_client_shares_total{client=\"10.77.0.2\",result=\"submitted\"}";
    eventually("shares", || sensor.metric(series).filter(|n| *n == count));
}

/// Waits until the file has this many alerts.
fn alerts(path: &Path, count: usize) {
    let so_far = || events(path).iter().filter(|e| e["event_type"] == "alert").count();
    eventually("alerts", || (so_far() == count).then_some(()));
}

#[test]
#[ignore = "the pool's process"]
fn pool_inside() {
    pool::serve();
}
