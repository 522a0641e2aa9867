//! Host lists: files of one name a line, with what is known of it. Here are their first line, their keys, and the writer
//! of what feeds gave; rule files read them. What a line looks like stands in docs/rules.md.

use std::io::{self, Write};

use crate::feeds::{Entry, Facts};
use crate::rules::{Action, Category, Group, Scope, Serves};

/// The first line of every host list.
pub const HEAD: &str = "# geophone hosts 1";

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

/// What holds for all of a list that is written.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The word for the feed, in `sources`.
    pub feed: String,
    /// Lines below the first.
    pub comments: Vec<String>,
    /// What kind of hosts they are.
    pub category: Category,
    /// Whether they are in service, where the feed does not say so.
    pub group: Group,
    /// The last day they are worth something, `YYYY-MM-DD`.
    pub expires: Option<String>,
}

/// Writes a host list of joined entries: what is listed, then what is allowed; exact names, then suffixes. The same
/// entries give the same bytes: no date, no place of this machine.
pub fn write_host_list(out: &mut dyn Write, heading: &Heading, entries: &[Entry]) -> io::Result<()> {
    writeln!(out, "{HEAD}")?;
    for comment in &heading.comments {
        writeln!(out, "# {}", clean(comment))?;
    }
    for action in Action::ALL {
        for scope in Scope::ALL {
            for group in Group::ALL {
                let is_here = |e: &&Entry| {
                    e.action == action && e.scope == scope && e.group().unwrap_or(heading.group) == group
                };
                let mut here = entries.iter().filter(is_here).peekable();
                if here.peek().is_some() {
                    defaults(out, heading, action, scope, group)?;
                }
                here.try_for_each(|entry| line(out, entry))?;
            }
        }
    }
    Ok(())
}

fn defaults(
    out: &mut dyn Write,
    heading: &Heading,
    action: Action,
    scope: Scope,
    group: Group,
) -> io::Result<()> {
    out.write_all(b"@")?;
    if scope != Scope::Exact {
        write!(out, "\tmatch={}", scope.name())?;
    }
    if action == Action::Allow {
        write!(out, "\taction={}", action.name())?;
    } else {
        if heading.category != Category::Pool {
            write!(out, "\tcategory={}", heading.category.name())?;
        }
        if group != Group::Current {
            write!(out, "\tgroup={}", group.name())?;
        }
    }
    write!(out, "\tsources={}", heading.feed)?;
    if let Some(date) = &heading.expires {
        write!(out, "\texpires={date}")?;
    }
    out.write_all(b"\n")
}

fn line(out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
    out.write_all(entry.name.as_bytes())?;
    if let (Some(facts), Action::List) = (&entry.facts, entry.action) {
        columns(out, facts)?;
    }
    out.write_all(b"\n")
}

fn columns(out: &mut dyn Write, facts: &Facts) -> io::Result<()> {
    if facts.serves != Serves::Unknown {
        write!(out, "\tserves={}", facts.serves.name())?;
    }
    if let Some(operator) = &facts.operator {
        write!(out, "\toperator={}", clean(operator))?;
    }
    if !facts.coins.is_empty() {
        write!(out, "\tcoins={}", facts.coins.join(","))?;
    }
    if !facts.ports.is_empty() {
        let ports: Vec<String> = facts.ports.iter().map(u16::to_string).collect();
        write!(out, "\tports={}", ports.join(","))?;
    }
    if let Some(date) = &facts.last_seen {
        write!(out, "\tlast_seen={date}")?;
    }
    Ok(())
}

/// A text that ends neither its column nor its line.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
