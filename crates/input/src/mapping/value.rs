//! A cell as a JSON value.

use std::fmt::Write as _;

use foldhash::{HashMap, HashMapExt as _};
use jiff::tz::TimeZone;

use crate::look;

use super::{
    column::{Column, Empty, Take},
    constant::{Constant, Values},
    number,
    time::{Dates, Times},
    types::Type,
};

/// Reads the cells of one column.
#[derive(Clone, Debug)]
pub(crate) struct CellReader {
    kind: Kind,
    empty: Empty,
    /// The default of the mapping as JSON.
    default: Option<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    String,
    Phone {
        country: String,
    },
    Number(Number),
    Boolean {
        yes: Vec<String>,
        no: Vec<String>,
    },
    Datetime(Times),
    Date(Dates),
    Array {
        separator: String,
        elements: Option<Number>,
    },
    /// The values of texts as JSON, and the texts for a message.
    Listed(HashMap<String, String>, String),
}

#[derive(Clone, Debug)]
struct Number {
    is_long: bool,
    thousands: Option<char>,
}

/// South Korea, where most users of DFINERY are.
const COUNTRY: &str = "82";

impl CellReader {
    /// Reads the cells of a column as a type.
    pub(crate) fn new(column: &Column, kind: Type, zone: Option<&TimeZone>) -> Result<Self, String> {
        check_keys(column, kind)?;
        let number = |is_long| Number {
            is_long,
            thousands: column.thousands,
        };
        let array = |elements| {
            let separator = column.separator.clone().filter(|separator| !separator.is_empty());
            separator
                .map(|separator| Kind::Array { separator, elements })
                .ok_or_else(|| "separator is missing: say what stands between the elements".to_owned())
        };
        let list = |given: &Option<Vec<String>>, usual: &[&str]| {
            given
                .clone()
                .unwrap_or_else(|| usual.iter().map(|text| (*text).to_owned()).collect())
        };
        let default = column.default.as_ref();
        let default = default.map(|value| read_default(value, kind)).transpose()?;
        if let Some(values) = &column.values {
            values.check(kind)?;
            return Ok(Self {
                kind: listed(values),
                empty: column.empty,
                default,
            });
        }
        let kind = match kind {
            Type::String => Kind::String,
            Type::Phone => Kind::Phone {
                country: country(column.country.as_deref())?,
            },
            Type::Long => Kind::Number(number(true)),
            Type::Double => Kind::Number(number(false)),
            Type::Boolean => Kind::Boolean {
                yes: list(&column.yes, &["true", "1", "Y"]),
                no: list(&column.no, &["false", "0", "N"]),
            },
            Type::Datetime => Kind::Datetime(Times::new(&column.formats, zone)?),
            Type::Date => Kind::Date(Dates::new(&column.formats)?),
            Type::StringArray => array(None)?,
            Type::LongArray => array(Some(number(true)))?,
            Type::DoubleArray => array(Some(number(false)))?,
        };
        if let Kind::Boolean { yes, no } = &kind
            && yes
                .iter()
                .any(|text| no.iter().any(|other| other.eq_ignore_ascii_case(text)))
        {
            return Err("true and false have a text in common".to_owned());
        }
        Ok(Self {
            kind,
            empty: column.empty,
            default,
        })
    }

    /// Writes a cell as JSON; false if there is nothing to write. An error says what the cell must be, and never what
    /// it is.
    pub(crate) fn write(&self, cell: &str, out: &mut String) -> Result<bool, String> {
        self.write_form(cell, out).map_err(|problem| match look::note(cell) {
            Some(note) => format!("{problem}; {note}"),
            None => problem,
        })
    }

    fn write_form(&self, cell: &str, out: &mut String) -> Result<bool, String> {
        let cell = if matches!(self.kind, Kind::String) {
            cell
        } else {
            cell.trim()
        };
        if cell.is_empty() {
            match self.empty {
                Empty::Omit => return Ok(false),
                Empty::Null => out.push_str("null"),
                Empty::Keep => out.push_str("\"\""),
                Empty::Default => out.push_str(self.default.as_deref().unwrap_or_default()),
            }
            return Ok(true);
        }
        match &self.kind {
            Kind::String => push_json_string(out, cell),
            Kind::Phone { country } => push_json_string(out, &number::phone(cell, country)?),
            Kind::Number(number) => number.write(cell, out)?,
            Kind::Boolean { yes, no } => {
                let is_in = |list: &[String]| list.iter().any(|text| text.eq_ignore_ascii_case(cell));
                let value = if is_in(yes) {
                    "true"
                } else if is_in(no) {
                    "false"
                } else {
                    return Err(format!("must be one of {} or {}", yes.join(", "), no.join(", ")));
                };
                out.push_str(value);
            }
            Kind::Datetime(times) => {
                let time = times.read(cell)?;
                let _ = write!(out, "\"{time}\"");
            }
            Kind::Date(dates) => {
                let date = dates.read(cell)?;
                let _ = write!(out, "\"{date}\"");
            }
            Kind::Array { separator, elements } => write_array(cell, separator, elements.as_ref(), out)?,
            Kind::Listed(values, listed) => {
                let value = values.get(cell).or(self.default.as_ref());
                out.push_str(value.ok_or_else(|| format!("must be {listed}"))?);
            }
        }
        Ok(true)
    }
}

impl Number {
    fn write(&self, cell: &str, out: &mut String) -> Result<(), String> {
        let write = if self.is_long { number::long } else { number::double };
        let written = match self.thousands {
            Some(separator) if cell.contains(separator) => {
                number::without_thousands(cell, separator).and_then(|plain| write(&plain, out))
            }
            _ => write(cell, out),
        };
        written.ok_or_else(|| {
            let advice = if self.thousands.is_none() && cell.contains(',') {
                "; for separators of thousands give thousands in the mapping"
            } else {
                ""
            };
            let form = if self.is_long {
                "a whole number of 64 bits"
            } else {
                "a number such as 1234.5"
            };
            format!("must be {form}{advice}")
        })
    }
}

fn write_array(cell: &str, separator: &str, elements: Option<&Number>, out: &mut String) -> Result<(), String> {
    out.push('[');
    let filled = cell
        .split(separator)
        .map(str::trim)
        .filter(|element| !element.is_empty());
    for (index, element) in filled.enumerate() {
        if index > 0 {
            out.push(',');
        }
        match elements {
            Some(number) => {
                let place = |problem| format!("element {}: {problem}", index + 1);
                number.write(element, out).map_err(place)?;
            }
            None => push_json_string(out, element),
        }
    }
    out.push(']');
    Ok(())
}

/// The texts that a mapping lists.
fn listed(values: &Values) -> Kind {
    let mut by_text = HashMap::with_capacity(values.0.len());
    for (text, Constant(json)) in &values.0 {
        by_text.insert(text.clone(), json.clone());
    }
    Kind::Listed(by_text, values.listed())
}

/// A default in the form in which it is sent. It is written as a constant, and not as the cells of the column are.
fn read_default(value: &Constant, kind: Type) -> Result<String, String> {
    let checked = value.check(kind).and_then(|()| {
        let text = value.text().unwrap_or_default();
        Ok(match kind {
            Type::Phone => json_string(&number::phone(&text, COUNTRY)?),
            Type::Datetime => format!("\"{}\"", Times::new(&[], None)?.read(&text)?),
            Type::Date => format!("\"{}\"", Dates::new(&[])?.read(&text)?),
            _ => value.0.clone(),
        })
    });
    checked.map_err(|problem| format!("default: {problem}, as the type is {}", kind.name()))
}

/// Whether the settings of a column suit its type.
fn check_keys(column: &Column, kind: Type) -> Result<(), String> {
    use Type::{Boolean, Date, Datetime, Double, DoubleArray, Long, LongArray, Phone, String, StringArray};
    if column.take == Take::Sum && !matches!(kind, Long | Double) {
        return Err(format!(
            "sum does not belong to the type {}: give type: double or type: long",
            kind.name()
        ));
    }
    let settings: [(&str, bool, &[Type]); 9] = [
        ("join", !column.join.is_empty(), &[String, Phone, Datetime, Date]),
        ("values", column.values.is_some(), &[String, Long, Double, Boolean]),
        ("format", !column.formats.is_empty(), &[Datetime, Date]),
        (
            "thousands",
            column.thousands.is_some(),
            &[Long, Double, LongArray, DoubleArray],
        ),
        (
            "separator",
            column.separator.is_some(),
            &[StringArray, LongArray, DoubleArray],
        ),
        ("true", column.yes.is_some(), &[Boolean]),
        ("false", column.no.is_some(), &[Boolean]),
        ("country", column.country.is_some(), &[Phone]),
        ("empty: keep", column.empty == Empty::Keep, &[String]),
    ];
    match settings
        .iter()
        .find(|(_, is_set, types)| *is_set && !types.contains(&kind))
    {
        Some((name, ..)) => Err(format!("{name} does not belong to the type {}", kind.name())),
        None if column
            .thousands
            .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+')) =>
        {
            Err("thousands: must not be a letter, a digit or a sign".to_owned())
        }
        None => Ok(()),
    }
}

fn country(given: Option<&str>) -> Result<String, String> {
    let code = given.unwrap_or(COUNTRY);
    let is_code =
        (1..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit()) && !code.starts_with('0');
    is_code
        .then(|| code.to_owned())
        .ok_or_else(|| "country: must be a country code such as \"82\"".to_owned())
}

pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

/// Adds a text as a JSON string.
pub(super) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = from.chars();
        match chars.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Some(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_a_json_string(text: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&json_string(&text)).unwrap(), text);
        }
    }

    #[test]
    fn every_control_character_is_escaped() {
        let text: String = (0..128_u8).map(char::from).collect();
        assert_eq!(serde_json::from_str::<String>(&json_string(&text)).unwrap(), text);
    }
}
