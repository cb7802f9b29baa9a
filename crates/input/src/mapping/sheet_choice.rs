//! Which sheet of a workbook holds the table.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The name of a sheet, or its place among those that are seen, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum SheetChoice {
    Name(String),
    Number(u64),
}

const EXPECTED: &str = "sheet: must be the name of a sheet (in quotes if it is a number), or its place from 1";

impl<'de> Deserialize<'de> for SheetChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SheetVisitor)
    }
}

struct SheetVisitor;

impl de::Visitor<'_> for SheetVisitor {
    type Value = SheetChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a sheet (in quotes if it is a number), or its place from 1")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<SheetChoice, E> {
        if name.trim().is_empty() {
            return Err(E::custom(EXPECTED));
        }
        Ok(SheetChoice::Name(name.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<SheetChoice, E> {
        if number == 0 {
            return Err(E::custom(EXPECTED));
        }
        Ok(SheetChoice::Number(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<SheetChoice, E> {
        u64::try_from(number).map_or_else(|_| Err(E::custom(EXPECTED)), |number| self.visit_u64(number))
    }
}
