//! What is in force, a few words each: for `geophone check` and the first lines of the daemon's log. It names no secret.

use super::{ClientNames, Config, FeedCount};
use crate::privacy::Payees;
use crate::rules::RuleSet;

impl Config {
    /// How clients appear in metrics and events.
    pub fn clients_in_words(&self) -> String {
        let privacy = &self.privacy;
        match privacy.clients {
            ClientNames::Address => "by address, IPv6 by its /64".to_owned(),
            ClientNames::Pseudonym => "by pseudonym, an address encrypted with the key".to_owned(),
            ClientNames::Subnet => format!("by network, /{} and /{}", privacy.subnet_v4, privacy.subnet_v6),
            ClientNames::Subscriber => {
                "by the subscriber's name, and by address where there is none".to_owned()
            }
        }
    }

    /// How payees appear in events; `has_key` says whether there is a key of pseudonyms.
    pub const fn payees_in_words(&self, has_key: bool) -> &'static str {
        match (self.privacy.payees, has_key) {
            (Payees::Clear, _) => "in clear; mail addresses masked",
            (Payees::Hash, true) => "as hashes made with the key",
            (Payees::Hash, false) => "as hashes without a key, so that who guesses a wallet can test it",
        }
    }

    /// What frames must meet.
    pub fn filter_in_words(&self) -> &str {
        self.capture.filter.as_deref().unwrap_or("none, every frame is looked at")
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
