"""The service, the object stores, and the command between them, all on the loopback: for `export-stores`."""

import contextlib
import datetime
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent.parent
INSTALLED = HERE / "target" / "ci"
PYTHON = INSTALLED / "export-stores" / "bin" / "python"
AZURITE = INSTALLED / "azurite" / "node_modules" / ".bin" / "azurite-blob"
BUCKET = "lake"
SECRETS = ["a-secret-key-of-the-test", "a-session-token-of-the-test"]
# Of every emulator of Azure's, as documented.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
# Of each day. One is uploaded in parts, since it has more than 8 MiB.
ROWS = [40, 40, 11_000, 40, 40, 40]


def install(script):
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", INSTALLED / "export-stores"], check=True)
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "moto[server]==5.2.5", "boto3==1.44.8", "azure-storage-blob==12.31.1"], check=True)
    if not AZURITE.exists() and shutil.which("npm"):
        npm = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", INSTALLED / "azurite"]
        subprocess.run([*npm, "azurite@3.35.0"], check=True)
    if pathlib.Path(sys.prefix) != INSTALLED / "export-stores":
        os.execv(PYTHON, [PYTHON, script, *sys.argv[1:]])


def build():
    command = "cargo build --locked --package dfinery-cli --features cloud,parquet --message-format json"
    built = subprocess.run(command.split(), cwd=HERE, check=True, stdout=subprocess.PIPE, text=True)
    found = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    return next(path for path in found if path)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


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
        account = f"http://127.0.0.1:{port}/devstoreaccount1"
        self.client = ContainerClient(account, BUCKET, credential=AZURE_KEY)
        self.client.create_container()

    def environment(self):
        return {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{self.port}"}

    def objects(self, prefix):
        names = [blob.name for blob in self.client.list_blobs(name_starts_with=prefix + "/")]
        return {name[len(prefix) + 1 :]: self.client.download_blob(name).readall() for name in names}


class Proxy:
    """Stands between the exporter and a store. `meddle(number, method, path)` names the fault of a request, if any."""

    def __init__(self, port, meddle=lambda *_: None):
        self.meddle, self.requests = meddle, 0
        proxy, lock = self, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with lock:
                    proxy.requests += 1
                    number = proxy.requests
                fault = proxy.meddle(number, self.command, self.path)
                if fault == "cut":
                    return self.cut()
                if isinstance(fault, tuple):
                    status, code = fault
                    return self.answer(status, {}, f"<Error><Code>{code}</Code><Message>As asked</Message></Error>".encode())
                dropped = {"if-match", "if-none-match"} if fault == "forget" else set()
                headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
                store = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                store.request(self.command, self.path, body, headers)
                got = store.getresponse()
                answer = got.read()
                store.close()
                if fault == "cut after":
                    return self.cut()
                if fault == "fail after":
                    return self.answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
                self.answer(got.status, dict(got.getheaders()), answer)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

            def cut(self):
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def answer(self, status, headers, body):
                self.send_response_only(status)
                skipped = {"connection", "transfer-encoding"} | (set() if self.command == "HEAD" else {"content-length"})
                for name, value in headers.items():
                    if name.lower() not in skipped:
                        self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("Content-Length", str(len(body)))
                elif "Content-Length" not in headers:
                    self.send_header("Content-Length", "0")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 64

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Ran:
    def __init__(self, code, text):
        self.code, self.text = code, text


class World:
    """The emulated service, the stores, and the command between them."""

    def __init__(self, dfinery, folder):
        self.dfinery, self.folder, self.processes, self.names = dfinery, pathlib.Path(folder), [], 0
        self.lock = threading.Lock()
        emulator = subprocess.Popen(
            [dfinery, "emulator", "--no-quotas"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.processes.append(emulator)
        self.service = dict(emulator.stdout.readline().strip().split("=", 1) for _ in range(4))
        port = free_port()
        self.start([PYTHON.with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)], port)
        self.s3 = S3(port)
        self.load()

    def azure(self):
        port = free_port()
        self.start([AZURITE, "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--blobPort", str(port)], port)
        return Azure(port)

    def start(self, command, port):
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for(port)

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
        allowed = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_", "GOOGLE_"))}
        return subprocess.Popen(
            [self.dfinery, *arguments],
            env={**allowed, **self.service, **(environment or {})},
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
