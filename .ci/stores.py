"""Object stores on the loopback, the emulator of the service, and the command, for `object_stores.py`.

The arguments of the program are the paths of the command and of Azurite.
"""

import collections
import http.client
import http.server
import itertools
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import uuid

import azure.storage.blob
import boto3

DFINERY, AZURITE = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
BUCKET = "lake"
AZURE_ACCOUNT = "devstoreaccount1"
# The key that Azurite documents, the same for everybody.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SECRET = "a-secret-that-nobody-may-see"
TODAY = time.strftime("%Y-%m-%d", time.gmtime())


class Stores:
    """S3 behind a proxy, and Azure."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def __enter__(self):
        s3, azure = free_port(), free_port()
        # Its variables would change what the servers do.
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_"))}
        self.start(["moto_server", "-H", "127.0.0.1", "-p", str(s3)], s3, plain)
        self.start([AZURITE, "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--blobPort", str(azure)], azure, plain)
        self.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{s3}",
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key=SECRET,
        )
        self.s3.create_bucket(Bucket=BUCKET)
        address = f"http://127.0.0.1:{azure}/{AZURE_ACCOUNT}"
        self.azure = azure_client = azure_container(address)
        azure_client.create_container()
        self.s3_port, self.proxy = s3, Proxy(s3)
        self.environment = {
            **plain,
            "AWS_ENDPOINT": self.proxy.address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{azure}",
            "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
        }
        return self

    def start(self, command, port, environment):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen(command, env=environment, **quiet))
        wait_for(port)

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
            [DFINERY, *map(str, arguments)],
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


def azure_container(address):
    account = {"account_name": AZURE_ACCOUNT, "account_key": AZURE_KEY}
    client = azure.storage.blob.BlobServiceClient(account_url=address, credential=account)
    return client.get_container_client(BUCKET)


class Proxy:
    """Passes requests on to S3, and can fail them: `fault` is called with the method and the number of the request."""

    def __init__(self, port):
        own = free_port()
        self.address = f"http://127.0.0.1:{own}"
        self.reset()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                number = next(proxy.numbers)
                fault = proxy.fault(self.command, number) if proxy.fault else None
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if isinstance(fault, tuple):
                    return self.answer(*fault)
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                proxy.bytes += len(content)
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") or len(content)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if fault == "cut":
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                    return
                self.wfile.write(content)

            def answer(self, status, code):
                content = f"<Error><Code>{code}</Code><Message>said the proxy</Message></Error>".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # The command was killed.

        server = Server(("127.0.0.1", own), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def reset(self, fault=None):
        self.fault, self.bytes, self.numbers = fault, 0, itertools.count(1)

    @property
    def requests(self):
        return next(self.numbers) - 1


class Service:
    """An emulator, and what it has."""

    def __init__(self, stores):
        self.stores = stores
        command = [DFINERY, "emulator", "--no-quotas", "--unregistered", "accept"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        stores.processes.append(self.process)
        lines = (self.process.stdout.readline() for _ in range(4))
        self.variables = dict(line.strip().split("=", 1) for line in lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def events(self, cwd):
        """How often each event has arrived, by its number."""
        out = cwd / "exported.ndjson"
        self.stores.dfinery("export", "events", "--from", TODAY, "--until", TODAY, "-o", out, cwd=cwd, **self.variables)
        rows = map(json.loads, out.read_text().splitlines())
        return collections.Counter(int(row["number"]) for row in rows)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on {port}")
