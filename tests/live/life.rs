//! The daemon under what befalls it in a year: a log that nobody reads, a signal too early, descriptors that run short,
//! a pipe in place of the event file, a stop by the terminal.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::known::write_names;
use super::network::{self, Network, ip};
use super::replay::Lookups;
use super::sensor::{CONFIG, Sensor, WEB, events, eventually, program};

const FAILED: &str = "geophone_events_write_errors_total";
const ALERTS: &str = "geophone_events_total{event_type=\"alert\"}";

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    network::run("life::a_log_that_nobody_reads_stops_nothing_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn a_log_that_nobody_reads_stops_nothing_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let (mut log, full) = io::pipe().unwrap();
    fill(full.try_clone().unwrap());
    let config = format!("{CONFIG}log:\n  level: debug\n");
    let mut sensor = Sensor::spawn(&directory, &config, program().stderr(full));
    sensor.await_ready();
    let mut lookups = Lookups::new();
    (0..10).for_each(|_| lookups.send());
    for _ in 0..20 {
        sensor.signal("HUP");
        thread::sleep(Duration::from_millis(20));
    }
    eventually("ten alerts", || sensor.metric(ALERTS).filter(|n| *n == 10.0));
    assert_eq!(sensor.terminate().code(), Some(0));
    assert!(events(&directory.join("eve.json")).len() > 10);
    let mut said = Vec::new();
    log.read_to_end(&mut said).unwrap();
}

/// Fills a pipe to the last byte, and leaves it as it was.
fn fill(mut pipe: io::PipeWriter) {
    rustix::io::ioctl_fionbio(&pipe, true).unwrap();
    for size in [4096, 1] {
        while pipe.write(&vec![b'x'; size]).is_ok() {}
    }
    rustix::io::ioctl_fionbio(&pipe, false).unwrap();
}

#[test]
fn a_reload_asked_for_too_early_is_one_later() {
    network::run("life::a_reload_asked_for_too_early_is_one_later_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn a_reload_asked_for_too_early_is_one_later_inside() {
    let directory = network::inside();
    let _network = Network::new();
    write_names(&directory, 200_000);
    let log = fs::File::create(directory.join("log")).unwrap();
    let mut sensor = Sensor::spawn(&directory, CONFIG, program().stderr(log));
    let status = format!("/proc/{}/status", sensor.id());
    // The first of the caught signals is SIGHUP.
    eventually("a handler", || {
        let status = fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap().trim();
        (u64::from_str_radix(caught, 16).unwrap() & 1 == 1).then_some(())
    });
    assert!(TcpStream::connect(WEB).is_err(), "it is caught no sooner than it is ready");
    sensor.signal("HUP");
    sensor.await_ready();
    eventually("the reload", || sensor.log().contains("reload: in force").then_some(()));
    assert_eq!(sensor.terminate().code(), Some(0));
}

#[test]
fn a_shortage_of_descriptors_passes() {
    network::run("life::a_shortage_of_descriptors_passes_inside", &[]);
}

/// It is said once, and what goes meanwhile comes back.
#[test]
#[ignore = "run in a namespace"]
fn a_shortage_of_descriptors_passes_inside() {
    let directory = network::inside();
    let mut network = Network::new();
    let log = fs::File::create(directory.join("log")).unwrap();
    let mut short = Command::new("sh");
    short.args(["-c", "ulimit -n 20; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_geophone")]);
    let mut sensor = Sensor::spawn(&directory, CONFIG, short.env_remove("JOURNAL_STREAM").stderr(log));
    sensor.await_ready();
    network.cut();
    eventually("the loss", || sensor.log().contains("went away").then_some(()));
    let open: Vec<_> = (0..30).map(|_| TcpStream::connect(WEB).unwrap()).collect();
    eventually("no more", || sensor.log().contains("cannot accept").then_some(()));
    network.join();
    let word = "Too many open files";
    eventually("no handle", || {
        sensor.log().lines().any(|l| l.contains("va: ") && l.contains(word)).then_some(())
    });
    thread::sleep(Duration::from_secs(3));
    drop(open);
    eventually("the return", || sensor.log().contains("capturing again").then_some(()));
    eventually("answers", || sensor.metric(ALERTS));
    let log = sensor.log();
    assert_eq!(
        (log.matches("cannot accept").count(), log.matches("trying again\n").count()),
        (1, 1),
        "{log}"
    );
    let mut lookups = Lookups::new();
    lookups.send();
    eventually("an alert", || sensor.metric(ALERTS).filter(|n| *n == 1.0));
    assert_eq!(sensor.terminate().code(), Some(0));
}

#[test]
fn an_interface_of_several_workers_comes_back() {
    network::run("life::an_interface_of_several_workers_comes_back_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn an_interface_of_several_workers_comes_back_inside() {
    let directory = network::inside();
    let mut network = Network::new();
    let config = CONFIG.replace("ring_mib: 4", "ring_mib: 4\n  workers: 2");
    let mut sensor = Sensor::start_as(&directory, &config, &[]);
    for round in 1..=2 {
        let counted = |word: &str, times: usize| sensor.log().matches(word).count() == times;
        network.cut();
        eventually("the loss", || counted("went away", 2 * round).then_some(()));
        network.join();
        eventually("the return", || counted("capturing again", 2 * round).then_some(()));
        // Another client's each round: a worker tells of a lookup once an hour, and the kernel may choose another worker.
        Lookups::after(round as u16 - 1).send();
        eventually("packets", || sensor.metric(ALERTS).filter(|n| *n == round as f64));
    }
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
}

#[test]
fn a_worker_that_ended_is_missed() {
    if !Path::new("/dev/net/tun").exists() {
        let _ = writeln!(io::stderr(), "skipped a_worker_that_ended_is_missed: no /dev/net/tun here");
        return;
    }
    network::run("life::a_worker_that_ended_is_missed_inside", &[]);
}

/// The interface comes back without Ethernet, which the filter needs: it is of no use to wait. The other one goes on.
#[test]
#[ignore = "run in a namespace"]
fn a_worker_that_ended_is_missed_inside() {
    let directory = network::inside();
    let network = Network::new();
    let filter = "ring_mib: 4\n  filter: ip or ip6 or ether host 02:00:00:00:00:01";
    let config = CONFIG.replace("ring_mib: 4", filter);
    let log = fs::File::create(directory.join("log")).unwrap();
    let mut both = Command::new("sh");
    both.args(["-c", "exec \"$0\" \"$@\" -i lo", env!("CARGO_BIN_EXE_geophone")]).stderr(log);
    let mut sensor = Sensor::spawn(&directory, &config, &mut both);
    sensor.await_ready();
    let up = |interface: &str| sensor.metric(&format!("geophone_capture_up{{interface=\"{interface}\"}}"));
    assert_eq!((up("va"), up("lo")), (Some(1.0), Some(1.0)));
    network.cut();
    ip("tuntap add dev va mode tun");
    ip("link set va up");
    eventually("the end", || sensor.log().contains("va: not captured any more").then_some(()));
    // The thread ends a moment after it said so, and stays so.
    thread::sleep(Duration::from_secs(3));
    assert_eq!((up("va"), up("lo")), (Some(0.0), Some(1.0)), "{}", sensor.log());
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
}

#[test]
fn a_pipe_in_place_of_the_file_is_waited_out() {
    network::run("life::a_pipe_in_place_of_the_file_is_waited_out_inside", &["mkfifo"]);
}

#[test]
#[ignore = "run in a namespace"]
fn a_pipe_in_place_of_the_file_is_waited_out_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    let file = directory.join("eve.json");
    eventually("a file", || file.exists().then_some(()));
    fs::remove_file(&file).unwrap();
    make_pipe(&file);
    sensor.signal("HUP");
    eventually("failures", || sensor.metric(FAILED).filter(|n| *n > 0.0));
    Lookups::new().send();
    fs::remove_file(&file).unwrap();
    eventually("the alert", || {
        events(&file).iter().any(|event| event["event_type"] == "alert").then_some(())
    });
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_stop_is_no_fault() {
    network::run("life::a_stop_is_no_fault_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn a_stop_is_no_fault_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let mut sensor = Sensor::start(&directory, &[]);
    sensor.signal("STOP");
    thread::sleep(Duration::from_secs(11));
    sensor.signal("CONT");
    Lookups::new().send();
    eventually("an alert", || sensor.metric(ALERTS).filter(|n| *n == 1.0));
    thread::sleep(Duration::from_secs(2));
    assert!(!sensor.log().contains("has not come back"), "{}", sensor.log());
    assert_eq!(sensor.terminate().code(), Some(0));
}
