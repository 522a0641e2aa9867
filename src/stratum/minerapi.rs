//! Management of miners on the LAN: cgminer's interface (port 4028), Claymore's and ethminer's (port 3333), XMRig's
//! over HTTP. The miner is the side that answers, and the manager stands where a pool does. No share passes here.
//!
//! cgminer's other form, words and bars (`STATUS=S|SUMMARY,…`), is no JSON and is not read.

use std::borrow::Cow;

use super::{Body, Dialect, Line, Message, PoolName, Role, Strength, text, word};
use crate::wire::http;
use crate::wire::json::Value;

/// Programs that answer as cgminer does; `Description` begins with one, before a space or a number.
const PROGRAMS: [&str; 16] = [
    "antminer",
    "avalon",
    "bfgminer",
    "bmminer",
    "bosminer",
    "btminer",
    "cgminer",
    "ckbminer",
    "dcrminer",
    "gominer",
    "innominer",
    "intminer",
    "luxminer",
    "sgminer",
    "vnish",
    "whatsminer",
];
/// Sections of cgminer's replies that state a rate, and how such a member may be called.
const SECTIONS: [&str; 3] = ["SUMMARY", "DEVS", "STATS"];
/// Calls that monitors join.
const CALLS: [&str; 4] = ["summary", "pools", "devs", "stats"];
const RATES: [&str; 8] = ["GHS 5s", "GHS av", "KHS 5s", "KHS av", "MHS 20s", "MHS 5s", "MHS av", "THS av"];

/// Whether a request is for XMRig's summary, whose answer has a body that [`read`] knows.
pub(super) fn is_asking(head: &http::Request<'_>) -> bool {
    head.method == "GET" && matches!(head.target.split('?').next(), Some("/1/summary" | "/2/summary"))
}

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    cgminer(line).or_else(|| xmrig(line)).or_else(|| command(line))
}

/// Reads a line with a method. `miner_start` and its kin are a node's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, strength) = match method {
        "miner_getstat1" => ("miner_getstat1", Strength::Unique),
        "miner_getstat2" => ("miner_getstat2", Strength::Unique),
        "miner_getstatHR" | "miner_getstathr" => ("miner_getstathr", Strength::Unique),
        "miner_getstatdetail" => ("miner_getstatdetail", Strength::Unique),
        "miner_ping"
        | "miner_reboot"
        | "miner_restart"
        | "miner_shuffle"
        | "miner_getscramblerinfo"
        | "miner_getconnections"
        | "miner_setactiveconnection"
        | "miner_pausegpu" => ("a call of a miner's interface", Strength::Context),
        _ => return None,
    };
    Some(message(line, name, Role::Pool, strength, Body::Other))
}

/// Reads a reply whose result is an array: the nine strings of `miner_getstat1`, of which the first names the program and
/// the eighth its pool.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let plain = |at| result.item(at).and_then(Value::plain);
    let numbers = |at, count| {
        let text: Option<&str> = plain(at);
        let digits = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
        text.is_some_and(|t| t.split(';').count() == count && t.split(';').all(digits))
    };
    let nine = result.items().take(10).count() == 9 && result.items().take(9).all(|v| v.plain().is_some());
    if !nine || !numbers(1, 1) || !numbers(2, 3) || !numbers(8, 4) {
        return None;
    }
    let agent = text(result.item(0))?;
    let pool = plain(7)?.split(';').next()?;
    let pool = PoolName::parse(Cow::Borrowed(pool), None)?;
    let body = Body::Subscribe { agent: Some(agent), pool: Some(pool) };
    Some(message(line, "the reply to miner_getstat1", Role::Miner, Strength::Unique, body))
}

fn message<'a>(
    line: &Line<'a>,
    name: &'static str,
    role: Role,
    strength: Strength,
    body: Body<'a>,
) -> Message<'a> {
    let message = Message::decisive(Dialect::Minerapi, line, name, role, body);
    Message { strength, ..message }
}

/// `{"STATUS":[{…,"Description":"cgminer 4.12.1"}],"SUMMARY":[{…,"MHS av":…}]}`, and other sections.
fn cgminer<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    // Calls that were joined (`summary+pools`) are answered by an array each.
    let joined = |call: &str| line.get(call).and_then(|replies| replies.item(0));
    let part = |section: &str| line.get(section).or_else(|| joined(call_of(section)?)?.get(section));
    let status =
        line.get("STATUS").or_else(|| CALLS.iter().find_map(|call| joined(call)?.get("STATUS")))?.item(0)?;
    status.get("STATUS")?.plain().filter(|s| s.len() == 1)?;
    let agent = text(status.get("Description"));
    let named = status.get("Code").is_some() && agent.as_deref().is_some_and(is_program);
    let has_rate = |s: Value<'_>| s.members().any(|(k, _)| k.plain().is_some_and(|k| RATES.contains(&k)));
    let rated = || SECTIONS.iter().any(|s| part(s).and_then(|s| s.item(0)).is_some_and(has_rate));
    if !named && !rated() {
        return None;
    }
    let body = Body::Subscribe { agent, pool: part("POOLS").and_then(pool) };
    Some(message(line, "the reply to a call of cgminer's interface", Role::Miner, Strength::Unique, body))
}

/// The call that a section answers.
fn call_of(section: &str) -> Option<&'static str> {
    CALLS.into_iter().find(|call| call.eq_ignore_ascii_case(section))
}

/// Of the pools that a miner was given, the one it mines for.
fn pool(pools: Value<'_>) -> Option<PoolName<'_>> {
    let active = |p: &Value<'_>| p.get("Stratum Active").and_then(Value::bool) == Some(true);
    let pool = pools.items().take(16).find(active).or_else(|| pools.item(0))?;
    PoolName::parse(text(pool.get("URL"))?, None)
}

fn is_program(description: &str) -> bool {
    PROGRAMS.iter().any(|p| {
        let begins = description.get(..p.len()).is_some_and(|d| d.eq_ignore_ascii_case(p));
        let after = description.get(p.len()..).and_then(|d| d.bytes().next());
        begins && after.is_none_or(|b| matches!(b, b' ' | b'-' | b'/' | b'_') || b.is_ascii_digit())
    })
}

/// XMRig's summary. Worker and identity are the user's own words for the machine, no payee.
fn xmrig<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    word(line.get("worker_id"))?;
    let agent = text(line.get("ua")).filter(|a| a.contains('/'))?;
    line.get("algo").filter(|a| a.is_null() || a.plain().is_some())?;
    line.get("hashrate")?.get("total").filter(|t| t.is_array())?;
    let pool = text(line.get("connection")?.get("pool")).and_then(|p| PoolName::parse(p, None));
    let body = Body::Subscribe { agent: Some(agent), pool };
    Some(message(line, "the reply to a call of XMRig's interface", Role::Miner, Strength::Unique, body))
}

/// `{"command":"summary","parameter":""}`: other programs have commands too.
fn command<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let command = line.get("command")?.plain()?;
    let known = matches!(
        command,
        "summary"
            | "pools"
            | "devs"
            | "edevs"
            | "stats"
            | "estats"
            | "devdetails"
            | "version"
            | "config"
            | "coin"
            | "switchpool"
            | "addpool"
            | "removepool"
            | "summary+pools"
            | "summary+devs+pools"
    );
    let alone = line.object()?.members().take(3).count() <= 2;
    (known && alone)
        .then(|| message(line, "a call of cgminer's interface", Role::Pool, Strength::Context, Body::Other))
}
