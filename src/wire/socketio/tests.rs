//! Packets as the protocols' documents show them, text that only looks like them, and bytes chosen to hurt.

use super::*;

fn event(text: &str) -> Option<(Option<u64>, String)> {
    match read(text.as_bytes())? {
        Packet::Event { ack, array } => Some((ack, String::from_utf8_lossy(array.text()).into_owned())),
        Packet::Other => None,
    }
}

#[test]
fn events() {
    for (text, ack, array) in [
        (r#"42["can start"]"#, None, r#"["can start"]"#),
        (r#"420["startComs",1]"#, Some(0), r#"["startComs",1]"#),
        (r#"4217["a",{"b":[1,2]}]"#, Some(17), r#"["a",{"b":[1,2]}]"#),
        (r#"42/admin,["a"]"#, None, r#"["a"]"#),
        (r#"42/admin,7["a"]"#, Some(7), r#"["a"]"#),
        (r#"42/a?token=x%2C,["a"]"#, None, r#"["a"]"#),
        (r#"451-["up",{"_placeholder":true,"num":0}]"#, None, r#"["up",{"_placeholder":true,"num":0}]"#),
        (r#"452-/ns,12["up"]"#, Some(12), r#"["up"]"#),
        (r#"42["a\"]b"]"#, None, r#"["a\"]b"]"#),
        (r#"4218446744073709551615["a"]"#, Some(u64::MAX), r#"["a"]"#),
    ] {
        assert_eq!(event(text), Some((ack, array.to_owned())), "{text}");
        assert!(looks_like(text.as_bytes()), "{text}");
    }
}

#[test]
fn the_others() {
    for text in [
        r#"0{"sid":"Fbk9","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#,
        "1",
        "2",
        "3",
        "2probe",
        "3probe",
        "5",
        "6",
        "40",
        "40/admin",
        "40/admin,",
        r#"40{"sid":"x"}"#,
        r#"40/admin,{"token":"123"}"#,
        "41",
        "41/admin,",
        r#"43["x"]"#.replace("43", "4312").as_str(),
        "430[]",
        "43/admin,1[true]",
        r#"44{"message":"Not authorized"}"#,
        r#"44/admin,"Invalid namespace""#,
        r#"461-7[{"_placeholder":true,"num":0}]"#,
    ] {
        assert!(matches!(read(text.as_bytes()), Some(Packet::Other)), "{text}");
        assert!(looks_like(text.as_bytes()), "{text}");
    }
}

#[test]
fn ordinary_text_is_none() {
    for text in [
        "",
        "0",
        "0{}",
        r#"0{"sid":7}"#,
        r#"0{"sid":"x"} and more"#,
        "4",
        "42",
        "43",
        "420",
        "4 apples",
        "42 is the answer",
        "2024-01-01 10:00:00",
        "2 probes",
        "3.0",
        "10",
        "47[\"a\"]",
        "42[]",
        "42[1,2,3]",
        "42[\"\"]",
        "42[\"a\"] ",
        "42[\"a\"]]",
        "42[\"a\"",
        "42{\"a\":1}",
        "42 [\"a\"]",
        "4200[\"a\"]",
        "4207[\"a\"]",
        "4299999999999999999999[\"a\"]",
        "42/admin[\"a\"]",
        "42/ad min,[\"a\"]",
        "43[1]",
        "45[\"a\"]",
        "450-[\"a\"]",
        "451000-[\"a\"]",
        "451[\"a\"]",
        "451-",
        "40[1]",
        "40 ",
        "41{}",
        "411",
        "44oops",
        "4b",
        "97:42[\"a\"]",
        "{\"a\":1}",
        "[\"a\"]",
        "\u{feff}42[\"a\"]",
    ] {
        assert!(read(text.as_bytes()).is_none(), "{text:?}");
    }
}

/// What is read always looked like it, and a cut packet is none or one without content.
#[test]
fn a_cut_packet_is_no_event() {
    for text in [
        r#"42["start",{"stratum":{"server":"x"}},[1,"]"]]"#,
        r#"42/name/space,17["a",{"b":"\\\""}]"#,
        r#"4512-/ns,1["a",{"_placeholder":true,"num":0}]"#,
        r#"0{"sid":"Fbk9","upgrades":["websocket"]}"#,
    ] {
        for end in 0..text.len() {
            let cut = &text.as_bytes()[..end];
            assert!(!matches!(read(cut), Some(Packet::Event { .. })), "{text} cut at {end}");
            assert!(read(cut).is_none() || looks_like(cut), "{text} cut at {end}");
        }
    }
}

#[test]
fn hostile_text_is_bounded() {
    let million = 1 << 20;
    for text in [
        format!("42{}", "[".repeat(million)),
        format!("42{}", "9".repeat(million)),
        format!("42/{}", "n".repeat(million)),
        format!("42/{},[\"a\"]", "n".repeat(million)),
        format!("45{}-[\"a\"]", "1".repeat(million)),
        format!("42[\"{}", "\\".repeat(million)),
        format!("0{}", "{".repeat(million)),
    ] {
        assert!(read(text.as_bytes()).is_none());
    }
    let deep = format!("42[\"a\",{}{}]", "[".repeat(million), "]".repeat(million));
    assert!(matches!(read(deep.as_bytes()), Some(Packet::Event { ack: None, .. })));
    for byte in 0..=u8::MAX {
        assert!(read(&[b'4', b'2', byte]).is_none());
        assert!(read(&[b'4', b'2', b'[', byte, b']']).is_none());
    }
    assert!(read(b"42[\"\xff\xfe\"]").is_none(), "a name is UTF-8");
}
