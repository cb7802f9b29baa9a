use std::{fs, io::Write as _, process::Stdio};

use dfinery::Operation;
use dfinery_emulator::{Fault, Registered};
use serde_json::json;

use crate::{
    command::{Desk, Ran, run},
    event, events,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_is_loaded_and_the_receipt_adds_up() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(30, 20));
    let ran = desk
        .run(&["load", "events", "sales.ndjson", "--receipt", "copy.json"])
        .await;
    ran.is(0).says("Receipt for events:").says("The counts add up.");
    let receipt = desk.receipt("sales.ndjson");
    assert_eq!((&receipt["read"], &receipt["accepted"]), (&json!(600), &json!(600)));
    assert_eq!(receipt["calls"], json!(30));
    let copy: serde_json::Value = serde_json::from_str(&desk.read("copy.json")).unwrap();
    assert_eq!(copy, receipt);
    assert_eq!(desk.emulator.ledger().events_stored(), 600);

    let again = desk.run(&["load", "events", "sales.ndjson", "--output", "json"]).await;
    let receipt: serde_json::Value = serde_json::from_str(&again.is(0).out).unwrap();
    assert_eq!(receipt["finished_before"], json!(true));
    assert_eq!(desk.emulator.ledger().events_stored(), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_accepted_is_in_the_dead_letter_and_a_replay_sends_it_once_it_is_put_right() {
    let desk = Desk::new().await;
    let mut text = events(3, 5);
    text += &event("kim-0", "point_charged", 100);
    text += "{\"identity\":{\"external_id\":\"kim-9\"}}\n";
    desk.write("sales.ndjson", &text);
    let ran = desk.run(&["load", "events", "sales.ndjson"]).await;
    ran.is(1)
        .says("dfinery replay sales.ndjson.dfinery/dead-letter.ndjson")
        .says("sales.ndjson:17");
    let receipt = desk.receipt("sales.ndjson");
    assert_eq!((&receipt["rejected"], &receipt["invalid"]), (&json!(1), &json!(1)));
    let dead = "sales.ndjson.dfinery/dead-letter.ndjson";
    assert_eq!(desk.read(dead).lines().count(), 2);

    let settings = |settings: &mut dfinery_emulator::Settings| {
        settings.taxonomy = Registered::standard().event("point_charged");
    };
    desk.emulator.settings(settings);
    let ran = desk.run(&["replay", dead]).await;
    ran.is(1);
    let receipt = desk.read("sales.ndjson.dfinery/replay-1/receipt.json");
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(
        (&receipt["read"], &receipt["accepted"], &receipt["invalid"]),
        (&json!(2), &json!(1), &json!(1)),
        "the identity is no event on a replay either"
    );
    assert_eq!(desk.emulator.ledger().events_stored(), 16);
    assert!(
        desk.emulator
            .ledger()
            .identities()
            .iter()
            .all(|identity| { identity.external_id.as_deref() != Some("kim-9") })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_loses_nothing_and_the_same_command_goes_on() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(20, 20));
    let mut command = desk.command(&["load", "events", "sales.ndjson"]);
    command.env("DFINERY_IMPORT_TOKEN", "no-such-token");
    run(command).await.is(2).says("Run the same command again");
    assert_eq!(desk.emulator.ledger().events_stored(), 0);
    desk.run(&["load", "events", "sales.ndjson"]).await.is(0);
    assert_eq!(desk.receipt("sales.ndjson")["accepted"], json!(400));
    assert_eq!(desk.emulator.ledger().events_stored(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_is_a_reason_to_try_again_later() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(5, 2));
    let arguments = ["load", "events", "sales.ndjson", "--patience", "1s"];
    desk.emulator.fault_rate(dfinery_emulator::FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![dfinery_emulator::Fault::Status(522)],
    });
    let ran = desk.run(&arguments).await;
    ran.is(75).says("nothing has succeeded for too long");
    desk.emulator.fault_rate(dfinery_emulator::FaultRate {
        probability: 0.0,
        seed: 0,
        faults: Vec::new(),
    });
    desk.run(&arguments).await.is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_the_api_is_not_ends_the_load_at_once() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(5, 2));
    let arguments = ["load", "events", "sales.ndjson", "--patience", "1h"];
    let wrong_path = format!("{}/no-such-path", desk.emulator.base_url());
    for (base_url, code, message) in [
        ("http://127.0.0.1:9", 75, "nothing listens on 127.0.0.1:9"),
        ("https://no-such-host.invalid", 2, "no-such-host.invalid:443"),
        (&wrong_path, 2, "HTTP 404"),
    ] {
        let mut command = desk.command(&arguments);
        command.env("DFINERY_BASE_URL", base_url);
        run(command).await.is(code).says(message).says("check --base-url");
    }
    desk.run(&arguments).await.is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_bad_records_end_the_load() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", &(events(1, 1) + &"no JSON\n".repeat(50)));
    let ran = desk.run(&["load", "events", "sales.ndjson", "--max-bad", "3"]).await;
    ran.is(1).says("more than the");
    assert_eq!(desk.receipt("sales.ndjson")["invalid"], json!(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_loaded_too() {
    let desk = Desk::new().await;
    let mut command = desk.command(&["load", "events", "-", "--state", "from-stdin"]);
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let ran: Ran = tokio::task::spawn_blocking(move || {
        stdin.write_all(events(4, 3).as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap()
    .into();
    ran.is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 12);
    assert!(desk.path("from-stdin/receipt.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_load_speaks_only_of_what_needs_attention() {
    let desk = Desk::new().await;
    desk.write("good.ndjson", events(2, 2));
    let good = desk.run(&["load", "events", "good.ndjson", "--quiet"]).await;
    good.is(0);
    assert_eq!((good.out.as_str(), good.err.as_str()), ("", ""));
    desk.run(&["load", "events", "good.ndjson", "--restart", "-q", "--output", "json"])
        .await
        .is(0)
        .says("\"accepted\": 4");
    desk.write("bad.ndjson", events(2, 2) + "{}\n");
    let bad = desk.run(&["load", "events", "bad.ndjson", "-q"]).await;
    bad.is(1).says("Problems").says("Receipt for events");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_as_json_is_a_json_object_on_each_line() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", events(2, 2));
    let slow = Fault::Delay(std::time::Duration::from_millis(1_500));
    desk.emulator.script_for(Operation::LoadEvents, [slow.clone(), slow]);
    let ran = desk
        .run(&["load", "events", "sales.ndjson", "--progress", "json"])
        .await;
    let lines: Vec<serde_json::Value> = ran
        .is(0)
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() >= 2, "{}", ran.err);
    assert_eq!(lines[0]["under_way"], json!(2));
    let last = lines.last().unwrap();
    assert_eq!((&last["accepted"], &last["done"]), (&json!(4), &json!(1.0)));
    assert!(last["quota_used"].as_f64().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_keeps_good_events_gets_none_of_them_twice() {
    let desk = Desk::new().await;
    desk.write("sales.ndjson", &(events(1, 4) + &event("kim-0", "no_such_event", 50)));
    let arguments = ["load", "events", "sales.ndjson", "--on-refusal", "reject-all"];
    desk.run(&arguments).await.is(1);
    assert_eq!(desk.receipt("sales.ndjson")["rejected"], json!(5));
    assert_eq!(desk.emulator.ledger().requests(Operation::LoadEvents).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn mixed_files_can_be_sent_in_order() {
    let desk = Desk::new().await;
    let user = r#"{"identity":{"external_id":"kim-0"}"#;
    desk.write(
        "all.ndjson",
        format!(
            "{}{user},\"user_properties\":{{\"df_gender\":\"Female\"}}}}\n{user}}}\n",
            events(1, 1)
        ),
    );
    desk.run(&["load", "mixed", "all.ndjson", "--ordered"]).await.is(0);
    let ledger = desk.emulator.ledger();
    let order: Vec<_> = ledger.all_requests().iter().map(|request| request.operation).collect();
    let expected = [
        Operation::UpsertIdentity,
        Operation::UpsertUserProfile,
        Operation::LoadEvents,
    ];
    assert_eq!(order, expected.map(Some));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_knows_what_is_unchanged_and_leaves_the_memory_alone() {
    let desk = Desk::new().await;
    let members = |changed: usize| -> String {
        let lines = |user: usize| {
            let gender = if user < changed { "Male" } else { "Female" };
            let identity = format!(r#""identity":{{"external_id":"kim-{user}"}}"#);
            format!("{{{identity}}}\n{{{identity},\"user_properties\":{{\"df_gender\":\"{gender}\"}}}}\n")
        };
        (0..300).map(lines).collect()
    };
    let load = ["load", "mixed", "members.ndjson", "--delta", "delta"];
    let plan = async || {
        let planned = desk
            .run(&[&load[..], &["--dry-run", "--output", "json"]].concat())
            .await;
        let planned: serde_json::Value = serde_json::from_str(&planned.is(0).out).unwrap();
        let calls = planned["calls"].as_array().unwrap();
        let sum = |name: &str| calls.iter().map(|kind| kind[name].as_u64().unwrap()).sum::<u64>();
        (
            ["read", "unchanged"].map(|name| planned[name].as_u64().unwrap()),
            ["records", "calls"].map(sum),
        )
    };
    desk.write("members.ndjson", members(0));
    assert_eq!(plan().await, ([600, 0], [600, 600]));
    assert!(!desk.path("delta").exists() && !desk.path("members.ndjson.dfinery").exists());
    desk.run(&load).await.is(0);

    desk.write("members.ndjson", members(7));
    let before = fs::read(desk.path("delta")).unwrap();
    assert_eq!(plan().await, ([600, 593], [7, 7]));
    assert_eq!(fs::read(desk.path("delta")).unwrap(), before);
    let text = desk.run(&[&load[..], &["--dry-run"]].concat()).await;
    text.is(0).says("unchanged              593  would not be sent again");
    let ran = desk.run(&[&load[..], &["--state", "tonight"]].concat()).await;
    ran.is(0)
        .says("of these 593 unchanged and not sent")
        .says("7 calls in ");
}
