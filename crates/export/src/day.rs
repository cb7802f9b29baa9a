//! One day: asked for, compared with what is there, converted and committed.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, ToSpan as _, civil::Date};

use crate::{
    blocking::blocking,
    calendar::Calendar,
    column::Table,
    convert::Lead,
    divide::fetch_day,
    error::ExportError,
    event_export::EventExport,
    fetch::{Failed, Fetcher},
    filter::{describe, event_query},
    folder::{Claim, Hole, Manifest, ManifestFile, Predecessor},
    receipt::{DayReceipt, Fate},
    spool::Raw,
    stopped::Stopped,
    table_file::TableWriter,
};

/// What all days of an export share.
pub(crate) struct DayJob<'a> {
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) claim: &'a Claim,
    pub(crate) export: &'a EventExport,
    pub(crate) calendar: &'a Calendar,
    pub(crate) writer: &'a TableWriter,
    pub(crate) look_back: u32,
    /// The first day of which the folder knows something, or that was asked for by name.
    pub(crate) begins: Option<Date>,
    /// The name of the export.
    pub(crate) name: String,
    /// Names of events that the service may have.
    pub(crate) known: BTreeSet<String>,
    pub(crate) to_date: Mutex<ToDate>,
}

/// Whether the last day of a query is part of its answer, as far as answers have shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToDate {
    Unknown,
    Included,
    Excluded,
}

/// How it went.
pub(crate) enum Asked {
    Done(DayReceipt),
    /// The service does not have a day from before the folder began: nothing is missing.
    NotKept,
    /// The whole export must end.
    Stopped {
        why: Stopped,
        attempts: u64,
    },
}

/// The answer for a day.
struct Answer {
    raws: Vec<Raw>,
    /// The last day of the query.
    to: Date,
}

impl DayJob<'_> {
    pub(crate) async fn run(&self, day: Date) -> Result<Asked, ExportError> {
        let mut attempts = 0;
        let failed = match self.ask(day, &mut attempts).await {
            Ok(answer) => {
                let committed = self.commit(day, &answer, attempts).await;
                for raw in &answer.raws {
                    // What stays is removed with the rest of that folder.
                    let _ = fs::remove_file(&raw.path);
                }
                return committed.map(Asked::Done);
            }
            Err(failed) => failed,
        };
        let (reason, gone) = match failed {
            Failed::Run(why) => return Ok(Asked::Stopped { why, attempts }),
            Failed::Disk(error) => return Err(error),
            Failed::Gone(_) if self.begins.is_none_or(|first| day < first) => return Ok(Asked::NotKept),
            Failed::Gone(error) => (error.to_string(), true),
            Failed::Query(failed) => (failed.reason(), false),
        };
        let missing = self.missing(day, &reason, attempts, gone)?;
        Ok(Asked::Done(missing.unwrap_or_else(|| DayReceipt {
            attempts,
            ..DayReceipt::of(day, Fate::Kept { reason })
        })))
    }

    /// Notes that a day is missing; nothing if it is not, since an earlier export has it.
    pub(crate) fn missing(
        &self,
        day: Date,
        reason: &str,
        attempts: u64,
        gone: bool,
    ) -> Result<Option<DayReceipt>, ExportError> {
        let folder = self.claim.folder();
        if folder.manifest(Table::Events, &day.to_string())?.is_some() {
            return Ok(None);
        }
        let before = folder.hole(day)?;
        let now = self.fetcher.clock.now();
        self.claim.note_hole(&Hole {
            day,
            reason: reason.to_owned(),
            since: before.as_ref().map_or(now, |hole| hole.since),
            attempts: before.map_or(0, |hole| hole.attempts) + attempts,
            lost_at: gone.then_some(now),
        })?;
        let reason = reason.to_owned();
        let fate = if gone {
            Fate::Lost { reason, new: true }
        } else {
            let days_left = self.calendar.days_left(day);
            Fate::Hole { reason, days_left }
        };
        Ok(Some(DayReceipt {
            attempts,
            ..DayReceipt::of(day, fate)
        }))
    }

    /// Asks for a day, whether or not the last day of a query is part of its answer: rows in the answer to a query from a
    /// day to itself show that it is. If there are none, the next day may show that it is not.
    async fn ask(&self, day: Date, attempts: &mut u64) -> Result<Answer, Failed> {
        let next = day.saturating_add(1.day());
        let known = *self.to_date();
        if known == ToDate::Excluded {
            return self.ask_until(day, next, attempts).await;
        }
        let answer = self.ask_until(day, day, attempts).await?;
        if answer.has_rows() {
            *self.to_date() = ToDate::Included;
            return Ok(answer);
        }
        if *self.to_date() == ToDate::Included {
            return Ok(answer);
        }
        let both = self.ask_until(day, next, attempts).await?;
        if !both.has_rows() {
            return Ok(answer);
        }
        let following = self.ask_until(next, next, attempts).await?;
        let mut to_date = self.to_date();
        if following.has_rows() {
            *to_date = ToDate::Included;
        }
        if *to_date == ToDate::Included {
            return Ok(answer);
        }
        *to_date = ToDate::Excluded;
        Ok(both)
    }

    async fn ask_until(&self, from: Date, to: Date, attempts: &mut u64) -> Result<Answer, Failed> {
        let EventExport { events, properties, .. } = self.export;
        let query = |events: &_| event_query(from, to, events, properties);
        let raws = fetch_day(self.fetcher, events, &self.known, query, attempts).await?;
        Ok(Answer { raws, to })
    }

    pub(crate) fn knows_to_date(&self) -> bool {
        *self.to_date() != ToDate::Unknown
    }

    fn to_date(&self) -> std::sync::MutexGuard<'_, ToDate> {
        self.to_date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn commit(&self, day: Date, answer: &Answer, attempts: u64) -> Result<DayReceipt, ExportError> {
        let turn = self.writer.turn().await;
        let folder = self.claim.folder();
        let name = day.to_string();
        let now = self.fetcher.clock.now();
        let look_back = SignedDuration::from_hours(24 * i64::from(self.look_back));
        let is_final = self
            .calendar
            .closed_at(day)
            .saturating_add(look_back)
            .is_ok_and(|end| end <= now);
        let query = describe(day, answer.to, &self.export.events, &self.export.properties);
        let content = answer.content();
        let before = folder.manifest(Table::Events, &name)?;
        if let Some(before) = before
            .as_ref()
            .filter(|before| before.content == content && before.query == query)
        {
            let manifest = Manifest {
                asked_at: now,
                is_final,
                ..before.clone()
            };
            self.claim.rewrite(Table::Events, &manifest)?;
            return Ok(DayReceipt::of_manifest(day, Fate::Unchanged, &manifest, attempts));
        }
        let lead = Lead {
            day,
            exported_at: now,
            export: self.name.clone(),
        };
        let part = folder.temporary_folder().join(format!("{name}.part"));
        let (converted, columns) = turn
            .write(self.claim, Table::Events, answer.paths(), lead, &part)
            .await?;
        let fate = match &before {
            None => Fate::Complete,
            Some(before) => Fate::Replaced {
                change: i64::try_from(i128::from(converted.rows) - i128::from(before.rows)).unwrap_or(i64::MAX),
            },
        };
        let manifest = Manifest {
            version: Manifest::VERSION,
            files: vec![ManifestFile {
                path: self.writer.data_path(Table::Events, &name),
                bytes: converted.bytes,
                rows: converted.rows,
                sha256: converted.sha256,
            }],
            name,
            rows: converted.rows,
            columns,
            events: converted.events,
            unparsed: converted.unparsed,
            query,
            parts: answer.raws.len() as u64,
            attempts,
            export: self.name.clone(),
            exported_at: now,
            asked_at: now,
            is_final,
            generation: before.as_ref().map_or(0, |before| before.generation) + 1,
            predecessor: before.map(|before| Predecessor {
                generation: before.generation,
                rows: before.rows,
                exported_at: before.exported_at,
            }),
            content,
        };
        let (claim, committed) = (self.claim.clone(), manifest.clone());
        blocking(move || claim.commit(Table::Events, &part, &committed)).await?;
        Ok(DayReceipt::of_manifest(day, fate, &manifest, attempts))
    }
}

impl Answer {
    fn paths(&self) -> Vec<PathBuf> {
        self.raws.iter().map(|raw| raw.path.clone()).collect()
    }

    /// What tells whether two answers are the same.
    fn content(&self) -> String {
        let contents: Vec<_> = self.raws.iter().map(Raw::content).collect();
        contents.join("+")
    }

    fn has_rows(&self) -> bool {
        self.raws.iter().any(|raw| raw.rows > 0)
    }
}
