//! The file that keeps learned endpoints over a restart: a head, then a JSON object a line. Replaced whole, so that
//! nobody ever reads half of one; what was found there and is not ours is moved aside, never overwritten.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{info, warn};

use crate::learned::{Learned, Saved};

/// The first line.
const HEAD: &str = r#"{"geophone":"learned endpoints","version":1}"#;

/// Bytes of the longest line: texts of an endpoint are bounded, each byte of them takes six when escaped.
const MAX_LINE: usize = 8192;

/// Lines that are read: as many endpoints as the largest table has.
const MAX_LINES: usize = 1_048_576;

/// The file, and what it should hold.
pub(super) struct Kept {
    path: PathBuf,
    /// Says to other processes that the file is ours.
    _lock: Option<File>,
    learned: Arc<Learned>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A hash of what was last written.
    written: Option<u64>,
    /// The last attempt failed, and that was said.
    failing: bool,
}

/// What stands in a file.
enum Found {
    Nothing,
    Endpoints { saved: Vec<Saved>, bad: Option<(usize, usize)> },
    Stranger,
}

impl Kept {
    /// Takes back what the file holds. None where it must not be written later on.
    pub(super) fn open(path: PathBuf, learned: Arc<Learned>) -> Option<Self> {
        let shown = path.display();
        let Ok(lock) = lock(&path) else {
            warn!(
                "{shown}: another process keeps its endpoints there: set another learned.file; nothing is kept"
            );
            return None;
        };
        match read(&path) {
            Ok(Found::Nothing) => {}
            Ok(Found::Endpoints { saved, bad }) => {
                if let Some((line, bad)) = bad {
                    let more = if bad > 1 { format!(", and {} more lines", bad - 1) } else { String::new() };
                    warn!("{shown}:{line}: is no learned endpoint{more}: skipped");
                }
                let found = saved.len();
                learned.restore(saved);
                info!("{shown}: {found} endpoints that spoke mining before");
            }
            Ok(Found::Stranger) => match set_aside(&path) {
                Ok(aside) => warn!("{shown}:1: holds no learned endpoints: moved to {}", aside.display()),
                Err(error) => {
                    warn!(
                        "{shown}:1: holds no learned endpoints and cannot be moved ({error}): nothing is kept there"
                    );
                    return None;
                }
            },
            Err(error) => {
                warn!(
                    "{shown}: cannot be read ({error}): let this user read it; nothing is kept there until a restart"
                );
                return None;
            }
        }
        Some(Self { path, _lock: lock, learned, state: Mutex::default() })
    }

    /// Writes the file if it would not be the same again. Says once that this fails, and once that it does no more.
    pub(super) fn save(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.learned.endpoints();
        let hash = hash(&all);
        if state.written == Some(hash) {
            return;
        }
        match replace(&self.path, &all) {
            Ok(()) => {
                if std::mem::take(&mut state.failing) {
                    info!("{}: can be written again", self.path.display());
                }
                state.written = Some(hash);
            }
            Err(error) if !state.failing => {
                warn!(
                    "{}: {error}: learned endpoints are not kept until it can be written",
                    self.path.display()
                );
                state.failing = true;
            }
            Err(_) => {}
        }
    }
}

/// Locks the file against other processes, by one beside it, for the file itself is replaced. The error is that another
/// has it; where nothing can be locked, nothing is.
fn lock(path: &Path) -> Result<Option<File>, ()> {
    let mut open = OpenOptions::new();
    // A pipe of that name must not make it wait for a reader.
    open.write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NONBLOCK);
    let open = open.open(beside(path, ".lock"));
    let Ok(file) = open else { return Ok(None) };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(()),
        _ => Ok(Some(file)),
    }
}

fn hash(all: &[Saved]) -> u64 {
    let mut state = DefaultHasher::new();
    for Saved { endpoint, known, first_seen, last_seen } in all {
        (endpoint.addr, endpoint.port, known.dialect.name(), first_seen.0, last_seen.0).hash(&mut state);
        (&known.name, &known.pool, &known.coin).hash(&mut state);
    }
    state.finish()
}

fn read(path: &Path) -> io::Result<Found> {
    match fs::metadata(path) {
        // Before it is opened: to open a pipe would be to wait for whoever writes into it.
        Ok(found) if !found.is_file() => return Err(io::Error::other("is no plain file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        _ => {}
    }
    let mut input = BufReader::new(File::open(path)?);
    let Some(head) = line(&mut input)? else { return Ok(Found::Nothing) };
    if head != HEAD.as_bytes() {
        return Ok(Found::Stranger);
    }
    let (mut saved, mut bad) = (Vec::new(), None);
    let mut number = 1;
    while let Some(line) = line(&mut input)? {
        number += 1;
        match serde_json::from_slice(&line) {
            Ok(endpoint) if number <= MAX_LINES + 1 => saved.push(endpoint),
            _ => bad.get_or_insert((number, 0)).1 += 1,
        }
    }
    Ok(Found::Endpoints { saved, bad })
}

/// The next line without its end; of one that is too long the first part.
fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_none() {
        input.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

/// Moves a file to the first of FILE.bad, FILE.bad.1 … FILE.bad.9 that nobody has.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut names =
        (0..10).map(|n| beside(path, &if n == 0 { ".bad".to_owned() } else { format!(".bad.{n}") }));
    let aside = names.find(|name| fs::symlink_metadata(name).is_err());
    let aside = aside.ok_or_else(|| io::Error::other("there are ten such files already"))?;
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn replace(path: &Path, all: &[Saved]) -> io::Result<()> {
    let temporary = beside(path, ".tmp");
    // Of a write that was cut off. A new file, so that no other one's mode or target counts.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let mut out = BufWriter::new(file);
    writeln!(out, "{HEAD}")?;
    for saved in all {
        serde_json::to_writer(&mut out, saved)?;
        out.write_all(b"\n")?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&temporary, path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests;
