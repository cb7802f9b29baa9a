//! The error of a conversion.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

use super::limits::LONGEST_ROW;

/// Why raw exports cannot become a file: `Display` says why, the predicates are for programs.
///
/// It never holds the value of a cell.
#[derive(Debug)]
pub(crate) struct ConvertError {
    /// The raw export it is about; `None` if it is about the file to write.
    part: Option<PathBuf>,
    /// The row of the raw export, from 1, without the header line.
    pub(super) row: Option<u64>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The system cannot read a raw export.
    Unreadable(io::Error),
    /// The file cannot be written.
    Unwritable(Box<dyn Error + Send + Sync>),
    /// The header line or a row is not as it must be; the text is for people.
    Unfit(String),
    /// The columns of the table are not as they must be.
    UnfitTable(String),
    /// A raw export has a column that the table lacks.
    UnknownColumn(String),
    NoParquet,
}

impl ConvertError {
    pub(super) fn reading(part: &Path, error: io::Error) -> Self {
        Self::about(part, Kind::Unreadable(error))
    }

    pub(crate) fn unfit(part: &Path, problem: impl fmt::Display) -> Self {
        Self::about(part, Kind::Unfit(problem.to_string()))
    }

    /// A row is longer than [`LONGEST_ROW`].
    pub(super) fn too_long(part: &Path) -> Self {
        Self::unfit(part, format_args!("it is longer than {} MiB", LONGEST_ROW >> 20))
    }

    pub(super) fn unknown_column(part: &Path, name: &str) -> Self {
        Self::about(part, Kind::UnknownColumn(name.to_owned()))
    }

    pub(super) fn writing(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::whole(Kind::Unwritable(error.into()))
    }

    pub(super) fn unfit_table(problem: impl fmt::Display) -> Self {
        Self::whole(Kind::UnfitTable(problem.to_string()))
    }

    pub(super) fn no_parquet() -> Self {
        Self::whole(Kind::NoParquet)
    }

    fn about(part: &Path, kind: Kind) -> Self {
        Self {
            part: Some(part.to_owned()),
            row: None,
            kind,
        }
    }

    fn whole(kind: Kind) -> Self {
        Self {
            part: None,
            row: None,
            kind,
        }
    }

    pub(super) fn at_row(self, row: u64) -> Self {
        Self { row: Some(row), ..self }
    }

    /// The same error, after `rows` that were counted before.
    pub(super) fn after(self, rows: u64) -> Self {
        Self {
            row: self.row.map(|row| row + rows),
            ..self
        }
    }

    /// Whether it is about what the service sent, and not about our files or this build.
    pub(crate) const fn is_about_answer(&self) -> bool {
        matches!(self.kind, Kind::Unfit(_) | Kind::UnknownColumn(_))
    }

    /// The raw export it is about, if it is about one.
    pub(crate) fn part(&self) -> Option<&Path> {
        self.part.as_deref()
    }

    /// This build cannot write Parquet.
    pub(crate) const fn needs_parquet(&self) -> bool {
        matches!(self.kind, Kind::NoParquet)
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nobody can look at the raw export: it is removed.
        if self.is_about_answer() {
            f.write_str("the answer")?;
            if let Some(row) = self.row {
                write!(f, ", row {row}")?;
            }
            f.write_str(": ")?;
        } else if let Some(part) = &self.part {
            write!(f, "{}: ", part.display())?;
        }
        match &self.kind {
            Kind::Unreadable(error) => write!(f, "reading failed: {error}"),
            Kind::Unwritable(error) => write!(f, "writing failed: {error}"),
            Kind::Unfit(problem) | Kind::UnfitTable(problem) => f.write_str(problem),
            Kind::UnknownColumn(name) => write!(f, "the table has no column {name:?}"),
            Kind::NoParquet => f.write_str("this build cannot write Parquet: build it with the feature `parquet`"),
        }
    }
}

impl Error for ConvertError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Unreadable(error) => Some(error),
            Kind::Unwritable(error) => Some(error.as_ref()),
            Kind::Unfit(_) | Kind::UnfitTable(_) | Kind::UnknownColumn(_) | Kind::NoParquet => None,
        }
    }
}
