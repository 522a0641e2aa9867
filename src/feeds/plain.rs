//! Plain lists: a name, address, prefix or URL a line. Comments begin with `#`, `;` or `!`.

use super::Fault;
use super::take::{Given, Taker};
use crate::rules::Scope;

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let word = taker.said(line, &['#', ';', '!']);
        if !word.is_empty() {
            taker.host(word, Given::listed(Scope::Exact));
        }
    });
    Ok(())
}
