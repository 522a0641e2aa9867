//! The documents against the program: every metric, dialect, option, key, path and link that they name is there, what
//! must be named is named, and README's samples are what the program really says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use geophone::config;
use geophone::detect::Dialect;
use geophone::metrics::CATALOGUE;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What the program prints on standard output.
fn said(args: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_geophone")).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "geophone {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// All files of the source tree, by their path in it.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !matches!(name.to_str(), Some(".git" | "target" | "artifacts" | "corpus")) {
                folders.push(entry.path());
            } else if kind.is_file() && name != ".git" {
                // In a worktree that is a file with a place of this machine.
                found.push(entry.path().strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    assert!(found.len() > 100, "the tree is not where it was");
    found
}

/// The documents, by their path, and what they say.
fn documents() -> Vec<(PathBuf, String)> {
    let of_markdown = |p: &PathBuf| p.extension().is_some_and(|e| e == "md");
    files().into_iter().filter(of_markdown).map(|p| (p.clone(), text(&p))).collect()
}

/// A document cut into code blocks and the rest.
fn blocks(document: &str) -> (Vec<String>, String) {
    let (mut code, mut rest, mut inside) = (Vec::new(), String::new(), false);
    for line in document.lines() {
        if line.starts_with("```") {
            inside = !inside;
            if inside {
                code.push(format!("{line}\n"));
            }
        } else if inside {
            code.last_mut().unwrap().push_str(&format!("{line}\n"));
        } else {
            rest.push_str(&format!("{line}\n"));
        }
    }
    assert!(!inside, "a code block has no end");
    (code, rest)
}

/// The code spans of what is no code block.
fn spans(document: &str) -> Vec<String> {
    let rest = blocks(document).1;
    rest.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The words of a text that begin with `head` and go on with what `more` allows.
fn words(text: &str, head: &str, more: fn(char) -> bool) -> BTreeSet<String> {
    let word = |(at, _): (usize, &str)| {
        let before = text[..at].chars().next_back();
        let word: String = text[at..].chars().take_while(|c| more(*c) || head.contains(*c)).collect();
        (!before.is_some_and(|c| more(c) || head.ends_with(c))).then_some(word)
    };
    text.match_indices(head).filter_map(word).collect()
}

fn of_a_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

#[test]
fn no_document_names_a_metric_that_is_not_there() {
    for (path, document) in documents() {
        // Behind a colon it is recorded, which tests/alerts.rs looks at.
        for name in words(&document.replace(":geophone_", ":"), "geophone_", of_a_name) {
            assert!(CATALOGUE.iter().any(|e| e.name == name), "{}: {name} is no metric", path.display());
        }
    }
}

#[test]
fn every_dialect_has_its_section_and_no_other_has() {
    let page = text("docs/dialects.md");
    let headings: Vec<&str> =
        page.lines().filter_map(|l| l.strip_prefix("## ")).filter(|h| h.chars().all(of_a_name)).collect();
    assert_eq!(headings, {
        let mut names = Dialect::ALL.map(Dialect::name);
        names.sort_unstable();
        names
    });
}

const COMMANDS: [&[&str]; 9] = [
    &[],
    &["run"],
    &["read"],
    &["check"],
    &["rules"],
    &["rules", "import"],
    &["rules", "list"],
    &["rules", "test"],
    &["devices"],
];

/// Long and short options of a text.
fn options(text: &str) -> BTreeSet<String> {
    let long = words(text, "--", |c| of_a_name(c) || matches!(c, '-' | '.'));
    let is_short =
        |w: &&str| w.len() == 2 && w.starts_with('-') && w.ends_with(|c: char| c.is_ascii_alphabetic());
    let short = text.split(|c: char| !(c == '-' || c == '.' || c.is_ascii_alphanumeric())).filter(is_short);
    long.into_iter().filter(|w| w.contains(char::is_alphanumeric)).chain(short.map(str::to_owned)).collect()
}

#[test]
fn every_option_is_in_the_document_and_no_other() {
    let page = text("docs/cli.md");
    let documented = options(&page);
    let mut known = BTreeSet::new();
    for command in COMMANDS {
        let help = said(&[command, &["--help"]].concat());
        // Options stand at the start of indented lines; descriptions may name others.
        let lines = help.lines().map(str::trim_start).filter(|l| l.starts_with('-') && !l.starts_with("- "));
        known.extend(lines.flat_map(|l| options(l.split("  ").next().unwrap())));
        let name = format!("geophone {}", command.join(" "));
        assert!(page.contains(name.trim_end()), "docs/cli.md has no {name}");
    }
    assert_eq!(documented, known);
    for line in
        said(&["--help"]).lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty())
    {
        let command = line.split_whitespace().next().unwrap();
        assert!(page.contains(&format!("geophone {command}")), "docs/cli.md has no command {command}");
        assert!(command == "help" || COMMANDS.contains(&&[command][..]), "this test does not know {command}");
    }
}

#[test]
fn every_configuration_key_named_is_there() {
    let defaults: serde_yaml::Value = serde_yaml::from_str(config::DEFAULT).unwrap();
    let mut seen = 0;
    // docs/events.md names fields of events, some of which look alike.
    for (path, document) in documents().into_iter().filter(|(p, _)| !p.ends_with("docs/events.md")) {
        for span in spans(&document) {
            let key = span.split(':').next().unwrap();
            let Some((section, key)) = key.split_once('.').filter(|(_, k)| k.chars().all(of_a_name)) else {
                continue;
            };
            let Some(keys) = defaults.get(section) else { continue };
            assert!(keys.get(key).is_some(), "{}: `{span}` is no configuration key", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} keys are named");
}

#[test]
fn every_source_path_named_is_there() {
    let mut seen = 0;
    for (path, document) in documents() {
        for span in spans(&document) {
            let folder = ["src/", "tests/", "docs/", "rules/", "config/", "scripts/"]
                .iter()
                .any(|f| span.starts_with(f));
            if folder && !span.contains(['*', ' ', '<']) && !span.contains("NAME") {
                assert!(root().join(&span).exists(), "{}: {span} is not there", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} paths are named");
}

#[test]
fn every_module_has_a_place_in_the_architecture() {
    let document = text("ARCHITECTURE.md");
    let rows: String = document.lines().filter(|l| l.starts_with("| ") && l.contains("` | ")).collect();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            module == "lib" || rows.contains(&format!("`{module}`")),
            "ARCHITECTURE.md: no floor for {module}"
        );
    }
}

/// A heading's anchor, as forges make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn relative_links_lead_somewhere() {
    let mut seen = 0;
    for (path, document) in documents() {
        let (_, rest) = blocks(&document);
        for link in rest.split("](").skip(1).filter_map(|l| l.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            seen += 1;
            let (file, place) = link.split_once('#').map_or((link, None), |(f, p)| (f, Some(p)));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            assert!(root().join(&target).exists(), "{}: {link} leads nowhere", path.display());
            if let Some(place) = place {
                let (_, there) = blocks(&text(&target));
                let found =
                    there.lines().any(|l| l.starts_with('#') && anchor(l.trim_start_matches('#')) == place);
                assert!(found, "{}: {link} has no such heading", path.display());
            }
        }
    }
    assert!(seen > 30, "only {seen} links");
}

#[test]
fn every_make_target_named_is_there() {
    let makefile = text("Makefile");
    let mut seen = 0;
    for (path, document) in documents() {
        let code: Vec<String> = blocks(&document).0.into_iter().chain(spans(&document)).collect();
        for line in code.iter().flat_map(|c| c.lines()) {
            let Some(target) = line.strip_prefix("make ").and_then(|l| l.split_whitespace().next()) else {
                continue;
            };
            let rule = format!("{target}:");
            assert!(makefile.lines().any(|l| l.starts_with(&rule)), "{}: no `make {target}`", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 4, "only {seen} commands");
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    // In two parts, so that this file does not name them either.
    let places =
        [["/wo", "rk/"], ["shared", "/design"], ["/ro", "ot/"], ["/tmp/", "target-"]].map(|p| p.concat());
    for path in files() {
        let Ok(content) = fs::read_to_string(root().join(&path)) else { continue };
        for place in &places {
            assert!(!content.contains(place.as_str()), "{} names {place}", path.display());
        }
    }
}

#[test]
fn the_samples_of_the_readme_are_real() {
    let (code, _) = blocks(&text("README.md"));
    let console =
        code.iter().find_map(|c| c.strip_prefix("```console\n$ geophone ")).expect("a console sample");
    let (command, shown) = console.split_once('\n').unwrap();
    // Columns are padded to the end, which nobody wants in a document.
    let lines = |text: &str| text.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&said(&command.split(' ').collect::<Vec<_>>())), lines(shown));

    let shown = code.iter().find_map(|c| c.strip_prefix("```json\n")).expect("an event");
    let capture = "tests/captures/btc-minerd-ckpool-solo.pcap";
    let events = said(&["read", "--summary", "none", "--events", "-", capture]);
    let event: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), event);
}

/// A new user pastes it line by line.
#[test]
fn the_quick_start_makes_the_command_that_it_uses() {
    let (code, _) = blocks(&text("README.md"));
    let pasted = code.iter().find_map(|c| c.strip_prefix("```sh\n")).expect("a quick start");
    let made = pasted.find("export PATH=\"$PWD/target/release:$PATH\"").expect("a command is made");
    let (used, _) = pasted.match_indices("\ngeophone ").next().expect("and used");
    assert!(pasted.starts_with("make run") && made < used, "{pasted}");
    for line in pasted.lines().filter_map(|l| l.strip_prefix("geophone ")) {
        said(&line.split('#').next().unwrap().split_whitespace().collect::<Vec<_>>());
    }
}

/// Whose names these are is not ours to say: an address of the project ends in .invalid, which is nobody's (RFC 2606), and
/// the one place on the net that files name as ours is that of the runbooks, which docs/alerts.md tells how to replace.
#[test]
fn no_file_takes_a_name_on_the_net_for_ours() {
    const RUNBOOKS: &str = "https://github.com/geophone/geophone/blob/main/docs/runbooks/";
    let of_a_url = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '`' | '<' | '>' | ')');
    let mut seen = 0;
    for path in files().into_iter().filter(|p| !p.ends_with("tests/docs.rs")) {
        let Ok(content) = fs::read_to_string(root().join(&path)) else { continue };
        for url in words(&content, "https://", of_a_url) {
            let place = url.trim_start_matches("https://");
            let host = place.split('/').next().unwrap();
            if host.contains("geophone") || place.starts_with("github.com/geophone") {
                assert!(url.starts_with(RUNBOOKS), "{}: {url}", path.display());
                seen += 1;
            }
        }
        for (_, domain) in content.match_indices("@geophone").map(|(at, _)| content[at..].split_at(1)) {
            let domain: String =
                domain.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
            assert!(domain.ends_with(".invalid"), "{}: {domain} is somebody's", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} names");
}
