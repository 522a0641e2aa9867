use super::*;

const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 9001 §A.1 and RFC 9369 §A.1.
#[test]
fn keys_of_the_standards() {
    let one = Secrets::client(1, &DESTINATION).unwrap();
    assert_eq!(hex(&one.key), "1f369613dd76d5467730efcbe3b1a22d");
    assert_eq!(hex(&one.iv), "fa044b2f42a3fd3b46fb255c");
    assert_eq!(hex(&one.hp), "9f50449e04a0e810283a1e9933adedd2");
    let two = Secrets::client(0x6b33_43cf, &DESTINATION).unwrap();
    assert_eq!(hex(&two.key), "8b1a0bc121284290a29e0971b5cd045d");
    assert_eq!(hex(&two.iv), "91f73e2351d8fa91660e909f");
    assert_eq!(hex(&two.hp), "45b95e15235d6f45a6b19cbcb0294ba9");
    assert!(Secrets::client(0, &DESTINATION).is_none());
    assert!(Secrets::client(0x0a0a_0a0a, &DESTINATION).is_none());
}

/// RFC 9001 §A.2.
#[test]
fn the_mask_of_the_standard() {
    let one = Secrets::client(1, &DESTINATION).unwrap();
    let sample = 0xd1b1_c98d_d768_9fb8_ec11_d242_b123_dc9b_u128.to_be_bytes();
    assert_eq!(hex(&one.mask(&sample).unwrap()), "437b9aec36");
    assert_eq!(hex(&one.nonce(2)), "fa044b2f42a3fd3b46fb255e");
}

#[test]
fn versions_differ_in_their_keys() {
    let numbers =
        [1, 0x6b33_43cf, 0x709a_50c4, 0xff00_001d, 0xff00_0017, 0xff00_0016, 0x5430_3530, 0x5430_3531];
    let keys: Vec<_> = numbers.iter().map(|n| Secrets::client(*n, &DESTINATION).unwrap().key).collect();
    for (n, key) in keys.iter().enumerate() {
        assert!(!keys[..n].contains(key));
    }
    assert!(Secrets::client(1, &DESTINATION[1..]).unwrap().key != keys[0]);
    // Drafts 33 and 34 have the keys of version 1.
    assert!(Secrets::client(0xff00_0021, &DESTINATION).unwrap() == Secrets::client(1, &DESTINATION).unwrap());
}

#[test]
fn numbers_are_made_whole() {
    // RFC 9000 §A.3.
    assert_eq!(whole_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
    for (sent, length, largest, whole) in [
        (7, 1, None, 7),
        (0, 1, Some(255), 256),
        (255, 1, Some(256), 255),
        (254, 1, Some(0), 254),
        (0x00, 1, Some(0x0180), 0x0200),
        (0xff, 1, Some(0x0200), 0x01ff),
        (3, 4, Some(0xffff_fffe), 0x1_0000_0003),
        (0, 4, Some(u64::MAX), u64::MAX << 32),
        (u32::MAX, 4, Some(0), 0xffff_ffff),
    ] {
        assert_eq!(whole_number(sent, length, largest), whole, "{sent:x} of {length} after {largest:x?}");
    }
}
