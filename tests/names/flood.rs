//! Bytes without sense and floods: bounds hold, nothing panics, and alerts are no more than there are reasons.

use std::cell::RefCell;

use geophone::flow;
use geophone::sensor::{Limit, Settings};
use proptest::prelude::*;

use crate::quic::{crypto, initial};
use crate::wire::*;

const TINY: usize = 16;

fn tiny() -> Settings {
    let flow = flow::Settings {
        max_flows: TINY,
        max_stream_bytes: 8192,
        max_line: 2048,
        max_candidate_line: 2048,
        max_out_of_order: 4,
        ..flow::Settings::default()
    };
    Settings { flow, ..Settings::default() }
}

/// Whether nothing is over its bound; one stream's own may pass the sum for a moment.
fn is_bounded(wire: &Wire) -> bool {
    let stats = wire.sensor.stats();
    stats.panics == 0 && stats.flows <= TINY as u64 && stats.stream_bytes <= 3 * 8192
}

/// Valid beginnings of everything that names stand in.
fn beginnings() -> Vec<Vec<u8>> {
    let name = "stratum.minepool.example";
    let hello = Hello { before: 200, alpn: &["h2"], ..Hello::named(name) };
    let server = [server_hello(false, None), certificate(name, &[name])].concat();
    let message = hello.message();
    vec![
        query(name, A),
        answer("cdn.shop.example", Some(name), "203.0.113.9", 60),
        v16(&query(name, A)),
        v16(&answer(name, None, "2001:db8::9", 60)),
        hello.record(),
        records(&message, 7),
        records(&server, 1 << 14),
        initial([1; 8], 0, &crypto(&message, 0, message.len())),
        initial([1; 8], 0, &crypto(&message, 0, 100)),
        format!("GET /lib/deepMiner.js HTTP/1.1\r\nHost: {name}\r\n\r\n").into_bytes(),
        format!("CONNECT {name}:3333 HTTP/1.1\r\n\r\n").into_bytes(),
        b"\x05\x01\0".to_vec(),
        vec![],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_borne(packets in proptest::collection::vec(
        (0..13usize, any::<prop::sample::Index>(), proptest::collection::vec(any::<u8>(), 0..200), 0..8u8, 0..3000u32),
        1..60,
    )) {
        thread_local!(static PARTS: RefCell<Vec<Vec<u8>>> = RefCell::new(beginnings()));
        let mut wire = Wire::with(tiny());
        for (which, cut, tail, ends, seq) in packets {
            let whole = PARTS.with_borrow(|p| p[which].clone());
            let bytes = [&whole[..cut.index(whole.len() + 1)], &tail].concat();
            let server = ["10.0.0.53:53", "203.0.113.9:443", "203.0.113.9:3333", "203.0.113.77:1"][usize::from(ends & 3)];
            let (from, to) = if ends & 4 == 0 { (CLIENT, server) } else { (server, CLIENT) };
            if seq % 2 == 0 {
                wire.udp(from, to, &bytes);
            } else {
                let flags = if seq % 101 == 0 { "S" } else { "A" };
                wire.frame(&wire.segment(at(from), at(to), seq, flags, &bytes));
            }
            prop_assert!(is_bounded(&wire), "{:?}", wire.sensor.stats());
        }
        wire.wait(60);
        wire.end();
    }
}

/// Ends that are others each time.
fn client(n: u32) -> String {
    format!("10.{}.{}.{}:{}", n >> 16 & 255, n >> 8 & 255, n & 255, 1024 + n % 50_000)
}

const MANY: u32 = 100_000;

#[test]
fn a_flood_of_connections() {
    let mut wire = Wire::with(tiny());
    resolve(&mut wire, CLIENT, "fee.example", "203.0.113.9", 86_400);
    wire.told();
    for n in 0..MANY {
        let (from, to) = (at(&format!("10.0.0.7:{}", 1 + n % 65_000)), at("203.0.113.9:3333"));
        wire.frame(&wire.segment(from, to, n, "S", b""));
        assert!(is_bounded(&wire));
    }
    assert!(wire.sensor.stats().limit_hits[Limit::Flows as usize] > u64::from(MANY) / 2);
    // One client tries to reach one server.
    assert_eq!(wire.end(), ["pool_connection hint dns fee.example"]);
}

#[test]
fn a_flood_of_hellos() {
    let mut wire = Wire::with(tiny());
    // Without a name each is followed until its server answers; with an unlisted one, none.
    let (bare, other) = (Hello::default().record(), Hello::named("shop.example").record());
    let half = Hello { behind: 2000, ..Hello::named("fee.example") }.record();
    for n in 0..MANY {
        let bytes = [&bare[..], &other, &half[..1000]][n as usize % 3];
        wire.frame(&wire.segment(at(&client(n)), at("203.0.113.9:443"), n, "A", bytes));
        assert!(is_bounded(&wire));
    }
    // Those that were half a hello, once each.
    assert_eq!(wire.end().len(), MANY as usize / 3);
}

#[test]
fn a_flood_of_datagrams() {
    let mut wire = Wire::with(tiny());
    let message = Hello { before: 300, ..Hello::named("fee.example") }.message();
    let part = initial([1; 8], 0, &crypto(&message, 0, 100));
    let mut spoilt = part.clone();
    spoilt[700] ^= 1;
    let reply = answer("cdn.shop.example", Some("fee.example"), "203.0.113.9", 60);
    for n in 0..MANY {
        let from = client(n % 1000);
        match n % 20 {
            0 => wire.udp(&client(n), "203.0.113.9:443", &part),
            1 => wire.udp(&client(n), "203.0.113.9:443", &spoilt),
            _ => wire.udp(RESOLVER, &from, &reply),
        }
    }
    assert!(is_bounded(&wire));
    assert!(wire.sensor.stats().limit_hits[Limit::Quic as usize] > 0);
    // One a client and hour; a few more where the memory of them was overwritten.
    let told = wire.end().len();
    assert!((850..1100).contains(&told), "{told}");
}
