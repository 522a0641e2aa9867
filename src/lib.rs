//! geophone hears cryptocurrency mining in network traffic and says who mines, for whom, and why it believes so.
//! See ARCHITECTURE.md for the floors; arrows between them only point down.

// Floors 0 to 3: hostile bytes are the normal case, so nothing there may panic.
macro_rules! core_floor {
    ($($name:ident),+) => {$(
        #[cfg_attr(
            not(test),
            deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
        )]
        pub mod $name;
    )+};
}

core_floor!(bytes, detect, flow, learned, packet, rules, screen, sensor, stratum, wire);

pub mod capture;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod eve;
pub mod feeds;
pub mod ledger;
pub mod metrics;
pub mod privacy;
pub mod subscribers;
pub mod web;
