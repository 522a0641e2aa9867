//! What is written is read back the same, whatever is in it.

use super::*;
use crate::config::{Config, load_rules};
use crate::rules::Scope;

fn line(name: &str) -> HostLine {
    HostLine { name: name.into(), suffix: false, allow: false, about: HostAbout::default() }
}

fn written(lines: Vec<HostLine>) -> String {
    let mut out = Vec::new();
    write_host_list(&mut out, &["from a\nfeed".into()], lines.into_iter()).unwrap();
    String::from_utf8(out).unwrap()
}

fn lines() -> Vec<HostLine> {
    let about = HostAbout {
        category: Category::Proxy,
        group: Group::Legacy,
        serves: Serves::Stratum,
        operator: Some("A\tB, Ltd.".into()),
        coins: vec!["XMR".into(), "BTC".into()],
        ports: vec![3333, 443],
        last_seen: Some("2026-08".into()),
        sources: vec!["a".into(), "b".into()],
        expires: Some("2027-01-01".into()),
    };
    vec![
        HostLine { about, ..line("z.example.com") },
        HostLine { suffix: true, ..line("b.example.com") },
        HostLine { suffix: true, ..line("a.example.com") },
        HostLine { allow: true, ..line("www.a.example.com") },
        line("192.0.2.1:3333"),
        line("192.0.2.2"),
    ]
}

#[test]
fn the_order_is_its_own() {
    let text = written(lines());
    assert_eq!(
        text,
        "# geophone hosts 1\n# from a feed\nwww.a.example.com\taction=allow\nz.example.com\tcategory=proxy\
         \tgroup=legacy\tserves=stratum\toperator=A B, Ltd.\tcoins=XMR,BTC\tports=3333,443\tlast_seen=2026-08\
         \tsources=a,b\texpires=2027-01-01\n@\n192.0.2.1:3333\n192.0.2.2\n@\tmatch=suffix\na.example.com\nb.example.com\n"
    );
    assert_eq!(written(lines().into_iter().rev().collect()), text);
}

#[test]
fn it_is_read_back_the_same() {
    let folder = std::env::temp_dir().join(format!("geophone-host-list-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("own.hosts"), written(lines())).unwrap();
    let mut config = Config::default();
    config.rules.built_in = true;
    config.rules.directory = Some(folder.clone());
    let rules = load_rules(&config);
    std::fs::remove_dir_all(&folder).unwrap();
    let rules = rules.unwrap();
    let own: Vec<_> = rules.hosts().filter(|h| h.list == "own.hosts").collect();
    let names: Vec<_> = own.iter().map(|h| (h.name, h.scope)).collect();
    assert_eq!(
        names,
        [
            ("www.a.example.com", Scope::Exact),
            ("z.example.com", Scope::Exact),
            ("a.example.com", Scope::Suffix),
            ("b.example.com", Scope::Suffix)
        ]
    );
    let about = own[1].about;
    assert_eq!(
        (about.category, about.group, about.serves),
        (Category::Proxy, Group::Legacy, Serves::Stratum)
    );
    assert_eq!((about.operator.as_deref(), &*about.source), (Some("A B, Ltd."), "a,b"));
    assert_eq!((about.coins.len(), about.ports.as_slice()), (2, &[3333, 443][..]));
    assert_eq!((about.last_seen.as_deref(), about.expires.as_deref()), (Some("2026-08"), Some("2027-01-01")));
    assert!(rules.is_allowed("www.a.example.com") && rules.host("x.a.example.com").is_some());
    let source = &rules.host("a.example.com").unwrap().about.source;
    assert_eq!(&**source, "own.hosts", "the file stands for sources that are not named");
    assert_eq!(rules.address([192, 0, 2, 1].into(), 3333).map(|a| a.rule), Some("192.0.2.1:3333"));
}
