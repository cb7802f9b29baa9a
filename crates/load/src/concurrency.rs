//! How many calls of a family run at the same time.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;

use crate::lock::lock;
use dfinery::tables::RateLimit;

/// A limit that starts from the quota and the observed latency, shrinks by a third when most calls fail, and grows by
/// one again for each round of calls that succeed.
pub(crate) struct Concurrency {
    state: Mutex<State>,
    most: usize,
    /// Calls per second that the quota allows.
    rate: f64,
}

struct State {
    limit: f64,
    latency: Option<Latency>,
    /// The share of the latest calls that failed.
    failing: f64,
    /// Whether the service has failed since the start.
    cut: bool,
    /// Failures of calls that began before this belong to the cut that was made then.
    cut_at: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Latency {
    smooth: f64,
    least: f64,
}

impl Concurrency {
    /// The latency is unknown before the first answer.
    const FIRST: usize = 16;
    const SMOOTHING: f64 = 0.1;
    /// More than the quota asks for at the observed latency, since latencies vary.
    const HEADROOM: f64 = 2.0;
    /// A latency more than this many times the lowest one comes from our own queueing, which more calls would only
    /// lengthen.
    const QUEUEING: f64 = 4.0;
    /// The weight of one more call in the share of failed calls.
    const LATEST: f64 = 0.02;
    /// Failures by chance are no reason to make fewer calls, which would only fail as often. A service that has too many
    /// refuses most of them.
    const TOLERATED: f64 = 0.5;
    const CUT: f64 = 2.0 / 3.0;

    pub(crate) fn new(quota: RateLimit, most: usize) -> Self {
        let most = most.max(1);
        Self {
            state: Mutex::new(State {
                limit: count(Self::FIRST.min(most)),
                latency: None,
                failing: 0.0,
                cut: false,
                cut_at: None,
            }),
            most,
            rate: f64::from(quota.requests) / quota.period.as_secs_f64().max(0.001),
        }
    }

    /// How many calls may be in flight now; at least one.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the limit lies between one and a usize"
    )]
    pub(crate) fn limit(&self) -> usize {
        (self.state().limit as usize).clamp(1, self.most)
    }

    /// A call was answered with success.
    pub(crate) fn succeeded(&self, latency: Duration) {
        let mut state = self.state();
        let seconds = latency.as_secs_f64();
        let Latency { smooth, least } = *state.latency.get_or_insert(Latency {
            smooth: seconds,
            least: seconds,
        });
        let latency = Latency {
            smooth: smooth + (seconds - smooth) * Self::SMOOTHING,
            least: least.min(seconds),
        };
        state.latency = Some(latency);
        state.failing -= state.failing * Self::LATEST;
        let useful = latency.smooth.min(latency.least * Self::QUEUEING);
        let wanted = (self.rate * useful * Self::HEADROOM)
            .max(count(Self::FIRST))
            .min(count(self.most));
        state.limit = if state.cut {
            (state.limit + 1.0 / state.limit).min(wanted)
        } else {
            wanted
        };
    }

    /// A call that began then failed for a reason that fewer calls may remove.
    pub(crate) fn failed(&self, began: Instant) {
        let mut state = self.state();
        state.failing += (1.0 - state.failing) * Self::LATEST;
        if state.failing > Self::TOLERATED && state.cut_at.is_none_or(|cut_at| began > cut_at) {
            state.cut = true;
            state.cut_at = Some(Instant::now());
            state.limit = (state.limit * Self::CUT).max(1.0);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[allow(clippy::cast_precision_loss, reason = "no more calls than sockets")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(most: usize) -> Concurrency {
        let quota = RateLimit {
            requests: 1_000_000,
            period: Duration::from_secs(60),
            concurrent: None,
        };
        Concurrency::new(quota, most)
    }

    #[test]
    fn a_small_limit_is_kept_to() {
        for most in [1, 3, 8] {
            let concurrency = events(most);
            concurrency.succeeded(Duration::from_millis(50));
            assert_eq!(concurrency.limit(), most);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_shows_how_many_calls_the_quota_asks_for() {
        let concurrency = events(4_000);
        assert_eq!(concurrency.limit(), 16);
        concurrency.succeeded(Duration::from_millis(50));
        // 16,667 calls a second, each 50 ms long, and as many again as headroom.
        assert_eq!(concurrency.limit(), 1_666);
        let narrow = events(256);
        narrow.succeeded(Duration::from_millis(50));
        assert_eq!(narrow.limit(), 256);
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_ten_by_chance_are_no_reason_to_make_fewer_calls() {
        let concurrency = events(300);
        for call in 0..10_000_u64 {
            tokio::time::advance(Duration::from_millis(1)).await;
            if (call.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % 10 < 3 {
                concurrency.failed(Instant::now());
            } else {
                concurrency.succeeded(Duration::from_millis(50));
            }
        }
        assert_eq!(concurrency.limit(), 300);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_failures_is_one_cut_and_successes_win_it_back() {
        let concurrency = events(300);
        concurrency.succeeded(Duration::from_millis(50));
        let began = Instant::now();
        tokio::time::advance(Duration::from_millis(50)).await;
        for _ in 0..100 {
            concurrency.failed(began);
        }
        assert_eq!(concurrency.limit(), 200);
        for _ in 0..200 {
            concurrency.succeeded(Duration::from_millis(50));
        }
        assert_eq!(concurrency.limit(), 200);
        for _ in 0..30_000 {
            concurrency.succeeded(Duration::from_millis(50));
        }
        assert_eq!(concurrency.limit(), 300);
        for _ in 0..50 {
            tokio::time::advance(Duration::from_millis(50)).await;
            concurrency.failed(Instant::now());
        }
        assert_eq!(concurrency.limit(), 1);
    }
}
