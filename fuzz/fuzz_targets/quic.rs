//! A client's QUIC Initials. Either datagrams as they are; or payloads that are sealed here as a client would, so that
//! mutations get behind the tag: then the handshake is what its frames, kept byte by byte, come to. Input: how, then
//! records of number length, length, bytes.

#![no_main]

use std::collections::BTreeMap;

use geophone::wire::quic::frames::Frames;
use geophone::wire::quic::keys::Secrets;
use geophone::wire::quic::{ClientInitial, MAX_HANDSHAKE, MIN_DATAGRAM, looks_like_initial};
use geophone_fuzz::choices;
use libfuzzer_sys::fuzz_target;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};

const VERSIONS: [u32; 4] = [1, 0x6b33_43cf, 0xff00_001d, 0x5430_3531];
const ID: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fuzz_target!(|data: &[u8]| {
    let Some(([how], rest)) = choices::<1>(data) else { return };
    let version = VERSIONS[usize::from(how >> 1 & 3)];
    if how & 1 == 0 { datagrams(rest) } else { payloads(version, rest) }
});

/// Any bytes: bounds hold, and what was read only grows.
fn datagrams(rest: &[u8]) {
    let mut initial: Option<ClientInitial> = None;
    for (_, datagram) in records(rest) {
        looks_like_initial(datagram);
        match &mut initial {
            Some(initial) => drop(initial.add(datagram)),
            None => initial = ClientInitial::open(datagram).ok(),
        }
        initial.iter().for_each(bounds);
    }
}

/// Payloads behind a tag that fits.
fn payloads(version: u32, rest: &[u8]) {
    let (mut initial, mut bytes) = (None::<ClientInitial>, BTreeMap::new());
    for (number, (number_len, payload)) in records(rest).take(64).enumerate() {
        let mut payload = payload[..payload.len().min(4000)].to_vec();
        payload.resize(payload.len().max(MIN_DATAGRAM), 0);
        let datagram = seal(version, number as u64, usize::from(number_len & 3) + 1, &payload);
        assert!(looks_like_initial(&datagram), "sealed, but not seen");
        let outcome = match &mut initial {
            Some(initial) => initial.add(&datagram),
            None => ClientInitial::open(&datagram).map(|opened| initial = Some(opened)),
        };
        let google = version == VERSIONS[3];
        let frames = if google { Frames::google(&payload) } else { Frames::new(&payload) };
        for frame in frames.map_while(Result::ok) {
            for (at, byte) in (frame.offset..).zip(frame.data) {
                bytes.entry(at).or_insert(*byte);
            }
        }
        initial.iter().for_each(bounds);
        // What no client sends ends it.
        let (Ok(()), Some(initial)) = (outcome, &initial) else { return };
        let whole: Vec<u8> = (0u64..).map_while(|at| bytes.get(&at).copied()).collect();
        assert_eq!(initial.handshake(), whole);
    }
}

fn bounds(initial: &ClientInitial) {
    assert!(initial.handshake().len() <= initial.buffered() && initial.buffered() <= MAX_HANDSHAKE);
    if let Some(hello) = initial.client_hello() {
        assert_eq!(initial.handshake().get(4..4 + hello.len()), Some(hello));
    }
}

/// A byte that chooses and what its length says, or as much as is there.
fn records(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let ([choice, high, low], behind) = choices::<3>(rest)?;
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (record, later) = behind.split_at(length);
        rest = later;
        Some((*choice, record))
    })
}

/// A client's Initial (RFC 9001 §5.3, §5.4).
fn seal(version: u32, number: u64, number_len: usize, payload: &[u8]) -> Vec<u8> {
    let secrets = Secrets::client(version, &ID).expect("a known version");
    let mut packet = vec![if version == VERSIONS[1] { 0xd0 } else { 0xc0 } | (number_len as u8 - 1)];
    packet.extend(version.to_be_bytes());
    packet.push(ID.len() as u8);
    packet.extend(ID);
    packet.extend([0, 0]);
    let mut payload = payload.to_vec();
    packet.extend((0x4000 | (number_len + payload.len() + 16) as u16).to_be_bytes());
    let at = packet.len();
    packet.extend(&number.to_be_bytes()[8 - number_len..]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &secrets.key).expect("a key"));
    let nonce = Nonce::assume_unique_for_key(secrets.nonce(number));
    key.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut payload).expect("sealed");
    packet.extend(payload);
    let mask = quic::HeaderProtectionKey::new(&quic::AES_128, &secrets.hp).expect("a key");
    let mask = mask.new_mask(&packet[at + 4..at + 20]).expect("a mask");
    packet[0] ^= mask[0] & 0x0f;
    packet[at..at + number_len].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
    packet
}
