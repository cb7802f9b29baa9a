//! Why the files that a load keeps beside its inputs cannot be used.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// Why the journal of a load, or a file beside it, cannot be used.
#[derive(Debug)]
pub(crate) enum StateError {
    /// Another loader has the journal.
    InUse(PathBuf),
    /// Another loader has the file that remembers what was accepted last.
    DeltaInUse(PathBuf),
    /// It is not a journal, or its beginning is damaged.
    Damaged(PathBuf),
    /// Another version of this program wrote it.
    OtherVersion(PathBuf),
    /// The journal is of another load.
    OtherLoad(PathBuf, Difference),
    /// The folder holds the files of a load without a journal, or of a journal.
    Occupied { folder: PathBuf, holds: &'static str },
    /// A file with this many bytes is missing.
    Gone { path: PathBuf, had: u64 },
    /// A file was deleted while a load was writing it.
    Deleted(PathBuf),
    /// A file has fewer bytes than were written to it.
    Cut { path: PathBuf, has: u64, had: u64 },
    /// The folder of the load cannot be made, or nothing can be written into it.
    Folder(PathBuf, io::Error),
    /// The disk failed; the error names the file.
    Io(io::Error),
}

/// What differs between the load that began and this one.
#[derive(Debug)]
pub(crate) enum Difference {
    /// What is loaded.
    Kind { began: String, now: String },
    /// How many inputs there are.
    Inputs { began: usize, now: usize },
    /// The length of an input. Its position identifies it, so it may have another name now.
    Length { began: (String, u64), now: (String, u64) },
    /// Where an object is.
    Place { began: String, now: String },
    /// The version of an object of this name.
    Version(String),
    /// What was read of an input.
    Contents { began: String, now: String },
    /// The mapping, the format, the encoding, the fields that make ids, or the warnings that are errors.
    Settings,
    /// What the taxonomy says about the types of values.
    Types,
}

impl StateError {
    /// The same about a folder into which nothing can be written.
    pub(crate) fn about(self, folder: &Path) -> Self {
        use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
        match self {
            Self::Io(error)
                if matches!(
                    error.kind(),
                    NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem
                ) =>
            {
                Self::Folder(folder.to_owned(), error)
            }
            other => other,
        }
    }

    /// Wraps it where only an [`io::Error`] can be passed on; [`From`] takes it out again.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Io(error) => error,
            Self::Gone { .. } => io::Error::new(io::ErrorKind::NotFound, self),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}

impl From<io::Error> for StateError {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::Io)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(f, "another load is running with the journal {}", path.display()),
            Self::DeltaInUse(path) => write!(f, "another load is using {}", path.display()),
            Self::Damaged(path) => write!(
                f,
                "{} is not a journal of a load, or its beginning is damaged",
                path.display()
            ),
            Self::OtherVersion(path) => write!(
                f,
                "the journal {} was written by another version of this library",
                path.display()
            ),
            Self::OtherLoad(path, difference) => {
                write!(f, "the journal {} is of another load: {difference}", path.display())
            }
            Self::Occupied { folder, holds } => write!(f, "{} holds {holds}", folder.display()),
            Self::Deleted(path) => write!(f, "{} was deleted while the load ran", path.display()),
            Self::Gone { path, had } => write!(f, "{} is gone, though {had} bytes were written to it", path.display()),
            Self::Cut { path, has, had } => write!(
                f,
                "{} was cut: it has {has} bytes, though {had} were written to it",
                path.display()
            ),
            Self::Folder(path, error) if error.kind() == io::ErrorKind::AlreadyExists => {
                write!(
                    f,
                    "journal, dead letter and receipt need a folder, and {} is a file",
                    path.display()
                )
            }
            Self::Folder(path, error) => write!(
                f,
                "journal, dead letter and receipt cannot be kept in the folder {}: {error}",
                path.display()
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { began, now } => write!(f, "it loads {began}, and this is a load of {now}"),
            Self::Inputs { began, now } => {
                let s = if *began == 1 { "" } else { "s" };
                write!(f, "it began with {began} input{s}, and now has {now}")
            }
            Self::Length { began, now } => write!(
                f,
                "{} has {} bytes, and had {} when it began (as {})",
                now.0, now.1, began.1, began.0
            ),
            Self::Place { began, now } => write!(f, "it is of {began}, and this is a load of {now}"),
            Self::Version(name) => write!(
                f,
                "{name} was written anew since it began: its ETag is another one"
            ),
            Self::Contents { began, now } => {
                write!(f, "{now} had other contents when it was read (as {began})")
            }
            Self::Settings => {
                f.write_str("it began with another mapping, other denied warnings or other settings that change what a record means")
            }
            Self::Types => f.write_str(
                "the taxonomy, or the lack of one, gave the properties of these records other types when it began, so they would now be sent with other values",
            ),
        }
    }
}

impl Error for StateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) | Self::Folder(_, error) => Some(error),
            _ => None,
        }
    }
}
