//! Lookups: told once an hour and client, by the names that lead to hosts.

use crate::wire::*;

const POOL: &str = "stratum.minepool.example";
const TOLD: &str = "pool_lookup hint dns_query stratum.minepool.example";
const ASKER: &str = "10.0.0.7:40000";

#[test]
fn a_question_and_its_answer_are_one_lookup() {
    let mut wire = Wire::default();
    for kind in [A, AAAA, HTTPS, 64, 33, 5, 255] {
        wire.udp(ASKER, RESOLVER, &query("Stratum.MinePool.example", kind));
    }
    wire.udp(RESOLVER, ASKER, &answer(POOL, None, "203.0.113.9", 60));
    assert_eq!(wire.end(), [TOLD]);
    // Whatever of the two is heard; and what a server cut, or could not find.
    for message in [
        answer(POOL, None, "203.0.113.9", 60),
        answer(POOL, None, "2001:db8::9", 60),
        dns(0x8380, POOL, A, &[]),
        dns(0x8183, POOL, A, &[]),
    ] {
        let mut wire = Wire::default();
        wire.udp(RESOLVER, ASKER, &message);
        wire.udp(ASKER, RESOLVER, &query(POOL, A));
        assert_eq!(wire.end(), [TOLD]);
    }
}

#[test]
fn the_events_of_a_lookup() {
    let mut wire = Wire { vlan: Some(7), ..Wire::default() };
    wire.udp("[2001:db8::7]:40000", "[2001:db8::53]:53", &query(POOL, AAAA));
    let alerts = wire.alerts();
    let [alert] = alerts[..] else { panic!("{alerts:?}") };
    assert_eq!(alert.flow.client.to_string(), "[2001:db8::7]:40000");
    assert_eq!(alert.flow.server.port, 53);
    assert_eq!((alert.rule.id, alert.mining.transport.name()), (1502, "dns"));
    assert_eq!(alert.mining.pool.as_deref(), Some("Minepool"));
    assert_eq!(alert.flow.proto, geophone::packet::Proto::Udp);
    assert!(alert.reason.contains(POOL) && alert.reason.contains("2001:db8::53"), "{}", alert.reason);
}

#[test]
fn once_an_hour_and_client() {
    let mut wire = Wire::default();
    for minute in 0..130 {
        for client in ["10.0.0.7:40000", "10.0.0.8:40000"] {
            wire.udp(client, RESOLVER, &query(POOL, A));
        }
        let told = wire.told().len();
        assert_eq!(told, if minute % 60 == 0 { 2 } else { 0 }, "minute {minute}");
        wire.now += 59_998_000;
    }
}

#[test]
fn what_is_no_question_of_a_client() {
    let mut wire = Wire::default();
    // A name server that asks on, and its answers.
    wire.udp(ASKER, RESOLVER, &dns(0, POOL, A, &[]));
    wire.udp(RESOLVER, ASKER, &dns(0x8400, POOL, A, &[(POOL, A, 60, vec![203, 0, 113, 9])]));
    // NS, SOA, PTR, MX, TXT, DNSKEY.
    for kind in [2, 6, 12, 15, 16, 48] {
        wire.udp(ASKER, RESOLVER, &query(POOL, kind));
    }
    wire.udp(ASKER, "224.0.0.251:5353", &query(POOL, A));
    wire.udp("10.0.0.7:5353", "224.0.0.251:5353", &answer(POOL, None, "203.0.113.9", 60));
    // An update and a notification.
    wire.udp(ASKER, RESOLVER, &dns(0x2900, POOL, A, &[]));
    wire.udp(ASKER, RESOLVER, &dns(0x2100, POOL, A, &[]));
    for name in ["minepool.example.org", "notminepool.example", "blog.minepool.example", "example", "ample"] {
        wire.udp(ASKER, RESOLVER, &query(name, A));
    }
    assert_eq!(wire.end(), [""; 0]);
}

#[test]
fn an_alias_leads_to_a_pool() {
    let mut wire = Wire::default();
    wire.udp(ASKER, RESOLVER, &query("cdn.shop.example", A));
    wire.udp(RESOLVER, ASKER, &answer("cdn.shop.example", Some(POOL), "203.0.113.9", 60));
    wire.udp(RESOLVER, ASKER, &answer("cdn.shop.example", Some(POOL), "203.0.113.9", 60));
    assert_eq!(wire.told(), ["pool_lookup hint dns_alias stratum.minepool.example"]);
    // Neither is what a listed or allowed name is an alias of.
    wire.udp(RESOLVER, "10.0.0.8:1", &answer("blog.minepool.example", Some(POOL), "203.0.113.9", 60));
    wire.udp(RESOLVER, "10.0.0.8:1", &answer(POOL, Some("eu.stratum.minepool.example"), "203.0.113.9", 60));
    assert_eq!(wire.told(), [TOLD]);
    // The connection that follows counts for the alias.
    let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:3333");
    tcp.up(&mut wire, &[0xa5; 100]);
    wire.wait(12);
    assert_eq!(wire.end(), ["pool_connection strong dns stratum.minepool.example"]);
}

#[test]
fn over_tcp_in_any_pieces() {
    let message = v16(&query(POOL, A));
    for cut in 1..message.len() {
        let mut wire = Wire::default();
        let mut tcp = Tcp::open(&mut wire, CLIENT, RESOLVER);
        tcp.up(&mut wire, &message[..cut]);
        tcp.up(&mut wire, &message[cut..]);
        tcp.down(&mut wire, &v16(&answer(POOL, None, "203.0.113.9", 60)));
        assert_eq!(wire.told(), [TOLD], "cut at {cut}");
        assert_eq!(wire.sensor.stats().flows, 0, "cut at {cut}");
        assert_eq!(wire.end(), [""; 0]);
    }
    // Many in one segment; only the server heard, in pieces.
    let mut wire = Wire::default();
    let all = [v16(&query("a.example", A)), v16(&query(POOL, A)), v16(&query("fee.example", A))].concat();
    Tcp::new(CLIENT, RESOLVER).up(&mut wire, &all);
    assert_eq!(wire.end(), [TOLD, "pool_lookup hint dns_query fee.example"]);
    let mut wire = Wire::default();
    let mut tcp = Tcp::new(CLIENT, RESOLVER);
    let message = v16(&answer(POOL, None, "203.0.113.9", 60));
    tcp.down(&mut wire, &message[..20]);
    tcp.down(&mut wire, &message[20..]);
    assert_eq!(wire.end(), [TOLD]);
}

/// Anybody can send a client an answer. Where questions are seen, only they make one count.
#[test]
fn an_answer_that_nobody_asked_for() {
    let told = |asks: bool| {
        let mut wire = Wire::default();
        for n in 0..40 {
            let name = format!("www{n}.shop.example");
            if asks {
                wire.udp(ASKER, RESOLVER, &query(&name, A));
            }
            wire.udp(RESOLVER, ASKER, &answer(&name, None, "203.0.113.200", 60));
        }
        wire.udp("203.0.113.66:53", CLIENT, &answer(POOL, None, "203.0.113.9", 60));
        Tcp::open(&mut wire, CLIENT, "203.0.113.9:3333").up(&mut wire, &[0xa5; 100]);
        wire.end()
    };
    assert_eq!(told(true), [""; 0]);
    // A tap that sees answers only can tell no difference.
    assert_eq!(told(false), [TOLD, "pool_connection strong dns stratum.minepool.example"]);
}
