//! Packet text inside a JSON line: bounded, one line, and harmless on a terminal. Who may see it is `privacy`'s
//! matter.

use std::borrow::Cow;
use std::io;

use serde_json::ser::Formatter;

/// Bytes of one text in an event at most; a longer one is cut and ends with `…`. No address, name or agent of any
/// known miner is nearly as long.
pub const LONGEST_TEXT: usize = 512;

/// `text`, cut to [`LONGEST_TEXT`] bytes between two characters.
pub(super) fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let mut kept = text.into_owned();
    kept.truncate(kept.floor_char_boundary(LONGEST_TEXT - ELLIPSIS.len_utf8()));
    kept.push(ELLIPSIS);
    Cow::Owned(kept)
}

/// Compact JSON that escapes more than RFC 8259 §7 asks: a terminal takes U+009B for the start of a command, and the
/// bidirectional marks make a line read as what it is not.
pub(super) struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut written = 0;
        for (at, c) in fragment.char_indices().filter(|&(_, c)| is_harmful(c)) {
            writer.write_all(&fragment.as_bytes()[written..at])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            written = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

/// All in the Basic Multilingual Plane, so that one `\u` escape is enough.
const fn is_harmful(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' // DEL and C1
        | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // line ends, direction
        | '\u{feff}')
}

const ELLIPSIS: char = '…';

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Harmless)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_moves_a_terminal_and_reads_back_the_same() {
        let hostile =
            "a\"\\\n\r\0\u{1b}[2J\u{7f}\u{9b}31m\u{85}\u{202e}gpj\u{2028}\u{2069}\u{feff}é…\u{1f4a5}";
        let line = json(hostile);
        assert!(!line.chars().any(|c| c.is_control() || is_harmful(c)), "{line}");
        assert!(line.contains("\\u009b31m") && line.contains("é…\u{1f4a5}"));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), hostile);
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut(Cow::Owned("x".repeat(LONGEST_TEXT))).len(), LONGEST_TEXT);
        let long = cut(Cow::Owned("é".repeat(LONGEST_TEXT))).into_owned();
        assert!(long.len() <= LONGEST_TEXT && long.len() > LONGEST_TEXT - 4 && long.ends_with('…'));
    }
}
