//! Files as hosts(5) with an address that leads nowhere before each name: `0.0.0.0 name [name…]`. A name resolves as it
//! stands, so matches are exact. Lines with other addresses are somebody's own network.

use super::Fault;
use super::host;
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::Scope;

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let entry = taker.said(line, &['#', ';']);
        let mut words = entry.split_ascii_whitespace();
        let Some(first) = words.next() else { return };
        if !is_sink(first) {
            let own = host::address(first).is_some();
            let is_local = own && words.all(|name| !name.contains('.'));
            let reason = if is_local {
                Reason::LocalName
            } else if own {
                Reason::Unsupported
            } else {
                Reason::Malformed
            };
            return taker.refuse(reason, entry);
        }
        let mut any = false;
        for word in words {
            any = true;
            // Lists begin with the names of the machine itself; some repeat the address.
            if host::address(word).is_some() {
                taker.refuse(Reason::LocalName, word);
            } else {
                taker.host(word, Given::listed(Scope::Exact));
            }
        }
        if !any {
            taker.refuse(Reason::Malformed, entry);
        }
    });
    Ok(())
}

/// An address that blocks.
pub(super) fn is_sink(word: &str) -> bool {
    host::address(word).is_some_and(|a| a.is_unspecified() || a.is_loopback())
}
