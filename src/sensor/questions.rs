//! Which answers of name servers were asked for. Anybody can send a client an answer that it never asked for, and so make
//! it look as if it had: where both directions are seen, only answers to questions count.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::packet::Packet;
use crate::screen::Told;
use crate::wire::dns::Message;

/// Questions that wait for their answers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: Told,
    /// Answers whose questions were seen.
    answered: u32,
}

/// Seconds that an answer may take; resolvers and clients give up before.
const PATIENCE: u32 = 60;

/// So many answers to questions show that both directions are seen. Where only answers pass, all of them count.
const ENOUGH: u32 = 16;

impl Questions {
    /// Notes a question. Whether an answer is one to a question, as far as questions are seen at all.
    pub(super) fn fits(&mut self, packet: &Packet<'_>, message: &Message<'_>) -> bool {
        let (client, server) =
            if message.response { (packet.dst, packet.src) } else { (packet.src, packet.dst) };
        let key = FixedState::default().hash_one((client, server, message.id));
        if !message.response {
            self.asked.note(key, packet.time);
            return true;
        }
        let known = self.asked.knows(key, packet.time, PATIENCE, false);
        self.answered = self.answered.saturating_add(u32::from(known));
        known || self.answered < ENOUGH
    }
}
