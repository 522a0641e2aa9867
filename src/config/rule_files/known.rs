//! Known hosts, addresses and scripts of YAML files: an operator's few own ones. Long lists are host lists.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::value;
use super::super::yaml::{Location, Node};
use super::item::{Item, date};
use crate::rules::{
    About, AboutId, Action, Category, Group, Known, Problem, Scope, Script, ScriptKind, Serves,
};

const POOL_KEYS: [&str; 12] = [
    "domain",
    "match",
    "action",
    "operator",
    "category",
    "group",
    "serves",
    "coins",
    "ports",
    "last_seen",
    "expires",
    "sources",
];

const ADDRESS_KEYS: [&str; 11] = [
    "address",
    "port",
    "action",
    "operator",
    "category",
    "group",
    "serves",
    "coins",
    "last_seen",
    "expires",
    "sources",
];

const SCRIPT_KEYS: [&str; 6] = ["pattern", "kind", "service", "group", "hosts", "sources"];

/// One file's entries of these lists.
pub(super) struct Entries<'k> {
    known: &'k mut Known,
    source: Arc<str>,
    /// Where in this file each name, address or pattern stood first.
    firsts: HashMap<String, Location>,
}

impl<'k> Entries<'k> {
    pub(super) fn new(file: &str, known: &'k mut Known) -> Self {
        let name = file.rsplit('/').next().unwrap_or(file);
        known.begin(name);
        Self { known, source: name.into(), firsts: HashMap::new() }
    }

    pub(super) fn pool(&mut self, mut item: Item<'_, '_, '_>) {
        let keys = Keys::read(&mut item, &POOL_KEYS);
        let domain = item.required("domain", keys.of("domain"), value::text);
        let matching = item.required("match", keys.of("match"), |n| of(n, &Scope::ALL, Scope::name));
        let action = item.optional("action", keys.of("action"), |n| of(n, &Action::ALL, Action::name));
        let about = self.about(&mut item, &keys);
        let (Some(domain), Some(about)) = (domain, about) else { return };
        let scope = matching.unwrap_or_default();
        let result = self.known.host(domain, scope, action.unwrap_or_default(), about);
        let name = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
        self.tell(&mut item, &keys, format!("{} {name}", scope.name()), ("domain", result));
    }

    pub(super) fn address(&mut self, mut item: Item<'_, '_, '_>) {
        let keys = Keys::read(&mut item, &ADDRESS_KEYS);
        let address = item.required("address", keys.of("address"), value::text);
        let port = item.optional("port", keys.of("port"), |n| value::count(n, &(1..=65_535)));
        let action = item.optional("action", keys.of("action"), |n| of(n, &Action::ALL, Action::name));
        let about = self.about(&mut item, &keys);
        let (Some(address), Some(about)) = (address, about) else { return };
        let port = port.and_then(|port| u16::try_from(port).ok());
        let result = self.known.address(address, port, action.unwrap_or_default(), about);
        self.tell(&mut item, &keys, format!("{address} {port:?}"), ("address", result));
    }

    pub(super) fn script(&mut self, mut item: Item<'_, '_, '_>) {
        let keys = Keys::read(&mut item, &SCRIPT_KEYS);
        let pattern = item.required("pattern", keys.of("pattern"), value::text);
        let kind = item.required("kind", keys.of("kind"), |n| of(n, &ScriptKind::ALL, ScriptKind::name));
        let service = item.required("service", keys.of("service"), value::text);
        let group = item.optional("group", keys.of("group"), |n| of(n, &Group::ALL, Group::name));
        let hosts = item.items("hosts", keys.of("hosts"), value::text);
        let sources = item.items("sources", keys.of("sources"), value::text);
        let (Some(pattern), Some(kind), Some(service)) = (pattern, kind, service) else { return };
        let script = Script {
            pattern: pattern.into(),
            kind,
            service: service.into(),
            group: group.unwrap_or_default(),
            hosts: hosts.into_iter().map(|host| host.to_ascii_lowercase().into()).collect(),
            source: self.source(&sources),
        };
        let (key, result) = match self.known.script(script) {
            Ok(()) => ("pattern", Ok(())),
            Err((key, problem)) => (key, Err(problem)),
        };
        self.tell(&mut item, &keys, format!("{} {pattern}", kind.name()), (key, result));
    }

    /// The account that the entry's keys give.
    fn about<'n>(&mut self, item: &mut Item<'n, '_, '_>, keys: &Keys<'n>) -> Option<AboutId> {
        let category = |n: &Node<'_>| of(n, &Category::ALL, Category::name);
        let text = |text: &str| Arc::from(text);
        let operator = item.optional("operator", keys.of("operator"), value::text).map(text);
        let category = item.optional("category", keys.of("category"), category).unwrap_or_default();
        let group = item.optional("group", keys.of("group"), |n| of(n, &Group::ALL, Group::name));
        let serves = item.optional("serves", keys.of("serves"), |n| of(n, &Serves::ALL, Serves::name));
        let coins = item.items("coins", keys.of("coins"), value::text);
        let ports = item.items("ports", keys.of("ports"), |n| value::count(n, &(1..=65_535)));
        let last_seen = item.optional("last_seen", keys.of("last_seen"), date).map(text);
        let expires = item.optional("expires", keys.of("expires"), date).map(text);
        let sources = item.items("sources", keys.of("sources"), value::text);
        let about = About {
            category,
            group: group.unwrap_or_default(),
            operator,
            coins: coins.into_iter().map(Arc::from).collect(),
            ports: ports.into_iter().filter_map(|port| u16::try_from(port).ok()).collect(),
            serves: serves.unwrap_or_default(),
            source: self.source(&sources),
            last_seen,
            expires,
        };
        // With a fault the set is not used; the name is still looked at, so that its faults are told in the same go.
        self.known
            .about(about)
            .map_err(|faults| {
                for (key, problem) in faults {
                    tell(item, keys, key, &problem, "");
                }
            })
            .or_else(|()| self.known.about(About::new(Arc::clone(&self.source))))
            .ok()
    }

    /// The sources an entry names; else its file.
    fn source(&self, sources: &[&str]) -> Arc<str> {
        if sources.is_empty() { Arc::clone(&self.source) } else { sources.join(",").into() }
    }

    fn tell(
        &mut self,
        item: &mut Item<'_, '_, '_>,
        keys: &Keys<'_>,
        name: String,
        (key, result): (&str, Result<(), Problem>),
    ) {
        let at = keys.of(key).map_or(item.node.at, |node| node.at);
        let first = *self.firsts.entry(name).or_insert(at);
        let Err(problem) = result else { return };
        let earlier = match problem {
            Problem::DuplicateAddress(_) | Problem::DuplicateDomain(_) | Problem::DuplicateScript(_)
                if first != at =>
            {
                format!(" (first in line {})", first.line)
            }
            _ => String::new(),
        };
        tell(item, keys, key, &problem, &earlier);
    }
}

/// The values of an entry's keys, by name.
struct Keys<'n> {
    known: &'static [&'static str],
    nodes: Vec<Option<&'n Node<'n>>>,
}

impl<'n> Keys<'n> {
    fn read(item: &mut Item<'n, '_, '_>, known: &'static [&'static str]) -> Self {
        Self { known, nodes: item.keys(known) }
    }

    fn of(&self, key: &str) -> Option<&'n Node<'n>> {
        let index = self.known.iter().position(|k| *k == key)?;
        self.nodes.get(index).copied().flatten()
    }
}

fn tell(item: &mut Item<'_, '_, '_>, keys: &Keys<'_>, key: &str, problem: &Problem, earlier: &str) {
    let at = keys.of(key).map_or(item.node.at, |node| node.at);
    let path = value::join(&item.path, key);
    item.faults.add(at, &path, format!("{problem}{earlier}"), problem.remedy());
}

fn of<T: Copy>(node: &Node<'_>, all: &[T], name: fn(T) -> &'static str) -> Result<T, value::Wrong> {
    let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
    value::word(node, &names).map(|index| all[index])
}
