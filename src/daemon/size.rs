//! How much rules and tables know, and whether too much of it would be gone: a file that was cut short must not take the place of
//! the whole one.

use crate::config::FeedCount;
use crate::feeds::Reason;
use crate::metrics::RuleTotals;
use crate::privacy::Privacy;
use crate::rules::RuleSet;

/// How much a rule set knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Listed hosts and addresses, of all files.
    hosts: usize,
    /// Good entries of each feed, by its file's name.
    feeds: Vec<(String, usize)>,
    /// Networks that the operator named, where there is a table of them.
    named: Option<usize>,
}

impl Size {
    pub(super) fn of(rules: &RuleSet, feeds: &[FeedCount], privacy: &Privacy) -> Self {
        let hosts = rules.list_counts().iter().map(|list| list.hosts + list.addresses + list.expired).sum();
        let feeds = feeds.iter().map(|feed| (feed.name.clone(), feed.good())).collect();
        Self { hosts, feeds, named: privacy.subscribers.as_ref().map(|all| all.networks()) }
    }

    /// What would come to less than half with `after`: which, how many before, how many then.
    pub(super) fn lost(&self, after: &Self) -> Vec<(String, usize, usize)> {
        let of = |name: &str| after.feeds.iter().find(|(n, _)| n == name).map_or(0, |(_, good)| *good);
        let feeds = self.feeds.iter().map(|(name, before)| (format!("feed {name}"), *before, of(name)));
        let all = ("all known hosts".to_owned(), self.hosts, after.hosts);
        // A table that is no longer asked for is not cut short.
        let named =
            self.named.zip(after.named).map(|(before, after)| ("subscribers".to_owned(), before, after));
        feeds.chain([all]).chain(named).filter(|(_, before, after)| *after < before.div_ceil(2)).collect()
    }
}

/// The figures for metrics.
pub(super) fn totals(rules: &RuleSet, feeds: &[FeedCount]) -> RuleTotals {
    let mut totals = RuleTotals {
        detections: rules.detections().len(),
        scripts: rules.scripts().len(),
        ..RuleTotals::default()
    };
    for list in rules.list_counts() {
        totals.pools += list.hosts;
        totals.addresses += list.addresses;
        totals.allowed += list.allowed;
    }
    for feed in feeds {
        for (sum, reason) in totals.refused.iter_mut().zip(Reason::ALL) {
            *sum += feed.report.refused(*reason);
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(hosts: usize, feeds: &[(&str, usize)]) -> Size {
        let feeds = feeds.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        Size { hosts, feeds, named: None }
    }

    #[test]
    fn less_than_half_is_lost_and_half_is_not() {
        let lost = |before: usize, after: usize| !size(before, &[]).lost(&size(after, &[])).is_empty();
        assert!(lost(100, 49) && lost(3, 1) && lost(1, 0) && lost(2, 0) && lost(1_000_000, 0));
        assert!(!lost(100, 50) && !lost(3, 2) && !lost(0, 0) && !lost(1, 1) && !lost(7, 1_000_000));
    }

    #[test]
    fn a_table_of_names_is_lost_unless_it_is_not_wanted() {
        let named = |named| Size { named, ..size(1, &[]) };
        assert_eq!(named(Some(100)).lost(&named(Some(49))), [("subscribers".to_owned(), 100, 49)]);
        for (before, after) in [(Some(100), None), (None, Some(1)), (Some(100), Some(50)), (Some(1), Some(9))]
        {
            assert_eq!(named(before).lost(&named(after)), []);
        }
    }

    #[test]
    fn each_feed_is_measured_by_its_own() {
        let before = size(1000, &[("a", 10), ("b", 100)]);
        assert_eq!(before.lost(&size(1000, &[("a", 10), ("b", 100), ("c", 1)])), []);
        let renamed = before.lost(&size(1000, &[("a", 110)]));
        assert_eq!(renamed, [("feed b".to_owned(), 100, 0)]);
        let cut = before.lost(&size(400, &[("b", 60), ("a", 4)]));
        assert_eq!(cut, [("feed a".to_owned(), 10, 4), ("all known hosts".to_owned(), 1000, 400)]);
    }
}
