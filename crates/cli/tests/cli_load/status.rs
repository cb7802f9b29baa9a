//! What became of a file over all runs and replays; replays side by side; and a load that ends because nothing is taken.

use std::fs;

use dfinery_emulator::Registered;
use serde_json::{Value, json};

use crate::{
    command::{Desk, Ran, run},
    event, events,
    stop::{FOUR_AT_ONCE, signal, slow, until},
};

const PHONES: &str = "identity: {external_id: id, phone_no: {column: phone, type: phone}}\n";
const LETTER: &str = "sales.ndjson.dfinery/dead-letter.ndjson";

async fn status(desk: &Desk, code: i32) -> Value {
    let ran = desk.run(&["status", "sales.ndjson", "--output", "json"]).await;
    let text = desk.run(&["status", "sales.ndjson.dfinery"]).await;
    assert!(text.is(code).out.lines().count() <= 20, "{}", text.out);
    serde_json::from_str(&ran.is(code).out).unwrap()
}

#[track_caller]
fn counts(status: &Value, expected: [u64; 4]) {
    let found = ["read", "accepted", "left", "to_replay"].map(|name| status[name].as_u64().unwrap());
    assert_eq!(found, expected, "{status:#}");
}

fn register(desk: &Desk, names: &[&str]) {
    let registered = names.iter().fold(Registered::standard(), |all, name| all.event(*name));
    desk.emulator.settings(|settings| settings.taxonomy = registered);
}

fn three_bad() -> String {
    events(4, 1) + &event("kim-7", "first", 0) + &event("kim-8", "second", 0) + "{}\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_file_follows_its_replays() {
    let desk = Desk::new().await;
    desk.run(&["status", "sales.ndjson"])
        .await
        .is(2)
        .says("no load has kept anything");
    desk.write("sales.ndjson", three_bad());
    desk.run(&["load", "events", "sales.ndjson"]).await.is(1);
    let found = status(&desk, 1).await;
    counts(&found, [7, 4, 3, 0]);
    assert_eq!(found["rejected_by_code"], json!({"40001": 2}));
    assert_eq!((&found["invalid"], &found["dead_letter"]), (&json!(1), &json!(LETTER)));

    register(&desk, &["first"]);
    let ran = desk.run(&["replay", LETTER]).await;
    let next = "sales.ndjson.dfinery/replay-1/dead-letter.ndjson";
    ran.is(1).says(&format!("dfinery replay {next}"));
    let found = status(&desk, 1).await;
    counts(&found, [7, 5, 2, 0]);
    assert_eq!((&found["rejected"], &found["dead_letter"]), (&json!(1), &json!(next)));
    // Nothing is sent twice by the same command.
    desk.run(&["replay", LETTER]).await.is(1).says("settled before");

    register(&desk, &["first", "second"]);
    // Also from within its folder.
    let mut command = desk.command(&["replay", "dead-letter.ndjson"]);
    command.current_dir(desk.path("sales.ndjson.dfinery/replay-1"));
    run(command).await.is(1);
    let found = status(&desk, 1).await;
    counts(&found, [7, 6, 1, 0]);
    assert_eq!(found["replays"].as_array().unwrap().len(), 2);
    let folder = fs::read_dir(desk.path("sales.ndjson.dfinery")).unwrap();
    let folders = folder.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), 2, "side by side");
    let text = desk.run(&["status", "sales.ndjson"]).await;
    text.is(1)
        .says("4 by the load, 2 by replays")
        .says("What to do: correct the records and load them: dfinery rows sales");
    assert_eq!(desk.emulator.ledger().events_stored(), 6);

    // What has begun anew has no replays.
    desk.run(&["load", "events", "sales.ndjson", "--restart"]).await.is(1);
    counts(&status(&desk, 1).await, [7, 6, 1, 0]);
    assert!(!desk.path("sales.ndjson.dfinery/replay-1").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_accepted_is_zero_and_an_earlier_version_is_understood() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(2, 1) + &event("kim-7", "first", 0));
    desk.run(&["load", "events", "sales.ndjson"]).await.is(1);
    // As earlier versions wrote it, with the remedy in the message and beside it.
    let letter = desk.read(LETTER);
    let old = letter.replace(",\"file\":", ",\"remedy\":\"Register it.\",\"file\":");
    assert_ne!(old, letter);
    desk.write(LETTER, old.replace(" attempt)\"", " attempt). Register it.\""));
    // And where: they had the replay in a folder of the name of the dead letter.
    register(&desk, &["first"]);
    let nested = format!("{LETTER}.dfinery");
    desk.run(&["replay", LETTER, "--state", &nested]).await.is(0);
    desk.run(&["replay", LETTER]).await.is(0).says("settled before");
    let found = status(&desk, 0).await;
    counts(&found, [3, 3, 0, 0]);
    assert_eq!(found["replays"][0]["folder"], json!(nested));
    assert_eq!(found["dead_letter"], Value::Null);
    assert_eq!(desk.emulator.ledger().events_stored(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_was_killed_or_stopped_can_go_on() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", "{}\n".to_owned() + &events(300, 1));
    slow(&desk, 20);
    let mut child = desk.command(&FOUR_AT_ONCE).spawn().unwrap();
    until(|| desk.emulator.ledger().events_stored() > 40).await;
    let running = desk.run(&["status", "sales.ndjson"]).await;
    running.is(75).says("is running");
    signal(&child, "-KILL");
    child.wait().unwrap();
    desk.run(&["status", "sales.ndjson"])
        .await
        .is(75)
        .says("was killed")
        .says("without --restart, to go on");

    let child = desk.command(&FOUR_AT_ONCE).spawn().unwrap();
    until(|| desk.emulator.ledger().events_stored() > 100).await;
    signal(&child, "-INT");
    let ran: Ran = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
        .await
        .unwrap()
        .into();
    // Only an invalid record is in the dead letter, and no replay makes it good.
    ran.is(75).says("Not accepted").says("Run the same command again");
    assert!(!ran.out.contains("dfinery replay"), "{}", ran.out);
    let found = status(&desk, 75).await;
    assert_eq!((&found["load"]["runs"], &found["invalid"]), (&json!(2), &json!(1)));
    assert!(
        found["open"].as_u64() > Some(0) && found["goes_on"] == true,
        "{found:#}"
    );

    desk.run(&FOUR_AT_ONCE).await.is(1);
    counts(&status(&desk, 1).await, [301, 300, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_ends_when_the_first_thousand_records_are_all_refused() {
    let desk = Desk::new().await;
    let unregistered = (0..1_500).map(|user| event(&format!("kim-{user}"), "no_such_event", 0));
    let unregistered: String = unregistered.collect();
    desk.write("sales.ndjson", &unregistered);
    let load = ["load", "events", "sales.ndjson", "--concurrency", "1"];
    let calls = || desk.emulator.ledger().all_requests().len();
    let ran = desk.run(&load).await;
    ran.is(1)
        .says("It ended early: the first 1,000 records were all refused")
        .says("40001")
        .says("--keep-going")
        .says("Then run the same command again")
        .says("dfinery replay sales.ndjson.dfinery/dead-letter.ndjson");
    assert_eq!(ran.out.matches("registered in the console").count(), 1, "{}", ran.out);
    assert_eq!(calls(), 1_000);
    let receipt = desk.receipt("sales.ndjson");
    assert_eq!(
        (&receipt["rejected"], &receipt["resumable"]),
        (&json!(1_000), &json!(500))
    );
    assert_eq!(receipt["problems"]["causes"][0]["records"], 1_000);
    assert_eq!(desk.run(&["status", "sales.ndjson"]).await.code, Some(75));

    // A scheduler that repeats it sends a few, and not the next thousand.
    desk.run(&load)
        .await
        .is(1)
        .says("It ended early: the first 1,010 records were all refused");
    assert_eq!(calls(), 1_010);

    // Whatever is refused.
    let mut command = desk.command(&load);
    command.env("DFINERY_KEEP_GOING", "true");
    run(command).await.is(1);
    assert_eq!(calls(), 1_500);
    assert_eq!(desk.receipt("sales.ndjson")["rejected"], 1_500);

    // A service that takes one of them goes on.
    desk.write("some.ndjson", event("kim-good", "df_login", 0) + &unregistered);
    desk.run(&["load", "events", "some.ndjson", "--concurrency", "1"])
        .await
        .is(1);
    assert_eq!(calls(), 3_001);
    // As does one that is asked to.
    desk.write("all.ndjson", &unregistered);
    let all = ["load", "events", "all.ndjson", "--keep-going", "--concurrency", "1"];
    desk.run(&all).await.is(1);
    assert_eq!(calls(), 4_501);
}

/// Records that fail the check.
fn invalid(records: usize) -> String {
    let record = r#"{"identity":{"external_id":"kim"},"event":{"event_name":"df_login"}}"#;
    format!("{record}\n").repeat(records)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_passes_over_a_thousand_invalid_records() {
    let desk = Desk::new().await;
    desk.write(
        "sales.ndjson",
        events(1, 1) + &invalid(1_100) + &event("kim-7", "first", 0),
    );
    desk.run(&["load", "events", "sales.ndjson"]).await.is(1);
    register(&desk, &["first"]);
    desk.run(&["replay", LETTER])
        .await
        .is(1)
        .says("accepted               1");
    counts(&status(&desk, 1).await, [1_102, 2, 1_100, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_one_kind_does_not_end_for_the_records_of_others() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(3, 1) + &invalid(1_100) + &events(3, 2));
    desk.run(&["load", "mixed", "sales.ndjson", "--ordered"])
        .await
        .is(1)
        .says("accepted               9");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_written_anew_after_a_kill() {
    let desk = Desk::new().await;
    let bad = [0, 1, 2, 3, 4].map(|user| format!("M-{user},010-1\n")).concat();
    let good: Vec<_> = (0..300).map(|user| format!("G-{user},010-1234-{user:04}\n")).collect();
    let good = good.concat();
    desk.write("users.csv", format!("id,phone\n{bad}{good}"));
    desk.write("m.yaml", PHONES);
    let load = [
        "load",
        "identities",
        "users.csv",
        "--mapping",
        "m.yaml",
        "--concurrency",
        "4",
    ];
    desk.run(&[&load[..], &["--max-bad", "1"]].concat()).await.is(1);
    let rows = || desk.read("users.csv.dfinery/rejected.csv").lines().count() - 1;
    assert!(rows() < 5, "{}", rows());

    slow(&desk, 50);
    let mut child = desk.command(&load).spawn().unwrap();
    until(|| !desk.emulator.ledger().all_requests().is_empty()).await;
    until(|| desk.read("users.csv.dfinery/dead-letter.ndjson").lines().count() == 5).await;
    signal(&child, "-KILL");
    child.wait().unwrap();
    desk.run(&load)
        .await
        .is(1)
        .says("accepted             300")
        .says("invalid                5");
    assert_eq!(rows(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_never_replace_the_file_that_they_are_from() {
    let desk = Desk::new().await;
    let table = "id,phone\nM-1,010-1\n";
    desk.write("users.csv", table);
    desk.write("m.yaml", PHONES);
    desk.run(&["load", "identities", "users.csv", "--mapping", "m.yaml"])
        .await
        .is(1);
    desk.run(&["rows", "users.csv.dfinery/dead-letter.ndjson", "-o", "users.csv"])
        .await
        .is(2)
        .says("the rows would replace the file that they are from");
    assert_eq!(desk.read("users.csv"), table);

    // Nor anything else of the load, nor JSON.
    desk.write("sales.ndjson", invalid(1));
    desk.run(&["load", "events", "sales.ndjson"]).await.is(1);
    for (file, what) in [
        ("sales.ndjson", "the file that they are from"),
        ("sales.ndjson.dfinery/journal", "a file of the load"),
        ("sales.ndjson.dfinery/receipt.json", "a file of the load"),
        (LETTER, "the dead letter"),
    ] {
        let before = std::fs::read(desk.path(file)).unwrap();
        desk.run(&["rows", LETTER, "-o", file])
            .await
            .is(2)
            .says(&format!("the rows would replace {what}"));
        assert_eq!(std::fs::read(desk.path(file)).unwrap(), before, "{file}");
    }
    desk.run(&["rows", LETTER, "-o", "fix.ndjson"]).await.is(0);
    desk.run(&["rows", LETTER, "-o", "fix.ndjson"]).await.is(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_with_a_mapping_is_not_waited_for() {
    let desk = Desk::new().await;
    let made = std::process::Command::new("mkfifo").arg(desk.path("pipe.csv")).status();
    assert!(made.unwrap().success());
    desk.write("m.yaml", "identity: {external_id: id}\n");
    let child = desk
        .command(&["load", "identities", "pipe.csv", "--mapping", "m.yaml"])
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    let waiting = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await;
    if ended.is_err() {
        let _ = std::process::Command::new("kill").arg(id).status();
    }
    let ran: Ran = ended.expect("it waits").unwrap().into();
    ran.is(2).says("pipe");
}
