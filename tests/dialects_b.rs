//! Beam, Grin, Tari, Iron Fish, Aleo, Xelis, Warthog and Aeternity: each vector alone gives its dialect and values, no
//! other vector is taken for theirs, and shares find their verdicts in a session.

use geophone::detect::Dialect;
use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::packet::Time;
use geophone::stratum::{
    self, Body, Id, Line, Login, Message, Read, Role, Share, Strength, Verdict, account,
};
use serde_json::{Value, json};

const OURS: [Dialect; 8] = [
    Dialect::Aeternity,
    Dialect::Aleo,
    Dialect::Beam,
    Dialect::Grin,
    Dialect::Ironfish,
    Dialect::Tari,
    Dialect::Warthog,
    Dialect::Xelis,
];

/// The vectors that are text, over any transport.
fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let all = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line"));
    all.filter(|v| v["enc"] != "hex").collect()
}

fn dialect_of(vector: &Value) -> Option<Dialect> {
    Dialect::from_name(vector["dialect"].as_str()?).filter(|d| OURS.contains(d))
}

/// A string or a number as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn message<'a>(object: &'a str) -> Option<Message<'a>> {
    match stratum::read(&Line::read(object.as_bytes())) {
        Read::Message(message) => Some(message),
        Read::Reply(_) | Read::Nothing => None,
    }
}

#[test]
fn each_vector_alone_is_its_dialect() {
    let mut seen = 0;
    for v in vectors() {
        let Some(dialect) = dialect_of(&v) else { continue };
        let (n, expect, text) = (&v["n"], &v["expect"], v["message"].as_str().expect("text"));
        let line = Line::read(text.trim().as_bytes());
        match (stratum::read(&line), expect["strength"].as_str()) {
            (Read::Message(m), Some("unique")) => {
                let kin = !m.decisive && m.dialect == Dialect::Bitcoin;
                assert!(m.dialect == dialect || kin, "vector {n}: {m:?}");
                assert_eq!(m.strength, Strength::Unique, "vector {n}");
                let role = if v["direction"] == "client" { Role::Miner } else { Role::Pool };
                assert_eq!(m.role, Some(role), "vector {n}");
                if let Some(id) = plain(&expect["id"]) {
                    assert_eq!(m.id, Some(Id::of_text(&id)), "vector {n}: id");
                }
                values(n, expect, &m.body);
            }
            (Read::Reply(reply), Some("unique")) => {
                let wanted = match expect["kind"].as_str() {
                    Some("accept") => Verdict::Accepted,
                    Some("reject") => Verdict::Rejected,
                    other => panic!("vector {n}: a reply, not {other:?}"),
                };
                assert_eq!(reply.verdict, wanted, "vector {n}");
                let id = plain(&expect["reply_to"]).or_else(|| plain(&expect["id"])).expect("an id");
                assert_eq!(reply.id, Some(Id::of_text(&id)), "vector {n}: id");
                assert_eq!(reply.error.as_deref(), expect["reason"].as_str(), "vector {n}: reason");
            }
            (Read::Message(m), _) => {
                assert_eq!(m.strength, Strength::Context, "vector {n} means nothing alone");
            }
            (read, Some("unique")) => panic!("vector {n}: {read:?}"),
            (Read::Reply(_) | Read::Nothing, _) => {}
        }
        seen += 1;
    }
    assert!(seen >= 28, "only {seen} vectors: the file is not what it was");
}

/// Compares what a message says with what its vector expects.
fn values(n: &Value, expect: &Value, body: &Body<'_>) {
    let want = |key: &str| plain(&expect[key]);
    match (body, expect["kind"].as_str()) {
        (Body::Subscribe { agent, .. }, Some("subscribe")) => {
            assert_eq!(agent.as_deref().map(str::to_owned), want("agent"), "vector {n}");
        }
        (Body::Authorize(Login { user, worker, agent, .. }), Some("login" | "authorize" | "subscribe")) => {
            let parts = account::split(user);
            assert_eq!(want("user").unwrap_or_else(|| user.to_string()), **user, "vector {n}");
            assert_eq!(want("wallet").unwrap_or_else(|| parts.payee.to_owned()), parts.payee, "vector {n}");
            assert_eq!(parts.worker.or(worker.as_deref()).map(str::to_owned), want("worker"), "vector {n}");
            assert_eq!(agent.as_deref().map(str::to_owned), want("agent"), "vector {n}");
        }
        (Body::Job(job), Some("job")) => {
            assert_eq!(job.id.as_deref().map(str::to_owned), want("job_id"), "vector {n}");
            near(n, &expect["hashes_per_share"], job.hashes);
            // Which Cuckatoo it is, only a share tells.
            let algorithm = want("algo").filter(|a| a != "cuckatoo32");
            assert!(
                algorithm.is_none() || job.algorithm.as_deref() == algorithm.as_deref(),
                "vector {n}: {job:?}"
            );
        }
        (Body::Submit(Share { user, job, .. }), Some("submit")) => {
            assert_eq!(job.as_deref().map(str::to_owned), want("job_id"), "vector {n}");
            assert_eq!(user.as_deref().map(str::to_owned), want("user"), "vector {n}");
        }
        (Body::Difficulty { difficulty, hashes, .. }, Some("set_target")) => {
            near(n, &expect["hashes_per_share"], *hashes);
            if let Some(target) = expect["target"].as_u64() {
                assert_eq!(*difficulty, target as f64, "vector {n}");
            }
        }
        (Body::Request(_), Some("getjob"))
        | (Body::Other, Some("login_reply" | "subscribe_reply" | "disconnect")) => {}
        (body, kind) => panic!("vector {n}: {body:?} for {kind:?}"),
    }
}

/// 1e-5, as the vectors are rounded.
fn near(n: &Value, expect: &Value, got: Option<f64>) {
    let Some(expect) = expect.as_f64() else { return };
    let got = got.unwrap_or_else(|| panic!("vector {n}: no work"));
    assert!((got / expect - 1.0).abs() < 1e-5, "vector {n}: {got}, not {expect}");
}

#[test]
fn a_packed_difficulty_is_told_in_solutions() {
    let line = r#"{"id":"212","method":"job","input":"0c8d3fc6e26112cc2ab4e63175333d7c54469aa7808f7279ab4a6d30bfe68eb0","difficulty":168820736,"height":1}"#;
    let Some(Message { body: Body::Job(job), .. }) = message(line) else { panic!("no job") };
    assert_eq!(job.hashes, Some(1088.0));
}

#[test]
fn no_other_vector_is_taken_for_theirs() {
    let mut seen = 0;
    // The messages of Xelis's own node are Xelis too.
    for v in vectors().iter().filter(|v| dialect_of(v).is_none() && v["dialect"] != "xelis-node") {
        let text = v["message"].as_str().expect("text");
        for object in text.lines().filter(|l| l.starts_with('{')) {
            seen += 1;
            if let Some(m) = message(object) {
                assert!(!OURS.contains(&m.dialect), "vector {} ({}): {m:?}", v["n"], v["dialect"]);
            }
        }
    }
    assert!(seen > 190, "only {seen} objects: the file is not what it was");
}

/// What has the verbs but not the shapes.
#[test]
fn everyday_messages_are_nobodys() {
    for line in [
        r#"{"method":"login","api_key":"0123456789abcdef","id":7}"#,
        r#"{"method":"result","id":"7","code":0,"description":"OK"}"#,
        r#"{"method":"job","id":"7","input":"build.yaml","difficulty":3}"#,
        r#"{"method":"solution","id":"7","nonce":"a1b2c39398e07a66","output":"x = 3"}"#,
        r#"{"method":"submit","params":{"edge_bits":32,"job_id":4,"nonce":7,"pow":[1,2,3]}}"#,
        r#"{"method":"submit","params":{"form":"contact","job_id":4}}"#,
        r#"{"method":"job","params":{"job_id":4,"height":1,"difficulty":2,"pre_pow":"none"}}"#,
        r#"{"method":"job","params":{"job_id":"77","blob":"aGVsbG8=","target":"250000000","height":5}}"#,
        r#"{"method":"getjobtemplate","params":{"template":"offer-letter"},"id":1}"#,
        r#"{"method":"keepalive","params":null,"id":"0"}"#,
        r#"{"method":"rpc/subscribe","body":{"publicAddress":"x"}}"#,
    ] {
        assert!(message(line).is_none(), "{line}");
    }
}

fn share_is(submit: &str, reply: &str) -> (u64, u64, u64) {
    let mut session = Session::new(Time(0));
    session.line(Way::Down, &Line::read(reply.as_bytes()), Time(0));
    assert_eq!(session.live().shares().accepted, 0, "a reply alone: {reply}");
    session.line(Way::Up, &Line::read(submit.as_bytes()), Time(1));
    session.line(Way::Down, &Line::read(reply.as_bytes()), Time(2));
    session.line(Way::Down, &Line::read(reply.as_bytes()), Time(3));
    let shares = session.live().shares();
    (shares.submitted, shares.accepted, shares.rejected)
}

fn grin_submit() -> String {
    let pow: Vec<u64> = (0..42).map(|n| n * 97_000_001).collect();
    let params = json!({"edge_bits": 32, "height": 1, "job_id": 4, "nonce": u64::MAX, "pow": pow});
    json!({"id": "0", "jsonrpc": "2.0", "method": "submit", "params": params}).to_string()
}

#[test]
fn shares_find_their_verdicts() {
    let grin = grin_submit();
    let echo = |rest: &str| format!(r#"{{"id":"0","jsonrpc":"2.0","method":"submit",{rest}}}"#);
    assert_eq!(share_is(&grin, &echo(r#""result":"ok","error":null"#)), (1, 1, 0));
    assert_eq!(share_is(&grin, &echo(r#""result":"blockfound - 23a1b2""#)), (1, 1, 0));
    assert_eq!(share_is(&grin, &echo(r#""error":{"code":-32501,"message":"low"}"#)), (1, 0, 1));

    let fish =
        r#"{"id":4,"method":"mining.submit","body":{"miningRequestId":139,"randomness":"1c20e60000000001"}}"#;
    let verdict = |rest: &str| format!(r#"{{"id":5,"method":"mining.submitted","body":{{"id":4,{rest}}}}}"#);
    assert_eq!(share_is(fish, &verdict(r#""result":true"#)), (1, 1, 0));
    assert_eq!(share_is(fish, &verdict(r#""result":false,"message":"stale""#)), (1, 0, 1));
    assert_eq!(
        share_is(fish, r#"{"id":4,"method":"mining.submitted","body":{"id":9,"result":true}}"#),
        (1, 0, 0)
    );

    let output = "d4".repeat(104);
    let beam = format!(
        r#"{{"method" : "solution", "id": "212", "nonce": "a1b2c39398e07a66", "output": "{output}"}}"#
    );
    let code = |code: i32| format!(r#"{{"id":"212","method":"result","code":{code},"description":"said"}}"#);
    assert_eq!(share_is(&beam, &code(1)), (1, 1, 0));
    assert_eq!(share_is(&beam, &code(2)), (1, 0, 1));
    assert_eq!(share_is(&beam, &code(3)), (1, 0, 1));
    assert_eq!(share_is(&beam, &code(-32003)), (1, 0, 1));
    assert_eq!(share_is(&beam, &code(0)), (1, 0, 0));
}

/// A job of the pool's own count must not answer a share that has the same number.
#[test]
fn two_counts_are_not_mixed() {
    let mut session = Session::new(Time(0));
    let header = "35".repeat(180);
    let job = format!(
        r#"{{"id":4,"method":"mining.notify","body":{{"miningRequestId":140,"header":"{header}"}}}}"#
    );
    for (way, line) in [
        (
            Way::Up,
            r#"{"id":4,"method":"mining.submit","body":{"miningRequestId":139,"randomness":"1c20e600"}}"#,
        ),
        (Way::Down, &*job),
        (Way::Down, r#"{"id":5,"method":"mining.submitted","body":{"id":4,"result":true}}"#),
    ] {
        session.line(way, &Line::read(line.as_bytes()), Time(1));
    }
    assert_eq!(session.live().shares().accepted, 1);
}

/// Grin's miner gives every request the id 0: a keep-alive's reply is none to the share that waits.
#[test]
fn one_id_for_all_is_told_by_the_method() {
    let mut session = Session::new(Time(0));
    let submit = grin_submit();
    for (way, line) in [
        (Way::Up, r#"{"id":"0","method":"getjobtemplate","params":null}"#),
        (Way::Up, &*submit),
        (Way::Down, r#"{"id":"0","method":"keepalive","result":"ok","error":null}"#),
        (Way::Down, r#"{"id":"0","method":"login","error":{"code":-32500,"message":"login first"}}"#),
        (Way::Down, r#"{"id":"0","method":"submit","result":"ok","error":null}"#),
    ] {
        session.line(way, &Line::read(line.as_bytes()), Time(1));
    }
    let shares = session.live().shares();
    assert_eq!((shares.submitted, shares.accepted, shares.rejected), (1, 1, 0));
}

/// Shapes of the reference that no vector holds.
#[test]
fn shapes_without_a_vector() {
    let key = "ab".repeat(32);
    let fish = json!({"id": 0, "method": "mining.subscribe", "body":
        {"version": 3, "name": "rig7", "publicAddress": key, "agent": "bzminer/21"}});
    let fish = fish.to_string();
    let Some(Message { dialect: Dialect::Ironfish, body, .. }) = message(&fish) else { panic!("{fish}") };
    let Body::Authorize(Login { user, worker, agent, .. }) = body else { panic!("{body:?}") };
    assert_eq!((&*user, worker.as_deref(), agent.as_deref()), (&*key, Some("rig7"), Some("bzminer/21")));

    let grin = grin_submit();
    let Some(Message { dialect: Dialect::Grin, decisive: true, body, .. }) = message(&grin) else {
        panic!("{grin}")
    };
    let Body::Submit(Share { algorithm, job, .. }) = body else { panic!("{body:?}") };
    assert_eq!((algorithm.as_deref(), job.as_deref()), (Some("cuckatoo32"), Some("4")));
    let work = json!({"difficulty": 2, "height": 3, "job_id": 4, "pre_pow": "0a".repeat(200)});
    let work = json!({"id": "0", "method": "getjobtemplate", "result": work}).to_string();
    assert!(
        matches!(message(&work), Some(Message { dialect: Dialect::Grin, body: Body::Job(_), .. })),
        "{work}"
    );

    let first =
        json!({"job_id": "1", "blob": "P/WV2MhVKn6Qc2UfldAzk/".repeat(8), "target": "5000", "height": 9});
    let tari = json!({"id": "1", "jsonrpc": "2.0", "result": {"id": "d25e", "job": first, "status": "OK"}})
        .to_string();
    let Some(Message { dialect: Dialect::Tari, body: Body::Job(job), .. }) = message(&tari) else {
        panic!("{tari}")
    };
    assert_eq!(job.hashes, Some(5000.0));

    let proof: Vec<String> = (0..42).map(|n| format!("{n:08x}")).collect();
    let cycle =
        json!({"id": 4, "method": "mining.submit", "params": ["ak_x.r", "d70fd222", "00aa11bb22", proof]});
    let cycle = cycle.to_string();
    assert!(
        matches!(message(&cycle), Some(Message { dialect: Dialect::Aeternity, decisive: true, .. })),
        "{cycle}"
    );
    let short = cycle.replacen(r#""00000000","#, "", 1);
    assert!(message(&short).is_none_or(|m| m.dialect != Dialect::Aeternity), "{short}");
}

/// A line cut anywhere says nothing of theirs that the whole one does not say.
#[test]
fn a_cut_line_is_no_other_message() {
    for v in vectors().iter().filter(|v| dialect_of(v).is_some()) {
        let text = v["message"].as_str().expect("text").trim();
        for end in 1..text.len() {
            if let Some(m) = message(&text[..end]).filter(|m| m.strength == Strength::Unique) {
                assert!(
                    Some(m.dialect) == dialect_of(v) || !m.decisive,
                    "vector {} cut at {end}: {m:?}",
                    v["n"]
                );
            }
        }
    }
}
