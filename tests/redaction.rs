//! Tokens, service ids and personal data planted in every input must not come out of anything that is printed.

mod common;

use std::{
    io,
    sync::{Arc, Mutex},
};

use common::{answer, quick, scripted};
use dfinery::{Error, Event, EventQuery, ExportClient, Identity, ImportClient, Properties, UserProfileQuery};
use futures_util::StreamExt;
use tracing_subscriber::fmt::MakeWriter;

const TOKEN: &str = "SENTINEL-TOKEN-A1";
const SERVICE: &str = "SENTINEL-SERVICE-B2";
const EMAIL: &str = "sentinel-c3@example.com";
const PHONE: &str = "821099990004";
const EXTERNAL: &str = "SENTINEL-EXTERNAL-D5";
const KAKAO: &str = "SENTINEL-KAKAO-E6";
const LINE: &str = "SENTINEL-LINE-F7";
const VALUE: &str = "SENTINEL-VALUE-G8";
/// As short as Korean names are.
const NAME: &str = "김하늘";
const SECRETS: [&str; 8] = [TOKEN, SERVICE, EMAIL, PHONE, EXTERNAL, KAKAO, LINE, VALUE];

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn check(place: &str, text: &str) {
    assert!(
        !text.contains(NAME) && !text.contains("\\ud558"),
        "{NAME} in {place}: {text}"
    );
    for secret in SECRETS {
        assert!(
            !text.to_lowercase().contains(&secret.to_lowercase()),
            "{secret} in {place}: {text}"
        );
    }
}

fn check_error(place: &str, error: &Error) {
    check(place, &format!("{error} {error:?} {error:#?}"));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        check(place, &format!("{cause} {cause:?}"));
        source = cause.source();
    }
}

fn user() -> Identity {
    Identity::external_id(EXTERNAL)
        .email(EMAIL)
        .phone_no(PHONE)
        .kakao_user_id(KAKAO)
        .line_user_id(LINE)
}

fn event() -> Event {
    Event::new("df_login")
        .property("memo", VALUE)
        .property("df_name", NAME)
        .property("list", vec![EMAIL.to_owned()])
        .property("phone", PHONE.parse::<i64>().unwrap())
        .item(Properties::new().with("df_item_name", VALUE))
}

/// Servers that repeat in every place of the answer what they were sent.
fn echoes() -> Vec<Vec<u8>> {
    let all = SECRETS.join(" ");
    vec![
        answer(
            200,
            "application/json",
            &format!(r#"{{"status":false,"code":40001,"message":"{all}","data":null}}"#),
        ),
        answer(
            200,
            "application/json",
            &format!(r#"{{"status":false,"code":"{EMAIL}","message":"x","data":null}}"#),
        ),
        answer(
            200,
            "application/json",
            &format!(r#"{{"status":false,"code":"{PHONE}","message":"x","data":null}}"#),
        ),
        answer(
            200,
            "application/json",
            &format!(r#"{{"status":true,"code":"{all}","message":"x","data":null}}"#),
        ),
        answer(200, "application/json", &format!(r#"{{"status":"{all}"}}"#)),
        answer(
            200,
            "application/json",
            &format!(r#"{{"status":false,"code":"{TOKEN}","message":"x","data":null}}"#),
        ),
        answer(
            200,
            "application/json",
            &format!(r#"{{"status":false,"code":"{EXTERNAL}","message":"x","data":null}}"#),
        ),
        answer(
            400,
            "application/json",
            &format!(r#"{{"result":"fail","message":"{TOKEN}"}}"#),
        ),
        answer(500, "text/plain", &format!("{}{TOKEN} {EMAIL}", "x".repeat(2032))),
        answer(500, "text/plain", "김하늘 \\uae40\\ud558\\ub298"),
        answer(500, "text/html", &format!("<html>{all}</html>")),
        answer(
            400,
            "application/json",
            &format!(r#"{{"result":"fail","message":"{PHONE}"}}"#),
        ),
        answer(200, "text/csv", &format!("{{{all}")),
        format!("HTTP/1.1 429 {TOKEN}\r\nx-ratelimit-limit: 1m\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        answer(200, "text/csv", "a,b\n1,2")[..60].to_vec(),
        b"garbage\r\n\r\n".to_vec(),
        Vec::new(),
    ]
}

#[tokio::test]
async fn nothing_planted_comes_out() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .init();

    for echo in echoes() {
        let base_url = scripted(vec![echo]).await;
        let import = ImportClient::builder()
            .service_id(SERVICE)
            .token(TOKEN)
            .base_url(&base_url)
            .retry(quick());
        let export = ExportClient::builder()
            .service_id(SERVICE)
            .token(TOKEN)
            .base_url(&base_url)
            .retry(quick());
        check("builders", &format!("{import:?} {export:?}"));
        let (import, export) = (common::short_periods(import).build().unwrap(), export.build().unwrap());
        check("clients", &format!("{import:?} {export:?}"));
        let error = import.load_events(&user(), &[event()]).await.unwrap_err();
        check_error("an import error", &error);
        check(
            "the body of an answer that repeats the request",
            error.body().unwrap_or_default(),
        );
        for error in [
            import.upsert_identity(&user()).await.err(),
            import.delete_identity(EXTERNAL).await.err(),
            import.upsert_user_profile(&user(), [("memo", VALUE)]).await.err(),
        ] {
            check_error("an import error", &error.expect("every echo is a failure"));
        }
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let events = EventQuery::between(today, today).only([VALUE]).only_properties([VALUE]);
        let profiles = UserProfileQuery::all().audience(VALUE);
        for result in [export.events(&events).await, export.user_profiles(&profiles).await] {
            match result {
                Ok(csv) => check_error("an export error", &csv.bytes(1_000_000).await.unwrap_err()),
                Err(error) => check_error("an export error", &error),
            }
        }
    }

    let good = "df_unified_id,memo\n1,SENTINEL-VALUE-G8\n";
    let broken = format!("{good}2,SENTINEL-VALUE-G8,3\n3,x\n");
    let base_url = scripted(vec![answer(200, "text/csv", good), answer(200, "text/csv", &broken)]).await;
    let client = common::export(&base_url);
    let records = async || client.user_profiles(&UserProfileQuery::all()).await.unwrap().records();
    let record = records().await.next().await.unwrap().unwrap();
    check("a record", &format!("{record:?}"));
    check_error("a ragged row", &records().await.next().await.unwrap().unwrap_err());

    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        log.contains("load_events") && log.contains("hyper"),
        "our spans and those of the libraries below are there"
    );
    check("the log", &log);
}

#[test]
fn values_are_redacted_in_debug_and_in_panics() {
    check("an identity", &format!("{:?} {:#?}", user(), user()));
    check("an event", &format!("{:?} {:#?}", event(), event()));
    let delete = dfinery::types::import::ExternalIdentity {
        external_id: EXTERNAL.to_owned(),
    };
    check("a deletion", &format!("{delete:?}"));
    let panic = std::panic::catch_unwind(|| {
        let failed: Result<(), _> = std::hint::black_box(Err((user(), event())));
        failed.unwrap();
    })
    .unwrap_err();
    check("a panic", panic.downcast_ref::<String>().unwrap());
    for text in [EMAIL, VALUE] {
        check(
            "a parse error",
            &text.parse::<dfinery::Timestamp>().unwrap_err().to_string(),
        );
    }
    for broken in [format!("{TOKEN}\n"), format!("{TOKEN} {EMAIL}")] {
        check_error("a bad token", &ImportClient::new(SERVICE, &broken).unwrap_err());
        check_error("a bad service id", &ImportClient::new(&broken, TOKEN).unwrap_err());
        let url = format!("https://{TOKEN}:{VALUE}@example.com/?{EMAIL}");
        let error = ImportClient::builder()
            .service_id(SERVICE)
            .token(TOKEN)
            .base_url(url)
            .build()
            .unwrap_err();
        check_error("a bad base URL", &error);
    }
}
