//! Feeds: other people's lists, a directory of them, below all rule files. They add names and addresses of which those
//! say nothing. What is not taken is counted; only a feed of which nothing can be made is a fault. Formats are the
//! business of [`crate::feeds`].

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::fault::{Fault, Faults, label};
use super::super::{file, host_list};
use super::{keep_plain, visible};
use crate::feeds::{self, Facts, Feed, Format, Reason, Report};
use crate::rules::{About, AboutId, Action, Group, Known, Scope};

/// Feeds in a directory at most.
const MAX_FEEDS: usize = 64;

/// What came of one feed.
#[derive(Clone, Debug)]
pub struct FeedCount {
    /// The file's name.
    pub name: String,
    /// How it is written.
    pub format: Format,
    /// Entries put into the rule set.
    pub taken: usize,
    /// Entries of which the rule files say something already; theirs counts.
    pub covered: usize,
    /// Entries that the rule set did not take.
    pub unfit: usize,
    /// What its reader took and refused.
    pub report: Report,
}

impl FeedCount {
    /// Good entries, whoever has the last word on them: what its size is measured by.
    pub const fn good(&self) -> usize {
        self.taken + self.covered
    }

    /// Entries that were not taken for what they are.
    pub fn refused(&self) -> u64 {
        self.report.refused_in_all() + self.unfit as u64
    }
}

impl fmt::Display for FeedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, format, taken, covered, unfit, report } = self;
        let (format, refused) = (format.name(), self.refused());
        write!(f, "{name} ({format}): {taken} taken, {covered} known already, {refused} refused")?;
        let counted = Reason::ALL.iter().map(|r| (r.name(), report.refused(*r)));
        let counted = counted.chain([("unfit", *unfit as u64)]).filter(|(_, count)| *count > 0);
        let words: Vec<String> = counted.map(|(reason, count)| format!("{reason} {count}")).collect();
        if words.is_empty() { Ok(()) } else { write!(f, " ({})", words.join(", ")) }
    }
}

/// Puts the feeds of a directory below what `known` holds so far.
pub(super) fn read(directory: &Path, known: &mut Known, faults: &mut Faults) -> Vec<FeedCount> {
    let above = known.counts().len();
    let mut counts = Vec::new();
    for path in files(directory, faults) {
        let Some(bare) = source(&path, known, faults) else { continue };
        if let Some(feed) = feed(&path, known, above, faults) {
            counts.push(fill(feed, known, above, bare));
        }
    }
    counts
}

/// The files of the directory; folders in it are left alone.
fn files(directory: &Path, faults: &mut Faults) -> Vec<PathBuf> {
    let mut paths = visible(directory, faults);
    paths.retain(|path| !path.is_dir());
    keep_plain(&mut paths, faults);
    if paths.len() > MAX_FEEDS {
        faults.whole(&label(directory), "has more than 64 feeds", "join some with geophone rules import");
        paths.clear();
    }
    paths
}

/// The account of hosts of which a feed says nothing: only its own name.
fn source(path: &Path, known: &mut Known, faults: &mut Faults) -> Option<AboutId> {
    let about = About::new(name(&label(path)).into());
    let wrong = |_| faults.whole(&label(path), "has a name that events cannot show", "give it a shorter one");
    known.about(about).map_err(wrong).ok()
}

fn name(shown: &str) -> &str {
    shown.rsplit('/').next().unwrap_or(shown)
}

/// Reads one, asking the rule files what is allowed.
fn feed(path: &Path, known: &Known, above: usize, faults: &mut Faults) -> Option<Feed> {
    let bytes = file::bytes(path, feeds::MAX_BYTES, faults)?;
    let shown = label(path);
    if bytes.starts_with(host_list::HEAD.as_bytes()) {
        faults.whole(&shown, "is a host list, no feed", "call it .hosts and move it to rules.directory");
        return None;
    }
    let is_allowed = |name: &str| known.said_of_host(name, Scope::Exact, above) == Some(Action::Allow);
    let options = feeds::Options { is_allowed: &is_allowed, ..feeds::Options::default() };
    let mut feed = feeds::read(name(&shown), &bytes, &options)
        .map_err(|error| faults.add(fault(shown.clone(), error)))
        .ok()?;
    feed.report.samples.clear();
    Some(feed)
}

fn fault(file: String, error: feeds::Error) -> Fault {
    let (line, what) = match error {
        feeds::Error::Format { line, what, .. } => (line, what.to_owned()),
        feeds::Error::Size { .. } => (1, "is larger than 256 MiB".to_owned()),
        feeds::Error::Unreadable { line, what, .. } => (line, what),
    };
    let remedy =
        "mend the feed or fetch it again, or make a host list of it with geophone rules import --format";
    let place = Some((usize::try_from(line).unwrap_or(usize::MAX), 1));
    Fault { file, place, key: String::new(), what, remedy: remedy.to_owned() }
}

/// Puts a feed's entries into the rule set.
fn fill(feed: Feed, known: &mut Known, above: usize, bare: AboutId) -> FeedCount {
    let Feed { name, format, entries, report, .. } = feed;
    known.begin(&name);
    let mut count = FeedCount { name, format, taken: 0, covered: 0, unfit: 0, report };
    let source: Arc<str> = count.name.as_str().into();
    for entry in entries {
        let address = entry.is_address();
        let said = if address {
            known.said_of_address(&entry.name, above)
        } else {
            known.said_of_host(&entry.name, entry.scope, above)
        };
        if said.is_some() {
            count.covered += 1;
            continue;
        }
        let about = entry.facts.as_deref().map_or(bare, |facts| about(facts, &source, known, bare));
        let done = if address {
            known.address(&entry.name, None, entry.action, about)
        } else {
            known.host(&entry.name, entry.scope, entry.action, about)
        };
        *if done.is_ok() { &mut count.taken } else { &mut count.unfit } += 1;
    }
    count
}

/// What a feed says of a host; of words that cannot stand in events only the source is left.
fn about(facts: &Facts, source: &Arc<str>, known: &mut Known, bare: AboutId) -> AboutId {
    let text = |text: &Option<String>| text.as_deref().map(Arc::from);
    let about = About {
        group: facts.group.unwrap_or(Group::Current),
        operator: text(&facts.operator),
        coins: facts.coins.iter().map(|coin| coin.as_str().into()).collect(),
        ports: facts.ports.clone(),
        serves: facts.serves,
        last_seen: text(&facts.last_seen),
        ..About::new(Arc::clone(source))
    };
    known.about(about).unwrap_or(bare)
}
