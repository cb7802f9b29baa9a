//! Loads through a service where everything goes wrong: whatever the receipt says must be what arrived.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use dfinery::{ClientBuilder, Family, ImportClient, ImportCode, RetryPolicy, tables::RateLimit};
use dfinery_emulator::{Emulator, Fault, FaultRate, Settings};
use dfinery_load::{Accepts, Fate, FileLoad, Loader, RecordKind};
use futures_util::{StreamExt as _, stream};

use crate::{
    audit::Claims,
    records::{Files, Mix},
};

/// Quotas that are full again at once, and so is a family that was told to wait.
pub const AMPLE: RateLimit = RateLimit {
    requests: 1_000_000,
    period: Duration::from_millis(20),
    concurrent: None,
};

pub const FAMILIES: [Family; 3] = [Family::Event, Family::Identity, Family::Profile];

/// A service with ample quotas.
pub async fn service(change: impl FnOnce(&mut Settings)) -> Emulator {
    let mut settings = Settings {
        rate_limits: FAMILIES.map(|family| (family, AMPLE)).into(),
        ..Settings::default()
    };
    change(&mut settings);
    Emulator::builder().settings(settings).start().await.unwrap()
}

/// A client that pauses briefly and knows that the quotas are ample.
pub fn client(emulator: &Emulator) -> ImportClient {
    ample(emulator).build().unwrap()
}

/// The same, but it waits for no answer for long.
pub fn impatient(emulator: &Emulator) -> ImportClient {
    ample(emulator).attempt_timeout(PATIENT).build().unwrap()
}

fn ample(emulator: &Emulator) -> ClientBuilder<ImportClient> {
    let builder = emulator.import_client().retry(quick());
    FAMILIES
        .into_iter()
        .fold(builder, |builder, family| builder.rate_limit(family, AMPLE))
}

pub fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .base_delay(Duration::from_millis(2))
        .max_delay(Duration::from_millis(10))
}

/// How long an attempt may take.
const PATIENT: Duration = Duration::from_millis(400);

/// Everything that may happen to a request without the token being wrong.
pub fn all_faults() -> Vec<Fault> {
    let answer = |status, content_type: &str, body: &'static str| Fault::Answer {
        status,
        content_type: Some(content_type.to_owned()),
        body: body.into(),
    };
    // The server may have taken the request or not: both happen.
    let unsure = [
        Fault::Import(ImportCode::InternalServerError),
        Fault::UnknownCode,
        Fault::Status(408),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(204),
        Fault::HtmlBadGateway,
        Fault::MalformedJson,
        Fault::HugeBody(200_000),
        Fault::CloseAfterReading,
        Fault::Delay(4 * PATIENT),
        answer(200, "text/html", "<html>signed out</html>"),
        answer(
            200,
            "application/json",
            r#"{"status":true,"code":40001,"message":"?","data":null}"#,
        ),
        answer(
            500,
            "application/json",
            r#"{"status":true,"code":20000,"message":"OK","data":true}"#,
        ),
    ];
    // The server says that it did not take it, and did not.
    let refused = [
        Fault::Import(ImportCode::BadRequest),
        Fault::Import(ImportCode::ValidationFailure),
        Fault::Import(ImportCode::TooManyRequest),
        Fault::Import(ImportCode::TooManyEvents),
        Fault::Import(ImportCode::TooManyUserProfiles),
        Fault::Status(400),
        Fault::Status(413),
        Fault::Status(429),
        answer(
            429,
            "application/json",
            r#"{"status":false,"code":40401,"message":"TOO_MANY_REQUEST","data":null}"#,
        ),
        Fault::CloseBeforeReading,
    ];
    // The server took it.
    let damaged = [
        Fault::CloseAfterBytes(0),
        Fault::CloseAfterBytes(20),
        Fault::EndAfterBytes(20),
        Fault::Delay(Duration::from_millis(20)),
        Fault::SlowBody {
            piece: 30,
            pause: Duration::from_millis(2),
        },
    ];
    let taken = unsure.clone().map(Fault::after_applying);
    unsure.into_iter().chain(taken).chain(refused).chain(damaged).collect()
}

pub fn chance(probability: f64, seed: u64) -> FaultRate {
    FaultRate {
        probability,
        seed,
        faults: all_faults(),
    }
}

async fn files(name: &str, mix: Mix, seed: u64, load: impl FnOnce(&mut FileLoad)) {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let files = Files::write(folder.path(), mix.make(seed), 3);
    let emulator = service(|_| ()).await;
    emulator.fault_rate(chance(0.05, seed));
    let state = folder.path().join("state");
    let mut file_load = FileLoad::new(Accepts::Mixed, files.paths());
    file_load.state = Some(state.clone());
    load(&mut file_load);
    let loader = Loader::builder(&impatient(&emulator)).most_calls(64).build();
    let done = loader.load_files(file_load).await.unwrap();
    println!("{}", done.receipt);
    let claims = Claims::of_files(&files, &state, &done.receipt);
    let findings = claims.check(&files.records, &emulator.ledger());
    println!("{name}, seed {seed}: {findings:?} in {:?}", begun.elapsed());
    assert!(findings.accepted * 100 > mix.records * 93);
    let counted = mix.profiles < 1.0;
    assert!(!counted || findings.taken_twice > 0, "that should have happened too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_events_through_faults_of_every_kind() {
    files("chaos", Mix::events(100_000, 30_000), 1, |load| {
        load.accepts = RecordKind::Event.into();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_all_kinds_through_faults_of_every_kind() {
    for seed in [2, 3] {
        files("mixed", MIXED, seed, |_| ()).await;
    }
    files("in order of kinds", MIXED, 4, |load| load.ordered = true).await;
    files("sorted", MIXED, 5, |load| load.sort_by_identity = true).await;
    let (identities, profiles) = (
        Mix {
            identities: 1.0,
            ..MIXED
        },
        Mix {
            profiles: 1.0,
            identities: 0.0,
            ..MIXED
        },
    );
    files("identities", identities, 6, |load| {
        load.accepts = RecordKind::Identity.into();
    })
    .await;
    files("profiles", profiles, 7, |load| {
        load.accepts = RecordKind::Profile.into();
    })
    .await;
}

const MIXED: Mix = Mix {
    records: 4_000,
    users: 800,
    identities: 0.1,
    profiles: 0.2,
    bad: 0.02,
    skewed: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_every_record_back_once_with_a_fate_that_is_true() {
    for seed in [8, 9] {
        let begun = Instant::now();
        let mut records = MIXED.make(seed);
        let list: Vec<_> = records
            .iter_mut()
            .enumerate()
            .map(|(position, record)| record.record(position))
            .collect();
        let emulator = service(|_| ()).await;
        emulator.fault_rate(chance(0.05, seed));
        let loader = Loader::builder(&impatient(&emulator))
            .most_calls(64)
            .linger(Duration::from_millis(20))
            .build();
        let settled: Vec<_> = loader.load(stream::iter(list.clone())).collect().await;
        let mut fates = vec![None; records.len()];
        let mut twice = BTreeSet::new();
        for settled in settled {
            let position = usize::try_from(settled.position).unwrap();
            assert_eq!(settled.record, list[position]);
            assert_eq!(fates[position].replace(settled.fate), None, "{position} came out twice");
            assert_eq!(settled.violations.is_some(), settled.fate == Fate::Invalid);
            assert_eq!(
                settled.error.is_some(),
                !matches!(settled.fate, Fate::Invalid | Fate::Accepted),
                "{:?}",
                settled.fate
            );
            if settled.possibly_twice {
                twice.insert(position);
            }
        }
        let fates = fates
            .into_iter()
            .map(|fate| fate.expect("a record never came out"))
            .collect();
        let claims = Claims {
            fates,
            twice,
            ids: BTreeMap::new(),
        };
        let findings = claims.check(&records, &emulator.ledger());
        println!("stream, seed {seed}: {findings:?} in {:?}", begun.elapsed());
        assert!(findings.accepted * 100 > MIXED.records * 93);
    }
}
