//! By which time a row belongs to a day, and when a day begins.
//!
//! A hypothesis is a column of times, an offset of a zone and whether the last day of a query belongs to it. It allows a
//! row whose time lies on the days of the query, and nothing else is ever taken from an answer: that there are no rows near
//! a border says nothing. Too many rows that it does not allow rule a hypothesis out. What all that are left agree on is
//! decided, so one that cannot be tested, for want of readable times, keeps others from being decided.

use std::ops::RangeInclusive;

use jiff::{civil::Date, tz::Offset};

use super::{
    answer::{Answer, evidence},
    calibration::{DayBy, DayOffset},
    finding::{Evidence, Finding, MINIMUM, Place, Reading, Tally},
    reference::{DayStart, Reference},
    slots::{DAY, Slots},
    survey::Survey,
};

/// Both findings, which come from the same rows.
pub(super) struct Findings {
    pub(super) by: Finding<DayBy>,
    pub(super) start: Finding<DayStart>,
}

#[derive(Clone, Copy, Debug)]
struct Hypothesis {
    by: DayBy,
    /// The offset in quarters of an hour.
    offset: i64,
    to_date_inclusive: bool,
}

/// A hypothesis and the rows that it does not allow.
struct Tested {
    hypothesis: Hypothesis,
    /// The rows whose time could be read.
    rows: u64,
    misfits: u64,
}

/// Quarters from UTC to the zones where days begin last and first.
const ZONES: RangeInclusive<i64> = -12 * 4..=14 * 4;

/// The same from one zone to another, as far as an offset can be.
const BETWEEN_ZONES: RangeInclusive<i64> = -25 * 4..=25 * 4;

const UTC: i64 = 0;
const KOREA: i64 = 9 * 4;

/// What answers say. Their times are counted from `origin`; whether the last day of a query belongs to its answer may be
/// known.
pub(super) fn judge(answers: &[Answer], origin: Date, to_date_inclusive: Option<bool>) -> Findings {
    let answers: Vec<_> = answers.iter().filter(|answer| answer.has_rows()).collect();
    let mut evidence = evidence(answers.iter().copied());
    let judge = Judge { answers, origin };
    if judge.answers.is_empty() {
        return Findings::not_enough("rows", &evidence);
    }
    let Some(reference) = judge.reference() else {
        return Findings::contradictory("some times name their zone and others do not", &evidence);
    };
    let tested = judge.test_all(reference, to_date_inclusive);
    let left: Vec<_> = tested.iter().filter(|tested| tested.misfits < MINIMUM).collect();
    let offset_left = agreed(left.iter().map(|left| left.hypothesis.offset));
    evidence.readings = judge.readings(reference, &tested, offset_left);
    evidence.left = describe(reference, &left);
    if left.iter().any(|left| left.rows == 0) {
        return Findings::not_enough("times that can be read in both columns", &evidence);
    }
    if left.iter().all(|left| left.misfits > 0) {
        return Findings::contradictory("every reading has rows that it does not allow", &evidence);
    }
    let by = match agreed(left.iter().map(|left| left.hypothesis.by)) {
        Some(value) => Finding::Decided {
            value,
            evidence: evidence.clone(),
        },
        None => Finding::not_enough(
            format!("{MINIMUM} rows whose event time and server time lie on different days"),
            evidence.clone(),
        ),
    };
    let start = match offset_left.and_then(offset) {
        Some(offset) => Finding::Decided {
            value: DayStart { offset, reference },
            evidence,
        },
        None => Finding::not_enough(
            format!("{MINIMUM} rows in the first and in the last quarter of an hour of days"),
            evidence,
        ),
    };
    Findings { by, start }
}

impl Findings {
    fn not_enough(missing: &str, evidence: &Evidence) -> Self {
        Self {
            by: Finding::not_enough(missing, evidence.clone()),
            start: Finding::not_enough(missing, evidence.clone()),
        }
    }

    fn contradictory(problem: &str, evidence: &Evidence) -> Self {
        Self {
            by: Finding::contradictory(problem, evidence.clone()),
            start: Finding::contradictory(problem, evidence.clone()),
        }
    }
}

/// What all values are, if they are the same.
fn agreed<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

fn offset(quarters: i64) -> Option<DayOffset> {
    let seconds = i32::try_from(quarters * 15 * 60).ok()?;
    Offset::from_seconds(seconds).ok().map(DayOffset)
}

struct Judge<'a> {
    /// Those with rows.
    answers: Vec<&'a Answer>,
    origin: Date,
}

impl Judge<'_> {
    fn surveys(&self) -> impl Iterator<Item = (&Answer, &Survey)> {
        self.answers
            .iter()
            .filter_map(|answer| Some((*answer, answer.survey.as_ref().ok()?)))
    }

    /// What offsets are measured from; none if times differ in that.
    fn reference(&self) -> Option<Reference> {
        let columns = || self.surveys().flat_map(|(_, survey)| [&survey.event, &survey.server]);
        let (zoned, unzoned) = columns().fold((0, 0), |(zoned, unzoned), slots| {
            (zoned + slots.zoned, unzoned + slots.unzoned)
        });
        match (zoned, unzoned) {
            (_, 0) => Some(Reference::Utc),
            (0, _) => Some(Reference::AsWritten),
            _ => None,
        }
    }

    fn test_all(&self, reference: Reference, to_date_inclusive: Option<bool>) -> Vec<Tested> {
        let inclusive = to_date_inclusive.map_or(vec![true, false], |inclusive| vec![inclusive]);
        let zones = match reference {
            Reference::Utc => ZONES,
            Reference::AsWritten => BETWEEN_ZONES,
        };
        let mut tested = Vec::new();
        for by in [DayBy::Event, DayBy::Server] {
            for offset in zones.clone() {
                tested.extend(inclusive.iter().map(|&to_date_inclusive| {
                    self.test(Hypothesis {
                        by,
                        offset,
                        to_date_inclusive,
                    })
                }));
            }
        }
        tested
    }

    /// A row may be in an answer for a day and in one for two days, but counts once: the larger of both sums is a number of
    /// different rows.
    fn test(&self, hypothesis: Hypothesis) -> Tested {
        let sums = [true, false].map(|pairs| {
            let of_kind = self.surveys().filter(|(answer, _)| answer.is_pair() == pairs);
            of_kind.fold((0, 0), |(misfits, rows), (answer, survey)| {
                let slots = hypothesis.by.slots(survey);
                let outside = hypothesis.outside(answer, slots, self.origin).rows;
                (misfits + outside, rows + slots.readable())
            })
        });
        let [pairs, singles] = sums;
        let (misfits, rows) = pairs.max(singles);
        Tested {
            hypothesis,
            rows,
            misfits,
        }
    }

    /// The rows for and against what is most likely, and for what is left if it is something else.
    fn readings(&self, reference: Reference, tested: &[Tested], left: Option<i64>) -> Vec<Reading> {
        let mut readings = Vec::new();
        let other = left.filter(|offset| ![UTC, KOREA].contains(offset));
        let offsets = || [UTC, KOREA].into_iter().chain(other);
        for by in [DayBy::Event, DayBy::Server] {
            for offset in offsets() {
                let of_both = tested.iter().filter(|tested| {
                    let hypothesis = tested.hypothesis;
                    (hypothesis.by, hypothesis.offset) == (by, offset)
                });
                let Some(best) = of_both.min_by_key(|tested| tested.misfits) else {
                    continue;
                };
                readings.push(Reading {
                    reading: format!("{by}, {}", reference.describe(offset)),
                    fits: best.rows.saturating_sub(best.misfits),
                    misfits: best.misfits,
                    first_misfits: self.places(best.hypothesis),
                });
            }
        }
        readings
    }

    fn places(&self, hypothesis: Hypothesis) -> Vec<Place> {
        self.surveys()
            .flat_map(|(answer, survey)| {
                let outside = hypothesis.outside(answer, hypothesis.by.slots(survey), self.origin);
                outside.places(&answer.query()).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Hypothesis {
    /// The rows of an answer that it does not allow.
    fn outside(self, answer: &Answer, slots: &Slots, origin: Date) -> Tally {
        let (from, until) = answer.span(origin, self.to_date_inclusive);
        slots.outside(from * DAY - self.offset, until * DAY - self.offset)
    }
}

impl DayBy {
    const fn slots(self, survey: &Survey) -> &Slots {
        match self {
            Self::Event => &survey.event,
            Self::Server => &survey.server,
        }
    }
}

/// What is not ruled out, as ranges.
fn describe(reference: Reference, left: &[&Tested]) -> Vec<String> {
    [DayBy::Event, DayBy::Server]
        .into_iter()
        .filter_map(|by| {
            let offsets = || {
                let of_time = left.iter().filter(move |tested| tested.hypothesis.by == by);
                of_time.map(|tested| tested.hypothesis.offset)
            };
            let (first, last) = (offsets().min()?, offsets().max()?);
            Some(if first == last {
                format!("{by}, {}", reference.describe(first))
            } else {
                format!("{by}, {} to {}", reference.describe(first), reference.describe(last))
            })
        })
        .collect()
}
