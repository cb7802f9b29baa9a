//! Which rows become one record.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::table::Cells;

/// The columns whose cells are the same in all rows of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct GroupBy(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for GroupBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GroupByVisitor;

        impl<'de> de::Visitor<'de> for GroupByVisitor {
            type Value = GroupBy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column (in quotes if it is a number), or a list of names")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<GroupBy, E> {
                GroupBy::new(&[name.to_owned()])
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<GroupBy, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element::<String>()? {
                    names.push(name);
                }
                GroupBy::new(&names)
            }
        }

        deserializer.deserialize_any(GroupByVisitor)
    }
}

impl GroupBy {
    fn new<E: de::Error>(names: &[String]) -> Result<Self, E> {
        let names: Vec<_> = names.iter().map(|name| name.trim().to_owned()).collect();
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(E::custom("group_by: must be the name of a column, or a list of names"));
        }
        Ok(Self(names))
    }

    /// Their names in a message.
    pub(super) fn label(&self) -> String {
        self.0.join(" + ")
    }
}

/// The columns of a key, fitted to a header.
pub(crate) struct Key {
    /// Their places in a row, and their names.
    pub(super) columns: Vec<(usize, String)>,
    /// Their names in a message.
    pub(crate) label: String,
}

impl Key {
    /// Writes the key of a row, or says which of its cells is empty.
    pub(crate) fn read(&self, cells: &Cells, key: &mut Vec<u8>) -> Result<(), String> {
        key.clear();
        for (index, name) in &self.columns {
            let cell = cells.get(*index).unwrap_or_default().trim();
            if cell.is_empty() {
                return Err(format!(
                    "{name} is empty, so it is not known to which record the row belongs: fill it in, or pass over such rows \
                     by skip_if"
                ));
            }
            key.extend((cell.len() as u64).to_le_bytes());
            key.extend(cell.as_bytes());
        }
        Ok(())
    }
}
