//! `geophone check`: everything that is wrong with configuration and rules, or what is in force, in plain words: where it
//! listens, what it looks for, whom it tells, what it may cost, and what is worth a second look.

use std::io::{self, Write};
use std::path::Path;

use super::table::plain;
use super::{Failure, print};
use crate::capture;
use crate::config::{Config, load_all};

mod cost;
mod facts;
mod warnings;

/// Validates the configuration, its rules and its capture filter.
pub(super) fn check(path: Option<&Path>, dump: bool) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let loaded = load_all(&config)?;
    if let Some(filter) = &config.capture.filter {
        capture::check_filter(filter).map_err(|e| Failure::capture(&e, false))?;
    }
    if dump {
        return print(|out| write!(out, "{}", config.dump()));
    }
    let source = path.map_or_else(|| "built-in defaults".to_owned(), |p| p.display().to_string());
    let memory = cost::memory(&config, &loaded);
    print(|out| {
        writeln!(out, "{source}: configuration is good")?;
        for (head, facts) in facts::sections(&config, &loaded, &memory) {
            writeln!(out, "\n{head}")?;
            for (name, fact) in facts {
                writeln!(out, "  {name:<12} {}", plain(&fact))?;
            }
        }
        Ok(())
    })?;
    let mut stderr = io::stderr().lock();
    for warning in warnings::of(&config, &memory) {
        // Nobody is left to tell if even this cannot be written.
        let _ = writeln!(stderr, "geophone: warning: {}", plain(&warning));
    }
    Ok(())
}
