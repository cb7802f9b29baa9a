"""Writes many.parquet and many.xlsx, the same 400 logins, beside itself. It needs pyarrow 26 and XlsxWriter 3.3."""

from pathlib import Path

import pyarrow
import pyarrow.parquet
import xlsxwriter

folder = Path(__file__).parent
rows = [{"id": f"M-{number:04}", "at": f"2025-11-20T10:{number // 60:02}:{number % 60:02}+09:00"} for number in range(400)]
pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "many.parquet", row_group_size=90, compression="zstd")
with xlsxwriter.Workbook(folder / "many.xlsx", {"in_memory": True}) as book:
    sheet = book.add_worksheet("로그인")
    for at, row in enumerate([{"id": "id", "at": "at"}, *rows]):
        sheet.write_row(at, 0, row.values())
    # A second sheet, so that a mapping has to name the first.
    book.add_worksheet("메모").write_string("A1", "회원")
