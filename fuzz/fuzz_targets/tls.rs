//! TLS: a direction's handshake at any cut against the same in one piece, one look at its first bytes against both, and
//! certificates by themselves. Input: cut, limit, what one side sends or a certificate.

#![no_main]

use geophone::wire::tls::{
    Carrier, Certificate, ClientHello, Framer, Glance, Handshake, glance, looks_like_client, looks_like_server,
};
use geophone_fuzz::{Cut, choices};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([cut, choice], stream)) = choices::<2>(data) else { return };
    let limit = [64, 512, 4 << 10, 16 << 10][usize::from(*choice & 3)];
    let whole = run(Cut(0), stream, limit);
    assert_eq!(run(Cut(*cut), stream, limit), whole, "a cut changes what is told");
    look(stream);
    if let Ok(certificate) = Certificate::read(stream) {
        names(&certificate);
    }
    if let (Ok((cut, all)), Ok(hello)) = (ClientHello::read_cut(stream), ClientHello::read(stream)) {
        assert!(cut == hello && (all || hello.extension_types().next().is_none()));
    }
});

/// What a direction leads to, and whether it is over.
fn run(cut: Cut, stream: &[u8], limit: usize) -> (Vec<String>, bool) {
    let (mut framer, mut told) = (Framer::default(), Vec::new());
    for piece in cut.pieces(stream) {
        let was_over = framer.is_over();
        framer.feed(piece, limit, |message| {
            assert!(!was_over);
            match message {
                Handshake::Certificate(ref certificate) => names(certificate),
                Handshake::ClientHello(ref hello) => check(hello),
                Handshake::Broken(_) | Handshake::ServerHello(_) => {}
            }
            told.push(format!("{message:?}"));
        });
        assert!(framer.buffered() <= limit + 10 && !(framer.is_over() && framer.buffered() > 0));
    }
    assert!(told.len() <= 2);
    (told, framer.is_over())
}

fn look(stream: &[u8]) {
    let (told, over) = run(Cut(0), stream, 1 << 20);
    assert!(!(looks_like_client(stream) && looks_like_server(stream)) || stream.len() < 6);
    match glance(stream) {
        // A reader from the first byte on passes over an alert before the hello; no client sends one.
        Glance::Not => assert!(stream.first() != Some(&22) || !told.iter().any(|m| m.starts_with("ClientHello"))),
        Glance::Part { hello } => {
            check(&hello);
            assert!(told.is_empty() && !over);
        }
        Glance::Split => assert!(looks_like_client(stream)),
        Glance::Whole(hello) => assert_eq!(told, [format!("{:?}", Handshake::ClientHello(hello))]),
    }
}

fn check(hello: &ClientHello<'_>) {
    let name = hello.server_name().unwrap_or("-");
    assert!((1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic()));
    assert!(hello.alpn().all(|protocol| !protocol.is_empty()));
    let ja4 = hello.ja4(Carrier::Tcp);
    assert!(ja4.as_str().len() == 36 && ja4.as_str().is_ascii());
}

fn names(certificate: &Certificate<'_>) {
    assert!(certificate.names().count() <= 256);
    let texts = certificate.names().chain(certificate.common_name()).chain(certificate.organization());
    texts.for_each(|text| assert!(!text.is_empty() && !text.contains('\0')));
}
