//! Conversations as the software sends them that were once missed or told wrongly: replies longer than a segment,
//! several lines in one wrapper, heads apart from their bodies, greetings inside wrappings.

use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::{Event, Mining, Phase, Transport, Via};
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};

const WALLET: &str =
    "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq";
const HASH: &str = "4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000";
const CLIENT: usize = 0;
const SERVER: usize = 1;

/// Who speaks, and what.
type Talk = Vec<(usize, Vec<u8>)>;

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

/// The account of a conversation in segments of at most `most` bytes, of both sides or of one.
fn play(talk: &Talk, most: usize, only: Option<usize>) -> Option<Mining> {
    let mut sensor = Sensor::new(Settings::default(), rules(), 0);
    let (mut events, mut seqs, mut time) = (Vec::new(), [1u32, 1], 1_000_000u64);
    for (side, bytes) in talk {
        for (at, part) in bytes.chunks(most).enumerate() {
            let (client, server) = ([10, 0, 0, 7], [203, 0, 113, 9]);
            let (ends, ports) = match *side {
                CLIENT => (PacketBuilder::ipv4(client, server, 9), (50_000, 8181)),
                _ => (PacketBuilder::ipv4(server, client, 9), (8181, 50_000)),
            };
            let mut data = Vec::new();
            ends.tcp(ports.0, ports.1, seqs[*side], 9).ack(1).write(&mut data, part).expect("a packet");
            seqs[*side] += part.len() as u32;
            time += if at == 0 { 50_000 } else { 100 };
            if only.is_some_and(|o| o != *side) {
                continue;
            }
            let (time, wire_len) = (Time(time), data.len() as u32);
            sensor.frame(&Frame { time, link: LinkType::RawIp, wire_len, data: &data }, &mut events);
        }
    }
    sensor.finish(&mut events);
    events.into_iter().find_map(|e| match e {
        Event::Session(r) if r.phase == Phase::Final => Some(r.mining),
        Event::Session(_) | Event::Alert(_) => None,
    })
}

fn mining(talk: &Talk) -> Mining {
    play(talk, 1460, None).expect("a session")
}

fn client(text: &str) -> (usize, Vec<u8>) {
    (CLIENT, text.as_bytes().to_vec())
}

fn server(text: &str) -> (usize, Vec<u8>) {
    (SERVER, text.as_bytes().to_vec())
}

fn frame(side: usize, text: &str) -> (usize, Vec<u8>) {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let flag = if side == CLIENT { 0x80 } else { 0 };
    let mut frame = vec![0x81];
    match text.len() {
        len @ 0..126 => frame.push(flag | len as u8),
        len => frame.extend([flag | 126, (len >> 8) as u8, len as u8]),
    }
    if side == CLIENT {
        frame.extend(mask);
        frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(b, k)| b ^ k));
    } else {
        frame.extend(text.as_bytes());
    }
    (side, frame)
}

fn upgrade(target: &str) -> Talk {
    vec![
        client(&format!(
            "GET {target} HTTP/1.1\r\nHost: relay.example.net:8181\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://films.example.org\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
        )),
        server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    ]
}

fn with_body(side: usize, head: &str, body: &[u8]) -> (usize, Vec<u8>) {
    (side, [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat())
}

fn socks() -> Talk {
    vec![
        (CLIENT, b"\x05\x01\x00".to_vec()),
        (SERVER, b"\x05\x00".to_vec()),
        (CLIENT, b"\x05\x01\x00\x03\x10pool.example.net\x0a\xfb".to_vec()),
        (SERVER, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec()),
    ]
}

const STATUS: &str =
    r#""STATUS":[{"STATUS":"S","When":1700000000,"Code":9,"Msg":"x","Description":"cgminer 4.12.1"}]"#;

/// 20 KiB, ended by a NUL: longer than a segment, and than a line that nothing was proven by.
#[test]
fn a_miners_answer_is_longer_than_a_segment() {
    let device = r#"{"ASC":0,"Name":"BTM","Enabled":"Y","Status":"Alive","Temperature":61.00,"MHS av":4700000.12,"MHS 5s":4712345.55,"Accepted":17,"Rejected":0,"Hardware Errors":0,"Utility":1.2,"Last Share Pool":0}"#;
    for count in [12, 90] {
        let devices = vec![device; count].join(",");
        let answer = format!("{{{STATUS},\"DEVS\":[{devices}],\"id\":1}}\0");
        let talk = vec![client(r#"{"command":"devs","parameter":""}"#), server(&answer)];
        for only in [None, Some(SERVER)] {
            let m = play(&talk, 1460, only).expect("a session");
            assert_eq!((m.dialect.name(), m.agent.as_deref()), ("minerapi", Some("cgminer 4.12.1")));
            assert!(m.client_role_proven);
        }
    }
}

#[test]
fn joined_calls_are_answered_at_once() {
    let pool =
        r#"{"POOL":0,"URL":"stratum+tcp://p.example.net:3333","Status":"Alive","Stratum Active":true}"#;
    let pad = format!("\"Pad\":\"{}\"", "x".repeat(1500));
    for pad in ["\"Elapsed\":1", &pad] {
        let answer = format!(
            "{{\"summary\":[{{{STATUS},\"SUMMARY\":[{{{pad},\"MHS av\":4.1}}],\"id\":1}}],\"pools\":[{{{STATUS},\"POOLS\":[{pool}],\"id\":1}}],\"id\":1}}\0"
        );
        let m = mining(&vec![client(r#"{"command":"summary+pools"}"#), server(&answer)]);
        assert_eq!((m.dialect.name(), m.server_name.as_deref()), ("minerapi", Some("p.example.net")));
    }
}

/// A relay wraps what it read from the pool, which is several lines as often as not.
#[test]
fn a_bridge_wraps_several_lines_at_once() {
    let job = |id: &str| {
        format!(
            r#"{{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"{id}\",\"{HASH}\",\"01\",\"02\",[],\"20000000\",\"1c2ac4af\",\"504e86b9\",true]}}\n"#
        )
    };
    let mut talk = upgrade("/ws");
    talk.extend([
        frame(CLIENT, &format!(r#"{{"type":"connect","pool":"stratum+tcp://sha.pool.example.net:3333","wallet":"{WALLET}","password":"x"}}"#)),
        frame(SERVER, &format!(r#"{{"type":"pool","data":"{{\"id\":2,\"result\":true,\"error\":null}}\n{{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[0.01]}}\n{}{}"}}"#, job("b1"), job("b2"))),
        frame(CLIENT, &format!(r#"{{"type":"share","data":{{"id":5,"method":"mining.submit","params":["{WALLET}.web","b2","00000001","66a1b2c3","0011aabc"]}}}}"#)),
        frame(SERVER, r#"{"type":"pool","data":"{\"id\":5,\"result\":null,\"error\":[23,\"low\",null]}\n"}"#),
    ]);
    let m = mining(&talk);
    assert_eq!((m.dialect.name(), m.jobs, m.difficulty), ("bitcoin", 2, Some(0.01)));
    assert_eq!((m.shares.submitted, m.shares.rejected), (1, 1));
    // In mid-stream the first line of a wrapper may say nothing.
    assert_eq!(mining(&talk[3..4].to_vec()).jobs, 2);
}

/// The server greets without a line feed, and the first thread asks for the message of the day.
#[test]
fn duino_coin_inside_a_tunnel() {
    let mut talk =
        vec![server("3.0"), client("MOTD"), server("Welcome to the node, have fun!\nA second line\n")];
    for n in 0..3 {
        talk.extend([
            client("JOB,alice,LOW,bXlrZXk="),
            server(&format!(
                "0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb9932,{}\n",
                300 + n
            )),
            client("11893,2145670.25,Official PC Miner 4.3,lab-pc,,2811"),
            server("GOOD\n"),
        ]);
    }
    let inside: Talk = socks().into_iter().chain(talk.clone()).collect();
    let without: Talk = socks().into_iter().chain(vec![server("3.0\n")]).chain(talk[3..].to_vec()).collect();
    for (talk, via) in [(talk, None), (inside, Some(Via::Socks5)), (without, Some(Via::Socks5))] {
        let m = mining(&talk);
        assert_eq!((m.dialect.name(), m.route.via, m.payee.as_deref()), ("duino", via, Some("alice")));
        assert_eq!((m.jobs, m.shares.submitted, m.shares.accepted), (3, 3, 3));
    }
}

/// Other people's miners say neither chip nor group.
#[test]
fn duino_coin_by_other_miners() {
    let mut talk = vec![server("3.0")];
    for _ in 0..2 {
        talk.extend([
            client("JOB,alice,MEDIUM,None"),
            server(
                "0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb9932,6000\n",
            ),
            client("11893,2145670,nonceMiner v3.4,lab-pc"),
            server("GOOD\n"),
        ]);
    }
    let m = mining(&talk);
    assert_eq!((m.worker.as_deref(), m.agent.as_deref()), (Some("lab-pc"), Some("nonceMiner v3.4")));
    assert_eq!((m.jobs, m.shares.submitted, m.shares.accepted), (2, 2, 2));
}

/// Who asks a Chainweb node for work says in the body who is to be paid.
#[test]
fn kadenas_miner_names_its_account() {
    let account = "k:f89ef46927f506c70b6a58fd322450a936311dc6ac91f4ec3d8ef949608dbf1f";
    let key = &account[2..];
    let body = format!(r#"{{"account":"{account}","predicate":"keys-all","public-keys":["{key}"]}}"#);
    let ask = with_body(
        CLIENT,
        "GET /chainweb/0.0/mainnet01/mining/work HTTP/1.1\r\nHost: node.example.net:1848\r\nContent-Type: application/json\r\n",
        body.as_bytes(),
    );
    let work =
        with_body(SERVER, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n", &[0xa5; 322]);
    let solved = with_body(
        CLIENT,
        "POST /chainweb/0.0/mainnet01/mining/solved HTTP/1.1\r\nHost: node.example.net:1848\r\n",
        &[0x5a; 286],
    );
    let talk = vec![ask, work, solved, server("HTTP/1.1 204 No Content\r\n\r\n")];
    for (most, only) in [(1460, None), (100, None), (1460, Some(CLIENT))] {
        let m = play(&talk, most, only).expect("a session");
        assert_eq!(
            (m.dialect.name(), m.payee.as_deref(), m.transport),
            ("kadena", Some(account), Transport::Http)
        );
        assert_eq!((m.shares.submitted, m.midstream), (1, false));
    }
    // A wallet's account and keys are no mining.
    let wallet =
        with_body(CLIENT, "POST /log HTTP/1.1\r\nContent-Type: application/json\r\n", body.as_bytes());
    assert!(play(&vec![wallet], 1460, None).is_none());
}

/// The farmer's queries have no `0x`, and each of its requests has a connection of its own, head and body apart.
#[test]
fn chias_farmer_asks_and_joins() {
    let id = "a5".repeat(32);
    let (payee, agent) =
        (format!("0x{id}"), "User-Agent: Chia Blockchain v.2.1.0\r\nHost: pool.example.net\r\n");
    let body = format!(
        r#"{{"payload":{{"launcher_id":"{payee}","authentication_token":5000,"authentication_public_key":"0x{}","payout_instructions":"{}","suggested_difficulty":null}},"signature":"0x{}"}}"#,
        "b7".repeat(48),
        "c1".repeat(32),
        "0d".repeat(96)
    );
    let ask =
        format!("GET /farmer?launcher_id={id}&authentication_token=27&signature=0d HTTP/1.1\r\n{agent}\r\n");
    let join = |method: &str| {
        vec![
            client(&format!("{method} /farmer HTTP/1.1\r\n{agent}Content-Length: {}\r\n\r\n", body.len())),
            client(&body),
        ]
    };
    for talk in [vec![client(&ask)], join("POST"), join("PUT")] {
        let m = mining(&talk);
        assert_eq!((m.dialect.name(), m.payee.as_deref()), ("chia", Some(&*payee)));
    }
}

/// What a client sends after its request is told from its first byte on, answer or not.
#[test]
fn a_websocket_of_which_only_the_client_is_heard() {
    let mut talk = upgrade("/socket.io/?EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC");
    talk.extend([
        frame(CLIENT, "2probe"),
        frame(CLIENT, "5"),
        frame(CLIENT, r#"42["start",{"client":"cpu-web-miner","version":"1.9.4","stratum":{"server":"yespower.example.net","port":6234,"worker":"ltc1qun9tllrde6w596tkhqz7az5glwgzqu5uydpw58.web","password":"c=LTC","ssl":false},"algo":"cwm_yespowerR16"}]"#),
    ]);
    let frames: Vec<u8> = talk[2..].iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let cut = frames.chunks(7).map(|part| (CLIENT, part.to_vec()));
    let talk: Talk = talk[..1].iter().cloned().chain(cut).collect();
    let m = mining(&talk);
    assert_eq!(m.site.as_deref(), Some("https://films.example.org"));
    assert_eq!((m.server_name.as_deref(), m.incomplete), (Some("yespower.example.net"), false));
}

/// Eight pings are no mining, but the probes of Socket.IO's upgrade are not counted among what was none.
#[test]
fn a_page_that_waits_before_it_starts() {
    let mut talk = upgrade("/socket.io/?EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC");
    talk.extend([frame(CLIENT, "2probe"), frame(SERVER, "3probe"), frame(CLIENT, "5")]);
    (0..3).for_each(|_| talk.extend([frame(SERVER, "2"), frame(CLIENT, "3")]));
    talk.push(frame(CLIENT, r#"42["start",{"client":"cpu-web-miner","stratum":{"server":"yespower.example.net","port":6234,"worker":"w.web","password":"x"},"algo":"cwm_yespower"}]"#));
    assert_eq!(mining(&talk).site.as_deref(), Some("https://films.example.org"));
}

/// Jobs that are longer than a segment, heard in mid-stream from the pool's side alone.
#[test]
fn long_jobs_in_mid_stream() {
    let branch = vec![format!("\"{HASH}\""); 12].join(",");
    let work = format!(
        r#"42["work",{{"jobId":"1f","prevhash":"{HASH}","coinb1":"{}","coinb2":"{}","merkle_branch":[{branch}],"version":"20000000","nbits":"1c2ac4af","ntime":"66a1b2c3","clean":true}}]"#,
        "01".repeat(80),
        "02".repeat(250)
    );
    let hash = format!("{}=", "A".repeat(43));
    let block = format!(
        r#"{{"message":"new-block","bodyHash":"{hash}","accountsHash":"{hash}","previousBlock":"{}"}}"#,
        "Ab3+".repeat(500)
    );
    for (text, dialect) in [(work, "cpuwebminer"), (block, "nimiq")] {
        let m = mining(&vec![frame(SERVER, &text), frame(SERVER, &text)]);
        assert_eq!((m.dialect.name(), m.jobs, m.transport), (dialect, 2, Transport::WebSocket));
    }
}

/// A node's answers alone: work, in each of them.
#[test]
fn a_node_of_which_only_the_answers_are_heard() {
    let answer = |n: u8| {
        let (header, seed) = (format!("{n:02x}").repeat(32), "63".repeat(32));
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":["0x{header}","0x{seed}","0x00000000{}"]}}"#,
            "f".repeat(56)
        );
        with_body(SERVER, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", body.as_bytes())
    };
    let m = mining(&vec![answer(1), answer(2), answer(3)]);
    assert_eq!((m.dialect.name(), m.transport, m.jobs), ("ethproxy", Transport::Http, 3));
}

#[test]
fn jsecoins_beginning_is_a_beginning() {
    let mut talk = upgrade("/socket.io/?EIO=3&transport=websocket");
    talk.extend([
        frame(CLIENT, r#"420["startComs",1]"#),
        frame(SERVER, &format!(r#"42["firstPreHash","{HASH}"]"#)),
        frame(
            CLIENT,
            &format!(r#"42["submitHash","{HASH},{HASH},12345,77001,u99,films.example.org,sub,0"]"#),
        ),
    ]);
    let m = mining(&talk);
    assert_eq!((m.dialect.name(), m.payee.as_deref(), m.midstream), ("jsecoin", Some("77001"), false));
    assert!(mining(&talk[3..].to_vec()).midstream);
}
