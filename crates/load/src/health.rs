//! What the attempts of all calls together say about the service.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

/// Whether the service works, and how to find out when it is back.
///
/// A *success* is an answer in which the API itself accepts or refuses a request. The service counts as down after
/// [`DOWN`](Self::DOWN) failures in a row, which chance alone does not bring about while most calls succeed, and before the
/// first success after a single one: the address or the token may be wrong. Then no new calls start, except for a few
/// before the first success, since it may be the fault of the call that failed; and one of the failed ones at a time, the
/// probe, is tried again after a pause that begins small. The first success ends this.
#[derive(Debug)]
pub(crate) struct Health {
    /// When the latest successful attempt began: answers in transit when the service broke down say nothing about later.
    last_success: watch::Sender<Instant>,
    has_succeeded: AtomicBool,
    /// Failed attempts since the last success.
    failures: AtomicU32,
    /// Held by the call that may try while the others wait.
    probe: Semaphore,
    /// Probes since the last success.
    probes: AtomicU32,
    /// Records of calls whose last attempt failed.
    failing: AtomicU64,
}

impl Health {
    const DOWN: u32 = 16;
    /// How many calls at a time find out whether anything succeeds.
    const WITNESSES: usize = 8;

    pub(crate) fn new() -> Self {
        Self {
            last_success: watch::Sender::new(Instant::now()),
            has_succeeded: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            probe: Semaphore::new(1),
            probes: AtomicU32::new(0),
            failing: AtomicU64::new(0),
        }
    }

    /// An attempt that began then was a success.
    pub(crate) fn succeeded(&self, began: Instant) {
        self.has_succeeded.store(true, Relaxed);
        self.failures.store(0, Relaxed);
        self.probes.store(0, Relaxed);
        self.last_success.send_modify(|last| *last = began.max(*last));
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn last_success(&self) -> Instant {
        *self.last_success.borrow()
    }

    /// Whether any attempt of this run was a success.
    pub(crate) fn has_succeeded(&self) -> bool {
        self.has_succeeded.load(Relaxed)
    }

    pub(crate) fn is_down(&self) -> bool {
        let most = if self.has_succeeded() { Self::DOWN } else { 1 };
        self.failures.load(Relaxed) >= most
    }

    /// Whether another call may start while this many have not ended.
    pub(crate) fn may_start(&self, running: usize) -> bool {
        let most = if self.has_succeeded() { 1 } else { Self::WITNESSES };
        running < most || !self.is_down()
    }

    /// How often a probe was made since the last success.
    pub(crate) fn probes(&self) -> u32 {
        self.probes.load(Relaxed)
    }

    /// Waits until some call has succeeded, or until this one may find out whether the service is back. `pause` is the
    /// pause before a probe after this many others.
    pub(crate) async fn until_back(&self, pause: impl Fn(u32) -> Duration) {
        let mut success = self.last_success.subscribe();
        let turn = async {
            let _turn = self.probe.acquire().await;
            let probes = self.probes.fetch_add(1, Relaxed).saturating_add(1);
            tokio::time::sleep(pause(probes)).await;
        };
        tokio::select! {
            () = turn => {}
            _ = success.changed() => {}
        }
    }

    /// How many records are in calls whose last attempt failed.
    pub(crate) fn failing(&self) -> u64 {
        self.failing.load(Relaxed)
    }

    /// Counts the records of a failing call until the guard drops.
    pub(crate) fn fails(&self, records: usize) -> Fails<'_> {
        let records = records as u64;
        self.failing.fetch_add(records, Relaxed);
        Fails { health: self, records }
    }
}

/// The records of a call that fails.
#[derive(Debug)]
pub(crate) struct Fails<'a> {
    health: &'a Health,
    records: u64,
}

impl Drop for Fails<'_> {
    fn drop(&mut self) {
        self.health.failing.fetch_sub(self.records, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_finds_out_whether_the_service_is_back_and_a_success_frees_all() {
        let health = Health::new();
        let start = Instant::now();
        let pause = |probes| Duration::from_secs(1) * probes;
        let waiting = (0..3).map(|_| async {
            health.until_back(pause).await;
            start.elapsed().as_secs()
        });
        let back = async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            health.succeeded(Instant::now());
            0
        };
        let (mut ended, _) = tokio::join!(futures_util::future::join_all(waiting), back);
        ended.sort_unstable();
        assert_eq!(ended, [1, 3, 4]);
        assert_eq!(health.probes(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_mean_that_it_is_down_until_a_success() {
        let health = Health::new();
        assert!(!health.is_down());
        health.failed();
        assert!(health.is_down() && !health.has_succeeded());
        assert!(health.may_start(Health::WITNESSES - 1) && !health.may_start(Health::WITNESSES));
        health.succeeded(Instant::now());
        for _ in 0..Health::DOWN - 1 {
            health.failed();
        }
        assert!(!health.is_down());
        health.failed();
        assert!(health.is_down() && health.may_start(0) && !health.may_start(1));
        health.succeeded(Instant::now());
        assert!(!health.is_down() && health.has_succeeded());
    }
}
