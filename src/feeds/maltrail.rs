//! Trails of Maltrail: a name (and all below it), address, address:port or URL a line, in sections that begin with
//! `# Reference:` comments. One section of its mining trails lists what an Internet-wide scan found by page title
//! (TITLE-HOST, TITLE-IP); those are mostly other people's sites and are not taken.

use super::Fault;
use super::report::Reason;
use super::take::{Given, Taker, uncommented};
use crate::rules::Scope;

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    let mut section = Section::default();
    taker.each(text, |taker, line| {
        let (word, comment) = uncommented(line.trim_start(), &['#']);
        if word.is_empty() {
            match comment {
                Some(comment) => {
                    section.comment(comment);
                    taker.comment(comment);
                }
                None => section.after_blank = true,
            }
            return;
        }
        section.entry();
        if section.is_foreign {
            taker.refuse(Reason::OtherSection, word);
        } else if word.starts_with('/') {
            taker.refuse(Reason::Path, word);
        } else {
            taker.host(word, Given::listed(Scope::Suffix));
        }
    });
    Ok(())
}

/// Where in the trails a line is.
#[derive(Default)]
struct Section {
    is_foreign: bool,
    after_blank: bool,
    after_entry: bool,
}

impl Section {
    /// A comment in the middle of entries may be one of them struck out; a head stands behind a blank line, or says
    /// that it is one.
    fn comment(&mut self, text: &str) {
        let is_head = self.after_blank || text.contains("Reference:");
        if self.after_entry && is_head {
            self.is_foreign = false;
            self.after_entry = false;
        }
        self.after_blank = false;
        self.is_foreign |= text.contains("TITLE-HOST") || text.contains("TITLE-IP");
    }

    fn entry(&mut self) {
        self.after_entry = true;
        self.after_blank = false;
    }
}
