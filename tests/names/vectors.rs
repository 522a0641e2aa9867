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
    if v["direction"] == "client" {
        tcp.up(&mut wire, &bytes(v));
    } else {
        tcp.down(&mut wire, &bytes(v));
    }
    wire.wait(60);
    wire.end()
}

/// Whether a vector is one that only a known host or script could tell.
fn is_named(v: &Value) -> bool {
    let (dialect, kind) =
        (v["dialect"].as_str().unwrap_or_default(), v["expect"]["kind"].as_str().unwrap_or_default());
    matches!(
        (dialect, kind),
        ("miner-script" | "stratum-url" | "tls", _)
            | ("duinocoin", "discovery" | "ws_upgrade")
            | ("coinhive" | "socketio-cwm" | "webminer-generic", "ws_upgrade")
    )
}

/// What each is told as, on port 80; of the legacy ones only a hint, as they mine no more.
const TOLD: [(u64, &str); 12] = [
    (290, "pool_connection strong http_host server.duinocoin.com"),
    (341, "miner_script hint http_host coinhive.com"),
    (342, "miner_script hint http_host crypto-loot.com"),
    (343, "miner_script hint http_host minero.cc"),
    (345, "miner_script strong http_host cdn.example.net"),
    (346, "miner_script strong http_host bitcoin-pay.eu"),
    (347, "miner_script strong http_host trustiseverything.de"),
    (348, "miner_script hint http_host load.jsecoin.com"),
    (349, "miner_script strong http_host webminer.pages.dev"),
    (350, "miner_script strong http_host webminer.pages.dev"),
    (353, "miner_script hint http_host ws014.coinhive.com"),
    (404, "miner_script hint http_host ws027.authedmine.com"),
];

/// Those that are not told, and why.
const SILENT: [(u64, &str); 7] = [
    (327, "no source lists the host; the frames that follow tell"),
    (354, "made-up hosts; a path with a pool's name alone is also that of pools' own pages"),
    (355, "this name of the operator's is listed by no source; the frames that follow tell"),
    (388, "a configuration's text in passing, of a made-up host"),
    (405, "a hello without a name"),
    (406, "a certificate for localhost, and not in a record"),
    (407, "a certificate of an example configuration that names no listed host, and not in a record"),
];

#[test]
fn names_and_paths_tell_what_no_message_does() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| is_named(v)) {
        let n = v["n"].as_u64().unwrap();
        let expected = TOLD.iter().find(|(m, _)| *m == n).map(|(_, told)| *told);
        assert_eq!(
            expected.is_none(),
            SILENT.iter().any(|(m, _)| *m == n),
            "vector {n} is told or explained"
        );
        assert_eq!(told(v, 80), expected.into_iter().collect::<Vec<_>>(), "vector {n}");
        seen += 1;
    }
    assert_eq!(seen, TOLD.len() + SILENT.len());
}

/// The page that embeds a script is told with it.
#[test]
fn the_site_of_each_script() {
    let mut seen = 0;
    for v in vectors().iter().filter(|v| v["dialect"] == "miner-script") {
        let mut wire = Wire::default();
        Tcp::open(&mut wire, CLIENT, "192.0.2.1:80").up(&mut wire, &bytes(v));
        let alerts = wire.alerts();
        assert_eq!(alerts[0].mining.site.as_deref(), v["expect"]["origin"].as_str(), "vector {}", v["n"]);
        seen += usize::from(v["expect"]["origin"].is_string());
    }
    assert!(seen >= 7, "only {seen}");
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
