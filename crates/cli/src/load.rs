//! `dfinery load`, `dfinery delete` and `dfinery replay`: the commands that send.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use dfinery_input::is_url;
use dfinery_load::{Accepts, DeadLetters, FileLoad, Loaded, RecordKind};

use crate::{
    advice::{self, quoted_path},
    arguments::{Files, What},
    connection,
    output::{is_quiet, say, stdout, write_aside, write_text},
    plan,
    progress::grouped,
    running,
    settings::{
        Flags, Settings,
        table::{DELETE, DELTA, LOAD, REPLAY},
    },
    status::minute,
};

#[derive(clap::Args)]
pub struct LoadArguments {
    /// What the files hold.
    what: What,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    run: Run,
    /// Say what would be sent, and send and write nothing.
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    #[command(flatten)]
    flags: Flags<LOAD>,
}

#[derive(clap::Args)]
pub struct DeleteArguments {
    /// What to delete.
    what: Deletable,
    #[command(flatten)]
    files: Files,
    /// Really delete: it cannot be undone.
    #[arg(long, help_heading = "Run")]
    yes: bool,
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    flags: Flags<DELETE>,
}

#[derive(clap::Args)]
pub struct ReplayArguments {
    /// The dead-letter file of an earlier load.
    #[arg(value_name = "DEAD_LETTER_FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Really delete, if the records were to be deleted: it cannot be undone.
    #[arg(long, help_heading = "Run")]
    yes: bool,
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    flags: Flags<REPLAY>,
}

/// What is about one run, and so in no file of settings.
#[derive(clap::Args)]
struct Run {
    /// The folder of journal, dead letter and receipt.
    ///
    /// By default it has the first file's name with .dfinery after it, and is beside it, or for an object in the working folder.
    /// Standard input has a journal only with it.
    #[arg(long, value_name = "DIR", help_heading = "Run", value_hint = clap::ValueHint::DirPath)]
    state: Option<PathBuf>,
    /// Begin anew although an earlier run left a journal; what it left is moved to a folder beside.
    #[arg(long, help_heading = "Run", hide_short_help = true)]
    restart: bool,
    /// Write the receipt as JSON to this file too.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Run",
        value_hint = clap::ValueHint::FilePath,
        hide_short_help = true
    )]
    receipt: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Deletable {
    /// Unified profiles: `{"identity":{"external_id":…}}`.
    Identities,
}

pub async fn load(arguments: LoadArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let accepts = arguments.what.into();
    let mut load = connection::file_load(&settings, accepts, &arguments.files.files)?;
    arguments.run.apply(&mut load);
    if !matches!(arguments.what, What::Events) {
        load.delta = delta(&settings);
    } else if settings.is_option(&DELTA) {
        bail!("--delta is for identities and user properties, and each event is sent: leave it out");
    }
    if arguments.dry_run {
        let plan = connection::planner(&settings, accepts)?.plan(load).await?;
        return plan::print(&settings, &plan);
    }
    send(&settings, &arguments.run, load).await
}

pub async fn delete(arguments: DeleteArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let Deletable::Identities = arguments.what;
    let accepts = Accepts::Only(RecordKind::Deletion);
    let mut load = connection::file_load(&settings, accepts, &arguments.files.files)?;
    arguments.run.apply(&mut load);
    load.delta = delta(&settings);
    if load.inputs.iter().any(|path| path.as_os_str() == "-") {
        bail!(
            "deletions are counted before the first one is made, which standard input does not allow: write it to a file first"
        );
    }
    let plan = connection::planner(&settings, accepts)?.plan(load.clone()).await?;
    if let Some(stop) = &plan.stopped {
        bail!(advice::on_stop(stop));
    }
    if plan.report.has_findings() {
        write_aside(&plan.report.to_string());
    }
    let deletions = plan.calls.values().map(|calls| calls.records).sum();
    if deletions == 0 {
        bail!("nothing was sent: no record names a user to delete; each is {{\"identity\":{{\"external_id\":…}}}}");
    }
    announce(deletions, plan.invalid);
    if !arguments.yes {
        bail!("nothing was sent: if these users are to be deleted, give the same command with --yes");
    }
    send(&settings, &arguments.run, load).await
}

pub async fn replay(arguments: ReplayArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let file = arguments.file.clone();
    let letters = tokio::task::spawn_blocking(move || DeadLetters::read(&file)).await??;
    let mut load = letters.load();
    arguments.run.apply(&mut load);
    if load.accepts != Accepts::Only(RecordKind::Event) {
        load.delta = delta(&settings);
    }
    if letters.corrected() > 0 {
        say(&left_out(&letters));
    }
    if letters.deletions() > 0 {
        announce(letters.deletions(), letters.records() - letters.deletions());
        if !arguments.yes {
            bail!("nothing was sent: if these users are to be deleted, give the same command with --yes");
        }
    }
    send(&settings, &arguments.run, load).await
}

/// What of a dead letter is not sent again.
fn left_out(letters: &DeadLetters) -> String {
    let corrected = letters.corrected();
    let tables: Vec<_> = letters
        .corrections()
        .map(|(table, ended)| {
            let ended = ended.map_or_else(String::new, |ended| format!(" at {} UTC", minute(ended)));
            quoted_path(table) + &ended
        })
        .collect();
    format!(
        "left out: {} of {} records, whose rows were corrected and loaded from {}",
        grouped(corrected),
        grouped(corrected + letters.records()),
        tables.join(", ")
    )
}

/// The file that remembers what was accepted last.
fn delta(settings: &Settings) -> Option<PathBuf> {
    settings.path(&DELTA).map(Path::to_owned)
}

fn announce(deletions: u64, invalid: u64) {
    let users = match deletions {
        1 => "1 unified profile".to_owned(),
        many => format!("{} unified profiles", grouped(many)),
    };
    let rest = match invalid {
        0 => String::new(),
        1 => "; 1 record is invalid and is not sent".to_owned(),
        many => format!("; {} records are invalid and are not sent", grouped(many)),
    };
    say(&format!("this deletes {users}, which cannot be undone{rest}"));
}

async fn send(settings: &Settings, run: &Run, load: FileLoad) -> anyhow::Result<ExitCode> {
    let accepts = load.accepts;
    // Report a wrong pace before a missing connection setting.
    let quota = connection::quota(settings, accepts)?;
    if let Some(folder) = load.state_folder()
        && load.inputs.iter().any(|input| is_url(input))
        && run.state.is_none()
        && !is_quiet()
    {
        say(&format!(
            "journal, dead letter and receipt are in {}",
            quoted_path(&folder)
        ));
    }
    let ended = running::run(settings, connection::loader(settings, accepts)?, load, quota).await?;
    // It was sent: what cannot be written about it now changes nothing of what its exit code says.
    let is_settled = advice::is_settled(&ended.receipt);
    let printed = print(settings, &ended, is_settled).context("cannot write the receipt to standard output");
    let kept = run.receipt.as_ref().map_or(Ok(()), |path| {
        let written = ended.receipt.write(path);
        written.with_context(|| format!("cannot write the receipt to {}", path.display()))
    });
    let mut shown = true;
    for error in [printed.err(), kept.err()].into_iter().flatten() {
        shown = false;
        say(&advice::on_error(&error));
    }
    if is_settled && shown {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(advice::exit_code(&ended.receipt, shown))
}

fn print(settings: &Settings, loaded: &Loaded, is_settled: bool) -> io::Result<()> {
    let is_good = is_settled || loaded.receipt.is_good();
    if loaded.report.has_findings() && !(is_quiet() && is_good) {
        write_aside(&loaded.report.to_string());
    }
    if let Some(warning) = advice::warning(&loaded.receipt) {
        say(&warning);
    }
    let mut out = stdout();
    if settings.json() {
        serde_json::to_writer_pretty(&mut out, &loaded.receipt)?;
        writeln!(out)?;
    } else if !(is_quiet() && is_good) {
        let mut text = loaded.receipt.to_string();
        if is_settled {
            text.push_str("What was not accepted has been corrected or replayed since.\n");
        } else {
            advice::on_receipt(&loaded.receipt, &mut text);
        }
        write_text(&mut out, &text)?;
    }
    out.flush()
}

impl Run {
    fn apply(&self, load: &mut FileLoad) {
        if let Some(folder) = &self.state {
            load.state = Some(folder.clone());
        }
        load.restart = self.restart;
    }
}
