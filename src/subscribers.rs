//! The operator's names for clients: a table of networks and names, asked for the narrowest network that holds an address.
//! It reads the text of a file that somebody else opened, and decides nothing about who may see a name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};

use crate::packet::network;

mod line;

use line::{Line, row};

/// Rows at most.
pub const MAX_ROWS: usize = 2_000_000;

/// Faults after which no more are looked for.
const MAX_FAULTS: usize = 1000;

/// Bytes of the longest name.
pub const LONGEST_NAME: usize = 128;

/// Names for networks, some 50 bytes a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribers {
    v4: Vec<Network>,
    v6: Vec<Network>,
    /// All names, one behind the other.
    names: String,
    /// Where each name ends.
    ends: Vec<u32>,
}

/// A network with its name. Two of them share no address, or one holds the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    /// The first address; of IPv4 in the lowest 32 bits.
    first: u128,
    prefix: u8,
    name: u32,
    /// The narrowest network around this one; itself where there is none.
    around: u32,
}

/// A line that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Fault {
    fn new(line: usize, what: impl Into<String>, remedy: &str) -> Self {
        Self { line, what: what.into(), remedy: remedy.to_owned() }
    }
}

impl Subscribers {
    /// Reads lines of network and name, as docs/privacy.md describes them.
    ///
    /// # Errors
    /// All lines that are not taken, in their order.
    pub fn read(text: &str) -> Result<Self, Vec<Fault>> {
        Self::read_at_most(MAX_ROWS, text)
    }

    fn read_at_most(most: usize, text: &str) -> Result<Self, Vec<Fault>> {
        let mut reading = Reading { most, ..Reading::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in (1..).zip(text.lines()) {
            if let Err(fault) = reading.line(number, line) {
                reading.faults.push(fault);
                if reading.rows == most || reading.faults.len() == MAX_FAULTS {
                    break;
                }
            }
        }
        reading.finish()
    }

    /// The name of the narrowest network that holds the address.
    pub fn name(&self, addr: IpAddr) -> Option<&str> {
        let (networks, bits, width) = match addr.to_canonical() {
            IpAddr::V4(a) => (&self.v4, u128::from(u32::from(a)), 32),
            IpAddr::V6(a) => (&self.v6, u128::from(a), 128),
        };
        // The last network that begins at or before the address is the narrowest, or lies inside that.
        let mut at = networks.partition_point(|n| n.first <= bits).checked_sub(1)?;
        loop {
            let network = networks.get(at)?;
            if network.first == keep(bits, network.prefix, width) {
                return self.text(network.name);
            }
            let around = network.around as usize;
            if around == at {
                return None;
            }
            at = around;
        }
    }

    /// How many networks have a name.
    pub fn networks(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nobody has a name.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn text(&self, name: u32) -> Option<&str> {
        let name = name as usize;
        let start = name.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.names.get(start as usize..*self.ends.get(name)? as usize)
    }
}

/// A file as it is read.
#[derive(Default)]
struct Reading<'t> {
    subscribers: Subscribers,
    known: HashMap<Cow<'t, str>, u32>,
    /// Lines of the networks, in the order of each family.
    lines: [Vec<u32>; 2],
    rows: usize,
    most: usize,
    faults: Vec<Fault>,
}

impl<'t> Reading<'t> {
    fn line(&mut self, number: usize, line: &'t str) -> Result<(), Fault> {
        let Line::Row { addr, prefix, name } = row(number, line, self.rows == 0)? else { return Ok(()) };
        if self.rows == self.most {
            let what = format!("is one row too many: {} are read", self.most);
            return Err(Fault::new(number, what, "join networks that lie side by side"));
        }
        self.rows += 1;
        let name = self.name(name);
        let line = u32::try_from(number).unwrap_or(u32::MAX);
        let (family, networks, first) = match addr {
            IpAddr::V4(a) => (0, &mut self.subscribers.v4, u128::from(u32::from(a))),
            IpAddr::V6(a) => (1, &mut self.subscribers.v6, u128::from(a)),
        };
        networks.push(Network { first, prefix, name, around: 0 });
        self.lines[family].push(line);
        Ok(())
    }

    fn name(&mut self, name: Cow<'t, str>) -> u32 {
        let Subscribers { names, ends, .. } = &mut self.subscribers;
        match self.known.entry(name) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                names.push_str(entry.key());
                ends.push(u32::try_from(names.len()).unwrap_or(u32::MAX));
                *entry.insert((ends.len() - 1) as u32)
            }
        }
    }

    fn finish(mut self) -> Result<Subscribers, Vec<Fault>> {
        let lines = std::mem::take(&mut self.lines);
        let mut subscribers = std::mem::take(&mut self.subscribers);
        drop(std::mem::take(&mut self.known));
        for (networks, lines, width) in
            [(&mut subscribers.v4, &lines[0], 32), (&mut subscribers.v6, &lines[1], 128)]
        {
            order(networks, lines, width, &mut self.faults);
        }
        if self.rows == 0 && self.faults.is_empty() {
            // More likely half written than meant.
            self.faults.push(Fault::new(1, "has no row", "write lines like 192.0.2.7,NAME"));
        }
        if !self.faults.is_empty() {
            self.faults.sort_by_key(|fault| fault.line);
            return Err(self.faults);
        }
        subscribers.names.shrink_to_fit();
        subscribers.ends.shrink_to_fit();
        Ok(subscribers)
    }
}

/// Sorts networks, leaves one of those that are there twice, and finds what is around each. `lines` are theirs.
fn order(networks: &mut Vec<Network>, lines: &[u32], width: u8, faults: &mut Vec<Fault>) {
    let mut order: Vec<u32> = (0..networks.len() as u32).collect();
    let key = |at: u32| (networks[at as usize].first, networks[at as usize].prefix);
    order.sort_by_key(|at| (key(*at), lines[*at as usize]));
    let mut sorted: Vec<Network> = Vec::with_capacity(networks.len());
    let mut kept_line = 0;
    for at in order {
        let mut network = networks[at as usize];
        let line = lines[at as usize];
        let mut around = sorted.len().checked_sub(1);
        if let Some(last) = sorted.last().filter(|n| (n.first, n.prefix) == (network.first, network.prefix)) {
            if last.name != network.name && faults.len() < MAX_FAULTS {
                let what = format!("has another name for the network of line {kept_line}");
                faults.push(Fault::new(line as usize, what, "keep one of the two"));
            }
            continue;
        }
        while let Some(outer) = around {
            let n = sorted[outer];
            if keep(network.first, n.prefix, width) == n.first {
                break;
            }
            around = (n.around as usize != outer).then_some(n.around as usize);
        }
        network.around = around.unwrap_or(sorted.len()) as u32;
        kept_line = line;
        sorted.push(network);
    }
    sorted.shrink_to_fit();
    *networks = sorted;
}

/// The first `prefix` bits of a number of `width` bits.
fn keep(bits: u128, prefix: u8, width: u8) -> u128 {
    let whole = IpAddr::V6(Ipv6Addr::from(bits << (128 - u32::from(width))));
    match network(whole, prefix) {
        IpAddr::V6(kept) => u128::from(kept) >> (128 - u32::from(width)),
        IpAddr::V4(_) => bits, // the family stays as it is
    }
}

#[cfg(test)]
mod tests;
