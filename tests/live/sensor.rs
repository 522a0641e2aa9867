//! The real program as its operator has it: started, asked over HTTP, sent signals, and read by its event file.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use jsonschema::Validator;
use serde_json::Value;

use super::network::INTERFACE;

pub(crate) const WEB: &str = "127.0.0.1:9810";

/// A running `geophone run`; killed where a test fails, with its log told.
pub(crate) struct Sensor {
    child: Child,
    directory: PathBuf,
}

impl Sensor {
    /// Starts it with rules and event file in `directory`, and waits until it is ready.
    pub(crate) fn start(directory: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_as(directory, CONFIG, environment)
    }

    /// The same with another configuration; `DIRECTORY` in it is the directory.
    pub(crate) fn start_as(directory: &Path, config_text: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = program();
        command.envs(environment.iter().copied()).stderr(File::create(directory.join("log")).unwrap());
        let mut sensor = Self::spawn(directory, config_text, &mut command);
        sensor.await_ready();
        sensor
    }

    /// The same of a command of the test's own, and without waiting.
    pub(crate) fn spawn(directory: &Path, config_text: &str, command: &mut Command) -> Self {
        let config = directory.join("geophone.yaml");
        fs::write(&config, config_text.replace("DIRECTORY", directory.to_str().unwrap())).unwrap();
        let rules = directory.join("rules");
        fs::create_dir_all(&rules).unwrap();
        for name in ["detections.yaml", "pools.hosts"] {
            let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name);
            fs::copy(shipped, rules.join(name)).unwrap();
        }
        let child = command.args(["run", "-i", INTERFACE, "-c"]).arg(&config).spawn().unwrap();
        Self { child, directory: directory.to_owned() }
    }

    pub(crate) fn await_ready(&mut self) {
        eventually("ready", || {
            assert!(self.child.try_wait().unwrap().is_none(), "ended at once");
            http(WEB, "/-/ready").filter(|(status, _)| *status == 200)
        });
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Asks it to end; gives how it did.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        let start = now();
        let status = eventually("the end", || self.child.try_wait().unwrap());
        assert!(start.elapsed() < Duration::from_secs(5), "took {:?} to end", start.elapsed());
        status
    }

    /// The value of a metric as it stands in the text, labels included.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let (status, text) = http(WEB, "/metrics")?;
        assert_eq!(status, 200, "{text}");
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(value.parse().unwrap())
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("log of the sensor:\n{}", self.log());
        }
    }
}

/// The program, told nothing by the environment of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_geophone"));
    command.env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM");
    command
}

/// The events of a file, each valid by the published schema. A line that is still being written is left out.
pub(crate) fn events(path: &Path) -> Vec<Value> {
    let validator = validator();
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let parse = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let faults: Vec<String> = validator.iter_errors(&event).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}: {line}");
        event
    };
    whole.map(parse).collect()
}

fn validator() -> Validator {
    let schema = serde_json::from_str(include_str!("../../docs/eve.schema.json")).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Long enough for all that is waited for, on a slow machine too.
pub(crate) const WAIT: Duration = Duration::from_secs(60);

/// Asks until there is an answer, which must come.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(WAIT, ask).unwrap_or_else(|| panic!("no sign of: {what}"))
}

/// Asks until there is an answer or no time left.
pub(crate) fn within<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > time {
            return None;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Status and body of a GET; `None` while nobody listens.
pub(crate) fn http(address: &str, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    // HTTP/1.0, so that the answer comes in one piece and ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[expect(clippy::disallowed_methods, reason = "tests wait in real time")]
fn now() -> Instant {
    Instant::now()
}

/// The configuration of most tests.
pub(crate) const CONFIG: &str = "
capture:
  ring_mib: 4
rules:
  directory: DIRECTORY/rules
events:
  file: DIRECTORY/eve.json
  stats_interval: 1s
";
