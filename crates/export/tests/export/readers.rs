//! What other programs read in a folder, compared with what the emulator has. Needs the feature `parquet`, and Python with
//! duckdb, polars, pyarrow and maybe pyspark, whose path is in `DFINERY_TEST_PYTHON`.

use std::{collections::BTreeMap, env, process::Command};

use dfinery::{Event, Identity, Properties, PropertyValue, Timestamp};
use dfinery_export::{Compression, EventExport, Format, Taxonomy, Warehouse, load_statement, verify};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::service::{Service, date};

const TAXONOMY: &str = "
standard: true
events:
  - name: visit
event_properties:
  - {name: memo, type: string}
  - {name: points, type: long}
  - {name: ratio, type: double}
  - {name: flag, type: boolean}
";

#[tokio::test(flavor = "multi_thread")]
async fn other_programs_read_the_same_rows_and_values_in_every_format() {
    let Some(python) = env::var_os("DFINERY_TEST_PYTHON") else {
        println!("left out: DFINERY_TEST_PYTHON is not set");
        return;
    };
    let service = Service::start(|_| ()).await;
    let import = service.emulator.import_client().build().unwrap();
    let user = Identity::external_id("김 \"최초\"");
    let memos = ["따옴표 \"x\", 쉼표", "줄\n바꿈\r\n둘", "😀 tab\t끝", "NULL", "007"];
    for (position, memo) in memos.into_iter().cycle().take(60).enumerate() {
        let day = 24 + position % 3;
        let time: Timestamp = format!("2026-11-{day}T23:{:02}:00.5Z", position % 60).parse().unwrap();
        let points = if position % 7 == 0 {
            i64::MAX
        } else {
            9_007_199_254_740_993
        };
        let mut event = Event::new("visit")
            .at(time)
            .property("memo", memo)
            .property("points", points);
        if position % 2 == 0 {
            event = event.property("ratio", 0.1).property("flag", position % 4 == 0);
        }
        if position % 3 == 0 {
            event = event
                .item([
                    ("name", PropertyValue::from("라떼 \"콜드\", 줄\n바꿈")),
                    ("price", 4_500.5.into()),
                ])
                .item([("name", PropertyValue::from("NULL")), ("price", 1.into())]);
        }
        import.load_events(&user, &[event]).await.unwrap();
    }
    let expected = expected(&service);
    assert_eq!(expected.len(), 60);
    for (format, name) in [
        (Format::Csv, "csv"),
        (Format::Ndjson, "ndjson"),
        (Format::Parquet, "parquet"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let export = EventExport {
            from: Some(date("2026-11-22")),
            format,
            compression: if format == Format::Parquet {
                Compression::Zstd
            } else {
                Compression::None
            },
            ..EventExport::default()
        };
        let taxonomy = Taxonomy::from_yaml(TAXONOMY).unwrap();
        let exporter = service.exporter(|builder| builder.taxonomy(taxonomy));
        let receipt = exporter.export_events(&export, folder.path()).await.unwrap();
        assert_eq!((receipt.rows, receipt.holes().count()), (60, 0), "{receipt}");
        assert!(verify(folder.path()).unwrap().is_good());
        let statement = |warehouse| load_statement(warehouse, folder.path(), None).unwrap();
        let output = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/export/readers.py"))
            .arg(folder.path())
            .arg(name)
            .args([Warehouse::Duckdb, Warehouse::Polars, Warehouse::Spark].map(statement))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let seen: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&output.stdout).unwrap();
        assert!(seen.len() >= 3);
        println!(
            "{name}: read by {}",
            seen.keys().cloned().collect::<Vec<_>>().join(", ")
        );
        for (reader, rows) in seen {
            let mut rows: Vec<_> = rows.iter().map(Value::to_string).collect();
            rows.sort_unstable();
            assert_eq!(rows, expected, "{reader} reads {name}");
        }
    }
}

/// The values of a property of all items, as the emulator writes them in a cell.
fn items(items: &[Properties], name: &str) -> Value {
    let values: Vec<_> = items.iter().filter_map(|item| item.get(name)).collect();
    if values.is_empty() {
        return Value::Null;
    }
    serde_json::to_string(&values).unwrap().into()
}

/// The events of the emulator as the readers spell them.
fn expected(service: &Service) -> Vec<String> {
    let ledger = service.emulator.ledger();
    let mut rows: Vec<_> = ledger
        .events()
        .map(|record| {
            let properties = record.event.event_properties.as_ref().unwrap();
            let text = |name: &str| match properties.get(name) {
                None => Value::Null,
                Some(PropertyValue::String(text)) => text.as_str().into(),
                Some(value) => serde_json::to_value(value).unwrap().to_string().into(),
            };
            let day = record.event.event_datetime.to_jiff().to_zoned(TimeZone::UTC).date();
            Value::Array(vec![
                "visit".into(),
                text("memo"),
                text("points"),
                text("ratio"),
                text("flag"),
                items(&record.event.event_items, "name"),
                items(&record.event.event_items, "price"),
                record.event.event_datetime.to_string().into(),
                day.to_string().into(),
            ])
            .to_string()
        })
        .collect();
    rows.sort_unstable();
    rows
}
