"""Kills the server in the middle of concurrent writes, many times over, and counts what it had acknowledged.

Every acknowledged point, param, tag and artifact must be there after the restart, none twice; what was not
acknowledged must be there whole or not at all.
"""

import hashlib
import os
import random
import threading
import time

import pytest
import requests

import harness

ROUNDS = int(os.environ.get("MARTLET_CRASH_ROUNDS", "8"))
SECONDS = float(os.environ.get("MARTLET_CRASH_SECONDS", "2"))
# Points of one batch share a step, so that half a batch can be told from a whole one.
BATCH = 40

pytestmark = [pytest.mark.martlet_only, pytest.mark.timeout(60 + ROUNDS * (SECONDS + 20))]


class Ledger:
    """What was sent and what of it was acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent, self.acknowledged = {}, {}
        self.refusals = []

    def attempt(self, kind, key, value, request):
        """Sends; notes the acknowledgement of a 200; a lost connection leaves it open."""
        with self.lock:
            self.sent.setdefault(kind, {})[key] = value
        try:
            answer = request()
        except requests.RequestException:
            return False
        with self.lock:
            if answer.status_code == 200:
                self.acknowledged.setdefault(kind, {})[key] = value
            else:
                self.refusals.append((kind, key, answer.status_code, answer.text[:300]))
        return answer.status_code == 200


class Writer(threading.Thread):
    """Writes one kind of thing to one run until it is told to stop or the server is gone."""

    def __init__(self, server, ledger, run, kind, first):
        super().__init__()
        self.server, self.ledger, self.run_id, self.kind, self.next = server, ledger, run, kind, first
        self.stopping = threading.Event()
        self.session = requests.Session()
        self.session.trust_env = False
        self.random = random.Random(f"{run} {kind} {first}")

    def post(self, name, body):
        return self.session.post(self.server.url + harness.API + name, json={"run_id": self.run_id, **body}, timeout=10)

    def run(self):
        while not self.stopping.is_set():
            number, self.next = self.next, self.next + 1
            if not getattr(self, "write_" + self.kind)(number):
                return

    def write_point(self, n):
        body = {"key": "single", "value": n / 3, "timestamp": 1000 + n, "step": n}
        return self.ledger.attempt("point", (self.run_id, n), n / 3, lambda: self.post("runs/log-metric", body))

    def write_batch(self, n):
        body = {
            "metrics": [{"key": f"batch/{i}", "value": n + i / 100, "timestamp": 1000 + n, "step": n} for i in range(BATCH)],
            "params": [{"key": f"of batch {n}", "value": str(n)}],
            "tags": [{"key": f"of batch {n}", "value": str(n)}],
        }
        return self.ledger.attempt("batch", (self.run_id, n), n, lambda: self.post("runs/log-batch", body))

    def write_param(self, n):
        body = {"key": f"param {n}", "value": f"value {n}"}
        return self.ledger.attempt("param", (self.run_id, n), body["value"], lambda: self.post("runs/log-parameter", body))

    def write_artifact(self, n):
        data = self.random.randbytes(300_000 if n % 5 == 0 else self.random.randrange(1, 3000))
        path = f"{harness.ARTIFACTS}/0/{self.run_id}/artifacts/folder {n % 3}/{n}.bin"
        digest = hashlib.sha256(data).hexdigest()
        return self.ledger.attempt(
            "artifact", (self.run_id, n), (path, len(data), digest),
            lambda: self.session.put(self.server.url + path, data=data, timeout=10),
        )


def one_round(server, ledger, runs, number, rng):
    server.start()
    writers = []
    for index, run in enumerate(runs):
        for kind in ("point", "batch", "param", "artifact"):
            if kind == "param" and index:
                continue
            first = number * 1_000_000 // 10 + index * 50_000
            writers.append(Writer(server, ledger, run, kind, first))
    for writer in writers:
        writer.start()
    time.sleep(SECONDS * rng.uniform(0.4, 1.0))
    server.kill()
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()


def check_points(raw, ledger, run):
    history = raw.history(run, "single")
    steps = [p["step"] for p in history]
    assert len(steps) == len(set(steps)), "a point is stored twice"
    stored = {p["step"]: p["value"] for p in history}
    sent = {n: v for (r, n), v in ledger.sent.get("point", {}).items() if r == run}
    kept = {n: v for (r, n), v in ledger.acknowledged.get("point", {}).items() if r == run}
    assert set(kept) <= set(stored), f"lost points: {sorted(set(kept) - set(stored))[:5]}"
    assert all(sent[n] == stored[n] for n in stored), "a point that was not sent, or with another value"
    return len(kept)


def check_batches(raw, ledger, run, data):
    params = {p["key"]: p["value"] for p in data.get("params", [])}
    tags = {t["key"]: t["value"] for t in data.get("tags", [])}
    columns = []
    for i in range(BATCH):
        steps = [p["step"] for p in raw.history(run, f"batch/{i}")]
        assert len(steps) == len(set(steps)), "a point of a batch is stored twice"
        columns.append(set(steps))
    assert all(column == columns[0] for column in columns), "half a batch is stored"
    assert {int(k.split()[-1]) for k in params if k.startswith("of batch")} == columns[0], "params without their batch"
    assert {int(k.split()[-1]) for k in tags if k.startswith("of batch")} == columns[0], "tags without their batch"
    kept = {n for (r, n) in ledger.acknowledged.get("batch", {}) if r == run}
    assert kept <= columns[0], f"lost batches: {sorted(kept - columns[0])[:5]}"
    return len(kept)


def check_params(ledger, run, data):
    stored = {p["key"]: p["value"] for p in data.get("params", [])}
    kept = {n: v for (r, n), v in ledger.acknowledged.get("param", {}).items() if r == run}
    lost = [n for n, v in kept.items() if stored.get(f"param {n}") != v]
    assert not lost, f"lost params: {lost[:5]}"
    return len(kept)


def check_artifacts(raw, ledger, run):
    sent = {v[0]: v for (r, _), v in ledger.sent.get("artifact", {}).items() if r == run}
    kept = {v[0] for (r, _), v in ledger.acknowledged.get("artifact", {}).items() if r == run}
    stored = {}
    for folder in range(3):
        path = f"0/{run}/artifacts/folder {folder}"
        for file in raw.send("GET", harness.ARTIFACTS, params={"path": path}).json().get("files", []):
            stored[f"{harness.ARTIFACTS}/{path}/{file['path']}"] = file.get("file_size", 0)
    assert kept <= set(stored), f"lost artifacts: {sorted(kept - set(stored))[:5]}"
    for path, size in stored.items():
        assert size == sent[path][1], f"half an artifact is listed: {path}"
        content = raw.send("GET", path).content
        assert hashlib.sha256(content).hexdigest() == sent[path][2], f"an artifact with another content: {path}"
    return len(kept)


def check_everything(raw, ledger, runs):
    """How many acknowledged writes of each kind were found again."""
    counts = {"points": 0, "batches": 0, "params": 0, "artifacts": 0}
    for run in runs:
        data = raw.run(run)["data"]
        counts["points"] += check_points(raw, ledger, run)
        counts["batches"] += check_batches(raw, ledger, run, data)
        counts["params"] += check_params(ledger, run, data)
        counts["artifacts"] += check_artifacts(raw, ledger, run)
    assert min(counts.values()) > 0, f"nothing was written: {counts}"
    return counts


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path, capsys):
    rng = random.Random(os.environ.get("MARTLET_CRASH_SEED", "martlet"))
    server, ledger = harness.Server(tmp_path), Ledger()
    server.start()
    raw = harness.Raw(server)
    runs = [raw.new_run() for _ in range(2)]
    server.kill()
    try:
        for number in range(ROUNDS):
            one_round(server, ledger, runs, number, rng)
        server.start()
        counts = check_everything(raw, ledger, runs)
        assert ledger.refusals == []
        raw.ok("runs/log-metric", {"run_id": runs[0], "key": "after", "value": 1, "timestamp": 1, "step": 0})
        server.stop()
        with capsys.disabled():
            told = ", ".join(f"{count} {what}" for what, count in counts.items())
            print(f"\n[crash] {ROUNDS} kills; acknowledged and found again: {told}")
    finally:
        server.kill()
