//! The sensor on packets made here: whatever the network does to a session, its account stays the same, and whatever
//! hostile hosts do, memory stays within its bounds.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::{Certainty, Event, Phase, SessionRecord};
use geophone::flow;
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};
use proptest::prelude::*;

const MINER: ([u8; 4], u16) = ([10, 0, 0, 7], 40_000);
const POOL: ([u8; 4], u16) = ([192, 0, 2, 9], 3333);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Miner,
    Pool,
}
use Side::{Miner, Pool};

/// One segment of a conversation.
#[derive(Clone, Debug)]
struct Segment {
    side: Side,
    seq: u32,
    bytes: Vec<u8>,
}

fn frame(side: Side, seq: u32, payload: &[u8], flags: &str) -> Vec<u8> {
    frame_between(if side == Miner { (MINER, POOL) } else { (POOL, MINER) }, seq, payload, flags)
}

fn frame_between(ends: (([u8; 4], u16), ([u8; 4], u16)), seq: u32, payload: &[u8], flags: &str) -> Vec<u8> {
    let ((src, sport), (dst, dport)) = ends;
    let mut b = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4(src, dst, 64).tcp(sport, dport, seq, 1000);
    for flag in flags.chars() {
        b = match flag {
            'S' => b.syn(),
            'F' => b.fin(),
            'R' => b.rst(),
            _ => b.ack(1),
        };
    }
    let mut out = Vec::new();
    b.write(&mut out, payload).expect("a frame");
    out
}

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

fn sensor(settings: Settings) -> Sensor {
    Sensor::new(settings, rules(), 0)
}

fn see(sensor: &mut Sensor, time: u64, data: &[u8], events: &mut Vec<Event>) {
    let frame = Frame { time: Time(time), link: LinkType::Ethernet, wire_len: data.len() as u32, data };
    sensor.frame(&frame, events);
}

/// Plays segments a millisecond apart and gives everything that was said.
fn play(segments: &[Segment]) -> Vec<Event> {
    let mut sensor = sensor(Settings::default());
    let mut events = Vec::new();
    for (i, s) in segments.iter().enumerate() {
        see(&mut sensor, 1_000_000 + i as u64 * 1000, &frame(s.side, s.seq, &s.bytes, "A"), &mut events);
    }
    sensor.finish(&mut events);
    assert_eq!(sensor.stats().stream_bytes, 0, "bytes were not given back");
    assert_eq!(sensor.stats().flows, 0);
    assert_eq!(sensor.stats().panics, 0);
    events
}

fn finals(events: &[Event]) -> Vec<&SessionRecord> {
    let records = events.iter().filter_map(|e| match e {
        Event::Session(r) if r.phase == Phase::Final => Some(&**r),
        Event::Session(_) | Event::Alert(_) => None,
    });
    records.collect()
}

fn alerts(events: &[Event]) -> usize {
    events.iter().filter(|e| matches!(e, Event::Alert(_))).count()
}

/// What an account comes to, for comparison.
fn account(events: &[Event]) -> String {
    let records = finals(events);
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(alerts(events), 1);
    let (m, flow) = (&records[0].mining, &records[0].flow);
    assert_eq!(flow.client.addr, IpAddr::V4(Ipv4Addr::from(MINER.0)), "the wrong side mines");
    format!(
        "{:?} {:?} {:?} {:?} {:?} jobs {} {:?} midstream {}",
        m.dialect, m.certainty, m.payee, m.worker, m.agent, m.jobs, m.shares, m.midstream
    )
}

/// A conversation as messages; cut into segments by whoever plays it.
fn bitcoin() -> Vec<(Side, String)> {
    let notify = |n: usize| {
        let branch = format!("\"{}\"", "ab".repeat(32));
        format!(
            "{{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"j{n}\",\"{}\",\"{}\",\"{}\",[{}],\"20000000\",\"17034219\",\"66a1b2c3\",true]}}\n",
            "0c".repeat(32),
            "01".repeat(60),
            "ff".repeat(100),
            [branch.as_str(); 8].join(",")
        )
    };
    let mut talk = vec![
        (Miner, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.12.1\"]}\n".to_owned()),
        (Miner, "{\"params\": [\"bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3.rig01\", \"secret\"], \"id\": 2, \"method\": \"mining.authorize\"}\n".to_owned()),
        (Pool, "{\"id\":1,\"result\":[[[\"mining.set_difficulty\",\"b4b6693b\"],[\"mining.notify\",\"ae6812eb\"]],\"08000002\",4],\"error\":null}\r\n".to_owned()),
        (Pool, "{\"id\":2,\"result\":true,\"error\":null}\n".to_owned()),
        (Pool, "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[8192]}\n".to_owned()),
        (Pool, notify(0)),
    ];
    for n in 3..9 {
        talk.push((Miner, format!("{{\"id\":{n},\"method\":\"mining.submit\",\"params\":[\"bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3.rig01\",\"j0\",\"0a000000\",\"66a1b2c3\",\"1c2f00a{n}\"]}}\n")));
        let reply =
            if n == 5 { "null,\"error\":[23,\"Low difficulty\",null]" } else { "true,\"error\":null" };
        talk.push((Pool, format!("{{\"id\":{n},\"result\":{reply}}}\n")));
        talk.push((Pool, notify(n)));
    }
    talk
}

fn cryptonote() -> Vec<(Side, String)> {
    let job = |n: usize| {
        format!(
            "\"blob\":\"1010{}\",\"job_id\":\"job{n}\",\"target\":\"b88d0600\",\"algo\":\"rx/0\",\"height\":{n},\"seed_hash\":\"{}\"",
            "ab".repeat(74),
            "cd".repeat(32)
        )
    };
    let mut talk = vec![
        (Miner, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq.lab\",\"pass\":\"secret\",\"agent\":\"XMRig/6.22.2 (Linux x86_64)\",\"algo\":[\"rx/0\",\"cn/2\"]}}\n".to_owned()),
        (Pool, format!("{{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{{\"id\":\"s\",\"job\":{{{}}},\"status\":\"OK\"}}}}\n", job(1))),
    ];
    for n in 2..7 {
        talk.push((Miner, format!("{{\"id\":{n},\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{{\"id\":\"s\",\"job_id\":\"job1\",\"nonce\":\"7a01000{n}\",\"result\":\"{}\"}}}}\n", "0f".repeat(32))));
        talk.push((
            Pool,
            format!("{{\"id\":{n},\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{{\"status\":\"OK\"}}}}\n"),
        ));
        talk.push((Pool, format!("{{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{{{}}}}}\n", job(n))));
    }
    talk
}

/// Cuts a conversation into segments: each message, or run of one side's messages, at the given lengths.
fn segments(talk: &[(Side, String)], cuts: &[usize], start: u32) -> Vec<Segment> {
    let mut next = [start, start ^ 0x5555_5555];
    let mut out = Vec::new();
    let mut cut = cuts.iter().cycle();
    let mut at = 0;
    while at < talk.len() {
        let side = talk[at].0;
        let run: String = talk[at..].iter().take_while(|m| m.0 == side).map(|m| m.1.as_str()).collect();
        at += talk[at..].iter().take_while(|m| m.0 == side).count();
        let mut rest = run.as_bytes();
        while !rest.is_empty() {
            let (bytes, more) = rest.split_at((*cut.next().expect("a cycle")).clamp(1, rest.len()));
            let seq = &mut next[side as usize];
            out.push(Segment { side, seq: *seq, bytes: bytes.to_vec() });
            *seq = seq.wrapping_add(bytes.len() as u32);
            rest = more;
        }
    }
    out
}

#[test]
fn the_plain_sessions() {
    let events = play(&segments(&bitcoin(), &[1448], 7));
    assert_eq!(
        account(&events),
        "Bitcoin Proven Some(\"bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3\") Some(\"rig01\") Some(\"cgminer/4.12.1\") \
         jobs 7 Shares { submitted: 6, accepted: 5, rejected: 1 } midstream false"
    );
    assert!(!format!("{events:?}").contains("secret"), "a password was kept");
    let Event::Alert(alert) = &events[0] else { panic!("the first event is no alert") };
    assert_eq!(
        alert.reason,
        "10.0.0.7:40000 sent mining.subscribe to 192.0.2.9:3333, which only mining does (bitcoin)"
    );
    let events = play(&segments(&cryptonote(), &[1448], 7));
    assert!(account(&events).contains("jobs 6 Shares { submitted: 5, accepted: 5, rejected: 0 }"));
    assert_eq!(finals(&events)[0].mining.algorithm.as_deref(), Some("rx/0"));
    assert_eq!(finals(&events)[0].mining.difficulty, Some(10_000.0));
}

#[test]
fn either_side_alone_is_enough() {
    for (talk, name) in [(bitcoin(), "Bitcoin"), (cryptonote(), "Cryptonote")] {
        for side in [Miner, Pool] {
            let half: Vec<_> = segments(&talk, &[1448], 7).into_iter().filter(|s| s.side == side).collect();
            let got = account(&play(&half));
            assert!(got.starts_with(name), "{side:?}: {got}");
            assert!(got.contains("secret") || side == Pool || got.contains("submitted"), "{got}");
        }
    }
}

#[test]
fn found_at_the_next_message_from_any_packet_on() {
    for talk in [bitcoin(), cryptonote()] {
        let all = segments(&talk, &[400], 7);
        for from in 0..all.len() - 12 {
            for side in [None, Some(Miner), Some(Pool)] {
                let rest: Vec<_> =
                    all[from..].iter().filter(|s| side.is_none_or(|x| s.side == x)).cloned().collect();
                let events = play(&rest);
                assert_eq!(finals(&events).len(), 1, "from segment {from}, {side:?}");
            }
        }
    }
}

#[test]
fn a_lost_segment_costs_its_messages_and_no_more() {
    let all = segments(&bitcoin(), &[1448], 7);
    for lost in 0..all.len() {
        let mut rest = all.clone();
        rest.remove(lost);
        let events = play(&rest);
        let records = finals(&events);
        assert_eq!(records.len(), 1, "segment {lost} lost");
        assert!(
            records[0].mining.shares.submitted >= 5,
            "segment {lost} lost: {:?}",
            records[0].mining.shares
        );
    }
}

#[test]
fn a_conversation_quoted_in_one_direction_is_none() {
    // A document of raw lines, fetched over something the screen does not know, from a line's beginning on.
    let text: String = bitcoin().into_iter().map(|m| m.1).collect();
    let quoted: Vec<_> = text
        .as_bytes()
        .chunks(1448)
        .scan(9u32, |seq, c| {
            let s = Segment { side: Pool, seq: *seq, bytes: c.to_vec() };
            *seq += c.len() as u32;
            Some(s)
        })
        .collect();
    assert_eq!(alerts(&play(&quoted)), 0);
}

#[test]
fn http_bodies_may_quote_anything() {
    let body: String = bitcoin().into_iter().filter(|m| m.0 == Miner).map(|m| m.1).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut seq = 5;
    let mut segments = Vec::new();
    for part in [head.as_str(), body.as_str()] {
        segments.push(Segment { side: Pool, seq, bytes: part.as_bytes().to_vec() });
        seq += part.len() as u32;
    }
    assert_eq!(alerts(&play(&segments)), 0);
}

#[test]
fn a_login_alone_waits_for_a_job() {
    let login =
        "{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"secret\"}}\n".to_owned();
    assert_eq!(alerts(&play(&segments(&[(Miner, login.clone())], &[1448], 7))), 0);
    let mut talk = cryptonote();
    talk[0].1 = login;
    let events = play(&segments(&talk, &[1448], 7));
    assert_eq!(finals(&events)[0].mining.payee.as_deref(), Some("ann"));
}

#[test]
fn a_wallet_that_logs_in_is_told_as_strong() {
    let wallet =
        "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq";
    let login =
        format!("{{\"id\":1,\"method\":\"login\",\"params\":{{\"login\":\"{wallet}\",\"pass\":\"x\"}}}}\n");
    let events = play(&segments(&[(Miner, login)], &[1448], 7));
    let Event::Alert(alert) = &events[0] else { panic!("no alert") };
    assert_eq!(alert.mining.certainty, Certainty::Strong);
    assert!(alert.reason.contains("form of a wallet"), "{}", alert.reason);
}

#[test]
fn mail_logins_are_masked() {
    let mut talk = bitcoin();
    for m in &mut talk {
        m.1 = m.1.replace("bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3", "miner@example.org/");
    }
    let events = play(&segments(&talk, &[1448], 7));
    assert_eq!(finals(&events)[0].mining.payee.as_deref(), Some("m***@example.org"));
    assert!(!format!("{events:?}").contains("miner@"), "a mail address was kept");
}

#[test]
fn connections_end_and_begin() {
    let mut sensor = sensor(Settings::default());
    let mut events = Vec::new();
    let mut time = 1_000_000;
    for round in 0..3u32 {
        let start = 1000 * round;
        see(&mut sensor, time, &frame(Miner, start.wrapping_sub(1), b"", "S"), &mut events);
        let all = segments(&bitcoin(), &[1448], start);
        for s in &all {
            time += 1000;
            see(&mut sensor, time, &frame(s.side, s.seq, &s.bytes, "A"), &mut events);
        }
        if round == 0 {
            let last = all.iter().rfind(|s| s.side == Miner).expect("a segment");
            see(&mut sensor, time, &frame(Miner, last.seq, &last.bytes, "A"), &mut events); // retransmitted
            see(&mut sensor, time, &frame(Pool, 9_999_999, b"", "RA"), &mut events);
            see(&mut sensor, time + 1, &frame(Miner, last.seq, &last.bytes, "A"), &mut events); // late
        }
        time += 10_000_000;
    }
    sensor.finish(&mut events);
    let records = finals(&events);
    assert_eq!(records.len(), 3, "{records:#?}");
    let mut ids: Vec<_> = records.iter().map(|r| r.flow.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "flow ids repeat");
    assert!(records.iter().all(|r| r.mining.shares.submitted == 6 && r.mining.shares.accepted == 5));
}

#[test]
fn silence_ends_a_session_and_intervals_tell_it() {
    let mut sensor = sensor(Settings::default());
    let mut events = Vec::new();
    for (i, s) in segments(&bitcoin(), &[1448], 7).iter().enumerate() {
        see(&mut sensor, i as u64 * 100_000_000, &frame(s.side, s.seq, &s.bytes, "A"), &mut events);
    }
    let phases = |p: Phase| events.iter().filter(|e| matches!(e, Event::Session(r) if r.phase == p)).count();
    assert_eq!(phases(Phase::Confirmed), 1);
    assert!(phases(Phase::Interval) >= 2, "{}", phases(Phase::Interval));
    assert_eq!(phases(Phase::Final), 0);
    sensor.advance(Time::from_secs(1_000_000), &mut events);
    assert_eq!(finals(&events).len(), 1);
    assert_eq!(sensor.stats().flows, 0);
}

#[test]
fn an_alert_does_not_wait_for_ever() {
    let mut sensor = sensor(Settings::default());
    let mut events = Vec::new();
    let subscribe = b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n";
    see(&mut sensor, 5_000_000, &frame(Miner, 1, subscribe, "A"), &mut events);
    assert_eq!(events.len(), 0, "told before the payee could follow");
    sensor.advance(Time(9_000_000), &mut events);
    assert_eq!(alerts(&events), 1);
    let Event::Alert(alert) = &events[0] else { panic!("no alert") };
    assert_eq!((alert.time, alert.mining.certainty), (Time(5_000_000), Certainty::Proven));
}

#[test]
fn keep_alives_a_minute_apart_prove_it_together() {
    let mut sensor = sensor(Settings::default());
    let mut events = Vec::new();
    let line = b"{\"id\":5,\"jsonrpc\":\"2.0\",\"method\":\"keepalived\",\"params\":{\"id\":\"4fb53d2b\"}}\n";
    see(&mut sensor, 1_000_000, &frame(Miner, 1, line, "A"), &mut events);
    sensor.advance(Time(50_000_000), &mut events);
    assert_eq!(alerts(&events), 0, "one alone is too little");
    see(&mut sensor, 61_000_000, &frame(Miner, 1 + line.len() as u32, line, "A"), &mut events);
    sensor.finish(&mut events);
    assert_eq!((alerts(&events), finals(&events).len()), (1, 1));
}

/// Small bounds, so that a test can hit them.
fn tiny() -> Settings {
    let bounds = flow::Settings {
        max_flows: 16,
        max_stream_bytes: 64 << 10,
        max_line: 8 << 10,
        max_candidate_line: 5 << 10,
        max_out_of_order: 4,
        ..flow::Settings::default()
    };
    Settings { flow: bounds, ..Settings::default() }
}

#[test]
fn a_flood_of_candidates_evicts_no_session_and_holds_no_memory() {
    let mut sensor = sensor(tiny());
    let mut events = Vec::new();
    let talk = segments(&bitcoin(), &[1448], 7);
    for s in &talk[..4] {
        see(&mut sensor, 1_000_000, &frame(s.side, s.seq, &s.bytes, "A"), &mut events);
    }
    let mut half = b"{\"id\":1,\"params\":[\"".to_vec();
    half.resize(1400, b'x');
    for n in 0..5000u32 {
        let [_, b, c, d] = n.to_be_bytes();
        let ends = (([172, 16 + b, c, d], 5000), POOL);
        for part in 0..8 {
            see(
                &mut sensor,
                1_000_000 + u64::from(n),
                &frame_between(ends, 1 + part * 1400, &half, "A"),
                &mut events,
            );
            assert!(sensor.stats().stream_bytes <= 80 << 10, "{} bytes", sensor.stats().stream_bytes);
            assert!(sensor.stats().flows <= 16);
        }
    }
    for s in &talk[4..] {
        see(&mut sensor, 2_000_000, &frame(s.side, s.seq, &s.bytes, "A"), &mut events);
    }
    sensor.finish(&mut events);
    let records = finals(&events);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].mining.shares.submitted, 6);
    assert_eq!(sensor.stats().stream_bytes, 0);
}

#[test]
fn a_syn_flood_opens_nothing() {
    let mut sensor = sensor(tiny());
    let mut events = Vec::new();
    for n in 0..10_000u32 {
        let [_, b, c, d] = n.to_be_bytes();
        see(&mut sensor, u64::from(n), &frame_between((([172, b, c, d], 9), POOL), n, b"", "S"), &mut events);
    }
    assert_eq!((sensor.stats().flows, sensor.stats().flows_created, events.len()), (0, 0, 0));
}

#[test]
fn more_proven_sessions_than_room_end_the_oldest() {
    let mut sensor = sensor(tiny());
    let mut events = Vec::new();
    for n in 0..100u8 {
        let line = format!("{{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"acct.w{n}\",\"x\"]}}\n");
        see(
            &mut sensor,
            u64::from(n) * 3_000_000,
            &frame_between((([172, 16, 0, n], 9), POOL), 1, line.as_bytes(), "A"),
            &mut events,
        );
    }
    assert_eq!(sensor.stats().flows, 16);
    sensor.finish(&mut events);
    assert_eq!(finals(&events).len(), 100, "a session's end was not told");
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        prop::collection::vec(1usize..1448, 1..40),
        prop::collection::vec(1usize..20, 1..40),
        prop::collection::vec(100usize..1448, 1..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    /// Any cut into segments, duplication and small reordering gives the same account.
    #[test]
    fn the_network_changes_nothing(bitcoin_talk in any::<bool>(), cuts in cuts(), start in any::<u32>(), swaps in prop::collection::vec(0usize..10_000, 0..12), dups in prop::collection::vec((0usize..10_000, 1usize..5), 0..8)) {
        let talk = if bitcoin_talk { bitcoin() } else { cryptonote() };
        let expect = account(&play(&segments(&talk, &[1448], 7)));
        let mut all = segments(&talk, &cuts, start);
        for (at, later) in dups {
            let at = at % all.len();
            let copy = all[at].clone();
            all.insert((at + later).min(all.len()), copy);
        }
        for at in swaps {
            let at = at % (all.len() - 1);
            // Reordering happens within a direction; what one side says next answers what the other has said.
            if all[at].side == all[at + 1].side {
                all.swap(at, at + 1);
            }
        }
        // What overtakes the beginning of its stream and looks like one itself is taken for it: that message is lost.
        let deceives = |side| {
            let first = all.iter().find(|s| s.side == side);
            let begin = segments(&talk, &cuts, start).into_iter().find(|s| s.side == side);
            first.zip(begin).is_some_and(|(f, b)| f.seq != b.seq && f.bytes.trim_ascii_start().starts_with(b"{"))
        };
        prop_assume!(!deceives(Miner) && !deceives(Pool));
        prop_assert_eq!(account(&play(&all)), expect);
    }

    /// Arbitrary bytes in arbitrary segments never panic and never leave the bounds.
    #[test]
    fn hostile_bytes_stay_bounded(packets in prop::collection::vec((0u8..4, any::<bool>(), 0u32..6000, prop::collection::vec(any::<u8>(), 0..200), 0usize..40), 0..120)) {
        let mut sensor = sensor(tiny());
        let mut events = Vec::new();
        let starts: [&[u8]; 4] = [b"{\"id\":1,\"method\":\"mining.", b"{\"params\":[", b"\x7f\x02\x0f\x00", b"{\"id\":4,\"result\":"];
        for (i, (host, up, seq, junk, cut)) in packets.iter().enumerate() {
            let mut payload = starts[i % 4][..(*cut).min(starts[i % 4].len())].to_vec();
            // Half of all bytes are those that mean something to the framer.
            payload.extend(junk.iter().map(|b| *b"{}\"\n[]:,".get(usize::from(*b >> 4)).unwrap_or(b)));
            let ends = (([10, 0, 0, *host], 1000), POOL);
            let ends = if *up { ends } else { (ends.1, ends.0) };
            see(&mut sensor, i as u64 * 1000, &frame_between(ends, *seq, &payload, if i % 37 == 0 { "FA" } else { "A" }), &mut events);
            prop_assert!(sensor.stats().stream_bytes <= (64 << 10) + 20_000);
        }
        sensor.finish(&mut events);
        prop_assert_eq!(sensor.stats().panics, 0);
        prop_assert_eq!(sensor.stats().stream_bytes, 0);
    }
}
