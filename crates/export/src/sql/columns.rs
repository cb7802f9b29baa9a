//! The columns of a file and their types in each warehouse.

use crate::{
    column::{Column, ColumnType},
    convert::{DAY, EXPORT, EXPORTED_AT, UNPARSED},
};

/// A column of a file.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Column(ColumnType),
    /// The cells that did not fit, by column.
    Unparsed,
}

/// The columns of a file in its order: those that every file has in front, then those of the service.
pub(super) fn fields(columns: &[Column]) -> Vec<Field<'_>> {
    let front = [
        (DAY, Kind::Column(ColumnType::Date)),
        (EXPORTED_AT, Kind::Column(ColumnType::Datetime)),
        (EXPORT, Kind::Column(ColumnType::String)),
        (UNPARSED, Kind::Unparsed),
    ];
    let front = front.into_iter().map(|(name, kind)| Field { name, kind });
    let rest = columns.iter().map(|column| Field {
        name: &column.name,
        kind: Kind::Column(column.column_type),
    });
    front.chain(rest).collect()
}

impl Field<'_> {
    pub(super) const fn duckdb(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed => "JSON",
            Kind::Column(ColumnType::String) => "VARCHAR",
            Kind::Column(ColumnType::Long) => "BIGINT",
            Kind::Column(ColumnType::Double) => "DOUBLE",
            Kind::Column(ColumnType::Boolean) => "BOOLEAN",
            Kind::Column(ColumnType::Datetime) => "TIMESTAMPTZ",
            Kind::Column(ColumnType::Date) => "DATE",
        }
    }

    pub(super) const fn spark(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed => "MAP<STRING, STRING>",
            Kind::Column(ColumnType::String) => "STRING",
            Kind::Column(ColumnType::Long) => "BIGINT",
            Kind::Column(ColumnType::Double) => "DOUBLE",
            Kind::Column(ColumnType::Boolean) => "BOOLEAN",
            Kind::Column(ColumnType::Datetime) => "TIMESTAMP",
            Kind::Column(ColumnType::Date) => "DATE",
        }
    }

    pub(super) const fn athena(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed => "map<string,string>",
            Kind::Column(ColumnType::Long) => "bigint",
            Kind::Column(ColumnType::Double) => "double",
            Kind::Column(ColumnType::Boolean) => "boolean",
            Kind::Column(ColumnType::Datetime) => "timestamp",
            Kind::Column(ColumnType::Date) => "date",
            Kind::Column(ColumnType::String) => "string",
        }
    }

    pub(super) const fn bigquery(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed => "JSON",
            Kind::Column(ColumnType::String) => "STRING",
            Kind::Column(ColumnType::Long) => "INT64",
            Kind::Column(ColumnType::Double) => "FLOAT64",
            Kind::Column(ColumnType::Boolean) => "BOOL",
            Kind::Column(ColumnType::Datetime) => "TIMESTAMP",
            Kind::Column(ColumnType::Date) => "DATE",
        }
    }

    pub(super) const fn snowflake(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed => "VARIANT",
            Kind::Column(ColumnType::String) => "VARCHAR",
            Kind::Column(ColumnType::Long) => "NUMBER(19, 0)",
            Kind::Column(ColumnType::Double) => "FLOAT",
            Kind::Column(ColumnType::Boolean) => "BOOLEAN",
            Kind::Column(ColumnType::Datetime) => "TIMESTAMP_TZ",
            Kind::Column(ColumnType::Date) => "DATE",
        }
    }

    pub(super) const fn redshift(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed => "SUPER",
            Kind::Column(ColumnType::String) => "VARCHAR(65535)",
            Kind::Column(ColumnType::Long) => "BIGINT",
            Kind::Column(ColumnType::Double) => "DOUBLE PRECISION",
            Kind::Column(ColumnType::Boolean) => "BOOLEAN",
            Kind::Column(ColumnType::Datetime) => "TIMESTAMPTZ",
            Kind::Column(ColumnType::Date) => "DATE",
        }
    }

    pub(super) const fn dbt(&self) -> &'static str {
        match self.kind {
            Kind::Unparsed | Kind::Column(ColumnType::String) => "string",
            Kind::Column(ColumnType::Long) => "integer",
            Kind::Column(ColumnType::Double) => "float",
            Kind::Column(ColumnType::Boolean) => "boolean",
            Kind::Column(ColumnType::Datetime) => "timestamp",
            Kind::Column(ColumnType::Date) => "date",
        }
    }
}
