//! Checks every record against the spec and, if there is one, the customer's taxonomy.
//!
//! ```text
//! line ──► Checker ──► record ──┬──► identity
//!                               ├──► event ──┬──► items ──┐
//!                               └────────────┴────────────┴──► property ──► value
//! ```
//! The rules share one `Reading`, which notes what is wrong and goes on; its `json::JsonReader` takes one value after
//! another from the line and knows where each is. A good record borrows from the line, and its edits say what must be
//! written differently.

#![deny(missing_docs)]

mod accepts;
mod checked;
mod checker;
mod event;
mod fields;
mod forms;
mod identifier;
mod identity;
mod ids;
mod json;
mod kind;
mod memory;
mod property;
mod reading;
mod record;
mod report;
mod suggest;
mod taxonomy;
mod warning;
mod warning_policy;
mod yaml;
mod zone;

pub use self::accepts::Accepts;
pub use self::checked::Checked;
pub use self::checker::Checker;
pub use self::identifier::invisible::is_invisible;
pub use self::identifier::words::{is_missing, is_nobody, total_word};
pub use self::ids::Ids;
#[doc(hidden)]
pub use self::json::not_json;
pub use self::kind::RecordKind;
pub use self::report::{Problems, Report, Warnings, thousands};
pub use self::suggest::nearest;
pub use self::taxonomy::{Section, Taxonomy, TaxonomyError};
pub use self::warning::{UnknownWarning, Warning, WarningKind};
pub use self::warning_policy::WarningPolicy;
#[doc(hidden)]
pub use self::yaml::{YamlError, YamlKind, read_yaml};
#[doc(hidden)]
pub use self::zone::no_such_zone;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod tests;
