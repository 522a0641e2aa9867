//! What is wrong with configuration and rule files: all of it, each fault with its place and what to do.

use std::path::Path;
use std::{fmt, io};

use super::yaml::Location;

/// Faults that are kept; of more only the number is.
const MAX_FAULTS: usize = 50;

/// One fault of one file. Displays as `FILE:LINE:COLUMN: KEY: what: what to do`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file as it was named.
    pub file: String,
    /// Line and column, counted from 1; none where the file as a whole is at fault.
    pub place: Option<(usize, usize)>,
    /// The key, as `sensor.max_flows` or `pools[3].domain`; may be empty.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}: {}", self.what, self.remedy)
    }
}

/// Why configuration or rules are not taken. Displays as one line a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines())]
pub struct Error {
    faults: Vec<Fault>,
    more: usize,
    unreadable: Option<io::ErrorKind>,
}

impl Error {
    /// The faults, sorted by file and place; at most 50.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Why a file could not be read at all, if that is the fault (exit code 66 or 77 rather than 78).
    pub fn unreadable(&self) -> Option<io::ErrorKind> {
        self.unreadable
    }

    fn lines(&self) -> String {
        let mut lines: Vec<String> = self.faults.iter().map(ToString::to_string).collect();
        if self.more > 0 {
            lines.push(format!("{} more faults: mend these first", self.more));
        }
        lines.join("\n")
    }
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    more: usize,
    unreadable: Option<io::ErrorKind>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        if self.found.len() < MAX_FAULTS {
            self.found.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// A fault of a file as a whole.
    pub(super) fn whole(&mut self, file: &str, what: &str, remedy: &str) {
        let (file, what, remedy) = (file.to_owned(), what.to_owned(), remedy.to_owned());
        self.add(Fault { file, place: None, key: String::new(), what, remedy });
    }

    /// A file or directory that cannot be read.
    pub(super) fn unreadable(&mut self, file: &str, error: &io::Error) {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "let this user read it",
            io::ErrorKind::IsADirectory => "name a file, not a directory",
            io::ErrorKind::NotADirectory => "name a directory, not a file",
            _ => "make it a readable file",
        };
        self.whole(file, &format!("cannot be read: {error}"), remedy);
        if self.unreadable.is_none() {
            self.unreadable = Some(error.kind());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether a fault names this key.
    pub(super) fn name(&self, key: &str) -> bool {
        self.found.iter().any(|f| f.key == key)
    }

    /// `value` unless there are faults.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Error> {
        if self.found.is_empty() {
            return Ok(value);
        }
        let Self { found: mut faults, more, unreadable } = self;
        faults.sort_by(|a, b| (&a.file, a.place).cmp(&(&b.file, b.place)));
        Err(Error { faults, more, unreadable })
    }
}

/// Faults of one file.
pub(super) struct FileFaults<'f> {
    pub(super) file: &'f str,
    pub(super) all: &'f mut Faults,
}

impl FileFaults<'_> {
    pub(super) fn add(
        &mut self,
        at: Location,
        key: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.all.add(Fault {
            file: self.file.to_owned(),
            place: Some((at.line, at.column)),
            key: key.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }
}

/// A path as messages show it: on one line, whatever it holds.
pub(super) fn label(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, "?")
}
