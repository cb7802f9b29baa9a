//! The error of a conversion.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// Why raw exports cannot become a file: `Display` says which one and why, the predicates are for programs.
///
/// It never holds the value of a cell.
#[derive(Debug)]
pub(crate) struct ConvertError {
    /// The raw export it is about; `None` if it is about the file to write.
    part: Option<PathBuf>,
    /// The row of the raw export, from 1, without the header line.
    row: Option<u64>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Unreadable(io::Error),
    Unwritable(Box<dyn Error + Send + Sync>),
    /// The header line or a row is not as it must be; the text is for people.
    Unfit(String),
    UnknownColumn(String),
    NoParquet,
}

impl ConvertError {
    pub(super) fn reading(part: &Path, error: io::Error) -> Self {
        Self::about(part, Kind::Unreadable(error))
    }

    pub(super) fn unfit(part: &Path, problem: impl fmt::Display) -> Self {
        Self::about(part, Kind::Unfit(problem.to_string()))
    }

    pub(super) fn unknown_column(part: &Path, name: &str) -> Self {
        Self::about(part, Kind::UnknownColumn(name.to_owned()))
    }

    pub(super) fn writing(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::whole(Kind::Unwritable(error.into()))
    }

    pub(super) fn unfit_columns(problem: impl fmt::Display) -> Self {
        Self::whole(Kind::Unfit(problem.to_string()))
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

    /// The raw export it is about, if it is about one.
    pub(crate) fn part(&self) -> Option<&Path> {
        self.part.as_deref()
    }

    /// The row it is about, from 1 and without the header line, if it is about one.
    #[cfg(test)]
    pub(crate) const fn row(&self) -> Option<u64> {
        self.row
    }

    /// The system cannot read a raw export; the [`source`](Error::source) is the system's error.
    #[cfg(test)]
    pub(crate) const fn is_unreadable(&self) -> bool {
        matches!(self.kind, Kind::Unreadable(_))
    }

    /// The file cannot be written; the [`source`](Error::source) says why.
    #[cfg(test)]
    pub(crate) const fn is_unwritable(&self) -> bool {
        matches!(self.kind, Kind::Unwritable(_))
    }

    /// The column of a raw export that the table lacks.
    #[cfg(test)]
    pub(crate) fn missing_column(&self) -> Option<&str> {
        match &self.kind {
            Kind::UnknownColumn(name) => Some(name),
            _ => None,
        }
    }

    /// This build cannot write Parquet.
    pub(crate) const fn needs_parquet(&self) -> bool {
        matches!(self.kind, Kind::NoParquet)
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(part) = &self.part {
            write!(f, "{}", part.display())?;
            if let Some(row) = self.row {
                write!(f, ", row {row}")?;
            }
            f.write_str(": ")?;
        }
        match &self.kind {
            Kind::Unreadable(error) => write!(f, "reading failed: {error}"),
            Kind::Unwritable(error) => write!(f, "writing failed: {error}"),
            Kind::Unfit(problem) => f.write_str(problem),
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
            Kind::Unfit(_) | Kind::UnknownColumn(_) | Kind::NoParquet => None,
        }
    }
}
