//! Man pages and completions, made of the command line's definition, docs/cli.md and config/geophone.yaml.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use geophone::config;

use super::same;

const DOCUMENT: &str = include_str!("../../docs/cli.md");

/// The definition as typed: with full names of subcommands, without the pages of `help`.
fn definition() -> Command {
    let value = |command: Command| command.subcommand_value_name("command");
    let mut command =
        value(geophone::cli::command()).disable_help_subcommand(true).mut_subcommand("rules", value);
    command.build();
    command
}

/// A command and all below it, with the names of their pages.
fn commands(command: &Command, above: &str) -> Vec<(String, Command)> {
    let name = format!("{above}{}", command.get_name());
    let below = command.get_subcommands().flat_map(|c| commands(c, &format!("{name}-")));
    std::iter::once((name.clone(), command.clone())).chain(below).collect()
}

#[test]
fn man_pages_of_commands() {
    let definition = definition();
    let commands = commands(&definition, "");
    let names: Vec<&str> = commands.iter().map(|(name, _)| name.as_str()).collect();
    for (name, command) in &commands {
        same(&format!("man/{name}.8"), &page(name, command, &names));
    }
    let expected: BTreeSet<String> =
        names.iter().map(|n| format!("{n}.8")).chain(["geophone.yaml.5".to_owned()]).collect();
    assert_eq!(there("man"), expected, "a page of a command that is gone, or no page of one that is there");
}

#[test]
fn man_page_of_the_configuration() {
    same("man/geophone.yaml.5", &configuration());
}

#[test]
fn completions() {
    let shells = [(Shell::Bash, "geophone.bash"), (Shell::Fish, "geophone.fish"), (Shell::Zsh, "_geophone")];
    for (shell, file) in shells {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut geophone::cli::command(), "geophone", &mut script);
        same(&format!("completions/{file}"), &String::from_utf8(script).unwrap());
    }
    assert_eq!(there("completions").len(), shells.len());
}

#[test]
fn bash_completes_commands_and_options() {
    if std::env::var_os("GENERATE").is_some() {
        return; // the script is being written
    }
    let replies = |words: &[&str]| {
        let script = format!(
            "source completions/geophone.bash; COMP_WORDS=({}); COMP_CWORD={}; _geophone geophone {} {}; \
             echo ${{COMPREPLY[@]}}",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Process::new("bash").args(["-c", &script]).current_dir(root).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(replies(&["geophone", "ch"]), "check");
    assert_eq!(replies(&["geophone", "read", "--summ"]), "--summary");
    assert_eq!(replies(&["geophone", "rules", "te"]), "test");
}

/// The files of a folder.
fn there(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    fs::read_dir(folder).unwrap().map(name).collect()
}

fn page(name: &str, command: &Command, names: &[&str]) -> String {
    let man = Man::new(command.clone().display_name(name));
    let mut bytes = Vec::new();
    man.render_name_section(&mut bytes).unwrap();
    man.render_synopsis_section(&mut bytes).unwrap();
    man.render_description_section(&mut bytes).unwrap();
    man.render_options_section(&mut bytes).unwrap();
    // Once is enough; and no date or version, which would make the page another one every day.
    let before = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
    let body = String::from_utf8(bytes).unwrap().replace(before, "").replace(" \n", "\n");
    let mut page = format!("{before}.TH {name} 8 \"\" geophone geophone\n{body}");
    if command.has_subcommands() {
        section(&mut page, "COMMANDS");
        for below in command.get_subcommands() {
            let about = below.get_about().unwrap().to_string();
            let entry = format!("{name}-{}", below.get_name());
            item(&mut page, &format!("\\fB{}\\fR(8)", plain(&entry)), &about);
        }
    }
    if name == "geophone-run" {
        section(&mut page, "SIGNALS");
        rows(&mut page, "| signal | does |");
    }
    if name == "geophone" {
        section(&mut page, "EXIT STATUS");
        rows(&mut page, "| code | meaning |");
        section(&mut page, "ENVIRONMENT");
        rows(&mut page, "| variable | effect |");
        section(&mut page, "FILES");
        for (file, what) in FILES {
            item(&mut page, &format!("\\fI{}\\fR", plain(file)), what);
        }
    }
    section(&mut page, "SEE ALSO");
    let others = names.iter().filter(|n| **n != name).map(|n| format!("\\fB{}\\fR(8)", plain(n)));
    let others: Vec<String> = others.chain(["\\fBgeophone.yaml\\fR(5)".to_owned()]).collect();
    writeln!(page, "{}", others.join(",\n")).unwrap();
    page
}

/// Where a package puts things; tests/package.rs holds the list against what is installed.
const FILES: [(&str, &str); 5] = [
    ("/etc/geophone/geophone.yaml", "Configuration of the service. No other file is looked for."),
    ("/var/log/geophone/eve.json", "Events of the service, by that configuration."),
    ("/var/lib/geophone/learned.jsonl", "Servers that spoke mining, kept by the service over a restart."),
    (
        "/usr/share/geophone",
        "Rules, alerts, dashboards, examples for log shippers, and the defaults with comments.",
    ),
    ("/usr/share/doc/geophone", "The manual: README.md and docs; examples has drop-ins for the unit."),
];

fn section(page: &mut String, title: &str) {
    writeln!(page, ".SH \"{title}\"").unwrap();
}

/// A term, which is roff already, and what it is.
fn item(page: &mut String, term: &str, meaning: &str) {
    writeln!(page, ".TP\n{term}\n{}", marked(meaning)).unwrap();
}

/// The rows of the table with this head in docs/cli.md.
fn rows(page: &mut String, head: &str) {
    let table = DOCUMENT.lines().skip_while(|l| *l != head).skip(2).take_while(|l| l.starts_with('|'));
    let before = page.len();
    for row in table {
        let (term, meaning) = row.trim_matches(['|', ' ']).split_once(" | ").unwrap();
        item(page, &marked(term), meaning);
    }
    assert!(page.len() > before, "docs/cli.md has no table {head}");
}

/// Markdown as roff: code is bold.
fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let text: String = parts
        .map(|(i, part)| if i % 2 == 0 { plain(part) } else { format!("\\fB{}\\fR", plain(part)) })
        .collect();
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

fn plain(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

/// The page of the commented defaults: sections, and keys with their default and comment.
fn configuration() -> String {
    let mut page = String::from(".TH geophone.yaml 5 \"\" \"geophone\" \"geophone\"\n");
    section(&mut page, "NAME");
    page.push_str("geophone.yaml \\- configuration of geophone\n");
    section(&mut page, "DESCRIPTION");
    let (mut comment, mut of, mut keys) = (Vec::new(), String::new(), 0);
    for line in config::DEFAULT.lines() {
        let bare = line.trim_start();
        if let Some(words) = bare.strip_prefix('#') {
            comment.push(words.trim());
        } else if bare.is_empty() && keys == 0 && of.is_empty() {
            let paragraphs =
                comment.split(|line: &&str| line.is_empty()).map(|lines| marked(&lines.join(" ")));
            writeln!(page, "{}", paragraphs.collect::<Vec<_>>().join("\n.PP\n")).unwrap();
            comment.clear();
            section(&mut page, "KEYS");
        } else if let Some((key, value)) = bare.split_once(':') {
            let said = std::mem::take(&mut comment).join(" ");
            if line.len() == bare.len() {
                key.clone_into(&mut of);
                writeln!(page, ".SS {of}\n{}", marked(&said)).unwrap();
            } else {
                assert!(
                    !said.is_empty() && line.len() - bare.len() == 2,
                    "{key}: a key without a comment, or deeper"
                );
                keys += 1;
                item(&mut page, &format!("\\fB{of}.{key}\\fR: {}", plain(value.trim())), &said);
            }
        }
    }
    let defaults: serde_yaml::Value = serde_yaml::from_str(config::DEFAULT).unwrap();
    let all: usize =
        defaults.as_mapping().unwrap().values().map(|section| section.as_mapping().unwrap().len()).sum();
    assert_eq!(keys, all, "keys on the page");
    section(&mut page, "SEE ALSO");
    page.push_str("\\fBgeophone\\fR(8), \\fBgeophone\\-check\\fR(8)\n");
    page
}
