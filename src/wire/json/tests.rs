use proptest::prelude::*;

use super::*;

fn value(text: &str) -> Value<'_> {
    Value::first(text.as_bytes()).expect("a whole value").0
}

#[test]
fn walks_members_in_any_order_and_spacing() {
    let v = value(" { \"id\" : 1 ,\t\"params\":[ \"a\" , {\"b\":[]} ,null],\"method\":\"mining.submit\" } ");
    assert_eq!(v.get("id").and_then(Value::u64), Some(1));
    assert_eq!(v.get("method").and_then(Value::plain), Some("mining.submit"));
    let params = v.get("params").expect("params");
    assert_eq!(params.items().count(), 3);
    assert!(params.item(1).is_some_and(Value::is_object));
    assert!(params.item(2).is_some_and(Value::is_null));
    assert_eq!(v.get("absent"), None);
}

#[test]
fn strings_resolve_escapes_and_refuse_bad_ones() {
    assert_eq!(value(r#""mining\u002esubscribe""#).str().as_deref(), Some("mining.subscribe"));
    assert!(value(r#""mining\u002esubscribe""#).is_str("mining.subscribe"));
    assert_eq!(value(r#""a\qb""#).str(), None);
    assert_eq!(value(r#""a\\""#).str().as_deref(), Some("a\\"));
    assert_eq!(Value::first(b"\"\xff\xfe\"").expect("delimited").0.str(), None);
    assert_eq!(Value::first(br#""open"#), None);
}

#[test]
fn numbers_keep_64_bits_and_refuse_words() {
    assert_eq!(value("13562769218940216038").u64(), Some(13562769218940216038));
    assert_eq!(value("0.0005430825985877853").number(), Some(0.0005430825985877853));
    assert_eq!(value("\"8192.0\"").number(), Some(8192.0));
    for not in ["nan", "inf", "\"infinity\"", "1e999", "{}", "true"] {
        assert_eq!(value(not).number(), None, "{not}");
    }
}

#[test]
fn a_cut_object_gives_its_whole_members() {
    let cut = br#"{"id":3,"method":"block_template","params":{"blob":"00"#;
    let names: Vec<_> = Members::open(cut).map(|(k, _)| k.plain().expect("plain")).collect();
    assert_eq!(names, ["id", "method"]);
}

#[test]
fn scan_finds_the_end_however_it_is_cut() {
    let text = br#"{"a":"}\"{","b":[1,{"c":"\\"}]}tail"#;
    let end = text.len() - 4;
    for cut in 0..text.len() {
        let mut scan = Scan::default();
        let (head, tail) = text.split_at(cut);
        let found = match scan.feed(head) {
            Found::End(n) => n,
            Found::Inside => match scan.feed(tail) {
                Found::End(n) => cut + n,
                other => panic!("cut {cut}: {other:?}"),
            },
            Found::Broken(n) => panic!("cut {cut}: broken at {n}"),
        };
        assert_eq!(found, end, "cut {cut}");
    }
}

#[test]
fn scan_stops_at_line_feeds_and_depth() {
    assert_eq!(Scan::default().feed(b"{\"a\":1\n}"), Found::Broken(6));
    assert_eq!(Scan::default().feed(b"{\"a\n"), Found::Broken(3));
    assert!(matches!(Scan::default().feed(&[b'['; 1000]), Found::Broken(_)));
}

proptest! {
    /// The oracle: whatever serde_json writes, the walk reads the same.
    #[test]
    fn agrees_with_serde_json(keys in prop::collection::vec(".{0,6}", 0..5), n in any::<u64>(), s in ".{0,20}", b in any::<bool>()) {
        let mut object = serde_json::Map::new();
        for (i, key) in keys.iter().enumerate() {
            let v = match i % 4 {
                0 => serde_json::json!(n),
                1 => serde_json::json!(s),
                2 => serde_json::json!([b, s, {"x": n}]),
                _ => serde_json::json!({"nested": [s]}),
            };
            object.insert(key.clone(), v);
        }
        let text = serde_json::to_string(&object).expect("serializes");
        let (v, rest) = Value::first(text.as_bytes()).expect("whole");
        prop_assert!(rest.is_empty());
        prop_assert_eq!(v.members().count(), object.len());
        for (key, expect) in &object {
            let got = v.get(key).expect("member");
            let parsed: serde_json::Value = serde_json::from_slice(got.text()).expect("valid piece");
            prop_assert_eq!(&parsed, expect);
            prop_assert_eq!(got.items().count(), expect.as_array().map_or(0, Vec::len));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Scan::default().feed(&bytes);
        if let Some((v, _)) = Value::first(&bytes) {
            for (k, m) in v.members() {
                let _ = (k.str(), m.number(), m.u64(), m.items().count());
            }
        }
        let _ = Members::open(&bytes).count();
    }
}
