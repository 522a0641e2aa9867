//! Capture files in every form that is read, whole, cut and broken; and live interfaces in a network namespace.

#![allow(missing_docs, reason = "tests")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use geophone::capture::{Batch, Error, File, Kind};
use geophone::packet::LinkType;

#[path = "capture/live.rs"]
mod live;

const ETHERNET: u32 = 1;
const FRAMES: usize = 500;

#[test]
fn plain_pcap_in_batches() {
    let file = Temp::new("plain.pcap", &pcap(ETHERNET, FRAMES));
    let mut capture = File::open(file.path(), None).unwrap();
    assert_eq!(capture.link_type(), LinkType::Ethernet);
    assert_eq!(capture.total_bytes(), Some(pcap(ETHERNET, FRAMES).len() as u64));
    assert_eq!(capture.bytes_read(), 24, "the file header");
    let mut times = Vec::new();
    assert_eq!(capture.for_each(Some(0), |_| panic!("none asked for")).unwrap(), Batch::More);
    assert_eq!(capture.for_each(Some(400), |f| times.push(f.time.0)).unwrap(), Batch::More);
    assert_eq!(times.len(), 400);
    assert_eq!(capture.bytes_read(), pcap(ETHERNET, 400).len() as u64);
    assert_eq!(capture.for_each(Some(400), |f| times.push(f.time.0)).unwrap(), Batch::Done);
    assert_eq!(times.len(), FRAMES);
    assert_eq!(times[499], 1_600_000_499_000_007);
    assert_eq!(capture.bytes_read(), capture.total_bytes().unwrap());
    assert_eq!(capture.for_each(None, |_| panic!("nothing is left")).unwrap(), Batch::Done);
}

#[test]
fn batch_that_meets_the_end_exactly() {
    let file = Temp::new("exact.pcap", &pcap(ETHERNET, 8));
    let mut capture = File::open(file.path(), None).unwrap();
    assert_eq!(capture.for_each(Some(8), |_| {}).unwrap(), Batch::More);
    assert_eq!(capture.for_each(Some(8), |_| panic!("none is left")).unwrap(), Batch::Done);
}

#[test]
fn frames_keep_their_lengths() {
    let file = Temp::new("lengths.pcap", &pcap(ETHERNET, 3));
    File::open(file.path(), None)
        .unwrap()
        .for_each(None, |f| {
            assert_eq!((f.data.len(), f.wire_len, f.link), (60, 1060, LinkType::Ethernet));
            assert_eq!(f.data[..2], [2, 0]);
        })
        .unwrap();
}

#[test]
fn packed_by_content_not_by_name() {
    let whole = pcap(ETHERNET, FRAMES);
    for (name, bytes) in [
        ("misnamed-gz.pcap", gzip(&whole)),
        ("two-members.pcap.gz", [gzip(&whole[..777]), gzip(&whole[777..])].concat()),
        ("misnamed-zst.pcap", zstd(&whole)),
        ("frames.zst", [zstd(&whole[..777]), skippable(33), zstd(&whole[777..])].concat()),
        ("skippable-first.zst", [skippable(0), zstd(&whole)].concat()),
        ("plain.gz", whole.clone()),
    ] {
        let file = Temp::new(name, &bytes);
        let (frames, end) = read(file.path());
        assert!(end.is_ok(), "{name}: {end:?}");
        assert_eq!(frames, FRAMES, "{name}");
        let capture = File::open(file.path(), None).unwrap();
        assert_eq!(capture.total_bytes(), Some(bytes.len() as u64), "{name}: packed size");
    }
}

#[test]
fn cut_anywhere_gives_whole_frames_then_a_warning() {
    let whole = pcap(ETHERNET, FRAMES);
    let (record, header) = (76, 24);
    for keep in [header + 1, header + 15, header + 16, header + 75, header + 7 * record + 30, whole.len() - 1]
    {
        let file = Temp::new(&format!("cut-{keep}.pcap"), &whole[..keep]);
        let (frames, end) = read(file.path());
        assert_eq!(frames, (keep - header) / record, "cut at {keep}");
        assert_eq!(end.unwrap_err().kind(), Kind::Truncated, "cut at {keep}");
    }
    let file = Temp::new("cut-between.pcap", &whole[..header + 5 * record]);
    assert!(matches!(read(file.path()), (5, Ok(()))), "a cut between frames cannot be seen");
}

#[test]
fn cut_packing_is_not_swallowed() {
    let whole = pcap(ETHERNET, 20_000);
    for (name, packed) in [("cut.gz", gzip(&whole)), ("cut.zst", zstd(&whole))] {
        for tail in [1, 4, packed.len() / 3] {
            let file = Temp::new(&format!("{tail}-{name}"), &packed[..packed.len() - tail]);
            let (frames, end) = read(file.path());
            let error = end.unwrap_err();
            assert_eq!(error.kind(), Kind::Truncated, "{name} less {tail}: {error}");
            assert!(frames > 1000, "{name} less {tail}: only {frames} frames");
        }
    }
}

#[test]
fn broken_packing_is_not_swallowed() {
    let whole = pcap(ETHERNET, 20_000);
    let mut flipped = gzip(&whole);
    let crc = flipped.len() - 8;
    flipped[crc] ^= 1;
    let mut unsummed = zstd(&whole);
    let sum = unsummed.len() - 1;
    unsummed[sum] ^= 1;
    for (name, bytes) in [
        ("crc.gz", flipped),
        ("checksum.zst", unsummed),
        ("trailing.gz", [gzip(&whole), b"garbage behind the end".to_vec()].concat()),
        ("trailing.zst", [zstd(&whole), b"garbage behind the end".to_vec()].concat()),
    ] {
        let file = Temp::new(name, &bytes);
        let (frames, end) = read(file.path());
        assert_eq!(frames, 20_000, "{name}");
        assert!(matches!(end, Err(Error::Damaged { .. })), "{name}: {end:?}");
    }
}

#[test]
fn a_bad_record_ends_the_file_after_the_good_ones() {
    let mut bytes = pcap(ETHERNET, 10);
    bytes[24 + 76 * 6 + 8..24 + 76 * 6 + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let file = Temp::new("bad-record.pcap", &bytes);
    let (frames, end) = read(file.path());
    assert_eq!(frames, 6);
    assert!(matches!(end, Err(Error::Damaged { .. })), "{end:?}");
}

#[test]
fn inputs_that_are_no_captures() {
    let xz = b"\xfd7zXZ\0 and more".to_vec();
    let inner = gzip(b"this is text, only packed");
    let cut_header = gzip(&pcap(ETHERNET, 1)[..11]);
    let cases = [
        ("empty", Vec::new()),
        ("text", b"hello there, I am a text".to_vec()),
        ("packed.xz", xz),
        ("text.gz", inner),
        ("short-inside.gz", cut_header),
        ("gz-magic-only", vec![0x1f, 0x8b]),
        ("zst-magic-only", vec![0x28, 0xb5, 0x2f, 0xfd]),
    ];
    for (name, bytes) in cases {
        let file = Temp::new(name, &bytes);
        let error = File::open(file.path(), None).err().unwrap_or_else(|| panic!("{name} was opened"));
        assert!(matches!(error, Error::Format { .. }), "{name}: {error:?}");
        assert_eq!(error.kind(), Kind::Input);
        assert!(!error.to_string().contains('\n'));
    }
    for path in ["/nonexistent/x.pcap", "/"] {
        let error = File::open(Path::new(path), None).err().unwrap();
        assert!(matches!(error, Error::Open { .. }), "{path}: {error:?}");
    }
}

#[test]
fn pcapng_of_several_interfaces() {
    for big in [false, true] {
        let two = pcapng(big, &[(1, 96), (1, 262_144)]);
        let file = Temp::new(&format!("two-snaplens-{big}.pcapng"), &two);
        let mut seen = Vec::new();
        let mut capture = File::open(file.path(), None).unwrap();
        assert_eq!(capture.for_each(None, |f| seen.push((f.data.len(), f.time.0))).unwrap(), Batch::Done);
        assert_eq!(
            seen,
            [(101, 5_000_000), (101, 5_000_001)],
            "also where a frame is longer than the snap length"
        );
        assert_eq!(Some(capture.bytes_read()), capture.total_bytes());
        // Two sections, in one gzip stream.
        let joined = gzip(&[two.clone(), pcapng(big, &[(1, 65_535)])].concat());
        let file = Temp::new(&format!("joined-{big}.pcapng.gz"), &joined);
        assert!(matches!(read(file.path()), (3, Ok(()))), "{:?}", read(file.path()));
        // Cut everywhere: the whole frames, and a cut named as one. A section is 28 bytes, an interface 20.
        for keep in 48..two.len() {
            let file = Temp::new(&format!("cut-{big}.pcapng"), &two[..keep]);
            let (frames, end) = read(file.path());
            let ends = [68 + 136, 68 + 136 + 12 + 136];
            assert_eq!(frames, ends.iter().filter(|&&end| end <= keep).count(), "{keep}");
            let between = [48, 68, 68 + 136, 68 + 148, 68 + 148 + 136].contains(&keep);
            assert_eq!(end.err().map(|e| e.kind()), (!between).then_some(Kind::Truncated), "{keep}");
        }
    }
    let mixed = pcapng(false, &[(1, 96), (101, 96)]);
    let file = Temp::new("mixed.pcapng", &mixed);
    let (_, end) = read(file.path());
    assert!(matches!(end, Err(Error::MixedLinks { .. })), "{end:?}");
}

#[test]
fn link_type_that_is_not_read() {
    let file = Temp::new("wifi.pcap", &pcap(105, 1));
    let error = File::open(file.path(), None).err().unwrap();
    assert!(matches!(&error, Error::Link { number: 105, name, .. } if name == "IEEE802_11"), "{error:?}");
    let raw = Temp::new("raw.pcap", &pcap(101, 1));
    assert_eq!(File::open(raw.path(), None).unwrap().link_type(), LinkType::RawIp);
}

#[test]
fn filters_choose_frames_and_keep_batches_small() {
    let file = Temp::new("filtered.pcap", &pcap(ETHERNET, FRAMES));
    let mut capture = File::open(file.path(), Some("ether src 02:00:00:00:00:07")).unwrap();
    let mut hits = 0;
    assert_eq!(capture.for_each(Some(100), |_| hits += 1).unwrap(), Batch::More);
    assert_eq!(hits, 1, "one in 256 matches, and the batch ends all the same");
    assert_eq!(capture.for_each(None, |_| hits += 1).unwrap(), Batch::Done);
    assert_eq!(hits, 2);
    // Frames are 60 bytes of 1060: a filter on the length means the wire's.
    let count = |filter| {
        let mut hits = 0;
        File::open(file.path(), Some(filter)).unwrap().for_each(None, |_| hits += 1).unwrap();
        hits
    };
    assert_eq!(count("greater 1000"), FRAMES);
    assert_eq!(count("less 100"), 0);
    assert_eq!(count(" "), FRAMES);
    let error = File::open(file.path(), Some("no such thing")).err().unwrap();
    assert_eq!(error.kind(), Kind::Filter);
}

#[test]
fn a_panic_in_the_callback_costs_one_frame() {
    let file = Temp::new("panic.pcap", &pcap(ETHERNET, 10));
    let mut capture = File::open(file.path(), None).unwrap();
    let mut seen = 0;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        capture.for_each(None, |_| {
            seen += 1;
            assert!(seen != 4, "the fourth frame is poison");
        })
    }));
    assert!(result.is_err());
    assert_eq!(capture.for_each(None, |_| seen += 1).unwrap(), Batch::Done);
    assert_eq!(seen, 10);
}

#[test]
fn standard_input_and_named_pipes() {
    let whole = pcap(ETHERNET, FRAMES);
    let mut cut = gzip(&whole);
    cut.truncate(cut.len() - 3);
    for (bytes, expected) in [
        (whole.clone(), "500 frames, Ok"),
        (gzip(&whole), "500 frames, Ok"),
        (zstd(&whole), "500 frames, Ok"),
        (cut, "500 frames, Truncated"),
        (b"no capture".to_vec(), "Input"),
        (Vec::new(), "Input"),
    ] {
        let mut child = own_test("stdin_child").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(&bytes); // the child may have refused it already
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(text(&output).contains(&format!("child: {expected}")), "{expected}: {}", text(&output));
    }
    // Redirected from a file, from the middle on: only what follows the offset is read.
    let file = Temp::new("redirected", &[b"prefix".to_vec(), whole].concat());
    let mut stdin = fs::File::open(file.path()).unwrap();
    stdin.read_exact(&mut [0; 6]).unwrap();
    let output = own_test("stdin_child").stdin(stdin).output().unwrap();
    assert!(text(&output).contains("child: 500 frames, Ok"), "{}", text(&output));
}

#[test]
#[ignore = "run by standard_input_and_named_pipes"]
fn stdin_child() {
    match File::open(Path::new("-"), None) {
        Err(error) => println_to_parent(&format!("{:?}", error.kind())),
        Ok(mut capture) => {
            let mut frames = 0;
            let end = capture.for_each(None, |_| frames += 1).map_err(|e| e.kind());
            let end = end.map_or_else(|kind| format!("{kind:?}"), |_| "Ok".to_owned());
            println_to_parent(&format!("{frames} frames, {end}"));
        }
    }
}

#[test]
fn descriptors_and_threads_are_given_back() {
    let held = || ["fd", "task"].map(|what| fs::read_dir(format!("/proc/self/{what}")).unwrap().count());
    let bad = Temp::new("bad.gz", &gzip(&vec![7; 4_000_000]));
    let good = Temp::new("unread.gz", &gzip(&pcap(ETHERNET, 100_000)));
    let before = held();
    for _ in 0..50 {
        assert!(File::open(bad.path(), None).is_err());
        drop(File::open(good.path(), None).unwrap()); // with most of it unread
    }
    // Other tests run beside this one: some slack. A leak would be 50 and more.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let after = held();
    assert!(after[0] < before[0] + 40 && after[1] < before[1] + 40, "{before:?} became {after:?}");
}

fn read(path: &Path) -> (usize, Result<(), Error>) {
    let mut capture = File::open(path, None).unwrap();
    let mut frames = 0;
    loop {
        match capture.for_each(Some(64), |_| frames += 1) {
            Ok(Batch::More) => {}
            Ok(Batch::Done) => return (frames, Ok(())),
            Err(error) => {
                assert_eq!(
                    capture.for_each(None, |_| frames += 1).unwrap(),
                    Batch::Done,
                    "an error comes once"
                );
                return (frames, Err(error));
            }
        }
    }
}

/// Frames of 60 captured bytes out of 1060, whose source address ends in their number.
fn pcap(link: u32, frames: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, link] {
        out.extend_from_slice(&u32::to_le_bytes(word));
    }
    for n in 0..frames {
        for word in [1_600_000_000 + n as u32, 7, 60, 1060] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        let mut frame = [0_u8; 60];
        frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, n as u8, 0x08, 0]);
        // Noise, so that packing does not make it vanish.
        let mut noise = n as u64 | 1;
        for byte in &mut frame[14..] {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (noise >> 56) as u8;
        }
        out.extend_from_slice(&frame);
    }
    out
}

/// A section with these interfaces (link type, snap length) and then a frame of 101 bytes on each.
fn pcapng(big: bool, interfaces: &[(u32, u32)]) -> Vec<u8> {
    let word = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let block = |kind: u32, words: &[u32], data: &[u8]| {
        let length = 12 + 4 * words.len() + data.len();
        let words = [kind, length as u32].into_iter().chain(words.iter().copied()).flat_map(word);
        words.chain(data.iter().copied()).chain(word(length as u32)).collect::<Vec<_>>()
    };
    let version = if big { 0x0001_0000 } else { 1 };
    let mut out = block(0x0a0d_0d0a, &[0x1a2b_3c4d, version, u32::MAX, u32::MAX], &[]);
    for &(link, snaplen) in interfaces {
        out.extend(block(1, &[if big { link << 16 } else { link }, snaplen], &[]));
    }
    for n in 0..interfaces.len() as u32 {
        out.extend(block(6, &[n, 0, 5_000_000 + n, 101, 101], &[0; 104]));
        out.extend(block(0xbad, &[], &[])); // the smallest block, of a kind nobody knows
    }
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn skippable(length: u32) -> Vec<u8> {
    [&[0x53, 0x2a, 0x4d, 0x18], &length.to_le_bytes()[..], &vec![9; length as usize]].concat()
}

/// This test binary, to run one ignored test of it elsewhere.
fn own_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn println_to_parent(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "child: {line}").unwrap();
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

struct Temp(PathBuf);

impl Temp {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("capture-{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
