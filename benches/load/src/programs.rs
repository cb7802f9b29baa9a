//! The programs: ours, and what others would use or write.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
    time::Duration,
};

use dfinery::{Family, ImportClient, tables::RateLimit};
use dfinery_load::{FileLoad, Loader, Mapping, Progress, RecordKind, Taxonomy, WarningPolicy, check_files};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

const TASKS: usize = 16;

pub fn run(program: &str, file: &Path, address: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // What a program needs before it starts is not counted.
    let prepared = (program == "prebuilt").then(|| bodies(file));
    let before = microseconds();
    let said = match program {
        "load" => runtime.block_on(load(events_of(file), address)),
        "load-rows" | "load-groups" | "load-sorted-groups" => {
            runtime.block_on(load(receipts_of(file, program), address))
        }
        "load-sorted" => {
            let mut sorted = events_of(file);
            sorted.sort_by_identity = true;
            runtime.block_on(load(sorted, address))
        }
        "prebuilt" => runtime.block_on(prebuilt(prepared.unwrap_or_default(), address)),
        "naive" => runtime.block_on(naive(file, address)),
        "posthog" => runtime.block_on(posthog(file, address)),
        "check" => check(&events_of(file)),
        "check-rows" | "check-groups" | "check-sorted-groups" => check(&receipts_of(file, program)),
        "value" => value(file),
        other => panic!("no program {other}"),
    };
    println!("{} {} {said}", microseconds() - before, peak_kibibytes());
}

fn events_of(file: &Path) -> FileLoad {
    FileLoad::new(RecordKind::Event, [file])
}

fn receipts_of(file: &Path, program: &str) -> FileLoad {
    let mut load = events_of(file);
    let mut mapping = crate::data::receipt_mapping(program.ends_with("groups"));
    if program.contains("sorted") {
        mapping.push_str("sort_by_group: true\n");
    }
    load.options.mapping = Some(Mapping::from_yaml(&mapping).expect("a mapping"));
    load
}

async fn load(load: FileLoad, address: &str) -> String {
    let never_spent = RateLimit {
        requests: u32::MAX,
        period: Duration::from_secs(60),
        concurrent: None,
    };
    let import = ImportClient::builder()
        .service_id("service")
        .token("token")
        .base_url(format!("http://{address}"))
        .rate_limit(Family::Event, never_spent)
        .build()
        .expect("a client");
    let loader = Loader::builder(&import).taxonomy(taxonomy()).most_calls(TASKS).build();
    let receipt = loader.load_files(load).await.expect("it begins").receipt;
    assert!(receipt.all_accepted(), "{receipt}");
    format!("{} events in {} calls", receipt.accepted, receipt.calls)
}

fn taxonomy() -> Taxonomy {
    Taxonomy::from_yaml(crate::data::TAXONOMY).expect("a taxonomy")
}

/// Sends bodies that are ready, and looks at the body of each answer.
async fn prebuilt(bodies: Vec<String>, address: &str) -> String {
    let client = reqwest::Client::new();
    let url = format!("http://{address}/api/v1/events");
    let calls = bodies.into_iter().map(|body| {
        let request = client.post(&url).header("content-type", "application/json").body(body);
        accepted(request)
    });
    sixteen_at_a_time(calls).await
}

/// Makes calls in tasks, so many at a time as our program makes.
async fn sixteen_at_a_time(calls: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) -> String {
    let places = Arc::new(Semaphore::new(TASKS));
    let mut tasks = JoinSet::new();
    for call in calls {
        let place = Arc::clone(&places).acquire_owned().await.expect("open");
        tasks.spawn(async move {
            let _place = place;
            call.await;
        });
        while tasks.try_join_next().is_some() {}
    }
    tasks.join_all().await;
    String::new()
}

async fn accepted(request: reqwest::RequestBuilder) {
    #[derive(serde::Deserialize)]
    struct Answer {
        status: bool,
        code: u32,
    }
    let request = request
        .query(&[("service_id", "service")])
        .header("access_token", "token");
    let answer: Answer = request.send().await.expect("an answer").json().await.expect("JSON");
    assert!(answer.status && answer.code == 20_000);
}

/// The bodies that a load of the file sends.
fn bodies(file: &Path) -> Vec<String> {
    lines(file)
        .map(|line| {
            let record: Value = serde_json::from_str(&line).expect("JSON");
            json!({ "common": { "identity": record["identity"] }, "events": [record["event"]] }).to_string()
        })
        .collect()
}

/// Parses each line, collects a hundred, sends them with reqwest.
async fn naive(file: &Path, address: &str) -> String {
    let client = reqwest::Client::new();
    let url = format!("http://{address}/api/v1/events");
    let calls = hundreds(file, |line| serde_json::from_str(line).expect("JSON")).map(|mut records: Vec<Value>| {
        let identity = records[0]["identity"].clone();
        let events: Vec<Value> = records.iter_mut().map(|record| record["event"].take()).collect();
        let body = json!({ "common": { "identity": identity }, "events": events });
        accepted(client.post(&url).json(&body))
    });
    sixteen_at_a_time(calls).await
}

async fn posthog(file: &Path, address: &str) -> String {
    let options = posthog_rs::ClientOptionsBuilder::default()
        .host(format!("http://{address}"))
        .api_key("token".to_owned())
        .build()
        .expect("options");
    let client = Arc::new(posthog_rs::client(options).await);
    let calls = hundreds(file, posthog_event).map(|events| {
        let client = Arc::clone(&client);
        async move {
            client.capture_batch_immediate(events, true).await.expect("accepted");
        }
    });
    sixteen_at_a_time(calls).await
}

/// What each line holds, in hundreds.
fn hundreds<T>(file: &Path, read: impl Fn(&str) -> T) -> impl Iterator<Item = Vec<T>> {
    let mut lines = lines(file);
    std::iter::from_fn(move || {
        let read: Vec<_> = lines.by_ref().take(100).map(|line| read(&line)).collect();
        (!read.is_empty()).then_some(read)
    })
}

fn posthog_event(line: &str) -> posthog_rs::Event {
    let record: Value = serde_json::from_str(line).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let event = &record["event"];
    let mut sent = posthog_rs::Event::new(text(&event["event_name"]), text(&record["identity"]["external_id"]));
    sent.set_uuid(text(&event["event_log_id"]).parse().expect("a UUID"));
    let time: chrono::DateTime<chrono::Utc> = text(&event["event_datetime"]).parse().expect("a time");
    sent.set_timestamp(time).expect("a time that is past");
    for (name, value) in event["event_properties"].as_object().expect("properties") {
        sent.insert_prop(name, value).expect("a property");
    }
    sent
}

fn check(load: &FileLoad) -> String {
    let report = check_files(
        load,
        Some(taxonomy()),
        WarningPolicy::default(),
        &Progress::default(),
        None,
    )
    .expect("it can be read");
    drop(report);
    String::new()
}

fn value(file: &Path) -> String {
    let values = lines(file).filter(|line| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object()));
    values.count().to_string()
}

fn lines(file: &Path) -> impl Iterator<Item = String> {
    BufReader::with_capacity(1 << 18, File::open(file).expect("the file"))
        .lines()
        .map(|line| line.expect("text"))
}

/// CPU time of this process so far, kernel and ended threads included.
fn microseconds() -> u128 {
    cpu_time::ProcessTime::now().as_duration().as_micros()
}

fn peak_kibibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .expect("a peak")
}
