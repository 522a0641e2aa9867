use std::sync::Arc;
use std::thread;

use proptest::prelude::*;

use super::bounded::Bounded;
use super::*;
use crate::stratum::Dialect;

const START: Time = Time::from_secs(1_700_000_000);

fn address(n: u32) -> IpAddr {
    std::net::Ipv4Addr::from_bits(0x0a00_0000 | n).into()
}

fn endpoint(n: u32) -> Endpoint {
    Endpoint { addr: address(n), port: 3333 }
}

fn at(secs: u64) -> Time {
    Time(START.0 + secs * Time::SECOND)
}

fn learned(max_names: usize, max_endpoints: usize) -> Learned {
    Learned::new(Settings { max_names, max_endpoints, endpoint_idle: 100 * Time::SECOND })
}

fn known(dialect: Dialect) -> Known {
    Known { dialect, name: None, pool: None, coin: None }
}

fn told(table: &Learned, client: u32, server: u32, now: Time) -> Vec<String> {
    table.names(address(client), address(server), now).iter().map(str::to_owned).collect()
}

#[test]
fn names_hold_for_their_time() {
    let table = learned(1024, 16);
    let name = |name, ttl, now| table.name(address(1), address(2), name, ttl, now);
    name("short.example", 1, at(0));
    name("hour.example", 3600, at(1));
    name("long.example", u32::MAX, at(2));
    assert_eq!(told(&table, 1, 2, at(59)), ["long.example", "hour.example", "short.example"], "newest first");
    assert_eq!(told(&table, 1, 2, at(60)), ["long.example", "hour.example"], "60 s at least");
    assert_eq!(told(&table, 1, 2, at(3601)), ["long.example"]);
    assert_eq!(told(&table, 1, 2, at(86_401)), ["long.example"]);
    assert!(table.names(address(1), address(2), at(86_402)).is_empty(), "a day at most");
    assert!(told(&table, 2, 1, at(2)).is_empty() && told(&table, 3, 2, at(2)).is_empty());
    name("", 60, at(3));
    name(&"a".repeat(MAX_TEXT + 1), 60, at(3));
    assert_eq!(told(&table, 1, 2, at(3)).len(), 3);
}

#[test]
fn a_name_heard_again_is_the_newest_and_holds_no_shorter() {
    let table = learned(1024, 16);
    let name = |name, ttl, now| table.name(address(1), address(2), name, ttl, now);
    name("a", 3600, at(0));
    name("b", 600, at(1));
    name("a", 60, at(2));
    assert_eq!(told(&table, 1, 2, at(3)), ["a", "b"]);
    assert_eq!(told(&table, 1, 2, at(3599)), ["a"]);
    name("a", 3600, at(3000));
    assert_eq!(told(&table, 1, 2, at(6599)), ["a"]);
    assert_eq!(table.counts().names, 1);
}

#[test]
fn the_fifth_live_name_makes_a_crowd() {
    let table = learned(1024, 16);
    let name = |name, ttl, now| table.name(address(1), address(2), name, ttl, now);
    for (n, letter) in ["a", "b", "c", "d"].into_iter().enumerate() {
        name(letter, 600, at(n as u64));
    }
    assert!(!table.names(address(1), address(2), at(4)).is_crowded());
    name("a", 600, at(4));
    assert!(!table.names(address(1), address(2), at(4)).is_crowded(), "no new one");
    name("e", 60, at(5));
    let names = table.names(address(1), address(2), at(6));
    assert!(names.is_crowded());
    assert_eq!(names.iter().collect::<Vec<_>>(), ["e", "a", "d", "c"], "b was longest not heard");
    assert!(table.names(address(1), address(2), at(600)).is_crowded());
    assert!(!table.names(address(1), address(2), at(601)).is_crowded(), "b's time has passed");
    // Room that names left by their age is no crowd.
    let table = learned(1024, 16);
    for n in 0..9 {
        table.name(address(1), address(2), &format!("n{n}"), 60, at(n * 20));
    }
    assert!(!table.names(address(1), address(2), at(160)).is_crowded());
}

#[test]
fn the_entry_longest_not_refreshed_goes_first() {
    let mut map = Bounded::new(3);
    for key in [1, 2, 3, 1, 4, 5] {
        *map.refresh(key, || 0).unwrap() += 1;
    }
    assert_eq!(map.keys().copied().collect::<Vec<_>>(), [1, 4, 5]);
    assert_eq!((map.len(), map.evicted(), map.get(&1), map.get(&2)), (3, 2, Some(&2), None));
    map.set_max(1);
    assert_eq!(map.keys().copied().collect::<Vec<_>>(), [5]);
    map.set_max(0);
    assert!(map.refresh(6, || 0).is_none());
    assert_eq!((map.len(), map.evicted()), (0, 6), "the refused one counts");
}

#[test]
fn bounds_are_exact() {
    let table = learned(100, 40);
    for n in 0..2000 {
        table.name(address(n), address(9), "pool.example", 600, START);
        table.watch(address(n));
        table.endpoint(endpoint(n), known(Dialect::Bitcoin), START);
    }
    let counts = table.counts();
    assert_eq!((counts.names, counts.watched, counts.endpoints), (100, 100, 40));
    assert_eq!(counts.names_evicted, 1900);
    assert_eq!((counts.watched_evicted, counts.endpoints_evicted), (1900, 1960));
    // In each share those seen last are left, so the last of all is.
    assert_eq!(told(&table, 1999, 9, START), ["pool.example"]);
    assert!(told(&table, 0, 9, START).is_empty() && table.endpoint_of(endpoint(0), START).is_none());
    table.replace_settings(Settings { max_names: 17, max_endpoints: 0, endpoint_idle: 1 });
    let counts = table.counts();
    assert_eq!((counts.names, counts.watched, counts.endpoints), (17, 17, 0));
    table.expire(START);
    assert!((0..2000).all(|n| !table.may_be_endpoint(endpoint(n))), "the sieve was made anew");
    table.endpoint(endpoint(1), known(Dialect::Bitcoin), START);
    assert!(!table.may_be_endpoint(endpoint(1)), "no room, no entry");
}

#[test]
fn the_same_calls_give_the_same_evictions() {
    let run = || {
        let table = learned(64, 48);
        for n in 0..5000u32 {
            let key = n.wrapping_mul(2_654_435_761) >> 20;
            table.endpoint(endpoint(key), known(Dialect::Kaspa), at(u64::from(n)));
            table.name(address(key), address(1), "a.example", 60, at(u64::from(n)));
        }
        let names: Vec<Vec<String>> = (0..4096).map(|n| told(&table, n, 1, at(4999))).collect();
        (table.endpoints(), names)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_watched_server_is_let_go_with_its_names() {
    let table = learned(1024, 16);
    assert!(!table.may_be_watched(address(2)));
    table.name(address(1), address(2), "pool.example", 600, at(0));
    table.watch(address(2));
    table.watch(address(3));
    assert!(table.may_be_watched(address(2)) && table.may_be_watched(address(3)));
    table.expire(at(1));
    assert!(table.may_be_watched(address(3)), "its name may be on the way");
    table.expire(at(2));
    assert!(table.may_be_watched(address(2)) && !table.may_be_watched(address(3)));
    table.expire(at(599));
    assert!(table.may_be_watched(address(2)));
    table.expire(at(600));
    assert!(!table.may_be_watched(address(2)));
    assert_eq!(table.counts(), Counts::default());
}

#[test]
fn sieves_are_sharp_again_after_expiry() {
    let table = learned(1024, 65_536);
    for n in 0..50_000 {
        table.endpoint(endpoint(n), known(Dialect::Bitcoin), at(if n < 10 { 90 } else { 0 }));
    }
    assert!((0..50_000).all(|n| table.may_be_endpoint(endpoint(n))));
    let others = |table: &Learned| (100_000..110_000).filter(|n| table.may_be_endpoint(endpoint(*n))).count();
    assert!((4000..7000).contains(&others(&table)), "half of the bits are set: {}", others(&table));
    table.expire(at(101));
    assert_eq!(table.counts().endpoints, 10);
    assert!((0..10).all(|n| table.may_be_endpoint(endpoint(n))));
    assert!(others(&table) < 20, "{}", others(&table));
}

#[test]
fn endpoints_are_known_until_they_are_silent() {
    let table = learned(16, 1024);
    let full = Known {
        dialect: Dialect::Cryptonote,
        name: Some("eu.pool.example".to_owned()),
        pool: Some(Arc::from("Pool")),
        coin: Some("xmr".to_owned()),
    };
    table.endpoint(endpoint(1), full.clone(), at(0));
    assert_eq!(table.endpoint_of(endpoint(1), at(100)), Some(full.clone()));
    assert_eq!(table.endpoint_of(endpoint(1), at(101)), None);
    assert_eq!(table.endpoint_of(Endpoint { port: 4444, ..endpoint(1) }, at(0)), None);
    let newer = Known { coin: Some("wow".to_owned()), ..known(Dialect::Bitcoin) };
    table.endpoint(endpoint(1), newer.clone(), at(50));
    let both = Known { dialect: Dialect::Bitcoin, coin: newer.coin, ..full };
    assert_eq!(table.endpoint_of(endpoint(1), at(150)), Some(both), "what is not said anew stays");
    let long = Known { name: Some("a".repeat(MAX_TEXT + 1)), ..known(Dialect::Bitcoin) };
    table.endpoint(endpoint(2), long, at(50));
    assert_eq!(table.endpoint_of(endpoint(2), at(50)), Some(known(Dialect::Bitcoin)));
    table.expire(at(151));
    assert_eq!(table.counts().endpoints, 0);
}

#[test]
fn time_may_go_back() {
    let table = learned(1024, 1024);
    table.name(address(1), address(2), "a", 60, at(1_000_000));
    table.endpoint(endpoint(1), known(Dialect::Bitcoin), at(1_000_000));
    table.expire(at(0));
    assert_eq!(told(&table, 1, 2, at(0)), ["a"]);
    assert!(table.endpoint_of(endpoint(1), Time(0)).is_some());
    table.name(address(1), address(2), "a", 60, at(0));
    table.endpoint(endpoint(1), known(Dialect::Bitcoin), at(0));
    assert!(told(&table, 1, 2, at(86_400)).is_empty(), "what the clock said then is forgotten");
    assert!(table.endpoint_of(endpoint(1), at(101)).is_none());
    let saved = &table.endpoints()[0];
    assert_eq!((saved.first_seen, saved.last_seen), (at(0), at(0)));
    table.name(address(1), address(2), "b", 60, Time(u64::MAX));
    table.expire(Time(u64::MAX));
}

#[test]
fn endpoints_survive_a_restart() {
    let before = learned(16, 1024);
    for n in (0..20).rev() {
        let pool = (n % 2 == 0).then(|| Arc::from("Pool"));
        before.endpoint(endpoint(n), Known { pool, ..known(Dialect::Xelis) }, at(u64::from(n)));
    }
    let saved = before.endpoints();
    assert!(saved.is_sorted_by_key(|s| s.endpoint) && saved.len() == 20);
    let text = serde_json::to_string(&saved).unwrap();
    let read: Vec<Saved> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, saved);
    let after = learned(16, 1024);
    after.endpoint(endpoint(4), known(Dialect::Kaspa), at(500));
    after.restore(read);
    let of = |n| after.endpoint_of(endpoint(n), at(30));
    assert_eq!(of(4).map(|k| (k.dialect, k.pool)), Some((Dialect::Kaspa, Some(Arc::from("Pool")))));
    assert!((0..20).all(|n| after.may_be_endpoint(endpoint(n)) && of(n).is_some()));
    let kept: Vec<Saved> = after.endpoints().into_iter().filter(|s| s.endpoint != endpoint(4)).collect();
    assert_eq!(kept, saved.iter().filter(|s| s.endpoint != endpoint(4)).cloned().collect::<Vec<_>>());
    assert_eq!((after.endpoints()[4].first_seen, after.endpoints()[4].last_seen), (at(4), at(500)));
    let unknown = text.replace("\"xelis\"", "\"theirs\"");
    assert!(serde_json::from_str::<Vec<Saved>>(&unknown).is_err());
}

#[test]
fn restoring_keeps_to_the_bound() {
    let saved: Vec<Saved> = (0..500u32)
        .map(|n| {
            let last_seen = at(u64::from(n % 100));
            Saved { endpoint: endpoint(n), known: known(Dialect::Bitcoin), first_seen: at(0), last_seen }
        })
        .collect();
    let table = learned(16, 160);
    table.restore(saved);
    let kept = table.endpoints();
    assert_eq!((kept.len(), table.counts().endpoints_evicted), (160, 340));
    assert!(kept.iter().all(|s| s.last_seen >= at(40)), "the longest silent are gone");
}

#[test]
fn eight_threads_at_once() {
    let table = Arc::new(learned(512, 256));
    let work = |table: &Learned, thread: u32| {
        for n in 0..4000u32 {
            let now = at(u64::from(n / 10));
            let (client, server) = (address(thread), address(n % 300));
            table.name(client, server, "pool.example", 60, now);
            table.watch(server);
            assert!(table.may_be_watched(server));
            table.endpoint(endpoint((thread << 16) | (n % 300)), known(Dialect::Bitcoin), now);
            let _ = table.endpoint_of(endpoint(n % 300), now);
            let _ = table.names(client, server, now);
            if n % 500 == 0 {
                table.expire(now);
            }
        }
    };
    thread::scope(|scope| {
        for thread in 0..8 {
            let table = Arc::clone(&table);
            scope.spawn(move || work(&table, thread));
        }
    });
    let counts = table.counts();
    assert_eq!((counts.names, counts.watched, counts.endpoints), (512, 300, 256));
    table.expire(at(400));
    assert!(table.endpoints().iter().all(|s| table.may_be_endpoint(s.endpoint)));
    table.expire(at(1000));
    table.expire(at(1000));
    let counts = table.counts();
    assert_eq!((counts.names, counts.watched, counts.endpoints), (0, 0, 0));
    assert!((0..300).all(|n| !table.may_be_watched(address(n))));
}

/// A sieve that is made anew while others write is never without what is in the table.
#[test]
fn renewing_loses_nothing() {
    let table = learned(16, 65_536);
    thread::scope(|scope| {
        for thread in 0..4u32 {
            let table = &table;
            scope.spawn(move || {
                for n in 0..2000 {
                    let endpoint = endpoint((thread << 16) | n);
                    table.endpoint(endpoint, known(Dialect::Bitcoin), START);
                    assert!(table.may_be_endpoint(endpoint));
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| (0..50).for_each(|_| table.expire(START)));
        }
    });
    let all = table.endpoints();
    assert_eq!(all.len(), 8000);
    assert!(all.iter().all(|s| table.may_be_endpoint(s.endpoint)));
}

proptest! {
    /// Against a list in which the first to go stands first.
    #[test]
    fn the_bounded_map_is_a_list(max in 1usize..6, keys in proptest::collection::vec(0u8..10, 0..200)) {
        let (mut map, mut list) = (Bounded::new(max), Vec::new());
        for key in keys {
            if key == 0 {
                map.retain(|k, ()| k % 2 == 0);
                list.retain(|k| k % 2 == 0);
            } else {
                map.refresh(key, || ());
                list.retain(|k| *k != key);
                list.push(key);
                let over = list.len().saturating_sub(max);
                list.drain(..over);
            }
            prop_assert_eq!(map.keys().copied().collect::<Vec<u8>>(), list.clone());
            prop_assert_eq!(map.len(), list.len());
        }
    }
}
