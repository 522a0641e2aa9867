//! The spellings of one address that names, paths and identifiers use: dashes for dots, backwards, one number. Miners
//! call their workers so, and providers their customers' hosts.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::packet::network;

/// Digits of the shortest number that is taken for an address; a shorter one is more likely something else.
const SHORTEST_NUMBER: usize = 8;

/// What may stand between the parts of an address.
const BETWEEN_V4: [&str; 5] = [".", "-", "_", "%2e", "[.]"];
const BETWEEN_V6: [&str; 3] = ["-", "_", "%3a"];

/// Bytes from which on separated groups are an address, whatever stands before them.
const LONG: usize = 10;

/// All spellings of one address.
#[derive(Clone, Debug)]
pub(super) struct Spelled(Vec<Spelling>);

#[derive(Clone, Debug)]
struct Spelling {
    text: String,
    is_hex: bool,
    /// It is the network alone: what follows of digits and of this belongs to an address in it.
    network: Option<&'static str>,
    /// Part of a longer number is another number: whether it may have digits before it, and behind.
    joins: [bool; 2],
}

impl Spelled {
    pub(super) fn new(addr: IpAddr) -> Self {
        Self(match addr {
            IpAddr::V4(addr) => of_v4(addr),
            IpAddr::V6(addr) => of_v6(addr).into_iter().chain(of_network(addr)).collect(),
        })
    }

    /// The text with each of them replaced by `shown`, or the network alone by that of `shown`; `None` where there is none.
    pub(super) fn replace(&self, text: &str, shown: IpAddr) -> Option<String> {
        let [address, network] = [shown, network(shown, 64)].map(|shown| shown.to_string());
        // Same length as the text, so places agree.
        let mut lower = text.to_ascii_lowercase();
        let mut replaced: Option<String> = None;
        for spelling in &self.0 {
            let from = replaced.as_deref().unwrap_or(text);
            let shown = if spelling.network.is_some() { &network } else { &address };
            if let Some(next) = spelling.replace(from, &lower, shown) {
                lower = next.to_ascii_lowercase();
                replaced = Some(next);
            }
        }
        replaced
    }
}

impl Spelling {
    fn replace(&self, text: &str, lower: &str, shown: &str) -> Option<String> {
        let mut replaced = String::new();
        let (mut copied, mut from) = (0, 0);
        while let Some(at) = lower.get(from..).and_then(|rest| rest.find(&self.text)).map(|at| from + at) {
            let (before, after) = (&lower[..at], &lower[at + self.text.len()..]);
            if self.is_part(before, after) {
                from = at + 1; // spellings are ASCII
                continue;
            }
            replaced.push_str(&text[copied..at]);
            replaced.push_str(shown);
            from = at + self.text.len() + self.host(after);
            copied = from;
        }
        (copied > 0).then(|| replaced + &text[copied..])
    }

    fn is_part(&self, before: &str, after: &str) -> bool {
        let is_digit: fn(char) -> bool =
            if self.is_hex { |c| c.is_ascii_hexdigit() } else { |c| c.is_ascii_digit() };
        let [may_before, may_after] = self.joins;
        !may_before && before.ends_with(is_digit) || !may_after && after.starts_with(is_digit)
    }

    /// Bytes of an address behind its network.
    fn host(&self, after: &str) -> usize {
        let Some(between) = self.network else { return 0 };
        let mut rest = after;
        loop {
            let next = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            match next.strip_prefix(between) {
                Some(next) if !between.is_empty() => rest = next,
                _ => return after.len() - next.len(),
            }
        }
    }
}

fn of_v4(addr: Ipv4Addr) -> Vec<Spelling> {
    let octets = addr.octets();
    let [mut backwards, number] = [octets, octets];
    backwards.reverse();
    let decimal = |text| Spelling { text, is_hex: false, network: None, joins: [false; 2] };
    let hex = |text| Spelling { text, is_hex: true, network: None, joins: [false; 2] };
    let mut all = Vec::new();
    for octets in [octets, backwards] {
        for between in BETWEEN_V4 {
            all.push(decimal(join(octets, between, |o, text| write!(text, "{o}"))));
            all.push(decimal(join(octets, between, |o, text| write!(text, "{o:03}"))));
        }
        for between in ["", ":", "-", "."] {
            all.push(hex(join(octets, between, |o, text| write!(text, "{o:02x}"))));
        }
    }
    for number in [u32::from_be_bytes(number), u32::from_le_bytes(number)] {
        all.push(decimal(number.to_string()));
    }
    // As IPv6 has it, of which the beginning may be cut off.
    let [a, b, c, d] = octets;
    let halves = || [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    all.push(hex(join(halves(), ":", |half, text| write!(text, "{half:x}"))));
    all.push(hex(join(halves(), ":", |half, text| write!(text, "{half:04x}"))));
    all.retain(|Spelling { text, .. }| {
        text.len() >= SHORTEST_NUMBER - usize::from(text.contains(':')) || text.contains(['.', '-', '_'])
    });
    all
}

fn of_v6(addr: Ipv6Addr) -> Vec<Spelling> {
    let short = addr.to_string();
    let full = join(addr.segments(), ":", |s, text| write!(text, "{s:04x}"));
    let plain = join(addr.segments(), ":", |s, text| write!(text, "{s:x}"));
    let nibbles = addr.octets().into_iter().rev().flat_map(|o| [o & 15, o >> 4]);
    let mut all: Vec<String> = Vec::new();
    for spelling in [&short, &full, &plain] {
        all.extend(BETWEEN_V6.map(|between| spelling.replace(':', between)));
    }
    all.push(full);
    all.push(join(addr.octets(), "", |o, text| write!(text, "{o:02x}")));
    all.push(join(nibbles, ".", |n, text| write!(text, "{n:x}")));
    all.push(u128::from(addr).to_string());
    all.retain(|text| text.len() >= SHORTEST_NUMBER);
    all.into_iter().map(|text| Spelling { text, is_hex: true, network: None, joins: [false; 2] }).collect()
}

/// The /64, which is the subscriber whatever the host calls itself. What begins with less than four digits may be
/// anything.
fn of_network(addr: Ipv6Addr) -> Vec<Spelling> {
    let [a, b, c, d, ..] = addr.segments();
    if a < 0x1000 {
        return Vec::new();
    }
    let groups = [a, b, c, d];
    let short = network(addr.into(), 64).to_string();
    let mut all = Vec::new();
    for between in BETWEEN_V6.into_iter().chain([":"]) {
        let mut add = |text: String, joins_after| {
            let joins = [text.len() >= LONG, joins_after];
            all.push(Spelling { text, is_hex: true, network: Some(between), joins });
        };
        add(join(groups, between, |s, text| write!(text, "{s:04x}")), false);
        add(join(groups, between, |s, text| write!(text, "{s:x}")), false);
        if d == 0 {
            add(short.replace(':', between), true);
        }
    }
    let bare = |text, joins| Spelling { text, is_hex: true, network: Some(""), joins };
    all.push(bare(join(groups, "", |s, text| write!(text, "{s:04x}")), [false, true]));
    let nibbles = groups.into_iter().rev().flat_map(|s| [s & 15, s >> 4 & 15, s >> 8 & 15, s >> 12]);
    all.push(bare(join(nibbles, ".", |n, text| write!(text, "{n:x}")), [false; 2]));
    all
}

fn join<T>(
    parts: impl IntoIterator<Item = T>,
    between: &str,
    write: fn(T, &mut String) -> std::fmt::Result,
) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push_str(between);
        }
        let _ = write(part, &mut text); // writing to a text does not fail
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shown as X, and as N where only the network stands there.
    fn replace(text: &str, addr: IpAddr) -> Option<String> {
        let replaced = Spelled::new(addr).replace(text, "fd12:3456:789a::ffff".parse().unwrap())?;
        Some(replaced.replace("fd12:3456:789a::ffff", "X").replace("fd12:3456:789a::", "N"))
    }

    fn v4(text: &str) -> String {
        replace(text, Ipv4Addr::new(10, 20, 3, 7).into()).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn each_spelling_of_an_address_goes() {
        for text in [
            "10.20.3.7",
            "10-20-3-7",
            "10_20_3_7",
            "10%2E20%2e3%2E7",
            "10[.]20[.]3[.]7",
            "010.020.003.007",
            "7.3.20.10",
            "7-3-20-10",
            "0a140307",
            "0A140307",
            "0a:14:03:07",
            "0a-14-03-07",
            "0703140a",
            "169083655",
            "117642250",
            "a14:307",
            "0A14:0307",
        ] {
            for (before, after) in
                [("", ""), ("rig ", "!"), ("ip-", ".dyn.isp.example"), ("x", "y"), ("ä", "ö")]
            {
                let after =
                    if text.to_lowercase().contains('a') { after.trim_start_matches('y') } else { after };
                assert_eq!(v4(&format!("{before}{text}{after}")), format!("{before}X{after}"), "{text}");
            }
        }
        assert_eq!(v4("10.20.3.7, 10-20-3-7 and 0x0A140307"), "X, X and 0xX");
    }

    #[test]
    fn other_numbers_stay() {
        for text in
            ["", "110.20.3.7", "10.20.3.70", "10.20.37", "1169083655", "f0a140307", "0a1403070", "10203007"]
        {
            assert_eq!(v4(text), text);
        }
        let small = Ipv4Addr::new(0, 0, 0, 5).into();
        assert_eq!(replace("5 workers of 00000005", small).unwrap(), "5 workers of X");
    }

    /// What is part of a longer number may hide the beginning of the address itself.
    #[test]
    fn an_address_behind_half_of_itself_goes() {
        let ones = replace("11.1.1.1.1", Ipv4Addr::new(1, 1, 1, 1).into());
        assert_eq!(ones.as_deref(), Some("11.X"));
    }

    #[test]
    fn ipv6_in_names_and_numbers() {
        let addr: Ipv6Addr = "2001:db8:20:48::2".parse().unwrap();
        for text in [
            "2001-db8-20-48--2",
            "2001-0DB8-0020-0048-0000-0000-0000-0002",
            "2001_db8_20_48_0_0_0_2",
            "2001%3Adb8%3a20%3A48%3A%3A2",
            "20010db8002000480000000000000002",
            "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.4.0.0.0.2.0.0.8.b.d.0.1.0.0.2",
            &u128::from(addr).to_string(),
        ] {
            let name = format!("ip6-{text}.isp.example");
            let replaced = replace(&name, addr.into()).unwrap_or_else(|| name.clone());
            assert_eq!(replaced, "ip6-X.isp.example", "{text}");
        }
        assert_eq!(replace("2001-db8-20-48--22", addr.into()).as_deref(), Some("N"));
        assert_eq!(replace("2001-db8-20-48-cab.example", addr.into()).as_deref(), Some("N.example"));
        assert_eq!(replace("2001-db8-20-480--2 2001-db8-20-4-8", addr.into()), None);
    }
}
