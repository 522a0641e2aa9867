//! Events of MISP, JSON: the attributes of an event and of its objects that are network hosts. What the event's authors do
//! not mark for detection (`to_ids`) is context and is not taken.

use serde::Deserialize;

use super::Fault;
use super::offset::{Many, Place, Scalar, Text, fault};
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::Scope;

#[derive(Deserialize)]
struct File<'t> {
    #[serde(rename = "Event", borrow)]
    event: Event<'t>,
}

#[derive(Deserialize)]
struct Event<'t> {
    #[serde(borrow, default)]
    info: Text<'t>,
    #[serde(borrow, default)]
    date: Text<'t>,
    #[serde(rename = "Attribute", borrow, default)]
    attributes: Many<Attribute<'t>>,
    #[serde(rename = "Object", borrow, default)]
    objects: Many<Object<'t>>,
}

#[derive(Deserialize)]
struct Object<'t> {
    #[serde(rename = "Attribute", borrow, default)]
    attributes: Many<Attribute<'t>>,
}

#[derive(Deserialize)]
struct Attribute<'t> {
    #[serde(borrow)]
    r#type: Text<'t>,
    #[serde(borrow)]
    value: Text<'t>,
    #[serde(borrow)]
    to_ids: Option<Scalar<'t>>,
}

impl Attribute<'_> {
    /// Marked, or from a source that does not mark.
    fn is_for_detection(&self) -> bool {
        match &self.to_ids {
            Some(Scalar::Flag(is)) => *is,
            Some(Scalar::Number(number)) => *number != 0,
            Some(Scalar::Other | Scalar::Text(_)) => false,
            None => true,
        }
    }
}

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    let File { event } = serde_json::from_slice(text).map_err(|e| fault(&e))?;
    for (key, value) in [("title", &event.info), ("date", &event.date)] {
        if !value.0.is_empty() {
            taker.note(&format!("{key}: {}", value.0));
        }
    }
    let mut place = Place::new(text);
    let of_objects = event.objects.0.iter().flat_map(|o| &o.attributes.0);
    for attribute in event.attributes.0.iter().chain(of_objects) {
        taker.line = place.line(&attribute.value);
        let value = attribute.value.0.trim();
        if !attribute.is_for_detection() {
            taker.refuse(Reason::NotForDetection, value);
        } else {
            hosts(&attribute.r#type.0, value, taker);
        }
    }
    Ok(())
}

fn hosts(kind: &str, value: &str, taker: &mut Taker<'_>) {
    match kind {
        "domain" | "hostname" | "ip-dst" | "url" => taker.host(value, Given::listed(Scope::Exact)),
        "domain|ip" | "hostname|port" | "ip-dst|port" => match value.split_once('|') {
            Some((domain, address)) if kind == "domain|ip" => {
                taker.host(domain, Given::listed(Scope::Exact));
                taker.host(address, Given::listed(Scope::Exact));
            }
            // Colons are of the address.
            Some((host, port)) if host.contains(':') => {
                taker.host(&format!("[{host}]:{port}"), Given::listed(Scope::Exact));
            }
            Some((host, port)) => taker.host(&format!("{host}:{port}"), Given::listed(Scope::Exact)),
            None => taker.refuse(Reason::Malformed, value),
        },
        _ => taker.refuse(Reason::Unsupported, value),
    }
}
