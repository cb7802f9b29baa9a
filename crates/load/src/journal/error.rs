//! Why a journal cannot be used.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::header::Header;

/// Why a journal cannot be used.
#[derive(Debug)]
pub(crate) enum JournalError {
    /// Another loader has it.
    InUse(PathBuf),
    /// It is not a journal, or its beginning is damaged.
    Damaged(PathBuf),
    /// Another version of this program wrote it.
    OtherVersion(PathBuf),
    /// It is of another load; the text says what differs.
    OtherLoad(PathBuf, String),
    /// The disk failed; the error names the file.
    Io(io::Error),
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ADVICE: &str = "Begin anew with --restart, or keep the state of this load elsewhere with --state DIR";
        match self {
            Self::InUse(path) => write!(
                f,
                "another load is running with the journal {}. Wait until it ends, or give this load another --state DIR",
                path.display()
            ),
            Self::Damaged(path) => write!(
                f,
                "{} is not a journal of a load, or its beginning is damaged. {ADVICE}",
                path.display()
            ),
            Self::OtherVersion(path) => write!(
                f,
                "the journal {} was written by another version of this program. Finish the load with that version, or \
                 begin anew with --restart",
                path.display()
            ),
            Self::OtherLoad(path, difference) => {
                write!(
                    f,
                    "the journal {} is of another load: {difference}. To begin anew sends every record again, and where ids are made \
                     from the contents of the file, under new ones: to add or correct some records, load a file with only \
                     these. {ADVICE}",
                    path.display()
                )
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for JournalError {}

/// Says what differs between the load that began and the one at hand.
pub(super) fn compare(path: &Path, began: &Header, now: &Header) -> Result<(), JournalError> {
    let difference = if began.kind != now.kind {
        format!("it loads {}, and this is a load of {}", began.kind, now.kind)
    } else if began.inputs.len() != now.inputs.len() {
        format!(
            "it began with {} inputs, and now there are {}",
            began.inputs.len(),
            now.inputs.len()
        )
    } else if let Some((was, is)) = began
        .inputs
        .iter()
        .zip(&now.inputs)
        .find(|(was, is)| was.length != is.length)
    {
        format!(
            "{} has {} bytes, and had {} when it began (as {})",
            is.name, is.length, was.length, was.name
        )
    } else if began.settings == now.settings {
        return Ok(());
    } else {
        "it began with another mapping or other settings that change what a record means".to_owned()
    };
    Err(JournalError::OtherLoad(path.to_owned(), difference))
}

/// Says that an input is not what was read of it.
pub(super) fn other_contents(path: &Path, began: &Header, now: &Header, input: usize) -> JournalError {
    let name = |header: &Header| {
        header
            .inputs
            .get(input)
            .map_or_else(String::new, |input| input.name.clone())
    };
    let difference = format!("{} had other contents when it was read (as {})", name(now), name(began));
    JournalError::OtherLoad(path.to_owned(), difference)
}
