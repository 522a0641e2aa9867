//! The unit tests of the rules: none is left out, and none is silent for want of figures.

use std::collections::BTreeSet;

use super::{alerts, list, named, promql, recorded, word, yaml};

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
                if expression.contains("(ALERTS{") {
                    continue; // of an alert: many that fire at once
                }
                let inner = expression.strip_prefix("round(").and_then(|e| e.split(',').next());
                seen.insert(inner.unwrap_or(expression).to_owned());
            }
        }
    }
    assert_eq!(seen, recorded().into_keys().collect());
}
