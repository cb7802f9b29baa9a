//! The columns of all files of a folder.

use std::collections::HashSet;

use dfinery_records::Taxonomy;
use serde::{Deserialize, Serialize};

use crate::{
    column::{Column, Table},
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
}

impl Schema {
    pub(crate) fn new(format: Format, compression: Compression) -> Self {
        Self {
            version: 1,
            format,
            compression,
            events: Vec::new(),
            profiles: Vec::new(),
        }
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
