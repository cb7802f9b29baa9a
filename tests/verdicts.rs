//! Every row of both response tables, in every style in which it may come, through the real client over a real socket.

mod common;

use common::{quick, short_periods};
use dfinery::{Delivery, Event, EventQuery, ExportCode, Identity, ImportCode, Language, RetryClass, tables::CodeInfo};
use dfinery_emulator::{CodeStyle, Emulator, FailureStyle, Fault, RateHeaders, Settings};

const ATTEMPTS: u32 = 3;

fn styles() -> impl Iterator<Item = Settings> {
    [CodeStyle::Number, CodeStyle::Digits]
        .into_iter()
        .flat_map(|code_style| {
            [FailureStyle::DetailTable, FailureStyle::Alternative]
                .into_iter()
                .map(move |failures| Settings {
                    code_style,
                    import_failures: failures,
                    export_failures: failures,
                    ..without_rate_headers()
                })
        })
}

/// Without a reset in the answer, a spent quota is tried again at once.
fn without_rate_headers() -> Settings {
    Settings {
        rate_headers: RateHeaders::Absent,
        ..Settings::default()
    }
}

fn expected(info: &CodeInfo, settings_alternative: bool) -> (u16, u32) {
    let status = if settings_alternative {
        info.http_status_alternative
    } else {
        info.http_status
    };
    let attempts = if info.retry == RetryClass::Never { 1 } else { ATTEMPTS };
    (status, attempts)
}

#[tokio::test]
async fn every_import_code_is_told_as_the_table_has_it() {
    let mut rows = 0;
    for settings in styles() {
        let alternative = settings.import_failures == FailureStyle::Alternative;
        for code in ImportCode::ALL {
            let info = code.info().unwrap();
            let emulator = Emulator::builder().settings(settings.clone()).start().await.unwrap();
            emulator.script(vec![Fault::Import(code.clone()); ATTEMPTS as usize]);
            let import = short_periods(emulator.import_client())
                .retry(quick().max_attempts(ATTEMPTS))
                .build()
                .unwrap();
            let result = import
                .load_events(&Identity::external_id("u-1"), &[Event::new("df_login")])
                .await;
            let (status, attempts) = expected(info, alternative);
            rows += 1;
            if info.success {
                assert_eq!(result.unwrap().attempts, 1, "{code}");
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!(error.import_code(), Some(code), "{error}");
            assert_eq!(error.code(), Some(info.raw));
            assert_eq!(error.status(), Some(status), "{error}");
            assert_eq!(error.retry_class(), info.retry);
            assert_eq!(error.is_auth(), info.auth, "{error}");
            assert_eq!(error.attempts(), attempts, "{error}");
            assert_eq!(error.remedy(Language::Korean), Some(info.remedy.ko));
            assert!(error.to_string().contains(info.remedy.en), "{error}");
            assert!(error.to_string().contains(info.name), "{error}");
            let sent = emulator.ledger().requests(dfinery::Operation::LoadEvents).count();
            assert_eq!(sent, attempts as usize, "{code}");
        }
    }
    assert_eq!(rows, ImportCode::ALL.len() * styles().count());
}

#[tokio::test]
async fn every_export_message_is_told_as_the_table_has_it() {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut rows = 0;
    for settings in styles() {
        let alternative = settings.export_failures == FailureStyle::Alternative;
        for code in ExportCode::ALL {
            let info = code.info().unwrap();
            let emulator = Emulator::builder().settings(settings.clone()).start().await.unwrap();
            emulator.script(vec![Fault::Export(code.clone()); ATTEMPTS as usize]);
            let export = emulator
                .export_client()
                .retry(quick().max_attempts(ATTEMPTS))
                .build()
                .unwrap();
            let error = export.events(&EventQuery::between(today, today)).await.unwrap_err();
            let (status, attempts) = expected(info, alternative);
            assert_eq!(error.export_code(), Some(code), "{error}");
            assert_eq!(error.status(), Some(status), "{error}");
            assert_eq!(error.retry_class(), info.retry);
            assert_eq!(error.is_auth(), info.auth, "{error}");
            assert_eq!(error.attempts(), attempts, "{error}");
            assert_eq!(error.remedy(Language::Korean), Some(info.remedy.ko));
            assert!(error.to_string().contains(info.remedy.en), "{error}");
            rows += 1;
        }
    }
    assert_eq!(rows, ExportCode::ALL.len() * styles().count());
}

#[tokio::test]
async fn an_unknown_code_under_http_200_is_an_error_and_tried_once() {
    let emulator = Emulator::start().await.unwrap();
    let import = emulator.import_client().retry(quick()).build().unwrap();
    let export = emulator.export_client().retry(quick()).build().unwrap();
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    emulator.script([Fault::UnknownCode]);
    let error = import.upsert_identity(&Identity::external_id("u-1")).await.unwrap_err();
    assert!(matches!(error.import_code(), Some(ImportCode::Unknown(_))), "{error}");
    assert_eq!(
        (error.attempts(), error.status(), error.is_retryable()),
        (1, Some(200), false)
    );
    emulator.script([Fault::UnknownCode]);
    let error = export.events(&EventQuery::between(today, today)).await.unwrap_err();
    assert!(matches!(error.export_code(), Some(ExportCode::Unknown(_))), "{error}");
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
}

#[tokio::test]
async fn what_is_known_of_delivery_follows_from_every_attempt() {
    let emulator = Emulator::builder()
        .settings(without_rate_headers())
        .start()
        .await
        .unwrap();
    let user = Identity::external_id("u-1");
    let event = [Event::new("df_login")];
    let import = short_periods(emulator.import_client())
        .retry(quick().max_attempts(2))
        .build()
        .unwrap();
    for (faults, delivery) in [
        (vec![Fault::Import(ImportCode::ValidationFailure)], Delivery::Refused),
        (
            vec![Fault::Import(ImportCode::TooManyRequest); 2],
            Delivery::NotProcessed,
        ),
        (
            vec![Fault::CloseAfterReading, Fault::Import(ImportCode::TooManyRequest)],
            Delivery::Unknown,
        ),
        (
            vec![Fault::Import(ImportCode::InternalServerError); 2],
            Delivery::Unknown,
        ),
    ] {
        emulator.script(faults.clone());
        let error = import.load_events(&user, &event).await.unwrap_err();
        assert_eq!(error.delivery(), delivery, "{faults:?}: {error}");
    }

    let careful = emulator
        .import_client()
        .retry(quick().resend_when_unsure(false))
        .build()
        .unwrap();
    emulator.script([Fault::CloseAfterReading]);
    let error = careful.load_events(&user, &event).await.unwrap_err();
    assert_eq!((error.attempts(), error.delivery()), (1, Delivery::Unknown));
    emulator.script([Fault::CloseAfterReading]);
    assert_eq!(
        careful.upsert_identity(&user).await.unwrap().attempts,
        2,
        "idempotent in the spec"
    );
}
