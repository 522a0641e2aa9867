//! The floors of ARCHITECTURE.md: a module may know its own floor and the ones below, never one above. Read from the
//! source text (`crate::…`, `super::…` out of a module, `geophone::…` in the binary), so a path in an expression
//! counts as much as a `use`. Tests are not looked at: they may build what they need.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: [&[&str]; 6] = [
    &["bytes", "wire"],
    &["packet", "screen", "flow", "stratum"],
    &["rules", "detect", "learned"],
    &["sensor"],
    &["config", "capture", "feeds", "ledger", "metrics", "eve", "web", "privacy", "subscribers"],
    &["main", "cli", "daemon"],
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

#[test]
fn arrows_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    assert!(files.len() > 10, "the sources are not where they were");
    let mut faults = BTreeSet::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        faults.extend(check(&inside, &text));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_module_of_the_library_has_a_floor() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let code = strip(&text);
    let declared = words_after(&code, "mod ").into_iter().chain(core_floor(&code));
    let unknown: Vec<String> = declared.filter(|m| floor(m).is_none() && !m.is_empty()).collect();
    assert!(unknown.is_empty(), "give these modules a floor: {unknown:?}");
}

/// The checker itself, on sources with known arrows.
#[test]
fn the_checker_sees_arrows() {
    let faults = |file: &str, text: &str| check(Path::new(file), text).len();
    assert_eq!(faults("packet.rs", "use crate::detect::Event;"), 1);
    assert_eq!(faults("packet/decode.rs", "fn f() { crate::config::load(); }"), 1);
    assert_eq!(faults("rules.rs", "use crate::{\n bytes::Reader, sensor::{Stats, Limit}, cli };"), 2);
    assert_eq!(faults("rules.rs", "use super::sensor;"), 1);
    assert_eq!(faults("rules/hosts.rs", "use super::sensor; use super::super::sensor::Stats;"), 1);
    assert_eq!(faults("config/yaml/walk.rs", "use super::super::super::daemon;"), 1);
    assert_eq!(faults("main.rs", "use geophone::daemon;"), 0);
    assert_eq!(faults("main.rs", "use geophone::engine;"), 1, "unknown module");
    assert_eq!(faults("engine.rs", ""), 1, "unknown file");
    assert_eq!(faults("engine/x.rs", ""), 1, "unknown folder");
    assert_eq!(faults("bytes.rs", "macro_rules! m { () => { $crate::web::x() } }"), 1);
    assert_eq!(faults("bytes.rs", "pub(in crate::web) fn x() {}"), 1);
    assert_eq!(faults("sensor.rs", "use crate :: eve :: Writer;"), 1);
}

#[test]
fn the_checker_leaves_the_rest_alone() {
    let faults = |file: &str, text: &str| check(Path::new(file), text).len();
    assert_eq!(faults("sensor.rs", "use crate::{bytes, flow::Table};"), 0);
    assert_eq!(faults("rules.rs", "use crate::detect::Signal;"), 0, "the same floor");
    assert_eq!(faults("packet.rs", "//! see crate::web\n/* crate::web /* crate::eve */ crate::cli */"), 0);
    assert_eq!(
        faults(
            "packet.rs",
            r###"const A: &str = "crate::web \" crate::eve"; const B: &str = r#"crate::"web"#;"###
        ),
        0
    );
    assert_eq!(faults("packet.rs", "const C: char = '\"'; const D: &str = \"crate::web\";"), 0);
    assert_eq!(faults("packet.rs", "fn f<'a>(x: &'a str) -> char { '\\'' } // crate::web"), 0);
    assert_eq!(faults("packet.rs", "#[cfg(test)]\nmod tests { use crate::web; mod x { fn y() {} } }\n"), 0);
    assert_eq!(faults("packet.rs", "#[cfg(test)]\nmod tests;\nuse crate::web;"), 1, "what follows counts");
    assert_eq!(faults("packet.rs", "#[cfg(test)] use crate::web; use crate::eve;"), 1);
    assert_eq!(faults("packet/tests.rs", "use crate::web;"), 0);
    assert_eq!(faults("packet/tests/big.rs", "use crate::web;"), 0);
    assert_eq!(
        faults("packet.rs", "use mycrate::web; use crate::MAX;"),
        0,
        "items of the root have no floor"
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The faults of one file, by its path inside `src`.
fn check(file: &Path, text: &str) -> Vec<String> {
    let parts: Vec<String> =
        file.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    let module = parts[0].as_str();
    // The root itself only lists the modules.
    if module == "lib" || parts.iter().any(|p| p == "tests") {
        return vec![];
    }
    let Some(own) = floor(module) else {
        return vec![format!("{}: the module {module} has no floor", file.display())];
    };
    let code = strip(text);
    let mut known = words_after(&code, "crate::");
    known.extend(words_after(&code, &format!("<{}", "super::".repeat(parts.len()))));
    if module == "main" {
        known.extend(words_after(&code, "geophone::"));
    }
    let mut faults = Vec::new();
    for target in known.into_iter().filter(|t| t.starts_with(|c: char| c.is_lowercase())) {
        match floor(&target) {
            Some(above) if above > own => faults.push(format!(
                "{}: {module} (floor {own}) knows {target} (floor {above}): arrows only point down",
                file.display()
            )),
            Some(_) => {}
            None => faults.push(format!("{}: {target} has no floor", file.display())),
        }
    }
    faults
}

/// The first names behind each occurrence of a path's head, groups resolved: `{a, b::{c}}` gives a and b. A head
/// that starts with `<` must not be part of a longer path.
fn words_after(code: &str, head: &str) -> Vec<String> {
    let (head, alone) = match head.strip_prefix('<') {
        Some(head) => (head, true),
        None => (head, false),
    };
    let mut words = Vec::new();
    for (at, _) in code.match_indices(head) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') || (alone && before == Some(':')) {
            continue;
        }
        words.extend(first_names(&code[at + head.len()..]));
    }
    words
}

fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let (mut depth, mut fresh, mut names) = (1, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if c.is_whitespace() => {}
            _ if fresh => {
                names.push(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The names in `core_floor!(a, b)`.
fn core_floor(code: &str) -> Vec<String> {
    let list = code.split("core_floor!(").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Code without comments, literals, test items and the spaces around `::`.
fn strip(text: &str) -> String {
    let mut code = without_tests(&without_literals(text));
    for (from, to) in [(" ::", "::"), (":: ", "::"), ("::\n", "::")] {
        while code.contains(from) {
            code = code.replace(from, to);
        }
    }
    code
}

fn without_literals(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(hashes) = raw_string(rest, &code) {
            let end = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&end).map_or(rest.len(), |at| open + at + end.len())
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && is_char(rest) {
            quoted(rest, '\'')
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skip..];
    }
    code
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// How many hashes a raw string that starts here has.
fn raw_string(rest: &str, before: &str) -> Option<usize> {
    let inside = before.chars().next_back().is_some_and(|c| (c.is_alphanumeric() || c == '_') && c != 'b');
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|b| *b == b'#').count();
    (!inside && rest[1 + hashes..].starts_with('"')).then_some(hashes)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// A character literal, not a lifetime.
fn is_char(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

/// Drops the item behind each `#[cfg(test)]`: to its semicolon, or to the end of its braces.
fn without_tests(code: &str) -> String {
    const TEST: &str = "#[cfg(test)]";
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(TEST) {
        kept.push_str(&rest[..at]);
        rest = &rest[at + TEST.len()..];
        let mut depth = 0;
        let end = rest.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0 && matches!(c, ';' | '}')).then_some(at + 1)
        });
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    kept.push_str(rest);
    kept
}
