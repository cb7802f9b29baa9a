//! What may be said about an input instead of having it detected.

use serde::Serialize;

use crate::{
    format::{Encoding, Format},
    mapping::Mapping,
};

/// How to read an input; what is `None` is detected.
///
/// ```
/// use dfinery_input::{Encoding, InputOptions};
/// let mut options = InputOptions::default();
/// options.encoding = Some(Encoding::Cp949);
/// ```
///
/// `Serialize` writes what is set and nothing else, always in the same form, so that options can be compared over time.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct InputOptions {
    /// The format. Detected by the name of the file, then by its first character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The encoding of the text. Detected by a byte order mark, then by what decodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// How the columns of a table become records. A table cannot be read without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
}
