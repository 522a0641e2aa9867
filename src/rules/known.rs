//! Known hosts, addresses and scripts of all lists: filled list by list, then only asked. Of what two lists hold, the
//! later one's word counts. It reads no file.

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::addresses::{self, Addresses};
use super::hosts::{self, Hosts};
use super::scripts::{self, Script, Scripts};
use super::{About, Action, KnownAddress, KnownHost, ListCount, Listed, Problem, Scope, build};

mod below;

/// An account that hosts share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AboutId(u32);

/// Known hosts, addresses and scripts.
#[derive(Debug, Default)]
pub struct Known {
    hosts: Hosts,
    addresses: Addresses,
    scripts: Scripts,
    abouts: Vec<About>,
    /// Equal accounts are kept once.
    same: HashTable<u32>,
    hasher: RandomState,
    counts: Vec<ListCount>,
    /// The day by which accounts are over, if any is, and which are.
    today: Option<Box<str>>,
    over: Vec<bool>,
    /// Names of hosts that lower-casing needs, and nothing else.
    scratch: String,
}

/// The part of a count that an entry belongs to.
type Part = fn(&mut ListCount) -> &mut usize;

/// Whether an account's last day, month or year is past.
fn is_over(about: &About, today: Option<&str>) -> bool {
    let Some((last, today)) = about.expires.as_deref().zip(today) else { return false };
    today.get(..last.len()).is_some_and(|today| today > last)
}

impl Known {
    /// What comes next is of this list.
    pub fn begin(&mut self, list: &str) {
        self.counts.push(ListCount { list: list.into(), ..ListCount::default() });
    }

    /// What expired before this day, `2026-11-22`, is passed over from now on.
    pub fn on(&mut self, today: &str) {
        self.today = Some(today.into());
    }

    /// Keeps an account, or says which keys are wrong with it.
    pub fn about(&mut self, about: About) -> Result<AboutId, Vec<(&'static str, Problem)>> {
        let faults = build::faults_of(&about);
        if !faults.is_empty() {
            return Err(faults);
        }
        let hash = self.hasher.hash_one(&about);
        let kept = |index: &u32| self.abouts.get(*index as usize);
        if let Some(index) = self.same.find(hash, |index| kept(index) == Some(&about)) {
            return Ok(AboutId(*index));
        }
        let index = self.abouts.len() as u32;
        self.over.push(is_over(&about, self.today.as_deref()));
        self.abouts.push(about);
        let (abouts, hasher) = (&self.abouts, &self.hasher);
        self.same.insert_unique(hash, index, |other| {
            abouts.get(*other as usize).map_or(0, |about| hasher.hash_one(about))
        });
        Ok(AboutId(index))
    }

    /// Lists a host name, in any case, with or without its trailing dot.
    pub fn host(&mut self, name: &str, scope: Scope, action: Action, about: AboutId) -> Result<(), Problem> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            scratch.clear();
            scratch.push_str(name);
            scratch.make_ascii_lowercase();
            scratch.as_str()
        } else {
            name
        };
        let result = self.lower_host(name.strip_suffix('.').unwrap_or(name), scope, action, about);
        self.scratch = scratch;
        result
    }

    fn lower_host(
        &mut self,
        name: &str,
        scope: Scope,
        action: Action,
        about: AboutId,
    ) -> Result<(), Problem> {
        let wrong = |why| Problem::Domain(build::clip(name), why);
        hosts::check(name).map_err(wrong)?;
        if scope == Scope::Suffix && action == Action::List && is_public_suffix(name) {
            return Err(wrong("is a zone in which anybody can have a name"));
        }
        let list = self.list();
        if self.hosts.listed(name, scope).is_some_and(|entry| entry.list == list) {
            return Err(Problem::DuplicateDomain(name.to_owned()));
        }
        if self.passes_over(about) {
            return Ok(());
        }
        let before = self.hosts.insert(name, (scope, action), about.0, list).map_err(wrong)?;
        self.count(
            part(action, |c| &mut c.hosts),
            before.map(|e| (e.list, part(e.action(), |c| &mut c.hosts))),
        );
        Ok(())
    }

    /// Lists an address, an address with a port, or a prefix; the port may also stand apart.
    pub fn address(
        &mut self,
        rule: &str,
        port: Option<u16>,
        action: Action,
        about: AboutId,
    ) -> Result<(), Problem> {
        let wrong = |why| Problem::Address(build::clip(rule), why);
        let key = addresses::read(rule)
            .and_then(|key| port.map_or(Ok(key), |port| key.with_port(port)))
            .map_err(wrong)?;
        let list = self.list();
        if self.addresses.listed(&key).is_some_and(|entry| entry.list == list) {
            return Err(Problem::DuplicateAddress(rule.to_owned()));
        }
        if self.passes_over(about) {
            return Ok(());
        }
        let before = self.addresses.insert(key, rule, action, about.0, list).map_err(wrong)?;
        self.count(
            part(action, |c| &mut c.addresses),
            before.map(|e| (e.list, part(e.action, |c| &mut c.addresses))),
        );
        Ok(())
    }

    /// Whether an entry of this account is over; it is counted then.
    fn passes_over(&mut self, about: AboutId) -> bool {
        let over = self.over.get(about.0 as usize) == Some(&true);
        if let Some(count) = self.counts.last_mut().filter(|_| over) {
            count.expired += 1;
        }
        over
    }

    /// Lists a script; the error names the key at fault.
    pub fn script(&mut self, script: Script) -> Result<(), (&'static str, Problem)> {
        let wrong = |why| Problem::Script(build::clip(&script.pattern), why);
        if let Err((key, why)) = scripts::check(&script) {
            let hosts = || Problem::Domain(build::clip(&script.hosts.join(" ")), why);
            return Err((key, if key == "hosts" { hosts() } else { wrong(why) }));
        }
        if let Err(problem) = build::check_text(&script.service) {
            return Err(("service", problem));
        }
        let list = self.list();
        if self.scripts.listed(&script) == Some(list) {
            return Err(("pattern", Problem::DuplicateScript(script.pattern.into())));
        }
        let many = Problem::Script(build::clip(&script.pattern), "is one script too many: there may be 1024");
        let before = self.scripts.insert(script, list).map_err(|_| ("pattern", many))?;
        self.count(|c| &mut c.scripts, before.map(|list| (list, (|c| &mut c.scripts) as Part)));
        Ok(())
    }

    /// What each list came to, in the order of the files.
    pub fn counts(&self) -> &[ListCount] {
        &self.counts
    }

    /// Gives back what only collecting needed.
    pub(super) fn seal(&mut self) {
        self.hosts.shrink();
        self.same = HashTable::new();
        self.scratch = String::new();
    }

    #[inline]
    pub(super) fn find_host(&self, name: &str) -> Option<(KnownHost<'_>, Action)> {
        let (domain, entry) = self.hosts.longest(name)?;
        Some((KnownHost { domain, about: self.abouts.get(entry.about as usize)? }, entry.action()))
    }

    pub(super) fn find_address(&self, addr: IpAddr, port: u16) -> Option<KnownAddress<'_>> {
        let entry = self.addresses.longest(addr, port).filter(|entry| entry.action == Action::List)?;
        let about = self.abouts.get(entry.about as usize)?;
        Some(KnownAddress { rule: self.addresses.rule(entry), about })
    }

    #[inline]
    pub(super) fn may_be_address(&self, addr: IpAddr) -> bool {
        self.addresses.may_hold(addr)
    }

    pub(super) const fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = Listed<'_>> {
        self.hosts.iter().filter_map(|(name, entry)| {
            let (about, list) = self.told(entry.about, entry.list)?;
            Some(Listed { name, scope: entry.scope(), action: entry.action(), about, list })
        })
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = Listed<'_>> {
        self.addresses.entries().iter().filter_map(|entry| {
            let (about, list) = self.told(entry.about, entry.list)?;
            let name = self.addresses.rule(entry);
            Some(Listed { name, scope: Scope::Exact, action: entry.action, about, list })
        })
    }

    fn told(&self, about: u32, list: u16) -> Option<(&About, &str)> {
        Some((self.abouts.get(about as usize)?, &self.counts.get(usize::from(list))?.list))
    }

    /// The list being read. There are some hundreds at most.
    fn list(&mut self) -> u16 {
        if self.counts.is_empty() {
            self.begin("rules");
        }
        u16::try_from(self.counts.len() - 1).unwrap_or(u16::MAX)
    }

    /// Counts an entry, and no longer the one whose place it took.
    fn count(&mut self, part: Part, before: Option<(u16, Part)>) {
        let replaced = usize::from(before.is_some());
        if let Some((list, part)) = before
            && let Some(count) = self.counts.get_mut(usize::from(list))
        {
            *part(count) -= 1;
        }
        if let Some(count) = self.counts.last_mut() {
            *part(count) += 1;
            count.replaced += replaced;
        }
    }
}

fn part(action: Action, listed: Part) -> Part {
    match action {
        Action::List => listed,
        Action::Allow => |c| &mut c.allowed,
    }
}

/// Whether the public suffix list has this name, so that names below it belong to strangers.
pub(super) fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|s| s.is_known() && s.as_bytes().len() == name.len())
}
