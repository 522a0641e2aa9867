//! The page about alerts and the runbooks: they are those of the rules, what they ask of Prometheus is PromQL, and what
//! they ask of events has an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
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

/// What a line of the runbooks says where it names somebody: clients of the captures, one of which each line knows.
const CLIENTS: [&str; 3] = ["10.20.4.6", "10.20.30.32", "10.20.60.62"];
const PAYEE: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";

/// Each question to the events is asked of what the program writes of the captures, as somebody would paste it.
#[test]
fn what_the_runbooks_ask_of_events_has_an_answer() {
    if !Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        let _ = writeln!(io::stderr(), "skipped what_the_runbooks_ask_of_events_has_an_answer: no jq here");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runbooks");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("eve.json"), events()).unwrap();
    let mut asked = 0;
    for entry in fs::read_dir(root().join("docs/runbooks")).unwrap() {
        let path = entry.unwrap().path();
        for question in questions(&fs::read_to_string(&path).unwrap()) {
            asked += 1;
            let of = |client: &str| {
                answer(&folder, &question.replace("192.0.2.7", client).replace("PAYEE", PAYEE))
            };
            let answers = CLIENTS.map(of);
            assert!(answers.iter().any(|a| !a.trim().is_empty()), "{}: {question}: nothing", path.display());
        }
    }
    assert!(asked > 9, "only {asked} questions");
}

/// What `geophone read` writes of all captures in the tree.
fn events() -> Vec<u8> {
    let captures = fs::read_dir(root().join("tests/captures")).unwrap().map(|e| e.unwrap().path());
    let mut captures: Vec<_> = captures.filter(|p| p.extension().is_some_and(|e| e == "pcap")).collect();
    captures.sort();
    let arguments = ["read", "--summary", "none", "--events", "-"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_geophone")).args(arguments).args(captures).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// The commands of a page that begin with jq, each up to the next.
fn questions(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut found: Vec<String> = Vec::new();
    for block in blocks.filter(|block| block.starts_with("jq ")) {
        for line in block.lines() {
            match found.last_mut() {
                Some(question) if !line.starts_with("jq ") => *question += &format!("\n{line}"),
                _ => found.push(line.to_owned()),
            }
        }
    }
    found
}

fn answer(folder: &Path, command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).current_dir(folder).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
