//! Mining dialects: one parsed message each, from one line. No state: what a reply answers is the session's business.

/// A mining dialect, one file each below `stratum/`. The names are public API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Stratum V1 and what looks like it (SHA-256d, scrypt, X11 … kin).
    Bitcoin,
    /// Monero and its forks: login, job, submit.
    Cryptonote,
    /// ZIP-301: Equihash and Verus.
    Equihash,
    /// Ethash over `mining.*`: versionless and EthereumStratum/1.0.0.
    EthereumStratum1,
    /// EIP-1571.
    EthereumStratum2,
    /// `eth_submitLogin`, `eth_getWork`, `eth_submitWork`.
    EthProxy,
    /// KawPow, FiroPow, ProgPowZ and kin over `mining.*`.
    Progpow,
}

impl Dialect {
    /// All dialects, in the order of their counters.
    pub const ALL: [Self; 7] = [
        Self::Bitcoin,
        Self::Cryptonote,
        Self::Equihash,
        Self::EthereumStratum1,
        Self::EthereumStratum2,
        Self::EthProxy,
        Self::Progpow,
    ];

    /// Name in events, rules and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoin",
            Self::Cryptonote => "cryptonote",
            Self::Equihash => "equihash",
            Self::EthereumStratum1 => "ethereumstratum1",
            Self::EthereumStratum2 => "ethereumstratum2",
            Self::EthProxy => "ethproxy",
            Self::Progpow => "progpow",
        }
    }

    /// The dialect of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }
}
