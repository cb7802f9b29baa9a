//! Inputs and settings with which nothing can begin: exit code 2, what is wrong, where, and what to do.

use std::{fs, os::unix::fs::PermissionsExt as _};

use dfinery::Operation;
use serde_json::json;

use crate::{
    command::Desk,
    purchases::{gzip, zstd},
};

const TABLE: &str = "id,at\nsecret-1,2026-11-01T00:00:00Z\n";
const MAPPING: &str = "event: df_login\nidentity: {external_id: id}\nevent_datetime: at\n";

/// Loads it, and holds that nothing was sent and nothing was written beside it.
async fn refuses(desk: &Desk, file: &str, options: &[&str], says: &[&str]) {
    for command in [&["load", "events", file][..], &["check", file], &["preview", file]] {
        let ran = desk.run(&[command, options].concat()).await;
        ran.is(2);
        for words in says {
            assert!(ran.err.contains(words), "{command:?}: no `{words}` in {}", ran.err);
        }
        assert_eq!(ran.out, "", "{command:?}");
        assert!(ran.err.lines().count() <= 3, "{command:?}: {}", ran.err);
    }
    assert_eq!(desk.emulator.ledger().requests(Operation::LoadEvents).count(), 0);
    assert!(!desk.path(&format!("{file}.dfinery")).exists(), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_or_not_for_reading_is_named() {
    let desk = Desk::new().await;
    refuses(
        &desk,
        "none.ndjson",
        &[],
        &["none.ndjson: there is no such file: check the path"],
    )
    .await;
    fs::create_dir(desk.path("folder.ndjson")).unwrap();
    refuses(
        &desk,
        "folder.ndjson",
        &[],
        &["folder.ndjson: it is a directory: name the files in it"],
    )
    .await;
    desk.write("closed.ndjson", "{}\n");
    fs::set_permissions(desk.path("closed.ndjson"), fs::Permissions::from_mode(0o0)).unwrap();
    // The superuser may read everything.
    if fs::File::open(desk.path("closed.ndjson")).is_err() {
        refuses(
            &desk,
            "closed.ndjson",
            &[],
            &["closed.ndjson: no permission to read it"],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_told_and_not_taken_for_a_success() {
    let desk = Desk::new().await;
    desk.write("mapping.yaml", MAPPING);
    let with_mapping = ["--mapping", "mapping.yaml"];
    for (name, content, options) in [
        ("none.ndjson", Vec::new(), &[][..]),
        ("blank.ndjson", b" \r\n\n\t".to_vec(), &[]),
        ("mark.json", b"\xEF\xBB\xBF".to_vec(), &[]),
        ("none.csv", Vec::new(), &with_mapping),
        ("blank.csv", b"\r\n\r\n".to_vec(), &with_mapping),
        ("mark.csv", b"\xFF\xFE".to_vec(), &with_mapping),
        ("none.csv.gz", gzip(b""), &with_mapping),
        ("none.ndjson.zst", zstd(b""), &[]),
    ] {
        desk.write(name, content);
        refuses(
            &desk,
            name,
            options,
            &[&format!("{name}: it is empty: there is nothing to load")],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_mapping_is_pointed_to_the_command_that_begins_one() {
    let desk = Desk::new().await;
    for name in ["members.csv", "members.tsv", "members.csv.gz", "members 2026.txt"] {
        desk.write(
            name,
            if name.contains(".gz") {
                gzip(TABLE.as_bytes())
            } else {
                TABLE.into()
            },
        );
        refuses(&desk, name, &[], &[name, "dfinery mapping init", "--mapping"]).await;
    }
    // The command that it names can be pasted into a shell.
    let ran = desk.run(&["check", "members 2026.txt"]).await;
    ran.says("`dfinery mapping init 'members 2026.txt'`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_does_not_do_is_told() {
    let desk = Desk::new().await;
    desk.write("mapping.yaml", MAPPING);
    for (name, content, says) in [
        (
            "twice.csv",
            "id,at,id\nsecret,2026-11-01T00:00:00Z,secret\n",
            "twice.csv: columns 1 and 3 of the header have the same name, id, which the mapping uses",
        ),
        (
            "other.csv",
            "id,time\nsecret,2026-11-01T00:00:00Z\n",
            "other.csv: the mapping names a column that is not in the header: at (mapping.yaml, line 3); its columns are: id, time",
        ),
        (
            "headless.csv",
            "secret@example.com,010-1234-5678\nsecret-2@example.com,010-1234-5678\n",
            "the first row does not look like a header",
        ),
        (
            "semicolons.csv",
            "id;at\nsecret;2026-11-01T00:00:00Z\n",
            "semicolons.csv: the mapping names columns that are not in the header: at (mapping.yaml, line 3), id (mapping.yaml, line 2); its header has one column: if its \
             names are separated by \";\", write delimiter: \";\" into the mapping",
        ),
        (
            "quote.csv",
            "\"id,at\nsecret,2026-11-01T00:00:00Z\n",
            "quote.csv, line 1: a quote",
        ),
    ] {
        desk.write(name, content);
        refuses(&desk, name, &["--mapping", "mapping.yaml"], &[says]).await;
    }
}

/// A day without sales is no mistake.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_rows_is_loaded_and_says_that_it_has_none() {
    let desk = Desk::new().await;
    desk.write("mapping.yaml", MAPPING);
    let mapping = &["--mapping", "mapping.yaml"][..];
    for (name, content, options) in [
        ("header.csv", "id,at\r\n", mapping),
        ("bare.csv", "id,at", mapping),
        ("empty.json", "[ ]\n", &[]),
    ] {
        desk.write(name, content);
        desk.run(&[&["check", name][..], options].concat())
            .await
            .is(0)
            .says("0 records");
        desk.run(&[&["load", "events", name][..], options].concat()).await.is(0);
        assert_eq!(desk.receipt(name)["read"], json!(0));
    }
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_told_by_its_name() {
    let desk = Desk::new().await;
    desk.write("mapping.yaml", MAPPING);
    for (name, content, says) in [
        (
            "sheet.xlsx",
            b"PK\x03\x04\x14\0\x06\0secret[Content_Types].xml".as_slice(),
            "an Excel workbook",
        ),
        ("sheet.csv", b"PK\x03\x04\x14\0\x06\0secret xl/", "an Excel workbook"),
        (
            "sheet.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1secret",
            "an Excel workbook",
        ),
        ("rows.parquet", b"PAR1\x15\x04secret", "a Parquet file"),
    ] {
        desk.write(name, content);
        refuses(
            &desk,
            name,
            &["--mapping", "mapping.yaml"],
            &[&format!("{name}: it is "), says],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoding_that_cannot_be_told_is_asked_for_before_there_is_a_journal() {
    let desk = Desk::new().await;
    desk.write(
        "mapping.yaml",
        format!("{MAPPING}event_properties: {{df_order_id: memo}}\n"),
    );
    // A cut character among few: nobody can tell what it was meant to be.
    desk.write(
        "few.csv",
        b"id,at,memo\nu1,2026-11-01T00:00:00Z,\nu2,2026-11-01T00:00:00Z,secret \xC7\xD1\xFF\n",
    );
    let options = ["--mapping", "mapping.yaml"];
    let says = "few.csv, line 3: it is neither UTF-8 nor CP949: say its encoding (--encoding)";
    refuses(&desk, "few.csv", &options, &[says]).await;
    // Whoever does as is said needs nothing else.
    let said = [&["load", "events", "few.csv", "--encoding", "cp949"][..], &options].concat();
    desk.run(&said)
        .await
        .is(1)
        .says("the row is not valid CP949: correct it, or say which encoding the input has (byte 34: 0xFF)");
    assert_eq!(desk.receipt("few.csv")["accepted"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_wrong_names_its_file_and_line() {
    let desk = Desk::new().await;
    desk.write("a.csv", TABLE);
    for (mapping, says) in [
        (
            "event: df_login\nidentity: {external_id: id}\nevent_datetimes: at\n",
            &["line 3", "unknown key", "event_datetimes"][..],
        ),
        (
            "event: df_login\nidentity:\n  external_id: {column: id, typ: string}\nevent_datetime: at\n",
            &["line 3", "unknown key", "typ"],
        ),
        (
            "event: df_login\nidentity:\n  externalid: id\nevent_datetime: at\n",
            &["identity.externalid: no such identifier", "external_id"],
        ),
        (
            "event: df_login\nidentity: {external_id: id}\nevent_datetime: {column: at, type: time}\n",
            &["line 3", "time", "datetime"],
        ),
        (
            "event: df_login\nidentity: {external_id: id}\nevent_datetime: {column: at, format: \"%Y-%m-%d %H:%M\"}\n",
            &["event_datetime", "timezone", "Asia/Seoul"],
        ),
        (
            "event: df_login\nidentity: {external_id: id}\n",
            &["event_datetime is missing"],
        ),
        ("event: [\n", &["line"]),
        ("", &["mapping"]),
    ] {
        desk.write("mapping.yaml", mapping);
        refuses(
            &desk,
            "a.csv",
            &["--mapping", "mapping.yaml"],
            &[&["mapping.yaml"], says].concat(),
        )
        .await;
    }
    refuses(
        &desk,
        "a.csv",
        &["--mapping", "none.yaml"],
        &["none.yaml: there is no such file"],
    )
    .await;
    // A workbook that is given as the mapping, and one that the console of Windows wrote in CP949.
    for (content, says) in [
        (&b"PK\x03\x04\x14\xC3\x28\xFF\xC3\x28"[..], "UTF-8"),
        (
            b"event: df_login\nidentity: {external_id: \xC8\xB8\xBF\xF8}\nevent_datetime: at\n",
            "not in the header: 회원",
        ),
    ] {
        desk.write("mapping.yaml", content);
        refuses(&desk, "a.csv", &["--mapping", "mapping.yaml"], &[says]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxonomy_that_is_wrong_names_its_file_and_line() {
    let desk = Desk::new().await;
    desk.write("a.ndjson", "{}\n");
    for (taxonomy, says) in [
        (
            "events:\n  - name: a\nuser_propertys: []\n",
            &["line 3", "user_propertys"][..],
        ),
        (
            "user_properties:\n  - {name: grade, type: text}\n",
            &["line 2", "text", "string"],
        ),
        ("user_properties:\n  - {name: grade}\n", &["line 2", "type"]),
        (
            "user_properties:\n  - {name: grade, type: string, values: gold}\n",
            &["line 2"],
        ),
    ] {
        desk.write("taxonomy.yaml", taxonomy);
        refuses(
            &desk,
            "a.ndjson",
            &["--taxonomy", "taxonomy.yaml"],
            &[&["taxonomy.yaml"], says].concat(),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_that_cannot_be_begun_is_told_as_well() {
    let desk = Desk::new().await;
    for (stdin, says, advice) in [
        (b"".as_slice(), "standard input: it is empty", ""),
        (
            TABLE.as_bytes(),
            "standard input: it is read as a table, which needs a mapping of its columns",
            "write it to a FILE, run `dfinery mapping init FILE`",
        ),
    ] {
        let check = desk.run_with_stdin(&["check", "-"], stdin).await;
        check.is(2).says(says).says(advice);
        let load = ["load", "events", "-", "--state", "state"];
        desk.run_with_stdin(&load, stdin).await.is(2).says(says).says(advice);
    }
}
