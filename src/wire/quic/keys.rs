//! The keys of a client's Initial packets, and a packet opened by them. They follow from what stands open in the first
//! packet, so they hide nothing: they tell one who reads that it is QUIC, and whole (RFC 9001 §5.2, §5.3, §5.4).

use std::fmt;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use crate::bytes::Malformed;

use super::version::Version;

/// Bytes of a tag.
const TAG: usize = 16;
/// Bytes between a packet number's first and the sample (RFC 9001 §5.4.2).
const TO_SAMPLE: usize = 4;
/// Bytes of a sample.
const SAMPLE: usize = 16;

/// Key material of one direction's Initial packets. Whoever sees the first packet can derive it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secrets {
    /// Of the payload's AES-128-GCM.
    pub key: [u8; 16],
    /// What the packet number is added to.
    pub iv: [u8; 12],
    /// Of the header protection's AES-128.
    pub hp: [u8; 16],
}

/// Not what it holds: secrets stand in no output.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// The client's, for a version and the destination connection id of its first packet.
    pub fn client(version: u32, destination: &[u8]) -> Option<Self> {
        let version = Version::of(version)?;
        let initial = Salt::new(HKDF_SHA256, version.salt).extract(destination);
        let client: [u8; 32] = expand(&initial, b"client in")?;
        let client = Prk::new_less_safe(HKDF_SHA256, &client);
        let [key, iv, hp] = version.family.labels();
        Some(Self { key: expand(&client, key)?, iv: expand(&client, iv)?, hp: expand(&client, hp)? })
    }

    /// The nonce of a packet (RFC 9001 §5.3).
    pub fn nonce(&self, number: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        nonce
    }

    /// Opens a packet in place, header protection first: its number, and the payload between number and tag. `largest`
    /// is the largest number that was opened before.
    pub(super) fn open<'a>(
        &self,
        packet: &'a mut [u8],
        number_at: usize,
        largest: Option<u64>,
    ) -> Result<(u64, &'a [u8]), Malformed> {
        let sample =
            packet.get(number_at.saturating_add(TO_SAMPLE)..).and_then(<[u8]>::first_chunk::<SAMPLE>);
        let mask = self.mask(sample.ok_or(Malformed("sample"))?)?;
        let (number, number_len) = uncover(packet, number_at, mask).ok_or(Malformed("packet number"))?;
        let number = whole_number(number, number_len, largest);
        let (header, payload) = packet
            .split_at_mut_checked(number_at.saturating_add(number_len))
            .ok_or(Malformed("packet number"))?;
        let key = UnboundKey::new(&AES_128_GCM, &self.key).map_err(|_| Malformed("key"))?;
        let nonce = Nonce::assume_unique_for_key(self.nonce(number));
        let reserved = header.first().is_some_and(|first| first & 0x0c != 0);
        let plain = LessSafeKey::new(key).open_in_place(nonce, Aad::from(header), payload);
        let plain = plain.map_err(|_| Malformed("tag"))?;
        // Must be zero, but only a packet whose tag fits may be blamed for it (RFC 9000 §17.2).
        if reserved { Err(Malformed("reserved bits")) } else { Ok((number, plain)) }
    }

    /// The header protection's mask for a sample (RFC 9001 §5.4.3).
    fn mask(&self, sample: &[u8; SAMPLE]) -> Result<[u8; 5], Malformed> {
        let key = quic::HeaderProtectionKey::new(&quic::AES_128, &self.hp).map_err(|_| Malformed("key"))?;
        key.new_mask(sample).map_err(|_| Malformed("sample"))
    }
}

/// The least bytes behind where a packet number stands: a sample fits, and so does the tag.
pub(super) const LEAST: usize = TO_SAMPLE + SAMPLE;
const _: () = assert!(LEAST > TAG);

/// Takes the mask off the first byte and the packet number: the number as sent, and its bytes.
fn uncover(packet: &mut [u8], number_at: usize, mask: [u8; 5]) -> Option<(u32, usize)> {
    let [first_mask, number_mask @ ..] = mask;
    let first = packet.first_mut()?;
    *first ^= first_mask & 0x0f;
    let length = usize::from(*first & 3) + 1;
    let mut number = 0;
    for (byte, mask) in packet.get_mut(number_at..)?.iter_mut().zip(number_mask).take(length) {
        *byte ^= mask;
        number = number << 8 | u32::from(*byte);
    }
    Some((number, length))
}

/// The whole of a packet number of which `length` bytes were sent (RFC 9000 §A.3).
fn whole_number(sent: u32, length: usize, largest: Option<u64>) -> u64 {
    let sent = u64::from(sent);
    let Some(expected) = largest.map(|largest| largest.saturating_add(1)) else { return sent };
    let window = 1u64 << (8 * length.min(4));
    let candidate = expected & !(window - 1) | sent;
    if candidate.saturating_add(window / 2) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// Bytes of what is expanded.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label with no context (RFC 8446 §7.1).
fn expand<const N: usize>(secret: &Prk, label: &[u8]) -> Option<[u8; N]> {
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_length = [u8::try_from(PREFIX.len().saturating_add(label.len())).ok()?];
    let info = [&length[..], &label_length, PREFIX, label, &[0]];
    let mut out = [0; N];
    secret.expand(&info, Bytes(N)).and_then(|okm| okm.fill(&mut out)).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests;
