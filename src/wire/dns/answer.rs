//! Records of the answer section (RFC 1035 §4.1.3): addresses, aliases, and service bindings (RFC 9460 §2.2) with the
//! addresses they hint at. Other types are stepped over.

use std::net::IpAddr;

use super::{IN, Kind, Name, name};
use crate::bytes::{Malformed, Reader};

/// Records given out of a message; the longest chains of aliases and widest sets of addresses have some twenty.
pub const MAX_RECORDS: u16 = 64;
/// Addresses kept of a service's hints.
pub const MAX_HINTS: usize = 8;

/// Keys of a service's parameters that hold addresses (RFC 9460 §7.3).
const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;

/// A record.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    message: &'a [u8],
    at: usize,
    /// Seconds for which it holds; 0 where the wire says more than 2^31 (RFC 2181 §8).
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

impl Answer<'_> {
    /// Whose it is, which few need to know.
    pub fn name(&self) -> Name {
        Name::read(self.message, self.at).ok().flatten().map(|(name, _)| name).unwrap_or_default()
    }
}

impl PartialEq for Answer<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.ttl == other.ttl && self.data == other.data && self.name() == other.name()
    }
}

impl Eq for Answer<'_> {}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME: the name is another's.
    Alias(Name),
    /// SVCB or HTTPS.
    Service {
        /// The host that serves; the record's own name where the wire has only a dot.
        target: Name,
        /// Where it may be found.
        addresses: Addresses,
    },
    /// A record of that type, or of another class than IN.
    Other(u16),
}

/// Some addresses.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    list: [IpAddr; MAX_HINTS],
    len: usize,
}

impl Default for Addresses {
    fn default() -> Self {
        Self { list: [IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED); MAX_HINTS], len: 0 }
    }
}

impl Addresses {
    /// Those there are, in the order of the wire.
    pub fn as_slice(&self) -> &[IpAddr] {
        self.list.get(..self.len).unwrap_or_default()
    }

    /// Adds one, unless there is no room.
    fn push(&mut self, address: IpAddr) {
        if let Some(slot) = self.list.get_mut(self.len) {
            *slot = address;
            self.len = self.len.saturating_add(1);
        }
    }

    /// Adds those of a parameter, which holds one at least and nothing else.
    fn extend<const N: usize>(&mut self, value: &[u8]) -> Result<(), Malformed>
    where
        IpAddr: From<[u8; N]>,
    {
        let (addresses, rest) = value.as_chunks::<N>();
        if addresses.is_empty() || !rest.is_empty() {
            return Err(Malformed("address hint"));
        }
        for address in addresses {
            self.push(IpAddr::from(*address));
        }
        Ok(())
    }
}

impl PartialEq for Addresses {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Addresses {}

/// The records of an answer section, in order.
#[derive(Clone, Debug)]
pub struct Answers<'a> {
    message: &'a [u8],
    at: usize,
    left: u16,
}

impl<'a> Answers<'a> {
    pub(super) fn new(message: &'a [u8], at: usize, count: u16) -> Self {
        Self { message, at, left: count.min(MAX_RECORDS) }
    }
}

impl<'a> Iterator for Answers<'a> {
    type Item = Answer<'a>;

    fn next(&mut self) -> Option<Answer<'a>> {
        let left = self.left.checked_sub(1)?;
        let Ok(Some((answer, behind))) = record(self.message, self.at) else {
            self.left = 0;
            return None;
        };
        (self.at, self.left) = (behind, left);
        Some(answer)
    }
}

impl std::iter::FusedIterator for Answers<'_> {}

/// The record at an offset and where the next begins; `None` where the message ends inside it.
fn record(message: &[u8], at: usize) -> Result<Option<(Answer<'_>, usize)>, Malformed> {
    let Some(behind) = name::skip(message, at) else { return Ok(None) };
    let mut r = Reader::new(message.get(behind..).unwrap_or_default());
    let (Some(kind), Some(class), Some(ttl)) = (r.u16(), r.u16(), r.u32()) else { return Ok(None) };
    let Some(length) = r.u16().map(usize::from) else { return Ok(None) };
    let start = message.len().saturating_sub(r.rest().len());
    let end = start.saturating_add(length);
    // Names in it may point to what stands before it, but nothing of it stands behind it.
    let Some(known) = message.get(..end) else { return Ok(None) };
    let data = if class == IN { data(kind, at, known, start)? } else { Data::Other(kind) };
    let ttl = if ttl >> 31 == 0 { ttl } else { 0 };
    Ok(Some((Answer { message, at, ttl, data }, end)))
}

/// The data from `start` to the end of what is known of the message.
fn data(kind: u16, owner: usize, known: &[u8], start: usize) -> Result<Data, Malformed> {
    let bytes = known.get(start..).unwrap_or_default();
    match Kind::from_number(kind) {
        Kind::A => address::<4>(bytes),
        Kind::Aaaa => address::<16>(bytes),
        Kind::Cname => match Name::read(known, start)? {
            Some((name, end)) if end == known.len() => Ok(Data::Alias(name)),
            _ => Err(Malformed("alias length")),
        },
        Kind::Https | Kind::Svcb => service(owner, known, start),
        Kind::Any | Kind::Srv | Kind::Other(_) => Ok(Data::Other(kind)),
    }
}

fn address<const N: usize>(bytes: &[u8]) -> Result<Data, Malformed>
where
    IpAddr: From<[u8; N]>,
{
    let address = <[u8; N]>::try_from(bytes).map_err(|_| Malformed("address length"))?;
    Ok(Data::Address(IpAddr::from(address)))
}

/// `priority u16 | target | (key u16 | length u16 | value)*`, keys ascending.
fn service(owner: usize, known: &[u8], start: usize) -> Result<Data, Malformed> {
    let mut r = Reader::new(known.get(start..).unwrap_or_default());
    let priority = r.u16().ok_or(Malformed("service priority"))?;
    let at = start.saturating_add(2);
    let (target, at) = Name::read(known, at)?.ok_or(Malformed("service target"))?;
    let is_owner = r.u8() == Some(0);
    let target = if is_owner { Name::read(known, owner)?.map_or(target, |(owner, _)| owner) } else { target };
    // Priority 0 is an alias; parameters mean nothing there (§2.4.2).
    let parameters = if priority == 0 { &[] } else { known.get(at..).unwrap_or_default() };
    Ok(Data::Service { target, addresses: hints(parameters)? })
}

fn hints(parameters: &[u8]) -> Result<Addresses, Malformed> {
    let (mut r, mut addresses, mut last) = (Reader::new(parameters), Addresses::default(), None);
    while !r.rest().is_empty() {
        let (key, length) = r.u16().zip(r.u16()).ok_or(Malformed("service parameter"))?;
        let value = r.take(usize::from(length)).ok_or(Malformed("service parameter length"))?;
        if last.is_some_and(|last| key <= last) {
            return Err(Malformed("service parameter order"));
        }
        last = Some(key);
        match key {
            IPV4_HINT => addresses.extend::<4>(value)?,
            IPV6_HINT => addresses.extend::<16>(value)?,
            _ => {}
        }
    }
    Ok(addresses)
}
