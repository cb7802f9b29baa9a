//! What keeps a folder right: clocks that were wrong, files that were touched, other settings than the last time.

use std::{fs, path::Path};

use dfinery::{ExportCode, Operation};
use dfinery_emulator::Fault;
use dfinery_export::{
    Compression, DayState, EventExport, Exporter, Fate, FileExport, FileQuery, Format, NameFilter, ProfileFilter,
    Receipt, Stopped, Taxonomy, status, verify,
};
use jiff::{Timestamp, ToSpan as _};

use crate::service::{NOW, Service, date, exported};

fn day(day: &str) -> EventExport {
    EventExport {
        from: Some(date(day)),
        until: Some(date(day)),
        ..EventExport::default()
    }
}

/// An answer of one row whose header has these columns besides.
fn answer(columns: &str) -> Fault {
    let cells = ",x".repeat(columns.matches(',').count());
    let body = format!("df_unified_id,event_name{columns}\nu,df_login{cells}\n");
    Fault::Answer {
        status: 200,
        content_type: Some("text/csv".to_owned()),
        body: body.into(),
    }
}

impl Service {
    async fn export(&self, export: &EventExport, folder: &Path) -> Receipt {
        let exporter = self.exporter(|builder| builder.reserve(0));
        exporter.export_events(export, folder).await.unwrap()
    }

    async fn refusal(&self, export: &EventExport, folder: &Path) -> String {
        let exporter = self.exporter(|builder| builder.reserve(0));
        exporter.export_events(export, folder).await.unwrap_err().to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_loses_no_day() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 7)]).await;
    let folder = tempfile::tempdir().unwrap();
    service.export(&day("2026-11-20"), folder.path()).await;
    let now: Timestamp = NOW.parse().unwrap();
    service.set(now + (90 * 24).hours());
    let ahead = service.export(&EventExport::default(), folder.path()).await;
    assert!(ahead.has_lost(), "{ahead}");
    service.set(now);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert!(
        receipt
            .days
            .iter()
            .all(|day| matches!(day.fate, Fate::Complete | Fate::Unchanged | Fate::Replaced { .. })),
        "{receipt}"
    );
    assert_eq!(
        (receipt.complete_until, receipt.lost),
        (Some(date("2026-11-26")), 0),
        "{receipt}"
    );
    assert_eq!(exported(folder.path())[&date("2026-11-25")]["df_login"], 7);
    let status = status(folder.path(), &service.days()).unwrap();
    assert!(
        status.days.iter().all(|seen| seen.day <= date("2026-11-28")),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_exported_before_it_had_ended_is_exported_again() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    service.set(now + (10 * 24).hours());
    service.export(&EventExport::default(), folder.path()).await;
    service.set(now);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert_eq!(receipt.complete_until, Some(date("2026-11-26")), "{receipt}");
    service.load("2026-11-28", &[("df_login", 3)]).await;
    service.set(now + (3 * 24).hours());
    let seen = status(folder.path(), &service.days()).unwrap();
    assert!(
        seen.has_holes() && seen.complete_until == Some(date("2026-11-26")),
        "{seen}"
    );
    service.set(now + (8 * 24).hours());
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    let changed = receipt.days.iter().find(|changed| changed.day == date("2026-11-28"));
    assert_eq!(changed.unwrap().fate, Fate::Replaced { change: 3 }, "{receipt}");
    assert_eq!(exported(folder.path())[&date("2026-11-28")]["df_login"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_has_left_is_put_right_by_the_next_export() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    service.export(&day("2026-11-25"), folder.path()).await;
    let own = folder.path().join("_dfinery");
    let (manifest, announced) = (
        own.join("events/2026-11-25.json"),
        own.join("events/2026-11-25.next.json"),
    );
    fs::rename(&manifest, &announced).unwrap();
    let strays = [own.join("tmp/7.raw"), own.join("events/2026-11-24.next.json")];
    fs::write(&strays[0], "half").unwrap();
    fs::write(&strays[1], "{").unwrap();
    assert!(verify(folder.path()).unwrap().is_good());
    service.export(&day("2026-11-26"), folder.path()).await;
    assert!(manifest.exists() && !announced.exists());
    assert!(strays.iter().all(|stray| !stray.exists()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_the_calendar_contradicts_loses_no_day() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let gone = Fault::Export(ExportCode::ExceedDateRangeLimit);
    service.emulator.script_for(Operation::ExportEvents, [gone]);
    let receipt = service.export(&day("2026-11-20"), folder.path()).await;
    assert!(receipt.holes().count() == 1 && !receipt.has_lost(), "{receipt}");
    let receipt = service.export(&day("2026-11-20"), folder.path()).await;
    assert_eq!(receipt.days[0].fate, Fate::Complete, "{receipt}");

    let folder = tempfile::tempdir().unwrap();
    let gone = Fault::Export(ExportCode::ExceedDateRangeLimit);
    service.emulator.script_for(Operation::ExportEvents, [gone]);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert!(receipt.holes().count() == 1 && receipt.days.len() == 30, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_gets_nowhere_begins_no_folder_and_so_loses_no_day_of_it() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let client = service.emulator.export_client().token("wrong");
    let exporter = Exporter::builder(&client.build().unwrap(), service.state.path()).days(service.days());
    let receipt = exporter.build().export_events(&EventExport::default(), folder.path());
    let receipt = receipt.await.unwrap();
    assert!(matches!(receipt.stopped, Some(Stopped::Refused(_))), "{receipt}");
    assert_eq!(receipt.holes().count(), 30, "{receipt}");
    service.pass(10 * 24);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert!(!receipt.has_lost() && receipt.lost == 0, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_service_refuses_is_not_made_for_every_day() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let refused = Fault::Export(ExportCode::InvalidParameter);
    service.emulator.script_for(Operation::ExportEvents, vec![refused; 40]);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert!(matches!(receipt.stopped, Some(Stopped::Refused(_))), "{receipt}");
    assert_eq!(receipt.calls, 1, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_can_no_longer_be_had_is_not_asked_for_again() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    service.export(&EventExport::default(), folder.path()).await;
    service.pass(60 * 24);
    service.load("2027-01-25", &[("df_login", 1)]).await;
    let from_the_first = EventExport {
        from: Some(date("2026-01-01")),
        ..EventExport::default()
    };
    for export in [EventExport::default(), from_the_first] {
        let receipt = service.export(&export, folder.path()).await;
        assert!(receipt.stopped.is_none(), "{receipt}");
        assert!(
            receipt.days.iter().all(|day| !matches!(day.fate, Fate::Kept { .. })),
            "{receipt}"
        );
        let lost = receipt.days.iter().filter(|day| matches!(day.fate, Fate::Lost { .. }));
        // What was never exported of the 60 days and is gone by now.
        assert_eq!((lost.count(), receipt.lost), (30, 30), "{receipt}");
        assert!(
            receipt.to_string().contains("except for 30 days that were lost"),
            "{receipt}"
        );
        let said = receipt
            .notes
            .iter()
            .any(|note| note.contains("Days from 2026-01-01 on"));
        assert_eq!(said, export.from.is_some(), "{receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_selection_needs_another_folder() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 1), ("df_logout", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let only = |names: &[&str]| EventExport {
        events: NameFilter::Only(names.iter().map(|name| (*name).to_owned()).collect()),
        ..day("2026-11-25")
    };
    service.export(&only(&["df_login", "df_purchase"]), folder.path()).await;
    for other in [day("2026-11-25"), only(&["df_login"])] {
        let said = service.refusal(&other, folder.path()).await;
        assert!(
            said.contains("holds another selection (events: df_login, df_purchase;"),
            "{said}"
        );
    }
    let same = only(&["df_purchase", "df_login", "df_login"]);
    let receipt = service.export(&same, folder.path()).await;
    assert_eq!(receipt.days[0].fate, Fate::Unchanged);

    let exporter = service.exporter(|builder| builder.reserve(0));
    let profiles = |audience: Option<&str>| ProfileFilter {
        audience: audience.map(str::to_owned),
        properties: NameFilter::All,
    };
    let (csv, plain) = (Format::Csv, Compression::None);
    let mut paths = Vec::new();
    for _ in 0..2 {
        let saved = exporter
            .export_profiles(&profiles(None), csv, plain, folder.path())
            .await;
        paths.push(saved.unwrap().path.unwrap());
    }
    assert_ne!(paths[0], paths[1], "two snapshots within a second");
    let other = exporter
        .export_profiles(&profiles(Some("vip")), csv, plain, folder.path())
        .await;
    let said = other.unwrap_err().to_string();
    assert!(said.contains("audience: vip"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_table_is_a_hole_of_its_day_and_leaves_the_folder_as_it_was() {
    for (columns, problem) in [
        (",_dfinery_day", "_dfinery_day"),
        (",_dfinery_unparsed", "_dfinery_unparsed"),
        (",a,a", "twice"),
    ] {
        let service = Service::start(|_| ()).await;
        let folder = tempfile::tempdir().unwrap();
        let export = EventExport {
            from: Some(date("2026-11-25")),
            ..EventExport::default()
        };
        service.emulator.script_for(Operation::ExportEvents, [answer(columns)]);
        let receipt = service.export(&export, folder.path()).await;
        assert!(receipt.stopped.is_none(), "{receipt}");
        let holes: Vec<_> = receipt.holes().map(ToString::to_string).collect();
        assert!(holes.len() == 1 && holes[0].contains(problem), "{receipt}");
        assert_eq!(receipt.days[0].fate, Fate::Complete, "{receipt}");
        let receipt = service.export(&export, folder.path()).await;
        assert_eq!(receipt.holes().count(), 0, "{receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_or_damaged_is_written_again_when_its_day_is_asked_for() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 2)]).await;
    let folder = tempfile::tempdir().unwrap();
    service.export(&day("2026-11-25"), folder.path()).await;
    let part = folder.path().join("events/dt=2026-11-25/part-00000.csv");
    let whole = fs::read(&part).unwrap();
    for damage in [
        None,
        Some(&whole[1..]),
        Some(&[&whole[..whole.len() - 2], b"!\n"].concat()[..]),
    ] {
        fs::remove_file(&part).unwrap();
        if let Some(damage) = damage {
            fs::write(&part, damage).unwrap();
        }
        assert!(!verify(folder.path()).unwrap().is_good());
        let receipt = service.export(&day("2026-11-25"), folder.path()).await;
        assert_eq!(receipt.days[0].fate, Fate::Replaced { change: 0 }, "{receipt}");
        assert!(verify(folder.path()).unwrap().is_good());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_manifest_is_told_and_its_day_is_exported_again_while_it_can_be_had() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 2)]).await;
    let folder = tempfile::tempdir().unwrap();
    service.export(&EventExport::default(), folder.path()).await;
    let manifest = folder.path().join("_dfinery/events/2026-11-10.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    for damage in ["", "{", &whole.replacen("\"version\": 1", "\"version\": 9", 1)] {
        fs::write(&manifest, damage).unwrap();
        let verification = verify(folder.path()).unwrap();
        assert_eq!(
            verification.differences.len(),
            2,
            "the manifest, and its file: {verification}"
        );
        let seen = status(folder.path(), &service.days()).unwrap();
        assert!(seen.has_holes(), "{seen}");
        let receipt = service.export(&EventExport::default(), folder.path()).await;
        let again = receipt.days.iter().find(|known| known.day == date("2026-11-10"));
        assert_eq!(again.unwrap().fate, Fate::Complete, "{receipt}");
        assert!(verify(folder.path()).unwrap().is_good());
    }
    fs::write(&manifest, "{").unwrap();
    service.pass(30 * 24);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert!(!receipt.has_lost() || receipt.days.iter().all(|lost| lost.day != date("2026-11-10")));
    assert!(receipt.has_damaged(), "{receipt}");
    assert!(receipt.to_string().contains("2026-11-10  damaged"), "{receipt}");
    let seen = status(folder.path(), &service.days()).unwrap();
    let damaged = seen.days.iter().find(|seen| seen.day == date("2026-11-10"));
    assert!(matches!(damaged.unwrap().state, DayState::Damaged { .. }), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_its_schema_is_not_written_to() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    service.export(&day("2026-11-25"), folder.path()).await;
    fs::remove_file(folder.path().join("_dfinery/schema.json")).unwrap();
    let ndjson = EventExport {
        format: Format::Ndjson,
        ..day("2026-11-25")
    };
    for export in [day("2026-11-25"), ndjson] {
        let said = service.refusal(&export, folder.path()).await;
        assert!(
            said.contains("schema.json") && said.contains("it is not there"),
            "{said}"
        );
    }
    assert!(status(folder.path(), &service.days()).is_err());
    assert!(status("no/such/folder", &service.days()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taxonomy_that_comes_later_is_said_to_come_too_late() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    service.emulator.script_for(Operation::ExportEvents, [answer(",score")]);
    service.export(&day("2026-11-25"), folder.path()).await;
    let taxonomy = Taxonomy::from_yaml("event_properties: [{name: score, type: long}]").unwrap();
    let exporter = service.exporter(|builder| builder.taxonomy(taxonomy));
    let receipt = exporter.export_events(&day("2026-11-25"), folder.path()).await.unwrap();
    assert!(
        receipt.notes[0].contains("The column score stays string in this folder, and would be long by the taxonomy"),
        "{receipt}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_zone_writes_a_day_anew() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let naive = || {
        let body = "df_unified_id,event_name,df_server_datetime\nu,df_login,2026-11-25 09:00:00\n";
        let body = body.into();
        let fault = Fault::Answer {
            status: 200,
            content_type: None,
            body,
        };
        service.emulator.script_for(Operation::ExportEvents, [fault]);
    };
    naive();
    let receipt = service.export(&day("2026-11-25"), folder.path()).await;
    assert_eq!(receipt.days[0].unparsed["df_server_datetime"], 1, "{receipt}");
    naive();
    let exporter = service.exporter(|builder| builder.days(service.days().time_zone("Asia/Seoul").unwrap()));
    let receipt = exporter.export_events(&day("2026-11-25"), folder.path()).await.unwrap();
    assert_eq!(receipt.days[0].fate, Fate::Replaced { change: 0 }, "{receipt}");
    let text = fs::read_to_string(folder.path().join("events/dt=2026-11-25/part-00000.csv")).unwrap();
    assert!(text.contains("2026-11-25T00:00:00"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_cannot_be_had_are_refused_before_a_folder_is_made() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("warehouse");
    let between = |from: Option<&str>, until: Option<&str>| EventExport {
        from: from.map(date),
        until: until.map(date),
        ..EventExport::default()
    };
    for (export, problem) in [
        (between(Some("2026-11-20"), Some("2026-11-19")), "is after"),
        (between(Some("2026-12-01"), None), "has not begun"),
        (between(None, Some("2026-10-01")), "can no longer be had"),
        (between(Some("0001-01-01"), Some("2026-10-01")), "can no longer be had"),
    ] {
        let said = service.refusal(&export, &target).await;
        assert!(said.contains(problem), "{said}");
    }
    let days = service.days().settle(std::time::Duration::from_secs(31 * 86_400));
    let exporter = service.exporter(|builder| builder.days(days));
    let said = exporter.export_events(&EventExport::default(), &target).await;
    assert!(said.unwrap_err().to_string().contains("before they are settled"));
    let exporter = service.exporter(|builder| builder.reserve(100));
    let said = exporter.export_events(&EventExport::default(), &target).await;
    assert!(said.unwrap_err().to_string().contains("the quota is 100"));
    let all = between(Some("0001-01-01"), Some("9999-12-31"));
    let receipt = service.export(&all, &target).await;
    assert!(receipt.days.len() < 40 && receipt.notes.len() == 2, "{receipt}");
    let today = service.export(&between(Some("2026-11-27"), None), &target).await;
    assert!(matches!(today.days[0].fate, Fate::Open { .. }), "{today}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_of_a_hole_outlasts_a_run_that_did_not_ask() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    service
        .emulator
        .script_for(Operation::ExportEvents, vec![Fault::Status(500); 3]);
    service.export(&day("2026-11-25"), folder.path()).await;
    let exporter = service.exporter(|builder| builder.reserve(0));
    exporter.stopper().stop();
    let receipt = exporter.export_events(&day("2026-11-25"), folder.path()).await.unwrap();
    assert!(matches!(receipt.stopped, Some(Stopped::Requested)), "{receipt}");
    assert_eq!(receipt.calls, 0, "{receipt}");
    let seen = status(folder.path(), &service.days()).unwrap();
    assert!(
        seen.to_string().contains("HTTP 500") && !seen.to_string().contains("stopped"),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_export_is_stopped_with_a_receipt() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-26", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let slow = Fault::Delay(std::time::Duration::from_secs(60));
    service
        .emulator
        .script_for(Operation::ExportEvents, vec![Fault::None, slow.clone(), slow]);
    let exporter = service.exporter(|builder| builder.reserve(0));
    let stopper = exporter.stopper();
    let mut running = exporter.export_events(&EventExport::default(), folder.path());
    let first = futures_util::StreamExt::next(&mut running).await.unwrap();
    assert_eq!(first.day, date("2026-11-26"));
    let raw = folder.path().join("_dfinery/tmp/0.raw");
    assert!(!raw.exists(), "an answer that was written is kept no longer");
    stopper.stop();
    let receipt = running.await.unwrap();
    assert!(matches!(receipt.stopped, Some(Stopped::Requested)), "{receipt}");
    assert_eq!((receipt.days.len(), receipt.rows), (30, 1), "{receipt}");
    assert!(verify(folder.path()).unwrap().is_good());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_file_is_not_replaced_by_one() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink(folder.path().join("elsewhere.csv"), &link).unwrap();
    let exporter = service.exporter(|builder| builder);
    let export = FileExport {
        query: FileQuery::Profiles(ProfileFilter::default()),
        format: Format::Csv,
        compression: Compression::None,
    };
    for target in [folder.path(), &link, Path::new("/dev/null")] {
        let said = exporter.save(&export, target).await.unwrap_err().to_string();
        assert!(said.contains("is not a file"), "{said}");
    }
    assert_eq!(service.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_sent_takes_nothing_of_the_quota() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let export = FileExport {
        query: FileQuery::Profiles(ProfileFilter {
            audience: None,
            properties: NameFilter::Only(Vec::new()),
        }),
        format: Format::Csv,
        compression: Compression::None,
    };
    let exporter = service.exporter(|builder| builder);
    let said = exporter.save(&export, folder.path().join("a.csv")).await.unwrap_err();
    assert!(said.to_string().contains("at least one name"), "{said}");
    let ledger = fs::read_dir(service.state.path().join("quota")).unwrap();
    assert_eq!(ledger.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_or_cannot_be_reached_ends_the_export_soon() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    service
        .emulator
        .script_for(Operation::ExportEvents, vec![Fault::Status(500); 200]);
    let receipt = service.export(&EventExport::default(), folder.path()).await;
    assert!(matches!(receipt.stopped, Some(Stopped::Failing(_))), "{receipt}");
    assert!(receipt.calls <= 9 && receipt.holes().count() == 30, "{receipt}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = service.emulator.export_client().base_url(format!("http://{nobody}"));
    let exporter = Exporter::builder(&client.build().unwrap(), service.state.path()).days(service.days());
    let folder = tempfile::tempdir().unwrap();
    let receipt = exporter.build().export_events(&EventExport::default(), folder.path());
    let receipt = receipt.await.unwrap();
    assert!(matches!(receipt.stopped, Some(Stopped::Unreachable(_))), "{receipt}");
    assert_eq!(receipt.calls, 3, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_counts_the_calls_of_its_own_export() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let exporter = service.exporter(|builder| builder);
    for _ in 0..2 {
        let receipt = exporter.export_events(&day("2026-11-25"), folder.path()).await.unwrap();
        assert_eq!(receipt.calls, 1, "{receipt}");
    }
}
