//! `dfinery status`: what became of a file over all runs and replays.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use dfinery::Timestamp;
use dfinery_load::{Stage, Status};

use crate::{
    advice::{NOT_ALL, TRY_AGAIN, quoted_path},
    dataset,
    output::{is_quiet, stdout, write_text},
    progress::grouped,
    settings::{Flags, table::LOAD_STATUS},
};

#[derive(clap::Args)]
pub struct Arguments {
    /// The file or the URL that was loaded, or the folder of the load.
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    file: PathBuf,
    #[command(flatten)]
    flags: Flags<LOAD_STATUS>,
}

/// Says what became of a file.
pub fn status(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    dataset::refuse_other_url(&arguments.file)?;
    let status = Status::of(&arguments.file)?;
    let is_done = status.complete && status.left == 0;
    let mut out = stdout();
    if settings.json() {
        serde_json::to_writer_pretty(&mut out, &status)?;
        writeln!(out)?;
    } else if !(is_quiet() && is_done) {
        let mut text = Vec::new();
        counts(&mut text, &status)?;
        stages(&mut text, &status)?;
        next(&mut text, &status)?;
        write_text(&mut out, &String::from_utf8(text)?)?;
    }
    out.flush()?;
    Ok(match (status.goes_on, is_done) {
        (true, _) => ExitCode::from(TRY_AGAIN),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(NOT_ALL),
    })
}

fn counts(out: &mut impl Write, status: &Status) -> io::Result<()> {
    let mut line = |name: &str, count: u64, what: String| {
        let line = format!("  {name:<14}{:>12}  {what}", grouped(count));
        writeln!(out, "{}", line.trim_end())
    };
    let (first, more) = status
        .inputs
        .split_first()
        .map_or(("", 0), |(first, rest)| (&**first, rest.len()));
    let others = if more > 0 {
        format!(" and {} more", grouped(more as u64))
    } else {
        String::new()
    };
    line("read", status.read, format!("{} from {first}{others}", status.what))?;
    line("accepted", status.accepted, accepted_by(status))?;
    if status.passed_over > 0 {
        let what = "which the mapping passes over as corrected rows";
        line("passed over", status.passed_over, what.to_owned())?;
    }
    line("left", status.left, String::new())?;
    let mut part = |name: &str, count: u64, what: &str| match count {
        0 => Ok(()),
        count => line(&format!("  {name}"), count, what.to_owned()),
    };
    part("rejected", status.rejected, &codes(status))?;
    part("invalid", status.invalid, "failed the check")?;
    part("undelivered", status.undelivered, "certainly not taken")?;
    part("unknown", status.unknown, "sent, but no answer that can be trusted")?;
    part(
        "to replay",
        status.to_replay,
        "in a dead letter whose replay has not ended",
    )?;
    part("open", status.open, "read, but not settled yet")
}

/// How what was accepted came about, if not by the load alone.
fn accepted_by(status: &Status) -> String {
    let by_replays = status.replays.iter().map(|stage| stage.accepted).sum();
    let by: [(u64, _); 2] = [(by_replays, "by replays"), (status.corrected, "as corrected rows")];
    let by: Vec<_> = by.iter().filter(|(count, _)| *count > 0).collect();
    if by.is_empty() {
        return String::new();
    }
    let by: Vec<_> = by
        .iter()
        .map(|(count, how)| format!("{} {how}", grouped(*count)))
        .collect();
    format!("{} by the load, {}", grouped(status.load.accepted), by.join(", "))
}

/// The most frequent codes.
fn codes(status: &Status) -> String {
    const MOST: usize = 4;
    let mut codes: Vec<_> = status.rejected_by_code.iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown = codes
        .iter()
        .take(MOST)
        .map(|(code, count)| format!("{code}: {}", grouped(**count)));
    let more = if codes.len() > MOST { ", …" } else { "" };
    shown.collect::<Vec<_>>().join(", ") + more
}

/// The load, and the last replays and corrections.
fn stages(out: &mut impl Write, status: &Status) -> io::Result<()> {
    const MOST: usize = 2;
    stage(out, "Load", &status.load)?;
    for (name, stages) in [("Replay", &status.replays), ("Corrected", &status.corrections)] {
        let hidden = stages.len().saturating_sub(MOST);
        for (number, one) in stages.iter().enumerate().skip(hidden) {
            stage(out, &format!("{name} {}", number + 1), one)?;
        }
    }
    Ok(())
}

fn stage(out: &mut impl Write, name: &str, stage: &Stage) -> io::Result<()> {
    let how = match (stage.is_running, stage.complete, stage.ended) {
        (true, ..) => "is running",
        (false, true, _) => "is complete",
        (false, false, Some(_)) => "ended early",
        (false, false, None) => "was killed, or the machine went down",
    };
    let runs = match stage.runs {
        1 => "1 run".to_owned(),
        many => format!("{} runs", grouped(many.into())),
    };
    let times: Vec<_> = [("from", stage.began), ("to", stage.ended)]
        .into_iter()
        .filter_map(|(word, time)| Some(format!(" {word} {}", minute(time?))))
        .collect();
    writeln!(out, "{name:<12}{how}: {runs},{} UTC", times.concat())
}

/// A time to the minute.
pub fn minute(time: Timestamp) -> String {
    time.to_string()
        .chars()
        .take(16)
        .map(|c| if c == 'T' { ' ' } else { c })
        .collect()
}

/// Where what is left is, and what to do about it.
fn next(out: &mut impl Write, status: &Status) -> io::Result<()> {
    if let Some(path) = &status.dead_letter {
        writeln!(out, "Not accepted: {}", path.display())?;
    }
    for path in status.rejected_rows.iter().take(2) {
        writeln!(out, "Rows to correct and load: {}", path.display())?;
    }
    let is_running = |stage: &Stage| stage.is_running;
    let stages = || {
        [&status.load]
            .into_iter()
            .chain(&status.replays)
            .chain(&status.corrections)
    };
    let advice = if stages().any(is_running) {
        "wait until what is running ends".to_owned()
    } else if status.goes_on && !status.load.complete {
        "run the command of the load again, without --restart, to go on".to_owned()
    } else if status.goes_on {
        "run the last command again, without --restart, to go on".to_owned()
    } else if status.left == 0 && status.complete {
        return Ok(());
    } else if let Some(path) = &status.dead_letter {
        let path = quoted_path(path);
        let correct = if status.rejected_rows.is_empty() {
            let file = status.next_rows.as_deref().map_or("FILE".to_owned(), quoted_path);
            format!("correct the records and load them: dfinery rows {path} -o {file}")
        } else {
            "correct the rows and load their file".to_owned()
        };
        if status.left > status.invalid {
            format!("put right what the codes say, then dfinery replay {path}; or {correct}")
        } else {
            correct
        }
    } else {
        "load the file again".to_owned()
    };
    writeln!(out, "What to do: {advice}")
}
