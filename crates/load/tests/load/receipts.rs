//! Receipts as programs read them: `schemas/receipt.schema.json` describes them.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use dfinery::RetryPolicy;
use dfinery_load::{FileLoad, Loader, LoaderBuilder, Mapping, RecordKind, Status, WarningKind, WarningPolicy};
use serde_json::{Value, json};

use crate::{
    basics::events,
    chaos::quick,
    service::{Reply, Service, http, page},
};

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    schema
}

fn validator(name: &str) -> jsonschema::Validator {
    const BASE: &str = "https://schemas.invalid/";
    let registry = ["receipt.schema.json", "warnings.schema.json", "status.schema.json"]
        .into_iter()
        .fold(jsonschema::Registry::new(), |registry, name| {
            registry.add(format!("{BASE}{name}"), schema(name)).unwrap()
        })
        .prepare()
        .unwrap();
    jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&json!({"$ref": format!("{BASE}{name}.schema.json")}))
        .unwrap()
}

/// Loads, and returns the receipt that is kept, once it is as the schema says.
async fn receipt(builder: LoaderBuilder, load: &FileLoad) -> Value {
    let state = load.state_folder().unwrap();
    let loaded = builder.build().load_files(load.clone()).await.unwrap();
    let kept: Value = serde_json::from_str(&fs::read_to_string(state.join("receipt.json")).unwrap()).unwrap();
    let told = serde_json::to_value(&loaded.receipt).unwrap();
    // The file stays that of the run that did the work.
    assert!(kept == told || told["finished_before"] == true, "{kept:#} {told:#}");
    is_valid("receipt", &kept);
    is_valid("receipt", &told);
    let status = serde_json::to_value(Status::of(&state).unwrap()).unwrap();
    is_valid("status", &status);
    for name in ["read", "accepted", "rejected", "invalid"] {
        assert_eq!(status[name], kept[name], "{name} in {status:#}");
    }
    kept
}

#[track_caller]
fn is_valid(name: &str, value: &Value) {
    let problems: Vec<_> = validator(name)
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?} in {value:#}");
}

fn loader(service: &Service) -> LoaderBuilder {
    Loader::builder(&service.client(quick())).patience(Duration::from_millis(300))
}

fn file(folder: &Path, name: &str, kind: RecordKind, content: impl AsRef<[u8]>) -> FileLoad {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    FileLoad::new(kind, [path])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_as_the_schema_says_after_each_fate_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let failed = AtomicBool::new(false);
    let service = Service::start(move |_, body| {
        if body.contains("user-5\"") && !failed.swap(true, Relaxed) {
            page(503)
        } else if body.contains("user-1\"") {
            Reply::Instead(http(200, "application/json", r#"{"status":false,"code":40001}"#))
        } else if body.contains("user-2\"") {
            page(422)
        } else {
            Reply::Take
        }
    })
    .await;
    let bad = format!("\n{}{{}}\n", events(1, 1).replace("user-0", "NULL"));
    let mut load = file(folder.path(), "in.ndjson", RecordKind::Event, events(20, 1) + &bad);
    let mut kept = receipt(loader(&service), &load).await;
    // The last call that fails may look like an outage.
    if kept["stopped"].is_string() {
        kept = receipt(loader(&service), &load).await;
    }
    let counts = ["read", "accepted", "rejected", "invalid", "unknown"].map(|name| kept[name].as_u64().unwrap());
    assert_eq!(counts, [22, 18 + 1, 1, 1, 1], "{kept:#}");
    assert_eq!(kept["by_code"], json!({"40001": 1, "HTTP 422": 1}));
    assert_eq!(kept["inputs"][0]["lines"]["blank"], 1);
    assert!(kept["dead_letter"].is_string() && kept["possibly_twice_file"].is_string());

    // Nothing is left, and all of it anew.
    assert_eq!(receipt(loader(&service), &load).await, kept);
    load.restart = true;
    assert!(receipt(loader(&service), &load).await["moved_aside"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_as_the_schema_says_without_lines_or_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, _| page(404)).await;
    let array = format!("[{}]", events(3, 1).trim_end().replace('\n', ","));
    let load = file(folder.path(), "in.json", RecordKind::Event, array);
    let kept = receipt(loader(&service), &load).await;
    assert!(
        kept["stopped"].is_string() && kept["inputs"][0]["lines"].is_null(),
        "{kept:#}"
    );
    assert!(kept["resumable"].as_u64() > Some(0) && kept["dead_letter"].is_null());

    // Without a journal, and with what is known only at the end.
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, _| Reply::Take).await;
    let mut profiles = String::new();
    for user in 0..30 {
        let id = format!("1234567890{:05}00", user * 7 + 1);
        let record = json!({"identity": {"external_id": id}, "user_properties": {"df_gender": "Female"}});
        profiles += &record.to_string();
        profiles.push('\n');
    }
    let mut load = file(folder.path(), "in.ndjson", RecordKind::Profile, profiles);
    load.resume = false;
    load.delta = Some(folder.path().join("delta"));
    let policy = WarningPolicy::warn_all().deny(WarningKind::RoundedColumn);
    for unchanged in [0, 30] {
        let client = service.client(RetryPolicy::default());
        let kept = receipt(Loader::builder(&client).warnings(policy), &load).await;
        assert_eq!((&kept["accepted"], &kept["unchanged"]), (&json!(30), &json!(unchanged)));
        assert_eq!(kept["denied"], json!(["rounded-column"]), "{kept:#}");
        assert_eq!(
            (&kept["journal"], &kept["repeat_sends_again"]),
            (&json!(null), &json!(true))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_says_what_is_wrong_by_cause_and_where_the_rows_are() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, body| {
        if body.contains("user-1\"") {
            Reply::Instead(http(200, "application/json", r#"{"status":false,"code":40001}"#))
        } else {
            Reply::Take
        }
    })
    .await;
    let table = "id,phone\nuser-1,\nuser-2,010-12\nuser-3,\nuser-4,010-34\n";
    let mut load = file(folder.path(), "in.csv", RecordKind::Identity, table);
    let mapping = Mapping::from_yaml("identity: {external_id: id, phone_no: {column: phone, type: phone}}");
    load.options.mapping = Some(mapping.unwrap());
    let kept = receipt(loader(&service), &load).await;
    let rows = kept["rejected_rows"][0].as_str().unwrap();
    assert_eq!(
        rows,
        folder.path().join("in.csv.dfinery/rejected.csv").to_str().unwrap()
    );
    let rows = fs::read_to_string(rows).unwrap();
    assert_eq!(
        rows.lines()
            .map(|line| line.split(',').next().unwrap())
            .collect::<Vec<_>>(),
        ["dfinery_line", "2", "3", "5"]
    );
    let causes = &kept["problems"]["causes"];
    assert_eq!(
        (&causes[0]["path"], &causes[0]["records"]),
        (&json!("phone"), &json!(2)),
        "{causes:#}"
    );
    assert_eq!(
        (&causes[1]["code"], &causes[1]["records"]),
        (&json!("40001"), &json!(1))
    );
    assert_eq!(causes[1]["first"][0]["line"], 2);
    let (problem, remedy) = (
        causes[1]["problem"].as_str().unwrap(),
        causes[1]["remedy"].as_str().unwrap(),
    );
    assert!(problem.contains("40001") && !problem.contains(remedy), "{problem}");
    let letters = fs::read_to_string(folder.path().join("in.csv.dfinery/dead-letter.ndjson")).unwrap();
    assert!(!letters.contains(remedy) && letters.lines().count() == 3);
}
