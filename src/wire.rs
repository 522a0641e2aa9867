//! Formats below the dialects: how bytes become messages. Nothing here knows what mining is.

pub mod json;
pub mod line;
