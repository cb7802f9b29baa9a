//! Prism, a mock server that others wrote, judges our requests by the `OpenAPI` documents alone.
//!
//! `.ci/spec-tools` starts it, once for each document, and runs this.

use dfinery::{
    Csv, Error, Event, EventQuery, ExportClient, Identity, ImportClient, Operation, Properties, RetryPolicy, Timestamp,
    UserProfileQuery,
    types::import::{
        DeleteIdentityRequest, EventsCommon, ExternalIdentity, LoadEventsRequest, UpsertIdentityRequest,
        UpsertUserProfileRequest,
    },
};
use jiff::ToSpan;
use serde::Serialize;

const IMPORT: &str = "PRISM_IMPORT_URL";
const EXPORT: &str = "PRISM_EXPORT_URL";

fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run .ci/spec-tools"))
}

fn import() -> ImportClient {
    let builder = ImportClient::builder().service_id("any").token("any");
    builder
        .base_url(url(IMPORT))
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

fn export() -> ExportClient {
    let builder = ExportClient::builder().service_id("any").token("any");
    builder
        .base_url(url(EXPORT))
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

fn everyone() -> Identity {
    Identity::external_id("u-1")
        .email("kim@example.com")
        .phone_no("821000000000")
        .kakao_user_id("k-1")
        .line_user_id("l-1")
}

fn every_type() -> Properties {
    Properties::new()
        .with("text", "머그컵")
        .with("whole", i64::MIN)
        .with("fraction", 1e300)
        .with("truth", true)
        .with("time", Timestamp::now())
        .with("texts", ["a", "b"])
        .with("wholes", vec![1_i64, 2])
        .with("fractions", vec![0.5, 2.0])
        .with("empty", Vec::<String>::new())
        .with("nothing", None::<bool>)
}

#[tokio::test]
#[ignore = "needs Prism: run .ci/spec-tools"]
async fn takes_whatever_the_clients_send() -> Result<(), Error> {
    let (import, export) = (import(), export());
    let users = [Identity::new().line_user_id("l-1"), everyone()];
    for &operation in Operation::ALL {
        match operation {
            Operation::LoadEvents => {
                let full = Event {
                    event_properties: Some(every_type()),
                    ..Event::new("df_purchase").item(every_type())
                };
                for user in &users {
                    import.load_events(user, &[Event::new("df_login")]).await?;
                    import.load_events(user, &vec![full.clone(); 100]).await?;
                }
            }
            Operation::UpsertIdentity => {
                for user in &users {
                    import.upsert_identity(user).await?;
                }
            }
            Operation::DeleteIdentity => drop(import.delete_identity("u-1").await?),
            Operation::UpsertUserProfile => {
                for user in &users {
                    import.upsert_user_profile(user, Properties::new()).await?;
                    import.upsert_user_profile(user, every_type()).await?;
                }
            }
            Operation::ExportEvents => {
                let today = today();
                let days = EventQuery::between(today.saturating_sub(7.days()), today);
                for query in [
                    days.clone(),
                    days.clone().only(["df_purchase"]).only_properties(["df_discount"]),
                    days.without(["df_login"]).without_properties(["df_items_df_price"]),
                ] {
                    assert_eq!(lines(export.events(&query).await?).await?, 3);
                }
            }
            Operation::ExportUserProfiles => {
                let all = UserProfileQuery::all();
                for query in [
                    all.clone(),
                    all.clone().audience("nwh3nu").only_properties(["df_gender"]),
                    all.without_properties(["df_birth"]).with_identities(),
                ] {
                    assert_eq!(lines(export.user_profiles(&query).await?).await?, 3);
                }
            }
        }
    }
    Ok(())
}

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The lines of a CSV, read to its end.
async fn lines(csv: Csv) -> Result<usize, Error> {
    let bytes = csv.bytes(4096).await?;
    Ok(String::from_utf8_lossy(&bytes)
        .lines()
        .filter(|line| !line.is_empty())
        .count())
}

/// What only an `x-` rule forbids is not here, since Prism does not know these: too many items in all events together, and an
/// export whose days run backwards or are too old. Nothing else can be wrong in an export.
#[tokio::test]
#[ignore = "needs Prism: run .ci/spec-tools"]
async fn refuses_what_the_client_refuses() {
    let import = import();
    let now = Timestamp::now();
    let empty = [
        Identity::new(),
        Identity::new().email(""),
        Identity::new().phone_no(""),
        Identity::new().kakao_user_id(""),
        Identity::new().line_user_id(""),
    ];
    for &operation in Operation::ALL {
        match operation {
            Operation::LoadEvents => events_are_refused(&import).await,
            Operation::UpsertIdentity => {
                for identity in empty.clone() {
                    let ours = import.upsert_identity(&identity).await;
                    let request = UpsertIdentityRequest {
                        identity,
                        request_datetime: now,
                    };
                    both_refuse(operation, ours, &request).await;
                }
            }
            Operation::DeleteIdentity => {
                let external_id = String::new();
                let ours = import.delete_identity(external_id.clone()).await;
                let request = DeleteIdentityRequest {
                    identity: ExternalIdentity { external_id },
                    request_datetime: now,
                };
                both_refuse(operation, ours, &request).await;
            }
            Operation::UpsertUserProfile => {
                for identity in empty.clone() {
                    let ours = import.upsert_user_profile(&identity, every_type()).await;
                    let request = UpsertUserProfileRequest {
                        identity,
                        user_properties: every_type(),
                        request_datetime: now,
                    };
                    both_refuse(operation, ours, &request).await;
                }
            }
            // Only an `x-` rule forbids anything there.
            Operation::ExportEvents | Operation::ExportUserProfiles => {}
        }
    }
}

async fn events_are_refused(import: &ImportClient) {
    let user = everyone();
    let login = Event::new("df_login");
    let crowded = Event {
        event_items: vec![every_type(); 101],
        ..login.clone()
    };
    for (identity, events) in [
        (user.clone(), vec![]),
        (user.clone(), vec![login.clone(); 101]),
        (user.clone(), vec![Event::new("")]),
        (user, vec![crowded]),
        (Identity::new(), vec![login.clone()]),
        (Identity::external_id(""), vec![login]),
    ] {
        let ours = import.load_events(&identity, &events).await;
        let common = EventsCommon { identity };
        both_refuse(Operation::LoadEvents, ours, &LoadEventsRequest { common, events }).await;
    }
}

/// Neither a service id nor a token can be left out of a client; Prism misses each in a request.
#[tokio::test]
#[ignore = "needs Prism: run .ci/spec-tools"]
async fn misses_a_token_or_a_service_id_as_the_client_does() {
    assert!(ImportClient::builder().token("any").build().is_err());
    assert!(ImportClient::builder().service_id("any").build().is_err());
    assert!(ExportClient::builder().token("any").build().is_err());
    assert!(ExportClient::builder().service_id("any").build().is_err());
    for &operation in Operation::ALL {
        let token = operation.token();
        let without_service_id = call(operation, "").header(token.header(), format!("{}any", token.scheme()));
        let (status, faults) = judged(without_service_id.body("{}")).await;
        assert_eq!(status, 400);
        assert!(
            faults.contains(r#""location":["request","query"]"#),
            "{operation}: {faults}"
        );
        let (status, _) = judged(call(operation, "?service_id=any").body("{}")).await;
        assert_eq!(status, 401);
    }
}

/// Our client has refused a request without sending it; Prism must refuse the same bytes, for the body and nothing else.
async fn both_refuse<T: std::fmt::Debug>(operation: Operation, ours: Result<T, Error>, request: &impl Serialize) {
    let violations = ours.unwrap_err();
    let violations = violations.violations().expect("refused before it was sent");
    let token = operation.token();
    let call = call(operation, "?service_id=any").header(token.header(), format!("{}any", token.scheme()));
    let (status, faults) = judged(call.json(request)).await;
    assert_eq!(status, 400, "{operation}: {violations}");
    assert!(
        faults.contains(r#""location":["request","body""#) && !faults.contains(r#""query""#),
        "{operation}: {violations}: {faults}"
    );
}

/// To Prism, a `{parameter}` of the path is as good as any other value of it.
fn call(operation: Operation, query: &str) -> reqwest::RequestBuilder {
    let base_url = match operation.token() {
        dfinery::Token::Import => url(IMPORT),
        dfinery::Token::Export => url(EXPORT),
    };
    reqwest::Client::new()
        .request(
            operation.method().parse().unwrap(),
            format!("{base_url}{}{query}", operation.path()),
        )
        .header("content-type", "application/json")
}

/// The status that Prism answers with, and what it found wrong.
async fn judged(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let faults = answer.headers().get("sl-violations");
    let faults = faults.map_or(String::new(), |faults| {
        String::from_utf8_lossy(faults.as_bytes()).into_owned()
    });
    (answer.status().as_u16(), faults)
}
