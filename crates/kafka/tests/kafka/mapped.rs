//! Messages of other programs, through a mapping.

use dfinery_input::Mapping;
use dfinery_kafka::{DeadLetterTo, KafkaLoad, KafkaStop};

use crate::bench::{Bench, DEAD, TOPIC, ended, header, loader};

const ORDERS: &str = "
only_if: {column: type, equals: order}
records:
- identity: {external_id: customer.id}
- identity: {external_id: customer.id}
  event: df_purchase
  event_datetime: at
  event_properties: {df_order_id: id, df_total_purchase_amount: total}
  event_items:
  - each: lines
    df_item_id: sku
";

async fn bench() -> Bench {
    let bench = Bench::new(1).await;
    bench.emulator.settings(|settings| settings.enforce_required = false);
    bench
}

fn order(number: u64, total: &str) -> String {
    format!(
        r#"{{"type":"order","id":"O-{number}","at":"2026-11-20T10:00:00Z","total":{total},"customer":{{"id":"user-{number}"}},"lines":[{{"sku":"A"}},{{"sku":"B"}}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_a_row_and_finished_once_all_of_its_records_are() {
    let bench = bench().await;
    for number in 0..50 {
        bench.send(0, Some(&order(number, "19.9"))).await;
        bench.send(0, Some(r#"{"type":"visit"}"#)).await;
    }
    let load = bench.load().until_caught_up(true);
    let load = load.mapping(Mapping::from_yaml(ORDERS).unwrap(), None);
    let receipt = ended(&mut bench.start(load).await).await;
    assert!(matches!(receipt.stopped, Some(KafkaStop::CaughtUp)), "{receipt:?}");
    assert_eq!(
        (receipt.read, receipt.accepted, receipt.passed_over),
        (100, 50, 50),
        "{receipt:?}"
    );
    assert_eq!(bench.committed(1)[&0], 100);
    let ledger = bench.emulator.ledger();
    assert_eq!((ledger.identities().len(), ledger.events().len()), (50, 50));
    for event in ledger.events() {
        assert_eq!(event.event.event_items.len(), 2);
    }
    // The ids depend on the place only.
    let to = DeadLetterTo::Topic(DEAD.to_owned());
    let other = KafkaLoad::new(bench.cluster.bootstrap_servers(), TOPIC, "other", to).until_caught_up(true);
    let other = other.mapping(Mapping::from_yaml(ORDERS).unwrap(), None);
    assert_eq!(ended(&mut bench.start(other).await).await.accepted, 50);
    assert!(bench.taken().values().all(|times| *times == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_mapping_goes_to_the_dead_letter_as_it_came_and_nothing_of_it_is_sent() {
    let bench = bench().await;
    let bad = [
        "hello".to_owned(),
        "[1]".to_owned(),
        order(1, "\"secret\""),
        order(2, "{}"),
    ];
    for value in &bad {
        bench.send(0, Some(value)).await;
    }
    bench.send(0, Some(&order(3, "1"))).await;
    let load = bench.load().until_caught_up(true);
    let load = load.mapping(Mapping::from_yaml(ORDERS).unwrap(), None);
    let receipt = ended(&mut bench.start(load).await).await;
    assert_eq!((receipt.invalid, receipt.accepted), (4, 1), "{receipt:?}");
    assert_eq!(bench.committed(1)[&0], 5);
    assert_eq!(bench.emulator.ledger().identities().len(), 1);
    let mut dead = bench.dead(4);
    dead.sort_by_key(|message| header(message, "dfinery-offset"));
    for (message, value) in dead.iter().zip(&bad) {
        assert_eq!(rdkafka::Message::payload(message), Some(value.as_bytes()));
        let reason = header(message, "dfinery-reason").unwrap();
        assert!(!reason.is_empty() && !reason.contains("secret"), "{reason}");
    }
    assert!(header(&dead[2], "dfinery-reason").unwrap().starts_with("total: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_which_one_record_is_refused_is_in_the_dead_letter_once() {
    let bench = Bench::new(1).await;
    bench.send(0, Some(&order(1, "1"))).await;
    let mapping = ORDERS.replace("df_purchase", "no_such_event");
    let load = bench.load().until_caught_up(true);
    let load = load.mapping(Mapping::from_yaml(&mapping).unwrap(), None);
    let receipt = ended(&mut bench.start(load).await).await;
    assert_eq!((receipt.read, receipt.rejected), (1, 1), "{receipt:?}");
    assert_eq!(bench.emulator.ledger().identities().len(), 1, "the other one is loaded");
    assert_eq!(header(&bench.dead(1)[0], "dfinery-code").as_deref(), Some("40001"));
    assert_eq!(bench.committed(1)[&0], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_messages_are_refused() {
    let bench = Bench::new(1).await;
    let mapping = "group_by: id\nidentity: {external_id: user}\nevent: df_purchase\nevent_datetime: at";
    let load = bench.load().mapping(Mapping::from_yaml(mapping).unwrap(), None);
    let error = load.start(loader(&bench.client())).await.unwrap_err();
    assert!(error.to_string().contains("group_by"), "{error}");
}
