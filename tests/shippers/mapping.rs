//! The mapping to ECS: the table in docs/shippers.md, Vector's program and Filebeat's processors say the same, of every
//! field.

use serde_yaml::Value as Yaml;

use super::*;

/// Fields that only some ways of naming clients give.
const ELSEWHERE: [&str; 3] = ["dest_net", "src_net", "subscriber"];

/// Cells of a table's rows, by its first two headings.
pub(super) fn table(first: &str, second: &str) -> Vec<Vec<String>> {
    let page = text("docs/shippers.md");
    let head = format!("| {first} | {second} |");
    let rows = page.lines().skip_while(|l| !l.starts_with(&head)).skip(2).take_while(|l| l.starts_with('|'));
    let rows: Vec<Vec<String>> =
        rows.map(|row| row.split('|').skip(1).map(|c| c.trim().to_owned()).collect()).collect();
    assert!(rows.len() > 8, "docs/shippers.md has no table {first}, {second}");
    rows
}

/// Where each field goes, by the document.
pub(super) fn documented() -> BTreeMap<String, String> {
    let word = |cell: &str| quoted(cell).into_iter().next().unwrap();
    table("event", "ECS").iter().map(|row| (word(&row[0]), word(&row[1]))).collect()
}

/// What is set besides, by the document: also what the notes of the mapping name.
pub(super) fn documented_besides() -> BTreeSet<String> {
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

pub(super) fn program(transform: &str) -> String {
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
