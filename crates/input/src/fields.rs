//! The values of a JSON object at the names of columns.
//!
//! A name is that of a member of the object. If there is none, each dot in it leads into an object: `customer.id`.

use std::{borrow::Cow, fmt};

use dfinery_records::not_json;
use foldhash::HashMap;
use serde::{
    Deserialize, Deserializer as _,
    de::{self, IgnoredAny, MapAccess},
};
use serde_json::value::RawValue;

use crate::{
    look,
    table::{Cells, Kind},
};

/// Where the columns of a mapping are in an object.
pub(crate) struct Fields {
    names: Vec<String>,
    members: Members,
}

/// The members of an object by their names.
#[derive(Default)]
struct Members(HashMap<String, Member>);

#[derive(Default)]
struct Member {
    /// The column whose value it is.
    column: Option<usize>,
    /// What is looked for in it.
    inner: Members,
}

/// The values of the object read last, and which columns any object had.
#[derive(Default)]
pub(crate) struct Values {
    values: Vec<Value>,
    /// A column that an object has twice.
    twice: Option<usize>,
}

#[derive(Clone, Default)]
struct Value {
    text: String,
    kind: Kind,
    found: Found,
    was_there: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Found {
    #[default]
    Nowhere,
    Within,
    /// The object has a member of the whole name, which wins.
    Whole,
}

impl Fields {
    /// Columns with these names, in this order.
    pub(crate) fn new(names: Vec<String>) -> Self {
        let mut members = Members::default();
        for (column, name) in names.iter().enumerate() {
            members.0.entry(plain(name)).or_default().column = Some(column);
        }
        for (column, name) in names.iter().enumerate() {
            let Some((first, rest)) = name.split_once('.') else {
                continue;
            };
            let mut member = members.0.entry(plain(first)).or_default();
            for part in rest.split('.') {
                member = member.inner.0.entry(plain(part)).or_default();
            }
            member.column = Some(column);
        }
        Self { names, members }
    }

    /// Takes the cells from an object, or says why there are none.
    pub(crate) fn read(&self, text: &str, values: &mut Values, cells: &mut Cells) -> Result<(), String> {
        values.begin(self.names.len());
        if self.members.read(text, true, values).is_err() {
            let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok() && !text.trim_start().starts_with('{');
            return Err(if is_json {
                "must be a JSON object, whose members are its columns".to_owned()
            } else {
                not_json(text)
            });
        }
        if let Some(name) = values.twice.and_then(|column| self.names.get(column)) {
            return Err(format!("{} is given twice: give it once", look::shown(name)));
        }
        cells.begin();
        for value in &values.values {
            cells.push(&value.text, value.kind);
        }
        Ok(())
    }

    /// The names of the columns, in the order of the cells.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns, each with whether an object had it.
    pub(crate) fn seen<'f>(&'f self, values: &'f Values) -> impl Iterator<Item = (&'f str, bool)> {
        let was_there = |column| values.values.get(column).is_some_and(|value: &Value| value.was_there);
        let columns = self.names.iter().enumerate();
        columns.map(move |(column, name)| (name.as_str(), was_there(column)))
    }
}

fn plain(name: &str) -> String {
    look::name(name).into_owned()
}

impl Members {
    fn read(&self, text: &str, is_outermost: bool, values: &mut Values) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.deserialize_map(Reading {
            members: self,
            is_outermost,
            values,
        })?;
        deserializer.end()
    }
}

/// Takes the values out of one object.
struct Reading<'r> {
    members: &'r Members,
    is_outermost: bool,
    values: &'r mut Values,
}

/// A text in JSON, which is borrowed if it has no escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'de> de::Visitor<'de> for Reading<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(Text(name)) = object.next_key()? {
            let Some(member) = self.members.0.get(&*look::name(&name)) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = object.next_value::<&RawValue>()?.get();
            if let Some(column) = member.column {
                let found = if self.is_outermost { Found::Whole } else { Found::Within };
                self.values.set(column, found, value).map_err(de::Error::custom)?;
            }
            if value.starts_with('{') && !member.inner.0.is_empty() {
                member
                    .inner
                    .read(value, false, self.values)
                    .map_err(de::Error::custom)?;
            }
        }
        Ok(())
    }
}

impl Values {
    fn begin(&mut self, columns: usize) {
        self.values.resize_with(columns, Value::default);
        for value in &mut self.values {
            value.text.clear();
            (value.kind, value.found) = (Kind::Text, Found::Nowhere);
        }
        self.twice = None;
    }

    fn set(&mut self, column: usize, found: Found, json: &str) -> serde_json::Result<()> {
        let Some(value) = self.values.get_mut(column) else {
            return Ok(());
        };
        value.was_there = true;
        match value.found {
            Found::Whole if found == Found::Within => return Ok(()),
            before if before == found => self.twice = Some(column),
            _ => {}
        }
        value.found = found;
        value.text.clear();
        value.kind = match json.as_bytes().first() {
            Some(b'"') => {
                let Text(text) = serde_json::from_str(json)?;
                value.text.push_str(&text);
                Kind::Text
            }
            Some(b'n') => Kind::Text,
            first => {
                value.text.push_str(json);
                match first {
                    Some(b'{') => Kind::Object,
                    Some(b'[') => Kind::List,
                    Some(b't' | b'f') => Kind::Boolean,
                    _ => Kind::Number,
                }
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str], text: &str) -> Result<Vec<(String, Kind)>, String> {
        let fields = Fields::new(names.iter().map(|name| (*name).to_owned()).collect());
        let mut cells = Cells::default();
        fields.read(text, &mut Values::default(), &mut cells)?;
        Ok((0..names.len())
            .map(|index| (cells.get(index).unwrap().to_owned(), cells.kind(index)))
            .collect())
    }

    fn one(name: &str, text: &str) -> (String, Kind) {
        read(&[name], text).unwrap().remove(0)
    }

    #[test]
    fn a_value_keeps_its_kind_and_its_digits() {
        for (json, text, kind) in [
            ("\"a\\n\\u00e9\"", "a\né", Kind::Text),
            ("null", "", Kind::Text),
            ("true", "true", Kind::Boolean),
            ("9223372036854775809", "9223372036854775809", Kind::Number),
            ("1.10", "1.10", Kind::Number),
            ("[1, 2]", "[1, 2]", Kind::List),
            ("{\"a\":1}", "{\"a\":1}", Kind::Object),
        ] {
            let object = format!("{{\"z\":[{{}}],\"x\":{json}}}");
            assert_eq!(one("x", &object), (text.to_owned(), kind), "{json}");
        }
        assert_eq!(one("x", "{}"), (String::new(), Kind::Text));
    }

    #[test]
    fn a_dot_leads_into_an_object_unless_the_whole_name_is_there() {
        let text = |name: &str, object: &str| one(name, object).0;
        assert_eq!(text("a.b", r#"{"a":{"b":1}}"#), "1");
        assert_eq!(text("a.b", r#"{"a":{"b":1},"a.b":2}"#), "2");
        assert_eq!(text("a.b", r#"{"a.b":2,"a":{"b":1}}"#), "2");
        assert_eq!(text("a.b", r#"{"a.b":null,"a":{"b":1}}"#), "", "it is there, and empty");
        assert_eq!(text("a.b", r#"{"a":[{"b":1}]}"#), "");
        assert_eq!(text("a.b.c", r#"{"a":{"b":{"c":"x","d":1}}}"#), "x");
        assert_eq!(text("a.b.", r#"{"a.b.":3}"#), "3");
        assert_eq!(
            read(&["a", "a.b"], r#"{"a":{"b":1}}"#).unwrap(),
            [("{\"b\":1}".to_owned(), Kind::Object), ("1".to_owned(), Kind::Number)]
        );
    }

    #[test]
    fn what_is_no_object_or_ambiguous_is_refused_without_its_values() {
        assert_eq!(
            read(&["a"], "[1]").unwrap_err(),
            "must be a JSON object, whose members are its columns"
        );
        assert!(
            read(&["a"], r#"{"a":"secret"#)
                .unwrap_err()
                .starts_with("is not valid JSON")
        );
        assert!(
            read(&["a"], r#"{"a":1} {"a":2}"#)
                .unwrap_err()
                .starts_with("several JSON objects")
        );
        assert!(
            read(&["a"], r#"{"a":"\ud800"}"#)
                .unwrap_err()
                .starts_with("is not valid JSON")
        );
        for twice in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#] {
            assert_eq!(read(&["a"], twice).unwrap_err(), "a is given twice: give it once");
        }
        assert!(read(&["b"], r#"{"a":1,"a":2,"b":1}"#).is_ok());
    }
}
