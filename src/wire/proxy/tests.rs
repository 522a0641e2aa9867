use proptest::prelude::*;

use super::*;

const LINE_4: &[u8] = b"PROXY TCP4 198.51.100.23 203.0.113.9 51234 3333\r\n";
const LINE_6: &[u8] = b"PROXY TCP6 2001:db8::1 2001:db8::2 51234 443\r\n";

fn binary_of(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, body].concat()
}

/// Two IPv4 addresses, ports 51234 and 3333, and a value of type 4 (NOOP).
const BODY_4: &[u8] = &[198, 51, 100, 23, 203, 0, 113, 9, 0xc8, 0x22, 0x0d, 0x05, 4, 0, 1, 0];

fn between(source: &str, destination: &str) -> Header {
    Header { source: Some(source.parse().unwrap()), destination: Some(destination.parse().unwrap()) }
}

fn good() -> Vec<(Vec<u8>, Header)> {
    let four = between("198.51.100.23:51234", "203.0.113.9:3333");
    let mut six = vec![0u8; 36];
    (six[0], six[15], six[16], six[31], six[33], six[35]) = (0x20, 1, 0x20, 2, 80, 81);
    vec![
        (LINE_4.to_vec(), four),
        (LINE_6.to_vec(), between("[2001:db8::1]:51234", "[2001:db8::2]:443")),
        (b"PROXY UNKNOWN\r\n".to_vec(), Header::default()),
        (b"PROXY UNKNOWN ffff::1 what ever\r\n".to_vec(), Header::default()),
        (binary_of(0x21, 0x11, BODY_4), four),
        (binary_of(0x21, 0x21, &six), between("[2000::1]:80", "[2000::2]:81")),
        (binary_of(0x20, 0x00, b""), Header::default()),
        (binary_of(0x20, 0x11, BODY_4), Header::default()),
        (binary_of(0x21, 0x31, &[0; 216]), Header::default()),
        (binary_of(0x21, 0x12, BODY_4), Header::default()),
    ]
}

#[test]
fn headers_whole_and_cut_at_every_length() {
    for (bytes, header) in good() {
        let stream = [&bytes[..], b"{\"id\":1}\n"].concat();
        assert_eq!(read(&stream), Ok(Some((header, bytes.len()))), "{bytes:02x?}");
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Ok(None), "{length} of {bytes:02x?}");
        }
    }
}

#[test]
fn malformed_headers_name_the_field() {
    for (line, field) in [
        ("PROXY TCP5 198.51.100.23 203.0.113.9 51234 3333\r\n", "protocol"),
        ("PROXY TCP4 198.51.100.256 203.0.113.9 51234 3333\r\n", "source address"),
        ("PROXY TCP4 ::1 203.0.113.9 51234 3333\r\n", "source address"),
        ("PROXY TCP4 198.51.100.23  203.0.113.9 51234 3333\r\n", "destination address"),
        ("PROXY TCP4 198.51.100.23 203.0.113.9 +1234 3333\r\n", "source port"),
        ("PROXY TCP4 198.51.100.23 203.0.113.9 51234 65536\r\n", "destination port"),
        ("PROXY TCP4 198.51.100.23 203.0.113.9 51234\r\n", "destination port"),
        ("PROXY TCP4 198.51.100.23 203.0.113.9 51234 3333 x\r\n", "line end"),
        ("PROXY TCP4 198.51.100.23 203.0.113.9 51234 3333\n", "line end"),
        ("PROXYING", "signature"),
        ("{\"id\":1}", "signature"),
        ("\r\n\r\nGET", "signature"),
    ] {
        assert_eq!(read(line.as_bytes()), Err(Malformed(field)), "{line}");
    }
    let long = format!("PROXY UNKNOWN {}", "x".repeat(200));
    assert_eq!(read(long.as_bytes()), Err(Malformed("line length")));
    assert_eq!(read(&long.as_bytes()[..MAX_LINE - 1]), Ok(None));
    for (bytes, field) in [
        (binary_of(0x11, 0x11, BODY_4), "version and command"),
        (binary_of(0x22, 0x11, BODY_4), "version and command"),
        (binary_of(0x21, 0x41, BODY_4), "family"),
        (binary_of(0x21, 0x13, BODY_4), "family"),
        (binary_of(0x21, 0x11, &BODY_4[..11]), "length"),
        (binary_of(0x21, 0x21, &[0; 35]), "length"),
        (binary_of(0x21, 0x11, &[0; MAX_REST + 1]), "length"),
    ] {
        assert_eq!(read(&bytes), Err(Malformed(field)), "{bytes:02x?}");
    }
}

#[test]
fn vector() {
    let line =
        include_str!("../../../tests/vectors.jsonl").lines().find(|l| l.contains("PROXY TCP4")).unwrap();
    let vector: serde_json::Value = serde_json::from_str(line).unwrap();
    let message = vector["message"].as_str().unwrap().as_bytes();
    let (header, consumed) = read(message).unwrap().unwrap();
    assert_eq!(header.source.unwrap().ip().to_string(), vector["expect"]["real_client"].as_str().unwrap());
    assert!(message[consumed..].starts_with(b"{\"id\":1"));
}

proptest! {
    #[test]
    fn arbitrary_bytes(
        start in prop::sample::select(vec![&b""[..], b"PROXY ", b"PROXY TCP4 ", &SIGNATURE, b"\r\n\r\n\0\r\nQUIT\n\x21\x11"]),
        tail in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [start, &tail].concat();
        if let Ok(Some((_, consumed))) = read(&bytes) {
            prop_assert!(consumed <= bytes.len());
        }
    }
}
