//! One table as Korean programs write it: whatever the encoding and the format, the very same events arrive.

use std::{collections::BTreeMap, fs};

use dfinery::Operation;
use dfinery_emulator::{Emulator, Ledger};
use dfinery_input::{ProposalOptions, propose};
use dfinery_load::{Accepts, Encoding, FileLoad, InputOptions, Loader, Mapping, RecordKind};
use serde_json::{Value, json};

use crate::{
    command::Desk,
    purchases::{MAPPING, Purchase, cp949, gzip, purchases, registered, table, utf16, zstd},
};

fn options(mapping: &str) -> InputOptions {
    let mut options = InputOptions::default();
    options.mapping = Some(Mapping::from_yaml(mapping).unwrap());
    options
}

/// Loads a file into an emulator of its own, and gives what arrived.
async fn load(name: &str, content: &[u8], what: RecordKind, options: InputOptions) -> Ledger {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let emulator = Emulator::start().await.unwrap();
    emulator.settings(|settings| settings.taxonomy = registered());
    let import = emulator.import_client().build().unwrap();
    let mut load = FileLoad::new(what, [&path]);
    load.options = options;
    let loaded = Loader::builder(&import).build().load_files(load).await;
    let loaded = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        loaded.receipt.all_accepted(),
        "{name}: {} {}",
        loaded.receipt,
        loaded.report
    );
    emulator.ledger()
}

/// The events by their id, each with its identity.
fn arrived(ledger: &Ledger) -> BTreeMap<String, Value> {
    let events = ledger.events().map(|record| {
        let event = json!({ "identity": *record.identity, "event": record.event });
        (record.event.event_log_id.to_string(), event)
    });
    let events: BTreeMap<_, _> = events.collect();
    assert_eq!(events.len(), ledger.events().len(), "no id came twice");
    events
}

const COUNT: u32 = 150;

#[tokio::test]
async fn every_encoding_and_format_of_a_table_gives_the_same_events() {
    let rows = purchases(COUNT);
    let (csv, tsv) = (table(&rows, b','), table(&rows, b'\t'));
    let records: Vec<_> = rows.iter().map(Purchase::expected).collect();
    let ndjson = records.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let array = serde_json::to_string_pretty(&records).unwrap();
    let expected: BTreeMap<_, _> = records
        .iter()
        .map(|record| {
            (
                record["event"]["event_log_id"].as_str().unwrap().to_owned(),
                record.clone(),
            )
        })
        .collect();

    let mark = "\u{feff}";
    let marked = format!("{mark}{csv}");
    let little = |text: &str| utf16(text, u16::to_le_bytes);
    let big = |text: &str| utf16(text, u16::to_be_bytes);
    let tables = [
        ("excel.csv", cp949(&csv)),
        ("excel.tsv", cp949(&tsv)),
        ("utf-8.csv", csv.clone().into_bytes()),
        ("utf-8 line feeds.csv", csv.replace("\r\n", "\n").into_bytes()),
        ("no line break at the end.csv", cp949(csv.trim_end())),
        ("utf-8 with mark.csv", marked.clone().into_bytes()),
        ("utf-16le with mark.csv", little(&marked)),
        ("utf-16be with mark.csv", big(&marked)),
        ("utf-16le.csv", little(&csv)),
        ("utf-16be.csv", big(&csv)),
        ("unicode text of Excel.tsv", little(&format!("{mark}{tsv}"))),
        ("no name of a format", cp949(&csv)),
        ("excel.csv.gz", gzip(&cp949(&csv))),
        ("utf-16le with mark.csv.zst", zstd(&little(&marked))),
        ("gzip without its name.csv", gzip(&cp949(&csv))),
    ];
    for (name, content) in &tables {
        let ledger = load(name, content, RecordKind::Event, options(MAPPING)).await;
        assert!(arrived(&ledger) == expected, "{name}");
    }
    let files = [
        ("records.ndjson", ndjson.clone().into_bytes()),
        (
            "crlf.ndjson",
            format!("{mark}{}", ndjson.replace('\n', "\r\n")).into_bytes(),
        ),
        ("cp949.ndjson", cp949(&ndjson)),
        ("records.json", array.clone().into_bytes()),
        ("utf-16be.json", big(&format!("{mark}{array}"))),
        ("records.ndjson.gz", gzip(ndjson.as_bytes())),
        ("records.json.zst", zstd(array.as_bytes())),
    ];
    for (name, content) in &files {
        let ledger = load(name, content, RecordKind::Event, InputOptions::default()).await;
        assert!(arrived(&ledger) == expected, "{name}");
    }
}

#[tokio::test]
async fn an_encoding_that_is_said_is_not_detected() {
    // One syllable proves nothing.
    let csv = cp949("id,값\r\nu1,가\r\n");
    let mapping =
        "event: df_login\nidentity: {external_id: id}\nevent_datetime: {column: at}\nevent_properties: {memo: 값}";
    let table = [b"at,".as_slice(), &csv[..7], b"2026-11-01T00:00:00Z,", &csv[7..]].concat();
    let mut said = options(mapping);
    said.encoding = Some(Encoding::Cp949);
    let ledger = load("short.csv", &table, RecordKind::Event, said).await;
    let event = &ledger.events().next().unwrap().event;
    assert_eq!(json!(event.event_properties), json!({"memo": "가"}));
}

#[tokio::test]
async fn events_without_an_id_get_the_same_one_from_the_same_file() {
    let mapping = MAPPING.replace("event_log_id: 전표ID\n", "");
    let file = cp949(&table(&purchases(40), b','));
    let ids = async |name: &str| {
        let ledger = load(name, &file, RecordKind::Event, options(&mapping)).await;
        arrived(&ledger).into_keys().collect::<Vec<_>>()
    };
    let once = ids("a.csv").await;
    assert_eq!(once.len(), 40);
    assert_eq!(once, ids("another name.csv").await);
}

const MEMBERS: &str = "\
회원번호,휴대폰,푸시동의,문자동의,카카오동의,생일,등급,메모\r
000123,010-1234-5678,Y,N,,1999-12-31,골드,\"단골\r
\"\"VIP\"\"\"\r
000124,010 8765 4321,n,y,1,,실버,\r
";
const MEMBERS_MAPPING: &str = r"
identity:
  external_id: 회원번호
  phone_no: {column: 휴대폰, type: phone}
user_properties:
  df_push_ads_optin: 푸시동의
  df_sms_ads_optin: {column: 문자동의}
  df_kakao_ads_optin: 카카오동의
  df_birth: 생일
  df_membership: 등급
";

#[tokio::test]
async fn consent_in_a_korean_table_becomes_a_truth_value() {
    for content in [cp949(MEMBERS), utf16(&format!("\u{feff}{MEMBERS}"), u16::to_le_bytes)] {
        let ledger = load("members.csv", &content, RecordKind::Profile, options(MEMBERS_MAPPING)).await;
        let profiles: Vec<_> = ledger
            .profiles()
            .map(|profile| json!([profile.identity, profile.properties]))
            .collect();
        assert_eq!(
            profiles,
            [
                json!([
                    {"external_id": "000123", "phone_no": "821012345678"},
                    {"df_push_ads_optin": true, "df_sms_ads_optin": false, "df_birth": "1999-12-31", "df_membership": "골드"},
                ]),
                json!([
                    {"external_id": "000124", "phone_no": "821087654321"},
                    {"df_push_ads_optin": false, "df_sms_ads_optin": true, "df_kakao_ads_optin": true, "df_membership": "실버"},
                ]),
            ]
        );
    }
}

#[tokio::test]
async fn identities_come_from_the_same_table() {
    let mapping = MEMBERS_MAPPING.split_once("user_properties").unwrap().0;
    let ledger = load("members.csv", &cp949(MEMBERS), RecordKind::Identity, options(mapping)).await;
    assert_eq!(
        json!(ledger.identities()),
        json!([
            {"external_id": "000123", "phone_no": "821012345678"},
            {"external_id": "000124", "phone_no": "821087654321"},
        ])
    );
    assert_eq!(ledger.requests(Operation::UpsertUserProfile).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mapping_that_is_proposed_for_the_table_needs_only_what_it_asks_for() {
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| settings.taxonomy = registered());
    let rows = purchases(COUNT);
    desk.write("purchases.csv", cp949(&table(&rows, b',')));
    let ran = desk
        .run(&[
            "mapping",
            "init",
            "purchases.csv",
            "--event",
            "df_purchase",
            "--timezone",
            "Asia/Seoul",
        ])
        .await;
    let values = ["신용카드", "example.co.kr", "한우", "3,000", "경비실", "2026-11"];
    ran.is(0).tells_none_of(&values);
    Mapping::from_yaml(&ran.out).unwrap();

    // What it is sure of stands there already, read as in the mapping written by hand.
    for line in [
        "  external_id: 회원번호",
        "  phone_no: {column: 휴대폰, type: phone}",
        "  email: 이메일",
        "event_datetime: 결제일시",
        "  df_order_id: 주문번호",
        "  df_total_purchase_amount: {column: 합계, type: double, thousands: \",\"}",
    ] {
        assert!(ran.out.contains(&format!("\n{line}")), "{line}\n{}", ran.out);
    }
    // Each column that it is not sure of is named.
    for column in ["전표ID", "배송메모", "광고수신"] {
        ran.says(&format!("{column:?}: "));
    }
    let completed = complete(&ran.out);
    desk.write("mapping.yaml", &completed);
    let load = ["load", "events", "purchases.csv", "--mapping", "mapping.yaml"];
    let loaded = desk.run(&load).await;
    assert_eq!(loaded.code, Some(0), "{}{}\n{completed}", loaded.out, loaded.err);
    loaded.tells_none_of(&values);
    let expected: BTreeMap<_, _> = rows
        .iter()
        .map(Purchase::expected)
        .map(|record| (record["event"]["event_log_id"].as_str().unwrap().to_owned(), record))
        .collect();
    assert!(arrived(&desk.emulator.ledger()) == expected);
}

/// Does what the comments of the proposal ask for, as a person would.
fn complete(proposal: &str) -> String {
    let mut out = Vec::new();
    for line in proposal.lines() {
        let entry = line.trim_start_matches(['#', ' ', '-']);
        let names = |column: &str| line.contains(column) && !line.contains("   * ");
        if names("전표ID") {
            out.push(entry.to_owned());
        } else if names("배송메모") {
            out.push("  memo: 배송메모".to_owned());
        } else if names("광고수신") {
            out.push(format!("  agreed: {}", entry.split_once(": ").unwrap().1));
        } else if entry.starts_with("df_discount: {constant: 0.0}") {
            out.push(line.replacen("# ", "", 1).replace("0.0", "0"));
        } else {
            out.push(line.to_owned());
        }
    }
    out.join("\n")
}

#[test]
fn a_proposal_holds_no_value_in_any_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&purchases(60), b',');
    let read = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        propose(
            &path,
            &InputOptions::default(),
            &ProposalOptions::default(),
            Accepts::Mixed,
        )
        .unwrap()
    };
    let first = read("a.csv", &cp949(&csv));
    assert!(!first.complete, "the event has no name yet");
    assert_eq!(first.rows, 60);
    for value in ["신용카드", "example.co.kr", "한우", "경비실"] {
        assert!(!first.yaml.contains(value), "{}", first.yaml);
    }
    assert_eq!(first, read("a.csv", &utf16(&csv, u16::to_le_bytes)));
    assert_eq!(first, read("a.csv", &gzip(csv.as_bytes())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_told_at_the_same_line_in_every_encoding() {
    let csv = table(&purchases(30), b',');
    let lines: Vec<&str> = csv.split_inclusive("\r\n").collect();
    // The tenth row has its last cell twice.
    let row = 10;
    let mut broken: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
    broken[row] = format!("{},1\r\n", broken[row].trim_end());
    let broken = broken.concat();
    let line = 1 + lines[..row].concat().matches('\n').count();
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| settings.taxonomy = registered());
    desk.write("mapping.yaml", MAPPING);
    for (name, decompressed, content) in [
        ("a.csv", cp949(&broken), cp949(&broken)),
        (
            "b.csv",
            utf16(&broken, u16::to_le_bytes),
            utf16(&broken, u16::to_le_bytes),
        ),
        ("c.csv.gz", cp949(&broken), gzip(&cp949(&broken))),
    ] {
        desk.write(name, &content);
        let ran = desk.run(&["load", "events", name, "--mapping", "mapping.yaml"]).await;
        ran.is(1)
            .says(&format!("{name}:{line}"))
            .says("the row has 16 columns, the header has 15");
        let receipt = desk.receipt_in(&format!("{name}.dfinery"), &decompressed);
        assert_eq!((&receipt["read"], &receipt["invalid"]), (&json!(30), &json!(1)));
    }
}
