//! Programs that take turns, and what they cost.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use crate::data;

pub const ROUNDS: usize = 5;
/// What a process uses in user mode and in the kernel is counted in these.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Clone, Copy)]
pub struct Cost {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub peak_mebibytes: f64,
    pub megabytes: f64,
}

/// What a program has written, and its peak memory.
pub struct Written {
    pub peak_mebibytes: f64,
    pub bytes: u64,
}

impl Written {
    /// Runs a program that ends with [`say`], and checks that it has written all rows.
    pub fn by(program: &mut Command) -> Self {
        let output = program.stderr(Stdio::inherit()).output().expect("the program runs");
        assert!(output.status.success(), "{program:?} failed");
        let text = String::from_utf8(output.stdout).expect("text");
        let numbers: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
        let [peak_kibibytes, rows, bytes] = numbers.expect("numbers")[..] else {
            panic!("{program:?} says {text}");
        };
        assert_eq!(rows, data::rows(), "{program:?}");
        #[allow(clippy::cast_precision_loss)]
        let peak_mebibytes = peak_kibibytes as f64 / 1_024.0;
        Self { peak_mebibytes, bytes }
    }
}

/// Ends a program that [`Written::by`] runs.
pub fn say(peak_kibibytes: u64, rows: u64, bytes: u64) {
    println!("{peak_kibibytes} {rows} {bytes}");
}

/// The median of each value of each program. A program gets an empty folder, which is removed after it.
pub fn rounds<const N: usize>(folder: &Path, programs: [&dyn Fn(&Path) -> Written; N]) -> [Cost; N] {
    let mut costs = [const { Vec::new() }; N];
    let folder = folder.join("out");
    for _ in 0..ROUNDS {
        for (program, costs) in programs.iter().zip(&mut costs) {
            fs::create_dir(&folder).expect("a folder");
            let (began, cpu_before) = (Instant::now(), cpu_seconds_of_children());
            let written = program(&folder);
            costs.push(Cost {
                seconds: began.elapsed().as_secs_f64(),
                cpu_seconds: cpu_seconds_of_children() - cpu_before,
                peak_mebibytes: written.peak_mebibytes,
                megabytes: megabytes(written.bytes),
            });
            fs::remove_dir_all(&folder).expect("the folder");
        }
    }
    costs.map(|costs| {
        let median = |value: fn(&Cost) -> f64| median(costs.iter().map(value).collect());
        Cost {
            seconds: median(|cost| cost.seconds),
            cpu_seconds: median(|cost| cost.cpu_seconds),
            peak_mebibytes: median(|cost| cost.peak_mebibytes),
            megabytes: median(|cost| cost.megabytes),
        }
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[allow(clippy::cast_precision_loss)]
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

/// Whether a program can be run, by a call that does nothing.
pub fn is_there(program: &mut Command) -> bool {
    program.output().is_ok_and(|output| output.status.success())
}

/// This program.
pub fn this() -> Command {
    Command::new(env::current_exe().expect("this program"))
}

/// curl, which asks as the client does and writes the answer to standard output.
pub fn curl(url: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--data", "{}", url]);
    curl
}

/// What the system says of the memory of this process.
pub fn kibibytes(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let text = status.lines().find_map(|line| line.strip_prefix(field));
    text.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .expect("a number")
}

/// Of those that have ended, in user mode and in the kernel.
fn cpu_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name in brackets may hold blanks.
    let (_, after_name) = stat.rsplit_once(')').expect("a name");
    let ticks = after_name.split_whitespace().skip(13).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() / TICKS_PER_SECOND
}
