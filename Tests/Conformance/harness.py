"""Starts the server under test and talks to it without the mlflow client.

`MARTLET_TEST_POSTGRES=postgres://…` gives every server an empty database on that PostgreSQL, instead of SQLite.
`MARTLET_TEST_TARGET=mlflow` puts the real `mlflow server` in its place: what the suite expects is first
validated against the original. `MARTLET_BINARY` names the binary (default: the release build of this clone).
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import uuid

import requests

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = os.environ.get("MARTLET_TEST_TARGET", "martlet")
API = "/api/2.0/mlflow/"
POSTGRES = os.environ.get("MARTLET_TEST_POSTGRES")
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
MPU = "/api/2.0/mlflow-artifacts/mpu"


def martlet_binary():
    """The binary to test: MARTLET_BINARY, or the release build, or the debug build where there is no release build."""
    named = os.environ.get("MARTLET_BINARY") or os.environ.get("MARTLET_BIN")
    if named:
        return named
    for configuration in ("release", "debug"):
        binary = REPOSITORY / ".build" / configuration / "martlet"
        if binary.exists():
            return str(binary)
    raise FileNotFoundError("no martlet binary: run `swift build -c release`, or set MARTLET_BINARY")


def new_database():
    """The address of an empty database on the PostgreSQL that is there for the tests."""
    name = f"t{uuid.uuid4().hex}"
    subprocess.run(["psql", "-q", "-d", POSTGRES, "-c", f"CREATE DATABASE {name}"], check=True, timeout=60)
    return f"{POSTGRES.rpartition('/')[0]}/{name}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process, patience):
    """Returns when a server is healthy. - A process that ends, or takes longer, is an error."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(requests.RequestException):
            if requests.get(url + "/health", timeout=2).status_code == 200:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server at {url} did not become healthy")


class Server:
    """A server process on a free loopback port, over one data folder. Started anew it keeps the folder."""

    def __init__(self, folder, arguments=(), environment=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.arguments = list(arguments)
        self.environment = environment or {}
        if POSTGRES and TARGET == "martlet":
            self.environment = {"MARTLET_DATABASE": new_database()} | self.environment
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        if TARGET == "mlflow":
            self.data.mkdir(parents=True, exist_ok=True)
            return [
                sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1",
                "--port", str(self.port), "--backend-store-uri", f"sqlite:///{self.data}/mlflow.db",
                "--artifacts-destination", str(self.data / "artifacts"),
            ]
        return [
            martlet_binary(), "serve", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.data),
            *self.arguments,
        ]

    def start(self, patience=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
        environment |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment |= self.environment
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment,
                cwd=self.folder, start_new_session=True,
            )
        try:
            wait_for(self.url, self.process, patience or (90 if TARGET == "mlflow" else 20))
        except RuntimeError as error:
            self.kill()
            raise RuntimeError(f"{error}:\n{self.tail()}") from None
        return self

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_healthy(self):
        return self.is_running() and requests.get(self.url + "/health", timeout=10).status_code == 200

    def kill(self):
        """SIGKILL: what a power cut is to the process."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self):
        """The orderly end; a server that does not end within 20 s is killed and reported."""
        if not self.is_running():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not stop within 20 s of SIGTERM:\n{self.tail()}") from None
        finally:
            self.kill()


class Raw:
    """Plain requests to the MLflow dialect: what no well-behaved client would send, and what it would."""

    def __init__(self, server):
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False

    def send(self, method, path, **options):
        options.setdefault("timeout", 30)
        url = path if path.startswith("http") else self.server.url + path
        return self.session.request(method, url, **options)

    def post(self, name, body, **options):
        return self.send("POST", API + name, json=body, **options)

    def get(self, name, **query):
        return self.send("GET", API + name, params=query)

    def post_text(self, name, text, content_type="application/json"):
        data = text.encode() if isinstance(text, str) else text
        return self.send("POST", API + name, data=data, headers={"Content-Type": content_type})

    def ok(self, name, body):
        """The answer of a POST that must succeed."""
        answer = self.post(name, body)
        assert answer.status_code == 200, f"{name}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else {}

    def new_run(self, experiment_id="0", **fields):
        body = {"experiment_id": experiment_id, "start_time": now(), **fields}
        return self.ok("runs/create", body)["run"]["info"]["run_id"]

    def run(self, run_id):
        answer = self.get("runs/get", run_id=run_id)
        assert answer.status_code == 200, answer.text
        return answer.json()["run"]

    def history(self, run_id, key, **query):
        answer = self.get("metrics/get-history", run_id=run_id, metric_key=key, **query)
        assert answer.status_code == 200, answer.text
        return answer.json().get("metrics", [])

    def artifact_url(self, run_id, path="", experiment_id="0"):
        return f"{ARTIFACTS}/{experiment_id}/{run_id}/artifacts/{path}".rstrip("/")


class Upload:
    """A multipart upload by hand."""

    def __init__(self, raw, parts):
        self.raw = raw
        self.run = raw.new_run()
        self.folder = f"0/{self.run}/artifacts/up"
        answer = raw.send("POST", f"{MPU}/create/{self.folder}", json={"path": "f.bin", "num_parts": parts})
        assert answer.status_code == 200, answer.text
        self.id = answer.json()["upload_id"]
        self.credentials = sorted(answer.json()["credentials"], key=lambda c: c["part_number"])

    def put(self, number, data):
        credential = self.credentials[number - 1]
        answer = requests.put(credential["url"], data=data, headers=credential.get("headers", {}), timeout=60)
        assert answer.status_code == 200, answer.text
        return {"part_number": number, "etag": answer.headers["ETag"], "url": credential["url"]}

    def complete(self, parts):
        body = {"path": "f.bin", "upload_id": self.id, "parts": parts}
        return self.raw.send("POST", f"{MPU}/complete/{self.folder}", json=body)

    def abort(self):
        body = {"path": "f.bin", "upload_id": self.id}
        return self.raw.send("POST", f"{MPU}/abort/{self.folder}", json=body)

    def stored(self):
        return self.raw.send("GET", f"{ARTIFACTS}/{self.folder}/f.bin")


def now():
    """Milliseconds since 1970-01-01 UTC."""
    return int(time.time() * 1000)


def code(answer):
    """The error code of an answer, or its text where it has none."""
    try:
        return answer.json().get("error_code")
    except (json.JSONDecodeError, requests.JSONDecodeError):
        return answer.text[:200]


def exchange(port, payload, *, half_close=False, timeout=10):
    """Sends bytes over a socket of its own and returns what comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(payload)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received and not half_close:
                    break
        return received


def status_of(received):
    """The HTTP status of a raw answer, 0 where there is none."""
    parts = received.split(b" ", 2)
    return int(parts[1]) if received.startswith(b"HTTP/") and len(parts) > 1 else 0
