//! Members that come and go.

use std::time::Duration;

use dfinery::tables::RateLimit;
use dfinery_emulator::{Fault, FaultRate};
use dfinery_kafka::RunningLoad;

use crate::bench::{Bench, ended, id, until};

/// Redpanda Connect lost what was in its batchers when partitions were revoked.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_come_and_go_lose_nothing_unlike_redpanda_connect() {
    const MESSAGES: u64 = 1_500;
    let bench = Bench::new(6).await;
    bench.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_millis(30))],
    });
    bench.produce(0..500, 6).await;
    let mut first = bench.start(bench.load()).await;
    until(|| first.receipt().accepted > 0).await;
    let mut second = bench.start(bench.load()).await;
    until(|| share_all(&[&first, &second])).await;
    bench.produce(500..1_000, 6).await;
    until(|| second.receipt().accepted > 0).await;
    let mut third = bench.start(bench.load()).await;
    until(|| share_all(&[&first, &second, &third])).await;
    bench.produce(1_000..MESSAGES, 6).await;
    first.stopper().stop();
    let first = ended(&mut first).await;
    until(|| share_all(&[&second, &third])).await;
    until(|| bench.taken().len() as u64 == MESSAGES).await;
    second.stopper().stop();
    let second = ended(&mut second).await;
    until(|| share_all(&[&third])).await;
    until(|| third.receipt().in_flight == 0).await;
    third.stopper().stop();
    let third = ended(&mut third).await;

    let receipts = format!("{first:?}\n{second:?}\n{third:?}");
    let taken = bench.taken();
    assert!(
        (0..MESSAGES).all(|number| taken.contains_key(&id(number))),
        "{receipts}"
    );
    let committed: i64 = bench.committed(6).values().sum();
    assert_eq!(committed, i64::try_from(MESSAGES).unwrap(), "{receipts}");
    let lost = [&first, &second, &third].map(|receipt| (receipt.lost_partitions, receipt.late));
    assert_eq!(lost, [(0, 0); 3]);
    // All of them were drained in time. Only a commit that the group refused, as it does while others join, lets the next
    // owner send messages again.
    if [&first, &second, &third]
        .iter()
        .all(|receipt| receipt.failed_commits == 0)
    {
        assert!(taken.values().all(|times| *times == 1), "{receipts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_moves_only_when_its_messages_in_flight_are_settled() {
    let bench = Bench::new(2).await;
    bench.produce(0..40, 2).await;
    bench.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_secs(10))],
    });
    let mut first = bench.start(bench.load()).await;
    until(|| first.receipt().in_flight == 40).await;
    let mut second = bench.start(bench.load()).await;
    until(|| second.receipt().partitions == 1).await;
    for member in [&mut first, &mut second] {
        member.stopper().stop();
        let receipt = ended(member).await;
        assert_eq!((receipt.lost_partitions, receipt.late), (0, 0), "{receipt:?}");
    }
    // Some may have been sent again. While its members join, the mock cluster takes no commits, as Apache Kafka does, and it waits
    // for them for less than a session only, not for `max.poll.interval.ms`. A member that drains longer wakes up in an old
    // generation: its commit is refused, and the next owner sends what was settled. Each rebalance can do so once more.
    assert_eq!(bench.taken().len(), 40);
}

/// What waits for the quota would hold a rebalance up for minutes, and be sent by both members in the end.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_for_the_quota_move_with_their_partition() {
    let quota = RateLimit {
        requests: 100,
        period: Duration::from_secs(3_600),
        concurrent: None,
    };
    let bench = Bench::with_quota(2, quota).await;
    for user in 0..400 {
        let identity = format!(r#"{{"identity":{{"external_id":"user-{user}"}}}}"#);
        bench.send(user % 2, Some(&identity)).await;
    }
    let mut first = bench.start(bench.load()).await;
    until(|| first.receipt().accepted == 100).await;
    let mut second = bench.start(bench.load()).await;
    until(|| second.receipt().partitions == 1).await;
    let receipt = first.receipt();
    assert_eq!((receipt.lost_partitions, receipt.late), (0, 0), "{receipt:?}");
    assert!(receipt.undelivered > 100 && receipt.stopped.is_none(), "{receipt:?}");
    for member in [&mut first, &mut second] {
        member.stopper().stop();
        ended(member).await;
    }
    assert_eq!(bench.emulator.ledger().identities().len(), 100);
}

/// Whether these members have all partitions, and each has one.
fn share_all(members: &[&RunningLoad]) -> bool {
    let shares: Vec<_> = members.iter().map(|member| member.receipt().partitions).collect();
    shares.iter().sum::<u32>() == 6 && shares.iter().all(|share| *share > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_a_partition_ends_when_there_is_nothing_for_it() {
    let bench = Bench::new(1).await;
    bench.produce(0..50, 1).await;
    let mut first = bench.start(bench.load()).await;
    until(|| first.receipt().accepted == 50).await;
    let mut second = bench.start(bench.load().until_caught_up(true)).await;
    let receipt = ended(&mut second).await;
    assert_eq!(receipt.read, 0);
    first.stopper().stop();
    ended(&mut first).await;
}
