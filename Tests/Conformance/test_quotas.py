"""Quotas: files beyond a limit are refused at once and clearly, metrics never, by every server over one database."""

import os
import socket
import time

import pytest
import requests

import harness
from test_admin import place, succeed

pytestmark = [pytest.mark.martlet_only, pytest.mark.timeout(120)]


@pytest.fixture
def own_server(tmp_path):
    server = harness.Server(tmp_path).start()
    yield server
    server.stop()


def set_quota(server, size, experiment=None):
    place = f"experiments/{experiment}" if experiment else "storage"
    body = {} if size is None else {"bytes": size}
    answer = requests.put(f"{server.url}/api/v1/{place}/quota", json=body, timeout=10)
    assert answer.status_code == 204, answer.text


def storage(server):
    return requests.get(f"{server.url}/api/v1/storage", timeout=10).json()


def refused(answer):
    assert (answer.status_code, harness.code(answer)) == (413, "RESOURCE_EXHAUSTED"), answer.text
    return answer.json()["message"]


def wait(server, run, name, data):
    """Sends a file until it fits, for as long as a server may remember what it has counted."""
    raw, deadline = harness.Raw(server), time.monotonic() + 5
    while True:
        answer = raw.send("PUT", raw.artifact_url(run, name), data=data)
        if answer.status_code == 200 or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)


@pytest.mark.parametrize("size", [300_000, 40_000_000])
def test_the_client_hears_of_a_full_quota_at_once_and_its_run_goes_on(own_server, mlflow, tmp_path, monkeypatch, size):
    # As many repetitions as it does by itself.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
    mlflow.set_tracking_uri(own_server.url)
    experiment = mlflow.set_experiment("limited").experiment_id
    set_quota(own_server, 500_000, experiment)
    (tmp_path / "small.bin").write_bytes(os.urandom(290_000))
    (tmp_path / "large.bin").write_bytes(os.urandom(size))
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "small.bin"))
        begin = time.monotonic()
        with pytest.raises(Exception, match="quota of experiment") as caught:
            mlflow.log_artifact(str(tmp_path / "large.bin"))
        assert time.monotonic() - begin < 5 and "ask an admin" in str(caught.value)
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_params({"lr": 0.1})
        mlflow.log_text("small", "notes.txt")
    client = mlflow.MlflowClient(own_server.url)
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 50
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"small.bin", "notes.txt"}
    row = {row["id"]: row for row in storage(own_server)["experiments"]}[experiment]
    assert (row["quotaBytes"], row["artifactBytes"]) == (500_000, 290_005)


def test_limits_of_experiment_and_installation_and_files_of_models(own_server):
    raw = harness.Raw(own_server)
    experiment = raw.ok("experiments/create", {"name": "a"})["experiment_id"]
    runs = [raw.new_run(), raw.new_run(experiment)]
    set_quota(own_server, 1_000)
    set_quota(own_server, 400, experiment)

    def put(run, name, size, experiment_id="0"):
        return raw.send("PUT", raw.artifact_url(run, name, experiment_id), data=b"x" * size)

    assert "experiment" in refused(put(runs[1], "a", 401, experiment))
    assert put(runs[1], "a", 400, experiment).status_code == 200
    assert "installation" in refused(put(runs[0], "b", 601))
    assert put(runs[0], "b", 600).status_code == 200
    # Sent in pieces, without a length.
    refused(raw.send("PUT", raw.artifact_url(runs[0], "c"), data=iter([b"x" * 10] * 10)))
    usage = storage(own_server)
    assert (usage["usedBytes"], usage["quotaBytes"]) == (1_000, 1_000)
    assert succeed("usage", *place(own_server)) == usage
    model = raw.ok("logged-models", {"experiment_id": experiment, "name": "m"})["model"]["info"]["model_id"]
    url = f"{harness.ARTIFACTS}/{experiment}/models/{model}/artifacts/MLmodel"
    refused(raw.send("PUT", url, data=b"x"))
    assert raw.send("DELETE", raw.artifact_url(runs[1], "a", experiment)).status_code == 200
    set_quota(own_server, None)
    time.sleep(2.1)
    assert raw.send("PUT", url, data=b"x" * 390).status_code == 200
    refused(put(runs[1], "d", 11, experiment))
    assert {row["id"]: row for row in storage(own_server)["experiments"]}[experiment]["artifactBytes"] == 390


def test_an_upload_in_parts_is_refused_with_the_part_that_is_too_much(own_server):
    raw = harness.Raw(own_server)
    set_quota(own_server, 12 << 20)
    upload = harness.Upload(raw, 3)
    parts = [upload.put(1, b"a" * (5 << 20)), upload.put(2, b"b" * (5 << 20))]
    late = upload.credentials[2]
    answer = requests.put(late["url"], data=b"c" * (3 << 20), headers=late.get("headers", {}), timeout=30)
    refused(answer)
    parts.append(upload.put(3, b"c" * (2 << 20)))
    assert upload.complete(parts).status_code == 200
    assert upload.complete(parts).status_code == 200
    assert storage(own_server)["usedBytes"] == 12 << 20
    refused(raw.send("PUT", raw.artifact_url(upload.run, "more"), data=b"x"))


def test_a_part_of_the_greatest_length_is_refused_and_the_server_goes_on(own_server):
    raw = harness.Raw(own_server)
    set_quota(own_server, 12 << 20)
    upload = harness.Upload(raw, 2)
    upload.put(1, b"a" * (5 << 20))
    late = upload.credentials[1]
    target = late["url"].removeprefix(own_server.url)
    for length in ((1 << 63) - 1, (1 << 63) - (5 << 20)):
        head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{own_server.port}\r\nContent-Length: {length}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", own_server.port), timeout=20) as connection:
            connection.sendall(head.encode() + b"x" * 1000)
            assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert upload.put(2, b"b" * (2 << 20))


@pytest.mark.skipif(not harness.POSTGRES, reason="needs PostgreSQL: MARTLET_TEST_POSTGRES is not set")
def test_servers_over_one_database_agree_within_seconds(tmp_path):
    shared = {"MARTLET_DATABASE": harness.new_database()}
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(harness.Server(tmp_path / name, environment=shared).start())
    try:
        one, two = servers
        run = harness.Raw(one).new_run()
        set_quota(one, 100_000)
        time.sleep(2.1)
        assert wait(two, run, "a", b"x" * 60_000).status_code == 200
        time.sleep(2.1)
        raw = harness.Raw(one)
        refused(raw.send("PUT", raw.artifact_url(run, "b"), data=b"x" * 60_000))
        set_quota(two, 200_000)
        assert wait(one, run, "b", b"x" * 60_000).status_code == 200
        assert storage(two)["usedBytes"] == 120_000
    finally:
        for server in servers:
            server.stop()


def test_only_admins_set_limits(tmp_path):
    server = harness.Server(tmp_path, ["--login", "required"], {"MARTLET_ADMIN_PASSWORD": "correct horse 1"}).start()
    try:
        root = ("admin", "correct horse 1")
        body = {"name": "ana", "role": "editor", "password": "correct horse 2"}
        made = requests.post(server.url + "/api/v1/accounts", json=body, auth=root, timeout=20)
        assert made.status_code == 201, made.text
        role = f"/api/v1/experiments/0/roles/{made.json()['id']}"
        assert requests.put(server.url + role, json={"role": "admin"}, auth=root, timeout=20).status_code == 204
        for place in ("storage", "experiments/0"):
            url = f"{server.url}/api/v1/{place}/quota"
            assert requests.put(url, json={"bytes": 1}, timeout=20).status_code == 401
            assert requests.put(url, json={"bytes": 1}, auth=("ana", "correct horse 2"), timeout=20).status_code == 403
            assert requests.put(url, json={"bytes": 1}, auth=root, timeout=20).status_code == 204
        audit = requests.get(server.url + "/api/v1/audit?action=quota.changed", auth=root, timeout=20).json()
        assert [entry["subject"] for entry in audit["entries"]] == ["0", "installation"]
    finally:
        server.stop()
