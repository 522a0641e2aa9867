//! Tells a feed's format from its first lines. Each line has at most one format that it could be nothing else of; four of
//! five must agree. In doubt it says so: a list read in the wrong format is worse than a question.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::host;
use super::report::Reason;
use super::{Format, MAX_LINE, csv, dnsmasq, hosts, lines, ndpi, suricata};

/// Lines, comments aside, that are looked at, and comments before them.
const LINES: usize = 200;
const COMMENTS: usize = 2000;

/// The format, or the line that fits none and why not.
pub(super) fn format(text: &[u8]) -> Result<Format, (u64, &'static str)> {
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return Err((1, "is UTF-16: write it as UTF-8; its format cannot be told"));
    }
    if text.starts_with(&[0x1f, 0x8b]) {
        return Err((1, "is packed with gzip: unpack it; its format cannot be told"));
    }
    if text.trim_ascii_start().starts_with(b"{") {
        return json(text);
    }
    let mut votes = Votes::default();
    let mut comments = 0;
    for (number, line) in lines(text) {
        if votes.all >= LINES || comments >= COMMENTS {
            break;
        }
        let text = line.get(..line.len().min(MAX_LINE + 1)).and_then(|l| str::from_utf8(l).ok());
        match text.map(str::trim_end) {
            Some(line) if line.trim_start().is_empty() => {}
            Some(line) => match of_line(line, votes.all == 0) {
                Line::Comment { maltrail } => {
                    votes.maltrail |= maltrail;
                    comments += 1;
                }
                Line::Of(format) => votes.add(Some(format), number),
                Line::Unknown => votes.add(None, number),
            },
            None => votes.add(None, number),
        }
    }
    votes.decide()
}

#[derive(Default)]
struct Votes {
    of: [usize; Format::ALL.len()],
    all: usize,
    /// The first line that fits nothing.
    stranger: Option<u64>,
    /// Comments are those of Maltrail's trails.
    maltrail: bool,
    /// A head that only one format has.
    certain: Option<Format>,
    last: u64,
}

impl Votes {
    fn add(&mut self, format: Option<Format>, line: u64) {
        if self.all == 0 && matches!(format, Some(Format::Csv)) {
            self.certain = format;
        }
        self.all += 1;
        self.last = line;
        match format {
            Some(format) => self.of[format as usize] += 1,
            None => _ = self.stranger.get_or_insert(line),
        }
    }

    fn decide(self) -> Result<Format, (u64, &'static str)> {
        if let Some(format) = self.certain {
            return Ok(format);
        }
        let Some(first) = Format::ALL.into_iter().max_by_key(|f| self.of[*f as usize]) else {
            return Err((1, "no format"));
        };
        let count = self.of[first as usize];
        let line = self.stranger.unwrap_or_else(|| self.last.max(1));
        // What marks these two is unmistakable, and much of what they hold has no mark.
        let enough = match first {
            Format::Adblock | Format::Rpz => self.all / 2,
            _ => self.all - self.all / 5,
        };
        match (self.all, first) {
            (0, _) => Err((1, "holds no entry, so its format cannot be told")),
            _ if count == 0 => Err((line, "its format cannot be told from this line")),
            _ if count < enough => Err((line, "lines of different formats, so its format cannot be told")),
            (_, Format::Plain) if self.maltrail => Ok(Format::Maltrail),
            (_, format) => Ok(format),
        }
    }
}

enum Line {
    Comment { maltrail: bool },
    Of(Format),
    Unknown,
}

fn of_line(line: &str, is_first: bool) -> Line {
    let entry = line.trim_start();
    if line.len() > MAX_LINE {
        return Line::Unknown;
    }
    if is_adblock(entry) {
        return Line::Of(Format::Adblock);
    }
    if entry.starts_with(['#', ';', '!']) || entry.starts_with("//") {
        let maltrail = entry.contains("Maltrail") || entry.starts_with("# Reference:");
        return Line::Comment { maltrail };
    }
    let words: Vec<&str> = entry.split_ascii_whitespace().take(6).collect();
    let format = if is_record(entry, &words) {
        Some(Format::Rpz)
    } else if dnsmasq::parts(entry).is_some() {
        Some(Format::Dnsmasq)
    } else if ["local-zone:", "local-data:", "server:"].iter().any(|k| entry.starts_with(k)) {
        Some(Format::Unbound)
    } else if ndpi::is_rule(entry) {
        Some(Format::Ndpi)
    } else {
        of_words(entry, &words).or_else(|| (is_first && csv::head(line).is_some()).then_some(Format::Csv))
    };
    format.map_or(Line::Unknown, Line::Of)
}

fn of_words(entry: &str, words: &[&str]) -> Option<Format> {
    match *words {
        [first, second, ..] if host::address(first).is_some() => {
            let is_hosts = hosts::is_sink(first) || !second.starts_with('#');
            Some(if is_hosts { Format::Hosts } else { Format::Plain })
        }
        [name, number] if is_host(name) && number.bytes().all(|b| b.is_ascii_digit()) => Some(Format::Ndpi),
        [name] if is_host(name) => Some(Format::Plain),
        [name, mark, ..] if is_host(name) && mark.starts_with(['#', ';', '!']) => Some(Format::Plain),
        [word] if !word.contains('.') => {
            let value = suricata::value(entry)?;
            is_host(&value).then_some(Format::Suricata)
        }
        _ => None,
    }
}

/// What could stand in a list of hosts, taken or refused.
fn is_host(word: &str) -> bool {
    let parsed = host::parse(word);
    word.contains(['.', ':']) && !matches!(parsed, Err(Reason::Malformed | Reason::Pattern))
}

fn is_adblock(entry: &str) -> bool {
    let head = ["||", "@@||", "*://", "[Adblock", "[uBlock"].iter().any(|h| entry.starts_with(h));
    let is_cosmetic = |mark: &&str| {
        entry.find(*mark).is_some_and(|at| {
            let next = entry.as_bytes().get(at + mark.len());
            next.is_some_and(|b| !b.is_ascii_whitespace() && *b != b'#')
        })
    };
    head || ["##", "#@#", "#?#"].iter().any(is_cosmetic)
}

/// A line of a master file.
fn is_record(entry: &str, words: &[&str]) -> bool {
    let directive = entry.starts_with("$TTL") || entry.starts_with("$ORIGIN");
    let kind = |w: &&str| matches!(*w, "CNAME" | "SOA" | "NS" | "cname" | "soa" | "ns");
    directive || words.iter().skip(1).take(3).any(kind) || words.first().is_some_and(kind)
}

#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "Event")]
    event: Option<IgnoredAny>,
    list: Option<IgnoredAny>,
}

fn json(text: &[u8]) -> Result<Format, (u64, &'static str)> {
    let first = lines(text).map(|(_, l)| l).find(|l| !l.trim_ascii().is_empty()).unwrap_or_default();
    let first = first.get(..first.len().min(MAX_LINE)).and_then(|l| str::from_utf8(l).ok());
    if first.is_some_and(|l| suricata::value(l.trim()).is_some()) {
        return Ok(Format::Suricata);
    }
    match serde_json::from_slice::<Probe>(text) {
        Ok(Probe { event: Some(_), .. }) => Ok(Format::MispEvent),
        Ok(Probe { list: Some(_), .. }) => Ok(Format::MispWarninglist),
        Ok(_) => Err((1, "JSON without a list or an event, so its format cannot be told")),
        Err(error) => Err((error.line() as u64, "JSON that is not whole, so its format cannot be told")),
    }
}
