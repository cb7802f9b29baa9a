//! What is implausible in a file: warnings, and how to make them errors or silence them.

use serde_json::{Value, json};

use crate::command::{Desk, run};

/// A report that someone exported: a header again, a total, a ruler, placeholders, spreadsheets.
const TABLE: &str = "회원번호,전화,이름\nkim-1,821012345678,a\nNULL,82212345678,b\n#N/A,,c\n합계,,2명\n2.02611E+15,,d\n kim-2,,e\nundefined,,f\n";
const MAPPING: &str = "identity: {external_id: 회원번호, phone_no: 전화}\nuser_properties: {memo: 이름}\n";

async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.write("members.csv", TABLE);
    desk.write("mapping.yaml", MAPPING);
    desk.emulator
        .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
    desk
}

const CHECK: [&str; 6] = ["check", "members.csv", "--as", "profiles", "--mapping", "mapping.yaml"];
const LOAD: [&str; 5] = ["load", "profiles", "members.csv", "--mapping", "mapping.yaml"];

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_implausible_is_told_with_its_column_count_and_place() {
    let desk = desk().await;
    let ran = desk.run(&CHECK).await;
    ran.is(0)
        .says("Warnings\n")
        .says("  회원번호 (identity.external_id): looks like a placeholder for a missing value: null [placeholder-id]\n    1 record, first at members.csv:3\n")
        .says("전화 (identity.phone_no): is the number of a landline, which gets no messages [landline]")
        .says("[total-row]")
        .says("[rounded-id]")
        .says("begins or ends with white space, U+0020 [spaced-id]");
    let ran = desk.run(&LOAD).await;
    ran.is(0)
        .says("  placeholder-id                 2  회원번호 (identity.external_id), first at members.csv:3\n")
        .says("[spreadsheet-mark]");
    let receipt: Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("members.csv.dfinery/receipt.json")).unwrap()).unwrap();
    let by_name = &receipt["warnings"]["by_name"];
    assert_eq!(
        (&by_name["landline"], &by_name["rounded-id"]),
        (&json!(1), &json!(1)),
        "{receipt}"
    );
    assert_eq!(receipt["warnings"]["causes"][0]["column"], json!("회원번호"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_becomes_an_error_or_silent_by_its_name() {
    let desk = desk().await;
    let bad = async |more: &[&str]| {
        let ran = desk.run(&with(&with(&CHECK, &["--output", "json"]), more)).await;
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
        let bad = report["bad"].as_u64().unwrap();
        ran.is(i32::from(bad > 0));
        (bad, report["warnings"]["by_name"].as_object().unwrap().len())
    };
    assert_eq!(bad(&[]).await, (0, 6));
    assert_eq!(bad(&["--strict"]).await, (6, 0));
    assert_eq!(
        bad(&["--deny", "total-row,landline", "--deny", "rounded-id"]).await,
        (3, 3)
    );
    assert_eq!(bad(&["--allow", "placeholder-id"]).await, (0, 5));
    assert_eq!(
        bad(&["--strict", "--allow", "placeholder-id", "--allow=spaced-id"]).await,
        (4, 0)
    );

    desk.write("dfinery.toml", "deny = [\"total-row\", \"landline\"]\n");
    assert_eq!(bad(&[]).await, (2, 4));
    assert_eq!(bad(&["--allow", "landline"]).await, (1, 4));
    let mut command = desk.command(&CHECK);
    command.env("DFINERY_STRICT", "true");
    run(command).await.is(1).says("[rounded-id]");

    let ran = desk.run(&with(&LOAD, &["--strict"])).await;
    ran.is(1).says("invalid").says("[total-row]");
    assert_eq!(desk.emulator.ledger().profiles().len(), 1);
    let ran = desk.run(&LOAD).await;
    // It was complete: there is nothing to go on with.
    ran.is(2).says("denied warnings").says("--restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_warning_has_is_refused_with_those_that_there_are() {
    let desk = desk().await;
    for (more, says) in [
        (
            ["--deny", "placeholder"],
            "there is no such warning; did you mean placeholder-id?",
        ),
        (
            ["--allow", "landline,nothing"],
            "placeholder-id, total-row, spreadsheet-mark",
        ),
    ] {
        desk.run(&with(&CHECK, &more))
            .await
            .is(2)
            .says("must be names of warnings")
            .says(says);
    }
    desk.write("dfinery.toml", "\nallow = \"heavy\"\n");
    desk.run(&CHECK)
        .await
        .is(2)
        .says("dfinery.toml, line 2: allow must be names")
        .says("heavy-id");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_whole_file_shows_fails_a_check_and_a_load_at_their_end() {
    let desk = desk().await;
    let rows: String = (0..50)
        .map(|n| {
            if n % 4 == 0 {
                "kim-same,,\n".to_owned()
            } else {
                format!("kim-{n},,\n")
            }
        })
        .collect();
    desk.write("members.csv", format!("회원번호,전화,이름\n{rows}"));
    desk.run(&CHECK).await.is(0).says("[heavy-id]");
    desk.run(&with(&CHECK, &["--deny", "heavy-id"]))
        .await
        .is(1)
        .says("50 good, 0 bad")
        .says("each record by itself is good: heavy-id");
    desk.run(&with(&LOAD, &["--deny", "heavy-id"]))
        .await
        .is(1)
        .says("  accepted              50\n")
        .says("Denied, but known only after the records were sent: heavy-id.");
}
