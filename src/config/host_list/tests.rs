//! What is written is read back the same, whatever is in it.

use super::*;
use crate::config::{Config, load_rules};

fn entry(name: &str, scope: Scope, action: Action) -> Entry {
    Entry { name: name.into(), scope, action, facts: None }
}

fn entries() -> Vec<Entry> {
    use Action::{Allow, List};
    let facts = Facts {
        operator: Some("A\tB, Ltd.".into()),
        coins: vec!["BTC".into(), "XMR".into()],
        ports: vec![443, 3333],
        last_seen: Some("2026-08-16".into()),
        group: Some(Group::Legacy),
        serves: Serves::Stratum,
    };
    vec![
        entry("192.0.2.1:3333", Scope::Exact, List),
        entry("192.0.2.2", Scope::Exact, List),
        entry("a.example.com", Scope::Suffix, List),
        entry("b.example.com", Scope::Suffix, List),
        entry("www.a.example.com", Scope::Exact, Allow),
        Entry { facts: Some(Box::new(facts)), ..entry("z.example.com", Scope::Exact, List) },
    ]
}

fn heading() -> Heading {
    Heading {
        feed: "own".into(),
        comments: vec!["from a\nfeed".into()],
        category: Category::Proxy,
        group: Group::Current,
        expires: Some("2027-01-01".into()),
    }
}

fn written(entries: &[Entry]) -> String {
    let mut out = Vec::new();
    write_host_list(&mut out, &heading(), entries).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_said_of_many_is_said_once() {
    let rest = "sources=own\texpires=2027-01-01";
    assert_eq!(
        written(&entries()),
        format!(
            "# geophone hosts 1\n# from a feed\n@\tcategory=proxy\t{rest}\n192.0.2.1:3333\n192.0.2.2\n\
             @\tcategory=proxy\tgroup=legacy\t{rest}\nz.example.com\tserves=stratum\toperator=A B, Ltd.\
             \tcoins=BTC,XMR\tports=443,3333\tlast_seen=2026-08-16\n\
             @\tmatch=suffix\tcategory=proxy\t{rest}\na.example.com\nb.example.com\n\
             @\taction=allow\t{rest}\nwww.a.example.com\n"
        )
    );
}

#[test]
fn it_is_read_back_the_same() {
    let folder = std::env::temp_dir().join(format!("geophone-host-list-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("own.hosts"), written(&entries())).unwrap();
    let mut config = Config::default();
    config.rules.built_in = true;
    config.rules.directory = Some(folder.clone());
    let rules = load_rules(&config);
    std::fs::remove_dir_all(&folder).unwrap();
    let rules = rules.unwrap();
    let own: Vec<_> = rules.hosts().filter(|h| h.list == "own.hosts").collect();
    let names: Vec<_> = own.iter().map(|h| (h.name, h.scope, h.action)).collect();
    assert_eq!(
        names,
        [
            ("z.example.com", Scope::Exact, Action::List),
            ("a.example.com", Scope::Suffix, Action::List),
            ("b.example.com", Scope::Suffix, Action::List),
            ("www.a.example.com", Scope::Exact, Action::Allow)
        ]
    );
    let about = own[0].about;
    assert_eq!(
        (about.category, about.group, about.serves),
        (Category::Proxy, Group::Legacy, Serves::Stratum)
    );
    assert_eq!((about.operator.as_deref(), &*about.source), (Some("A B, Ltd."), "own"));
    assert_eq!((about.coins.len(), about.ports.as_slice()), (2, &[443, 3333][..]));
    assert_eq!(
        (about.last_seen.as_deref(), about.expires.as_deref()),
        (Some("2026-08-16"), Some("2027-01-01"))
    );
    assert!(rules.is_allowed("www.a.example.com") && rules.host("x.a.example.com").is_some());
    assert_eq!(rules.host("x.a.example.com").unwrap().about.group, Group::Current);
    assert_eq!(rules.address([192, 0, 2, 1].into(), 3333).map(|a| a.rule), Some("192.0.2.1:3333"));
}
