//! Greetings over TLS: by the client's own words, by the certificate that answers, inside tunnels.

use crate::wire::*;

const POOL: &str = "stratum.minepool.example";
const TOLD: &str = "pool_connection strong sni stratum.minepool.example";

/// What is told of a client's bytes, sent to this port in whole segments.
fn sent(port: u16, bytes: &[u8]) -> Vec<String> {
    let mut wire = Wire::default();
    let mut tcp = Tcp::open(&mut wire, CLIENT, &format!("203.0.113.9:{port}"));
    tcp.up(&mut wire, bytes);
    let told = wire.told();
    wire.wait(1);
    assert_eq!(wire.sensor.stats().flows, 0, "followed on");
    assert_eq!(wire.end(), [""; 0]);
    told
}

#[test]
fn a_name_at_a_port() {
    let web: &[&str] = &["h2", "http/1.1"];
    let hello = |name, alpn| Hello { name: Some(name), alpn, ..Hello::default() }.record();
    for (name, port, alpn, told) in [
        (POOL, 3333, &[][..], "strong"),
        (POOL, 3333, web, "strong"),
        (POOL, 443, &[], "strong"),
        (POOL, 443, web, "hint"),
        ("eu.minepool.example", 3333, &[], "strong"),
        ("eu.minepool.example", 443, &[], "strong"),
        ("eu.minepool.example", 443, web, "hint"),
        ("minepool.example", 443, &[], "hint"),
        ("www.minepool.example", 443, &[], "hint"),
        ("any.other.example", 443, &[], "hint"),
        ("any.other.example", 14444, &[], "strong"),
        ("any.other.example", 993, &[], "hint"),
        // A page's interface, on a port of its own.
        ("any.other.example", 14444, web, "hint"),
        ("any.other.example", 8119, &[], "hint"),
        ("any.other.example", 2096, &[], "hint"),
        ("api.other.example", 4000, &[], "hint"),
        ("any.other.example", 50002, &[], "hint"),
        (POOL, 465, &[], "hint"),
        ("shut.example", 3333, &[], "hint"),
        ("fee.example", 443, &[], "strong"),
        // Who looks for the name in a browser's search field connects there.
        ("fee.example", 443, web, "hint"),
        ("fee.example", 3333, web, "strong"),
    ] {
        assert_eq!(sent(port, &hello(name, alpn)), [format!("pool_connection {told} sni {name}")], "{port}");
    }
    assert_eq!(sent(443, &hello("ws.webmine.example", web)), ["miner_script strong sni ws.webmine.example"]);
    for name in ["blog.minepool.example", "minepool.example.org", "pool.example"] {
        assert_eq!(sent(3333, &hello(name, &[])), [""; 0], "{name}");
    }
    let outer = Hello { ech: true, ..Hello::named(POOL) }.record();
    assert_eq!(sent(3333, &outer), ["pool_connection strong ech_outer stratum.minepool.example"]);
}

#[test]
fn in_small_records_and_in_mid_stream() {
    let message = Hello::named(POOL).message();
    for each in [1, 2, 3, 4, 5, 60, 100] {
        assert_eq!(sent(3333, &records(&message, each)), [TOLD], "records of {each}");
    }
    let hello = Hello::named(POOL).record();
    for from in 1..hello.len() {
        assert_eq!(sent(3333, &hello[from..]), [""; 0], "from {from}");
    }
    assert_eq!(sent(3333, &[&b"\x17\x03\x03\x04\x00"[..], &[0xa5; 1024]].concat()), [""; 0]);
}

#[test]
fn over_segments_in_order() {
    for hello in [
        Hello { behind: 300, ..Hello::named(POOL) },
        Hello { before: 1500, ..Hello::named(POOL) },
        Hello { before: 300, behind: 300, ..Hello::named(POOL) },
    ] {
        let bytes = hello.record();
        for a in (3..bytes.len() - 1).step_by(13) {
            let b = (a + bytes.len()) / 2;
            let mut wire = Wire::default();
            let tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:3333");
            let frames = tcp.frames(&wire, &bytes, &[a, b]);
            for n in [0, 0, 2, 1, 1, 2, 0] {
                wire.frame(&frames[n]);
            }
            assert_eq!(wire.told(), [TOLD], "cut at {a} and {b}");
            assert_eq!(wire.end(), [""; 0]);
        }
    }
}

/// What was lost of a hello takes no name away that was there.
#[test]
fn a_name_in_the_first_of_two_segments() {
    let bytes = Hello { behind: 1500, alpn: &["h2"], ..Hello::named(POOL) }.record();
    for (port, told) in [(443, "hint"), (3333, "strong")] {
        let expect = [format!("pool_connection {told} sni {POOL}")];
        let mut wire = Wire::default();
        let tcp = Tcp::open(&mut wire, CLIENT, &format!("203.0.113.9:{port}"));
        let frames = tcp.frames(&wire, &bytes, &[1460]);
        wire.frame(&frames[0]);
        assert_eq!(wire.told(), [""; 0]);
        wire.wait(12);
        assert_eq!(wire.told(), expect);
        wire.frame(&frames[1]);
        assert_eq!(wire.end(), [""; 0]);
        // The second overtook the first.
        let mut wire = Wire::default();
        wire.frame(&frames[1]);
        wire.frame(&frames[0]);
        wire.wait(60);
        assert_eq!(wire.told(), expect);
        assert_eq!(wire.sensor.stats().flows, 0);
    }
    // Who offers what is in the lost part, so that it may be a browser; one that is not lost is none.
    let bytes = Hello { behind: 1500, ..Hello::named(POOL) }.record();
    let mut wire = Wire::default();
    let tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:443");
    let frames = tcp.frames(&wire, &bytes, &[1460]);
    wire.frame(&frames[0]);
    wire.wait(3);
    wire.frame(&frames[1]);
    wire.wait(20);
    assert_eq!(wire.end(), [TOLD]);
}

#[test]
fn once_a_connection_and_again_on_reused_ports() {
    let mut wire = Wire::default();
    let hello = Hello::named(POOL).record();
    let mut told = 0;
    for round in 1..=3 {
        let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:3333");
        tcp.syn(&mut wire);
        for _ in 0..3 {
            tcp.up(&mut wire, &hello);
        }
        wire.frame(&wire.segment(tcp.client, tcp.server, tcp.seqs[0], "FA", b""));
        told += wire.told().len();
        assert_eq!(told, round);
        wire.wait(5);
    }
}

#[test]
fn an_answer_that_the_first_bytes_overtook() {
    let mut wire = Wire::default();
    let mut tcp = Tcp::new(CLIENT, "203.0.113.9:3333");
    tcp.syn(&mut wire);
    let hello = Hello { behind: 1500, ..Hello::named(POOL) }.record();
    tcp.up(&mut wire, &hello[..1400]);
    wire.frame(&wire.segment(tcp.server, tcp.client, 4999, "SA", b""));
    tcp.up(&mut wire, &hello[1400..]);
    assert_eq!(wire.end(), [TOLD]);
}

/// The alerts of an exchange in which the client names nobody.
fn answered(hello: Option<Hello<'_>>, server: &[u8]) -> Vec<String> {
    let mut wire = Wire::default();
    let mut tcp = Tcp::new(CLIENT, "203.0.113.9:3333");
    if let Some(hello) = hello {
        tcp.syn(&mut wire);
        tcp.up(&mut wire, &hello.record());
    }
    for part in server.chunks(100) {
        tcp.down(&mut wire, part);
    }
    wire.wait(2);
    assert_eq!(wire.sensor.stats().flows, 0, "followed on");
    wire.end()
}

fn tls12(common: &str, names: &[&str]) -> Vec<u8> {
    records(&[server_hello(false, None), certificate(common, names)].concat(), 1 << 14)
}

#[test]
fn a_certificate_names_the_server() {
    let told = |name: &str| vec![format!("pool_connection strong certificate {name}")];
    for hello in [Some(Hello { tls12: true, ..Hello::default() }), Some(Hello::default()), None] {
        assert_eq!(answered(hello, &tls12(POOL, &[])), told(POOL));
        assert_eq!(answered(hello, &tls12("Some Company", &[POOL, "*.minepool.example"])), told(POOL));
        assert_eq!(
            answered(hello, &tls12("x", &["*.minepool.example", "blog.minepool.example"])),
            told("minepool.example")
        );
        for (common, names) in [
            ("Mining Pool", &[][..]),
            (POOL, &["shop.example"]),
            (POOL, &[POOL, "shop.example"]),
            (POOL, &[POOL, "any.other.example"]),
            ("x", &["blog.minepool.example"]),
        ] {
            assert_eq!(answered(hello, &tls12(common, names)), [""; 0], "{common} {names:?}");
        }
        let encrypted =
            [records(&server_hello(true, None), 1 << 14), b"\x17\x03\x03\x04\x00".repeat(9)].concat();
        assert_eq!(answered(hello, &encrypted), [""; 0]);
        // A session taken up again, and what is cut by an alert.
        let again =
            [records(&server_hello(false, None), 1 << 14), b"\x14\x03\x03\0\x01\x01\x16\x03\x03".to_vec()];
        assert_eq!(answered(hello, &again.concat()), [""; 0]);
    }
    // Who named another host is not of the certificate's.
    assert_eq!(answered(Some(Hello::named("blog.minepool.example")), &tls12(POOL, &[])), [""; 0]);
}

#[test]
fn a_servers_choice_of_the_web() {
    let web = |alpn| records(&[server_hello(false, alpn), certificate(POOL, &[])].concat(), 1 << 14);
    let mut wire = Wire::default();
    Tcp::new(CLIENT, "203.0.113.9:443").down(&mut wire, &web(Some("h2")));
    Tcp::new("10.0.0.8:1", "203.0.113.9:443").down(&mut wire, &web(None));
    assert_eq!(wire.end(), ["hint", "strong"].map(|c| format!("pool_connection {c} certificate {POOL}")));
}

#[test]
fn in_tunnels() {
    let inner = |name| Hello::named(name).record();
    let socks4 = |host: &str| [&b"\x04\x01\x0d\x05\0\0\0\x01\0"[..], host.as_bytes(), b"\0"].concat();
    let socks5 = |host: &str| [&b"\x05\x01\0\x03"[..], &v8(host.as_bytes()), b"\x0d\x05"].concat();
    let connect = |host: &str, port: u16, more: &str| {
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{more}\r\n").into_bytes()
    };
    let yes = b"HTTP/1.1 200 Connection established\r\n\r\n".as_slice();
    let play = |talk: &[(bool, &[u8])]| {
        let mut wire = Wire::default();
        let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:1080");
        for (up, bytes) in talk {
            if *up { tcp.up(&mut wire, bytes) } else { tcp.down(&mut wire, bytes) }
        }
        let ports: Vec<_> = wire.alerts().iter().map(|a| a.mining.server_port).collect();
        assert!(ports.iter().all(|p| matches!(p, Some(3333 | 443))), "{ports:?}");
        assert_eq!(wire.sensor.stats().flows, 0, "followed on");
        wire.end()
    };
    let asked = ["pool_connection strong proxy_request stratum.minepool.example"];
    let (granted, no) = (b"\x05\0\0\x01\0\0\0\0\0\0".as_slice(), [""; 0]);
    for (host, name, told) in [
        (POOL, "shop.example", &asked[..]),
        ("192.0.2.1", POOL, &[TOLD]),
        // Both name it: one alert.
        (POOL, POOL, &asked),
        ("192.0.2.1", "shop.example", &[]),
    ] {
        let hello = inner(name);
        assert_eq!(play(&[(true, &socks4(host)), (false, b"\0\x5a\0\0\0\0\0\0"), (true, &hello)]), told);
        let five = socks5(host);
        let talk =
            [(true, &b"\x05\x01\0"[..]), (false, b"\x05\0"), (true, &five), (false, granted), (true, &hello)];
        assert_eq!(play(&talk), told);
        assert_eq!(play(&[(true, &connect(host, 3333, "")), (false, yes), (true, &hello)]), told);
    }
    // A page of a pool's site in a browser behind a proxy.
    let hello = Hello { alpn: &["h2"], ..Hello::named("eu.minepool.example") }.record();
    let browser = connect("eu.minepool.example", 443, "User-Agent: Mozilla/5.0\r\n");
    let told = play(&[(true, &browser), (false, yes), (true, &hello)]);
    assert_eq!(told, ["pool_connection hint proxy_request eu.minepool.example"]);
    let refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".as_slice();
    assert_eq!(play(&[(true, &connect("shop.example", 443, "")), (false, refused)]), no);
    let header = b"PROXY TCP4 198.51.100.223 192.0.2.1 40000 3333\r\n";
    assert_eq!(play(&[(true, &[&header[..], &inner(POOL)].concat())]), [TOLD]);
}

#[test]
fn on_a_vlan_and_over_ipv6() {
    let mut wire = Wire { vlan: Some(42), ..Wire::default() };
    let mut tcp = Tcp::open(&mut wire, "[2001:db8::7]:50000", "[2001:db8::9]:3333");
    tcp.up(&mut wire, &Hello::named(POOL).record());
    let alerts = wire.alerts();
    let [alert] = alerts[..] else { panic!("{alerts:?}") };
    assert_eq!(alert.flow.client.to_string(), "[2001:db8::7]:50000");
    assert!(format!("{:?}", alert.flow.vlans).contains("42"), "{:?}", alert.flow.vlans);
    assert!(alert.mining.ja4.as_deref().is_some_and(|j| j.starts_with("t13d")), "{:?}", alert.mining.ja4);
    assert_eq!((alert.rule.id, alert.mining.pool.as_deref()), (1501, Some("Minepool")));
}
