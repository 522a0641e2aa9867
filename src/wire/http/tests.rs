use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { max_body: 64 << 10 };

/// What pieces give, as text; bytes of another protocol last.
fn read_by(framer: &mut Framer, pieces: &[&[u8]], limits: Limits) -> Vec<String> {
    let mut out = Vec::new();
    let mut tunnel = Vec::new();
    for piece in pieces {
        let after = framer.feed(piece, limits, |event| {
            if let Event::Tunnel(held) | Event::Upgraded(held) = event {
                tunnel.extend_from_slice(held);
            }
            out.push(shown(event));
        });
        tunnel.extend_from_slice(after);
    }
    if framer.is_over() {
        out.push(String::from_utf8_lossy(&tunnel).into_owned());
    }
    out
}

fn shown(event: Event<'_>) -> String {
    let fields = |h: &Headers<'_>| h.iter().map(|(n, v)| format!(" {n}={v}")).collect::<String>();
    match event {
        Event::Body { bytes, truncated } => {
            let text = String::from_utf8_lossy(bytes);
            if truncated { format!("cut body {}", bytes.len()) } else { format!("body {text}") }
        }
        Event::Junk(why) => format!("junk {}", why.0),
        Event::Request(r) => format!("{} {} 1.{}{}", r.method, r.target, r.version, fields(&r.headers)),
        Event::Response(r) => format!("{} {} 1.{}{}", r.status, r.reason, r.version, fields(&r.headers)),
        Event::Tunnel(_) => "tunnel".to_owned(),
        Event::Upgraded(_) => "upgraded".to_owned(),
    }
}

fn read(bytes: &[u8]) -> Vec<String> {
    let mut framer = Framer::default();
    let mut out = read_by(&mut framer, &[bytes], LIMITS);
    framer.finish(|event| out.push(shown(event)));
    out
}

fn answered(ask: Ask, bytes: &[u8]) -> Vec<String> {
    let mut framer = Framer::default();
    framer.asked(ask);
    read_by(&mut framer, &[bytes], LIMITS)
}

/// Streams of every framing, each whole.
fn streams() -> Vec<Vec<u8>> {
    let mut long = b"PUT /x HTTP/1.1\r\nContent-Length: 9000\r\n\r\n".to_vec();
    long.resize(long.len() + 9000, b'y');
    long.extend_from_slice(b"GET /after HTTP/1.1\r\n\r\n");
    [
        &b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\nGET /LP HTTP/1.0\r\nX-A:  b \r\n\r\nDELETE /d HTTP/1.1\n\n"[..],
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
          3;ext=\"a\"\r\nabc\r\n00A \r\n0123456789\r\n0\r\nX-Trailer: y\r\nZ: 1\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\nHTTP/1.0 200 OK\r\n\r\nto the end\r\n\r\n",
        b"CONNECT pool.example.net:443 HTTP/1.1\r\nHost: pool.example.net:443\r\n\r\nPOWER {\"id\":1}\n",
        b"GET /proxy HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x85abcd",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 is text here",
        &long,
    ]
    .iter()
    .map(|s| s.to_vec())
    .collect()
}

#[test]
fn keep_alive_and_pipelining() {
    let got = read(&streams()[0]);
    let want = ["POST / 1.1 Content-Length=3", "body abc", "GET /LP 1.0 X-A=b", "DELETE /d 1.1"];
    assert_eq!(got, want);
}

#[test]
fn chunks_with_extensions_and_trailers() {
    let got = read(&streams()[1]);
    let want =
        ["100 Continue 1.1", "200 OK 1.1 Transfer-Encoding=chunked", "body abc0123456789", "204 None 1.1"];
    assert_eq!(got, want);
}

#[test]
fn a_body_may_last_to_the_end() {
    let got = read(&streams()[2]);
    assert_eq!(got, ["304 Not Modified 1.1 Content-Length=77", "200 OK 1.0", "body to the end\r\n\r\n"]);
}

#[test]
fn steps_aside_for_another_protocol() {
    assert_eq!(read(&streams()[3])[1..], ["tunnel", "POWER {\"id\":1}\n"]);
    assert_eq!(read(&streams()[4])[1], "upgraded");
    assert_eq!(read(&streams()[5])[1..], ["upgraded", "HTTP/1.1 is text here"]);
    let granted = b"HTTP/1.1 200 Connection established\r\n\r\n{\"id\":1}\n";
    assert_eq!(answered(Ask::Connect, granted)[1..], ["tunnel", "{\"id\":1}\n"]);
    // The same without CONNECT is a body, and a refused CONNECT is a response like others.
    assert_eq!(read(granted)[1], "body {\"id\":1}\n");
    let refused = b"HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\nx";
    assert_eq!(answered(Ask::Connect, refused)[1], "body no");
    // The client that was refused tries again.
    let again = read(
        b"CONNECT a:1 HTTP/1.1\r\n\r\nCONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic x\r\n\r\n\x16\x03",
    );
    assert_eq!((again.len(), again[2].as_str()), (4, "tunnel"));
}

#[test]
fn a_response_to_head_has_no_body() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(answered(Ask::Head, bytes)[2], "body x");
    // An interim response answers nothing yet.
    let bytes =
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 N\r\n\r\n";
    assert_eq!(answered(Ask::Head, bytes).len(), 3);
}

#[test]
fn a_body_over_the_limit_is_cut_and_skipped() {
    let got = read_by(&mut Framer::default(), &[&streams()[6]], Limits { max_body: 8000 });
    assert_eq!(got[1..], ["cut body 4096", "GET /after 1.1"]);
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..100 {
        chunked.extend_from_slice(b"400\r\n");
        chunked.resize(chunked.len() + 1024, b'z');
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\nHTTP/1.1 204 N\r\n\r\n");
    assert_eq!(read(&chunked)[1..], ["cut body 4096", "204 N 1.1"]);
    let whole = read_by(&mut Framer::default(), &[&streams()[6]], Limits { max_body: 9000 });
    assert_eq!(whole[1].len(), "body ".len() + 9000);
    let nothing = read_by(&mut Framer::default(), &[&streams()[6]], Limits { max_body: 0 });
    assert_eq!(nothing[1..], ["cut body 0", "GET /after 1.1"]);
}

#[test]
fn lengths_that_contradict_are_malformed() {
    let with = |fields: &str| read(format!("POST / HTTP/1.1\r\n{fields}\r\n\r\nabcde").as_bytes());
    for bad in ["5\r\nContent-Length: 6", "5, 6", "+5", "-1", "", "5,", "0x5", "99999999999999999999", "5 5"]
    {
        assert_eq!(with(&format!("Content-Length: {bad}")), ["junk Content-Length"], "{bad}");
    }
    for good in ["5\r\nContent-Length: 5", "5, 5", " 5 ", "005"] {
        assert_eq!(with(&format!("Content-Length: {good}")).last().unwrap(), "body abcde", "{good}");
    }
    assert_eq!(with("Transfer-Encoding: gzip"), ["junk Transfer-Encoding"]);
    assert_eq!(with("Transfer-Encoding: chunked, gzip"), ["junk Transfer-Encoding"]);
    assert_eq!(with("Content-Length : 5"), ["junk header name"]);
    assert_eq!(with(" Content-Length: 5"), ["junk header name"]);
    // RFC 9112, 6.3: chunks override a length.
    let both = read(b"POST / HTTP/1.1\r\nContent-Length: 99\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    assert_eq!(both[1], "body x");
}

#[test]
fn broken_chunks_are_malformed() {
    let with = |body: &str| {
        read(format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}").as_bytes()).pop().unwrap()
    };
    assert_eq!(with("g\r\n"), "junk chunk-size");
    assert_eq!(with("\r\n"), "junk chunk-size");
    assert_eq!(with("-1\r\n"), "junk chunk-size");
    assert_eq!(with("ffffffffffffffff\r\n"), "junk chunk-size");
    assert_eq!(with("00000000000000001\r\nx"), "junk chunk-size");
    assert_eq!(with("1\r\nxy"), "junk chunk-data");
    assert_eq!(with("1\r\nx\r\r\n"), "junk chunk-data");
    assert_eq!(with(&format!("1;{}\r\nx", "e".repeat(5000))), "junk chunk-ext");
    assert_eq!(with(&format!("0\r\n{}", "a: b\r\n".repeat(4000))), "junk trailer");
}

#[test]
fn heads_are_bounded() {
    let mut long = b"GET / HTTP/1.1\r\nX: ".to_vec();
    long.resize(MAX_HEAD + 1, b'x');
    for size in [1, 1448, 40_000] {
        let pieces: Vec<&[u8]> = long.chunks(size).collect();
        let mut framer = Framer::default();
        assert_eq!(read_by(&mut framer, &pieces, LIMITS)[0], "junk head length", "pieces of {size}");
        assert_eq!(framer.buffered(), 0);
    }
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(65));
    assert_eq!(read(many.as_bytes()), ["junk number of headers"]);
    let enough = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(64));
    assert_eq!(read(enough.as_bytes()).len(), 1);
    let endless = [b'A'; 3000];
    assert_eq!(
        read_by(&mut Framer::default(), &[&b"GET / HTTP/1.1\r\n\r\n"[..], &endless], LIMITS)[1],
        "junk start line"
    );
}

#[test]
fn what_is_no_http() {
    assert!(read(b"{\"id\":1,\"method\":\"mining.subscribe\"}\n").is_empty());
    assert_eq!(read(b"GET / HTTP/1.1\r\n\r\n{\"id\":1}\n")[1], "junk start line");
    assert_eq!(read(b"CONNECT {\"verbose\":false}\r\nPING\r\n\r\n"), ["junk request line"]);
    assert_eq!(read(b"CONNECT\naccept-version:1.2\n\n\0"), [""; 0]);
    assert_eq!(read(b"HTTP/2.0 200 OK\r\n\r\n"), [""; 0]);
    assert_eq!(read(b"HTTP/1.1 2x0 OK\r\n\r\n"), ["junk status"]);
}

#[test]
fn begins_in_mid_stream_and_after_a_hole() {
    let mut framer = Framer::default();
    let got = read_by(
        &mut framer,
        &[b"rest of a body", b"more\r\n\r\nGET /no HTTP/1.1\r\n\r\n", b"GET /yes HTTP/1.1\r\n\r\n"],
        LIMITS,
    );
    assert_eq!(got, ["GET /yes 1.1"]);
    read_by(&mut framer, &[b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc"], LIMITS);
    framer.resync();
    assert_eq!(read_by(&mut framer, &[b"defgh", b"GET /2 HTTP/1.1\r\n\r\n"], LIMITS), ["GET /2 1.1"]);
    assert!(starts_head(b"POST / HTTP/1.1") && starts_head(b"HTTP/1.0 200"));
    assert!(!starts_head(b"POSTER") && !starts_head(b"POST") && !starts_head(b""));
    assert_eq!(opening(b"POST"), Opening::More);
}

#[test]
fn the_end_of_the_stream_gives_the_unfinished_body() {
    assert_eq!(read(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc")[1], "cut body 3");
    assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\n").len(), 1);
}

#[test]
fn cut_at_every_length_it_gives_a_beginning_of_the_whole() {
    for stream in streams() {
        let whole = read_by(&mut Framer::default(), &[&stream], LIMITS);
        for length in 0..stream.len().min(600) {
            let got = read_by(&mut Framer::default(), &[&stream[..length]], LIMITS);
            let events = got.iter().take_while(|e| !matches!(e.as_str(), "tunnel" | "upgraded")).count();
            assert_eq!(got[..events], whole[..events], "{length} bytes");
        }
    }
}

#[test]
fn fields_by_name() {
    let bytes = b"GET http://u:p@node.example.net:8332/LP?a=b HTTP/1.1\r\nhost: a\r\nX-Mining-Extensions: midstate\r\n\
                  x-mining-hashrate: 4100000000\r\nX-Bad: \xff\r\nX-Mi: 1\r\nHOST: b\r\n\r\n";
    let mut seen = 0;
    Framer::default().feed(bytes, LIMITS, |event| {
        let Event::Request(r) = event else { panic!("{event:?}") };
        assert_eq!(r.headers.value("Host"), Some("a"));
        assert_eq!(r.headers.values("host").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((r.headers.value("x-bad"), r.headers.value("x-none")), (None, None));
        let mining: Vec<_> = r.headers.beginning("X-MINING-").map(|(_, v)| v).collect();
        assert_eq!(mining, ["midstate", "4100000000"]);
        assert_eq!(r.form(), Some(Target::Absolute { authority: "node.example.net:8332", path: "/LP?a=b" }));
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn hosts_and_ports() {
    for (text, want) in [
        ("pool.example.net:3333", Some(("pool.example.net", Some(3333)))),
        ("pool.example.net", Some(("pool.example.net", None))),
        ("[2001:db8::1]:443", Some(("2001:db8::1", Some(443)))),
        ("[::1]", Some(("::1", None))),
        (":80", None),
        ("a:", None),
        ("a:+1", None),
        ("a:65536", None),
        ("[::1", None),
        ("[::1]80", None),
        ("a b:1", None),
        ("", None),
    ] {
        assert_eq!(host_port(text), want, "{text}");
    }
}

#[test]
fn a_page_is_told_without_who_reads_it() {
    for (url, shown) in [
        ("https://films.example/a?session=1#x", "https://films.example/a"),
        ("http://bob:secret@films.example/a@b", "films.example/a@b"),
        ("//bob:sec@ret@films.example", "films.example"),
        ("bob@films.example:80", "films.example:80"),
        ("films.example/a@b", "films.example/a@b"),
        ("http://?x", "http://"),
        ("", ""),
    ] {
        assert_eq!(page(url), shown, "{url}");
    }
}

#[test]
fn the_user_of_basic_credentials() {
    for (value, want) in [
        ("Basic YWNtZS5yaWczOng=", Some("acme.rig3")),
        ("basic   YWNtZS5yaWczOng", Some("acme.rig3")),
        ("BASIC dTo=", Some("u")),
        ("Basic dTpwOnE6cg==", Some("u")),
        ("Basic w7w6eA==", Some("\u{fc}")),
        ("Basic dXNlcg==", None),
        ("Basic OnNlY3JldA==", None),
        ("Basic dTo==", None),
        ("Basic dTo=x", None),
        ("Basic d=To", None),
        ("Basic dTo=\u{e9}", None),
        ("Basic dTpwO", None),
        ("Basic dT-_", None),
        ("Basic /zo=", None),
        ("Basic Cjo=", None),
        ("Basic ====", None),
        ("Basic ", None),
        ("Basic", None),
        ("Bearer dTo=", None),
    ] {
        assert_eq!(basic_user(value).as_deref(), want, "{value}");
    }
    assert_eq!(basic_user(&format!("Basic {}Og==", "YWFh".repeat(200))), None);
}

/// Every HTTP message of the vectors is read whole, whatever its framing.
#[test]
fn vectors() {
    let text = include_str!("../../../tests/vectors.jsonl");
    let mut count = 0;
    for line in text.lines().filter(|l| l.contains("\"transport\": \"http\"") || l.contains("CONNECT xmr.")) {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        if vector["enc"] != "utf8" {
            continue;
        }
        let message = vector["message"].as_str().unwrap();
        let got = read(message.as_bytes());
        let body = message.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
        assert!(!got.is_empty() && !got[0].starts_with("junk"), "{got:?}");
        if !body.is_empty() && !body.starts_with("\u{1}") {
            let last = got.last().unwrap();
            assert!(last.starts_with("cut body") || last.contains(body), "{} {got:?}", vector["n"]);
        }
        count += 1;
    }
    assert!(count >= 80, "{count}");
}

fn cut<'a>(stream: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|c| c.index(stream.len() + 1)).collect();
    at.extend([0, stream.len()]);
    at.sort_unstable();
    at.windows(2).map(|w| &stream[w[0]..w[1]]).collect()
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(which in 0usize..7, cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let stream = &streams()[which];
        let whole = read_by(&mut Framer::default(), &[stream], LIMITS);
        prop_assert_eq!(read_by(&mut Framer::default(), &cut(stream, &cuts), LIMITS), &whole[..]);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(read_by(&mut Framer::default(), &bytes, LIMITS), &whole[..]);
    }

    #[test]
    fn arbitrary_bytes_stay_bounded(
        start in prop::sample::select(vec![
            &b""[..], b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n",
        ]),
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..40),
        ask in prop::sample::select(vec![Ask::Connect, Ask::Head, Ask::Other]),
    ) {
        let mut framer = Framer::default();
        let mut events = 0usize;
        let limits = Limits { max_body: 8192 };
        framer.feed(start, limits, |_| events += 1);
        for piece in &pieces {
            framer.asked(ask);
            framer.feed(piece, limits, |_| events += 1);
            prop_assert!(framer.buffered() <= 2 * (MAX_HEAD + limits.max_body));
        }
        framer.finish(|_| events += 1);
        prop_assert!(events <= start.len() + pieces.iter().map(Vec::len).sum::<usize>() + 1);
    }

    #[test]
    fn any_text_as_credentials(value in "(Basic )?[ -~\\x{e9}]{0,80}") {
        let _ = basic_user(&value);
    }
}
