//! How cells are spelled, without what they say: a form such as `0000-00-00T00:00:00.000Z` says nothing about a person.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::Value;

use crate::column::ColumnType;

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ColumnSeen {
    /// Its name.
    pub name: String,
    /// What the taxonomy or the documentation says that it holds.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Cells that are not empty.
    pub filled: u64,
    /// The forms of these cells, with how many there are of each: digits are 0, letters of arrays are a, and text is only
    /// called text.
    pub forms: BTreeMap<String, u64>,
}

/// The forms of values in all columns, with how many cells have each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Spellings {
    /// Of booleans.
    pub booleans: BTreeMap<String, u64>,
    /// Of days and times.
    pub datetimes: BTreeMap<String, u64>,
    /// Of arrays.
    pub arrays: BTreeMap<String, u64>,
}

impl ColumnSeen {
    /// A column has this many forms at most; the others count as one.
    const FORMS: usize = 12;

    pub(super) fn new(name: &str, column_type: ColumnType) -> Self {
        Self {
            name: name.to_owned(),
            column_type,
            filled: 0,
            forms: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, cell: &[u8]) {
        if cell.is_empty() {
            return;
        }
        self.filled += 1;
        let form = std::str::from_utf8(cell).map_or(Cow::Borrowed("not UTF-8"), |cell| form(cell, self.column_type));
        if let Some(count) = self.forms.get_mut(form.as_ref()) {
            *count += 1;
            return;
        }
        let form = if self.forms.len() < Self::FORMS {
            form.into_owned()
        } else {
            "another form".to_owned()
        };
        *self.forms.entry(form).or_default() += 1;
    }
}

impl Spellings {
    pub(super) fn of(columns: &[ColumnSeen]) -> Self {
        let mut spellings = Self::default();
        for column in columns {
            for (form, count) in &column.forms {
                let kind = if form.starts_with('[') {
                    &mut spellings.arrays
                } else if is_day(form) {
                    &mut spellings.datetimes
                } else if column.column_type == ColumnType::Boolean || is_word_of_truth(form) {
                    &mut spellings.booleans
                } else {
                    continue;
                };
                *kind.entry(form.clone()).or_default() += count;
            }
        }
        spellings
    }
}

/// A line for each kind of value.
impl fmt::Display for Spellings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, forms) in [
            ("booleans", &self.booleans),
            ("times", &self.datetimes),
            ("arrays", &self.arrays),
        ] {
            let forms: Vec<_> = forms
                .iter()
                .map(|(form, cells)| format!("{form} in {cells} cells"))
                .collect();
            let forms = if forms.is_empty() {
                "none seen".to_owned()
            } else {
                forms.join(", ")
            };
            writeln!(f, "{name}: {forms}")?;
        }
        Ok(())
    }
}

fn form(cell: &str, column_type: ColumnType) -> Cow<'static, str> {
    let truth = || WORDS_OF_TRUTH.iter().find(|word| **word == cell);
    let short = || SHORT_TRUTH.iter().find(|word| **word == cell);
    if let Some(word) = truth() {
        return (*word).into();
    }
    if column_type == ColumnType::Boolean
        && let Some(word) = short()
    {
        return (*word).into();
    }
    if let Some(number) = number(cell) {
        return number.into();
    }
    if cell.len() <= LONGEST_TIME {
        let digits: String = cell.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        if is_day(&digits) {
            return digits.into();
        }
    }
    match cell.as_bytes() {
        [b'[', .., b']'] => array(cell).into(),
        [b'{', .., b'}'] => "{...}".into(),
        _ if cell.parse::<uuid::Uuid>().is_ok() => "UUID".into(),
        _ => "text".into(),
    }
}

const WORDS_OF_TRUTH: &[&str] = &["true", "false", "True", "False", "TRUE", "FALSE"];

/// Only in columns of booleans.
const SHORT_TRUTH: &[&str] = &["0", "1", "t", "f", "T", "F", "y", "n", "Y", "N", "yes", "no"];

fn is_word_of_truth(form: &str) -> bool {
    WORDS_OF_TRUTH.contains(&form)
}

const LONGEST_TIME: usize = "0000-00-00T00:00:00.000000000+00:00".len();

/// Whether a form is that of a day, perhaps with a time.
fn is_day(form: &str) -> bool {
    let begins = ["0000-00-00", "0000/00/00", "0000.00.00"];
    let rest = begins.iter().find_map(|begin| form.strip_prefix(begin));
    rest.is_some_and(|rest| {
        let rest = rest.strip_suffix(" UTC").unwrap_or(rest);
        rest.is_empty()
            || (rest.starts_with(['T', 't', ' '])
                && rest
                    .chars()
                    .skip(1)
                    .all(|c| matches!(c, '0' | ':' | '.' | ',' | '+' | '-' | 'Z' | 'z' | ' ')))
    })
}

fn number(cell: &str) -> Option<&'static str> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || cell.parse::<f64>().is_err() {
        return None;
    }
    Some(if digits.contains(['e', 'E']) {
        "0e0"
    } else if digits.contains('.') {
        "0.0"
    } else {
        "0"
    })
}

/// The kinds of an array's elements and whether spaces part them, as in `["a", "a"]`.
fn array(cell: &str) -> String {
    let Ok(elements) = serde_json::from_str::<Vec<Value>>(cell) else {
        return "[...]".to_owned();
    };
    let mut kinds: Vec<_> = elements.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if let [kind] = kinds[..]
        && elements.len() > 1
    {
        kinds.push(kind);
    }
    let separator = if has_spaces(cell) { ", " } else { "," };
    format!("[{}]", kinds.join(separator))
}

const fn kind(element: &Value) -> &'static str {
    match element {
        Value::Null => "null",
        Value::Bool(_) => "true",
        Value::Number(_) => "0",
        Value::String(_) => "\"a\"",
        Value::Array(_) => "[...]",
        Value::Object(_) => "{...}",
    }
}

/// Whether JSON has spaces outside of its strings.
fn has_spaces(json: &str) -> bool {
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b' ' if !in_string => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_nothing_of_what_a_cell_says() {
        for (cell, expected) in [
            ("true", "true"),
            ("False", "False"),
            ("12", "0"),
            ("-12.5", "0.0"),
            ("1e9", "0e0"),
            ("2024-12-05T11:22:33.444Z", "0000-00-00T00:00:00.000Z"),
            ("2024-12-05 11:22:33.444 UTC", "0000-00-00 00:00:00.000 UTC"),
            ("2024-12-05", "0000-00-00"),
            ("2024-12-05 Kim", "text"),
            ("1999-01-01T called", "text"),
            ("010-1234-5678", "text"),
            ("01012345678", "0"),
            ("kim@example.com", "text"),
            ("NaN", "text"),
            ("infinity", "text"),
            ("[\"kim, 서울\",\"b\\\" \"]", "[\"a\",\"a\"]"),
            ("[\"kim\", null]", "[\"a\", null]"),
            ("[9900,0.5]", "[0,0]"),
            ("[1]", "[0]"),
            ("[]", "[]"),
            ("[kim]", "[...]"),
            ("{\"name\":\"kim\"}", "{...}"),
            ("0d6c4b0e-7f86-4d42-9c3b-0f5b1f9a3c11", "UUID"),
        ] {
            assert_eq!(form(cell, ColumnType::String), expected, "{cell}");
        }
        assert_eq!(form("Y", ColumnType::Boolean), "Y");
        assert_eq!(form("1", ColumnType::Boolean), "1");
        assert_eq!(form("Y", ColumnType::String), "text");
    }

    #[test]
    fn a_column_has_few_forms() {
        let mut column = ColumnSeen::new("own", ColumnType::String);
        for digits in 1..40 {
            let time = format!("2024-12-05T11:22:33.{}Z", "4".repeat(digits % 15 + 1));
            column.add(time.as_bytes());
        }
        column.add(b"");
        column.add(&[0xff]);
        assert_eq!(column.filled, 40);
        assert_eq!(column.forms.values().sum::<u64>(), 40);
        assert_eq!(column.forms.len(), ColumnSeen::FORMS + 1);
    }
}
