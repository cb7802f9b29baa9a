//! The names of what a load keeps in its folder, beside the journal.

pub(crate) const DEAD_LETTER: &str = "dead-letter.ndjson";
pub(crate) const POSSIBLY_TWICE: &str = "possibly-twice.ndjson";
pub(crate) const RECEIPT: &str = "receipt.json";
pub(crate) const TABLES: &str = "tables.json";
pub(crate) const CORRECTED: &str = "corrected.ndjson";
/// The name of a table of bad rows, before the ending of its format.
pub(crate) const REJECTED: &str = "rejected";
/// The beginning of the names of folders of replays.
pub(crate) const REPLAY: &str = "replay-";

/// Whether this is the name of a table of bad rows, or of the folder of its load.
pub(crate) fn is_of_bad_rows(name: &str) -> bool {
    let rest = name.strip_prefix(REJECTED);
    rest.is_some_and(|rest| rest.starts_with(['.', '-']))
}
