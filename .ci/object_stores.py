"""Loads from object stores, compared with loads of files: `object_stores.py DFINERY AZURITE`.

Each function is one proof, in a folder and with objects of its own. It says in a line what it saw.
"""

import gzip
import itertools
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import pyarrow
import pyarrow.parquet

from stores import BUCKET, DFINERY, SECRET, TODAY, Proxy, Service, Stores

EVENTS = 8_000


def main():
    with tempfile.TemporaryDirectory() as folder, Stores(pathlib.Path(folder)) as stores:
        outage = an_outage_begins(stores)
        for proof in [
            the_same_calls,
            only_the_columns_of_a_mapping,
            a_load_that_is_killed,
            a_store_that_fails,
            credentials_that_expire,
            an_object_that_is_replaced,
            one_name_in_two_places,
            mistakes,
        ]:
            began = time.monotonic()
            print(f"{proof.__name__:<32}{proof(stores)} ({time.monotonic() - began:.0f} s)", flush=True)
        print(f"{'an_outage':<32}{an_outage_ends(stores, *outage)}")


# What is loaded.


def events(count, padding=0):
    """Events of today as lines, each with a number and with white space at its end."""
    for number in range(count):
        event = {
            "event_name": "visit",
            "event_datetime": f"{TODAY}T00:00:00Z",
            "event_properties": {"number": number},
        }
        record = {"identity": {"external_id": f"M-{number // 80}"}, "event": event}
        yield json.dumps(record) + " " * padding + "\n"


def large():
    """So many bytes that they come in several ranges."""
    return "".join(events(EVENTS, 4_000)).encode()


def once_each(service, folder, count=EVENTS):
    """Every event has arrived, and those that arrived twice are announced."""
    arrived = service.events(folder)
    missing = set(range(count)) - arrived.keys()
    assert not missing and len(arrived) == count, f"{len(missing)} of {count} are missing"
    twice = sum(times > 1 for times in arrived.values())
    listed = [line for path in folder.glob("*/possibly-twice.ndjson") for line in path.read_text().splitlines()]
    assert twice <= len(listed), f"{twice} arrived twice, {len(listed)} are listed"
    return f"{count} arrived, {twice} of them twice as announced"


MAPPING = """\
timezone: Asia/Seoul
identity: {external_id: 회원번호}
event: visit
event_datetime: 일시
event_properties:
  name: 이름
"""
MAPPING_OF_TABLE = """\
timezone: Asia/Seoul
identity: {external_id: member}
event: visit
event_datetime: at
event_properties: {day: day, shop: shop}
"""


# The proofs.


def the_same_calls(stores):
    """A load of objects makes the calls of a load of the same files."""
    folder = stores.workplace()
    rows = "".join(f"M-{number},{TODAY} 10:00:00,김{number}\r\n" for number in range(500))
    files = {
        "same/events.ndjson.gz": gzip.compress("".join(events(2_000)).encode()),
        "same/회원.csv": f"회원번호,일시,이름\r\n{rows}".encode("cp949"),
    }
    table = pyarrow.table({
        "member": [f"M-{number}" for number in range(300)],
        "at": [f"{TODAY} 10:00:00"] * 300,
    })
    for day, shop in itertools.product([TODAY, "2026-01-01"], ["강남", "a b"]):
        path = folder / "part.parquet"
        pyarrow.parquet.write_table(table, path, row_group_size=100)
        files[f"same/table/day={day}/shop={shop.replace(' ', '%20')}/part-0.parquet"] = path.read_bytes()
    for key, content in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        stores.put_everywhere(key, content)
    for key in ["same/table/_SUCCESS", "same/table/_temporary/0/part-1.parquet", "same/table/.part.parquet.crc"]:
        stores.put_everywhere(key, b"no table")
    (folder / "mapping.yaml").write_text(MAPPING)
    (folder / "table.yaml").write_text(MAPPING_OF_TABLE)
    calls = 0
    for path, options in [
        ("same/events.ndjson.gz", []),
        ("same/회원.csv", ["--mapping", "mapping.yaml"]),
        ("same/table", ["--mapping", "table.yaml"]),
    ]:
        preview = lambda place: calls_of(stores, folder, f"{place}{path}", options)
        local = preview("")
        for store in [f"s3://{BUCKET}/", f"az://{BUCKET}/"]:
            assert preview(store) == local, f"{store}{path}"
        calls += len(local)
        for command in ["check", "load events"]:
            arguments = [*command.split(), f"s3://{BUCKET}/{path}", *options]
            stores.dfinery(*arguments, *(["--dry-run"] if "load" in command else []), cwd=folder)
    stores.dfinery("mapping", "init", f"az://{BUCKET}/same/table/", "--event", "visit", "--timezone", "UTC", cwd=folder, code=1)
    return f"{calls} calls are the same from S3, from Azure and from files"


def calls_of(stores, folder, path, options):
    arguments = ["preview", path, "--as", "events", "--calls", "1000000", "--output", "json", *options]
    said = stores.dfinery(*arguments, cwd=folder)
    return [call["body"] for call in json.JSONDecoder().raw_decode(said)[0]["calls"]]


def only_the_columns_of_a_mapping(stores):
    """Of a Parquet object come the schema and the columns that are mapped."""
    folder = stores.workplace()
    rows = 20_000
    table = pyarrow.table({
        "member": [f"M-{number % 100}" for number in range(rows)],
        "day": [TODAY] * rows,
        "ballast": [random.randbytes(1_000) for _ in range(rows)],
        "at": [f"{TODAY} 10:00:00"] * rows,
        "shop": [f"shop {number % 7}" for number in range(rows)],
    })
    pyarrow.parquet.write_table(table, folder / "wide.parquet", row_group_size=5_000)
    stores.put("wide.parquet", (folder / "wide.parquet").read_bytes())
    (folder / "table.yaml").write_text(MAPPING_OF_TABLE)
    stores.proxy.reset()
    check = ["check", f"s3://{BUCKET}/wide.parquet", "--mapping", "table.yaml", "--as", "events"]
    stores.dfinery(*check, cwd=folder)
    size, requests = (folder / "wide.parquet").stat().st_size, stores.proxy.requests
    assert stores.proxy.bytes < size / 20, f"{stores.proxy.bytes} of {size} bytes"
    assert requests < 60, f"{requests} requests"
    seen = f"{stores.proxy.bytes:,} of {size:,} bytes in {requests} requests"
    # What does not come is no damage.
    ranges = itertools.count()
    stores.proxy.reset(lambda method, number: (400, "ExpiredToken") if method == "GET" and next(ranges) > 9 else None)
    said = stores.dfinery(*check, cwd=folder, code=2)
    assert "ExpiredToken" in said and "AWS_SESSION_TOKEN" in said and "damaged" not in said, said
    return seen


def a_load_that_is_killed(stores):
    """Each run goes on where the one before was killed."""
    folder = stores.workplace()
    stores.put("killed.ndjson", large())
    arguments = ["load", "events", f"s3://{BUCKET}/killed.ndjson", "--concurrency", "1"]
    stores.proxy.reset()
    kills = 0
    with Service(stores) as service:
        for _ in range(6):
            running = subprocess.Popen(
                [DFINERY, *arguments],
                cwd=folder,
                env=stores.environment | service.variables,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                running.wait(random.uniform(1, 4))
                break
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGKILL)
                running.wait()
                kills += 1
        some = len(service.events(folder))
        stores.dfinery(*arguments, cwd=folder, **service.variables)
        said = stores.dfinery("status", f"s3://{BUCKET}/killed.ndjson", cwd=folder)
        assert "is complete" in said, said
        return f"killed {kills} times, {some} were there: {once_each(service, folder)}"


def a_store_that_fails(stores):
    """One request in five is throttled, fails or is cut."""
    folder = stores.workplace()
    chance = random.Random(7)
    faults = itertools.cycle([(503, "SlowDown"), (500, "InternalError"), "cut"])
    stores.put("failing.ndjson", large())
    stores.proxy.reset(lambda method, number: next(faults) if number == 4 or chance.random() < 0.2 else None)
    with Service(stores) as service:
        stores.dfinery("load", "events", f"s3://{BUCKET}/failing.ndjson", cwd=folder, **service.variables)
        return f"{stores.proxy.requests} requests: {once_each(service, folder)}"


def credentials_that_expire(stores):
    """The load ends with words, and goes on with other credentials."""
    folder = stores.workplace()
    stores.put("expiring.ndjson", large())
    arguments = ["load", "events", f"s3://{BUCKET}/expiring.ndjson", "--id-columns", "number"]
    ranges = itertools.count()
    expired = lambda method, number: (400, "ExpiredToken") if method == "GET" and next(ranges) > 4 else None
    stores.proxy.reset(expired)
    with Service(stores) as service:
        said = stores.dfinery(*arguments, cwd=folder, code=2, **service.variables)
        assert "ExpiredToken" in said and "AWS_SESSION_TOKEN" in said and "Run the same command again" in said, said
        some = len(service.events(folder))
        stores.proxy.reset()
        stores.dfinery(*arguments, cwd=folder, **service.variables)
        assert 0 < some < EVENTS, some
        return f"ended after {some}: {once_each(service, folder)}"


def an_object_that_is_replaced(stores):
    """The load ends, and the same load does not go on with the other object."""
    folder = stores.workplace()
    stores.put("replaced.ndjson", large())
    arguments = ["load", "events", f"s3://{BUCKET}/replaced.ndjson", "--id-columns", "number"]
    ranges = itertools.count()

    def replace(method, number):
        if method == "GET" and next(ranges) == 4:
            stores.put("replaced.ndjson", large()[::-1])

    stores.proxy.reset(replace)
    with Service(stores) as service:
        said = stores.dfinery(*arguments, cwd=folder, code=1, **service.variables)
        assert "was changed while it was read" in said, said
        some = service.events(folder)
        assert 0 < len(some) < EVENTS and set(some.values()) == {1}, len(some)
        said = stores.dfinery(*arguments, cwd=folder, code=2, **service.variables)
        assert "written anew since it began" in said and "--restart" in said, said
        assert service.events(folder) == some
        return f"ended after {len(some)}, and did not go on with the other object"


def one_name_in_two_places(stores):
    """Objects of the same name do not share a journal."""
    folder = stores.workplace()
    content = "".join(events(3)).encode()
    stores.put("monday/day.ndjson", content)
    stores.put("tuesday/day.ndjson", content)
    stores.proxy.reset()
    load = lambda day, *options, **more: stores.dfinery(
        "load", "events", f"s3://{BUCKET}/{day}/day.ndjson", *options, cwd=folder, **more
    )
    with Service(stores) as service:
        assert "are in day.ndjson.dfinery" in load("monday", **service.variables)
        said = load("tuesday", code=2, **service.variables)
        assert f"it is of s3://{BUCKET}/monday/day.ndjson" in said and "--state DIR" in said, said
        load("tuesday", "--state", "tuesday", **service.variables)
        return f"{sum(service.events(folder).values())} arrived with a --state of their own"


def mistakes(stores):
    """Each is told in words, at once."""
    folder = stores.workplace()
    stores.proxy.reset()
    check = lambda url, words, code=2, **variables: assert_in(
        words, stores.dfinery("check", url, cwd=folder, code=code, **variables)
    )
    check(f"s3://{BUCKET}/nothing.csv", "there is no object of this name, and none below it")
    check("s3://no-such-bucket/a.csv", "NoSuchBucket")
    check(f"az://{BUCKET}/nothing.csv", "there is no object of this name, and none below it")
    check("az://no-such-container/a.csv", "ContainerNotFound")
    check(f"s3://{BUCKET}/a.csv?X-Amz-Signature={SECRET}", "has a query")
    check(f"s3://key:{SECRET}@{BUCKET}/a.csv", "has a user")
    check(f"https://{BUCKET}.example/a.csv?X-Amz-Signature={SECRET}", "curl")
    check(f"az://{BUCKET}/same/events.ndjson.gz", "AZURE_STORAGE_ACCOUNT_KEY", AZURE_STORAGE_ACCOUNT_KEY="d3Jvbmc=")
    stores.proxy.reset(lambda method, number: (403, "InvalidAccessKeyId"))
    check(f"s3://{BUCKET}/a.csv", "AWS_ACCESS_KEY_ID")
    stores.proxy.reset()
    return "9 are told"


def assert_in(words, said):
    assert words in said, said


def an_outage_begins(stores):
    """A load whose store fails from some request on, which is tried for a while."""
    folder, service, proxy = stores.workplace(), Service(stores), Proxy(stores.s3_port)
    # What is cut is no damaged archive.
    stores.put("outage.ndjson.gz", gzip.compress(large(), compresslevel=0))
    ranges = itertools.count()
    proxy.reset(lambda method, number: (503, "SlowDown") if method == "GET" and next(ranges) > 4 else None)
    variables = service.variables | {"AWS_ENDPOINT": proxy.address}
    arguments = ["load", "events", f"s3://{BUCKET}/outage.ndjson.gz", "--id-columns", "number"]
    ended = []
    run = lambda: ended.append(stores.dfinery(*arguments, cwd=folder, code=75, **variables))
    running = threading.Thread(target=run, daemon=True)
    running.start()
    return running, ended, arguments, folder, service, proxy, variables


def an_outage_ends(stores, running, ended, arguments, folder, service, proxy, variables):
    """It has ended as one that goes on, and does."""
    running.join()
    assert ended, "it failed otherwise, as is said above"
    for words in ["SlowDown", "cannot be reached", "Run the same command again"]:
        assert_in(words, ended[0])
    with service:
        some = len(service.events(folder))
        assert 0 < some < EVENTS, some
        proxy.reset()
        stores.dfinery(*arguments, cwd=folder, **variables)
        return f"ended after {some}: {once_each(service, folder)}"


main()
