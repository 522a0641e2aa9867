//! Hosts' names as the wire shows them, weighed: greetings over TLS and QUIC, certificates, HTTP requests, proxies' tasks,
//! questions to name servers. What a listed name is worth is for [`Claim`] to say; who is told twice is for the sensor.

use std::net::IpAddr;

use crate::detect::claim::{self, Claim, Sight};
use crate::detect::{NameSource, Signal, Transport};
use crate::learned::{Learned, MAX_NAMES};
use crate::packet::{Endpoint, Time};
use crate::rules::RuleSet;
use crate::wire::tls::{Carrier, Certificate, ClientHello};
use crate::wire::{dns, http};

/// What the names of a flow have said so far.
#[derive(Debug, Default)]
pub(super) struct Naming {
    /// Whether the wire itself named the host, so that what was learned of the address does not count.
    named: bool,
    /// Whether the client greets as browsers do.
    browser: bool,
    /// Whether the client speaks the web to a host that is not listed: what was learned of the server may be of who had
    /// its address before.
    pub(super) is_web: bool,
    /// What the client had asked a name server for, as known when its session was first told.
    pub(super) called: Option<String>,
    /// What speaks for mining unless the wire names another host, or proves more.
    pending: Option<Claim>,
}

/// Bytes kept of the protocols that a hello offers.
const MAX_ALPN: usize = 64;

/// Words of HTTP heads longer than this are not kept.
const MAX_WORD: usize = 512;

impl Naming {
    /// Something speaks for mining, unless more is heard.
    pub(super) fn expect(&mut self, claim: Claim) {
        self.pending.get_or_insert(claim);
    }

    /// Whether something waits to be told.
    pub(super) const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// What waited.
    pub(super) const fn take(&mut self) -> Option<Claim> {
        self.pending.take()
    }

    /// The wire named the host. What the client asked a name server for before counts no more, nor what was read of the
    /// same name before.
    fn heard(&mut self) {
        self.named = true;
        self.pending = None;
    }

    /// The server chose a protocol of the web.
    pub(super) fn chosen(&mut self, protocol: &[u8]) {
        self.browser |= is_web(protocol);
    }
}

/// Who weighs the names of a packet.
pub(super) struct Names<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) learned: &'a Learned,
    pub(super) claims: &'a mut Vec<Claim>,
    pub(super) now: Time,
}

/// Whose names they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    /// The port that a proxy was asked for, where the server is one.
    pub(super) port: Option<u16>,
}

impl Names<'_> {
    /// A client's greeting.
    pub(super) fn hello(
        &mut self,
        ends: Ends,
        hello: &ClientHello<'_>,
        carrier: Carrier,
        naming: &mut Naming,
    ) {
        naming.browser = hello.alpn().any(is_web);
        let transport = match carrier {
            Carrier::Quic => Transport::Quic,
            Carrier::Tcp => Transport::Tls,
        };
        let before = self.claims.len();
        match hello.server_name() {
            Some(name) => {
                naming.heard();
                self.weigh(ends, name, source(hello), transport, naming.browser);
                // What was not weighed is not listed.
                naming.is_web |= naming.browser && self.claims.len() == before;
            }
            None => self.by_dns(ends, transport, naming),
        }
        for claim in self.claims.iter_mut().skip(before) {
            claim.mining.ja4 = Some(hello.ja4(carrier).as_str().to_owned());
            claim.mining.alpn = offered(hello);
        }
    }

    /// The beginning of a greeting over TCP. The protocols that it offers may be in the rest: a browser until then.
    pub(super) fn part(&mut self, ends: Ends, hello: &ClientHello<'_>) {
        let browser = hello.alpn().next().is_none() || hello.alpn().any(is_web);
        if let Some(name) = hello.server_name() {
            self.weigh(ends, name, source(hello), Transport::Tls, browser);
        }
    }

    /// A server's certificate: it names the host where the client did not.
    pub(super) fn certificate(&mut self, ends: Ends, certificate: &Certificate<'_>, naming: &Naming) {
        if naming.named {
            return;
        }
        let common = certificate.common_name().filter(|name| name.contains('.'));
        let mut names = certificate.names().peekable();
        let alone = if names.peek().is_none() { common } else { None };
        if let Some(name) = claim::one_operator(names.chain(alone), self.rules) {
            let name = name.to_owned();
            self.weigh(ends, &name, NameSource::Certificate, Transport::Tls, naming.browser);
        }
    }

    /// An HTTP request: its host, and its path if that is a miner script's.
    pub(super) fn request(&mut self, ends: Ends, request: &http::Request<'_>, naming: &mut Naming) {
        let asked = Asked::of(request);
        naming.heard();
        if asked.browser && asked.host.is_some_and(|host| self.rules.host(host).is_none()) {
            naming.is_web = true;
        }
        let before = self.claims.len();
        let sight = Sight {
            client: ends.client,
            server: ends.server,
            name: asked.host.unwrap_or_default(),
            port: asked.port.or(ends.port),
            source: NameSource::HttpHost,
            transport: Transport::Http,
            browser: asked.browser,
            time: self.now,
        };
        match asked.path.and_then(|path| self.rules.script(asked.host, path)) {
            Some(script) => {
                let sight = Sight { browser: asked.page, ..sight };
                self.claims.push(Claim::of_script(&sight, script));
            }
            None => self.claims.extend(Claim::of_name(&sight, self.rules)),
        }
        for claim in self.claims.iter_mut().skip(before) {
            let (path, query) = asked.path.map_or((None, None), split);
            claim.mining.route.host = asked.host.map(str::to_owned);
            // Which pages of a pool's site somebody reads is nobody's business; their addresses may name a wallet.
            if claim.signal != Signal::MinerScript {
                continue;
            }
            claim.mining.route.path = path.map(str::to_owned);
            claim.mining.site = asked.site.map(str::to_owned);
            claim.mining.payee = query.and_then(site_key).map(str::to_owned);
        }
    }

    /// What a proxy was asked to connect to, perhaps by a browser.
    pub(super) fn destination(&mut self, ends: Ends, host: &str, browser: bool) {
        self.weigh(ends, host, NameSource::ProxyRequest, Transport::Tcp, browser);
    }

    /// A name server's question or answer. Clients ask for recursion; who does not is a name server itself, and asks
    /// for whoever.
    pub(super) fn lookup(&mut self, src: Endpoint, dst: Endpoint, message: &dns::Message<'_>) {
        let (client, server) = if message.response { (dst, src) } else { (src, dst) };
        let Some(question) = message.question().filter(|_| message.recursion_desired && message.opcode == 0)
        else {
            return;
        };
        let ends = Ends { client, server, port: None };
        let asked = question.name.as_str();
        let before = self.claims.len();
        if is_for_hosts(question.kind) {
            self.weigh(ends, asked, NameSource::DnsQuery, Transport::Dns, false);
        }
        if message.response {
            let listed = self.claims.len() > before;
            self.answer(ends, asked, listed, message);
        }
    }

    /// An answer: aliases are names too, and addresses are what the client will talk to.
    fn answer(&mut self, ends: Ends, asked: &str, mut listed: bool, message: &dns::Message<'_>) {
        let mut name = dns::Name::default();
        for answer in message.answers() {
            match answer.data {
                dns::Data::Alias(alias) => {
                    let unknown = !listed && !self.rules.is_allowed(asked);
                    if unknown && self.rules.host(alias.as_str()).is_some() {
                        listed = true;
                        self.weigh(ends, alias.as_str(), NameSource::DnsAlias, Transport::Dns, false);
                        name = alias;
                    }
                }
                dns::Data::Address(addr) => {
                    self.learn(ends.client.addr, addr, called(asked, &name), listed, answer.ttl);
                }
                dns::Data::Service { addresses, .. } => {
                    for addr in addresses.as_slice() {
                        self.learn(ends.client.addr, *addr, called(asked, &name), listed, answer.ttl);
                    }
                }
                dns::Data::Other(_) => {}
            }
        }
    }

    /// Remembers what the client calls this address.
    fn learn(&self, client: IpAddr, addr: IpAddr, name: &str, listed: bool, ttl: u32) {
        if name.is_empty() || !claim::is_server(addr) {
            return;
        }
        if !(listed && self.is_full_of_listed(client, addr, name)) {
            self.learned.name(client, addr, name, ttl, self.now);
        }
        if listed {
            self.learned.watch(addr);
        }
    }

    /// Whether a client's names for an address are as many as are kept, and all of them listed: one more says nothing new,
    /// and would look as if the address were everybody's.
    fn is_full_of_listed(&self, client: IpAddr, addr: IpAddr, name: &str) -> bool {
        let names = self.learned.names(client, addr, self.now);
        !names.is_crowded()
            && names.iter().count() == MAX_NAMES
            && names.iter().all(|known| known != name && self.rules.host(known).is_some())
    }

    /// What the client asked a name server for before it talked to this address.
    pub(super) fn by_dns(&mut self, ends: Ends, transport: Transport, naming: &Naming) {
        let names = self.learned.names(ends.client.addr, ends.server.addr, self.now);
        if names.is_crowded() || ends.port.is_some() {
            return;
        }
        if let Some(name) = claim::only_listed(names.iter(), self.rules) {
            self.weigh(ends, name, NameSource::Dns, transport, naming.browser);
        }
    }

    fn weigh(&mut self, ends: Ends, name: &str, source: NameSource, transport: Transport, browser: bool) {
        let Ends { client, server, port } = ends;
        let sight = Sight { client, server, name, port, source, transport, browser, time: self.now };
        self.claims.extend(Claim::of_name(&sight, self.rules));
    }
}

/// What a client calls an address: by the name it asked for, or by the listed alias of that.
fn called<'n>(asked: &'n str, alias: &'n dns::Name) -> &'n str {
    Some(alias.as_str()).filter(|a| !a.is_empty()).unwrap_or(asked)
}

/// Questions that come before talking to a host. Who asks for a domain's mail or name servers does not want to mine
/// there.
const fn is_for_hosts(kind: dns::Kind) -> bool {
    use dns::Kind;
    matches!(kind, Kind::A | Kind::Aaaa | Kind::Any | Kind::Cname | Kind::Https | Kind::Srv | Kind::Svcb)
}

/// Where the name in a hello stands.
fn source(hello: &ClientHello<'_>) -> NameSource {
    if hello.has_ech() { NameSource::EchOuter } else { NameSource::Sni }
}

fn is_web(protocol: &[u8]) -> bool {
    matches!(protocol, b"h2" | b"h3" | b"http/1.0" | b"http/1.1")
}

/// The protocols that a hello offers, as far as they are plain words.
fn offered(hello: &ClientHello<'_>) -> Option<String> {
    let mut text = String::new();
    for protocol in hello.alpn().filter_map(|p| str::from_utf8(p).ok()) {
        if !protocol.bytes().all(|b| b.is_ascii_graphic()) || text.len() + protocol.len() > MAX_ALPN {
            continue;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(protocol);
    }
    Some(text).filter(|t| !t.is_empty())
}

/// What of an HTTP request tells who is asked for what.
struct Asked<'a> {
    host: Option<&'a str>,
    port: Option<u16>,
    path: Option<&'a str>,
    site: Option<&'a str>,
    /// Whether it is one of the web's, and no call or WebSocket.
    browser: bool,
    /// Whether a page asks for it, and no robot or program that only looks.
    page: bool,
}

impl<'a> Asked<'a> {
    fn of(request: &http::Request<'a>) -> Self {
        let header = |name| request.headers.value(name).filter(|v| v.len() <= MAX_WORD && !v.is_empty());
        // To a proxy the target counts, and its host is the one that is meant (RFC 9112, 3.2.2).
        let (authority, path) = match request.form() {
            Some(http::Target::Absolute { authority, path }) => (Some(authority), Some(path)),
            Some(http::Target::Origin(path)) => (header("host"), Some(path)),
            _ => (None, None),
        };
        let absolute = matches!(request.form(), Some(http::Target::Absolute { .. }));
        let named = authority.and_then(http::host_port);
        let port = named.and_then(|(_, port)| port).or_else(|| absolute.then_some(80));
        let known = header("origin").filter(|o| *o != "null").or_else(|| header("referer")).map(http::page);
        Self {
            host: named.map(|(host, _)| host),
            port: port.filter(|_| absolute),
            path: path.filter(|p| p.len() <= MAX_WORD),
            site: known,
            browser: is_browser(request) || is_plain(request),
            page: known.is_some() || is_browser(request) && !is_robot(request),
        }
    }
}

/// Whether a request is one of those who call themselves Mozilla.
pub(super) fn is_browser(request: &http::Request<'_>) -> bool {
    request.headers.value("user-agent").is_some_and(|agent| agent.starts_with("Mozilla/"))
}

/// Whether nothing but a document is asked for, which no mining protocol does.
fn is_plain(request: &http::Request<'_>) -> bool {
    matches!(request.method, "GET" | "HEAD" | "OPTIONS") && request.headers.value("upgrade").is_none()
}

/// Whether a request is of one of those who call themselves compatible to Mozilla and say where they come from, as
/// crawlers and scanners do. Old Internet Explorers did the first, too.
fn is_robot(request: &http::Request<'_>) -> bool {
    let agent = request.headers.value("user-agent").unwrap_or_default();
    agent.contains("(compatible; ") && agent.contains("http")
}

/// Path and query.
fn split(target: &str) -> (Option<&str>, Option<&str>) {
    target.split_once('?').map_or((Some(target), None), |(path, query)| (Some(path), Some(query)))
}

/// Who collects, where a miner script's address says so (`key` and `site_key` of several services).
fn site_key(query: &str) -> Option<&str> {
    let mut members = query.split('&').filter_map(|m| m.split_once('='));
    let key = members.find(|(name, _)| matches!(*name, "key" | "site_key" | "sitekey" | "siteKey"))?.1;
    (8..=128).contains(&key.len()).then_some(key)
}

/// Whether a request of which the whole head is in this segment asks a listed host, or for a miner's script: worth
/// reading. A search of its bytes, as cheap as may be: most requests are neither.
pub(super) fn is_listed(payload: &[u8], rules: &RuleSet) -> bool {
    let line = payload.get(..memchr::memchr(b'\r', payload).unwrap_or(0)).unwrap_or_default();
    let target = line.split(|b| *b == b' ').nth(1).and_then(|t| str::from_utf8(t).ok());
    let Some(target) = target else { return false };
    let absolute = target.split_once("://").map(|(_, rest)| rest).filter(|_| !target.starts_with('/'));
    let (authority, path) = match absolute {
        Some(rest) => rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, "")),
        None => (host_field(payload).unwrap_or_default(), target),
    };
    let host = authority.rsplit('@').next().and_then(http::host_port).map(|(host, _)| host);
    host.is_some_and(|h| rules.host(h).is_some())
        || path.len() <= MAX_WORD && rules.script(host, path).is_some()
}

/// The value of the Host field, which mostly stands in the second line.
fn host_field(payload: &[u8]) -> Option<&str> {
    let mut rest = payload;
    for _ in 0..32 {
        let end = memchr::memchr(b'\n', rest)?;
        let (_, next) = rest.split_at_checked(end.checked_add(1)?)?;
        if next.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"host:")) {
            let value = next.get(5..)?;
            return str::from_utf8(value.get(..memchr::memchr(b'\n', value)?)?).ok().map(str::trim);
        }
        rest = next;
    }
    None
}
