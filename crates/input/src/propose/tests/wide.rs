//! A Parquet file whose columns are not all read at once.

use std::{fs::File, sync::Arc};

use ::parquet::arrow::ArrowWriter;
use arrow_array::{ArrayRef, RecordBatch, StringArray};

use super::*;

/// Orders of one to three rows, in the cells of this column.
fn cell(column: usize, row: usize) -> String {
    let order = row / 3 + usize::from(row % 3 == 2);
    match column {
        2 => format!("R-{}", order % 200),
        60 => format!("S-{}", order / 200),
        70 => format!("M-{:04}", order % 77),
        110 => format!("2025-11-20 10:{:02}:{:02}", order / 60 % 60, order % 60),
        90 => format!("P-{row}"),
        100 => (row % 4 + 1).to_string(),
        column if column % 7 == 0 => String::new(),
        column => format!("{}", (column * row) % 1_000),
    }
}

fn name(column: usize) -> String {
    match column {
        2 => "주문번호".to_owned(),
        60 => "점포코드".to_owned(),
        70 => "회원번호".to_owned(),
        90 => "상품코드".to_owned(),
        100 => "수량".to_owned(),
        110 => "결제일시".to_owned(),
        column => format!("c{column}"),
    }
}

#[test]
fn columns_in_parts_give_the_draft_of_the_same_table_as_text() {
    const COLUMNS: usize = 130;
    const ROWS: usize = 900;
    let folder = tempfile::tempdir().unwrap();
    let known = ProposalOptions {
        event: Some("df_purchase".to_owned()),
        timezone: Some("Asia/Seoul".to_owned()),
    };
    let draft = |name: &str| {
        let path = folder.path().join(name);
        let proposal = propose(&path, &InputOptions::default(), &known, Accepts::Mixed).unwrap();
        (proposal.rows, proposal.yaml.replace(name, ""))
    };
    let mut text = (0..COLUMNS).map(name).collect::<Vec<_>>().join(",");
    for row in 0..ROWS {
        let cells: Vec<_> = (0..COLUMNS).map(|column| cell(column, row)).collect();
        text.push('\n');
        text += &cells.join(",");
    }
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let columns = (0..COLUMNS).map(|column| {
        let cells = (0..ROWS).map(|row| Some(cell(column, row)).filter(|cell| !cell.is_empty()));
        (name(column), Arc::new(cells.collect::<StringArray>()) as ArrayRef, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let file = File::create(folder.path().join("a.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    // Lines are counted with the header, and rows without it.
    let without_lines = |(rows, yaml): (u64, String)| {
        let places = ["in line", "in lines"];
        let lines = yaml
            .lines()
            .filter(|line| !places.iter().any(|place| line.contains(place)));
        (rows, lines.map(str::to_owned).collect::<Vec<_>>())
    };
    let (of_text, of_parts) = (draft("a.csv"), draft("a.parquet"));
    assert!(of_text.1.contains("group_by: [점포코드, 주문번호]"), "{}", of_text.1);
    assert_eq!(without_lines(of_parts), without_lines(of_text));
}
