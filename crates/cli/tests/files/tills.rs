//! Files of tills and of customer systems, whose rows are not records one by one.

use dfinery::ImportCode;
use dfinery_emulator::Fault;
use serde_json::{Value, json};

use crate::{
    accounts::original,
    command::Desk,
    purchases::{cp949, registered},
};

const MAPPING: &str = r#"
timezone: Asia/Seoul
group_by: [점포, 영수증번호]
skip_if: [{column: 영수증번호, equals: 합계}, {column: 구분, equals: 취소}]
identity: {external_id: 회원번호}
event: df_purchase
event_datetime: {join: [일자, 시각], format: "%Y%m%d %H%M%S"}
event_properties:
  df_order_id: {join: [점포, 영수증번호], with: "-"}
  df_total_purchase_amount: {sum: 금액, thousands: ","}
  df_payment_method: {last: 결제, values: {카드: card, 현금: cash}, default: other}
  df_delivery_charge: {constant: 0}
  df_discount: {constant: 0}
event_items:
  - df_item_id: 상품코드
    df_item_name: 상품명
    df_price: {column: 금액, thousands: ","}
    df_quantity: 수량
    df_discount: {constant: 0}
"#;

const TABLE: &str = "\
점포,영수증번호,회원번호,일자,시각,구분,상품코드,상품명,금액,수량,결제
강남,1001,M-1,20251120,101500,판매,P-1,사과,\"1,000.1\",1,
강남,1001,M-1,20251120,101500,취소,P-9,포도,\"9,000\",1,카드
강남,1001,M-1,20251120,101500,판매,P-2,배,0.2,2,현금
강남,1002,M-2,20251120,101700,판매,P-1,펲시,500,1,카드
강남,합계,,,,,,,\"10,500.3\",,
역삼,1001,M-3,20251120,101900,판매,P-1,사과,500,1,수표
강남,1002,M-2,20251120,101700,판매,P-3,감,700,1,카드
역삼,1002,M-4,20251120,102000,판매,P-1,사과,\"secret 1,000원\",1,카드
역삼,1002,M-4,20251120,102000,판매,P-2,배,700,1,카드
역삼,1003,M-5,20251120,102100,판매,P-1,사과,700,1,카드
";

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_receipt_become_one_order() {
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| settings.taxonomy = registered());
    let table = cp949(&TABLE.replace('\n', "\r\n"));
    desk.write("till.csv", &table);
    desk.write("mapping.yaml", MAPPING);
    let ran = desk
        .run(&["load", "events", "till.csv", "--mapping", "mapping.yaml"])
        .await;
    ran.is(1)
        .says("till.csv has 11 lines: 8 of records, 1 of the header, 2 passed over")
        .says("2 rows were passed over by the mapping, first on line 3, 6")
        .says("rows with the same key do not stand together: give sort_by_group: true in the mapping")
        .says("금액: must be a number such as 1234.5 (on line 9, row 1 of 2)");

    let receipt = desk.receipt("till.csv");
    assert_eq!(
        ["read", "accepted", "invalid"].map(|name| receipt[name].clone()),
        [json!(6), json!(4), json!(2)]
    );
    let input = &receipt["inputs"][0];
    assert_eq!(input["passed_over"], json!({"rows": 2, "first_lines": [3, 6]}));
    assert_eq!(
        input["lines"],
        json!({"total": 11, "records": 8, "header": 1, "blank": 0, "skipped": 0, "passed_over": 2})
    );

    let ledger = desk.emulator.ledger();
    let mut orders: Vec<_> = ledger
        .events()
        .map(|record| {
            let event = serde_json::to_value(&record.event).unwrap();
            let properties = &event["event_properties"];
            let items = event["event_items"].as_array().unwrap().iter();
            (
                properties["df_order_id"].as_str().unwrap().to_owned(),
                properties["df_total_purchase_amount"].as_f64().unwrap().to_string(),
                properties["df_payment_method"].as_str().unwrap().to_owned(),
                items
                    .map(|item| item["df_item_name"].as_str().unwrap().to_owned())
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    orders.sort_unstable();
    let order = |id: &str, total: &str, paid: &str, items: &[&str]| {
        let items: Vec<_> = items.iter().map(|item| (*item).to_owned()).collect();
        (id.to_owned(), total.to_owned(), paid.to_owned(), items)
    };
    assert_eq!(
        orders,
        [
            order("강남-1001", "1000.3", "cash", &["사과", "배"]),
            order("강남-1002", "500", "card", &["펲시"]),
            order("역삼-1001", "500", "other", &["사과"]),
            order("역삼-1003", "700", "card", &["사과"]),
        ]
    );

    // A dead letter has all rows of its order, as they are in the file.
    let letters = desk.dead_letters("till.csv.dfinery");
    let of_line = |line: u64| letters.iter().find(|letter| letter["line"] == line).unwrap();
    let rows: Vec<&str> = TABLE.lines().collect();
    assert_eq!(original(of_line(8)), cp949(rows[7]));
    assert_eq!(original(of_line(9)), cp949(&rows[8..10].join("\r\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_what_a_load_would_pass_over() {
    let desk = Desk::new().await;
    desk.write("till.csv", TABLE);
    desk.write("mapping.yaml", MAPPING);
    for command in [&["check"][..], &["preview"], &["load", "events", "--dry-run"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["till.csv", "--mapping", "mapping.yaml"]);
        desk.run(&arguments)
            .await
            .is(1)
            .says("rows passed over by the mapping: 2, first at till.csv:3, till.csv:6");
    }
    let ran = desk
        .run(&["check", "till.csv", "--mapping", "mapping.yaml", "--output", "json"])
        .await;
    assert_eq!(ran.is(1).json()["passed_over"]["rows"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_customers_becomes_an_identity_and_a_profile() {
    let desk = Desk::new().await;
    desk.write(
        "crm.csv",
        cp949("회원번호,휴대폰,성별,동의\nM-1,010-1234-5678,남,Y\nM-2,010-2345-6789,여,N\nM-3,12,여,Y\nM-4,,secret,Y\n총 4명,,,\n"),
    );
    desk.write(
        "mapping.yaml",
        "
skip_if: {column: 회원번호, prefix: 총}
records:
  - identity: {external_id: 회원번호, phone_no: {column: 휴대폰, type: phone}}
  - only_if: {column: 동의, equals: Y}
    identity: {external_id: 회원번호}
    user_properties: {df_gender: {column: 성별, values: {남: Male, 여: Female}}}
",
    );
    let load = ["load", "mixed", "crm.csv", "--mapping", "mapping.yaml", "--ordered"];
    let ran = desk.run(&load).await;
    ran.is(1)
        .says("crm.csv has 6 lines: 4 of records, 1 of the header, 1 passed over")
        .says("성별: must be one of 남, 여");
    let receipt = desk.receipt("crm.csv");
    assert_eq!(
        ["read", "accepted", "invalid"].map(|name| receipt[name].clone()),
        [json!(7), json!(5), json!(2)]
    );
    let letters = desk.dead_letters("crm.csv.dfinery");
    let mut lines: Vec<_> = letters.iter().map(|letter| letter["line"].clone()).collect();
    lines.sort_by_key(Value::as_u64);
    assert_eq!(lines, [json!(4), json!(5)]);
    // The same load again has nothing left to do.
    desk.run(&load).await.is(1).says("All of it had been settled before");
    assert_eq!(desk.receipt("crm.csv"), receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_on_a_pipe_that_goes_on_later_is_refused() {
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| settings.taxonomy = registered());
    desk.write("mapping.yaml", MAPPING);
    let lines: Vec<_> = TABLE.lines().collect();
    let load = [
        "load",
        "events",
        "-",
        "--format",
        "csv",
        "--mapping",
        "mapping.yaml",
        "--state",
        "state",
    ];
    let part = |count: usize| lines[..count].join("\n") + "\n";
    desk.run_with_stdin(&load, part(2).as_bytes()).await.is(0);
    // The row of line 4 belongs to the order that has been sent.
    desk.run_with_stdin(&load, part(4).as_bytes())
        .await
        .is(2)
        .says("now the record goes on");
    assert_eq!(desk.emulator.ledger().events().count(), 1);
}

/// A row of each order in turn, as tills write that are joined by the second.
fn scattered(orders: usize) -> (String, Vec<String>) {
    let mut rows = vec![TABLE.lines().next().unwrap().to_owned()];
    for item in 0..3 {
        for order in 0..orders {
            let price = if (order, item) == (7, 1) {
                "secret".to_owned()
            } else {
                format!("{}", 100 + item)
            };
            rows.push(format!(
                "강남,{order:04},M-{},20251120,101500,판매,P-{item},사과 {item},{price},1,카드",
                order % 40
            ));
        }
    }
    let bad = (0..3).map(|item| rows[1 + item * orders + 7].clone()).collect();
    (rows.join("\r\n") + "\r\n", bad)
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_whose_rows_are_scattered_are_sorted_and_each_is_loaded_once() {
    const ORDERS: usize = 400;
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| settings.taxonomy = registered());
    let (table, bad) = scattered(ORDERS);
    desk.write("till.csv", cp949(&table));
    desk.write("mapping.yaml", format!("sort_by_group: true{MAPPING}"));
    let load = |name| ["load", "events", name, "--mapping", "mapping.yaml"];
    // It ends early and goes on: the orders keep their positions, and so their ids.
    let faults = [Fault::None, Fault::None, Fault::Import(ImportCode::InvalidToken)];
    desk.emulator.script(faults);
    desk.run(&load("till.csv"))
        .await
        .is(2)
        .says("금액: must be a number such as 1234.5 (on line 409, row 2 of 3)")
        .says("till.csv:9");
    let sent = desk.emulator.ledger().events().count();
    assert!(0 < sent && sent < ORDERS, "{sent}");
    desk.run(&load("till.csv")).await.is(1);
    let receipt: Value =
        serde_json::from_slice(&std::fs::read(desk.path("till.csv.dfinery/receipt.json")).unwrap()).unwrap();
    assert_eq!(
        ["read", "accepted", "invalid"].map(|name| receipt[name].clone()),
        [json!(ORDERS), json!(ORDERS - 1), json!(1)]
    );

    // The rows of the bad order come back together.
    let file = "till.csv.dfinery/rejected.csv";
    let text = encoding_rs::EUC_KR
        .decode(&std::fs::read(desk.path(file)).unwrap())
        .0
        .into_owned();
    let rows: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), bad.len(), "{text}");
    for (row, bad) in rows.iter().zip(bad) {
        assert!(
            row.starts_with("9,invalid,") && row.ends_with(&format!(",{bad}")),
            "{text}"
        );
    }
    desk.write(file, cp949(&text.replace("secret", "101")));
    desk.run(&load(file)).await.is(0);
    desk.run(&["status", "till.csv"]).await.is(0);

    let ledger = desk.emulator.ledger();
    let mut orders: Vec<_> = ledger
        .events()
        .map(|record| {
            let event = serde_json::to_value(&record.event).unwrap();
            assert_eq!(
                event["event_properties"]["df_total_purchase_amount"].as_f64(),
                Some(303.0),
                "{event}"
            );
            let items = event["event_items"].as_array().unwrap().iter();
            let items: Vec<_> = items
                .map(|item| item["df_item_name"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(items, ["사과 0", "사과 1", "사과 2"]);
            event["event_properties"]["df_order_id"].as_str().unwrap().to_owned()
        })
        .collect();
    orders.sort_unstable();
    let expected: Vec<_> = (0..ORDERS).map(|order| format!("강남-{order:04}")).collect();
    assert_eq!(orders, expected);
    assert_eq!(ledger.duplicates(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_order_is_not_known_are_told_before_anything_is_sent() {
    let desk = Desk::new().await;
    desk.emulator.settings(|settings| settings.taxonomy = registered());
    let (table, _) = scattered(20);
    let mended = table.replace("secret", "1");
    desk.write("mapping.yaml", format!("sort_by_group: true{MAPPING}"));
    let load = ["load", "events", "till.csv", "--mapping", "mapping.yaml"];
    desk.write("till.csv", mended.replace("강남,0003,", "강남,,"));
    desk.run(&load)
        .await
        .is(2)
        .says("till.csv, line 5: 영수증번호 is empty")
        .says("3 rows have no group that is known, first on line 5, 25, 45");
    assert_eq!(desk.emulator.ledger().all_requests().len(), 0);
    desk.write("till.csv", &mended);
    desk.run(&[&load[..], &["--restart"]].concat()).await.is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 20);
    // More rows on a pipe could belong to orders that were sent.
    let load = ["load", "events", "-", "--format", "csv", "--mapping", "mapping.yaml"];
    let with_journal = [&load[..], &["--state", "piped"]].concat();
    desk.run_with_stdin(&with_journal, mended.as_bytes())
        .await
        .is(2)
        .says("write it to a file first");
    desk.run_with_stdin(&load, mended.as_bytes()).await.is(0);
    assert_eq!(desk.emulator.ledger().events_stored(), 40);
}
