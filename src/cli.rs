//! The command line: what may be typed, and what each command does with the floors below. Exit codes and the one error
//! line are public API: 0 done, 1 failed while running, 64 usage, 66 input, 77 permission, 78 configuration or rules.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::rules::{Category, Group, Scope};
use crate::{capture, config, daemon, feeds};

mod check;
mod devices;
mod read;
mod rules;
mod table;

/// Hears cryptocurrency mining in network traffic and says who mines, for whom, and why it believes so.
#[derive(Debug, Parser)]
#[command(name = "geophone", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch live interfaces until stopped
    Run(Run),
    /// Look at capture files (pcap, pcapng; plain, gzip or zstd); `read demo` needs none
    Read(Read),
    /// Validate configuration and rules, and name every fault
    Check(Check),
    /// Show and test the rules in force
    #[command(subcommand)]
    Rules(Rules),
    /// List capture interfaces, and whether this user may capture
    Devices,
}

#[derive(Debug, Args)]
struct Run {
    /// Configuration file; without it the built-in defaults
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Interface to capture on, instead of the configured ones; may be repeated
    #[arg(short, long = "interface", value_name = "IFACE")]
    interface: Vec<String>,
    /// Address of metrics, instead of the configured one
    #[arg(long = "web.listen-address", value_name = "ADDR:PORT", value_parser = address)]
    listen: Option<std::net::SocketAddr>,
    /// BPF expression, instead of the configured one
    #[arg(value_name = "EXPRESSION")]
    filter: Vec<String>,
}

#[derive(Debug, Args)]
struct Read {
    /// Configuration file; without it the built-in defaults
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write events as JSON lines to this file, `-` for standard output
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// What to print about the whole
    #[arg(long, value_enum, default_value_t = Summary::Table)]
    summary: Summary,
    /// BPF expression that frames must match
    #[arg(short = 'f', long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Capture files, `-` for standard input, `demo` for a small capture that geophone holds itself
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Summary {
    /// Nothing
    None,
    /// One JSON object
    Json,
    /// A table of who mines for whom
    Table,
}

#[derive(Debug, Args)]
struct Check {
    /// Configuration file; without it the built-in defaults
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the configuration in force, defaults included
    #[arg(long)]
    dump: bool,
    /// Print faults and warnings alone
    #[arg(short, long, conflicts_with = "dump")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Rules {
    /// Make a host list of feeds: hosts files, filter lists, zones and others
    Import(Import),
    /// List detection rules and known pools
    List {
        /// Configuration file; without it the built-in defaults
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run the samples in rule files through the sensor
    Test {
        /// Configuration file; without it the built-in defaults
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Import {
    /// Configuration file; the rules in force say which names are allowed
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How the feeds are written, instead of what their content tells
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<feeds::Format>,
    /// Word for the feed in the list, instead of the first file's name
    #[arg(long, value_name = "FEED", value_parser = rules::import::feed_name)]
    name: Option<String>,
    /// What kind of hosts they are
    #[arg(long, value_name = "CATEGORY", default_value = "pool", value_parser = category)]
    category: Category,
    /// Whether they are in service (current or legacy), where a feed does not say
    #[arg(long, value_name = "GROUP", default_value = "current", value_parser = group)]
    group: Group,
    /// What names cover (exact or suffix), instead of what the format says
    #[arg(long = "match", value_name = "MATCH", value_parser = scope)]
    scope: Option<Scope>,
    /// Take the hosts as ones that are not to be reported
    #[arg(long)]
    allow: bool,
    /// Columns of a table by number, as domain=1,port=2
    #[arg(long, value_name = "COLUMNS", value_parser = feeds::Columns::parse)]
    columns: Option<feeds::Columns>,
    /// Last day they are worth something, as 2027-01-31
    #[arg(long, value_name = "DATE", value_parser = feeds::date)]
    expires: Option<String>,
    /// Write the list to this file, replacing it whole; without it to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file even with an empty list or one of less than half as many names
    #[arg(long)]
    force: bool,
    /// Name the first refusals of each reason
    #[arg(short, long)]
    verbose: bool,
    /// Feeds, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn address(word: &str) -> Result<std::net::SocketAddr, String> {
    word.parse().map_err(|_| "write an IP address and a port, like 127.0.0.1:9810 or [::1]:9810".to_owned())
}

fn format(word: &str) -> Result<feeds::Format, String> {
    let all = feeds::Format::ALL.map(feeds::Format::name).join(", ");
    feeds::Format::named(word).ok_or_else(|| format!("not one of {all}"))
}

fn category(word: &str) -> Result<Category, String> {
    let all = Category::ALL.map(Category::name).join(", ");
    Category::ALL.into_iter().find(|c| c.name() == word).ok_or_else(|| format!("not one of {all}"))
}

fn group(word: &str) -> Result<Group, String> {
    Group::ALL.into_iter().find(|g| g.name() == word).ok_or_else(|| "not current or legacy".to_owned())
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::ALL.into_iter().find(|s| s.name() == word).ok_or_else(|| "not exact or suffix".to_owned())
}

/// Why a command ends other than well: the exit code and the words after `geophone: error: `.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    lines: Vec<String>,
}

/// The exit codes.
mod code {
    pub(super) const FAILED: u8 = 1;
    pub(super) const USAGE: u8 = 64;
    pub(super) const INPUT: u8 = 66;
    pub(super) const PERMISSION: u8 = 77;
    pub(super) const CONFIG: u8 = 78;
}

impl Failure {
    fn new(code: u8, error: impl fmt::Display) -> Self {
        Self { code, lines: error.to_string().lines().map(str::to_owned).collect() }
    }

    /// What is wrong, a line each.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// A failure while running (1).
    pub fn running(error: impl fmt::Display) -> Self {
        Self::new(code::FAILED, error)
    }

    /// A capture's failure, by its class. `typed` says that the filter came from the command line.
    pub fn capture(error: &capture::Error, typed: bool) -> Self {
        let code = match error.kind() {
            capture::Kind::Filter if typed => code::USAGE,
            capture::Kind::Filter => code::CONFIG,
            capture::Kind::Input | capture::Kind::Truncated => code::INPUT,
            capture::Kind::Permission => code::PERMISSION,
            capture::Kind::Runtime => code::FAILED,
        };
        match error {
            capture::Error::NoInterface { interface } => Self::new(code, no_interface(interface, error)),
            capture::Error::Filter { .. } if !typed => {
                Self::new(code, format_args!("capture.filter: {error}"))
            }
            _ => Self::new(code, error),
        }
    }
}

/// With the interface that was probably meant, if there is one.
fn no_interface(name: &str, error: &capture::Error) -> String {
    let there = capture::interfaces().unwrap_or_default();
    let near = config::nearest(name, there.iter().map(|(there, _)| there.as_str()));
    near.map_or_else(
        || error.to_string(),
        |near| format!("{name}: no such interface: take {near}, or another that `geophone devices` lists"),
    )
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        let code = match error.unreadable() {
            Some(io::ErrorKind::PermissionDenied) => code::PERMISSION,
            Some(_) => code::INPUT,
            None => code::CONFIG,
        };
        Self::new(code, error)
    }
}

/// What may be typed, for man pages and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that `args` name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    quiet_panics();
    let result = match Cli::try_parse_from(args) {
        Ok(cli) => run(cli.command),
        Err(error) => usage(&error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let mut stderr = io::stderr().lock();
            for line in &failure.lines {
                // Nobody is left to tell if even this cannot be written.
                let _ = writeln!(stderr, "geophone: error: {line}");
            }
            ExitCode::from(failure.code)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(run) => {
            misplaced(&run.filter)?;
            let filter = (!run.filter.is_empty()).then(|| run.filter.join(" "));
            daemon::run(daemon::Options {
                config: run.config,
                interfaces: run.interface,
                filter,
                listen: run.listen,
            })
        }
        Command::Read(read) => read::read(&read),
        Command::Check(check) => check::check(&check),
        Command::Rules(Rules::Import(asked)) => rules::import::import(&asked),
        Command::Rules(Rules::List { config, json }) => rules::list(config.as_deref(), json),
        Command::Rules(Rules::Test { config }) => rules::test::test(config.as_deref()),
        Command::Devices => devices::list(),
    }
}

/// A lone word of the filter that is a file or an interface was meant as one.
fn misplaced(filter: &[String]) -> Result<(), Failure> {
    let [word] = filter else { return Ok(()) };
    let option = if std::path::Path::new(word).is_file() {
        "-c"
    } else if capture::interfaces().is_ok_and(|there| there.iter().any(|(name, _)| name == word)) {
        "-i"
    } else {
        return Ok(());
    };
    Err(Failure::new(
        code::USAGE,
        format_args!("'{word}' is no filter: write {option} {word}: see 'geophone --help'"),
    ))
}

/// Help and version are no errors; anything else is one line and code 64.
fn usage(error: &clap::Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => print(|out| write!(out, "{error}")),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::new(code::USAGE, "no command: say what to do: see 'geophone --help'"))
        }
        _ => {
            let text = error.to_string();
            // What follows are hints at the usage and at --help; ours stands at the end.
            let is_hint =
                |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
            let said: Vec<&str> =
                text.lines().take_while(|l| !is_hint(l)).map(str::trim).filter(|l| !l.is_empty()).collect();
            let said = said.join(" ").replace(" tip: ", ": ").trim().trim_start_matches("error: ").to_owned();
            Err(Failure::new(code::USAGE, format_args!("{said}: see 'geophone --help'")))
        }
    }
}

/// Says on standard error what should be looked into.
fn warn(what: &str) {
    let _ = writeln!(io::stderr(), "geophone: warning: {what}");
}

/// Writes to standard output; a reader that went away is success, as for any filter.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::running(format_args!(
            "standard output: {error}: free space or another destination is needed"
        ))),
        _ => Ok(()),
    }
}

/// A panic is told by its place alone: its message may hold bytes of somebody's traffic.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let _ = writeln!(io::stderr(), "geophone: error: internal fault at {place}: please report it");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn usage_errors_are_one_line() {
        for args in [
            &["geophone"][..],
            &["geophone", "frobnicate"],
            &["geophone", "read"],
            &["geophone", "run", "-x"],
            &["geophone", "rules", "import", "--format", "foo", "x"],
        ] {
            let error = Cli::try_parse_from(args).expect_err("wrong usage");
            let failure = usage(&error).expect_err("a failure");
            assert_eq!((failure.code, failure.lines.len()), (64, 1), "{failure:?}");
            assert!(
                !failure.lines[0].contains("For more") && !failure.lines[0].contains("  "),
                "{failure:?}"
            );
        }
    }
}
