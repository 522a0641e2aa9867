//! What the examples have in common: they are well formed, read the file that the packaged service writes, label with
//! words of closed lists alone, and are all in the document, whose lines for jq do something.

use serde_yaml::Value as Yaml;

use super::*;

/// The file that the packaged service writes.
const EVENTS: &str = "/var/log/geophone/eve.json";

/// All files below config/shippers.
fn examples() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("config/shippers")]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    assert!(found.len() > 10);
    found
}

/// Dotted words that begin with `head`.
pub(super) fn words(text: &str, head: &str) -> BTreeSet<String> {
    let of_a_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let words = text.split(|c: char| !of_a_word(c)).map(|w| w.trim_end_matches('.'));
    words.filter_map(|w| w.find(head).map(|at| w[at..].to_owned())).collect()
}

#[test]
fn all_read_the_events_where_the_service_writes_them() {
    let mut readers = 0;
    for path in examples() {
        let content = fs::read_to_string(&path).unwrap();
        for (at, _) in content.match_indices("eve.json") {
            assert!(content[..at + 8].ends_with(EVENTS), "{}: another eve.json", path.display());
            readers += 1;
        }
    }
    assert!(readers >= 4 && text("docs/shippers.md").contains(EVENTS));
}

#[test]
fn all_are_well_formed_and_documented() {
    let page = text("docs/shippers.md");
    for path in examples() {
        let content = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        match path.extension().unwrap().to_str().unwrap() {
            "yaml" | "yml" => {
                drop(serde_yaml::from_str::<Yaml>(&content).unwrap_or_else(|e| panic!("{name}: {e}")))
            }
            "alloy" => {
                for pair in ["{}", "[]", "()"] {
                    let count = |c| content.matches(c).count();
                    assert_eq!(count(&pair[..1]), count(&pair[1..]), "{name}: {pair} do not match");
                }
            }
            kind => assert_eq!(kind, "sql", "{name} is of no kind that is known here"),
        }
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert!(
            page.contains(name) || page.contains(&format!("shippers/{folder})")),
            "docs/shippers.md has no {name}"
        );
    }
}

/// Labels that Loki is given, of each example that has it.
fn labels() -> Vec<BTreeSet<String>> {
    let yaml = |path: &str| serde_yaml::from_str::<Yaml>(&text(format!("config/shippers/{path}"))).unwrap();
    let vector = yaml("vector/loki.yaml")["sinks"]["loki"]["labels"].clone();
    let vector = vector.as_mapping().unwrap().keys().map(|k| k.as_str().unwrap().to_owned()).collect();
    let fluent = yaml("fluent-bit/fluent-bit.yaml")["pipeline"]["outputs"].clone();
    let loki = fluent.as_sequence().unwrap().iter().find(|o| o["name"] == "loki").unwrap();
    assert!(loki.get("label_keys").is_none() && loki.get("label_map_path").is_none());
    let fluent =
        loki["labels"].as_str().unwrap().split(',').map(|l| l.trim().split('=').next().unwrap().to_owned());
    let alloy = text("config/shippers/alloy/geophone.alloy");
    let between =
        |head: &str, end: &str| alloy.split_once(head).unwrap().1.split_once(end).unwrap().0.to_owned();
    let given = |list: String| -> Vec<String> {
        list.split([',', '\n']).filter_map(|l| Some(l.split_once('=')?.0.trim().to_owned())).collect()
    };
    let targets = given(between("path_targets = [{", "}]")).into_iter().filter(|l| l != "__path__");
    let stage = given(between("stage.labels {\n    values = {", "}"));
    vec![vector, fluent.collect(), targets.chain(stage).collect()]
}

#[test]
fn labels_are_words_of_closed_lists() {
    let allowed = BTreeSet::from(["event_type", "job", "sensor"].map(str::to_owned));
    for labels in labels() {
        assert_eq!(labels, allowed);
    }
    let loki = text("docs/shippers.md");
    let (_, section) = loki.split_once("## Loki").unwrap();
    for selector in section.split("## ").next().unwrap().split('{').skip(1).filter(|s| s.starts_with("job")) {
        let used = selector
            .split('}')
            .next()
            .unwrap()
            .split(',')
            .map(|l| l.split('=').next().unwrap().trim().to_owned());
        assert!(used.collect::<BTreeSet<_>>().is_subset(&allowed), "{selector}");
    }
}

#[test]
fn the_lines_for_jq_say_something() {
    if !Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        eprintln!("skipped: no jq here");
        return;
    }
    let folder = Folder::new("jq");
    let mut sent = events().to_vec();
    let mut stats = Vec::new();
    geophone::eve::Renderer::default().stats(&geophone::eve::StatsRecord::default(), &mut stats);
    sent.push(serde_json::from_slice(&stats).unwrap());
    folder.lines("eve.json", &sent);
    let page = text("docs/shippers.md");
    let mut answers = Vec::new();
    for line in page.lines().filter(|l| l.starts_with("jq ")) {
        let output = Command::new("sh").args(["-c", line]).current_dir(&folder.0).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
        answers.push(String::from_utf8(output.stdout).unwrap());
        assert!(!answers.last().unwrap().trim().is_empty(), "{line}: nothing");
    }
    assert_eq!(answers.len(), 5);
    assert_eq!(answers[0].lines().count(), sent.iter().filter(|e| is(e, "alert")).count());
    // As truth.jsonl has it: four miners, 33 + 23 + 10 shares accepted.
    assert!(answers[2].contains("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\t4\t4\t66\n"), "{}", answers[2]);
}
