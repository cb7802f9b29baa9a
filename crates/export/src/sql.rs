//! The statement that loads a folder of exports into a warehouse.

mod columns;

use std::{fmt::Write as _, path::Path};

use self::columns::{Field, fields};
use crate::{
    column::Table,
    error::ExportError,
    folder::Folder,
    format::{Compression, Format},
};

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
/// Those for `DuckDB` and polars are run by the tests of this project; the others were written from the documentation of the
/// warehouse, and say so.
///
/// # Errors
/// If the folder holds no exports, or its files are of a format that the warehouse cannot load.
pub fn load_statement(
    warehouse: Warehouse,
    folder: impl AsRef<Path>,
    place: Option<&str>,
) -> Result<String, ExportError> {
    let folder = Folder::new(folder.as_ref());
    let schema = folder.existing_schema()?;
    let own = folder.root().display().to_string();
    let place = place.unwrap_or(&own).trim_end_matches('/');
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
        Warehouse::Redshift => table.redshift(),
        Warehouse::Athena => table.athena(),
        Warehouse::Spark => table.spark(),
        Warehouse::Polars => table.polars(),
        Warehouse::Dbt => table.dbt(),
    };
    Ok(if warehouse.is_tried() {
        statement
    } else {
        let mark = match warehouse {
            Warehouse::Dbt | Warehouse::Spark => "#",
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
        matches!(self, Self::Duckdb | Self::Polars)
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
                self.columns(|field| format!("{} STRING", backticked(field.name)))
            ),
            Format::Ndjson => format!(
                "schema = \"\"\"\n{}\n\"\"\"\nevents = spark.read.schema(schema).json({folder})\n",
                self.columns(|field| format!("{} {}", backticked(field.name), field.spark()))
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
            self.columns(|field| format!("{} {}", backticked(field.name), field.bigquery())),
            literal(&files)
        ))
    }

    fn snowflake(&self) -> String {
        let format = match self.format {
            Format::Parquet => "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE",
            Format::Csv => "TYPE = CSV PARSE_HEADER = TRUE FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
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

    fn redshift(&self) -> String {
        let format = match (self.format, self.compression) {
            (Format::Parquet, _) => "FORMAT AS PARQUET".to_owned(),
            (Format::Csv, compression) => format!("FORMAT AS CSV IGNOREHEADER 1{}", redshift_compression(compression)),
            (Format::Ndjson, compression) => format!("FORMAT AS JSON 'auto'{}", redshift_compression(compression)),
        };
        let names: Vec<_> = self.fields.iter().map(|field| identifier(field.name)).collect();
        format!(
            "CREATE TABLE IF NOT EXISTS df_events (\n{}\n);\n\
             -- One day, replaced whole. Parquet and CSV are read by position, so the columns are listed in the order of the file.\n\
             BEGIN;\nDELETE FROM df_events WHERE \"_dfinery_day\" = '2026-11-20';\nCOPY df_events ({})\nFROM {} IAM_ROLE default \
             {format};\nCOMMIT;\n",
            self.columns(|field| format!("{} {}", identifier(field.name), field.redshift())),
            names.join(", "),
            literal(&format!("{}/events/dt=2026-11-20/", self.place)),
        )
    }

    fn athena(&self) -> String {
        let (form, properties) = match self.format {
            Format::Parquet => ("STORED AS PARQUET", ""),
            Format::Csv => (
                "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' STORED AS TEXTFILE",
                ",\n  'skip.header.line.count' = '1'",
            ),
            Format::Ndjson => (
                "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' STORED AS TEXTFILE",
                "",
            ),
        };
        let all_text = self.format == Format::Csv;
        format!(
            "CREATE EXTERNAL TABLE df_events (\n{}\n)\nPARTITIONED BY (dt DATE)\n{form}\nLOCATION {location}\nTBLPROPERTIES (\n  \
             'projection.enabled' = 'true',\n  'projection.dt.type' = 'date',\n  'projection.dt.format' = 'yyyy-MM-dd',\n  \
             'projection.dt.range' = '2026-01-01,NOW',\n  'storage.location.template' = {template}{properties}\n);\n",
            self.columns(|field| format!(
                "{} {}",
                backticked(field.name),
                if all_text { "STRING" } else { field.athena() }
            )),
            location = literal(&format!("{}/events/", self.place)),
            template = literal(&format!("{}/events/dt=${{dt}}/", self.place)),
        )
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

/// A name in SQL, as most warehouses quote it.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name as Spark, Athena and `BigQuery` quote it.
fn backticked(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text in Python or YAML.
fn text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
