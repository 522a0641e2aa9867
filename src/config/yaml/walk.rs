//! The walk through serde_yaml's events that keeps their places.
//!
//! serde_yaml tells a place only in an error. So each node is asked for twice: first as an enum, by a [`Probe`] that
//! takes a scalar's value and then always fails, which gives the place; a list or mapping fails before anything of it
//! is read, and is then asked for again as what it is. This leans on how serde_yaml 0.9.34 is written, which is its
//! last version; the tests beside this file would notice another.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};

use super::{Entry, Location, Node, Syntax, Value, clip};

/// Bytes of the longest key. serde_yaml writes the whole path into each error, so a long key costs time in each
/// node below it.
const MAX_KEY: usize = 128;

/// What serde_yaml says to a list or mapping that is asked for as an enum.
const NO_SCALAR: &str = "expected a YAML tag starting with '!'";

/// Brackets open at once. libyaml's time grows with the square of their depth, and serde_yaml refuses more than 128
/// only after libyaml is through; brackets in quotes count here too, hence more room.
const MAX_DEPTH: usize = 1000;

const PLAIN_YAML: &str = "write plain YAML: keys, values and lists";

/// Reads the one document of a text.
pub(super) fn document(text: &str) -> Result<Value<'_>, Syntax> {
    if let Some(at) = too_deep(text) {
        let what = format!("more than {MAX_DEPTH} brackets are open here");
        return Err(Syntax { at, what, remedy: "close them" });
    }
    let walk = Walk { last: Cell::new(root(text)), ..Walk::default() };
    let result = serde_yaml::Deserializer::from_str(text).deserialize_any(Content(&walk));
    result.map_err(|error| walk.refused.take().unwrap_or_else(|| syntax(text, &error)))
}

#[derive(Default)]
struct Walk {
    /// Where the node before started.
    last: Cell<Option<Location>>,
    in_new_map: Cell<bool>,
    /// Why the walk was ended, where it was not serde_yaml that ended it.
    refused: RefCell<Option<Syntax>>,
}

/// One answer to a probe.
enum Asked<'t> {
    Scalar(Node<'t>),
    Collection(Location),
    End,
}

impl Walk {
    /// Makes sense of a probe's error. Places only grow on the way through a text, so one that does not grow is that
    /// of an alias, which stands for what was read before.
    fn located<'t, E: de::Error>(&self, probe: Probe<'t>, error: E) -> Result<Asked<'t>, E> {
        let scalar = probe.0.into_inner();
        let said = format!("{error:?}");
        if scalar.is_none() && !said.contains(NO_SCALAR) {
            return Err(error);
        }
        let Some(at) = place(&said) else {
            return Err(self.refuse("a tag (!name)"));
        };
        let first_key = self.in_new_map.take() && scalar.is_some();
        if self.last.get().is_some_and(|last| at < last || (at == last && !first_key)) {
            return Err(self.refuse("an alias (*name)"));
        }
        self.last.set(Some(at));
        Ok(match scalar {
            Some(value) => Asked::Scalar(Node { at, value }),
            None => Asked::Collection(at),
        })
    }

    fn refuse<E: de::Error>(&self, what: &str) -> E {
        let at = self.last.get().unwrap_or(Location::START);
        let what = format!("{what} here or just behind is not taken");
        *self.refused.borrow_mut() = Some(Syntax { at, what, remedy: PLAIN_YAML });
        E::custom("refused")
    }

    fn element<'t, A: SeqAccess<'t>>(&self, list: &mut A) -> Result<Option<Node<'t>>, A::Error> {
        let probe = Probe::default();
        let asked = match list.next_element_seed(&probe) {
            Ok(_) => Asked::End,
            Err(error) => self.located(probe, error)?,
        };
        Ok(match asked {
            Asked::Scalar(node) => Some(node),
            Asked::Collection(at) => list.next_element_seed(Content(self))?.map(|value| Node { at, value }),
            Asked::End => None,
        })
    }

    fn key<'t, A: MapAccess<'t>>(&self, map: &mut A) -> Result<Option<(Location, Cow<'t, str>)>, A::Error> {
        let probe = Probe::default();
        let asked = match map.next_key_seed(&probe) {
            Ok(_) => Asked::End,
            Err(error) => self.located(probe, error)?,
        };
        let node = match asked {
            Asked::Scalar(node) => node,
            Asked::Collection(_) => return Err(self.refuse("a list or mapping as a key")),
            Asked::End => return Ok(None),
        };
        let key = match node.value {
            Value::Text(text) => text,
            Value::Null => "null".into(),
            other => other.to_string().into(),
        };
        if key.len() > MAX_KEY {
            return Err(self.refuse("a key of more than 128 bytes"));
        }
        Ok(Some((node.at, key)))
    }

    fn value<'t, A: MapAccess<'t>>(&self, map: &mut A) -> Result<Node<'t>, A::Error> {
        let probe = Probe::default();
        match map.next_value_seed(&probe) {
            Ok(never) => match never {},
            Err(error) => match self.located(probe, error)? {
                Asked::Scalar(node) => Ok(node),
                Asked::Collection(at) => map.next_value_seed(Content(self)).map(|value| Node { at, value }),
                Asked::End => Err(self.refuse("a key without value")),
            },
        }
    }
}

/// Takes a scalar and fails, for the place in the error.
#[derive(Default)]
struct Probe<'t>(Cell<Option<Value<'t>>>);

impl<'t> DeserializeSeed<'t> for &Probe<'t> {
    type Value = Infallible;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Infallible, D::Error> {
        deserializer.deserialize_enum("", &[], self)
    }
}

impl<'t> Visitor<'t> for &Probe<'t> {
    type Value = Infallible;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_enum<A: EnumAccess<'t>>(self, data: A) -> Result<Infallible, A::Error> {
        let (value, _) = data.variant_seed(Content(&Walk::default()))?;
        self.0.set(Some(value));
        Err(de::Error::custom("here"))
    }
}

/// Takes whatever comes.
struct Content<'w>(&'w Walk);

impl<'t> DeserializeSeed<'t> for Content<'_> {
    type Value = Value<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Value<'t>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Content<'_> {
    type Value = Value<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without tag")
    }

    fn visit_unit<E>(self) -> Result<Value<'t>, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value<'t>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'t>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'t>, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'t>, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value<'t>, E> {
        Ok(Value::Int(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value<'t>, E> {
        Ok(Value::Int(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'t>, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'t>, E> {
        Ok(Value::Text(text.to_owned().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Value<'t>, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<Value<'t>, A::Error> {
        self.0.in_new_map.set(false);
        let mut nodes = Vec::new();
        while let Some(node) = self.0.element(&mut list)? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Value<'t>, A::Error> {
        self.0.in_new_map.set(true);
        let mut entries = Vec::new();
        while let Some((at, key)) = self.0.key(&mut map)? {
            entries.push(Entry { key, at, node: self.0.value(&mut map)? });
        }
        self.0.in_new_map.set(false);
        Ok(Value::Map(entries))
    }
}

/// Where the outermost node starts, which serde_yaml does not tell: the first character that is neither comment,
/// directive nor the start of the document.
fn root(text: &str) -> Option<Location> {
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let content = line.strip_prefix("---").unwrap_or(line).trim_start();
        if !content.is_empty() && !content.starts_with('#') && !line.starts_with('%') {
            let column = line[..line.len() - content.len()].chars().count() + 1;
            return Some(Location { line: index + 1, column });
        }
    }
    None
}

/// Where brackets are nested too deep, if anywhere.
fn too_deep(text: &str) -> Option<Location> {
    let mut depth = 0_usize;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for (column, byte) in line.bytes().enumerate() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth > MAX_DEPTH {
                let column = String::from_utf8_lossy(&line.as_bytes()[..column]).chars().count() + 1;
                return Some(Location { line: index + 1, column });
            }
        }
    }
    None
}

/// The place in `Error("…", line: 3, column: 7)`.
fn place(said: &str) -> Option<Location> {
    let (head, column) = said.strip_suffix(')')?.rsplit_once(", column: ")?;
    let (_, line) = head.rsplit_once(", line: ")?;
    Some(Location { line: line.parse().ok()?, column: column.parse().ok()? })
}

/// serde_yaml's own fault, without the place it repeats.
fn syntax(text: &str, error: &serde_yaml::Error) -> Syntax {
    let at = match error.location() {
        Some(place) => Location { line: place.line(), column: place.column() },
        None => Location::START,
    };
    let said = error.to_string().replace(&format!(" at line {} column {}", at.line, at.column), "");
    let what = clip(said.strip_prefix(".: ").unwrap_or(&said)).into_owned();
    let line = text.lines().nth(at.line - 1).unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let remedy = if indent.contains('\t') {
        "indent with spaces, not with tabs"
    } else if said.contains("limit exceeded") {
        PLAIN_YAML
    } else if said.contains("more than one document") {
        "keep one document: take the --- line out"
    } else {
        "check quotes, brackets, colons and indentation here and in the line before"
    };
    Syntax { at, what, remedy }
}
