//! Targets to work: how many hashes a share is expected to cost. Byte orders and formulas by dialect.

use super::Dialect;

/// 2^256 / target for 64 hexadecimal digits, most significant first, with or without `0x`. `None` for a zero target.
pub fn hashes_be(hex: &str) -> Option<f64> {
    let digits = hex.strip_prefix("0x").unwrap_or(hex);
    let mut target = 0.0f64;
    for digit in digits.chars() {
        target = target * 16.0 + f64::from(digit.to_digit(16)?);
    }
    (digits.len() <= 64 && target > 0.0).then(|| 2f64.powi(256) / target)
}

/// The same for a target written least significant byte first, as in getwork.
pub fn hashes_le(hex: &str) -> Option<f64> {
    let bytes: Vec<&str> = (0..hex.len() / 2).rev().filter_map(|i| hex.get(2 * i..2 * i + 2)).collect();
    hashes_be(&bytes.concat())
}

/// Difficulty of a CryptoNote target: 8 or 16 digits little-endian, 64 digits big-endian.
pub fn cryptonote(hex: &str) -> Option<f64> {
    let bytes = |digits: &str| -> Option<u64> {
        let big = u64::from_str_radix(digits, 16).ok()?;
        Some(big.swap_bytes() >> (64 - digits.len() * 4))
    };
    match hex.len() {
        8 => {
            // As the miners themselves do it, integer division and all.
            let target = bytes(hex).filter(|t| *t > 0)?;
            let wide = u64::MAX.checked_div(u64::from(u32::MAX).checked_div(target)?)?;
            Some(u64::MAX.checked_div(wide)? as f64)
        }
        16 => Some(u64::MAX.checked_div(bytes(hex)?)? as f64),
        64 => hashes_be(hex),
        _ => None,
    }
}

/// Expected hashes that a share of difficulty 1 costs, in dialects where the algorithm does not decide it; `None` where it
/// does (`bitcoin`), or where shares are told by their target alone.
pub const fn hashes_per_difficulty(dialect: Dialect) -> Option<f64> {
    match dialect {
        Dialect::EthereumStratum1
        | Dialect::Handshake
        | Dialect::Kaspa
        | Dialect::Nexa
        | Dialect::Progpow => Some(4_294_967_296.0),
        // A hash counts for one of 16 chains, and the unit is 2^30.
        Dialect::Alephium => Some(17_179_869_184.0),
        Dialect::Ergo | Dialect::Tari | Dialect::Warthog | Dialect::Xelis => Some(1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_targets() {
        assert_eq!(cryptonote("b88d0600"), Some(10_000.0));
        assert_eq!(cryptonote("ffffff00"), Some(256.0));
        assert_eq!(cryptonote("285c8f02"), Some(100.0));
        assert_eq!(cryptonote("780d7f02f3220000"), Some(480_045.0));
        assert_eq!(cryptonote("00000000"), None);
        assert_eq!(cryptonote("0000000000000000"), None);
        assert_eq!(cryptonote("zz8d0600"), None);
        assert_eq!(cryptonote(""), None);
        let four_giga =
            hashes_be("0x0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba").expect("target");
        assert!((four_giga / 4e9 - 1.0).abs() < 1e-6);
        assert_eq!(hashes_be("00"), None);
        let one = hashes_le(&format!("{}ffff{}", "00".repeat(26), "00".repeat(4))).expect("difficulty 1");
        assert!((one / 4_295_032_833.0 - 1.0).abs() < 1e-9, "{one}");
    }
}
