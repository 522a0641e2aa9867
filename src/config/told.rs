//! What is in force, a few words each: for `geophone check` and the first lines of the daemon's log. It names no secret.

use super::{Config, FeedCount};
use crate::privacy::Payees;
use crate::rules::RuleSet;

impl Config {
    /// How clients appear in metrics.
    pub fn clients_in_words(&self) -> String {
        "by address, IPv6 by its /64".to_owned()
    }

    /// How payees appear in events.
    pub const fn payees_in_words(&self) -> &'static str {
        match self.privacy.payees {
            Payees::Clear => "in clear; mail addresses masked",
            Payees::Hash => {
                "as hashes without a key, so that who guesses a wallet can test it; mail addresses masked"
            }
        }
    }

    /// Where the rules are from.
    pub fn rules_in_words(&self) -> String {
        match &self.rules.directory {
            None => "the built-in ones".to_owned(),
            Some(own) if self.rules.built_in => format!("{}, beside the built-in ones", own.display()),
            Some(own) => format!("{}, instead of the built-in ones", own.display()),
        }
    }

    /// When rules and configuration are read again.
    pub fn reloads_in_words(&self) -> String {
        match self.rules.watch {
            None => "on SIGHUP".to_owned(),
            Some(every) => {
                format!("on SIGHUP, and when files of the rules change (looked at every {})", span(every))
            }
        }
    }
}

/// What is watched for, by kind.
pub fn watched_for(rules: &RuleSet, feeds: &[FeedCount]) -> String {
    let sum = |of: fn(&crate::rules::ListCount) -> usize| rules.list_counts().iter().map(of).sum::<usize>();
    let dialects = rules.own().count();
    format!(
        "{} detections, {dialects} described dialects, {} hosts, {} addresses, {} scripts; {} allowed; {} feeds",
        rules.detections().len() - dialects,
        sum(|l| l.hosts),
        sum(|l| l.addresses),
        rules.scripts().len(),
        sum(|l| l.allowed),
        feeds.len(),
    )
}

/// A duration as the configuration file may write it, whole days as days.
pub fn span(span: std::time::Duration) -> String {
    match span.as_secs() {
        secs if secs > 86_400 && secs.is_multiple_of(86_400) => format!("{}d", secs / 86_400),
        _ => super::value::show_span(span),
    }
}
