"""Runs a statement that writes a file, and prints the peak memory in KiB, the rows and the length of the file."""

import os
import sys

import duckdb

statement, file = sys.argv[1:]
connection = duckdb.connect()
connection.execute("SET threads = 2; SET enable_progress_bar = false")
(rows,) = connection.execute(statement).fetchone()
with open("/proc/self/status") as status:
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
print(peak, rows, os.path.getsize(file))
