//! The mapping to ECS: the table in docs/shippers.md, Vector's program and Filebeat's processors say the same, of every
//! field; and Vector's program does it.

use geophone::eve::{Renderer, StatsRecord};
use serde_json::json;
use serde_yaml::Value as Yaml;

use super::*;

/// Fields that only some ways of naming clients give.
const ELSEWHERE: [&str; 3] = ["dest_net", "src_net", "subscriber"];

/// Cells of a table's rows, by its first two headings.
fn table(first: &str, second: &str) -> Vec<Vec<String>> {
    let page = text("docs/shippers.md");
    let head = format!("| {first} | {second} |");
    let rows = page.lines().skip_while(|l| !l.starts_with(&head)).skip(2).take_while(|l| l.starts_with('|'));
    let rows: Vec<Vec<String>> =
        rows.map(|row| row.split('|').skip(1).map(|c| c.trim().to_owned()).collect()).collect();
    assert!(rows.len() > 8, "docs/shippers.md has no table {first}, {second}");
    rows
}

/// Where each field goes, by the document.
fn documented() -> BTreeMap<String, String> {
    let word = |cell: &str| quoted(cell).into_iter().next().unwrap();
    table("event", "ECS").iter().map(|row| (word(&row[0]), word(&row[1]))).collect()
}

/// What is set besides, by the document: also what the notes of the mapping name.
fn documented_besides() -> BTreeSet<String> {
    let set = table("ECS", "`alert`").into_iter().flat_map(|row| quoted(&row[0]));
    let notes = table("event", "ECS").into_iter().flat_map(|row| quoted(&row[2]));
    set.chain(notes.filter(|word| word.contains('.'))).collect()
}

/// Fields whose place is another than their own name below `geophone`.
fn renamed(mapping: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let moved = mapping.iter().filter(|(field, place)| **place != format!("geophone.{field}"));
    moved.map(|(field, place)| (field.clone(), place.clone())).collect()
}

#[test]
fn every_field_has_a_place_and_nothing_else_has() {
    let places = documented();
    let fields = fields();
    for field in fields.keys() {
        assert!(places.contains_key(field), "docs/shippers.md: no row for {field}");
    }
    for field in places.keys() {
        let known = fields.contains_key(field) || ELSEWHERE.contains(&field.as_str());
        assert!(known, "docs/shippers.md: {field} is no field of an event");
    }
    let mut twice = BTreeSet::new();
    assert!(places.values().all(|place| twice.insert(place)), "two fields go to one place");
}

fn program(transform: &str) -> String {
    let config: Yaml = serde_yaml::from_str(&text("config/shippers/vector/geophone.yaml")).unwrap();
    config["transforms"][transform]["source"].as_str().unwrap().to_owned()
}

#[test]
fn vector_says_what_the_document_says() {
    let mut found = BTreeMap::new();
    let mut kept = BTreeSet::new();
    for line in program("geophone_ecs").lines() {
        let Some((place, source)) = line.split_once(" = ") else { continue };
        let place = place.trim_start_matches('.').trim_matches('"').to_owned();
        let field = match source.split_once("del(.") {
            Some((_, rest)) => rest.split(')').next().unwrap().to_owned(),
            None if source.contains("(.vlan[0])") => "vlan".to_owned(),
            None => continue,
        };
        if place == format!("geophone.{field}") {
            kept.insert(field)
        } else {
            found.insert(field, place).is_none()
        };
    }
    let places = documented();
    // Not the event's own: the transform before this one adds it.
    assert_eq!(found.remove("sensor").as_deref(), Some("observer.hostname"));
    assert_eq!(found, renamed(&places));
    for field in places.keys().filter(|f| !found.contains_key(*f)) {
        let top = field.split('.').next().unwrap();
        assert!(kept.contains(top), "{field} stays where it was");
    }
}

/// All `from`, `to` and the like of Filebeat's processors.
fn filebeat() -> BTreeMap<String, String> {
    let config: Yaml = serde_yaml::from_str(&text("config/shippers/filebeat/filebeat.yml")).unwrap();
    let mut found = BTreeMap::new();
    let word = |value: &Yaml| value.as_str().unwrap().to_owned();
    for processor in config["processors"].as_sequence().unwrap() {
        for key in ["rename", "convert"] {
            for pair in processor[key]["fields"].as_sequence().into_iter().flatten() {
                let from = word(&pair["from"]);
                found.insert(from.clone(), pair["to"].as_str().map_or(from, str::to_owned));
            }
        }
        if let Some(time) = processor.get("timestamp") {
            let place = time["target_field"].as_str().unwrap_or("@timestamp");
            found.insert(word(&time["field"]), place.to_owned());
        }
        if let Some(array) = processor.get("extract_array") {
            let first = array["mappings"].as_mapping().unwrap().iter().find(|(_, n)| n.as_u64() == Some(0));
            found.insert(word(&array["field"]), word(first.unwrap().0));
        }
        // What is said in words of our own follows from what the field says.
        let fields = processor["add_fields"]["fields"].as_mapping();
        for place in fields.into_iter().flatten().map(|(k, _)| word(k)) {
            match place.as_str() {
                "event.dataset" => found.insert("geophone.event_type".to_owned(), place),
                "network.transport" => found.insert("geophone.proto".to_owned(), place),
                _ => None,
            };
        }
    }
    let ours =
        found.into_iter().filter_map(|(from, to)| Some((from.strip_prefix("geophone.")?.to_owned(), to)));
    ours.collect()
}

#[test]
fn filebeat_says_what_the_document_says() {
    let places = documented();
    assert_eq!(renamed(&filebeat()), renamed(&places));

    let config = text("config/shippers/filebeat/filebeat.yml");
    for field in files::words(&config, "geophone.").into_iter().filter(|f| f.contains("geophone.")) {
        let field = field.strip_prefix("geophone.").unwrap();
        let below = format!("{field}.");
        let known = places.keys().any(|f| f == field || f.starts_with(&below));
        assert!(
            known || ["alert", "mining_session", "stats"].contains(&field),
            "filebeat.yml: no field {field}"
        );
    }
    for place in documented_besides() {
        assert!(config.contains(&place), "filebeat.yml: nothing sets {place}");
    }
}

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
fn formed(field: &str, value: &Value) -> Value {
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

#[test]
fn vector_does_what_the_document_says() {
    let Some(python) = python("vector_vrl") else { return };
    let mut sent = vec![whole("alert"), whole("mining_session"), stats()];
    sent[1]["mining"]["name_source"] = json!("sni");
    sent.extend_from_slice(events());
    let folder = Folder::new("vector");
    let lines = folder.lines("eve.json", &sent);
    // Half a line, as after a full disk.
    let cut = format!("{{\"timestamp\":\"2026\n{}", fs::read_to_string(&lines).unwrap());
    fs::write(&lines, cut).unwrap();
    let programs =
        ["geophone", "geophone_ecs"].map(|name| folder.file(&format!("{name}.vrl"), &program(name)));
    let said = run(&python, "vector.py", &[&lines, &programs[0], &programs[1]]);
    let got: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(got.len(), sent.len(), "the half line is dropped, and nothing else");

    let (places, besides) = (documented(), documented_besides());
    for (event, document) in sent.iter().zip(&got) {
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
