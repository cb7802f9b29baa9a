//! Which rows become records.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, value::MapAccessDeserializer},
};

use crate::table::Cells;

/// What the cell of a column must be, without the spaces around it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Condition {
    column: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Test {
    In(BTreeSet<String>),
    Empty(bool),
    Prefix(String),
}

impl Test {
    fn holds(&self, cell: &str) -> bool {
        match self {
            Self::In(texts) => texts.contains(cell),
            Self::Empty(is_empty) => cell.is_empty() == *is_empty,
            Self::Prefix(prefix) => cell.starts_with(prefix),
        }
    }
}

/// A condition or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Conditions(Vec<Condition>);

impl Conditions {
    /// The columns that are named, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|condition| condition.column.as_str())
    }

    /// The texts that a cell is compared with.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let lists = self.0.iter().filter_map(|condition| match &condition.test {
            Test::In(texts) => Some(texts),
            Test::Empty(_) | Test::Prefix(_) => None,
        });
        lists.flatten().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ConditionsVisitor;

        impl<'de> de::Visitor<'de> for ConditionsVisitor {
            type Value = Conditions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a condition such as {column: 구분, equals: 합계}, or a list of conditions")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Conditions, A::Error> {
                let keys = Keys::deserialize(MapAccessDeserializer::new(map))?;
                let condition = keys.into_condition().map_err(de::Error::custom)?;
                Ok(Conditions(vec![condition]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Conditions, A::Error> {
                let mut conditions = Vec::new();
                while let Some(keys) = list.next_element::<Keys>()? {
                    conditions.push(keys.into_condition().map_err(de::Error::custom)?);
                }
                if conditions.is_empty() {
                    return Err(de::Error::custom("a list of conditions must not be empty"));
                }
                Ok(Conditions(conditions))
            }
        }

        deserializer.deserialize_any(ConditionsVisitor)
    }
}

/// The keys of a condition as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    column: String,
    equals: Option<String>,
    #[serde(rename = "in")]
    one_of: Option<Vec<String>>,
    empty: Option<bool>,
    prefix: Option<String>,
}

impl Keys {
    fn into_condition(self) -> Result<Condition, String> {
        let column = self.column.trim().to_owned();
        if column.is_empty() {
            return Err("column: must not be empty".to_owned());
        }
        let test = match (self.equals, self.one_of, self.empty, self.prefix) {
            (Some(text), None, None, None) => Test::In(BTreeSet::from([trimmed("equals", &text)?])),
            (None, Some(texts), None, None) if texts.is_empty() => return Err("in: must not be empty".to_owned()),
            (None, Some(texts), None, None) => {
                Test::In(texts.iter().map(|text| trimmed("in", text)).collect::<Result<_, _>>()?)
            }
            (None, None, Some(is_empty), None) => Test::Empty(is_empty),
            (None, None, None, Some(prefix)) if prefix.trim().is_empty() => {
                return Err("prefix: must not be empty".to_owned());
            }
            (None, None, None, Some(prefix)) => Test::Prefix(prefix.trim_start().to_owned()),
            _ => return Err("a condition has one of equals, in, empty and prefix".to_owned()),
        };
        Ok(Condition { column, test })
    }
}

fn trimmed(key: &str, text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("{key}: an empty cell is asked for by empty: true")),
        text => Ok(text.to_owned()),
    }
}

/// Conditions fitted to a header.
#[derive(Default)]
pub(super) struct Filter {
    only_if: Vec<(usize, Test)>,
    skip_if: Vec<(usize, Test)>,
}

impl Filter {
    /// `place` is the place of a column in a row.
    pub(super) fn new(
        only_if: Option<&Conditions>,
        skip_if: Option<&Conditions>,
        place: impl Fn(&str) -> usize,
    ) -> Self {
        let fitted = |conditions: Option<&Conditions>| {
            let conditions = conditions.into_iter().flat_map(|conditions| &conditions.0);
            conditions
                .map(|condition| (place(&condition.column), condition.test.clone()))
                .collect()
        };
        Self {
            only_if: fitted(only_if),
            skip_if: fitted(skip_if),
        }
    }

    /// Whether a row is taken: all conditions of `only_if` hold, and none of `skip_if`.
    pub(super) fn takes(&self, cells: &Cells) -> bool {
        let holds = |(index, test): &(usize, Test)| test.holds(cells.get(*index).unwrap_or_default().trim());
        self.only_if.iter().all(holds) && !self.skip_if.iter().any(holds)
    }
}
