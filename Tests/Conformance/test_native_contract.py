"""Every operation of the native API is called, and its answers are as docs/openapi.json describes them."""

import json
import re
import struct
import uuid

import openapi_spec_validator
import pytest
import requests

import native
from harness import Raw, Server
from versions import logged_version

pytestmark = pytest.mark.martlet_only


class Calls:
    """Calls operations by the path of the description, and checks each answer against it."""

    def __init__(self, server):
        self.server = server
        self.session = requests.Session()
        self.seen = set()

    def __call__(self, method, path, expected, body=None, /, id=None, data=None, headers=None, account=None, name=None, number=None, **query):
        url = self.server.url + path
        for key, value in {"id": id, "account": account, "name": name, "number": number}.items():
            url = url.replace(f"{{{key}}}", str(value))
        answer = self.session.request(method, url, json=body, data=data, params=query, headers=headers, timeout=30)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        native.check(method, path, answer)
        self.seen.add((method, path))
        return answer


@pytest.fixture
def call(server):
    return Calls(server)


def test_the_description_is_valid():
    openapi_spec_validator.validate(native.description())


def experiments(call, name):
    path = "/api/v1/experiments"
    goal = {"metric": "val/loss", "direction": "minimize"}
    made = call("POST", path, 201, {"name": name, "purpose": "p", "goal": goal, "tags": {"a": "b"}}).json()
    one, id = path + "/{id}", made["id"]
    call("GET", one, 200, id=id)
    call("PATCH", one, 200, {"name": name + "!", "goal": None, "tags": {"c": "d"}}, id=id)
    call("DELETE", one, 204, id=id)
    call("POST", one + "/restore", 204, id=id)
    call("GET", path, 200, view="all", limit=1000)
    call("PUT", one + "/quota", 204, {"bytes": 10**12}, id=id)
    call("PUT", "/api/v1/storage/quota", 204, {"bytes": 10**15})
    storage = call("GET", "/api/v1/storage", 200).json()
    assert {row["id"]: row.get("quotaBytes") for row in storage["experiments"]}[id] == 10**12
    assert storage["quotaBytes"] == 10**15
    call("PUT", "/api/v1/storage/quota", 204, {})
    assert "quotaBytes" not in call("GET", "/api/v1/storage", 200).json()
    call("PUT", one + "/quota", 400, {"bytes": -1}, id=id)
    call("POST", path, 409, {"name": name + "!"})
    call("GET", path + "/{id}", 404, id="999999")
    return id


def runs(call, experiment):
    path = "/api/v1/runs"
    made = call("POST", path, 201, {
        "experimentID": experiment, "name": "n", "user": "u", "startedAt": 5, "purpose": "p", "hypothesis": "h",
        "notes": "o", "tags": {"a": "b"},
    }).json()
    one = path + "/{id}"
    run = made["id"]
    points = [{"key": key, "value": value, "step": step, "time": 1000 + step}
              for key in ("loss", "nested/deep") for step, value in enumerate([1, 0.5, "NaN", "Infinity", -3])]
    points += [{"key": "only NaN", "value": "NaN"}]
    call("POST", one + "/log", 204, {"metrics": points, "params": {"p": "v"}, "tags": {"t": "v"}}, id=run)
    call("POST", one + "/heartbeat", 204, id=run)
    call("POST", one + "/tags", 204, {"set": {"x": "y"}, "delete": ["a"]}, id=run)
    call("GET", one, 200, id=run)
    call("PATCH", one, 200, {"status": "finished", "endedAt": 9000, "conclusion": "c"}, id=run)
    call("GET", one + "/history", 200, id=run, key="loss")
    assert call("GET", one + "/history", 200, id=run, key="loss", format="csv").text.count("\n") == 6
    call("POST", "/api/v1/series", 200, {"runs": [run], "keys": ["loss", "only NaN"], "smoothingHalfLife": 2})
    call("POST", "/api/v1/series", 200, {"runs": [run], "keys": ["loss"], "axis": "relativeTime", "buckets": 2})
    call("POST", "/api/v1/series", 200, {"runs": [run], "keys": ["loss", "only NaN"], "buckets": 2, "compact": True,
                                         "digits": 3, "columns": ["min"], "smoothingHalfLife": 2})
    return run


def artifacts(call, run):
    path = "/api/v1/runs/{id}/artifacts"
    content = path + "/content"
    stored = call("PUT", content, 200, data=b"0123456789", id=run, path="folder/a.txt").json()
    call("GET", path, 200, id=run)
    call("GET", path, 200, id=run, path="folder")
    assert call("GET", content, 200, id=run, path="folder/a.txt").content == b"0123456789"
    part = call("GET", content, 206, id=run, path="folder/a.txt", headers={"Range": "bytes=2-3"})
    assert part.content == b"23"
    tag = {"If-None-Match": f'"{stored["digest"]}"'}
    call("GET", content, 304, id=run, path="folder/a.txt", headers=tag)
    call("GET", content, 416, id=run, path="folder/a.txt", headers={"Range": "bytes=10-"})
    call("GET", content, 404, id=run, path="folder")
    call("DELETE", content, 204, id=run, path="folder")
    call("GET", content, 404, id=run, path="folder/a.txt")


def many_runs(call, experiment, run):
    query = {"experimentIDs": [experiment]}
    assert call("POST", "/api/v1/runs/search", 200, query).json()["total"] == 1
    fields = {"fields": {"params": [], "metrics": ["loss"], "tags": None, "inputs": True}, "wantsTotal": False}
    call("POST", "/api/v1/runs/search", 200, query | fields)
    call("POST", "/api/v1/runs/columns", 200, query)
    call("POST", "/api/v1/runs/export", 200, query)
    call("POST", "/api/v1/runs/export", 200, query | {"format": "json"})
    call("POST", "/api/v1/filter", 200, {"filter": "metrics.loss < 1"})
    call("POST", "/api/v1/filter", 200, {"filter": "metrics.loss <"})
    for action in ("tag", "delete", "restore"):
        call("POST", "/api/v1/runs/bulk", 200, {"ids": [run], "action": action, "set": {"k": "v"}, "delete": ["x"]})
    call("POST", "/api/v1/runs/{id}/truncate", 200, {"fromStep": 2}, id=run)
    call("DELETE", "/api/v1/runs/{id}", 204, id=run)
    call("POST", "/api/v1/runs/{id}/restore", 204, id=run)


def logged_models(call, experiment):
    raw = Raw(call.server)
    made = raw.ok("logged-models", {
        "experiment_id": experiment, "name": "m", "params": [{"key": "a", "value": "b"}],
        "tags": [{"key": "c", "value": "d"}], "model_type": "t",
    })
    found = call("POST", "/api/v1/logged-models/search", 200, {"experimentIDs": [experiment]}).json()["models"]
    assert [model["id"] for model in found] == [made["model"]["info"]["model_id"]]


def points_body(head, points=()):
    """See docs/import.md; all points are of one key."""
    head = json.dumps(head).encode()
    key = b"k"
    body = b"MPT1" + struct.pack("<I", len(head)) + head + struct.pack("<II", 1, len(key)) + key
    body += struct.pack("<I", len(points)) + struct.pack(f"<{len(points)}I", *[0] * len(points))
    for place, kind in enumerate("qqd"):
        body += struct.pack(f"<{len(points)}{kind}", *[point[place] for point in points])
    return body


def imports(call, experiment, name):
    path = "/api/v1/import/"
    place = call("POST", path + "experiments", 200, {"name": name + " imported", "id": "987654", "createdAt": 5}).json()
    assert place["outcome"] == "created"
    assert call("POST", path + "experiments", 200, {"name": name + " imported", "isDryRun": True}).json()["id"] == place["id"]
    run, model = uuid.uuid4().hex, "m-" + uuid.uuid4().hex
    description = call("GET", "/api/v1/runs/{id}", 200, id=call("POST", "/api/v1/runs", 201, {"experimentID": experiment}).json()["id"]).json()
    head = {"run": description | {"id": run, "metrics": []}, "revision": "1", "isWhole": False}
    assert call("POST", path + "runs", 200, data=points_body(head, [(1, 1000, 0.5)])).json()["outcome"] == "created"
    call("POST", path + "runs", 400, data=b"MPT1")
    call("POST", path + "runs/{id}/points", 204, id=run, data=points_body({}, [(2, 1000, 0.25), (1, 1000, 0.5)]))
    assert call("PUT", path + "runs/{id}/artifacts/content", 200, id=run, path="a/b", data=b"xyz").json()["size"] == 3
    assert call("POST", path + "states", 200, {"runs": [run, "f" * 32]}).json()["runs"].keys() == {run}
    call("POST", path + "runs/{id}/finish", 204, id=run, stage="active")
    call("POST", path + "runs/{id}/points", 409, id=run, data=points_body({}, [(3, 1000, 0.25)]))
    found = call("GET", "/api/v1/runs/{id}", 200, id=run).json()
    assert [(metric["count"], metric["last"]) for metric in found["metrics"]] == [(2, 0.25)]
    call("PUT", path + "logged-models/{id}/artifacts/content", 200, id=model, path="MLmodel", data=b"x")
    described = {"id": model, "experimentID": experiment, "name": "n", "modelType": "", "status": "ready",
                 "statusMessage": "", "artifactURI": "", "createdAt": 1, "updatedAt": 2, "params": [], "tags": [],
                 "metrics": []}
    call("POST", path + "logged-models", 200, {"model": described, "stage": "deleted"})
    assert call("POST", path + "states", 200, {"models": [model]}).json()["models"] == [model]
    version = {"number": 3, "description": "", "source": f"models:/{model}", "location": "", "runLink": "", "user": "", "stage": "staging",
               "tags": {"c": "d"}, "createdAt": 1, "updatedAt": 2}
    registered = {"name": f"{name} imported", "description": "", "tags": {"a": "b"}, "aliases": {"best": 3}, "createdAt": 1,
                  "updatedAt": 2, "versions": [version]}
    for outcome in ("created", "present"):
        assert call("POST", path + "registered-models", 200, registered).json()["outcome"] == outcome
    registered["versions"] = [version | {"number": 1}, version | {"number": 5}]
    assert "version 1 of" in call("POST", path + "registered-models", 409, registered).json()["message"]
    # What could come has come.
    registered["versions"] = [version | {"number": 5}]
    assert call("POST", path + "registered-models", 200, registered).json()["outcome"] == "present"
    registered["versions"] = [version | {"number": 6}]
    assert call("POST", path + "registered-models", 200, registered).json()["outcome"] == "merged"
    found = call("GET", "/api/v1/models/{name}", 200, name=f"{name} imported").json()
    assert (found["createdAt"], found["versionCount"], [one["number"] for one in found["latest"]]) == (1, 3, [6])
    call("POST", path + "registered-models", 400, registered | {"name": "a/b"})
    call("POST", path + "registered-models", 404, registered, workspace="nowhere")


def streams(call, run):
    one = "/api/v1/runs/{id}"
    call("GET", one + "/console", 200, id=run, limit=10)
    call("GET", one + "/console", 400, id=run, limit=0)
    call("GET", one + "/objects", 200, id=run)
    call("GET", one + "/objects/values", 200, id=run, key="none")
    call("GET", one + "/objects/values", 400, id=run)
    call("GET", one + "/documents", 200, id=run)
    call("GET", "/api/v1/find", 200, experiment="Default")
    call("GET", "/api/v1/find", 404, experiment="Default", run="nobody")
    call("GET", "/api/v1/find", 404, experiment="not here")
    call("GET", "/api/v1/find", 400)


def sweeps(call, experiment):
    path, one = "/api/v1/sweeps", "/api/v1/sweeps/{id}"
    config = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"x": {"values": [1, 2]}}, "run_capp": 1}
    made = call("POST", path, 201, {"experimentID": experiment, "configuration": config, "displayName": "n"}).json()
    assert made["expectedRunCount"] == 2 and len(made["warnings"]) == 1 and json.loads(made["configuration"]) == config
    text = call("POST", path, 201, {"experimentID": experiment, "configuration": "method: random\nparameters: {x: {min: 0, max: 1}}"})
    assert text.json()["method"] == "random" and "metric" not in text.json() and "expectedRunCount" not in text.json()
    refused = call("POST", path, 400, {"experimentID": experiment, "configuration": {"method": "greedy"}}).json()
    assert "`method`" in refused["message"]
    call("POST", path, 404, {"experimentID": "999999", "configuration": config})
    page = call("GET", path, 200, experiment=experiment, limit=1).json()
    assert (page["total"], page["hasMore"], len(page["sweeps"])) == (2, True, 1)
    call("GET", path, 400)
    call("GET", path, 404, experiment="999999")
    call("GET", one, 200, id=made["id"])
    assert call("PATCH", one, 200, {"state": "paused", "description": "d"}, id=made["id"]).json()["state"] == "paused"
    call("PATCH", one, 400, {"state": "pending"}, id=made["id"])
    call("PATCH", one, 400, {"state": "asleep"}, id=made["id"])
    assert call("GET", one + "/runs", 200, id=made["id"]).json() == {"runs": [], "total": 0}
    call("GET", one + "/importance", 200, id=made["id"])
    call("GET", one + "/importance", 400, id=text.json()["id"])


def metrics(call, experiment):
    run = call("POST", "/api/v1/runs", 201, {"experimentID": experiment}).json()["id"]
    points = [{"key": f"layer{index}/{kind}", "value": index} for index in range(12) for kind in ("grad", "norm")]
    call("POST", "/api/v1/runs/{id}/log", 204, {"metrics": points}, id=run)
    some = call("GET", "/api/v1/runs/{id}", 200, id=run, metrics=3).json()
    assert [one["key"] for one in some["metrics"]] == ["layer0/grad", "layer0/norm", "layer1/grad"] and some["metricCount"] == 24
    assert "metricCount" not in call("GET", "/api/v1/runs/{id}", 200, id=run).json()
    call("GET", "/api/v1/runs/{id}", 400, id=run, metrics="x")
    path = "/api/v1/runs/{id}/metrics"
    page = call("GET", path, 200, id=run, match="^layer1.*grad$", limit=2, offset=1).json()
    assert [one["key"] for one in page["metrics"]] == ["layer10/grad", "layer11/grad"] and page["metrics"][0]["last"] == 10
    assert (page["total"], page["hasMore"]) == (3, False)
    names = call("GET", path, 200, id=run, form="keys", limit=2).json()
    assert names == {"keys": ["layer0/grad", "layer0/norm"], "total": 24, "hasMore": True}
    for wrong in ({"match": "("}, {"form": "x"}, {"limit": 0}, {"offset": -1}):
        call("GET", path, 400, id=run, **wrong)


def views(call, experiment, run):
    path, one = "/api/v1/views", "/api/v1/views/{id}"
    body = {"experimentID": experiment, "kind": "report", "name": "r", "displayName": "R", "content": {"a": [1.5, None, "\u0000"]}}
    made = call("POST", path, 201, body).json()
    assert made["content"] == body["content"] and made["displayName"] == "R" and made["author"]
    call("POST", path, 409, body)
    call("POST", path, 404, body | {"experimentID": "999999"})
    call("POST", path, 400, body | {"content": None})
    assert call("PATCH", one, 200, {"description": "d", "content": []}, id=made["id"]).json()["content"] == []
    page = call("GET", path, 200, experiment=experiment, kind="report").json()
    assert page["total"] == 1 and "content" not in page["views"][0] and page["views"][0]["description"] == "d"
    assert call("GET", path, 200, experiment=experiment, kind="other").json()["views"] == []
    call("GET", path, 400)
    assert call("GET", one, 200, id=made["id"]).json()["content"] == []
    call("DELETE", one, 204, id=made["id"])
    for id in (made["id"], "x", "-1"):
        call("GET", one, 404, id=id)
    alerts = "/api/v1/runs/{id}/alerts"
    for quiet, stored in ((0, True), (60_000, False), (-1, True)):
        alert = {"title": "t", "text": "x", "severity": "error", "quietMilliseconds": quiet}
        assert call("POST", alerts, 200, alert, id=run).json()["stored"] is stored
    call("POST", alerts, 400, {"title": ""}, id=run)
    call("POST", alerts, 404, {"title": "t"}, id="f" * 32)
    page = call("GET", "/api/v1/alerts", 200, run=run, limit=1).json()
    assert (page["total"], page["hasMore"], page["alerts"][0]["severity"]) == (2, True, "error")
    assert call("GET", "/api/v1/alerts", 200, experiment=experiment).json()["total"] == 2
    call("GET", "/api/v1/alerts", 400)
    call("GET", "/api/v1/alerts", 404, run="f" * 32)


def versions(call, server, run):
    first, second = logged_version(server, b"one"), logged_version(server, b"two!", shared="together")
    experiment = call("GET", "/api/v1/find", 200, experiment="contract").json()["experimentID"]
    [collection] = call("GET", "/api/v1/collections", 200, experiment=experiment, type="dataset").json()["collections"]
    assert (collection["versionCount"], collection["latest"]["id"], collection["latest"]["fileCount"]) == (2, second, 2)
    call("GET", "/api/v1/collections", 400)
    one, id = "/api/v1/collections/{id}", collection["id"]
    assert call("GET", one, 200, id=id).json() == collection
    assert call("PATCH", one, 200, {"description": "d", "tags": ["t"]}, id=id).json()["tags"] == ["t"]
    call("PATCH", one, 400, {"name": "a/b"}, id=id)
    call("GET", one, 404, id="999")
    listed = call("GET", one + "/versions", 200, id=id, limit=1).json()
    assert [version["number"] for version in listed["versions"]] == [1] and listed["hasMore"]
    one = "/api/v1/versions/{id}"
    call("GET", one, 200, id=first)
    changes = {"description": "d", "metadata": {"n": 1}, "tags": ["x"], "aliases": ["best"]}
    changed = call("PATCH", one, 200, changes, id=first).json()
    assert {key: changed[key] for key in changes} == changes
    call("PATCH", one, 400, {"aliases": ["v1"]}, id=first)
    entries = call("GET", one + "/artifacts", 200, id=second).json()["entries"]
    assert [entry["name"] for entry in entries] == ["a.txt", "far"] and entries[1]["reference"] == "s3://b/k"
    assert call("GET", one + "/artifacts/content", 200, id=second, path="a.txt").content == b"two!"
    call("GET", one + "/artifacts/content", 404, id=second, path="far")
    call("GET", one + "/lineage", 200, id=first)
    diff = call("GET", one + "/diff", 200, id=second, to=first).json()
    assert (diff["addedCount"], diff["changedCount"], diff["removedCount"], diff["unchanged"]) == (1, 1, 0, 0)
    call("GET", "/api/v1/runs/{id}/versions", 200, id=run)
    call("DELETE", one, 400, id=first)
    call("DELETE", one, 204, id=first, aliases="true")
    call("DELETE", "/api/v1/collections/{id}", 204, id=id)
    call("GET", one, 404, id=second)


def models(call, server, name):
    api = server.url + "/api/2.0/mlflow/"
    requests.post(api + "registered-models/create", json={"name": name, "tags": [{"key": "a", "value": "b"}]}, timeout=10)
    run = requests.post(api + "runs/create", json={"experiment_id": "0"}, timeout=10).json()["run"]["info"]["run_id"]
    body = {"name": name, "source": f"runs:/{run}/m", "run_id": run, "tags": [{"key": "c", "value": "d"}]}
    requests.post(api + "model-versions/create", json=body, timeout=10)
    requests.post(api + "registered-models/alias", json={"name": name, "alias": "best", "version": "1"}, timeout=10)
    [model] = call("GET", "/api/v1/models", 200, find=name, limit=1).json()["models"]
    assert (model["tags"], model["aliases"]) == ({"a": "b"}, [{"alias": "best", "number": 1}])
    [latest] = model["latest"]
    assert (latest["stage"], latest["source"], latest["properties"], latest["runID"]) == ("none", body["source"], {"c": "d"}, run)
    assert call("GET", "/api/v1/models/{name}", 200, name=name).json() == model
    call("GET", "/api/v1/models/{name}", 404, name="nothing")
    one = "/api/v1/models/{name}/versions/{number}"
    last = model["latest"][0]
    assert call("GET", one, 200, name=name, number=last["number"]).json() == last
    call("GET", one, 404, name=name, number=999)
    call("GET", one, 404, name="nothing", number=1)
    for number in ("first", "-1", "1.0", "9" * 30, "%00", "..%2f1"):
        call("GET", one, 400, name=name, number=number)
    call("GET", "/api/v1/models", 400, limit=0)


def test_every_answer_is_as_described(call, server, name):
    call("GET", "/api/v1/version", 200)
    experiment = experiments(call, name)
    run = runs(call, experiment)
    artifacts(call, run)
    many_runs(call, experiment, run)
    logged_models(call, experiment)
    imports(call, experiment, name)
    streams(call, run)
    sweeps(call, experiment)
    metrics(call, experiment)
    views(call, experiment, run)
    versions(call, server, run)
    models(call, server, name)
    with requests.get(f"{server.url}/api/v1/events?topics=experiments", stream=True, timeout=10) as stream:
        described = native.operation("GET", "/api/v1/events")["responses"]["200"]["content"]
        assert stream.headers["Content-Type"] in described
    call.seen.add(("GET", "/api/v1/events"))
    assert {(method, path) for method, path, _ in native.operations() if not native.is_access(path)} == call.seen


def test_every_answer_about_access_is_as_described(tmp_path):
    own = Server(tmp_path, arguments=["--login", "required"]).start()
    try:
        call, password = Calls(own), "correct horse 1"
        code = re.search(r"#first=(\w+)", own.log.read_text()).group(1)
        first = {"name": "root", "password": password, "code": code}
        call("POST", "/api/v1/session/first-account", 403, first | {"code": "wrong"})
        call("POST", "/api/v1/session/first-account", 200, first)
        call("GET", "/api/v1/session", 200)
        call("POST", "/api/v1/session", 401, {"name": "root", "password": "wrong word"})
        login = call("POST", "/api/v1/session", 200, {"name": "root", "password": password}).json()
        call.session.headers["X-CSRF-Token"] = login["csrfToken"]
        made = call("POST", "/api/v1/accounts", 201, {"name": "ana", "role": "viewer", "password": password}).json()
        robot = call("POST", "/api/v1/accounts", 201, {"name": "robot", "kind": "service", "role": "editor"}).json()
        one = "/api/v1/accounts/{id}"
        call("GET", "/api/v1/accounts", 200)
        call("GET", one, 200, id=made["id"])
        call("PATCH", one, 200, {"displayName": "Ana", "role": "editor"}, id=made["id"])
        call("POST", one + "/password", 204, {"password": "another one 2"}, id=made["id"])
        call("POST", one + "/password", 400, {"password": "another one 2"}, id=robot["id"])
        token = call("POST", one + "/tokens", 201, {"name": "t", "expiresAt": 4102444800000}, id=robot["id"]).json()
        call("GET", one + "/tokens", 200, id=robot["id"])
        call("DELETE", "/api/v1/tokens/{id}", 204, id=token["id"])
        call("DELETE", "/api/v1/tokens/{id}", 404, id=token["id"])
        roles = "/api/v1/experiments/{id}/roles"
        call("PUT", roles + "/{account}", 204, {"role": "none"}, id=0, account=made["id"])
        call("GET", roles, 200, id=0)
        call("PUT", roles + "/{account}", 204, {"role": None}, id=0, account=made["id"])
        call("PUT", roles + "/{account}", 404, {"role": "viewer"}, id=0, account="f" * 32)
        rooms = "/api/v1/workspaces"
        call("POST", rooms, 201, {"name": "team", "description": "d", "artifactRoot": "s3://b/p"})
        call("POST", rooms, 409, {"name": "team"})
        call("GET", rooms, 200)
        call("GET", rooms + "/{name}", 200, name="team")
        call("PATCH", rooms + "/{name}", 200, {"description": "other", "artifactRoot": None}, name="team")
        call("PUT", rooms + "/{name}/roles/{account}", 204, {"role": "editor"}, name="team", account=made["id"])
        call("GET", rooms + "/{name}/roles", 200, name="team")
        call("GET", "/api/v1/experiments", 200, workspace="team")
        call("PUT", rooms + "/{name}/roles/{account}", 204, {"role": None}, name="team", account=made["id"])
        call("DELETE", rooms + "/{name}", 204, name="team")
        call("DELETE", rooms + "/{name}", 404, name="team")
        call.seen.discard(("GET", "/api/v1/experiments"))
        call("GET", "/api/v1/audit", 200, limit=5, action="token.created")
        call("GET", "/api/v1/audit", 400, action="nonsense")
        call("DELETE", "/api/v1/session", 204)
        call("GET", "/api/v1/accounts", 401)
        assert {(method, path) for method, path, _ in native.operations() if native.is_access(path)} == call.seen
    finally:
        own.stop()


@pytest.mark.parametrize("method, path", [
    (method, path) for method, path, _ in native.operations() if path.endswith("{id}") or "{id}/" in path
])
def test_unknown_ids_are_not_found(call, method, path):
    body = {} if native.body_schema(method, path) else None
    if path.endswith(("truncate", "alerts")):
        body = {"fromStep": 0, "title": "t"}
    query = {"key": "k"} if path.endswith(("history", "objects/values")) else {"path": "p"} if path.endswith("content") else {}
    unknown = ["999999", "-1", "99999999999999999999", "x"] if "experiments" in path else ["f" * 32, "F" * 32, "x", "0"]
    for id in unknown + ["..%2f..", "%2e%2e", "x" * 5000, "é", "%25%30%30"]:
        answer = call(method, path, 404, body, id=id, **query)
        assert answer.json()["code"] == "notFound" or "is at this path" in answer.text
    for id in ("%00", "a%00", "%ff"):
        assert call(method, path, 400, body, id=id, **query).json()["code"] == "invalidArgument"


def test_what_is_deleted_takes_nothing_new(call, name):
    experiment = call("POST", "/api/v1/experiments", 201, {"name": name}).json()["id"]
    run = call("POST", "/api/v1/runs", 201, {"experimentID": experiment}).json()["id"]
    one = "/api/v1/runs/{id}"
    call("DELETE", one, 204, id=run)
    writes = [
        ("POST", one + "/log", {"metrics": [{"key": "a", "value": 1}]}), ("POST", one + "/log", {"params": {"a": "1"}}),
        ("POST", one + "/log", {"tags": {"a": "1"}}), ("POST", one + "/tags", {"set": {"a": "b"}}),
        ("PATCH", one, {"notes": "n"}), ("POST", one + "/truncate", {"fromStep": 0}),
        ("POST", one + "/heartbeat", None),
    ]
    for method, path, body in writes:
        refusal = call(method, path, 400, body, id=run).json()
        assert refusal["code"] == "failedPrecondition" and "deleted" in refusal["message"], (method, path)
    refusal = call("PUT", one + "/artifacts/content", 400, data=b"x", id=run, path="a").json()
    assert refusal["code"] == "failedPrecondition"
    # It can still be looked at, and a second deletion or restoration changes nothing.
    assert call("GET", one, 200, id=run).json()["stage"] == "deleted"
    call("DELETE", one, 204, id=run)
    call("POST", one + "/restore", 204, id=run)
    call("POST", one + "/restore", 204, id=run)
    call("POST", one + "/log", 204, {"metrics": [{"key": "a", "value": 1}]}, id=run)
    call("DELETE", "/api/v1/experiments/{id}", 204, id=experiment)
    assert call("POST", "/api/v1/runs", 400, {"experimentID": experiment}).json()["code"] == "failedPrecondition"


def test_lists_end_with_what_is_asked_for(call):
    for query, word in (({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"limit": "x"}, "limit"),
                        ({"offset": -1}, "offset"), ({"view": "x"}, "view"), ({"filter": "metrics <"}, ""),
                        ({"orderBy": "nonsense("}, "")):
        answer = call("GET", "/api/v1/experiments", 400, **query).json()
        assert answer["code"] == "invalidArgument" and word in answer["message"], query
    assert json.dumps(call("GET", "/api/v1/experiments", 200, limit=1).json()["hasMore"]) in ("true", "false")
