"""Who may do what with registered models, and what no request can undo."""

import base64

import pytest
import requests

from test_login import admin, own, token  # noqa: F401
from test_workspace_roles import Caller
from versions import logged_version

API = "/api/v1"
MLFLOW = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
pytestmark = pytest.mark.martlet_only


@pytest.fixture
def place(own):  # noqa: F811
    """A registered model, and an experiment that eve, an editor elsewhere, may not see."""
    session = admin(own)

    class Place:
        server, boss, url = own, session, own.url
        eve = Caller(own, session, "eve", "editor")
        secret = session.post(f"{own.url}{API}/experiments", json={"name": "secret"}, timeout=10).json()["id"]
        run = session.post(f"{own.url}{API}/runs", json={"experimentID": secret, "name": "HIDDEN"}, timeout=10).json()["id"]

        @classmethod
        def post(cls, path, body, method="POST"):
            answer = session.request(method, f"{own.url}{MLFLOW}/{path}", json=body, timeout=10)
            assert answer.status_code == 200, answer.text
            return answer.json()

    path = f"{own.url}{API}/experiments/{Place.secret}/roles/{Place.eve.id}"
    assert session.put(path, json={"role": "none"}, timeout=10).status_code == 204
    url = f"{own.url}{API}/runs/{Place.run}/artifacts/content?path=model/w.bin"
    assert session.put(url, data=b"weights", timeout=10).status_code == 200
    Place.post("registered-models/create", {"name": "net"})
    Place.post("model-versions/create", {"name": "net", "source": f"runs:/{Place.run}/model", "run_id": Place.run})
    return Place


def test_a_hidden_run_is_no_source(place):
    body = {"name": "net", "source": f"runs:/{place.run}/model", "run_id": place.run}
    assert place.eve.call("POST", f"{MLFLOW}/model-versions/create", body).status_code in (400, 404)
    [model] = place.boss.get(f"{place.url}{API}/models", timeout=10).json()["models"]
    assert model["versionCount"] == 1
    # Nothing stays of it.
    outputs = place.boss.get(f"{place.url}{API}/runs/{place.run}/versions", timeout=10).json()["outputs"]
    assert [one["number"] for one in outputs] == [1]


def test_a_hidden_run_that_is_named_stays_a_name(place):
    answer = place.eve.call("POST", f"{MLFLOW}/model-versions/create", {"name": "net", "source": "s3://b/k", "run_id": place.run})
    assert answer.json()["model_version"]["run_id"] == place.run
    [latest] = place.eve.call("GET", f"{API}/models/net").json()["latest"]
    assert "runName" not in latest and "HIDDEN" not in answer.text
    outputs = place.boss.get(f"{place.url}{API}/runs/{place.run}/versions", timeout=10).json()["outputs"]
    assert [one["number"] for one in outputs] == [1]
    found = place.eve.call("GET", f"{MLFLOW}/model-versions/search?filter=run_id='{place.run}'").json()["model_versions"]
    assert {one["version"] for one in found} == {"1", "2"}


def test_a_viewer_reads_and_changes_nothing(place):
    viewer = Caller(place.server, place.boss, "vic", "viewer")
    assert viewer.call("GET", f"{MLFLOW}/registered-models/get?name=net").status_code == 200
    for method, path, body in (
        ("POST", "registered-models/create", {"name": "x"}), ("PATCH", "registered-models/update", {"name": "net"}),
        ("DELETE", "registered-models/delete", {"name": "net"}), ("POST", "registered-models/rename", {"name": "net", "new_name": "y"}),
        ("POST", "registered-models/alias", {"name": "net", "alias": "a", "version": "1"}),
        ("POST", "model-versions/create", {"name": "net", "source": "s3://b/k"}),
        ("POST", "model-versions/transition-stage", {"name": "net", "version": "1", "stage": "Production"}),
        ("POST", "model-versions/set-tag", {"name": "net", "version": "1", "key": "k", "value": "v"}),
        ("DELETE", "model-versions/delete", {"name": "net", "version": "1"}),
    ):
        assert viewer.call(method, f"{MLFLOW}/{path}", body).status_code == 403, path


def test_a_viewer_of_a_logged_model_registers_it_once(place):
    """Who registers a model of others may not change it; that it was registered is noted all the same."""
    made = place.post("logged-models", {"experiment_id": place.secret, "name": "m", "source_run_id": place.run})
    model = made["model"]["info"]["model_id"]
    path = f"{place.url}{API}/experiments/{place.secret}/roles/{place.eve.id}"
    assert place.boss.put(path, json={"role": "viewer"}, timeout=10).status_code == 204
    body = {"name": "net", "source": f"models:/{model}", "model_id": model}
    answer = place.eve.call("POST", f"{MLFLOW}/model-versions/create", body)
    assert (answer.status_code, answer.json()["model_version"]["version"]) == (200, "2")
    tags = place.boss.get(f"{place.url}{MLFLOW}/logged-models/{model}", timeout=10).json()["model"]["info"]["tags"]
    assert {tag["key"]: tag["value"] for tag in tags}["mlflow.modelVersions"] == '[{"name": "net", "version": 2}]'


def test_files_of_a_version_cannot_be_deleted_or_replaced(place):
    version = place.boss.get(f"{place.url}{API}/models/net", timeout=10).json()["latest"][0]
    root = f"{place.url}{FILES}/{version['experimentID']}/versions/{version['id']}/artifacts"
    assert place.boss.get(f"{root}/w.bin", timeout=10).content == b"weights"
    for url in (f"{root}/w.bin", root):
        assert place.boss.delete(url, timeout=10).status_code in (400, 409)
    assert place.boss.put(f"{root}/w.bin", data=b"other", timeout=10).status_code in (400, 409)
    assert place.boss.get(f"{root}/w.bin", timeout=10).content == b"weights"
    answer = place.eve.call("GET", f"/model-versions/get-artifact?name=net&version=1&path=w.bin")
    assert answer.content == b"weights"


def test_the_registry_of_models_is_neither_binned_nor_renamed(place):
    registry = place.boss.get(f"{place.url}{API}/models/net", timeout=10).json()["experimentID"]
    for path, body in (("experiments/delete", {"experiment_id": registry}),
                       ("experiments/update", {"experiment_id": registry, "new_name": "other"})):
        answer = place.boss.post(f"{place.url}{MLFLOW}/{path}", json=body, timeout=10)
        assert answer.status_code == 400, answer.text
    names = {one["name"] for one in place.post("experiments/search", {"max_results": 100})["experiments"]}
    assert names == {"Default", "secret"}
    place.post("registered-models/delete", {"name": "net"}, "DELETE")
    place.post("experiments/delete", {"experiment_id": registry})
    place.post("registered-models/create", {"name": "net"})
    assert place.boss.get(f"{place.url}{API}/models/net", timeout=10).json()["experimentID"] == registry


def test_a_workspace_has_its_own_registry(place):
    assert place.boss.post(f"{place.url}{API}/workspaces", json={"name": "team"}, timeout=10).status_code == 201
    there = {"X-MLFLOW-WORKSPACE": "team"}
    made = place.boss.post(f"{place.url}{MLFLOW}/registered-models/create", json={"name": "net"}, headers=there, timeout=10)
    assert made.status_code == 200
    assert place.eve.call("GET", f"{MLFLOW}/registered-models/get?name=net", workspace="team").status_code == 404
    found = place.boss.get(f"{place.url}{MLFLOW}/registered-models/get?name=net", headers=there, timeout=10).json()
    assert "latest_versions" not in found["registered_model"]
    removed = place.boss.delete(f"{place.url}{API}/workspaces/team", timeout=10)
    assert removed.status_code == 400 and "experiment" in removed.text


def test_an_alias_latest_is_refused_everywhere(place):
    body = {"name": "other", "createdAt": 1, "aliases": {"latest": 1, "Latest": 1}, "versions": [
        {"number": number, "createdAt": 1, "source": "s3://b/k"} for number in (1, 2)]}
    assert place.boss.post(f"{place.url}{API}/import/registered-models", json=body, timeout=10).status_code == 200
    model = place.boss.get(f"{place.url}{API}/models/other", timeout=10).json()
    assert model["aliases"] == []
    listed = place.boss.get(f"{place.url}{API}/collections/{model['id']}/versions", timeout=10).json()["versions"]
    assert {one["number"]: one["aliases"] for one in listed} == {1: [], 2: ["latest"]}


@pytest.mark.parametrize("fields", [
    {"number": -1}, {"number": 2**31}, {"number": 2**63 - 1}, {"source": "a\0b"}, {"location": "a\0b"}, {"user": "a\0b"},
    {"runLink": "a\0b"}, {"stage": "up"}, {"tags": {"../x": "v"}},
], ids=str)
def test_an_imported_version_that_cannot_be_kept(place, fields):
    version = {"number": 1, "createdAt": 1, "source": "s3://b/k"} | fields
    body = {"name": "other", "createdAt": 1, "versions": [version]}
    answer = place.boss.post(f"{place.url}{API}/import/registered-models", json=body, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidArgument"), answer.text


def test_an_imported_place_that_leads_elsewhere_is_a_text(place):
    versions = [{"number": 1 + number, "createdAt": 1, "source": source, "runID": place.run} for number, source in enumerate((
        f"runs:/{place.run}/../x", f"mlflow-artifacts:/1/{place.run}/artifacts/%2e%2e/x", "models:/m-..", "file:///etc/artifacts/passwd"))]
    body = {"name": "other", "createdAt": 1, "versions": versions}
    answer = place.boss.post(f"{place.url}{API}/import/registered-models", json=body, timeout=10)
    assert answer.json() == {"outcome": "created"}, answer.text
    model = place.boss.get(f"{place.url}{API}/models/other", timeout=10).json()
    listed = place.boss.get(f"{place.url}{API}/collections/{model['id']}/versions", timeout=10).json()["versions"]
    assert [one["fileCount"] for one in listed] == [0, 0, 0, 0]


def test_many_registrations_and_deletions_at_once(place):
    """A model that is deleted meanwhile does not come back, and numbers count on."""
    from concurrent.futures import ThreadPoolExecutor

    def turn(number):
        body = {"name": "busy", "tags": [{"key": "made", "value": "here"}]}
        if number % 5 == 0:
            place.boss.request("DELETE", f"{place.url}{MLFLOW}/registered-models/delete", json={"name": "busy"}, timeout=10)
            return place.boss.post(f"{place.url}{MLFLOW}/registered-models/create", json=body, timeout=10).status_code
        return place.boss.post(f"{place.url}{MLFLOW}/model-versions/create", json={"name": "busy", "source": "s3://b/k"},
                               timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(turn, range(200)))
    assert set(answers) <= {200, 400, 404}, set(answers)
    model = place.boss.get(f"{place.url}{MLFLOW}/registered-models/get?name=busy", timeout=10).json()["registered_model"]
    assert model["tags"] == [{"key": "made", "value": "here"}]
    found = place.boss.get(f"{place.url}{MLFLOW}/model-versions/search?filter=name='busy'", timeout=10).json()
    numbers = sorted(int(one["version"]) for one in found.get("model_versions", []))
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_was_linked_from_elsewhere_is_changed_by_who_may_change_it_there(place):
    key = token(place.server, place.boss, place.boss.account, scope="admin")
    headers = {"Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()}
    id = logged_version(place.server, b"weights", project="secret", headers=headers)
    link = """mutation M($input: LinkArtifactInput!) { linkArtifact(input: $input) { versionIndex } }"""
    asked = {"artifactID": base64.b64encode(f"Artifact:{id}".encode()).decode(), "artifactPortfolioName": "linked",
             "entityName": "default", "projectName": "wandb-registry-model", "aliases": []}
    answer = requests.post(f"{place.url}/graphql", json={"query": link, "variables": {"input": asked}}, headers=headers, timeout=10)
    assert answer.json()["data"]["linkArtifact"] == {"versionIndex": 0}, answer.text
    one = {"name": "linked", "version": "0"}
    for method, path, body in (("PATCH", "update", one | {"description": "mine"}), ("POST", "set-tag", one | {"key": "k", "value": "v"}),
                               ("DELETE", "delete-tag", one | {"key": "k"})):
        assert place.eve.call(method, f"{MLFLOW}/model-versions/{path}", body).status_code in (403, 404), path
    # Its place in the registry is the registry's.
    moved = place.eve.call("POST", f"{MLFLOW}/model-versions/transition-stage", one | {"stage": "Staging"})
    assert moved.json()["model_version"]["current_stage"] == "Staging"
    place.post("model-versions/update", one | {"description": "theirs"}, "PATCH")
    assert place.post("model-versions/get", one, "GET")["model_version"]["description"] == "theirs"
