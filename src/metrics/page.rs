//! The page `docs/metrics.md`: the prose of `page.template` with the tables of the catalogue. It says nothing of its own.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::catalogue::{CATALOGUE, Entry, Section};
use super::labels::{Label, Told};

/// The longest set that the table of labels spells out.
const MAX_SPELT: usize = 50;

/// The page, as it should stand in the tree.
pub fn page() -> String {
    let mut page = String::new();
    for line in include_str!("page.template").lines() {
        let table = line.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        match table {
            None => page.push_str(line),
            Some("labels") => page.push_str(labels().trim_end()),
            Some(word) => page.push_str(section(word).trim_end()),
        }
        page.push('\n');
    }
    page
}

/// The table of a section, by the template's word for it.
fn section(word: &str) -> String {
    let section = Section::ALL.iter().find(|(_, name)| *name == word).map(|(section, _)| *section);
    let mut table = "| metric | kind | labels | meaning |\n|---|---|---|---|\n".to_owned();
    for entry in CATALOGUE.iter().filter(|entry| Some(entry.section) == section) {
        let labels: Vec<_> = entry.labels.iter().map(|label| format!("`{}`", label.name)).collect();
        let (name, kind) = (entry.name, entry.kind.name());
        let _ = writeln!(table, "| `{name}` | {kind} | {} | {} |", labels.join(", "), meaning(entry));
    }
    table
}

/// The help, the values of labels that have no row elsewhere, and the note.
fn meaning(entry: &Entry) -> String {
    let mut text = entry.help.to_owned();
    for label in entry.labels {
        if let (Told::Row(remarks), Some(values)) = (label.told, label.values()) {
            let remark = |value| remarks.iter().find(|(of, _)| *of == value).map(|(_, remark)| *remark);
            let spelt: Vec<_> = values.into_iter().map(|value| spell(value, remark(value))).collect();
            let _ = write!(text, " `{}`: {}.", label.name, spelt.join(", "));
        }
    }
    if !entry.note.is_empty() {
        let _ = write!(text, " {}", entry.note);
    }
    text
}

fn spell(value: &str, remark: Option<&str>) -> String {
    match remark {
        None => format!("`{value}`"),
        Some(remark) => format!("`{value}` ({remark})"),
    }
}

/// The table of the labels that several metrics have, or whose set is open or long.
fn labels() -> String {
    let all = CATALOGUE.iter().flat_map(|entry| entry.labels);
    let told: BTreeMap<&str, (&Label, &str)> = all
        .filter_map(|label| match label.told {
            Told::Table(about) => Some((label.name, (label, about))),
            Told::Row(_) | Told::Elsewhere => None,
        })
        .collect();
    let mut table = "| label | meaning | values |\n|---|---|---|\n".to_owned();
    for (name, (label, about)) in told {
        let values = match label.values() {
            None => "open".to_owned(),
            Some(values) if values.len() > MAX_SPELT => format!("{} words", values.len()),
            Some(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(table, "| `{name}` | {about} | {values} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_stands_on_the_page_once() {
        let page = page();
        for entry in CATALOGUE {
            let row = format!("| `{}` | {} |", entry.name, entry.kind.name());
            assert_eq!(page.matches(&row).count(), 1, "{}", entry.name);
        }
        assert!(!page.contains("{{"), "the template names a table that is not there");
    }

    #[test]
    fn every_label_is_explained_and_every_remark_is_of_a_value() {
        for label in CATALOGUE.iter().flat_map(|entry| entry.labels) {
            match label.told {
                Told::Row(remarks) => {
                    let values = label.values().unwrap();
                    assert!(remarks.iter().all(|(value, _)| values.contains(value)), "{}", label.name);
                }
                Told::Table(_) | Told::Elsewhere => {
                    assert!(labels().contains(&format!("| `{}` |", label.name)), "{}", label.name);
                }
            }
        }
    }
}
