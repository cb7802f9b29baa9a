//! The emulator over real sockets, as a program without this crate's clients would see it: byte by byte.

#![cfg(feature = "emulator")]

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    time::Duration,
};

use dfinery::{
    ExportCode, Family, ImportCode, Operation, PropertyValue, Timestamp, Token,
    emulator::{
        Answered, Batch, CheckOrder, Clock, CodeStyle, DayZone, Duplicates, Emulator, ExportTime, FailureStyle, Fault,
        FaultRate, Framing, ItemRows, LineEnding, NullProperty, OverLimit, ProfileUpdate, RateHeaders, ResetUnit,
        Settings, SuccessData, Taxonomy, UnknownIdentity, Unregistered, Window,
    },
    tables::{PropertyType, RateLimit},
    types::import::LoadEventsRequest,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

const NOW: &str = "2024-12-05T12:00:10Z";

// --- A client that sees every byte ---------------------------------------------------------------------------------------

/// A request before it is sent.
#[derive(Clone)]
struct Call {
    address: SocketAddr,
    method: String,
    path: String,
    query: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Call {
    fn new(emulator: &Emulator, operation: Operation, body: &Value) -> Self {
        let token = operation.token();
        let secret = match token {
            Token::Import => emulator.import_token(),
            Token::Export => emulator.export_token(),
        };
        Self {
            address: emulator.address(),
            method: operation.method().to_owned(),
            path: operation.path().to_owned(),
            query: format!("service_id={}", emulator.service_id()),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                (token.header(), format!("{}{secret}", token.scheme())),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {}?{} HTTP/1.1\r\nhost: emulator\r\nconnection: close\r\n",
            self.method, self.path, self.query
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        [head.into_bytes(), self.body.clone()].concat()
    }

    /// Sends it and reads until the connection ends; nothing if it ends without a byte.
    async fn try_send(&self) -> Option<Reply> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        // The emulator may close before it has read everything.
        let _ = stream.write_all(&self.bytes()).await;
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read).await;
        Reply::parse(&read)
    }

    async fn send(&self) -> Reply {
        self.try_send().await.expect("an answer")
    }
}

/// An answer, and whether it was whole.
#[derive(Debug)]
struct Reply {
    version: String,
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
    complete: bool,
}

impl Reply {
    fn parse(read: &[u8]) -> Option<Self> {
        let end = read.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let (version, status) = lines.next().unwrap().split_once(' ').unwrap();
        let headers: HashMap<String, String> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let rest = &read[end + 4..];
        let (body, complete) = if let Some(length) = headers.get("content-length") {
            (rest.to_vec(), rest.len() == length.parse::<usize>().unwrap())
        } else if headers.contains_key("transfer-encoding") {
            dechunk(rest)
        } else {
            (rest.to_vec(), true)
        };
        Some(Self {
            version: version.to_owned(),
            status: status[..3].parse().unwrap(),
            headers,
            body,
            complete,
        })
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn import_code(&self) -> ImportCode {
        match &self.json()["code"] {
            Value::String(digits) => ImportCode::from_raw(digits),
            number => ImportCode::from_raw(&number.to_string()),
        }
    }

    fn export_code(&self) -> ExportCode {
        let json = self.json();
        assert_eq!(json["result"], "fail");
        ExportCode::from_raw(json["message"].as_str().unwrap())
    }

    fn columns(&self) -> Vec<String> {
        let mut reader = csv::Reader::from_reader(&self.body[..]);
        reader.headers().unwrap().iter().map(str::to_owned).collect()
    }

    fn rows(&self) -> Vec<HashMap<String, String>> {
        csv::Reader::from_reader(&self.body[..])
            .deserialize()
            .map(Result::unwrap)
            .collect()
    }

    /// The values of one column.
    fn column(&self, name: &str) -> Vec<String> {
        self.rows().into_iter().map(|row| row[name].clone()).collect()
    }
}

/// The bytes in the chunks, and whether the last chunk was among them.
fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}

// --- Requests ------------------------------------------------------------------------------------------------------------

async fn start(settings: Settings) -> Emulator {
    Emulator::builder().settings(settings).start().await.unwrap()
}

fn at(now: &str) -> Clock {
    Clock::fixed(now.parse().unwrap())
}

fn event(name: &str) -> Value {
    json!({ "event_log_id": Uuid::new_v4(), "event_name": name, "event_datetime": Timestamp::now() })
}

fn sign_up(channel: Value) -> Value {
    let mut event = event("df_sign_up");
    event["event_properties"] = json!({ "df_sign_channel": channel });
    event
}

fn load(emulator: &Emulator, user: &str, events: &[Value]) -> Call {
    let body = json!({ "common": { "identity": { "external_id": user } }, "events": events });
    Call::new(emulator, Operation::LoadEvents, &body)
}

fn login(emulator: &Emulator) -> Call {
    load(emulator, "u-1", &[event("df_login")])
}

fn identify(emulator: &Emulator, identity: &Value) -> Call {
    let body = json!({ "identity": identity, "request_datetime": "2024-12-05T00:00:00Z" });
    Call::new(emulator, Operation::UpsertIdentity, &body)
}

fn delete(emulator: &Emulator, user: &str) -> Call {
    let body = json!({ "identity": { "external_id": user }, "request_datetime": "2024-12-05T00:00:00Z" });
    Call::new(emulator, Operation::DeleteIdentity, &body)
}

fn profile(emulator: &Emulator, user: &str, properties: &Value) -> Call {
    let body = json!({
        "identity": { "external_id": user },
        "user_properties": properties,
        "request_datetime": "2024-12-05T00:00:00Z",
    });
    Call::new(emulator, Operation::UpsertUserProfile, &body)
}

/// An export of today, with some fields set otherwise.
fn export(emulator: &Emulator, fields: Value) -> Call {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut body = json!({ "events_condition_type": "all", "from_date": today, "to_date": today });
    let Value::Object(fields) = fields else {
        panic!("fields")
    };
    body.as_object_mut().unwrap().extend(fields);
    Call::new(emulator, Operation::ExportEvents, &body)
}

fn export_profiles(emulator: &Emulator, fields: Value) -> Call {
    let mut body = json!({ "properties_condition_type": "all" });
    let Value::Object(fields) = fields else {
        panic!("fields")
    };
    body.as_object_mut().unwrap().extend(fields);
    Call::new(emulator, Operation::ExportUserProfiles, &body)
}

fn valid(emulator: &Emulator, operation: Operation) -> Call {
    match operation {
        Operation::LoadEvents => login(emulator),
        Operation::UpsertIdentity => identify(emulator, &json!({ "external_id": "u-1" })),
        Operation::DeleteIdentity => delete(emulator, "u-1"),
        Operation::UpsertUserProfile => profile(emulator, "u-1", &json!({ "df_gender": "Female" })),
        Operation::ExportEvents => export(emulator, json!({})),
        Operation::ExportUserProfiles => export_profiles(emulator, json!({})),
    }
}

fn item(price: Value) -> Value {
    json!({ "df_item_id": "P-7", "df_item_name": "Tea, green", "df_price": price, "df_quantity": 2, "df_discount": 0 })
}

fn view_cart(items: &[Value]) -> Value {
    let mut event = event("df_view_cart");
    event["event_items"] = items.into();
    event
}

fn limited(family: Family, requests: u32, concurrent: Option<u32>) -> HashMap<Family, RateLimit> {
    let period = Duration::from_secs(60);
    HashMap::from([(
        family,
        RateLimit {
            requests,
            period,
            concurrent,
        },
    )])
}

// --- Routes, credentials, bodies -----------------------------------------------------------------------------------------

#[tokio::test]
async fn every_operation_of_the_table_is_served_and_on_record() {
    let emulator = Emulator::start().await.unwrap();
    for &operation in Operation::ALL {
        let reply = valid(&emulator, operation).send().await;
        assert_eq!(reply.status, 200, "{operation}");
        assert!(reply.complete, "{operation}");
        match operation.token() {
            Token::Import => {
                let expected = json!({ "status": true, "code": 20000, "message": "OK", "data": true });
                assert_eq!(reply.json(), expected, "{operation}");
                assert_eq!(reply.header("content-type"), Some("application/json"));
            }
            Token::Export => {
                assert_eq!(reply.header("content-type"), Some("text/csv"));
                assert!(reply.columns().contains(&"df_unified_id".to_owned()), "{operation}");
            }
        }
        let ledger = emulator.ledger();
        let record = ledger.requests(operation).next().unwrap();
        assert_eq!(
            (record.status, record.applied, record.answered),
            (Some(200), true, Answered::Completely)
        );
        assert_eq!(record.fault, Fault::None);
    }
    let ledger = emulator.ledger();
    assert_eq!(ledger.all_requests().len(), Operation::ALL.len());
    assert!(
        ledger
            .all_requests()
            .iter()
            .enumerate()
            .all(|(index, record)| record.sequence == index as u64)
    );
    assert_eq!(
        (
            ledger.identities().len(),
            ledger.profile_updates(),
            ledger.deletions().len()
        ),
        (1, 1, 1)
    );
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
    assert!(
        ledger
            .all_requests()
            .iter()
            .all(|record| record.operation.is_none() && !record.applied)
    );
}

#[tokio::test]
async fn a_connection_serves_more_than_one_request() {
    let emulator = Emulator::start().await.unwrap();
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    let request = String::from_utf8(login(&emulator).bytes())
        .unwrap()
        .replace("connection: close\r\n", "");
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
    for (check_order, both_wrong, both_wrong_export) in [
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
        let emulator = start(Settings {
            check_order,
            ..Settings::default()
        })
        .await;
        let import = login(&emulator);
        let wrong_token = import.clone().header("access_token", "wrong");
        assert_eq!(wrong_token.send().await.import_code(), ImportCode::InvalidToken);
        let no_token = import.clone().without_header("access_token");
        assert_eq!(no_token.send().await.import_code(), ImportCode::InvalidToken);
        let swapped = import.clone().header("access_token", emulator.export_token());
        assert_eq!(swapped.send().await.import_code(), ImportCode::InvalidToken);
        assert_eq!(
            import.clone().query("").send().await.import_code(),
            ImportCode::InvalidServiceId
        );
        assert_eq!(
            wrong_token.query("service_id=other").send().await.import_code(),
            both_wrong
        );

        let export = export(&emulator, json!({}));
        let wrong_token = export.clone().header("authorization", "Bearer wrong");
        let reply = wrong_token.send().await;
        assert_eq!(
            (reply.status, reply.export_code()),
            (401, ExportCode::UnauthorizedToken)
        );
        let no_scheme = export.clone().header("authorization", emulator.export_token());
        assert_eq!(no_scheme.send().await.export_code(), ExportCode::UnauthorizedToken);
        assert_eq!(
            export.clone().query("").send().await.export_code(),
            ExportCode::InvalidParameter
        );
        assert_eq!(
            wrong_token.query("service_id=other").send().await.export_code(),
            both_wrong_export
        );

        let ledger = emulator.ledger();
        assert!(
            ledger
                .all_requests()
                .iter()
                .all(|record| !record.applied && record.reason.is_some())
        );
        assert_eq!(ledger.events().len(), 0);
    }
}

#[tokio::test]
async fn credentials_can_be_chosen_and_the_query_is_decoded() {
    let emulator = Emulator::builder()
        .service_id("서비스 1&2")
        .import_token("secret-one")
        .export_token("secret-two")
        .start()
        .await
        .unwrap();
    let query = "x=1&service_id=%EC%84%9C%EB%B9%84%EC%8A%A4+1%262";
    assert_eq!(login(&emulator).query(query).send().await.import_code(), ImportCode::Ok);
    assert_eq!(export(&emulator, json!({})).query(query).send().await.status, 200);
    let shown = format!(
        "{emulator:?} {:?} {:?}",
        Emulator::builder().import_token("secret-one"),
        emulator.ledger()
    );
    assert!(!shown.contains("secret") && !shown.contains("서비스"), "{shown}");
    assert!(!shown.contains("u-1"), "personal data in Debug: {shown}");
}

#[tokio::test]
async fn bodies_are_held_against_the_spec() {
    let emulator = Emulator::start().await.unwrap();
    let events = |count: usize| (0..count).map(|_| event("df_login")).collect::<Vec<_>>();
    let most = LoadEventsRequest::MAX_EVENTS;
    let items = |count: usize| vec![item(json!(1.0)); count];
    let secret_name = json!({ "common": { "identity": { "external_id": 7 } }, "events": "kim@example.com" });
    let mut no_name = event("df_login");
    no_name["event_name"] = json!("");
    for (call, code) in [
        (login(&emulator).body("{\"common\": "), ImportCode::BadRequest),
        (login(&emulator).body("kim@example.com"), ImportCode::BadRequest),
        (login(&emulator).body(""), ImportCode::BadRequest),
        (
            login(&emulator).header("content-type", "text/plain"),
            ImportCode::BadRequest,
        ),
        (login(&emulator).without_header("content-type"), ImportCode::BadRequest),
        (
            login(&emulator).header("content-type", "Application/JSON; charset=utf-8"),
            ImportCode::Ok,
        ),
        (login(&emulator).body("{}"), ImportCode::ValidationFailure),
        (
            login(&emulator).body(secret_name.to_string()),
            ImportCode::ValidationFailure,
        ),
        (load(&emulator, "", &events(1)), ImportCode::ValidationFailure),
        (load(&emulator, "u", &[]), ImportCode::ValidationFailure),
        (load(&emulator, "u", &[no_name]), ImportCode::ValidationFailure),
        (load(&emulator, "u", &events(most)), ImportCode::Ok),
        (load(&emulator, "u", &events(most + 1)), ImportCode::TooManyEvents),
        (
            load(&emulator, "u", &[view_cart(&items(50)), view_cart(&items(50))]),
            ImportCode::Ok,
        ),
        (
            load(&emulator, "u", &[view_cart(&items(50)), view_cart(&items(51))]),
            ImportCode::ValidationFailure,
        ),
        (identify(&emulator, &json!({})), ImportCode::ValidationFailure),
        (
            identify(&emulator, &json!({ "email": "" })),
            ImportCode::ValidationFailure,
        ),
        (delete(&emulator, ""), ImportCode::ValidationFailure),
    ] {
        let reply = call.send().await;
        assert_eq!(reply.import_code(), code, "{}", String::from_utf8_lossy(&call.body));
        let ledger = emulator.ledger();
        let record = ledger.all_requests().last().unwrap();
        assert_eq!(record.import_code(), Some(&code));
        assert_eq!(record.applied, code == ImportCode::Ok);
        assert_eq!(record.reason.is_none(), code == ImportCode::Ok);
        assert!(!format!("{:?}", record.reason).contains("kim"), "{:?}", record.reason);
    }
    assert_eq!(emulator.ledger().events().len(), 1 + most + 2);

    emulator.settings(|settings| settings.require_content_type = false);
    assert_eq!(
        login(&emulator)
            .without_header("content-type")
            .send()
            .await
            .import_code(),
        ImportCode::Ok
    );
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_read_to_its_end() {
    let emulator = start(Settings {
        body_limit: 1000,
        ..Settings::default()
    })
    .await;
    assert_eq!(login(&emulator).send().await.import_code(), ImportCode::Ok);
    let mut long = login(&emulator).body;
    long.resize(1001, b' ');
    let reply = login(&emulator).body(long).send().await;
    assert_eq!(reply.status, 413);
    assert_eq!(emulator.ledger().events().len(), 1);
}

// --- Answers -------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn import_answers_come_in_every_style() {
    let emulator = start(Settings {
        code_style: CodeStyle::Digits,
        success_data: SuccessData::Null,
        ..Settings::default()
    })
    .await;
    let expected = r#"{"status":true,"code":"20000","message":"OK","data":null}"#;
    assert_eq!(login(&emulator).send().await.text(), expected);
    for (style, status) in [(FailureStyle::DetailTable, 200), (FailureStyle::Alternative, 400)] {
        emulator.settings(|settings| settings.import_failures = style);
        let reply = login(&emulator).body("{}").send().await;
        let expected = r#"{"status":false,"code":"40001","message":"VALIDATION_FAILURE","data":null}"#;
        assert_eq!((reply.status, reply.text()), (status, expected));
    }
    emulator.settings(|settings| settings.code_style = CodeStyle::Number);
    let expected = r#"{"status":false,"code":40001,"message":"VALIDATION_FAILURE","data":null}"#;
    assert_eq!(login(&emulator).body("{}").send().await.text(), expected);

    for (style, status) in [(FailureStyle::DetailTable, 400), (FailureStyle::Alternative, 200)] {
        emulator.settings(|settings| settings.export_failures = style);
        let reply = export(&emulator, json!({ "from_date": "soon" })).send().await;
        assert_eq!(
            (reply.status, reply.text()),
            (status, r#"{"result":"fail","message":"invalid_parameter"}"#)
        );
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_spent_quota_is_answered_in_every_style() {
    let one_each = [Family::Event, Family::Export]
        .map(|family| limited(family, 1, None))
        .into_iter()
        .flatten()
        .collect();
    let settings = Settings {
        rate_limits: one_each,
        clock: at(NOW),
        ..Settings::default()
    };
    for (over_limit, import, export_status) in [
        (OverLimit::LikeOtherFailures, 200, 429),
        (OverLimit::Http429, 429, 429),
        (OverLimit::Http429Empty, 429, 429),
    ] {
        let emulator = start(Settings {
            over_limit,
            ..settings.clone()
        })
        .await;
        let day = json!({ "from_date": "2024-12-05", "to_date": "2024-12-05" });
        assert_eq!(login(&emulator).send().await.import_code(), ImportCode::Ok);
        assert_eq!(export(&emulator, day.clone()).send().await.status, 200);
        let refused = login(&emulator).send().await;
        let refused_export = export(&emulator, day).send().await;
        assert_eq!(
            (refused.status, refused_export.status),
            (import, export_status),
            "{over_limit:?}"
        );
        if over_limit == OverLimit::Http429Empty {
            assert_eq!((refused.text(), refused_export.text()), ("", ""));
        } else {
            assert_eq!(refused.import_code(), ImportCode::TooManyRequest);
            assert_eq!(refused_export.export_code(), ExportCode::TooManyApiRequests);
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
    let rate_limits = limited(Family::Event, 20, None);
    let settings = Settings {
        rate_limits,
        rate_limit_divisor: 10,
        clock: at(NOW),
        ..Settings::default()
    };
    let emulator = start(settings).await;
    let reply = login(&emulator).send().await;
    assert_eq!(reply.header("x-rate-limit-limit"), Some("1m"));
    assert_eq!(reply.header("x-rate-limit-remaining"), Some("1"));
    let reset: Timestamp = "2024-12-05T12:01:00Z".parse().unwrap();
    assert_eq!(
        reply.header("x-rate-limit-reset"),
        Some(&*reset.to_jiff().as_second().to_string())
    );
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
    let reply = login(&emulator).send().await;
    assert_eq!(
        (reply.header("x-ratelimit-remaining"), reply.header("retry-after")),
        (Some("0"), None)
    );
    assert!(!reply.headers.contains_key("x-rate-limit-limit"));
    let reply = login(&emulator).send().await;
    assert_eq!(reply.import_code(), ImportCode::TooManyRequest);
    assert_eq!(
        reply.header("x-ratelimit-reset"),
        Some(&*reset.to_jiff().as_millisecond().to_string())
    );
    assert_eq!(
        (reply.header("x-ratelimit-remaining"), reply.header("retry-after")),
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
    let refusals = async |window| {
        let settings = Settings {
            rate_limits: limited(Family::Identity, 1, None),
            window,
            ..Settings::default()
        };
        let emulator = start(settings).await;
        let mut codes = Vec::new();
        for now in ["12:00:50", "12:00:59", "12:01:01", "12:01:49", "12:01:50"] {
            emulator.settings(|settings| settings.clock = at(&format!("2024-12-05T{now}Z")));
            codes.push(
                identify(&emulator, &json!({ "email": "kim@example.com" }))
                    .send()
                    .await
                    .import_code(),
            );
            assert_eq!(
                login(&emulator).send().await.import_code(),
                ImportCode::Ok,
                "another family"
            );
        }
        codes
            .into_iter()
            .map(|code| code == ImportCode::TooManyRequest)
            .collect::<Vec<_>>()
    };
    assert_eq!(refusals(Window::Fixed).await, [false, true, false, true, true]);
    assert_eq!(refusals(Window::Sliding).await, [false, true, true, true, false]);
}

#[tokio::test]
async fn both_operations_on_identities_share_the_documented_quota() {
    let emulator = start(Settings {
        rate_limit_divisor: 5_000,
        clock: at(NOW),
        ..Settings::default()
    })
    .await;
    let limit = Family::Identity.rate_limit().requests / 5_000;
    assert_eq!(limit, 2, "the documented quota has changed: adapt this test");
    assert_eq!(
        identify(&emulator, &json!({ "email": "kim@example.com" }))
            .send()
            .await
            .import_code(),
        ImportCode::Ok
    );
    assert_eq!(delete(&emulator, "u-1").send().await.import_code(), ImportCode::Ok);
    assert_eq!(
        delete(&emulator, "u-1").send().await.import_code(),
        ImportCode::TooManyRequest
    );
}

#[tokio::test]
async fn no_more_exports_run_at_once_than_the_table_allows() {
    let emulator = Emulator::start().await.unwrap();
    let concurrent = Family::Export.rate_limit().concurrent.unwrap();
    let slow = Fault::SlowBody {
        piece: 64 * 1024,
        pause: Duration::from_secs(3_600),
    };
    emulator.script(vec![slow; concurrent as usize]);
    let mut running = Vec::new();
    for _ in 0..concurrent {
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all(&export(&emulator, json!({})).bytes()).await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        running.push(stream);
    }
    let refused = export_profiles(&emulator, json!({})).send().await;
    assert_eq!(
        (refused.status, refused.export_code()),
        (429, ExportCode::TooManyApiRequests)
    );
    drop(running.pop());
    let mut tries = 0;
    while export(&emulator, json!({})).send().await.status != 200 {
        tries += 1;
        assert!(tries < 100, "a client that left still counts as running");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..10 {
        assert_eq!(
            export(&emulator, json!({})).send().await.status,
            200,
            "a finished export still counts as running"
        );
    }
}

// --- Registration, batches, profiles -------------------------------------------------------------------------------------

#[tokio::test]
async fn what_is_not_registered_is_refused_dropped_or_accepted() {
    let bad: [fn() -> Value; 4] = [
        || event("no_such_event"),
        || sign_up(json!(1)),
        || event("df_sign_up"),
        || view_cart(&[json!({ "df_price": 1 })]),
    ];
    for (unregistered, code, taken, stored) in [
        (Unregistered::Refuse, ImportCode::ValidationFailure, 0, 0),
        (Unregistered::DropSilently, ImportCode::Ok, 4, 0),
        (Unregistered::Accept, ImportCode::Ok, 4, 4),
    ] {
        let emulator = start(Settings {
            unregistered,
            ..Settings::default()
        })
        .await;
        for event in bad {
            assert_eq!(
                load(&emulator, "u", &[event()]).send().await.import_code(),
                code,
                "{unregistered:?}"
            );
        }
        let ledger = emulator.ledger();
        assert_eq!(
            (ledger.events().len(), ledger.events_stored()),
            (taken, stored),
            "{unregistered:?}"
        );
        assert_eq!(export(&emulator, json!({})).send().await.rows().len(), stored);

        let properties = json!({ "df_gender": "female", "df_membership": "VIP" });
        assert_eq!(profile(&emulator, "u", &properties).send().await.import_code(), code);
        let ledger = emulator.ledger();
        let kept = ledger
            .profiles()
            .next()
            .map(|profile| profile.properties.iter().map(|(name, _)| name.to_owned()).collect());
        let kept: Vec<String> = kept.unwrap_or_default();
        match unregistered {
            Unregistered::Refuse => assert!(kept.is_empty()),
            Unregistered::DropSilently => assert_eq!(kept, ["df_membership"]),
            Unregistered::Accept => assert_eq!(kept, ["df_gender", "df_membership"]),
        }
    }
}

#[tokio::test]
async fn custom_names_can_be_registered_and_needs_switched_off() {
    let taxonomy = Taxonomy::standard()
        .event("store_visit")
        .event_property("floor", PropertyType::Long)
        .item_property("colour", PropertyType::String)
        .user_property("points", PropertyType::Double)
        .required("store_visit", "floor");
    let emulator = start(Settings {
        taxonomy,
        ..Settings::default()
    })
    .await;
    let mut visit = event("store_visit");
    assert_eq!(
        load(&emulator, "u", &[visit.clone()]).send().await.import_code(),
        ImportCode::ValidationFailure
    );
    visit["event_properties"] = json!({ "floor": 3 });
    assert_eq!(
        load(&emulator, "u", &[visit]).send().await.import_code(),
        ImportCode::Ok
    );
    assert_eq!(
        profile(&emulator, "u", &json!({ "points": 3 }))
            .send()
            .await
            .import_code(),
        ImportCode::Ok
    );
    let mut cart = view_cart(&[item(json!(1))]);
    cart["event_items"][0]["colour"] = json!("red");
    assert_eq!(load(&emulator, "u", &[cart]).send().await.import_code(), ImportCode::Ok);
    let reply = export(&emulator, json!({})).send().await;
    assert_eq!(reply.column("floor"), ["3", ""]);
    assert_eq!(reply.column("df_items_colour"), ["", "[\"red\"]"]);

    emulator.settings(|settings| settings.enforce_required = false);
    assert_eq!(
        load(&emulator, "u", &[event("store_visit")]).send().await.import_code(),
        ImportCode::Ok
    );
}

#[tokio::test]
async fn one_bad_event_has_the_effect_that_is_set() {
    for (batch, code, stored) in [
        (Batch::AllOrNothing, ImportCode::ValidationFailure, 0),
        (Batch::KeepGoodAndFail, ImportCode::ValidationFailure, 2),
        (Batch::KeepGoodAndSucceed, ImportCode::Ok, 2),
    ] {
        let emulator = start(Settings {
            batch,
            ..Settings::default()
        })
        .await;
        let events = [event("df_login"), event("no_such_event"), event("df_logout")];
        assert_eq!(
            load(&emulator, "u", &events).send().await.import_code(),
            code,
            "{batch:?}"
        );
        let ledger = emulator.ledger();
        let record = &ledger.all_requests()[0];
        assert_eq!(
            (record.applied, record.events, ledger.events_stored()),
            (stored > 0, stored, stored),
            "{batch:?}"
        );
        assert_eq!(
            record.reason.as_deref(),
            Some("events[1]: event \"no_such_event\" is not registered")
        );
        assert_eq!(ledger.profiles().len(), usize::from(stored > 0), "{batch:?}");
    }
}

#[tokio::test]
async fn repeated_ids_are_on_record_and_stored_as_set() {
    for (duplicates, stored) in [(Duplicates::Keep, 4), (Duplicates::Drop, 3)] {
        let emulator = start(Settings {
            duplicates,
            ..Settings::default()
        })
        .await;
        let (first, second, third) = (event("df_login"), event("df_login"), event("df_logout"));
        load(&emulator, "u-1", &[first.clone(), second]).send().await;
        load(&emulator, "u-2", &[third, first.clone()]).send().await;
        let ledger = emulator.ledger();
        assert_eq!(
            (ledger.events().len(), ledger.duplicates(), ledger.events_stored()),
            (4, 1, stored),
            "{duplicates:?}"
        );
        let id: Uuid = serde_json::from_value(first["event_log_id"].clone()).unwrap();
        let times = ledger.times_taken();
        assert_eq!((times.len(), times[&id]), (3, 2));
        let where_taken: Vec<_> = ledger
            .events()
            .filter(|record| record.event.event_log_id == id)
            .map(|record| {
                (
                    record.request,
                    record.position,
                    record.identity.external_id.as_deref().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(where_taken, [(0, 0, "u-1"), (1, 3, "u-2")]);
        assert_eq!(export(&emulator, json!({})).send().await.rows().len(), stored);
    }
}

#[tokio::test]
async fn unknown_users_are_created_or_refused() {
    let emulator = start(Settings {
        unknown_identity: UnknownIdentity::Refuse,
        unknown_deletion_succeeds: false,
        ..Settings::default()
    })
    .await;
    let all: [fn(&Emulator) -> Call; 3] = [login, |e| valid(e, Operation::UpsertUserProfile), |e| delete(e, "u-1")];
    for call in all {
        assert_eq!(
            call(&emulator).send().await.import_code(),
            ImportCode::ValidationFailure
        );
    }
    assert_eq!(emulator.ledger().profiles().len(), 0);
    assert_eq!(
        valid(&emulator, Operation::UpsertIdentity).send().await.import_code(),
        ImportCode::Ok
    );
    for call in all {
        assert_eq!(call(&emulator).send().await.import_code(), ImportCode::Ok);
    }
    let lenient = Emulator::start().await.unwrap();
    for call in all {
        assert_eq!(call(&lenient).send().await.import_code(), ImportCode::Ok);
    }
}

#[tokio::test]
async fn user_properties_are_merged_replaced_and_cleared_as_set() {
    let outcome = async |profile_update, null_property| {
        let emulator = start(Settings {
            profile_update,
            null_property,
            ..Settings::default()
        })
        .await;
        for properties in [
            json!({ "df_gender": "Female", "df_membership": "VIP", "df_push_ads_optin": true }),
            json!({ "df_gender": null, "df_push_ads_optin": false }),
        ] {
            assert_eq!(
                profile(&emulator, "u", &properties).send().await.import_code(),
                ImportCode::Ok
            );
        }
        let reply = export_profiles(&emulator, json!({})).send().await;
        ["df_gender", "df_membership", "df_push_ads_optin"].map(|name| reply.column(name).join(","))
    };
    assert_eq!(
        outcome(ProfileUpdate::Merge, NullProperty::Clear).await,
        ["", "VIP", "false"]
    );
    assert_eq!(
        outcome(ProfileUpdate::Merge, NullProperty::Ignore).await,
        ["Female", "VIP", "false"]
    );
    assert_eq!(
        outcome(ProfileUpdate::Replace, NullProperty::Clear).await,
        ["", "", "false"]
    );
}

#[tokio::test]
async fn users_who_share_an_identifier_become_one_and_deleted_ones_leave() {
    let emulator = Emulator::start().await.unwrap();
    login(&emulator).send().await;
    identify(&emulator, &json!({ "email": "kim@example.com" })).send().await;
    let two = export_profiles(&emulator, json!({}))
        .send()
        .await
        .column("df_unified_id");
    assert_eq!(two.iter().collect::<BTreeSet<_>>().len(), 2);
    identify(&emulator, &json!({ "external_id": "u-1", "email": "kim@example.com" }))
        .send()
        .await;
    let one = export_profiles(&emulator, json!({})).send().await;
    assert_eq!(one.column("df_unified_id"), two[..1]);
    assert_eq!(one.column("df_external_id"), ["u-1"]);
    assert_eq!(
        export(&emulator, json!({})).send().await.column("df_unified_id"),
        two[..1]
    );
    assert!(two.iter().all(|id| id.parse::<Uuid>().is_ok()), "{two:?}");

    delete(&emulator, "u-1").send().await;
    assert_eq!(export_profiles(&emulator, json!({})).send().await.rows().len(), 0);
    assert_eq!(export(&emulator, json!({})).send().await.rows().len(), 1);
    emulator.settings(|settings| settings.deletion_keeps_events = false);
    assert_eq!(export(&emulator, json!({})).send().await.rows().len(), 0);
    let ledger = emulator.ledger();
    assert_eq!(ledger.profiles().filter(|profile| profile.deleted).count(), 1);
    assert_eq!(ledger.events_stored(), 1);
}

// --- Exports -------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn what_was_imported_comes_out_again() {
    let emulator = start(Settings {
        clock: at(NOW),
        ..Settings::default()
    })
    .await;
    let mut purchase = view_cart(&[item(json!(9_900)), item(json!(0.5))]);
    purchase["event_name"] = json!("df_purchase");
    purchase["event_datetime"] = json!("2024-12-05T09:00:00.5+09:00");
    purchase["event_properties"] = json!({
        "df_order_id": "A-1, \"최초\"",
        "df_payment_method": "카드",
        "df_total_purchase_amount": 19_800.0,
        "df_delivery_charge": 2_500,
    });
    assert_eq!(
        load(&emulator, "u-1", &[purchase]).send().await.import_code(),
        ImportCode::Ok
    );
    let day = json!({ "from_date": "2024-12-05", "to_date": "2024-12-05" });
    let reply = export(&emulator, day).send().await;

    let columns = reply.columns();
    let position = |name: &str| {
        columns
            .iter()
            .position(|column| column == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    let (items, system) = (position("df_items_df_category1"), position("df_unified_id"));
    assert!(
        columns[..items].is_sorted() && columns[items..system].is_sorted(),
        "{columns:?}"
    );
    assert!(
        columns[items..system]
            .iter()
            .all(|column| column.starts_with("df_items_")),
        "{columns:?}"
    );
    let system_columns = [
        "df_unified_id",
        "df_api_version",
        "event_name",
        "df_server_datetime",
        "df_correction_datetime",
    ];
    assert_eq!(columns[system..], system_columns);

    let rows = reply.rows();
    assert_eq!(rows.len(), 1);
    for (column, value) in [
        ("event_name", "df_purchase"),
        ("df_order_id", "A-1, \"최초\""),
        ("df_payment_method", "카드"),
        ("df_total_purchase_amount", "19800.0"),
        ("df_delivery_charge", "2500"),
        ("df_discount", ""),
        ("df_items_df_price", "[9900,0.5]"),
        ("df_items_df_item_name", "[\"Tea, green\",\"Tea, green\"]"),
        ("df_items_df_category1", ""),
        ("df_server_datetime", "2024-12-05T12:00:10.000Z"),
        ("df_correction_datetime", "2024-12-05T00:00:00.500Z"),
    ] {
        assert_eq!(rows[0][column], value, "{column}");
    }
}

#[tokio::test]
async fn filters_choose_events_and_columns_but_never_the_system_columns() {
    let emulator = Emulator::start().await.unwrap();
    load(
        &emulator,
        "u",
        &[event("df_login"), event("df_logout"), sign_up(json!("Kakao"))],
    )
    .send()
    .await;
    for (fields, names) in [
        (
            json!({ "events": ["df_login"] }),
            &["df_login", "df_logout", "df_sign_up"][..],
        ),
        (
            json!({ "events_condition_type": "include", "events": ["df_login", "df_sign_up"] }),
            &["df_login", "df_sign_up"],
        ),
        (
            json!({ "events_condition_type": "exclude", "events": ["df_login"] }),
            &["df_logout", "df_sign_up"],
        ),
        (
            json!({ "events_condition_type": "include" }),
            &["df_login", "df_logout", "df_sign_up"],
        ),
        (json!({ "events_condition_type": "include", "events": ["other"] }), &[]),
    ] {
        assert_eq!(
            export(&emulator, fields.clone()).send().await.column("event_name"),
            names,
            "{fields}"
        );
    }
    let two = json!(["df_sign_channel", "df_items_df_price"]);
    let included = export(
        &emulator,
        json!({ "properties_condition_type": "include", "properties": two }),
    )
    .send()
    .await;
    assert_eq!(
        included.columns()[..3],
        ["df_sign_channel", "df_items_df_price", "df_unified_id"]
    );
    assert_eq!(included.columns().len(), 2 + 5);
    let all = export(
        &emulator,
        json!({ "properties_condition_type": "all", "properties": two }),
    )
    .send()
    .await;
    let excluded = export(
        &emulator,
        json!({ "properties_condition_type": "exclude", "properties": two }),
    )
    .send()
    .await;
    let left_out: Vec<_> = all
        .columns()
        .into_iter()
        .filter(|column| !excluded.columns().contains(column))
        .collect();
    assert_eq!(left_out, ["df_sign_channel", "df_items_df_price"]);

    emulator.settings(|settings| settings.system_columns_first = true);
    assert_eq!(export(&emulator, json!({})).send().await.columns()[0], "df_unified_id");
}

#[tokio::test]
async fn days_are_those_of_the_zone_that_is_set() {
    let emulator = start(Settings {
        clock: at("2024-12-05T16:00:00Z"),
        ..Settings::default()
    })
    .await;
    let times = [
        "2024-12-04T14:59:59.999Z",
        "2024-12-04T15:00:00Z",
        "2024-12-05T00:00:00Z",
        "2024-12-05T15:00:00Z",
    ];
    let events = times.map(|time| {
        let mut event = event("df_login");
        event["event_datetime"] = json!(time);
        event
    });
    load(&emulator, "u", &events).send().await;
    let count = async |from: &str, to: &str| {
        export(&emulator, json!({ "from_date": from, "to_date": to }))
            .send()
            .await
            .rows()
            .len()
    };
    assert_eq!(
        (
            count("2024-12-05", "2024-12-05").await,
            count("2024-12-04", "2024-12-05").await
        ),
        (2, 4)
    );
    emulator.settings(|settings| settings.day_zone = DayZone::Kst);
    assert_eq!(
        (
            count("2024-12-05", "2024-12-05").await,
            count("2024-12-04", "2024-12-05").await
        ),
        (2, 3)
    );
    assert_eq!(count("2024-12-06", "2024-12-06").await, 1);
    emulator.settings(|settings| settings.to_date_inclusive = false);
    assert_eq!(
        (
            count("2024-12-05", "2024-12-05").await,
            count("2024-12-05", "2024-12-06").await
        ),
        (0, 2)
    );
    emulator.settings(|settings| {
        settings.to_date_inclusive = true;
        settings.export_time = ExportTime::Server;
    });
    assert_eq!(
        (
            count("2024-12-05", "2024-12-05").await,
            count("2024-12-06", "2024-12-06").await
        ),
        (0, 4)
    );
}

#[tokio::test]
async fn dates_out_of_range_are_refused() {
    let emulator = start(Settings {
        clock: at("2024-12-31T20:00:00Z"),
        ..Settings::default()
    })
    .await;
    let answer = async |from: &str, to: &str| {
        let reply = export(&emulator, json!({ "from_date": from, "to_date": to }))
            .send()
            .await;
        (reply.status, (reply.status != 200).then(|| reply.export_code()))
    };
    assert_eq!(answer("2024-12-01", "2024-12-31").await, (200, None));
    assert_eq!(
        answer("2024-11-30", "2024-12-31").await,
        (400, Some(ExportCode::ExceedDateRangeLimit))
    );
    assert_eq!(
        answer("2024-12-05", "2024-12-04").await,
        (400, Some(ExportCode::InvalidParameter))
    );
    assert_eq!(
        answer("9999-12-31", "9999-12-31").await.1,
        Some(ExportCode::InvalidParameter)
    );
    emulator.settings(|settings| settings.day_zone = DayZone::Kst);
    assert_eq!(
        answer("2024-12-01", "2024-12-31").await,
        (400, Some(ExportCode::ExceedDateRangeLimit))
    );
    let ledger = emulator.ledger();
    assert_eq!(
        ledger
            .requests(Operation::ExportEvents)
            .filter(|record| record.applied)
            .count(),
        1
    );
}

#[tokio::test]
async fn items_share_a_row_or_have_their_own() {
    let emulator = start(Settings {
        item_rows: ItemRows::Separate,
        ..Settings::default()
    })
    .await;
    load(
        &emulator,
        "u",
        &[view_cart(&[item(json!(1)), item(json!(2))]), event("df_login")],
    )
    .send()
    .await;
    let reply = export(&emulator, json!({})).send().await;
    assert_eq!(reply.column("df_items_df_price"), ["1", "2", ""]);
    assert_eq!(reply.column("event_name"), ["df_view_cart", "df_view_cart", "df_login"]);
}

#[tokio::test]
async fn a_csv_comes_in_every_dress() {
    let emulator = Emulator::start().await.unwrap();
    load(&emulator, "u", &[event("df_login"), event("df_logout")])
        .send()
        .await;
    let plain = export(&emulator, json!({})).send().await;
    assert_eq!(plain.header("transfer-encoding"), Some("chunked"));
    assert_eq!(
        (
            plain.body.iter().filter(|byte| **byte == b'\n').count(),
            plain.body.contains(&b'\r')
        ),
        (3, false)
    );

    for framing in [Framing::ContentLength, Framing::CloseDelimited] {
        emulator.settings(|settings| settings.csv_framing = framing);
        let reply = export(&emulator, json!({})).send().await;
        assert_eq!(reply.body, plain.body, "{framing:?}");
        assert!(
            reply.complete && reply.header("transfer-encoding").is_none(),
            "{framing:?}"
        );
        assert_eq!(
            reply.header("content-length").is_some(),
            framing == Framing::ContentLength
        );
        assert_eq!(
            reply.version,
            if framing == Framing::CloseDelimited {
                "HTTP/1.0"
            } else {
                "HTTP/1.1"
            }
        );
    }
    emulator.settings(|settings| {
        settings.bom = true;
        settings.line_ending = LineEnding::CrLf;
        settings.csv_framing = Framing::ContentLength;
    });
    for content_type in [None, Some("application/json"), Some("application/octet-stream")] {
        emulator.settings(|settings| settings.csv_content_type = content_type.map(str::to_owned));
        let reply = export(&emulator, json!({})).send().await;
        assert_eq!(reply.header("content-type"), content_type);
        assert!(reply.complete);
        let rest = reply.text().strip_prefix('\u{feff}').expect("a byte order mark");
        assert_eq!(rest.replace("\r\n", "\n"), plain.text());
        assert_eq!(rest.matches("\r\n").count(), 3);
    }
    for framing in [Framing::Chunked, Framing::CloseDelimited] {
        emulator.settings(|settings| settings.json_framing = framing);
        let reply = login(&emulator).send().await;
        assert_eq!(
            (reply.import_code(), reply.complete, reply.header("content-length")),
            (ImportCode::Ok, true, None)
        );
    }
}

#[tokio::test]
async fn user_profiles_have_their_columns_and_audiences() {
    let emulator = Emulator::start().await.unwrap();
    for user in ["u-1", "u-2", "u-3"] {
        profile(
            &emulator,
            user,
            &json!({ "df_membership": user, "df_birth": "1999-01-01" }),
        )
        .send()
        .await;
    }
    identify(&emulator, &json!({ "email": "kim@example.com" })).send().await;
    let all = export_profiles(&emulator, json!({})).send().await;
    assert_eq!(all.column("df_membership"), ["u-1", "u-2", "u-3", ""]);
    assert_eq!(all.column("df_external_id"), ["u-1", "u-2", "u-3", ""]);
    let columns = all.columns();
    assert_eq!(columns[columns.len() - 2..], ["df_unified_id", "df_external_id"]);
    assert!(columns[..columns.len() - 2].is_sorted());

    for (fields, columns) in [
        (
            json!({ "properties": ["df_birth"], "properties_condition_type": "include" }),
            &["df_birth", "df_unified_id", "df_external_id"][..],
        ),
        (
            json!({ "properties": ["df_birth"], "properties_condition_type": "include",
                "identities_condition_type": "exclude", "identities": ["external_id"] }),
            &["df_birth", "df_unified_id"],
        ),
        (
            json!({ "properties": ["df_birth"], "properties_condition_type": "include",
                "identities_condition_type": "include", "identities": ["df_external_id"] }),
            &["df_birth", "df_unified_id", "df_external_id"],
        ),
        (
            json!({ "properties": ["df_birth"], "properties_condition_type": "include",
                "identities_condition_type": "include", "identities": ["email"] }),
            &["df_birth", "df_unified_id"],
        ),
    ] {
        assert_eq!(
            export_profiles(&emulator, fields.clone()).send().await.columns(),
            columns,
            "{fields}"
        );
    }

    let two = BTreeSet::from(["u-3".to_owned(), "u-1".to_owned()]);
    emulator.settings(|settings| settings.audiences = HashMap::from([("nwh3nu".to_owned(), two)]));
    let reply = export_profiles(&emulator, json!({ "audience": "nwh3nu" })).send().await;
    assert_eq!(reply.column("df_external_id"), ["u-1", "u-3"]);
    let unknown = export_profiles(&emulator, json!({ "audience": "other" })).send().await;
    assert_eq!(unknown.export_code(), ExportCode::InvalidParameter);
}

#[tokio::test]
async fn a_made_up_export_has_the_size_that_is_set_in_every_framing() {
    const BYTES: u64 = 3_000_000;
    let emulator = start(Settings {
        synthetic_export_bytes: Some(BYTES),
        ..Settings::default()
    })
    .await;
    let mut sizes = BTreeSet::new();
    for csv_framing in [Framing::Chunked, Framing::ContentLength] {
        emulator.settings(|settings| settings.csv_framing = csv_framing);
        let reply = export(&emulator, json!({})).send().await;
        let size = reply.body.len() as u64;
        assert!(
            reply.complete && (BYTES..BYTES + 1000).contains(&size),
            "{csv_framing:?}: {size}"
        );
        sizes.insert(size);
        let ids = reply.column("df_unified_id");
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "each row is its own"
        );
        assert!(ids.len() > 5_000);
    }
    assert_eq!(sizes.len(), 1);
    let profiles = export_profiles(&emulator, json!({})).send().await;
    assert!(profiles.complete && profiles.body.len() as u64 >= BYTES);
}

// --- Faults --------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn faults_stand_in_the_place_of_the_answer() {
    let emulator = Emulator::start().await.unwrap();
    let answer = Fault::Answer {
        status: 418,
        content_type: Some("text/plain".to_owned()),
        body: "teapot".into(),
    };
    for (fault, status, content_type, body) in [
        (Fault::Status(503), 503, None, ""),
        (Fault::Status(204), 204, None, ""),
        (Fault::Status(100), 500, None, ""),
        (Fault::Status(7), 500, None, ""),
        (answer, 418, Some("text/plain"), "teapot"),
        (
            Fault::Import(ImportCode::TooManyUserProfiles),
            200,
            Some("application/json"),
            r#"{"status":false,"code":40403,"message":"TOO_MANY_USER_PROFILES","data":null}"#,
        ),
        (
            Fault::Export(ExportCode::QueryError),
            500,
            Some("application/json"),
            r#"{"result":"fail","message":"query_error"}"#,
        ),
    ] {
        for (fault, applied) in [(fault.clone(), false), (fault.after_applying(), true)] {
            emulator.script([fault.clone()]);
            let before = emulator.ledger().events().len();
            let reply = login(&emulator).send().await;
            assert_eq!(
                (reply.status, reply.header("content-type"), reply.text()),
                (status, content_type, body),
                "{fault:?}"
            );
            let ledger = emulator.ledger();
            let record = ledger.all_requests().last().unwrap();
            assert_eq!(
                (&record.fault, record.status, record.applied),
                (&fault, Some(status), applied)
            );
            assert_eq!(record.answered, Answered::Completely, "{fault:?}");
            assert_eq!(ledger.events().len() - before, usize::from(applied), "{fault:?}");
        }
    }
    emulator.script([Fault::HtmlBadGateway, Fault::MalformedJson]);
    let reply = login(&emulator).send().await;
    assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html")));
    assert!(reply.text().starts_with("<html>"));
    let reply = login(&emulator).send().await;
    assert_eq!(
        (reply.status, reply.header("content-type"), reply.complete),
        (200, Some("application/json"), true)
    );
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
    assert_eq!(
        login(&emulator).send().await.import_code(),
        ImportCode::Ok,
        "the script is over"
    );
}

#[tokio::test]
async fn an_unknown_code_is_in_no_table_and_a_spent_quota_says_so() {
    let emulator = start(Settings {
        clock: at(NOW),
        ..Settings::default()
    })
    .await;
    emulator.script([
        Fault::UnknownCode,
        Fault::UnknownCode,
        Fault::Import(ImportCode::TooManyRequest),
    ]);
    assert!(matches!(
        login(&emulator).send().await.import_code(),
        ImportCode::Unknown(_)
    ));
    let reply = export(&emulator, json!({})).send().await;
    assert!(matches!(reply.export_code(), ExportCode::Unknown(_)));
    let reply = login(&emulator).send().await;
    assert_eq!(reply.import_code(), ImportCode::TooManyRequest);
    assert_eq!(reply.header("x-rate-limit-remaining"), Some("0"));
    let reply = login(&emulator).send().await;
    let left = (Family::Event.rate_limit().requests - 1).to_string();
    assert_eq!(
        reply.header("x-rate-limit-remaining"),
        Some(&*left),
        "a faulty request costs no quota"
    );
}

#[tokio::test]
async fn a_huge_body_is_as_long_as_asked() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script([Fault::HugeBody(5_000_001)]);
    let reply = login(&emulator).send().await;
    assert_eq!((reply.body.len(), reply.complete), (5_000_001, true));
}

#[tokio::test]
async fn closing_comes_before_or_after_the_request_was_read() {
    let emulator = Emulator::start().await.unwrap();
    for (fault, applied) in [
        (Fault::CloseBeforeReading, 0),
        (Fault::CloseBeforeReading.after_applying(), 0),
        (Fault::CloseAfterReading, 0),
        (Fault::CloseAfterReading.after_applying(), 1),
    ] {
        emulator.script([fault.clone()]);
        let before = emulator.ledger().events().len();
        assert!(login(&emulator).try_send().await.is_none(), "{fault:?}");
        let ledger = emulator.ledger();
        let record = ledger.all_requests().last().unwrap();
        assert_eq!((record.status, record.answered), (None, Answered::Nothing), "{fault:?}");
        assert_eq!((record.applied, record.events), (applied > 0, applied), "{fault:?}");
        assert_eq!(ledger.events().len() - before, applied, "{fault:?}");
    }

    // The body is never asked for: the connection is gone while the client still waits to send it.
    emulator.script([Fault::CloseBeforeReading]);
    let request = login(&emulator).bytes();
    let head = request.len() - login(&emulator).body.len();
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(&request[..head]).await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn an_answer_is_cut_after_exactly_the_bytes_that_are_set() {
    let emulator = Emulator::start().await.unwrap();
    let whole = login(&emulator).send().await.body;
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::CloseDelimited] {
        emulator.settings(|settings| settings.json_framing = framing);
        for bytes in [0, 1, 10, whole.len() as u64 - 1] {
            emulator.script([Fault::CloseAfterBytes(bytes), Fault::EndAfterBytes(bytes)]);
            let cut = login(&emulator).send().await;
            assert_eq!(cut.body, whole[..usize::try_from(bytes).unwrap()], "{framing:?}");
            assert_eq!(cut.complete, framing == Framing::CloseDelimited, "{framing:?} {bytes}");
            let ended = login(&emulator).send().await;
            assert_eq!((ended.body, ended.complete), (cut.body, true), "{framing:?} {bytes}");
            let ledger = emulator.ledger();
            let answered: Vec<_> = ledger
                .all_requests()
                .iter()
                .rev()
                .take(2)
                .map(|record| (record.answered, record.applied))
                .collect();
            assert_eq!(
                answered,
                [(Answered::Completely, true), (Answered::InPart, true)],
                "{framing:?} {bytes}"
            );
        }
        emulator.script([Fault::CloseAfterBytes(whole.len() as u64)]);
        let reply = login(&emulator).send().await;
        assert_eq!((reply.body, reply.complete), (whole.clone(), true), "{framing:?}");
    }
}

#[tokio::test]
async fn a_csv_is_cut_ended_or_followed_by_a_failure() {
    let emulator = start(Settings {
        synthetic_export_bytes: Some(2_000_000),
        ..Settings::default()
    })
    .await;
    let whole = export(&emulator, json!({})).send().await.body;
    for csv_framing in [Framing::Chunked, Framing::ContentLength, Framing::CloseDelimited] {
        emulator.settings(|settings| settings.csv_framing = csv_framing);
        for bytes in [0_usize, 17, 65_536, 1_234_567] {
            let after_bytes = bytes as u64;
            let code = ExportCode::ClientConnectionClosed;
            emulator.script([
                Fault::CloseAfterBytes(after_bytes),
                Fault::EndAfterBytes(after_bytes),
                Fault::JsonTail { after_bytes, code },
            ]);
            let cut = export(&emulator, json!({})).send().await;
            assert_eq!(cut.body.len(), bytes, "{csv_framing:?}");
            assert_eq!(cut.body, whole[..bytes]);
            assert_eq!(cut.complete, csv_framing == Framing::CloseDelimited);
            let ended = export(&emulator, json!({})).send().await;
            assert_eq!((ended.body.len(), ended.complete), (bytes, true), "{csv_framing:?}");
            let tailed = export(&emulator, json!({})).send().await;
            let (csv, json) = tailed.body.split_at(bytes);
            assert_eq!((csv, tailed.complete), (&whole[..bytes], true), "{csv_framing:?}");
            assert_eq!(json, br#"{"result":"fail","message":"client_connection_closed"}"#);
        }
    }
    let ledger = emulator.ledger();
    let in_part = ledger
        .all_requests()
        .iter()
        .filter(|record| record.answered == Answered::InPart)
        .count();
    assert_eq!(in_part, 12);
}

#[tokio::test]
async fn a_slow_reader_still_gets_every_byte_before_a_cut() {
    let emulator = start(Settings {
        synthetic_export_bytes: Some(20_000_000),
        ..Settings::default()
    })
    .await;
    emulator.script([Fault::CloseAfterBytes(15_000_000)]);
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(&export(&emulator, json!({})).bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap();
    let reply = Reply::parse(&read).unwrap();
    assert_eq!((reply.body.len(), reply.complete), (15_000_000, false));
}

#[tokio::test]
async fn a_delay_comes_before_or_after_the_effect() {
    let emulator = Emulator::start().await.unwrap();
    let long = Duration::from_secs(3_600);
    emulator.script([
        Fault::Delay(Duration::from_millis(1)),
        Fault::Delay(long),
        Fault::Delay(long).after_applying(),
    ]);
    assert_eq!(login(&emulator).send().await.import_code(), ImportCode::Ok);
    for taken in [1, 2] {
        let impatient = tokio::time::timeout(Duration::from_millis(100), login(&emulator).send()).await;
        assert!(impatient.is_err(), "answered before its time");
        let ledger = emulator.ledger();
        assert_eq!(ledger.events().len(), taken);
        assert_eq!(ledger.all_requests().last().unwrap().applied, taken == 2);
        assert_eq!(ledger.all_requests().last().unwrap().answered, Answered::Nothing);
    }
}

#[tokio::test]
async fn a_slow_body_comes_in_pieces() {
    let emulator = Emulator::start().await.unwrap();
    emulator.settings(|settings| settings.json_framing = Framing::Chunked);
    emulator.script([Fault::SlowBody {
        piece: 7,
        pause: Duration::from_millis(1),
    }]);
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(&login(&emulator).bytes()).await.unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap();
    let text = String::from_utf8(read).unwrap();
    let pieces = ["\r\n7\r\n", "\r\n6\r\n{", "\r\n6\r\n:true}"].map(|piece| text.matches(piece).count());
    assert_eq!(pieces, [7, 0, 1], "55 bytes in all: {text}");
}

#[tokio::test]
async fn a_script_for_one_operation_leaves_the_others_alone() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script_for(Operation::DeleteIdentity, [Fault::Status(503)]);
    emulator.script([Fault::None, Fault::Status(502)]);
    assert_eq!(login(&emulator).send().await.status, 200);
    assert_eq!(delete(&emulator, "u").send().await.status, 503);
    assert_eq!(emulator.scripted(), 1);
    assert_eq!(delete(&emulator, "u").send().await.status, 502);
    assert_eq!(emulator.scripted(), 0);
}

#[tokio::test]
async fn under_faults_by_chance_the_ledger_agrees_with_what_clients_saw() {
    let emulator = Emulator::start().await.unwrap();
    emulator.fault_rate(FaultRate {
        probability: 0.2,
        seed: 7,
        faults: vec![
            Fault::Import(ImportCode::InternalServerError),
            Fault::HtmlBadGateway,
            Fault::CloseBeforeReading,
            Fault::CloseAfterReading,
            Fault::CloseAfterReading.after_applying(),
            Fault::CloseAfterBytes(5),
        ],
    });
    let mut accepted = BTreeSet::new();
    let mut refused = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for _ in 0..1_000 {
        let event = event("df_login");
        let id: Uuid = serde_json::from_value(event["event_log_id"].clone()).unwrap();
        match load(&emulator, "u", &[event]).try_send().await {
            Some(reply) if reply.complete && reply.status == 200 && reply.import_code() == ImportCode::Ok => {
                accepted.insert(id)
            }
            Some(reply) if reply.complete => refused.insert(id),
            Some(_) | None => unknown.insert(id),
        };
    }
    let ledger = emulator.ledger();
    let taken: BTreeSet<Uuid> = ledger.times_taken().into_keys().collect();
    assert!(accepted.is_subset(&taken));
    assert!(refused.is_disjoint(&taken));
    assert!(
        unknown.intersection(&taken).count() > 10 && unknown.difference(&taken).count() > 10,
        "both must happen"
    );
    assert_eq!(ledger.requests(Operation::LoadEvents).count(), 1_000);
    assert_eq!(
        ledger
            .requests(Operation::LoadEvents)
            .map(|record| record.events)
            .sum::<usize>(),
        taken.len()
    );
    let hit = ledger
        .requests(Operation::LoadEvents)
        .filter(|record| record.fault != Fault::None)
        .count();
    assert!((150..250).contains(&hit), "{hit} of 1,000");
    emulator.fault_rate(FaultRate {
        probability: 0.0,
        seed: 0,
        faults: Vec::new(),
    });
    for _ in 0..20 {
        assert_eq!(login(&emulator).send().await.import_code(), ImportCode::Ok);
    }
}

// --- The emulator itself -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_full_ledger_refuses_and_says_so() {
    let emulator = start(Settings {
        capacity: 3,
        ..Settings::default()
    })
    .await;
    let two = || [event("df_login"), event("df_logout")];
    assert_eq!(load(&emulator, "u", &two()).send().await.import_code(), ImportCode::Ok);
    assert_eq!(
        load(&emulator, "u", &two()).send().await.import_code(),
        ImportCode::InternalServerError
    );
    assert_eq!(login(&emulator).send().await.import_code(), ImportCode::Ok);
    assert_eq!(emulator.ledger().over_capacity(), 1);
    assert_eq!(
        identify(&emulator, &json!({ "email": "x" })).send().await.import_code(),
        ImportCode::InternalServerError
    );
    assert_eq!(
        export(&emulator, json!({})).send().await.export_code(),
        ExportCode::UnknownError
    );
    let ledger = emulator.ledger();
    assert_eq!(
        (
            ledger.all_requests().len(),
            ledger.events().len(),
            ledger.over_capacity()
        ),
        (3, 3, 3)
    );
    assert_eq!(ledger.identities().len(), 0);
}

#[tokio::test]
async fn it_listens_on_the_loopback_only_and_stops_when_dropped() {
    let outside: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let refused = Emulator::builder().address(outside).start().await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);

    let emulator = Emulator::builder().address(([127, 0, 0, 1], 0)).start().await.unwrap();
    assert_eq!(emulator.base_url(), format!("http://{}", emulator.address()));
    let call = login(&emulator);
    let mut open = TcpStream::connect(emulator.address()).await.unwrap();
    assert_eq!(call.send().await.status, 200);
    drop(emulator);
    assert_eq!(
        open.read(&mut [0; 16]).await.unwrap_or(0),
        0,
        "an open connection must end"
    );
    assert!(TcpStream::connect(call.address).await.is_err());
}

#[tokio::test]
async fn nothing_that_is_sent_brings_it_down() {
    let emulator = Emulator::start().await.unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    let whole = load(&emulator, "u", &[view_cart(&[item(json!(1))])]).bytes();
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..20) {
            let place = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[place] = random.u8(..),
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, random.u8(..)),
            }
        }
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new()))
            .await
            .expect("a hang");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [deep.as_bytes(), b"\xff\xfe", b"{\"events\":[{\"event_log_id\":\"x\"}]}"] {
        assert_ne!(login(&emulator).body(body).send().await.import_code(), ImportCode::Ok);
    }
    let panicking = Clock::new(|| panic!("a test's own clock"));
    emulator.settings(|settings| settings.clock = panicking);
    assert!(login(&emulator).try_send().await.is_none());
    emulator.settings(|settings| settings.clock = Clock::default());
    assert_eq!(login(&emulator).send().await.import_code(), ImportCode::Ok);
}

#[tokio::test]
async fn a_ledger_is_a_snapshot_that_shows_events_as_they_were_sent() {
    let emulator = Emulator::start().await.unwrap();
    let empty = emulator.ledger();
    load(&emulator, "u-1", &[sign_up(json!("Kakao"))]).send().await;
    assert_eq!((empty.events().len(), empty.all_requests().len()), (0, 0));
    let ledger = emulator.ledger();
    let record = ledger.events().next().unwrap();
    assert_eq!(record.event.event_name, "df_sign_up");
    let channel = record
        .event
        .event_properties
        .as_ref()
        .and_then(|properties| properties.get("df_sign_channel"));
    assert!(channel == Some(&PropertyValue::from("Kakao")));
    assert!(!format!("{ledger:?}").contains("Kakao"));
}
