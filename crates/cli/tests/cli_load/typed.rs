//! Loads of files whose rows are no lines, by way of `../files/write_many.py`.

use serde_json::json;

use crate::{
    command::Desk,
    stop::{slow, until},
};

const LOGINS: &str = "identity: {external_id: id}\nevent: df_login\nevent_datetime: at\n";

/// Kills the load of 400 events in the middle, and again while it goes on. Then each is settled once, and no other file goes on
/// in the place of the first.
async fn is_settled_once(name: &str, content: &[u8], mapping: &str) {
    let desk = Desk::new().await;
    desk.write(name, content);
    desk.write("m.yaml", mapping);
    slow(&desk, 20);
    let load = [
        "load",
        "events",
        name,
        "--mapping",
        "m.yaml",
        "--concurrency",
        "4",
        "--progress",
        "none",
    ];
    for killed in 1..3 {
        let mut child = desk.command(&load).spawn().unwrap();
        until(|| desk.emulator.ledger().events_stored() > killed * 60).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    slow(&desk, 0);
    // The last byte is of no row, and the first rows are the same.
    let mut other = content.to_vec();
    *other.last_mut().unwrap() ^= 1;
    desk.write(name, other);
    desk.run(&load).await.is(2);
    desk.write(name, content);
    desk.run(&load).await.is(0).says("It took");
    let receipt = desk.receipt(name);
    assert_eq!((&receipt["read"], &receipt["accepted"]), (&json!(400), &json!(400)));
    let taken = desk.emulator.ledger().times_taken();
    assert_eq!(taken.len(), 400, "an event has the same id in each run");
    // Only calls that were under way at a kill are made again.
    let again = desk.emulator.ledger().duplicates();
    assert!(again <= 2 * 4, "{again}");
    desk.run(&load).await.is(0);
    assert_eq!(desk.emulator.ledger().duplicates(), again);
}

#[cfg(feature = "parquet")]
#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_parquet_that_is_killed_goes_on() {
    is_settled_once("many.parquet", include_bytes!("../files/many.parquet"), LOGINS).await;
}

#[cfg(feature = "spreadsheet")]
#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_a_workbook_that_is_killed_goes_on() {
    let mapping = format!("sheet: 로그인\n{LOGINS}");
    is_settled_once("many.xlsx", include_bytes!("../files/many.xlsx"), &mapping).await;
}
