"""Logins and tokens, with unmodified clients against a real server."""

import json
import os
import re
import subprocess
import sys

import pytest
import requests

import harness
from harness import Server

PASSWORD = "correct horse 1"
PROGRAM = """
import mlflow, sys
with mlflow.start_run() as run:
    mlflow.log_params({"lr": 0.1})
    mlflow.log_metrics({"loss": 0.5}, step=1)
    mlflow.log_text("hello", "notes/hello.txt")
print(run.info.run_id, mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/hello.txt"))
"""


@pytest.fixture
def own(tmp_path):
    server = Server(
        tmp_path, arguments=["--login", "required", "--log-level", "debug"],
        environment={"MARTLET_ADMIN_PASSWORD": PASSWORD},
    ).start()
    yield server
    server.stop()


def admin(server):
    """A session of the admin that changes things as the pages do."""
    session = requests.Session()
    answer = session.post(server.url + "/api/v1/session", json={"name": "admin", "password": PASSWORD}, timeout=10)
    assert answer.status_code == 200, answer.text
    session.headers["X-CSRF-Token"] = answer.json()["csrfToken"]
    session.account = answer.json()["account"]
    return session


def account(server, session, name, role, **fields):
    body = {"name": name, "role": role, **fields}
    answer = session.post(server.url + "/api/v1/accounts", json=body, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def token(server, session, account, **fields):
    url = f"{server.url}/api/v1/accounts/{account}/tokens"
    answer = session.post(url, json={"name": "t", **fields}, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


def train(server, **environment):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_TRACKING")}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, cwd=server.folder,
        env=variables | {"MLFLOW_TRACKING_URI": server.url} | environment,
    )


def test_mlflow_logs_in_by_token_and_by_password_and_not_without(own):
    session = admin(own)
    person = account(own, session, "eda", "editor", password=PASSWORD)
    secret = token(own, session, person)
    for variables in (
        {"MLFLOW_TRACKING_TOKEN": secret},
        {"MLFLOW_TRACKING_USERNAME": "eda", "MLFLOW_TRACKING_PASSWORD": PASSWORD},
        {"MLFLOW_TRACKING_USERNAME": "eda", "MLFLOW_TRACKING_PASSWORD": secret},
    ):
        done = train(own, **variables)
        assert done.returncode == 0, done.stderr[-2000:]
        assert re.fullmatch(r"[0-9a-f]{32} hello", done.stdout.strip().splitlines()[-1])
    for variables in ({}, {"MLFLOW_TRACKING_TOKEN": secret[:-1] + "x"},
                      {"MLFLOW_TRACKING_USERNAME": "eda", "MLFLOW_TRACKING_PASSWORD": "wrong word"}):
        done = train(own, **variables)
        assert done.returncode != 0 and "401" in done.stderr and "not authenticated" in done.stderr
    viewer = token(own, session, account(own, session, "vera", "viewer"))
    done = train(own, MLFLOW_TRACKING_TOKEN=viewer)
    assert done.returncode != 0 and "PERMISSION_DENIED" in done.stderr and "vera may not" in done.stderr
    log = own.log.read_text()
    for secret_text in (PASSWORD, secret, secret[-40:], viewer, "wrong word"):
        assert secret_text not in log
    assert session.cookies["martlet_session"] not in log


def test_an_experiment_is_closed_to_who_has_no_role_in_it(own):
    session = admin(own)
    eda, otto = account(own, session, "eda", "editor"), account(own, session, "otto", "none")
    made = session.post(own.url + "/api/v1/experiments", json={"name": "secret"}, timeout=10).json()["id"]
    for who, role in ((eda, "none"), (otto, "editor")):
        url = f"{own.url}/api/v1/experiments/{made}/roles/{who}"
        assert session.put(url, json={"role": role}, timeout=10).status_code == 204
    program = PROGRAM.replace("mlflow.start_run()", f"mlflow.start_run(experiment_id='{made}')")
    for who, allowed in ((eda, False), (otto, True)):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=own.folder,
            env=os.environ | {"MLFLOW_TRACKING_URI": own.url, "MLFLOW_TRACKING_TOKEN": token(own, session, who)},
        )
        assert (done.returncode == 0) == allowed, done.stderr[-1000:]
        if not allowed:
            assert f"No Experiment with id={made} exists" in done.stderr


def test_large_files_go_in_parts_by_signed_links_that_need_no_login(own):
    session = admin(own)
    secret = token(own, session, session.account)
    headers = {"Authorization": f"Bearer {secret}"}
    run = requests.post(own.url + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, headers=headers, timeout=10)
    place = f"0/{run.json()['run']['info']['run_id']}/artifacts"
    base = own.url + "/api/2.0/mlflow-artifacts"
    begun = requests.post(f"{base}/mpu/create/{place}", json={"path": "/tmp/big.bin", "num_parts": 2}, headers=headers,
                          timeout=10).json()
    parts = []
    for part, body in zip(begun["credentials"], (b"a" * 1000, b"b" * 500)):
        put = requests.put(part["url"], data=body, timeout=10)
        assert put.status_code == 200
        assert requests.put(part["url"] + "0", data=body, timeout=10).status_code == 403
        parts.append({"part_number": part["part_number"], "etag": put.headers["ETag"], "url": part["url"]})
    body = {"path": "/tmp/big.bin", "upload_id": begun["upload_id"], "parts": parts}
    assert requests.post(f"{base}/mpu/complete/{place}", json=body, timeout=10).status_code == 401
    assert requests.post(f"{base}/mpu/complete/{place}", json=body, headers=headers, timeout=10).status_code == 200
    signed = requests.get(f"{base}/presigned/{place}/big.bin", headers=headers, timeout=10).json()["url"]
    assert requests.get(signed, timeout=10).content == b"a" * 1000 + b"b" * 500
    # The key outlives the process.
    own.stop()
    own.start()
    assert requests.get(signed, headers={"Range": "bytes=999-1000"}, timeout=10).content == b"ab"


def test_each_path_knows_who_asks(own):
    """Also those whose names begin as that of a public one does."""
    described = json.loads((harness.REPOSITORY / "docs" / "openapi.json").read_text())["paths"]
    known = admin(own)
    public = {"/api/v1/session", "/api/v1/version"}
    for path, methods in described.items():
        if "get" not in methods or path == "/api/v1/events":
            continue
        url = own.url + re.sub(r"\{\w+\}", "nope", path)
        assert known.get(url, timeout=30).status_code != 401, path
        if path in public or "openid" in path or "session/" in path:
            continue
        assert requests.get(url, timeout=30).status_code == 401, path


def test_accounts_tokens_and_logins_survive_a_kill(own):
    session = admin(own)
    secret = token(own, session, session.account)
    own.kill()
    own.environment = {k: v for k, v in own.environment.items() if k != "MARTLET_ADMIN_PASSWORD"}
    own.start()
    assert "first=" not in own.tail(10)
    assert session.get(own.url + "/api/v1/accounts", timeout=10).status_code == 200
    headers = {"Authorization": f"Bearer {secret}"}
    assert requests.get(own.url + "/api/v1/experiments", headers=headers, timeout=10).status_code == 200


def test_a_network_without_an_account_prints_the_way_to_the_first_one(tmp_path):
    server = Server(tmp_path, arguments=["--host", "0.0.0.0"]).start()
    try:
        assert requests.get(server.url + "/api/v1/experiments", timeout=10).status_code == 401
        code = re.search(r"/login#first=([0-9a-f]+)", server.log.read_text()).group(1)
        body = {"name": "ana", "password": PASSWORD, "code": code}
        url = server.url + "/api/v1/session/first-account"
        assert requests.post(url, json=body | {"code": "0" * 24}, timeout=10).status_code == 403
        assert requests.post(url, json=body, timeout=10).status_code == 200
        assert requests.post(url, json=body | {"name": "eve"}, timeout=10).status_code == 403
        # Any address of the network is answered, no name that somebody could re-point here is.
        for host, status in (("192.168.1.5:5000", 200), ("evil.example.org", 403)):
            answer = requests.get(server.url + "/api/v1/session", headers={"Host": host}, timeout=10)
            assert answer.status_code == status
        server.stop()
        server.start()
        assert "first=" not in server.tail(4)
    finally:
        server.stop()


@pytest.mark.parametrize("name, value", [
    ("Authorization", "Bearer"), ("Authorization", "Bearer "), ("Authorization", "Basic !!!"),
    ("Authorization", "Basic bm9jb2xvbg=="), ("Authorization", "Digest x"), ("Authorization", "Bearer " + "x" * 9000),
    ("Cookie", "martlet_session=" + "0" * 64), ("Cookie", "martlet_session=' OR 1=1"), ("Cookie", "=;=;martlet_session"),
])
def test_malformed_and_forged_proofs_are_refused(own, name, value):
    answer = requests.get(own.url + "/api/v1/experiments", headers={name: value}, timeout=10)
    assert answer.status_code == 401 and json.loads(answer.text)["code"] == "unauthenticated"


def test_another_site_cannot_use_the_cookie(own):
    session = admin(own)
    url = own.url + "/api/v1/experiments"
    forged = {"Origin": "https://evil.example", "X-CSRF-Token": session.headers["X-CSRF-Token"]}
    assert session.post(url, json={"name": "x"}, headers=forged, timeout=10).status_code == 403
    assert session.post(url, json={"name": "x"}, headers={"X-CSRF-Token": None}, timeout=10).status_code == 403
    assert session.post(url, json={"name": "x"}, timeout=10).status_code == 201
