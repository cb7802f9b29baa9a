//! Messages that cannot be loaded.

use dfinery_emulator::{Fault, Unregistered};
use dfinery_kafka::{DeadLetterTo, KafkaLoad, KafkaStop};
use dfinery_load::DeadLetters;
use rdkafka::{Message as _, types::RDKafkaRespErr};

use crate::bench::{Bench, GROUP, TOPIC, ended, header, id, line, loader};

const UNREGISTERED: &str = r#"{"identity":{"external_id":"user-1"},"event":{"event_name":"no_such_event","event_datetime":"2026-11-20T10:00:00Z"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn poisoned_messages_go_to_the_dead_letter_untouched_and_hold_up_nothing() {
    let bench = Bench::new(1).await;
    bench.produce(0..50, 1).await;
    let not_utf8 = bench.send_bytes(0, Some(b"{\"\xff\"}")).await;
    let not_json = bench.send(0, Some("hello")).await;
    let tombstone = bench.send(0, None).await;
    let refused = bench.send(0, Some(UNREGISTERED)).await;
    bench.produce(50..100, 1).await;

    let receipt = bench.load_all().await;
    assert_eq!(
        (receipt.accepted, receipt.invalid, receipt.rejected),
        (100, 3, 1),
        "{receipt:?}"
    );
    assert_eq!(bench.committed(1)[&0], 104);
    let mut dead = bench.dead(4);
    dead.sort_by_key(|message| header(message, "dfinery-offset").unwrap().parse::<i64>().unwrap());
    let offsets: Vec<i64> = dead
        .iter()
        .map(|message| header(message, "dfinery-offset").unwrap().parse().unwrap())
        .collect();
    assert_eq!(offsets, [not_utf8, not_json, tombstone, refused]);
    let values = [
        Some(&b"{\"\xff\"}"[..]),
        Some(b"hello"),
        None,
        Some(UNREGISTERED.as_bytes()),
    ];
    for (message, value) in dead.iter().zip(values) {
        assert_eq!((message.key(), message.payload()), (Some(&b"key"[..]), value));
        assert_eq!(header(message, "dfinery-topic").as_deref(), Some(TOPIC));
        assert_eq!(header(message, "dfinery-partition").as_deref(), Some("0"));
        assert_eq!(header(message, "trace").as_deref(), Some("t-1"));
        assert!(!header(message, "dfinery-reason").unwrap().is_empty());
    }
    assert_eq!(header(&dead[3], "dfinery-code").as_deref(), Some("40001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_after_a_lost_answer_ends_nothing() {
    let bench = Bench::new(1).await;
    bench.emulator.script([Fault::CloseAfterReading]);
    bench.send(0, Some(UNREGISTERED)).await;
    let receipt = bench.load_all().await;
    assert!(matches!(receipt.stopped, Some(KafkaStop::CaughtUp)), "{receipt:?}");
    assert_eq!((receipt.rejected, receipt.unknown), (1, 0), "{receipt:?}");
    let reason = header(&bench.dead(1)[0], "dfinery-reason").unwrap();
    assert!(reason.ends_with("it may have been accepted before"), "{reason}");
    assert_eq!(bench.committed(1)[&0], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_not_finished_before_its_dead_letter_is_confirmed() {
    let bench = Bench::new(1).await;
    bench.produce(0..10, 1).await;
    bench.send(0, Some("hello")).await;
    bench.produce(10..20, 1).await;
    bench
        .cluster
        .topic_error(
            "events-dead",
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        )
        .unwrap();
    let mut load = bench.start(bench.load().until_caught_up(true)).await;
    let receipt = ended(&mut load).await;
    assert!(matches!(receipt.stopped, Some(KafkaStop::DeadLetter(_))), "{receipt:?}");
    assert_eq!(receipt.invalid, 0);
    assert!(bench.committed(1)[&0] <= 10, "committed past a message that is nowhere");
    bench
        .cluster
        .topic_error("events-dead", RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
        .unwrap();
    let receipt = bench.load_all().await;
    assert_eq!((receipt.invalid, bench.committed(1)[&0]), (1, 21));
    assert!(
        (0..20).all(|number| bench.taken()[&id(number)] == 1),
        "finished ones were sent again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_file_can_be_replayed() {
    let bench = Bench::new(1).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dead.ndjson");
    bench.send(0, Some(UNREGISTERED)).await;
    bench.send(0, Some(&line(1, Some(id(1))))).await;
    let load = KafkaLoad::new(
        bench.cluster.bootstrap_servers(),
        TOPIC,
        GROUP,
        DeadLetterTo::File(file.clone()),
    );
    let receipt = ended(&mut bench.start(load.until_caught_up(true)).await).await;
    assert_eq!((receipt.rejected, receipt.accepted), (1, 1));
    bench
        .emulator
        .settings(|settings| settings.unregistered = Unregistered::Accept);
    let letters = DeadLetters::read(&file).unwrap();
    let replayed = loader(&bench.client()).load_files(letters.load()).await.unwrap();
    assert_eq!(replayed.receipt.accepted, 1);
}
