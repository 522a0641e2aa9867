//! Reads text files with a bound. It knows nothing of what is in them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::fault::{Faults, FileFaults, label};
use super::yaml::Location;

/// The bytes of a file of at most `most`, or nothing and a fault.
pub(super) fn bytes(path: &Path, most: usize, faults: &mut Faults) -> Option<Vec<u8>> {
    let file = label(path);
    match bounded(path, most) {
        Ok(bytes) if bytes.len() > most => {
            let what = match most >> 20 {
                0 => format!("is larger than {} KiB", most >> 10),
                mib => format!("is larger than {mib} MiB"),
            };
            faults.whole(&file, &what, "check that it is the right file, or split it");
            None
        }
        Ok(bytes) => Some(bytes),
        Err(error) => {
            faults.unreadable(&file, &error);
            None
        }
    }
}

/// The text of a file of at most `most` bytes, or nothing and a fault.
pub(super) fn read(path: &Path, most: usize, faults: &mut Faults) -> Option<String> {
    let file = label(path);
    let bytes = bytes(path, most, faults)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        // More likely half written than meant: a reload must not fall back to the defaults for it.
        faults.whole(&file, "is empty", "write the keys that differ from the default, or a comment");
        return None;
    }
    decoded(&file, bytes, faults)
}

/// The same of a file that may be empty.
pub(super) fn text(path: &Path, most: usize, faults: &mut Faults) -> Option<String> {
    bytes(path, most, faults).and_then(|bytes| decoded(&label(path), bytes, faults))
}

fn decoded(file: &str, bytes: Vec<u8>, faults: &mut Faults) -> Option<String> {
    String::from_utf8(bytes)
        .map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let (at, remedy) = (end_of(good), "save the file as UTF-8 text");
            FileFaults { file, all: faults }.add(at, "", "is no UTF-8 text from here on", remedy);
        })
        .ok()
}

/// Up to `most` bytes and one, so that a larger file (or an endless one) is known by its length.
fn bounded(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The place just behind a text.
fn end_of(text: &[u8]) -> Location {
    let line = text.iter().filter(|b| **b == b'\n').count() + 1;
    let last = text.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    Location { line, column: String::from_utf8_lossy(last).chars().count() + 1 }
}
