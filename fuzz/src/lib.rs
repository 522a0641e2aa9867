//! What the targets share: how an input's bytes are cut into pieces. A target's input is a few bytes that choose, then
//! the stream as it would stand on the wire, so that real conversations are seeds.

use geophone::packet::Time;

/// When a target's messages come: time stands still in them.
pub const NOW: Time = Time::from_secs(1_700_000_000);

/// Cuts a stream: 0 gives it whole, 1 to 127 pieces of that length, from 128 on pieces of 1 to 256 bytes at random.
#[derive(Clone, Copy, Debug)]
pub struct Cut(pub u8);

impl Cut {
    /// The pieces of a stream, none of them empty.
    pub fn pieces(self, stream: &[u8]) -> impl Iterator<Item = &[u8]> {
        let (mut rest, mut state) = (stream, u32::from(self.0));
        std::iter::from_fn(move || {
            state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
            let length = match self.0 {
                0 => rest.len(),
                1..=127 => usize::from(self.0),
                128.. => (state >> 24) as usize + 1,
            };
            let (piece, later) = rest.split_at(length.min(rest.len()));
            rest = later;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// Takes the bytes that choose.
pub fn choices<const N: usize>(data: &[u8]) -> Option<(&[u8; N], &[u8])> {
    data.split_first_chunk()
}
