//! Lines that may be records: good, odd, bad, damaged.

use std::fmt::Write as _;

use crate::plain::{Property, Tables};
use dfinery::tables::PropertyType;

/// What is registered besides the standard names.
pub(super) const CUSTOM: &str = "
events:
  - name: visit
    properties: [{name: at, required: true}]
event_properties: [{name: at, type: datetime}, {name: day, type: date}, {name: texts, type: string-array}, {name: longs, type: long-array}]
item_properties: [{name: doubles, type: double-array}, {name: made, type: datetime}, {name: long, type: long}]
user_properties: [{name: flag, type: boolean, nullable: false}, {name: since, type: datetime}, {name: 등급, type: string, values: [골드, '\"실버\"']}]
";

/// The same as plain tables.
pub(super) fn tables() -> Tables {
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
const IDS: &[&str] = &[
    "u1",
    "u1",
    "u2",
    "",
    " ",
    "\u{3000}",
    "\u{200b}",
    "a\nb",
    "a\u{7f}",
    "\u{85}a",
    " u1",
    "u1\u{a0}",
    "u\u{a0}1",
    "u\u{200b}1",
    "NULL",
    "(null)",
    "-",
    "\\N",
    "0",
    "00-00",
    "없음",
    " nan ",
    "합계",
    "Total:",
    "---",
    "* a",
    "(3 rows)",
    "총 3건",
    "'1001",
    "=\"1\"",
    "#REF!",
    "####",
    "1.5E+15",
    "1E5",
    "1e+5",
    "1.2e7",
    "1001.0",
    "1234567890000000",
    "1234567890123450",
    "9007199254740993",
    "test",
    "tester",
    "n.a.",
    "User_ID",
    "\u{ad}null\u{feff}",
    "kim lee",
    "nina",
];
const PHONES: &[&str] = &[
    "821012345678",
    "010",
    "+82",
    "8201",
    "",
    "8201012345678",
    "82212345678",
    "820311234567",
    "8215881234",
    "82161234567",
    "82161234",
    "8270123456",
    "8250512345678",
    "8210123456",
    "821000000000",
    "82101234567\u{200b}",
    "12025550123",
    "82",
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
    let mut identity = vec![("external_id".to_owned(), choices.text(IDS))];
    if choices.one_in(3) {
        identity.push((
            "email".into(),
            choices.text(&[
                "kim@example.com",
                "k@h",
                "김@예.한국",
                "a@b@c",
                "k im@h",
                "@",
                "'k@h",
                "k@h\u{200b}",
                "k\u{7}@h",
            ]),
        ));
    }
    if choices.one_in(3) {
        identity.push(("phone_no".into(), choices.text(PHONES)));
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
pub(super) fn line(choices: &[u16]) -> String {
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
