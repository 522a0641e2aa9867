//! ClickHouse's tables hold every field, and the queries answer what is known of the captures.

use super::*;

/// What says nothing in a table of its own: always the same, or what tells the tables apart, or counters.
const LEFT_OUT: [&str; 3] = ["alert.action", "alert.gid", "stats"];

/// Names of a column list, with those of tuples: `(a Int, b Tuple(c Int))` gives `a` and `b.c`.
fn columns(list: &str, above: &str, found: &mut BTreeSet<String>) {
    let (mut depth, mut start) = (0, 0);
    let ends = list.char_indices().filter(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        *c == ',' && depth == 0
    });
    let ends: Vec<usize> = ends.map(|(at, _)| at).chain([list.len()]).collect();
    for end in ends {
        let (name, kind) = list[start..end].trim().split_once(char::is_whitespace).unwrap();
        let name = format!("{above}{name}");
        match kind.trim().strip_prefix("Tuple(") {
            Some(inner) => columns(inner.strip_suffix(')').unwrap(), &format!("{name}."), found),
            None => drop(found.insert(name)),
        }
        start = end + 1;
    }
}

#[test]
fn every_field_is_taken() {
    let schema = text("config/shippers/clickhouse/schema.sql");
    let no_comments: String =
        schema.lines().filter(|l| !l.trim_start().starts_with("--")).map(|l| format!("{l}\n")).collect();
    let block = |head: &str, end: &str| {
        let (_, rest) = no_comments.split_once(head).unwrap_or_else(|| panic!("no {head}"));
        rest.split_once(end).unwrap().0.trim().to_owned()
    };
    let list = block("TABLE IF NOT EXISTS geophone.events\n(", ")\nENGINE");
    let mut found = BTreeSet::new();
    columns(&list, "", &mut found);
    for field in fields().keys().filter(|f| !LEFT_OUT.contains(&f.as_str())) {
        assert!(found.remove(field), "geophone.events has no column for {field}");
    }
    // Of clients that are hidden or named; and whose line it is.
    let more = ["dest_net", "sensor", "src_net", "subscriber"];
    assert!(found.iter().all(|f| more.contains(&f.as_str())), "no fields of events: {found:?}");

    // What arrives goes on: each field of a kind of event into its table.
    for (kind, view) in [("alert", "alerts_arrive"), ("mining_session", "accounts_arrive")] {
        let select = block(&format!("geophone.{view} TO"), "WHERE");
        let words: BTreeSet<&str> =
            select.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).collect();
        let mut names = BTreeMap::new();
        leaves("", &super::schema()["$defs"][kind], &mut names);
        // Counters and rates of an alert are those of its session's first moment.
        let beside = |f: &str| kind == "alert" && is_account(f) || f == "event_type" || LEFT_OUT.contains(&f);
        for field in names.keys().filter(|f| !beside(f)) {
            let taken = words.contains(field.as_str()) || words.contains(format!("e.{field}").as_str());
            // A session has no app_proto but stratum.
            assert!(taken || kind != "alert" && field == "app_proto", "{view} passes over {field}");
        }
    }
}

fn is_account(field: &str) -> bool {
    let account = [
        "jobs",
        "shares",
        "difficulty",
        "hashrate",
        "throttle",
        "midstream",
        "incomplete",
        "started",
        "last_seen",
    ];
    field.strip_prefix("mining.").is_some_and(|f| account.iter().any(|a| f.split('.').next() == Some(a)))
}

/// The last record of each session.
fn sessions(events: &[Value]) -> Vec<&Value> {
    let mut last = BTreeMap::new();
    for event in events.iter().filter(|e| is(e, "mining_session")) {
        last.insert((event["flow_id"].as_u64(), event["mining"]["started"].as_str()), event);
    }
    last.into_values().collect()
}

fn shares(session: &Value, kind: &str) -> u64 {
    session["mining"]["shares"][kind].as_u64().unwrap()
}

fn client(event: &Value) -> &str {
    event["src_ip"].as_str().unwrap()
}

#[test]
fn queries_answer_what_is_known() {
    let Some(python) = python("chdb") else { return };
    // The last that came is still at it: its end is not written yet.
    let newest =
        events().iter().filter(|e| is(e, "mining_session")).max_by_key(|e| e["timestamp"].as_str()).unwrap();
    let still = client(newest);
    let mut sent = events().to_vec();
    sent.retain(|e| !(client(e) == still && e["mining"]["final"] == true));
    let folder = Folder::new("clickhouse");
    let lines = folder.lines("eve.json", &sent);
    let said = run(
        &python,
        "clickhouse.py",
        &[&root().join("config/shippers/clickhouse"), &lines, Path::new(still)],
    );
    let answers: Value = serde_json::from_str(&said).unwrap();
    let rows = |query: &str| answers[query].as_array().unwrap_or_else(|| panic!("no {query}.sql"));

    let sessions = sessions(&sent);
    assert_eq!(answers["kept"]["sessions"], sessions.len());
    assert_eq!(answers["kept"]["alerts"], sent.iter().filter(|e| is(e, "alert")).count());

    let now = rows("now");
    assert!(now.iter().all(|row| row["client"] == still) && !now.is_empty(), "{now:?}");

    check_payees(rows("payees"), rows("shared-payees"), &sessions);
    check_sites(rows("sites"), &sessions);
    let total = |rows: &[Value], key: &str| rows.iter().map(|r| r[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(total(rows("pools"), "sessions"), sessions.len() as u64);
    assert_eq!(total(rows("new-pools"), "clients"), total(rows("pools"), "clients"), "all are of today");
    // Hours come of differences between records, sessions of the last ones.
    for (of_hour, kind) in [("shares_submitted", "submitted"), ("shares_accepted", "accepted")] {
        assert_eq!(total(rows("hours"), of_hour), sessions.iter().map(|s| shares(s, kind)).sum::<u64>());
    }
    assert!(
        rows("client").iter().any(|r| r["what"] == "alert")
            && rows("client").iter().any(|r| r["what"] == "session")
    );
    let names = rows("names");
    let lookup = names.iter().find(|r| r["signal"] == "pool_lookup").unwrap();
    assert_eq!(
        (&lookup["server_name"], &lookup["pool"]),
        (&"pool.supportxmr.com".into(), &"SupportXMR".into())
    );
    assert_eq!(names[0]["certainty"], "strong", "the surest first");
}

/// Payees as the captures' own truth has them, and all of them as the events do.
fn check_payees(payees: &[Value], shared: &[Value], sessions: &[&Value]) {
    let of = |payee: &str, dialect: &str| {
        let row = payees.iter().find(|r| r["payee"] == payee && r["dialect"] == dialect);
        row.unwrap_or_else(|| panic!("no {payee} in {payees:?}"))
    };
    let wallet = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    let truth: Vec<Value> =
        text("tests/captures/truth.jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let users = |row: &&Value| {
        row["users"].as_array().is_some_and(|u| u.iter().any(|u| u.as_str().unwrap().starts_with(wallet)))
    };
    let truth: Vec<&Value> = truth.iter().filter(users).collect();
    assert!(truth.len() > 2);
    for (column, key) in
        [("shares_submitted", "submits"), ("shares_accepted", "accepted"), ("shares_rejected", "rejected")]
    {
        let known: u64 = truth.iter().map(|r| r[key].as_u64().unwrap()).sum();
        assert_eq!(of(wallet, "bitcoin")[column], known, "{column}");
    }
    let mut clients: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for session in sessions {
        if let Some(payee) = session["mining"]["payee"].as_str() {
            clients.entry(payee).or_default().insert(client(session));
        }
    }
    let listed: BTreeSet<&str> = payees.iter().map(|r| r["payee"].as_str().unwrap()).collect();
    assert_eq!(listed, clients.keys().copied().collect());
    clients.retain(|_, c| c.len() > 1);
    let listed: BTreeMap<&str, u64> =
        shared.iter().map(|r| (r["payee"].as_str().unwrap(), r["clients"].as_u64().unwrap())).collect();
    assert_eq!(listed, clients.iter().map(|(p, c)| (*p, c.len() as u64)).collect());
}

fn check_sites(rows: &[Value], sessions: &[&Value]) {
    let mut clients: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for session in sessions {
        if let Some(site) = session["mining"]["site"].as_str() {
            clients.entry(site).or_default().insert(client(session));
        }
    }
    assert!(clients.len() > 1);
    let listed: BTreeMap<&str, u64> =
        rows.iter().map(|r| (r["site"].as_str().unwrap(), r["clients"].as_u64().unwrap())).collect();
    assert_eq!(listed, clients.iter().map(|(s, c)| (*s, c.len() as u64)).collect());
}
