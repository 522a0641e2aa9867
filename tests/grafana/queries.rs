//! What queries ask for, against the catalogue.

use std::collections::BTreeSet;

use geophone::metrics::{CATALOGUE, Kind, label_values};

use crate::boards::{self, Query};
use crate::query::{Expr, Selector, parse};
use crate::{entry, labels_of};

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

/// Where many mine there is always an alert about one of them: drawn over every panel it would hide the others, and on
/// the board of one client it would be somebody else's.
#[test]
fn annotations_are_not_about_other_clients() {
    let mut seen = 0;
    each_selector(|query, selector, _| {
        if query.of != boards::Use::Annotation || selector.metric != "ALERTS" {
            return;
        }
        seen += 1;
        let whose =
            selector.matchers.iter().find(|(label, operator, _)| label == "client" && operator == "=");
        let whose = whose.map(|(_, _, value)| value.as_str());
        let of_this = query.place.starts_with("client.json") && whose == Some("${client:raw}");
        assert!(of_this || whose == Some(""), "{}: {whose:?}", query.place);
    });
    assert_eq!(seen, 5);
}

/// A subscriber's name may have quotes, backslashes and all that patterns are made of: Grafana's own escaping is for `=~`
/// and fails at them where a variable has one value. The name as it is, in a text without escapes, is found.
#[test]
fn the_client_chosen_is_looked_for_as_it_is() {
    let mut seen = 0;
    each_query(|query, _| {
        let client = query.text.matches("client=").count() - query.text.matches("client=\"\"").count();
        assert_eq!(client, query.text.matches("client=`${client:raw}`").count(), "{}", query.place);
        assert!(!query.text.contains("$client") && !query.text.contains("client=~"), "{}", query.place);
        seen += client;
    });
    assert!(seen > 10, "only {seen}");
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
                assert!(title.contains(" so far"), "{place}: a counter without a rate");
            }
            (Kind::Gauge, None, None) => {}
            (
                Kind::Gauge,
                Some("avg_over_time" | "last_over_time" | "min_over_time" | "sum_over_time"),
                Some("$__range" | "1d"),
            ) => {}
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
        expr.walk(&mut Vec::new(), &mut |selector, above| check(query, selector, above));
    });
}
