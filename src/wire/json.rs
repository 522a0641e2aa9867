//! JSON read in place: a value is the piece of text that it stands in, and members or items are walked on demand.
//! Nothing is allocated but strings with escapes. It checks what it walks over, not what it steps over: a verdict
//! rests on the members that were read, so a fault in one that was not read changes nothing.
//!
//! Standard: RFC 8259. Deviations: duplicate names are legal (the caller sees them all), numbers stay text.

use std::borrow::Cow;

use memchr::memchr2;

/// A value as it stands in the text, without surrounding white space. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// The value that `text` begins with, and what stands after it. `None` where no whole value does.
    pub fn first(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let text = trim_start(text);
        let (value, rest) = text.split_at_checked(value_len(text)?)?;
        Some((Self(value), rest))
    }

    /// The text itself.
    pub const fn text(self) -> &'a [u8] {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == b"null"
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.0.first() == Some(&b'[')
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }

    /// The boolean it is.
    pub fn bool(self) -> Option<bool> {
        match self.0 {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// The string it is, escapes resolved. Bytes that are not UTF-8 or break an escape give `None`.
    pub fn str(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        if memchr::memchr(b'\\', inner).is_none() {
            return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
        }
        serde_json::from_slice(self.0).ok().map(Cow::Owned)
    }

    /// The string it is, where it holds no escapes: enough for hex digits, verbs and addresses.
    pub fn plain(self) -> Option<&'a str> {
        let inner = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        memchr::memchr(b'\\', inner).is_none().then_some(())?;
        std::str::from_utf8(inner).ok()
    }

    /// The non-negative integer it is, without a detour over floats: nonces reach 2^64.
    pub fn u64(self) -> Option<u64> {
        std::str::from_utf8(self.0).ok()?.parse().ok()
    }

    /// The finite number it is, or that its string spells.
    pub fn number(self) -> Option<f64> {
        let text = self.plain().or_else(|| std::str::from_utf8(self.0).ok())?;
        // Rust's parser knows words ("inf", "nan") that JSON does not.
        text.bytes().next().filter(|b| b.is_ascii_digit() || *b == b'-')?;
        text.parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// Items of the array it is; nothing where it is none.
    pub fn items(self) -> Items<'a> {
        Items { rest: self.0.strip_prefix(b"[").unwrap_or_default() }
    }

    /// Members of the object it is, as they stand, duplicates too; nothing where it is none.
    pub fn members(self) -> Members<'a> {
        Members::open(self.0)
    }

    /// The first member of that name.
    pub fn get(self, name: &str) -> Option<Self> {
        self.members().find(|(key, _)| key.is_str(name)).map(|(_, value)| value)
    }

    /// The item at that place of the array it is.
    pub fn item(self, index: usize) -> Option<Self> {
        self.items().nth(index)
    }

    /// Whether it is the string `s`.
    pub fn is_str(self, s: &str) -> bool {
        match self.plain() {
            Some(plain) => plain == s,
            None => self.str().is_some_and(|own| own == s),
        }
    }
}

/// Items of an array. Ends at the closing bracket or at the first fault.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (value, rest) = Value::first(self.rest)?;
        let rest = trim_start(rest);
        self.rest = rest.strip_prefix(b",").unwrap_or_default();
        matches!(rest.first(), Some(b',' | b']')).then_some(value)
    }
}

/// Members of an object: name (a string value) and value. Ends at the closing brace, at the first fault, or where a
/// cut text ends, so it also serves for the head of an overlong object.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Members<'a> {
    /// The members of the object that `text` begins with, whole or cut.
    pub fn open(text: &'a [u8]) -> Self {
        Self { rest: text.strip_prefix(b"{").unwrap_or_default() }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        let text = trim_start(self.rest);
        self.rest = &[];
        text.strip_prefix(b"\"")?;
        let (key, rest) = Value::first(text)?;
        let rest = trim_start(rest).strip_prefix(b":")?;
        let (value, rest) = Value::first(rest)?;
        let rest = trim_start(rest);
        self.rest = rest.strip_prefix(b",").unwrap_or_default();
        matches!(rest.first(), Some(b',' | b'}')).then_some((key, value))
    }
}

/// Finds where an object ends, fed piece by piece, so that a long message is scanned once however it is cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

/// What a [`Scan`] found in a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The object ends before this offset of the piece.
    End(usize),
    /// A line feed or a closing bracket too many at this offset: no object of one line.
    Broken(usize),
    /// The whole piece lies inside the object.
    Inside,
}

impl Scan {
    /// Deepest nesting followed; real messages have five levels.
    const MAX_DEPTH: u32 = 64;

    /// Looks through the next piece. The first byte of the first piece must be `{`.
    pub fn feed(&mut self, piece: &[u8]) -> Found {
        let mut at = 0;
        while let Some(rest) = piece.get(at..).filter(|r| !r.is_empty()) {
            if self.in_string && !self.escaped {
                // Most bytes lie in strings: step to the next that matters.
                match memchr::memchr3(b'"', b'\\', b'\n', rest) {
                    Some(skip) => at += skip,
                    None => return Found::Inside,
                }
            }
            let Some(&byte) = piece.get(at) else { break };
            match (self.in_string, byte) {
                (true, _) if self.escaped => self.escaped = false,
                (_, b'\n') => return Found::Broken(at),
                (true, b'\\') => self.escaped = true,
                (true, b'"') => self.in_string = false,
                (false, b'"') => self.in_string = true,
                (false, b'{' | b'[') => self.depth += 1,
                (false, b'}' | b']') => match self.depth.checked_sub(1) {
                    Some(0) => {
                        *self = Self::default();
                        return Found::End(at.saturating_add(1));
                    }
                    Some(depth) => self.depth = depth,
                    None => return Found::Broken(at),
                },
                _ => {}
            }
            if self.depth > Self::MAX_DEPTH {
                return Found::Broken(at);
            }
            at = at.saturating_add(1);
        }
        Found::Inside
    }
}

fn trim_start(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

/// Length of the value at the start of `text`.
fn value_len(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_len(text),
        b'{' | b'[' => nested_len(text),
        b'}' | b']' | b',' | b':' => None,
        _ => {
            let end =
                text.iter().position(|b| matches!(b, b',' | b'}' | b']' | b':') || b.is_ascii_whitespace());
            Some(end.unwrap_or(text.len()))
        }
    }
}

/// Length of the string at the start of `text`, quotes included.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at.saturating_add(1));
        }
        at += 2;
    }
}

/// Length of the array or object at the start of `text`. Brackets are counted, not matched by kind.
fn nested_len(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0usize, 0u32);
    loop {
        match text.get(at)? {
            b'"' => at += string_len(text.get(at..)?)?,
            b'{' | b'[' => (at, depth) = (at.saturating_add(1), depth.saturating_add(1)),
            b'}' | b']' => {
                (at, depth) = (at.saturating_add(1), depth.saturating_sub(1));
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at = at.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests;
