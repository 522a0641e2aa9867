//! The same packets give the same events, in any order that a network may give them.

use proptest::prelude::*;

use crate::learned::{JOB, LOGIN, SHARE};
use crate::wire::*;

/// Connections in frames: a hello in three segments; a request in two; a session; one by DNS; a certificate.
fn flows() -> Vec<Vec<Vec<u8>>> {
    let wire = Wire::default();
    let end = |n: u16| (format!("10.0.1.{n}:5000"), format!("203.0.113.{n}:3333"));
    let tcp = |n| Tcp::new(&end(n).0, &end(n).1);
    let hello = Hello { before: 400, behind: 400, ..Hello::named("stratum.minepool.example") }.record();
    let request =
        b"GET /lib/deepMiner.js HTTP/1.1\r\nHost: shop.example\r\nReferer: http://shop.example/\r\n\r\n";
    let down = |tcp: &Tcp, bytes: &[u8]| wire.segment(tcp.server, tcp.client, tcp.seqs[1], "A", bytes);
    let session = [LOGIN, SHARE].concat();
    let mut all = vec![tcp(1).frames(&wire, &hello, &[450, 600]), tcp(2).frames(&wire, request, &[40])];
    let mut lines = tcp(3).frames(&wire, &session, &[LOGIN.len()]);
    lines.insert(1, down(&tcp(3), JOB));
    all.push(lines);
    all.push(tcp(4).frames(&wire, &[0xa5; 300], &[100, 200]));
    let server = records(&[server_hello(false, None), certificate("fee.example", &[])].concat(), 1 << 14);
    let mut handshake = tcp(5).frames(&wire, &Hello::default().record(), &[]);
    handshake.push(down(&tcp(5), &server));
    all.push(handshake);
    all
}

fn play(frames: &[Vec<u8>]) -> (Vec<String>, String) {
    let mut wire = Wire::default();
    resolve(&mut wire, "10.0.1.4:1", "fee.example", "203.0.113.4", 300);
    wire.frame(&wire.segment(at("10.0.1.4:5000"), at("203.0.113.4:3333"), 999, "S", b""));
    for frame in frames {
        wire.frame(frame);
    }
    wire.wait(20);
    let events = format!("{:?}", wire.events);
    let mut told = wire.end();
    told.sort();
    (told, events)
}

/// In order, each flow is told once.
fn expected() -> Vec<String> {
    let told = play(&flows().concat()).0;
    assert_eq!(
        told,
        [
            "miner_script strong http_host shop.example",
            "pool_connection strong certificate fee.example",
            "pool_connection strong dns fee.example",
            "pool_connection strong sni stratum.minepool.example",
            "pool_lookup hint dns_query fee.example",
            "stratum_message proven - -",
        ]
    );
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_tells_the_same(
        orders in proptest::collection::vec(Just(vec![0usize, 1, 2]).prop_shuffle(), 5),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 20),
        twice in any::<u8>(),
    ) {
        let mut queues: Vec<Vec<Vec<u8>>> = flows();
        for (n, (queue, order)) in queues.iter_mut().zip(&orders).enumerate() {
            // What comes before a hello's or head's first segment is nothing by itself and forgotten.
            let fixed = usize::from(n < 2);
            let mut order: Vec<usize> = order.iter().copied().filter(|i| *i < queue.len()).collect();
            if fixed == 1 {
                order.retain(|i| *i > 0);
                order.insert(0, 0);
            }
            *queue = order.iter().map(|i| queue[*i].clone()).collect();
            if twice >> n & 1 == 1 {
                *queue = queue.iter().flat_map(|f| [f.clone(), f.clone()]).collect();
            }
        }
        let mut frames = vec![];
        for pick in picks.iter().cycle() {
            queues.retain(|q| !q.is_empty());
            if queues.is_empty() { break; }
            let n = pick.index(queues.len());
            frames.push(queues[n].remove(0));
        }
        let (told, events) = play(&frames);
        prop_assert_eq!(told, expected());
        prop_assert_eq!(events, play(&frames).1);
    }
}
