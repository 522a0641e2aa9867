//! Samples in rule files: traffic that a rule must find, and traffic that it must leave alone. The sensor is not told of
//! them; `geophone rules test` is.

use crate::stratum::{Role, Strength};

use super::super::value::{self, Wrong};
use super::super::yaml::{Node, Value};
use super::item::Item;

/// Samples of one list at most.
const MAX_SAMPLES: usize = 64;
/// Bytes of the longest sample.
const MAX_SAMPLE: usize = 16 << 10;

/// The samples of one rule, or of one message of a described dialect.
#[derive(Clone, Debug)]
pub struct Samples {
    /// The file, as faults name it.
    pub file: String,
    /// The rule's id.
    pub rule: u32,
    /// The message they are samples of.
    pub message: Option<Sampled>,
    /// What must be found.
    pub matches: Vec<Sample>,
    /// What must not be.
    pub ignores: Vec<Sample>,
}

/// A described message, as far as its samples go.
#[derive(Clone, Copy, Debug)]
pub struct Sampled {
    /// What it is called.
    pub name: &'static str,
    /// Who sends it.
    pub from: Option<Role>,
    /// What it is worth alone.
    pub strength: Strength,
}

/// One piece of traffic, as one side sends it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The line of the file where it stands.
    pub line: usize,
    /// Whether it is a text message inside a WebSocket; else it is a TCP segment.
    pub websocket: bool,
    /// Its text.
    pub text: String,
}

/// Reads one list of samples; `required` names those that must have one at least.
pub(super) fn list<'n>(
    item: &mut Item<'n, '_, '_>,
    key: &'static str,
    node: Option<&'n Node<'n>>,
    required: bool,
) -> Vec<Sample> {
    if node.is_none() && !required {
        return Vec::new();
    }
    let path = value::join(&item.path, key);
    let Some(nodes) = item.required(key, node, value::list) else { return Vec::new() };
    let at = node.map_or(item.node.at, |n| n.at);
    if nodes.is_empty() && required {
        item.faults.add(
            at,
            &path,
            "has no sample",
            "give one at least: a rule without samples is not tested",
        );
    }
    if nodes.len() > MAX_SAMPLES {
        item.faults.add(at, &path, "has more than 64 samples", "keep those that differ");
        return Vec::new();
    }
    nodes.iter().filter_map(|node| item.optional(key, Some(node), sample)).collect()
}

fn sample(node: &Node<'_>) -> Result<Sample, Wrong> {
    let (text, websocket) = match &node.value {
        Value::Map(entries) if entries.len() == 1 && entries[0].key == "websocket" => {
            (&entries[0].node, true)
        }
        _ => (node, false),
    };
    let remedy = "write the text as it travels, in quotes, or {websocket: \"text\"}; 1 byte to 16 KiB";
    match &text.value {
        Value::Text(text) if text.is_empty() => Err(Wrong::new(node, "is empty", remedy)),
        Value::Text(text) if text.len() > MAX_SAMPLE => {
            Err(Wrong::new(node, "is longer than 16 KiB", remedy))
        }
        Value::Text(text) => Ok(Sample { line: node.at.line, websocket, text: text.clone().into_owned() }),
        _ => Err(Wrong::new(node, "is no sample", remedy)),
    }
}
