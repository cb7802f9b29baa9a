//! The queries of a probe, one after the other: each depends on what the ones before have shown.

use dfinery_records::Taxonomy;
use jiff::civil::Date;

use super::{
    answer::{Answer, shift},
    calibration::{Calibration, LastDay},
    day_start,
    finding::{Evidence, Finding, MINIMUM},
    last_day,
    reference::DayStart,
    report::{AskedQuery, Findings, Probe},
    spelling::Spellings,
    survey::Survey,
};
use crate::{
    blocking::blocking,
    calendar::Calendar,
    error::{ExportError, Stopped},
    fetch::{Failed, Fetcher, Query},
    filter::{NameFilter, event_query},
    not_converted::NotConverted,
    spool::Raw,
};

/// The most queries of a probe.
const QUERIES: usize = 5;

/// How many pairs of days are asked for until one has rows.
const PAIRS: usize = 3;

/// A probe under way.
struct Run<'a> {
    fetcher: &'a Fetcher,
    taxonomy: &'a Taxonomy,
    /// The day from which times are counted.
    day: Date,
    answers: Vec<Answer>,
    calls: u64,
    stopped: Option<Stopped>,
}

/// Asks for a day and its neighbours. The files of answers are removed.
pub(crate) async fn probe(fetcher: &Fetcher, taxonomy: &Taxonomy, day: Option<Date>) -> Result<Probe, ExportError> {
    let asked_at = fetcher.clock.now();
    let calendar = Calendar::new(asked_at, None, std::time::Duration::ZERO);
    let newest = shift(calendar.newest_closed(), -1);
    let day = day.unwrap_or(newest);
    if day > newest {
        let problem =
            format!("{day} and the day after it have not ended in every zone: {newest} is the last to ask for");
        return Err(ExportError::unfit(problem));
    }
    let mut run = Run {
        fetcher,
        taxonomy,
        day,
        answers: Vec::new(),
        calls: 0,
        stopped: None,
    };
    run.ask_all().await?;
    Ok(run.conclude(&calendar))
}

impl Run<'_> {
    async fn ask_all(&mut self) -> Result<(), ExportError> {
        let mut base = self.day;
        for pair in 0..PAIRS {
            if pair > 0 {
                base = shift(base, -2);
            }
            self.ask(base, shift(base, 1)).await?;
            if !self.last_is_empty() {
                break;
            }
        }
        // Rows of either day alone would be in the answer for both.
        if self.last_is_empty() {
            return Ok(());
        }
        self.ask(base, base).await?;
        self.ask(shift(base, 1), shift(base, 1)).await?;
        while self.answers.len() < QUERIES && self.stopped.is_none() && !self.days_are_known() {
            base = shift(base, -1);
            let to = match last_day::judge(&self.answers).value() {
                Some(LastDay::Excluded) => shift(base, 1),
                Some(LastDay::Included) | None => base,
            };
            self.ask(base, to).await?;
        }
        Ok(())
    }

    fn last_is_empty(&self) -> bool {
        self.answers.last().is_some_and(|answer| answer.rows() == Some(0))
    }

    fn days_are_known(&self) -> bool {
        let days = self.days();
        days.by.value().is_some() && days.start.value().is_some()
    }

    fn days(&self) -> day_start::Findings {
        let last_day = last_day::judge(&self.answers);
        let inclusive = last_day.value().map(|last_day| *last_day == LastDay::Included);
        day_start::judge(&self.answers, self.day, inclusive)
    }

    async fn ask(&mut self, from: Date, to: Date) -> Result<(), ExportError> {
        if self.answers.len() == QUERIES || self.stopped.is_some() {
            return Ok(());
        }
        let query = Query::Events(event_query(from, to, &NameFilter::All, &NameFilter::All));
        let survey = match self.fetcher.fetch(&query, &mut self.calls).await {
            Ok(raw) => self.read(raw).await?,
            Err(Failed::Disk(error)) => return Err(error),
            Err(Failed::Run(stopped)) => {
                let reason = stopped.to_string();
                self.stopped = Some(stopped);
                Err(reason)
            }
            Err(Failed::Gone(error)) => Err(error.to_string()),
            Err(Failed::Query(failed)) => Err(failed.reason()),
        };
        self.answers.push(Answer { from, to, survey });
        Ok(())
    }

    /// What an answer shows, or what is wrong with it.
    async fn read(&self, raw: Raw) -> Result<Result<Survey, String>, ExportError> {
        let (day, taxonomy) = (self.day, self.taxonomy.clone());
        blocking(
            move || match Survey::read(raw.path(), day, &taxonomy).map_err(NotConverted::from) {
                Ok(survey) => Ok(Ok(survey)),
                Err(NotConverted::Answer(error)) => Ok(Err(error.to_string())),
                Err(NotConverted::Ours(error)) => Err(error),
            },
        )
        .await
    }

    fn conclude(self, calendar: &Calendar) -> Probe {
        let last_day = last_day::judge(&self.answers);
        let day_start::Findings { by, start } = self.days();
        // The first answer with rows is that for two days, unless there is none.
        let sample = self.answers.iter().find(|answer| answer.has_rows());
        let sample = sample.and_then(|answer| Some((answer, answer.survey.as_ref().ok()?)));
        let (item_rows, lateness, columns) = match sample {
            None => (
                Finding::not_enough(format!("{MINIMUM} rows with items"), Evidence::default()),
                Finding::not_enough(format!("{MINIMUM} rows"), Evidence::default()),
                Vec::new(),
            ),
            Some((answer, survey)) => {
                let observed = calendar.now().duration_since(calendar.end(answer.to)).as_secs();
                let observed = u64::try_from(observed).unwrap_or_default();
                (
                    survey.items.judge(&answer.query()),
                    survey.late.judge(&answer.query(), observed),
                    survey.columns.clone(),
                )
            }
        };
        Probe {
            calibration: Calibration {
                version: Calibration::VERSION,
                day: self.day,
                asked_at: calendar.now().into(),
                to_date_inclusive: last_day.value().map(|last_day| *last_day == LastDay::Included),
                day_by: by.value().copied(),
                day_offset: start.value().and_then(DayStart::utc_offset),
                item_rows: item_rows.value().copied(),
                lateness: lateness.value().cloned(),
            },
            queries: self.answers.iter().map(AskedQuery::of).collect(),
            calls: self.calls,
            findings: Findings {
                last_day,
                day_by: by,
                day_start: start,
                item_rows,
                lateness,
                spellings: Spellings::of(&columns),
                columns,
            },
            stopped: self.stopped,
        }
    }
}
