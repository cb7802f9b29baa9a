//! What loads a folder into a warehouse.

use dfinery_export::{Compression, EventExport, Format, Warehouse, load_statement};

use crate::service::{Service, date};

const NOT_RUN: &str = "not run there";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_names_the_folder_and_says_if_nobody_ran_it() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-26", &[("df_login", 1)]).await;
    for (format, compression) in [(Format::Csv, Compression::Gzip), (Format::Ndjson, Compression::Zstd)] {
        let folder = tempfile::tempdir().unwrap();
        let export = EventExport {
            from: Some(date("2026-11-26")),
            format,
            compression,
            ..EventExport::default()
        };
        let exporter = service.exporter(|builder| builder);
        let receipt = exporter.export_events(&export, folder.path()).await.unwrap();
        assert_eq!(receipt.rows, 1, "{receipt}");
        let statement = |warehouse| {
            let place = match warehouse {
                Warehouse::Athena => "s3://bucket/its",
                _ => "s3://bucket/it's",
            };
            load_statement(warehouse, folder.path(), Some(place))
        };
        for warehouse in [Warehouse::Duckdb, Warehouse::Polars, Warehouse::Spark] {
            let text = statement(warehouse).unwrap();
            assert!(text.contains("s3://bucket/it") && !text.contains(NOT_RUN), "{text}");
        }
        for warehouse in [
            Warehouse::Redshift,
            Warehouse::Athena,
            Warehouse::Snowflake,
            Warehouse::Dbt,
        ] {
            if (warehouse, format) == (Warehouse::Athena, Format::Csv) {
                assert!(statement(warehouse).is_err());
                continue;
            }
            let text = statement(warehouse).unwrap();
            let first = text.lines().next().unwrap();
            assert!(
                first.contains(NOT_RUN) && (first.starts_with("-- ") || first.starts_with("# ")),
                "{text}"
            );
            assert!(
                text.contains("df_correction_datetime") && text.contains("_dfinery_day"),
                "{text}"
            );
        }
        let for_bigquery = statement(Warehouse::Bigquery);
        assert_eq!(
            for_bigquery.is_ok(),
            compression == Compression::Gzip,
            "{for_bigquery:?}"
        );
        for warehouse in [Warehouse::Duckdb, Warehouse::Redshift] {
            let text = statement(warehouse).unwrap();
            assert!(text.contains("it''s") && !text.contains("it's"), "{text}");
        }
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(load_statement(Warehouse::Duckdb, empty.path(), None).is_err());
}

/// A folder of exports with a column, without days.
fn folder_with(name: &str, format: Format) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let format = serde_json::to_value(format).unwrap();
    let schema = serde_json::json!({
        "version": 1,
        "format": format,
        "compression": "none",
        "events": [{"name": name, "type": "string", "origin": "unknown"}],
    });
    std::fs::create_dir(folder.path().join("_dfinery")).unwrap();
    std::fs::write(folder.path().join("_dfinery/schema.json"), schema.to_string()).unwrap();
    folder
}

#[test]
fn a_name_stays_in_its_quotes() {
    let name = "a\"\"\"\\'`\n\u{85}\u{2028}b\\";
    let folder = folder_with(name, Format::Ndjson);
    let place = r#"s3://b"""'\"#;
    for (warehouse, of_name, of_place) in [
        (
            Warehouse::Duckdb,
            "'a\"\"\"\\''`\n\u{85}\u{2028}b\\': 'VARCHAR'",
            r#"('s3://b"""''\/events/"#,
        ),
        (
            Warehouse::Bigquery,
            r#"`a"""\\'\`\u000a\u0085\u2028b\\` STRING"#,
            r#"['s3://b"""\'\\/events/"#,
        ),
        (
            Warehouse::Snowflake,
            "\"a\"\"\"\"\"\"\\'`\n\u{85}\u{2028}b\\\" VARCHAR",
            "@dfinery/events/",
        ),
        (
            Warehouse::Spark,
            r#"`a\"\"\"\\'``\u000a\u0085\u2028b\\` STRING"#,
            r#"("s3://b\"\"\"'\\/events")"#,
        ),
        (
            Warehouse::Dbt,
            r#"name: "a\"\"\"\\'`\u000a\u0085\u2028b\\""#,
            "sources:",
        ),
        (Warehouse::Polars, "import polars", r#"("s3://b\"\"\"'\\/events/"#),
    ] {
        let text = load_statement(warehouse, folder.path(), Some(place)).unwrap();
        assert!(text.contains(of_name), "{warehouse:?}\n{text}");
        assert!(text.contains(of_place), "{warehouse:?}\n{text}");
    }
    for warehouse in [Warehouse::Redshift, Warehouse::Athena] {
        let error = load_statement(warehouse, folder.path(), Some(place)).unwrap_err();
        assert!(error.to_string().contains("a place without it"), "{error}");
    }
    let text = load_statement(Warehouse::Redshift, folder.path(), Some("s3://it's")).unwrap();
    assert!(
        text.contains("\"a\"\"\"\"\"\"\\'`\n\u{85}\u{2028}b\\\" VARCHAR(65535)")
            && text.contains("'s3://it''s/events/"),
        "{text}"
    );
    let text = load_statement(Warehouse::Athena, folder.path(), Some("s3://b")).unwrap();
    assert!(text.contains("`a\"\"\"\\'``\n\u{85}\u{2028}b\\` string"), "{text}");
    let folder = folder_with(name, Format::Csv);
    let text = load_statement(Warehouse::Spark, folder.path(), None).unwrap();
    assert!(text.contains(r#"`a\"\"\"\\'``\u000a\u0085\u2028b\\` STRING"#), "{text}");
}

#[test]
fn athena_is_not_given_what_it_reads_as_something_else() {
    let folder = folder_with("a", Format::Csv);
    let error = load_statement(Warehouse::Athena, folder.path(), Some("s3://b")).unwrap_err();
    assert!(error.to_string().contains("NDJSON or Parquet"), "{error}");
    // Without days it must begin early; else with the first of which anything is known.
    let folder = folder_with("a", Format::Ndjson);
    let statement = || load_statement(Warehouse::Athena, folder.path(), Some("s3://b")).unwrap();
    assert!(statement().contains("'2020-01-01,NOW'"), "{}", statement());
    let events = folder.path().join("_dfinery/events");
    std::fs::create_dir(&events).unwrap();
    for name in ["2024-05-06.json", "2024-05-05.hole.json"] {
        std::fs::write(events.join(name), "").unwrap();
    }
    assert!(statement().contains("'2024-05-05,NOW'"), "{}", statement());
}

#[cfg(unix)]
#[test]
fn a_folder_whose_path_is_not_utf_8_needs_a_place() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = folder_with("a", Format::Ndjson);
    let other = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&other).unwrap();
    std::fs::rename(folder.path().join("_dfinery"), other.join("_dfinery")).unwrap();
    let error = load_statement(Warehouse::Duckdb, &other, None).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
    assert!(load_statement(Warehouse::Duckdb, &other, Some("/warehouse")).is_ok());
}
