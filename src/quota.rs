//! Our own count of what each family's quota has left, so that it is spent fully and never overspent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::{retry::YEAR, rows::RateLimit};

/// The quota of one family, shared by all clones of a client.
pub(crate) struct Quota {
    limit: RateLimit,
    window: Arc<Mutex<Window>>,
    /// Tells waiting callers that the server allows more than it seemed to.
    eased: Notify,
    /// Held while waiting, so that callers are served in the order in which they came.
    turn: tokio::sync::Mutex<()>,
    concurrent: Option<Arc<Semaphore>>,
}

/// Permission to send one request; a limit on concurrency counts it until it is dropped.
pub struct Permit {
    _place: Option<OwnedSemaphorePermit>,
    /// The window in which the request has not been counted yet.
    window: Option<Arc<Mutex<Window>>>,
}

impl Permit {
    /// For a request that is counted elsewhere.
    #[cfg(feature = "_engine")]
    pub(crate) fn uncounted() -> Self {
        Self {
            _place: None,
            window: None,
        }
    }

    /// The server has answered, so it has counted the request: it stays in our own count for one period from now on.
    ///
    /// If it were counted from when it was sent, a request that took long to arrive would leave our count before the
    /// server's.
    pub(crate) fn answered(&mut self) {
        if let Some(window) = self.window.take() {
            lock(&window).count(Instant::now());
        }
    }
}

#[cfg(any(feature = "_engine", test))]
impl Permit {
    /// Nothing was sent with it, so nothing is counted.
    pub fn unused(mut self) {
        if let Some(window) = self.window.take() {
            lock(&window).give_back();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.answered();
    }
}

/// The wait would be longer than allowed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// The quota is free again after this time.
    Until(Duration),
    /// The limit of concurrent requests is reached.
    Busy,
}

impl Quota {
    pub(crate) fn new(mut limit: RateLimit) -> Self {
        limit.period = limit.period.min(YEAR);
        Self {
            limit,
            window: Arc::new(Mutex::new(Window::new(limit))),
            eased: Notify::new(),
            turn: tokio::sync::Mutex::new(()),
            concurrent: limit
                .concurrent
                .map(|places| Arc::new(Semaphore::new((places as usize).clamp(1, Semaphore::MAX_PERMITS)))),
        }
    }

    /// Waits for permission to send a request, but no longer than `longest`.
    pub(crate) async fn permit(&self, longest: Duration) -> Result<Permit, Spent> {
        let deadline = Instant::now() + longest;
        let Ok(_turn) = timeout_at(deadline, self.turn.lock()).await else {
            return Err(self.spent());
        };
        loop {
            // No place is taken while waiting for the quota, and nothing is counted while waiting for a place.
            let free = self.window().free(Instant::now());
            match free {
                Some(free) if free > deadline => return Err(self.spent()),
                Some(free) => {
                    let _ = timeout_at(free, self.eased.notified()).await;
                    continue;
                }
                None => {}
            }
            let place = match &self.concurrent {
                None => None,
                Some(places) => match timeout_at(deadline, Arc::clone(places).acquire_owned()).await {
                    Ok(Ok(place)) => Some(place),
                    _ => return Err(Spent::Busy),
                },
            };
            if self.window().take(Instant::now()) {
                return Ok(Permit {
                    _place: place,
                    window: Some(Arc::clone(&self.window)),
                });
            }
        }
    }

    /// Stops the family for a while, because the server said that its quota is spent.
    ///
    /// Never for longer than one period: a reset further away is a wrong clock or a wrong unit, and one attempt will
    /// show it.
    pub(crate) fn pause(&self, time: Duration) {
        let until = Instant::now() + time.min(self.limit.period);
        let mut window = self.window();
        window.paused_until = window.paused_until.max(Some(until));
    }

    /// Takes the server's word for how many requests it will take until the quota is reset, if that is fewer than our own
    /// count allows: other programs may spend the same quota.
    pub(crate) fn told(&self, remaining: u64, until_reset: Duration) {
        let until = Instant::now() + until_reset.min(self.limit.period);
        self.window().told(remaining, until);
        self.eased.notify_one();
    }

    /// Counts requests that were sent so long ago, such as by an earlier run of the same program.
    #[cfg(any(feature = "_engine", test))]
    pub(crate) fn was_spent(&self, requests: u32, ago: Duration) {
        let now = Instant::now();
        self.window().answered_at(now.checked_sub(ago).unwrap_or(now), requests);
    }

    /// Changes how many requests our own count lets through in a period; none if it is 0.
    #[cfg(feature = "_engine")]
    pub(crate) fn allow(&self, requests: u32) {
        self.window().requests = requests;
        self.eased.notify_one();
    }

    /// What the family allows.
    pub(crate) const fn limit(&self) -> RateLimit {
        self.limit
    }

    fn spent(&self) -> Spent {
        let now = Instant::now();
        match self.window().free(now) {
            Some(free) => Spent::Until(free - now),
            None => Spent::Busy,
        }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        lock(&self.window)
    }
}

/// A sliding window, counted in slots: wherever the server's own windows begin, no stretch of one period holds more
/// requests than the quota.
struct Window {
    requests: u32,
    period: Duration,
    /// Sent and not answered yet.
    in_flight: u32,
    /// When each slot began and what was answered in it, the oldest first; at most `SLOTS` + 1.
    slots: VecDeque<(Instant, u32)>,
    answered: u32,
    paused_until: Option<Instant>,
    /// Until when the server takes at most this many further requests.
    told: Option<(Instant, u64)>,
}

impl Window {
    /// Slots in a period: a request counts for up to 1/600 of a period longer than it needs to.
    const SLOTS: u32 = 600;

    fn new(limit: RateLimit) -> Self {
        Self {
            requests: limit.requests.max(1),
            period: limit.period,
            in_flight: 0,
            slots: VecDeque::new(),
            answered: 0,
            paused_until: None,
            told: None,
        }
    }

    /// Takes one request out of the quota, if there is room for it.
    fn take(&mut self, now: Instant) -> bool {
        if self.free(now).is_some() {
            return false;
        }
        self.in_flight += 1;
        if let Some((_, left)) = &mut self.told {
            *left = left.saturating_sub(1);
        }
        true
    }

    /// A request that was taken out is not sent.
    #[cfg(any(feature = "_engine", test))]
    fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some((_, left)) = &mut self.told {
            *left = left.saturating_add(1);
        }
    }

    /// A request that was taken out has been answered.
    fn count(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let width = self.period / Self::SLOTS;
        match self.slots.back_mut() {
            Some((began, answered)) if now < *began + width => *answered += 1,
            _ => self.slots.push_back((now, 1)),
        }
        self.answered += 1;
    }

    /// Requests were answered before, maybe before others that are counted already.
    #[cfg(any(feature = "_engine", test))]
    fn answered_at(&mut self, then: Instant, requests: u32) {
        let place = self.slots.partition_point(|(began, _)| *began <= then);
        self.slots.insert(place, (then, requests));
        self.answered = self.answered.saturating_add(requests);
    }

    /// Requests in flight may or may not be counted in `remaining` already: subtracting them is the safe reading, and
    /// their answers will show.
    fn told(&mut self, remaining: u64, until: Instant) {
        self.told = Some((until, remaining.saturating_sub(self.in_flight.into())));
    }

    /// When there will be room for a request; `None` if there is.
    fn free(&mut self, now: Instant) -> Option<Instant> {
        let lifetime = self.period + self.period / Self::SLOTS;
        while let Some((began, answered)) = self.slots.front().copied()
            && began + lifetime <= now
        {
            self.slots.pop_front();
            self.answered -= answered;
        }
        self.paused_until = self.paused_until.filter(|until| *until > now);
        self.told = self.told.filter(|(until, _)| *until > now);
        let window =
            (self.answered.saturating_add(self.in_flight) >= self.requests).then(|| match self.slots.front() {
                Some((began, _)) => *began + lifetime,
                // All of the quota is in flight: the first answer starts the period that must pass.
                None => now + self.period / Self::SLOTS,
            });
        let told = self.told.filter(|(_, left)| *left == 0).map(|(until, _)| until);
        window.max(self.paused_until).max(told)
    }
}

/// Locks the mutex even if a thread panicked while holding it: a window is consistent after every statement.
fn lock(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(requests: u32, concurrent: Option<u32>) -> RateLimit {
        RateLimit {
            requests,
            period: Duration::from_secs(60),
            concurrent,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_stretch_of_a_period_holds_more_than_the_quota_and_no_time_is_wasted() {
        let quota = Quota::new(limit(100, None));
        let start = Instant::now();
        let mut sent = Vec::new();
        for n in 0..1_000_u64 {
            quota.permit(Duration::from_secs(120)).await.unwrap();
            sent.push(Instant::now());
            tokio::time::advance(Duration::from_millis(n * 37 % 900)).await;
        }
        for pair in sent.windows(101) {
            assert!(pair[100] - pair[0] >= Duration::from_secs(60));
        }
        assert!(start.elapsed() < Duration::from_secs(60 * 11));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_counts_for_a_period_from_its_answer_on() {
        let quota = Quota::new(limit(1, None));
        let mut slow = quota.permit(Duration::ZERO).await.unwrap();
        tokio::time::advance(Duration::from_secs(30)).await;
        slow.answered();
        let answered = Instant::now();
        quota.permit(Duration::from_secs(120)).await.unwrap();
        assert!(answered.elapsed() >= Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_that_is_not_used_spends_nothing() {
        let quota = Quota::new(limit(1, None));
        quota.permit(Duration::ZERO).await.unwrap().unused();
        drop(quota.permit(Duration::ZERO).await.unwrap());
        assert!(quota.permit(Duration::ZERO).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_run_has_spent_counts_until_its_period_is_over() {
        let quota = Quota::new(limit(10, None));
        quota.permit(Duration::ZERO).await.unwrap();
        quota.was_spent(4, Duration::from_secs(50));
        quota.was_spent(3, Duration::from_secs(20));
        quota.was_spent(7, Duration::from_secs(70));
        let start = Instant::now();
        let mut waited = Vec::new();
        for _ in 0..8 {
            quota.permit(Duration::from_secs(60)).await.unwrap();
            waited.push(start.elapsed().as_secs());
        }
        assert_eq!(waited, [0, 0, 10, 10, 10, 10, 40, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_says_is_left_is_kept_to_until_its_reset() {
        let quota = Quota::new(limit(10, None));
        let _in_flight = quota.permit(Duration::ZERO).await.unwrap();
        quota.told(2, Duration::from_secs(30));
        let start = Instant::now();
        let mut waited = Vec::new();
        for _ in 0..3 {
            quota.permit(Duration::from_secs(40)).await.unwrap();
            waited.push(start.elapsed().as_secs());
        }
        assert_eq!(waited, [0, 30, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_too_long_is_refused_and_says_how_long_it_would_be() {
        let quota = Quota::new(limit(1, None));
        quota.permit(Duration::ZERO).await.unwrap();
        let Err(Spent::Until(wait)) = quota.permit(Duration::from_secs(1)).await else {
            panic!("the quota was spent")
        };
        assert!(wait > Duration::from_secs(59) && wait < Duration::from_secs(61));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everyone_back_but_never_longer_than_a_period() {
        let quota = Quota::new(limit(10, None));
        quota.pause(Duration::from_secs(86_400));
        let start = Instant::now();
        quota.permit(Duration::from_secs(120)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn extreme_settings_are_no_panic() {
        for (requests, period) in [(0, Duration::ZERO), (1, Duration::MAX), (u32::MAX, Duration::MAX)] {
            let quota = Quota::new(RateLimit {
                requests,
                period,
                concurrent: Some(u32::MAX),
            });
            quota.pause(Duration::MAX);
            let longest = crate::RetryPolicy::default().max_wait(Duration::MAX).longest_wait();
            assert!(quota.permit(longest).await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_again_when_its_permit_is_dropped() {
        let quota = Quota::new(limit(10, Some(1)));
        let first = quota.permit(Duration::ZERO).await.unwrap();
        assert_eq!(quota.permit(Duration::from_secs(5)).await.err(), Some(Spent::Busy));
        drop(first);
        assert!(quota.permit(Duration::ZERO).await.is_ok());
    }
}
