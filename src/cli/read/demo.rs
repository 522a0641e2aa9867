//! The capture that the program itself holds, for who has none yet: two real XMRig, one of which asked for its pool by
//! name, and a browser miner of Coinhive's kind, cut out of the test suite's captures.

use std::path::Path;

use crate::capture::{Error, File};

/// What is typed for it.
const WORD: &str = "demo";

const CAPTURE: &[u8] = include_bytes!("demo.pcap.gz");

/// What to do next, below the table.
pub(super) const NEXT: &str = "\nThis capture is built in. Next: `geophone devices` lists interfaces, `geophone run -i IFACE` watches one.\n";

/// Whether it is meant: a file of that name goes before it, so that no file is ever out of reach.
pub(super) fn is_meant(path: &Path) -> bool {
    path.as_os_str() == WORD && !path.exists()
}

/// Opens it.
pub(super) fn open(filter: Option<&str>) -> Result<File, Error> {
    File::held(WORD, CAPTURE, filter)
}
