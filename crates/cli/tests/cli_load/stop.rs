use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command},
    time::Duration,
};

use dfinery::ImportCode;
use dfinery_emulator::{Fault, FaultRate};
use serde_json::json;

use crate::{
    command::{Desk, Ran},
    events,
};

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

pub async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to that");
}

/// Loads `sales.ndjson` with few calls in flight, so that there is time to disturb it.
pub const FOUR_AT_ONCE: [&str; 7] = [
    "load",
    "events",
    "sales.ndjson",
    "--concurrency",
    "4",
    "--progress",
    "none",
];

pub fn slow(desk: &Desk, millis: u64) {
    desk.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_millis(millis))],
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_asked_to_end_finishes_its_calls_and_goes_on_later() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(200, 5));
    slow(&desk, 300);
    let child = desk.command(&FOUR_AT_ONCE).spawn().unwrap();
    until(|| desk.emulator.ledger().events_stored() > 0).await;
    signal(&child, "-TERM");
    let ran: Ran = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
        .await
        .unwrap()
        .into();
    ran.is(75)
        .says("under way; press again to stop at once")
        .says("Run the same command again");
    let stored = desk.emulator.ledger().events_stored();
    let receipt = desk.receipt("sales.ndjson");
    assert_eq!(receipt["accepted"], json!(stored), "every call under way was finished");
    assert!(stored < 1_000 && receipt["resumable"].as_u64() > Some(0));

    slow(&desk, 0);
    desk.run(&FOUR_AT_ONCE).await.is(0).says("It took 2 runs");
    let ledger = desk.emulator.ledger();
    assert_eq!((ledger.events_stored(), ledger.duplicates()), (1_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_nothing_is_lost() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(50, 5));
    slow(&desk, 60_000);
    let arguments = ["load", "events", "sales.ndjson", "--progress", "none"];
    let mut child = desk.command(&arguments).spawn().unwrap();
    until(|| desk.path("sales.ndjson.dfinery/journal").exists()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    signal(&child, "-INT");
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let (child, err) = tokio::task::spawn_blocking(move || {
        let mut err = String::new();
        talk.read_line(&mut err).unwrap();
        signal(&child, "-INT");
        talk.read_to_string(&mut err).unwrap();
        (child, err)
    })
    .await
    .unwrap();
    let mut ran = Ran::from(child.wait_with_output().unwrap());
    ran.err = err;
    ran.is(130).says("the same command goes on from here");
    desk.emulator.fault_rate(FaultRate {
        probability: 0.0,
        seed: 0,
        faults: Vec::new(),
    });
    desk.run(&arguments).await.is(0);
    assert_eq!(desk.receipt("sales.ndjson")["accepted"], json!(250));
    assert_eq!(desk.emulator.ledger().times_taken().len(), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_load_from_going_on_is_said_with_what_to_do() {
    let desk = Desk::new().await;
    let whole = format!("{{}}\n{}", events(50, 5));
    desk.write("sales.ndjson", &whole);
    let load = |more: &[&'static str]| [&["load", "events", "sales.ndjson", "--concurrency", "1"], more].concat();
    desk.emulator
        .script([Fault::None, Fault::Import(ImportCode::InvalidToken)]);
    desk.run(&load(&[])).await.is(2).says("accepted");

    desk.write("sales.ndjson", format!("{whole}\n"));
    let changed = desk.run(&load(&[])).await;
    changed
        .is(2)
        .says("of another load")
        .says("--restart")
        .says("--state DIR");
    desk.write("sales.ndjson", &whole);

    let dead_letter = "sales.ndjson.dfinery/dead-letter.ndjson";
    let letters = desk.read(dead_letter);
    std::fs::remove_file(desk.path(dead_letter)).unwrap();
    let gone = desk.run(&load(&[])).await;
    gone.is(2)
        .says("is gone")
        .says("Put it back as it was")
        .says("--restart");
    desk.write(dead_letter, letters);
    desk.run(&load(&[])).await.is(1).says("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pace_holds_across_a_kill() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(200, 1));
    // A kill spends the quota of calls that were counted and not yet made, so there are few of them at a time.
    let load = [&FOUR_AT_ONCE[..], &["--rate", "60"]].concat();
    // Half of the calls are made again, which spends the quota too.
    desk.emulator.fault_rate(FaultRate {
        probability: 0.5,
        seed: 1,
        faults: vec![Fault::Status(503)],
    });
    let requests = || desk.emulator.ledger().all_requests().len();
    for run in 1..4 {
        let mut child = desk.command(&load).spawn().unwrap();
        until(|| requests() >= 15 * run).await;
        signal(&child, "-KILL");
        child.wait().unwrap();
    }
    let mut child = desk.command(&load).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((45..=60).contains(&requests()), "{} in a minute", requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_another_run_is_at_can_be_tried_later() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(5, 5));
    let load = ["load", "events", "sales.ndjson"];
    desk.run(&load).await.is(0);
    let lock = std::fs::File::open(desk.path("sales.ndjson.dfinery/journal.lock")).unwrap();
    lock.lock().unwrap();
    desk.run(&load)
        .await
        .is(75)
        .says("another load is running with the journal sales.ndjson.dfinery/journal. Wait until it ends");
    drop(lock);
    desk.run(&load).await.is(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_memory_another_one_uses_can_be_tried_later() {
    let desk = Desk::new().await;
    let member = r#"{"identity":{"external_id":"kim-1"},"user_properties":{"df_gender":"Female"}}"#;
    desk.write("members.ndjson", member);
    let load = ["load", "profiles", "members.ndjson", "--delta", "members.delta"];
    desk.run(&load).await.is(0);
    let lock = std::fs::File::open(desk.path("members.delta")).unwrap();
    lock.lock().unwrap();
    for more in [&["--state", "tonight"][..], &["--dry-run"]] {
        desk.run(&[&load[..], more].concat())
            .await
            .is(75)
            .says("another load is using members.delta. Wait until it ends, then run the same command again");
    }
    drop(lock);
    desk.run(&[&load[..], &["--state", "tonight"]].concat())
        .await
        .is(0)
        .says("of these 1 unchanged");
}
