//! Tables (RFC 4180) with a line of column names, parted by commas, semicolons or tabs. A quoted cell may not go on in the
//! next line: nothing about a host does.

use super::entry::Facts;
use super::report::Reason;
use super::take::{Given, Taker};
use super::{Fault, lines};
use crate::rules::{Group, Scope, Serves};

/// Characters of an operator's name, and of a coin's.
const MAX_OPERATOR: usize = 64;
const MAX_COIN: usize = 16;
/// Letters of a coin's ticker where it is not in capitals.
const MAX_TICKER: usize = 5;
/// Columns of a line that are looked at, and coins and ports of a cell.
const MAX_COLUMNS: usize = 64;
const MAX_ITEMS: usize = 32;

/// Where the columns are, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The host.
    pub host: usize,
    /// Its port.
    pub port: Option<usize>,
    /// Who runs it.
    pub operator: Option<usize>,
    /// What is mined there.
    pub coins: Option<usize>,
    /// Whether it is in service.
    pub status: Option<usize>,
    /// When it last was.
    pub last_seen: Option<usize>,
}

impl Columns {
    /// Reads `domain=1,port=2,…`, counted from 1.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut at: Vec<(&str, usize)> = Vec::new();
        for part in text.split(',') {
            let (name, number) = part.split_once('=').ok_or_else(|| format!("'{part}' is no NAME=NUMBER"))?;
            let number = number.trim().parse::<usize>().ok().filter(|n| (1..=MAX_COLUMNS).contains(n));
            let number =
                number.ok_or_else(|| format!("column of '{name}' is no number from 1 to {MAX_COLUMNS}"))?;
            if meaning(name).is_none() {
                return Err(format!(
                    "'{name}' is no column: domain, port, operator, coins, status, last_seen"
                ));
            }
            at.push((name, number - 1));
        }
        Self::at(at.into_iter()).ok_or_else(|| "the column of domain is missing".to_owned())
    }

    /// The first column of each meaning.
    fn at<'n>(names: impl Iterator<Item = (&'n str, usize)>) -> Option<Self> {
        let mut columns = [None; 6];
        for (name, index) in names {
            if let Some(slot) = meaning(name).and_then(|m| columns.get_mut(m as usize)) {
                slot.get_or_insert(index);
            }
        }
        let [host, port, operator, coins, status, last_seen] = columns;
        Some(Self { host: host?, port, operator, coins, status, last_seen })
    }
}

#[derive(Clone, Copy)]
enum Meaning {
    Host,
    Port,
    Operator,
    Coins,
    Status,
    LastSeen,
}

fn meaning(name: &str) -> Option<Meaning> {
    Some(match name.trim().to_ascii_lowercase().as_str() {
        "domain" | "host" | "hostname" | "indicator" | "name" => Meaning::Host,
        "port" | "ports" => Meaning::Port,
        "operator" | "pool" | "pool_name" => Meaning::Operator,
        "coin" | "coins" => Meaning::Coins,
        "status" => Meaning::Status,
        "last_seen" => Meaning::LastSeen,
        _ => return None,
    })
}

pub(super) fn read(text: &[u8], given: Option<Columns>, taker: &mut Taker<'_>) -> Result<(), Fault> {
    let mut table = given.map(|columns| (columns, None));
    for (number, line) in lines(text) {
        taker.line = number;
        let Some(line) = taker.text(line) else { continue };
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with('#') {
            taker.comment(line);
            continue;
        }
        match &mut table {
            Some((columns, mark)) => {
                let mark = *mark.get_or_insert_with(|| separator(line));
                row(line, mark, columns, taker);
            }
            None => {
                let (mark, columns) = head(line).ok_or_else(|| {
                    (
                        number,
                        "no column of hosts (domain, host, hostname, name or indicator) in the first line"
                            .to_owned(),
                    )
                })?;
                table = Some((columns, Some(mark)));
            }
        }
    }
    Ok(())
}

/// Separator and columns of a line of names.
pub(super) fn head(line: &str) -> Option<(char, Columns)> {
    let mark = separator(line);
    let names = cells(line, mark)?;
    let columns = Columns::at(names.iter().enumerate().map(|(at, name)| (name.as_str(), at)))?;
    Some((mark, columns))
}

fn separator(line: &str) -> char {
    [',', ';', '\t'].into_iter().max_by_key(|c| (line.matches(*c).count(), *c == ',')).unwrap_or(',')
}

fn row(line: &str, mark: char, columns: &Columns, taker: &mut Taker<'_>) {
    let Some(cells) = cells(line, mark) else { return taker.refuse(Reason::Malformed, line) };
    let cell =
        |at: Option<usize>| at.and_then(|at| cells.get(at)).map(|c| c.trim()).filter(|c| !c.is_empty());
    let Some(host) = cell(Some(columns.host)) else { return taker.refuse(Reason::Malformed, line) };
    let facts = Facts {
        operator: cell(columns.operator).and_then(operator),
        coins: cell(columns.coins).map(coins).unwrap_or_default(),
        ports: cell(columns.port).map(ports).unwrap_or_default(),
        last_seen: cell(columns.last_seen).and_then(date),
        group: cell(columns.status).and_then(group),
        serves: Serves::Unknown,
    };
    taker.host(host, Given { facts, ..Given::listed(Scope::Exact) });
}

/// The cells of a line; `None` where a quote is left open or there are too many.
fn cells(line: &str, mark: char) -> Option<Vec<String>> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => quoted = true,
            c if c == mark && !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
        if cells.len() >= MAX_COLUMNS {
            return None;
        }
    }
    cells.push(cell);
    (!quoted).then_some(cells)
}

fn operator(text: &str) -> Option<String> {
    let name: String = text.chars().filter(|c| !c.is_control()).take(MAX_OPERATOR).collect();
    Some(name.trim().to_owned()).filter(|n| !n.is_empty())
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '|', '/', ' ']).map(str::trim).filter(|item| !item.is_empty()).take(MAX_ITEMS)
}

fn coins(text: &str) -> Vec<String> {
    let is_coin = |c: &&str| c.len() <= MAX_COIN && c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let mut coins: Vec<String> = items(text).filter(is_coin).map(coin).collect();
    coins.sort_unstable();
    coins.dedup();
    coins
}

/// Tickers in capitals, names in small letters, as host lists have them.
fn coin(word: &str) -> String {
    let is_ticker = word.len() <= MAX_TICKER || word.bytes().all(|b| !b.is_ascii_lowercase());
    if is_ticker { word.to_ascii_uppercase() } else { word.to_ascii_lowercase() }
}

fn ports(text: &str) -> Vec<u16> {
    let mut ports: Vec<u16> = items(text).filter_map(|p| p.parse().ok()).filter(|p| *p != 0).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The day at the start of a date or time.
fn date(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    is_date(day).then(|| day.to_owned())
}

/// Whether a text is a day, `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let form = text
        .bytes()
        .enumerate()
        .all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    let number = |from, to| text.get(from..to).and_then(|n: &str| n.parse::<u8>().ok()).unwrap_or(0);
    text.len() == 10 && form && (1..=12).contains(&number(5, 7)) && (1..=31).contains(&number(8, 10))
}

fn group(status: &str) -> Option<Group> {
    match status.to_ascii_lowercase().as_str() {
        "active" | "alive" | "current" | "live" | "online" | "up" | "yes" => Some(Group::Current),
        "closed" | "dead" | "defunct" | "down" | "inactive" | "legacy" | "no" | "offline" | "retired" => {
            Some(Group::Legacy)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_line() {
        assert_eq!(
            cells(r#"a,"b,c","d""e",f"#, ','),
            Some(["a", "b,c", "d\"e", "f"].map(String::from).to_vec())
        );
        assert_eq!(cells("a;;b", ';').map(|c| c.len()), Some(3));
        assert_eq!(cells(r#"a,"b"#, ','), None);
        assert_eq!(cells(&",".repeat(100), ','), None);
    }

    #[test]
    fn columns_by_number() {
        let columns = Columns::parse("port=2,domain=1").unwrap();
        assert_eq!((columns.host, columns.port, columns.coins), (0, Some(1), None));
        for text in ["", "port=1", "domain", "domain=0", "domain=x", "colour=1", "domain=1000"] {
            assert!(Columns::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tickers_and_names() {
        assert_eq!(coins("xmr, Bitcoin/KASPAX"), ["KASPAX", "XMR", "bitcoin"]);
    }

    #[test]
    fn dates() {
        assert!(is_date("2026-08-16"));
        for text in ["", "2026-8-16", "2026-13-01", "2026-01-32", "2026-00-01", "2026/01/01", "２026-01-0"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
