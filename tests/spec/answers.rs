//! Whatever the emulator answers, in whatever style: status, content type, headers and body are documented.

use std::collections::{BTreeSet, HashMap};

use dfinery::{ExportCode, Family, ImportCode, Operation, Token, tables::RateLimit};
use dfinery_emulator::{
    Batch, CheckOrder, Clock, CodeStyle, DayZone, Duplicates, Emulator, ExportTime, FailureStyle, Fault, Framing,
    ItemRows, LineEnding, NullProperty, OverLimit, ProfileUpdate, RateHeaders, ResetUnit, Settings, SuccessData,
    UnknownIdentity, Unregistered, Window,
};
use proptest::{
    arbitrary::any,
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use reqwest::{
    Client, RequestBuilder, Response,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER, TRANSFER_ENCODING},
};
use serde_json::{Value, json};

use crate::{
    document::{operation, validator},
    examples,
};

/// A day on which no example asks for too old events.
const NOW: &str = "2026-09-20T12:00:00Z";

#[test]
fn all_are_documented() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = Client::new();
    let config = Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&any::<[u8; 32]>().prop_map(settings), |settings| {
        runtime.block_on(every_answer(&client, settings));
        Ok(())
    });
    checked.unwrap();
}

#[tokio::test]
async fn those_of_a_full_emulator_are_documented() {
    let settings = Settings { capacity: 0, ..fixed() };
    let emulator = start(settings.clone()).await;
    for &operation in Operation::ALL {
        let answer = valid(&Client::new(), &emulator, operation).await;
        documented(operation, answer, &settings).await;
    }
    assert_eq!(emulator.ledger().over_capacity(), Operation::ALL.len() as u64);
}

#[tokio::test]
async fn every_example_is_taken() {
    let emulator = start(Settings {
        unregistered: Unregistered::Accept,
        ..fixed()
    })
    .await;
    for &operation in Operation::ALL {
        for example in examples::bodies(operation) {
            let answer = send(&Client::new(), &emulator, operation, example).await;
            assert_eq!(answer.status(), 200, "{operation}: {example:?}");
            let body = answer.text().await.unwrap();
            let expected = match operation.token() {
                Token::Import => r#"{"status":true,"code":20000"#,
                Token::Export => ",df_unified_id,",
            };
            assert!(body.contains(expected), "{operation}: {body}");
        }
    }
}

#[tokio::test]
#[should_panic(expected = "HTTP 502 is not documented")]
async fn an_answer_that_is_not_documented_is_noticed() {
    let emulator = start(fixed()).await;
    emulator.script([Fault::HtmlBadGateway]);
    let answer = valid(&Client::new(), &emulator, Operation::LoadEvents).await;
    documented(Operation::LoadEvents, answer, &fixed()).await;
}

/// Makes the emulator give every answer that it has, and checks each.
async fn every_answer(client: &Client, settings: Settings) {
    let emulator = start(settings.clone()).await;
    for &operation in Operation::ALL {
        for fault in codes(operation.token()) {
            emulator.script([fault.clone(), fault.after_applying()]);
            for _ in 0..2 {
                documented(operation, valid(client, &emulator, operation).await, &settings).await;
            }
        }
        assert_eq!(emulator.scripted(), 0);
        documented(operation, valid(client, &emulator, operation).await, &settings).await;
        for answer in refused(client, &emulator, operation).await {
            documented(operation, answer, &settings).await;
        }
    }
    let one_call = |family: &Family| RateLimit {
        requests: 1,
        ..family.rate_limit()
    };
    emulator.settings(|settings| settings.rate_limits = families(one_call));
    for &operation in Operation::ALL {
        for _ in 0..2 {
            documented(operation, valid(client, &emulator, operation).await, &settings).await;
        }
    }
}

/// Every code of an API and one that no table has, each as a fault.
fn codes(token: Token) -> Vec<Fault> {
    let known: Vec<Fault> = match token {
        Token::Import => ImportCode::ALL.iter().cloned().map(Fault::Import).collect(),
        Token::Export => ExportCode::ALL.iter().cloned().map(Fault::Export).collect(),
    };
    known.into_iter().chain([Fault::UnknownCode]).collect()
}

/// The answers to what is wrong with a request, one by one.
async fn refused(client: &Client, emulator: &Emulator, operation: Operation) -> Vec<Response> {
    let (header, token) = credentials(emulator, operation);
    let right = emulator.service_id();
    let call = |service_id: &str| call(client, emulator, operation, service_id);
    let mut answers = Vec::new();
    let Some(example) = examples::bodies(operation)[0] else {
        for request in [
            call(right),
            call(right).header(header, "wrong"),
            call("wrong").header(header, &token),
        ] {
            answers.push(request.send().await.unwrap());
        }
        return answers;
    };
    let post = |service_id: &str| call(service_id).header(CONTENT_TYPE, "application/json");
    let too_old = json!({ "events_condition_type": "all", "from_date": "2020-01-01", "to_date": "2020-01-02" });
    let audience = json!({ "properties_condition_type": "all", "audience": "unknown" });
    let mut many = example.clone();
    many["events"] = vec![example["events"][0].clone(); 101].into();
    let requests = [
        post(right).json(example),
        post(right).header(header, "wrong").json(example),
        post("wrong").header(header, &token).json(example),
        call(right).header(header, &token).body(example.to_string()),
        post(right).header(header, &token).body("{"),
        post(right).header(header, &token).json(&json!({})),
        post(right).header(header, &token).json(&too_old),
        post(right).header(header, &token).json(&audience),
        post(right).header(header, &token).json(&many),
    ];
    for request in requests {
        answers.push(request.send().await.unwrap());
    }
    answers
}

async fn valid(client: &Client, emulator: &Emulator, operation: Operation) -> Response {
    send(client, emulator, operation, examples::bodies(operation)[0]).await
}

async fn send(client: &Client, emulator: &Emulator, operation: Operation, body: Option<&Value>) -> Response {
    let (header, token) = credentials(emulator, operation);
    let mut request = call(client, emulator, operation, emulator.service_id()).header(header, token);
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await.unwrap()
}

/// A request with the examples of its parameters, without a token and a body.
fn call(client: &Client, emulator: &Emulator, operation: Operation, service_id: &str) -> RequestBuilder {
    let url = format!("{}{}", emulator.base_url(), examples::path(operation));
    let request = client
        .request(operation.method().parse().unwrap(), url)
        .query(&[("service_id", service_id)])
        .query(&examples::parameters(operation, "query").collect::<Vec<_>>());
    examples::parameters(operation, "header").fold(request, |request, (name, value)| request.header(name, value))
}

fn credentials(emulator: &Emulator, operation: Operation) -> (&'static str, String) {
    let token = operation.token();
    let secret = match token {
        Token::Import => emulator.import_token(),
        Token::Export => emulator.export_token(),
    };
    (token.header(), format!("{}{secret}", token.scheme()))
}

/// Panics unless an answer is one that the spec describes for its operation and status.
async fn documented(of: Operation, answer: Response, settings: &Settings) {
    let status = answer.status().as_u16();
    let described = &operation(of)["responses"][status.to_string()];
    assert!(described.is_object(), "{of}: HTTP {status} is not documented");
    headers_documented(of, &answer, &described["headers"]);

    let content_type = answer.headers().get(CONTENT_TYPE).cloned();
    let body = answer.bytes().await.unwrap();
    let media_type = match &content_type {
        Some(value) => value.to_str().unwrap().split(';').next().unwrap(),
        // The spec assumes a body under 429. This setting is for the other reading.
        None if status == 429 && settings.over_limit == OverLimit::Http429Empty => return assert!(body.is_empty()),
        // The content type of a CSV is an assumption, too.
        None if settings.csv_content_type.is_none() => "text/csv",
        None => panic!("{of}: HTTP {status} without a content type"),
    };
    let schema = &described["content"][media_type]["schema"];
    assert!(
        schema.is_object(),
        "{of}: {media_type} under HTTP {status} is not documented"
    );
    let read = if media_type == "application/json" {
        serde_json::from_slice(&body).unwrap()
    } else {
        Value::from(String::from_utf8(body.to_vec()).unwrap())
    };
    if let Err(error) = validator(schema).validate(&read) {
        panic!("{of}: HTTP {status} with {read}: {error}");
    }
}

/// Panics unless every header is described and has a value of its type, except those that belong to HTTP itself.
fn headers_documented(of: Operation, answer: &Response, described: &Value) {
    let of_http: [HeaderName; 6] = [
        CONNECTION,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        DATE,
        RETRY_AFTER,
        TRANSFER_ENCODING,
    ];
    let described: HashMap<String, &Value> = described
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, header)| (name.to_ascii_lowercase(), &header["schema"]))
        .collect();
    for (name, value) in answer.headers().iter().filter(|(name, _)| !of_http.contains(name)) {
        let schema = described.get(name.as_str());
        let schema = schema.unwrap_or_else(|| panic!("{of}: the header {name} is not documented"));
        let text = value.to_str().unwrap();
        let typed = if schema["type"] == "integer" {
            serde_json::from_str(text).unwrap()
        } else {
            Value::from(text)
        };
        assert!(validator(schema).is_valid(&typed), "{of}: {name}: {text}");
    }
}

async fn start(settings: Settings) -> Emulator {
    Emulator::builder().settings(settings).start().await.unwrap()
}

fn families(limit: impl Fn(&Family) -> RateLimit) -> HashMap<Family, RateLimit> {
    Family::ALL.iter().map(|family| (*family, limit(family))).collect()
}

/// Settings under which every example succeeds.
fn fixed() -> Settings {
    Settings {
        clock: Clock::fixed(NOW.parse().unwrap()),
        audiences: HashMap::from([("ex4mpl".to_owned(), BTreeSet::new())]),
        rate_limits: families(|family| RateLimit {
            requests: 1_000,
            ..family.rate_limit()
        }),
        ..Settings::default()
    }
}

/// Every style there is, picked number by number. Without `..`, so that a new setting must find its place here.
fn settings(numbers: [u8; 32]) -> Settings {
    let mut pick = Picks(numbers.into_iter());
    let fixed = fixed();
    Settings {
        check_order: pick.of([CheckOrder::TokenFirst, CheckOrder::ServiceIdFirst]),
        require_content_type: pick.of([true, false]),
        body_limit: fixed.body_limit,
        code_style: pick.of([CodeStyle::Number, CodeStyle::Digits]),
        success_data: pick.of([SuccessData::True, SuccessData::Null]),
        import_failures: pick.of([FailureStyle::DetailTable, FailureStyle::Alternative]),
        export_failures: pick.of([FailureStyle::DetailTable, FailureStyle::Alternative]),
        over_limit: pick.of([
            OverLimit::LikeOtherFailures,
            OverLimit::Http429,
            OverLimit::Http429Empty,
        ]),
        json_framing: pick.of([Framing::ContentLength, Framing::Chunked, Framing::CloseDelimited]),
        rate_headers: pick.of([RateHeaders::Dashed, RateHeaders::Compact, RateHeaders::Absent]),
        reset_unit: pick.of([ResetUnit::Seconds, ResetUnit::Milliseconds]),
        retry_after: pick.of([false, true]),
        rate_limits: fixed.rate_limits,
        rate_limit_divisor: fixed.rate_limit_divisor,
        window: pick.of([Window::Fixed, Window::Sliding]),
        taxonomy: fixed.taxonomy,
        unregistered: pick.of([Unregistered::Refuse, Unregistered::DropSilently, Unregistered::Accept]),
        enforce_required: pick.of([true, false]),
        batch: pick.of([Batch::AllOrNothing, Batch::KeepGoodAndFail, Batch::KeepGoodAndSucceed]),
        duplicates: pick.of([Duplicates::Keep, Duplicates::Drop]),
        unknown_identity: pick.of([UnknownIdentity::Create, UnknownIdentity::Refuse]),
        unknown_deletion_succeeds: pick.of([true, false]),
        deletion_keeps_events: pick.of([true, false]),
        null_property: pick.of([NullProperty::Clear, NullProperty::Ignore]),
        profile_update: pick.of([ProfileUpdate::Merge, ProfileUpdate::Replace]),
        day_zone: pick.of([DayZone::Utc, DayZone::Kst]),
        export_time: pick.of([ExportTime::Event, ExportTime::Server]),
        to_date_inclusive: pick.of([true, false]),
        item_rows: pick.of([ItemRows::Joined, ItemRows::Separate]),
        system_columns_first: pick.of([false, true]),
        audiences: fixed.audiences,
        csv_framing: pick.of([Framing::Chunked, Framing::ContentLength, Framing::CloseDelimited]),
        csv_content_type: pick
            .of([Some("text/csv"), Some("text/csv; charset=utf-8"), None])
            .map(str::to_owned),
        bom: pick.of([false, true]),
        line_ending: pick.of([LineEnding::Lf, LineEnding::CrLf]),
        synthetic_export_bytes: pick.of([None, Some(2_000)]),
        longest_export: None,
        clock: fixed.clock,
        capacity: fixed.capacity,
    }
}

/// Numbers, each of which picks one of several values: 0 the first one, so that a failure shrinks to the defaults.
struct Picks(std::array::IntoIter<u8, 32>);

impl Picks {
    fn of<T, const N: usize>(&mut self, values: [T; N]) -> T {
        let number = self.0.next().expect("a number for every setting");
        values.into_iter().nth(usize::from(number) % N).unwrap()
    }
}
