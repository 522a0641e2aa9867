//! Both sides' hellos (RFC 8446, 4.1; RFC 5246, 7.4.1), read in place. Extensions may come in any order; one of those read
//! here that comes twice makes the hello malformed, as for every server: which of two names counts is nobody's guess.
//!
//! ```text
//! client   version(2) | random(32) | session 0..32 | suites 2..65534 | compressions 1..255 | extensions, or the end
//! server   version(2) | random(32) | session 0..32 | suite(2)        | compression(1)      | extensions, or the end
//! ```

use std::net::IpAddr;

use super::{Carrier, Ja4, is_grease, ja4, vector8, vector16};
use crate::bytes::{Malformed, Reader};

const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const ECH: u16 = 0xfe0d;
/// The extensions read here; a bit each in `seen`.
const READ: [u16; 5] = [SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS, ECH];

/// Instead of a random, what marks a server hello as a request to try again (RFC 8446, 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A client's first message: what it asks for and what it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHello<'a> {
    legacy_version: u16,
    suites: &'a [u8],
    extensions: &'a [u8],
    host: Option<&'a [u8]>,
    protocols: &'a [u8],
    versions: &'a [u8],
    signatures: &'a [u8],
    seen: u8,
}

impl<'a> ClientHello<'a> {
    /// Reads the body of the message, behind its four-byte head.
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut hello = Self::default();
        hello.walk(body, true)?.ok_or(Malformed("hello length"))?;
        Ok(hello)
    }

    /// Reads what is there of a body that is cut, and whether that is all. A hello without extensions, which may always
    /// go on, is never all.
    pub fn read_cut(body_so_far: &'a [u8]) -> Result<(Self, bool), Malformed> {
        let mut hello = Self::default();
        let whole = hello.walk(body_so_far, false)?.is_some();
        Ok((hello, whole))
    }

    /// The host it asks for, as on the wire; `None` if it names none, an address, or what is no visible ASCII.
    pub fn server_name(&self) -> Option<&'a str> {
        let name = self.host.filter(|name| (1..=255).contains(&name.len()))?;
        let text = str::from_utf8(name).ok().filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))?;
        let address = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_err().then_some(text)
    }

    /// Whether it has the extension of a server name, whatever that holds.
    pub fn has_server_name(&self) -> bool {
        self.has(SERVER_NAME)
    }

    /// The protocols it would speak inside, the first first.
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut r = Reader::new(self.protocols);
        std::iter::from_fn(move || vector8(&mut r))
    }

    /// Whether it has the extension of an encrypted inner hello. Browsers send a meaningless one as well.
    pub fn has_ech(&self) -> bool {
        self.has(ECH)
    }

    /// Its fingerprint; of a hello that is cut it means nothing.
    pub fn ja4(&self, carrier: Carrier) -> Ja4 {
        ja4::ja4(self, carrier)
    }

    /// The version at its head: 0x0303 for all of TLS 1.2 and later.
    pub const fn legacy_version(&self) -> u16 {
        self.legacy_version
    }

    /// The versions of the extension, GREASE included.
    pub fn supported_versions(&self) -> impl Iterator<Item = u16> + use<'a> {
        pairs(self.versions)
    }

    /// The cipher suites, GREASE included.
    pub fn cipher_suites(&self) -> impl Iterator<Item = u16> + use<'a> {
        pairs(self.suites)
    }

    /// The signature algorithms, GREASE included.
    pub fn signature_algorithms(&self) -> impl Iterator<Item = u16> + use<'a> {
        pairs(self.signatures)
    }

    /// The types of its extensions in their order, GREASE included.
    pub fn extension_types(&self) -> impl Iterator<Item = u16> + use<'a> {
        let mut r = Reader::new(self.extensions);
        std::iter::from_fn(move || extension(&mut r).map(|(kind, _)| kind))
    }

    /// The newest version it offers, of either place; 0 where nothing could be read.
    pub fn newest_version(&self) -> u16 {
        let newest = self.supported_versions().filter(|v| !is_grease(*v)).max();
        newest.unwrap_or(self.legacy_version)
    }

    fn has(&self, kind: u16) -> bool {
        bit(kind).is_some_and(|bit| self.seen & bit != 0)
    }

    /// Fills itself up to where the body ends; `None` if that is too early. `whole` where no more can come.
    fn walk(&mut self, body: &'a [u8], whole: bool) -> Result<Option<()>, Malformed> {
        let mut r = Reader::new(body);
        let Some(version) = session(&mut r)? else { return Ok(None) };
        self.legacy_version = version;
        let Some(length) = r.u16().map(usize::from) else { return Ok(None) };
        if length == 0 || !length.is_multiple_of(2) {
            return Err(Malformed("cipher suites"));
        }
        let Some(suites) = r.take(length) else { return Ok(None) };
        self.suites = suites;
        let Some(length) = r.u8().map(usize::from) else { return Ok(None) };
        if length == 0 {
            return Err(Malformed("compression methods"));
        }
        let Some(_) = r.take(length) else { return Ok(None) };
        if r.rest().is_empty() {
            return Ok(whole.then_some(()));
        }
        let Some(length) = r.u16().map(usize::from) else { return Ok(None) };
        let (block, all) = block(r, length)?;
        self.extensions = block;
        let mut r = Reader::new(block);
        while !r.rest().is_empty() {
            let Some((kind, data)) = extension(&mut r) else {
                return if all { Err(Malformed("extension length")) } else { Ok(None) };
            };
            self.note(kind, data)?;
        }
        Ok(all.then_some(()))
    }

    fn note(&mut self, kind: u16, data: &'a [u8]) -> Result<(), Malformed> {
        let Some(bit) = bit(kind) else { return Ok(()) };
        if self.seen & bit != 0 {
            return Err(Malformed("extension twice"));
        }
        self.seen |= bit;
        match kind {
            SERVER_NAME => self.host = host_name(data).ok_or(Malformed("server name"))?,
            ALPN => self.protocols = protocols(data).ok_or(Malformed("protocols"))?,
            SIGNATURE_ALGORITHMS => {
                self.signatures =
                    only(data, vector16).filter(even).ok_or(Malformed("signature algorithms"))?;
            }
            SUPPORTED_VERSIONS => {
                self.versions = only(data, vector8).filter(even).ok_or(Malformed("supported versions"))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// A server's first message: what was chosen. A protocol is in it only up to TLS 1.2; later that is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// The version agreed on, of the extension where there is one.
    pub version: u16,
    /// The cipher suite.
    pub cipher_suite: u16,
    /// The protocol spoken inside.
    pub alpn: Option<&'a [u8]>,
    /// Whether this only asks the client for another hello.
    pub is_retry: bool,
}

impl<'a> ServerHello<'a> {
    /// Reads the body of the message, behind its four-byte head.
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::walk(body)?.ok_or(Malformed("hello length"))
    }

    fn walk(body: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut r = Reader::new(body);
        let is_retry = body.get(2..34) == Some(&RETRY);
        let Some(version) = session(&mut r)? else { return Ok(None) };
        let (Some(cipher_suite), Some(_)) = (r.u16(), r.u8()) else { return Ok(None) };
        let mut hello = Self { version, cipher_suite, alpn: None, is_retry };
        if r.rest().is_empty() {
            return Ok(Some(hello));
        }
        let Some(length) = r.u16().map(usize::from) else { return Ok(None) };
        let (block, all) = block(r, length)?;
        let mut r = Reader::new(block);
        while let Some((kind, data)) = extension(&mut r) {
            match kind {
                ALPN => hello.alpn = protocols(data).and_then(|list| vector8(&mut Reader::new(list))),
                SUPPORTED_VERSIONS => {
                    hello.version = Reader::new(data).u16().ok_or(Malformed("supported versions"))?;
                }
                _ => {}
            }
        }
        if r.rest().is_empty() { Ok(all.then_some(hello)) } else { Err(Malformed("extension length")) }
    }
}

/// The part both hellos begin with; gives the version.
fn session(r: &mut Reader<'_>) -> Result<Option<u16>, Malformed> {
    let Some(version) = r.u16() else { return Ok(None) };
    if version >> 8 != 3 {
        return Err(Malformed("version"));
    }
    let (Some(_), Some(length)) = (r.take(32), r.u8().map(usize::from)) else { return Ok(None) };
    if length > 32 {
        return Err(Malformed("session"));
    }
    Ok(r.take(length).map(|_| version))
}

/// The extensions as far as they are there, and whether that is all of them.
fn block(r: Reader<'_>, length: usize) -> Result<(&[u8], bool), Malformed> {
    let block = r.rest();
    if block.len() > length { Err(Malformed("extensions")) } else { Ok((block, block.len() == length)) }
}

fn extension<'a>(r: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let mut ahead = *r;
    let (kind, data) = (ahead.u16()?, vector16(&mut ahead)?);
    *r = ahead;
    Some((kind, data))
}

fn bit(kind: u16) -> Option<u8> {
    READ.iter().position(|read| *read == kind).map(|at| 1 << at)
}

/// The first entry of type host_name (RFC 6066, 3); the outer `None` is a list that is none. Old clients without a name
/// send an empty extension, which is no fault.
fn host_name(data: &[u8]) -> Option<Option<&[u8]>> {
    if data.is_empty() {
        return Some(None);
    }
    let (mut list, mut found) = (Reader::new(only(data, vector16)?), None);
    while let Some(kind) = list.u8() {
        let name = vector16(&mut list)?;
        if kind == 0 && found.is_none() {
            found = Some(name);
        }
    }
    Some(found)
}

/// The list of protocols (RFC 7301, 3.1), every entry checked. None may be empty.
fn protocols(data: &[u8]) -> Option<&[u8]> {
    let list = only(data, vector16)?;
    let mut r = Reader::new(list);
    while !r.rest().is_empty() {
        vector8(&mut r).filter(|name| !name.is_empty())?;
    }
    Some(list)
}

/// A vector that is all there is.
fn only<'a>(data: &'a [u8], vector: impl Fn(&mut Reader<'a>) -> Option<&'a [u8]>) -> Option<&'a [u8]> {
    let mut r = Reader::new(data);
    vector(&mut r).filter(|_| r.rest().is_empty())
}

fn even(list: &&[u8]) -> bool {
    list.len().is_multiple_of(2)
}

fn pairs(list: &[u8]) -> impl Iterator<Item = u16> + use<'_> {
    list.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair))
}
