//! What of people and of a miner's own words may leave the sensor: clients by address, network, pseudonym or name, payees
//! in clear or as pseudonyms, e-mail logins masked in every mode. It hides nothing from who reads the traffic itself, and
//! passwords never get this far: no event has a field for one.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::hmac;

use crate::detect::{FlowIdentity, Mining};
use crate::subscribers::Subscribers;

mod clients;
mod disguise;
mod secret;
mod spelled;

pub use clients::{Clients, Pseudonyms, Subnets};
pub use disguise::Disguise;
pub use secret::{Secret, WeakSecret};

/// How clients and payees are shown. The default shows them in clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// In clear or as pseudonyms.
    pub payees: Payees,
    /// Key of the payees' pseudonyms. Without one anybody can test a guessed wallet against a pseudonym.
    pub key: Option<Key>,
    /// By address, network, pseudonym or name.
    pub clients: Clients,
    /// The operator's names for clients; not to be given where clients are hidden.
    pub subscribers: Option<Arc<Subscribers>>,
}

impl Privacy {
    /// The operator's name for a client.
    pub fn subscriber(&self, addr: IpAddr) -> Option<&str> {
        self.subscribers.as_deref().filter(|_| !self.clients.hides()).and_then(|all| all.name(addr))
    }

    /// How the addresses of one event are shown. Where clients are hidden, so is who may be the client, the server where
    /// it is in somebody's own network, and for whom a proxy spoke.
    pub fn disguise(&self, flow: &FlowIdentity, account: &Mining) -> Disguise<'_> {
        let server = flow.server.addr;
        let may_be_client = !account.client_role_proven || disguise::is_private(server);
        let before = account.route.forwarded_for.map(|client| client.ip());
        let others = may_be_client.then_some(server).into_iter().chain(before);
        Disguise::new(&self.clients, std::iter::once(flow.client.addr).chain(others))
    }

    /// A flow's number as it may be shown.
    pub fn flow_id(&self, id: u64) -> u64 {
        self.clients.flow_id(id)
    }

    /// Whether a client of one is called the same by the other, but for what subscribers are called.
    pub fn names_alike(&self, other: &Self) -> bool {
        match (&self.clients, &other.clients) {
            (Clients::Subnet(one), Clients::Subnet(other)) => one.is_as_long(other),
            (one, other) => one == other,
        }
    }

    /// The payee as it may be shown. A pseudonym is the same for the same payee, and key if there is one, at any
    /// sensor: `hmac:` or `sha1:` (no key) and 20 hexadecimal digits. It is made from the masked text, so mail
    /// logins with the same first letter and domain share one.
    pub fn payee<'a>(&self, payee: &'a str) -> Cow<'a, str> {
        let masked = mask_emails(payee);
        match self.payees {
            Payees::Clear => masked,
            Payees::Hash => Cow::Owned(self.pseudonym(masked.as_bytes())),
        }
    }

    /// Any other text of the miner as it may be shown: mail addresses masked and, where payees are pseudonyms, the
    /// session's own payee replaced. Worker names and user agents often repeat it.
    pub fn text<'a>(&self, text: &'a str, payee: Option<&str>) -> Cow<'a, str> {
        let Some(payee) = payee.filter(|p| self.payees == Payees::Hash && !p.is_empty()) else {
            return mask_emails(text);
        };
        if text == payee {
            return self.payee(text);
        }
        if payee.len() < SHORTEST_PART || !text.contains(payee) {
            return mask_emails(text);
        }
        Cow::Owned(mask_emails(&text.replace(payee, &self.payee(payee))).into_owned())
    }

    fn pseudonym(&self, payee: &[u8]) -> String {
        // What weakens SHA-1 as a signature, found collisions, does not weaken this use of it.
        let (kind, hash) = match &self.key {
            Some(key) => {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key.0), payee);
                ("hmac", tag.as_ref().to_vec())
            }
            None => ("sha1", digest(&SHA1_FOR_LEGACY_USE_ONLY, payee).as_ref().to_vec()),
        };
        let mut shown = String::with_capacity(kind.len() + 1 + PSEUDONYM_DIGITS);
        shown.push_str(kind);
        shown.push(':');
        for byte in hash.iter().take(PSEUDONYM_DIGITS / 2) {
            for nibble in [byte >> 4, byte & 0xf] {
                shown.extend(char::from_digit(u32::from(nibble), 16));
            }
        }
        shown
    }
}

/// Payees in clear or as pseudonyms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payees {
    /// As on the wire, but for mail addresses.
    #[default]
    Clear,
    /// As pseudonyms.
    Hash,
}

/// The key of the payees' pseudonyms. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key that the operator's own gives for this use.
    pub fn of(secret: &Secret) -> Self {
        Self(secret.derive(secret::Use::Payees))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// Masks each mail address in `text`, and what an address of the web has for a user with a password: the local part's
/// first letter, `***`, and the domain as it stands. Masked text stays as it is. A local part is taken to reach further
/// than RFC 5322 allows: what is masked for nothing does less harm than half a name left standing.
pub fn mask_emails(text: &str) -> Cow<'_, str> {
    match mask_users(text) {
        Some(text) => Cow::Owned(mask_logins(&text).into_owned()),
        None => mask_logins(text),
    }
}

/// Masks user and password in each address with a `//`, as in `stratum+tcp://user:password@host`; `None` where there is none.
fn mask_users(text: &str) -> Option<String> {
    let mut masked = String::new();
    let (mut from, mut copied) = (0, 0);
    while let Some(start) = text[from..].find("//").map(|at| from + at + 2) {
        from = start;
        let authority = text[start..].split(ends_authority).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@').filter(|(user, _)| user.contains(':')) else {
            continue;
        };
        // The password, where there is no user, begins with nothing that may be shown.
        let first = user.chars().next().filter(|c| *c != ':').unwrap_or('*');
        masked.push_str(&text[copied..start]);
        masked.push(first);
        masked.push_str("***");
        copied = start + user.len();
        from = copied;
    }
    (copied > 0).then(|| masked + &text[copied..])
}

fn ends_authority(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "/?#\"'<>\\".contains(c)
}

fn mask_logins(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let (mut start, mut copied) = (0, 0);
    for word in text.split_inclusive(ends_word) {
        if let Some(at) = last_at(word) {
            let first = word.chars().next().map_or(0, char::len_utf8);
            masked.push_str(&text[copied..start + first]);
            masked.push_str("***");
            copied = start + at;
        }
        start += word.len();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>()[],;:=/\\".contains(c)
}

/// Where the last `@`, or `%40` of a login taken from a URL, stands that has something before it and a domain after.
fn last_at(word: &str) -> Option<usize> {
    let last = |sign: &str| {
        let mut signs = word.rmatch_indices(sign).map(|(at, sign)| (at, at + sign.len()));
        signs.find(|&(at, after)| at > 0 && is_domain(&word[after..])).map(|(at, _)| at)
    };
    last("@").max(last("%40"))
}

/// Whether a domain name of two labels or more begins `text`. Reads no further than it must: a word of nothing but
/// signs is not looked at over and over.
fn is_domain(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '-';
    let mut rest = text.trim_start_matches(inner).chars();
    text.starts_with(inner) && rest.next() == Some('.') && rest.next().is_some_and(inner)
}

/// 80 bits: no two payees of this world meet by chance.
const PSEUDONYM_DIGITS: usize = 20;

/// A payee shorter than this may be part of a word that has nothing to do with it.
const SHORTEST_PART: usize = 8;

#[cfg(test)]
mod tests;
