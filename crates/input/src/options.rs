//! What may be said about an input instead of having it detected.

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
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InputOptions {
    /// The format. Detected by the name of the file, then by its first character.
    pub format: Option<Format>,
    /// The encoding of the text. Detected by a byte order mark, then by what decodes.
    pub encoding: Option<Encoding>,
    /// How the columns of a table become records. A table cannot be read without.
    pub mapping: Option<Mapping>,
}
