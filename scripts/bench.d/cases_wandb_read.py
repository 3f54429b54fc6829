"""Reading as W&B's client does: `scan_history` and `history`, and charts of the same runs."""

import json
import statistics
import subprocess
import time

from cases_read import p95
from cases_write import wait_until_sealed
from plan import Plan
from wandb_wire import (
    FULL, HEADER, KEYS_PAGE, PAGE, PROJECT, SAMPLED, Caller, environment, history_line, question, stream_body,
    stream_path, value_at,
)

SCAN = """
import resource, sys, time
import wandb
run = wandb.Api().run(sys.argv[1])
run.lastHistoryStep
def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime
own, started = cpu(resource.RUSAGE_SELF), time.perf_counter()
rows = sum(1 for _ in run.scan_history(page_size=int(sys.argv[2])))
print(rows, time.perf_counter() - started, cpu(resource.RUSAGE_SELF) - own)
"""


def fill_run(bench, server, rows, scalars=3):
    """A run with so many rows, written by one connection in order. Row i has the values `value_at(i, …)`."""
    run, plan = Caller(server).new_run(), Plan()
    lines = 1000
    for request in range(rows // lines):
        def patch(width, start, stride, request=request):
            return str(start + request * stride).zfill(width) if width != 7 else str(start + request * stride)

        values = [[value_at(request * lines + index, scalar) for scalar in range(scalars)] for index in range(lines)]
        content = [history_line(index, lines, scalars, patch, 0, values[index]) for index in range(lines)]
        plan.add(0, "POST", stream_path(run), stream_body(content, request * lines), headers=HEADER)
    bench.machine.run_load(server, 1, plan, requests=rows // lines)
    return run


def restarted(server):
    """All but the newest points are sealed then, and the caches are empty."""
    server.settle(60)
    server.stop()
    server.start()
    return server


# -- scan_history -----------------------------------------------------------------------------------------------------


def scan(bench):
    rows = 200_000 if not bench.is_quick else 50_000
    server = bench.start_martlet()
    run = fill_run(bench, server, rows)
    restarted(server)
    _scan_raw(bench, server, run, rows, 1000, None, 500_000, ", just written")
    if not bench.is_quick:
        wait_until_sealed(server)
    for size in (1000, 10_000):
        _scan_raw(bench, server, run, rows, size, None, 500_000 if size == 1000 else None)
    _scan_raw(bench, server, run, rows, 1000, ["train/metric_0", "_step"])
    _scan_at_once(bench, server, run, rows)
    for size in (1000, 10_000):
        _scan_client(bench, server, run, rows, size)
    server.remove()


def _page(run, first, size, keys):
    """The question for a page, as the client puts it."""
    if keys is None:
        return question(PAGE, run=run, minStep=first, maxStep=first + size, pageSize=size)
    spec = {"keys": keys, "minStep": first, "maxStep": first + size - 1, "samples": size}
    return question(KEYS_PAGE, run=run, spec=json.dumps(spec))


def _scan_raw(bench, server, run, rows, size, keys, target=None, when=""):
    caller, seconds, found, received = Caller(server), 0, 0, 0
    caller.ask(PAGE, run=run, minStep=0, maxStep=1, pageSize=1)
    before = server.cpu_seconds()
    for first in range(0, rows, size):
        took, raw = caller.timed("POST", "/graphql", _page(run, first, size, keys))
        seconds += took
        received += len(raw)
        found += raw.count(b"train/metric_0")
    cpu = server.cpu_seconds() - before
    if found != rows:
        raise RuntimeError(f"{found} of {rows} rows came back")
    what = "all keys" if keys is None else "one key"
    note = f"one connection: {rows / seconds:,.0f} rows/s by the clock, {received / rows:.0f} bytes a row"
    text = f"scan_history, raw pages of {size:,}, {what}{when}, of the server's CPU"
    bench.add(text, "rows/s", rows / cpu, target=target, limit=note)


def _scan_at_once(bench, server, run, rows):
    """The same pages asked for by four readers at a time: what the server gives, whatever a client does with it."""
    plan, connections = Plan(), 4
    for index, first in enumerate(range(0, rows, 1000)):
        plan.add(index % connections, "POST", "/graphql", json.dumps(_page(run, first, 1000, None)), headers=HEADER)
    load = bench.machine.run_load(server, connections, plan, requests=4 * rows // 1000)
    rate = load["requests"] * 1000 / load["seconds"]
    note = f"p95 of a page {load['p95']:.1f} ms; CPU: {load['server_cpu'] / load['seconds']:.2f} cores of the server"
    bench.add("scan_history, raw pages of 1,000, 4 conn.", "rows/s", rate, limit=note)


def _scan_client(bench, server, run, rows, size):
    folder = bench.machine.scratch / f"client-{time.time_ns()}"
    variables = environment(server, folder)
    command = [bench.interpreter("wandb"), "-c", SCAN, f"default/{PROJECT}/{run}", str(size)]
    before = server.cpu_seconds()
    done = subprocess.run(command, env=server.environment() | variables, stdout=subprocess.PIPE, text=True, check=True)
    cpu = server.cpu_seconds() - before
    found, seconds, own = (float(word) for word in done.stdout.split()[-3:])
    if found != rows:
        raise RuntimeError(f"{found:.0f} of {rows} rows came back to the client")
    note = f"{seconds:.2f} s; CPU: the server {cpu:.2f} s, the client's Python {own:.2f} s, wandb-core beside them"
    bench.add(f"scan_history, the real client, pages of {size:,}", "rows/s", rows / seconds, limit=note)


# -- charts -----------------------------------------------------------------------------------------------------------


def charts(bench):
    rows = 500_000 if not bench.is_quick else 100_000
    server = bench.start_martlet()
    run = fill_run(bench, server, rows)
    restarted(server)
    caller = Caller(server)
    native = caller.native_id(run)
    body = {"runs": [native], "keys": ["train/metric_0"], "axis": "step", "buckets": 1000}
    _timed(bench, server, f"chart of {rows:,} steps, 1,000 buckets", lambda: ("/api/v1/series", body), 50)
    shown = [0]

    def part():
        """Another stretch of the run each time, as one who looks around."""
        shown[0] = (shown[0] + 37_137) % (rows // 2)
        return "/api/v1/series", body | {"from": shown[0], "to": shown[0] + rows // 3}

    _timed(bench, server, "chart of a third of it, another each time", part, 50)
    three = body | {"keys": [f"train/metric_{i}" for i in range(3)]}
    _timed(bench, server, "three charts in one request", lambda: ("/api/v1/series", three))
    spec = json.dumps({"keys": ["_step", "train/metric_0"], "samples": 500})
    _timed(bench, server, f"history(keys=[one]) of {rows:,} steps, 500 samples",
           lambda: ("/graphql", question(SAMPLED, name=run, specs=[spec])), 50)
    _timed(bench, server, f"history() of {rows:,} steps, all keys, 500 samples",
           lambda: ("/graphql", question(FULL, name=run, samples=500)), 50)
    _check_buckets(bench, caller, native, rows, body)
    server.remove()


def _timed(bench, server, what, asked, target=None, repeats=20):
    caller = Caller(server)
    first = caller.timed("POST", *asked())[0] * 1e3
    before, times = server.cpu_seconds(), []
    while len(times) < repeats and sum(times) < 6_000:
        times.append(caller.timed("POST", *asked())[0] * 1e3)
    cpu = (server.cpu_seconds() - before) / len(times) * 1e3
    note = f"median {statistics.median(times):.1f} ms, the first time {first:.1f} ms"
    bench.add(f"{what}, p95", "ms", p95(times), target=target, limit=note)
    bench.add("  CPU", "ms", cpu)


def _check_buckets(bench, caller, native, rows, body):
    """Least and greatest of each bucket against the values that were logged."""
    for part in ({}, {"from": rows // 3, "to": rows // 2}):
        series = caller.json("POST", "/api/v1/series", body | part)["series"][0]
        for first, last, least, most in zip(series["firstX"], series["lastX"], series["min"], series["max"]):
            values = [value_at(step, 0) for step in range(first, last + 1)]
            if (min(values), max(values)) != (least, most):
                raise RuntimeError(f"steps {first} to {last}: {least} to {most} instead of {min(values)} to {max(values)}")
    bench.note("least and greatest of each bucket of the charts were compared with the values logged: all exact")
