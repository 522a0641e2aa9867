//! The set against a naive one, and against input that nobody sane would write.

use proptest::prelude::*;

use super::*;

fn rule(id: u32, dialect: Option<Dialect>) -> Rule {
    Rule {
        id,
        rev: 1,
        name: "a name".into(),
        category: "a category".into(),
        severity: 2,
        signal: Signal::StratumMessage,
        dialect,
        certainty: Certainty::Proven,
    }
}

fn pool(domain: &str, subdomains: bool) -> PoolHost {
    PoolHost { domain: domain.into(), subdomains, operator: domain.into(), coins: vec!["XMR".into()] }
}

fn pools(list: &[(&str, bool)]) -> RuleSet {
    RuleSet::build(vec![], list.iter().map(|(d, s)| pool(d, *s)).collect()).expect("a sound list")
}

fn found<'r>(rules: &'r RuleSet, host: &str) -> Option<&'r str> {
    rules.pool_of(host).map(|p| p.domain.as_str())
}

#[test]
fn own_rule_before_general_rule() {
    let rules = RuleSet::build(vec![rule(1, None), rule(2, Some(Dialect::Bitcoin))], vec![]).unwrap();
    assert_eq!(rules.rule(Signal::StratumMessage, Dialect::Bitcoin).unwrap().id, 2);
    assert_eq!(rules.rule(Signal::StratumMessage, Dialect::Cryptonote).unwrap().id, 1);
    assert!(RuleSet::default().rule(Signal::StratumMessage, Dialect::Bitcoin).is_none());
}

#[test]
fn hosts_match_by_label() {
    let rules = pools(&[("f2pool.com", true), ("auto.nicehash.com", false), ("eu.f2pool.com", true)]);
    assert_eq!(found(&rules, "f2pool.com"), Some("f2pool.com"));
    assert_eq!(found(&rules, "BTC.F2Pool.com."), Some("f2pool.com"));
    assert_eq!(found(&rules, "a.b.c.d.e.f.g.h.i.j.k.l.f2pool.com"), Some("f2pool.com"));
    assert_eq!(found(&rules, "x.eu.f2pool.com"), Some("eu.f2pool.com"), "the longest wins");
    assert_eq!(found(&rules, "auto.nicehash.com"), Some("auto.nicehash.com"));
    assert_eq!(found(&rules, "x.auto.nicehash.com"), None, "exact is exact");
    assert_eq!(found(&rules, "notf2pool.com"), None, "no substring");
    assert_eq!(found(&rules, "f2pool.com.evil.net"), None);
    assert_eq!(found(&rules, "com"), None);
}

#[test]
fn exact_name_does_not_hide_the_zone_above() {
    let rules = pools(&[("pool.com", true), ("www.pool.com", false)]);
    assert_eq!(found(&rules, "a.www.pool.com"), Some("pool.com"));
    assert_eq!(found(&rules, "www.pool.com"), Some("www.pool.com"));
}

#[test]
fn hostile_hosts_are_no_pools() {
    let rules = pools(&[("f2pool.com", true)]);
    let long = "a".repeat(65_536);
    let deep = "a.".repeat(32_768) + "f2pool.com";
    let dots = ".".repeat(200);
    for host in [
        "",
        ".",
        "..",
        &dots,
        &long,
        &deep,
        "f2pool.com..",
        "fü2pool.com",
        "f2pool。com",
        "\0",
        "f2pool.com\0",
    ] {
        assert_eq!(found(&rules, host), None, "{:?}", &host.chars().take(20).collect::<String>());
    }
    assert_eq!(found(&rules, "ü.f2pool.com"), Some("f2pool.com"), "what stands below does not matter");
    assert_eq!(found(&RuleSet::default(), "f2pool.com"), None);
}

#[test]
fn all_faults_at_once() {
    let mut bad = rule(0, None);
    bad.severity = 4;
    bad.name = "two\nlines".into();
    let mut coin = pool("a.example.com", true);
    coin.coins.push("no coin".into());
    let faults = RuleSet::build(
        vec![bad, rule(7, Some(Dialect::Bitcoin)), rule(7, None)],
        vec![pool("F2POOL.com.", true), pool("f2pool.com", false), pool("com", true), coin],
    )
    .unwrap_err();
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for part in [
        "detections[0].id: rule id 0",
        "detections[0].severity: severity 4: write 1",
        "detections[0].name: the text has a control",
        "detections[2].id: rule id 7 is used twice (first in detections[1])",
        "detections[2].signal: two rules for signal stratum_message and dialect any (first in detections[0])",
        "pools[1].domain: f2pool.com is listed twice (first in pools[0]): keep one",
        "pools[2].domain: \"com\" has one label only",
        "pools[3].coins: \"no coin\" is no coin symbol",
    ] {
        assert!(said.iter().any(|s| s.starts_with(part)), "{part} is not in {said:#?}");
    }
    assert_eq!(said.len(), 8, "{said:#?}");
}

#[test]
fn names_that_no_host_has() {
    let (label, name) = ("a".repeat(64) + ".com", "a.".repeat(126) + "com");
    for domain in [
        "",
        ".",
        "com",
        "a..com",
        ".a.com",
        "a.com..",
        "-a.com",
        "a-.com",
        "a b.com",
        "a/b.com",
        "*.a.com",
        "pö.com",
        "1.2.3.4",
        "http://a.com",
        "a.com:80",
        "a.b.c.d.e.f.g.h.i.j.com",
        &label,
        &name,
    ] {
        let faults = RuleSet::build(vec![], vec![PoolHost { operator: "x".into(), ..pool(domain, true) }]);
        let faults = faults.expect_err(domain);
        assert!(matches!(faults[..], [Error { key: "domain", .. }]), "{domain}: {faults:?}");
    }
}

proptest! {
    #[test]
    fn lookup_agrees_with_a_naive_one(
        listed in proptest::collection::btree_map("[ab]{1,2}(\\.[ab]{1,2}){1,4}", any::<bool>(), 0..12),
        host in "[abAB]{0,2}(\\.[abAB]{1,2}){0,6}\\.?",
    ) {
        let list: Vec<(&str, bool)> = listed.iter().map(|(d, s)| (d.as_str(), *s)).collect();
        let rules = pools(&list);
        let name = host.strip_suffix('.').unwrap_or(&host).to_lowercase();
        let naive = list
            .iter()
            .filter(|(d, below)| name == *d || (*below && name.ends_with(&format!(".{d}"))))
            .max_by_key(|(d, _)| d.len())
            .map(|(d, _)| *d);
        prop_assert_eq!(found(&rules, &host), naive);
    }

    #[test]
    fn any_string_is_safe(host in "\\PC{0,300}") {
        let rules = pools(&[("a.com", true)]);
        let _ = rules.pool_of(&host);
        let _ = RuleSet::build(vec![], vec![pool(&host, true)]);
    }
}
