//! Properties of events, items and users, and their values.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Timestamp, Violations,
    validate::{Path, Validate},
};

/// The value of a property of an event, an item or a user.
///
/// Build it with `into()`: a whole number becomes a [`Long`](Self::Long), a fraction a [`Double`](Self::Double).
/// An array holds values of one type. `Debug` shows the type and never the value, which may be personal.
///
/// Source: the data types page of the [API guide](https://docs.dfinery.ai/api-guide/undefined); `null` is adjacent.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum PropertyValue {
    /// No value. For consent it is a separate state; whether it clears another property is undocumented.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number of 64 bits.
    Long(i64),
    /// A number with a fraction; must be finite.
    Double(f64),
    /// A text.
    String(String),
    /// A point in time.
    Datetime(Timestamp),
    /// Texts.
    Strings(Vec<String>),
    /// Whole numbers.
    Longs(Vec<i64>),
    /// Numbers with a fraction; each must be finite.
    Doubles(Vec<f64>),
}

impl Validate for PropertyValue {
    fn check(&self, at: &Path<'_>, out: &mut Violations) {
        let finite = match self {
            Self::Double(number) => number.is_finite(),
            Self::Doubles(numbers) => numbers.iter().all(|number| number.is_finite()),
            _ => true,
        };
        if !finite {
            out.push(
                at,
                "NaN and infinity cannot be sent: give a finite number or leave the property out",
            );
        }
    }
}

impl fmt::Debug for PropertyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Boolean(_) => "Boolean([redacted])",
            Self::Long(_) => "Long([redacted])",
            Self::Double(_) => "Double([redacted])",
            Self::String(_) => "String([redacted])",
            Self::Datetime(_) => "Datetime([redacted])",
            Self::Strings(_) => "Strings([redacted])",
            Self::Longs(_) => "Longs([redacted])",
            Self::Doubles(_) => "Doubles([redacted])",
        })
    }
}

impl Serialize for PropertyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => value.serialize(serializer),
            Self::Long(value) => value.serialize(serializer),
            Self::Double(value) => value.serialize(serializer),
            Self::String(value) => value.serialize(serializer),
            Self::Datetime(value) => value.serialize(serializer),
            Self::Strings(values) => values.serialize(serializer),
            Self::Longs(values) => values.serialize(serializer),
            Self::Doubles(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PropertyValue {
    /// Reads any JSON value that a property can have. A text stays a text, even if it looks like a time.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PropertyValueVisitor)
    }
}

struct PropertyValueVisitor;

impl<'de> de::Visitor<'de> for PropertyValueVisitor {
    type Value = PropertyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false, null, or an array of texts or of numbers")
    }

    fn visit_unit<E: de::Error>(self) -> Result<PropertyValue, E> {
        Ok(PropertyValue::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<PropertyValue, E> {
        Ok(PropertyValue::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<PropertyValue, E> {
        Ok(PropertyValue::Long(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<PropertyValue, E> {
        i64::try_from(value)
            .map(PropertyValue::Long)
            .map_err(|_| E::custom("a whole number beyond 64 bits with sign cannot be sent exactly: send it as a text"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<PropertyValue, E> {
        Ok(PropertyValue::Double(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<PropertyValue, E> {
        Ok(PropertyValue::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<PropertyValue, E> {
        Ok(PropertyValue::String(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut values: A) -> Result<PropertyValue, A::Error> {
        let mut array = PropertyValue::Strings(Vec::new());
        let mut first = true;
        while let Some(value) = values.next_element()? {
            array = append(array, value, first).map_err(de::Error::custom)?;
            first = false;
        }
        Ok(array)
    }
}

/// Adds an element to an array, which takes the type of its first one; whole numbers among fractions become fractions.
#[allow(
    clippy::cast_precision_loss,
    reason = "an array of doubles may be written with whole numbers"
)]
fn append(array: PropertyValue, value: PropertyValue, first: bool) -> Result<PropertyValue, &'static str> {
    use PropertyValue::{Double, Doubles, Long, Longs, String, Strings};
    Ok(match (array, value) {
        (Strings(mut texts), String(text)) => {
            texts.push(text);
            Strings(texts)
        }
        (Strings(_), Long(number)) if first => Longs(vec![number]),
        (Strings(_), Double(number)) if first => Doubles(vec![number]),
        (Longs(mut numbers), Long(number)) => {
            numbers.push(number);
            Longs(numbers)
        }
        (Longs(numbers), Double(number)) => {
            Doubles(numbers.into_iter().map(|whole| whole as f64).chain([number]).collect())
        }
        (Doubles(mut numbers), Double(number)) => {
            numbers.push(number);
            Doubles(numbers)
        }
        (Doubles(mut numbers), Long(number)) => {
            numbers.push(number as f64);
            Doubles(numbers)
        }
        _ => return Err("an array holds only texts or only numbers"),
    })
}

macro_rules! from_value {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for PropertyValue {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from_value! {
    bool => Boolean, i16 => Long, u16 => Long, i32 => Long, u32 => Long, i64 => Long, f32 => Double, f64 => Double, &str => String, String => String,
    Timestamp => Datetime, jiff::Timestamp => Datetime, Vec<String> => Strings, Vec<i64> => Longs, Vec<f64> => Doubles,
}

impl From<jiff::civil::Date> for PropertyValue {
    /// A date is a text in the form `yyyy-MM-dd`.
    fn from(date: jiff::civil::Date) -> Self {
        Self::String(date.to_string())
    }
}

impl From<&[&str]> for PropertyValue {
    fn from(values: &[&str]) -> Self {
        Self::Strings(values.iter().copied().map(str::to_owned).collect())
    }
}

impl<const N: usize> From<[&str; N]> for PropertyValue {
    fn from(values: [&str; N]) -> Self {
        values.as_slice().into()
    }
}

impl<T: Into<PropertyValue>> From<Option<T>> for PropertyValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Properties by name, in the order of their names. Names must be registered in the DFINERY console.
///
/// ```
/// use dfinery::Properties;
/// let item = Properties::new().with("df_item_id", "P-7").with("df_price", 9_900.0).with("df_quantity", 2);
/// let consent = Properties::from([("df_push_ads_optin", true), ("df_sms_ads_optin", false)]);
/// assert_eq!((item.len(), consent.len()), (3, 2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(BTreeMap<String, PropertyValue>);

impl Properties {
    /// No properties.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// These properties with one more, or with another value for it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets a property and returns its previous value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<PropertyValue>) -> Option<PropertyValue> {
        self.0.insert(name.into(), value.into())
    }

    /// The value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&PropertyValue> {
        self.0.get(name)
    }

    /// All properties, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PropertyValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Validate for Properties {
    fn check(&self, at: &Path<'_>, out: &mut Violations) {
        for (name, value) in &self.0 {
            let at = at.field(name);
            if name.is_empty() {
                out.push(&at, "a property needs a name");
            }
            value.check(&at, out);
        }
    }
}

impl<N: Into<String>, V: Into<PropertyValue>> FromIterator<(N, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(properties: I) -> Self {
        Self(
            properties
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl<N: Into<String>, V: Into<PropertyValue>, const C: usize> From<[(N, V); C]> for Properties {
    fn from(properties: [(N, V); C]) -> Self {
        properties.into_iter().collect()
    }
}

impl<N: Into<String>, V: Into<PropertyValue>> Extend<(N, V)> for Properties {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, properties: I) {
        self.0
            .extend(properties.into_iter().map(|(name, value)| (name.into(), value.into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<PropertyValue, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn numbers_keep_their_type_on_the_way_through() {
        for json in [
            "1",
            "1.5",
            "1200.0",
            "-9223372036854775808",
            "[1,2]",
            "[0.5,2.0]",
            "null",
            "true",
            "[]",
            "\"1\"",
        ] {
            assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
        }
        assert_eq!(read("[1, 2.5]").unwrap(), PropertyValue::Doubles(vec![1.0, 2.5]));
    }

    #[test]
    fn what_cannot_be_sent_exactly_is_refused() {
        for json in ["9223372036854775808", "[1, \"a\"]", "{}", "[true]", "[[1]]", "[null]"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_named() {
        let properties = Properties::from([("df_discount", f64::NAN)]);
        assert_eq!(properties.violations().unwrap_err()[0].path(), "df_discount");
    }
}
