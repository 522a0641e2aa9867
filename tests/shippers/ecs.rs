//! What comes of events in which all is known, and of real ones, is what the document says: by Vector's program in Vector's
//! own runtime, and by Filebeat's processors as tests/shippers/filebeat.rs plays them.

use geophone::eve::{Renderer, StatsRecord};
use serde_json::json;

use super::mapping::{documented, documented_besides, program, table};
use super::*;

/// A value that a field may have.
fn sample(field: &str, of: &Value, defs: &Value) -> Value {
    let of = match of["$ref"].as_str() {
        Some(reference) => &defs[reference.rsplit('/').next().unwrap()],
        None => of,
    };
    if let Some(value) = of.get("const").or_else(|| of["enum"].get(0)) {
        return value.clone();
    }
    match (field, of["type"].as_str().unwrap_or("object")) {
        ("vlan", _) => json!([10, 20]),
        ("src_ip" | "dest_ip", _) => json!(if field == "src_ip" { "192.0.2.7" } else { "2001:db8::1" }),
        (_, "integer") => json!(7),
        (_, "number") => json!(0.5),
        (_, "boolean") => json!(true),
        ("timestamp" | "mining.started" | "mining.last_seen", _) => json!("2026-11-21T23:16:00.123456+0000"),
        _ => json!(format!("some {field}")),
    }
}

/// An event of a kind in which everything is known, by the schema.
fn whole(kind: &str) -> Value {
    let schema = schema();
    let mut names = BTreeMap::new();
    leaves("", &schema["$defs"][kind], &mut names);
    let mut event = json!({});
    for (name, of) in names {
        let value = sample(&name, &of, &schema["$defs"]);
        let place = name.split('.').fold(&mut event, |value, key| &mut value[key]);
        *place = value;
    }
    event
}

fn stats() -> Value {
    let mut line = Vec::new();
    Renderer::default().stats(&StatsRecord { uptime: Some(60), ..StatsRecord::default() }, &mut line);
    serde_json::from_slice(&line).unwrap()
}

/// A value in the form that the document tells.
pub(super) fn formed(field: &str, value: &Value) -> Value {
    match field {
        "event_type" => json!(format!("geophone.{}", value.as_str().unwrap())),
        "proto" => json!(value.as_str().unwrap().to_lowercase()),
        "vlan" => json!(value[0].to_string()),
        "flow_id" | "alert.signature_id" | "alert.rev" => json!(value.to_string()),
        "timestamp" | "mining.started" | "mining.last_seen" => {
            // A date is written with as many digits as it needs, three at a time.
            let date = value.as_str().unwrap().strip_suffix("+0000").unwrap();
            let date = date.strip_suffix("000").unwrap_or(date);
            json!(format!("{}Z", date.strip_suffix(".000").unwrap_or(date)))
        }
        _ => value.clone(),
    }
}

/// Vector's reader of JSON is wrong in the last digit of a fraction.
fn alike(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) if other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= other.abs() * 1e-12
        }
        _ => one == other,
    }
}

/// Events in which all is known, and real ones.
fn sent() -> Vec<Value> {
    let mut sent = vec![whole("alert"), whole("mining_session"), stats()];
    sent[1]["mining"]["name_source"] = json!("sni");
    sent.extend_from_slice(events());
    sent
}

#[test]
fn vector_does_what_the_document_says() {
    let Some(python) = python("vector_vrl") else { return };
    let sent = sent();
    let folder = Folder::new("vector");
    let lines = folder.lines("eve.json", &sent);
    // Half a line, as after a full disk.
    let cut = format!("{{\"timestamp\":\"2026\n{}", fs::read_to_string(&lines).unwrap());
    fs::write(&lines, cut).unwrap();
    let programs =
        ["geophone", "geophone_ecs"].map(|name| folder.file(&format!("{name}.vrl"), &program(name)));
    let said = run(&python, "vector.py", &[&lines, &programs[0], &programs[1]]);
    let got: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    check(&sent, &got);
}

#[test]
fn filebeat_s_processors_come_to_the_same() {
    let sent = sent();
    let line = |event: &Value| json!({"agent": {"name": "sensor-1"}, "geophone": event});
    let mut got: Vec<Value> = sent.iter().filter_map(|event| filebeat::processed(line(event))).collect();
    for document in &mut got {
        document.as_object_mut().unwrap().remove("agent");
    }
    check(&sent, &got);
    assert_eq!(filebeat::processed(json!({"agent": {"name": "sensor-1"}, "message": "{\"times"})), None);
}

fn check(sent: &[Value], got: &[Value]) {
    assert_eq!(got.len(), sent.len(), "half a line is dropped, and nothing else");
    let (places, besides) = (documented(), documented_besides());
    for (event, document) in sent.iter().zip(got) {
        for (field, place) in &places {
            let expected = at(event, field).map(|v| formed(field, v));
            assert!(alike(at(document, place), expected.as_ref()), "{field} at {place} of {document}");
        }
        let known = |name: &String| {
            places.values().any(|p| name == p || name.starts_with("geophone.stats."))
                || besides.contains(name)
        };
        let strange: Vec<String> = flat(document).into_keys().filter(|name| !known(name)).collect();
        assert!(strange.is_empty(), "not documented: {strange:?}");
        check_besides(event, document);
    }
    assert_eq!(got[0]["network"]["inner"]["vlan"]["id"], "20");
    assert_eq!(got[0]["observer"]["hostname"], "sensor-1");
    assert_eq!(got[0]["related"]["ip"], json!(["192.0.2.7", "2001:db8::1"]));
    assert_eq!(got[1]["tls"]["client"]["server_name"], "some mining.server_name");
    assert!(got.iter().any(|d| d["dns"]["question"]["name"] == "pool.supportxmr.com"));
}

/// The second table, of one event.
fn check_besides(event: &Value, document: &Value) {
    let kind = event["event_type"].as_str().unwrap();
    let column = ["alert", "mining_session", "stats"].iter().position(|k| *k == kind).unwrap() + 1;
    for row in table("ECS", "`alert`") {
        for (nth, name) in row[0].split(", ").enumerate() {
            let name = name.trim_matches('`');
            let value = at(document, name);
            let cell = row[column].as_str();
            let cell = match cell.split_once("; the last record ") {
                Some((first, last)) => {
                    if event["mining"]["final"] == true {
                        last
                    } else {
                        first
                    }
                }
                None => cell,
            };
            let words: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            match (value, words.as_slice()) {
                (None, []) => assert_eq!(cell, "", "{kind}: no {name}"),
                (Some(Value::String(_)), []) => assert_eq!(cell, "the host"),
                (Some(Value::String(word)), words) => assert_eq!(word, words[nth.min(words.len() - 1)]),
                (Some(Value::Array(list)), words) if list.len() == 1 => assert_eq!(list[0], words[nth]),
                (Some(Value::Array(list)), words) => assert_eq!(*list, words.to_vec()),
                (value, words) => panic!("{kind}: {name} is {value:?}, not {words:?}"),
            }
        }
    }
}
