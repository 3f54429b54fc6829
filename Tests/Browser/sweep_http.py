"""Sweeps with an agent that does what it is told, by plain HTTP, and what tests of their pages share."""

import json
import uuid

import pytest
import requests

AGENT = """mutation CreateAgent($host: String!, $project: String, $entity: String, $sweep: String!) {
  createAgent(input: {host: $host, projectName: $project, entityName: $entity, sweep: $sweep}) { agent { id } } }"""
BEAT = """mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) { agent { id } commands } }"""
BEGIN = """mutation UpsertBucket($name: String, $project: String, $entity: String, $sweep: String, $config: JSONString, $shown: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, sweep: $sweep, config: $config, displayName: $shown}) {
    bucket { id } inserted } }"""

GRID = """method: grid
name: which width
description: Does a wide net help?
metric: {name: loss, goal: minimize}
parameters:
  lr:
    distribution: categorical
    values: [0.0001, 0.01, 1]
  opt: {values: [adam, sgd]}
  epochs: {value: 3}
"""
RANDOM = """method: random
metric: {name: acc, goal: maximize}
run_cap: 40
parameters:
  lr: {distribution: log_uniform_values, min: 2, max: 8}
  net:
    parameters:
      width: {min: 0.0, max: 1.0}
"""
AXIS = "[data-axis='{}']"


class Sweep:
    """Made by the native API; `runs` are the ids of its runs by the number of their choice."""

    def __init__(self, server, project, configuration, key=None, **fields):
        self.server, self.project, self.auth = server, project, ("api", key or "k" * 40)
        try:
            self.experiment = server.experiment(project)
        except requests.HTTPError:
            self.experiment = server.call("GET", "find", params={"workspace": "default", "experiment": project})["experimentID"]
        made = server.call("POST", "sweeps", json={"experimentID": self.experiment, "configuration": configuration, **fields})
        self.id, self.name = made["id"], made["name"]
        self.place = f"/e/{self.experiment}/sweeps/{self.id}"
        self.agent = None

    def ask(self, query, **variables):
        body = {"query": query, "variables": {"entity": "default", "project": self.project, **variables}}
        answer = requests.post(f"{self.server.url}/graphql", json=body, auth=self.auth, timeout=60)
        assert answer.ok and not answer.json().get("errors"), answer.text
        return answer.json()["data"]

    def next(self):
        """The run that is to be executed and its parameters; None when there is none."""
        self.agent = self.agent or self.ask(AGENT, host="machine-1", sweep=self.name)["createAgent"]["agent"]["id"]
        commands = json.loads(self.ask(BEAT, id=self.agent, metrics="{}", runState="{}")["agentHeartbeat"]["commands"])
        if not commands or commands[0]["type"] != "run":
            return None
        return commands[0]["run_id"], {key: value["value"] for key, value in commands[0]["args"].items()}

    def begin(self, run, parameters, shown=None):
        config = json.dumps({key: {"value": value} for key, value in parameters.items()})
        self.ask(BEGIN, name=run, sweep=self.name, config=config, shown=shown or run)

    def stream(self, run, body):
        answer = requests.post(f"{self.server.url}/files/default/{self.project}/{run}/file_stream", json=body, auth=self.auth, timeout=60)
        assert answer.ok, answer.text

    def log(self, run, metric, values, first=0):
        lines = [json.dumps({"_step": first + step, "_runtime": step, "_timestamp": 1.79e9 + step, metric: value}) for step, value in enumerate(values)]
        self.stream(run, {"files": {"wandb-history.jsonl": {"offset": first, "content": lines}}})

    def end(self, run, code=0):
        self.stream(run, {"complete": True, "exitcode": code})

    def work(self, metric, result, code=0, shown=None):
        """One whole run; `result` gives the values of its parameters. Gives the parameters, or None when no run was left."""
        given = self.next()
        if not given:
            return None
        run, parameters = given
        self.begin(run, parameters, shown)
        values = result(parameters)
        if values:
            self.log(run, metric, values)
        self.end(run, code)
        return parameters

    def runs(self):
        return self.server.call("GET", f"sweeps/{self.id}/runs", params={"limit": 10_000})["runs"]


def project():
    return f"sweeps-{uuid.uuid4().hex[:8]}"


def loss(parameters):
    """0.3, 0.1, 0.5 for adam; 0.2 more for sgd."""
    base = {0.0001: 0.3, 0.01: 0.1, 1: 0.5}[parameters["lr"]]
    return [1.0, base + (0.2 if parameters["opt"] == "sgd" else 0)]


@pytest.fixture(scope="module")
def grid(server):
    """Six runs, all done: adam 0.1 0.3 0.5, sgd 0.3 0.5 0.7."""
    sweep = Sweep(server, project(), GRID)
    number = 0
    while sweep.work("loss", loss, shown=f"trial-{number}"):
        number += 1
    assert number == 6 and sweep.next() is None
    return sweep


@pytest.fixture(scope="module")
def noisy(server):
    """Twelve runs of which one has failed without a value and one ended in NaN; another goes on."""
    sweep = Sweep(server, project(), RANDOM)
    for number in range(12):
        values = {3: [], 5: [0.2, "NaN"]}.get(number)
        sweep.work("acc", lambda given: [given["net"]["width"]] if values is None else values, code=int(number == 3))
    run, given = sweep.next()
    sweep.begin(run, given, "goes-on")
    return sweep


def opened(page, sweep, query=""):
    page.goto(sweep.place + query)
    page.locator(".sweep-runs tbody tr").first.wait_for()


def center(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def rail(page, name):
    """Where an axis stands, and its upper and its lower end."""
    box = page.locator(f"{AXIS.format(name)} .axis-rail").bounding_box()
    return box["x"], box["y"], box["y"] + box["height"]


def shown(page):
    return page.locator(".sweep-runs tbody a").all_inner_texts()
