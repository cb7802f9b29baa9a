//! Why an answer did not become a file.

use crate::{convert::ConvertError, error::ExportError};

/// Why an answer did not become a file.
#[derive(Debug)]
pub(crate) enum NotConverted {
    /// The answer is not a table that can be written. Our files are in order.
    Answer(ConvertError),
    /// A file of ours cannot be read or written, or this build cannot write the format.
    Ours(ExportError),
}

impl From<ConvertError> for NotConverted {
    fn from(error: ConvertError) -> Self {
        if error.is_about_answer() {
            Self::Answer(error)
        } else {
            Self::Ours(ExportError::conversion(error))
        }
    }
}

impl From<ExportError> for NotConverted {
    fn from(error: ExportError) -> Self {
        Self::Ours(error)
    }
}

impl From<NotConverted> for ExportError {
    fn from(error: NotConverted) -> Self {
        match error {
            NotConverted::Answer(error) => Self::conversion(error),
            NotConverted::Ours(error) => error,
        }
    }
}
