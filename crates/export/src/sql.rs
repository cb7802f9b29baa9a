//! The statement that loads a folder of exports into a warehouse.

mod columns;
mod quote;

use std::{fmt::Write as _, path::Path};

use jiff::civil::{Date, date};

use self::{
    columns::{Field, fields},
    quote::{backticked, escaped, identifier, literal, text, within},
};
use crate::{
    column::Table,
    error::ExportError,
    folder::Folder,
    format::{Compression, Format},
};

/// Where a folder without days begins for Athena, which wants to know: earlier than any export.
const EARLIEST: Date = date(2020, 1, 1);

/// What reads a folder of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warehouse {
    /// `DuckDB`.
    Duckdb,
    /// Google `BigQuery`.
    Bigquery,
    /// Snowflake.
    Snowflake,
    /// Amazon Redshift.
    Redshift,
    /// Amazon Athena.
    Athena,
    /// Apache Spark.
    Spark,
    /// polars.
    Polars,
    /// dbt: a file of sources.
    Dbt,
}

/// Statements that load the events of a folder, with the columns that it has now. `place` is where the warehouse finds the
/// folder, such as `s3://bucket/dfinery`; if unset, the folder itself.
///
/// Those for `DuckDB`, polars and Spark are run by the tests of this project; the others were written from the documentation of the
/// warehouse, and say so.
///
/// # Errors
/// If the folder holds no exports, its files are of a format that the warehouse cannot load, or the warehouse cannot be told
/// where it is: without a place, the path of the folder must be UTF-8.
pub fn load_statement(
    warehouse: Warehouse,
    folder: impl AsRef<Path>,
    place: Option<&str>,
) -> Result<String, ExportError> {
    let folder = Folder::at(folder.as_ref())?;
    let schema = folder.existing_schema()?;
    let name = folder.name();
    let own = || {
        name.to_str().ok_or_else(|| {
            ExportError::unfit(format!(
                "{} is not UTF-8, so that a statement would name another folder",
                name.display()
            ))
        })
    };
    let place = place.map_or_else(own, Ok)?.trim_end_matches('/');
    let table = Statement {
        place,
        format: schema.format,
        compression: schema.compression,
        fields: fields(schema.columns(Table::Events)),
    };
    let statement = match warehouse {
        Warehouse::Duckdb => table.duckdb(),
        Warehouse::Bigquery => table.bigquery()?,
        Warehouse::Snowflake => table.snowflake(),
        Warehouse::Redshift => table.redshift()?,
        Warehouse::Athena => table.athena(folder.index()?.first())?,
        Warehouse::Spark => table.spark(),
        Warehouse::Polars => table.polars(),
        Warehouse::Dbt => table.dbt(),
    };
    Ok(if warehouse.is_tried() {
        statement
    } else {
        let mark = match warehouse {
            Warehouse::Dbt => "#",
            _ => "--",
        };
        format!(
            "{mark} Written from the documentation of the warehouse and not run there: try it on one day first.\n{statement}"
        )
    })
}

impl Warehouse {
    /// Whether tests run its statements.
    const fn is_tried(self) -> bool {
        matches!(self, Self::Duckdb | Self::Polars | Self::Spark)
    }
}

struct Statement<'a> {
    place: &'a str,
    format: Format,
    compression: Compression,
    fields: Vec<Field<'a>>,
}

impl Statement<'_> {
    fn glob(&self) -> String {
        format!(
            "{}/events/dt=*/*.{}",
            self.place,
            self.format.extension(self.compression)
        )
    }

    /// The columns with types, one a line.
    fn columns(&self, spell: impl Fn(&Field<'_>) -> String) -> String {
        let lines: Vec<_> = self.fields.iter().map(|field| format!("  {}", spell(field))).collect();
        lines.join(",\n")
    }

    fn duckdb(&self) -> String {
        let glob = literal(&self.glob());
        match self.format {
            Format::Parquet => format!(
                "CREATE OR REPLACE VIEW df_events AS\nSELECT * FROM read_parquet({glob}, hive_partitioning = true, \
                 hive_types = {{'dt': DATE}}, union_by_name = true);\n"
            ),
            Format::Csv => format!(
                "CREATE OR REPLACE VIEW df_events AS\nSELECT * FROM read_csv({glob}, header = true, delim = ',', quote = '\"', \
                 escape = '\"', hive_partitioning = true, hive_types = {{'dt': DATE}}, union_by_name = true, types = {{\n{}\n}});\n",
                self.columns(|field| format!("{}: {}", literal(field.name), literal(field.duckdb())))
            ),
            Format::Ndjson => format!(
                "CREATE OR REPLACE VIEW df_events AS\nSELECT * FROM read_json({glob}, format = 'newline_delimited', \
                 hive_partitioning = true, hive_types = {{'dt': DATE}}, columns = {{\n{}\n}});\n",
                self.columns(|field| format!("{}: {}", literal(field.name), literal(field.duckdb())))
            ),
        }
    }

    fn polars(&self) -> String {
        let folder = text(&format!("{}/events/", self.place));
        match (self.format, self.compression) {
            (Format::Parquet, _) => format!(
                "import polars as pl\n\nevents = pl.scan_parquet({folder}, hive_partitioning=True, missing_columns=\"insert\", \
                 extra_columns=\"ignore\")\n"
            ),
            (Format::Csv, _) => format!(
                "import polars as pl\n\nevents = pl.scan_csv({}, infer_schema=False, missing_columns=\"insert\")\n",
                text(&self.glob())
            ),
            (Format::Ndjson, _) => format!(
                "import polars as pl\n\nevents = pl.scan_ndjson({}, infer_schema_length=None)\n",
                text(&self.glob())
            ),
        }
    }

    fn spark(&self) -> String {
        let folder = text(&format!("{}/events", self.place));
        match self.format {
            // Without mergeSchema, columns that only newer files have are dropped without a word.
            Format::Parquet => format!("events = spark.read.option(\"mergeSchema\", \"true\").parquet({folder})\n"),
            Format::Csv => format!(
                "schema = \"\"\"\n{}\n\"\"\"\nevents = (spark.read.schema(schema).option(\"header\", \"true\")\n    .option(\"multiLine\", \
                 \"true\").option(\"escape\", '\"').option(\"enforceSchema\", \"false\").csv({folder}))\n",
                self.columns(|field| within(&format!("{} STRING", backticked(field.name)), '"'))
            ),
            Format::Ndjson => format!(
                "schema = \"\"\"\n{}\n\"\"\"\nevents = spark.read.schema(schema).json({folder})\n",
                self.columns(|field| within(&format!("{} {}", backticked(field.name), field.spark()), '"'))
            ),
        }
    }

    fn bigquery(&self) -> Result<String, ExportError> {
        let (format, options) = match self.format {
            Format::Parquet => ("PARQUET", ""),
            Format::Csv => ("CSV", ", skip_leading_rows = 1, allow_quoted_newlines = true"),
            Format::Ndjson => ("NEWLINE_DELIMITED_JSON", ""),
        };
        self.refuse(Compression::Zstd, "BigQuery")?;
        let day = "2026-11-20";
        let files = format!("{}/events/dt={day}/*", self.place);
        Ok(format!(
            "-- One day, replaced whole. Put your dataset in front of the name, and the day in both places.\n\
             LOAD DATA INTO df_events (\n{}\n)\nOVERWRITE PARTITIONS (_dfinery_day = DATE '{day}')\nPARTITION BY _dfinery_day\n\
             FROM FILES (format = '{format}', uris = [{}]{options});\n",
            self.columns(|field| format!("{} {}", escaped(field.name, '`'), field.bigquery())),
            escaped(&files, '\'')
        ))
    }

    fn snowflake(&self) -> String {
        let format = match self.format {
            Format::Parquet => "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE",
            // Unless told otherwise, it takes a backslash for an escape.
            Format::Csv => {
                "TYPE = CSV PARSE_HEADER = TRUE FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = ('')"
            }
            Format::Ndjson => "TYPE = JSON",
        };
        format!(
            "CREATE TABLE IF NOT EXISTS df_events (\n{}\n);\nALTER TABLE df_events SET ENABLE_SCHEMA_EVOLUTION = TRUE;\n\
             -- One day, replaced whole: a file that was written again would be loaded twice without the DELETE.\n\
             BEGIN;\nDELETE FROM df_events WHERE \"_dfinery_day\" = '2026-11-20';\n\
             COPY INTO df_events FROM @dfinery/events/dt=2026-11-20/ FILE_FORMAT = ({format})\n  \
             MATCH_BY_COLUMN_NAME = CASE_SENSITIVE FORCE = TRUE;\nCOMMIT;\n",
            self.columns(|field| format!("{} {}", identifier(field.name), field.snowflake()))
        )
    }

    fn redshift(&self) -> Result<String, ExportError> {
        self.plain_place("Redshift", &['\\'])?;
        let format = match (self.format, self.compression) {
            (Format::Parquet, _) => "FORMAT AS PARQUET".to_owned(),
            (Format::Csv, compression) => format!("FORMAT AS CSV IGNOREHEADER 1{}", redshift_compression(compression)),
            (Format::Ndjson, compression) => format!("FORMAT AS JSON 'auto'{}", redshift_compression(compression)),
        };
        let names: Vec<_> = self.fields.iter().map(|field| identifier(field.name)).collect();
        Ok(format!(
            "CREATE TABLE IF NOT EXISTS df_events (\n{}\n);\n\
             -- One day, replaced whole. Parquet and CSV are read by position, so the columns are listed in the order of the file.\n\
             BEGIN;\nDELETE FROM df_events WHERE \"_dfinery_day\" = '2026-11-20';\nCOPY df_events ({})\nFROM {} IAM_ROLE default \
             {format};\nCOMMIT;\n",
            self.columns(|field| format!("{} {}", identifier(field.name), field.redshift())),
            names.join(", "),
            literal(&format!("{}/events/dt=2026-11-20/", self.place)),
        ))
    }

    fn athena(&self, first: Option<Date>) -> Result<String, ExportError> {
        let form = match self.format {
            Format::Parquet => "STORED AS PARQUET",
            Format::Csv => {
                return Err(ExportError::unfit(
                    "Athena does not read line breaks in the cells of a CSV, and takes a backslash for an escape: export to \
                     another folder as NDJSON or Parquet",
                ));
            }
            Format::Ndjson => "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' STORED AS TEXTFILE",
        };
        // How a text with these is written in a statement that makes a table is undocumented.
        self.plain_place("Athena", &['\'', '\\'])?;
        Ok(format!(
            "CREATE EXTERNAL TABLE df_events (\n{}\n)\nPARTITIONED BY (dt DATE)\n{form}\nLOCATION {location}\nTBLPROPERTIES (\n  \
             'projection.enabled' = 'true',\n  'projection.dt.type' = 'date',\n  'projection.dt.format' = 'yyyy-MM-dd',\n  \
             'projection.dt.range' = '{},NOW',\n  'storage.location.template' = {template}\n);\n",
            self.columns(|field| format!("{} {}", backticked(field.name), field.athena())),
            first.unwrap_or(EARLIEST),
            location = literal(&format!("{}/events/", self.place)),
            template = literal(&format!("{}/events/dt=${{dt}}/", self.place)),
        ))
    }

    fn dbt(&self) -> String {
        let mut yaml = String::from(
            "version: 2\nsources:\n  - name: dfinery\n    loaded_at_field: _dfinery_exported_at\n    freshness:\n      warn_after: \
             {count: 36, period: hour}\n      error_after: {count: 72, period: hour}\n    tables:\n      - name: df_events\n        \
             columns:\n",
        );
        for field in &self.fields {
            // Writing to a text cannot fail.
            let _ = writeln!(
                yaml,
                "          - name: {}\n            data_type: {}",
                text(field.name),
                field.dbt()
            );
        }
        yaml
    }

    /// Refuses a place that the warehouse may take for another.
    fn plain_place(&self, warehouse: &str, unclear: &[char]) -> Result<(), ExportError> {
        match self.place.chars().find(|c| unclear.contains(c) || c.is_control()) {
            Some(c) => Err(ExportError::unfit(format!(
                "how {warehouse} reads {c:?} in the place {:?} is undocumented: give the folder a place without it",
                self.place
            ))),
            None => Ok(()),
        }
    }

    fn refuse(&self, compression: Compression, warehouse: &str) -> Result<(), ExportError> {
        if self.format != Format::Parquet && self.compression == compression {
            return Err(ExportError::unfit(format!(
                "{warehouse} does not read text that is compressed with zstd"
            )));
        }
        Ok(())
    }
}

const fn redshift_compression(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "",
        Compression::Gzip => " GZIP",
        Compression::Zstd => " ZSTD",
    }
}
