"""`martlet import mlflow` of a database that MLflow made, with runs and points put into it directly."""

import os
import random
import sqlite3
import subprocess
import time

from mlflow_fill import T0, fill_runs

KEYS, STEPS = 10, 100


def import_mlflow(bench):
    """Every point comes over: counted at the end by the server's own report."""
    count = 10_000 if not bench.is_quick else 500
    folder = bench.machine.scratch / "import"
    folder.mkdir()
    source = folder / "mlflow.db"
    subprocess.run([bench.interpreter(), "-m", "mlflow", "db", "upgrade", f"sqlite:///{source}"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"})
    points = _fill(source, count)
    server = bench.start_martlet()
    try:
        before, started = server.cpu_seconds(), time.perf_counter()
        done = subprocess.run(
            [bench.options.binary, "import", "mlflow", source, "--to", f"http://127.0.0.1:{server.port}", "--json"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - before
        note = f"{count:,} runs in {seconds:.1f} s; the server's CPU {cpu / points * 1e6:.2f} µs a point"
        bench.add(f"import of {points / 1e6:.1f} M points from mlflow.db", "points/s", points / seconds, target=200_000, limit=note)
        if f"{points}" not in done.stdout:
            raise RuntimeError(f"the report does not tell of {points} points: {done.stdout[:2000]}")
    finally:
        server.remove()


def _fill(path, count):
    """- Returns how many points there are."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=OFF")
    with database:
        database.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace) "
            "VALUES (1, 'imported', 'mlflow-artifacts:/1', 'active', ?, ?, 'default')", (T0, T0))
    database.close()
    fill_runs(path, 1, count, ["0.1", "0.01"], ["adam", "sgd"], ["vision", "speech"])
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    source = random.Random(7)
    values = [source.uniform(0, 2) for _ in range(4_096)]
    runs = [row[0] for row in database.execute("SELECT run_uuid FROM runs")]

    def rows():
        for number, run in enumerate(runs):
            for key in range(KEYS):
                for step in range(STEPS):
                    yield f"series_{key}", values[(number * 31 + key * 101 + step) % 4_096], T0 + step * 1000, step, 0, run

    with database:
        database.executemany("INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)", rows())
        total = database.execute("SELECT count(*) FROM metrics").fetchone()[0]
    database.close()
    return total
