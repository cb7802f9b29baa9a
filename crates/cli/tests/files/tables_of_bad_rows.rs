//! Tables of bad rows while a load goes on, is killed, or is corrected elsewhere: no row is offered twice, and none is lost.

use std::fs;

use serde_json::json;

use crate::{
    command::{Desk, run},
    load,
};

const MAPPING: &str = "
timezone: Asia/Seoul
identity: {external_id: user, phone_no: {column: phone, type: phone}}
event: df_login
event_datetime: at
";
const FOLDER: &str = "in.csv.dfinery";
const LETTER: &str = "in.csv.dfinery/dead-letter.ndjson";
const REJECTED: &str = "in.csv.dfinery/rejected.csv";
const FURTHER: &str = "in.csv.dfinery/rejected-2.csv";

/// A table with a row of each of these users, all of which have a bad telephone.
fn table(users: &[&str]) -> String {
    let rows = users.iter().map(|user| format!("{user},010-1,2026-11-01 10:00:00\n"));
    format!("user,phone,at\n{}", rows.collect::<String>())
}

/// A desk where `in.csv` of these users was loaded until `most` of them were bad.
async fn desk(users: &[&str], most: &str) -> Desk {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    desk.write("in.csv", table(users));
    desk.run(&[&load("in.csv")[..], &["--max-bad", most]].concat())
        .await
        .is(1);
    desk
}

/// Gives all rows of a table a good telephone.
fn correct(desk: &Desk, file: &str) {
    let text = fs::read_to_string(desk.path(file)).unwrap();
    desk.write(file, text.replace("010-1,", "010-1234-5678,"));
}

#[track_caller]
fn has_rows_of(desk: &Desk, file: &str, users: &[&str]) {
    let text = fs::read_to_string(desk.path(file)).unwrap();
    let found: Vec<_> = text
        .lines()
        .skip(1)
        .map(|row| row.rsplit(',').nth(2).unwrap())
        .collect();
    assert_eq!(found, users, "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_asked_for_after_a_kill_are_not_offered_again() {
    let desk = desk(&["A", "B", "C", "D"], "1").await;
    // A kill before the run ends leaves no table, and nothing that says how far they were written.
    fs::remove_file(desk.path(REJECTED)).unwrap();
    let about = desk.path(FOLDER).join("tables.json");
    let mut tables: serde_json::Value = serde_json::from_slice(&fs::read(&about).unwrap()).unwrap();
    tables["written"] = json!(0);
    tables["bad"] = json!([]);
    fs::write(&about, tables.to_string()).unwrap();
    desk.run(&["rows", LETTER, "-o", REJECTED]).await.is(0);
    has_rows_of(&desk, REJECTED, &["A", "B"]);
    correct(&desk, REJECTED);
    desk.run(&load(REJECTED)).await.is(0);
    desk.run(&load("in.csv")).await.is(1).says(FURTHER);
    has_rows_of(&desk, FURTHER, &["C", "D"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_moved_away_does_not_come_back() {
    let desk = desk(&["A", "B", "C", "D"], "1").await;
    fs::rename(desk.path(REJECTED), desk.path("fix.csv")).unwrap();
    desk.run(&load("in.csv")).await.is(1).says(FURTHER);
    assert!(!desk.path(REJECTED).exists());
    has_rows_of(&desk, FURTHER, &["C", "D"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_wait_for_a_correction_and_the_message_says_the_ways_out() {
    let desk = desk(&["A", "B", "C"], "9").await;
    let text = fs::read_to_string(desk.path(REJECTED)).unwrap();
    desk.write(REJECTED, text.replacen("010-1,", "010-1234-5678,", 1));
    let ends_early = [&load(REJECTED)[..], &["--max-bad", "0"]].concat();
    desk.run(&ends_early).await.is(1);
    for command in [
        &["rows", LETTER][..],
        &["rows", LETTER, "-o", FURTHER],
        &["replay", LETTER],
    ] {
        desk.run(command)
            .await
            .is(2)
            .says(&format!("the load of the corrected rows in {REJECTED} has not ended"))
            .says("Run that load again")
            .says("--restart")
            .says(&format!("remove its folder {REJECTED}.dfinery"));
    }
    fs::remove_dir_all(desk.path(REJECTED).with_extension("csv.dfinery")).unwrap();
    desk.run(&["rows", LETTER]).await.is(0).says("3 records");
    desk.run(&["replay", LETTER]).await.is(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_back_whatever_became_of_the_journals() {
    let desk = desk(&["A", "B"], "9").await;
    let damage = |file: &str| fs::write(desk.path(file), "no journal").unwrap();
    let journal = |folder: &str| format!("{folder}/journal");
    assert!(desk.path(&journal(FOLDER)).exists());
    let text = fs::read_to_string(desk.path(REJECTED)).unwrap();
    let good = fs::read(desk.path(&journal(FOLDER))).unwrap();
    damage(&journal(FOLDER));
    // Nothing was corrected, so nothing need be known.
    let ran = desk.run(&["rows", LETTER]).await;
    assert_eq!(ran.is(0).out, text);
    assert!(!ran.err.contains("not known"), "{}", ran.err);
    fs::write(desk.path(&journal(FOLDER)), good).unwrap();
    correct(&desk, REJECTED);
    desk.run(&load(REJECTED)).await.is(0);
    desk.run(&["rows", LETTER]).await.is(0).says("no row is left");
    damage(&journal(&format!("{REJECTED}.dfinery")));
    let ran = desk.run(&["rows", LETTER]).await;
    assert_eq!(ran.is(0).out, text);
    ran.says("which rows were corrected and loaded since is not known")
        .says(&format!("{REJECTED}.dfinery"));
    // A replay could send them twice.
    desk.run(&["replay", LETTER]).await.is(2).says("journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_were_loaded_together_were_all_loaded() {
    let desk = desk(&["A", "B", "C", "D", "E", "F"], "1").await;
    correct(&desk, REJECTED);
    desk.run(&[&load("in.csv")[..], &["--max-bad", "3"]].concat())
        .await
        .is(1)
        .says(FURTHER);
    // The second one is loaded as it is, by the load that has its folder beside the first.
    desk.run(&[&load(REJECTED)[..], &[FURTHER]].concat()).await.is(1);
    let third = "in.csv.dfinery/rejected-3.csv";
    desk.run(&load("in.csv")).await.is(1).says(third);
    has_rows_of(&desk, FURTHER, &["C", "D"]);
    has_rows_of(&desk, third, &["E", "F"]);
    let status = desk.run(&["status", "in.csv", "--output", "json"]).await.json();
    let left = format!("{REJECTED}.dfinery/rejected-rejected-2.csv");
    assert_eq!(status["rejected_rows"], json!([left, third]), "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_names_a_table_that_was_loaded_twice_once() {
    let desk = desk(&["A", "B", "C"], "9").await;
    let text = fs::read_to_string(desk.path(REJECTED)).unwrap();
    for user in ["A", "B"] {
        desk.write(
            REJECTED,
            text.replace(&format!("{user},010-1,"), &format!("{user},010-1234-5678,")),
        );
        desk.run(&[&load(REJECTED)[..], &["--restart"]].concat()).await.is(1);
    }
    let ran = desk.run(&["replay", LETTER]).await;
    ran.is(1).says("left out: 2 of 3 records");
    assert_eq!(ran.err.matches(REJECTED).count(), 1, "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_table_that_was_loaded_is_taken() {
    let desk = desk(&["A", "B"], "9").await;
    let text = fs::read_to_string(desk.path(REJECTED)).unwrap();
    let (head, _) = text.trim_end().rsplit_once('\n').unwrap();
    desk.write(REJECTED, format!("{head}\n"));
    correct(&desk, REJECTED);
    desk.run(&load(REJECTED)).await.is(0);
    fs::remove_file(desk.path(REJECTED)).unwrap();
    desk.run(&["rows", LETTER, "-o", REJECTED])
        .await
        .is(2)
        .says("was loaded")
        .says("another file");
    assert!(!desk.path(REJECTED).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_names_of_tables_of_bad_rows_are_taken_for_such() {
    let desk = desk(&["A", "B"], "9").await;
    let other = "in.csv.dfinery/rejectedly.csv";
    desk.write(other, "mine");
    desk.run(&["rows", LETTER, "-o", other])
        .await
        .is(2)
        .says("would replace a file of the load");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_tables_as_there_are_inputs_are_written() {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    let names: Vec<_> = (100..250).map(|number| format!("in{number}.csv")).collect();
    for name in &names {
        desk.write(name, table(&["A"]));
    }
    let files: Vec<_> = names.iter().map(String::as_str).collect();
    let load = [&["load", "events"][..], &files, &["--mapping", "m.yaml"]].concat();
    // Fewer may be open than there are tables.
    let command = desk.command(&load);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(&desk.folder)
        .stdin(std::process::Stdio::null());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(limited).await.is(1).says("in249.csv");
    let status = desk.run(&["status", "in100.csv", "--output", "json"]).await.json();
    assert_eq!(status["rejected_rows"].as_array().unwrap().len(), names.len());
    for name in &names {
        has_rows_of(&desk, &format!("in100.csv.dfinery/rejected-{name}"), &["A"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_status_suggests_works() {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    desk.write("in.csv", table(&["A"]));
    desk.write("lines.ndjson", "{\"identity\":{}}\n");
    let load = ["load", "events", "in.csv", "lines.ndjson", "--mapping", "m.yaml"];
    desk.run(&load).await.is(1);
    fs::remove_file(desk.path("in.csv.dfinery/rejected-in.csv")).unwrap();
    // Each needs a command of its own, so no file is named.
    let ran = desk.run(&["status", "in.csv"]).await;
    ran.is(1).says(&format!("dfinery rows {LETTER} -o FILE"));
}
