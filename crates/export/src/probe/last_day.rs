//! Whether the last day of a query is part of its answer.
//!
//! Rows in the answer to a query from a day to itself show that it is. That it is not takes three answers: rows for two days
//! together, and none for either of them alone. Rows may still arrive, so both days must be asked for after the two
//! together: what was there then would be there now. The answer for two days must have more rows than that for either
//! alone, if both have any: otherwise a query for a single day is an exception to a rule that this cannot tell.

use super::{
    answer::{Answer, evidence, query},
    calibration::LastDay,
    finding::{Finding, MINIMUM, Reading},
};

/// What answers, in the order in which they were asked for, say of the last day of a query.
pub(super) fn judge(answers: &[Answer]) -> Finding<LastDay> {
    let seen: Vec<_> = answers.iter().enumerate().map(|answer| look(answers, answer)).collect();
    let mut evidence = evidence(answers);
    let rows = |kind: Seen| -> u64 {
        let of_kind = answers.iter().zip(&seen).filter(|(_, seen)| **seen == kind);
        of_kind.filter_map(|(answer, _)| answer.rows()).sum()
    };
    let (included, excluded, exceptions) = (rows(Seen::Included), rows(Seen::Excluded), rows(Seen::Exception));
    evidence.readings = [("included", included, excluded), ("excluded", excluded, included)]
        .map(|(reading, fits, misfits)| Reading {
            reading: reading.to_owned(),
            fits,
            misfits: misfits + exceptions,
            first_misfits: Vec::new(),
        })
        .into();
    let has = |kind| seen.contains(&kind);
    if has(Seen::Exception) || (included > 0 && excluded > 0) {
        let problem = "the answers for single days do not add up to the answer for both";
        return Finding::contradictory(problem, evidence);
    }
    let value = if included > 0 {
        LastDay::Included
    } else if excluded >= MINIMUM {
        LastDay::Excluded
    } else {
        let failed: Vec<_> = answers
            .iter()
            .filter_map(|answer| {
                let reason = answer.survey.as_ref().err()?;
                Some(format!("an answer for {}: {reason}", answer.query()))
            })
            .collect();
        let missing = if failed.is_empty() {
            format!("rows of a single day, or {MINIMUM} rows of two days with none in either")
        } else {
            failed.join("; ")
        };
        return Finding::not_enough(missing, evidence);
    };
    Finding::Decided { value, evidence }
}

/// What an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Included,
    Excluded,
    /// Neither reading explains it.
    Exception,
}

fn look(answers: &[Answer], (index, answer): (usize, &Answer)) -> Seen {
    let Some(rows) = answer.rows() else {
        return Seen::Nothing;
    };
    if !answer.is_pair() {
        return if rows > 0 { Seen::Included } else { Seen::Nothing };
    }
    let later = || answers.iter().skip(index + 1);
    let alone = |day| {
        later()
            .find(|answer| answer.is_of(day, day))
            .and_then(|answer| Some((query(day, day), answer.rows()?)))
    };
    let (Some((_, first)), Some((_, second))) = (alone(answer.from), alone(answer.to)) else {
        return Seen::Nothing;
    };
    match (rows, first, second) {
        (0, 0, 0) => Seen::Nothing,
        (0, _, _) => Seen::Exception,
        (_, 0, 0) => Seen::Excluded,
        (_, 1.., 1..) if rows <= first.max(second) => Seen::Exception,
        _ => Seen::Nothing,
    }
}
