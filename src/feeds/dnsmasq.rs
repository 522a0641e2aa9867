//! Lines of dnsmasq.conf that answer a name and all below it themselves: `address=/name/…`, `local=/name/`, `server=/name/`.
//! A server behind the last slash only says who is asked, which lists nothing.

use super::Fault;
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::Scope;

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let entry = taker.said(line, &['#']);
        if entry.is_empty() {
            return;
        }
        let Some((key, names, target)) = parts(entry) else {
            return taker.refuse(Reason::Unsupported, entry);
        };
        // `server=/name/#` asks the usual servers: an exception from a wider line.
        let given = || match (key, target) {
            ("local" | "server", "") | ("address", _) => Some(Given::listed(Scope::Suffix)),
            ("server", "#") => Some(Given::allowed(Scope::Suffix)),
            _ => None,
        };
        for name in names.split('/') {
            match given() {
                Some(given) => taker.host(name, given),
                None => taker.refuse(Reason::Unsupported, entry),
            }
        }
    });
    Ok(())
}

/// Key, names and what stands behind the last slash of `key=/name/name/target`.
pub(super) fn parts(entry: &str) -> Option<(&str, &str, &str)> {
    let (key, value) = entry.split_once('=')?;
    let (names, target) = value.trim_start().strip_prefix('/')?.rsplit_once('/')?;
    let key = key.trim_end().trim_start_matches("--");
    matches!(key, "address" | "local" | "server").then_some((key, names, target.trim()))
}
