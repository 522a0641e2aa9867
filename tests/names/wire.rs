//! A wire with a sensor at it: datagrams, connections, and the messages that names stand in.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use etherparse::{PacketBuilder, PacketBuilderStep, VlanId};
use geophone::config::{Config, load_rules};
use geophone::detect::{Alert, Event};
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};

/// Made-up hosts beside the built-in ones.
const HOSTS: &str = "\
    minepool.example match=suffix operator=Minepool ports=3333,443\n\
    www.minepool.example serves=web operator=Minepool\n\
    stratum.minepool.example serves=stratum operator=Minepool ports=3333,443\n\
    other.example match=suffix operator=Other\n\
    blog.minepool.example action=allow\n\
    shut.example match=suffix group=legacy operator=Shut\n\
    fee.example category=dev-fee-pool operator=Fee\n\
    webmine.example match=suffix category=browser-miner-service operator=Webmine\n";

const ADDRESSES: &str = "addresses:\n\
    \x20 - {address: 203.0.113.77, operator: One}\n\
    \x20 - {address: 203.0.113.78, port: 4444, operator: Port}\n\
    \x20 - {address: 198.51.100.0/25, operator: Net}\n\
    \x20 - {address: 198.51.100.9, action: allow}\n";

/// Built-in rules and those above.
pub(crate) fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    let build = || {
        let folder = std::env::temp_dir().join(format!("geophone-names-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("own.hosts"), format!("# geophone hosts 1\n{}", HOSTS.replace(' ', "\t")))
            .unwrap();
        std::fs::write(folder.join("own.yaml"), ADDRESSES).unwrap();
        let mut config = Config::default();
        (config.rules.directory, config.rules.built_in) = (Some(folder.clone()), true);
        let rules = load_rules(&config);
        std::fs::remove_dir_all(&folder).unwrap();
        Arc::new(rules.unwrap_or_else(|e| panic!("{e}")))
    };
    Arc::clone(RULES.get_or_init(build))
}

pub(crate) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) const CLIENT: &str = "10.0.0.7:50000";
pub(crate) const RESOLVER: &str = "10.0.0.53:53";

/// The sensor, its time, and what it said.
pub(crate) struct Wire {
    pub(crate) sensor: Sensor,
    pub(crate) events: Vec<Event>,
    pub(crate) now: u64,
    pub(crate) vlan: Option<u16>,
}

impl Default for Wire {
    fn default() -> Self {
        Self::with(Settings::default())
    }
}

impl Wire {
    pub(crate) fn with(settings: Settings) -> Self {
        Self { sensor: Sensor::new(settings, rules(), 0), events: vec![], now: 1_000_000_000, vlan: None }
    }

    fn start(&self, from: SocketAddr, to: SocketAddr) -> PacketBuilderStep<etherparse::IpHeaders> {
        let link = PacketBuilder::ethernet2([2; 6], [4; 6]);
        let ip = |ends: (IpAddr, IpAddr)| match ends {
            (IpAddr::V4(a), IpAddr::V4(b)) => etherparse::IpHeaders::Ipv4(
                etherparse::Ipv4Header::new(0, 64, etherparse::IpNumber::TCP, a.octets(), b.octets())
                    .unwrap(),
                etherparse::Ipv4Extensions::default(),
            ),
            (IpAddr::V6(a), IpAddr::V6(b)) => etherparse::IpHeaders::Ipv6(
                etherparse::Ipv6Header {
                    source: a.octets(),
                    destination: b.octets(),
                    hop_limit: 64,
                    next_header: etherparse::IpNumber::TCP,
                    ..etherparse::Ipv6Header::default()
                },
                etherparse::Ipv6Extensions::default(),
            ),
            other => panic!("{other:?}"),
        };
        let ip = ip((from.ip(), to.ip()));
        match self.vlan {
            Some(vlan) => link.single_vlan(VlanId::try_new(vlan).unwrap()).ip(ip),
            None => link.ip(ip),
        }
    }

    pub(crate) fn frame(&mut self, data: &[u8]) {
        self.now += 1000;
        let time = Time(self.now);
        let frame = Frame { time, link: LinkType::Ethernet, wire_len: data.len() as u32, data };
        self.sensor.frame(&frame, &mut self.events);
    }

    pub(crate) fn udp(&mut self, from: &str, to: &str, payload: &[u8]) {
        let (from, to, mut data) = (at(from), at(to), vec![]);
        self.start(from, to).udp(from.port(), to.port()).write(&mut data, payload).unwrap();
        self.frame(&data);
    }

    /// A segment's frame; flags of `S`, `A`, `F`, `R`.
    pub(crate) fn segment(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        seq: u32,
        flags: &str,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut data = vec![];
        let mut tcp = self.start(from, to).tcp(from.port(), to.port(), seq, 9);
        for flag in flags.chars() {
            tcp = match flag {
                'S' => tcp.syn(),
                'A' => tcp.ack(1),
                'F' => tcp.fin(),
                'R' => tcp.rst(),
                other => panic!("{other}"),
            };
        }
        tcp.write(&mut data, payload).unwrap();
        data
    }

    /// Lets time pass, a second at a time.
    pub(crate) fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1_000_000;
            self.sensor.advance(Time(self.now), &mut self.events);
        }
    }

    pub(crate) fn alerts(&self) -> Vec<&Alert> {
        fn alert(e: &Event) -> Option<&Alert> {
            match e {
                Event::Alert(a) => Some(a),
                Event::Session(_) => None,
            }
        }
        self.events.iter().filter_map(alert).collect()
    }

    /// The alerts so far as `SIGNAL CERTAINTY SOURCE NAME`, and none from now on.
    pub(crate) fn told(&mut self) -> Vec<String> {
        assert_eq!(self.sensor.stats().panics, 0);
        let text = |a: &Alert| {
            let (source, name) =
                (a.mining.named_by.map_or("-", |s| s.name()), a.mining.server_name.as_deref());
            let words = [a.signal.name(), a.mining.certainty.name(), source, name.unwrap_or("-")];
            words.join(" ")
        };
        let told = self.alerts().into_iter().map(text).collect();
        self.events.clear();
        told
    }

    /// Ends everything that is left; the alerts as [`Self::told`] gives them.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.sensor.finish(&mut self.events);
        let told = self.told();
        let stats = self.sensor.stats();
        assert_eq!((stats.flows, stats.stream_bytes), (0, 0));
        told
    }
}

/// A connection, from its first byte on.
pub(crate) struct Tcp {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) seqs: [u32; 2],
}

impl Tcp {
    pub(crate) fn new(client: &str, server: &str) -> Self {
        Self { client: at(client), server: at(server), seqs: [1000, 5000] }
    }

    /// With its handshake.
    pub(crate) fn open(wire: &mut Wire, client: &str, server: &str) -> Self {
        let tcp = Self::new(client, server);
        tcp.syn(wire);
        wire.frame(&wire.segment(tcp.server, tcp.client, 4999, "SA", b""));
        tcp
    }

    pub(crate) fn syn(&self, wire: &mut Wire) {
        wire.frame(&wire.segment(self.client, self.server, 999, "S", b""));
    }

    pub(crate) fn up(&mut self, wire: &mut Wire, bytes: &[u8]) {
        for part in bytes.chunks(1460) {
            wire.frame(&wire.segment(self.client, self.server, self.seqs[0], "A", part));
            self.seqs[0] += part.len() as u32;
        }
    }

    pub(crate) fn down(&mut self, wire: &mut Wire, bytes: &[u8]) {
        for part in bytes.chunks(1460) {
            wire.frame(&wire.segment(self.server, self.client, self.seqs[1], "A", part));
            self.seqs[1] += part.len() as u32;
        }
    }

    /// Frames of the client's bytes, cut where said.
    pub(crate) fn frames(&self, wire: &Wire, bytes: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
        let edges: Vec<usize> = [&[0], cuts, &[bytes.len()]].concat();
        let frame = |w: &[usize]| {
            let seq = self.seqs[0] + w[0] as u32;
            wire.segment(self.client, self.server, seq, "A", &bytes[w[0]..w[1]])
        };
        edges.windows(2).map(frame).collect()
    }
}

pub(crate) fn v8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

pub(crate) fn v16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

fn v24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

/// A client's greeting.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hello<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) alpn: &'a [&'a str],
    pub(crate) ech: bool,
    /// Bytes of a key share before the name.
    pub(crate) before: usize,
    /// Bytes of padding behind it.
    pub(crate) behind: usize,
    pub tls12: bool,
}

impl Hello<'_> {
    pub(crate) fn named(name: &str) -> Hello<'_> {
        Hello { name: Some(name), ..Hello::default() }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut block = vec![];
        let mut extension =
            |kind: u16, data: &[u8]| block.extend([&kind.to_be_bytes()[..], &v16(data)].concat());
        if self.before > 0 {
            extension(51, &v16(&[&[0, 29][..], &v16(&vec![7; self.before])].concat()));
        }
        if let Some(name) = self.name {
            extension(0, &v16(&[&[0], &v16(name.as_bytes())[..]].concat()));
        }
        if !self.alpn.is_empty() {
            extension(16, &v16(&self.alpn.iter().flat_map(|p| v8(p.as_bytes())).collect::<Vec<_>>()));
        }
        if self.ech {
            extension(0xfe0d, &[0; 64]);
        }
        if !self.tls12 {
            extension(43, &v8(&[3, 4]));
        }
        if self.behind > 0 {
            extension(21, &vec![0; self.behind]);
        }
        [&[3, 3][..], &[7; 32], &v8(&[9; 32]), &v16(&[0x13, 1, 0xc0, 0x2f]), &v8(&[0]), &v16(&block)].concat()
    }

    pub(crate) fn message(&self) -> Vec<u8> {
        [vec![1], v24(&self.body())].concat()
    }

    pub(crate) fn record(&self) -> Vec<u8> {
        records(&self.message(), 1 << 14)
    }
}

pub(crate) fn records(bytes: &[u8], each: usize) -> Vec<u8> {
    bytes.chunks(each).flat_map(|part| [&[22, 3, 1][..], &v16(part)].concat()).collect()
}

/// A server's greeting, of TLS 1.3 or 1.2.
pub(crate) fn server_hello(tls13: bool, alpn: Option<&str>) -> Vec<u8> {
    let mut block = vec![];
    if tls13 {
        block.extend([0, 43, 0, 2, 3, 4]);
    }
    if let Some(alpn) = alpn {
        block.extend([&[0, 16][..], &v16(&v16(&v8(alpn.as_bytes())))].concat());
    }
    let suite: &[u8] = if tls13 { &[0x13, 1, 0] } else { &[0xc0, 0x2f, 0] };
    let body = [&[3, 3][..], &[7; 32], &v8(&[9; 32]), suite, &v16(&block)].concat();
    [vec![2], v24(&body)].concat()
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, 0x82], &v16(contents)[..]].concat()
}

/// A message with a certificate for these names.
pub(crate) fn certificate(common: &str, names: &[&str]) -> Vec<u8> {
    let pair = [element(6, &[0x55, 4, 3]), element(12, common.as_bytes())].concat();
    let subject = element(0x30, &element(0x31, &element(0x30, &pair)));
    let empty = element(0x30, &[]);
    let mut body = [element(0xa0, &element(2, &[2])), element(2, &[1])].concat();
    body.extend([&empty[..], &empty, &empty, &subject, &empty].concat());
    if !names.is_empty() {
        let all: Vec<u8> = names.iter().flat_map(|n| element(0x82, n.as_bytes())).collect();
        let value = element(4, &element(0x30, &all));
        body.extend(element(
            0xa3,
            &element(0x30, &element(0x30, &[element(6, &[0x55, 0x1d, 0x11]), value].concat())),
        ));
    }
    let der = element(0x30, &[element(0x30, &body), empty, element(3, &[0])].concat());
    [vec![11], v24(&v24(&v24(&der)))].concat()
}

pub(crate) const A: u16 = 1;
pub(crate) const AAAA: u16 = 28;
pub(crate) const HTTPS: u16 = 65;

fn labels(name: &str) -> Vec<u8> {
    let mut wire: Vec<u8> = name.split('.').flat_map(|label| v8(label.as_bytes())).collect();
    wire.push(0);
    wire
}

/// A message to a name server, or its answer. Records are `(owner, type, TTL, data)`.
pub(crate) fn dns(flags: u16, name: &str, kind: u16, records: &[(&str, u16, u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = [0xbeef, flags, 1, records.len() as u16, 0, 0].map(u16::to_be_bytes).concat();
    bytes.extend([labels(name), [kind, 1].map(u16::to_be_bytes).concat()].concat());
    for (owner, kind, ttl, data) in records {
        bytes.extend([labels(owner), [*kind, 1].map(u16::to_be_bytes).concat()].concat());
        bytes.extend([&ttl.to_be_bytes()[..], &v16(data)].concat());
    }
    bytes
}

pub(crate) fn query(name: &str, kind: u16) -> Vec<u8> {
    dns(0x0100, name, kind, &[])
}

/// An answer with an alias, if there is one, and an address.
pub(crate) fn answer(name: &str, alias: Option<&str>, address: &str, ttl: u32) -> Vec<u8> {
    let (kind, data) = match address.parse().unwrap() {
        IpAddr::V4(a) => (A, a.octets().to_vec()),
        IpAddr::V6(a) => (AAAA, a.octets().to_vec()),
    };
    let mut records = vec![];
    if let Some(alias) = alias {
        records.push((name, 5, ttl, labels(alias)));
    }
    records.push((alias.unwrap_or(name), kind, ttl, data));
    dns(0x8180, name, kind, &records)
}

/// The client at 10.0.0.7 (or another) is told an address.
pub(crate) fn resolve(wire: &mut Wire, client: &str, name: &str, address: &str, ttl: u32) {
    wire.udp(RESOLVER, client, &answer(name, None, address, ttl));
}
