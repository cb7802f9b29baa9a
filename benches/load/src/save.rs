//! What it takes to save an export, as ratios to curl that saves the same answer of the same server.

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use dfinery::{ExportClient, UserProfileQuery};

use crate::{data, export_server, programs};

const ROUNDS: usize = 5;
const MEMORY_DISK: &str = "/dev/shm";
/// What a process uses in user mode and in the kernel is counted in these.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    cpu_seconds: f64,
    /// Above the idle process; curl does not say.
    peak_mebibytes: f64,
}

/// Saves about 600 MB to a memory disk and to the disk of temporary files, in turns with curl.
pub fn measure() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("curl is not there to compare with");
        return;
    }
    let address = export_server::start();
    let memory = tempfile::tempdir_in(MEMORY_DISK).expect("a memory disk");
    let disk = tempfile::tempdir().expect("a folder");
    #[allow(clippy::cast_precision_loss)]
    let megabytes = data::csv_bytes() as f64 / 1_000_000.0;
    println!("{megabytes:.0} MB, whole processes, median of {ROUNDS} rounds");
    for framing in ["content-length", "chunked"] {
        let url = format!("http://{address}/{framing}");
        for (place, folder, least) in [("memory disk", &memory, 0.9), ("disk", &disk, 1.2)] {
            let file = folder.path().join("profiles.csv");
            let [curl, synced, ours] = rounds(&file, &url, [curl, curl_and_sync, save]);
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

/// The median of each value of each program.
fn rounds<const N: usize>(file: &Path, url: &str, programs: [fn(&Path, &str) -> f64; N]) -> [Cost; N] {
    let mut costs = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (program, costs) in programs.iter().zip(&mut costs) {
            let (began, cpu_before) = (Instant::now(), cpu_seconds_of_children());
            let peak_mebibytes = program(file, url);
            costs.push(Cost {
                seconds: began.elapsed().as_secs_f64(),
                cpu_seconds: cpu_seconds_of_children() - cpu_before,
                peak_mebibytes,
            });
            assert_eq!(fs::metadata(file).expect("the file").len(), data::csv_bytes());
            fs::remove_file(file).expect("the file");
        }
    }
    costs.map(|costs| Cost {
        seconds: median(costs.iter().map(|cost| cost.seconds)),
        cpu_seconds: median(costs.iter().map(|cost| cost.cpu_seconds)),
        peak_mebibytes: median(costs.iter().map(|cost| cost.peak_mebibytes)),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn curl(file: &Path, url: &str) -> f64 {
    let status = Command::new("curl")
        .args(["--silent", "--fail", "--data", "{}", "--output"])
        .args([file.as_os_str(), url.as_ref()])
        .status()
        .expect("curl runs");
    assert!(status.success(), "curl failed");
    0.0
}

/// curl leaves its file to the system, so a loss of power may take it.
fn curl_and_sync(file: &Path, url: &str) -> f64 {
    let peak = curl(file, url);
    File::open(file).and_then(|file| file.sync_all()).expect("a disk");
    peak
}

fn save(file: &Path, url: &str) -> f64 {
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["save-to".as_ref(), file.as_os_str(), url.as_ref()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "saving failed");
    let text = String::from_utf8(output.stdout).expect("text");
    let (peak, rows) = text.trim().split_once(' ').expect("two numbers");
    assert_eq!(rows, data::csv_rows().to_string());
    peak.parse().expect("a number")
}

/// The program that saves; it prints its peak memory above that before it asked, in MiB, and the rows.
pub fn run(file: &Path, url: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let client = ExportClient::builder()
            .service_id("service")
            .token("token")
            .base_url(url)
            .build()
            .expect("a client");
        let idle = programs::kibibytes("VmRSS:");
        let csv = client.user_profiles(&UserProfileQuery::all()).await.expect("CSV");
        let saved = csv.save(file).await.expect("a file");
        println!("{} {}", (programs::kibibytes("VmHWM:") - idle) / 1_024.0, saved.rows);
    });
}

/// Of those that have ended, in user mode and in the kernel.
fn cpu_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name in brackets may hold blanks.
    let (_, after_name) = stat.rsplit_once(')').expect("a name");
    let ticks = after_name.split_whitespace().skip(13).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() / TICKS_PER_SECOND
}
