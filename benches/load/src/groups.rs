//! What it costs to make one event of the rows of a receipt, compared with one event of each row of the same file.

use std::path::Path;

use crate::{Output, data, median, megabytes, run, server};

const ROUNDS: usize = 5;

pub fn measure() {
    let server = server::Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    println!("median of {ROUNDS} rounds in turns, CPU time and peak memory of the whole process");
    let night = folder.path().join("night.csv");
    data::write_receipts(&night, 57_000, 200_001);
    compare("200,001 rows in 57,000 groups", &night, &server.address);
    let many = folder.path().join("many.csv");
    data::write_receipts(&many, 1_200_000, 1_500_000);
    compare("1,500,000 rows in 1,200,000 groups", &many, &server.address);
}

fn compare(name: &str, file: &Path, address: &str) {
    println!("\n{name}, {:.0} MB", megabytes(file));
    for (what, programs) in [
        ("check", ["check-rows", "check-groups", "check-sorted-groups"]),
        ("load", ["load-rows", "load-groups", "load-sorted-groups"]),
    ] {
        let mut outputs = [const { Vec::<Output>::new() }; 3];
        for _ in 0..ROUNDS {
            for (program, outputs) in programs.iter().zip(&mut outputs) {
                outputs.push(run(program, file, address));
            }
        }
        let [rows, groups, sorted] = outputs.map(|outputs| {
            let peak = outputs.iter().map(|output| output.peak_kibibytes).fold(0.0, f64::max);
            (median(outputs.iter().map(|output| output.microseconds)), peak / 1_024.0)
        });
        for (how, (time, peak), bound) in [
            ("by row", rows, ""),
            ("by group", groups, "   (at least 0.60)"),
            ("by group, sorted on disk", sorted, ""),
        ] {
            println!(
                "  {what:<6} {how:<24} {:>7.2} s   speed {:.2} x{bound:<18}   peak {peak:>5.1} MiB   (at most 64)",
                time / 1e6,
                rows.0 / time,
            );
        }
    }
}
