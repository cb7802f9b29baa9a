//! The cells of a row as text.

use crate::{
    encoding::{self, BadText},
    format::Encoding,
};

/// What a cell holds. Only rows of a format with types have others than texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "_typed"), expect(dead_code, reason = "JSON has no times"))]
pub(crate) enum Kind {
    #[default]
    Text,
    /// Its digits are exact.
    Number,
    /// A number of a spreadsheet, which keeps no zeros in front and no digits behind the 15th.
    SheetNumber,
    /// `true` or `false`.
    Boolean,
    /// A point in time, in the form of RFC 3339.
    Time,
    /// A time without a zone, such as 2025-11-20T10:15:00.
    LocalTime,
    /// A date, such as 2025-11-20.
    Date,
    /// As JSON.
    List,
    /// As JSON.
    Object,
}

#[cfg(feature = "_typed")]
impl Kind {
    /// All of them, in their order.
    const ALL: [Self; 9] = [
        Self::Text,
        Self::Number,
        Self::SheetNumber,
        Self::Boolean,
        Self::Time,
        Self::LocalTime,
        Self::Date,
        Self::List,
        Self::Object,
    ];
}

/// The cells of a row as text. A row may have fewer of them than the header.
#[derive(Default)]
pub(crate) struct Cells {
    text: String,
    ends: Vec<usize>,
    /// What the cells hold; empty if all are texts.
    kinds: Vec<Kind>,
    /// How many cells in front are no cells of the record.
    passed_over: usize,
    scratch: String,
}

impl Cells {
    /// Takes the cells of a row, which end at these places; `row` is the row with its quotes.
    pub(super) fn decode(
        &mut self,
        cells: &[u8],
        ends: &[usize],
        row: &[u8],
        encoding: Encoding,
    ) -> Result<(), BadText> {
        self.begin();
        // One check of all cells is enough, unless a character spans two cells.
        if let Ok(text) = simdutf8::basic::from_utf8(cells)
            && (encoding != Encoding::Cp949 || text.is_ascii())
            && ends.iter().all(|end| text.is_char_boundary(*end))
        {
            self.text.push_str(text);
            self.ends.extend_from_slice(ends);
            return Ok(());
        }
        let mut start = 0;
        for end in ends {
            let cell = cells.get(start..*end).unwrap_or_default();
            start = *end;
            match encoding::decode(cell, encoding, &mut self.scratch) {
                Ok(text) => self.text.push_str(text),
                // The position counts in the row, which still has its quotes.
                Err(bad) => {
                    return Err(encoding::decode(row, encoding, &mut self.scratch).err().unwrap_or(bad));
                }
            }
            self.ends.push(self.text.len());
        }
        Ok(())
    }

    /// Begins a row, which has no cells yet.
    pub(crate) fn begin(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.kinds.clear();
        self.passed_over = 0;
    }

    /// Adds a cell to a row whose cells have types.
    pub(crate) fn push(&mut self, text: &str, kind: Kind) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.kinds.push(kind);
    }

    /// The same for a cell whose text a function appends. If that fails, there is an empty cell.
    #[cfg(feature = "parquet")]
    pub(crate) fn push_with<E>(&mut self, write: impl FnOnce(&mut String) -> Result<Kind, E>) -> Result<(), E> {
        let start = self.text.len();
        let kind = write(&mut self.text);
        if kind.is_err() {
            self.text.truncate(start);
        }
        self.ends.push(self.text.len());
        self.kinds.push(*kind.as_ref().unwrap_or(&Kind::Text));
        kind.map(drop)
    }

    /// Appends the cells in a form that can be read again.
    #[cfg(feature = "_typed")]
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.ends.len() as u64).to_le_bytes());
        for (index, end) in self.ends.iter().enumerate() {
            out.push(self.kind(index) as u8);
            out.extend_from_slice(&(*end as u64).to_le_bytes());
        }
        out.extend_from_slice(self.text.as_bytes());
    }

    /// Reads what [`store`](Self::store) wrote; `None` if it is something else.
    #[cfg(feature = "_typed")]
    pub(crate) fn restore(&mut self, stored: &[u8]) -> Option<()> {
        self.begin();
        let (count, mut rest) = stored.split_first_chunk()?;
        for _ in 0..u64::from_le_bytes(*count) {
            let (kind, after) = rest.split_first()?;
            let (end, after) = after.split_first_chunk()?;
            self.kinds.push(*Kind::ALL.get(usize::from(*kind))?);
            self.ends.push(usize::try_from(u64::from_le_bytes(*end)).ok()?);
            rest = after;
        }
        self.text.push_str(str::from_utf8(rest).ok()?);
        Some(())
    }

    /// Leaves out this many cells in front.
    pub(super) const fn pass_over(&mut self, cells: usize) {
        self.passed_over = cells;
    }

    /// Makes the cells empty for which this is true.
    pub(crate) fn empty(&mut self, is_to_be: impl Fn(&str) -> bool) {
        self.scratch.clear();
        let mut start = 0;
        for (index, end) in self.ends.iter_mut().enumerate() {
            let cell = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            if !is_to_be(cell) {
                self.scratch.push_str(cell);
            } else if let Some(kind) = self.kinds.get_mut(index) {
                // Nothing is no number, time or list.
                *kind = Kind::Text;
            }
            *end = self.scratch.len();
        }
        std::mem::swap(&mut self.text, &mut self.scratch);
    }

    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let index = index.checked_add(self.passed_over)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..*self.ends.get(index)?)
    }

    pub(crate) fn kind(&self, index: usize) -> Kind {
        let kind = self.kinds.get(index.saturating_add(self.passed_over));
        kind.copied().unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len().saturating_sub(self.passed_over)).filter_map(|index| self.get(index))
    }
}
