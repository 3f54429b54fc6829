"""On PostgreSQL with its own durability, on the same machine: writing, searching, and what another server hears."""

import os
import random
import statistics
import subprocess
import threading
import time
from pathlib import Path

import cases_read
import cases_write
from servers import cpu_seconds_of
from wire import API, T0, Client

SCRIPT = Path(__file__).resolve().parent.parent / "postgres"


class Postgres:
    """A PostgreSQL of the bench's own."""

    def __init__(self, folder):
        # It runs as a user of its own, who must come through.
        folder.mkdir()
        os.chmod(folder.parent, 0o755)
        os.chmod(folder, 0o755)
        self.folder = folder / "server"
        self.address = self._script("start").strip()
        self.pid = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def _script(self, verb):
        return subprocess.run([SCRIPT, verb, self.folder], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout

    def cpu_seconds(self):
        return cpu_seconds_of(self.pid)

    def remove(self):
        self._script("stop")


def postgres(bench):
    database = Postgres(bench.machine.scratch / "postgres")
    try:
        server = bench.start_martlet(database=database.address)
        _writes(bench, server, database)
        _events(bench, server, bench.start_martlet(database=database.address))
        cases_read.search_on(bench, server, " on PostgreSQL", {})
    finally:
        bench.remove_servers()
        database.remove()


def _writes(bench, server, database):
    seconds = bench.seconds(6)

    def measured(measure):
        """The figures of a load, and the CPU seconds of PostgreSQL for one of its units."""
        before = database.cpu_seconds()
        figures = measure()
        return figures, (database.cpu_seconds() - before) / (figures[0] * seconds)

    (rate, ours, _), theirs = measured(lambda: cases_write.measure_batches(bench, server, 10, 100, seconds))
    bench.add("log-batch of 1,000 (10 keys × 100), 4 conn.", "points/s", rate, target=1.5e6)
    bench.add("  CPU a point, without sealing", "µs", ours, limit=f"and {theirs * 1e6:.3f} µs of PostgreSQL")
    (rate, ours), theirs = measured(lambda: cases_write.measure_points(bench, server, 32, seconds))
    bench.add("log-metric, 32 conn.", "requests/s", rate, target=12_000)
    bench.add("  CPU a request", "ms", ours, limit=f"and {theirs * 1e3:.3f} ms of PostgreSQL")
    (_, wall, ours), theirs = measured(lambda: cases_write.measure_runs(bench, server, seconds))
    bench.add("create run, 1 conn., median", "ms", wall, target=6)
    bench.add("  CPU a run", "ms", ours, limit=f"and {theirs * 1e3:.3f} ms of PostgreSQL")


def _events(bench, writer, other):
    """From a write on one server to the invalidation that a page hears from another."""
    run = Client(writer).runs(1)[0]
    heard, times = threading.Semaphore(0), []
    stream = Client(other).lines(f"/api/v1/events?topics=run:{run}:metrics")

    def listen():
        for line in stream:
            if line.startswith(b"data:") and b"metrics" in line:
                heard.release()

    threading.Thread(target=listen, daemon=True).start()
    time.sleep(0.5)
    source = random.Random(3)
    for step in range(40):
        # Viewers are told of one run not more often than their stream allows.
        time.sleep(source.uniform(0.6, 0.8))
        while heard.acquire(blocking=False):
            pass
        started = time.perf_counter()
        body = {"run_id": run, "key": "loss", "value": 0.5, "timestamp": T0 + step, "step": step}
        Client(writer).json("POST", f"{API}/runs/log-metric", body)
        if heard.acquire(timeout=5):
            times.append((time.perf_counter() - started) * 1e3)
    note = f"median {statistics.median(times):.0f} ms, {len(times)} of 40 heard"
    bench.add("event from one server to another's page, p95", "ms", cases_read.p95(times), target=300, limit=note)
