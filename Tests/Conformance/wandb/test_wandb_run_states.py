"""States that are set from outside, `Run.update_state`: the transitions that the client's documentation names, and no others."""

import pytest
import requests

from wandb_wire import UPSERT, message, step

setting = pytest.mark.needs_client("0.31", "`Run.update_state`")
ENDED = {"finished": 0, "failed": 1}


def run_in(state, wire, api, name):
    """A run that is in a state."""
    wire.new_run(name)
    if state in ENDED:
        assert wire.stream(name, {"complete": True, "exitcode": ENDED[state]}).status_code == 200
    elif state == "preempting":
        assert wire.stream(name, {"preempting": True}).status_code == 200
    elif state == "pending":
        assert api.run(f"default/{wire.project}/{name}").update_state("pending")
    api.flush()
    run = api.run(f"default/{wire.project}/{name}")
    assert run.state == state
    return run


@setting
@pytest.mark.parametrize("before,after", [
    ("running", "pending"), ("failed", "pending"), ("preempting", "pending"), ("running", "failed"), ("pending", "failed"),
])
def test_a_run_waits_again_or_is_given_up(wire, api, before, after):
    run = run_in(before, wire, api, "r")
    assert run.update_state(after) is True and run.state == after
    api.flush()
    assert api.run(f"default/{wire.project}/r").state == after


@setting
@pytest.mark.parametrize("before,after", [
    ("finished", "pending"), ("finished", "failed"), ("finished", "running"), ("failed", "running"), ("failed", "finished"),
    ("failed", "failed"), ("pending", "running"), ("pending", "pending"), ("running", "finished"), ("running", "killed"),
    ("running", "xyz"),
])
def test_no_other_state_is_set(wandb, wire, api, before, after):
    run = run_in(before, wire, api, "r")
    with pytest.raises(wandb.Error):
        run.update_state(after)
    api.flush()
    assert api.run(f"default/{wire.project}/r").state == before


@setting
def test_a_run_of_a_sweep_has_the_states_that_the_sweep_gives(wandb, api, ran, project):
    path = ran("""
import os, wandb
sweep = wandb.sweep({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}, project=os.environ["PROJECT"])
def train():
    with wandb.init() as run:
        run.log({"y": 1})
        print("PATH", run.path)
wandb.agent(sweep, train, count=1, project=os.environ["PROJECT"])
""", PROJECT=project).split("PATH ")[1].split()[0]
    for state in ("pending", "failed"):
        with pytest.raises(wandb.Error, match="sweep"):
            api.run(path).update_state(state)
    api.flush()
    assert api.run(path).state == "finished"


@pytest.mark.parametrize("entity", ["e", "r", "m", "api", "settings", "js", "graphql", "authorize", "search"])
def test_an_entity_has_no_name_that_is_an_address_of_the_server(wire, entity):
    answer = wire.post(UPSERT, entity=entity, project="p", name="r")
    assert answer.status_code == 400 and f"'{entity}'" in message(answer)
    query = "mutation CreateTeam($name: String!) { createTeam(input: {teamName: $name}) { entity { id } } }"
    assert wire.post(query, name=entity).status_code == 400


@pytest.mark.parametrize("sign", "/\\#?%:")
def test_a_project_has_no_name_that_the_client_refuses(wire, api, project, sign):
    with pytest.raises(Exception):
        api.create_project(f"{project}{sign}1", "default")
    assert not [one for one in api.projects("default") if one.name.startswith(project)]
    answer = wire.post(UPSERT, entity="default", project=f"{project}{sign}1", name="r")
    assert answer.status_code == 400 and "invalid project name" in message(answer)


@pytest.mark.parametrize("path", ["authorize?ref=models", "authorize?signup=true&ref=models", "search?q=loss"])
def test_addresses_that_are_printed_or_described_are_pages(server, path):
    answer = requests.get(f"{server.url}/{path}", headers={"Accept": "text/html"}, timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


def test_an_address_of_a_run_is_a_page_for_whoever_takes_any_answer(server, wire):
    run = f"{server.url}/default/{wire.project}/runs/{wire.new_run()}"
    for accepted, status in (("*/*", 200), ("text/html", 200), ("application/json", 404)):
        assert requests.get(run, headers={"Accept": accepted}, timeout=10).status_code == status
    # An address of no known form may be a mistyped one of the API.
    assert requests.get(f"{server.url}/api/nothing", timeout=10).status_code == 404
    assert requests.get(f"{server.url}/default/nothing", timeout=10).status_code == 404


def test_runs_are_found_by_what_they_logged(wire, api):
    for name, row in (("a", {"loss": 1}), ("b", {"acc": 1})):
        wire.new_run(name)
        assert wire.lines(name, 0, [step(0, **row)]).status_code == 200
    runs = api.runs(f"default/{wire.project}", filters={"keys_info.keys.loss": {"$exists": True}})
    assert [run.id for run in runs] == ["a"]
