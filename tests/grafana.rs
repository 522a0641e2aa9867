//! The Grafana boards that ship, against the rules of grafana/dashboard-linter and against the program: every query
//! asks for metrics and labels that there are, every link leads to a board, every column is there, and promtool gets the
//! answers that panels promise. What a running Prometheus says of the queries is in `tests/live`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use geophone::metrics::{CATALOGUE, Entry};
use serde_json::{Value, json};

#[path = "grafana/answers.rs"]
mod answers;
#[path = "grafana/boards.rs"]
mod boards;
#[path = "grafana/links.rs"]
mod links;
#[path = "grafana/panels.rs"]
mod panels;
#[path = "grafana/queries.rs"]
mod queries;
#[path = "grafana/query.rs"]
mod query;

use boards::{Board, Use, list, text};
use query::{Selector, parse};

#[test]
fn boards_are_files_that_nobody_edits_in_place() {
    for board in boards::all() {
        let json = &board.json;
        assert_eq!(json["uid"], format!("geophone-{}", board.name), "alerts lead there");
        assert_eq!((&json["id"], &json["schemaVersion"]), (&Value::Null, &39.into()), "{}", board.name);
        assert_eq!((&json["editable"], &json["graphTooltip"]), (&false.into(), &1.into()), "{}", board.name);
        assert_eq!(json["tags"], json!(["geophone"]), "{}", board.name);
        assert!(text(&json["title"]).starts_with("geophone / ") && text(&json["description"]).ends_with('.'));
        assert_eq!(json["time"]["to"], "now", "{}", board.name);
        assert!(text(&json["refresh"]).ends_with(['s', 'm']), "{}", board.name);
        let link = &list(&json["links"])[0];
        assert_eq!((&link["type"], &link["tags"]), (&"dashboards".into(), &json["tags"]), "{}", board.name);
        assert_eq!((&link["keepTime"], &link["includeVars"]), (&true.into(), &true.into()), "{}", board.name);
        let annotations: Vec<&str> =
            board.queries().iter().filter(|q| q.of == Use::Annotation).map(|q| q.title).collect();
        assert_eq!(annotations, ["Alerts", "Restarts", "Reloads"], "{}", board.name);
    }
}

#[test]
fn variables_are_those_that_links_and_linters_know() {
    for board in boards::all() {
        let name = |v: &Value| text(&v["name"]).to_owned();
        let more = BTreeMap::from([("client", "client"), ("overview", "algorithm")]);
        let expected = ["datasource", "job", "instance"].into_iter().chain(more.get(&*board.name).copied());
        assert!(board.variables().iter().map(name).eq(expected), "{}", board.name);
        let source = &board.variables()[0];
        let of_source = [&source["type"], &source["query"], &source["label"]];
        assert_eq!(of_source, ["datasource", "prometheus", "Data Source"], "{}", board.name);
        for variable in &board.variables()[1..] {
            let name = text(&variable["name"]);
            let place = format!("{}: {name}", board.name);
            assert_eq!(variable["datasource"]["uid"], "${datasource}", "{place}");
            assert_eq!((&variable["type"], &variable["refresh"]), (&"query".into(), &2.into()), "{place}");
            assert_eq!(text(&variable["label"]).to_lowercase(), name, "{place}");
            let one = name == "client";
            assert_eq!(
                (&variable["multi"], &variable["includeAll"]),
                (&(!one).into(), &(!one).into()),
                "{place}"
            );
            assert_eq!(variable["allValue"].as_str(), (!one).then_some(".+"), "{place}");
            assert_eq!(variable["definition"], variable["query"]["query"], "{place}");
            label_values_of(text(&variable["definition"]), name).unwrap_or_else(|e| panic!("{place}: {e}"));
            let used = board
                .queries()
                .iter()
                .any(|q| [format!("${name}"), format!("${{{name}:")].iter().any(|v| q.text.contains(v)));
            assert!(used, "{place} is not used");
        }
    }
}

/// A variable's query asks a metric that there is for a label that it has.
fn label_values_of(query: &str, asked: &str) -> Result<(), String> {
    let inner = query.strip_prefix("label_values(").and_then(|q| q.strip_suffix(')'));
    let (selector, label) = inner.and_then(|q| q.rsplit_once(", ")).ok_or("is no label_values")?;
    if label != asked {
        return Err(format!("asks for {label}"));
    }
    let labels = parse(selector)?.labels(&labels_of)?.ok_or("is no selector")?;
    labels.contains(label).then_some(()).ok_or_else(|| format!("{selector} has no {label}"))
}

#[test]
fn provisioning_finds_prometheus_and_the_boards() {
    let sources = yaml("config/grafana/provisioning/datasources/geophone.yaml");
    let source = &sources["datasources"][0];
    assert_eq!((&sources["apiVersion"], &source["type"]), (&1.into(), &"prometheus".into()));
    assert_eq!((&source["access"], &source["isDefault"]), (&"proxy".into(), &true.into()));
    assert!(text(&source["url"]).starts_with("http://") && source["uid"].is_string());
    let scraped = &yaml("config/prometheus/prometheus.yaml")["global"]["scrape_interval"];
    assert_eq!(&source["jsonData"]["timeInterval"], scraped, "or rates are over too little");
    let providers = yaml("config/grafana/provisioning/dashboards/geophone.yaml");
    let provider = &providers["providers"][0];
    assert_eq!((&providers["apiVersion"], &provider["type"]), (&1.into(), &"file".into()));
    assert_eq!((&provider["allowUiUpdates"], &provider["disableDeletion"]), (&false.into(), &true.into()));
    assert_eq!(provider["options"]["path"], "/var/lib/grafana/dashboards/geophone");
}

#[test]
fn the_page_names_every_board_and_variable() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dashboards.md")).unwrap();
    for board in boards::all() {
        for words in [format!("{}.json", board.name), format!("geophone-{}", board.name)] {
            assert!(page.contains(&words), "docs/dashboards.md: no {words}");
        }
        for variable in board.variables() {
            let name = format!("`{}`", text(&variable["name"]));
            assert!(page.contains(&name), "docs/dashboards.md: no {name}");
        }
    }
}

/// Calls `check` with each panel, and where it is for people.
fn each_panel(mut check: impl FnMut(&Board, &Value, &str)) {
    for board in boards::all() {
        for panel in board.panels() {
            check(&board, panel, &board.place(panel));
        }
    }
}

/// What the catalogue says of a metric.
fn entry(metric: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == metric)
}

/// The labels of a metric: its own, and those of the scrape.
fn labels_of(selector: &Selector) -> BTreeSet<String> {
    let own: Vec<&str> = match (selector.metric.as_str(), entry(&selector.metric)) {
        ("up", _) => Vec::new(),
        // Prometheus's own, of those that `config/prometheus` has; not each has a client.
        ("ALERTS", _) => vec!["alertname", "alertstate", "severity", "client"],
        (_, Some(entry)) => entry.labels.iter().map(|label| label.name).collect(),
        (metric, None) => panic!("{metric} is no metric of the catalogue"),
    };
    own.into_iter().chain(["job", "instance"]).map(str::to_owned).collect()
}

/// A file of the tree.
fn yaml(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
