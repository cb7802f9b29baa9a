//! `dfinery config show`: every setting, and where it comes from.

use std::{io::Write as _, process::ExitCode};

use serde::Serialize;

use crate::output::stdout;
use crate::settings::{
    Flags, Found, Origin, TokenAt,
    table::{SHOW, Setting, TABLE},
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write every setting with its value and where it comes from; of the token only whether it is set.
    Show(ShowArguments),
}

#[derive(clap::Args)]
struct ShowArguments {
    #[command(flatten)]
    flags: Flags<SHOW>,
}

#[derive(Serialize)]
struct Row {
    setting: &'static str,
    value: Option<String>,
    from: Option<String>,
    /// What happens without a value.
    #[serde(skip_serializing_if = "str::is_empty")]
    otherwise: &'static str,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Show(arguments) = &arguments.command;
    let settings = arguments.flags.resolve()?;
    let mut rows: Vec<_> = TABLE
        .iter()
        .map(|setting| row(setting, settings.get(setting)))
        .collect();
    rows.insert(2, token("import_token", settings.token.as_ref()));
    rows.insert(3, token("export_token", settings.export_token.as_ref()));
    let mut out = stdout();
    if settings.json() {
        let file = settings.config_file.as_ref().map(|path| path.display().to_string());
        let all = serde_json::json!({ "config_file": file, "settings": rows });
        serde_json::to_writer_pretty(&mut out, &all)?;
        writeln!(out)?;
    } else {
        match &settings.config_file {
            Some(path) => writeln!(out, "Settings file: {}\n", path.display())?,
            None => writeln!(out, "Settings file: none\n")?,
        }
        for row in rows {
            let value = row.value.unwrap_or_else(|| match row.otherwise {
                "" => "not set".to_owned(),
                otherwise => format!("not set: {otherwise}"),
            });
            let from = row.from.unwrap_or_default();
            let line = format!("{:<18}{value:<40}{from}", row.setting);
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn row(setting: &'static Setting, found: Option<&Found>) -> Row {
    Row {
        setting: setting.key,
        value: found.map(|found| shown(&found.text)),
        from: found.map(|found| from(&found.origin, setting)),
        otherwise: setting.otherwise,
    }
}

/// A URL may hold a password by mistake.
fn shown(text: &str) -> String {
    match text.split_once("://") {
        Some((_, rest)) if rest.contains('@') => "set, and hidden because it seems to hold a password".to_owned(),
        _ => text.to_owned(),
    }
}

fn token(setting: &'static str, token: Option<&TokenAt>) -> Row {
    let from = token.map(|token| match token {
        TokenAt::Variable(name) => Origin::Variable((*name).to_owned()).to_string(),
        TokenAt::File(path, _) => format!("the file {}", path.display()),
    });
    Row {
        setting,
        value: Some(if from.is_some() { "set" } else { "not set" }.to_owned()),
        from,
        otherwise: "",
    }
}

fn from(origin: &Origin, setting: &Setting) -> String {
    match origin {
        Origin::Option => format!("option --{}", setting.option()),
        origin => origin.to_string(),
    }
}
