use proptest::prelude::*;

use super::*;

/// What a stream gave out, gaps as `|`, earlier pieces in brackets.
fn play(segments: &[(u32, &[u8])], settings: &Settings) -> (String, Trouble) {
    let mut stream = Stream::default();
    let (mut out, mut all) = (String::new(), Trouble::default());
    let mut say = |piece: Piece<'_>| match piece {
        Piece::Bytes(b) => out.push_str(&String::from_utf8_lossy(b)),
        Piece::Earlier(b) => {
            out.push('[');
            out.push_str(&String::from_utf8_lossy(b));
            out.push(']');
        }
        Piece::Anew(b) => {
            out.push('<');
            out.push_str(&String::from_utf8_lossy(b));
            out.push('>');
        }
        Piece::Gap => out.push('|'),
    };
    for (i, (seq, bytes)) in segments.iter().enumerate() {
        let segment = Segment { seq: *seq, bytes, len: bytes.len() as u32 };
        let t = stream.insert(segment, Time(i as u64 * 1000), settings, &mut say);
        all = Trouble { gaps: all.gaps + t.gaps, overflow: all.overflow + t.overflow };
    }
    let t = stream.finish(&mut say);
    all.gaps += t.gaps;
    assert_eq!(stream.waiting.len(), 0);
    (out, all)
}

fn order(segments: &[(u32, &[u8])]) -> String {
    play(segments, &Settings::default()).0
}

#[test]
fn retransmission_overlap_and_reordering() {
    assert_eq!(order(&[(10, b"abc"), (10, b"abc"), (13, b"def")]), "abcdef");
    assert_eq!(order(&[(10, b"abc"), (11, b"bcde"), (12, b"cd"), (15, b"f")]), "abcdef");
    assert_eq!(order(&[(10, b"abc"), (16, b"gh"), (13, b"def"), (18, b"i")]), "abcdefghi");
    assert_eq!(order(&[(10, b"abc"), (9, b"x")]), "abc");
}

#[test]
fn sequence_numbers_wrap() {
    assert_eq!(order(&[(u32::MAX - 1, b"abc"), (3, b"fg"), (1, b"def"), (5, b"h")]), "abcdefgh");
}

#[test]
fn holes_become_gaps() {
    assert_eq!(order(&[(10, b"abc"), (20, b"xyz")]), "abc|xyz");
    let timeout = Settings { gap_timeout: 1500, ..Settings::default() };
    let got = play(&[(10, b"abc"), (20, b"x"), (21, b"y"), (22, b"z"), (13, b"late")], &timeout);
    assert_eq!((got.0.as_str(), got.1.gaps), ("abc|xyz", 1));
    let small = Settings { max_out_of_order: 2, ..Settings::default() };
    let got = play(&[(10, b"a"), (20, b"b"), (30, b"c"), (40, b"d"), (50, b"e")], &small);
    assert_eq!(got.0, "a|b|c|d|e");
    assert_eq!(got.1, Trouble { gaps: 4, overflow: 2 });
}

#[test]
fn a_jump_takes_the_new_place() {
    assert_eq!(order(&[(10, b"abc"), (0x4000_0000, b"new"), (0x4000_0003, b"er")]), "abc|newer");
}

#[test]
fn what_the_snap_length_cut_is_a_gap() {
    let mut stream = Stream::default();
    let mut out = Vec::new();
    for (seq, bytes, len) in [(1u32, &b"abc"[..], 10u32), (11, b"def", 3)] {
        stream.insert(Segment { seq, bytes, len }, Time(0), &Settings::default(), |p| {
            out.push(format!("{p:?}"));
        });
    }
    assert_eq!(out, ["Bytes([97, 98, 99])", "Gap", "Bytes([100, 101, 102])"]);
}

#[test]
fn reordering_at_the_start_joins_up() {
    assert_eq!(order(&[(20, b"{b}\n"), (10, b"{aaaaaaa}\n")]), "{b}\n[{aaaaaaa}\n]");
    assert_eq!(order(&[(20, b"{b}\n"), (15, b"aaa}\n"), (10, b"{aaaa")]), "{b}\n[{aaaaaaa}\n]");
    // The end of a message overtook its beginning.
    assert_eq!(order(&[(20, b"b}\n{c}\n"), (10, b"{aaaaaaaaa")]), "b}\n{c}\n[{aaaaaaaaab}\n]");
    assert_eq!(
        order(&[(20, b"bb"), (22, b"c}\n{d}\n"), (10, b"{aaaaaaaaa")]),
        "bbc}\n{d}\n[{aaaaaaaaabbc}\n]"
    );
    // Its middle did, and its end is still to come.
    assert_eq!(order(&[(20, b"bb"), (10, b"{aaaaaaaaa"), (22, b"c}\n")]), "bb<{aaaaaaaaabb>c}\n");
    // Not joined up: nothing is said about it.
    assert_eq!(order(&[(20, b"{b}\n"), (5, b"{a}\n")]), "{b}\n");
    // A retransmission of what was given out late is old.
    assert_eq!(order(&[(20, b"{b}\n"), (10, b"{aaaaaaa}\n"), (10, b"{aaaaaaa}\n")]), "{b}\n[{aaaaaaa}\n]");
}

proptest! {
    /// The oracle: any cut, duplication and local reordering (after the first segment) gives the same bytes.
    #[test]
    fn any_order_gives_the_stream(cuts in prop::collection::vec(1usize..9, 2..30), swaps in prop::collection::vec(0usize..28, 0..20), dups in prop::collection::vec(0usize..28, 0..10), start in any::<u32>()) {
        let bytes: Vec<u8> = (0..cuts.iter().sum::<usize>()).map(|i| b'a' + (i % 26) as u8).collect();
        let mut segments = Vec::new();
        let mut at = 0;
        for cut in &cuts {
            segments.push((start.wrapping_add(at as u32), &bytes[at..at + cut]));
            at += cut;
        }
        for s in swaps {
            let i = 1 + s % (segments.len() - 1);
            if i + 1 < segments.len() {
                segments.swap(i, i + 1);
            }
        }
        for d in dups {
            let i = d % segments.len();
            let copy = segments[i];
            segments.push(copy);
        }
        let settings = Settings { max_out_of_order: 64, ..Settings::default() };
        let (out, trouble) = play(&segments, &settings);
        prop_assert_eq!(out.as_bytes(), &bytes[..]);
        prop_assert_eq!(trouble, Trouble::default());
    }

    #[test]
    fn arbitrary_segments_stay_bounded(segments in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..50), 0u32..60), 0..200)) {
        let settings = Settings { max_out_of_order: 8, ..Settings::default() };
        let mut stream = Stream::default();
        for (seq, bytes, more) in &segments {
            let segment = Segment { seq: *seq, bytes, len: bytes.len() as u32 + more };
            stream.insert(segment, Time(0), &settings, |_| {});
            prop_assert!(stream.buffered() <= 16 * 50 + (16 << 10));
        }
    }
}
