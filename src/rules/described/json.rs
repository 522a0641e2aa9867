//! What an object's member must be: a path to it, and forms that its value must have (RFC 8259 values, read in
//! place). Nothing is searched for: a path leads to one value or to none.

use std::ops::RangeInclusive;

use crate::wire::json::Value;

use super::MAX_TEXT;

/// Steps of the longest path, the outermost name included.
const MAX_STEPS: usize = 8;
/// The last item of an array that a path may name: items are walked, not looked up.
const MAX_INDEX: usize = 1023;

/// A path into an object: names joined by dots, `[n]` for an item of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    root: Box<str>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Item(usize),
    Name(Box<str>),
}

impl Path {
    /// Reads `msgContent.tasks[0].hash`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_TEXT {
            return Err("is longer than 512 bytes");
        }
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, items) =
                part.split_at_checked(part.find('[').unwrap_or(part.len())).unwrap_or((part, ""));
            if name.is_empty() {
                return Err("has a name without letters");
            }
            steps.push(Step::Name(name.into()));
            // More steps than allowed are told below; they need not all be kept.
            for item in items.split_inclusive(']').take(MAX_STEPS) {
                let digits = item.strip_prefix('[').and_then(|i| i.strip_suffix(']'));
                let index = digits.filter(|d| !d.starts_with('+')).and_then(|d| d.parse().ok());
                steps.push(Step::Item(
                    index.filter(|i| *i <= MAX_INDEX).ok_or("has an index that is none of 0 to 1023")?,
                ));
            }
            if steps.len() > MAX_STEPS {
                return Err("has more than 8 steps");
            }
        }
        let mut steps = steps.into_iter();
        let Some(Step::Name(root)) = steps.next() else { return Err("is empty") };
        Ok(Self { root, steps: steps.collect() })
    }

    /// The outermost member's name.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The value that the path leads to, from the value of the outermost member. Of names that are there twice the
    /// last counts, as everywhere.
    pub(super) fn below<'a>(&self, root: Value<'a>) -> Option<Value<'a>> {
        self.steps.iter().try_fold(root, |value, step| match step {
            Step::Item(index) => value.item(*index),
            Step::Name(name) => {
                value.members().filter(|(key, _)| key.is_str(name)).last().map(|(_, value)| value)
            }
        })
    }
}

/// A member that must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Where it is.
    pub path: Path,
    /// What its value must be: all of these.
    pub tests: Vec<Test>,
}

impl Member {
    /// Whether the value of the outermost member leads to one that holds.
    pub(super) fn holds(&self, root: Value<'_>) -> bool {
        let Some(value) = self.path.below(root) else { return false };
        let prefix =
            self.tests.iter().find_map(|t| if let Test::Prefix(p) = t { Some(p.len()) } else { None });
        self.tests.iter().all(|test| test.holds(value, prefix.unwrap_or(0)))
    }
}

/// A form of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal to this.
    Equal(Literal),
    /// A string of so many hexadecimal digits; behind the prefix, where one is asked for.
    Hex(RangeInclusive<usize>),
    /// Of this kind.
    Is(Kind),
    /// An array of so many items, or a string of so many bytes.
    Length(RangeInclusive<usize>),
    /// Equal to one of these.
    OneOf(Vec<Literal>),
    /// A string that begins so.
    Prefix(Box<str>),
}

impl Test {
    fn holds(&self, value: Value<'_>, prefix: usize) -> bool {
        match self {
            Self::Equal(literal) => literal.is(value),
            Self::Hex(digits) => value.plain().and_then(|t| t.get(prefix..)).is_some_and(|text| {
                digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
            }),
            Self::Is(kind) => kind.is(value),
            Self::Length(range) if value.is_array() => {
                range.contains(&value.items().take(range.end().saturating_add(1)).count())
            }
            Self::Length(range) => value.str().is_some_and(|text| range.contains(&text.len())),
            Self::OneOf(literals) => literals.iter().any(|l| l.is(value)),
            Self::Prefix(prefix) => value.str().is_some_and(|text| text.starts_with(&**prefix)),
        }
    }
}

/// A scalar to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// true or false.
    Bool(bool),
    /// A number; `1` and `1.0` are one.
    Number(f64),
    /// A string, escapes resolved.
    Text(Box<str>),
}

impl Literal {
    fn is(&self, value: Value<'_>) -> bool {
        match self {
            Self::Bool(b) => value.bool() == Some(*b),
            Self::Number(n) => number(value) == Some(*n),
            Self::Text(text) => value.is_str(text),
        }
    }
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything, null too: the member is there.
    Any,
    /// An array.
    Array,
    /// true or false.
    Bool,
    /// A number without point and exponent.
    Integer,
    /// null.
    Null,
    /// A number.
    Number,
    /// An object.
    Object,
    /// A string.
    Text,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Any,
        Self::Array,
        Self::Bool,
        Self::Integer,
        Self::Null,
        Self::Number,
        Self::Object,
        Self::Text,
    ];

    /// The word in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Array => "array",
            Self::Bool => "bool",
            Self::Integer => "integer",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::Text => "string",
        }
    }

    fn is(self, value: Value<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Array => value.is_array(),
            Self::Bool => value.bool().is_some(),
            Self::Integer => {
                let digits = value.text().strip_prefix(b"-").unwrap_or_else(|| value.text());
                !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
            }
            Self::Null => value.is_null(),
            Self::Number => number(value).is_some(),
            Self::Object => value.is_object(),
            Self::Text => value.str().is_some(),
        }
    }
}

/// The number it is, not the one its string spells.
fn number(value: Value<'_>) -> Option<f64> {
    if value.text().starts_with(b"\"") { None } else { value.number() }
}
