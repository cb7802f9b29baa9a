//! What to say about a wrong command line beyond the words of clap: what people of other tools type, and what they meant.

use std::path::Path;

use clap::{
    Error,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Commands of other tools, and the one here that does the same.
const COMMANDS: [(&str, &[&str]); 5] = [
    ("load", &["import", "upload", "send", "push", "ingest", "put"]),
    ("export", &["download", "extract", "pull", "get", "dump"]),
    ("check", &["validate", "lint", "verify", "test"]),
    ("emulator", &["serve", "server", "mock", "simulate"]),
    ("replay", &["retry", "resend"]),
];

/// Options that people look for, and where the thing is.
const OPTIONS: [(&str, &str); 5] = [
    (
        "--token",
        "a token is no option, since others on this machine can read the arguments of a process: set DFINERY_IMPORT_TOKEN \
         (of an export, DFINERY_EXPORT_TOKEN) or give --token-file FILE",
    ),
    ("--url", "the address of the server is --base-url URL"),
    ("--host", "the address of the server is --base-url URL"),
    (
        "--file",
        "a file is given without an option: dfinery load events sales.ndjson",
    ),
    ("--service", "the id of the service is --service-id ID"),
];

/// Completes the error with what was probably meant.
pub fn explained(mut error: Error) -> Error {
    let text = |error: &Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let given = text(&error, ContextKind::InvalidSubcommand).unwrap_or_default();
            if given == "set" {
                suggest(
                    &mut error,
                    "a setting is a line in dfinery.toml, such as rate_share = 0.5",
                );
            }
            let meant = COMMANDS.iter().find(|(_, words)| words.contains(&given.as_str()));
            if let Some((command, _)) = meant {
                let command = ContextValue::Strings(vec![(*command).to_owned()]);
                error.insert(ContextKind::SuggestedSubcommand, command);
            }
        }
        ErrorKind::UnknownArgument => {
            let given = text(&error, ContextKind::InvalidArg).unwrap_or_default();
            let meant = OPTIONS.iter().find(|(option, _)| *option == given);
            if let Some((_, advice)) = meant {
                error.remove(ContextKind::SuggestedArg);
                error.remove(ContextKind::TrailingArg);
                suggest(&mut error, advice);
            }
        }
        ErrorKind::InvalidValue if text(&error, ContextKind::InvalidArg).as_deref() == Some("<WHAT>") => {
            let given = text(&error, ContextKind::InvalidValue).unwrap_or_default();
            if given.contains('.') || Path::new(&given).exists() {
                suggest(
                    &mut error,
                    &format!("say what {given} holds before its name, such as: events {given}"),
                );
            }
        }
        _ => {}
    }
    error
}

fn suggest(error: &mut Error, advice: &str) {
    let advice = ContextValue::StyledStrs(vec![StyledStr::from(advice.to_owned())]);
    error.insert(ContextKind::Suggested, advice);
}
