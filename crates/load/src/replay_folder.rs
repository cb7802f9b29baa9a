//! Where replays are kept: `replay-1` in the folder of the load, `replay-2` beside that for what the first one left, and so
//! on.

use std::path::{Path, PathBuf};

use dfinery::engine::{folder_of, with_suffix};

use crate::{
    file_names::{DEAD_LETTER, RECEIPT, REPLAY},
    journal::JOURNAL,
};

/// The folder of a replay. `None` if the dead letter is in no such folder, or an earlier version has begun to replay it elsewhere.
pub(crate) fn replay_of(dead_letter: &Path) -> Option<PathBuf> {
    let folder = folder_of(dead_letter);
    if dead_letter.file_name()? != DEAD_LETTER || !holds_a_load(folder) || nested(dead_letter).exists() {
        return None;
    }
    flat(folder)
}

/// Where a replay of this dead letter of a load is, if there is one.
pub(crate) fn next_replay(dead_letter: &Path) -> Option<PathBuf> {
    let nested = nested(dead_letter);
    if nested.is_dir() {
        return Some(nested);
    }
    flat(folder_of(dead_letter)).filter(|folder| folder.is_dir())
}

/// The folder of a replay in earlier versions.
fn nested(dead_letter: &Path) -> PathBuf {
    with_suffix(dead_letter, ".dfinery")
}

fn flat(folder: &Path) -> Option<PathBuf> {
    let real = folder.canonicalize().ok()?;
    Some(match number_of(&real) {
        Some(number) => sibling(folder, &format!("{REPLAY}{}", number.checked_add(1)?)),
        None => folder.join(format!("{REPLAY}1")),
    })
}

/// A folder beside another one, which may be the working folder.
fn sibling(folder: &Path, name: &str) -> PathBuf {
    match folder.file_name() {
        Some(_) => folder.with_file_name(name),
        None => folder.join("..").join(name),
    }
}

/// The folder of the load that a dead letter is of, or of whose replays.
pub(crate) fn load_of(dead_letter: &Path) -> Option<PathBuf> {
    if dead_letter.file_name()? != DEAD_LETTER {
        return None;
    }
    let folder = folder_of(dead_letter);
    let folder = match number_of(&folder.canonicalize().ok()?) {
        Some(_) if folder.file_name().is_none() => folder.join(".."),
        Some(_) => folder_of(folder).to_owned(),
        None => folder.to_owned(),
    };
    holds_a_load(&folder).then_some(folder)
}

fn holds_a_load(folder: &Path) -> bool {
    [JOURNAL, RECEIPT].iter().any(|name| folder.join(name).exists())
}

/// Which replay a folder is of.
fn number_of(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.strip_prefix(REPLAY)?.parse().ok()
}
