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

fn about() -> About {
    About { coins: vec!["XMR".into()], ..About::new("a.hosts".into()) }
}

fn listed(list: &[(&str, Scope, Action)]) -> RuleSet {
    let mut known = Known::default();
    let id = known.about(about()).expect("a sound account");
    for (name, scope, action) in list {
        known.host(name, *scope, *action, id).expect("a sound name");
    }
    RuleSet::build_all(vec![], vec![], known).expect("a sound set")
}

fn pools(list: &[(&str, bool)]) -> RuleSet {
    let scope = |below| if below { Scope::Suffix } else { Scope::Exact };
    listed(&list.iter().map(|(name, below)| (*name, scope(*below), Action::List)).collect::<Vec<_>>())
}

fn found<'r>(rules: &'r RuleSet, host: &str) -> Option<&'r str> {
    rules.host(host).map(|p| p.domain)
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
fn allowed_names_take_part() {
    let (exact, suffix) = (Scope::Exact, Scope::Suffix);
    let rules = listed(&[
        ("nicehash.com", suffix, Action::Allow),
        ("auto.nicehash.com", suffix, Action::List),
        ("www.auto.nicehash.com", exact, Action::Allow),
        ("both.example.com", suffix, Action::List),
        ("both.example.com", exact, Action::Allow),
    ]);
    assert_eq!(found(&rules, "www.nicehash.com"), None);
    assert!(rules.is_allowed("www.nicehash.com") && rules.is_allowed("NiceHash.com."));
    assert_eq!(found(&rules, "x.auto.nicehash.com"), Some("auto.nicehash.com"), "the longer one wins");
    assert!(!rules.is_allowed("x.auto.nicehash.com"));
    assert!(rules.is_allowed("www.auto.nicehash.com") && !rules.is_allowed("a.www.auto.nicehash.com"));
    assert!(rules.is_allowed("both.example.com"), "of one name the exact entry");
    assert_eq!(found(&rules, "a.both.example.com"), Some("both.example.com"));
    assert!(!rules.is_allowed("example.com") && !rules.is_allowed(""));
    assert_eq!((rules.host_count(), rules.list_counts()[0].allowed, rules.hosts().count()), (2, 3, 5));
}

#[test]
fn a_later_list_has_the_last_word() {
    let mut known = Known::default();
    known.begin("a.hosts");
    let a = known.about(about()).unwrap();
    known.host("pool.example.com", Scope::Suffix, Action::List, a).unwrap();
    known.host("other.example.com", Scope::Suffix, Action::List, a).unwrap();
    let twice = known.host("Pool.example.com.", Scope::Suffix, Action::Allow, a).unwrap_err();
    assert_eq!(twice, Problem::DuplicateDomain("pool.example.com".into()));
    known.host("pool.example.com", Scope::Exact, Action::List, a).expect("not the same");
    known.begin("b.hosts");
    let b = known.about(About { operator: Some("B".into()), ..about() }).unwrap();
    known.host("pool.example.com", Scope::Suffix, Action::List, b).unwrap();
    known.host("other.example.com", Scope::Suffix, Action::Allow, b).unwrap();
    let rules = RuleSet::build_all(vec![], vec![], known).unwrap();
    assert_eq!(rules.host("x.pool.example.com").map(|h| h.operator()), Some("B"));
    assert_eq!(rules.pool_of("x.pool.example.com").as_deref(), Some("B"));
    assert_eq!(
        rules.pool_of("pool.example.com").as_deref(),
        Some("pool.example.com"),
        "the name stands for it"
    );
    assert!(rules.is_allowed("other.example.com"));
    let counts: Vec<_> =
        rules.list_counts().iter().map(|c| (&*c.list, c.hosts, c.allowed, c.replaced)).collect();
    assert_eq!(counts, [("a.hosts", 1, 0, 0), ("b.hosts", 1, 1, 2)]);
    assert_eq!(rules.host_count(), 2);
}

#[test]
fn equal_accounts_are_kept_once_and_bad_ones_not() {
    let mut known = Known::default();
    let first = known.about(about()).unwrap();
    assert_eq!(known.about(about()).unwrap(), first);
    assert_ne!(known.about(About { ports: vec![1], ..about() }).unwrap(), first);
    let bad = About { operator: Some("a\nb".into()), coins: vec!["no coin".into()], ..About::new("".into()) };
    let keys: Vec<_> = known.about(bad).unwrap_err().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["coins", "operator", "sources"]);
}

#[test]
fn zones_of_strangers_are_no_suffix() {
    let mut known = Known::default();
    let id = known.about(about()).unwrap();
    for zone in ["co.uk", "github.io", "duckdns.org"] {
        assert!(known.host(zone, Scope::Suffix, Action::List, id).is_err(), "{zone}");
        known.host(zone, Scope::Suffix, Action::Allow, id).expect(zone);
        known.host(&format!("pool.{zone}"), Scope::Suffix, Action::List, id).expect(zone);
    }
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
    let faults =
        RuleSet::build(vec![bad, rule(7, Some(Dialect::Bitcoin)), rule(7, None)], vec![]).unwrap_err();
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for part in [
        "detections[0].id: rule id 0",
        "detections[0].severity: severity 4: write 1",
        "detections[0].name: the text has a control",
        "detections[2].id: rule id 7 is used twice (first in detections[1])",
        "detections[2].signal: two rules for signal stratum_message and dialect any (first in detections[0])",
    ] {
        assert!(said.iter().any(|s| s.starts_with(part)), "{part} is not in {said:#?}");
    }
    assert_eq!(said.len(), 5, "{said:#?}");
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
        let mut known = Known::default();
        let id = known.about(about()).unwrap();
        let problem = known.host(domain, Scope::Suffix, Action::List, id).expect_err(domain);
        assert!(matches!(problem, Problem::Domain(..)), "{domain}: {problem}");
        assert_eq!(known.hosts().count(), 0);
    }
}

proptest! {
    #[test]
    fn lookup_agrees_with_a_naive_one(
        listed_names in proptest::collection::btree_map(
            ("[ab]{1,2}(\\.[ab]{1,2}){1,4}", any::<bool>()), any::<bool>(), 0..16),
        host in "[abAB]{0,2}(\\.[abAB]{1,2}){0,6}\\.?",
    ) {
        let list: Vec<(&str, Scope, Action)> = listed_names
            .iter()
            .map(|((name, below), allow)| {
                let scope = if *below { Scope::Suffix } else { Scope::Exact };
                (name.as_str(), scope, if *allow { Action::Allow } else { Action::List })
            })
            .collect();
        let rules = listed(&list);
        let name = host.strip_suffix('.').unwrap_or(&host).to_lowercase();
        let naive = list
            .iter()
            .filter(|(d, scope, _)| {
                name == *d || (*scope == Scope::Suffix && name.ends_with(&format!(".{d}")))
            })
            .max_by_key(|(d, scope, _)| (d.len(), *scope == Scope::Exact));
        let of = |action| naive.filter(|(_, _, a)| *a == action).map(|(d, _, _)| *d);
        prop_assert_eq!(found(&rules, &host), of(Action::List));
        prop_assert_eq!(rules.is_allowed(&host), of(Action::Allow).is_some());
    }

    #[test]
    fn any_string_is_safe(host in "\\PC{0,300}") {
        let rules = pools(&[("a.com", true)]);
        let _ = rules.host(&host);
        let mut known = Known::default();
        let id = known.about(about()).unwrap();
        let _ = known.host(&host, Scope::Suffix, Action::List, id);
        let _ = known.address(&host, None, Action::List, id);
    }
}

#[test]
fn what_is_over_is_passed_over() {
    let mut known = Known::default();
    known.on("2026-11-22");
    known.begin("own.hosts");
    for (name, expires) in [
        ("today.example", "2026-11-22"),
        ("month.example", "2026-11"),
        ("year.example", "2026"),
        ("past.example", "2026-11-21"),
        ("long.example", "2025"),
    ] {
        let about = About { expires: Some(expires.into()), ..About::new("own".into()) };
        let about = known.about(about).unwrap();
        known.host(name, Scope::Exact, Action::List, about).unwrap();
        assert!(
            known.host("two..dots", Scope::Exact, Action::List, about).is_err(),
            "faults are told all the same"
        );
    }
    let rules = RuleSet::build_all(Vec::new(), Vec::new(), known).unwrap();
    let listed: Vec<&str> = rules.hosts().map(|host| host.name).collect();
    assert_eq!(listed, ["today.example", "month.example", "year.example"]);
    assert_eq!((rules.list_counts()[0].hosts, rules.list_counts()[0].expired), (3, 2));
}
