//! A member's share of the quota that its group spends.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use dfinery::{ImportClient, Operation, engine::Engine};

/// The quotas of the client, divided by partitions: what all members have together is never more than the quota.
pub(crate) struct Share {
    client: ImportClient,
    quotas: [(Operation, u32); 3],
    /// The longest period of them.
    pub(crate) period: Duration,
    /// The partitions that count, and all, as they were set last.
    set: AtomicU64,
}

impl Share {
    pub(crate) fn new(client: &ImportClient) -> Self {
        let engine = Engine::of(client);
        let operations = [
            Operation::LoadEvents,
            Operation::UpsertIdentity,
            Operation::UpsertUserProfile,
        ];
        let share = Self {
            client: client.clone(),
            quotas: operations.map(|operation| (operation, engine.rate_limit(operation).requests)),
            period: operations
                .map(|operation| engine.rate_limit(operation).period)
                .into_iter()
                .max()
                .unwrap_or_default(),
            set: AtomicU64::new(u64::MAX),
        };
        share.set(0, 1);
        share
    }

    pub(crate) fn set(&self, partitions: u32, of: u32) {
        let (partitions, of) = (u64::from(partitions.min(of)), u64::from(of.max(1)));
        let now = partitions << 32 | of;
        if self.set.swap(now, Relaxed) == now {
            return;
        }
        let engine = Engine::of(&self.client);
        for (operation, requests) in self.quotas {
            let requests = u64::from(requests) * partitions / of;
            engine.allow(operation, u32::try_from(requests).unwrap_or(u32::MAX));
        }
    }

    /// The part that may be spent now, from 0 to 1.
    pub(crate) fn part(&self) -> f64 {
        let set = self.set.load(Relaxed);
        let half = |bits: u64| f64::from(u32::try_from(bits).unwrap_or(u32::MAX));
        half(set >> 32) / half(set & u64::from(u32::MAX))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(1, 1);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One that makes no calls.
    pub(crate) fn client() -> ImportClient {
        let builder = ImportClient::builder().base_url("http://127.0.0.1:1");
        builder.service_id("a").token("a").build().unwrap()
    }

    #[tokio::test]
    async fn the_client_has_its_whole_quota_again_once_the_load_is_gone() {
        let client = client();
        let is_allowed = async || {
            let permit = Engine::of(&client).permit(Operation::LoadEvents, Duration::ZERO);
            permit.await.is_some()
        };
        let share = Share::new(&client);
        assert!(!is_allowed().await);
        drop(share);
        assert!(is_allowed().await);
    }
}
