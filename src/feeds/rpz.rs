//! DNS response policy zones (draft-vixie-dnsop-dns-rpz, master files by RFC 1035, 5). Owners are read below the zone's
//! apex: a QNAME trigger is a name, `*.name` all below it, `rpz-ip` a prefix of addresses. Whatever the policy does to the
//! answer, the name is listed; `rpz-passthru.` is an exception. Triggers on clients and name servers list no host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Fault;
use super::entry::Facts;
use super::host::{self, Host, Word};
use super::report::Reason;
use super::take::{Given, Taker};
use crate::packet::network;
use crate::rules::{Scope, Serves};

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    let mut zone = Zone::default();
    taker.each(text, |taker, line| {
        let (record, comment) = match line.split_once(';') {
            Some((record, comment)) => (record, Some(comment)),
            None => (line, None),
        };
        if let Some(comment) = comment.filter(|_| record.trim().is_empty()) {
            taker.comment(comment);
        }
        if !zone.is_inside(record, taker.line) && !record.trim().is_empty() {
            zone.record(record, taker);
        }
    });
    // All behind it was taken for its contents, and would be missing without a word.
    match zone.open {
        Some(line) => Err((line, "a parenthesis that nothing closes".to_owned())),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Zone {
    /// Names end in this; without dots at its ends, empty for the root or where none was given.
    apex: Option<String>,
    origin: String,
    owner: String,
    /// The line of the parenthesis that the records are in.
    open: Option<u64>,
}

impl Zone {
    /// Whether a line is inside the parentheses of an SOA, which hold nothing for us.
    fn is_inside(&mut self, record: &str, line: u64) -> bool {
        let (was, mut quoted) = (self.open.is_some(), false);
        for c in record.bytes() {
            match c {
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'(' => self.open = Some(line),
                b')' => self.open = None,
                _ => {}
            }
        }
        was
    }

    fn record(&mut self, record: &str, taker: &mut Taker<'_>) {
        let has_owner = !record.starts_with([' ', '\t']);
        let mut words = record.split_ascii_whitespace().peekable();
        if let Some(directive) = words.next_if(|w| w.starts_with('$')) {
            return self.directive(directive, words.next(), taker);
        }
        if has_owner {
            self.owner = words.next().unwrap_or_default().to_ascii_lowercase();
        }
        let skipped = |w: &&str| {
            let digits =
                w.starts_with(|c: char| c.is_ascii_digit()) && w.bytes().all(|b| b.is_ascii_alphanumeric());
            digits || matches!(w.to_ascii_uppercase().as_str(), "IN" | "CH" | "HS")
        };
        while words.next_if(skipped).is_some() {}
        let kind = words.next().unwrap_or_default().to_ascii_uppercase();
        let data = words.next().unwrap_or_default().to_ascii_lowercase();
        match kind.as_str() {
            "SOA" => self.soa(),
            "NS" | "DNSKEY" | "RRSIG" | "NSEC" | "NSEC3" | "NSEC3PARAM" | "ZONEMD" => {}
            "CNAME" | "A" | "AAAA" | "TXT" | "MX" | "DNAME" if !data.is_empty() => {
                self.policy(&data, &kind, taker);
            }
            "CNAME" | "A" | "AAAA" => taker.refuse(Reason::Malformed, record),
            _ => taker.refuse(Reason::Unsupported, record),
        }
    }

    fn directive(&mut self, directive: &str, value: Option<&str>, taker: &mut Taker<'_>) {
        match (directive.to_ascii_uppercase().as_str(), value) {
            ("$ORIGIN", Some(name)) => {
                let name = name.to_ascii_lowercase();
                self.origin = match name.strip_suffix('.') {
                    Some(whole) => whole.to_owned(),
                    None => below(&name, &self.origin),
                };
                if self.apex.is_none() && !self.origin.is_empty() {
                    self.apex = Some(self.origin.clone());
                }
            }
            ("$TTL", Some(_)) => {}
            _ => taker.refuse(Reason::Unsupported, directive),
        }
    }

    /// The owner of the SOA is the apex.
    fn soa(&mut self) {
        let apex = match self.owner.strip_suffix('.') {
            Some(whole) => whole.to_owned(),
            None if self.owner == "@" => self.origin.clone(),
            None => below(&self.owner, &self.origin),
        };
        if self.origin.is_empty() {
            self.origin.clone_from(&apex);
        }
        // A zone that names itself nowhere may still do so by a later $ORIGIN.
        if !apex.is_empty() {
            self.apex = Some(apex);
        }
    }

    /// The trigger that an owner is: its name below the apex.
    fn trigger(&self) -> Option<String> {
        let whole = match self.owner.strip_suffix('.') {
            Some(whole) => whole.to_owned(),
            None if self.owner == "@" => return None,
            None => below(&self.owner, &self.origin),
        };
        match self.apex.as_deref().unwrap_or_default() {
            "" => Some(whole),
            apex => whole.strip_suffix(apex)?.strip_suffix('.').map(str::to_owned),
        }
    }

    fn policy(&self, data: &str, kind: &str, taker: &mut Taker<'_>) {
        if self.owner == "@" || self.apex.as_deref().is_some_and(|a| self.owner.trim_end_matches('.') == a) {
            return;
        }
        let Some(trigger) = self.trigger() else { return taker.refuse(Reason::Malformed, &self.owner) };
        let (name, scope) = match trigger.strip_prefix("*.") {
            Some(name) => (name, Scope::Suffix),
            None => (trigger.as_str(), Scope::Exact),
        };
        // An older exception is a name that leads to itself.
        let passes = kind == "CNAME" && (data == "rpz-passthru." || data.trim_end_matches('.') == trigger);
        let given = if passes { Given::allowed(scope) } else { Given::listed(scope) };
        if data == "rpz-tcp-only." {
            return taker.refuse(Reason::Unsupported, &trigger);
        }
        if let Some(prefix) = trigger.strip_suffix(".rpz-ip") {
            return match addresses(prefix) {
                Some(host) => {
                    let given = Given { facts: Facts::default(), ..given };
                    taker.parsed(
                        &trigger,
                        Word { host, port: None, below: false, serves: Serves::Unknown },
                        given,
                    );
                }
                None => taker.refuse(Reason::Malformed, &trigger),
            };
        }
        if trigger.rsplit('.').next().is_some_and(|last| last.starts_with("rpz-")) {
            return taker.refuse(Reason::Unsupported, &trigger);
        }
        match host::name(name) {
            Ok(name) => {
                taker.parsed(
                    &trigger,
                    Word { host: Host::Name(name), port: None, below: false, serves: Serves::Unknown },
                    given,
                );
            }
            Err(reason) => taker.refuse(reason, &trigger),
        }
    }
}

fn below(name: &str, origin: &str) -> String {
    if origin.is_empty() { name.to_owned() } else { format!("{name}.{origin}") }
}

/// `24.0.2.0.192`, `48.zz.db8.2001`: bits and an address backwards, `zz` for `::`.
fn addresses(text: &str) -> Option<Host> {
    let mut words = text.split('.');
    let bits: u8 = words.next()?.parse().ok()?;
    let mut parts: Vec<&str> = words.take(9).collect();
    parts.reverse();
    let address: IpAddr = if parts.len() == 4 && parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_digit())) {
        parts.join(".").parse::<Ipv4Addr>().ok()?.into()
    } else {
        let text = parts.join(":");
        let text = match text.as_str() {
            "zz" => "::".to_owned(),
            text if text.starts_with("zz:") => text.replacen("zz", ":", 1),
            text if text.ends_with(":zz") => text.replacen(":zz", "::", 1),
            text => text.replacen(":zz:", "::", 1),
        };
        text.parse::<Ipv6Addr>().ok()?.into()
    };
    (bits <= host::width(address) && network(address, bits) == address).then_some(Host::Prefix(address, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_backwards() {
        for (text, host) in [
            ("32.77.2.0.192", Some(("192.0.2.77", 32))),
            ("24.0.2.0.192", Some(("192.0.2.0", 24))),
            ("48.zz.1.db8.2001", Some(("2001:db8:1::", 48))),
            ("128.1.zz.db8.2001", Some(("2001:db8::1", 128))),
            ("128.1.zz", Some(("::1", 128))),
            ("24.1.2.0.192", None),
            ("33.1.2.0.192", None),
            ("32.1.2.192", None),
            ("", None),
        ] {
            let expected = host.map(|(a, bits)| Host::Prefix(a.parse().unwrap(), bits));
            assert_eq!(addresses(text), expected, "{text}");
        }
    }
}
