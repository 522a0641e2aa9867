//! Rules for addresses: which one wins, what the sieve lets through, what is refused.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::rules::{About, Action, Known, Problem, RuleSet};

fn rules(list: &[(&str, Option<u16>, Action)]) -> RuleSet {
    let mut known = Known::default();
    let id = known.about(About::new("a.hosts".into())).unwrap();
    for (rule, port, action) in list {
        known.address(rule, *port, *action, id).expect(rule);
    }
    RuleSet::build_all(vec![], vec![], known).unwrap()
}

fn found<'r>(rules: &'r RuleSet, address: &str, port: u16) -> Option<&'r str> {
    let address = address.parse().unwrap();
    let found = rules.address(address, port).map(|known| known.rule);
    assert!(found.is_none() || rules.may_be_address(address), "the sieve hides {address}");
    found
}

#[test]
fn the_longest_prefix_wins_and_a_port_before_none() {
    let (list, allow) = (Action::List, Action::Allow);
    let rules = rules(&[
        ("192.0.2.0/24", None, list),
        ("192.0.2.7", None, list),
        ("192.0.2.7:3333", None, list),
        ("192.0.2.8", Some(4444), list),
        ("192.0.2.128/25", None, allow),
        ("198.51.100.1:3333", None, list),
        ("10.0.0.0/8", None, list),
        ("[2001:db8::1]:3333", None, list),
        ("2001:db8:1::/48", None, list),
        ("2001:db00::/24", None, list),
    ]);
    for (address, port, rule) in [
        ("192.0.2.1", 80, Some("192.0.2.0/24")),
        ("192.0.2.7", 80, Some("192.0.2.7")),
        ("192.0.2.7", 3333, Some("192.0.2.7:3333")),
        ("::ffff:192.0.2.7", 3333, Some("192.0.2.7:3333")),
        ("192.0.2.8", 4444, Some("192.0.2.8")),
        ("192.0.2.8", 4445, Some("192.0.2.0/24")),
        ("192.0.2.200", 80, None),
        ("198.51.100.1", 3333, Some("198.51.100.1:3333")),
        ("198.51.100.1", 0, None),
        ("198.51.100.1", 3334, None),
        ("10.255.3.4", 1, Some("10.0.0.0/8")),
        ("11.0.0.0", 1, None),
        ("2001:db8::1", 3333, Some("[2001:db8::1]:3333")),
        ("2001:db8::1", 443, None),
        ("2001:db8:1:2::3", 443, Some("2001:db8:1::/48")),
        ("2001:db01::", 443, Some("2001:db00::/24")),
    ] {
        assert_eq!(found(&rules, address, port), rule, "{address} {port}");
    }
    assert!(rules.has_addresses());
    assert_eq!((rules.list_counts()[0].addresses, rules.list_counts()[0].allowed), (9, 1));
}

#[test]
fn without_rules_the_sieve_lets_nothing_through() {
    let rules = RuleSet::default();
    assert!(!rules.has_addresses() && !rules.may_be_address(Ipv4Addr::LOCALHOST.into()));
    let rules = self::rules(&[("192.0.2.7", None, Action::List)]);
    let near = |address: &str| rules.may_be_address(address.parse().unwrap());
    assert!(near("192.0.9.9") && near("::ffff:192.0.9.9"));
    assert!(!near("192.1.2.7") && !near("2001:db8::1"));
}

#[test]
fn what_is_no_address_is_refused() {
    let mut known = Known::default();
    let id = known.about(About::new("a.hosts".into())).unwrap();
    for rule in [
        "",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1:0",
        "192.0.2.1:70000",
        "192.0.2.1:",
        "192.0.2.0/33",
        "192.0.2.1/24",
        "192.0.2.0/",
        "192.0.2.0/+8",
        "192.0.0.0/7",
        "0.0.0.0/0",
        "0.0.0.0",
        "::",
        "::/0",
        "2001::/15",
        "2001:db8::1/64",
        "2001:db8::/129",
        "2001:db8::1:",
        "[2001:db8::1]",
        "a.example.com:80",
        "::ffff:192.0.2.0/24",
        "192.0.2.0/24/8",
        "192.0.2.0/24:3333",
        "http://192.0.2.1",
    ] {
        let problem = known.address(rule, None, Action::List, id).expect_err(rule);
        assert!(matches!(problem, Problem::Address(..)), "{rule}: {problem}");
    }
    assert!(known.address("192.0.2.1:1", Some(2), Action::List, id).is_err(), "two ports");
    known.address("192.0.2.1", Some(3333), Action::List, id).unwrap();
    let twice = known.address("192.0.2.1:3333", None, Action::Allow, id).unwrap_err();
    assert_eq!(twice, Problem::DuplicateAddress("192.0.2.1:3333".into()));
    known.address("::ffff:198.51.100.0/120", None, Action::List, id).expect("a mapped prefix");
}

proptest! {
    #[test]
    fn lookup_agrees_with_a_naive_one(
        listed in proptest::collection::btree_set((0_u32..8, 8_u8..=32, 0_u16..3), 0..12),
        (asked, port) in (any::<u32>(), 0_u16..3),
    ) {
        // Few addresses, close together, so that prefixes hold each other.
        let spread = |n: u32| (n & 7).wrapping_mul(0x2081_0409) | 0x0100_0000;
        let list: std::collections::BTreeMap<(u32, u8, u16), String> = listed
            .into_iter()
            .filter(|(_, length, port)| *length == 32 || *port == 0)
            .map(|(n, length, port)| {
                let bits = spread(n) & (u32::MAX << (32 - length));
                let address = Ipv4Addr::from(bits);
                let rule = if port == 0 { format!("{address}/{length}") } else { format!("{address}:{port}") };
                ((bits, length, port), rule)
            })
            .collect();
        let rules = rules(&list.values().map(|r| (r.as_str(), None, Action::List)).collect::<Vec<_>>());
        let asked = Ipv4Addr::from(spread(asked) ^ (asked >> 31));
        let naive = list
            .iter()
            .filter(|((bits, length, p), _)| {
                asked.to_bits() & (u32::MAX << (32 - length)) == *bits && (*p == 0 || *p == port)
            })
            .max_by_key(|((_, length, p), _)| (*length, *p))
            .map(|(_, rule)| rule.as_str());
        prop_assert_eq!(found(&rules, &asked.to_string(), port), naive);
    }

    #[test]
    fn short_prefixes_of_ipv6_pass_the_sieve(bits: u128, length in 16_u8..=128) {
        let prefix = (bits | 1 << 127) & (u128::MAX << (128 - length));
        let rule = format!("{}/{length}", Ipv6Addr::from(prefix));
        let rules = rules(&[(&rule, None, Action::List)]);
        let inside = Ipv6Addr::from(prefix | (bits & !(u128::MAX << (128 - length))));
        prop_assert_eq!(found(&rules, &inside.to_string(), 1), Some(&*rule));
    }
}
