//! Checks raw rules and makes the set. All faults are found in one pass, so that a rule file is mended once.

use std::collections::HashMap;
use std::sync::Arc;

use super::hosts::{self, Hosts};
use super::{Error, Place, PoolHost, Problem, Rule, RuleSet};

/// Characters of the longest name, category or operator.
const MAX_TEXT: usize = 200;

/// Characters of the longest coin symbol.
const MAX_COIN: usize = 32;

impl RuleSet {
    /// Builds the set, or says everything that is wrong with its parts. Domains are lower-cased and lose one
    /// trailing dot.
    pub fn build(detections: Vec<Rule>, mut pools: Vec<PoolHost>) -> Result<Self, Vec<Error>> {
        let mut faults = Faults::default();
        faults.detections(&detections);
        let hosts = faults.pools(&mut pools);
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        Ok(Self { detections: detections.into_iter().map(Arc::new).collect(), pools, hosts })
    }
}

#[derive(Default)]
struct Faults(Vec<Error>);

impl Faults {
    fn add(&mut self, place: Place, key: &'static str, problem: Problem) {
        self.0.push(Error { place, key, first: None, problem });
    }

    fn detections(&mut self, rules: &[Rule]) {
        let mut ids = HashMap::new();
        let mut speaks = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let place = Place::Detection(index);
            self.detection(place, rule);
            let first = *ids.entry(rule.id).or_insert(place);
            if first != place {
                let problem = Problem::DuplicateId(rule.id);
                self.0.push(Error { place, key: "id", first: Some(first), problem });
            }
            let first = *speaks.entry((rule.signal, rule.dialect)).or_insert(place);
            if first != place {
                let dialect = rule.dialect.map_or("any", |d| d.name());
                let problem = Problem::DuplicateRule { signal: rule.signal.name(), dialect };
                self.0.push(Error { place, key: "signal", first: Some(first), problem });
            }
        }
    }

    fn detection(&mut self, place: Place, rule: &Rule) {
        if rule.id == 0 {
            self.add(place, "id", Problem::Id);
        }
        if rule.rev == 0 {
            self.add(place, "rev", Problem::Revision);
        }
        if !(1..=3).contains(&rule.severity) {
            self.add(place, "severity", Problem::Severity(rule.severity));
        }
        self.text(place, "name", &rule.name);
        self.text(place, "category", &rule.category);
    }

    fn pools(&mut self, pools: &mut [PoolHost]) -> Hosts {
        let mut hosts = Hosts::with_capacity(pools.len());
        for (index, pool) in pools.iter_mut().enumerate() {
            let place = Place::Pool(index);
            normalise(&mut pool.domain);
            self.text(place, "operator", &pool.operator);
            for coin in pool.coins.iter().filter(|c| !is_coin(c)) {
                self.add(place, "coins", Problem::Coin(clip(coin)));
            }
            if let Err(why) = hosts::check(&pool.domain) {
                self.add(place, "domain", Problem::Domain(clip(&pool.domain), why));
                continue;
            }
            if let Err(first) = hosts.insert(&pool.domain, index) {
                let problem = Problem::DuplicateDomain(pool.domain.clone());
                self.0.push(Error { place, key: "domain", first: Some(Place::Pool(first)), problem });
            }
        }
        hosts
    }

    /// Texts go into events and tables: one line, no control characters.
    fn text(&mut self, place: Place, key: &'static str, text: &str) {
        if text.trim().is_empty() {
            self.add(place, key, Problem::Text("is empty"));
        } else if text.chars().any(char::is_control) {
            self.add(place, key, Problem::Text("has a control character or line break"));
        } else if text.chars().count() > MAX_TEXT {
            self.add(place, key, Problem::Text("is too long"));
        }
    }
}

fn normalise(domain: &mut String) {
    domain.make_ascii_lowercase();
    if domain.ends_with('.') {
        domain.pop();
    }
}

fn is_coin(symbol: &str) -> bool {
    (1..=MAX_COIN).contains(&symbol.len())
        && symbol.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'$'))
}

/// Enough of a bad value to find it by.
fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
