//! What a probe says of emulators that behave in every way that the documentation allows.

use dfinery::{Event, Identity, Operation, PropertyValue};
use dfinery_emulator::{DayZone, ExportTime, Fault, ItemRows, Settings};
use dfinery_export::{self as export, Calibration, DayBy, Finding, LastDay, Probe, Stopped};
use jiff::{SignedDuration, Timestamp};

use crate::service::{NOW, Service, date};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How an emulator behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rule {
    zone: DayZone,
    time: ExportTime,
    inclusive: bool,
    items: ItemRows,
}

impl Rule {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for zone in [DayZone::Utc, DayZone::Kst] {
            for time in [ExportTime::Event, ExportTime::Server] {
                for inclusive in [true, false] {
                    for items in [ItemRows::Joined, ItemRows::Separate] {
                        all.push(Self {
                            zone,
                            time,
                            inclusive,
                            items,
                        });
                    }
                }
            }
        }
        all
    }

    fn set(self, settings: &mut Settings) {
        settings.day_zone = self.zone;
        settings.export_time = self.time;
        settings.to_date_inclusive = self.inclusive;
        settings.item_rows = self.items;
    }

    const fn last_day(self) -> LastDay {
        if self.inclusive {
            LastDay::Included
        } else {
            LastDay::Excluded
        }
    }

    const fn day_by(self) -> DayBy {
        match self.time {
            ExportTime::Event => DayBy::Event,
            ExportTime::Server => DayBy::Server,
        }
    }

    const fn hours(self) -> i32 {
        match self.zone {
            DayZone::Utc => 0,
            DayZone::Kst => 9,
        }
    }

    const fn item_rows(self) -> export::ItemRows {
        match self.items {
            ItemRows::Joined => export::ItemRows::Joined,
            ItemRows::Separate => export::ItemRows::Separate,
        }
    }

    /// Asserts that what is decided is right. Returns how much is: the last day, the time, the start and the items.
    fn check(self, probe: &Probe) -> [bool; 4] {
        let found = &probe.findings;
        let right = |right: Option<bool>| {
            assert_ne!(right, Some(false), "{self:?}\n{probe}");
            right.is_some()
        };
        assert!(probe.queries.len() >= 3 && probe.queries.len() <= 5, "{probe}");
        [
            right(found.last_day.value().map(|value| *value == self.last_day())),
            right(found.day_by.value().map(|value| *value == self.day_by())),
            right(
                found
                    .day_start
                    .value()
                    .map(|value| value.offset.seconds() == self.hours() * 3_600),
            ),
            right(found.item_rows.value().map(|value| *value == self.item_rows())),
        ]
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at(NOW)
}

/// Events of one moment with up to three items.
fn events(time: Timestamp, count: usize, items: bool) -> Vec<Event> {
    let mut events = Vec::new();
    for number in 0..count {
        let time = time + SignedDuration::from_millis(1 + i64::try_from(number).unwrap());
        let mut event = Event::new("df_purchase")
            .at(time)
            .property("df_total_purchase_amount", 9_900.5)
            .property("is_gift", true)
            .property("seen_at", PropertyValue::Datetime(time.into()))
            .property("tags", PropertyValue::Strings(vec!["kim".to_owned(), "lee".to_owned()]));
        for item in 0..if items { 1 + number % 3 } else { 0 } {
            event = event.item([
                ("df_item_id", PropertyValue::from(format!("tea-{item}"))),
                (
                    "df_price",
                    PropertyValue::from(1_000.5 + f64::from(u8::try_from(item).unwrap())),
                ),
            ]);
        }
        events.push(event);
    }
    events
}

impl Service {
    /// Loads events that reach the server a second after a time.
    async fn load_at(&self, time: Timestamp, events: &[Event]) {
        self.set(time + SignedDuration::from_secs(1));
        let import = self.emulator.import_client().build().unwrap();
        let user = Identity::external_id("kim \"최초\", 서울");
        import.load_events(&user, events).await.unwrap();
    }

    /// Events in the first and the last minutes of all days in both zones, in order, and some that are a day late.
    async fn load_rich(&self, late: bool, items: bool) {
        let minutes = SignedDuration::from_mins(5);
        let mut border = at("2026-11-23T00:00:00Z");
        while border < at("2026-11-27T16:00:00Z") {
            for hours in [0, 15] {
                let border = border + SignedDuration::from_hours(hours);
                let before = border - minutes;
                self.load_at(before, &events(before, 6, items)).await;
                let mut after = events(border + minutes, 6, items);
                if late {
                    after.extend(events(border - DAY - minutes, 6, items));
                }
                self.load_at(border + minutes, &after).await;
            }
            border += DAY;
        }
        self.set(now());
    }

    async fn probe(&self) -> Probe {
        let exporter = self.exporter(|builder| builder.reserve(0));
        let probe = exporter.probe(None).await.unwrap();
        let left = std::fs::read_dir(self.state.path()).unwrap();
        assert_eq!(left.count(), 1, "only the quota is left");
        probe
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_around_the_borders_show_every_rule() {
    for rule in Rule::all() {
        let service = Service::start(|settings| rule.set(settings)).await;
        service.load_rich(true, true).await;
        let probe = service.probe().await;
        assert_eq!(rule.check(&probe), [true; 4], "{rule:?}\n{probe}");
        assert_eq!(probe.calibration.day, date("2026-11-25"), "{probe}");
        let lines = probe.to_string();
        assert!(lines.lines().all(|line| line.chars().count() <= 80), "{lines}");
        let last_day = format!("\nLast day of a query: {}\n  included: ", rule.last_day());
        assert!(lines.contains(&last_day), "{lines}");
        let text = serde_json::to_string(&probe).unwrap();
        let calibration: Calibration = serde_json::from_str(&text).unwrap();
        assert_eq!(calibration, probe.calibration);
        assert_eq!(calibration.to_date_inclusive, Some(rule.inclusive));
        let lateness = calibration.lateness.unwrap();
        assert!(
            lateness.p50 <= 1 && lateness.max > 80_000 && lateness.rows >= 36 && lateness.early == 0,
            "{probe}"
        );
        let spellings = &probe.findings.spellings;
        let keys = |forms: &std::collections::BTreeMap<String, u64>| forms.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&spellings.booleans), ["true"], "{probe}");
        assert_eq!(keys(&spellings.datetimes), ["0000-00-00T00:00:00.000Z"], "{probe}");
        assert!(keys(&spellings.arrays).contains(&"[\"a\",\"a\"]".to_owned()), "{probe}");
        for personal in ["kim", "lee", "tea", "9900", "서울"] {
            assert!(
                !text.contains(personal) && !probe.to_string().contains(personal),
                "{personal}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_rows_show_nothing_wrong() {
    for rule in Rule::all() {
        let start = || Service::start(|settings| rule.set(settings));

        let empty = start().await.probe().await;
        assert_eq!(rule.check(&empty), [false; 4], "{empty}");
        assert!(matches!(empty.findings.lateness, Finding::NotEnough { .. }), "{empty}");

        let service = start().await;
        for day in 22..28 {
            let noon = at(&format!("2026-11-{day}T12:00:00Z"));
            service.load_at(noon, &events(noon, 20, false)).await;
        }
        service.set(now());
        let noon = service.probe().await;
        assert_eq!(rule.check(&noon), [true, false, false, false], "{noon}");

        let service = start().await;
        for hour in [1, 25, 26, 40, 55, 71] {
            let time = at("2026-11-24T00:30:00Z") + SignedDuration::from_hours(hour);
            let earlier = time - SignedDuration::from_hours(hour % 30);
            service.load_at(time, &events(earlier, 1, true)).await;
        }
        service.set(now());
        let few = service.probe().await;
        assert!(!rule.check(&few)[2], "{few}");

        // All nine hours late: what one time allows in a zone, the other does in another, if there is such a zone.
        let service = start().await;
        for hour in 0..6 * 24 {
            let time = at("2026-11-21T12:20:00Z") + SignedDuration::from_hours(hour);
            service
                .load_at(time, &events(time - SignedDuration::from_hours(9), 1, true))
                .await;
        }
        service.set(now());
        let shifted = service.probe().await;
        let decided = rule.check(&shifted);
        let has_no_such_zone = (rule.zone, rule.time) == (DayZone::Kst, ExportTime::Server);
        assert_eq!((decided[1], decided[2]), (has_no_such_zone, false), "{shifted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_on_time_show_where_a_day_begins_and_not_by_which_time() {
    for rule in Rule::all() {
        let service = Service::start(|settings| rule.set(settings)).await;
        service.load_rich(false, false).await;
        let probe = service.probe().await;
        assert_eq!(rule.check(&probe), [true, false, true, false], "{probe}");
        assert_eq!(probe.queries.len(), 5, "{probe}");
        assert!(probe.queries[3..].iter().all(|query| query.rows > Some(0)), "{probe}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_without_rows_are_passed_over() {
    let service = Service::start(|_| ()).await;
    for day in [21, 22] {
        let noon = at(&format!("2026-11-{day}T12:00:00Z"));
        service.load_at(noon, &events(noon, 6, true)).await;
    }
    service.set(now());
    let probe = service.probe().await;
    assert_eq!(probe.findings.last_day.value(), Some(&LastDay::Included), "{probe}");
    assert_eq!(probe.queries[2].rows, Some(12), "{probe}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_fails_leaves_its_question_open() {
    let rule = Rule::all()[2];
    let service = Service::start(|settings| rule.set(settings)).await;
    service.load_rich(true, true).await;
    let mut faults = vec![Fault::None];
    faults.extend(vec![Fault::Status(500); 3]);
    service.emulator.script_for(Operation::ExportEvents, faults);
    let probe = service.probe().await;
    assert!(probe.queries[1].failed.is_some(), "{probe}");
    rule.check(&probe);
    assert!(probe.calls == probe.queries.len() as u64 + 2, "{probe}");
    assert!(probe.to_string().contains("500"), "{probe}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_ends_a_probe_and_nothing_is_made_up() {
    let service = Service::start(|settings| settings.rate_limit_divisor = 50).await;
    service.load_rich(true, true).await;
    let probe = service
        .exporter(|builder| builder.reserve(0))
        .probe(None)
        .await
        .unwrap();
    assert!(matches!(probe.stopped, Some(Stopped::QuotaSpent(_))), "{probe}");
    assert_eq!(probe.calls, 2, "{probe}");
    assert!(
        serde_json::to_string(&probe)
            .unwrap()
            .contains("\"stopped\":\"the quota")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_has_not_ended_everywhere_is_not_asked_for() {
    let service = Service::start(|_| ()).await;
    let exporter = service.exporter(|builder| builder);
    for day in ["2026-11-26", "2026-11-27"] {
        assert!(exporter.probe(Some(date(day))).await.is_err());
    }
    let probe = exporter.probe(Some(date("2026-11-20"))).await.unwrap();
    assert_eq!(probe.queries[0].from, date("2026-11-20"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calibration_is_a_default_for_exports() {
    let text = r#"{"version":1,"day":"2026-11-25","asked_at":"2026-11-27T18:00:00Z",
        "to_date_inclusive":true,"day_offset":"+09:00"}"#;
    let calibration: Calibration = serde_json::from_str(text).unwrap();
    let service = Service::start(|_| ()).await;
    let newest = |exporter: export::Exporter| async move {
        let folder = tempfile::tempdir().unwrap();
        let all = export::EventExport::default();
        let receipt = exporter.export_events(&all, folder.path()).await.unwrap();
        receipt.days.last().unwrap().day
    };
    // It is 03:00 of the 28th in Korea.
    let calibrated = service.exporter(|builder| {
        let days = service.days().calibration(&calibration);
        builder.reserve(0).days(days)
    });
    assert_eq!(newest(calibrated).await, date("2026-11-27"));
    for set_first in [true, false] {
        let utc = service.exporter(|builder| {
            builder.days(if set_first {
                service.days().time_zone("UTC").unwrap().calibration(&calibration)
            } else {
                service.days().calibration(&calibration).time_zone("UTC").unwrap()
            })
        });
        assert_eq!(newest(utc).await, date("2026-11-26"));
    }
    let settles = |day_by: &str, rows: u64, observed: u64| {
        let late =
            format!(r#"{{"rows":{rows},"p50":1,"p99":60,"p99_9":7201,"max":90000,"early":0,"observed":{observed}}}"#);
        let text = text.replace('}', &format!(r#","day_by":"{day_by}","lateness":{late}}}"#));
        let calibration: Calibration = serde_json::from_str(&text).unwrap();
        calibration.settle().map(|settle| settle.as_secs() / 3_600)
    };
    assert_eq!(settles("event", 10_000, 50_000), Some(3));
    assert_eq!(settles("event", 9_999, 50_000), None);
    assert_eq!(
        settles("event", 10_000, 14_000),
        None,
        "later rows could not be seen yet"
    );
    assert_eq!(settles("server", 10_000, 50_000), None);
    for wrong in [
        text.replace("+09:00", "+9"),
        text.replace("+09:00", "+30:00"),
        text.replace("+09:00", "KST"),
        text.replace("\"version\":1", "\"version\":2"),
    ] {
        assert!(serde_json::from_str::<Calibration>(&wrong).is_err(), "{wrong}");
    }
}
