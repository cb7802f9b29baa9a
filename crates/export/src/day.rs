//! One day: asked for, compared with what is there, converted and committed.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
};

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};

use crate::{
    blocking::blocking,
    calendar::Calendar,
    column::Table,
    convert::Lead,
    divide::fetch_day,
    error::{ExportError, Stopped},
    event_export::EventExport,
    fetch::{Failed, Fetcher},
    files::Temporary,
    filter::{Selection, describe, event_query},
    folder::{Claim, Hole, Manifest, ManifestFile, Predecessor},
    not_converted::NotConverted,
    receipt::{DayReceipt, Fate},
    spool::Raw,
    table_file::TableWriter,
};

/// What all days of an export share.
pub(crate) struct DayJob<'a> {
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) claim: &'a Claim,
    pub(crate) export: &'a EventExport,
    pub(crate) selection: Selection,
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
    /// Days that were there when the export began.
    pub(crate) there: BTreeSet<Date>,
    /// Why nothing more can be written to an object store, once that is so.
    pub(crate) failure: OnceLock<String>,
}

/// Whether the last day of a query is part of its answer, as far as answers have shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToDate {
    Unknown,
    Included,
    Excluded,
}

/// How it went.
pub(crate) struct Asked {
    /// An error is one of the folder or its disk: the whole export must end.
    pub(crate) outcome: Result<Outcome, ExportError>,
    /// Requests made.
    pub(crate) attempts: u64,
}

/// What became of a day.
pub(crate) enum Outcome {
    Done(DayReceipt),
    /// The service does not have a day from before the folder began: nothing is missing.
    NotKept,
    /// The whole export must end.
    Stopped(Stopped),
}

/// The answer for a day.
struct Answer {
    raws: Vec<Raw>,
    /// The last day of the query.
    to: Date,
}

impl DayJob<'_> {
    pub(crate) async fn run(&self, day: Date) -> Asked {
        let mut attempts = 0;
        let outcome = self.outcome(day, &mut attempts).await;
        if let Err(error) = &outcome
            && (error.is_unavailable() || error.is_denied() || error.is_in_use())
        {
            let _ = self.failure.set(error.to_string());
        }
        Asked { outcome, attempts }
    }

    async fn outcome(&self, day: Date, attempts: &mut u64) -> Result<Outcome, ExportError> {
        let failed = match self.ask(day, attempts).await {
            Ok(answer) => {
                let committed = self.commit(day, &answer, *attempts).await;
                return Ok(Outcome::Done(match committed {
                    Ok(receipt) => receipt,
                    Err(NotConverted::Answer(error)) => self.not_had(day, &error.to_string(), *attempts).await,
                    Err(NotConverted::Ours(error)) => return Err(error),
                }));
            }
            Err(failed) => failed,
        };
        let receipt = match failed {
            Failed::Run(why) => return Ok(Outcome::Stopped(why)),
            Failed::Disk(error) => return Err(error),
            Failed::Gone(_) if !self.has_begun(day) && self.calendar.may_be_gone(day) => return Ok(Outcome::NotKept),
            Failed::Gone(error) => {
                // Our own check is of the days of UTC, and the service's may differ.
                let is_gone = self.calendar.may_be_gone(day) && error.export_code().is_some();
                self.missing(day, &error.to_string(), *attempts, is_gone).await?
            }
            Failed::Query(failed) => self.missing(day, &failed.reason(), *attempts, false).await?,
        };
        Ok(Outcome::Done(receipt))
    }

    /// Whether the folder knows a day from before, or it was asked for by name.
    fn has_begun(&self, day: Date) -> bool {
        self.begins.is_some_and(|first| first <= day)
    }

    /// A day that an export did not come to, or whose answer is no table.
    pub(crate) async fn not_had(&self, day: Date, reason: &str, attempts: u64) -> DayReceipt {
        let unnoted = || {
            let reason = reason.to_owned();
            let fate = if self.there.contains(&day) {
                Fate::Kept { reason }
            } else {
                self.hole(day, reason)
            };
            DayReceipt {
                attempts,
                ..DayReceipt::of(day, fate)
            }
        };
        // A folder does not begin with days that nobody asked for.
        if self.failure.get().is_some() || !self.has_begun(day) && attempts == 0 {
            return unnoted();
        }
        // If not even that can be written, it is in the receipt at least.
        let missing = self.missing(day, reason, attempts, false).await;
        missing.unwrap_or_else(|_| unnoted())
    }

    /// Notes that a day is missing, unless an earlier export has it.
    async fn missing(&self, day: Date, reason: &str, attempts: u64, is_gone: bool) -> Result<DayReceipt, ExportError> {
        let (claim, new, now) = (self.claim.clone(), reason.to_owned(), self.fetcher.clock.now());
        // The hole before, if the day is one.
        let note = move || {
            let folder = claim.folder();
            if folder.readable_manifest(Table::Events, &day.to_string())?.is_some() {
                return Ok(None);
            }
            let before = folder.hole(day).unwrap_or_default();
            // What went wrong when it was asked for says more than why it was not asked for again.
            let said = before.clone().filter(|hole| attempts == 0 && hole.attempts > 0);
            claim.note_hole(&Hole {
                day,
                reason: said.as_ref().map_or(new, |hole| hole.reason.clone()),
                since: before.as_ref().map_or(now, |hole| hole.since),
                attempts: before.as_ref().map_or(0, |hole| hole.attempts) + attempts,
                lost_at: is_gone.then_some(now),
            })?;
            Ok(Some(said))
        };
        let reason = reason.to_owned();
        let fate = match blocking(note).await? {
            None => Fate::Kept { reason },
            Some(said) => {
                let reason = match said {
                    Some(hole) => format!("{reason}; before that: {}", hole.reason),
                    None => reason,
                };
                if is_gone {
                    Fate::Lost { reason, new: true }
                } else {
                    self.hole(day, reason)
                }
            }
        };
        Ok(DayReceipt {
            attempts,
            ..DayReceipt::of(day, fate)
        })
    }

    fn hole(&self, day: Date, reason: String) -> Fate {
        let days_left = self.calendar.days_left(day);
        Fate::Hole { reason, days_left }
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

    async fn commit(&self, day: Date, answer: &Answer, attempts: u64) -> Result<DayReceipt, NotConverted> {
        let turn = self.writer.turn().await;
        if let Some(failure) = self.failure.get() {
            return Err(ExportError::unfit(failure).into());
        }
        let name = day.to_string();
        let asked_at = answer.asked_at(self.fetcher.clock.now());
        let look_back = SignedDuration::from_hours(24 * i64::from(self.look_back));
        let is_final = self
            .calendar
            .closed_at(day)
            .saturating_add(look_back)
            .is_ok_and(|end| end <= asked_at);
        let query = describe(day, answer.to, &self.selection);
        let content = answer.content();
        let time_zone = self.writer.time_zone_name();
        let (claim, known) = (self.claim.clone(), name.clone());
        let before = blocking(move || claim.folder().readable_manifest(Table::Events, &known)).await?;
        if let Some(before) = before
            .as_ref()
            .filter(|before| (&before.content, &before.query, &before.time_zone) == (&content, &query, &time_zone))
        {
            let manifest = Manifest {
                asked_at,
                is_final,
                ..before.clone()
            };
            let (claim, rewritten) = (self.claim.clone(), manifest.clone());
            let is_there = blocking(move || {
                let is_there = claim.folder().holds(&rewritten)?;
                if is_there {
                    claim.rewrite(Table::Events, &rewritten)?;
                }
                Ok(is_there)
            })
            .await?;
            if is_there {
                return Ok(DayReceipt::of_manifest(day, Fate::Unchanged, &manifest, attempts));
            }
        }
        let lead = Lead {
            day,
            exported_at: asked_at,
            export: self.name.clone(),
        };
        let part = Temporary::new(self.claim.temporary_folder().join(format!("{name}.part")));
        let (converted, columns) = turn
            .write(self.claim, Table::Events, answer.paths(), lead, part.path())
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
            exported_at: asked_at,
            asked_at,
            is_final,
            time_zone,
            generation: before.as_ref().map_or(0, |before| before.generation).saturating_add(1),
            predecessor: before.map(|before| Predecessor {
                generation: before.generation,
                rows: before.rows,
                exported_at: before.exported_at,
            }),
            content,
        };
        let (claim, committed) = (self.claim.clone(), manifest.clone());
        blocking(move || claim.commit(Table::Events, part.path(), &committed)).await?;
        Ok(DayReceipt::of_manifest(day, fate, &manifest, attempts))
    }
}

impl Answer {
    fn paths(&self) -> Vec<PathBuf> {
        self.raws.iter().map(|raw| raw.path().to_owned()).collect()
    }

    /// What tells whether two answers are the same.
    fn content(&self) -> String {
        let contents: Vec<_> = self.raws.iter().map(Raw::content).collect();
        contents.join("+")
    }

    /// When the first of its parts was asked for.
    fn asked_at(&self, otherwise: Timestamp) -> Timestamp {
        self.raws.iter().map(|raw| raw.asked_at).min().unwrap_or(otherwise)
    }

    fn has_rows(&self) -> bool {
        self.raws.iter().any(|raw| raw.rows > 0)
    }
}
