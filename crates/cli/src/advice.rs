//! What to do about an error or a receipt, in terms of the command, and the exit codes.

use std::{error::Error, fmt::Write as _, path::Path, process::ExitCode};

use dfinery::{ImportCode, Language};
use dfinery_input::{InputError, is_url};
use dfinery_load::{LoadError, Receipt, Status, Stop};

/// Some records were not accepted, or a person has to act.
pub const NOT_ALL: u8 = 1;
/// Wrong usage, settings, input, token or service id.
pub const USAGE: u8 = 2;
/// `EX_TEMPFAIL` of sysexits.h: the same command can continue later.
pub const TRY_AGAIN: u8 = 75;

const ANEW: &str = "Begin anew with --restart, or keep the state of this load elsewhere with --state DIR";

/// An error with its causes, and what to do about it.
pub fn on_error(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        let advice = on_cause(cause);
        if let Some(advice) = advice {
            text.push_str(advice.separator);
            text.push_str(&advice.text);
        }
        // These repeat the messages of their causes.
        if cause.is::<InputError>() || cause.is::<LoadError>() {
            break;
        }
    }
    text
}

struct Advice {
    separator: &'static str,
    text: String,
}

/// Advice after a sentence; a continuation after a colon is written out.
fn sentence(text: impl Into<String>) -> Advice {
    Advice {
        separator: ". ",
        text: text.into(),
    }
}

fn on_cause(cause: &(dyn Error + 'static)) -> Option<Advice> {
    if let Some(error) = cause.downcast_ref::<InputError>() {
        return on_input(error);
    }
    let error = cause.downcast_ref::<LoadError>()?;
    if let Some(input) = error.input() {
        on_input(input)
    } else if error.is_in_use() {
        Some(sentence("Wait until it ends, then run the same command again"))
    } else if let Some(table) = error.unfinished_correction() {
        let mut folder = table.as_os_str().to_owned();
        folder.push(".dfinery");
        Some(sentence(format!(
            "Run that load again to end it, or begin it anew with --restart. If it is abandoned, remove its folder {}: what it \
             has sent is then sent again",
            quoted_path(Path::new(&folder))
        )))
    } else if error.is_other_version() {
        Some(sentence(
            "Finish the load with that version, or begin anew with --restart",
        ))
    } else if error.is_other_load() {
        Some(sentence(format!(
            "To begin anew sends every record again, and where ids are made from the contents of the file, under new ones: \
             to add or correct some records, load a file with only these. {ANEW}"
        )))
    } else if error.is_folder() {
        Some(sentence("Choose another folder with --state DIR"))
    } else if error.is_damaged() {
        Some(sentence(format!("Put it back as it was. {ANEW}")))
    } else {
        None
    }
}

fn on_input(error: &InputError) -> Option<Advice> {
    if error.needs_mapping() {
        let (file, before) = match error.name() {
            "-" => ("FILE".to_owned(), "write it to a FILE, "),
            name => (quoted(name), ""),
        };
        Some(Advice {
            separator: ": ",
            text: format!(
                "{before}run `dfinery mapping init {file}`, complete what it writes, and give it with --mapping"
            ),
        })
    } else if let Some(feature) = error.needs_feature() {
        let instead = match feature {
            "spreadsheet" => "save the sheet as \"CSV UTF-8\"",
            _ => "convert the file to NDJSON or CSV",
        };
        Some(sentence(format!(
            "Install it with `cargo install --path crates/cli --features {feature}`, or {instead}"
        )))
    } else if error.needs_encoding() {
        Some(Advice {
            separator: ": ",
            text: "say its encoding (--encoding), or save it as UTF-8".to_owned(),
        })
    } else if error.is_other_encoding() {
        Some(Advice {
            separator: ": ",
            text: "leave out --encoding, and it is recognised".to_owned(),
        })
    } else if error.is_other_shape() {
        let file = match error.name() {
            "-" => "FILE".to_owned(),
            name => quoted(name),
        };
        Some(sentence(format!(
            "`dfinery load --help` shows the shape of each kind of record. Or give a mapping with --mapping: `dfinery mapping init \
             {file}` drafts one"
        )))
    } else if error.is_no_dead_letter() {
        Some(sentence(dead_letter_of(error.name())))
    } else if error.is_denied() {
        Some(sentence(on_credentials(error.name())))
    } else if error.is_changed() && error.name() == "-" {
        Some(sentence(
            "To go on with this load, pipe in the same bytes again, and what is new after them. For other records give \
             another --state DIR, begin anew with --restart, or keep no journal with --no-resume",
        ))
    } else if error.is_changed() && is_url(Path::new(error.name())) {
        Some(sentence(
            "This load does not go on with what the object holds now; --restart begins anew and sends all of it",
        ))
    } else if error.is_changed() {
        Some(sentence(
            "To go on with this load, put it back as it was and give the same command again; --restart begins anew",
        ))
    } else {
        None
    }
}

/// Where the credentials of an object store come from.
pub fn on_credentials(url: &str) -> String {
    let variables = if url.starts_with("gs") {
        "GOOGLE_SERVICE_ACCOUNT, the path of the key of a service account, or GOOGLE_SERVICE_ACCOUNT_KEY, the key itself"
    } else if url.starts_with("s3") {
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_SESSION_TOKEN if they are for a time. Profiles and single \
         sign-on are not read: `eval \"$(aws configure export-credentials --format env)\"` sets the variables from them. A \
         store that is not Amazon's also needs AWS_ENDPOINT, and AWS_ALLOW_HTTP=true if it has no TLS"
    } else {
        "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY"
    };
    format!("Credentials come from the environment: set {variables}")
}

/// Where the dead letter of a file is.
fn dead_letter_of(name: &str) -> String {
    let path = format!("{name}.dfinery/dead-letter.ndjson");
    if Path::new(&path).exists() {
        format!("The dead letter of {name} is {}", quoted(&path))
    } else {
        format!(
            "A load of {name} leaves its dead letter, if there is one, in {}",
            quoted(&path)
        )
    }
}

/// Why a check, a plan or a load ended early, and what to do about it.
pub fn on_stop(stop: &Stop) -> String {
    let advice = match stop {
        Stop::Input(error) => on_input(error),
        _ => None,
    };
    advice.map_or_else(
        || stop.to_string(),
        |advice| format!("{stop}{}{}", advice.separator, advice.text),
    )
}

/// What a person should know about a load even when only its exit code is looked at.
pub fn warning(receipt: &Receipt) -> Option<String> {
    let journal = receipt.journal.as_deref().filter(|_| receipt.journal_damaged)?;
    Some(format!(
        "the journal {} was damaged, as by a failing disk: {} of the records sent may be there twice; possibly-twice.ndjson \
         beside it lists them",
        journal.display(),
        receipt.possibly_twice
    ))
}

/// Whether what an earlier run of this load left has been made good since.
pub fn is_settled(receipt: &Receipt) -> bool {
    let folder = receipt.journal.as_deref().and_then(Path::parent);
    receipt.finished_before
        && receipt.stopped.is_none()
        && folder
            .and_then(|folder| Status::of(folder).ok())
            .is_some_and(|status| status.complete && status.left == 0)
}

/// Says what to do about the records that a load left.
pub fn on_receipt(receipt: &Receipt, out: &mut String) {
    if receipt.finished_before {
        out.push_str("To send all of it again, begin anew with --restart.\n");
    }
    if let Some(Stop::AllRefused(_, error)) = &receipt.stopped {
        return on_all_refused(receipt, error, out);
    }
    if let Some(code) = receipt
        .by_code
        .keys()
        .find(|code| ImportCode::from_raw(code).info().is_some())
    {
        let _ = writeln!(out, "What to do about {code}: dfinery explain {code}");
    }
    if matches!(receipt.stopped, Some(Stop::AllInvalid(_))) {
        out.push_str(
            "What to do: put right what the problems say, such as the mapping, and begin anew with --restart; or give \
             --keep-going, to read on whatever is invalid.\n",
        );
        return;
    }
    if let Some(path) = &receipt.dead_letter
        && receipt.rejected + receipt.undelivered + receipt.unknown > receipt.resumable
    {
        let _ = writeln!(
            out,
            "To send again what was not taken: dfinery replay {}",
            quoted_path(path)
        );
    }
    if let Some(path) = &receipt.dead_letter
        && receipt.invalid > 0
        && receipt.rejected_rows.is_empty()
    {
        let _ = writeln!(
            out,
            "To correct what is invalid, and to load it by itself: dfinery rows {} -o FILE",
            quoted_path(path)
        );
    }
    if let Some(Stop::Unreachable(error)) = &receipt.stopped {
        let start = if error.is_misdirected() {
            ""
        } else {
            ", and start what should listen there"
        };
        let _ = writeln!(
            out,
            "What to do: check --base-url, DFINERY_BASE_URL and the settings of any proxy{start}."
        );
    }
    if let Some(Stop::TooManyBad(..)) = &receipt.stopped {
        out.push_str("What to do: correct these records, or let more of them be bad with --max-bad.\n");
    }
    if let Some(Stop::Input(error)) = &receipt.stopped
        && let Some(advice) = on_input(error)
    {
        let _ = writeln!(out, "What to do: {}.", advice.text);
    }
    if receipt.goes_on() {
        out.push_str("Run the same command again, without --restart, to go on: what was accepted is not sent again.\n");
    }
}

/// Says what to do about a load of which the service takes nothing.
fn on_all_refused(receipt: &Receipt, error: &dfinery::Error, out: &mut String) {
    let remedy = error.remedy(Language::English);
    let _ = writeln!(
        out,
        "What to do: {}",
        remedy.unwrap_or("put right what the answer says.")
    );
    if receipt.goes_on() {
        let _ = writeln!(
            out,
            "Then run the same command again, without --restart, to send the rest."
        );
    }
    if let Some(path) = &receipt.dead_letter {
        let _ = writeln!(
            out,
            "Then send what was refused again: dfinery replay {}",
            quoted_path(path)
        );
    }
    let _ = writeln!(out, "Or give --keep-going, to send the rest whatever is refused.");
}

/// 0 if everything was accepted, 1 if something was not, nothing was of the first thousand records, or a denied warning came
/// up, 2 if the token, the service id or the address is wrong or nothing of the input could be read or sent, 75 if the same
/// command can continue later. All accepted is not enough if the receipt could not be printed or kept.
pub fn exit_code(receipt: &Receipt, shown: bool) -> ExitCode {
    ExitCode::from(match &receipt.stopped {
        Some(Stop::Input(error)) if receipt.read == 0 && !error.is_temporary() => USAGE,
        // What was read is of earlier runs.
        Some(Stop::Input(error)) if error.is_changed() && receipt.attempts == 0 => USAGE,
        Some(stop) if stop.is_temporary() && receipt.repeat_sends_again => NOT_ALL,
        Some(stop) => exit_code_of_stop(stop),
        None if shown && receipt.is_good() => 0,
        None => NOT_ALL,
    })
}

/// The exit code of a load that ended early, by the reason alone.
pub fn exit_code_of_stop(stop: &Stop) -> u8 {
    match stop {
        Stop::Refused(_) => USAGE,
        Stop::Input(error) if error.is_denied() => USAGE,
        Stop::Unreachable(error) if error.is_misdirected() => USAGE,
        stop if stop.is_temporary() => TRY_AGAIN,
        _ => NOT_ALL,
    }
}

/// 75 if another load uses the same files or an object store fails, which may be over when the same command is given again;
/// otherwise 2.
pub fn exit_code_of(error: &anyhow::Error) -> ExitCode {
    let is_temporary = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref().is_some_and(LoadError::is_in_use)
            || cause.downcast_ref().is_some_and(InputError::is_temporary)
    };
    ExitCode::from(if error.chain().any(is_temporary) {
        TRY_AGAIN
    } else {
        USAGE
    })
}

/// A path, quoted for a shell; one that is no text is written as bash, ksh and zsh read it.
pub fn quoted_path(path: &Path) -> String {
    if let Some(path) = path.to_str() {
        return quoted(path);
    }
    let mut quoted = String::from("$'");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\'' | b'\\' => quoted.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => quoted.push(char::from(*byte)),
            byte => quoted.extend(["\\x", &format!("{byte:02x}")]),
        }
    }
    quoted.push('\'');
    quoted
}

/// A name, quoted for a shell.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '\\');
    if name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}
