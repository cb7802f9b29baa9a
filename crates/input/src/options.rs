//! Settings of an input that replace detection.

use serde::Serialize;

use crate::{
    format::{Encoding, Format},
    mapping::Mapping,
};

/// How to read an input; every `None` is detected.
///
/// ```
/// use dfinery_input::{Encoding, InputOptions};
/// let mut options = InputOptions::default();
/// options.encoding = Some(Encoding::Cp949);
/// ```
///
/// `Serialize` writes only what is set, always in the same form, so that options can be compared over time.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct InputOptions {
    /// The format. Detected from the name of the file, then from its first character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The encoding of the text. Detected from a byte order mark, then by what decodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// How the columns of a table become records. Required for tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
}
