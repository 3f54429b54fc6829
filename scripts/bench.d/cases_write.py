"""Writing: batches, single points, runs, and what the points take on disk."""

import base64
import random
import sqlite3
import time

from plan import Plan, number
from wire import API, STEP0, T0, Client, batch, loss, metric


def _batches(runs, keys, steps, bodies=4, spacing=50):
    """Requests of keys × steps points, one run a connection; values differ between the bodies of a connection."""
    source, plan = random.Random(1), Plan()
    for connection, run in enumerate(runs):
        for _ in range(bodies):
            metrics = [
                metric(
                    key, loss(step, source), number(13, T0 + step * spacing, steps * spacing),
                    number(10, STEP0 + step, steps),
                )
                for step in range(steps)
                for key in keys
            ]
            plan.add(connection, "POST", f"{API}/runs/log-batch", batch(run, metrics))
    return plan


def measure_batches(bench, server, keys, steps, seconds, connections=4):
    runs = Client(server).runs(connections)
    plan = _batches(runs, [f"train/metric_{i}" for i in range(keys)], steps)
    load = bench.machine.run_load(server, connections, plan, seconds=seconds)
    points = load["requests"] * keys * steps
    return points / load["seconds"], load["server_cpu"] / points * 1e6, points


def _martlet_batches(bench, keys, steps, seconds):
    """Counts the CPU until the server is idle again and has ended: what is due is sealed by then."""
    server = bench.start_martlet()
    before = server.cpu_seconds()
    rate, _, points = measure_batches(bench, server, keys, steps, seconds)
    resident = server.resident_bytes()
    server.settle(60)
    cpu = server.stop() - before
    server.remove()
    return rate, cpu / points * 1e6, points, resident


def ingest(bench):
    seconds = bench.seconds(6)
    rate, cpu, points, resident = _martlet_batches(bench, 10, 100, seconds)
    rivals = {rival.name: measure_batches(bench, rival, 10, 100, seconds) for rival in bench.rivals}
    bench.add("log-batch of 1,000 (10 keys × 100), 4 conn.", "points/s", rate, _pick(rivals, 0), 1.5e6)
    bench.add("  CPU a point, sealing included", "µs", cpu, _pick(rivals, 1), 0.6)
    bench.add(
        "  resident after it", "MB", resident / 1e6, target=500, limit=f"{points / 1e6:.1f} M points logged"
    )


def ingest_keys(bench):
    seconds = bench.seconds(6)
    rate, cpu, _, _ = _martlet_batches(bench, 1000, 1, seconds)
    rivals = {rival.name: measure_batches(bench, rival, 1000, 1, seconds) for rival in bench.rivals}
    bench.add("log-batch of 1,000 distinct keys, 4 conn.", "points/s", rate, _pick(rivals, 0), 150_000)
    bench.add("  CPU a point, sealing included", "µs", cpu, _pick(rivals, 1))


def log_metric(bench):
    server = bench.start_martlet()
    for connections, most, cpu_target in ((8, 7_000, 0.12), (32, 15_000, 0.08)):
        seconds = bench.seconds(5)
        before = bench.machine.fsync_milliseconds()
        rate, cpu = measure_points(bench, server, connections, seconds)
        fsync = (before + bench.machine.fsync_milliseconds()) / 2
        rivals = {rival.name: measure_points(bench, rival, connections, seconds) for rival in bench.rivals}
        possible = 0.7 * connections / (fsync + 0.25) * 1e3
        note = f"fsync {fsync:.3f} ms: 70 % is {possible:,.0f}/s"
        name = f"log-metric, {connections} conn."
        bench.add(name, "requests/s", rate, _pick(rivals, 0), min(most, possible), note)
        bench.add("  CPU a request", "ms", cpu, _pick(rivals, 1), cpu_target)
    server.remove()


def measure_points(bench, server, connections, seconds):
    plan = Plan()
    for connection, run in enumerate(Client(server).runs(connections)):
        body = (
            f'{{"run_uuid": "{run}", "run_id": "{run}", "key": "loss", "value": 0.{number(6, 421337, 7919)}, '
            f'"timestamp": {number(13, T0, 40)}, "step": {number(10, STEP0)}}}'
        )
        plan.add(connection, "POST", f"{API}/runs/log-metric", body)
    load = bench.machine.run_load(server, connections, plan, seconds=seconds)
    return load["requests"] / load["seconds"], load["server_cpu"] / load["requests"] * 1e3


def token(bench):
    """What it costs to say who asks: the cheapest request there is, with a token and on a server without logins."""
    open_server, server = bench.start_martlet(), bench.start_martlet(has_login=True)
    password = base64.b64encode(f"admin:{server.PASSWORD}".encode()).decode()
    login = Client(server)
    login.proof = {"Authorization": f"Basic {password}"}
    account = login.json("GET", "/api/v1/session")["account"]
    secret = login.json("POST", f"/api/v1/accounts/{account}/tokens", {"name": "bench"})["token"]
    figures = {}
    for name, measured, proof in (("without", open_server, None), ("with", server, secret)):
        run = Client(measured, token=proof).runs(1, "0")[0]
        plan = Plan(proof)
        for connection in range(8):
            plan.add(connection, "GET", f"{API}/runs/get?run_id={run}")
        bench.machine.run_load(measured, 8, plan, seconds=1)
        load = bench.machine.run_load(measured, 8, plan, seconds=bench.seconds(4))
        figures[name] = load["server_cpu"] / load["requests"] * 1e6
    extra = figures["with"] - figures["without"]
    note = f"runs/get: {figures['without']:.1f} µs of CPU without, {figures['with']:.1f} with"
    bench.add("a token with a request", "µs CPU", extra, {}, 30, note)
    open_server.remove()
    server.remove()


def create_run(bench):
    server = bench.start_martlet()
    before = bench.machine.fsync_milliseconds()
    _, wall, cpu = measure_runs(bench, server, bench.seconds(4))
    fsync = (before + bench.machine.fsync_milliseconds()) / 2
    rivals = {rival.name: measure_runs(bench, rival, bench.seconds(4)) for rival in bench.rivals}
    bench.add("create run, 1 conn., median", "ms", wall, _pick(rivals, 1), 3 * fsync, f"fsync {fsync:.3f} ms")
    bench.add("  CPU a run, 1 conn.", "ms", cpu, _pick(rivals, 2))
    # Alone, a run pays for waking every thread on its way; the cost of the work shows where requests come together.
    cpu = measure_runs(bench, server, bench.seconds(4), 8)[2]
    rivals = {rival.name: measure_runs(bench, rival, bench.seconds(4), 8) for rival in bench.rivals}
    bench.add("  CPU a run, 8 conn.", "ms", cpu, _pick(rivals, 2), 0.2)
    server.remove()


def measure_runs(bench, server, seconds, connections=1):
    experiment = Client(server).create_experiment(f"create-{random.getrandbits(64):x}")
    tags = '[{"key": "mlflow.user", "value": "bench"}, {"key": "mlflow.source.name", "value": "train.py"}]'
    body = (
        f'{{"experiment_id": "{experiment}", "user_id": "bench", "run_name": "run {number(7)}", '
        f'"start_time": {number(13, T0, 10)}, "tags": {tags}}}'
    )
    plan = Plan()
    for connection in range(connections):
        plan.add(connection, "POST", f"{API}/runs/create", body)
    load = bench.machine.run_load(server, connections, plan, seconds=seconds)
    return load["requests"] / load["seconds"], load["p50"], load["server_cpu"] / load["requests"] * 1e3


def stored_size(bench):
    """Bytes a point in the database file after sealing: all indexes and summaries, without free pages."""
    series = 100_000 if not bench.is_quick else 20_480
    measured = []
    for name, runs, keys, points, is_single, target in (
        ("float32-like series", 1, 10, series, True, 5),
        ("double series", 1, 10, series, False, 8.5),
        ("50 keys × 100 points a run", 200 if not bench.is_quick else 40, 50, 100, True, 16),
    ):
        server = bench.start_martlet()
        plan = _series_plan(Client(server).runs(runs), keys, points, is_single)
        bench.machine.run_load(server, 1, plan, requests=len(plan.templates))
        measured.append((server, name, runs * keys * points, target))
    for server, name, points, target in measured:
        wait_until_sealed(server)
        server.stop()
        used, whole, unsealed = _database_size(server.folder)
        note = f"file with free pages {whole / points:.2f}; {unsealed} log rows unsealed; {points / 1e6:.2g} M points"
        bench.add(f"stored, {name}", "bytes a point", used / points, target=target, limit=note)
        server.remove()


def wait_until_sealed(server, patience=100):
    """The newest points are sealed when they are a minute old, unless they are few."""
    end = time.monotonic() + patience
    while _long_logs(server.folder) > 0 and time.monotonic() < end:
        time.sleep(1)


def _database_path(folder):
    return next(file for file in sorted(folder.rglob("*")) if file.suffix in (".sqlite", ".sqlite3", ".db"))


def _long_logs(folder):
    database = sqlite3.connect(f"file:{_database_path(folder)}?mode=ro", uri=True, timeout=30)
    long = "SELECT run FROM point_log GROUP BY run HAVING count(*) > 16 OR sum(bytes) > 4096"
    count = database.execute(f"SELECT count(*) FROM ({long})").fetchone()[0]
    database.close()
    return count


def _series_plan(runs, keys, points, is_single):
    source, plan = random.Random(2), Plan()
    steps_a_request = max(1, 1000 // keys)
    for run in runs:
        clock = T0
        for first in range(0, points, steps_a_request):
            metrics = []
            for step in range(first, min(first + steps_a_request, points)):
                clock += 50 + source.randrange(-3, 4)
                metrics += [metric(f"metric_{i}", loss(step, source, is_single), clock, step) for i in range(keys)]
            plan.add(0, "POST", f"{API}/runs/log-batch", batch(run, metrics))
    return plan


def _database_size(folder):
    """(bytes of used pages, bytes of the file, rows left in the point log) of the only SQLite file."""
    path = _database_path(folder)
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    unsealed = database.execute("SELECT count(*) FROM point_log").fetchone()[0]
    database.close()
    return (pages - free) * size, path.stat().st_size, unsealed


def _pick(rivals, index):
    return {name: figures[index] for name, figures in rivals.items()}
