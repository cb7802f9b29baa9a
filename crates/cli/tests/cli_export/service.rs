//! An emulator with events of the last days, and the command to export them.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use dfinery::{Event, Family, Identity, Timestamp, tables::RateLimit};
use dfinery_emulator::{Emulator, Settings, Unregistered};
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

pub struct Service {
    pub emulator: Emulator,
    pub folder: tempfile::TempDir,
}

impl Service {
    pub async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            unregistered: Unregistered::Accept,
            ..Settings::default()
        };
        let mut unlimited: RateLimit = Family::Export.rate_limit();
        unlimited.requests = 1_000_000;
        settings.rate_limits.insert(Family::Export, unlimited);
        change(&mut settings);
        Self {
            emulator: Emulator::builder().settings(settings).start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Loads so many events at noon of a day.
    pub async fn load(&self, day: Date, count: usize) {
        let import = self.emulator.import_client().build().unwrap();
        let user = Identity::external_id("kim, \"최초\"");
        let noon: Timestamp = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp().into();
        let events: Vec<_> = (0..count)
            .map(|_| Event::new("df_login").at(noon).property("memo", "줄\n바꿈, \"따옴표\""))
            .collect();
        for events in events.chunks(50) {
            import.load_events(&user, events).await.unwrap();
        }
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dfinery"));
        command
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .env("DFINERY_BASE_URL", self.emulator.base_url())
            .env("DFINERY_SERVICE_ID", self.emulator.service_id())
            .env("DFINERY_EXPORT_TOKEN", self.emulator.export_token())
            .env("DFINERY_PROGRESS", "none")
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .stdin(Stdio::null());
        command
    }

    pub async fn run(&self, arguments: &str) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// What a command prints on standard output; it must end with this exit code.
    pub async fn says(&self, arguments: &str, code: i32) -> String {
        let output = self.run(arguments).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {text}{errors}");
        format!("{text}{errors}")
    }
}

/// So many days ago.
pub fn ago(days: i32) -> Date {
    let today = jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    today.saturating_sub(days.days())
}

/// The rows of each day's CSV in a folder, whatever its manifests say.
pub fn rows(folder: &Path) -> BTreeMap<Date, usize> {
    let mut rows = BTreeMap::new();
    let Ok(partitions) = fs::read_dir(folder.join("events")) else {
        return rows;
    };
    for partition in partitions {
        let partition = partition.unwrap();
        let day = partition.file_name().into_string().unwrap()["dt=".len()..]
            .parse()
            .unwrap();
        // A partition is made just before its file.
        let Ok(reader) = csv::Reader::from_path(partition.path().join("part-00000.csv")) else {
            continue;
        };
        let records: Result<Vec<_>, _> = reader.into_records().collect();
        rows.insert(day, records.unwrap().len());
    }
    rows
}

/// The rows of each day as its manifest says.
pub fn manifests(folder: &Path) -> BTreeMap<Date, u64> {
    let mut rows = BTreeMap::new();
    let Ok(manifests) = fs::read_dir(folder.join("_dfinery/events")) else {
        return rows;
    };
    for manifest in manifests {
        let name = manifest.unwrap().file_name().into_string().unwrap();
        let Some(day) = name.strip_suffix(".json").and_then(|day| day.parse().ok()) else {
            continue;
        };
        let text = fs::read(folder.join("_dfinery/events").join(name)).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
        rows.insert(day, manifest["rows"].as_u64().unwrap());
    }
    rows
}
