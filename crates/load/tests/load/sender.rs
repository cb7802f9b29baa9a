//! Records of a service, sent in the background.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use dfinery::{Event, Identity, ImportClient, Operation};
use dfinery_emulator::{Emulator, Fault, FaultRate};
use dfinery_load::{Fate, Loader, NotQueued, Record, Sender, Settled};

use crate::{
    chaos::{client, impatient, service},
    records::{position_of, time},
};

/// So many records may be on their way; `send` says so.
const QUEUE: usize = 10_000;

fn login(user: usize, position: usize) -> Record {
    Record::event(
        Identity::external_id(format!("user-{user}")),
        Event::new("df_login").at(time(position)),
    )
}

fn always(fault: Fault) -> FaultRate {
    FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![fault],
    }
}

/// A sender, and what its function was called with.
fn sender(emulator: &Emulator, linger: Duration) -> (Sender, Arc<Mutex<Vec<Settled>>>) {
    sender_of(&client(emulator), linger)
}

fn sender_of(import: &ImportClient, linger: Duration) -> (Sender, Arc<Mutex<Vec<Settled>>>) {
    let failed = Arc::new(Mutex::new(Vec::new()));
    let loader = Loader::builder(import).linger(linger).most_calls(32).build();
    let note = Arc::clone(&failed);
    (
        Sender::start(loader, move |settled| note.lock().unwrap().push(settled)),
        failed,
    )
}

const SOON: Duration = Duration::from_millis(30);
const LATE: Duration = Duration::from_secs(60);

/// The positions of the events that arrived, in the order of arrival.
fn arrived(emulator: &Emulator) -> Vec<usize> {
    emulator
        .ledger()
        .events()
        .map(|event| position_of(event.event.event_datetime))
        .collect()
}

async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < LATE, "it never came about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_gives_the_record_back_or_lets_send_wait() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(always(Fault::Delay(LATE)));
    let (sender, _) = sender_of(&impatient(&emulator), SOON);
    for position in 0..QUEUE {
        sender.try_send(login(position, position)).unwrap();
    }
    let one_more = login(QUEUE, QUEUE);
    let Err(NotQueued::Full(returned)) = sender.try_send(one_more.clone()) else {
        panic!("the queue should be full")
    };
    assert_eq!(*returned, one_more);
    let waiting = tokio::time::timeout(Duration::from_millis(200), sender.send(one_more.clone())).await;
    assert!(waiting.is_err(), "send should wait");
    // As soon as calls succeed there is room again.
    emulator.fault_rate(always(Fault::None));
    sender.send(one_more).await.unwrap();
    let left = sender.shutdown(LATE).await;
    assert!(left.is_empty(), "{} left", left.len());
    let arrived: BTreeSet<_> = arrived(&emulator).into_iter().collect();
    assert_eq!(arrived.len(), QUEUE + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_delivers_what_is_queued_and_takes_no_more() {
    let emulator = service(|_| ()).await;
    let (sender, failed) = sender(&emulator, LATE);
    for position in 0..1_500 {
        sender.send(login(position % 20, position)).await.unwrap();
    }
    let clone = sender.clone();
    assert!(sender.shutdown(LATE).await.is_empty());
    assert_eq!(arrived(&emulator).len(), 1_500);
    let late = login(0, 0);
    assert_eq!(
        clone.send(late.clone()).await,
        Err(NotQueued::Ended(Box::new(late.clone())))
    );
    assert_eq!(clone.try_send(late.clone()).unwrap_err().into_record(), late);
    assert!(
        clone.shutdown(LATE).await.is_empty(),
        "a second shutdown has nothing left"
    );
    assert!(failed.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_returns_what_was_not_delivered() {
    // Guards against: events that are gone, without a word, because the process ended while the service was down.
    const RECORDS: usize = 2_000;
    for (fault, name) in [
        (Fault::Status(503), "unavailable"),
        (Fault::Status(429), "over the quota"),
        (Fault::Delay(LATE), "silent"),
        (Fault::Delay(LATE).after_applying(), "silent, but takes it"),
        (Fault::CloseAfterReading, "hanging up"),
    ] {
        let emulator = service(|_| ()).await;
        emulator.fault_rate(always(fault));
        let (sender, failed) = sender(&emulator, SOON);
        for position in 0..RECORDS {
            sender.send(login(position, position)).await.unwrap();
        }
        until(|| emulator.ledger().all_requests().len() >= 16).await;
        let begun = Instant::now();
        let left = sender.shutdown(Duration::from_millis(300)).await;
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{name}: {:?}",
            begun.elapsed()
        );
        let failed = std::mem::take(&mut *failed.lock().unwrap());
        let positions: BTreeSet<_> = left.iter().chain(&failed).map(|settled| settled.position).collect();
        let unknown = left.iter().filter(|settled| settled.fate == Fate::Unknown).count();
        println!(
            "{name}: {} failed before, {} left, {unknown} of them unknown",
            failed.len(),
            left.len()
        );
        assert_eq!(
            (positions.len(), left.len() + failed.len()),
            (RECORDS, RECORDS),
            "{name}"
        );
        assert!(
            left.iter()
                .all(|settled| matches!(settled.fate, Fate::Unknown | Fate::Undelivered))
        );
        // What was taken is never called undelivered.
        let taken: BTreeSet<_> = arrived(&emulator).into_iter().collect();
        let undelivered = left.iter().filter(|settled| settled.fate == Fate::Undelivered);
        for settled in undelivered {
            assert!(
                !taken.contains(&usize::try_from(settled.position).unwrap()),
                "{name}: {}",
                settled.position
            );
        }
        if matches!(name, "over the quota") {
            assert_eq!(unknown, 0, "a call that was refused for the quota was not taken");
        } else {
            assert!(unknown > 0, "{name}: calls were under way");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_at_the_end_of_the_deadline_is_unknown() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(always(Fault::Delay(Duration::from_millis(350)).after_applying()));
    let (sender, _) = sender(&emulator, Duration::ZERO);
    sender.send(login(1, 1)).await.unwrap();
    until(|| emulator.ledger().events().len() == 1).await;
    let left = sender.shutdown(Duration::ZERO).await;
    assert_eq!(
        left.iter()
            .map(|settled| (settled.position, settled.fate))
            .collect::<Vec<_>>(),
        [(0, Fate::Unknown)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_dropped_still_delivers() {
    let emulator = service(|_| ()).await;
    let (sender, failed) = sender(&emulator, LATE);
    for position in 0..300 {
        sender.send(login(position % 3, position)).await.unwrap();
    }
    drop(sender);
    until(|| emulator.ledger().events().len() == 300).await;
    assert!(failed.lock().unwrap().is_empty());
}

#[test]
fn a_runtime_that_ends_hands_what_is_left_to_the_function() {
    let service_runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = service_runtime.block_on(service(|_| ()));
    emulator.fault_rate(always(Fault::Delay(LATE)));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let failed = runtime.block_on(async {
        let (sender, failed) = sender(&emulator, SOON);
        for position in 0..500 {
            sender.send(login(position, position)).await.unwrap();
        }
        until(|| emulator.ledger().all_requests().len() >= 16).await;
        failed
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    let failed = failed.lock().unwrap();
    let positions: BTreeSet<_> = failed.iter().map(|settled| settled.position).collect();
    assert_eq!((failed.len(), positions.len()), (500, 500));
    let unknown = failed.iter().filter(|settled| settled.fate == Fate::Unknown).count();
    assert!((16..=64).contains(&unknown), "{unknown} unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_sent_one_by_one_share_calls_and_keep_their_order() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(FaultRate {
        probability: 0.2,
        seed: 4,
        faults: vec![
            Fault::Status(503),
            Fault::CloseAfterReading.after_applying(),
            Fault::Delay(Duration::from_millis(30)),
        ],
    });
    let (sender, failed) = sender(&emulator, Duration::from_millis(300));
    for position in 0..600 {
        sender.send(login(position % 3, position)).await.unwrap();
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    assert!(sender.shutdown(LATE).await.is_empty());
    assert!(failed.lock().unwrap().is_empty());
    let ledger = emulator.ledger();
    let calls = ledger
        .requests(Operation::LoadEvents)
        .filter(|request| request.applied)
        .count();
    println!("600 events of 3 users in {calls} calls");
    assert!(calls < 60, "{calls} calls");
    for user in 0..3 {
        let mut seen = BTreeSet::new();
        let first: Vec<_> = arrived(&emulator)
            .into_iter()
            .filter(|position| position % 3 == user && seen.insert(*position))
            .collect();
        assert!(first.is_sorted() && first.len() == 200, "user {user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_waits_no_longer_than_it_may_linger() {
    let emulator = service(|_| ()).await;
    let (sender, _) = sender(&emulator, Duration::from_millis(100));
    sender.send(login(1, 1)).await.unwrap();
    let begun = Instant::now();
    until(|| emulator.ledger().events().len() == 1).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(sender);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_invalid_goes_to_the_function_with_the_reason() {
    let emulator = service(|_| ()).await;
    let (sender, failed) = sender(&emulator, SOON);
    let user = Identity::external_id("user-1");
    for position in 0..40 {
        let name = if position == 7 { "no_such_event" } else { "df_login" };
        sender
            .send(Record::event(user.clone(), Event::new(name).at(time(position))))
            .await
            .unwrap();
    }
    sender
        .send(Record::event(Identity::new(), Event::new("df_login")))
        .await
        .unwrap();
    until(|| emulator.ledger().events().len() == 39 && failed.lock().unwrap().len() == 2).await;
    let failed = failed.lock().unwrap();
    let of = |fate| failed.iter().find(|settled| settled.fate == fate).unwrap();
    assert_eq!(of(Fate::Rejected).position, 7);
    assert!(of(Fate::Rejected).error.as_ref().unwrap().is_refused());
    assert!(
        of(Fate::Invalid)
            .violations
            .as_ref()
            .unwrap()
            .to_string()
            .contains("identity")
    );
}
