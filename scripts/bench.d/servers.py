"""The servers that are measured, started on loopback and stopped by their process ids."""

import http.client
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _stat(pid):
    """Fields of /proc/pid/stat from the third (state) on; `None` when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def process_tree(root):
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(entry)):
            parents.setdefault(int(fields[1]), []).append(int(entry))
    tree, queue = [], [root]
    while queue:
        pid = queue.pop()
        tree.append(pid)
        queue += parents.get(pid, [])
    return tree


def cpu_seconds_of(root):
    """CPU of a process tree so far, to 10 ms."""
    stats = (_stat(pid) for pid in process_tree(root))
    return sum(sum(map(int, fields[11:13])) for fields in stats if fields) / TICK


class Server:
    """A server as a process tree. `name` heads its column in the report."""

    name = ""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.process = None
        self.ready_seconds = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def start(self, patience=120):
        self.folder.mkdir(parents=True, exist_ok=True)
        log = open(self.folder.parent / f"{self.folder.name}.log", "ab")
        started = time.perf_counter()
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
            cwd=self.folder, start_new_session=True,
        )
        log.close()
        while not self._is_healthy():
            if self.process.poll() is not None or time.perf_counter() - started > patience:
                self.stop()
                raise RuntimeError(f"{self.name} did not start: see {self.folder}.log")
            time.sleep(0.001)
        self.ready_seconds = time.perf_counter() - started
        return self

    def _is_healthy(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self, patience=60):
        """Asks the tree to end, and waits. Returns the CPU seconds of the whole life of the process."""
        if self.process is None:
            return 0.0
        tree = process_tree(self.process.pid)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in tree[1:]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.process = None
        return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)

    def settle(self, patience=120):
        """Waits until the tree is idle: MLflow answers long before its job consumers have started."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(2)
            if self.cpu_seconds() - before < 0.2:
                return

    def cpu_seconds(self):
        return cpu_seconds_of(self.process.pid)

    def resident_bytes(self):
        stats = (_stat(pid) for pid in process_tree(self.process.pid))
        return sum(int(fields[21]) for fields in stats if fields) * PAGE

    def proportional_bytes(self):
        """Memory of the tree where a page that several processes share counts once."""
        total = 0
        for pid in process_tree(self.process.pid):
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total * 1024

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Martlet(Server):
    name = "martlet"

    PASSWORD = "a password of the bench"

    def __init__(self, folder, binary, has_login=False, database=None):
        super().__init__(folder)
        self.binary = binary
        self.database = database
        self.has_login = has_login

    def command(self):
        login = ["--login", "required"] if self.has_login else []
        return [
            self.binary, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.folder), *login,
        ]

    def environment(self):
        password = {"MARTLET_ADMIN_PASSWORD": self.PASSWORD} if self.has_login else {}
        return super().environment() | password | ({"MARTLET_DATABASE": self.database} if self.database else {})


class MLflow(Server):
    def __init__(self, folder, python, workers=None):
        super().__init__(folder)
        self.python = python
        self.workers = workers
        self.name = "mlflow" if workers is None else f"mlflow -w {workers}"

    def command(self):
        workers = [] if self.workers is None else ["--workers", str(self.workers)]
        return [
            self.python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
            "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db",
            "--artifacts-destination", str(self.folder / "artifacts"), *workers,
        ]

    def environment(self):
        path = f"{Path(self.python).parent}:{os.environ.get('PATH', '')}"
        return dict(os.environ) | {
            "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONDONTWRITEBYTECODE": "1",
        }
