//! How the bytes of one direction become messages: as lines, as the HTTP heads that open a WebSocket, or as its frames.
//! What the other direction must know of that is in [`Talk`].

use super::stats::{Limit, Stats};
use crate::detect::Transport;
use crate::detect::session::{Heeded, Session};
use crate::flow::Way;
use crate::packet::Time;
use crate::stratum;
use crate::wire::json::Value;
use crate::wire::websocket::Deflate;
use crate::wire::{http, line, websocket};

/// The reader of one direction.
#[derive(Debug)]
pub(super) enum Reading {
    /// HTTP heads, until they agree on a WebSocket.
    Http(Box<http::Framer>),
    /// Lines straight on TCP.
    Lines(line::Framer),
    /// A WebSocket's frames.
    WebSocket(Box<websocket::Framer>),
}

impl Default for Reading {
    fn default() -> Self {
        Self::Lines(line::Framer::default())
    }
}

/// What an HTTP conversation has agreed on.
#[derive(Debug, Default)]
pub(super) struct Talk {
    site: Option<String>,
    host: Option<String>,
    /// Which way the requests go.
    asks: Option<Way>,
    opened: Option<Opened>,
    /// Whether a WebSocket was asked for.
    wants: bool,
    refused: bool,
}

/// An open WebSocket: what its client and its server compress with, where the server's answer told.
#[derive(Clone, Copy, Debug, Default)]
struct Opened {
    answered: bool,
    deflate: Option<(Deflate, Deflate)>,
}

/// Who heeds the messages of a direction.
pub(super) struct Heed<'a> {
    pub(super) session: &'a mut Session,
    pub(super) stats: &'a mut Stats,
    pub(super) junk: &'a mut u32,
    pub(super) way: Way,
    pub(super) now: Time,
    /// Bytes of a message at most.
    pub(super) limit: usize,
}

/// Calls of a batch that are read.
const MAX_BATCH: usize = 64;
/// Words of HTTP heads longer than this are not kept.
const MAX_WORD: usize = 512;

impl Reading {
    /// Whether no message is unfinished.
    pub(super) fn is_between(&self) -> bool {
        match self {
            Self::Http(_) => true,
            Self::Lines(framer) => framer.is_between(),
            Self::WebSocket(framer) => framer.is_between(),
        }
    }

    /// Bytes held.
    pub(super) fn buffered(&self) -> usize {
        match self {
            Self::Http(framer) => framer.buffered(),
            Self::Lines(framer) => framer.buffered(),
            Self::WebSocket(framer) => framer.buffered(),
        }
    }

    /// Bytes are missing: goes on where a message begins.
    pub(super) fn resync(&mut self) {
        match self {
            Self::Http(framer) => framer.resync(),
            Self::Lines(framer) => framer.resync(),
            Self::WebSocket(framer) => framer.resync(),
        }
    }

    /// Takes the next piece of the stream.
    pub(super) fn feed(&mut self, piece: &[u8], talk: &mut Talk, heed: &mut Heed<'_>) {
        self.follow(talk, heed);
        match self {
            Self::Lines(framer) => framer.feed(piece, heed.limit, |m| heed.line(m)),
            Self::WebSocket(framer) => {
                let limits = websocket::Limits { max_message: heed.limit };
                framer.feed(piece, &limits, |m| heed.frame(m));
            }
            Self::Http(framer) => {
                let mut held = Vec::new();
                let way = heed.way;
                let limits = http::Limits { max_body: heed.limit };
                let rest = framer.feed(piece, limits, |event| {
                    talk.hear(way, &event, &mut held);
                    heed.http(&event, talk);
                });
                if talk.opened.is_some() && framer.is_over() {
                    held.extend_from_slice(rest);
                    self.follow(talk, heed);
                    if !held.is_empty() {
                        self.feed(&held, talk, heed);
                    }
                }
            }
        }
    }

    /// Reads frames from now on, if both sides have agreed on it.
    fn follow(&mut self, talk: &Talk, heed: &mut Heed<'_>) {
        let (Self::Http(_), Some(opened)) = (&self, talk.opened) else { return };
        let deflate = opened.deflate.map(|(up, down)| if talk.asks == Some(heed.way) { up } else { down });
        let framer = match (opened.answered, deflate) {
            (true, Some(deflate)) => websocket::Framer::with_deflate(deflate),
            (true, None) => websocket::Framer::plain(),
            (false, _) => websocket::Framer::default(),
        };
        *self = Self::WebSocket(Box::new(framer));
        heed.session.carried(Transport::WebSocket, talk.site.as_deref(), talk.host.as_deref());
    }
}

impl Talk {
    /// Whether nothing more is to be expected: the server would not open a WebSocket, or the body was no mining call.
    pub(super) const fn is_refused(&self) -> bool {
        self.refused
    }

    fn hear(&mut self, way: Way, event: &http::Event<'_>, held: &mut Vec<u8>) {
        match event {
            http::Event::Request(request) => {
                let header =
                    |name| request.headers.value(name).filter(|v| v.len() <= MAX_WORD && !v.is_empty());
                let known = header("origin").filter(|o| *o != "null").or_else(|| header("referer"));
                self.site = known.or_else(|| header("host")).map(str::to_owned);
                self.host = header("host").map(|h| host_of(h).to_owned());
                self.asks = Some(way);
                self.wants = header("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket"));
                // What asks for neither and has no body to say more is anybody's.
                self.refused = !self.wants && request.method != "POST";
            }
            http::Event::Response(response) if response.status == 101 => {
                let extensions = response.headers.value("sec-websocket-extensions");
                let deflate = extensions.and_then(Deflate::negotiated);
                // Extensions that are not understood leave it open what the frames hold.
                let answered = extensions.is_none() || deflate.is_some();
                self.asks = Some(way.back());
                self.opened = Some(Opened { answered, deflate });
            }
            http::Event::Response(response) => self.refused |= self.wants && response.status >= 200,
            http::Event::Upgraded(bytes) => {
                held.extend_from_slice(bytes);
                self.opened.get_or_insert_default();
            }
            http::Event::Body { .. } | http::Event::Junk(_) | http::Event::Tunnel(_) => {}
        }
    }
}

/// A `Host` without its port.
fn host_of(value: &str) -> &str {
    match value.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => value,
    }
}

impl Heed<'_> {
    /// Heeds what a line is.
    fn line(&mut self, message: line::Message<'_>) {
        let heeded = match message {
            line::Message::Object(object) => {
                self.session.line(self.way, &stratum::Line::read(object), self.now)
            }
            line::Message::Overlong { head, tail } => {
                self.stats.hit(Limit::Line);
                self.session.line(self.way, &stratum::Line::read_overlong(head, tail), self.now)
            }
            line::Message::Agent(bytes) => match stratum::read_agent(bytes) {
                Some(message) => self.session.message(self.way, &message, self.now),
                None => Heeded::Other,
            },
            line::Message::Junk => {
                self.stats.malformed_lines += 1;
                *self.junk = self.junk.saturating_add(1);
                return;
            }
        };
        self.count(heeded);
    }

    /// Heeds an HTTP message that asks for no WebSocket: its head, then its body.
    fn http(&mut self, event: &http::Event<'_>, talk: &mut Talk) {
        let message = match event {
            http::Event::Request(request) if !talk.wants => stratum::read_request(request),
            http::Event::Response(response) => stratum::read_response(response),
            http::Event::Body { bytes, .. } => {
                self.body(bytes.trim_ascii());
                talk.refused |= self.session.certainty().is_none() && !self.session.is_strong();
                None
            }
            _ => None,
        };
        if let Some(message) = message {
            let heeded = self.session.message(self.way, &message, self.now);
            if message.strength > stratum::Strength::Context {
                self.count(heeded);
            }
        }
        if self.session.is_suspect() {
            self.session.carried(Transport::Http, None, talk.host.as_deref());
        }
    }

    /// Heeds a JSON body: one call or answer, or a batch of them (JSON-RPC 2.0, section 6).
    fn body(&mut self, body: &[u8]) {
        let one = Some(body).filter(|b| b.starts_with(b"{"));
        let batch = Value::first(body).map(|(value, _)| value).filter(|v| v.is_array());
        let objects = batch.into_iter().flat_map(Value::items).take(MAX_BATCH).map(Value::text);
        for object in one.into_iter().chain(objects) {
            let heeded = self.session.body(self.way, &stratum::Line::read(object), self.now);
            self.count(heeded);
        }
    }

    /// Heeds a WebSocket's message: the lines that are in it, mostly one and without an end.
    fn frame(&mut self, message: websocket::Message<'_>) {
        let text = match message {
            websocket::Message::Binary(bytes) | websocket::Message::Text(bytes) => bytes,
            websocket::Message::Overlong => {
                self.stats.hit(Limit::Line);
                return;
            }
            websocket::Message::Broken | websocket::Message::Close | websocket::Message::Undecodable => {
                return;
            }
        };
        if !line::starts_object(text) {
            *self.junk = self.junk.saturating_add(1);
            return;
        }
        let before = self.session.is_suspect();
        line::Framer::default().feed(text, self.limit, |m| self.line(m));
        if !before && !self.session.is_suspect() {
            *self.junk = self.junk.saturating_add(1);
        }
    }

    fn count(&mut self, heeded: Heeded) {
        let dialect = match heeded {
            Heeded::Message(dialect) => dialect,
            Heeded::Full(dialect) => {
                self.stats.hit(Limit::Pending);
                dialect
            }
            Heeded::Other => return,
        };
        self.stats.messages.add(dialect);
    }
}
