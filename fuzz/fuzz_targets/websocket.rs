//! WebSocket frames at any cut, under each extension, with small bounds; their messages are read as the sensor would.
//! Input: cut, choices, stream.

#![no_main]

use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::stratum;
use geophone::wire::socketio;
use geophone::wire::websocket::{Deflate, Framer, Limits, Message, first_text, looks_like_frame};
use geophone_fuzz::{Cut, NOW, choices};
use libfuzzer_sys::fuzz_target;

/// The window of permessage-deflate.
const WINDOW: usize = 1 << 15;

fuzz_target!(|data: &[u8]| {
    let Some(([cut, choice], stream)) = choices::<2>(data) else { return };
    let limits = Limits { max_message: [32, 256, 4096, 1 << 16][usize::from(choice >> 6)] };
    let mut framer = match choice & 3 {
        0 => Framer::plain(),
        1 => Framer::default(),
        // Windows of 8 to 15 bits.
        _ => Framer::with_deflate(Deflate {
            no_context_takeover: choice & 1 != 0,
            window_bits: 8 + ((choice >> 2) & 7),
        }),
    };
    let mut session = Session::new(NOW);
    for (at, piece) in Cut(*cut).pieces(stream).enumerate() {
        let _ = (looks_like_frame(piece), first_text(piece, &mut [0; 64]));
        framer.feed(piece, &limits, |message| heed(&mut session, message, limits));
        let most = limits.max_message + WINDOW;
        assert!(framer.buffered() <= most, "{} of {most}", framer.buffered());
        // A hole now and then, where the choices ask for it.
        if choice & 0x20 != 0 && at % 7 == 6 {
            framer.resync();
            assert!(framer.is_lost() && framer.is_between());
        }
    }
});

fn heed(session: &mut Session, message: Message<'_>, limits: Limits) {
    let (Message::Text(bytes) | Message::Binary(bytes)) = message else { return };
    assert!(bytes.len() <= limits.max_message, "a message over its bound");
    session.line(Way::Up, &stratum::Line::read(bytes), NOW);
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = stratum::read_text(text);
    }
    if let Some(socketio::Packet::Event { array, .. }) = socketio::read(bytes)
        && let Some(message) = stratum::read_event(array)
    {
        session.message(Way::Up, &message, NOW);
    }
}
