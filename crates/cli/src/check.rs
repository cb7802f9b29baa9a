//! `dfinery check`: checks every record against the rules, and sends nothing.

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use clap::ValueEnum;
use dfinery_load::{Accepts, Progress, RecordKind, check_files};

use crate::{
    arguments::{Files, What},
    connection,
    output::{is_quiet, say, stdout, write_text},
    progress::{Reporter, Work},
    settings::{Flags, table::CHECK},
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    /// What the files hold.
    #[arg(long = "as", value_name = "WHAT", default_value = "mixed", help_heading = "Run")]
    what: Checkable,
    /// Write the bad rows to this file, to correct and to load: those of a table as a table that begins with the line and the
    /// reason, others as lines of JSON.
    #[arg(short, long, value_name = "FILE", help_heading = "Run", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags<CHECK>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Checkable {
    /// Events: `{"identity":{…},"event":{…}}`.
    Events,
    /// Unified profiles: `{"identity":{…}}`.
    Identities,
    /// User properties: `{"identity":{…},"user_properties":{…}}`.
    Profiles,
    /// All of these in any order.
    Mixed,
    /// Unified profiles to delete: `{"identity":{"external_id":…}}`.
    Deletions,
}

impl From<Checkable> for Accepts {
    fn from(what: Checkable) -> Self {
        match what {
            Checkable::Events => What::Events.into(),
            Checkable::Identities => What::Identities.into(),
            Checkable::Profiles => What::Profiles.into(),
            Checkable::Mixed => What::Mixed.into(),
            Checkable::Deletions => Self::Only(RecordKind::Deletion),
        }
    }
}

pub async fn check(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let load = connection::file_load(&settings, arguments.what.into(), &arguments.files.files)?;
    let taxonomy = connection::taxonomy(&settings)?;
    let warnings = connection::warnings(&settings);
    let progress = Arc::new(Progress::default());
    let reporter = Reporter::start(&settings, Arc::clone(&progress), Work::Check);
    let out = arguments.out.clone();
    let checked =
        tokio::task::spawn_blocking(move || check_files(&load, taxonomy, warnings, &progress, out.as_deref()));
    let checked = checked.await;
    reporter.finish().await;
    let report = checked??;
    let is_good = report.bad() == 0 && report.denied().is_empty();
    let mut out = stdout();
    if settings.json() {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else if !(is_quiet() && is_good) {
        write_text(&mut out, &report.to_string())?;
    }
    out.flush()?;
    if let Some(path) = arguments.out.filter(|_| report.bad() > 0) {
        say(&format!("the bad rows are in {}", path.display()));
    }
    Ok(ExitCode::from(u8::from(!is_good)))
}
