//! How many cells are of one sort, and where the first of them are.

use dfinery_records::thousands;

/// How many lines to remember.
const LINES: usize = 3;

/// How many cells are of one sort, and the lines of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: u64,
    lines: Vec<u64>,
}

impl Tally {
    pub(super) fn add(&mut self, line: u64) {
        self.count += 1;
        if self.lines.len() < LINES {
            self.lines.push(line);
        }
    }

    /// All of these together.
    pub(super) fn sum<'a>(tallies: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        for tally in tallies {
            sum.count += tally.count;
            sum.lines.extend_from_slice(&tally.lines);
        }
        sum.lines.sort_unstable();
        sum.lines.truncate(LINES);
        sum
    }

    /// Whether what is left besides these cells is a majority that decides: 99.5 %.
    pub(super) const fn are_strays_of(&self, all: u64) -> bool {
        all > 0 && self.count < all && self.count.saturating_mul(200) <= all
    }

    /// Where they are: `first in lines 3, 7, 9`.
    pub(super) fn place(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(u64::to_string).collect();
        let first = if self.count > lines.len() as u64 { "first " } else { "" };
        let noun = if lines.len() == 1 { "line" } else { "lines" };
        format!("{first}in {noun} {}", lines.join(", "))
    }

    /// Says that these of all cells make their rows bad.
    pub(super) fn misfits(&self, all: u64) -> String {
        let (verb, rows) = match self.count {
            1 => ("does", "this row"),
            _ => ("do", "these rows"),
        };
        format!(
            "{} of {} cells {verb} not fit, {}: {rows} will be bad",
            thousands(self.count),
            thousands(all),
            self.place()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misfits_are_counted_and_placed() {
        let mut tally = Tally::default();
        tally.add(4);
        assert_eq!(
            tally.misfits(1000),
            "1 of 1,000 cells does not fit, in line 4: this row will be bad"
        );
        for line in [7, 90, 100] {
            tally.add(line);
        }
        assert_eq!(
            tally.misfits(200_001),
            "4 of 200,001 cells do not fit, first in lines 4, 7, 90: these rows will be bad"
        );
        assert!(tally.are_strays_of(800));
        assert!(!tally.are_strays_of(799));
        assert!(!Tally::default().are_strays_of(0));
    }
}
