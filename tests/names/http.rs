//! HTTP requests: whom they ask, and for what.

use crate::wire::*;

const POOL: &str = "stratum.minepool.example";

/// What is told of a client's bytes to a port, cut into so many pieces at every place; and let go.
fn asked(port: u16, request: &str) -> Vec<String> {
    let play = |cut: usize| {
        let mut wire = Wire::default();
        let mut tcp = Tcp::open(&mut wire, CLIENT, &format!("203.0.113.9:{port}"));
        tcp.up(&mut wire, &request.as_bytes()[..cut]);
        tcp.up(&mut wire, &request.as_bytes()[cut..]);
        tcp.down(&mut wire, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let told = wire.told();
        wire.wait(1);
        assert_eq!(wire.sensor.stats().flows, 0, "followed on, cut at {cut}: {request}");
        assert_eq!(wire.end(), [""; 0]);
        told
    };
    let whole = play(0);
    let method = request.find(' ').unwrap() + 1;
    for cut in method..request.len() {
        assert_eq!(play(cut), whole, "cut at {cut}: {request}");
    }
    whole
}

fn get(target: &str, host: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}Accept: */*\r\n\r\n")
}

#[test]
fn a_host_and_who_asks_for_it() {
    let (web, curl) = ("User-Agent: Mozilla/5.0 (X11)\r\n", "User-Agent: curl/8.5.0\r\n");
    let told = |certainty: &str, name: &str| vec![format!("pool_connection {certainty} http_host {name}")];
    assert_eq!(asked(80, &get("/", POOL, web)), told("hint", POOL));
    assert_eq!(asked(3333, &get("/", POOL, web)), told("hint", POOL));
    assert_eq!(asked(80, &get("/", POOL, curl)), told("strong", POOL));
    assert_eq!(asked(80, &get("/", "any.other.example", curl)), told("hint", "any.other.example"));
    assert_eq!(asked(14444, &get("/", "ANY.Other.Example:14444", "")), told("strong", "any.other.example"));
    assert_eq!(asked(80, &get("/", "www.minepool.example", curl)), told("hint", "www.minepool.example"));
    assert_eq!(asked(80, &get("/", "minepool.example.", "")), told("hint", "minepool.example."));
    let lib = asked(80, &get("/any.js", "cdn.webmine.example", web));
    assert_eq!(lib, ["miner_script strong http_host cdn.webmine.example"]);
    for host in ["blog.minepool.example", "minepool.example.org", "203.0.113.9", ""] {
        assert_eq!(asked(80, &get("/?host=minepool.example", host, "")), [""; 0], "{host}");
    }
    let quoted = "X-Host: minepool.example\r\nReferer: http://minepool.example/\r\nX-Forwarded-Host: minepool.example\r\n";
    assert_eq!(asked(80, &get("/", "shop.example", quoted)), [""; 0]);
}

#[test]
fn through_a_proxy() {
    let absolute = |target: &str| get(target, "shop.example", "User-Agent: curl/8.5.0\r\n");
    let told = asked(8080, &absolute(&format!("http://{POOL}:3333/x")));
    assert_eq!(told, ["pool_connection strong http_host stratum.minepool.example"]);
    let told = asked(3333, &absolute("http://user:secret@any.other.example/x"));
    assert_eq!(told, ["pool_connection hint http_host any.other.example"], "port 80 is asked for");
    assert_eq!(asked(8080, &get("http://shop.example/", POOL, "")), [""; 0]);
}

#[test]
fn once_a_connection() {
    let mut wire = Wire::default();
    let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:80");
    let both = [get("/a", POOL, ""), get("/b", POOL, ""), get("/c", "eu.minepool.example", "")].concat();
    for _ in 0..40 {
        tcp.up(&mut wire, both.as_bytes());
        tcp.down(&mut wire, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        wire.wait(20);
    }
    assert_eq!(wire.end(), ["pool_connection strong http_host stratum.minepool.example"]);
    // A connection that asked for others before.
    let mut tcp = Tcp::open(&mut wire, "10.0.0.8:1", "203.0.113.9:8080");
    for host in ["shop.example", POOL] {
        tcp.up(&mut wire, get("/", host, "").as_bytes());
        tcp.down(&mut wire, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    assert_eq!(wire.end(), ["pool_connection strong http_host stratum.minepool.example"]);
}

#[test]
fn scripts_wherever_they_lie() {
    let page = "Referer: https://films.example.org/watch?v=1\r\n";
    for (target, host, certainty) in [
        ("/js/deepMiner.min.js", "cdn.shop.example", "strong"),
        ("/assets/cryptonight.wasm?v=3", "cdn.shop.example", "strong"),
        ("/lib/coinhive.min.js", "shop.example", "hint"),
        ("/lib/coinhive.min.js", "coinhive.com", "hint"),
        ("/x?proxy=wss://relay.example:8892", "shop.example", "strong"),
    ] {
        let mut wire = Wire::default();
        let mut tcp = Tcp::open(&mut wire, CLIENT, "203.0.113.9:80");
        tcp.up(&mut wire, get(target, host, page).as_bytes());
        let alerts = wire.alerts();
        let [alert] = alerts[..] else { panic!("{target}: {alerts:?}") };
        assert_eq!(alert.mining.site.as_deref(), Some("https://films.example.org/watch"));
        assert_eq!(alert.mining.route.path.as_deref(), target.split('?').next());
        assert_eq!(wire.end(), [format!("miner_script {certainty} http_host {host}")]);
    }
    for target in [
        "/deepMiner.js.html",
        "/articles/coinhive",
        "/miner.js",
        "/search?q=/deepMiner.js",
        "/x/deepminer.js",
    ] {
        assert_eq!(asked(80, &get(target, "shop.example", page)), [""; 0], "{target}");
    }
}

#[test]
fn an_answer_names_nobody() {
    let mut wire = Wire::default();
    let mut tcp = Tcp::new(CLIENT, "203.0.113.9:80");
    let page = "HTTP/1.1 200 OK\r\nHost: minepool.example\r\nContent-Type: text/html\r\n\r\nGET /deepMiner.js HTTP/1.1\r\nHost: fee.example\r\n\r\n";
    tcp.down(&mut wire, page.as_bytes());
    assert_eq!(wire.end(), [""; 0]);
}
