//! Feeds: host lists that others keep, in the formats that others keep them in, read into entries that a host list of our
//! own can hold. What would cause false alarms is refused and counted by reason. Text in, entries out: no files here, no
//! network. What the names mean to detection is the business of the rules.

use thiserror::Error;

use crate::rules::Scope;

mod adblock;
mod csv;
mod detect;
mod dnsmasq;
mod entry;
mod host;
mod hosts;
mod join;
mod maltrail;
mod misp_event;
mod misp_warninglist;
mod ndpi;
mod offset;
mod plain;
mod report;
mod reserved;
mod rpz;
mod suricata;
mod take;
mod unbound;

pub use csv::Columns;
pub use entry::{Entry, Facts};
pub use join::join;
pub use report::{Reason, Refusal, Report, SAMPLES};
use take::Taker;

/// Bytes of the largest feed that is read.
pub const MAX_BYTES: usize = 256 << 20;

/// Entries that are taken of one feed; some 100 bytes each.
const MAX_ENTRIES: usize = 4_000_000;

/// Bytes of the longest line that is looked at.
const MAX_LINE: usize = 4096;

/// How a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Filter lists of ad blockers: `||host^`.
    Adblock,
    /// A table with a line of column names.
    Csv,
    /// dnsmasq.conf: `address=/name/`.
    Dnsmasq,
    /// hosts(5) with a sink as address.
    Hosts,
    /// Trails of Maltrail.
    Maltrail,
    /// An event of MISP, JSON.
    MispEvent,
    /// A warninglist of MISP, JSON: what is known to be harmless.
    MispWarninglist,
    /// Lists of nDPI and ntopng: a name and a number, or `host:"name"@Protocol`.
    Ndpi,
    /// A name or address a line.
    Plain,
    /// A DNS response policy zone.
    Rpz,
    /// A dataset of Suricata: base64, or JSON lines.
    Suricata,
    /// unbound.conf: `local-zone: "name" always_nxdomain`.
    Unbound,
}

impl Format {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 12] = [
        Self::Adblock,
        Self::Csv,
        Self::Dnsmasq,
        Self::Hosts,
        Self::Maltrail,
        Self::MispEvent,
        Self::MispWarninglist,
        Self::Ndpi,
        Self::Plain,
        Self::Rpz,
        Self::Suricata,
        Self::Unbound,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adblock => "adblock",
            Self::Csv => "csv",
            Self::Dnsmasq => "dnsmasq",
            Self::Hosts => "hosts",
            Self::Maltrail => "maltrail",
            Self::MispEvent => "misp-event",
            Self::MispWarninglist => "misp-warninglist",
            Self::Ndpi => "ndpi",
            Self::Plain => "plain",
            Self::Rpz => "rpz",
            Self::Suricata => "suricata",
            Self::Unbound => "unbound",
        }
    }

    /// The format of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == word)
    }
}

/// What the reader of a feed decides about all of it.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How it is written; told from its content where this is `None`.
    pub format: Option<Format>,
    /// What names cover, instead of what the format says.
    pub scope: Option<Scope>,
    /// The whole feed is of hosts that are not to be reported.
    pub allow: bool,
    /// Where the columns of a table are, instead of a line of names.
    pub columns: Option<Columns>,
    /// Whether an allow list in force covers a name; no feed may list it.
    pub is_allowed: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("format", &self.format)
            .field("scope", &self.scope)
            .field("allow", &self.allow)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Default for Options<'_> {
    /// Told from the content, with nothing allowed beforehand.
    fn default() -> Self {
        Self { format: None, scope: None, allow: false, columns: None, is_allowed: &|_| false }
    }
}

/// A feed as it was read.
#[derive(Debug)]
pub struct Feed {
    /// What its caller calls it.
    pub name: String,
    /// How it is written.
    pub format: Format,
    /// What was taken: sorted, each name once for each way to match.
    pub entries: Vec<Entry>,
    /// Its own words on title, date, licence and references.
    pub notes: Vec<String>,
    /// What was taken and refused.
    pub report: Report,
}

/// Why a feed cannot be understood at all.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// Its format cannot be told.
    #[error("{name}:{line}: {what}: name its format with --format")]
    Format {
        /// The feed.
        name: String,
        /// The first line that fits nothing, or the last one looked at.
        line: u64,
        /// Why not.
        what: &'static str,
    },
    /// It is too large.
    #[error("{name}:1: is larger than 256 MiB: split it")]
    Size {
        /// The feed.
        name: String,
    },
    /// It is not what its format says.
    #[error("{name}:{line}: {what}: check the file, or name its format with --format")]
    Unreadable {
        /// The feed.
        name: String,
        /// Where.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// Where and why a format's reader gave up.
type Fault = (u64, String);

/// Reads a feed. What cannot be taken is in the report; an error says that nothing could be made of the whole.
pub fn read(name: &str, text: &[u8], options: &Options<'_>) -> Result<Feed, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::Size { name: name.to_owned() });
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // Who names columns says that it is a table.
    let format = match options.format.or_else(|| options.columns.map(|_| Format::Csv)) {
        Some(format) => format,
        None => detect::format(text).map_err(|(line, what)| Error::Format {
            name: name.to_owned(),
            line,
            what,
        })?,
    };
    let mut taker = Taker::new(options);
    let done = match format {
        Format::Adblock => adblock::read(text, &mut taker),
        Format::Csv => csv::read(text, options.columns, &mut taker),
        Format::Dnsmasq => dnsmasq::read(text, &mut taker),
        Format::Hosts => hosts::read(text, &mut taker),
        Format::Maltrail => maltrail::read(text, &mut taker),
        Format::MispEvent => misp_event::read(text, &mut taker),
        Format::MispWarninglist => misp_warninglist::read(text, &mut taker),
        Format::Ndpi => ndpi::read(text, &mut taker),
        Format::Plain => plain::read(text, &mut taker),
        Format::Rpz => rpz::read(text, &mut taker),
        Format::Suricata => suricata::read(text, &mut taker),
        Format::Unbound => unbound::read(text, &mut taker),
    };
    done.map_err(|(line, what)| Error::Unreadable { name: name.to_owned(), line, what })?;
    let (entries, notes, mut report) = taker.finish();
    let (entries, duplicates) = join(entries);
    report.duplicates += duplicates;
    Ok(Feed { name: name.to_owned(), format, entries, notes, report })
}

/// A day, `YYYY-MM-DD`, or what is wrong with it.
pub fn date(text: &str) -> Result<String, String> {
    if csv::is_date(text) { Ok(text.to_owned()) } else { Err("not a day as 2027-01-31".to_owned()) }
}

/// The lines of a text, from 1, without their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let split = text.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    (1..).zip(split)
}
