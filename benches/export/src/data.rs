//! An export of events of about 600 MB.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

const BLOCKS: u64 = 68;
const BLOCK_ROWS: u64 = 10_000;

const PROPERTIES: usize = 57;
/// The types of properties repeat in this order.
const TYPES: [&str; 6] = ["long", "string", "datetime", "boolean", "string", "string"];

/// It begins with the first and goes on with the second so many times. Its rows have 60 columns, most with Korean text, and
/// one in four has a cell with a comma, doubled quotes and a line break.
pub fn csv() -> &'static (Vec<u8>, Vec<u8>, u64) {
    static CSV: LazyLock<(Vec<u8>, Vec<u8>, u64)> = LazyLock::new(|| {
        let names: Vec<_> = columns().map(|(name, _)| name).collect();
        let header = format!("{}\n", names.join(","));
        let mut block = Vec::new();
        for number in 0..BLOCK_ROWS {
            row(&mut block, number).expect("memory");
        }
        (header.into_bytes(), block, BLOCKS)
    });
    &CSV
}

pub fn bytes() -> u64 {
    let (header, block, times) = csv();
    header.len() as u64 + block.len() as u64 * times
}

pub fn rows() -> u64 {
    BLOCKS * BLOCK_ROWS
}

/// The names of the columns, and their types in a taxonomy.
pub fn columns() -> impl Iterator<Item = (String, &'static str)> {
    let system = ["df_unified_id", "event_name"].map(|name| (name.to_owned(), "string"));
    system.into_iter().chain(properties())
}

/// What a service would have registered for them.
pub fn taxonomy() -> String {
    let properties = properties().map(|(name, of_type)| format!("  - {{name: {name}, type: {of_type}}}\n"));
    format!("event_properties:\n{}", properties.collect::<String>())
}

fn properties() -> impl Iterator<Item = (String, &'static str)> {
    let numbered = TYPES.into_iter().cycle().take(PROPERTIES).enumerate();
    let numbered = numbered.map(|(number, of_type)| (format!("property_{number}"), of_type));
    [("memo".to_owned(), "string")].into_iter().chain(numbered)
}

fn row(out: &mut impl Write, number: u64) -> io::Result<()> {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let memo = match number % 4 {
        0 => "\"선물 포장, \"\"여름 한정\"\"\n둘째 줄\"",
        1 => "강남역 지하상가점",
        _ => "",
    };
    write!(out, "{mixed:016x},store_sale_{},{memo}", mixed % 100)?;
    for property in 0..PROPERTIES {
        match property % TYPES.len() {
            0 => write!(out, ",{}", mixed >> (1 + property % 32))?,
            1 => write!(out, ",서울특별시 강남구")?,
            2 => write!(out, ",2026-11-{:02}T09:30:00.000Z", 1 + number % 20)?,
            3 => write!(out, ",{}", number.is_multiple_of(3))?,
            4 => write!(out, ",store_sale_{}", mixed % 1000)?,
            _ => write!(out, ",")?,
        }
    }
    writeln!(out)
}
