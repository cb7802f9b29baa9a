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
        let place = "s3://bucket/it's";
        let statement = |warehouse| load_statement(warehouse, folder.path(), Some(place));
        for warehouse in [Warehouse::Duckdb, Warehouse::Polars] {
            let text = statement(warehouse).unwrap();
            assert!(text.contains("s3://bucket/it") && !text.contains(NOT_RUN), "{text}");
        }
        for warehouse in [
            Warehouse::Redshift,
            Warehouse::Athena,
            Warehouse::Spark,
            Warehouse::Snowflake,
            Warehouse::Dbt,
        ] {
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
        for warehouse in [Warehouse::Duckdb, Warehouse::Athena, Warehouse::Redshift] {
            let text = statement(warehouse).unwrap();
            assert!(text.contains("it''s") && !text.contains("it's"), "{text}");
        }
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(load_statement(Warehouse::Duckdb, empty.path(), None).is_err());
}
