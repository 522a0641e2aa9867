use super::*;

const MAGICS: [(Network, [u8; 4]); 11] = [
    (Network::Bitcoin, [0xf9, 0xbe, 0xb4, 0xd9]),
    (Network::BitcoinCash, [0xe3, 0xe1, 0xf3, 0xe8]),
    (Network::BitcoinRegtest, [0xfa, 0xbf, 0xb5, 0xda]),
    (Network::BitcoinSignet, [0x0a, 0x03, 0xcf, 0x40]),
    (Network::BitcoinTestnet3, [0x0b, 0x11, 0x09, 0x07]),
    (Network::BitcoinTestnet4, [0x1c, 0x16, 0x3f, 0x28]),
    (Network::Dash, [0xbf, 0x0c, 0x6b, 0xbd]),
    (Network::Dogecoin, [0xc0, 0xc0, 0xc0, 0xc0]),
    (Network::Litecoin, [0xfb, 0xc0, 0xb6, 0xdb]),
    (Network::Ravencoin, *b"RAVN"),
    (Network::Zcash, [0x24, 0xe9, 0x27, 0x64]),
];

fn version(magic: [u8; 4], length: u32) -> Vec<u8> {
    let mut bytes = [&magic[..], VERSION, &length.to_le_bytes(), &[0x39, 0x9e, 0xca, 0xb1]].concat();
    bytes.extend(0..102);
    bytes
}

fn handshake(length: u64, expects: u8, command: u32, flags: u32) -> Vec<u8> {
    let mut bytes = [&LEVIN[..], &length.to_le_bytes(), &[expects]].concat();
    for field in [command, expects.into(), flags, 1] {
        bytes.extend_from_slice(&field.to_le_bytes());
    }
    bytes.extend_from_slice(&[0x01, 0x11, 0x01, 0x01, 0x01, 0x01, 0x02, 0x01, 0x01]);
    bytes
}

#[test]
fn each_network_says_hello() {
    for (network, magic) in MAGICS {
        assert_eq!(opening(&version(magic, 102)), Some(network));
        assert_eq!(opening(&version(magic, 102)[..24]), Some(network), "a header alone");
    }
    assert_eq!(opening(&handshake(226, 1, 1001, 1)), Some(Network::Monero));
    assert_eq!(opening(&handshake(9000, 0, 1001, 2)), Some(Network::Monero), "the answer");
}

#[test]
fn headers_cut_short_are_none() {
    for (whole, header) in [(version(MAGICS[0].1, 102), 24), (handshake(226, 1, 1001, 1), 33)] {
        for cut in 0..whole.len() {
            assert_eq!(opening(&whole[..cut]).is_some(), cut >= header, "{cut}");
        }
    }
}

#[test]
fn later_messages_do_not_count() {
    for command in [b"verack\0\0\0\0\0\0", b"ping\0\0\0\0\0\0\0\0", b"version\0xxxx", b"versions\0\0\0\0"] {
        let mut bytes = version(MAGICS[0].1, 102);
        bytes[4..16].copy_from_slice(command);
        assert_eq!(opening(&bytes), None);
    }
    for (expects, command, flags) in
        [(1, 1002, 1), (0, 2002, 1), (1, 1003, 1), (1, 1001, 2), (0, 1001, 0), (2, 1001, 1)]
    {
        assert_eq!(opening(&handshake(226, expects, command, flags)), None, "{command} {flags}");
    }
}

#[test]
fn impossible_lengths_and_unknown_magics() {
    for length in [0, 84, 401, 1 << 20, u32::MAX] {
        assert_eq!(opening(&version(MAGICS[0].1, length)), None, "{length}");
    }
    for length in [0, 31, (1 << 18) + 1, u64::MAX] {
        assert_eq!(opening(&handshake(length, 1, 1001, 1)), None, "{length}");
    }
    assert_eq!(opening(&version([0xf9, 0xbe, 0xb4, 0xd8], 102)), None);
    let mut other = handshake(226, 1, 1001, 1);
    other[7] = 2;
    assert_eq!(opening(&other), None);
}

/// What a first look lets through is what begins a magic, and nothing else.
#[test]
fn first_bytes_are_those_of_the_magics() {
    let mut bytes: Vec<u8> = MAGICS.iter().map(|(_, magic)| magic[0]).chain([LEVIN[0]]).collect();
    bytes.sort_unstable();
    bytes.dedup();
    assert_eq!(bytes, FIRST_BYTES);
}

#[test]
fn names_are_in_order_and_each_has_a_magic() {
    let names = Network::ALL.map(Network::name);
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for (at, network) in Network::ALL.into_iter().enumerate() {
        assert_eq!(network as usize, at);
        assert!(network == Network::Monero || MAGICS.iter().any(|(n, _)| *n == network), "{network:?}");
    }
}

/// The schema is strict: a network that it does not name would make `stats` events invalid.
#[test]
fn the_schema_names_each_network() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/eve.schema.json")).expect("JSON");
    let counters = "/$defs/stats/properties/stats/properties/engine/properties/coin_networks";
    let counters = schema.pointer(counters).expect("the counters");
    let properties = counters["properties"].as_object().expect("properties");
    assert!(properties.keys().eq(Network::ALL.map(Network::name).iter()), "{properties:?}");
    assert_eq!(counters["required"], serde_json::json!(Network::ALL.map(Network::name)));
}

/// The neighbours among the vectors: those with a header to know them by, and those without.
#[test]
fn vectors() {
    let all = include_str!("../../../tests/vectors.jsonl");
    let of = |word: &str| -> Vec<Option<Network>> {
        let lines =
            all.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a vector"));
        let found =
            lines.filter(|v| v["dialect"] == format!("negative:{word}").as_str() && v["enc"] == "hex");
        found.map(|v| opening(&hex(v["message"].as_str().expect("hex")))).collect()
    };
    assert_eq!(of("bitcoin-p2p"), [Some(Network::Bitcoin), None], "a version, and a ping");
    assert_eq!(of("monero-levin"), [Some(Network::Monero)]);
    assert_eq!(of("bitcoin-p2p-v2"), [None, None]);
    assert_eq!(of("monero-p2pool"), [None]);
    assert!(!of("devp2p").is_empty() && of("devp2p").iter().all(Option::is_none));
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex")).collect()
}
