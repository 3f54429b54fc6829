"""Programs that are killed and go on, that were offline, and that log many runs at once."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from native_view import NativeRun
from wandb_wire import client_environment

pytestmark = pytest.mark.timeout(500)

GOING_ON = """
import time, wandb
run = wandb.init(id="killed", resume="allow", config={"lr": 0.1}, settings=wandb.Settings(x_file_stream_transmit_interval=0.5))
step = run.starting_step
print("begins at", step, flush=True)
while True:
    run.log({"x": step, "square": step * step})
    step += 1
    time.sleep(0.005)
"""

RESUMED = """
import wandb
run = wandb.init(id="killed", resume="must")
assert run.resumed and run.config["lr"] == 0.1
first = run.starting_step
for step in range(first, first + 50):
    run.log({"x": step, "square": step * step})
run.finish()
print(first)
"""


def until(true, patience=200):
    """Waits for what will come to be, and gives it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError("it never came to be")


def test_a_program_killed_twice_goes_on_at_the_right_step(server, wire, project, ran, api, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")} | client_environment(server, tmp_path)
    environment |= {"WANDB_PROJECT": project}

    def stored():
        answer = wire.ok("query($e: String!, $p: String!) { model(name: $p, entityName: $e) { bucket(name: \"killed\", missingOk: true) { historyLineCount } } }",
                         e="default", p=project)
        return ((answer["model"] or {}).get("bucket") or {}).get("historyLineCount", 0)

    begun = []
    for _ in range(2):
        with open(tmp_path / "out", "w") as out:
            process = subprocess.Popen([sys.executable, "-c", GOING_ON], env=environment, cwd=tmp_path, stdout=out, stderr=out, start_new_session=True)
        try:
            before = stored()
            until(lambda: stored() >= before + 100 or process.poll() is not None)
        finally:
            # With its helper: nothing more is sent, nobody says good-bye.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        begun.append(int(re.search(r"begins at (\d+)", (tmp_path / "out").read_text())[1]))
    assert begun[0] == 0 and begun[1] >= 100
    first = int(ran(RESUMED, patience=400).split()[-1])
    assert first >= begun[1] + 100

    run = api.run(f"{project}/killed")
    rows = list(run.scan_history())
    assert [(row["_step"], row["x"], row["square"]) for row in rows] == [(i, i, i * i) for i in range(first + 50)]
    assert run.state == "finished" and run.summary["x"] == first + 49 and run.config == {"lr": 0.1}
    assert NativeRun(server, run.path).points("x") == [(i, i) for i in range(first + 50)]


OFFLINE = """
import numpy as np, wandb
with wandb.init(id="away", mode="offline", name="away ü") as run:
    for i in range(50):
        run.log({"loss": 1 / (i + 1), "picture": wandb.Image(np.full((4, 4, 3), i, dtype="uint8"))} if i % 10 == 0 else {"loss": 1 / (i + 1)})
    run.log({"table": wandb.Table(columns=["a", "b"], data=[[1, "ü"], [2, None]])})
    open("weights.bin", "wb").write(b"weights" * 1000)
    artifact = wandb.Artifact("weights", type="model", metadata={"epochs": 50})
    artifact.add_file("weights.bin", name="deep/weights.bin")
    run.log_artifact(artifact, aliases=["best"])
"""

SYNC = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-m', 'wandb', 'sync', *sys.argv[1:]]))"


def test_a_program_that_was_offline_brings_its_artifacts_and_pictures(ran, api, project, tmp_path):
    ran(OFFLINE, patience=400)
    [folder] = tmp_path.glob("wandb/offline-run-*-away")
    ran(SYNC, str(folder), patience=400)
    run = api.run(f"{project}/away")
    assert (run.name, run.state) == ("away ü", "finished")
    assert [row["loss"] for row in run.scan_history(keys=["loss"])] == [1 / (i + 1) for i in range(50)]
    pictures = [row["picture"] for row in run.scan_history(keys=["picture"])]
    assert len(pictures) == 5 and {one["path"] for one in pictures} <= {file.name for file in run.files()}
    artifact = api.artifact(f"{project}/weights:best")
    assert artifact.type == "model" and artifact.metadata == {"epochs": 50} and artifact.logged_by().id == "away"
    with open(artifact.get_entry("deep/weights.bin").download(str(tmp_path / "down")), "rb") as file:
        assert file.read() == b"weights" * 1000
    assert api.artifact(f"{project}/run-away-table:latest").get("table").data == [[1, "ü"], [2, None]]


EIGHT = """
import sys, wandb
number = int(sys.argv[1])
runs = [wandb.init(id=f"r{number}-{i}", group=f"process {number}", config={"number": number, "i": i}, reinit="create_new") for i in range(8)]
for step in range(60):
    for i, run in enumerate(runs):
        run.log({"x": step * 100 + number * 10 + i})
for run in runs:
    run.finish()
"""


def test_eight_programs_of_eight_runs_each_arrive_whole(ran, api, project, server):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: ran(EIGHT, str(number), patience=400), range(8)))
    runs = list(api.runs(f"default/{project}", per_page=20))
    assert sorted(run.id for run in runs) == [f"r{number}-{i}" for number in range(8) for i in range(8)]
    for run in runs:
        number, i = run.config["number"], run.config["i"]
        assert (run.id, run.group, run.state) == (f"r{number}-{i}", f"process {number}", "finished")
        assert run.summary["x"] == 5900 + number * 10 + i and run.lastHistoryStep == 59
    for number in range(8):
        assert [row["x"] for row in api.run(f"{project}/r{number}-{number}").scan_history()] == [step * 100 + number * 11 for step in range(60)]
        points = NativeRun(server, ("default", project, f"r{number}-0")).points("x")
        assert points == [(step, step * 100 + number * 10) for step in range(60)]
