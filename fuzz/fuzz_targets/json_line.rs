//! Lines: framed at any cut, read as messages, heeded by an account. Input: cut, choices, stream.

#![no_main]

use geophone::detect::Certainty;
use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::rules::RuleSet;
use geophone::stratum;
use geophone::wire::line::{Framer, HEAD, Message, TAIL};
use geophone_fuzz::{Cut, NOW, choices};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([cut, choice], stream)) = choices::<2>(data) else { return };
    let limit = [64, 512, 4096, 16 << 10][usize::from(*choice & 3)];
    let mut way = if choice & 4 == 0 { Way::Up } else { Way::Down };
    let (mut framer, mut session) = (Framer::default(), Session::new(NOW));
    for piece in Cut(*cut).pieces(stream) {
        framer.feed(piece, limit, |message| {
            heed(&mut session, way, message);
            // Both sides in one stream: requests find their replies.
            if choice & 8 != 0 {
                way = way.back();
            }
        });
        // A buffer grows by doubling; head and tail of an overlong object stay.
        assert!(
            framer.buffered() <= 2 * limit.max(HEAD + TAIL) + 2 * piece.len().min(limit) + 8,
            "{}",
            framer.buffered()
        );
    }
    let _ = session.facts();
    let _ = session.mining(Certainty::Proven, &RuleSet::default());
    same_at_any_cut(stream, Cut(*cut));
});

fn heed(session: &mut Session, way: Way, message: Message<'_>) {
    let line = match message {
        Message::Object(object) => stratum::Line::read(object),
        Message::Overlong { head, tail } => stratum::Line::read_overlong(head, tail),
        Message::Agent(bytes) => {
            if let Some(message) = stratum::read_agent(bytes) {
                session.message(way, &message, NOW);
            }
            return;
        }
        Message::Junk => return,
    };
    if let Some(inner) = stratum::unwrap(&line) {
        session.line(way, &stratum::Line::read(&inner), NOW);
    }
    session.line(way, &line, NOW);
}

/// Where no limit is met and the first piece begins a line, a cut changes nothing.
fn same_at_any_cut(stream: &[u8], cut: Cut) {
    let read = |cut: Cut| {
        let (mut framer, mut objects) = (Framer::default(), Vec::new());
        framer.feed(b"\n", usize::MAX, |_| {});
        for piece in cut.pieces(stream) {
            framer.feed(piece, usize::MAX, |message| {
                if let Message::Object(object) = message {
                    objects.push(object.to_vec());
                }
            });
        }
        objects
    };
    assert_eq!(read(Cut(0)), read(cut), "the cut changed the messages");
}
