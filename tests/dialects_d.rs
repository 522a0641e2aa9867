//! Duino-Coin, zk.work, Alephium's node and the management of miners: each vector alone gives its dialect and values, no
//! other vector is taken for theirs, and a real conversation counts as it should.

use geophone::detect::Dialect;
use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::packet::Time;
use geophone::stratum::{
    self, Body, Job, Line, Login, Message, PoolName, Read, Role, Share, Strength, Verdict,
};
use geophone::wire::prefixed::{self, Order};
use geophone::wire::words;
use serde_json::Value;

const OURS: [Dialect; 4] = [Dialect::Aleo, Dialect::Alephium, Dialect::Duino, Dialect::Minerapi];

struct Vector {
    n: u64,
    dialect: String,
    transport: String,
    role: Role,
    bytes: Vec<u8>,
    expect: Value,
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect()
}

fn vectors() -> Vec<Vector> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let all = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line"));
    all.map(|v| {
        let message = v["message"].as_str().expect("a message");
        Vector {
            n: v["n"].as_u64().expect("a number"),
            dialect: v["dialect"].as_str().expect("a dialect").to_owned(),
            transport: v["transport"].as_str().unwrap_or_default().to_owned(),
            role: if v["direction"] == "client" { Role::Miner } else { Role::Pool },
            bytes: if v["enc"] == "hex" { unhex(message) } else { message.as_bytes().to_vec() },
            expect: v["expect"].clone(),
        }
    })
    .collect()
}

/// All that these readers find in some bytes, each given them as if they were its own.
fn each_message(bytes: &[u8], mut each: impl FnMut(&Message<'_>)) {
    words::Framer::default().feed(bytes, |text, _| stratum::read_text(text).inspect(&mut each).is_some());
    for order in [Order::Big, Order::Little] {
        prefixed::Framer::new(order).feed(bytes, 1 << 16, |m| {
            if let prefixed::Message::Whole(m) = m {
                stratum::read_prefixed(order, m).inspect(&mut each);
            }
        });
    }
    let text = String::from_utf8_lossy(bytes);
    let body = text.split_once("\r\n\r\n").map_or(&*text, |(_, body)| body);
    let line = Line::read(body.trim_matches(['\0', '\n', '\r']).as_bytes());
    for read in [stratum::read(&line), stratum::read_body(&line)] {
        if let Read::Message(m) = read {
            each(&m);
        }
    }
}

fn near(wanted: &Value, found: Option<f64>) -> bool {
    wanted.as_f64().is_none_or(|w| found.is_some_and(|f| (f / w - 1.0).abs() < 1e-6))
}

/// Compares what a message says with what its vector expects.
fn values(n: u64, expect: &Value, body: &Body<'_>) {
    let want = |key: &str| match &expect[key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    match (body, expect["kind"].as_str()) {
        (Body::Authorize(Login { user, worker, .. }), Some("login" | "getjob")) => {
            assert_eq!(Some(user.to_string()), want("user"), "vector {n}");
            assert_eq!(own(worker), want("worker"), "vector {n}");
        }
        (Body::Job(Job { id, hashes, algorithm }), Some("job")) => {
            assert!(near(&expect["hashes_per_share"], *hashes), "vector {n}: {hashes:?}");
            assert_eq!(own(algorithm), want("algo"), "vector {n}");
            assert!(want("job_id").is_none_or(|w| id.as_deref() == Some(&w)), "vector {n}: {id:?}");
        }
        (Body::Submit(Share { agent, worker, job, .. }), Some("submit")) => {
            assert_eq!(
                (own(agent), own(worker), own(job)),
                (want("agent"), want("worker"), want("job_id")),
                "{n}"
            );
        }
        (Body::Answer(verdict), Some("accept")) => assert_eq!(*verdict, Verdict::Accepted, "vector {n}"),
        (Body::Answer(verdict), Some("reject")) => assert_eq!(*verdict, Verdict::Rejected, "vector {n}"),
        (Body::Subscribe { agent, pool }, Some("miner_api")) => {
            assert_eq!(own(agent), want("agent"), "vector {n}");
            assert_eq!(pool.as_ref().map(|p| p.host.to_string()), want("pool_host"), "vector {n}");
            assert_eq!(
                pool.as_ref().and_then(|p| p.port).map(|p| p.to_string()),
                want("pool_port"),
                "vector {n}"
            );
        }
        (Body::Other, Some("miner_api")) => {}
        (body, kind) => panic!("vector {n}: {kind:?} was read as {body:?}"),
    }
}

fn dialect_of(vector: &Vector) -> Option<Dialect> {
    match (&*vector.dialect, &*vector.transport) {
        ("duinocoin", "tcp" | "ws-text") => Some(Dialect::Duino),
        ("aleo-zkwork", _) => Some(Dialect::Aleo),
        ("alephium-node", _) => Some(Dialect::Alephium),
        ("miner-api", _) => Some(Dialect::Minerapi),
        _ => None,
    }
}

#[test]
fn each_vector_alone_is_its_dialect() {
    let mut seen = 0;
    for v in vectors() {
        let Some(dialect) = dialect_of(&v) else { continue };
        let wanted = match v.expect["strength"].as_str() {
            Some("unique") => Strength::Unique,
            Some("strong") => Strength::Strong,
            _ => Strength::Context,
        };
        let mut found = 0;
        each_message(&v.bytes, |m| {
            assert_eq!((m.dialect, m.strength), (dialect, wanted), "vector {}: {m:?}", v.n);
            // The miner is the side that is managed.
            let role = match (dialect, v.role) {
                (Dialect::Minerapi, Role::Miner) => Role::Pool,
                (Dialect::Minerapi, Role::Pool) => Role::Miner,
                (_, role) => role,
            };
            assert_eq!(m.role, Some(role), "vector {}", v.n);
            values(v.n, &v.expect, &m.body);
            found += 1;
        });
        let greeting = v.expect["kind"] == "greeting";
        assert_eq!(found > 0, !greeting, "vector {}", v.n);
        seen += usize::from(found > 0);
    }
    assert!(seen >= 15, "only {seen} vectors: the file is not what it was");
}

/// Words that mean something only in a session are all that others may share with these.
#[test]
fn no_other_vector_is_one_of_these() {
    let mut seen = 0;
    for v in vectors() {
        if dialect_of(&v).is_some() {
            continue;
        }
        let kin = v.dialect == "alephium" || v.dialect == "aleo";
        each_message(&v.bytes, |m| {
            let ours = OURS.contains(&m.dialect) && !kin && m.strength > Strength::Context;
            assert!(!ours, "vector {} ({}): {m:?}", v.n, v.dialect);
        });
        assert_eq!(prefixed::looks_like(&v.bytes), None, "vector {}", v.n);
        assert!(!words::looks_like(&v.bytes), "vector {}", v.n);
        seen += 1;
    }
    assert!(seen > 400, "only {seen} vectors");
}

#[test]
fn the_screen_knows_what_opens_a_session() {
    for v in vectors() {
        let opens = v.expect["strength"] == "unique" || v.expect["strength"] == "strong";
        match dialect_of(&v) {
            Some(Dialect::Duino) => assert_eq!(words::looks_like(&v.bytes), opens, "vector {}", v.n),
            Some(Dialect::Alephium) => assert_eq!(prefixed::looks_like(&v.bytes), Some(Order::Big)),
            Some(Dialect::Aleo) => {
                assert_eq!(prefixed::looks_like(&v.bytes), opens.then_some(Order::Little), "vector {}", v.n);
            }
            _ => {}
        }
    }
}

/// What printers, tables of readings and lists of commits write.
#[test]
fn lines_that_look_alike() {
    for (text, wanted) in [
        ("JOB,alice,LOW,None,", Some(Strength::Unique)),
        ("JOB,alice,ESP32S3", Some(Strength::Unique)),
        ("JOB,alice,XXL", Some(Strength::Context)),
        ("JOB,12,LOW", Some(Strength::Context)),
        ("JOB,12,URGENT,room", None),
        ("JOB,12,urgent,room", None),
        ("JOB,alice,low", None),
        ("JOB,alice", None),
        ("JOB,,LOW", None),
        ("JOB,a b,LOW", None),
        ("JOB,\"alice\",LOW", None),
        ("1,2.0,Official AVR Miner 3.5,node,DUCOID0123ABCDEF", Some(Strength::Unique)),
        ("1,2,mine,node,DUCOID0123ABCDEF,7", Some(Strength::Unique)),
        ("12,23.5,kitchen,sensor2,,4", Some(Strength::Context)),
        ("12,23.5,kitchen,sensor2,on,4", None),
        ("12,23.5,7,sensor2,,4", None),
        ("12,1e5,Official PC Miner 4.3,x,,4", None),
        ("12,inf,Official PC Miner 4.3,x,,4", None),
        ("12,23.5,Official PC Miner 4.3,x,,4,5", None),
        ("GOOD,0.02", Some(Strength::Context)),
        ("BAD", Some(Strength::Context)),
        ("GOOD morning", None),
        ("BADGER", None),
        ("0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb9932,0", None),
        ("0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb9932,main", None),
        ("0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb993,300", None),
        ("", None),
        (",,,,,", None),
    ] {
        assert_eq!(stratum::read_text(text).map(|m| m.strength), wanted, "{text}");
    }
}

/// The first three exchanges of the official PC miner, a segment each; the greeting of older servers has no line feed.
const PC_MINER: [(Way, &str); 15] = [
    (Way::Down, "3.0"),
    (Way::Up, "MOTD"),
    (Way::Down, "Test node, nothing is mined here\nsecond line\n"),
    (Way::Up, "JOB,throwaway,LOW,None,"),
    (Way::Down, "58f006812ebd74b9290aa7a5af7f4ffd77899284,51bf394ad307d405185caa0dbbe506323fb36bce,3000\n"),
    (Way::Up, "116134,88219.13005969867,Official PC Miner 4.3,Auto,,1495"),
    (Way::Down, "GOOD\n"),
    (Way::Up, "JOB,throwaway,LOW,None,"),
    (Way::Down, "07eb091b5925f3055b8a5892d9834f5548bcdd7f,d01a66ae93c460f283bfc806001fb9fed7c213b7,3000\n"),
    (Way::Up, "192155,42804.79549309091,Official PC Miner 4.3,Auto,,1495"),
    (Way::Down, "GOOD\n"),
    (Way::Up, "JOB,throwaway,LOW,None,"),
    (Way::Down, "e28c40fdd29f401de7b445aa8c4a733620ed8c06,bbbfe8954e1b887bfebbb00d89884a6691690529,3000\n"),
    (Way::Up, "186718,102745.60108062412,Official PC Miner 4.3,Auto,,1495"),
    (Way::Down, "BAD,Incorrect result\n"),
];

/// What the sensor does with a text: a job without its line feed may have a longer number.
fn heeds(message: &Message<'_>, ended: bool) -> bool {
    ended || !matches!(message.body, Body::Job(_))
}

/// Messages by kind and words, of a conversation whose segments are cut by `cut`.
fn conversation(ended: bool, cut: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let (mut there, mut back) = (words::Framer::default(), words::Framer::default());
    let mut heard = Vec::new();
    for (way, segment) in PC_MINER {
        let missing = ended && !segment.ends_with('\n');
        for piece in cut(&format!("{segment}{}", if missing { "\n" } else { "" })) {
            let framer = if way == Way::Up { &mut there } else { &mut back };
            framer.feed(piece.as_bytes(), |text, ended| {
                let message = stratum::read_text(text).filter(|m| heeds(m, ended));
                heard.extend(message.as_ref().map(|m| format!("{:?}", m.body)));
                message.is_some()
            });
        }
    }
    heard
}

#[test]
fn a_conversation_counts_the_same_in_any_cut() {
    let whole = conversation(false, |s| vec![s.to_owned()]);
    assert_eq!(whole.len(), 12, "three of asking, job, share, answer: {whole:#?}");
    assert_eq!(conversation(true, |s| vec![s.to_owned()]), whole, "with line feeds");
    for at in 0..90 {
        let two = |s: &str| {
            let (a, b) = s.split_at(at.min(s.len()));
            [a, b].into_iter().filter(|p| !p.is_empty()).map(str::to_owned).collect()
        };
        assert_eq!(conversation(true, two), whole, "with line feeds, cut at {at}");
        assert_eq!(conversation(false, two), whole, "cut at {at}");
    }
    for size in 1..20 {
        let small = |s: &str| -> Vec<String> {
            s.as_bytes().chunks(size).map(|c| String::from_utf8_lossy(c).into_owned()).collect()
        };
        assert_eq!(conversation(true, small), whole, "with line feeds, pieces of {size}");
    }
}

#[test]
fn a_conversation_is_accounted() {
    let mut session = Session::new(Time(0));
    let (mut there, mut back, mut junk) = (words::Framer::default(), words::Framer::default(), 0);
    for (at, (way, segment)) in PC_MINER.into_iter().enumerate() {
        let framer = if way == Way::Up { &mut there } else { &mut back };
        junk += framer.feed(segment.as_bytes(), |text, ended| {
            let message = stratum::read_text(text).filter(|m| heeds(m, ended));
            if let Some(m) = &message {
                session.message(way, m, Time::from_secs(at as u64));
            }
            message.is_some()
        });
    }
    assert_eq!(session.dialect(), Dialect::Duino);
    assert_eq!(session.miner(), Some(Way::Up));
    assert_eq!(junk, 2, "the message of the day");
    let told = format!("{session:?}");
    for part in ["submitted: 3", "accepted: 2", "rejected: 1", "jobs: 3", "throwaway"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

/// Jobs, a block and its result, as a node and its miner send them.
#[test]
fn a_node_and_its_miner() {
    let blob = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let job = |from: u8, target: &[u8]| {
        let groups = [0, 0, 0, from, 0, 0, 0, 1];
        [&groups[..], &blob(&[7; 302]), &blob(&[1; 40]), &blob(target), &[0, 0, 3, 0xe8]].concat()
    };
    let jobs = |target: &[u8]| [&[1, 0, 0, 0, 0, 2][..], &job(0, target), &job(3, target)].concat();
    let read = |bytes: &[u8]| {
        stratum::read_prefixed(Order::Big, bytes)
            .map(|m| (m.dialect, m.role, m.strength, format!("{:?}", m.body)))
    };
    // 2^224 = a one and 28 zeros: sixteen times 2^32 hashes.
    let target = [&[1u8][..], &[0; 28]].concat();
    let (dialect, role, strength, body) = read(&jobs(&target)).expect("jobs");
    assert_eq!((dialect, role, strength), (Dialect::Alephium, Some(Role::Pool), Strength::Strong));
    assert!(body.contains("hashes: Some(68719476736.0)"), "{body}");
    assert_eq!(read(&jobs(&target)[1..]).expect("older nodes").3, body);
    assert!(read(&jobs(&[0; 28])).is_none(), "a target of nothing");
    assert!(read(&jobs(&[1; 33])).is_none(), "a target of too much");
    assert!(read(&job(4, &target)).is_none(), "there is no such group");
    let whole = jobs(&target);
    assert!((0..whole.len()).all(|cut| read(&whole[..cut]).is_none()), "cut");
    assert!(read(&[&whole[..], &[0]].concat()).is_none(), "longer");
    let block = [&[1, 0][..], &blob(&[9; 400])].concat();
    let (_, role, strength, body) = read(&block).expect("a block");
    assert_eq!((role, strength), (Some(Role::Miner), Strength::Context));
    assert!(body.starts_with("Submit"), "{body}");
    let mut refused =
        unhex("010100000000000000038006c67f7867f5fd4248b54d2af2d455aba03b6e7d1cd9a1e80d567441a19842");
    refused.push(0);
    assert!(read(&refused).expect("a result").3.contains("Rejected"));
    *refused.last_mut().unwrap() = 2;
    assert!(read(&refused).is_none(), "neither yes nor no");
}

#[test]
fn zk_work_in_a_session() {
    let mut session = Session::new(Time(0));
    let ours: Vec<Vector> = vectors().into_iter().filter(|v| v.dialect == "aleo-zkwork").collect();
    for v in &ours {
        let way = if v.role == Role::Miner { Way::Up } else { Way::Down };
        let message = stratum::read_prefixed(Order::Little, &v.bytes[4..]).expect("a message");
        session.message(way, &message, Time::from_secs(v.n));
    }
    assert_eq!(session.dialect(), Dialect::Aleo);
    let told = format!("{session:?}");
    for part in ["submitted: 1", "jobs: 1", "aleo1mup", "rig-01", "zk.work 0.2.5"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    for cut in 0..ours[0].bytes.len() - 4 {
        assert!(stratum::read_prefixed(Order::Little, &ours[0].bytes[4..4 + cut]).is_none(), "cut at {cut}");
    }
    for none in [&b""[..], &[4], &[0x84, 1], &[0, 2], &[1; 17], &[0x81; 13], &[2, 2]] {
        assert!(stratum::read_prefixed(Order::Little, none).is_none(), "{none:?}");
    }
}

fn managed(object: &str) -> Option<(Strength, Option<String>, Option<PoolName<'static>>)> {
    let line = Line::read(object.as_bytes());
    let Read::Message(m) = stratum::read(&line) else { return None };
    if m.dialect != Dialect::Minerapi {
        return None;
    }
    let (agent, pool) = match m.body {
        Body::Subscribe { agent, pool } => (agent.map(|a| a.into_owned()), pool),
        _ => (None, None),
    };
    let pool = pool.map(|p| PoolName { host: p.host.into_owned().into(), port: p.port });
    Some((m.strength, agent, pool))
}

#[test]
fn management_and_what_looks_like_it() {
    let told = |object: &str| managed(object).map(|(strength, agent, _)| (strength, agent));
    let unique = |agent: Option<&str>| Some((Strength::Unique, agent.map(str::to_owned)));
    let status =
        r#"{"STATUS":[{"STATUS":"S","When":1,"Code":7,"Msg":"","Description":"WHO"}],SECTION,"id":1}"#;
    let with = |who: &str, section: &str| status.replace("WHO", who).replace("SECTION", section);
    let devs = r#""DEVS":[{"ASC":0,"MHS av":1.0}]"#;
    assert_eq!(told(&with("BMMiner 2.0.0", r#""VERSION":[{}]"#)), unique(Some("BMMiner 2.0.0")));
    assert_eq!(told(&with("something of mine", devs)), unique(Some("something of mine")));
    assert_eq!(told(&with("something of mine", r#""DEVS":[{"ASC":0}]"#)), None);
    assert_eq!(told(&with("cgminerals", r#""DEVS":[]"#)), None);
    assert_eq!(told(r#"{"STATUS":"S","SUMMARY":[{"MHS av":1}]}"#), None);
    let pools = r#""POOLS":[{"URL":"stratum+tcp://a.example.net:1","Stratum Active":false},{"URL":"stratum+tcp://b.example.net:2","Stratum Active":true}]"#;
    let pool = managed(&with("cgminer 4", pools)).and_then(|(_, _, pool)| pool).expect("a pool");
    assert_eq!((&*pool.host, pool.port), ("b.example.net", Some(2)));

    assert_eq!(told(r#"{"command":"summary","parameter":""}"#), Some((Strength::Context, None)));
    assert_eq!(told(r#"{"command":"summary","user":"a","more":1}"#), None);
    assert_eq!(told(r#"{"command":"open"}"#), None);

    let call = |method: &str| told(&format!(r#"{{"id":0,"jsonrpc":"2.0","method":"{method}","psw":"x"}}"#));
    assert_eq!(call("miner_getstat2"), unique(None));
    assert_eq!(call("miner_ping"), Some((Strength::Context, None)));
    for node in ["miner_start", "miner_stop", "miner_setEtherbase", "miner_setGasPrice", "miner_getstat"] {
        assert_eq!(call(node), None, "{node}");
    }
    let nine = |first: &str, eighth: &str, ninth: &str| {
        told(&format!(
            r#"{{"id":0,"result":["{first}","1","2;3;4","5","6","off","61;30","{eighth}","{ninth}"]}}"#
        ))
    };
    assert_eq!(nine("9.3 - ETH", "a.example.net:1;b.example.net:2", "0;0;0;0"), unique(Some("9.3 - ETH")));
    assert_eq!(nine("9.3 - ETH", "nowhere", "0;0;0;0"), None);
    assert_eq!(nine("9.3 - ETH", "a.example.net:1", "0;0;0"), None);
    assert_eq!(
        told(r#"{"id":0,"result":["a","1","2;3;4","5","6","7","8","a.example.net:1","0;0;0;0","x"]}"#),
        None
    );
    assert_eq!(told(r#"{"id":0,"result":["a","b","c","d","e","f","g","h","i"]}"#), None);
    assert_eq!(told(r#"{"id":"1","worker_id":"w","version":"1","hashrate":{"total":[1]}}"#), None);
}
