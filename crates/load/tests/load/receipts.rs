//! Receipts as programs read them: `schemas/receipt.schema.json` describes them.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use dfinery::RetryPolicy;
use dfinery_load::{FileLoad, Loader, LoaderBuilder, RecordKind, WarningKind, WarningPolicy};
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

fn validator() -> jsonschema::Validator {
    const BASE: &str = "https://schemas.invalid/";
    let registry = ["receipt.schema.json", "warnings.schema.json"]
        .into_iter()
        .fold(jsonschema::Registry::new(), |registry, name| {
            registry.add(format!("{BASE}{name}"), schema(name)).unwrap()
        })
        .prepare()
        .unwrap();
    jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&json!({"$ref": format!("{BASE}receipt.schema.json")}))
        .unwrap()
}

/// Loads, and returns the receipt that is kept, once it is as the schema says.
async fn receipt(builder: LoaderBuilder, load: &FileLoad) -> Value {
    let state = load.state_folder().unwrap();
    let loaded = builder.build().load_files(load.clone()).await.unwrap();
    let kept: Value = serde_json::from_str(&fs::read_to_string(state.join("receipt.json")).unwrap()).unwrap();
    assert_eq!(kept, serde_json::to_value(&loaded.receipt).unwrap());
    let problems: Vec<_> = validator().iter_errors(&kept).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?} in {kept:#}");
    kept
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
    assert_eq!(receipt(loader(&service), &load).await["finished_before"], true);
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
