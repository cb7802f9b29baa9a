//! Where a load notes the fates of its records.

use crate::{
    outcome::{Outcome, Stop},
    pack::Batch,
};

/// The accounts of a load.
///
/// For each batch, call [`sent`](Self::sent) and then [`flush`](Self::flush) before each attempt, and
/// [`settle`](Self::settle) once its fate is known. Implementations release the locks they take before they return.
pub(crate) trait Accounts: Send + Sync + 'static {
    /// The records of this batch are about to be sent, maybe not for the first time. Takes out those that are not to be sent
    /// any more, which have their fate already.
    fn sent(&self, batch: &mut Batch) -> Result<(), Stop>;

    /// The records of this batch have this fate.
    fn settle(&self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop>;

    /// The call of this batch failed until the run ended, although others were accepted.
    /// By default nothing is noted: there is no later run.
    fn failed(&self, _batch: &Batch) -> Result<(), Stop> {
        Ok(())
    }

    /// Returns once killing the process would lose nothing noted so far.
    fn flush(&self) -> Result<(), Stop>;
}
