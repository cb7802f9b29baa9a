//! Speeds, shares and the time left, from counters.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use dfinery::tables::RateLimit;
use dfinery_load::Snapshot;
use serde::Serialize;

/// What is done with the records.
#[derive(Clone, Copy)]
pub enum Work {
    Check,
    /// With the quota that is spent, if there is only one.
    Send(Option<RateLimit>),
}

/// Computes speeds and shares from counters.
pub(super) struct Meter {
    pub(super) began: Instant,
    work: Work,
    /// The counters of the last moments, the oldest first: at most one period of the quota.
    past: VecDeque<(Instant, Snapshot)>,
    /// Bytes that were read before the first record, as to sort.
    before: u64,
    /// The share of the input that was worked on, and for how long. Of a load, without the time in which nothing was sent
    /// but the input was read: to sort it, or past records that earlier runs have sent.
    worked: (f64, Duration),
    /// The share that was done when it was last looked at.
    done: f64,
}

impl Meter {
    /// The period over which a speed is measured.
    const RECENT: Duration = Duration::from_secs(5);
    /// The most points that a share of the quota needs.
    const MOST: usize = 512;

    pub(super) fn new(work: Work) -> Self {
        let began = Instant::now();
        Self {
            began,
            work,
            past: VecDeque::from([(began, Snapshot::default())]),
            before: 0,
            worked: (0.0, Duration::ZERO),
            done: 0.0,
        }
    }

    fn quota(&self) -> Option<RateLimit> {
        match self.work {
            Work::Check => None,
            Work::Send(quota) => quota,
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "figures for people, none below zero"
    )]
    pub(super) fn state(&mut self, now: Snapshot, at: Instant) -> State {
        let period = self.quota().map_or(Self::RECENT, |quota| quota.period);
        let oldest = period.max(Self::RECENT);
        let is_old = |past: &(Instant, Snapshot)| at - past.0 > oldest;
        while self.past.len() > Self::MOST || (self.past.len() > 1 && self.past.front().is_some_and(is_old)) {
            self.past.pop_front();
        }
        let since = |length: Duration| {
            let found = self.past.iter().find(|(time, _)| at - *time <= length);
            found.copied().unwrap_or((self.began, Snapshot::default()))
        };
        let (from, before) = since(Self::RECENT);
        let seconds = (at - from).as_secs_f64().max(0.001);
        let speed = settled(&now).saturating_sub(settled(&before)) as f64 / seconds;
        let (_, period_ago) = since(period);
        let quota_used = self
            .quota()
            .map(|quota| (now.attempts - period_ago.attempts) as f64 / f64::from(quota.requests.max(1)));
        let done = self.done(&now);
        self.note_work(&now, at, done.unwrap_or_default());
        self.past.push_back((at, now));
        let (worked, time) = self.worked;
        let left = done
            .filter(|done| *done < 1.0 && worked > 0.0 && time > Duration::from_secs(2))
            .map(|done| {
                let (time, left) = (time.as_secs_f64(), (1.0 - done) / worked);
                (time * left).max(self.quota_allows(now.attempts as f64, left) - time)
            });
        State {
            elapsed_seconds: (at - self.began).as_secs(),
            records_per_second: speed.round() as u64,
            quota_used: quota_used.map(|share| (share * 1_000.0).round() / 1_000.0),
            done: done.map(|share| (share * 1_000.0).round() / 1_000.0),
            seconds_left: left.map(|seconds| seconds.ceil() as u64),
            waiting: waiting(&before, &now, quota_used),
            counters: now,
        }
    }

    /// The share of the input that is read and settled, as far as known.
    #[allow(clippy::cast_precision_loss, reason = "a share need not be exact")]
    fn done(&mut self, now: &Snapshot) -> Option<f64> {
        if now.bytes_in_all == 0 {
            return None;
        }
        if now.read == 0 {
            self.before = now.bytes_read;
        }
        // Reading is ahead of sending by the records that wait in memory.
        let waiting = match self.work {
            Work::Check => 0,
            Work::Send(_) => now.read.saturating_sub(settled(now)),
        };
        let of_records = now.bytes_read.saturating_sub(self.before) as f64;
        let wait = of_records * waiting as f64 / now.read.max(1) as f64;
        Some(((now.bytes_read as f64 - wait) / now.bytes_in_all as f64).min(1.0))
    }

    /// Adds the time since the last look, and what was done in it, unless the input was only read.
    fn note_work(&mut self, now: &Snapshot, at: Instant, done: f64) {
        let (time, last) = self.past.back().copied().unwrap_or((self.began, Snapshot::default()));
        let sends = now.attempts > last.attempts || now.under_way > 0 || last.under_way > 0;
        let only_reads = !sends && (now.attempts == 0 || now.bytes_read > last.bytes_read);
        if matches!(self.work, Work::Check) || !only_reads {
            self.worked.0 += (done - self.done).max(0.0);
            self.worked.1 += at - time;
        }
        self.done = done;
    }

    /// How many seconds of sending a load takes at least, given its calls so far and how many times that work is left: a
    /// period of the quota passes before the next calls may be made.
    fn quota_allows(&self, calls: f64, left: f64) -> f64 {
        let Some(quota) = self.quota() else { return 0.0 };
        let periods = (calls * (1.0 + left) / f64::from(quota.requests.max(1))).ceil() - 1.0;
        periods.max(0.0) * quota.period.as_secs_f64()
    }
}

/// Why nothing has been sent for a while, as far as the counters show it.
fn waiting(before: &Snapshot, now: &Snapshot, quota_used: Option<f64>) -> Option<&'static str> {
    let is_left = now.bytes_read < now.bytes_in_all || now.read > settled(now);
    let is_still = now.under_way == 0 && now.attempts > 0 && is_left;
    if !is_still || now.accepted > before.accepted {
        return None;
    }
    if quota_used.is_some_and(|used| used > 0.99) {
        Some("waiting for the quota")
    } else if now.rate_limited > 0 {
        Some("waiting for the quota, which the service says is spent")
    } else if now.failed_attempts > 0 {
        Some("waiting to try again after a failure")
    } else {
        None
    }
}

/// What is shown.
#[derive(Serialize)]
pub(super) struct State {
    pub(super) elapsed_seconds: u64,
    pub(super) records_per_second: u64,
    /// The share of the quota spent in the last period.
    pub(super) quota_used: Option<f64>,
    /// The share of the input that is read and settled, as far as known.
    pub(super) done: Option<f64>,
    pub(super) seconds_left: Option<u64>,
    /// Why no call is in flight, if none is.
    pub(super) waiting: Option<&'static str>,
    #[serde(flatten)]
    pub(super) counters: Snapshot,
}

pub(super) fn settled(counters: &Snapshot) -> u64 {
    counters.accepted + not_accepted(counters)
}

pub(super) fn not_accepted(counters: &Snapshot) -> u64 {
    counters.rejected + counters.invalid + counters.undelivered + counters.unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota() -> RateLimit {
        RateLimit {
            requests: 120,
            period: Duration::from_secs(60),
            concurrent: None,
        }
    }

    /// One call with ten records a second.
    fn counters(second: u64) -> Snapshot {
        let mut counters = Snapshot::default();
        counters.bytes_in_all = 4_000;
        counters.bytes_read = 10 * second;
        counters.read = 10 * second;
        counters.accepted = 10 * second;
        counters.attempts = second;
        counters
    }

    #[test]
    fn speed_share_of_the_quota_and_time_left_follow_from_the_counters() {
        let mut meter = Meter::new(Work::Send(Some(quota())));
        let began = meter.began;
        let mut last = None;
        for second in 1..=200 {
            last = Some(meter.state(counters(second), began + Duration::from_secs(second)));
        }
        let state = last.unwrap();
        assert_eq!(state.quota_used, Some(0.5), "60 of 120 in one minute");
        assert_eq!((state.records_per_second, state.seconds_left), (10, Some(200)));
        assert!(meter.past.len() <= 62, "what is older than a period is forgotten");
        let text = state.for_people();
        assert_eq!(
            text,
            "50 %, 3 min 20 s left, 2,000 accepted, 0 bad, after 3 min 20 s, 10 records/s, 50 % of the quota, 2,000 read"
        );
    }

    #[test]
    fn the_time_left_knows_the_quota() {
        let mut meter = Meter::new(Work::Send(Some(quota())));
        let began = meter.began;
        // The first period's calls are made at once: 120 of 480, each with ten records.
        let mut counters = counters(100);
        counters.attempts = 120;
        let state = meter.state(counters, began + Duration::from_secs(10));
        assert_eq!((state.done, state.seconds_left), (Some(0.25), Some(170)));
        let state = meter.state(counters, began + Duration::from_secs(50));
        assert_eq!(
            state.seconds_left,
            Some(150),
            "it does not grow while the quota is waited for"
        );
    }

    #[test]
    fn reading_without_sending_says_nothing_of_the_time_left() {
        let mut meter = Meter::new(Work::Send(None));
        let began = meter.began;
        let mut look = |second, [bytes_read, read, accepted, attempts]: [u64; 4]| {
            let mut now = Snapshot::default();
            (now.bytes_in_all, now.bytes_read) = (2_000, bytes_read);
            (now.read, now.accepted, now.attempts) = (read, accepted, attempts);
            let state = meter.state(now, began + Duration::from_secs(second));
            (state.done, state.seconds_left)
        };
        // A minute to sort, and then ten records a second, of which a hundred wait in memory.
        assert_eq!(look(30, [500, 0, 0, 0]), (Some(0.25), None));
        assert_eq!(look(60, [1_000, 0, 0, 0]), (Some(0.5), None));
        assert_eq!(look(61, [1_110, 110, 10, 1]), (Some(0.505), None));
        assert_eq!(look(70, [1_200, 200, 100, 10]), (Some(0.55), Some(90)));
        // An earlier run has sent the next half.
        assert_eq!(look(90, [1_700, 200, 200, 10]), (Some(0.85), Some(30)));

        let mut meter = Meter::new(Work::Check);
        let mut now = counters(0);
        (now.bytes_read, now.read, now.accepted, now.attempts) = (1_000, 100, 0, 0);
        let state = meter.state(now, meter.began + Duration::from_secs(10));
        assert_eq!((state.done, state.seconds_left), (Some(0.25), Some(30)));
    }

    #[test]
    fn a_load_that_stands_still_says_why() {
        let mut counters = counters(100);
        counters.read += 50;
        let waits = |used, counters: Snapshot| waiting(&counters, &counters, Some(used)).unwrap_or_default();
        assert_eq!(waits(1.0, counters), "waiting for the quota");
        assert_eq!(waits(0.1, counters), "");
        counters.failed_attempts = 1;
        assert!(waits(0.1, counters).contains("after a failure"));
        counters.rate_limited = 1;
        assert!(waits(0.1, counters).contains("the service says is spent"));
        counters.under_way = 1;
        assert_eq!(waits(1.0, counters), "");
    }
}
