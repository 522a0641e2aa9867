//! Lists of nDPI and ntopng: `name<TAB>number`, of which the number (a category of theirs) means nothing here, and lines of
//! a protocol file, `host:"name",ip:192.0.2.1@Protocol`, whose hosts cover what is below them.

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
        if is_rule(entry) {
            return rule(entry, taker);
        }
        let mut words = entry.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let number = words.next().is_none_or(|n| n.bytes().all(|b| b.is_ascii_digit()));
        if number && words.next().is_none() {
            taker.host(name, Given::listed(Scope::Exact));
        } else {
            taker.refuse(Reason::Malformed, entry);
        }
    });
    Ok(())
}

/// Whether a line is one of a protocol file.
pub(super) fn is_rule(entry: &str) -> bool {
    let kinds = ["host:", "ip:", "ipv6:", "tcp:", "udp:", "nbpf:"];
    entry.contains('@') && kinds.iter().any(|kind| entry.starts_with(kind))
}

fn rule(entry: &str, taker: &mut Taker<'_>) {
    let parts = entry.rsplit_once('@').map_or(entry, |(parts, _)| parts);
    for part in parts.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        match part.split_once(':') {
            Some(("host", name)) => match name.trim_matches('"') {
                // Anchors and the like.
                name if name.contains(['^', '$', '*', '|']) => taker.refuse(Reason::Pattern, part),
                name => taker.host(name, Given::listed(Scope::Suffix)),
            },
            Some(("ip" | "ipv6", address)) => taker.host(address, Given::listed(Scope::Exact)),
            _ => taker.refuse(Reason::Unsupported, part),
        }
    }
}
