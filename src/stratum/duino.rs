//! Duino-Coin: words between commas, one message a line, or a segment where the client writes no line feed. Its hashes
//! are SHA-1. Greetings, wallet commands and the mining key are not read; framing is [`crate::wire::words`]'s.
//!
//! ```text
//! miner  JOB,user,difficulty[,key[,text]]     nonce,rate,agent,rig,chip,group
//! pool   hash,hash,difficulty                 GOOD[,balance]  BAD,reason  BLOCK
//! ```

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, Strength, Verdict, is_hex};

/// Digits of a SHA-1.
const HASH: usize = 40;
/// Longest user, agent or name of a rig.
const MAX_WORD: usize = 64;
/// A nonce lies anywhere between 0 and this many times the difficulty, so half of it is tried.
const NONCES_PER_DIFFICULTY: f64 = 100.0;

/// Reads one line. `nonce,rate,…` and `GOOD` are good without their line feed, a job is not: its last word is a number.
pub(super) fn read(text: &str) -> Option<Message<'_>> {
    let text = text.trim_ascii();
    match text.split_once(',').map_or(text, |(first, _)| first) {
        "JOB" => request(text),
        "GOOD" | "BLOCK" => answer(text, Verdict::Accepted),
        "BAD" => answer(text, Verdict::Rejected),
        first if first.len() == HASH => job(text),
        _ => share(text),
    }
}

fn message<'a>(name: &'static str, role: Role, strength: Strength, body: Body<'a>) -> Message<'a> {
    let message = Message::decisive(Dialect::Duino, &Line::default(), name, role, body);
    Message { strength, ..message }
}

/// A miner asks for work, before each share anew. A printer's `JOB,12,URGENT` is kept out by its number.
fn request(text: &str) -> Option<Message<'_>> {
    let mut words = text.split(',').skip(1);
    let (user, difficulty, key) = (words.next()?, words.next()?, words.next());
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
    let named = (1..=MAX_WORD).contains(&user.len()) && user.bytes().all(name);
    let numbered = user.bytes().all(|b| b.is_ascii_digit());
    (is_known(difficulty) || !numbered && is_capital(difficulty)).then_some(())?;
    // Printers, robots and build servers have jobs, names and such words too: only a board, or the missing key that
    // miners spell out, is a miner's own. The job that answers it proves the rest.
    let own = !numbered && (is_board(difficulty) || key == Some("None"));
    let strength = if own { Strength::Unique } else { Strength::Context };
    let body = Body::Authorize(Login { user: Cow::Borrowed(user), ..Login::default() });
    named.then(|| message("JOB", Role::Miner, strength, body))
}

/// Boards that nothing else is called after.
fn is_board(difficulty: &str) -> bool {
    matches!(difficulty, "AVR" | "RP2040")
        || difficulty.starts_with("ESP32")
        || difficulty.starts_with("ESP8266")
}

/// The words of official miners. Boards of Espressif's have new ones each year.
fn is_known(difficulty: &str) -> bool {
    const WORDS: [&str; 10] =
        ["ARM", "AVR", "DUE", "EXTREME", "LOW", "MEDIUM", "MEGA", "NET", "PICO", "RP2040"];
    WORDS.contains(&difficulty)
        || is_capital(difficulty) && (difficulty.starts_with("ESP32") || difficulty.starts_with("ESP8266"))
}

fn is_capital(word: &str) -> bool {
    let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (2..=16).contains(&word.len())
        && word.bytes().all(capital)
        && word.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
}

/// `last hash,hash to be found,difficulty`.
fn job(text: &str) -> Option<Message<'_>> {
    let mut words = text.split(',');
    let (last, wanted, difficulty) = (words.next()?, words.next()?, words.next()?);
    let hashes = [last, wanted].iter().all(|h| h.len() == HASH && is_hex(h));
    let difficulty = number(difficulty, 7).filter(|d| *d > 0.0)?;
    let body = Body::Job(Job {
        // The last hash may serve many jobs, the one to be found is each job's own.
        id: wanted.get(..16).map(Cow::Borrowed),
        hashes: Some(difficulty * NONCES_PER_DIFFICULTY / 2.0),
        algorithm: Some(Cow::Borrowed("ducos1")),
    });
    (hashes && words.next().is_none())
        .then(|| message("a job of two hashes", Role::Pool, Strength::Unique, body))
}

/// `nonce,rate,agent,rig,chip,group`; chip and group are younger than the rest, and other people's miners leave them out.
/// Without a miner's name or chip any table of readings looks like it, so then it says something only in a session.
fn share(text: &str) -> Option<Message<'_>> {
    let mut words = text.split(',');
    let numbers = [words.next()?, words.next()?].map(|w| number(w, 20));
    let (agent, rig) = (words.next()?, words.next()?);
    let official = agent.starts_with("Official ") && agent.contains(" Miner");
    // Theirs always come with a chip, be it empty, so that a line cut in the rig's name is told from a whole one.
    let chip = words.next().or_else(|| Some("").filter(|_| !official && !rig.is_empty()))?;
    let group = words.next().unwrap_or_default();
    let printable = |w: &str| w.len() <= MAX_WORD && !w.bytes().any(|b| b.is_ascii_control());
    let chipped = chip.strip_prefix("DUCOID").is_some_and(|c| c.bytes().all(|b| b.is_ascii_alphanumeric()));
    let formed = numbers.iter().all(Option::is_some)
        && [agent, rig, chip, group].into_iter().all(printable)
        && agent.bytes().any(|b| b.is_ascii_alphabetic())
        && (chip.is_empty() || chipped || "DUCOID".starts_with(chip))
        && group.bytes().all(|b| b.is_ascii_digit());
    let strength = if chipped || official { Strength::Unique } else { Strength::Context };
    let body = Body::Submit(Share {
        agent: Some(Cow::Borrowed(agent)),
        worker: Some(Cow::Borrowed(rig)).filter(|r| !r.is_empty()),
        algorithm: Some(Cow::Borrowed("ducos1")),
        ..Share::default()
    });
    (formed && words.next().is_none()).then(|| message("a share of six words", Role::Miner, strength, body))
}

/// An answer to the oldest share: there are no ids, and each is answered in turn.
fn answer(text: &str, verdict: Verdict) -> Option<Message<'_>> {
    let rest = text.split_once(',').map_or("", |(_, rest)| rest);
    let printable = rest.len() <= 2 * MAX_WORD && !rest.bytes().any(|b| b.is_ascii_control());
    printable.then(|| message("an answer", Role::Pool, Strength::Context, Body::Answer(verdict)))
}

/// Digits, perhaps with a point among them.
fn number(word: &str, most: usize) -> Option<f64> {
    let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
    let digits = |t: &str| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(part)).then(|| word.parse().ok()).flatten()
}
