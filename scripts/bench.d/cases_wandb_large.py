"""A run of a hundred thousand metrics: logged, searched by name, opened in a browser."""

import json
import statistics
import subprocess
from pathlib import Path

from plan import Plan
from wandb_wire import HEADER, Caller, history_line, stream_body, stream_path

PAGE = Path(__file__).resolve().parent / "run_page.py"


def many_metrics(bench):
    count, steps = (100_000, 10) if not bench.is_quick else (10_000, 5)
    server = bench.start_martlet()
    caller = Caller(server)
    run = caller.new_run()
    plans = [Plan(), Plan()]
    for step in range(steps):
        plans[step > 0].add(0, "POST", stream_path(run), _line(count, step), headers=HEADER)
    what = f"{count:,} metrics in one run"
    for plan, text, values in ((plans[0], "first line of all", count), (plans[1], "a further one", count * (steps - 1))):
        load = bench.machine.run_load(server, 1, plan, requests=len(plan.templates))
        note = f"{values / load['seconds']:,.0f} values/s; {load['server_cpu'] / values * 1e6:.2f} µs of CPU a value"
        bench.add(f"{what}: {text}", "ms", load["mean"], limit=note)
    server.settle(60)
    bench.add("  resident after it", "MB", server.resident_bytes() / 1e6)
    native = caller.native_id(run)
    _names(bench, server, caller, native)
    _page(bench, server, native)
    server.remove()


def _line(count, step):
    """A body of one line with all metrics, as the client sends a great step."""
    values = {f"layer_{i // 100:04}/weight_{i % 100:02}/norm": (i * 37 % 1000 + step) / 8 for i in range(count)}
    text = json.dumps(values, separators=(",", ":"))[:-1]
    tail = history_line(step, 10, 1, lambda width, start, stride: str(start), 0)[1:]
    return stream_body([f"{text},{tail}"], step)


def _names(bench, server, caller, native):
    """Metrics are found by a regular expression on the server; the page asks for the run and then for all names."""
    for what, path, target in (
        ("metrics found by a regular expression, native", f"/api/v1/runs/{native}/metrics?match=layer_.*7%2Fweight_(1|2)3", 100),
        ("the run with the first 500 metrics, native", f"/api/v1/runs/{native}?metrics=500", None),
        ("all names, native", f"/api/v1/runs/{native}/metrics?form=keys&limit=1000000", None),
        ("the run with all its metrics, native", f"/api/v1/runs/{native}", None),
    ):
        times, before = [], server.cpu_seconds()
        for _ in range(5):
            seconds, raw = caller.timed("GET", path)
            times.append(seconds * 1e3)
        cpu = (server.cpu_seconds() - before) / len(times) * 1e3
        note = f"first {times[0]:.0f} ms, {len(raw) / 1e6:.2f} MB as sent; {cpu:.0f} ms of CPU"
        bench.add(f"  {what}", "ms", statistics.median(times), target=target, limit=note)


def _page(bench, server, native):
    command = [bench.interpreter(), PAGE, f"http://127.0.0.1:{server.port}", native, "layer_.*7/weight_(1|2)3"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    for tab, target in (("overview", 1), ("charts", 1)):
        seen = [page for page in pages if page["tab"] == tab]
        note = f"first paint {_median(seen, 'paint'):.2f} s, the curves of each visit {_listed(seen, 'curve')} s"
        bench.add(f"  page, {tab}: the run is there", "s", _median(seen, "name"), target=target, limit=note)
        bench.add(f"  page, {tab}: a curve is drawn", "s", _median(seen, "curve"))
    found = [page for page in pages if "search" in page]
    note = f"of it {_median(found, 'waited'):.0f} ms wait for the next key; {found[0]['shown']}"
    bench.add("  metrics found by a regular expression, from the key to the page", "ms", _median(found, "search"),
              target=100, limit=note)


def _median(pages, name):
    return statistics.median(page[name] for page in pages)


def _listed(pages, name):
    return ", ".join(f"{page[name]:.2f}" for page in pages)
