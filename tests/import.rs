//! `geophone rules import` as it is run, and what its lists are worth to the loader and to lookups.

use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use geophone::config::{Config, load_rules};
use geophone::feeds::{self, Columns, Entry, Feed, Options};
use geophone::rules::{Action, RuleSet, Scope};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/feeds")
}

/// A directory of this test's own, gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("geophone-feeds-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A configuration with a directory of rules beside the built-in ones.
    fn config(&self) -> String {
        fs::create_dir(self.0.join("rules")).unwrap();
        self.file("geophone.yaml", "rules:\n  directory: rules\n  built_in: true\n")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn import(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_geophone"))
        .args(["rules", "import"])
        .args(args)
        .current_dir(folder())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn the_list_that_is_written() {
    let args =
        ["--name", "intel", "--category", "proxy", "--expires", "2027-01-31", "table.csv", "adblock.txt"];
    let output = import(&args);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let expected = "\
# geophone hosts 1
# feed intel
# from table.csv (csv)
# from adblock.txt (adblock)
# Title: sample
# License: https://licence.example.com
# 9 listed, 1 allowed, 9 refused (malformed 2, path 2, pattern 5)
@\tcategory=proxy\tsources=intel\texpires=2027-01-31
75.119.150.111:3333\toperator=Gamma\tcoins=XMR
eta-mine.com
foo.github.io
pool.alpha-mine.com\toperator=Alpha, the Pool\tcoins=BTC,LTC\tports=443,3333\tlast_seen=2026-04-21
@\tcategory=proxy\tgroup=legacy\tsources=intel\texpires=2027-01-31
pool.beta-mine.com\toperator=Beta\tcoins=XMR\tports=5555
@\tmatch=suffix\tcategory=proxy\tsources=intel\texpires=2027-01-31
alpha-mine.com
beta-mine.com
gamma-mine.com
zeta-mine.com
@\tmatch=suffix\taction=allow\tsources=intel\texpires=2027-01-31
alpha-mine.com.br
";
    assert_eq!(stdout(&output), expected);
    let report = stderr(&output);
    assert!(
        report
            .contains("adblock.txt: adblock: read 14, taken 7, duplicates 0, narrowed to exact 1, refused 7"),
        "{report}"
    );
    assert!(!report.contains("line 7"), "{report}");
    let verbose = import(&["-v", "adblock.txt"]);
    assert!(
        stderr(&verbose).contains("    line 7: ||ddns.net^*=ws://$third-party\n"),
        "{}",
        stderr(&verbose)
    );
}

#[test]
fn the_same_feed_gives_the_same_file() {
    let scratch = Scratch::new("same");
    let list = scratch.0.join("intel.hosts");
    let list = list.to_str().unwrap();
    assert_eq!(code(&import(&["-o", list, "table.csv"])), Some(0));
    let (first, written) = (fs::read(list).unwrap(), fs::metadata(list).unwrap().modified().unwrap());
    assert_eq!(code(&import(&["-o", list, "table.csv"])), Some(0));
    assert_eq!(fs::read(list).unwrap(), first);
    assert_eq!(fs::metadata(list).unwrap().modified().unwrap(), written, "not even touched");
    assert_eq!(code(&import(&["-o", list, "table.csv", "plain.txt"])), Some(0));
    assert_ne!(fs::read(list).unwrap(), first);
    let beside: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside, ["intel.hosts"], "no temporary file is left");
}

#[test]
fn a_file_is_not_replaced_by_much_less() {
    let scratch = Scratch::new("less");
    let ten: String = (0..10).map(|n| format!("p{n}.a-mine.com\n")).collect();
    let (ten, five) = (scratch.file("ten.txt", &ten), scratch.file("five.txt", &ten[..70]));
    let four = scratch.file("four.txt", &fs::read(&ten).unwrap()[..56]);
    let none = scratch.file("none.txt", "co.uk\n");
    let list = scratch.0.join("list.hosts");
    let list = list.to_str().unwrap();
    assert_eq!(code(&import(&["-o", list, &ten])), Some(0));
    let full = fs::read(list).unwrap();
    for less in [&four, &none] {
        let output = import(&["-o", list, less]);
        assert_eq!(code(&output), Some(1), "{}", stderr(&output));
        assert_eq!(fs::read(list).unwrap(), full);
    }
    assert_eq!(code(&import(&["-o", list, "--force", &four])), Some(0));
    assert_ne!(fs::read(list).unwrap(), full);
    assert_eq!(code(&import(&["-o", list, &ten])), Some(0));
    assert_eq!(code(&import(&["-o", list, &five])), Some(0), "half is enough");
    let other = scratch.file("other.conf", "something: else\n");
    assert_eq!(code(&import(&["-o", &other, &ten])), Some(1));
    assert_eq!(fs::read(&other).unwrap(), b"something: else\n");
}

#[test]
fn exit_codes() {
    for (args, expected) in [
        (&["table.csv"][..], 0),
        (&["--allow", "warninglist.json"], 0),
        (&["--format", "plain", "dataset.lst"], 1),
        (&[], 64),
        (&["--format", "excel", "table.csv"], 64),
        (&["--category", "bank", "table.csv"], 64),
        (&["--expires", "tomorrow", "table.csv"], 64),
        (&["--match", "regex", "table.csv"], 64),
        (&["--columns", "port=1", "table.csv"], 64),
        (&["--name", "a b", "table.csv"], 64),
        (&["not-there.txt"], 66),
        (&["."], 66),
        (&["table.csv", "not-there.txt"], 66),
        (&["-o", "/nonexistent/dir/x.hosts", "table.csv"], 1),
        (&["--format", "misp-event", "table.csv"], 78),
        (&["../feeds.rs"], 78),
    ] {
        let output = import(args);
        assert_eq!(code(&output), Some(expected), "{args:?}: {}", stderr(&output));
        assert!(expected == 0 || stderr(&output).contains("geophone: error: "), "{args:?}");
    }
    let output = import(&["../feeds.rs"]);
    assert!(stderr(&output).starts_with("geophone: error: feeds.rs:"), "{}", stderr(&output));
}

#[test]
fn standard_input_is_a_feed() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_geophone"))
        .args(["rules", "import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a-mine.com\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), Some(0));
    assert_eq!(
        stdout(&output),
        "# geophone hosts 1\n# feed stdin\n# from stdin (plain)\n# 1 listed, 0 allowed, 0 refused\n@\tsources=stdin\na-mine.com\n"
    );
}

/// What a sample must be told, for the command and for the reader.
fn columns(name: &str) -> (&'static [&'static str], Option<Columns>) {
    match name {
        "table-no-head.csv" => (&["--columns", "domain=2,port=3"], Columns::parse("domain=2,port=3").ok()),
        _ => (&[], None),
    }
}

/// What the reader itself makes of a sample.
fn read(name: &str) -> Feed {
    let text = fs::read(folder().join(name)).unwrap();
    feeds::read(name, &text, &Options { columns: columns(name).1, ..Options::default() }).unwrap()
}

fn samples() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names.len(), 15);
    names
}

/// The rules of a configuration file for which the program itself finds no fault.
fn checked(config: &str) -> RuleSet {
    let output = Command::new(env!("CARGO_BIN_EXE_geophone")).args(["check", "-c", config]).output().unwrap();
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    load_rules(&Config::load(Some(Path::new(config))).unwrap()).unwrap()
}

/// Asks the rules for an entry as traffic would show it.
fn look(rules: &RuleSet, entry: &Entry, sample: &str) {
    let name = &*entry.name;
    let listed = entry.action == Action::List;
    if entry.is_address() {
        let (addr, port) = match (name.parse::<SocketAddr>(), name.split_once('/')) {
            (Ok(socket), _) => (socket.ip(), socket.port()),
            (_, Some((first, _))) => (first.parse::<IpAddr>().unwrap(), 1),
            _ => (name.parse().unwrap(), 1),
        };
        assert!(rules.may_be_address(addr), "{sample}: {name}");
        assert_eq!(rules.address(addr, port).is_some(), listed, "{sample}: {name}");
        return;
    }
    assert_eq!(rules.is_allowed(name), !listed, "{sample}: {name}");
    let found = rules.host(&name.to_ascii_uppercase());
    assert_eq!(found.map(|f| f.domain), listed.then_some(name), "{sample}");
    // Another entry's suffix may speak for what this one does not.
    let is_found = |host: &str| rules.host(host).is_some_and(|found| found.domain == name);
    let (suffix, below) = (entry.scope == Scope::Suffix, format!("not-in-any-feed.{name}"));
    assert_eq!(is_found(&below), listed && suffix, "{sample}: {below}");
    assert!(!suffix || rules.is_allowed(&below) != listed, "{sample}: {below}");
    assert!(!is_found(&format!("not{name}")), "{sample}: not{name}");
}

#[test]
fn every_sample_becomes_rules_that_find_its_hosts() {
    for sample in samples() {
        let scratch = Scratch::new(&format!("load-{sample}"));
        let (config, list) = (scratch.config(), scratch.0.join("rules/a-feed.hosts"));
        let args = [&["-o", list.to_str().unwrap()], columns(&sample).0, &[&sample]].concat();
        let output = import(&args);
        assert_eq!(code(&output), Some(0), "{sample}: {}", stderr(&output));

        let (rules, feed) = (checked(&config), read(&sample));
        let count = rules.list_counts().iter().find(|c| &*c.list == "a-feed.hosts").unwrap();
        assert_eq!(count.hosts + count.addresses + count.allowed, feed.entries.len(), "{sample}");
        assert!(!feed.entries.is_empty(), "{sample}");
        feed.entries.iter().for_each(|entry| look(&rules, entry, &sample));
    }
}

#[test]
fn what_a_feed_says_of_a_host_is_what_rules_know_of_it() {
    let scratch = Scratch::new("facts");
    let config = scratch.config();
    let list = scratch.0.join("rules/intel.hosts");
    let output = import(&[
        "-o",
        list.to_str().unwrap(),
        "--category",
        "proxy",
        "--expires",
        "2027-01-31",
        "table.csv",
    ]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let rules = checked(&config);
    let alpha = rules.host("pool.alpha-mine.com").unwrap();
    assert_eq!((alpha.operator(), alpha.about.ports.as_slice()), ("Alpha, the Pool", &[443, 3333][..]));
    assert_eq!((alpha.about.category.name(), alpha.about.group.name()), ("proxy", "current"));
    assert_eq!((&*alpha.about.source, alpha.about.expires.as_deref()), ("table", Some("2027-01-31")));
    assert_eq!(rules.host("pool.beta-mine.com").unwrap().about.group.name(), "legacy");
}

#[test]
fn what_the_rules_in_force_allow_no_feed_lists() {
    let scratch = Scratch::new("allowed");
    // arc.io, tumblr.com and github.io are allowed by rules/allow.hosts with what is below them; but below github.io
    // everybody has names, and they are strangers to each other.
    let feed = scratch
        .file("feed.txt", "arc.io\ncore.arc.io\nnotarc.io\nown.a-mine.com\nwww.tumblr.com\nfoo.github.io\n");
    let output = import(&["-v", &feed]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).ends_with("@\tsources=feed\nfoo.github.io\nnotarc.io\nown.a-mine.com\n"),
        "{}",
        stdout(&output)
    );
    let report = stderr(&output);
    assert!(report.contains("  refused        3  allowed: "), "{report}");
    assert!(
        report.contains("    line 1: arc.io\n    line 2: core.arc.io\n    line 5: www.tumblr.com\n"),
        "{report}"
    );

    let config = scratch.config();
    scratch.file(
        "rules/own.hosts",
        "# geophone hosts 1\n@\taction=allow\nfoo.github.io\n@\taction=allow\tmatch=suffix\na-mine.com\n",
    );
    let output = import(&["-c", &config, &feed]);
    assert!(stdout(&output).ends_with("@\tsources=feed\nnotarc.io\n"), "{}", stdout(&output));
    let output = import(&["--config", &config, "--allow", &feed]);
    let allowed = "\nfoo.github.io\nnotarc.io\nown.a-mine.com\nwww.tumblr.com\n";
    assert!(stdout(&output).ends_with(allowed), "{}", stdout(&output));
    assert!(stdout(&output).contains("\n@\taction=allow\tsources=feed\narc.io\n"), "{}", stdout(&output));

    scratch.file("rules/own.hosts", "# geophone hosts 1\nno name\n");
    let output = import(&["-c", &config, &feed]);
    assert_eq!((code(&output), stdout(&output)), (Some(78), ""), "{}", stderr(&output));
    assert!(stderr(&output).contains("own.hosts:2:1: "), "{}", stderr(&output));
}
