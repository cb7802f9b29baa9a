//! Rows that are sorted by their groups first.

use std::{cell::Cell, collections::BTreeMap};

use super::*;

const TOGETHER: &str = "
group_by: a
skip_if: {column: b, equals: x}
identity: {external_id: a}
event: e
event_datetime: {constant: \"2024-01-01T00:00:00Z\"}
event_properties: {n: {sum: b, type: long}}
event_items: [{b: b}]
";

fn sorted() -> InputOptions {
    options(Format::Csv, None, Some(&format!("sort_by_group: true{TOGETHER}")))
}

fn together() -> InputOptions {
    options(Format::Csv, None, Some(TOGETHER))
}

fn table(rows: &[(String, String)]) -> String {
    let rows = rows.iter().map(|(a, b)| format!("{a},{b}\n"));
    format!("a,b\n{}", rows.collect::<String>())
}

#[test]
fn the_rows_of_a_group_are_found_wherever_they_are() {
    let said = read("a,b\n2,5\n1,10\n2,x\n2,\"7\"\n1,many\n3,1\n".as_bytes(), &sorted()).unwrap();
    let json = |user: &str, sum: &str, items: &[&str]| {
        let items: Vec<_> = items.iter().map(|item| format!(r#"{{"b":"{item}"}}"#)).collect();
        format!(
            r#"{{"identity":{{"external_id":"{user}"}},"event":{{"event_name":"e","event_datetime":"2024-01-01T00:00:00Z","event_properties":{{"n":{sum}}},"event_items":[{}]}}}}"#,
            items.join(",")
        )
    };
    let bad = "b: must be a whole number of 64 bits (on line 6, row 2 of 2)".to_owned();
    let expected = [
        (2, 4, "2,5\n2,\"7\"", Ok(json("2", "12", &["5", "7"]))),
        (3, 8, "1,10\n1,many", Err(bad)),
        (7, 30, "3,1", Ok(json("3", "1", &["1"]))),
    ];
    let said: Vec<_> = said
        .into_iter()
        .map(|said| {
            (
                said.number,
                said.offset,
                String::from_utf8(said.original).unwrap(),
                said.json,
            )
        })
        .collect();
    for ((number, offset, original, json), said) in expected.into_iter().zip(&said) {
        assert_eq!(*said, (number, offset, original.to_owned(), json));
    }
    assert_eq!(said.len(), 3);
}

#[test]
fn a_row_whose_group_is_not_known_ends_the_reading_before_the_first_record() {
    let rows = "a,b\n1,1\n,2\n2,3\n\"1\"x,4\n1,5,6\n";
    let error = read(rows.as_bytes(), &sorted()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "test, line 3: a is empty, so it is not known to which record the row belongs: fill it in, or pass over such rows by \
         skip_if; 3 rows have no group that is known, first on line 3, 5, 6: with sort_by_group they may belong to any, so mend \
         them, or pass over them by skip_if"
    );
    let error = read("a,b\n1,1\n1\n".as_bytes(), &sorted()).unwrap_err();
    assert!(error.to_string().contains("the row has 1 column"), "{error}");
    assert_eq!(error.line(), Some(3));
}

#[test]
fn sorting_ends_when_it_is_told_to() {
    let rows: Vec<_> = (0..5_000).map(|row| ((row % 7).to_string(), row.to_string())).collect();
    let reader = Box::new(Cursor::new(table(&rows).into_bytes()));
    let mut input = Input::from_reader("test", reader, &sorted(), None, Accepts::Mixed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let asked = Cell::new(0);
    let goes_on = || {
        asked.set(asked.get() + 1);
        asked.get() < 3
    };
    assert!(!input.sort_rows(folder.path(), goes_on).unwrap());
    assert_eq!(asked.get(), 3);
}

#[test]
fn a_disk_that_fails_is_told() {
    // More than is held in memory.
    let rows: Vec<_> = (0..200_000)
        .map(|row| (format!("{row:060}"), row.to_string()))
        .collect();
    let reader = Box::new(Cursor::new(table(&rows).into_bytes()));
    let mut input = Input::from_reader("test", reader, &sorted(), None, Accepts::Mixed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let error = input.sort_rows(&gone, || true).unwrap_err();
    assert!(error.is_unsortable() && error.to_string().contains("gone"), "{error}");
}

#[test]
fn the_rows_of_a_table_of_any_encoding_are_sorted() {
    for encoding in ENCODINGS {
        let options = InputOptions {
            encoding: Some(encoding),
            ..sorted()
        };
        let said = read(&encode("a,b\r\n가,1\r\n나,2\r\n가,3\r\n", encoding), &options).unwrap();
        let originals: Vec<_> = said.iter().map(|said| (said.number, said.original.clone())).collect();
        assert_eq!(
            originals,
            [(2, encode("가,1\r\n가,3", encoding)), (3, encode("나,2", encoding))],
            "{encoding}"
        );
        assert!(said.iter().all(|said| said.json.is_ok()));
    }
}

/// What a group becomes: its sum and its items, or a problem without the line.
type Fate = Result<(i64, Vec<String>), String>;

fn fates(said: &[Said]) -> BTreeMap<String, Vec<Fate>> {
    let mut fates: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for said in said {
        let key = String::from_utf8_lossy(&said.original)
            .split(',')
            .next()
            .unwrap()
            .to_owned();
        let fate = said
            .json
            .as_ref()
            .map_err(|problem| problem.split(" (on line").next().unwrap().to_owned());
        fates.entry(key).or_default().push(
            fate.map(|json| {
                let event = &serde_json::from_str::<serde_json::Value>(json).unwrap()["event"];
                let items = event["event_items"].as_array().unwrap().iter();
                let items = items.map(|item| item["b"].as_str().unwrap().to_owned());
                (event["event_properties"]["n"].as_i64().unwrap(), items.collect())
            })
            .map_err(|problem| problem.clone()),
        );
    }
    fates
}

proptest! {
    /// The orders of a table whose rows stand together, and of the same rows in any order.
    #[test]
    fn any_order_of_the_rows_makes_the_same_groups(
        (rows, shuffled) in proptest::collection::vec((1..6_u8, "[1-9]|[1-9]|[1-9]|bad|x"), 0..30).prop_flat_map(|rows| {
            let rows: Vec<_> = rows.into_iter().map(|(a, b)| (a.to_string(), b)).collect();
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
        piece in 1..9_usize,
    ) {
        let mut rows = rows;
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let whole = read(table(&rows).as_bytes(), &together()).unwrap();
        // Where the rows stand together, nothing at all is different.
        prop_assert_eq!(&read(table(&rows).as_bytes(), &sorted()).unwrap(), &whole);
        let bounds = Bounds { chunk: 16, record: 4096 };
        let found = read_in_pieces(table(&shuffled).as_bytes(), &sorted(), piece, bounds).unwrap();
        let lines: Vec<_> = found.iter().map(|said| said.number).collect();
        prop_assert!(lines.is_sorted(), "{lines:?}");

        // The items are in the order of the table.
        let mut expected = fates(&whole);
        for (key, fates) in &mut expected {
            for (_, items) in fates.iter_mut().flatten() {
                let of_key = shuffled.iter().filter(|(a, b)| a == key && b != "x");
                *items = of_key.map(|(_, b)| b.clone()).collect();
            }
        }
        prop_assert_eq!(fates(&found), expected);
    }
}
