//! What a folder has of each day, as its manifests and notes say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date};

use super::manifest::{Hole, Manifest};
use crate::calendar::Calendar;

/// Everything that is known of days.
#[derive(Debug, Default)]
pub(crate) struct Index {
    days: BTreeMap<Date, KnownDay>,
}

/// What is known of a day.
#[derive(Debug, Default)]
pub(crate) struct KnownDay {
    /// If the day is there.
    pub(crate) manifest: Option<Manifest>,
    /// Why its manifest cannot be read, if it is damaged.
    pub(crate) damage: Option<String>,
    /// Why it was missing the last time.
    pub(crate) hole: Option<Hole>,
}

/// Up to where a folder is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watermark {
    /// The last day such that no day up to it can still be filled.
    pub(crate) complete_until: Option<Date>,
    /// How many of these days were lost.
    pub(crate) lost: u64,
}

impl Index {
    pub(super) const fn new(days: BTreeMap<Date, KnownDay>) -> Self {
        Self { days }
    }

    pub(crate) fn get(&self, day: Date) -> Option<&KnownDay> {
        self.days.get(&day)
    }

    /// The first day of which something is known.
    pub(crate) fn first(&self) -> Option<Date> {
        self.days.keys().next().copied()
    }

    /// The manifests of all days, the newest first.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.days.values().rev().filter_map(|known| known.manifest.as_ref())
    }

    /// The days that have a manifest.
    pub(crate) fn there(&self) -> BTreeSet<Date> {
        let there = self.days.iter().filter(|(_, known)| known.manifest.is_some());
        there.map(|(day, _)| *day).collect()
    }

    /// The newest day of which something is known.
    pub(crate) fn last(&self) -> Option<Date> {
        self.days.keys().next_back().copied()
    }

    /// Whether a day has rows that came as the answer to a query from that day to itself.
    pub(crate) fn shows_last_day(&self) -> bool {
        self.manifests()
            .any(|manifest| manifest.rows > 0 && manifest.query["to_date"] == manifest.name.as_str())
    }

    pub(crate) fn watermark(&self, calendar: &Calendar) -> Watermark {
        let mut mark = Watermark::default();
        for (day, known) in &self.days {
            let follows = mark
                .complete_until
                .is_none_or(|last| last.saturating_add(1.day()) == *day);
            let is_there = known.complete(*day, calendar).is_some();
            if !follows || !is_there && !known.is_lost(*day, calendar) {
                break;
            }
            mark.lost += u64::from(!is_there);
            mark.complete_until = Some(*day);
        }
        mark
    }
}

impl KnownDay {
    /// The manifest, unless it is from a time that has not come yet: then the clock was wrong, and the day may not have
    /// ended.
    pub(crate) fn complete(&self, day: Date, calendar: &Calendar) -> Option<&Manifest> {
        let manifest = self.manifest.as_ref();
        manifest.filter(|manifest| calendar.has_ended(day) && manifest.asked_at <= calendar.now())
    }

    /// Whether the day is missing and the service has it no longer. A note of that which the calendar contradicts was made
    /// while the clock was wrong, or the service was.
    pub(crate) fn is_lost(&self, day: Date, calendar: &Calendar) -> bool {
        let noted = self.hole.as_ref().is_some_and(|hole| hole.lost_at.is_some());
        self.manifest.is_none()
            && self.damage.is_none()
            && (calendar.days_left(day) < 0 || noted && calendar.may_be_gone(day))
    }
}
