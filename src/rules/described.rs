//! Dialects that rule files describe: the shapes of their messages, compiled to what the sensor asks for each line and
//! head. It reads no YAML (the shell does) and knows no session; a described message is worth what its rule says.
//!
//! Rule files are the user's own, traffic is not: the tables are bounded when they are built, and nothing of a
//! message is kept.

use std::borrow::Cow;

use crate::detect::{Dialect, Signal};
use crate::stratum::{Body, Job, Line, Login, Message, PoolName, Role, Share, Strength, Verdict};
use crate::wire::http;

use super::Rule;

mod head;
mod json;
mod objects;
mod texts;
mod width;

#[cfg(test)]
mod tests;

pub use head::{HeadForm, HostForm, PathForm};
pub use json::{Kind, Literal, Member, Path, Test};
pub use texts::check_text;
pub(super) use width::too_wide;

use head::Heads;
use objects::Objects;
use texts::Texts;

/// Dialects that may be described.
pub const MAX_DIALECTS: usize = 64;
/// Messages of one dialect.
pub const MAX_SHAPES: usize = 64;
/// Bytes of the longest text taken from a message, and of the longest that one is compared with.
pub const MAX_TEXT: usize = 512;

/// A dialect as its rule file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// How it is called; its dialect is [`Dialect::Named`].
    pub rule: Rule,
    /// Its messages. The first shape that fits names a message.
    pub shapes: Vec<Shape>,
}

/// One message of a described dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What it is called in a reason.
    pub name: &'static str,
    /// Who sends it; `None` where both sides do.
    pub from: Option<Role>,
    /// What it is worth alone.
    pub strength: Strength,
    /// What it says.
    pub says: Says,
    /// What is read of it, and from where.
    pub take: Vec<(Field, Source)>,
    /// How it is told.
    pub form: Form,
}

/// How a message is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// The head of an HTTP request.
    Http(HeadForm),
    /// An object, by members that must all hold.
    Json(Vec<Member>),
    /// The first bytes of a line, of a segment or of a WebSocket's message.
    Text(Box<[u8]>),
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// The oldest share that waits is accepted.
    Accept,
    /// Work.
    Job,
    /// Who is paid.
    Login,
    /// Nothing that the account keeps, but for a pool's name.
    Other,
    /// The oldest share that waits is rejected.
    Reject,
    /// A share.
    Submit,
    /// The miner introduces itself.
    Subscribe,
}

/// A value that may be read of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Mining software.
    Agent,
    /// Algorithm.
    Algorithm,
    /// Coin.
    Coin,
    /// Expected hashes a share.
    Hashes,
    /// The job's id.
    Job,
    /// The pool: `host:port` or a URL.
    Pool,
    /// The page that embeds the miner.
    Site,
    /// The part of the time that the miner leaves the processor alone, from 0 to 1.
    Throttle,
    /// Wallet or account.
    User,
    /// Worker.
    Worker,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In this header of an HTTP head.
    Header(Box<str>),
    /// At this path of an object.
    Path(Path),
    /// What the first `*` of an HTTP path stands for.
    Star,
}

impl Says {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Accept, Self::Job, Self::Login, Self::Other, Self::Reject, Self::Submit, Self::Subscribe];

    /// The word in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Job => "job",
            Self::Login => "login",
            Self::Other => "other",
            Self::Reject => "reject",
            Self::Submit => "submit",
            Self::Subscribe => "subscribe",
        }
    }

    /// The values that such a message can say.
    pub const fn fields(self) -> &'static [Field] {
        use Field::{Agent, Algorithm, Coin, Hashes, Job, Pool, Site, Throttle, User, Worker};
        match self {
            Self::Accept | Self::Reject => &[],
            Self::Job => &[Algorithm, Hashes, Job],
            Self::Login => &[Agent, Algorithm, Coin, Pool, Site, Throttle, User, Worker],
            Self::Other => &[Pool],
            Self::Submit => &[Agent, Algorithm, Job, Site, User, Worker],
            Self::Subscribe => &[Agent, Pool],
        }
    }
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Agent,
        Self::Algorithm,
        Self::Coin,
        Self::Hashes,
        Self::Job,
        Self::Pool,
        Self::Site,
        Self::Throttle,
        Self::User,
        Self::Worker,
    ];

    /// The word in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Algorithm => "algorithm",
            Self::Coin => "coin",
            Self::Hashes => "hashes",
            Self::Job => "job",
            Self::Pool => "pool",
            Self::Site => "site",
            Self::Throttle => "throttle",
            Self::User => "user",
            Self::Worker => "worker",
        }
    }
}

/// All described dialects, compiled. What has no shape of a class costs one branch there.
#[derive(Debug, Default)]
pub struct Own {
    signals: Vec<(&'static str, Signal)>,
    objects: Objects,
    texts: Texts,
    heads: Heads,
}

impl Own {
    /// Compiles dialects that were checked.
    pub(super) fn compile(dialects: &[Described]) -> Self {
        let mut own = Self::default();
        for described in dialects {
            let Some(dialect @ Dialect::Named(word)) = described.rule.dialect else { continue };
            own.signals.push((word, described.rule.signal));
            for shape in &described.shapes {
                let meaning = Meaning::of(dialect, shape);
                match &shape.form {
                    Form::Http(form) => own.heads.add(form.clone(), meaning),
                    Form::Json(members) => own.objects.add(members.clone(), meaning),
                    Form::Text(text) => own.texts.add(text, meaning),
                }
            }
        }
        own.objects.index();
        own
    }

    /// Whether nothing is described.
    pub fn is_empty(&self) -> bool {
        self.signals.is_empty()
    }

    /// Dialects described.
    pub fn count(&self) -> usize {
        self.signals.len()
    }

    /// The signal that a described dialect's rule names.
    pub(super) fn signal(&self, dialect: Dialect) -> Option<Signal> {
        let Dialect::Named(word) = dialect else { return None };
        self.signals.iter().find(|(w, _)| *w == word).map(|(_, signal)| *signal)
    }

    /// Reads an object, whole or the head of an overlong one.
    pub fn object<'a>(&self, line: &Line<'a>) -> Option<Message<'a>> {
        self.objects.find(line)
    }

    /// Reads a message by its first bytes.
    pub fn text<'a>(&self, text: &'a [u8]) -> Option<Message<'a>> {
        self.texts.find(text)
    }

    /// Reads the head of an HTTP request.
    pub fn head<'a>(&self, head: &http::Request<'a>) -> Option<Message<'a>> {
        self.heads.find(head)
    }

    /// Whether a payload begins a message of text, as far as it is here.
    #[inline]
    pub fn may_begin_text(&self, payload: &[u8]) -> bool {
        self.texts.may_begin(payload)
    }

    /// Whether a payload begins a request that could fit, judged by method and path as far as they are here.
    #[inline]
    pub fn may_be_head(&self, payload: &[u8]) -> bool {
        self.heads.may_begin(payload)
    }

    /// Whether a cut object could still fit: its first member is one that some shape asks for.
    #[inline]
    pub fn may_become(&self, object: &[u8]) -> bool {
        self.objects.may_become(object)
    }
}

/// What a shape's message means, apart from how it is told.
#[derive(Clone, Debug)]
struct Meaning {
    dialect: Dialect,
    name: &'static str,
    from: Option<Role>,
    strength: Strength,
    says: Says,
    take: Vec<(Field, Source)>,
}

impl Meaning {
    fn of(dialect: Dialect, shape: &Shape) -> Self {
        let Shape { name, from, strength, says, ref take, form: _ } = *shape;
        Self { dialect, name, from, strength, says, take: take.clone() }
    }

    /// The message, its values read from where `at` finds them.
    fn message<'a>(&self, line: &Line<'a>, at: impl Fn(&Source) -> Option<Cow<'a, str>>) -> Message<'a> {
        let read = |field| {
            let (_, source) = self.take.iter().find(|(f, _)| *f == field)?;
            at(source).filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
        };
        Message {
            dialect: self.dialect,
            decisive: true,
            role: self.from,
            strength: self.strength,
            name: self.name,
            id: line.id,
            body: body(self.says, read),
        }
    }
}

fn body<'a>(says: Says, read: impl Fn(Field) -> Option<Cow<'a, str>>) -> Body<'a> {
    let pool = || read(Field::Pool).and_then(|text| PoolName::parse(text, None));
    match says {
        Says::Accept => Body::Answer(Verdict::Accepted),
        Says::Reject => Body::Answer(Verdict::Rejected),
        Says::Other => pool().map_or(Body::Other, Body::Pool),
        Says::Subscribe => Body::Subscribe { agent: read(Field::Agent), pool: pool() },
        Says::Job => Body::Job(Job {
            id: read(Field::Job),
            hashes: read(Field::Hashes).and_then(|text| number(&text)).filter(|hashes| *hashes > 0.0),
            algorithm: read(Field::Algorithm),
        }),
        Says::Login => Body::Authorize(Login {
            user: read(Field::User).unwrap_or_default(),
            worker: read(Field::Worker),
            agent: read(Field::Agent),
            pool: pool(),
            coin: read(Field::Coin),
            algorithm: read(Field::Algorithm),
            site: read(Field::Site),
            throttle: read(Field::Throttle).and_then(|text| number(&text)).filter(|part| *part <= 1.0),
        }),
        Says::Submit => Body::Submit(Share {
            user: read(Field::User),
            worker: read(Field::Worker),
            agent: read(Field::Agent),
            algorithm: read(Field::Algorithm),
            job: read(Field::Job),
            site: read(Field::Site),
        }),
    }
}

/// A number that is not negative, nor one of the words that Rust's parser knows besides.
fn number(text: &str) -> Option<f64> {
    text.bytes().next().filter(u8::is_ascii_digit)?;
    text.parse().ok().filter(|n: &f64| n.is_finite())
}
