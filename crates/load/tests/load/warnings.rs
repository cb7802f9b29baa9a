//! What is implausible, in receipts, reports and records of a stream.

use std::{fmt::Write as _, fs, path::Path};

use dfinery::{Event, Identity, ImportCode};
use dfinery_emulator::Fault;
use dfinery_load::{
    Fate, FileLoad, LoadError, Loaded, Loader, Progress, Record, RecordKind, WarningKind, WarningPolicy, check_files,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::chaos::{client, service};

const DEFAULT: WarningPolicy = WarningPolicy::warn_all();

fn profiles<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    ids.into_iter().fold(String::new(), |mut text, id| {
        let _ = writeln!(
            text,
            "{}",
            json!({"identity": {"external_id": id}, "user_properties": {"df_gender": "Female"}})
        );
        text
    })
}

async fn load(emulator: &dfinery_emulator::Emulator, file: &Path, policy: WarningPolicy) -> Result<Loaded, LoadError> {
    let loader = Loader::builder(&client(emulator))
        .most_calls(1)
        .warnings(policy)
        .build();
    loader.load_files(FileLoad::new(RecordKind::Profile, [file])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_has_the_warnings_as_the_schema_says() {
    let emulator = service(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ndjson");
    fs::write(&file, profiles(["u1", "NULL", "undefined", "합계", "u2"])).unwrap();
    let loaded = load(&emulator, &file, DEFAULT).await.unwrap();
    assert!(loaded.receipt.is_good(), "{}", loaded.receipt);
    let text = loaded.receipt.to_string();
    let line = format!(
        "\n  placeholder-id                 2  identity.external_id, first at {}:2\n",
        file.display()
    );
    assert!(text.contains(&line), "{text}");
    assert!(text.contains("\n  total-row                      1  "), "{text}");

    let json: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.ndjson.dfinery/receipt.json")).unwrap())
            .unwrap();
    assert_eq!(
        json["warnings"]["by_name"],
        json!({"placeholder-id": 2, "total-row": 1})
    );
    let report = serde_json::to_value(&loaded.report).unwrap();
    assert_eq!(report["warnings"], json["warnings"]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/warnings.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json["warnings"]), "{}", json["warnings"]);
    let names: Vec<Value> = WarningKind::ALL.iter().map(|kind| json!(kind.name())).collect();
    assert_eq!(schema["$defs"]["name"]["enum"], json!(names));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_warning_makes_a_record_invalid() {
    let emulator = service(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ndjson");
    fs::write(&file, profiles(["u1", "NULL", "합계", "u2"])).unwrap();
    let policy = DEFAULT.deny(WarningKind::PlaceholderId);
    let receipt = load(&emulator, &file, policy).await.unwrap().receipt;
    assert_eq!((receipt.accepted, receipt.invalid), (3, 1), "{receipt}");
    assert_eq!(receipt.warnings.kinds().collect::<Vec<_>>(), [WarningKind::TotalRow]);
    let dead = fs::read_to_string(folder.path().join("a.ndjson.dfinery/dead-letter.ndjson")).unwrap();
    assert!(dead.contains("[placeholder-id]"), "{dead}");
    assert_eq!(emulator.ledger().profiles().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_only_with_the_same_warnings_denied() {
    let emulator = service(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ndjson");
    fs::write(&file, profiles(["u1", "u2", "NULL", "u4"])).unwrap();
    emulator.script([Fault::None, Fault::Import(ImportCode::InvalidToken)]);
    let receipt = load(&emulator, &file, DEFAULT).await.unwrap().receipt;
    assert!(!receipt.complete, "{receipt}");
    let refused = load(&emulator, &file, DEFAULT.deny(WarningKind::PlaceholderId))
        .await
        .unwrap_err();
    assert!(
        refused.is_other_load() && refused.to_string().contains("denied warnings"),
        "{refused}"
    );
    // What changes no record changes nothing.
    let policy = DEFAULT.allow(WarningKind::SpacedId).deny(WarningKind::HeavyId);
    let receipt = load(&emulator, &file, policy).await.unwrap().receipt;
    assert!(receipt.is_good() && receipt.runs == 2, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_all_records_show_is_denied_after_they_were_sent() {
    let emulator = service(|_| ()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ndjson");
    let ids: Vec<String> = (0..60)
        .map(|n| if n % 3 == 0 { "same".to_owned() } else { format!("u{n}") })
        .collect();
    fs::write(&file, profiles(ids.iter().map(String::as_str))).unwrap();
    let loaded = load(&emulator, &file, DEFAULT.deny(WarningKind::HeavyId))
        .await
        .unwrap();
    let receipt = loaded.receipt;
    assert!(receipt.all_accepted() && !receipt.is_good(), "{receipt}");
    assert_eq!(receipt.denied, [WarningKind::HeavyId]);
    assert!(
        receipt
            .to_string()
            .contains("Denied, but known only after the records were sent: heavy-id.")
    );
    assert!(!receipt.to_string().contains("same") && !loaded.report.to_string().contains("same"));

    let load = FileLoad::new(RecordKind::Profile, [&file]);
    let policy = DEFAULT.deny_all();
    let report = check_files(&load, None, policy, &Progress::default(), None).unwrap();
    assert_eq!((report.bad(), report.denied()), (0, vec![WarningKind::HeavyId]));
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_the_same_in_every_order_of_a_load() {
    let emulator = service(|_| ()).await;
    for sorted in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.ndjson");
        fs::write(&file, profiles(["u1", "NULL", "합계", " u2", "NULL"])).unwrap();
        let mut files = FileLoad::new(RecordKind::Profile, [&file]);
        files.sort_by_identity = sorted;
        let policy = DEFAULT.deny(WarningKind::TotalRow);
        let loader = Loader::builder(&client(&emulator)).warnings(policy).build();
        let receipt = loader.load_files(files).await.unwrap().receipt;
        assert_eq!(
            (receipt.read, receipt.accepted, receipt.invalid),
            (5, 4, 1),
            "{receipt}"
        );
        let count = |kind| receipt.warnings.records(kind);
        assert_eq!(
            (count(WarningKind::PlaceholderId), count(WarningKind::SpacedId)),
            (2, 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_stream_comes_back_with_its_warnings() {
    let emulator = service(|_| ()).await;
    let records = ["u1", "NULL", "합계"].map(|id| Record::event(Identity::external_id(id), Event::new("df_login")));
    let loader = Loader::builder(&client(&emulator))
        .warnings(DEFAULT.deny(WarningKind::TotalRow))
        .build();
    let mut settled: Vec<_> = loader.load(stream::iter(records)).collect().await;
    settled.sort_by_key(|settled| settled.position);
    let kinds: Vec<Vec<WarningKind>> = settled
        .iter()
        .map(|settled| settled.warnings.iter().map(dfinery_load::Warning::kind).collect())
        .collect();
    assert_eq!(kinds, [vec![], vec![WarningKind::PlaceholderId], vec![]]);
    let fates: Vec<_> = settled.iter().map(|settled| settled.fate).collect();
    assert_eq!(fates, [Fate::Accepted, Fate::Accepted, Fate::Invalid]);
}

#[test]
fn the_pages_for_users_explain_every_name() {
    for page in ["docs/loading.md", "docs/loading.ko.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        let text = fs::read_to_string(path).unwrap();
        let explained: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` | ").map(|(name, _)| name))
            .filter(|name| !name.contains('.') && *name != "journal")
            .collect();
        assert_eq!(explained, WarningKind::ALL.map(WarningKind::name), "{page}");
    }
}
