//! The message vectors: each positive of a dialect that is built gives that dialect, its kind and its values, alone and
//! cut at any byte; no negative, and no message that means something only in context, gives a verdict.
//!
//! Form of the file: one JSON object a line, with `dialect` (`negative:…` for negatives), `direction` (`client` is
//! towards the pool), `transport`, `message` (text, or hexadecimal where `enc` says so) and `expect`.

use std::sync::Arc;

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::Dialect;
use geophone::flow::Way;
use geophone::packet::{Frame, LinkType, Time};
use geophone::sensor::{Sensor, Settings};
use geophone::stratum::{self, Body, Line, Login, Message, Read, Role, Share, Strength, Verdict, account};
use geophone::wire::line::{self, Framer};
use serde_json::Value;

#[derive(Debug)]
struct Vector {
    n: u64,
    dialect: String,
    role: Role,
    bytes: Vec<u8>,
    expect: Value,
}

fn vectors() -> Vec<Vector> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    text.lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("a JSON line"))
        .filter(|v| {
            let negative = v["dialect"].as_str().is_some_and(|d| d.starts_with("negative:"));
            let transport = v["transport"].as_str();
            matches!(transport, Some("tcp" | "ws-text"))
                || negative && matches!(transport, Some("http" | "mqtt" | "udp"))
        })
        .map(|v| {
            let message = v["message"].as_str().expect("message");
            let bytes = if v["enc"] == "hex" {
                let digit = |i: usize| u8::from_str_radix(&message[i..i + 2], 16).expect("hex");
                (0..message.len()).step_by(2).map(digit).collect()
            } else {
                message.as_bytes().to_vec()
            };
            Vector {
                n: v["n"].as_u64().expect("n"),
                dialect: v["dialect"].as_str().expect("dialect").to_owned(),
                role: if v["direction"] == "client" { Role::Miner } else { Role::Pool },
                bytes,
                expect: v["expect"].clone(),
            }
        })
        .collect()
}

/// The words this project may use for a vector's dialect; `None` where it is not built yet. A message of the V1 family
/// that is no more than its verb may be called by the family's eldest.
fn allowed(dialect: &str) -> Option<&'static [Dialect]> {
    use Dialect::*;
    Some(match dialect {
        "stratum-v1" | "btcagent" => &[Bitcoin],
        "zcash-stratum" | "verus" => &[Equihash],
        "ethproxy" => &[EthProxy],
        "ethstratum0" | "ethstratum1" => &[EthereumStratum1],
        "ethstratum2" => &[EthereumStratum2],
        "kawpow" => &[Progpow],
        "zano" => &[EthProxy, Progpow],
        "cryptonote" | "starcoin" => &[Cryptonote],
        "kaspa" => &[Kaspa],
        "ergo" => &[Ergo],
        "alephium" => &[Alephium],
        "conflux" => &[Conflux],
        "ckb" => &[Ckb],
        "handshake" => &[Handshake],
        "nexa" => &[Nexa],
        "aeternity" => &[Aeternity],
        "aleo" => &[Aleo],
        "beam" => &[Beam],
        "grin" => &[Grin],
        "ironfish" => &[Ironfish],
        "tari" => &[Tari],
        "warthog" => &[Warthog],
        "xelis" => &[Xelis],
        "coinhive" | "cryptonoter" | "nfwebminer" => &[Coinhive],
        "deepminer" => &[Deepminer],
        "webminerpool" => &[Webminerpool],
        _ => return None,
    })
}

/// Gives each message or reply of a stream to `each`.
fn each_message(pieces: &[&[u8]], mut each: impl FnMut(Option<Message<'_>>, Option<stratum::Reply<'_>>)) {
    let mut framer = Framer::default();
    for piece in pieces {
        framer.feed(piece, 64 << 10, |m| match m {
            line::Message::Object(o) => match stratum::read(&Line::read(o)) {
                Read::Message(m) => each(Some(m), None),
                Read::Reply(r) => each(None, Some(r)),
                Read::Nothing => each(None, None),
            },
            line::Message::Agent(a) => each(stratum::read_agent(a), None),
            line::Message::Overlong { head, tail } => match stratum::read(&Line::read_overlong(head, tail)) {
                Read::Message(m) => each(Some(m), None),
                Read::Reply(_) | Read::Nothing => each(None, None),
            },
            line::Message::Junk => each(None, None),
        });
    }
}

/// What a stream says, in a form that can be compared.
fn said(pieces: &[&[u8]]) -> Vec<String> {
    let mut out = Vec::new();
    each_message(pieces, |m, r| out.push(format!("{m:?} {r:?}")));
    // The rest of a document is junk by the line, and how many pieces of junk there are depends on the cut.
    out.retain(|l| l != "None None");
    out
}

#[test]
fn every_positive_alone_is_its_dialect_and_says_its_values() {
    let mut seen = 0;
    for v in vectors() {
        let Some(allowed) = allowed(&v.dialect) else { continue };
        let strength = v.expect["strength"].as_str().unwrap_or_default();
        let (mut messages, mut right) = (0, None);
        each_message(&[&v.bytes], |m, _| {
            if let Some(m) = m {
                messages += 1;
                if right.is_none() {
                    right = Some(check(&v, &m, allowed));
                }
            }
        });
        // Some dialects' answers are unique by their form, and still replies: others look at those.
        let answer = matches!(v.expect["kind"].as_str(), Some("accept" | "reject")) && right.is_none();
        match strength {
            "unique" | "strong" if !answer => {
                seen += 1;
                let (dialect, strong) = right.unwrap_or_else(|| panic!("vector {}: no message", v.n));
                assert!(dialect, "vector {} ({})", v.n, v.dialect);
                assert_eq!(strong == Strength::Unique, strength == "unique", "vector {}: strength", v.n);
                if let Some(n) = v.expect["messages"].as_u64() {
                    assert_eq!(messages, n, "vector {}: messages", v.n);
                }
            }
            _ => assert!(
                right.is_none_or(|(_, s)| s == Strength::Context),
                "vector {} means nothing alone",
                v.n
            ),
        }
    }
    assert!(seen > 150, "only {seen} positives: the file is not what it was");
}

/// Compares a message with what its vector expects; says whether the dialect fits, and the strength.
fn check(v: &Vector, m: &Message<'_>, allowed: &[Dialect]) -> (bool, Strength) {
    let (n, e) = (v.n, &v.expect);
    let kin = !m.decisive && matches!(m.dialect, Dialect::Bitcoin | Dialect::Equihash | Dialect::EthProxy);
    let fits = allowed.contains(&m.dialect) || kin;
    assert!(m.role.is_none_or(|r| r == v.role), "vector {n}: role {:?}", m.role);
    let text = |key: &str| e[key].as_str().map(str::to_owned);
    if let Some(id) = e.get("id").filter(|id| !id.is_null()) {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        assert_eq!(m.id, Some(stratum::Id::of_text(&id)), "vector {n}: id");
    }
    match &m.body {
        Body::Subscribe { agent, pool } => {
            assert_eq!(agent.as_deref().map(str::to_owned), text("agent"), "vector {n}: agent");
            assert_eq!(pool.as_ref().map(|p| p.host.to_string()), text("pool_host"), "vector {n}: pool");
            assert_eq!(
                pool.as_ref().and_then(|p| p.port).map(u64::from),
                e["pool_port"].as_u64(),
                "vector {n}"
            );
        }
        Body::Authorize(Login { user, worker, agent, coin, .. }) => {
            let parts = account::split(user);
            // A browser miner's own user is the site's name for its visitor; the key collects.
            let browser = matches!(m.dialect, Dialect::Coinhive | Dialect::Deepminer | Dialect::Webminerpool);
            if let Some(expect) = text("site_key").filter(|_| m.dialect == Dialect::Coinhive) {
                assert_eq!(user, &expect, "vector {n}: site key");
                assert_eq!(worker.as_deref().map(str::to_owned), text("user"), "vector {n}: visitor");
            } else if let Some(expect) = text("user") {
                assert!(
                    *user == expect || browser && worker.as_deref() == Some(&*expect),
                    "vector {n}: user"
                );
            }
            if let Some(expect) = text("wallet") {
                assert_eq!(parts.payee, expect, "vector {n}: wallet");
            }
            if let Some(expect) = text("worker") {
                let has = parts.worker.or(worker.as_deref());
                assert!(has == Some(&*expect) || *user == expect, "vector {n}: worker {has:?}");
            }
            if e.get("agent").is_some() {
                assert_eq!(agent.as_deref().map(str::to_owned), text("agent"), "vector {n}: agent");
            }
            if let (Some(expect), true) = (text("coin_hint"), v.dialect == "stratum-v1") {
                assert_eq!(coin.as_deref(), Some(&*expect), "vector {n}: coin");
            }
            assert!(!format!("{m:?}").contains("office-pc"), "vector {n}: a password was kept");
        }
        Body::Submit(Share { user, algorithm, job, .. }) => {
            if let Some(expect) = e["job_id"].as_str() {
                assert_eq!(job.as_deref(), Some(expect), "vector {n}: job");
            }
            if let Some(expect) = text("user") {
                assert_eq!(user.as_deref(), Some(&*expect), "vector {n}: user");
            }
            if let (Some(expect), Some(got)) = (text("algo"), algorithm.as_deref()) {
                assert_eq!(got, expect, "vector {n}: algorithm");
            }
        }
        Body::Job(job) => {
            if let Some(expect) = e["job_id"].as_str() {
                assert_eq!(job.id.as_deref(), Some(expect), "vector {n}: job");
            }
            work(n, e, job.hashes);
        }
        Body::Difficulty { difficulty, hashes, .. } => {
            work(n, e, *hashes);
            if let (Some(expect), None) = (e["difficulty"].as_f64(), hashes) {
                assert_eq!(*difficulty, expect, "vector {n}: difficulty");
            }
        }
        Body::Hashrate(rate) => assert_eq!(Some(*rate), e["reported_hashrate"].as_f64(), "vector {n}: rate"),
        Body::Pool(pool) => {
            if let Some(host) = text("pool_host") {
                assert_eq!(pool.host, host, "vector {n}: pool");
                assert_eq!(pool.port.map(u64::from), e["pool_port"].as_u64(), "vector {n}: port");
            }
        }
        Body::Answer(_) | Body::VersionRolling | Body::Request(_) | Body::Other => {}
    }
    (fits, m.strength)
}

/// Expected hashes a share, where vector and message both state one number. 1e-5, as the vectors are rounded.
fn work(n: u64, e: &Value, hashes: Option<f64>) {
    let (Some(expect), Some(got)) = (e["hashes_per_share"].as_f64(), hashes) else { return };
    assert!((got / expect - 1.0).abs() < 1e-5, "vector {n}: {got} hashes, not {expect}");
}

#[test]
fn no_negative_gives_a_verdict() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v.dialect.starts_with("negative:")) {
        seen += 1;
        each_message(&[&v.bytes], |m, _| {
            if let Some(m) = m {
                assert!(m.strength == Strength::Context, "vector {} ({}): {m:?}", v.n, v.dialect);
            }
        });
    }
    assert!(seen > 140, "only {seen} negatives: the file is not what it was");
}

#[test]
fn replies_say_yes_or_no_only_in_context() {
    for v in vectors() {
        let (Some(_), Some("accept" | "reject")) = (allowed(&v.dialect), v.expect["kind"].as_str()) else {
            continue;
        };
        let mut got = None;
        let mut own = false;
        each_message(&[&v.bytes], |m, r| {
            own |= m.is_some_and(|m| matches!(m.body, Body::Answer(_)));
            got = r.map(|r| (r.verdict, r.error.map(|e| e.into_owned())));
        });
        if own {
            continue; // some dialects answer in messages of their own
        }
        let (verdict, error) = got.unwrap_or_else(|| panic!("vector {}: no reply", v.n));
        let expect = if v.expect["kind"] == "accept" { Verdict::Accepted } else { Verdict::Rejected };
        assert_eq!(verdict, expect, "vector {}", v.n);
        if let (Some(reason), Some(error)) = (v.expect["reason"].as_str(), error) {
            assert_eq!(error, reason, "vector {}", v.n);
        }
    }
}

#[test]
fn any_cut_says_the_same() {
    for v in vectors().iter().filter(|v| allowed(&v.dialect).is_some()).filter(|v| v.bytes.len() < 1500) {
        let whole = said(&[&v.bytes]);
        for cut in 1..v.bytes.len() {
            let (a, b) = v.bytes.split_at(cut);
            assert_eq!(said(&[a, b]), whole, "vector {} cut at {cut}", v.n);
        }
    }
}

#[test]
fn ten_of_a_kind_in_one_segment_are_ten() {
    for v in vectors() {
        let (Some(_), Some("unique")) = (allowed(&v.dialect), v.expect["strength"].as_str()) else {
            continue;
        };
        let each = v.expect["messages"].as_u64().unwrap_or(1);
        let mut count = 0;
        each_message(&[&v.bytes.repeat(10)], |m, r| count += u64::from(m.is_some() || r.is_some()));
        assert_eq!(count, 10 * each, "vector {}", v.n);
    }
}

#[test]
fn a_mebibyte_without_an_end_is_bounded() {
    for v in vectors().iter().filter(|v| v.bytes.len() > 20) {
        let mut framer = Framer::default();
        let piece: Vec<u8> = v.bytes.iter().copied().filter(|b| *b != b'\n').collect();
        for _ in 0..(1 << 20) / piece.len() {
            framer.feed(&piece, 64 << 10, |_| {});
            assert!(framer.buffered() <= 160 << 10, "vector {}: {}", v.n, framer.buffered());
        }
    }
}

/// A quoted message stays a quotation where a segment happens to begin with it.
#[test]
fn no_cut_of_a_negative_is_told() {
    let rules = Arc::new(load_rules(&Config::default()).expect("built-in rules"));
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v.dialect.starts_with("negative:") && v.bytes.len() < 1500) {
        let mut sensor = Sensor::new(Settings::default(), Arc::clone(&rules), 0);
        let mut events = Vec::new();
        for cut in 1..v.bytes.len() {
            let (head, tail) = v.bytes.split_at(cut);
            for (seq, part) in [(1, head), (1 + cut as u32, tail)] {
                let ends = PacketBuilder::ipv4([10, 0, 0, 1], [192, 0, 2, 1], 9);
                let mut data = Vec::new();
                ends.tcp(cut as u16, 3333, seq, 9).ack(1).write(&mut data, part).expect("a packet");
                let time = Time::from_secs(cut as u64);
                let frame = Frame { time, link: LinkType::RawIp, wire_len: data.len() as u32, data: &data };
                sensor.frame(&frame, &mut events);
                seen += 1;
            }
        }
        sensor.finish(&mut events);
        assert!(events.is_empty(), "vector {} ({}): {:?}", v.n, v.dialect, events[0]);
    }
    assert!(seen > 10_000, "only {seen} segments");
}

/// Requests and responses of HTTP mining: the unique ones are told alone, the strong ones only with another.
#[test]
fn http_calls_are_told_by_their_strength() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let rules = Arc::new(load_rules(&Config::default()).expect("built-in rules"));
    let dialects = ["getwork", "gbt", "monero-daemon-rpc", "monero-merge-mining", "eth-node-rpc"];
    let mut seen = 0;
    for v in text.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line")) {
        if v["transport"] != "http" || !dialects.contains(&v["dialect"].as_str().unwrap_or_default()) {
            continue;
        }
        // Lengths in the file are of bodies that were shortened for it.
        let message = v["message"].as_str().expect("message").replace("\r\n", "\n");
        let (head, body) = message.split_once("\n\n").expect("a head");
        let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("Content-Length")).collect();
        let length = format!("Content-Length: {}", body.len());
        let whole = format!("{}\r\n{length}\r\n\r\n{body}", head.join("\r\n"));
        for cut in [whole.len(), whole.len() - body.len()] {
            let mut sensor = Sensor::new(Settings::default(), Arc::clone(&rules), 0);
            let mut events = Vec::new();
            let (first, rest) = whole.split_at(cut);
            for (seq, part) in [(1, first), (1 + cut as u32, rest)] {
                let ends = PacketBuilder::ipv4([10, 0, 0, 1], [192, 0, 2, 1], 9);
                let mut data = Vec::new();
                ends.tcp(40_000, 8332, seq, 9).ack(1).write(&mut data, part.as_bytes()).expect("a packet");
                let time = Time::from_secs(1);
                let frame = Frame { time, link: LinkType::RawIp, wire_len: data.len() as u32, data: &data };
                sensor.frame(&frame, &mut events);
            }
            sensor.finish(&mut events);
            let unique = v["expect"]["strength"] == "unique";
            // A response's body that comes apart from a head without a pool's headers opens nothing.
            if cut < whole.len() && v["direction"] == "server" {
                continue;
            }
            assert_eq!(!events.is_empty(), unique, "vector {} cut at {cut}: {events:?}", v["n"]);
            assert!(!format!("{events:?}").contains("ng:x"), "vector {}: a password was kept", v["n"]);
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} calls");
}

/// A submit and the reply to its id are one accepted share; the reply alone is none.
#[test]
fn a_share_is_accepted_by_the_reply_to_it() {
    use geophone::detect::session::Session;
    for v in vectors() {
        let (Some(_), Some("submit")) = (allowed(&v.dialect), v.expect["kind"].as_str()) else { continue };
        let Some(id) = v.expect.get("id") else { continue };
        let reply = format!(r#"{{"id":{id},"result":true,"error":null}}"#);
        let mut session = Session::new(Time(0));
        session.line(Way::Down, &Line::read(reply.as_bytes()), Time(0));
        assert_eq!(session.live().shares().accepted, 0, "vector {}", v.n);
        each_object(&v.bytes, |o| {
            session.line(Way::Up, &Line::read(o), Time(1));
        });
        session.line(Way::Down, &Line::read(reply.as_bytes()), Time(2));
        session.line(Way::Down, &Line::read(reply.as_bytes()), Time(3));
        let shares = session.live().shares();
        assert_eq!((shares.submitted, shares.accepted, shares.rejected), (1, 1, 0), "vector {}", v.n);
    }
}

fn each_object(bytes: &[u8], mut each: impl FnMut(&[u8])) {
    Framer::default().feed(bytes, 64 << 10, |m| {
        if let line::Message::Object(o) = m {
            each(o);
        }
    });
}

/// What each vector is, as it travels: the words of its dialect that are right, or `None` for what is told by a known
/// host or inside encryption, which no message proves.
fn travels(v: &Value) -> Option<&'static [&'static str]> {
    let (dialect, kind) = (v["dialect"].as_str()?, v["expect"]["kind"].as_str().unwrap_or_default());
    Some(match (dialect, kind) {
        ("sv2-noise" | "sv2-plain" | "datum" | "tls" | "miner-script" | "stratum-url", _) => return None,
        // A known host's name alone.
        ("duinocoin", "discovery" | "ws_upgrade")
        | ("coinhive" | "socketio-cwm" | "webminer-generic", "ws_upgrade") => return None,
        // A manager's question alone, as scanners ask it: told when a miner answers.
        ("miner-api", "miner_api") if v["direction"] == "client" => return None,
        ("aleo-zkwork", _) => &["aleo"],
        ("alephium-node", _) => &["alephium"],
        ("chia", _) => &["chia"],
        ("deepminer", _) => &["deepminer"],
        ("duinocoin", _) => &["duino"],
        ("jsecoin", _) => &["jsecoin"],
        ("kadena", _) => &["kadena"],
        ("miner-api", _) => &["minerapi"],
        ("nimiq", _) => &["nimiq"],
        ("proxy-connect" | "ws-stratum-bridge", _) => &["bitcoin"],
        ("proxy-socks5" | "proxy-socks4a" | "xdag", _) => &["cryptonote"],
        ("sia", _) => &["sia"],
        ("skypool-nimiq", _) => &["skypool"],
        ("socketio-cwm", _) => &["cpuwebminer"],
        ("webminer-generic", _) => &["webminer"],
        ("xdag-pool-node", _) => &["xdagnode"],
        ("xelis-node", _) => &["xelis"],
        ("zilliqa" | "eth-node-rpc", _) => &["ethproxy"],
        ("getwork", _) => &["getwork"],
        ("gbt", _) => &["getblocktemplate", "getwork"],
        ("monero-daemon-rpc" | "monero-merge-mining", _) => &["getblocktemplate"],
        _ => &[],
    })
}

/// The bytes on the wire: an HTTP message with a right length, a WebSocket's frame as its side sends it, or as it is.
fn on_the_wire(v: &Value) -> Vec<u8> {
    let message = v["message"].as_str().expect("message");
    if v["enc"] == "hex" {
        let digit = |i: usize| u8::from_str_radix(&message[i..i + 2], 16).expect("hex");
        return (0..message.len()).step_by(2).map(digit).collect();
    }
    match v["transport"].as_str() {
        Some("http") => {
            // Lengths in the file are of bodies that were shortened for it.
            let (head, body) = message.split_once("\r\n\r\n").expect("a head");
            let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("Content-Length")).collect();
            let length =
                if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
            format!("{}\r\n{length}\r\n{body}", head.join("\r\n")).into_bytes()
        }
        Some("ws-text") => {
            let mask = v["direction"] == "client";
            let mut frame = vec![0x81];
            let flag = if mask { 0x80 } else { 0 };
            match message.len() {
                len @ 0..126 => frame.push(flag | len as u8),
                len => frame.extend([flag | 126, (len >> 8) as u8, len as u8]),
            }
            let key = if mask { [0x37, 0xfa, 0x21, 0x3d] } else { [0; 4] };
            frame.extend(&key[..if mask { 4 } else { 0 }]);
            frame.extend(message.bytes().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
            frame
        }
        _ => message.as_bytes().to_vec(),
    }
}

/// Every vector as it travels, alone and in mid-stream: a unique one is told, with its dialect; a strong one is told
/// with a second of its kind; what means nothing alone is not.
#[test]
fn every_vector_through_the_sensor() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let rules = Arc::new(load_rules(&Config::default()).expect("built-in rules"));
    let told = |bytes: &[u8], times: u32| {
        let mut sensor = Sensor::new(Settings::default(), Arc::clone(&rules), 0);
        let mut events = Vec::new();
        for n in 0..times {
            let ends = PacketBuilder::ipv4([10, 0, 0, 1], [192, 0, 2, 1], 9);
            let mut data = Vec::new();
            let seq = 1 + n * bytes.len() as u32;
            ends.tcp(40_000, 3333, seq, 9).ack(1).write(&mut data, bytes).expect("a packet");
            let time = Time::from_secs(1 + u64::from(n));
            sensor.frame(
                &Frame { time, link: LinkType::RawIp, wire_len: data.len() as u32, data: &data },
                &mut events,
            );
        }
        sensor.finish(&mut events);
        events.into_iter().find_map(|e| match e {
            geophone::detect::Event::Session(r) => Some(r.mining.dialect.name()),
            geophone::detect::Event::Alert(_) => None,
        })
    };
    let (mut seen, mut faults) = (0, Vec::new());
    for v in text.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line")) {
        let negative = v["dialect"].as_str().is_some_and(|d| d.starts_with("negative:"));
        if negative {
            if v["transport"] != "tls" && told(&on_the_wire(&v), 1).is_some() {
                faults.push(format!("{} is told", v["n"]));
            }
            continue;
        }
        let Some(words) = travels(&v) else { continue };
        let bytes = on_the_wire(&v);
        let strength = v["expect"]["strength"].as_str().unwrap_or_default();
        let (once, twice) = (told(&bytes, 1), told(&bytes, 2));
        let answer = matches!(v["expect"]["kind"].as_str(), Some("accept" | "reject")) && words.is_empty();
        let fits = |word: Option<&str>| word.is_some_and(|w| words.is_empty() || words.contains(&w));
        let right = match strength {
            "unique" if answer => true,
            "unique" => fits(once),
            "strong" => fits(twice),
            _ => once.is_none(),
        };
        if !right {
            faults.push(format!("{} ({} {strength}): {once:?}, {twice:?}", v["n"], v["dialect"]));
        }
        seen += 1;
    }
    assert!(faults.is_empty(), "{} of {seen}:\n{}", faults.len(), faults.join("\n"));
    assert!(seen > 230, "only {seen} vectors");
}
