"""What the native API says to bodies, fields and paths that cannot be: the documented error, nothing stored."""

import json
import uuid

import pytest
import requests

import native
from harness import Server
from versions import logged_version
from wire import once

pytestmark = pytest.mark.martlet_only
# A body that is taken, for each operation that takes one; RUN stands for the id of a run.
BODIES = {
    ("POST", "/api/v1/experiments"): {"name": "NAME"},
    ("PATCH", "/api/v1/experiments/{id}"): {},
    ("POST", "/api/v1/runs"): {"experimentID": "0"},
    ("PATCH", "/api/v1/runs/{id}"): {},
    ("POST", "/api/v1/runs/{id}/log"): {},
    ("POST", "/api/v1/runs/{id}/tags"): {},
    ("POST", "/api/v1/runs/{id}/truncate"): {"fromStep": 0},
    ("POST", "/api/v1/runs/search"): {"experimentIDs": ["0"]},
    ("POST", "/api/v1/runs/columns"): {"experimentIDs": ["0"]},
    ("POST", "/api/v1/runs/export"): {"experimentIDs": ["0"]},
    ("POST", "/api/v1/runs/bulk"): {"ids": ["RUN"], "action": "tag"},
    ("POST", "/api/v1/series"): {"runs": ["RUN"], "keys": ["a"]},
    ("POST", "/api/v1/logged-models/search"): {"experimentIDs": ["0"]},
    ("POST", "/api/v1/filter"): {"filter": ""},
    ("POST", "/api/v1/sweeps"): {"experimentID": "0", "configuration": {"method": "random", "parameters": {"x": {"value": 1}}}},
    ("PATCH", "/api/v1/sweeps/{id}"): {},
    ("POST", "/api/v1/views"): {"experimentID": "0", "kind": "report", "name": "NAME", "content": {}},
    ("PATCH", "/api/v1/views/{id}"): {},
    ("POST", "/api/v1/runs/{id}/alerts"): {"title": "NAME"},
    ("PATCH", "/api/v1/collections/{id}"): {},
    ("PATCH", "/api/v1/versions/{id}"): {},
    ("POST", "/api/v1/import/experiments"): {"name": "NAME"},
    ("POST", "/api/v1/import/states"): {"runs": ["RUN"]},
    ("POST", "/api/v1/import/logged-models"): {"model": {
        "id": "m-" + "d" * 32, "experimentID": "0", "name": "m", "modelType": "", "status": "ready", "statusMessage": "",
        "artifactURI": "", "createdAt": 1, "updatedAt": 2, "params": [], "tags": [], "metrics": [],
    }, "stage": "active"},
    ("POST", "/api/v1/import/registered-models"): {
        "name": "NAME", "description": "", "tags": {}, "aliases": {}, "createdAt": 1, "updatedAt": 2, "versions": [{
            "number": 3, "description": "", "source": "s3://b/m", "location": "s3://b/m", "runLink": "", "user": "", "stage": "none",
            "tags": {}, "createdAt": 1, "updatedAt": 2,
        }],
    },
    ("POST", "/api/v1/session"): {"name": "root", "password": "PASSWORD"},
    ("POST", "/api/v1/session/first-account"): {"name": "NAME", "password": "PASSWORD", "code": "x"},
    ("POST", "/api/v1/accounts"): {"name": "NAME"},
    ("PATCH", "/api/v1/accounts/{id}"): {},
    ("POST", "/api/v1/accounts/{id}/password"): {"password": "PASSWORD"},
    ("POST", "/api/v1/accounts/{id}/tokens"): {"name": "t"},
    ("PUT", "/api/v1/experiments/{id}/roles/{account}"): {"role": "viewer"},
    ("POST", "/api/v1/workspaces"): {"name": "NAME"},
    ("PATCH", "/api/v1/workspaces/{name}"): {},
    ("PUT", "/api/v1/workspaces/{name}/roles/{account}"): {"role": "viewer"},
    ("PUT", "/api/v1/experiments/{id}/quota"): {},
    ("PUT", "/api/v1/storage/quota"): {},
}
# A good body is taken once only.
ONCE = ("POST", "/api/v1/session/first-account")
PASSWORD = "correct horse 1"
OPERATIONS = [pytest.param(*key, id=f"{key[0]} {key[1].removeprefix('/api/v1')}") for key in BODIES]
NO_JSON = {
    "cut": b'{"name": ', "no object": b"[1]", "a string": b'"x"', "a number": b"1", "bare NaN": b'{"name": NaN}',
    "bare Infinity": b'{"a": -Infinity}', "comma at the end": b'{"a": 1,}', "single quotes": b"{'a': 1}",
    "no quotes": b"{a: 1}", "comment": b'{"a": 1} // x', "two texts": b"{}{}", "no UTF-8": b'{"a": "\xff"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}', "surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}', "NUL": b'{"a": "\x00"}',
    "lone surrogate": b'{"a": "\\ud800"}', "swapped surrogates": b'{"a": "\\udc00\\ud800"}',
    "lone surrogate in a key": b'{"\\udfff": 1}', "bad escape": b'{"a": "\\x41"}', "control": b'{"a": "\n"}',
    "leading zero": b'{"a": 01}', "plus": b'{"a": +1}', "point": b'{"a": 1.}', "hexadecimal": b'{"a": 0x10}',
    "deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep and open": b'{"a":' * 50_000,
    "too large a number": b'{"a": 1e999}', "UTF-16": '{"a": 1}'.encode("utf-16"), "white space": b"   ",
}


@pytest.fixture(scope="module")
def run(server):
    return requests.post(server.url + "/api/v1/runs", json={"experimentID": "0"}, timeout=10).json()["id"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that asks who comes, a session of its admin, and the id of another account."""
    server = Server(tmp_path_factory.mktemp("guarded"), ["--login", "required"], {"MARTLET_ADMIN_PASSWORD": PASSWORD}).start()
    session = requests.Session()
    body = {"name": "admin", "password": PASSWORD}
    session.headers["X-CSRF-Token"] = session.post(server.url + "/api/v1/session", json=body, timeout=20).json()["csrfToken"]
    made = [session.post(server.url + "/api/v1/accounts", json={"name": name, "password": PASSWORD}, timeout=20).json()["id"]
            for name in ("root", "ana")]
    assert session.post(server.url + "/api/v1/workspaces", json={"name": "team"}, timeout=20).status_code == 201
    yield server, session, made[1]
    assert server.is_healthy()
    server.stop()


class Sender:
    def __init__(self, server, run, guarded):
        self.server, self.run, self.session, self.guarded = server, run, requests.Session(), guarded
        body = BODIES["POST", "/api/v1/sweeps"]
        self.sweep = self.session.post(server.url + "/api/v1/sweeps", json=body, timeout=20).json()["id"]
        body = {"experimentID": "0", "kind": "report", "name": uuid.uuid4().hex, "content": {}}
        self.view = self.session.post(server.url + "/api/v1/views", json=body, timeout=20).json()["id"]
        self.version = logged_version(server, uuid.uuid4().bytes, project="input")
        made = self.session.get(f"{server.url}/api/v1/versions/{self.version}", timeout=20).json()
        self.collection = made["collectionID"]

    def __call__(self, method, path, data):
        server, session, id = self.guarded if native.is_access(path) else (self.server, self.session, self.run)
        if not isinstance(data, bytes):
            data = json.dumps(data).replace("RUN", self.run).replace("NAME", uuid.uuid4().hex)
            data = data.replace("PASSWORD", PASSWORD).encode()
        for place, known in (("sweeps", self.sweep), ("views", self.view), ("versions", self.version), ("collections", self.collection)):
            id = known if place in path else id
        url = server.url + path.replace("{id}", "0" if "experiments" in path else id).replace("{account}", id).replace("{name}", "team")
        if path.startswith("/api/v1/session"):
            # Whoever logs in has no cookie yet.
            session = requests.Session()
        answer = session.request(method, url, data=data, headers={"Content-Type": "application/json"}, timeout=20)
        native.check(method, path, answer)
        return answer

    def is_refused(self, method, path, data, word=""):
        answer = self(method, path, data)
        assert answer.status_code == 400, f"{data if isinstance(data, dict) else data[:60]}: {answer.status_code} {answer.text[:200]}"
        body = answer.json()
        assert body["code"] == "invalidArgument" and word in body["message"], body


@pytest.fixture(scope="module")
def send(server, run, guarded):
    yield Sender(server, run, guarded)
    assert server.is_healthy()


def test_all_operations_with_a_body_are_here():
    described = {(method, path) for method, path, _ in native.operations() if native.body_schema(method, path)}
    assert described == set(BODIES)


@pytest.mark.parametrize("method, path", [key for key in BODIES if key != ONCE])
def test_a_good_body_is_taken(send, method, path):
    assert send(method, path, BODIES[method, path]).status_code in (200, 201, 204)
    # Unknown fields are ignored, and null is as good as absent.
    nothing = {key: None for key in native.body_schema(method, path)["properties"]}
    assert send(method, path, nothing | BODIES[method, path] | {"of a later version": {}}).status_code in (200, 201, 204)


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_what_is_no_json_object_is_refused(send, method, path):
    for name, data in NO_JSON.items():
        answer = send(method, path, data)
        # Whoever is not known yet, and whoever manages accounts, sends no large bodies.
        expected = (413, "tooLarge") if native.is_access(path) and len(data) > 64 << 10 else (400, "invalidArgument")
        assert (answer.status_code, answer.json()["code"]) == expected, f"{name}: {answer.text[:200]}"


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_missing_fields_are_named(send, method, path):
    for field in native.body_schema(method, path)["required"]:
        body = {key: value for key, value in BODIES[method, path].items() if key != field}
        send.is_refused(method, path, body, field)
        # The role of the workspace again.
        if not path.endswith("/roles/{account}"):
            send.is_refused(method, path, body | {field: None}, field)


def wrong_values(schema):
    """Values that a schema does not allow."""
    schema = native.resolved(schema)
    kinds = schema.get("type", "enum" if "enum" in schema else None)
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "oneOf" in schema or None in kinds:
        return []
    examples = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "array": [1], "object": {"a": [1]}}
    fitting = set(kinds) | ({"integer"} if "number" in kinds else set())
    wrong = [value for kind, value in examples.items() if kind not in fitting]
    if "integer" in kinds:
        wrong += [1e30, -1e30, "1", 9223372036854775808]
    if "enum" in kinds:
        wrong = ["nonsense", "", 1, True, [], {}]
    if "array" in kinds:
        wrong += [[None], [[]]]
    return wrong


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_fields_of_a_wrong_type_are_named(send, method, path):
    for field, schema in native.body_schema(method, path)["properties"].items():
        for value in wrong_values(schema):
            send.is_refused(method, path, BODIES[method, path] | {field: value}, field)


def test_fields_inside_of_fields_are_named(send):
    log = ("POST", "/api/v1/runs/{id}/log")
    good = {"key": "k", "value": 1}
    for field, value in (("key", 1), ("key", None), ("key", {}), ("value", "one"), ("value", None), ("value", True),
                         ("step", "1"), ("step", 0.5), ("step", 1e30), ("time", "now"), ("time", 1.5), ("time", [])):
        send.is_refused(*log, {"metrics": [good, good | {field: value}]}, f"metrics[1].{field}")
    for goal in ({"metric": "m"}, {"direction": "minimize"}, {"metric": 1, "direction": "minimize"},
                 {"metric": "m", "direction": "up"}):
        send.is_refused("PATCH", "/api/v1/experiments/{id}", {"goal": goal}, "goal.")
    query = {"experimentIDs": ["0"]}
    for fields in ({"params": "x"}, {"metrics": [1]}, {"inputs": "yes"}):
        send.is_refused("POST", "/api/v1/runs/search", query | {"fields": fields}, "fields.")


TEXT = "\0"
TOO_LONG = "x" * 300_000


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/api/v1/experiments", lambda text: {"name": text}),
    ("POST", "/api/v1/experiments", lambda text: {"name": "NAME", "purpose": text}),
    ("POST", "/api/v1/experiments", lambda text: {"name": "NAME", "tags": {"a": text}}),
    ("POST", "/api/v1/experiments", lambda text: {"name": "NAME", "tags": {text: "a"}}),
    ("POST", "/api/v1/experiments", lambda text: {"name": "NAME", "goal": {"metric": text, "direction": "minimize"}}),
    ("PATCH", "/api/v1/experiments/{id}", lambda text: {"purpose": text}),
    ("PATCH", "/api/v1/experiments/{id}", lambda text: {"goal": {"metric": text, "direction": "minimize"}}),
    ("POST", "/api/v1/runs", lambda text: {"experimentID": "0", "name": text}),
    ("POST", "/api/v1/runs", lambda text: {"experimentID": "0", "user": text}),
    ("POST", "/api/v1/runs", lambda text: {"experimentID": "0", "hypothesis": text}),
    ("PATCH", "/api/v1/runs/{id}", lambda text: {"name": text}),
    ("PATCH", "/api/v1/runs/{id}", lambda text: {"notes": text}),
    ("PATCH", "/api/v1/runs/{id}", lambda text: {"conclusion": text}),
    ("POST", "/api/v1/runs/{id}/log", lambda text: {"params": {text: "v"}}),
    ("POST", "/api/v1/runs/{id}/log", lambda text: {"params": {"k": text}}),
    ("POST", "/api/v1/runs/{id}/log", lambda text: {"tags": {"k": text}}),
    ("POST", "/api/v1/runs/{id}/log", lambda text: {"metrics": [{"key": text, "value": 1}]}),
    ("POST", "/api/v1/runs/{id}/tags", lambda text: {"set": {text: "v"}}),
    ("POST", "/api/v1/runs/bulk", lambda text: {"ids": ["RUN"], "action": "tag", "set": {"k": text}}),
])
def test_nul_and_endless_texts_are_refused(send, method, path, body):
    for text in ("\0", "a\0b"):
        send.is_refused(method, path, body(text))
    answer = send(method, path, body("x" * 2_000_000))
    assert answer.status_code in (400, 413)


def test_searches_for_nul_find_nothing_or_say_why(send):
    for path in ("/api/v1/runs/search", "/api/v1/runs/columns", "/api/v1/runs/export", "/api/v1/logged-models/search"):
        answer = send("POST", path, {"experimentIDs": ["0"], "filter": "tags.a = 'x\0'"})
        assert answer.status_code in (200, 400)
    answer = send("POST", "/api/v1/series", {"runs": ["RUN"], "keys": ["a\0"]})
    assert answer.status_code in (200, 400)


def test_a_batch_is_stored_whole_or_not_at_all(send, server):
    fresh = requests.post(server.url + "/api/v1/runs", json={"experimentID": "0"}, timeout=10).json()["id"]
    point = {"key": "k", "value": 1}
    good = {"metrics": [point], "params": {"p": "1"}, "tags": {"t": "1"}}
    url = f"{server.url}/api/v1/runs/{fresh}"

    def log(body, status):
        answer = requests.post(url + "/log", json=body, timeout=10)
        assert answer.status_code == status, answer.text

    for bad in ({"metrics": [point, {"key": "a//b", "value": 1}]}, {"metrics": [point, {"key": "", "value": 1}]},
                {"metrics": [point, {"key": "x" * 251, "value": 1}]}, {"params": {"p": "1", "": "2"}},
                {"params": {"p": "1", "x" * 251: "2"}}, {"tags": {"t": "1", "": "2"}},
                {"metrics": [point] * 100_000 + [{"key": "../x", "value": 1}]}):
        log(good | bad, 400)
    run = requests.get(url, timeout=10).json()
    assert (run["metrics"], run["params"]) == ([], []) and "t" not in [tag["key"] for tag in run["tags"]]
    log(good, 204)
    log(good | {"metrics": [{"key": "other", "value": 2}], "params": {"p": "changed"}}, 409)
    assert [metric["key"] for metric in requests.get(url, timeout=10).json()["metrics"]] == ["k"]


def test_a_key_twice_in_one_object(send):
    """Of a field the last one counts; of names that a client chose neither can be told to be meant."""
    assert send("POST", "/api/v1/filter", b'{"filter": "x <", "filter": ""}').json()["ok"] is True
    send.is_refused("POST", "/api/v1/runs/{id}/log", b'{"params": {"twice": "1", "twice": "2"}}', "twice")
    send.is_refused("POST", "/api/v1/runs/{id}/tags", b'{"set": {"twice": "1", "twice": "2"}}', "twice")


def test_numbers_at_the_edge(send):
    path = ("POST", "/api/v1/runs/{id}/log")
    for point in ({"value": 1e308}, {"value": -0.0}, {"value": 5e-324}, {"value": 1, "step": -(2**63)},
                  {"value": 1, "step": 2**63 - 1}, {"value": 1, "time": 0}, {"value": 2**70}):
        answer = send(*path, {"metrics": [{"key": "edge"} | point]})
        assert answer.status_code in (204, 400), point
    for body in (b'{"metrics": [{"key": "k", "value": 1, "step": 9223372036854775808}]}',
                 b'{"metrics": [{"key": "k", "value": 1e309}]}'):
        send.is_refused(*path, body)


@pytest.mark.parametrize("body", [
    {"limit": 0}, {"limit": 10_001}, {"limit": -1}, {"offset": -1}, {"offset": 2**40}, {"experimentIDs": ["x"]},
    {"experimentIDs": ["-1"]}, {"experimentIDs": ["1.5"]}, {"experimentIDs": ["0"] * 1001}, {"filter": "metrics.a <"},
    {"filter": "(" * 10_000}, {"filter": "a" * 2_000_000}, {"orderBy": ["metrics."]}, {"orderBy": ["x"] * 1000},
    {"fields": {"params": ["x"] * 100_000}}, {"view": "ALL"},
], ids=lambda body: json.dumps(body)[:40])
def test_searches_that_cannot_be_are_refused(send, body):
    answer = send("POST", "/api/v1/runs/search", {"experimentIDs": ["0"]} | body)
    assert answer.status_code == 400 or "fields" in body


@pytest.mark.parametrize("body", [
    {"buckets": 0}, {"buckets": 10_001}, {"axis": "x"}, {"smoothingHalfLife": -1}, {"smoothingHalfLife": "NaN"},
    {"smoothingHalfLife": "Infinity"}, {"runs": ["x"]}, {"runs": ["F" * 32]}, {"runs": ["f" * 32] * 100_000},
    {"keys": ["k"] * 100_000}, {"from": 5, "to": 1},
    {"columns": ["mean"]}, {"columns": "min"}, {"digits": 0}, {"digits": 18}, {"compact": "yes"},
], ids=lambda body: json.dumps(body)[:40])
def test_charts_that_cannot_be_are_refused_or_empty(send, body):
    answer = send("POST", "/api/v1/series", {"runs": ["RUN"], "keys": ["a"]} | body)
    assert answer.status_code == 400 or answer.json() == {"series": []}


# --- artifacts


HOSTILE = [
    "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", ".", "a/..", "a\\..\\b", "..\\x", "C:\\x", "a\0b", "",
    "a" * 5000, "/".join("a" * 200 for _ in range(40)), "\x01", "a\nb", "~/x",
]


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: ascii(path)[:30])
def test_hostile_paths_name_no_artifact(server, run, path):
    url = f"/api/v1/runs/{run}/artifacts/content?path="
    encoded = "".join(f"%{byte:02x}" for byte in path.encode())
    for method in ("GET", "PUT", "DELETE"):
        answer = once(server, method, url + encoded, body=b"x" if method == "PUT" else b"")
        assert answer.status in (400, 404, 414) or (method == "GET" and answer.status == 404), (method, answer)
        assert b"root:" not in answer.body
        if method == "PUT":
            assert answer.status == 400
    if path:
        assert once(server, "GET", f"/api/v1/runs/{run}/artifacts?path={encoded}").status in (200, 400, 404)


def test_a_path_encoded_twice_is_a_plain_name(server, run):
    url = f"/api/v1/runs/{run}/artifacts/content?path="
    for twice in ("%252e%252e%252fx", "a%252fb", "%2500"):
        stored = once(server, "PUT", url + twice, body=b"x")
        assert stored.status in (200, 400)
        if stored.status == 200:
            assert "/" not in json.loads(stored.body)["path"] and once(server, "GET", url + twice).body == b"x"
            assert once(server, "DELETE", url + twice).status == 204


@pytest.mark.parametrize("path", ["a b", "ä/日本", "a+b", "a?b", "a#b", "~", "100%", "'\"<script>", ".hidden", "a...b", "%41"])
def test_unusual_names_are_kept_as_they_are(server, run, path):
    url = f"{server.url}/api/v1/runs/{run}/artifacts/content"
    stored = requests.put(url, params={"path": path}, data=b"content", timeout=10)
    assert stored.status_code == 200 and stored.json()["path"] == path
    answer = requests.get(url, params={"path": path, "inline": "1"}, timeout=10)
    assert answer.content == b"content"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert requests.delete(url, params={"path": path}, timeout=10).status_code == 204


def test_what_a_browser_would_run_is_plain_text_or_a_page_without_scripts(server, run):
    url = f"{server.url}/api/v1/runs/{run}/artifacts/content"
    drawn = {"html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "svg": "image/svg+xml"}
    for name in ("a.html", "a.svg", "a.xhtml", "a.js", "a.xml", "a.HTML", "a.htm"):
        requests.put(url, params={"path": name}, data=b"<script>alert(1)</script>", timeout=10)
        answer = requests.get(url, params={"path": name, "inline": "1"}, timeout=10)
        expected = drawn.get(name.split(".")[1].lower(), "text/plain; charset=utf-8")
        assert answer.headers["Content-Type"] == expected
        # `sandbox` without `allow-scripts`: nothing runs, and what stands there belongs to no origin.
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'") and "script" not in policy
        download = requests.get(url, params={"path": name}, timeout=10)
        assert download.headers["Content-Disposition"].startswith("attachment")
        assert download.headers["Content-Type"] == "text/plain; charset=utf-8"
