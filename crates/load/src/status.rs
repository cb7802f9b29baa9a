//! What became of the records of a file, over the load, its replays, and the loads of what was corrected.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use dfinery::engine::with_suffix;
use dfinery_input::InputError;
use serde::Serialize;

use crate::{
    error::LoadError,
    file_accounts::DEAD_LETTER,
    path_name::{self, path_name},
    replay::next_replay,
    stage::Stage,
    tables::Tables,
};

/// What became of the records of a file, over the load, its replays, and the loads of what was corrected.
///
/// It comes from what these keep in the folder of the load. What was kept elsewhere is not known.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery_load::Status;
/// let status = Status::of("sales.csv".as_ref())?;
/// println!("{} of {} records are left", status.left, status.read);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The folder of the load.
    #[serde(serialize_with = "path_name::serialize_one")]
    pub folder: PathBuf,
    /// What was loaded, as in a [`Receipt`](crate::Receipt).
    pub what: String,
    /// The inputs, as they were named.
    pub inputs: Vec<String>,
    /// Records read.
    pub read: u64,
    /// Those that the server took, sooner or later.
    pub accepted: u64,
    /// Those that it has not taken: the sum of those below, without what corrections have made good.
    pub left: u64,
    /// Those of the last replay, or of the load, that the server refused.
    pub rejected: u64,
    /// The same by code.
    pub rejected_by_code: BTreeMap<String, u64>,
    /// Those that failed the check.
    pub invalid: u64,
    /// Those that were certainly not taken.
    pub undelivered: u64,
    /// Those that may have been taken.
    pub unknown: u64,
    /// Those in a dead letter that its replay has not settled yet.
    pub to_replay: u64,
    /// Those that the load has read and not settled yet.
    pub open: u64,
    /// Whether the load and every replay that was begun have settled all they were given.
    pub complete: bool,
    /// Whether one of them is running, or can go on where it stopped.
    pub goes_on: bool,
    /// The dead letter that has what is left, if there is one.
    #[serde(serialize_with = "path_name::serialize")]
    pub dead_letter: Option<PathBuf>,
    /// The rows in it, as tables to correct.
    #[serde(serialize_with = "path_name::serialize_all")]
    pub rejected_rows: Vec<PathBuf>,
    /// The load.
    pub load: Stage,
    /// The replays, one of what the other left.
    pub replays: Vec<Stage>,
    /// The loads of tables of rejected rows.
    pub corrections: Vec<Stage>,
}

impl Status {
    /// Reads what is kept about a load: `path` is its folder or its input. Blocking.
    ///
    /// # Errors
    /// If there is no such load, or what is kept cannot be read.
    pub fn of(path: &Path) -> Result<Self, LoadError> {
        let folder = if path.is_dir() {
            path.to_owned()
        } else {
            with_suffix(path, ".dfinery")
        };
        Self::read(folder)?.ok_or_else(|| {
            let problem = "no load has kept anything about it: name the input of a load, or the folder beside it";
            InputError::new(&path_name(path), problem).into()
        })
    }

    /// `None` if no load has kept anything in the folder.
    fn read(folder: PathBuf) -> Result<Option<Self>, LoadError> {
        let Some(load) = Stage::read(&folder)? else {
            return Ok(None);
        };
        let mut stages = vec![load];
        while let Some(next) = stages
            .last()
            .and_then(|stage| next_replay(&stage.folder.join(DEAD_LETTER)))
            && let Some(stage) = Stage::read(&next)?
        {
            stages.push(stage);
        }
        let mut corrections = Vec::new();
        for stage in &stages {
            corrections.extend(corrections_in(&stage.folder)?);
        }
        Ok(Some(Self::sum(folder, stages, corrections)))
    }

    fn sum(folder: PathBuf, mut stages: Vec<Stage>, corrections: Vec<Stage>) -> Self {
        // What the replay of a dead letter has not settled is still in that.
        let unsettled = |pair: &[Stage]| match pair {
            [before, replay] => before.dead().saturating_sub(replay.settled()),
            _ => 0,
        };
        let to_replay: u64 = stages.windows(2).map(unsettled).sum();
        let accepted: u64 = stages.iter().chain(&corrections).map(|stage| stage.accepted).sum();
        let all = || stages.iter().chain(&corrections);
        let complete = all().all(|stage| stage.complete);
        let goes_on = all().any(|stage| stage.is_running || (!stage.complete && stage.has_journal));
        let holds_rest = stages.windows(2).rposition(|pair| unsettled(pair) > 0);
        let replays = stages.split_off(1);
        let load = stages.pop().unwrap_or_default();
        let last = replays.last().unwrap_or(&load);
        let open = load.read.saturating_sub(load.settled());
        // A replay may have refused again what was corrected before it, or sent it again: its dead letter decides.
        let of_last = corrections
            .iter()
            .filter(|stage| stage.folder.parent() == Some(&*last.folder));
        let corrected: u64 = of_last.map(Stage::made_good).sum();
        let left = (last.dead() + to_replay + open).saturating_sub(corrected);
        let holder = match holds_rest {
            Some(0) => &load,
            Some(place) => replays.get(place - 1).unwrap_or(last),
            None => last,
        };
        let is_left = left > 0;
        Self {
            folder,
            what: load.what.clone(),
            inputs: load.inputs.clone(),
            read: load.read,
            accepted,
            left,
            rejected: last.rejected,
            rejected_by_code: last.rejected_by_code.clone(),
            invalid: last.invalid,
            undelivered: last.undelivered,
            unknown: last.unknown,
            to_replay,
            open,
            complete,
            goes_on,
            dead_letter: holder.dead_letter.clone().filter(|_| is_left),
            rejected_rows: if is_left {
                rows_to_correct(holder, &corrections)
            } else {
                Vec::new()
            },
            load,
            replays,
            corrections,
        }
    }
}

/// The loads of the rejected rows in a folder, each with what became of its own bad rows. A copy of such a table is not
/// looked for: its rows may be those of the table.
fn corrections_in(folder: &Path) -> Result<Vec<Stage>, LoadError> {
    let mut found = Vec::new();
    for (_, path) in Tables::beside(&folder.join(DEAD_LETTER))?.rejected_in(folder) {
        let status = Status::read(with_suffix(&path, ".dfinery"))?;
        found.extend(status.map(|status| Stage {
            accepted: status.accepted,
            complete: status.complete,
            left: status.left,
            rejected_rows: status.rejected_rows,
            ..status.load
        }));
    }
    Ok(found)
}

/// The tables of a stage that have not been loaded yet, and those that the loads of the others left.
fn rows_to_correct(holder: &Stage, corrections: &[Stage]) -> Vec<PathBuf> {
    let mut rows = Vec::new();
    for path in &holder.rejected_rows {
        let folder = with_suffix(path, ".dfinery");
        match corrections.iter().find(|stage| stage.folder == folder) {
            Some(correction) => rows.extend(correction.rejected_rows.iter().cloned()),
            None => rows.push(path.clone()),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A stage that has settled some of what it was given, with as many of each fate as the shares say.
    fn stage(read: u64, shares: [u8; 5], is_complete: bool) -> Stage {
        let mut left = read;
        let mut take = |share: u8| {
            let taken = left * u64::from(share) / 255;
            left -= taken;
            taken
        };
        let [accepted, rejected, invalid, undelivered, open] = shares.map(&mut take);
        let unknown = if is_complete { left + open } else { 0 };
        Stage {
            read,
            accepted,
            rejected,
            invalid,
            undelivered,
            unknown,
            complete: is_complete,
            has_journal: true,
            ..Stage::default()
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_and_what_is_left_add_up(
            read in 0..100_000_u64,
            shares in vec((any::<[u8; 5]>(), any::<bool>()), 1..5),
            corrected in proptest::option::of(any::<u8>()),
        ) {
            let mut stages: Vec<Stage> = Vec::new();
            for (shares, is_complete) in shares {
                let read = stages.last().map_or(read, Stage::dead);
                stages.push(stage(read, shares, is_complete));
            }
            let sum = |corrections| Status::sum(PathBuf::new(), stages.clone(), corrections);
            let status = sum(Vec::new());
            prop_assert_eq!(status.read, status.accepted + status.left);
            let parts = [status.rejected, status.invalid, status.undelivered, status.unknown, status.to_replay, status.open];
            prop_assert_eq!(parts.iter().sum::<u64>(), status.left);
            prop_assert_eq!(status.goes_on, stages.iter().any(|stage| !stage.complete));
            if let Some(share) = corrected {
                let correction = stage(status.left, [share, 255, 0, 0, 0], true);
                let correction = Stage { folder: PathBuf::from("rejected.csv.dfinery"), ..correction };
                let corrected = correction.accepted;
                let after = sum(vec![correction]);
                prop_assert_eq!((after.accepted, after.left), (status.accepted + corrected, status.left - corrected));
            }
        }
    }
}
