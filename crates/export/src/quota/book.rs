//! What is written of a quota.

use std::time::Duration;

use dfinery::tables::RateLimit;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The calls of the last period, and what the server said last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Book {
    /// The calls, each with the moment from which on it counts for a period.
    calls: Vec<Call>,
    told: Option<Told>,
    next_id: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Call {
    id: u64,
    at: Timestamp,
    answered: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    left: u64,
    until: Timestamp,
    /// Not the server's word: one call is to find out what is left after a reset.
    probing: bool,
}

/// Whether a call may be made.
pub(super) enum State {
    Free,
    /// Once the answer to another call has shown what is left.
    Probing,
    SpentUntil(Timestamp),
}

impl Book {
    /// How long a call that finds out what is left is waited for: its process may have been killed.
    const PROBE: Duration = Duration::from_secs(60);

    pub(super) fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    pub(super) fn to_text(&self) -> Vec<u8> {
        // Numbers and times can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A book about calls that nobody knows: all of them may just have been made.
    pub(super) fn unknown(now: Timestamp, limit: &RateLimit) -> Self {
        let calls = (0..u64::from(limit.requests)).map(|id| Call {
            id,
            at: now,
            answered: true,
        });
        Self {
            calls: calls.collect(),
            told: None,
            next_id: limit.requests.into(),
        }
    }

    /// Drops what no longer counts. What seems to be later than now was written before the clock was put back: it counts
    /// from now on.
    pub(super) fn forget(&mut self, now: Timestamp, limit: &RateLimit, reserve: u32) {
        for call in &mut self.calls {
            call.at = call.at.min(now);
        }
        self.calls.retain(|call| after(call.at, lifetime(limit)) > now);
        let latest = after(now, limit.period);
        if let Some(told) = &mut self.told {
            told.until = told.until.min(latest);
        }
        if self.told.as_ref().is_some_and(|told| told.until <= now) {
            // The server has begun a new period, or forgotten at least one call.
            self.told = Some(Told {
                left: u64::from(reserve) + 1,
                until: after(now, limit.period.min(Self::PROBE)),
                probing: true,
            });
        }
    }

    /// Whether a call may be made.
    pub(super) fn state(&self, now: Timestamp, limit: &RateLimit, reserve: u32) -> State {
        if self.left(limit, reserve) > 0 {
            return State::Free;
        }
        State::SpentUntil(match &self.told {
            Some(told) if told.probing => return State::Probing,
            Some(told) => told.until,
            None => {
                let mut ends: Vec<_> = self.calls.iter().map(|call| after(call.at, lifetime(limit))).collect();
                ends.sort_unstable();
                // As many calls must leave the window as there are too many.
                let most = limit.requests.saturating_sub(reserve).max(1) as usize;
                let place = ends.len().saturating_sub(most);
                ends.get(place).copied().unwrap_or_else(|| after(now, limit.period))
            }
        })
    }

    pub(super) fn left(&self, limit: &RateLimit, reserve: u32) -> u64 {
        let left = match &self.told {
            Some(told) => told.left,
            None => u64::from(limit.requests).saturating_sub(self.calls.len() as u64),
        };
        left.saturating_sub(reserve.into())
    }

    pub(super) fn reserve(&mut self, now: Timestamp) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.calls.push(Call {
            id,
            at: now,
            answered: false,
        });
        if let Some(told) = &mut self.told {
            told.left = told.left.saturating_sub(1);
        }
        id
    }

    /// The server has counted a call by now at the latest.
    pub(super) fn answered(&mut self, id: u64, now: Timestamp) {
        // An answer that says nothing of the quota leaves our own count.
        self.told = self.told.take().filter(|told| !told.probing);
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.at = now;
            call.answered = true;
        }
    }

    /// Calls that the server may not have counted yet, those of killed processes included.
    pub(super) fn unanswered(&self) -> u64 {
        self.calls.iter().filter(|call| !call.answered).count() as u64
    }

    pub(super) fn told(
        &mut self,
        remaining: u64,
        under_way: u64,
        reset: Option<Timestamp>,
        now: Timestamp,
        period: Duration,
    ) {
        let until = reset.unwrap_or_else(|| after(now, period)).min(after(now, period));
        self.told = Some(Told {
            left: remaining.saturating_sub(under_way),
            until,
            probing: false,
        });
    }
}

/// How long a call counts: a killed process may have sent it a little after it was noted.
fn lifetime(limit: &RateLimit) -> Duration {
    limit.period.saturating_add(limit.period / 600)
}

fn after(time: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
