//! What loads are known to get wrong, each with the failure it guards against.
//!
//! Two are tested where they belong: `shutdown_returns_what_was_not_delivered` with the sender, and
//! `unchanged_profiles_cost_no_call` with the options.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use dfinery::{Event, Family, Identity, ImportCode, Operation, RetryPolicy, tables::RateLimit};
use dfinery_emulator::{CodeStyle, Emulator, FailureStyle, Fault, FaultRate, OverLimit, RateHeaders, SuccessData};
use dfinery_load::{Fate, FileLoad, Loader, Receipt, Record, RecordKind};
use futures_util::{StreamExt as _, stream};
use uuid::Uuid;

use crate::{
    audit::{lines, original},
    chaos::{client, impatient, quick, service},
    records::{position_of, time},
};

struct Loaded {
    receipt: Receipt,
    letters: Vec<serde_json::Value>,
    _folder: tempfile::TempDir,
}

fn event(user: &str, position: usize) -> String {
    let time = time(position);
    format!(
        r#"{{"identity":{{"external_id":"{user}"}},"event":{{"event_name":"df_login","event_datetime":"{time}"}}}}"#
    )
}

async fn load(emulator: &Emulator, lines: impl IntoIterator<Item = String>) -> Loaded {
    load_with(&client(emulator), lines).await
}

async fn load_with(import: &dfinery::ImportClient, records: impl IntoIterator<Item = String>) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("in.ndjson");
    let mut text = String::new();
    for line in records {
        let _ = writeln!(text, "{line}");
    }
    fs::write(&path, text).unwrap();
    let file_load = FileLoad::new(RecordKind::Event, [&path]);
    let state = file_load.state_folder().unwrap();
    let receipt = Loader::builder(import)
        .build()
        .load_files(file_load)
        .await
        .unwrap()
        .receipt;
    assert!(receipt.adds_up(), "{receipt}");
    Loaded {
        receipt,
        letters: lines(&state.join("dead-letter.ndjson")),
        _folder: folder,
    }
}

fn always(fault: Fault) -> FaultRate {
    FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![fault],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_200_with_a_failing_code_is_not_counted_as_success() {
    // Guards against: taking the HTTP status for the verdict, and reporting a load of which nothing arrived as done.
    for code in [
        ImportCode::BadRequest,
        ImportCode::ValidationFailure,
        ImportCode::TooManyEvents,
        ImportCode::TooManyUserProfiles,
    ] {
        for (code_style, failures, data) in [
            (CodeStyle::Number, FailureStyle::DetailTable, SuccessData::True),
            (CodeStyle::Digits, FailureStyle::Alternative, SuccessData::Null),
        ] {
            let emulator = service(|settings| {
                (settings.code_style, settings.import_failures, settings.success_data) = (code_style, failures, data);
            })
            .await;
            emulator.fault_rate(always(Fault::Import(code.clone())));
            let loaded = load(&emulator, (0..4).map(|position| event("u", position))).await;
            assert_eq!(
                (loaded.receipt.accepted, loaded.receipt.rejected),
                (0, 4),
                "{code:?} {}",
                loaded.receipt
            );
            assert_eq!(loaded.receipt.by_code[code.as_str()], 4);
            assert!(loaded.letters.len() == 4 && !loaded.receipt.all_accepted());
            // And under the same reading a success is one.
            emulator.fault_rate(always(Fault::None));
            assert!(load(&emulator, [event("u", 9)]).await.receipt.all_accepted());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_400_and_other_refusals_of_the_request_without_a_body_are_no_success() {
    // Guards against: dropping a batch at a status that nobody thought of, as if it had been sent.
    for (status, fate) in [(400, "rejected"), (413, "rejected"), (422, "rejected")] {
        let emulator = service(|_| ()).await;
        emulator.fault_rate(always(Fault::Status(status)));
        let loaded = load(&emulator, [event("u", 1)]).await;
        assert!(
            loaded.receipt.accepted == 0 && loaded.letters[0]["fate"] == fate,
            "{status}: {}",
            loaded.receipt
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_through_a_small_queue_loses_nothing() {
    // Guards against: a queue that drops what comes faster than it can be sent, and says so nowhere.
    const BURST: usize = 25_000;
    let emulator = service(|_| ()).await;
    emulator.fault_rate(always(Fault::Delay(Duration::from_millis(50))));
    let records = stream::iter((0..BURST).map(|position| {
        let user = Identity::external_id(format!("user-{}", position % 400));
        Record::event(user, Event::new("df_login").at(time(position)))
    }));
    let loader = Loader::builder(&client(&emulator))
        .linger(Duration::from_millis(50))
        .build();
    let settled: Vec<_> = loader.load(records).collect().await;
    let accepted = settled.iter().filter(|settled| settled.fate == Fate::Accepted).count();
    let arrived: BTreeSet<_> = emulator
        .ledger()
        .events()
        .map(|event| position_of(event.event.event_datetime))
        .collect();
    assert_eq!((settled.len(), accepted, arrived.len()), (BURST, BURST, BURST));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_one_user_are_packed_into_one_call() {
    // Guards against: one call for each record because a call can only be about one user, which makes latency decide.
    let emulator = service(|_| ()).await;
    let loaded = load(
        &emulator,
        (0..5_000).map(|position| event(&format!("user-{}", position % 50), position)),
    )
    .await;
    assert_eq!(
        (loaded.receipt.accepted, loaded.receipt.calls, loaded.receipt.attempts),
        (5_000, 50, 50)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_poison_record_does_not_stop_the_others() {
    // Guards against: a batch that is sent for ever, or given up as a whole, because of one record in it.
    let emulator = service(|_| ()).await;
    let poison = |position| event("u", position).replace("df_login", "no_such_event");
    let records = (0..300).map(|position| {
        if position == 137 {
            poison(position)
        } else {
            event("u", position)
        }
    });
    let loaded = load(&emulator, records).await;
    assert_eq!((loaded.receipt.accepted, loaded.receipt.rejected), (299, 1));
    assert_eq!(loaded.letters[0]["line"], 138);
    assert_eq!(original(&loaded.letters[0]), poison(137).into_bytes());
    // Halving finds one bad record of a hundred in two calls for each doubling.
    assert!(loaded.receipt.attempts <= 3 + 2 * 7, "{}", loaded.receipt);
    let arrived: Vec<_> = emulator
        .ledger()
        .events()
        .map(|event| position_of(event.event.event_datetime))
        .collect();
    assert!(arrived.is_sorted() && arrived.len() == 299, "in the order of the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_twice_in_a_call_stops_nothing() {
    // Guards against: a call that is refused as a whole, again and again, because two events in it have the same id.
    let emulator = service(|_| ()).await;
    let id = Uuid::from_u128(7);
    let with_id =
        |position| event("u", position).replace("\"event_name\"", &format!("\"event_log_id\":\"{id}\",\"event_name\""));
    let records = (0..60).map(|position| {
        if position % 20 == 5 {
            with_id(position)
        } else {
            event("u", position)
        }
    });
    let loaded = load(&emulator, records).await;
    assert_eq!(
        (
            loaded.receipt.accepted,
            loaded.receipt.invalid,
            loaded.receipt.failed_attempts
        ),
        (58, 2, 0)
    );
    let reasons: Vec<_> = loaded
        .letters
        .iter()
        .map(|letter| letter["reasons"][0]["problem"].as_str().unwrap())
        .collect();
    assert!(reasons.iter().all(|reason| reason.contains("line 6")), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_too_long_is_divided() {
    // Guards against: a batch that the service finds too long, and that stops the load although each record would pass.
    let emulator = service(|settings| settings.body_limit = 3_000).await;
    let giant = event("u", 200).replace("df_login", &"x".repeat(4_000));
    let records = (0..150)
        .map(|position| event("u", position))
        .chain([giant])
        .chain((201..250).map(|position| event("u", position)));
    let loaded = load(&emulator, records).await;
    assert_eq!(
        (loaded.receipt.read, loaded.receipt.accepted),
        (200, 199),
        "{}",
        loaded.receipt
    );
    assert_eq!(loaded.letters[0]["line"], 151);
    assert_eq!(emulator.ledger().duplicates(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_without_retry_after_is_understood() {
    // Guards against: backing off blindly into the same wall, since the reset stands in a header of another name, or in none.
    for (headers, over_limit) in [
        (RateHeaders::Dashed, OverLimit::LikeOtherFailures),
        (RateHeaders::Compact, OverLimit::Http429),
        (RateHeaders::Absent, OverLimit::LikeOtherFailures),
        (RateHeaders::Absent, OverLimit::Http429Empty),
    ] {
        let quota = RateLimit {
            requests: 40,
            period: Duration::from_secs(2),
            concurrent: None,
        };
        let emulator = service(|settings| {
            settings.rate_limits.insert(Family::Event, quota);
            (settings.rate_headers, settings.over_limit) = (headers, over_limit);
        })
        .await;
        // The client believes in a larger quota than there is.
        let more = RateLimit { requests: 60, ..quota };
        let import = emulator
            .import_client()
            .rate_limit(Family::Event, more)
            .retry(quick())
            .build()
            .unwrap();
        let loaded = load_with(
            &import,
            (0..100).map(|position| event(&format!("user-{position}"), position)),
        )
        .await;
        let Receipt {
            rate_limited, attempts, ..
        } = loaded.receipt;
        println!("{headers:?}, {over_limit:?}: {rate_limited} of {attempts} refused");
        assert!(loaded.receipt.all_accepted(), "{}", loaded.receipt);
        assert_eq!((loaded.receipt.possibly_twice, emulator.ledger().duplicates()), (0, 0));
        assert!(rate_limited <= 60, "{headers:?}, {over_limit:?}: {}", loaded.receipt);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_that_is_already_over_is_no_storm() {
    // Guards against: `Retry-After: 0`, or a reset in the past, burning all attempts or flooding the service.
    let emulator = service(|_| ()).await;
    emulator.fault_rate(always(Fault::Import(ImportCode::TooManyRequest)));
    // The period is so short that every pause for it is over at once.
    let nothing = RateLimit {
        requests: 1_000,
        period: Duration::from_millis(1),
        concurrent: None,
    };
    let retry = RetryPolicy::default()
        .base_delay(Duration::from_millis(100))
        .max_delay(Duration::from_secs(1));
    let import = emulator
        .import_client()
        .rate_limit(Family::Event, nothing)
        .retry(retry)
        .build()
        .unwrap();
    let loading = tokio::spawn(async move {
        load_with(
            &import,
            (0..16).map(|position| event(&format!("user-{position}"), position)),
        )
        .await
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    let refused = emulator.ledger().all_requests().len();
    emulator.fault_rate(always(Fault::None));
    let loaded = loading.await.unwrap();
    println!("{refused} of 16 calls refused in 3 s");
    assert!(loaded.receipt.all_accepted(), "{}", loaded.receipt);
    // Pauses of 50 ms on average that do not grow make 60 attempts of each.
    assert!(refused < 16 * 20, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_codes_are_tried_once() {
    // Guards against: sending a batch a dozen times because the answer was not understood, and each time it was taken.
    for fault in [
        Fault::UnknownCode.after_applying(),
        Fault::Answer {
            status: 200,
            content_type: Some("application/json".to_owned()),
            body: r#"{"status":true,"code":40001,"message":"OK","data":true}"#.into(),
        }
        .after_applying(),
    ] {
        let emulator = service(|_| ()).await;
        emulator.fault_rate(always(fault));
        let loaded = load(&emulator, (0..250).map(|position| event("u", position))).await;
        assert_eq!(
            (loaded.receipt.unknown, loaded.receipt.attempts),
            (250, 3),
            "{}",
            loaded.receipt
        );
        assert_eq!(emulator.ledger().duplicates(), 0);
        assert!(loaded.letters.len() == 250 && loaded.receipt.possibly_twice == 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partly_failed_load_does_not_send_the_delivered_part_again() {
    // Guards against: a flush that failed half-way and begins with the first record again.
    let emulator = service(|_| ()).await;
    let mut faults = vec![Fault::None; 5];
    faults.extend([
        Fault::Status(400),
        Fault::Import(ImportCode::TooManyRequest),
        Fault::CloseBeforeReading,
    ]);
    emulator.script(faults);
    let loaded = load(&emulator, (0..1_000).map(|position| event("u", position))).await;
    assert!(loaded.receipt.all_accepted(), "{}", loaded.receipt);
    assert_eq!(
        (emulator.ledger().duplicates(), emulator.ledger().events().len()),
        (0, 1_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_call_that_is_not_full_is_sent_too() {
    // Guards against: a partial batch that waits for more records for ever and is gone at the end.
    let emulator = service(|_| ()).await;
    let loaded = load(&emulator, (0..150).map(|position| event("u", position))).await;
    assert!(loaded.receipt.all_accepted() && emulator.ledger().events().len() == 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_19_digit_number_arrives_as_it_was_written() {
    // Guards against: ids and numbers that pass through a double and come out as others.
    let emulator = service(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept).await;
    let with = event("u", 1).replace(
        "\"event_name\"",
        "\"event_properties\":{\"df_order_id\":\"0821012345678\",\"n\":9007199254740993},\"event_name\"",
    );
    assert!(load(&emulator, [with]).await.receipt.all_accepted());
    let ledger = emulator.ledger();
    let properties = ledger.events().next().unwrap().event.event_properties.clone().unwrap();
    assert_eq!(properties.get("n"), Some(&9_007_199_254_740_993_i64.into()));
    assert_eq!(properties.get("df_order_id"), Some(&"0821012345678".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_ends_the_load_within_its_patience() {
    // Guards against: a load that hangs, or retries for ever, and neither ends nor says anything.
    let emulator = service(|_| ()).await;
    emulator.fault_rate(always(Fault::Delay(Duration::from_secs(60))));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.ndjson");
    fs::write(&path, event("u", 1)).unwrap();
    let loader = Loader::builder(&impatient(&emulator))
        .patience(Duration::from_secs(2))
        .build();
    let begun = Instant::now();
    let receipt = loader
        .load_files(FileLoad::new(RecordKind::Event, [&path]))
        .await
        .unwrap()
        .receipt;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let stopped = receipt.stopped.as_ref().unwrap();
    assert!(
        stopped.is_temporary() && receipt.unknown == 1 && receipt.resumable == 1,
        "{receipt}"
    );
    // And when the service answers again, the same load goes on.
    emulator.fault_rate(always(Fault::None));
    let receipt = Loader::builder(&client(&emulator))
        .build()
        .load_files(FileLoad::new(RecordKind::Event, [&path]))
        .await
        .unwrap()
        .receipt;
    assert!(receipt.all_accepted() && receipt.runs == 2);
    assert_eq!(
        emulator
            .ledger()
            .requests(Operation::LoadEvents)
            .filter(|request| request.applied)
            .count(),
        1
    );
}
