//! The quota of a group.

use std::{ops::Range, time::Duration};

use dfinery::{Operation, Timestamp, tables::RateLimit};
use dfinery_emulator::Window;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer as _},
};

use crate::bench::{Bench, TOPIC, ended, until};

#[tokio::test(flavor = "multi_thread")]
async fn all_members_together_never_spend_more_than_the_quota() {
    let quota = RateLimit {
        requests: 40,
        period: Duration::from_secs(1),
        concurrent: None,
    };
    let bench = Bench::with_quota(4, quota).await;
    bench.emulator.settings(|settings| settings.window = Window::Sliding);
    identities(&bench, 0..80).await;
    let mut first = bench.start(bench.load()).await;
    until(|| first.receipt().accepted > 0).await;
    let mut second = bench.start(bench.load()).await;
    until(|| second.receipt().partitions > 0).await;
    // There is work for more than a period, so each spends all that it may.
    identities(&bench, 80..480).await;
    until(|| second.receipt().accepted > 0).await;
    let mut third = bench.start(bench.load()).await;
    until(|| third.receipt().partitions > 0).await;
    identities(&bench, 480..880).await;
    until(|| bench.emulator.ledger().requests(Operation::UpsertIdentity).count() >= 880).await;
    for member in [&mut first, &mut second, &mut third] {
        member.stopper().stop();
        let receipt = ended(member).await;
        assert!(receipt.accepted > 0 && receipt.rate_limited == 0, "{receipt:?}");
    }
}

/// Some brokers keep no metadata, and other programs write none.
#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_see_when_its_group_spent_quota_waits_for_a_period() {
    let quota = RateLimit {
        requests: 40,
        // Longer than joining takes.
        period: Duration::from_secs(15),
        concurrent: None,
    };
    let bench = Bench::with_quota(4, quota).await;
    identities(&bench, 0..10).await;
    let mut committed = TopicPartitionList::new();
    committed.add_partition_offset(TOPIC, 0, Offset::Offset(2)).unwrap();
    bench.consumer().commit(&committed, CommitMode::Sync).unwrap();
    let began = Timestamp::now().to_jiff().as_millisecond();
    let receipt = bench.load_all().await;
    assert_eq!((receipt.accepted, receipt.unread_bitmaps), (8, 1));
    let ledger = bench.emulator.ledger();
    let first = ledger.requests(Operation::UpsertIdentity).next().unwrap();
    assert!(first.received.to_jiff().as_millisecond() >= began + 15_000);
}

/// Each is a call of its own.
async fn identities(bench: &Bench, users: Range<i32>) {
    for user in users {
        let identity = format!(r#"{{"identity":{{"external_id":"user-{user}"}}}}"#);
        bench.send(user % 4, Some(&identity)).await;
    }
}
