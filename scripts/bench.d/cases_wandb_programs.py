"""Whether programs wait: loops of the real client, online beside offline."""

import json
import statistics
import subprocess
import time

from wandb_wire import Caller, environment

# Begins its loop when all are ready. - Prints the seconds of the loop, of each call, and of the end.
LOOP = """
import json, os, resource, sys, time
import wandb
steps, pause, gate = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
run = wandb.init(id=sys.argv[4])
open(f"{gate}.{sys.argv[4]}", "w").close()
while not os.path.exists(gate):
    time.sleep(0.02)
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
times, own, begun = [], cpu(), time.perf_counter()
for i in range(steps):
    before = time.perf_counter()
    run.log({"loss": 1 / (i + 1), "acc": i / steps, "lr": 0.001})
    times.append(time.perf_counter() - before)
    if pause:
        time.sleep(pause)
loop, own, ended = time.perf_counter() - begun, cpu() - own, time.perf_counter()
run.finish()
times.sort()
print(json.dumps({"loop": loop, "cpu": own, "finish": time.perf_counter() - ended, "log": sum(times),
                  "p50": times[steps // 2], "p95": times[steps * 95 // 100], "max": times[-1]}))
"""


def programs(bench):
    server = bench.start_martlet()
    steps, rounds = (20_000, 3) if not bench.is_quick else (4_000, 1)
    alone = {"offline": [], "online": []}
    _run(bench, server, "online", 1, 10, 0)  # Compiles the modules of the client.
    for _ in range(rounds):
        for mode, found in alone.items():
            found += _run(bench, server, mode, 1, steps, 0)
    _report(bench, alone, f"loop of {steps:,} steps", steps, 1.1)
    # As many as the issue asks for; a step of a training takes some time as well.
    count, steps = (64, 200) if not bench.is_quick else (8, 100)
    many = {mode: _run(bench, server, mode, count, steps, 0.05) for mode in alone}
    _report(bench, many, f"{count} programs at once, {steps} steps of 50 ms", steps, None)
    server.remove()


def _report(bench, found, what, steps, most):
    """Times of `found`: for each mode, what the programs printed."""
    micro = {
        name: {mode: statistics.median(one[name] for one in each) * 1e6 for mode, each in found.items()}
        for name in ("log", "cpu", "p50", "p95", "loop")
    }
    step = {mode: micro["log"][mode] / steps for mode in found}
    ends = {mode: max(one["finish"] for one in each) for mode, each in found.items()}
    note = f"offline {step['offline']:.1f} µs; in `wandb.log` only, mean"
    bench.add(f"{what}: a step online", "µs", step["online"], limit=note)
    bench.add("  online beside offline", "times", step["online"] / step["offline"], target=most)
    note = f"median {micro['p50']['online']:.0f} µs; offline p95 {micro['p95']['offline']:.0f} µs"
    bench.add("  wait in a call, p95", "µs", micro["p95"]["online"], limit=note)
    worst = {mode: max(one["max"] for one in each) * 1e3 for mode, each in found.items()}
    bench.add("  the longest wait of any call", "ms", worst["online"], limit=f"offline {worst['offline']:.1f} ms")
    note = f"offline {micro['cpu']['offline'] / steps:.1f} µs"
    bench.add("  CPU a step, the program's Python", "µs", micro["cpu"]["online"] / steps, limit=note)
    bench.add("  finish, the slowest", "s", ends["online"], limit=f"offline {ends['offline']:.1f} s")
    server = [one["server_cpu"] for one in found["online"]]
    bench.add("  CPU a step, the server, with start and end", "µs", statistics.median(server) / steps * 1e6)


def _run(bench, server, mode, count, steps, pause):
    """What each program printed, and its share of the server's CPU."""
    token = f"{mode}-{time.time_ns()}"
    gate = bench.machine.scratch / f"gate-{token}"
    python, before, started = bench.interpreter("wandb"), server.cpu_seconds(), []
    for index in range(count):
        variables = environment(server, bench.machine.scratch / f"program-{token}-{index}") | {"WANDB_MODE": mode}
        command = [python, "-c", LOOP, str(steps), str(pause), str(gate), f"{token}-{index}"]
        started.append(subprocess.Popen(command, env=server.environment() | variables, stdout=subprocess.PIPE, text=True))
    try:
        _open(gate, started)
        printed = [json.loads(one.communicate(timeout=300)[0].splitlines()[-1]) for one in started]
    finally:
        for one in started:
            if one.poll() is None:
                one.kill()
                one.wait()
    if mode == "online":
        lines = sum(Caller(server).lines_of(f"{token}-{index}") for index in range(count))
        if lines != count * steps:
            raise RuntimeError(f"{lines} of {count * steps} lines are there")
    share = (server.cpu_seconds() - before) / count
    return [one | {"server_cpu": share} for one in printed]


def _open(gate, started, patience=240):
    """Lets the loops begin when every program is ready, and the machine quiet again."""
    end = time.monotonic() + patience
    while len(list(gate.parent.glob(f"{gate.name}.*"))) < len(started):
        if time.monotonic() > end or any(one.poll() is not None for one in started):
            raise RuntimeError("a program did not get ready")
        time.sleep(0.05)
    time.sleep(1)
    gate.touch()
