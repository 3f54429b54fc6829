"""Artifacts: many small ones, a large one; and how the server starts."""

import socket
import statistics
import threading
import time

from plan import Plan, number
from wire import Client

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def small_files(bench):
    count, connections, rounds = 2000, 8, 3
    server = bench.start_martlet()
    bare = statistics.median(bench.machine.files_per_second(count, connections) for _ in range(3))
    ups, downs = [], []
    for _ in range(rounds):
        up, down = _measure_files(bench, server, count, connections)
        ups.append(up)
        downs.append(down)
    server.remove()
    theirs = {
        rival.name: _measure_files(bench, rival, 400 if not bench.is_quick else 100, connections)
        for rival in bench.rivals
    }
    up, down = (sorted(figures)[rounds // 2] for figures in (ups, downs))
    note = f"bare loop of temp + fsync + rename: {bare:,.0f}/s"
    for name, ours, index, target, limit in (("up", up, 0, 0.6 * bare, note), ("down", down, 1, 5000, "")):
        rivals = {rival: figures[index] for rival, figures in theirs.items()}
        text = f"2,000 files of 4 KB {name}, 8 conn."
        bench.add(text, "files/s", ours[0], {k: v[0] for k, v in rivals.items()}, target, limit)
        bench.add("  CPU a file", "ms", ours[1], {k: v[1] for k, v in rivals.items()})


def _measure_files(bench, server, count, connections):
    client = Client(server)
    experiment = client.create_experiment(f"files-{time.time_ns()}")
    folder = f"{FILES}/{experiment}/{client.create_run(experiment)}/artifacts/data"
    filling = "".join(chr(33 + i * 7 % 90) for i in range(4096 - 12))
    figures = []
    for method in ("PUT", "GET"):
        plan = Plan()
        for i in range(connections):
            name = f"{folder}/file-{number(6, i, connections)}.bin"
            body = f"{number(12, i, connections)}{filling}" if method == "PUT" else ""
            plan.add(i, method, name, body, "application/octet-stream")
        load = bench.machine.run_load(server, connections, plan, requests=count)
        if method == "GET" and load["bytes_in"] < count * 4096:
            raise RuntimeError(f"{server.name}: the files did not come back whole")
        figures.append((load["requests"] / load["seconds"], load["server_cpu"] / load["requests"] * 1e3))
    return figures


class _Watch:
    """The greatest resident size of a server while the block runs."""

    def __init__(self, server):
        self.server = server
        self.before = self.most = server.resident_bytes()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self):
        while not self.ended.wait(0.02):
            self.most = max(self.most, self.server.resident_bytes())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def large_file(bench):
    mebibytes = 1024 if not bench.is_quick else 200
    megabytes = mebibytes * 1.048576
    source = bench.machine.scratch / "large.bin"
    block = bytes(range(256)) * 4096
    with open(source, "wb") as file:
        for i in range(mebibytes):
            file.write(i.to_bytes(8, "little") + block[8:])
    server = bench.start_martlet()
    disk = bench.machine.disk_megabytes_per_second(mebibytes)
    with _Watch(server) as watch:
        up, path = _upload(bench, server, source)
    disk = (disk + bench.machine.disk_megabytes_per_second(mebibytes)) / 2
    grown_up = watch.most - watch.before
    with _Watch(server) as watch:
        down = min((_download(server, path, source.stat().st_size) for _ in range(3)), key=lambda figures: figures[0])
    grown_down = watch.most - watch.before
    server.remove()
    theirs = {}
    for rival in bench.rivals:
        rival_up, path = _upload(bench, rival, source)
        theirs[rival.name] = (rival_up, _download(rival, path, source.stat().st_size))
    source.unlink()
    md5 = bench.machine.hash_megabytes_per_second("md5")
    sha = bench.machine.hash_megabytes_per_second("sha256")
    note = f"disk with sync {disk:.0f}, MD5 {md5:.0f}, SHA-256 {sha:.0f} MB/s"
    for i, (name, ours, target, limit) in enumerate(
        (("up", up, 0.8 * min(disk, md5), note), ("down", down, 1000, "from the page cache"))
    ):
        rates = {rival: megabytes / figures[i][0] for rival, figures in theirs.items()}
        bench.add(f"artifact of {megabytes / 1e3:.2g} GB {name}", "MB/s", megabytes / ours[0], rates, target, limit)
        cpu = {rival: figures[i][1] / megabytes * 1e3 for rival, figures in theirs.items()}
        bench.add("  CPU", "s a GB", ours[1] / megabytes * 1e3, cpu)
    bench.add("  memory grown, up", "MB", grown_up / 1e6, target=64)
    bench.add("  memory grown, down", "MB", grown_down / 1e6, target=64)


def _upload(bench, server, source):
    client = Client(server)
    experiment = client.create_experiment(f"large-{time.time_ns()}")
    path = f"{FILES}/{experiment}/{client.create_run(experiment)}/artifacts/large.bin"
    size = source.stat().st_size
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {size}\r\nConnection: close\r\n\r\n"
    )
    before, started = server.cpu_seconds(), time.perf_counter()
    with socket.create_connection(("127.0.0.1", server.port), timeout=300) as connection, open(source, "rb") as file:
        connection.sendall(head.encode())
        connection.sendfile(file)
        answer = connection.recv(4096)
    seconds = time.perf_counter() - started
    if b" 200 " not in answer.split(b"\r\n")[0]:
        raise RuntimeError(f"{server.name}: {answer[:300]!r}")
    return (seconds, server.cpu_seconds() - before), path


def _download(server, path, size):
    buffer = bytearray(1 << 20)
    before, started = server.cpu_seconds(), time.perf_counter()
    with socket.create_connection(("127.0.0.1", server.port), timeout=300) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        received = 0
        while received < size and (got := connection.recv_into(buffer)):
            received += got
    seconds = time.perf_counter() - started
    if received < size:
        raise RuntimeError(f"{server.name}: {received} of {size} bytes came back")
    return seconds, server.cpu_seconds() - before


def start(bench):
    times, resident = [], 0
    for _ in range(5):
        server = bench.start_martlet()
        times.append(server.ready_seconds * 1e3)
        time.sleep(1)
        resident = server.resident_bytes() / 1e6
        server.remove()
    bench.add(
        "ready after start", "ms", statistics.median(times),
        {rival.name: rival.ready_seconds * 1e3 for rival in bench.rivals}, 100, "an empty data folder",
    )
    bench.add("resident, idle", "MB", resident, bench.idle_resident, 60, "of the rival proportional: its processes share pages")
