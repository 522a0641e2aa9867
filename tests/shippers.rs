//! The examples in config/shippers, and docs/shippers.md: they name only fields that events have, agree with each other,
//! and do what they say with events that the real program writes. Vector's programs run in Vector's own runtime, tables
//! and queries in chDB, which is ClickHouse; skipped, with a line that says so, where those are not to be had.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

#[path = "shippers/clickhouse.rs"]
mod clickhouse;
#[path = "shippers/files.rs"]
mod files;
#[path = "shippers/mapping.rs"]
mod mapping;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn schema() -> Value {
    serde_json::from_str(&text("docs/eve.schema.json")).unwrap()
}

/// Fields of all events by their dotted names, each with its schema; `stats` is one.
fn fields() -> BTreeMap<String, Value> {
    let schema = schema();
    let mut found = BTreeMap::new();
    for kind in ["alert", "mining_session"] {
        leaves("", &schema["$defs"][kind], &mut found);
    }
    found.insert("stats".to_owned(), schema["$defs"]["stats"]["properties"]["stats"].clone());
    assert!(found.len() > 50, "the schema is not as this test knows it");
    found
}

fn leaves(name: &str, schema: &Value, found: &mut BTreeMap<String, Value>) {
    let Some(properties) = schema["properties"].as_object() else {
        found.insert(name.to_owned(), schema.clone());
        return;
    };
    for (key, below) in properties {
        let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        leaves(&name, below, found);
    }
}

/// The value at a dotted name.
fn at<'a>(event: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(event, |value, key| value.get(key))
}

/// Every value that is no object, by its dotted name.
fn flat(value: &Value) -> BTreeMap<String, Value> {
    fn walk(name: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
        match value.as_object() {
            Some(object) => {
                for (key, below) in object {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    walk(&name, below, found);
                }
            }
            None => drop(found.insert(name.to_owned(), value.clone())),
        }
    }
    let mut found = BTreeMap::new();
    walk("", value, &mut found);
    found
}

/// What the program writes of all captures in the tree.
fn events() -> &'static [Value] {
    static EVENTS: OnceLock<Vec<Value>> = OnceLock::new();
    EVENTS.get_or_init(|| {
        let mut captures: Vec<PathBuf> =
            fs::read_dir(root().join("tests/captures")).unwrap().map(|e| e.unwrap().path()).collect();
        captures.retain(|p| p.extension().is_some_and(|e| e == "pcap"));
        captures.sort();
        let output = Command::new(env!("CARGO_BIN_EXE_geophone"))
            .args(["read", "--summary", "none", "--events", "-"])
            .args(captures)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let events: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert!(events.len() > 100);
        events
    })
}

fn is(event: &Value, kind: &str) -> bool {
    event["event_type"] == kind
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shippers-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn lines(&self, name: &str, events: &[Value]) -> PathBuf {
        self.file(name, &events.iter().map(|e| format!("{e}\n")).collect::<String>())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The Python that scripts/setup made, or the machine's, if it has the module.
fn python(module: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_geophone")).ancestors().nth(2).unwrap();
    let found = [target.join("tools/python/bin/python"), "python3".into()].into_iter().find(|python| {
        let import =
            Command::new(python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        import.is_ok_and(|s| s.success())
    });
    if found.is_none() {
        eprintln!("skipped: no Python with {module} here; scripts/setup installs it where it can");
    }
    found
}

/// What a script of tests/shippers prints.
fn run(python: &Path, script: &str, args: &[&Path]) -> String {
    let output =
        Command::new(python).arg(root().join("tests/shippers").join(script)).args(args).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What stands in backquotes.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
