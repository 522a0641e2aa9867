//! Rows, faults, and the narrowest network.

use proptest::prelude::*;

use super::*;

fn name<'s>(subscribers: &'s Subscribers, addr: &str) -> Option<&'s str> {
    subscribers.name(addr.parse().unwrap())
}

fn faults(text: &str) -> Vec<(usize, String)> {
    Subscribers::read(text).unwrap_err().into_iter().map(|f| (f.line, f.what)).collect()
}

#[test]
fn the_narrowest_network_names() {
    let text = "\u{feff}Prefix,Name\r\n# the whole net\r\n192.0.2.0/24,Campus\r\n\r\n192.0.2.64/26 , \"Dorm \"\"A\"\", east\"\n\
                192.0.2.65,Ada\n2001:db8:1::/48,Campus\n2001:db8:1:40::/58,\"Dorm \"\"A\"\", east\"\n198.51.100.7/32,Bob";
    let all = Subscribers::read(text).unwrap();
    assert_eq!((all.networks(), all.len(), all.is_empty()), (6, 4, false));
    for (addr, expected) in [
        ("192.0.2.1", Some("Campus")),
        ("192.0.2.63", Some("Campus")),
        ("192.0.2.64", Some("Dorm \"A\", east")),
        ("192.0.2.65", Some("Ada")),
        ("192.0.2.66", Some("Dorm \"A\", east")),
        ("192.0.2.128", Some("Campus")),
        ("::ffff:192.0.2.65", Some("Ada")),
        ("192.0.3.0", None),
        ("192.0.1.255", None),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("198.51.100.7", Some("Bob")),
        ("198.51.100.8", None),
        ("2001:db8:1:3f::1", Some("Campus")),
        ("2001:db8:1:7f::1", Some("Dorm \"A\", east")),
        ("2001:db8:2::", None),
        ("::", None),
    ] {
        assert_eq!(name(&all, addr), expected, "{addr}");
    }
    let default = Subscribers::read("0.0.0.0/0,all\n::/0,all six\n10.0.0.0/8,ten").unwrap();
    assert_eq!(
        ["11.0.0.1", "10.9.9.9", "fd00::1"].map(|a| name(&default, a).unwrap()),
        ["all", "ten", "all six"]
    );
}

#[test]
fn each_wrong_line_is_told() {
    let long = "x".repeat(129);
    for (text, line, what) in [
        ("", 1, "has no row"),
        ("prefix,name\n# nobody\n", 1, "has no row"),
        ("192.0.2.1", 1, "is no row of two columns"),
        ("192.0.2.1,Ada,x", 1, "is no row of two columns"),
        ("192.0.2.1,\"Ada", 1, "is no row of two columns"),
        ("192.0.2.1,Ada \"the\" one", 1, "is no row of two columns"),
        ("192.0.2.1,\"Ada\" x", 1, "is no row of two columns"),
        ("192.0.2.1,Ada\nprefix,name", 2, "\"prefix\" is no network"),
        ("192.0.2,Ada", 1, "\"192.0.2\" is no network"),
        ("192.0.2.0/33,Ada", 1, "\"192.0.2.0/33\" is no network"),
        ("192.0.2.0/+24,Ada", 1, "\"192.0.2.0/+24\" is no network"),
        ("2001:db8::/129,Ada", 1, "\"2001:db8::/129\" is no network"),
        ("192.0.2.1/24,Ada", 1, "192.0.2.1/24 has bits behind its prefix"),
        ("192.0.2.1,", 1, "has no name"),
        ("192.0.2.1,\"\"", 1, "has no name"),
        ("192.0.2.1,other", 1, "has the name other, which stands for all clients past the bound"),
        ("192.0.2.1,A\tda", 1, "has a control character in its name"),
        ("192.0.2.1,A\u{202e}da", 1, "has a character in its name that nobody sees"),
        ("192.0.2.1,Ad\u{200b}a", 1, "has a character in its name that nobody sees"),
        ("192.0.2.1,\" Ada\"", 1, "has a blank at the beginning or end of its name"),
        ("192.0.2.1,\"other \"", 1, "has a blank at the beginning or end of its name"),
        ("192.0.2.1,::ffff:192.0.2.1", 1, "has an address for a name, as those have who are in no network"),
        ("::ffff:192.0.2.1/97,Ada", 1, "192.0.2.1/1 has bits behind its prefix"),
        ("::ffff:192.0.2.1,Ada\n192.0.2.1,Eve", 2, "has another name for the network of line 1"),
        ("192.0.2.1,192.0.2.1", 1, "has an address for a name, as those have who are in no network"),
        ("192.0.2.1,2001:db8::/64", 1, "has an address for a name, as those have who are in no network"),
        (&format!("192.0.2.1,{long}"), 1, "has a name of more than 128 bytes"),
        ("192.0.2.1,Ada\n10.0.0.1,Eve\n192.0.2.1/32,Bob", 3, "has another name for the network of line 1"),
    ] {
        assert_eq!(faults(text), [(line, what.to_owned())], "{text}");
    }
    assert!(Subscribers::read(&format!("192.0.2.1,{}", &long[1..])).is_ok());
    let twice = Subscribers::read("192.0.2.1,Ada\n192.0.2.1/32,Ada").unwrap();
    assert_eq!((twice.networks(), twice.len()), (1, 1));
    let all = faults("x\n192.0.2.1,Ada\ny\n192.0.2.1,Bob\nz,");
    assert_eq!(all.iter().map(|f| f.0).collect::<Vec<_>>(), [1, 3, 4, 5], "{all:?}");
}

/// What is IPv4 on the wire is so in the table.
#[test]
fn ipv4_within_ipv6_is_ipv4() {
    let all = Subscribers::read("::ffff:192.0.2.0/120,Campus\n::ffff:c000:201,Ada\n::/0,six").unwrap();
    let names = ["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", "2001:db8::1", "192.0.3.1"];
    assert_eq!(
        names.map(|addr| name(&all, addr)),
        [Some("Ada"), Some("Campus"), Some("Ada"), Some("six"), None]
    );
    assert_eq!(
        Subscribers::read("192.0.2.1,\u{646}\u{200c}\u{627}").unwrap().len(),
        1,
        "joiners are letters"
    );
}

#[test]
fn faults_are_bounded() {
    let text: String = (0..3 * MAX_FAULTS).map(|n| format!("192.0.2.1,n{n}\n")).collect();
    assert_eq!(faults(&text).len(), MAX_FAULTS);
}

#[test]
fn rows_are_bounded() {
    let text = "prefix,name\n192.0.2.1,a\n# no row\n192.0.2.2,a\n192.0.2.3,a\nwrong\n";
    let faults = Subscribers::read_at_most(2, text).unwrap_err();
    let told: Vec<_> = faults.iter().map(|f| (f.line, f.what.as_str())).collect();
    assert_eq!(told, [(5, "is one row too many: 2 are read")]);
    assert_eq!(Subscribers::read_at_most(3, &text[..text.len() - 6]).unwrap().networks(), 3);
}

proptest! {
    /// As a search of all rows says, whatever lies in whatever.
    #[test]
    fn finds_what_a_search_of_all_finds(
        rows in prop::collection::btree_set((0u8..32, 24u8..=32), 1..24), asked in prop::collection::vec(0u8..40, 1..24),
    ) {
        let networks: std::collections::BTreeMap<_, _> = rows
            .iter()
            .map(|&(last, prefix)| ((network([192, 0, 2, last].into(), prefix), prefix), format!("n{last}p{prefix}")))
            .collect();
        let text: String = networks.iter().map(|((addr, prefix), name)| format!("{addr}/{prefix},{name}\n")).collect();
        let all = Subscribers::read(&text).unwrap();
        for last in asked {
            let addr: IpAddr = [192, 0, 2, last].into();
            let holding = networks.iter().filter(|((first, prefix), _)| network(addr, *prefix) == *first);
            let narrowest = holding.max_by_key(|((_, prefix), _)| *prefix).map(|(_, name)| name.as_str());
            prop_assert_eq!(all.name(addr), narrowest);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[0-9./:,\" a#\n\u{e9}]{0,60}") {
        let _ = Subscribers::read(&text);
    }
}
