//! Host lists, line by line: a million names are read without a thought for each. What a name may be is not known here.

use std::sync::Arc;

use super::super::fault::{Fault, Faults, FileFaults};
use super::super::host_list::{HEAD, KEYS};
use super::super::yaml::Location;
use super::item::is_date;
use crate::rules::{About, AboutId, Action, Category, Group, Known, Problem, Scope, Serves};

/// Faults of one file that are told; of more only the number is.
const MAX_FAULTS: usize = 20;

/// Coins or ports of a line at most.
const MAX_ITEMS: usize = 1024;

/// Reads one file into `known`.
pub(super) fn read(file: &str, text: &str, known: &mut Known, all: &mut Faults) {
    let name = file.rsplit('/').next().unwrap_or(file);
    known.begin(name);
    let base = Defaults::new(name.into());
    let mut reader = Reader { file, text, known, all, at: 0, told: 0, untold: None, base };
    if text.lines().next() != Some(HEAD) {
        let remedy = format!("write as the first line: {HEAD}");
        return reader.fault(1, "", "is no host list of a kind that is known", &remedy);
    }
    for line in text.lines() {
        reader.at += 1;
        reader.line(line);
    }
    reader.finish();
}

/// What holds for a line.
#[derive(Clone)]
struct Defaults {
    scope: Scope,
    action: Action,
    about: About,
    id: Option<AboutId>,
}

impl Defaults {
    const fn new(source: Arc<str>) -> Self {
        Self { scope: Scope::Exact, action: Action::List, about: About::new(source), id: None }
    }
}

struct Reader<'t, 'f> {
    file: &'t str,
    text: &'t str,
    known: &'f mut Known,
    all: &'f mut Faults,
    /// The line, counted from 1.
    at: usize,
    told: usize,
    /// The line of the first fault that is not told, and how many there are.
    untold: Option<(usize, usize)>,
    base: Defaults,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &str) {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let (name, keys) = line.split_once('\t').unwrap_or((line, ""));
        if name == "@" {
            // The file's name stands for sources that are not given.
            let own = self.file.rsplit('/').next().unwrap_or(self.file);
            self.base = Defaults::new(own.into());
            if !keys.is_empty()
                && let Some(base) = self.keys(line, keys)
            {
                self.base = base;
            }
            self.base.id = self.about(&self.base.about.clone());
            return;
        }
        if !keys.is_empty() {
            let Some(line) = self.keys(line, keys) else { return };
            let id = if line.about == self.base.about { self.base_id() } else { self.about(&line.about) };
            return self.name(name, line.scope, line.action, id);
        }
        let id = self.base_id();
        self.name(name, self.base.scope, self.base.action, id);
    }

    fn base_id(&mut self) -> Option<AboutId> {
        if self.base.id.is_none() {
            self.base.id = self.about(&self.base.about.clone());
        }
        self.base.id
    }

    fn about(&mut self, about: &About) -> Option<AboutId> {
        self.known
            .about(about.clone())
            .map_err(|faults| {
                for (key, problem) in faults {
                    self.fault(1, key, &problem.to_string(), problem.remedy());
                }
            })
            .ok()
    }

    /// Lists a name or address.
    fn name(&mut self, name: &str, scope: Scope, action: Action, about: Option<AboutId>) {
        let Some(about) = about else { return };
        let result = if is_address(name) {
            self.known.address(name, None, action, about)
        } else {
            self.known.host(name, scope, action, about)
        };
        let Err(problem) = result else { return };
        let mut what = problem.to_string();
        if matches!(problem, Problem::DuplicateAddress(_) | Problem::DuplicateDomain(_))
            && self.told < MAX_FAULTS
            && let Some(first) = self.first(name)
        {
            what += &format!(" (first in line {first})");
        }
        self.fault(1, "", &what, problem.remedy());
    }

    /// The first line with this name. It is looked for only where it is told.
    fn first(&self, name: &str) -> Option<usize> {
        let plain = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let name = plain(name);
        let column = |line: &str| plain(line.split('\t').next().unwrap_or(line));
        self.text.lines().take(self.at - 1).position(|line| column(line) == name).map(|index| index + 1)
    }

    /// The defaults with the keys of a line, unless one of them is wrong.
    fn keys(&mut self, line: &str, keys: &str) -> Option<Defaults> {
        let mut read = self.base.clone();
        let mut seen = 0_u16;
        let mut good = true;
        let mut column = line.chars().count() - keys.chars().count() + 1;
        for part in keys.split('\t') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let known = KEYS.iter().position(|k| *k == key);
            let wrong = match known {
                None => Some((
                    format!("{} is no key with its value", shown(part)),
                    format!("write KEY=VALUE, behind one tab each, with one of: {}", KEYS.join(", ")),
                )),
                Some(bit) if seen & 1 << bit != 0 => {
                    Some(("is there twice".into(), "keep one of the two".into()))
                }
                Some(bit) => {
                    seen |= 1 << bit;
                    set(&mut read, key, value)
                        .err()
                        .map(|remedy| (format!("{} is not taken", shown(value)), remedy))
                }
            };
            if let Some((what, remedy)) = wrong {
                self.fault(column, if known.is_some() { key } else { "" }, &what, &remedy);
                good = false;
            }
            column += part.chars().count() + 1;
        }
        good.then_some(read)
    }

    fn fault(&mut self, column: usize, key: &str, what: &str, remedy: &str) {
        if self.told == MAX_FAULTS {
            self.untold.get_or_insert((self.at, 0)).1 += 1;
            return;
        }
        self.told += 1;
        let at = Location { line: self.at.max(1), column };
        FileFaults { file: self.file, all: self.all }.add(at, key, what, remedy);
    }

    fn finish(self) {
        let Some((line, more)) = self.untold else { return };
        self.all.add(Fault {
            file: self.file.to_owned(),
            place: Some((line, 1)),
            key: String::new(),
            what: format!("and {more} more faults from here on"),
            remedy: "mend those before it first".into(),
        });
    }
}

/// Takes the value of a key; the error says what would be taken.
fn set(line: &mut Defaults, key: &str, value: &str) -> Result<(), String> {
    match key {
        "action" => line.action = word(value, &Action::ALL, Action::name)?,
        "category" => line.about.category = word(value, &Category::ALL, Category::name)?,
        "coins" => line.about.coins = items(value, |coin| Some(coin.into()), "symbols, as XMR,BTC")?,
        "expires" => line.about.expires = Some(day(value)?),
        "group" => line.about.group = word(value, &Group::ALL, Group::name)?,
        "last_seen" => line.about.last_seen = Some(day(value)?),
        "match" => line.scope = word(value, &Scope::ALL, Scope::name)?,
        "operator" => line.about.operator = Some(text(value)?),
        "ports" => line.about.ports = items(value, port, "ports from 1 to 65535, as 3333,5555")?,
        "serves" => line.about.serves = word(value, &Serves::ALL, Serves::name)?,
        _ => line.about.source = text(value)?,
    }
    Ok(())
}

fn word<T: Copy>(value: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|word| name(*word) == value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
        format!("write one of: {}", names.join(", "))
    })
}

fn items<T>(value: &str, read: fn(&str) -> Option<T>, what: &str) -> Result<Vec<T>, String> {
    let items: Option<Vec<T>> = value.split(',').take(MAX_ITEMS + 1).map(read).collect();
    items.filter(|items| items.len() <= MAX_ITEMS).ok_or_else(|| format!("write up to 1024 {what}"))
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn day(value: &str) -> Result<Arc<str>, String> {
    if is_date(value) { Ok(value.into()) } else { Err("write 2026-08-16, 2026-08 or 2026".into()) }
}

fn text(value: &str) -> Result<Arc<str>, String> {
    if value.trim().is_empty() { Err("write a text, or leave the key out".into()) } else { Ok(value.into()) }
}

/// Whether a first column is meant as an address rather than a name.
fn is_address(name: &str) -> bool {
    let number = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
    name.bytes().any(|b| matches!(b, b':' | b'/' | b'['))
        || name.ends_with(|c: char| c.is_ascii_digit()) && name.rsplit('.').next().is_some_and(number)
}

/// Enough of a bad value to find it by.
fn shown(value: &str) -> String {
    format!("{:?}", value.chars().take(60).collect::<String>())
}
