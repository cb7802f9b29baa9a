//! What corrections make good is known by the lines that they correct: nothing is sent twice, and what is left is exact.

use std::{collections::BTreeSet, fs};

use dfinery_load::{DeadLetters, Loader};
use serde_json::{Value, json};

use crate::{
    command::{Desk, Ran},
    load,
};

const MAPPING: &str = "
timezone: Asia/Seoul
skip_if: {column: kind, equals: none}
records:
  - only_if: {column: kind, equals: login}
    identity: {external_id: user, phone_no: {column: phone, type: phone}}
    event: df_login
    event_datetime: at
  - only_if: {column: kind, equals: mine}
    identity: {external_id: user, phone_no: {column: phone, type: phone}}
    event: mine
    event_datetime: at
";
const LETTER: &str = "in.csv.dfinery/dead-letter.ndjson";
const REJECTED: &str = "in.csv.dfinery/rejected.csv";
const GOOD: &str = "010-1234-5678";

/// A row of a user: `login` is good if its telephone is, `mine` is refused until it is registered.
fn row(user: &str, phone: &str, kind: &str) -> String {
    format!("{user},{phone},2026-11-01 10:00:00,{kind}\n")
}

async fn desk(rows: &[String]) -> Desk {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    desk.write("in.csv", format!("user,phone,at,kind\n{}", rows.concat()));
    desk.run(&load("in.csv")).await.is(1);
    desk
}

impl Desk {
    fn register_mine(&self) {
        let registered = dfinery_emulator::Registered::standard().event("mine");
        self.emulator.settings(|settings| settings.taxonomy = registered);
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Keeps the rows of these users in a table of bad rows, with a good telephone.
    fn correct(&self, file: &str, users: &[&str]) {
        let text = self.text(file);
        let is_kept = |row: &&str| users.iter().any(|user| row.contains(&format!(",{user},")));
        let rows = text.lines().skip(1).filter(is_kept);
        let corrected = rows.map(|row| row.replace("010-1,", &format!("{GOOD},")) + "\n");
        let header = text.lines().next().unwrap();
        self.write(file, format!("{header}\n{}", corrected.collect::<String>()));
    }

    /// The users whose events arrived, each once.
    fn arrived(&self) -> BTreeSet<String> {
        let ledger = self.emulator.ledger();
        let mut users = BTreeSet::new();
        for record in ledger.events() {
            let user = record.identity.external_id.clone().unwrap();
            assert!(users.insert(user.clone()), "{user} arrived twice");
        }
        users
    }

    /// The status, which must add up.
    async fn status(&self) -> Value {
        let status = self.run(&["status", "in.csv", "--output", "json"]).await.json();
        let count = |name: &str| status[name].as_u64().unwrap();
        let sum = |names: &[&str]| names.iter().map(|name| count(name)).sum::<u64>();
        assert_eq!(count("read"), sum(&["accepted", "passed_over", "left"]), "{status:#}");
        let parts = ["rejected", "invalid", "undelivered", "unknown", "to_replay", "open"];
        assert_eq!(count("left"), sum(&parts), "{status:#}");
        let stages = ["replays", "corrections"].map(|name| status[name].as_array().unwrap().clone());
        for stage in stages.concat().iter().chain([&status["load"]]) {
            let [began, ended] = ["began", "ended"].map(|name| stage[name].as_str().unwrap_or("~"));
            assert!(began <= ended, "{stage:#}");
        }
        status
    }
}

#[track_caller]
fn counts(status: &Value, expected: [u64; 4]) {
    let found = ["accepted", "corrected", "passed_over", "left"].map(|name| status[name].as_u64().unwrap());
    assert_eq!(found, expected, "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_leaves_out_what_was_corrected() {
    let desk = desk(&[
        row("A", "010-1", "login"),
        row("B", GOOD, "mine"),
        row("C", GOOD, "mine"),
    ])
    .await;
    desk.register_mine();
    desk.correct(REJECTED, &["A", "B"]);
    desk.run(&load(REJECTED)).await.is(0);
    counts(&desk.status().await, [2, 2, 0, 1]);
    desk.run(&["replay", LETTER])
        .await
        .is(0)
        .says(&format!(
            "left out: 2 of 3 records, whose rows were corrected and loaded from {REJECTED} at 20"
        ))
        .says("accepted               1");
    counts(&desk.status().await, [3, 2, 0, 0]);
    assert_eq!(desk.arrived(), ["A", "B", "C"].map(str::to_owned).into());
    // Nothing is left of it for anybody.
    desk.run(&["rows", LETTER]).await.is(0).says("2 more left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_a_replay_leaves_out_what_was_corrected() {
    let desk = desk(&[row("A", "010-1", "login"), row("B", GOOD, "mine")]).await;
    desk.correct(REJECTED, &["A"]);
    desk.run(&load(REJECTED)).await.is(0);
    let letters = DeadLetters::read(&desk.path(LETTER)).unwrap();
    let loader = Loader::builder(&desk.emulator.import_client().build().unwrap()).build();
    let plan = loader.plan(letters.load()).await.unwrap();
    assert_eq!((letters.records(), plan.read), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_what_an_earlier_stage_left_counts_after_a_replay() {
    let desk = desk(&[
        row("A", "010-1", "login"),
        row("B", "010-1", "login"),
        row("C", GOOD, "mine"),
    ])
    .await;
    desk.register_mine();
    desk.run(&["replay", LETTER]).await.is(1);
    counts(&desk.status().await, [1, 0, 0, 2]);
    // Whoever has corrected the first table, not that of the replay.
    desk.correct(REJECTED, &["A"]);
    desk.run(&load(REJECTED)).await.is(0);
    counts(&desk.status().await, [2, 1, 0, 1]);
    // The same row in the table of the replay counts once.
    let again = "in.csv.dfinery/replay-1/rejected.csv";
    desk.correct(again, &["A", "B"]);
    desk.run(&load(again)).await.is(0);
    counts(&desk.status().await, [3, 2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_loaded_anew_forgets_nothing() {
    let desk = desk(&["A", "B", "C"].map(|user| row(user, "010-1", "login"))).await;
    let all = desk.text(REJECTED);
    desk.correct(REJECTED, &["A"]);
    desk.run(&load(REJECTED)).await.is(0);
    desk.write(REJECTED, &all);
    desk.correct(REJECTED, &["B"]);
    desk.run(&load(REJECTED)).await.is(2);
    desk.run(&[&load(REJECTED)[..], &["--restart"]].concat()).await.is(0);
    counts(&desk.status().await, [2, 2, 0, 1]);
    // What is left comes as a table that is known, too.
    let ran = desk.run(&["status", "in.csv"]).await;
    let rows = ["rows", LETTER, "-o", "in.csv.dfinery/rejected-2.csv"];
    ran.is(1).says(&format!("dfinery {}", rows.join(" ")));
    desk.run(&rows)
        .await
        .is(0)
        .says("1 record of in.csv")
        .says("2 more left out");
    desk.run(&rows).await.is(0);
    desk.correct(rows[3], &["C"]);
    desk.run(&rows).await.is(2).says("may have been corrected");
    desk.run(&load(rows[3])).await.is(0);
    counts(&desk.status().await, [3, 3, 0, 0]);
    desk.run(&rows[..2]).await.is(0).says("no row is left");
    assert_eq!(desk.arrived().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_table_is_never_replaced_by_a_load_that_goes_on() {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    let rows: Vec<_> = (0..6).map(|user| row(&format!("U{user}"), "010-1", "login")).collect();
    desk.write("in.csv", format!("user,phone,at,kind\n{}", rows.concat()));
    let stops = |most| [&load("in.csv")[..], &["--max-bad", most]].concat();
    desk.run(&stops("1")).await.is(1);
    let first = desk.text(REJECTED);
    assert_eq!(first.lines().count(), 1 + 2, "{first}");
    // Nobody has touched it: it gets what is new.
    desk.run(&stops("3")).await.is(1);
    let second = desk.text(REJECTED);
    assert!(
        second.starts_with(&first) && second.lines().count() == 1 + 4,
        "{second}"
    );
    desk.correct(REJECTED, &["U0", "U1", "U2", "U3"]);
    let corrected = desk.text(REJECTED);
    let further = "in.csv.dfinery/rejected-2.csv";
    desk.run(&load("in.csv")).await.is(1).says(further);
    assert_eq!(desk.text(REJECTED), corrected);
    let text = desk.text(further);
    assert_eq!(text.lines().count(), 1 + 2, "{text}");
    assert!(text.contains(",U4,") && text.contains(",U5,"), "{text}");
    assert_eq!(desk.status().await["rejected_rows"], json!([REJECTED, further]));
    desk.correct(further, &["U4", "U5"]);
    // Both at once.
    desk.run(&[&load(REJECTED)[..], &[further]].concat()).await.is(0);
    counts(&desk.status().await, [6, 6, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_waits_for_a_correction_that_has_not_ended() {
    let desk = desk(&["A", "B", "C"].map(|user| row(user, "010-1", "login"))).await;
    let mixed = desk.text(REJECTED).replacen("010-1", GOOD, 1);
    desk.write(REJECTED, mixed);
    desk.run(&[&load(REJECTED)[..], &["--max-bad", "0"]].concat())
        .await
        .is(1);
    let status = desk.status().await;
    counts(&status, [0, 0, 0, 3]);
    assert_eq!((&status["goes_on"], &status["complete"]), (&json!(true), &json!(false)));
    let ran = desk.run(&["replay", LETTER]).await;
    ran.is(2)
        .says(&format!("the load of the corrected rows in {REJECTED} has not ended"));
    desk.run(&load(REJECTED)).await.is(1);
    counts(&desk.status().await, [1, 1, 0, 2]);
    desk.run(&["replay", LETTER])
        .await
        .is(1)
        .says("left out: 1 of 3 records");
    counts(&desk.status().await, [1, 1, 0, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_goes_on_leaves_out_what_was_corrected_meanwhile() {
    let bad = ["A", "B", "C"].map(|user| row(user, "010-1", "login"));
    let desk = desk(&[&bad[..], &[row("D", GOOD, "mine")]].concat()).await;
    desk.run(&["replay", LETTER, "--max-bad", "0"]).await.is(1);
    desk.register_mine();
    assert_eq!(desk.status().await["to_replay"], json!(3));
    desk.correct(REJECTED, &["A", "B"]);
    desk.run(&load(REJECTED)).await.is(0);
    let status = desk.status().await;
    counts(&status, [2, 2, 0, 2]);
    assert_eq!((&status["to_replay"], &status["invalid"]), (&json!(2), &json!(0)));
    desk.run(&["replay", LETTER])
        .await
        .is(1)
        .says("left out: 2 of 4 records");
    counts(&desk.status().await, [3, 2, 0, 1]);
    assert_eq!(desk.arrived(), ["A", "B", "D"].map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_turn_out_to_be_none_are_said() {
    let desk = desk(&[row("A", "010-1", "login"), row("B", "010-1", "login")]).await;
    desk.write(
        REJECTED,
        desk.text(REJECTED)
            .replacen("login", "none", 1)
            .replace("010-1,", &format!("{GOOD},")),
    );
    desk.run(&load(REJECTED)).await.is(0);
    counts(&desk.status().await, [1, 1, 1, 0]);
    let ran = desk.run(&["status", "in.csv"]).await;
    ran.is(0)
        .says("passed over              1  which the mapping passes over as corrected rows");
    desk.run(&["replay", LETTER])
        .await
        .is(0)
        .says("left out: 2 of 2 records");
    counts(&desk.status().await, [1, 1, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_several_records_is_in_one_table_only() {
    let desk = Desk::new().await;
    let identity = "identity: {external_id: user, phone_no: {column: phone, type: phone}}";
    let mapping = format!(
        "timezone: Asia/Seoul\nrecords:\n  - {identity}\n    event: df_login\n    event_datetime: at\n\
         \x20 - identity: {{external_id: user}}\n    event: mine\n    event_datetime: at\n"
    );
    desk.write("m.yaml", mapping);
    desk.write("in.csv", format!("user,phone,at,kind\n{}", row("A", "010-1", "both")));
    desk.run(&[&load("in.csv")[..], &["--max-bad", "0"]].concat())
        .await
        .is(1);
    assert!(desk.text(REJECTED).contains("\n2,invalid,"));
    desk.correct(REJECTED, &["A"]);
    desk.run(&load("in.csv")).await.is(1);
    assert_eq!(desk.status().await["rejected_rows"], json!([REJECTED]));
    desk.register_mine();
    desk.run(&load(REJECTED)).await.is(0);
    counts(&desk.status().await, [2, 2, 0, 0]);
}

/// A load of orders whose amounts are these, each of the user of its number.
async fn orders(rows: &[(&str, &str)]) -> Desk {
    let desk = Desk::new().await;
    let mapping = "timezone: Asia/Seoul\ngroup_by: order\nidentity: {external_id: user}\nevent: df_login\nevent_datetime: at\n\
                   event_properties: {df_total_purchase_amount: {sum: amount, type: long}}\n";
    desk.write("m.yaml", mapping);
    desk.emulator
        .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
    let rows: Vec<_> = rows
        .iter()
        .map(|(order, amount)| format!("{order},u{order},2026-11-01 10:00:00,{amount}\n"))
        .collect();
    desk.write("in.csv", format!("order,user,at,amount\n{}", rows.concat()));
    desk.run(&load("in.csv")).await.is(1);
    desk
}

fn sums(desk: &Desk) -> Vec<u64> {
    let ledger = desk.emulator.ledger();
    let sum = |record: &dfinery_emulator::EventRecord| {
        let properties = serde_json::to_value(&record.event.event_properties).unwrap();
        properties["df_total_purchase_amount"].as_u64().unwrap()
    };
    let mut sums: Vec<_> = ledger.events().map(sum).collect();
    sums.sort_unstable();
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_became_two_is_good_once_both_are() {
    let desk = orders(&[("R1", "1"), ("R1", "x")]).await;
    let corrected = desk
        .text(REJECTED)
        .replace("R1,uR1,2026-11-01 10:00:00,x", "R2,uR2,2026-11-01 10:00:00,x");
    desk.write(REJECTED, corrected);
    desk.run(&load(REJECTED)).await.is(1);
    assert_eq!(sums(&desk), [1]);
    counts(&desk.status().await, [0, 0, 0, 1]);
    let nested = format!("{REJECTED}.dfinery/rejected.csv");
    desk.write(&nested, desk.text(&nested).replace(",x\n", ",2\n"));
    desk.run(&load(&nested)).await.is(0);
    assert_eq!(sums(&desk), [1, 2]);
    counts(&desk.status().await, [1, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_an_order_does_not_become_another_order_by_itself() {
    let desk = orders(&[("R1", "1"), ("R2", "20"), ("R1", "300")]).await;
    assert_eq!(sums(&desk), [1, 20]);
    let ran = desk.run(&load(REJECTED)).await;
    ran.is(1)
        .says("would become a second one with the same key")
        .says("empty their dfinery_reason");
    assert_eq!(desk.status().await["left"], json!(1));
    // The same further down.
    let nested = format!("{REJECTED}.dfinery/rejected.csv");
    desk.run(&load(&nested)).await.is(1);
    assert_eq!(sums(&desk), [1, 20]);
    let text = desk.text(&nested);
    let start = text.rfind("invalid,").unwrap() + "invalid,".len();
    let end = text.find("R1,uR1,").unwrap();
    desk.write(&nested, format!("{},{}", &text[..start], &text[end..]));
    desk.run(&[&load(&nested)[..], &["--restart"]].concat()).await.is(0);
    assert_eq!(sums(&desk), [1, 20, 300]);
    counts(&desk.status().await, [3, 1, 0, 0]);
}

/// A few numbers that look like chance, and are the same every time.
struct Chance(u64);

impl Chance {
    fn of(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// Edits a table of bad rows as somebody in a hurry: some rows are mended, some turn out to be none, some stay, some go.
fn edited(table: &str, chance: &mut Chance, passed: &mut BTreeSet<String>) -> String {
    let mut rows = table.lines();
    let mut text = rows.next().unwrap().to_owned() + "\n";
    for row in rows {
        let user = row.split(',').rev().nth(3).unwrap().to_owned();
        match chance.of(6) {
            0 | 1 => text += &row.replace("010-1,", &format!("{GOOD},")).replace(",mine", ",login"),
            2 => {
                passed.insert(user);
                text += &row.replace(",mine", ",none").replace(",login", ",none");
            }
            3 | 4 => text += row,
            _ => continue,
        }
        text += "\n";
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_about_bad_rows_the_counts_are_those_of_the_service() {
    for seed in 0..8 {
        let mut chance = Chance(seed);
        let rows: Vec<_> = (0..12)
            .map(|user| {
                let (phone, kind) = ([GOOD, "010-1", "010-1"][chance.of(3)], ["login", "mine"][chance.of(2)]);
                row(&format!("U{user}"), phone, kind)
            })
            .chain([row("last", "010-1", "login")])
            .collect();
        let desk = desk(&rows).await;
        let mut passed = BTreeSet::new();
        let mut did = Vec::new();
        for step in 0..10 {
            let status = desk.status().await;
            let left = status["left"].as_u64().unwrap();
            let arrived = desk.arrived();
            let passed_over = passed.difference(&arrived).count() as u64;
            let found = ["accepted", "passed_over"].map(|name| status[name].as_u64().unwrap());
            assert_eq!(found, [arrived.len() as u64, passed_over], "{seed} {did:#?} {status:#}");
            assert_eq!(left, rows.len() as u64 - found[0] - found[1], "{seed} {did:#?}");
            if left == 0 {
                break;
            }
            let letter = status["dead_letter"].as_str().unwrap().to_owned();
            let tables = status["rejected_rows"].as_array().unwrap().clone();
            let ran: Ran = if chance.of(3) == 0 {
                if chance.of(3) == 0 {
                    desk.register_mine();
                }
                did.push(format!("replay {letter}"));
                desk.run(&["replay", &letter]).await
            } else {
                let table = if tables.is_empty() || chance.of(4) == 0 {
                    let folder = letter.rsplit_once('/').unwrap().0;
                    let table = format!("{folder}/rejected-{}.csv", 10 + step);
                    desk.run(&["rows", &letter, "-o", &table]).await.is(0);
                    table
                } else {
                    tables[chance.of(tables.len())].as_str().unwrap().to_owned()
                };
                let text = edited(&desk.text(&table), &mut chance, &mut passed);
                did.push(format!("load {table}\n{text}"));
                desk.write(&table, &text);
                desk.run(&load(&table)).await
            };
            assert!(
                matches!(ran.code, Some(0 | 1)),
                "{seed} {did:#?} {} {}",
                ran.out,
                ran.err
            );
        }
    }
}
