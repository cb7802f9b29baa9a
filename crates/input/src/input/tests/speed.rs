//! How fast an input is read; run with `cargo test --release --features load --lib speed -- --ignored --nocapture`.

use std::fmt::Write as _;

use super::*;

const TOTAL: usize = 512 * 1024 * 1024;

/// Gives the same lines over and over.
struct Repeated {
    piece: Vec<u8>,
    given: usize,
    left: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.piece.len() {
            self.given = 0;
        }
        let count = self.piece[self.given..].len().min(buffer.len()).min(self.left);
        buffer[..count].copy_from_slice(&self.piece[self.given..self.given + count]);
        self.given += count;
        self.left -= count;
        Ok(count)
    }
}

/// The time this thread has had a processor, so that others on the machine do not count. Linux only.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn measure(name: &str, header: &str, line: &str, options: &InputOptions) {
    let encoding = options.encoding.unwrap_or(Encoding::Utf8);
    let piece = encode(&line.repeat((1 << 20) / line.len()), encoding);
    let left = TOTAL / piece.len() * piece.len();
    let lines = Repeated { piece, given: 0, left };
    let reader = Box::new(Cursor::new(encode(header, encoding)).chain(lines));
    let start = cpu_seconds();
    let mut input = Input::from_reader(name, reader, options, None, Accepts::Mixed).unwrap();
    let mut count = 0;
    // The array has no end, so that it is cut in the end.
    while let Ok(Some(line)) = input.next() {
        assert!(line.json.is_ok());
        count += 1;
    }
    let seconds = cpu_seconds() - start;
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = left as f64 / 1e6 / seconds;
    println!("{name}: {count} records, {rate:.0} MB per second of CPU");
}

#[test]
#[ignore = "a measurement"]
fn speed_of_reading() {
    let ascii = format!(
        "{{\"identity\":{{\"external_id\":\"u1\"}},\"event\":{{\"a\":\"{}\"}}}}\n",
        "x".repeat(320)
    );
    let korean = format!(
        "{{\"identity\":{{\"external_id\":\"u1\"}},\"event\":{{\"a\":\"{}\"}}}}\n",
        "가x나y".repeat(40)
    );
    let row = "10000017,010-1234-5678,2024-06-24 15:42:25,\"1,234,000\",20240624-000017,강남점,\"P-7, 사과\",2\n";
    let header = "회원번호,휴대폰,결제일시,합계,주문번호,매장,상품코드,수량\n";
    let mapping = r#"
timezone: Asia/Seoul
event: df_purchase
identity: {external_id: 회원번호, phone_no: {column: 휴대폰, type: phone}}
event_datetime: {column: 결제일시, format: "%Y-%m-%d %H:%M:%S"}
event_properties:
  df_total_purchase_amount: {column: 합계, type: double, thousands: ","}
  df_order_id: 주문번호
  store: 매장
event_items:
  - {df_item_id: 상품코드, df_quantity: 수량}
"#;
    for encoding in [Encoding::Utf8, Encoding::Cp949, Encoding::Utf16Le] {
        let lines = options(Format::Ndjson, Some(encoding), None);
        measure(&format!("NDJSON, ASCII, {encoding}"), "", &ascii, &lines);
        measure(&format!("NDJSON, Korean, {encoding}"), "", &korean, &lines);
        measure(
            &format!("CSV, {encoding}"),
            header,
            row,
            &options(Format::Csv, Some(encoding), Some(mapping)),
        );
    }
    measure(
        "NDJSON, ASCII, undecided",
        "",
        &ascii,
        &options(Format::Ndjson, None, None),
    );
    measure(
        "array, Korean",
        "[",
        &korean.replace('\n', ",\n"),
        &options(Format::JsonArray, None, None),
    );
}

/// A till's file with two rows for each receipt, as one event per row and as one per receipt.
#[test]
#[ignore = "a measurement"]
fn speed_of_groups() {
    let header = "영수증번호,회원번호,결제일시,금액,매장,상품코드,수량\n";
    let mut csv = header.to_owned();
    for row in 0..2_000_000 {
        let receipt = row / 2;
        writeln!(
            csv,
            "{receipt:010},{:08},2024-06-24 15:42:25,\"12,{:03}\",강남점,\"P-{row}, 사과\",2",
            receipt % 9973,
            row % 1000
        )
        .unwrap();
    }
    for (name, group_by, total) in [("by row", "", "column"), ("by receipt", "group_by: 영수증번호", "sum")] {
        let mapping = format!(
            r#"
{group_by}
timezone: Asia/Seoul
event: df_purchase
identity: {{external_id: 회원번호}}
event_datetime: {{column: 결제일시, format: "%Y-%m-%d %H:%M:%S"}}
event_properties:
  df_total_purchase_amount: {{{total}: 금액, type: double, thousands: ","}}
  df_order_id: 영수증번호
  store: 매장
event_items:
  - {{df_item_id: 상품코드, df_quantity: 수량}}
"#
        );
        let options = options(Format::Csv, Some(Encoding::Utf8), Some(&mapping));
        let start = cpu_seconds();
        let reader = Box::new(Cursor::new(csv.clone().into_bytes()));
        let mut input = Input::from_reader(name, reader, &options, None, Accepts::Mixed).unwrap();
        let mut count = 0;
        while let Some(line) = input.next().unwrap() {
            assert!(line.json.is_ok());
            count += 1;
        }
        let seconds = cpu_seconds() - start;
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = csv.len() as f64 / 1e6 / seconds;
        println!("{name}: {count} records, {rate:.0} MB per second of CPU");
    }
}
