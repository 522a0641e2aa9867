//! Shapes against what they were written for, what looks like it, and bytes that nobody sane would send.

use proptest::prelude::*;

use crate::detect::{Certainty, Transport};
use crate::rules::{Error, Place, Problem, RuleSet};
use crate::wire::http;

use super::*;

fn shape(name: &'static str, form: Form) -> Shape {
    Shape { name, from: Some(Role::Pool), strength: Strength::Strong, says: Says::Other, take: vec![], form }
}

fn described(word: &'static str, shapes: Vec<Shape>) -> Described {
    let rule = Rule {
        id: 1_000_000,
        rev: 1,
        name: "a name".into(),
        category: "a category".into(),
        severity: 2,
        signal: Signal::BrowserMinerMessage,
        dialect: Some(Dialect::Named(word)),
        certainty: Certainty::Proven,
    };
    Described { rule, shapes }
}

fn rules(shapes: Vec<Shape>) -> RuleSet {
    RuleSet::build(vec![], vec![described("test", shapes)]).expect("sound shapes")
}

fn path(text: &str) -> Path {
    Path::parse(text).expect(text)
}

fn member(text: &str, test: Test) -> Member {
    Member { path: path(text), tests: vec![test] }
}

fn is_text(text: &str) -> Test {
    Test::Equal(Literal::Text(text.into()))
}

fn task() -> Shape {
    let members = vec![
        member("type", Test::Equal(Literal::Number(1.0))),
        member("body.tasks[1].hash", Test::Hex(8..=8)),
    ];
    let take = vec![
        (Field::Job, Source::Path(path("body.id"))),
        (Field::Hashes, Source::Path(path("worth"))),
        (Field::Algorithm, Source::Path(path("body.none"))),
    ];
    Shape { says: Says::Job, take, ..shape("a task", Form::Json(members)) }
}

fn name(rules: &RuleSet, object: &str) -> Option<&'static str> {
    rules.own().object(&Line::read(object.as_bytes())).map(|m| m.name)
}

#[test]
fn an_object_is_told_and_read() {
    let rules = rules(vec![task()]);
    let object = br#"{"id":7,"worth":"4096","body":{"tasks":[{},{"hash":"00abCDef"}],"id":12},"type":1.0}"#;
    let line = Line::read(object);
    let message = rules.own().object(&line).expect("a task");
    assert_eq!((message.dialect, message.name), (Dialect::Named("test"), "a task"));
    assert_eq!(
        (message.role, message.strength, message.decisive),
        (Some(Role::Pool), Strength::Strong, true)
    );
    assert_eq!(message.id, line.id);
    let Body::Job(job) = message.body else { panic!("{message:?}") };
    assert_eq!((job.id.as_deref(), job.hashes, job.algorithm), (Some("12"), Some(4096.0), None));
}

#[test]
fn what_looks_like_it_is_not_told() {
    let rules = rules(vec![task()]);
    for object in [
        r#"{}"#,
        r#"{"type":1}"#,
        r#"{"type":"1","body":{"tasks":[{},{"hash":"00abcdef"}]}}"#,
        r#"{"type":1,"body":{"tasks":[{"hash":"00abcdef"}]}}"#,
        r#"{"type":1,"body":{"tasks":[{},{"hash":"00abcde"}]}}"#,
        r#"{"type":1,"body":{"tasks":[{},{"hash":"00abcdeg"}]}}"#,
        r#"{"type":1,"body":{"tasks":{"1":{"hash":"00abcdef"}}}}"#,
        r#"{"type":1,"type":2,"body":{"tasks":[{},{"hash":"00abcdef"}]}}"#,
        r#"{"quote":{"type":1,"body":{"tasks":[{},{"hash":"00abcdef"}]}}}"#,
        r#"{"type":1,"body":{"tasks":[{},{"hash":"00abcdef"#,
    ] {
        assert_eq!(name(&rules, object), None, "{object}");
    }
    assert_eq!(
        name(
            &rules,
            r#"{"\u0074ype":1,"body":{"tasks":[{},{"hash":"00abcdef"}],"tasks":[1,{"hash":"00000000"}]}}"#
        ),
        Some("a task"),
        "names with escapes, and of names that are there twice the last"
    );
}

#[test]
fn forms() {
    let cases: [(Test, &[&str], &[&str]); 14] = [
        (Test::Equal(Literal::Bool(true)), &["true"], &["false", "1", "\"true\""]),
        (Test::Equal(Literal::Number(-2.5)), &["-2.5", "-25e-1"], &["2.5", "\"-2.5\"", "null"]),
        (is_text("a\"b"), &[r#""a\"b""#], &[r#""ab""#, r#""a\"B""#]),
        (
            Test::OneOf(vec![Literal::Number(1.0), Literal::Text("x".into())]),
            &["1", "\"x\""],
            &["\"1\"", "2"],
        ),
        (Test::Prefix("0x".into()), &["\"0x\"", "\"0x1\""], &["\"1\"", "[\"0x\"]"]),
        (Test::Length(2..=3), &["\"ab\"", "[1,2,3]"], &["\"a\"", "[1,2,3,4]", "12", "{}"]),
        (Test::Hex(2..=4), &["\"0aF\""], &["\"0\"", "\"00000\"", "\"xyz\"", "12"]),
        (Test::Is(Kind::Any), &["null", "{}"], &[]),
        (Test::Is(Kind::Array), &["[]"], &["{}", "\"[]\""]),
        (Test::Is(Kind::Bool), &["true", "false"], &["null"]),
        (Test::Is(Kind::Integer), &["0", "-7"], &["1.5", "1e3", "-", "\"1\""]),
        (Test::Is(Kind::Null), &["null"], &["0"]),
        (Test::Is(Kind::Number), &["1e3"], &["\"1\"", "inf", "nan", "null"]),
        (Test::Is(Kind::Text), &["\"\""], &["1", "\"\\u12\""]),
    ];
    for (test, good, bad) in cases {
        let rules =
            rules(vec![shape("x", Form::Json(vec![member("a", is_text("y")), member("b", test.clone())]))]);
        let fits = |value: &&&str| name(&rules, &format!(r#"{{"b":{value},"a":"y"}}"#)).is_some();
        assert!(good.iter().all(|v| fits(&v)), "{test:?}");
        assert!(!bad.iter().any(|v| fits(&v)), "{test:?}");
    }
    let both = Member { path: path("a"), tests: vec![Test::Prefix("0x".into()), Test::Hex(4..=4)] };
    let rules = rules(vec![shape("x", Form::Json(vec![both]))]);
    assert_eq!(name(&rules, r#"{"a":"0x12ab"}"#), Some("x"), "digits are counted behind the prefix");
    assert_eq!(name(&rules, r#"{"a":"0x12"}"#), None);
}

#[test]
fn the_first_shape_that_fits_names_a_message() {
    let wide = shape("wide", Form::Json(vec![member("b", Test::Equal(Literal::Number(1.0)))]));
    let narrow = Form::Json(vec![member("a", is_text("x")), member("b", Test::Equal(Literal::Number(1.0)))]);
    let object = r#"{"b":1,"a":"x"}"#;
    assert_eq!(name(&rules(vec![wide.clone(), shape("narrow", narrow.clone())]), object), Some("wide"));
    assert_eq!(name(&rules(vec![shape("narrow", narrow), wide]), object), Some("narrow"));
}

#[test]
fn many_known_names_cost_no_memory() {
    let members = |n: usize| vec![member(&format!("k{n}"), Test::Equal(Literal::Number(1.0)))];
    let rules = rules((0..64).map(|n| shape("x", Form::Json(members(n)))).collect());
    let all: Vec<String> = (0..64).map(|n| format!("\"k{n}\":{}", u8::from(n > 40))).collect();
    assert_eq!(name(&rules, &format!("{{{}}}", all.join(","))), None, "only so many names are looked at");
    assert_eq!(name(&rules, r#"{"k63":1}"#), Some("x"));
}

#[test]
fn paths() {
    for bad in ["", ".", "a.", ".a", "a..b", "[0]", "a[", "a[x]", "a[-1]", "a[+1]", "a[1]b", "a[1024]", "a[0"]
    {
        assert!(Path::parse(bad).is_err(), "{bad:?}");
    }
    assert!(Path::parse("a.b.c.d.e.f.g.h").is_ok());
    for deep in ["a.b.c.d.e.f.g.h.i", "a[0][0][0][0][0][0][0][0]", &"a.".repeat(200), &"[0]".repeat(160)] {
        assert!(Path::parse(deep).is_err(), "{deep}");
    }
}

#[test]
fn texts_and_their_screen() {
    let rules = rules(vec![shape("hello", Form::Text(b"HELLO,".as_slice().into()))]);
    let own = rules.own();
    assert_eq!(own.text(b"HELLO,abc\n").map(|m| m.name), Some("hello"));
    for other in [&b""[..], b"HELLO", b"hello,", b" HELLO,"] {
        assert!(own.text(other).is_none());
    }
    for may in [&b"H"[..], b"HELLO", b"HELLO,", b"HELLO,x"] {
        assert!(own.may_begin_text(may));
    }
    for never in [&b""[..], b"I", b"HELP", b"h", b"\xc8", b"HELLO "] {
        assert!(!own.may_begin_text(never), "{never:?}");
    }
    for bad in ["abc", "", " abcd", "{\"a\":", "GET /a", &"x".repeat(65)] {
        assert!(check_text(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn nothing_described_is_nothing_found() {
    let rules = RuleSet::default();
    let own = rules.own();
    assert!(own.is_empty() && own.object(&Line::read(b"{\"a\":1}")).is_none() && own.text(b"a").is_none());
    assert!(!own.may_become(b"{") && !own.may_begin_text(b"a") && !own.may_be_head(b"GET "));
}

#[test]
fn a_cut_object_may_become_a_message() {
    let rules = rules(vec![task()]);
    for may in ["{", " {", "{\"", "{\"bo", "{\"body\":{", "{\"worth\""] {
        assert!(rules.own().may_become(may.as_bytes()), "{may}");
    }
    for never in ["{\"id\":1", "{\"bodyguard", "{\"x", "{1"] {
        assert!(!rules.own().may_become(never.as_bytes()), "{never}");
    }
}

fn head_form(path: &str) -> HeadForm {
    let path = PathForm::parse(path).expect(path);
    HeadForm { method: "GET".into(), path, host: None, header: None, websocket: None }
}

/// The user that a shape takes from a request's path, if it fits.
fn asked(form: HeadForm, head: &str) -> Option<String> {
    let take = vec![(Field::User, Source::Star), (Field::Agent, Source::Header("user-agent".into()))];
    let rules = rules(vec![Shape { says: Says::Login, take, ..shape("asks", Form::Http(form)) }]);
    let mut found = None;
    http::Framer::default().feed(head.as_bytes(), http::Limits::default(), |event| {
        if let http::Event::Request(request) = event
            && let Some(Message { body: Body::Authorize(login), .. }) = rules.own().head(&request)
        {
            let cuts = 1..=head.len();
            assert!(
                cuts.into_iter().all(|n| rules.own().may_be_head(&head.as_bytes()[..n])),
                "the screen says no"
            );
            found = Some(format!("{} {}", login.user, login.agent.unwrap_or_default()));
        }
    });
    found
}

#[test]
fn heads() {
    let get = |target: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: eu.Pool.example.net:80\r\nUser-Agent: rig\r\n\r\n")
    };
    let one = |target: &str| asked(head_form("/mine/*/job"), &get(target));
    assert_eq!(one("/mine/w1/job").as_deref(), Some("w1 rig"));
    assert_eq!(one("/mine/w1/job?x=1").as_deref(), Some("w1 rig"), "a query is another matter");
    assert_eq!(one("http://pool.example.net/mine/w1/job").as_deref(), Some("w1 rig"), "to a proxy");
    for other in ["/mine//job", "/mine/a/b/job", "/mine/w1/jobs", "/mine/w1", "/Mine/w1/job", "*"] {
        assert_eq!(one(other), None, "{other}");
    }
    let open = |target: &str| asked(head_form("/mine/*"), &get(target));
    assert_eq!(open("/mine/w1/job/2").as_deref(), Some("w1 rig"));
    assert_eq!(open("/mine/").as_deref(), Some(" rig"));
    assert_eq!(open("/mine"), None);
    let host = |text: &str| {
        asked(
            HeadForm { host: Some(HostForm::parse(text).expect(text)), ..head_form("/mine") },
            &get("/mine"),
        )
        .is_some()
    };
    assert!(host("*.example.net") && host("eu.pool.example.net") && host("*.pool.example.net"));
    assert!(!host("pool.example.net") && !host("*.eu.pool.example.net") && !host("*.ool.example.net"));
    let header = |name: &str, prefix: &str| {
        asked(HeadForm { header: Some((name.into(), prefix.into())), ..head_form("/mine") }, &get("/mine"))
            .is_some()
    };
    assert!(
        header("user-agent", "ri") && header("HOST", "") && !header("user-agent", "rigs") && !header("x", "")
    );
    let upgrade = get("/mine").replace("\r\n\r\n", "\r\nUpgrade: h2c, WebSocket\r\n\r\n");
    for (wanted, head, fits) in
        [(true, &upgrade, true), (false, &upgrade, false), (true, &get("/mine"), false)]
    {
        let form = HeadForm { websocket: Some(wanted), ..head_form("/mine") };
        assert_eq!(asked(form, head).is_some(), fits);
    }
    assert_eq!(asked(HeadForm { method: "POST".into(), ..head_form("/mine") }, &get("/mine")), None);
    for bad in ["", "mine", "/a*b", "/a/*b/c", "/a b", "/a/**", "/ü"] {
        assert!(PathForm::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_screen_of_heads_sees_cut_ones() {
    let rules = rules(vec![shape("asks", Form::Http(head_form("/mine/*")))]);
    let own = rules.own();
    for may in [
        "G",
        "GET",
        "GET ",
        "GET /",
        "GET /mine/",
        "GET /mine/x",
        "GET http://a",
        "GET http://a/mine/",
        "GET ht",
    ] {
        assert!(own.may_be_head(may.as_bytes()), "{may}");
    }
    for never in ["", "P", "GET /other", "GETS", "GET  /mine/", "GET http://a/other", "get /mine/"] {
        assert!(!own.may_be_head(never.as_bytes()), "{never}");
    }
}

#[test]
fn what_is_too_wide_is_refused() {
    let wide = |form: Form, strength: Strength| {
        let shapes = vec![Shape { strength, ..shape("x", form) }];
        match RuleSet::build(vec![], vec![described("test", shapes)]) {
            Ok(_) => false,
            Err(errors) => {
                let ok = matches!(
                    errors[..],
                    [Error { place: Place::Message(0, 0), problem: Problem::Wide(_), .. }]
                );
                assert!(ok, "{errors:?}");
                true
            }
        }
    };
    let one = |test: Test| Form::Json(vec![member("a", test)]);
    let kind = || Test::Is(Kind::Text);
    use Strength::{Context, Strong, Unique};
    assert!(wide(one(kind()), Context));
    assert!(wide(Form::Json(vec![]), Context));
    assert!(wide(Form::Json(vec![member("a", kind()), member("b", kind())]), Strong));
    assert!(!wide(one(is_text("x")), Strong) && wide(one(is_text("x")), Unique));
    assert!(!wide(one(is_text("12345678")), Unique) && !wide(one(Test::Hex(8..=9)), Unique));
    assert!(wide(one(Test::Hex(7..=9)), Unique) && wide(one(Test::Length(64..=64)), Unique));
    assert!(!wide(Form::Json(vec![member("a", kind()), member("b", is_text("x"))]), Unique));
    assert!(wide(Form::Text(b"abcdefg".as_slice().into()), Unique));
    assert!(wide(Form::Http(head_form("/*")), Context) && wide(Form::Http(head_form("/mine/*")), Unique));
    assert!(
        !wide(Form::Http(head_form("/mine/*")), Strong) && !wide(Form::Http(head_form("/mine/work")), Unique)
    );
}

#[test]
fn words_that_are_taken_or_none() {
    let fault = |word: &'static str| {
        let errors = RuleSet::build(vec![], vec![described(word, vec![task()])]).err();
        errors.map(|e| e.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    for word in ["xdagnode", "a", "a_1"] {
        assert_eq!(fault(word), None);
    }
    for word in ["", "Bitcoin", "bitcoin", "any", "custom", "other", "unknown", "1a", "_a", "a-b", "ü", "a b"]
    {
        let said = fault(word).expect(word);
        assert!(said.starts_with("dialects[0].dialect: ") && said.lines().count() == 1, "{said}");
    }
    assert!(fault("abcdefghijabcdefghijabcdefghijabc").is_some(), "33 letters");
}

#[test]
fn described_rules_stand_among_the_others() {
    let rules = rules(vec![task()]);
    let dialect = Dialect::Named("test");
    assert_eq!(rules.signal(dialect, Transport::Tcp), Signal::BrowserMinerMessage);
    assert_eq!(rules.signal(Dialect::Bitcoin, Transport::Tcp), Signal::StratumMessage);
    assert_eq!(rules.signal(Dialect::Named("gone"), Transport::Http), Signal::GetworkRequest);
    assert_eq!(rules.rule(Signal::BrowserMinerMessage, dialect).map(|r| r.id), Some(1_000_000));
    assert_eq!(rules.detections().len(), 1);
    let twice = vec![described("test", vec![task()]), described("test", vec![])];
    let errors = RuleSet::build(vec![], twice).expect_err("twice");
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(
        said.iter()
            .any(|s| s
                .starts_with("dialects[1].dialect: dialect test is described twice (first in dialects[0])")),
        "{said:?}"
    );
    assert!(said.iter().any(|s| s.starts_with("dialects[1].id: rule id 1000000 is used twice")), "{said:?}");
    assert!(said.iter().any(|s| s.starts_with("dialects[1].messages: no message is described")), "{said:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..300), head in "\\{\"(type|body|worth)\":") {
        let http = Form::Http(head_form("/mine/*"));
        let rules = rules(vec![task(), shape("t", Form::Text(b"abcd".as_slice().into())), shape("h", http)]);
        let own = rules.own();
        let object = [head.as_bytes(), &bytes].concat();
        let _ = own.object(&Line::read(&object));
        let _ = own.text(&bytes);
        let _ = (own.may_become(&object), own.may_begin_text(&bytes), own.may_be_head(&bytes));
    }

    #[test]
    fn any_path_is_safe(text in "[a-c.\\[\\]0-9*/]{0,40}") {
        let _ = (Path::parse(&text), PathForm::parse(&text), PathForm::parse(&format!("/{text}")), HostForm::parse(&text));
    }
}
