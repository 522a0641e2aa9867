use super::feed::Packing;
use super::live::Wrapping;
use super::*;

#[test]
fn wrapped_counters_keep_their_total() {
    let mut counter = Wrapping::default();
    assert_eq!(counter.advance(10), 10);
    assert_eq!(counter.advance(u32::MAX), u64::from(u32::MAX));
    assert_eq!(counter.advance(4), u64::from(u32::MAX) + 5);
    assert_eq!(counter.advance(4), u64::from(u32::MAX) + 5, "no news");
}

#[test]
fn times_are_unsigned_and_saturate() {
    assert_eq!(time(1, 5), Time(1_000_005));
    assert_eq!(time(0, -1), Time(0));
    let beyond_2038 = i64::from(0xf000_0000_u32 as i32);
    assert_eq!(time(beyond_2038, 0), Time::from_secs(0xf000_0000));
    assert_eq!(time(i64::MAX, i64::MAX), Time(u64::MAX));
}

#[test]
fn packings_by_their_first_bytes() {
    assert_eq!(Packing::of(&[0x1f, 0x8b, 8, 0, 0, 0]), Packing::Gzip);
    assert_eq!(Packing::of(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0]), Packing::Zstd);
    assert_eq!(Packing::of(&[0x5a, 0x2a, 0x4d, 0x18, 0, 0]), Packing::Zstd, "a skippable frame first");
    assert_eq!(Packing::of(b"\xfd7zXZ\0"), Packing::Unread("xz"));
    assert_eq!(Packing::of(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0]), Packing::Plain);
    assert_eq!(Packing::of(&[0x1f]), Packing::Plain);
    assert_eq!(Packing::of(&[]), Packing::Plain);
}

#[test]
fn filters_compile_or_are_named() {
    for good in ["", "tcp port 3333", "(tcp) or (vlan and tcp)", "ether host 02:00:00:00:00:01", "inbound"] {
        check_filter(good).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for bad in ["tcp prot 3333", "host 1.2.3.4.5", "tcp and (", "port 99999999", "a\0b"] {
        let error = check_filter(bad).expect_err(bad);
        assert_eq!(error.kind(), Kind::Filter);
        assert!(error.to_string().contains(&format!("\"{bad}\"")), "{error}");
    }
}
