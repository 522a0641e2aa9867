//! Frames sent out of the client's interface: captures of the suite, as they are or as another client's.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use etherparse::PacketBuilder;

use super::network::INTERFACE;

/// Sends each frame of a capture of `tests/captures`, a millisecond apart; each IPv4 address `was` in it becomes `is`.
/// Checksums stay as they were: the sensor does not look at them, and nobody else is there.
pub(crate) fn replay(name: &str, renamed: Option<(Ipv4Addr, Ipv4Addr)>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name);
    let mut capture = pcap::Capture::from_file(&path).unwrap();
    assert_eq!(capture.get_datalink(), pcap::Linktype::ETHERNET, "{name}");
    let mut out = pcap::Capture::from_device(INTERFACE).unwrap().open().unwrap();
    let mut frames = 0;
    while let Ok(packet) = capture.next_packet() {
        let mut frame = packet.data.to_vec();
        if let Some((was, is)) = renamed {
            rename(&mut frame, was, is);
        }
        out.sendpacket(frame).unwrap();
        frames += 1;
        thread::sleep(Duration::from_millis(1));
    }
    assert!(frames > 0, "{name} is empty");
}

/// Answers of a name server about a pool, each to a client that did not ask before: an alert each.
pub(crate) struct Lookups {
    out: pcap::Capture<pcap::Active>,
    sent: u16,
}

impl Lookups {
    pub(crate) fn new() -> Self {
        Self::after(0)
    }

    /// The same, where so many clients asked before.
    pub(crate) fn after(sent: u16) -> Self {
        Self { out: pcap::Capture::from_device(INTERFACE).unwrap().open().unwrap(), sent }
    }

    /// Sends the next (RFC 1035, 4.1).
    pub(crate) fn send(&mut self) {
        let mut answer = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        for label in ["xmr-eu1", "nanopool", "org"] {
            answer.push(u8::try_from(label.len()).unwrap());
            answer.extend(label.as_bytes());
        }
        answer.extend([0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 203, 0, 113, 7]);
        let [high, low] = self.sent.to_be_bytes();
        let datagram = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4([198, 51, 100, 53], [10, 9, high, low], 64)
            .udp(53, 40_000);
        let mut frame = Vec::new();
        datagram.write(&mut frame, &answer).unwrap();
        self.out.sendpacket(frame).unwrap();
        self.sent = self.sent.checked_add(1).expect("as many clients");
    }
}

/// Sends a datagram of nobody's now and then, as a wire that is alive has, until the other end of `stop` is dropped.
pub(crate) fn trickle(stop: &Receiver<()>) {
    let mut out = pcap::Capture::from_device(INTERFACE).unwrap().open().unwrap();
    let datagram = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([198, 51, 100, 1], [198, 51, 100, 2], 64)
        .udp(40_000, 40_001);
    let mut frame = Vec::new();
    datagram.write(&mut frame, b"nothing").unwrap();
    while stop.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
        out.sendpacket(frame.as_slice()).unwrap();
    }
}

fn rename(frame: &mut [u8], was: Ipv4Addr, is: Ipv4Addr) {
    if frame[12..14] != [0x08, 0x00] {
        return;
    }
    for place in [26..30, 30..34] {
        if frame[place.clone()] == was.octets() {
            frame[place].copy_from_slice(&is.octets());
        }
    }
}
