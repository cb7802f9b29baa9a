"""Writes the same 1,000 orders into a folder: as CSV and NDJSON, as Parquet by pyarrow, polars and DuckDB, and as workbooks."""

import csv
import json
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import polars
import pyarrow
import pyarrow.parquet
import xlsxwriter

folder = Path(sys.argv[1])
start = datetime(2025, 11, 20, 1, 15, tzinfo=timezone.utc)
rows = [
    {
        "order_no": 9_007_199_254_740_993 + number,
        "member": f"{number % 97:05}",
        "paid_at": start + timedelta(seconds=number),
        "local_at": datetime(2025, 11, 20, 10, 15) + timedelta(minutes=number),
        "day": date(2025, 11, 1 + number % 20),
        "total": Decimal(number * 100 + 1) / 100,
        "rate": number / 7,
        "gift": number % 2 == 0,
        "tags": ["신규", f'a,"{number}"'][: number % 3],
        "memo": None if number % 5 == 0 else f'줄\n바꿈 "{number}"',
        "lines": [{"sku": f"P-{line}", "qty": line} for line in range(1, 2 + number % 3)],
    }
    for number in range(1_000)
]


def plain(value):
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value


def cell(value):
    if value is None:
        return ""
    if isinstance(value, (bool, list)):
        return json.dumps(value, ensure_ascii=False)
    return plain(value)


with open(folder / "orders.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
with open(folder / "orders.ndjson", "w", encoding="utf-8") as file:
    for row in rows:
        # A number, as a program with exact decimals writes it.
        total = f"{row['total']:.2f}"
        text = json.dumps({name: plain(value) for name, value in row.items() if name != "total"}, ensure_ascii=False)
        file.write(f'{text[:-1]}, "total": {total}}}\n')

schema = pyarrow.schema(
    {
        "order_no": pyarrow.int64(),
        "member": pyarrow.large_string(),
        "paid_at": pyarrow.timestamp("us", "UTC"),
        "local_at": pyarrow.timestamp("ms"),
        "day": pyarrow.date32(),
        "total": pyarrow.decimal128(12, 2),
        "rate": pyarrow.float64(),
        "gift": pyarrow.bool_(),
        "tags": pyarrow.list_(pyarrow.string()),
        "memo": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
        "lines": pyarrow.list_(pyarrow.struct({"sku": pyarrow.string(), "qty": pyarrow.int32()})),
    }
)
table = pyarrow.Table.from_pylist(rows, schema)
for compression in ["snappy", "zstd", "gzip", "lz4", "none"]:
    pyarrow.parquet.write_table(
        table, folder / f"pyarrow-{compression}.parquet", compression=compression, row_group_size=300
    )
pyarrow.parquet.write_table(table, folder / "pyarrow-v2.parquet", data_page_version="2.0", use_dictionary=False)
# A folder as Hive writes it, with the day in the names of its folders.
pyarrow.parquet.write_to_dataset(table, folder / "orders", partition_cols=["day"])
# As Spark writes times by default.
local_at = pyarrow.array([plain(row["local_at"]) for row in rows])
spark = table.set_column(table.schema.get_field_index("local_at"), "local_at", local_at)
spark = spark.replace_schema_metadata({"org.apache.spark.version": "4.3.0"})
pyarrow.parquet.write_table(spark, folder / "spark.parquet", use_deprecated_int96_timestamps=True)
frame = polars.from_arrow(table)
frame.write_parquet(folder / "polars.parquet", row_group_size=400)
duckdb.sql("SET TimeZone = 'Asia/Seoul'")
duckdb.from_arrow(table).write_parquet(str(folder / "duckdb.parquet"))

# A spreadsheet has neither lists nor time zones, and its numbers have 15 digits, or 16 of some writers.
seoul = timezone(timedelta(hours=9))


def of_sheet(row):
    return {
        **row,
        "order_no": str(row["order_no"]),
        "paid_at": row["paid_at"].astimezone(seoul).replace(tzinfo=None),
        "total": float(row["total"]),
        "rate": repr(row["rate"]),
        "tags": json.dumps(row["tags"], ensure_ascii=False),
        "lines": json.dumps(row["lines"], ensure_ascii=False),
    }


sheet_rows = [of_sheet(row) for row in rows]
book = openpyxl.Workbook()
book.active.title = "주문"
book.active.append(list(sheet_rows[0]))
for row in sheet_rows:
    book.active.append([*row.values()])
hidden = book.create_sheet("숨김")
hidden.sheet_state = "hidden"
hidden["A1"] = "not to be loaded"
book.create_sheet("빈 시트")
book.save(folder / "openpyxl.xlsx")
for name, options in {"xlsxwriter": {}, "xlsxwriter-1904": {"date_1904": True}, "constant": {"constant_memory": True}}.items():
    with xlsxwriter.Workbook(folder / f"{name}.xlsx", options) as book:
        sheet = book.add_worksheet()
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: book.add_format({"num_format": 'yyyy"년" m"월" d"일"'}),
        }
        sheet.write_row(0, 0, sheet_rows[0])
        for at, row in enumerate(sheet_rows, 1):
            for column, value in enumerate(row.values()):
                if isinstance(value, str):
                    sheet.write_string(at, column, value)
                elif value is not None:
                    sheet.write(at, column, value, formats.get(type(value)))
polars.DataFrame(sheet_rows).write_excel(folder / "polars.xlsx")
