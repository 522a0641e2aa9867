//! SOCKS handshakes of both sides and PROXY headers: a cut changes nothing, and more bytes change no answer. Input: cut,
//! stream.

#![no_main]

use geophone::wire::proxy;
use geophone::wire::socks::{Client, Progress, Server};
use geophone_fuzz::{Cut, choices};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([cut], stream)) = choices::<1>(data) else { return };
    let client = |cut: Cut| {
        let mut client = Client::default();
        end(at(cut.pieces(stream)).map(|(before, piece)| (before, client.feed(piece))))
    };
    assert_eq!(client(Cut(0)), client(Cut(*cut)), "the cut changed what the client asked");
    let server = |cut: Cut| {
        let mut server = Server::default();
        end(at(cut.pieces(stream)).map(|(before, piece)| (before, server.feed(piece))))
    };
    assert_eq!(server(Cut(0)), server(Cut(*cut)), "the cut changed what the proxy answered");
    headers(stream);
});

/// How a handshake ends.
#[derive(Debug, PartialEq)]
enum End<T> {
    Open,
    Done(T, usize),
    Failed,
}

/// Pieces, each with its offset.
fn at<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = (usize, &'a [u8])> {
    pieces.scan(0, |offset, piece| {
        let before = *offset;
        *offset += piece.len();
        Some((before, piece))
    })
}

/// Follows a handshake to its end: its result, and which byte of the stream comes after it.
fn end<T>(steps: impl Iterator<Item = (usize, Progress<T>)>) -> End<T> {
    for (before, step) in steps {
        match step {
            Progress::Done { result, consumed } => return End::Done(result, before + consumed),
            Progress::NeedMore => {}
            Progress::Never(_) => return End::Failed,
        }
    }
    End::Open
}

/// What a PROXY header says does not depend on how much of the stream is here.
fn headers(stream: &[u8]) {
    let whole = proxy::read(stream);
    if let Ok(Some((_, consumed))) = whole {
        assert!(consumed <= stream.len());
    }
    for length in 0..stream.len().min(300) {
        match proxy::read(&stream[..length]) {
            Ok(None) => {}
            Ok(Some(known)) => assert_eq!(whole, Ok(Some(known)), "at {length}"),
            Err(_) => assert!(whole.is_err(), "at {length}"),
        }
    }
}
