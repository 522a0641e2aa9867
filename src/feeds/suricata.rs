//! Datasets of Suricata: a string a line in base64, addresses as they are, and newer files with a JSON object a line whose
//! `value` is the string. A leading dot means a name and all below it.

use crate::bytes::sextet;
use serde::Deserialize;

use super::Fault;
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::Scope;

#[derive(Deserialize)]
struct Object {
    value: String,
}

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let entry = line.trim_start();
        if entry.is_empty() {
            return;
        }
        if entry.starts_with('#') {
            return taker.comment(entry);
        }
        match value(entry) {
            Some(value) => taker.host(&value, Given::listed(Scope::Exact)),
            None => taker.refuse(Reason::Malformed, entry),
        }
    });
    Ok(())
}

/// The string of a line.
pub(super) fn value(entry: &str) -> Option<String> {
    if entry.starts_with('{') {
        return serde_json::from_str::<Object>(entry).ok().map(|o| o.value);
    }
    // Reputation files have a number behind a comma.
    let word = entry.split(',').next().unwrap_or_default().trim();
    if word.contains(['.', ':']) { Some(word.to_owned()) } else { decode(word) }
}

/// Base64 (RFC 4648, 4) of text; padding may be missing.
fn decode(word: &str) -> Option<String> {
    let digits = word.trim_end_matches('=');
    if digits.is_empty() || digits.len() % 4 == 1 || word.len() - digits.len() > 2 {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(digits.len() * 3 / 4), 0_u32, 0_u32);
    for digit in digits.bytes() {
        bits = (bits << 6 | u32::from(sextet(digit)?)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (word, text) in [
            ("cG9vbC5leGFtcGxlLmNvbQ==", Some("pool.example.com")),
            ("cG9vbC5leGFtcGxlLmNvbQ", Some("pool.example.com")),
            ("LnBvb2wuZXhhbXBsZQ==", Some(".pool.example")),
            ("cG9vb", None),
            ("", None),
            ("====", None),
            ("cG9v!A==", None),
            ("////", None),
        ] {
            assert_eq!(decode(word).as_deref(), text, "{word}");
        }
    }
}
