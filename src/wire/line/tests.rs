use proptest::prelude::*;

use super::*;

fn messages(pieces: &[&[u8]], limit: usize) -> Vec<String> {
    let mut framer = Framer::default();
    let mut out = Vec::new();
    for piece in pieces {
        framer.feed(piece, limit, |m| {
            out.push(match m {
                Message::Object(o) => String::from_utf8_lossy(o).into_owned(),
                Message::Agent(a) => format!("agent {a:02x?}"),
                Message::Overlong { head, tail } => {
                    format!("overlong {} {}", head.len(), String::from_utf8_lossy(tail))
                }
                Message::Junk => "junk".to_owned(),
            });
        });
    }
    out
}

#[test]
fn any_terminator_or_none() {
    let got = messages(&[b"{\"a\":1}\r\n{\"b\":2} \n\0{\"c\":3}{\"d\":4}"], 1 << 16);
    assert_eq!(got, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"d\":4}"]);
}

#[test]
fn junk_lines_are_stepped_over() {
    let got = messages(
        &[b"{\"first\":0}\nHTTP/1.1 400 Bad Request\r\nx\r\n{\"a\":1}\n{\"b\"\n{\"c\":3}\n"],
        1 << 16,
    );
    assert_eq!(got, ["{\"first\":0}", "junk", "junk", "{\"a\":1}", "junk", "{\"c\":3}"]);
}

#[test]
fn resync_finds_the_next_line_or_segment() {
    let mut framer = Framer::default();
    let mut seen = Vec::new();
    framer.feed(b"{\"a\":\"lost", 1 << 16, |_| seen.push(0));
    framer.resync();
    framer
        .feed(b"rest\"}\n{\"b\":1}\n", 1 << 16, |m| seen.push(u8::from(m == Message::Object(b"{\"b\":1}"))));
    framer.resync();
    framer.feed(b"{\"c\":1}\n", 1 << 16, |m| seen.push(u8::from(m == Message::Object(b"{\"c\":1}"))));
    assert_eq!(seen, [1, 1]);
}

#[test]
fn overlong_keeps_head_and_tail() {
    let mut long = b"{\"params\":\"".to_vec();
    long.resize(100_000, b'x');
    long.extend_from_slice(b"\",\"method\":\"block_template\"}\n{\"next\":1}\n");
    for size in [1, 100, 1448, 70_000, 200_000] {
        let pieces: Vec<&[u8]> = long.chunks(size).collect();
        let got = messages(&pieces, 64 << 10);
        assert_eq!(got.len(), 2, "pieces of {size}");
        assert!(got[0].starts_with("overlong 4096 ") || size == 200_000, "{}", &got[0][..20]);
        assert!(got[0].ends_with("\"method\":\"block_template\"}"));
        assert_eq!(got[1], "{\"next\":1}");
    }
}

#[test]
fn an_endless_line_is_bounded() {
    let mut framer = Framer::default();
    framer.feed(b"{\"a\":\"", 64 << 10, |_| {});
    for _ in 0..1000 {
        framer.feed(&[b'x'; 1448], 64 << 10, |_| {});
        assert!(framer.buffered() <= 128 << 10, "{}", framer.buffered());
    }
}

#[test]
fn agent_messages_between_lines() {
    let stream = b"{\"a\":1}\n\x7f\x02\x0f\x00\x07\x03\x00\x44\x33\x22\x11\x05\x00\x00\x00{\"b\":1}\n";
    for cut in 0..stream.len() {
        let got = messages(&[&stream[..cut], &stream[cut..]], 1 << 16);
        assert_eq!(got.len(), 3, "cut {cut}: {got:?}");
        assert!(got[1].starts_with("agent"), "cut {cut}");
    }
    assert_eq!(messages(&[b"\x7fELF\x02\x01\x01"], 1 << 16), [""; 0]);
    assert_eq!(messages(&[b"{}\n\x7fELF\x02\x01\x01"], 1 << 16), ["{}", "junk"]);
}

/// A line may end, and the next begin, inside four bytes that began like a BTCAgent message.
#[test]
fn a_false_agent_message_hides_no_line() {
    for stream in
        [&b"{}\n\x7f\n{\"id\":2}\n"[..], b"{}\n\x7f\x01\n{\"id\":2}\n", b"{}\n\x7f\x01\x02\n{\"id\":2}\n"]
    {
        let whole = messages(&[stream], 1 << 16);
        assert!(whole.contains(&"{\"id\":2}".to_owned()), "{whole:?}");
        for cut in 0..stream.len() {
            assert_eq!(messages(&[&stream[..cut], &stream[cut..]], 1 << 16), whole, "{stream:?} cut {cut}");
        }
        let each: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(messages(&each, 1 << 16), whole, "{stream:?}");
    }
}

proptest! {
    /// Cut invariance: how a stream is cut into pieces never changes its messages.
    #[test]
    fn any_cut_gives_the_same(cuts in prop::collection::vec(1usize..40, 1..60)) {
        let stream = b"{\"id\":1,\"m\":\"a\\\"b}\"}\n{\"id\":2}\r\n{\"x\":[{},[\"{\"]]}{\"y\":2}\n \n{\"z\":{\"q\":[1,2,3]}} \n";
        let whole = messages(&[stream], 1 << 16);
        let (mut pieces, mut rest): (Vec<&[u8]>, &[u8]) = (Vec::new(), stream);
        for cut in cuts {
            let (a, b) = rest.split_at(cut.min(rest.len()));
            pieces.push(a);
            rest = b;
        }
        pieces.push(rest);
        prop_assert_eq!(messages(&pieces, 1 << 16), whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_stay_bounded(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40)) {
        let mut framer = Framer::default();
        for piece in &pieces {
            framer.feed(piece, 5000, |_| {});
            prop_assert!(framer.buffered() <= 3 * 5000);
        }
    }
}
