//! Who mines for whom: sessions of one client, payee and pool put together, and hosts that only names or addresses speak
//! of, as tables or as JSON.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cli::table::{Table, plain};
use crate::detect::{Alert, Certainty, FlowIdentity, Mining, SessionRecord, Shares};
use crate::eve::Timestamp;
use crate::packet::Endpoint;
use crate::privacy::{Clients, Disguise, Privacy, mask_emails};
use crate::sensor::Stats;

/// Sessions that differ only in their ports and times.
#[derive(Default)]
struct Group<'a> {
    sessions: Vec<&'a SessionRecord>,
    shares: Shares,
    hashrate: f64,
}

impl Group<'_> {
    /// The web site that embeds the miner: the first one told.
    fn site(&self, privacy: &Privacy) -> Option<String> {
        let (record, site) = self.sessions.iter().find_map(|r| Some((r, r.mining.site.as_deref()?)))?;
        let site = Names::of(privacy, &record.flow, &record.mining).text(site);
        Some(mask_emails(&site).into_owned())
    }
}

/// Client, dialect, pool and payee, in this order in the table.
type Key = (String, &'static str, String, String);

/// How the ends of a flow are called.
struct Names<'p> {
    client: String,
    disguise: Disguise<'p>,
}

impl<'p> Names<'p> {
    fn of(privacy: &'p Privacy, flow: &FlowIdentity, account: &Mining) -> Self {
        let disguise = privacy.disguise(flow, account);
        let client = match privacy.subscriber(flow.client.addr) {
            Some(name) if privacy.clients == Clients::Subscriber => plain(name),
            _ => disguise
                .network(flow.client.addr)
                .unwrap_or_else(|| disguise.address(flow.client.addr).to_string()),
        };
        Self { client, disguise }
    }

    fn text(&self, text: &str) -> String {
        self.disguise.text(text.into()).into_owned()
    }
}

fn groups<'a>(records: &'a [SessionRecord], privacy: &Privacy) -> BTreeMap<Key, Group<'a>> {
    let mut groups: BTreeMap<Key, Group<'_>> = BTreeMap::new();
    for record in records {
        let (m, names) = (&record.mining, Names::of(privacy, &record.flow, &record.mining));
        let host = match m.server_name.as_deref() {
            Some(name) => names.text(name),
            None => names.disguise.address(record.flow.server.addr).to_string(),
        };
        let pool = match &m.pool {
            Some(operator) => format!("{operator} ({host}:{})", record.flow.server.port),
            None => format!("{host}:{}", record.flow.server.port),
        };
        let payee = m
            .payee
            .as_deref()
            .map_or_else(|| "unknown".to_owned(), |p| privacy.payee(&names.text(p)).into_owned());
        let group = groups.entry((names.client, m.dialect.name(), pool, payee)).or_default();
        group.shares.submitted += m.shares.submitted;
        group.shares.accepted += m.shares.accepted;
        group.shares.rejected += m.shares.rejected;
        group.hashrate += m.hashrate.unwrap_or_default();
        group.sessions.push(record);
    }
    groups
}

/// What a client did with a host, by the surest sight first in the table.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sight<'a> {
    client: String,
    certainty: std::cmp::Reverse<Certainty>,
    signal: &'static str,
    host: String,
    pool: &'a str,
    category: &'static str,
}

/// Alerts of names and addresses that differ only in ports and times.
fn sights<'a>(claims: &'a [Alert], privacy: &Privacy) -> BTreeMap<Sight<'a>, usize> {
    let mut sights = BTreeMap::new();
    for alert in claims {
        let (m, names) = (&alert.mining, Names::of(privacy, &alert.flow, &alert.mining));
        let server = Endpoint { addr: names.disguise.address(alert.flow.server.addr), ..alert.flow.server };
        let sight = Sight {
            certainty: std::cmp::Reverse(m.certainty),
            signal: alert.signal.name(),
            host: m.server_name.as_deref().map_or_else(|| server.to_string(), |name| names.text(name)),
            client: names.client,
            pool: m.pool.as_deref().unwrap_or_default(),
            category: m.category.map_or("", |c| c.name()),
        };
        *sights.entry(sight).or_insert(0) += 1;
    }
    sights
}

fn table_of_sights(claims: &[Alert], privacy: &Privacy) -> String {
    let mut table = Table::new(&["client", "certainty", "signal", "host", "operator", "category", "times"]);
    for (sight, times) in sights(claims, privacy) {
        table.row([
            sight.client,
            sight.certainty.0.name().to_owned(),
            sight.signal.to_owned(),
            plain(&sight.host),
            plain(sight.pool),
            sight.category.to_owned(),
            times.to_string(),
        ]);
    }
    format!("{table}\nBy name or address only; no mining message was read there.\n")
}

/// The tables and a line about the capture.
pub(super) fn table(records: &[SessionRecord], claims: &[Alert], stats: &Stats, privacy: &Privacy) -> String {
    let groups = groups(records, privacy);
    let sights = if claims.is_empty() { String::new() } else { table_of_sights(claims, privacy) };
    if groups.is_empty() {
        let between = if sights.is_empty() { "" } else { "\n" };
        return format!("No mining found in {} frames.\n{between}{sights}", stats.frames);
    }
    // Only browser miners have one.
    let has_sites = records.iter().any(|r| r.mining.site.is_some());
    let mut head =
        vec!["client", "dialect", "pool", "payee", "worker", "agent", "sessions", "shares", "hashrate"];
    head.extend(has_sites.then_some("site"));
    let mut table = Table::new(&head);
    let clients: std::collections::BTreeSet<&String> = groups.keys().map(|k| &k.0).collect();
    for ((client, dialect, pool, payee), group) in &groups {
        let first = |of: fn(&SessionRecord) -> Option<&String>| {
            let said = group.sessions.iter().find_map(|r| of(r).map(|text| (text, *r)));
            let shown = |(text, r): (&String, &SessionRecord)| {
                let names = Names::of(privacy, &r.flow, &r.mining);
                let payee = r.mining.payee.as_deref().map(|payee| names.text(payee));
                plain(&privacy.text(&names.text(text), payee.as_deref()))
            };
            said.map(shown).unwrap_or_default()
        };
        let s = group.shares;
        let mut row = vec![
            client.clone(),
            (*dialect).to_owned(),
            plain(pool),
            shorten(&plain(payee)),
            shorten(&first(|r| r.mining.worker.as_ref())),
            shorten(&first(|r| r.mining.agent.as_ref())),
            group.sessions.len().to_string(),
            format!("{}/{}/{}", s.submitted, s.accepted, s.rejected),
            rate(group.hashrate),
        ];
        row.extend(has_sites.then(|| group.site(privacy).map(|site| plain(&site)).unwrap_or_default()));
        table.row(row);
    }
    let (sessions, clients) = (records.len(), clients.len());
    format!(
        "{table}\n{sessions} mining sessions of {clients} clients in {} frames. Shares: submitted/accepted/rejected.\n{}{sights}",
        stats.frames,
        if sights.is_empty() { "" } else { "\n" },
    )
}

/// The same as one JSON object.
pub(super) fn json(records: &[SessionRecord], claims: &[Alert], stats: &Stats, privacy: &Privacy) -> String {
    let rows: Vec<_> = groups(records, privacy)
        .into_iter()
        .map(|((client, dialect, pool, payee), group)| {
            let first = group.sessions.iter().map(|r| r.mining.started).min().unwrap_or_default();
            let last = group.sessions.iter().map(|r| r.mining.last_seen).max().unwrap_or_default();
            json!({
                "client": client, "dialect": dialect, "pool": pool, "payee": payee, "sessions": group.sessions.len(),
                "shares": {"submitted": group.shares.submitted, "accepted": group.shares.accepted,
                    "rejected": group.shares.rejected},
                "hashrate": (group.hashrate > 0.0).then_some(group.hashrate), "site": group.site(privacy),
                "started": Timestamp(first).to_string(), "last_seen": Timestamp(last).to_string(),
            })
        })
        .collect();
    let capture = json!({"frames": stats.frames, "bytes": stats.bytes, "stream_gaps": stats.stream_gaps});
    let names: Vec<_> = sights(claims, privacy)
        .into_iter()
        .map(|(s, times)| {
            json!({
                "client": s.client, "certainty": s.certainty.0.name(), "signal": s.signal, "host": s.host,
                "operator": s.pool, "category": s.category, "times": times,
            })
        })
        .collect();
    format!("{}\n", json!({"mining": rows, "names": names, "capture": capture}))
}

/// The head and tail of a long word: enough to tell wallets apart.
fn shorten(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 24 {
        return text.to_owned();
    }
    let (head, tail) = (&chars[..14], &chars[chars.len() - 8..]);
    head.iter().chain(&['…']).chain(tail).collect()
}

/// Hashes per second with a unit.
fn rate(hashes: f64) -> String {
    if hashes <= 0.0 {
        return String::new();
    }
    let step = (hashes.log10() / 3.0).floor().clamp(0.0, 6.0);
    let unit = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s", "EH/s"][step as usize];
    format!("{:.3} {unit}", hashes / 1000f64.powf(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units() {
        assert_eq!(rate(0.0), "");
        assert_eq!(rate(0.5), "0.500 H/s");
        assert_eq!(rate(8123.0), "8.123 kH/s");
        assert_eq!(rate(1e30), "1000000000000.000 EH/s");
    }

    #[test]
    fn long_words_keep_both_ends() {
        assert_eq!(shorten("short"), "short");
        let wallet =
            "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq";
        assert_eq!(shorten(wallet), "43ihRipXYqMHoc…TwELZLfq");
    }
}
