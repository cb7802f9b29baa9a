//! When a failed request is sent again, and how long to wait before that.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::RetryClass;

/// The longest wait: a longer one could not be added to a clock.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How often and how patiently a failed request is sent again.
///
/// *Whether* it may be sent again is not decided here: the response tables say so, see
/// [`ImportCode::retry_class`](crate::ImportCode::retry_class). A code that the tables do not have
/// is retried only under HTTP 429 or 5xx.
///
/// ```
/// use std::time::Duration;
/// use dfinery::RetryPolicy;
/// let patient = RetryPolicy::default().max_attempts(8).max_wait(Duration::from_secs(600));
/// let once = RetryPolicy::never();
/// # let _ = (patient, once);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    max_wait: Duration,
    budget: u32,
    resend_when_unsure: bool,
}

impl Default for RetryPolicy {
    /// 4 attempts; pauses drawn from 0 to 0.5 s, 1 s, 2 s and so on up to 20 s; at most 2 minutes of waiting for a quota.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(20),
            max_wait: Duration::from_secs(120),
            budget: 100,
            resend_when_unsure: true,
        }
    }
}

impl RetryPolicy {
    /// How many times as often a call is tried while others succeed: among many calls some fail by chance again and again.
    const OFTENER: u32 = 4;
    /// How much shorter a pause is while others succeed. It then doubles with every second attempt only.
    const SOONER: u32 = 16;

    /// One attempt only.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often a request is sent at most, the first time included. Zero counts as one. A bulk load makes four times as
    /// many attempts while other calls succeed, and any number while the service fails.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest pause after the first failure; it doubles with each further one.
    ///
    /// The pause is drawn at random between zero and this (full jitter), so that clients do not return all at once.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay.min(YEAR);
        self
    }

    /// The longest pause that doubling can reach.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay.min(YEAR);
        self
    }

    /// The longest single wait for a quota, whether the server names the reset or our own count says so.
    ///
    /// If the server refuses for the quota and names no reset, the call waits for one period of the quota, unless that
    /// is longer than this.
    ///
    /// If the wait would be longer, the call fails with [`Error::retry_after`](crate::Error::retry_after) set.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait.min(YEAR);
        self
    }

    /// How many retries all calls of a client share before they stop retrying; ten answers of a healthy service
    /// earn one back: calls that succeed, or that are refused for what they say.
    ///
    /// It keeps a client from multiplying the load on a service that is down. Waiting for a quota costs nothing.
    #[must_use]
    pub fn budget(mut self, retries: u32) -> Self {
        self.budget = retries.min(u32::MAX / RetryBudget::COST);
        self
    }

    /// Whether a request whose first answer was lost is sent again although the server may have taken it. Default: yes.
    ///
    /// Requests that are idempotent in the spec are sent again in any case. For events, whether the server drops an
    /// `event_log_id` that it already has is undocumented: with `true` an event may arrive twice (at least once),
    /// with `false` it may not arrive at all, and the error's [`delivery`](crate::Error::delivery) is
    /// [`Unknown`](crate::Delivery::Unknown).
    #[must_use]
    pub fn resend_when_unsure(mut self, resend: bool) -> Self {
        self.resend_when_unsure = resend;
        self
    }

    pub(crate) const fn longest_wait(&self) -> Duration {
        self.max_wait
    }

    /// The jittered pause after this many attempts, however many are allowed.
    pub(crate) fn draw(&self, attempts: u32) -> Duration {
        self.ceiling(attempts).mul_f64(random())
    }

    pub(crate) const fn resends_when_unsure(&self) -> bool {
        self.resend_when_unsure
    }

    /// The pause before the next attempt, or `None` if the call should not be tried again.
    pub(crate) fn pause(&self, class: RetryClass, attempts: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        let drawn = self.draw(attempts);
        let pause = match class {
            RetryClass::Never => return None,
            RetryClass::Backoff => retry_after.map_or(drawn, |named| named.max(drawn)),
            // The random pause is added to the reset, so that waiting clients do not all return in the same instant.
            RetryClass::AfterReset => retry_after.unwrap_or_default().saturating_add(drawn),
        };
        match retry_after {
            Some(named) if named > self.max_wait => None,
            _ => Some(pause),
        }
    }

    /// The pause of a call that failed this often while others succeed, or `None` if it was tried often enough.
    pub(crate) fn pause_among_others(&self, attempts: u32) -> Option<Duration> {
        let allowed = if self.max_attempts > 1 {
            self.max_attempts.saturating_mul(Self::OFTENER)
        } else {
            1
        };
        (attempts < allowed).then(|| self.draw(attempts.div_ceil(2)) / Self::SOONER)
    }

    fn ceiling(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.base_delay.saturating_mul(doubled).min(self.max_delay)
    }
}

/// A number from 0 to 1; in the middle on a system without randomness.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

/// The retries that all calls of one client share.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    left: AtomicU32,
    full: u32,
}

impl RetryBudget {
    /// What a retry costs; an answer of a healthy service gives back 1.
    const COST: u32 = 10;

    pub(crate) fn new(policy: &RetryPolicy) -> Self {
        let full = policy.budget * Self::COST;
        Self {
            left: AtomicU32::new(full),
            full,
        }
    }

    /// Takes a retry, if one is left.
    pub(crate) fn take(&self) -> bool {
        self.change(|left| left.checked_sub(Self::COST))
    }

    /// Gives a little back after an answer of a healthy service.
    pub(crate) fn give(&self) {
        self.change(|left| (left < self.full).then(|| left + 1));
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_pause_is_never_longer_than_its_ceiling() {
        let policy = RetryPolicy::default()
            .max_attempts(50)
            .base_delay(SECOND)
            .max_delay(4 * SECOND);
        for (attempts, ceiling) in [(1, 1), (2, 2), (3, 4), (4, 4), (49, 4)] {
            let longest = (0..500)
                .filter_map(|_| policy.pause(RetryClass::Backoff, attempts, None))
                .max();
            let longest = longest.unwrap();
            assert!(
                longest <= ceiling * SECOND && longest > ceiling * SECOND / 2,
                "{attempts}: {longest:?}"
            );
        }
    }

    #[test]
    fn a_reset_is_waited_for_and_one_too_far_away_is_not() {
        let policy = RetryPolicy::default().max_wait(60 * SECOND);
        let pause = policy.pause(RetryClass::AfterReset, 1, Some(30 * SECOND)).unwrap();
        assert!(pause >= 30 * SECOND && pause <= 31 * SECOND);
        assert_eq!(policy.pause(RetryClass::AfterReset, 1, Some(61 * SECOND)), None);
        assert_eq!(policy.pause(RetryClass::Backoff, 1, Some(61 * SECOND)), None);
    }

    #[test]
    fn what_must_not_be_retried_is_not() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.pause(RetryClass::Never, 1, None), None);
        assert_eq!(policy.pause(RetryClass::Backoff, 4, None), None);
        assert_eq!(RetryPolicy::never().pause(RetryClass::Backoff, 1, None), None);
    }

    #[test]
    fn the_budget_runs_out_and_ten_answers_earn_a_retry() {
        let budget = RetryBudget::new(&RetryPolicy::default().budget(2));
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..10 {
            assert!(!budget.take());
            budget.give();
        }
        assert!(budget.take() && !budget.take());
    }
}
