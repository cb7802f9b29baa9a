"""Compares the orders that the emulator has of a till's file with those that Python reads from it.

Usage: till_orders.py SALES.csv EVENTS.ndjson

Each line of the events has `order`, `member`, `at`, `paid`, `total` and `items`, which are lists of product, name, price and
quantity. An order with a row that does not say what it should is expected to be missing.
"""

import collections
import csv
import datetime
import decimal
import json
import sys

KOREA = datetime.timezone(datetime.timedelta(hours=9))


def main(sales, events):
    receipts = collections.defaultdict(list)
    with open(sales, encoding="cp949", newline="") as file:
        for row in csv.DictReader(file):
            if row["영수증번호"] != "합계" and row["회원번호"] != "비회원":
                receipts[row["영수증번호"]].append(row)
    orders = {receipt: order_of(rows) for receipt, rows in receipts.items()}
    expected = {receipt: order for receipt, order in orders.items() if order}

    with open(events, encoding="utf-8") as file:
        stored = [json.loads(line, parse_float=decimal.Decimal) for line in file]
    times = collections.Counter(order["order"] for order in stored)
    assert all(count == 1 for count in times.values()), f"orders that are there twice: {times.most_common(3)}"
    stored = {order.pop("order"): order for order in stored}
    assert stored.keys() == expected.keys(), sorted(stored.keys() ^ expected.keys())[:5]
    for receipt, order in expected.items():
        assert stored[receipt] == order, f"{receipt}: stored {stored[receipt]}, expected {order}"
    total = sum(order["total"] for order in stored.values())
    items = sum(len(order["items"]) for order in stored.values())
    print(f"{len(stored)} orders, {items} items, {total} won; {len(orders) - len(expected)} receipts are no orders")


def order_of(rows):
    """The order of a receipt; None if a cell of it is wrong."""
    [member, *members], [at, *times], [paid, *ways] = (
        sorted({row[column] for row in rows}) for column in ("회원번호", "판매일시", "결제수단")
    )
    if members or times or ways or not (member and paid):
        return None
    try:
        at = datetime.datetime.strptime(at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=KOREA)
        items = [[row["상품코드"], row["상품명"], int(row["단가"]), int(row["수량"])] for row in rows]
        total = sum(decimal.Decimal(row["금액"]) for row in rows)
    except (ValueError, decimal.InvalidOperation):
        return None
    if not all(name for _, name, _, _ in items):
        return None
    at = at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"member": member, "at": at, "paid": paid, "total": total, "items": items}


main(*sys.argv[1:])
