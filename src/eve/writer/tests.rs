//! The queue and its thread against files that come and go.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::super::sample;
use super::*;

/// A directory that goes with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("geophone-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("eve.json")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn start(file: PathBuf, queue: usize) -> Writer {
    let settings = Settings { destination: Destination::File(file), queue, retry: Duration::from_millis(5) };
    Writer::start(settings, Renderer::default()).unwrap()
}

fn send(sender: &Sender, ids: impl IntoIterator<Item = u64>) {
    for id in ids {
        sender.send(&"eth0".into(), sample::numbered(id));
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..2000 {
        if done() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("waited 10 s for: {what}");
}

/// The flow ids in a file, in order; each line must be whole.
fn ids(file: &Path) -> Vec<u64> {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["flow_id"].as_u64().unwrap())
        .collect()
}

const LONG: Duration = Duration::from_secs(10);

#[test]
fn writes_in_order_and_drains() {
    let dir = Dir::new("order");
    let writer = start(dir.file(), 8192);
    let (sender, counters) = (writer.sender(), writer.counters());
    send(&sender, 0..3000);
    sender.send_stats(StatsRecord::default());
    writer.drain(LONG).unwrap();
    assert_eq!(counters.sent(Kind::MiningSession), 3000);
    assert_eq!((counters.sent(Kind::Stats), counters.sent(Kind::Alert)), (1, 0));
    assert_eq!((counters.written(), counters.dropped(), counters.write_errors()), (3001, 0, 0));
    let text = fs::read_to_string(dir.file()).unwrap();
    assert_eq!(text.lines().count(), 3001);
    assert!(text.lines().enumerate().take(3000).all(|(i, l)| l.contains(&format!("\"flow_id\":{i},"))));
    let mode = fs::metadata(dir.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777 & !0o640, 0, "more than 0640: {mode:o}");

    send(&sender, [1]);
    assert_eq!(counters.dropped(), 1, "after the end nobody reads the queue");
}

#[test]
fn appends_after_a_line_that_an_earlier_run_left_half() {
    let dir = Dir::new("half");
    fs::write(dir.file(), "{\"flow_id\":1}\n{\"flow").unwrap();
    let writer = start(dir.file(), 8);
    send(&writer.sender(), [2]);
    writer.drain(LONG).unwrap();
    let text = fs::read_to_string(dir.file()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["{\"flow_id\":1}", "{\"flow"]);
    assert!(lines[2].starts_with("{\"timestamp\"") && lines.len() == 3);
}

#[test]
fn reopens_after_a_rename() {
    let dir = Dir::new("rename");
    let (old, new) = (dir.0.join("eve.json.1"), dir.file());
    let writer = start(dir.file(), 64);
    let (sender, counters) = (writer.sender(), writer.counters());
    send(&sender, [1]);
    until("the first line", || counters.written() == 1);
    fs::rename(&new, &old).unwrap();
    send(&sender, [2]);
    until("the second line", || counters.written() == 2);
    writer.reopen();
    until("the new file", || new.exists());
    send(&sender, [3]);
    writer.drain(LONG).unwrap();
    assert_eq!((ids(&old), ids(&new)), (vec![1, 2], vec![3]));
}

#[test]
fn keeps_what_fits_the_queue_until_the_directory_is_there() {
    let dir = Dir::new("directory");
    let file = dir.0.join("later/eve.json");
    let writer = start(file.clone(), 4);
    let (sender, counters) = (writer.sender(), writer.counters());
    send(&sender, 0..20);
    assert_eq!((counters.sent(Kind::MiningSession), counters.dropped()), (4, 16));
    until("a second try", || counters.write_errors() >= 2);
    assert!(counters.is_failing() && counters.written() == 0);
    fs::create_dir(dir.0.join("later")).unwrap();
    until("the lines", || counters.written() == 4);
    assert!(!counters.is_failing());
    send(&sender, [20]);
    writer.drain(LONG).unwrap();
    assert_eq!(ids(&file), [0, 1, 2, 3, 20]);
}

#[test]
fn a_full_disk_is_counted_and_waited_for() {
    let dir = Dir::new("full");
    symlink("/dev/full", dir.file()).unwrap();
    let writer = start(dir.file(), 64);
    let counters = writer.counters();
    send(&writer.sender(), 0..3);
    until("write errors", || counters.write_errors() >= 3);
    assert!(counters.is_failing());
    fs::remove_file(dir.file()).unwrap();
    until("the lines", || counters.written() == 3);
    writer.drain(LONG).unwrap();
    assert_eq!(ids(&dir.file()), [0, 1, 2]);
    assert_eq!(counters.dropped(), 0);
}

#[test]
fn drain_gives_up_on_a_full_disk_at_the_deadline() {
    let writer = start("/dev/full".into(), 64);
    let counters = writer.counters();
    send(&writer.sender(), 0..3);
    let undrained = writer.drain(Duration::from_millis(300)).unwrap_err();
    assert_eq!(undrained, Undrained { lost: 3 });
    assert_eq!((counters.dropped(), counters.written()), (3, 0));
    assert!(counters.write_errors() > 0);
}

#[test]
fn drain_gives_up_on_a_stuck_pipe_at_the_deadline() {
    let dir = Dir::new("pipe");
    let made = Command::new("mkfifo").arg(dir.file()).status().unwrap();
    assert!(made.success());
    let writer = start(dir.file(), 64);
    send(&writer.sender(), [1]);
    assert_eq!(writer.drain(Duration::from_millis(100)), Err(Undrained { lost: 1 }));
    // Lets the thread out of its open.
    let _ = fs::OpenOptions::new().read(true).write(true).open(dir.file());
}

#[test]
fn nowhere_counts_and_writes_nothing() {
    let writer = Writer::start(Settings::default(), Renderer::default()).unwrap();
    let counters = writer.counters();
    send(&writer.sender(), 0..3);
    writer.reopen();
    writer.drain(Duration::ZERO).unwrap();
    assert_eq!((counters.sent(Kind::MiningSession), counters.dropped()), (3, 0));
}

#[test]
fn dropping_the_handle_ends_the_thread_after_what_waits() {
    let dir = Dir::new("drop");
    let writer = start(dir.file(), 64);
    let counters = writer.counters();
    let sender = writer.sender();
    send(&sender, [1]);
    drop(writer);
    until("the line", || counters.written() == 1);
    until("the end", || {
        send(&sender, [2]);
        counters.dropped() > 0
    });
}

#[test]
fn a_path_of_a_dash_is_standard_output() {
    assert_eq!(Destination::from(None), Destination::Nowhere);
    assert_eq!(Destination::from(Some("-".into())), Destination::Stdout);
    assert_eq!(Destination::from(Some("/x/-".into())), Destination::File("/x/-".into()));
}
