//! DNS: any bytes as a message, and as a stream on TCP at any cut. Names are hosts' or none, iteration ends, a cut message
//! gives the first of the same records, a cut stream the same messages while it is not lost. Input: cut, bytes.

#![no_main]

use geophone::wire::dns::answer::{MAX_HINTS, MAX_RECORDS};
use geophone::wire::dns::framer::LEAST_LIMIT;
use geophone::wire::dns::{Answer, Data, Framer, HEADER, Message, Name, looks_like, looks_like_tcp, name};
use geophone_fuzz::{Cut, choices};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([cut], bytes)) = choices::<1>(data) else { return };
    message(bytes);
    stream(Cut(*cut), bytes);
});

fn message(bytes: &[u8]) {
    let Ok(whole) = Message::read(bytes) else {
        assert!(!looks_like(bytes));
        return;
    };
    if let Some(question) = whole.question() {
        check_name(&question.name);
    }
    let answers: Vec<Answer> = whole.answers().collect();
    assert!(answers.len() <= usize::from(MAX_RECORDS));
    for answer in &answers {
        check_name(&answer.name());
        assert!(answer.ttl >> 31 == 0);
        match &answer.data {
            Data::Alias(name) => check_name(name),
            Data::Service { target, addresses } => {
                check_name(target);
                assert!(addresses.as_slice().len() <= MAX_HINTS);
            }
            Data::Address(_) | Data::Other(_) => {}
        }
    }
    for length in (HEADER..bytes.len().min(400)).step_by(7) {
        let part = Message::read(&bytes[..length]).expect("the same header");
        let some: Vec<Answer> = part.answers().collect();
        assert_eq!(some[..], answers[..some.len()], "at {length}");
    }
}

fn check_name(name: &Name) {
    let text = name.as_str();
    assert!(text.len() <= name::MAX_TEXT);
    assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b)), "{text}");
    assert!(text.is_empty() || text.split('.').all(|label| (1..=63).contains(&label.len())), "{text}");
}

fn stream(cut: Cut, bytes: &[u8]) {
    const LIMIT: usize = 700;
    let feed = |cut: Cut| {
        let (mut framer, mut messages, mut lost) = (Framer::new(), Vec::new(), false);
        for piece in cut.pieces(bytes) {
            framer.feed(piece, LIMIT, |message| {
                assert!((HEADER..=LIMIT).contains(&message.len()) && Message::read(message).is_ok());
                messages.push(message.to_vec());
            });
            assert!(framer.buffered() <= LIMIT.max(LEAST_LIMIT));
            lost |= framer.is_lost();
        }
        (messages, lost)
    };
    let ((whole, lost), (pieces, lost_in_pieces)) = (feed(Cut(0)), feed(cut));
    assert_eq!(lost, lost_in_pieces, "a cut makes no stream worse");
    // After it was lost, a stream goes on where a piece happens to begin with a message.
    if lost {
        assert!(pieces.starts_with(&whole), "what came before was the same");
    } else {
        assert_eq!(whole, pieces);
    }
    let mut framer = Framer::new();
    framer.resync();
    framer.feed(bytes, LIMIT, |_| assert!(looks_like_tcp(bytes)));
}
