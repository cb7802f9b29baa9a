//! Mistakes in a mapping.

use crate::{MAPPING, desk, say, say_of, unsaid};

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_with_another_layout_names_the_lines_and_columns() {
    let desk = desk().await;
    say_of(
        &desk,
        "w.yaml",
        "check a.csv --mapping w.yaml",
        &[
            (
                "identity:\n  external_id: 회원번호\n   phone_no: 금액\n",
                2,
                &["w.yaml: the mapping, line 3: it begins in column 4, and line 2 in column 3: keys of one block begin in the same column"],
            ),
            (
                "identity:\n    external_id: 회원번호\n  phone_no: 금액\n",
                2,
                &["line 3: it begins in column 3, and the lines above in column 1 or 5"],
            ),
            ("event: df_login\n  identity:\n    external_id: a\n", 2, &["line 2: it begins in column 3, and line 1 in column 1"]),
            ("identity:\n\texternal_id: 회원번호\n", 2, &["line 2: it is indented with a tab: use blanks"]),
            ("identity:\nexternal_id: 회원번호\n", 2, &["line 2: external_id belongs to identity: write it below that"]),
            ("event:df_login\nidentity: {external_id: a}\n", 2, &["line 1: a mapping begins with a key, a colon, a blank and the value"]),
            ("event_datetime: {column: 일시, format: %Y}\n", 2, &["line 1: ", "needs quotes around it"]),
            ("event: \"df_login\nidentity: {external_id: a}\n", 2, &["line 2: a quote is not closed where it should be, here or on the line above"]),
            ("identity: {external_id: a\n", 2, &["line 1: the bracket '{' is opened and never closed"]),
            ("event: a\nevent: b\n", 2, &["line 2: the key event is given twice"]),
            ("# nothing yet\n", 2, &["it is empty: it may begin with `identity: {external_id: 회원번호}`"]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_near_name_is_proposed_with_its_line() {
    let desk = desk().await;
    let with = |old: &str, new: &str| MAPPING.replace(old, new);
    let of_amount = |cell: &str| format!("{MAPPING}event_properties:\n  amount: {{{cell}}}\n");
    let mistakes = [
        (
            with("회원번호", "회원 번호"),
            &[
                "a.csv: the mapping names a column that is not in the header: 회원 번호 (w.yaml, line 4); did you mean 회원번호?",
                "its columns are: 회원번호, 일시, 금액",
            ][..],
        ),
        (
            with("identity", "identitiy"),
            &["line 3: unknown key `identitiy`; did you mean identity?"],
        ),
        (
            with("external_id", "externalId"),
            &["line 4: identity.externalId: no such identifier; did you mean external_id?"],
        ),
        (
            of_amount("colunm: 금액"),
            &["line 7: unknown key `colunm`; did you mean column?"],
        ),
        (
            of_amount("column: 금액, type: number"),
            &["line 7: there is no type `number`: write double, or long for whole numbers"],
        ),
        (
            of_amount("column: 금액, type: int"),
            &["line 7: there is no type `int`: write long"],
        ),
        (
            of_amount("column: 금액, type: Double"),
            &["line 7: unknown value `Double`; did you mean double?"],
        ),
        (
            with("Asia/Seoul", "Seoul"),
            &["line 1: timezone: no such time zone; did you mean Asia/Seoul?"],
        ),
        (
            with("Asia/Seoul", "KST"),
            &["line 1: timezone: no such time zone; did you mean Asia/Seoul?"],
        ),
        (with("Asia/Seoul", "Asia/Soul"), &["did you mean Asia/Seoul?"]),
        (
            with("Asia/Seoul", "+9"),
            &["line 1: timezone: must be the name of a time zone such as Asia/Seoul, not an offset"],
        ),
        (
            with("timezone: Asia/Seoul\n", ""),
            &["line 4: event_datetime: a time without an offset needs a time zone"],
        ),
    ];
    let mistakes: Vec<_> = mistakes.iter().map(|(yaml, says)| (yaml.as_str(), 2, *says)).collect();
    say_of(&desk, "w.yaml", "check a.csv --mapping w.yaml", &mistakes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_times_of_another_program_is_translated() {
    let desk = desk().await;
    let form = |form: &str| MAPPING.replace("%Y-%m-%d %H:%M:%S", form);
    let mistakes = [
        (
            form("yyyy-MM-dd HH:mm:ss"),
            2,
            &[
                "line 5: event_datetime: ",
                "yyyy is no directive: write \"%Y-%m-%d %H:%M:%S\"",
            ][..],
        ),
        (form("YYYY-MM-DD"), 2, &["YYYY is no directive: write \"%Y-%m-%d\""]),
        (form("YYYY.MM.DD HH24:MI:SS"), 2, &["write \"%Y.%m.%d %H:%M:%S\""]),
        (form("ISO8601"), 2, &["need no format: leave it out"]),
        (form("unix"), 2, &["write \"%s\" for a count of seconds since 1970"]),
        (
            form("%Y/%m/%d %H:%M:%S"),
            1,
            &[
                "일시: must be a time in the form %Y/%m/%d %H:%M:%S; the cell has the form %Y-%m-%d %H:%M:%S\n    2 records, first at a.csv:2, a.csv:3",
            ],
        ),
        (
            form("%Y-%M-%D %H:%m:%S"),
            1,
            &["the cell has the form %Y-%m-%d %H:%M:%S"],
        ),
    ];
    let mistakes: Vec<_> = mistakes
        .iter()
        .map(|(yaml, code, says)| (yaml.as_str(), *code, *says))
        .collect();
    say_of(&desk, "w.yaml", "check a.csv --mapping w.yaml", &mistakes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_in_the_place_of_the_mapping_is_recognised() {
    let desk = desk().await;
    let lines = "{\"identity\":{\"external_id\":\"kim-1\"}}\n".repeat(2);
    desk.write("lines.ndjson", lines);
    say(
        &desk,
        &[
            (
                "check a.csv --mapping t.yaml",
                2,
                &["t.yaml: the mapping, line 1: it looks like a taxonomy, which has the key standard"],
            ),
            (
                "check a.csv --mapping a.csv",
                2,
                &["a mapping begins with a key", "is this the right file?"],
            ),
            (
                "check a.csv --mapping lines.ndjson",
                2,
                &["it holds lines of JSON, and is read as a mapping"],
            ),
            (
                "check a.csv --mapping none.yaml",
                2,
                &["none.yaml: there is no such file: check the path"],
            ),
            (
                "check a.csv --taxonomy m.yaml --mapping m.yaml",
                2,
                &["m.yaml: line 1, column 1: it looks like the mapping of a table, which has the key timezone"],
            ),
            (
                "load events a.ndjson --mapping m.yaml",
                2,
                &["a.ndjson holds records as they are loaded, which need no mapping: leave --mapping out"],
            ),
            // One of them is a table.
            ("check a.csv a.ndjson --mapping m.yaml", 0, &["3 records: 3 good"]),
        ],
    )
    .await;
    // One of the settings is for the tables among all loads of a folder.
    desk.write("dfinery.toml", "mapping = \"m.yaml\"\n");
    desk.run(&["load", "events", "a.ndjson"])
        .await
        .is(0)
        .says("accepted               1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_in_any_encoding_is_read() {
    let desk = desk().await;
    let (cp949, ..) = encoding_rs::EUC_KR.encode(MAPPING);
    let utf16: Vec<u8> = format!("\u{FEFF}{MAPPING}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [cp949.into_owned(), utf16, format!("\u{FEFF}{MAPPING}").into_bytes()] {
        desk.write("w.yaml", bytes);
        let ran = desk.run(&["check", "a.csv", "--mapping", "w.yaml"]).await;
        assert_eq!(unsaid(&ran, 0, &["2 records: 2 good"]), None);
    }
}
