//! `geophone devices`: where this host could listen, and whether this user may.

use super::table::{Table, plain};
use super::{Failure, print};
use crate::capture;

/// Lists capture interfaces.
pub(super) fn list() -> Result<(), Failure> {
    let devices = capture::devices().map_err(|e| Failure::capture(&e, false))?;
    let mut table = Table::new(&["interface", "state", "capture", "addresses", "description"]);
    for device in &devices {
        let state = match (device.up, device.running) {
            (true, true) => "running",
            (true, false) => "up",
            (false, _) => "down",
        };
        let access = match &device.access {
            Ok(link) => format!("yes ({link:?})"),
            Err(error) => match error.kind() {
                capture::Kind::Permission => "no: CAP_NET_RAW is missing".to_owned(),
                _ => "no".to_owned(),
            },
        };
        let addresses: Vec<String> = device.addresses.iter().map(ToString::to_string).collect();
        let description = plain(device.description.as_deref().unwrap_or_default());
        table.row([device.name.clone(), state.to_owned(), access, addresses.join(" "), description]);
    }
    print(|out| writeln!(out, "{table}"))?;
    // One reason once, below the table, with what to do about it.
    match devices
        .iter()
        .find_map(|d| d.access.as_ref().err().filter(|e| e.kind() == capture::Kind::Permission))
    {
        Some(error) => Err(Failure::capture(error, false)),
        None => Ok(()),
    }
}
