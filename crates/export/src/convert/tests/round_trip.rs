//! Any rows come back equal.

use proptest::prelude::*;

use super::*;

fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = prop_oneof![
        Just(String::new()),
        "[a-z,\"\r\n 가-힣\u{feff}\\\\\t]{0,8}",
        any::<String>(),
    ];
    (1_usize..5).prop_flat_map(move |width| {
        let row = prop::collection::vec(cell.clone(), width);
        prop::collection::vec(row, 0..20)
    })
}

proptest! {
    #[test]
    fn rows_come_back(
        rows in rows(),
        terminator in prop_oneof![Just(::csv::Terminator::CRLF), Just(::csv::Terminator::Any(b'\n'))],
        mark in any::<bool>(),
    ) {
        let width = rows.first().map_or(1, Vec::len);
        let names: Vec<_> = (0..width).map(|at| format!("c{at}")).collect();
        let columns: Vec<_> = names.iter().map(|name| (name.as_str(), ColumnType::String)).collect();
        let columns = columns.as_slice();
        let columns = super::columns(columns);
        let mut part = if mark { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        let mut writer = ::csv::WriterBuilder::new().terminator(terminator).from_writer(&mut part);
        writer.write_record(&names).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        drop(writer);
        let parts = Parts::new(&[part]);

        let (file, converted) = written(&parts.conversion(&columns, Format::Csv));
        let found: Vec<_> = records(&file).into_iter().skip(1).map(|mut record| record.split_off(1)).collect();
        prop_assert_eq!(&found, &rows);
        prop_assert_eq!(converted.rows, rows.len() as u64);

        let objects = objects(&parts.conversion(&columns, Format::Ndjson));
        let found: Vec<Vec<_>> = objects
            .iter()
            .map(|object| names.iter().map(|name| object[name].as_str().unwrap_or_default().to_owned()).collect())
            .collect();
        prop_assert_eq!(&found, &rows);
        prop_assert!(objects.iter().all(|object| object[UNPARSED].is_null()));
    }
}
