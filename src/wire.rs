//! Formats below the dialects: how bytes become messages. Nothing here knows what mining is.

pub mod coin;
pub mod dns;
pub mod http;
pub mod json;
pub mod line;
pub mod prefixed;
pub mod proxy;
pub mod quic;
pub mod socketio;
pub mod socks;
pub mod tls;
pub mod websocket;
pub mod words;
