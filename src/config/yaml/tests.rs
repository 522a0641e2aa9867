//! Places of nodes, in all the ways YAML can be written; refused kinds; text that is meant to hurt.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// `key@line:column` of all entries and `value@line:column` of all scalars, in the order of the text.
fn places(text: &str) -> Vec<String> {
    fn visit(node: &Node<'_>, out: &mut Vec<String>) {
        match &node.value {
            Value::List(list) => {
                out.push(format!("[@{}:{}", node.at.line, node.at.column));
                list.iter().for_each(|n| visit(n, out));
            }
            Value::Map(entries) => {
                out.push(format!("{{@{}:{}", node.at.line, node.at.column));
                for entry in entries {
                    out.push(format!("{}@{}:{}", entry.key, entry.at.line, entry.at.column));
                    visit(&entry.node, out);
                }
            }
            scalar => out.push(format!("{scalar}@{}:{}", node.at.line, node.at.column)),
        }
    }
    let mut out = Vec::new();
    visit(&parse(text).unwrap(), &mut out);
    out
}

#[test]
fn every_node_knows_its_place() {
    let text = "# comment\na: 1\nb:\n  - x\n  - {c: [true, ~], d: \"e\\n\"}\n  -\n    f: 1.5\ng:\nh: |\n  text\nä: ö\n";
    assert_eq!(
        places(text),
        [
            "{@1:1",
            "a@2:1",
            "1@2:4",
            "b@3:1",
            "[@4:3",
            "\"x\"@4:5",
            "{@5:5",
            "c@5:6",
            "[@5:9",
            "true@5:10",
            "nothing@5:16",
            "d@5:20",
            "\"e\\n\"@5:23",
            "{@7:5",
            "f@7:5",
            "1.5@7:8",
            "g@8:1",
            "nothing@8:3",
            "h@9:1",
            "\"text\\n\"@9:4",
            "ä@11:1",
            "\"ö\"@11:4"
        ]
    );
}

#[test]
fn odd_shapes_are_read() {
    assert_eq!(places("- - a\n  - b\n- []\n- {}\n").len(), 6);
    assert_eq!(places("k:\n- a: 1\n  b: 2\n- c: 3\n").len(), 11);
    assert_eq!(places("? a\n: b\n? c\n")[1..], ["a@1:3", "\"b\"@2:3", "c@3:3", "nothing@4:1"]);
    assert_eq!(places("[a: b, c]")[1..3], ["{@1:2", "a@1:2"]);
    assert_eq!(places("%YAML 1.1\n---\na: 1\n...\n")[1], "a@3:1");
    assert_eq!(parse("").unwrap().value, Value::Null);
    assert_eq!(parse("# only a comment\n").unwrap().value, Value::Null);
    assert_eq!(
        parse("a: 99999999999999999999999999999999999999999\n").unwrap().value.to_string(),
        "a mapping"
    );
    assert_eq!(places("a: 340282366920938463463374607431768211455")[2], format!("{}@1:4", i128::MAX));
    assert_eq!(places("a: !!str 5\nb: !!int \"6\"")[2..], ["\"5\"@1:4", "b@2:1", "6@2:4"]);
}

#[test]
fn duplicate_keys_are_kept_for_the_reader_to_find() {
    let node = parse("a: 1\nb: 2\na: 3\n").unwrap();
    let Value::Map(entries) = node.value else { panic!("no mapping") };
    assert_eq!(
        entries.iter().map(|e| (&*e.key, e.at.line)).collect::<Vec<_>>(),
        [("a", 1), ("b", 2), ("a", 3)]
    );
}

#[test]
fn tags_aliases_and_odd_keys_are_refused() {
    for text in [
        "a: !x 1",
        "- !x {b: 1}",
        "- !x [b]",
        "!x a: 1",
        "a: &n 1\nb: *n",
        "a: &n [1]\nb: *n",
        "- &n 1\n- *n\n",
        "- &n a\n- *n\n- *n",
        "&n [*n]",
        "# c\n%YAML 1.1\n--- &n [*n, b]",
        "---\n  &n [*n]",
        "&n {*n : 1}",
        "a: &n {b: 1}\nc: {d: *n}",
        "? [a]\n: b",
        "{{a: b}: c}",
        "- &a {x: 1}\n- {? *a : 1}",
        "a: &n {b: *n}",
    ] {
        let fault = parse(text).expect_err(text);
        assert!(!fault.what.is_empty() && !fault.remedy.is_empty(), "{text}: {fault:?}");
    }
    let long = format!("{}: 1", "k".repeat(200));
    assert!(parse(&long).unwrap_err().what.contains("128"));
}

#[test]
fn broken_text_has_a_place_and_a_remedy() {
    for (text, line, part) in [
        ("a: \"x\nb: 1\n", 3, "quotes"),
        ("a:\n\tb: 1\n", 2, "tabs"),
        ("a: [1, 2\nb: 1\n", 2, "brackets"),
        ("a: 1\n b: 2\n", 2, "indentation"),
        ("a: *nowhere\n", 1, "check"),
        ("a: 1\n---\nb: 2\n", 1, "one document"),
        ("a: @x\n", 1, "check"),
        ("a: 1\nb: !!int x\n", 2, "check"),
        ("a: \0\n", 1, "check"),
    ] {
        let fault = parse(text).expect_err(text);
        assert_eq!(fault.at.line, line, "{text:?}: {fault:?}");
        assert!(fault.remedy.contains(part), "{text:?}: {fault:?}");
        assert!(!fault.what.contains('\n') && !fault.what.is_empty(), "{fault:?}");
    }
}

#[test]
fn text_that_is_meant_to_hurt_ends_soon() {
    let bomb =
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n";
    let flow = "[".repeat(100_000);
    let braces = "{a: ".repeat(100_000);
    let dashes = "- ".repeat(50_000);
    let big = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), "*a,".repeat(100_000));
    let sequence = "- &n a\n".to_owned() + &"- *n\n".repeat(100_000);
    let shallow = "[".repeat(1000);
    let lines = "[\n".repeat(100_000);
    let explicit = "? ".repeat(50_000);
    let quoted = format!("\"{}", "\\n".repeat(400_000));
    for text in [bomb, &flow, &braces, &dashes, &big, &sequence, &shallow, &lines, &explicit, &quoted] {
        #[allow(clippy::disallowed_methods, reason = "the test is about time spent")]
        let start = Instant::now();
        assert!(parse(text).is_err());
        eprintln!("{:?} {:?}", start.elapsed(), &text[..20]);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", &text[..20]);
    }
}

proptest! {
    #[test]
    fn any_text_ends(text in "[a-c:\\-\\[\\]{}&*!?|>'\"#,~\t\n 0-9.]{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn what_is_written_is_read(texts in proptest::collection::vec("\\PC{0,20}", 0..5), n in any::<i64>()) {
        let at = Location::START;
        let mut list: Vec<Node<'_>> =
            texts.iter().map(|t| Node { at, value: Value::Text(t.as_str().into()) }).collect();
        list.push(Node { at, value: Value::Int(n.into()) });
        let key = Cow::Borrowed("k");
        let tree = Value::Map(vec![Entry { key, at, node: Node { at, value: Value::List(list) } }]);
        let text = write(&tree);
        prop_assert_eq!(write(&parse(&text).unwrap().value), text);
    }
}
