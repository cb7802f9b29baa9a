//! What follows a failed attempt at a call.

use std::time::Duration;

use crate::{Delivery, Operation, RetryClass, RetryPolicy, retry::RetryBudget};

/// What matters about a failed attempt when deciding on another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(crate) operation: Operation,
    pub(crate) class: RetryClass,
    pub(crate) delivery: Delivery,
    /// How long the answer asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// Whether it counts against the attempts that the policy allows. It does not if the service is at fault (its quota
    /// is spent, or other calls fail too): then the call is not given up for it.
    pub(crate) counts: bool,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// No further attempt: the same request would fail again.
    Refused,
    /// No further attempt: it might be taken twice, it was tried often enough, or the wait would be too long.
    GivenUp,
    /// Another after a pause.
    Again {
        /// How long.
        pause: Duration,
        /// Whether the retries that all calls of the client share still covered it.
        in_budget: bool,
    },
}

/// The failed attempts at one call.
#[derive(Debug, Default)]
pub struct Tries {
    /// Those that count against the call.
    counted: u32,
    refusals: u32,
    failures: u32,
}

impl Tries {
    /// Counts a failed attempt and decides what follows it.
    pub(crate) fn after(&mut self, failed: &Failed, policy: &RetryPolicy, budget: &RetryBudget) -> Next {
        let may_be_there = failed.delivery == Delivery::Unknown;
        let tries = match failed.class {
            RetryClass::Never => return Next::Refused,
            _ if may_be_there && !failed.operation.is_idempotent() && !policy.resends_when_unsure() => {
                return Next::GivenUp;
            }
            RetryClass::AfterReset => &mut self.refusals,
            RetryClass::Backoff => &mut self.failures,
        };
        *tries = tries.saturating_add(1);
        let pause = if failed.counts {
            self.counted = self.counted.saturating_add(1);
            match policy.pause(failed.class, self.counted, failed.retry_after) {
                Some(pause) => pause,
                None => return Next::GivenUp,
            }
        } else if failed.class == RetryClass::AfterReset {
            // The next permit waits for the reset. If it was named wrongly, or not at all, the pauses grow.
            policy.draw(*tries)
        } else {
            let named = failed.retry_after.unwrap_or_default().min(policy.longest_wait());
            policy.draw(*tries).max(named)
        };
        Next::Again {
            pause,
            in_budget: failed.class != RetryClass::Backoff || budget.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const BOTH: [bool; 2] = [true, false];

    fn failed(class: RetryClass, delivery: Delivery, counts: bool) -> Failed {
        Failed {
            operation: Operation::LoadEvents,
            class,
            delivery,
            retry_after: None,
            counts,
        }
    }

    fn after(tries: &mut Tries, failed: &Failed, policy: &RetryPolicy) -> Next {
        tries.after(failed, policy, &RetryBudget::new(policy))
    }

    fn goes_on(next: Next) -> bool {
        matches!(next, Next::Again { in_budget: true, .. })
    }

    #[test]
    fn what_would_fail_again_or_might_be_taken_twice_is_not_repeated() {
        let careful = RetryPolicy::default().resend_when_unsure(false);
        for counts in BOTH {
            let next = |failed: Failed, policy: &RetryPolicy| after(&mut Tries::default(), &failed, policy);
            let unsure = failed(RetryClass::Backoff, Delivery::Unknown, counts);
            let idempotent = Failed {
                operation: Operation::UpsertIdentity,
                ..unsure
            };
            let refused = failed(RetryClass::Never, Delivery::Unknown, counts);
            let not_processed = failed(RetryClass::Backoff, Delivery::NotProcessed, counts);
            assert_eq!(next(refused, &RetryPolicy::default()), Next::Refused);
            assert_eq!(next(unsure, &careful), Next::GivenUp);
            assert!(goes_on(next(unsure, &RetryPolicy::default())));
            assert!(goes_on(next(idempotent, &careful)) && goes_on(next(not_processed, &careful)));
        }
    }

    #[test]
    fn a_call_is_given_up_only_for_what_counts_against_it() {
        let policy = RetryPolicy::default().max_attempts(3);
        let mut tries = Tries::default();
        for class in [RetryClass::Backoff, RetryClass::AfterReset] {
            let failed = failed(class, Delivery::NotProcessed, false);
            assert!((0..10).all(|_| goes_on(after(&mut tries, &failed, &policy))));
        }
        let failed = failed(RetryClass::AfterReset, Delivery::NotProcessed, true);
        let mut next = || after(&mut tries, &failed, &policy);
        assert!(goes_on(next()) && goes_on(next()));
        assert_eq!(next(), Next::GivenUp);
    }

    #[test]
    fn a_named_time_that_is_too_long_ends_a_call_or_is_cut_if_it_does_not_count() {
        let policy = RetryPolicy::default().max_delay(SECOND).max_wait(60 * SECOND);
        let next = |class, counts| {
            let failed = Failed {
                retry_after: Some(600 * SECOND),
                ..failed(class, Delivery::NotProcessed, counts)
            };
            after(&mut Tries::default(), &failed, &policy)
        };
        assert_eq!(next(RetryClass::Backoff, true), Next::GivenUp);
        assert_eq!(next(RetryClass::AfterReset, true), Next::GivenUp);
        assert!(matches!(next(RetryClass::Backoff, false), Next::Again { pause, .. } if pause == 60 * SECOND));
        // The permit waits for a reset.
        assert!(matches!(next(RetryClass::AfterReset, false), Next::Again { pause, .. } if pause <= SECOND));
    }

    #[test]
    fn a_passing_fault_spends_a_shared_retry_and_a_spent_quota_does_not() {
        let policy = RetryPolicy::default().budget(1);
        let budget = RetryBudget::new(&policy);
        let next = |class, counts| {
            let failed = failed(class, Delivery::NotProcessed, counts);
            Tries::default().after(&failed, &policy, &budget)
        };
        assert!(
            BOTH.into_iter()
                .all(|counts| goes_on(next(RetryClass::AfterReset, counts)))
        );
        assert!(goes_on(next(RetryClass::Backoff, true)));
        for counts in BOTH {
            assert!(matches!(
                next(RetryClass::Backoff, counts),
                Next::Again { in_budget: false, .. }
            ));
            assert!(goes_on(next(RetryClass::AfterReset, counts)));
        }
    }
}
