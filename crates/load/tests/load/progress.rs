//! The counters of a load, while it runs and at its end.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use dfinery::Operation;
use dfinery_emulator::Fault;
use dfinery_load::{Accepts, FileLoad, Loader, Mapping, RecordKind};

use crate::chaos::{client, service};

/// A file of identities and user properties in turns.
fn members(path: &Path, count: usize) {
    let mut text = String::new();
    for user in 0..count {
        let _ = writeln!(text, r#"{{"identity":{{"external_id":"u{user}"}}}}"#);
        let properties = r#""user_properties":{"df_gender":"Female"}"#;
        let _ = writeln!(text, r#"{{"identity":{{"external_id":"u{user}"}},{properties}}}"#);
    }
    fs::write(path, text).unwrap();
}

/// A table of the items of purchases, those of each far apart.
fn purchases(path: &Path, count: usize) -> Mapping {
    let mut text = "user,order,at,item\n".to_owned();
    for item in 0..3 {
        for order in 0..count {
            let _ = writeln!(text, "u{order},{order},2026-11-01T00:00:00Z,P-{item}");
        }
    }
    fs::write(path, text).unwrap();
    let mapping = "\
        identity: {external_id: user}\n\
        event: {constant: df_purchase}\n\
        event_datetime: at\n\
        event_items:\n  - {df_item_id: item}\n\
        group_by: order\n\
        sort_by_group: true\n";
    Mapping::from_yaml(mapping).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_settled_that_was_not_read_and_in_the_end_all_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (mixed, table) = (folder.path().join("members.ndjson"), folder.path().join("items.csv"));
    members(&mixed, 400);
    let mapping = purchases(&table, 400);
    let plain = FileLoad::new(Accepts::Mixed, [&mixed]);
    let mut ordered = plain.clone();
    ordered.ordered = true;
    let mut sorted = ordered.clone();
    sorted.sort_by_identity = true;
    let mut grouped = FileLoad::new(RecordKind::Event, [&table]);
    grouped.options.mapping = Some(mapping);
    let length = |path| fs::metadata(path).unwrap().len();
    let loads = [
        (plain, 800, length(&mixed)),
        (ordered, 800, 3 * length(&mixed)),
        (sorted, 800, 6 * length(&mixed)),
        (grouped, 400, 2 * length(&table)),
    ];
    for (number, (mut load, records, bytes)) in loads.into_iter().enumerate() {
        let emulator = service(|settings| settings.enforce_required = false).await;
        load.state = Some(folder.path().join(number.to_string()));
        let loader = Loader::builder(&client(&emulator)).build();
        let progress = loader.progress();
        let running = tokio::spawn(loader.load_files(load));
        while !running.is_finished() {
            let now = progress.snapshot();
            assert!(
                now.accepted <= now.read && now.bytes_read <= now.bytes_in_all,
                "{now:?}"
            );
            tokio::task::yield_now().await;
        }
        let receipt = running.await.unwrap().unwrap().receipt;
        assert!(receipt.all_accepted() && receipt.read == records, "{receipt}");
        let now = progress.snapshot();
        assert_eq!(
            (now.read, now.accepted, now.bytes_read, now.bytes_in_all),
            (records, records, bytes, bytes)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_pass_is_made_for_a_kind_that_no_record_has() {
    let folder = tempfile::tempdir().unwrap();
    let (path, gone) = (folder.path().join("members.ndjson"), folder.path().join("gone"));
    members(&path, 3);
    let emulator = service(|_| ()).await;
    emulator.script_for(Operation::UpsertUserProfile, [Fault::Delay(Duration::from_millis(500))]);
    let mut load = FileLoad::new(Accepts::Mixed, [&path]);
    load.ordered = true;
    let loader = Loader::builder(&client(&emulator)).build();
    let running = tokio::spawn(loader.load_files(load));
    while emulator.scripted() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // A pass for events could not open it.
    fs::rename(&path, &gone).unwrap();
    let receipt = running.await.unwrap().unwrap().receipt;
    assert!(receipt.all_accepted() && receipt.read == 6, "{receipt}");
}
