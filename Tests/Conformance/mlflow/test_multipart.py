"""Parallel transfers: multipart upload through the proxy, and download in ranges."""

import hashlib
import os
import pathlib
import subprocess
import sys

import pytest
import requests

from harness import MPU, Upload, code

pytestmark = pytest.mark.martlet_only
PRESIGNED = "/api/2.0/mlflow-artifacts/presigned"
PART = 5 * 1024 * 1024


def test_the_server_says_that_it_can(raw):
    info = raw.send("GET", "/api/3.0/mlflow/server-info").json()
    assert info["multipart_uploads_enabled"] is True
    assert info["multipart_downloads_enabled"] is True
    assert info["store_type"]
    assert info["workspaces_enabled"] is True


def test_the_client_uploads_in_parts_and_downloads_in_ranges(server, client, run, tmp_path):
    """In a process of its own: the client reads these settings when it starts."""
    source = tmp_path / "large.bin"
    source.write_bytes(os.urandom(3 * PART + 12_345))
    script = f"""
import mlflow, pathlib
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
used = []
def watch(cls, name):
    original = getattr(cls, name)
    def watched(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        used.append(name)
        return result
    setattr(cls, name, watched)
watch(HttpArtifactRepository, "complete_multipart_upload")
watch(MlflowArtifactsRepository, "_multipart_download")
client = mlflow.MlflowClient({server.url!r})
client.log_artifact({run!r}, {str(source)!r}, "parts")
pathlib.Path({str(tmp_path)!r}, "down").mkdir()
print(client.download_artifacts({run!r}, "parts/large.bin", {str(tmp_path / 'down')!r}))
print(*used)
"""
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
        "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(PART),
        "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(PART),
        "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": str(PART),
        "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(PART),
    }
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    down, used = done.stdout.split("\n")[-3:-1]
    assert pathlib.Path(down).read_bytes() == source.read_bytes()
    assert used.split() == ["complete_multipart_upload", "_multipart_download"]
    (listed,) = client.list_artifacts(run, "parts")
    assert (listed.path, listed.file_size) == ("parts/large.bin", 3 * PART + 12_345)


def test_parts_may_come_in_any_order(raw):
    data = [os.urandom(200_000), os.urandom(200_000), os.urandom(77)]
    upload = Upload(raw, 3)
    parts = [upload.put(n, data[n - 1]) for n in (3, 1, 2)]
    assert upload.stored().status_code == 404
    answer = upload.complete(sorted(parts, key=lambda p: p["part_number"]))
    assert answer.status_code == 200, answer.text
    assert upload.stored().content == b"".join(data)


def test_completing_again_is_the_same_as_once(raw):
    upload = Upload(raw, 2)
    parts = [upload.put(1, b"a" * 100_000), upload.put(2, b"b" * 5)]
    assert upload.complete(parts).status_code == 200
    assert upload.complete(parts).status_code == 200
    assert hashlib.sha256(upload.stored().content).digest() == hashlib.sha256(b"a" * 100_000 + b"b" * 5).digest()


def test_a_part_sent_again_replaces_the_first(raw):
    upload = Upload(raw, 2)
    upload.put(1, b"x" * 1000)
    parts = [upload.put(1, b"y" * 1000), upload.put(2, b"z")]
    assert upload.complete(parts).status_code == 200
    assert upload.stored().content == b"y" * 1000 + b"z"


def test_completing_with_a_missing_part_is_refused(raw):
    upload = Upload(raw, 2)
    part = upload.put(1, b"x" * 1000)
    answer = upload.complete([part, {"part_number": 2, "etag": "made up", "url": upload.credentials[1]["url"]}])
    assert answer.status_code == 400
    assert upload.stored().status_code == 404


def test_an_aborted_upload_leaves_nothing(raw):
    upload = Upload(raw, 2)
    part = upload.put(1, b"x" * 1000)
    assert upload.abort().status_code == 200
    assert upload.stored().status_code == 404
    assert upload.complete([part]).status_code in (400, 404)


def test_an_unknown_upload_is_refused(raw):
    upload = Upload(raw, 1)
    part = upload.put(1, b"x")
    upload.id = "0" * 32
    assert upload.complete([part]).status_code in (400, 404)


@pytest.mark.parametrize("parts", [0, -1, 10_000_000])
def test_an_impossible_number_of_parts_is_refused(raw, parts):
    answer = raw.send("POST", f"{MPU}/create/0/{raw.new_run()}/artifacts", json={"path": "f", "num_parts": parts})
    assert answer.status_code == 400
    assert code(answer) == "INVALID_PARAMETER_VALUE"


def test_a_download_address_answers_ranges(raw):
    run_id = raw.new_run()
    data = os.urandom(50_000)
    raw.send("PUT", raw.artifact_url(run_id, "d.bin"), data=data)
    answer = raw.send("GET", f"{PRESIGNED}/0/{run_id}/artifacts/d.bin")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert int(body["file_size"]) == len(data)
    part = requests.get(body["url"], headers={**body.get("headers", {}), "Range": "bytes=100-199"}, timeout=30)
    assert (part.status_code, part.content) == (206, data[100:200])


def test_a_download_address_of_nothing_is_not_found(raw):
    assert raw.send("GET", f"{PRESIGNED}/0/{raw.new_run()}/artifacts/nothing").status_code == 404
