//! Hash rates: a miner of known speed finds shares at random times, and after 100 of them the rate that is told is
//! within a quarter of it, in each way of stating what a share costs.

use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::{Event, Phase};
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};

/// A pool's and a miner's lines, `N` standing for the number of the share.
struct Talk {
    name: &'static str,
    login: &'static [&'static str],
    /// What the pool says before the first share.
    work: &'static [&'static str],
    share: &'static str,
    reply: &'static str,
    /// Expected hashes of one share, by the protocol's own definition.
    hashes: f64,
}

const TWO_32: f64 = 4_294_967_296.0;

const TALKS: [Talk; 7] = [
    Talk {
        name: "bitcoin, by difficulty and version rolling",
        login: &[
            r#"{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000"}]}"#,
            r#"{"id":2,"method":"mining.authorize","params":["bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3.a","x"]}"#,
        ],
        work: &[
            r#"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"error":null}"#,
            r#"{"id":null,"method":"mining.set_difficulty","params":[8192]}"#,
            r#"{"id":null,"method":"mining.notify","params":["j1","4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000","01","02",[],"20000000","1c2ac4af","504e86b9",true]}"#,
        ],
        share: r#"{"id":N,"method":"mining.submit","params":["bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3.a","j1","0a000000","66a1b2c3","1c2f00a7","00002000"]}"#,
        reply: r#"{"id":N,"result":true,"error":null}"#,
        hashes: 8192.0 * TWO_32,
    },
    Talk {
        name: "cryptonote, by a target of four bytes",
        login: &[
            r#"{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq","pass":"x","agent":"XMRig/6.22.2"}}"#,
        ],
        work: &[
            r#"{"jsonrpc":"2.0","method":"job","params":{"blob":"10108dfcb8b9068a1e2a2fd2f8b0b7fd1ce07f3bd3ea39b2c6f4c2e94ed8cf3d2b6a4d7d0f7eaf00000000a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9001","job_id":"j1","target":"b88d0600","algo":"rx/0","height":3155003,"seed_hash":"d6e6b44948e5a6a0579ea6617ca8fad608bf09dd428cc98ea74659bd7ef6f8d1"}}"#,
        ],
        share: r#"{"id":N,"jsonrpc":"2.0","method":"submit","params":{"id":"q","job_id":"j1","nonce":"f3090000","result":"a33283f7756dd505e75d00193c0b5b02e940d196bc6a96b142d2ff43f2a50300"}}"#,
        reply: r#"{"id":N,"jsonrpc":"2.0","error":null,"result":{"status":"OK"}}"#,
        hashes: 10_000.0,
    },
    Talk {
        name: "ethproxy, by a boundary of 32 bytes",
        login: &[
            r#"{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0x5d3b9c7a1e2f4a6b8c0d1e2f3a4b5c6d7e8f9a0b","x"],"worker":"a"}"#,
        ],
        work: &[
            r#"{"id":0,"jsonrpc":"2.0","result":["0x645cf20198c2f3861e947d4f67e3ab63b7b2e24dcc9095bd9123e7b33371f6cc","0xabad8f99f3918bf903c6a909d9bbc0fdfa5a2f4b9cb1196175ec825c6610126c","0x0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba"]}"#,
        ],
        share: r#"{"id":N,"jsonrpc":"2.0","method":"eth_submitWork","params":["0x4cd01e2b004d3301","0x645cf20198c2f3861e947d4f67e3ab63b7b2e24dcc9095bd9123e7b33371f6cc","0x635a1be10b3358dadefa3da998a4a4b66938e4349ecfc42b2237f34acc05ce2e"],"worker":"a"}"#,
        reply: r#"{"id":N,"jsonrpc":"2.0","result":true}"#,
        hashes: 4_000_000_000.0,
    },
    Talk {
        name: "ethereumstratum1, by difficulty",
        login: &[
            r#"{"id":1,"method":"mining.subscribe","params":["ethminer/0.19","EthereumStratum/1.0.0"]}"#,
            r#"{"id":2,"method":"mining.authorize","params":["0x5d3b9c7a1e2f4a6b8c0d1e2f3a4b5c6d7e8f9a0b.a","x"]}"#,
        ],
        work: &[
            r#"{"id":1,"result":[["mining.notify","ae6812eb4cd7735a302a8a9dd95cf71f","EthereumStratum/1.0.0"],"080c"],"error":null}"#,
            r#"{"id":null,"method":"mining.set_difficulty","params":[2]}"#,
            r#"{"id":null,"method":"mining.notify","params":["j1","abad8f99f3918bf903c6a909d9bbc0fdfa5a2f4b9cb1196175ec825c6610126c","645cf20198c2f3861e947d4f67e3ab63b7b2e24dcc9095bd9123e7b33371f6cc",true]}"#,
        ],
        share: r#"{"id":N,"method":"mining.submit","params":["0x5d3b9c7a1e2f4a6b8c0d1e2f3a4b5c6d7e8f9a0b.a","j1","68765fccd712"]}"#,
        reply: r#"{"id":N,"result":true,"error":null}"#,
        hashes: 2.0 * TWO_32,
    },
    Talk {
        name: "equihash, by a target of 32 bytes",
        login: &[
            r#"{"id":1,"method":"mining.subscribe","params":["nheqminer/0.5c",null,"pool.example.net","3357"]}"#,
            r#"{"id":2,"method":"mining.authorize","params":["t1VpYecBW4UudbGcy4ufh61eWxQCoFaUrPs.a","x"]}"#,
        ],
        work: &[
            r#"{"id":null,"method":"mining.set_target","params":["0020c49ba5e353f7ced916872b020c49ba5e353f7ced916872b020c49ba5e353"]}"#,
            r#"{"id":null,"method":"mining.notify","params":["j1","04000000","9cc5c93ff0cc7c696783a1a86f096b70cc92008d5eed316a7f2ca9e7b11c69cf","9cba4187b209769971ab72304b931c5eb6ea0c7f65480cde3b0a8c95cbdaaabc","9b21562c880f0f6070bc6b63c2585c1e38f719814e78b67857d0bdbb31e45495","c3b2a166","1f05041c",true]}"#,
        ],
        share: "",
        reply: r#"{"id":N,"result":true,"error":null}"#,
        hashes: 2000.0,
    },
    Talk {
        name: "coinhive, by hash_accepted",
        login: &[
            r#"{"type":"auth","params":{"site_key":"mor9Fi1TrJcG861hZAUN8DQHFz24gTX6","type":"anonymous","user":null,"goal":0}}"#,
        ],
        work: &[
            r#"{"type":"job","params":{"job_id":"j1","blob":"07078e1728e9866dc739baa7047e6a60f66f0523382a79803e4c72a4bc05c5ab0893d9f57c7a4d00000000dabdbbc21cd46f2275cc33ddebf74aef130ef8d81d86ae0b15a70a639f8f07c529","target":"ffffff00"}}"#,
        ],
        share: r#"{"type":"submit","params":{"version":7,"job_id":"j1","nonce":"f3090000","result":"a33283f7756dd505e75d00193c0b5b02e940d196bc6a96b142d2ff43f2a50300"}}"#,
        reply: r#"{"type":"hash_accepted","params":{"hashes":512}}"#,
        hashes: 256.0,
    },
    Talk {
        name: "duino, by difficulty",
        login: &["JOB,alice,LOW,None"],
        work: &[],
        share: "11893,214567.0,Official PC Miner 4.3,lab-pc,,2811",
        reply: "GOOD",
        hashes: 300.0 * 50.0,
    },
];

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

/// Both sides of one connection to a sensor.
struct Wire {
    sensor: Sensor,
    events: Vec<Event>,
    seqs: [u32; 2],
    now: f64,
}

impl Wire {
    fn say(&mut self, from_miner: bool, line: &str) {
        let (miner, pool) = ([10, 0, 0, 7], [203, 0, 113, 9]);
        let (ends, ports) = match from_miner {
            true => (PacketBuilder::ipv4(miner, pool, 9), (50_000, 3333)),
            false => (PacketBuilder::ipv4(pool, miner, 9), (3333, 50_000)),
        };
        let seq = &mut self.seqs[usize::from(from_miner)];
        let bytes = format!("{line}\n").into_bytes();
        let mut data = Vec::new();
        ends.tcp(ports.0, ports.1, *seq, 9).ack(1).write(&mut data, &bytes).expect("a packet");
        *seq = seq.wrapping_add(bytes.len() as u32);
        let time = Time((self.now * 1e6) as u64);
        let frame = Frame { time, link: LinkType::RawIp, wire_len: data.len() as u32, data: &data };
        self.sensor.frame(&frame, &mut self.events);
    }
}

/// The rate told after `shares` shares of a miner of `speed` hashes a second.
fn told(talk: &Talk, speed: f64, shares: u32) -> Option<f64> {
    let sensor = Sensor::new(Settings::default(), rules(), 0);
    let mut wire = Wire { sensor, events: Vec::new(), seqs: [1; 2], now: 1000.0 };
    talk.login.iter().for_each(|line| wire.say(true, line));
    talk.work.iter().for_each(|line| wire.say(false, line));
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for n in 0..shares {
        // Xorshift, then an exponential wait: each hash is as likely a share as any other.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let uniform = ((random >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        wire.now += -uniform.ln() * talk.hashes / speed;
        if talk.name.starts_with("duino") {
            wire.say(true, talk.login[0]);
            wire.say(false, &format!("0afdc7e9ca1badf150421349939412c4c06f827f,{n:040x},300"));
        }
        let number = (100 + n).to_string();
        let share = match talk.share {
            "" => format!(
                r#"{{"id":{number},"method":"mining.submit","params":["t1VpYecBW4UudbGcy4ufh61eWxQCoFaUrPs.a","j1","c3b2a166","{}","fd4005{}"]}}"#,
                "0a".repeat(28),
                "5c".repeat(1344)
            ),
            share => share.replace("\"id\":N", &format!("\"id\":{number}")),
        };
        wire.say(true, &share);
        wire.now += 0.03;
        wire.say(false, &talk.reply.replace("\"id\":N", &format!("\"id\":{number}")));
    }
    wire.sensor.finish(&mut wire.events);
    wire.events.iter().find_map(|e| match e {
        Event::Session(r) if r.phase == Phase::Final => {
            assert_eq!(r.mining.shares.accepted, u64::from(shares), "{}", talk.name);
            Some(r.mining.hashrate)
        }
        Event::Session(_) | Event::Alert(_) => None,
    })?
}

#[test]
fn within_a_quarter_after_a_hundred_shares() {
    for talk in &TALKS {
        // A share every four seconds, every twenty, every minute.
        for seconds in [4.0, 20.0, 60.0] {
            let speed = talk.hashes / seconds;
            for shares in [100, 150, 400] {
                let rate = told(talk, speed, shares).unwrap_or_else(|| panic!("{}: no rate", talk.name));
                let off = rate / speed - 1.0;
                assert!(off.abs() < 0.25, "{}, {shares} shares: {rate} for {speed}", talk.name);
            }
        }
    }
}

#[test]
fn no_rate_after_a_few() {
    for talk in &TALKS {
        assert_eq!(told(talk, talk.hashes / 20.0, 3), None, "{}", talk.name);
    }
}
