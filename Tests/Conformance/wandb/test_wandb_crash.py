"""Kills the server in the middle of streams: what it acknowledged is there, and what is sent again is there once."""

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time

import pytest
import requests

import harness
from wandb_wire import Wire, client_environment, step

ROUNDS = int(os.environ.get("MARTLET_CRASH_ROUNDS", "6"))
CHUNK = 50

pytestmark = pytest.mark.timeout(120 + ROUNDS * 15)


@pytest.fixture
def own(tmp_path):
    server = harness.Server(tmp_path).start()
    yield server
    server.kill()


class Streamer(threading.Thread):
    """Streams lines as the client does: the chunk that was not acknowledged is sent again until it is."""

    def __init__(self, wire, run):
        super().__init__()
        self.wire, self.run_id, self.acknowledged, self.refusals = wire, run, 0, []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            first = self.acknowledged
            history = [json.dumps(step(i, x=i, d={"a": i}, word=f"w{i}")) for i in range(first, first + CHUNK)]
            console = [json.dumps({"content": f"line {i}"}) for i in range(first, first + CHUNK)]
            files = {"wandb-history.jsonl": {"offset": first, "content": history}, "output.log": {"offset": first, "content": console},
                     "wandb-summary.json": {"offset": 0, "content": [json.dumps({"x": first + CHUNK - 1})]}}
            with contextlib.suppress(requests.RequestException):
                answer = self.wire.stream(self.run_id, {"files": files}, timeout=10)
                if answer.status_code == 200:
                    self.acknowledged += CHUNK
                    continue
                self.refusals.append(answer.text)
            time.sleep(0.05)


def test_a_chunk_that_was_not_acknowledged_is_sent_again_and_stored_once(own):
    rng = random.Random(os.environ.get("MARTLET_CRASH_SEED", "martlet"))
    wires = [Wire(own, "crash") for _ in range(3)]
    streamers = [Streamer(wire, wire.new_run()) for wire in wires]
    for streamer in streamers:
        streamer.start()
    for _ in range(ROUNDS):
        time.sleep(rng.uniform(0.2, 1))
        own.kill()
        own.start()
    time.sleep(0.5)
    for streamer in streamers:
        streamer.stopping.set()
    for streamer in streamers:
        streamer.join()
    for wire, streamer in zip(wires, streamers):
        count, run = streamer.acknowledged, streamer.run_id
        assert count > 0 and streamer.refusals == []
        # What the last request stored without an answer to it may be there as well, whole.
        stored = wire.stored(run)
        assert stored["historyLineCount"] in (count, count + CHUNK) and stored["logLineCount"] in (count, count + CHUNK)
        rows = wire.history(run)
        total = len(rows)
        assert total == stored["historyLineCount"]
        assert [(row["_step"], row["x"], row["d"]["a"], row["word"]) for row in rows] == [(i, i, i, f"w{i}") for i in range(total)]
        lines = [line for line in wire.console(run)]
        assert lines == [f"line {i}" for i in range(min(len(lines), 10_000))]
        assert json.loads(stored["summaryMetrics"])["x"] in (count - 1, count + CHUNK - 1)


def test_a_training_outlives_a_kill_of_the_server(own, tmp_path):
    text = """
import time, wandb
with wandb.init(project="p", id="r", settings=wandb.Settings(x_file_stream_transmit_interval=0.5, x_file_stream_retry_wait_min_seconds=0.2,
                x_file_stream_retry_wait_max_seconds=1, x_graphql_retry_wait_min_seconds=0.2, x_graphql_retry_wait_max_seconds=1)) as run:
    for i in range(400):
        run.log({"x": i}); time.sleep(0.02)
    open("f.txt", "w").write("saved"); run.save("f.txt")
"""
    folder = tmp_path / "client"
    folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")} | client_environment(own, folder)
    process = subprocess.Popen([sys.executable, "-c", text], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wire = Wire(own, "p")
        deadline = time.monotonic() + 60
        for least in (20, 150):
            while time.monotonic() < deadline:
                bucket = (wire.ok('{ model(name: "p", entityName: "default") { bucket(name: "r") { historyLineCount } } }')["model"] or {}).get("bucket")
                if bucket and bucket["historyLineCount"] >= least:
                    break
                time.sleep(0.1)
            own.kill()
            time.sleep(1)
            own.start()
        out, _ = process.communicate(timeout=100)
        assert process.returncode == 0, out[-2000:]
    finally:
        process.kill()
        process.wait()
    assert wire.values("r") == list(range(400)) and wire.stored("r")["state"] == "finished" and wire.files("r")["f.txt"]["sizeBytes"] == 5


def test_what_was_logged_is_there_after_an_orderly_restart(own):
    wire = Wire(own, "p")
    run = wire.new_run(config='{"lr": {"value": 0.1}}')
    assert wire.lines(run, 0, [step(i) for i in range(100)]).status_code == 200
    up = wire.link(run, "a.txt")
    own.stop()
    own.start()
    assert wire.values(run) == list(range(100)) and wire.stored(run)["historyLineCount"] == 100
    # The key of links outlives the process, and so does where a stream stands.
    assert requests.put(up, data=b"x", timeout=10).status_code == 200
    assert wire.lines(run, 90, [step(i) for i in range(90, 110)]).status_code == 200
    assert wire.values(run) == list(range(110))
