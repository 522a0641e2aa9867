//! How clients are called outside: by address, network, pseudonym or subscriber. It decides for one address; what stands
//! in texts is looked after beside it.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ipcrypt_rs::IpcryptPfx;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::secret::{Secret, Use};
use crate::packet::network;

/// How clients are called in labels, events and tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clients {
    /// By address; in labels IPv6 by its /64.
    #[default]
    Address,
    /// By an address that only the key turns back.
    Pseudonym(Pseudonyms),
    /// By the network that the address is in.
    Subnet(Subnets),
    /// By the operator's name for the subscriber; who has none by address.
    Subscriber,
}

impl Clients {
    /// The address as it may be shown.
    pub fn shown(&self, addr: IpAddr) -> IpAddr {
        match self {
            Self::Address | Self::Subscriber => addr,
            Self::Pseudonym(pseudonyms) => pseudonyms.of(addr),
            Self::Subnet(subnets) => network(addr, subnets.prefix(addr)),
        }
    }

    /// Whether an address is not shown as it is.
    pub const fn hides(&self) -> bool {
        matches!(self, Self::Pseudonym(_) | Self::Subnet(_))
    }

    /// A flow's number as it may be shown. The sensor's own is made of addresses and time, and who knows the time would
    /// find the addresses by trying all of them.
    pub(super) fn flow_id(&self, id: u64) -> u64 {
        match self {
            Self::Address | Self::Subscriber => id,
            Self::Pseudonym(Pseudonyms { flows, .. }) | Self::Subnet(Subnets { flows, .. }) => {
                flows.number(id)
            }
        }
    }
}

/// Pseudonyms of addresses by ipcrypt-pfx (draft-denis-ipcrypt): addresses that share a prefix have pseudonyms that share
/// one of the same length.
#[derive(Clone)]
pub struct Pseudonyms {
    secret: Secret,
    cipher: Arc<IpcryptPfx>,
    flows: Flows,
}

impl Pseudonyms {
    /// Pseudonyms by this key.
    pub fn new(secret: Secret) -> Self {
        // It panics where both halves are the same, and no such secret is made.
        let cipher = Arc::new(IpcryptPfx::new(secret.bytes()));
        let flows = Flows(secret.derive(Use::Flows));
        Self { secret, cipher, flows }
    }

    /// The pseudonym of an address, of the same family.
    pub fn of(&self, addr: IpAddr) -> IpAddr {
        self.cipher.encrypt_ipaddr(addr)
    }
}

impl PartialEq for Pseudonyms {
    fn eq(&self, other: &Self) -> bool {
        self.secret == other.secret
    }
}

impl Eq for Pseudonyms {}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(hidden)")
    }
}

/// Networks in the place of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnets {
    v4: u8,
    v6: u8,
    flows: Flows,
}

impl Subnets {
    /// Networks of these prefix lengths. Without a key flows are numbered by one of this process.
    pub fn new(v4: u8, v6: u8, secret: Option<&Secret>) -> Self {
        let flows = Flows(secret.map_or_else(of_this_process, |secret| secret.derive(Use::Flows)));
        Self { v4, v6, flows }
    }

    /// Whether networks are the same; flows may have other numbers.
    pub(super) const fn is_as_long(&self, other: &Self) -> bool {
        self.v4 == other.v4 && self.v6 == other.v6
    }

    /// The prefix length for an address.
    pub const fn prefix(&self, addr: IpAddr) -> u8 {
        match addr {
            IpAddr::V4(_) => self.v4,
            IpAddr::V6(_) => self.v6,
        }
    }
}

/// A key that numbers flows.
#[derive(Clone, PartialEq, Eq)]
struct Flows([u8; 32]);

impl Flows {
    /// Below 2^63, as all numbers of flows.
    fn number(&self, id: u64) -> u64 {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), &id.to_be_bytes());
        let first = tag.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        first >> 1
    }
}

impl fmt::Debug for Flows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flows(hidden)")
    }
}

/// Made once, so that a reload renumbers no flow.
fn of_this_process() -> [u8; 32] {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).expect("the system gives random bytes");
        key
    })
}

#[cfg(test)]
mod tests;
