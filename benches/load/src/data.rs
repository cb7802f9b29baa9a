//! Files of sales with seven properties, about 340 bytes an event, half of them with Korean text and escapes.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

/// The events of a user stand together.
pub fn write(path: &Path, users: u64, events: u64) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for number in 0..users * events {
        line(&mut out, number, number / events);
    }
    out.flush().expect("room on the disk");
}

/// The events of a user are as far apart as can be.
pub fn write_scattered(path: &Path, users: u64, events: u64) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for number in 0..users * events {
        line(&mut out, number, number % users);
    }
    out.flush().expect("room on the disk");
}

/// One identity of each user.
pub fn write_identities(path: &Path, users: u64) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for user in 0..users {
        writeln!(
            out,
            r#"{{"identity":{{"external_id":"user-{user:08}","email":"user-{user}@example.com"}}}}"#
        )
        .expect("room on the disk");
    }
    out.flush().expect("room on the disk");
}

/// A till's table of sales, whose rows stand together by receipt. Its users come again and again.
pub fn write_receipts(path: &Path, receipts: u64, rows: u64) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    writeln!(out, "영수증,일시,점포,회원,상품코드,상품명,단가,수량,금액,결제").expect("room on the disk");
    let mut row = 0;
    for receipt in 0..receipts {
        let end = rows * (receipt + 1) / receipts;
        let user = receipt.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 20_000;
        while row < end {
            let (product, price, count) = (row % 500, 1_000 + row % 90 * 100, 1 + row % 4);
            writeln!(
                out,
                "R{receipt:08},2026-11-20 {:02}:{:02}:{:02},S{:03},M{user:07},P-{product:04},상품 {product},{price},{count},{},신용카드",
                receipt % 24,
                receipt % 60,
                receipt / 60 % 60,
                receipt % 40,
                price * count,
            )
            .expect("room on the disk");
            row += 1;
        }
    }
    out.flush().expect("room on the disk");
}

/// How its rows become events, each by itself or those of a receipt together.
pub fn receipt_mapping(is_grouped: bool) -> String {
    let (group_by, total) = if is_grouped {
        ("group_by: 영수증\n", "{sum: 금액, type: long}")
    } else {
        ("", "{column: 금액, type: long}")
    };
    format!(
        "{group_by}timezone: Asia/Seoul
identity: {{external_id: 회원}}
event: store_sale
event_datetime: {{column: 일시, format: \"%Y-%m-%d %H:%M:%S\"}}
event_properties: {{receipt_no: 영수증, store: 점포, amount: {total}, paid_by: {{constant: card}}}}
event_items: [{{df_item_id: 상품코드, df_item_name: 상품명, df_price: 단가, df_quantity: 수량, df_discount: {{constant: 0}}}}]
"
    )
}

fn line(out: &mut impl Write, number: u64, user: u64) {
    let (store, memo) = if number % 2 == 0 {
        ("강남역 지하상가점", "선물 포장 \\\"여름 한정\\\"")
    } else {
        ("Gangnam station, level B1", "none")
    };
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    writeln!(
        out,
        concat!(
            r#"{{"identity":{{"external_id":"user-{:08}"}},"event":{{"event_log_id":"{:08x}-0000-4000-8000-{:012x}","#,
            r#""event_name":"store_sale","event_datetime":"2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z","event_properties":{{"#,
            r#""receipt_no":"R-{:010}","store":"{}","memo":"{}","amount":{}.5,"quantity":{},"member":{},"paid_by":"card"}}}}}}"#,
        ),
        user,
        mixed >> 32,
        number,
        1 + number % 20,
        number % 24,
        number % 60,
        mixed % 60,
        mixed % 1000,
        number,
        store,
        memo,
        12_000 + mixed % 90_000,
        1 + mixed % 5,
        number % 3 == 0,
    )
    .expect("room on the disk");
}

/// What a service would have registered for them.
pub const TAXONOMY: &str = "
events:
  - name: store_sale
    properties: [{name: receipt_no, required: true}, {name: store, required: true}, {name: amount, required: true}]
event_properties:
  - {name: receipt_no, type: string}
  - {name: store, type: string}
  - {name: memo, type: string}
  - {name: amount, type: double}
  - {name: quantity, type: long}
  - {name: member, type: boolean}
  - {name: paid_by, type: string, values: [card, cash, points]}
";
