//! What a load does when nothing unusual happens.

use std::fmt::Write as _;

use dfinery_emulator::Emulator;
use dfinery_load::{FileLoad, Loader, RecordKind, Taxonomy};

/// `users` users with `each` events, one user after the other in rounds.
pub fn events(users: usize, each: usize) -> String {
    let mut text = String::new();
    for round in 0..each {
        for user in 0..users {
            let _ = writeln!(
                text,
                r#"{{"identity":{{"external_id":"user-{user}"}},"event":{{"event_name":"df_login","event_datetime":"2026-11-0{}T00:00:{:02}.{:03}Z"}}}}"#,
                1 + round % 9,
                user % 60,
                round % 1000,
            );
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_packed_by_user_and_all_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    std::fs::write(&file, events(50, 120)).unwrap();
    let emulator = Emulator::start().await.unwrap();
    let import = emulator.import_client().build().unwrap();
    let loader = Loader::builder(&import).taxonomy(Taxonomy::standard()).build();
    let done = loader
        .load_files(FileLoad::new(RecordKind::Event, [&file]))
        .await
        .unwrap();
    assert!(done.receipt.adds_up());
    assert_eq!((done.receipt.read, done.receipt.accepted), (6_000, 6_000));
    assert_eq!(done.receipt.calls, 100);
    assert_eq!(emulator.ledger().events_stored(), 6_000);
    assert_eq!(emulator.ledger().duplicates(), 0);

    let again = Loader::builder(&import).build();
    let done = again
        .load_files(FileLoad::new(RecordKind::Event, [&file]))
        .await
        .unwrap();
    assert!(done.receipt.finished_before && done.receipt.all_accepted());
    assert_eq!(emulator.ledger().events_stored(), 6_000);
}
