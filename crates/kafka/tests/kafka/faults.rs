//! Faults of the service and of brokers.

use std::time::Duration;

use dfinery::ImportCode;
use dfinery_emulator::{Fault, FaultRate};
use dfinery_kafka::{DeadLetterTo, KafkaLoad, KafkaStop};
use dfinery_load::{Loader, Stop};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::bench::{AMPLE, Bench, DEAD, GROUP, TOPIC, client, ended, id, loader, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_in_ten_percent_of_calls_loses_nothing() {
    let bench = Bench::new(3).await;
    bench.produce(0..600, 3).await;
    bench.emulator.fault_rate(FaultRate {
        probability: 0.1,
        seed: 7,
        faults: vec![
            Fault::Status(503),
            Fault::CloseBeforeReading,
            Fault::CloseAfterReading.after_applying(),
            Fault::HtmlBadGateway,
            Fault::MalformedJson,
        ],
    });
    let receipt = bench.load_all().await;
    assert_eq!(receipt.accepted, 600, "{receipt:?}");
    assert_eq!(bench.committed(3).values().sum::<i64>(), 600);
    let taken = bench.taken();
    assert_eq!(taken.len(), 600);
    let twice = taken.values().filter(|times| **times > 1).count() as u64;
    assert!(
        twice <= receipt.possibly_twice,
        "{twice} twice, said {}",
        receipt.possibly_twice
    );
}

/// Vector acknowledged and lost what a service refused with 401.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_loses_nothing_unlike_vector() {
    let bench = Bench::new(2).await;
    bench.produce(0..100, 2).await;
    bench.load_all().await;
    bench.produce(100..400, 2).await;
    bench.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Import(ImportCode::InvalidToken)],
    });
    let receipt = bench.load_all().await;
    let is_refused = |stop: &KafkaStop| matches!(stop, KafkaStop::Loader(stop) if matches!(**stop, Stop::Refused(_)));
    assert!(receipt.stopped.as_ref().is_some_and(is_refused), "{receipt:?}");
    assert_eq!(
        bench.committed(2).values().sum::<i64>(),
        100,
        "committed what nobody took"
    );
    bench.emulator.fault_rate(FaultRate {
        probability: 0.0,
        seed: 0,
        faults: Vec::new(),
    });
    assert_eq!(bench.load_all().await.accepted, 300);
    assert_eq!(bench.taken().len(), 400);
}

/// An address that was right before is no mistake of a person, so it may be right again.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_wrong_only_after_a_success_may_be_tried_again() {
    let bench = Bench::new(1).await;
    bench.produce(0..20, 1).await;
    let loader = Loader::builder(&bench.client())
        .linger(Duration::from_millis(20))
        .patience(Duration::from_millis(300))
        .build();
    let mut load = bench.load().start(loader).await.unwrap();
    until(|| load.receipt().accepted == 20).await;
    bench.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Status(404)],
    });
    bench.produce(20..40, 1).await;
    let receipt = ended(&mut load).await;
    let is_lasting = |stop: &KafkaStop| matches!(stop, KafkaStop::Loader(stop) if matches!(**stop, Stop::NoSuccess(_)));
    assert!(receipt.stopped.as_ref().is_some_and(is_lasting), "{receipt:?}");
}

/// Vector committed past messages that had failed once later ones had gone through.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_never_committed_past_unlike_vector_and_what_is_beyond_is_not_sent_again() {
    let bench = Bench::new(1).await;
    bench.produce(0..40, 1).await;
    // The calls of some users hang, the others go through.
    bench.emulator.fault_rate(FaultRate {
        probability: 0.5,
        seed: 3,
        faults: vec![Fault::Delay(Duration::from_secs(600))],
    });
    let builder = bench.emulator.import_client().attempt_timeout(Duration::from_secs(3));
    let loader = loader(&client(builder, AMPLE));
    let mut load = bench.load().start(loader).await.unwrap();
    until(|| load.receipt().gap > 0).await;
    load.stopper().stop();
    bench.emulator.fault_rate(FaultRate {
        probability: 0.0,
        seed: 0,
        faults: Vec::new(),
    });
    let receipt = ended(&mut load).await;
    let committed = bench.committed(1)[&0];
    let taken = bench.taken();
    for number in 0..u64::try_from(committed).unwrap() {
        assert!(taken.contains_key(&id(number)), "{number} is a hole below {committed}");
    }
    let second = bench.load_all().await;
    assert!(receipt.gap > 0, "{receipt:?}");
    assert_eq!(second.skipped, receipt.gap, "{second:?}");
    assert_eq!(bench.taken().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_brokers_are_waited_out() {
    let bench = Bench::new(2).await;
    bench.produce(0..200, 2).await;
    let again = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 3];
    bench.cluster.request_errors(RDKafkaApiKey::Fetch, &again);
    let coordinator = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_COORDINATOR; 2];
    bench.cluster.request_errors(RDKafkaApiKey::OffsetCommit, &coordinator);
    bench.cluster.request_errors(RDKafkaApiKey::JoinGroup, &coordinator);
    let receipt = bench.load_all().await;
    assert_eq!(receipt.accepted, 200, "{receipt:?}");
    let again = bench.load_all().await;
    assert_eq!(bench.taken().len(), 200);
    assert_eq!(
        receipt.accepted + again.accepted,
        bench.taken().values().sum::<usize>() as u64
    );
    assert_eq!(bench.committed(2).values().sum::<i64>(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_begin_says_why_and_no_secret() {
    let bench = Bench::new(1).await;
    let brokers = bench.cluster.bootstrap_servers();
    let to = || DeadLetterTo::Topic(DEAD.to_owned());
    let secret = "hunter2";
    let wrong = [
        KafkaLoad::new(&brokers, TOPIC, GROUP, to()).property("sasl.pasword", secret),
        KafkaLoad::new(&brokers, TOPIC, GROUP, to()).property("fetch.min.bytes", secret),
        KafkaLoad::new(&brokers, TOPIC, GROUP, to()).property("enable.auto.commit", secret),
        KafkaLoad::new(&brokers, TOPIC, GROUP, to()).property("metadata.broker.list", secret),
        KafkaLoad::new(&brokers, TOPIC, GROUP, DeadLetterTo::Topic(TOPIC.to_owned())),
    ];
    for load in wrong {
        assert!(!format!("{load:?}").contains(secret));
        let error = load.start(loader(&bench.client())).await.unwrap_err();
        assert!(!error.is_temporary());
        assert!(
            !error.to_string().contains(secret) && !format!("{error:?}").contains(secret),
            "{error}"
        );
    }
}
