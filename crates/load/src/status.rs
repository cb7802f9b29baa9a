//! What became of the records of a file, over the load, its replays, and the loads of what was corrected.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use dfinery_input::InputError;
use serde::Serialize;

use crate::{
    error::LoadError,
    file_load::folder_of_load,
    history::History,
    made_good::Good,
    path_name::{self, path_name},
    stage::Stage,
    tables::Tables,
};

/// What became of the records of a file, over the load, its replays, and the loads of what was corrected.
///
/// It comes from what these keep in the folder of the load. What was kept elsewhere is not known. Corrections are known by the
/// lines of the input, so a row that was corrected twice counts once; one that has not ended has made nothing good yet.
///
/// `read` is the sum of `accepted`, `passed_over` and `left`, and `left` that of the fields from `rejected` to `open`.
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
    /// Those that the server took, sooner or later, also as corrected rows.
    pub accepted: u64,
    /// Those of `accepted` that it took as corrected rows.
    pub corrected: u64,
    /// Those that are none any more: a condition of the mapping passes over their corrected rows.
    pub passed_over: u64,
    /// Those that it has not taken.
    pub left: u64,
    /// Those that the server refused, when they were sent last.
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
    /// Its bad rows, as tables to correct that were not loaded yet.
    #[serde(serialize_with = "path_name::serialize_all")]
    pub rejected_rows: Vec<PathBuf>,
    /// Where [`BadRows`](crate::BadRows) can be written beside the dead letter, so that their load is known here; `None` if
    /// the load has several inputs.
    #[serde(skip)]
    pub next_rows: Option<PathBuf>,
    /// The load.
    pub load: Stage,
    /// The replays, one of what the other left.
    pub replays: Vec<Stage>,
    /// The loads of tables of bad rows.
    pub corrections: Vec<Stage>,
}

impl Status {
    /// Reads what is kept about a load: `path` is its folder or its input. Blocking.
    ///
    /// # Errors
    /// If there is no such load, or what is kept cannot be read.
    pub fn of(path: &Path) -> Result<Self, LoadError> {
        // An input may be a folder as well.
        let beside = folder_of_load(path);
        let folder = if path.is_dir() && !beside.is_dir() {
            path.to_owned()
        } else {
            beside
        };
        let history = History::read(&folder)?.ok_or_else(|| {
            let problem = "no load has kept anything about it: name the input of a load, or the folder beside it";
            LoadError::from(InputError::new(&path_name(path), problem))
        })?;
        let mut status = Self::new(history)?;
        if let Some(dead_letter) = status.dead_letter.as_ref().filter(|_| status.rejected_rows.is_empty()) {
            let folder = dead_letter.parent().unwrap_or(Path::new(""));
            let name = Tables::beside(dead_letter)?.next_name(folder);
            status.next_rows = name.map(|name| folder.join(name));
        }
        Ok(status)
    }

    fn new(history: History) -> Result<Self, LoadError> {
        let mut corrected = vec![MadeGoodRecords::default(); history.stages.len()];
        let mut last = history.stages.last().cloned().unwrap_or_default();
        if !history.made_good.is_empty() {
            let last_place = history.stages.len() - 1;
            history.unsettled(|place, letter, good| {
                let Some((good, corrected)) = good.zip(corrected.get_mut(place)) else {
                    return;
                };
                match good {
                    Good::Accepted => corrected.accepted += 1,
                    Good::PassedOver => corrected.passed_over += 1,
                }
                if place == last_place {
                    last.forget(letter.fate, letter.code.as_deref());
                }
            })?;
        }
        let corrections = history.corrections.into_iter().map(|correction| {
            let status = Self::new(correction)?;
            Ok(Stage {
                accepted: status.accepted,
                complete: status.complete,
                rejected_rows: status.rejected_rows,
                ..status.load
            })
        });
        let corrections = corrections.collect::<Result<_, LoadError>>()?;
        Ok(Self::sum(history.stages, &last, &mut corrected, corrections))
    }

    /// `last` is the last of the stages without what was corrected since, and `corrected` says that of each.
    fn sum(mut stages: Vec<Stage>, last: &Stage, corrected: &mut [MadeGoodRecords], corrections: Vec<Stage>) -> Self {
        let pairs = stages.windows(2).zip(&mut *corrected);
        // What the replay of a dead letter has not settled is still in that, or was left out.
        let to_replay: Vec<u64> = pairs
            .map(|(pair, corrected)| match pair {
                [before, replay] => {
                    let unsettled = before.dead().saturating_sub(replay.settled());
                    if replay.complete && replay.settled_letters.is_none() {
                        // Which of these were passed over is not known without a journal, and none was counted before.
                        *corrected = MadeGoodRecords {
                            accepted: unsettled,
                            passed_over: 0,
                        };
                    }
                    unsettled.saturating_sub(corrected.accepted + corrected.passed_over)
                }
                _ => 0,
            })
            .collect();
        let all = || stages.iter().chain(&corrections);
        let complete = all().all(|stage| stage.complete);
        let goes_on = all().any(|stage| stage.is_running || (!stage.complete && stage.has_journal));
        let holder = to_replay.iter().rposition(|records| *records > 0);
        let holder = stages
            .get(holder.unwrap_or(to_replay.len()))
            .cloned()
            .unwrap_or_default();
        let by_server: u64 = stages.iter().map(|stage| stage.accepted).sum();
        let replays = stages.split_off(1);
        let load = stages.pop().unwrap_or_default();
        let open = load.read.saturating_sub(load.settled());
        let to_replay = to_replay.iter().sum();
        let corrected_records = corrected.iter().map(|corrected| corrected.accepted).sum();
        let left = last.dead() + to_replay + open;
        Self {
            folder: load.folder.clone(),
            what: load.what.clone(),
            inputs: load.inputs.clone(),
            read: load.read,
            accepted: by_server + corrected_records,
            corrected: corrected_records,
            passed_over: corrected.iter().map(|corrected| corrected.passed_over).sum(),
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
            dead_letter: holder.dead_letter.clone().filter(|_| left > 0),
            rejected_rows: if left > 0 {
                rows_to_correct(&holder, &corrections)
            } else {
                Vec::new()
            },
            next_rows: None,
            load,
            replays,
            corrections,
        }
    }
}

/// How many of the records in a dead letter, without those that a later replay has settled, were made good.
#[derive(Clone, Debug, Default)]
struct MadeGoodRecords {
    accepted: u64,
    passed_over: u64,
}

/// The tables of a stage that have not been loaded yet, and those that the loads of the others left.
fn rows_to_correct(holder: &Stage, corrections: &[Stage]) -> Vec<PathBuf> {
    let mut rows = Vec::new();
    for path in &holder.rejected_rows {
        let is_of = |correction: &&Stage| {
            let is_beside = correction.folder.parent() == path.parent();
            let name = path.file_name().and_then(|name| name.to_str());
            is_beside && correction.tables().iter().any(|table| name == Some(table))
        };
        let left = match corrections.iter().find(is_of) {
            Some(correction) => &*correction.rejected_rows,
            None => std::slice::from_ref(path),
        };
        for path in left {
            if !rows.contains(path) {
                rows.push(path.clone());
            }
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
            corrected in any::<[u8; 2]>(),
        ) {
            let mut stages: Vec<Stage> = Vec::new();
            for (shares, is_complete) in shares {
                let read = stages.last().map_or(read, Stage::dead);
                stages.push(stage(read, shares, is_complete));
            }
            let last = stages.last().unwrap().clone();
            let sum = |last: &Stage, mut corrected: Vec<MadeGoodRecords>| {
                Status::sum(stages.clone(), last, &mut corrected, Vec::new())
            };
            let status = sum(&last, vec![MadeGoodRecords::default(); stages.len()]);
            prop_assert_eq!(status.read, status.accepted + status.left);
            let parts = [status.rejected, status.invalid, status.undelivered, status.unknown, status.to_replay, status.open];
            prop_assert_eq!(parts.iter().sum::<u64>(), status.left);
            prop_assert_eq!(status.goes_on, stages.iter().any(|stage| !stage.complete));
            // Some of what is left in each dead letter is made good.
            let mut good: Vec<_> = stages
                .windows(2)
                .map(|pair| pair[0].dead() - pair[1].settled())
                .chain([last.invalid])
                .map(|records| MadeGoodRecords {
                    accepted: records * u64::from(corrected[0]) / 512,
                    passed_over: records * u64::from(corrected[1]) / 512,
                })
                .collect();
            let of_last = good.last_mut().unwrap();
            let last = Stage { invalid: last.invalid - of_last.accepted - of_last.passed_over, ..last.clone() };
            let after = sum(&last, good);
            prop_assert_eq!(after.read, after.accepted + after.passed_over + after.left);
            prop_assert_eq!(after.accepted, status.accepted + after.corrected);
        }
    }
}
