//! Any table and mapping against a plain model of what they mean.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::*;

/// A row: its key, what it is, a number in cents, and two texts. Each of these may be a word for something missing.
#[derive(Clone, Debug)]
struct Row {
    key: u8,
    what: String,
    cents: String,
    a: String,
    b: String,
}

/// What a mapping says.
#[derive(Clone, Debug)]
struct Rules {
    is_grouped: bool,
    is_in_two: bool,
    skip: Vec<String>,
    listed: BTreeMap<String, i64>,
    default: Option<i64>,
    missing: Vec<&'static str>,
    take: &'static str,
}

impl Rules {
    fn yaml(&self) -> String {
        let listed: Vec<_> = self
            .listed
            .iter()
            .map(|(text, value)| format!("\"{text}\": {value}"))
            .collect();
        let default = self
            .default
            .map_or(String::new(), |value| format!(", default: {value}"));
        let (key, take, sum) = if self.is_grouped {
            ("group_by: key\n", self.take, "sum")
        } else {
            ("", "column", "column")
        };
        let record = |indent: &str, filter: &str| {
            format!(
                "{indent}{filter}\n{indent}identity: {{external_id: key}}\n{indent}event: e\n{indent}event_datetime: {{constant: \
                 \"2024-01-01T00:00:00Z\"}}\n{indent}event_properties: {{sum: {{{sum}: cents, type: double}}, listed: {{{take}: a, \
                 values: {{{}}}{default}}}, ab: {{join: [key, key]}}}}\n{indent}event_items: [{{a: a, b: b}}]\n",
                listed.join(", ")
            )
        };
        let skip: Vec<_> = self.skip.iter().map(|text| format!("\"{text}\"")).collect();
        let skip = if skip.is_empty() {
            String::new()
        } else {
            format!("skip_if: {{column: what, in: [{}]}}\n", skip.join(", "))
        };
        let missing: Vec<_> = self.missing.iter().map(|text| format!("\"{text}\"")).collect();
        let missing = if missing.is_empty() {
            String::new()
        } else {
            format!("missing: [{}]\n", missing.join(", "))
        };
        let key = format!("{missing}{key}");
        if self.is_in_two {
            let first = record("    ", "only_if: {column: what, equals: x}").replacen("    ", "  - ", 1);
            let second = record("    ", "skip_if: {column: what, equals: x}").replacen("    ", "  - ", 1);
            format!("{key}{skip}records:\n{first}{second}")
        } else {
            format!("{key}{skip}{}", record("", ""))
        }
    }

    /// The value of a cell of `a`; `Err` if it is bad.
    fn value(&self, a: &str) -> Result<Option<i64>, ()> {
        match (a, self.listed.get(a)) {
            ("", _) => Ok(self.default),
            (_, Some(value)) => Ok(Some(*value)),
            _ => self.default.map(Some).ok_or(()),
        }
    }

    /// A row with the cells empty that are missing.
    fn read(&self, row: &Row) -> Row {
        let read = |cell: &String| {
            if self.missing.contains(&cell.trim()) {
                String::new()
            } else {
                cell.clone()
            }
        };
        Row {
            key: row.key,
            what: read(&row.what),
            cents: read(&row.cents),
            a: read(&row.a),
            b: read(&row.b),
        }
    }

    /// One record of some rows, or nothing if it is bad.
    fn record(&self, rows: &[&Row]) -> Option<Value> {
        let values: Vec<_> = rows
            .iter()
            .map(|row| self.value(&row.a))
            .collect::<Result<_, _>>()
            .ok()?;
        let filled = || {
            rows.iter()
                .zip(&values)
                .filter(|(row, _)| !row.a.is_empty())
                .map(|(_, value)| *value)
        };
        let listed = match (self.is_grouped, self.take) {
            (true, "first") => filled().next().unwrap_or(self.default),
            (true, "last") => filled().next_back().unwrap_or(self.default),
            _ if values.iter().any(|value| *value != values[0]) => return None,
            _ => values[0],
        };
        let cents = rows.iter().filter(|row| !row.cents.trim().is_empty());
        let cents: Vec<i64> = cents.map(|row| in_cents(&row.cents)).collect::<Option<_>>()?;
        let key = rows[0].key.to_string();
        let mut properties = Map::new();
        if !cents.is_empty() {
            let sum = cents.iter().sum();
            properties.insert("sum".to_owned(), serde_json::from_str(&written(sum)).unwrap());
        }
        if let Some(listed) = listed {
            properties.insert("listed".to_owned(), json!(listed));
        }
        properties.insert("ab".to_owned(), json!(format!("{key} {key}")));
        let item = |row: &&Row| {
            let members = [("a", &row.a), ("b", &row.b)]
                .into_iter()
                .filter(|(_, cell)| !cell.is_empty());
            let item: Map<_, _> = members.map(|(name, cell)| (name.to_owned(), json!(cell))).collect();
            (!item.is_empty()).then_some(Value::Object(item))
        };
        let items: Vec<_> = rows.iter().filter_map(item).collect();
        Some(
            json!({"identity": {"external_id": key}, "event": {"event_name": "e", "event_datetime": "2024-01-01T00:00:00Z",
            "event_properties": properties, "event_items": items}}),
        )
    }

    /// The records of a table, in order.
    fn records(&self, table: &[Row]) -> Vec<Option<Value>> {
        let table: Vec<_> = table.iter().map(|row| self.read(row)).collect();
        let rows: Vec<_> = table.iter().filter(|row| !self.skip.contains(&row.what)).collect();
        let together = |a: &&Row, b: &&Row| self.is_grouped && a.key == b.key;
        let mut seen = HashSet::new();
        let mut records = Vec::new();
        for group in rows.chunk_by(|a, b| together(a, b)) {
            if self.is_grouped && !seen.insert(group[0].key) {
                records.push(None);
            } else if self.is_in_two {
                let (x, others): (Vec<_>, Vec<_>) = group.iter().copied().partition(|row| row.what == "x");
                records.extend(
                    [x, others]
                        .iter()
                        .filter(|rows| !rows.is_empty())
                        .map(|rows| self.record(rows)),
                );
            } else {
                records.push(self.record(group));
            }
        }
        records
    }
}

fn written(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// The number that [`written`] wrote.
fn in_cents(text: &str) -> Option<i64> {
    text.replace('.', "").parse().ok()
}

fn row() -> impl Strategy<Value = Row> {
    let cents = prop_oneof![
        6 => (-300_i64..300).prop_map(written),
        1 => Just(String::new()),
        1 => " ?-".prop_map(String::from),
    ];
    (0..4_u8, "[xyz-]", cents, "([abc]| ?-)?", "([ab]|-|[?])?").prop_map(|(key, what, cents, a, b)| Row {
        key,
        what,
        cents,
        a,
        b,
    })
}

fn rules() -> impl Strategy<Value = Rules> {
    let listed = prop::collection::btree_map("[abc]", 0..3_i64, 1..4);
    let takes = prop::sample::select(vec!["column", "first", "last"]);
    let skip = prop::collection::vec("[xyz]", 0..2);
    let missing = prop::sample::subsequence(vec!["-", "?", "none"], 0..=3);
    (
        any::<bool>(),
        any::<bool>(),
        skip,
        listed,
        prop::option::of(0..3_i64),
        missing,
        takes,
    )
        .prop_map(|(is_grouped, is_in_two, skip, listed, default, missing, take)| Rules {
            is_grouped,
            is_in_two,
            skip,
            listed,
            default,
            missing,
            take,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_table_becomes_the_records_of_the_model(rules in rules(), mut table in prop::collection::vec(row(), 0..12), is_sorted: bool) {
        if is_sorted {
            table.sort_by_key(|row| row.key);
        }
        let mut csv = "key,what,cents,a,b\n".to_owned();
        for Row { key, what, cents, a, b } in &table {
            csv.extend([&key.to_string(), ",", what, ",", cents, ",", a, ",", b, "\n"]);
        }
        let yaml = rules.yaml();
        let said = read(csv.as_bytes(), &options(Format::Csv, None, Some(&yaml))).unwrap();
        let plain = |json: &str| {
            let mut value: Value = serde_json::from_str(json).unwrap();
            value["event"]["event_datetime"] = json!("2024-01-01T00:00:00Z");
            numbers_as_floats(&mut value);
            value
        };
        let found: Vec<_> = said.iter().map(|said| said.json.as_deref().ok().map(plain)).collect();
        let mut expected = rules.records(&table);
        expected.iter_mut().flatten().for_each(numbers_as_floats);
        prop_assert_eq!(found, expected, "{}\n{}", yaml, csv);
    }
}

/// A sum of 3 may be written as 3 or as 3.00.
fn numbers_as_floats(value: &mut Value) {
    let sum = &mut value["event"]["event_properties"]["sum"];
    if let Some(number) = sum.as_f64() {
        *sum = json!(number);
    } else if let Some(properties) = value["event"]["event_properties"].as_object_mut() {
        properties.remove("sum");
    }
}
