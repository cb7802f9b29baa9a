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
    state: Seen,
}

/// Whether what the server said is left counts a call already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Seen {
    /// It is under way, or its process was killed.
    UnderWay,
    /// It ended without a word on the quota.
    Unknown,
    Counted,
}

/// What the server said is left until a reset.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// The least of its answers: they may arrive in another order than it gave them.
    remaining: u64,
    until: Timestamp,
    /// Not the server's word: one call is to find out what is left after a reset.
    probing: bool,
}

/// Whether a call may be made.
pub(super) enum State {
    Free,
    /// The answers to other calls are to show what is left.
    Unclear,
    SpentUntil(Timestamp),
}

impl Book {
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
            state: Seen::Counted,
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
            for call in &mut self.calls {
                call.state = Seen::Counted;
            }
            self.told = Some(Told {
                remaining: u64::from(reserve) + 1,
                until: latest,
                probing: true,
            });
        }
    }

    /// Whether a call may be made, while other calls are under way or not.
    pub(super) fn state(&self, now: Timestamp, limit: &RateLimit, reserve: u32, others: bool) -> State {
        // The process of a call that was to find out what is left may have been killed.
        let nobody_asks = !others && self.told.as_ref().is_some_and(|told| told.probing);
        if nobody_asks || self.left(limit, reserve) > 0 {
            return State::Free;
        }
        if others && self.told.as_ref().is_some_and(|told| told.remaining > reserve.into()) {
            return State::Unclear;
        }
        State::SpentUntil(match &self.told {
            Some(told) => told.until,
            None => self.window_ends(now, limit, reserve),
        })
    }

    /// When enough calls have left our own window.
    fn window_ends(&self, now: Timestamp, limit: &RateLimit, reserve: u32) -> Timestamp {
        let mut ends: Vec<_> = self.calls.iter().map(|call| after(call.at, lifetime(limit))).collect();
        ends.sort_unstable();
        let most = limit.requests.saturating_sub(reserve).max(1) as usize;
        let place = ends.len().saturating_sub(most);
        ends.get(place).copied().unwrap_or_else(|| after(now, limit.period))
    }

    /// How many calls are left; those that the server may have counted or not are taken off.
    pub(super) fn left(&self, limit: &RateLimit, reserve: u32) -> u64 {
        let left = match &self.told {
            Some(told) => {
                let unclear = self.calls.iter().filter(|call| call.state != Seen::Counted).count();
                told.remaining.saturating_sub(unclear as u64)
            }
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
            state: Seen::UnderWay,
        });
        id
    }

    /// A call has ended: the server has counted it by now at the latest.
    pub(super) fn answered(&mut self, id: u64, now: Timestamp) {
        // An answer that says nothing of the quota leaves our own count.
        self.told = self.told.take().filter(|told| !told.probing);
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.at = now;
            call.state = Seen::Unknown;
        }
    }

    /// What the server says in the answer to a call counts that call, and those that had ended before: all that are not
    /// under way, of which there are this many.
    pub(super) fn counted(&mut self, id: u64, under_way: u64) {
        let open = self.calls.iter().filter(|call| call.state == Seen::UnderWay).count() as u64;
        let mut killed = open.saturating_sub(under_way);
        for call in self.calls.iter_mut().filter(|call| call.id <= id) {
            match call.state {
                Seen::Counted => continue,
                Seen::UnderWay if killed == 0 => continue,
                Seen::UnderWay => killed -= 1,
                Seen::Unknown => {}
            }
            call.state = Seen::Counted;
        }
    }

    /// The server said how many calls are left until a reset.
    pub(super) fn told(&mut self, remaining: u64, reset: Option<Timestamp>, now: Timestamp, period: Duration) {
        let latest = after(now, period);
        let told = self.told.take().filter(|told| !told.probing);
        let until = match (reset, &told) {
            // A reset in whole seconds may have been cut off.
            (Some(reset), _) if reset.subsec_nanosecond() == 0 => after(reset, Duration::from_secs(1)).min(latest),
            (Some(reset), _) => reset.min(latest),
            (None, Some(told)) => told.until,
            (None, None) => latest,
        };
        self.told = Some(match told {
            // An answer from before a reset says nothing about the time after it.
            Some(told) if told.until > until => told,
            Some(told) if told.until == until => Told {
                remaining: told.remaining.min(remaining),
                ..told
            },
            _ => Told {
                remaining,
                until,
                probing: false,
            },
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
