//! The opening messages of coins' own peer-to-peer networks: a node or a wallet says hello to a peer. They prove no
//! mining, so they are counted apart and nothing else; no message after the first is looked at, and no payload read.
//!
//! Left out is what shows no structure that a stateless look could trust: BIP324 (Bitcoin's version 2) and devp2p's
//! RLPx begin with random bytes, and p2pool's greeting of 17 bytes is a NUL and sixteen random ones.
//!
//! ```text
//! Bitcoin and kin   magic(4)  command(12, NUL-padded)  length(u32 LE)  checksum(4)
//! Levin (Monero)    01 21 01 01 01 01 01 01  length(u64 LE)  expects(u8)  command(u32 LE)  code(i32)  flags(u32 LE)
//!                   version(u32 LE)
//! ```

use std::ops::RangeInclusive;

use crate::bytes::Reader;

/// A coin's network, by the magic its messages begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Bitcoin's main network.
    Bitcoin,
    /// Bitcoin Cash.
    BitcoinCash,
    /// Bitcoin's private test network.
    BitcoinRegtest,
    /// Bitcoin's signed test network.
    BitcoinSignet,
    /// Bitcoin's public test network, the third.
    BitcoinTestnet3,
    /// Bitcoin's public test network, the fourth.
    BitcoinTestnet4,
    /// Dash.
    Dash,
    /// Dogecoin.
    Dogecoin,
    /// Litecoin.
    Litecoin,
    /// Monero, and the CryptoNote coins that took its protocol over with its magic.
    Monero,
    /// Ravencoin.
    Ravencoin,
    /// Zcash.
    Zcash,
}

/// The first bytes of all magics, each once: what a first look has to let through to [`opening`].
pub const FIRST_BYTES: [u8; 12] = [0x01, 0x0a, 0x0b, 0x1c, 0x24, 0x52, 0xbf, 0xc0, 0xe3, 0xf9, 0xfa, 0xfb];

/// Levin's signature, for all networks the same.
const LEVIN: [u8; 8] = [0x01, 0x21, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01];
/// `version`, the message that each side sends first and once.
const VERSION: &[u8; 12] = b"version\0\0\0\0\0";
/// Bytes of a `version`: 84 and a user agent of 0 to 256 behind its length of 1 or 3, then what came later: a byte that
/// wants transactions, Dash's challenge of 32 and another byte. Some room is left.
const VERSION_LENGTH: RangeInclusive<u32> = 85..=400;
/// Levin's handshake.
const HANDSHAKE: u32 = 1001;
/// Bytes of a handshake: nine of storage header and a few members at least; the reply lists up to 250 peers.
const HANDSHAKE_LENGTH: RangeInclusive<u64> = 32..=1 << 18;

impl Network {
    /// All networks, in the order of their counters.
    pub const ALL: [Self; 12] = [
        Self::Bitcoin,
        Self::BitcoinCash,
        Self::BitcoinRegtest,
        Self::BitcoinSignet,
        Self::BitcoinTestnet3,
        Self::BitcoinTestnet4,
        Self::Dash,
        Self::Dogecoin,
        Self::Litecoin,
        Self::Monero,
        Self::Ravencoin,
        Self::Zcash,
    ];

    /// Label value in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoin",
            Self::BitcoinCash => "bitcoin_cash",
            Self::BitcoinRegtest => "bitcoin_regtest",
            Self::BitcoinSignet => "bitcoin_signet",
            Self::BitcoinTestnet3 => "bitcoin_testnet3",
            Self::BitcoinTestnet4 => "bitcoin_testnet4",
            Self::Dash => "dash",
            Self::Dogecoin => "dogecoin",
            Self::Litecoin => "litecoin",
            Self::Monero => "monero",
            Self::Ravencoin => "ravencoin",
            Self::Zcash => "zcash",
        }
    }

    /// The network of a message of Bitcoin's shape.
    const fn of_magic(magic: [u8; 4]) -> Option<Self> {
        Some(match magic {
            [0xf9, 0xbe, 0xb4, 0xd9] => Self::Bitcoin,
            [0xe3, 0xe1, 0xf3, 0xe8] => Self::BitcoinCash,
            [0xfa, 0xbf, 0xb5, 0xda] => Self::BitcoinRegtest,
            [0x0a, 0x03, 0xcf, 0x40] => Self::BitcoinSignet,
            [0x0b, 0x11, 0x09, 0x07] => Self::BitcoinTestnet3,
            [0x1c, 0x16, 0x3f, 0x28] => Self::BitcoinTestnet4,
            [0xbf, 0x0c, 0x6b, 0xbd] => Self::Dash,
            [0xc0, 0xc0, 0xc0, 0xc0] => Self::Dogecoin,
            [0xfb, 0xc0, 0xb6, 0xdb] => Self::Litecoin,
            [0x52, 0x41, 0x56, 0x4e] => Self::Ravencoin,
            [0x24, 0xe9, 0x27, 0x64] => Self::Zcash,
            _ => return None,
        })
    }
}

/// The network whose opening message a segment begins with. The header has to be whole; the message may go on.
pub fn opening(payload: &[u8]) -> Option<Network> {
    if payload.starts_with(&LEVIN) { levin(payload) } else { bitcoin(payload) }
}

fn bitcoin(payload: &[u8]) -> Option<Network> {
    let mut r = Reader::new(payload);
    let network = Network::of_magic(r.array()?)?;
    let (command, length) = (r.take(VERSION.len())?, u32::from_le_bytes(r.array()?));
    let _checksum = r.u32()?;
    (command == VERSION && VERSION_LENGTH.contains(&length)).then_some(network)
}

/// A handshake, asked (expects an answer, flag 1) or answered (expects none, flag 2).
fn levin(payload: &[u8]) -> Option<Network> {
    let mut r = Reader::new(payload);
    r.take(LEVIN.len())?;
    let length = u64::from_le_bytes(r.array()?);
    let expects = r.u8()?;
    let [command, _code, flags, version] =
        [r.array()?, r.array()?, r.array()?, r.array()?].map(u32::from_le_bytes);
    let is_turn = matches!((expects, flags), (1, 1) | (0, 2));
    let is_handshake = command == HANDSHAKE && version == 1 && is_turn;
    (is_handshake && HANDSHAKE_LENGTH.contains(&length)).then_some(Network::Monero)
}

#[cfg(test)]
mod tests;
