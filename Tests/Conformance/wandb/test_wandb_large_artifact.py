"""A file of more than 2 GiB, which the client sends in parts. It has no setting for a smaller limit."""

import hashlib
import json
import shutil

import pytest

import harness
from wandb_artifacts import Counter

pytestmark = [pytest.mark.timeout(500), pytest.mark.sqlite_only]

BLOCK = 16 << 20
SIZE = (2 << 30) + BLOCK + 12_345
COMPLETE = "CompleteMultipartUploadArtifact"

LOG = """
import sys, wandb
for _ in range(2):
    with wandb.init() as run:
        artifact = wandb.Artifact("big", type="dataset")
        artifact.add_file(sys.argv[1], name="sub/a.bin", policy="immutable", skip_cache=True)
        print("LOGGED", run.log_artifact(artifact).wait().version, flush=True)
with wandb.init() as run:
    draft = run.use_artifact("big:v0").new_draft()
    with draft.new_file("more.txt") as file:
        file.write("more")
    print("LOGGED", run.log_artifact(draft).wait().version, flush=True)
with wandb.init() as run:
    artifact = wandb.Artifact("another", type="dataset")
    artifact.add_file(sys.argv[1], name="renamed.bin", policy="immutable", skip_cache=True)
    with artifact.new_file("note.txt") as file:
        file.write("note")
    print("LOGGED", run.log_artifact(artifact).wait().version, flush=True)
"""
FETCH = """
import sys, wandb
artifact = wandb.Api(timeout=60).artifact("big:latest")
artifact.download(sys.argv[1], skip_cache=True)
artifact.verify(sys.argv[1])
print("SIZE", artifact.size)
"""


@pytest.fixture
def folder(tmp_path):
    """A folder that is gone after the test: pytest would keep gigabytes."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture
def alone(folder):
    """A server whose bytes go with the folder."""
    server = harness.Server(folder).start()
    yield server
    server.kill()


def large_file(path):
    """A file mostly of holes. No two blocks are alike, nor two parts: one in a wrong place would be found."""
    with open(path, "wb") as file:
        for number, offset in enumerate(range(0, SIZE, BLOCK)):
            file.seek(offset)
            file.write(b"block %d\n" % number)
        file.truncate(SIZE)
    return path


def stored(path):
    """Bytes of a file of the server, without the zeros that a pack has ahead of its records."""
    return len(path.read_bytes().rstrip(b"\0")) if path.suffix == ".pack" else path.stat().st_size


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_file_of_more_than_two_gibibytes_goes_in_parts(ran, alone, folder):
    big, counter = large_file(folder / "big.bin"), Counter(alone, uploads=False)
    try:
        logged = ran(LOG, str(big), on=counter, patience=400)
    finally:
        counter.close()
    # What is there is not sent again: neither the same once more, nor a draft of a version with one more file, nor the file
    # under another name in another artifact.
    assert logged.split() == ["LOGGED", "v0", "LOGGED", "v0", "LOGGED", "v1", "LOGGED", "v0"]
    [completed] = [json.loads(body)["variables"] for _, what, body in counter.asked if what == COMPLETE]
    assert [part["partNumber"] for part in completed["completedParts"]] == list(range(1, 22))
    sizes = [stored(path) for path in alone.data.rglob("*") if path.is_file() and "blobs" in path.parts]
    assert SIZE <= sum(sizes) < SIZE + (1 << 20)

    assert ran(FETCH, str(folder / "down"), on=alone, patience=400).split() == ["SIZE", str(SIZE + 4)]
    assert sha256(folder / "down" / "sub" / "a.bin") == sha256(big)
    assert (folder / "down" / "more.txt").read_text() == "more"
