//! What a long host list costs: seconds and memory to load, nanoseconds to ask, and the time to drop it. Names are made
//! up, and read through the program's own loader. Run by hand, in release:
//!
//! ```text
//! cargo run --release --example hosts_scale -- 1000000
//! valgrind --tool=callgrind --toggle-collect='*::hits' target/release/examples/hosts_scale 1000000 2000
//! ```
//!
//! The second number is that of lookups. Under callgrind the instructions it collected, divided by them, are the cost of
//! one; `*::misses`, `*::scripts` and `*::sieve` likewise.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement is printed, and needs the clock"
)]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Instant;

use geophone::config::{Config, load_rules};
use geophone::rules::RuleSet;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|n| n.parse::<usize>().expect("a number"));
    let names = arguments.next().unwrap_or(1_000_000);
    let lookups = arguments.next().unwrap_or(1_000_000);
    let folder = std::env::temp_dir().join(format!("geophone-hosts-scale-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    write_list(&folder.join("made-up.hosts"), names);
    let mut config = Config::default();
    config.rules.built_in = true;
    config.rules.directory = Some(folder.clone());

    let start = Instant::now();
    let rules = load_rules(&config).expect("a sound list");
    println!(
        "{} hosts loaded in {:.3} s, peak memory {}",
        rules.host_count(),
        start.elapsed().as_secs_f64(),
        peak()
    );
    let _ = fs::remove_dir_all(&folder);

    // Spread over the list, so that caches help as little as they do for strangers' names.
    let asked = |i: usize| i.wrapping_mul(7919) % names;
    let known: Vec<String> = (0..lookups.min(100_000)).map(|i| format!("eu1.{}", name(asked(i)))).collect();
    let strange: Vec<String> =
        (0..lookups.min(100_000)).map(|i| format!("www.shop-{i}.example{}.net", i % 977)).collect();
    timed("hit", lookups, || hits(&rules, &known, lookups));
    timed("miss", lookups, || misses(&rules, &strange, lookups));
    timed("ordinary URL", lookups, || scripts(&rules, lookups));
    timed("address", lookups, || sieve(&rules, lookups));

    let start = Instant::now();
    drop(rules);
    println!("dropped in {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
}

fn name(i: usize) -> String {
    format!("pool-{:06}.host{}.com", i, i % 9973)
}

fn write_list(path: &Path, names: usize) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let mut write = |line: &str| out.write_all(line.as_bytes()).expect("room");
    write("# geophone hosts 1\n@\tmatch=suffix\tsources=made-up\tlast_seen=2026-08-16\n");
    for i in 0..names {
        // One line in a hundred says more than its name.
        let keys = if i % 100 == 0 {
            format!("\tmatch=suffix\toperator=Operator {}\tports=3333,{}", i % 500, i % 60_000 + 1)
        } else {
            String::new()
        };
        write(&format!("{}{keys}\n", name(i)));
    }
}

fn timed(what: &str, lookups: usize, run: impl Fn() -> usize) {
    let start = Instant::now();
    let found = run();
    println!(
        "{what}: {:.1} ns ({found} of {lookups} found)",
        start.elapsed().as_secs_f64() * 1e9 / lookups as f64
    );
}

#[inline(never)]
fn hits(rules: &RuleSet, names: &[String], lookups: usize) -> usize {
    names.iter().cycle().take(lookups).filter(|name| rules.host(black_box(name)).is_some()).count()
}

#[inline(never)]
fn misses(rules: &RuleSet, names: &[String], lookups: usize) -> usize {
    names.iter().cycle().take(lookups).filter(|name| rules.host(black_box(name)).is_some()).count()
        + black_box(0)
}

#[inline(never)]
fn scripts(rules: &RuleSet, lookups: usize) -> usize {
    let url =
        "/static/assets/2026/08/app.3f9c1d7e.min.js?v=1724403921&lang=en&src=/media/mine/miniature.webp";
    (0..lookups).filter(|_| rules.script(Some("www.example.com"), black_box(url)).is_some()).count()
}

#[inline(never)]
fn sieve(rules: &RuleSet, lookups: usize) -> usize {
    (0..lookups as u32).filter(|n| rules.may_be_address(IpAddr::V4(Ipv4Addr::from(black_box(*n))))).count()
}

/// Peak memory of the process, as Linux tells it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".into(), |kib| kib.trim().into())
}
