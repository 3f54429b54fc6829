"""Logins of the `wandb` client: tokens as keys, roles, and entities in which somebody has no business."""

import base64
import os
import subprocess
import sys
import time

import pytest
import requests

from test_login import account, admin, own, token  # noqa: F401
from wandb_wire import UPSERT, Wire, client_environment, message

PROGRAM = """
import os, wandb
with wandb.init(project="p", entity=os.environ.get("ENTITY") or None, config={"lr": 0.1}) as run:
    run.log({"x": 1})
    open("f.txt", "w").write("saved")
    run.save("f.txt", policy="now")
print(run.path)
found = wandb.Api().run(run.path)
print(found.state, found.summary["x"], found.file("f.txt").download("out", replace=True).read())
"""


@pytest.fixture
def team(own):  # noqa: F811
    """A session of the admin, and callers of each kind by their keys."""
    session = admin(own)

    class Team:
        server = own
        boss = session
        admin_key = token(own, session, session.account, scope="admin")

        @staticmethod
        def key(name, role="none", inside=None, **fields):
            who = account(own, session, name, role)
            if inside:
                url = f"{own.url}/api/v1/workspaces/team/roles/{who}"
                assert session.put(url, json={"role": inside}, timeout=10).status_code == 204
            return token(own, session, who, **fields)

        @staticmethod
        def wire(key, entity="default"):
            return Wire(own, "p", entity=entity, key=key)

    assert session.post(f"{own.url}/api/v1/workspaces", json={"name": "team"}, timeout=10).status_code == 201
    return Team


def train(server, key, tmp_path, program=PROGRAM, patience=100, **variables):
    """The ended process, and how long it took."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")} | client_environment(server, tmp_path)
    del environment["WANDB_ENTITY"]
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=patience, cwd=tmp_path,
                          env=environment | {"WANDB_API_KEY": key} | variables)
    return done, time.monotonic() - begun


@pytest.mark.parametrize("role", ["editor", "admin"])
def test_a_token_is_a_key(team, tmp_path, role):
    done, _ = train(team.server, team.key("eda", role), tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[0].startswith("default/p/") and done.stdout.splitlines()[1] == "finished 1 saved"


def test_the_client_shows_who_one_is(team):
    viewer = team.wire(team.key("eda", "editor", inside="viewer")).ok("{ viewer { username entity teams { edges { node { name } } } } }")["viewer"]
    assert viewer["username"] == "eda" and {edge["node"]["name"] for edge in viewer["teams"]["edges"]} == {"default", "team"}


@pytest.mark.parametrize("key", ["f" * 40, "x" * 86])
def test_a_wrong_key_fails_soon(team, tmp_path, key):
    done, seconds = train(team.server, key, tmp_path)
    assert done.returncode != 0 and seconds < 60
    assert any(word in done.stderr.splitlines()[-1] for word in ("401", "key", "wrong"))
    wire = team.wire(key)
    assert wire.post("{ viewer { id } }").status_code == 401
    assert wire.stream("r", {}).status_code == 401


@pytest.mark.parametrize("header", [None, "", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"api:").decode(), "Basic " + base64.b64encode(b"api").decode(),
                                    "Bearer x", "Digest x", "Basic " + "x" * 9000])
def test_malformed_and_missing_proofs_are_refused(team, header):
    headers = {} if header is None else {"Authorization": header}
    for path in ("/graphql", "/files/default/p/r/file_stream"):
        answer = requests.post(team.server.url + path, json={"query": "{ viewer { id } }"}, headers=headers, timeout=10)
        assert answer.status_code == 401 and message(answer)


def test_a_key_is_taken_as_basic_with_any_name_and_as_bearer(team):
    key = team.key("eda", "editor")
    for auth in (f"Bearer {key}", "Basic " + base64.b64encode(f"api:{key}".encode()).decode()):
        answer = requests.post(team.server.url + "/graphql", json={"query": "{ viewer { username } }"}, headers={"Authorization": auth}, timeout=10)
        assert answer.status_code == 200 and answer.json()["data"]["viewer"]["username"] == "eda"


def test_a_viewer_that_logs_fails_soon_and_is_told_why(team, tmp_path):
    key = team.key("vera", "viewer")
    done, seconds = train(team.server, key, tmp_path)
    assert done.returncode != 0 and seconds < 60 and "vera may not" in done.stderr
    answer = team.wire(key).post(UPSERT, entity="default", project="p", name="r")
    assert answer.status_code == 403 and "vera may not" in message(answer)


def test_a_viewer_reads_and_changes_nothing(team):
    boss = team.wire(team.admin_key)
    run = boss.new_run()
    boss.lines(run, 0, ['{"x": 1}'])
    viewer = team.wire(team.key("vera", "viewer"))
    assert viewer.values(run) == [1]
    assert viewer.lines(run, 1, ['{"x": 2}']).status_code == 403
    assert viewer.ask_links(run, "a.txt").status_code == 403
    id = viewer.ok('{ project(name: "p", entityName: "default") { runs { edges { node { id } } } } }')["project"]["runs"]["edges"][0]["node"]["id"]
    for mutation in ("deleteRun(input: {id: $id})", "stopRun(input: {id: $id})", 'updateRunState(input: {id: $id, state: "failed"})'):
        assert viewer.post("mutation($id: ID!) { %s { success } }" % mutation, id=id).status_code == 403
    assert viewer.post('mutation($id: String) { upsertBucket(input: {id: $id, notes: "x"}) { bucket { id } } }', id=id).status_code == 403
    assert boss.values(run) == [1] and boss.stored(run)["state"] == "running" and boss.files(run) == {}


def test_a_viewer_gets_no_links_to_write(team):
    boss = team.wire(team.admin_key)
    run = boss.new_run()
    assert requests.put(boss.link(run, "a.txt"), data=b"old", timeout=10).status_code == 200
    viewer = team.wire(team.key("vera", "viewer"))
    assert requests.get(viewer.files(run)["a.txt"]["directUrl"], timeout=10).content == b"old"
    for field in ("uploadUrl", "url(upload: true)"):
        query = '{ project(name: "p", entityName: "default") { run(name: "%s") { files { edges { node { link: %s } } } } } }'
        answer = viewer.post(query % (run, field)).json()
        edges = (((answer.get("data") or {}).get("project") or {}).get("run") or {}).get("files") or {"edges": []}
        for edge in edges["edges"]:
            if edge["node"]["link"]:
                assert requests.put(edge["node"]["link"], data=b"new", timeout=10).status_code == 403
    assert viewer.ask_links(run, "a.txt").status_code == 403
    assert requests.get(boss.files(run)["a.txt"]["directUrl"], timeout=10).content == b"old"


def test_a_token_of_a_smaller_scope_may_not_do_more(team):
    assert team.wire(team.key("eda", "editor", scope="viewer")).post(UPSERT, entity="default", project="p", name="r").status_code == 403


def test_another_entity_is_not_found_by_who_has_no_role_in_it(team, tmp_path):
    boss = team.wire(team.admin_key, entity="team")
    run = boss.new_run()
    boss.lines(run, 0, ['{"secret": 1}'])
    id = boss.ok(UPSERT, entity="team", project="p", name=run)["upsertBucket"]["bucket"]["id"]
    key = team.key("eda", "editor")
    eda = team.wire(key, entity="team")
    for entity in ("team", "no-such-entity"):
        assert eda.ok("query($e: String!) { project(name: \"p\", entityName: $e) { id } }", e=entity)["project"] is None
        answer = eda.post(UPSERT, entity=entity, project="p", name="r")
        assert answer.status_code == 404 and entity in message(answer)
        assert Wire(team.server, "p", entity=entity, key=key).stream(run, {}).status_code == 404
        assert Wire(team.server, "p", entity=entity, key=key).ask_links(run, "a.txt").status_code == 404
    assert eda.post("mutation($id: ID!) { deleteRun(input: {id: $id}) { success } }", id=id).status_code == 404
    assert eda.post('mutation($id: String) { upsertBucket(input: {id: $id, notes: "x"}) { bucket { id } } }', id=id).status_code == 404
    models = eda.ok('{ models(entityName: "team") { edges { node { name } } } }')["models"]["edges"]
    assert models == [] and boss.values(run, "secret") == [1]
    done, seconds = train(team.server, key, tmp_path, ENTITY="team")
    assert done.returncode != 0 and seconds < 60 and "not found" in done.stderr


def test_a_role_in_one_entity_opens_that_one(team, tmp_path):
    key = team.key("ina", "none", inside="editor")
    done, _ = train(team.server, key, tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("team/p/"), done.stderr[-2000:]
    assert team.wire(key).post(UPSERT, entity="default", project="p", name="r").status_code in (403, 404)


def test_links_need_no_login_and_are_only_given_to_who_may(team):
    wire = team.wire(team.key("eda", "editor"))
    run = wire.new_run()
    assert requests.put(wire.link(run, "a.txt"), data=b"x", timeout=10).status_code == 200
    assert requests.get(wire.files(run)["a.txt"]["directUrl"], timeout=10).content == b"x"
    answer = requests.get(f"{team.server.url}/wandb/files/{run}/a.txt", timeout=10)
    assert answer.status_code == 403


def test_no_secret_is_in_the_log(team, tmp_path):
    key = team.key("eda", "editor")
    train(team.server, key, tmp_path)
    wire = team.wire(key)
    signature = wire.link(wire.new_run(), "a.txt").rpartition("signature=")[2]
    requests.put(wire.link(wire.new_run(), "a.txt"), data=b"x", timeout=10)
    log = team.server.log.read_text()
    assert key not in log and key[-40:] not in log and base64.b64encode(f"api:{key}".encode()).decode() not in log and signature not in log
