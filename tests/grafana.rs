//! The Grafana boards that ship, against the rules of grafana/dashboard-linter and against the program: every query
//! asks for metrics and labels that there are, every link leads to a board and every column is there. What a real
//! Prometheus says of the queries is in `tests/live`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use geophone::metrics::{CATALOGUE, Entry, Kind, label_values};
use serde_json::Value;

#[path = "grafana/boards.rs"]
mod boards;
#[path = "grafana/query.rs"]
mod query;

use boards::{Board, Query, Use, list, text};
use query::{Expr, Selector, parse};

const PANELS: [&str; 9] =
    ["bargauge", "heatmap", "piechart", "row", "stat", "state-timeline", "table", "text", "timeseries"];

/// Units of Grafana (its `valueFormats/categories.ts`) that the boards use.
const UNITS: [&str; 11] =
    ["Bps", "Hs", "bytes", "cps", "dateTimeFromNow", "locale", "none", "ops", "percentunit", "pps", "s"];

fn each_panel(mut check: impl FnMut(&Board, &Value, &str)) {
    for board in boards::all() {
        for panel in board.panels() {
            check(&board, panel, &board.place(panel));
        }
    }
}

fn each_query(mut check: impl FnMut(&Query<'_>, &Expr)) {
    for board in boards::all() {
        for query in board.queries() {
            let expr = parse(query.text).unwrap_or_else(|e| panic!("{}: {e}", query.place));
            check(&query, &expr);
        }
    }
}

fn each_selector(mut check: impl FnMut(&Query<'_>, &Selector, &[&Expr])) {
    each_query(|query, expr| {
        expr.walk(&mut Vec::new(), &mut |selector, above| check(query, selector, above))
    });
}

#[test]
fn boards_are_files_that_nobody_edits_in_place() {
    for board in boards::all() {
        let json = &board.json;
        assert_eq!(json["uid"], format!("geophone-{}", board.name), "alerts lead there");
        assert_eq!((&json["id"], &json["schemaVersion"]), (&Value::Null, &39.into()), "{}", board.name);
        assert_eq!((&json["editable"], &json["graphTooltip"]), (&false.into(), &1.into()), "{}", board.name);
        assert_eq!(json["tags"], serde_json::json!(["geophone"]), "{}", board.name);
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
            let used = board.queries().iter().any(|q| q.text.contains(&format!("${name}")));
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
fn panels_say_what_they_show_and_stand_beside_each_other() {
    for board in boards::all() {
        let mut taken = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for panel in board.panels() {
            let place = board.place(panel);
            assert!(PANELS.contains(&text(&panel["type"])), "{place}");
            assert!(
                ids.insert(panel["id"].as_u64()) && panel["id"].is_u64(),
                "{place}: its id is not its own"
            );
            assert!(!text(&panel["title"]).is_empty(), "{place}");
            if panel["type"] != "row" {
                assert!(text(&panel["description"]).ends_with('.'), "{place}: no description");
            }
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            assert!(w > 0 && h > 0 && x + w <= 24, "{place}: past the edge");
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (y, x))) {
                let other = taken.insert(cell, place.clone());
                assert!(other.is_none(), "{place} lies over {other:?}");
            }
        }
        let rows = taken.keys().map(|(y, _)| y + 1).max().unwrap();
        assert_eq!(taken.len() as u64, rows * 24, "{}: a hole in the grid", board.name);
    }
}

#[test]
fn panels_have_sources_units_and_words_for_nothing() {
    each_panel(|_, panel, place| {
        if ["row", "text"].contains(&text(&panel["type"])) {
            return;
        }
        let sources = list(&panel["targets"]).iter().chain([panel]).map(|of| &of["datasource"]["uid"]);
        assert!(sources.into_iter().all(|uid| uid == "${datasource}"), "{place}");
        let defaults = &panel["fieldConfig"]["defaults"];
        assert!(!text(&defaults["noValue"]).is_empty(), "{place}: nothing is said where there is nothing");
        let overrides = list(&panel["fieldConfig"]["overrides"]).iter().flat_map(|o| list(&o["properties"]));
        let units = overrides.clone().filter(|p| p["id"] == "unit").map(|p| &p["value"]);
        for unit in units.chain([&defaults["unit"]]) {
            assert!(UNITS.contains(&text(unit)) || unit == "short", "{place}: {unit} is no unit");
        }
        let thresholds = overrides.filter(|p| p["id"] == "thresholds").map(|p| &p["value"]);
        for threshold in thresholds.chain([&defaults["thresholds"]]) {
            let values: Vec<Option<f64>> =
                list(&threshold["steps"]).iter().map(|s| s["value"].as_f64()).collect();
            assert!(values.first() == Some(&None) && values.is_sorted(), "{place}: {values:?}");
            assert!(values[1..].iter().all(Option::is_some), "{place}: {values:?}");
        }
    });
}

#[test]
fn targets_ask_as_their_panels_show() {
    each_panel(|_, panel, place| {
        let now = ["stat", "table", "bargauge", "piechart"].contains(&text(&panel["type"]));
        let table = panel["type"] == "table";
        for (at, target) in list(&panel["targets"]).iter().enumerate() {
            assert_eq!(target["refId"], String::from(char::from(b'A' + at as u8)), "{place}");
            // What was last seen in the chosen time is not what is.
            assert_eq!((&target["instant"], &target["range"]), (&now.into(), &(!now).into()), "{place}");
            assert_eq!(target["format"] == "table", table, "{place}");
            assert_eq!(target["legendFormat"].is_string(), !table, "{place}");
        }
        let shows = !["row", "text"].contains(&text(&panel["type"]));
        assert_eq!(!list(&panel["targets"]).is_empty(), shows, "{place}");
    });
}

fn entry(metric: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == metric)
}

/// The labels of a metric: its own, and those of the scrape.
fn labels_of(selector: &Selector) -> BTreeSet<String> {
    let own: Vec<&str> = match (selector.metric.as_str(), entry(&selector.metric)) {
        ("up", _) => Vec::new(),
        // What alerts of geophone have; see docs/dashboards.md.
        ("ALERTS", _) => vec!["alertname", "alertstate", "severity", "client"],
        (_, Some(entry)) => entry.labels.iter().map(|label| label.name).collect(),
        (metric, None) => panic!("{metric} is no metric of the catalogue"),
    };
    own.into_iter().chain(["job", "instance"]).map(str::to_owned).collect()
}

#[test]
fn queries_ask_for_what_there_is() {
    each_query(|query, expr| {
        let labels = expr.labels(&labels_of).unwrap_or_else(|e| panic!("{}: {e}", query.place));
        let labels = labels.unwrap_or_else(|| panic!("{}: a scalar", query.place));
        let legend = query.legend.unwrap_or_default();
        let named: Vec<&str> = legend.split("{{").skip(1).filter_map(|l| l.split("}}").next()).collect();
        for label in &named {
            assert!(labels.contains(*label), "{}: {{{{{label}}}}} is none of {labels:?}", query.place);
        }
        // A legend that leaves a label out shows the same name twice.
        if query.legend.is_some() {
            assert_eq!(named.len(), labels.len(), "{}: {legend} for {labels:?}", query.place);
        }
    });
}

#[test]
fn matchers_ask_for_labels_and_values_there_are() {
    each_selector(|query, selector, _| {
        let labels = labels_of(selector);
        for (label, operator, value) in &selector.matchers {
            assert!(labels.contains(label), "{}: {} has no {label}", query.place, selector.metric);
            let Some(closed) = label_values(&selector.metric, label) else { continue };
            if value.starts_with('$') {
                continue; // what its variable finds
            }
            let asked: Vec<&str> =
                if operator.contains('~') { value.split('|').collect() } else { vec![value] };
            for value in asked {
                assert!(closed.contains(&value), "{}: {label} is never {value}", query.place);
            }
        }
    });
}

#[test]
fn queries_keep_to_the_sensors_chosen() {
    each_selector(|query, selector, above| {
        // Alerts that have no instance, as of a sensor that is absent, are everybody's.
        let or_none = if selector.metric == "ALERTS" { "|" } else { "" };
        for label in ["job", "instance"] {
            let expected = (label.to_owned(), "=~".to_owned(), format!("${label}{or_none}"));
            assert!(selector.matchers.contains(&expected), "{}: {}", query.place, selector.metric);
        }
        // "All" is every job of this Prometheus, and each has these.
        if selector.metric == "up" || selector.metric.starts_with("process_") {
            assert!(above.iter().any(|e| joined_with_geophone(e)), "{}: {}", query.place, selector.metric);
        }
    });
}

/// Whether an expression is `… and on (job, instance) …geophone_build_info…`.
fn joined_with_geophone(expr: &Expr) -> bool {
    let Expr::Binary(binary) = expr else { return false };
    let mut info = false;
    binary.right.walk(&mut Vec::new(), &mut |selector, _| info |= selector.metric == "geophone_build_info");
    info && binary.operator == "and"
        && binary.on.as_deref() == Some(&["job".to_owned(), "instance".to_owned()])
}

#[test]
fn counters_are_rates_and_gauges_are_not() {
    each_selector(|query, selector, above| {
        let Some(kind) = entry(&selector.metric).map(|entry| entry.kind) else { return };
        let Query { place, title, .. } = query;
        let function =
            above.last().and_then(|e| if let Expr::Call(name, _) = e { Some(name.as_str()) } else { None });
        let range = selector.range.as_deref();
        match (kind, function, range) {
            (Kind::Counter, Some("rate"), range) => assert_eq!(range, Some("$__rate_interval"), "{place}"),
            (Kind::Counter, Some("increase"), range) => assert_eq!(range, Some("$__range"), "{place}"),
            // A client's counters begin at 1, of which no rate knows.
            (Kind::Counter, _, None) => {
                assert!(title.contains(" so far"), "{place}: a counter without a rate")
            }
            (Kind::Gauge, None, None) => {}
            (Kind::Gauge, Some("last_over_time" | "min_over_time"), Some("$__range" | "1d")) => {}
            other => panic!("{place}: {other:?}"),
        }
    });
}

#[test]
fn every_metric_has_its_place_on_a_board() {
    let mut shown = BTreeSet::new();
    each_selector(|_, selector, _| _ = shown.insert(selector.metric.clone()));
    // Address space says nothing that resident memory does not.
    let missing: Vec<&str> = CATALOGUE
        .iter()
        .map(|entry| entry.name)
        .filter(|name| *name != "process_virtual_memory_bytes" && !shown.contains(*name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What a table calls its columns: the labels of its queries, and the value of each.
fn columns(board: &Board, panel: &Value) -> BTreeMap<String, String> {
    let targets = list(&panel["targets"]);
    let queries = board.queries();
    let place = board.place(panel);
    let mut fields = BTreeSet::from(["Time".to_owned()]);
    for query in queries.iter().filter(|q| q.place.starts_with(&format!("{place}, query "))) {
        fields.extend(parse(query.text).unwrap().labels(&labels_of).unwrap().unwrap());
    }
    match targets {
        [_] => _ = fields.insert("Value".to_owned()),
        many => fields.extend(many.iter().map(|t| format!("Value #{}", text(&t["refId"])))),
    }
    let organize = &list(&panel["transformations"]).last().expect("a table is organized")["options"];
    for key in ["excludeByName", "indexByName", "renameByName"] {
        for field in organize[key].as_object().unwrap().keys() {
            assert!(fields.contains(field), "{place}: {key} of {field}, which is none of {fields:?}");
        }
    }
    let hidden = &organize["excludeByName"];
    let shown = fields.into_iter().filter(|field| hidden[field] != true);
    shown.map(|field| (text(&organize["renameByName"][&field]).to_owned(), field)).collect()
}

#[test]
fn columns_and_overrides_are_of_something() {
    each_panel(|board, panel, place| {
        let table = panel["type"] == "table";
        let known: BTreeSet<String> = if table {
            let columns = columns(board, panel);
            for sort in list(&panel["options"]["sortBy"]) {
                assert!(columns.contains_key(text(&sort["displayName"])), "{place}: sorted by {sort}");
            }
            // Frames are joined by what all of them have; so many queries need one key.
            let merged = list(&panel["transformations"]).iter().any(|t| t["id"] == "merge");
            assert_eq!(merged, list(&panel["targets"]).len() > 1, "{place}");
            columns.into_keys().collect()
        } else {
            let legends = list(&panel["targets"]).iter().map(|t| text(&t["legendFormat"]).to_owned());
            let values = legends.clone().filter(|l| l.starts_with("{{")).flat_map(|legend| {
                let metrics = CATALOGUE.iter().map(|e| e.name);
                let label = legend.trim_matches(['{', '}']).to_owned();
                metrics.filter_map(move |m| label_values(m, &label)).flatten()
            });
            let values: Vec<String> = values.map(str::to_owned).collect();
            legends.chain(values).collect()
        };
        for over in list(&panel["fieldConfig"]["overrides"]) {
            assert_eq!(over["matcher"]["id"], "byName", "{place}");
            let name = text(&over["matcher"]["options"]);
            assert!(known.contains(name), "{place}: {name} is none of {known:?}");
        }
    });
}

/// All links of a panel: its own, of its fields, of its columns.
fn links(panel: &Value) -> Vec<&str> {
    let config = &panel["fieldConfig"];
    let overrides = list(&config["overrides"]).iter().flat_map(|o| list(&o["properties"]));
    let of_columns = overrides.filter(|p| p["id"] == "links").flat_map(|p| list(&p["value"]));
    of_columns.chain(list(&config["defaults"]["links"])).map(|link| text(&link["url"])).collect()
}

/// The name after `$` of each `${NAME…}`.
fn placeholders(url: &str) -> impl Iterator<Item = &str> {
    url.split("${").skip(1).map(|rest| rest.split(['}', ':']).next().unwrap())
}

#[test]
fn links_lead_to_boards_with_what_these_ask_for() {
    let all = boards::all();
    let mut seen = 0;
    each_panel(|board, panel, place| {
        for url in links(panel) {
            seen += 1;
            assert_eq!(leads(&all, url), Ok(()), "{place}: {url}");
            for name in placeholders(url) {
                let there = if let Some(column) = name.strip_prefix("__data.fields.") {
                    columns(board, panel).contains_key(column)
                } else if let Some(label) = name.strip_prefix("__field.labels.") {
                    list(&panel["targets"])
                        .iter()
                        .all(|t| text(&t["legendFormat"]).contains(&format!("{{{{{label}}}}}")))
                } else {
                    name == "__url_time_range" || board.variables().iter().any(|v| v["name"] == name)
                };
                assert!(there, "{place}: {name} in {url}");
            }
        }
    });
    assert!(seen > 5, "only {seen} links");
}

/// Whether an address is that of a board, and each `var-NAME` a variable of it.
fn leads(all: &[Board], url: &str) -> Result<(), String> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let uid = path.rsplit_once("/d/").ok_or("is no board's address")?.1;
    let board =
        all.iter().find(|b| b.json["uid"] == uid).ok_or_else(|| format!("there is no board {uid}"))?;
    query.split('&').filter_map(|p| p.strip_prefix("var-")?.split('=').next()).try_for_each(|name| {
        let there = board.variables().iter().any(|v| v["name"] == name);
        there.then_some(()).ok_or_else(|| format!("{uid} has no variable {name}"))
    })
}

fn yaml(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn provisioning_finds_prometheus_and_the_boards() {
    let sources = yaml("config/grafana/provisioning/datasources/geophone.yaml");
    let source = &sources["datasources"][0];
    assert_eq!((&sources["apiVersion"], &source["type"]), (&1.into(), &"prometheus".into()));
    assert_eq!((&source["access"], &source["isDefault"]), (&"proxy".into(), &true.into()));
    assert!(text(&source["url"]).starts_with("http://") && source["uid"].is_string());
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

#[test]
fn wrong_queries_are_found() {
    let refused = |query: &str| parse(query).and_then(|expr| expr.labels(&labels_of)).is_err();
    for query in [
        "sum by (interface) (geophone_flows{})",
        "sum by (client) (geophone_client_certainty{}) / on (pool) geophone_pools{}",
        "geophone_clients{} or count(geophone_clients{})",
        "sum(geophone_clients{}",
        "sum by (job (geophone_clients{})",
        "geophone_clients{} geophone_flows{}",
        "geophone_clients{job=~$job}",
        "topk by (dialect) (1, geophone_clients{})",
    ] {
        assert!(refused(query), "{query}");
    }
    assert!(!refused("sum by (job) (rate(geophone_detections_total{signal=\"x\"}[5m])) * 60 > 0"));
    let of = |query| parse(query).unwrap().labels(&labels_of).unwrap().unwrap();
    let labels = of("sum by (client) (geophone_client_certainty{}) * on (client) group_left (pool) \
                     sum by (client, pool) (geophone_client_sessions{} * on (job) group_left (pool) geophone_pool_sessions{})");
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["client", "pool"]);
    let all = boards::all();
    assert!(
        leads(&all, "/d/geophone-nowhere").is_err() && leads(&all, "/d/geophone-fleet?var-client=x").is_err()
    );
}
