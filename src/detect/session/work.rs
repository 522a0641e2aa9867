//! What a share is worth, and what its unit is.

use crate::detect::{Dialect, algorithm};
use crate::stratum;

/// What a share is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    pub(super) amount: f64,
    pub(super) unit: Unit,
}

/// The unit of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    /// Stratum V1 difficulty, worth what the algorithm says.
    #[default]
    Difficulty,
    /// Expected hashes.
    Hashes,
}

impl Unit {
    /// Expected hashes of one unit; `None` where that is not known, since a wrong factor would be off by up to 65536.
    pub(super) fn hashes(self, dialect: Dialect, algorithm: Option<&str>, coin: Option<&str>) -> Option<f64> {
        match (self, dialect) {
            // Its miners send each share twice.
            (Self::Hashes, Dialect::Skypool) => Some(0.5),
            (Self::Hashes, _) => Some(1.0),
            (Self::Difficulty, Dialect::Cpuwebminer) => {
                let algorithm = algorithm?;
                algorithm::hashes_per_difficulty(algorithm.strip_prefix("cwm_").unwrap_or(algorithm))
            }
            (Self::Difficulty, Dialect::Bitcoin) => algorithm::hashes_per_difficulty(algorithm?),
            // Spectre, among Kaspa's forks, counts in units of 256.
            (Self::Difficulty, Dialect::Kaspa) if coin == Some("SPR") => Some(256.0),
            (Self::Difficulty, dialect) => stratum::target::hashes_per_difficulty(dialect),
        }
    }
}

/// Whether a dialect's pools never say that a share was good.
pub(super) const fn is_silent(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Jsecoin | Dialect::Nimiq | Dialect::Skypool)
}
