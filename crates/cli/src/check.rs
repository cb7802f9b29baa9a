//! `dfinery check`: checks every record against the rules, and sends nothing.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use clap::ValueEnum;
use dfinery_load::{Accepts, Progress, RecordKind, check_files};

use crate::{
    arguments::{Files, What},
    connection,
    output::{is_quiet, stdout, write_text},
    progress::Reporter,
    settings::{Flags, table::CHECK},
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    /// What the files hold.
    #[arg(long = "as", value_name = "WHAT", default_value = "mixed", help_heading = "Run")]
    what: Checkable,
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
    let reporter = Reporter::start(&settings, Arc::clone(&progress), None);
    let checked = tokio::task::spawn_blocking(move || check_files(&load, taxonomy, warnings, &progress)).await;
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
    Ok(ExitCode::from(u8::from(!is_good)))
}
