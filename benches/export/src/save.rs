//! What it takes to save an export, as ratios to curl that saves the same answer.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use dfinery::{ExportClient, UserProfileQuery};

use crate::{
    data,
    rounds::{self, ROUNDS, Written, is_there, kibibytes, megabytes, rounds},
    server,
};

const MEMORY_DISK: &str = "/dev/shm";
const FILE: &str = "profiles.csv";

/// Saves about 600 MB to a memory disk and to the disk of temporary files, in turns with curl.
pub fn measure() {
    if !is_there(Command::new("curl").arg("--version")) {
        println!("curl is not there to compare with");
        return;
    }
    let address = server::start();
    let memory = tempfile::tempdir_in(MEMORY_DISK).expect("a memory disk");
    let disk = tempfile::tempdir().expect("a folder");
    let megabytes = megabytes(data::bytes());
    println!("{megabytes:.0} MB, whole processes, median of {ROUNDS} rounds");
    for framing in ["content-length", "chunked"] {
        let url = format!("http://{address}/{framing}");
        for (place, folder, least) in [("memory disk", &memory, 0.9), ("disk", &disk, 1.2)] {
            let [curl, synced, ours] = rounds(
                folder.path(),
                [
                    &|folder| curl(folder, &url),
                    &|folder| curl_and_sync(folder, &url),
                    &|folder| save(folder, &url),
                ],
            );
            println!("\n{framing}, {place}");
            for (name, cost) in [("curl", curl), ("curl, then sync", synced), ("dfinery, synced", ours)] {
                println!(
                    "  {name:<16} {:>6.0} MB/s   {:>5.2} CPU-seconds",
                    megabytes / cost.seconds,
                    cost.cpu_seconds
                );
            }
            println!(
                "  speed  {:>5.2} x curl   (at least {least:.2})",
                curl.seconds / ours.seconds
            );
            println!("  speed  {:>5.2} x curl, then sync", synced.seconds / ours.seconds);
            println!(
                "  CPU    {:>5.2} x curl   (at most 1.60)",
                ours.cpu_seconds / curl.cpu_seconds
            );
            println!("  peak   {:>5.1} MiB above idle   (at most 16)", ours.peak_mebibytes);
        }
    }
}

/// Its peak memory is not known.
fn curl(folder: &Path, url: &str) -> Written {
    let file = folder.join(FILE);
    let status = rounds::curl(url).arg("--output").arg(&file).status();
    assert!(status.expect("curl runs").success(), "curl failed");
    let bytes = fs::metadata(file).expect("the file").len();
    assert_eq!(bytes, data::bytes());
    Written {
        peak_mebibytes: 0.0,
        bytes,
    }
}

/// curl leaves its file to the system, so a loss of power may take it.
fn curl_and_sync(folder: &Path, url: &str) -> Written {
    let written = curl(folder, url);
    let file = File::open(folder.join(FILE));
    file.and_then(|file| file.sync_all()).expect("a disk");
    written
}

fn save(folder: &Path, url: &str) -> Written {
    let written = Written::by(rounds::this().arg("save-to").arg(folder).arg(url));
    assert_eq!(written.bytes, data::bytes());
    written
}

/// The program that saves; its peak memory is that above what it had before it asked.
pub fn run(folder: &Path, url: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = ExportClient::builder()
            .service_id("service")
            .token("token")
            .base_url(url)
            .build()
            .expect("a client");
        let idle = kibibytes("VmRSS:");
        let csv = client.user_profiles(&UserProfileQuery::all()).await.expect("CSV");
        let saved = csv.save(folder.join(FILE)).await.expect("a file");
        rounds::say(kibibytes("VmHWM:") - idle, saved.rows, saved.bytes);
    });
}
