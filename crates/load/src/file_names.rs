//! The names of what a load keeps in its folder, beside the journal.

pub(crate) const DEAD_LETTER: &str = "dead-letter.ndjson";
pub(crate) const POSSIBLY_TWICE: &str = "possibly-twice.ndjson";
pub(crate) const RECEIPT: &str = "receipt.json";
pub(crate) const TABLES: &str = "tables.json";
pub(crate) const CORRECTED: &str = "corrected.ndjson";
/// The beginning of the names of tables of bad rows, and of the folders of their loads.
pub(crate) const REJECTED: &str = "rejected";
/// The beginning of the names of folders of replays.
pub(crate) const REPLAY: &str = "replay-";
