//! The quota is spent to the full, never beyond, and shared with whoever else spends it.

use std::time::{Duration, Instant};

use dfinery::{Event, Family, Identity, ImportClient, ImportCode, Operation, RetryPolicy, tables::RateLimit};
use dfinery_emulator::{Emulator, Fault, FaultRate, Ledger, OverLimit, RateHeaders, ResetUnit, Settings, Window};
use dfinery_load::{FileLoad, Loader, LoaderBuilder, Receipt, RecordKind};
use futures_util::future::join_all;

use crate::{
    chaos::{AMPLE, quick, service},
    records::{Files, Mix},
};

/// So many events, each of a user of its own: one call for each.
async fn load_singles(builder: LoaderBuilder, calls: usize) -> Receipt {
    let folder = tempfile::tempdir().unwrap();
    let mix = Mix {
        bad: 0.0,
        skewed: false,
        ..Mix::events(calls, 1)
    };
    let mut records = mix.make(0);
    for (user, record) in records.iter_mut().enumerate() {
        let text = String::from_utf8(record.text.clone()).unwrap();
        record.text = text.replace("user-0", &format!("user-{user}")).into_bytes();
    }
    let files = Files::write(folder.path(), records, 1);
    let loaded = builder
        .build()
        .load_files(FileLoad::new(RecordKind::Event, files.paths()))
        .await
        .unwrap();
    assert!(loaded.receipt.adds_up());
    loaded.receipt
}

fn always(fault: Fault) -> FaultRate {
    often(1.0, fault)
}

fn often(probability: f64, fault: Fault) -> FaultRate {
    FaultRate {
        probability,
        seed: 1,
        faults: vec![fault],
    }
}

fn limit(requests: u32, seconds: u64) -> RateLimit {
    RateLimit {
        requests,
        period: Duration::from_secs(seconds),
        concurrent: None,
    }
}

fn client(emulator: &Emulator, limit: RateLimit) -> ImportClient {
    let builder = emulator.import_client().rate_limit(Family::Event, limit);
    builder.retry(quick()).build().unwrap()
}

fn refused_for_the_quota(ledger: &Ledger) -> usize {
    ledger
        .all_requests()
        .iter()
        .filter(|request| request.import_code() == Some(&ImportCode::TooManyRequest))
        .count()
}

/// When each request arrived, in seconds after the first.
fn arrivals(ledger: &Ledger) -> Vec<f64> {
    let times: Vec<_> = ledger
        .requests(Operation::LoadEvents)
        .map(|request| request.received.to_jiff())
        .collect();
    times
        .iter()
        .map(|time| time.duration_since(times[0]).as_secs_f64())
        .collect()
}

/// The share of the quota that was spent over two periods, at this delay of the server.
async fn spent(server: RateLimit, own: RateLimit, window: Window, delay: u64) -> f64 {
    let settings = Settings {
        rate_limits: [(Family::Event, server)].into(),
        window,
        // Our own count has to do.
        rate_headers: RateHeaders::Absent,
        ..Settings::default()
    };
    let emulator = Emulator::builder().settings(settings).start().await.unwrap();
    emulator.fault_rate(always(Fault::Delay(Duration::from_millis(delay))));
    let requests = own.requests as usize;
    let receipt = load_singles(Loader::builder(&client(&emulator, own)), 2 * requests + 1).await;
    assert!(receipt.all_accepted(), "{receipt}");
    let ledger = emulator.ledger();
    assert_eq!(
        (refused_for_the_quota(&ledger), receipt.attempts),
        (0, 2 * u64::from(own.requests) + 1)
    );
    let arrivals = arrivals(&ledger);
    2.0 * own.period.as_secs_f64() / arrivals[2 * requests]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_spent_to_the_full_and_never_beyond() {
    let full = limit(300, 8);
    let share = limit(150, 8);
    let mut runs = Vec::new();
    for window in [Window::Fixed, Window::Sliding] {
        for delay in [20, 50, 200] {
            runs.push((full, window, delay));
        }
    }
    // A share of the quota is nothing but a smaller limit.
    runs.push((share, Window::Fixed, 50));
    // Another program may have the machine for a while, so the best of some rounds counts.
    let mut best = vec![0.0_f64; runs.len()];
    for _ in 0..4 {
        let round = runs
            .iter()
            .map(|(own, window, delay)| spent(full, *own, *window, *delay));
        for (best, spent) in best.iter_mut().zip(join_all(round).await) {
            assert!(spent <= 1.001, "{spent}");
            *best = best.max(spent);
        }
        if best.iter().all(|best| *best >= ENOUGH) {
            break;
        }
    }
    for ((own, window, delay), best) in runs.iter().zip(&best) {
        let calls = own.requests;
        println!(
            "{calls} calls in 8 s, {window:?}, {delay} ms: {:.1} % spent",
            100.0 * best
        );
    }
    // A call counts from when it is sent until a period after its answer: 200 ms of 8.2 s cannot be spent.
    assert!(best.iter().all(|best| *best >= ENOUGH), "{best:?}");
}

/// What must be spent of a quota.
const ENOUGH: f64 = 0.95;

/// As the real service has them, but for a tenth of the calls: `cargo test --release --all-features --test load tenth -- --ignored
/// --nocapture` takes two minutes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "two minutes, in a release build"]
async fn at_a_tenth_of_the_real_limits_the_quota_is_spent_to_the_full() {
    let real = Family::Event.rate_limit();
    let tenth = limit(real.requests / 10, real.period.as_secs());
    let runs = [20, 50, 200];
    let spent = join_all(runs.iter().map(|delay| spent(tenth, tenth, Window::Fixed, *delay))).await;
    for (delay, spent) in runs.iter().zip(&spent) {
        let calls = tenth.requests;
        println!(
            "{calls} calls a minute, {delay} ms: {:.1} % spent, none over",
            100.0 * spent
        );
    }
    assert!(spent.iter().all(|spent| (ENOUGH..=1.001).contains(spent)), "{spent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_with_one_event_use_all_the_concurrency_that_is_allowed() {
    const AT_A_TIME: usize = 8;
    const CALLS: usize = 400;
    let delay = Duration::from_millis(50);
    let mut best = 0.0_f64;
    // Another program may have the machine for a while, so the best of some rounds counts.
    for _ in 0..6 {
        // What so many tasks reach that do nothing but call, one call after the other.
        let emulator = service(|_| ()).await;
        emulator.fault_rate(always(Fault::Delay(delay)));
        let import = client(&emulator, AMPLE);
        let tasks = (0..AT_A_TIME).map(|task| {
            let import = import.clone();
            tokio::spawn(async move {
                let user = Identity::external_id(format!("user-{task}"));
                for _ in 0..CALLS / AT_A_TIME {
                    import.load_events(&user, &[Event::new("df_login")]).await.unwrap();
                }
            })
        });
        for done in join_all(tasks).await {
            done.unwrap();
        }
        let allowed = seconds_of_the_middle(&emulator.ledger());

        let emulator = service(|_| ()).await;
        emulator.fault_rate(always(Fault::Delay(delay)));
        load_singles(Loader::builder(&client(&emulator, AMPLE)).most_calls(AT_A_TIME), CALLS).await;
        best = best.max(allowed / seconds_of_the_middle(&emulator.ledger()));
        if best >= 0.9 {
            break;
        }
    }
    println!("{:.1} % of what {AT_A_TIME} calls at a time allow", 100.0 * best);
    assert!(best >= 0.9, "{best}");
}

/// How long it took from the 20th request to the 380th of 400.
fn seconds_of_the_middle(ledger: &Ledger) -> f64 {
    let arrivals = arrivals(ledger);
    arrivals[380] - arrivals[20]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_others_spend_too_is_waited_for_with_few_refusals() {
    const CALLS: usize = 400;
    for (headers, unit, window, over_limit) in [
        (
            RateHeaders::Dashed,
            ResetUnit::Seconds,
            Window::Fixed,
            OverLimit::LikeOtherFailures,
        ),
        (
            RateHeaders::Compact,
            ResetUnit::Milliseconds,
            Window::Sliding,
            OverLimit::Http429,
        ),
    ] {
        let quota = limit(200, 2);
        let emulator = service(|settings| {
            settings.rate_limits.insert(Family::Event, quota);
            (settings.rate_headers, settings.reset_unit) = (headers, unit);
            (settings.window, settings.over_limit) = (window, over_limit);
        })
        .await;
        let other = client(&emulator, limit(80, 2));
        let spending = tokio::spawn(async move {
            let mut taken = 0;
            loop {
                let event = Event::new("df_logout");
                taken += usize::from(
                    other
                        .load_events(&Identity::external_id("other"), &[event])
                        .await
                        .is_ok(),
                );
                if taken > 400 {
                    break;
                }
            }
        });
        let receipt = load_singles(Loader::builder(&client(&emulator, quota)), CALLS).await;
        spending.abort();
        println!(
            "{headers:?}, {unit:?}, {window:?}, {over_limit:?}: {} of {} attempts refused",
            receipt.rate_limited, receipt.attempts
        );
        assert!(receipt.all_accepted(), "{receipt}");
        assert_eq!(receipt.possibly_twice, 0, "a call refused for the quota was not taken");
        assert!(receipt.rate_limited * 10 <= receipt.attempts, "{receipt}");
        let ledger = emulator.ledger();
        let ours = ledger.events().filter(|event| event.event.event_name == "df_login");
        assert_eq!((ours.count(), ledger.duplicates()), (CALLS, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_over_when_the_service_is_back() {
    let emulator = service(|_| ()).await;
    let import = emulator
        .import_client()
        .rate_limit(Family::Event, AMPLE)
        .retry(
            RetryPolicy::default()
                .base_delay(Duration::from_millis(400))
                .max_delay(Duration::from_secs(3))
                .budget(10),
        )
        .build()
        .unwrap();
    emulator.fault_rate(always(Fault::Delay(Duration::from_millis(100))));
    let loading = tokio::spawn(load_singles(Loader::builder(&import).most_calls(100), 1_000));
    let requests = || emulator.ledger().all_requests().len();
    while requests() < 300 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    emulator.fault_rate(always(Fault::Status(503)));
    let before = requests();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let during = requests() - before;
    emulator.fault_rate(often(0.0, Fault::None));
    let back = Instant::now();
    let receipt = loading.await.unwrap();
    println!(
        "{during} requests during the outage, done {:?} after it: {receipt}",
        back.elapsed()
    );
    assert!(receipt.all_accepted(), "{receipt}");
    assert!(during < 200, "{during} requests to a service that is down");
    // One pause, and what a busy machine takes for a thousand calls.
    assert!(back.elapsed() < Duration::from_secs(15));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failure_in_fifty_does_not_slow_a_load_down() {
    let quota = limit(150, 1);
    let emulator = service(|settings| _ = settings.rate_limits.insert(Family::Event, limit(1_000, 1))).await;
    let mut faults = vec![Fault::Delay(Duration::from_millis(300)); 49];
    faults.push(Fault::Status(503));
    emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 1,
        faults,
    });
    let receipt = load_singles(Loader::builder(&client(&emulator, quota)), 900).await;
    let arrivals = arrivals(&emulator.ledger());
    let took = arrivals[850] - arrivals[200];
    println!("{:.1} calls a second of 150 / 1.3: {receipt}", 650.0 / took);
    assert!(650.0 / took > 75.0, "{took}");
}
