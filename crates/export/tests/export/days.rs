//! What becomes of days: complete, replaced, unchanged, missing and lost.

use dfinery::{EventQuery, ExportCode, Operation};
use dfinery_emulator::Fault;
use dfinery_export::{EventExport, Fate, Receipt, Stopped};
use futures_util::StreamExt as _;

use crate::service::{Service, date, exported};

fn fates(receipt: &Receipt) -> Vec<(String, &Fate)> {
    receipt
        .days
        .iter()
        .map(|day| (day.day.to_string(), &day.fate))
        .collect()
}

fn from(day: &str) -> EventExport {
    EventExport {
        from: Some(date(day)),
        ..EventExport::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_day_that_can_be_had_is_exported_and_only_what_changed_is_replaced() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-25", &[("df_login", 3), ("df_logout", 2)]).await;
    service.load("2026-11-26", &[("df_login", 4)]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    let exporter = service.exporter(|builder| builder);
    let mut running = exporter.export_events(&EventExport::default(), folder.path());
    while let Some(day) = running.next().await {
        seen.push(day.day);
    }
    let receipt = running.await.unwrap();
    assert!(receipt.stopped.is_none(), "{receipt}");
    assert_eq!(receipt.days.len(), 30, "{receipt}");
    assert_eq!(seen[0], date("2026-11-26"), "the newest day is first");
    assert_eq!(
        (receipt.rows, receipt.complete_until),
        (9, Some(date("2026-11-26"))),
        "{receipt}"
    );
    let mut stored = service.stored();
    let mut found = exported(folder.path());
    assert_eq!(found.len(), 30);
    found.retain(|_, events| !events.is_empty());
    assert_eq!(found, stored);

    service.load("2026-11-25", &[("df_login", 1)]).await;
    let receipt = service
        .exporter(|builder| builder)
        .export_events(&EventExport::default(), folder.path())
        .await
        .unwrap();
    let changed: Vec<_> = receipt.days.iter().filter(|day| day.fate != Fate::Unchanged).collect();
    assert_eq!(changed.len(), 1, "{receipt}");
    assert_eq!(
        (changed[0].day, &changed[0].fate),
        (date("2026-11-25"), &Fate::Replaced { change: 1 })
    );
    assert_eq!(receipt.days.len(), 3, "those inside the look-back: {receipt}");
    stored = service.stored();
    found = exported(folder.path());
    found.retain(|_, events| !events.is_empty());
    assert_eq!(found, stored);
}

/// While a day has not begun everywhere, the service may or may not have the day 30 days before.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_from_before_a_new_folder_that_the_service_does_not_have_is_not_missing() {
    for hours in [0, 5, 7, 9, 17] {
        let service = Service::start(|_| ()).await;
        service.pass(hours);
        let folder = tempfile::tempdir().unwrap();
        let exporter = service.exporter(|builder| builder.reserve(0));
        let receipt = exporter
            .export_events(&EventExport::default(), folder.path())
            .await
            .unwrap();
        assert!(receipt.stopped.is_none() && receipt.days.len() >= 29, "{receipt}");
        assert!(receipt.days.iter().all(|day| day.fate == Fate::Complete), "{receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_day_of_a_query_may_be_part_of_its_answer_or_not() {
    for inclusive in [true, false] {
        let service = Service::start(|settings| settings.to_date_inclusive = inclusive).await;
        service.load("2026-11-23", &[("df_login", 1)]).await;
        service.load("2026-11-25", &[("df_login", 2)]).await;
        let folder = tempfile::tempdir().unwrap();
        let receipt = service
            .exporter(|builder| builder)
            .export_events(&from("2026-11-22"), folder.path())
            .await
            .unwrap();
        assert_eq!(receipt.rows, 3, "{receipt}");
        let mut found = exported(folder.path());
        assert_eq!(found.len(), 5, "{receipt}");
        found.retain(|_, events| !events.is_empty());
        assert_eq!(found, service.stored(), "inclusive: {inclusive}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_too_large_is_put_together_from_parts() {
    let service = Service::start(|settings| settings.longest_export = Some(12_000)).await;
    let names = ["df_login", "df_logout", "df_purchase", "own_event", "another_event"];
    let events: Vec<_> = names.iter().map(|name| (*name, 20)).collect();
    service.load("2026-11-26", &events).await;
    service.load("2026-11-25", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let receipt = service
        .exporter(|builder| builder.reserve(0))
        .export_events(&from("2026-11-25"), folder.path())
        .await
        .unwrap();
    assert_eq!(exported(folder.path()), service.stored(), "{receipt}");
    assert!(receipt.days[1].parts > 1 && receipt.days[0].parts == 1, "{receipt}");
}

/// What had arrived of the whole day shows the first events only.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_only_the_rest_of_a_large_day_shows_are_asked_for_too() {
    let service = Service::start(|settings| settings.longest_export = Some(200_000)).await;
    let events = ["df_login", "own_event", "another_event", "third_event"].map(|name| (name, 1_000));
    service.load("2026-11-26", &events).await;
    let folder = tempfile::tempdir().unwrap();
    let receipt = service
        .exporter(|builder| builder.reserve(0))
        .export_events(&from("2026-11-26"), folder.path())
        .await
        .unwrap();
    assert_eq!(exported(folder.path()), service.stored(), "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_day_is_a_hole_until_it_is_lost_for_ever() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-24", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let failing = || vec![Fault::Status(500); 3];
    service.emulator.script_for(Operation::ExportEvents, failing());
    let one_day = EventExport {
        until: Some(date("2026-11-24")),
        ..from("2026-11-24")
    };
    let exporter = || service.exporter(|builder| builder.reserve(0));
    let receipt = exporter().export_events(&one_day, folder.path()).await.unwrap();
    let Fate::Hole { days_left, .. } = receipt.days[0].fate else {
        panic!("{receipt}")
    };
    assert_eq!(days_left, 27, "{receipt}");
    assert!(receipt.holes().count() == 1 && !receipt.is_urgent() && receipt.complete_until.is_none());

    service.pass(25 * 24);
    service.emulator.script_for(Operation::ExportEvents, failing());
    let receipt = exporter().export_events(&one_day, folder.path()).await.unwrap();
    assert!(receipt.is_urgent() && !receipt.has_lost(), "{receipt}");

    service.pass(5 * 24);
    let receipt = exporter().export_events(&one_day, folder.path()).await.unwrap();
    assert!(
        matches!(receipt.days[0].fate, Fate::Lost { new: true, .. }),
        "{receipt}"
    );
    assert!(receipt.has_lost() && receipt.calls == 0, "{receipt}");
    let receipt = exporter().export_events(&one_day, folder.path()).await.unwrap();
    assert!(
        matches!(receipt.days[0].fate, Fate::Lost { new: false, .. }),
        "{receipt}"
    );
    assert!(!receipt.has_lost() && exported(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exporters_do_not_work_on_one_folder() {
    let service = Service::start(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    service.emulator.script_for(
        Operation::ExportEvents,
        [Fault::Delay(std::time::Duration::from_secs(2))],
    );
    let (one, other) = (service.exporter(|builder| builder), service.exporter(|builder| builder));
    let export = from("2026-11-26");
    let (one, other) = tokio::join!(async { one.export_events(&export, folder.path()).await }, async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        other.export_events(&export, folder.path()).await
    });
    assert!(one.unwrap().stopped.is_none());
    assert!(other.unwrap_err().is_in_use());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_ends_the_export_and_says_when_it_goes_on() {
    let service = Service::start(|settings| settings.rate_limit_divisor = 10).await;
    service.load("2026-11-26", &[("df_login", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    // What is missing comes before what may have changed.
    let mut receipt = None;
    for holes in [Some(20), Some(10), Some(0), None] {
        let exporter = service.exporter(|builder| builder.reserve(0));
        let last = exporter
            .export_events(&EventExport::default(), folder.path())
            .await
            .unwrap();
        match (holes, &last.stopped) {
            (Some(holes), Some(Stopped::QuotaSpent(_))) => {
                assert_eq!((last.calls, last.holes().count()), (10, holes), "{last}");
            }
            (stopped, _) => assert!(stopped.is_none() && last.stopped.is_none(), "{last}"),
        }
        receipt = Some(last);
        service.pass(1);
    }
    let ledger = service.emulator.ledger();
    let refused = ledger
        .requests(Operation::ExportEvents)
        .filter(|request| request.export_code() == Some(&ExportCode::TooManyApiRequests));
    assert_eq!(refused.count(), 0);
    assert_eq!(exported(folder.path()).len(), 30);
    assert!(
        fates(receipt.as_ref().unwrap())
            .iter()
            .all(|(_, fate)| !matches!(fate, Fate::Hole { .. }))
    );
}

/// The service limits how many exports run at the same time, whichever machine asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_calls_at_the_same_time_is_no_spent_quota() {
    let service = Service::start(|_| ()).await;
    service.load("2026-11-26", &[("df_login", 1)]).await;
    let slow = Fault::SlowBody {
        piece: 1_000_000,
        pause: std::time::Duration::from_millis(700),
    };
    service.emulator.script_for(Operation::ExportEvents, vec![slow; 5]);
    let other = service.emulator.export_client().build().unwrap();
    let query = EventQuery::between(date("2026-11-26"), date("2026-11-26"));
    let mut held = Vec::new();
    for _ in 0..5 {
        let (other, query) = (other.clone(), query.clone());
        held.push(tokio::spawn(async move {
            other.events(&query).await.unwrap().bytes(1 << 20).await
        }));
    }
    while service.emulator.scripted() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let exporter = service.exporter(|builder| builder);
    let receipt = exporter
        .export_events(&from("2026-11-26"), folder.path())
        .await
        .unwrap();
    assert!(receipt.stopped.is_none() && receipt.rows == 1, "{receipt}");
    let ledger = service.emulator.ledger();
    let mut refused = ledger
        .requests(Operation::ExportEvents)
        .filter_map(|request| request.export_code());
    assert!(
        refused.any(|code| *code == ExportCode::TooManyApiRequests),
        "it was refused at first"
    );
    for held in held {
        held.await.unwrap().unwrap();
    }
}
