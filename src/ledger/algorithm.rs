//! Names of mining algorithms as a closed set, so that packet text never becomes a label value.
//! It does not guess: a name that is not in the table is `other`.

use std::collections::BTreeSet;

use crate::detect::Dialect;

/// The label of a session's algorithm: the table's spelling of what the wire said, `other` for what the table does
/// not have, and the dialect's name where the wire said nothing.
pub fn label(algorithm: Option<&str>, dialect: Dialect) -> &'static str {
    let Some(said) = algorithm else { return dialect.name() };
    let said = said.trim();
    let known = |name: &str| name.eq_ignore_ascii_case(said);
    let alias = ALIASES.iter().find(|(name, _)| known(name)).map(|(_, label)| *label);
    alias.or_else(|| LABELS.iter().copied().find(|name| known(name))).unwrap_or(OTHER)
}

/// All values that [`label`] can give, but for dialects that rule files describe.
pub fn labels() -> Vec<&'static str> {
    let dialects = Dialect::ALL.map(Dialect::name);
    LABELS.iter().copied().chain([OTHER]).chain(dialects).collect::<BTreeSet<_>>().into_iter().collect()
}

const OTHER: &str = "other";

/// RandomX and CryptoNight names are those of xmrig's `algo` field; the rest are the names miners use.
const LABELS: &[&str] = &[
    "argon2/chukwa",
    "argon2/chukwav2",
    "argon2/ninja",
    "astrobwt",
    "astrobwt/v2",
    "autolykos2",
    "beamhash3",
    "blake2b",
    "blake2s",
    "blake3",
    "blake3-alephium",
    "cn",
    "cn-heavy",
    "cn-heavy/0",
    "cn-heavy/tube",
    "cn-heavy/xhv",
    "cn-lite",
    "cn-lite/0",
    "cn-lite/1",
    "cn-pico",
    "cn-pico/tlo",
    "cn/0",
    "cn/1",
    "cn/2",
    "cn/ccx",
    "cn/double",
    "cn/fast",
    "cn/gpu",
    "cn/half",
    "cn/r",
    "cn/rto",
    "cn/rwz",
    "cn/upx2",
    "cn/xao",
    "cn/zls",
    "cuckaroo29",
    "cuckatoo31",
    "cuckatoo32",
    "cuckoo29",
    "dynexsolve",
    "eaglesong",
    "equihash",
    "equihash125_4",
    "equihash144_5",
    "equihash150_5",
    "equihash192_7",
    "equihash200_9",
    "equihash210_9",
    "equihash96_5",
    "etchash",
    "ethash",
    "evrprogpow",
    "firopow",
    "fishhash",
    "ghostrider",
    "groestl",
    "handshake-blake2b",
    "heavyhash",
    "janushash",
    "karlsenhash",
    "kawpow",
    "keccak",
    "kheavyhash",
    "lbry",
    "lyra2rev2",
    "lyra2rev3",
    "lyra2z",
    "meowpow",
    "mtp",
    "neoscrypt",
    "nexapow",
    "octopus",
    "odocrypt",
    "phi",
    "progpow",
    "progpowz",
    "pyrinhash",
    "quark",
    "qubit",
    "randomx",
    "rx/0",
    "rx/arq",
    "rx/graft",
    "rx/keva",
    "rx/loki",
    "rx/sfx",
    "rx/wow",
    "rx/xdag",
    "rx/xla",
    "rx/yada",
    "scrypt",
    "scrypt-n",
    "sha256d",
    "sha256dt",
    "sha256t",
    "sha3d",
    "sha3x",
    "sha512_256d",
    "skein",
    "skydoge",
    "tribus",
    "ubqhash",
    "verthash",
    "verushash",
    "x11",
    "x13",
    "x15",
    "x16r",
    "x16rt",
    "x16rv2",
    "x17",
    "x21s",
    "x25x",
    "xel/v2",
    "xelishash",
    "yescrypt",
    "yescryptr16",
    "yescryptr32",
    "yescryptr8",
    "yespower",
    "yespowerr16",
];

/// Other spellings of the same algorithm.
const ALIASES: &[(&str, &str)] = &[
    ("argon2/wrkz", "argon2/ninja"),
    ("autolykos", "autolykos2"),
    ("beamhash", "beamhash3"),
    ("beamhashiii", "beamhash3"),
    ("chukwa", "argon2/chukwa"),
    ("chukwav2", "argon2/chukwav2"),
    ("cn-pico/trtl", "cn-pico"),
    ("cn/conceal", "cn/ccx"),
    ("cryptonight", "cn"),
    ("cryptonight-heavy", "cn-heavy"),
    ("cryptonight-lite", "cn-lite"),
    ("cryptonight/0", "cn/0"),
    ("cryptonight/1", "cn/1"),
    ("cryptonight/2", "cn/2"),
    ("cryptonight/r", "cn/r"),
    ("cryptonightr", "cn/r"),
    ("daggerhashimoto", "ethash"),
    ("equihash 125,4", "equihash125_4"),
    ("equihash 144,5", "equihash144_5"),
    ("equihash 150,5", "equihash150_5"),
    ("equihash 192,7", "equihash192_7"),
    ("equihash 200,9", "equihash200_9"),
    ("equihash 210,9", "equihash210_9"),
    ("equihash 96,5", "equihash96_5"),
    ("equihash/125_4", "equihash125_4"),
    ("equihash/144_5", "equihash144_5"),
    ("equihash/192_7", "equihash192_7"),
    ("equihash/200_9", "equihash200_9"),
    ("gr", "ghostrider"),
    ("lyra2v2", "lyra2rev2"),
    ("lyra2v3", "lyra2rev3"),
    ("progpow-z", "progpowz"),
    ("randomarq", "rx/arq"),
    ("randomgraft", "rx/graft"),
    ("randomkeva", "rx/keva"),
    ("randomsfx", "rx/sfx"),
    ("randomwow", "rx/wow"),
    ("randomx/0", "rx/0"),
    ("randomx/arq", "rx/arq"),
    ("randomx/graft", "rx/graft"),
    ("randomx/keva", "rx/keva"),
    ("randomx/loki", "rx/loki"),
    ("randomx/sfx", "rx/sfx"),
    ("randomx/wow", "rx/wow"),
    ("randomx/xdag", "rx/xdag"),
    ("randomx/xla", "rx/xla"),
    ("randomx/yada", "rx/yada"),
    ("randomyada", "rx/yada"),
    ("sha256", "sha256d"),
    ("sha512256d", "sha512_256d"),
    ("verus", "verushash"),
    ("verushash2.2", "verushash"),
    ("zhash", "equihash144_5"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_spellings_fold_and_packet_text_never_becomes_a_label() {
        for (said, want) in [
            ("rx/0", "rx/0"),
            ("RX/0", "rx/0"),
            ("SHA256d", "sha256d"),
            (" scrypt ", "scrypt"),
            ("gr", "ghostrider"),
            ("Equihash 144,5", "equihash144_5"),
            ("", "other"),
            ("rx/0\"} 1\n", "other"),
            ("rx/00", "other"),
        ] {
            assert_eq!(label(Some(said), Dialect::Cryptonote), want, "{said:?}");
        }
        assert_eq!(label(Some(&"x".repeat(1 << 16)), Dialect::Bitcoin), "other");
        assert_eq!(label(None, Dialect::Bitcoin), "bitcoin");
    }

    #[test]
    fn the_tables_are_sorted_and_closed() {
        assert!(LABELS.is_sorted_by(|a, b| a < b));
        assert!(ALIASES.is_sorted_by(|(a, _), (b, _)| a < b));
        for (alias, label) in ALIASES {
            assert!(LABELS.contains(label), "{alias} means {label}, which is no label");
            assert!(!LABELS.contains(alias), "{alias} is a label itself");
        }
    }
}
