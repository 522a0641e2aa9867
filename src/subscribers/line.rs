//! One line of the operator's file: a network and a name, perhaps in quotes (RFC 4180). It knows no other line.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::packet::network;

use super::{Fault, LONGEST_NAME};

/// What a line says.
pub(super) enum Line<'t> {
    /// Nothing: it is empty, a comment, or the head of the columns.
    Nothing,
    /// A network, by its first address, and its name.
    Row { addr: IpAddr, prefix: u8, name: Cow<'t, str> },
}

const COLUMNS: &str =
    "write the network, a comma and the name, which goes in \"quotes\" if it has a comma or quotes";

/// Reads a line. Before the first row it may be the columns' head.
pub(super) fn row(number: usize, line: &str, is_before_rows: bool) -> Result<Line<'_>, Fault> {
    let line = line.trim_matches([' ', '\t', '\r']);
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Nothing);
    }
    let wrong = |what: String, remedy: &str| Fault::new(number, what, remedy);
    let Some([first, name]) = fields(line) else {
        return Err(wrong("is no row of two columns".to_owned(), COLUMNS));
    };
    if is_before_rows && first.eq_ignore_ascii_case("prefix") && name.eq_ignore_ascii_case("name") {
        return Ok(Line::Nothing);
    }
    let Some((addr, prefix)) = prefix_of(&first) else {
        let shown: String = first.chars().filter(|c| !c.is_control()).take(48).collect();
        return Err(wrong(
            format!("{shown:?} is no network"),
            "write it like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/56",
        ));
    };
    let start = network(addr, prefix);
    if start != addr {
        let remedy = format!("write {start}/{prefix}, or the address alone");
        return Err(wrong(format!("{addr}/{prefix} has bits behind its prefix"), &remedy));
    }
    let (what, remedy) = match &*name {
        name if name.trim().is_empty() => ("has no name", "write a name behind the comma, or remove the row"),
        name if name.len() > LONGEST_NAME => ("has a name of more than 128 bytes", "write a shorter one"),
        name if name.contains(char::is_control) => ("has a control character in its name", "remove it"),
        name if name.contains(is_unseen) => ("has a character in its name that nobody sees", "remove it"),
        name if name.trim() != name => ("has a blank at the beginning or end of its name", "remove it"),
        "other" => ("has the name other, which stands for all clients past the bound", "choose another"),
        name if prefix_of(name).is_some() => {
            ("has an address for a name, as those have who are in no network", "choose another name")
        }
        _ => return Ok(Line::Row { addr, prefix, name }),
    };
    Err(wrong(what.to_owned(), remedy))
}

fn prefix_of(text: &str) -> Option<(IpAddr, u8)> {
    let (addr, prefix) = text.split_once('/').map_or((text, None), |(addr, prefix)| (addr, Some(prefix)));
    let addr: IpAddr = addr.parse().ok()?;
    let most = if addr.is_ipv4() { 32 } else { 128 };
    let prefix: u8 = match prefix {
        None => most,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        Some(_) => return None,
    };
    // IPv4 within IPv6 is IPv4, as it is on the wire.
    match (addr.to_canonical(), prefix.checked_sub(96)) {
        (IpAddr::V4(v4), Some(within)) if addr.is_ipv6() && within <= 32 => Some((v4.into(), within)),
        _ => (prefix <= most).then_some((addr, prefix)),
    }
}

/// Characters that make a name look like another one: marks of direction, ends of lines, and spaces of no width but for
/// the joiners that some scripts need.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The two fields of a line; `None` where there are not two, or quotes are wrong.
fn fields(line: &str) -> Option<[Cow<'_, str>; 2]> {
    let (first, rest) = field(line)?;
    let (second, rest) = field(rest.strip_prefix(',')?)?;
    rest.is_empty().then_some([first, second])
}

/// The first field, without its quotes and the blanks around it, and what follows.
fn field(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (plain, rest) = text.split_at(end);
        return (!plain.contains('"')).then(|| (Cow::Borrowed(plain.trim_end_matches([' ', '\t'])), rest));
    };
    let mut from = 0;
    loop {
        let quote = from + quoted.get(from..)?.find('"')?;
        // Two quotes stand for one.
        if quoted.get(quote + 1..)?.starts_with('"') {
            from = quote + 2;
            continue;
        }
        let (inside, rest) = (&quoted[..quote], quoted[quote + 1..].trim_start_matches([' ', '\t']));
        let inside = if from == 0 { Cow::Borrowed(inside) } else { Cow::Owned(inside.replace("\"\"", "\"")) };
        return Some((inside, rest));
    }
}
