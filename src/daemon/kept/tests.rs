//! The file over a restart: whole, absent, spoilt, somebody else's, unwritable.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::detect::Dialect;
use crate::learned::Known;
use crate::packet::{Endpoint, Time};

/// A directory that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("geophone-kept-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> PathBuf {
        self.0.join("endpoints.jsonl")
    }

    /// What is in it, but for the lock.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "endpoints.jsonl.lock");
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOW: Time = Time(1_700_000_000_000_000);

fn taught(count: u8) -> Arc<Learned> {
    let learned = Learned::default();
    for n in 0..count {
        let endpoint = Endpoint { addr: [192, 0, 2, n].into(), port: 3333 };
        let known = Known {
            dialect: Dialect::Cryptonote,
            name: Some("pool.example.com".into()),
            pool: Some("Exa\"mple\n\u{fffd}".into()),
            coin: None,
        };
        learned.endpoint(endpoint, known, NOW);
    }
    Arc::new(learned)
}

#[test]
fn what_is_written_comes_back() {
    let folder = Folder::new();
    let learned = taught(3);
    let kept = Kept::open(folder.path(), Arc::clone(&learned)).unwrap();
    kept.save();
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(folder.names(), ["endpoints.jsonl"], "nothing is left beside it");
    let again = taught(0);
    let Found::Endpoints { saved, bad: None } = read(&folder.path()).unwrap() else { panic!("ours") };
    again.restore(saved);
    assert_eq!(again.endpoints(), learned.endpoints());
    assert_eq!(again.endpoints().len(), 3);
}

#[test]
fn it_is_written_only_when_changed() {
    let folder = Folder::new();
    let learned = taught(1);
    let kept = Kept::open(folder.path(), Arc::clone(&learned)).unwrap();
    kept.save();
    fs::remove_file(folder.path()).unwrap();
    kept.save();
    assert!(folder.names().is_empty(), "the same again is not written");
    let endpoint = Endpoint { addr: [192, 0, 2, 0].into(), port: 3333 };
    let known = Known { dialect: Dialect::Bitcoin, name: None, pool: None, coin: None };
    learned.endpoint(endpoint, known, Time(NOW.0 + 1));
    kept.save();
    assert_eq!(folder.names(), ["endpoints.jsonl"]);
}

#[test]
fn spoilt_lines_cost_themselves_only() {
    let folder = Folder::new();
    let kept = Kept::open(folder.path(), taught(2)).unwrap();
    kept.save();
    let good = fs::read_to_string(folder.path()).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let long = format!("{{\"address\":\"{}\"}}", "9".repeat(100_000));
    let unknown = lines[1].replace("cryptonote", "nosuch");
    let text = [lines[0], "", lines[1], "{\"address\":", &long, "\u{0}", &unknown, lines[2]].join("\n");
    fs::write(folder.path(), [text.as_bytes(), b"\n\xff\xfe"].concat()).unwrap();
    let Found::Endpoints { saved, bad } = read(&folder.path()).unwrap() else { panic!("ours") };
    assert_eq!((saved.len(), bad), (2, Some((2, 6))));
    // Cut at every byte: never more than there was, never a fault.
    for cut in 0..good.len() {
        fs::write(folder.path(), &good.as_bytes()[..cut]).unwrap();
        match read(&folder.path()).unwrap() {
            Found::Nothing => assert_eq!(cut, 0),
            Found::Stranger => assert!(cut < HEAD.len(), "{cut}"),
            Found::Endpoints { saved, .. } => assert!(saved.len() <= 2 && cut >= HEAD.len(), "{cut}"),
        }
    }
}

#[test]
fn what_is_not_ours_is_moved_aside() {
    let folder = Folder::new();
    for text in ["passwd:x:0", "another file\n"] {
        fs::write(folder.path(), text).unwrap();
        fs::remove_file(folder.0.join("endpoints.jsonl.lock")).unwrap_or_default();
        Kept::open(folder.path(), taught(1)).unwrap().save();
    }
    assert_eq!(folder.names(), ["endpoints.jsonl", "endpoints.jsonl.bad", "endpoints.jsonl.bad.1"]);
    assert_eq!(fs::read_to_string(folder.0.join("endpoints.jsonl.bad")).unwrap(), "passwd:x:0");
    assert_eq!(fs::read_to_string(folder.0.join("endpoints.jsonl.bad.1")).unwrap(), "another file\n");
    for n in 2..10 {
        fs::write(folder.0.join(format!("endpoints.jsonl.bad.{n}")), "").unwrap();
    }
    fs::write(folder.path(), "a third one").unwrap();
    fs::remove_file(folder.0.join("endpoints.jsonl.lock")).unwrap();
    assert!(Kept::open(folder.path(), taught(1)).is_none(), "no name left: nothing is overwritten");
    assert_eq!(fs::read_to_string(folder.path()).unwrap(), "a third one");
}

#[test]
fn what_cannot_be_read_or_written_is_survived() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    assert!(Kept::open(folder.path(), taught(1)).is_none(), "a directory");
    let nowhere = folder.0.join("nowhere/file");
    let kept = Kept::open(nowhere.clone(), taught(1)).unwrap();
    kept.save();
    assert!(kept.state.lock().unwrap().failing);
    fs::create_dir(folder.0.join("nowhere")).unwrap();
    kept.save();
    assert!(!kept.state.lock().unwrap().failing && nowhere.exists(), "tried again without being told");
}

#[test]
fn a_file_is_one_process_s() {
    let folder = Folder::new();
    let first = Kept::open(folder.path(), taught(2)).unwrap();
    assert!(Kept::open(folder.path(), taught(0)).is_none(), "it would be written by both");
    first.save();
    drop(first);
    let later = taught(0);
    // A process that another test is about to start has a copy of the lock for a moment.
    let mut tries = (0..200).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        Kept::open(folder.path(), Arc::clone(&later))
    });
    assert!(tries.any(|kept| kept.is_some()), "whatever ended the first");
    assert_eq!(later.endpoints().len(), 2);
}

#[test]
fn a_pipe_is_not_waited_for() {
    // In place of the file it is left alone; in place of the lock there is none.
    for (ending, keeps) in [("", false), (".lock", true)] {
        let folder = Folder::new();
        let pipe = beside(&folder.path(), ending);
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        let (path, (done, wait)) = (folder.path(), std::sync::mpsc::channel());
        std::thread::spawn(move || done.send(Kept::open(path, taught(1)).is_some()));
        assert_eq!(wait.recv_timeout(std::time::Duration::from_secs(30)), Ok(keeps), "{ending}");
    }
}
