//! The ways to find the records of an input.

#[cfg(feature = "parquet")]
use crate::parquet::ParquetFile;
use crate::{
    found::Found,
    frame::{Frame, Stop},
    rows::Rows,
    text_framer::TextFramer,
    window::Window,
};

/// One way to find records.
pub(crate) enum Framer {
    Text(TextFramer),
    Rows(Box<Rows>),
    #[cfg(feature = "parquet")]
    Objects(Box<ParquetFile>),
}

/// What a framer finds.
pub(crate) enum Next {
    /// The text of a record, still in the encoding of the input.
    Text(Frame),
    /// A record that a mapping makes.
    Record(Found),
    /// A row that is a record, and its number.
    #[cfg(feature = "parquet")]
    Object { number: u64, problem: Option<String> },
}

impl Framer {
    /// The rows that a mapping makes records of, if one does.
    pub(crate) const fn rows(&self) -> Option<&Rows> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Text(_) => None,
            #[cfg(feature = "parquet")]
            Self::Objects(_) => None,
        }
    }

    /// Moves past the previous record and finds the next one.
    ///
    /// A record that is no text of the input is written to `json`.
    #[cfg_attr(
        not(feature = "parquet"),
        expect(unused_variables, clippy::ptr_arg, reason = "other records are in the window")
    )]
    pub(crate) fn next(&mut self, window: &mut Window, json: &mut String) -> Result<Option<Next>, Stop> {
        Ok(match self {
            Self::Text(texts) => texts.next(window)?.map(Next::Text),
            Self::Rows(rows) => rows.next(window)?.map(Next::Record),
            #[cfg(feature = "parquet")]
            Self::Objects(file) => file.advance()?.then(|| {
                json.clear();
                Next::Object {
                    problem: file.write(json).err(),
                    number: file.number(),
                }
            }),
        })
    }
}
