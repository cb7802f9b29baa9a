//! The places of the calls of a family that are under way: a call takes one before it is sent, and gives it back when
//! it ends or rests.

use std::sync::Mutex;

use tokio::sync::Notify;

use crate::{concurrency::Concurrency, lock::lock};

/// As many places as the limit of concurrency allows at the time.
pub(crate) struct Places {
    pub(crate) concurrency: Concurrency,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Calls that have rested and wait for a place. They come before new calls.
    returning: usize,
}

/// A place, free again when it is dropped.
pub(crate) struct Place<'a>(&'a Places);

impl Places {
    pub(crate) fn new(concurrency: Concurrency) -> Self {
        Self {
            concurrency,
            state: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// Takes a place for a new call. After `true`, the caller must [hold](Self::hold) it or [give](Self::give) it back.
    pub(crate) fn take_new(&self) -> bool {
        let limit = self.concurrency.limit();
        let mut state = lock(&self.state);
        let free = state.returning == 0 && state.taken < limit;
        state.taken += usize::from(free);
        free
    }

    /// The guard of a place that was taken for a new call.
    pub(crate) fn hold(&self) -> Place<'_> {
        Place(self)
    }

    /// Gives back a place that was taken for a new call.
    pub(crate) fn give(&self) {
        lock(&self.state).taken -= 1;
        self.freed.notify_one();
    }

    /// Waits for a place for a call that has rested.
    pub(crate) async fn take_again(&self) -> Place<'_> {
        let returning = Returning::new(self);
        loop {
            {
                let limit = self.concurrency.limit();
                let mut state = lock(&self.state);
                if state.taken < limit {
                    state.taken += 1;
                    break;
                }
            }
            self.freed.notified().await;
        }
        drop(returning);
        // The limit may have grown by more than one.
        self.freed.notify_one();
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// Counts a call that waits for a place, even if it stops waiting.
struct Returning<'a>(&'a Places);

impl<'a> Returning<'a> {
    fn new(places: &'a Places) -> Self {
        lock(&places.state).returning += 1;
        Self(places)
    }
}

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).returning -= 1;
        // It may have been woken and left without taking the place.
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dfinery::tables::RateLimit;
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_rests_holds_no_place_and_returns_before_new_ones() {
        let quota = RateLimit {
            requests: 1_000,
            period: Duration::from_secs(60),
            concurrent: None,
        };
        let places = Places::new(Concurrency::new(quota, 2));
        assert!(places.take_new() && places.take_new() && !places.take_new());
        let (resting, other) = (places.hold(), places.hold());
        drop(resting);
        assert!(places.take_new() && !places.take_new());
        let mut again = Box::pin(places.take_again());
        assert!((&mut again).now_or_never().is_none());
        drop(other);
        assert!(!places.take_new());
        let again = again.now_or_never();
        assert!(again.is_some() && !places.take_new());
        drop(again);
        assert!(places.take_new());
    }
}
