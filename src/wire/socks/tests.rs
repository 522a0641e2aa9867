use proptest::prelude::*;

use super::*;

/// The whole handshake of a client with method `00`, and what it tunnels.
const BY_NAME: &[u8] = b"\x05\x01\x00\x05\x01\x00\x03\x10pool.example.net\x11\x5c{\"id\":1}\n";
const BY_PASSWORD: &[u8] =
    b"\x05\x03\x00\x01\x02\x01\x03ann\x06secret\x05\x01\x00\x01\xc0\x00\x02\x07\x0d\x05tunnel";
const FOUR: &[u8] = b"\x04\x01\x0d\x05\xc0\x00\x02\x07ann\x00tunnel";
const FOUR_A: &[u8] = b"\x04\x01\x0d\x05\x00\x00\x00\x01\x00pool.example.net\x00tunnel";

fn named(port: u16) -> Destination {
    Destination { host: Host::Name("pool.example.net".to_owned()), port }
}

fn addressed() -> Destination {
    Destination { host: Host::Address([192, 0, 2, 7].into()), port: 3333 }
}

/// What a client's pieces lead to, and the tunnelled bytes.
fn client(pieces: &[&[u8]]) -> (Progress<Destination>, Vec<u8>) {
    let mut client = Client::default();
    for (at, piece) in pieces.iter().enumerate() {
        match client.feed(piece) {
            Progress::NeedMore => {}
            Progress::Done { result, consumed } => {
                let tunnel = [&[&piece[consumed..]], &pieces[at + 1..]].concat().concat();
                return (Progress::Done { result, consumed: 0 }, tunnel);
            }
            never => return (never, Vec::new()),
        }
    }
    (Progress::NeedMore, Vec::new())
}

#[test]
fn clients_name_their_destination() {
    for (bytes, want, tunnel) in [
        (BY_NAME, named(4444), &b"{\"id\":1}\n"[..]),
        (BY_PASSWORD, addressed(), b"tunnel"),
        (FOUR, addressed(), b"tunnel"),
        (FOUR_A, named(3333), b"tunnel"),
    ] {
        let done = (Progress::Done { result: want, consumed: 0 }, tunnel.to_vec());
        assert_eq!(client(&[bytes]), done);
        assert_eq!(client(&bytes.chunks(1).collect::<Vec<_>>()), done);
        for length in 0..bytes.len() - tunnel.len() {
            assert_eq!(client(&[&bytes[..length]]).0, Progress::NeedMore, "{length} bytes");
        }
    }
    let six = b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb";
    let want = Destination { host: Host::Address("2001:db8::1".parse().unwrap()), port: 443 };
    assert_eq!(request(six), Ok(Some((want, six.len()))));
}

#[test]
fn no_password_is_held() {
    let mut client = Client::default();
    let (secret, rest) = BY_PASSWORD.split_at(17);
    assert_eq!(client.feed(secret), Progress::NeedMore);
    assert_eq!(client.held.capacity(), 0);
    assert!(matches!(client.feed(rest), Progress::Done { .. }));
    assert_eq!(client.feed(b"\x05\x01\x00"), Progress::Never(Malformed("handshake")));
}

#[test]
fn proxies_grant_or_refuse() {
    let done = |result, consumed| Progress::Done { result, consumed };
    for (bytes, want) in [
        (&b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0x"[..], done(Reply::Granted, 12)),
        (b"\x05\x02\x01\x00\x05\x00\x00\x03\x01a\0\0x", done(Reply::Granted, 12)),
        (b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0", done(Reply::Refused(5), 12)),
        (b"\x05\xff", done(Reply::Refused(0xff), 2)),
        (b"\x05\x02\x01\x01", done(Reply::Refused(1), 4)),
        (b"\x00\x5a\0\0\0\0\0\0x", done(Reply::Granted, 8)),
        (b"\x00\x5b\0\0\0\0\0\0", done(Reply::Refused(0x5b), 8)),
        (b"\x05\x00\x05\x09", Progress::Never(Malformed("reply"))),
        (b"\x05\x01", Progress::Never(Malformed("method"))),
        (b"\x05\x00\x05\x00\x00\x02", Progress::Never(Malformed("address type"))),
        (b"\x00\x00", Progress::Never(Malformed("reply"))),
        (b"HTTP", Progress::Never(Malformed("version"))),
    ] {
        assert_eq!(Server::default().feed(bytes), want, "{bytes:02x?}");
        if let Progress::Done { consumed, .. } = want {
            for length in 0..consumed {
                assert_eq!(
                    Server::default().feed(&bytes[..length]),
                    Progress::NeedMore,
                    "{length} of {bytes:02x?}"
                );
            }
        }
    }
}

#[test]
fn what_is_no_socks() {
    for (bytes, field) in [
        (&b"{\"id\":1}"[..], "version"),
        (b"\x05\x00", "number of methods"),
        (b"\x05\x01\xff", "method"),
        (b"\x05\x01\x00\x05\x02", "command"),
        (b"\x05\x01\x00\x05\x01\x01", "reserved"),
        (b"\x05\x01\x00\x05\x01\x00\x02", "address type"),
        (b"\x05\x01\x00\x05\x01\x00\x03\x00", "host name"),
        (b"\x05\x01\x00\x05\x01\x00\x03\x02a\n", "host name"),
        (b"\x05\x01\x00\x05\x01\x00\x01\x01\x02\x03\x04\x00\x00", "port"),
        // A password that was not offered.
        (b"\x05\x01\x00\x01\x01a\x01b", "version"),
        (b"\x04\x02", "command"),
        (b"\x04\x01\x0d\x05\x00\x00\x00\x01\x00\x00", "host name"),
    ] {
        assert_eq!(client(&[bytes]).0, Progress::Never(Malformed(field)), "{bytes:02x?}");
    }
    let mut endless = b"\x04\x01\x0d\x05\x01\x01\x01\x01".to_vec();
    endless.resize(600, b'u');
    assert_eq!(client(&[&endless]).0, Progress::Never(Malformed("user")));
}

#[test]
fn vectors() {
    let mut count = 0;
    for line in include_str!("../../../tests/vectors.jsonl")
        .lines()
        .filter(|l| l.contains("\"dialect\": \"proxy-socks"))
    {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = vector["message"].as_str().unwrap();
        let bytes: Vec<u8> =
            (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
        let (Progress::Done { result, .. }, tunnel) = client(&[&bytes]) else { panic!("{line}") };
        assert_eq!(result.host, named(1).host);
        assert!(tunnel.is_empty() || tunnel.starts_with(b"{\"id\":1"));
        count += 1;
    }
    assert_eq!(count, 2);
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(which in 0usize..4, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let bytes = [BY_NAME, BY_PASSWORD, FOUR, FOUR_A][which];
        let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
        let (a, b) = (a.min(b), a.max(b));
        prop_assert_eq!(client(&[&bytes[..a], &bytes[a..b], &bytes[b..]]), client(&[bytes]));
    }

    #[test]
    fn arbitrary_bytes_stay_bounded(
        start in prop::sample::select(vec![&b""[..], b"\x05\x01\x00", b"\x05\x02", b"\x04\x01", b"\x05\x00\x05\x00"]),
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 0..8),
    ) {
        let (mut client, mut server) = (Client::default(), Server::default());
        for piece in [start.to_vec()].iter().chain(&pieces) {
            if let Progress::Done { consumed, .. } = client.feed(piece) {
                prop_assert!(consumed <= piece.len());
            }
            if let Progress::Done { consumed, .. } = server.feed(piece) {
                prop_assert!(consumed <= piece.len());
            }
            prop_assert!(client.held.capacity() <= 2 * MAX_HELD && server.held.capacity() <= 2 * MAX_HELD);
        }
    }
}
