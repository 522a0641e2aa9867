//! What became of a feed's lines: counts, and the first few refusals of each reason.

/// Refusals of each reason that are kept with their line.
pub const SAMPLES: usize = 10;

/// Characters of a refused word that are kept.
const MAX_WORD: usize = 80;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $text:literal;)+) => {
        /// Why something of a feed is not taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $($(#[$doc])* $variant,)+ }

        impl Reason {
            /// All of them, in the order of their words.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it means, for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

reasons! {
    /// An allow list in force covers it.
    Allowed = "allowed", "the allow list in force covers it";
    /// An address of a content network: many sites share it.
    CdnAddress = "cdn_address", "an address of a content network, shared by many sites";
    /// Letters outside ASCII.
    Idn = "idn", "letters outside ASCII: the feed must give the xn-- form";
    /// A name of the machine or the local network.
    LocalName = "local_name", "a name of the machine or of a local network";
    /// A line too long to be an entry.
    LongLine = "long_line", "a line of more than 4096 bytes";
    /// A name longer than names can be, or deeper than is looked at.
    LongName = "long_name", "a name of more than 253 bytes, 63 a label, or 10 labels";
    /// No name, no address.
    Malformed = "malformed", "neither a name nor an address";
    /// The feed itself says that it is not for detection.
    NotForDetection = "not_for_detection", "the feed marks it as not for detection";
    /// Bytes that are no text.
    NotText = "not_text", "a line that is no UTF-8 text";
    /// A section of the feed whose hosts do not belong.
    OtherSection = "other_section", "in a section of hosts found by page title, which do not belong";
    /// A path, not a whole host.
    Path = "path", "names a path, not a whole host";
    /// Something that matches by pattern or under conditions.
    Pattern = "pattern", "a pattern or condition, which a name cannot say";
    /// A content network or large platform itself.
    Platform = "platform", "a content network or large platform itself";
    /// A name under which anybody can have names.
    PublicSuffix = "public_suffix", "a public suffix: names below it belong to anybody";
    /// An address that is no host's on the Internet.
    ReservedAddress = "reserved_address", "an address that is no host's on the Internet";
    /// A public resolver.
    Resolver = "resolver", "a well-known public resolver";
    /// A whole top-level domain, or no domain at all.
    SingleLabel = "single_label", "one label only";
    /// More entries than are kept.
    TooMany = "too_many", "more than 4 million entries";
    /// An entry of a kind that lists no host.
    Unsupported = "unsupported", "an entry of a kind that lists no host";
    /// A prefix that covers too much.
    WidePrefix = "wide_prefix", "a prefix wider than /16 (IPv4) or /32 (IPv6)";
}

/// Something that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its line, from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// What it was, cut short, without control characters.
    pub word: String,
}

/// What became of a feed's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Hosts and lines that were looked at, comments aside.
    pub read: u64,
    /// Hosts that were good, duplicates included.
    pub good: u64,
    /// Those of them that say nothing new.
    pub duplicates: u64,
    /// Names taken as exact ones, because anybody can have a name beside theirs.
    pub narrowed: u64,
    /// The first few refusals of each reason, in the order of lines.
    pub samples: Vec<Refusal>,
    refused: [u64; Reason::ALL.len()],
}

impl Report {
    /// Entries that are left.
    pub fn taken(&self) -> u64 {
        self.good.saturating_sub(self.duplicates)
    }

    /// How many were refused for a reason.
    pub fn refused(&self, reason: Reason) -> u64 {
        self.refused[reason as usize]
    }

    /// How many were refused in all.
    pub fn refused_in_all(&self) -> u64 {
        self.refused.iter().sum()
    }

    pub(super) fn refuse(&mut self, line: u64, reason: Reason, word: &str) {
        let count = &mut self.refused[reason as usize];
        *count += 1;
        if *count <= SAMPLES as u64 {
            self.samples.push(Refusal { line, reason, word: cut(word) });
        }
    }

    /// Puts another feed's counts to these; its samples stay its own.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.good += other.good;
        self.duplicates += other.duplicates;
        self.narrowed += other.narrowed;
        for (mine, theirs) in self.refused.iter_mut().zip(other.refused) {
            *mine += theirs;
        }
    }
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_WORD).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
