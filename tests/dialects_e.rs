//! Kadena's, Siacoin's and Chia's calls over HTTP, Xelis's node, Zilliqa, bridges, and Coinhive's kin: each vector alone
//! gives its dialect and values, no other vector is taken for theirs, and a login goes on naming its session.

use geophone::detect::Dialect;
use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::packet::Time;
use geophone::screen;
use geophone::stratum::{self, Body, Id, Line, Message, Read, Role, Strength, Verdict};
use geophone::wire::http;
use serde_json::Value;

const OURS: [Dialect; 6] =
    [Dialect::Chia, Dialect::Coinhive, Dialect::Deepminer, Dialect::Kadena, Dialect::Sia, Dialect::Xelis];

/// A message, without its borrows.
#[derive(Debug)]
struct Told {
    dialect: Dialect,
    decisive: bool,
    role: Option<Role>,
    strength: Strength,
    id: Option<Id>,
    what: What,
}

#[derive(Debug, Default)]
struct What {
    kind: &'static str,
    user: Option<String>,
    worker: Option<String>,
    agent: Option<String>,
    coin: Option<String>,
    site: Option<String>,
    pool: Option<(String, Option<u16>)>,
    job: Option<String>,
    hashes: Option<f64>,
    verdict: Option<Verdict>,
}

fn told(m: &Message<'_>) -> Told {
    let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    let what = match &m.body {
        Body::Subscribe { agent, .. } => What { kind: "subscribe", agent: own(agent), ..What::default() },
        Body::Authorize(l) => What {
            kind: "login",
            user: Some(l.user.clone().into_owned()),
            worker: own(&l.worker),
            agent: own(&l.agent),
            coin: own(&l.coin),
            site: own(&l.site),
            pool: l.pool.as_ref().map(|p| (p.host.to_string(), p.port)),
            ..What::default()
        },
        Body::Submit(s) => What {
            kind: "submit",
            user: own(&s.user),
            worker: own(&s.worker),
            job: own(&s.job),
            ..What::default()
        },
        Body::Job(j) => What { kind: "job", job: own(&j.id), hashes: j.hashes, ..What::default() },
        Body::Answer(verdict) => What { kind: "answer", verdict: Some(*verdict), ..What::default() },
        Body::Difficulty { difficulty, .. } => {
            What { kind: "difficulty", hashes: Some(*difficulty), ..What::default() }
        }
        Body::Request(_) => What { kind: "request", ..What::default() },
        _ => What { kind: "other", ..What::default() },
    };
    let Message { dialect, decisive, role, strength, id, .. } = *m;
    Told { dialect, decisive, role, strength, id, what }
}

/// What an HTTP message says: its head, then its body.
fn http(bytes: &[u8]) -> Vec<Told> {
    let (mut out, mut framer) = (Vec::new(), http::Framer::default());
    let mut each = |event: http::Event<'_>| {
        let message = match event {
            http::Event::Request(head) => stratum::read_request(&head).as_ref().map(told),
            http::Event::Response(head) => stratum::read_response(&head).as_ref().map(told),
            http::Event::Body { bytes, .. } => match stratum::read_body(&Line::read(bytes.trim_ascii())) {
                Read::Message(m) => Some(told(&m)),
                _ => None,
            },
            _ => None,
        };
        out.extend(message);
    };
    framer.feed(bytes, http::Limits::default(), &mut each);
    framer.finish(&mut each);
    out
}

/// What one message of a WebSocket says, the line in a wrapper too.
fn frame(text: &str) -> Vec<Told> {
    if !text.starts_with('{') {
        return stratum::read_text(text).as_ref().map(told).into_iter().collect();
    }
    let line = Line::read(text.as_bytes());
    let inner = stratum::unwrap(&line);
    let inner = inner.as_deref().map(Line::read);
    let lines = [Some(&line), inner.as_ref()];
    let said = lines.into_iter().flatten().filter_map(|l| match stratum::read(l) {
        Read::Message(m) => Some(told(&m)),
        _ => None,
    });
    said.collect()
}

fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let all = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line"));
    all.filter(|v| matches!(v["transport"].as_str(), Some("http" | "ws-text"))).collect()
}

fn said(vector: &Value) -> Vec<Told> {
    let text = vector["message"].as_str().expect("text");
    if vector["transport"] == "http" { http(text.as_bytes()) } else { frame(text) }
}

fn is_ours(dialect: &str) -> bool {
    let ours = ["chia", "coinhive", "cryptonoter", "deepminer", "kadena", "nfwebminer", "sia"];
    ours.contains(&dialect) || ["ws-stratum-bridge", "xelis-node", "zilliqa"].contains(&dialect)
}

/// What a vector's dialect is called here, and whether the message says so for good. Bridges carry others' lines.
fn expected(vector: &Value, kind: &str) -> (Dialect, bool) {
    match vector["dialect"].as_str().unwrap_or_default() {
        "chia" => (Dialect::Chia, kind != "answer"),
        "deepminer" => (Dialect::Deepminer, true),
        "kadena" => (Dialect::Kadena, true),
        "sia" => (Dialect::Sia, true),
        "ws-stratum-bridge" => (Dialect::Bitcoin, kind == "submit"),
        "xelis-node" => (Dialect::Xelis, kind != "answer"),
        "zilliqa" => (Dialect::EthProxy, true),
        _ => (Dialect::Coinhive, kind == "login"),
    }
}

#[test]
fn each_vector_alone_is_its_dialect() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| is_ours(v["dialect"].as_str().unwrap_or_default())) {
        let (n, expect) = (&v["n"], &v["expect"]);
        let mut said = said(v);
        if v["dialect"] == "coinhive" && v["transport"] == "http" {
            // Hosts and queries of relays are for the lists of hosts.
            assert!(said.iter().all(|m| m.strength == Strength::Context), "vector {n}: {said:?}");
            continue;
        }
        said.sort_by_key(|m| m.strength);
        let m = said.pop().unwrap_or_else(|| panic!("vector {n}: no message"));
        let (dialect, decisive) = expected(v, m.what.kind);
        assert_eq!((m.dialect, m.decisive), (dialect, decisive), "vector {n}: {m:?}");
        let strength = match expect["strength"].as_str() {
            Some("unique") => Strength::Unique,
            Some("strong") => Strength::Strong,
            _ => Strength::Context,
        };
        assert_eq!(m.strength, strength, "vector {n}: {m:?}");
        let role = if v["direction"] == "client" { Role::Miner } else { Role::Pool };
        assert_eq!(m.role, Some(role), "vector {n}");
        if let Some(id) =
            expect["id"].as_str().map(str::to_owned).or_else(|| expect["id"].as_u64().map(|i| i.to_string()))
        {
            assert_eq!(m.id, Some(Id::of_text(&id)), "vector {n}: id");
        }
        values(v, &m);
        seen += 1;
    }
    assert!(seen >= 30, "only {seen} vectors: the file is not what it was");
}

/// Compares what a message says with what its vector expects.
fn values(v: &Value, m: &Told) {
    let (n, expect, what) = (&v["n"], &v["expect"], &m.what);
    let text = |key: &str| expect[key].as_str().map(str::to_owned);
    let kind = match expect["kind"].as_str() {
        Some("auth" | "proxy_connect" | "ws_upgrade") => "login",
        Some("getwork") if v["dialect"] == "zilliqa" => "login",
        Some("getwork") => "request",
        Some("submit") => "submit",
        Some("job") => "job",
        Some("accept" | "reject") => "answer",
        Some("subscribe" | "pool_info") => "subscribe",
        Some("set_difficulty") => "difficulty",
        _ => "other",
    };
    assert_eq!(what.kind, kind, "vector {n}: {m:?}");
    if let (Some(wallet), "login") = (text("wallet").or_else(|| text("site_key")), kind) {
        assert_eq!(what.user.as_deref(), Some(&*wallet), "vector {n}");
    } else if let (Some(user), false) = (text("user"), v["dialect"] == "deepminer") {
        assert_eq!(what.user.as_deref(), Some(&*user), "vector {n}");
    }
    let visitor = text("user").filter(|_| m.dialect == Dialect::Deepminer || expect["site_key"].is_string());
    if let Some(worker) = text("worker").or(visitor) {
        assert_eq!(what.worker.as_deref(), Some(&*worker), "vector {n}");
    }
    if expect["worker_id"] == "harvester_id" {
        assert!(what.worker.as_deref().is_some_and(|w| w.len() == 66), "vector {n}");
    }
    assert_eq!(what.agent, text("agent"), "vector {n}");
    assert_eq!(what.coin.as_deref() == Some("ZIL"), v["dialect"] == "zilliqa", "vector {n}: coin");
    if let Some(origin) = text("origin") {
        assert_eq!(what.site.as_deref(), Some(&*origin), "vector {n}");
    }
    if expect["pool_url"].is_string() {
        assert_eq!(what.pool, Some(("sha.pool.example.net".to_owned(), Some(3333))), "vector {n}");
    }
    if let Some(job) = text("job_id") {
        assert_eq!(what.job.as_deref(), Some(&*job), "vector {n}");
    }
    if kind == "answer" {
        let yes = if expect["kind"] == "accept" { Verdict::Accepted } else { Verdict::Rejected };
        assert_eq!(what.verdict, Some(yes), "vector {n}");
    }
    if let Some(difficulty) = expect["difficulty"].as_f64() {
        assert_eq!(what.hashes, Some(difficulty), "vector {n}");
    }
}

#[test]
fn no_other_vector_is_taken_for_ours() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| !is_ours(v["dialect"].as_str().unwrap_or_default())) {
        let negative = v["dialect"].as_str().is_some_and(|d| d.starts_with("negative:"));
        for m in said(v) {
            assert!(!OURS.contains(&m.dialect), "vector {}: {m:?}", v["n"]);
            assert!(!negative || m.strength == Strength::Context, "vector {}: {m:?}", v["n"]);
        }
        seen += 1;
    }
    assert!(seen >= 60, "only {seen} others: the file is not what it was");
}

#[test]
fn the_screen_lets_our_heads_through() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v["transport"] == "http" && v["direction"] == "client") {
        let dialect = v["dialect"].as_str().unwrap_or_default();
        let bytes = v["message"].as_str().expect("text").as_bytes();
        let passes = screen::asks_for_work(bytes);
        if is_ours(dialect) && dialect != "coinhive" {
            assert!(passes, "vector {}", v["n"]);
            // Its body comes in a segment of its own.
            let head = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("an end") + 4;
            assert!(screen::asks_for_work(&bytes[..head]), "vector {}: head", v["n"]);
            seen += 1;
        } else if dialect == "negative:ws-proxy" {
            assert!(!passes, "vector {}", v["n"]);
        }
    }
    assert!(seen >= 8, "only {seen} heads");
    assert!(!screen::asks_for_work(b"GET / HTTP/1.1\r\nHost: node.example.net\r\n\r\n"));
}

#[test]
fn kadena_is_its_exact_paths() {
    let ask = |line: &str| http(format!("{line} HTTP/1.1\r\nHost: node.example.net\r\n\r\n").as_bytes());
    let ours = |line: &str| ask(line).iter().any(|m| m.dialect == Dialect::Kadena);
    assert!(ours("GET /chainweb/0.0/testnet04/mining/work"));
    assert!(ours("GET /chainweb/0.0/mainnet01/mining/updates?chain=0&x=/"));
    for line in [
        "POST /chainweb/0.0/mainnet01/mining/work",
        "GET /chainweb/0.0/mainnet01/mining/solved",
        "PUT /chainweb/0.0/mainnet01/mining/solved",
        "GET /chainweb/0.0/mainnet01/mining/updates/",
        "GET /chainweb/0.0/mainnet01/mining/updates/4",
        "GET /chainweb/0.0/mainnet01/chain/work",
        "GET /chainweb/latest/mainnet01/mining/work",
        "GET /chainweb//mainnet01/mining/work",
        "GET /chainweb/0.0//mining/work",
        "GET /v1/chainweb/0.0/mainnet01/mining/work",
        "GET /?/chainweb/0.0/mainnet01/mining/work",
        "GET chainweb/0.0/mainnet01/mining/work",
        "GET /chainweb",
    ] {
        assert!(!ours(line), "{line}");
    }
}

#[test]
fn agents_and_paths_belong_together() {
    let ask = |line: &str, agent: &str| {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: a.example\r\nUser-Agent: {agent}\r\nContent-Length: 80\r\n\r\n"
        );
        http(head.as_bytes())
            .pop()
            .filter(|m| OURS.contains(&m.dialect))
            .map(|m| (m.dialect, m.strength, m.what))
    };
    let sia = ask("POST /miner/header", "Sia-Agent").expect("a share");
    assert_eq!((sia.0, sia.1, sia.2.kind), (Dialect::Sia, Strength::Unique, "submit"));
    assert!(ask("PUT /miner/header", "Sia-Agent").is_none());
    assert!(ask("GET /miner/headers", "Sia-Agent").is_none());
    assert!(ask("GET /consensus", "Sia-Agent").is_none());
    assert!(ask("POST /miner/header", "curl/8.5.0").is_none());
    let id = format!("0x{}", "2e".repeat(32));
    let chia = "Chia Blockchain v.2.4.3";
    let farmer =
        ask(&format!("GET /farmer?authentication_token=1&launcher_id={id}"), chia).expect("a farmer");
    assert_eq!((farmer.1, farmer.2.user.as_deref()), (Strength::Unique, Some(&*id)));
    assert!(ask(&format!("GET /farmer?launcher_id={id}"), "curl/8.5.0").is_none());
    assert!(ask("GET /farmer?launcher_id=0x2e", chia).is_none());
    assert_eq!(ask("POST /partial", chia).map(|m| m.1), Some(Strength::Context));
    assert!(ask("GET /pool_info.html", chia).is_none());
    assert!(ask("GET /pool_info", "Mozilla/5.0 Chia Blockchain v.2").is_none());
}

/// A body of Chia's, and the dialect, kind and strength of what it says.
fn chia(body: &str) -> Option<(&'static str, Option<String>)> {
    match stratum::read_body(&Line::read(body.as_bytes())) {
        Read::Message(m) if m.dialect == Dialect::Chia => {
            assert_eq!(m.strength == Strength::Context, m.role == Some(Role::Pool));
            let told = told(&m).what;
            Some((told.kind, told.user))
        }
        _ => None,
    }
}

#[test]
fn chia_bodies_need_their_forms() {
    let (hash, key) = (format!("0x{}", "ab".repeat(32)), format!("0x{}", "cd".repeat(48)));
    let farmer = |id: &str, key: &str, pay: &str| {
        format!(
            "{{\"payload\":{{\"launcher_id\":\"{id}\",\"authentication_public_key\":\"{key}\",\
             \"payout_instructions\":\"{pay}\",\"suggested_difficulty\":null}},\"signature\":\"{key}\"}}"
        )
    };
    assert_eq!(chia(&farmer(&hash, &key, "c2b0")), Some(("login", Some(hash.clone()))));
    assert_eq!(chia(&farmer("0xab", &key, "c2b0")), None);
    assert_eq!(chia(&farmer(&hash, &hash, "c2b0")), None);
    assert_eq!(chia(&farmer(&hash, &key, "")), None);
    assert_eq!(chia(&format!("{{\"payload\":{{\"launcher_id\":\"{hash}\"}}}}")), None);
    let proof = |proof: &str, challenge: &str| {
        format!(
            "{{\"payload\":{{\"launcher_id\":\"{hash}\",\"proof_of_space\":{{\"challenge\":\"{challenge}\",\
             \"plot_public_key\":\"{key}\",\"size\":32,\"proof\":\"{proof}\"}}}}}}"
        )
    };
    assert_eq!(chia(&proof("0x3fed", &hash)), Some(("submit", Some(hash.clone()))));
    assert_eq!(chia(&proof("rhubarb", &hash)), None);
    assert_eq!(chia(&proof("0x3fed", "0x12")), None);
    assert_eq!(chia("{\"new_difficulty\":1963}"), Some(("answer", None)));
    assert_eq!(chia("{\"new_difficulty\":\"hard\"}"), None);
    assert_eq!(chia("{\"error_code\":\"5\",\"error_message\":\"x\"}"), None);
    assert_eq!(chia("{\"error_code\":5}"), None);
}

#[test]
fn xelis_nodes() {
    let wallet = "xel:wmzfu2dvcjq4aq4uca9wet69lhgm030ts5h5z9jut2m0yqph7pdyu238jzq";
    let ask = |path: &str, upgrade: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nHost: a.example\r\nUpgrade: {upgrade}\r\n\r\n");
        http(head.as_bytes()).pop().filter(|m| m.dialect == Dialect::Xelis).map(|m| m.what)
    };
    assert!(ask(&format!("/getwork/{wallet}/rig1"), "WebSocket").is_some());
    assert!(ask(&format!("/getwork/{wallet}/rig1"), "h2c").is_none());
    assert!(ask(&format!("/getwork/{wallet}"), "websocket").is_none());
    assert!(ask(&format!("/getwork/{wallet}/a/b"), "websocket").is_none());
    assert!(ask("/getwork/xel:short/rig1", "websocket").is_none());
    assert!(ask(&format!("/getwork/{}/rig1", &wallet[4..]), "websocket").is_none());
    let work = "4c".repeat(112);
    let job = format!(
        "{{\"new_job\":{{\"algorithm\":\"xel/v2\",\"miner_work\":\"{work}\",\"height\":7,\
         \"difficulty\":\"23000\",\"topoheight\":9}}}}"
    );
    let m = frame(&job).pop().expect("a job");
    assert_eq!((m.strength, m.role, m.what.hashes), (Strength::Unique, Some(Role::Pool), Some(23000.0)));
    assert!(frame(&job.replace("23000", "0")).is_empty());
    assert!(frame(&job.replace(&work, "4c")).is_empty());
    assert!(frame("{\"new_job\":{\"title\":\"Line cook\"}}").is_empty());
    assert!(frame(&format!("{{\"miner_work\":\"{work}00\"}}")).is_empty());
    let no = frame("{\"block_rejected\":\"too late\"}").pop().expect("a no");
    assert_eq!((no.strength, no.what.verdict), (Strength::Context, Some(Verdict::Rejected)));
    assert!(frame("\"block_accepted!\"").is_empty() && frame("block_accepted").is_empty());

    let mut session = Session::new(Time::from_secs(0));
    let mut tell = |way, text: &str, at| {
        let line = Line::read(text.as_bytes());
        if text.starts_with('{') {
            session.line(way, &line, Time::from_secs(at));
        } else if let Some(m) = stratum::read_text(text) {
            session.message(way, &m, Time::from_secs(at));
        }
    };
    tell(Way::Down, &job, 1);
    tell(Way::Up, &format!("{{\"miner_work\":\"{work}\"}}"), 2);
    tell(Way::Down, "\"block_accepted\"", 3);
    tell(Way::Up, &format!("{{\"miner_work\":\"{work}\"}}"), 4);
    tell(Way::Down, "{\"block_rejected\":\"too late\"}", 5);
    let shares = mining(&session).shares;
    assert_eq!((shares.submitted, shares.accepted, shares.rejected), (2, 1, 1));
    assert_eq!(session.dialect(), Dialect::Xelis);
}

fn mining(session: &Session) -> geophone::detect::Mining {
    session.mining(geophone::detect::Certainty::Proven, &geophone::rules::RuleSet::default())
}

#[test]
fn zilliqa_names_its_wallet_and_a_node_is_only_asked() {
    let read = |body: &str| {
        let Read::Message(m) = stratum::read_body(&Line::read(body.as_bytes())) else { panic!("{body}") };
        told(&m)
    };
    let (hash, wallet) = (format!("0x{}", "26".repeat(32)), "zil12kc4e9hykw9cg2rwl4dk3mv42hn7k20757y2y0");
    let ask = |p: &str| read(&format!("{{\"id\":1,\"method\":\"eth_getWork\",\"params\":[{p}]}}"));
    let full = ask(&format!("\"{hash}\",\"{wallet}\",\"rig1\""));
    assert_eq!((full.strength, full.what.user.as_deref()), (Strength::Unique, Some(wallet)));
    for other in
        [String::new(), format!("\"{hash}\",\"0x19c5\",\"rig1\""), format!("\"x\",\"{wallet}\",\"rig1\"")]
    {
        let m = ask(&other);
        assert_eq!((m.strength, m.what.kind), (Strength::Strong, "request"), "{other}");
    }
    let params = format!("\"0x01\",\"{hash}\",\"{hash}\",\"{hash}\",\"{wallet}\",\"rig1\"");
    let share = read(&format!("{{\"id\":2,\"method\":\"eth_submitWork\",\"params\":[{params}]}}"));
    assert_eq!((share.strength, share.what.kind), (Strength::Unique, "submit"));
    assert_eq!((share.what.user.as_deref(), share.what.worker.as_deref()), (Some(wallet), Some("rig1")));
    assert_eq!(share.what.job, Some(hash.clone()));
    let share = read(&format!(
        "{{\"id\":2,\"worker\":\"r\",\"method\":\"eth_submitWork\",\"params\":[\"0x01\",\"{hash}\"]}}"
    ));
    assert_eq!((share.what.user, share.what.worker.as_deref()), (None, Some("r")));
}

#[test]
fn bridges_wrap_only_lines() {
    let inner = |text: &str| stratum::unwrap(&Line::read(text.as_bytes())).map(|b| b.into_owned());
    assert_eq!(inner(r#"{"type":"pool","data":"{\"id\":1}"}"#).as_deref(), Some(&br#"{"id":1}"#[..]));
    assert_eq!(inner(r#"{"type":"share","data":{"id":1}}"#).as_deref(), Some(&br#"{"id":1}"#[..]));
    for text in [
        r#"{"type":"pool","data":"try {\"id\":1}"}"#,
        r#"{"type":"pool","data":"\ud800"}"#,
        r#"{"type":"pool","data":["{}"]}"#,
        r#"{"type":"pool","data":7}"#,
        r#"{"type":"pool"}"#,
        r#"{"type":"message","data":"{\"id\":1}"}"#,
        r#"{"type":"pool","method":"x","data":"{\"id\":1}"}"#,
        r#"{"id":1,"result":true}"#,
    ] {
        assert_eq!(inner(text), None, "{text}");
    }
    // A bound by the input: what is unescaped is never longer.
    let long = format!("{{\"type\":\"pool\",\"data\":\"{{{}\"}}", r#"\""#.repeat(30_000));
    assert!(inner(&long).is_some_and(|b| b.len() <= long.len()));
    let connect = |pool: &str| {
        let said = frame(&format!(
            "{{\"type\":\"connect\",\"pool\":\"{pool}\",\"wallet\":\"w1\",\"password\":\"office-pc\"}}"
        ));
        assert!(!format!("{said:?}").contains("office-pc"), "a password was kept");
        said.first().map(|m| m.strength)
    };
    assert_eq!(connect("stratum+ssl://pool.example.net:443"), Some(Strength::Unique));
    assert_eq!(connect("pool.example.net:3333"), Some(Strength::Context));
    assert_eq!(connect("pool.example.net"), None);
    assert_eq!(connect("north shore"), None);
    assert!(frame(r#"{"type":"connect","room":"lobby"}"#).is_empty());
    assert!(frame(r#"{"type":"share_result","accepted":"maybe"}"#).is_empty());
}

const SITE: &str = r#"{"type":"auth","params":{"version":7,"site_key":"mor9Fi1TrJcG861hZAUN8DQHFz24gTX6","type":"anonymous","user":null}}"#;
const DEEP: &str = r#"{"type":"auth","params":{"version":7,"userID":"visitor-77","type":"anonymous"}}"#;
const AUTHED: &str = r#"{"type":"authed","params":{"token":"","hashes":0}}"#;
const SHARE: &str = r#"{"type":"submit","params":{"version":7,"job_id":"a71","nonce":"f3090000","result":"a33283f7756dd505e75d00193c0b5b02e940d196bc6a96b142d2ff43f2a50300"}}"#;
const YES: &str = r#"{"type":"hash_accepted","params":{"hashes":256}}"#;

/// The dialect after each line, and whether the session is settled.
fn names(lines: &[&str]) -> (Dialect, bool) {
    let job = format!(
        r#"{{"type":"job","params":{{"job_id":"a71","blob":"{}","target":"ffffff00"}}}}"#,
        "07".repeat(76)
    );
    let mut session = Session::new(Time::from_secs(0));
    for (at, text) in lines.iter().enumerate() {
        let text = if *text == "job" { &job } else { *text };
        let way = if [SITE, DEEP, SHARE].contains(&text) { Way::Up } else { Way::Down };
        session.line(way, &Line::read(text.as_bytes()), Time::from_secs(at as u64));
    }
    (session.dialect(), session.is_settled())
}

#[test]
fn a_login_goes_on_naming_the_kin_of_coinhive() {
    assert_eq!(names(&[SITE]), (Dialect::Coinhive, true));
    assert_eq!(names(&[SITE, AUTHED, "job", SHARE, YES]), (Dialect::Coinhive, true));
    assert_eq!(names(&[AUTHED, SITE, "job"]), (Dialect::Coinhive, true));
    // In mid-stream, or with one side heard.
    assert_eq!(names(&["job", SHARE, YES]), (Dialect::Coinhive, false));
    assert_eq!(names(&[YES, SHARE]), (Dialect::Coinhive, false));
    assert_eq!(names(&[AUTHED, "job", YES]), (Dialect::Coinhive, false));
    for lines in [
        &[DEEP][..],
        &[DEEP, AUTHED, "job", SHARE, YES],
        &[DEEP, "job", YES, SHARE],
        &[DEEP, SHARE],
        // A login that was overtaken.
        &[AUTHED, DEEP, "job", SHARE],
        &["job", DEEP, SHARE, YES],
    ] {
        // Nobody is named who collects, so there is nothing to settle.
        assert_eq!(names(lines), (Dialect::Deepminer, false), "{lines:?}");
    }
}

#[test]
fn hostile_messages_end() {
    let long = "x".repeat(1 << 20);
    for text in vectors().iter().map(|v| v["message"].as_str().expect("text").to_owned()) {
        for cut in (0..text.len()).filter(|c| text.is_char_boundary(*c)).step_by(7) {
            http(&text.as_bytes()[..cut]);
            frame(&text[..cut]);
        }
        frame(&text.replace("\":\"", &format!("\":\"{}", &long[..4096])));
    }
    for path in ["/chainweb/", "/getwork/xel:", "/farmer?launcher_id=0x", "/miner/header?"] {
        let head = format!("GET {path}{} HTTP/1.1\r\nUser-Agent: Chia Blockchain v.1\r\n\r\n", &long[..9000]);
        assert!(http(head.as_bytes()).iter().all(|m| !OURS.contains(&m.dialect)), "{path}");
        let slashes = format!("GET {path}{} HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "/".repeat(9000));
        assert!(http(slashes.as_bytes()).iter().all(|m| !OURS.contains(&m.dialect)), "{path}");
    }
    let deep = format!("{{\"type\":\"share\",\"data\":{}1{}}}", "{\"a\":".repeat(9000), "}".repeat(9000));
    frame(&deep);
    frame(&format!("{{\"payload\":{}", "[".repeat(100_000)));
    chia(&format!("{{\"payload\":{{\"launcher_id\":\"{long}\"}}}}"));
}
