//! Miners in web pages, from the upgrade to the last share: what carries them, who embeds them, where they go.

use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::{Event, Mining, Phase, Transport};
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};

const WALLET: &str =
    "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq";

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

/// A page's connection to a relay.
struct Page {
    sensor: Sensor,
    events: Vec<Event>,
    seqs: [u32; 2],
    time: u64,
}

impl Page {
    /// One whose request and answer are not seen.
    fn midstream() -> Self {
        let sensor = Sensor::new(Settings::default(), rules(), 0);
        Self { sensor, events: Vec::new(), seqs: [1; 2], time: 1_000_000 }
    }

    fn open(target: &str) -> Self {
        let mut page = Self::midstream();
        page.send(0, format!("GET {target} HTTP/1.1\r\nHost: relay.example.net:8181\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://films.example.org\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n").as_bytes());
        page.send(
            1,
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        );
        page
    }

    fn send(&mut self, side: usize, bytes: &[u8]) {
        let (page, relay) = ([10, 0, 0, 7], [203, 0, 113, 9]);
        let (ends, ports) = match side {
            0 => (PacketBuilder::ipv4(page, relay, 9), (50_000, 8181)),
            _ => (PacketBuilder::ipv4(relay, page, 9), (8181, 50_000)),
        };
        let mut data = Vec::new();
        ends.tcp(ports.0, ports.1, self.seqs[side], 9).ack(1).write(&mut data, bytes).expect("a packet");
        self.seqs[side] += bytes.len() as u32;
        self.time += 50_000;
        let (time, wire_len) = (Time(self.time), data.len() as u32);
        self.sensor.frame(&Frame { time, link: LinkType::RawIp, wire_len, data: &data }, &mut self.events);
    }

    fn frame(&mut self, side: usize, text: &str) -> &mut Self {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let flag = if side == 0 { 0x80 } else { 0 };
        let mut frame = vec![0x81];
        match text.len() {
            len @ 0..126 => frame.push(flag | len as u8),
            len => frame.extend([flag | 126, (len >> 8) as u8, len as u8]),
        }
        if side == 0 {
            frame.extend(mask);
            frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(b, k)| b ^ k));
        } else {
            frame.extend(text.as_bytes());
        }
        self.send(side, &frame);
        self
    }

    fn page(&mut self, text: &str) -> &mut Self {
        self.frame(0, text)
    }

    fn relay(&mut self, text: &str) -> &mut Self {
        self.frame(1, text)
    }

    fn mining(&mut self) -> Option<Mining> {
        self.sensor.finish(&mut self.events);
        assert_eq!(self.sensor.stats().stream_bytes, 0);
        self.events.iter().find_map(|e| match e {
            Event::Session(r) if r.phase == Phase::Final => Some(r.mining.clone()),
            Event::Session(_) | Event::Alert(_) => None,
        })
    }
}

#[test]
fn socket_io_and_a_relay_that_is_told_the_pool() {
    let mut page = Page::open("/socket.io/?EIO=4&transport=websocket");
    page.relay(r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
        .page("40")
        .relay(r#"40{"sid":"oSO0OpakMV_3jnilAAAA"}"#)
        .relay(r#"42["can start"]"#)
        .page(r#"42["start",{"client":"cpu-web-miner","version":"1.9.4","stratum":{"server":"yespower.example.net","port":6234,"worker":"ltc1qun9tllrde6w596tkhqz7az5glwgzqu5uydpw58.web","password":"c=LTC","ssl":false},"algo":"cwm_yespowerR16"}]"#)
        .relay("2")
        .page("3")
        .page(r#"42["submit",{"worker_name":"ltc1qun9tllrde6w596tkhqz7az5glwgzqu5uydpw58.web","job_id":"1f","extranonce2":"00000000","ntime":"66a1b2c3","nonce":"00ab12cd"}]"#)
        .relay(r#"42["submit failed","low difficulty share"]"#);
    let m = page.mining().expect("a session");
    assert_eq!((m.dialect.name(), m.transport), ("cpuwebminer", Transport::WebSocket));
    assert_eq!((m.server_name.as_deref(), m.server_port), (Some("yespower.example.net"), Some(6234)));
    assert_eq!(m.payee.as_deref(), Some("ltc1qun9tllrde6w596tkhqz7az5glwgzqu5uydpw58"));
    assert_eq!((m.worker.as_deref(), m.coin.as_deref()), (Some("web"), Some("LTC")));
    assert_eq!(m.site.as_deref(), Some("https://films.example.org"));
    assert_eq!(
        (m.route.host.as_deref(), m.route.path.as_deref()),
        (Some("relay.example.net"), Some("/socket.io/"))
    );
    assert_eq!((m.shares.submitted, m.shares.rejected, m.midstream), (1, 1, false));
}

#[test]
fn a_bridge_wraps_the_pools_lines() {
    let mut page = Page::open("/ws");
    page.page(&format!(r#"{{"type":"connect","pool":"stratum+tcp://sha.pool.example.net:3333","wallet":"{WALLET}","password":"x"}}"#))
        .relay(r#"{"type":"pool","data":"{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[0.01]}"}"#)
        .relay(r#"{"type":"pool","data":"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"b1\",\"4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000\",\"01\",\"02\",[],\"20000000\",\"1c2ac4af\",\"504e86b9\",true]}"}"#)
        .page(&format!(r#"{{"type":"share","data":{{"id":4,"method":"mining.submit","params":["{WALLET}.web","b1","00000001","66a1b2c3","0011aabb"]}}}}"#))
        .relay(r#"{"type":"share_result","accepted":true,"error":null}"#);
    let m = page.mining().expect("a session");
    assert_eq!((m.dialect.name(), m.jobs), ("bitcoin", 1));
    assert_eq!((m.server_name.as_deref(), m.server_port), (Some("sha.pool.example.net"), Some(3333)));
    assert_eq!((m.payee.as_deref(), m.difficulty), (Some(WALLET), Some(0.01)));
    assert_eq!((m.shares.submitted, m.shares.accepted), (1, 1));
}

#[test]
fn a_site_key_and_how_much_is_taken() {
    for (throttle, kept) in [("0.3", Some(0.3)), ("7", None), ("\"fast\"", None)] {
        let mut page = Page::open("/proxy?pool=xmr.pool.example.net:3333");
        page.page(&format!(r#"{{"type":"auth","params":{{"site_key":"mor9Fi1TrJcG861hZAUN8DQHFz24gTX6","type":"anonymous","user":null,"goal":0,"throttle":{throttle}}}}}"#));
        let m = page.mining().expect("a session");
        assert_eq!((m.payee.as_deref(), m.throttle), (Some("mor9Fi1TrJcG861hZAUN8DQHFz24gTX6"), kept));
        assert_eq!((m.server_name.as_deref(), m.server_port), (Some("xmr.pool.example.net"), Some(3333)));
        assert_eq!(
            (m.route.host.as_deref(), m.route.path.as_deref()),
            (Some("relay.example.net"), Some("/proxy"))
        );
    }
}

#[test]
fn words_in_frames() {
    let mut page = Page::open("/");
    page.relay("3.0")
        .page("JOB,alice,LOW,None")
        .relay("0afdc7e9ca1badf150421349939412c4c06f827f,586acadb8a1afcb0a0ad478ad147f5401cbb9932,300")
        .page("11893,214567.0,Official Web Miner 4.3,lab-pc,,2811")
        .relay("GOOD");
    // A frame is a whole message, whatever it ends with.
    let m = page.mining().expect("a session");
    assert_eq!(
        (m.dialect.name(), m.payee.as_deref(), m.worker.as_deref()),
        ("duino", Some("alice"), Some("lab-pc"))
    );
    assert_eq!((m.jobs, m.shares.submitted, m.shares.accepted), (1, 1, 1));
}

#[test]
fn what_a_rule_file_describes() {
    let mut page = Page::open("/c");
    page.page(&format!(
        r#"{{"command":"connect","data":{{"wallet":"{WALLET}","pool":"pool.example.net:3333","threads":4}}}}"#
    ));
    let m = page.mining().expect("a session");
    assert_eq!((m.dialect.name(), m.payee.as_deref()), ("webminer", Some(WALLET)));
    assert_eq!((m.server_name.as_deref(), m.server_port), (Some("pool.example.net"), Some(3333)));
}

#[test]
fn lost_history_is_said() {
    let mut page = Page::midstream();
    let share = r#"{"type":"submit","params":{"version":7,"job_id":"j1","nonce":"f3090000","result":"a33283f7756dd505e75d00193c0b5b02e940d196bc6a96b142d2ff43f2a50300"}}"#;
    page.page(share);
    // Compressed, and built on messages that were not seen: a match far before the beginning.
    page.send(1, &[0xc1, 5, 0x02, 0xfe, 0x3f, 0xff, 0x00]);
    page.page(share);
    let m = page.mining().expect("a session");
    assert!(m.incomplete && m.midstream);
    assert_eq!(m.shares.submitted, 2);
    let mut page = Page::midstream();
    assert!(!page.page(share).mining().expect("a session").incomplete);
}

#[test]
fn other_talk_is_let_go() {
    for target in ["/socket.io/?EIO=4&transport=websocket", "/chat"] {
        let mut page = Page::open(target);
        page.relay(r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000}"#).page("40");
        for n in 0..12 {
            page.page(&format!(r#"42["message",{{"room":"lobby","text":"hello {n}"}}]"#));
            page.relay(r#"42["work",{"title":"Line cook"}]"#);
        }
        assert_eq!(page.sensor.stats().flows, 0, "still followed");
        assert!(page.mining().is_none());
    }
}
