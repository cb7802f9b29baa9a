"""Object stores on the loopback, and what stands between them and the command: for `load-stores` and `export-stores`."""

import contextlib
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
VENV = INSTALLED / "stores"
AZURITE = INSTALLED / "azurite" / "node_modules" / ".bin" / "azurite-blob"
BUCKET = "lake"
AZURE_ACCOUNT = "devstoreaccount1"
# Of every emulator of Azure's, as documented.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def install(script):
    """Goes on in an environment that has the emulators."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        wanted = ["moto[server]==5.2.5", "boto3==1.44.8", "azure-storage-blob==12.31.1", "pyarrow==26.0.1"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)
    if not AZURITE.exists() and shutil.which("npm"):
        npm = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", INSTALLED / "azurite"]
        subprocess.run([*npm, "azurite@3.35.0"], check=True)
    if pathlib.Path(sys.prefix) != VENV:
        os.execv(python, [python, script, *sys.argv[1:]])


def build():
    """The command with what it needs for stores; `DFINERY` names one that is there."""
    if path := os.environ.get("DFINERY"):
        return path
    command = "cargo build --locked --package dfinery-cli --features cloud,parquet --message-format json"
    built = subprocess.run(command.split(), cwd=HERE, check=True, stdout=subprocess.PIPE, text=True)
    found = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    return next(path for path in found if path)


def environment():
    """The variables of this process without those of stores, which would change what is done."""
    of_stores = ("AWS_", "AZURE_", "GOOGLE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(of_stores)}


def emulate_s3(processes):
    """Returns the port."""
    port = free_port()
    start([VENV / "bin" / "moto_server", "-H", "127.0.0.1", "-p", str(port)], port, processes)
    return port


def emulate_azure(processes):
    port = free_port()
    start([AZURITE, "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--blobPort", str(port)], port, processes)
    return port


def emulate_service(dfinery, processes, *options):
    """Returns the process, and the variables for its clients."""
    process = subprocess.Popen([dfinery, "emulator", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    processes.append(process)
    return process, dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))


def start(command, port, processes):
    processes.append(subprocess.Popen(command, env=environment(), **QUIET))
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Proxy:
    """Stands between the command and a store. `meddle(number, method, path)` names the fault of a request, if any: a status
    and a code; a cut before, within or after the answer; a failure after it was done; or that conditions are forgotten."""

    def __init__(self, port, meddle=None):
        self.reset(meddle)
        proxy, lock = self, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with lock:
                    proxy.requests += 1
                    number = proxy.requests
                fault = proxy.meddle(number, self.command, self.path) if proxy.meddle else None
                if fault == "cut":
                    return self.cut()
                if isinstance(fault, tuple):
                    return self.fail(*fault)
                dropped = {"if-match", "if-none-match"} if fault == "forget" else set()
                headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
                store = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                store.request(self.command, self.path, body, headers)
                got = store.getresponse()
                answer = got.read()
                store.close()
                with lock:
                    proxy.bytes += len(answer)
                if fault == "cut after":
                    return self.cut()
                if fault == "fail after":
                    return self.fail(500, "InternalError")
                self.answer(got.status, dict(got.getheaders()), answer, fault == "cut within")

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

            def cut(self):
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def fail(self, status, code):
                self.answer(status, {}, f"<Error><Code>{code}</Code><Message>As asked</Message></Error>".encode())

            def answer(self, status, headers, body, is_cut=False):
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
                    self.wfile.write(body[: len(body) // 2] if is_cut else body)
                if is_cut:
                    self.cut()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 64

            def handle_error(self, *_):
                pass  # The command was killed.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self, meddle=None):
        self.meddle, self.requests, self.bytes = meddle, 0, 0
