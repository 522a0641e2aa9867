//! The lines in the log that say that mining is found: once a client and dialect, a few a minute. They name no client:
//! logs are kept and read elsewhere than metrics and events, which do. At `debug` they name addresses, as the level says.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tracing::{debug, info};

use crate::detect::{Alert, Certainty, Dialect};
use crate::packet;

/// Pairs of client and dialect that are told apart; past them nothing is said but that, for the log is no list of clients.
const MAX: usize = 4096;
/// Lines a minute.
const LINES: u32 = 5;
/// Milliseconds of what counts as a minute.
const MINUTE: u64 = 60_000;

/// What was said so far, of all workers.
#[derive(Debug, Default)]
pub(super) struct Found(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    clients: HashSet<IpAddr>,
    told: HashSet<(IpAddr, Dialect, Certainty)>,
    minute: u64,
    lines: u32,
}

impl Found {
    /// Says that an alert came, if it is the first of its kind. `now` is the clock's milliseconds.
    pub(super) fn tell(&self, alert: &Alert, now: u64) {
        let Some(line) = self.line(alert, now) else { return };
        info!("{line}");
        debug!("{} sent or received it, with {}", alert.flow.client, alert.flow.server);
    }

    fn line(&self, alert: &Alert, now: u64) -> Option<String> {
        let m = &alert.mining;
        // A hint is a lookup or the like, which no mining need follow.
        if m.certainty == Certainty::Hint {
            return None;
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = packet::subscriber(alert.flow.client.addr);
        if state.told.len() >= MAX || !state.told.insert((client, m.dialect, m.certainty)) {
            return None;
        }
        state.clients.insert(client);
        if state.minute != now / MINUTE {
            (state.minute, state.lines) = (now / MINUTE, 0);
        }
        state.lines += 1;
        let is_last = state.told.len() == MAX;
        if state.lines > LINES && !is_last {
            return None;
        }
        let what = match m.certainty {
            Certainty::Proven => format!("mining found: {}", m.dialect.name()),
            _ => format!("mining likely: {}", alert.signal.name()),
        };
        let clients = state.clients.len();
        let s = if clients == 1 { "" } else { "s" };
        let end = if is_last { "; no line tells of more until a restart" } else { "" };
        Some(format!("{what}; {clients} client{s} so far, metrics and events name them{end}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Event;
    use crate::ledger::tests::Flow;

    fn alert(client: u8, certainty: Certainty) -> Alert {
        let mut flow = Flow::new(u64::from(client), &format!("10.0.0.{client}"), Dialect::Bitcoin);
        flow.mining.certainty = certainty;
        let Event::Alert(alert) = flow.alert() else { panic!("an alert") };
        *alert
    }

    #[test]
    fn once_a_client_and_dialect_and_few_a_minute() {
        let found = Found::default();
        let line = |n, certainty, now| found.line(&alert(n, certainty), now);
        let first = line(1, Certainty::Proven, 0).unwrap();
        assert!(first.starts_with("mining found: bitcoin; 1 client so far"), "{first}");
        assert!(!first.contains("10."), "no address: {first}");
        assert_eq!(line(1, Certainty::Proven, 1), None, "said already");
        assert_eq!(line(2, Certainty::Hint, 1), None, "a hint is no mining");
        assert!(line(2, Certainty::Strong, 1).unwrap().starts_with("mining likely: "));
        let said = (3..40).filter(|n| line(*n, Certainty::Proven, 2).is_some()).count();
        assert_eq!(said, 3, "with the two before");
        assert!(line(40, Certainty::Proven, MINUTE).unwrap().contains("40 clients"), "the next minute");
    }

    #[test]
    fn the_last_line_says_so() {
        let found = Found::default();
        let mut alert = alert(1, Certainty::Proven);
        let mut said = Vec::new();
        for n in 0..=MAX as u32 {
            alert.flow.client.addr = std::net::Ipv4Addr::from(n).into();
            said.extend(found.line(&alert, 0));
        }
        assert_eq!(said.len(), LINES as usize + 1, "in one minute");
        assert!(
            said[5].contains("4096 clients so far") && said[5].ends_with("until a restart"),
            "{}",
            said[5]
        );
        assert_eq!(found.line(&alert, 9 * MINUTE), None);
    }
}
