//! What the sensor learns: names of addresses by DNS, endpoints by sessions in clear; and addresses that rules name.

use geophone::detect::Event;
use geophone::sensor::Settings;

use crate::wire::*;

const POOL: &str = "stratum.minepool.example";
const BY_DNS: &str = "pool_connection strong dns stratum.minepool.example";
const SERVER: &str = "203.0.113.9:3333";

pub(crate) const LOGIN: &[u8] = b"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq\",\"pass\":\"x\",\"agent\":\"XMRig/6.22.2\",\"algo\":[\"rx/0\"]}}\n";
pub(crate) const JOB: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"blob\":\"10108dfcb8b9068a1e2a2fd2f8b0b7fd1ce07f3bd3ea39b2c6f4c2e94ed8cf3d2b6a4d7d0f7eaf00000000a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9001\",\"job_id\":\"q1\",\"target\":\"b88d0600\",\"algo\":\"rx/0\",\"height\":3155003,\"seed_hash\":\"d6e6b44948e5a6a0579ea6617ca8fad608bf09dd428cc98ea74659bd7ef6f8d1\"}}\n";
pub(crate) const SHARE: &[u8] = b"{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"7d6a5b40\",\"job_id\":\"q1\",\"nonce\":\"1a000000\",\"result\":\"e1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d000000\"}}\n";
const OPAQUE: [u8; 200] = [0xa5; 200];

/// The client asked for a name of the server, and got its address; what was told of that is forgotten.
fn knowing(names: &[&str]) -> Wire {
    let mut wire = Wire::default();
    for name in names {
        resolve(&mut wire, CLIENT, name, "203.0.113.9", 300);
    }
    wire.told();
    wire
}

/// What is told of a connection on which the client says this.
fn says(mut wire: Wire, bytes: &[u8]) -> Vec<String> {
    let mut tcp = Tcp::open(&mut wire, CLIENT, SERVER);
    tcp.up(&mut wire, bytes);
    tcp.down(&mut wire, &OPAQUE);
    wire.wait(12);
    assert_eq!(wire.sensor.stats().flows, 0, "followed on");
    wire.end()
}

#[test]
fn a_connection_to_a_name_by_dns() {
    assert_eq!(says(knowing(&[POOL]), &OPAQUE), [BY_DNS]);
    assert_eq!(says(knowing(&[POOL, "eu.minepool.example", POOL]), &OPAQUE), [BY_DNS]);
    assert_eq!(says(knowing(&[POOL]), &Hello::default().record()), [BY_DNS]);
    // A tenant beside it, an allowed name, nobody.
    for names in [&[POOL, "shop.example"][..], &["blog.minepool.example", POOL], &["shop.example"], &[]] {
        assert_eq!(says(knowing(names), &OPAQUE), [""; 0], "{names:?}");
    }
    // The wire names another.
    assert_eq!(says(knowing(&[POOL]), &Hello::named("shop.example").record()), [""; 0]);
    let split = Hello { behind: 1500, ..Hello::named("shop.example") }.record();
    assert_eq!(says(knowing(&[POOL]), &split), [""; 0]);
    assert_eq!(says(knowing(&[POOL]), b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"), [""; 0]);
    // The wire names it too.
    let told = says(knowing(&[POOL]), &Hello::named(POOL).record());
    assert_eq!(told, ["pool_connection strong sni stratum.minepool.example"]);
}

#[test]
fn the_reason_says_that_it_is_by_dns() {
    let mut wire = knowing(&[POOL]);
    Tcp::open(&mut wire, CLIENT, SERVER).up(&mut wire, &OPAQUE);
    wire.wait(12);
    let alerts = wire.alerts();
    let [alert] = alerts[..] else { panic!("{alerts:?}") };
    assert!(alert.reason.contains("name by DNS"), "{}", alert.reason);
    assert_eq!(
        (alert.flow.client.to_string(), alert.flow.server.to_string()),
        (CLIENT.into(), SERVER.into())
    );
}

#[test]
fn whose_name_it_is_and_for_how_long() {
    let connect = |wire: &mut Wire, client: &str, server: &str| {
        Tcp::open(wire, client, server).up(wire, &OPAQUE);
        wire.wait(12);
        wire.told()
    };
    let mut wire = knowing(&[POOL]);
    assert_eq!(connect(&mut wire, "10.0.0.8:1", SERVER), [""; 0]);
    assert_eq!(connect(&mut wire, CLIENT, "203.0.113.10:3333"), [""; 0]);
    assert_eq!(
        connect(&mut wire, "10.0.0.7:2", "203.0.113.9:2500"),
        ["pool_connection strong dns stratum.minepool.example"]
    );
    for port in [22, 25] {
        let told = connect(&mut wire, &format!("10.0.0.7:{port}"), &format!("203.0.113.9:{port}"));
        assert_eq!(told, ["pool_connection hint dns stratum.minepool.example"]);
    }
    wire.wait(300);
    assert_eq!(connect(&mut wire, CLIENT, SERVER), [""; 0]);
    // In mid-stream nobody knows which name the address was asked by.
    let mut wire = knowing(&[POOL]);
    Tcp::new(CLIENT, SERVER).up(&mut wire, &OPAQUE);
    wire.wait(12);
    assert_eq!(wire.end(), [""; 0]);
}

#[test]
fn an_attempt_is_a_hint() {
    let hint = ["pool_connection hint dns stratum.minepool.example"];
    let mut wire = knowing(&[POOL]);
    let tcp = Tcp::new(CLIENT, SERVER);
    for _ in 0..4 {
        tcp.syn(&mut wire);
        wire.wait(3);
    }
    assert_eq!(wire.told(), [""; 0]);
    wire.wait(33);
    assert_eq!(wire.told(), hint);
    assert_eq!(wire.sensor.stats().flows, 0);
    let mut wire = knowing(&[POOL]);
    tcp.syn(&mut wire);
    wire.frame(&wire.segment(tcp.server, tcp.client, 0, "RA", b""));
    wire.wait(5);
    assert_eq!(wire.told(), hint);
    // Other ports, the same attempt; what is said in the end is told all the same.
    for port in 1..9 {
        let tcp = Tcp::new(&format!("10.0.0.7:{port}"), SERVER);
        tcp.syn(&mut wire);
        wire.frame(&wire.segment(tcp.server, tcp.client, 0, "RA", b""));
        wire.wait(5);
    }
    assert_eq!(wire.told(), [""; 0]);
    Tcp::open(&mut wire, "10.0.0.7:9", SERVER).up(&mut wire, &OPAQUE);
    wire.wait(12);
    assert_eq!(wire.told(), [BY_DNS]);
    // A server that speaks late is no attempt, and is heard out.
    let mut wire = knowing(&[POOL]);
    let mut tcp = Tcp::open(&mut wire, CLIENT, SERVER);
    wire.wait(20);
    tcp.up(&mut wire, LOGIN);
    wire.wait(3);
    tcp.down(&mut wire, JOB);
    wire.wait(5);
    assert_eq!(wire.end(), ["stratum_message proven dns stratum.minepool.example"]);
}

#[test]
fn a_session_is_told_instead() {
    for syn_ack_is_late in [false, true] {
        let mut wire = knowing(&[POOL]);
        let mut tcp = Tcp::new(CLIENT, SERVER);
        tcp.syn(&mut wire);
        tcp.up(&mut wire, LOGIN);
        if syn_ack_is_late {
            wire.frame(&wire.segment(tcp.server, tcp.client, 4999, "SA", b""));
        }
        tcp.down(&mut wire, JOB);
        tcp.up(&mut wire, SHARE);
        wire.wait(20);
        let found = |e: &Event| match e {
            Event::Session(r) => r.mining.pool.as_deref().map(str::to_owned),
            Event::Alert(_) => None,
        };
        assert_eq!(wire.events.iter().find_map(found).as_deref(), Some("Minepool"));
        assert_eq!(wire.end(), ["stratum_message proven dns stratum.minepool.example"]);
    }
}

fn taught() -> Wire {
    taught_of(SERVER)
}

/// A sensor that has heard a session with this server.
pub(crate) fn taught_of(server: &str) -> Wire {
    let mut wire = Wire::default();
    let mut tcp = Tcp::open(&mut wire, "10.0.0.99:50000", server);
    tcp.up(&mut wire, LOGIN);
    tcp.down(&mut wire, JOB);
    tcp.up(&mut wire, SHARE);
    wire.wait(5);
    assert_eq!(wire.told().len(), 1);
    wire
}

#[test]
fn others_talk_to_a_learned_endpoint() {
    let learned = ["learned_endpoint strong learned -"];
    let hello = Hello::default().record();
    for (up, bytes) in
        [(true, &OPAQUE[..]), (false, &OPAQUE), (true, &hello), (true, &hello[7..]), (false, b"\n")]
    {
        let mut wire = taught();
        let mut tcp = Tcp::new(CLIENT, SERVER);
        for _ in 0..50 {
            if up {
                tcp.up(&mut wire, bytes);
            } else {
                tcp.down(&mut wire, bytes);
            }
            tcp.down(&mut wire, &OPAQUE);
            tcp.up(&mut wire, &OPAQUE);
            wire.wait(13);
        }
        let alerts = wire.alerts();
        assert_eq!(alerts[0].flow.client.to_string(), CLIENT);
        assert!(alerts[0].reason.contains("cryptonote"), "{}", alerts[0].reason);
        // The session that taught goes on in silence, and ends.
        assert_eq!(wire.end(), learned, "{up} {bytes:x?}");
    }
}

/// A session found in the middle of a line loses no message to what is known of its server.
#[test]
fn a_session_with_a_learned_endpoint_is_counted_as_any_other() {
    for up in [true, false] {
        let mut wire = taught();
        wire.told();
        let mut tcp = Tcp::new(CLIENT, SERVER);
        if up {
            tcp.up(&mut wire, &SHARE[SHARE.len() - 40..]);
        } else {
            tcp.down(&mut wire, b"\"status\":\"OK\"}}\n");
        }
        for _ in 0..3 {
            tcp.up(&mut wire, SHARE);
            tcp.down(
                &mut wire,
                b"{\"id\":2,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":\"OK\"}}\n",
            );
            wire.wait(13);
        }
        wire.sensor.finish(&mut wire.events);
        let of_client = |e: &&Event| matches!(e, Event::Session(s) if s.flow.client.to_string() == CLIENT);
        let Some(Event::Session(last)) = wire.events.iter().rfind(of_client) else { panic!("no session") };
        assert_eq!((last.mining.shares.submitted, last.mining.shares.accepted), (3, 3), "{up}");
        assert!(!wire.told().iter().any(|t| t.starts_with("learned_endpoint")));
    }
}

#[test]
fn who_is_no_user_of_a_learned_endpoint() {
    let mut wire = taught();
    let mut tcp = Tcp::open(&mut wire, CLIENT, SERVER);
    tcp.up(&mut wire, LOGIN);
    tcp.down(&mut wire, JOB);
    wire.wait(12);
    assert_eq!(wire.told(), ["stratum_message proven - -"]);
    // Another port, a connection that says nothing.
    Tcp::open(&mut wire, "10.0.0.8:1", "203.0.113.9:3334").up(&mut wire, &OPAQUE);
    let silent = Tcp::open(&mut wire, "10.0.0.8:2", SERVER);
    wire.frame(&wire.segment(silent.client, silent.server, 1000, "FA", b""));
    // Who speaks from the port is no server there.
    Tcp::new("203.0.113.9:3334", "10.0.0.8:3333").up(&mut wire, &OPAQUE);
    wire.wait(20);
    assert_eq!(wire.told(), [""; 0]);
    // What was heard last a week ago.
    wire.now += 8 * 24 * 3600 * 1_000_000;
    wire.wait(1);
    wire.told();
    Tcp::new("10.0.0.9:1", SERVER).up(&mut wire, &OPAQUE);
    wire.wait(20);
    assert_eq!(wire.end(), [""; 0]);
}

#[test]
fn what_teaches_nothing() {
    let socks: &[(bool, &[u8])] = &[
        (true, b"\x04\x01\x0d\x05\xc6\x33\x64\xf7me\0"),
        (false, b"\0\x5a\0\0\0\0\0\0"),
        (true, LOGIN),
        (false, JOB),
        (true, SHARE),
    ];
    let connect: &[(bool, &[u8])] = &[
        (true, b"CONNECT a.example:3333 HTTP/1.1\r\n\r\n"),
        (false, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        (true, LOGIN),
        (false, JOB),
    ];
    let getwork: &[(bool, &[u8])] = &[
        (true, b"POST / HTTP/1.1\r\nHost: 203.0.113.9\r\nX-Mining-Extensions: midstate\r\nContent-Length: 43\r\n\r\n{\"method\": \"getwork\", \"params\": [], \"id\":0}"),
        (false, b"HTTP/1.1 200 OK\r\nX-Roll-NTime: Y\r\nContent-Length: 2\r\n\r\n{}"),
    ];
    let framed = |bytes: &[u8], mask: u8| {
        let mut frame = [&[0x81, mask | 126][..], &v16(bytes)[..2]].concat();
        frame.extend(if mask > 0 { vec![0; 4] } else { vec![] });
        [&frame, bytes].concat()
    };
    let (login, job) = (framed(LOGIN, 0x80), framed(JOB, 0));
    let websocket: &[(bool, &[u8])] = &[
        (true, b"GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n"),
        (false, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        (true, &login),
        (false, &job),
    ];
    // A client that claims to mine, and both sides from one: nobody else agrees.
    let alone: &[(bool, &[u8])] = &[(true, LOGIN), (true, SHARE), (true, SHARE)];
    let server: &[(bool, &[u8])] = &[(false, JOB), (false, JOB)];
    for (n, talk) in [socks, connect, getwork, websocket, alone, server].into_iter().enumerate() {
        let mut wire = Wire::default();
        let mut tcp = Tcp::open(&mut wire, "10.0.0.99:50000", SERVER);
        for (up, bytes) in talk {
            if *up {
                tcp.up(&mut wire, bytes);
            } else {
                tcp.down(&mut wire, bytes);
            }
            wire.wait(3);
        }
        assert!(!wire.told().is_empty(), "{n} is no session");
        Tcp::new(CLIENT, SERVER).up(&mut wire, &OPAQUE);
        wire.wait(12);
        assert_eq!(wire.end(), [""; 0], "{n}");
    }
}

#[test]
fn addresses_that_rules_name() {
    for (server, told) in [
        ("203.0.113.77:1", "One"),
        ("203.0.113.77:443", "One"),
        ("203.0.113.78:4444", "Port"),
        ("203.0.113.78:4445", ""),
        ("198.51.100.127:9", "Net"),
        ("198.51.100.128:9", ""),
        ("198.51.100.9:3333", ""),
    ] {
        for up in [true, false] {
            let mut wire = Wire::default();
            let mut tcp = Tcp::new(CLIENT, server);
            for _ in 0..30 {
                if up {
                    tcp.up(&mut wire, &OPAQUE);
                } else {
                    tcp.down(&mut wire, &OPAQUE);
                }
                wire.wait(15);
            }
            let pools: Vec<_> =
                wire.alerts().iter().map(|a| a.mining.pool.as_deref().unwrap().to_owned()).collect();
            let expect: &[&str] = if told.is_empty() { &[] } else { &[told] };
            assert_eq!(pools, expect, "{server}");
            let expect: &[&str] =
                if told.is_empty() { &[] } else { &["pool_connection strong address_rule -"] };
            assert_eq!(wire.end(), expect, "{server}");
        }
    }
    // Whoever pretends to connect there is not told, and what is read counts more.
    let mut wire = Wire::default();
    Tcp::open(&mut wire, CLIENT, "203.0.113.77:3333");
    wire.wait(40);
    let mut tcp = Tcp::open(&mut wire, "10.0.0.8:1", "203.0.113.77:3333");
    tcp.up(&mut wire, LOGIN);
    tcp.down(&mut wire, JOB);
    wire.wait(40);
    assert_eq!(wire.told(), ["stratum_message proven - -"]);
    let mut tcp = Tcp::open(&mut wire, "10.0.0.9:1", "203.0.113.77:443");
    tcp.up(&mut wire, &Hello::named(POOL).record());
    tcp.up(&mut wire, &OPAQUE);
    wire.wait(40);
    assert_eq!(wire.end(), ["pool_connection strong sni stratum.minepool.example"]);
}

/// A flow that is told by its address is let go, and told again by another connection on its ports.
#[test]
fn ports_are_used_again() {
    let mut wire = Wire::with(Settings::default());
    for _ in 0..3 {
        let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.77:3333");
        tcp.up(&mut wire, &OPAQUE);
        wire.wait(12);
        tcp.down(&mut wire, &OPAQUE);
        assert_eq!(wire.told(), ["pool_connection strong address_rule -"]);
        assert_eq!(wire.sensor.stats().flows, 0);
    }
}
