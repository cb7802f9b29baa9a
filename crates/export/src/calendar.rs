//! Which days have ended and which can still be had, although it is undocumented in which time zone a day begins.

use std::time::Duration;

use dfinery::types::export::ExportEventsRequest;
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::Date,
    tz::{Offset, TimeZone},
};

/// The days of the service as they look at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    now: Timestamp,
    /// The time zone of a day, if known.
    zone: Option<TimeZone>,
    settle: SignedDuration,
}

impl Calendar {
    /// The last place on earth where a day ends.
    const LAST: Offset = Offset::constant(-12);
    /// The first place on earth where a day begins.
    const FIRST: Offset = Offset::constant(14);

    pub(crate) fn new(now: Timestamp, zone: Option<TimeZone>, settle: Duration) -> Self {
        Self {
            now,
            zone,
            settle: SignedDuration::try_from(settle).unwrap_or(SignedDuration::MAX),
        }
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// When a day has ended wherever it may be.
    pub(crate) fn end(&self, day: Date) -> Timestamp {
        let midnight = day.saturating_add(1.day()).at(0, 0, 0, 0);
        let zone = self.zone.clone().unwrap_or(TimeZone::fixed(Self::LAST));
        // Only days at the ends of the calendar have no such moment.
        zone.to_timestamp(midnight).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn has_ended(&self, day: Date) -> bool {
        self.end(day) <= self.now
    }

    /// When no more rows of a day are expected.
    pub(crate) fn closed_at(&self, day: Date) -> Timestamp {
        self.end(day).saturating_add(self.settle).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn is_closed(&self, day: Date) -> bool {
        self.closed_at(day) <= self.now
    }

    /// The newest day that is closed.
    pub(crate) fn newest_closed(&self) -> Date {
        let mut day = self.latest();
        // The settling time decides how far back it is; a day is gone after the days that are kept.
        for _ in 0..=2 * ExportEventsRequest::FROM_DATE_MAX_AGE_DAYS {
            if self.is_closed(day) {
                break;
            }
            day = day.saturating_sub(1.day());
        }
        day
    }

    /// The oldest day that the service may still have.
    pub(crate) fn oldest(&self) -> Date {
        self.today(Self::LAST)
            .saturating_sub(ExportEventsRequest::FROM_DATE_MAX_AGE_DAYS.days())
    }

    /// In how many days a day can no longer be had; below zero if it is gone already.
    pub(crate) fn days_left(&self, day: Date) -> i32 {
        days_between(self.oldest(), day)
    }

    /// The newest day that has begun anywhere.
    pub(crate) fn latest(&self) -> Date {
        self.today(Self::FIRST)
    }

    /// Whether the service may already have a day no longer: where a day begins may differ by one.
    pub(crate) fn may_be_gone(&self, day: Date) -> bool {
        self.days_left(day) <= 1
    }

    /// The date now, where a day begins latest if the zone is not known.
    fn today(&self, otherwise: Offset) -> Date {
        let zone = self.zone.clone().unwrap_or(TimeZone::fixed(otherwise));
        self.now.to_zoned(zone).date()
    }
}

/// How many days after another a day is.
pub(crate) fn days_between(from: Date, to: Date) -> i32 {
    to.duration_since(from)
        .as_hours()
        .div_euclid(24)
        .try_into()
        .unwrap_or(i32::MAX)
}

/// The days from one to another, both included.
pub(crate) fn days(from: Date, until: Date) -> impl DoubleEndedIterator<Item = Date> {
    (0..=days_between(from, until)).map(move |days| from.saturating_add(days.days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn calendar(now: &str, zone: Option<TimeZone>, settle: Duration) -> Calendar {
        Calendar::new(now.parse().unwrap(), zone, settle)
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_has_ended_once_it_has_in_every_zone_that_it_may_have() {
        let korea = || Some(TimeZone::fixed(Offset::constant(9)));
        for (now, zone, newest) in [
            ("2026-11-21T11:59:59Z", None, "2026-11-19"),
            ("2026-11-21T12:00:00Z", None, "2026-11-20"),
            ("2026-11-20T14:59:59Z", korea(), "2026-11-19"),
            ("2026-11-20T15:00:00Z", korea(), "2026-11-20"),
            ("2026-11-21T00:00:00Z", Some(TimeZone::UTC), "2026-11-20"),
        ] {
            assert_eq!(
                calendar(now, zone, Duration::ZERO).newest_closed(),
                date(newest),
                "{now}"
            );
        }
        let settled = calendar("2026-11-21T17:00:00Z", korea(), 26 * HOUR);
        assert_eq!(settled.newest_closed(), date("2026-11-20"));
        assert!(!settled.is_closed(date("2026-11-21")));
    }

    #[test]
    fn a_day_can_be_had_as_long_as_it_may_be_in_some_zone() {
        let unknown = calendar("2026-11-27T11:00:00Z", None, Duration::ZERO);
        assert_eq!(unknown.oldest(), date("2026-10-27"));
        assert_eq!(unknown.days_left(date("2026-10-30")), 3);
        assert_eq!(unknown.days_left(date("2026-10-26")), -1);
        let utc = calendar("2026-11-27T11:00:00Z", Some(TimeZone::UTC), Duration::ZERO);
        assert_eq!(utc.oldest(), date("2026-10-28"));
    }

    #[test]
    fn days_come_in_order_and_none_if_they_run_backwards() {
        let listed: Vec<_> = days(date("2026-02-27"), date("2026-03-01")).collect();
        assert_eq!(listed, ["2026-02-27", "2026-02-28", "2026-03-01"].map(date));
        assert_eq!(days(date("2026-03-01"), date("2026-02-27")).count(), 0);
    }

    #[test]
    fn extreme_settings_are_no_panic() {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let calendar = Calendar::new(now, None, Duration::MAX);
            calendar.newest_closed();
            calendar.oldest();
            for day in [Date::MIN, Date::MAX] {
                calendar.is_closed(day);
                calendar.days_left(day);
            }
        }
    }
}
