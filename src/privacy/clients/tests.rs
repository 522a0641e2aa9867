//! Published vectors, what prefixes keep, and numbers of flows.

use proptest::prelude::*;

use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn pseudonyms(key: &str) -> Pseudonyms {
    Pseudonyms::new(Secret::read(key.as_bytes()).unwrap())
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// All test vectors that draft-denis-ipcrypt gives for ipcrypt-pfx.
#[test]
fn agrees_with_the_vectors_of_the_draft() {
    let basic = "0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301";
    let prefixes = "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a";
    for (key, clear, hidden) in [
        (basic, "0.0.0.0", "151.82.155.134"),
        (basic, "255.255.255.255", "94.185.169.89"),
        (basic, "192.0.2.1", "100.115.72.131"),
        (basic, "2001:db8::1", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"),
        (prefixes, "10.0.0.47", "19.214.210.244"),
        (prefixes, "10.0.0.129", "19.214.210.80"),
        (prefixes, "10.0.0.234", "19.214.210.30"),
        (prefixes, "172.16.5.193", "210.78.229.136"),
        (prefixes, "172.16.97.42", "210.78.179.241"),
        (prefixes, "172.16.248.177", "210.78.121.215"),
        (prefixes, "2001:db8::a5c9:4e2f:bb91:5a7d", "7cec:702c:1243:f70:1956:125:b9bd:1aba"),
        (prefixes, "2001:db8::7234:d8f1:3c6e:9a52", "7cec:702c:1243:f70:a3ef:c8e:95c1:cd0d"),
        (prefixes, "2001:db8::f1e0:937b:26d4:8c1a", "7cec:702c:1243:f70:443c:c8e:6a62:b64d"),
        (prefixes, "2001:db8:3a5c::e7d1:4b9f:2c8a:f673", "7cec:702c:3503:bef:e616:96bd:be33:a9b9"),
        (prefixes, "2001:db8:9f27::b4e2:7a3d:5f91:c8e6", "7cec:702c:a504:b74e:194a:3d90:b047:2d1a"),
        (prefixes, "2001:db8:d8b4::193c:a5e7:8b2f:46d1", "7cec:702c:f840:aa67:1b8:e84f:ac9d:77fb"),
    ] {
        assert_eq!(pseudonyms(key).of(addr(clear)), addr(hidden), "{clear}");
    }
}

#[test]
fn networks() {
    for (text, prefix, shown) in [
        ("192.0.2.77", 24, "192.0.2.0"),
        ("192.0.2.77", 32, "192.0.2.77"),
        ("192.0.2.77", 8, "192.0.0.0"),
        ("192.0.2.77", 0, "0.0.0.0"),
        ("2001:db8:1:2ff::7", 56, "2001:db8:1:200::"),
        ("2001:db8:1:2ff::7", 0, "::"),
        ("2001:db8:1:2ff::7", 128, "2001:db8:1:2ff::7"),
    ] {
        assert_eq!(network(addr(text), prefix), addr(shown), "{text}/{prefix}");
    }
}

#[test]
fn numbers_of_flows_need_the_key() {
    let key = "0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301";
    let secret = Secret::read(key.as_bytes()).unwrap();
    let hidden = Clients::Pseudonym(pseudonyms(key));
    let number = hidden.flow_id(7);
    assert!(number != 7 && number < 1 << 63 && number != hidden.flow_id(8));
    assert_eq!(number, hidden.flow_id(7));
    assert_eq!(number, Clients::Subnet(Subnets::new(24, 56, Some(&secret))).flow_id(7));
    let keyless = || Clients::Subnet(Subnets::new(24, 56, None));
    assert!(keyless().flow_id(7) != number && keyless().flow_id(7) == keyless().flow_id(7));
    assert_eq!((Clients::Address.flow_id(7), Clients::Subscriber.flow_id(7)), (7, 7));
    assert!(!format!("{hidden:?} {:?}", keyless()).contains(|c: char| c.is_ascii_digit() && c > '6'));
}

fn common(a: IpAddr, b: IpAddr) -> u32 {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
        _ => panic!("two families"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Two addresses share exactly as many leading bits hidden as in clear.
    #[test]
    fn a_prefix_is_kept(
        key in "[0-9a-f]{64}", a in any::<u32>(), flip in 0u32..33, low in any::<u32>(), v6 in any::<u128>(),
    ) {
        let Ok(secret) = Secret::read(key.as_bytes()) else { return Ok(()) };
        let pseudonyms = Pseudonyms::new(secret);
        let b = a ^ 1_u32.checked_shl(flip).unwrap_or(0) ^ low & 1_u32.checked_shl(flip).map_or(0, |bit| bit - 1);
        let pair = [IpAddr::from(Ipv4Addr::from(a)), Ipv4Addr::from(b).into()];
        let wide = pair.map(|p| match p {
            IpAddr::V4(p) => IpAddr::from(Ipv6Addr::from(v6 ^ u128::from(u32::from(p)) << 64)),
            IpAddr::V6(_) => p,
        });
        for [a, b] in [pair, wide] {
            let (x, y) = (pseudonyms.of(a), pseudonyms.of(b));
            prop_assert_eq!(common(a, b), common(x, y));
            prop_assert_eq!(a == b, x == y);
        }
        // What metrics show of an IPv6 client is the beginning of what events show.
        let whole = pseudonyms.of(wide[0]);
        let folded = pseudonyms.of(network(wide[0], 64));
        prop_assert_eq!(network(whole, 64), network(folded, 64));
    }
}
