//! Lines of what serde_json read: a string that it borrowed lies in the text, and so tells its line. One with escapes does
//! not; it has the line of the one before.

use std::borrow::Cow;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Fault, MAX_ENTRIES};

/// An array, of which so much is kept as can be taken.
#[derive(Debug)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Many<T>, A::Error> {
        let mut kept = Vec::new();
        // One more than can be taken, so that it is seen and counted that there are too many.
        while kept.len() <= MAX_ENTRIES {
            match items.next_element()? {
                Some(item) => kept.push(item),
                None => return Ok(Many(kept)),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Many(kept))
    }
}

/// A string, borrowed where that can be.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'t>(#[serde(borrow)] pub(super) Cow<'t, str>);

/// A value that may be of any kind. Of arrays and objects nothing is kept, however much is in them.
#[derive(Debug)]
pub(super) enum Scalar<'t> {
    Flag(bool),
    Number(u64),
    Text(Cow<'t, str>),
    Other,
}

impl<'de: 't, 't> Deserialize<'de> for Scalar<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind)
    }
}

struct AnyKind;

impl<'de> Visitor<'de> for AnyKind {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// Where in a text the last string was.
pub(super) struct Place<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl<'t> Place<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a string. Strings are asked for nearly in order, so that the text is walked through once.
    pub(super) fn line(&mut self, string: &Text<'t>) -> u64 {
        let Cow::Borrowed(found) = string.0 else { return self.line };
        let at = (found.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let count = |from: usize, to: usize| {
            self.text.get(from..to).map_or(0, |part| memchr::memchr_iter(b'\n', part).count() as u64)
        };
        if at >= self.text.len() {
            return self.line;
        }
        self.line =
            if at >= self.at { self.line + count(self.at, at) } else { self.line - count(at, self.at) };
        self.at = at;
        self.line
    }
}

/// The fault of a text that is not the JSON it should be. serde_json's own words quote none of the text but names.
pub(super) fn fault(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    let what: String = what.chars().filter(|c| !c.is_control()).take(200).collect();
    (error.line() as u64, what)
}
