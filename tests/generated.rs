//! Files in the tree that are made from the program's own tables: the pages and definitions must be what the program
//! would make now. `make generated` writes them anew.

use std::path::Path;
use std::{env, fs};

#[path = "generated/cli.rs"]
mod cli;
#[path = "generated/metrics.rs"]
mod metrics;

/// Compares a file of the tree with what it should say, or writes it where GENERATE is set.
fn same(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("GENERATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{path} is stale: run `make generated` and commit what it changes");
}
