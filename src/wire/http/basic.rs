//! The user of Basic credentials (RFC 7617, base64 by RFC 4648): getwork miners log in so. The password is not decoded.

use crate::bytes::sextet;

/// Bytes of a user name, at most.
const MAX_USER: usize = 512;
/// Characters of credentials that are looked at.
const MAX_TEXT: usize = 4096;

/// The user of an Authorization value `Basic ...`; `None` for other schemes, for bad base64, and without a colon, where
/// all of it might be a secret.
pub fn basic_user(value: &str) -> Option<String> {
    let (scheme, text) = value.trim().split_once(' ')?;
    let text = text.trim_start();
    if !scheme.eq_ignore_ascii_case("basic") || text.len() > MAX_TEXT {
        return None;
    }
    let digits = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(digits.len());
    let whole = digits.len().saturating_add(padding).is_multiple_of(4) && padding <= 2;
    // Padding may be left out, but a lone digit is not a byte.
    if !(padding == 0 || whole) || digits.len() % 4 == 1 || !digits.bytes().all(|b| sextet(b).is_some()) {
        return None;
    }
    let user = before_colon(digits)?;
    let text = String::from_utf8(user).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

/// Decodes as far as the colon, and not a byte further.
fn before_colon(digits: &str) -> Option<Vec<u8>> {
    let mut user = Vec::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for digit in digits.bytes() {
        bits = (bits << 6) | u32::from(sextet(digit)?);
        held = held.saturating_add(6);
        if held < 8 {
            continue;
        }
        held = held.saturating_sub(8);
        let byte = u8::try_from((bits >> held) & 0xff).ok()?;
        bits &= (1 << held) - 1;
        match byte {
            b':' => return Some(user),
            _ if user.len() >= MAX_USER => return None,
            _ => user.push(byte),
        }
    }
    None
}
