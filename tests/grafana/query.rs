//! Reads PromQL as far as the boards use it, and says which labels the answer of an expression has. Prometheus itself
//! judges the grammar; this finds labels and metrics that are not there, about which it keeps silent.

use std::collections::BTreeSet;

/// An expression.
#[derive(Debug)]
pub(crate) enum Expr {
    /// A number, or a function of nothing.
    Scalar,
    Selector(Selector),
    Call(String, Box<Self>),
    /// Operator, labels kept, what it is over.
    Aggregate(String, Vec<String>, Box<Self>),
    Binary(Box<Binary>),
}

/// A metric with matchers.
#[derive(Debug)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    /// Label, operator, value.
    pub(crate) matchers: Vec<(String, String, String)>,
    pub(crate) range: Option<String>,
}

/// Two expressions and what is between them.
#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) operator: String,
    pub(crate) on: Option<Vec<String>>,
    pub(crate) group_left: Option<Vec<String>>,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
}

const AGGREGATIONS: [&str; 6] = ["count", "max", "min", "sum", "topk", "bottomk"];

/// From the loosest to the tightest.
const OPERATORS: [&[&str]; 5] =
    [&["or"], &["and", "unless"], &["==", "!=", "<=", "<", ">=", ">"], &["+", "-"], &["*", "/"]];

/// Reads a whole expression.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0 };
    let expr = reader.binary(0)?;
    if reader.at < reader.tokens.len() { Err(reader.unexpected()) } else { Ok(expr) }
}

/// Labels of a vector; `None` of a scalar.
pub(crate) type Labels = Option<BTreeSet<String>>;

impl Expr {
    /// Calls `see` with each selector and the calls and operators it stands in, the innermost last.
    pub(crate) fn walk<'a>(
        &'a self,
        above: &mut Vec<&'a Self>,
        see: &mut dyn FnMut(&'a Selector, &[&'a Self]),
    ) {
        let parts: Vec<&Self> = match self {
            Self::Scalar => Vec::new(),
            Self::Selector(selector) => return see(selector, above),
            Self::Call(_, part) | Self::Aggregate(_, _, part) => vec![part],
            Self::Binary(binary) => vec![&binary.left, &binary.right],
        };
        above.push(self);
        parts.into_iter().for_each(|part| part.walk(above, see));
        above.pop();
    }

    /// The labels of the answer, by what `of` says of each selector; an error where a label is asked for that is not
    /// there, or where two sides cannot meet.
    pub(crate) fn labels(&self, of: &dyn Fn(&Selector) -> BTreeSet<String>) -> Result<Labels, String> {
        match self {
            Self::Scalar => Ok(None),
            Self::Selector(selector) => Ok(Some(of(selector))),
            Self::Call(_, part) => part.labels(of),
            Self::Aggregate(operator, by, part) => {
                let inner = part.labels(of)?.ok_or_else(|| format!("{operator} of a scalar"))?;
                has(&inner, by)?;
                // These choose among series and leave them as they are.
                let whole = matches!(operator.as_str(), "topk" | "bottomk");
                Ok(Some(if whole { inner } else { by.iter().cloned().collect() }))
            }
            Self::Binary(binary) => binary.labels(of),
        }
    }
}

impl Binary {
    fn labels(&self, of: &dyn Fn(&Selector) -> BTreeSet<String>) -> Result<Labels, String> {
        let (left, right) = match (self.left.labels(of)?, self.right.labels(of)?) {
            (Some(left), Some(right)) => (left, right),
            (left, right) => return Ok(left.or(right)),
        };
        let Some(on) = &self.on else {
            let differ = format!("{}: {left:?} never meets {right:?}", self.operator);
            return if left == right { Ok(Some(left)) } else { Err(differ) };
        };
        has(&left, on)?;
        has(&right, on)?;
        let more = self.group_left.as_ref().map(|more| has(&right, more).map(|()| more)).transpose()?;
        Ok(Some(match (more, self.operator.as_str()) {
            (Some(more), _) => left.into_iter().chain(more.iter().cloned()).collect(),
            (None, "and" | "unless" | "==" | "!=" | "<" | "<=" | ">" | ">=") => left,
            (None, _) => on.iter().cloned().collect(),
        }))
    }
}

fn has(labels: &BTreeSet<String>, asked: &[String]) -> Result<(), String> {
    asked.iter().try_for_each(|label| {
        labels
            .contains(label)
            .then_some(())
            .ok_or_else(|| format!("there is no label {label} among {labels:?}"))
    })
}

/// Words, numbers with units, texts (with a quotation mark in front), and signs.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '$');
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' || first == '`' {
            let end = rest[1..].find(first).ok_or("a text has no end")?;
            tokens.push(format!("\"{}", &rest[1..=end]));
            end + 2
        } else {
            let two = ["=~", "!~", "==", "!=", "<=", ">="].iter().any(|sign| rest.starts_with(sign));
            let word = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
            let length = if of_word(first) { word } else { 1 + usize::from(two) };
            tokens.push(rest[..length].to_owned());
            length
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned().unwrap_or_default()
    }

    fn take(&mut self, token: &str) -> bool {
        let there = self.peek() == token;
        self.at += usize::from(there);
        there
    }

    fn need(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("{token} is missing: {}", self.unexpected())) }
    }

    fn unexpected(&self) -> String {
        format!("unexpected {:?} after {:?}", self.peek(), self.tokens[..self.at].join(" "))
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = OPERATORS.get(level) else { return self.primary() };
        let mut left = self.binary(level + 1)?;
        while operators.contains(&self.peek()) {
            let operator = self.next();
            let on = if self.take("on") { Some(self.names()?) } else { None };
            let group_left = if self.take("group_left") { Some(self.names()?) } else { None };
            let right = self.binary(level + 1)?;
            left = Expr::Binary(Box::new(Binary { operator, on, group_left, left, right }));
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Expr, String> {
        if self.take("(") {
            let expr = self.binary(0)?;
            self.need(")")?;
            return Ok(expr);
        }
        let word = self.next();
        match word.chars().next() {
            Some(first) if first.is_ascii_digit() || word == "$__interval_ms" => Ok(Expr::Scalar),
            Some(first) if !first.is_ascii_alphabetic() && first != '_' => Err(self.unexpected()),
            None => Err(self.unexpected()),
            Some(_) if AGGREGATIONS.contains(&word.as_str()) => self.aggregate(word),
            Some(_) if self.peek() == "(" => self.call(word),
            Some(_) => self.selector(word).map(Expr::Selector),
        }
    }

    fn aggregate(&mut self, operator: String) -> Result<Expr, String> {
        let by = if self.take("by") { self.names()? } else { Vec::new() };
        self.need("(")?;
        if matches!(operator.as_str(), "topk" | "bottomk") {
            self.next();
            self.need(",")?;
        }
        let part = self.binary(0)?;
        self.need(")")?;
        Ok(Expr::Aggregate(operator, by, Box::new(part)))
    }

    fn call(&mut self, function: String) -> Result<Expr, String> {
        self.need("(")?;
        if self.take(")") {
            return Ok(Expr::Scalar);
        }
        let part = self.binary(0)?;
        self.need(")")?;
        Ok(Expr::Call(function, Box::new(part)))
    }

    fn selector(&mut self, metric: String) -> Result<Selector, String> {
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                let (label, operator, value) = (self.next(), self.next(), self.next());
                let value = value.strip_prefix('"').ok_or_else(|| self.unexpected())?.to_owned();
                matchers.push((label, operator, value));
                if self.peek() != "}" {
                    self.need(",")?;
                }
            }
        }
        let range = if self.take("[") { Some(self.next()) } else { None };
        if range.is_some() {
            self.need("]")?;
        }
        if self.take("@") {
            ["end", "(", ")"].iter().try_for_each(|token| self.need(token))?;
        }
        Ok(Selector { metric, matchers, range })
    }

    /// Names in brackets.
    fn names(&mut self) -> Result<Vec<String>, String> {
        self.need("(")?;
        let mut names = Vec::new();
        while !self.take(")") {
            names.push(self.next());
            if self.peek() != ")" {
                self.need(",")?;
            }
        }
        Ok(names)
    }
}
