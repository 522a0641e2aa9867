//! Certificates: real ones, and such as no authority signs.

use super::super::Certificate;
use super::vector;
use crate::bytes::Malformed;

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len() as u32;
    let head = match length {
        0..128 => vec![tag, length as u8],
        _ => [&[tag, 0x84], &length.to_be_bytes()[..]].concat(),
    };
    [head, contents.to_vec()].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// An attribute in a set of its own: its last arc, the type of its string, the string.
fn attribute(arc: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    element(0x31, &sequence(&[element(6, &[0x55, 4, arc]), element(tag, value)]))
}

/// An extension: its last arc below 2.5.29, whether it is critical, its value.
fn extension(arc: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { element(1, &[0xff]) } else { vec![] };
    sequence(&[element(6, &[0x55, 0x1d, arc]), flag, element(4, value)])
}

fn certificate(subject: &[Vec<u8>], extensions: Option<&[Vec<u8>]>) -> Vec<u8> {
    let version = if extensions.is_some() { element(0xa0, &element(2, &[2])) } else { vec![] };
    let empty = || sequence(&[]);
    let key = sequence(&[empty(), element(3, &[0, 1, 2])]);
    let extensions = extensions.map_or_else(Vec::new, |list| element(0xa3, &sequence(list)));
    let body =
        sequence(&[version, element(2, &[1]), empty(), empty(), empty(), sequence(subject), key, extensions]);
    sequence(&[body, empty(), element(3, &[0, 7])])
}

fn names(der: &[u8]) -> Vec<String> {
    Certificate::read(der).unwrap().names().map(str::to_owned).collect()
}

#[test]
fn real_certificates() {
    let (der, _) = vector(407);
    let read = Certificate::read(&der).unwrap();
    assert_eq!((read.common_name(), read.organization()), (Some("mining.pool"), Some("Mining Pool")));
    assert_eq!((read.names().count(), read.der()), (0, &der[..]));
    let (der, _) = vector(406);
    let read = Certificate::read(&der).unwrap();
    assert_eq!((read.common_name(), read.organization()), (Some("localhost"), None));
    for length in 0..der.len() {
        assert!(Certificate::read(&der[..length]).is_err(), "{length}");
    }
    assert_eq!(Certificate::read(&[&der[..], &[0]].concat()), Err(Malformed("certificate")));
}

#[test]
fn subjects_of_every_kind() {
    let subject = |parts: &[Vec<u8>]| {
        let der = certificate(parts, None);
        let read = Certificate::read(&der).unwrap();
        (read.common_name().map(str::to_owned), read.organization().map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(subject(&[]), (None, None));
    for tag in [0x0c, 0x13, 0x14, 0x16] {
        assert_eq!(
            subject(&[attribute(3, tag, b"a.b"), attribute(10, tag, b"Org")]),
            (some("a.b"), some("Org"))
        );
    }
    assert_eq!(subject(&[attribute(10, 0x0c, "Börse".as_bytes())]), (None, some("Börse")));
    // Text of two bytes a character, Latin-1, nothing, and the name that ends early.
    for (tag, value) in
        [(0x1e, &b"\0a\0b"[..]), (0x14, b"B\xf6rse"), (0x0c, b""), (0x0c, b"a.b\0.evil.example")]
    {
        assert_eq!(subject(&[attribute(3, tag, value)]), (None, None), "{value:?}");
    }
    // The last is the most specific, and one that is no text does not hide another.
    let two = [attribute(3, 0x0c, b"first"), attribute(3, 0x0c, b"last"), attribute(3, 0x0c, b"\xff")];
    assert_eq!(subject(&two), (some("last"), None));
    // Many attributes in one set.
    let pair = |arc: u8, text: &[u8]| sequence(&[element(6, &[0x55, 4, arc]), element(0x0c, text)]);
    assert_eq!(
        subject(&[element(0x31, &[pair(10, b"o"), pair(3, b"cn")].concat())]),
        (some("cn"), some("o"))
    );
}

#[test]
fn alternative_names() {
    let general = sequence(&[
        element(0x82, b"pool.example"),
        element(0x81, b"ann@example.net"),
        element(0x82, b"*.pool.example"),
        element(0x87, &[192, 0, 2, 1]),
        element(0xa4, &sequence(&[])),
        element(0x82, b"no name"),
        element(0x82, b"\xff"),
        element(0x82, b""),
    ]);
    for critical in [false, true] {
        let list = [
            extension(15, true, &element(3, &[5, 0xa0])),
            extension(17, critical, &general),
            extension(19, true, &[]),
        ];
        assert_eq!(names(&certificate(&[], Some(&list))), ["pool.example", "*.pool.example"]);
    }
    assert!(names(&certificate(&[], Some(&[extension(15, true, &general)]))).is_empty());
    let many: Vec<_> = (0..1000).map(|n| element(0x82, format!("{n}.example").as_bytes())).collect();
    let found = names(&certificate(&[], Some(&[extension(17, false, &sequence(&many))])));
    assert_eq!((found.len(), found[255].as_str()), (256, "255.example"));
}

#[test]
fn faults_have_names() {
    let fault = |der: Vec<u8>| Certificate::read(&der).unwrap_err().0;
    let torn = element(0x31, &[0x30, 5, 1]);
    assert_eq!(fault(certificate(&[torn[..4].to_vec()], None)), "subject");
    assert_eq!(fault(certificate(&[], Some(&[vec![5, 0]]))), "extensions");
    for value in [&b""[..], &[0x30, 2, 0x82], &[0x30, 3, 0x82, 9, b'a'], &[0x31, 0]] {
        assert_eq!(
            fault(certificate(&[], Some(&[extension(17, false, value)]))),
            "alternative names",
            "{value:?}"
        );
    }
    let bare = sequence(&[element(6, &[0x55, 0x1d, 17])]);
    assert_eq!(fault(certificate(&[], Some(&[bare]))), "alternative names");
    assert_eq!(fault(sequence(&[element(0x31, &[])])), "certificate body");
    assert_eq!(fault(sequence(&[sequence(&[element(2, &[1])])])), "certificate body");
    // No length but a mark at the end, and a length of more bytes than any file has.
    assert_eq!(fault(vec![0x30, 0x80, 0, 0]), "certificate");
    assert_eq!(fault([&[0x30, 0x88][..], &[0xff; 8]].concat()), "certificate");
    assert_eq!(fault([&[0x30, 0x84][..], &[0xff; 4]].concat()), "certificate");
}
