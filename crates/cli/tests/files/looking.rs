//! `dfinery check` and `dfinery preview` on such files: nothing is sent, and what they say is what a load would do.

use std::fs;

use serde_json::{Value, json};

use crate::{
    command::Desk,
    purchases::{MAPPING, cp949, purchases, table},
};

const TAXONOMY: &str = "\
events: []
event_properties:
  - {name: memo, type: string}
  - {name: agreed, type: boolean}
";

/// A desk with a table in CP949, of whose 60 rows three are bad.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.write("mapping.yaml", MAPPING);
    desk.write("taxonomy.yaml", TAXONOMY);
    let bad = purchases(60);
    let rows: Vec<Vec<String>> = bad
        .iter()
        .enumerate()
        .map(|(number, purchase)| {
            let mut cells = purchase.cells();
            match number {
                10 => "secret 3,000원".clone_into(&mut cells[6]),
                20 | 21 => "secret".clone_into(&mut cells[10]),
                _ => {}
            }
            cells
        })
        .collect();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(crate::purchases::HEADER).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    desk.write("purchases.csv", cp949(&text));
    desk
}

const OPTIONS: [&str; 5] = [
    "purchases.csv",
    "--mapping",
    "mapping.yaml",
    "--taxonomy",
    "taxonomy.yaml",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_a_korean_table_counts_its_causes_by_column() {
    let desk = desk().await;
    let ran = desk.run(&[&["check"][..], &OPTIONS].concat()).await;
    ran.is(1)
        .says("60 records: 57 good, 3 bad")
        .says("good records of the kind event: 57")
        .says("광고수신: must be one of true, 1, Y or false, 0, N\n    2 records, first at purchases.csv:")
        .says("합계: must be a number such as 1234.5\n    1 record, first at purchases.csv:")
        .tells_none_of(&["000원", "신용카드", "example.co.kr"]);

    let ran = desk
        .run(&[&["check"][..], &OPTIONS, &["--output", "json"]].concat())
        .await;
    let report = ran.is(1).json();
    assert_eq!(
        json!([
            report["records"],
            report["good"],
            report["bad"],
            report["good_by_kind"]["event"]
        ]),
        json!([60, 57, 3, 57])
    );
    let causes = report["problems"]["causes"].as_array().unwrap();
    let counts: Vec<_> = causes.iter().map(|cause| (&cause["path"], &cause["records"])).collect();
    assert_eq!(counts, [(&json!("광고수신"), &json!(2)), (&json!("합계"), &json!(1))]);
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
    assert!(!desk.path("purchases.csv.dfinery").exists());

    // The line that is named is that of the row.
    let line = usize::try_from(causes[1]["first"][0]["line"].as_u64().unwrap()).unwrap();
    let bytes = fs::read(desk.path("purchases.csv")).unwrap();
    let row = bytes.split(|byte| *byte == b'\n').nth(line - 1).unwrap();
    assert!(row.windows(6).any(|part| part == b"secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_a_korean_table_shows_what_would_arrive() {
    let desk = desk().await;
    let arguments = [&["preview"][..], &OPTIONS, &["--calls", "1000"]].concat();
    let ran = desk.run(&arguments).await;
    ran.is(1).says("nothing was sent").says("57 good, 3 bad");
    assert!(
        !ran.err.contains("the counts below"),
        "they are of all records: {}",
        ran.err
    );
    let calls: Vec<Value> = ran
        .out
        .split("POST /api/v1/events\n")
        .skip(1)
        .map(|body| serde_json::from_str(body).unwrap())
        .collect();
    let mut events = Vec::new();
    for call in &calls {
        for event in call["events"].as_array().unwrap() {
            events.push(json!({"identity": call["common"]["identity"], "event": event}));
        }
    }
    let expected: Vec<_> = purchases(60).iter().map(crate::purchases::Purchase::expected).collect();
    assert_eq!(events.len(), 57);
    for event in &events {
        assert!(expected.contains(event), "{event:#}");
    }
    let ran = desk
        .run(&[&["load", "events", "--dry-run", "--output", "json"][..], &OPTIONS].concat())
        .await;
    let plan = ran.is(1).json();
    assert_eq!(
        json!([
            plan["read"],
            plan["invalid"],
            plan["calls"][0]["records"],
            plan["calls"][0]["calls"]
        ]),
        json!([60, 3, 57, calls.len()])
    );
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_makes_something_else_than_what_is_loaded_is_refused_at_once() {
    let desk = desk().await;
    for arguments in [
        &["load", "profiles"][..],
        &["check", "--as", "profiles"],
        &["preview", "--as", "profiles"],
    ] {
        desk.run(&[arguments, &OPTIONS].concat())
            .await
            .is(2)
            .says("the mapping makes events of the rows, and this load takes records of the kind profile only");
    }
    desk.write("good.csv", cp949(&table(&purchases(3), b',')));
    let ran = desk
        .run(&["check", "good.csv", "--mapping", "mapping.yaml", "--output", "json"])
        .await;
    assert_eq!(ran.is(0).json()["bad"], json!(0));
}
