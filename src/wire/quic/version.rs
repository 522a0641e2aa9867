//! The versions of QUIC whose first packets can be read: salt, labels and packet types of each. Of a later draft or a
//! private version nothing can be known but its number.
//!
//! RFC 9001 §5.2 (also drafts 33 and 34), RFC 9369 §3, and for the drafts the same section of the draft of that number.
//! Salts of Google's and Facebook's own versions are those in the sources of Chromium and mvfst.

/// What the key derivation and packet types of a version are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// HKDF's salt for the secret of Initial packets.
    pub(super) salt: &'static [u8; 20],
    /// Labels and packet types.
    pub(super) family: Family,
}

/// What differs but the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Google's last own ones with TLS inside, "T050" and "T051": as version 1, but for the types of frames.
    Google,
    /// RFC 9000 and 9001, and the drafts.
    One,
    /// RFC 9369, and its draft.
    Two,
}

impl Version {
    /// The version of a number, where it can be read.
    pub(super) const fn of(number: u32) -> Option<Self> {
        let (salt, family) = match number {
            0x0000_0001 | 0xff00_0021..=0xff00_0022 => (&ONE, Family::One),
            0x6b33_43cf => (&TWO, Family::Two),
            0x709a_50c4 => (&TWO_DRAFT, Family::Two),
            0xff00_001d..=0xff00_0020 => (&DRAFT_29, Family::One),
            // Facebook's: after draft 27.
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => (&DRAFT_23, Family::One),
            // Facebook's: after draft 22, the first with connection ids behind a byte of length.
            0xff00_0016 | 0xface_b001 => (&DRAFT_22, Family::One),
            0x5430_3530 => (&GOOGLE_T050, Family::Google),
            0x5430_3531 => (&GOOGLE_T051, Family::Google),
            _ => return None,
        };
        Some(Self { salt, family })
    }
}

/// The types of long headers that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Keys by the first destination connection id.
    Initial,
    /// No length, so nothing can follow in the datagram.
    Retry,
    /// Zero-RTT and Handshake: keys nobody else has.
    Sealed,
}

impl Family {
    /// What the first byte of a long header says (RFC 9000 §17.2, RFC 9369 §3.2).
    pub(super) const fn kind(self, first: u8) -> Kind {
        match (self, (first >> 4) & 3) {
            (Self::Google | Self::One, 0) | (Self::Two, 1) => Kind::Initial,
            (Self::Google | Self::One, 3) | (Self::Two, 0) => Kind::Retry,
            _ => Kind::Sealed,
        }
    }

    /// The labels of key, initialisation vector and header protection (RFC 9001 §5.1, RFC 9369 §3.3.2).
    pub(super) const fn labels(self) -> [&'static [u8]; 3] {
        match self {
            Self::Google | Self::One => [b"quic key", b"quic iv", b"quic hp"],
            Self::Two => [b"quicv2 key", b"quicv2 iv", b"quicv2 hp"],
        }
    }
}

const ONE: [u8; 20] = salt(0x38762cf7_f55934b3_4d179ae6_a4c80cad, 0xccbb7f0a);
const TWO: [u8; 20] = salt(0x0dede3de_f700a6db_819381be_6e269dcb, 0xf9bd2ed9);
const TWO_DRAFT: [u8; 20] = salt(0xa707c203_a59b4718_4a1d62ca_570406ea, 0x7ae3e5d3);
const DRAFT_29: [u8; 20] = salt(0xafbfec28_9993d24c_9e9786f1_9c6111e0, 0x4390a899);
const DRAFT_23: [u8; 20] = salt(0xc3eef712_c72ebb5a_11a7d243_2bb46365, 0xbef9f502);
const DRAFT_22: [u8; 20] = salt(0x7fbcdb0e_7c66bbe9_193a96cd_21519ebd, 0x7a02644a);
const GOOGLE_T050: [u8; 20] = salt(0x7ff579e5_acd07291_5580304c_43a2367c, 0x60488310);
const GOOGLE_T051: [u8; 20] = salt(0x7a4edef4_e7ccee5f_a4506c19_124fc8cc, 0xda6e033d);

/// Twenty bytes, as the standards print them.
const fn salt(head: u128, tail: u32) -> [u8; 20] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = head.to_be_bytes();
    let [q, r, s, t] = tail.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t]
}
