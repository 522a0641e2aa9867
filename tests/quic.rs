//! Client Initials in published captures: which connections give a whole hello and a server's name, and why the others
//! do not. The captures lie beside the project, in the folder that GEOPHONE_SHARED names; without them nothing is tested.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use geophone::capture::File;
use geophone::packet::{Endpoint, Packet, Proto, decode};
use geophone::wire::quic::{ClientInitial, MIN_DATAGRAM, looks_like_initial};
use tls_parser::{TlsExtension, TlsMessageHandshake};
use tls_parser::{parse_tls_client_hello_extensions, parse_tls_handshake_msg_client_hello};

#[test]
fn published_captures_give_their_names() {
    let shared = env::var_os("GEOPHONE_SHARED").map_or_else(|| beside("shared"), PathBuf::from);
    let Ok(folder) = fs::read_dir(shared.join("captures")) else {
        eprintln!("skipped: no captures in {}", shared.display());
        return;
    };
    let archives = folder.map(|entry| entry.unwrap().path());
    let mut archives: Vec<PathBuf> =
        archives.filter(|path| path.to_string_lossy().ends_with(".tar.xz")).collect();
    archives.sort();
    let mut tally = Tally::default();
    for archive in archives {
        for file in files(&unpacked(&archive)) {
            read(&file, &mut tally);
        }
    }
    tally.print();
    for (file, faults) in &tally.without {
        let explained = EXPLAINED.iter().find(|(name, _)| file.ends_with(name));
        assert!(explained.is_some(), "{file}: {faults:?}");
    }
    assert!(tally.hellos >= 685 && tally.names >= 675, "fewer than there were: {tally:?}");
}

/// Connections without a hello, by the end of the file's name, and why.
const EXPLAINED: [(&str, &str); 6] = [
    ("__quic_cc_ack.pcapng", "two packets of acknowledgement and close: joined after the hello"),
    ("__a7bacea3__quic.pcapng", "one of the hello's two datagrams is not there"),
    ("__arkime_test.pcap", "made by hand: 163 bytes that end before their length"),
    ("__quic_sni.pcap", "made by hand (its id is 11 22 .. 88): the tag does not fit"),
    ("__quic_decry.pcap", "one packet below 1,200 bytes: no keys by the id that is there"),
    ("__quic-mvfst-22_decryption_error.pcap", "joined after the hello: no keys by the id that is there"),
];

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// What all captures come to.
#[derive(Debug, Default)]
struct Tally {
    /// Those with a client's Initial of a version that can be read.
    connections: BTreeMap<u32, usize>,
    hellos: usize,
    names: usize,
    /// Why there is no hello, by file.
    without: BTreeMap<String, Vec<&'static str>>,
    /// Datagrams of versions that cannot be read.
    unsupported: BTreeMap<String, usize>,
}

impl Tally {
    fn print(&self) {
        let connections: usize = self.connections.values().sum();
        eprintln!("{connections} connections, {} hellos, {} names", self.hellos, self.names);
        for (version, count) in &self.connections {
            eprintln!("  version {version:08x}: {count}");
        }
        for (file, faults) in &self.without {
            eprintln!("  no hello: {file}: {}", faults.join(", "));
        }
        for (version, datagrams) in &self.unsupported {
            eprintln!("  not to be read: {version}: {datagrams} datagrams");
        }
    }
}

/// One direction of a pair of endpoints.
#[derive(Default)]
struct Side {
    initial: Option<ClientInitial>,
    /// Why nothing was opened, or what happened last.
    fault: Option<&'static str>,
    version: u32,
}

fn read(path: &Path, tally: &mut Tally) {
    let Ok(mut file) = File::open(path, None) else { return };
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut sides: HashMap<(Endpoint, Endpoint), Side> = HashMap::new();
    let mut order = Vec::new();
    // Damaged files give what stands before the damage.
    let _ = file.for_each(None, |frame| {
        let Ok(packet) = decode(&frame) else { return };
        if packet.proto != Proto::Udp {
            return;
        }
        if let Some(version) = unsupported(packet.payload) {
            *tally.unsupported.entry(version).or_default() += 1;
        }
        let key = (packet.src, packet.dst);
        let answers = sides.get(&(packet.dst, packet.src)).is_some_and(|side| side.initial.is_some());
        if !answers && begins(&packet) {
            let side = sides.entry(key).or_insert_with(|| {
                order.push(key);
                Side::default()
            });
            heed(side, &packet);
        }
    });
    for key in order {
        let answers = sides.get(&(key.1, key.0)).is_some_and(|side| side.initial.is_some());
        if !answers {
            judge(&sides[&key], &name, tally);
        }
    }
}

/// Whether a datagram begins as a client's Initial does on the wire, cut or not; short ones, too.
fn begins(packet: &Packet<'_>) -> bool {
    let mut whole = packet.payload.to_vec();
    whole.resize(whole.len().max(MIN_DATAGRAM), 0);
    looks_like_initial(&whole)
}

fn heed(side: &mut Side, packet: &Packet<'_>) {
    if side.initial.as_ref().is_some_and(|initial| initial.client_hello().is_some()) {
        return;
    }
    let datagram = packet.payload;
    side.version = u32::from_be_bytes(datagram[1..5].try_into().unwrap());
    if side.initial.as_mut().is_some_and(|initial| initial.add(datagram).is_ok()) {
        return;
    }
    match ClientInitial::open(datagram) {
        Ok(initial) => side.initial = Some(initial),
        Err(_) if datagram.len() < packet.payload_len as usize => side.fault = Some("cut by the capture"),
        Err(fault) => side.fault = Some(fault.0),
    }
}

fn judge(side: &Side, file: &str, tally: &mut Tally) {
    *tally.connections.entry(side.version).or_default() += 1;
    match side.initial.as_ref().map(ClientInitial::client_hello) {
        Some(Some(hello)) => {
            tally.hellos += 1;
            tally.names += usize::from(server_name(hello).is_some());
        }
        Some(None) => tally.without.entry(file.to_owned()).or_default().push("incomplete"),
        None => tally.without.entry(file.to_owned()).or_default().push(side.fault.unwrap()),
    }
}

fn server_name(hello: &[u8]) -> Option<String> {
    let (rest, message) = parse_tls_handshake_msg_client_hello(hello).expect("a hello");
    let TlsMessageHandshake::ClientHello(hello) = message else { panic!("no hello") };
    assert!(rest.is_empty(), "the hello's end");
    let (rest, extensions) = parse_tls_client_hello_extensions(hello.ext?).expect("extensions");
    assert!(rest.is_empty(), "the extensions' end");
    extensions.iter().find_map(|extension| match extension {
        TlsExtension::SNI(names) => names.first().and_then(|(_, name)| String::from_utf8(name.to_vec()).ok()),
        _ => None,
    })
}

/// A version that cannot be read, as far as it can be told from chance.
fn unsupported(datagram: &[u8]) -> Option<String> {
    let number = |at: usize| datagram.get(at..)?.first_chunk::<4>().copied();
    let (first, long) = (*datagram.first()?, *datagram.first()? & 0xc0 == 0xc0);
    // Google's own, before its packets took the IETF's form: a flag for the version, another for the id.
    let google = if long { number(1) } else { number(9).filter(|_| first & 0x09 == 0x09) };
    let [family, digits @ ..] = google?;
    let named = matches!(family, b'Q' | b'T') && digits.iter().all(u8::is_ascii_digit);
    let read = long && family == b'T' && matches!(&digits, b"050" | b"051");
    if named && !read {
        return Some(String::from_utf8_lossy(&google?).into_owned());
    }
    // What makes a server name its versions (RFC 9000 §15).
    let greased = google?.iter().all(|byte| byte & 0x0f == 0x0a);
    (long && greased && datagram.len() >= MIN_DATAGRAM).then(|| "greased".to_owned())
}

/// The folder an archive is unpacked to, once.
fn unpacked(archive: &Path) -> PathBuf {
    let about = fs::metadata(archive).unwrap();
    let name = archive.file_name().unwrap().to_string_lossy().replace(".tar.xz", "");
    let folder = env::temp_dir().join(format!("geophone-{name}-{}", about.len()));
    if !folder.exists() {
        let part = env::temp_dir().join(format!("geophone-{name}-{}.part", std::process::id()));
        fs::create_dir_all(&part).unwrap();
        let done = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(&part).status().unwrap();
        assert!(done.success(), "tar could not unpack {}", archive.display());
        // Another run may have been first.
        if fs::rename(&part, &folder).is_err() {
            fs::remove_dir_all(&part).unwrap();
        }
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
