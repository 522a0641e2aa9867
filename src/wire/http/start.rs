//! Where heads begin and end, told without reading them.

/// Methods that a piece in mid-stream may begin with, and the start of every response.
const STARTS: [&[u8]; 10] = [
    b"CONNECT ",
    b"DELETE ",
    b"GET ",
    b"HEAD ",
    b"HTTP/1.",
    b"OPTIONS ",
    b"PATCH ",
    b"POST ",
    b"PUT ",
    b"TRACE ",
];

/// What the first bytes of a piece are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A head begins.
    Head,
    /// Too few to tell.
    More,
    /// No head.
    Never,
}

/// What a piece begins, judged by the common methods and `HTTP/1.`.
pub fn opening(piece: &[u8]) -> Opening {
    if STARTS.iter().any(|start| piece.starts_with(start)) {
        Opening::Head
    } else if STARTS.iter().any(|start| start.starts_with(piece)) {
        Opening::More
    } else {
        Opening::Never
    }
}

/// Whether a piece begins with a head for certain.
pub fn starts_head(piece: &[u8]) -> bool {
    opening(piece) == Opening::Head
}

/// `tchar` of RFC 9110, 5.6.2.
pub(super) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
        )
        || matches!(byte, b'|' | b'~')
}

/// Where the head ends: behind its first empty line. RFC 9112, 2.2 lets a line feed stand alone.
pub(super) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let tail = bytes.get(from..)?;
    memchr::memchr_iter(b'\n', tail).find_map(|at| {
        let next = from.saturating_add(at).saturating_add(1);
        match bytes.get(next..)? {
            [b'\n', ..] => Some(next.saturating_add(1)),
            [b'\r', b'\n', ..] => Some(next.saturating_add(2)),
            _ => None,
        }
    })
}

/// What follows line ends.
pub(super) fn skip_line_ends(bytes: &[u8]) -> &[u8] {
    let at = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'));
    bytes.get(at.unwrap_or(bytes.len())..).unwrap_or_default()
}
