//! `dfinery export`: events and profiles to files.

mod arguments;
mod days;
mod form;
mod progress;
mod run;

use std::process::ExitCode;

use self::arguments::{
    EventsArguments, ProbeArguments, ProfilesArguments, SqlArguments, StatusArguments, VerifyArguments,
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Export events: a range of days to one file, or each day to a partition of a folder.
    #[command(after_help = crate::help::EXPORT)]
    Events(Box<EventsArguments>),
    /// Export a snapshot of all user profiles, or of those of an audience.
    Profiles(Box<ProfilesArguments>),
    /// Measure what is undocumented about the days of an export, with 3 to 5 requests.
    Probe(Box<ProbeArguments>),
    /// Show what a folder has of every day: complete, open, missing, lost.
    Status(StatusArguments),
    /// Compare the files of a folder with its manifests.
    Verify(VerifyArguments),
    /// Write the statement that loads a folder into a warehouse.
    Sql(SqlArguments),
}

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Events(arguments) => run::events(&arguments).await,
        Command::Profiles(arguments) => run::profiles(&arguments).await,
        Command::Probe(arguments) => run::probe(&arguments).await,
        Command::Status(arguments) => run::status(&arguments),
        Command::Verify(arguments) => run::verify(&arguments),
        Command::Sql(arguments) => run::sql(&arguments),
    }
}
