//! What a captured frame says: addresses, ports, flags and payload, by checked slices of the capture's bytes.
//! It keeps no state and copies nothing; what cannot be decoded is a [`Skip`] with a name that is counted.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

mod decode;
mod link;

pub use decode::decode;
pub use link::LinkType;

/// A moment of the capture, in microseconds since 1970-01-01 UTC. Packet time, never the host's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// Microseconds in a second.
    pub const SECOND: u64 = 1_000_000;

    /// Builds a moment from whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(Self::SECOND))
    }

    /// Seconds with their fraction, for rates and gauges.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / Self::SECOND as f64
    }

    /// Microseconds from `earlier` to `self`; 0 where the capture's clock went back.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// One captured unit as the capture delivers it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Time,
    /// What the first byte of `data` is.
    pub link: LinkType,
    /// Length on the wire; larger than `data` where the capture has a snap length.
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
}

/// One side of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// IPv4 as such, never mapped into IPv6.
    pub addr: IpAddr,
    /// TCP or UDP port.
    pub port: u16,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            IpAddr::V4(a) => write!(f, "{a}:{}", self.port),
            IpAddr::V6(a) => write!(f, "[{a}]:{}", self.port),
        }
    }
}

/// The transports a packet may carry; everything else is a [`Skip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proto {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
}

impl Proto {
    /// EVE's spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }

    /// IANA protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

/// VLAN identifiers, outermost first (IEEE 802.1Q, 802.1ad). At most two are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vlans {
    ids: [u16; 2],
    len: u8,
}

impl Vlans {
    /// Adds an inner tag; a third and further ones are decoded but not kept.
    pub fn push(&mut self, id: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.len)) {
            *slot = id;
            self.len += 1;
        }
    }

    /// The kept identifiers.
    pub fn as_slice(&self) -> &[u16] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The TCP fields the sensor needs (RFC 9293 §3.1).
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpFields {
    /// Sequence number of the first payload byte (of the SYN, where there is one).
    pub seq: u32,
    /// SYN flag.
    pub syn: bool,
    /// FIN flag.
    pub fin: bool,
    /// RST flag.
    pub rst: bool,
    /// ACK flag.
    pub ack: bool,
}

/// A decoded packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// When it was captured.
    pub time: Time,
    /// Who sent it.
    pub src: Endpoint,
    /// Who gets it.
    pub dst: Endpoint,
    /// Transport.
    pub proto: Proto,
    /// TCP fields; all zero for UDP.
    pub tcp: TcpFields,
    /// VLAN tags.
    pub vlans: Vlans,
    /// The captured part of the transport payload.
    pub payload: &'a [u8],
    /// The payload's length on the wire; larger than `payload` where the frame was cut.
    pub payload_len: u32,
}

/// Why a frame gave no packet. A closed set, counted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// A fragment of an IP datagram other than a whole one.
    Fragment,
    /// An IP header that contradicts itself.
    IpHeader,
    /// A link header that contradicts itself or is cut.
    LinkHeader,
    /// Not IPv4 or IPv6 (ARP, LLDP …).
    NotIp,
    /// IP, but neither TCP nor UDP.
    NotTcpUdp,
    /// A TCP or UDP header that contradicts itself.
    TransportHeader,
    /// Captured bytes end before the transport header does.
    Truncated,
}

impl Skip {
    /// All reasons, in the order of their counters.
    pub const ALL: [Self; 7] = [
        Self::Fragment,
        Self::IpHeader,
        Self::LinkHeader,
        Self::NotIp,
        Self::NotTcpUdp,
        Self::TransportHeader,
        Self::Truncated,
    ];

    /// Label value in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fragment => "fragment",
            Self::IpHeader => "ip_header",
            Self::LinkHeader => "link_header",
            Self::NotIp => "not_ip",
            Self::NotTcpUdp => "not_tcp_udp",
            Self::TransportHeader => "transport_header",
            Self::Truncated => "truncated",
        }
    }
}

/// The /64 of an IPv6 address, the address itself for IPv4: what a client is where privacy addresses rotate.
pub fn subscriber(addr: IpAddr) -> IpAddr {
    if addr.is_ipv6() { network(addr, 64) } else { addr }
}

/// The network of this length that an address is in: its first `bits`, the rest 0.
pub fn network(addr: IpAddr, bits: u8) -> IpAddr {
    match addr {
        IpAddr::V4(a) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            Ipv4Addr::from_bits(a.to_bits() & mask).into()
        }
        IpAddr::V6(a) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            Ipv6Addr::from_bits(a.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests;
