//! What of an event's addresses is shown, and what of texts stays.

use super::super::clients::{Pseudonyms, Subnets};
use super::super::secret::Secret;
use super::*;

fn pseudonym() -> Clients {
    let key = b"0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301";
    Clients::Pseudonym(Pseudonyms::new(Secret::read(key).unwrap()))
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn disguise<'p>(clients: &'p Clients, people: &[&str]) -> Disguise<'p> {
    Disguise::new(clients, people.iter().map(|p| addr(p)))
}

#[test]
fn addresses_stand_as_they_are_where_clients_do() {
    for clients in [Clients::Address, Clients::Subscriber] {
        let shown = disguise(&clients, &["192.0.2.1"]);
        assert!(!shown.is_needed() && shown.network(addr("192.0.2.1")).is_none());
        assert_eq!(shown.address(addr("192.0.2.1")), addr("192.0.2.1"));
        assert!(matches!(shown.text(Cow::Borrowed("192.0.2.1:5")), Cow::Borrowed("192.0.2.1:5")));
    }
}

#[test]
fn people_and_private_networks_are_hidden_and_servers_are_not() {
    let clients = pseudonym();
    let shown = disguise(&clients, &["192.0.2.1", "2001:db8::1"]);
    assert_eq!(shown.address(addr("192.0.2.1")), addr("100.115.72.131"));
    assert_eq!(shown.address(addr("::ffff:192.0.2.1")), addr("100.115.72.131"));
    assert_eq!(shown.address(addr("2001:db8::1")), addr("c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"));
    for hidden in [
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "fd00::1",
        "fe80::1",
        "::1",
        "2001:db8::77",
    ] {
        assert_ne!(shown.address(addr(hidden)), addr(hidden), "{hidden}");
    }
    for plain in ["192.0.2.2", "203.0.113.9", "100.128.0.1", "172.32.0.1", "2001:db8:0:1::1", "2606:4700::1"]
    {
        assert_eq!(shown.address(addr(plain)), addr(plain), "{plain}");
    }
}

#[test]
fn networks_stand_for_addresses() {
    let clients = Clients::Subnet(Subnets::new(24, 56, None));
    let shown = disguise(&clients, &["192.0.2.77", "2001:db8:1:2ff::5"]);
    assert_eq!(shown.address(addr("192.0.2.77")), addr("192.0.2.0"));
    assert_eq!(shown.network(addr("192.0.2.77")).unwrap(), "192.0.2.0/24");
    assert_eq!(shown.network(addr("2001:db8:1:2ff::5")).unwrap(), "2001:db8:1:200::/56");
    assert_eq!(shown.network(addr("203.0.113.9")), None);
    let text = shown.text(Cow::Borrowed("192.0.2.77:5000 sent login to 203.0.113.9:3333"));
    assert_eq!(text, "192.0.2.0:5000 sent login to 203.0.113.9:3333");
}

#[test]
fn texts_do_not_repeat_what_is_hidden() {
    let clients = pseudonym();
    let shown = disguise(&clients, &["192.0.2.1", "2001:db8::1"]);
    let (v4, v6) = ("100.115.72.131", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88");
    for (text, expected) in [
        ("192.0.2.1:50000 sent x to 203.0.113.9:3333", format!("{v4}:50000 sent x to 203.0.113.9:3333")),
        ("[2001:db8::1]:50 sent x", format!("[{v6}]:50 sent x")),
        ("2001:0DB8:0:0::1.", format!("{v6}.")),
        ("to 2001:db8::1: why", format!("to {v6}: why")),
        ("::ffff:192.0.2.1", v4.to_owned()),
        ("at 192.0.2.1.", format!("at {v4}.")),
        ("http://192.0.2.1/x?192-0-2-1", format!("http://{v4}/x?{v4}")),
        ("feed192.0.2.1", format!("feed{v4}")),
        ("192.0.2.10 192.0.2.2", "192.0.2.10 192.0.2.2".to_owned()),
        ("", String::new()),
        ("::", "::".to_owned()),
        ("a:b:c 12:30 1.2.3", "a:b:c 12:30 1.2.3".to_owned()),
    ] {
        assert_eq!(shown.text(Cow::Borrowed(text)), expected, "{text}");
    }
    let near = shown.text(Cow::Borrowed("2001:db8::abcd, 192.168.0.9:80")).into_owned();
    assert!(near.starts_with("c180:5dd4:2587:3524:") && !near.contains("192.168"), "{near}");
}

/// A pseudonym that looks like a private address is not hidden once more.
#[test]
fn what_is_hidden_once_is_not_hidden_again() {
    let clients = pseudonym();
    let shown = disguise(&clients, &[]);
    for n in 0..=255 {
        let addr = IpAddr::from([10, 0, 0, n]);
        assert_eq!(shown.text(Cow::Owned(addr.to_string())), clients.shown(addr).to_string());
    }
}

/// However an address stands among other words.
#[test]
fn an_address_is_found_inside_of_a_word() {
    let clients = pseudonym();
    let shown = disguise(&clients, &["2001:db8:20:48::2"]);
    for text in [
        "ip:10.0.0.5",
        "10.0.0.5.dyn.example",
        "10.0.0.5.cable.example",
        "feed10.0.0.5",
        "10.0.0.5:99999",
        "...10.0.0.5...",
        "client:2001:db8:20:48::2",
        "2001:db8:20:48:0:0:0:2:8080",
        "feed2001:db8:20:48::2",
        "a::2001:db8:20:48::2",
        "[::ffff:10.0.0.5]:80",
        "::FFFF:0A00:0005",
        "2001:db8:20:48::7:x",
    ] {
        let said = shown.text(Cow::Borrowed(text)).to_ascii_lowercase();
        for secret in ["10.0.0.5", "db8:20:48", "0a00:0005"] {
            assert!(!said.contains(secret), "{text}: {said}");
        }
    }
    let shown = disguise(&clients, &[]);
    for text in ["12:30:45", "aa:bb:cc:dd:ee:ff", "6.26.0.1", "a.b.c.d", "std::net", "1:2:3:4:5:6:7:8:9"] {
        assert_eq!(shown.text(Cow::Borrowed(text)), text);
    }
    let long = "a:".repeat(1 << 16);
    assert_eq!(shown.text(Cow::Borrowed(&long)), long.as_str());
}

/// The host part of an address of IPv6 changes daily, and the network is the household.
#[test]
fn the_network_of_ipv6_goes_in_any_spelling() {
    let clients = pseudonym();
    for (person, texts) in [
        (
            "2001:db8:20:48::2",
            &[
                "2001-db8-20-48--77",
                "2001-0db8-0020-0048-1234-5678-9abc-def0.dyn.example",
                "x2001_db8_20_48_0_0_0_9",
                "2001%3Adb8%3a20%3A48%3A%3A7",
                "rig-2001-db8-20-48",
                "20010db8002000481234567890abcdef",
                "0.9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.4.0.0.0.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
            ][..],
        ),
        ("2001:db8:20::2", &["2001-db8-20--77", "2001-db8-20-0-1-2-3-4", "2001_0db8_0020_0000_1_2_3_4"]),
    ] {
        let shown = disguise(&clients, &[person]);
        for text in texts {
            let said = shown.text(Cow::Borrowed(text)).to_ascii_lowercase();
            for secret in
                ["20-48", "20_48", "0020", "db8-20", "db8_20", "20%3a48", "8.4.0.0.0.2.0.0", "8.b.d.0"]
            {
                assert!(!said.contains(secret), "{text}: {said}");
            }
        }
    }
    let shown = disguise(&clients, &["2001:db8:20:48::2"]);
    for text in ["2001-db8-20-480--1", "2001-db8-20-4-8"] {
        assert_eq!(shown.text(Cow::Borrowed(text)), text);
    }
}

/// Whether a text has an address in it, not as part of a longer number.
fn says(text: &str, address: &str, is_digit: fn(char) -> bool) -> bool {
    let part = |at: usize| text[..at].ends_with(is_digit) || text[at + address.len()..].starts_with(is_digit);
    text.char_indices().any(|(at, _)| text[at..].starts_with(address) && !part(at))
}

proptest::proptest! {
    /// Whatever stands around the client's address, it goes, and nothing panics.
    #[test]
    fn no_neighbours_keep_an_address(
        (a, b) in (0u32..4, proptest::prelude::any::<u32>()), tail in proptest::prelude::any::<u64>(), kind in 0usize..7,
        around in proptest::array::uniform2("[0-9a-f.:_ x%/\u{e9}\\[\\]-]{0,12}"),
    ) {
        let v4 = Ipv4Addr::from(if a == 0 { b % 0x0202_0202 } else { b });
        let v6 = Ipv6Addr::from(u128::from(0x2001_0db8_0000_0000 | u64::from(b)) << 64 | u128::from(tail >> (16 * a)));
        let (client, spelled) = match kind {
            0 => (IpAddr::V4(v4), v4.to_string()),
            1 => (IpAddr::V4(v4), v4.to_string().replace('.', "-")),
            2 => (IpAddr::V4(v4), v4.to_ipv6_mapped().to_string()),
            3 => (IpAddr::V6(v6), v6.to_string()),
            4 => (IpAddr::V6(v6), v6.to_string().replace(':', "-")),
            5 => (IpAddr::V6(v6), format!("{:032x}", u128::from(v6))),
            _ => (IpAddr::V6(v6), v6.segments().map(|s| format!("{s:04X}")).join("_")),
        };
        let clients = pseudonym();
        let shown = Disguise::new(&clients, std::iter::once(client));
        let text = format!("{}{spelled}{}", around[0], around[1]);
        let said = shown.text(Cow::Borrowed(&text)).to_lowercase();
        let spelled = spelled.to_lowercase();
        if kind < 2 {
            proptest::prop_assert!(!says(&said, &spelled, |c| c.is_ascii_digit()), "{text}: {said}");
        } else {
            let is_hex = |c: char| c.is_ascii_hexdigit();
            proptest::prop_assert!(!says(&said, &spelled, is_hex), "{text}: {said}");
        }
    }
}
