//! How the cells of a column are read.

use serde::{Deserialize, Serialize};

use super::{
    constant::{Constant, Values},
    types::Type,
};

/// How the cells of a column are read, or of several that are joined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The columns whose cells make one text, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) join: Vec<String>,
    /// What stands between them; a blank by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) with: Option<String>,
    /// Which of the rows of a group have the value.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) take: Take,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Type>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) empty: Empty,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Constant>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) formats: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thousands: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) separator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) yes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
}

impl Column {
    /// The columns that it names.
    pub(crate) fn names(&self) -> &[String] {
        if self.join.is_empty() {
            std::slice::from_ref(&self.name)
        } else {
            &self.join
        }
    }

    /// The texts that its cells are compared with.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let values = self.values.iter().flat_map(|values| &values.0).map(|(text, _)| text);
        let lists = [&self.yes, &self.no].into_iter().flatten().flatten();
        values.chain(lists).map(String::as_str)
    }

    /// Its name in a message.
    pub(super) fn label(&self) -> String {
        self.names().join(" + ")
    }

    /// The type of its values if neither the mapping nor the taxonomy gives one.
    pub(super) fn own_kind(&self) -> Type {
        self.values.as_ref().map_or(Type::String, Values::kind)
    }
}

/// Which rows of a group have a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Take {
    /// All of them, and it is the same.
    #[default]
    Same,
    /// The first one whose cell is not empty.
    First,
    /// The last one whose cell is not empty.
    Last,
    /// All of them together.
    Sum,
}

/// How to treat an empty cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Empty {
    /// The property is left out.
    #[default]
    Omit,
    /// The property is null.
    Null,
    /// The property is an empty text.
    Keep,
    /// The property has the default of the mapping, which gives no `empty`.
    #[serde(skip_deserializing)]
    Default,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
