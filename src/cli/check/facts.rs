//! The configuration in force, a line a fact, in four sections. It judges nothing.

use super::cost::{self, Cost};
use crate::capture::{self, Error};
use crate::config::{Config, Loaded, People, span, watched_for};

/// A name and what is to be said of it.
type Fact = (&'static str, String);

/// The sections with their heads.
pub(super) fn sections(
    config: &Config,
    loaded: &Loaded,
    people: &People,
    memory: &[Cost],
) -> [(&'static str, Vec<Fact>); 4] {
    [
        ("WHERE IT LISTENS", listens(config)),
        ("WHAT IT LOOKS FOR", looks_for(config, loaded)),
        ("WHOM IT TELLS", tells(config, people)),
        ("WHAT IT MAY COST, AT WORST", costs(config, memory)),
    ]
}

fn listens(config: &Config) -> Vec<Fact> {
    let c = &config.capture;
    let any = c.interfaces.iter().any(|name| name == "any");
    let hears = match (c.promiscuous, any) {
        (true, false) => "frames for other hosts too (promiscuous), as a mirror port needs",
        (false, false) => "only frames from and for this host; capture.promiscuous for a mirror port",
        (_, true) => "only frames from and for this host; a mirror port must be named in capture.interfaces",
    };
    let more = if c.workers == 1 {
        String::new()
    } else {
        ", among which the kernel spreads connections".to_owned()
    };
    vec![
        ("interfaces", interfaces(&c.interfaces)),
        ("permission", permission(&c.interfaces)),
        ("hears", hears.to_owned()),
        ("filter", config.filter_in_words().to_owned()),
        ("frames", format!("up to {} bytes of each are kept while it is read", c.snaplen)),
        ("workers", format!("{} for each interface{more}", c.workers)),
    ]
}

/// Their names, and which `any` are.
fn interfaces(names: &[String]) -> String {
    let shown = names.join(", ");
    if !names.iter().any(|name| name == "any") {
        return shown;
    }
    format!("{shown}: all of this host; up now: {}", capture::up().join(", "))
}

fn permission(names: &[String]) -> String {
    match names.iter().find_map(|name| capture::access(name).err()) {
        None => "this user may capture there".to_owned(),
        Some(Error::Permission { .. }) => "this user may not capture: CAP_NET_RAW is missing".to_owned(),
        Some(error) => error.to_string(),
    }
}

fn looks_for(config: &Config, loaded: &Loaded) -> Vec<Fact> {
    let l = &config.learned;
    let kept = l.file.as_ref().map_or_else(
        || "when it ends (learned.file keeps them)".to_owned(),
        |file| format!("not by a restart: they stand in {}", file.display()),
    );
    let mut facts =
        vec![("rules", config.rules_in_words()), ("watched for", watched_for(&loaded.rules, &loaded.feeds))];
    facts.extend(loaded.feeds.iter().map(|feed| ("feed", feed.to_string())));
    facts.push(("reloads", config.reloads_in_words()));
    facts.push((
        "remembers",
        format!(
            "servers that spoke mining; forgotten after {} of silence, and {kept}",
            span(l.endpoint_idle)
        ),
    ));
    facts
}

fn tells(config: &Config, people: &People) -> Vec<Fact> {
    let Config { events, ledger, web, log, .. } = config;
    let reach = if web.listen.ip().is_loopback() { "this host alone" } else { "other hosts, without login" };
    let file = events.file.as_ref().map_or_else(
        || "none are written; events.file names where to".to_owned(),
        |file| format!("{}, and figures every {}", file.display(), span(events.stats_interval)),
    );
    let mut facts = vec![
        ("metrics", format!("http://{}/metrics, for {reach}", web.listen)),
        ("events", file),
        (
            "clients",
            format!(
                "{}; {} at most, forgotten after {} of silence",
                config.clients_in_words(),
                ledger.max_clients,
                span(ledger.client_idle)
            ),
        ),
        ("payees", config.payees_in_words(people.privacy.key.is_some()).to_owned()),
        ("log", format!("{} and more important", log.level.name())),
    ];
    if let Some(all) = &people.privacy.subscribers {
        facts.insert(3, ("subscribers", format!("{} names for {} networks", all.len(), all.networks())));
    }
    facts
}

fn costs(config: &Config, memory: &[Cost]) -> Vec<Fact> {
    let line = |mib: f64, why: &str| format!("{:>8}  {why}", cost::shown(mib));
    let mut facts: Vec<Fact> = memory.iter().map(|c| (c.what, line(c.mib, &c.why))).collect();
    let host =
        cost::host_mib().map_or_else(String::new, |host| format!("this host has {}", cost::shown(host)));
    facts.push(("together", line(memory.iter().map(|c| c.mib).sum(), &host)));
    let (series, each) = (cost::series(config), cost::SERIES);
    facts.push((
        "series",
        format!("{series:>8}  in Prometheus: ledger.max_clients of {each}, for clients that mine one coin"),
    ));
    facts
}
