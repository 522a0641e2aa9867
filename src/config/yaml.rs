//! YAML text to a tree in which every node knows its line and column, and back to text. The only file that knows
//! which YAML crate is used; it knows nothing of what the keys mean.
//!
//! Tags, aliases and keys that are no plain words are refused: nothing here needs them, and aliases are how a small
//! file becomes a big tree.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

mod walk;

#[cfg(test)]
mod tests;

/// A place in a text, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Location {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Location {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node<'t> {
    pub(super) at: Location,
    pub(super) value: Value<'t>,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) at: Location,
    pub(super) node: Node<'t>,
}

/// What YAML's core schema makes of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'t> {
    Bool(bool),
    Float(f64),
    /// Saturates, so that no number is too long to be called out of range.
    Int(i128),
    List(Vec<Node<'t>>),
    /// In the order of the file, duplicates included.
    Map(Vec<Entry<'t>>),
    Null,
    Text(Cow<'t, str>),
}

impl fmt::Display for Value<'_> {
    /// As a fault names it: short, and safe to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) => f.write_str("a mapping"),
            Self::Null => f.write_str("nothing"),
            Self::Text(text) => write!(f, "{:?}", clip(text)),
        }
    }
}

/// A text that is no YAML, or YAML of a kind that is not taken.
#[derive(Debug, PartialEq)]
pub(super) struct Syntax {
    pub(super) at: Location,
    pub(super) what: String,
    pub(super) remedy: &'static str,
}

/// Reads one document. A text of nothing but comments is [`Value::Null`].
pub(super) fn parse(text: &str) -> Result<Node<'_>, Syntax> {
    let value = walk::document(text)?;
    Ok(Node { at: Location::START, value })
}

/// Writes a tree as a document.
pub(super) fn write(value: &Value<'_>) -> String {
    // A tree of ours has text keys only, and memory does not fail to be written to.
    serde_yaml::to_string(value).unwrap_or_default()
}

/// The head of a text, for messages.
pub(super) fn clip(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Int(value) => serializer.serialize_i128(*value),
            Self::List(list) => serializer.collect_seq(list.iter().map(|node| &node.value)),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.node.value)?;
                }
                map.end()
            }
            Self::Null => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}
