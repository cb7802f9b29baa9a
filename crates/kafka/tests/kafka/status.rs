//! What probes and metrics see.

use dfinery_emulator::{Fault, FaultRate};
use dfinery_kafka::NotReady;

use crate::bench::{Bench, ended, until};

fn faults(probability: f64) -> FaultRate {
    FaultRate {
        probability,
        seed: 0,
        faults: vec![Fault::Status(503)],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_ready_while_the_service_takes_something() {
    let bench = Bench::new(2).await;
    let mut load = bench.start(bench.load()).await;
    let monitor = load.monitor();
    let not_ready = || monitor.status().not_ready;
    until(|| not_ready().is_none()).await;
    bench.produce(0..40, 2).await;
    until(|| monitor.status().receipt.accepted == 40).await;
    let is_known = || monitor.status().partitions.iter().all(|one| one.lag.is_some());
    until(is_known).await;
    let status = monitor.status();
    assert!(status.is_live);
    assert!((status.quota_share - 1.0).abs() < 0.01, "{status:?}");
    let partitions: Vec<_> = status
        .partitions
        .iter()
        .map(|one| (one.partition, one.watermark, one.gap))
        .collect();
    assert_eq!(partitions, [(0, Some(20), 0), (1, Some(20), 0)]);

    bench.emulator.fault_rate(faults(1.0));
    bench.produce(40..80, 2).await;
    until(|| not_ready() == Some(NotReady::Service)).await;
    bench.emulator.fault_rate(faults(0.0));
    until(|| not_ready().is_none()).await;
    until(|| monitor.status().receipt.accepted == 80).await;

    load.stopper().stop();
    ended(&mut load).await;
    let status = monitor.status();
    assert_eq!((status.not_ready, status.is_live), (Some(NotReady::Ending), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_not_ready_while_no_broker_answers() {
    let bench = Bench::new(1).await;
    let load = bench.start(bench.load()).await;
    let monitor = load.monitor();
    until(|| monitor.status().not_ready.is_none()).await;
    bench.cluster.broker_down(1).unwrap();
    until(|| monitor.status().not_ready == Some(NotReady::Brokers)).await;
    bench.cluster.broker_up(1).unwrap();
    bench.produce(0..10, 1).await;
    until(|| monitor.status().not_ready.is_none() && monitor.status().receipt.accepted == 10).await;
}
