//! What the lines say, to the byte.

use super::super::{Renderer, sample};
use super::*;
use crate::detect::Event;
use crate::privacy::{Clients, Payees, Pseudonyms, Secret, Subnets};
use crate::subscribers::Subscribers;

fn line(event: &Event) -> String {
    let mut out = Vec::new();
    Renderer::default().event("eth0", event, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn an_alert_with_everything_known() {
    let expected = concat!(
        r#"{"timestamp":"2023-11-14T22:13:20.123456+0000","event_type":"alert","flow_id":7,"#,
        r#""community_id":"@","in_iface":"eth0","vlan":[10,20],"proto":"TCP","#,
        r#""src_ip":"10.0.0.7","src_port":50000,"dest_ip":"203.0.113.9","dest_port":3333,"app_proto":"stratum","#,
        r#""alert":{"action":"allowed","gid":1,"signature_id":1001,"rev":2,"signature":"Stratum: Bitcoin","#,
        r#""category":"Cryptocurrency mining","severity":1},"#,
        r#""mining":{"signal":"stratum_message","certainty":"proven","dialect":"bitcoin","transport":"tcp","#,
        r#""reason":"The client sent mining.submit.","client_role_proven":true,"pool":"Example Pool","#,
        r#""server_name":"eu.pool.example","server_port":3333,"name_source":"message","category":"pool","legacy":true,"#,
        r#""ja4":"t13d1516h2_8daaf6152771_e5627efa2ab1","alpn":"h2,http/1.1","via":"socks5","forwarded_for":"198.51.100.7:40000","#,
        r#""host":"relay.example","path":"/proxy","site":"https://films.example","payee":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT","#,
        r#""worker":"rig \"1\"\n","agent":"cgminer/4.10.0","coin":"BTC","algorithm":"sha256d","throttle":0.25,"jobs":3,"#,
        r#""shares":{"submitted":5,"accepted":4,"rejected":1},"difficulty":65536.0,"hashrate":1500000000000.0,"#,
        r#""midstream":true,"incomplete":true,"started":"2023-11-14T22:13:20.000000+0000","#,
        r#""last_seen":"2023-11-14T22:13:20.000001+0000"}}"#,
        "\n"
    );
    let id = community_id(&sample::flow());
    assert_eq!(line(&sample::alert(sample::full())), expected.replace('@', &id));
}

#[test]
fn what_is_not_known_is_absent() {
    let alert = line(&sample::alert(sample::bare()));
    for field in ["pool", "payee", "jobs", "shares", "difficulty", "hashrate", "final", "null"] {
        assert!(!alert.contains(field), "{field} in {alert}");
    }
    let session = line(&sample::session(Phase::Confirmed, sample::bare()));
    assert!(
        session.contains(r#""jobs":0,"shares":{"submitted":0,"accepted":0,"rejected":0},"midstream":false"#)
    );
    let empty = Mining { payee: Some(String::new()), worker: Some(String::new()), ..sample::bare() };
    assert_eq!(line(&sample::session(Phase::Confirmed, empty)), session);
}

#[test]
fn only_the_last_record_is_final() {
    for (phase, last) in [(Phase::Confirmed, false), (Phase::Interval, false), (Phase::Final, true)] {
        let text = line(&sample::session(phase, sample::bare()));
        assert!(text.ends_with(&format!("\"final\":{last}}}}}\n")), "{text}");
    }
}

#[test]
fn amounts_are_finite_and_not_negative() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        let mining = Mining { difficulty: Some(bad), hashrate: Some(bad), ..sample::bare() };
        let text = line(&sample::session(Phase::Final, mining));
        assert!(!text.contains("difficulty") && !text.contains("hashrate"), "{text}");
    }
    let mining = Mining { difficulty: Some(f64::MAX), hashrate: Some(0.0), ..sample::bare() };
    let text = line(&sample::session(Phase::Final, mining));
    assert!(text.contains(r#""difficulty":1.7976931348623157e+308,"hashrate":0.0"#), "{text}");
}

#[test]
fn privacy_reaches_every_text_of_the_miner() {
    let payee = sample::full().payee.unwrap();
    let mut event = sample::alert(Mining {
        worker: Some(format!("{payee}.rig")),
        agent: Some(format!("miner {payee} alice@example.org")),
        ..sample::full()
    });
    if let Event::Alert(alert) = &mut event {
        alert.reason = format!("mining.authorize named {payee}");
    }
    let mut out = Vec::new();
    Renderer::new(Privacy { payees: Payees::Hash, ..Privacy::default() }).event("eth0", &event, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains(&payee) && !text.contains("alice"), "{text}");
    assert_eq!(text.matches("sha1:").count(), 4, "{text}");
}

fn shown(privacy: Privacy, event: &Event) -> serde_json::Value {
    let mut out = Vec::new();
    Renderer::new(privacy).event("eth0", event, &mut out);
    serde_json::from_slice(&out).unwrap()
}

fn pseudonym() -> Privacy {
    let key = b"0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301";
    let clients = Clients::Pseudonym(Pseudonyms::new(Secret::read(key).unwrap()));
    Privacy { clients, ..Privacy::default() }
}

/// An alert whose texts all speak of the client.
fn telling() -> Event {
    let mut event = sample::alert(Mining {
        worker: Some("rig-10-0-0-7".into()),
        agent: Some("x/0A000007".into()),
        payee: Some("10.0.0.7".into()),
        site: Some("http://10.0.0.7:8080".into()),
        ..sample::full()
    });
    if let Event::Alert(alert) = &mut event {
        alert.reason = "10.0.0.7:50000 sent mining.submit to 203.0.113.9:3333".into();
    }
    event
}

#[test]
fn a_pseudonym_stands_wherever_the_client_would() {
    let event = shown(pseudonym(), &telling());
    let Clients::Pseudonym(pseudonyms) = pseudonym().clients else { unreachable!() };
    let client = pseudonyms.of([10, 0, 0, 7].into()).to_string();
    let mining = &event["mining"];
    assert_eq!((&event["src_ip"], &event["dest_ip"]), (&client.as_str().into(), &"203.0.113.9".into()));
    assert_eq!(event["src_port"], 50_000);
    assert!(event["flow_id"] != 7 && event["community_id"].is_null() && event["src_net"].is_null());
    assert_eq!(mining["worker"], format!("rig-{client}"));
    assert_eq!(mining["agent"], format!("x/{client}"));
    assert_eq!(mining["payee"], client);
    assert_eq!(mining["site"], format!("http://{client}:8080"));
    assert_eq!(mining["reason"], format!("{client}:50000 sent mining.submit to 203.0.113.9:3333"));
    let before = pseudonyms.of([198, 51, 100, 7].into());
    assert_eq!(mining["forwarded_for"], format!("{before}:40000"));
    let again = shown(pseudonym(), &sample::session(Phase::Final, sample::bare()));
    assert_eq!(again["flow_id"], event["flow_id"], "all events of a flow have one number");
}

/// Who logs in by an address is not found by hashing all addresses.
#[test]
fn no_hash_of_an_address_leaves() {
    let privacy = Privacy { payees: Payees::Hash, ..pseudonym() };
    let Clients::Pseudonym(pseudonyms) = &privacy.clients else { unreachable!() };
    let client = pseudonyms.of([10, 0, 0, 7].into()).to_string();
    let mining = Mining { worker: Some("10.0.0.7".into()), payee: Some("10.0.0.7".into()), ..sample::full() };
    let event = shown(privacy.clone(), &sample::session(Phase::Final, mining));
    assert_ne!(event["mining"]["payee"], *privacy.payee("10.0.0.7"), "{event}");
    assert_eq!(event["mining"]["payee"], *privacy.payee(&client));
    assert_eq!(event["mining"]["worker"], event["mining"]["payee"]);
}

/// A proxy at home is as good as its owner's name, also where a text spells it otherwise.
#[test]
fn a_server_in_a_private_network_is_hidden_in_texts() {
    let route = crate::detect::Route { host: Some("proxy-192-168-7-9.home".into()), ..Default::default() };
    let mining = Mining { route, agent: Some("for c0a80709".into()), ..sample::bare() };
    let mut event = sample::session(Phase::Final, mining);
    let Event::Session(record) = &mut event else { unreachable!() };
    record.flow.server.addr = [192, 168, 7, 9].into();
    let said = shown(pseudonym(), &event).to_string();
    assert!(
        !said.contains("192-168-7-9") && !said.contains("c0a80709") && !said.contains("192.168."),
        "{said}"
    );
}

#[test]
fn both_ends_are_hidden_where_either_may_be_the_client() {
    let mining = Mining { client_role_proven: false, ..sample::bare() };
    let event = shown(pseudonym(), &sample::session(Phase::Confirmed, mining));
    assert!(event["dest_ip"] != "203.0.113.9" && event["src_ip"] != "10.0.0.7", "{event}");
}

#[test]
fn a_network_stands_wherever_the_client_would() {
    let privacy = Privacy { clients: Clients::Subnet(Subnets::new(24, 56, None)), ..Privacy::default() };
    let event = shown(privacy, &telling());
    assert_eq!((&event["src_ip"], &event["src_net"]), (&"10.0.0.0".into(), &"10.0.0.0/24".into()));
    assert!(event["dest_ip"] == "203.0.113.9" && event["dest_net"].is_null());
    assert!(event["community_id"].is_null() && event["flow_id"] != 7);
    assert_eq!(event["mining"]["worker"], "rig-10.0.0.0");
    assert!(!event.to_string().contains("10.0.0.7"), "{event}");
}

#[test]
fn a_subscriber_is_named_beside_the_address() {
    let subscribers = Some(std::sync::Arc::new(Subscribers::read("10.0.0.0/24,Ada").unwrap()));
    for clients in [Clients::Address, Clients::Subscriber] {
        let privacy = Privacy { clients, subscribers: subscribers.clone(), ..Privacy::default() };
        let event = shown(privacy, &telling());
        assert_eq!((&event["subscriber"], &event["src_ip"]), (&"Ada".into(), &"10.0.0.7".into()));
        assert!(event["community_id"].is_string() && event["flow_id"] == 7);
    }
    assert!(shown(Privacy::default(), &telling())["subscriber"].is_null());
}
