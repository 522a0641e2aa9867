//! What every format's reader hands its hosts to: form and owner are judged, and what is good becomes an entry.

use super::entry::{Entry, Facts};
use super::host::{self, Host, Word};
use super::report::{Reason, Report};
use super::reserved::{self, Reach};
use super::{MAX_ENTRIES, MAX_LINE, Options, lines};
use crate::rules::{Action, Scope, Serves};

/// Notes that are kept, and characters of each.
const MAX_NOTES: usize = 200;
const MAX_NOTE: usize = 300;

/// How comments begin that say where a feed is from and what may be done with it.
const NOTES: [&str; 13] = [
    "copyright",
    "date",
    "homepage",
    "last modified",
    "last update",
    "license",
    "licence",
    "modified",
    "reference",
    "source",
    "title",
    "updated",
    "version",
];

/// What a format says about a host apart from its name.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) scope: Scope,
    pub(super) action: Action,
    pub(super) facts: Facts,
}

impl Given {
    /// A host to be listed, of which nothing is said.
    pub(super) fn listed(scope: Scope) -> Self {
        Self { scope, action: Action::List, facts: Facts::default() }
    }

    /// A host to be left alone.
    pub(super) fn allowed(scope: Scope) -> Self {
        Self { scope, action: Action::Allow, facts: Facts::default() }
    }
}

/// Takes hosts and keeps count.
pub(super) struct Taker<'a> {
    options: &'a Options<'a>,
    /// The line that is read.
    pub(super) line: u64,
    entries: Vec<Entry>,
    notes: Vec<String>,
    report: Report,
}

impl<'a> Taker<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        Self { options, line: 0, entries: Vec::new(), notes: Vec::new(), report: Report::default() }
    }

    pub(super) fn finish(self) -> (Vec<Entry>, Vec<String>, Report) {
        (self.entries, self.notes, self.report)
    }

    /// Gives each line that is text to `read`, without space at its end.
    pub(super) fn each(&mut self, text: &[u8], mut read: impl FnMut(&mut Self, &str)) {
        for (number, line) in lines(text) {
            self.line = number;
            if let Some(line) = self.text(line) {
                read(self, line);
            }
        }
    }

    /// A line as text; refused where it is none.
    pub(super) fn text<'l>(&mut self, line: &'l [u8]) -> Option<&'l str> {
        if line.len() > MAX_LINE {
            self.refuse(Reason::LongLine, "");
            return None;
        }
        let text = str::from_utf8(line).map(str::trim_end).ok();
        if text.is_none() {
            self.refuse(Reason::NotText, &String::from_utf8_lossy(line));
        }
        text
    }

    /// Counts what is not taken.
    pub(super) fn refuse(&mut self, reason: Reason, word: &str) {
        self.report.read += 1;
        self.report.refuse(self.line, reason, word);
    }

    /// Takes a word of a list as a host, or refuses it.
    pub(super) fn host(&mut self, word: &str, given: Given) {
        if word.len() > MAX_LINE {
            return self.refuse(Reason::LongName, word);
        }
        match host::parse(word) {
            Ok(parsed) => self.parsed(word, parsed, given),
            Err(reason) => self.refuse(reason, word),
        }
    }

    /// Takes a host whose form was judged.
    pub(super) fn parsed(&mut self, word: &str, parsed: Word, given: Given) {
        let allow = self.options.allow || given.action == Action::Allow;
        let Given { scope, mut facts, .. } = given;
        let scope = if parsed.below { Scope::Suffix } else { scope };
        if self.entries.len() >= MAX_ENTRIES {
            return self.refuse(Reason::TooMany, word);
        }
        if parsed.serves != Serves::Unknown {
            facts.serves = parsed.serves;
        }
        if let Some(port) = parsed.port {
            facts.ports = vec![port];
        }
        let done = match parsed.host {
            Host::Name(name) => self.name(name, self.options.scope.unwrap_or(scope), allow, facts),
            Host::Prefix(address, bits) => {
                reserved::prefix(address, bits, allow).map(|()| self.addresses(address, bits, allow, facts))
            }
        };
        match done {
            Ok(()) => self.report.read += 1,
            Err(reason) => self.refuse(reason, word),
        }
    }

    /// What a line holds before its comment, which is kept.
    pub(super) fn said<'l>(&mut self, line: &'l str, marks: &[char]) -> &'l str {
        let (entry, comment) = uncommented(line.trim_start(), marks);
        if let Some(comment) = comment {
            self.comment(comment);
        }
        entry
    }

    /// Keeps a comment of the feed's head that says where it is from.
    pub(super) fn comment(&mut self, text: &str) {
        let text = text.trim_start_matches(['#', '!', ';', '/', ' ', '\t']).trim();
        let is_note = |head: &&str| text.get(..head.len()).is_some_and(|t| t.eq_ignore_ascii_case(head));
        if NOTES.iter().any(is_note) {
            self.note(text);
        }
    }

    /// Keeps what the feed says about itself.
    pub(super) fn note(&mut self, text: &str) {
        let note: String = text.chars().filter(|c| !c.is_control()).take(MAX_NOTE).collect();
        if self.notes.len() < MAX_NOTES && !note.is_empty() && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn name(&mut self, name: String, scope: Scope, allow: bool, facts: Facts) -> Result<(), Reason> {
        let reach = reserved::name(&name, allow)?;
        if !allow && (self.options.is_allowed)(&name) {
            return Err(Reason::Allowed);
        }
        let scope = match (reach, scope) {
            (Reach::Itself, Scope::Suffix) if !allow => {
                self.report.narrowed += 1;
                Scope::Exact
            }
            (_, scope) => scope,
        };
        self.entry(name, scope, allow, facts);
        Ok(())
    }

    /// An entry for the address, or for each of its ports.
    fn addresses(&mut self, address: std::net::IpAddr, bits: u8, allow: bool, mut facts: Facts) {
        let ports = std::mem::take(&mut facts.ports);
        if bits != host::width(address) {
            return self.entry(format!("{address}/{bits}"), Scope::Exact, allow, facts);
        }
        if ports.is_empty() {
            return self.entry(address.to_string(), Scope::Exact, allow, facts);
        }
        for port in ports {
            let name = std::net::SocketAddr::new(address, port).to_string();
            self.entry(name, Scope::Exact, allow, facts.clone());
        }
    }

    fn entry(&mut self, name: String, scope: Scope, allow: bool, facts: Facts) {
        let facts = (facts != Facts::default()).then(|| Box::new(facts));
        let action = if allow { Action::Allow } else { Action::List };
        self.report.good += 1;
        self.entries.push(Entry { name: name.into(), scope, action, facts });
    }
}

/// A line without the comment that `mark` begins: at the start, or behind space.
pub(super) fn uncommented<'l>(line: &'l str, marks: &[char]) -> (&'l str, Option<&'l str>) {
    let mut space = true;
    for (at, c) in line.char_indices() {
        if space && marks.contains(&c) {
            let (before, comment) = line.split_at(at);
            return (before.trim_end(), Some(comment));
        }
        space = c.is_whitespace();
    }
    (line, None)
}
