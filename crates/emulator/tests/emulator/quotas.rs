//! Rate limits: when they are spent, how that is told, and when they come back.

use std::{collections::HashMap, time::Duration};

use dfinery::{ExportCode, Family, ImportCode, Operation, Timestamp, tables::RateLimit};
use dfinery_emulator::{Emulator, Fault, OverLimit, RateHeaders, ResetUnit, Window};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::{
    at,
    requests::{delete, export, export_days, export_profiles, identify, login},
    start,
    wire::Call,
};

const NOW: &str = "2024-12-05T12:00:10Z";

fn per_minute(requests: u32) -> RateLimit {
    RateLimit {
        requests,
        period: Duration::from_secs(60),
        concurrent: None,
    }
}

fn kim(emulator: &Emulator) -> Call {
    identify(emulator, &json!({ "email": "kim@example.com" }))
}

#[tokio::test]
async fn a_spent_quota_is_answered_in_every_style() {
    for (style, import_status) in [
        (OverLimit::LikeOtherFailures, 200),
        (OverLimit::Http429, 429),
        (OverLimit::Http429Empty, 429),
    ] {
        let emulator = start(|settings| {
            settings.over_limit = style;
            settings.clock = at(NOW);
            settings.rate_limits = HashMap::from([Family::Event, Family::Export].map(|family| (family, per_minute(1))));
        })
        .await;
        let today = || export_days(&emulator, "2024-12-05", "2024-12-05");
        assert_eq!(login(&emulator).code().await, ImportCode::Ok);
        assert_eq!(today().send().await.status, 200);
        let import = login(&emulator).send().await;
        let export = today().send().await;
        assert_eq!((import.status, export.status), (import_status, 429), "{style:?}");
        if style == OverLimit::Http429Empty {
            assert_eq!((import.text(), export.text()), ("", ""));
        } else {
            assert_eq!(import.import_code(), ImportCode::TooManyRequest);
            assert_eq!(export.export_code(), ExportCode::TooManyApiRequests);
        }
        let ledger = emulator.ledger();
        let record = ledger.requests(Operation::LoadEvents).nth(1).unwrap();
        assert_eq!(
            (record.import_code(), record.applied),
            (Some(&ImportCode::TooManyRequest), false)
        );
        assert_eq!(ledger.events().len(), 1);
    }
}

#[tokio::test]
async fn the_quota_is_told_in_either_spelling_and_unit() {
    let emulator = start(|settings| {
        settings.rate_limits = HashMap::from([(Family::Event, per_minute(20))]);
        settings.rate_limit_divisor = 10;
        settings.clock = at(NOW);
    })
    .await;
    let reset = "2024-12-05T12:01:00Z".parse::<Timestamp>().unwrap().to_jiff();
    let [seconds, milliseconds] = [reset.as_second(), reset.as_millisecond()].map(|time| time.to_string());
    let reply = login(&emulator).send().await;
    assert_eq!(reply.header("x-rate-limit-limit"), Some("1m"));
    assert_eq!(reply.header("x-rate-limit-remaining"), Some("1"));
    assert_eq!(reply.header("x-rate-limit-reset"), Some(&*seconds));
    assert_eq!(
        reply.header("date"),
        Some("Thu, 05 Dec 2024 12:00:10 GMT"),
        "a client counts from this"
    );

    emulator.settings(|settings| {
        settings.rate_headers = RateHeaders::Compact;
        settings.reset_unit = ResetUnit::Milliseconds;
        settings.retry_after = true;
    });
    let last = login(&emulator).send().await;
    assert_eq!(
        (last.header("x-ratelimit-remaining"), last.header("retry-after")),
        (Some("0"), None)
    );
    assert_eq!(last.header("x-rate-limit-limit"), None);
    let refused = login(&emulator).send().await;
    assert_eq!(refused.import_code(), ImportCode::TooManyRequest);
    assert_eq!(refused.header("x-ratelimit-reset"), Some(&*milliseconds));
    assert_eq!(
        (refused.header("x-ratelimit-remaining"), refused.header("retry-after")),
        (Some("0"), Some("50"))
    );

    emulator.settings(|settings| settings.rate_headers = RateHeaders::Absent);
    let reply = login(&emulator).send().await;
    assert!(
        reply.headers.keys().all(|name| !name.starts_with("x-")),
        "{:?}",
        reply.headers
    );
}

#[tokio::test]
async fn quotas_come_back_with_their_window_and_families_do_not_share_them() {
    for (window, refused) in [
        (Window::Fixed, [false, true, false, true, true]),
        (Window::Sliding, [false, true, true, true, false]),
    ] {
        let emulator = start(|settings| {
            settings.rate_limits = HashMap::from([(Family::Identity, per_minute(1))]);
            settings.window = window;
        })
        .await;
        let times = ["12:00:50", "12:00:59", "12:01:01", "12:01:49", "12:01:50"];
        for (time, refused) in times.into_iter().zip(refused) {
            emulator.settings(|settings| settings.clock = at(&format!("2024-12-05T{time}Z")));
            let expected = if refused {
                ImportCode::TooManyRequest
            } else {
                ImportCode::Ok
            };
            assert_eq!(kim(&emulator).code().await, expected, "{window:?} {time}");
            assert_eq!(login(&emulator).code().await, ImportCode::Ok, "another family");
        }
    }
}

#[tokio::test]
async fn the_documented_quotas_hold_and_can_be_divided() {
    let emulator = start(|settings| {
        settings.rate_limit_divisor = 5_000;
        settings.clock = at(NOW);
    })
    .await;
    let allowed = Family::Identity.rate_limit().requests / 5_000;
    assert!(allowed > 0, "the documented quota has changed: divide by less");
    for _ in 0..allowed {
        assert_eq!(kim(&emulator).code().await, ImportCode::Ok);
    }
    assert_eq!(
        delete(&emulator, "u-1").code().await,
        ImportCode::TooManyRequest,
        "both are of one family"
    );
    assert_eq!(login(&emulator).code().await, ImportCode::Ok);
}

#[tokio::test]
async fn no_more_exports_run_at_once_than_the_table_allows() {
    let emulator = Emulator::start().await.unwrap();
    let most = Family::Export.rate_limit().concurrent.unwrap();
    let slow = Fault::SlowBody {
        piece: usize::MAX,
        pause: Duration::from_secs(3_600),
    };
    emulator.script(vec![slow; most as usize]);
    let mut running = Vec::new();
    for _ in 0..most {
        let mut stream = export(&emulator).begin().await;
        stream.read_exact(&mut [0]).await.unwrap();
        running.push(stream);
    }
    let refused = export_profiles(&emulator).send().await;
    assert_eq!(
        (refused.status, refused.export_code()),
        (429, ExportCode::TooManyApiRequests)
    );

    drop(running.pop());
    let mut tries = 0;
    while export(&emulator).send().await.status != 200 {
        tries += 1;
        assert!(tries < 100, "a client that left still counts as running");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..10 {
        let status = export(&emulator).send().await.status;
        assert_eq!(status, 200, "a finished export still counts as running");
    }
}
