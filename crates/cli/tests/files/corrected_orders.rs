//! The rows of an order that is bad: all of them come back as a table, and become the one right order when they are corrected.

use std::fs;

use serde_json::json;

use crate::{command::Desk, purchases::cp949};

const MAPPING: &str = r#"
timezone: Asia/Seoul
group_by: 영수증
skip_if: {column: 회원, equals: 비회원}
identity: {external_id: 회원}
event: df_login
event_datetime: {column: 일시, format: "%Y%m%d%H%M%S"}
event_properties: {df_total_purchase_amount: {sum: 금액, type: long}}
event_items: [{df_item_name: 상품}]
"#;
const HEADER: &str = "영수증,회원,일시,상품,금액";
const AT: &str = "20251120101500";

/// A table as a till writes it.
fn table(rows: &[&str]) -> Vec<u8> {
    cp949(
        &rows
            .iter()
            .map(|row| format!("{row}\r\n").replace("AT", AT))
            .collect::<String>(),
    )
}

/// Loads a table of which `bad` records are bad, holds that its rejected rows are these, corrects them so, loads them, and
/// holds that nothing is left. Returns the orders by user: the sum, and the items.
async fn corrected(
    till: &[u8],
    bad: u64,
    rejected: &[&str],
    corrections: &[(&str, &str)],
) -> Vec<(String, u64, Vec<String>)> {
    let desk = Desk::new().await;
    desk.emulator
        .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
    desk.write("m.yaml", MAPPING);
    desk.write("till.csv", till);
    let load = |name| ["load", "events", name, "--mapping", "m.yaml"];
    desk.run(&load("till.csv")).await.is(1);
    let status = desk.run(&["status", "till.csv", "--output", "json"]).await.json();
    assert_eq!(status["left"], json!(bad), "{status:#}");

    let file = "till.csv.dfinery/rejected.csv";
    let text = encoding_rs::EUC_KR
        .decode(&fs::read(desk.path(file)).unwrap())
        .0
        .into_owned();
    let expected: Vec<_> = [HEADER]
        .iter()
        .chain(rejected)
        .map(|row| row.replace("AT", AT))
        .collect();
    assert_eq!(text.lines().count(), expected.len(), "{text}");
    for (row, expected) in text.lines().zip(expected) {
        // What is in front of a row is about the whole order.
        assert!(row.ends_with(&format!(",{expected}")), "{expected} in {text}");
    }
    let mended = corrections.iter().fold(text, |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
        text.replace(old, new)
    });
    desk.write(file, cp949(&mended));
    desk.run(&load(file)).await.is(0);
    for _ in 0..2 {
        desk.run(&["status", "till.csv"]).await.is(0);
        // The same load again has nothing left to do, and status still knows it.
        desk.run(&load(file)).await.is(0);
        desk.run(&load("till.csv"))
            .await
            .is(0)
            .says("What was not accepted has been corrected or replayed since.");
        let receipt: serde_json::Value =
            serde_json::from_slice(&fs::read(desk.path("till.csv.dfinery/receipt.json")).unwrap()).unwrap();
        assert_eq!(receipt["finished_before"], json!(false), "that of the run that did it");
    }
    let ledger = desk.emulator.ledger();
    let mut orders: Vec<_> = ledger
        .events()
        .map(|record| {
            let event = serde_json::to_value(&record.event).unwrap();
            let items = event["event_items"].as_array().unwrap().iter();
            let name = |item: &serde_json::Value| item["df_item_name"].as_str().unwrap().to_owned();
            (
                record.identity.external_id.clone().unwrap(),
                event["event_properties"]["df_total_purchase_amount"].as_u64().unwrap(),
                items.map(name).collect(),
            )
        })
        .collect();
    orders.sort_unstable();
    orders
}

fn order(user: &str, sum: u64, items: &[&str]) -> (String, u64, Vec<String>) {
    (
        user.to_owned(),
        sum,
        items.iter().map(|item| (*item).to_owned()).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_a_wrong_quote_comes_back_with_its_order() {
    let orders = corrected(
        &table(&[
            HEADER,
            "R1,M-1,AT,사과,1",
            "R1,M-1,AT,\"3\" 나사\",20",
            "R1,M-1,AT,배,300",
            "R2,M-2,AT,감,5",
            "R3,M-3,AT,귤,6",
        ]),
        1,
        &["R1,M-1,AT,사과,1", "R1,M-1,AT,\"3\" 나사\",20", "R1,M-1,AT,배,300"],
        &[("\"3\" 나사\"", "\"3\"\" 나사\"")],
    )
    .await;
    let expected = [
        order("M-1", 321, &["사과", "3\" 나사", "배"]),
        order("M-2", 5, &["감"]),
        order("M-3", 6, &["귤"]),
    ];
    assert_eq!(orders, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_an_open_quote_swallowed_come_back_one_by_one() {
    let orders = corrected(
        &table(&[
            HEADER,
            "R1,M-1,AT,\"사과,1",
            "R1,M-1,AT,배,20",
            "R1,M-1,AT,\"감\",300",
            "R2,M-2,AT,귤,5",
        ]),
        2,
        &["R1,M-1,AT,\"사과,1", "R1,M-1,AT,배,20", "R1,M-1,AT,\"감\",300"],
        &[("\"사과", "사과")],
    )
    .await;
    assert_eq!(
        orders,
        [order("M-1", 321, &["사과", "배", "감"]), order("M-2", 5, &["귤"])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_end_of_the_file_cuts_is_not_loaded_in_part() {
    let whole = table(&[HEADER, "R1,M-1,AT,귤,5", "R2,M-2,AT,사과,1", "R2,M-2,AT,배,20"]);
    let cut = &whole[..whole.len() - ",20\r\n".len()];
    let orders = corrected(cut, 1, &["R2,M-2,AT,사과,1", "R2,M-2,AT,배"], &[("배", "배,20")]).await;
    assert_eq!(orders, [order("M-1", 5, &["귤"]), order("M-2", 21, &["사과", "배"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_its_number_finds_its_order_again() {
    let orders = corrected(
        &table(&[HEADER, ",M-1,AT,사과,1", "R1,M-1,AT,배,20", "R2,M-2,AT,귤,5"]),
        2,
        &[",M-1,AT,사과,1", "R1,M-1,AT,배,20"],
        &[(",M-1,20251120101500,사과", "R1,M-1,20251120101500,사과")],
    )
    .await;
    assert_eq!(orders, [order("M-1", 21, &["사과", "배"]), order("M-2", 5, &["귤"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_turns_out_to_be_none_is_settled() {
    let orders = corrected(
        &table(&[HEADER, "R1,,AT,사과,1", "R1,,AT,배,20", "R2,M-2,AT,귤,5"]),
        1,
        &["R1,,AT,사과,1", "R1,,AT,배,20"],
        &[
            ("R1,,20251120101500,사과", "R1,비회원,20251120101500,사과"),
            ("R1,,20251120101500,배", "R1,비회원,20251120101500,배"),
        ],
    )
    .await;
    assert_eq!(orders, [order("M-2", 5, &["귤"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_two_bad_events_come_back_once() {
    let desk = Desk::new().await;
    desk.emulator
        .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
    let event = |kind: &str, name: &str| {
        format!(
            "  - only_if: {{column: 구분, equals: {kind}}}
    identity: {{external_id: 회원}}
    event: {name}
    event_datetime: {{column: 일시, format: \"%Y%m%d%H%M%S\"}}
    event_properties: {{df_total_purchase_amount: {{sum: 금액, type: long}}}}\n"
        )
    };
    let mapping = format!(
        "timezone: Asia/Seoul\ngroup_by: 영수증\nrecords:\n{}{}",
        event("판매", "df_login"),
        event("반품", "df_logout")
    );
    desk.write("m.yaml", mapping);
    let rows =
        ["R1,판매,,AT,1", "R1,판매,,AT,20", "R1,반품,,AT,300", "R1,반품,,AT,many"].map(|row| row.replace("AT", AT));
    desk.write("till.csv", format!("영수증,구분,회원,일시,금액\n{}\n", rows.join("\n")));
    let load = |name| ["load", "events", name, "--mapping", "m.yaml"];
    desk.run(&load("till.csv")).await.is(1);
    assert_eq!(desk.receipt("till.csv")["invalid"], 2);
    let file = "till.csv.dfinery/rejected.csv";
    let text = fs::read_to_string(desk.path(file)).unwrap();
    assert_eq!(text.matches("\n2,invalid+invalid,").count(), rows.len(), "{text}");
    assert_eq!(text.lines().count(), 1 + rows.len(), "{text}");
    // A check writes the same.
    desk.run(&["check", "till.csv", "--mapping", "m.yaml", "-o", "bad.csv"])
        .await
        .is(1);
    assert_eq!(fs::read_to_string(desk.path("bad.csv")).unwrap(), text);
    desk.write(file, text.replace(",,20", ",M-1,20").replace("many", "4000"));
    desk.run(&load(file)).await.is(0);
    desk.run(&["status", "till.csv"]).await.is(0);
    let ledger = desk.emulator.ledger();
    let mut sums: Vec<_> = ledger
        .events()
        .map(|record| {
            let sum = serde_json::to_value(&record.event.event_properties).unwrap()["df_total_purchase_amount"].clone();
            (record.event.event_name.clone(), sum)
        })
        .collect();
    sums.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        sums,
        [
            ("df_login".to_owned(), json!(21)),
            ("df_logout".to_owned(), json!(4300))
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_are_left_out_of_a_corrected_table_are_left() {
    let desk = Desk::new().await;
    desk.emulator
        .settings(|settings| settings.unregistered = dfinery_emulator::Unregistered::Accept);
    desk.write("m.yaml", format!("{MAPPING}sort_by_group: true\n"));
    let rows: Vec<_> = ["A", "B", "C", "D"]
        .iter()
        .flat_map(|order| ["둘", "2"].map(|amount| format!("{order},u{order},AT,펜,{amount}")))
        .collect();
    let rows: Vec<_> = std::iter::once(HEADER).chain(rows.iter().map(String::as_str)).collect();
    desk.write("till.csv", table(&rows));
    let load = |name| ["load", "events", name, "--mapping", "m.yaml"];
    desk.run(&load("till.csv")).await.is(1);

    // Somebody corrects two of the four, in another order of the rows, and leaves the others out.
    let file = "till.csv.dfinery/rejected.csv";
    let text = encoding_rs::EUC_KR
        .decode(&fs::read(desk.path(file)).unwrap())
        .0
        .into_owned();
    let lines: Vec<_> = text.lines().collect();
    let kept = [0, 1, 3, 2, 4].map(|line| format!("{}\r\n", lines[line].replace("둘", "2")));
    desk.write(file, cp949(&kept.concat()));
    desk.run(&load(file)).await.is(0);
    let status = desk.run(&["status", "till.csv", "--output", "json"]).await.is(1).json();
    assert_eq!(
        (&status["accepted"], &status["left"]),
        (&json!(2), &json!(2)),
        "{status:#}"
    );
    assert_eq!(
        status["rejected_rows"],
        json!([]),
        "its table has been loaded: {status:#}"
    );
    let text = desk.run(&["status", "till.csv"]).await;
    text.says("invalid                2  failed the check")
        .says("-o till.csv.dfinery/rejected-2.csv");
}
