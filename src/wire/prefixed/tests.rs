//! Messages in any cut, lengths that lie, and bytes that are something else.

use proptest::prelude::*;

use super::*;

const RESULT: &str =
    "0000002b010100000000000000038006c67f7867f5fd4248b54d2af2d455aba03b6e7d1cd9a1e80d567441a1984201";

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect()
}

fn login(name: &str) -> Vec<u8> {
    let address = "aleo1mupglczgn6n2lxw6ewdmj2sup7endrhwqdcklayfptym47gn3dv3spgku6";
    let mut message = vec![0x80, 0, 0, 0, 2, 5, u8::try_from(name.len()).unwrap()];
    message.extend_from_slice(name.as_bytes());
    message.extend_from_slice(address.as_bytes());
    framed(Order::Little, &message)
}

fn framed(order: Order, message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap();
    let len = if order == Order::Big { len.to_be_bytes() } else { len.to_le_bytes() };
    [&len, message].concat()
}

/// Sixteen jobs, as a node sends them.
fn jobs(version: bool, transactions: usize) -> Vec<u8> {
    let mut message = if version { vec![1, 0] } else { vec![0] };
    message.extend(16u32.to_be_bytes());
    for chain in 0..16u32 {
        message.extend((chain / 4).to_be_bytes());
        message.extend((chain % 4).to_be_bytes());
        for blob in [vec![7; 302], vec![9; transactions], vec![0x0f; 28]] {
            message.extend(u32::try_from(blob.len()).unwrap().to_be_bytes());
            message.extend(blob);
        }
        message.extend(1000u32.to_be_bytes());
    }
    framed(Order::Big, &message)
}

fn block(len: usize) -> Vec<u8> {
    let block = framed(Order::Big, &vec![5; len]);
    framed(Order::Big, &[&[1, 0], &block[..]].concat())
}

/// What a framer makes of pieces, in words.
fn read(framer: &mut Framer, pieces: &[&[u8]], limit: usize) -> Vec<String> {
    let mut heard = Vec::new();
    for piece in pieces {
        framer.feed(piece, limit, |m| heard.push(format!("{m:?}")));
        assert!(framer.buffered() <= limit.max(HEAD) + 1024, "{} bytes held", framer.buffered());
    }
    heard
}

fn whole(message: &[u8]) -> String {
    format!("{:?}", Message::Whole(&message[4..]))
}

#[test]
fn first_bytes() {
    assert_eq!(looks_like(&login("rig-01")), Some(Order::Little));
    assert_eq!(looks_like(&login("")), Some(Order::Little));
    assert_eq!(looks_like(&unhex(RESULT)), Some(Order::Big));
    for version in [true, false] {
        let jobs = jobs(version, 3000);
        assert_eq!(looks_like(&jobs), Some(Order::Big), "whole, {version}");
        assert_eq!(looks_like(&jobs[..1448]), Some(Order::Big), "a segment of it");
        assert_eq!(looks_like(&jobs[..16]), None, "too little of it");
    }
    let mut older = unhex(RESULT);
    older.remove(4);
    older[3] = 0x2a;
    assert_eq!(looks_like(&older), Some(Order::Big));
    // Each cut of what must be whole, and each byte of the form that is another.
    for message in [login("rig-01"), unhex(RESULT)] {
        assert!((0..message.len()).all(|cut| looks_like(&message[..cut]).is_none()));
    }
    for at in (0..14).chain([46]) {
        let mut other = unhex(RESULT);
        other[at] ^= 0x40;
        assert_eq!(looks_like(&other), None, "byte {at}");
    }
    assert_eq!(looks_like(&block(400)), None, "a length in a length is no proof");
}

#[test]
fn other_protocols_are_none() {
    let zeros = [0u8; 1500];
    let mut hash_of_zeros = unhex(RESULT);
    hash_of_zeros[14..46].fill(0);
    for other in [
        &b""[..],
        &zeros,
        &[0xff; 1500],
        &hash_of_zeros,
        // Kafka's ApiVersions; HTTP/2's SETTINGS; Postgres' startup; a TLS record; BitTorrent's bitfield.
        b"\x00\x00\x00\x1a\x00\x12\x00\x03\x00\x00\x00\x01\x00\x09rdkafka-1\x0012",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04",
        b"\x00\x00\x00\x29\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x00\x05\x05\xff\xff\xff\xff",
        b"\x1e\x00\x00\x00\x01\x44\x98\x54\x41\x23\x38\x20\x2a\xc1\xed\xc3\x13\x07\x94\xc9\x65\xf4\x62\x06\x10\xdd\xbc",
    ] {
        assert_eq!(looks_like(other), None, "{other:02x?}");
    }
    let mut capital = login("rig-01");
    *capital.last_mut().unwrap() = b'A';
    assert_eq!(looks_like(&capital), None);
    assert_eq!(looks_like(&framed(Order::Little, &[0x81; 60])), None, "a submit opens nothing");
}

#[test]
fn every_cut_of_two_pieces() {
    for order in [Order::Big, Order::Little] {
        let (one, two) = match order {
            Order::Big => (jobs(true, 10), unhex(RESULT)),
            Order::Little => (login("a"), framed(order, &[3])),
        };
        let stream = [one.clone(), two.clone()].concat();
        for cut in 0..stream.len() {
            let (a, b) = stream.split_at(cut);
            let mut framer = Framer::new(order);
            assert_eq!(
                read(&mut framer, &[a, b], 1 << 16),
                [whole(&one), whole(&two)],
                "{order:?} cut at {cut}"
            );
            assert!(framer.is_between() && framer.buffered() == 0);
        }
    }
}

#[test]
fn an_overlong_message_is_skipped_by_count() {
    let long = jobs(true, 3000);
    let next = unhex(RESULT);
    let head = format!("{:?}", Message::Overlong(&long[4..4 + HEAD]));
    let stream = [&long[..], &next].concat();
    for size in [1, 7, 511, 513, 1448, stream.len()] {
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        let mut framer = Framer::new(Order::Big);
        assert_eq!(read(&mut framer, &pieces, 600), [head.clone(), whole(&next)], "pieces of {size}");
    }
}

#[test]
fn lengths_that_lie() {
    for (order, length) in [
        (Order::Big, [0x01, 0, 0, 1]),
        (Order::Big, [0xff; 4]),
        (Order::Big, [0; 4]),
        (Order::Little, [1, 2, 0, 0]),
        (Order::Little, [0; 4]),
    ] {
        let mut framer = Framer::new(order);
        assert_eq!(read(&mut framer, &[&length, &[0; 9]], 1 << 16), ["Broken"], "{order:?} {length:02x?}");
        assert_eq!(framer.buffered(), 0);
    }
    // The longest there is allocates what came, and a first byte that none has ends it.
    let mut framer = Framer::new(Order::Big);
    assert!(read(&mut framer, &[b"\x01\x00\x00\x00\x01\x00"], 64 << 20).is_empty());
    assert!(framer.buffered() < 64 && !framer.is_between());
    assert_eq!(read(&mut Framer::new(Order::Big), &[b"\x01\x00\x00\x00\x02"], 1 << 16), ["Broken"]);
}

#[test]
fn after_a_hole() {
    let mut framer = Framer::new(Order::Big);
    read(&mut framer, &[&jobs(true, 10)[..1000]], 1 << 16);
    framer.resync();
    assert!(framer.is_between());
    let (rest, result, block) = (&jobs(true, 10)[1448..], unhex(RESULT), block(400));
    assert_eq!(
        read(&mut framer, &[rest, &[0; 4], &block, &result], 1 << 16),
        [whole(&block), whole(&result)]
    );

    let mut framer = Framer::new(Order::Little);
    framer.resync();
    let (pong, job) = (framed(Order::Little, &[3]), framed(Order::Little, &[1; 49]));
    assert_eq!(
        read(&mut framer, &[&job[9..], b"\x05\x00", &pong, &job], 1 << 16),
        [whole(&pong), whole(&job)]
    );
}

proptest! {
    #[test]
    fn any_cut(sizes in prop::collection::vec(1usize..700, 1..8), cuts in prop::collection::vec(0usize..4000, 0..12), limit in 0usize..900) {
        let stream: Vec<u8> = sizes.iter().flat_map(|n| framed(Order::Big, &vec![1; *n])).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(stream.len())).collect();
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts.into_iter().chain([stream.len()]) {
            pieces.push(&stream[from..cut]);
            from = cut;
        }
        let (mut cut, mut one) = (Framer::new(Order::Big), Framer::new(Order::Big));
        let heard = read(&mut cut, &pieces, limit);
        prop_assert_eq!(heard.len(), sizes.len());
        prop_assert_eq!(heard, read(&mut one, &[&stream], limit));
    }

    #[test]
    fn any_bytes(pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0u8), 0u8..4, any::<u8>()], 0..600), 0..12)) {
        for order in [Order::Big, Order::Little] {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            read(&mut Framer::new(order), &pieces, 700);
            prop_assert!(pieces.iter().all(|p| looks_like(p).is_none()));
        }
    }
}
