//! `dfinery demo`: a load from end to end, on the embedded emulator or, if asked, on the real service.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use dfinery::{EventQuery, ExportClient, ImportClient, ImportCode};
use dfinery_emulator::{Emulator, Fault};
use dfinery_load::{Accepts, FileLoad, Loaded, Loader};
use futures_util::TryStreamExt;
use jiff::{Timestamp, ToSpan, Unit, civil::Date, tz::TimeZone};
use serde::Deserialize;

use crate::{
    advice,
    output::{Output, stdout, write_text},
};

const SAMPLE: &str = include_str!("demo.ndjson");
/// The text before the time of an event in the sample.
const TIME: &str = "\"event_datetime\":\"";
/// The length of a date.
const DATE: usize = "2026-01-31".len();

#[derive(clap::Args)]
pub struct Arguments {
    /// Load the sample into the service that `DFINERY_SERVICE_ID` and the tokens in the environment name. Asks first.
    #[arg(long)]
    live: bool,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let sample = Sample::write(today)?;
    if arguments.live {
        return live(&sample).await;
    }
    let emulator = Emulator::start()
        .await
        .context("cannot start the emulator on localhost")?;
    let mut out = stdout();
    writeln!(
        out,
        "{} sample records with the usual mistakes go to an emulator on this machine.\n",
        SAMPLE.lines().count()
    )?;
    // Three faults, so that the retries have something to do.
    let fault = |position, fault| std::iter::repeat_n(Fault::None, position).chain([fault]);
    emulator.script(fault(4, Fault::Import(ImportCode::InternalServerError)));
    emulator.script(fault(7, Fault::CloseBeforeReading));
    emulator.script(fault(9, Fault::HtmlBadGateway));

    let loaded = load(&emulator.import_client().build()?, &sample).await?;
    sample.print(&loaded, &mut out)?;
    let exported = exported(&emulator.export_client().build()?, today).await?;
    let agree = sample.compare(&loaded, &exported, &mut out)?;
    let next = format!(
        "\nWhat to try next:\n  \
         dfinery explain 40001            what the server said, and what to do\n  \
         dfinery mapping init sales.csv   how the columns of a table become events\n  \
         dfinery emulator                 a service to load it into\n\
         What a load leaves beside a file: {}\n",
        sample.file.with_extension("ndjson.dfinery").display()
    );
    write_text(&mut out, &next)?;
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn live(sample: &Sample) -> anyhow::Result<ExitCode> {
    let import = ImportClient::from_env()?;
    write!(
        io::stderr(),
        "This loads the sample's {} records of fictitious users into the service that your environment names, \
         and deletes nothing. Type yes to go on: ",
        SAMPLE.lines().count()
    )?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        writeln!(io::stderr(), "Nothing was sent.")?;
        return Ok(ExitCode::from(advice::USAGE));
    }
    let loaded = load(&import, sample).await?;
    let mut out = stdout();
    sample.print(&loaded, &mut out)?;
    writeln!(
        out,
        "Nothing was compared: by its guide the service shows new events after about 30 minutes."
    )?;
    Ok(if loaded.receipt.complete {
        ExitCode::SUCCESS
    } else {
        advice::exit_code(&loaded.receipt, true)
    })
}

/// Loads the sample in the order that the guide recommends: identities, then profiles, then events.
async fn load(import: &ImportClient, sample: &Sample) -> anyhow::Result<Loaded> {
    let mut load = FileLoad::new(Accepts::Mixed, [&sample.file]);
    load.ordered = true;
    Ok(Loader::builder(import).build().load_files(load).await?)
}

/// The sample in its own folder, with its events shifted so that the last one happened yesterday.
///
/// Keep the folder, to show what a load leaves beside a file.
struct Sample {
    file: PathBuf,
}

/// What the comparison needs from a line of the sample or of the dead letter.
#[derive(Deserialize)]
struct Record {
    event: Option<Event>,
}

#[derive(Deserialize)]
struct Event {
    event_name: String,
}

impl Sample {
    fn write(today: Date) -> anyhow::Result<Self> {
        let last = SAMPLE
            .lines()
            .filter_map(date)
            .max()
            .context("the sample has no events")?;
        let shift = today.yesterday()?.since((Unit::Day, last))?;
        let mut text = String::with_capacity(SAMPLE.len());
        for line in SAMPLE.lines() {
            match (date(line), line.split_once(TIME)) {
                (Some(date), Some((before, time))) => {
                    let date = date.checked_add(shift)?;
                    text.extend([before, TIME, &date.to_string(), time.get(DATE..).unwrap_or_default()]);
                }
                _ => text.push_str(line),
            }
            text.push('\n');
        }
        let folder = tempfile::Builder::new().prefix("dfinery-demo-").tempdir();
        let file = folder
            .context("cannot make a temporary folder")?
            .keep()
            .join("demo.ndjson");
        fs::write(&file, text).context("cannot write the sample")?;
        Ok(Self { file })
    }

    /// Prints the problems and the receipt as a load does, with short names of files.
    fn print(&self, loaded: &Loaded, out: &mut Output) -> io::Result<()> {
        let report = loaded.report.to_string();
        // What precedes are counts that the receipt has, too.
        let problems = report.split_once("\n\n").map_or("", |(_, problems)| problems);
        let text = format!("{problems}\n{}", loaded.receipt);
        let folder = self.file.with_file_name("").display().to_string();
        write_text(out, &text.replace(&folder, ""))
    }

    /// Compares the events of the sample with those of the dead letter and those that were exported.
    fn compare(&self, loaded: &Loaded, exported: &BTreeMap<String, usize>, out: &mut Output) -> anyhow::Result<bool> {
        let read = counts(&self.file, |record: Record| record.event)?;
        let dead = match &loaded.receipt.dead_letter {
            Some(dead) => counts(dead, DeadRecord::event)?,
            None => BTreeMap::new(),
        };
        let of = |counts: &BTreeMap<String, usize>, name: &str| counts.get(name).copied().unwrap_or_default();
        let fits = |(name, read): (&String, &usize)| *read == of(&dead, name) + of(exported, name);
        let agree = exported.keys().all(|name| read.contains_key(name)) && read.iter().all(fits);
        let sum = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
        let verdict = if agree {
            "All counts agree."
        } else {
            "The counts do NOT agree."
        };
        let text = format!(
            "Exported again: {} events of {} names, of {} in the file; {} not accepted.\n{verdict}\n",
            sum(exported),
            exported.len(),
            sum(&read),
            sum(&dead)
        );
        write_text(out, &text)?;
        Ok(agree)
    }
}

/// A line of the dead letter, which holds an invalid record only as it was in the file.
#[derive(Deserialize)]
struct DeadRecord {
    record: Option<Record>,
    original: Option<String>,
}

impl DeadRecord {
    fn event(self) -> Option<Event> {
        let original = || serde_json::from_str(&self.original?).ok();
        self.record.or_else(original)?.event
    }
}

/// The number of events by name in a file of lines; other lines do not count.
fn counts<T: for<'a> Deserialize<'a>>(
    file: &Path,
    event: impl Fn(T) -> Option<Event>,
) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(file)?.lines() {
        if let Some(event) = serde_json::from_str(line).ok().and_then(&event) {
            *counts.entry(event.event_name).or_default() += 1;
        }
    }
    Ok(counts)
}

/// The day of the event in a line of the sample.
fn date(line: &str) -> Option<Date> {
    line.split_once(TIME)?.1.get(..DATE)?.parse().ok()
}

/// Exports the days of the sample and counts the events of each name.
async fn exported(export: &ExportClient, today: Date) -> anyhow::Result<BTreeMap<String, usize>> {
    let query = EventQuery::between(today.saturating_sub(10.days()), today);
    let mut records = export.events(&query).await?.records();
    let mut exported = BTreeMap::new();
    while let Some(record) = records.try_next().await? {
        let name = record
            .get("event_name")
            .context("the export has no column event_name")?;
        *exported.entry(name.to_owned()).or_default() += 1;
    }
    Ok(exported)
}
