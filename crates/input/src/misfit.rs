//! Why no record can be made of the rows of a group, and which of them are to blame.

use dfinery::Violation;

use crate::unfit::at;

/// A row of a group: its line, and its number among the rows of the group, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowOfGroup {
    pub(crate) line: u64,
    pub(crate) number: u64,
}

/// What is wrong with a group, and the rows in which.
pub(crate) struct Misfit {
    violation: Violation,
    rows: Vec<RowOfGroup>,
}

impl Misfit {
    pub(crate) fn of<const N: usize>(violation: Violation, rows: [RowOfGroup; N]) -> Self {
        Self {
            violation,
            rows: rows.to_vec(),
        }
    }

    /// What is wrong with the place at its end. A table of bad rows shows all rows of the group without their own lines, so
    /// a row is found there by its number.
    pub(crate) fn in_group_of(self, rows: u64) -> Violation {
        let list = |of: fn(&RowOfGroup) -> u64| {
            self.rows
                .iter()
                .map(of)
                .map(|number| number.to_string())
                .collect::<Vec<_>>()
        };
        let lines = list(|row| row.line).join(" and line ");
        match self.rows.as_slice() {
            [] => self.violation,
            _ if rows == 1 => at(&self.violation, format_args!("on line {lines}")),
            of_it => {
                let noun = if of_it.len() == 1 { "row" } else { "rows" };
                let numbers = list(|row| row.number).join(" and ");
                at(
                    &self.violation,
                    format_args!("on line {lines}, {noun} {numbers} of {rows}"),
                )
            }
        }
    }
}
