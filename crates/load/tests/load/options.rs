//! What the settings of a load change.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use dfinery::{Family, Operation, tables::RateLimit, types::import::LoadEventsRequest};
use dfinery_emulator::{Batch, Fault, FaultRate, Ledger};
use dfinery_load::{Accepts, FileLoad, Loader, LoaderBuilder, MostBad, Receipt, RecordKind, Stop};

use crate::{
    audit::{Claims, lines},
    chaos::{client, service},
    records::{Files, Mix, time},
};

fn event(user: &str, position: usize, name: &str) -> String {
    let time = time(position);
    format!(r#"{{"identity":{{"external_id":"{user}"}},"event":{{"event_name":"{name}","event_datetime":"{time}"}}}}"#)
}

fn write(path: &Path, lines: impl IntoIterator<Item = String>) -> PathBuf {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    fs::write(path, text).unwrap();
    path.to_owned()
}

async fn load(builder: LoaderBuilder, load: FileLoad) -> Receipt {
    let receipt = builder.build().load_files(load).await.unwrap().receipt;
    assert!(receipt.adds_up(), "{receipt}");
    receipt
}

/// How many events each request for events had taken.
fn sizes(ledger: &Ledger) -> Vec<usize> {
    ledger
        .requests(Operation::LoadEvents)
        .map(|request| request.events)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_no_more_bytes_of_records_than_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let one = event("u", 0, "df_login").len();
    let path = write(
        &folder.path().join("in.ndjson"),
        (0..95).map(|position| event("u", position, "df_login")),
    );
    for (bytes, expected) in [(10 * one, 10), (10 * one + one - 1, 10), (1, 1), (1_000_000, 95)] {
        let emulator = service(|_| ()).await;
        let mut file_load = FileLoad::new(RecordKind::Event, [&path]);
        file_load.resume = false;
        let receipt = load(Loader::builder(&client(&emulator)).batch_bytes(bytes), file_load).await;
        assert!(receipt.all_accepted());
        assert_eq!(
            sizes(&emulator.ledger()).into_iter().max(),
            Some(expected),
            "{bytes} bytes"
        );
        assert_eq!(receipt.calls, 95_u64.div_ceil(expected as u64));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_items_of_a_call_stay_within_the_limit_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let item = r#"{"df_item_id":"P-1"}"#;
    let with_items = |position: usize| {
        let items = vec![item; position % 41].join(",");
        event("u", position, "df_view_list")
            .replace("\"event_name\"", &format!("\"event_items\":[{items}],\"event_name\""))
    };
    let path = write(&folder.path().join("in.ndjson"), (0..300).map(with_items));
    let emulator = service(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept).await;
    let receipt = load(
        Loader::builder(&client(&emulator)),
        FileLoad::new(RecordKind::Event, [&path]),
    )
    .await;
    assert!(receipt.all_accepted(), "{receipt}");
    let ledger = emulator.ledger();
    let mut items = BTreeMap::<_, usize>::new();
    for event in ledger.events() {
        *items.entry(event.request).or_default() += event.event.event_items.len();
    }
    let most = *items.values().max().unwrap();
    assert!(most <= LoadEventsRequest::MAX_TOTAL_EVENT_ITEMS && most > 60, "{most}");
    assert_eq!(receipt.failed_attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_bad_records_end_a_load_early() {
    let folder = tempfile::tempdir().unwrap();
    for (bad_event, most, enough) in [
        ("no_such_event", MostBad::Count(50), 51..=70),
        ("no such event \u{0}", MostBad::Count(50), 51..=60),
        ("no_such_event", MostBad::Share(0.2), 200..=2_000),
    ] {
        let name = |position| if position % 3 == 0 { bad_event } else { "df_login" };
        let path = write(
            &folder.path().join("in.ndjson"),
            (0..30_000)
                .map(|position| event(&format!("u{position}"), position, name(position)).replace('\u{0}', "\\q")),
        );
        let emulator = service(|_| ()).await;
        let mut file_load = FileLoad::new(RecordKind::Event, [&path]);
        file_load.restart = true;
        let receipt = load(
            Loader::builder(&client(&emulator)).most_bad(most).most_calls(4),
            file_load,
        )
        .await;
        let bad = receipt.rejected + receipt.invalid;
        println!("{most:?}: {bad} bad of {}", receipt.read);
        assert!(matches!(receipt.stopped, Some(Stop::TooManyBad(..))), "{receipt}");
        assert!(enough.contains(&bad), "{receipt}");
        assert!(!receipt.complete && receipt.resumable == receipt.undelivered);
        assert_eq!(emulator.ledger().events_stored() as u64, receipt.accepted);
        fs::remove_dir_all(folder.path().join("in.ndjson.dfinery")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_is_divided_or_not_as_the_service_treats_the_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    let name = |position| {
        if position == 30 || position == 77 {
            "no_such_event"
        } else {
            "df_login"
        }
    };
    let path = write(
        &folder.path().join("in.ndjson"),
        (0..100).map(|position| event("u", position, name(position))),
    );
    for (batch, divide, accepted, rejected, stored, twice) in [
        // All or nothing: dividing saves the good ones.
        (Batch::AllOrNothing, true, 98, 2, 98, 0),
        (Batch::AllOrNothing, false, 0, 100, 0, 0),
        // The good ones are kept: dividing would send them again.
        (Batch::KeepGoodAndFail, false, 0, 100, 98, 0),
        (Batch::KeepGoodAndSucceed, true, 100, 0, 98, 0),
    ] {
        let emulator = service(|settings| settings.batch = batch).await;
        let mut file_load = FileLoad::new(RecordKind::Event, [&path]);
        file_load.resume = false;
        file_load.state = Some(folder.path().join(format!("{batch:?}-{divide}")));
        let state = file_load.state.clone().unwrap();
        let receipt = load(Loader::builder(&client(&emulator)).divide_refused(divide), file_load).await;
        assert_eq!(
            (receipt.accepted, receipt.rejected),
            (accepted, rejected),
            "{batch:?} {divide}: {receipt}"
        );
        let ledger = emulator.ledger();
        assert_eq!(
            (ledger.times_taken().len(), ledger.duplicates()),
            (stored, twice),
            "{batch:?} {divide}"
        );
        let letters: Vec<_> = lines(&state.join("dead-letter.ndjson"))
            .iter()
            .map(|line| line["line"].as_u64().unwrap())
            .collect();
        assert_eq!(letters.len() as u64, rejected);
        if rejected == 2 {
            assert_eq!(letters, [31, 78]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ordered_sends_all_identities_then_all_profiles_then_all_events() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 3_000,
        users: 500,
        identities: 0.3,
        profiles: 0.3,
        bad: 0.02,
        skewed: true,
    };
    let files = Files::write(folder.path(), mix.make(31), 3);
    let emulator = service(|_| ()).await;
    emulator.fault_rate(FaultRate {
        probability: 0.2,
        seed: 31,
        faults: vec![Fault::Delay(Duration::from_millis(15)), Fault::Status(503)],
    });
    let mut file_load = FileLoad::new(Accepts::Mixed, files.paths());
    file_load.ordered = true;
    let state = file_load.state_folder().unwrap();
    let receipt = load(Loader::builder(&client(&emulator)), file_load).await;
    let ledger = emulator.ledger();
    Claims::of_files(&files, &state, &receipt).check(&files.records, &ledger);
    let order: Vec<_> = ledger
        .all_requests()
        .iter()
        .filter_map(|request| request.operation)
        .collect();
    let place = |operation| match operation {
        Operation::UpsertIdentity => 0,
        Operation::UpsertUserProfile => 1,
        _ => 2,
    };
    assert!(order.is_sorted_by_key(|operation| place(*operation)), "{order:?}");
    assert_eq!(
        order
            .iter()
            .map(|operation| place(*operation))
            .collect::<BTreeSet<_>>()
            .len(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sorted_by_identity_no_user_has_more_calls_than_its_records_need() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        bad: 0.0,
        ..Mix::events(20_000, 1_000)
    };
    let files = Files::write(folder.path(), mix.make(32), 3);
    let mut calls = Vec::new();
    for sort in [true, false] {
        let emulator = service(|_| ()).await;
        let mut file_load = FileLoad::new(RecordKind::Event, files.paths());
        file_load.sort_by_identity = sort;
        file_load.state = Some(folder.path().join(format!("sorted-{sort}")));
        let state = file_load.state.clone().unwrap();
        // With little memory for open calls, only a sorted file fills them.
        let receipt = load(Loader::builder(&client(&emulator)).open_bytes(100_000), file_load).await;
        assert!(receipt.all_accepted());
        let ledger = emulator.ledger();
        Claims::of_files(&files, &state, &receipt).check(&files.records, &ledger);
        let mut of_user = BTreeMap::<_, usize>::new();
        for record in &files.records {
            *of_user.entry(record.user).or_default() += 1;
        }
        let needed: usize = of_user
            .values()
            .map(|events| events.div_ceil(LoadEventsRequest::MAX_EVENTS))
            .sum();
        if sort {
            assert_eq!(receipt.calls, needed as u64);
        }
        calls.push(receipt.calls);
    }
    println!("{calls:?} calls sorted and as it comes");
    assert!(calls[0] * 2 < calls[1], "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_make_the_id_make_the_same_one_in_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = service(|_| ()).await;
    let mut ids = Vec::new();
    for (file, positions) in [("a", vec![1, 2, 3]), ("b", vec![3, 1, 2]), ("c", vec![1, 4])] {
        let path = write(
            &folder.path().join(file),
            positions.iter().map(|position| event("u", *position, "df_login")),
        );
        let mut file_load = FileLoad::new(RecordKind::Event, [&path]);
        file_load.options.format = Some(dfinery_load::Format::Ndjson);
        file_load.id_fields = vec!["external_id".to_owned(), "event_datetime".to_owned()];
        let before = emulator.ledger().events().len();
        assert!(
            load(Loader::builder(&client(&emulator)), file_load)
                .await
                .all_accepted()
        );
        let of_file: BTreeMap<_, _> = emulator
            .ledger()
            .events()
            .skip(before)
            .map(|event| (event.event.event_datetime, event.event.event_log_id))
            .collect();
        ids.push(of_file);
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[2][&time(1)], ids[0][&time(1)]);
    assert_eq!(ids.iter().flat_map(BTreeMap::values).collect::<BTreeSet<_>>().len(), 4);
    // Without them a copy of a file has the same ids, and another file others.
    let mut of_contents = Vec::new();
    for (file, position) in [("d", 5), ("copy-of-d", 5), ("e", 6)] {
        let path = write(&folder.path().join(file), [event("u", position, "df_login")]);
        let mut file_load = FileLoad::new(RecordKind::Event, [&path]);
        file_load.options.format = Some(dfinery_load::Format::Ndjson);
        assert!(
            load(Loader::builder(&client(&emulator)), file_load)
                .await
                .all_accepted()
        );
        of_contents.push(emulator.ledger().events().last().unwrap().event.event_log_id);
    }
    assert!(of_contents[0] == of_contents[1] && of_contents[0] != of_contents[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_make_the_id_count_to_their_last_digit() {
    let folder = tempfile::tempdir().unwrap();
    let of = |charge| {
        let properties = format!("\"event_properties\":{{\"df_delivery_charge\":{charge}}},\"event_name\"");
        event("u", 0, "df_login").replace("\"event_name\"", &properties)
    };
    let path = write(
        &folder.path().join("in.ndjson"),
        ["1.00000000000000000001", "1.00000000000000000002"].map(of),
    );
    let emulator = service(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept).await;
    let mut file_load = FileLoad::new(RecordKind::Event, [&path]);
    file_load.id_fields = vec!["df_delivery_charge".to_owned()];
    let receipt = load(Loader::builder(&client(&emulator)), file_load).await;
    assert!(receipt.all_accepted(), "{receipt}");
    assert_eq!(emulator.ledger().times_taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_the_same_contents_in_one_load_give_their_events_different_ids() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["monday", "tuesday", "wednesday"].map(|day| {
        let events = (0..50).map(|position| event(&format!("u{position}"), position, "df_login"));
        write(&folder.path().join(format!("{day}.ndjson")), events)
    });
    let emulator = service(|_| ()).await;
    let receipt = load(
        Loader::builder(&client(&emulator)),
        FileLoad::new(RecordKind::Event, paths),
    )
    .await;
    assert_eq!((receipt.accepted, receipt.read), (150, 150), "{receipt}");
    let ledger = emulator.ledger();
    assert_eq!((ledger.times_taken().len(), ledger.duplicates()), (150, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_keeps_to_its_own_quota() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 600,
        users: 600,
        identities: 0.2,
        profiles: 0.2,
        bad: 0.0,
        skewed: false,
    };
    let files = Files::write(folder.path(), mix.make(33), 1);
    let limits = [(Family::Event, 200), (Family::Identity, 60), (Family::Profile, 60)].map(|(family, requests)| {
        let period = Duration::from_secs(2);
        (
            family,
            RateLimit {
                requests,
                period,
                concurrent: None,
            },
        )
    });
    let emulator = service(|settings| settings.rate_limits = limits.into()).await;
    let import = limits
        .into_iter()
        .fold(emulator.import_client(), |builder, (family, limit)| {
            builder.rate_limit(family, limit)
        });
    let begun = std::time::Instant::now();
    let receipt = load(
        Loader::builder(&import.build().unwrap()),
        FileLoad::new(Accepts::Mixed, files.paths()),
    )
    .await;
    println!("{:?}: {receipt}", begun.elapsed());
    assert!(receipt.all_accepted());
    assert_eq!((receipt.rate_limited, receipt.failed_attempts), (0, 0));
    // One after the other they would need three, two and two periods.
    assert!(begun.elapsed() < Duration::from_secs(10));
}
