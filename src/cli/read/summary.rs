//! Who mines for whom: sessions of one client, payee and pool put together, as a table or as JSON.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cli::table::{Table, plain};
use crate::detect::{SessionRecord, Shares};
use crate::eve::Timestamp;
use crate::privacy::Privacy;
use crate::sensor::Stats;

/// Sessions that differ only in their ports and times.
#[derive(Default)]
struct Group<'a> {
    sessions: Vec<&'a SessionRecord>,
    shares: Shares,
    hashrate: f64,
}

/// Client, dialect, pool and payee, in this order in the table.
type Key = (String, &'static str, String, String);

fn groups<'a>(records: &'a [SessionRecord], privacy: &Privacy) -> BTreeMap<Key, Group<'a>> {
    let mut groups: BTreeMap<Key, Group<'_>> = BTreeMap::new();
    for record in records {
        let m = &record.mining;
        let host = m.server_name.clone().unwrap_or_else(|| record.flow.server.addr.to_string());
        let pool = match &m.pool {
            Some(operator) => format!("{operator} ({host}:{})", record.flow.server.port),
            None => format!("{host}:{}", record.flow.server.port),
        };
        let payee =
            m.payee.as_deref().map_or_else(|| "unknown".to_owned(), |p| privacy.payee(p).into_owned());
        let group =
            groups.entry((record.flow.client.addr.to_string(), m.dialect.name(), pool, payee)).or_default();
        group.shares.submitted += m.shares.submitted;
        group.shares.accepted += m.shares.accepted;
        group.shares.rejected += m.shares.rejected;
        group.hashrate += m.hashrate.unwrap_or_default();
        group.sessions.push(record);
    }
    groups
}

/// The table and a line about the capture.
pub(super) fn table(records: &[SessionRecord], stats: &Stats, privacy: &Privacy) -> String {
    let groups = groups(records, privacy);
    if groups.is_empty() {
        return format!("No mining found in {} frames.\n", stats.frames);
    }
    let mut table = Table::new(&[
        "client", "dialect", "pool", "payee", "worker", "agent", "sessions", "shares", "hashrate",
    ]);
    let clients: std::collections::BTreeSet<&String> = groups.keys().map(|k| &k.0).collect();
    for ((client, dialect, pool, payee), group) in &groups {
        let first = |of: fn(&SessionRecord) -> Option<&String>| {
            let said = group.sessions.iter().find_map(|r| of(r).map(|t| (t, r.mining.payee.as_deref())));
            said.map(|(text, payee)| plain(&privacy.text(text, payee))).unwrap_or_default()
        };
        let s = group.shares;
        table.row([
            client.clone(),
            (*dialect).to_owned(),
            plain(pool),
            shorten(&plain(payee)),
            shorten(&first(|r| r.mining.worker.as_ref())),
            shorten(&first(|r| r.mining.agent.as_ref())),
            group.sessions.len().to_string(),
            format!("{}/{}/{}", s.submitted, s.accepted, s.rejected),
            rate(group.hashrate),
        ]);
    }
    let (sessions, clients) = (records.len(), clients.len());
    format!(
        "{table}\n{sessions} mining sessions of {clients} clients in {} frames. Shares: submitted/accepted/rejected.\n",
        stats.frames
    )
}

/// The same as one JSON object.
pub(super) fn json(records: &[SessionRecord], stats: &Stats, privacy: &Privacy) -> String {
    let rows: Vec<_> = groups(records, privacy)
        .into_iter()
        .map(|((client, dialect, pool, payee), group)| {
            let first = group.sessions.iter().map(|r| r.mining.started).min().unwrap_or_default();
            let last = group.sessions.iter().map(|r| r.mining.last_seen).max().unwrap_or_default();
            json!({
                "client": client, "dialect": dialect, "pool": pool, "payee": payee, "sessions": group.sessions.len(),
                "shares": {"submitted": group.shares.submitted, "accepted": group.shares.accepted,
                    "rejected": group.shares.rejected},
                "hashrate": (group.hashrate > 0.0).then_some(group.hashrate),
                "started": Timestamp(first).to_string(), "last_seen": Timestamp(last).to_string(),
            })
        })
        .collect();
    let capture = json!({"frames": stats.frames, "bytes": stats.bytes, "stream_gaps": stats.stream_gaps});
    format!("{}\n", json!({"mining": rows, "capture": capture}))
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
