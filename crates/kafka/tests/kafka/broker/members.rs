//! The members of the group: processes of the command.

use std::{
    collections::HashMap,
    env, fs,
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use dfinery_emulator::Emulator;
use serde::Deserialize;

use super::cluster::Cluster;

/// The members of a group, at most three at a time. Those that still run are killed when this is dropped.
pub struct Members {
    command: Vec<String>,
    environment: Vec<(&'static str, String)>,
    running: Vec<Member>,
    receipts: Vec<Receipt>,
    folder: tempfile::TempDir,
    random: u64,
    started: usize,
    killed: usize,
}

struct Member {
    name: String,
    /// Where it answers about itself.
    port: u16,
    child: Child,
}

/// What a member says at its end. One that is killed says nothing.
#[derive(Debug, Deserialize)]
pub struct Receipt {
    pub read: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub invalid: u64,
    pub undelivered: u64,
    pub unknown: u64,
    pub in_flight: u64,
    pub possibly_twice: u64,
    pub skipped: u64,
    pub late: u64,
    pub lost_partitions: u64,
    pub failed_commits: u64,
    pub cut_bitmaps: u64,
    pub unread_bitmaps: u64,
    pub rate_limited: u64,
}

impl Receipt {
    fn check(&self) {
        let fates = self.accepted + self.rejected + self.invalid + self.undelivered + self.unknown;
        assert_eq!(self.read, fates + self.in_flight, "{self:?}");
    }
}

impl Members {
    const MOST: usize = 3;

    pub fn new(cluster: &Cluster, emulator: &Emulator, quota: u32, seed: u64) -> Self {
        // Of the documented million.
        let share = f64::from(quota) / 1e6;
        let arguments = [
            env::var("DFINERY_TEST_BINARY").expect("DFINERY_TEST_BINARY"),
            "stream".to_owned(),
            "kafka".to_owned(),
            format!("--brokers={}", cluster.brokers),
            format!("--topic={}", cluster.topic),
            format!("--group={}", cluster.group),
            format!("--dead-letter=topic:{}", cluster.dead),
            format!("--rate-share={share}"),
            "--set=session.timeout.ms=10000".to_owned(),
            "--set=heartbeat.interval.ms=1000".to_owned(),
        ];
        Self {
            command: arguments.into(),
            environment: vec![
                ("DFINERY_BASE_URL", emulator.base_url().to_owned()),
                ("DFINERY_SERVICE_ID", emulator.service_id().to_owned()),
                ("DFINERY_IMPORT_TOKEN", emulator.import_token().to_owned()),
            ],
            running: Vec::new(),
            receipts: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
            random: seed,
            started: 0,
            killed: 0,
        }
    }

    pub fn join(&mut self) -> String {
        self.started += 1;
        let name = format!("member-{}", self.started);
        let port = 19_200 + u16::try_from(self.started).unwrap();
        let file = |ending: &str| File::create(self.folder.path().join(format!("{name}.{ending}"))).unwrap();
        let child = Command::new(&self.command[0])
            .args(&self.command[1..])
            .arg(format!("--listen=127.0.0.1:{port}"))
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(file("receipt"))
            .stderr(file("log"))
            .spawn()
            .unwrap();
        let joined = format!("{name} joins");
        self.running.push(Member { name, port, child });
        joined
    }

    /// Brings all members back.
    pub fn fill(&mut self) {
        while self.running.len() < Self::MOST {
            self.join();
        }
    }

    /// One member joins, leaves or is killed.
    pub fn disturb(&mut self) -> String {
        self.check();
        let choice = self.random(3);
        if self.running.len() < Self::MOST && (choice == 0 || self.running.len() == 1) {
            return self.join();
        }
        let index = self.random(self.running.len());
        let mut member = self.running.remove(index);
        if choice == 1 {
            let began = Instant::now();
            self.leave(&mut member);
            format!("{} left, in {} s", member.name, began.elapsed().as_secs())
        } else {
            member.child.kill().unwrap();
            member.child.wait().unwrap();
            self.killed += 1;
            format!("{} is killed", member.name)
        }
    }

    pub fn pause_in_seconds(&mut self) -> usize {
        5 + self.random(20)
    }

    /// The part of the quota that all members may spend, as they say; meanwhile looks whether their figures add up.
    pub fn quota_share(&self) -> f64 {
        let pages = self.running.iter().filter_map(|member| figures(member.port));
        pages
            .map(|page| {
                let fates = page.iter().filter(|(name, _)| name.starts_with("messages_total{"));
                let sum = fates.map(|(_, value)| value).sum::<f64>() + page["in_flight_messages"];
                assert!((sum - page["messages_read_total"]).abs() < 0.5, "{page:?}");
                page["quota_share_ratio"]
            })
            .sum()
    }

    /// No member ends of its own accord.
    pub fn check(&mut self) {
        for member in &mut self.running {
            if let Some(status) = member.child.try_wait().unwrap() {
                panic!("{} ended: {status}\n{}", member.name, said(&self.folder, &member.name));
            }
        }
    }

    /// Stops those that are left, and returns what all have said that were not killed.
    pub fn stop(mut self) -> Vec<Receipt> {
        for mut member in std::mem::take(&mut self.running) {
            self.leave(&mut member);
        }
        println!("{} members, {} of them killed", self.started, self.killed);
        std::mem::take(&mut self.receipts)
    }

    fn leave(&mut self, member: &mut Member) {
        let pid = member.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = wait(&mut member.child);
        let said = said(&self.folder, &member.name);
        // 1 says that messages are in the dead letter.
        assert!(
            matches!(status.and_then(|status| status.code()), Some(0 | 1)),
            "{status:?}\n{said}"
        );
        let text = fs::read_to_string(self.folder.path().join(format!("{}.receipt", member.name))).unwrap();
        let receipt: Receipt = serde_json::from_str(&text).unwrap();
        receipt.check();
        self.receipts.push(receipt);
    }

    fn random(&mut self, below: usize) -> usize {
        // Splitmix64.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % below as u64).unwrap()
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for member in &mut self.running {
            let _ = member.child.kill();
            let _ = member.child.wait();
        }
    }
}

/// The figures on a member's page; none while it is starting.
fn figures(port: u16) -> Option<HashMap<String, f64>> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: test\r\n\r\n").ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    let lines = answer.lines().filter_map(|line| line.strip_prefix("dfinery_kafka_"));
    let figures = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    Some(figures.collect())
}

fn said(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(format!("{name}.log"))).unwrap()
}

/// The status of a process that was asked to end; `None` if it does not.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + Duration::from_secs(180);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}
