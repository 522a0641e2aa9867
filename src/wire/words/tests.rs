//! Lines with and without their ends, any cut, and bytes that are no text.

use proptest::prelude::*;

use super::*;

/// Feeds the pieces; of each text what was understood, by `known`, and how much junk there was.
fn lines(pieces: &[&[u8]], known: impl Fn(&str, bool) -> bool) -> (Vec<String>, u32) {
    let (mut framer, mut heard, mut junk) = (Framer::default(), Vec::new(), 0);
    for piece in pieces {
        junk += framer.feed(piece, |text, ended| {
            let yes = known(text, ended);
            if yes {
                heard.push(text.to_owned());
            }
            yes
        });
        assert!(framer.buffered() <= MAX_LINE, "{} bytes held", framer.buffered());
    }
    (heard, junk)
}

/// Understands `<word>` alone, in angle brackets, ended or not.
fn tag(text: &str, _ended: bool) -> bool {
    text.len() > 2 && text.starts_with('<') && text.ends_with('>') && text.matches('<').count() == 1
}

#[test]
fn ended_lines() {
    assert_eq!(lines(&[b"<a>\r\n\n<b>\nno\n"], tag), (vec!["<a>".into(), "<b>".into()], 1));
}

#[test]
fn a_message_a_segment() {
    assert_eq!(lines(&[b"<a>", b"<b>", b"\n", b"<c>\n"], tag).0, ["<a>", "<b>", "<c>"]);
    assert_eq!(lines(&[b"<a", b"b>", b"<c>"], tag), (vec!["<ab>".into(), "<c>".into()], 0));
}

#[test]
fn a_rest_of_no_meaning_spoils_nothing() {
    assert_eq!(lines(&[b"3.0", b"<a>\n"], tag), (vec!["<a>".into()], 0));
    assert_eq!(lines(&[b"3.0", b"<a>"], tag), (vec!["<a>".into()], 0));
    // What may go on is refused by who knows it, and then joined.
    let ended = |text: &str, ended: bool| ended && tag(text, ended);
    assert_eq!(lines(&[b"<a>", b"\n"], ended), (vec!["<a>".into()], 0));
}

#[test]
fn a_hole_drops_the_rest() {
    let mut framer = Framer::default();
    assert_eq!(framer.feed(b"<a", |_, _| false), 0);
    assert!(!framer.is_between());
    framer.resync();
    assert!(framer.is_between());
    let mut heard = 0;
    framer.feed(b"b>\n<c>\n", |text, ended| {
        heard += u32::from(tag(text, ended));
        tag(text, ended)
    });
    assert_eq!(heard, 1);
}

#[test]
fn long_lines_and_bytes_are_junk_once() {
    let long = [b'x'; MAX_LINE + 1];
    assert_eq!(lines(&[&long, &long, b"x", b"x\n<a>\n"], tag), (vec!["<a>".into()], 1));
    assert_eq!(lines(&[&long, b"<a>", b"<b>\n"], tag), (vec!["<a>".into(), "<b>".into()], 1));
    assert_eq!(lines(&[&[b'x'; 300], &[b'x'; 300], b"\n"], tag), (vec![], 1));
    assert_eq!(lines(&[b"<\x00>\n<\x7f>\n\x02<a>\n<b>\n"], tag), (vec!["<b>".into()], 3));
    assert_eq!(lines(&[b"<\xff>\n<b>\n"], tag), (vec!["<b>".into()], 1));
}

/// A million pieces of a byte hold no more than a line, and cost no more than a line each.
#[test]
fn single_bytes_are_bounded() {
    let pieces = vec![&b"7"[..]; 20_000];
    assert_eq!(lines(&pieces, |_, _| false), (vec![], 1));
}

#[test]
fn first_bytes() {
    let hashes = format!("{},{},300\n", "0a".repeat(20), "fB".repeat(20));
    assert!(looks_like(hashes.as_bytes()));
    assert!(looks_like(b"JOB,alice,LOW,None,"));
    assert!(looks_like(b"116134,88219.13005969867,Official PC Miner 4.3,Auto,,1495"));
    for cut in 0..hashes.len() - 3 {
        assert!(!looks_like(&hashes.as_bytes()[..cut]), "cut at {cut}");
    }
    for no in [
        &b""[..],
        b"JOB 12,urgent,room 4\n",
        b"JOBS,1",
        b"1,2,3",
        b"1,2.5,3",
        b"1,2.,a",
        b",2.5,a",
        b"123456789012345678901,2.5,a",
        b"12,23.5",
        b"GET / HTTP/1.1",
        b"\x00\x00\x00\x2b",
    ] {
        assert!(!looks_like(no), "{:?}", String::from_utf8_lossy(no));
    }
    assert!(!looks_like(hashes.replace(',', ";").as_bytes()));
    assert!(!looks_like(hashes.replacen("0a", "0g", 1).as_bytes()));
}

proptest! {
    /// Ended lines come out the same however they are cut, if only ended ones are understood.
    #[test]
    fn any_cut(words in prop::collection::vec("[a-z<>,]{0,12}", 0..20), cuts in prop::collection::vec(0usize..200, 0..20)) {
        let text: String = words.iter().map(|w| format!("{w}\n")).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts.into_iter().chain([text.len()]) {
            pieces.push(&text.as_bytes()[from..cut]);
            from = cut;
        }
        let all = |_: &str, ended: bool| ended;
        prop_assert_eq!(lines(&pieces, all), lines(&[text.as_bytes()], all));
    }

    /// Nothing that is sent makes it panic, hold more than a line, or find more junk than there were lines and pieces.
    #[test]
    fn any_bytes(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..12)) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let ends: usize = pieces.iter().map(|p| p.iter().filter(|b| **b == b'\n').count() + 1).sum();
        prop_assert!(lines(&pieces, |_, _| false).1 as usize <= ends);
        for piece in pieces {
            looks_like(piece);
        }
    }
}
