//! The rules for Prometheus against the program and their own documents: every metric, label and value that they ask
//! for is there, every alert says whom it is about and what to do, and was seen to fire and to stay silent. Where
//! Prometheus's and Alertmanager's own tools are there, they judge too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io::Write};

use geophone::metrics::{Entry, Kind};
use serde_yaml::Value;

#[path = "alerts/promql.rs"]
mod promql;

use promql::{Matcher, Selector};

const FOLDER: &str = "config/prometheus";
const RUNBOOKS: &str = "https://github.com/geophone/geophone/blob/main/docs/runbooks/";
/// The shortest range and the shortest `for` that a scrape a minute allows.
const RATE_AT_LEAST: u64 = 4 * 60;
const SCRAPES: u64 = 2;
/// Values of open labels that rules may name: the ledger's, the rules' and the kernel's own.
const WORDS: [(&str, &[&str]); 3] =
    [("client", &["other"]), ("interface", &["lo"]), ("pool", &["other", "unlisted"])];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&text(Path::new(FOLDER).join(name))).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Files of the folder whose names end so.
fn named(end: &str) -> Vec<String> {
    let names = fs::read_dir(root().join(FOLDER)).unwrap();
    let mut names: Vec<String> =
        names.map(|e| e.unwrap().file_name().into_string().unwrap()).filter(|n| n.ends_with(end)).collect();
    names.sort();
    names
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    value.get(key).and_then(Value::as_sequence).map(|s| s.iter().collect()).unwrap_or_default()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no {key} in {value:?}"))
}

/// Rules of a file with the seconds between two evaluations.
fn rules(file: &Value) -> Vec<(u64, &Value)> {
    let of_group = |group| {
        let interval = Value::as_str(group_key(group, "interval")).map_or(60, promql::seconds);
        list(group, "rules").into_iter().map(move |rule| (interval, rule))
    };
    list(file, "groups").into_iter().flat_map(of_group).collect()
}

fn group_key<'a>(group: &'a Value, key: &str) -> &'a Value {
    group.get(key).unwrap_or(&Value::Null)
}

fn alerts() -> BTreeMap<String, (u64, Value)> {
    let file = yaml("geophone.alerts.yaml");
    let all: Vec<_> =
        rules(&file).into_iter().map(|(i, r)| (word(r, "alert").to_owned(), (i, r.clone()))).collect();
    let count = all.len();
    let all: BTreeMap<_, _> = all.into_iter().collect();
    assert_eq!(all.len(), count, "two alerts have the same name");
    assert!(count > 15, "only {count} alerts");
    all
}

/// Names that are recorded, with what they are recorded of.
fn recorded() -> BTreeMap<String, String> {
    let file = yaml("geophone.rules.yaml");
    let all: BTreeMap<_, _> = rules(&file)
        .iter()
        .map(|(_, r)| (word(r, "record").to_owned(), word(r, "expr").to_owned()))
        .collect();
    assert!(all.len() > 20 && all.len() == rules(&file).len(), "two records have the same name");
    all
}

/// All expressions of both files, by the name of their rule.
fn expressions() -> Vec<(String, String)> {
    let alerts = alerts().into_iter().map(|(name, (_, rule))| (name, word(&rule, "expr").to_owned()));
    alerts.chain(recorded()).collect()
}

#[test]
fn what_is_asked_for_is_there() {
    let recorded = recorded();
    for (rule, expression) in expressions() {
        let selectors = promql::selectors(&expression).unwrap_or_else(|e| panic!("{rule}: {e}"));
        assert!(!selectors.is_empty(), "{rule}: asks for nothing");
        for selector in selectors {
            let job = Matcher { label: "job".into(), operator: "=".into(), value: "geophone".into() };
            assert!(selector.matchers.contains(&job), "{rule}: {} without the job", selector.metric);
            if selector.metric == "up" {
                continue;
            }
            if let Some(of) = recorded.get(&selector.metric) {
                assert!(of != &expression && !selector.metric.starts_with("geophone_"), "{rule}");
                continue;
            }
            let entry = Entry::named(&selector.metric)
                .unwrap_or_else(|| panic!("{rule}: no metric {}", selector.metric));
            for matcher in selector.matchers.iter().filter(|m| m.label != "job") {
                assert_eq!(fault(entry, matcher), None, "{rule}: {} {matcher:?}", selector.metric);
            }
            assert_eq!(misuse(entry, &selector), None, "{rule}: {selector:?}");
        }
    }
}

/// What is wrong with a matcher.
fn fault(entry: &Entry, matcher: &Matcher) -> Option<String> {
    let Some(label) = entry.label(&matcher.label) else { return Some("no such label".into()) };
    let is_pattern = matcher.operator.contains('~');
    if is_pattern && !matcher.value.contains(['|', '.']) {
        return Some("needs no regular expression".into());
    }
    if is_pattern && matcher.value.contains(['^', '$']) {
        return Some("Prometheus anchors patterns itself".into());
    }
    let open = WORDS.iter().find(|(name, _)| *name == matcher.label).map(|(_, words)| words.to_vec());
    let Some(values) = label.values().or(open) else { return Some("a value of an open label".into()) };
    let mut alternatives = matcher.value.split('|').filter(|_| is_pattern).collect::<Vec<_>>();
    if !is_pattern {
        return (!values.contains(&matcher.value.as_str())).then(|| "no such value".into());
    }
    alternatives.retain(|a| !values.iter().any(|value| promql::fits(a, value)));
    (!alternatives.is_empty()).then(|| format!("{alternatives:?} fit no value"))
}

/// What is wrong with the function that a metric stands in.
fn misuse(entry: &Entry, selector: &Selector) -> Option<&'static str> {
    let range = selector.range.as_deref().map(promql::seconds);
    match selector.function.as_str() {
        "rate" | "increase" if entry.kind != Kind::Counter => Some("only counters have a rate"),
        "rate" | "increase" if range.is_none_or(|r| r < RATE_AT_LEAST) => Some("the range is too short"),
        "max_over_time" | "avg_over_time" | "changes" if entry.kind == Kind::Counter => Some("a counter"),
        "rate" | "increase" | "max_over_time" | "avg_over_time" | "changes" => None,
        _ if range.is_some() => Some("a range without a function that wants it"),
        _ => None,
    }
}

#[test]
fn every_alert_says_whom_it_is_about_and_what_to_do() {
    for (name, (interval, rule)) in alerts() {
        assert!(name.starts_with("Geophone"), "{name}");
        let lasts = promql::seconds(word(&rule, "for"));
        assert!(lasts >= SCRAPES * interval, "{name}: a single evaluation would do");
        let labels = rule["labels"].as_mapping().unwrap();
        assert_eq!(labels.len(), 1, "{name}: severity and nothing else");
        assert!(["critical", "warning", "info"].contains(&word(&rule["labels"], "severity")), "{name}");

        let annotations = &rule["annotations"];
        let summary = word(annotations, "summary");
        assert!(summary.ends_with('.') && !summary.contains("{{"), "{name}: {summary}");
        let description = word(annotations, "description");
        let whose = ["$labels.instance", "$labels.job"].iter().any(|label| description.contains(label));
        assert!(whose && description.ends_with('.'), "{name}: {description}");
        assert_eq!(word(annotations, "runbook_url"), format!("{RUNBOOKS}{name}.md"));
        assert!(root().join(format!("docs/runbooks/{name}.md")).exists(), "{name} has no runbook");
        dashboard(&name, word(annotations, "dashboard_url"));
        if name.starts_with("GeophoneClientM") || name == "GeophoneClientHashrate" {
            assert!(description.contains("$labels.client"), "{name}: {description}");
        }
    }
}

/// The board is there, and has the variables that the link sets.
fn dashboard(alert: &str, link: &str) {
    let (board, variables) = link.split_once('?').unwrap_or((link, ""));
    let board = board.strip_prefix("/d/geophone-").unwrap_or_else(|| panic!("{alert}: {link}"));
    let file = format!("config/grafana/dashboards/{board}.json");
    let json: serde_json::Value = serde_json::from_str(&text(&file)).unwrap();
    assert_eq!(json["uid"], format!("geophone-{board}"), "{file}");
    let known = json["templating"]["list"].as_array().unwrap();
    for variable in variables.split('&').filter(|v| !v.is_empty()) {
        let name = variable.strip_prefix("var-").and_then(|v| v.split_once('=')).unwrap().0;
        assert!(known.iter().any(|v| v["name"] == name), "{alert}: {file} has no variable {name}");
        assert!(variable.contains(&format!("$labels.{name} | urlquery")), "{alert}: {variable}");
    }
}

#[test]
fn runbooks_and_index_are_those_of_the_alerts() {
    let page = text("docs/alerts.md");
    let mut rows = BTreeMap::new();
    for line in page.lines().filter(|l| l.starts_with("| [Geophone")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_start_matches('[').split(']').next().unwrap();
        assert_eq!(cells[1], format!("[{name}](runbooks/{name}.md)"));
        rows.insert(name.to_owned(), (cells[2].to_owned(), cells[3].to_owned()));
    }
    let alerts = alerts().into_iter().map(|(name, (_, rule))| {
        (name, (word(&rule["labels"], "severity").to_owned(), word(&rule, "for").to_owned()))
    });
    assert_eq!(rows, alerts.collect());

    let books = fs::read_dir(root().join("docs/runbooks")).unwrap();
    let books: BTreeSet<String> =
        books.map(|e| e.unwrap().file_name().into_string().unwrap().replace(".md", "")).collect();
    assert_eq!(books, rows.into_keys().collect());
    for name in books {
        let book = text(format!("docs/runbooks/{name}.md"));
        assert!(book.starts_with(&format!("# {name}\n")), "{name}");
        let product = ["Client", "Browser", "Pool", "Payee", "NewPool"].iter();
        let product = product.map(|p| format!("Geophone{p}")).any(|p| name.starts_with(&p));
        let told = product && name != "GeophoneClientsOverflow";
        let parts = ["## What it means", "## What to check", "## False alarms", "## What to do"];
        for part in parts.iter().chain(told.then_some(&"## What to tell the subscriber")) {
            assert!(book.lines().any(|l| l == *part), "{name}: no {part}");
        }
    }
}

#[test]
fn every_record_is_documented() {
    let page = text("docs/alerts.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|l| l.strip_prefix("| `")?.split('`').next())
        .filter(|n| n.contains(':'))
        .collect();
    let recorded = recorded();
    assert_eq!(rows, recorded.keys().map(String::as_str).collect());
    for name in recorded.keys() {
        let parts: Vec<&str> = name.split(':').collect();
        assert_eq!(parts.len(), 3, "{name} is not level:metric:operations");
        assert!(!parts[1].ends_with("_total"), "{name}: a rate is no counter");
    }
}

#[test]
fn every_alert_was_seen_to_fire_and_to_stay_silent() {
    let (mut fired, mut silent) = (BTreeSet::new(), BTreeSet::new());
    let alerts = alerts();
    for name in named(".test.yaml") {
        let file = yaml(&name);
        for test in list(&file, "tests") {
            let series: Vec<&str> = list(test, "input_series").iter().map(|s| word(s, "series")).collect();
            for check in list(test, "alert_rule_test") {
                let alert = word(check, "alertname");
                let (_, rule) = alerts.get(alert).unwrap_or_else(|| panic!("{name}: {alert} is no alert"));
                if !list(check, "exp_alerts").is_empty() {
                    fired.insert(alert.to_owned());
                } else if promql::selectors(word(rule, "expr")).unwrap().iter().all(|s| {
                    // Silent for want of figures would prove nothing.
                    series.iter().any(|given| given.starts_with(&format!("{}{{", s.metric)))
                }) {
                    silent.insert(alert.to_owned());
                }
            }
        }
    }
    let all: BTreeSet<String> = alerts.into_keys().collect();
    assert_eq!(fired, all);
    assert_eq!(silent, all);
}

#[test]
fn every_record_was_calculated() {
    let mut seen = BTreeSet::new();
    for name in named(".test.yaml") {
        for test in list(&yaml(&name), "tests") {
            for check in list(test, "promql_expr_test") {
                assert!(!list(check, "exp_samples").is_empty(), "{name}: {check:?}");
                let expression = word(check, "expr");
                let inner = expression.strip_prefix("round(").and_then(|e| e.split(',').next());
                seen.insert(inner.unwrap_or(expression).to_owned());
            }
        }
    }
    assert_eq!(seen, recorded().into_keys().collect());
}

#[test]
fn the_mixin_names_the_files_that_are_there() {
    let mixin = text("config/mixin/mixin.libsonnet");
    assert!(mixin.lines().count() <= 30, "it holds nothing of its own");
    let imported = mixin.split("importstr '").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned());
    let boards = fs::read_dir(root().join("config/grafana/dashboards")).unwrap();
    let boards =
        boards.map(|e| format!("../grafana/dashboards/{}", e.unwrap().file_name().into_string().unwrap()));
    let rules = ["alerts", "rules"].map(|r| format!("../prometheus/geophone.{r}.yaml"));
    assert_eq!(imported.collect::<BTreeSet<_>>(), boards.chain(rules).collect::<BTreeSet<_>>());
}

#[test]
fn the_examples_name_each_other() {
    let prometheus = yaml("prometheus.yaml");
    let files: Vec<&str> = list(&prometheus, "rule_files").iter().filter_map(|f| f.as_str()).collect();
    assert_eq!(files, ["geophone.rules.yaml", "geophone.alerts.yaml"]);
    assert!(list(&prometheus, "scrape_configs").iter().any(|s| word(s, "job_name") == "geophone"));

    let alerts = alerts();
    let manager = text(Path::new(FOLDER).join("alertmanager.yaml"));
    let named = promql::names(&manager, "Geophone");
    assert!(named.len() >= 3, "{named:?}");
    for name in named {
        assert!(alerts.contains_key(&name), "alertmanager.yaml: {name} is no alert");
    }
}

#[test]
fn the_real_programs_agree() {
    for name in [named(".rules.yaml"), named(".alerts.yaml")].concat() {
        judge("promtool", &["check", "rules", &name]);
    }
    for name in named(".test.yaml") {
        judge("promtool", &["test", "rules", &name]);
    }
    judge("promtool", &["check", "config", "prometheus.yaml"]);
    judge("amtool", &["check-config", "alertmanager.yaml"]);
}

/// Runs a program in the folder of the rules; says so where it is not there.
fn judge(program: &str, arguments: &[&str]) {
    let Some(path) = find(program) else {
        // Past the harness, which would keep the line of a test that passes.
        let _ = writeln!(std::io::stderr(), "skipped {program} {}: not installed", arguments.join(" "));
        return;
    };
    let output = Command::new(path).args(arguments).current_dir(root().join(FOLDER)).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&said));
}

/// A program of this machine, or one that scripts/setup unpacked beside what is built.
fn find(program: &str) -> Option<PathBuf> {
    let built = env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools/usr/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([built]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
