//! Arguments that several commands take.

use std::path::PathBuf;

use clap::ValueEnum;
use dfinery_load::{Accepts, RecordKind};
use dfinery_records::no_such_zone;
use jiff::tz::TimeZone;

#[derive(clap::Args)]
pub struct Files {
    /// Files, plain or compressed with gzip or zstd, folders of Parquet files, or URLs such as `s3://BUCKET/KEY`; `-` is standard
    /// input.
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// What a load holds.
#[derive(Clone, Copy, ValueEnum)]
pub enum What {
    /// Events: `{"identity":{…},"event":{…}}`.
    Events,
    /// Unified profiles: `{"identity":{…}}`.
    Identities,
    /// User properties: `{"identity":{…},"user_properties":{…}}`.
    Profiles,
    /// All of these in any order.
    Mixed,
}

impl From<What> for Accepts {
    fn from(what: What) -> Self {
        match what {
            What::Events => Self::Only(RecordKind::Event),
            What::Identities => Self::Only(RecordKind::Identity),
            What::Profiles => Self::Only(RecordKind::Profile),
            What::Mixed => Self::Mixed,
        }
    }
}

/// A language of the explanations.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum Lang {
    #[default]
    En,
    Ko,
}

impl From<Lang> for dfinery::Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::English,
            Lang::Ko => Self::Korean,
        }
    }
}

/// The time zone of this name.
pub fn time_zone(name: &str) -> anyhow::Result<TimeZone> {
    TimeZone::get(name).map_err(|_| anyhow::anyhow!("time zone {name}: {}", no_such_zone(name)))
}

/// The names of a setting of a library on the command line.
macro_rules! argument {
    ($name:ident, $setting:ident { $($variant:ident),* }) => {
        #[derive(Clone, Copy, clap::ValueEnum)]
        pub enum $name { $($variant),* }

        impl From<$name> for $setting {
            fn from(argument: $name) -> Self {
                match argument { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

pub(crate) use argument;
