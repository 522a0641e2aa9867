//! What some files, and those of some directories, look like from outside: names, sizes and times, nothing of what is in
//! them.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files that are looked at in one directory: more than any of them may have.
const MAX_FILES: usize = 4096;

/// Directories and files to look at.
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
        let alone = self.0.iter().filter_map(|path| Some((path.clone(), outside(&file(path)?))));
        Seen(sized.chain(alone).collect())
    }
}

/// Hidden files are nobody's rules: editors and downloads write them first.
fn is_visible(entry: &DirEntry) -> bool {
    !entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// A path that is a file itself.
fn file(path: &Path) -> Option<Metadata> {
    fs::metadata(path).ok().filter(Metadata::is_file)
}

fn outside(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_outside_is_seen_and_hidden_files_are_not() {
        let directory = std::env::temp_dir().join(format!("geophone-seen-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let places = Places(vec![directory.clone(), directory.join("nowhere")]);
        let empty = places.look();
        fs::write(directory.join("a"), "one").unwrap();
        let one = places.look();
        assert_ne!(one, empty);
        assert_eq!(one, places.look());
        fs::write(directory.join(".a.tmp"), "half").unwrap();
        assert_eq!(one, places.look(), "a hidden file");
        fs::rename(directory.join("a"), directory.join("b")).unwrap();
        let renamed = places.look();
        assert_ne!(renamed, one, "another name");
        fs::write(directory.join("b"), "three").unwrap();
        let longer = places.look();
        assert_ne!(longer, renamed, "another size");
        let alone = Places(vec![directory.join("b")]);
        assert!(alone.look() == longer && alone.look() != Seen::default(), "a file by its own name");
        let file = fs::File::options().write(true).open(directory.join("b")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_ne!(places.look(), longer, "another time");
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(places.look(), empty);
    }
}
