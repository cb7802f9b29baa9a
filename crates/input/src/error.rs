//! The error of an input that cannot be read further.

use std::{error::Error, fmt, io};

use crate::object::of_store;

/// The name that means standard input.
pub(crate) const STDIN: &str = "-";

/// What to do about an input that changed while it was read.
pub(crate) const LOAD_AGAIN: &str =
    "the records read may not be what it holds now; load it again once it no longer changes";

/// Why an input cannot be read, or not to its end: `Display` says which one and why, the predicates are for programs.
///
/// It never holds a value of a record.
#[derive(Debug)]
pub struct InputError {
    name: String,
    line: Option<u64>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The system cannot open or read it; the text is for people.
    Unreadable(String, io::Error),
    /// The object store refuses the credentials.
    Denied(String, io::Error),
    /// The object store fails, and may not later.
    Failing(String, io::Error),
    /// The disk on which its rows are sorted fails.
    Unsortable(io::Error),
    Changed(String),
    NeedsMapping,
    NeedsEncoding,
    OtherEncoding(String),
    OtherShape(String),
    NoDeadLetter(u64),
    /// What it is, and the feature of the package that reads it.
    LeftOut(&'static str, &'static str),
    /// It does not fit its format, its mapping or its use.
    Unfit(String),
}

impl InputError {
    /// An error about an unfit input as a whole.
    pub fn new(name: &str, problem: impl fmt::Display) -> Self {
        Self::of(name, Kind::Unfit(problem.to_string()))
    }

    /// An error about an input that has changed.
    pub fn changed(name: &str, problem: impl fmt::Display) -> Self {
        Self::of(name, Kind::Changed(problem.to_string()))
    }

    /// An error about an input that could not be opened.
    #[must_use]
    pub fn opening(name: &str, error: io::Error) -> Self {
        Self::of_io(name, error, |error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file: check the path".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "no permission to read it: change the file's permissions or run as a user who may read it".to_owned()
            }
            _ => format!("it cannot be opened: {error}"),
        })
    }

    /// An error about a read that failed half-way.
    #[must_use]
    pub fn reading(name: &str, error: io::Error) -> Self {
        Self::of_io(name, error, |error| format!("reading failed: {error}"))
    }

    /// `problem` says what is wrong with a file.
    fn of_io(name: &str, error: io::Error, problem: impl FnOnce(&io::Error) -> String) -> Self {
        let kind = match of_store(&error) {
            None => Kind::Unreadable(problem(&error), error),
            Some(store) => {
                let (place, problem) = (store.place().to_owned(), store.problem().to_owned());
                let kind = if store.is_conflict() {
                    Kind::Changed(format!("{problem}: {LOAD_AGAIN}"))
                } else if store.is_denied() {
                    Kind::Denied(problem, error)
                } else if store.is_transient() {
                    Kind::Failing(problem, error)
                } else {
                    Kind::Unreadable(problem, error)
                };
                return Self::of(&place, kind);
            }
        };
        Self::of(name, kind)
    }

    pub(crate) fn sorting(name: &str, error: io::Error) -> Self {
        Self::of(name, Kind::Unsortable(error))
    }

    pub(crate) fn needs_a_mapping(name: &str) -> Self {
        Self::of(name, Kind::NeedsMapping)
    }

    pub(crate) fn left_out(name: &str, what: &'static str, feature: &'static str) -> Self {
        Self::of(name, Kind::LeftOut(what, feature))
    }

    pub(crate) fn needs_an_encoding(name: &str, line: u64) -> Self {
        Self::of(name, Kind::NeedsEncoding).at(line)
    }

    /// An error about an input with a line that is none of a dead letter.
    #[must_use]
    pub fn no_dead_letter(name: &str, line: u64) -> Self {
        Self::of(name, Kind::NoDeadLetter(line))
    }

    pub(crate) fn other_encoding(name: &str, line: u64, problem: String) -> Self {
        Self::of(name, Kind::OtherEncoding(problem)).at(line)
    }

    pub(crate) fn other_shape(name: &str, line: u64, problem: String) -> Self {
        Self::of(name, Kind::OtherShape(problem)).at(line)
    }

    pub(crate) fn at_line(name: &str, line: u64, problem: impl fmt::Display) -> Self {
        Self::new(name, problem).at(line)
    }

    fn of(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            line: None,
            kind,
        }
    }

    fn at(self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }

    /// The input as it was named, `-` for standard input. An error about a mapping uses the same name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line of the error, from 1, if it is about one.
    #[must_use]
    pub const fn line(&self) -> Option<u64> {
        self.line
    }

    /// The system cannot open or read it, or the object store that it is in; the [`source`](Error::source) is the error of
    /// that.
    ///
    /// # Troubleshooting
    /// Check the path, the permissions and the disk.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        matches!(self.kind, Kind::Unreadable(..) | Kind::Denied(..) | Kind::Failing(..))
    }

    /// The object store that it is in refuses the credentials: they are missing, wrong or expired, or do not suffice.
    /// [`is_unreadable`](Self::is_unreadable) is true as well.
    ///
    /// # Troubleshooting
    /// Set the variables of the environment from which they come.
    #[must_use]
    pub const fn is_denied(&self) -> bool {
        matches!(self.kind, Kind::Denied(..))
    }

    /// The object store that it is in failed or was not reached, however often it was tried.
    /// [`is_unreadable`](Self::is_unreadable) is true as well.
    ///
    /// # Troubleshooting
    /// Try the same again later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self.kind, Kind::Failing(..))
    }

    /// The disk on which its rows are sorted fails or is full; the [`source`](Error::source) is the system's error.
    ///
    /// # Troubleshooting
    /// Sorting takes as much room as the decompressed table, twice.
    #[must_use]
    pub const fn is_unsortable(&self) -> bool {
        matches!(self.kind, Kind::Unsortable(_))
    }

    /// It changed while it was read, or since an earlier run of the same load read it.
    ///
    /// # Troubleshooting
    /// Put it back as it was, or load the new contents as another file.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        matches!(self.kind, Kind::Changed(_))
    }

    /// It is read as a table, but its columns have no mapping.
    ///
    /// # Troubleshooting
    /// [`propose`](crate::propose) drafts a mapping; complete it, and set it as
    /// [`InputOptions::mapping`](crate::InputOptions::mapping).
    #[must_use]
    pub const fn needs_mapping(&self) -> bool {
        matches!(self.kind, Kind::NeedsMapping)
    }

    /// Its bytes do not show its encoding.
    ///
    /// # Troubleshooting
    /// Set [`InputOptions::encoding`](crate::InputOptions::encoding), or save the file as UTF-8.
    #[must_use]
    pub const fn needs_encoding(&self) -> bool {
        matches!(self.kind, Kind::NeedsEncoding)
    }

    /// Its bytes are in another encoding than the one that was named.
    ///
    /// # Troubleshooting
    /// Set [`InputOptions::encoding`](crate::InputOptions::encoding) to the encoding of the message, or to `None`.
    #[must_use]
    pub const fn is_other_encoding(&self) -> bool {
        matches!(self.kind, Kind::OtherEncoding(_))
    }

    /// It was to be read as a dead letter, which it is not.
    ///
    /// # Troubleshooting
    /// Name the dead letter: it is in the folder of the load.
    #[must_use]
    pub const fn is_no_dead_letter(&self) -> bool {
        matches!(self.kind, Kind::NoDeadLetter(_))
    }

    /// The feature of this package that reads it, which this program was built without.
    ///
    /// # Troubleshooting
    /// Build the program with the feature, or convert the file.
    #[must_use]
    pub const fn needs_feature(&self) -> Option<&'static str> {
        match self.kind {
            Kind::LeftOut(_, feature) => Some(feature),
            _ => None,
        }
    }

    /// Its records are JSON of another shape, as other programs export it.
    ///
    /// # Troubleshooting
    /// Write the records in the shape of the message.
    #[must_use]
    pub const fn is_other_shape(&self) -> bool {
        matches!(self.kind, Kind::OtherShape(_))
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.name == STDIN {
            "standard input"
        } else {
            &self.name
        })?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        f.write_str(": ")?;
        match &self.kind {
            Kind::Unreadable(problem, _)
            | Kind::Denied(problem, _)
            | Kind::Failing(problem, _)
            | Kind::Changed(problem)
            | Kind::OtherEncoding(problem)
            | Kind::OtherShape(problem)
            | Kind::Unfit(problem) => f.write_str(problem),
            Kind::NoDeadLetter(line) => write!(f, "line {line} is no line of a dead-letter file"),
            Kind::LeftOut(what, _) => write!(f, "it is {what}, which this program was built without"),
            Kind::Unsortable(error) => write!(f, "its rows cannot be sorted: {error}"),
            Kind::NeedsMapping => f.write_str("it is read as a table, which needs a mapping of its columns"),
            Kind::NeedsEncoding => f.write_str("it is neither UTF-8 nor CP949"),
        }
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Unreadable(_, error) | Kind::Denied(_, error) | Kind::Failing(_, error) | Kind::Unsortable(error) => {
                Some(error)
            }
            _ => None,
        }
    }
}
