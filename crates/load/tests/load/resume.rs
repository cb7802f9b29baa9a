//! Loads that are ended in every way there is, and taken up again.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use dfinery::{ImportCode, Operation, tables::RateLimit};
use dfinery_emulator::{Emulator, Fault, FaultRate, Settings, Unregistered};
use dfinery_load::{Accepts, FileLoad, LoadError, Loader, Mapping, Receipt, RecordKind, Stop, Taxonomy};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::{
    audit::{Claims, Findings, lines},
    chaos::{AMPLE, FAMILIES, chance, client, impatient, quick, service},
    records::{Files, Mix, Worth},
};

const JOB: &str = "DFINERY_TEST_LOAD";

/// No test, but the process that is killed: it loads what the environment says, and leaves the receipt behind.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the tests below start it as a process of its own"]
async fn child() {
    let job: Value = serde_json::from_str(&env::var(JOB).unwrap()).unwrap();
    let text = |name: &str| job[name].as_str().unwrap();
    let builder = FAMILIES
        .into_iter()
        .fold(dfinery::ImportClient::builder(), |builder, family| {
            builder.rate_limit(family, AMPLE)
        });
    let import = builder
        .base_url(text("url"))
        .service_id("emulated-service")
        .token("emulated-import-token")
        .retry(quick())
        .build()
        .unwrap();
    let paths: Vec<PathBuf> = job["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().into())
        .collect();
    let mut load = FileLoad::new(Accepts::Mixed, paths);
    load.state = Some(text("state").into());
    load.ordered = job["ordered"] == true;
    let loader = Loader::builder(&import).most_calls(MOST_CALLS).build();
    let receipt = loader.load_files(load).await.unwrap().receipt;
    fs::write(text("receipt"), serde_json::to_vec(&receipt).unwrap()).unwrap();
}

const MOST_CALLS: usize = 8;

/// A load that other processes make.
pub struct Job {
    pub files: Files,
    pub emulator: Emulator,
    pub state: PathBuf,
    receipt: PathBuf,
    ordered: bool,
}

impl Job {
    pub async fn new(folder: &Path, mix: Mix, seed: u64) -> Self {
        Self {
            files: Files::write(folder, mix.make(seed), 2),
            emulator: service(|_| ()).await,
            state: folder.join("state"),
            receipt: folder.join("receipt.json"),
            ordered: false,
        }
    }

    fn start(&self) -> Child {
        let job = json!({
            "url": self.emulator.base_url(), "files": self.files.paths(), "state": self.state,
            "receipt": self.receipt, "ordered": self.ordered,
        });
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "resume::child", "--ignored", "--nocapture"])
            .env(JOB, job.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }

    fn requests(&self) -> usize {
        self.emulator.ledger().all_requests().len()
    }

    /// Kills a run so many requests after its first; `false` if it ended before.
    pub async fn kill_after(&self, requests: usize) -> bool {
        let before = self.requests();
        let mut child = self.start();
        let begun = Instant::now();
        while self.requests() < before + requests {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "a run hangs");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        true
    }

    /// Lets a run come to its end.
    async fn finish(&self) -> Value {
        let mut child = self.start();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "a run hangs");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(child.wait().unwrap().success());
        serde_json::from_slice(&fs::read(&self.receipt).unwrap()).unwrap()
    }

    /// The same load in this process.
    fn file_load(&self) -> FileLoad {
        let mut load = FileLoad::new(Accepts::Mixed, self.files.paths());
        load.state = Some(self.state.clone());
        load
    }

    async fn load_here(&self) -> Receipt {
        let loader = Loader::builder(&client(&self.emulator)).most_calls(MOST_CALLS).build();
        loader.load_files(self.file_load()).await.unwrap().receipt
    }

    /// Why a load cannot begin.
    async fn refusal(&self, load: FileLoad) -> LoadError {
        let loader = Loader::builder(&client(&self.emulator)).build();
        loader.load_files(load).await.unwrap_err()
    }

    fn check(&self, receipt: &Value) -> Findings {
        Claims::of_receipt(&self.files, &self.state, receipt).check(&self.files.records, &self.emulator.ledger())
    }
}

const SMALL_CALLS: Mix = Mix {
    records: 6_000,
    users: 2_000,
    identities: 0.05,
    profiles: 0.1,
    bad: 0.01,
    skewed: false,
};

#[tokio::test(flavor = "multi_thread")]
async fn after_twenty_kills_nothing_is_lost_and_what_may_be_there_twice_is_listed() {
    const KILLS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(20);
    let job = Job::new(folder.path(), SMALL_CALLS, 20).await;
    // The answers take a while, so that calls are under way whenever the process dies.
    job.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 20,
        faults: vec![Fault::Delay(Duration::from_millis(5)).after_applying()],
    });
    let mut killed = 0;
    while killed < KILLS {
        // Some die before they send anything.
        let requests = if random.u8(..5) == 0 { 0 } else { random.usize(1..150) };
        if requests == 0 {
            let mut child = job.start();
            tokio::time::sleep(Duration::from_millis(random.u64(5..60))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            assert!(job.kill_after(requests).await, "it ended after {killed} kills");
        }
        killed += 1;
    }
    let before = job.requests();
    let receipt = job.finish().await;
    let findings = job.check(&receipt);
    println!(
        "{killed} kills, {} runs, {before} requests before the last: {findings:?}",
        receipt["runs"]
    );
    // A record that is refused after a kill may have been taken before it.
    let refused = job.files.records.iter().filter(|record| record.worth == Worth::Refused);
    assert_eq!(
        (findings.undelivered, findings.rejected + findings.unknown),
        (0, refused.count())
    );
    assert!(findings.taken_twice > 0, "kills should hit calls under way");
    let longest = longest_call(&job.files);
    assert!(
        findings.listed <= KILLS * (MOST_CALLS * longest + 2 * MOST_CALLS),
        "{} listed",
        findings.listed
    );
}

/// No call has more records than its user.
fn longest_call(files: &Files) -> usize {
    let mut of_user = std::collections::BTreeMap::<_, usize>::new();
    for record in &files.records {
        *of_user.entry(record.user).or_default() += 1;
    }
    *of_user.values().max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_dead_letter_is_written_neither_loses_nor_repeats_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(21);
    let mix = Mix {
        bad: 0.9,
        ..SMALL_CALLS
    };
    let job = Job::new(folder.path(), mix, 21).await;
    let letters = job.state.join("dead-letter.ndjson");
    let mut killed = 0;
    let mut length = 0;
    for _ in 0..6 {
        let mut child = job.start();
        let more = random.u64(1..60_000);
        while child.try_wait().unwrap().is_none() {
            if fs::metadata(&letters).is_ok_and(|metadata| metadata.len() > length + more) {
                child.kill().unwrap();
                killed += 1;
                break;
            }
            std::hint::spin_loop();
        }
        child.wait().unwrap();
        length = fs::metadata(&letters).map_or(0, |metadata| metadata.len());
    }
    let receipt = job.finish().await;
    let findings = job.check(&receipt);
    println!("{killed} kills while the dead letter was written: {findings:?}");
    assert!(killed >= 3, "only {killed} kills");
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_do_not_change_the_order_of_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 1_500,
        ..SMALL_CALLS
    };
    let mut job = Job::new(folder.path(), mix, 22).await;
    job.ordered = true;
    for requests in [20, 60, 100, 300] {
        assert!(job.kill_after(requests).await);
    }
    let findings = job.check(&job.finish().await);
    println!("in order: {findings:?}");
    assert_eq!((findings.undelivered, findings.unknown), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_was_asked_to_stop_goes_on_without_sending_anything_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = Job::new(folder.path(), SMALL_CALLS, 23).await;
    job.ordered = false;
    let mut complete = false;
    let mut runs = 0;
    while !complete {
        runs += 1;
        let load = job.file_load();
        let loader = Loader::builder(&client(&job.emulator)).most_calls(MOST_CALLS).build();
        let (stopper, progress) = (loader.stopper(), loader.progress());
        let loading = tokio::spawn(loader.load_files(load));
        if runs < 6 {
            while progress.snapshot().accepted < 500 && !loading.is_finished() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            stopper.stop();
        }
        let receipt = loading.await.unwrap().unwrap().receipt;
        complete = receipt.complete;
        assert_eq!(receipt.runs, runs);
        assert!(receipt.adds_up(), "{receipt}");
        if complete {
            let findings =
                Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
            println!("{runs} runs: {findings:?}");
            assert_eq!((findings.undelivered, findings.unknown, findings.listed), (0, 0, 0));
        } else {
            assert!(matches!(receipt.stopped, Some(Stop::Interrupted)), "{receipt}");
            assert!(!receipt.all_accepted());
            assert_eq!(receipt.undelivered + receipt.unknown, receipt.resumable, "{receipt}");
        }
    }
    assert!(runs > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_future_is_dropped_ends_and_another_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let job = Job::new(folder.path(), SMALL_CALLS, 27).await;
    job.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 27,
        faults: vec![Fault::Delay(Duration::from_millis(5)).after_applying()],
    });
    let loader = Loader::builder(&client(&job.emulator)).most_calls(MOST_CALLS).build();
    let progress = loader.progress();
    let running = tokio::spawn(loader.load_files(job.file_load()));
    while progress.snapshot().accepted < 500 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    let begun = Instant::now();
    let receipt = loop {
        let loader = Loader::builder(&client(&job.emulator)).build();
        match loader.load_files(job.file_load()).await {
            Ok(ended) => break ended.receipt,
            // Its tasks and its thread need a moment to end.
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let findings = Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
    println!("dropped: {findings:?}");
    assert!((1..=MOST_CALLS * longest_call(&job.files)).contains(&findings.listed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_read_yet_may_be_corrected_before_a_load_goes_on() {
    const USERS: usize = 5_000;
    let event = |user: usize, day: u32, id: bool| {
        let id = id.then(|| format!(r#""event_log_id":"00000000-0000-4000-8000-{user:012}","#));
        format!(
            r#"{{"identity":{{"external_id":"u{user:05}"}},"event":{{{}"event_name":"df_login","event_datetime":"2026-11-0{day}T09:00:00Z"}}}}"#,
            id.unwrap_or_default()
        )
    };
    // An id that is made from the contents of the file is made from all of them.
    for own_ids in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.ndjson");
        let lines = |corrected: Option<usize>| {
            let day = |user| if corrected == Some(user) { 3 } else { 2 };
            let lines: Vec<_> = (0..USERS).map(|user| event(user, day(user), own_ids)).collect();
            lines.join("\n")
        };
        fs::write(&file, lines(None)).unwrap();
        let emulator = service(|_| ()).await;
        let token_is_wrong = |probability| FaultRate {
            probability,
            seed: 29,
            faults: vec![Fault::Import(ImportCode::InvalidToken)],
        };
        emulator.script(std::iter::repeat_n(Fault::None, 50));
        emulator.fault_rate(token_is_wrong(1.0));
        let load = async || {
            let loader = Loader::builder(&client(&emulator))
                .most_calls(MOST_CALLS)
                .open_bytes(64 * 1024)
                .build();
            loader.load_files(FileLoad::new(RecordKind::Event, [&file])).await
        };
        let began = load().await.unwrap().receipt;
        assert!((50..1_000).contains(&began.accepted), "{began}");
        assert_eq!(began.inputs[0].fingerprint.is_some(), !own_ids);
        emulator.fault_rate(token_is_wrong(0.0));

        fs::write(&file, lines(Some(3))).unwrap();
        let refused = load().await.unwrap_err().to_string();
        assert!(refused.contains("other contents when it was read"), "{refused}");

        fs::write(&file, lines(Some(USERS - 3))).unwrap();
        let goes_on = load().await;
        if !own_ids {
            let refused = goes_on.unwrap_err().to_string();
            assert!(refused.contains("other contents when it was read"), "{refused}");
            continue;
        }
        let receipt = goes_on.unwrap().receipt;
        assert!(receipt.complete && receipt.all_accepted(), "{receipt}");
        assert!(receipt.inputs[0].fingerprint.is_some());
        let ledger = emulator.ledger();
        let corrected = ledger
            .events()
            .filter(|record| record.event.event_datetime.to_string().starts_with("2026-11-03"))
            .count();
        assert_eq!((ledger.events().len(), corrected), (USERS, 1));

        // A load that is finished knows the file as a whole.
        assert!(load().await.unwrap().receipt.finished_before);
        fs::write(&file, lines(None)).unwrap();
        assert!(load().await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_between_two_readings_ends_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixed.ndjson");
    let text = r#"{"identity":{"external_id":"u1"}}
{"identity":{"external_id":"u1"},"event":{"event_name":"df_login","event_datetime":"2026-11-02T09:00:00Z"}}
"#;
    fs::write(&file, text).unwrap();
    let emulator = service(|_| ()).await;
    emulator.script([Fault::Delay(Duration::from_millis(500)).after_applying()]);
    let mut load = FileLoad::new(Accepts::Mixed, [&file]);
    load.ordered = true;
    let loading = tokio::spawn(Loader::builder(&client(&emulator)).build().load_files(load));
    while emulator.ledger().all_requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The events are read once the identities are there. The first reading should have come to its end.
    tokio::time::sleep(Duration::from_millis(100)).await;
    fs::write(&file, text.replace("11-02", "11-03")).unwrap();
    let receipt = loading.await.unwrap().unwrap().receipt;
    assert!(!receipt.complete && receipt.adds_up(), "{receipt}");
    let said = receipt.stopped.as_ref().unwrap().to_string();
    assert!(
        said.contains("no longer what this load has read of it before"),
        "{said}"
    );
    assert_eq!(emulator.ledger().events().len(), 0);
}

/// A client that makes so many calls of a family in this time, and then waits.
fn spends(emulator: &Emulator, requests: u32, period: Duration) -> dfinery::ImportClient {
    let limit = RateLimit {
        requests,
        period,
        concurrent: None,
    };
    FAMILIES
        .into_iter()
        .fold(emulator.import_client(), |builder, family| {
            builder.rate_limit(family, limit)
        })
        .build()
        .unwrap()
}

/// What a kill in this moment would leave behind.
fn copy_of(folder: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// The journal must know of an answer before the load waits for anything.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_kill_is_not_sent_again_though_the_load_was_waiting() {
    const CALLS: u32 = 20;
    let folder = tempfile::tempdir().unwrap();
    let mut job = Job::new(folder.path(), SMALL_CALLS, 28).await;
    let loader = Loader::builder(&spends(&job.emulator, CALLS, Duration::from_secs(600))).build();
    let (stopper, progress) = (loader.stopper(), loader.progress());
    let loading = tokio::spawn(loader.load_files(job.file_load()));
    let calls = u64::from(CALLS) * FAMILIES.len() as u64;
    while progress.snapshot().calls < calls {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let left = folder.path().join("left");
    copy_of(&job.state, &left);
    stopper.stop();
    loading.await.unwrap().unwrap();

    job.state = left;
    let receipt = job.load_here().await;
    let findings = Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
    println!("killed while waiting: {findings:?}");
    assert_eq!((findings.listed, findings.taken_twice), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_after_a_wait_for_the_quota_and_before_a_kill_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = Job::new(folder.path(), SMALL_CALLS, 30).await;
    let slow = |probability| FaultRate {
        probability,
        seed: 30,
        faults: vec![Fault::Delay(Duration::from_millis(500)).after_applying()],
    };
    job.emulator.fault_rate(slow(1.0));
    let loader = Loader::builder(&spends(&job.emulator, 1, Duration::from_millis(100))).build();
    let stopper = loader.stopper();
    let loading = tokio::spawn(loader.load_files(job.file_load()));
    // The first call of each family goes at once, the others wait; nothing is answered yet.
    while job.requests() < 3 * FAMILIES.len() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let left = folder.path().join("left");
    copy_of(&job.state, &left);
    job.emulator.fault_rate(slow(0.0));
    stopper.stop();
    loading.await.unwrap().unwrap();

    job.state = left;
    let receipt = job.load_here().await;
    let findings = Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
    println!("killed after waiting: {findings:?}");
    assert!(findings.taken_twice > 0 && findings.listed >= findings.taken_twice);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_again_and_again_among_faults_it_still_ends_with_true_figures() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 3_000,
        ..SMALL_CALLS
    };
    let job = Job::new(folder.path(), mix, 24).await;
    let mut receipt = None;
    for run in 0.. {
        job.emulator.fault_rate(chance(0.1, run));
        let load = job.file_load();
        let loader = Loader::builder(&impatient(&job.emulator))
            .most_calls(MOST_CALLS)
            .build();
        let (stopper, progress) = (loader.stopper(), loader.progress());
        let loading = tokio::spawn(loader.load_files(load));
        while progress.snapshot().accepted < 250 && !loading.is_finished() && run < 8 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if run < 8 {
            stopper.stop();
        }
        let ended = loading.await.unwrap().unwrap().receipt;
        assert!(ended.adds_up(), "{ended}");
        if ended.complete {
            receipt = Some(ended);
            break;
        }
        let listed = lines(&job.state.join("possibly-twice.ndjson")).len();
        assert_eq!(
            ended.possibly_twice, listed as u64,
            "the list and the receipt of a run that stopped"
        );
    }
    let receipt = receipt.unwrap();
    let findings = Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
    println!("{} runs: {findings:?}", receipt.runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_ends_the_load_at_once_and_the_right_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 2_000,
        ..SMALL_CALLS
    };
    let job = Job::new(folder.path(), mix, 25).await;
    let mut refused_in_all = 0;
    for code in [ImportCode::InvalidToken, ImportCode::InvalidServiceId] {
        let before = job.requests();
        // Some succeed before the token is withdrawn.
        job.emulator.script(std::iter::repeat_n(Fault::None, 200));
        let always = |probability| FaultRate {
            probability,
            seed: 0,
            faults: vec![Fault::Import(code.clone())],
        };
        job.emulator.fault_rate(always(1.0));
        let receipt = job.load_here().await;
        job.emulator.fault_rate(always(0.0));
        assert!(
            matches!(&receipt.stopped, Some(Stop::Refused(error)) if error.import_code() == Some(&code)),
            "{receipt}"
        );
        assert!(!receipt.stopped.as_ref().unwrap().is_temporary() && receipt.adds_up());
        assert_eq!(
            receipt.rejected + receipt.invalid,
            lines(&job.state.join("dead-letter.ndjson")).len() as u64
        );
        let refused = job.requests() - before - 200;
        assert!(
            (1..=FAMILIES.len() * MOST_CALLS).contains(&refused),
            "{refused} calls with a wrong token"
        );
        refused_in_all += refused;
    }
    let receipt = job.load_here().await;
    let findings = Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
    println!("{refused_in_all} calls refused for the token: {findings:?}");
    assert_eq!(
        (findings.undelivered, findings.unknown, findings.taken_twice),
        (0, 0, 0)
    );
    assert_eq!(receipt.runs, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_changed_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 200,
        ..SMALL_CALLS
    };
    let job = Job::new(folder.path(), mix, 26).await;
    job.emulator
        .script([Fault::None, Fault::None, Fault::Import(ImportCode::InvalidToken)]);
    assert!(!job.load_here().await.complete);
    let requests = job.requests();
    let changed = job.files.paths().remove(1);
    let text = fs::read_to_string(&changed).unwrap();
    for other in [text.replacen("user", "uses", 1), format!("{text}\n")] {
        fs::write(&changed, other).unwrap();
        let refused = job.refusal(job.file_load()).await;
        println!("{refused}");
        assert!(refused.is_other_load() && refused.is_changed_input(), "{refused}");
        for part in [changed.to_str().unwrap(), job.state.join("journal").to_str().unwrap()] {
            assert!(refused.to_string().contains(part), "{refused} without {part}");
        }
    }
    fs::write(&changed, text).unwrap();
    assert_eq!(job.requests(), requests, "nothing was sent");
    let mut load = job.file_load();
    load.accepts = RecordKind::Event.into();
    let refused = job.refusal(load).await;
    assert!(refused.is_other_load() && !refused.is_changed_input(), "{refused}");
    let refused = refused.to_string();
    assert!(refused.contains("mixed") && refused.contains("events"), "{refused}");
    let receipt = job.load_here().await;
    Claims::of_files(&job.files, &job.state, &receipt).check(&job.files.records, &job.emulator.ledger());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_loader_on_the_same_journal_is_refused_and_the_first_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        records: 500,
        ..SMALL_CALLS
    };
    let job = Job::new(folder.path(), mix, 27).await;
    job.emulator.script([Fault::Delay(Duration::from_secs(1))]);
    let mut first = job.start();
    while job.emulator.ledger().requests(Operation::LoadEvents).count() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut refusals = Vec::new();
    for restart in [false, true] {
        let mut load = job.file_load();
        load.restart = restart;
        refusals.push(job.refusal(load).await);
    }
    while first.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for refused in refusals {
        assert!(
            refused.is_in_use() && refused.to_string().contains("another load is running"),
            "{refused}"
        );
    }
    assert!(job.state.join("journal").exists(), "it was moved aside");
    let receipt = serde_json::from_slice(&fs::read(&job.receipt).unwrap()).unwrap();
    let findings = job.check(&receipt);
    assert_eq!(findings.listed, 0);
}

/// What a load is given.
type Given = Option<Taxonomy>;

/// A taxonomy in which the amount of a visit has a type, and perhaps there is more.
fn visits(amount: &str, more: &str) -> Taxonomy {
    let yaml = format!(
        "events: [{{name: visit}}{more}]\nevent_properties:\n  - {{name: amount, type: {amount}}}\n  - {{name: until, type: datetime}}\n"
    );
    Taxonomy::from_yaml(&yaml).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_only_while_the_taxonomy_says_the_same_of_its_types() {
    let mapping = Mapping::from_yaml(
        "identity: {external_id: user}\nevent: visit\nevent_datetime: at\nevent_properties: {amount: amount}\n",
    )
    .unwrap();
    let row = |user: usize| format!("u{user},2026-11-03T00:00:00Z,{user}\n");
    let table: String = ["user,at,amount\n".to_owned()]
        .into_iter()
        .chain((0..50).map(row))
        .collect();
    let line = |user: usize| {
        format!(
            "{{\"identity\":{{\"external_id\":\"u{user}\"}},\"event\":{{\"event_name\":\"visit\",\"event_datetime\":\"2026-11-03T00:00:00Z\",\"event_properties\":{{\"until\":\"2026-11-03T09:00:00+09:00\"}}}}}}\n"
        )
    };
    let lines: String = (0..50).map(line).collect();
    let double = || visits("double", "");
    let more = || visits("double", ", {name: sale}");
    // What began, what is refused, what goes on.
    let cases: [(&str, &str, Given, Vec<Given>, Given); 4] = [
        (
            "a.csv",
            &table,
            None,
            vec![Some(double()), Some(visits("long", ""))],
            None,
        ),
        (
            "b.csv",
            &table,
            Some(double()),
            vec![None, Some(visits("long", ""))],
            Some(more()),
        ),
        ("a.ndjson", &lines, None, vec![Some(double())], None),
        ("b.ndjson", &lines, Some(double()), vec![None], Some(more())),
    ];
    for (name, content, began, refused, goes_on) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let settings = Settings {
            unregistered: Unregistered::Accept,
            ..Settings::default()
        };
        let emulator = Emulator::builder().settings(settings).start().await.unwrap();
        emulator.script([Fault::None, Fault::Import(ImportCode::InvalidToken)]);
        let load = async |taxonomy: Given| {
            let mut load = FileLoad::new(RecordKind::Event, [&file]);
            load.options.mapping = name.ends_with("csv").then(|| mapping.clone());
            let mut loader = Loader::builder(&client(&emulator)).most_calls(1);
            if let Some(taxonomy) = taxonomy {
                loader = loader.taxonomy(taxonomy);
            }
            loader.build().load_files(load).await
        };
        let receipt = load(began).await.unwrap().receipt;
        assert!(!receipt.complete && receipt.accepted > 0, "{receipt}");
        for taxonomy in refused {
            let refused = load(taxonomy).await.unwrap_err();
            assert!(refused.is_other_load() && !refused.is_changed_input(), "{refused}");
            assert!(refused.to_string().contains("taxonomy"), "{refused}");
        }
        let receipt = load(goes_on).await.unwrap().receipt;
        assert!(receipt.complete && receipt.all_accepted(), "{name}: {receipt}");
        assert_eq!(emulator.ledger().events_stored(), 50);
    }
}
