//! The whole sensor: packets of a few flows in both directions, out of order, repeated, missing, under bounds so small
//! that each is hit. Input: records of one byte that says how, two of length (big-endian), and a payload.
//!
//! ```text
//! bit  0    who sends: client or server          bits 4-5  which of four connections
//!      1-2  in order; again; a hole; held back   bit  6    SYN before it
//!      3    FIN with it                          bit  7    four seconds later
//! ```

#![no_main]

use std::sync::{Arc, LazyLock};

use geophone::detect::{Certainty, Event, Signal};
use geophone::flow;
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::{Rule, RuleSet};
use geophone::sensor::{Sensor, SessionSettings, Settings};
use libfuzzer_sys::fuzz_target;

const BOUNDS: flow::Settings = flow::Settings {
    max_flows: 3,
    max_stream_bytes: 16 << 10,
    max_line: 2 << 10,
    max_candidate_line: 1 << 10,
    max_out_of_order: 4,
    gap_timeout: 2 * Time::SECOND,
    candidate_idle: 30 * Time::SECOND,
    session_idle: 90 * Time::SECOND,
};
/// What one packet may bring over the bound before it is looked at again: itself, and a buffer that doubled.
const SLACK: u64 = 20_000;
/// Largest payload of a segment.
const MAX_SEGMENT: usize = 1460;
/// Segments an input may have.
const MAX_SEGMENTS: usize = 512;

static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
    let rule = Rule {
        id: 1,
        rev: 1,
        name: "any".to_owned(),
        category: "any".to_owned(),
        severity: 2,
        signal: Signal::StratumMessage,
        dialect: None,
        certainty: Certainty::Proven,
    };
    Arc::new(RuleSet::build(vec![rule], Vec::new()).expect("one rule"))
});

fuzz_target!(|data: &[u8]| {
    let session = SessionSettings { interval: 10 * Time::SECOND, settle: Time::SECOND };
    let mut sensor = Sensor::new(Settings { flow: BOUNDS, session }, Arc::clone(&RULES), 0);
    let (mut wire, mut events) = (Wire::default(), Vec::new());
    let mut rest = data;
    for _ in 0..MAX_SEGMENTS {
        let Some((&[how, high, low], later)) = rest.split_first_chunk() else { break };
        let length = usize::from(u16::from_be_bytes([high, low])).min(MAX_SEGMENT).min(later.len());
        let (payload, later) = later.split_at(length);
        rest = later;
        for (time, packet) in wire.record(how, payload) {
            see(&mut sensor, time, &packet, &mut events);
        }
    }
    sensor.finish(&mut events);
    let stats = sensor.stats();
    assert_eq!((stats.flows, stats.stream_bytes, stats.panics), (0, 0, 0), "not all was given back");
});

fn see(sensor: &mut Sensor, time: Time, packet: &[u8], events: &mut Vec<Event>) {
    let frame = Frame { time, link: LinkType::RawIp, wire_len: packet.len() as u32, data: packet };
    sensor.frame(&frame, events);
    let stats = sensor.stats();
    assert_eq!(stats.panics, 0);
    assert!(stats.flows <= BOUNDS.max_flows as u64, "{} flows", stats.flows);
    let most = BOUNDS.max_stream_bytes as u64 + SLACK;
    assert!(stats.stream_bytes <= most, "{} stream bytes", stats.stream_bytes);
    events.clear();
}

/// What the ends would send next.
#[derive(Default)]
struct Wire {
    now: u64,
    /// Sequence numbers of four connections' two sides.
    next: [[u32; 2]; 4],
    /// A packet that the next one overtakes.
    held: Option<Vec<u8>>,
}

impl Wire {
    /// The packets of a record, in the order in which they come.
    fn record(&mut self, how: u8, payload: &[u8]) -> Vec<(Time, Vec<u8>)> {
        self.now += if how & 0x80 == 0 { 10_000 } else { 4 * Time::SECOND };
        let (flow, side) = (usize::from(how >> 4 & 3), usize::from(how & 1));
        let mut packets = Vec::new();
        if how & 0x40 != 0 {
            packets.push(segment(flow, side, self.next[flow][side].wrapping_sub(1), 0x02, &[]));
        }
        let seq = match how >> 1 & 3 {
            1 => self.next[flow][side].wrapping_sub(payload.len() as u32),
            2 => self.next[flow][side].wrapping_add(100),
            _ => self.next[flow][side],
        };
        self.next[flow][side] = seq.wrapping_add(payload.len() as u32);
        let packet = segment(flow, side, seq, 0x10 | (how >> 3 & 1), payload);
        if how >> 1 & 3 == 3 {
            packets.extend(self.held.replace(packet));
        } else {
            packets.push(packet);
            packets.extend(self.held.take());
        }
        packets.into_iter().map(|packet| (Time(1_700_000_000 * Time::SECOND + self.now), packet)).collect()
    }
}

/// An IPv4 packet with a TCP segment; nobody looks at checksums.
fn segment(flow: usize, side: usize, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [192, 0, 2, 1]);
    let (near, far) = ((client, 40_000 + flow as u16), (server, 3333));
    let ((src, src_port), (dst, dst_port)) = if side == 0 { (near, far) } else { (far, near) };
    let length = (40 + payload.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    packet.extend(src);
    packet.extend(dst);
    packet.extend(src_port.to_be_bytes());
    packet.extend(dst_port.to_be_bytes());
    packet.extend(seq.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}
