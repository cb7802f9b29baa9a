//! Where a load notes what becomes of its records.

use crate::{
    outcome::{Outcome, Stop},
    pack::Batch,
};

/// The accounts of a load.
///
/// For each batch [`sent`](Self::sent) comes before its first attempt, with a [`flush`](Self::flush) between the two, and
/// [`settle`](Self::settle) once its fate is known. Implementations take what locks they need and release them before they
/// return.
pub(crate) trait Accounts: Send + Sync + 'static {
    /// The records of this batch are about to be sent for the first time.
    fn sent(&self, batch: &Batch) -> Result<(), Stop>;

    /// The records of this batch have this fate.
    fn settle(&self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop>;

    /// Returns once a kill of the process loses nothing that was noted before.
    fn flush(&self) -> Result<(), Stop>;
}
