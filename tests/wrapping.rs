//! Sessions inside SOCKS, CONNECT and the PROXY protocol: what they are wrapped in and where they go is told, however
//! the wire cuts them; what is inside a tunnel and no mining is let go at once.

use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::{Event, Mining, Phase, Transport, Via};
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};

#[derive(Clone, Copy, Debug)]
enum By {
    Client,
    Server,
}
use By::{Client, Server};

const LOGIN: &[u8] = b"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq\",\"pass\":\"x\",\"agent\":\"XMRig/6.22.2\",\"algo\":[\"rx/0\"]}}\n";
const JOB: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"blob\":\"10108dfcb8b9068a1e2a2fd2f8b0b7fd1ce07f3bd3ea39b2c6f4c2e94ed8cf3d2b6a4d7d0f7eaf00000000a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9001\",\"job_id\":\"q1\",\"target\":\"b88d0600\",\"algo\":\"rx/0\",\"height\":3155003,\"seed_hash\":\"d6e6b44948e5a6a0579ea6617ca8fad608bf09dd428cc98ea74659bd7ef6f8d1\"}}\n";

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

/// Plays a conversation in segments of at most `most` bytes; the sensor at its end, and what it said.
fn play(talk: &[(By, &[u8])], most: usize) -> (Sensor, Vec<Event>) {
    let mut sensor = Sensor::new(Settings::default(), rules(), 0);
    let (mut events, mut seqs, mut time) = (Vec::new(), [1u32, 1], 1_000_000u64);
    for (from, bytes) in talk {
        for part in bytes.chunks(most) {
            let (client, server) = ([10, 0, 0, 7], [203, 0, 113, 9]);
            let (ends, ports, seq) = match from {
                Client => (PacketBuilder::ipv4(client, server, 9), (50_000, 1080), &mut seqs[0]),
                Server => (PacketBuilder::ipv4(server, client, 9), (1080, 50_000), &mut seqs[1]),
            };
            let mut data = Vec::new();
            ends.tcp(ports.0, ports.1, *seq, 9).ack(1).write(&mut data, part).expect("a packet");
            *seq += part.len() as u32;
            time += 1000;
            let frame =
                Frame { time: Time(time), link: LinkType::RawIp, wire_len: data.len() as u32, data: &data };
            sensor.frame(&frame, &mut events);
        }
    }
    (sensor, events)
}

/// The account at the end of a conversation in whole segments; the same with an early cut of each message.
fn mining(talk: &[(By, &[u8])]) -> Mining {
    let account = |talk: &[(By, &[u8])]| {
        let (mut sensor, mut events) = play(talk, 1460);
        sensor.finish(&mut events);
        let found = events.into_iter().find_map(|e| match e {
            Event::Session(r) if r.phase == Phase::Final => Some(r.mining),
            Event::Session(_) | Event::Alert(_) => None,
        });
        found.expect("a session")
    };
    let whole = account(talk);
    // The first segment tells what this is; what follows it may be cut anywhere.
    for cut in [1, 3, 5, 11] {
        let mut parts = vec![talk[0]];
        for (from, bytes) in &talk[1..] {
            let (a, b) = bytes.split_at(cut.min(bytes.len() - 1));
            parts.extend([(*from, a), (*from, b)]);
        }
        let again = account(&parts);
        assert_eq!(
            (&again.route, &again.server_name, again.jobs),
            (&whole.route, &whole.server_name, whole.jobs)
        );
    }
    whole
}

#[test]
fn socks5_by_name() {
    let m = mining(&[
        (Client, b"\x05\x01\x00"),
        (Server, b"\x05\x00"),
        (Client, b"\x05\x01\x00\x03\x10pool.example.net\x11\x5c"),
        (Server, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        (Client, LOGIN),
        (Server, JOB),
    ]);
    assert_eq!(m.route.via, Some(Via::Socks5));
    assert_eq!((m.server_name.as_deref(), m.server_port), (Some("pool.example.net"), Some(4444)));
    assert_eq!((m.jobs, m.midstream, m.transport), (1, false, Transport::Tcp));
}

#[test]
fn socks5_with_a_password_which_is_not_kept() {
    let m = mining(&[
        (Client, b"\x05\x02\x00\x02"),
        (Server, b"\x05\x02"),
        (Client, b"\x01\x05alice\x06secret"),
        (Server, b"\x01\x00"),
        (Client, b"\x05\x01\x00\x01\xc6\x33\x64\x07\x0d\x05"),
        (Server, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        (Client, LOGIN),
        (Server, JOB),
    ]);
    assert_eq!(m.server_name.as_deref(), Some("198.51.100.7"));
    assert_eq!(m.server_port, Some(3333));
    assert!(!format!("{m:?}").contains("secret") && !format!("{m:?}").contains("alice"));
}

#[test]
fn socks4_and_4a() {
    for (ask, host) in [
        (&b"\x04\x01\x0d\x05\xc6\x33\x64\x07me\x00"[..], "198.51.100.7"),
        (b"\x04\x01\x0d\x05\x00\x00\x00\x01\x00pool.example.net\x00", "pool.example.net"),
    ] {
        let granted = b"\x00\x5a\x00\x00\x00\x00\x00\x00";
        let m = mining(&[(Client, ask), (Server, granted), (Client, LOGIN), (Server, JOB)]);
        assert_eq!((m.route.via, m.server_name.as_deref()), (Some(Via::Socks4), Some(host)));
        assert_eq!(m.server_port, Some(3333));
    }
}

#[test]
fn connect_with_a_second_try() {
    let m = mining(&[
        (Client, b"CONNECT xmr.pool.example.net:3333 HTTP/1.1\r\nHost: xmr.pool.example.net:3333\r\n\r\n"),
        (Server, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nno!\n"),
        (
            Client,
            b"CONNECT xmr.pool.example.net:3333 HTTP/1.1\r\nHost: xmr.pool.example.net:3333\r\nProxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n",
        ),
        (Server, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        (Client, LOGIN),
        (Server, JOB),
    ]);
    assert_eq!(
        (m.route.via, m.server_name.as_deref()),
        (Some(Via::HttpConnect), Some("xmr.pool.example.net"))
    );
    assert_eq!((m.server_port, m.jobs, m.midstream), (Some(3333), 1, false));
}

/// A client that does not wait for the answer.
#[test]
fn connect_and_lines_in_one_segment() {
    let head = b"CONNECT pool.example.net:443 HTTP/1.1\r\nHost: pool.example.net:443\r\n\r\n".as_slice();
    let first = [head, LOGIN].concat();
    let m = mining(&[(Client, &first), (Server, b"HTTP/1.1 200 OK\r\n\r\n"), (Server, JOB)]);
    assert_eq!(
        (m.route.via, m.server_name.as_deref(), m.jobs),
        (Some(Via::HttpConnect), Some("pool.example.net"), 1)
    );
}

#[test]
fn a_websocket_inside_connect() {
    let frame = |text: &str, mask: bool| {
        let mut out = vec![0x81, (text.len() as u8) | if mask { 0x80 } else { 0 }];
        out.extend(if mask { vec![0; 4] } else { vec![] });
        out.extend(text.as_bytes());
        out
    };
    let auth = frame(
        r#"{"type":"auth","params":{"site_key":"mor9Fi1TrJcG861hZAUN8DQHFz24gTX6","type":"anonymous"}}"#,
        true,
    );
    let accepted = frame(r#"{"type":"hash_accepted","params":{"hashes":256}}"#, false);
    let m = mining(&[
        (Client, b"CONNECT relay.example.net:8892 HTTP/1.1\r\n\r\n"),
        (Server, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        (
            Client,
            b"GET /proxy?pool=xmr.pool.example.net:3333 HTTP/1.1\r\nHost: relay.example.net:8892\r\nUpgrade: websocket\r\nOrigin: https://shop.example.org\r\n\r\n",
        ),
        (Server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        (Client, &auth),
        (Server, &accepted),
    ]);
    assert_eq!((m.route.via, m.transport), (Some(Via::HttpConnect), Transport::WebSocket));
    assert_eq!(
        (m.route.host.as_deref(), m.route.path.as_deref()),
        (Some("relay.example.net"), Some("/proxy"))
    );
    assert_eq!((m.server_name.as_deref(), m.server_port), (Some("xmr.pool.example.net"), Some(3333)));
    assert_eq!(m.site.as_deref(), Some("https://shop.example.org"));
}

#[test]
fn a_balancers_header_names_the_client() {
    let one = b"PROXY TCP4 198.51.100.23 192.0.2.1 40000 3333\r\n".as_slice();
    let two = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x17\xc0\0\x02\x01\x9c\x40\x0d\x05".as_slice();
    for header in [one, two] {
        let together = [header, LOGIN].concat();
        for talk in
            [&[(Client, &*together), (Server, JOB)][..], &[(Client, header), (Client, LOGIN), (Server, JOB)]]
        {
            let m = mining(talk);
            assert_eq!(m.route.via, Some(Via::ProxyProtocol));
            assert_eq!(m.route.forwarded_for, Some(([198, 51, 100, 23], 40_000).into()));
            assert_eq!((m.server_name.as_deref(), m.server_port), (Some("192.0.2.1"), Some(3333)));
        }
    }
}

#[test]
fn other_things_in_tunnels_are_let_go() {
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[0xa5; 506]].concat();
    let socks = [
        (Client, b"\x05\x01\x00".as_slice()),
        (Server, b"\x05\x00"),
        (Client, b"\x05\x01\x00\x03\x0bexample.net\x01\xbb"),
        (Server, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        (Client, &*hello),
    ];
    let connect = [
        (Client, b"CONNECT example.net:443 HTTP/1.1\r\n\r\n".as_slice()),
        (Server, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        (Client, &*hello),
    ];
    let denied = [
        (Client, b"CONNECT example.net:443 HTTP/1.1\r\n\r\n".as_slice()),
        (Server, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    ];
    let get = [(
        Client,
        b"PROXY TCP4 198.51.100.23 192.0.2.1 40000 80\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
            .as_slice(),
    )];
    let mail = [
        (Client, b"PROXY TCP4 198.51.100.23 192.0.2.1 40000 25\r\n".as_slice()),
        (Client, b"EHLO a.example\r\n"),
    ];
    for talk in [&socks[..], &connect, &denied, &get, &mail] {
        let (sensor, events) = play(talk, 1460);
        assert!(events.is_empty(), "{events:?}");
        assert_eq!(sensor.stats().flows, 0, "still followed: {talk:?}");
    }
}

/// Wrappings in each other, as many as fit a segment, end after a few.
#[test]
fn wrappings_without_end_are_bounded() {
    let header = b"CONNECT a.example:1 HTTP/1.1\r\n\r\n".repeat(2000);
    let one = b"PROXY TCP4 198.51.100.23 192.0.2.1 40000 3333\r\n".repeat(2000);
    let socks = b"\x04\x01\x0d\x05\xc6\x33\x64\x07\x00".repeat(6000);
    for bytes in [header, one, socks] {
        let (mut sensor, mut events) = play(&[(Client, &bytes), (Server, &bytes), (Client, &bytes)], 60_000);
        sensor.finish(&mut events);
        assert!(events.is_empty());
        assert_eq!((sensor.stats().panics, sensor.stats().stream_bytes), (0, 0));
    }
}

/// A side whose messages have no form of their own is read as the other one is.
#[test]
fn both_sides_of_words_in_a_tunnel() {
    let m = mining(&[
        (Client, b"\x05\x01\x00"),
        (Server, b"\x05\x00"),
        (Client, b"\x05\x01\x00\x03\x10pool.example.net\x0a\xfd"),
        (Server, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        (Client, b"JOB,alice,LOW,None\n"),
        (Server, b"0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb9932,300\n"),
        (Client, b"11893,214567.0,Official PC Miner 4.3,lab-pc,,2811\n"),
        (Server, b"GOOD\n"),
    ]);
    assert_eq!((m.dialect.name(), m.route.via), ("duino", Some(Via::Socks5)));
    assert_eq!((m.jobs, m.shares.submitted, m.shares.accepted), (1, 1, 1));
}

#[test]
fn a_proxy_that_asks_three_times() {
    let ask =
        b"CONNECT xmr.pool.example.net:3333 HTTP/1.1\r\nHost: xmr.pool.example.net:3333\r\n\r\n".as_slice();
    let again = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n".as_slice();
    let yes = b"HTTP/1.1 200 OK\r\n\r\n".as_slice();
    let talk = [
        (Client, ask),
        (Server, again),
        (Client, ask),
        (Server, again),
        (Client, ask),
        (Server, again),
        (Client, ask),
        (Server, yes),
        (Client, LOGIN),
        (Server, JOB),
    ];
    let m = mining(&talk);
    assert_eq!((m.route.via, m.jobs), (Some(Via::HttpConnect), 1));
    // The answer that was lost changes nothing but what nobody saw.
    let (mut sensor, mut events) = play(&[(Client, ask), (Client, LOGIN), (Server, JOB)], 1460);
    sensor.finish(&mut events);
    let found = events.iter().find_map(|e| match e {
        Event::Session(r) if r.phase == Phase::Final => Some((r.mining.route.via, r.mining.jobs)),
        Event::Session(_) | Event::Alert(_) => None,
    });
    assert_eq!(found, Some((Some(Via::HttpConnect), 1)));
}

/// What a proxy is asked in its own form may bring a password.
#[test]
fn no_password_stands_in_a_path() {
    let body = r#"{"method": "getwork", "params": [], "id":0}"#;
    let head = format!(
        "POST http://alice:secret@pool.example.net:8332/work?key=hidden HTTP/1.1\r\nHost: pool.example.net:8332\r\nX-Mining-Extensions: midstate\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let m = mining(&[(Client, head.as_bytes())]);
    assert_eq!((m.route.path.as_deref(), m.transport), (Some("/work"), Transport::Http));
    assert!(!format!("{m:?}").contains("secret") && !format!("{m:?}").contains("hidden"), "{m:?}");
}

/// A name behind a balancer says more than the balancer's own address.
#[test]
fn a_host_header_behind_a_balancer() {
    let body = r#"{"method": "getwork", "params": [], "id":0}"#;
    let all = format!(
        "PROXY TCP4 198.51.100.23 192.0.2.1 40000 80\r\nPOST / HTTP/1.1\r\nHost: xmr-eu1.nanopool.org\r\nX-Mining-Extensions: midstate\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let m = mining(&[(Client, all.as_bytes())]);
    assert_eq!(
        (m.server_name.as_deref(), m.pool.as_deref()),
        (Some("xmr-eu1.nanopool.org"), Some("Nanopool"))
    );
}

/// A dashboard asks the miner, which is the server: XMRig's summary, between other requests of the same connection.
#[test]
fn who_answers_for_a_summary_is_the_miner() {
    let body = r#"{"id":"4f1e","worker_id":"lab-17","version":"6.22.2","kind":"miner","ua":"XMRig/6.22.2 (Linux x86_64) libuv/1.48.0 gcc/13.2.1","algo":"rx/0","hashrate":{"total":[8123.4,8110.2,null],"highest":8201.1},"connection":{"pool":"xmr.pool.example.net:3333","ip":"203.0.113.5","uptime":86000,"failures":0,"tls":null}}"#;
    let ask = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: 10.9.8.7:8080\r\nUser-Agent: Dashboard/1\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n"
        )
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (summary, other) = (ask("/2/summary?t=1"), ask("/2/backends"));
    let m = mining(&[(Client, summary.as_bytes()), (Server, answer.as_bytes()), (Client, other.as_bytes())]);
    assert_eq!((m.dialect.name(), m.client_role_proven), ("minerapi", true));
    assert_eq!((m.server_name.as_deref(), m.server_port), (Some("xmr.pool.example.net"), Some(3333)));
    assert_eq!(
        (m.agent.as_deref(), m.payee.as_deref()),
        (Some("XMRig/6.22.2 (Linux x86_64) libuv/1.48.0 gcc/13.2.1"), None)
    );
    assert_eq!(m.route.path.as_deref(), Some("/2/summary"));
}

/// Connections that could become mining and never do are not followed for their lives.
#[test]
fn nothing_is_followed_in_vain_for_long() {
    let basic =
        b"GET /a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n".as_slice();
    let upgrade = b"GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n".as_slice();
    let opened = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".as_slice();
    let header = b"PROXY TCP4 198.51.100.23 192.0.2.1 40000 80\r\n".as_slice();
    let small =
        b"POST /log HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n".as_slice();
    let answered = b"HTTP/1.1 204 No Content\r\n\r\n".as_slice();
    let none = b"POST /log HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n".as_slice();
    for (begin, again) in [
        (&[(Client, header)][..], &[(Client, basic), (Server, answered)][..]),
        (
            &[(Client, upgrade), (Server, opened)],
            &[(Server, &b"\x89\x00"[..]), (Client, b"\x8a\x80\x01\x02\x03\x04")],
        ),
        (&[(Client, upgrade), (Server, opened)], &[(Server, &b"\x81\x012"[..]), (Server, b"\x81\x013")]),
        (&[], &[(Client, small), (Client, b"{}"), (Server, answered)]),
        (&[], &[(Client, none), (Server, answered)]),
    ] {
        let mut talk = begin.to_vec();
        (0..300).for_each(|_| talk.extend(again));
        let (sensor, events) = play(&talk, 1460);
        assert!(events.is_empty() && sensor.stats().flows == 0, "still followed: {begin:?} {again:?}");
    }
}
