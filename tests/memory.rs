//! An export of a gibibyte to disk must not need memory to match.
//!
//! The client runs in a process of its own, so that the emulator's memory is not counted.

#![cfg(target_os = "linux")]

use std::process::Command;

use dfinery::{ExportClient, UserProfileQuery};
use dfinery_emulator::{Emulator, Settings};

const SERVER: &str = "DFINERY_TEST_MEMORY_SERVER";
const SIZE: u64 = 1 << 30;
const MOST: u64 = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_is_saved_within_sixteen_mebibytes() {
    let settings = Settings {
        synthetic_export_bytes: Some(SIZE),
        ..Settings::default()
    };
    let emulator = Emulator::builder().settings(settings).start().await.unwrap();
    let server = [emulator.base_url(), emulator.service_id(), emulator.export_token()].join(" ");
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_process_that_saves", "--ignored", "--nocapture"])
            .env(SERVER, server)
            .output()
            .unwrap()
    });
    let output = child.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{}", text.lines().find(|line| line.contains("saved")).unwrap());
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn the_process_that_saves() {
    let server = std::env::var(SERVER).unwrap();
    let [base_url, service_id, token] = server.split(' ').collect::<Vec<_>>()[..] else {
        panic!("not a server: {server}")
    };
    let client = ExportClient::builder()
        .base_url(base_url)
        .service_id(service_id)
        .token(token)
        .build()
        .unwrap();
    let idle = memory("VmRSS");
    let folder = tempfile::tempdir().unwrap();
    let csv = client.user_profiles(&UserProfileQuery::all()).await.unwrap();
    let saved = csv.save(folder.path().join("profiles.csv")).await.unwrap();
    let above = memory("VmHWM") - idle;
    assert!(saved.bytes >= SIZE);
    println!(
        "saved {} bytes, {} rows, peak {} KiB above {} KiB idle",
        saved.bytes,
        saved.rows,
        above >> 10,
        idle >> 10
    );
    assert!(above <= MOST, "{above} bytes above the idle process");
}

fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
