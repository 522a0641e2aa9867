//! A real Prometheus that scrapes the sensor every second, asked through its own HTTP interface.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};

use serde_json::Value;

use super::sensor::{WAIT, WEB, http, within};

const LISTEN: &str = "127.0.0.1:9090";

/// A running server.
pub(crate) struct Prometheus(Child);

impl Prometheus {
    /// Starts one with its data in `directory`.
    pub(crate) fn start(directory: &Path) -> Self {
        let config = directory.join("prometheus.yaml");
        let scrape =
            format!("scrape_configs: [{{job_name: geophone, static_configs: [{{targets: ['{WEB}']}}]}}]");
        fs::write(&config, format!("global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n{scrape}\n"))
            .unwrap();
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
        let Some((status, body)) = http(LISTEN, &format!("/api/v1/query?query={escaped}")) else {
            return Vec::new(); // not up yet
        };
        if status == 503 {
            return Vec::new();
        }
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &answer["data"]["resultType"]), (200, &"vector".into()), "{expression}: {body}");
        let mut series: Vec<_> = answer["data"]["result"].as_array().unwrap().iter().map(sample).collect();
        series.sort_by(|a, b| a.0.cmp(&b.0));
        series
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
