//! How the bytes of one direction become messages: through the wrapping that may come first, then as lines, HTTP heads,
//! a WebSocket's frames, words, or binary messages. What the other direction must know of that is in [`Talk`], and what
//! becomes of the messages in [`Heed`].

use super::heed::Heed;
use super::judge;
use super::talk::{Over, Talk};
use crate::detect::{Transport, Via};
use crate::screen::Hint;
use crate::wire::{dns, http, line, prefixed, proxy, socks, tls, websocket, words};

/// The reader of one direction.
#[derive(Debug)]
pub(super) enum Reading {
    /// Inside a wrapping, as many first bytes as do not tell yet what follows.
    Begin(Vec<u8>),
    /// Messages to or from a name server.
    Dns(dns::Framer),
    /// HTTP heads, until they agree on a WebSocket or a tunnel.
    Http(Box<http::Framer>),
    /// Lines straight on TCP.
    Lines(line::Framer),
    /// Binary messages behind their length.
    Prefixed(prefixed::Order, Box<prefixed::Framer>),
    /// A balancer's header, as far as it came.
    Proxy(Vec<u8>),
    /// What a client says to a SOCKS proxy.
    SocksClient(Box<socks::Client>),
    /// What the proxy answers.
    SocksServer(Box<socks::Server>),
    /// A TLS handshake, as far as it is in clear.
    Tls(Box<tls::Framer>),
    /// A WebSocket's frames.
    WebSocket(Box<websocket::Framer>),
    /// Lines of plain text.
    Words(words::Framer),
}

/// Bytes that are enough to tell what they begin.
const ENOUGH: usize = 16;

impl Default for Reading {
    fn default() -> Self {
        Self::Lines(line::Framer::default())
    }
}

impl Reading {
    /// The reader of a direction in a flow that the screen let through: of the side that was seen, or of the other one.
    pub(super) fn of(hint: Hint, seen: bool) -> Self {
        match hint {
            Hint::Agent | Hint::Coin(_) | Hint::Object | Hint::ObjectAfter(_) | Hint::Text => Self::default(),
            Hint::Dns => Self::Dns(dns::Framer::default()),
            Hint::Expected => Self::begin(),
            Hint::Frame => Self::WebSocket(Box::default()),
            Hint::Hello | Hint::ServerHello => Self::Tls(Box::default()),
            Hint::Http => Self::Http(Box::default()),
            Hint::Prefixed(order) => Self::Prefixed(order, Box::new(prefixed::Framer::new(order))),
            Hint::Proxy if seen => Self::Proxy(Vec::new()),
            Hint::Proxy => Self::begin(),
            Hint::Socks if seen => Self::SocksClient(Box::default()),
            Hint::Socks => Self::SocksServer(Box::default()),
            Hint::Words => Self::Words(words::Framer::default()),
        }
    }

    /// Whether no message is unfinished.
    pub(super) fn is_between(&self) -> bool {
        match self {
            Self::Begin(_) | Self::Http(_) => true,
            Self::Dns(framer) => framer.is_between(),
            Self::Tls(framer) => framer.is_over(),
            Self::Lines(framer) => framer.is_between(),
            Self::Prefixed(_, framer) => framer.is_between(),
            Self::Proxy(_) | Self::SocksClient(_) | Self::SocksServer(_) => false,
            Self::WebSocket(framer) => framer.is_between(),
            Self::Words(framer) => framer.is_between(),
        }
    }

    /// Bytes held.
    pub(super) fn buffered(&self) -> usize {
        match self {
            Self::Dns(framer) => framer.buffered(),
            Self::SocksClient(client) => client.buffered(),
            Self::SocksServer(server) => server.buffered(),
            Self::Http(framer) => framer.buffered(),
            Self::Lines(framer) => framer.buffered(),
            Self::Prefixed(_, framer) => framer.buffered(),
            Self::Begin(held) | Self::Proxy(held) => held.capacity(),
            Self::Tls(framer) => framer.buffered(),
            Self::WebSocket(framer) => framer.buffered(),
            Self::Words(framer) => framer.buffered(),
        }
    }

    /// Bytes are missing: goes on where a message begins.
    pub(super) fn resync(&mut self) {
        match self {
            Self::Dns(framer) => framer.resync(),
            Self::Http(framer) => framer.resync(),
            Self::Lines(framer) => framer.resync(),
            Self::Prefixed(_, framer) => framer.resync(),
            // What comes next may be inside already.
            Self::Begin(_) | Self::Proxy(_) | Self::SocksClient(_) | Self::SocksServer(_) => {
                *self = Self::begin();
            }
            Self::Tls(framer) => framer.resync(),
            Self::WebSocket(framer) => framer.resync(),
            Self::Words(framer) => framer.resync(),
        }
    }

    /// The stream ended: heeds the beginning of an HTTP body that did not.
    pub(super) fn finish(&mut self, talk: &mut Talk, heed: &mut Heed<'_>) {
        if let Self::Http(framer) = self {
            framer.finish(|event| heed.http(&event, talk));
        }
        self.resync();
    }

    /// Takes the next piece of the stream. A wrapping that ends inside it makes way for what it holds, at most
    /// [`Talk::MAX_WRAPPINGS`] times.
    pub(super) fn feed(&mut self, piece: &[u8], talk: &mut Talk, heed: &mut Heed<'_>) {
        self.follow(piece, talk, heed);
        match self {
            Self::Begin(_) if talk.is_refused() => {}
            Self::Begin(held) => {
                let mut first = std::mem::take(held);
                // A greeting without a form of its own, which may lack its line feed, is no beginning of a line.
                if words::looks_like(piece) {
                    first.clear();
                }
                first.extend_from_slice(piece);
                if let Some(reading) = Self::inside(&first, talk, heed) {
                    *self = reading;
                    self.feed(&first, talk, heed);
                } else if first.len() < ENOUGH {
                    *self = Self::Begin(first);
                }
            }
            Self::Dns(framer) => framer.feed(piece, heed.limit, |m| heed.dns(m)),
            Self::Http(framer) => {
                let rest = Self::heads(framer, piece, talk, heed);
                match talk.over() {
                    Some(Over::Tunnel) => *self = Self::begin(),
                    Some(Over::WebSocket) => self.follow(&[], talk, heed),
                    None => return,
                }
                if !rest.is_empty() {
                    self.feed(&rest, talk, heed);
                }
            }
            Self::Lines(framer) => framer.feed(piece, heed.limit, |m| heed.line(m)),
            Self::Prefixed(order, framer) => framer.feed(piece, heed.limit, |m| heed.prefixed(*order, m)),
            Self::Proxy(held) => {
                let mut first = std::mem::take(held);
                first.extend_from_slice(piece);
                self.header(first, talk, heed);
            }
            Self::SocksClient(client) => {
                let via = if client.speaks_four(piece) { Via::Socks4 } else { Via::Socks5 };
                let progress = client.feed(piece);
                self.handshake(progress, piece, talk, heed, |asked, talk, heed| {
                    let (host, port) = (asked.host.to_string(), Some(asked.port));
                    heed.destination(&host, port, false);
                    talk.wrap(via, Some((host, port)), None, heed)
                });
            }
            Self::SocksServer(server) => {
                let progress = server.feed(piece);
                self.handshake(progress, piece, talk, heed, |reply, _, _| reply == socks::Reply::Granted);
            }
            Self::Tls(framer) => framer.feed(piece, heed.limit, |m| heed.handshake(m, talk)),
            Self::WebSocket(framer) => {
                let limits = websocket::Limits { max_message: heed.limit };
                framer.feed(piece, &limits, |m| heed.frame(m));
            }
            Self::Words(framer) => {
                let lone = words::is_lone(piece);
                let junk = framer.feed(piece, |text, ended| heed.words(text, ended, lone));
                heed.junks(junk);
            }
        }
    }

    const fn begin() -> Self {
        Self::Begin(Vec::new())
    }

    /// What the first bytes inside a wrapping begin. The client's tell whether it is worth listening any longer; only
    /// they may begin a further wrapping.
    fn inside(first: &[u8], talk: &mut Talk, heed: &mut Heed<'_>) -> Option<Self> {
        let client = talk.client() == Some(heed.way);
        let hint = judge::look(first, heed.rules).filter(|h| !matches!(h, Hint::Coin(_) | Hint::Text));
        let hint = hint.filter(|h| client || !matches!(h, Hint::Proxy | Hint::Socks));
        // The answers of what has no form of its own are the same protocol's.
        let hint = hint.or_else(|| talk.inner());
        talk.speaks_inside(hint);
        if hint == Some(Hint::Frame) {
            heed.session.carried(Transport::WebSocket);
        }
        if client && (hint.is_some() || first.len() >= ENOUGH) {
            talk.began(hint.is_some());
        }
        hint.map(|hint| Self::of(hint, true))
    }

    /// A SOCKS handshake's next step. `done` says whether the stream behind it is worth reading.
    fn handshake<T>(
        &mut self,
        progress: socks::Progress<T>,
        piece: &[u8],
        talk: &mut Talk,
        heed: &mut Heed<'_>,
        done: impl FnOnce(T, &mut Talk, &mut Heed<'_>) -> bool,
    ) {
        match progress {
            socks::Progress::NeedMore => {}
            socks::Progress::Never(_) => talk.refuse(),
            socks::Progress::Done { result, consumed } => {
                if !done(result, talk, heed) {
                    return talk.refuse();
                }
                *self = Self::begin();
                if let Some(rest) = piece.get(consumed..).filter(|r| !r.is_empty()) {
                    self.feed(rest, talk, heed);
                }
            }
        }
    }

    /// A balancer's header, and what came behind it.
    fn header(&mut self, held: Vec<u8>, talk: &mut Talk, heed: &mut Heed<'_>) {
        match proxy::read(&held) {
            Ok(None) => *self = Self::Proxy(held),
            Ok(Some((header, consumed))) => {
                let destination = header.destination.map(|d| (d.ip().to_string(), Some(d.port())));
                talk.speaks(heed.way);
                if !talk.wrap(Via::ProxyProtocol, destination, header.source, heed) {
                    return talk.refuse();
                }
                *self = Self::begin();
                if let Some(rest) = held.get(consumed..).filter(|r| !r.is_empty()) {
                    self.feed(rest, talk, heed);
                }
            }
            Err(_) => talk.refuse(),
        }
    }

    /// HTTP messages, and the bytes behind them that are another protocol's.
    fn heads(framer: &mut http::Framer, piece: &[u8], talk: &mut Talk, heed: &mut Heed<'_>) -> Vec<u8> {
        if talk.answers_connect(heed.way) {
            framer.asked(http::Ask::Connect);
        }
        let mut held = Vec::new();
        let way = heed.way;
        let limits = http::Limits { max_body: heed.limit };
        let rest = framer.feed(piece, limits, |event| {
            talk.hear(way, &event, &mut held, heed);
            heed.http(&event, talk);
        });
        if framer.is_over() {
            held.extend_from_slice(rest);
        }
        held
    }

    /// Reads another protocol from now on, if both sides have agreed on it.
    fn follow(&mut self, piece: &[u8], talk: &mut Talk, heed: &mut Heed<'_>) {
        let Self::Http(framer) = self else { return };
        let missed = framer.buffered() == 0
            && talk.is_left_behind(heed.way)
            && http::opening(piece) == http::Opening::Never;
        if talk.enters_tunnel(heed.way) || missed {
            *self = Self::begin();
        } else if let Some(framer) = talk.frames(heed.way) {
            *self = Self::WebSocket(Box::new(framer));
            heed.session.carried(Transport::WebSocket);
        }
    }
}
