//! Rows that were not accepted come back as a table, which is corrected and loaded.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::{
    command::{Desk, SECRET},
    load,
    purchases::{cp949, gzip, utf16},
};

const MAPPING: &str = "
event: df_login
timezone: Asia/Seoul
identity: {external_id: 회원번호, phone_no: {column: 전화, type: phone}}
event_datetime: 일시
";
const BAD_PHONE: &str = "전화: is too short or too long for a phone number";
const AT: &str = "2026-11-01 10:00:00";

async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.write("m.yaml", MAPPING);
    desk
}

/// Two bad rows of four; one of them has several lines.
fn table(delimiter: &str) -> String {
    let row = |cells: [&str; 4]| cells.join(delimiter) + "\r\n";
    [
        row(["회원번호", "전화", "일시", "메모"]),
        row(["secret-1", "010-12", AT, "하나"]),
        row(["secret-2", "", AT, ""]),
        row(["secret-3", "010-34", AT, "\"두 \"\"줄\"\"\n둘\""]),
        row(["secret-4", "", AT, ""]),
    ]
    .concat()
}

fn rejected(delimiter: &str) -> String {
    let row = |about: [&str; 3], cells: [&str; 4]| [&about[..], &cells[..]].concat().join(delimiter) + "\r\n";
    [
        row(
            ["dfinery_line", "dfinery_code", "dfinery_reason"],
            ["회원번호", "전화", "일시", "메모"],
        ),
        row(["2", "invalid", BAD_PHONE], ["secret-1", "010-12", AT, "하나"]),
        row(
            ["4", "invalid", BAD_PHONE],
            ["secret-3", "010-34", AT, "\"두 \"\"줄\"\"\n둘\""],
        ),
    ]
    .concat()
}

type Encode<'a> = &'a dyn Fn(&str) -> Vec<u8>;

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_corrected_where_they_are_and_loaded() {
    let with_mark = |text: &str| format!("\u{FEFF}{text}");
    let utf16 = |text: &str| utf16(&with_mark(text), u16::to_le_bytes);
    let utf8 = |text: &str| with_mark(text).into_bytes();
    for (name, delimiter, encode, as_file) in [
        (
            "korean.csv",
            ",",
            &cp949 as Encode,
            &<[u8]>::to_vec as &dyn Fn(&[u8]) -> Vec<u8>,
        ),
        ("excel.csv", ",", &utf8, &<[u8]>::to_vec),
        ("unicode.tsv", "\t", &utf16, &<[u8]>::to_vec),
        ("packed.csv.gz", ",", &cp949, &gzip),
    ] {
        let desk = desk().await;
        desk.write(name, as_file(&encode(&table(delimiter))));
        let extension = if delimiter == "\t" { "tsv" } else { "csv" };
        let file = format!("{name}.dfinery/rejected.{extension}");
        let ran = desk.run(&load(name)).await;
        ran.is(1).says(&format!("Rows to correct and load: {file}"));
        let bytes = fs::read(desk.path(&file)).unwrap();
        assert_eq!(bytes, encode(&rejected(delimiter)), "{name}");
        let mode = fs::metadata(desk.path(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let receipt = desk.run(&["status", name, "--output", "json"]).await;
        assert_eq!(
            (&receipt.is(1).json()["left"], &receipt.json()["invalid"]),
            (&json!(2), &json!(2))
        );

        // The same table again, and a copy of it at another place.
        let letter = format!("{name}.dfinery/dead-letter.ndjson");
        desk.run(&["rows", &letter, "-o", "fix"])
            .await
            .is(0)
            .says("2 records of");
        assert_eq!(fs::read(desk.path("fix")).unwrap(), bytes);
        // A row that is still bad is told where it is now.
        desk.write(&file, encode(&rejected(delimiter).replace("010-12", "010-1234-5678")));
        let ran = desk.run(&load(&file)).await;
        ran.is(1).says(&format!("{file}:3"));
        let again = fs::read(desk.path(&format!("{file}.dfinery/rejected.{extension}"))).unwrap();
        let lines = rejected(delimiter);
        let first = lines.split_inclusive("\r\n").nth(1).unwrap();
        let second = lines
            .replace(first, "")
            .replace(&format!("4{delimiter}invalid"), &format!("3{delimiter}invalid"));
        assert_eq!(again, encode(&second), "{name}");
        assert_eq!(desk.emulator.ledger().events_stored(), 3);
        // It is replaced by a load that begins anew only.
        let loads_anew = [&load(&file)[..], &["--restart"]].concat();
        desk.write(
            &file,
            encode(&rejected(delimiter).replace("010-12", "").replace("010-34", "")),
        );
        desk.run(&loads_anew).await.is(0);
        desk.run(&["status", name]).await.is(0).says("2 as corrected rows");
        desk.run(&load(name)).await.is(0);
        assert_ne!(fs::read(desk.path(&file)).unwrap(), bytes, "a person has corrected it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_of_a_load_has_a_file_of_its_own() {
    let desk = desk().await;
    fs::create_dir(desk.path("old")).unwrap();
    desk.write("pos.csv", table(","));
    desk.write("old/pos.csv", table(","));
    desk.write("lines.ndjson", "{\"identity\":{}}\n");
    let files = ["pos.csv", "old/pos.csv", "lines.ndjson"];
    let load = [&["load", "events"][..], &files, &["--mapping", "m.yaml"]].concat();
    let ran = desk.run(&load).await;
    ran.is(1)
        .says("Rows to correct and load: pos.csv.dfinery/rejected-pos.csv")
        .says("Rows to correct and load: pos.csv.dfinery/rejected-pos-2.csv");
    for name in ["rejected-pos.csv", "rejected-pos-2.csv"] {
        let text = fs::read_to_string(desk.path("pos.csv.dfinery").join(name)).unwrap();
        assert_eq!(text, rejected(","));
    }
    let rows = ["rows", "pos.csv.dfinery/dead-letter.ndjson"];
    let ran = desk.run(&rows).await;
    ran.is(2).says("--of old/pos.csv").says("--of json");
    let of = async |input| desk.run(&[&rows[..], &["--of", input]].concat()).await;
    assert_eq!(of("pos.csv").await.out, rejected(","));
    assert_eq!(of("json").await.out, "{\"identity\":{}}\n");
    of("other.csv").await.is(2).says("no records of this input");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_json_come_back_as_they_were() {
    let desk = desk().await;
    let lines = "{ \"identity\":{}}\n{\"identity\":\n";
    desk.write("in.ndjson", lines);
    let ran = desk.run(&["load", "events", "in.ndjson"]).await;
    ran.is(1);
    assert!(!ran.out.contains("Rows to correct"), "{}", ran.out);
    let ran = desk.run(&["rows", "in.ndjson.dfinery/dead-letter.ndjson"]).await;
    assert_eq!(ran.is(0).out, lines);
    // What is no dead letter is refused at its first line.
    desk.run(&["rows", "in.ndjson"])
        .await
        .is(2)
        .says("line 1 is no line of a dead-letter file");
    desk.run(&["rows", "none"]).await.is(2).says("there is no such file");
    let letter = "in.ndjson.dfinery/dead-letter.ndjson";
    desk.run(&["rows", letter, "-o", letter])
        .await
        .is(2)
        .says("would replace the dead letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_header_is_not_known_is_not_guessed() {
    let desk = desk().await;
    desk.write("in.csv", table(","));
    desk.run(&load("in.csv")).await.is(1);
    fs::copy(desk.path("in.csv.dfinery/dead-letter.ndjson"), desk.path("copy.ndjson")).unwrap();
    let ran = desk.run(&["rows", "copy.ndjson"]).await;
    ran.is(2).says("the header of in.csv").says("tables.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_not_whole_is_in_the_dead_letter_only() {
    let desk = desk().await;
    let long = format!("secret-9,,{AT},{}\r\n", "x".repeat(9 << 20));
    desk.write("in.csv", table(",") + &long);
    desk.run(&load("in.csv")).await.is(1);
    assert_eq!(
        fs::read_to_string(desk.path("in.csv.dfinery/rejected.csv")).unwrap(),
        rejected(",")
    );
    let letters = desk.dead_letters("in.csv.dfinery");
    assert_eq!(letters[2]["original_is_cut"], true);
    let ran = desk.run(&["rows", "in.csv.dfinery/dead-letter.ndjson"]).await;
    assert_eq!((ran.code, ran.out.clone()), (Some(0), rejected(",")));
    ran.says("1 more only in the dead letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_writes_the_bad_rows_where_it_is_told() {
    let desk = desk().await;
    desk.write("in.csv", table(","));
    let check = ["check", "in.csv", "--mapping", "m.yaml", "-o"];
    let ran = desk.run(&[&check[..], &["bad.csv"]].concat()).await;
    ran.is(1).says("the bad rows are in bad.csv");
    assert_eq!(fs::read_to_string(desk.path("bad.csv")).unwrap(), rejected(","));
    assert!(!desk.path("in.csv.dfinery").exists());
    let two = [&check[..], &["out.csv", "bad.csv"]].concat();
    desk.run(&two).await.is(2).says("check the inputs one by one");
    desk.run(&[&check[..], &["in.csv"]].concat())
        .await
        .is(2)
        .says("would replace the input");
    desk.write("good.csv", table(",").replace("010-12", "").replace("010-34", ""));
    let good = ["check", "good.csv", "--mapping", "m.yaml", "-o", "none.csv"];
    desk.run(&good).await.is(0);
    assert!(!desk.path("none.csv").exists());
    desk.write("bad.ndjson", "{\"identity\":{}}\n");
    desk.run(&["check", "bad.ndjson", "-o", "lines"]).await.is(1);
    assert_eq!(fs::read_to_string(desk.path("lines")).unwrap(), "{\"identity\":{}}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replay_leaves_is_a_table_too() {
    let desk = desk().await;
    let unregistered = MAPPING.replace("df_login", "coupon_used");
    desk.write("m.yaml", unregistered);
    desk.write("in.csv", table(","));
    desk.run(&load("in.csv")).await.is(1);
    let all = fs::read_to_string(desk.path("in.csv.dfinery/rejected.csv")).unwrap();
    assert_eq!(
        (all.matches(",40001,").count(), all.matches(",invalid,").count()),
        (2, 2),
        "{all}"
    );
    fs::remove_file(desk.path("in.csv")).unwrap();
    let registered = dfinery_emulator::Registered::standard().event("coupon_used");
    desk.emulator.settings(|settings| settings.taxonomy = registered);
    let letter = "in.csv.dfinery/dead-letter.ndjson";
    let ran = desk.run(&["replay", letter]).await;
    ran.is(1).says("in.csv.dfinery/replay-1/rejected.csv");
    assert_eq!(
        fs::read_to_string(desk.path("in.csv.dfinery/replay-1/rejected.csv")).unwrap(),
        rejected(",")
    );
    let letters = desk.dead_letters("in.csv.dfinery/replay-1");
    assert_eq!(
        (&letters[0]["file"], &letters[0]["line"]),
        (&json!("in.csv"), &json!(2))
    );
    assert_eq!(letters[0]["reasons"][0]["field"], "전화");
    assert!(letters[0]["original"].as_str().unwrap().starts_with(SECRET));
    assert_eq!(desk.emulator.ledger().events_stored(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_corrected_table_leaves_is_corrected_again() {
    let desk = Desk::new().await;
    desk.write(
        "m.yaml",
        "identity: {external_id: 회원, phone_no: {column: 전화, type: phone}}\n",
    );
    desk.write("u.csv", "회원,전화\nA,010-12\nB,010-34\nC,010-1234-5678\n");
    let load = |name| ["load", "identities", name, "--mapping", "m.yaml"];
    desk.run(&load("u.csv")).await.is(1);
    let correct = |file: &str, old: &str, new: &str| {
        let text = fs::read_to_string(desk.path(file)).unwrap().replace(old, new);
        desk.write(file, text);
    };
    let (first, second) = (
        "u.csv.dfinery/rejected.csv",
        "u.csv.dfinery/rejected.csv.dfinery/rejected.csv",
    );
    correct(first, "010-12", "010-1111-2222");
    desk.run(&load(first))
        .await
        .is(1)
        .says("rejected.csv.dfinery/rejected.csv");
    let status = desk.run(&["status", "u.csv", "--output", "json"]).await.is(1).json();
    assert_eq!(status["left"], json!(1), "{status:#}");
    assert_eq!(status["rejected_rows"], json!([second]), "{status:#}");
    correct(second, "010-34", "010-3333-4444");
    desk.run(&load(second)).await.is(0);
    let status = desk.run(&["status", "u.csv", "--output", "json"]).await.is(0).json();
    assert_eq!(
        (&status["accepted"], &status["left"]),
        (&json!(3), &json!(0)),
        "{status:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_after_a_correction_hides_nothing() {
    let desk = Desk::new().await;
    desk.write(
        "m.yaml",
        "timezone: Asia/Seoul\nidentity: {external_id: 회원, phone_no: {column: 전화, type: phone}}\nevent: mine\n\
         event_datetime: {column: 일시, format: \"%Y%m%d%H%M%S\"}\n",
    );
    let row = |user: &str, phone: &str| format!("{user},{phone},20251120101500\n");
    let bad = [row("A", "010-1"), row("B", "010-2")].concat();
    desk.write("u.csv", format!("회원,전화,일시\n{bad}{}", row("C", "010-1234-5678")));
    let load = |name| ["load", "events", name, "--mapping", "m.yaml"];
    desk.run(&load("u.csv")).await.is(1);
    desk.emulator
        .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
    // The one that was refused is loaded as a corrected row, and replayed as well.
    let file = "u.csv.dfinery/rejected.csv";
    let text = fs::read_to_string(desk.path(file)).unwrap();
    let kept: Vec<_> = text
        .lines()
        .filter(|line| !line.contains("010-1,") && !line.contains("010-2,"))
        .collect();
    desk.write(file, kept.join("\n") + "\n");
    desk.run(&load(file)).await.is(0);
    desk.run(&["replay", "u.csv.dfinery/dead-letter.ndjson"]).await.is(1);
    let status = desk.run(&["status", "u.csv", "--output", "json"]).await.is(1).json();
    assert_eq!(status["left"], json!(2), "{status:#}");
}
