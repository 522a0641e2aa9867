use etherparse::PacketBuilder;

use super::*;

fn tcp_frame(payload: &[u8]) -> Vec<u8> {
    let b = PacketBuilder::ethernet2([1; 6], [2; 6])
        .ipv4([10, 0, 0, 1], [192, 0, 2, 7], 64)
        .tcp(40000, 3333, 77, 1000);
    let mut out = Vec::new();
    b.psh().ack(5).write(&mut out, payload).expect("a frame");
    out
}

fn read(link: LinkType, data: &[u8]) -> Result<Packet<'_>, Skip> {
    decode(&Frame { time: Time(9), link, wire_len: data.len() as u32, data })
}

/// The frame with tags put in before its EtherType.
fn tagged(frame: &[u8], tags: &[(u16, u16)]) -> Vec<u8> {
    let mut out = frame[..12].to_vec();
    for (kind, id) in tags {
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&(id | 0x6000).to_be_bytes());
    }
    out.extend_from_slice(&frame[12..]);
    out
}

#[test]
fn ethernet_ipv4_tcp() {
    let frame = tcp_frame(b"{\"id\":1}\n");
    let p = read(LinkType::Ethernet, &frame).expect("a packet");
    assert_eq!(p.src.to_string(), "10.0.0.1:40000");
    assert_eq!(p.dst.to_string(), "192.0.2.7:3333");
    assert_eq!((p.payload, p.payload_len), (&b"{\"id\":1}\n"[..], 9));
    assert_eq!((p.tcp.seq, p.tcp.syn, p.tcp.ack, p.time), (77, false, true, Time(9)));
}

#[test]
fn vlan_qinq_and_too_many_tags() {
    let frame = tcp_frame(b"x");
    let one = tagged(&frame, &[(0x8100, 100)]);
    assert_eq!(read(LinkType::Ethernet, &one).expect("one tag").vlans.as_slice(), [100]);
    let two = tagged(&frame, &[(0x88a8, 7), (0x8100, 100)]);
    assert_eq!(read(LinkType::Ethernet, &two).expect("two tags").vlans.as_slice(), [7, 100]);
    let many = tagged(&frame, &[(0x8100, 1); 9]);
    assert_eq!(read(LinkType::Ethernet, &many).map(|p| p.vlans), Err(Skip::LinkHeader));
}

#[test]
fn every_link_type() {
    let ip = &tcp_frame(b"x")[14..];
    let with = |head: &[u8]| [head, ip].concat();
    let mut sll = vec![0u8; 14];
    sll.extend_from_slice(&[8, 0]);
    let mut sll2 = vec![8, 0];
    sll2.extend_from_slice(&[0; 18]);
    let cases = [
        (LinkType::RawIp, with(&[])),
        (LinkType::LinuxSll, with(&sll)),
        (LinkType::LinuxSll2, with(&sll2)),
        (LinkType::Null, with(&[2, 0, 0, 0])),
        (LinkType::Null, with(&[0, 0, 0, 2])),
        (LinkType::Loop, with(&[0, 0, 0, 2])),
    ];
    for (link, data) in &cases {
        assert_eq!(read(*link, data).map(|p| p.dst.port), Ok(3333), "{link:?}");
    }
    assert_eq!(read(LinkType::Null, &with(&[9, 9, 9, 9])).map(|p| p.dst.port), Err(Skip::NotIp));
}

#[test]
fn ipv6_with_extension_headers_and_udp() {
    let b = PacketBuilder::ipv6([0x20; 16], [0x30; 16], 64).udp(5353, 53);
    let mut frame = Vec::new();
    b.write(&mut frame, b"query").expect("a frame");
    let p = read(LinkType::RawIp, &frame).expect("udp over ipv6");
    assert_eq!((p.proto, p.src.port, p.dst.port, p.payload), (Proto::Udp, 5353, 53, &b"query"[..]));

    // Hop-by-hop options (8 bytes) and destination options (8 bytes) between IPv6 and TCP.
    let inner = tcp_frame(b"payload");
    let tcp = &inner[34..];
    let mut frame = vec![0x60, 0, 0, 0];
    frame.extend_from_slice(&(tcp.len() as u16 + 16).to_be_bytes());
    frame.extend_from_slice(&[0, 64]);
    frame.extend_from_slice(&[0x20; 32]);
    frame.extend_from_slice(&[60, 0, 1, 4, 0, 0, 0, 0]);
    frame.extend_from_slice(&[6, 0, 1, 4, 0, 0, 0, 0]);
    frame.extend_from_slice(tcp);
    let p = read(LinkType::RawIp, &frame).expect("tcp behind extensions");
    assert_eq!((p.payload, p.payload_len), (&b"payload"[..], 7));
}

#[test]
fn what_a_snap_length_cut_says_how_long_it_was() {
    let frame = tcp_frame(&[b'x'; 500]);
    let p = read(LinkType::Ethernet, &frame[..200]).expect("a cut packet");
    assert_eq!((p.payload.len(), p.payload_len), (200 - 54, 500));
}

#[test]
fn padding_is_no_payload() {
    let mut frame = tcp_frame(b"");
    frame.resize(60, 0);
    let p = read(LinkType::Ethernet, &frame).expect("a padded packet");
    assert_eq!((p.payload.len(), p.payload_len), (0, 0));
}

#[test]
fn an_offloaded_packet_without_total_length_is_read_whole() {
    let mut frame = tcp_frame(&[b'x'; 3000]);
    frame[16..18].copy_from_slice(&[0, 0]);
    let p = read(LinkType::Ethernet, &frame).expect("a packet of a host that offloads");
    assert_eq!((p.payload.len(), p.payload_len), (3000, 3000));
}

#[test]
fn fragments_are_named() {
    let mut frame = tcp_frame(b"x");
    frame[20..22].copy_from_slice(&[0x20, 0]); // more fragments
    assert_eq!(read(LinkType::Ethernet, &frame).map(|p| p.dst), Err(Skip::Fragment));
    frame[20..22].copy_from_slice(&[0, 9]); // a later one
    assert_eq!(read(LinkType::Ethernet, &frame).map(|p| p.dst), Err(Skip::Fragment));
}

#[test]
fn truncated_at_every_length_never_panics() {
    let frame = tagged(&tcp_frame(b"{\"id\":1}\n"), &[(0x8100, 100)]);
    for len in 0..frame.len() {
        let got = read(LinkType::Ethernet, &frame[..len]);
        match got {
            Ok(p) => assert!(len >= 58, "{len}: {p:?}"),
            Err(skip) => {
                assert!(matches!(skip, Skip::LinkHeader | Skip::Truncated | Skip::NotIp), "{len}: {skip:?}");
            }
        }
    }
}

#[test]
fn impossible_headers_are_named() {
    let mut frame = tcp_frame(b"x");
    frame[14] = 0x43; // header length 12
    assert_eq!(read(LinkType::Ethernet, &frame).map(|p| p.dst), Err(Skip::IpHeader));
    let mut frame = tcp_frame(b"x");
    frame[46] = 0x30; // TCP data offset 12
    assert_eq!(read(LinkType::Ethernet, &frame).map(|p| p.dst), Err(Skip::TransportHeader));
    let mut frame = tcp_frame(b"x");
    frame[23] = 1; // ICMP
    assert_eq!(read(LinkType::Ethernet, &frame).map(|p| p.dst), Err(Skip::NotTcpUdp));
    let mut frame = tcp_frame(b"x");
    frame[12] = 9;
    assert_eq!(read(LinkType::Ethernet, &frame).map(|p| p.dst), Err(Skip::NotIp));
}

#[test]
fn subscribers() {
    let v6: IpAddr = "2001:db8:1:2:3:4:5:6".parse().expect("an address");
    assert_eq!(subscriber(v6).to_string(), "2001:db8:1:2::");
    let v4: IpAddr = "192.0.2.1".parse().expect("an address");
    assert_eq!(subscriber(v4), v4);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(link in 0usize..6, data in prop::collection::vec(any::<u8>(), 0..200), flips in prop::collection::vec((0usize..100, any::<u8>()), 0..6)) {
            use LinkType::*;
            let link = [Ethernet, LinuxSll, LinuxSll2, Null, Loop, RawIp][link];
            let _ = read(link, &data);
            let mut frame = tcp_frame(&data);
            for (at, byte) in flips {
                if let Some(b) = frame.get_mut(at) {
                    *b = byte;
                }
            }
            if let Ok(p) = read(link, &frame) {
                prop_assert!(p.payload.len() <= frame.len());
            }
        }
    }
}
