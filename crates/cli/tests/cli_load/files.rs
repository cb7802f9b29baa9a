use std::fs;

use dfinery_load::{Mapping, Taxonomy};
use serde_json::json;

use crate::{
    command::{Desk, bare, run},
    event, events,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_be_sent_and_leaves_no_trace() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", &(events(10, 30) + "no JSON\n"));
    let mut command = bare(&["load", "events", "sales.ndjson", "--dry-run", "--rate", "2"]);
    command.current_dir(&desk.folder);
    let ran = run(command).await;
    ran.is(1)
        .says("301")
        .says("300  in 10 calls, 30.0 records in each")
        .says("4 min");
    let ran = desk
        .run(&["load", "events", "sales.ndjson", "--dry-run", "--output", "json"])
        .await;
    let plan: serde_json::Value = serde_json::from_str(&ran.is(1).out).unwrap();
    assert_eq!((&plan["read"], &plan["calls"][0]["calls"]), (&json!(301), &json!(10)));
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
    assert_eq!(fs::read_dir(&desk.folder).unwrap().count(), 1, "nothing but the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_good_from_bad_from_unreadable() {
    let desk = Desk::new().await;
    desk.write("good.ndjson", events(2, 2));
    desk.write("bad.ndjson", &(events(2, 2) + "{}\n"));
    desk.run(&["check", "good.ndjson"]).await.is(0).says("4 records");
    desk.run(&["check", "bad.ndjson"]).await.is(1).says("bad.ndjson:5");
    desk.run(&["check", "none.ndjson"])
        .await
        .is(2)
        .says("there is no such file");
    desk.run(&["check", "good.ndjson", "--as", "profiles"]).await.is(1);
    let ran = desk.run(&["check", "bad.ndjson", "--output", "json"]).await;
    let report: serde_json::Value = serde_json::from_str(&ran.is(1).out).unwrap();
    assert_eq!((&report["records"], &report["bad"]), (&json!(5), &json!(1)));
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_held_against_the_taxonomy_that_is_given() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", event("kim-0", "point_charged", 0));
    desk.write("taxonomy.yaml", "events:\n  - name: point_charged\n");
    desk.run(&["check", "sales.ndjson"]).await.is(0);
    desk.run(&["check", "sales.ndjson", "--taxonomy", "taxonomy.yaml"])
        .await
        .is(0);
    desk.write("taxonomy.yaml", "events:\n  - name: point_spent\n");
    desk.run(&["check", "sales.ndjson", "--taxonomy", "taxonomy.yaml"])
        .await
        .is(1);
    desk.write("taxonomy.yaml", "event: []\n");
    desk.run(&["check", "sales.ndjson", "--taxonomy", "taxonomy.yaml"])
        .await
        .is(2)
        .says("taxonomy.yaml: ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_the_calls_themselves_and_sends_none() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(5, 2));
    let ran = desk.run(&["preview", "sales.ndjson", "--calls", "2"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("the first 2 calls; nothing was sent"), "{}", ran.err);
    let calls: Vec<_> = ran.out.split("POST /api/v1/events\n").skip(1).collect();
    assert_eq!(calls.len(), 2);
    let call: serde_json::Value = serde_json::from_str(calls[0]).unwrap();
    assert_eq!(call["common"]["identity"]["external_id"], json!("kim-0"));
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_json_if_asked_for() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(5, 2) + "no JSON\n");
    let preview = ["preview", "sales.ndjson", "--calls", "2", "--output", "json"];
    let ran = desk.run(&preview).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let preview: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let calls = preview["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        (&calls[0]["method"], &calls[0]["path"]),
        (&json!("POST"), &json!("/api/v1/events"))
    );
    assert_eq!(calls[0]["body"]["common"]["identity"]["external_id"], json!("kim-0"));
    assert_eq!(
        (&calls[0]["lines"], &preview["report"]["bad"]),
        (&json!([1, 6]), &json!(1))
    );
    let records = &preview["report"]["records"];
    ran.says(&format!(
        "the counts below are of the first {records} records, which were read for these calls"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_loaded_with_the_mapping_that_was_begun_for_it() {
    let desk = Desk::new().await;
    desk.write(
        "logins.csv",
        "external_id,event_datetime\nkim-1,2026-11-01 10:00:00\nkim-2,2026-11-02 10:00:00\n",
    );
    let load = ["load", "events", "logins.csv"];
    desk.run(&load).await.is(2).says("dfinery mapping init logins.csv");
    let init = ["mapping", "init", "logins.csv", "--as", "events"];
    desk.run(&init).await.is(1).says("it is not complete");
    let known = ["--event", "df_login", "--timezone", "Asia/Seoul"];
    let ran = desk.run(&[&init[..], &known].concat()).await;
    ran.is(0).says("--mapping");
    Mapping::from_yaml(&ran.out).unwrap();
    desk.write("logins.yaml", &ran.out);
    // The attempt without a mapping is not in the way.
    desk.run(&[&load[..], &["--mapping", "logins.yaml"]].concat())
        .await
        .is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 2);
    desk.run(&["mapping", "init", "none.csv"]).await.is(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_with_points_to_look_at_loads_its_table_as_it_is() {
    let desk = Desk::new().await;
    let help = desk.run(&["mapping", "init", "--help"]).await;
    help.is(0)
        .says("0  the table can be loaded with the mapping as it is")
        .says("1  the mapping loads nothing yet");
    desk.write(
        "members.csv",
        "회원번호,성별,취미\nkim-1,Female,바둑\nkim-2,Male,등산\nkim-3,Female,수영\n",
    );
    let ran = desk.run(&["mapping", "init", "members.csv"]).await;
    ran.is(0).says("what to look at").says("취미");
    desk.write("members.yaml", &ran.out);
    let load = ["load", "mixed", "--ordered", "members.csv", "--mapping", "members.yaml"];
    desk.run(&load).await.is(0);
    assert_eq!(desk.emulator.ledger().profile_updates(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxonomy_is_begun_on_standard_output() {
    let desk = Desk::new().await;
    let ran = desk.run(&["taxonomy", "init"]).await;
    ran.is(0).says("--taxonomy");
    Taxonomy::from_yaml(&ran.out).unwrap();
    assert!(ran.out.contains("df_purchase"));
}
