"""What the operator does beside the server: backup and restore, beside a plain copy of the same folder."""

import os
import shutil
import statistics
import subprocess
import time

from cases_files import FILES
from plan import Plan, number
from wire import Client


def backup(bench):
    """A data folder of points, small files and large ones. Each copy ends on the disk; pages are warm for all."""
    server = bench.start_martlet()
    try:
        size = _fill(bench, server)
        scratch = bench.machine.scratch
        data, backups = server.folder, scratch / "backups"
        plain, first, again, restores = [], [], [], []
        for _ in range(3):
            shutil.rmtree(scratch / "copy", ignore_errors=True)
            shutil.rmtree(backups, ignore_errors=True)
            shutil.rmtree(scratch / "restored", ignore_errors=True)
            plain.append(_timed(["sh", "-c", f"cp -r '{data}' '{scratch}/copy' && sync -f '{scratch}/copy'"]))
            first.append(_timed(_admin(bench, "backup", backups, "--data", data)))
            again.append(_timed(_admin(bench, "backup", backups, "--data", data)))
            restores.append(_timed(_admin(bench, "restore", backups, "--data", scratch / "restored")))
        check = _timed(_admin(bench, "fsck", "--data", scratch / "restored"))
        copy = statistics.median(plain)
        bench.add(f"cp -r and sync of {size / 1e6:,.0f} MB", "s", copy)
        for what, figures in (("first backup", first), ("second backup", again), ("restore", restores)):
            seconds = statistics.median(figures)
            bench.add(what, "s", seconds, target=2 * copy, limit=f"{seconds / copy:.2f} times the plain copy")
        bench.add("fsck", "s", check, limit=f"{size / 1e6 / check:,.0f} MB/s")
    finally:
        for name in ("copy", "backups", "restored"):
            shutil.rmtree(bench.machine.scratch / name, ignore_errors=True)
        server.remove()


def _admin(bench, *arguments):
    return [bench.options.binary, "admin", *map(str, arguments), "--quiet"]


def _timed(command):
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _fill(bench, server):
    """Fills the folder through the API. - Returns its bytes."""
    client = Client(server)
    experiment = client.create_experiment("backup")
    run = client.create_run(experiment)
    folder = f"{FILES}/{experiment}/{run}/artifacts"
    files, megabytes = (4_000, 300) if not bench.is_quick else (500, 50)
    plan = Plan()
    for i in range(8):
        body = f"{number(12, i, 8)}{'x' * 8_000}"
        plan.add(i, "PUT", f"{folder}/small/{number(6, i, 8)}.bin", body, "application/octet-stream")
    bench.machine.run_load(server, 8, plan, requests=files)
    for i in range(megabytes // 10):
        client.connection.request("PUT", f"{folder}/large/{i}.bin", os.urandom(10_000_000))
        client.connection.getresponse().read()
    for batch in range(200 if not bench.is_quick else 20):
        metrics = [
            {"key": f"m{i % 10}", "value": (batch * 1000 + i) ** 0.5, "timestamp": batch * 1000 + i, "step": batch * 100 + i // 10}
            for i in range(1000)
        ]
        client.log_batch(run, metrics)
    return sum(path.stat().st_size for path in server.folder.rglob("*") if path.is_file())
