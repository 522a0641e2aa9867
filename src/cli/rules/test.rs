//! `geophone rules test`: each sample in the rule files through a sensor of its own. What must be found is sent once,
//! and once more where nothing was told: two strong messages prove. What must be ignored is sent both ways too.

use std::path::Path;
use std::sync::Arc;

use etherparse::PacketBuilder;

use super::super::{Failure, code, print};
use crate::config::{Config, Sample, Sampled, Samples, load_rules_with_samples};
use crate::detect::Event;
use crate::packet::{Frame, LinkType, Time};
use crate::rules::{Own, RuleSet};
use crate::sensor::{Sensor, Settings};
use crate::stratum::{Line, Message, Role, Strength};
use crate::wire::{http, line};

/// Bytes of a line or body that are put together: more than a sample may have.
const LIMIT: usize = 64 << 10;

/// Asks for a WebSocket and agrees to one (RFC 6455, 4).
const UPGRADE: [&str; 2] = [
    "GET /sample HTTP/1.1\r\nHost: sample.invalid\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
];

/// Runs all samples of the rules in force. Faults go to standard output, a line each, and the total.
pub(in crate::cli) fn test(path: Option<&Path>) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let (rules, samples) = load_rules_with_samples(&config)?;
    let bench = Bench { rules: Arc::new(rules), settings: config.sensor_settings() };
    let (mut run, mut faults) = (0, Vec::new());
    for of_rule in &samples {
        for (index, sample) in of_rule.matches.iter().enumerate() {
            run += 1;
            let fault = bench.matches(of_rule, sample).err();
            faults.extend(fault.map(|why| told(of_rule, sample, &format!("matches[{index}]"), &why)));
        }
        for (index, sample) in of_rule.ignores.iter().enumerate() {
            run += 1;
            let fault = bench.ignores(of_rule, sample).err();
            faults.extend(fault.map(|why| told(of_rule, sample, &format!("ignores[{index}]"), &why)));
        }
    }
    let tested = |id| samples.iter().any(|s| s.rule == id && !s.matches.is_empty());
    let bare = bench.rules.detections().iter().filter(|rule| !tested(rule.id)).count();
    let failed = faults.len();
    print(|out| {
        faults.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        writeln!(out, "{run} samples: {} good, {failed} failed; rules without a sample: {bare}", run - failed)
    })?;
    if failed == 0 {
        return Ok(());
    }
    let error = format_args!("rules: {failed} of {run} samples fail: mend the rules or samples named above");
    Err(Failure::new(code::CONFIG, error))
}

/// `FILE:LINE: rule 1401 "a task": matches[0]: why`.
fn told(of_rule: &Samples, sample: &Sample, which: &str, why: &str) -> String {
    let message = of_rule.message.map(|m| format!(" {:?}", m.name)).unwrap_or_default();
    format!("{}:{}: rule {}{message}: {which}: {why}", of_rule.file, sample.line, of_rule.rule)
}

/// What samples are run on.
struct Bench {
    rules: Arc<RuleSet>,
    settings: Settings,
}

impl Bench {
    fn matches(&self, of_rule: &Samples, sample: &Sample) -> Result<(), String> {
        if let Some(message) = of_rule.message {
            let names = names(self.rules.own(), sample);
            if !names.contains(&message.name) {
                return Err(match names.first() {
                    Some(other) => format!("the shape of {other:?} fits first"),
                    None => "the shape does not fit".to_owned(),
                });
            }
            // Alone it means nothing, so the sensor tells nothing.
            if message.strength == Strength::Context {
                return Ok(());
            }
        }
        let once = self.alerts(of_rule.message, sample, 1);
        let ids = if once.is_empty() { self.alerts(of_rule.message, sample, 2) } else { once };
        match ids.first() {
            _ if ids.contains(&of_rule.rule) => Ok(()),
            Some(other) => Err(format!("it was told by rule {other}")),
            None => Err("nothing was told".to_owned()),
        }
    }

    fn ignores(&self, of_rule: &Samples, sample: &Sample) -> Result<(), String> {
        if let Some(message) = of_rule.message
            && names(self.rules.own(), sample).contains(&message.name)
        {
            return Err("the shape fits".to_owned());
        }
        let told =
            [1, 2].iter().any(|times| self.alerts(of_rule.message, sample, *times).contains(&of_rule.rule));
        if told { Err("it was told".to_owned()) } else { Ok(()) }
    }

    /// The rules that tell of a sample sent so often.
    fn alerts(&self, message: Option<Sampled>, sample: &Sample, times: usize) -> Vec<u32> {
        let answers =
            message.is_some_and(|m| m.from == Some(Role::Pool)) || sample.text.starts_with("HTTP/1.");
        let mut wire = Wire {
            sensor: Sensor::new(self.settings, Arc::clone(&self.rules), 0),
            events: Vec::new(),
            sent: [1, 1],
            time: 1,
        };
        if sample.websocket {
            wire.send(0, UPGRADE[0].as_bytes());
            wire.send(1, UPGRADE[1].as_bytes());
        }
        for _ in 0..times {
            match sample.websocket {
                true => wire.send(usize::from(answers), &frame(&sample.text, !answers)),
                false => wire.send(usize::from(answers), sample.text.as_bytes()),
            }
        }
        wire.sensor.finish(&mut wire.events);
        let id = |event: &Event| if let Event::Alert(alert) = event { Some(alert.rule.id) } else { None };
        wire.events.iter().filter_map(id).collect()
    }
}

/// A connection in the sight of one sensor.
struct Wire {
    sensor: Sensor,
    events: Vec<Event>,
    /// The next sequence number of each side: of the client, of the server.
    sent: [u32; 2],
    time: u64,
}

impl Wire {
    /// Sends a segment, from the client (0) or the server (1).
    fn send(&mut self, side: usize, bytes: &[u8]) {
        let (client, server) = (([10, 0, 0, 1], 40_000), ([192, 0, 2, 1], 3333));
        let (from, to) = if side == 0 { (client, server) } else { (server, client) };
        let packet = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, self.sent[side], 1024);
        let mut data = Vec::with_capacity(bytes.len() + 40);
        // A sample is far smaller than the 64 KiB of a packet, and memory does not fail to be written to.
        let written = packet.ack(self.sent[1 - side]).write(&mut data, bytes);
        debug_assert!(written.is_ok());
        let time = Time::from_secs(self.time);
        let frame = Frame { time, link: LinkType::RawIp, wire_len: data.len() as u32, data: &data };
        self.sensor.frame(&frame, &mut self.events);
        self.sent[side] += bytes.len() as u32;
        self.time += 1;
    }
}

/// A whole text message (RFC 6455, 5.2); a client masks it.
fn frame(text: &str, masked: bool) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mask = if masked { 0x80 } else { 0 };
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(short @ ..126) => frame.push(mask | short as u8),
        // The longest sample has 16 KiB.
        long => {
            frame.push(mask | 126);
            frame.extend(long.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    if masked {
        frame.extend(KEY);
        frame.extend(text.bytes().zip(KEY.into_iter().cycle()).map(|(byte, key)| byte ^ key));
    } else {
        frame.extend(text.bytes());
    }
    frame
}

/// What described dialects call the messages in a sample.
fn names(own: &Own, sample: &Sample) -> Vec<&'static str> {
    let bytes = sample.text.as_bytes();
    let mut names = Vec::new();
    let mut add = |message: Option<Message<'_>>| names.extend(message.map(|m| m.name));
    if !sample.websocket && http::starts_head(bytes) {
        http::Framer::default().feed(bytes, http::Limits::default(), |event| {
            if let http::Event::Request(head) = event {
                add(own.head(&head));
            }
        });
        return names;
    }
    line::Framer::default().feed(bytes, LIMIT, |message| {
        if let line::Message::Object(object) = message {
            add(own.object(&Line::read(object)));
        }
    });
    bytes.split(|b| *b == b'\n').for_each(|text| add(own.text(text)));
    names
}
