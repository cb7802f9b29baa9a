//! Which days to ask for, and in which order.

use dfinery::types::export::ExportEventsRequest;
use jiff::civil::Date;

use crate::{
    calendar::{Calendar, days},
    column::Table,
    error::ExportError,
    event_export::EventExport,
    folder::{Claim, Hole, Index},
    receipt::{DayReceipt, Fate},
};

/// The days that an export is about.
#[derive(Debug)]
pub(crate) struct Days {
    first: Date,
    last: Date,
    /// What was asked for besides and cannot be had.
    notes: Vec<String>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The days to ask for, in that order.
    pub(crate) days: Vec<Date>,
    /// What is known of others without asking.
    pub(crate) known: Vec<DayReceipt>,
    /// What a person should know besides.
    pub(crate) notes: Vec<String>,
}

impl Days {
    /// The days of an export to a folder. Before the first day that the folder knows, only those that can still be had count.
    pub(crate) fn of(export: &EventExport, index: &Index, calendar: &Calendar) -> Result<Self, ExportError> {
        let reach = ExportEventsRequest::FROM_DATE_MAX_AGE_DAYS;
        let newest = calendar.newest_closed();
        if calendar.days_left(newest) < 0 {
            return Err(ExportError::unfit(format!(
                "days would be too old before they are settled: only the last {reach} days can be extracted"
            )));
        }
        if let (Some(from), Some(until)) = (export.from, export.until)
            && from > until
        {
            return Err(ExportError::unfit(format!(
                "the first day {from} is after the last day {until}"
            )));
        }
        let (latest, can_be_had) = (calendar.latest(), calendar.oldest());
        let oldest = index.first().map_or(can_be_had, |first| first.min(can_be_had));
        if let Some(from) = export.from.filter(|from| *from > latest) {
            return Err(ExportError::unfit(format!("the day {from} has not begun")));
        }
        if let Some(until) = export.until.filter(|until| *until < oldest) {
            return Err(ExportError::unfit(format!(
                "the day {until} can no longer be had: only the last {reach} days can be extracted, from {can_be_had} on"
            )));
        }
        let mut notes = Vec::new();
        if let Some(from) = export.from.filter(|from| *from < oldest) {
            notes.push(format!(
                "Days from {from} on were asked for. Those before {oldest} can no longer be had: only the last \
                 {reach} days can be extracted"
            ));
        }
        if let Some(until) = export.until.filter(|until| *until > latest) {
            notes.push(format!(
                "Days until {until} were asked for. Those after {latest} have not begun"
            ));
        }
        let first = export.from.unwrap_or(oldest).max(oldest);
        Ok(Self {
            first,
            last: export.until.unwrap_or(newest.max(first)).min(latest),
            notes,
        })
    }

    /// The newest closed day first, then those that are missing in the order in which they will be lost, then those whose
    /// rows may have changed.
    pub(crate) fn plan(
        self,
        export: &EventExport,
        claim: &Claim,
        index: &Index,
        calendar: &Calendar,
    ) -> Result<Plan, ExportError> {
        let Self { first, last, mut notes } = self;
        let (mut missing, mut again, mut known_days) = (Vec::new(), Vec::new(), Vec::new());
        for day in days(first, last) {
            let known = index.get(day);
            let manifest = known.and_then(|known| known.manifest.as_ref());
            let is_gone = calendar.days_left(day) < 0;
            if let Some(manifest) = manifest {
                let is_of_the_future = manifest.asked_at > calendar.now();
                if manifest.is_final && is_of_the_future {
                    // It was asked for while the clock was wrong, which is no longer seen once that time has come.
                    claim.rewrite(Table::Events, &manifest.not_final())?;
                }
                let is_final = manifest.is_final && !is_of_the_future;
                if is_gone && export.from.is_some() && export.until.is_some() {
                    notes.push(format!(
                        "{day} is there and was not asked for again: the service no longer has it"
                    ));
                } else if !is_gone && calendar.is_closed(day) && (!is_final || export.from.is_some()) {
                    again.push(day);
                }
            } else if let Some(damage) = known.and_then(|known| known.damage.as_ref()).filter(|_| is_gone) {
                let problem = damage.clone();
                known_days.push(DayReceipt::of(day, Fate::Damaged { problem }));
            } else if is_gone || known.is_some_and(|known| known.is_lost(day, calendar)) {
                known_days.push(lost(claim, calendar, day, known.and_then(|known| known.hole.as_ref()))?);
            } else if calendar.is_closed(day) {
                missing.push(day);
            } else {
                let closes = calendar.closed_at(day).into();
                known_days.push(DayReceipt::of(day, Fate::Open { closes }));
            }
        }
        again.reverse();
        // The newest day is usually missing: it goes first.
        if missing.last() == Some(&calendar.newest_closed()) {
            missing.rotate_right(1);
        }
        missing.extend(again);
        Ok(Plan {
            days: missing,
            known: known_days,
            notes,
        })
    }
}

/// A day that can no longer be had, which is noted if it was not before.
fn lost(claim: &Claim, calendar: &Calendar, day: Date, hole: Option<&Hole>) -> Result<DayReceipt, ExportError> {
    if let Some(hole) = hole.filter(|hole| hole.lost_at.is_some()) {
        let reason = hole.reason.clone();
        return Ok(DayReceipt::of(day, Fate::Lost { reason, new: false }));
    }
    let reason = match hole {
        Some(hole) => format!("the service no longer has it; before that: {}", hole.reason),
        None => "the service no longer has it, and it was never asked for".to_owned(),
    };
    claim.note_hole(&Hole {
        day,
        reason: reason.clone(),
        since: hole.map_or(calendar.now(), |hole| hole.since),
        attempts: hole.map_or(0, |hole| hole.attempts),
        lost_at: Some(calendar.now()),
    })?;
    Ok(DayReceipt::of(day, Fate::Lost { reason, new: true }))
}
