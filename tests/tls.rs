//! TLS handshakes of captures, read by `wire::tls` and by the crate tls-parser: names, protocols, versions, suites,
//! extensions, fingerprints and leaves of certificates must be the same. The captures are those of `tests/captures` and,
//! where it is, of the folder that `GEOPHONE_SHARED` names (`../shared` else).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use geophone::capture;
use geophone::packet::{Endpoint, Packet, Proto, decode};
use geophone::wire::tls::{
    Carrier, Certificate, ClientHello, Framer, Glance, Handshake, ServerHello, glance, looks_like_client,
};
use ring::digest::{SHA256, digest};
use tls_parser::{
    TlsClientHelloContents, TlsExtension, TlsExtensionType, TlsMessage, TlsMessageHandshake, TlsRecordType,
    parse_tls_client_hello_extensions, parse_tls_message_handshake, parse_tls_raw_record,
    parse_tls_record_header, parse_tls_server_hello_extensions,
};

/// What is read of a direction.
const HEAD: usize = 64 << 10;
const GROUPS: [&str; 6] = ["benign", "clients", "look-alike", "mining", "near", "robustness"];

/// What a reader finds in a client's hello.
#[derive(Clone, Debug, Default, PartialEq)]
struct Client {
    name: Option<Vec<u8>>,
    alpn: Vec<Vec<u8>>,
    legacy: u16,
    versions: Vec<u16>,
    suites: Vec<u16>,
    kinds: Vec<u16>,
    ja4: String,
}

/// What a reader finds in a server's messages: version, suite, protocol; the leaf.
#[derive(Clone, Debug, Default, PartialEq)]
struct Server {
    hello: Option<(u16, u16, Option<Vec<u8>>)>,
    leaf: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    client: Option<Client>,
    server: Server,
}

/// A direction, from its first byte on.
#[derive(Default)]
struct Stream {
    base: u32,
    parts: BTreeMap<u32, Vec<u8>>,
}

impl Stream {
    fn note(&mut self, packet: &Packet<'_>) {
        let at = packet.tcp.seq.wrapping_sub(self.base);
        if (at as usize) < HEAD && !packet.payload.is_empty() {
            let part = self.parts.entry(at).or_default();
            if part.len() < packet.payload.len() {
                *part = packet.payload.to_vec();
            }
        }
    }

    /// The bytes up to the first hole, as they came.
    fn pieces(&self) -> Vec<&[u8]> {
        let (mut end, mut pieces) = (0usize, Vec::new());
        for (at, part) in &self.parts {
            let Some(known) = end.checked_sub(*at as usize) else { break };
            if let Some(new) = part.get(known..).filter(|new| !new.is_empty()) {
                pieces.push(new);
                end += new.len();
            }
        }
        pieces
    }
}

/// Every direction of a capture that begins like a TLS record.
fn streams(path: &Path) -> Vec<Stream> {
    let mut open: HashMap<(Endpoint, Endpoint), Stream> = HashMap::new();
    let mut done = Vec::new();
    let Ok(mut file) = capture::File::open(path, None) else { return done };
    // What is damaged ends the capture; what came before counts.
    let _ = file.for_each(None, |frame| {
        let Ok(packet) = decode(&frame) else { return };
        if packet.proto != Proto::Tcp {
            return;
        }
        let (ends, syn) = ((packet.src, packet.dst), packet.tcp.syn);
        let base = packet.tcp.seq.wrapping_add(u32::from(syn));
        if syn && open.get(&ends).is_some_and(|stream| stream.base != base) {
            done.extend(open.remove(&ends));
        }
        if syn || !packet.payload.is_empty() {
            let stream = open.entry(ends).or_insert_with(|| Stream { base, parts: BTreeMap::new() });
            if !syn {
                stream.note(&packet);
            }
        }
    });
    done.extend(open.into_values());
    done.retain(|stream| stream.pieces().first().is_some_and(|first| first.starts_with(&[22, 3])));
    done
}

fn ours(pieces: &[&[u8]]) -> (Found, Option<&'static str>) {
    let (mut found, mut broken, mut framer) = (Found::default(), None, Framer::default());
    for piece in pieces {
        framer.feed(piece, HEAD, |message| match message {
            Handshake::Broken(fault) => broken = Some(fault.0),
            Handshake::Certificate(certificate) => found.server.leaf = Some(leaf(&certificate)),
            Handshake::ClientHello(hello) => found.client = Some(client(&hello)),
            Handshake::ServerHello(ServerHello { version, cipher_suite, alpn, .. }) => {
                found.server.hello = Some((version, cipher_suite, alpn.map(<[u8]>::to_vec)));
            }
        });
    }
    (found, broken)
}

fn leaf(certificate: &Certificate<'_>) -> Vec<u8> {
    assert!(certificate.names().count() <= 256);
    certificate.der().to_vec()
}

fn client(hello: &ClientHello<'_>) -> Client {
    Client {
        name: hello.server_name().map(|name| name.as_bytes().to_vec()),
        alpn: hello.alpn().map(<[u8]>::to_vec).collect(),
        legacy: hello.legacy_version(),
        versions: hello.supported_versions().collect(),
        suites: hello.cipher_suites().collect(),
        kinds: hello.extension_types().collect(),
        ja4: hello.ja4(Carrier::Tcp).to_string(),
    }
}

/// tls-parser's view: its records joined, then its messages one after another.
fn theirs(bytes: &[u8]) -> Found {
    let (mut rest, mut joined, mut found) = (bytes, Vec::new(), Found::default());
    while let Ok((later, record)) = parse_tls_raw_record(rest) {
        match record.hdr.record_type {
            TlsRecordType::Handshake => joined.extend_from_slice(record.data),
            TlsRecordType::Alert => {}
            _ => break,
        }
        rest = later;
    }
    // A record that is cut holds whole messages as well.
    if let Ok((later, head)) = parse_tls_record_header(rest)
        && head.record_type == TlsRecordType::Handshake
    {
        joined.extend_from_slice(later);
    }
    let mut rest = &joined[..];
    while let Ok((later, TlsMessage::Handshake(message))) = parse_tls_message_handshake(rest) {
        match message {
            TlsMessageHandshake::ClientHello(hello) if found == Found::default() => {
                found.client = Some(their_client(&hello));
                break;
            }
            TlsMessageHandshake::ServerHello(hello) if found == Found::default() => {
                let extensions = parse_tls_server_hello_extensions(hello.ext.unwrap_or_default());
                let (mut version, mut alpn) = (hello.version.0, None);
                for extension in extensions.map(|(_, list)| list).unwrap_or_default() {
                    match extension {
                        TlsExtension::SupportedVersions(list) => version = list[0].0,
                        TlsExtension::ALPN(list) => alpn = list.first().map(|name| name.to_vec()),
                        _ => {}
                    }
                }
                found.server.hello = Some((version, hello.cipher.0, alpn));
                if version > 0x0303 {
                    break;
                }
            }
            TlsMessageHandshake::Certificate(chain) if found.server.hello.is_some() => {
                found.server.leaf = chain.cert_chain.first().map(|leaf| leaf.data.to_vec());
                break;
            }
            _ => break,
        }
        rest = later;
    }
    found
}

fn their_client(hello: &TlsClientHelloContents<'_>) -> Client {
    let list = parse_tls_client_hello_extensions(hello.ext.unwrap_or_default());
    let (mut client, mut signatures) = (Client { legacy: hello.version.0, ..Client::default() }, Vec::new());
    client.suites = hello.ciphers.iter().map(|suite| suite.0).collect();
    let mut named = false;
    for extension in list.map(|(_, list)| list).unwrap_or_default() {
        client.kinds.push(match extension {
            TlsExtension::Grease(kind, _) => kind,
            ref other => TlsExtensionType::from(other).0,
        });
        match extension {
            TlsExtension::ALPN(list) => client.alpn = list.iter().map(|name| name.to_vec()).collect(),
            TlsExtension::SNI(list) => {
                named = true;
                client.name = list.iter().find(|(kind, _)| kind.0 == 0).map(|(_, name)| name.to_vec());
            }
            TlsExtension::SignatureAlgorithms(list) => signatures = list,
            TlsExtension::SupportedVersions(list) => {
                client.versions = list.iter().map(|version| version.0).collect();
            }
            _ => {}
        }
    }
    client.ja4 = ja4(&client, named, &signatures);
    // An address is no name (RFC 6066, 3), and `wire::tls` gives none.
    client.name = client.name.filter(|name| {
        str::from_utf8(name).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_err() && !text.is_empty())
    });
    client
}

/// The fingerprint written as its description says it, with texts.
fn ja4(client: &Client, named: bool, signatures: &[u16]) -> String {
    let hex = |list: &[u16]| -> Vec<String> {
        let grease = |v: &u16| v & 0x0f0f == 0x0a0a && v >> 8 == v & 0xff;
        list.iter().filter(|v| !grease(v)).map(|v| format!("{v:04x}")).collect()
    };
    let hash = |text: String| {
        let digest = digest(&SHA256, text.as_bytes());
        digest.as_ref()[..6].iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let (mut suites, mut kinds) = (hex(&client.suites), hex(&client.kinds));
    let newest = hex(&client.versions).into_iter().max().unwrap_or_else(|| format!("{:04x}", client.legacy));
    let version = match newest.as_str() {
        "0300" => "s3",
        "0301" => "10",
        "0302" => "11",
        "0303" => "12",
        "0304" => "13",
        _ => "00",
    };
    let alpn = match client.alpn.first().map(|name| (name[0], name[name.len() - 1])) {
        None => "00".to_owned(),
        Some((a, b)) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() => {
            format!("{}{}", char::from(a), char::from(b))
        }
        Some((a, b)) => format!("{}{}", &format!("{a:02x}")[..1], &format!("{b:02x}")[1..]),
    };
    let (n, m) = (suites.len().min(99), kinds.len().min(99));
    suites.sort();
    kinds.sort();
    kinds.retain(|kind| kind != "0000" && kind != "0010");
    let zeros = || "0".repeat(12);
    let b = if suites.is_empty() { zeros() } else { hash(suites.join(",")) };
    let end = if signatures.is_empty() { String::new() } else { format!("_{}", hex(signatures).join(",")) };
    let c = if kinds.is_empty() { zeros() } else { hash(kinds.join(",") + &end) };
    format!("t{version}{}{n:02}{m:02}{alpn}_{b}_{c}", if named { 'd' } else { 'i' })
}

/// Why a difference is none to mend.
fn allowed(ours: &Found, theirs: &Found, broken: Option<&str>) -> Option<&'static str> {
    if let (None, Some(_)) = (&ours.client, &theirs.client) {
        // RFC 8446, 4.1.2: the one method that is none must be among them. Servers refuse such a hello.
        return (broken == Some("compression methods")).then_some("hello without compression methods");
    }
    if let (Some(ours), Some(theirs)) = (&ours.client, &theirs.client) {
        // tls-parser reads inside extensions that are stepped over here, and ends its list at one that is mangled.
        let same_head =
            Client { kinds: theirs.kinds.clone(), ja4: theirs.ja4.clone(), ..ours.clone() } == *theirs;
        let shorter =
            ours.kinds.strip_prefix(&theirs.kinds[..]).is_some_and(|rest| rest.first() == Some(&0xffce));
        return (same_head && shorter).then_some("mangled extension of an encrypted name");
    }
    match (&ours.server.leaf, &theirs.server.leaf) {
        _ if ours.server.hello != theirs.server.hello => None,
        // Read as soon as it is whole, theirs when all certificates are.
        (Some(_), None) => Some("leaf of a chain that is cut"),
        (None, Some(leaf)) if leaf.len() < 16 && broken.is_some() => {
            Some("leaf too short for any certificate")
        }
        _ => None,
    }
}

#[derive(Debug, Default)]
struct Compared {
    captures: usize,
    streams: usize,
    hellos: usize,
    glances: usize,
    servers: usize,
    leaves: usize,
    allowed: BTreeMap<&'static str, usize>,
    faults: Vec<String>,
}

impl Compared {
    fn capture(&mut self, path: &Path) {
        self.captures += 1;
        for stream in streams(path) {
            self.stream(&stream.pieces(), path);
        }
    }

    fn stream(&mut self, pieces: &[&[u8]], path: &Path) {
        self.streams += 1;
        let ((ours, broken), theirs) = (ours(pieces), theirs(&pieces.concat()));
        if ours == theirs {
            self.hellos += usize::from(ours.client.is_some());
            self.servers += usize::from(ours.server.hello.is_some());
            self.leaves += usize::from(ours.server.leaf.is_some());
        } else if let Some(why) = allowed(&ours, &theirs, broken) {
            *self.allowed.entry(why).or_default() += 1;
        } else {
            self.faults
                .push(format!("{}: {broken:?}\n  ours   {ours:?}\n  theirs {theirs:?}", path.display()));
        }
        // One look at the first segment.
        if let Some(whole) = &theirs.client {
            let first = pieces[0];
            assert!(looks_like_client(first) || first.len() < 3, "{}", path.display());
            match glance(first) {
                Glance::Whole(hello) if ours.client.is_some() => {
                    assert_eq!(client(&hello), *ours.client.as_ref().unwrap(), "{}", path.display());
                    self.glances += 1;
                }
                Glance::Part { hello } => {
                    assert!(hello.server_name().is_none_or(|n| Some(n.as_bytes()) == whole.name.as_deref()));
                }
                _ => {}
            }
        }
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// Where an archive's captures are, unpacked once.
fn unpacked(archive: &Path, group: &str) -> PathBuf {
    let size = fs::metadata(archive).expect("an archive").len();
    let folder = std::env::temp_dir().join("geophone-captures").join(format!("{group}-{size}"));
    if !folder.exists() {
        let half = folder.with_extension(std::process::id().to_string());
        fs::create_dir_all(&half).expect("a folder");
        let tar = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(&half).status();
        assert!(tar.expect("tar").success(), "{} could not be unpacked", archive.display());
        // Another test may have been faster.
        if fs::rename(&half, &folder).is_err() {
            fs::remove_dir_all(&half).expect("a folder less");
        }
    }
    folder
}

#[test]
fn captures_of_the_project() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures"), &mut all);
    let mut compared = Compared::default();
    all.iter().filter(|path| path.extension().is_some_and(|e| e == "pcap")).for_each(|p| compared.capture(p));
    assert!(compared.captures > 30, "{compared:?}");
    assert!(compared.faults.is_empty(), "{}", compared.faults.join("\n"));
    eprintln!("{compared:?}");
}

#[test]
fn captures_that_are_shared() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("GEOPHONE_SHARED").map_or_else(beside, PathBuf::from).join("captures");
    if !shared.is_dir() {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    }
    let mut compared = Compared::default();
    for group in GROUPS {
        let archive = shared.join(format!("{group}.tar.xz"));
        let mut all = Vec::new();
        files(&unpacked(&archive, group), &mut all);
        all.sort();
        all.iter().for_each(|path| compared.capture(path));
    }
    eprintln!("{compared:?}");
    assert!(compared.faults.is_empty(), "{}\n{}", compared.faults.len(), compared.faults.join("\n"));
    assert!(compared.hellos > 100 && compared.servers > 100 && compared.leaves > 50, "{compared:?}");
}
