//! Community ID version 1, the name of a flow that other sensors give it too. TCP and UDP only, seed 0 as is usual.

use std::net::IpAddr;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use crate::detect::FlowIdentity;
use crate::packet::Endpoint;

/// The Community ID of a flow; the same in both directions.
pub fn community_id(flow: &FlowIdentity) -> String {
    seeded(0, flow)
}

/// `1:` and the base64 of SHA-1 over seed, addresses, protocol, a pad byte and ports, numbers in network order, the
/// smaller (address, port) first.
fn seeded(seed: u16, flow: &FlowIdentity) -> String {
    let (mut first, mut second) = (Octets::of(flow.client), Octets::of(flow.server));
    if (second.addr(), second.port) < (first.addr(), first.port) {
        (first, second) = (second, first);
    }
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(&seed.to_be_bytes());
    hash.update(first.addr());
    hash.update(second.addr());
    hash.update(&[flow.proto.number(), 0]);
    hash.update(&first.port.to_be_bytes());
    hash.update(&second.port.to_be_bytes());
    let mut id = String::with_capacity(30);
    id.push_str("1:");
    base64(hash.finish().as_ref(), &mut id);
    id
}

/// An endpoint as on the wire.
struct Octets {
    octets: [u8; 16],
    len: usize,
    port: u16,
}

impl Octets {
    fn of(endpoint: Endpoint) -> Self {
        let mut octets = [0; 16];
        let len = match endpoint.addr {
            IpAddr::V4(a) => {
                octets[..4].copy_from_slice(&a.octets());
                4
            }
            IpAddr::V6(a) => {
                octets = a.octets();
                16
            }
        };
        Self { octets, len, port: endpoint.port }
    }

    fn addr(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

/// RFC 4648 §4, with padding.
fn base64(bytes: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i)) & 0x3f;
            out.push(if i <= chunk.len() { char::from(ALPHABET[six as usize]) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Proto, Vlans};

    fn flow(proto: Proto, client: (&str, u16), server: (&str, u16)) -> FlowIdentity {
        let endpoint = |(addr, port): (&str, u16)| Endpoint { addr: addr.parse().unwrap(), port };
        FlowIdentity {
            id: 1,
            client: endpoint(client),
            server: endpoint(server),
            proto,
            vlans: Vlans::default(),
        }
    }

    #[test]
    fn agrees_with_the_published_baseline_both_ways_round() {
        let v6 = ("2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a");
        for (proto, a, b, id) in [
            (Proto::Tcp, ("128.232.110.120", 34855), ("66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
            (Proto::Udp, ("192.168.1.52", 54585), ("8.8.8.8", 53), "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
            (Proto::Tcp, (v6.0, 63943), (v6.1, 25), "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="),
        ] {
            assert_eq!(community_id(&flow(proto, a, b)), id);
            assert_eq!(community_id(&flow(proto, b, a)), id);
        }
    }

    #[test]
    fn the_seed_goes_in_first() {
        let tcp = flow(Proto::Tcp, ("128.232.110.120", 34855), ("66.35.250.204", 80));
        assert_eq!(seeded(1, &tcp), "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
    }

    #[test]
    fn ports_decide_between_equal_addresses() {
        let there = flow(Proto::Tcp, ("10.0.0.1", 1), ("10.0.0.1", 2));
        let back = flow(Proto::Tcp, ("10.0.0.1", 2), ("10.0.0.1", 1));
        assert_eq!(community_id(&there), community_id(&back));
    }

    #[test]
    fn base64_pads_as_rfc_4648_section_10_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = String::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text);
        }
    }
}
