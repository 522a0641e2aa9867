use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::answer::{MAX_HINTS, MAX_RECORDS};
use super::*;

/// `www.Pool.example` at offset 12, asked for A.
const QUESTION: &[u8] = b"\x03www\x04Pool\x07example\0\0\x01\0\x01";

fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let [q, a, n, r] = counts;
    [0xbeef, flags, q, a, n, r].iter().flat_map(|field| field.to_be_bytes()).collect()
}

fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = owner.to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend(IN.to_be_bytes());
    bytes.extend(ttl.to_be_bytes());
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

fn response(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = header(0x8180, [1, records.len() as u16, 0, 0]);
    bytes.extend(QUESTION);
    bytes.extend(records.concat());
    bytes
}

fn query() -> Vec<u8> {
    [header(0x0100, [1, 0, 0, 0]), QUESTION.to_vec()].concat()
}

/// The answers of a response that holds these records.
fn answers(records: &[Vec<u8>]) -> Vec<Answer<'static>> {
    let message: &'static [u8] = response(records).leak();
    Message::read(message).unwrap().answers().collect()
}

/// The text of a name that stands alone behind a header.
fn name(wire: &[u8]) -> Result<Option<(Name, usize)>, Malformed> {
    Name::read(&[header(0, [0; 4]), wire.to_vec()].concat(), HEADER)
}

fn chain() -> Vec<u8> {
    response(&[
        record(b"\xc0\x0c", 5, 300, b"\x03fra\x02cf\xc0\x15"),
        record(b"\xc0\x2e", 1, 60, &[192, 0, 2, 7]),
        record(b"\xc0\x2e", 28, 61, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        record(b"\xc0\x2e", 16, 0x8000_0000, b"\x04text"),
    ])
}

#[test]
fn a_query_is_read() {
    let bytes = query();
    assert!(looks_like(&bytes));
    let message = Message::read(&bytes).unwrap();
    assert_eq!((message.id, message.response, message.opcode, message.rcode), (0xbeef, false, 0, 0));
    assert!(message.recursion_desired && !message.authoritative && !message.truncated);
    let question = message.question().unwrap();
    assert_eq!((question.name.as_str(), question.kind), ("www.pool.example", Kind::A));
    assert_eq!(message.answers().count(), 0);
}

#[test]
fn a_chain_of_aliases_is_read() {
    let bytes = chain();
    assert!(looks_like(&bytes));
    let message = Message::read(&bytes).unwrap();
    assert!(message.response);
    let answers: Vec<Answer<'_>> = message.answers().collect();
    let told: Vec<(Name, u32)> = answers.iter().map(|a| (a.name(), a.ttl)).collect();
    let told: Vec<(&str, u32)> = told.iter().map(|(name, ttl)| (name.as_str(), *ttl)).collect();
    let target = "fra.cf.example";
    assert_eq!(told, [("www.pool.example", 300), (target, 60), (target, 61), (target, 0)]);
    let Data::Alias(alias) = &answers[0].data else { panic!("{answers:?}") };
    assert_eq!(alias.to_string(), target);
    assert_eq!(answers[1].data, Data::Address(Ipv4Addr::new(192, 0, 2, 7).into()));
    assert_eq!(answers[2].data, Data::Address("2001:db8::1".parse::<Ipv6Addr>().unwrap().into()));
    assert_eq!(answers[3].data, Data::Other(16));
}

#[test]
fn every_cut_gives_a_prefix() {
    let bytes = chain();
    let whole: Vec<Answer<'_>> = Message::read(&bytes).unwrap().answers().collect();
    let mut seen = 0;
    for length in HEADER..=bytes.len() {
        let message = Message::read(&bytes[..length]).unwrap();
        assert!(looks_like(&bytes[..length]), "{length}");
        let part: Vec<Answer<'_>> = message.answers().collect();
        assert_eq!(part, whole[..part.len()], "{length}");
        assert!(part.len() >= seen);
        seen = part.len();
        assert_eq!(message.question().is_some(), length >= HEADER + QUESTION.len());
    }
    assert_eq!(seen, 4);
    for length in 0..HEADER {
        assert_eq!(Message::read(&bytes[..length]).unwrap_err(), Malformed("header"));
        assert!(!looks_like(&bytes[..length]));
    }
}

#[test]
fn a_response_without_its_question_has_answers() {
    let bytes = [header(0x8400, [0, 1, 0, 0]), record(b"\x01a\x01b\0", 1, 9, &[192, 0, 2, 1])].concat();
    assert!(looks_like(&bytes));
    let message = Message::read(&bytes).unwrap();
    assert_eq!(message.question(), None);
    assert_eq!(message.answers().next().unwrap().name().as_str(), "a.b");
}

#[test]
fn services_hint_at_addresses() {
    let one = [192, 0, 2, 1];
    let alpn = b"\0\x01\0\x03\x02h2";
    let hint4 = [&b"\0\x04\0\x08"[..], &one, &one].concat();
    let hint6 = [&b"\0\x06\0\x10"[..], &[0x20; 16]].concat();
    let data = [&b"\0\x01\0"[..], alpn, &hint4, &hint6].concat();
    let told = |data: &[u8]| answers(&[record(b"\xc0\x0c", 65, 5, data)]).pop().map(|a| a.data);
    let Some(Data::Service { target, addresses }) = told(&data) else { panic!() };
    assert_eq!(target.as_str(), "www.pool.example", "a dot is the owner");
    assert_eq!(addresses.as_slice(), [IpAddr::from(one), one.into(), [0x20; 16].into()]);
    let Some(Data::Service { target, addresses }) = told(b"\0\0\x03svc\x03net\0ignored") else { panic!() };
    assert_eq!((target.as_str(), addresses.as_slice()), ("svc.net", &[][..]), "an alias has no parameters");
    let many = [&b"\0\x01\0\0\x04\0\x40"[..], &[9; 64]].concat();
    let Some(Data::Service { addresses, .. }) = told(&many) else { panic!() };
    assert_eq!(addresses.as_slice(), [IpAddr::from([9; 4]); MAX_HINTS]);
    for bad in [
        &b"\0\x01\0\0\x04\0\x05\x01\x02\x03\x04\x05"[..], // five bytes of addresses
        b"\0\x01\0\0\x04\0\0",                            // none
        b"\0\x01\0\0\x04\0\xff\x01\x02\x03\x04",          // longer than the record
        b"\0\x01\0\0\x06\0\0\0\x04\0\0",                  // not ascending
        b"\0\x01\0\0\x01\0\0\0\x01\0\0",                  // twice
        b"\0\x01\0\0\x04\0",
        b"\0\x01\x03svc",
        b"\0",
    ] {
        assert_eq!(told(bad), None, "{bad:02x?}");
    }
}

#[test]
fn the_first_malformed_record_ends_the_answers() {
    let good = record(b"\xc0\x0c", 1, 9, &[192, 0, 2, 1]);
    for bad in [
        record(b"\xc0\x0c", 1, 9, &[192, 0, 2]),
        record(b"\xc0\x0c", 28, 9, &[192, 0, 2, 1]),
        record(b"\xc0\x0c", 5, 9, b"\x01a\0junk"),
        record(b"\xc0\x0c", 5, 9, b"\x01a"),
        record(b"\x40a", 1, 9, &[192, 0, 2, 1]),
        record(b"\xff\xff", 1, 9, &[192, 0, 2, 1]),
    ] {
        assert_eq!(answers(&[good.clone(), bad.clone(), good.clone()]).len(), 1, "{bad:02x?}");
    }
    let mut other_class = good.clone();
    other_class[5] = 3;
    assert_eq!(answers(&[other_class, good])[0].data, Data::Other(1));
}

#[test]
fn names_are_those_of_hosts() {
    let text = |wire: &[u8]| name(wire).unwrap().unwrap().0.to_string();
    assert_eq!(text(b"\x05_Dmtp\x04_tCP\x03a-1\0"), "_dmtp._tcp.a-1");
    assert_eq!(text(b"\0"), "");
    for odd in [&b"\x01*\x01a\0"[..], b"\x01a\x03b.c\0", b"\x02\xc3\xbc\0", b"\x01a\x01 \0", b"\x01\0\0"] {
        let (name, behind) = name(odd).unwrap().unwrap();
        assert_eq!((name.as_str(), behind), ("", HEADER + odd.len()), "walked over, not told");
    }
    for cut in 0..14 {
        assert_eq!(name(&b"\x03www\x04Pool\x03org\0"[..cut]), Ok(None), "{cut}");
    }
    assert_eq!(name(b"\x80a\0"), Err(Malformed("label type")));
    assert_eq!(name(b"\x40a\0"), Err(Malformed("label type")));
}

#[test]
fn names_end_at_255_bytes() {
    let label = [&[63][..], &[b'a'; 63]].concat();
    let longest = [&label.repeat(3)[..], &[61], &[b'b'; 61], &[0]].concat();
    assert_eq!(longest.len(), 255);
    assert_eq!(name(&longest).unwrap().unwrap().0.len(), name::MAX_TEXT);
    let longer = [&label.repeat(3)[..], &[62], &[b'b'; 62], &[0]].concat();
    assert_eq!(name(&longer), Err(Malformed("name length")));
    let labels = b"\x01a".repeat(127);
    assert_eq!(name(&[&labels[..], &[0]].concat()).unwrap().unwrap().0.len(), 253);
    assert_eq!(name(&[&labels[..], b"\x01a\0"].concat()), Err(Malformed("name length")));
}

#[test]
fn pointers_go_backwards() {
    for wire in
        [&b"\xc0\x0c"[..], b"\xc0\x0d", b"\xc0\x00", b"\xff\xff", b"\x01a\xc0\x0c", b"\xc0\x0e\xc0\x0c"]
    {
        assert_eq!(name(wire), Err(Malformed("name pointer")), "{wire:02x?}");
    }
    // Each pointer to the one before, at the end of them a name: long chains of pointers are nobody's.
    let mut bytes = [header(0, [0; 4]), b"\x01a\0\0".to_vec()].concat();
    for n in 0..300u16 {
        let target = if n == 0 { 12 } else { 14 + 2 * n };
        bytes.extend((0xc000 | target).to_be_bytes());
    }
    let at = |n: usize| Name::read(&bytes, 14 + 2 * n);
    assert_eq!(at(1).unwrap().unwrap().0.as_str(), "a");
    assert_eq!(at(200).unwrap().unwrap().1, 416);
    assert_eq!(at(299), Err(Malformed("name pointers")));
}

#[test]
fn no_more_than_some_records_are_told() {
    let records = vec![record(b"\xc0\x0c", 1, 9, &[192, 0, 2, 1]); 200];
    assert_eq!(answers(&records).len(), usize::from(MAX_RECORDS));
}

#[test]
fn what_is_no_message_is_told() {
    let with = |flags, counts| [header(flags, counts), QUESTION.to_vec()].concat();
    assert!(looks_like(&with(0x0120, [1, 0, 0, 1])), "AD, an option");
    assert!(looks_like(&with(0x8182, [1, 0, 0, 0])), "a server's failure");
    for (flags, counts) in [
        (0x1900, [1, 0, 0, 0]), // an operation that is not assigned
        (0x0140, [1, 0, 0, 0]), // the reserved bit
        (0x0102, [1, 0, 0, 0]), // a query with an error
        (0x0100, [2, 0, 0, 0]),
        (0x0100, [0, 1, 0, 0]),
        (0x8180, [0, 0, 1, 0]),
        (0x8180, [1, 200, 0, 0]),
        (0x8180, [1, 0xffff, 0xffff, 0xffff]),
    ] {
        assert!(!looks_like(&with(flags, counts)), "{flags:04x} {counts:?}");
    }
    let mut wide = query();
    wide[HEADER] = 0xc0;
    assert!(!looks_like(&wide), "a first name that points");
    assert!(!looks_like(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    assert_eq!(Message::read(&with(0x1900, [1, 0, 0, 0])).unwrap_err(), Malformed("opcode"));
    assert_eq!(Message::read(&with(0x8180, [1, 9000, 0, 0])).unwrap_err(), Malformed("counts"));
    let mut chaos = query();
    *chaos.last_mut().unwrap() = 3;
    assert_eq!(Message::read(&chaos).unwrap().question(), None);
}

/// A message behind its length.
fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn feed<'a>(framer: &mut Framer, pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for piece in pieces {
        framer.feed(piece, limit, |message| out.push(message.to_vec()));
    }
    out
}

#[test]
fn a_stream_is_cut_into_messages() {
    let long = response(&vec![record(b"\xc0\x0c", 1, 9, &[192, 0, 2, 1]); 60]);
    let messages = [query(), long.clone(), chain()];
    let stream: Vec<u8> = messages.iter().flat_map(|m| framed(m)).collect();
    assert!(looks_like_tcp(&stream) && !looks_like_tcp(&stream[1..]) && !looks_like_tcp(&stream[..13]));
    for size in [1, 2, 3, 7, 100, 513, 4000] {
        let mut framer = Framer::new();
        assert_eq!(feed(&mut framer, stream.chunks(size), 4096), messages, "{size}");
        assert!(framer.is_between() && framer.buffered() == 0);
        let short = feed(&mut framer, stream.chunks(size), 0);
        assert_eq!(short, [&query()[..], &long[..512], &chain()], "{size}");
    }
}

#[test]
fn after_a_hole_it_goes_on_at_a_message() {
    let stream = framed(&query());
    let mut framer = Framer::new();
    assert_eq!(feed(&mut framer, [&stream[..20]], 4096).len(), 0);
    assert!(framer.buffered() >= 18 && !framer.is_between());
    framer.resync();
    assert!(framer.is_lost() && framer.is_between() && framer.buffered() == 0);
    assert_eq!(feed(&mut framer, [&stream[20..], b"\0\x10junk", &stream, &stream], 4096).len(), 2);
}

#[test]
fn what_is_no_message_is_not_kept() {
    for junk in [&b"\0\x0bshort......"[..], b"GET / HTTP/1.1\r\n\r\n", &[0xff; 700]] {
        let mut framer = Framer::new();
        assert_eq!(feed(&mut framer, [junk, junk], 4096).len(), 0);
        assert!(framer.is_lost() && framer.buffered() == 0, "{junk:02x?}");
    }
}

fn wire() -> impl Strategy<Value = Vec<u8>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..600);
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let edited = edits.prop_map(|edits| {
        let mut bytes = chain();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![noise, edited]
}

proptest! {
    #[test]
    fn any_cut_gives_a_prefix_of_the_answers(bytes in wire(), cut in any::<prop::sample::Index>()) {
        let part = &bytes[..cut.index(bytes.len() + 1)];
        let Ok(whole) = Message::read(&bytes) else { return Ok(()) };
        let all: Vec<Answer<'_>> = whole.answers().collect();
        prop_assert!(all.len() <= usize::from(MAX_RECORDS));
        if let Ok(message) = Message::read(part) {
            let some: Vec<Answer<'_>> = message.answers().collect();
            prop_assert!(some.len() <= all.len());
            prop_assert_eq!(&some[..], &all[..some.len()]);
            if let Some(question) = message.question() {
                prop_assert_eq!(Some(question), whole.question());
            }
        }
    }

    #[test]
    fn a_cut_stream_gives_the_same_messages(
        messages in proptest::collection::vec(wire(), 1..5),
        cuts in proptest::collection::vec(1usize..300, 1..40),
    ) {
        let messages: Vec<Vec<u8>> = messages.into_iter().filter(|m| Message::read(m).is_ok()).collect();
        let stream: Vec<u8> = messages.iter().flat_map(|m| framed(m)).collect();
        let (mut rest, mut cuts, mut pieces) = (&stream[..], cuts.into_iter().cycle(), Vec::new());
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            pieces.push(piece);
            rest = later;
        }
        prop_assert_eq!(feed(&mut Framer::new(), pieces, 4096), messages);
    }

    #[test]
    fn any_stream_is_survived(pieces in proptest::collection::vec(wire(), 0..6), hole in 0usize..6) {
        let mut framer = Framer::new();
        for (n, piece) in pieces.iter().enumerate() {
            if n == hole {
                framer.resync();
            }
            framer.feed(piece, 600, |message| {
                assert!((HEADER..=600).contains(&message.len()) && Message::read(message).is_ok());
            });
            prop_assert!(framer.buffered() <= 600);
        }
    }
}
