//! Settings from all sources: option before environment variable before `dfinery.toml` before default.

mod file;
pub mod table;
mod value;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use dfinery_load::{MostBad, WarningKind};

pub use self::file::MOST_BYTES;
use self::{
    file::File,
    table::{EXPORT_TOKEN_FILE, EXPORT_TOKEN_VARIABLE, Setting, TABLE, TOKEN_FILE, TOKEN_VARIABLE},
    value::{Kind, Value},
};

/// The options of the settings that a command has.
pub struct Flags<const COMMAND: u16> {
    config: Option<PathBuf>,
    given: BTreeMap<&'static str, OsString>,
}

/// Every setting, with its value and where that came from.
pub struct Settings {
    pub config_file: Option<PathBuf>,
    found: BTreeMap<&'static str, Found>,
    /// The import token.
    pub token: Option<TokenAt>,
    pub export_token: Option<TokenAt>,
}

/// Where to find the token.
#[derive(Clone)]
pub enum TokenAt {
    Variable(&'static str),
    File(PathBuf, Origin),
}

pub struct Found {
    pub text: String,
    pub origin: Origin,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Option,
    Variable(String),
    File(PathBuf, usize),
    Default,
}

impl Origin {
    /// Where a setting was set, as its user wrote it.
    fn place_of(&self, setting: &Setting) -> String {
        match self {
            Self::Option | Self::Default => format!("--{}", setting.option()),
            Self::Variable(name) => name.clone(),
            Self::File(..) => format!("{self}: {}", setting.key),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("option"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl<const COMMAND: u16> Flags<COMMAND> {
    /// Looks every setting up, and reads it.
    pub fn resolve(&self) -> anyhow::Result<Settings> {
        let file = File::find(self.config.as_deref())?;
        let mut found = BTreeMap::new();
        for setting in TABLE {
            let Some((text, origin)) = self.find(setting, &file) else {
                continue;
            };
            let value = setting.kind.read(&text).map_err(|problem| match &origin {
                Origin::File(..) => anyhow::anyhow!("{origin}: {} {problem}", setting.key),
                _ => anyhow::anyhow!("{}: {problem}", origin.place_of(setting)),
            })?;
            let text = text.to_string_lossy().into_owned();
            found.insert(setting.key, Found { text, origin, value });
        }
        let token_at = |file: &Setting, variable| token(&found, file, variable);
        let token = token_at(&TOKEN_FILE, TOKEN_VARIABLE);
        let export_token = token_at(&EXPORT_TOKEN_FILE, EXPORT_TOKEN_VARIABLE);
        Ok(Settings {
            config_file: file.path,
            found,
            token,
            export_token,
        })
    }

    fn find(&self, setting: &Setting, file: &File) -> Option<(OsString, Origin)> {
        if let Some(text) = self.given.get(setting.key) {
            return Some((text.clone(), Origin::Option));
        }
        let name = setting.variable();
        if let Some(text) = env::var_os(&name).filter(|text| !text.is_empty()) {
            return Some((text, Origin::Variable(name)));
        }
        let from_file = file.get(setting).zip(file.path.as_ref());
        let from_file = from_file.map(|((text, line), path)| (text.to_owned(), Origin::File(path.clone(), line)));
        from_file.or_else(|| setting.default.map(|text| (text.into(), Origin::Default)))
    }
}

/// The token itself ranks with the variables: an option comes before it, and `dfinery.toml` after it.
fn token(found: &BTreeMap<&'static str, Found>, file: &Setting, variable: &'static str) -> Option<TokenAt> {
    let file = found.get(file.key).and_then(|found| match &found.value {
        Value::Path(path) => Some(TokenAt::File(path.clone(), found.origin.clone())),
        _ => None,
    });
    let is_set = env::var_os(variable).is_some_and(|value| !value.is_empty());
    match (file, is_set) {
        (Some(file @ TokenAt::File(_, Origin::Option)), _) => Some(file),
        (_, true) => Some(TokenAt::Variable(variable)),
        (file, false) => file,
    }
}

impl Settings {
    pub fn get(&self, setting: &Setting) -> Option<&Found> {
        self.found.get(setting.key)
    }

    pub fn text(&self, setting: &Setting) -> Option<&str> {
        match self.value(setting) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn path(&self, setting: &Setting) -> Option<&Path> {
        match self.value(setting) {
            Some(Value::Path(path)) => Some(path),
            _ => None,
        }
    }

    pub fn flag(&self, setting: &Setting) -> bool {
        matches!(self.value(setting), Some(Value::Flag(true)))
    }

    pub fn count(&self, setting: &Setting) -> Option<u64> {
        match self.value(setting) {
            Some(Value::Count(count)) => Some(*count),
            _ => None,
        }
    }

    pub fn share(&self, setting: &Setting) -> Option<f64> {
        match self.value(setting) {
            Some(Value::Share(share)) => Some(*share),
            _ => None,
        }
    }

    pub fn duration(&self, setting: &Setting) -> Option<Duration> {
        match self.value(setting) {
            Some(Value::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    pub fn most_bad(&self, setting: &Setting) -> Option<MostBad> {
        match self.value(setting) {
            Some(Value::MostBad(most)) => Some(*most),
            _ => None,
        }
    }

    pub fn list(&self, setting: &Setting) -> &[String] {
        match self.value(setting) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    pub fn warnings(&self, setting: &Setting) -> &[WarningKind] {
        match self.value(setting) {
            Some(Value::Warnings(kinds)) => kinds,
            _ => &[],
        }
    }

    /// Whether it was set anywhere.
    pub fn is_set(&self, setting: &Setting) -> bool {
        self.get(setting).is_some_and(|found| found.origin != Origin::Default)
    }

    /// Whether it was given on the command line.
    pub fn is_option(&self, setting: &Setting) -> bool {
        self.get(setting).is_some_and(|found| found.origin == Origin::Option)
    }

    /// Where it was set, for a message.
    pub fn place(&self, setting: &Setting) -> String {
        match self.get(setting).map(|found| &found.origin) {
            Some(origin) => origin.place_of(setting),
            None => format!("--{}", setting.option()),
        }
    }

    /// Whether the result is to be JSON.
    pub fn json(&self) -> bool {
        self.text(&table::OUTPUT_FORMAT) == Some("json")
    }

    fn value(&self, setting: &Setting) -> Option<&Value> {
        self.found.get(setting.key).map(|found| &found.value)
    }
}

const CONFIG: &str = "config";

impl<const COMMAND: u16> clap::Args for Flags<COMMAND> {
    fn augment_args(command: Command) -> Command {
        let settings = TABLE.iter().filter(|setting| setting.on & COMMAND != 0);
        let config = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .value_hint(clap::ValueHint::FilePath)
            .help_heading("Settings")
            .hide_short_help(true)
            .help("A file of settings [default: dfinery.toml in the working folder, if there; environment: DFINERY_CONFIG]");
        command.args(settings.map(|setting| setting.argument())).arg(config)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const COMMAND: u16> clap::FromArgMatches for Flags<COMMAND> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = TABLE.iter().filter(|setting| setting.on & COMMAND != 0);
        let given = given.filter_map(|setting| {
            if matches!(setting.kind, Kind::Path) {
                return Some((setting.key, matches.get_one::<OsString>(setting.key)?.clone()));
            }
            let values: Vec<_> = matches.get_many::<String>(setting.key)?.map(String::as_str).collect();
            // Only lists can be given more than once.
            Some((setting.key, values.join(",").into()))
        });
        Ok(Self {
            config: matches.get_one::<PathBuf>(CONFIG).cloned(),
            given: given.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Setting {
    /// The first clause of the help.
    fn short_help(&self) -> &'static str {
        let ends = ["; ", ". "].map(|end| self.help.find(end));
        let end = ends.into_iter().flatten().min().unwrap_or(self.help.len());
        self.help.get(..end).unwrap_or(self.help)
    }

    fn argument(&'static self) -> Arg {
        let help = match self.default.unwrap_or(self.otherwise) {
            "" | "false" => self.help.to_owned(),
            default => format!("{} [default: {default}]", self.help),
        };
        let argument = Arg::new(self.key)
            .long(self.option())
            .value_name(self.takes)
            .help_heading(self.heading)
            .hide_short_help(!self.is_usual())
            .action(ArgAction::Set)
            .help(self.short_help().to_owned())
            .long_help(help);
        match self.kind {
            Kind::Choice(choices) => argument.value_parser(PossibleValuesParser::new(choices)),
            Kind::Warnings => argument.action(ArgAction::Append),
            Kind::Path => argument
                .value_hint(clap::ValueHint::FilePath)
                .value_parser(clap::value_parser!(OsString)),
            Kind::Flag => argument
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_parser(["true", "false"])
                .hide_possible_values(true),
            _ => argument,
        }
    }
}
