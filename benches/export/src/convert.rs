//! What it takes to write an export as Parquet and as NDJSON, as ratios to DuckDB that writes the same rows.

use std::{path::Path, process::Command};

use dfinery::ExportClient;
use dfinery_export::{Compression, Days, EventExport, Exporter, Format, Taxonomy};

use crate::{
    data,
    duckdb::Duckdb,
    rounds::{self, ROUNDS, Written, is_there, kibibytes, megabytes, rounds},
    server,
};

const DAY: &str = "2026-11-20";
const NOW: &str = "2026-11-24T00:00:00Z";

/// Writes about 600 MB of CSV to the disk of temporary files, in turns with DuckDB. Of its two ways the faster counts.
pub fn measure() {
    if !is_there(Command::new("curl").arg("--version")) {
        println!("curl is not there to get what DuckDB reads");
        return;
    }
    let Some(duckdb) = Duckdb::find() else {
        println!("Python with duckdb is not there to compare with; DFINERY_TEST_PYTHON may name one");
        return;
    };
    let url = format!("http://{}/content-length", server::start());
    let disk = tempfile::tempdir().expect("a folder");
    println!(
        "{:.0} MB, whole processes, median of {ROUNDS} rounds, DuckDB {}",
        megabytes(data::bytes()),
        duckdb.version()
    );
    for (format, options) in [
        ("parquet", "FORMAT parquet, COMPRESSION zstd"),
        ("ndjson", "FORMAT json"),
    ] {
        let [piped, after, ours] = rounds(
            disk.path(),
            [
                &|folder| duckdb.piped(folder, &url, options),
                &|folder| duckdb.after(folder, &url, options),
                &|folder| convert(folder, &url, format),
            ],
        );
        println!("\n{format}");
        for (name, cost) in [
            ("curl | DuckDB", piped),
            ("curl, then DuckDB", after),
            ("dfinery, synced", ours),
        ] {
            println!(
                "  {name:<17} {:>6.2} s   {:>6.2} CPU-seconds   peak {:>5.0} MiB   {:>4.0} MB written",
                cost.seconds, cost.cpu_seconds, cost.peak_mebibytes, cost.megabytes
            );
        }
        let theirs = if piped.seconds < after.seconds { piped } else { after };
        let [most, most_of_theirs] = match format {
            "parquet" => ["   (at most 256)", "   (at most 0.25)"],
            _ => [""; 2],
        };
        println!(
            "  speed  {:>5.2} x DuckDB   (at least 2.00)",
            theirs.seconds / ours.seconds
        );
        println!("  CPU    {:>5.2} x DuckDB", ours.cpu_seconds / theirs.cpu_seconds);
        println!("  peak   {:>5.0} MiB{most}", ours.peak_mebibytes);
        println!(
            "  peak   {:>5.2} x DuckDB{most_of_theirs}",
            ours.peak_mebibytes / theirs.peak_mebibytes
        );
    }
}

fn convert(folder: &Path, url: &str, format: &str) -> Written {
    Written::by(rounds::this().arg("convert-to").arg(folder).args([url, format]))
}

/// The program that exports a day to a folder.
pub fn run(folder: &Path, url: &str, format: &str) {
    let (format, compression) = match format {
        "parquet" => (Format::Parquet, Compression::Zstd),
        "ndjson" => (Format::Ndjson, Compression::None),
        other => panic!("no format {other}"),
    };
    let day = Some(DAY.parse().expect("a day"));
    let export = EventExport {
        from: day,
        until: day,
        format,
        compression,
        ..EventExport::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = ExportClient::builder()
            .service_id("service")
            .token("token")
            .base_url(url)
            .build()
            .expect("a client");
        let exporter = Exporter::builder(&client, folder.join("state"))
            .taxonomy(Taxonomy::from_yaml(&data::taxonomy()).expect("a taxonomy"))
            .days(Days::default().clock(|| NOW.parse().expect("a time")))
            .build();
        let receipt = exporter
            .export_events(&export, folder.join("warehouse"))
            .await
            .expect("a folder");
        let [day] = &receipt.days[..] else {
            panic!("one day, not {receipt}");
        };
        assert!(day.unparsed.is_empty(), "{receipt}");
        rounds::say(kibibytes("VmHWM:"), receipt.rows, day.bytes);
    });
}
