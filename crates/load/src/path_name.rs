//! Paths as text, also those that are no text.

use std::{fmt::Write as _, path::Path};

use serde::Serializer;

/// The path as text. Bytes that are not UTF-8 are written as `\xB0`, so that different paths have different names.
pub(crate) fn path_name(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a text cannot fail.
            let _ = write!(name, "\\x{byte:02X}");
        }
    }
    name
}

/// Writes the name of a path where there is one.
#[allow(clippy::ref_option, reason = "serde passes the field")]
pub(crate) fn serialize<S: Serializer>(path: &Option<impl AsRef<Path>>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.serialize_some(&path_name(path.as_ref())),
        None => serializer.serialize_none(),
    }
}

/// Writes the names of paths.
pub(crate) fn serialize_all<S: Serializer>(paths: &[impl AsRef<Path>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path_name(path.as_ref())))
}

/// Writes the name of a path.
pub(crate) fn serialize_one<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_name(path))
}
