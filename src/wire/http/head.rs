//! Heads: a request or status line and header fields, read in place by httparse; and how long the body after them is
//! (RFC 9112, 6.3). No field is interpreted beyond that.

use super::Ask;
use crate::bytes::Malformed;

/// Header fields in a head, at most.
pub(super) const MAX_HEADERS: usize = 64;

/// The header fields of a head.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(&'a [httparse::Header<'a>]);

/// The head of a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The header fields.
    pub headers: Headers<'a>,
    /// The method, as written.
    pub method: &'a str,
    /// The target, as written; [`Request::form`] takes it apart.
    pub target: &'a str,
    /// The minor version: 0 or 1.
    pub version: u8,
}

/// The head of a response.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The header fields.
    pub headers: Headers<'a>,
    /// The reason phrase; empty where it is missing or no ASCII.
    pub reason: &'a str,
    /// The status code.
    pub status: u16,
    /// The minor version: 0 or 1.
    pub version: u8,
}

/// A request target, in its four forms (RFC 9112, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `scheme://authority/path`, to a proxy.
    Absolute {
        /// Host and port, without user information.
        authority: &'a str,
        /// Path and query; may be empty.
        path: &'a str,
    },
    /// `*`
    Asterisk,
    /// `host:port`, of CONNECT.
    Authority(&'a str),
    /// Path and query.
    Origin(&'a str),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Head<'a> {
    Request(Request<'a>),
    Response(Response<'a>),
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Chunked,
    Close,
    Counted(u64),
    None,
    Tunnel,
    Upgrade,
}

impl<'a> Headers<'a> {
    /// All fields in order, those with a value that is text.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.iter().filter_map(|h| Some((h.name, str::from_utf8(h.value).ok()?.trim())))
    }

    /// The values of the fields of this name, in any case.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first value of this name, in any case.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// The fields whose name begins so, in any case: `x-mining-`.
    pub fn beginning<'n>(&self, prefix: &'n str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a, 'n> {
        self.iter().filter(move |(name, _)| {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
    }

    /// The one Content-Length. RFC 9110, 8.6 lets the same number stand several times; two numbers are an attack.
    fn content_length(&self) -> Result<Option<u64>, Malformed> {
        let mut length = None;
        for header in self.0.iter().filter(|h| h.name.eq_ignore_ascii_case("content-length")) {
            let text = str::from_utf8(header.value).map_err(|_| Malformed("Content-Length"))?;
            for item in text.split(',') {
                let item = item.trim_matches([' ', '\t']);
                // `parse` alone would take a sign.
                let digits = !item.is_empty() && item.bytes().all(|b| b.is_ascii_digit());
                let number = item.parse().ok().filter(|_| digits).ok_or(Malformed("Content-Length"))?;
                if length.is_some_and(|known: u64| known != number) {
                    return Err(Malformed("Content-Length"));
                }
                length = Some(number);
            }
        }
        Ok(length)
    }

    /// Whether there is a Transfer-Encoding, and whether `chunked` is its last word.
    fn chunked(&self) -> Option<bool> {
        let last = self.0.iter().rfind(|h| h.name.eq_ignore_ascii_case("transfer-encoding"))?;
        let text = str::from_utf8(last.value).unwrap_or_default();
        let word = text.rsplit(',').next().unwrap_or_default();
        Some(word.trim().eq_ignore_ascii_case("chunked"))
    }
}

impl<'a> Request<'a> {
    /// The target taken apart; `None` where it has no form.
    pub fn form(&self) -> Option<Target<'a>> {
        if self.method == "CONNECT" {
            return host_port(self.target).map(|_| Target::Authority(self.target));
        }
        if self.target.starts_with('/') {
            return Some(Target::Origin(self.target));
        }
        if self.target == "*" {
            return Some(Target::Asterisk);
        }
        let (_, rest) = self.target.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Some(Target::Absolute { authority, path })
    }

    /// What this request means for its response.
    pub fn ask(&self) -> Ask {
        match self.method {
            "CONNECT" => Ask::Connect,
            "HEAD" => Ask::Head,
            _ => Ask::Other,
        }
    }

    pub(super) fn length(&self) -> Result<Length, Malformed> {
        let counted = self.headers.content_length()?;
        if self.method == "CONNECT" {
            // RFC 9110, 9.3.6: what follows is the tunnel's, or the next try.
            return Ok(Length::None);
        }
        match (self.headers.chunked(), counted) {
            (Some(true), _) => Ok(Length::Chunked),
            (Some(false), _) => Err(Malformed("Transfer-Encoding")),
            (None, None | Some(0)) => Ok(Length::None),
            (None, Some(n)) => Ok(Length::Counted(n)),
        }
    }
}

impl Response<'_> {
    pub(super) fn length(&self, ask: Option<Ask>) -> Result<Length, Malformed> {
        let counted = self.headers.content_length()?;
        match (self.status, ask) {
            (101, _) => return Ok(Length::Upgrade),
            (200..=299, Some(Ask::Connect)) => return Ok(Length::Tunnel),
            (100..=199 | 204 | 304, _) | (_, Some(Ask::Head)) => return Ok(Length::None),
            _ => {}
        }
        match (self.headers.chunked(), counted) {
            (Some(true), _) => Ok(Length::Chunked),
            (Some(false), _) | (None, None) => Ok(Length::Close),
            (None, Some(0)) => Ok(Length::None),
            (None, Some(n)) => Ok(Length::Counted(n)),
        }
    }
}

/// An address of a page without its query and fragment, which may name whoever reads it. Where it has a user, who may have
/// a password, it begins behind that.
pub fn page(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => rest.get(user.len() + 1..).unwrap_or_default(),
        None => url,
    }
}

/// Host and port of an authority: `host`, `host:port`, `[v6]`, `[v6]:port`. The host comes without brackets.
pub fn host_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (host, port)
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let named = !host.is_empty() && host.len() <= 255 && host.bytes().all(|b| b.is_ascii_graphic());
    match port {
        _ if !named => None,
        None => Some((host, None)),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().map(|port| (host, Some(port)))
        }
        Some(_) => None,
    }
}

/// Reads a whole head into `slots`.
pub(super) fn parse<'a>(
    bytes: &'a [u8],
    slots: &'a mut [httparse::Header<'a>; MAX_HEADERS],
) -> Result<Head<'a>, Malformed> {
    if bytes.starts_with(b"HTTP/") {
        let mut found = httparse::Response::new(slots);
        found.parse(bytes).map_err(field)?;
        let (Some(version), Some(status)) = (found.version, found.code) else {
            return Err(Malformed("status line"));
        };
        let reason = found.reason.unwrap_or_default();
        return Ok(Head::Response(Response { headers: Headers(found.headers), reason, status, version }));
    }
    let mut found = httparse::Request::new(slots);
    found.parse(bytes).map_err(field)?;
    let (Some(method), Some(target), Some(version)) = (found.method, found.path, found.version) else {
        return Err(Malformed("request line"));
    };
    Ok(Head::Request(Request { headers: Headers(found.headers), method, target, version }))
}

const fn field(error: httparse::Error) -> Malformed {
    Malformed(match error {
        httparse::Error::HeaderName => "header name",
        httparse::Error::HeaderValue => "header value",
        httparse::Error::NewLine => "line end",
        httparse::Error::Status => "status",
        httparse::Error::Token => "request line",
        httparse::Error::TooManyHeaders => "number of headers",
        httparse::Error::Version => "version",
    })
}
