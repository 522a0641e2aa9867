//! `geophone rules import`: feeds of others into a host list of ours, and a report of what was not taken. The file is
//! replaced whole or not at all, and only by a list that is not suspiciously smaller.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::super::table::plain;
use super::super::{Failure, Import, code, print};
use crate::config::{Config, HOST_LIST_HEAD, Heading, load_rules, write_host_list};
use crate::feeds::{self, Feed, Options, Reason, Report};
use crate::rules::Action;

/// Letters of a feed's word.
const MAX_NAME: usize = 64;

/// Reads the feeds and writes the list.
pub(in crate::cli) fn import(asked: &Import) -> Result<(), Failure> {
    let rules = load_rules(&Config::load(asked.config.as_deref())?)?;
    let options = Options {
        format: asked.format,
        scope: asked.scope,
        allow: asked.allow,
        columns: asked.columns,
        is_allowed: &|name| rules.is_spared(name),
    };
    let mut feeds = Vec::new();
    for path in &asked.files {
        let feed =
            feeds::read(&label(path), &bytes(path)?, &options).map_err(|e| Failure::new(code::CONFIG, e))?;
        feeds.push(feed);
    }
    let name = asked.name.clone().unwrap_or_else(|| asked.files.first().map(|f| stem(f)).unwrap_or_default());
    let (list, report) = list(asked, name, feeds)?;
    if report.taken() == 0 && !asked.force {
        return Err(Failure::running("nothing was taken: see the report, or use --force"));
    }
    match &asked.output {
        Some(path) => replace(path, &list, asked.force),
        None => print(|out| out.write_all(&list)),
    }
}

/// The text of the list, after a report to standard error.
fn list(asked: &Import, feed: String, feeds: Vec<Feed>) -> Result<(Vec<u8>, Report), Failure> {
    let mut comments = vec![format!("feed {feed}")];
    let (mut all, mut entries) = (Report::default(), Vec::new());
    for feed in feeds {
        tell(&feed, asked.verbose);
        comments.push(format!("from {} ({})", feed.name, feed.format.name()));
        comments.extend(feed.notes);
        all.add(&feed.report);
        entries.extend(feed.entries);
    }
    let (entries, duplicates) = feeds::join(entries);
    all.duplicates += duplicates;
    let allowed = entries.iter().filter(|e| e.action == Action::Allow).count();
    let listed = entries.len() - allowed;
    comments.push(format!(
        "{listed} listed, {allowed} allowed, {} refused{}",
        all.refused_in_all(),
        reasons(&all)
    ));
    let heading = Heading {
        feed,
        comments,
        category: asked.category,
        group: asked.group,
        expires: asked.expires.clone(),
    };
    let mut text = Vec::new();
    write_host_list(&mut text, &heading, &entries).map_err(Failure::running)?;
    Ok((text, all))
}

fn reasons(report: &Report) -> String {
    let counted = Reason::ALL.iter().map(|r| (r, report.refused(*r))).filter(|(_, count)| *count > 0);
    let words: Vec<String> = counted.map(|(r, count)| format!("{} {count}", r.name())).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// The report of one feed. Nobody is left to tell if it cannot be written.
fn tell(feed: &Feed, verbose: bool) {
    let mut out = BufWriter::new(io::stderr().lock());
    let report = &feed.report;
    let _ = writeln!(
        out,
        "{}: {}: read {}, taken {}, duplicates {}, narrowed to exact {}, refused {}",
        plain(&feed.name),
        feed.format.name(),
        report.read,
        report.taken(),
        report.duplicates,
        report.narrowed,
        report.refused_in_all()
    );
    for reason in Reason::ALL.iter().filter(|r| report.refused(**r) > 0) {
        let _ =
            writeln!(out, "  refused {:>8}  {}: {}", report.refused(*reason), reason.name(), reason.text());
        for sample in report.samples.iter().filter(|s| verbose && s.reason == *reason) {
            let _ = writeln!(out, "    line {}: {}", sample.line, sample.word);
        }
    }
    let _ = out.flush();
}

/// A feed's text; at most one byte more than can be read.
fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let most = feeds::MAX_BYTES as u64 + 1;
    let done = if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut text))
    };
    match done {
        Ok(_) => Ok(text),
        Err(error) => {
            let code =
                if error.kind() == io::ErrorKind::PermissionDenied { code::PERMISSION } else { code::INPUT };
            Err(Failure::new(
                code,
                format_args!("{}: {error}: name a file that can be read", plain(&path.display().to_string())),
            ))
        }
    }
}

fn label(path: &Path) -> String {
    match path.file_name() {
        _ if path.as_os_str() == "-" => "stdin".to_owned(),
        Some(name) => plain(&name.to_string_lossy()),
        None => plain(&path.display().to_string()),
    }
}

/// A word for a feed that was given none: its file's name without what follows the dot.
fn stem(path: &Path) -> String {
    let name = label(path);
    let name = name.split('.').find(|part| !part.is_empty()).unwrap_or_default();
    let kept = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' });
    let word: String = kept.take(MAX_NAME).collect();
    if word.is_empty() { "feed".to_owned() } else { word }
}

/// A feed's word as it may be typed.
pub(in crate::cli) fn feed_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=MAX_NAME).contains(&text.len()) && text.chars().all(good) {
        Ok(text.to_owned())
    } else {
        Err(format!("a feed's name is 1 to {MAX_NAME} letters, digits, '_', '-' and '.'"))
    }
}

/// Puts the new list in the place of the old one, by a file beside it, so that nobody reads half of one.
fn replace(path: &Path, list: &[u8], force: bool) -> Result<(), Failure> {
    let name = plain(&path.display().to_string());
    let failed =
        |error: io::Error| Failure::running(format_args!("{name}: {error}: the old file is as it was"));
    match fs::read(path) {
        Ok(old) if old == list => return Ok(()),
        Ok(old) if !force => may_replace(&name, &old, list)?,
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let beside = beside(path).ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let done = write(&beside, list).and_then(|()| fs::rename(&beside, path));
    done.map_err(|error| {
        // What cannot be removed either is told by the first error.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

fn may_replace(name: &str, old: &[u8], new: &[u8]) -> Result<(), Failure> {
    if !old.is_empty() && !old.starts_with(HOST_LIST_HEAD.as_bytes()) {
        let what = "is no host list, so it is not replaced: name another file, or use --force";
        return Err(Failure::running(format_args!("{name}: {what}")));
    }
    let (had, has) = (names(old), names(new));
    if has < had.div_ceil(2) {
        return Err(Failure::running(format_args!(
            "{name}: would shrink from {had} names to {has}, less than half, so it is not replaced: check the feed, or use --force"
        )));
    }
    Ok(())
}

/// The lines of a host list that hold a name.
fn names(list: &[u8]) -> usize {
    list.split(|b| *b == b'\n').filter(|line| line.first().is_some_and(|b| !matches!(b, b'#' | b'@'))).count()
}

/// A hidden name in the same directory, which no reader of host lists takes for one.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    Some(path.with_file_name(format!(".{name}.{}.new", std::process::id())))
}

fn write(path: &Path, list: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(list)?;
    file.sync_all()
}
