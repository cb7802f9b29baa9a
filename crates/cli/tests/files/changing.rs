//! Files that change while they are read: the service is slow, so that reading waits in their middle.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    time::Duration,
};

use dfinery::Operation;
use dfinery_emulator::{Emulator, Fault};
use dfinery_load::{FileLoad, Loaded, Loader, RecordKind, Stop};

/// More than all that a load holds in memory.
const RECORDS: usize = 24;
const LENGTH: usize = 1024 * 1024;

fn record(number: usize) -> String {
    format!(
        r#"{{"identity":{{"external_id":"u{number}"}},"event":{{"event_name":"df_login","event_datetime":"2026-11-01T01:00:00Z","event_properties":{{"df_order_id":"{}"}}}}}}"#,
        "x".repeat(LENGTH)
    ) + "\n"
}

/// Loads a file that something happens to when a part of it is read and calls are under way.
async fn load_while(emulator: &Emulator, path: &Path, happens: impl FnOnce(&Path)) -> Loaded {
    fs::write(path, (0..RECORDS).map(record).collect::<String>()).unwrap();
    let slow = Fault::Delay(Duration::from_millis(400)).after_applying();
    emulator.script_for(Operation::LoadEvents, vec![slow; 2]);
    let import = emulator.import_client().build().unwrap();
    let loader = Loader::builder(&import).most_calls(1).open_bytes(LENGTH).build();
    let progress = loader.progress();
    let load = tokio::spawn(loader.load_files(FileLoad::new(RecordKind::Event, [path])));
    // Reading has come to a stand when its bytes no longer change.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let snapshot = progress.snapshot();
        if snapshot.under_way > 0 && emulator.ledger().events_stored() > 0 && before == snapshot.bytes_read {
            break;
        }
        before = snapshot.bytes_read;
    }
    happens(path);
    load.await.unwrap().unwrap()
}

#[track_caller]
fn ended(loaded: &Loaded, emulator: &Emulator, path: &Path, says: &str) {
    let receipt = &loaded.receipt;
    assert!(receipt.adds_up(), "{receipt}");
    assert_eq!(receipt.accepted, emulator.ledger().events_stored() as u64, "{receipt}");
    assert_eq!(receipt.undelivered + receipt.unknown + receipt.rejected, 0, "{receipt}");
    let Some(Stop::Input(problem)) = &receipt.stopped else {
        panic!("{receipt}")
    };
    let says = format!("{}: it {says} while it was read", path.display());
    assert!(problem.to_string().starts_with(&says), "{problem}");
    assert!(!receipt.complete);
    assert!(problem.is_changed() && !receipt.goes_on());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_loaded_as_it_was_and_the_rest_is_told() {
    let (emulator, folder) = (Emulator::start().await.unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("growing.ndjson");
    let loaded = load_while(&emulator, &path, |path| {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"more\":1}\n").unwrap();
    })
    .await;
    ended(&loaded, &emulator, &path, "grew by 11 bytes, which were not read,");
    assert_eq!(loaded.receipt.accepted, RECORDS as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_ends_the_load_and_the_cut_record_is_not_sent() {
    let (emulator, folder) = (Emulator::start().await.unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("shrinking.ndjson");
    let loaded = load_while(&emulator, &path, |path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len((RECORDS * LENGTH - LENGTH / 2) as u64).unwrap();
    })
    .await;
    ended(&loaded, &emulator, &path, "was cut");
    let receipt = &loaded.receipt;
    assert_eq!(
        (receipt.accepted, receipt.invalid),
        (RECORDS as u64 - 1, 1),
        "{receipt}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_replaced_is_loaded_as_it_was_and_this_is_told() {
    let (emulator, folder) = (Emulator::start().await.unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("replaced.ndjson");
    let loaded = load_while(&emulator, &path, |path| {
        let next = path.with_extension("next");
        fs::write(&next, record(99)).unwrap();
        fs::rename(&next, path).unwrap();
    })
    .await;
    ended(&loaded, &emulator, &path, "was replaced");
    assert_eq!(loaded.receipt.accepted, RECORDS as u64);

    // The journal is that of the other file.
    let import = emulator.import_client().build().unwrap();
    let again = Loader::builder(&import).build();
    let error = again
        .load_files(FileLoad::new(RecordKind::Event, [&path]))
        .await
        .unwrap_err();
    assert!(error.is_changed_input(), "{error}");
    assert!(error.to_string().contains("replaced.ndjson"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_deleted_is_loaded_to_its_end() {
    let (emulator, folder) = (Emulator::start().await.unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("deleted.ndjson");
    let loaded = load_while(&emulator, &path, |path| fs::remove_file(path).unwrap()).await;
    ended(&loaded, &emulator, &path, "was moved or deleted");
    assert_eq!(loaded.receipt.accepted, RECORDS as u64);
}
