//! A pool that answers as pools do, and a miner that talks to it. No hash is ever computed: a share is good or bad
//! because its nonce says so.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::network::{ip, no_solicitations};

pub(crate) const CLIENT_V4: &str = "10.77.0.2";
pub(crate) const CLIENT_V6: &str = "fd77::2";
pub(crate) const POOL_V4: &str = "10.77.0.1";
const POOL_V6: &str = "fd77::1";
pub(crate) const PORT: u16 = 3333;

pub(crate) const BITCOIN_WALLET: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
pub(crate) const MONERO_WALLET: &str =
    "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq";

/// The nonce that the pool does not like.
const BAD: &str = "deadbeef";
const GOOD: &str = "0badcafe";

/// The pool's process: takes its end of the veth pair whenever it is told that there is one, and ends with its parent.
pub(crate) fn serve() {
    no_solicitations();
    say("here");
    let mut serving = false;
    for _order in std::io::stdin().lines() {
        ip("link set lo up");
        ip(&format!("addr add {POOL_V4}/24 dev vb"));
        ip(&format!("addr add {POOL_V6}/64 dev vb nodad"));
        ip("link set vb up");
        if !serving {
            let listener = TcpListener::bind(("::", PORT)).unwrap(); // takes IPv4 too
            thread::spawn(move || {
                for stream in listener.incoming() {
                    thread::spawn(|| talk(&stream.unwrap()));
                }
            });
            let names = UdpSocket::bind(("::", 53)).unwrap();
            thread::spawn(move || answer_names(&names));
            serving = true;
        }
        say("listening");
    }
}

fn say(word: &str) {
    // After a line feed, as the harness has begun the line.
    let mut out = std::io::stdout();
    writeln!(out, "\npool: {word}").unwrap();
}

fn talk(stream: &TcpStream) {
    stream.set_nodelay(true).unwrap();
    for line in BufReader::new(stream).lines() {
        // A client may leave as it likes.
        let Ok(line) = line else { return };
        // Nor is everybody who comes a miner.
        let Ok(asked) = serde_json::from_str::<Value>(&line) else { return };
        for answer in answers(&asked) {
            let mut out = stream;
            let _ = out.write_all(format!("{answer}\n").as_bytes());
        }
    }
}

/// A name server to which every name is the pool's (RFC 1035, 4.1).
fn answer_names(socket: &UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, client)) = socket.recv_from(&mut query) {
        let mut answer = query[..length].to_vec();
        answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
        answer.extend(POOL_V4.parse::<std::net::Ipv4Addr>().unwrap().octets());
        let _ = socket.send_to(&answer, client);
    }
}

/// Asks the pool's name server for a name, as a client does before it connects.
pub(crate) fn look_up(name: &str) {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend(label.as_bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(&query, (POOL_V4, 53)).unwrap();
    assert!(socket.recv(&mut [0; 512]).unwrap() > query.len());
}

/// Connects to the pool's port, says what nobody can read, and leaves.
pub(crate) fn speak_in_private() {
    let mut stream = TcpStream::connect((POOL_V4, PORT)).unwrap();
    let words: Vec<u8> = (0..64_u8).map(|n| n.wrapping_mul(151) | 0x80).collect();
    stream.write_all(&words).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = BufReader::new(stream).lines().count();
}

fn answers(asked: &Value) -> Vec<Value> {
    let (id, params) = (&asked["id"], &asked["params"]);
    let result = |result: Value| json!({"id": id, "result": result, "error": null});
    match asked["method"].as_str().unwrap() {
        "mining.configure" => {
            vec![result(json!({"version-rolling": true, "version-rolling.mask": "1fffe000"}))]
        }
        "mining.subscribe" => vec![result(json!([[["mining.notify", "ae6812eb"]], "08000002", 4]))],
        "mining.authorize" => vec![
            result(json!(true)),
            json!({"id": null, "method": "mining.set_difficulty", "params": [512]}),
            bitcoin_job("1"),
            bitcoin_job("2"),
        ],
        "mining.submit" if params[4] == BAD => {
            vec![json!({"id": id, "result": null, "error": [23, "Low difficulty share", null]})]
        }
        "mining.submit" => vec![result(json!(true))],
        "login" => vec![
            json!({"id": id, "jsonrpc": "2.0", "error": null,
                "result": {"id": "9f3c1a", "job": cryptonote_job("1"), "status": "OK"}}),
            json!({"jsonrpc": "2.0", "method": "job", "params": cryptonote_job("2")}),
        ],
        "submit" if params["nonce"] == BAD => {
            vec![
                json!({"id": id, "jsonrpc": "2.0", "error": {"code": -1, "message": "Low difficulty share"}}),
            ]
        }
        "submit" => vec![json!({"id": id, "jsonrpc": "2.0", "error": null, "result": {"status": "OK"}})],
        other => panic!("the pool does not know {other}"),
    }
}

fn bitcoin_job(id: &str) -> Value {
    let previous = format!("{}0000000000000000", "4d16b6f85af6e219".repeat(3));
    let (head, tail) = ("01000000010000000000000000", "ffffffff0200f2052a01000000");
    let branches = [&"ab".repeat(32), &"cd".repeat(32)];
    let params = json!([id, previous, head, tail, branches, "20000000", "1702905c", "66a4f2d1", true]);
    json!({"id": null, "method": "mining.notify", "params": params})
}

fn cryptonote_job(id: &str) -> Value {
    json!({"algo": "rx/0", "blob": "10".repeat(76), "height": 3_200_000, "job_id": id,
        "seed_hash": "5c".repeat(32), "target": "b88d0600"})
}

/// Whether the pool takes a share.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Share {
    Bad,
    Good,
}

/// A miner that has its first job.
pub(crate) struct Miner {
    stream: BufReader<TcpStream>,
    dialect: Dialect,
    last_id: u64,
}

enum Dialect {
    Bitcoin,
    Cryptonote,
}

impl Miner {
    /// Over IPv4.
    pub(crate) fn bitcoin() -> Self {
        let mut miner = Self::dial(POOL_V4, Dialect::Bitcoin);
        let options = json!({"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2});
        miner.ask("mining.configure", &json!([["version-rolling"], options]));
        miner.ask("mining.subscribe", &json!(["cgminer/4.12.1"]));
        miner.ask("mining.authorize", &json!([format!("{BITCOIN_WALLET}.rig7"), "x"]));
        miner.wait(|line| line["method"] == "mining.notify" && line["params"][0] == "2");
        miner
    }

    /// Over IPv6.
    pub(crate) fn cryptonote() -> Self {
        let mut miner = Self::dial(POOL_V6, Dialect::Cryptonote);
        let login = json!({"login": MONERO_WALLET, "pass": "x", "agent": "XMRig/6.22.2", "algo": ["rx/0"]});
        miner.ask("login", &login);
        miner.wait(|line| line["method"] == "job");
        miner
    }

    /// Hands in a share and waits for the pool's word on it.
    pub(crate) fn submit(&mut self, share: Share) {
        let nonce = if matches!(share, Share::Bad) { BAD } else { GOOD };
        let answer = match self.dialect {
            Dialect::Bitcoin => {
                let user = format!("{BITCOIN_WALLET}.rig7");
                self.ask("mining.submit", &json!([user, "2", "00000001", "66a4f2d1", nonce, "00a00000"]))
            }
            Dialect::Cryptonote => {
                let hash = "e7".repeat(32);
                let share = json!({"id": "9f3c1a", "job_id": "2", "nonce": nonce, "result": hash});
                self.ask("submit", &share)
            }
        };
        assert_eq!(answer["error"].is_null(), matches!(share, Share::Good), "{answer}");
    }

    fn dial(pool: &str, dialect: Dialect) -> Self {
        let stream = TcpStream::connect((pool, PORT)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { stream: BufReader::new(stream), dialect, last_id: 0 }
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let line = format!("{}\n", json!({"id": id, "method": method, "params": params}));
        // In two segments: where one ends says nothing about where a message does.
        let (head, tail) = line.split_at(line.len() / 2);
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(tail.as_bytes()).unwrap();
        self.wait(|line| line["id"] == id)
    }

    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.stream.read_line(&mut line).unwrap(), 0, "the pool hung up");
            let line = serde_json::from_str(&line).unwrap();
            if wanted(&line) {
                return line;
            }
        }
    }
}
