//! What the two sides of a flow have agreed on before messages come: a tunnel through a proxy, a WebSocket; and what was
//! asked for on the way.

use std::net::SocketAddr;

use super::heed::Heed;
use super::names;
use crate::detect::Via;
use crate::flow::Way;
use crate::screen::Hint;
use crate::stratum;
use crate::wire::websocket::Deflate;
use crate::wire::{http, websocket};

/// The agreement.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// Which way the client's bytes go, where the wrapping or an HTTP head told.
    client: Option<Way>,
    opened: Option<Opened>,
    /// Whether a WebSocket was asked for.
    wants: bool,
    /// Whether a tunnel was asked for, and the answer not heard yet.
    connects: bool,
    /// Whether a tunnel was ever asked for.
    tunnels: bool,
    /// Whether the proxy agreed, so that the client's bytes are the tunnel's from now on.
    tunnel: bool,
    /// What the direction in hand has just gone over to.
    over: Option<Over>,
    /// Whether the client's first bytes inside a wrapping were seen.
    begun: bool,
    /// What either side began inside a wrapping, where the other side's messages cannot be told alone.
    inner: Option<Hint>,
    /// Whether the client spoke the tunnel's protocol before the proxy's answer was heard.
    ahead: bool,
    wrappings: u8,
    refused: bool,
}

/// What an HTTP connection becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Tunnel,
    WebSocket,
}

/// An open WebSocket: what its client and its server compress with, where the server's answer told.
#[derive(Clone, Copy, Debug, Default)]
struct Opened {
    answered: bool,
    deflate: Option<(Deflate, Deflate)>,
}

/// Words of HTTP heads longer than this are not kept.
const MAX_WORD: usize = 512;

impl Talk {
    /// Wrappings in each other that are opened. Who needs more hides more than we can follow.
    pub(super) const MAX_WRAPPINGS: u8 = 3;

    /// Whether nothing more is to be expected: a server or proxy would not, or what the client began is no mining.
    pub(super) const fn is_refused(&self) -> bool {
        self.refused
    }

    /// Whether the client may still say inside a wrapping what it wants there.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.refused && !self.begun
    }

    /// Whether a WebSocket was asked for.
    pub(super) const fn wants_websocket(&self) -> bool {
        self.wants
    }

    /// Which way the client's bytes go, if known.
    pub(super) const fn client(&self) -> Option<Way> {
        self.client
    }

    /// Whether the bytes that go `way` are a tunnel's from now on, since the other side said so. Asked once.
    pub(super) fn enters_tunnel(&mut self, way: Way) -> bool {
        let enters = self.tunnel && self.client == Some(way);
        self.tunnel &= !enters;
        enters
    }

    /// What the direction in hand has just gone over to. Asked once.
    pub(super) const fn over(&mut self) -> Option<Over> {
        self.over.take()
    }

    /// What a side without a form of its own speaks inside a wrapping, by the other side.
    pub(super) const fn inner(&self) -> Option<Hint> {
        self.inner
    }

    /// A side was found to speak this inside a wrapping.
    pub(super) fn speaks_inside(&mut self, hint: Option<Hint>) {
        if let Some(Hint::Prefixed(_) | Hint::Words) = hint {
            self.inner = hint;
        }
    }

    /// Whether the other side is in a tunnel already, whose opening this side's answer was missed.
    pub(super) fn is_left_behind(&self, way: Way) -> bool {
        self.ahead && self.client == Some(way.back())
    }

    pub(super) const fn refuse(&mut self) {
        self.refused = true;
    }

    /// A body was no mining call's; a proxy's that asks for a password leaves the tunnel to be asked for again.
    pub(super) const fn said_nothing(&mut self) {
        self.refused |= !self.tunnels || self.begun;
    }

    /// Something was said that is worth listening on.
    pub(super) const fn accept(&mut self) {
        self.refused = false;
    }

    /// The client's bytes go this way.
    pub(super) const fn speaks(&mut self, way: Way) {
        self.client = Some(way);
    }

    /// The client began to speak inside a wrapping; what it said may become mining, or not.
    pub(super) const fn began(&mut self, maybe: bool) {
        self.begun = true;
        self.refused |= !maybe;
    }

    /// A wrapping is open. Says whether what is inside may be read.
    pub(super) fn wrap(
        &mut self,
        via: Via,
        destination: Option<(String, Option<u16>)>,
        client: Option<SocketAddr>,
        heed: &mut Heed<'_>,
    ) -> bool {
        let destination = destination.as_ref().map(|(host, port)| (&**host, *port));
        heed.session.wrapped(via, destination, client);
        self.wrappings = self.wrappings.saturating_add(1);
        self.client.get_or_insert(heed.way);
        (self.begun, self.wants, self.inner, self.ahead) = (false, false, None, false);
        self.wrappings <= Self::MAX_WRAPPINGS
    }

    /// Whether this direction's next answer is to a CONNECT. Asked once.
    pub(super) fn answers_connect(&mut self, way: Way) -> bool {
        let answers = self.connects && self.client == Some(way.back());
        self.connects &= !answers;
        answers
    }

    /// The reader of a WebSocket's frames that go `way`, if one is open.
    pub(super) fn frames(&self, way: Way) -> Option<websocket::Framer> {
        let opened = self.opened?;
        let deflate = opened.deflate.map(|(up, down)| if self.client == Some(way) { up } else { down });
        Some(match (opened.answered, deflate) {
            (true, Some(deflate)) => websocket::Framer::with_deflate(deflate),
            (true, None) => websocket::Framer::plain(),
            // Its own request was seen, so this is where its frames begin.
            (false, _) if self.client == Some(way) => websocket::Framer::begun(),
            (false, _) => websocket::Framer::default(),
        })
    }

    /// Heeds an HTTP head; bytes that it gives back as another protocol's go to `held`.
    pub(super) fn hear(
        &mut self,
        way: Way,
        event: &http::Event<'_>,
        held: &mut Vec<u8>,
        heed: &mut Heed<'_>,
    ) {
        match event {
            http::Event::Request(request) => self.request(way, request, heed),
            http::Event::Response(response) => self.response(way, response),
            http::Event::Upgraded(bytes) => {
                held.extend_from_slice(bytes);
                self.opened.get_or_insert_default();
                self.over = Some(Over::WebSocket);
            }
            http::Event::Tunnel(bytes) => {
                held.extend_from_slice(bytes);
                self.tunnel |= self.client != Some(way);
                // What is answered from now on is inside.
                self.tunnels &= self.client == Some(way);
                self.ahead = self.client == Some(way);
                self.over = Some(Over::Tunnel);
            }
            http::Event::Body { .. } | http::Event::Junk(_) => {}
        }
    }

    fn request(&mut self, way: Way, request: &http::Request<'_>, heed: &mut Heed<'_>) {
        self.client = Some(way);
        if let Some(http::Target::Authority(target)) = request.form().filter(|_| request.method == "CONNECT")
        {
            let named = http::host_port(target);
            if let Some((host, port)) = named {
                heed.destination(host, port, names::is_browser(request));
            }
            let destination = named.map(|(host, port)| (host.to_owned(), port));
            self.connects = self.wrap(Via::HttpConnect, destination, None, heed);
            (self.tunnels, self.refused) = (true, !self.connects);
            return;
        }
        heed.named(request);
        let header = |name| request.headers.value(name).filter(|v| v.len() <= MAX_WORD && !v.is_empty());
        let known = header("origin").filter(|o| *o != "null").or_else(|| header("referer")).map(http::page);
        self.wants = header("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket"));
        let site = known.or_else(|| header("host").map(http::page)).filter(|_| self.wants);
        // Scheme and authority of a proxy's form may bring a password.
        let target = match request.form() {
            Some(http::Target::Absolute { path, .. } | http::Target::Origin(path)) => Some(path),
            _ => None,
        };
        let target = target.filter(|t| t.len() <= MAX_WORD);
        let host = header("host").and_then(http::host_port).map(|(host, _)| host);
        // Of a connection kept alive the request counts that led to mining.
        if self.wants || !heed.session.is_suspect() {
            heed.session.asked(site, host, target);
        }
        // What asks for neither and has no body to say more is anybody's.
        let empty = request.headers.value("transfer-encoding").is_none()
            && request.headers.value("content-length").is_none_or(|l| l == "0");
        let brings = matches!(request.method, "POST" | "PUT") && !empty;
        self.refused = !self.wants && !brings && !stratum::is_asking(request);
    }

    fn response(&mut self, way: Way, response: &http::Response<'_>) {
        if response.status == 101 {
            let extensions = response.headers.value("sec-websocket-extensions");
            let deflate = extensions.and_then(Deflate::negotiated);
            // Extensions that are not understood leave it open what the frames hold.
            let answered = extensions.is_none() || deflate.is_some();
            self.client = Some(way.back());
            self.opened = Some(Opened { answered, deflate });
        } else {
            // 407 asks for a password, and the client may ask again.
            if response.status == 407 {
                self.wrappings = self.wrappings.saturating_sub(1);
            }
            let denied = self.tunnels && response.status >= 300 && response.status != 407;
            self.refused |= denied || self.wants && response.status >= 200;
        }
    }
}
