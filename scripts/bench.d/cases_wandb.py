"""Writing as W&B's client does: lines of history through the file stream."""

from plan import Plan
from wandb_wire import HEADER, Caller, packed_body, patched_body, stream_path

CONNECTIONS = 4
PACKED = HEADER + "Content-Encoding: gzip\r\n"


def stream(bench):
    """Narrow and wide lines, plain (the client's own default) and gzip (when its setting asks for it)."""
    for scalars, lines in ((3, 1000), (50, 100), (100, 50)):
        for is_packed in (False, True):
            _report(bench, scalars, lines, "gzip" if is_packed else "plain", _measure(bench, scalars, lines, is_packed))


def _report(bench, scalars, lines, kind, figures):
    rate, cpu, load, resident = figures
    unit, what, per, target = ("lines/s", "line", 1, 300_000) if scalars == 3 else ("values/s", "value", scalars, 1.5e6)
    sent, share = load["requests"] * lines, load["load_cpu"] / load["seconds"]
    text = f"{kind}, {scalars} scalars a line, {lines:,} lines a request, 4 runs"
    note = f"{sent / 1e6:.2g} M lines, {load['bytes_out'] / sent:.0f} bytes a line; the load takes {share:.2f} cores"
    bench.add(text, unit, rate * per, target=target, limit=note)
    note = f"resident {resident / 1e6:.0f} MB; two cores at this cost: {2 / cpu * per:,.0f} {unit}"
    bench.add(f"  CPU a {what}, sealing included", "µs", cpu / per * 1e6, limit=note)


def _measure(bench, scalars, lines, is_packed):
    """(lines/s, CPU seconds of a line, figures of the load, resident bytes)

    The CPU counts until the server is idle again and has ended: what is due is sealed by then.
    """
    server = bench.start_martlet()
    caller = Caller(server)
    runs = [caller.new_run() for _ in range(CONNECTIONS)]
    plan = Plan()
    # A packed body cannot be patched: each is made beforehand, so their number is what bounds the time.
    packed = 240 if not bench.is_quick else 40
    for connection, run in enumerate(runs):
        for request in range(packed if is_packed else 1):
            body = packed_body(lines, scalars, request) if is_packed else patched_body(lines, scalars)
            plan.add(connection, "POST", stream_path(run), body, headers=PACKED if is_packed else HEADER)
    before = server.cpu_seconds()
    bound = {"requests": packed * CONNECTIONS} if is_packed else {"seconds": bench.seconds(5)}
    load = bench.machine.run_load(server, CONNECTIONS, plan, **bound)
    resident = server.resident_bytes()
    stored, sent = sum(caller.lines_of(run) for run in runs), load["requests"] * lines
    if stored != sent:
        raise RuntimeError(f"{stored} of {sent} lines are there")
    server.settle(60)
    cpu = server.stop() - before
    server.remove()
    return sent / load["seconds"], cpu / sent, load, resident
