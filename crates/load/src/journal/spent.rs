//! How many calls were made lately: a run that follows a kill may not spend the same quota again.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dfinery::Family;
use serde::{Deserialize, Serialize};

/// Calls of each family of the Import API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub(crate) event: u32,
    pub(crate) identity: u32,
    pub(crate) profile: u32,
}

/// The calls of the last hour, by when they were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spent(VecDeque<(u64, Calls)>);

impl Calls {
    pub(crate) fn count(&mut self, family: Family) {
        match family {
            Family::Event => self.event += 1,
            Family::Identity => self.identity += 1,
            Family::Profile => self.profile += 1,
            // Those are of another API.
            Family::Export => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.event = self.event.saturating_add(other.event);
        self.identity = self.identity.saturating_add(other.identity);
        self.profile = self.profile.saturating_add(other.profile);
    }
}

impl Spent {
    /// The longest period that is looked back on.
    const KEPT: Duration = Duration::from_secs(60 * 60);
    /// Calls within this time are counted as made at its end.
    const TOGETHER: Duration = Duration::from_secs(1);
    /// After a kill the server may count a call only now that was made this long before it.
    const ON_THE_WAY: Duration = Duration::from_secs(10);

    /// Notes calls made at a time in milliseconds since 1970.
    pub(super) fn add(&mut self, time: u64, calls: Calls) {
        match self.0.back_mut() {
            Some((before, sum)) if time.saturating_sub(*before) < millis(Self::TOGETHER) => sum.add(calls),
            _ => self.0.push_back((time, calls)),
        }
        while let Some((first, _)) = self.0.front()
            && first.saturating_add(millis(Self::KEPT)) < time
        {
            self.0.pop_front();
        }
    }

    /// How long ago calls were made at most.
    pub(super) fn before(&self, now: u64, in_order: bool) -> impl Iterator<Item = (Duration, Calls)> {
        let last = self.0.back().map_or(0, |(time, _)| *time);
        self.0.iter().map(move |(time, calls)| {
            let until = time.saturating_add(millis(Self::TOGETHER));
            let on_the_way = !in_order && until.saturating_add(millis(Self::ON_THE_WAY)) > last;
            let ago = if on_the_way { 0 } else { now.saturating_sub(until) };
            (Duration::from_millis(ago), *calls)
        })
    }
}

/// In milliseconds since 1970.
pub(super) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.map_or(0, millis)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(event: u32) -> Calls {
        Calls {
            event,
            ..Calls::default()
        }
    }

    #[test]
    fn calls_are_never_counted_as_older_than_they_are() {
        let mut spent = Spent::default();
        for (time, calls) in [(1_000, 2), (1_900, 3), (30_000, 4), (50_000, 5), (51_000, 6)] {
            spent.add(time, events(calls));
        }
        let before = |in_order| {
            let before = spent.before(60_000, in_order);
            before
                .map(|(ago, calls)| (ago.as_secs(), calls.event))
                .collect::<Vec<_>>()
        };
        assert_eq!(before(true), [(58, 5), (29, 4), (9, 5), (8, 6)]);
        assert_eq!(before(false), [(58, 5), (29, 4), (0, 5), (0, 6)]);
    }

    #[test]
    fn only_the_last_hour_is_kept() {
        let mut spent = Spent::default();
        for second in 0..10_000 {
            spent.add(second * 700, events(1));
        }
        assert!(spent.0.len() <= 3_601, "{}", spent.0.len());
    }
}
