//! Hellos in QUIC's first datagrams, sealed as a client does (RFC 9001, 5).

use geophone::wire::quic::keys::Secrets;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};

use crate::wire::*;

/// An Initial of version 1 with this packet number, 1200 bytes long.
pub(crate) fn initial(id: [u8; 8], number: u32, frames: &[u8]) -> Vec<u8> {
    let mut packet = [&[0xc3, 0, 0, 0, 1, 8][..], &id, &[0, 0]].concat();
    let mut payload = frames.to_vec();
    payload.resize(1200 - packet.len() - 2 - 4 - 16, 0);
    packet.extend((0x4000 | (4 + payload.len() + 16) as u16).to_be_bytes());
    let at = packet.len();
    packet.extend(number.to_be_bytes());
    let secrets = Secrets::client(1, &id).unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &secrets.key).unwrap());
    let nonce = Nonce::assume_unique_for_key(secrets.nonce(number.into()));
    key.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut payload).unwrap();
    packet.extend(payload);
    let hp = quic::HeaderProtectionKey::new(&quic::AES_128, &secrets.hp).unwrap();
    let mask = hp.new_mask(&packet[at + 4..at + 20]).unwrap();
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[at..at + 4].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    packet
}

/// A CRYPTO frame.
pub(crate) fn crypto(message: &[u8], from: usize, to: usize) -> Vec<u8> {
    let head =
        [&[6][..], &(0x4000 | from as u16).to_be_bytes(), &(0x4000 | (to - from) as u16).to_be_bytes()];
    [&head.concat()[..], &message[from..to]].concat()
}

const WEB: &str = "203.0.113.9:443";

#[test]
fn a_hello_in_one_datagram() {
    let message = Hello { alpn: &["h3"], ..Hello::named("stratum.minepool.example") }.message();
    let mut wire = Wire::default();
    let datagram = initial([1; 8], 0, &crypto(&message, 0, message.len()));
    for _ in 0..3 {
        wire.udp(CLIENT, WEB, &datagram);
    }
    let alerts = wire.alerts();
    let [alert] = alerts[..] else { panic!("{alerts:?}") };
    assert_eq!((alert.mining.transport.name(), alert.mining.alpn.as_deref()), ("quic", Some("h3")));
    assert!(alert.mining.ja4.as_deref().is_some_and(|j| j.starts_with('q')), "{:?}", alert.mining.ja4);
    assert_eq!(wire.end(), ["pool_connection hint sni stratum.minepool.example"]);
    // Without a protocol of the web, and of nobody who is known.
    let message = Hello::named("stratum.minepool.example").message();
    wire.udp("10.0.0.8:1", WEB, &initial([2; 8], 0, &crypto(&message, 0, message.len())));
    assert_eq!(wire.told(), ["pool_connection strong sni stratum.minepool.example"]);
    let message = Hello::named("blog.minepool.example").message();
    wire.udp("10.0.0.9:1", WEB, &initial([2; 8], 0, &crypto(&message, 0, message.len())));
    assert_eq!(wire.end(), [""; 0]);
}

#[test]
fn a_hello_in_two_datagrams_in_either_order() {
    let message = Hello { before: 1300, ..Hello::named("fee.example") }.message();
    for order in [[0, 1], [1, 0]] {
        let mut wire = Wire::default();
        let parts = [crypto(&message, 0, 1000), crypto(&message, 1000, message.len())];
        for n in order {
            assert_eq!(wire.told(), [""; 0]);
            wire.udp(CLIENT, WEB, &initial([1; 8], n as u32, &parts[n]));
        }
        assert_eq!(wire.end(), ["pool_connection strong sni fee.example"]);
    }
    // A part alone says nothing, nor does one of another connection complete it.
    let mut wire = Wire::default();
    wire.udp(CLIENT, WEB, &initial([1; 8], 0, &crypto(&message, 0, 1000)));
    wire.udp(CLIENT, WEB, &initial([2; 8], 1, &crypto(&message, 1000, message.len())));
    assert_eq!(wire.end(), [""; 0]);
}

#[test]
fn the_name_by_dns_where_the_hello_has_none() {
    let mut wire = Wire::default();
    resolve(&mut wire, CLIENT, "fee.example", "203.0.113.9", 60);
    wire.told();
    let message = Hello::default().message();
    wire.udp(CLIENT, WEB, &initial([1; 8], 0, &crypto(&message, 0, message.len())));
    assert_eq!(wire.end(), ["pool_connection strong dns fee.example"]);
}
