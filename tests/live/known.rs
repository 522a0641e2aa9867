//! Known hosts in a running sensor: lists that change under it, names and endpoints that its workers learn together and
//! keep over a restart, and reloads of many names that must cost neither packets nor memory.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use etherparse::PacketBuilder;
use serde_json::Value;

use super::network::{self, INTERFACE, Network, ip};
use super::pool::{self, Miner, Share};
use super::sensor::{CONFIG, Sensor, events, eventually, within};

const POOLS: &str = "geophone_rules{kind=\"pools\"}";
const SUCCESSFUL: &str = "geophone_config_last_reload_successful";
const LOADED: &str = "geophone_config_last_reload_success_timestamp_seconds";

#[test]
fn learned_endpoints_survive_a_restart() {
    network::run("known::learned_endpoints_survive_a_restart_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn learned_endpoints_survive_a_restart_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let config = format!("{CONFIG}learned:\n  file: DIRECTORY/endpoints.jsonl\n");
    let mut sensor = Sensor::start_as(&directory, &config, &[]);
    let mut miner = Miner::bitcoin();
    miner.submit(Share::Good);
    drop(miner);
    eventually("an endpoint", || {
        sensor.metric("geophone_learned{table=\"endpoints\"}").filter(|n| *n == 1.0)
    });
    assert_eq!(sensor.terminate().code(), Some(0));
    let kept = fs::read_to_string(directory.join("endpoints.jsonl")).unwrap();
    assert!(kept.contains("\"address\":\"10.77.0.1\",\"port\":3333,\"dialect\":\"bitcoin\""), "{kept}");

    fs::remove_file(directory.join("eve.json")).unwrap();
    ip("addr del 10.77.0.2/24 dev va");
    ip("addr add 10.77.0.3/24 dev va");
    let mut sensor = Sensor::start_as(&directory, &config, &[]);
    assert_eq!(sensor.metric("geophone_learned{table=\"endpoints\"}"), Some(1.0), "{}", sensor.log());
    pool::speak_in_private();
    let alert = eventually("an alert", || alerts(&directory).pop());
    assert_eq!((&alert["src_ip"], &alert["dest_port"]), (&"10.77.0.3".into(), &3333.into()), "{alert:#}");
    assert!(alert.to_string().contains("learned_endpoint"), "{alert:#}");
    assert_eq!(sensor.terminate().code(), Some(0));
}

#[test]
fn workers_learn_names_together() {
    network::run("known::workers_learn_names_together_inside", &[]);
}

/// One worker hears the answer of the name server; the connections, spread over both by the kernel, name no host.
#[test]
#[ignore = "run in a namespace"]
fn workers_learn_names_together_inside() {
    const CONNECTIONS: usize = 12;
    let directory = network::inside();
    let _network = Network::new();
    let config = CONFIG.replace("ring_mib: 4", "ring_mib: 4\n  workers: 2");
    let sensor = Sensor::start_as(&directory, &config, &[]);
    pool::look_up("xmr-eu1.nanopool.org");
    eventually("a name", || sensor.metric("geophone_learned{table=\"watched\"}").filter(|n| *n == 1.0));
    (0..CONNECTIONS).for_each(|_| pool::speak_in_private());
    let named = || {
        let by_dns = |alert: &Value| alert.to_string().contains("(name by DNS)");
        alerts(&directory).into_iter().filter(by_dns).collect::<Vec<_>>()
    };
    let found = within(Duration::from_secs(30), || Some(named()).filter(|found| found.len() == CONNECTIONS));
    let found = found.unwrap_or_else(|| {
        panic!("{} of {CONNECTIONS} connections told: {:#?}", named().len(), named().first())
    });
    for alert in found {
        assert_eq!(alert["dest_port"], 3333, "{alert:#}");
        assert!(
            alert.to_string().contains("pool_connection") && alert.to_string().contains("Nanopool"),
            "{alert:#}"
        );
    }
}

#[test]
fn feeds_are_watched() {
    network::run("known::feeds_are_watched_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn feeds_are_watched_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let config = CONFIG.replace("/rules\n", "/rules\n  feeds: DIRECTORY/feeds\n  watch: 1s\n");
    let feed = directory.join("feeds/list.txt");
    fs::create_dir(directory.join("feeds")).unwrap();
    let names = |count: usize| (0..count).map(|n| format!("pool{n}.feed.example.org\n")).collect::<String>();
    fs::write(&feed, names(100)).unwrap();
    let sensor = Sensor::start_as(&directory, &config, &[]);
    let before = sensor.metric(POOLS).unwrap();
    assert!(
        sensor.log().contains("feed list.txt (plain): 100 taken, 0 known already, 0 refused"),
        "{}",
        sensor.log()
    );

    fs::write(&feed, names(120)).unwrap();
    eventually("twenty more", || sensor.metric(POOLS).filter(|n| *n == before + 20.0));
    assert_eq!(sensor.metric(SUCCESSFUL), Some(1.0));

    // Cut short: to less than half, to nothing, in the middle of a name.
    for (text, said) in [
        (names(59), "feed list.txt: 59 where 120 are in force"),
        (String::new(), "list.txt:1:1: holds no entry"),
        (names(1) + "pool1.feed.exam", "feed list.txt: 2 where 120 are in force"),
    ] {
        let refusals = || sensor.log().matches("reload: refused").count();
        let so_far = refusals();
        fs::write(&feed, &text).unwrap();
        eventually(said, || sensor.log().contains(said).then_some(()));
        eventually("a refusal", || sensor.metric(SUCCESSFUL).filter(|v| *v == 0.0));
        assert_eq!(sensor.metric(POOLS), Some(before + 20.0), "the old names stay in force");
        eventually("one refusal", || (refusals() == so_far + 1).then_some(()));
    }
    thread::sleep(Duration::from_secs(3));
    assert_eq!(
        sensor.log().matches("reload: refused").count(),
        3,
        "what was refused is not read again: {}",
        sensor.log()
    );
    fs::write(&feed, names(60)).unwrap();
    eventually("half of it", || sensor.metric(POOLS).filter(|n| *n == before - 40.0));
    assert_eq!(sensor.metric(SUCCESSFUL), Some(1.0));

    let path = directory.join("geophone.yaml");
    let allowing = fs::read_to_string(&path).unwrap().replace("watch: 1s", "watch: 1s\n  allow_shrink: true");
    fs::write(&path, allowing).unwrap();
    fs::write(&feed, names(1)).unwrap();
    sensor.signal("HUP");
    eventually("what is allowed now", || sensor.metric(POOLS).filter(|n| *n == before - 99.0));
}

#[test]
fn reloads_cost_no_memory() {
    network::run("known::reloads_cost_no_memory_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn reloads_cost_no_memory_inside() {
    reload_often(20_000, 20, 40);
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_reloads_of_a_million_names() {
    network::run_for(1200, "known::a_hundred_reloads_of_a_million_names_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn a_hundred_reloads_of_a_million_names_inside() {
    reload_often(1_000_000, 20, 100);
}

/// Reloads a list so often; at the end as much memory is in use as after `few` times. What the allocator keeps comes and
/// goes by a set from one reload to the next; what leaks stays, so the least of a few reloads counts.
fn reload_often(names: usize, few: usize, times: usize) {
    let directory = network::inside();
    let _network = Network::new();
    write_names(&directory, names);
    let sensor = Sensor::start(&directory, &[]);
    let first = resident(&sensor);
    let (mut early, mut late) = (f64::MAX, f64::MAX);
    for n in 1..=times {
        reload(&sensor);
        if (few - 4..=few).contains(&n) {
            early = early.min(resident(&sensor));
        } else if n > times - 5 {
            late = late.min(resident(&sensor));
        }
    }
    let mib = [first, early, late].map(|bytes| bytes / f64::from(1 << 20));
    eprintln!("{names} names: resident MiB at the start, after {few} and {times} reloads: {mib:.1?}");
    assert!((late - early).abs() < early / 10.0, "MiB at the start, then, and at the end: {mib:.1?}");
}

#[test]
fn reloads_cost_no_packets() {
    network::run("known::reloads_cost_no_packets_inside", &["tcpreplay"]);
}

#[test]
#[ignore = "run in a namespace"]
fn reloads_cost_no_packets_inside() {
    reload_under_traffic(20_000, 2_000, 6_000);
}

#[test]
#[ignore = "takes a minute, and a release build to mean something"]
fn a_million_names_reloaded_under_traffic() {
    network::run_for(600, "known::a_million_names_reloaded_under_traffic_inside", &["tcpreplay"]);
}

#[test]
#[ignore = "run in a namespace"]
fn a_million_names_reloaded_under_traffic_inside() {
    reload_under_traffic(1_000_000, 20_000, 200_000);
}

/// The same traffic without and with reloads: each frame is counted, and no more of them are dropped.
fn reload_under_traffic(names: usize, per_second: usize, frames: usize) {
    let directory = network::inside();
    let _network = Network::new();
    write_names(&directory, names);
    let config = CONFIG.replace("ring_mib: 4", "ring_mib: 64\n  filter: tcp port 4444");
    let sensor = Sensor::start_as(&directory, &config, &[]);
    let capture = write_frames(&directory);
    let figures = || {
        let of = |what: &str| {
            sensor.metric(&format!("geophone_capture_{what}_total{{interface=\"va\"}}")).unwrap()
        };
        [of("packets"), of("dropped_packets")]
    };
    let round = |reloading: bool| {
        let before = figures();
        let mut replay = Command::new("tcpreplay")
            .args(["-q", "-K", "-i", INTERFACE, &format!("--pps={per_second}")])
            .arg(format!("--loop={}", frames / FRAMES))
            .arg(&capture)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut reloads = 0;
        while replay.try_wait().unwrap().is_none() {
            if reloading {
                reload(&sensor);
                reloads += 1;
            } else {
                thread::sleep(Duration::from_millis(50));
            }
        }
        eventually("all frames", || (figures()[0] - before[0] == frames as f64).then_some(()));
        (figures()[1] - before[1], reloads)
    };
    let ((calm, _), (reloading, reloads)) = (round(false), round(true));
    eprintln!(
        "{frames} frames at {per_second}/s: {calm} dropped; {reloading} with {reloads} reloads of {names} names"
    );
    assert!(reloads > 0 && reloading <= calm, "{calm} dropped without, {reloading} with {reloads} reloads");
}

/// Asks for a reload and waits until it is in force.
fn reload(sensor: &Sensor) {
    let before = sensor.metric(LOADED);
    sensor.signal("HUP");
    let loaded = within(Duration::from_secs(120), || (sensor.metric(LOADED) != before).then_some(()));
    assert!(loaded.is_some() && sensor.metric(SUCCESSFUL) == Some(1.0), "{}", sensor.log());
}

/// Bytes of memory in use once the sensor has come to rest: the least of three seconds.
fn resident(sensor: &Sensor) -> f64 {
    let look = |_| {
        thread::sleep(Duration::from_millis(250));
        sensor.metric("process_resident_memory_bytes").unwrap()
    };
    (0..4).map(look).fold(f64::MAX, f64::min)
}

pub(super) fn write_names(directory: &Path, count: usize) {
    fs::create_dir_all(directory.join("rules")).unwrap();
    let mut list = BufWriter::new(File::create(directory.join("rules/many.hosts")).unwrap());
    writeln!(list, "# geophone hosts 1\n@\tmatch=suffix").unwrap();
    for n in 0..count {
        writeln!(list, "pool{n}.of{}.example.net", n % 977).unwrap();
    }
    list.flush().unwrap();
}

/// Frames in the capture that is replayed.
const FRAMES: usize = 1000;

/// A capture of segments that begin nothing, from as many clients (pcap 2.4, microseconds, Ethernet).
fn write_frames(directory: &Path) -> PathBuf {
    let path = directory.join("frames.pcap");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let head: [u32; 6] = [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, 1];
    head.iter().for_each(|word| out.write_all(&word.to_le_bytes()).unwrap());
    for n in 0..FRAMES {
        let client = [10, 9, u8::try_from(n / 250).unwrap(), u8::try_from(n % 250).unwrap()];
        let segment = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4(client, [198, 51, 100, 7], 64)
            .tcp(40_000, 4444, u32::try_from(n).unwrap(), 65_535)
            .ack(1);
        let mut frame = Vec::new();
        segment.write(&mut frame, &[0x91; 300]).unwrap();
        let length = u32::try_from(frame.len()).unwrap();
        for word in [0, 0, length, length] {
            out.write_all(&word.to_le_bytes()).unwrap();
        }
        out.write_all(&frame).unwrap();
    }
    out.flush().unwrap();
    path
}

fn alerts(directory: &Path) -> Vec<Value> {
    events(&directory.join("eve.json")).into_iter().filter(|e| e["event_type"] == "alert").collect()
}
