"""Roles in workspaces: who has none in one cannot tell it from one that is not there."""

import pytest
import requests

from test_login import PASSWORD, account, admin, own, token  # noqa: F401

API = "/api/v1"
MLFLOW = "/api/2.0/mlflow"


class Caller:
    """One account, by its token."""

    def __init__(self, server, session, name, role, **fields):
        self.url = server.url
        self.id = account(server, session, name, role)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token(server, session, self.id, **fields)}"

    def call(self, method, path, body=None, workspace=None):
        headers = {"X-MLFLOW-WORKSPACE": workspace} if workspace else {}
        return self.session.request(method, self.url + path, json=body, headers=headers, timeout=10)


@pytest.fixture
def team(own):  # noqa: F811
    """A workspace with an experiment, a run in it, and callers of each kind."""
    session = admin(own)

    class Team:
        server = own
        boss = session
        url = own.url

        @staticmethod
        def caller(name, role="none", inside=None, **fields):
            caller = Caller(own, session, name, role, **fields)
            if inside:
                grant(caller.id, inside)
            return caller

    def grant(who, role):
        path = f"{own.url}{API}/workspaces/team/roles/{who}"
        assert session.put(path, json={"role": role}, timeout=10).status_code == 204

    Team.grant = staticmethod(grant)
    assert session.post(f"{own.url}{API}/workspaces", json={"name": "team"}, timeout=10).status_code == 201
    made = session.post(f"{own.url}{API}/experiments?workspace=team", json={"name": "inside"}, timeout=10)
    Team.experiment = made.json()["id"]
    run = session.post(f"{own.url}{API}/runs", json={"experimentID": Team.experiment, "name": "r"}, timeout=10)
    assert run.status_code == 201, run.text
    Team.run = run.json()["id"]
    return Team


def paths_of(team):
    run, experiment = team.run, team.experiment
    return [
        ("GET", f"{API}/experiments/{experiment}", None), ("PATCH", f"{API}/experiments/{experiment}", {"purpose": "x"}),
        ("DELETE", f"{API}/experiments/{experiment}", None), ("GET", f"{API}/experiments/{experiment}/roles", None),
        ("GET", f"{API}/runs/{run}", None), ("PATCH", f"{API}/runs/{run}", {"notes": "x"}),
        ("POST", f"{API}/runs/{run}/log", {"metrics": [{"key": "m", "value": 1, "step": 1}]}),
        ("POST", f"{API}/series", {"runs": [run], "keys": ["m"]}),
        ("POST", f"{API}/runs", {"experimentID": experiment}),
        ("GET", f"{API}/runs/{run}/artifacts", None),
        ("GET", f"{API}/workspaces/team", None), ("GET", f"{API}/workspaces/team/roles", None),
        ("GET", f"{API}/experiments?workspace=team", None),
        ("POST", f"{API}/experiments?workspace=team", {"name": "mine"}),
        ("GET", f"{MLFLOW}/experiments/get?experiment_id={experiment}", None),
        ("GET", f"{MLFLOW}/runs/get?run_id={run}", None),
        ("POST", f"{MLFLOW}/runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1}),
    ]


def test_who_has_no_role_sees_nothing_of_it(team):
    editor = team.caller("eda", "editor")
    for method, path, body in paths_of(team):
        for workspace in (None, "team"):
            answer = editor.call(method, path, body, workspace if MLFLOW in path else None)
            assert answer.status_code == 404, (method, path, answer.status_code, answer.text)
    listed = editor.call("GET", f"{API}/experiments").json()["experiments"]
    assert [one["name"] for one in listed] == ["Default"]
    assert [one["name"] for one in editor.call("GET", f"{API}/workspaces").json()["workspaces"]] == ["default"]
    found = editor.call("POST", f"{API}/runs/search", {"experimentIDs": [team.experiment]})
    assert found.json()["runs"] == []
    used = editor.call("GET", f"{API}/storage").json()["experiments"]
    assert [one["name"] for one in used] == ["Default"]


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_a_role_holds_in_the_workspace_and_not_outside(team, role):
    caller = team.caller("ina", "none", inside=role, scope=role)
    assert caller.call("GET", f"{API}/runs/{team.run}").status_code == 200
    assert caller.call("GET", f"{MLFLOW}/runs/get?run_id={team.run}", workspace="team").status_code == 200
    # Without the field an MLflow program is in the default workspace.
    assert caller.call("GET", f"{MLFLOW}/runs/get?run_id={team.run}").status_code == 404
    listed = caller.call("GET", f"{API}/workspaces").json()["workspaces"]
    assert [(one["name"], one["role"]) for one in listed] == [("team", role)]
    # Who names no workspace sees the first that there is for them.
    first = caller.call("GET", f"{API}/experiments").json()
    assert first["workspace"] == "team" and [one["name"] for one in first["experiments"]] == ["inside"]
    write = caller.call("POST", f"{API}/runs", {"experimentID": team.experiment})
    assert write.status_code == (403 if role == "viewer" else 201), write.text
    make = caller.call("POST", f"{API}/experiments?workspace=team", {"name": "mine"})
    assert make.status_code == (403 if role == "viewer" else 201), make.text
    grant = caller.call("PUT", f"{API}/workspaces/team/roles/{caller.id}", {"role": role})
    assert grant.status_code == (204 if role == "admin" else 403), grant.text
    # The default workspace, and what is the installation's, stay closed.
    for method, path, body in (
        ("GET", f"{API}/experiments?workspace=default", None), ("POST", f"{API}/experiments", {"name": "mine"}),
        ("GET", f"{API}/accounts", None), ("GET", f"{API}/audit", None), ("POST", f"{API}/workspaces", {"name": "own"}),
        ("DELETE", f"{API}/workspaces/team?experiments=delete", None), ("PUT", f"{API}/storage/quota", {"bytes": 1}),
    ):
        assert caller.call(method, path, body).status_code == 403, path


def test_a_role_in_one_experiment_opens_that_one(team):
    other = team.boss.post(f"{team.url}{API}/experiments?workspace=team", json={"name": "other"}, timeout=10).json()["id"]
    caller = team.caller("otto")
    path = f"{team.url}{API}/experiments/{team.experiment}/roles/{caller.id}"
    assert team.boss.put(path, json={"role": "viewer"}, timeout=10).status_code == 204
    assert caller.call("GET", f"{API}/runs/{team.run}").status_code == 200
    assert caller.call("GET", f"{API}/experiments/{other}").status_code == 404
    listed = caller.call("GET", f"{API}/experiments?workspace=team").json()["experiments"]
    assert [one["name"] for one in listed] == ["inside"]
    # And one can be closed to who has a role in the workspace.
    ina = team.caller("ina", inside="editor")
    path = f"{team.url}{API}/experiments/{team.experiment}/roles/{ina.id}"
    assert team.boss.put(path, json={"role": "none"}, timeout=10).status_code == 204
    assert ina.call("GET", f"{API}/runs/{team.run}").status_code == 404
    listed = ina.call("GET", f"{API}/experiments?workspace=team").json()["experiments"]
    assert [one["name"] for one in listed] == ["other"]


def test_a_token_does_no_more_than_its_scope(team):
    caller = team.caller("ina", inside="editor", scope="viewer")
    assert caller.call("GET", f"{API}/runs/{team.run}").status_code == 200
    assert caller.call("POST", f"{API}/runs", {"experimentID": team.experiment}).status_code == 403


def test_a_role_that_is_taken_away_is_gone_at_once(team):
    caller = team.caller("ina", "viewer", inside="editor")
    assert caller.call("GET", f"{API}/runs/{team.run}").status_code == 200
    team.grant(caller.id, None)
    assert caller.call("GET", f"{API}/runs/{team.run}").status_code == 404
    entries = team.boss.get(f"{team.url}{API}/audit?action=role.changed", timeout=10).json()["entries"]
    assert [one["detail"] for one in entries[:2]] == ["workspace team: none", "workspace team: editor"]


def test_after_a_removal_the_roles_are_those_of_the_default_workspace(team):
    ina, eda = team.caller("ina", inside="editor"), team.caller("eda", "viewer")
    assert eda.call("GET", f"{API}/runs/{team.run}").status_code == 404
    assert ina.call("GET", f"{API}/runs/{team.run}").status_code == 200
    refused = team.boss.delete(f"{team.url}{API}/workspaces/team", timeout=10)
    assert refused.status_code == 400 and "still contains 1 experiment" in refused.json()["message"], refused.text
    assert team.boss.delete(f"{team.url}{API}/workspaces/team?experiments=keep", timeout=10).status_code == 204
    assert eda.call("GET", f"{API}/runs/{team.run}").status_code == 200
    assert ina.call("GET", f"{API}/runs/{team.run}").status_code in (403, 404)
    # A new one of the same name is another one.
    assert team.boss.post(f"{team.url}{API}/workspaces", json={"name": "team"}, timeout=10).status_code == 201
    assert ina.call("GET", f"{API}/experiments?workspace=team").status_code == 404


def test_live_events_of_it_are_not_told(team):
    caller = team.caller("eda", "editor")
    topics = f"run:{team.run},experiment:{team.experiment}:runs,experiments"
    heard = []
    with caller.session.get(f"{team.url}{API}/events?topics={topics}", stream=True, timeout=10) as stream:
        lines = stream.iter_lines(chunk_size=1)
        next(lines)
        team.boss.patch(f"{team.url}{API}/runs/{team.run}", json={"notes": "secret"}, timeout=10)
        # The next thing that may be told ends the wait.
        team.boss.post(f"{team.url}{API}/experiments", json={"name": "for all"}, timeout=10)
        for line in lines:
            heard.append(line.decode())
            if "experiments" in heard[-1]:
                break
    assert team.run not in "".join(heard) and f"experiment:{team.experiment}" not in "".join(heard)


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "a b", "a/b", "x" * 65, "ü", "a\u0000b"])
def test_illegal_names_are_refused(team, name):
    answer = team.boss.post(f"{team.url}{API}/workspaces", json={"name": name}, timeout=10)
    assert answer.status_code == 400, answer.text


def test_what_is_wrong_is_said(team):
    base = f"{team.url}{API}/workspaces"
    for method, path, body, status, words in (
        ("POST", "", {}, 400, "name"), ("POST", "", {"name": "team"}, 409, "already exists"),
        ("POST", "", [], 400, "object"), ("GET", "/nowhere", None, 404, "not found"),
        ("PATCH", "/team", {"description": 7}, 400, "description"), ("DELETE", "/default", None, 400, "reserved"),
        ("DELETE", "/team?experiments=burn", None, 400, "keep or delete"),
        ("PUT", "/team/roles/nobody", {"role": "editor"}, 404, "nobody"),
        ("PUT", f"/team/roles/{team.boss.account}", {}, 400, "role"),
        ("PUT", f"/team/roles/{team.boss.account}", {"role": "king"}, 400, "role"),
        ("PUT", f"/default/roles/{team.boss.account}", {"role": "viewer"}, 400, "own role"),
    ):
        answer = team.boss.request(method, base + path, json=body, timeout=10)
        assert answer.status_code == status and words in answer.text, (method, path, answer.status_code, answer.text)
