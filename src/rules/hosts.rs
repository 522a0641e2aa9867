//! Host names and what lies below them: a hash of whole names, asked suffix by suffix at label boundaries. It never
//! looks inside a label, so `notf2pool.com` is not `f2pool.com`.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Labels of the deepest name that may be listed, and so the number of lookups a host name can cost.
pub const MAX_LABELS: usize = 10;

/// Bytes of the longest host name (RFC 1035 §3.1, without the trailing dot).
const MAX_NAME: usize = 253;

/// Bytes of the longest label (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// Listed names, each with its index in the caller's table.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    by_name: HashMap<Box<[u8]>, usize, RandomState>,
    /// Labels of the deepest listed name; at most [`MAX_LABELS`] because [`check`] refuses deeper ones.
    depth: usize,
}

impl Hosts {
    /// Room for `count` names.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { by_name: HashMap::with_capacity_and_hasher(count, RandomState::default()), depth: 0 }
    }

    /// Lists a checked, lower-case name. The index of an equal one listed before stays, and comes back as the error.
    pub(super) fn insert(&mut self, name: &str, index: usize) -> Result<(), usize> {
        if let Some(&first) = self.by_name.get(name.as_bytes()) {
            return Err(first);
        }
        self.by_name.insert(name.as_bytes().into(), index);
        self.depth = self.depth.max(name.split('.').count()).min(MAX_LABELS);
        Ok(())
    }

    /// The longest listed suffix of `host` that `accept` takes; it is told the index and whether the suffix is the
    /// whole name.
    pub(super) fn longest(&self, host: &str, accept: impl Fn(usize, bool) -> bool) -> Option<usize> {
        let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
        let mut lower = [0; MAX_NAME];
        let name = lower.get_mut(..host.len())?;
        name.copy_from_slice(host);
        name.make_ascii_lowercase();

        // Where the last `depth` labels start, the shortest suffix first.
        let mut starts = [0; MAX_LABELS];
        let mut found = 0;
        let dots = name.iter().enumerate().rev().filter(|(_, b)| **b == b'.').map(|(dot, _)| dot + 1);
        for (slot, start) in starts.iter_mut().take(self.depth).zip(dots.chain([0])) {
            *slot = start;
            found += 1;
        }
        starts.iter().take(found).rev().find_map(|&start| {
            let index = *self.by_name.get(name.get(start..)?)?;
            accept(index, start == 0).then_some(index)
        })
    }
}

/// Whether a lower-case name may be listed; the error says what is wrong with it.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("is empty");
    }
    if name.len() > MAX_NAME {
        return Err("is longer than 253 bytes");
    }
    if !name.is_ascii() {
        return Err("has letters outside ASCII (write the xn-- form)");
    }
    let labels = name.split('.').count();
    if labels < 2 {
        return Err("has one label only, which would be a whole top-level domain");
    }
    if labels > MAX_LABELS {
        return Err("has more than 10 labels");
    }
    name.split('.').try_for_each(check_label)?;
    if name.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit())) {
        return Err("ends in a number like an IP address");
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("has an empty label (two dots in a row, or one at an end)");
    }
    if label.len() > MAX_LABEL {
        return Err("has a label of more than 63 bytes");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("has a label that starts or ends with a hyphen");
    }
    // The underscore is no host name's, but DNS carries it (service names).
    if !label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_') {
        return Err("has a character other than letters, digits, hyphen and dot");
    }
    Ok(())
}
