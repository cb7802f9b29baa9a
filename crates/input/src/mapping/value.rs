//! A cell as a JSON value.

use std::fmt::Write as _;

use foldhash::{HashMap, HashMapExt as _};
use jiff::tz::TimeZone;

use crate::{look, table};

use super::{
    column::{Column, Empty, Take},
    constant::{Constant, Values},
    json_text::{json_string, push_json_string},
    number::{self, Number},
    time::{self, Dates, Times},
    typed::{self, is_whole},
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
        /// What stands between the elements of a text; without it the text is a list in JSON.
        separator: Option<String>,
        elements: Option<Number>,
    },
    /// The values of texts as JSON, and the texts for a message.
    Listed(HashMap<String, String>, String),
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
        let array = |elements| match &column.separator {
            Some(separator) if separator.is_empty() => Err("separator: must not be empty".to_owned()),
            separator => Ok(Kind::Array {
                separator: separator.clone(),
                elements,
            }),
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

    /// Writes a text as JSON; false if there is nothing to write. An error says what the cell must be, and never what
    /// it is.
    pub(crate) fn write(&self, cell: &str, out: &mut String) -> Result<bool, String> {
        self.write_form(cell, out).map_err(|problem| match look::note(cell) {
            Some(note) => format!("{problem}; {note}"),
            None => problem,
        })
    }

    /// The same for a cell that may have a type of its own, which says how it is read.
    pub(super) fn write_typed(&self, cell: &str, kind: table::Kind, out: &mut String) -> Result<bool, String> {
        match (&self.kind, kind) {
            (_, table::Kind::Text) | (Kind::Array { elements: Some(_), .. }, table::Kind::SheetNumber) => {
                return self.write(cell, out);
            }
            (Kind::String | Kind::Phone { .. } | Kind::Array { .. }, table::Kind::SheetNumber) => {
                return Err(typed::SHEET_NUMBER.to_owned());
            }
            (Kind::Array { elements, .. }, table::Kind::List) => typed::write_list(cell, elements.as_ref(), out)?,
            (Kind::Array { .. }, _) => return Err(typed::NO_LIST.to_owned()),
            (_, table::Kind::List) => return Err(typed::LIST.to_owned()),
            (_, table::Kind::Object) => return Err(typed::OBJECT.to_owned()),
            (Kind::Boolean { .. }, table::Kind::Boolean) => out.push_str(cell),
            (Kind::String | Kind::Phone { .. }, table::Kind::Number) if !is_whole(cell) => {
                return Err(typed::NOT_WHOLE.to_owned());
            }
            (Kind::Datetime(times), table::Kind::Time | table::Kind::LocalTime | table::Kind::Date) => {
                let _ = write!(out, "\"{}\"", times.read_typed(cell)?);
            }
            (Kind::Date(_), table::Kind::Time | table::Kind::LocalTime | table::Kind::Date) => {
                let _ = write!(out, "\"{}\"", time::date_of(cell)?);
            }
            (Kind::Number(number), table::Kind::Number | table::Kind::SheetNumber) if number.is_long => {
                number.write(&typed::long(cell), out)?;
            }
            _ => return self.write(cell, out),
        }
        Ok(true)
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
            Kind::Array {
                separator: Some(separator),
                elements,
            } => write_array(cell, separator, elements.as_ref(), out)?,
            Kind::Array {
                separator: None,
                elements,
            } => typed::write_list(cell, elements.as_ref(), out)?,
            Kind::Listed(values, listed) => {
                let value = values.get(cell).or(self.default.as_ref());
                out.push_str(value.ok_or_else(|| format!("must be {listed}"))?);
            }
        }
        Ok(true)
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
