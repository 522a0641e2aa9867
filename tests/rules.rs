//! Rule files that describe dialects, from YAML to what the sensor asks, and `geophone rules test`: a good file, each
//! fault with its place, and the samples of the rules that ship.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use geophone::config::{Config, load_rules, load_rules_with_samples};
use geophone::detect::{Dialect, Signal, Transport};
use geophone::rules::RuleSet;
use geophone::stratum::{Body, Line, Role, Strength};

/// A directory of rule files that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("geophone-rules-{}-{count}", std::process::id()));
        fs::create_dir_all(path.join("rules")).unwrap();
        fs::write(path.join("c.yaml"), "rules: {directory: rules}\n").unwrap();
        for (name, text) in files {
            fs::write(path.join("rules").join(name), text).unwrap();
        }
        Self(path)
    }

    fn load(&self) -> Result<RuleSet, Vec<String>> {
        let config = Config::load(Some(&self.0.join("c.yaml"))).unwrap();
        let prefix = format!("{}/", self.0.join("rules").display());
        load_rules(&config).map_err(|e| e.to_string().lines().map(|l| l.replace(&prefix, "")).collect())
    }

    /// `geophone rules test` on them.
    fn test(&self) -> (Option<i32>, String) {
        let output = geophone(&["rules", "test", "-c", self.0.join("c.yaml").to_str().unwrap()]);
        let prefix = format!("{}/", self.0.join("rules").display());
        (output.status.code(), String::from_utf8(output.stdout).unwrap().replace(&prefix, ""))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn geophone(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_geophone")).args(args).output().unwrap()
}

const HEAD: &str = "dialects:\n- {dialect: mine, id: 1000000, rev: 1, signal: stratum_message, name: n, category: c, severity: 2, certainty: proven, messages: [\n";

/// A file of one dialect; the messages begin in line 3.
fn of_messages(messages: &str) -> String {
    format!("{HEAD}{messages}\n]}}\n")
}

fn faults(text: &str) -> Vec<String> {
    Folder::new(&[("a.yaml", text)]).load().expect_err(text)
}

const GOOD: &str = r#"
dialects:
  - dialect: examplecoin
    id: 1000007
    rev: 1
    signal: getwork_request
    name: "Mining: ExampleCoin"
    category: "Crypto Currency Mining Activity Detected"
    severity: 2
    certainty: proven
    messages:
      - name: a login
        from: miner
        strength: unique
        says: login
        json:
          op: hello
          "peer.address": {prefix: "ex1", length: [20, 60]}
          peer.threads: {is: integer}
          ext[0]: {one_of: [1, "1", true]}
        take: {user: peer.address, worker: peer.rig, pool: peer.via, agent: peer.agent, coin: peer.coin}
        matches:
          - '{"op":"hello","peer":{"address":"ex1qqqqqqqqqqqqqqqqqqqq","threads":4},"ext":[1]}'
        ignores:
          - '{"op":"hello","peer":{"address":"ann@example.org","threads":4},"ext":[1]}'
      - name: a greeting
        strength: context
        text: "EXAMPLE/1 !"
        matches: ["EXAMPLE/1 ! ready\n"]
      - name: work
        strength: strong
        http: {method: GET, path: "/mine/*/work", host: "*.example.net", header: {name: X-Rig, prefix: "r"}, websocket: false}
        says: login
        take: {user: "*", worker: X-Rig}
        matches: ["GET /mine/ex1q/work HTTP/1.1\r\nHost: a.example.net\r\nX-Rig: r7\r\n\r\n"]
        ignores: ["GET /mine/ex1q/work HTTP/1.1\r\nHost: example.net\r\nX-Rig: r7\r\n\r\n"]
"#;

#[test]
fn a_good_file_becomes_shapes() {
    let rules = Folder::new(&[("a.yaml", GOOD)]).load().unwrap();
    let own = rules.own();
    assert_eq!((own.count(), rules.detections().len()), (1, 1));
    let dialect = rules.detections()[0].dialect.unwrap();
    assert_eq!(dialect, Dialect::Named("examplecoin"));
    assert_eq!(rules.signal(dialect, Transport::WebSocket), Signal::GetworkRequest);
    let object =
        br#"{"ext":[true],"op":"hello","peer":{"address":"ex1qqqqqqqqqqqqqqqqqqqq","rig":"r1","agent":"ex/2",
        "coin":"EXC","via":"stratum+tcp://pool.example.net:4444","threads":4},"id":9}"#;
    let message = own.object(&Line::read(object)).unwrap();
    assert_eq!(
        (message.name, message.role, message.strength),
        ("a login", Some(Role::Miner), Strength::Unique)
    );
    let Body::Authorize(login) = message.body else { panic!("{message:?}") };
    assert_eq!((&*login.user, login.worker.as_deref()), ("ex1qqqqqqqqqqqqqqqqqqqq", Some("r1")));
    assert_eq!((login.agent.as_deref(), login.coin.as_deref()), (Some("ex/2"), Some("EXC")));
    let pool = login.pool.unwrap();
    assert_eq!((&*pool.host, pool.port), ("pool.example.net", Some(4444)));
    assert_eq!(own.text(b"EXAMPLE/1 ! ready").map(|m| (m.name, m.role)), Some(("a greeting", None)));
    assert!(own.may_begin_text(b"EXAM") && own.may_be_head(b"GET /mi") && own.may_become(b"{\"ext\""));
}

#[test]
fn long_and_hostile_values_are_not_taken() {
    let rules = Folder::new(&[("a.yaml", GOOD)]).load().unwrap();
    let long = "x".repeat(513);
    let text = format!(
        r#"{{"op":"hello","peer":{{"address":"ex1qqqqqqqqqqqqqqqqqqqq","threads":4,"rig":"{long}","agent":"\ud800",
            "via":"not a pool","coin":[["XMR"]]}},"ext":["1"]}}"#
    );
    let line = Line::read(text.as_bytes());
    let message = rules.own().object(&line).unwrap();
    let Body::Authorize(login) = message.body else { panic!("no login") };
    assert_eq!((login.worker, login.agent, login.pool, login.coin), (None, None, None, None));
    let deep = format!(r#"{{"op":"hello","peer":{}"#, "{\"address\":".repeat(10_000));
    assert!(rules.own().object(&Line::read(deep.as_bytes())).is_none());
    for cut in 0..text.len() {
        let _ = rules.own().object(&Line::read(text.as_bytes().get(..cut).unwrap()));
    }
}

#[test]
fn each_fault_of_a_message_has_its_place() {
    let samples = "matches: ['x'], ignores: ['y']";
    let mut wrong = Vec::new();
    for (message, place, said) in [
        (
            "{name: n, strength: strong, json: {a: 1}, ignores: [y]}",
            "3:1: dialects[0].messages[0].matches",
            "is missing",
        ),
        (
            "{name: n, strength: strong, json: {a: 1}, matches: [x]}",
            "3:1: dialects[0].messages[0].ignores",
            "is missing",
        ),
        (
            "{name: n, strength: strong, json: {a: 1}, matches: [], ignores: [y]}",
            "3:52: dialects[0].messages[0].matches",
            "has no sample",
        ),
        (
            "{name: n, strength: strong, json: {a: 1}, matches: [7], ignores: [y]}",
            "3:53: dialects[0].messages[0].matches",
            "7 is no sample",
        ),
        (
            "{name: n, strength: strong, json: {a: 1}, matches: [{http: x}], ignores: [y]}",
            "3:53: ",
            "is no sample",
        ),
        ("{strength: strong, json: {a: 1}, S}", "3:1: dialects[0].messages[0].name", "is missing"),
        ("{name: n, json: {a: 1}, S}", "3:1: dialects[0].messages[0].strength", "is missing"),
        (
            "{name: n, strength: sure, json: {a: 1}, S}",
            "3:21: ",
            "\"sure\" is none of the words: write one of: unique, strong, context",
        ),
        ("{name: n, from: nobody, strength: strong, json: {a: 1}, S}", "3:17: ", "write one of: miner, pool"),
        (
            "{name: n, strength: strong, says: hi, json: {a: 1}, S}",
            "3:35: ",
            "write one of: accept, job, login, other, reject, submit, subscribe",
        ),
        (
            "{name: n, strength: strong, colour: 1, json: {a: 1}, S}",
            "3:29: dialects[0].messages[0].colour",
            "unknown key",
        ),
        (
            "{name: n, strength: strong, S}",
            "3:1: dialects[0].messages[0]",
            "has not exactly one of json, text and http",
        ),
        ("{name: n, strength: strong, json: {a: 1}, text: abcd, S}", "3:1: ", "has not exactly one of"),
        (
            "{name: n, strength: strong, json: [a], S}",
            "3:35: dialects[0].messages[0].json",
            "a list is no mapping",
        ),
        (
            "{name: n, strength: strong, json: {a: {is: string}}, S}",
            "3:35: dialects[0].messages[0].json",
            "compares no member",
        ),
        (
            "{name: n, strength: unique, json: {a: 1}, S}",
            "3:35: dialects[0].messages[0].json",
            "is unique, but",
        ),
        (
            "{name: n, strength: strong, json: {a..b: 1}, S}",
            "3:36: dialects[0].messages[0].json.a..b",
            "the path has a name without letters",
        ),
        ("{name: n, strength: strong, json: {\"a[9999]\": 1}, S}", "3:36: ", "none of 0 to 1023"),
        ("{name: n, strength: strong, json: {a: 1, a: 2}, S}", "3:42: ", "is there twice"),
        ("{name: n, strength: strong, json: {a: }, S}", "3:", "has no value"),
        ("{name: n, strength: strong, json: {a: [1]}, S}", "3:39: ", "a list is no scalar"),
        ("{name: n, strength: strong, json: {a: 99999999999999999}, S}", "3:39: ", "too large"),
        (
            "{name: n, strength: strong, json: {a: {}}, S}",
            "3:39: ",
            "asks for nothing: write one of: hex, is, length, one_of, prefix",
        ),
        (
            "{name: n, strength: strong, json: {a: {hexx: 8}}, S}",
            "3:40: dialects[0].messages[0].json.a.hexx",
            "unknown key",
        ),
        (
            "{name: n, strength: strong, json: {a: {hex: 0}}, S}",
            "3:45: dialects[0].messages[0].json.a.hex",
            "is out of range",
        ),
        ("{name: n, strength: strong, json: {a: {length: [9, 1]}}, S}", "3:48: ", "begins behind its end"),
        ("{name: n, strength: strong, json: {a: {length: [1]}}, S}", "3:48: ", "has not two items"),
        ("{name: n, strength: strong, json: {a: {is: text}}, S}", "3:44: ", "write one of: any, array, bool"),
        ("{name: n, strength: strong, json: {a: {one_of: []}}, S}", "3:48: ", "has not 1 to 32 items"),
        (
            "{name: n, strength: strong, json: {a: {prefix: ''}}, S}",
            "3:48: ",
            "write a text of 1 to 512 bytes",
        ),
        (
            "{name: n, strength: strong, json: {a: 1}, take: {job: a}, S}",
            "3:55: dialects[0].messages[0].take.job",
            "other tells: take one of: pool",
        ),
        (
            "{name: n, strength: strong, says: accept, json: {a: 1}, take: {job: a}, S}",
            "3:69: ",
            "take nothing from it",
        ),
        (
            "{name: n, strength: strong, says: job, json: {a: 1}, take: {job: 'a['}, S}",
            "3:66: ",
            "none of 0 to 1023",
        ),
        (
            "{name: n, strength: strong, text: abc, S}",
            "3:35: dialects[0].messages[0].text",
            "is not 4 to 64 bytes long",
        ),
        ("{name: n, strength: strong, text: '{\"a\"', S}", "3:35: ", "which json tells"),
        ("{name: n, strength: strong, text: abcd, take: {pool: a}, S}", "3:54: ", "taken from text"),
        (
            "{name: n, strength: strong, http: {path: /mine}, S}",
            "3:35: dialects[0].messages[0].http.method",
            "is missing",
        ),
        ("{name: n, strength: strong, http: {method: get, path: /mine}, S}", "3:44: ", "is no method"),
        (
            "{name: n, strength: strong, http: {method: GET, path: mine}, S}",
            "3:55: ",
            "does not begin with a slash",
        ),
        (
            "{name: n, strength: strong, http: {method: GET, path: /a*b}, S}",
            "3:55: ",
            "neither a whole segment nor the end",
        ),
        (
            "{name: n, strength: strong, http: {method: GET, path: /mine, host: com}, S}",
            "3:68: ",
            "one label only",
        ),
        (
            "{name: n, strength: strong, http: {method: GET, path: /mine, header: {name: 'a b'}}, S}",
            "3:77: ",
            "is no header's name",
        ),
        (
            "{name: n, strength: strong, http: {method: GET, path: /mine, websocket: maybe}, S}",
            "3:73: ",
            "is neither true nor false",
        ),
        (
            "{name: n, strength: strong, http: {method: GET, path: /*}, S}",
            "3:35: dialects[0].messages[0].http",
            "asks for no host",
        ),
    ] {
        let lines = faults(&of_messages(&message.replace(" S}", &format!(" {samples}}}"))));
        let right = |l: &String| l.starts_with(&format!("a.yaml:{place}")) && l.contains(said);
        if lines.len() != 1 || !right(&lines[0]) {
            wrong.push(format!("{message}\n{place} {said}\n{}", lines.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn bounds_are_kept() {
    let good = "{name: n, strength: context, json: {a: 1}, matches: [x]}";
    let many = |n: usize, text: &str| vec![text; n].join(",\n");
    assert!(Folder::new(&[("a.yaml", &of_messages(&many(64, good)))]).load().is_ok());
    assert!(faults(&of_messages(&many(65, good)))[0].contains("more than 64 messages"));
    let members: String = (0..33).map(|n| format!("k{n}: 1, ")).collect();
    assert!(faults(&of_messages(&good.replace("a: 1", &members)))[0].contains("more than 32 members"));
    assert!(
        faults(&of_messages(&good.replace("[x]", &format!("[{}]", many(65, "x")))))[0]
            .contains("more than 64 samples")
    );
    let long = good.replace("[x]", &format!("[{}]", "x".repeat(16_385)));
    assert!(faults(&of_messages(&long))[0].contains("longer than 16 KiB"));
    assert!(
        faults(&of_messages(&good.replace("name: n", &format!("name: {}", "n".repeat(65)))))[0]
            .contains("64 bytes")
    );
    assert!(
        faults(&of_messages(&good.replace("a: 1", &format!("a: {}", "x".repeat(513)))))[0]
            .contains("too long")
    );
    let dialects: String = (0..65)
        .map(|n| {
            of_messages(good)
                .replace("dialects:\n", "")
                .replace("mine", &format!("m{n}"))
                .replace("1000000", &format!("{}", 2_000_000 + n))
        })
        .collect();
    assert!(faults(&format!("dialects:\n{dialects}"))[0].contains("more than 64 dialects"));
}

#[test]
fn words_and_ids_are_used_once_over_all_files() {
    let file = of_messages("{name: n, strength: context, json: {a: 1}, matches: [x]}");
    let rule = "detections:\n- {id: 1000000, rev: 1, signal: stratum_message, name: n, category: c, severity: 1, certainty: proven}\n";
    let lines = Folder::new(&[("a.yaml", rule), ("b.yaml", &file), ("c.yaml", &file)]).load().unwrap_err();
    let expected = [
        "b.yaml:2:23: dialects[0].id: rule id 1000000 is used twice (first in a.yaml:2:8): take a free number",
        "c.yaml:2:13: dialects[0].dialect: dialect mine is described twice (first in b.yaml:2:13): keep one",
        "c.yaml:2:23: dialects[0].id: rule id 1000000 is used twice (first in a.yaml:2:8): take a free number",
    ];
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().zip(expected).all(|(l, e)| l.starts_with(e)), "{}", lines.join("\n"));
    let taken = file.replace("dialect: mine", "dialect: bitcoin");
    assert!(
        faults(&taken)[0]
            .starts_with("a.yaml:2:13: dialects[0].dialect: \"bitcoin\" is taken: write another word")
    );
    let none = file.replace("dialect: mine", "dialect: Mine-1");
    assert!(
        faults(&none)[0].starts_with("a.yaml:2:13: dialects[0].dialect: \"Mine-1\" is no word for a dialect")
    );
    assert!(faults(&of_messages(""))[0].contains("dialects[0].messages: no message is described"));
}

#[test]
fn a_directory_of_dialects_alone_is_enough() {
    let rules = Folder::new(&[("a.yaml", GOOD)]).load().unwrap();
    assert!(rules.rule(Signal::StratumMessage, Dialect::Bitcoin).is_none());
    assert!(rules.rule(Signal::GetworkRequest, Dialect::Named("examplecoin")).is_some());
}

#[test]
fn the_samples_of_the_shipped_rules_are_found_and_ignored() {
    let output = geophone(&["rules", "test"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let (rules, samples) = load_rules_with_samples(&Config::default()).unwrap();
    for rule in rules.detections().iter().filter(|r| r.dialect.is_some()) {
        let own = || samples.iter().filter(|s| s.rule == rule.id);
        assert!(own().any(|s| !s.matches.is_empty()), "rule {} has no sample", rule.id);
        assert!(own().any(|s| !s.ignores.is_empty()), "rule {} has no look-alike", rule.id);
    }
}

#[test]
fn samples_that_fail_are_told_with_their_place() {
    let good = Folder::new(&[("a.yaml", GOOD)]);
    let (code, said) = good.test();
    assert_eq!((code, said.as_str()), (Some(0), "5 samples: 5 good, 0 failed; rules without a sample: 0\n"));

    let bad = GOOD
        .replace("EXAMPLE/1 ! ready", "EXAMPLE/2")
        .replace("\"address\":\"ann@example.org\"", "\"address\":\"ex1zzzzzzzzzzzzzzzzzzzz\"");
    let (code, said) = Folder::new(&[("a.yaml", &bad)]).test();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(code, Some(78), "{said}");
    assert_eq!(
        lines,
        [
            "a.yaml:25: rule 1000007 \"a login\": ignores[0]: the shape fits",
            "a.yaml:29: rule 1000007 \"a greeting\": matches[0]: the shape does not fit",
            "5 samples: 3 good, 2 failed; rules without a sample: 0",
        ]
    );
}

#[test]
fn a_sample_of_a_listed_rule_can_fail() {
    let rule = |dialect: &str, matches: &str, ignores: &str| {
        let text = format!(
            "detections:\n- {{id: 1, rev: 1, signal: stratum_message, name: n, category: c, severity: 1, certainty: proven}}\n\
             - {{id: 2, rev: 1, signal: stratum_message, dialect: {dialect}, name: n, category: c, severity: 1, certainty: proven,\n\
             \x20  matches: ['{matches}'],\n   ignores: ['{ignores}']}}\n"
        );
        Folder::new(&[("a.yaml", &text)]).test()
    };
    let submit = r#"{"params": ["a.b", "5f3a", "0a000000", "66a1b2c3", "1c2f00a7"], "id": 5, "method": "mining.submit"}"#;
    assert_eq!(rule("bitcoin", submit, "nothing").0, Some(0));
    let (code, said) = rule("kaspa", submit, "nothing");
    assert!(
        code == Some(78) && said.starts_with("a.yaml:4: rule 2: matches[0]: it was told by rule 1\n"),
        "{said}"
    );
    let (code, said) = rule("bitcoin", "nothing", submit);
    assert!(
        code == Some(78)
            && said.starts_with(
                "a.yaml:4: rule 2: matches[0]: nothing was told\na.yaml:5: rule 2: ignores[0]: it was told\n"
            ),
        "{said}"
    );
}

#[test]
fn the_example_of_the_document_is_good() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md")).unwrap();
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (code, said) = Folder::new(&[("a.yaml", example)]).test();
    assert_eq!((code, said.as_str()), (Some(0), "2 samples: 2 good, 0 failed; rules without a sample: 0\n"));
}

#[test]
fn the_shipped_dialects_say_their_values() {
    let rules = load_rules(&Config::default()).unwrap();
    let connect = br#"{"command":"connect","data":{"wallet":"43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7w",
        "pool":"pool.example.net:3333","threads":4}}"#;
    let line = Line::read(connect);
    let message = rules.own().object(&line).unwrap();
    assert_eq!((message.dialect.name(), message.strength), ("webminer", Strength::Strong));
    assert_eq!(rules.signal(message.dialect, Transport::WebSocket), Signal::BrowserMinerMessage);
    let Body::Authorize(login) = message.body else { panic!("{message:?}") };
    assert_eq!(login.user, "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7w");
    assert_eq!(
        login.pool.map(|p| (p.host.into_owned(), p.port)),
        Some(("pool.example.net".into(), Some(3333)))
    );

    let hash = "15f02827707b4e30642376f77dc2b2e822a85105046b50bc2f76a4437b2c85ee";
    let share = format!(r#"{{"msgType":2,"msgContent":{{"share":"{hash}","hash":"{hash}","taskIndex":7}}}}"#);
    let line = Line::read(share.as_bytes());
    let message = rules.own().object(&line).unwrap();
    assert_eq!((message.dialect.name(), message.role), ("xdagnode", Some(Role::Miner)));
    let Body::Submit(share) = message.body else { panic!("{message:?}") };
    assert_eq!(share.job.as_deref(), Some("7"));
}
