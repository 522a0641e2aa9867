//! Plain lists: a name, address, prefix or URL a line. Comments begin with `#`, `;` or `!`.

use super::Fault;
use super::take::{Given, Taker, uncommented};
use crate::rules::Scope;

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let (word, comment) = uncommented(line.trim_start(), &['#', ';', '!']);
        if let Some(comment) = comment {
            taker.comment(comment);
        }
        if !word.is_empty() {
            taker.host(word, Given::listed(Scope::Exact));
        }
    });
    Ok(())
}
