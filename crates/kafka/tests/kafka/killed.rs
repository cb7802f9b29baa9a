//! A member that is killed: another process, so that it cannot end in order.

use std::{
    env,
    process::{Command, Stdio},
    time::Duration,
};

use dfinery::ImportClient;
use dfinery_emulator::{Fault, FaultRate};

use crate::bench::{AMPLE, Bench, client, line, load, loader, until};

/// Not a test: the process that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "only as a process of its own"]
async fn member() {
    let variable = |name| env::var(name).unwrap();
    let builder = ImportClient::builder()
        .base_url(variable("TEST_URL"))
        .service_id(variable("TEST_SERVICE"))
        .token(variable("TEST_TOKEN"));
    let mut running = load(&variable("TEST_BROKERS"))
        .start(loader(&client(builder, AMPLE)))
        .await
        .unwrap();
    running.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_fate_and_commit_repeats_messages_with_the_same_ids_only() {
    let bench = Bench::new(2).await;
    for number in 0..400 {
        bench
            .send(i32::try_from(number % 2).unwrap(), Some(&line(number, None)))
            .await;
    }
    bench.emulator.fault_rate(FaultRate {
        probability: 1.0,
        seed: 0,
        faults: vec![Fault::Delay(Duration::from_millis(20))],
    });
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::member", "--ignored"])
        .env("TEST_BROKERS", bench.cluster.bootstrap_servers())
        .env("TEST_URL", bench.emulator.base_url())
        .env("TEST_SERVICE", bench.emulator.service_id())
        .env("TEST_TOKEN", bench.emulator.import_token())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // It commits every 5 s, and is done with all of it long before.
    until(|| bench.taken().len() > 100).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let before = bench.taken();
    let committed: i64 = bench.committed(2).values().sum();
    assert!(committed < i64::try_from(before.len()).unwrap(), "killed too late");

    let receipt = bench.load_all().await;
    assert!(receipt.accepted > 0);
    let taken = bench.taken();
    assert_eq!(taken.len(), 400, "each message has one id, whoever sends it");
    assert!(
        taken.values().any(|times| *times == 2),
        "nothing was repeated: the test shows nothing"
    );
    assert_eq!(bench.committed(2).values().sum::<i64>(), 400);
}
