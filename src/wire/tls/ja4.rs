//! JA4, the fingerprint of a client's TLS library (FoxIO, "JA4: TLS Client Fingerprinting", technical details): what the
//! hello offers, without what changes from one hello to the next. It names a library, never a program for sure.
//!
//! ```text
//! t13d1516h2_8daaf6152771_e5627efa2ab1
//! │││ │ │ │  │            └ SHA-256 of the sorted extensions without name and ALPN, "_", signature algorithms
//! │││ │ │ │  └ SHA-256 of the sorted suites
//! │││ │ │ └ first protocol, its first and last character
//! │││ │ └ extensions          d: with a server name, i: without
//! │└┴─┴ version, name, suites
//! └ t TCP, q QUIC
//! ```

use std::fmt;

use ring::digest::{Context, SHA256};

use super::{ClientHello, is_grease};

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

/// What carries the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// QUIC.
    Quic,
    /// TLS over TCP.
    Tcp,
}

/// A fingerprint of 36 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ja4([u8; 36]);

impl Ja4 {
    /// Its text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The lists are copied to be sorted: they are as long as the hello at most.
pub(super) fn ja4(hello: &ClientHello<'_>, carrier: Carrier) -> Ja4 {
    let mut suites: Vec<u16> = hello.cipher_suites().filter(|v| !is_grease(*v)).collect();
    let mut extensions: Vec<u16> = hello.extension_types().filter(|v| !is_grease(*v)).collect();
    let [suites_tens, suites_ones] = count(suites.len());
    let [extensions_tens, extensions_ones] = count(extensions.len());
    let [major, minor] = version(hello.newest_version());
    let [first, last] = protocol(hello.alpn().next().unwrap_or_default());
    let head = [
        if carrier == Carrier::Quic { b'q' } else { b't' },
        major,
        minor,
        if hello.has_server_name() { b'd' } else { b'i' },
        suites_tens,
        suites_ones,
        extensions_tens,
        extensions_ones,
        first,
        last,
    ];
    suites.sort_unstable();
    extensions.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    extensions.sort_unstable();
    let signatures: Vec<u16> = hello.signature_algorithms().filter(|v| !is_grease(*v)).collect();
    let parts = [&head[..], b"_", &hash(&suites, &[]), b"_", &hash(&extensions, &signatures)].concat();
    let mut text = [b'0'; 36];
    text.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    Ja4(text)
}

const fn version(version: u16) -> [u8; 2] {
    match version {
        0x0300 => *b"s3",
        0x0301 => *b"10",
        0x0302 => *b"11",
        0x0303 => *b"12",
        0x0304 => *b"13",
        _ => *b"00",
    }
}

/// Two digits, 99 at most.
fn count(n: usize) -> [u8; 2] {
    let n = u8::try_from(n).map_or(99, |n| n.min(99));
    [b'0' + n / 10, b'0' + n % 10]
}

/// First and last character of a protocol; of its hexadecimal text where either is no letter and no digit.
fn protocol(name: &[u8]) -> [u8; 2] {
    match (name.first(), name.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            [*first, *last]
        }
        (Some(first), Some(last)) => [nibble(first >> 4), nibble(*last)],
        _ => *b"00",
    }
}

/// Twelve digits of the hash of `a,b,c_d,e`; zeros where the first list is empty.
fn hash(sorted: &[u16], then: &[u16]) -> [u8; 12] {
    let mut digits = [b'0'; 12];
    if sorted.is_empty() {
        return digits;
    }
    let mut context = Context::new(&SHA256);
    let lists: [(&[u16], &[u8]); 2] = [(sorted, b""), (then, b"_")];
    for (list, before) in lists {
        for (at, value) in list.iter().enumerate() {
            context.update(if at == 0 { before } else { b"," });
            let [high, low] = value.to_be_bytes();
            context.update(&[nibble(high >> 4), nibble(high), nibble(low >> 4), nibble(low)]);
        }
    }
    let digest = context.finish();
    let hex = digest.as_ref().iter().flat_map(|byte| [nibble(byte >> 4), nibble(*byte)]);
    digits.iter_mut().zip(hex).for_each(|(to, from)| *to = from);
    digits
}

/// The lower four bits as a digit.
const fn nibble(byte: u8) -> u8 {
    match byte & 0x0f {
        digit @ 0..=9 => b'0' + digit,
        letter => b'a' + (letter - 10),
    }
}
