//! Files, folders, what is said and exit codes.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio, time::Duration};

use dfinery::{ExportCode, Family, Operation};
use dfinery_emulator::{Fault, RequestRecord, ResetUnit, Window};
use serde_json::Value;

use crate::service::{Service, ago};

#[tokio::test(flavor = "multi_thread")]
async fn one_day_goes_to_a_file_or_to_standard_output_byte_for_byte() {
    let service = Service::start(|_| ()).await;
    service.load(ago(1), 3).await;
    let day = ago(1);
    let said = service.says(&format!("export events -o day.csv --day {day}"), 0).await;
    assert!(said.starts_with("3 rows, "), "{said}");
    let path = service.folder.path().join("day.csv");
    let file = fs::read(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let output = service
        .run(&format!("export events -o - --day {day} --output json"))
        .await;
    assert_eq!(output.stdout, file);
    let receipt: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(receipt["rows"], 3);
    service
        .says("export events -o yesterday.csv --day yesterday --time-zone UTC", 0)
        .await;
    assert_eq!(fs::read(service.folder.path().join("yesterday.csv")).unwrap(), file);
    let said = service
        .says("export events -o day.csv --day -1d --format ndjson", 2)
        .await;
    assert!(said.contains("would not be what its name says"), "{said}");
    let said = service.says("export events -o day.csv --day -1d --settle 1h", 2).await;
    assert!(said.contains("--settle") && said.contains("needs --to"), "{said}");
    assert_eq!(fs::read(path).unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_day_is_said_with_its_reason_until_it_is_there() {
    let service = Service::start(|_| ()).await;
    service.load(ago(2), 3).await;
    let export = format!(
        "export events --to warehouse --from {} --until {} --time-zone UTC",
        ago(2),
        ago(2)
    );
    service
        .emulator
        .script_for(Operation::ExportEvents, vec![Fault::Status(500); 3]);
    let said = service.says(&export, 75).await;
    assert!(
        said.contains("hole") && said.contains("HTTP 500") && said.contains("same command again"),
        "{said}"
    );
    let status = "export status --to warehouse --time-zone UTC";
    assert!(service.says(status, 1).await.contains("hole"));
    let said = service
        .says(&format!("{export} --output json --receipt receipt.json"), 0)
        .await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(
        fs::read_to_string(service.folder.path().join("receipt.json")).unwrap(),
        said
    );
    let receipt: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&receipt["days"][0]["fate"], &receipt["days"][0]["rows"]),
        (&"complete".into(), &3.into())
    );
    service.says(status, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_and_a_strange_file_are_found() {
    let service = Service::start(|_| ()).await;
    service.load(ago(2), 3).await;
    let from = ago(2);
    service
        .says(
            &format!("export events --to warehouse --from {from} --until {from} --time-zone UTC"),
            0,
        )
        .await;
    service.says("export profiles --to warehouse", 0).await;
    service.says("export verify --to warehouse", 0).await;
    let part = service
        .folder
        .path()
        .join(format!("warehouse/events/dt={from}/part-00000.csv"));
    let whole = fs::read(&part).unwrap();
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 1;
    fs::write(&part, flipped).unwrap();
    let said = service.says("export verify --to warehouse", 1).await;
    assert!(said.contains("SHA-256") && said.contains("part-00000.csv"), "{said}");
    fs::write(&part, whole).unwrap();
    fs::write(part.with_file_name("part-00001.csv"), "x\n").unwrap();
    assert!(
        service
            .says("export verify --to warehouse", 1)
            .await
            .contains("it is in no manifest")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_ends_with_75_and_a_wrong_token_with_2() {
    let service = Service::start(|settings| {
        settings.rate_limits.clear();
        settings.rate_limit_divisor = 10;
    })
    .await;
    let export = "export events --to warehouse --settle 0s --reserve 0";
    let said = service.says(export, 75).await;
    assert!(said.contains("spent until") && said.contains("--wait"), "{said}");
    assert_eq!(service.emulator.ledger().requests(Operation::ExportEvents).count(), 10);
    let mut wrong = service.command("export profiles -o p.csv --reserve 0 --state elsewhere");
    wrong.env("DFINERY_EXPORT_TOKEN", "wrong");
    let output = tokio::task::spawn_blocking(move || wrong.output().unwrap())
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!service.folder.path().join("p.csv").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_quota_and_spend_all_of_it() {
    let service = Service::start(|settings| {
        settings.rate_limits.clear();
        settings.rate_limit_divisor = 4;
    })
    .await;
    // None of these days is about to be lost, which would be another exit code.
    let from = ago(20);
    let exports =
        ["one", "two"].map(|folder| format!("export events --to {folder} --from {from} --settle 0s --reserve 0"));
    let (one, two) = tokio::join!(service.says(&exports[0], 75), service.says(&exports[1], 75));
    let ledger = service.emulator.ledger();
    let calls: Vec<_> = ledger.requests(Operation::ExportEvents).collect();
    let refused = calls
        .iter()
        .filter(|call| call.export_code() == Some(&ExportCode::TooManyApiRequests));
    assert_eq!((refused.count(), calls.len()), (0, 25), "{one}{two}");
}

/// A period in which even a slow machine makes the calls that the quota allows: the shortest that is long enough.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_spend_all_of_every_period_and_not_more() {
    let spend = async |window| {
        let mut periods = [4, 40].into_iter();
        while !spends_every(Duration::from_secs(periods.next().unwrap()), window).await {}
    };
    tokio::join!(spend(Window::Fixed), spend(Window::Sliding));
}

/// Whether two processes have spent a quota that comes back after a period, at least once.
///
/// Whoever finds it spent ends, so then as many calls must have come within one period as it allows. This holds however
/// long they take.
async fn spends_every(period: Duration, window: Window) -> bool {
    const QUOTA: u32 = 10;
    let service = Service::start(|settings| {
        let quota = settings.rate_limits.get_mut(&Family::Export).unwrap();
        (quota.requests, quota.period) = (QUOTA, period);
        settings.window = window;
        settings.reset_unit = ResetUnit::Milliseconds;
    })
    .await;
    service.load(ago(2), 1).await;
    let both = async |folders: [&str; 2], more: &str| {
        let from = ago(14);
        let export = |folder| {
            format!("export events --to {folder} --from {from} --settle 0s --reserve 0 --time-zone UTC {more}")
        };
        let [one, two] = folders.map(export);
        let (one, two) = tokio::join!(service.run(&one), service.run(&two));
        let ran = [one, two].map(|ran| (ran.status.success(), String::from_utf8(ran.stdout).unwrap()));
        let ledger = service.emulator.ledger();
        let calls: Vec<_> = ledger.requests(Operation::ExportEvents).cloned().collect();
        let refused = calls.iter().filter(|call| call.export_code().is_some()).count();
        assert_eq!(refused, 0, "{ran:?}");
        (ran, calls)
    };
    let (mut before, mut was_spent) = (0, false);
    for _ in 0..3 {
        let (ran, calls) = both(["one", "two"], "").await;
        let now = &calls[before..];
        before = calls.len();
        if ran.iter().all(|(is_done, _)| *is_done) {
            continue;
        }
        let says_why = |said: &str| said.contains("the quota of the Export API is spent until");
        assert!(ran.iter().all(|(is_done, said)| *is_done || says_why(said)), "{ran:?}");
        let is_within = |calls: &[RequestRecord]| {
            let at = |call: Option<&RequestRecord>| call.unwrap().received.to_jiff();
            at(calls.first()) + period > at(calls.last())
        };
        assert!(
            now.windows(QUOTA as usize).any(is_within),
            "they left some of the quota: {} calls, {ran:?}",
            now.len()
        );
        was_spent = true;
        // A reset in whole seconds may have been cut off, so they wait a second longer.
        tokio::time::sleep(period + Duration::from_secs(1)).await;
    }
    let (ran, _) = both(["three", "four"], "--wait").await;
    assert!(ran.iter().all(|(is_done, _)| *is_done), "{ran:?}");
    was_spent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_an_export_in_order_and_leaves_a_receipt() {
    let service = Service::start(|_| ()).await;
    service.load(ago(2), 3).await;
    let slow = Fault::Delay(Duration::from_secs(60));
    let stuck = || {
        service
            .emulator
            .script_for(Operation::ExportEvents, vec![slow.clone(); 40]);
    };
    let export = "export events --to warehouse --settle 0s --time-zone UTC --receipt receipt.json";
    service.says(&format!("{export} --from -2d --until -2d"), 0).await;
    stuck();
    let child = service.command(export).stdout(Stdio::piped()).spawn().unwrap();
    while service.emulator.scripted() == 40 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    signal(&child);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.contains("not asked for: the export was stopped") && said.contains("same command again"),
        "{said}"
    );
    let receipt = fs::read(service.folder.path().join("receipt.json")).unwrap();
    let receipt: Value = serde_json::from_slice(&receipt).unwrap();
    assert_eq!(receipt["stopped"], "the export was stopped");
    service.says("export verify --to warehouse", 0).await;
}

fn signal(child: &std::process::Child) {
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
}

#[cfg(not(feature = "parquet"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_build_without_parquet_says_so_before_anything_is_asked_for() {
    let service = Service::start(|_| ()).await;
    for export in [
        "events --to warehouse",
        "profiles --to warehouse",
        "events -o day.parquet --day yesterday",
    ] {
        let said = service.says(&format!("export {export} --format parquet"), 2).await;
        assert!(said.contains("--features parquet"), "{said}");
    }
    assert_eq!(service.emulator.ledger().all_requests().len(), 0);
    assert!(!service.folder.path().join("warehouse").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_one_form_from_its_first_file_on() {
    let service = Service::start(|_| ()).await;
    service.load(ago(2), 3).await;
    service
        .emulator
        .script_for(Operation::ExportEvents, vec![Fault::Status(500); 3]);
    let export = format!(
        "export events --to warehouse --from {0} --until {0} --time-zone UTC",
        ago(2)
    );
    service.says(&format!("{export} --format ndjson"), 75).await;
    service.says(&export, 0).await;
    let said = service.says(&format!("{export} --format ndjson"), 2).await;
    assert!(said.contains("holds .csv files"), "{said}");
}
