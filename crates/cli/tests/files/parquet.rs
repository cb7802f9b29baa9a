//! Parquet files that other programs wrote, through the command.

use std::fs;

use crate::command::Desk;

#[cfg(not(feature = "parquet"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_build_without_parquet_says_how_to_get_it() {
    let desk = Desk::new().await;
    desk.write("a.parquet", b"PAR1\x15\0\0\0PAR1");
    for command in [&["check"][..], &["load", "events"], &["mapping", "init"]] {
        desk.run(&[command, &["a.parquet"]].concat()).await.is(2).says(
            "a.parquet: it is a Parquet file, which this program was built without. Install it with `cargo install --path \
             crates/cli --features parquet`",
        );
    }
    fs::create_dir(desk.path("orders")).unwrap();
    desk.run(&["check", "orders"]).await.is(2).says("it is a directory");
    fs::rename(desk.path("a.parquet"), desk.path("orders/a.parquet")).unwrap();
    desk.run(&["check", "orders"])
        .await
        .is(2)
        .says("orders/a.parquet: it is a Parquet file");
}

#[cfg(feature = "parquet")]
mod with_parquet {
    use std::{collections::BTreeMap, env, io::ErrorKind, process::Command};

    use serde_json::{Value, json};

    use super::*;

    const MAPPING: &str = "
timezone: Asia/Seoul
identity: {external_id: member}
event: order_paid
event_datetime: paid_at
event_properties:
  order_no: {column: order_no, type: long}
  local_at: {column: local_at, type: datetime}
  day: {column: day, type: date}
  total: {column: total, type: double}
  rate: {column: rate, type: double}
  gift: {column: gift, type: boolean}
  tags: {column: tags, type: string-array}
  memo: memo
event_items:
  - each: lines
    df_item_id: sku
    df_item_name: sku
    df_price: {constant: 1.0}
    df_discount: {constant: 0.0}
    df_quantity: {column: qty, type: long}
";

    /// What has arrived, by the number of the order.
    fn stored(desk: &Desk) -> BTreeMap<i64, Value> {
        let ledger = desk.emulator.ledger();
        let orders = ledger.events().map(|record| {
            let mut event = json!(record.event);
            event.as_object_mut().unwrap().remove("event_log_id");
            let number = event["event_properties"]["order_no"].as_i64().unwrap();
            (number, json!([*record.identity, event]))
        });
        orders.collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_files_of_all_writers_give_the_same_calls() {
        let files = tempfile::tempdir().unwrap();
        let ran = Command::new(env::var_os("DFINERY_TEST_PYTHON").unwrap_or("python3".into()))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/write_rows.py"))
            .arg(files.path())
            .output();
        let ran = match ran {
            Err(error) if error.kind() == ErrorKind::NotFound => return eprintln!("LEFT OUT: python3 is not there"),
            ran => ran.unwrap(),
        };
        let said = String::from_utf8_lossy(&ran.stderr);
        if said.contains("ModuleNotFoundError") {
            return eprintln!("LEFT OUT: {said}");
        }
        assert!(ran.status.success(), "{said}");
        let mut expected = None;
        let mut names: Vec<_> = fs::read_dir(files.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        assert_eq!(names.len(), 17);
        names.retain(|name| cfg!(feature = "spreadsheet") || name.extension().is_none_or(|end| end != "xlsx"));
        for path in names {
            let desk = Desk::new().await;
            desk.emulator
                .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
            desk.write("m.yaml", MAPPING);
            let file = path.to_str().unwrap();
            desk.run(&["check", file, "--as", "events", "--mapping", "m.yaml"])
                .await
                .is(0);
            let load = ["load", "events", file, "--mapping", "m.yaml", "--state", "state"];
            desk.run(&load).await.is(0);
            let found = stored(&desk);
            assert_eq!(found.len(), 1_000, "{file}");
            assert_eq!(*expected.get_or_insert_with(|| found.clone()), found, "{file}");
            // The same command again has nothing left to do.
            desk.run(&load).await.is(0);
            assert_eq!(desk.emulator.ledger().events_stored(), 1_000, "{file}");
            if path.extension().is_some_and(|end| end == "parquet") {
                let draft = desk.run(&["mapping", "init", file, "--event", "order_paid"]).await;
                assert!(draft.out.contains("    each: lines"), "{}", draft.out);
                assert!(!draft.out.contains("format:"), "{}", draft.out);
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_row_that_is_bad_is_corrected_in_a_table() {
        let desk = Desk::new().await;
        fs::copy(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/orders.parquet"),
            desk.path("orders.parquet"),
        )
        .unwrap();
        desk.write(
            "m.yaml",
            "identity: {external_id: customer.id, phone_no: {column: customer.phone, type: phone}}\nevent: df_login\nevent_datetime: at",
        );
        let load = ["load", "events", "orders.parquet", "--mapping", "m.yaml"];
        let ran = desk.run(&load).await;
        ran.is(1)
            .says("Rows to correct and load: orders.parquet.dfinery/rejected.csv");
        let rejected = fs::read_to_string(desk.path("orders.parquet.dfinery/rejected.csv")).unwrap();
        assert_eq!(
            rejected,
            "\u{FEFF}dfinery_line,dfinery_code,dfinery_reason,at,customer.id,customer.phone\n2,invalid,customer.phone: is too \
             short or too long for a phone number,2025-11-20T01:16:00Z,1002,010-12\n"
        );
        desk.write("corrected.csv", rejected.replace("010-12", "010-1234-5678"));
        desk.run(&["load", "events", "corrected.csv", "--mapping", "m.yaml"])
            .await
            .is(0);
        assert_eq!(desk.emulator.ledger().events_stored(), 3);
        desk.run(&["check", "orders.parquet"])
            .await
            .is(2)
            .says("needs a mapping of its columns: run `dfinery mapping init orders.parquet`");
    }
}
