"""Backup, restore and fsck of an installation whose files are in an S3 store, beside its server and the real client."""

import json
import os
import subprocess
import urllib.parse
from xml.etree import ElementTree

import pytest

import harness
from test_admin import admin, client_of, log_with_client, picture, place
from test_s3 import CREDENTIALS, Store, new_server

pytestmark = [pytest.mark.martlet_only, pytest.mark.timeout(300)]
LARGE = 21_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("s3") / "store")
    yield store
    store.script("stop")


@pytest.fixture
def own_server(tmp_path, store):
    server = new_server(tmp_path / "first", store.below(tmp_path.name)).start()
    yield server
    server.kill()


def run_admin(*arguments, ends=0):
    """The JSON that the command answers, and what it says on standard error."""
    done = admin(*arguments, "--json", environment=CREDENTIALS)
    assert done.returncode == ends, f"{arguments}: {done.returncode} {done.stdout[-2000:]} {done.stderr[-2000:]}"
    assert "martlet-secret" not in done.stdout + done.stderr
    return (json.loads(done.stdout) if done.stdout else None), done.stderr


class Objects:
    """The objects below a prefix, behind Martlet's back."""

    def __init__(self, store, name):
        self.bucket = urllib.parse.parse_qs(store.address.partition("?")[2])["endpoint"][0] + "/martlet"
        self.prefix = f"{name}/objects/"

    def request(self, path, *options):
        """The body that the store answers, to a client that is not Martlet's."""
        command = [
            "curl", "-sS", "--fail-with-body", "--user", ":".join(CREDENTIALS.values()), *options,
            "--aws-sigv4", "aws:amz:us-east-1:s3", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", self.bucket + path,
        ]
        done = subprocess.run(command, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sizes(self):
        listed = ElementTree.fromstring(self.request(f"?list-type=2&prefix={self.prefix.replace('/', '%2F')}"))
        entries = listed.findall("{*}Contents")
        return {entry.findtext("{*}Key").rpartition("/")[2]: int(entry.findtext("{*}Size")) for entry in entries}

    def largest(self):
        return max(self.sizes().items(), key=lambda entry: entry[1])[0]

    def read(self, name):
        return self.request(f"/{self.prefix}{name}")

    def write(self, name, content, tmp_path):
        (tmp_path / "sent").write_bytes(content)
        self.request(f"/{self.prefix}{name}", "-T", tmp_path / "sent")

    def delete(self, name):
        self.request(f"/{self.prefix}{name}", "-X", "DELETE")


def log_files(mlflow, server, tmp_path):
    """What a training logs, with a file that goes to the store in parts. - Returns the id of its run."""
    run = log_with_client(mlflow, server, tmp_path)
    (tmp_path / "large.bin").write_bytes(os.urandom(LARGE))
    with client_of(mlflow, server) as client:
        client.log_artifact(run, str(tmp_path / "large.bin"), "model")
    return run


def test_files_come_back_from_the_store_to_a_folder_and_to_another_store(own_server, store, mlflow, tmp_path):
    log_files(mlflow, own_server, tmp_path)
    options = [*place(own_server), "--blobs", store.below(tmp_path.name)]
    first, _ = run_admin("backup", tmp_path / "backups", *options)
    assert (first["lost"], first["elsewhere"]) == ([], 0) and first["bytes"] > LARGE
    second, _ = run_admin("backup", tmp_path / "backups", *options)
    assert second["copiedFiles"] == 1 and second["files"] == first["files"]
    assert run_admin("fsck", *options, "--deep")[0]["findings"] == []
    expected = picture(mlflow, own_server, tmp_path)
    own_server.stop()
    assert run_admin("gc", *options)[0]["collectedBlobs"] == 0
    run_admin("restore", tmp_path / "backups", "--data", tmp_path / "second" / "data")
    other = store.below(tmp_path.name + "-other")
    sent, _ = run_admin("restore", tmp_path / "backups", "--data", tmp_path / "third" / "data", "--blobs", other)
    assert sent["objects"] == 3 and len(Objects(store, tmp_path.name + "-other").sizes()) == 3
    refused = run_admin("restore", tmp_path / "backups", "--data", tmp_path / "more", "--blobs", other, ends=1)
    assert "in use" in refused[1] and not (tmp_path / "more").exists()
    # The servers stand on SQLite: a snapshot of either engine restores to it.
    for name, blobs in (("second", []), ("third", ["--blobs", other])):
        restored = harness.Server(tmp_path / name, blobs, CREDENTIALS | {"MARTLET_DATABASE": ""}).start()
        try:
            assert picture(mlflow, restored, tmp_path) == expected
            report, _ = run_admin("fsck", "--data", restored.data, *blobs, "--deep")
            assert report["findings"] == [] and (report["strayObjects"], report["elsewhere"]) == (0, 0)
        finally:
            restored.stop()


def test_what_the_store_has_lost_is_told_by_backup_and_by_fsck(own_server, store, mlflow, tmp_path):
    run = log_files(mlflow, own_server, tmp_path)
    options, objects = [*place(own_server), "--blobs", store.below(tmp_path.name)], Objects(store, tmp_path.name)
    name = objects.largest()
    content = objects.read(name)
    assert len(content) == LARGE
    objects.write("stray", b"nobody's", tmp_path)
    damages = {"altered": content[:-1] + bytes([content[-1] ^ 1]), "short": content[:-1], "missing": None}
    for what, damaged in damages.items():
        objects.delete(name)
        if damaged is not None:
            objects.write(name, damaged, tmp_path)
        quick, _ = run_admin("fsck", *options, ends=0 if what == "altered" else 1)
        deep, _ = run_admin("fsck", *options, "--deep", ends=1)
        for report in (deep,) if what == "altered" else (quick, deep):
            assert [(finding["run"], finding["path"]) for finding in report["findings"]] == [(run, "model/large.bin")]
            assert name in report["findings"][0]["what"] and report["strayObjects"] == 1
        report, words = run_admin("backup", tmp_path / what, *options, ends=1)
        assert len(report["lost"]) == 1 and name in report["lost"][0] and "not whole" in words
        run_admin("restore", tmp_path / what, "--data", tmp_path / f"{what} restored")
        report, _ = run_admin("fsck", "--data", tmp_path / f"{what} restored", ends=1)
        assert [finding["path"] for finding in report["findings"]] == ["model/large.bin"]
    assert "stray" in objects.sizes()


def test_without_the_store_or_with_a_wrong_one_it_is_said(own_server, store, mlflow, tmp_path):
    log_with_client(mlflow, own_server, tmp_path)
    report, _ = run_admin("backup", tmp_path / "half", *place(own_server))
    assert report["elsewhere"] == 2
    assert run_admin("fsck", *place(own_server))[0]["elsewhere"] == 2
    for command in (["backup", tmp_path / "none"], ["fsck"]):
        options = [*command, *place(own_server), "--blobs"]
        assert "does not hold the files" in run_admin(*options, store.below("unused"), ends=1)[1]
        assert "does not exist" in run_admin(*options, store.address.replace("martlet/", "absent/", 1), ends=1)[1]
        assert admin(*options, store.below(tmp_path.name)).returncode == 2, "no credentials are set"
    assert not list((tmp_path / "none" / "snapshots").glob("*[!l]/MANIFEST"))
    store.script("halt")
    try:
        done = run_admin("backup", tmp_path / "away", *place(own_server), "--blobs", store.below(tmp_path.name), ends=1)
        assert "does not answer" in done[1] and not list((tmp_path / "away").glob("snapshots/*/MANIFEST"))
    finally:
        store.script("restart")
