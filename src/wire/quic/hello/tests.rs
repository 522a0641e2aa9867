use proptest::prelude::*;

use super::*;

fn hello(length: usize) -> Vec<u8> {
    let body = (0..length).map(|n| (n * 7 % 251) as u8);
    let length = (length as u32).to_be_bytes();
    [1, length[1], length[2], length[3]].into_iter().chain(body).collect()
}

fn frame(bytes: &[u8], start: usize, end: usize) -> Crypto<'_> {
    Crypto { offset: start as u64, data: &bytes[start..end] }
}

#[test]
fn what_comes_late_fills_the_hole() {
    let (message, mut handshake) = (hello(100), Handshake::default());
    for (start, end, whole) in
        [(50, 104, 0), (0, 3, 3), (2, 20, 20), (20, 20, 20), (30, 50, 20), (10, 40, 104)]
    {
        handshake.add(frame(&message, start, end)).unwrap();
        assert_eq!(handshake.whole(), &message[..whole], "after {start}..{end}");
        assert_eq!(handshake.client_hello().is_some(), whole == 104);
    }
    assert_eq!(handshake.client_hello(), Some(&message[4..]));
    assert_eq!(handshake.runs, [(0, 104)]);
    // The next message changes nothing.
    handshake.add(Crypto { offset: 104, data: b"next" }).unwrap();
    assert_eq!(handshake.client_hello(), Some(&message[4..]));
}

#[test]
fn bounds_in_bytes_and_runs() {
    let mut handshake = Handshake::default();
    let end = MAX_HANDSHAKE as u64;
    handshake.add(Crypto { offset: end - 1, data: b"x" }).unwrap();
    assert_eq!(handshake.buffered(), MAX_HANDSHAKE);
    for (offset, data) in [(end, &b"x"[..]), (end - 1, b"xy"), (u64::MAX, b"x"), (u64::MAX, b"")] {
        assert_eq!(handshake.add(Crypto { offset, data }), Err(Malformed("crypto offset")), "{offset}");
    }
    for n in 1..MAX_RUNS as u64 {
        handshake.add(Crypto { offset: n * 2, data: b"x" }).unwrap();
    }
    assert_eq!(handshake.add(Crypto { offset: 1000, data: b"x" }), Err(Malformed("crypto runs")));
    // What joins runs has room.
    handshake.add(Crypto { offset: 3, data: b"x" }).unwrap();
    handshake.add(Crypto { offset: 1000, data: b"x" }).unwrap();
    assert_eq!(handshake.runs.len(), MAX_RUNS);
}

#[test]
fn what_no_client_sends() {
    let mut handshake = Handshake::default();
    handshake.add(Crypto { offset: 10, data: b"abcd" }).unwrap();
    handshake.add(Crypto { offset: 12, data: b"cd" }).unwrap();
    assert_eq!(handshake.add(Crypto { offset: 8, data: b"..abX" }), Err(Malformed("crypto data")));
    assert_eq!(Handshake::default().add(Crypto { offset: 0, data: &[2] }), Err(Malformed("handshake type")));
    let long = |length: usize| {
        let [.., a, b, c] = length.to_be_bytes();
        Handshake::default().add(Crypto { offset: 0, data: &[1, a, b, c] })
    };
    assert_eq!(long(MAX_HANDSHAKE - 4), Ok(()));
    assert_eq!(long(MAX_HANDSHAKE - 3), Err(Malformed("hello length")));
}

proptest! {
    /// Against bytes kept one by one.
    #[test]
    fn as_kept_one_by_one(frames in proptest::collection::vec((0usize..300, 0usize..40), 0..60)) {
        let (message, mut handshake) = (hello(400), Handshake::default());
        let mut here = vec![false; message.len()];
        for (start, length) in frames {
            handshake.add(frame(&message, start, start + length)).unwrap();
            here[start..start + length].fill(true);
            let whole = here.iter().take_while(|here| **here).count();
            prop_assert_eq!(handshake.whole(), &message[..whole]);
            let runs = here.chunk_by(|a, b| a == b).filter(|run| run[0]).count();
            prop_assert_eq!(handshake.runs.len(), runs);
        }
    }
}
