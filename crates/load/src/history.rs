//! A load with its replays and the loads of its corrected rows, each of which may have such as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use roaring::RoaringTreemap;

use crate::{
    append_file::at,
    corrected::{self, Entry},
    error::LoadError,
    file_names::{DEAD_LETTER, is_of_bad_rows},
    letter::{Letter, Letters},
    made_good::{Good, Lines, MadeGood},
    replay_folder::{load_of, next_replay},
    stage::Stage,
    tables::Tables,
};

/// What is kept in the folder of a load.
pub(crate) struct History {
    /// The load, and its replays, one of what the other left.
    pub(crate) stages: Vec<Stage>,
    /// The loads of the corrected rows of all of them.
    pub(crate) corrections: Vec<Self>,
    pub(crate) made_good: MadeGood,
}

/// What was corrected of the records in a dead letter. Nothing if it is not in the folder of a load.
///
/// # Errors
/// If a load of corrected rows [has not ended](LoadError::unfinished_correction), or cannot be read. Where nothing was
/// corrected, nothing else need be readable.
pub(crate) fn made_good_of(dead_letter: &Path) -> Result<MadeGood, LoadError> {
    let Some(folder) = load_of(dead_letter).map(has_corrections).transpose()?.flatten() else {
        return Ok(MadeGood::default());
    };
    let history = History::read(&folder)?;
    match history.as_ref().and_then(History::unfinished_correction) {
        Some(table) => Err(LoadError::unfinished(table)),
        None => Ok(history.map_or_else(MadeGood::default, |history| history.made_good)),
    }
}

/// The folder of a load, if what it or one of its replays left was corrected and loaded.
fn has_corrections(load: PathBuf) -> io::Result<Option<PathBuf>> {
    let mut stage = Some(load.clone());
    while let Some(folder) = stage {
        if !folders_of_corrections(&folder)?.is_empty() {
            return Ok(Some(load));
        }
        stage = next_replay(&folder.join(DEAD_LETTER));
    }
    Ok(None)
}

/// The names of the tables of bad rows in the folder of a load that were loaded.
pub(crate) fn loaded_tables(folder: &Path) -> io::Result<BTreeSet<String>> {
    let current = folders_of_corrections(folder)?
        .into_iter()
        .filter(|(_, is_current)| *is_current);
    Ok(current
        .flat_map(|(folder, _)| {
            // If what it has kept cannot be read, its name still says which table is the first.
            let stage = Stage::read(&folder).ok().flatten();
            stage.unwrap_or_else(|| Stage::in_folder(&folder)).tables()
        })
        .collect())
}

impl History {
    /// `None` if no load has kept anything in the folder.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, LoadError> {
        let Some(load) = Stage::read(folder)? else {
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
        let (mut corrections, mut made_good) = (Vec::new(), MadeGood::default());
        for stage in &stages {
            let tables = Tables::beside(&stage.folder.join(DEAD_LETTER))?;
            for (folder, is_current) in folders_of_corrections(&stage.folder)? {
                let Some(correction) = Self::read(&folder)? else {
                    continue;
                };
                correction.add_made_good(&tables, &mut made_good)?;
                // One that was begun anew is of the past, but what it has settled is settled.
                if is_current {
                    corrections.push(correction);
                }
            }
        }
        Ok(Some(Self {
            stages,
            corrections,
            made_good,
        }))
    }

    /// The load without its replays.
    pub(crate) fn load(&self) -> Option<&Stage> {
        self.stages.first()
    }

    /// The table of a load of corrected rows that has not ended, so that what it has made good is not known yet.
    pub(crate) fn unfinished_correction(&self) -> Option<PathBuf> {
        self.corrections.iter().find_map(|correction| {
            let mut stages = correction.stages.iter();
            let is_unfinished = stages.any(|stage| stage.is_running || !stage.complete);
            let table = || Some(correction.load()?.folder.with_extension(""));
            correction
                .unfinished_correction()
                .or_else(|| is_unfinished.then(table).flatten())
        })
    }

    /// Calls `each` with the letters that no later replay has settled: the stage in whose dead letter they are, and how their
    /// records were made good.
    pub(crate) fn unsettled(&self, mut each: impl FnMut(usize, &Letter<'_>, Option<Good>)) -> Result<(), LoadError> {
        for (place, stage) in self.stages.iter().enumerate() {
            let replay = self.stages.get(place + 1);
            let settled = replay.and_then(|replay| replay.settled_letters.as_ref());
            let is_replayed = settled.is_none() && replay.is_some_and(|replay| replay.complete);
            let Some(path) = stage.dead_letter.as_ref().filter(|_| !is_replayed) else {
                continue;
            };
            let mut letters = Letters::open(path)?;
            let mut position = 0;
            while let Some(line) = letters.next()? {
                let is_settled = settled.is_some_and(|settled| settled.contains(position));
                position += 1;
                if let Some(letter) = Letter::read(line.original).filter(|_| !is_settled) {
                    each(place, &letter, self.made_good.of(&letter.file, letter.line));
                }
            }
        }
        Ok(())
    }

    /// Adds what this load of corrected rows has made good of the records of the inputs of `tables`.
    fn add_made_good(&self, tables: &Tables, made_good: &mut MadeGood) -> Result<(), LoadError> {
        let Some(load) = self.load().filter(|load| load.complete) else {
            return Ok(());
        };
        let (mut left, mut passed_over) = (Lines::default(), Lines::default());
        self.unsettled(|_, letter, good| match good {
            None => left.add(&letter.file, letter.line),
            Some(Good::PassedOver) => passed_over.add(&letter.file, letter.line),
            Some(Good::Accepted) => {}
        })?;
        let mut of_inputs: BTreeMap<String, Fates> = BTreeMap::new();
        let (mut name, mut input) = (String::new(), None);
        let (mut of_table, mut names) = (None, BTreeSet::new());
        corrected::read(&load.folder, |entry| match entry {
            Entry::Input { name: next, table } => {
                name = next.into_owned();
                input = tables.input_of(&table).map(str::to_owned);
                of_table = input.is_some().then(|| table.into_owned());
            }
            Entry::Record { line, origins } => {
                let Some(input) = &input else { return };
                let fates = of_inputs.entry(input.clone()).or_default();
                let fate = if left.has(&name, line) {
                    &mut fates.left
                } else if passed_over.has(&name, line) {
                    &mut fates.passed_over
                } else {
                    &mut fates.accepted
                };
                fate.extend(origins.iter());
                if !left.has(&name, line) {
                    names.extend(of_table.take());
                }
            }
            Entry::PassedOver(origins) => {
                let Some(input) = &input else { return };
                of_inputs
                    .entry(input.clone())
                    .or_default()
                    .passed_over
                    .extend(origins.iter());
                names.extend(of_table.take());
            }
        })?;
        let beside = load.folder.parent().unwrap_or(Path::new(""));
        for name in names {
            let ended = made_good.tables.entry(beside.join(name)).or_default();
            *ended = load.ended.max(*ended);
        }
        for (input, fates) in of_inputs {
            // A line of several records is good once all of them are.
            let accepted = fates.accepted - &fates.left;
            let passed_over = fates.passed_over - &fates.left - &accepted;
            made_good.add(&input, accepted, passed_over);
        }
        Ok(())
    }
}

/// The lines of an input whose rows were loaded again, by what became of the records of these.
#[derive(Default)]
struct Fates {
    accepted: RoaringTreemap,
    passed_over: RoaringTreemap,
    left: RoaringTreemap,
}

/// The folders of loads of bad rows in the folder of a load or a replay, in the order of their names, and whether each is the
/// one that such a load goes on in: when it is begun anew, the old one gets a longer name.
fn folders_of_corrections(folder: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let unreadable = |error| at(folder, "read", &error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A link may lead back here.
        if is_of_bad_rows(&name) && entry.file_type().map_err(unreadable)?.is_dir() {
            found.push((folder.join(entry.file_name()), name.ends_with(".dfinery")));
        }
    }
    found.sort_unstable();
    Ok(found)
}
