//! `dfinery mapping init` and `dfinery taxonomy init`: files to start from.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use dfinery_input::{Proposal, ProposalOptions, propose};
use dfinery_load::{Accepts, RecordKind, Taxonomy};

use crate::{
    advice::quoted_path,
    arguments::time_zone,
    check::Checkable,
    connection, dataset, help,
    output::{say, stdout},
    settings::{Flags, table::INIT},
};

#[derive(clap::Args)]
pub struct MappingArguments {
    #[command(subcommand)]
    command: MappingCommand,
}

#[derive(clap::Subcommand)]
enum MappingCommand {
    /// Look at the columns of a table or of JSON, and write a mapping to complete by hand to standard output.
    #[command(after_help = help::MAPPING)]
    Init(Box<InitArguments>),
}

#[derive(clap::Args)]
struct InitArguments {
    /// A CSV or TSV, a Parquet file, or JSON of another program, also by its URL. All of it is read.
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// What its rows are to become [default: events if a column looks like the time of one, or else an identity and a profile
    /// each].
    #[arg(
        long = "as",
        value_name = "WHAT",
        default_value = "mixed",
        hide_default_value = true,
        help_heading = "Run"
    )]
    what: Checkable,
    /// The name of the event that each row is.
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    event: Option<String>,
    /// The time zone of times that have none, such as Asia/Seoul.
    #[arg(long, value_name = "ZONE", help_heading = "Run")]
    timezone: Option<String>,
    #[command(flatten)]
    flags: Flags<INIT>,
}

#[derive(clap::Args)]
pub struct TaxonomyArguments {
    #[command(subcommand)]
    command: TaxonomyCommand,
}

#[derive(clap::Subcommand)]
enum TaxonomyCommand {
    /// Write a taxonomy with all standard names, to be adapted by hand, to standard output.
    Init,
}

/// Writes a proposal; exit code 1 means that it needs completing before it can load a table.
pub fn mapping(arguments: &MappingArguments) -> anyhow::Result<ExitCode> {
    let MappingCommand::Init(arguments) = &arguments.command;
    let InitArguments {
        file,
        what,
        event,
        timezone,
        flags,
    } = arguments.as_ref();
    if file.as_os_str() == "-" {
        bail!("standard input cannot be looked at beforehand: write it to a file first");
    }
    let settings = flags.resolve()?;
    let mut options = connection::input_options(&settings)?;
    options.mapping = None;
    let mut known = ProposalOptions::default();
    known.event.clone_from(event);
    if let Some(name) = timezone {
        time_zone(name).context("--timezone")?;
    }
    known.timezone.clone_from(timezone);
    let files = dataset::files_of(std::slice::from_ref(file))?;
    let first = files.first().unwrap_or(file);
    if files.len() > 1 {
        say(&format!(
            "looked at the first of {} files, {}",
            files.len(),
            first.display()
        ));
    }
    let proposal = propose(first, &options, &known, (*what).into())?;
    let mut out = stdout();
    out.write_all(proposal.yaml.as_bytes())?;
    out.flush()?;
    if !proposal.unsure.is_empty() {
        let points: Vec<_> = proposal.unsure.iter().map(|point| format!("\n  * {point}")).collect();
        say(&format!(
            "what to look at, the most important first:{}",
            points.concat()
        ));
    }
    let load = load_with(&proposal, file);
    if proposal.complete {
        say(&format!(
            "write this to a file, read it through, and load with it: {load}"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "it is not complete: write it to a file, answer what is open there, and load with it: {load}"
    ));
    Ok(ExitCode::FAILURE)
}

/// The command that loads a table with a proposed mapping.
fn load_with(proposal: &Proposal, table: &Path) -> String {
    let command = match proposal.accepts {
        Accepts::Mixed => "load mixed --ordered",
        Accepts::Only(RecordKind::Identity) => "load identities",
        Accepts::Only(RecordKind::Profile) => "load profiles",
        Accepts::Only(RecordKind::Event) => "load events",
        Accepts::Only(RecordKind::Deletion) => "delete identities",
    };
    format!("dfinery {command} {} --mapping FILE.yaml", quoted_path(table))
}

pub fn taxonomy(arguments: &TaxonomyArguments) -> anyhow::Result<ExitCode> {
    let TaxonomyCommand::Init = arguments.command;
    let mut out = stdout();
    out.write_all(Taxonomy::template().as_bytes())?;
    out.flush()?;
    say("write this to a file, keep what your service has registered, and give it with --taxonomy");
    Ok(ExitCode::SUCCESS)
}
