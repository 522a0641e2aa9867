//! People who have nothing to do with mining, and what they do that looks like it: nothing they do is more than a hint.

use crate::learned::taught_of;
use crate::wire::*;

const WEB: &[&str] = &["h2", "http/1.1"];
/// Below a pool's domain, where a web site may be; 443 is a port for mining there too.
const SITE: &str = "eu.minepool.example";

fn hint(source: &str, name: &str) -> Vec<String> {
    vec![format!("pool_connection hint {source} {name}")]
}

/// A client that asked for a name, and nothing told of that.
fn knowing(name: &str, address: &str) -> Wire {
    let mut wire = Wire::default();
    resolve(&mut wire, CLIENT, name, address, 300);
    wire.told();
    wire
}

/// The sensor loses the hello of a browser, or all that the client says.
#[test]
fn a_hello_that_was_lost() {
    let server = "203.0.113.9:443";
    for heard in [true, false] {
        let mut wire = knowing(SITE, "203.0.113.9");
        let mut tcp = Tcp::open(&mut wire, CLIENT, server);
        tcp.seqs[0] += 517;
        for _ in 0..3 {
            if heard {
                tcp.up(&mut wire, &[&b"\x17\x03\x03\x00\xc8"[..], &[0xa5; 200]].concat());
            }
            tcp.down(&mut wire, &[&b"\x17\x03\x03\x00\xc8"[..], &[0xa5; 200]].concat());
        }
        wire.wait(15);
        assert_eq!(wire.end(), hint("dns", SITE), "client heard: {heard}");
    }
}

#[test]
fn a_browser_without_a_server_name() {
    let mut wire = knowing(SITE, "203.0.113.9");
    Tcp::open(&mut wire, CLIENT, "203.0.113.9:443")
        .up(&mut wire, &Hello { alpn: WEB, ..Hello::default() }.record());
    wire.wait(15);
    assert_eq!(wire.end(), hint("dns", SITE));
}

/// A pool's site by SOCKS: nobody knows who asks until the hello inside, which then may say more.
#[test]
fn a_site_through_socks() {
    let play = |alpn| {
        let mut wire = Wire::default();
        let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:1080");
        let request = [&b"\x05\x01\0\x03"[..], &v8(SITE.as_bytes()), b"\x01\xbb"].concat();
        tcp.up(&mut wire, b"\x05\x01\0");
        tcp.down(&mut wire, b"\x05\0");
        tcp.up(&mut wire, &request);
        tcp.down(&mut wire, b"\x05\0\0\x01\0\0\0\0\0\0");
        tcp.up(&mut wire, &Hello { alpn, ..Hello::named(SITE) }.record());
        wire.wait(15);
        wire.end()
    };
    assert_eq!(play(WEB), hint("proxy_request", SITE));
    let sure = [hint("proxy_request", SITE), vec![format!("pool_connection strong sni {SITE}")]].concat();
    assert_eq!(play(&[]), sure);
}

/// Mail goes to a host of the pool's domain whose port is one for mining elsewhere.
#[test]
fn mail_to_a_pool() {
    for (name, port) in
        [("mail.f2pool.com", 25), ("mx.antpool.com", 25), ("viabtc.com", 25), ("smtp.kano.is", 587)]
    {
        let mut wire = knowing(name, "203.0.113.9");
        let mut tcp = Tcp::open(&mut wire, CLIENT, &format!("203.0.113.9:{port}"));
        tcp.down(&mut wire, b"220 mx ESMTP\r\n");
        tcp.up(&mut wire, b"EHLO mail.shop.example\r\n");
        tcp.down(&mut wire, b"250-mx\r\n250 STARTTLS\r\n");
        tcp.up(&mut wire, b"STARTTLS\r\n");
        tcp.down(&mut wire, b"220 go\r\n");
        tcp.up(&mut wire, &Hello::named(name).record());
        wire.wait(15);
        assert!(wire.end().iter().all(|told| told.starts_with("pool_connection hint")), "{name}");
    }
}

/// A name server's lists of senders, reverse lookups, a search list, names that only end alike.
#[test]
fn questions_with_a_pools_name_in_them() {
    let mut wire = Wire::default();
    for name in [
        "pool.hashvault.pro.zen.spamhaus.org",
        "f2pool.com.multi.surbl.org",
        "pool.hashvault.pro.corp.shop.example",
        "9.113.0.203.in-addr.arpa",
        "myf2pool.com",
        "mining.shop.example",
        "0.pool.ntp.org",
    ] {
        wire.udp(CLIENT, RESOLVER, &query(name, A));
        wire.udp(RESOLVER, CLIENT, &answer(name, None, "127.0.0.2", 60));
    }
    assert_eq!(wire.end(), [""; 0]);
}

/// A server that spoke mining is another's a day later, or serves the web beside it.
#[test]
fn an_endpoint_that_is_a_web_server_now() {
    let (web, any) = (Hello { alpn: WEB, ..Hello::named("shop.example") }, Hello::named("shop.example"));
    let long = Hello { behind: 1500, ..web };
    let get = b"GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
    for (bytes, certainty) in [
        (web.record(), "hint"),
        (long.record(), "hint"),
        (get.to_vec(), "hint"),
        // A relay by a name of its own, and what cannot be read.
        (any.record(), "strong"),
        (vec![0xa5; 200], "strong"),
    ] {
        let mut wire = taught_of("203.0.113.9:443");
        let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:443");
        tcp.up(&mut wire, &bytes);
        tcp.down(&mut wire, &[0xa5; 200]);
        wire.wait(15);
        assert_eq!(wire.end(), [format!("learned_endpoint {certainty} learned -")]);
    }
}

/// Every way to a pool's own site: who reads, who asks its interface, on each port that content networks have.
#[test]
fn visitors_of_pools_sites() {
    let get = |agent: &str, host: &str| {
        format!("GET /api/stats HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\r\n")
            .into_bytes()
    };
    let mut told = 0;
    for name in [
        "supportxmr.com",
        "www.f2pool.com",
        "api.moneroocean.stream",
        "ergo.herominers.com",
        "solo.ckpool.org",
        "xmr.crypto-pool.fr",
        "dcr.suprnova.cc",
        "pool.braiins.com",
        "server.duinocoin.com",
        "unmineable.com",
        "coinhive.com",
    ] {
        let hellos = [&[][..], &["http/1.1"], WEB].map(|alpn| Hello { alpn, ..Hello::named(name) }.record());
        for port in [443, 2053, 2083, 2087, 2096, 8443] {
            for hello in &hellos {
                let mut wire = knowing(name, "203.0.113.9");
                Tcp::open(&mut wire, CLIENT, &format!("203.0.113.9:{port}")).up(&mut wire, hello);
                wire.wait(15);
                let said = wire.end();
                assert_eq!(said.len(), 1, "{name} {port}");
                assert!(said[0].contains(" hint "), "{port}: {said:?}");
                told += 1;
            }
        }
        for agent in
            ["Mozilla/5.0 (X11)", "curl/8.5.0", "python-requests/2.31", "Java/1.8.0_392", "Wget/1.21"]
        {
            for port in [80, 8080, 8880, 8117, 3333] {
                let mut wire = knowing(name, "203.0.113.9");
                let mut tcp = Tcp::open(&mut wire, CLIENT, &format!("203.0.113.9:{port}"));
                tcp.up(&mut wire, &get(agent, name));
                tcp.down(&mut wire, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                wire.wait(15);
                let said = wire.end();
                assert!(said.len() == 1 && said[0].contains(" hint "), "{agent} {port}: {said:?}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 11 * (18 + 25));
}

/// Who is on the list of names that only look like mining is told nowhere, nor is what others call like them.
#[test]
fn names_that_are_allowed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/allow.hosts");
    let text = std::fs::read_to_string(path).unwrap();
    let names = text.lines().filter(|l| !l.starts_with(['#', '@'])).filter_map(|l| l.split('\t').next());
    let mut wire = Wire::default();
    let mut seen = 0u16;
    for name in names.filter(|n| !n.is_empty()) {
        let client = format!("10.0.0.7:{}", 10_000 + seen);
        let address = format!("203.0.{}.{}", seen / 200, seen % 200 + 1);
        wire.udp(&client, RESOLVER, &query(name, A));
        resolve(&mut wire, &client, name, &address, 60);
        Tcp::open(&mut wire, &client, &format!("{address}:3333")).up(&mut wire, &Hello::named(name).record());
        Tcp::open(&mut wire, &client, &format!("{address}:4444")).up(&mut wire, &[0xa5; 100]);
        seen += 1;
    }
    assert!(seen > 350, "only {seen}");
    assert_eq!(wire.end(), [""; 0]);
}
