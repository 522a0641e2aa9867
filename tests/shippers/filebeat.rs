//! Plays the processors of filebeat.yml in their order, by what Filebeat's reference says of each: names, order and
//! conditions are tested so. It is not Filebeat, which is not to be had where these tests run.

use serde_json::json;
use serde_yaml::Value as Yaml;

use super::*;

/// An event after all processors; none if one drops it.
pub(super) fn processed(mut event: Value) -> Option<Value> {
    let config: Yaml = serde_yaml::from_str(&text("config/shippers/filebeat/filebeat.yml")).unwrap();
    for processor in config["processors"].as_sequence().unwrap() {
        let (name, settings) = processor.as_mapping().unwrap().iter().next().unwrap();
        if !holds(settings, &event) {
            continue;
        }
        match name.as_str().unwrap() {
            "add_fields" => add(settings, &mut event),
            "append_processor" => {
                let values = words(&settings["fields"]).filter_map(|f| at(&event, &f).cloned()).collect();
                put(&mut event, settings["target_field"].as_str().unwrap(), Value::Array(values));
            }
            "convert" => pairs(settings).for_each(|(from, to)| convert(&mut event, &from, &to)),
            "copy_fields" => pairs(settings).for_each(|(from, to)| {
                let value = at(&event, &from).cloned();
                if let Some(value) = value.filter(|_| at(&event, &to).is_none()) {
                    put(&mut event, &to, value);
                }
            }),
            "drop_event" => return None,
            "drop_fields" => words(&settings["fields"]).for_each(|f| drop(take(&mut event, &f))),
            "extract_array" => extract(settings, &mut event),
            "rename" => pairs(settings).for_each(|(from, to)| {
                assert!(at(&event, &to).is_none(), "{to} is there already");
                if let Some(value) = take(&mut event, &from) {
                    put(&mut event, &to, value);
                }
            }),
            "timestamp" => date(settings, &mut event),
            other => panic!("{other} is not played here"),
        }
    }
    Some(event)
}

/// Whether the conditions of a processor hold.
fn holds(settings: &Yaml, event: &Value) -> bool {
    let mut conditions = settings.as_mapping().unwrap().iter();
    conditions.all(|(key, value)| {
        key.as_str().unwrap().strip_prefix("when.").is_none_or(|c| is_met(c, value, event))
    })
}

fn is_met(condition: &str, value: &Yaml, event: &Value) -> bool {
    match condition.split_once('.').unwrap_or((condition, "")) {
        ("equals", field) => at(event, field) == Some(&serde_json::to_value(value).unwrap()),
        ("has_fields", "") => words(value).all(|field| at(event, &field).is_some()),
        ("not", rest) => !is_met(rest, value, event),
        ("or", "") => {
            value.as_sequence().unwrap().iter().any(|one| {
                one.as_mapping().unwrap().iter().all(|(c, v)| is_met(c.as_str().unwrap(), v, event))
            })
        }
        _ => panic!("{condition} is not played here"),
    }
}

fn words(list: &Yaml) -> impl Iterator<Item = String> {
    list.as_sequence().unwrap().iter().map(|w| w.as_str().unwrap().to_owned())
}

/// From where to where; what stays is changed in its place.
fn pairs(settings: &Yaml) -> impl Iterator<Item = (String, String)> {
    let word = |value: &Yaml| value.as_str().map(str::to_owned);
    settings["fields"].as_sequence().unwrap().iter().map(move |pair| {
        let from = word(&pair["from"]).unwrap();
        let to = word(&pair["to"]).unwrap_or_else(|| from.clone());
        (from, to)
    })
}

fn put(event: &mut Value, name: &str, value: Value) {
    let place = name.split('.').fold(event, |below, key| &mut below[key]);
    *place = value;
}

fn take(event: &mut Value, name: &str) -> Option<Value> {
    let (above, key) = name.rsplit_once('.').unwrap_or(("", name));
    let pointer = if above.is_empty() { String::new() } else { format!("/{}", above.replace('.', "/")) };
    event.pointer_mut(&pointer)?.as_object_mut()?.remove(key)
}

fn add(settings: &Yaml, event: &mut Value) {
    assert_eq!(settings["target"], "", "fields go below `fields` otherwise");
    for (name, value) in settings["fields"].as_mapping().unwrap() {
        put(event, name.as_str().unwrap(), serde_json::to_value(value).unwrap());
    }
}

fn convert(event: &mut Value, from: &str, to: &str) {
    if let Some(value) = take(event, from) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        put(event, to, json!(value));
    }
}

fn extract(settings: &Yaml, event: &mut Value) {
    let Some(array) = at(event, settings["field"].as_str().unwrap()).cloned() else { return };
    for (place, nth) in settings["mappings"].as_mapping().unwrap() {
        if let Some(value) = array.get(nth.as_u64().unwrap() as usize) {
            put(event, place.as_str().unwrap(), value.clone());
        }
    }
}

fn date(settings: &Yaml, event: &mut Value) {
    // The form that events have, in the words of Go.
    assert_eq!(settings["layouts"][0], "2006-01-02T15:04:05.999999-0700");
    let field = settings["field"].as_str().unwrap();
    match at(event, field) {
        Some(value) => {
            let value = ecs::formed("timestamp", value);
            put(event, settings["target_field"].as_str().unwrap_or("@timestamp"), value);
        }
        None => assert_eq!(settings["ignore_missing"], true, "{field} is not always there"),
    }
}
