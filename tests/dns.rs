//! Our reading of DNS against simple-dns's: messages built in many forms, and all that captures hold on port 53. For
//! each message that simple-dns takes, the question and all addresses and aliases of the answer section must agree.
//! Captures that are no part of this package lie in `../shared/captures` (or `$GEOPHONE_SHARED/captures`), packed by
//! group; without them only our own are read.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::Command;

use geophone::capture::File;
use geophone::packet::{Endpoint, Packet, Proto, decode};
use geophone::wire::dns::answer::MAX_RECORDS;
use geophone::wire::dns::{Data, Framer, Kind, Message, looks_like};
use simple_dns::rdata::{A, AAAA, CNAME, HTTPS, RData, SVCB};
use simple_dns::{CLASS, Name, Packet as Theirs, QCLASS, QTYPE, Question, ResourceRecord, TYPE};

/// A record as both tell it: owner, TTL, data (empty for types that are not compared).
type Told = (String, u32, String);

/// What was compared.
#[derive(Debug, Default)]
struct Counts {
    compared: u64,
    questions: u64,
    records: u64,
    /// Messages on port 53 that simple-dns does not take, mostly cut ones and what is no DNS.
    refused: u64,
    /// Messages that agree but do not look like one at the first glance.
    overlooked: u64,
    /// Differences that are meant, by reason.
    allowed: BTreeMap<&'static str, u64>,
    faults: Vec<String>,
}

impl Counts {
    fn message(&mut self, origin: &str, bytes: &[u8]) {
        let ours = Message::read(bytes);
        if let Ok(message) = &ours {
            assert!(message.answers().count() <= usize::from(MAX_RECORDS));
        }
        let Ok(theirs) = Theirs::parse(bytes) else {
            self.refused += 1;
            return;
        };
        self.compared += 1;
        self.overlooked += u64::from(!looks_like(bytes));
        let Ok(ours) = ours else {
            return self.differ(origin, bytes, "we refuse it");
        };
        if let Some(question) = theirs.questions.first() {
            self.question(origin, bytes, &ours, question);
        }
        let theirs: Vec<Told> = theirs.answers.iter().take(usize::from(MAX_RECORDS)).map(told).collect();
        let ours: Vec<Told> = ours
            .answers()
            .map(|answer| {
                let data = match &answer.data {
                    Data::Address(address) => address.to_string(),
                    Data::Alias(name) => name.to_string(),
                    Data::Service { .. } | Data::Other(_) => String::new(),
                };
                (answer.name().to_string(), answer.ttl, data)
            })
            .collect();
        self.records += ours.len() as u64;
        if ours != theirs {
            self.differ(origin, bytes, &format!("answers {ours:?} where theirs are {theirs:?}"));
        }
    }

    fn question(&mut self, origin: &str, bytes: &[u8], ours: &Message<'_>, theirs: &Question<'_>) {
        let is_in = theirs.qclass == QCLASS::CLASS(CLASS::IN) && !theirs.unicast_response;
        let theirs = is_in.then(|| (text(&theirs.qname), Kind::from_number(theirs.qtype.into())));
        let ours = ours.question().map(|q| (q.name.to_string(), q.kind));
        self.questions += u64::from(ours.is_some());
        if ours != theirs {
            self.differ(origin, bytes, &format!("question {ours:?} where theirs is {theirs:?}"));
        }
    }

    fn differ(&mut self, origin: &str, bytes: &[u8], what: &str) {
        match allowed(bytes) {
            Some(reason) => *self.allowed.entry(reason).or_default() += 1,
            None => self.faults.push(format!("{origin}: {what}: {bytes:02x?}")),
        }
    }
}

/// Why a message may be read otherwise by them.
fn allowed(bytes: &[u8]) -> Option<&'static str> {
    let opcode = bytes.get(2).map(|flags| flags >> 3 & 15);
    match opcode {
        Some(3 | 7..) => Some("an operation that is not assigned"),
        _ => None,
    }
}

/// A name as ours is told: lower case, empty where a label has a byte that no host's has.
fn text(name: &Name<'_>) -> String {
    let labels: Vec<String> =
        name.as_bytes().map(|label| String::from_utf8_lossy(label).to_ascii_lowercase()).collect();
    let of_host = |label: &String| label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if labels.iter().all(of_host) { labels.join(".") } else { String::new() }
}

fn told(record: &ResourceRecord<'_>) -> Told {
    let data = match &record.rdata {
        _ if record.class != CLASS::IN || record.cache_flush => String::new(),
        RData::A(A { address }) => Ipv4Addr::from_bits(*address).to_string(),
        RData::AAAA(AAAA { address }) => Ipv6Addr::from_bits(*address).to_string(),
        RData::CNAME(CNAME(name)) => text(name),
        _ => String::new(),
    };
    // A TTL with the first bit set counts as none (RFC 2181 §8).
    let ttl = if record.ttl >> 31 == 0 { record.ttl } else { 0 };
    (text(&record.name), ttl, data)
}

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn name(&mut self) -> Name<'static> {
        const LABELS: [&str; 8] = ["pool", "XMR", "eu-1", "_tcp", "example", "com", "a", "deep.label"];
        let last = if self.below(20) == 0 { 8 } else { 7 };
        let labels: Vec<_> = (0..=self.below(5))
            .map(|_| simple_dns::Label::new_unchecked(LABELS[self.below(last) as usize].as_bytes()))
            .collect();
        Name::new_with_labels(&labels)
    }

    fn record(&mut self) -> ResourceRecord<'static> {
        let data = match self.below(5) {
            0 => RData::A(A { address: self.below(1 << 31) as u32 }),
            1 => RData::AAAA(AAAA { address: u128::from(self.below(1 << 31)) << 90 }),
            2 => RData::CNAME(CNAME(self.name())),
            3 => {
                let mut service = SVCB::new(1, self.name());
                service.set_ipv4hint(&[0xc000_0201]);
                RData::HTTPS(HTTPS(service))
            }
            _ => RData::NS(self.name().into()),
        };
        ResourceRecord::new(self.name(), CLASS::IN, self.below(1 << 31) as u32, data)
    }
}

#[test]
fn built_messages_agree() {
    let (mut numbers, mut counts) = (Numbers(7), Counts::default());
    for id in 0..4000 {
        let mut message = if id % 4 == 0 { Theirs::new_query(id) } else { Theirs::new_reply(id) };
        let kinds = [TYPE::A, TYPE::AAAA, TYPE::CNAME, TYPE::HTTPS, TYPE::TXT];
        let kind = QTYPE::TYPE(kinds[numbers.below(5) as usize]);
        if numbers.below(8) > 0 {
            message.questions.push(Question::new(numbers.name(), kind, QCLASS::CLASS(CLASS::IN), false));
        }
        for _ in 0..if id % 4 == 0 { 0 } else { numbers.below(9) } {
            message.answers.push(numbers.record());
            message.name_servers.push(numbers.record());
        }
        let plain = message.build_bytes_vec().expect("a message");
        let packed = message.build_bytes_vec_compressed().expect("a message");
        assert!(packed.len() <= plain.len());
        for bytes in [plain, packed] {
            let has_content = !message.questions.is_empty() || !message.answers.is_empty();
            assert_eq!(looks_like(&bytes), has_content, "{bytes:02x?}");
            counts.message("built", &bytes);
        }
    }
    eprintln!("{counts:?}");
    assert!(counts.faults.is_empty(), "{}", counts.faults.join("\n"));
    assert_eq!((counts.compared, counts.refused), (8000, 0));
    assert!(counts.questions > 6000 && counts.records > 20_000 && counts.allowed.is_empty());
}

/// A direction of a TCP connection on port 53, its segments taken as they come.
#[derive(Default)]
struct Direction {
    framer: Framer,
    next: Option<u32>,
}

impl Direction {
    fn segment(&mut self, packet: &Packet<'_>, each: impl FnMut(&[u8])) {
        if packet.tcp.syn {
            *self = Self { framer: Framer::new(), next: Some(packet.tcp.seq.wrapping_add(1)) };
        }
        if packet.payload.is_empty()
            || self.next.is_some_and(|next| next.wrapping_sub(packet.tcp.seq) as i32 > 0)
        {
            return;
        }
        let is_cut = (packet.payload.len() as u32) < packet.payload_len;
        if self.next != Some(packet.tcp.seq) {
            self.framer.resync();
        }
        self.next = Some(packet.tcp.seq.wrapping_add(packet.payload_len));
        self.framer.feed(packet.payload, 65_535, each);
        if is_cut {
            self.framer.resync();
        }
    }
}

/// Compares all that a capture holds.
fn compare(path: &Path, counts: &mut Counts) {
    // What cannot be opened, or ends in a fault, was made to be so: its frames up to there count.
    let Ok(mut file) = File::open(path, None) else { return };
    let origin = path.display().to_string();
    let mut directions: HashMap<(Endpoint, Endpoint), Direction> = HashMap::new();
    let _ = file.for_each(None, |frame| {
        let Ok(packet) = decode(&frame) else { return };
        if packet.src.port != 53 && packet.dst.port != 53 {
            return;
        }
        match packet.proto {
            Proto::Udp => counts.message(&origin, packet.payload),
            Proto::Tcp => {
                let direction = directions.entry((packet.src, packet.dst)).or_default();
                direction.segment(&packet, |message| counts.message(&origin, message));
            }
        }
    });
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut inside: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    inside.sort();
    for path in inside {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_none_or(|kind| kind != "jsonl" && kind != "md") {
            found.push(path);
        }
    }
}

/// The folder of an archive's captures, unpacked once: another archive has another size.
fn unpacked(archive: &Path) -> PathBuf {
    let name = archive.file_name().expect("a name").to_string_lossy().replace(".tar.xz", "");
    let size = fs::metadata(archive).expect("an archive").len();
    let folder = std::env::temp_dir().join(format!("geophone-captures-{name}-{size}"));
    if !folder.exists() {
        let partial = folder.with_extension(std::process::id().to_string());
        fs::create_dir_all(&partial).expect("a folder");
        let done = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(&partial).status();
        assert!(done.expect("tar").success(), "{}", archive.display());
        // Who unpacked it meanwhile was as good.
        if fs::rename(&partial, &folder).is_err() {
            fs::remove_dir_all(&partial).expect("our own folder");
        }
    }
    folder
}

fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("GEOPHONE_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    Some(shared.join("captures")).filter(|folder| folder.is_dir())
}

#[test]
fn captured_messages_agree() {
    let mut captures = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures"), &mut captures);
    let shared = shared();
    match &shared {
        Some(folder) => {
            let mut archives = Vec::new();
            files(folder, &mut archives);
            archives.retain(|path| path.to_string_lossy().ends_with(".tar.xz"));
            assert!(!archives.is_empty(), "no archive in {}", folder.display());
            for archive in archives {
                files(&unpacked(&archive), &mut captures);
            }
        }
        None => eprintln!("shared captures are not here: only our own are compared"),
    }
    let mut counts = Counts::default();
    for path in &captures {
        compare(path, &mut counts);
    }
    let Counts { compared, questions, records, refused, overlooked, allowed, faults } = &counts;
    eprintln!(
        "{} captures: {compared} messages compared ({questions} questions, {records} records), {refused} refused by \
         simple-dns, {overlooked} overlooked, allowed {allowed:?}",
        captures.len()
    );
    assert!(faults.is_empty(), "{} differ\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    assert!(*overlooked * 100 <= *compared, "{overlooked} of {compared} are overlooked");
    assert!(shared.is_none() || *compared > 1000, "there is more DNS than {compared} messages in them");
}
