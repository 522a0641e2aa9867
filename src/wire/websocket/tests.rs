use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::inflate::{FREE, RATIO};
use super::*;

const LIMITS: Limits = Limits { max_message: 1 << 16 };

/// A browser miner's conversation, and what a relay answers.
const MINING: [&str; 16] = [
    r#"{"type":"auth","params":{"version":7,"site_key":"LkYz8vWn4SxQ0pJtB2uRc6eHd1aMgF3K","type":"anonymous","user":null,"goal":0}}"#,
    r#"{"type":"authed","params":{"token":"","hashes":0}}"#,
    r#"{"type":"job","params":{"job_id":"142857001","blob":"0707c8e0a5d3057ac1ff0d2be4a11d61ce8f42d04ae7d4b3e55f7c9ad00000000f2b1","target":"ffffff00"}}"#,
    r#"{"type":"submit","params":{"version":7,"job_id":"142857001","nonce":"a40c00e1","result":"5bd91c1f5e77a1c6d9c20e4f17b0a3390d1ac2e1fd87b36a4e20c5d9f2a10000"}}"#,
    r#"{"type":"hash_accepted","params":{"hashes":256}}"#,
    r#"{"type":"job","params":{"job_id":"142857002","blob":"0707d9e0a5d3057ac1ff0d2be4a11d61ce8f42d04ae7d4b3e55f7c9ad00000000c3d2","target":"ffffff00"}}"#,
    r#"{"type":"submit","params":{"version":7,"job_id":"142857002","nonce":"0d1100e1","result":"77a1c6d9c20e4f17b0a3390d1ac2e1fd87b36a4e20c5d9f2a15bd91c1f5e0000"}}"#,
    r#"{"type":"hash_accepted","params":{"hashes":512}}"#,
    r#"{"type":"error","params":{"error":"invalid_site_key"}}"#,
    r#"{"type":"banned","params":{"banned":600}}"#,
    r#"{"type":"verify","params":{"verify_id":"9","nonce":"0d1100e1","result":"77a1c6d9","blob":"0707d9e0"}}"#,
    r#"{"type":"verified","params":{"verify_id":"9","verified":true,"result":"77a1c6d9"}}"#,
    r#"{"identifier":"handshake","pool":"moneroocean.stream","login":"4AdUndXHHZ","password":"x","userid":"","version":7}"#,
    r#"{"identifier":"job","job_id":"17","algo":"cn","variant":1,"height":0,"blob":"0707","target":"2d430000"}"#,
    r#"{"identifier":"solved","job_id":"17","nonce":"a40c00e1","result":"5bd91c1f"}"#,
    r#"42["start",{"client":"web","version":"1","stratum":{"server":"p.example","port":3333,"worker":"w"},"algo":"cwm_yespower"}]"#,
];

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut out = vec![first];
    match payload.len() {
        n @ 0..=125 => out.push(bit | n as u8),
        n @ 126..=0xffff => {
            out.push(bit | 126);
            out.extend((n as u16).to_be_bytes());
        }
        n => {
            out.push(bit | 127);
            out.extend((n as u64).to_be_bytes());
        }
    }
    out.extend(mask.iter().flatten());
    let key = mask.unwrap_or_default();
    out.extend(payload.iter().enumerate().map(|(i, b)| b ^ key[i % 4]));
    out
}

fn pack(deflate: &mut Compress, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1024);
    deflate.compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

fn deflater() -> Compress {
    Compress::new(Compression::default(), false)
}

fn feed(framer: &mut Framer, piece: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    framer.feed(piece, &LIMITS, |m| {
        out.push(match m {
            Message::Text(t) => String::from_utf8_lossy(t).into_owned(),
            Message::Binary(b) => format!("binary {b:02x?}"),
            other => format!("{other:?}").to_lowercase(),
        });
    });
    out
}

fn hex(text: &str) -> Vec<u8> {
    text.split(' ').map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

/// RFC 6455, section 5.7.
#[test]
fn examples_of_the_standard() {
    assert_eq!(feed(&mut Framer::plain(), &hex("81 05 48 65 6c 6c 6f")), ["Hello"]);
    assert_eq!(feed(&mut Framer::plain(), &hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")), ["Hello"]);
    assert_eq!(feed(&mut Framer::plain(), &hex("01 03 48 65 6c 80 02 6c 6f")), ["Hello"]);
    assert_eq!(
        feed(&mut Framer::plain(), &hex("01 03 48 65 6c 89 05 48 65 6c 6c 6f 80 02 6c 6f")),
        ["Hello"]
    );
    assert!(feed(&mut Framer::plain(), &hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")).is_empty());
    for len in [256, 65_536] {
        let mut bytes = hex(if len == 256 { "82 7e 01 00" } else { "82 7f 00 00 00 00 00 01 00 00" });
        bytes.resize(bytes.len() + len, 7);
        let mut got = 0;
        Framer::plain().feed(&bytes, &LIMITS, |m| got += usize::from(m == Message::Binary(&vec![7; len])));
        assert_eq!(got, 1, "{len}");
    }
}

/// RFC 7692, section 7.2.3.
#[test]
fn compressed_examples_of_the_standard() {
    let one = hex("c1 07 f2 48 cd c9 c9 07 00");
    let again = hex("c1 05 f2 00 11 00 00");
    for (what, bytes) in [
        ("one block", one.clone()),
        ("two fragments", hex("41 03 f2 48 cd 80 04 c9 c9 07 00")),
        ("stored", hex("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00")),
        ("BFINAL", hex("c1 08 f3 48 cd c9 c9 07 00 00")),
        ("two blocks", hex("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00")),
    ] {
        assert_eq!(feed(&mut Framer::with_deflate(Deflate::default()), &bytes), ["Hello"], "{what}");
    }
    assert_eq!(feed(&mut Framer::with_deflate(Deflate::default()), &hex("c1 01 00")), [""]);

    let mut taken_over = Framer::with_deflate(Deflate::default());
    assert_eq!(feed(&mut taken_over, &[&one[..], &again, &one].concat()), ["Hello", "Hello", "Hello"]);
    assert!(!taken_over.is_resynchronised() && taken_over.buffered() <= 1 << 15);
    let mut fresh = Framer::with_deflate(Deflate { no_context_takeover: true, window_bits: 15 });
    assert_eq!(feed(&mut fresh, &[&one[..], &again, &one].concat()), ["Hello", "undecodable", "Hello"]);
    assert_eq!(fresh.buffered(), 0);
    let mut bfinal = Framer::with_deflate(Deflate::default());
    let twice = [hex("c1 08 f3 48 cd c9 c9 07 00 00"), again].concat();
    assert_eq!(feed(&mut bfinal, &twice), ["Hello", "Hello"], "history goes on behind BFINAL");
}

#[test]
fn impossible_frames_are_broken() {
    for bytes in [
        "91 01 61",                            // RSV3
        "a1 01 61",                            // RSV2
        "83 01 61",                            // reserved opcode
        "8b 00",                               // reserved control opcode
        "c1 01 61",                            // RSV1 without extension
        "80 01 61",                            // continuation of nothing
        "01 01 61 81 01 61",                   // a message in a message
        "09 00",                               // fragmented ping
        "89 7e 00 7e",                         // long ping
        "81 7e 00 7d",                         // not the shortest length
        "81 7f 00 00 00 00 00 00 ff ff",       // neither
        "81 7f 80 00 00 00 00 00 00 00",       // the highest bit
        "81 7f 00 00 01 00 00 00 00 00",       // a terabyte
        "89 00 81 85 37 fa 21 3d 7f 9f 4d 51", // masked after unmasked
    ] {
        let bytes = hex(bytes);
        let mut framer = Framer::plain();
        assert_eq!(feed(&mut framer, &bytes), ["broken"], "{bytes:02x?}");
        assert!(framer.is_lost() && framer.buffered() == 0);
        assert_eq!(feed(&mut framer, &frame(0x81, None, b"{\"a\":1}")), ["{\"a\":1}"]);
        for cut in 1..bytes.len() {
            let cut_short = feed(&mut Framer::plain(), &bytes[..cut]);
            assert!(cut_short.is_empty() || cut_short == ["broken"]);
        }
    }
    let mut compressed = Framer::with_deflate(Deflate::default());
    assert_eq!(feed(&mut compressed, &hex("41 01 f2 c0 01 48")), ["broken"], "RSV1 on a continuation");
}

#[test]
fn nothing_follows_a_close() {
    let mut framer = Framer::plain();
    let bytes = [frame(0x81, None, b"a"), frame(0x88, None, &[3, 232]), frame(0x81, None, b"b")].concat();
    assert_eq!(feed(&mut framer, &bytes), ["a", "close"]);
    assert!(framer.is_closed());
    assert!(feed(&mut framer, &bytes).is_empty());
}

#[test]
fn mining_survives_masks_and_compression() {
    for (mask, takeover) in [(None, true), (None, false), (Some(KEY), true), (Some(KEY), false)] {
        let mut deflate = deflater();
        let settings = Deflate { no_context_takeover: !takeover, window_bits: 15 };
        let mut framer = Framer::with_deflate(settings);
        for text in MINING {
            if !takeover {
                deflate.reset();
            }
            let bytes = frame(0xc1, mask, &pack(&mut deflate, text.as_bytes()));
            assert_eq!(feed(&mut framer, &bytes), [text], "{mask:?} {takeover}");
            assert_eq!(
                feed(&mut framer, &frame(0x81, mask, text.as_bytes())),
                [text],
                "uncompressed in between"
            );
        }
    }
}

#[test]
fn a_missing_history_is_said_and_found_again() {
    let mut deflate = deflater();
    let mut packed = |text: &str| frame(0xc1, None, &pack(&mut deflate, text.as_bytes()));
    let missed: Vec<Vec<u8>> = MINING[..4].iter().map(|m| packed(m)).collect();
    let mut framer = Framer::default();
    assert_eq!(feed(&mut framer, &packed(MINING[5])), ["undecodable"]);
    assert!(!framer.is_resynchronised());
    // Bytes that nothing before resembles are sent as literals; the next ones refer to them alone.
    assert_eq!(feed(&mut framer, &packed("~^&%$#@!")), ["~^&%$#@!"]);
    assert!(framer.is_resynchronised());
    assert_eq!(feed(&mut framer, &packed("~^&%$#@!~^&%$#@!")), ["~^&%$#@!~^&%$#@!"]);
    // A hole: history is gone again, whatever was known before.
    let mut framer = Framer::with_deflate(Deflate::default());
    assert_eq!(feed(&mut framer, &missed.concat()), MINING[..4]);
    framer.resync();
    assert!(framer.is_lost() && framer.buffered() == 0);
    assert_eq!(feed(&mut framer, &packed(MINING[7])), ["undecodable"]);
    // A sender that begins afresh comes back.
    let fresh = frame(0xc1, None, &pack(&mut deflater(), MINING[0].as_bytes()));
    assert_eq!(feed(&mut framer, &fresh), [MINING[0]]);
    assert!(framer.is_resynchronised());
}

/// A reference to unseen history must never come out as zeros or as anything else.
#[test]
fn no_text_is_made_up() {
    for skipped in 1..MINING.len() {
        let mut deflate = deflater();
        let frames: Vec<_> =
            MINING.iter().map(|m| frame(0xc1, None, &pack(&mut deflate, m.as_bytes()))).collect();
        let mut framer = Framer::default();
        for (bytes, text) in frames.iter().zip(MINING).skip(skipped) {
            for got in feed(&mut framer, bytes) {
                assert!(got == text || got == "undecodable", "{got}");
            }
        }
    }
}

/// What a failed message would have added is unknown, and with it what later distances mean.
#[test]
fn a_failed_message_takes_the_history_with_it() {
    for failed in 1..MINING.len() {
        let mut deflate = deflater();
        let mut framer = Framer::with_deflate(Deflate::default());
        let mut all = Vec::new();
        for (n, text) in MINING.iter().enumerate() {
            let packed = pack(&mut deflate, text.as_bytes());
            let bytes = frame(0xc1, None, if n == failed { b"\x06" } else { &packed });
            let got = feed(&mut framer, &bytes);
            assert!(got == ["undecodable"] || n != failed && got == [*text], "{failed} {n} {got:?}");
            all.extend(got);
        }
        assert!(failed > 6 || all[failed + 1] == "undecodable", "{failed}");
    }
}

#[test]
fn long_histories_slide() {
    let mut deflate = deflater();
    let mut framer = Framer::with_deflate(Deflate::default());
    let mut seed = 1u32;
    for n in 0..40 {
        let noise: String = (0..3000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from(b'0' + (seed >> 28) as u8)
            })
            .collect();
        let text = format!("{}{noise}{n}", MINING[n % 16]);
        let bytes = frame(0xc1, Some(KEY), &pack(&mut deflate, text.as_bytes()));
        assert_eq!(feed(&mut framer, &bytes), [text]);
        assert!(framer.buffered() <= 1 << 15);
    }
}

#[test]
fn bombs_are_bounded() {
    let limits = Limits { max_message: 1 << 20 };
    for (zeros, overlong) in [(4000, false), (4 << 20, true), (300_000, true), (FREE, false)] {
        let packed = pack(&mut deflater(), &vec![b' '; zeros]);
        assert_eq!(packed.len() * RATIO + FREE < zeros, overlong, "{zeros}");
        let mut framer = Framer::with_deflate(Deflate::default());
        let mut got = Vec::new();
        framer.feed(&frame(0xc1, None, &packed), &limits, |m| {
            got.push(match m {
                Message::Overlong => 0,
                Message::Text(t) => t.len(),
                _ => usize::MAX,
            });
        });
        assert_eq!(got, [if overlong { 0 } else { zeros }]);
        assert!(framer.buffered() <= 1 << 15);
        if overlong {
            assert_eq!(feed(&mut framer, &frame(0xc1, None, &pack(&mut deflater(), b"{}"))), ["{}"]);
        }
    }
}

#[test]
fn overlong_messages_are_skipped_by_count() {
    let long = vec![b'x'; LIMITS.max_message + 1];
    let fragments: Vec<u8> =
        [frame(0x01, Some(KEY), &long[..40_000]), frame(0x80, Some(KEY), &long[40_000..])].concat();
    for bytes in [frame(0x81, Some(KEY), &long), fragments] {
        let bytes = [bytes, frame(0x89, Some(KEY), b"p"), frame(0x81, Some(KEY), b"next")].concat();
        for size in [1, 1448, bytes.len()] {
            let mut framer = Framer::plain();
            let mut got = Vec::new();
            for piece in bytes.chunks(size) {
                got.extend(feed(&mut framer, piece));
                assert!(framer.buffered() <= LIMITS.max_message);
            }
            assert_eq!(got, ["overlong", "next"], "{size}");
        }
    }
    let mut claims = Framer::plain();
    assert!(feed(&mut claims, &hex("82 7f 00 00 00 00 00 01 00 00 61")).is_empty());
    assert!(claims.buffered() < 64, "a claimed length reserves nothing");
}

#[test]
fn frames_are_recognised_from_their_own_bytes() {
    let looks = |bytes: &[u8]| looks_like_frame(bytes).is_some();
    let job = MINING[2].as_bytes();
    for mask in [None, Some(KEY)] {
        let one = frame(0x81, mask, job);
        let found = looks_like_frame(&one).unwrap();
        assert!(found.whole && found.fits && found.header.mask == mask);
        assert!(
            looks(&[one.clone(), frame(0x8a, mask, b""), frame(0x82, mask, &[0; 9])].concat()),
            "a chain"
        );
        assert!(looks(&one[..100]), "a cut frame with JSON in it");
        assert!(!looks_like_frame(&one[..100]).unwrap().fits);
        assert!(looks(&frame(0x82, mask, &[0, 1, 2])), "binary that fits");
        assert!(!looks(&frame(0x82, mask, &[0, 1, 2])[..4]) && !looks(&frame(0x81, mask, b"hello")[..5]));
        assert!(!looks(&frame(0x81, mask, &[0, 1, 2])), "text is text");
        assert!(!looks(&[one.clone(), vec![0xff, 0xff]].concat()), "a chain that breaks");
        let packed = frame(0xc1, mask, &pack(&mut deflater(), job));
        assert!(looks(&packed) && looks(&packed[..packed.len() - 3]));
        let mut buffer = [0; 40];
        assert_eq!(first_text(&packed, &mut buffer), Some(&job[..40]));
        assert_eq!(first_text(&one, &mut buffer), Some(&job[..40]));
        assert_eq!(first_text(&frame(0x81, mask, b"{}"), &mut buffer), Some(&b"{}"[..]));
        let mut wide = [0; 512];
        assert_eq!(first_text(&packed, &mut wide), Some(job), "to the end of a whole message");
        assert!(
            first_text(&packed[..packed.len() / 2], &mut wide)
                .is_some_and(|t| job.starts_with(t) && t.len() > 9)
        );
    }
    assert!(looks(&frame(0x81, None, MINING[15].as_bytes())[..50]), "socket.io");
    for benign in
        [&b"GET / HTTP/1.1\r\n"[..], b"{\"id\":1}\n", b"", b"\x81", b"\x81\x00", b"\x16\x03\x01\x02\x00"]
    {
        assert!(!looks(benign) && first_text(benign, &mut [0; 16]).is_none_or(<[u8]>::is_empty));
    }
    let mut found = Framer::default();
    assert!(feed(&mut found, &frame(0x81, None, job)[50..]).is_empty() && found.is_lost());
    assert_eq!(feed(&mut found, &frame(0x81, None, job)), [MINING[2]]);
}

#[test]
fn negotiation_is_read_as_written() {
    let of = Deflate::negotiated;
    let plain = Deflate::default();
    let bits = |window_bits| Deflate { window_bits, ..plain };
    let fresh = Deflate { no_context_takeover: true, ..plain };
    assert_eq!(of("permessage-deflate"), Some((plain, plain)));
    assert_eq!(of(" permessage-deflate ; server_no_context_takeover"), Some((plain, fresh)));
    assert_eq!(of("permessage-deflate;client_no_context_takeover"), Some((fresh, plain)));
    assert_eq!(
        of("permessage-deflate; client_max_window_bits=8; server_max_window_bits=\"10\""),
        Some((bits(8), bits(10)))
    );
    assert_eq!(of("permessage-deflate; server_max_window_bits = 15"), Some((plain, bits(15))));
    for wrong in [
        "",
        "x-webkit-deflate-frame",
        "permessage-deflate, permessage-deflate",
        "permessage-bzip2, permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=1",
        "permessage-deflate; server_max_window_bits=1+5",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
        "permessage-deflate; unknown",
        "permessage-deflate; client_unknown",
        "permessage-deflate;",
    ] {
        assert_eq!(of(wrong), None, "{wrong}");
    }
}

/// A direction of mixed frames: compressed, fragmented, with control frames in between, and one too long.
fn mixed(mask: Option<[u8; 4]>, chosen: &[(u8, usize)]) -> Vec<u8> {
    let mut deflate = deflater();
    let mut out = Vec::new();
    for (kind, n) in chosen {
        let text = MINING[n % 16].as_bytes();
        match kind % 6 {
            0 => out.extend(frame(0x81, mask, text)),
            1 => out.extend(frame(0xc1, mask, &pack(&mut deflate, text))),
            2 => {
                let packed = pack(&mut deflate, text);
                let (a, b) = packed.split_at(n % packed.len());
                out.extend([frame(0x41, mask, a), frame(0x89, mask, b"?"), frame(0x80, mask, b)].concat());
            }
            3 => {
                let (a, b) = text.split_at(n % text.len());
                out.extend([frame(0x02, mask, a), frame(0x00, mask, b""), frame(0x80, mask, b)].concat());
            }
            4 => out.extend(frame(0x8a, mask, &text[..n % 40])),
            _ => out.extend(frame(0xc1, mask, &vec![b'x'; 66_000])),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_gives_the_same_messages(
        chosen in prop::collection::vec((0u8..6, 0usize..1000), 1..12),
        masked: bool,
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let bytes = mixed(masked.then_some(KEY), &chosen);
        let whole = feed(&mut Framer::with_deflate(Deflate::default()), &bytes);
        let told = chosen.iter().filter(|(kind, _)| *kind != 4).count();
        prop_assert_eq!(whole.len(), told);
        prop_assert!(!whole.iter().any(|m| m == "broken"));
        cuts.sort_by_key(|c| c.index(bytes.len()));
        let mut framer = Framer::with_deflate(Deflate::default());
        let (mut pieces, mut from) = (Vec::new(), 0);
        for at in cuts.iter().map(|c| c.index(bytes.len())).chain([bytes.len()]) {
            pieces.extend(feed(&mut framer, &bytes[from..at]));
            from = at;
        }
        prop_assert_eq!(&pieces, &whole);
        prop_assert!(framer.is_between());
    }

    #[test]
    fn arbitrary_bytes_stay_bounded(
        first in prop::sample::select(vec![0x81u8, 0x82, 0xc1, 0xc2, 0x01, 0x41, 0x00]),
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20),
    ) {
        let limits = Limits { max_message: 1000 };
        for mut framer in [Framer::default(), Framer::plain(), Framer::with_deflate(Deflate::default())] {
            for piece in &pieces {
                let mut bytes = vec![first];
                bytes.extend(piece);
                for bytes in [&bytes, piece] {
                    framer.feed(bytes, &limits, |m| {
                        if let Message::Text(t) | Message::Binary(t) = m {
                            assert!(t.len() <= limits.max_message);
                        }
                    });
                    assert!(framer.buffered() <= limits.max_message + (1 << 15));
                    looks_like_frame(bytes);
                    first_text(bytes, &mut [0; 100]);
                }
            }
        }
    }

    /// One wrong bit in a compressed stream: never a panic, never more than the bound, and frames stay in step.
    #[test]
    fn wrong_bits_in_compressed_messages(at: prop::sample::Index, bit in 0u8..8, n in 0usize..16) {
        let mut packed = pack(&mut deflater(), MINING[n].as_bytes());
        let at = at.index(packed.len());
        packed[at] ^= 1 << bit;
        let bytes = [frame(0xc1, None, &packed), frame(0x81, None, b"next")].concat();
        let got = feed(&mut Framer::with_deflate(Deflate::default()), &bytes);
        prop_assert_eq!(got.len(), 2);
        prop_assert_eq!(&got[1], "next");
    }
}
