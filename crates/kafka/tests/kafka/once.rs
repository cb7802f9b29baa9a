//! When nothing goes wrong.

use std::collections::HashMap;

use dfinery_kafka::KafkaStop;

use crate::bench::{Bench, ended, id, line, until};

#[tokio::test(flavor = "multi_thread")]
async fn every_message_arrives_once_and_in_the_order_of_its_user() {
    let bench = Bench::new(4).await;
    bench.produce(0..1_000, 4).await;
    let receipt = bench.load_all().await;
    assert!(matches!(receipt.stopped, Some(KafkaStop::CaughtUp)), "{receipt:?}");
    assert_eq!(
        (receipt.accepted, receipt.read, receipt.lag, receipt.gap),
        (1_000, 1_000, Some(0), 0)
    );
    assert_eq!(bench.taken(), (0..1_000).map(|number| (id(number), 1)).collect());
    assert_eq!(bench.committed(4), (0..4).map(|partition| (partition, 250)).collect());
    // 4 divides 20, so all messages of a user are in one partition.
    let mut last = HashMap::new();
    for event in bench.emulator.ledger().events() {
        let user = event.identity.external_id.clone();
        let number = event.event.event_log_id.as_u128() & 0xffff;
        assert!(
            last.insert(user, number).is_none_or(|before| before < number),
            "{number}"
        );
    }
    assert!(receipt.calls < 1_000, "they share calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_where_the_last_one_ended() {
    let bench = Bench::new(2).await;
    bench.produce(0..100, 2).await;
    bench.load_all().await;
    bench.produce(100..150, 2).await;
    let receipt = bench.load_all().await;
    assert_eq!((receipt.read, receipt.accepted), (50, 50));
    let receipt = bench.load_all().await;
    assert_eq!((receipt.read, receipt.attempts), (0, 0));
    assert_eq!(bench.taken().len(), 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_the_topic_until_it_is_asked_to_stop() {
    let bench = Bench::new(2).await;
    let mut load = bench.start(bench.load()).await;
    bench.produce(0..100, 2).await;
    until(|| bench.taken().len() == 100).await;
    bench.produce(100..200, 2).await;
    until(|| bench.taken().len() == 200).await;
    load.stopper().stop();
    let receipt = ended(&mut load).await;
    assert!(matches!(receipt.stopped, Some(KafkaStop::Interrupted)), "{receipt:?}");
    assert_eq!(bench.committed(2), HashMap::from([(0, 100), (1, 100)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_an_id_gets_one_by_its_place() {
    let bench = Bench::new(1).await;
    for number in 0..30 {
        bench.send(0, Some(&line(number, None))).await;
    }
    let receipt = bench.load_all().await;
    assert_eq!(receipt.accepted, 30);
    assert_eq!(bench.taken().len(), 30, "ids are there, and differ");
}
