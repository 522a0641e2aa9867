//! Kaspa, Ergo, Alephium, Conflux, CKB, Handshake and Nexa: forms that the vectors do not hold, kin that look alike, and
//! that nobody else's vector is taken for one of them. Their own vectors are in `vectors.rs`.

use geophone::detect::Dialect;
use geophone::detect::session::Session;
use geophone::flow::Way;
use geophone::packet::Time;
use geophone::stratum::{self, Body, Line, Login, Message, Read, Role, Share, Strength};
use geophone::wire::line::{self, Framer};
use serde_json::Value;

const OURS: [Dialect; 7] = [
    Dialect::Alephium,
    Dialect::Ckb,
    Dialect::Conflux,
    Dialect::Ergo,
    Dialect::Handshake,
    Dialect::Kaspa,
    Dialect::Nexa,
];

const HASH: &str = "43b8ce5ccbf926fc5c62000a1e4c460c7f8df170b5f4734a61ae2d55edf13e6e";
const BIG: &str = "89f08d3ffc4aeeb3597c36d3f058fe4f693f2ee89bdeacbf30e31da83355ed9d2fd98fd1f4cf0856";
const KASPA: &str = "kaspa:q9qq6u46td07hfelf4ddpyr3z7jarg682pw603cejvgk94aqlctanm5t6249j";

/// Reads one line, whose words `HASH`, `BIG` and `KASPA` stand for what they name.
fn read<T>(line: &str, see: impl FnOnce(Option<Message<'_>>) -> T) -> T {
    let line = line.replace("HASH", HASH).replace("BIG", BIG).replace("KASPA", KASPA);
    match stratum::read(&Line::read(line.as_bytes())) {
        Read::Message(m) => see(Some(m)),
        Read::Reply(_) | Read::Nothing => see(None),
    }
}

/// The dialect that a line alone is sure of.
fn sure(line: &str) -> Option<Dialect> {
    read(line, |m| m.filter(|m| m.decisive).map(|m| m.dialect))
}

#[test]
fn other_forms_are_known() {
    use Dialect::*;
    let cases = [
        // miningcore's job of four, and the bridges' with a time behind the big form.
        (Kaspa, r#"{"method":"mining.notify","params":["1","BIG",[1,2,3,4],1717000000123]}"#),
        (Kaspa, r#"{"id":13,"method":"mining.notify","params":["13","BIG",1717000000123]}"#),
        (Kaspa, r#"{"method":"mining.notify","params":[7,[18446744073709551615,2,3,4],1]}"#),
        // A decimal nonce behind an address, a 0x nonce behind any name.
        (Kaspa, r#"{"id":1,"method":"mining.submit","params":["KASPA.x","12","1234567890123456789"]}"#),
        (Kaspa, r#"{"id":1,"method":"mining.submit","params":["acct.x","12","0x0011223344556677"]}"#),
        (Kaspa, r#"{"method":"set_extranonce","params":["fb"]}"#),
        // A time in the share, as Bitcoin's programs write it, and none at all.
        (
            Ergo,
            r#"{"id":1,"method":"mining.submit","params":["w","8a","a1b2c3d4e5f6","66a1b2c3","0029A1B2C3D4E5F6"]}"#,
        ),
        (
            Ergo,
            r#"{"id":1,"method":"mining.submit","params":["w","8a","a1b2c3d4e5f6","","0029a1b2c3d4e5f6"]}"#,
        ),
        (Ergo, r#"{"method":"mining.notify","params":["8a",1278901,"HASH","","",3,"5","",true]}"#),
        // A job without a target; two chains in one push.
        (
            Alephium,
            r#"{"method":"mining.notify","params":[{"jobId":"1","fromGroup":0,"toGroup":3,"headerBlob":"00","txsBlob":""},{"jobId":"2","fromGroup":1,"toGroup":3,"headerBlob":"00","txsBlob":""}]}"#,
        ),
        (Alephium, r#"{"id":1,"method":"mining.hello","params":["bzminer"]}"#),
        (Alephium, r#"{"id":1,"method":"alph_submitHashrate","params":["0x10","rig"]}"#),
        (Alephium, r#"{"id":1,"method":"connection.set_gzip","params":[false]}"#),
        (Conflux, r#"{"method":"mining.notify","params":["0xHASH","0xHASH","0xHASH"]}"#),
        (Conflux, r#"{"method":"mining.submit","params":["r","0xHASH","0x1","0xHASH"]}"#),
        (Ckb, r#"{"method":"mining.submit","params":["acct.r","17f3","86d74ba3563cc0e684107ea1"]}"#),
        (
            Ckb,
            r#"{"method":"mining.submit","params":["ckb1q6mqrp7zj0pgy3x5hlwgrn7234f87le7sazmmd9dh8tc8yuh6a6fly2lx08phmh20lly4gc2w6e9xjduzh4yux03v6w5.k5","1","86d74ba3563cc0e6"]}"#,
        ),
        // miningcore's merkle root instead of branches, and a mask.
        (
            Handshake,
            r#"{"method":"mining.notify","params":["1b","HASH","HASH","HASH","HASH","HASH","00000000","1901a2b3","66a1b2c3","HASH"]}"#,
        ),
        (
            Handshake,
            r#"{"id":9,"method":"mining.submit","params":["acct.r","1b","00000001","66a1b2c3","0a1b2c3d","HASH"]}"#,
        ),
        (Nexa, r#"{"method":"mining.notify","params":["2a","HASH",400000,"1a0ffff0"]}"#),
        (Nexa, r#"{"method":"mining.notify","params":["2a","HASH",400000,437321712]}"#),
    ];
    for (dialect, line) in cases {
        assert_eq!(sure(line), Some(dialect), "{line}");
    }
}

#[test]
fn look_alikes_are_not_claimed() {
    let lines = [
        // A share of three with a bare nonce: NiceHash's Ethash, Xelis.
        r#"{"id":1,"method":"mining.submit","params":["acct.r","bf04","16a4d3fe1c4a"]}"#,
        r#"{"id":1,"method":"mining.submit","params":["acct.r","9f","00aa11bb22cc33dd"]}"#,
        r#"{"id":1,"method":"mining.submit","params":["0x19c5639646cceb08a28035cca80b072a7cd02796","9f","0x00aa11bb22cc33dd"]}"#,
        // Bitcoin's share, and one with a nonce of eight bytes that repeats nothing.
        r#"{"id":1,"method":"mining.submit","params":["acct.r","5f","0a000000","66a1b2c3","1c2f00a7"]}"#,
        r#"{"id":1,"method":"mining.submit","params":["acct.r","5f","0a000000","66a1b2c3","1c2f00a71c2f00a7"]}"#,
        r#"{"id":1,"method":"mining.submit","params":["acct.r","5f","0a000000","66a1b2c3","1c2f00a7","00006000"]}"#,
        // Cashaddr of other coins, and a prefix without an address.
        r#"{"id":1,"method":"mining.authorize","params":["bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a.r","x"]}"#,
        r#"{"id":1,"method":"mining.authorize","params":["kaspa:me","x"]}"#,
        r#"{"id":1,"method":"mining.subscribe","params":["cfx-miner","x"]}"#,
        // Jobs: three words, five words, 78 digits, b in hexadecimal, five members of which the last is no boolean.
        r#"{"method":"mining.notify","params":["1",[1,2,3],4]}"#,
        r#"{"method":"mining.notify","params":["1",[1,2,3,4,5],4]}"#,
        r#"{"method":"mining.notify","params":["1",["1","2","3","4"],4]}"#,
        r#"{"method":"mining.notify","params":["8a",1278901,"HASH","","","00000003","38af","",true]}"#,
        r#"{"method":"mining.notify","params":["1","HASH",12,"HASH","x"]}"#,
        r#"{"method":"mining.notify","params":["1","HASH",12,"x"]}"#,
        r#"{"method":"mining.notify","params":["1","HASH",[],"HASH","HASH","00000000","1901a2b3","66a1b2c3"]}"#,
        r#"{"method":"mining.notify","params":[{"jobId":"1","fromGroup":0,"toGroup":4,"headerBlob":"00"}]}"#,
        r#"{"method":"mining.notify","params":[{"title":"iron"}]}"#,
        // Zano's job, Ethash's, EIP-1571's, Aeternity's, Xelis's.
        r#"{"method":"mining.notify","params":["0xHASH","0xHASH","0xHASH",12345]}"#,
        r#"{"method":"mining.notify","params":["a1","0xHASH","0xHASH","0xHASH",true]}"#,
        r#"{"method":"mining.notify","params":["bf0488aa","6526d5","HASH","1"]}"#,
        r#"{"method":"mining.notify","params":["d70fd222",5,"HASH",true]}"#,
        r#"{"method":"mining.notify","params":["9f","0000019050aa11ee","HASH","xel/v2",true]}"#,
        // The everyday verb, and words that are no extranonce.
        r#"{"method":"mining.set_extranonce","params":["fbba",6]}"#,
        r#"{"method":"set_extranonce","params":["high",6]}"#,
        r#"{"id":1,"method":"mining.hello","params":{"agent":"x","proto":"EthereumStratum/2.0.0"}}"#,
        r#"{"id":1,"method":"connection.set_gzip","params":{"on":true}}"#,
        r#"{"id":1,"result":[false,"EthereumStratum/1.0.0"]}"#,
        r#"{"id":1,"result":[true,"EthereumStratum/1.0.0",1]}"#,
        r#"{"id":1,"result":[["mining.notify","1","EthereumStratum/1.0.0"],"080c"]}"#,
    ];
    for line in lines {
        let claimed = read(line, |m| m.map(|m| m.dialect)).filter(|d| OURS.contains(d));
        assert_eq!(claimed, None, "{line}");
    }
}

#[test]
fn nobody_elses_vector_is_claimed() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.jsonl"))
        .expect("the file");
    let (mut ours, mut others) = (0, 0);
    for v in file.lines().map(|l| serde_json::from_str::<Value>(l).expect("a JSON line")) {
        let word = v["dialect"].as_str().expect("dialect");
        let own = Dialect::from_name(word).filter(|d| OURS.contains(d));
        let role = if v["direction"] == "client" { Role::Miner } else { Role::Pool };
        let bytes = v["message"].as_str().expect("message").as_bytes();
        Framer::default().feed(bytes, 64 << 10, |m| {
            let line::Message::Object(object) = m else { return };
            let Read::Message(m) = stratum::read(&Line::read(object)) else { return };
            if !OURS.contains(&m.dialect) {
                others += 1;
                return;
            }
            assert_eq!(Some(m.dialect), own, "vector {} ({word}): {m:?}", v["n"]);
            assert!(m.decisive && m.role == Some(role), "vector {}: {m:?}", v["n"]);
            assert_eq!(
                m.strength == Strength::Unique,
                v["expect"]["strength"] == "unique",
                "vector {}",
                v["n"]
            );
            ours += 1;
        });
    }
    // All but what their kin send too: subscribe, authorize, set_difficulty, Ergo's reply.
    assert_eq!(ours, 19);
    assert!(others > 100, "only {others}: the file is not what it was");
}

#[test]
fn jobs_say_what_a_share_costs() {
    let zeros = "0".repeat(49);
    let cases = [
        // 2^256 / 10^70, 16 x 2^256 / 2^216, 2^256 / 2^224.
        (
            format!(
                r#"{{"method":"mining.notify","params":["8a",1,"HASH","","","00000003","1{}","",true]}}"#,
                "0".repeat(70)
            ),
            Some(11_579_208.923_7),
        ),
        (
            format!(
                r#"{{"method":"mining.notify","params":[{{"jobId":"1","fromGroup":0,"toGroup":3,"headerBlob":"00","targetBlob":"01{zeros}00000"}}]}}"#
            ),
            Some(2f64.powi(44)),
        ),
        (
            format!(
                r#"{{"method":"mining.notify","params":["0xHASH","12","0xHASH","0x00000001{zeros}0000000"]}}"#
            ),
            Some(2f64.powi(32)),
        ),
        // The node's own job: the target is the block's.
        (
            format!(
                r#"{{"method":"mining.notify","params":[{{"jobId":"1","fromGroup":0,"toGroup":3,"headerBlob":"00","txsBlob":"0100","targetBlob":"01{zeros}00000"}}]}}"#
            ),
            None,
        ),
        // No share target: none in the job, or one of zero.
        (
            r#"{"method":"mining.notify","params":["8a",1,"HASH","","","00000003","0","",true]}"#.to_owned(),
            None,
        ),
        (r#"{"method":"mining.notify","params":["1",[1,2,3,4],4]}"#.to_owned(), None),
    ];
    for (line, expect) in cases {
        read(&line, |m| {
            let m = m.expect("a message");
            assert!(m.decisive, "{line}");
            let Body::Job(job) = m.body else { panic!("{line}: no job") };
            match (job.hashes, expect) {
                (Some(got), Some(expect)) => assert!((got / expect - 1.0).abs() < 1e-5, "{line}: {got}"),
                (got, expect) => assert_eq!(got, expect, "{line}"),
            }
        });
    }
}

#[test]
fn jobs_name_the_algorithm_where_one_coin_has_the_shape() {
    let cases = [
        (
            r#"{"method":"mining.notify","params":["8a",1,"HASH","","","00000003","5","",true]}"#,
            Some("autolykos2"),
        ),
        (r#"{"method":"mining.notify","params":["0xHASH","12","0xHASH","0xHASH"]}"#, Some("octopus")),
        (r#"{"method":"mining.notify","params":["1","HASH",12,"HASH",true]}"#, Some("eaglesong")),
        (r#"{"method":"mining.notify","params":["1","BIG"]}"#, None),
    ];
    for (line, expect) in cases {
        read(line, |m| match m.expect("a message").body {
            Body::Job(job) => assert_eq!(job.algorithm.as_deref(), expect, "{line}"),
            other => panic!("{line}: {other:?}"),
        });
    }
}

#[test]
fn an_address_names_the_coin() {
    let karlsen = KASPA.replace("kaspa:", "karlsen:");
    let login = |user: &str| format!(r#"{{"id":1,"method":"mining.authorize","params":["{user}.r","x"]}}"#);
    let share =
        |user: &str| format!(r#"{{"id":1,"method":"mining.submit","params":["{user}.r","1","0x1"]}}"#);
    for (user, ticker, work) in [(KASPA, "KAS", Some("kheavyhash")), (&*karlsen, "KLS", None)] {
        read(&login(user), |m| match m.expect("a login").body {
            Body::Authorize(Login { coin, .. }) => assert_eq!(coin.as_deref(), Some(ticker)),
            other => panic!("{other:?}"),
        });
        read(&share(user), |m| match m.expect("a share").body {
            Body::Submit(Share { algorithm, .. }) => assert_eq!(algorithm.as_deref(), work),
            other => panic!("{other:?}"),
        });
    }
}

/// A rig's name is no payee.
#[test]
fn a_conflux_share_names_its_worker() {
    let share =
        |name: &str| format!(r#"{{"method":"mining.submit","params":["{name}","0xHASH","0x1","0xHASH"]}}"#);
    for (name, user, worker) in [("rig1", None, Some("rig1")), ("acct.rig1", Some("acct.rig1"), None)] {
        read(&share(name), |m| match m.expect("a share").body {
            Body::Submit(Share { user: u, worker: w, .. }) => {
                assert_eq!((u.as_deref(), w.as_deref()), (user, worker));
            }
            other => panic!("{other:?}"),
        });
    }
}

#[test]
fn a_rate_is_told() {
    read(r#"{"id":1,"method":"alph_submitHashrate","params":["0x0010","rig"]}"#, |m| {
        assert!(matches!(m.expect("a message").body, Body::Hashrate(rate) if rate == 16.0));
    });
}

/// The official Alephium pool answers shares by a verb.
#[test]
fn a_share_is_answered_by_a_verb() {
    let share = r#"{"id":5,"method":"mining.submit","params":{"jobId":"e4","fromGroup":0,"toGroup":3,"nonce":"9d3a","worker":"acct.a1"}}"#;
    let answer = |yes: bool, error: &str| {
        format!(r#"{{"id":5,"method":"mining.submit_result","result":{yes},"error":{error}}}"#)
    };
    let mut session = Session::new(Time(0));
    for said in [answer(true, "null"), answer(false, r#"[20,"low",null]"#)] {
        session.line(Way::Up, &Line::read(share.as_bytes()), Time(1));
        session.line(Way::Down, &Line::read(said.as_bytes()), Time(2));
    }
    let shares = session.live().shares();
    assert_eq!((shares.submitted, shares.accepted, shares.rejected), (2, 1, 1));
    assert_eq!(session.dialect(), Dialect::Alephium);
    assert_eq!(sure(r#"{"id":5,"method":"mining.submit_result","params":[]}"#), None);
}
