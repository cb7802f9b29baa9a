//! Inputs of another kind, shape or encoding.

use dfinery::Operation;

use crate::{EVENT, TABLE, desk, say, say_of, unsaid};

const SHAPE: &str =
    r#"each must be like {"identity":{"external_id":"…"},"event":{"event_name":"…","event_datetime":"…"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn records_of_other_programs_are_refused_before_one_is_sent() {
    let desk = desk().await;
    for record in [
        r#"{"user_id":"kim-1","event":"login","timestamp":"2026-11-20T10:15:00Z","properties":{}}"#,
        r#"{"event":"Signed Up","properties":{"time":1618716477,"distinct_id":"kim-1"}}"#,
        r#"{"user_id":"kim-1","event_type":"Signed Up","event_properties":{},"user_properties":{}}"#,
        r#"{"external_id":"kim-1","event_name":"df_login","event_datetime":"2026-11-20T10:15:00Z"}"#,
        r#"{"identity":{"external_id":"kim-1"},"events":[{"event_name":"df_login"}]}"#,
    ] {
        let lines = format!("{record}\n").repeat(20);
        desk.write("w.ndjson", &lines);
        desk.write("w.json", format!("[{record}]"));
        say(
            &desk,
            &[
                (
                    "check w.ndjson",
                    2,
                    &[
                        "w.ndjson, line 1: its records have another shape: ",
                        SHAPE,
                        "`dfinery load --help` shows",
                    ],
                ),
                ("load events w.ndjson", 2, &[SHAPE]),
                (
                    "preview w.json",
                    2,
                    &["w.json, line 1: its records have another shape: ", SHAPE],
                ),
                (
                    "load identities w.ndjson",
                    2,
                    &[r#"each must be like {"identity":{"external_id":"…"}}; the fields of the first one are "#],
                ),
            ],
        )
        .await;
        assert!(!desk.path("w.ndjson.dfinery").exists());
        let ran = desk
            .run_with_stdin(
                &["load", "events", "-", "--no-resume", "--state", "piped"],
                lines.as_bytes(),
            )
            .await;
        assert_eq!(
            unsaid(
                &ran,
                2,
                &["standard input, line 1: its records have another shape", SHAPE]
            ),
            None
        );
    }
    assert_eq!(desk.emulator.ledger().requests(Operation::LoadEvents).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_of_another_shape_does_not_stop_the_others() {
    let desk = desk().await;
    desk.write("w.ndjson", format!("{{\"user_id\":\"kim-1\"}}\n{EVENT}"));
    say(
        &desk,
        &[(
            "load events w.ndjson",
            1,
            &["accepted               1", "user_id: unknown field"],
        )],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_without_a_good_record_ends_early() {
    let desk = desk().await;
    desk.write("w.ndjson", EVENT.replace("event_name", "evnt_name").repeat(1_100));
    let words = &[
        "read               1,000",
        "the first 1,000 records are all invalid",
        "event.evnt_name: unknown field; did you mean event_name?",
        "begin anew with --restart",
        "--keep-going",
    ];
    say(&desk, &[("load events w.ndjson", 1, words)]).await;
    say(
        &desk,
        &[(
            "load events w.ndjson --restart --keep-going",
            1,
            &["read               1,100"],
        )],
    )
    .await;
    let late = EVENT.replace("event_name", "evnt_name").repeat(1_050);
    desk.write("good.ndjson", format!("{EVENT}{late}"));
    say(
        &desk,
        &[(
            "load events good.ndjson",
            1,
            &["read               1,051", "accepted               1"],
        )],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_over_several_lines_is_named() {
    let desk = desk().await;
    let pretty = EVENT.replace(",\"event\"", ",\n  \"event\"");
    let words = &["w.ndjson, line 1: the first record goes on over several lines"][..];
    say_of(&desk, "w.ndjson", "check w.ndjson", &[(&pretty, 2, words)]).await;
    desk.write("w.json", format!("[{pretty}]"));
    say(&desk, &[("check w.json", 0, &["1 good"])]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_encoding_that_it_looks_like_is_named() {
    let desk = desk().await;
    let (cp949, ..) = encoding_rs::EUC_KR.encode(TABLE);
    desk.write("w.csv", &cp949);
    let (row, ..) = encoding_rs::EUC_KR.encode("id,일시,name\n");
    assert!(!row.is_ascii());
    let mut rows = b"id,at,name\n".to_vec();
    rows.extend(
        encoding_rs::EUC_KR
            .encode("kim-1,2026-11-20T10:15:00Z,홍길동과 회원들\n")
            .0
            .iter(),
    );
    desk.write("rows.csv", rows);
    desk.write(
        "rows.yaml",
        "identity: {external_id: id}\nuser_properties: {df_name: name}\n",
    );
    say(
        &desk,
        &[
            (
                "check w.csv --mapping m.yaml --encoding utf-8",
                2,
                &["w.csv, line 1: the header looks like CP949, and is to be read as UTF-8: leave out --encoding, and it is recognised"],
            ),
            ("check w.csv --mapping m.yaml", 0, &["2 good"]),
            (
                "check rows.csv --mapping rows.yaml --encoding utf-8",
                1,
                &["the row looks like CP949, and is read as UTF-8: save all of it in one encoding, or name the right one"],
            ),
            ("check a.csv --mapping m.yaml --encoding cp949", 2, &["the header has text in UTF-8, and the input is CP949"]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_records_is_named() {
    let desk = desk().await;
    desk.write("a.parquet", b"PAR1\0\0\0\0PAR1");
    desk.write("a.xlsx", b"PK\x03\x04[Content_Types].xml xl/workbook.xml");
    desk.write("none.ndjson", "");
    std::fs::create_dir(desk.path("folder")).unwrap();
    say(
        &desk,
        &[
            (
                "load events none.csv",
                2,
                &["none.csv: there is no such file: check the path"],
            ),
            ("load events a.parquet", 2, &["a.parquet: it is a Parquet file"]),
            ("load events a.xlsx", 2, &["a.xlsx: it is an Excel workbook"]),
            ("load events none.ndjson", 2, &["none.ndjson: it is empty"]),
            (
                "load events folder",
                2,
                &["folder: it is a directory: name the files in it"],
            ),
            (
                "load events a.csv",
                2,
                &["run `dfinery mapping init a.csv`", "--mapping"],
            ),
            #[cfg(not(feature = "cloud"))]
            (
                "load events s3://bucket/a.ndjson",
                2,
                &["pipe it in, such as `aws s3 cp s3://bucket/a.ndjson - | dfinery load events - --state DIR`"],
            ),
            (
                "load mixed - --ordered",
                2,
                &["more than once, which standard input does not allow"],
            ),
        ],
    )
    .await;
}
