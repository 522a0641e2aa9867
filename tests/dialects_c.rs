//! Nimiq and the miners that speak Socket.IO: each vector alone gives its dialect and values, no other vector is taken
//! for theirs, cut and hostile messages are no others, and a session counts what is never acknowledged.

use geophone::detect::Dialect;
use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::packet::Time;
use geophone::stratum::{
    self, Body, Job, Line, Login, Message, PoolName, Read, Role, Share, Strength, Verdict, account,
};
use geophone::wire::socketio::{self, Packet};
use serde_json::{Value, json};

const OURS: [Dialect; 4] = [Dialect::Cpuwebminer, Dialect::Jsecoin, Dialect::Nimiq, Dialect::Skypool];

const ADDRESS: &str = "NQ30 57U3 XECS 6H5X BL4H VGMF PJF8 LPNE DGDF";

/// The vectors that are text, over any transport.
fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let all = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line"));
    all.filter(|v| v["enc"] != "hex").collect()
}

fn dialect_of(vector: &Value) -> Option<Dialect> {
    match vector["dialect"].as_str()? {
        _ if vector["transport"] != "ws-text" => None,
        "jsecoin" => Some(Dialect::Jsecoin),
        "nimiq" => Some(Dialect::Nimiq),
        "skypool-nimiq" => Some(Dialect::Skypool),
        "socketio-cwm" => Some(Dialect::Cpuwebminer),
        _ => None,
    }
}

/// A message as the sensor reads one of a WebSocket.
fn message(text: &str) -> Option<Message<'_>> {
    match socketio::read(text.as_bytes()) {
        Some(Packet::Event { array, .. }) => stratum::read_event(array),
        Some(Packet::Other) => None,
        None => match stratum::read(&Line::read(text.as_bytes())) {
            Read::Message(message) => Some(message),
            Read::Reply(_) | Read::Nothing => None,
        },
    }
}

/// One of theirs.
fn ours(text: &str) -> Option<Message<'_>> {
    message(text).filter(|m| OURS.contains(&m.dialect))
}

/// A string or a number as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[test]
fn each_vector_alone_is_its_dialect() {
    let mut seen = 0;
    for v in vectors() {
        let Some(dialect) = dialect_of(&v) else { continue };
        let (n, text) = (&v["n"], v["message"].as_str().expect("text"));
        let m = message(text).unwrap_or_else(|| panic!("vector {n}: {text}"));
        assert_eq!(m.dialect, dialect, "vector {n}");
        let role = if v["direction"] == "client" { Role::Miner } else { Role::Pool };
        assert_eq!(m.role, Some(role), "vector {n}");
        let strength = match v["expect"]["strength"].as_str() {
            Some("unique") => Strength::Unique,
            Some("strong") => Strength::Strong,
            _ => Strength::Context,
        };
        assert_eq!(m.strength, strength, "vector {n}");
        assert_eq!(m.decisive, strength > Strength::Context, "vector {n}");
        values(n, &v["expect"], &m.body);
        seen += 1;
    }
    assert!(seen >= 16, "only {seen} vectors: the file is not what it was");
}

/// Compares what a message says with what its vector expects.
fn values(n: &Value, expect: &Value, body: &Body<'_>) {
    let want = |key: &str| plain(&expect[key]);
    match (body, expect["kind"].as_str()) {
        (Body::Authorize(login), Some("register" | "start")) => {
            let parts = account::split(&login.user);
            assert_eq!(want("user").as_deref(), Some(&*login.user), "vector {n}");
            assert_eq!(want("wallet").unwrap_or_else(|| parts.payee.to_owned()), parts.payee, "vector {n}");
            let worker = parts.worker.or(login.worker.as_deref());
            assert!(want("worker").is_none_or(|w| worker == Some(&*w)), "vector {n}: {worker:?}");
            assert!(
                want("agent").is_none_or(|a| login.agent.as_deref() == Some(&*a)),
                "vector {n}: {login:?}"
            );
            assert_eq!(login.pool.as_ref().map(|p| p.host.to_string()), want("pool_host"), "vector {n}");
            let port = login.pool.as_ref().and_then(|p| p.port).map(u64::from);
            assert_eq!(port, expect["pool_port"].as_u64(), "vector {n}");
            assert!(want("algo").is_none_or(|a| login.algorithm.as_deref() == Some(&*a)), "vector {n}");
        }
        (Body::Difficulty { difficulty, hashes, .. }, Some("set_target")) => {
            assert_eq!(expect["target_compact"], 520_159_232, "vector {n}");
            assert_eq!((*difficulty, *hashes), (1.0, Some(65_536.0)), "vector {n}");
        }
        (Body::Submit(Share { user, site, .. }), Some("submit")) => {
            assert_eq!(user.as_deref().map(str::to_owned), want("user"), "vector {n}");
            assert_eq!(site.as_deref().map(str::to_owned), want("site_key"), "vector {n}");
        }
        (Body::Hashrate(rate), Some("hashrate")) => {
            assert_eq!(Some(*rate), expect["reported_hashrate"].as_f64(), "vector {n}");
        }
        (Body::Job(Job { id: Some(_), .. }), Some("job"))
        | (Body::Answer(Verdict::Rejected), Some("reject"))
        | (Body::Subscribe { .. }, Some("hello"))
        | (Body::Other, Some("greeting" | "hello" | "register_reply" | "registered")) => {}
        (body, kind) => panic!("vector {n}: {body:?} for {kind:?}"),
    }
}

#[test]
fn no_other_vector_is_taken_for_theirs() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| dialect_of(v).is_none()) {
        let whole = v["message"].as_str().expect("text");
        let body = whole.split_once("\r\n\r\n").map(|(_, body)| body);
        for text in whole.lines().chain([whole]).chain(body) {
            seen += 1;
            if let Some(m) = ours(text) {
                panic!("vector {} ({}): {m:?}", v["n"], v["dialect"]);
            }
        }
    }
    assert!(seen > 500, "only {seen} messages: the file is not what it was");
}

/// A message cut anywhere says nothing, or nothing else: an object's head may hold all that matters.
#[test]
fn a_cut_message_is_no_other() {
    for text in every_kind() {
        let whole = ours(&text).unwrap_or_else(|| panic!("{text}"));
        let (name, strength) = (whole.name, whole.strength);
        for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)) {
            if let Some(cut) = message(&text[..end]) {
                assert!(text.starts_with('{'), "{text} cut at {end}: {cut:?}");
                assert!(cut.name == name && cut.dialect == whole.dialect, "{text} cut at {end}: {cut:?}");
                assert!(cut.strength <= strength, "{text} cut at {end}: {cut:?}");
            }
        }
    }
}

fn emit(event: Value) -> String {
    format!("42{event}")
}

fn v1_work() -> Value {
    json!({"jobId": "1f", "prevhash": "ab".repeat(32), "coinb1": "0100", "coinb2": "ffff", "merkle_branch": [],
        "version": "20000000", "nbits": "1e00ffff", "ntime": "66a1b2c3", "clean_jobs": true, "miningDiff": 0.5})
}

fn v1_share() -> Value {
    json!({"worker_name": "w.web", "job_id": "1f", "extranonce2": "00000001", "ntime": "66a1b2c3", "nonce": "00ab12cd"})
}

fn nimiq_share() -> String {
    json!({"message": "share", "block": "uHGQ".repeat(56)}).to_string()
}

/// The vectors, and shapes that no vector holds.
fn every_kind() -> Vec<String> {
    let all = vectors();
    let known = all.iter().filter(|v| dialect_of(v).is_some()).filter_map(|v| v["message"].as_str());
    let mut kinds: Vec<String> = known.map(str::to_owned).collect();
    let bytes: Vec<u64> = (0..32).map(|n| n * 8).collect();
    let notify = json!(["1f", "ab".repeat(32), "01", "ff", [], "20000000", "1e00ffff", "66a1b2c3", true]);
    kinds.extend(
        [
            json!(["work", v1_work()]),
            json!(["work", ["w.web", v1_work()]]),
            json!(["work", notify]),
            json!(["work", {"job_id": "1f"}]),
            json!(["submit", v1_share()]),
            json!(["difficult", 0.5]),
            json!(["shared", {"error": null, "result": true}]),
            json!(["error", "WORKER FAILED TO AUTHORIZE"]),
            json!(["hashrate", {"hashrate": "1.5 Kh/s"}]),
            json!(["start", {"server": "pool.example.net", "port": "6234", "worker": "w", "password": "x"}]),
            json!(["firstPreHash", "ab".repeat(32)]),
            json!(["requestFirstPreHash", "2"]),
            json!(["optInAuthKey", null, 41233]),
            json!(["s", {"a": "k2f", "b": 4_294_967_295_u32, "c": bytes}]),
            json!(["s", {"a": "k2f", "b": 7, "c": "00".repeat(32)}]),
            json!(["a", {"a": "k2f", "b": "1z"}]),
            json!(["p"]),
            json!(["t", "1z"]),
            json!(["u"]),
        ]
        .map(emit),
    );
    kinds.extend(
        [
            json!({"message": "registered"}),
            json!({"message": "balance", "balance": 0, "confirmedBalance": 0, "payoutRequestActive": false}),
            json!({"message": "payout", "proof": "uHGQ".repeat(33)}),
            json!({"message": "share", "blockHeader": "uHGQ".repeat(49), "minerAddrProof": "AAAA",
                "extraDataProof": "AAAA", "block": null}),
        ]
        .map(|v| v.to_string()),
    );
    kinds.push(nimiq_share());
    kinds
}

#[test]
fn shapes_without_a_vector() {
    let strength = |text: &str| ours(text).map(|m| m.strength);
    for work in [json!(["work", v1_work()]), json!(["work", ["w.web", v1_work()]])] {
        let text = emit(work);
        let Some(Message { strength: Strength::Unique, body: Body::Job(job), .. }) = ours(&text) else {
            panic!("{text}")
        };
        assert_eq!(job.id.as_deref(), Some("1f"));
    }
    let mut less = v1_work();
    less["prevhash"] = json!("yesterday");
    assert_eq!(strength(&emit(json!(["work", less]))), Some(Strength::Context));
    assert_eq!(strength(&emit(json!(["submit", v1_share()]))), Some(Strength::Strong));

    let old =
        emit(json!(["start", {"server": "stratum+tcp://pool.example.net", "port": "6234", "worker": "w.x",
        "password": "x,c=LTC,secret"}]));
    let Some(Message { strength: Strength::Context, body: Body::Authorize(login), .. }) = ours(&old) else {
        panic!("{old}")
    };
    assert_eq!(login.pool, Some(PoolName { host: "pool.example.net".into(), port: Some(6234) }));
    assert_eq!((login.coin.as_deref(), login.agent), (Some("LTC"), None));

    let desktop = emit(json!([
        "submitHash",
        format!("{},{},41,7,u,Platform Mining,0", "ab".repeat(32), "00".repeat(32))
    ]));
    let Some(Message { body: Body::Submit(share), .. }) = ours(&desktop) else { panic!("{desktop}") };
    assert_eq!((share.user.as_deref(), share.site), (Some("7"), None));

    let target = "8lop1s";
    assert_eq!(u64::from_str_radix(target, 36).expect("a number") >> 24, 31);
    let job = emit(json!(["j", {"a": "ab".repeat(146), "b": target, "c": "k2f", "d": "0"}]));
    let Some(Message { body: Body::Job(Job { id, hashes: Some(hashes), .. }), .. }) = ours(&job) else {
        panic!("{job}")
    };
    assert_eq!(id.as_deref(), Some("k2f"));
    assert!(hashes >= 1.0 && hashes.is_finite(), "{hashes}");
}

/// 2^256 / target, over the whole range of compact targets.
#[test]
fn compact_targets() {
    let settings = |compact: u64| {
        let text =
            json!({"message": "settings", "address": ADDRESS, "extraData": "AAAA", "targetCompact": compact});
        match ours(&text.to_string()).map(|m| m.body) {
            Some(Body::Difficulty { difficulty, hashes: Some(hashes), .. }) => {
                assert_eq!(difficulty * 65_536.0, hashes);
                Some(hashes)
            }
            Some(body) => panic!("{body:?}"),
            None => None,
        }
    };
    assert_eq!(settings(0x1f01_0000), Some(65_536.0));
    assert_eq!(settings(0x1e01_0000), Some(16_777_216.0));
    assert_eq!(settings(0x207f_ffff).map(f64::round), Some(2.0));
    assert_eq!(settings(0x1f00_0001), Some(2f64.powi(32)));
    for nonsense in [0, 0x1f00_0000, 0x00ff_ffff, 0x2101_0000, 0xff01_0000, u64::from(u32::MAX) + 1, u64::MAX]
    {
        assert_eq!(settings(nonsense), None, "{nonsense:x}");
    }
}

/// What has the names but not the values.
#[test]
fn everyday_messages_are_nobodys() {
    let hash = "ab".repeat(32);
    for text in [
        r#"{"message":"share","post":812}"#.to_owned(),
        r#"{"message":"share","block":"apartment 7"}"#.to_owned(),
        format!(r#"{{"message":"share","block":"{}"}}"#, "not base64! ".repeat(17)),
        r#"{"message":"register","address":"12 Main Street","deviceId":7,"mode":"smart"}"#.to_owned(),
        format!(r#"{{"message":"register","address":"{ADDRESS}"}}"#),
        format!(r#"{{"message":"register","address":"{ADDRESS}X","deviceId":7,"mode":"nano"}}"#),
        format!(r#"{{"message":"register","address":"{}","deviceId":7,"mode":"nano"}}"#, &ADDRESS[..43]),
        format!(
            r#"{{"message":"register","address":"{}","deviceId":7,"mode":"nano"}}"#,
            ADDRESS.replace('Q', "X")
        ),
        format!(
            r#"{{"message":"register","address":"{}","deviceId":7,"mode":"nano"}}"#,
            ADDRESS.replace('U', "W")
        ),
        r#"{"message":"registered","user":"ann"}"#.to_owned(),
        r#"{"message":"settings","address":"ann@example.org","targetCompact":520159232}"#.to_owned(),
        r#"{"message":"new-block","bodyHash":"x","height":7}"#.to_owned(),
        r#"{"message":"balance","balance":12.5}"#.to_owned(),
        r#"{"message":"payout","amount":12.5}"#.to_owned(),
        r#"{"message":"error","code":7}"#.to_owned(),
        r#"{"message":"error","reason":{"a":1}}"#.to_owned(),
        r#"42["start"]"#.to_owned(),
        r#"42["start",{"server":"eu-1","port":27015,"worker":"ann"}]"#.to_owned(),
        r#"42["start",{"stratum":"low clouds","client":"weather"}]"#.to_owned(),
        r#"42["start",{"stratum":{"server":"a.example","port":0,"worker":"w"}}]"#.to_owned(),
        r#"42["start",{"stratum":{"server":"a.example","port":99999,"worker":"w"}}]"#.to_owned(),
        r#"42["can start",{"room":7}]"#.to_owned(),
        r#"42["work",[1,2,3]]"#.to_owned(),
        r#"42["submit",{"job_id":"essay-3","text":"…"}]"#.to_owned(),
        r#"42["shared",{"post":812}]"#.to_owned(),
        r#"42["hashrate",{"hashrate":"fast"}]"#.to_owned(),
        r#"42["hashrate",{"hashrate":"5 GH/s"}]"#.to_owned(),
        r#"42["error",{"code":7}]"#.to_owned(),
        r#"42["startComs",{"camera":1}]"#.to_owned(),
        r#"42["submitHash","5d41402abc4b2a76b9719d911017c592"]"#.to_owned(),
        format!(r#"42["submitHash",{{"name":"ann","hash":"{hash}"}}]"#),
        format!(r#"42["submitHash","{hash},{hash},x,41233,u,site.example,0,0"]"#),
        format!(r#"42["submitHash","{hash},{hash},7,41233,u"]"#),
        r#"42["blockPreHash","soon"]"#.to_owned(),
        r#"42["r",{"a":"ann","n":7}]"#.to_owned(),
        r#"42["r",{"a":"NQ30","v":1}]"#.to_owned(),
        r#"42["j",{"a":"room","b":"1","c":"2","d":"3"}]"#.to_owned(),
        r#"42["s",{"a":"x","b":{"c":1},"c":[1,2,3]}]"#.to_owned(),
        r#"42["s",{"a":"x","b":1,"c":[1,2,3]}]"#.to_owned(),
        r#"42["b","hello"]"#.to_owned(),
        r#"42["p",1]"#.to_owned(),
        r#"42["u",{"x":1}]"#.to_owned(),
    ] {
        assert!(ours(&text).is_none(), "{text}: {:?}", ours(&text));
    }
}

/// Values of `size` bytes that are no value of any message: arrays, nesting, texts and numbers without end.
fn hostile_values(size: usize) -> Vec<String> {
    vec![
        format!("[{}0]", "0,".repeat(size / 2)),
        format!("{}{}", "[".repeat(size / 2), "]".repeat(size / 2)),
        format!("{}1{}", r#"{"a":"#.repeat(size / 6), "}".repeat(size / 6)),
        format!("{{{}\"z\":1}}", r#""a":1,"#.repeat(size / 6)),
        format!("\"{}\"", "N_".repeat(size / 2)),
        format!("\"{}\"", "\\n".repeat(size / 2)),
        "9".repeat(size),
        format!("-{}", "9".repeat(size)),
    ]
}

const EVENTS: [&str; 22] = [
    "a",
    "b",
    "blockPreHash",
    "can start",
    "difficult",
    "error",
    "firstPreHash",
    "hashrate",
    "j",
    "optInAuthKey",
    "p",
    "r",
    "requestFirstPreHash",
    "s",
    "shared",
    "start",
    "startComs",
    "submit",
    "submitHash",
    "t",
    "u",
    "work",
];

/// Wrong types, huge numbers, deep nesting and long arrays end in nothing, or in what is nothing alone.
#[test]
fn hostile_values_are_bounded() {
    let small = ["null", "true", "-1", "1e999", "0.5", "\"\"", "{}", "[]", "\"\\ud800\""];
    let values: Vec<String> = small.iter().map(|v| (*v).to_owned()).chain(hostile_values(1 << 12)).collect();
    for value in &values {
        for event in EVENTS {
            let text = format!(r#"42["{event}",{value},{value}]"#);
            assert!(ours(&text).is_none_or(|m| m.strength == Strength::Context), "{event}: {value:.80}");
            let inner = format!(r#"42["{event}",{{"stratum":{value},"a":{value},"b":{value},"c":{value}}}]"#);
            assert!(ours(&inner).is_none_or(|m| m.strength == Strength::Context), "{event}: {value:.80}");
        }
        for kind in ["balance", "error", "new-block", "payout", "register", "settings", "share"] {
            let text = format!(
                r#"{{"message":"{kind}","address":"{ADDRESS}","deviceId":{value},"mode":{value},"block":{value},
                "bodyHash":{value},"targetCompact":{value},"extraData":{value},"reason":{value},"proof":{value}}}"#
            );
            assert!(ours(&text).is_none_or(|m| m.strength == Strength::Context), "{kind}: {value:.80}");
        }
    }
}

/// A mebibyte in any place costs a walk over it: squared it would take hours.
#[test]
fn a_long_message_is_only_walked() {
    for value in hostile_values(1 << 20) {
        for event in ["start", "work", "j", "s", "submitHash"] {
            assert!(ours(&format!(r#"42["{event}",{value}]"#)).is_none(), "{event}: {value:.80}");
        }
        assert!(ours(&format!(r#"{{"message":"share","block":{value}}}"#)).is_none(), "{value:.80}");
    }
}

/// What is never acknowledged is counted as submitted; refusals find their share.
#[test]
fn shares_are_counted_as_far_as_the_wire_tells() {
    let run = |messages: &[(Way, String)]| {
        let mut session = Session::new(Time(0));
        for (n, (way, text)) in messages.iter().enumerate() {
            let m = message(text).unwrap_or_else(|| panic!("{text}"));
            session.message(*way, &m, Time(n as u64 * 1_000_000_000));
        }
        let shares = session.live().shares();
        (session.dialect(), shares.submitted, shares.accepted, shares.rejected)
    };
    let all = vectors();
    let vector = |n: u64| {
        all.iter().find(|v| v["n"] == n).and_then(|v| v["message"].as_str()).expect("the vector").to_owned()
    };
    let (up, down) = (Way::Up, Way::Down);
    let nimiq = [(up, vector(252)), (down, vector(255)), (down, vector(256)), (up, nimiq_share())];
    let refused = json!({"message": "error", "reason": "already registered"}).to_string();
    let more = [(down, refused), (up, nimiq_share()), (down, vector(258))];
    assert_eq!(run(&[nimiq.as_slice(), &more].concat()), (Dialect::Nimiq, 2, 0, 1));

    let shared = emit(json!(["shared", {"error": null, "result": true}]));
    let web = [(down, vector(321)), (up, vector(322)), (down, emit(json!(["work", ["w", v1_work()]])))];
    let shares =
        [(up, vector(324)), (down, shared), (up, vector(324)), (down, vector(326)), (up, vector(325))];
    assert_eq!(run(&[web.as_slice(), &shares].concat()), (Dialect::Cpuwebminer, 2, 1, 1));

    let coin = [(up, vector(328)), (down, vector(330)), (up, vector(329))];
    assert_eq!(run(&coin), (Dialect::Jsecoin, 1, 0, 0));

    // Skypool's miner sends each share twice.
    let share = emit(json!(["s", {"a": "k2f", "b": 7, "c": vec![0; 32]}]));
    let pool =
        [(up, vector(331)), (down, vector(332)), (down, vector(333)), (up, share.clone()), (up, share)];
    assert_eq!(run(&pool), (Dialect::Skypool, 2, 0, 0));
}

/// A login's password is in nothing that is kept.
#[test]
fn no_password_is_kept() {
    let text = emit(json!(["start", {"client": "c", "version": "1", "algo": "cwm_power2B", "stratum":
        {"server": "a.example.net", "port": 1, "worker": "w", "password": "hunter2,c=LTC"}}]));
    let Some(Message { body: Body::Authorize(login), .. }) = ours(&text) else { panic!("{text}") };
    let Login { coin, .. } = &login;
    assert_eq!(coin.as_deref(), Some("LTC"));
    assert!(!format!("{login:?}").contains("hunter2"));
}
