use super::*;
use crate::detect::{Certainty, Signal};
use crate::packet::LinkType;
use crate::rules::Rule;

const SUBSCRIBE: &[u8] = b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"a/1\"]}\n";
const SUBMIT: &[u8] =
    b"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"1\",\"00\",\"66a1b2c3\",\"1c2f00a7\"]}\n";

fn rules() -> Arc<RuleSet> {
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
}

fn see(sensor: &mut Sensor, port: u16, seq: u32, payload: &[u8], events: &mut Vec<Event>) {
    let b = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [192, 0, 2, 1], 9).tcp(port, 3333, seq, 99).ack(1);
    let mut data = Vec::new();
    b.write(&mut data, payload).expect("a packet");
    let frame =
        Frame { time: Time::from_secs(9), link: LinkType::RawIp, wire_len: data.len() as u32, data: &data };
    sensor.frame(&frame, events);
}

/// A panic costs the flow in hand, tells its end, is counted, and leaves every other flow as it was.
#[test]
fn a_panic_costs_one_flow() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (mut sensor, mut events) = (Sensor::new(Settings::default(), rules(), 0), Vec::new());
    see(&mut sensor, 1000, 1, SUBSCRIBE, &mut events);
    see(&mut sensor, 2000, 1, SUBSCRIBE, &mut events);
    sensor.poison = Some(SUBMIT.to_vec());
    see(&mut sensor, 1000, 1 + SUBSCRIBE.len() as u32, SUBMIT, &mut events);
    sensor.poison = None;
    std::panic::set_hook(hook);
    assert_eq!((sensor.stats().panics, sensor.stats().flows), (1, 1));
    assert_eq!(sensor.stats().flows_evicted[Evicted::Panicked as usize], 1);
    see(&mut sensor, 2000, 1 + SUBSCRIBE.len() as u32, SUBMIT, &mut events);
    sensor.finish(&mut events);
    let submitted = |port| {
        let ends = events.iter().filter_map(|e| match e {
            Event::Session(r) if r.phase == Phase::Final && r.flow.client.port == port => {
                Some(&r.mining.shares)
            }
            Event::Session(_) | Event::Alert(_) => None,
        });
        ends.map(|s| s.submitted).collect::<Vec<_>>()
    };
    assert_eq!((submitted(1000), submitted(2000)), (vec![0], vec![1]));
    assert_eq!(sensor.stats().stream_bytes, 0);
}

/// Rules replaced between two frames name what is told after them.
#[test]
fn rules_are_replaced_between_frames() {
    let (mut sensor, mut events) = (Sensor::new(Settings::default(), Arc::default(), 0), Vec::new());
    see(&mut sensor, 1000, 1, SUBSCRIBE, &mut events);
    sensor.replace_rules(rules());
    sensor.finish(&mut events);
    assert!(matches!(&events[0], Event::Alert(a) if a.rule.id == 1));
}
