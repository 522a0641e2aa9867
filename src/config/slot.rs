//! A field of the settings as a key sees it: how it is read, and how it is written again.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::privacy::Payees;

use super::sections::{ClientNames, Level};
use super::value::{self, Wrong};
use super::yaml::{Location, Node, Value};

/// Bytes of the longest interface name that is taken; libpcap's devices may have longer ones than Linux's.
const MAX_INTERFACE: usize = 128;

/// Interfaces at most.
const MAX_INTERFACES: usize = 64;

/// A field to fill, with what it may be.
pub(super) enum Slot<'c> {
    Address(&'c mut SocketAddr),
    Clients(&'c mut ClientNames),
    Count(&'c mut usize, RangeInclusive<usize>),
    Flag(&'c mut bool),
    Level(&'c mut Level),
    Names(&'c mut Vec<String>),
    Path(&'c mut Option<PathBuf>),
    Payees(&'c mut Payees),
    Span(&'c mut Duration, RangeInclusive<Duration>),
    SpanOrNone(&'c mut Option<Duration>, RangeInclusive<Duration>),
    Text(&'c mut Option<String>),
}

impl Slot<'_> {
    /// Fills the field; it keeps its value where the node is wrong.
    pub(super) fn read(self, node: &Node<'_>) -> Result<(), Wrong> {
        match self {
            Self::Address(slot) => *slot = value::address(node)?,
            Self::Clients(slot) => {
                *slot = ClientNames::ALL[value::word(node, &ClientNames::ALL.map(ClientNames::name))?];
            }
            Self::Count(slot, range) => *slot = value::count(node, &range)?,
            Self::Flag(slot) => *slot = value::flag(node)?,
            Self::Level(slot) => *slot = Level::ALL[value::word(node, &Level::ALL.map(Level::name))?],
            Self::Names(slot) => *slot = interfaces(node)?,
            Self::Path(slot) => *slot = optional(node)?.map(PathBuf::from),
            Self::Payees(slot) => *slot = PAYEES[value::word(node, &PAYEES.map(payees))?],
            Self::Span(slot, range) => *slot = value::span(node, &range)?,
            Self::SpanOrNone(slot, range) => {
                *slot = if node.value == Value::Null { None } else { Some(value::span(node, &range)?) };
            }
            Self::Text(slot) => *slot = optional(node)?.map(str::to_owned),
        }
        Ok(())
    }

    /// The field's value as [`Slot::read`] takes it.
    pub(super) fn show(self) -> Value<'static> {
        match self {
            Self::Address(slot) => owned(slot.to_string()),
            Self::Clients(slot) => Value::Text(slot.name().into()),
            Self::Count(slot, _) => Value::Int(*slot as i128),
            Self::Flag(slot) => Value::Bool(*slot),
            Self::Level(slot) => Value::Text(slot.name().into()),
            Self::Names(slot) => {
                let node = |name: &String| Node { at: Location::START, value: owned(name.clone()) };
                Value::List(slot.iter().map(node).collect())
            }
            Self::Path(slot) => slot.as_ref().map_or(Value::Null, |p| owned(p.display().to_string())),
            Self::Payees(slot) => Value::Text(payees(*slot).into()),
            Self::Span(slot, _) => owned(value::show_span(*slot)),
            Self::SpanOrNone(slot, _) => slot.map_or(Value::Null, |span| owned(value::show_span(span))),
            Self::Text(slot) => slot.clone().map_or(Value::Null, owned),
        }
    }
}

const PAYEES: [Payees; 2] = [Payees::Clear, Payees::Hash];

const fn payees(how: Payees) -> &'static str {
    match how {
        Payees::Clear => "clear",
        Payees::Hash => "hash",
    }
}

fn owned(text: String) -> Value<'static> {
    Value::Text(text.into())
}

/// Text, or nothing where the key is there to say "none".
fn optional<'n>(node: &'n Node<'_>) -> Result<Option<&'n str>, Wrong> {
    match node.value {
        Value::Null => Ok(None),
        _ => value::text(node).map(Some),
    }
}

fn interfaces(node: &Node<'_>) -> Result<Vec<String>, Wrong> {
    const REMEDY: &str = "list 1 to 64 interface names, each once, like [eth0, eth1], or [any] for all";
    let items = value::list(node).map_err(|wrong| Wrong { remedy: REMEDY.into(), ..wrong })?;
    if !(1..=MAX_INTERFACES).contains(&items.len()) {
        return Err(Wrong { what: format!("{} interfaces", items.len()), remedy: REMEDY.into() });
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let name = value::text(item)?;
        if name.len() > MAX_INTERFACE || name.contains(char::is_whitespace) {
            return Err(Wrong::new(item, "is no interface name", REMEDY));
        }
        if names.iter().any(|n| n == name) {
            return Err(Wrong::new(item, "is there twice", REMEDY));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
