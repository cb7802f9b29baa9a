//! Exports to a folder: which days to ask for, and what becomes of each.

use std::{
    collections::{BTreeSet, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use dfinery::{ExportClient, Operation, engine::ExportEngine};
use dfinery_records::Taxonomy;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    calendar::{Calendar, days as range},
    column::Table,
    convert::supported,
    day::{Asked, DayJob, ToDate},
    days::Days,
    error::ExportError,
    event_export::EventExport,
    fetch::Fetcher,
    folder::{Claim, Folder, Hole},
    format::{Compression, Format},
    probe::{Calibration, Probe, probe},
    progress::Progress,
    quota::Quota,
    receipt::{DayReceipt, Fate, Receipt},
    table_file::TableWriter,
    workspace::Workspace,
};

/// Exports events and user profiles to folders.
///
/// Days are asked for as the quota of the Export API allows, which is shared with every other exporter of this machine that
/// uses the same state folder.
#[derive(Clone, Debug)]
pub struct Exporter {
    client: ExportClient,
    settings: Settings,
    progress: Arc<Progress>,
}

/// Settings of an [`Exporter`].
#[derive(Clone, Debug)]
pub struct ExporterBuilder {
    client: ExportClient,
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Settings {
    state: PathBuf,
    taxonomy: Taxonomy,
    days: Days,
    to_date_inclusive: Option<bool>,
    /// Holds unless the days have a zone.
    calibrated_zone: Option<TimeZone>,
    look_back: u32,
    reserve: u32,
    longest_wait: Duration,
}

impl Exporter {
    /// Settings to change before an exporter is built. `state` is the folder of what exporters share: the ledger of the
    /// quota.
    #[must_use]
    pub fn builder(client: &ExportClient, state: impl Into<PathBuf>) -> ExporterBuilder {
        ExporterBuilder {
            client: client.clone(),
            settings: Settings {
                state: state.into(),
                taxonomy: Taxonomy::standard(),
                days: Days::default(),
                to_date_inclusive: None,
                calibrated_zone: None,
                look_back: 3,
                reserve: 10,
                longest_wait: Duration::ZERO,
            },
        }
    }

    /// The counters of what this exporter does.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Exports the events of days to a folder, each day to a partition of its own. `each` is called with every day as it
    /// ends.
    ///
    /// Dropping the future ends the export; a day is then either complete or as it was before.
    ///
    /// # Errors
    /// If another exporter works on the folder, its files are of another format, or one cannot be read or written. What
    /// goes wrong with the service is in the receipt.
    pub async fn export_events(
        &self,
        export: &EventExport,
        folder: impl AsRef<Path>,
        mut each: impl FnMut(&DayReceipt),
    ) -> Result<Receipt, ExportError> {
        supported(export.format).map_err(ExportError::conversion)?;
        let claim = Folder::new(folder.as_ref()).claim()?;
        claim.fit(export.format, export.compression)?;
        let began = self.now();
        let calendar = self.calendar();
        let plan = plan(export, &claim, &calendar)?;
        let mut done = plan.known;
        for day in &done {
            each(day);
        }
        self.progress.begins(plan.days.len() as u64);
        let fetcher = self.fetcher(&claim.folder().temporary_folder())?;
        let writer = self.writer(export.format, export.compression);
        let job = DayJob {
            fetcher: &fetcher,
            claim: &claim,
            export,
            calendar: &calendar,
            writer: &writer,
            look_back: self.settings.look_back,
            begins: export
                .from
                .into_iter()
                .chain(claim.folder().days()?.first().copied())
                .min(),
            name: export_name(began),
            known: known_events(&self.settings.taxonomy, claim.folder())?,
            to_date: Mutex::new(self.to_date(claim.folder())?),
        };
        let most = ExportEngine::of(&self.client)
            .rate_limit(Operation::ExportEvents)
            .concurrent
            .unwrap_or(1)
            .max(1) as usize;
        let mut waiting = VecDeque::from(plan.days);
        let mut running = FuturesUnordered::new();
        let mut stopped = None;
        loop {
            // As long as it is unknown whether an answer has the last day of its query, each empty day takes further requests.
            let most = if job.knows_to_date() { most } else { 1 };
            while stopped.is_none() && running.len() < most {
                let Some(day) = waiting.pop_front() else { break };
                let job = &job;
                running.push(async move { (day, job.run(day).await) });
            }
            let Some((day, asked)) = running.next().await else {
                break;
            };
            let receipt = match asked? {
                Asked::Done(receipt) => receipt,
                Asked::NotKept => {
                    self.progress.ends(0);
                    continue;
                }
                Asked::Stopped { why, attempts } => {
                    let reason = why.to_string();
                    stopped.get_or_insert(why);
                    match job.missing(day, &reason, attempts, false)? {
                        Some(receipt) => receipt,
                        None => continue,
                    }
                }
            };
            self.progress.ends(receipt.rows);
            each(&receipt);
            done.push(receipt);
        }
        drop(running);
        claim.clear()?;
        if let Some(stopped) = &stopped {
            for day in waiting {
                let reason = format!("not asked for: {stopped}");
                if let Some(receipt) = job.missing(day, &reason, 0, false)? {
                    each(&receipt);
                    done.push(receipt);
                }
            }
        }
        done.sort_by_key(|day| day.day);
        let calls = self.progress.snapshot();
        Ok(Receipt {
            version: Receipt::VERSION,
            export: job.name,
            folder: claim.folder().root().to_owned(),
            began: began.into(),
            ended: self.now().into(),
            rows: done
                .iter()
                .filter(|day| day.fate.is_written())
                .map(|day| day.rows)
                .sum(),
            complete_until: claim.folder().complete_until()?,
            days: done,
            calls: calls.calls,
            calls_left: calls.calls_left,
            stopped,
        })
    }

    /// Measures what is undocumented about the export of events, with three to five queries and as many calls of the quota
    /// at least: whether the last day of a query is part of its answer, by which time a row belongs to a day and when a day
    /// begins, what becomes of items, and how late rows arrive. Nothing is concluded from too few rows.
    ///
    /// `day` is asked for together with the days next to it, and days before it if they have no rows. Unless given, it is
    /// the newest day whose next one has ended in every zone. Answers are kept in the state folder while they are read.
    ///
    /// Dropping the future ends the probe.
    ///
    /// # Errors
    /// If the day is too new, or a file cannot be read or written. What goes wrong with
    /// the service is in the probe.
    pub async fn probe(&self, day: Option<Date>) -> Result<Probe, ExportError> {
        let state = &self.settings.state;
        fs::create_dir_all(state).map_err(|error| ExportError::file(state, "made", error))?;
        let workspace = Workspace::beside(&state.join("probe"))?;
        probe(&self.fetcher(workspace.folder())?, &self.settings.taxonomy, day).await
    }

    pub(crate) fn fetcher(&self, folder: &Path) -> Result<Fetcher, ExportError> {
        let engine = ExportEngine::of(&self.client);
        let settings = &self.settings;
        let limit = engine.rate_limit(Operation::ExportEvents);
        Ok(Fetcher {
            client: self.client.clone(),
            quota: Quota::open(&settings.state, &engine.account(), limit, settings.reserve)?,
            clock: settings.days.clock.clone(),
            progress: Arc::clone(&self.progress),
            longest_wait: settings.longest_wait,
            folder: folder.to_owned(),
            has_succeeded: false.into(),
            failures: 0.into(),
            files: 0.into(),
            turn: tokio::sync::Mutex::new(()),
        })
    }

    pub(crate) fn writer(&self, format: Format, compression: Compression) -> TableWriter {
        TableWriter {
            taxonomy: self.settings.taxonomy.clone(),
            time_zone: self.settings.days.zone().cloned(),
            format,
            compression,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) const fn taxonomy(&self) -> &Taxonomy {
        &self.settings.taxonomy
    }

    pub(crate) const fn time_zone(&self) -> Option<&TimeZone> {
        self.settings.days.zone()
    }

    pub(crate) fn calendar(&self) -> Calendar {
        self.settings.days.calendar()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.days.clock.now()
    }

    fn to_date(&self, folder: &Folder) -> Result<ToDate, ExportError> {
        Ok(match self.settings.to_date_inclusive {
            Some(true) => ToDate::Included,
            Some(false) => ToDate::Excluded,
            None if folder.shows_last_day()? => ToDate::Included,
            None => ToDate::Unknown,
        })
    }
}

impl ExporterBuilder {
    /// What the service has registered: the types of the columns, and the names of the events.
    #[must_use]
    pub fn taxonomy(mut self, taxonomy: Taxonomy) -> Self {
        self.settings.taxonomy = taxonomy;
        self
    }

    /// When a day has ended and may be exported.
    #[must_use]
    pub fn days(mut self, days: Days) -> Self {
        self.settings.days = days;
        self
    }

    /// What a probe has decided: the time zone of days, and whether the last day of a query is part of its answer. What is set
    /// otherwise comes before it.
    #[must_use]
    pub fn calibration(mut self, calibration: &Calibration) -> Self {
        let settings = &mut self.settings;
        settings.calibrated_zone = calibration.time_zone();
        settings.to_date_inclusive = settings.to_date_inclusive.or(calibration.to_date_inclusive);
        self
    }

    /// Whether the last day of a query is part of its answer. Undocumented; if unset, answers show it.
    #[must_use]
    pub fn to_date_inclusive(mut self, inclusive: bool) -> Self {
        self.settings.to_date_inclusive = Some(inclusive);
        self
    }

    /// For how many days after a day is closed it is asked for again; 3 unless set.
    #[must_use]
    pub fn look_back(mut self, days: u32) -> Self {
        self.settings.look_back = days;
        self
    }

    /// How many calls of the quota to leave for others; 10 unless set.
    #[must_use]
    pub fn reserve(mut self, calls: u32) -> Self {
        self.settings.reserve = calls;
        self
    }

    /// How long to wait for the quota at most, each time it is spent; not at all unless set.
    #[must_use]
    pub fn wait(mut self, longest: Duration) -> Self {
        self.settings.longest_wait = longest;
        self
    }

    /// Makes the exporter.
    #[must_use]
    pub fn build(self) -> Exporter {
        let mut settings = self.settings;
        if let Some(zone) = settings.calibrated_zone.take() {
            settings.days.or_zone(zone);
        }
        Exporter {
            client: self.client,
            settings,
            progress: Arc::default(),
        }
    }
}

/// What is to be done.
struct Plan {
    /// The days to ask for, in that order.
    days: Vec<Date>,
    /// What is known of others without asking.
    known: Vec<DayReceipt>,
}

/// The newest closed day first, then those that are missing in the order in which they will be lost, then those whose rows
/// may have changed.
fn plan(export: &EventExport, claim: &Claim, calendar: &Calendar) -> Result<Plan, ExportError> {
    let folder = claim.folder();
    let known_days = folder.days()?;
    let newest = calendar.newest_closed();
    let first = export.from.unwrap_or_else(|| {
        known_days
            .first()
            .copied()
            .unwrap_or(calendar.oldest())
            .min(calendar.oldest())
    });
    let last = export.until.unwrap_or(newest);
    if first > last && export.from.is_some() && export.until.is_some() {
        return Err(ExportError::unfit(format!(
            "the first day {first} is after the last day {last}"
        )));
    }
    let (mut missing, mut again, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for day in range(first, last) {
        if !calendar.is_closed(day) {
            known.push(DayReceipt::of(
                day,
                Fate::Open {
                    closes: calendar.closed_at(day).into(),
                },
            ));
            continue;
        }
        let manifest = folder.manifest(Table::Events, &day.to_string())?;
        let hole = folder.hole(day)?;
        match (manifest, hole) {
            (Some(manifest), _) if manifest.is_final && export.from.is_none() => {}
            (Some(_), _) => again.push(day),
            (None, Some(hole)) if hole.lost_at.is_some() => {
                known.push(DayReceipt::of(
                    day,
                    Fate::Lost {
                        reason: hole.reason,
                        new: false,
                    },
                ));
            }
            (None, hole) if calendar.days_left(day) < 0 => {
                // A folder begins with its first day: before that nothing is missing.
                let begins = known_days.first().is_some_and(|first| *first <= day);
                if !begins && export.from.is_none() {
                    continue;
                }
                known.push(lose(claim, calendar.now(), day, hole)?);
            }
            (None, _) => missing.push(day),
        }
    }
    again.reverse();
    // The newest day is usually missing: it goes first.
    if missing.last() == Some(&newest) {
        missing.rotate_right(1);
    }
    missing.extend(again);
    Ok(Plan { days: missing, known })
}

/// Notes that a day can no longer be had.
fn lose(claim: &Claim, now: Timestamp, day: Date, hole: Option<Hole>) -> Result<DayReceipt, ExportError> {
    let reason = match &hole {
        Some(hole) => format!("the service has it no longer; before that: {}", hole.reason),
        None => "the service has it no longer, and it was never asked for".to_owned(),
    };
    claim.note_hole(&Hole {
        day,
        reason: reason.clone(),
        since: hole.as_ref().map_or(now, |hole| hole.since),
        attempts: hole.map_or(0, |hole| hole.attempts),
        lost_at: Some(now),
    })?;
    Ok(DayReceipt::of(day, Fate::Lost { reason, new: true }))
}

/// The names of events that the service may have.
fn known_events(taxonomy: &Taxonomy, folder: &Folder) -> Result<BTreeSet<String>, ExportError> {
    let mut names: BTreeSet<String> = taxonomy.event_names().map(str::to_owned).collect();
    for day in folder.days()?.iter().rev().take(7) {
        if let Some(manifest) = folder.manifest(Table::Events, &day.to_string())? {
            names.extend(manifest.events.into_keys().filter(|name| !name.is_empty()));
        }
    }
    Ok(names)
}

/// The name of an export that begins at a time: it sorts by time, and no other export has it.
pub(crate) fn export_name(began: Timestamp) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{}-{}", began.strftime("%Y%m%dT%H%M%SZ"), &random[..8])
}
