//! Filter lists of ad blockers (Adblock Plus syntax). Taken is what means a whole host and nothing else: `||host^`, its
//! exception `@@||host^`, and the match patterns of browser extensions, `*://*.host/*`. All other rules speak of paths,
//! pages or conditions; a host cut out of them would block what its author did not mean.

use super::Fault;
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::{Action, Scope};

/// Options that name kinds of requests, and so change nothing about the host. Sorted.
const KINDS: [&str; 31] = [
    "1p",
    "3p",
    "all",
    "css",
    "doc",
    "document",
    "first-party",
    "font",
    "frame",
    "image",
    "important",
    "match-case",
    "media",
    "object",
    "object-subrequest",
    "other",
    "ping",
    "popup",
    "script",
    "strict1p",
    "strict3p",
    "stylesheet",
    "subdocument",
    "third-party",
    "webrtc",
    "websocket",
    "xhr",
    "xml",
    "xmlhttp",
    "xmlhttprequest",
    "~third-party",
];

/// Options with which an exception is still of the whole host. Sorted.
const WHOLE: [&str; 3] = ["all", "important", "third-party"];

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let rule = line.trim_start();
        if rule.starts_with('!') || rule.starts_with('[') || is_remark(rule) {
            return taker.comment(rule);
        }
        if rule.is_empty() {
            return;
        }
        match host(rule) {
            Ok((host, given)) => taker.host(host, given),
            Err(reason) => taker.refuse(reason, rule),
        }
    });
    Ok(())
}

/// A comment as in other lists: `#`, but not the `##` of a cosmetic rule.
fn is_remark(rule: &str) -> bool {
    rule == "#" || rule.starts_with("# ") || rule.starts_with("####")
}

/// The host that a rule means, and how.
fn host(rule: &str) -> Result<(&str, Given), Reason> {
    if rule.contains("##")
        || rule.contains("#@")
        || rule.contains("#?#")
        || rule.contains("#$#")
        || rule.contains("#%#")
    {
        return Err(Reason::Pattern);
    }
    if let Some(rest) = rule.strip_prefix("*://") {
        return pattern(rest);
    }
    let (rule, action) = match rule.strip_prefix("@@") {
        Some(rule) => (rule, Action::Allow),
        None => (rule, Action::List),
    };
    let rest = rule.strip_prefix("||").ok_or(Reason::Pattern)?;
    let end = rest.find(['^', '/', '*', '$', '|', ':', '?', '=']).ok_or(Reason::Pattern)?;
    let (host, rest) = rest.split_at(end);
    let rest = match rest.strip_prefix('^') {
        Some(rest) => rest,
        None if rest.starts_with('/') => return Err(Reason::Path),
        None => return Err(Reason::Pattern),
    };
    if host.starts_with('.') {
        return Err(Reason::Pattern);
    }
    match rest.strip_prefix('$') {
        Some(list) if list.split(',').all(|option| is_harmless(option.trim(), action)) => {}
        None if rest.is_empty() || rest == "|" => {}
        _ => return Err(Reason::Pattern),
    }
    Ok((host, Given { action, ..Given::listed(Scope::Suffix) }))
}

/// Whether an option leaves the rule one of the whole host.
fn is_harmless(option: &str, action: Action) -> bool {
    if action == Action::Allow {
        return WHOLE.binary_search(&option).is_ok();
    }
    if let Some(pages) = option.strip_prefix("domain=") {
        // Everywhere but there is as good as everywhere.
        return !pages.is_empty() && pages.split('|').all(|page| page.starts_with('~'));
    }
    let kind = option.strip_prefix('~').unwrap_or(option);
    KINDS.binary_search(&kind).is_ok()
}

/// A match pattern behind its scheme.
fn pattern(rest: &str) -> Result<(&str, Given), Reason> {
    let (host, path) = rest.split_once('/').ok_or(Reason::Pattern)?;
    if path != "*" {
        return Err(Reason::Path);
    }
    let (host, scope) = match host.strip_prefix("*.") {
        Some(host) => (host, Scope::Suffix),
        None => (host, Scope::Exact),
    };
    if host.contains('*') { Err(Reason::Pattern) } else { Ok((host, Given::listed(scope))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(KINDS.is_sorted() && WHOLE.is_sorted());
    }

    #[test]
    fn whole_hosts() {
        for (rule, name, scope, action) in [
            ("||coinhive.com^", "coinhive.com", Scope::Suffix, Action::List),
            ("||coinhive.com^$third-party,websocket", "coinhive.com", Scope::Suffix, Action::List),
            (
                "||coinhive.com^$~script,domain=~coinhive.com|~x.example",
                "coinhive.com",
                Scope::Suffix,
                Action::List,
            ),
            ("@@||coinhive.com^", "coinhive.com", Scope::Suffix, Action::Allow),
            ("*://*.coinhive.com/*", "coinhive.com", Scope::Suffix, Action::List),
            ("*://coinhive.com/*", "coinhive.com", Scope::Exact, Action::List),
        ] {
            let (host, given) = host(rule).unwrap();
            assert_eq!((host, given.scope, given.action), (name, scope, action), "{rule}");
        }
    }

    #[test]
    fn everything_else() {
        for (rule, reason) in [
            ("||ddns.net^*=ws://$third-party", Reason::Pattern),
            ("||ddns.net^$websocket,domain=a.example", Reason::Pattern),
            ("||coinhive.com", Reason::Pattern),
            ("||coinhive.com/lib/miner.js", Reason::Path),
            ("||coinhive.com^lib", Reason::Pattern),
            ("||coin*.com^", Reason::Pattern),
            ("||coinhive.com:8080^", Reason::Pattern),
            ("||coinhive.com^$badfilter", Reason::Pattern),
            ("||coinhive.com^$", Reason::Pattern),
            ("@@||coinhive.com^$script", Reason::Pattern),
            ("@@||coinhive.com^$domain=~a.example", Reason::Pattern),
            ("/coinhive/", Reason::Pattern),
            ("coinhive.com##.miner", Reason::Pattern),
            ("coinhive.com", Reason::Pattern),
            ("*://*.coinhive.com/lib/*", Reason::Path),
            ("*://*/coinhive.js", Reason::Path),
            ("*://*.coin*.com/*", Reason::Pattern),
            (".info^$script", Reason::Pattern),
            ("||.info^", Reason::Pattern),
        ] {
            assert_eq!(host(rule).err(), Some(reason), "{rule}");
        }
    }
}
