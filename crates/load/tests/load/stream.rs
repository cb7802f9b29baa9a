//! Records in over one stream, and out over another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use dfinery::{Event, Identity, ImportCode, Operation};
use dfinery_emulator::{Fault, FaultRate};
use dfinery_load::{Fate, Loader, Record, Stop};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use crate::{
    chaos::{client, service},
    records::{position_of, time},
};

fn login(user: usize, position: usize) -> Record {
    Record::event(
        Identity::external_id(format!("user-{user}")),
        Event::new("df_login").at(time(position)),
    )
}

fn slow(milliseconds: u64) -> FaultRate {
    FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_millis(milliseconds))],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_stops_reading_stops_the_intake() {
    let emulator = service(|_| ()).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let records = stream::iter(0..40_000).map(move |position| {
        count.fetch_add(1, SeqCst);
        login(position % 50, position)
    });
    let mut settled = Loader::builder(&client(&emulator))
        .linger(Duration::from_millis(20))
        .build()
        .load(records);
    let mut last = usize::MAX;
    while taken.load(SeqCst) != last {
        last = taken.load(SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(last, 10_000, "taken in though nothing was taken out");
    for _ in 0..500 {
        settled.next().await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let between = taken.load(SeqCst) - 500;
    assert!((9_000..=10_000).contains(&between), "{between} between");
    let rest: Vec<_> = settled.collect().await;
    assert_eq!((rest.len(), taken.load(SeqCst)), (39_500, 40_000));
    assert!(rest.iter().all(|settled| settled.fate == Fate::Accepted));
    assert_eq!(emulator.ledger().events().len(), 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_dropped_ends_the_load() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(slow(20));
    let records = stream::iter(0..).map(|position| login(position, position));
    let mut settled = Loader::builder(&client(&emulator))
        .most_calls(8)
        .linger(Duration::ZERO)
        .build()
        .load(records);
    settled.next().await.unwrap();
    drop(settled);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let soon = emulator.ledger().all_requests().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(emulator.ledger().all_requests().len(), soon, "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_load_gives_every_record_back() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(slow(20));
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let records = stream::iter(0..).map(move |position| {
        count.fetch_add(1, SeqCst);
        login(position, position)
    });
    let mut settled = Loader::builder(&client(&emulator))
        .most_calls(8)
        .linger(Duration::ZERO)
        .build()
        .load(records);
    let stopper = settled.stopper();
    for _ in 0..50 {
        settled.next().await.unwrap();
    }
    stopper.stop();
    let rest: Vec<_> = settled.by_ref().collect().await;
    assert!(matches!(settled.stopped().as_deref(), Some(Stop::Interrupted)));
    // The record for which there was no more place was not taken in.
    assert!(taken.load(SeqCst) - (50 + rest.len()) <= 1);
    let accepted = 50 + rest.iter().filter(|settled| settled.fate == Fate::Accepted).count();
    assert_eq!(emulator.ledger().events().len(), accepted);
    assert!(
        rest.iter()
            .all(|settled| matches!(settled.fate, Fate::Accepted | Fate::Undelivered))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_ends_a_stream_and_nothing_is_lost() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Import(ImportCode::InvalidToken)],
    });
    let records = stream::iter((0..3_000).map(|position| login(position, position)));
    let mut stream = Loader::builder(&client(&emulator))
        .linger(Duration::from_millis(20))
        .build()
        .load(records);
    let settled: Vec<_> = stream.by_ref().collect().await;
    assert!(matches!(stream.stopped().as_deref(), Some(Stop::Refused(_))));
    assert!(settled.iter().all(|settled| settled.fate == Fate::Undelivered));
    assert!(emulator.ledger().all_requests().len() <= 16);
    assert!(settled.len() <= 3_000);
    let why = settled
        .iter()
        .filter_map(|settled| settled.error.as_ref())
        .filter(|error| error.is_auth())
        .count();
    assert!(why > 0, "nobody is told why");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_trickle_in_share_calls_and_keep_their_order() {
    let emulator = service(|_| ()).await;
    let records = stream::iter(0..500).then(|position| async move {
        tokio::time::sleep(Duration::from_micros(200)).await;
        login(position % 2, position)
    });
    let loader = Loader::builder(&client(&emulator))
        .linger(Duration::from_millis(150))
        .build();
    let settled: Vec<_> = loader.load(records).collect().await;
    assert!(settled.len() == 500 && settled.iter().all(|settled| settled.fate == Fate::Accepted));
    let ledger = emulator.ledger();
    for user in 0..2 {
        let positions: Vec<_> = ledger
            .events()
            .map(|event| position_of(event.event.event_datetime))
            .filter(|position| position % 2 == user)
            .collect();
        assert!(positions.is_sorted() && positions.len() == 250);
    }
    let calls = ledger.requests(Operation::LoadEvents).count();
    assert!(calls < 50, "{calls} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_stream_ends_at_once() {
    let emulator = service(|_| ()).await;
    let mut stream = Loader::builder(&client(&emulator)).build().load(stream::empty());
    assert!(stream.next().await.is_none() && stream.stopped().is_none());
    assert!(emulator.ledger().all_requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_withdrawn_before_they_are_sent_come_out_undelivered_and_may_come_again() {
    let emulator = service(|_| ()).await;
    emulator.fault_rate(slow(500));
    let (records, mut incoming) = mpsc::unbounded_channel();
    let mut settled = Loader::builder(&client(&emulator))
        .linger(Duration::from_millis(20))
        .build()
        .load(stream::poll_fn(move |context| incoming.poll_recv(context)));
    let withdrawer = settled.withdrawer();
    // The first one is sent; the others of its user wait for it.
    let line = |position| login(0, position);
    records.send(line(0)).unwrap();
    while emulator.ledger().all_requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for position in 1..100 {
        records.send(line(position)).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    withdrawer.withdraw(0..100);
    let mut undelivered = Vec::new();
    while undelivered.len() < 99 {
        let settled = settled.next().await.unwrap();
        assert!(settled.error.is_none(), "{settled:?}");
        match settled.position {
            0 => assert_eq!(settled.fate, Fate::Accepted),
            _ => undelivered.push((settled.fate, settled.record)),
        }
    }
    assert!(undelivered.iter().all(|(fate, _)| *fate == Fate::Undelivered));
    // With the same ids, in the place of the withdrawn ones.
    undelivered
        .drain(..)
        .for_each(|(_, record)| records.send(record).unwrap());
    drop(records);
    let mut fates = Vec::new();
    while let Some(settled) = settled.next().await {
        if settled.position > 0 {
            fates.push(settled.fate);
        }
    }
    assert_eq!(fates, [Fate::Accepted; 99]);
    let ledger = emulator.ledger();
    assert_eq!((ledger.events().len(), ledger.duplicates()), (100, 0));
}
