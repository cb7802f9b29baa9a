//! Bodies of requests, held against the spec.

use dfinery::{ImportCode, types::import::LoadEventsRequest};
use dfinery_emulator::Emulator;
use serde_json::{Value, json};

use crate::{
    requests::{delete, event, export_with, identify, item, load, login, view_cart},
    start,
    wire::Call,
};

fn logins(emulator: &Emulator, count: usize) -> Call {
    let events: Vec<Value> = (0..count).map(|_| event("df_login")).collect();
    load(emulator, "u", &events)
}

/// Two events with so many items in each.
fn items(emulator: &Emulator, first: usize, second: usize) -> Call {
    let carts = [first, second].map(|count| view_cart(&vec![item(1.0); count]));
    load(emulator, "u", &carts)
}

#[tokio::test]
async fn what_is_not_json_is_a_bad_request() {
    let emulator = Emulator::start().await.unwrap();
    let text = |content_type: &str| login(&emulator).header("content-type", content_type);
    for call in [
        login(&emulator).body("{\"common\": "),
        login(&emulator).body("kim@example.com"),
        login(&emulator).body(""),
        login(&emulator).without_header("content-type"),
        text("text/plain"),
    ] {
        assert_eq!(call.code().await, ImportCode::BadRequest);
        let ledger = emulator.ledger();
        let record = ledger.all_requests().last().unwrap();
        let reason = record.reason.as_deref().unwrap();
        assert!(!record.applied && !reason.contains("kim"), "{reason}");
    }
    assert_eq!(text("Application/JSON; charset=utf-8").code().await, ImportCode::Ok);
    emulator.settings(|settings| settings.require_content_type = false);
    assert_eq!(text("text/plain").code().await, ImportCode::Ok);
}

#[tokio::test]
async fn what_breaks_the_spec_is_a_validation_failure_without_effect() {
    let emulator = Emulator::start().await.unwrap();
    let not_the_schema = json!({ "common": { "identity": { "external_id": 7 } }, "events": "kim@example.com" });
    let mut nameless = event("df_login");
    nameless["event_name"] = json!("");
    for call in [
        login(&emulator).body("{}"),
        login(&emulator).body(not_the_schema.to_string()),
        load(&emulator, "", &[event("df_login")]),
        load(&emulator, "u", &[nameless]),
        logins(&emulator, 0),
        items(&emulator, 50, 51),
        identify(&emulator, &json!({})),
        identify(&emulator, &json!({ "email": "" })),
        delete(&emulator, ""),
    ] {
        assert_eq!(call.code().await, ImportCode::ValidationFailure);
        let ledger = emulator.ledger();
        let record = ledger.all_requests().last().unwrap();
        assert_eq!(record.import_code(), Some(&ImportCode::ValidationFailure));
        let reason = record.reason.as_deref().unwrap();
        assert!(!record.applied && !reason.contains("kim"), "{reason}");
    }
    let ledger = emulator.ledger();
    assert_eq!(
        (
            ledger.events().len(),
            ledger.profiles().len(),
            ledger.identities().len()
        ),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn the_limits_of_the_spec_are_exact() {
    let emulator = Emulator::start().await.unwrap();
    let most = LoadEventsRequest::MAX_EVENTS;
    assert_eq!(logins(&emulator, most + 1).code().await, ImportCode::TooManyEvents);
    assert_eq!(emulator.ledger().events().len(), 0);
    assert_eq!(logins(&emulator, most).code().await, ImportCode::Ok);
    assert_eq!(items(&emulator, 50, 50).code().await, ImportCode::Ok);
    assert_eq!(emulator.ledger().events().len(), most + 2);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_read_to_its_end() {
    let emulator = start(|settings| settings.body_limit = 1000).await;
    let mut body = login(&emulator).body;
    body.resize(1000, b' ');
    assert_eq!(login(&emulator).body(body.clone()).code().await, ImportCode::Ok);
    body.push(b' ');
    assert_eq!(login(&emulator).body(body).send().await.status, 413);
    assert_eq!(emulator.ledger().events().len(), 1);
}

#[tokio::test]
async fn an_export_that_breaks_the_spec_is_an_invalid_parameter() {
    let emulator = Emulator::start().await.unwrap();
    for fields in [
        json!({ "events_condition_type": "some" }),
        json!({ "events_condition_type": null }),
        json!({ "from_date": "05.12.2024" }),
        json!({ "events": "df_login" }),
    ] {
        let reply = export_with(&emulator, fields.clone()).send().await;
        assert_eq!(reply.export_code(), dfinery::ExportCode::InvalidParameter, "{fields}");
    }
    let ledger = emulator.ledger();
    assert!(ledger.all_requests().iter().all(|record| !record.applied));
}
