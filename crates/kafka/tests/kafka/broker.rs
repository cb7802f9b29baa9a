//! The command itself against a broker that is not librdkafka's mock: `.ci/kafka-broker` runs this.
//!
//! Three members of a group join, leave and are killed at random, one request in ten meets a fault, and the quota binds.
//! Then the ledger of the emulator, the dead letter and the committed offsets are held against what was produced.

mod account;
mod cluster;
mod members;

use std::{
    collections::HashMap,
    env,
    time::{Duration, Instant},
};

use dfinery::{Family, tables::RateLimit};
use dfinery_emulator::{Emulator, Fault, FaultRate, Settings, Window};

use self::{
    account::{Account, Calm},
    cluster::Cluster,
    members::Members,
};

/// What one run does.
struct Plan {
    messages: u64,
    /// Calls in a minute.
    quota: u32,
    seed: u64,
    /// How long members come and go. Before it is quiet for as long as all need to have their share of the quota.
    chaos: Duration,
}

impl Plan {
    fn of_environment() -> Self {
        let number = |name: &str, otherwise: u64| match env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
            Err(_) => otherwise,
        };
        Self {
            messages: number("DFINERY_TEST_MESSAGES", 200_000),
            quota: u32::try_from(number("DFINERY_TEST_QUOTA", 600)).unwrap(),
            seed: number("DFINERY_TEST_SEED", 1),
            chaos: Duration::from_secs(number("DFINERY_TEST_CHAOS", 150)),
        }
    }
}

const PARTITIONS: i32 = 12;
/// Three members have joined, a share counts a minute after that and 10 s for clocks, and a minute is left to look at.
const QUIET: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a broker and a build of the command: .ci/kafka-broker"]
async fn members_that_come_go_and_die_account_for_every_message() {
    let plan = Plan::of_environment();
    println!(
        "{} messages, {} calls a minute, seed {}",
        plan.messages, plan.quota, plan.seed
    );
    let emulator = emulator(plan.quota).await;
    let cluster = Cluster::new(
        &env::var("DFINERY_TEST_BROKERS").expect("DFINERY_TEST_BROKERS"),
        PARTITIONS,
    )
    .await;
    let produced = cluster.produce(plan.messages).await;
    println!("produced");
    emulator.fault_rate(FaultRate {
        probability: 0.1,
        seed: plan.seed,
        faults: vec![
            Fault::Status(500),
            Fault::Status(500).after_applying(),
            Fault::CloseBeforeReading,
            Fault::CloseAfterReading,
            Fault::CloseAfterReading.after_applying(),
        ],
    });

    let mut members = Members::new(&cluster, &emulator, plan.quota, plan.seed);
    let mut account = Account::new(&cluster, &emulator, produced, plan.quota);
    let mut calm = Calm::default();
    for _ in 0..3 {
        members.join();
    }
    quiet(&mut account, &mut members, &mut calm).await;
    let end = Instant::now() + plan.chaos;
    let mut round = 0;
    while Instant::now() < end && !account.is_complete() {
        round += 1;
        if round % 4 == 0 {
            // It says no time, so the member that meets it rests for a minute.
            emulator.script([Fault::Status(429)]);
        }
        println!("{:>4} s  {}", account.seconds(), members.disturb());
        for _ in 0..members.pause_in_seconds() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        account.check_offsets();
        println!("        {:.2} of the quota is given out", members.quota_share());
    }
    members.fill();
    while !account.is_complete() {
        quiet(&mut account, &mut members, &mut calm).await;
    }
    let receipts = members.stop();
    account.close(&receipts, &calm);
}

/// Leaves the members alone, and notes for how long all of the quota was given out among them.
async fn quiet(account: &mut Account<'_>, members: &mut Members, calm: &mut Calm) {
    let (began, mut all_since) = (Instant::now(), None);
    while began.elapsed() < QUIET && !account.is_complete() {
        tokio::time::sleep(Duration::from_secs(5)).await;
        members.check();
        account.check_offsets();
        let share = members.quota_share();
        println!("        {share:.2} of the quota is given out");
        all_since = all_since.or((share > 0.99).then(Instant::now));
    }
    if let Some(since) = all_since {
        calm.note(since, Instant::now());
    }
}

async fn emulator(quota: u32) -> Emulator {
    let limit = RateLimit {
        requests: quota,
        period: Duration::from_secs(60),
        concurrent: None,
    };
    let settings = Settings {
        rate_limits: HashMap::from([(Family::Event, limit)]),
        window: Window::Sliding,
        ..Settings::default()
    };
    Emulator::builder().settings(settings).start().await.unwrap()
}
