//! The page about alerts and the runbooks: they are those of the rules, and what they ask is PromQL.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use super::programs::judge;
use super::{alerts, recorded, root, text, word};

#[test]
fn runbooks_and_index_are_those_of_the_alerts() {
    let page = text("docs/alerts.md");
    let mut rows = BTreeMap::new();
    for line in page.lines().filter(|l| l.starts_with("| [Geophone")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_start_matches('[').split(']').next().unwrap();
        assert_eq!(cells[1], format!("[{name}](runbooks/{name}.md)"));
        rows.insert(name.to_owned(), (cells[2].to_owned(), cells[3].to_owned()));
    }
    let alerts = alerts().into_iter().map(|(name, (_, rule))| {
        (name, (word(&rule["labels"], "severity").to_owned(), word(&rule, "for").to_owned()))
    });
    assert_eq!(rows, alerts.collect());

    let books = fs::read_dir(root().join("docs/runbooks")).unwrap();
    let books: BTreeSet<String> =
        books.map(|e| e.unwrap().file_name().into_string().unwrap().replace(".md", "")).collect();
    assert_eq!(books, rows.into_keys().collect());
    for name in books {
        let book = text(format!("docs/runbooks/{name}.md"));
        assert!(book.starts_with(&format!("# {name}\n")), "{name}");
        let product = ["Client", "Browser", "Pool", "Payee", "NewPool"].iter();
        let product = product.map(|p| format!("Geophone{p}")).any(|p| name.starts_with(&p));
        let told = product && name != "GeophoneClientsOverflow";
        let parts = ["## What it means", "## What to check", "## False alarms", "## What to do"];
        for part in parts.iter().chain(told.then_some(&"## What to tell the subscriber")) {
            assert!(book.lines().any(|l| l == *part), "{name}: no {part}");
        }
    }
}

#[test]
fn every_record_is_documented() {
    let page = text("docs/alerts.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|l| l.strip_prefix("| `")?.split('`').next())
        .filter(|n| n.contains(':'))
        .collect();
    let recorded = recorded();
    assert_eq!(rows, recorded.keys().map(String::as_str).collect());
    for name in recorded.keys() {
        let parts: Vec<&str> = name.split(':').collect();
        assert_eq!(parts.len(), 3, "{name} is not level:metric:operations");
        assert!(!parts[1].ends_with("_total"), "{name}: a rate is no counter");
    }
}

/// Each line of the runbooks' PromQL as a rule of its own, read by the real parser.
#[test]
fn what_the_runbooks_ask_is_promql() {
    let mut lines = Vec::new();
    for entry in fs::read_dir(root().join("docs/runbooks")).unwrap() {
        let book = fs::read_to_string(entry.unwrap().path()).unwrap();
        let blocks =
            book.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
        lines.extend(blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()));
    }
    assert!(lines.len() > 40, "only {} questions", lines.len());
    let rules =
        lines.iter().enumerate().map(|(n, line)| format!("  - {{record: \"q:{n}\", expr: {line:?}}}\n"));
    let file = env::temp_dir().join(format!("geophone-runbooks-{}.yaml", std::process::id()));
    fs::write(&file, format!("groups:\n- name: runbooks\n  rules:\n{}", rules.collect::<String>())).unwrap();
    judge("promtool", &["check", "rules", "--lint=none", file.to_str().unwrap()]);
    fs::remove_file(file).unwrap();
}
