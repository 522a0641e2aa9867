//! Host lists: files of one name a line, with what is known of it. Here are their first line, their keys, and the writer;
//! rule files read them. What a line looks like stands in docs/rules.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use crate::rules::{Category, Group, Serves};

/// The first line of every host list.
pub(super) const HEAD: &str = "# geophone hosts 1";

/// The keys of a line.
pub(super) const KEYS: [&str; 11] = [
    "action",
    "category",
    "coins",
    "expires",
    "group",
    "last_seen",
    "match",
    "operator",
    "ports",
    "serves",
    "sources",
];

/// A line of a host list, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLine {
    /// A host name, an address, an address with a port, or a prefix.
    pub name: String,
    /// Whether names below it count too; says nothing of an address.
    pub suffix: bool,
    /// Whether it is said to have nothing to do with mining.
    pub allow: bool,
    /// What is known of it.
    pub about: HostAbout,
}

/// What a line says of its host. What is empty is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAbout {
    /// What it is listed for.
    pub category: Category,
    /// Whether it still mines.
    pub group: Group,
    /// What this very name serves.
    pub serves: Serves,
    /// Who runs it.
    pub operator: Option<String>,
    /// Coins it pays for.
    pub coins: Vec<String>,
    /// Ports of its mining servers.
    pub ports: Vec<u16>,
    /// When a source last listed it: a day, month or year.
    pub last_seen: Option<String>,
    /// Who says so.
    pub sources: Vec<String>,
    /// The day from which it should no longer be believed.
    pub expires: Option<String>,
}

/// Writes a host list, below `comments`. Its order does not depend on that of `lines`: first what nothing else is said
/// like, by name; then, under a line of defaults each, what is said of several names at once.
pub fn write_host_list(
    out: &mut impl io::Write,
    comments: &[String],
    lines: impl Iterator<Item = HostLine>,
) -> io::Result<()> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        groups.entry(keys(&line)).or_default().push(line.name);
    }
    let mut single = Vec::new();
    for (keys, names) in &mut groups {
        names.sort_unstable();
        if let [name] = names.as_slice() {
            single.push((name.as_str(), keys.as_str()));
        }
    }
    single.sort_unstable();

    writeln!(out, "{HEAD}")?;
    for comment in comments {
        writeln!(out, "# {}", clean(comment))?;
    }
    for (name, keys) in single {
        writeln!(out, "{name}{keys}")?;
    }
    for (keys, names) in groups.iter().filter(|(_, names)| names.len() > 1) {
        writeln!(out, "@{keys}")?;
        names.iter().try_for_each(|name| writeln!(out, "{name}"))?;
    }
    Ok(())
}

/// What follows the name, each key behind its tab; what is the default is left out.
fn keys(line: &HostLine) -> String {
    let about = &line.about;
    let mut keys = String::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(keys, "\t{key}={}", clean(value));
        }
    };
    put("match", if line.suffix { "suffix" } else { "" });
    put("action", if line.allow { "allow" } else { "" });
    put("category", if about.category == Category::Pool { "" } else { about.category.name() });
    put("group", if about.group == Group::Current { "" } else { about.group.name() });
    put("serves", if about.serves == Serves::Unknown { "" } else { about.serves.name() });
    put("operator", about.operator.as_deref().unwrap_or_default());
    put("coins", &about.coins.join(","));
    put("ports", &about.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(","));
    put("last_seen", about.last_seen.as_deref().unwrap_or_default());
    put("sources", &about.sources.join(","));
    put("expires", about.expires.as_deref().unwrap_or_default());
    keys
}

/// A value that ends neither its column nor its line.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
