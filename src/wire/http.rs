//! A passive reader of HTTP/1.x (RFC 9110, RFC 9112), one direction of a connection, fed with pieces at any cut. It
//! gives heads and collected bodies, and steps aside where the stream becomes another protocol (`101`, CONNECT). It
//! judges nothing, decodes no content coding, and knows no HTTP/2.
//!
//! ```text
//! POST / HTTP/1.1 CRLF  name: value CRLF  ...  CRLF  body by Content-Length, in chunks, or to the end of the stream
//! ```

mod basic;
mod body;
mod head;
mod start;

use std::collections::VecDeque;
use std::mem;

pub use basic::basic_user;
use body::{Body, Step};
use head::{Head, Length, MAX_HEADERS};
pub use head::{Headers, Request, Response, Target, host_port, page};
pub use start::{Opening, opening, starts_head};
use start::{head_end, is_token, skip_line_ends};

use crate::bytes::Malformed;

/// Bytes of a head, at most; what is longer is junk.
pub const MAX_HEAD: usize = 16 << 10;
/// Bytes kept of a body over the limit.
pub const BODY_HEAD: usize = 4096;
/// Requests remembered that wait for a response.
const MAX_ASKED: usize = 16;
/// Longest method looked at: WebDAV has `UPDATEREDIRECTREF`, of 17.
const MAX_METHOD: usize = 24;
/// What a direction may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body that is collected whole. Default 64 KiB, which is also its memory a direction.
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body: 64 << 10 }
    }
}

/// One thing found in the stream.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The body of the message whose head came before; none is given for an empty one.
    Body {
        /// All of it, chunks joined; of one over the limit the first [`BODY_HEAD`] bytes.
        bytes: &'a [u8],
        /// Whether more belongs to it: it was over the limit, or the stream ended in it.
        truncated: bool,
    },
    /// Bytes that are no HTTP message; the next one is looked for where a piece begins.
    Junk(Malformed),
    /// The head of a request.
    Request(Request<'a>),
    /// The head of a response.
    Response(Response<'a>),
    /// From here another protocol, by CONNECT. First these bytes, held back from earlier pieces, then what `feed` returns.
    Tunnel(&'a [u8]),
    /// From here another protocol, by Upgrade; bytes as in `Tunnel`.
    Upgraded(&'a [u8]),
}

/// What a request means for the framing of its response (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// CONNECT: a `2xx` opens the tunnel.
    Connect,
    /// HEAD: no body, whatever the lengths say.
    Head,
    /// Anything else.
    Other,
}

/// The unfinished message of one direction.
#[derive(Debug, Default)]
pub struct Framer {
    /// The unfinished head.
    held: Vec<u8>,
    state: State,
    asked: VecDeque<Ask>,
    /// What the last request would change the stream into, if the other side agrees.
    offer: Option<Offer>,
}

#[derive(Debug, Default)]
enum State {
    /// Between messages, or inside a head.
    Between,
    /// Inside a body.
    Body(Body),
    /// At the start, after a hole, or in junk: to a piece that begins with a head.
    #[default]
    Lost,
    /// The stream speaks another protocol now.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Tunnel,
    Upgrade,
}

impl Framer {
    /// Bytes held.
    pub fn buffered(&self) -> usize {
        let body = if let State::Body(body) = &self.state { body.buffered() } else { 0 };
        self.held.capacity().saturating_add(body)
    }

    /// Whether the stream speaks another protocol now: `feed` returns all it is given.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Tells the framer of responses what was asked in the other direction, in order. Without it every response
    /// answers `Ask::Other`.
    pub fn asked(&mut self, ask: Ask) {
        if self.asked.len() < MAX_ASKED {
            self.asked.push_back(ask);
        }
    }

    /// Drops the unfinished message; the stream goes on at a piece that begins with a head. One that speaks another
    /// protocol goes on speaking it.
    pub fn resync(&mut self) {
        if !self.is_over() {
            *self = Self::default();
        }
    }

    /// The stream ended: gives the body that lasts to the end, or the beginning of one that did not.
    pub fn finish(&mut self, mut each: impl FnMut(Event<'_>)) {
        if let State::Body(body) = &self.state {
            body.finish(&mut each);
        }
        self.resync();
    }

    /// Takes the next piece and gives what it finishes to `each`. Returns the bytes that are another protocol's.
    pub fn feed<'a>(&mut self, piece: &'a [u8], limits: Limits, mut each: impl FnMut(Event<'_>)) -> &'a [u8] {
        if matches!(self.state, State::Lost) && opening(skip_line_ends(piece)) != Opening::Never {
            self.state = State::Between;
        }
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Between => self.head(rest, limits, &mut each),
                State::Body(body) => match body.feed(rest, &mut each) {
                    Step::Broken(why) => self.junk(why, &mut each),
                    Step::Done(rest) => {
                        self.state = State::Between;
                        rest
                    }
                    Step::More => &[],
                },
                State::Lost => &[],
                State::Over => return rest,
            };
        }
        &[]
    }

    /// A head, or its next part.
    fn head<'a>(&mut self, rest: &'a [u8], limits: Limits, each: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        // RFC 9112, 2.2: empty lines before a request line are ignored. In a tunnel they would be the tunnel's.
        let blank = self.held.is_empty() && self.offer.is_none();
        let rest = if blank { skip_line_ends(rest) } else { rest };
        let before = self.held.len();
        // Enough to tell what this is, before the stream is taken for HTTP and more is held.
        let look = MAX_METHOD.saturating_sub(before).min(rest.len());
        let (now, later) = rest.split_at_checked(look).unwrap_or((rest, &[]));
        self.held.extend_from_slice(now);
        match (self.offer, self.begins()) {
            (_, Opening::Head) => self.held.truncate(before),
            (_, Opening::More) => return later,
            (Some(offer), Opening::Never) => {
                self.hand_over(offer, each);
                return later;
            }
            (None, Opening::Never) => return self.junk(Malformed("start line"), each),
        }
        let room = MAX_HEAD.saturating_sub(before).min(rest.len());
        let (now, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
        self.held.extend_from_slice(now);
        // The line feeds before the cut may be the first half of the end.
        if let Some(end) = head_end(&self.held, before.saturating_sub(2)) {
            let mut head = mem::take(&mut self.held);
            head.truncate(end);
            self.message(&head, limits, each);
            return rest.get(end.saturating_sub(before)..).unwrap_or_default();
        }
        if self.held.len() >= MAX_HEAD { self.junk(Malformed("head length"), each) } else { later }
    }

    /// What the held bytes begin. Known methods only, where the alternative is a tunnel.
    fn begins(&self) -> Opening {
        if self.offer.is_some() {
            return opening(&self.held);
        }
        match self.held.iter().position(|&b| !is_token(b)) {
            Some(at @ 1..) => match self.held.get(at) {
                Some(b' ') => Opening::Head,
                Some(b'/') if self.held.starts_with(b"HTTP/") => Opening::Head,
                _ => Opening::Never,
            },
            None if self.held.len() < MAX_METHOD => Opening::More,
            _ => Opening::Never,
        }
    }

    /// A whole head: gives it out and prepares for what follows it.
    fn message(&mut self, bytes: &[u8], limits: Limits, each: &mut impl FnMut(Event<'_>)) {
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let length = match head::parse(bytes, &mut slots) {
            Ok(Head::Request(request)) => request.length().inspect(|_| {
                self.offer = offered(&request);
                each(Event::Request(request));
            }),
            Ok(Head::Response(response)) => {
                let interim = (100..200).contains(&response.status);
                let ask = if interim { None } else { self.asked.pop_front() };
                response.length(ask).inspect(|_| {
                    self.offer = None;
                    each(Event::Response(response));
                })
            }
            Err(why) => Err(why),
        };
        match length {
            Ok(Length::None) => {}
            Ok(Length::Tunnel) => self.hand_over(Offer::Tunnel, each),
            Ok(Length::Upgrade) => self.hand_over(Offer::Upgrade, each),
            Ok(length) => self.state = State::Body(Body::new(length, limits.max_body)),
            Err(why) => {
                self.junk(why, each);
            }
        }
    }

    fn hand_over(&mut self, offer: Offer, each: &mut impl FnMut(Event<'_>)) {
        match offer {
            Offer::Tunnel => each(Event::Tunnel(&self.held)),
            Offer::Upgrade => each(Event::Upgraded(&self.held)),
        }
        *self = Self { state: State::Over, ..Self::default() };
    }

    /// No message: the rest of the piece goes unread, for its framing is lost.
    fn junk<'a>(&mut self, why: Malformed, each: &mut impl FnMut(Event<'_>)) -> &'a [u8] {
        each(Event::Junk(why));
        *self = Self::default();
        &[]
    }
}

fn offered(request: &Request<'_>) -> Option<Offer> {
    if request.method == "CONNECT" {
        return Some(Offer::Tunnel);
    }
    request.headers.value("upgrade").map(|_| Offer::Upgrade)
}

#[cfg(test)]
mod tests;
