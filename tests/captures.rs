//! Real miners, real pools and real look-alikes, against what is known to be on the wire (tests/captures/truth.jsonl):
//! whole, each direction alone, and cut at ten points; and every event line against the schema.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use etherparse::PacketBuilder;
use geophone::capture;
use geophone::config::{Config, load_rules};
use geophone::detect::{Event, NameSource, Phase, SessionRecord, Signal};
use geophone::eve::Renderer;
use geophone::packet::{Endpoint, Frame, LinkType, Time, decode};
use geophone::privacy::Privacy;
use geophone::rules::RuleSet;
use geophone::sensor::{Sensor, Settings};
use serde_json::Value;

/// A captured frame, kept.
struct Kept {
    time: Time,
    link: LinkType,
    wire_len: u32,
    data: Vec<u8>,
}

impl Kept {
    fn lend(&self) -> Frame<'_> {
        Frame { time: self.time, link: self.link, wire_len: self.wire_len, data: &self.data }
    }

    fn ends(&self) -> Option<(Endpoint, Endpoint)> {
        decode(&self.lend()).ok().map(|p| (p.src, p.dst))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

fn frames(name: &str) -> Vec<Kept> {
    let mut file = capture::File::open(&folder().join(name), None).expect("a capture");
    let mut kept = Vec::new();
    let read = file.for_each(None, |f| {
        kept.push(Kept { time: f.time, link: f.link, wire_len: f.wire_len, data: f.data.to_vec() });
    });
    read.expect("whole frames");
    kept
}

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load_rules(&Config::default()).expect("built-in rules"))))
}

fn play<'a>(frames: impl Iterator<Item = &'a Kept>) -> Vec<Event> {
    let mut sensor = Sensor::new(Settings::default(), rules(), 0);
    let mut events = Vec::new();
    for frame in frames {
        sensor.frame(&frame.lend(), &mut events);
    }
    sensor.finish(&mut events);
    assert_eq!((sensor.stats().panics, sensor.stats().stream_bytes), (0, 0));
    events
}

fn truth() -> BTreeMap<String, Vec<Value>> {
    let text = std::fs::read_to_string(folder().join("truth.jsonl")).expect("truth.jsonl");
    let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let v: Value = serde_json::from_str(line).expect("a JSON line");
        by_file.entry(v["file"].as_str().expect("file").to_owned()).or_default().push(v);
    }
    by_file
}

fn endpoint(text: &Value) -> Endpoint {
    let (host, port) = text.as_str().and_then(|t| t.rsplit_once(':')).expect("host:port");
    let addr = host.trim_matches(['[', ']']).parse().expect("an address");
    Endpoint { addr, port: port.parse().expect("a port") }
}

fn record(events: &[Event], client: Endpoint, server: Endpoint) -> Option<&SessionRecord> {
    events.iter().find_map(|e| match e {
        Event::Session(r) if r.phase == Phase::Final => {
            let ends = [(client, server), (server, client)];
            ends.contains(&(r.flow.client, r.flow.server)).then_some(&**r)
        }
        Event::Session(_) | Event::Alert(_) => None,
    })
}

/// The dialect words that are right for a truth line's.
fn words(file: &str, dialect: &str) -> &'static [&'static str] {
    match dialect {
        "cryptonote" => &["cryptonote"],
        "coinhive" => &["coinhive"],
        "deepminer" => &["deepminer"],
        "duino" => &["duino"],
        "ethproxy" => &["ethproxy"],
        "ethstratum" => &["ethereumstratum1"],
        "stratum-v1" if file.starts_with("zec-") => &["equihash"],
        "gbt-http" => &["getblocktemplate"],
        "getwork-http" => &["getwork"],
        "kaspa" => &["kaspa"],
        "stratum-v1" => &["bitcoin"],
        "webminerpool" => &["webminerpool"],
        other => panic!("{file}: unknown dialect {other}"),
    }
}

#[test]
fn every_session_is_found_with_all_it_says() {
    let mut sessions = 0;
    for (file, rows) in truth() {
        let frames = frames(&file);
        let events = play(frames.iter());
        for row in rows {
            let (client, server) = (endpoint(&row["client"]), endpoint(&row["server"]));
            let found = record(&events, client, server).unwrap_or_else(|| panic!("{file} {client} missed"));
            sessions += 1;
            assert_eq!(found.flow.client, client, "{file}: the wrong side mines");
            let m = &found.mining;
            let dialect = row["dialect"].as_str().expect("dialect");
            assert!(words(&file, dialect).contains(&m.dialect.name()), "{file}: {:?}", m.dialect);
            let s = m.shares;
            for (key, n) in [("submits", s.submitted), ("accepted", s.accepted), ("rejected", s.rejected)] {
                if let Some(on_wire) = row[key].as_u64() {
                    assert_eq!(n, on_wire, "{file} {client}: {key}");
                }
            }
            if let Some(user) = row["users"][0].as_str().filter(|u| !u.is_empty()) {
                let payee = m.payee.as_deref().unwrap_or_default();
                let whole = match &m.worker {
                    Some(worker) => {
                        [format!("{payee}.{worker}"), format!("{payee}/{worker}"), payee.to_owned()]
                    }
                    None => [payee.to_owned(), payee.to_owned(), payee.to_owned()],
                };
                assert!(whole.iter().any(|w| w == user), "{file} {client}: {whole:?}, not {user}");
            }
            if let Some(site) = row["site"].as_str() {
                assert!(m.site.as_deref().is_some_and(|s| s.contains(site)), "{file}: site {:?}", m.site);
            }
            assert_eq!(m.route.via.map(|v| v.name()), row["via"].as_str(), "{file}: via");
            if let Some(to) = row["destination"].as_str() {
                let named =
                    m.server_name.as_ref().zip(m.server_port).map(|(host, port)| format!("{host}:{port}"));
                assert_eq!(named.as_deref(), Some(to), "{file}: what the proxy was asked for");
            }
            if let Some(agent) = row["agent"].as_str().filter(|a| !a.is_empty()) {
                assert_eq!(m.agent.as_deref(), Some(agent), "{file} {client}: agent");
            }
        }
    }
    assert!(sessions >= 38, "only {sessions} sessions: truth.jsonl is not what it was");
}

#[test]
fn look_alikes_say_nothing() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).expect("the folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        if name.starts_with("neg-") {
            seen += 1;
            let events = play(frames(&name).iter());
            assert!(events.is_empty(), "{name}: {events:#?}");
        }
    }
    assert!(seen >= 14, "only {seen} look-alikes");
}

/// Whether a segment alone proves mining: what must be found once it is seen, by a rule as plain as can be.
fn is_distinctive(payload: &[u8]) -> bool {
    // A frame of a server, which is not masked, and lines of Duino-Coin.
    let payload = match payload {
        [0x81, 0..126, frame @ ..] => frame,
        [0x81, 126, _, _, frame @ ..] => frame,
        _ if payload.starts_with(b"JOB,") => return true,
        _ => payload,
    };
    const SIGNS: [&str; 9] = [
        "\"mining.notify\"",
        "\"mining.submit\"",
        "\"mining.set_difficulty\"",
        "\"mining.authorize\"",
        "\"blob\"",
        "\"nonce\"",
        "\"eth_submitWork\"",
        "\"algo\"",
        "\"eth_submitLogin\"",
    ];
    let text = String::from_utf8_lossy(payload);
    text.starts_with('{') && text.trim_end().ends_with('}') && SIGNS.iter().any(|s| text.contains(s))
}

/// Cuts each capture at ten points and looks at both directions and at each alone.
#[test]
fn found_at_the_next_distinctive_message() {
    let mut looked = 0;
    for (file, rows) in truth() {
        let frames = frames(&file);
        let places: Vec<_> = frames.iter().map(Kept::ends).collect();
        for row in rows {
            let (client, server) = (endpoint(&row["client"]), endpoint(&row["server"]));
            for n in 0..10 {
                // Anywhere, and the same in each run.
                let from = (n * 7919 + file.len() * 104_729 + usize::from(client.port)) % frames.len();
                for ways in
                    [&[(client, server), (server, client)][..], &[(client, server)], &[(server, client)]]
                {
                    let mine = |i: &usize| places[*i].is_some_and(|ends| ways.contains(&ends));
                    let rest: Vec<usize> = (from..frames.len()).filter(mine).collect();
                    let payload = |i: &usize| decode(&frames[*i].lend()).map_or(&[][..], |p| p.payload);
                    if !rest.iter().any(|i| is_distinctive(payload(i))) {
                        continue;
                    }
                    looked += 1;
                    let events = play(rest.iter().map(|i| &frames[*i]));
                    let found = record(&events, client, server);
                    let found =
                        found.unwrap_or_else(|| panic!("{file} {client} from {from}, {ways:?}: missed"));
                    assert_eq!(
                        found.flow.client, client,
                        "{file} from {from}, {ways:?}: the wrong side mines"
                    );
                }
            }
        }
    }
    assert!(looked > 400, "only {looked} cuts");
}

#[test]
fn every_line_fits_the_schema() {
    let schema = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/eve.schema.json"));
    let schema: Value = serde_json::from_str(&schema.expect("the schema")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let renderer = Renderer::new(Privacy::default());
    let mut lines = 0;
    for file in truth().keys() {
        for event in play(frames(file).iter()) {
            let mut line = Vec::new();
            renderer.event("eth0", &event, &mut line);
            let value: Value = serde_json::from_slice(&line).expect("a JSON line");
            if let Err(fault) = schema.validate(&value) {
                panic!("{file}: {fault} in {value}");
            }
            lines += 1;
        }
    }
    assert!(lines > 100, "only {lines} lines");
}

/// The same conversation in other segments of 40 bytes and more, the first of each sent twice. (An HTTP head is known by
/// its method; lines are cut at any byte in tests/sensor.rs.)
fn cut_again(frames: &[Kept], step: usize) -> Vec<Kept> {
    let mut out = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let Ok(packet) = decode(&frame.lend()) else { continue };
        let (IpAddr::V4(src), IpAddr::V4(dst)) = (packet.src.addr, packet.dst.addr) else { continue };
        let mut seq = packet.tcp.seq.wrapping_add(u32::from(packet.tcp.syn));
        let parts: Vec<&[u8]> =
            packet.payload.chunks(40 + (n * 7919 + step) % packet.payload.len().max(step)).collect();
        for (i, part) in parts.iter().enumerate() {
            let ends = PacketBuilder::ipv4(src.octets(), dst.octets(), 9);
            let tcp = ends.tcp(packet.src.port, packet.dst.port, seq, 9).ack(1);
            let mut data = Vec::new();
            tcp.write(&mut data, part).expect("a packet");
            let kept = || Kept {
                time: frame.time,
                link: LinkType::RawIp,
                wire_len: data.len() as u32,
                data: data.clone(),
            };
            out.push(kept());
            if i == 0 {
                out.push(kept());
            }
            seq = seq.wrapping_add(part.len() as u32);
        }
    }
    out
}

/// WebSockets, HTTP calls and lines: how the wire cut them changes nothing that the account says.
#[test]
fn any_cut_gives_the_same_account() {
    let mut compared = 0;
    for (file, rows) in truth() {
        let frames = frames(&file);
        let whole = play(frames.iter());
        for step in [1, 37, 300] {
            let again = play(cut_again(&frames, step).iter());
            for row in &rows {
                let (client, server) = (endpoint(&row["client"]), endpoint(&row["server"]));
                if client.addr.is_ipv6() {
                    continue;
                }
                let said = |events| {
                    record(events, client, server).map(|r| {
                        let m = &r.mining;
                        (
                            m.dialect,
                            m.transport,
                            m.payee.clone(),
                            m.worker.clone(),
                            m.agent.clone(),
                            m.jobs,
                            m.shares,
                            m.site.clone(),
                        )
                    })
                };
                assert_eq!(said(&again), said(&whole), "{file} {client} cut by {step}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "only {compared} sessions compared");
}

/// The same frames give the same lines, whatever the process's random seeds are.
#[test]
fn a_replay_is_exact() {
    let renderer = Renderer::new(Privacy::default());
    for file in truth().keys() {
        let frames = frames(file);
        let text = || {
            let mut out = Vec::new();
            play(frames.iter()).iter().for_each(|e| renderer.event("", e, &mut out));
            out
        };
        assert_eq!(text(), text(), "{file}");
    }
}

/// XMRig asks for its pool, then mines there: the lookup is told, and the session knows the pool by it.
#[test]
fn a_session_is_named_by_the_lookup_before_it() {
    let events = play(frames("xmrig-dns.pcap").iter());
    let lookups: Vec<&str> = events
        .iter()
        .filter_map(|e| match e {
            Event::Alert(a) if a.signal == Signal::PoolLookup => a.mining.server_name.as_deref(),
            Event::Alert(_) | Event::Session(_) => None,
        })
        .collect();
    assert_eq!(lookups, ["pool.supportxmr.com"]);
    let Some(Event::Session(last)) = events.last() else { panic!("{events:?}") };
    assert_eq!(last.mining.server_name.as_deref(), Some("pool.supportxmr.com"));
    assert_eq!(last.mining.named_by, Some(NameSource::Dns));
    assert_eq!(last.mining.pool.as_deref(), Some("SupportXMR"));
}
