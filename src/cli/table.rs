//! A plain table for people.

use std::fmt;

use comfy_table::presets::NOTHING;

/// Rows under a head.
#[derive(Debug)]
pub(super) struct Table(comfy_table::Table);

impl Table {
    /// A table with these column names.
    pub(super) fn new(head: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_header(head.iter().map(|h| h.to_uppercase()));
        Self(table)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lines().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

/// Text from the wire without what could steer a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
