//! Conclusions from rows of made-up services.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};

use super::{
    answer::{Answer, shift},
    calibration::{DayBy, LastDay},
    day_start::{self, Findings},
    finding::Finding,
    last_day,
    reference::Reference,
    survey::Survey,
};

fn day() -> Date {
    "2026-11-25".parse().unwrap()
}

/// A service that follows a rule.
#[derive(Clone, Copy, Debug)]
struct Truth {
    by: DayBy,
    offset: Offset,
    inclusive: bool,
    zoned: bool,
}

impl Truth {
    const UTC: Self = Self {
        by: DayBy::Event,
        offset: Offset::UTC,
        inclusive: true,
        zoned: true,
    };

    /// The answer to a query, of events and how late they are.
    fn answer(self, events: &[(Timestamp, SignedDuration)], from: i32, to: i32) -> Answer {
        let (from, to) = (shift(day(), from), shift(day(), to));
        let midnight = |day: Date| self.offset.to_timestamp(day.at(0, 0, 0, 0)).unwrap();
        let days = midnight(from)..midnight(shift(to, i32::from(self.inclusive)));
        let mut text = "df_correction_datetime,df_server_datetime\n".to_owned();
        let written = |time: Timestamp| {
            let text = format!("{time:.3}");
            if self.zoned {
                text
            } else {
                text.trim_end_matches('Z').to_owned()
            }
        };
        for &(event, late) in events {
            let server = event + late;
            let time = if self.by == DayBy::Event { event } else { server };
            if days.contains(&time) {
                writeln!(text, "{},{}", written(event), written(server)).unwrap();
            }
        }
        Answer {
            from,
            to,
            survey: Ok(Survey::of(&text, day())),
        }
    }

    fn answers(self, events: &[(Timestamp, SignedDuration)]) -> Vec<Answer> {
        let more = if self.inclusive {
            [(-1, -1), (-2, -2)]
        } else {
            [(-1, 0), (-2, -1)]
        };
        let queries = [(0, 1), (0, 0), (1, 1)].into_iter().chain(more);
        queries.map(|(from, to)| self.answer(events, from, to)).collect()
    }
}

fn judge(answers: &[Answer]) -> (Option<bool>, Findings) {
    let last_day = last_day::judge(answers)
        .value()
        .map(|last_day| *last_day == LastDay::Included);
    (last_day, day_start::judge(answers, day(), last_day))
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn signed_below(&mut self, end: u64) -> i64 {
        self.below(end).try_into().unwrap()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Events on the days around, some of them late.
fn events(random: &mut Random, count: u64, late: u64) -> Vec<(Timestamp, SignedDuration)> {
    let begin = at("2026-11-22T00:00:00Z");
    let event = |random: &mut Random| {
        let time = begin + SignedDuration::from_millis(random.signed_below(6 * 86_400_000));
        let seconds = match random.below(100) {
            share if share < late => random.signed_below(2 * 86_400),
            _ => random.signed_below(20),
        };
        (time, SignedDuration::from_secs(seconds))
    };
    (0..count).map(|_| event(random)).collect()
}

#[test]
fn no_service_leads_to_a_wrong_conclusion_and_many_rows_to_the_right_one() {
    let mut random = Random(0x5eed_cafe_f00d_d00d);
    let (mut decided, mut many) = (0, 0);
    for round in 0..160_u64 {
        let quarters = i32::try_from(random.below(26 * 4 + 1)).unwrap() - 12 * 4;
        let offset = match round % 3 {
            0 => Offset::UTC,
            1 => Offset::constant(9),
            _ => Offset::from_seconds(quarters * 900).unwrap(),
        };
        let truth = Truth {
            by: [DayBy::Event, DayBy::Server][usize::try_from(random.below(2)).unwrap()],
            offset,
            inclusive: random.below(2) == 0,
            zoned: true,
        };
        let count = [0, 3, 30, 300, 4_500][usize::try_from(round % 5).unwrap()];
        let late = [0, 1, 10, 100][usize::try_from(random.below(4)).unwrap()];
        let answers = truth.answers(&events(&mut random, count, late));
        let (last_day, findings) = judge(&answers);
        assert!(last_day.is_none_or(|last_day| last_day == truth.inclusive), "{truth:?}");
        assert!(findings.by.value().is_none_or(|by| *by == truth.by), "{truth:?}");
        let start = findings.start.value();
        assert!(
            start.is_none_or(|start| start.offset.0 == offset),
            "{truth:?} {start:?}"
        );
        decided += u64::from(start.is_some());
        if count == 4_500 && late > 0 {
            many += 1;
            assert!(
                last_day.is_some() && findings.by.value().is_some() && start.is_some(),
                "{truth:?} {late} {:?} {:?}",
                findings.by,
                findings.start
            );
        }
    }
    assert!(decided >= many && many > 12, "{decided} {many}");
}

/// Events every five minutes on the days around, all on time.
fn on_time() -> Vec<(Timestamp, SignedDuration)> {
    let begin = at("2026-11-22T00:00:00Z");
    (0..6 * 24 * 12)
        .map(|five| (begin + SignedDuration::from_mins(five * 5), SignedDuration::ZERO))
        .collect()
}

#[test]
fn a_quarter_that_few_rows_tell_apart_stays_open() {
    // Two days with three rows in each quarter of an hour are enough, and one day is not.
    let answers = Truth::UTC.answers(&on_time());
    assert!(judge(&answers[..3]).1.start.value().is_some());
    assert!(judge(&answers[1..2]).1.start.value().is_none());
    let findings = judge(&answers).1;
    assert!(matches!(findings.by, Finding::NotEnough { .. }), "on time");
    assert_eq!(findings.start.value().unwrap().offset.0, Offset::UTC);
}

#[test]
fn rows_that_no_reading_allows_are_a_contradiction() {
    let mut events = on_time();
    events.extend((0..5).map(|_| (at("2026-11-25T12:00:00Z"), SignedDuration::from_hours(26))));
    let answers = Truth::UTC.answers(&events);
    let findings = judge(&answers).1;
    assert_eq!(findings.by.value(), Some(&DayBy::Event));
    // The rows of one day as the answer for another.
    let mut moved = answers;
    moved.swap(1, 2);
    moved[1].from = day();
    moved[1].to = day();
    moved[2].from = shift(day(), 1);
    moved[2].to = shift(day(), 1);
    let findings = judge(&moved).1;
    assert!(
        matches!(findings.by, Finding::Contradictory { .. }),
        "{:?}",
        findings.by
    );
    assert!(matches!(findings.start, Finding::Contradictory { .. }));
    let evidence = findings.by.evidence();
    assert!(!evidence.readings[0].first_misfits.is_empty() && evidence.left.is_empty());
}

#[test]
fn a_few_exceptions_to_the_only_reading_left_are_a_contradiction() {
    let mut events = on_time();
    events.extend((0..5).map(|_| (at("2026-11-25T12:00:00Z"), SignedDuration::from_hours(26))));
    let mut answers = Truth::UTC.answers(&events);
    // Two rows of the day before are in the answer for a day.
    let mut text = "df_correction_datetime,df_server_datetime\n".to_owned();
    for time in ["2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"] {
        writeln!(text, "{time},{time}").unwrap();
    }
    answers.push(Answer {
        survey: Ok(Survey::of(&text, day())),
        ..Truth::UTC.answer(&[], 0, 0)
    });
    let findings = judge(&answers).1;
    assert!(
        matches!(findings.by, Finding::Contradictory { .. }),
        "{:?}",
        findings.by
    );
    assert_eq!(findings.by.evidence().left, ["event time, days of UTC+00:00"]);
}

#[test]
fn while_the_last_day_is_open_a_day_is_looked_for_both_ways() {
    let excluded = Truth {
        inclusive: false,
        ..Truth::UTC
    };
    let events = on_time().repeat(2);
    let findings = judge(&[excluded.answer(&events, 0, 1)]).1;
    assert!(findings.start.value().is_none(), "as if half of two days were empty");
    let findings = judge(&[Truth::UTC.answer(&events, 0, 1)]).1;
    assert_eq!(findings.start.value().unwrap().offset.0, Offset::UTC);
}

#[test]
fn another_zone_than_the_likely_ones_is_named() {
    let singapore = Truth {
        offset: Offset::constant(8),
        ..Truth::UTC
    };
    let findings = judge(&singapore.answers(&on_time())).1;
    assert_eq!(findings.start.value().unwrap().offset.to_string(), "+08:00");
    let reading = findings.start.evidence().readings.last().unwrap();
    assert_eq!(
        (reading.reading.as_str(), reading.misfits),
        ("server time, days of UTC+08:00", 0)
    );
}

#[test]
fn one_row_too_few_against_a_reading_decides_nothing() {
    for (late, decided) in [(4, false), (5, true)] {
        let mut events = on_time();
        events.extend((0..late).map(|_| (at("2026-11-25T12:00:00Z"), SignedDuration::from_hours(60))));
        let findings = judge(&Truth::UTC.answers(&events)).1;
        assert_eq!(findings.by.value().is_some(), decided, "{late}");
    }
}

#[test]
fn a_column_without_times_keeps_the_other_from_being_chosen() {
    let mut text = "df_correction_datetime,df_server_datetime\n".to_owned();
    for (event, _) in on_time() {
        writeln!(text, "{event},").unwrap();
    }
    let one = |from: &str, until: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("20") || (from..until).contains(line));
        lines.collect::<Vec<_>>().join("\n")
    };
    let answer = |to: i32, text: &str| Answer {
        from: day(),
        to: shift(day(), to),
        survey: Ok(Survey::of(text, day())),
    };
    let answers = [
        answer(1, &one("2026-11-25", "2026-11-27")),
        answer(0, &one("2026-11-25", "2026-11-26")),
    ];
    let findings = judge(&answers).1;
    assert!(findings.by.value().is_none() && findings.start.value().is_none());
    // That the other is wrong does not make it right.
    let findings = judge(&[answer(0, &one("2026-11-23", "2026-11-27"))]).1;
    assert!(matches!(findings.by, Finding::NotEnough { .. }), "{:?}", findings.by);
}

#[test]
fn times_that_name_no_zone_tell_a_day_only_from_themselves() {
    let mut events = on_time();
    events.extend((0..5).map(|_| (at("2026-11-25T12:00:00Z"), SignedDuration::from_hours(26))));
    let truth = Truth {
        zoned: false,
        ..Truth::UTC
    };
    let mut answers = truth.answers(&events);
    let findings = judge(&answers).1;
    let start = findings.start.value().unwrap();
    assert_eq!((start.offset.0, start.reference), (Offset::UTC, Reference::AsWritten));
    assert_eq!((start.utc_offset(), findings.by.value()), (None, Some(&DayBy::Event)));
    answers.push(Truth::UTC.answer(&events, 1, 1));
    assert!(matches!(judge(&answers).1.by, Finding::Contradictory { .. }));
}

fn rows(from: i32, to: i32, rows: usize) -> Answer {
    let text = format!("df_server_datetime\n{}", "x\n".repeat(rows));
    Answer {
        from: shift(day(), from),
        to: shift(day(), to),
        survey: Ok(Survey::of(&text, day())),
    }
}

fn last_day_of(answers: &[Answer]) -> Option<bool> {
    last_day::judge(answers)
        .value()
        .map(|last_day| *last_day == LastDay::Included)
}

#[test]
fn the_last_day_is_excluded_only_if_later_answers_for_both_days_are_empty() {
    assert_eq!(last_day_of(&[rows(0, 1, 5), rows(0, 0, 0), rows(1, 1, 0)]), Some(false));
    assert_eq!(last_day_of(&[rows(0, 1, 5), rows(0, 0, 3), rows(1, 1, 2)]), Some(true));
    assert_eq!(last_day_of(&[rows(0, 1, 5), rows(0, 0, 0), rows(1, 1, 5)]), Some(true));
    for open in [
        vec![],
        vec![rows(0, 1, 5)],
        vec![rows(0, 1, 5), rows(0, 0, 0)],
        vec![rows(0, 0, 0), rows(0, 1, 5), rows(1, 1, 0)],
        vec![rows(0, 1, 4), rows(0, 0, 0), rows(1, 1, 0)],
        vec![rows(0, 1, 0), rows(0, 0, 0), rows(1, 1, 0)],
    ] {
        assert_eq!(last_day_of(&open), None, "{open:?}");
    }
    let failed = Answer {
        survey: Err("no answer".to_owned()),
        ..rows(1, 1, 0)
    };
    assert_eq!(last_day_of(&[rows(0, 1, 5), rows(0, 0, 0), failed]), None);
}

#[test]
fn an_exception_for_single_days_is_a_contradiction() {
    for answers in [
        [rows(0, 1, 5), rows(0, 0, 5), rows(1, 1, 3)],
        [rows(0, 1, 0), rows(0, 0, 5), rows(1, 1, 0)],
    ] {
        let found = last_day::judge(&answers);
        assert!(matches!(found, Finding::Contradictory { .. }), "{found:?}");
    }
}
