//! The event file under what operators do to it: rotated while events come, on a disk that is full, at an end under load.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::network::{self, Network};
use super::replay::Lookups;
use super::sensor::{CONFIG, Sensor, events, eventually};

const DROPPED: &str = "geophone_events_dropped_total";
const FAILED: &str = "geophone_events_write_errors_total";
const ALERTS: &str = "geophone_events_total{event_type=\"alert\"}";

#[test]
fn rotation_loses_no_line() {
    network::run("writing::rotation_loses_no_line_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn rotation_loses_no_line_inside() {
    const ROTATIONS: usize = 10;
    let directory = network::inside();
    let _network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    let storm = Storm::start();
    let current = directory.join("eve.json");
    for n in 0..ROTATIONS {
        eventually("a file with an alert", || {
            (current.exists() && !clients(&current).is_empty()).then_some(())
        });
        fs::rename(&current, directory.join(format!("eve.json.{n}"))).unwrap();
        sensor.signal("HUP");
    }
    let sent = storm.stop();
    let counted = eventually("all alerts", || sensor.metric(ALERTS).filter(|n| *n >= f64::from(sent)));
    assert_eq!(sensor.metric(DROPPED), Some(0.0));
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());

    let files = (0..ROTATIONS).map(|n| directory.join(format!("eve.json.{n}"))).chain([current]);
    let files: Vec<_> = files.map(|path| clients(&path)).collect();
    assert!(files.iter().all(|clients| !clients.is_empty()), "each file has some");
    let lines: usize = files.iter().map(Vec::len).sum();
    let different = files.concat().into_iter().collect::<BTreeSet<String>>().len();
    assert_eq!((lines, different), (counted as usize, sent as usize), "each once");
}

#[test]
fn full_disk_is_counted() {
    network::run("writing::full_disk_is_counted_inside", &[]);
}

/// Events wait for room, what cannot wait is counted, and with room each that waited is written whole and once, on a line
/// of its own: a piece of one may stand where the disk ran full.
#[test]
#[ignore = "run in a namespace"]
fn full_disk_is_counted_inside() {
    const QUEUE: u32 = 100;
    let directory = network::inside();
    let _network = Network::new();
    let disk = directory.join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&disk).status();
    assert!(mount.unwrap().success());
    let config = CONFIG.replace("DIRECTORY/eve.json", "DIRECTORY/disk/eve.json\n  queue: 100");
    let mut sensor = Sensor::start_as(&directory, &config.replace("interval: 1s", "interval: 1h"), &[]);
    let file = disk.join("eve.json");
    let mut lookups = Lookups::new();
    (0..10).for_each(|_| lookups.send());
    eventually("ten alerts", || (clients(&file).len() == 10).then_some(()));
    assert_eq!((sensor.metric(FAILED), sensor.metric(DROPPED)), (Some(0.0), Some(0.0)));

    let filler = disk.join("filler");
    let mut full = File::create(&filler).unwrap();
    while full.write_all(&[0; 4096]).is_ok() {}
    let more = 3 * QUEUE;
    for _ in 0..more {
        lookups.send();
        thread::sleep(Duration::from_millis(2));
    }
    eventually("failures", || sensor.metric(FAILED).filter(|n| *n > 0.0));
    let taken = || sensor.metric(ALERTS).unwrap();
    let heard = || sensor.metric(DROPPED).filter(|dropped| taken() + dropped == f64::from(10 + more));
    let dropped = eventually("all lookups", heard);
    assert!(dropped > 0.0 && dropped <= f64::from(more - QUEUE), "{dropped}");
    assert!(sensor.log().contains("events cannot be written"), "{}", sensor.log());

    drop(full);
    fs::remove_file(&filler).unwrap();
    eventually("recovery", || sensor.log().contains("events are written again").then_some(()));
    let written = taken() as usize;
    eventually("what waited", || (whole_alerts(&file) == written).then_some(()));
    lookups.send();
    eventually("what comes then", || (whole_alerts(&file) == written + 1).then_some(()));
    assert_eq!(sensor.metric(DROPPED), Some(dropped));
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
}

/// Alerts of a file in which one line at most is a piece.
fn whole_alerts(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    let (whole, pieces): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| serde_json::from_str::<Value>(line).is_ok());
    assert!(pieces.len() < 2 && pieces.iter().all(|piece| piece.starts_with('{')), "{pieces:?}");
    whole.iter().filter(|line| line.contains("\"event_type\":\"alert\"")).count()
}

#[test]
fn end_under_load_is_in_time() {
    network::run("writing::end_under_load_is_in_time_inside", &[]);
}

/// What the sensor counted at its end is what stands in the file.
#[test]
#[ignore = "run in a namespace"]
fn end_under_load_is_in_time_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    let storm = Storm::start();
    eventually("load", || sensor.metric(ALERTS).filter(|n| *n > 500.0));
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
    storm.stop();
    let last = events(&directory.join("eve.json")).pop().unwrap();
    assert_eq!(last["event_type"], "stats", "{last:#}");
    assert!(!sensor.log().contains("could not be written"), "{}", sensor.log());
}

/// Lookups of a pool without end, each another client's.
struct Storm {
    on: Arc<AtomicBool>,
    sent: Arc<AtomicU32>,
    thread: thread::JoinHandle<()>,
}

impl Storm {
    fn start() -> Self {
        let (on, sent) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
        let (going, count) = (Arc::clone(&on), Arc::clone(&sent));
        let thread = thread::spawn(move || {
            let mut lookups = Lookups::new();
            while going.load(Ordering::Relaxed) {
                lookups.send();
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_micros(500));
            }
        });
        Self { on, sent, thread }
    }

    /// Gives how many there were.
    fn stop(self) -> u32 {
        self.on.store(false, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

/// Who the alerts of a file speak of.
fn clients(path: &Path) -> Vec<String> {
    let of = |event: Value| event["src_ip"].as_str().unwrap().to_owned();
    events(path).into_iter().filter(|event| event["event_type"] == "alert").map(of).collect()
}
