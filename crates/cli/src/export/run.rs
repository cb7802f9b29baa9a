//! Runs the exports.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{self, ExitCode},
};

use anyhow::{Context as _, bail};
use dfinery_export::{
    Calibration, Days, EventExport, ExportError, Exporter, Fate, FileExport, FileQuery, FileReceipt, NameFilter, Probe,
    ProfileFilter, Receipt, Stopped, Stopper,
};
use dfinery_input::read_text;
use serde::Serialize;

use super::{
    arguments::{
        EventsArguments, ProbeArguments, ProfilesArguments, Properties, Run, SqlArguments, StatusArguments,
        VerifyArguments,
    },
    days::Day,
    form::form,
    progress::shown,
};
use crate::{
    advice::{NOT_ALL, TRY_AGAIN, USAGE, on_credentials},
    connection,
    output::{is_quiet, say, stdout, write_aside, write_text},
    settings::{
        MOST_BYTES, Settings,
        table::{CALIBRATION, LOOK_BACK, RESERVE, SETTLE, TIME_ZONE, WAIT},
    },
    signals::{INTERRUPTED, Signals},
};

pub async fn events(arguments: &EventsArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let day = |day: Option<Day>| day.map(|day| day.date(&settings)).transpose();
    let (one, from, until) = (day(arguments.day)?, day(arguments.from)?, day(arguments.until)?);
    let events = filter(&arguments.only, &arguments.without);
    let properties = properties(&arguments.properties);
    let exporter = exporter(&settings, &arguments.run)?;
    if let Some(folder) = &arguments.target.to {
        let (format, compression) = form(&settings, None)?;
        let export = EventExport {
            from,
            until,
            events,
            properties,
            format,
            compression,
        };
        let work = exporter.export_events(&export, folder);
        return match running(&settings, &exporter, work).await {
            Ok(receipt) => {
                report(&settings, &arguments.run, &receipt, false)?;
                Ok(exit_code(&receipt))
            }
            Err(error) => Ok(failed(&error)),
        };
    }
    for setting in [&LOOK_BACK, &SETTLE] {
        if settings.is_option(setting) {
            bail!(
                "--{} is about the days of a folder, and so needs --to",
                setting.key.replace('_', "-")
            );
        }
    }
    let (from, until) = match (one, from, until) {
        (Some(day), _, _) => (day, day),
        (None, Some(from), Some(until)) => (from, until),
        _ => bail!("which days? Give --day yesterday, or --from and --until; with --to DIR they may be left out"),
    };
    let latest = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .tomorrow()?;
    if from > until {
        bail!("the first day {from} is after the last day {until}");
    }
    if from > latest {
        bail!("{from} is in the future: there is nothing of it yet");
    }
    let query = FileQuery::Events {
        from,
        until,
        events,
        properties,
    };
    one_file(
        &settings,
        &exporter,
        &arguments.run,
        query,
        arguments.target.out.as_deref(),
    )
    .await
}

pub async fn profiles(arguments: &ProfilesArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let exporter = exporter(&settings, &arguments.run)?;
    let profiles = ProfileFilter {
        audience: arguments.audience.clone(),
        properties: properties(&arguments.properties),
    };
    let Some(folder) = &arguments.target.to else {
        let query = FileQuery::Profiles(profiles);
        return one_file(
            &settings,
            &exporter,
            &arguments.run,
            query,
            arguments.target.out.as_deref(),
        )
        .await;
    };
    let (format, compression) = form(&settings, None)?;
    let work = Box::pin(exporter.export_profiles(&profiles, format, compression, folder));
    match running(&settings, &exporter, work).await {
        Ok(receipt) => {
            report(&settings, &arguments.run, &receipt, false)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(failed(&error)),
    }
}

pub async fn probe(arguments: &ProbeArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let day = arguments.day.map(|day| day.date(&settings)).transpose()?;
    let exporter = exporter(&settings, &arguments.run)?;
    let work = Box::pin(exporter.probe(day));
    let probe = match running(&settings, &exporter, work).await {
        Err(error) => return Ok(failed(&error)),
        Ok(probe) => probe,
    };
    report(&settings, &arguments.run, &probe, false)?;
    if let Some(path) = &arguments.write {
        let written = fs::write(path, format!("{}\n", serde_json::to_string_pretty(&probe)?));
        written.with_context(|| format!("cannot write what was measured to {}", path.display()))?;
    }
    Ok(match &probe.stopped {
        None => ExitCode::SUCCESS,
        Some(stopped) => code_of(stopped).into(),
    })
}

pub fn status(arguments: &StatusArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let days = days(&settings, calibration(&settings)?.as_ref())?;
    let status = match dfinery_export::status(&arguments.to, &days) {
        Ok(status) => status,
        Err(error) => return Ok(failed(&error)),
    };
    print(&settings, &status)?;
    Ok(if status.has_holes() || status.days.is_empty() {
        NOT_ALL.into()
    } else {
        ExitCode::SUCCESS
    })
}

pub fn verify(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.flags.resolve()?;
    let verification = match dfinery_export::verify(&arguments.to) {
        Ok(verification) => verification,
        Err(error) => return Ok(failed(&error)),
    };
    print(&settings, &verification)?;
    Ok(if verification.is_good() {
        ExitCode::SUCCESS
    } else {
        NOT_ALL.into()
    })
}

pub fn sql(arguments: &SqlArguments) -> anyhow::Result<ExitCode> {
    let (warehouse, place) = (arguments.warehouse.into(), arguments.place.as_deref());
    let statement = match dfinery_export::load_statement(warehouse, &arguments.to, place) {
        Ok(statement) => statement,
        Err(error) => return Ok(failed(&error)),
    };
    let mut out = stdout();
    out.write_all(statement.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Saves the answer to one request as a file, or writes it to standard output once it is whole.
async fn one_file(
    settings: &Settings,
    exporter: &Exporter,
    run: &Run,
    query: FileQuery,
    out: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let out = out.filter(|out| out.as_os_str() != "-");
    let (format, compression) = form(settings, out)?;
    let export = FileExport {
        query,
        format,
        compression,
    };
    let done = match out {
        Some(path) => running(settings, exporter, Box::pin(exporter.save(&export, path))).await,
        None => running(settings, exporter, Box::pin(exporter.write(&export, stdout()))).await,
    };
    match done {
        Ok(receipt) => {
            report(settings, run, &receipt, out.is_none())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(failed(&error)),
    }
}

fn exporter(settings: &Settings, run: &Run) -> anyhow::Result<Exporter> {
    check_receipt(run)?;
    let client = connection::export_client(settings)?;
    let state = run.state.clone().map_or_else(state_folder, Ok)?;
    let mut builder = Exporter::builder(&client, state);
    if let Some(taxonomy) = connection::taxonomy(settings)? {
        builder = builder.taxonomy(taxonomy);
    }
    builder = builder.days(days(settings, calibration(settings)?.as_ref())?);
    if let Some(days) = settings.count(&LOOK_BACK) {
        builder = builder.look_back(u32::try_from(days).unwrap_or(u32::MAX));
    }
    if let Some(calls) = settings.count(&RESERVE) {
        builder = builder.reserve(u32::try_from(calls).unwrap_or(u32::MAX));
    }
    if settings.flag(&WAIT) {
        builder = builder.wait(std::time::Duration::MAX);
    }
    Ok(builder.build())
}

fn calibration(settings: &Settings) -> anyhow::Result<Option<Calibration>> {
    let Some(path) = settings.path(&CALIBRATION) else {
        return Ok(None);
    };
    let text = read_text(path, MOST_BYTES)?;
    let read = serde_json::from_str(&text);
    read.map(Some)
        .with_context(|| format!("{}: this is not what a probe writes", path.display()))
}

fn days(settings: &Settings, calibration: Option<&Calibration>) -> anyhow::Result<Days> {
    let mut days = Days::default();
    if let Some(calibration) = calibration {
        days = days.calibration(calibration);
    }
    if let Some(zone) = settings.text(&TIME_ZONE) {
        days = days.time_zone(zone)?;
    }
    if let Some(settle) = settings.duration(&SETTLE) {
        days = days.settle(settle);
    }
    Ok(days)
}

/// The folder of this program in that for state of the user.
fn state_folder() -> anyhow::Result<PathBuf> {
    let folder = |variable: &str| env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        let home = |below: &str| folder("HOME").map(|home| home.join(below));
        folder("XDG_STATE_HOME").or_else(|| {
            home(if cfg!(target_os = "macos") {
                "Library/Application Support"
            } else {
                ".local/state"
            })
        })
    };
    let base = base.context("there is no folder for the ledger of the quota: give --state DIR, or set HOME")?;
    Ok(base.join("dfinery"))
}

fn properties(arguments: &Properties) -> NameFilter {
    filter(&arguments.properties, &arguments.without_properties)
}

fn filter(only: &[String], without: &[String]) -> NameFilter {
    match (only, without) {
        ([], []) => NameFilter::All,
        ([], without) => NameFilter::Without(without.to_vec()),
        (only, _) => NameFilter::Only(only.to_vec()),
    }
}

/// Prints a receipt, on standard error if standard output is for the data, and keeps it if asked to.
fn report<R: Serialize + Shown>(
    settings: &Settings,
    run: &Run,
    receipt: &R,
    data_on_stdout: bool,
) -> anyhow::Result<()> {
    let json = serde_json::to_string(receipt)?;
    let mut out = stdout();
    match settings.json() {
        true if data_on_stdout => {
            let _ = writeln!(io::stderr(), "{json}");
        }
        true => writeln!(out, "{json}")?,
        false if is_quiet() && receipt.is_good() => {}
        false if data_on_stdout => write_aside(&receipt.text()),
        false => write_text(&mut out, &receipt.text())?,
    }
    out.flush()?;
    if let Some(path) = &run.receipt {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
            writeln!(file, "{json}")?;
            file.persist(path).map_err(|error| error.error)
        };
        write().with_context(|| format!("cannot write the receipt to {}", path.display()))?;
    }
    Ok(())
}

/// A receipt that cannot be written should be known before the quota is spent.
fn check_receipt(run: &Run) -> anyhow::Result<()> {
    match &run.receipt {
        Some(path) if path.is_dir() || !folder_of(path).is_dir() => {
            bail!("the receipt cannot be written to {}", path.display())
        }
        _ => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// A receipt for people.
trait Shown {
    fn text(&self) -> String;

    /// Whether it needs nobody's attention.
    fn is_good(&self) -> bool {
        true
    }
}

impl Shown for Probe {
    fn text(&self) -> String {
        self.to_string()
    }

    fn is_good(&self) -> bool {
        // It was asked for to be read.
        false
    }
}

impl Shown for FileReceipt {
    fn text(&self) -> String {
        let calls = if self.calls == 1 { "call" } else { "calls" };
        let left = self.calls_left.map(|left| format!(", {left} calls left"));
        let first = format!(
            "{} rows, {} bytes, {} {calls}{}\n",
            self.rows,
            self.bytes,
            self.calls,
            left.unwrap_or_default()
        );
        let unparsed = self
            .unparsed
            .iter()
            .map(|(column, cells)| format!("{cells} cells of {column} do not fit their type: see _dfinery_unparsed\n"));
        std::iter::once(first).chain(unparsed).collect()
    }
}

impl Shown for Receipt {
    fn text(&self) -> String {
        let mut text = self.to_string();
        if self
            .stopped
            .as_ref()
            .is_some_and(|stopped| matches!(stopped, Stopped::QuotaSpent(_)))
        {
            text.push_str("Run the same command again after that, or give --wait to wait for it.\n");
        } else if let Some(Stopped::Disk(error)) = &self.stopped
            && error.is_denied()
        {
            text.push_str(&on_credentials(&error.to_string()));
            text.push('\n');
        } else if self.holes().next().is_some() {
            text.push_str("Run the same command again to fill what is missing.\n");
        }
        text
    }

    fn is_good(&self) -> bool {
        exit_code(self) == ExitCode::SUCCESS
    }
}

fn print<R: Serialize + std::fmt::Display>(settings: &Settings, result: &R) -> anyhow::Result<()> {
    let mut out = stdout();
    if settings.json() {
        serde_json::to_writer(&mut out, result)?;
        writeln!(out)?;
    } else {
        write_text(&mut out, &result.to_string())?;
    }
    out.flush()?;
    Ok(())
}

/// 0 if every day is as it should be, 1 if one was lost, or soon will be, 75 if the same command can fill what is missing;
/// or why it ended early.
fn exit_code(receipt: &Receipt) -> ExitCode {
    let is_left = |fate: &Fate| matches!(fate, Fate::Hole { .. } | Fate::Kept { .. });
    let code = receipt.stopped.as_ref().map_or(0, code_of);
    let is_wrong = receipt.has_lost() || receipt.has_damaged() || receipt.is_urgent();
    if (code == 0 || code == TRY_AGAIN) && is_wrong {
        NOT_ALL.into()
    } else if code == 0 && receipt.days.iter().any(|day| is_left(&day.fate)) {
        TRY_AGAIN.into()
    } else {
        code.into()
    }
}

fn code_of(stopped: &Stopped) -> u8 {
    match stopped {
        Stopped::Refused(_) => USAGE,
        Stopped::Unreachable(error) if error.is_misdirected() => USAGE,
        Stopped::Disk(error) => code_of_error(error),
        Stopped::Requested => INTERRUPTED,
        _ => TRY_AGAIN,
    }
}

fn code_of_error(error: &ExportError) -> u8 {
    match error.why_stopped() {
        Some(stopped) => code_of(stopped),
        None if error.is_in_use() || error.is_unavailable() => TRY_AGAIN,
        None if error.is_file() || error.is_damaged() || error.is_answer() => NOT_ALL,
        None => USAGE,
    }
}

/// Says why there is no export, and how to go on.
fn failed(error: &ExportError) -> ExitCode {
    let advice = match error.why_stopped() {
        Some(Stopped::QuotaSpent(_)) => {
            ". Run the same command again after that, or give --wait to wait for it".to_owned()
        }
        None if error.is_damaged() => ". Put it back from a copy, or export to another folder".to_owned(),
        None if error.is_denied() => format!(". {}", on_credentials(&error.to_string())),
        None => error.needs_feature().map_or_else(String::new, |feature| {
            format!(". Install the command with it: cargo install --path crates/cli --features {feature}")
        }),
        Some(_) => String::new(),
    };
    say(&format!("{error}{advice}"));
    code_of_error(error).into()
}

/// Does the work and shows its progress. The first signal ends it in order, the second one at once: what is there is whole
/// at every moment.
async fn running<T>(settings: &Settings, exporter: &Exporter, work: impl IntoFuture<Output = T>) -> T {
    let listening = tokio::spawn(listen(exporter.stopper()));
    let done = shown(settings, exporter.progress(), work.into_future()).await;
    listening.abort();
    done
}

async fn listen(stopper: Stopper) {
    let Ok(mut signals) = Signals::new() else { return };
    signals.next().await;
    stopper.stop();
    say("stopping; press again to stop at once");
    signals.next().await;
    process::exit(INTERRUPTED.into());
}
