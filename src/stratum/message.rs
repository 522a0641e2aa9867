//! What a message of any dialect says, and what it is worth.

use std::borrow::Cow;

use super::{Dialect, Id, Line, Verdict, text, word};

/// Who sends such a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The side that mines.
    Miner,
    /// The side that hands out work.
    Pool,
}

/// What a message is worth alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing without what came before; it opens no session.
    Context,
    /// Mining unless the host is known to do something else; two of them prove it.
    Strong,
    /// Proves mining.
    Unique,
}

/// One message of a dialect.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The dialect that this message alone speaks for.
    pub dialect: Dialect,
    /// Whether that is sure, or only the family's eldest stands for all its kin.
    pub decisive: bool,
    /// Who sends it; `None` where both sides do.
    pub role: Option<Role>,
    /// What it is worth.
    pub strength: Strength,
    /// What it is called in a reason: a verb, or what kind of reply.
    pub name: &'static str,
    /// Its id: of the request it is, or of the request it answers.
    pub id: Option<Id>,
    /// What it says.
    pub body: Body<'a>,
}

impl<'a> Message<'a> {
    /// Whether it is a reply that is worth something by itself, by what it is called.
    pub fn is_reply(&self) -> bool {
        self.name.starts_with("the reply to")
    }

    /// A message that proves mining, and this dialect, alone.
    pub(super) const fn decisive(
        dialect: Dialect,
        line: &Line<'_>,
        name: &'static str,
        role: Role,
        body: Body<'a>,
    ) -> Self {
        Self {
            dialect,
            decisive: true,
            role: Some(role),
            strength: Strength::Unique,
            name,
            id: line.id,
            body,
        }
    }
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// The miner introduces itself.
    Subscribe {
        /// Mining software.
        agent: Option<Cow<'a, str>>,
        /// The pool as the user typed it.
        pool: Option<PoolName<'a>>,
    },
    /// The miner says who is paid.
    Authorize(Login<'a>),
    /// A job, as a push or inside the reply to a login.
    Job(Job<'a>),
    /// A share.
    Submit(Share<'a>),
    /// Difficulty of the shares from the next job on.
    Difficulty {
        /// In the dialect's unit.
        difficulty: f64,
        /// Expected hashes a share, where the unit is known.
        hashes: Option<f64>,
        /// Algorithm, where the message names it.
        algorithm: Option<Cow<'a, str>>,
    },
    /// The miner states its rate, hashes per second.
    Hashrate(f64),
    /// The pool (or the miner's own settings) names an endpoint.
    Pool(PoolName<'a>),
    /// The server accepts version rolling, so the algorithm is SHA-256d (BIP 310).
    VersionRolling,
    /// The peer is asked something that it answers with a reply.
    Request(Request),
    /// An answer to the oldest share that waits for one, in dialects whose answers have no id.
    Answer(Verdict),
    /// Nothing that the account keeps.
    Other,
}

/// A request whose reply says something about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The miner is asked what software it is.
    Agent,
    /// Anything else: its reply must not be taken for that of a share.
    Plain,
}

/// Who is paid, and what else a miner says of itself when it logs in. What it did not say is `None`.
#[derive(Clone, Debug, Default)]
pub struct Login<'a> {
    /// Wallet or account, with or without worker.
    pub user: Cow<'a, str>,
    /// Worker named apart.
    pub worker: Option<Cow<'a, str>>,
    /// Mining software.
    pub agent: Option<Cow<'a, str>>,
    /// Where a proxy is asked to go on to.
    pub pool: Option<PoolName<'a>>,
    /// Coin to be paid in.
    pub coin: Option<Cow<'a, str>>,
    /// Algorithm to be mined.
    pub algorithm: Option<Cow<'a, str>>,
    /// The page that embeds the miner.
    pub site: Option<Cow<'a, str>>,
    /// The part of the time that the miner leaves the processor alone, from 0 to 1.
    pub throttle: Option<f64>,
}

impl<'a> Login<'a> {
    /// `[account.worker, …]` of a dialect whose accounts are told by their form.
    pub(super) fn of_account(line: &Line<'a>, fits: impl FnOnce(&str) -> bool) -> Option<Self> {
        let user = text(line.param(0)).filter(|u| fits(u))?;
        Some(Self { user, worker: text(line.worker), ..Self::default() })
    }
}

/// A share. What it did not say is `None`.
#[derive(Clone, Debug, Default)]
pub struct Share<'a> {
    /// Wallet or account, with or without worker.
    pub user: Option<Cow<'a, str>>,
    /// Worker named apart.
    pub worker: Option<Cow<'a, str>>,
    /// Mining software.
    pub agent: Option<Cow<'a, str>>,
    /// Algorithm.
    pub algorithm: Option<Cow<'a, str>>,
    /// The job it is for.
    pub job: Option<Cow<'a, str>>,
    /// The page that embeds the miner.
    pub site: Option<Cow<'a, str>>,
}

impl<'a> Share<'a> {
    /// `[account.worker, job, …]` of a dialect whose accounts are told by their form.
    pub(super) fn of_account(line: &Line<'a>, fits: impl FnOnce(&str) -> bool) -> Option<Self> {
        let user = Some(text(line.param(0)).filter(|u| fits(u))?);
        let job = Some(word(line.param(1))?);
        Some(Self { user, worker: text(line.worker), job, ..Self::default() })
    }
}

/// A job.
#[derive(Clone, Debug, Default)]
pub struct Job<'a> {
    /// Its id, or the header hash that plays the part.
    pub id: Option<Cow<'a, str>>,
    /// Expected hashes a share, where the job carries its target.
    pub hashes: Option<f64>,
    /// Algorithm, where the job tells.
    pub algorithm: Option<Cow<'a, str>>,
}

/// A pool as named inside a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolName<'a> {
    /// Host name or address, without scheme and port.
    pub host: Cow<'a, str>,
    /// Port.
    pub port: Option<u16>,
}

impl<'a> PoolName<'a> {
    /// Reads `host`, `host:port`, or a URL such as `stratum+tcp://host:port`.
    pub fn parse(text: Cow<'a, str>, port: Option<u16>) -> Option<Self> {
        let from = text.find("://").map_or(0, |at| at.saturating_add(3));
        let rest = text.get(from..)?.split(['/', '#', '?']).next()?;
        let (host, named) = match rest.rsplit_once(':') {
            Some((host, digits)) if !host.contains(':') || host.ends_with(']') => (host, digits.parse().ok()),
            _ => (rest, None),
        };
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let fits = (3..=253).contains(&host.len());
        let named_well =
            host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
        (fits && named_well && host.contains(['.', ':']))
            .then_some(Self { host: Cow::Owned(host), port: port.or(named) })
    }
}
