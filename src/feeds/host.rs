//! One host as feeds write it: a name, an address, a prefix, with a port, in a URL, with dots or a star at its ends. Only
//! the form is judged here; whose host it is, in [`reserved`](super::reserved).

use std::net::IpAddr;

use super::report::Reason;
use crate::packet::network;
use crate::rules::Serves;

/// Labels of the deepest name, as the rules look it up.
const MAX_LABELS: usize = 10;
/// Bytes of the longest name and label (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host of good form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address, or all that begin with so many of its bits.
    Prefix(IpAddr, u8),
    /// A lower-case name.
    Name(String),
}

/// A host and what its spelling says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) host: Host,
    pub(super) port: Option<u16>,
    /// A leading dot or `*.`: names below it are meant too.
    pub(super) below: bool,
    pub(super) serves: Serves,
}

/// Reads a word of a list.
pub(super) fn parse(word: &str) -> Result<Word, Reason> {
    let (rest, serves) = scheme(word)?;
    if let Some(prefix) = prefix(rest) {
        return Ok(Word { host: prefix?, port: None, below: false, serves });
    }
    let (rest, port) = port(path(rest, serves)?)?;
    if let Some(address) = address(rest) {
        return Ok(Word { host: Host::Prefix(address, width(address)), port, below: false, serves });
    }
    let (rest, below) = match rest.strip_prefix("*.").or_else(|| rest.strip_prefix('.')) {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    Ok(Word { host: Host::Name(name(rest)?), port, below, serves })
}

/// A name alone.
pub(super) fn name(word: &str) -> Result<String, Reason> {
    let word = word.strip_suffix('.').unwrap_or(word);
    if !word.is_ascii() {
        return Err(if word.chars().any(char::is_control) { Reason::Malformed } else { Reason::Idn });
    }
    if word.contains(['*', '?', '^', '|', '(', '[', '\\', '$']) {
        return Err(Reason::Pattern);
    }
    let (mut labels, mut last) = (0, "");
    for label in word.split('.') {
        labels += 1;
        last = label;
        let edges = label.starts_with('-') || label.ends_with('-');
        let letters = label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if label.is_empty() || edges || !letters {
            return Err(Reason::Malformed);
        }
        if label.len() > MAX_LABEL {
            return Err(Reason::LongName);
        }
    }
    if labels > MAX_LABELS || word.len() > MAX_NAME {
        return Err(Reason::LongName);
    }
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::Malformed);
    }
    Ok(word.to_ascii_lowercase())
}

/// The bits of a whole address.
pub(super) const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// An address; IPv4 inside IPv6 is IPv4, and leading zeros are nobody's.
pub(super) fn address(word: &str) -> Option<IpAddr> {
    let word = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).unwrap_or(word);
    let may_be = word.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'));
    if !may_be || word.len() > 45 {
        return None;
    }
    word.parse::<IpAddr>().ok().map(|a| a.to_canonical())
}

/// Takes a scheme off. Those of mining say what the host is for.
fn scheme(word: &str) -> Result<(&str, Serves), Reason> {
    let Some((scheme, rest)) = word.split_once("://") else { return Ok((word, Serves::Unknown)) };
    let lower = scheme.to_ascii_lowercase();
    match lower.as_str() {
        "http" | "https" | "ws" | "wss" | "tcp" | "ssl" | "tls" => Ok((rest, Serves::Unknown)),
        _ if lower.starts_with("stratum") || lower.starts_with("ethproxy") => Ok((rest, Serves::Stratum)),
        _ if lower.contains('*') => Err(Reason::Pattern),
        _ => Err(Reason::Malformed),
    }
}

/// `address/bits`; `None` where it is none. Bits behind the prefix make it unclear what was meant.
fn prefix(word: &str) -> Option<Result<Host, Reason>> {
    let (head, tail) = word.split_once('/')?;
    let head = address(head)?;
    if tail.is_empty() || tail.len() > 3 || !tail.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bits = tail.parse::<u8>().ok().filter(|bits| *bits <= width(head));
    let good = bits.filter(|bits| network(head, *bits) == head);
    Some(good.map(|bits| Host::Prefix(head, bits)).ok_or(Reason::Malformed))
}

/// Takes an empty path off. A worker or coin may stand behind a stratum URL; else a path means less than the host.
fn path(word: &str, serves: Serves) -> Result<&str, Reason> {
    match word.split_once(['/', '?']) {
        Some(("", _)) => Err(Reason::Path),
        Some((host, "")) => Ok(host),
        Some((host, _)) if serves != Serves::Unknown => Ok(host),
        Some(_) => Err(Reason::Path),
        None => Ok(word),
    }
}

/// Takes a port off. A bare IPv6 address has more than one colon.
fn port(word: &str) -> Result<(&str, Option<u16>), Reason> {
    let Some((host, port)) = word.rsplit_once(':') else { return Ok((word, None)) };
    if host.contains(':') && !host.ends_with(']') {
        return Ok((word, None));
    }
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = digits.then(|| port.parse().ok()).flatten().filter(|p| *p != 0);
    port.map(|port| (host, Some(port))).ok_or(Reason::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(word: &str) -> Result<String, Reason> {
        parse(word).map(|w| match w.host {
            Host::Name(name) => name,
            Host::Prefix(a, bits) => format!("{a}/{bits}"),
        })
    }

    #[test]
    fn words_of_lists() {
        for (word, host) in [
            ("Pool.Example.COM.", "pool.example.com"),
            (".example.com", "example.com"),
            ("*.example.com", "example.com"),
            ("http://example.com/", "example.com"),
            ("stratum+tcp://example.com:3333/worker", "example.com"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("[2001:db8::1]:443", "2001:db8::1/128"),
            ("2001:db8::/48", "2001:db8::/48"),
        ] {
            assert_eq!(named(word).as_deref(), Ok(host), "{word}");
        }
        assert_eq!(parse("example.com:3333").unwrap().port, Some(3333));
        assert_eq!(parse("[2001:db8::1]:443").unwrap().port, Some(443));
        assert_eq!(parse("2001:db8::1").unwrap().port, None);
    }

    #[test]
    fn words_of_no_host() {
        for (word, reason) in [
            ("", Reason::Malformed),
            (".", Reason::Malformed),
            ("a..b", Reason::Malformed),
            ("..a.b", Reason::Malformed),
            ("-a.b", Reason::Malformed),
            ("a b.c", Reason::Malformed),
            ("a.b\0", Reason::Malformed),
            ("1.2.3", Reason::Malformed),
            ("1.2.3.400", Reason::Malformed),
            ("192.0.2.1/24", Reason::Malformed),
            ("192.0.2.0/33", Reason::Malformed),
            ("example.com:0", Reason::Malformed),
            ("example.com:70000", Reason::Malformed),
            ("ftp://example.com", Reason::Malformed),
            ("münze.example", Reason::Idn),
            ("a.*.example", Reason::Pattern),
            ("/path", Reason::Path),
            ("http://example.com/x.js", Reason::Path),
            ("192.0.2.1/x", Reason::Path),
        ] {
            assert_eq!(named(word), Err(reason), "{word:?}");
        }
        assert_eq!(named(&format!("{}.com", "a".repeat(64))), Err(Reason::LongName));
        assert_eq!(named(&"a.".repeat(11)), Err(Reason::LongName));
    }

    #[test]
    fn masks() {
        assert_eq!(network("192.0.2.77".parse().unwrap(), 24).to_string(), "192.0.2.0");
        assert_eq!(network("192.0.2.77".parse().unwrap(), 0).to_string(), "0.0.0.0");
        assert_eq!(network("2001:db8::77".parse().unwrap(), 32).to_string(), "2001:db8::");
        assert_eq!(network("2001:db8::77".parse().unwrap(), 0).to_string(), "::");
    }
}
