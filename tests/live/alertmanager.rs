//! A real Alertmanager with the routes that ship, and who it tells: a server that keeps what it is sent.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::sensor::{http, within};

pub(crate) const LISTEN: &str = "127.0.0.1:9093";
pub(crate) const WEBHOOK: &str = "127.0.0.1:9811";

/// Longer than what an alert takes from its cause to its receiver, and back to rest.
const WAIT: Duration = Duration::from_secs(120);

/// A running server.
pub(crate) struct Alertmanager(Child);

impl Alertmanager {
    /// Starts one with its data in `directory`, and waits until it is ready.
    pub(crate) fn start_as(directory: &Path, text: &str) -> Self {
        let config = directory.join("alertmanager.yaml");
        fs::write(&config, text).unwrap();
        let log = File::create(directory.join("alertmanager.log")).unwrap();
        let child = command()
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", directory.join("alertmanager").display()))
            .arg(format!("--web.listen-address={LISTEN}"))
            .arg("--cluster.listen-address=")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self(child);
        let ready = within(WAIT, || http(LISTEN, "/-/ready").filter(|(status, _)| *status == 200));
        assert!(ready.is_some(), "{}", fs::read_to_string(directory.join("alertmanager.log")).unwrap());
        server
    }

    /// Hands in alerts as a Prometheus does.
    pub(crate) fn post(&self, alerts: &Value) {
        let body = alerts.to_string();
        let mut stream = TcpStream::connect(LISTEN).unwrap();
        write!(
            stream,
            "POST /api/v2/alerts HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.split(' ').nth(1) == Some("200"), "{answer}");
    }

    /// The alerts of this name that it holds now, silenced and inhibited ones too.
    pub(crate) fn alerts(&self, name: &str) -> Vec<Value> {
        let (status, body) = http(LISTEN, "/api/v2/alerts").expect("it answers");
        assert_eq!(status, 200, "{body}");
        let mut alerts: Vec<Value> = serde_json::from_str(&body).unwrap();
        alerts.retain(|alert| alert["labels"]["alertname"] == name);
        alerts
    }
}

/// Debian's looks for its templates below `/usr/share` only. Where it was unpacked elsewhere, it sees that place there.
fn command() -> Command {
    const NAME: &str = "prometheus-alertmanager";
    if Path::new("/usr/share/prometheus/alertmanager").exists() {
        return Command::new(NAME);
    }
    let path = std::env::var_os("PATH").unwrap();
    let program = std::env::split_paths(&path).map(|folder| folder.join(NAME)).find(|file| file.is_file());
    let share = program.unwrap().parent().unwrap().with_file_name("share");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /usr/share && exec \"$@\""]);
    command.arg(share).arg(NAME);
    command
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What came to the webhook: each alert with the `receiver` and `status` it came with.
#[derive(Clone)]
pub(crate) struct Receiver(Arc<Mutex<Vec<Value>>>);

impl Receiver {
    /// Listens.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(WEBHOOK).unwrap();
        let receiver = Self(Arc::default());
        let also = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                also.take(stream.unwrap());
            }
        });
        receiver
    }

    /// All that came so far.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }

    /// Waits for an alert of this name and status whose labels hold these.
    pub(crate) fn wait(&self, name: &str, status: &str, labels: &[(&str, &str)]) -> Value {
        let fits = |alert: &Value| {
            alert["labels"]["alertname"] == name
                && alert["status"] == status
                && labels.iter().all(|(label, value)| alert["labels"][*label] == *value)
        };
        let found = within(WAIT, || self.all().into_iter().find(fits));
        found.unwrap_or_else(|| panic!("no {name} {labels:?} that is {status} among {:#?}", self.all()))
    }

    /// One connection, with one notification (Alertmanager's webhook, version 4).
    fn take(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while stream.read_line(&mut line).unwrap_or(0) > 2 {
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if length == 0 || stream.read_exact(&mut body).is_err() {
            return;
        }
        let told: Value = serde_json::from_slice(&body).unwrap();
        let alerts = told["alerts"].as_array().unwrap().iter().cloned().map(|mut alert| {
            alert["receiver"] = told["receiver"].clone();
            alert
        });
        self.0.lock().unwrap().extend(alerts);
        let _ =
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
}
