//! Which request is for which operation, and who may ask.

use dfinery::{ExportCode, ImportCode, Operation, Token};
use dfinery_emulator::{Answered, CheckOrder, Emulator, Fault};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    requests::{event, export, export_profiles_with, identify, load, login, profile, valid},
    start,
    wire::Reply,
};

#[tokio::test]
async fn every_operation_of_the_table_is_served_and_on_record() {
    let emulator = Emulator::start().await.unwrap();
    for &operation in Operation::ALL {
        let reply = valid(&emulator, operation).send().await;
        assert_eq!((reply.status, reply.complete), (200, true), "{operation}");
        match operation.token() {
            Token::Import => {
                let success = json!({ "status": true, "code": 20000, "message": "OK", "data": true });
                assert_eq!(reply.json(), success, "{operation}");
                assert_eq!(reply.header("content-type"), Some("application/json"));
                assert_eq!(reply.header("content-length"), Some("55"));
            }
            Token::Export => {
                assert_eq!(reply.header("content-type"), Some("text/csv"));
                assert!(reply.columns().contains(&"df_unified_id".to_owned()), "{operation}");
            }
        }
        let ledger = emulator.ledger();
        let record = ledger.requests(operation).next().unwrap();
        assert_eq!((record.status, record.applied), (Some(200), true), "{operation}");
        assert_eq!(
            (&record.fault, record.answered),
            (&Fault::None, Answered::Completely),
            "{operation}"
        );
    }
    let ledger = emulator.ledger();
    assert_eq!(ledger.all_requests().len(), Operation::ALL.len());
    let sequences = ledger.all_requests().iter().map(|record| record.sequence);
    assert!(sequences.eq(0..Operation::ALL.len() as u64));
    let counts = (
        ledger.events().len(),
        ledger.identities().len(),
        ledger.profile_updates(),
    );
    assert_eq!(counts, (1, 1, 1));
    assert_eq!(ledger.deletions()[0].external_id.as_deref(), Some("u-1"));
}

#[tokio::test]
async fn what_is_no_operation_is_answered_in_json_and_on_record() {
    let emulator = Emulator::start().await.unwrap();
    let mut call = login(&emulator);
    call.method = "GET".to_owned();
    let reply = call.send().await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    assert!(reply.json().is_object());

    call.path = "/api/v1/nothing".to_owned();
    let reply = call.send().await;
    assert_eq!((reply.status, reply.header("allow")), (404, None));
    assert!(reply.json().is_object());

    let ledger = emulator.ledger();
    assert_eq!(ledger.all_requests().len(), 2);
    for record in ledger.all_requests() {
        assert!(record.operation.is_none() && !record.applied, "{record:?}");
    }
}

#[tokio::test]
async fn a_connection_serves_more_than_one_request() {
    let emulator = Emulator::start().await.unwrap();
    let request = String::from_utf8(login(&emulator).bytes()).unwrap();
    let request = request.replace("connection: close\r\n", "");
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        while !Reply::parse(&read).is_some_and(|reply| reply.complete) {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "closed");
        }
    }
    assert_eq!(emulator.ledger().requests(Operation::LoadEvents).count(), 3);
}

#[tokio::test]
async fn a_wrong_token_is_told_apart_from_a_wrong_service_in_the_order_that_is_set() {
    for (order, import_code, export_code) in [
        (
            CheckOrder::TokenFirst,
            ImportCode::InvalidToken,
            ExportCode::UnauthorizedToken,
        ),
        (
            CheckOrder::ServiceIdFirst,
            ImportCode::InvalidServiceId,
            ExportCode::InvalidParameter,
        ),
    ] {
        let emulator = start(|settings| settings.check_order = order).await;
        let call = login(&emulator);
        let wrong = call.clone().header("access_token", "wrong");
        let swapped = call.clone().header("access_token", emulator.export_token());
        for call in [&wrong, &swapped, &call.clone().without_header("access_token")] {
            assert_eq!(call.code().await, ImportCode::InvalidToken);
        }
        assert_eq!(call.clone().query("").code().await, ImportCode::InvalidServiceId);
        assert_eq!(wrong.query("service_id=other").code().await, import_code, "{order:?}");

        let call = export(&emulator);
        let wrong = call.clone().header("authorization", "Bearer wrong");
        let reply = wrong.send().await;
        assert_eq!(
            (reply.status, reply.export_code()),
            (401, ExportCode::UnauthorizedToken)
        );
        let no_scheme = call.clone().header("authorization", emulator.export_token());
        assert_eq!(no_scheme.failure().await, ExportCode::UnauthorizedToken);
        assert_eq!(call.query("").failure().await, ExportCode::InvalidParameter);
        assert_eq!(
            wrong.query("service_id=other").failure().await,
            export_code,
            "{order:?}"
        );

        let ledger = emulator.ledger();
        for record in ledger.all_requests() {
            assert!(!record.applied && record.reason.is_some(), "{record:?}");
        }
        assert_eq!(ledger.events().len(), 0);
    }
}

#[tokio::test]
async fn credentials_can_be_chosen_and_the_query_is_decoded() {
    let builder = Emulator::builder()
        .service_id("서비스 1&2")
        .import_token("secret-one")
        .export_token("secret-two");
    let shown = format!("{builder:?}");
    let emulator = builder.start().await.unwrap();
    let query = "x=1&service_id=%EC%84%9C%EB%B9%84%EC%8A%A4+1%262";
    assert_eq!(login(&emulator).query(query).code().await, ImportCode::Ok);
    assert_eq!(export(&emulator).query(query).send().await.status, 200);

    let shown = format!("{shown} {emulator:?} {:?}", emulator.ledger());
    for secret in ["secret", "서비스", "u-1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn null_is_the_value_of_a_property_and_of_nothing_else() {
    let emulator = Emulator::start().await.unwrap();
    let nameless = identify(&emulator, &json!({ "external_id": "u-1", "email": null }));
    assert_eq!(nameless.code().await, ImportCode::ValidationFailure);
    let mut no_properties = event("df_login");
    no_properties["event_properties"] = Value::Null;
    let load = load(&emulator, "u-1", &[no_properties]);
    assert_eq!(load.code().await, ImportCode::ValidationFailure);
    let audience = export_profiles_with(&emulator, json!({ "audience": null }));
    assert_eq!(audience.failure().await, ExportCode::InvalidParameter);
    let ledger = emulator.ledger();
    let reason = ledger.all_requests()[0].reason.as_deref();
    assert_eq!(reason, Some("a field of the body is null that may not be"));

    let cleared = profile(&emulator, "u-1", &json!({ "df_gender": null }));
    assert_eq!(cleared.code().await, ImportCode::Ok);
    let undocumented = identify(&emulator, &json!({ "external_id": "u-1", "nickname": null }));
    assert_eq!(undocumented.code().await, ImportCode::Ok);
}
