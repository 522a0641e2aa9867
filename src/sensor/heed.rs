//! What becomes of a message: it is read by the dialects, then by what rule files describe, and heeded by the session.

use super::judge;
use super::names::{Ends, Names, Naming};
use super::stats::{Limit, NameWire, Stats};
use super::talk::Talk;
use crate::detect::Transport;
use crate::detect::claim::Claim;
use crate::detect::session::{Heeded, Session};
use crate::flow::{FlowKey, Way};
use crate::learned::Learned;
use crate::packet::Time;
use crate::rules::RuleSet;
use crate::stratum::{self, Body, Line, Message, Strength};
use crate::wire::json::Value;
use crate::wire::{dns, http, line, prefixed, socketio, tls, websocket};

/// Who heeds the messages of a direction.
pub(super) struct Heed<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) learned: &'a Learned,
    pub(super) claims: &'a mut Vec<Claim>,
    pub(super) naming: &'a mut Naming,
    pub(super) session: &'a mut Session,
    pub(super) stats: &'a mut Stats,
    pub(super) junk: &'a mut u32,
    /// The connection's ends.
    pub(super) ends: FlowKey,
    pub(super) way: Way,
    pub(super) now: Time,
    /// Bytes of a message at most.
    pub(super) limit: usize,
}

/// Calls of a batch that are read.
const MAX_BATCH: usize = 64;

impl Heed<'_> {
    /// Heeds what a line is.
    pub(super) fn line(&mut self, message: line::Message<'_>) {
        match message {
            line::Message::Object(object) => self.object(&Line::read(object)),
            line::Message::Overlong { head, tail } => {
                self.stats.hit(Limit::Line);
                self.object(&Line::read_overlong(head, tail));
            }
            line::Message::Agent(bytes) => {
                if let Some(message) = stratum::read_agent(bytes) {
                    self.message(&message);
                }
            }
            line::Message::Junk => {
                self.stats.malformed_lines += 1;
                self.junk();
            }
        }
    }

    /// Heeds a JSON object, or the lines that a relay wrapped into it.
    fn object(&mut self, object: &Line<'_>) {
        match stratum::unwrap(object) {
            // A relay wraps what it read at once, which may be several lines.
            Some(inner) => line::Framer::default().feed(&inner, self.limit, |message| {
                if let line::Message::Object(object) = message {
                    self.read(&Line::read(object));
                }
            }),
            None => self.read(object),
        }
    }

    fn read(&mut self, line: &Line<'_>) {
        let heeded = self.session.read(self.way, &judge::read(line, self.rules), self.now);
        self.count(heeded);
    }

    /// Heeds a line of plain text; says whether it is understood. Without its end a job may go on: a difficulty of 300
    /// is no 30. A pool sends one job and waits; a table of hashes has many lines in a segment.
    pub(super) fn words(&mut self, text: &str, ended: bool, lone: bool) -> bool {
        let message = self.text(text).filter(|m| ended && lone || !matches!(m.body, Body::Job(_)));
        if let Some(message) = &message {
            self.message(message);
        }
        message.is_some()
    }

    fn text<'t>(&self, text: &'t str) -> Option<Message<'t>> {
        stratum::read_text(text).or_else(|| self.rules.own().text(text.as_bytes()))
    }

    /// Heeds a binary message.
    pub(super) fn prefixed(&mut self, order: prefixed::Order, message: prefixed::Message<'_>) {
        let bytes = match message {
            prefixed::Message::Whole(bytes) => bytes,
            prefixed::Message::Overlong(head) => {
                self.stats.hit(Limit::Line);
                head
            }
            prefixed::Message::Broken => return self.junk(),
        };
        match stratum::read_prefixed(order, bytes) {
            Some(message) => self.message(&message),
            None => self.junk(),
        }
    }

    /// Heeds an HTTP message: its head, then its body.
    pub(super) fn http(&mut self, event: &http::Event<'_>, talk: &mut Talk) {
        let message = match event {
            http::Event::Request(request) => {
                // Whoever asks without a body is anybody, a miner's own dashboard too.
                let known = || {
                    let message = stratum::read_request(request);
                    message.filter(|m| {
                        m.strength > Strength::Context || matches!(request.method, "POST" | "PUT")
                    })
                };
                let message = self.rules.own().head(request).or_else(known);
                // Who opens a WebSocket is said inside it.
                message.filter(|m| m.strength > Strength::Context || !talk.wants_websocket())
            }
            http::Event::Response(response) => stratum::read_response(response),
            http::Event::Body { bytes, truncated } => {
                if *truncated {
                    stratum::read_cut_body(bytes).iter().for_each(|m| self.message(m));
                } else {
                    self.body(bytes.trim_ascii());
                }
                if self.session.certainty().is_none() && !self.session.is_strong() {
                    talk.said_nothing();
                }
                None
            }
            _ => None,
        };
        let told = message.is_some() || matches!(event, http::Event::Body { .. });
        if let Some(message) = message {
            let heeded = self.session.message(self.way, &message, self.now);
            if message.strength > Strength::Context {
                self.count(heeded);
                // What a head alone proves needs no body.
                talk.accept();
            }
        }
        if told && self.session.is_suspect() && !talk.wants_websocket() {
            self.session.carried(Transport::Http);
        }
    }

    /// Heeds a JSON body: one call or answer, or a batch of them (JSON-RPC 2.0, section 6).
    fn body(&mut self, body: &[u8]) {
        let one = Some(body).filter(|b| b.starts_with(b"{"));
        let batch = body.starts_with(b"[").then(|| Value::first(body)).flatten().map(|(value, _)| value);
        batch.and_then(stratum::read_batch).iter().for_each(|m| self.message(m));
        let objects = batch.into_iter().flat_map(Value::items).take(MAX_BATCH).map(Value::text);
        for object in one.into_iter().chain(objects) {
            let heeded = self.session.read(self.way, &stratum::read_body(&Line::read(object)), self.now);
            if self.session.is_suspect() {
                self.count(heeded);
            }
        }
    }

    /// Heeds a WebSocket's message: the lines that are in it, mostly one and without an end; an event of Socket.IO; or
    /// plain text.
    pub(super) fn frame(&mut self, message: websocket::Message<'_>) {
        let text = match message {
            websocket::Message::Binary(bytes) | websocket::Message::Text(bytes) => bytes,
            websocket::Message::Overlong => {
                self.stats.hit(Limit::Line);
                return;
            }
            websocket::Message::Broken | websocket::Message::Undecodable => return self.session.missed(),
            websocket::Message::Close => return,
        };
        let before = self.session.is_suspect();
        if line::starts_object(text) {
            line::Framer::default().feed(text, self.limit, |m| self.line(m));
        } else if let Some(message) =
            self.event(text).or_else(|| self.text(str::from_utf8(text).ok()?.trim_end()))
        {
            self.message(&message);
        }
        // Socket.IO's own greetings, and its going over from long polling, say nothing of what is to come.
        let greets = matches!(text, [b'0', b'{', ..] | [b'4', b'0', ..] | b"2probe" | b"3probe" | b"5");
        if !before && !self.session.is_suspect() && !greets {
            self.junk();
        }
    }

    /// Heeds a message to or from a name server.
    pub(super) fn dns(&mut self, bytes: &[u8]) {
        let (src, dst) = self.ends.ends(self.way);
        match dns::Message::read(bytes) {
            Ok(message) => {
                self.stats.named(NameWire::Dns);
                self.names().lookup(src, dst, &message);
            }
            Err(_) => {
                self.stats.malformed_dns += 1;
                self.junk();
            }
        }
    }

    /// Heeds a message of a TLS handshake.
    pub(super) fn handshake(&mut self, message: tls::Handshake<'_>, talk: &mut Talk) {
        match message {
            tls::Handshake::ClientHello(hello) => {
                talk.speaks(self.way);
                let ends = self.ends_of(self.way);
                let Self { rules, learned, claims, naming, now, .. } = self;
                let mut names = Names { rules, learned, claims, now: *now };
                names.hello(ends, &hello, tls::Carrier::Tcp, naming);
                // Who is named needs no certificate.
                if hello.server_name().is_some() {
                    talk.refuse();
                }
            }
            tls::Handshake::Certificate(certificate) => {
                let ends = self.ends_of(self.way.back());
                let Self { rules, learned, claims, naming, now, .. } = self;
                Names { rules, learned, claims, now: *now }.certificate(ends, &certificate, naming);
                talk.refuse();
            }
            tls::Handshake::ServerHello(hello) => {
                if let Some(protocol) = hello.alpn {
                    self.naming.chosen(protocol);
                }
            }
            tls::Handshake::Broken(_) => {
                self.stats.malformed_tls += 1;
                // What the client began is no TLS, so that no certificate will come.
                if talk.client() == Some(self.way) {
                    talk.refuse();
                }
            }
        }
    }

    /// Heeds the host and path of an HTTP request.
    pub(super) fn named(&mut self, request: &http::Request<'_>) {
        let ends = self.ends_of(self.way);
        let Self { rules, learned, claims, naming, now, .. } = self;
        Names { rules, learned, claims, now: *now }.request(ends, request, naming);
    }

    /// Heeds what a proxy is asked for, perhaps by a browser.
    pub(super) fn destination(&mut self, host: &str, port: Option<u16>, browser: bool) {
        let ends = Ends { port, ..self.ends_of(self.way) };
        self.names().destination(ends, host, browser);
    }

    /// The ends, if what goes `way` is the client's.
    fn ends_of(&self, way: Way) -> Ends {
        let (client, server) = self.ends.ends(way);
        Ends { client, server, port: self.session.destination_port() }
    }

    fn names(&mut self) -> Names<'_> {
        Names { rules: self.rules, learned: self.learned, claims: self.claims, now: self.now }
    }

    fn event<'t>(&self, text: &'t [u8]) -> Option<Message<'t>> {
        match socketio::read(text)? {
            socketio::Packet::Event { array, .. } => stratum::read_event(array),
            socketio::Packet::Other => None,
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        let heeded = self.session.message(self.way, message, self.now);
        self.count(heeded);
    }

    const fn junk(&mut self) {
        self.junks(1);
    }

    /// Counts what was no message.
    pub(super) const fn junks(&mut self, count: u32) {
        *self.junk = self.junk.saturating_add(count);
    }

    fn count(&mut self, heeded: Heeded) {
        match heeded {
            Heeded::Message(dialect) => self.stats.messages.add(dialect),
            Heeded::Full(dialect) => {
                self.stats.hit(Limit::Pending);
                self.stats.messages.add(dialect);
            }
            Heeded::Other => {}
        }
    }
}
