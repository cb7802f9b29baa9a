//! Compares the check with the plain one, on generated records.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::{
    Accepts, Checked, Checker, Taxonomy,
    plain::{Property, Tables, read_event, read_properties, sent, wrong_paths},
    tests::edited,
};
use crate::RecordKind;
use dfinery::tables::PropertyType;

const CUSTOM: &str = "
events:
  - name: visit
    properties: [{name: at, required: true}]
event_properties: [{name: at, type: datetime}, {name: day, type: date}, {name: texts, type: string-array}, {name: longs, type: long-array}]
item_properties: [{name: doubles, type: double-array}, {name: made, type: datetime}, {name: long, type: long}]
user_properties: [{name: flag, type: boolean, nullable: false}, {name: since, type: datetime}, {name: 등급, type: string, values: [골드, '\"실버\"']}]
";

fn tables() -> Tables {
    let mut tables = Tables::standard();
    tables.events.insert("visit".into(), vec!["at".into()]);
    let property = |of_type| Property {
        of_type,
        values: Vec::new(),
        required: false,
        nullable: true,
    };
    let mut grade = property(PropertyType::String);
    grade.values = vec!["골드".into(), "\"실버\"".into()];
    let mut flag = property(PropertyType::Boolean);
    flag.nullable = false;
    tables.event.extend([
        ("at".into(), property(PropertyType::Datetime)),
        ("day".into(), property(PropertyType::Date)),
        ("texts".into(), property(PropertyType::StringArray)),
        ("longs".into(), property(PropertyType::LongArray)),
    ]);
    tables.item.extend([
        ("doubles".into(), property(PropertyType::DoubleArray)),
        ("made".into(), property(PropertyType::Datetime)),
        ("long".into(), property(PropertyType::Long)),
    ]);
    tables.user.extend([
        ("flag".into(), flag),
        ("since".into(), property(PropertyType::Datetime)),
        ("등급".into(), grade),
    ]);
    tables
}

/// JSON to write.
#[derive(Clone)]
enum Node {
    /// Null, a Boolean or a number, as it is written.
    Raw(&'static str),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// The decisions of a generator; once they run out, it takes the first possibility, which is the plainest.
struct Choices<'c>(std::slice::Iter<'c, u16>);

impl Choices<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % end
    }

    /// True in one of this many cases.
    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == many - 1
    }

    fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn text(&mut self, from: &[&str]) -> Node {
        Node::Text(self.of(from).to_owned())
    }
}

const TEXTS: &[&str] = &[
    "a",
    "",
    "서울 \"강남\"\n",
    "é\u{1f600}",
    "2024-06-24T15:42:25+09:00",
    "Female",
    "골드",
    "\u{0}",
];
const TIMES: &[&str] = &[
    "2024-06-24T06:42:25.394Z",
    "2024-06-24T15:42:25+09:00",
    "2024-06-24 06:42:25.3945Z",
    "1969-12-31T23:59:59.9999Z",
    "2016-12-31T23:59:60Z",
    "2024-02-30T00:00:00.000Z",
    "2024-06-24T06:42:25",
    "9999-12-31T23:59:59.999Z",
    "-000001-01-01T00:00:00Z",
];
const NUMBERS: &[&str] = &[
    "1",
    "0",
    "-0",
    "1.0",
    "1e3",
    "-2.5E-3",
    "9223372036854775807",
    "9223372036854775808",
    "123456789012345678901234567890",
    "1e999",
];
const KEYS: &[&str] = &[
    "identity",
    "event",
    "user_properties",
    "request_datetime",
    "external_id",
    "email",
    "phone_no",
    "event_name",
    "event_datetime",
    "event_log_id",
    "event_items",
    "event_properties",
    "df_items",
    "df_keyword",
    "df_item_id",
    "df_push_optin",
    "at",
    "since",
    "",
    "x",
    "이름",
];

fn scalar(choices: &mut Choices<'_>) -> Node {
    match choices.below(4) {
        0 => choices.text(TEXTS),
        1 => Node::Raw(choices.of(NUMBERS)),
        2 => Node::Raw(choices.of(&["true", "false", "null"])),
        _ => choices.text(TIMES),
    }
}

fn anything(choices: &mut Choices<'_>, depth: usize) -> Node {
    match if depth == 0 { 0 } else { choices.below(4) } {
        0 | 1 => scalar(choices),
        2 => Node::Array((0..choices.below(4)).map(|_| anything(choices, depth - 1)).collect()),
        _ => {
            let count = choices.below(3);
            Node::Object(
                (0..count)
                    .map(|_| (choices.of(KEYS).to_owned(), anything(choices, depth - 1)))
                    .collect(),
            )
        }
    }
}

fn value_of(property: &Property, choices: &mut Choices<'_>) -> Node {
    let numbers = |choices: &mut Choices<'_>, count| {
        Node::Array(
            (0..choices.below(4))
                .map(|_| Node::Raw(choices.of(&NUMBERS[..count])))
                .collect(),
        )
    };
    match property.of_type {
        PropertyType::String if !property.values.is_empty() => Node::Text(choices.of(&property.values)),
        PropertyType::String => choices.text(TEXTS),
        PropertyType::Long => Node::Raw(choices.of(&NUMBERS[..2])),
        PropertyType::Double => Node::Raw(choices.of(&NUMBERS[..7])),
        PropertyType::Boolean => Node::Raw(choices.of(&["true", "false"])),
        PropertyType::Datetime => choices.text(&TIMES[..5]),
        PropertyType::Date => choices.text(&["2024-06-24", "2024-02-29"]),
        PropertyType::StringArray => Node::Array((0..choices.below(3)).map(|_| choices.text(TEXTS)).collect()),
        PropertyType::LongArray => numbers(choices, 2),
        PropertyType::DoubleArray => numbers(choices, 6),
        PropertyType::Items => Node::Array(Vec::new()),
    }
}

/// Some registered properties, and the required ones.
fn properties<'t>(
    rules: impl IntoIterator<Item = (&'t String, &'t Property)>,
    needed: &[String],
    choices: &mut Choices<'_>,
) -> Node {
    let rules = rules
        .into_iter()
        .filter(|(_, rule)| rule.of_type != PropertyType::Items);
    let mut chosen = Vec::new();
    for (name, rule) in rules {
        if rule.required || needed.contains(name) || choices.one_in(4) {
            chosen.push((name.clone(), value_of(rule, choices)));
        }
    }
    Node::Object(chosen)
}

/// A good or nearly good record.
fn record(tables: &Tables, choices: &mut Choices<'_>) -> Node {
    let mut identity = vec![("external_id".to_owned(), Node::Text("u1".to_owned()))];
    if choices.one_in(3) {
        identity.push((
            "email".into(),
            choices.text(&["kim@example.com", "k@h", "김@예.한국", "a@b@c", "k im@h", "@"]),
        ));
    }
    if choices.one_in(3) {
        identity.push((
            "phone_no".into(),
            choices.text(&["821012345678", "010", "+82", "8201", ""]),
        ));
    }
    if choices.one_in(8) {
        identity.push(("line_user_id".into(), Node::Raw("null")));
    }
    let mut record = vec![("identity".to_owned(), Node::Object(identity))];
    match choices.below(4) {
        0 | 1 => {
            let names: Vec<&String> = tables.events.keys().collect();
            let name = choices.of(&names);
            let needed = &tables.events[name];
            let mut event = vec![
                ("event_name".to_owned(), Node::Text(name.clone())),
                ("event_datetime".to_owned(), choices.text(&TIMES[..5])),
            ];
            if choices.one_in(2) {
                event.insert(
                    0,
                    (
                        "event_log_id".into(),
                        choices.text(&["01234567-89AB-4def-8123-456789abcdef"]),
                    ),
                );
            }
            let count = usize::from(needed.iter().any(|name| name == "df_items")) + choices.below(2);
            let items = (0..count).map(|_| properties(&tables.item, &[], choices)).collect();
            event.push(("event_items".into(), Node::Array(items)));
            if choices.one_in(8) {
                event.push(("event_properties".into(), Node::Raw("null")));
            } else {
                event.push(("event_properties".into(), properties(&tables.event, needed, choices)));
            }
            record.push(("event".into(), Node::Object(event)));
        }
        2 => {
            record.push(("user_properties".into(), properties(&tables.user, &[], choices)));
            if choices.one_in(2) {
                record.push(("request_datetime".into(), choices.text(&TIMES[..5])));
            }
        }
        _ => {}
    }
    if choices.one_in(2) {
        record.reverse();
    }
    Node::Object(record)
}

/// Makes one change anywhere.
fn mutate(node: &mut Node, choices: &mut Choices<'_>) {
    match node {
        Node::Object(entries) if !entries.is_empty() && !choices.one_in(8) => {
            let at = choices.below(entries.len());
            match choices.below(8) {
                0 => entries[at].0 = choices.of(KEYS).to_owned(),
                1 => {
                    entries.remove(at);
                }
                2 => {
                    let copy = entries[at].clone();
                    entries.push(copy);
                }
                3 => entries.push((choices.of(KEYS).to_owned(), anything(choices, 2))),
                _ => mutate(&mut entries[at].1, choices),
            }
        }
        Node::Array(nodes) if !nodes.is_empty() && !choices.one_in(8) => {
            let at = choices.below(nodes.len());
            mutate(&mut nodes[at], choices);
        }
        _ => *node = anything(choices, 2),
    }
}

/// Writes JSON in one of its many possible spellings.
fn write(node: &Node, plain: bool, choices: &mut Choices<'_>, out: &mut String) {
    let blank = |choices: &mut Choices<'_>, out: &mut String| {
        if !plain && choices.one_in(6) {
            out.push_str(choices.of(&[" ", "\t", " \r ", "\n"]));
        }
    };
    blank(choices, out);
    match node {
        Node::Raw(text) => out.push_str(text),
        Node::Text(text) => write_text(text, plain, choices, out),
        Node::Array(nodes) => {
            out.push('[');
            for (index, node) in nodes.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(node, plain, choices, out);
            }
            blank(choices, out);
            out.push(']');
        }
        Node::Object(entries) => {
            out.push('{');
            for (index, (key, node)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                blank(choices, out);
                write_text(key, plain, choices, out);
                blank(choices, out);
                out.push(':');
                write(node, plain, choices, out);
            }
            blank(choices, out);
            out.push('}');
        }
    }
    blank(choices, out);
}

fn write_text(text: &str, plain: bool, choices: &mut Choices<'_>, out: &mut String) {
    let escaped = !plain && choices.one_in(6);
    out.push('"');
    for c in text.chars() {
        if c.is_control() || c == '"' || c == '\\' || (escaped && choices.one_in(3)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").unwrap();
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
}

/// A line that may be good, bad, or not JSON.
fn line(choices: &[u16]) -> String {
    let choices = &mut Choices(choices.iter());
    let mut node = record(&tables(), choices);
    for _ in 0..choices.below(3) {
        mutate(&mut node, choices);
    }
    let mut json = String::new();
    let plain = choices.one_in(2);
    write(&node, plain, choices, &mut json);
    if choices.one_in(10) {
        let end = choices.below(json.len() + 1);
        json.truncate((0..=end).rev().find(|end| json.is_char_boundary(*end)).unwrap_or(0));
    }
    if choices.one_in(10) {
        let at = choices.below(json.len() + 1);
        let at = (0..=at).rev().find(|at| json.is_char_boundary(*at)).unwrap_or(0);
        json.insert_str(at, choices.of(&[",", "}", "\"", "\\ud800", "\\", "{", "\u{1}", " 1"]));
    }
    json
}

const ACCEPTS: [Accepts; 5] = [
    Accepts::Mixed,
    Accepts::Only(RecordKind::Event),
    Accepts::Only(RecordKind::Profile),
    Accepts::Only(RecordKind::Identity),
    Accepts::Only(RecordKind::Deletion),
];

/// Both checks must agree on a line, with and without a taxonomy.
fn agree(json: &str) -> Result<bool, TestCaseError> {
    let tables = tables();
    let taxonomy = Arc::new(Taxonomy::from_yaml(CUSTOM).unwrap());
    let mut accepted = false;
    for (taxonomy, tables) in [(None, None), (Some(taxonomy), Some(&tables))] {
        for accepts in ACCEPTS {
            let plain = wrong_paths(json, tables, accepts);
            let mut checker = Checker::new(taxonomy.clone(), accepts);
            // The second time shows that the first leaves nothing behind.
            checker.check(json).ok();
            match checker.check(json) {
                Ok(good) => {
                    prop_assert_eq!(plain, Some(BTreeSet::new()), "accepted: {}", json);
                    same_content(json, &good, tables)?;
                    accepted |= accepts == Accepts::Mixed && tables.is_some();
                }
                Err(violations) => {
                    let paths: BTreeSet<String> =
                        violations.iter().map(|violation| violation.path().to_owned()).collect();
                    prop_assert!(!violations.is_empty());
                    match plain {
                        // Skipped values are not checked against the whole grammar: `1e999` may appear where no value
                        // may appear.
                        None => {}
                        Some(wrong) if violations.more() == 0 => {
                            prop_assert_eq!(paths, wrong, "{}: {}", json, violations);
                        }
                        Some(wrong) => prop_assert!(paths.is_subset(&wrong), "{}", json),
                    }
                }
            }
        }
    }
    Ok(accepted)
}

/// What would be sent must mean the same as the record.
fn same_content(json: &str, checked: &Checked<'_>, tables: Option<&Tables>) -> Result<(), TestCaseError> {
    let (identity, event, properties) = sent(json, tables);
    let payload = edited(checked);
    prop_assert!(checked.identity.to_identity() == identity, "{}", json);
    match checked.kind {
        RecordKind::Event => {
            let value: Value = serde_json::from_str(&payload).unwrap();
            let read = read_event(&value, tables);
            prop_assert_eq!(
                value["event_datetime"].as_str(),
                Some(&*read.event_datetime.to_string())
            );
            prop_assert_eq!(checked.items, read.event_items.len());
            let id = checked.event_log_id.unwrap_or_default();
            prop_assert_eq!(id, read.event_log_id);
            prop_assert!(Some(read) == event, "{}", json);
        }
        RecordKind::Profile => {
            let value: Value = serde_json::from_str(&payload).unwrap();
            let read = read_properties(&value, tables.map(|tables| &tables.user));
            prop_assert!(Some(read) == properties, "{}", json);
        }
        RecordKind::Identity | RecordKind::Deletion => prop_assert_eq!(payload, ""),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_check_and_the_plain_one_agree_on_records(choices in vec(any::<u16>(), 0..300)) {
        agree(&line(&choices))?;
    }

    #[test]
    fn the_fast_check_and_the_plain_one_agree_on_damaged_records(
        choices in vec(any::<u16>(), 0..300),
        damages in vec((any::<u8>(), any::<u16>(), prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]:,\"\\0-.eu tfn"[..])]), 1..4),
    ) {
        agree(&damaged(&line(&choices), &damages))?;
    }

    #[test]
    fn the_fast_check_and_the_plain_one_agree_on_any_text(
        text in prop_oneof![".{0,60}", "[{}\\[\\]:,\"\\\\a-z0-9 ]{0,40}", "\\{\"identity\":\\{\"email\":.{0,30}\\}\\}"],
    ) {
        agree(&text)?;
    }
}

/// Damages a line byte by byte.
fn damaged(line: &str, damages: &[(u8, u16, u8)]) -> String {
    let mut bytes = line.as_bytes().to_vec();
    for &(kind, at, byte) in damages {
        let at = usize::from(at) % (bytes.len() + 1);
        match (kind % 4, bytes.get_mut(at)) {
            (0, Some(old)) => *old = byte,
            (1, Some(_)) => drop(bytes.remove(at)),
            (2, Some(_)) => bytes.truncate(at),
            _ => bytes.insert(at, byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same lines in every run.
fn some_lines(count: usize) -> impl Iterator<Item = String> {
    let mut state = 7_u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let [.., high, higher] = state.to_le_bytes();
        u16::from_le_bytes([high, higher])
    };
    (0..count).map(move |_| {
        let choices: Vec<u16> = (0..300).map(|_| next()).collect();
        line(&choices)
    })
}

/// Without good records among them, they would prove little.
#[test]
fn many_generated_records_are_good() {
    let good = some_lines(500).filter(|json| agree(json).unwrap()).count();
    assert!((50..450).contains(&good), "{good}");
}

#[tokio::test]
async fn what_the_check_accepts_the_emulator_takes() {
    use dfinery_emulator::{Emulator, Registered, Settings, UnknownIdentity};

    let registered = Registered::standard()
        .required("visit", "at")
        .event_property("at", PropertyType::Datetime)
        .event_property("day", PropertyType::Date)
        .event_property("texts", PropertyType::StringArray)
        .event_property("longs", PropertyType::LongArray)
        .item_property("doubles", PropertyType::DoubleArray)
        .item_property("made", PropertyType::Datetime)
        .item_property("long", PropertyType::Long)
        .user_property("flag", PropertyType::Boolean)
        .user_property("since", PropertyType::Datetime)
        .user_property("등급", PropertyType::String);
    let settings = Settings {
        taxonomy: registered,
        unknown_identity: UnknownIdentity::Create,
        enforce_required: true,
        ..Settings::default()
    };
    let emulator = Emulator::builder().settings(settings).start().await.unwrap();
    let import = emulator.import_client().build().unwrap();
    let mut checker = Checker::new(Some(Arc::new(Taxonomy::from_yaml(CUSTOM).unwrap())), Accepts::Mixed);
    let mut sent = [0; 2];
    for json in some_lines(1_000) {
        let Ok(good) = checker.check(&json) else { continue };
        let user = good.identity.to_identity();
        match good.kind {
            RecordKind::Event => {
                let event = read_event(&serde_json::from_str(&edited(&good)).unwrap(), None);
                import
                    .load_events(&user, &[event])
                    .await
                    .unwrap_or_else(|error| panic!("{json}: {error}"));
                sent[0] += 1;
            }
            RecordKind::Profile => {
                let properties: dfinery::Properties = serde_json::from_str(&edited(&good)).unwrap();
                let answer = import.upsert_user_profile(&user, properties).await;
                answer.unwrap_or_else(|error| panic!("{json}: {error}"));
                sent[1] += 1;
            }
            _ => {}
        }
    }
    assert!(sent.iter().all(|count| *count > 20), "{sent:?}");
}
