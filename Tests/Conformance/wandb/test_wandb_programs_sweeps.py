"""Sweeps as people run them: `wandb sweep`, then agents that try the values, several at once."""

import itertools
import os
import pathlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

# An agent looks every five seconds for what to do next.
pytestmark = pytest.mark.timeout(500)

TRAIN = """
import argparse, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--depth", type=int)
given = parser.parse_args()
with wandb.init() as run:
    assert (run.config.lr, run.config.depth) == (given.lr, given.depth)
    for i in range(4):
        run.log({"loss": given.lr + given.depth + 1 / (i + 1)})
"""

GRID = """
program: train.py
name: a grid
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2]}
  depth: {values: [1, 2]}
command: ["${env}", "${interpreter}", "${program}", "${args}"]
"""

CLI = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-m', 'wandb', *sys.argv[1:]], stderr=subprocess.STDOUT))"


@pytest.fixture
def cli(ran, tmp_path):
    """Runs a command of wandb and gives what it printed. Programs of sweeps find this interpreter by the name of python."""
    (tmp_path / "train.py").write_text(TRAIN)
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"

    def run(*arguments):
        return ran(CLI, *arguments, patience=400, PATH=path, WANDB_SILENT="false", WANDB_QUIET="false")

    return run


def at_once(call, *choices):
    with ThreadPoolExecutor(len(choices)) as threads:
        return list(threads.map(lambda choice: call(*choice), choices))


def test_agents_at_once_try_each_point_of_a_grid_once(cli, api, project, tmp_path):
    (tmp_path / "sweep.yaml").write_text(GRID)
    out = cli("sweep", "--entity", "default", "--project", project, "sweep.yaml")
    path = re.search(rf"wandb agent (default/{project}/\w+)", out)[1]
    # Together they would do more than there is: who comes too late is sent home.
    at_once(cli, ("agent", "--count", "3", path), ("agent", "--count", "3", path))
    sweep = api.sweep(path)
    assert sweep.state == "FINISHED" and sweep.name == "a grid" and sweep.config["method"] == "grid"
    runs = list(sweep.runs)
    assert sorted((run.config["lr"], run.config["depth"]) for run in runs) == list(itertools.product([0.1, 0.2], [1, 2]))
    assert {run.state for run in runs} == {"finished"} and {run.sweep_name for run in runs} == {sweep.id}
    best = sweep.best_run()
    assert (best.config["lr"], best.config["depth"]) == (0.1, 1) and best.summary["loss"] == 0.1 + 1 + 0.25
    assert sweep.expected_run_count == 4


def test_agents_at_once_try_values_by_chance(cli, wandb, api, project):
    id = wandb.sweep({
        "program": "train.py", "method": "random", "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1}, "depth": {"min": 1, "max": 9}},
    }, project=project, entity="default")
    at_once(cli, *[("agent", "--count", "2", f"default/{project}/{id}")] * 2)
    runs = list(api.sweep(f"default/{project}/{id}").runs)
    assert len(runs) == 4 and {run.state for run in runs} == {"finished"}
    for run in runs:
        assert 1e-4 <= run.config["lr"] <= 1 and run.config["depth"] in range(1, 10)
        assert [row["loss"] for row in run.scan_history()] == [run.config["lr"] + run.config["depth"] + 1 / (i + 1) for i in range(4)]
    assert len({run.config["lr"] for run in runs}) == 4
    # By chance there is no end: the sweep waits for more agents.
    assert api.sweep(f"default/{project}/{id}").state in ("RUNNING", "PENDING")


CALLED = """
import sys, wandb
seen = []
def train():
    with wandb.init() as run:
        seen.append(eval(sys.argv[2])(run.config))
        run.log({"score": seen[-1]})
id = wandb.sweep({"method": "grid", "metric": {"name": "score", "goal": "maximize"}, "parameters": eval(sys.argv[1])})
wandb.agent(id, function=train, count=2)
print(id, sorted(seen))
"""


@pytest.mark.parametrize("parameters, value, wanted", [
    ({"kind": {"value": "ü"}, "width": {"values": [4, 8]}}, "lambda config: config.width",
     [{"kind": "ü", "width": 4}, {"kind": "ü", "width": 8}]),
    ({"kind": {"value": "ü"}, "net": {"parameters": {"deep": {"parameters": {"width": {"values": [4, 8]}}}, "act": {"value": "relu"}}}},
     "lambda config: config.net['deep']['width']",
     [{"kind": "ü", "net": {"deep": {"width": width}, "act": "relu"}} for width in (4, 8)]),
], ids=["flat", "nested"])
def test_an_agent_in_a_program_calls_a_function(ran, api, project, parameters, value, wanted):
    id, seen = ran(CALLED, repr(parameters), value, patience=400).splitlines()[-1].split(maxsplit=1)
    assert seen == "[4, 8]"
    sweep = api.sweep(f"default/{project}/{id}")
    configs = [dict(run.config) for run in sweep.runs]
    assert len(configs) == 2 and all(config in configs for config in wanted) and {run.state for run in sweep.runs} == {"finished"}
    assert sweep.best_run().summary["score"] == 8
