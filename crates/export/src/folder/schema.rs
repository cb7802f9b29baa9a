//! The columns of all files of a folder.

use std::collections::HashSet;

use dfinery_records::Taxonomy;
use serde::{Deserialize, Serialize};

use crate::{
    column::{Column, Table},
    filter::Selection,
    format::{Compression, Format},
};

/// How the files of a folder are written, and their columns in an order that never changes: new ones come at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schema {
    pub(crate) version: u32,
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    #[serde(default)]
    pub(crate) events: Vec<Column>,
    #[serde(default)]
    pub(crate) profiles: Vec<Column>,
    /// Which events the folder holds; unset as long as it has none.
    #[serde(default)]
    events_selection: Option<Selection>,
    /// Which profiles.
    #[serde(default)]
    profiles_selection: Option<Selection>,
}

impl Schema {
    /// The form that this version writes.
    pub(crate) const VERSION: u32 = 1;

    pub(crate) fn new(format: Format, compression: Compression) -> Self {
        Self {
            version: Self::VERSION,
            format,
            compression,
            events: Vec::new(),
            profiles: Vec::new(),
            events_selection: None,
            profiles_selection: None,
        }
    }

    pub(crate) const fn selection(&mut self, table: Table) -> &mut Option<Selection> {
        match table {
            Table::Events => &mut self.events_selection,
            Table::Profiles => &mut self.profiles_selection,
        }
    }

    /// The columns whose type would be another one if they came anew, with both types.
    pub(crate) fn differences(&self, table: Table, taxonomy: &Taxonomy) -> Vec<String> {
        let columns = self.columns(table).iter().filter_map(|column| {
            let (name, is) = (&column.name, column.column_type);
            let would_be = Column::named(name, table, taxonomy).column_type;
            (is != would_be).then(|| {
                format!("The column {name} stays {is} in this folder, and would be {would_be} by the taxonomy: another folder would have that type")
            })
        });
        columns.collect()
    }

    pub(crate) const fn columns(&self, table: Table) -> &Vec<Column> {
        match table {
            Table::Events => &self.events,
            Table::Profiles => &self.profiles,
        }
    }

    /// Adds the columns that are new. The type of a column stays what it was when it first came.
    pub(crate) fn extend<'a>(&mut self, table: Table, names: impl Iterator<Item = &'a str>, taxonomy: &Taxonomy) {
        let columns = match table {
            Table::Events => &mut self.events,
            Table::Profiles => &mut self.profiles,
        };
        let mut known: HashSet<_> = columns.iter().map(|column| column.name.clone()).collect();
        for name in names {
            if known.insert(name.to_owned()) {
                columns.push(Column::named(name, table, taxonomy));
            }
        }
    }
}
