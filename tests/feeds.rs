//! Feeds as others write them, good and hostile, read into entries.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use geophone::feeds::{self, Columns, Entry, Error, Feed, Format, Options, Reason};
use geophone::rules::{About, Action, Group, Known, Scope};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/feeds")
}

fn text(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

/// A sample, its format told from its content.
fn sample(name: &str, format: Format) -> Feed {
    let feed = feeds::read(name, &text(name), &Options::default()).unwrap();
    assert_eq!(feed.format, format, "{name}");
    feed
}

fn told(entry: &Entry) -> String {
    let mut line = entry.name.to_string();
    if entry.scope == Scope::Suffix {
        line.insert(0, '.');
    }
    if entry.action == Action::Allow {
        line.insert(0, '!');
    }
    line
}

fn hosts(feed: &Feed) -> Vec<String> {
    feed.entries.iter().map(told).collect()
}

fn refused(feed: &Feed) -> Vec<(u64, Reason)> {
    assert_eq!(feed.report.refused_in_all(), feed.report.samples.len() as u64);
    feed.report.samples.iter().map(|s| (s.line, s.reason)).collect()
}

#[test]
fn hosts_files() {
    use Reason::*;
    let feed = sample("hosts.txt", Format::Hosts);
    assert_eq!(
        hosts(&feed),
        ["beta-mine.com", "pool.alpha-mine.com", "pool.beta-mine.com", "xmr.alpha-mine.com"]
    );
    let expected = [
        (3, LocalName),
        (3, LocalName),
        (4, LocalName),
        (5, LocalName),
        (6, LocalName),
        (10, Unsupported),
        (11, PublicSuffix),
        (12, Idn),
        (13, Platform),
        (15, Malformed),
    ];
    assert_eq!(refused(&feed), expected);
    assert_eq!((feed.report.read, feed.report.good, feed.report.duplicates), (15, 5, 1));
    assert_eq!(feed.notes, ["Title: sample hosts file", "Last updated: 2026-08-01"]);
}

#[test]
fn plain_lists() {
    use Reason::*;
    let feed = sample("plain.txt", Format::Plain);
    assert_eq!(
        hosts(&feed),
        [
            "75.119.150.111",
            "75.119.150.111:34254",
            "75.119.152.0/24",
            "[2a01:4f8::77]:3333",
            "alpha-mine.com",
            "beta-mine.com",
            "eu.delta-mine.com",
            ".gamma-mine.com"
        ]
    );
    let delta = feed.entries.iter().find(|e| &*e.name == "eu.delta-mine.com").unwrap();
    assert_eq!(delta.facts.as_ref().unwrap().ports, [3333]);
    let expected =
        [PublicSuffix, Resolver, CdnAddress, ReservedAddress, WidePrefix, Malformed, Path, SingleLabel];
    assert_eq!(refused(&feed), (12..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn trails_of_maltrail() {
    use Reason::*;
    let feed = sample("maltrail.txt", Format::Maltrail);
    assert_eq!(
        hosts(&feed),
        [
            "75.119.150.111:3333",
            "75.119.150.112",
            "75.119.150.113",
            ".alpha-mine.com",
            ".beta-mine.com",
            ".gamma-mine.com"
        ]
    );
    assert_eq!(refused(&feed), [(12, Path), (13, Path), (19, OtherSection), (21, OtherSection)]);
    assert!(feed.notes.iter().any(|n| n == "Reference: https://reports.example.com/two"));
}

#[test]
fn filter_lists() {
    use Reason::*;
    let feed = sample("adblock.txt", Format::Adblock);
    assert_eq!(
        hosts(&feed),
        [
            ".alpha-mine.com",
            "!.alpha-mine.com.br",
            ".beta-mine.com",
            "eta-mine.com",
            "foo.github.io",
            ".gamma-mine.com",
            ".zeta-mine.com"
        ]
    );
    assert_eq!(feed.report.narrowed, 1);
    let expected =
        [(7, Pattern), (8, Path), (9, Pattern), (12, Pattern), (13, Pattern), (14, Pattern), (17, Path)];
    assert_eq!(refused(&feed), expected);
}

#[test]
fn policy_zones() {
    use Reason::*;
    let feed = sample("zone.rpz", Format::Rpz);
    assert_eq!(
        hosts(&feed),
        [
            "75.119.152.0/24",
            ".alpha-mine.com",
            "beta-mine.com",
            "delta-mine.com",
            "epsilon-mine.com",
            "gamma-mine.com",
            "!zeta-mine.com"
        ]
    );
    assert_eq!(refused(&feed), [(14, Malformed), (16, Resolver), (17, Unsupported), (18, Unsupported)]);
}

#[test]
fn parentheses_of_a_zone_hide_nothing() {
    let read = |zone: &str| feeds::read("zone", zone.as_bytes(), &Options::default());
    let head = "$TTL 60\n@ SOA a. b. ( 1 2\n3 4 5 )\n";
    let quoted = format!("{head}a.mine-one.com TXT \"see (below\"\nb.mine-one.com CNAME .\n");
    assert_eq!(hosts(&read(&quoted).unwrap()), ["a.mine-one.com", "b.mine-one.com"]);
    let open = format!("{head}a.mine-one.com CNAME . (\nb.mine-one.com CNAME .\n");
    let error = read(&open).expect_err("the rest would be missing");
    assert!(matches!(error, Error::Unreadable { line: 4, .. }), "{error}");
}

#[test]
fn marks_of_any_kind_cost_an_attribute_at_most() {
    let event = |mark: &str| {
        let attribute =
            |n, mark| format!(r#"{{"type":"domain","value":"p{n}.mine-one.com","to_ids":{mark}}}"#);
        let (marked, next) = (attribute(1, mark), attribute(2, "1"));
        let text = format!(r#"{{"Event":{{"info":"i","Attribute":[{marked},{next}]}}}}"#);
        hosts(&feeds::read("event", text.as_bytes(), &Options::default()).unwrap())
    };
    for mark in ["true", "1", "255", "256", "null"] {
        assert_eq!(event(mark), ["p1.mine-one.com", "p2.mine-one.com"], "{mark}");
    }
    for mark in ["false", "0", "-1", "1.5", "\"1\"", "\"\\n\"", "[1,[2],{}]", "{\"a\":[true]}"] {
        assert_eq!(event(mark), ["p2.mine-one.com"], "{mark}");
    }
}

#[test]
fn resolvers_configurations() {
    use Reason::*;
    let feed = sample("dnsmasq.conf", Format::Dnsmasq);
    let expected = [
        ".alpha-mine.com",
        ".beta-mine.com",
        ".delta-mine.com",
        ".epsilon-mine.com",
        ".gamma-mine.com",
        "!.www.alpha-mine.com",
    ];
    assert_eq!(hosts(&feed), expected);
    assert_eq!(refused(&feed), [(6, Unsupported), (8, Malformed)]);

    let feed = sample("unbound.conf", Format::Unbound);
    assert_eq!(hosts(&feed), [".alpha-mine.com", ".beta-mine.com", "delta-mine.com", ".gamma-mine.com"]);
    assert_eq!(refused(&feed), [(8, Unsupported), (9, Unsupported)]);
}

#[test]
fn files_of_misp() {
    use Reason::*;
    let feed = sample("warninglist.json", Format::MispWarninglist);
    assert_eq!(hosts(&feed), ["!alpha-site.com", "!.beta-site.com", "!gamma-site.com"]);
    assert_eq!(refused(&feed), [(6, PublicSuffix)]);
    assert_eq!(feed.notes, ["title: Sample of well-known sites", "version: 20260816"]);

    let feed = sample("event.json", Format::MispEvent);
    assert_eq!(
        hosts(&feed),
        [
            "75.119.150.111",
            "75.119.150.112:3333",
            "75.119.150.113",
            "[2a01:4f8::77]:3333",
            "alpha-mine.com",
            "gamma-mine.com",
            "pool.epsilon-mine.com"
        ]
    );
    assert_eq!(refused(&feed), [(7, NotForDetection), (12, Path), (13, Unsupported)]);
}

#[test]
fn a_warninglist_of_patterns_is_refused_whole() {
    for kind in ["regex", "substring", ""] {
        let text = format!(r#"{{"name":"x","type":"{kind}","list":["pool.alpha-mine.com"]}}"#);
        let error = feeds::read("x", text.as_bytes(), &Options::default()).unwrap_err();
        assert!(matches!(error, Error::Unreadable { line: 1, .. }), "{kind}: {error}");
    }
}

#[test]
fn tables() {
    use Reason::*;
    let feed = sample("table.csv", Format::Csv);
    assert_eq!(hosts(&feed), ["75.119.150.111:3333", "pool.alpha-mine.com", "pool.beta-mine.com"]);
    let alpha = feed.entries[1].facts.as_ref().unwrap();
    assert_eq!(alpha.operator.as_deref(), Some("Alpha, the Pool"));
    assert_eq!((&alpha.ports[..], &alpha.coins.join(" ")[..]), (&[443, 3333][..], "BTC LTC"));
    assert_eq!(alpha.last_seen.as_deref(), Some("2026-04-21"));
    assert_eq!(feed.entries[2].group(), Some(Group::Legacy));
    assert_eq!(refused(&feed), [(6, Malformed), (7, Malformed)]);

    let columns = Some(Columns::parse("domain=2,port=3").unwrap());
    let options = Options { columns, ..Options::default() };
    let feed = feeds::read("x", &text("table-no-head.csv"), &options).unwrap();
    assert_eq!(hosts(&feed), ["pool.alpha-mine.com", "pool.beta-mine.com"]);

    let options = Options { format: Some(Format::Csv), ..Options::default() };
    let error = feeds::read("x", b"# c\ncolour,size\nred,5\n", &options).unwrap_err();
    assert!(matches!(error, Error::Unreadable { line: 2, .. }), "{error}");
}

#[test]
fn datasets_and_numbered_lists() {
    use Reason::*;
    let feed = sample("dataset.lst", Format::Suricata);
    assert_eq!(hosts(&feed), [".beta-mine.com", "pool.alpha-mine.com"]);
    assert_eq!(refused(&feed), [(3, Platform), (4, Malformed)]);

    let feed = sample("dataset.ndjson", Format::Suricata);
    assert_eq!(hosts(&feed), [".beta-mine.com", "pool.alpha-mine.com"]);
    assert_eq!(refused(&feed), [(3, Malformed)]);

    let feed = sample("ndpi.txt", Format::Ndpi);
    assert_eq!(hosts(&feed), ["pool.alpha-mine.com", "pool.beta-mine.com"]);
    assert_eq!(refused(&feed), [(4, PublicSuffix)]);

    let feed = sample("protos.txt", Format::Ndpi);
    assert_eq!(hosts(&feed), ["75.119.150.111:3333", ".alpha-mine.com", ".beta-mine.com"]);
    assert_eq!(refused(&feed), [(4, Unsupported), (5, Pattern)]);
}

#[test]
fn options_hold_for_the_whole_feed() {
    let text = b"alpha-mine.com\nfoo.github.io\nwww.beta-mine.com\n";
    let is_allowed = |name: &str| name == "www.beta-mine.com";
    let options = Options { scope: Some(Scope::Suffix), is_allowed: &is_allowed, ..Options::default() };
    let feed = feeds::read("x", text, &options).unwrap();
    assert_eq!(hosts(&feed), [".alpha-mine.com", "foo.github.io"]);
    assert_eq!(refused(&feed), [(3, Reason::Allowed)]);

    let options = Options { allow: true, ..options };
    let feed = feeds::read("x", text, &options).unwrap();
    assert_eq!(hosts(&feed), ["!.alpha-mine.com", "!.foo.github.io", "!.www.beta-mine.com"]);

    let options = Options { scope: Some(Scope::Exact), ..Options::default() };
    let feed = feeds::read("x", b"||alpha-mine.com^\n", &options).unwrap();
    assert_eq!(hosts(&feed), ["alpha-mine.com"]);
}

#[test]
fn spelling_of_lines_makes_no_difference() {
    let plain = hosts(&feeds::read("x", b"a-mine.com\nb-mine.com", &Options::default()).unwrap());
    for text in [
        &b"a-mine.com\r\nb-mine.com\r\n"[..],
        b"\xef\xbb\xbfa-mine.com\nb-mine.com\n",
        b"\n\n  B-Mine.com. \n\ta-mine.com\n# end",
    ] {
        let feed = feeds::read("x", text, &Options::default()).unwrap();
        assert_eq!(hosts(&feed), plain);
        assert_eq!(feed.report.refused_in_all(), 0);
    }
}

#[test]
fn in_doubt_it_asks() {
    let long = "a".repeat(10 << 20);
    for (text, line) in [
        (&b""[..], 1),
        (b"# only\n\n# comments\n", 1),
        (b"a-mine.com\n0.0.0.0 b-mine.com\n||c-mine.com^\n", 3),
        (b"what is this\nand that\n", 1),
        (b"\0\x01\x02\xff\xfe", 1),
        (b"\xff\xfea\0b\0", 1),
        (b"\x1f\x8b\x08\0\0", 1),
        (b"{\"what\": 1}", 1),
        (b"{\n\"list\": [", 2),
        (b"[1, 2]", 1),
        (long.as_bytes(), 1),
    ] {
        let error = feeds::read("x", text, &Options::default()).unwrap_err();
        let Error::Format { line: at, .. } = &error else { panic!("{error}") };
        assert_eq!(*at, line, "{error}");
        assert!(error.to_string().contains("--format"), "{error}");
    }
}

#[test]
fn hostile_texts_in_every_format() {
    let deep = [br#"{"list":"#.as_slice(), "[".repeat(1 << 20).as_bytes()].concat();
    let deep_event =
        [br#"{"Event":{"Attribute":[{"to_ids":"#.as_slice(), "[".repeat(1 << 20).as_bytes()].concat();
    let long = [b"a.".repeat(5 << 20).as_slice(), b"com\ngood-mine.com\n"].concat();
    let binary: Vec<u8> = (0..=255).cycle().take(4096).collect();
    for format in Format::ALL {
        let options = Options { format: Some(format), ..Options::default() };
        for text in
            [&deep, &deep_event, &long, &binary, &b"\0\0\0\n\0".to_vec(), &vec![], &b"\n".repeat(1000)]
        {
            if let Ok(feed) = feeds::read("x", text, &options) {
                let good = feed.entries.iter().all(|e| &*e.name == "good-mine.com");
                assert!(good, "{format:?}: {:?}", hosts(&feed));
            }
        }
    }
    let options = Options { format: Some(Format::Plain), ..Options::default() };
    let feed = feeds::read("x", &long, &options).unwrap();
    assert_eq!(
        (hosts(&feed), refused(&feed)),
        (vec!["good-mine.com".to_owned()], vec![(1, Reason::LongLine)])
    );
}

#[test]
fn of_many_refusals_the_first_are_kept() {
    let mut text = String::new();
    (0..1000).for_each(|n| writeln!(text, "n{n}..com").unwrap());
    let options = Options { format: Some(Format::Plain), ..Options::default() };
    let feed = feeds::read("x", text.as_bytes(), &options).unwrap();
    assert_eq!(feed.report.refused(Reason::Malformed), 1000);
    assert_eq!(feed.report.samples.len(), feeds::SAMPLES);
    assert_eq!(feed.report.samples[9].line, 10);
}

/// Words that make up lines of all formats, so that arbitrary texts come close to real ones.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "||",
        "^",
        "$third-party",
        "@@",
        "0.0.0.0 ",
        "address=/",
        "/",
        "local-zone: \"",
        "\" static",
        " CNAME .",
        "rpz-ip",
        "*.",
        ".",
        "a-mine.com",
        "pool",
        "75.119.150.111",
        ":3333",
        "/24",
        "::1",
        "[2a01::1]",
        "host:\"",
        "\"@X",
        "\t98",
        ",",
        "\"",
        "domain,port\n",
        "{\"value\":\"",
        "\"}",
        "{\"list\":[\"",
        "\"],\"type\":\"string\"}",
        "{\"Event\":{\"Attribute\":[",
        "\n",
        "\r\n",
        "#",
        " ",
        "$ORIGIN x.\n",
        "cG9vbC5hLWIuY29t",
        "é",
        "\0",
        "co.uk",
        "32.1.0.119.75.",
        "zz.",
        "stratum+tcp://",
    ];
    let word = prop_oneof![8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Nothing panics, what is taken reads as itself in a plain list, alone, and the rules take it.
    #[test]
    fn what_is_taken_reads_as_itself(text in pieces(), bytes in any::<Vec<u8>>(), format in 0..=Format::ALL.len()) {
        let options = Options { format: Format::ALL.get(format).copied(), ..Options::default() };
        let _ = feeds::read("x", &bytes, &options);
        let Ok(feed) = feeds::read("x", text.as_bytes(), &options) else { return Ok(()) };
        prop_assert_eq!(feed.report.read, feed.report.good + feed.report.refused_in_all());
        prop_assert_eq!(feed.report.taken(), feed.entries.len() as u64);
        let mut known = Known::default();
        let about = known.about(About::new("x".into())).unwrap();
        for entry in &feed.entries {
            let done = if entry.is_address() {
                known.address(&entry.name, None, entry.action, about)
            } else {
                known.host(&entry.name, entry.scope, entry.action, about)
            };
            prop_assert!(done.is_ok(), "{}: {:?}", entry.name, done);
            let options = Options { format: Some(Format::Plain), scope: Some(entry.scope), allow: true, ..Options::default() };
            let again = feeds::read("x", entry.name.as_bytes(), &options).unwrap();
            prop_assert_eq!(again.entries.len(), 1, "{}", entry.name);
            prop_assert_eq!(&again.entries[0].name, &entry.name);
            prop_assert_eq!(again.entries[0].scope, entry.scope);
        }
    }
}
