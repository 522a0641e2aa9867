//! One event's addresses as they may be shown, in their fields and wherever a text repeats them. What an address is shown
//! as is decided in `clients`; payees and mail addresses are another matter.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4};

use super::clients::{Clients, network};
use super::spelled::Spelled;

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
    text: String,
    spelled: Spelled,
}

impl<'p> Disguise<'p> {
    /// Hides `people`: the clients of an event, and those that may be clients.
    pub(super) fn new(clients: &'p Clients, people: impl Iterator<Item = IpAddr>) -> Self {
        let person = |addr: IpAddr| {
            let addr = addr.to_canonical();
            let shown = clients.shown(addr);
            Person { addr, shown, text: shown.to_string(), spelled: Spelled::new(addr) }
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
            if let Some(replaced) = person.spelled.replace(&text, &person.text) {
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
        let (mut copied, mut at) = (0, 0);
        for word in text.split_inclusive(|c: char| !is_of_address(c)) {
            let literal = word.trim_end_matches(|c: char| !is_of_address(c));
            if let Some((addr, len)) = literal_of(literal).filter(|(addr, _)| self.hides(*addr)) {
                replaced.push_str(&text[copied..at]);
                replaced.push_str(&self.address(addr).to_string());
                copied = at + len;
            }
            at += word.len();
        }
        (copied > 0).then(|| replaced + &text[copied..])
    }
}

const fn is_of_address(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, '.' | ':')
}

/// The address that begins a word, and how many bytes of it are the address. A port may follow.
fn literal_of(word: &str) -> Option<(IpAddr, usize)> {
    let whole = |text: &str| Some((text.parse().ok()?, text.len()));
    let with_port = || {
        let addr = word.trim_end_matches(['.', ':']).parse::<SocketAddrV4>().ok()?.ip().to_string();
        Some((addr.parse().ok()?, addr.len()))
    };
    whole(word)
        .or_else(|| whole(word.trim_end_matches('.')))
        .or_else(|| whole(word.strip_suffix(':')?))
        .or_else(with_port)
}

/// Whether an address is none of the Internet's: somebody's own network, or behind a provider's translation (RFC 1918,
/// 6598, 3927, 4193, 4291).
const fn is_private(addr: IpAddr) -> bool {
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
