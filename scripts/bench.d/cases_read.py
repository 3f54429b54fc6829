"""Reading: histories, charts, searches."""

import json
import math
import random
import re
import statistics
import uuid
from urllib.parse import quote

from mlflow_fill import fill_runs
from plan import Plan, listed, number
from wire import API, STEP0, T0, Client, batch, loss, metric

PAGE = 25_000


def _series(bench, server, points, key="loss"):
    """A run with one series of `points` points, logged in order by one connection."""
    run, source, plan = Client(server).runs(1)[0], random.Random(3), Plan()
    for _ in range(8):
        metrics = [
            metric(key, loss(step, source), number(13, T0 + step * 50, 50_000), number(10, STEP0 + step, 1000))
            for step in range(1000)
        ]
        plan.add(0, "POST", f"{API}/runs/log-batch", batch(run, metrics))
    bench.machine.run_load(server, 1, plan, requests=points // 1000)
    return run


def _history_path(run, limit=None, token=None):
    path = f"{API}/metrics/get-history?run_id={run}&run_uuid={run}&metric_key=loss"
    path += f"&max_results={limit}" if limit else ""
    return path + (f"&page_token={quote(token)}" if token else "")


def _whole_history(server, run, points, repeats):
    client, times = Client(server), []
    before = server.cpu_seconds()
    for _ in range(repeats):
        seconds, raw = client.timed("GET", _history_path(run))
        times.append(seconds)
    cpu = (server.cpu_seconds() - before) / repeats
    found = raw.count(b'"timestamp"')
    if found != points:
        raise RuntimeError(f"{server.name}: {found} of {points} points came back")
    return statistics.median(times) * 1e3, cpu * 1e3


def _pages(server, run):
    """Seconds of each page of the whole history, and how many points came."""
    client, token, times, points = Client(server), None, [], 0
    while True:
        seconds, raw = client.timed("GET", _history_path(run, PAGE, token))
        times.append(seconds)
        points += raw.count(b'"timestamp"')
        found = re.search(rb'"next_page_token":\s*"([^"]+)"', raw[-400:]) or re.search(
            rb'"next_page_token":\s*"([^"]+)"', raw[:400]
        )
        if found is None:
            return times, points
        token = found.group(1).decode()


def history_and_charts(bench):
    long, longest = (1_000_000, 10_000_000) if not bench.is_quick else (200_000, 1_000_000)
    server = bench.start_martlet()
    short_run, long_run, longest_run = (_series(bench, server, points) for points in (100_000, long, longest))
    server.settle(60)
    server.stop()
    server.start()
    bench.note("the server was restarted after writing: all but the newest points are sealed, its caches are empty")
    rival_runs = {rival: _series(bench, rival, 100_000) for rival in bench.rivals}

    ours = _whole_history(server, short_run, 100_000, 7)
    theirs = {rival.name: _whole_history(rival, run, 100_000, 1) for rival, run in rival_runs.items()}
    bench.add("history of 100,000 points, whole", "ms", ours[0], {k: v[0] for k, v in theirs.items()}, 100)
    bench.add("  CPU", "ms", ours[1], {k: v[1] for k, v in theirs.items()})

    times, points = _pages(server, longest_run)
    if points != longest:
        raise RuntimeError(f"{points} of {longest} points came back in pages")
    quarter = len(times) // 4
    first, last = (statistics.mean(part) * 1e3 for part in (times[:quarter], times[-quarter:]))
    bench.add(
        f"history of {longest / 1e6:g} M points, a page of 25,000", "ms", statistics.mean(times) * 1e3,
        limit=f"first quarter {first:.1f}, last quarter {last:.1f} ms; all {sum(times):.1f} s",
    )
    bench.add("  growth from the first to the last quarter", "times", last / first, target=1.5)

    interval = f"{API}/metrics/get-history-bulk-interval?metric_key=loss&max_results=320&run_ids="
    charts = {rival.name: _chart_of_rival(rival, interval + run) for rival, run in rival_runs.items()}
    for name, run, target in ((long, long_run, 5), (longest, longest_run, 20)):
        first, median, cpu = _chart(server, run)
        text = f"chart of {name / 1e6:g} M points, 1,000 buckets"
        bench.add(text, "ms", median, {k: v[0] for k, v in charts.items()}, target, f"the first time {first:.1f} ms")
        bench.add("  CPU", "ms", cpu, {k: v[1] for k, v in charts.items()})
    if charts:
        bench.note("the rival's chart is its sample of 320 points of a 100,000-point series")
    server.remove()


def _chart(server, run, repeats=40):
    client = Client(server)
    body = {"runs": [run], "keys": ["loss"], "axis": "step", "buckets": 1000}
    first, raw = client.timed("POST", "/api/v1/series", body)
    series = json.loads(raw)["series"]
    if len(series) != 1 or not 400 <= len(series[0]["n"]) <= 1001:
        raise RuntimeError("the chart has no thousand buckets")
    before = server.cpu_seconds()
    times = [client.timed("POST", "/api/v1/series", body)[0] for _ in range(repeats)]
    cpu = (server.cpu_seconds() - before) / repeats
    return first * 1e3, statistics.median(times) * 1e3, cpu * 1e3


def _chart_of_rival(server, path):
    client, repeats = Client(server), 3
    client.call("GET", path)
    before = server.cpu_seconds()
    times = [client.timed("GET", path)[0] for _ in range(repeats)]
    return statistics.median(times) * 1e3, (server.cpu_seconds() - before) / repeats * 1e3


# -- Search -----------------------------------------------------------------------------------------------------------

RATES = ["0.1", "0.03", "0.01", "0.003", "0.001", "0.0003", "0.0001", "0.00003"]
OPTIMIZERS = ["sgd", "adam", "adamw"]
TEAMS = ["vision", "nlp", "audio", "tabular"]


def _fill_martlet(bench, server, count, connections=32):
    experiment = Client(server).create_experiment("search")
    plan = Plan()
    for i in range(connections):
        body = (
            f'{{"experiment_id": "{experiment}", "user_id": "bench", "run_name": "sweep-{number(7, i, connections)}", '
            f'"start_time": {number(13, T0 + i * 1000, connections * 1000)}}}'
        )
        plan.add(i, "POST", f"{API}/runs/create", body)
    ids = bench.machine.scratch / "runs.txt"
    bench.machine.run_load(server, connections, plan, requests=count, capture=("run_id", ids))
    source, plan = random.Random(4), Plan()
    for i in range(connections):
        for _ in range(61):
            plan.add(i, "POST", f"{API}/runs/log-batch", _run_body(source, i, connections))
    bench.machine.run_load(server, connections, plan, requests=count, ids=ids)
    return experiment


def _run_body(source, connection, connections):
    def value(low, high):
        return f"{source.uniform(low, high):.6f}{number(4, source.randrange(10_000), 7919)}"

    metrics = [
        f'{{"key": "{key}", "value": {value(low, high)}, "timestamp": {T0}, "step": 100}}'
        for key, low, high in (("loss", 0.01, 2), ("val/loss", 0.05, 2.5), ("acc", 0.1, 0.99), ("epoch_time", 3, 90))
    ]
    params = {
        "lr": source.choice(RATES), "batch_size": source.choice(["32", "64", "128"]),
        "optimizer": source.choice(OPTIMIZERS), "seed": number(9, connection, connections),
    }
    pairs = ", ".join(f'{{"key": "{key}", "value": "{text}"}}' for key, text in params.items())
    tags = f'{{"key": "team", "value": "{source.choice(TEAMS)}"}}'
    run = listed(32, connection, connections)
    return f'{{"run_id": "{run}", "metrics": [{", ".join(metrics)}], "params": [{pairs}], "tags": [{tags}]}}'


def _common(source):
    rate, bound = source.choice(RATES), source.uniform(0.1, 1.5)
    return {
        "metric and param, by metric": (f"metrics.loss < {bound:.3f} and params.lr = '{rate}'", ["metrics.loss ASC"]),
        "metric and param, other way": (
            f"metrics.acc > {source.uniform(0.3, 0.9):.3f} and params.optimizer = '{source.choice(OPTIMIZERS)}'",
            ["metrics.acc DESC"],
        ),
    }


def _other(source):
    return {
        "all, newest first": ("", []),
        "tag and LIKE, by param": (f"tags.team = '{source.choice(TEAMS)}' and params.lr LIKE '0.0%'", ["params.lr ASC"]),
        "name LIKE": (f"attributes.run_name LIKE '%{source.randrange(10, 99)}%'", ["attributes.start_time ASC"]),
        "one of all": (f"params.seed = '{source.randrange(1000):09}'", []),
        "two metrics and not a tag, by a third": (
            f"metrics.loss > {source.uniform(0.1, 1):.3f} and metrics.acc < 0.8 and tags.team != 'nlp'",
            ["metrics.`val/loss` DESC"],
        ),
    }


def search(bench):
    count = 20_000 if not bench.is_quick else 2_000
    rival_times = {rival.name: _rival_search(rival, count) for rival in bench.rivals}
    server = bench.start_martlet()
    search_on(bench, server, "", rival_times)
    if rival_times:
        bench.note(f"the rival searches {count:,} runs that were put into its database directly; its time grows "
                   "faster than their number")
    server.remove()


def search_on(bench, server, where, rival_times):
    """Fills an experiment and searches it. `where` ends the names of the figures."""
    count = 100_000 if not bench.is_quick else 10_000
    experiment = _fill_martlet(bench, server, count)
    for shapes, target in ((_common, 30), (_other, 300)):
        for name in shapes(random.Random(0)):
            times, cpu, found = _search(server, experiment, shapes, name, 40)
            rivals = {rival: figures[0] for rival, figures in rival_times.items() if shapes is _common}
            text = f"search {count:,} runs{where}: {name}, p95"
            note = f"median {statistics.median(times):.1f} ms, first {times[0]:.1f} ms, {found} found"
            bench.add(text, "ms", p95(times), rivals, target, note)
            bench.add("  CPU", "ms", cpu)


def p95(times):
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


def _search(server, experiment, shapes, name, repeats):
    client, source, times, found = Client(server), random.Random(5), [], 0
    before = server.cpu_seconds()
    for _ in range(repeats):
        text, order = shapes(source)[name]
        body = {"experiment_ids": [experiment], "filter": text, "order_by": order, "max_results": 100}
        seconds, raw = client.timed("POST", f"{API}/runs/search", body)
        times.append(seconds * 1e3)
        found = len(json.loads(raw).get("runs", []))
    return times, (server.cpu_seconds() - before) / repeats * 1e3, found


def _rival_search(rival, count):
    experiment = Client(rival).create_experiment(f"search-{uuid.uuid4().hex}")
    fill_runs(rival.folder / "mlflow.db", experiment, count, RATES, OPTIMIZERS, TEAMS)
    repeats = 3
    times, cpu, _ = _search(rival, experiment, _common, "metric and param, by metric", repeats)
    return statistics.median(times), cpu
