//! Conversations of other software that come close to a dialect's shapes: job queues, chats, games, telemetry, tables of
//! hashes, explorers. None may be told, whole, repeated, cut, from one side, or picked up in mid-stream.

use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::config::{Config, load_rules};
use geophone::detect::Event;
use geophone::packet::{Frame, LinkType, Time};
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};

/// What a side (0 the client, 1 the server) says at once.
type Said = (usize, Vec<u8>);
/// Whether it is inside a WebSocket, and what is said.
type Talk = (bool, Vec<Said>);

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

/// What the sensor says of it first.
fn told(talk: &[Said]) -> Option<String> {
    let mut sensor = Sensor::new(Settings::default(), rules(), 0);
    let (mut events, mut seqs, mut time) = (Vec::new(), [1u32, 1], 1_000_000u64);
    for (side, bytes) in talk {
        for part in bytes.chunks(1400) {
            let (client, server) = ([10, 0, 0, 7], [203, 0, 113, 9]);
            let (ends, ports) = match side {
                0 => (PacketBuilder::ipv4(client, server, 9), (50_000, 8080)),
                _ => (PacketBuilder::ipv4(server, client, 9), (8080, 50_000)),
            };
            let mut data = Vec::new();
            ends.tcp(ports.0, ports.1, seqs[*side], 9).ack(1).write(&mut data, part).expect("a packet");
            seqs[*side] += part.len() as u32;
            time += 200_000;
            let (time, wire_len) = (Time(time), data.len() as u32);
            sensor.frame(&Frame { time, link: LinkType::RawIp, wire_len, data: &data }, &mut events);
        }
    }
    sensor.finish(&mut events);
    events.first().map(|e| match e {
        Event::Alert(a) => format!("{:?} {}: {}", a.mining.certainty, a.mining.dialect.name(), a.reason),
        Event::Session(r) => format!("{:?} {}", r.mining.certainty, r.mining.dialect.name()),
    })
}

fn frame(side: usize, text: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let flag = if side == 0 { 0x80 } else { 0 };
    let mut f = vec![0x81];
    match text.len() {
        len @ 0..126 => f.push(flag | len as u8),
        len => f.extend([flag | 126, (len >> 8) as u8, len as u8]),
    }
    if side == 0 {
        f.extend(mask);
        f.extend(text.iter().zip(mask.iter().cycle()).map(|(b, k)| b ^ k));
    } else {
        f.extend(text);
    }
    f
}

/// The ways in which a conversation may be seen.
fn variants(ws: bool, said: &[Said]) -> Vec<(&'static str, Vec<Said>)> {
    let open: Vec<Said> = if ws {
        vec![
        (0, b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: app.example.net\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://app.example.net\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n".to_vec()),
        (1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_vec())]
    } else {
        vec![]
    };
    let wire: Vec<Said> = said.iter().map(|(s, t)| (*s, if ws { frame(*s, t) } else { t.clone() })).collect();
    let thrice: Vec<Said> = [wire.clone(), wire.clone(), wire.clone()].concat();
    let mut out = vec![
        ("whole", [open.clone(), wire.clone()].concat()),
        ("thrice", [open.clone(), thrice.clone()].concat()),
        ("client", [open.clone(), wire.iter().filter(|w| w.0 == 0).cloned().collect()].concat()),
        ("server", [open.clone(), wire.iter().filter(|w| w.0 == 1).cloned().collect()].concat()),
    ];
    if ws {
        out.push(("mid", wire));
        out.push(("mid3", thrice.clone()));
    } else {
        out.push(("mid", wire.iter().skip(1).cloned().collect()));
        out.push(("mid3", thrice.iter().skip(1).cloned().collect()));
    }
    for (name, cut) in [("cut1", 1), ("cut5", 5), ("cut17", 17), ("cut40", 40), ("cuthalf", usize::MAX)] {
        let mut parts = open.clone();
        for (s, b) in &thrice {
            let at = if cut == usize::MAX { b.len() / 2 } else { cut.min(b.len()) };
            let (x, y) = b.split_at(at);
            parts.push((*s, x.to_vec()));
            if !y.is_empty() {
                parts.push((*s, y.to_vec()));
            }
        }
        out.push((name, parts));
    }
    out
}

fn ws(l: &[(usize, &str)]) -> Talk {
    (true, l.iter().map(|(s, t)| (*s, t.as_bytes().to_vec())).collect())
}
fn tcp(l: &[(usize, &str)]) -> Talk {
    (false, l.iter().map(|(s, t)| (*s, t.as_bytes().to_vec())).collect())
}
fn post(path: &str, agent: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: n.example.net\r\nUser-Agent: {agent}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: n.example.net\r\n{more}\r\n")
}

fn conversations() -> Vec<(&'static str, Talk)> {
    let h64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let h40 = ["0afdc7e9ca1badf150421349939412c4c06f827f", "586acadb8a1afcb0a0ad478ad147f5401cbb9932"];
    let eth = "0x19c5639646cceb08a28035cca80b072a7cd02796";
    let long_tx = format!(r#"{{"txid":"{h64}","fee":1}},"#).repeat(600);
    let gitlog: String = (0..8).map(|n| format!("{},{},17{n}0000000\n", h40[0], h40[1])).collect();
    let sized: String = (0..8).map(|n| format!("{},{},{}\n", h40[0], h40[1], 300 + n)).collect();
    let cut = format!(
        r#"{{"result":{{"hash":"{h64}","previousblockhash":"{h64}","height":9,"transactions":[{long_tx}{{}}]}},"error":null,"id":1}}"#
    );
    let packs: String = (0..8).map(|n| format!("{},{}\n", h40[n % 2], 300 + n)).collect();
    vec![
        ("printer: named job urgent", tcp(&[(0, "JOB,INV-2024-118,URGENT\r\n"), (1, "OK\r\n")])),
        ("printer: file low", tcp(&[(0, "JOB,report.pdf,LOW\n"), (1, "OK,17\n")])),
        ("printer: number low", tcp(&[(0, "JOB,11820,LOW\n"), (1, "QUEUED\n")])),
        ("CI: build medium", tcp(&[(0, "JOB,build-113,MEDIUM,main\n"), (1, "GOOD\n")])),
        ("laser marker: JOB,PART,NET", tcp(&[(0, "JOB,PLATE_7,NET\r"), (1, "ACK\r")])),
        ("robot: JOB,NAME,START", tcp(&[(0, "JOB,WELD-01,START\r\n"), (1, "0000\r\n")])),
        ("transcoder: JOB,clip,HIGH", tcp(&[(0, "JOB,clip_0042.mov,HIGH,h264\n"), (1, "ACCEPTED\n")])),
        ("cnc: JOB,PART,ARM", tcp(&[(0, "JOB,FIXTURE-2,ARM\n"), (1, "READY\n")])),
        ("csv job column", tcp(&[(1, "JOB,TITLE,GRADE\nJOB,WELDER,LOW\nJOB,FITTER,MEDIUM\n")])),
        ("git log %H,%P,%ct", tcp(&[(1, &gitlog)])),
        ("patch manifest old,new,size", tcp(&[(1, &sized)])),
        ("hibp range csv", tcp(&[(1, &packs)])),
        ("index sha1,sha1,size,name", tcp(&[(1, &format!("{},{},300,pkg-1.0.tgz\n", h40[0], h40[1]))])),
        (
            "telemetry coal: Continuous Miner",
            tcp(&[
                (0, "1718000000,23.5,Continuous Miner 12,CM12,,2\n"),
                (0, "1718000001,23.6,Continuous Miner 12,CM12,,2\n"),
            ]),
        ),
        (
            "catalogue: Official Jersey",
            tcp(&[(
                1,
                "10023,24.99,Official Team Jersey,Nike,,35\n10024,49.99,Official Match Ball,Adidas,,12\n",
            )]),
        ),
        ("game: Gold Miner score", tcp(&[(0, "120,33.5,Gold Miner,player7,,3\n"), (1, "GOOD\n")])),
        ("telemetry plain", tcp(&[(0, "11893,21.5,temp,lab-pc,,2\n"), (0, "11894,21.6,temp,lab-pc,,2\n")])),
        ("ws: printer job", ws(&[(0, "JOB,label-4x6,LOW"), (1, "OK")])),
        (
            "chat auth user",
            ws(&[
                (0, r#"{"type":"auth","params":{"version":2,"userID":"u_1182","type":"user"}}"#),
                (1, r#"{"type":"auth_ok","params":{}}"#),
            ]),
        ),
        (
            "support chat auth anonymous",
            ws(&[
                (
                    0,
                    r#"{"type":"auth","params":{"version":1,"userID":"visitor-5","type":"anonymous","locale":"en"}}"#,
                ),
                (1, r#"{"type":"welcome","params":{"agents":3}}"#),
            ]),
        ),
        (
            "chat auth token",
            ws(&[
                (
                    0,
                    r#"{"type":"auth","params":{"version":1,"userID":"alice","type":"token","token":"eyJhbGciOi"}}"#,
                ),
                (1, r#"{"type":"authed","params":{"ok":true}}"#),
            ]),
        ),
        (
            "tcp auth json",
            tcp(&[
                (0, "{\"type\":\"auth\",\"params\":{\"version\":2,\"userID\":\"u\",\"type\":\"user\"}}\n"),
                (1, "{\"type\":\"ok\"}\n"),
            ]),
        ),
        (
            "dex pool connect",
            ws(&[
                (0, &format!(r#"{{"type":"connect","pool":"eu1.dex.example:8443","wallet":"{eth}"}}"#)),
                (1, r#"{"type":"connected"}"#),
            ]),
        ),
        (
            "game lobby pool connect",
            ws(&[
                (0, r#"{"type":"connect","pool":"lobby-3:7777","wallet":"player-91"}"#),
                (1, r#"{"type":"lobby","players":3}"#),
            ]),
        ),
        (
            "chat shares mining line string",
            ws(&[
                (0, r#"{"type":"share","data":"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}"}"#),
                (1, r#"{"type":"share","data":"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}"}"#),
            ]),
        ),
        (
            "crawler start",
            ws(&[
                (1, "40"),
                (
                    0,
                    r#"42["start",{"server":"redis.example.net","port":6379,"worker":"crawler-1","password":"x"}]"#,
                ),
                (1, r#"42["started"]"#),
            ]),
        ),
        (
            "minecraft bot start",
            ws(&[(
                0,
                r#"42["start",{"server":"mc.example.net","port":"25565","worker":"bot7","password":""}]"#,
            )]),
        ),
        (
            "io game sync s",
            ws(&[
                (0, &format!(r#"42["s",{{"a":"k3f","b":17,"c":"{h64}"}}]"#)),
                (1, r#"42["a",{"a":"1","b":"2"}]"#),
            ]),
        ),
        (
            "actioncable",
            ws(&[
                (0, r#"{"command":"subscribe","identifier":"{\"channel\":\"JobChannel\"}"}"#),
                (1, r#"{"type":"confirm_subscription","identifier":"x"}"#),
                (1, r#"{"type":"ping","message":1700000000}"#),
            ]),
        ),
        (
            "inventory Antminer",
            tcp(&[
                (0, "{\"command\":\"list\"}\n"),
                (1, "{\"STATUS\":[{\"STATUS\":\"A\",\"Description\":\"Antminer S19 (used), shelf 4\"}]}\n"),
            ]),
        ),
        (
            "inventory over http",
            tcp(&[
                (0, &get("/1/summary", "")),
                (1, &ok(r#"{"STATUS":[{"STATUS":"A","Description":"Antminer S19 (used)"}]}"#)),
            ]),
        ),
        (
            "explorer block with transactions",
            tcp(&[(0, &post("/", "x", r#"{"method":"getblock","params":["x",2],"id":1}"#)), (1, &ok(&cut))]),
        ),
        ("explorer block GET", tcp(&[(0, &get("/api/block/9", "")), (1, &ok(&cut))])),
        (
            "render farm getwork",
            tcp(&[
                (
                    0,
                    &post(
                        "/rpc",
                        "renderd/2",
                        r#"{"jsonrpc":"2.0","id":1,"method":"getwork","params":["queue-a"]}"#,
                    ),
                ),
                (1, &ok(r#"{"jsonrpc":"2.0","id":1,"result":{"task":17}}"#)),
            ]),
        ),
        (
            "data mining header",
            tcp(&[
                (0, &get("/api/models", "X-Mining-Task: 42\r\nAuthorization: Basic YTpi\r\n")),
                (1, &ok("{}")),
            ]),
        ),
        (
            "process mining header",
            tcp(&[(0, &get("/api/pit/7", "X-Mining-Site: Olympic Dam\r\n")), (1, &ok("{}"))]),
        ),
        (
            "dapp filter changes id 0 ws",
            ws(&[
                (0, r#"{"jsonrpc":"2.0","id":0,"method":"eth_getFilterChanges","params":["0x1"]}"#),
                (
                    1,
                    &format!(
                        r#"{{"jsonrpc":"2.0","id":0,"result":["0x{h64}","0x{h64}","0x00{}"]}}"#,
                        &h64[2..]
                    ),
                ),
            ]),
        ),
        (
            "rollup roots",
            ws(&[
                (0, r#"{"jsonrpc":"2.0","id":7,"method":"rollup_getOutputs","params":[]}"#),
                (
                    1,
                    &format!(
                        r#"{{"jsonrpc":"2.0","id":7,"result":["0x{h64}","0x{h64}","0x{}05"]}}"#,
                        "0".repeat(62)
                    ),
                ),
            ]),
        ),
        (
            "starknet call felts",
            ws(&[
                (0, r#"{"jsonrpc":"2.0","id":7,"method":"starknet_call","params":[]}"#),
                (
                    1,
                    &format!(
                        r#"{{"jsonrpc":"2.0","id":7,"result":["0x{z}05","0x{z}06","0x{z}07"]}}"#,
                        z = "0".repeat(62)
                    ),
                ),
            ]),
        ),
        (
            "graphql-ws",
            ws(&[
                (0, r#"{"type":"connection_init","payload":{"token":"x"}}"#),
                (1, r#"{"type":"connection_ack"}"#),
                (0, r#"{"id":"1","type":"subscribe","payload":{"query":"subscription{jobs{id}}"}}"#),
                (1, r#"{"id":"1","type":"next","payload":{"data":{"jobs":{"id":1}}}}"#),
            ]),
        ),
        (
            "log shipper json",
            tcp(&[
                (
                    0,
                    "{\"@timestamp\":\"x\",\"message\":\"{\\\"id\\\":1,\\\"method\\\":\\\"mining.submit\\\",\\\"params\\\":[]}\",\"host\":\"a\"}\n",
                ),
                (0, "{\"message\":\"share\",\"block\":\"no\"}\n"),
            ]),
        ),
        ("proxy header then csv", tcp(&[(0, "PROXY TCP4 198.51.100.23 192.0.2.1 5 6\r\n"), (1, &sized)])),
        (
            "socks ftp manifest",
            (
                false,
                vec![
                    (0, b"\x05\x01\x00".to_vec()),
                    (1, b"\x05\x00".to_vec()),
                    (0, b"\x05\x01\x00\x03\x0bftp.example\x04\x15".to_vec()),
                    (1, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec()),
                    (1, sized.clone().into_bytes()),
                ],
            ),
        ),
        (
            "connect then printer",
            (
                false,
                vec![
                    (0, b"CONNECT p.example:9100 HTTP/1.1\r\n\r\n".to_vec()),
                    (1, b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec()),
                    (0, b"JOB,label.zpl,LOW\n".to_vec()),
                ],
            ),
        ),
    ]
}

#[test]
fn none_is_told() {
    let mut wrong = Vec::new();
    for (name, (framed, said)) in conversations() {
        for (variant, wire) in variants(framed, &said) {
            wrong.extend(told(&wire).map(|said| format!("{name}, {variant}: {said}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A question and its answer are one act: a script that asks a node for a template or for work once proves nothing.
#[test]
fn one_call_is_no_proof() {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let template = format!(
        r#"{{"result":{{"capabilities":["proposal"],"previousblockhash":"{hash}","transactions":[],"coinbasevalue":312500000,"bits":"17034219","height":900000}},"error":null,"id":1}}"#
    );
    let work =
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":["0x{hash}","0x{hash}","0x000000{}"]}}"#, &hash[6..]);
    let calls = [
        (r#"{"id":1,"method":"getblocktemplate","params":[{"rules":["segwit"]}]}"#, template),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_getWork","params":[]}"#, work),
    ];
    for (call, answer) in calls {
        let (_, said) = tcp(&[(0, &post("/", "fees/1", call)), (1, &ok(&answer))]);
        assert!(told(&said).is_some_and(|said| said.starts_with("Strong")), "{call}");
        // Not even work was to be had.
        let (_, said) = tcp(&[
            (0, &post("/", "fees/1", call)),
            (1, &ok(r#"{"id":1,"result":null,"error":{"code":-32601}}"#)),
        ]);
        assert_eq!(told(&said), None, "{call}");
    }
}
