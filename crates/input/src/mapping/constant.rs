//! Values that a mapping gives itself.

use std::{collections::HashSet, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::types::Type;

/// A value as JSON: a text, a number, true or false, or a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Constant(pub(super) String);

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = dfinery::PropertyValue::deserialize(deserializer)?;
        match value {
            dfinery::PropertyValue::Null => Err(de::Error::custom("constant: must not be null")),
            value => serde_json::to_string(&value).map(Self).map_err(de::Error::custom),
        }
    }
}

impl Constant {
    /// The type that it has by itself; `None` for a list.
    fn kind(&self) -> Option<Type> {
        Some(match self.0.as_bytes().first()? {
            b'"' => Type::String,
            b't' | b'f' => Type::Boolean,
            b'[' => return None,
            _ if self.0.parse::<i64>().is_ok() => Type::Long,
            _ => Type::Double,
        })
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<String> {
        serde_json::from_str(&self.0).ok()
    }

    /// Whether it is a value of this type, in the form in which it is sent.
    pub(super) fn check(&self, kind: Type) -> Result<(), String> {
        let is = |list: &str| serde_json::from_str::<serde_json::Value>(list).is_ok_and(|list| list.is_array());
        let (fits, form) = match kind {
            Type::String => (
                self.kind() == Some(Type::String),
                "a text, in quotes if it looks like a number",
            ),
            Type::Phone | Type::Datetime | Type::Date => (self.kind() == Some(Type::String), "a text in quotes"),
            Type::Long => (self.kind() == Some(Type::Long), "a whole number of 64 bits"),
            Type::Double => (matches!(self.kind(), Some(Type::Long | Type::Double)), "a number"),
            Type::Boolean => (self.kind() == Some(Type::Boolean), "true or false"),
            Type::StringArray => (is(&self.0) && self.0.starts_with("[\""), "a list of texts"),
            Type::LongArray => (
                serde_json::from_str::<Vec<i64>>(&self.0).is_ok(),
                "a list of whole numbers",
            ),
            Type::DoubleArray => (serde_json::from_str::<Vec<f64>>(&self.0).is_ok(), "a list of numbers"),
        };
        fits.then_some(()).ok_or_else(|| format!("must be {form}"))
    }
}

/// What the texts of a column mean, in the order written.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Values(pub(super) Vec<(String, Constant)>);

/// How many texts a message lists.
const MOST_LISTED: usize = 5;

impl Values {
    /// The type that all of them have.
    pub(super) fn kind(&self) -> Type {
        let mut kinds = self.0.iter().filter_map(|(_, value)| value.kind());
        let first = kinds.next().unwrap_or(Type::String);
        if first == Type::Long && kinds.any(|kind| kind == Type::Double) {
            return Type::Double;
        }
        first
    }

    /// Whether all of them are values of this type.
    pub(super) fn check(&self, kind: Type) -> Result<(), String> {
        self.0.iter().try_for_each(|(text, value)| {
            value
                .check(kind)
                .map_err(|problem| format!("values: {text}: {problem}, as the type is {}", kind.name()))
        })
    }

    /// The texts for a message: all of them, or their number and the first ones.
    pub(super) fn listed(&self) -> String {
        let first: Vec<_> = self.0.iter().take(MOST_LISTED).map(|(text, _)| text.as_str()).collect();
        let first = first.join(", ");
        if self.0.len() > MOST_LISTED {
            format!(
                "one of the {} texts that the mapping lists, such as {first}",
                self.0.len()
            )
        } else {
            format!("one of {first}")
        }
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;

        impl<'de> de::Visitor<'de> for ValuesVisitor {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from what cells say to values, such as {남: Male, 여: Female}")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut entries = Vec::new();
                let mut texts = HashSet::new();
                while let Some((text, value)) = map.next_entry::<String, Constant>()? {
                    let text = text.trim().to_owned();
                    if text.is_empty() {
                        return Err(de::Error::custom("values: for empty cells give default or empty"));
                    }
                    if value.kind().is_none() {
                        return Err(de::Error::custom(format_args!("values: {text}: must not be a list")));
                    }
                    if !texts.insert(text.clone()) {
                        return Err(de::Error::custom(format_args!("values: {text} is given twice")));
                    }
                    entries.push((text, value));
                }
                if entries.is_empty() {
                    return Err(de::Error::custom("values: must not be empty"));
                }
                Ok(Values(entries))
            }
        }

        deserializer.deserialize_map(ValuesVisitor)
    }
}
