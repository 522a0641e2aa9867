//! Miners as they are met, each told as more than a hint.

use crate::wire::*;

const HASHVAULT: &str = "pool.hashvault.pro";
const BY_DNS: [&str; 1] = ["pool_connection strong dns pool.hashvault.pro"];
/// XMRig's: no server name, no protocols.
fn xmrig() -> Vec<u8> {
    Hello::default().record()
}

/// What is told of a miner's TLS after the DNS messages, on a connection to this address.
fn mines(mut wire: Wire, client: &str, server: &str, hello: &[u8]) -> Vec<String> {
    wire.told();
    let mut tcp = Tcp::open(&mut wire, client, server);
    tcp.up(&mut wire, hello);
    let sealed = [&b"\x17\x03\x03\x00\xc8"[..], &[0xa5; 200]].concat();
    tcp.down(&mut wire, &[records(&server_hello(true, None), 1 << 14), sealed.clone()].concat());
    tcp.up(&mut wire, &sealed);
    wire.wait(15);
    assert_eq!(wire.sensor.stats().flows, 0, "followed on");
    wire.end()
}

#[test]
fn xmrig_by_what_it_asked_a_name_server_for() {
    let (v4, v6) = ("203.0.113.9:443", "[2001:db8::9]:443");
    let mut wire = Wire::default();
    resolve(&mut wire, CLIENT, HASHVAULT, "203.0.113.9", 60);
    assert_eq!(mines(wire, CLIENT, v4, &xmrig()), BY_DNS);
    let (client, asker) = ("[2001:db8::7]:50000", "[2001:db8::7]:40000");
    let mut wire = Wire::default();
    wire.udp("[2001:db8::53]:53", asker, &answer(HASHVAULT, None, "2001:db8::9", 60));
    assert_eq!(mines(wire, client, v6, &xmrig()), BY_DNS);
    // Cut short over UDP, then over TCP in two pieces.
    let mut wire = Wire::default();
    wire.udp(RESOLVER, CLIENT, &dns(0x8380, HASHVAULT, A, &[]));
    let mut tcp = Tcp::open(&mut wire, "10.0.0.7:41000", RESOLVER);
    tcp.up(&mut wire, &v16(&query(HASHVAULT, A)));
    let message = v16(&answer(HASHVAULT, None, "203.0.113.9", 60));
    tcp.down(&mut wire, &message[..2]);
    tcp.down(&mut wire, &message[2..]);
    assert_eq!(mines(wire, CLIENT, v4, &xmrig()), BY_DNS);
    // Mixed letters, each time others.
    let mut wire = Wire::default();
    for name in [
        "pOOl.haSHvault.pro",
        "POOL.HashVault.PRO",
        "pool.hashVAULT.pro",
        "Pool.hashvault.Pro",
        "pooL.hashvault.prO",
    ] {
        resolve(&mut wire, CLIENT, name, "203.0.113.9", 60);
    }
    assert_eq!(mines(wire, CLIENT, v4, &xmrig()), BY_DNS);
}

#[test]
fn answers_of_many_records() {
    let labels =
        |name: &str| -> Vec<u8> { name.split('.').flat_map(|l| v8(l.as_bytes())).chain([0]).collect() };
    // Three aliases to a content network's names, then twenty addresses.
    let names = [HASHVAULT, "a.cdn.example", "b.cdn.example", "c.cdn.example"];
    let mut all: Vec<_> = names.windows(2).map(|w| (w[0], 5, 60, labels(w[1]))).collect();
    all.extend((1..=20u8).map(|n| (names[3], A, 60, vec![203, 0, 113, n])));
    for n in [1, 13, 20] {
        let mut wire = Wire::default();
        wire.udp(RESOLVER, CLIENT, &dns(0x8180, HASHVAULT, A, &all));
        assert_eq!(mines(wire, CLIENT, &format!("203.0.113.{n}:443"), &xmrig()), BY_DNS, "{n}");
    }
    // A listed name at the end of two aliases of nobody's, and in the middle.
    for (chain, told) in [
        (["a.example", "b.example", HASHVAULT], HASHVAULT),
        (["a.example", HASHVAULT, "b.example"], HASHVAULT),
    ] {
        let mut all: Vec<_> = chain.windows(2).map(|w| (w[0], 5, 60, labels(w[1]))).collect();
        all.push((chain[2], A, 60, vec![203, 0, 113, 9]));
        let mut wire = Wire::default();
        wire.udp(RESOLVER, CLIENT, &dns(0x8180, chain[0], A, &all));
        let expected = [format!("pool_connection strong dns {told}")];
        assert_eq!(mines(wire, CLIENT, "203.0.113.9:443", &xmrig()), expected);
    }
    // Names behind pointers, in capitals, with the options of EDNS.
    let mut message = dns(0x8180, HASHVAULT, A, &[]);
    (message[7], message[11]) = (2, 1);
    message.extend(b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x05\x02XX\xc0\x11");
    let at = message.len() - 5;
    message.extend([0xc0, at as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9]);
    message.extend(b"\0\0\x29\x04\xd0\0\0\x80\0\0\0");
    let mut wire = Wire::default();
    wire.udp(RESOLVER, CLIENT, &message);
    assert_eq!(mines(wire, CLIENT, "203.0.113.9:443", &xmrig()), BY_DNS);
}

/// Programs list many hosts of a pool, and all of them are at one address.
#[test]
fn many_names_of_one_pool() {
    let mut wire = Wire::default();
    for name in ["pool", "a.pool", "b.pool", "c.pool", "d.pool", "e.pool"] {
        resolve(&mut wire, CLIENT, &format!("{name}.hashvault.pro"), "203.0.113.9", 60);
    }
    let told = mines(wire, CLIENT, "203.0.113.9:3333", &xmrig());
    assert_eq!(told, ["pool_connection strong dns c.pool.hashvault.pro"]);
    // With a stranger among them it is anybody's.
    let mut wire = Wire::default();
    for name in ["shop.example", "a.hashvault.pro", "b.hashvault.pro", "c.hashvault.pro", "d.hashvault.pro"] {
        resolve(&mut wire, CLIENT, name, "203.0.113.9", 60);
    }
    assert_eq!(mines(wire, CLIENT, "203.0.113.9:3333", &xmrig()), [""; 0]);
}

#[test]
fn names_as_they_are_written() {
    for name in ["POOL.HASHVAULT.PRO", "pool.hashvault.pro.", "Pool.HashVault.pro"] {
        let told = mines(Wire::default(), CLIENT, "203.0.113.9:443", &Hello::named(name).record());
        assert_eq!(told.len(), 1, "{name}");
        assert!(told[0].starts_with("pool_connection strong sni"), "{told:?}");
    }
}

/// Programs against filters cut a hello after its first byte or two.
#[test]
fn a_hello_cut_at_once() {
    let hello = Hello::named(HASHVAULT).record();
    for cut in [1, 2, 3, 5, 6, 9] {
        for by_dns in [false, true] {
            let mut wire = Wire::default();
            if by_dns {
                resolve(&mut wire, CLIENT, HASHVAULT, "203.0.113.9", 60);
                wire.told();
            }
            let tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:443");
            for frame in tcp.frames(&wire, &hello, &[cut]) {
                wire.frame(&frame);
            }
            wire.wait(15);
            assert_eq!(
                wire.end(),
                ["pool_connection strong sni pool.hashvault.pro"],
                "cut at {cut}, {by_dns}"
            );
        }
    }
    // A byte that begins nothing.
    let mut wire = Wire::default();
    let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:23");
    tcp.up(&mut wire, b"\x16");
    tcp.up(&mut wire, b"ls\r\n");
    assert_eq!(wire.sensor.stats().flows, 0);
    assert_eq!(wire.end(), [""; 0]);
}

/// Only what servers send passes the sensor.
#[test]
fn only_the_servers_are_heard() {
    for (name, port, certainty) in
        [(HASHVAULT, 443, "strong"), ("eu.hashvault.pro", 3333, "strong"), ("hashvault.pro", 443, "hint")]
    {
        let mut wire = Wire::default();
        resolve(&mut wire, CLIENT, name, "203.0.113.9", 60);
        wire.told();
        let mut tcp = Tcp::new(CLIENT, &format!("203.0.113.9:{port}"));
        wire.frame(&wire.segment(tcp.server, tcp.client, 4999, "SA", b""));
        tcp.down(&mut wire, &records(&server_hello(true, None), 1 << 14));
        tcp.down(&mut wire, &[0xa5; 300]);
        let alerts = wire.alerts();
        assert!(alerts.is_empty());
        wire.wait(15);
        let alerts = wire.alerts();
        assert_eq!(alerts[0].flow.client.to_string(), CLIENT);
        assert_eq!(wire.end(), [format!("pool_connection {certainty} dns {name}")]);
    }
    // Another client's answer, and a server that nobody asked for.
    let mut wire = Wire::default();
    resolve(&mut wire, CLIENT, HASHVAULT, "203.0.113.9", 60);
    wire.told();
    for (client, server) in [("10.0.0.8:1", "203.0.113.9:443"), (CLIENT, "203.0.113.10:443")] {
        let mut tcp = Tcp::new(client, server);
        wire.frame(&wire.segment(tcp.server, tcp.client, 4999, "SA", b""));
        tcp.down(&mut wire, &[0xa5; 300]);
    }
    wire.wait(15);
    assert_eq!(wire.end(), [""; 0]);
}

/// The server asks for another hello, or takes a session up again without a certificate.
#[test]
fn a_second_hello_and_a_resumed_session() {
    let mut wire = Wire::default();
    let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:443");
    let hello = Hello::named(HASHVAULT).record();
    tcp.up(&mut wire, &hello);
    tcp.down(&mut wire, &records(&server_hello(true, None), 1 << 14));
    tcp.up(&mut wire, &[&b"\x14\x03\x03\0\x01\x01"[..], &hello].concat());
    wire.wait(15);
    assert_eq!(wire.end(), ["pool_connection strong sni pool.hashvault.pro"]);
    let mut wire = Wire::default();
    resolve(&mut wire, CLIENT, HASHVAULT, "203.0.113.9", 60);
    let resumed = Hello { tls12: true, ..Hello::default() }.record();
    assert_eq!(mines(wire, CLIENT, "203.0.113.9:443", &resumed), BY_DNS);
}

#[test]
fn a_websocket_to_a_listed_relay() {
    let ask = |host: &str| {
        format!(
            "GET /proxy HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    };
    for (host, told) in [
        ("ws.webmine.example", "miner_script strong http_host ws.webmine.example"),
        ("stratum.minepool.example:8080", "pool_connection strong http_host stratum.minepool.example"),
    ] {
        let mut wire = Wire::default();
        Tcp::open(&mut wire, CLIENT, "203.0.113.9:8080").up(&mut wire, ask(host).as_bytes());
        assert_eq!(wire.end(), [told]);
    }
    // Over TLS, as browsers greet.
    let hello = Hello { alpn: &["http/1.1"], ..Hello::named("ws.webmine.example") }.record();
    assert_eq!(
        mines(Wire::default(), CLIENT, "203.0.113.9:443", &hello),
        ["miner_script strong sni ws.webmine.example"]
    );
}
