//! Scripts by their URLs: what each kind of pattern takes, and the ordinary URLs that look like it.

use proptest::prelude::*;

use super::{MAX_URL, Script, ScriptKind};
use crate::rules::{Group, Known, Problem, RuleSet};

fn script(kind: ScriptKind, pattern: &str, hosts: &[&str]) -> Script {
    Script {
        pattern: pattern.into(),
        kind,
        service: "test".into(),
        group: Group::Current,
        hosts: hosts.iter().map(|h| (*h).into()).collect(),
        source: "test".into(),
    }
}

fn rules(scripts: Vec<Script>) -> RuleSet {
    let mut known = Known::default();
    for script in scripts {
        known.script(script).unwrap_or_else(|(key, problem)| panic!("{key}: {problem}"));
    }
    RuleSet::build_all(vec![], vec![], known).unwrap()
}

fn sample() -> RuleSet {
    use ScriptKind::{File, Path, Query};
    rules(vec![
        script(File, "/deepMiner.js", &[]),
        script(File, "/lib/crlt.js", &[]),
        script(File, "-coin-hive.js", &[]),
        script(File, "/cryptonoter.", &[]),
        script(File, "/miner.js", &["webminer.example.com"]),
        script(Path, "/web_miner/", &[]),
        script(Query, "?proxy=wss://", &[]),
        script(Query, "=wss://*?pool=", &[]),
    ])
}

#[test]
fn urls_that_name_a_script() {
    let rules = sample();
    let found = |url: &str| rules.script(Some("www.example.com"), url).map(|s| &*s.pattern);
    for (url, pattern) in [
        ("/deepMiner.js", Some("/deepMiner.js")),
        ("/a/b/deepMiner.js?x=1", Some("/deepMiner.js")),
        ("/a/deepMiner.js#x", Some("/deepMiner.js")),
        ("http://cdn.example.net/deepMiner.js", Some("/deepMiner.js")),
        ("/deepminer.js", None),
        ("/notdeepMiner.js", None),
        ("/deepMiner.js/about.html", None),
        ("/deepMiner.json", None),
        ("/about?file=/deepMiner.js", None),
        ("/x/lib/crlt.js", Some("/lib/crlt.js")),
        ("/crlt.js", None),
        ("/glib/crlt.js", None),
        ("/js/my-coin-hive.js", Some("-coin-hive.js")),
        ("/a/cryptonoter.wasm?1", Some("/cryptonoter.")),
        ("/cryptonoter./x", None),
        ("/cryptonoters", None),
        ("/x/web_miner/y", Some("/web_miner/")),
        ("/x?y=/web_miner/", None),
        ("/load.js?proxy=wss://a.example.net", Some("?proxy=wss://")),
        ("/load.js?a=1&proxy=https://a.example.net", None),
        ("/x?u=wss://a.example.net?pool=b", Some("=wss://*?pool=")),
        ("/x?pool=b&u=wss://a", None),
        ("", None),
        ("/", None),
        ("*", None),
    ] {
        assert_eq!(found(url), pattern, "{url}");
    }
}

#[test]
fn some_scripts_count_on_their_hosts_only() {
    let rules = sample();
    let found = |host| rules.script(host, "/js/miner.js").is_some();
    for host in [
        "webminer.example.com",
        "WebMiner.Example.com.",
        "eu.webminer.example.com",
        "webminer.example.com:8080",
    ] {
        assert!(found(Some(host)), "{host}");
    }
    for host in [
        None,
        Some(""),
        Some("example.com"),
        Some("notwebminer.example.com"),
        Some("webminer.example.com.evil.net"),
    ] {
        assert!(!found(host), "{host:?}");
    }
}

#[test]
fn the_first_listed_wins_and_a_later_file_replaces() {
    let mut known = Known::default();
    known.begin("a.yaml");
    known.script(script(ScriptKind::Query, "/mine.js?k=", &[])).unwrap();
    known.script(script(ScriptKind::File, "/mine.js", &[])).unwrap();
    let twice = known.script(script(ScriptKind::File, "/mine.js", &["a.example.com"])).unwrap_err();
    assert_eq!(twice, ("pattern", Problem::DuplicateScript("/mine.js".into())));
    known.begin("b.yaml");
    known.script(Script { group: Group::Legacy, ..script(ScriptKind::File, "/mine.js", &[]) }).unwrap();
    let rules = RuleSet::build_all(vec![], vec![], known).unwrap();
    assert_eq!(rules.script(None, "/mine.js?k=1").map(|s| s.kind), Some(ScriptKind::Query));
    assert_eq!(rules.script(None, "/mine.js").map(|s| s.group), Some(Group::Legacy));
    let counts: Vec<_> = rules.list_counts().iter().map(|c| (c.scripts, c.replaced)).collect();
    assert_eq!(counts, [(1, 0), (1, 1)]);
}

#[test]
fn patterns_that_would_find_everything_are_refused() {
    use ScriptKind::{File, Path, Query};
    for (kind, pattern) in [
        (File, "/.js"),
        (File, "miner.js"),
        (File, "/a?b=c"),
        (File, "/a*.js"),
        (File, "/a b.js"),
        (File, "/ä.js"),
        (Path, "/a"),
        (Path, "/mine?k"),
        (Query, "a=*&mining="),
        (Query, "algo=**b"),
        (Query, "algo=*"),
        (Query, ""),
    ] {
        let mut known = Known::default();
        let result = known.script(script(kind, pattern, &[]));
        // The shortest pattern that is taken has four bytes.
        assert_eq!(result.is_ok(), pattern == "/.js", "{pattern}");
    }
    let mut known = Known::default();
    assert_eq!(known.script(script(File, "/miner.js", &["com"])).unwrap_err().0, "hosts");
    let nameless = Script { service: " ".into(), ..script(File, "/miner.js", &[]) };
    assert_eq!(known.script(nameless).unwrap_err().0, "service");
    for n in 0..1024 {
        known.script(script(File, &format!("/miner-{n}.js"), &[])).unwrap();
    }
    assert!(known.script(script(File, "/miner.js", &[])).is_err());
}

proptest! {
    #[test]
    fn lookup_agrees_with_a_naive_one(url in "[/a]?([/ab?=]{0,3}(/ab|ab\\.js|=aa|b\\?b)){0,4}[/ab?=]{0,3}") {
        use ScriptKind::{File, Path, Query};
        let patterns =
            [(File, "/ab.js"), (File, "/b/ab.js"), (File, "/ab."), (Path, "/ab/"), (Path, "b/ab"), (Query, "b?b="), (Query, "=aab*/ab")];
        let rules = rules(patterns.iter().map(|(kind, p)| script(*kind, p, &[])).collect());
        let path = url.split('?').next().unwrap();
        let last = path.rfind('/').map_or(path, |at| &path[at..]);
        let holds = |(kind, p): &(ScriptKind, &str)| match kind {
            File if p.ends_with('.') => last.starts_with(p),
            File => path.ends_with(p),
            Path => path.contains(p),
            Query => {
                let (a, b) = p.split_once('*').unwrap_or((p, ""));
                url.match_indices(a).any(|(at, _)| url[at + a.len()..].contains(b))
            }
        };
        let naive = patterns.iter().find(|p| holds(p)).map(|(_, p)| *p);
        prop_assert_eq!(rules.script(None, &url).map(|s| &*s.pattern), naive);
    }

    #[test]
    fn any_url_is_safe(host in "\\PC{0,30}", url in "\\PC{0,300}") {
        let _ = sample().script(Some(&host), &url);
    }
}

#[test]
fn a_long_url_is_looked_at_so_far() {
    let rules = sample();
    let far = "/".repeat(MAX_URL) + "?proxy=wss://";
    assert!(rules.script(None, &far).is_none());
    let near = "/".repeat(MAX_URL - 13) + "?proxy=wss://";
    assert!(rules.script(None, &near).is_some());
    // No character is cut in two.
    let wide = "/".repeat(MAX_URL - 1) + "ü";
    assert!(rules.script(None, &wide).is_none());
}
