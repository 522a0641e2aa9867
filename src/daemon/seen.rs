//! What the files of some directories look like from outside: names, sizes and times, nothing of what is in them.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, Metadata};
use std::path::PathBuf;
use std::time::SystemTime;

/// Files that are looked at in one directory: more than any of them may have.
const MAX_FILES: usize = 4096;

/// Directories to look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(pub(super) Vec<PathBuf>);

/// Size and time of each file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Places {
    /// Looks at them now. What cannot be read is not there.
    pub(super) fn look(&self) -> Seen {
        let entries = self.0.iter().filter_map(|directory| fs::read_dir(directory).ok());
        let files = entries.flat_map(|entries| entries.flatten().take(MAX_FILES)).filter(is_visible);
        // What a link leads to counts, not the link.
        let sized =
            files.filter_map(|entry| Some((entry.path(), outside(&fs::metadata(entry.path()).ok()?))));
        Seen(sized.collect())
    }
}

/// Hidden files are nobody's rules: editors and downloads write them first.
fn is_visible(entry: &DirEntry) -> bool {
    !entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn outside(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}
