//! `dfinery demo`: the main job from end to end, on the embedded emulator or, if asked, on the real service.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead, Write},
    process::ExitCode,
};

use anyhow::Context;
use dfinery::{
    Error, Event, EventQuery, ExportClient, Identity, ImportClient, ImportCode, Metadata, Properties,
    types::import::LoadEventsRequest,
};
use dfinery_emulator::{Emulator, Fault};
use futures_util::TryStreamExt;
use jiff::{Span, Timestamp, ToSpan, Unit, civil::Date, tz::TimeZone};
use serde::Deserialize;

const SAMPLE: &str = include_str!("demo.ndjson");

#[derive(clap::Args)]
pub struct Arguments {
    /// Load the sample into the service that `DFINERY_SERVICE_ID` and the tokens in the environment name. Asks first.
    #[arg(long)]
    live: bool,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.live {
        return live().await;
    }
    let emulator = Emulator::start()
        .await
        .context("cannot start the emulator on localhost")?;
    let mut out = io::stdout().lock();
    writeln!(out, "The emulator runs on {}.", emulator.base_url())?;
    // Three faults on the way, so that the retries have something to do.
    let fault = |position, fault| std::iter::repeat_n(Fault::None, position).chain([fault]);
    emulator.script(fault(4, Fault::Import(ImportCode::InternalServerError)));
    emulator.script(fault(7, Fault::CloseBeforeReading));
    emulator.script(fault(9, Fault::HtmlBadGateway));
    let import = emulator.import_client().build()?;
    let export = emulator.export_client().build()?;

    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let sample = Sample::read(today)?;
    let mut report = Report::default();
    report.invalid(&sample);
    load(&import, &sample, &mut report, true).await;
    report.print(&mut out)?;

    let exported = exported(&export, today).await?;
    let agree = report.compare(&exported, &mut out)? && report.adds_up(&sample);
    writeln!(
        out,
        "{}",
        if agree {
            "All counts agree."
        } else {
            "The counts do NOT agree."
        }
    )?;
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn live() -> anyhow::Result<ExitCode> {
    let import = ImportClient::from_env()?;
    let sample = Sample::read(Timestamp::now().to_zoned(TimeZone::UTC).date())?;
    write!(
        io::stderr(),
        "This loads the sample's {} records of fictitious users into the service that your environment names, \
         and deletes nothing. Type yes to go on: ",
        sample.lines
    )?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        writeln!(io::stderr(), "Nothing was sent.")?;
        return Ok(ExitCode::from(2));
    }
    let mut report = Report::default();
    report.invalid(&sample);
    load(&import, &sample, &mut report, false).await;
    let mut out = io::stdout().lock();
    report.print(&mut out)?;
    writeln!(
        out,
        "Nothing was compared: by its guide the service shows new events after about 30 minutes."
    )?;
    Ok(if report.adds_up(&sample) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A line of the sample: a user, and at most one of an event and properties.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    identity: Identity,
    event: Option<Event>,
    user_properties: Option<Properties>,
}

/// The records of the sample, by kind, and the lines that are none.
#[derive(Default)]
struct Sample {
    lines: usize,
    identities: Vec<(usize, Identity)>,
    profiles: Vec<(usize, Identity, Properties)>,
    /// The events of each user, in the order of the file.
    events: Vec<(Identity, Vec<(usize, Event)>)>,
    unreadable: Vec<(usize, String)>,
}

impl Sample {
    /// Reads the sample and moves its events so that the last of them happened the day before `today`.
    fn read(today: Date) -> anyhow::Result<Self> {
        let mut sample = Self::default();
        for (number, line) in (1..).zip(SAMPLE.lines()) {
            sample.lines += 1;
            match serde_json::from_str::<Record>(line) {
                Ok(record) => sample.add(number, record),
                Err(error) => sample.unreadable.push((number, problem(&error))),
            }
        }
        let last = sample.events().map(day).max().context("the sample has no events")?;
        let shift = (today.yesterday()?).since((Unit::Day, last))?;
        for event in sample
            .events
            .iter_mut()
            .flat_map(|(_, events)| events)
            .map(|(_, event)| event)
        {
            event.event_datetime = moved(event, shift)?.into();
        }
        Ok(sample)
    }

    fn add(&mut self, line: usize, record: Record) {
        let Record {
            identity,
            event,
            user_properties,
        } = record;
        match (event, user_properties) {
            (Some(event), _) => match self.events.iter_mut().find(|(user, _)| *user == identity) {
                Some((_, events)) => events.push((line, event)),
                None => self.events.push((identity, vec![(line, event)])),
            },
            (None, Some(properties)) => self.profiles.push((line, identity, properties)),
            (None, None) => self.identities.push((line, identity)),
        }
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .flat_map(|(_, events)| events)
            .map(|(_, event)| event)
    }
}

fn day(event: &Event) -> Date {
    event.event_datetime.to_jiff().to_zoned(TimeZone::UTC).date()
}

fn moved(event: &Event, days: Span) -> anyhow::Result<Timestamp> {
    Ok(event
        .event_datetime
        .to_jiff()
        .to_zoned(TimeZone::UTC)
        .checked_add(days)?
        .timestamp())
}

/// What is wrong with a line, without its values: the parser's own words may repeat them.
fn problem(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let harmless = ["missing field", "unknown field", "a whole number beyond"]
        .iter()
        .any(|start| words.starts_with(start));
    let what = match error.classify() {
        _ if harmless => words.split(" at line").next().unwrap_or_default().to_owned(),
        serde_json::error::Category::Eof => "the line breaks off".to_owned(),
        serde_json::error::Category::Data => "a field has the wrong type or form".to_owned(),
        _ => "not JSON".to_owned(),
    };
    format!("column {}: {what}", error.column())
}

/// Identities first, then profiles, then events: the order that the guide recommends.
async fn load(import: &ImportClient, sample: &Sample, report: &mut Report, split: bool) {
    for (line, user) in &sample.identities {
        let result = import.upsert_identity(user).await;
        report.add("identities", &[*line], result.as_ref());
    }
    for (line, user, properties) in &sample.profiles {
        let result = import.upsert_user_profile(user, properties.clone()).await;
        report.add("profiles", &[*line], result.as_ref());
    }
    for (user, events) in &sample.events {
        load_events(import, user, events, report, split).await;
    }
}

/// Loads the events of one user in as few calls as the limits allow.
///
/// With `split`, a batch that is refused as a whole goes again event by event, to find the bad ones. That is right only
/// where nothing of a refused batch is kept, which the documentation does not say: so it is done on the emulator alone.
async fn load_events(
    import: &ImportClient,
    user: &Identity,
    events: &[(usize, Event)],
    report: &mut Report,
    split: bool,
) {
    let batch: Vec<Event> = events.iter().map(|(_, event)| event.clone()).collect();
    let lines: Vec<usize> = events.iter().map(|(line, _)| *line).collect();
    let result = import.load_events(user, &batch).await;
    match &result {
        Err(error) if error.is_invalid() && batch.len() > LoadEventsRequest::MAX_EVENTS => {
            report.notes.push(format!(
                "{} events of one user in one call: {error}. They went in smaller calls.",
                batch.len()
            ));
            for events in events.chunks(LoadEventsRequest::MAX_EVENTS) {
                Box::pin(load_events(import, user, events, report, split)).await;
            }
        }
        Err(error) if split && events.len() > 1 && error.import_code() == Some(&ImportCode::ValidationFailure) => {
            let code = ImportCode::ValidationFailure;
            report.notes.push(format!(
                "{} events of one user in one call: refused with {code}. They went one by one.",
                batch.len()
            ));
            report.count(error.attempts());
            for event in events.chunks(1) {
                Box::pin(load_events(import, user, event, report, split)).await;
            }
        }
        _ => {
            report.add("events", &lines, result.as_ref());
            if result.is_ok() {
                for event in &batch {
                    *report.accepted_by_name.entry(event.event_name.clone()).or_default() += 1;
                }
            }
        }
    }
}

/// What became of the records.
#[derive(Default)]
struct Report {
    notes: Vec<String>,
    by_kind: BTreeMap<&'static str, Counts>,
    reasons: BTreeMap<String, Vec<usize>>,
    accepted_by_name: BTreeMap<String, usize>,
    calls: u32,
    retries: u32,
}

#[derive(Default)]
struct Counts {
    accepted: usize,
    refused: usize,
    invalid: usize,
    failed: usize,
}

impl Counts {
    fn sum(&self) -> usize {
        self.accepted + self.refused + self.invalid + self.failed
    }
}

impl Report {
    fn invalid(&mut self, sample: &Sample) {
        for (line, problem) in &sample.unreadable {
            self.by_kind.entry("unreadable").or_default().invalid += 1;
            self.reasons.entry(problem.clone()).or_default().push(*line);
        }
    }

    fn add(&mut self, kind: &'static str, lines: &[usize], result: Result<&Metadata, &Error>) {
        let counts = self.by_kind.entry(kind).or_default();
        let attempts = match result {
            Ok(metadata) => {
                counts.accepted += lines.len();
                metadata.attempts
            }
            Err(error) => {
                let count = if error.is_invalid() {
                    &mut counts.invalid
                } else if error.is_refused() {
                    &mut counts.refused
                } else {
                    &mut counts.failed
                };
                *count += lines.len();
                self.reasons.entry(error.to_string()).or_default().extend(lines);
                error.attempts()
            }
        };
        self.count(attempts);
    }

    fn count(&mut self, attempts: u32) {
        self.calls += attempts;
        self.retries += attempts.saturating_sub(1);
    }

    fn adds_up(&self, sample: &Sample) -> bool {
        self.by_kind.values().map(Counts::sum).sum::<usize>() == sample.lines
            && self.accepted_by_name.values().sum::<usize>() == self.by_kind.get("events").map_or(0, |c| c.accepted)
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        writeln!(
            out,
            "\n{:<12}{:>9}{:>10}{:>9}{:>9}{:>9}",
            "", "records", "accepted", "refused", "invalid", "failed"
        )?;
        let mut all = Counts::default();
        for (kind, counts) in &self.by_kind {
            line(out, kind, counts)?;
            all.accepted += counts.accepted;
            all.refused += counts.refused;
            all.invalid += counts.invalid;
            all.failed += counts.failed;
        }
        line(out, "all", &all)?;
        writeln!(out, "{} calls, {} of them retries.\n", self.calls, self.retries)?;
        writeln!(out, "Why not:")?;
        for (reason, lines) in &self.reasons {
            let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
            writeln!(out, "  line {}: {reason}", lines.join(", "))?;
        }
        writeln!(out)
    }

    /// Sets what was accepted against what came back, and says whether they are the same.
    fn compare(&self, exported: &BTreeMap<String, usize>, out: &mut impl Write) -> io::Result<bool> {
        let accepted = &self.accepted_by_name;
        let names: BTreeSet<_> = accepted.keys().chain(exported.keys()).collect();
        writeln!(out, "{:<26}{:>9}{:>9}", "event", "accepted", "exported")?;
        for name in names {
            let [accepted, exported] = [accepted, exported].map(|counts| counts.get(name).copied().unwrap_or(0));
            writeln!(out, "{name:<26}{accepted:>9}{exported:>9}")?;
        }
        let [sent, back] = [accepted, exported].map(|counts| counts.values().sum::<usize>());
        writeln!(out, "{:<26}{sent:>9}{back:>9}\n", "all")?;
        Ok(accepted == exported)
    }
}

fn line(out: &mut impl Write, kind: &str, counts: &Counts) -> io::Result<()> {
    let Counts {
        accepted,
        refused,
        invalid,
        failed,
    } = counts;
    writeln!(
        out,
        "{kind:<12}{:>9}{accepted:>10}{refused:>9}{invalid:>9}{failed:>9}",
        counts.sum()
    )
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
