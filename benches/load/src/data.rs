//! Files of sales with seven properties, about 340 bytes an event, half of them with Korean text and escapes; and an export.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::LazyLock,
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

const CSV_BLOCKS: u64 = 68;
const CSV_BLOCK_ROWS: u64 = 10_000;

/// An export of about 600 MB, which begins with the first and goes on with the second so many times. Its rows have 60
/// columns, most with Korean text, and one in four has a cell with a comma, doubled quotes and a line break.
pub fn csv() -> &'static (Vec<u8>, Vec<u8>, u64) {
    static CSV: LazyLock<(Vec<u8>, Vec<u8>, u64)> = LazyLock::new(|| {
        let names: Vec<_> = (0..58).map(|number| format!("property_{number}")).collect();
        let header = format!("df_unified_id,memo,{}\n", names.join(","));
        let mut block = Vec::new();
        for number in 0..CSV_BLOCK_ROWS {
            csv_row(&mut block, number).expect("memory");
        }
        (header.into_bytes(), block, CSV_BLOCKS)
    });
    &CSV
}

pub fn csv_bytes() -> u64 {
    let (header, block, times) = csv();
    header.len() as u64 + block.len() as u64 * times
}

pub fn csv_rows() -> u64 {
    CSV_BLOCKS * CSV_BLOCK_ROWS
}

fn csv_row(out: &mut Vec<u8>, number: u64) -> io::Result<()> {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let memo = match number % 4 {
        0 => "\"선물 포장, \"\"여름 한정\"\"\n둘째 줄\"",
        1 => "강남역 지하상가점",
        _ => "",
    };
    write!(out, "{mixed:016x},{memo}")?;
    for column in 0..58 {
        match column % 6 {
            0 => write!(out, ",{}", mixed >> (column % 32))?,
            1 => write!(out, ",서울특별시 강남구")?,
            2 => write!(out, ",2026-11-{:02}T09:30:00.000Z", 1 + number % 20)?,
            3 => write!(out, ",{}", number % 3 == 0)?,
            4 => write!(out, ",store_sale_{}", mixed % 1000)?,
            _ => write!(out, ",")?,
        }
    }
    writeln!(out)
}
