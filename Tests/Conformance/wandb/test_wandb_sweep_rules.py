"""Sweeps by plain requests: states, agents that die, servers that are killed, what is refused, who sees what."""

import json
import os
import random
import sqlite3
import threading

import pytest
import requests

import harness
from test_login import account, admin, own, token  # noqa: F401
from wandb_wire import KEY, Wire, message, step

SWEEP = """mutation UpsertSweep($id: ID, $config: String, $entity: String, $project: String, $state: String) {
  upsertSweep(input: {id: $id, config: $config, entityName: $entity, projectName: $project, state: $state}) {
    sweep { id name state } configValidationWarnings } }"""
AGENT = """mutation CreateAgent($host: String!, $project: String, $entity: String, $sweep: String!) {
  createAgent(input: {host: $host, projectName: $project, entityName: $entity, sweep: $sweep}) { agent { id } } }"""
BEAT = """mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) { agent { id } commands } }"""
READ = """query Sweep($entity: String, $project: String, $sweep: String!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) {
    id state runCount runCountExpected bestLoss agents { edges { node { id host state totalRuns } } }
    runs { edges { node { name state config stopped } } } } } }"""
START = """mutation UpsertBucket($name: String, $project: String, $entity: String, $sweep: String, $config: JSONString) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, sweep: $sweep, config: $config}) {
    bucket { name state sweepName } inserted } }"""
RUN_ID = """query Run($entity: String, $project: String, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { id } } }"""
GRID = "method: grid\nmetric: {name: loss, goal: minimize}\nparameters:\n  x: {values: [0, 1, 2, 3]}\n"


class Agent:
    """An agent that does what it is told; a run is begun and ended by hand."""

    def __init__(self, wire, sweep):
        self.wire, self.sweep, self.live = wire, sweep, {}
        self.id = wire.ok(AGENT, **wire.place(sweep=sweep, host="h"))["createAgent"]["agent"]["id"]

    def beat(self):
        answer = self.wire.ok(BEAT, id=self.id, metrics="{}", runState=json.dumps({run: True for run in self.live}))
        commands = json.loads(answer["agentHeartbeat"]["commands"])
        for one in commands:
            if one["type"] == "run":
                self.live[one["run_id"]] = {key: value["value"] for key, value in one["args"].items()}
        return commands

    def begin(self, run):
        config = json.dumps({key: {"value": value} for key, value in self.live[run].items()})
        bucket = self.wire.ok(START, **self.wire.place(name=run, sweep=self.sweep, config=config))["upsertBucket"]["bucket"]
        assert (bucket["state"], bucket["sweepName"]) == ("running", self.sweep)

    def log(self, run, values, begin=0):
        lines = [step(begin + index, loss=value) for index, value in enumerate(values)]
        assert self.wire.lines(run, begin, lines).status_code == 200

    def end(self, run, code=0):
        assert self.wire.stream(run, {"complete": True, "exitcode": code}).status_code == 200
        del self.live[run]

    def work(self, *values):
        """One whole run; gives its parameters, or None when there was none."""
        commands = self.beat()
        if not commands or commands[0]["type"] != "run":
            return None
        run = commands[0]["run_id"]
        parameters = self.live[run]
        self.begin(run)
        self.log(run, values or [1.0])
        self.end(run)
        return parameters


def make(wire, config=GRID):
    return wire.ok(SWEEP, **wire.place(config=config))["upsertSweep"]["sweep"]["name"]


def read(wire, name):
    sweep = wire.ok(READ, **wire.place(sweep=name))["project"]["sweep"]
    sweep["runs"] = {edge["node"]["name"]: edge["node"] for edge in sweep["runs"]["edges"]}
    return sweep


def set_state(wire, name, state):
    return wire.post(SWEEP, **wire.place(id=read(wire, name)["id"], state=state))


def preempted(agent):
    """A run whose machine was taken from it."""
    [command] = agent.beat()
    run = command["run_id"]
    agent.begin(run)
    agent.wire.stream(run, {"files": {}, "preempting": True})
    agent.end(run, code=1)
    return run


def test_a_preempted_run_is_given_to_one_agent(wire):
    name = make(wire, "method: grid\nparameters:\n  x: {values: [0]}\n")
    run = preempted(Agent(wire, name))
    assert read(wire, name)["runs"][run]["state"] == "preempted" and read(wire, name)["state"] == "RUNNING"
    given, lock = [], threading.Lock()

    def ask():
        own_wire = Wire(wire.server, wire.project)
        agent = Agent(own_wire, name)
        for command in agent.beat():
            with lock:
                given.append((command, agent))
        own_wire.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [agent] = [agent for command, agent in given if command["type"] == "run" and command["run_id"] == run]
    assert read(wire, name)["runs"][run]["state"] == "pending"
    agent.wire = wire
    agent.begin(run)
    agent.end(run)
    assert read(wire, name)["runs"][run]["state"] == "finished" and agent.beat() == [{"type": "exit"}]


def test_a_run_that_was_stopped_is_not_begun_again(wire):
    name = make(wire, "method: grid\nparameters:\n  x: {values: [0]}\n")
    agent = Agent(wire, name)
    [command] = agent.beat()
    run = command["run_id"]
    agent.begin(run)
    stop = "mutation Stop($id: ID!) { stopRun(input: {id: $id}) { success } }"
    wire.ok(stop, id=wire.ok(RUN_ID, **wire.place(run=run))["project"]["run"]["id"])
    wire.stream(run, {"files": {}, "preempting": True})
    agent.end(run, code=1)
    assert agent.beat() == [{"type": "exit"}] and read(wire, name)["state"] == "FINISHED"


def test_many_agents_at_once_get_each_point_once(wire):
    name = make(wire, "method: grid\nparameters:\n  x: {min: 0, max: 59}\n")
    points, lock = [], threading.Lock()

    def run():
        own_wire = Wire(wire.server, wire.project)
        agent = Agent(own_wire, name)
        # Without a run there may be somebody faster each time: it asks again.
        for _ in range(200):
            commands = agent.beat()
            if commands and commands[0]["type"] == "exit":
                break
            if commands:
                run = commands[0]["run_id"]
                with lock:
                    points.append(agent.live[run]["x"])
                agent.begin(run)
                agent.end(run)
        own_wire.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(points) == list(range(60))
    assert read(wire, name)["state"] == "FINISHED"


def test_pause_resume_finish(wire):
    name = make(wire)
    agent, other = Agent(wire, name), Agent(wire, name)
    (command,) = agent.beat()
    agent.begin(command["run_id"])
    assert set_state(wire, name, "PAUSED").status_code == 200
    assert agent.beat() == [] and other.beat() == []
    agent.end(command["run_id"])
    assert agent.beat() == [] and read(wire, name)["state"] == "PAUSED"
    assert set_state(wire, name, "RUNNING").status_code == 200
    (again,) = agent.beat()
    assert again["type"] == "run" and again["run_id"] != command["run_id"]
    agent.begin(again["run_id"])
    assert set_state(wire, name, "FINISHED").status_code == 200
    # What runs may end.
    assert agent.beat() == [] and other.beat() == [{"type": "exit"}]
    agent.end(again["run_id"])
    assert agent.beat() == [{"type": "exit"}]
    assert {run["state"] for run in read(wire, name)["runs"].values()} == {"finished"}


def test_cancel_stops_what_runs(wire):
    name = make(wire)
    agent, other, late = Agent(wire, name), Agent(wire, name), Agent(wire, name)
    (command,) = agent.beat()
    agent.begin(command["run_id"])
    (waiting,) = other.beat()
    assert set_state(wire, name, "CANCELED").status_code == 200
    assert agent.beat() == [{"type": "stop", "run_id": command["run_id"]}] and late.beat() == [{"type": "exit"}]
    runs = read(wire, name)["runs"]
    assert runs[waiting["run_id"]]["state"] == "killed" and runs[command["run_id"]]["stopped"]
    del agent.live[command["run_id"]]
    assert agent.beat() == [{"type": "exit"}]
    assert {run["state"] for run in read(wire, name)["runs"].values()} == {"killed"}
    assert read(wire, name)["state"] == "CANCELED"


def test_a_run_that_falls_behind_is_stopped(wire):
    name = make(wire, "method: random\nmetric: {name: loss, goal: minimize}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                      "early_terminate: {type: hyperband, min_iter: 2, eta: 2}\n")
    good, bad = Agent(wire, name), Agent(wire, name)
    for value in (0.1, 0.2, 0.3):
        good.work(value, value)
    (command,) = bad.beat()
    bad.begin(command["run_id"])
    bad.log(command["run_id"], [9.0])
    assert bad.beat() == []
    bad.log(command["run_id"], [9.0], begin=1)
    # Runs are compared at most every four seconds.
    deadline = threading.Event()
    for _ in range(60):
        commands = bad.beat()
        if commands:
            break
        deadline.wait(0.2)
    assert commands == [{"type": "stop", "run_id": command["run_id"]}]
    bad.end(command["run_id"], code=1)
    assert bad.beat()[0]["type"] == "run"
    assert read(wire, name)["bestLoss"] == 0.1


def test_a_program_that_never_reports_is_failed_and_not_begun_again(wire):
    name = make(wire)
    agent = Agent(wire, name)
    (command,) = agent.beat()
    assert agent.beat() == []
    agent.live.clear()
    (other,) = agent.beat()
    assert other["type"] == "run" and other["run_id"] != command["run_id"]
    assert read(wire, name)["runs"][command["run_id"]]["state"] == "failed"


def test_an_answer_that_was_lost_is_given_again(wire):
    name = make(wire)
    agent = Agent(wire, name)
    first = agent.beat()
    agent.live.clear()
    assert agent.beat() == first
    agent.live.clear()
    assert agent.beat() == first and len(read(wire, name)["runs"]) == 1


@pytest.fixture
def alone(tmp_path):
    server = harness.Server(tmp_path).start()
    yield server
    server.kill()


@pytest.mark.skipif(harness.POSTGRES is not None, reason="turns the clock back in the file of the database")
def test_an_agent_that_died_gives_its_run_back(alone):
    wire = Wire(alone, "p")
    name = make(wire)
    dead, other = Agent(wire, name), Agent(wire, name)
    (command,) = dead.beat()
    assert other.beat()[0]["run_id"] != command["run_id"]
    other.begin(next(iter(other.live)))
    other.end(next(iter(other.live)))
    alone.stop()
    with sqlite3.connect(next(alone.folder.rglob("martlet.db"))) as database:
        database.execute("UPDATE sweep_agent SET heartbeat_at = heartbeat_at - 200000 WHERE id IN"
                         " (SELECT agent FROM sweep_run JOIN run ON run.number = sweep_run.run WHERE run.foreign_id = ?)",
                         (command["run_id"],))
    alone.start()
    wire = Wire(alone, "p")
    other.wire = dead.wire = wire
    assert "CRASHED" in {edge["node"]["state"] for edge in read(wire, name)["agents"]["edges"]}
    assert other.beat()[0] == command
    # Who comes back too late stops.
    assert dead.beat() == [{"type": "stop", "run_id": command["run_id"]}]


def test_kill_during_a_sweep_hands_nothing_out_twice(alone):
    rng = random.Random(os.environ.get("MARTLET_CRASH_SEED", "martlet"))
    wire = Wire(alone, "p")
    name = make(wire, "method: grid\nparameters:\n  x: {min: 0, max: 39}\n")
    begun, stopping = [], threading.Event()

    def tried(what):
        while not stopping.is_set():
            try:
                return what()
            except (requests.RequestException, AssertionError):
                stopping.wait(0.05)
        raise SystemExit

    def work():
        agent = tried(lambda: Agent(Wire(alone, "p"), name))
        while True:
            commands = tried(agent.beat)
            if commands and commands[0]["type"] == "exit":
                return
            if commands:
                run = commands[0]["run_id"]
                begun.append((agent.live[run]["x"], run))
                tried(lambda: agent.begin(run))
                tried(lambda: agent.end(run) if run in agent.live else None)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        stopping.wait(rng.uniform(0.1, 0.5))
        alone.kill()
        alone.start()
    for thread in threads:
        thread.join(60)
    stopping.set()
    # An agent that lost an answer is told the same run again, never somebody else.
    assert sorted(x for x, _ in begun) == list(range(40)) and len({run for _, run in begun}) == 40
    wire = Wire(alone, "p")
    assert read(wire, name)["state"] == "FINISHED" and len(read(wire, name)["runs"]) == 40


@pytest.mark.parametrize(("config", "part"), [
    ("", "config"), ("method: grid", "`parameters`"), ("method: greedy\nparameters: {x: {value: 1}}", "`method`"),
    ("a: [", "line"), ("method: grid\nparameters: {x: {min: 0.5, max: 1.5}}", "parameter `x`"),
    ("[1, 2]", "not an object"), ("a: 1\na: 2", "twice"), ("a: &a [*a]", "YAML"), ("x" * 300_000, "bytes"),
    ("[" * 50_000, "YAML"), ("method: grid\nparameters: {x: {values: [1]}}\nrun_cap: -1", "`run_cap`"),
    ("!!python/object/apply:os.system ['id']", "not an object"), ("\0", "U+0000"),
], ids=range(13))
def test_a_configuration_that_cannot_be_used_is_told(wire, config, part):
    answer = wire.post(SWEEP, **wire.place(config=config))
    assert answer.status_code == 400 and part in message(answer), answer.text
    # Nothing was made for it.
    found = wire.ok("query P($p: String) { project(name: $p, entityName: \"default\") { totalSweeps } }", p=wire.project)
    assert found["project"] is None


def test_a_text_that_means_billions_is_refused_quickly(wire):
    lines = ["a: &a [" + ", ".join("1" * 10) + "]"]
    for one, other in zip("bcdefghij", "abcdefghi"):
        lines.append(f"{one}: &{one} [" + ", ".join([f"*{other}"] * 10) + "]")
    answer = wire.post(SWEEP, **wire.place(config="\n".join(lines)))
    assert answer.status_code == 400 and answer.elapsed.total_seconds() < 5


def test_what_is_odd_is_a_warning(wire):
    answer = wire.ok(SWEEP, **wire.place(config=GRID + "run_capp: 3\n"))["upsertSweep"]
    assert "run_cap" in answer["configValidationWarnings"][0]


@pytest.mark.parametrize("name", ["nothere1", "U3dlZXA6eA==", "", "ü", "a" * 5_000])
def test_an_unknown_sweep_is_not_found(wire, name):
    make(wire)
    answer = wire.post(AGENT, **wire.place(sweep=name, host="h"))
    assert answer.status_code == 404 and "not found" in message(answer)
    assert wire.ok(READ, **wire.place(sweep=name))["project"]["sweep"] is None
    if name:
        assert wire.post(SWEEP, **wire.place(id=name, state="PAUSED")).status_code == 404
        assert wire.post(BEAT, id=name, runState="{}").status_code == 404


@pytest.mark.parametrize(("fields", "code"), [
    ({"state": "ASLEEP"}, 400), ({"config": "method: grid"}, 400), ({"config": GRID + "run_cap: 3\n"}, 200),
    ({"state": "PENDING"}, 200),
])
def test_changes(wire, fields, code):
    name = make(wire)
    assert wire.post(SWEEP, **wire.place(id=read(wire, name)["id"], **fields)).status_code == code


def test_a_configuration_stays_once_there_are_runs(wire):
    name = make(wire)
    Agent(wire, name).beat()
    answer = wire.post(SWEEP, **wire.place(id=read(wire, name)["id"], config=GRID + "run_cap: 3\n"))
    assert answer.status_code == 400 and "has runs" in message(answer)


@pytest.mark.parametrize("states", ["[]", "{", "1", '{"a": 1}', '{"nothere": true}'])
def test_states_of_runs_that_cannot_be(wire, states):
    agent = Agent(wire, make(wire))
    answer = wire.post(BEAT, id=agent.id, runState=states)
    assert answer.status_code == (200 if "a" in states or "n" in states else 400), answer.text


def test_a_deleted_run_is_chosen_again(wire):
    name = make(wire)
    agent = Agent(wire, name)
    points = [agent.work()["x"] for _ in range(4)]
    assert points == [0, 1, 2, 3] and read(wire, name)["state"] == "FINISHED"
    run = sorted(read(wire, name)["runs"].items())[0][0]
    found = wire.ok("query R($p: String, $r: String!) { project(name: $p, entityName: \"default\") { run(name: $r) { id } } }",
                    p=wire.project, r=run)["project"]["run"]["id"]
    wire.ok("mutation D($id: ID!) { deleteRun(input: {id: $id}) { success } }", id=found)
    assert set_state(wire, name, "RUNNING").status_code == 200
    assert len([p for p in (agent.work(), agent.work()) if p]) == 1
    assert len(read(wire, name)["runs"]) == 4 and read(wire, name)["state"] == "FINISHED"


def test_a_sweep_is_seen_and_driven_by_those_who_may(own):  # noqa: F811
    session = admin(own)
    keys = {role: token(own, session, account(own, session, role, role)) for role in ("viewer", "editor", "none")}
    boss = Wire(own, "p", key=token(own, session, session.account, scope="admin"))
    assert session.post(f"{own.url}/api/v1/workspaces", json={"name": "team"}, timeout=10).status_code == 201
    name = make(boss)
    hidden = Wire(own, "p", entity="team", key=boss.session.auth[1])
    secret = make(hidden)
    secret_id, agent = read(hidden, secret)["id"], Agent(hidden, secret)
    viewer, editor = (Wire(own, "p", key=keys[role]) for role in ("viewer", "editor"))
    assert read(viewer, name)["state"] == "PENDING" and Agent(editor, name).beat()[0]["type"] == "run"
    assert viewer.post(AGENT, **viewer.place(sweep=name, host="h")).status_code == 403
    assert set_state(viewer, name, "PAUSED").status_code == 403
    assert viewer.post(SWEEP, **viewer.place(config=GRID)).status_code == 403
    for wire in (viewer, editor):
        assert wire.post(SWEEP, id=secret_id, state="PAUSED").status_code == 404
        assert wire.post(BEAT, id=agent.id, runState="{}").status_code == 404
        assert wire.post(AGENT, **wire.place(sweep=secret, host="h")).status_code == 404
        assert wire.ok(READ, entity="team", project="p", sweep=secret)["project"] is None
    nobody = Wire(own, "p", key="b" * 40)
    assert nobody.post(SWEEP, **nobody.place(config=GRID)).status_code == 401
    assert KEY and read(hidden, secret)["state"] == "RUNNING"
