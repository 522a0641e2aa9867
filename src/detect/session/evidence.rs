//! What speaks for mining in a session, and what against it.

use crate::detect::Certainty;
use crate::packet::Time;
use crate::stratum::{Body, Message, Role, Strength, account};

/// What speaks for mining so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// The first message that proves it, or the first strong one.
    pub(super) first: Option<Witness>,
    /// Messages that prove it.
    pub(super) unique: u32,
    /// Messages of which two prove it.
    pub(super) strong: u32,
    /// A login in the form of an address: believed alone, if nothing contradicts.
    wallet_login: bool,
    /// Whether a strong request was answered with work: believed alone, like the login, but no proof.
    answered: bool,
    /// Messages that came from the wrong side.
    conflicts: u32,
}

/// A message that speaks for mining.
#[derive(Clone, Copy, Debug)]
pub struct Witness {
    /// What it is called.
    pub name: &'static str,
    /// Who sent it; `None` where both sides do.
    pub role: Option<Role>,
    /// When.
    pub time: Time,
}

impl Evidence {
    /// Adds a message.
    pub(super) fn weigh(&mut self, message: &Message<'_>, now: Time) {
        let witness = Witness { name: message.name, role: message.role, time: now };
        match message.strength {
            Strength::Unique => {
                if self.unique == 0 {
                    self.first = Some(witness);
                }
                self.unique = self.unique.saturating_add(1);
            }
            Strength::Strong => {
                self.first.get_or_insert(witness);
                self.strong = self.strong.saturating_add(1);
                self.wallet_login |=
                    matches!(&message.body, Body::Authorize(login) if account::is_wallet(&login.user));
            }
            Strength::Context => {}
        }
    }

    /// Adds the strong answer to a strong request. They are one act, not two: a script that asks a node once is no miner.
    pub(super) const fn answer(&mut self) {
        self.answered = true;
    }

    /// Whether a request was answered with work.
    pub(super) const fn is_answered(&self) -> bool {
        self.answered
    }

    /// Adds a message from the wrong side.
    pub(super) const fn contradict(&mut self) {
        self.conflicts = self.conflicts.saturating_add(1);
    }

    /// Whether the messages together prove mining.
    pub(super) const fn is_proof(&self) -> bool {
        self.unique > 0 || self.strong > 1
    }

    /// Whether both roles were heard from one side, as in a conversation that a document quotes.
    pub(super) const fn is_quoted(&self) -> bool {
        self.conflicts > 0 && self.conflicts >= self.unique
    }

    /// How sure it is, if it is worth telling.
    pub(super) const fn certainty(&self) -> Option<Certainty> {
        if self.is_quoted() {
            None
        } else if self.is_proof() {
            Some(Certainty::Proven)
        } else if self.wallet_login || self.answered {
            Some(Certainty::Strong)
        } else {
            None
        }
    }
}
