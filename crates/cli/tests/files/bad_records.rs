//! Records that cannot be sent among others that can: the others arrive, and each bad one is told by file, line and field,
//! is in the dead letter with its own bytes, and shows in no output. Exit code 1.

use std::{io::Write as _, process::Stdio};

use serde_json::{Value, json};

use crate::{
    accounts::original,
    command::{Desk, Ran, SECRET},
    purchases::{cp949, gzip, utf16, zstd},
};

const MAPPING: &str = r"
event: df_login
timezone: Asia/Seoul
identity: {external_id: id, phone_no: {column: phone, type: phone}}
event_datetime: at
event_properties:
  memo: {column: memo, type: string}
  amount: {column: amount, type: long}
";
const HEADER: &str = "id,phone,at,memo,amount\r\n";
const GOOD: &str = "u1,010-1234-5678,2026-11-01 10:00:00,secret 메모,1\r\n";

fn good(user: u32) -> String {
    event(&format!(r#"{{"external_id":"secret-{user}"}}"#), "")
}

fn event(identity: &str, more: &str) -> String {
    format!(
        r#"{{"identity":{identity},"event":{{"event_name":"df_login","event_datetime":"2026-11-01T01:00:00Z"{more}}}}}"#
    ) + "\n"
}

/// A desk whose service takes what these tests send.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| {
        settings.taxonomy = dfinery_emulator::Registered::standard()
            .event_property("memo", dfinery::tables::PropertyType::String)
            .event_property("amount", dfinery::tables::PropertyType::Long);
    });
    desk.write("mapping.yaml", MAPPING);
    desk
}

async fn load(desk: &Desk, name: &str) -> Ran {
    let is_table = name.contains(".csv") || name.contains(".tsv");
    let mapping = if is_table {
        &["--mapping", "mapping.yaml"][..]
    } else {
        &[]
    };
    let arguments = [&["load", "events", name], mapping].concat();
    desk.run(&arguments).await
}

/// Loads good records with one bad one in their middle; gives its dead letter.
#[track_caller]
fn one_is_bad(desk: &Desk, ran: &Ran, name: &str, line: u64, says: &str, content: &[u8]) -> Value {
    ran.is(1).says(&format!("{name}:{line}")).says(says);
    let state = format!("{name}.dfinery");
    let receipt = desk.receipt_in(&state, content);
    assert_eq!(receipt["invalid"], json!(1), "{name}: {receipt:#}");
    assert_eq!(receipt["complete"], json!(true), "{name}");
    let letters = desk.dead_letters(&state);
    assert_eq!(letters[0]["line"], json!(line), "{name}");
    assert_eq!(letters[0]["file"], json!(name));
    letters[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_of_a_table_are_told_and_the_others_loaded() {
    let desk = desk().await;
    let table = |bad: &[u8]| {
        let head = cp949(&format!("{HEADER}{GOOD}"));
        [head.as_slice(), bad, b"\r\n", &cp949(&GOOD.repeat(40))].concat()
    };
    let row = |row: &str| table(&cp949(row));
    for (name, content, says) in [
        (
            "bytes.csv",
            table(b"u2,,2026-11-01 10:00:00,secret \xC7\xD1\xFF,1"),
            "the row is not valid CP949: correct it, or say which encoding the input has (byte 34: 0xFF)",
        ),
        (
            "narrow.csv",
            row("u2,,2026-11-01 10:00:00"),
            "the row has 3 columns, the header has 5",
        ),
        (
            "wide.csv",
            row("u2,,2026-11-01 10:00:00,secret,1,234"),
            "the row has 6 columns, the header has 5",
        ),
        (
            "phone.csv",
            row("u2,10-1234-5678,2026-11-01 10:00:00,secret,1"),
            "phone: must begin with 0, +",
        ),
        (
            "time.csv",
            row("u2,,2026-11-01 오전 10:00:00,secret,1"),
            "at: must be a time in the form 2024-06-24T15:42:25+09:00; for another form give format in the mapping",
        ),
        (
            "amount.csv",
            row("u2,,2026-11-01 10:00:00,secret,\"1,234\""),
            "amount: must be a whole number of 64 bits; for separators of thousands give thousands",
        ),
        (
            "beyond.csv",
            row("u2,,2026-11-01 10:00:00,secret,9223372036854775808"),
            "amount: must be a whole number of 64 bits",
        ),
        (
            "nobody.csv",
            row(",,2026-11-01 10:00:00,secret,1"),
            "identity: needs external_id",
        ),
    ] {
        desk.write(name, &content);
        let ran = load(&desk, name).await;
        ran.tells_none_of(&["010-1234", "10-1234", "오전 10", "1,234\"", "9223372036854775808"]);
        let letter = one_is_bad(&desk, &ran, name, 3, says, &content);
        assert_eq!(
            desk.receipt_in(&format!("{name}.dfinery"), &content)["accepted"],
            json!(41),
            "{name}"
        );
        let is_base64 = !letter["original_base64"].is_null();
        assert_eq!(
            is_base64,
            ["bytes.csv", "time.csv"].contains(&name),
            "CP949 is no UTF-8: {name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_table_is_in_the_receipt() {
    let desk = desk().await;
    let of_two_lines = GOOD.replace("secret 메모", "\"secret\n메모\"");
    desk.write("lines.csv", format!("{HEADER}{GOOD}\r\n{of_two_lines}{GOOD}\n"));
    load(&desk, "lines.csv")
        .await
        .is(0)
        .says("lines.csv has 7 lines: 4 of records, 1 of the header, 2 blank");
    let lines = &desk.receipt("lines.csv")["inputs"][0]["lines"];
    assert_eq!(
        *lines,
        json!({"total": 7, "records": 4, "header": 1, "blank": 2, "skipped": 0, "passed_over": 0})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_is_never_closed_costs_its_own_row_only() {
    let desk = desk().await;
    let content = format!("{HEADER}{GOOD}u2,,2026-11-01 10:00:00,\"secret,1\r\n{GOOD}{GOOD}");
    desk.write("open.csv", &content);
    let ran = load(&desk, "open.csv").await;
    let says = "a quote that opens here is never closed: the lines after this one are read as rows of their own";
    let letter = one_is_bad(&desk, &ran, "open.csv", 3, says, content.as_bytes());
    assert!(original(&letter).starts_with(b"u2,,2026"));
    assert_eq!(desk.receipt("open.csv")["accepted"], json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_of_ndjson_are_told_and_the_others_loaded() {
    let desk = desk().await;
    let user = r#"{"external_id":"secret"}"#;
    for (name, bad, says) in [
        ("no-json.ndjson", "secret,2026-11-01\n".to_owned(), "is not valid JSON"),
        ("cut.ndjson", good(1)[..60].to_owned() + "\n", "is not valid JSON: EOF"),
        (
            "two.ndjson",
            good(1).trim().to_owned() + &good(2),
            "several JSON objects stand on one line: put each on a line of its own",
        ),
        (
            "beyond.ndjson",
            event(user, r#","event_properties":{"amount":9223372036854775808}"#),
            "event.event_properties.amount: a whole number beyond 64 bits",
        ),
        (
            "nul.ndjson",
            event(user, ",\"event_properties\":{\"memo\":\"a\0b\"}"),
            "is not valid JSON: control character",
        ),
        ("only-nul.ndjson", "\0".repeat(300) + "\n", "is not valid JSON"),
        (
            "twice.ndjson",
            event(user, r#","event_properties":{"memo":"a","memo":"b"}"#),
            "event.event_properties.memo: is given twice",
        ),
        (
            "twice-event.ndjson",
            event(user, r#","event_name":"df_logout""#),
            "event.event_name: is given twice",
        ),
        (
            "phone.ndjson",
            event(r#"{"phone_no":"+82-10-1234-5678"}"#, ""),
            "identity.phone_no: must be the country code and the number, digits only, without + and without the leading zero",
        ),
        (
            "no-offset.ndjson",
            good(1).replace("01:00:00Z", "10:00:00"),
            "event.event_datetime: must be a time with an offset, such as 2024-06-24T15:42:25+09:00",
        ),
        (
            "number.ndjson",
            event(r#"{"external_id":1234}"#, ""),
            "identity.external_id: must be a text, not a number",
        ),
        ("kind.ndjson", format!("{{\"identity\":{user}}}\n"), "event: is missing"),
        (
            "typo.ndjson",
            good(1).replace("event_name", "evnet_name"),
            "did you mean event_name",
        ),
    ] {
        let content = good(1) + &good(2) + &bad + &good(3);
        desk.write(name, &content);
        let ran = load(&desk, name).await;
        ran.tells_none_of(&["1234-5678", "9223372036854775808"]);
        let letter = one_is_bad(&desk, &ran, name, 3, says, content.as_bytes());
        assert_eq!(original(&letter), bad.trim_end_matches('\n').as_bytes(), "{name}");
        assert_eq!(desk.receipt(name)["accepted"], json!(3), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_over_several_lines_is_told_how_to_stand() {
    let desk = desk().await;
    let pretty = "{\n  \"identity\": {\n    \"external_id\": \"secret\"\n  }\n}\n";
    desk.write("pretty.json", pretty);
    let ran = desk.run(&["load", "identities", "pretty.json"]).await;
    ran.is(2)
        .says("pretty.json, line 1: the first record goes on over several lines, and each must stand on one");
    assert!(!desk.path("pretty.json.dfinery").exists());
    // Behind a good one it is bad alone.
    desk.write(
        "second.json",
        format!("{{\"identity\":{{\"external_id\":\"secret\"}}}}\n{pretty}"),
    );
    let ran = desk.run(&["load", "identities", "second.json"]).await;
    ran.is(1)
        .says("is not valid JSON: EOF while parsing an object; a record stands on one line")
        .says("second.json:2");
    assert_eq!(desk.receipt("second.json")["accepted"], json!(1));
    // The same in an array is good.
    desk.write("array.json", format!("[{pretty},{pretty}]"));
    desk.run(&["load", "identities", "array.json"]).await.is(0);
    assert_eq!(desk.emulator.ledger().identities().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_told_by_line_and_place_and_kept_as_they_are() {
    let desk = desk().await;
    let bad = [br#"{"identity":{"external_id":"secret "#.as_slice(), b"\xED\x95\"}}\n"].concat();
    let korean = event(r#"{"external_id":"secret 한글"}"#, "");
    let content = [korean.as_bytes(), &bad, good(2).as_bytes()].concat();
    desk.write("utf-8.ndjson", &content);
    let ran = load(&desk, "utf-8.ndjson").await;
    let says = "the line is not valid UTF-8: correct it, or say which encoding the input has (byte 36: 0xED)";
    let letter = one_is_bad(&desk, &ran, "utf-8.ndjson", 2, says, &content);
    assert_eq!(original(&letter), bad.trim_ascii_end());

    // Half of a character of two units.
    let little = |text: &str| utf16(text, u16::to_le_bytes);
    let half = [
        little("{\"identity\":{\"external_id\":\"secret "),
        vec![0x3D, 0xD8],
        little("\"}}\n"),
    ]
    .concat();
    let content = [little("\u{feff}"), little(&good(1)), half, little(&good(2))].concat();
    desk.write("utf-16.ndjson", &content);
    let ran = load(&desk, "utf-16.ndjson").await;
    let letter = one_is_bad(
        &desk,
        &ran,
        "utf-16.ndjson",
        2,
        "the line is not valid UTF-16",
        &content,
    );
    assert!(!letter["original_base64"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_encoding_is_one_cause_and_not_one_for_each_place() {
    let desk = desk().await;
    let rows: Vec<String> = (0..200)
        .map(|row| format!("u{row},,2026-11-01 10:00:00,{}비밀,1\r\n", "x".repeat(row)))
        .collect();
    desk.write("wrong.csv", cp949(&format!("{HEADER}{}", rows.concat())));
    let ran = desk
        .run(&["check", "wrong.csv", "--mapping", "mapping.yaml", "--encoding", "utf-8"])
        .await;
    ran.is(1)
        .says("(byte 25: 0xBA)\n    200 records, first at wrong.csv:2, wrong.csv:3");
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_that_is_no_truth_value_is_told_with_what_to_write() {
    let desk = desk().await;
    desk.write("taxonomy.yaml", "standard: true\n");
    let profile = |value: &str| {
        format!(r#"{{"identity":{{"external_id":"secret"}},"user_properties":{{"df_push_ads_optin":{value}}}}}"#)
    };
    let content = [profile("true"), profile("\"Y\""), profile("1")].join("\n");
    desk.write("consent.ndjson", &content);
    let load = ["load", "profiles", "consent.ndjson", "--taxonomy", "taxonomy.yaml"];
    desk.run(&load)
        .await
        .is(1)
        .says(
            "user_properties.df_push_ads_optin: must be true or false, not a text: write true or false, without quotes",
        )
        .says("user_properties.df_push_ads_optin: must be true or false, not a number")
        .says("consent.ndjson:2")
        .says("consent.ndjson:3");
    let receipt = desk.receipt("consent.ndjson");
    assert_eq!((&receipt["accepted"], &receipt["invalid"]), (&json!(1), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_nine_mebibytes_is_passed_over() {
    const LONG: usize = 9 * 1024 * 1024;
    let desk = desk().await;
    let long = event(&format!(r#"{{"external_id":"secret{}"}}"#, "x".repeat(LONG)), "");
    let content = good(1) + &long + &good(2);
    desk.write("long.ndjson", &content);
    let ran = load(&desk, "long.ndjson").await;
    let says = format!("the line has {} bytes, at most 8388608 are read", long.len() - 1);
    let letter = one_is_bad(&desk, &ran, "long.ndjson", 2, &says, content.as_bytes());
    assert!(original(&letter).len() <= 1024, "only its beginning is kept");
    assert_eq!(desk.receipt("long.ndjson")["accepted"], json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_character_in_a_cell_is_a_character() {
    let desk = desk().await;
    let content = format!("{HEADER}{GOOD}u2,,2026-11-01 10:00:00,a\0b,1\r\n");
    desk.write("zero.csv", &content);
    load(&desk, "zero.csv").await.is(0);
    let ledger = desk.emulator.ledger();
    let memos: Vec<_> = ledger
        .events()
        .map(|record| json!(record.event.event_properties)["memo"].clone())
        .collect();
    assert!(memos.contains(&json!("a\0b")), "{memos:?}");
}

/// What was read before the end still counts, and the end is no success.
#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_breaks_off_is_told_and_what_came_before_is_accounted_for() {
    let desk = desk().await;
    // Enough for several blocks of the compressors, and different in every line.
    let lines: String = (0..3_000)
        .map(|user| {
            good(user).replace(
                "secret-",
                &format!("secret-{:x}-", u64::from(user).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            )
        })
        .collect();
    let cut = |bytes: Vec<u8>, left: usize| bytes[..bytes.len() - left].to_vec();
    let array = format!("[{}]", lines.trim_end().replace('\n', ",\n"));
    for (name, content, plain, says) in [
        (
            "cut.ndjson.gz",
            cut(gzip(lines.as_bytes()), 20),
            lines.as_bytes(),
            "cut.ndjson.gz: reading failed: the gzip archive is cut: it ends in the middle of compressed data",
        ),
        (
            "cut.ndjson.zst",
            cut(zstd(lines.as_bytes()), 20),
            lines.as_bytes(),
            "cut.ndjson.zst: reading failed: the zstd archive is cut",
        ),
        (
            "cut.json",
            cut(array.clone().into_bytes(), 40),
            array.as_bytes(),
            "cut.json, line 3000: the element that begins here has no end: the input is cut",
        ),
        (
            "no-end.json",
            cut(array.clone().into_bytes(), 1),
            array.as_bytes(),
            "no-end.json, line 3000: the element that begins here has no end: the input is cut",
        ),
        (
            "two.json",
            [array.as_bytes(), b"\n[]"].concat(),
            array.as_bytes(),
            "two.json, line 3001: there is text after the end of the array",
        ),
    ] {
        desk.write(name, content);
        let before = desk.emulator.ledger().events_stored();
        let ran = load(&desk, name).await;
        ran.is(1).says(says).says("It ended early");
        let receipt = desk.receipt_in(&format!("{name}.dfinery"), plain);
        assert_eq!(receipt["complete"], json!(false), "{name}");
        let arrived = desk.emulator.ledger().events_stored() - before;
        assert_eq!(receipt["accepted"], json!(arrived), "{name}: {receipt:#}");
        assert!(
            arrived > 0 && receipt["read"] == receipt["accepted"],
            "{name}: {receipt:#}"
        );
        // A check cannot be good either.
        desk.run(&["check", name]).await.is(2).says(says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_that_is_closed_early_loses_the_line_that_was_cut() {
    let desk = desk().await;
    let content = good(1) + &good(2) + &good(3)[..50];
    let mut command = desk.command(&["load", "events", "-", "--state", "state"]);
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let ran: Ran = {
        let content = content.clone();
        tokio::task::spawn_blocking(move || {
            for part in content.as_bytes().chunks(70) {
                pipe.write_all(part).unwrap();
                pipe.flush().unwrap();
            }
            drop(pipe);
            child.wait_with_output().unwrap()
        })
        .await
        .unwrap()
        .into()
    };
    ran.is(1).says("-:3").says("is not valid JSON: EOF");
    let receipt = desk.receipt_in("state", content.as_bytes());
    assert_eq!((&receipt["accepted"], &receipt["invalid"]), (&json!(2), &json!(1)));
    assert_eq!(desk.emulator.ledger().events_stored(), 2);
    assert!(
        original(&desk.dead_letters("state")[0])
            .windows(SECRET.len())
            .any(|part| part == SECRET.as_bytes())
    );
}
