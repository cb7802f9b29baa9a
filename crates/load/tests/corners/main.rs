//! What went wrong once in the corners of bulk loading.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use dfinery::{Event, Family, Identity, ImportClient, ImportCode, RetryPolicy, tables::RateLimit};
use dfinery_emulator::{Emulator, Fault, FaultRate, Settings};
use dfinery_load::{
    Accepts, DeadLetterFile, Fate, FileLoad, Loader, Receipt, Record, RecordKind, Sender, Status, Stop,
};
use futures_util::StreamExt as _;

fn event(user: &str) -> String {
    named(user, "df_login")
}

fn named(user: &str, name: &str) -> String {
    format!(
        r#"{{"identity":{{"external_id":"{user}"}},"event":{{"event_name":"{name}","event_datetime":"2026-11-01T00:00:00.000Z"}}}}"#
    )
}

fn write(path: &Path, lines: &[String]) -> PathBuf {
    fs::write(path, lines.join("\n") + "\n").unwrap();
    path.to_owned()
}

fn limit(requests: u32, milliseconds: u64) -> RateLimit {
    RateLimit {
        requests,
        period: Duration::from_millis(milliseconds),
        concurrent: None,
    }
}

async fn service(limit: RateLimit) -> Emulator {
    let families = [Family::Event, Family::Identity, Family::Profile];
    let settings = Settings {
        rate_limits: families.map(|family| (family, limit)).into(),
        ..Settings::default()
    };
    Emulator::builder().settings(settings).start().await.unwrap()
}

fn client(emulator: &Emulator) -> ImportClient {
    let quick = RetryPolicy::default()
        .base_delay(Duration::from_millis(2))
        .max_delay(Duration::from_millis(10));
    emulator.import_client().retry(quick).build().unwrap()
}

async fn load(import: &ImportClient, load: FileLoad) -> Receipt {
    Loader::builder(import).build().load_files(load).await.unwrap().receipt
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_a_load_without_a_journal_outlive_a_load_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let emulator = Emulator::start().await.unwrap();
    let import = client(&emulator);
    let job = |name: &str, resume| {
        let file = write(
            &folder.path().join(name),
            &[format!("{{\"identity\":{{}},\"{name}\":1}}")],
        );
        let mut load = FileLoad::new(RecordKind::Event, [file]);
        load.state = Some(state.clone());
        load.resume = resume;
        load
    };
    assert_eq!(load(&import, job("first", false)).await.invalid, 1);
    let error = Loader::builder(&import).build().load_files(job("second", true)).await;
    let error = error.map(|loaded| loaded.receipt).unwrap_err();
    assert!(error.is_other_load() && !error.is_changed_input(), "{error}");
    let letters = fs::read_to_string(state.join("dead-letter.ndjson")).unwrap();
    assert!(letters.contains("first"), "{letters}");

    let mut again = job("second", true);
    again.restart = true;
    assert_eq!(load(&import, again).await.invalid, 1);
    let error = Loader::builder(&import).build().load_files(job("third", false)).await;
    let error = error.map(|loaded| loaded.receipt).unwrap_err();
    assert!(error.is_other_load() && !error.is_changed_input(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_moves_aside_only_what_loads_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder.path().join("a.ndjson"), &[event("u")]);
    let emulator = Emulator::start().await.unwrap();
    let mut job = FileLoad::new(RecordKind::Event, [&file]);
    job.state = Some(folder.path().to_owned());
    assert!(load(&client(&emulator), job.clone()).await.all_accepted());
    job.restart = true;
    let receipt = load(&client(&emulator), job).await;
    assert!(
        file.exists() && receipt.all_accepted() && !receipt.finished_before,
        "{receipt}"
    );
}

/// Nothing can be written to the dead letter in it.
#[cfg(target_os = "linux")]
fn full_disk(folder: &Path) -> PathBuf {
    let state = folder.join("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::symlink("/dev/full", state.join("dead-letter.ndjson")).unwrap();
    state
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_counts_add_up_even_if_the_dead_letter_cannot_be_written() {
    for bad in ["{}".to_owned(), named("u", "not_registered")] {
        for resume in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let file = write(&folder.path().join("a.ndjson"), &[event("v"), bad.clone(), event("w")]);
            let emulator = Emulator::start().await.unwrap();
            let mut job = FileLoad::new(RecordKind::Event, [file]);
            job.state = Some(full_disk(folder.path()));
            job.resume = resume;
            let receipt = load(&client(&emulator), job).await;
            assert!(matches!(receipt.stopped, Some(Stop::Disk(_))), "{receipt}");
            assert!(receipt.adds_up() && !receipt.complete, "{receipt}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_is_named_like_a_file_loses_nothing() {
    use std::{io::Write as _, os::fd::AsRawFd as _};

    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::start().await.unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    for user in 0..50 {
        writeln!(writer, "{}", event(&format!("u{user}"))).unwrap();
    }
    drop(writer);
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let mut job = FileLoad::new(RecordKind::Event, [path]);
    job.state = Some(folder.path().join("state"));
    let loading = Loader::builder(&client(&emulator)).build().load_files(job);
    match tokio::time::timeout(Duration::from_secs(10), loading).await.unwrap() {
        Ok(loaded) => assert_eq!(loaded.receipt.read, 50),
        Err(error) => assert!(error.to_string().contains("standard input"), "{error}"),
    }
}

const CHILD: &str = "DFINERY_TEST_REVIEW";

/// No test, but the process below.
#[test]
#[ignore = "the test below starts it as a process of its own"]
fn child() {
    let state = std::env::var(CHILD).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let emulator = Emulator::start().await.unwrap();
        let loader = Loader::builder(&client(&emulator)).build();
        let stopper = loader.stopper();
        tokio::spawn(async move {
            while emulator.ledger().events_stored() == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stopper.stop();
        });
        let mut job = FileLoad::new(RecordKind::Event, ["-"]);
        job.state = Some(state.into());
        let receipt = loader.load_files(job).await.unwrap().receipt;
        assert!(
            receipt.adds_up() && matches!(receipt.stopped, Some(Stop::Interrupted)),
            "{receipt}"
        );
        assert!(receipt.accepted > 0, "{receipt}");
    });
}

#[test]
fn a_load_of_standard_input_ends_when_asked_to_although_nothing_comes() {
    use std::io::Write as _;

    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child"])
        .env(CHILD, folder.path().join("state"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for user in 0..1_000 {
        writeln!(stdin, "{}", event(&format!("u{user}"))).unwrap();
    }
    let started = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    drop(stdin);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_quota_does_not_count_as_the_service_failing() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<_> = (0..4).map(|user| event(&format!("u{user}"))).collect();
    let file = write(&folder.path().join("a.ndjson"), &lines);
    let slow = limit(1, 1_000);
    let emulator = service(limit(100, 1_000)).await;
    emulator.script([Fault::None, Fault::Status(503), Fault::None, Fault::Status(503)]);
    let import = emulator
        .import_client()
        .rate_limit(Family::Event, slow)
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
        .build()
        .unwrap();
    let loader = Loader::builder(&import).patience(Duration::from_millis(500)).build();
    let receipt = loader
        .load_files(FileLoad::new(RecordKind::Event, [file]))
        .await
        .unwrap()
        .receipt;
    assert!(receipt.all_accepted(), "{receipt}");
}

fn profile(identity: &str, name: &str) -> String {
    format!(r#"{{"identity":{{{identity}}},"user_properties":{{"df_name":"{name}"}}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_not_unchanged_if_the_user_was_named_more_fully_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::start().await.unwrap();
    let (short, long) = (r#""external_id":"u""#, r#""external_id":"u","email":"u@example.com""#);
    let mut unchanged = Vec::new();
    for (number, line) in [
        profile(short, "A"),
        profile(long, "B"),
        profile(short, "A"),
        profile(short, "A"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = write(&folder.path().join(format!("{number}.ndjson")), &[line]);
        let mut job = FileLoad::new(RecordKind::Profile, [file]);
        job.delta = Some(folder.path().join("delta"));
        unchanged.push(load(&client(&emulator), job).await.unchanged);
    }
    assert_eq!(unchanged, [0, 0, 0, 1]);
}

fn records(users: usize) -> impl Iterator<Item = Record> {
    (0..users).map(|user| Record::event(Identity::external_id(format!("u{user}")), Event::new("df_login")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_for_a_wrong_token_says_why() {
    let emulator = Emulator::start().await.unwrap();
    emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Import(ImportCode::InvalidToken)],
    });
    let records: Vec<_> = records(20).collect();
    let settled: Vec<_> = Loader::builder(&client(&emulator))
        .linger(Duration::from_millis(10))
        .build()
        .load(futures_util::stream::iter(records))
        .collect()
        .await;
    assert_eq!(settled.len(), 20);
    let says_why = settled
        .iter()
        .filter_map(|settled| settled.error.as_ref())
        .any(|error| error.is_auth());
    assert!(
        says_why && settled.iter().all(|settled| settled.fate == Fate::Undelivered),
        "{settled:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_panics_costs_the_sender_nothing() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script([Fault::Import(ImportCode::TooManyEvents)]);
    let loader = Loader::builder(&client(&emulator)).linger(Duration::ZERO).build();
    let sender = Sender::start(loader, |_| panic!("on purpose"));
    for record in records(20) {
        sender.send(record).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(sender.shutdown(Duration::from_secs(10)).await.is_empty());
    assert_eq!(emulator.ledger().events_stored(), 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_limits_load_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<_> = (0..40).map(|n| event(&format!("u{}", n % 7))).collect();
    let file = write(&folder.path().join("a.ndjson"), &lines);
    let emulator = service(limit(1_000, 1_000)).await;
    let families = [Family::Event, Family::Identity, Family::Profile];
    let import = families
        .into_iter()
        .fold(emulator.import_client(), |builder, family| {
            builder.rate_limit(family, limit(1_000, 1_000))
        })
        .build()
        .unwrap();
    for (number, (batch, open)) in [(0, 0), (1, usize::MAX), (usize::MAX, 0)].into_iter().enumerate() {
        let mut job = FileLoad::new(Accepts::Mixed, [&file]);
        job.state = Some(folder.path().join(number.to_string()));
        job.sort_by_identity = number == 1;
        let loader = Loader::builder(&import)
            .batch_bytes(batch)
            .open_bytes(open)
            .most_calls(0)
            .patience(Duration::ZERO)
            .build();
        let receipt = loader.load_files(job).await.unwrap().receipt;
        assert!(receipt.all_accepted(), "{receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_folder_that_was_loaded_is_kept_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders");
    fs::create_dir(&orders).unwrap();
    let file = write(&orders.join("a.ndjson"), &[event("kim")]);
    let emulator = Emulator::start().await.unwrap();
    let mut of_folder = FileLoad::new(RecordKind::Event, [file]);
    let state = folder.path().join("orders.dfinery");
    of_folder.state = Some(state.clone());
    load(&client(&emulator), of_folder).await;
    for path in [orders.join(""), orders, state] {
        let status = Status::of(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(status.accepted, 1);
    }
}

#[test]
fn one_process_at_a_time_writes_to_a_dead_letter_file_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.ndjson");
    let first = DeadLetterFile::open(&path).unwrap();
    let refused = DeadLetterFile::open(&path).err().unwrap().to_string();
    assert!(
        refused.contains("dead.ndjson: another process writes to it"),
        "{refused}"
    );
    #[cfg(unix)]
    for entry in fs::read_dir(folder.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
    drop(first);
    DeadLetterFile::open(&path).unwrap();
}
