//! What is known of a listed host or address: why it is listed, who runs it, and who says so. It holds no names: many
//! share one account of themselves.

use std::sync::Arc;

/// What a host or address is listed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Category {
    /// A mining pool.
    #[default]
    Pool,
    /// Where hash power is sold.
    Marketplace,
    /// Stands between miners and a pool.
    Proxy,
    /// Where a mining program sends its author's share; only such programs ask for it.
    DevFeePool,
    /// Runs browser miners for web sites.
    BrowserMinerService,
    /// Only delivered the scripts of browser miners.
    MinerScriptCdn,
}

impl Category {
    /// All of them, in the order of rule files.
    pub const ALL: [Self; 6] = [
        Self::Pool,
        Self::Marketplace,
        Self::Proxy,
        Self::DevFeePool,
        Self::BrowserMinerService,
        Self::MinerScriptCdn,
    ];

    /// The word of rule files and events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Marketplace => "marketplace",
            Self::Proxy => "proxy",
            Self::DevFeePool => "dev-fee-pool",
            Self::BrowserMinerService => "browser-miner-service",
            Self::MinerScriptCdn => "miner-script-cdn",
        }
    }
}

/// Whether what is listed still mines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// As far as known, it does.
    #[default]
    Current,
    /// It is known or thought to be dead; who asks for it has an old page or program. Information only.
    Legacy,
}

impl Group {
    /// All of them, in the order of rule files.
    pub const ALL: [Self; 2] = [Self::Current, Self::Legacy];

    /// The word of rule files and events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }
}

/// What this very name is known to serve, apart from what its owner does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Serves {
    /// Not known.
    #[default]
    Unknown,
    /// Miners: nobody reads a web page there.
    Stratum,
    /// A web site.
    Web,
}

impl Serves {
    /// What a rule file can say, in that order.
    pub const ALL: [Self; 2] = [Self::Stratum, Self::Web];

    /// The word of rule files and events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Stratum => "stratum",
            Self::Web => "web",
        }
    }
}

/// What is known of a listed host or address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct About {
    /// What it is listed for.
    pub category: Category,
    /// Whether it still mines.
    pub group: Group,
    /// Who runs it; the listed name stands for who is not known.
    pub operator: Option<Arc<str>>,
    /// Coins it pays for: ticker symbols, or the coin's name in lower case where no ticker is in use.
    pub coins: Vec<Arc<str>>,
    /// Ports its mining servers are known to use.
    pub ports: Vec<u16>,
    /// What this very name serves.
    pub serves: Serves,
    /// Who says so: keys of sources, or the file.
    pub source: Arc<str>,
    /// When a source last listed it: a day, month or year.
    pub last_seen: Option<Arc<str>>,
    /// The last day, month or year in which it is to be believed; see [`Known::on`](super::Known::on).
    pub expires: Option<Arc<str>>,
}

impl About {
    /// A pool of which only the source is known.
    pub const fn new(source: Arc<str>) -> Self {
        Self {
            category: Category::Pool,
            group: Group::Current,
            operator: None,
            coins: Vec::new(),
            ports: Vec::new(),
            serves: Serves::Unknown,
            source,
            last_seen: None,
            expires: None,
        }
    }
}
