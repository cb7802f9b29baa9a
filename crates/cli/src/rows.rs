//! `dfinery rows`: the records of a dead letter as they were in their files.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::bail;
use dfinery_load::{BadPart, BadRows};

use crate::{
    output::{say, stdout},
    progress::grouped,
};

#[derive(clap::Args)]
pub struct Arguments {
    /// The dead-letter file of a load or a replay.
    #[arg(value_name = "DEAD_LETTER_FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Write to this file, which appears when it is whole [default: standard output].
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Only the rows of this input; `json` stands for all records that were JSON. Needed if there are several tables.
    #[arg(long, value_name = "INPUT")]
    of: Option<String>,
}

/// The name of the records that were JSON.
const JSON: &str = "json";

/// Writes the rows.
pub fn rows(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let rows = BadRows::read(&arguments.file)?;
    if let Some(error) = rows.unknown_corrections() {
        say(&format!(
            "which rows were corrected and loaded since is not known, so these may be among them: {error}"
        ));
    }
    if rows.parts().is_empty() && rows.corrected() > 0 {
        say("no row is left: all of them were corrected and loaded since");
        return Ok(ExitCode::SUCCESS);
    }
    let part = part(rows.parts(), arguments.of.as_deref())?.clone();
    let (left_out, corrected) = (rows.left_out(), rows.corrected());
    match &arguments.out {
        Some(path) => {
            if let Some(what) = replaced(path, &arguments.file, &part) {
                bail!("the rows would replace {what}: write them to another file");
            }
            rows.write_file(part.input.as_deref(), path)?;
        }
        None => rows.write(part.input.as_deref(), stdout())?,
    }
    let records = match part.records {
        1 => "1 record".to_owned(),
        many => format!("{} records", grouped(many)),
    };
    say(&format!("{records} of {}", name(&part)));
    if corrected > 0 {
        say(&format!(
            "{} more left out: corrected and loaded since",
            grouped(corrected)
        ));
    }
    if left_out > 0 {
        say(&format!(
            "{} more only in the dead letter: too long, cut short, or not in UTF-8",
            grouped(left_out)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn part<'a>(parts: &'a [BadPart], of: Option<&str>) -> anyhow::Result<&'a BadPart> {
    let names = || {
        parts
            .iter()
            .map(|part| format!("--of {}", name(part)))
            .collect::<Vec<_>>()
    };
    match (of, parts) {
        (None, [one]) => Ok(one),
        (None, []) => bail!("the dead letter has no record that can be written"),
        (None, _) => bail!(
            "the records are of several tables, which are written one by one: give {}",
            names().join(" or ")
        ),
        (Some(of), _) => match parts.iter().find(|part| name(part) == of) {
            Some(part) => Ok(part),
            None => bail!(
                "the dead letter has no records of this input: there are {}",
                names().join(" and ")
            ),
        },
    }
}

fn name(part: &BadPart) -> &str {
    part.input.as_deref().unwrap_or(JSON)
}

/// What the rows would destroy: the dead letter, something else that the load keeps beside it, or the file that they are
/// from, which has a name of its own or that of the folder.
fn replaced(path: &Path, dead_letter: &Path, part: &BadPart) -> Option<&'static str> {
    let folder = dead_letter.canonicalize().ok()?.parent()?.to_owned();
    let is_kept = || {
        let path = path.canonicalize().ok()?;
        let is_table = path.file_name()?.to_str().is_some_and(BadRows::is_name);
        Some(path.parent()? == folder && !is_table)
    };
    let input = part.input.as_deref().map(Path::new);
    let is_input = |input: &Path| is_same(path, input);
    if is_same(path, dead_letter) {
        Some("the dead letter")
    } else if is_kept() == Some(true) {
        Some("a file of the load")
    } else if input.is_some_and(is_input) || is_input(&folder.with_extension("")) {
        Some("the file that they are from")
    } else {
        None
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
