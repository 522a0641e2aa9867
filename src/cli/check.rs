//! `geophone check`: everything that is wrong with configuration and rules, or what is in force, in plain words: where it
//! listens, what it looks for, whom it tells, what it may cost, and what is worth a second look.

use super::table::plain;
use super::{Check, Failure, print, warn};
use crate::capture;
use crate::config::{Config, Loaded, People, check_with_people};

mod cost;
mod facts;
mod warnings;

use cost::Cost;

/// Validates the configuration, its rules and its capture filter.
pub(super) fn check(args: &Check) -> Result<(), Failure> {
    let config = Config::load(args.config.as_deref())?;
    let (loaded, people) = check_with_people(&config)?;
    if let Some(filter) = &config.capture.filter {
        capture::check_filter(filter).map_err(|e| Failure::capture(&e, false))?;
    }
    if args.dump {
        return print(|out| write!(out, "{}", config.dump()));
    }
    let memory = cost::memory(&config, &loaded, &people);
    if !args.quiet {
        let source =
            args.config.as_ref().map_or_else(|| "built-in defaults".to_owned(), |p| p.display().to_string());
        explain(&source, &config, &loaded, &people, &memory)?;
    }
    for warning in people.warnings.into_iter().chain(warnings::of(&config, &memory)) {
        warn(&plain(&warning));
    }
    Ok(())
}

fn explain(
    source: &str,
    config: &Config,
    loaded: &Loaded,
    people: &People,
    memory: &[Cost],
) -> Result<(), Failure> {
    print(|out| {
        writeln!(out, "{source}: configuration is good")?;
        for (head, facts) in facts::sections(config, loaded, people, memory) {
            writeln!(out, "\n{head}")?;
            for (name, fact) in facts {
                writeln!(out, "  {name:<12} {}", plain(&fact))?;
            }
        }
        Ok(())
    })
}
