//! Formats below the dialects: how bytes become messages. Nothing here knows what mining is.

pub mod http;
pub mod json;
pub mod line;
pub mod proxy;
pub mod socks;
pub mod websocket;
