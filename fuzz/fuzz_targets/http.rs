//! HTTP/1: both directions framed at any cut, heads and bodies read as mining calls. Input: cut, choices, what the client
//! sends, NUL, what the server sends.

#![no_main]

use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::stratum;
use geophone::wire::http::{Ask, BODY_HEAD, Event, Framer, Limits, MAX_HEAD, basic_user};
use geophone_fuzz::{Cut, NOW, choices};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([cut, choice], stream)) = choices::<2>(data) else { return };
    let limits = Limits { max_body: [64, 1 << 10, 8 << 10, 64 << 10][usize::from(*choice & 3)] };
    let at = stream.iter().position(|b| *b == 0).unwrap_or(stream.len());
    let (up, down) = (&stream[..at], stream.get(at + 1..).unwrap_or_default());
    let (mut session, mut asks) = (Session::new(NOW), Vec::new());
    let mut client = Framer::default();
    run(&mut client, up, Cut(*cut), limits, |event| hear(&mut session, Way::Up, event, &mut asks));
    let mut server = Framer::default();
    if choice & 4 == 0 {
        asks.iter().for_each(|ask| server.asked(*ask));
    }
    run(&mut server, down, Cut(*cut), limits, |event| hear(&mut session, Way::Down, event, &mut Vec::new()));
});

fn run(framer: &mut Framer, stream: &[u8], cut: Cut, limits: Limits, mut each: impl FnMut(Event<'_>)) {
    for piece in cut.pieces(stream) {
        let was_over = framer.is_over();
        let rest = framer.feed(piece, limits, &mut each);
        assert!(piece.ends_with(rest), "what is another protocol's is the end of the piece");
        assert!(!was_over || rest.len() == piece.len());
        assert!(rest.is_empty() || framer.is_over());
        let most = 2 * (MAX_HEAD + limits.max_body.max(BODY_HEAD));
        assert!(framer.buffered() <= most, "{} of {most}", framer.buffered());
    }
    framer.finish(each);
}

fn hear(session: &mut Session, way: Way, event: Event<'_>, asks: &mut Vec<Ask>) {
    let message = match event {
        Event::Request(ref request) => {
            asks.push(match request.method {
                "CONNECT" => Ask::Connect,
                "HEAD" => Ask::Head,
                _ => Ask::Other,
            });
            let _ = request.headers.value("authorization").map(basic_user);
            stratum::read_request(request)
        }
        Event::Response(ref response) => stratum::read_response(response),
        Event::Body { bytes, .. } => {
            let line = stratum::Line::read(bytes);
            session.read(way, &stratum::read_body(&line), NOW);
            None
        }
        Event::Junk(_) | Event::Tunnel(_) | Event::Upgraded(_) => None,
    };
    if let Some(message) = message {
        session.message(way, &message, NOW);
    }
}
