//! What bulk loading costs, as ratios to other programs that load the same file into the same server.
//!
//! `cargo run --release --manifest-path benches/load/Cargo.toml` prints CPU time, kernel included, of whole processes that
//! load or check a file each. The server is a process of its own and answers every request with success. The programs take
//! turns; the median of the rounds counts. `-- memory` loads a file of 2 GB instead and prints the peak memory,
//! `-- failures` prints how much of its throughput a load keeps when calls fail by chance, and `-- groups` compares one
//! event of several rows with one of each row.

mod data;
mod failures;
mod groups;
mod programs;
mod server;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

const ROUNDS: usize = 7;

fn main() {
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        None => measure(),
        Some("memory") => memory(),
        Some("failures") => failures::measure(),
        Some("groups") => groups::measure(),
        Some("serve") => server::run(&arguments.next().expect("an address")),
        Some(program) => {
            let file = PathBuf::from(arguments.next().expect("a file"));
            let address = arguments.next().expect("an address");
            programs::run(program, &file, &address);
        }
    }
}

fn measure() {
    let server = server::Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let scattered = folder.path().join("one-event-a-user.ndjson");
    let grouped = folder.path().join("hundred-events-a-user.ndjson");
    data::write(&scattered, 40_000, 1);
    data::write(&grouped, 2_500, 100);

    println!("median of {ROUNDS} rounds, CPU time of the whole process\n");
    let [ours, theirs] = rounds(&scattered, &server.address, ["load", "prebuilt"]);
    println!("1 event a call, 40,000 calls");
    println!("  reqwest, bodies ready      {:>8.1} µs/call", theirs / 40_000.0);
    println!(
        "  dfinery                    {:>8.1} µs/call   {:.2} x   (at most 1.50)",
        ours / 40_000.0,
        ours / theirs
    );

    let programs = ["load", "naive", "posthog"];
    let [ours, naive, posthog] = rounds(&grouped, &server.address, programs);
    let rate = |microseconds: f64| 250_000.0 / microseconds * 1_000_000.0;
    println!("\n100 events a call, 250,000 events, checked against a taxonomy");
    println!("  dfinery                    {:>8.0} events per CPU-second", rate(ours));
    println!(
        "  serde_json::Value, reqwest {:>8.0} events per CPU-second   dfinery {:.2} x   (at least 2.50)",
        rate(naive),
        naive / ours
    );
    println!(
        "  posthog-rs, 16 tasks       {:>8.0} events per CPU-second   dfinery {:.2} x   (at least 8.00)",
        rate(posthog),
        posthog / ours
    );

    let [ours, value] = rounds(&grouped, &server.address, ["check", "value"]);
    let megabytes = megabytes(&grouped);
    let speed = |microseconds: f64| megabytes / microseconds * 1_000_000.0;
    println!("\nchecking only, {megabytes:.0} MB");
    println!("  serde_json::Value a line   {:>8.0} MB per CPU-second", speed(value));
    println!(
        "  dfinery check              {:>8.0} MB per CPU-second   {:.2} x   (at least 2.50)",
        speed(ours),
        value / ours
    );
}

/// Peak memory while loading 2 GB, with the events of a user together and scattered.
fn memory() {
    let server = server::Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large.ndjson");
    for (name, users, events, extra) in [
        ("together", 55_000, 100, None),
        ("scattered", 55_000, 100, None),
        ("scattered, sorted on disk", 55_000, 100, Some("--sort")),
    ] {
        if name == "together" {
            data::write(&file, users, events);
        } else {
            data::write_scattered(&file, users, events);
        }
        let began = Instant::now();
        let program = if extra.is_some() { "load-sorted" } else { "load" };
        let output = run(program, &file, &server.address);
        println!(
            "{name:<26} {:>6.0} MB  {:>6.1} s  peak {:>6.1} MiB   (at most 64)   {}",
            megabytes(&file),
            began.elapsed().as_secs_f64(),
            output.peak_kibibytes / 1_024.0,
            output.said,
        );
    }
}

/// The median CPU time of each program in microseconds.
fn rounds<const N: usize>(file: &Path, address: &str, programs: [&str; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (program, times) in programs.iter().zip(&mut times) {
            times.push(run(program, file, address).microseconds);
        }
    }
    times.map(|times| median(times.into_iter()))
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<_> = times.collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

struct Output {
    microseconds: f64,
    peak_kibibytes: f64,
    said: String,
}

/// Runs one program; it prints its own CPU time and peak memory at its end.
fn run(program: &str, file: &Path, address: &str) -> Output {
    let mut state = file.as_os_str().to_owned();
    state.push(".dfinery");
    let _ = fs::remove_dir_all(&state);
    let output = Command::new(env::current_exe().expect("this program"))
        .args([program.as_ref(), file.as_os_str(), address.as_ref()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{program} failed");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut words = text.splitn(3, ' ');
    let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
    Output {
        microseconds: number(),
        peak_kibibytes: number(),
        said: words.next().unwrap_or_default().trim().to_owned(),
    }
}

#[allow(clippy::cast_precision_loss)]
fn megabytes(file: &Path) -> f64 {
    fs::metadata(file).expect("the file").len() as f64 / 1_000_000.0
}
