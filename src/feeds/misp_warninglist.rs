//! Warninglists of MISP, JSON: `{name, type, version, list[], matching_attributes[]}`. They list what is known to be
//! harmless, so their entries are allowed, not listed. Of type hostname a leading dot covers what is below; of type cidr
//! they are addresses and prefixes. Substrings and regular expressions say nothing about whole hosts.

use serde::Deserialize;

use super::Fault;
use super::offset::{Many, Place, Scalar, Text, fault};
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::Scope;

#[derive(Deserialize)]
struct Warninglist<'t> {
    #[serde(borrow, default)]
    name: Text<'t>,
    #[serde(borrow, default)]
    version: Option<Scalar<'t>>,
    #[serde(borrow, default)]
    r#type: Text<'t>,
    #[serde(borrow)]
    list: Many<Text<'t>>,
}

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    let list: Warninglist<'_> = serde_json::from_slice(text).map_err(|e| fault(&e))?;
    if !matches!(&*list.r#type.0, "cidr" | "hostname" | "string") {
        let what = "a warninglist of substrings, patterns or another type cannot be taken as hosts";
        return Err((1, what.to_owned()));
    }
    taker.note(&format!("title: {}", list.name.0));
    match &list.version {
        Some(Scalar::Number(version)) => taker.note(&format!("version: {version}")),
        Some(Scalar::Text(version)) => taker.note(&format!("version: {version}")),
        Some(Scalar::Flag(_) | Scalar::Other) | None => {}
    }
    let is_prefix = list.r#type.0 == "cidr";
    let mut place = Place::new(text);
    for entry in &list.list.0 {
        taker.line = place.line(entry);
        let word = entry.0.trim();
        if is_prefix && word.bytes().any(|b| !(b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'/'))) {
            taker.refuse(Reason::Malformed, word);
        } else {
            taker.host(word, Given::allowed(Scope::Exact));
        }
    }
    Ok(())
}
