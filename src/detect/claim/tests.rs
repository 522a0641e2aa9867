use super::*;
use crate::config::{Config, load_rules};

fn at(port: u16) -> Endpoint {
    Endpoint { addr: [203, 0, 113, 9].into(), port }
}

fn seen<'a>(name: &'a str, port: u16, transport: Transport, browser: bool) -> Sight<'a> {
    Sight {
        client: Endpoint { addr: [10, 0, 0, 7].into(), port: 50_000 },
        server: at(port),
        name,
        port: None,
        source: if transport == Transport::Dns { NameSource::DnsQuery } else { NameSource::Sni },
        transport,
        browser,
        time: Time::from_secs(9),
    }
}

/// Names of the shipped lists, as they are met, and what each way to meet them is worth.
#[test]
fn the_port_and_the_browser_decide() {
    use Certainty::{Hint, Strong};
    use Transport::{Dns, Http, Quic, Tcp, Tls};
    let rules = load_rules(&Config::default()).unwrap();
    let cases: &[(&str, u16, Transport, bool, Option<Certainty>)] = &[
        // A lookup alone, whatever it is for.
        ("pool.hashvault.pro", 53, Dns, false, Some(Hint)),
        ("donate.v2.xmrig.com", 53, Dns, false, Some(Hint)),
        // A web site: the domain, a web port, a browser.
        ("hashvault.pro", 443, Tls, true, Some(Hint)),
        ("www.f2pool.com", 443, Tls, true, Some(Hint)),
        ("f2pool.com", 443, Quic, true, Some(Hint)),
        ("f2pool.com", 80, Http, true, Some(Hint)),
        ("www.supportxmr.com", 443, Tls, false, Some(Hint)),
        ("api.moneroocean.stream", 443, Tls, false, Some(Hint)),
        // 2Miners' hosts are web site and pool in one.
        ("etc.2miners.com", 443, Tls, true, Some(Hint)),
        ("etc.2miners.com", 1010, Tls, false, Some(Strong)),
        // A host for mining, by no browser.
        ("pool.hashvault.pro", 443, Tls, false, Some(Strong)),
        ("pool.hashvault.pro", 443, Tls, true, Some(Hint)),
        ("gulf.moneroocean.stream", 20128, Tls, false, Some(Strong)),
        // A port for mining, and one that is nobody's.
        ("xmrpool.eu", 3333, Tls, true, Some(Strong)),
        ("us1.bitminter.com", 3333, Tls, true, Some(Hint)),
        ("new1.nanopool.org", 14_444, Tls, true, Some(Strong)),
        ("litecoinpool.org", 17_171, Tcp, false, Some(Strong)),
        // Mail of the same domain.
        ("mail.f2pool.com", 993, Tls, false, Some(Hint)),
        // Only mining programs ask for it.
        ("donate.ssl.xmrig.com", 443, Tls, false, Some(Strong)),
        // Long dead services, whoever has their names now.
        ("coinhive.com", 443, Tls, true, Some(Hint)),
        ("ws001.coinhive.com", 443, Tls, true, Some(Hint)),
        ("pool.minexmr.com", 4444, Tls, false, Some(Hint)),
        // Neighbours in the alphabet, and the market's own site.
        ("www.nicehash.com", 443, Tls, true, None),
        ("notf2pool.com", 3333, Tls, false, None),
        ("f2pool.com.example.net", 3333, Tls, false, None),
        ("", 3333, Tls, false, None),
    ];
    for &(name, port, transport, browser, certainty) in cases {
        let claim = Claim::of_name(&seen(name, port, transport, browser), &rules);
        let said = claim.as_ref().map(|c| c.mining.certainty);
        assert_eq!(said, certainty, "{name} {port} {transport:?} {browser}: {claim:#?}");
    }
}

#[test]
fn the_signal_follows_the_list_and_the_reason_names_it() {
    let rules = load_rules(&Config::default()).unwrap();
    let claim = |name, port, transport| Claim::of_name(&seen(name, port, transport, false), &rules).unwrap();
    let lookup = claim("Pool.HashVault.pro", 53, Transport::Dns);
    assert_eq!((lookup.signal, lookup.mining.transport), (Signal::PoolLookup, Transport::Dns));
    assert_eq!(lookup.mining.server_name.as_deref(), Some("pool.hashvault.pro"));
    assert_eq!(lookup.mining.pool.as_deref(), Some("HashVault"));
    for word in ["10.0.0.7:50000", "asked the name server 203.0.113.9:53", "HashVault", "a lookup alone"] {
        assert!(lookup.reason.contains(word), "{word} in {}", lookup.reason);
    }
    assert_eq!(claim("coinhive.com", 443, Transport::Tls).signal, Signal::MinerScript);
    assert!(claim("coinhive.com", 443, Transport::Tls).mining.legacy);
    let pool = claim("gulf.moneroocean.stream", 20128, Transport::Tls);
    assert_eq!((pool.signal, pool.mining.category), (Signal::PoolConnection, Some(Category::Pool)));
    // A proxy's port is its own; the one it was asked for counts.
    let asked = Sight { port: Some(443), ..seen("f2pool.com", 3128, Transport::Tcp, false) };
    assert_eq!(Claim::of_name(&asked, &rules).unwrap().mining.certainty, Certainty::Hint);
}

#[test]
fn a_certificate_of_many_is_nobodys() {
    let rules = load_rules(&Config::default()).unwrap();
    let of = |names: &[&'static str]| one_operator(names.iter().copied(), &rules);
    assert_eq!(of(&["*.f2pool.com", "f2pool.com"]), Some("f2pool.com"));
    assert_eq!(of(&["f2pool.com", "shop.example"]), None);
    assert_eq!(of(&["f2pool.com", "hashvault.pro"]), None);
    assert_eq!(of(&["shop.example"]), None);
    assert_eq!(of(&[]), None);
}

#[test]
fn another_name_at_the_same_address_may_be_meant() {
    let rules = load_rules(&Config::default()).unwrap();
    let of = |names: &[&'static str]| only_listed(names.iter().copied(), &rules);
    assert_eq!(of(&["pool.hashvault.pro"]), Some("pool.hashvault.pro"));
    assert_eq!(of(&["pool.hashvault.pro", "hashvault.pro"]), Some("pool.hashvault.pro"));
    assert_eq!(of(&["pool.hashvault.pro", "shop.example"]), None);
    assert_eq!(of(&["shop.example", "pool.hashvault.pro"]), None);
    assert_eq!(of(&[]), None);
}
