//! Frame to packet: link header, VLAN tags, IPv4 or IPv6 with its extension headers, TCP or UDP.
//! IP and transport headers are sliced by etherparse's lax slices, which accept frames cut by a snap length.

use std::net::IpAddr;

use etherparse::{IpNumber, LaxIpPayloadSlice, LaxIpv4Slice, LaxIpv6Slice, TcpHeaderSlice};

use super::{Endpoint, Frame, LinkType, Packet, Proto, Skip, TcpFields, Vlans};
use crate::bytes::Reader;

/// EtherType (IEEE 802 numbers).
mod ether_type {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const IPV6: u16 = 0x86dd;
    /// 802.1Q, 802.1ad and the pre-standard QinQ tag.
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const VLAN_PROVIDER: u16 = 0x88a8;
    pub(super) const VLAN_OLD: u16 = 0x9100;
}

/// Tags followed before a frame counts as malformed: two are QinQ, the rest is room for odd gear.
const MAX_TAGS: usize = 4;

/// Decodes one frame. Checksums are not verified: captures of offloading hosts have none.
#[inline]
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Packet<'a>, Skip> {
    let mut vlans = Vlans::default();
    let ip = network(frame, &mut vlans)?;
    match ip.first().map(|b| b >> 4) {
        Some(4) => ipv4(frame, vlans, ip),
        Some(6) => ipv6(frame, vlans, ip),
        Some(_) => Err(Skip::NotIp),
        None => Err(Skip::Truncated),
    }
}

/// The network-layer bytes of a frame, its tags put into `vlans`.
#[inline]
fn network<'a>(frame: &Frame<'a>, vlans: &mut Vlans) -> Result<&'a [u8], Skip> {
    let mut r = Reader::new(frame.data);
    let kind = match frame.link {
        LinkType::Ethernet => r.take(12).and_then(|_| r.u16()).ok_or(Skip::LinkHeader)?,
        LinkType::LinuxSll => r.take(14).and_then(|_| r.u16()).ok_or(Skip::LinkHeader)?,
        LinkType::LinuxSll2 => {
            let kind = r.u16().ok_or(Skip::LinkHeader)?;
            r.take(18).ok_or(Skip::LinkHeader)?;
            kind
        }
        LinkType::Null | LinkType::Loop => {
            // The family's byte order and numbers are the capturing host's; the version nibble says the rest.
            let family = r.u32().ok_or(Skip::LinkHeader)?;
            return match family.min(family.swap_bytes()) {
                2 | 10 | 24 | 28 | 30 => Ok(r.rest()),
                _ => Err(Skip::NotIp),
            };
        }
        LinkType::RawIp => return Ok(r.rest()),
    };
    untag(kind, r, vlans)
}

/// Walks VLAN tags down to IP.
#[inline]
fn untag<'a>(mut kind: u16, mut r: Reader<'a>, vlans: &mut Vlans) -> Result<&'a [u8], Skip> {
    for _ in 0..=MAX_TAGS {
        if kind == ether_type::IPV4 || kind == ether_type::IPV6 {
            return Ok(r.rest());
        }
        if !matches!(kind, ether_type::VLAN | ether_type::VLAN_PROVIDER | ether_type::VLAN_OLD) {
            return Err(Skip::NotIp);
        }
        vlans.push(r.u16().ok_or(Skip::LinkHeader)? & 0x0fff);
        kind = r.u16().ok_or(Skip::LinkHeader)?;
    }
    Err(Skip::LinkHeader)
}

#[inline]
fn ipv4<'a>(frame: &Frame<'a>, vlans: Vlans, bytes: &'a [u8]) -> Result<Packet<'a>, Skip> {
    let (ip, stopped) = LaxIpv4Slice::from_slice(bytes).map_err(|_| header_fault(bytes.len(), 20))?;
    let header = ip.header();
    let (src, dst) = (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()));
    let stated = usize::from(header.total_len()).saturating_sub(header.slice().len());
    if stopped.is_some() {
        return Err(Skip::Truncated);
    }
    transport(frame, vlans, src, dst, ip.payload(), stated)
}

#[inline]
fn ipv6<'a>(frame: &Frame<'a>, vlans: Vlans, bytes: &'a [u8]) -> Result<Packet<'a>, Skip> {
    let (ip, stopped) = LaxIpv6Slice::from_slice(bytes).map_err(|_| header_fault(bytes.len(), 40))?;
    let header = ip.header();
    let (src, dst) = (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()));
    let stated = usize::from(header.payload_length()).saturating_sub(ip.extensions().slice().len());
    if stopped.is_some() {
        return Err(Skip::IpHeader);
    }
    transport(frame, vlans, src, dst, ip.payload(), stated)
}

/// A header shorter than `least` was cut; a longer one lies.
const fn header_fault(len: usize, least: usize) -> Skip {
    if len < least { Skip::Truncated } else { Skip::IpHeader }
}

/// `stated` is the length the IP header gives its payload; 0 (offloaded or jumbo) means what was captured.
#[inline]
fn transport<'a>(
    frame: &Frame<'a>,
    vlans: Vlans,
    src: IpAddr,
    dst: IpAddr,
    ip: &LaxIpPayloadSlice<'a>,
    stated: usize,
) -> Result<Packet<'a>, Skip> {
    let proto = match ip.ip_number {
        IpNumber::TCP => Proto::Tcp,
        IpNumber::UDP => Proto::Udp,
        _ if ip.fragmented => return Err(Skip::Fragment),
        _ => return Err(Skip::NotTcpUdp),
    };
    if ip.fragmented {
        return Err(Skip::Fragment);
    }
    let stated = if ip.incomplete { stated } else { ip.payload.len() };
    let fault = if ip.incomplete { Skip::Truncated } else { Skip::TransportHeader };
    let (ports, tcp, header_len) = match proto {
        Proto::Tcp => tcp_header(ip.payload).ok_or(fault)?,
        Proto::Udp => {
            let mut r = Reader::new(ip.payload);
            let ports = r.u16().zip(r.u16()).ok_or(fault)?;
            r.take(4).ok_or(fault)?;
            (ports, TcpFields::default(), 8)
        }
    };
    Ok(Packet {
        time: frame.time,
        src: Endpoint { addr: src, port: ports.0 },
        dst: Endpoint { addr: dst, port: ports.1 },
        proto,
        tcp,
        vlans,
        payload: ip.payload.get(header_len..).unwrap_or_default(),
        payload_len: u32::try_from(stated.saturating_sub(header_len)).unwrap_or(u32::MAX),
    })
}

#[inline]
fn tcp_header(bytes: &[u8]) -> Option<((u16, u16), TcpFields, usize)> {
    let tcp = TcpHeaderSlice::from_slice(bytes).ok()?;
    let fields = TcpFields {
        seq: tcp.sequence_number(),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        ack: tcp.ack(),
    };
    Some(((tcp.source_port(), tcp.destination_port()), fields, tcp.slice().len()))
}
