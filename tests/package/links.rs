//! The links of the installed documents: each leads to something that is installed with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Folder, install};

/// What only the source has: its own house rules, its tests, and what builds an image of it.
const NOT_INSTALLED: [&str; 4] =
    ["CONTRIBUTING.md", "container/Containerfile", "container/compose.yaml", "tests/floors.rs"];

/// Holds the documents of an installation below `tree` against what is there; `elsewhere` is what this kind of
/// installation has elsewhere.
pub(super) fn lead_somewhere(tree: &Path, elsewhere: &[&str]) {
    let folder = tree.join("share/doc/geophone");
    let (mut seen, mut dead) = (0, BTreeSet::new());
    for document in documents(&folder) {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if link.is_empty() || link.contains("://") {
                continue;
            }
            seen += 1;
            // As a browser or a forge resolves it, before any symbolic link is followed.
            let target = resolved(document.parent().unwrap(), link);
            if !target.exists() {
                dead.insert(target.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert!(seen > 100, "only {seen} links below {}", folder.display());
    let expected: BTreeSet<String> =
        NOT_INSTALLED.iter().chain(elsewhere).map(|&path| path.to_owned()).collect();
    assert_eq!(
        dead, expected,
        "what installed documents link to and is not there, and what is known not to be"
    );
}

/// Real files only: what symbolic links lead to are no documents.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    found
}

fn resolved(folder: &Path, link: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in link.split('/') {
        match part {
            ".." => assert!(path.pop()),
            "." => {}
            part => path.push(part),
        }
    }
    path
}

#[test]
fn the_links_of_installed_documents_lead_somewhere() {
    let folder = Folder::new("links");
    for prefix in ["/usr/local", "/usr"] {
        install("put", &folder.0, prefix);
        install("put", &folder.0, prefix); // over what is there
        lead_somewhere(&folder.0.join(&prefix[1..]), &[]);
    }
}
