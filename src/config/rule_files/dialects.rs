//! Entries of `dialects`: dialects that a rule file describes, message by message. What is too wide, or named twice, the
//! rule set says.

use crate::detect::Dialect;
use crate::rules::Described;
use crate::rules::described::{
    Field, Form, HeadForm, HostForm, MAX_SHAPES, Path, PathForm, Says, Shape, Source, check_text,
};
use crate::stratum::{Role, Strength};

use super::super::fault::FileFaults;
use super::super::value::{self, Wrong};
use super::super::words;
use super::super::yaml::{Location, Node, Value};
use super::item::Item;
use super::members::{members, raw};
use super::rule::rule;
use super::samples::{self, Sampled, Samples};

pub(super) const KEYS: [&str; 9] =
    ["dialect", "id", "rev", "signal", "name", "category", "severity", "certainty", "messages"];

const MESSAGE_KEYS: [&str; 10] =
    ["name", "json", "text", "http", "from", "strength", "says", "take", "matches", "ignores"];

/// A dialect as it was read.
pub(super) struct Entry {
    pub(super) described: Described,
    /// Where each shape stands: its place in the file's list, its own location, and those of its keys.
    pub(super) places: Vec<MessagePlace>,
    pub(super) samples: Vec<Samples>,
}

/// Where a message stands.
pub(super) struct MessagePlace {
    pub(super) index: usize,
    pub(super) at: Location,
    pub(super) keys: Vec<(&'static str, Location)>,
}

/// Reads an entry; `nodes` are the values of its keys.
pub(super) fn entry<'n>(item: &mut Item<'n, '_, '_>, nodes: &[Option<&'n Node<'n>>]) -> Option<Entry> {
    let [word, id, rev, signal, name, category, severity, certainty, messages] = nodes[..] else {
        return None;
    };
    let word = item.required("dialect", word, named);
    let columns = [id, rev, signal, name, category, severity, certainty];
    let rule = rule(item, columns, word.map(Dialect::Named));
    let id = rule.as_ref().map_or(0, |r| r.id);
    let list = item.required("messages", messages, value::list).unwrap_or_default();
    let mut entry = Entry {
        described: Described { rule: rule?, shapes: Vec::new() },
        places: Vec::new(),
        samples: Vec::new(),
    };
    // One more than allowed is enough for the rule set to refuse the rest.
    for (index, node) in list.iter().take(MAX_SHAPES + 1).enumerate() {
        let path = format!("{}.messages[{index}]", item.path);
        let mut item = Item { node, path, faults: &mut *item.faults };
        let nodes = item.keys(&MESSAGE_KEYS);
        let Some((shape, samples)) = message(&mut item, &nodes, id) else { continue };
        let keys = MESSAGE_KEYS.iter().zip(&nodes).filter_map(|(key, node)| node.map(|n| (*key, n.at)));
        entry.places.push(MessagePlace { index, at: node.at, keys: keys.collect() });
        entry.described.shapes.push(shape);
        entry.samples.push(samples);
    }
    // A message that was not understood has its own fault; a dialect of none needs no second one.
    let understood = entry.described.shapes.len() == list.len().min(MAX_SHAPES + 1);
    (understood && word.is_some()).then_some(entry)
}

fn message<'n>(
    item: &mut Item<'n, '_, '_>,
    nodes: &[Option<&'n Node<'n>>],
    rule: u32,
) -> Option<(Shape, Samples)> {
    let [name, json, text, http, from, strength, says, take, matches, ignores] = nodes[..] else {
        return None;
    };
    let name = item.required("name", name, named);
    let roles = [("miner", Role::Miner), ("pool", Role::Pool)];
    let from = item.optional("from", from, |n| value::word(n, &roles.map(|r| r.0)).map(|i| roles[i].1));
    let strengths =
        [("unique", Strength::Unique), ("strong", Strength::Strong), ("context", Strength::Context)];
    let strength = item
        .required("strength", strength, |n| value::word(n, &strengths.map(|s| s.0)).map(|i| strengths[i].1));
    let kinds = Says::ALL.map(Says::name);
    let says = match says {
        Some(_) => item.optional("says", says, |n| value::word(n, &kinds).map(|i| Says::ALL[i])),
        None => Some(Says::Other),
    };
    let form = form(item, json, text, http);
    let take = match (take, says, &form) {
        (Some(node), Some(says), Some(form)) => take_from(item, node, says, form),
        _ => Vec::new(),
    };
    let matches = samples::list(item, "matches", matches, true);
    let ignores = samples::list(item, "ignores", ignores, strength.is_some_and(|s| s > Strength::Context));

    let (name, strength) = (name?, strength?);
    let message = Some(Sampled { name, from, strength });
    let samples = Samples { file: item.faults.file.to_owned(), rule, message, matches, ignores };
    Some((Shape { name, from, strength, says: says?, take, form: form? }, samples))
}

/// A word that events will hold: one line, kept for good.
fn named(node: &Node<'_>) -> Result<&'static str, Wrong> {
    let text = value::text(node)?;
    if text.len() > words::MAX_BYTES {
        return Err(Wrong::new(node, "is longer than 64 bytes", "write a shorter one"));
    }
    words::forever(text).ok_or_else(|| {
        Wrong::new(
            node,
            "is one name too many since the program started",
            "restart it, or keep fewer messages",
        )
    })
}

fn form<'n>(
    item: &mut Item<'n, '_, '_>,
    json: Option<&'n Node<'n>>,
    text: Option<&'n Node<'n>>,
    http: Option<&'n Node<'n>>,
) -> Option<Form> {
    match (json, text, http) {
        (Some(node), None, None) => members(item, node).map(Form::Json),
        (None, Some(_), None) => item.optional("text", text, beginning).map(Form::Text),
        (None, None, Some(node)) => head(item, node).map(Form::Http),
        _ => {
            if matches!(item.node.value, Value::Map(_) | Value::Null) {
                let what = "has not exactly one of json, text and http";
                let path = item.path.clone();
                item.faults.add(item.node.at, &path, what, "say once how the message is told");
            }
            None
        }
    }
}

fn beginning(node: &Node<'_>) -> Result<Box<[u8]>, Wrong> {
    let text = raw(node, 1..=64)?;
    let wrong = |why| Wrong::new(node, why, "write the 4 to 64 bytes that the message begins with");
    check_text(text.as_bytes()).map(|()| text.as_bytes().into()).map_err(wrong)
}

fn head<'n>(item: &mut Item<'n, '_, '_>, node: &'n Node<'n>) -> Option<HeadForm> {
    let path = value::join(&item.path, "http");
    let mut item = Item { node, path, faults: &mut *item.faults };
    let nodes = item.keys(&["method", "path", "host", "header", "websocket"]);
    let [method, target, host, header, websocket] = nodes[..] else { return None };
    let method = item.required("method", method, |n| {
        let method = value::text(n)?;
        HeadForm::check_method(method).map_err(|why| Wrong::new(n, why, "write GET, POST or another"))?;
        Ok(method.into())
    });
    let target = item.required("path", target, |n| {
        let remedy = "write it like /mine/*/work or /api/*";
        PathForm::parse(value::text(n)?).map_err(|why| Wrong::new(n, why, remedy))
    });
    let given = [host, header, websocket].iter().flatten().count();
    let host = item.optional("host", host, |n| {
        let remedy = "write it like pool.example.net or *.example.net";
        HostForm::parse(value::text(n)?).map_err(|why| Wrong::new(n, why, remedy))
    });
    let header = header.and_then(|n| header_form(&mut item, n));
    let websocket = item.optional("websocket", websocket, value::flag);
    // What is wrong must not leave a wider shape behind.
    let read = [host.is_some(), header.is_some(), websocket.is_some()].into_iter().filter(|r| *r).count();
    (read == given).then_some(())?;
    Some(HeadForm { method: method?, path: target?, host, header, websocket })
}

fn header_form<'n>(item: &mut Item<'n, '_, '_>, node: &'n Node<'n>) -> Option<(Box<str>, Box<str>)> {
    let path = value::join(&item.path, "header");
    let mut item = Item { node, path, faults: &mut *item.faults };
    let nodes = item.keys(&["name", "prefix"]);
    let [name, prefix] = nodes[..] else { return None };
    let name = item.required("name", name, header_name);
    let prefix = match prefix {
        Some(_) => item.optional("prefix", prefix, |n| value::text(n).map(Box::from)),
        None => Some(Box::default()),
    };
    Some((name?, prefix?))
}

fn header_name(node: &Node<'_>) -> Result<Box<str>, Wrong> {
    let name = value::text(node)?;
    HeadForm::check_header(name).map_err(|why| Wrong::new(node, why, "write it like X-Pool"))?;
    Ok(name.into())
}

/// The `take` key: which values are read, and where they stand.
fn take_from(item: &mut Item<'_, '_, '_>, node: &Node<'_>, says: Says, form: &Form) -> Vec<(Field, Source)> {
    let names = Field::ALL.map(Field::name);
    let path = value::join(&item.path, "take");
    let nodes = value::keys(node, &path, &names, item.faults);
    let mut taken = Vec::new();
    for (field, node) in Field::ALL.into_iter().zip(nodes) {
        let Some(node) = node else { continue };
        let key = value::join(&path, field.name());
        if !says.fields().contains(&field) {
            refuse(item.faults, node, &key, says);
            continue;
        }
        match source(node, form) {
            Ok(source) => taken.push((field, source)),
            Err(wrong) => item.faults.add(node.at, &key, wrong.what, wrong.remedy),
        }
    }
    taken
}

fn refuse(faults: &mut FileFaults<'_>, node: &Node<'_>, key: &str, says: Says) {
    let fields: Vec<&str> = says.fields().iter().map(|f| f.name()).collect();
    let remedy = match fields[..] {
        [] => "take nothing from it".to_owned(),
        _ => format!("take one of: {}", fields.join(", ")),
    };
    faults.add(node.at, key, format!("is nothing that says: {} tells", says.name()), remedy);
}

fn source(node: &Node<'_>, form: &Form) -> Result<Source, Wrong> {
    let text = value::text(node)?;
    match form {
        Form::Json(_) => {
            let remedy = "write names joined by dots, and [n] for an item: params[0].hash";
            Path::parse(text).map(Source::Path).map_err(|why| Wrong::new(node, why, remedy))
        }
        Form::Http(_) if text == "*" => Ok(Source::Star),
        Form::Http(_) => header_name(node).map(Source::Header),
        Form::Text(_) => Err(Wrong::new(node, "is taken from text", "take values from json and http only")),
    }
}
