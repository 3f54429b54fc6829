"""Sweeps with the unmodified `wandb` client: agents as programs and as functions, and what the API says of them."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from wandb_wire import client_environment, is_before

# Agents report every five seconds.
pytestmark = pytest.mark.timeout(240)

GRID = {"method": "grid", "metric": {"name": "score", "goal": "minimize"},
        "parameters": {"x": {"values": [1, 2, 3]}, "y": {"values": ["a", "b"]}}}
# Runs `count` trials of a sweep in one process; the parameters are printed by the one who was given them.
AGENT = """
import sys, json, time, types, wandb
from wandb.agents import pyagent
# Between two reports an agent sleeps for five seconds.
pyagent.time = types.SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(0.2))
def train():
    with wandb.init() as run:
        given = {k: v for k, v in dict(run.config).items()}
        print("GIVEN " + json.dumps([run.id, given], default=dict), flush=True)
        x = given.get("x", 0)
        for step in range(3):
            run.log({"score": (x - 2) ** 2 + 1 / (step + 1)})
wandb.agent(sys.argv[1], function=train, count=int(sys.argv[2]) if len(sys.argv) > 2 else None)
print("DONE", flush=True)
"""


@pytest.fixture
def agents(server, tmp_path, project):
    """Runs agents side by side until all have ended; gives the (run, parameters) of each."""
    def run(sweep, count=2, text=AGENT, runs=None, patience=150):
        processes = []
        for number in range(count):
            folder = tmp_path / f"agent{number}"
            folder.mkdir(exist_ok=True)
            variables = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
            variables |= client_environment(server, folder) | {"WANDB_PROJECT": project}
            words = [sys.executable, "-c", text, sweep] + ([str(runs)] if runs else [])
            with open(folder / "out", "w") as out:
                processes.append(subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=variables))
        try:
            codes = [process.wait(patience) for process in processes]
        finally:
            for process in processes:
                process.kill()
        printed = [(tmp_path / f"agent{number}" / "out").read_text() for number in range(count)]
        assert codes == [0] * count, printed
        return [[json.loads(line[6:]) for line in text.splitlines() if line.startswith("GIVEN ")] for text in printed]

    return run


@pytest.fixture
def sweep(wandb, project):
    """Makes a sweep with the client; gives its short id."""
    def make(config, **options):
        return wandb.sweep(config, entity="default", project=project, **options)

    return make


@pytest.fixture
def stored(wandb, server, project):
    """A sweep as a fresh API object sees it."""
    def read(name):
        from wandb_wire import KEY
        fresh = wandb.Api(overrides={"base_url": server.url}, api_key=KEY, timeout=30)
        return fresh.sweep(f"default/{project}/{name}")

    return read


def test_two_agents_cover_a_grid_once_each_point(sweep, agents, stored, api, project):
    name = sweep(GRID)
    assert len(name) == 8 and stored(name).state == "PENDING"
    given = agents(name)
    points = sorted((p["x"], p["y"]) for agent in given for _, p in agent)
    assert points == [(x, y) for x in (1, 2, 3) for y in "ab"]
    assert all(given), "one agent did all"
    found = stored(name)
    assert (found.state, found.expected_run_count, found.name) == ("FINISHED", 6, name)
    assert sorted((run.config["x"], run.config["y"]) for run in found.runs) == points
    assert {run.state for run in found.runs} == {"finished"} and {run.sweep_name for run in found.runs} == {name}
    assert found.config["parameters"] == GRID["parameters"] and found.best_run().config["x"] == 2
    assert found._attrs["bestLoss"] == pytest.approx(1 / 3)
    run = api.run(f"default/{project}/{given[0][0][0]}")
    assert run.sweep.id == name and run.sweep.state == "FINISHED"
    if is_before("0.22"):
        return  # It shows no agents.
    assert found._attrs["runCount"] == 6
    assert sorted(agent._attrs["totalRuns"] for agent in found.agents()) == sorted(len(agent) for agent in given)
    for agent in found.agents():
        again = found.agent(agent._attrs["id"])
        assert sorted(run.id for run in again.runs()) in [sorted(run for run, _ in one) for one in given]
        assert again._attrs["state"] == "FINISHED"


def test_random_ends_at_the_cap(sweep, agents, stored):
    name = sweep({"method": "random", "run_cap": 4, "name": "named", "description": "told", "metric": {"name": "score"},
                  "parameters": {"x": {"min": 0.0, "max": 4.0}, "n": {"min": 1, "max": 9},
                                 "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
                                 "q": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, "c": {"value": "k"},
                                 "net": {"parameters": {"depth": {"values": [2, 3]}, "act": {"values": ["relu"]}}}}})
    given = [p for agent in agents(name) for _, p in agent]
    assert len(given) == 4 and len({p["x"] for p in given}) == 4
    for p in given:
        assert 0 <= p["x"] <= 4 and p["n"] in range(1, 10) and 1e-5 <= p["lr"] <= 1e-1 and p["c"] == "k"
        assert p["q"] in (0, 0.25, 0.5, 0.75, 1) and p["net"]["depth"] in (2, 3) and p["net"]["act"] == "relu"
    found = stored(name)
    assert (found.state, found.expected_run_count, found.name) == ("FINISHED", 4, "named")
    if not is_before("0.22"):  # which does not ask for it
        assert found._attrs["description"] == "told"


def test_bayes_improves(sweep, agents, stored):
    name = sweep({"method": "bayes", "run_cap": 12, "metric": {"name": "score", "goal": "minimize"},
                  "parameters": {"x": {"min": -10.0, "max": 10.0}}})
    (given,) = agents(name, count=1)
    xs = [p["x"] for _, p in given]
    assert len(xs) == 12 == len(set(xs))
    assert min(abs(x - 2) for x in xs[6:]) < 1.0, xs
    assert stored(name).best_run().config["x"] == min(xs, key=lambda x: abs(x - 2))


def test_count_ends_an_agent_and_another_goes_on(sweep, agents, stored):
    name = sweep(GRID)
    (first,) = agents(name, count=1, runs=2)
    assert len(first) == 2 and stored(name).state == "RUNNING"
    (second,) = agents(name, count=1)
    points = {(p["x"], p["y"]) for _, p in first + second}
    assert len(first + second) == 6 == len(points) and stored(name).state == "FINISHED"


def test_a_last_run_that_ends_is_the_end(sweep, agents, stored):
    name = sweep(GRID)
    agents(name, count=1, runs=6)
    assert stored(name).state == "FINISHED"


PROGRAM = """
import wandb
with wandb.init() as run:
    print("GIVEN", run.id, dict(run.config), flush=True)
    run.log({"score": run.config["x"]})
"""


def command(server, folder, project, *words, patience=150):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
    variables |= client_environment(server, folder) | {"WANDB_PROJECT": project, "WANDB_QUIET": "false", "WANDB_SILENT": "false"}
    variables["PATH"] = f"{pathlib.Path(sys.executable).parent}:{variables['PATH']}"
    return subprocess.run([sys.executable, "-m", "wandb", *words], capture_output=True, text=True, timeout=patience,
                          cwd=folder, env=variables)


def test_the_command_line(server, tmp_path, project, stored):
    (tmp_path / "train.py").write_text("import sys; sys.argv = sys.argv[:1]\n" + PROGRAM)
    (tmp_path / "sweep.yaml").write_text(
        "program: train.py\nmethod: grid\nmetric:\n  name: score\n  goal: maximize\nparameters:\n  x:\n    values: [1, 2]\n"
    )
    made = command(server, tmp_path, project, "sweep", "-e", "default", "-p", project, "sweep.yaml")
    assert made.returncode == 0, made.stderr
    name = made.stderr.split("with ID: ")[1].split()[0]
    path = f"default/{project}/{name}"
    done = command(server, tmp_path, project, "sweep", "--pause", path)
    assert "Cannot pause pending sweep" in done.stderr + done.stdout
    worked = command(server, tmp_path, project, "agent", path)
    assert worked.returncode == 0, worked.stderr
    assert worked.stdout.count("GIVEN") == 2, worked.stdout + worked.stderr
    found = stored(name)
    assert found.state == "FINISHED" and found.best_run().summary["score"] == 2
    assert "already finished" in command(server, tmp_path, project, "sweep", "--cancel", path).stderr.lower()
    assert command(server, tmp_path, project, "sweep", "--resume", path).returncode == 0
    assert stored(name).state == "RUNNING"
    for word, state in (("--pause", "PAUSED"), ("--resume", "RUNNING"), ("--stop", "FINISHED")):
        assert command(server, tmp_path, project, "sweep", word, path).returncode == 0
        assert stored(name).state == state


def test_lists(sweep, api, project):
    names = [sweep(GRID | {"name": f"n{number}"}) for number in range(3)]
    lists = api.project(project, entity="default")
    assert [one.id for one in lists.sweeps(per_page=2)] == names[::-1]
    assert len(lists.sweeps()) == 3


@pytest.mark.needs_client("0.22", "filters of sweeps")
def test_filters(sweep, api, project):
    names = [sweep(GRID | {"name": f"n{number}"}) for number in range(3)]
    lists = api.project(project, entity="default")
    assert [one.id for one in lists.sweeps(filters={"displayName": {"$regex": "^n[12]$"}})] == names[:0:-1]
    assert [one.id for one in lists.sweeps(filters={"$or": [{"name": names[0]}, {"state": "FINISHED"}]})] == names[:1]
    with pytest.raises(Exception, match="colour"):
        list(lists.sweeps(filters={"colour": "red"}))


def test_runs_that_were_there_count(sweep, agents, wandb, project, stored):
    with wandb.init(project=project, entity="default", config={"x": 1, "y": "a"}) as run:
        run.log({"score": 7})
    name = sweep(GRID, prior_runs=[run.id])
    given = agents(name, count=1)[0]
    assert len(given) == 5 and (1, "a") not in {(p["x"], p["y"]) for _, p in given}
    assert run.id in {one.id for one in stored(name).runs}


STOPPED = """
import os, sys, time, types, wandb
from wandb.agents import pyagent
pyagent.time = types.SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(0.5))
begun = []
def train():
    begun.append(1)
    bad = len(begun) == 4
    settings = wandb.Settings(x_file_stream_transmit_interval=0.2)
    with wandb.init(settings=settings) as run:
        # Runs are compared at 2, 4, 8, … values: only with those that got as far.
        for step in range(200):
            run.log({"score": 9.0 if bad else 0.1 * len(begun)})
            if bad:
                time.sleep(0.3)
    print("ENDED", len(begun), flush=True)
wandb.agent(sys.argv[1], function=train, count=5)
"""


def test_a_run_that_falls_behind_is_stopped(sweep, agents, stored):
    name = sweep({"method": "random", "metric": {"name": "score", "goal": "minimize"},
                  "parameters": {"x": {"min": 0.0, "max": 1.0}}, "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2}})
    agents(name, count=1, text=STOPPED)
    runs = {run.config["x"]: (run.state, run.summary["score"]) for run in stored(name).runs}
    assert len(runs) == 5
    assert [state for state, score in runs.values() if score == 9.0] == ["failed"]
    assert [state for state, score in runs.values() if score != 9.0] == ["finished"] * 4
    assert stored(name)._attrs["bestLoss"] == pytest.approx(0.1)


PREEMPTED = AGENT.replace("        for step in range(3):", """        if x == 1 and run.starting_step == 0:
            run.log({"score": 5})
            run.mark_preempting()
            run.finish(exit_code=1)
            return
        for step in range(3):""").replace("wandb.init()", "wandb.init(resume='allow')")


def test_a_preempted_run_is_given_to_an_agent_again(sweep, agents, stored, api, project):
    name = sweep({**GRID, "parameters": {"x": {"values": [1, 2]}}})
    [given] = agents(name, count=1, text=PREEMPTED)
    assert sorted(one["x"] for _, one in given) == [1, 1, 2]
    again = [run for run, one in given if one["x"] == 1]
    assert len(set(again)) == 1
    assert {run.state for run in stored(name).runs} == {"finished"} and stored(name).state == "FINISHED"
    assert [row["score"] for row in api.run(f"{project}/{again[0]}").scan_history(keys=["score"])] == [5, 2.0, 1.5, 1 + 1 / 3]


def test_a_sweep_that_is_not_there(api, ran, project):
    with pytest.raises(Exception, match="Could not find"):
        api.sweep(f"default/{project}/nothere1")
    text = "import wandb\ntry:\n    wandb.agent('nothere1', function=print, count=1)\nexcept Exception as e:\n    print('NOT', e)"
    assert "not found" in ran(text)
