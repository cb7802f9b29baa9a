//! `dfinery export`: events and profiles to files.

mod days;
mod progress;
mod run;

use std::{path::PathBuf, process::ExitCode};

use dfinery_export::Warehouse;

use crate::settings::{
    Flags,
    table::{EXPORT_EVENTS, EXPORT_PROFILES, STATUS},
};

use self::days::Day;

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
    /// Show what a folder has of every day: complete, open, missing, lost.
    Status(StatusArguments),
    /// Compare the files of a folder with its manifests.
    Verify(VerifyArguments),
    /// Write the statement that loads a folder into a warehouse.
    Sql(SqlArguments),
}

/// Where an export goes.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Write one file, which appears when it is whole; `-` is standard output.
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Write to a folder, in partitions that are whole or not there.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Properties {
    /// Only these properties.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "What")]
    properties: Vec<String>,
    /// All properties but these.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "properties",
        help_heading = "What"
    )]
    without_properties: Vec<String>,
}

/// What is about one run, and so in no file of settings.
#[derive(clap::Args)]
struct Run {
    /// The folder of what exporters of this machine share: the ledger of the quota [default: dfinery in the folder for
    /// state of the user].
    #[arg(long, value_name = "DIR", help_heading = "Run", value_hint = clap::ValueHint::DirPath)]
    state: Option<PathBuf>,
    /// Write the receipt as JSON to this file too.
    #[arg(long, value_name = "FILE", help_heading = "Run", value_hint = clap::ValueHint::FilePath)]
    receipt: Option<PathBuf>,
}

#[derive(clap::Args)]
struct EventsArguments {
    #[command(flatten)]
    target: Target,
    /// One day: a date such as 2026-11-20, `today`, `yesterday`, or days ago such as -7d.
    #[arg(long, conflicts_with_all = ["from", "until", "to"], allow_hyphen_values = true, help_heading = "What")]
    day: Option<Day>,
    /// The first day. Without it, a folder gets every day that can still be had and is not final.
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, help_heading = "What")]
    from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, help_heading = "What")]
    until: Option<Day>,
    /// Only the events of these names.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "What")]
    only: Vec<String>,
    /// All events but those of these names.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "only",
        help_heading = "What"
    )]
    without: Vec<String>,
    #[command(flatten)]
    properties: Properties,
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    flags: Flags<EXPORT_EVENTS>,
}

#[derive(clap::Args)]
struct ProfilesArguments {
    #[command(flatten)]
    target: Target,
    /// The id of an audience, from the console.
    #[arg(long, value_name = "ID", help_heading = "What")]
    audience: Option<String>,
    #[command(flatten)]
    properties: Properties,
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    flags: Flags<EXPORT_PROFILES>,
}

#[derive(clap::Args)]
struct StatusArguments {
    /// The folder.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,
    #[command(flatten)]
    flags: Flags<STATUS>,
}

#[derive(clap::Args)]
struct VerifyArguments {
    /// The folder.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,
    #[command(flatten)]
    flags: Flags<STATUS>,
}

#[derive(clap::Args)]
struct SqlArguments {
    /// What reads the folder.
    warehouse: WarehouseArgument,
    /// The folder.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,
    /// Where the warehouse finds the folder, such as s3://bucket/dfinery [default: the folder itself].
    #[arg(long, value_name = "URL")]
    place: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum WarehouseArgument {
    Duckdb,
    Bigquery,
    Snowflake,
    Redshift,
    Athena,
    Spark,
    Polars,
    Dbt,
}

impl From<WarehouseArgument> for Warehouse {
    fn from(argument: WarehouseArgument) -> Self {
        match argument {
            WarehouseArgument::Duckdb => Self::Duckdb,
            WarehouseArgument::Bigquery => Self::Bigquery,
            WarehouseArgument::Snowflake => Self::Snowflake,
            WarehouseArgument::Redshift => Self::Redshift,
            WarehouseArgument::Athena => Self::Athena,
            WarehouseArgument::Spark => Self::Spark,
            WarehouseArgument::Polars => Self::Polars,
            WarehouseArgument::Dbt => Self::Dbt,
        }
    }
}

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Events(arguments) => run::events(&arguments).await,
        Command::Profiles(arguments) => run::profiles(&arguments).await,
        Command::Status(arguments) => run::status(&arguments),
        Command::Verify(arguments) => run::verify(&arguments),
        Command::Sql(arguments) => run::sql(&arguments),
    }
}
