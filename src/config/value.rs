//! From YAML nodes to checked values, one function a kind of value. A value that is not taken comes back as [`Wrong`],
//! which says what it is and what would be taken.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::fault::FileFaults;
use super::nearest;
use super::yaml::{Node, Value};

/// A value that is not taken.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(node: &Node<'_>, what: &str, remedy: impl Into<String>) -> Self {
        match node.value {
            Value::Null => Self { what: "has no value".into(), remedy: remedy.into() },
            ref value => Self { what: format!("{value} {what}"), remedy: remedy.into() },
        }
    }
}

/// The values of `known` keys in a mapping, in that order. Keys that are unknown or there twice are faults, and so is
/// what is no mapping; nothing at all is a mapping without keys.
pub(super) fn keys<'n, 't>(
    node: &'n Node<'t>,
    path: &str,
    known: &[&str],
    faults: &mut FileFaults<'_>,
) -> Vec<Option<&'n Node<'t>>> {
    let mut values = vec![None; known.len()];
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        Value::Null => &[],
        value => {
            let remedy = format!("write keys below it: {}", known.join(", "));
            faults.add(node.at, path, format!("{value} is no mapping"), remedy);
            &[]
        }
    };
    for entry in entries {
        let key = join(path, &entry.key);
        let Some(index) = known.iter().position(|k| *k == entry.key) else {
            let remedy = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => format!("write {near}, or remove it; there are: {}", known.join(", ")),
                None => format!("remove it, or use one of: {}", known.join(", ")),
            };
            faults.add(entry.at, &key, "unknown key", remedy);
            continue;
        };
        match values[index] {
            None => values[index] = Some(&entry.node),
            Some(first) => {
                let what = format!("is there twice (first in line {})", first.at.line);
                faults.add(entry.at, &key, what, "keep one of the two");
            }
        }
    }
    values
}

/// `path` with a key below it, made safe to print.
pub(super) fn join(path: &str, key: &str) -> String {
    let key = key.replace(char::is_control, "?");
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// true or false.
pub(super) fn flag(node: &Node<'_>) -> Result<bool, Wrong> {
    match node.value {
        Value::Bool(value) => Ok(value),
        _ => Err(Wrong::new(node, "is neither true nor false", "write true or false")),
    }
}

/// A whole number in a range.
pub(super) fn count(node: &Node<'_>, range: &RangeInclusive<usize>) -> Result<usize, Wrong> {
    let remedy = format!("write a whole number from {} to {}", range.start(), range.end());
    let Value::Int(value) = node.value else {
        return Err(Wrong::new(node, "is no whole number", remedy));
    };
    match usize::try_from(value) {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(Wrong::new(node, "is out of range", remedy)),
    }
}

/// One line of text that is not empty.
pub(super) fn text<'n>(node: &'n Node<'_>) -> Result<&'n str, Wrong> {
    let remedy = "write one line of text, in quotes if it reads like a number";
    match &node.value {
        Value::Text(text) if text.trim().is_empty() => Err(Wrong::new(node, "is empty", remedy)),
        Value::Text(text) if text.chars().any(char::is_control) => {
            Err(Wrong::new(node, "has a control character or line break", remedy))
        }
        Value::Text(text) => Ok(text),
        _ => Err(Wrong::new(node, "is no text", remedy)),
    }
}

/// One word of a closed set, as its index.
pub(super) fn word(node: &Node<'_>, words: &[&str]) -> Result<usize, Wrong> {
    let found = match &node.value {
        Value::Text(text) => words.iter().position(|w| w == text),
        _ => None,
    };
    found.ok_or_else(|| {
        Wrong::new(node, "is none of the words", format!("write one of: {}", words.join(", ")))
    })
}

/// Address and port to listen on.
pub(super) fn address(node: &Node<'_>) -> Result<SocketAddr, Wrong> {
    let parsed = match &node.value {
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    parsed.ok_or_else(|| {
        Wrong::new(node, "is no IP address with port", "write it like 127.0.0.1:9810 or \"[::1]:9810\"")
    })
}

/// The items of a list.
pub(super) fn list<'n, 't>(node: &'n Node<'t>) -> Result<&'n [Node<'t>], Wrong> {
    match &node.value {
        Value::List(items) => Ok(items),
        _ => Err(Wrong::new(node, "is no list", "write [one, two] or one \"- item\" a line")),
    }
}

/// A duration in a range: a whole number with its unit.
pub(super) fn span(node: &Node<'_>, range: &RangeInclusive<Duration>) -> Result<Duration, Wrong> {
    let (least, most) = (show_span(*range.start()), show_span(*range.end()));
    let remedy = format!("write a number with ms, s, m, h or d, from {least} to {most}");
    let parsed = match &node.value {
        Value::Text(text) => parse_span(text),
        _ => None,
    };
    let Some(span) = parsed else {
        return Err(Wrong::new(node, "is no duration", remedy));
    };
    if !range.contains(&span) {
        return Err(Wrong::new(node, "is out of range", remedy));
    }
    Ok(span)
}

fn parse_span(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

/// A duration as [`span`] reads it, in the largest unit up to hours that keeps it whole.
pub(super) fn show_span(span: Duration) -> String {
    let millis = span.as_millis();
    let (unit, name) = [(3_600_000, "h"), (60_000, "m"), (1000, "s")]
        .into_iter()
        .find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit))
        .unwrap_or((1, "ms"));
    format!("{}{name}", millis / unit)
}
