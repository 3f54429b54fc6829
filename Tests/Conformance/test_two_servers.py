"""Two servers of one installation: one PostgreSQL, one S3 store, a data folder each. Any of them may die."""

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import harness
from harness import Raw, Server
from oidc_login import Visitor
from oidc_provider import Provider
from test_crash import Ledger, Writer, check_everything
from test_events import TOPICS, next_change, stream, told
from test_s3 import CREDENTIALS, store  # noqa: F401 - a fixture
from wire import eventually

pytestmark = [
    pytest.mark.martlet_only,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not harness.POSTGRES, reason="needs PostgreSQL: MARTLET_TEST_POSTGRES is not set"),
]


@pytest.fixture
def pair(tmp_path, store):  # noqa: F811
    address, database = store.below(tmp_path.name), harness.new_database()
    servers = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        environment = CREDENTIALS | {"MARTLET_DATABASE": database}
        servers.append(Server(folder, ["--blobs", address], environment).start())
    yield servers
    for server in servers:
        server.stop()


def test_what_one_writes_the_other_reads_searches_and_serves(pair):
    first, second = (Raw(server) for server in pair)
    run = first.new_run()
    first.ok("runs/log-batch", {"run_id": run, "params": [{"key": "lr", "value": "0.1"}], "metrics": [
        {"key": "loss", "value": 1 / (1 + step), "timestamp": step, "step": step} for step in range(500)]})
    second.ok("runs/log-batch", {"run_id": run, "metrics": [
        {"key": "loss", "value": 1 / (1 + step), "timestamp": step, "step": step} for step in range(400, 900)]})
    for raw in (first, second):
        assert [point["step"] for point in raw.history(run, "loss")] == list(range(900))
        found = raw.ok("runs/search", {"experiment_ids": ["0"], "filter": "params.lr = '0.1' and metrics.loss < 0.01"})
        assert [item["info"]["run_id"] for item in found["runs"]] == [run]
    for content in (b"small", bytes(range(256)) * 4_096):
        name = f"f{len(content)}"
        assert first.send("PUT", first.artifact_url(run, name), data=content).status_code == 200
        answer = second.send("GET", second.artifact_url(run, name))
        assert answer.content == content
        assert second.send("DELETE", second.artifact_url(run, name)).status_code in (200, 204)
        assert first.send("GET", first.artifact_url(run, name)).status_code == 404


def test_a_large_upload_is_begun_on_one_and_finished_on_the_other(pair):
    first, second = pair
    run = Raw(first).new_run()
    place = f"0/{run}/artifacts"
    base = "/api/2.0/mlflow-artifacts"
    begun = requests.post(f"{first.url}{base}/mpu/create/{place}", json={"path": "big.bin", "num_parts": 2}, timeout=20).json()
    parts = []
    for part, server, body in zip(begun["credentials"], (second, first), (b"a" * 100_000, b"b" * 70_000)):
        # A proxy leads a signed link to any of them.
        url = server.url + "/api" + part["url"].partition("/api")[2]
        answer = requests.put(url, data=body, timeout=20)
        assert answer.status_code == 200
        parts.append({"part_number": part["part_number"], "etag": answer.headers["ETag"], "url": url})
    body = {"path": "big.bin", "upload_id": begun["upload_id"], "parts": parts}
    assert requests.post(f"{second.url}{base}/mpu/complete/{place}", json=body, timeout=20).status_code == 200
    read = requests.get(f"{first.url}{base}/artifacts/{place}/big.bin", timeout=20)
    assert read.content == b"a" * 100_000 + b"b" * 70_000


def test_a_viewer_of_one_hears_what_happens_on_the_other(pair):
    first, second = pair
    raw = Raw(first)
    run = raw.new_run()
    with stream(second) as events:
        assert next(events)["event"] == "hello"
        # It takes part once it is heard: the first news may be from before.
        heard = []
        reader = threading.Thread(target=lambda: heard.append(next_change(events)), daemon=True)
        reader.start()
        deadline = time.monotonic() + 20
        while not heard and time.monotonic() < deadline:
            raw.ok("runs/set-tag", {"run_id": run, "key": "k", "value": str(time.monotonic())})
            reader.join(0.2)
        assert told(heard[0]) == {TOPICS}
        seen = heard[0]["id"]
    # An id of one server means nothing to the other: it says so, and nothing is missed.
    with stream(first, last=seen) as events:
        assert next(events)["event"] == "hello"
        assert next(events)["event"] == "reset"


def test_one_dies_while_both_write_and_nothing_acknowledged_is_lost(pair):
    first, second = pair
    raw, ledger = Raw(second), Ledger()
    runs = [raw.new_run() for _ in range(2)]
    # Both servers write to both runs.
    writers = [
        Writer(server, ledger, run, kind, number * 1_000_000 + index * 100_000)
        for number, server in enumerate(pair) for index, run in enumerate(runs)
        for kind in ("point", "batch", "param", "artifact")
    ]
    for writer in writers:
        writer.start()
    time.sleep(2)
    first.kill()
    before = time.monotonic()
    raw.ok("runs/set-tag", {"run_id": runs[0], "key": "lives", "value": "on"})
    assert time.monotonic() - before < 5, "the other server waited for the dead one"
    time.sleep(1)
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()
    first.start()
    assert ledger.refusals == []
    for server in pair:
        check_everything(Raw(server), ledger, runs)


def test_a_login_and_its_end_hold_on_both(tmp_path, store):  # noqa: F811
    address, database = store.below(tmp_path.name), harness.new_database()
    servers = []
    try:
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            environment = CREDENTIALS | {"MARTLET_DATABASE": database, "MARTLET_ADMIN_PASSWORD": "correct horse 1"}
            servers.append(Server(folder, ["--blobs", address, "--login", "required"], environment).start())
        first, second = servers
        session = requests.Session()
        body = {"name": "admin", "password": "correct horse 1"}
        answer = session.post(first.url + "/api/v1/session", json=body, timeout=20).json()
        code = {"X-CSRF-Token": answer["csrfToken"]}
        made = session.post(f"{second.url}/api/v1/accounts/{answer['account']}/tokens", json={"name": "t"}, headers=code,
                            timeout=20).json()
        header = {"Authorization": "Bearer " + made["token"]}
        for server in servers:
            assert requests.get(server.url + "/api/v1/experiments", headers=header, timeout=20).status_code == 200
        assert session.delete(f"{first.url}/api/v1/tokens/{made['id']}", headers=code, timeout=20).status_code == 204

        def is_refused(server):
            return requests.get(server.url + "/api/v1/experiments", headers=header, timeout=20).status_code == 401

        assert is_refused(first)
        assert eventually(lambda: is_refused(second), 15)
    finally:
        for server in servers:
            server.stop()


def test_a_login_at_a_provider_begins_on_one_and_ends_on_the_other_once(tmp_path, store):  # noqa: F811
    address, database = store.below(tmp_path.name), harness.new_database()
    servers = []
    with Provider() as provider:
        try:
            for name in ("one", "two"):
                folder = tmp_path / name
                folder.mkdir()
                environment = CREDENTIALS | {"MARTLET_DATABASE": database} | provider.settings()
                servers.append(Server(folder, ["--blobs", address], environment).start())
            first, second = servers
            visitor = Visitor(first)
            back = visitor.begin("e/1")
            cookie = visitor.session.cookies["martlet_attempt"]
            # A proxy leads the browser to any of them; cookies do not tell ports apart.
            assert visitor.end(back.replace(first.url, second.url)) == "/login?next=e%2F1"
            assert visitor.who()["name"] == "ana"
            for server in servers:
                thief = Visitor(server)
                thief.carry(cookie)
                thief.end(back.replace(first.url, server.url))
                assert "over already" in thief.who()["refusal"]
            assert provider.times("/token") == 1
        finally:
            for server in servers:
                server.stop()


def rows(database, sql):
    done = subprocess.run(["psql", "-qtA", "-d", database, "-c", sql], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.split()


def test_models_that_one_deletes_while_the_other_registers_leave_nothing(pair):
    """No version of a model that is gone, no tag, and no model that came back without its tags."""
    first, second = (Raw(server) for server in pair)
    name = "busy ü"

    def registers(turn):
        tags = [{"key": "turn", "value": str(turn)}]
        return first.post("model-versions/create", {"name": name, "source": "s3://b/k", "tags": tags}).status_code

    def deletes(_):
        second.send("DELETE", harness.API + "registered-models/delete", json={"name": name})
        body = {"name": name, "tags": [{"key": "made", "value": "here"}]}
        return second.post("registered-models/create", body).status_code

    deletes(0)
    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(lambda turn: deletes(turn) if turn % 5 == 0 else registers(turn), range(300)))
    assert answers <= {200, 400, 404}, answers
    database = pair[0].environment["MARTLET_DATABASE"]
    gone = "NOT EXISTS (SELECT 1 FROM artifact_collection c WHERE c.id = {})"
    assert rows(database, f"SELECT id FROM artifact_version v WHERE {gone.format('v.collection')}") == []
    assert rows(database, f"SELECT number FROM artifact_membership m WHERE {gone.format('m.collection')}") == []
    assert rows(database, f"SELECT number FROM model_version d WHERE {gone.format('d.collection')}") == []
    assert rows(database, "SELECT id FROM artifact_version WHERE state = 0") == []
    owners = "SELECT 'version:' || id FROM artifact_version UNION SELECT 'collection:' || id FROM artifact_collection"
    assert rows(database, f"SELECT key FROM model_tag WHERE owner NOT IN ({owners})") == []
    model = first.send("GET", harness.API + "registered-models/get", params={"name": name}).json()["registered_model"]
    assert model["tags"] == [{"key": "made", "value": "here"}]
