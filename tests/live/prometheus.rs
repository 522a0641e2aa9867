//! A real Prometheus that scrapes the sensor every second, asked through its own HTTP interface.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};

use serde_json::Value;

use super::sensor::{WAIT, WEB, eventually, http, within};

const LISTEN: &str = "127.0.0.1:9090";

/// A running server.
pub(crate) struct Prometheus(Child);

impl Prometheus {
    /// Starts one with its data in `directory`.
    pub(crate) fn start(directory: &Path) -> Self {
        let scrape =
            format!("scrape_configs: [{{job_name: geophone, static_configs: [{{targets: ['{WEB}']}}]}}]");
        Self::start_as(directory, &format!("global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n{scrape}\n"))
    }

    /// The same with another configuration.
    pub(crate) fn start_as(directory: &Path, text: &str) -> Self {
        let config = directory.join("prometheus.yaml");
        fs::write(&config, text).unwrap();
        let log = File::create(directory.join("prometheus.log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("tsdb").display()))
            .arg(format!("--web.listen-address={LISTEN}"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Adds lines to its configuration, which it takes up in a moment.
    pub(crate) fn append(&self, directory: &Path, lines: &str) {
        let mut config = File::options().append(true).open(directory.join("prometheus.yaml")).unwrap();
        config.write_all(lines.as_bytes()).unwrap();
        let reload = format!("kill -s HUP {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &reload]).status().unwrap().success());
    }

    /// Waits until an expression gives these series and no others.
    pub(crate) fn await_series(&self, expression: &str, expected: &[(&str, f64)]) {
        let mut last = Vec::new();
        let equal = within(WAIT, || {
            last = self.query(expression);
            (last.iter().map(|(labels, value)| (labels.as_str(), *value)).eq(expected.iter().copied()))
                .then_some(())
        });
        assert!(equal.is_some(), "{expression}: {last:?} instead of {expected:?}");
    }

    /// The series an expression gives now, as `label=value,…` without those of the scrape, in order.
    pub(crate) fn query(&self, expression: &str) -> Vec<(String, f64)> {
        let escaped: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let Some(data) = self.get(&format!("/api/v1/query?query={escaped}")) else {
            return Vec::new(); // not up yet
        };
        assert_eq!(data["resultType"], "vector", "{expression}: {data}");
        let mut series: Vec<_> = data["result"].as_array().unwrap().iter().map(sample).collect();
        series.sort_by(|a, b| a.0.cmp(&b.0));
        series
    }

    /// All rules it has, as it tells of them, once each has been evaluated.
    pub(crate) fn rules(&self) -> Vec<Value> {
        let loaded = || {
            let groups =
                self.get("/api/v1/rules")?["groups"].as_array().cloned().filter(|g| !g.is_empty())?;
            let rules: Vec<Value> =
                groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect();
            rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
        };
        eventually("rules that were evaluated", loaded)
    }

    /// The alerts that it has pending or firing.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        let data = self.get("/api/v1/alerts").expect("it answers");
        data["alerts"].as_array().unwrap().clone()
    }

    /// The data of an answer of its API; `None` while it is not up.
    fn get(&self, path: &str) -> Option<Value> {
        let (status, body) = http(LISTEN, path).filter(|(status, _)| *status != 503)?;
        assert_eq!(status, 200, "{path}: {body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        Some(answer["data"].clone())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sample(series: &Value) -> (String, f64) {
    let labels = series["metric"].as_object().unwrap().iter();
    let own = labels.filter(|(name, _)| !["__name__", "instance", "job"].contains(&name.as_str()));
    let mut own: Vec<String> =
        own.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
    own.sort();
    (own.join(","), series["value"][1].as_str().unwrap().parse().unwrap())
}
