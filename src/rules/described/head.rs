//! Shapes of HTTP request heads (RFC 9110, RFC 9112): method, path, host, one header, and whether a WebSocket is asked
//! for (RFC 6455, 4.1). Bodies are not looked at.

use std::borrow::Cow;

use crate::stratum::{Line, Message};
use crate::wire::http::{self, Request, Target};

use super::{MAX_TEXT, Meaning, Source};

/// Bytes of the longest method.
const MAX_METHOD: usize = 24;

/// A request's head. What is `None` may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadForm {
    /// The method, as it is written.
    pub method: Box<str>,
    /// The path.
    pub path: PathForm,
    /// The host that is asked.
    pub host: Option<HostForm>,
    /// A header's name, in any case, and how its value begins.
    pub header: Option<(Box<str>, Box<str>)>,
    /// Whether a WebSocket must be, or must not be, asked for.
    pub websocket: Option<bool>,
}

/// A path: literal but for `*`, which stands for one whole segment, or at the end for whatever follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathForm {
    /// What stands before, between and behind the stars.
    pieces: Vec<Box<str>>,
    /// Whether anything may follow the last piece.
    open: bool,
    /// Whether the query is looked at too.
    query: bool,
}

impl PathForm {
    /// Reads `/mine/*/work` or `/api/*`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_TEXT {
            return Err("is longer than 512 bytes");
        }
        if !text.starts_with('/') {
            return Err("does not begin with a slash");
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("has a character that stands in no path");
        }
        let (closed, open) = text.strip_suffix('*').map_or((text, false), |closed| (closed, true));
        let pieces: Vec<Box<str>> = closed.split('*').map(Box::from).collect();
        let inner = pieces.split_last().map_or(&[][..], |(_, inner)| inner);
        let behind = pieces.get(1..).unwrap_or_default();
        if !inner.iter().all(|p| p.ends_with('/')) || !behind.iter().all(|p| p.starts_with('/')) {
            return Err("has a star that is neither a whole segment nor the end");
        }
        Ok(Self { pieces, open, query: text.contains('?') })
    }

    /// What every such path begins with.
    fn head(&self) -> &str {
        self.pieces.first().map_or("", |p| p)
    }

    /// Bytes that are compared, slashes left out.
    pub(super) fn literal(&self) -> usize {
        self.pieces.iter().map(|p| p.bytes().filter(|b| *b != b'/').count()).sum()
    }

    /// Whether a path fits: what its first star stands for, empty where there is none.
    fn find<'a>(&self, target: &'a str) -> Option<&'a str> {
        let path = if self.query { target } else { target.split('?').next().unwrap_or_default() };
        let mut pieces = self.pieces.iter();
        let mut rest = path.strip_prefix(&**pieces.next()?)?;
        let mut star = None;
        for piece in pieces {
            let (segment, behind) = rest.split_at_checked(rest.find('/')?)?;
            if segment.is_empty() {
                return None;
            }
            star = star.or(Some(segment));
            rest = behind.strip_prefix(&**piece)?;
        }
        if self.open {
            // What an address stands in ends at the next slash, whatever follows.
            star = star.or_else(|| rest.split(['/', '?']).next());
        } else if !rest.is_empty() {
            return None;
        }
        Some(star.unwrap_or_default())
    }
}

/// A host: one name, or all below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostForm {
    name: Box<str>,
    below: bool,
}

impl HostForm {
    /// Reads `host.example.net` or `*.example.net`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        let name = name.to_ascii_lowercase();
        // An address is a host too, but nothing is below it.
        if below || name.parse::<std::net::IpAddr>().is_err() {
            super::super::hosts::check(&name)?;
        }
        Ok(Self { name: name.into(), below })
    }

    fn is(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let Some(cut) = host.len().checked_sub(self.name.len()) else { return false };
        let Some((front, name)) = host.split_at_checked(cut) else { return false };
        let fits = name.eq_ignore_ascii_case(&self.name);
        fits && if self.below { front.len() > 1 && front.ends_with('.') } else { front.is_empty() }
    }
}

impl HeadForm {
    /// Whether this is a method that a request can have.
    pub fn check_method(method: &str) -> Result<(), &'static str> {
        let fits = (1..=MAX_METHOD).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase());
        fits.then_some(()).ok_or("is no method")
    }

    /// Whether this can be a header's name (RFC 9110, 5.6.2).
    pub fn check_header(name: &str) -> Result<(), &'static str> {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let fits = (1..=MAX_TEXT).contains(&name.len()) && name.bytes().all(is_token);
        fits.then_some(()).ok_or("is no header's name")
    }

    /// Whether a head fits: what the path's first star stands for, empty where there is none.
    fn find<'a>(&self, head: &Request<'a>) -> Option<&'a str> {
        if head.method != &*self.method {
            return None;
        }
        let (path, authority) = match head.form()? {
            Target::Absolute { authority, path } => (path, Some(authority)),
            Target::Origin(path) => (path, None),
            Target::Asterisk | Target::Authority(_) => return None,
        };
        let star = self.path.find(path)?;
        let host = || {
            authority.or_else(|| head.headers.value("host")).and_then(http::host_port).map(|(name, _)| name)
        };
        let right = self.host.as_ref().is_none_or(|form| host().is_some_and(|name| form.is(name)))
            && self.header.as_ref().is_none_or(|(name, begins)| {
                head.headers.values(name).any(|value| value.starts_with(&**begins))
            })
            && self.websocket.is_none_or(|wanted| wanted == asks_for_websocket(head));
        right.then_some(star)
    }

    fn may_begin(&self, payload: &[u8]) -> bool {
        let Some(target) = behind(payload, self.method.as_bytes()) else { return false };
        let Some(target) = behind(target, b" ") else { return false };
        // To a proxy: the path stands behind scheme and host.
        if let Some(rest) = behind(target, b"http://") {
            let path = memchr::memchr(b'/', rest).and_then(|at| rest.get(at..));
            return behind(path.unwrap_or_default(), self.path.head().as_bytes()).is_some();
        }
        behind(target, self.path.head().as_bytes()).is_some()
    }
}

/// What stands behind `start`; nothing where the text ends in it, `None` where it begins otherwise.
fn behind<'t>(text: &'t [u8], start: &[u8]) -> Option<&'t [u8]> {
    text.strip_prefix(start).or_else(|| start.starts_with(text).then_some(&[]))
}

fn asks_for_websocket(head: &Request<'_>) -> bool {
    let words = head.headers.values("upgrade").flat_map(|value| value.split(','));
    words.into_iter().any(|word| word.trim().eq_ignore_ascii_case("websocket"))
}

#[derive(Debug, Default)]
pub(super) struct Heads(Vec<(HeadForm, Meaning)>);

impl Heads {
    pub(super) fn add(&mut self, form: HeadForm, meaning: Meaning) {
        self.0.push((form, meaning));
    }

    #[inline]
    pub(super) fn may_begin(&self, payload: &[u8]) -> bool {
        !payload.is_empty() && self.0.iter().any(|(form, _)| form.may_begin(payload))
    }

    pub(super) fn find<'a>(&self, head: &Request<'a>) -> Option<Message<'a>> {
        let (star, meaning) = self.0.iter().find_map(|(form, meaning)| Some((form.find(head)?, meaning)))?;
        Some(meaning.message(&Line::default(), |source| match source {
            Source::Header(name) => head.headers.value(name).map(Cow::Borrowed),
            Source::Star => Some(Cow::Borrowed(star)),
            Source::Path(_) => None,
        }))
    }
}
