//! An emulator with events on many days, and what a folder of exports says about them.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
};

use dfinery::{Event, Identity, Timestamp};
use dfinery_emulator::{Clock, Emulator, Settings, Unregistered};
use dfinery_export::{Days, Exporter, ExporterBuilder};
use jiff::civil::Date;

/// Now, for the emulator and for exporters.
pub const NOW: &str = "2026-11-27T18:00:00Z";

/// An emulator whose clock tests set.
pub struct Service {
    pub emulator: Emulator,
    now: Arc<AtomicI64>,
    pub state: tempfile::TempDir,
}

impl Service {
    pub async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let now = Arc::new(AtomicI64::new(now.to_jiff().as_second()));
        let mut settings = Settings {
            unregistered: Unregistered::Accept,
            enforce_required: false,
            ..Settings::default()
        };
        change(&mut settings);
        let clock = Arc::clone(&now);
        settings.clock = Clock::new(move || jiff::Timestamp::from_second(clock.load(SeqCst)).unwrap().into());
        Self {
            emulator: Emulator::builder().settings(settings).start().await.unwrap(),
            now,
            state: tempfile::tempdir().unwrap(),
        }
    }

    pub fn pass(&self, hours: i64) {
        self.now.fetch_add(hours * 3_600, SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, now: jiff::Timestamp) {
        self.now.store(now.as_second(), SeqCst);
    }

    pub fn exporter(&self, change: impl FnOnce(ExporterBuilder) -> ExporterBuilder) -> Exporter {
        let client = self.emulator.export_client().build().unwrap();
        let builder = Exporter::builder(&client, self.state.path()).days(self.days());
        change(builder).build()
    }

    /// Days that settle at once, by the emulator's clock.
    pub fn days(&self) -> Days {
        let now = Arc::clone(&self.now);
        Days::default()
            .settle(std::time::Duration::ZERO)
            .clock(move || jiff::Timestamp::from_second(now.load(SeqCst)).unwrap().into())
    }

    /// Loads events at noon of a day, by name.
    pub async fn load(&self, day: &str, events: &[(&str, usize)]) {
        let import = self.emulator.import_client().build().unwrap();
        let user = Identity::external_id("kim \"최초\", 서울");
        for (name, count) in events {
            let events: Vec<_> = (0..*count)
                .map(|position| {
                    let time = format!("{day}T12:00:{:02}.{:03}Z", position / 1_000, position % 1_000);
                    Event::new(*name).at(time.parse::<Timestamp>().unwrap())
                })
                .collect();
            for events in events.chunks(50) {
                import.load_events(&user, events).await.unwrap();
            }
        }
    }

    /// The events that the emulator has, by day and name.
    pub fn stored(&self) -> BTreeMap<Date, BTreeMap<String, u64>> {
        let mut stored: BTreeMap<Date, BTreeMap<String, u64>> = BTreeMap::new();
        for record in self.emulator.ledger().events() {
            let day = record
                .event
                .event_datetime
                .to_jiff()
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date();
            *stored
                .entry(day)
                .or_default()
                .entry(record.event.event_name.clone())
                .or_default() += 1;
        }
        stored
    }
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// The rows of a folder's CSV files by day and name, of days that have a manifest.
pub fn exported(folder: &Path) -> BTreeMap<Date, BTreeMap<String, u64>> {
    let mut exported = BTreeMap::new();
    for entry in fs::read_dir(folder.join("_dfinery/events")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(day) = name.strip_suffix(".json").and_then(|name| name.parse::<Date>().ok()) else {
            continue;
        };
        let mut rows = csv::Reader::from_path(folder.join(format!("events/dt={day}/part-00000.csv"))).unwrap();
        let header = rows.headers().unwrap().clone();
        let place = |name: &str| header.iter().position(|column| column == name).unwrap();
        let mut events = BTreeMap::new();
        for row in rows.records() {
            let row = row.unwrap();
            assert_eq!(row[place("_dfinery_day")], day.to_string());
            *events.entry(row[place("event_name")].to_owned()).or_default() += 1;
        }
        exported.insert(day, events);
    }
    exported
}
