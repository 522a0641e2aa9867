//! Elements of DER (X.690, 8.1): tag, length, contents. Of lengths also the longer forms of BER are taken, as others do;
//! indefinite lengths and tags above 30, which no certificate has, are not. No value is decoded.

use crate::bytes::Reader;

pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The next element: its tag and contents; `None` (and nothing consumed) where none is whole.
pub(super) fn element<'a>(r: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let mut ahead = *r;
    let tag = ahead.u8().filter(|tag| tag & 0x1f != 0x1f)?;
    let length = match ahead.u8()? {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let digits = ahead.take(usize::from(long & 0x7f))?;
            digits.iter().fold(0, |sum: usize, digit| sum << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let contents = ahead.take(length)?;
    *r = ahead;
    Some((tag, contents))
}

/// The next element, if it has that tag.
pub(super) fn expect<'a>(r: &mut Reader<'a>, tag: u8) -> Option<&'a [u8]> {
    let mut ahead = *r;
    let (_, contents) = element(&mut ahead).filter(|(found, _)| *found == tag)?;
    *r = ahead;
    Some(contents)
}

/// The contents of the only element there is.
pub(super) fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut r = Reader::new(bytes);
    expect(&mut r, tag).filter(|_| r.rest().is_empty())
}

/// Whether bytes are elements to their end.
pub(super) fn are_elements(bytes: &[u8]) -> bool {
    let mut r = Reader::new(bytes);
    while element(&mut r).is_some() {}
    r.rest().is_empty()
}
