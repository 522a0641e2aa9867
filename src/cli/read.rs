//! `geophone read`: the sensor over capture files, and a summary of who mines for whom.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, Read, Summary, print};
use crate::capture::{self, Batch};
use crate::config::{Config, load_rules};
use crate::detect::{Alert, Event, Phase, SessionRecord, Signal};
use crate::eve::{Lines, Renderer};
use crate::learned::Learned;
use crate::packet::Time;
use crate::privacy::Privacy;
use crate::sensor::Sensor;

mod demo;
mod summary;

/// Frames between two looks at the progress.
const BATCH: usize = 4096;
/// Packet time between two looks for what learned names and endpoints are over.
const EXPIRE: u64 = 60 * Time::SECOND;
/// Files below this many bytes show no progress bar.
const LONG: u64 = 64 << 20;

/// Reads all files through one sensor, so that a session may go on from one file of a rotated capture to the next.
pub(super) fn read(args: &Read) -> Result<(), Failure> {
    let config = Config::load(args.config.as_deref())?;
    let rules = Arc::new(load_rules(&config)?);
    let learned = Arc::new(Learned::new(config.learned_settings()));
    let mut reading = Reading {
        sensor: Sensor::with_learned(config.sensor_settings(), rules, Arc::clone(&learned), 0),
        learned,
        expired: Time(0),
        events: Vec::new(),
        out: open_events(args.events.as_deref(), Renderer::new(config.privacy.settings()))?,
        sessions: Vec::new(),
        claims: Vec::new(),
        keep: args.summary != Summary::None,
        opened: 0,
        is_demo: false,
        privacy: config.privacy.settings(),
    };
    let mut failures = Vec::new();
    let filter = Filter {
        expression: args.filter.as_deref().or(config.capture.filter.as_deref()),
        typed: args.filter.is_some(),
    };
    for path in &args.files {
        match reading.file(path, filter) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(failure) if failure.code == super::code::INPUT => failures.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    reading.finish()?;
    // Where no file could be opened, a summary of nothing would only stand in front of the reason.
    if reading.opened > 0 || failures.is_empty() {
        reading.summarize(args)?;
    }
    // One file that cannot be read takes nothing from the others, and is still said.
    match failures.len() {
        0 => Ok(()),
        _ => Err(Failure {
            code: super::code::INPUT,
            lines: failures.into_iter().flat_map(|f| f.lines).collect(),
        }),
    }
}

type Out = Option<Lines<Box<dyn Write>>>;

fn open_events(path: Option<&Path>, renderer: Renderer) -> Result<Out, Failure> {
    let Some(path) = path else { return Ok(None) };
    let out: Box<dyn Write> = if path.as_os_str() == "-" {
        Box::new(io::stdout())
    } else {
        let file = File::create(path).map_err(|e| {
            Failure::running(format_args!("{}: {e}: choose a place that can be written", path.display()))
        })?;
        Box::new(file)
    };
    Ok(Some(Lines::new(renderer, Box::new(BufWriter::with_capacity(1 << 16, out)))))
}

/// What frames must match, and whether the command line or the configuration says so.
#[derive(Clone, Copy)]
struct Filter<'a> {
    expression: Option<&'a str>,
    typed: bool,
}

struct Reading {
    sensor: Sensor,
    learned: Arc<Learned>,
    /// Packet time when they last were.
    expired: Time,
    events: Vec<Event>,
    out: Out,
    sessions: Vec<SessionRecord>,
    /// Alerts of names and addresses, which no session follows.
    claims: Vec<Alert>,
    keep: bool,
    /// Files that could be opened.
    opened: usize,
    /// The capture that the program holds is among them.
    is_demo: bool,
    privacy: Privacy,
}

impl Reading {
    /// Reads one file. `false` where nobody reads the events any more.
    fn file(&mut self, path: &Path, filter: Filter<'_>) -> Result<bool, Failure> {
        let is_demo = demo::is_meant(path);
        let opened = if is_demo {
            demo::open(filter.expression)
        } else {
            capture::File::open(path, filter.expression)
        };
        let mut file = opened.map_err(|e| Failure::capture(&e, filter.typed))?;
        self.opened += 1;
        self.is_demo |= is_demo;
        let bar = progress(file.total_bytes());
        loop {
            let (sensor, events) = (&mut self.sensor, &mut self.events);
            let mut last = self.expired;
            let batch = file.for_each(Some(BATCH), |frame| {
                last = frame.time;
                sensor.frame(&frame, events);
            });
            if last.since(self.expired) >= EXPIRE {
                self.learned.expire(last);
                self.expired = last;
            }
            if !self.drain()? {
                return Ok(false);
            }
            if let Some(bar) = &bar {
                bar.set_position(file.bytes_read());
            }
            match batch {
                Ok(Batch::More) => {}
                Ok(Batch::Done) => return Ok(true),
                Err(error) if error.kind() == capture::Kind::Truncated => {
                    let _ = writeln!(io::stderr(), "geophone: warning: {error}");
                    return Ok(true);
                }
                Err(error) => return Err(Failure::capture(&error, filter.typed)),
            }
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.sensor.finish(&mut self.events);
        self.drain()?;
        match self.out.as_mut().map_or(Ok(()), Lines::flush) {
            Ok(()) => Ok(()),
            Err(e) => Err(Failure::running(format_args!("events: {e}: the lines before were written"))),
        }
    }

    /// Hands events on. `false` where nobody reads them any more.
    fn drain(&mut self) -> Result<bool, Failure> {
        for event in self.events.drain(..) {
            if let Some(out) = &mut self.out {
                out.event("", &event).map_err(|e| {
                    Failure::running(format_args!("events: {e}: the lines before were written"))
                })?;
            }
            match event {
                Event::Session(record) if self.keep && record.phase == Phase::Final => {
                    self.sessions.push(*record);
                }
                Event::Alert(alert) if self.keep && Signal::CLAIMS.contains(&alert.signal) => {
                    self.claims.push(*alert);
                }
                Event::Session(_) | Event::Alert(_) => {}
            }
        }
        Ok(!self.out.as_ref().is_some_and(Lines::is_closed))
    }

    /// Prints the summary, beside the events if those go to standard output.
    fn summarize(&self, args: &Read) -> Result<(), Failure> {
        let mut text = match args.summary {
            Summary::None => return Ok(()),
            Summary::Json => summary::json(&self.sessions, &self.claims, self.sensor.stats(), &self.privacy),
            Summary::Table => {
                summary::table(&self.sessions, &self.claims, self.sensor.stats(), &self.privacy)
            }
        };
        if self.is_demo && args.summary == Summary::Table {
            text.push_str(demo::NEXT);
        }
        if args.events.as_deref().is_some_and(|p| p.as_os_str() == "-") {
            let _ = write!(io::stderr(), "{text}");
            return Ok(());
        }
        print(|out| write!(out, "{text}"))
    }
}

/// A bar for a long file, where somebody watches.
fn progress(total: Option<u64>) -> Option<ProgressBar> {
    let total = total.filter(|t| *t >= LONG && io::stderr().is_terminal())?;
    let bar = ProgressBar::new(total);
    let style = "{bar:40} {percent:>3} %  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    Some(bar)
}
