//! What promtool answers to queries of the boards, in cases where it is known.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::boards::{self, Board, list};
use crate::yaml;

#[test]
fn answers_are_what_the_panels_say() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("grafana-answers.json");
    fs::write(&file, promtool_tests().to_string()).unwrap();
    let Ok(output) = Command::new("promtool").args(["test", "rules"]).arg(&file).output() else {
        // Past the harness, which would keep the line of a test that passes.
        let _ = writeln!(
            io::stderr(),
            "skipped answers_are_what_the_panels_say: needs promtool, which is not installed"
        );
        return;
    };
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success() && out.contains("SUCCESS"), "{out}{err}");
}

/// A test file of promtool for the cases of `tests/grafana/answers.yaml`, with the queries as the boards have them.
fn promtool_tests() -> Value {
    let boards = boards::all();
    let queries: BTreeMap<String, &str> =
        boards.iter().flat_map(Board::queries).map(|query| (query.place, query.text)).collect();
    let pairs = |map: &Value| map.as_object().unwrap().clone().into_iter();
    let expectation = |client: &str, (query, samples): (String, Value)| {
        let expr = queries.get(&query).unwrap_or_else(|| panic!("there is no query {query}"));
        let expr = boards::filled(expr, client);
        let samples: Vec<Value> =
            pairs(&samples).map(|(labels, value)| json!({"labels": labels, "value": value})).collect();
        json!({"expr": expr, "eval_time": "10m", "exp_samples": samples})
    };
    let case = |case: &Value| {
        let series: Vec<Value> = pairs(&case["series"])
            .map(|(series, values)| json!({"series": series, "values": values}))
            .collect();
        let client = case["client"].as_str().unwrap_or("192.0.2.1");
        let expected: Vec<Value> =
            pairs(&case["answers"]).map(|answer| expectation(client, answer)).collect();
        json!({"interval": "1m", "input_series": series, "promql_expr_test": expected})
    };
    let cases = yaml("tests/grafana/answers.yaml");
    json!({"evaluation_interval": "1m", "tests": list(&cases).iter().map(case).collect::<Vec<_>>()})
}
