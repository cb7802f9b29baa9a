//! Quotas: how many calls of a family are left in its period, and how many run at once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue, RETRY_AFTER},
};

use super::settings::{RateHeaders, ResetUnit, Settings, Window};
use dfinery::{
    Family, Timestamp,
    tables::{RATE_LIMIT_HEADERS, RateLimit},
};

/// The calls made so far, by family.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    families: HashMap<Family, Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    /// When each call of the running period was made, in milliseconds since 1970.
    made: VecDeque<i64>,
    running: Arc<AtomicU32>,
}

/// A call that counts as running until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicU32>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    period: Duration,
    remaining: u32,
    /// Milliseconds since 1970.
    reset: i64,
    now: i64,
}

impl Limits {
    /// Counts a call, unless its quota is spent or too many are running.
    pub(crate) fn take(&mut self, family: Family, settings: &Settings) -> (Quota, Option<Permit>) {
        let limit = limit(family, settings);
        let now = milliseconds(settings.clock.now());
        let calls = self.families.entry(family).or_default();
        calls.forget(&limit, settings.window, now);
        if calls.left(&limit) == 0 {
            return (calls.quota(&limit, settings.window, now), None);
        }
        let most = limit.concurrent.unwrap_or(u32::MAX);
        let permit = calls
            .running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
                (running < most).then_some(running.saturating_add(1))
            })
            .ok()
            .map(|_| Permit(Arc::clone(&calls.running)));
        if permit.is_some() {
            calls.made.push_back(now);
        }
        (calls.quota(&limit, settings.window, now), permit)
    }

    /// What is left of a quota, without spending any of it.
    pub(crate) fn quota(&mut self, family: Family, settings: &Settings) -> Quota {
        let limit = limit(family, settings);
        let now = milliseconds(settings.clock.now());
        let calls = self.families.entry(family).or_default();
        calls.forget(&limit, settings.window, now);
        calls.quota(&limit, settings.window, now)
    }
}

impl Calls {
    /// Drops the calls that no longer count.
    fn forget(&mut self, limit: &RateLimit, window: Window, now: i64) {
        let period = period(limit);
        while let Some(&oldest) = self.made.front() {
            let counts = match window {
                Window::Fixed => oldest.div_euclid(period) == now.div_euclid(period),
                Window::Sliding => oldest.saturating_add(period) > now,
            };
            if counts {
                break;
            }
            self.made.pop_front();
        }
    }

    fn left(&self, limit: &RateLimit) -> u32 {
        let made = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
        limit.requests.saturating_sub(made)
    }

    fn quota(&self, limit: &RateLimit, window: Window, now: i64) -> Quota {
        let period = period(limit);
        let reset = match window {
            Window::Fixed => now.div_euclid(period).saturating_add(1).saturating_mul(period),
            Window::Sliding => self.made.front().unwrap_or(&now).saturating_add(period),
        };
        Quota {
            period: limit.period,
            remaining: self.left(limit),
            reset,
            now,
        }
    }
}

impl Quota {
    /// The same quota, spent.
    pub(crate) fn spent(self) -> Self {
        Self { remaining: 0, ..self }
    }

    /// The headers that show it; `refused` if the request was refused for it.
    pub(crate) fn headers(&self, settings: &Settings, refused: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let [dashed, compact] = &RATE_LIMIT_HEADERS;
        let spelling = match settings.rate_headers {
            RateHeaders::Dashed => Some(dashed),
            RateHeaders::Compact => Some(compact),
            RateHeaders::Absent => None,
        };
        if let Some(names) = spelling {
            let reset_at = match settings.reset_unit {
                ResetUnit::Seconds => self.reset.div_euclid(1000),
                ResetUnit::Milliseconds => self.reset,
            };
            if let Ok(period) = HeaderValue::try_from(period_code(self.period)) {
                headers.insert(HeaderName::from_static(names.period), period);
            }
            headers.insert(HeaderName::from_static(names.remaining), self.remaining.into());
            headers.insert(HeaderName::from_static(names.reset), reset_at.into());
        }
        if refused && settings.retry_after {
            let milliseconds = self.reset.saturating_sub(self.now).max(0);
            headers.insert(RETRY_AFTER, milliseconds.saturating_add(999).div_euclid(1000).into());
        }
        headers
    }
}

/// The quota in force.
fn limit(family: Family, settings: &Settings) -> RateLimit {
    let limit = settings
        .rate_limits
        .get(&family)
        .copied()
        .unwrap_or_else(|| family.rate_limit());
    RateLimit {
        requests: (limit.requests / settings.rate_limit_divisor.max(1)).max(1),
        ..limit
    }
}

fn period(limit: &RateLimit) -> i64 {
    i64::try_from(limit.period.as_millis()).unwrap_or(i64::MAX).max(1)
}

fn milliseconds(time: Timestamp) -> i64 {
    time.to_jiff().as_millisecond()
}

/// The period in the documentation's spelling: a number and one of `s`, `m`, `H`, `d`.
fn period_code(period: Duration) -> String {
    let seconds = period.as_secs();
    for (unit, length) in [("d", 86_400), ("H", 3_600), ("m", 60)] {
        if seconds > 0 && seconds.is_multiple_of(length) {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    fn settings(now: &str, window: Window) -> Settings {
        let limit = RateLimit {
            requests: 2,
            period: Duration::from_secs(60),
            concurrent: None,
        };
        Settings {
            rate_limits: HashMap::from([(Family::Event, limit)]),
            clock: Clock::fixed(now.parse().unwrap()),
            window,
            ..Settings::default()
        }
    }

    fn taken(limits: &mut Limits, now: &str, window: Window) -> bool {
        limits.take(Family::Event, &settings(now, window)).1.is_some()
    }

    #[test]
    fn a_fixed_window_comes_back_at_the_full_minute() {
        let mut limits = Limits::default();
        assert!(taken(&mut limits, "2024-12-05T00:00:50Z", Window::Fixed));
        assert!(taken(&mut limits, "2024-12-05T00:00:59Z", Window::Fixed));
        assert!(!taken(&mut limits, "2024-12-05T00:00:59.999Z", Window::Fixed));
        assert!(taken(&mut limits, "2024-12-05T00:01:00Z", Window::Fixed));
    }

    #[test]
    fn a_sliding_window_comes_back_call_by_call() {
        let mut limits = Limits::default();
        assert!(taken(&mut limits, "2024-12-05T00:00:10Z", Window::Sliding));
        assert!(taken(&mut limits, "2024-12-05T00:00:50Z", Window::Sliding));
        assert!(!taken(&mut limits, "2024-12-05T00:01:09.999Z", Window::Sliding));
        assert!(taken(&mut limits, "2024-12-05T00:01:10Z", Window::Sliding));
        assert!(!taken(&mut limits, "2024-12-05T00:01:11Z", Window::Sliding));
    }

    #[test]
    fn a_permit_is_free_again_once_dropped() {
        let one_at_once = RateLimit {
            requests: 100,
            period: Duration::from_secs(3_600),
            concurrent: Some(1),
        };
        let settings = Settings {
            rate_limits: HashMap::from([(Family::Export, one_at_once)]),
            ..Settings::default()
        };
        let mut limits = Limits::default();
        let (quota, first) = limits.take(Family::Export, &settings);
        assert_eq!((quota.remaining, first.is_some()), (99, true));
        let (quota, second) = limits.take(Family::Export, &settings);
        assert_eq!(
            (quota.remaining, second.is_none()),
            (99, true),
            "a refused call must not count"
        );
        drop(first);
        assert!(limits.take(Family::Export, &settings).1.is_some());
    }

    #[test]
    fn periods_are_spelled_as_documented() {
        let spelled = [1, 60, 120, 3_600, 86_400, 90].map(|seconds| period_code(Duration::from_secs(seconds)));
        assert_eq!(spelled, ["1s", "1m", "2m", "1H", "1d", "90s"]);
    }
}
