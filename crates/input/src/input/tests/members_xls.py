"""Writes members.xls, in the form of Excel 97 to 2003: `pip install xlwt==1.3.0`, then `python members_xls.py`."""

from datetime import datetime
from pathlib import Path

import xlwt

book = xlwt.Workbook(encoding="utf-8")
time = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")
notes = book.add_sheet("메모")
notes.visibility = 1
notes.write(0, 0, "hidden")
book.add_sheet("빈 시트")
sheet = book.add_sheet("회원")
for column, name in enumerate(["회원번호", "가입일시", "포인트", "동의", "합계"]):
    sheet.write(2, 1 + column, name)
for row, member in enumerate(["M-0001", "M-0002"]):
    sheet.write(3 + row, 1, member)
    sheet.write(3 + row, 2, datetime(2025, 11, 20, 10, 15 + row), time)
    sheet.write(3 + row, 3, 1_200 + row / 2)
    sheet.write(3 + row, 4, row == 0)
    sheet.write(3 + row, 5, xlwt.Formula("D4*2"))
book.save(str(Path(__file__).with_name("members.xls")))
