//! The operator's key: 32 bytes of a file, from which each use makes its own. It reads no file.

use std::fmt;

use ring::hmac;

/// The key as the operator keeps it. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

/// What a key is made for. Keys of two uses say nothing of each other, nor of the operator's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Numbers of flows in events.
    Flows,
    /// Pseudonyms of payees.
    Payees,
}

impl Secret {
    /// The key in a file's bytes: 32 raw ones, or 64 hexadecimal digits with white space around them.
    ///
    /// # Errors
    /// [`WeakSecret`] where it is none, or one that protects nothing.
    pub fn read(bytes: &[u8]) -> Result<Self, WeakSecret> {
        let is_hex = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
        let text = bytes.trim_ascii();
        let key = match <[u8; 32]>::try_from(bytes) {
            Ok(raw) if !is_hex(&raw) => raw,
            _ if text.len() == 64 && is_hex(text) => from_hex(text),
            _ if text.is_empty() => return Err(WeakSecret::Empty),
            _ if is_hex(text) => return Err(WeakSecret::Digits { digits: text.len() }),
            _ => return Err(WeakSecret::Size { bytes: bytes.len() }),
        };
        if key == [0; 32] {
            return Err(WeakSecret::Zero);
        }
        if key[..16] == key[16..] {
            return Err(WeakSecret::Halves);
        }
        Ok(Self(key))
    }

    /// The key itself, which encrypts addresses: other programs that know the method turn pseudonyms back with it.
    pub(super) const fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// A key for one use.
    pub(super) fn derive(&self, of: Use) -> [u8; 32] {
        let label: &[u8] = match of {
            Use::Flows => b"geophone flows 1",
            Use::Payees => b"geophone payees 1",
        };
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), label);
        let mut key = [0; 32];
        key.copy_from_slice(tag.as_ref());
        key
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// What is no key. Displays as what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// Hexadecimal digits, but not 64.
    #[error("has {digits} hexadecimal digits, and a key has 64")]
    Digits {
        /// How many.
        digits: usize,
    },
    /// Nothing.
    #[error("is empty")]
    Empty,
    /// Both halves are the same.
    #[error("holds the same 16 bytes twice, which hides nothing")]
    Halves,
    /// Neither digits nor 32 bytes.
    #[error("has {bytes} bytes, and a key has 32, or 64 hexadecimal digits")]
    Size {
        /// How many.
        bytes: usize,
    },
    /// All zeros.
    #[error("holds zeros only")]
    Zero,
}

/// 64 hexadecimal digits.
fn from_hex(digits: &[u8]) -> [u8; 32] {
    let value = |digit: u8| char::from(digit).to_digit(16).map_or(0, |v| v as u8);
    std::array::from_fn(|i| value(digits[2 * i]) << 4 | value(digits[2 * i + 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301";

    #[test]
    fn digits_and_bytes_are_the_same_key() {
        let key = Secret::read(KEY.as_bytes()).unwrap();
        assert_eq!(Secret::read(format!(" {}\r\n", KEY.to_uppercase()).as_bytes()), Ok(key.clone()));
        assert_eq!(Secret::read(&key.bytes()), Ok(key.clone()));
        assert_eq!(key.bytes()[..3], [0x01, 0x23, 0x45]);
        assert_eq!(format!("{key:?}"), "Secret(hidden)");
        assert!(
            Secret::read(b"0123456789 bytes with their end\n").is_ok(),
            "a raw key may end in a line feed"
        );
    }

    #[test]
    fn what_protects_nothing_is_no_key() {
        let half = &KEY[..32];
        for (bytes, wrong) in [
            (&b""[..], WeakSecret::Empty),
            (b" \n", WeakSecret::Empty),
            (&KEY.as_bytes()[..63], WeakSecret::Digits { digits: 63 }),
            (half.as_bytes(), WeakSecret::Digits { digits: 32 }),
            (&[1; 31], WeakSecret::Size { bytes: 31 }),
            (b"correct horse battery staple", WeakSecret::Size { bytes: 28 }),
            (&[0; 32], WeakSecret::Zero),
            (&[b'0'; 64], WeakSecret::Zero),
            (&[7; 32], WeakSecret::Halves),
            (format!("{half}{half}\n").as_bytes(), WeakSecret::Halves),
        ] {
            assert_eq!(Secret::read(bytes), Err(wrong), "{bytes:?}");
        }
    }

    #[test]
    fn each_use_has_its_own_key() {
        let key = Secret::read(KEY.as_bytes()).unwrap();
        let (flows, payees) = (key.derive(Use::Flows), key.derive(Use::Payees));
        assert!(flows != payees && flows != key.bytes() && payees != key.bytes());
        assert_eq!(flows, key.derive(Use::Flows));
    }
}
