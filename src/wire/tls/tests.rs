use proptest::prelude::*;

use super::*;
use crate::bytes::Malformed;

const LIMIT: usize = 16 << 10;

/// A message with its head.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

/// Handshake bytes in records of at most so many.
fn records(bytes: &[u8], each: usize) -> Vec<u8> {
    bytes.chunks(each).flat_map(|part| record(HANDSHAKE, part)).collect()
}

fn record(kind: u8, part: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat()
}

fn v8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

fn v16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

fn pairs(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

fn name(host: &str) -> (u16, Vec<u8>) {
    (0, v16(&[&[0], &v16(host.as_bytes())[..]].concat()))
}

fn alpn(names: &[&str]) -> (u16, Vec<u8>) {
    (16, v16(&names.iter().flat_map(|n| v8(n.as_bytes())).collect::<Vec<_>>()))
}

fn signatures(values: &[u16]) -> (u16, Vec<u8>) {
    (13, v16(&pairs(values)))
}

fn versions(values: &[u16]) -> (u16, Vec<u8>) {
    (43, v8(&pairs(values)))
}

fn hello(suites: &[u16], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let block: Vec<u8> =
        extensions.iter().flat_map(|(k, d)| [&k.to_be_bytes()[..], &v16(d)].concat()).collect();
    let head = [&[3, 3], &[7; 32][..], &v8(&[9; 32]), &v16(&pairs(suites)), &v8(&[0])].concat();
    [head, v16(&block)].concat()
}

/// The hello of FoxIO's example, whose JA4 is published: Chrome, with GREASE, a name, h2 and http/1.1.
fn chrome(share: usize) -> Vec<(u16, Vec<u8>)> {
    vec![
        (0x3a3a, vec![]),
        name("pool.example.net"),
        (0x0017, vec![]),
        (0xff01, vec![0]),
        (0x000a, v16(&pairs(&[0x8a8a, 29, 23, 24]))),
        (0x000b, vec![1, 0]),
        (0x0023, vec![]),
        alpn(&["h2", "http/1.1"]),
        (0x0005, vec![1, 0, 0, 0, 0]),
        signatures(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]),
        (0x0012, vec![]),
        (0x0033, v16(&[&pairs(&[29]), &v16(&vec![1; share])[..]].concat())),
        (0x002d, vec![1, 1]),
        versions(&[0x6a6a, 0x0304, 0x0303]),
        (0x001b, vec![2, 0, 2]),
        (0x4469, vec![0, 3, 2, b'h', b'2']),
        (0xdada, vec![0]),
        (0x0015, vec![0; 40]),
    ]
}

const SUITES: [u16; 16] = [
    0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
    0x009d, 0x002f, 0x0035,
];

fn server_hello(version: u16, extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let block: Vec<u8> =
        extensions.iter().flat_map(|(k, d)| [&k.to_be_bytes()[..], &v16(d)].concat()).collect();
    let head = [&version.to_be_bytes()[..], &[7; 32], &v8(&[9; 32]), &[0xc0, 0x2f, 0]].concat();
    if block.is_empty() { head } else { [head, v16(&block)].concat() }
}

fn u24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

/// A message of certificates, the leaf first.
fn chain(certificates: &[&[u8]]) -> Vec<u8> {
    message(11, &u24(&certificates.iter().flat_map(|c| u24(c)).collect::<Vec<_>>()))
}

/// The bytes of a test vector, and what it expects.
fn vector(n: u64) -> (Vec<u8>, serde_json::Value) {
    let lines = include_str!("../../../tests/vectors.jsonl").lines();
    let mut all = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let found = all.find(|v| v["n"] == n).unwrap();
    let digits = found["message"].as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    (digits.chunks(2).map(byte).collect(), found["expect"].clone())
}

/// What a direction's pieces lead to, as text, and how much was held at most.
fn told<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> (Vec<String>, usize, bool) {
    let (mut framer, mut told, mut most) = (Framer::default(), Vec::new(), 0);
    for piece in pieces {
        let was_over = framer.is_over();
        framer.feed(piece, limit, |message| {
            assert!(!was_over);
            told.push(format!("{message:?}"));
        });
        most = most.max(framer.buffered());
    }
    (told, most, framer.is_over())
}

fn whole(payload: &[u8]) -> ClientHello<'_> {
    match glance(payload) {
        Glance::Whole(hello) => hello,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_published_fingerprint() {
    let body = hello(&SUITES, &chrome(32));
    let payload = records(&message(1, &body), MAX_RECORD);
    let read = whole(&payload);
    assert_eq!(read.ja4(Carrier::Tcp).as_str(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    assert_eq!(read.ja4(Carrier::Quic).to_string(), "q13d1516h2_8daaf6152771_e5627efa2ab1");
    // Neither order nor GREASE changes it.
    let mut turned = chrome(32);
    turned.reverse();
    turned.retain(|(kind, _)| !is_grease(*kind));
    let suites: Vec<u16> = SUITES.iter().rev().copied().filter(|s| !is_grease(*s)).collect();
    let body = hello(&suites, &turned);
    let read = ClientHello::read(&body).unwrap();
    assert_eq!(read.ja4(Carrier::Tcp).as_str(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    assert_eq!(read.server_name(), Some("pool.example.net"));
}

#[test]
fn vectors_of_real_hellos() {
    let (bytes, expect) = vector(405);
    let read = whole(&bytes);
    assert_eq!(Some(read.ja4(Carrier::Tcp).as_str()), expect["ja4"].as_str());
    assert_eq!((read.server_name(), read.alpn().count(), read.has_ech()), (None, 0, false));
    assert_eq!((read.legacy_version(), read.newest_version()), (0x0303, 0x0304));
    let (bytes, _) = vector(570);
    let read = whole(&bytes);
    assert_eq!(read.server_name(), Some("www.example.org"));
    assert_eq!(read.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
    // The same library as before, so the same hashes.
    assert_eq!(read.ja4(Carrier::Tcp).as_str(), "t13d3111h2_e8f1e7e78f70_1f22a2ca17c4");
}

#[test]
fn fingerprints_at_the_edges() {
    let ja4 = |suites: &[u16], extensions: &[(u16, Vec<u8>)]| {
        ClientHello::read(&hello(suites, extensions)).unwrap().ja4(Carrier::Tcp).to_string()
    };
    let none = "000000000000";
    assert_eq!(ja4(&[0x0a0a], &[]), format!("t12i000000_{none}_{none}"));
    assert_eq!(ja4(&[0x0a0a], &[name("a.b"), alpn(&["h2"])]), format!("t12d0002h2_{none}_{none}"));
    // First and last of a protocol that is no text are those of its hexadecimal digits.
    for (protocol, want) in [
        (&b"a"[..], "aa"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"0\xab", "3b"),
        (b"01\xab\xcd", "3d"),
        (b"0\xab\xcd1", "01"),
        (b"-h", "28"),
    ] {
        let text = ja4(&[1], &[(16, v16(&v8(protocol)))]);
        assert_eq!(&text[8..10], want, "{protocol:?}");
    }
    for (offered, want) in [(vec![0x0301, 0x7a7a, 0x0302], "11"), (vec![0x7f1c], "00"), (vec![0x0300], "s3")]
    {
        assert_eq!(&ja4(&[1], &[versions(&offered)])[1..3], want);
    }
    let many: Vec<u16> = (0..150).map(|n| 0xc000 + n).collect();
    let kinds: Vec<_> = (100..250).map(|kind| (kind, vec![])).collect();
    assert_eq!(&ja4(&many, &kinds)[..10], "t12i999900");
}

#[test]
fn names_are_text_and_no_addresses() {
    let read = |data: Vec<u8>| {
        let body = hello(&[1], &[(0, data)]);
        ClientHello::read(&body).map(|h| h.server_name().map(str::to_owned))
    };
    let host = |host: &str| read(name(host).1);
    assert_eq!(host("XMR.Pool.Example."), Ok(Some("XMR.Pool.Example.".to_owned())));
    assert_eq!(host("_a-b.example"), Ok(Some("_a-b.example".to_owned())));
    for no_name in ["192.0.2.1", "2001:db8::1", "[2001:db8::1]", "", "a b", "pöol.example", "a\0b"] {
        assert_eq!(host(no_name), Ok(None), "{no_name:?}");
    }
    assert_eq!(host(&"a".repeat(256)), Ok(None));
    assert_eq!(read(vec![]), Ok(None));
    // Another type of name before the host's is stepped over.
    let two = v16(&[&[7], &v16(b"x")[..], &[0], &v16(b"a.b")].concat());
    assert_eq!(read(two), Ok(Some("a.b".to_owned())));
    let fault = Err(Malformed("server name"));
    for bad in
        [&[0][..], &[0, 1, 0], &[0, 4, 0, 0, 2, b'a'], &[0, 4, 0, 0, 1, b'a', 9], &[0, 5, 0, 0, 1, b'a']]
    {
        assert_eq!(read(bad.to_vec()), fault, "{bad:?}");
    }
}

#[test]
fn faults_have_names() {
    let ok = hello(&SUITES, &chrome(32));
    let fault = |body: &[u8]| ClientHello::read(body).unwrap_err().0;
    let with = |at: usize, byte: u8| {
        let mut bad = ok.clone();
        bad[at] = byte;
        bad
    };
    assert_eq!(fault(&with(0, 2)), "version");
    assert_eq!(fault(&with(34, 33)), "session");
    assert_eq!(fault(&with(68, 33)), "cipher suites");
    assert_eq!(fault(&[&ok[..], &[0]].concat()), "extensions");
    assert_eq!(fault(&ok[..ok.len() - 1]), "hello length");
    let no_compression = [&ok[..101], &[0]].concat();
    assert_eq!(fault(&no_compression), "compression methods");
    for (extensions, want) in [
        (vec![name("a.b"), name("c.d")], "extension twice"),
        (vec![alpn(&["h2", ""])], "protocols"),
        (vec![(43, vec![3, 3, 4, 0])], "supported versions"),
        (vec![(13, vec![0, 4, 4, 3])], "signature algorithms"),
    ] {
        assert_eq!(fault(&hello(&[1], &extensions)), want);
    }
    // An extension longer than the block that is all there.
    let mut long = hello(&[1], &[(99, vec![1, 2])]);
    let at = long.len() - 3;
    long[at] = 3;
    assert_eq!(fault(&long), "extension length");
    // A hello without extensions ends behind the compression methods.
    assert!(ClientHello::read(&ok[..103]).is_ok());
    assert!(!ClientHello::read_cut(&ok[..103]).unwrap().1);
}

/// A name is known as soon as its extension is whole, and never another one before.
#[test]
fn cut_hellos_give_what_is_there() {
    let mut extensions = chrome(1216);
    let last = extensions.len();
    extensions.swap(1, 12);
    extensions.insert(last, (0xfe0d, vec![0; 200]));
    let body = hello(&SUITES, &extensions);
    let all = ClientHello::read(&body).unwrap();
    assert!(all.has_ech());
    let mut known = 0;
    for length in 0..=body.len() {
        let (hello, whole) = ClientHello::read_cut(&body[..length]).unwrap();
        assert_eq!(whole, length == body.len());
        assert!(hello.server_name().is_none_or(|found| Some(found) == all.server_name()));
        known += usize::from(hello.server_name().is_some());
        if length < body.len() {
            assert_eq!(ClientHello::read(&body[..length]).is_ok(), length == 103, "{length}");
        }
    }
    assert!((200..600).contains(&known), "{known}");
}

/// A key share for the time after quantum computers fills more than a segment.
#[test]
fn large_hellos_over_segments() {
    for share in [1216, 3000] {
        let body = hello(&SUITES, &chrome(share));
        let payload = records(&message(1, &body), MAX_RECORD);
        let Glance::Part { hello: cut } = glance(&payload[..1400]) else { panic!("not cut") };
        assert_eq!(cut.server_name(), Some("pool.example.net"));
        assert_eq!(cut.alpn().next(), Some(&b"h2"[..]));
        let (told, most, over) = told(payload.chunks(1400), LIMIT);
        let want = Handshake::ClientHello(ClientHello::read(&body).unwrap());
        assert_eq!((told, over), (vec![format!("{want:?}")], true));
        assert!((1395..=MESSAGE_HEAD + body.len()).contains(&most), "{most}");
        // A smaller limit is the end at the message's head.
        let (refused, most, over) = self::told(payload.chunks(1400), 1000);
        assert_eq!((refused, most, over), (vec!["Broken(Malformed(\"hello length\"))".to_owned()], 0, true));
    }
}

#[test]
fn hellos_split_into_records_at_every_byte() {
    let body = hello(&SUITES, &chrome(32));
    let message = message(1, &body);
    let want = vec![format!("{:?}", Handshake::ClientHello(ClientHello::read(&body).unwrap()))];
    for at in 1..message.len() {
        let (one, two) = message.split_at(at);
        let payload = [record(HANDSHAKE, one), record(HANDSHAKE, two)].concat();
        assert_eq!(glance(&payload), Glance::Split, "{at}");
        assert!(looks_like_client(&payload));
        assert_eq!(told([&payload[..]], LIMIT).0, want, "{at}");
    }
    let tiny = records(&message, 1);
    assert!(looks_like_client(&tiny));
    assert_eq!(glance(&tiny), Glance::Split);
    let (told, most, over) = told(tiny.chunks(1), LIMIT);
    assert_eq!((told, over), (want, true));
    assert!(most <= message.len());
}

#[test]
fn one_look_tells_hellos_from_others() {
    let payload = records(&message(1, &hello(&SUITES, &chrome(32))), MAX_RECORD);
    for length in 0..payload.len() {
        let glance = glance(&payload[..length]);
        assert_eq!(matches!(glance, Glance::Part { .. }), length >= 3, "{length}: {glance:?}");
        assert_eq!(looks_like_client(&payload[..length]), length >= 3);
    }
    let server = records(&message(2, &server_hello(0x0303, &[])), MAX_RECORD);
    assert!(looks_like_server(&server) && !looks_like_client(&server) && !looks_like_server(&payload));
    for (at, byte) in [(0, 23), (1, 2), (2, 5), (3, 0x41), (5, 2), (6, 1), (9, 2)] {
        let mut other = payload.clone();
        other[at] = byte;
        assert_eq!(glance(&other), Glance::Not, "{at}");
        assert!(!looks_like_client(&other));
    }
    for other in
        [&b"\x16\x03\x01\x00\x00\x01"[..], b"\x16\x03\x01\x00\x2c\x01\x00\x00\x28\x03", b"GET / HTTP/1.1"]
    {
        assert!(!looks_like_client(other));
    }
}

#[test]
fn servers_say_what_they_chose_and_who_they_are() {
    let (leaf, issuer) = (vector(407).0, vector(406).0);
    let hello = message(2, &server_hello(0x0303, &[(0xff01, vec![0]), alpn(&["h2"])]));
    let chain = chain(&[&leaf, &issuer]);
    let done = message(14, &[]);
    let want = [
        format!(
            "{:?}",
            Handshake::ServerHello(ServerHello {
                version: 0x0303,
                cipher_suite: 0xc02f,
                alpn: Some(b"h2"),
                is_retry: false
            })
        ),
        format!("{:?}", Handshake::Certificate(Certificate::read(&leaf).unwrap())),
    ];
    let stream = [&hello[..], &chain, &done].concat();
    for size in [1, 7, 500, MAX_RECORD] {
        let stream = records(&stream, size);
        assert_eq!(told([&stream[..]], LIMIT).0, want);
        let (told, most, over) = told(stream.chunks(3), LIMIT);
        assert!(told == want && over && most <= leaf.len() + 10);
    }
    // A warning before the hello is no end; the leaf counts as soon as it is whole.
    let stream = records(&[&hello[..], &chain[..10 + leaf.len()]].concat(), MAX_RECORD);
    let warned = [record(21, &[1, 112]), stream].concat();
    assert_eq!(told([&warned[..]], LIMIT), (want.to_vec(), 0, true));
    // A leaf over the limit, and one shorter than its certificate.
    for (limit, mangled) in [(leaf.len() - 1, chain), (LIMIT, self::chain(&[&leaf[..leaf.len() - 1]]))] {
        let (told, _, over) = told([&records(&[&hello[..], &mangled].concat(), 99)[..]], limit);
        assert!(over && told.len() == 2 && told[1].starts_with("Broken"), "{told:?}");
    }
}

#[test]
fn directions_end_where_nothing_follows() {
    let hello = |version, extensions: &[_]| message(2, &server_hello(version, extensions));
    let old = records(&hello(0x0303, &[]), MAX_RECORD);
    let next = |kind, body: &[u8]| [old.clone(), record(kind, body)].concat();
    for (stream, messages) in [
        (records(&hello(0x0303, &[(43, vec![3, 4])]), MAX_RECORD), 1),
        (next(20, &[1]), 1),
        (next(23, &[1, 2, 3]), 1),
        (next(HANDSHAKE, &message(4, &[0; 40])), 1),
        (next(HANDSHAKE, &message(11, &[0, 0, 0])), 1),
        (next(HANDSHAKE, &[]), 2),
        (next(99, &[1]), 2),
        (next(HANDSHAKE, &message(11, &[0, 0, 9, 0, 0, 9, 0, 0, 0])), 2),
        (record(HANDSHAKE, &message(16, &[0; 40])), 1),
        (record(21, &[1, 0]).repeat(100), 0),
        (record(HANDSHAKE, &message(0, &[])).repeat(100), 0),
        (b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), 1),
    ] {
        let (told, held, over) = told([&stream[..]], LIMIT);
        assert_eq!((told.len(), held, over), (messages, 0, true), "{told:?}");
    }
    let (told, _, over) = told([&old[..]], LIMIT);
    assert_eq!((told.len(), over), (1, false));
    let mut framer = Framer::default();
    framer.feed(&old[..20], LIMIT, |_| panic!("nothing is whole"));
    assert_eq!((framer.buffered(), framer.is_over()), (15, false));
    framer.resync();
    assert_eq!((framer.buffered(), framer.is_over()), (0, true));
    framer.feed(&old[20..], LIMIT, |_| panic!("over"));
}

#[test]
fn servers_may_ask_for_another_hello() {
    let mut retry = server_hello(0x0303, &[(43, vec![3, 4])]);
    assert!(!ServerHello::read(&retry).unwrap().is_retry);
    let mark = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    for (at, byte) in retry[2..34].iter_mut().enumerate() {
        *byte = u8::from_str_radix(&mark[2 * at..2 * at + 2], 16).unwrap();
    }
    let read = ServerHello::read(&retry).unwrap();
    assert!(read.is_retry && read.version == 0x0304);
    for length in 0..retry.len() {
        assert_eq!(ServerHello::read(&retry[..length]).is_ok(), length == 70, "{length}");
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let certificate = vector(407).0;
    let stream = |body: Vec<u8>, each| records(&body, each);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        (0..600usize, 1..800usize)
            .prop_map(move |(share, each)| { stream(message(1, &hello(&SUITES, &chrome(share))), each) }),
        (any::<bool>(), 1..800usize).prop_map(move |(retried, each)| {
            let hello = message(2, &server_hello(0x0303, &[(43, vec![3, 3 + u8::from(retried)])]));
            records(&[hello, chain(&[&certificate, &certificate]), message(14, &[])].concat(), each)
        }),
    ]
}

/// A stream with a few bytes changed.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let faults = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (bytes(), faults).prop_map(|(mut bytes, faults)| {
        for (at, byte) in faults {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_cut_changes_what_is_told(stream in hostile(), sizes in prop::collection::vec(1..90usize, 1..20), limit in 100..2000usize) {
        let (want, _, over) = told([&stream[..]], limit);
        let (mut rest, mut pieces) = (&stream[..], Vec::new());
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let (got, most, was_over) = told(pieces, limit);
        prop_assert_eq!((got, was_over), (want, over));
        prop_assert!(most <= limit + 10);
    }

    #[test]
    fn one_look_agrees_with_the_framer(stream in hostile()) {
        let (told, _, over) = told([&stream[..]], 1 << 20);
        match glance(&stream) {
            Glance::Whole(hello) => prop_assert_eq!(told, [format!("{:?}", Handshake::ClientHello(hello))]),
            Glance::Part { .. } => prop_assert!(told.is_empty() && !over),
            Glance::Split => prop_assert!(looks_like_client(&stream)),
            Glance::Not if stream.len() >= 3 => {
                prop_assert!(!told.iter().any(|message| message.starts_with("ClientHello")));
            }
            Glance::Not => prop_assert!(told.is_empty()),
        }
    }

    #[test]
    fn certificates_never_panic(n in 406..408u64, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let (mut der, _) = vector(n);
        prop_assert!(Certificate::read(&der[..cut.index(der.len())]).is_err());
        let at = at.index(der.len());
        der[at] = byte;
        if let Ok(read) = Certificate::read(&der) {
            prop_assert!(read.names().count() <= 256);
            let _ = (read.common_name(), read.organization());
        }
    }
}

mod certificates;
