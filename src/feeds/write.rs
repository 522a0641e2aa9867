//! Entries as the text of a host list. The same entries give the same bytes: no date, no place of this machine.

use std::io::{self, Write};

use super::entry::{Action, Category, Entry, Facts, Group, Match};

/// The first line of a host list.
pub const HEADER: &str = "# geophone hosts 1";

/// What holds for all of a list.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The word for the feed, in `sources`.
    pub feed: String,
    /// Lines of its head.
    pub comments: Vec<String>,
    /// What kind of hosts they are.
    pub category: Category,
    /// Whether they are in service, where the feed does not say so.
    pub group: Group,
    /// The last day they are worth something, `YYYY-MM-DD`.
    pub expires: Option<String>,
}

/// Writes a host list of joined entries: what is listed, then what is allowed; exact names, then suffixes.
pub fn write(out: &mut dyn Write, heading: &Heading, entries: &[Entry]) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    for comment in &heading.comments {
        let line: String = comment.chars().filter(|c| !c.is_control()).collect();
        writeln!(out, "# {line}")?;
    }
    for action in [Action::List, Action::Allow] {
        for &matches in Match::ALL {
            for &group in Group::ALL {
                let is_here = |e: &&Entry| {
                    e.action == action && e.matches == matches && e.group().unwrap_or(heading.group) == group
                };
                let mut here = entries.iter().filter(is_here).peekable();
                if here.peek().is_some() {
                    defaults(out, heading, action, matches, group)?;
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
    matches: Match,
    group: Group,
) -> io::Result<()> {
    out.write_all(b"@")?;
    if matches != Match::Exact {
        write!(out, "\tmatch={}", matches.name())?;
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
    if let Some(serves) = facts.serves {
        write!(out, "\tserves={}", serves.name())?;
    }
    if let Some(operator) = &facts.operator {
        write!(out, "\toperator={operator}")?;
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
