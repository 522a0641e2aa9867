//! The names in a certificate (RFC 5280, 4.1): its subject's common name and organization, and the DNS names it is for.
//! It is read to know who answers, never to trust: keys, signatures and dates are stepped over.

use super::der::{OCTETS, OID, SEQUENCE, SET, are_elements, element, expect, only};
use crate::bytes::{Malformed, Reader};

/// The most names given of one certificate.
const MAX_NAMES: usize = 256;
/// 2.5.4.3 and 2.5.4.10, attributes of a subject; 2.5.29.17, an extension.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// Context-specific tags: of the version, of the extensions, of a dNSName.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;

/// A certificate's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    der: &'a [u8],
    subject: &'a [u8],
    alternatives: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate, which is all of the bytes.
    pub fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let whole = only(der, SEQUENCE).ok_or(Malformed("certificate"))?;
        let body = expect(&mut Reader::new(whole), SEQUENCE).ok_or(Malformed("certificate body"))?;
        let mut r = Reader::new(body);
        let _ = expect(&mut r, VERSION);
        // Serial number, signature algorithm, issuer, validity.
        for _ in 0..4 {
            element(&mut r).ok_or(Malformed("certificate body"))?;
        }
        let subject = expect(&mut r, SEQUENCE).filter(|s| are_elements(s)).ok_or(Malformed("subject"))?;
        expect(&mut r, SEQUENCE).ok_or(Malformed("public key"))?;
        let mut alternatives = &[][..];
        while let Some((tag, contents)) = element(&mut r) {
            if tag == EXTENSIONS {
                alternatives = alternative_names(contents)?;
            }
        }
        if !r.rest().is_empty() {
            return Err(Malformed("certificate body"));
        }
        Ok(Self { der, subject, alternatives })
    }

    /// All its bytes.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The subject's common name, the last if there are many (RFC 2818, 3.1: the most specific).
    pub fn common_name(&self) -> Option<&'a str> {
        self.attribute(COMMON_NAME)
    }

    /// The subject's organization, the last if there are many.
    pub fn organization(&self) -> Option<&'a str> {
        self.attribute(ORGANIZATION)
    }

    /// The DNS names it is for, wildcards included; 256 at most.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut r = Reader::new(self.alternatives);
        let names = std::iter::from_fn(move || element(&mut r)).filter(|(tag, _)| *tag == DNS_NAME);
        let visible = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        names.filter_map(|(_, name)| str::from_utf8(name).ok()).filter(visible).take(MAX_NAMES)
    }

    /// A subject is a sequence of sets of (type, value).
    fn attribute(&self, kind: &[u8]) -> Option<&'a str> {
        let (mut sets, mut found) = (Reader::new(self.subject), None);
        while let Some((SET, set)) = element(&mut sets) {
            let mut set = Reader::new(set);
            while let Some(pair) = expect(&mut set, SEQUENCE) {
                let mut pair = Reader::new(pair);
                if expect(&mut pair, OID) == Some(kind) {
                    found = element(&mut pair).and_then(text).or(found);
                }
            }
        }
        found
    }
}

/// The general names of the extension; nothing where the certificate has no such extension.
fn alternative_names(extensions: &[u8]) -> Result<&[u8], Malformed> {
    const FAULT: Malformed = Malformed("extensions");
    let mut list = Reader::new(only(extensions, SEQUENCE).ok_or(FAULT)?);
    while !list.rest().is_empty() {
        let mut extension = Reader::new(expect(&mut list, SEQUENCE).ok_or(FAULT)?);
        if expect(&mut extension, OID).ok_or(FAULT)? != ALTERNATIVE_NAMES {
            continue;
        }
        // What is before the value says whether the extension is critical.
        while let Some((tag, value)) = element(&mut extension) {
            if tag == OCTETS {
                let names = only(value, SEQUENCE).filter(|names| are_elements(names));
                return names.ok_or(Malformed("alternative names"));
            }
        }
        return Err(Malformed("alternative names"));
    }
    Ok(&[])
}

/// A value that is text: UTF-8, or one of the strings that are ASCII in practice. Those of two and four bytes a character
/// are not read. Control characters are how a name pretends to end early.
fn text((tag, value): (u8, &[u8])) -> Option<&str> {
    let text = matches!(tag, 0x0c | 0x13 | 0x14 | 0x16).then(|| str::from_utf8(value).ok()).flatten()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}
