"""Files in an S3 store: an unmodified mlflow client, a server that dies, and a store that goes away and comes back."""

import hashlib
import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest
import requests

import harness

pytestmark = [pytest.mark.martlet_only, pytest.mark.timeout(240)]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "martlet", "AWS_SECRET_ACCESS_KEY": "martlet-secret"}
LARGE = 12_000_000


class Store:
    """An S3 store of a module's own, to be maltreated: SeaweedFS, or what MARTLET_TEST_S3_STORE names in `scripts`."""

    program = os.environ.get("MARTLET_TEST_S3_STORE", "seaweedfs")

    def __init__(self, folder):
        self.folder = str(folder)
        self.address = self.script("start")

    def script(self, verb):
        weed = pathlib.Path(sys.executable).with_name("weed")
        command = [harness.REPOSITORY / "scripts" / self.program, verb, self.folder]
        environment = os.environ | ({"WEED": str(weed)} if weed.exists() else {})
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def below(self, name):
        """The address of an unused prefix."""
        return self.address.replace("/blobs?", f"/{name}?")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("s3") / "store")
    yield store
    store.script("stop")


def new_server(folder, address, **environment):
    folder.mkdir(exist_ok=True)
    return harness.Server(folder, ["--blobs", address], CREDENTIALS | environment)


@pytest.fixture
def server(tmp_path, store):
    server = new_server(tmp_path, store.below(tmp_path.name)).start()
    yield server
    server.stop()
    # Whatever happened, no secret and no signature went to the log.
    log = server.log.read_text(errors="replace")
    assert "martlet-secret" not in log and "Signature=" not in log and "AWS4" not in log


@pytest.fixture
def raw(server):
    return harness.Raw(server)


@pytest.fixture
def client(server):
    import mlflow

    return mlflow.MlflowClient(server.url)


def local_bytes(server):
    """Bytes of files that the server keeps in its own folder."""
    return sum(path.stat().st_size for path in (server.data / "blobs").rglob("*") if path.is_file())


def put(raw, run, name, data, **options):
    return raw.send("PUT", raw.artifact_url(run, name), data=data, **options)


def get(raw, run, name, **options):
    return raw.send("GET", raw.artifact_url(run, name), **options)


def test_the_client_logs_lists_and_downloads(server, client, tmp_path):
    run = client.create_run("0").info.run_id
    source = tmp_path / "source"
    contents = {"small.txt": b"words", "empty": b"", "sub/large.bin": os.urandom(LARGE), "sub/odd name+%.txt": b"odd"}
    for name, content in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    client.log_artifacts(run, str(source), "out")
    listed = {file.path: file.file_size for folder in ("out", "out/sub") for file in client.list_artifacts(run, folder)}
    assert {path for path, size in listed.items() if size is not None} == {f"out/{name}" for name in contents}
    assert listed["out/sub/large.bin"] == LARGE
    (tmp_path / "down").mkdir()
    down = pathlib.Path(client.download_artifacts(run, "out", str(tmp_path / "down")))
    for name, content in contents.items():
        assert (down / name).read_bytes() == content, name
    assert local_bytes(server) == 0


def test_ranges_are_cut_out_of_objects(raw):
    run = raw.new_run()
    for size in (1_000, LARGE):
        data = os.urandom(size)
        assert put(raw, run, "f", data).status_code == 200
        for first, last in ((0, 0), (10, 99), (size - 5, size - 1), (1, size - 1)):
            part = get(raw, run, "f", headers={"Range": f"bytes={first}-{last}"})
            assert (part.status_code, part.content) == (206, data[first : last + 1])


def test_an_upload_in_parts(raw):
    upload = harness.Upload(raw, 3)
    data = [os.urandom(5 << 20), os.urandom(9 << 20), os.urandom(77)]
    parts = [upload.put(number, data[number - 1]) for number in (2, 3, 1)]
    assert upload.complete(sorted(parts, key=lambda part: part["part_number"])).status_code == 200
    whole = b"".join(data)
    assert hashlib.sha256(upload.stored().content).digest() == hashlib.sha256(whole).digest()
    url = f"{harness.ARTIFACTS}/{upload.folder}/f.bin"
    middle = raw.send("GET", url, headers={"Range": f"bytes={(5 << 20) - 10}-{(5 << 20) + 9}"})
    assert middle.content == whole[(5 << 20) - 10 : (5 << 20) + 10]


def test_a_deleted_file_is_gone_and_its_content_stays_for_others(raw):
    run, data = raw.new_run(), os.urandom(100_000)
    for name in ("a", "b"):
        assert put(raw, run, name, data).status_code == 200
    assert raw.send("DELETE", raw.artifact_url(run, "a")).status_code == 200
    assert get(raw, run, "a").status_code == 404
    assert get(raw, run, "b").content == data


def slowly(data, seconds):
    """Pieces of a body that take a while."""
    for start in range(0, len(data), 1 << 20):
        yield data[start : start + (1 << 20)]
        time.sleep(seconds * (1 << 20) / len(data))


def test_a_server_that_dies_in_uploads_keeps_what_it_acknowledged(server, raw):
    run, data = raw.new_run(), os.urandom(LARGE)
    acknowledged = {}

    def upload(name):
        content = name.encode() + data
        try:
            if put(raw, run, name, slowly(content, 1.5)).status_code == 200:
                acknowledged[name] = content
        except requests.RequestException:
            pass

    assert put(raw, run, "before", data).status_code == 200
    for life in range(2):
        threads = [threading.Thread(target=upload, args=(f"{life}.{n}",)) for n in range(3)]
        for n, thread in enumerate(threads):
            thread.start()
            time.sleep(0.3)
        threads[0].join()
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
    # The first of each life was done, the last was not.
    assert {"0.0", "1.0"} <= set(acknowledged) and "1.2" not in acknowledged
    assert get(raw, run, "before").content == data
    for n in (f"{life}.{n}" for life in range(2) for n in range(3)):
        answer = get(raw, run, n)
        if n in acknowledged:
            assert answer.content == acknowledged[n]
        else:
            assert answer.status_code == 404 or answer.content == n.encode() + data


def test_without_the_store_the_answer_is_503_and_later_all_is_well(server, raw, store):
    run, data = raw.new_run(), os.urandom(100_000)
    assert put(raw, run, "kept", data).status_code == 200
    store.script("halt")
    try:
        for answer in (put(raw, run, "new", b"x"), get(raw, run, "kept")):
            assert answer.status_code == 503, answer.text
            assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
            assert "127.0.0.1" not in answer.text and "S3 store" in answer.text
        # What needs no file goes on.
        raw.ok("runs/log-metric", {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "step": 0})
        # A server can also be started meanwhile.
        server.stop()
        server.start()
        assert get(raw, run, "kept").status_code == 503
    finally:
        store.script("restart")
    assert get(raw, run, "new").status_code == 404
    assert get(raw, run, "kept").content == data
    assert put(raw, run, "new", b"x").status_code == 200


def test_files_from_before_are_read_from_the_disk(tmp_path, store):
    server = harness.Server(tmp_path).start()
    raw = harness.Raw(server)
    run, data = raw.new_run(), {"small": os.urandom(100), "large": os.urandom(200_000)}
    for name, content in data.items():
        put(raw, run, name, content)
    server.stop()
    before = local_bytes(server)
    server.arguments = ["--blobs", store.below(tmp_path.name)]
    server.environment |= CREDENTIALS
    server.start()
    data |= {"newer": os.urandom(200_000)}
    put(raw, run, "newer", data["newer"])
    for name, content in data.items():
        assert get(raw, run, name).content == content
    assert local_bytes(server) == before
    server.stop()
    # Without the setting, what is in the store is told as such.
    server.arguments = []
    server.start()
    answer = get(raw, run, "newer")
    assert answer.status_code == 400 and "--blobs" in answer.json()["message"]
    assert get(raw, run, "large").content == data["large"]
    server.stop()


def refused(folder, address, **environment):
    """What the server says when it does not start."""
    with pytest.raises(RuntimeError) as caught:
        new_server(folder, address, **environment).start()
    assert "martlet-secret" not in str(caught.value) and "hush" not in str(caught.value)
    return str(caught.value)


def test_a_wrong_setting_stops_the_start_with_clear_words(tmp_path, store):
    address = store.below("wrong")
    assert "credentials" in refused(tmp_path / "a", address, AWS_SECRET_ACCESS_KEY="hush")
    assert "bucket" in refused(tmp_path / "b", address.replace("s3://martlet/", "s3://absent/"))
    assert "AWS_SECRET_ACCESS_KEY" in refused(tmp_path / "c", address, AWS_SECRET_ACCESS_KEY="")
    assert "'blobs'" in refused(tmp_path / "d", address + "&secret=hush")


def test_two_databases_do_not_share_a_prefix(tmp_path, store):
    address = store.below("shared")
    first = new_server(tmp_path / "first", address).start()
    assert "belongs to another" in refused(tmp_path / "second", address)
    first.stop()
    first.start().stop()
