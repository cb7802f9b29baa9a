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
    pub(crate) blame: Blame,
}

/// What a failed attempt counts against, and so how long to go on.
#[cfg_attr(
    not(feature = "_engine"),
    allow(dead_code, reason = "a client alone has no calls to compare with")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A call on its own: the attempts and the longest wait of the policy.
    Alone,
    /// A call of a load in which others succeed meanwhile: it is tried four times as often as the policy allows, since
    /// some failures by chance are likely among many calls, and sooner, since the service works.
    Call {
        /// The longest time to wait because the answer asks for it.
        longest: Duration,
    },
    /// The service: its quota is spent, or other calls fail too. The call is not given up for it.
    Service {
        /// The longest time to wait because the answer asks for it.
        longest: Duration,
    },
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// No further attempt: the same request would fail again.
    Refused,
    /// No further attempt: it was tried often enough, or the wait would be too long.
    GivenUp,
    /// No further attempt: it might be taken twice, which the policy forbids.
    MayBeThere,
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
                return Next::MayBeThere;
            }
            RetryClass::AfterReset => &mut self.refusals,
            RetryClass::Backoff => &mut self.failures,
        };
        *tries = tries.saturating_add(1);
        let pause = match failed.blame {
            Blame::Alone => {
                self.counted = self.counted.saturating_add(1);
                policy.pause(failed.class, self.counted, failed.retry_after)
            }
            Blame::Call { longest } => {
                self.counted = self.counted.saturating_add(1);
                let named = failed.retry_after.unwrap_or_default().min(longest);
                policy.pause_among_others(self.counted).map(|pause| pause.max(named))
            }
            // The next permit waits for the reset. If it was named wrongly, or not at all, the pauses grow.
            Blame::Service { .. } if failed.class == RetryClass::AfterReset => Some(policy.draw(*tries)),
            Blame::Service { longest } => {
                let named = failed.retry_after.unwrap_or_default().min(longest);
                Some(policy.draw(*tries).max(named))
            }
        };
        let Some(pause) = pause else {
            return Next::GivenUp;
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
    const LONGEST: Duration = Duration::from_secs(300);
    const CALL: Blame = Blame::Call { longest: LONGEST };
    const SERVICE: Blame = Blame::Service { longest: LONGEST };
    const ALL: [Blame; 3] = [Blame::Alone, CALL, SERVICE];

    fn failed(class: RetryClass, delivery: Delivery, blame: Blame) -> Failed {
        Failed {
            operation: Operation::LoadEvents,
            class,
            delivery,
            retry_after: None,
            blame,
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
        for blame in ALL {
            let next = |failed: Failed, policy: &RetryPolicy| after(&mut Tries::default(), &failed, policy);
            let unsure = failed(RetryClass::Backoff, Delivery::Unknown, blame);
            let idempotent = Failed {
                operation: Operation::UpsertIdentity,
                ..unsure
            };
            let refused = failed(RetryClass::Never, Delivery::Unknown, blame);
            let not_processed = failed(RetryClass::Backoff, Delivery::NotProcessed, blame);
            assert_eq!(next(refused, &RetryPolicy::default()), Next::Refused);
            assert_eq!(next(unsure, &careful), Next::MayBeThere);
            assert!(goes_on(next(unsure, &RetryPolicy::default())));
            assert!(goes_on(next(idempotent, &careful)) && goes_on(next(not_processed, &careful)));
        }
    }

    #[test]
    fn a_call_is_given_up_only_for_what_counts_against_it() {
        let policy = RetryPolicy::default().max_attempts(3);
        let mut tries = Tries::default();
        for class in [RetryClass::Backoff, RetryClass::AfterReset] {
            let failed = failed(class, Delivery::NotProcessed, SERVICE);
            assert!((0..10).all(|_| goes_on(after(&mut tries, &failed, &policy))));
        }
        for (blame, attempts) in [(Blame::Alone, 3), (CALL, 12)] {
            let failed = failed(RetryClass::AfterReset, Delivery::NotProcessed, blame);
            let mut tries = Tries::default();
            let goes_on = (0..20).take_while(|_| goes_on(after(&mut tries, &failed, &policy)));
            assert_eq!(goes_on.count() + 1, attempts);
        }
        let failed = failed(RetryClass::Backoff, Delivery::NotProcessed, CALL);
        assert_eq!(
            after(&mut Tries::default(), &failed, &RetryPolicy::never()),
            Next::GivenUp
        );
    }

    #[test]
    fn a_named_time_that_is_too_long_ends_a_single_call_and_is_cut_in_a_load() {
        let policy = RetryPolicy::default().max_delay(SECOND).max_wait(60 * SECOND);
        let next = |class, blame, named| {
            let failed = Failed {
                retry_after: Some(named),
                ..failed(class, Delivery::NotProcessed, blame)
            };
            after(&mut Tries::default(), &failed, &policy)
        };
        for class in [RetryClass::Backoff, RetryClass::AfterReset] {
            assert_eq!(next(class, Blame::Alone, 200 * SECOND), Next::GivenUp);
        }
        for blame in [CALL, SERVICE] {
            for (named, waited) in [(200 * SECOND, 200 * SECOND), (600 * SECOND, LONGEST)] {
                let next = next(RetryClass::Backoff, blame, named);
                assert!(matches!(next, Next::Again { pause, .. } if pause == waited));
            }
        }
        // The permit waits for a reset.
        let next = next(RetryClass::AfterReset, SERVICE, 600 * SECOND);
        assert!(matches!(next, Next::Again { pause, .. } if pause <= SECOND));
    }

    #[test]
    fn a_passing_fault_spends_a_shared_retry_and_a_spent_quota_does_not() {
        let policy = RetryPolicy::default().budget(1);
        let budget = RetryBudget::new(&policy);
        let next = |class, blame| {
            let failed = failed(class, Delivery::NotProcessed, blame);
            Tries::default().after(&failed, &policy, &budget)
        };
        assert!(
            ALL.into_iter()
                .all(|blame| goes_on(next(RetryClass::AfterReset, blame)))
        );
        assert!(goes_on(next(RetryClass::Backoff, CALL)));
        for blame in ALL {
            assert!(matches!(
                next(RetryClass::Backoff, blame),
                Next::Again { in_budget: false, .. }
            ));
            assert!(goes_on(next(RetryClass::AfterReset, blame)));
        }
    }
}
