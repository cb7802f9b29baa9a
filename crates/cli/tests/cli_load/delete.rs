use std::fs;

use serde_json::json;

use crate::command::{Desk, run};

fn users(count: usize) -> String {
    let line = |user| format!("{{\"identity\":{{\"external_id\":\"kim-{user}\"}}}}\n");
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_deleted_without_a_yes() {
    let desk = Desk::new().await;
    desk.write("leavers.ndjson", &(users(3) + "{\"identity\":{}}\n"));
    let ran = desk.run(&["delete", "identities", "leavers.ndjson"]).await;
    ran.is(2)
        .says("this deletes 3 unified profiles, which cannot be undone; 1 record is invalid")
        .says("nothing was sent")
        .says("--yes");
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
    assert_eq!(fs::read_dir(&desk.folder).unwrap().count(), 1, "nothing but the file");

    let ran = desk.run(&["delete", "identities", "leavers.ndjson", "--yes"]).await;
    ran.is(1).says("this deletes 3 unified profiles");
    assert_eq!(desk.emulator.ledger().deletions().len(), 3);
    assert_eq!(desk.receipt("leavers.ndjson")["accepted"], json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_names_nobody_deletes_nobody() {
    let desk = Desk::new().await;
    desk.write("leavers.ndjson", "{\"identity\":{\"email\":\"kim-1@example.com\"}}\n");
    let ran = desk.run(&["delete", "identities", "leavers.ndjson", "--yes"]).await;
    ran.is(2).says("no record names a user to delete");
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_failed_is_replayed_as_a_deletion_and_with_a_yes_only() {
    let desk = Desk::new().await;
    desk.write(
        "leavers.ndjson",
        &(users(2) + "{\"identity\":{\"email\":\"kim-9@example.com\"}}\n"),
    );
    let refused = dfinery_emulator::Fault::Import(dfinery::ImportCode::ValidationFailure);
    desk.emulator.script([refused.clone(), refused]);
    let ran = desk.run(&["delete", "identities", "leavers.ndjson", "--yes"]).await;
    ran.is(1);
    let dead = "leavers.ndjson.dfinery/dead-letter.ndjson";
    assert_eq!(desk.read(dead).lines().count(), 3);

    desk.run(&["replay", dead]).await.is(2).says("nothing was sent");
    assert_eq!(desk.emulator.ledger().deletions().len(), 0);
    desk.run(&["replay", dead, "--yes"]).await.is(1);
    assert_eq!(desk.emulator.ledger().deletions().len(), 2);
    assert_eq!(desk.emulator.ledger().identities().len(), 0, "nobody came into being");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_cannot_be_counted_first_so_nothing_is_deleted() {
    let desk = Desk::new().await;
    desk.write("leavers.ndjson", users(2));
    let mut command = desk.command(&["delete", "identities", "-", "--yes", "--state", "state"]);
    command.stdin(fs::File::open(desk.path("leavers.ndjson")).unwrap());
    run(command).await.is(2).says("write it to a file first");
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_was_deleted_and_comes_back_is_not_unchanged() {
    let desk = Desk::new().await;
    desk.write("members.ndjson", users(2));
    desk.write("leavers.ndjson", users(1));
    desk.write("dfinery.toml", "delta = \"members.delta\"\n");
    let load = async |state| {
        let load = ["load", "identities", "members.ndjson", "--state", state];
        desk.run(&load).await.is(0);
        desk.emulator.ledger().identities().len()
    };
    assert_eq!((load("one").await, load("two").await), (2, 2));
    desk.run(&["delete", "identities", "leavers.ndjson", "--yes"])
        .await
        .is(0);
    assert_eq!((load("three").await, load("four").await), (3, 3));
}
