"""Reads a folder of exports with DuckDB, polars and pyarrow, and with Spark if it is installed, and prints what each of
them sees as JSON.

Arguments: the folder, its format, the statements for DuckDB, for polars and for Spark.
"""

import importlib.util
import json
import sys

import duckdb
import polars
import pyarrow.csv
import pyarrow.dataset

COLUMNS = [
    "event_name",
    "memo",
    "points",
    "ratio",
    "flag",
    "df_items_name",
    "df_items_price",
    "df_correction_datetime",
    "_dfinery_day",
]


def seen(rows):
    """Rows in one spelling, whatever types a reader gave them."""
    return sorted(([spelled(row[name]) for name in COLUMNS] for row in rows), key=json.dumps)


def spelled(value):
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "astimezone"):
        from datetime import timezone

        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    # Text of times with more digits than milliseconds.
    if len(text) == 27 and text.endswith("000Z") and text[10] == "T":
        return text[:23] + "Z"
    return text


def by_duckdb(statement):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(statement)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    found = connection.execute(f"SELECT {names} FROM df_events").fetchall()
    return [dict(zip(COLUMNS, row)) for row in found]


def by_polars(statement):
    scope = {}
    exec(statement, scope)
    return scope["events"].select(COLUMNS).collect().to_dicts()


def by_pyarrow(folder, form):
    if form == "parquet":
        dataset = pyarrow.dataset.dataset(f"{folder}/events", format="parquet", partitioning="hive")
        return dataset.to_table(columns=COLUMNS).to_pylist()
    if form == "csv":
        import glob

        options = pyarrow.csv.ParseOptions(newlines_in_values=True)
        text = {name: pyarrow.string() for name in COLUMNS}
        convert = pyarrow.csv.ConvertOptions(
            column_types=text, include_columns=COLUMNS, strings_can_be_null=True, null_values=[""]
        )
        files = glob.glob(f"{folder}/events/dt=*/*.csv")
        tables = [pyarrow.csv.read_csv(file, parse_options=options, convert_options=convert) for file in files]
        return pyarrow.concat_tables(tables).to_pylist()
    import glob

    rows = []
    for file in glob.glob(f"{folder}/events/dt=*/*.ndjson"):
        with open(file, encoding="utf-8") as lines:
            rows.extend(json.loads(line) for line in lines)
    return rows


def by_spark(statement):
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = session.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    scope = {"spark": spark}
    exec(statement, scope)
    # Times as text: Python would take them for those of its own time zone.
    events = scope["events"].selectExpr(*(f"CAST(`{name}` AS STRING) AS `{name}`" for name in COLUMNS))
    return [with_plain_time(row.asDict()) for row in events.collect()]


def with_plain_time(row):
    time = row["df_correction_datetime"]
    if time and time[10] == " ":
        whole, _, part = time.partition(".")
        row["df_correction_datetime"] = f"{whole.replace(' ', 'T')}.{part:0<3}Z"
    return row


def main():
    folder, form, for_duckdb, for_polars, for_spark = sys.argv[1:]
    everything = {
        "duckdb": seen(by_duckdb(for_duckdb)),
        "polars": seen(by_polars(for_polars)),
        "pyarrow": seen(by_pyarrow(folder, form)),
    }
    if importlib.util.find_spec("pyspark"):
        everything["spark"] = seen(by_spark(for_spark))
    json.dump(everything, sys.stdout, ensure_ascii=False)


main()
