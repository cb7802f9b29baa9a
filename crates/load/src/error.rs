//! The error of a load that cannot begin.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

use dfinery_input::InputError;

use crate::state_error::{Difference, StateError};

/// Why a load could not begin. `Display` says which setting, file or folder is wrong, and why; the predicates are for
/// programs.
#[derive(Debug)]
pub struct LoadError(Kind);

#[derive(Debug)]
enum Kind {
    Settings(String),
    Input(InputError),
    State(StateError),
    Unfinished(PathBuf),
    Bug(&'static str),
}

impl LoadError {
    pub(crate) fn settings(problem: impl Into<String>) -> Self {
        Self(Kind::Settings(problem.into()))
    }

    pub(crate) fn unfinished(table: PathBuf) -> Self {
        Self(Kind::Unfinished(table))
    }

    pub(crate) fn bug(what: &'static str) -> Self {
        Self(Kind::Bug(what))
    }

    /// The settings of the load contradict each other, or ask for something impossible.
    ///
    /// # Troubleshooting
    /// The message names them. Nothing was read, written or sent.
    #[must_use]
    pub fn is_settings(&self) -> bool {
        matches!(self.0, Kind::Settings(_))
    }

    /// The input that cannot be read, if that is why.
    #[must_use]
    pub fn input(&self) -> Option<&InputError> {
        match &self.0 {
            Kind::Input(error) => Some(error),
            _ => None,
        }
    }

    /// The table of corrected rows whose load, or a replay of that, has not ended, if that is why: what it makes good is not
    /// known yet, so the same records could be sent twice.
    ///
    /// # Troubleshooting
    /// End that load, or begin it anew with [`FileLoad::restart`](crate::FileLoad::restart). If it is abandoned, remove its
    /// folder, which has the name of the table and `.dfinery`: what it has sent is then sent again.
    #[must_use]
    pub fn unfinished_correction(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Unfinished(table) => Some(table),
            _ => None,
        }
    }

    /// Another load runs with the same journal or the same [`FileLoad::delta`](crate::FileLoad::delta), in this process or in
    /// another one.
    ///
    /// # Troubleshooting
    /// Wait until it ends, then start the same load again.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.0, Kind::State(StateError::InUse(_) | StateError::DeltaInUse(_)))
    }

    /// The folder holds the journal of another load, or the files of a load without a journal.
    ///
    /// # Troubleshooting
    /// The message says what differs. Put it back as it was to go on. [`FileLoad::restart`](crate::FileLoad::restart) begins
    /// anew, which sends every record again; [`FileLoad::state`](crate::FileLoad::state) keeps the journal of this load
    /// elsewhere.
    #[must_use]
    pub fn is_other_load(&self) -> bool {
        matches!(
            self.0,
            Kind::State(StateError::OtherLoad(..) | StateError::Occupied { .. })
        )
    }

    /// An input has changed since an earlier run of this load read it. [`is_other_load`](Self::is_other_load) is true as well.
    ///
    /// # Troubleshooting
    /// A record is known by its position, which means nothing in a changed file. Put the old contents back, or load the
    /// new records as a separate file.
    #[must_use]
    pub fn is_changed_input(&self) -> bool {
        matches!(
            self.0,
            Kind::State(StateError::OtherLoad(
                _,
                Difference::Length { .. } | Difference::Version(_) | Difference::Contents { .. }
            ))
        )
    }

    /// Another version of this library wrote the journal.
    ///
    /// # Troubleshooting
    /// Finish the load with that version, or begin anew with [`FileLoad::restart`](crate::FileLoad::restart).
    #[must_use]
    pub fn is_other_version(&self) -> bool {
        matches!(self.0, Kind::State(StateError::OtherVersion(_)))
    }

    /// The journal is damaged at its beginning, or a file beside it was truncated or is missing.
    ///
    /// # Troubleshooting
    /// Put the file back, or begin anew with [`FileLoad::restart`](crate::FileLoad::restart), which sends every record again.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(
            self.0,
            Kind::State(
                StateError::Damaged(_) | StateError::Gone { .. } | StateError::Cut { .. } | StateError::Deleted(_)
            )
        )
    }

    /// The folder of the load cannot be made, or nothing can be written into it. [`is_io`](Self::is_io) is true as well.
    ///
    /// # Troubleshooting
    /// Set another [`FileLoad::state`](crate::FileLoad::state).
    #[must_use]
    pub fn is_folder(&self) -> bool {
        matches!(self.0, Kind::State(StateError::Folder(..)))
    }

    /// A file or folder of the load cannot be read or written; the [`source`](Error::source) is what the system said.
    ///
    /// # Troubleshooting
    /// The message names the file. Check the permissions and the room on the disk, then start the same load again.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(self.0, Kind::State(StateError::Io(_) | StateError::Folder(..)))
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Settings(problem) => f.write_str(problem),
            Kind::Input(error) => error.fmt(f),
            Kind::State(error) => error.fmt(f),
            Kind::Unfinished(table) => write!(
                f,
                "the load of the corrected rows in {} has not ended, so what it makes good is not known yet",
                table.display()
            ),
            Kind::Bug(what) => write!(f, "this should be impossible, please report it: {what}"),
        }
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Input(error) => Some(error),
            Kind::State(error) => error.source(),
            Kind::Settings(_) | Kind::Unfinished(_) | Kind::Bug(_) => None,
        }
    }
}

impl From<io::Error> for LoadError {
    /// The error names the file.
    fn from(error: io::Error) -> Self {
        Self(Kind::State(error.into()))
    }
}

impl From<StateError> for LoadError {
    fn from(error: StateError) -> Self {
        Self(Kind::State(error))
    }
}

impl From<InputError> for LoadError {
    fn from(error: InputError) -> Self {
        Self(Kind::Input(error))
    }
}
