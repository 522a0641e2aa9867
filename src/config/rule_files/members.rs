//! The `json` key of a described message: paths, and the forms of what stands there.

use std::ops::RangeInclusive;

use crate::rules::described::{Kind, Literal, MAX_TEXT, Member, Path, Test};

use super::super::value::{self, Wrong};
use super::super::yaml::{Entry, Node, Value};
use super::item::Item;

/// Members of one shape at most.
const MAX_MEMBERS: usize = 32;

/// Largest length and number of digits that may be asked for.
const MAX_LENGTH: usize = 65_536;

/// Whole numbers beyond have neighbours that no reader of JSON tells them from.
const MAX_NUMBER: i128 = 1 << 53;

const FORMS: [&str; 5] = ["hex", "is", "length", "one_of", "prefix"];

/// Reads the members. What is wrong with one is told, and leaves it out.
pub(super) fn members<'n>(item: &mut Item<'n, '_, '_>, node: &'n Node<'n>) -> Option<Vec<Member>> {
    let Value::Map(entries) = &node.value else {
        let remedy = "write a member and its value a line, like method: submit";
        item.wrong("json", node, Wrong::new(node, "is no mapping", remedy));
        return None;
    };
    if entries.len() > MAX_MEMBERS {
        let key = value::join(&item.path, "json");
        item.faults.add(node.at, &key, "has more than 32 members", "keep those that tell the message apart");
        return None;
    }
    let mut read: Vec<Member> = Vec::new();
    let mut whole = true;
    for entry in entries {
        match member(item, entry) {
            Some(member) if read.iter().any(|m| m.path == member.path) => {
                let key = value::join("json", &entry.key);
                let key = value::join(&item.path, &key);
                item.faults.add(
                    entry.at,
                    &key,
                    "is there twice",
                    "join the two, as in {is: string, length: 8}",
                );
            }
            Some(member) => read.push(member),
            None => whole = false,
        }
    }
    // A fault was told already; the rest alone would seem too wide.
    whole.then_some(read)
}

fn member(item: &mut Item<'_, '_, '_>, entry: &Entry<'_>) -> Option<Member> {
    let key = value::join("json", &entry.key);
    let path = Path::parse(&entry.key)
        .map_err(|why| {
            let key = value::join(&item.path, &key);
            let what = format!("the path {why}");
            item.faults.add(
                entry.at,
                &key,
                what,
                "write names joined by dots, and [n] for an item: params[0].hash",
            );
        })
        .ok();
    let tests = tests(item, &key, &entry.node);
    Some(Member { path: path?, tests: tests? })
}

/// What a value must be: a scalar to be equal to, or a mapping of forms.
fn tests(item: &mut Item<'_, '_, '_>, key: &str, node: &Node<'_>) -> Option<Vec<Test>> {
    let Value::Map(entries) = &node.value else {
        let literal = literal(node).map_err(|wrong| item.wrong(key, node, wrong)).ok()?;
        return Some(vec![Test::Equal(literal)]);
    };
    let path = value::join(&item.path, key);
    let nodes = value::keys(node, &path, &FORMS, item.faults);
    if entries.is_empty() {
        let remedy = format!("write one of: {}", FORMS.join(", "));
        item.faults.add(node.at, &path, "asks for nothing", remedy);
    }
    let mut tests = Vec::new();
    for (form, node) in FORMS.into_iter().zip(nodes) {
        let Some(node) = node else { continue };
        match test(form, node) {
            Ok(test) => tests.push(test),
            Err(wrong) => item.wrong(&value::join(key, form), node, wrong),
        }
    }
    (tests.len() == entries.len() && !tests.is_empty()).then_some(tests)
}

fn test(form: &str, node: &Node<'_>) -> Result<Test, Wrong> {
    Ok(match form {
        "hex" => Test::Hex(range(node, 1)?),
        "is" => Test::Is(kind(node)?),
        "length" => Test::Length(range(node, 0)?),
        "one_of" => {
            let items = value::list(node)?;
            if items.is_empty() || items.len() > MAX_MEMBERS {
                return Err(Wrong::new(node, "has not 1 to 32 items", "list what the value may be"));
            }
            Test::OneOf(items.iter().map(literal).collect::<Result<_, _>>()?)
        }
        _ => Test::Prefix(raw(node, 1..=MAX_TEXT)?.into()),
    })
}

fn literal(node: &Node<'_>) -> Result<Literal, Wrong> {
    let remedy = "write a text, number, true or false, or a form such as {is: string}";
    match &node.value {
        Value::Bool(b) => Ok(Literal::Bool(*b)),
        Value::Int(n) if n.abs() <= MAX_NUMBER => Ok(Literal::Number(*n as f64)),
        Value::Int(_) => Err(Wrong::new(node, "is too large a number", remedy)),
        Value::Float(n) if n.is_finite() => Ok(Literal::Number(*n)),
        Value::Text(_) => raw(node, 0..=MAX_TEXT).map(|text| Literal::Text(text.into())),
        _ => Err(Wrong::new(node, "is no scalar", remedy)),
    }
}

fn kind(node: &Node<'_>) -> Result<Kind, Wrong> {
    let names = Kind::ALL.map(Kind::name);
    // YAML reads the word as a value of its own.
    if node.value == Value::Null {
        return Ok(Kind::Null);
    }
    value::word(node, &names).map(|index| Kind::ALL[index])
}

/// A number, or the least and the most.
fn range(node: &Node<'_>, least: usize) -> Result<RangeInclusive<usize>, Wrong> {
    let within = least..=MAX_LENGTH;
    let Value::List(items) = &node.value else {
        return value::count(node, &within).map(|n| n..=n);
    };
    let [from, to] = &items[..] else {
        return Err(Wrong::new(node, "has not two items", "write a number, or [least, most]"));
    };
    let (from, to) = (value::count(from, &within)?, value::count(to, &within)?);
    if from > to {
        return Err(Wrong::new(node, "begins behind its end", "write [least, most]"));
    }
    Ok(from..=to)
}

/// A text that may hold anything.
pub(super) fn raw<'n>(node: &'n Node<'_>, bytes: RangeInclusive<usize>) -> Result<&'n str, Wrong> {
    let remedy = format!("write a text of {} to {} bytes, in quotes", bytes.start(), bytes.end());
    match &node.value {
        Value::Text(text) if bytes.contains(&text.len()) => Ok(text),
        Value::Text(_) => Err(Wrong::new(node, "is too short or too long", remedy)),
        _ => Err(Wrong::new(node, "is no text", remedy)),
    }
}
