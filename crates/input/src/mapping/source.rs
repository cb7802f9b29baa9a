//! Where a value comes from: the cells of a column, or a constant.

use std::fmt;

use jiff::tz::TimeZone;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, value::MapAccessDeserializer},
};

use super::{
    column::{Column, Empty, Take},
    constant::{Constant, Values},
    json_text::json_string,
    text_or_list::text_or_list,
    types::Type,
    value::CellReader,
};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Column(Box<Column>),
    /// A value as JSON.
    Constant(String),
}

impl Source {
    /// Whether it fits where only this type is allowed.
    pub(super) fn check_as(&self, kind: Type, zone: Option<&TimeZone>) -> Result<(), String> {
        match self {
            Self::Constant(_) => Ok(()),
            Self::Column(column) if column.take == Take::Sum => {
                Err("sum cannot be set here: it belongs to event_properties".to_owned())
            }
            Self::Column(column) if column.kind.is_some_and(|given| given != kind) => {
                Err(format!("type: can only be {} here; leave it out", kind.name()))
            }
            Self::Column(column) if matches!(column.empty, Empty::Null | Empty::Keep) => {
                Err("empty: cannot be set here".to_owned())
            }
            Self::Column(column) => CellReader::new(column, kind, zone).map(|_| ()),
        }
    }

    /// The same where a value can only come from a cell as it is.
    pub(super) fn check_unlisted(&self, kind: Type, zone: Option<&TimeZone>) -> Result<(), String> {
        match self {
            Self::Column(column) if column.values.is_some() || column.default.is_some() => {
                Err("values and default cannot be set here".to_owned())
            }
            _ => self.check_as(kind, zone),
        }
    }

    /// Whether it fits as an identifier of a user.
    pub(super) fn check_identifier(&self) -> Result<(), String> {
        match self {
            Self::Constant(_) => Err("must come from a column: a constant would make all rows one user".to_owned()),
            Self::Column(column) if column.values.is_some() || column.default.is_some() => {
                Err("values and default cannot be set here: they would make many rows one user".to_owned())
            }
            Self::Column(column) if column.kind == Some(Type::Phone) => self.check_as(Type::Phone, None),
            Self::Column(column) if column.kind.is_some_and(|kind| kind != Type::String) => {
                Err("type: can only be string or phone here".to_owned())
            }
            Self::Column(_) => self.check_as(Type::String, None),
        }
    }

    /// The columns that it names, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::Column(column) => column.names(),
            Self::Constant(_) => &[],
        };
        names.iter().map(String::as_str)
    }

    /// Which of the rows of a group have its value.
    pub(super) fn take(&self) -> Take {
        match self {
            Self::Column(column) => column.take,
            Self::Constant(_) => Take::Same,
        }
    }

    /// Whether its settings fit together, as far as its type is known.
    pub(super) fn check(&self, zone: Option<&TimeZone>) -> Result<(), String> {
        match self {
            Self::Column(column) => column
                .kind
                .map_or(Ok(()), |kind| CellReader::new(column, kind, zone).map(|_| ())),
            Self::Constant(_) => Ok(()),
        }
    }
}

/// The meaning of a text alone.
#[derive(Clone, Copy)]
pub(super) enum Short {
    Column,
    Constant,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        source(deserializer, Short::Column)
    }
}

/// Reads a source, which may be a text alone.
pub(super) fn source<'de, D: Deserializer<'de>>(deserializer: D, short: Short) -> Result<Source, D::Error> {
    deserializer.deserialize_any(SourceVisitor(short))
}

struct SourceVisitor(Short);

impl<'de> de::Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Short::Column => {
                "the name of a column (in quotes if it is a number), {column: …}, {join: …} or {constant: …}"
            }
            Short::Constant => "a text, or {column: …}",
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Source, E> {
        match self.0 {
            _ if text.is_empty() => Err(E::custom("must not be empty")),
            Short::Column => Ok(Source::Column(Box::new(Column {
                name: text.trim().to_owned(),
                ..Column::default()
            }))),
            Short::Constant => Ok(Source::Constant(json_string(text))),
        }
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
        let keys = Keys::deserialize(MapAccessDeserializer::new(map))?;
        keys.into_source().map_err(de::Error::custom)
    }
}

/// The keys of a source as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    column: Option<String>,
    join: Option<Vec<String>>,
    with: Option<String>,
    first: Option<String>,
    last: Option<String>,
    sum: Option<String>,
    constant: Option<Constant>,
    #[serde(rename = "type")]
    kind: Option<Type>,
    empty: Option<Empty>,
    values: Option<Values>,
    default: Option<Constant>,
    format: Option<Formats>,
    thousands: Option<char>,
    separator: Option<String>,
    #[serde(rename = "true")]
    yes: Option<Vec<String>>,
    #[serde(rename = "false")]
    no: Option<Vec<String>>,
    country: Option<String>,
}

impl Keys {
    fn into_source(self) -> Result<Source, String> {
        self.check()?;
        if let Some(Constant(json)) = self.constant {
            return Ok(Source::Constant(json));
        }
        let trimmed = |name: String| name.trim().to_owned();
        let when_empty = if self.default.is_some() {
            Empty::Default
        } else {
            Empty::Omit
        };
        let (name, take) = match (self.first, self.last, self.sum) {
            (Some(name), ..) => (Some(name), Take::First),
            (_, Some(name), _) => (Some(name), Take::Last),
            (.., Some(name)) => (Some(name), Take::Sum),
            _ => (self.column, Take::Same),
        };
        let column = Column {
            name: name.map(trimmed).unwrap_or_default(),
            join: self.join.unwrap_or_default().into_iter().map(trimmed).collect(),
            with: self.with,
            take,
            kind: self.kind,
            empty: self.empty.unwrap_or(when_empty),
            values: self.values,
            default: self.default,
            formats: self.format.map(|formats| formats.0).unwrap_or_default(),
            thousands: self.thousands,
            separator: self.separator,
            yes: self.yes,
            no: self.no,
            country: self.country,
        };
        if let Some(values) = &column.values {
            values.check(values.kind())?;
        }
        // Checked here too, where the line is known; whether there is a time zone is checked later.
        if let Some(kind) = column.kind {
            CellReader::new(&column, kind, Some(&TimeZone::UTC))?;
        }
        Ok(Source::Column(Box::new(column)))
    }

    fn check(&self) -> Result<(), String> {
        let is_empty = |name: &String| name.trim().is_empty();
        let columns = [&self.column, &self.first, &self.last, &self.sum];
        let origins = (columns.iter().map(|name| name.is_some())).chain([self.join.is_some(), self.constant.is_some()]);
        let problem = match origins.filter(|is_given| *is_given).count() {
            0 => "give column, the name of a column, or join, the names of several, or constant, a value",
            1 if columns.into_iter().flatten().any(is_empty) => "the name of a column must not be empty",
            1 if self.sum.is_some()
                && (self.empty.is_some()
                    || self.values.is_some()
                    || self.default.is_some()
                    || self.format.is_some()) =>
            {
                "sum goes only with type and thousands"
            }
            1 if self.constant.is_some() && self.says_how_to_read() => "a constant has no other keys",
            1 if self
                .join
                .as_ref()
                .is_some_and(|names| names.len() < 2 || names.iter().any(is_empty)) =>
            {
                "join: must be a list of at least two names of columns"
            }
            1 if self.with.is_some() && self.join.is_none() => "with belongs to join",
            1 if self.values.is_none() && self.default.is_some() && self.empty.is_some() => {
                "default and empty both say what an empty cell means: give one of them"
            }
            1 => "",
            _ => "give only one of column, join, constant, first, last and sum",
        };
        if !problem.is_empty() {
            return Err(problem.to_owned());
        }
        let excluded = [
            ("format", self.format.is_some()),
            ("thousands", self.thousands.is_some()),
            ("separator", self.separator.is_some()),
            ("true", self.yes.is_some()),
            ("false", self.no.is_some()),
            ("country", self.country.is_some()),
        ];
        match excluded.into_iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) if self.values.is_some() => Err(format!(
                "values and {name} do not go together: values say all that a cell may be"
            )),
            _ => Ok(()),
        }
    }

    fn says_how_to_read(&self) -> bool {
        self.with.is_some()
            || self.kind.is_some()
            || self.empty.is_some()
            || self.values.is_some()
            || self.default.is_some()
            || self.format.is_some()
            || self.thousands.is_some()
            || self.separator.is_some()
            || self.yes.is_some()
            || self.no.is_some()
            || self.country.is_some()
    }
}

/// One format or several; the first that fits is used.
struct Formats(Vec<String>);

impl<'de> Deserialize<'de> for Formats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a format such as \"%Y-%m-%d %H:%M:%S\", or a list of formats";
        text_or_list(deserializer, expecting, |formats| {
            if formats.is_empty() {
                return Err("format: must not be an empty list");
            }
            Ok(Self(formats))
        })
    }
}
