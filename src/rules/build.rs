//! Checks raw rules and makes the set. All faults are found in one pass, so that a rule file is mended once.

use std::collections::HashMap;
use std::sync::Arc;

use super::described::{self, Form, Own};
use super::{About, Described, Error, Known, Place, Problem, Rule, RuleSet};
use crate::detect::Dialect;

/// Characters of the longest name, category or operator.
const MAX_TEXT: usize = 200;

/// Characters of the longest coin symbol.
const MAX_COIN: usize = 32;

impl RuleSet {
    /// A set that knows no hosts; see [`RuleSet::build_all`].
    pub fn build(detections: Vec<Rule>, dialects: Vec<Described>) -> Result<Self, Vec<Error>> {
        Self::build_all(detections, dialects, Known::default())
    }

    /// Builds the set, or says everything that is wrong with its parts. What is known of hosts was checked as it was
    /// collected.
    pub fn build_all(
        detections: Vec<Rule>,
        dialects: Vec<Described>,
        mut known: Known,
    ) -> Result<Self, Vec<Error>> {
        let mut faults = Faults::default();
        faults.rules(&detections, &dialects);
        faults.dialects(&dialects);
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        known.seal();
        let own = Own::compile(&dialects);
        let detections = detections.into_iter().chain(dialects.into_iter().map(|d| d.rule));
        Ok(Self { detections: detections.map(Arc::new).collect(), known, own })
    }
}

#[derive(Default)]
struct Faults(Vec<Error>);

impl Faults {
    fn add(&mut self, place: Place, key: &'static str, problem: Problem) {
        self.0.push(Error { place, key, first: None, problem });
    }

    fn rules(&mut self, detections: &[Rule], dialects: &[Described]) {
        let listed = detections.iter().enumerate().map(|(index, rule)| (Place::Detection(index), rule));
        let described = dialects.iter().enumerate().map(|(index, d)| (Place::Dialect(index), &d.rule));
        let mut ids = HashMap::new();
        let mut speaks = HashMap::new();
        for (place, rule) in listed.chain(described) {
            self.detection(place, rule);
            let first = *ids.entry(rule.id).or_insert(place);
            if first != place {
                let problem = Problem::DuplicateId(rule.id);
                self.0.push(Error { place, key: "id", first: Some(first), problem });
            }
            // A described dialect has one rule, whatever its signal.
            let signal = if matches!(place, Place::Dialect(_)) { None } else { Some(rule.signal) };
            let first = *speaks.entry((signal, rule.dialect)).or_insert(place);
            if first != place {
                let (key, problem) = twice(rule, place);
                self.0.push(Error { place, key, first: Some(first), problem });
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

    fn dialects(&mut self, dialects: &[Described]) {
        for (index, Described { rule, shapes }) in dialects.iter().enumerate() {
            let place = Place::Dialect(index);
            if index == described::MAX_DIALECTS {
                self.add(place, "dialect", Problem::Many("more than 64 dialects are described"));
            }
            let word = rule.dialect.map_or("", Dialect::name);
            if let Err(why) = check_word(word) {
                self.add(place, "dialect", Problem::Word(clip(word), why));
            }
            if shapes.is_empty() {
                self.add(place, "messages", Problem::Messages);
            }
            if shapes.len() > described::MAX_SHAPES {
                self.add(place, "messages", Problem::Many("more than 64 messages are described"));
            }
            for (number, shape) in shapes.iter().enumerate() {
                let place = Place::Message(index, number);
                self.text(place, "name", shape.name);
                if let Some(why) = described::too_wide(shape) {
                    self.add(place, form_key(&shape.form), Problem::Wide(why));
                }
            }
        }
    }

    fn text(&mut self, place: Place, key: &'static str, text: &str) {
        if let Err(problem) = check_text(text) {
            self.add(place, key, problem);
        }
    }
}

/// Texts go into events and tables: one line, no control characters.
pub(super) fn check_text(text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        Err(Problem::Text("is empty"))
    } else if text.chars().any(char::is_control) {
        Err(Problem::Text("has a control character or line break"))
    } else if text.chars().count() > MAX_TEXT {
        Err(Problem::Text("is too long"))
    } else {
        Ok(())
    }
}

/// What is wrong with an account, by the keys of rule files.
pub(super) fn faults_of(about: &About) -> Vec<(&'static str, Problem)> {
    let coins = about.coins.iter().filter(|coin| !is_coin(coin));
    let mut faults: Vec<_> = coins.map(|coin| ("coins", Problem::Coin(clip(coin)))).collect();
    let texts = [("operator", &about.operator), ("last_seen", &about.last_seen), ("expires", &about.expires)];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
    for (key, text) in texts.chain([("sources", &about.source)]) {
        faults.extend(check_text(text).err().map(|problem| (key, problem)));
    }
    faults
}

fn twice(rule: &Rule, place: Place) -> (&'static str, Problem) {
    let dialect = rule.dialect.map_or("any", Dialect::name);
    if matches!(place, Place::Dialect(_)) {
        return ("dialect", Problem::DuplicateWord(dialect));
    }
    ("signal", Problem::DuplicateRule { signal: rule.signal.name(), dialect })
}

/// Whether a described dialect may be called so: words that stand for something else in events, rules and metrics are
/// taken.
fn check_word(word: &str) -> Result<(), &'static str> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !word.starts_with(|c: char| c.is_ascii_lowercase()) || !word.bytes().all(fits) || word.len() > 32 {
        return Err("is no word for a dialect");
    }
    if Dialect::from_name(word).is_some() || matches!(word, "any" | "custom" | "other" | "unknown") {
        return Err("is taken");
    }
    Ok(())
}

const fn form_key(form: &Form) -> &'static str {
    match form {
        Form::Http(_) => "http",
        Form::Json(_) => "json",
        Form::Text(_) => "text",
    }
}

fn is_coin(symbol: &str) -> bool {
    (1..=MAX_COIN).contains(&symbol.len())
        && symbol.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'$'))
}

/// Enough of a bad value to find it by.
pub(super) fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
