//! One event's addresses as they may be shown, in their fields and wherever a text repeats them. What an address is shown
//! as is decided in `clients`; payees and mail addresses are another matter.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::clients::Clients;
use super::spelled::Spelled;
use crate::packet::network;

/// Bytes of the longest address, as it may be written.
const LONGEST_V4: usize = 15;
const LONGEST_V6: usize = 45;

/// What is hidden in one event.
#[derive(Clone, Debug)]
pub struct Disguise<'p> {
    clients: &'p Clients,
    people: Vec<Person>,
}

/// Whom to hide, with what is looked for in each text.
#[derive(Clone, Debug)]
struct Person {
    addr: IpAddr,
    shown: IpAddr,
    spelled: Spelled,
}

impl<'p> Disguise<'p> {
    /// Hides `people`: the clients of an event, and those that may be clients.
    pub(super) fn new(clients: &'p Clients, people: impl Iterator<Item = IpAddr>) -> Self {
        let person = |addr: IpAddr| {
            let addr = addr.to_canonical();
            let shown = clients.shown(addr);
            Person { addr, shown, spelled: Spelled::new(addr) }
        };
        let people = if clients.hides() { people.map(person).collect() } else { Vec::new() };
        Self { clients, people }
    }

    /// The address as it may be shown.
    pub fn address(&self, addr: IpAddr) -> IpAddr {
        let canonical = addr.to_canonical();
        match self.people.iter().find(|person| person.addr == canonical) {
            Some(person) => person.shown,
            None if self.hides(addr) => self.clients.shown(canonical),
            None => addr,
        }
    }

    /// The network that is shown in the place of an address, as `192.0.2.0/24`.
    pub fn network(&self, addr: IpAddr) -> Option<String> {
        match self.clients {
            Clients::Subnet(subnets) if self.hides(addr) => {
                let prefix = subnets.prefix(addr);
                Some(format!("{}/{prefix}", network(addr, prefix)))
            }
            _ => None,
        }
    }

    /// Whether anything is hidden: then names of the flow that others could compute must go too.
    pub const fn is_needed(&self) -> bool {
        self.clients.hides()
    }

    /// The text without the addresses that are hidden.
    pub fn text<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if !self.is_needed() {
            return text;
        }
        let mut text = match self.literals(&text) {
            Some(replaced) => Cow::Owned(replaced),
            None => text,
        };
        for person in &self.people {
            if let Some(replaced) = person.spelled.replace(&text, person.shown) {
                text = Cow::Owned(replaced);
            }
        }
        text
    }

    /// People's addresses, and those of networks behind somebody's door: a proxy in a home is as good as its owner's name.
    fn hides(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        let is_near = |person: &Person| match (addr, person.addr) {
            (IpAddr::V6(_), IpAddr::V6(_)) => network(addr, 64) == network(person.addr, 64),
            _ => addr == person.addr,
        };
        self.is_needed() && (is_private(addr) || self.people.iter().any(is_near))
    }

    /// Replaces addresses that stand in the text as programs write them. In one pass: what stands for an address may look
    /// like another that is hidden.
    fn literals(&self, text: &str) -> Option<String> {
        let mut replaced = String::new();
        let (mut copied, mut start) = (0, 0);
        for word in text.split_inclusive(|c: char| !is_of_address(c)) {
            let literal = word.trim_end_matches(|c: char| !is_of_address(c));
            let mut from = 0;
            while from < literal.len() {
                let Some((addr, len)) = literal_at(literal, from) else {
                    from += 1;
                    continue;
                };
                if self.hides(addr) {
                    replaced.push_str(&text[copied..start + from]);
                    replaced.push_str(&self.address(addr).to_string());
                    copied = start + from + len;
                }
                from += len;
            }
            start += word.len();
        }
        (copied > 0).then(|| replaced + &text[copied..])
    }
}

const fn is_of_address(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, '.' | ':')
}

/// The longest address that stands in a word from this byte on, and how many bytes of it are the address. Words hold
/// what [`is_of_address`] allows, so that a port, a dot or half a name may stand around it.
fn literal_at(word: &str, from: usize) -> Option<(IpAddr, usize)> {
    let (before, rest) = word.split_at(from);
    let most = |bytes: usize| &rest[..rest.len().min(bytes)];
    let (v4, v6) = (most(LONGEST_V4), most(LONGEST_V6));
    let find = |within: &str, is_digit: fn(&u8) -> bool, parse: fn(&str) -> Option<IpAddr>| {
        if before.as_bytes().last().is_some_and(is_digit) {
            return None;
        }
        let ends = (1..=within.len()).rev().filter(|end| !rest.as_bytes().get(*end).is_some_and(is_digit));
        ends.map(|end| (&within[..end], end)).find_map(|(text, end)| Some((parse(text)?, end)))
    };
    let v6 = v6.matches(':').nth(1).and_then(|_| find(v6, u8::is_ascii_hexdigit, parse::<Ipv6Addr>));
    v6.or_else(|| v4.matches('.').nth(2).and_then(|_| find(v4, u8::is_ascii_digit, parse::<Ipv4Addr>)))
}

fn parse<A: FromStr + Into<IpAddr>>(text: &str) -> Option<IpAddr> {
    text.parse::<A>().ok().map(Into::into)
}

/// Whether an address is none of the Internet's: somebody's own network, or behind a provider's translation (RFC 1918,
/// 6598, 3927, 4193, 4291).
pub(super) const fn is_private(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => a.is_private() || a.is_loopback() || a.is_link_local() || is_shared(a),
        IpAddr::V6(a) => a.is_loopback() || a.is_unique_local() || is_link_local(a),
    }
}

const fn is_shared(addr: Ipv4Addr) -> bool {
    let [a, b, ..] = addr.octets();
    a == 100 && b & 0xc0 == 64
}

const fn is_link_local(addr: Ipv6Addr) -> bool {
    addr.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests;
