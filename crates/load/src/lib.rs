//! Bulk loading: records in, few calls out, and an account of every record.
//!
//! * [`Loader::load_files`] loads files, with a journal beside them: start the same load again after a stop, and it
//!   continues.
//! * [`Loader::load`] loads a stream of records, and gives each back with its [`Fate`].
//! * [`Sender`] sends records in the background of a service, and hands back those that were not accepted.
//! * [`check_files`] and [`Loader::plan`] send nothing.
//!
//! Records are packed into calls by user. Two records belong to the same user if they have the same identifiers.
//! Records that share the first identifier keep their order, others do not. Delivery is *at least once*: a call whose
//! answer is lost is sent again with the same ids, and its records count as possibly taken twice.
//!
//! `docs/loading.md` in the repository says more, from the command line's point of view.
//!
//! ```text
//! input ─► check ─► pack by user ─► schedule ─► deliver ─► fate of every record ─► receipt, journal, dead letter
//! ```

#![deny(missing_docs)]

mod accounts;
mod append_file;
mod bad_record;
mod bad_rows;
mod bad_rows_of_check;
mod bad_tables;
mod check;
mod concurrency;
mod corrected;
mod dead_letter;
mod dead_letter_file;
mod deliver;
mod delta;
mod edited;
mod error;
mod event_ids;
mod file_accounts;
mod file_handles;
mod file_load;
mod file_names;
mod fingerprint;
mod health;
mod history;
mod journal;
mod last_record;
mod letter;
mod loader;
mod lock;
mod made_good;
mod meaning;
mod most_bad;
mod opening;
mod outcome;
mod pack;
mod path_name;
mod places;
mod plan;
mod progress;
mod reader;
mod receipt;
mod record;
mod refusals;
mod remedy;
mod repeated;
mod replay;
mod replay_folder;
mod schedule;
mod sender;
mod settings;
mod sorted_item;
mod stage;
mod state_error;
mod status;
mod stdin;
mod stream;
mod table_file;
mod tables;

pub use bad_rows::{BadPart, BadRows};
pub use check::check_files;
pub use dead_letter_file::{DeadLetter, DeadLetterFile};
pub use dfinery_input::{Encoding, Format, InputError, InputOptions, LineCount, Mapping, PassedOver};
pub use dfinery_records::{
    Accepts, Problems, RecordKind, Report, Section, Taxonomy, TaxonomyError, UnknownWarning, Warning, WarningKind,
    WarningPolicy, Warnings,
};
pub use error::LoadError;
pub use file_load::{FileLoad, folder_of_load};
pub use loader::{Loaded, Loader, LoaderBuilder, Stopper};
pub use most_bad::MostBad;
pub use outcome::Stop;
pub use plan::{Plan, PlannedCall, PlannedCalls, Preview};
pub use progress::{Progress, Snapshot};
pub use receipt::{InputReceipt, Receipt};
pub use record::Fate;
pub use replay::DeadLetters;
pub use sender::{NotQueued, Sender};
pub use stage::Stage;
pub use status::Status;
pub use stream::{Record, Settled, SettledStream, Withdrawer};

/// The Rust in the pages for users, run as examples.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/sdk.md")]
    mod sdk {}
    #[doc = include_str!("../../../docs/sdk.ko.md")]
    mod sdk_in_korean {}
    #[doc = include_str!("../../../docs/emulator.md")]
    mod emulator {}
    #[doc = include_str!("../../../docs/emulator.ko.md")]
    mod emulator_in_korean {}
}
