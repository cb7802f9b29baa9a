"""Object stores and the service, and the command that loads from one into the other: for `load-stores`."""

import collections
import json
import subprocess
import time
import uuid

import azure.storage.blob
import boto3

import stores
from stores import AZURE_ACCOUNT, AZURE_KEY, BUCKET, Proxy

SECRET = "a-secret-that-nobody-may-see"
TODAY = time.strftime("%Y-%m-%d", time.gmtime())


class Stores:
    """S3 behind a proxy, and Azure."""

    def __init__(self, dfinery, folder):
        self.dfinery_path, self.folder = dfinery, folder
        self.processes = []

    def __enter__(self):
        self.s3_port, azure_port = stores.emulate_s3(self.processes), stores.emulate_azure(self.processes)
        self.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.s3_port}",
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key=SECRET,
        )
        self.s3.create_bucket(Bucket=BUCKET)
        address = f"http://127.0.0.1:{azure_port}"
        account = f"{address}/{AZURE_ACCOUNT}"
        self.azure = azure.storage.blob.ContainerClient(account, BUCKET, credential=AZURE_KEY)
        self.azure.create_container()
        self.proxy = Proxy(self.s3_port)
        self.environment = {
            **stores.environment(),
            "AWS_ENDPOINT": self.proxy.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": address,
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
        }
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()

    def put(self, key, content):
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def put_everywhere(self, key, content):
        self.put(key, content)
        self.azure.upload_blob(key, content)

    def workplace(self):
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir()
        return folder

    def dfinery(self, *arguments, cwd, code=0, **variables):
        """Runs the command to its end, and returns what it said."""
        ended = subprocess.run(
            [self.dfinery_path, *map(str, arguments)],
            cwd=cwd,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        said = ended.stdout + ended.stderr
        assert ended.returncode == code, f"{arguments}: {ended.returncode}, not {code}: {said}"
        assert SECRET not in said and AZURE_KEY not in said, said
        return said


class Service:
    """An emulator, and what it has."""

    def __init__(self, world):
        self.world = world
        options = ("--no-quotas", "--unregistered", "accept")
        self.process, self.variables = stores.emulate_service(world.dfinery_path, world.processes, *options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def events(self, cwd):
        """How often each event has arrived, by its number."""
        out = cwd / "exported.ndjson"
        self.world.dfinery("export", "events", "--from", TODAY, "--until", TODAY, "-o", out, cwd=cwd, **self.variables)
        rows = map(json.loads, out.read_text().splitlines())
        return collections.Counter(int(row["number"]) for row in rows)
