//! The export of days to a folder, from the plan to the receipt.

use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
    sync::{Mutex, OnceLock},
};

use dfinery::{Operation, engine::ExportEngine};
use dfinery_records::Taxonomy;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jiff::civil::Date;
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    blocking::blocking,
    calendar::Calendar,
    column::Table,
    convert::supported,
    day::{Asked, DayJob, Outcome, ToDate},
    error::{ExportError, Stopped},
    event_export::EventExport,
    exporter::{Exporter, export_name},
    filter::Selection,
    folder::{Claim, Folder, Index, Watermark},
    plan,
    progress::Progress,
    receipt::{DayReceipt, Receipt},
    running::RunningExport,
};

impl Exporter {
    /// Exports the events of days to a folder, or to a place in an object store by its URL, such as `s3://BUCKET/PREFIX`
    /// (feature `cloud`): each day to a partition of its own. Nothing happens until the export is awaited, or the days are
    /// taken from it.
    ///
    /// Dropping the export ends it; a day is then either complete or as it was before.
    ///
    /// # Errors
    /// If there are no such days; if another exporter works on the folder; if its files are of another format or another
    /// selection; if a file of the folder's own cannot be read or written; or if an object store fails or refuses. What
    /// goes wrong with the service or a day, or later with an object store, is in the receipt.
    pub fn export_events(&self, export: &EventExport, folder: impl AsRef<Path>) -> RunningExport {
        let (exporter, export, folder) = (self.clone(), export.clone(), folder.as_ref().to_owned());
        RunningExport::new(|days| async move { export_days(&exporter, &export, &folder, &days).await })
    }
}

/// Exports days to a folder, and sends each as it ends.
async fn export_days(
    exporter: &Exporter,
    export: &EventExport,
    folder: &Path,
    each: &UnboundedSender<DayReceipt>,
) -> Result<Receipt, ExportError> {
    supported(export.format).map_err(ExportError::conversion)?;
    let began = exporter.now();
    let calendar = exporter.calendar();
    let selection = Selection::of_events(&export.events, &export.properties);
    let prepare = {
        let (export, selection, calendar) = (export.clone(), selection.clone(), calendar.clone());
        let (folder, exporter) = (folder.to_owned(), exporter.clone());
        move || prepare(&exporter, &export, &selection, &calendar, &folder)
    };
    let (claim, index, plan) = blocking(prepare).await?;
    let plan::Plan { days, known, notes } = plan;
    let fetcher = exporter.fetcher(claim.temporary_folder())?;
    let writer = exporter.writer(export.format, export.compression);
    let job = DayJob {
        fetcher: &fetcher,
        claim: &claim,
        export,
        selection,
        calendar: &calendar,
        writer: &writer,
        look_back: exporter.settings.look_back,
        begins: export
            .from
            .filter(|from| *from >= calendar.oldest())
            .into_iter()
            .chain(index.first())
            .min(),
        name: export_name(began),
        known: known_events(exporter.taxonomy(), &index),
        to_date: Mutex::new(match exporter.settings.days.includes_to_date() {
            Some(true) => ToDate::Included,
            Some(false) => ToDate::Excluded,
            None if index.shows_last_day() => ToDate::Included,
            None => ToDate::Unknown,
        }),
        there: index.there(),
        failure: OnceLock::new(),
    };
    let most = ExportEngine::of(&exporter.client)
        .rate_limit(Operation::ExportEvents)
        .concurrent
        .unwrap_or(1)
        .max(1) as usize;
    let progress = exporter.progress();
    progress.begins(days.len() as u64);
    let mut done = Ended {
        each,
        days: Vec::new(),
        calls: 0,
    };
    for day in known {
        done.push(day);
    }
    let mut stopped = done.run(&job, days, most, &progress).await;
    done.days.sort_by_key(|day| day.day);
    let (name, folder) = (job.name, claim.folder().name());
    let end = move || {
        claim.clear();
        claim.folder().index()
    };
    let index = blocking(end).await.unwrap_or_else(|error| {
        stopped.get_or_insert(Stopped::Disk(Box::new(error)));
        Index::default()
    });
    let Watermark { complete_until, lost } = index.watermark(&calendar);
    let written = done.days.iter().filter(|day| day.fate.is_written());
    Ok(Receipt {
        version: Receipt::VERSION,
        export: name,
        folder,
        began: began.into(),
        ended: exporter.now().into(),
        rows: written.map(|day| day.rows).sum(),
        complete_until,
        lost,
        days: done.days,
        calls: done.calls,
        calls_left: progress.snapshot().calls_left,
        notes,
        stopped,
    })
}

/// Claims the folder, reads what it has and plans what to ask for.
fn prepare(
    exporter: &Exporter,
    export: &EventExport,
    selection: &Selection,
    calendar: &Calendar,
    folder: &Path,
) -> Result<(Claim, Index, plan::Plan), ExportError> {
    let folder = Folder::at(folder)?;
    let days = plan::Days::of(export, &folder.index()?, calendar)?;
    let claim = folder.claim(exporter.state())?;
    claim.fit(Table::Events, (export.format, export.compression), selection)?;
    let index = folder.index()?;
    let mut plan = days.plan(export, &claim, &index, calendar)?;
    if let Some(schema) = folder.schema()? {
        plan.notes
            .extend(schema.differences(Table::Events, exporter.taxonomy()));
    }
    Ok((claim, index, plan))
}

/// The days that have ended.
struct Ended<'a> {
    each: &'a UnboundedSender<DayReceipt>,
    days: Vec<DayReceipt>,
    /// Requests made.
    calls: u64,
}

impl Ended<'_> {
    fn push(&mut self, day: DayReceipt) {
        // A caller that only awaits the receipt takes no days.
        let _ = self.each.send(day.clone());
        self.days.push(day);
    }

    /// Asks for days, at most `most` at a time. Returns why it did not ask for all of them, if so.
    async fn run(&mut self, job: &DayJob<'_>, days: Vec<Date>, most: usize, progress: &Progress) -> Option<Stopped> {
        let mut waiting = VecDeque::from(days);
        let mut running = FuturesUnordered::new();
        let mut stopped = None;
        loop {
            // As long as it is unknown whether an answer has the last day of its query, each empty day takes further requests.
            let most = if job.knows_to_date() { most } else { 1 };
            while stopped.is_none() && running.len() < most {
                let Some(day) = waiting.pop_front() else { break };
                running.push(async move { (day, job.run(day).await) });
            }
            let Some((day, Asked { outcome, attempts })) = running.next().await else {
                break;
            };
            self.calls += attempts;
            let why = match outcome {
                Ok(Outcome::Done(day)) => {
                    progress.ends(if day.fate.is_written() { day.rows } else { 0 });
                    self.push(day);
                    continue;
                }
                Ok(Outcome::NotKept) => {
                    progress.ends(0);
                    continue;
                }
                Ok(Outcome::Stopped(why)) => why,
                Err(error) => Stopped::Disk(Box::new(error)),
            };
            progress.ends(0);
            self.push(job.not_had(day, &why.to_string(), attempts).await);
            stopped.get_or_insert(why);
        }
        if let Some(stopped) = &stopped {
            for day in waiting {
                self.push(job.not_had(day, &format!("not asked for: {stopped}"), 0).await);
            }
        }
        stopped
    }
}

/// The names of events that the service may have.
fn known_events(taxonomy: &Taxonomy, index: &Index) -> BTreeSet<String> {
    let recent = index.manifests().take(7).flat_map(|manifest| manifest.events.keys());
    let names = recent.map(String::as_str).filter(|name| !name.is_empty());
    taxonomy.event_names().chain(names).map(str::to_owned).collect()
}
