//! What lists say of a host or address, and what a lookup and a listing give back. How they are kept is not known here.

use std::sync::Arc;

use super::About;

/// What a listed name counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// This name only.
    #[default]
    Exact,
    /// This name and those below it.
    Suffix,
}

impl Scope {
    /// Both, in the order of rule files.
    pub const ALL: [Self; 2] = [Self::Exact, Self::Suffix];

    /// The word of rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Suffix => "suffix",
        }
    }
}

/// What a list says of a host or address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// It has to do with mining.
    #[default]
    List,
    /// It has not, whatever a shorter name or prefix says.
    Allow,
}

impl Action {
    /// Both, in the order of rule files.
    pub const ALL: [Self; 2] = [Self::List, Self::Allow];

    /// The word of rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Allow => "allow",
        }
    }
}

/// A listed host that a name was found to be, or to lie below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownHost<'a> {
    /// The name as listed, in lower case.
    pub domain: &'a str,
    /// What is known of it.
    pub about: &'a About,
}

impl<'a> KnownHost<'a> {
    /// Who runs it; the listed name where nobody is known.
    pub fn operator(&self) -> &'a str {
        self.about.operator.as_deref().unwrap_or(self.domain)
    }
}

/// A rule that holds for an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownAddress<'a> {
    /// The rule as it was written.
    pub rule: &'a str,
    /// What is known of it.
    pub about: &'a About,
}

/// A listed host or address, as lists show it.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The name, or the address as it was written.
    pub name: &'a str,
    /// What it counts for; an address for itself.
    pub scope: Scope,
    /// Whether it is listed or allowed.
    pub action: Action,
    /// What is known of it.
    pub about: &'a About,
    /// The file that said so last.
    pub list: &'a str,
}

/// What came of one list. What a later list said otherwise counts there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListCount {
    /// The file's name.
    pub list: Arc<str>,
    /// Listed host names.
    pub hosts: usize,
    /// Listed addresses.
    pub addresses: usize,
    /// Allowed names and addresses.
    pub allowed: usize,
    /// Scripts.
    pub scripts: usize,
    /// Entries passed over because their time was over.
    pub expired: usize,
    /// Of all these, how many took the place of another list's.
    pub replaced: usize,
}
