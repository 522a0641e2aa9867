//! What may leave and what may not.

use super::*;

const WALLET: &str =
    "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD";

fn hashing(key: Option<&[u8]>) -> Privacy {
    let key = key.map(|k| {
        let mut padded = [0; 32]; // as RFC 2104 fills a short key
        padded[..k.len()].copy_from_slice(k);
        Key(padded)
    });
    Privacy { payees: Payees::Hash, key, ..Privacy::default() }
}

#[test]
fn masks_mail_logins_everywhere_in_a_text() {
    for (text, masked) in [
        ("alice@example.org", "a***@example.org"),
        ("alice@example.org.rig1", "a***@example.org.rig1"),
        ("alice@example.org/rig1", "a***@example.org/rig1"),
        ("a@example.org", "a***@example.org"),
        ("zo\u{eb}.m+x@ex\u{e4}mple.de", "z***@ex\u{e4}mple.de"),
        ("\u{e4}nne@example.org", "\u{e4}***@example.org"),
        ("bob%40example.org", "b***%40example.org"),
        ("solo:alice@example.org", "solo:a***@example.org"),
        ("<alice@example.org>, bob@example.com!", "<a***@example.org>, b***@example.com!"),
        ("a@b@example.org", "a***@example.org"),
        ("x@y.zz@example.org", "x***@example.org"),
        ("miner@10.0.0.1", "m***@10.0.0.1"),
        ("stratum+tcp://bob:hunter2@pool.example:3333", "stratum+tcp://b***@pool.example:3333"),
        ("http://:hun,t@er2@pool/x //bob:p@h", "http://****@pool/x //b***@h"),
    ] {
        assert_eq!(mask_emails(text), masked, "{text}");
        assert_eq!(mask_emails(masked), masked, "not idempotent: {text}");
    }
}

#[test]
fn leaves_what_is_no_mail_address() {
    for text in [
        "",
        "@",
        "@example.org",
        "rig@home",
        "http://host:80/x@y",
        "//a",
        "a@.org",
        "a@org.",
        "a@-",
        "%40",
        "x=@a.b",
        WALLET,
    ] {
        assert_eq!(mask_emails(text), text);
    }
}

#[test]
fn payees_stand_in_clear_unless_hashed() {
    assert_eq!(Privacy::default().payee(WALLET), WALLET);
    assert_eq!(Privacy::default().payee("alice@example.org"), "a***@example.org");
    let plain = hashing(None).payee("abc").into_owned();
    assert_eq!(plain, "sha1:a9993e364706816aba3e", "FIPS 180 example, cut");
    let keyed = hashing(Some(&[0x0b; 20])).payee("Hi There").into_owned();
    assert_eq!(keyed, "hmac:b617318655057264e28b", "RFC 2202 case 1, cut");
    assert_ne!(hashing(Some(&[0x0c; 20])).payee("Hi There"), keyed);
}

#[test]
fn mail_payees_hash_alike_masked_or_not() {
    let privacy = hashing(None);
    assert_eq!(privacy.payee("alice@example.org"), privacy.payee("a***@example.org"));
}

#[test]
fn other_texts_do_not_repeat_a_hashed_payee() {
    let privacy = hashing(None);
    let shown = privacy.payee(WALLET).into_owned();
    assert_eq!(privacy.text(WALLET, Some(WALLET)), shown);
    assert_eq!(privacy.text(&format!("{WALLET}.rig"), Some(WALLET)), format!("{shown}.rig"));
    assert_eq!(privacy.text("bob", Some("bob")), privacy.payee("bob"));
    assert_eq!(privacy.text("bobsled", Some("bob")), "bobsled");
    assert_eq!(privacy.text("rig alice@example.org", Some(WALLET)), "rig a***@example.org");
    assert_eq!(privacy.text("rig", Some("")), "rig");
    assert_eq!(Privacy::default().text(WALLET, Some(WALLET)), WALLET);
}

#[test]
fn keys_are_never_printed() {
    assert_eq!(format!("{:?}", Key([7; 32])), "Key(hidden)");
}

#[test]
fn payees_have_a_key_of_their_own_from_the_operators() {
    let secret = Secret::read(&[&[1; 16][..], &[2; 16]].concat()).unwrap();
    let derived = Privacy { payees: Payees::Hash, key: Some(Key::of(&secret)), ..Privacy::default() };
    let shown = derived.payee("abc").into_owned();
    assert!(shown.starts_with("hmac:") && shown != hashing(Some(&[1; 16])).payee("abc"));
    assert_eq!(shown, derived.payee("abc"));
}

#[test]
fn subscribers_are_not_named_where_clients_are_hidden() {
    let subscribers = Some(Arc::new(Subscribers::read("192.0.2.0/24,Ada").unwrap()));
    let addr = "192.0.2.7".parse().unwrap();
    for clients in [Clients::Address, Clients::Subscriber] {
        let privacy = Privacy { clients, subscribers: subscribers.clone(), ..Privacy::default() };
        assert_eq!(privacy.subscriber(addr), Some("Ada"));
    }
    let clients = Clients::Subnet(Subnets::new(24, 56, None));
    assert_eq!(Privacy { clients, subscribers, ..Privacy::default() }.subscriber(addr), None);
}

#[test]
fn names_are_alike_where_the_same_address_has_the_same() {
    let secret = |n| Secret::read(&[&[n; 16][..], &[9; 16]].concat()).unwrap();
    let of = |clients| Privacy { clients, ..Privacy::default() };
    let subnet = |v4, key: Option<u8>| of(Clients::Subnet(Subnets::new(v4, 56, key.map(secret).as_ref())));
    let pseudonym = |key| of(Clients::Pseudonym(Pseudonyms::new(secret(key))));
    assert!(subnet(24, None).names_alike(&subnet(24, Some(1))) && subnet(24, None) != subnet(24, Some(1)));
    assert!(!subnet(24, None).names_alike(&subnet(25, None)));
    assert!(pseudonym(1).names_alike(&pseudonym(1)) && !pseudonym(1).names_alike(&pseudonym(2)));
    assert!(!Privacy::default().names_alike(&of(Clients::Subscriber)));
}

proptest::proptest! {
    #[test]
    fn masking_never_panics_and_is_idempotent(text in "[a@.%: 40/\u{e9}\u{1f600}<-]{0,24}") {
        let masked = mask_emails(&text).into_owned();
        proptest::prop_assert_eq!(mask_emails(&masked).into_owned(), masked);
    }
}
