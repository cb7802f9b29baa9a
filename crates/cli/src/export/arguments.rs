//! The arguments of the exports.

use std::path::PathBuf;

use dfinery_export::Warehouse;

use super::days::Day;
use crate::{
    arguments::argument,
    settings::{
        Flags,
        table::{EXPORT_EVENTS, EXPORT_PROFILES, PROBE, STATUS, VERIFY},
    },
};

/// Where an export goes.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// Write one file, which appears when it is whole; `-` is standard output.
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Write to a folder, in partitions that are whole or not there; or to a place in an object store, such as
    /// `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub to: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct Properties {
    /// Only these properties.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "What")]
    pub properties: Vec<String>,
    /// All properties but these.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "properties",
        help_heading = "What"
    )]
    pub without_properties: Vec<String>,
}

/// What is about one run, and so in no file of settings.
#[derive(clap::Args)]
pub struct Run {
    /// The folder of what exporters of this machine share: the ledger of the quota [default: dfinery in the folder for
    /// state of the user].
    #[arg(long, value_name = "DIR", help_heading = "Run", value_hint = clap::ValueHint::DirPath)]
    pub state: Option<PathBuf>,
    /// Write the receipt as JSON to this file too.
    #[arg(long, value_name = "FILE", help_heading = "Run", value_hint = clap::ValueHint::FilePath)]
    pub receipt: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct EventsArguments {
    #[command(flatten)]
    pub target: Target,
    /// One day: a date such as 2026-11-20, `today`, `yesterday`, or a number of
    /// days ago such as -7d.
    #[arg(long, conflicts_with_all = ["from", "until", "to"], allow_hyphen_values = true, help_heading = "What")]
    pub day: Option<Day>,
    /// The first day. Without it, a folder gets every day that can still be had and is not final.
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, help_heading = "What")]
    pub from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, help_heading = "What")]
    pub until: Option<Day>,
    /// Only the events of these names.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "What")]
    pub only: Vec<String>,
    /// All events but those of these names.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "only",
        help_heading = "What"
    )]
    pub without: Vec<String>,
    #[command(flatten)]
    pub properties: Properties,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub flags: Flags<EXPORT_EVENTS>,
}

#[derive(clap::Args)]
pub struct ProfilesArguments {
    #[command(flatten)]
    pub target: Target,
    /// The id of an audience, from the console.
    #[arg(long, value_name = "ID", help_heading = "What")]
    pub audience: Option<String>,
    #[command(flatten)]
    pub properties: Properties,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub flags: Flags<EXPORT_PROFILES>,
}

#[derive(clap::Args)]
pub struct ProbeArguments {
    /// The day to measure on [default: the newest that has ended everywhere, and the day after it too].
    #[arg(long, allow_hyphen_values = true, help_heading = "What")]
    pub day: Option<Day>,
    /// Write what was measured to this file, for --calibration.
    #[arg(long, value_name = "FILE", help_heading = "Run", value_hint = clap::ValueHint::FilePath)]
    pub write: Option<PathBuf>,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub flags: Flags<PROBE>,
}

#[derive(clap::Args)]
pub struct StatusArguments {
    /// The folder, or its place in an object store.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub to: PathBuf,
    #[command(flatten)]
    pub flags: Flags<STATUS>,
}

#[derive(clap::Args)]
pub struct VerifyArguments {
    /// The folder, or its place in an object store.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub to: PathBuf,
    #[command(flatten)]
    pub flags: Flags<VERIFY>,
}

#[derive(clap::Args)]
pub struct SqlArguments {
    /// What reads the folder.
    pub warehouse: WarehouseArgument,
    /// The folder, or its place in an object store.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub to: PathBuf,
    /// Where the warehouse finds the folder, such as `s3://bucket/dfinery` [default: the folder itself].
    #[arg(long, value_name = "URL")]
    pub place: Option<String>,
}

argument!(
    WarehouseArgument,
    Warehouse {
        Duckdb,
        Bigquery,
        Snowflake,
        Redshift,
        Athena,
        Spark,
        Polars,
        Dbt
    }
);
