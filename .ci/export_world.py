"""The service, the object stores, and the command between them, all on the loopback: for `export-stores`."""

import datetime
import json
import pathlib
import subprocess
import threading

import stores
from stores import AZURE_ACCOUNT, AZURE_KEY, BUCKET

SECRETS = ["a-secret-key-of-the-test", "a-session-token-of-the-test"]
# Of each day. One is uploaded in parts, since it has more than 8 MiB.
ROWS = [40, 40, 11_000, 40, 40, 40]


class S3:
    """The bucket, as the test itself reads and writes it."""

    def __init__(self, port):
        import boto3

        self.port, self.url = port, f"s3://{BUCKET}"
        endpoint = f"http://127.0.0.1:{port}"
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.client = boto3.client("s3", endpoint_url=endpoint, **keys)
        self.client.create_bucket(Bucket=BUCKET)

    def environment(self, port=None):
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{port or self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": SECRETS[0],
            "AWS_SESSION_TOKEN": SECRETS[1],
            "AWS_REGION": "us-east-1",
        }

    def keys(self, prefix):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix + "/")
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def objects(self, prefix):
        return {key[len(prefix) + 1 :]: self.get(key) for key in self.keys(prefix)}

    def get(self, key):
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def put(self, key, body):
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def unfinished(self):
        return len(self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


class Azure:
    def __init__(self, port):
        from azure.storage.blob import ContainerClient

        self.port, self.url = port, f"az://{BUCKET}"
        account = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
        self.client = ContainerClient(account, BUCKET, credential=AZURE_KEY)
        self.client.create_container()

    def environment(self):
        return {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{self.port}"}

    def objects(self, prefix):
        names = [blob.name for blob in self.client.list_blobs(name_starts_with=prefix + "/")]
        return {name[len(prefix) + 1 :]: self.client.download_blob(name).readall() for name in names}


class Ran:
    def __init__(self, code, text):
        self.code, self.text = code, text


class World:
    """The emulated service, the stores, and the command between them."""

    def __init__(self, dfinery, folder):
        self.dfinery, self.folder, self.processes, self.names = dfinery, pathlib.Path(folder), [], 0
        self.lock = threading.Lock()
        _, self.service = stores.emulate_service(dfinery, self.processes, "--no-quotas")
        self.s3 = S3(stores.emulate_s3(self.processes))
        self.load()

    def azure(self):
        return Azure(stores.emulate_azure(self.processes))

    def load(self):
        """Events of some days."""
        today = datetime.datetime.now(datetime.timezone.utc).date()
        # Closed everywhere on earth, with the margin of the settings below.
        self.days = [today - datetime.timedelta(days=back) for back in range(len(ROWS) + 1, 1, -1)]
        lines = []
        for day, rows in zip(self.days, ROWS):
            for event in range(rows):
                at = f"{day}T12:{event % 60:02}:{event % 59:02}Z"
                who = {"external_id": f"user-{event % 500}"}
                lines.append(json.dumps({"identity": who, "event": {"event_name": "df_login", "event_datetime": at}}))
        file = self.folder / "events.ndjson"
        file.write_text("\n".join(lines))
        loaded = self.run("load", "events", str(file))
        assert loaded.code == 0, loaded.text

    def command(self, arguments, environment):
        with self.lock:
            self.names += 1
            name = self.names
        if arguments[:2] in (("export", "events"), ("export", "profiles")):
            # A ledger of its own, since the quota of an hour is 100 calls.
            arguments += ("--state", str(self.folder / f"state-{name}"), "--reserve", "0")
        return subprocess.Popen(
            [self.dfinery, *arguments],
            env={**stores.environment(), **self.service, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments, environment=None):
        return ended(self.command(arguments, environment))

    def export(self, to, *arguments, environment=None, zone="UTC"):
        """All days, anew if the time zone is another one than the last time."""
        return self.command(self.all_days(to, zone) + arguments, environment or self.s3.environment())

    def all_days(self, to, zone):
        span = ("--from", str(self.days[0]), "--until", str(self.days[-1]))
        return ("export", "events", "--to", str(to), "--format", "ndjson", *span, "--time-zone", zone)

    def place(self):
        with self.lock:
            self.names += 1
            return f"place-{self.names}"

    def end(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def ended(process):
    text = process.communicate()[0]
    for secret in [*SECRETS, AZURE_KEY]:
        assert secret not in text, f"it says a secret: {text}"
    return Ran(process.returncode, text)
