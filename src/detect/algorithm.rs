//! What a unit of stratum V1 difficulty costs, by algorithm. Several count in smaller units than Bitcoin does.

/// Expected hashes a share of difficulty 1 costs; `None` for an algorithm whose unit is not known, where a wrong factor
/// would be off by 256 or 65536.
pub fn hashes_per_difficulty(algorithm: &str) -> Option<f64> {
    let factor = match algorithm.to_ascii_lowercase().as_str() {
        "sha256d" | "sha256" | "sha256t" | "sha256q" | "sha512256d" | "x11" | "x13" | "x15" | "x17"
        | "c11" | "quark" | "nist5" | "qubit" | "skein" | "blake" | "blake2s" | "blake256r14" | "decred"
        | "phi" | "tribus" => 1.0,
        "x16r" | "x16s" | "lyra2v2" | "lyra2rev2" | "lyra2v3" | "lyra2z" | "allium" | "xevan"
        | "timetravel" | "bitcore" | "lbry" | "keccakc" | "phi2" | "verthash" => 256.0,
        "lyra2re" => 128.0,
        "scrypt" | "scrypt-n" | "neoscrypt" | "yescrypt" | "yescryptr8" | "yescryptr16" | "yescryptr32"
        | "yespower" | "yespowerr16" | "argon2d" | "m7m" | "hmq1725" | "jha" | "ghostrider" | "gr" => {
            65_536.0
        }
        _ => return None,
    };
    Some(4_294_967_296.0 / factor)
}
