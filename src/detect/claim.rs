//! What a name or an address on the wire is evidence of, without any mining message: which signal, how sure, and a
//! sentence that says why. It weighs one sight alone; who repeats itself is not known here.
//!
//! A name proves who was asked for, not what for: a pool's site is read by people too. So the port, and whether a
//! browser speaks, decide between `strong` and `hint`.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Certainty, Dialect, Mining, NameSource, Signal, Time, Transport};
use crate::learned::Known;
use crate::packet::Endpoint;
use crate::rules::{About, Category, Group, KnownAddress, KnownHost, RuleSet, Script, Serves};

/// Evidence without a message.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who asked, talked or greeted.
    pub client: Endpoint,
    /// Whom.
    pub server: Endpoint,
    /// What kind of evidence.
    pub signal: Signal,
    /// Why, in a sentence.
    pub reason: String,
    /// What is known.
    pub mining: Mining,
    /// Whether nobody said anything: a client goes on trying, each time from another port.
    pub is_attempt: bool,
}

/// A name, and how it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Who asked for it.
    pub client: Endpoint,
    /// Whom.
    pub server: Endpoint,
    /// The host.
    pub name: &'a str,
    /// The port that is meant, where it is not the server's own.
    pub port: Option<u16>,
    /// Where the name stands.
    pub source: NameSource,
    /// What carries it.
    pub transport: Transport,
    /// Whether it is spoken as browsers do: with the protocols of the web offered, or as Mozilla.
    pub browser: bool,
    /// When.
    pub time: Time,
}

/// Ports that web servers use, those of content networks and of pools' own interfaces among them; a pool's site may be
/// there.
const WEB_PORTS: [u16; 15] =
    [80, 443, 2052, 2053, 2082, 2083, 2086, 2087, 2095, 2096, 8080, 8117, 8119, 8443, 8880];

/// Ports of transfers, shells, mail and name servers. Some pools listen at 25 too, at hosts that are listed for that.
const SERVICE_PORTS: [u16; 12] = [21, 22, 23, 25, 53, 110, 143, 465, 587, 853, 993, 995];

/// Ports of coins' nodes and of wallets' servers, which pools run for everybody.
const NODE_PORTS: [u16; 10] = [8332, 8333, 8545, 18080, 18081, 18089, 30303, 50001, 50002, 50004];

/// First labels of names below a pool's domain that are no place to mine.
const SITES: [&str; 26] = [
    "api",
    "autodiscover",
    "blog",
    "cdn",
    "docs",
    "electrum",
    "explorer",
    "forum",
    "ftp",
    "git",
    "help",
    "imap",
    "mail",
    "node",
    "nodes",
    "pop",
    "rpc",
    "shop",
    "smtp",
    "static",
    "stats",
    "status",
    "support",
    "wallet",
    "webmail",
    "www",
];

/// Ports below serve whatever they are assigned for (RFC 6335, 6), mail and name servers of a pool among it.
const FIRST_OPEN_PORT: u16 = 1024;

impl Claim {
    /// Weighs a name; `None` where no rule lists it.
    pub fn of_name(sight: &Sight<'_>, rules: &RuleSet) -> Option<Self> {
        let host = rules.host(sight.name)?;
        let about = host.about;
        let signal = match (sight.transport, about.category) {
            (Transport::Dns, _) => Signal::PoolLookup,
            (_, Category::BrowserMinerService | Category::MinerScriptCdn) => Signal::MinerScript,
            _ => Signal::PoolConnection,
        };
        let (certainty, why) = weigh(sight, &host);
        let mut claim = Self::bare(sight, signal, certainty, sight.transport);
        claim.known(about, host.operator());
        claim.mining.server_name = Some(sight.name.to_ascii_lowercase());
        claim.mining.server_port = sight.port;
        let what = describe(about, host.operator());
        claim.reason = format!("{} {}, {what}: {why}", act(sight), sight.name.to_ascii_lowercase());
        Some(claim)
    }

    /// Weighs a request for a miner's script by its path.
    pub fn of_script(sight: &Sight<'_>, script: &Script) -> Self {
        let legacy = script.group == Group::Legacy;
        let certainty = if legacy || !sight.browser { Certainty::Hint } else { Certainty::Strong };
        let mut claim = Self::bare(sight, Signal::MinerScript, certainty, sight.transport);
        claim.mining.server_name = Some(sight.name.to_ascii_lowercase()).filter(|n| !n.is_empty());
        claim.mining.legacy = legacy;
        claim.mining.category = Some(Category::MinerScriptCdn);
        let why = match (legacy, sight.browser) {
            (true, _) => "a service long closed, of which pages still hold copies",
            (false, true) => "no mining message yet",
            (false, false) => "by no browser on a page, in which alone it would run",
        };
        claim.reason = format!(
            "{} asked {} for {}, as pages do that load {}: {why}",
            sight.client, sight.server, script.pattern, script.service
        );
        claim
    }

    /// Weighs a connection to an address that a rule of the operator's names.
    pub fn of_address(client: Endpoint, server: Endpoint, time: Time, rule: &KnownAddress<'_>) -> Self {
        let about = rule.about;
        let legacy = about.group == Group::Legacy;
        let certainty = if legacy { Certainty::Hint } else { Certainty::Strong };
        let sight = unnamed(client, server, NameSource::AddressRule, time);
        let signal = match about.category {
            Category::BrowserMinerService | Category::MinerScriptCdn => Signal::MinerScript,
            _ => Signal::PoolConnection,
        };
        let mut claim = Self::bare(&sight, signal, certainty, Transport::Tcp);
        let operator = about.operator.as_deref().unwrap_or(rule.rule);
        claim.known(about, operator);
        let what = describe(about, operator);
        claim.reason = format!("{client} talks to {server}, which the rule for {} names, {what}", rule.rule);
        claim
    }

    /// Weighs a connection to a server that spoke a mining protocol in clear before.
    pub fn of_endpoint(client: Endpoint, server: Endpoint, time: Time, known: &Known) -> Self {
        let sight = unnamed(client, server, NameSource::Learned, time);
        let mut claim = Self::bare(&sight, Signal::LearnedEndpoint, Certainty::Strong, Transport::Tcp);
        claim.mining.pool.clone_from(&known.pool);
        claim.mining.server_name.clone_from(&known.name);
        claim.mining.coin.clone_from(&known.coin);
        let named = known.name.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
        claim.reason = format!(
            "{client} talks to {server}{named}, where a server spoke {} in clear before; no message was read here",
            known.dialect.name()
        );
        claim
    }

    /// Says that the client spoke as browsers do, to another host than the one that is meant: the server's address may
    /// be another's now.
    pub fn doubt(&mut self) {
        self.mining.certainty = Certainty::Hint;
        self.reason.push_str("; spoken as browsers do to another host");
    }

    fn bare(sight: &Sight<'_>, signal: Signal, certainty: Certainty, transport: Transport) -> Self {
        let mut mining = Mining::bare(Dialect::Unknown, transport, certainty, sight.time);
        mining.client_role_proven = true;
        mining.named_by = Some(sight.source);
        Self {
            client: sight.client,
            server: sight.server,
            signal,
            reason: String::new(),
            mining,
            is_attempt: false,
        }
    }

    fn known(&mut self, about: &About, operator: &str) {
        self.mining.pool = Some(about.operator.clone().unwrap_or_else(|| Arc::from(operator)));
        self.mining.category = Some(about.category);
        self.mining.legacy = about.group == Group::Legacy;
    }
}

fn unnamed(client: Endpoint, server: Endpoint, source: NameSource, time: Time) -> Sight<'static> {
    Sight { client, server, name: "", port: None, source, transport: Transport::Tcp, browser: false, time }
}

/// How sure a connection to a listed name is, and what made it so.
fn weigh(sight: &Sight<'_>, host: &KnownHost<'_>) -> (Certainty, &'static str) {
    let about = host.about;
    let port = sight.port.unwrap_or(sight.server.port);
    let (hint, strong) = (|why| (Certainty::Hint, why), |why| (Certainty::Strong, why));
    if sight.transport == Transport::Dns {
        return hint("a lookup alone");
    }
    if about.group == Group::Legacy {
        return hint("a service closed for years, whose name may be another's now");
    }
    let web = WEB_PORTS.contains(&port);
    let listed = about.ports.contains(&port);
    let shown = about.serves == Serves::Stratum || about.category == Category::DevFeePool;
    if SERVICE_PORTS.contains(&port) && !(listed && shown) {
        return hint("on a port of mail, shells or name servers");
    }
    match about.category {
        Category::BrowserMinerService | Category::MinerScriptCdn => {
            return strong("a host for nothing but browser mining");
        }
        Category::DevFeePool | Category::Marketplace | Category::Pool | Category::Proxy => {}
    }
    // Programs that mine by a library of the web offer its protocols too, on ports for mining.
    if sight.browser && (web || sight.transport != Transport::Tls || !listed && !shown) {
        return hint("spoken as browsers do, so perhaps its web site");
    }
    if about.category == Category::DevFeePool {
        return strong("only mining programs ask for it");
    }
    by_use(sight, host, web, listed)
}

/// What a pool's host is used for, and at which port, where no browser is known to speak.
fn by_use(sight: &Sight<'_>, host: &KnownHost<'_>, web: bool, listed: bool) -> (Certainty, &'static str) {
    let port = sight.port.unwrap_or(sight.server.port);
    let (hint, strong) = (|why| (Certainty::Hint, why), |why| (Certainty::Strong, why));
    match host.about.serves {
        Serves::Web => hint("its web site"),
        Serves::Stratum => strong("a host for mining"),
        Serves::Unknown if listed && !web => strong("on a port for mining"),
        Serves::Unknown if listed && is_read(sight) && !is_site(sight.name, host.domain) => {
            strong("on a port for mining, not as browsers do")
        }
        Serves::Unknown if !web && !listed && NODE_PORTS.contains(&port) => {
            hint("on a port of nodes and wallets")
        }
        Serves::Unknown if !web && port >= FIRST_OPEN_PORT && !is_service(sight.name) => {
            strong("on no port of the web")
        }
        Serves::Unknown => hint("perhaps its web site"),
    }
}

/// Whether the client's own words were read, so that it is known to be no browser: not where its SYN, or what it asked a
/// proxy for, is all.
fn is_read(sight: &Sight<'_>) -> bool {
    !(sight.transport == Transport::Tcp && matches!(sight.source, NameSource::Dns | NameSource::ProxyRequest))
}

/// Whether a name is where a pool's web site is expected: the domain itself, or a usual name below it.
fn is_site(name: &str, domain: &str) -> bool {
    name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(domain) || is_service(name)
}

/// Whether a name's first label is that of another service.
fn is_service(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    SITES.iter().any(|site| first.eq_ignore_ascii_case(site))
}

/// What the client did, up to the name.
fn act(sight: &Sight<'_>) -> String {
    let Sight { client, server, .. } = sight;
    match sight.source {
        NameSource::DnsQuery => format!("{client} asked the name server {server} for"),
        NameSource::DnsAlias => format!("{client} was told by the name server {server} of the alias"),
        NameSource::Dns => {
            format!("{client} talks to {server}, an address that it got when it asked for (name by DNS)")
        }
        NameSource::Certificate => format!("{client} talks to {server}, whose certificate names"),
        NameSource::EchOuter => {
            format!("{client} greeted {server} by the name (its hidden hello may name another)")
        }
        NameSource::HttpHost => format!("{client} asked {server} over HTTP as"),
        NameSource::ProxyRequest => {
            let port = sight.port.map(|p| format!(" at port {p}")).unwrap_or_default();
            format!("{client} asked the proxy {server}{port} for")
        }
        NameSource::Sni => match sight.transport {
            Transport::Quic => format!("{client} greeted {server} over QUIC as"),
            _ => format!("{client} greeted {server} over TLS as"),
        },
        NameSource::AddressRule | NameSource::Learned | NameSource::Message => {
            format!("{client} talks to {server},")
        }
    }
}

/// What a listed host is, for a sentence.
fn describe(about: &About, operator: &str) -> String {
    let kind = match about.category {
        Category::BrowserMinerService => "a browser miner's service",
        Category::DevFeePool => "where a mining program pays its author's share",
        Category::Marketplace => "a market for hash power",
        Category::MinerScriptCdn => "a host of browser miners' scripts",
        Category::Pool => "a mining pool's",
        Category::Proxy => "a relay to pools",
    };
    let mut text = format!("{kind} ({operator}");
    if let Some(seen) = &about.last_seen {
        let _ = write!(text, ", listed {seen}");
    }
    text.push(')');
    text
}

/// Whether all names of a certificate but those on the allow list are of one listed operator: then it is theirs, and not
/// that of a host that serves many.
pub fn one_operator<'r>(names: impl Iterator<Item = &'r str>, rules: &RuleSet) -> Option<&'r str> {
    let mut found: Option<(&str, &About)> = None;
    for name in names {
        let plain = name.strip_prefix("*.").unwrap_or(name);
        if rules.is_allowed(plain) {
            continue;
        }
        let host = rules.host(plain).or_else(|| rules.host(name))?;
        match found {
            None => found = Some((plain, host.about)),
            Some((_, about))
                if about.operator == host.about.operator && about.category == host.about.category => {}
            Some(_) => return None,
        }
    }
    found.map(|(name, _)| name)
}

/// Of the names by which a client asked for an address: the newest, if all of them are listed. One that is not is
/// another tenant of the address, and perhaps the one that is meant.
pub fn only_listed<'n>(mut names: impl Iterator<Item = &'n str> + Clone, rules: &RuleSet) -> Option<&'n str> {
    let newest = names.clone().next()?;
    names.all(|n| rules.host(n).is_some()).then_some(newest)
}

/// Whether an address is worth remembering a name for: one that a server can have.
pub fn is_server(addr: IpAddr) -> bool {
    !(addr.is_unspecified() || addr.is_loopback() || addr.is_multicast())
}

#[cfg(test)]
mod tests;
