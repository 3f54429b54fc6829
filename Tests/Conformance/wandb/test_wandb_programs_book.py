"""The walk through Weights & Biases of a book on deep learning, cell by cell: a run, its curves, two versions of a folder."""

import pathlib
import re

import pytest
import requests

from native_view import NativeRun

# Much may go on on the machine; nothing here is timed.
pytestmark = pytest.mark.timeout(500)

WALK = """
import pathlib, random, sys
import wandb

wandb.init(project="example-DL-Book", name="run-1", entity=sys.argv[1])
wandb.config = {"learning_rate": 0.001, "epochs": 100, "batch_size": 128}
for i in range(100):
    wandb.log({"loss": 1 / (i + 1), "accuracy": 1 - 1 / (i + 1)})

data = pathlib.Path("data")
(data / "deep").mkdir(parents=True)
(data / "train.csv").write_text("x,y\\n1,2\\n")
(data / "deep" / "same.bin").write_bytes(bytes(range(256)) * 40)
(data / "gone.txt").write_text("only in the first")
wandb.log_artifact(data, name="new_artifact", type="my_dataset").wait()

(data / "train.csv").write_text("x,y\\n1,2\\n3,4\\n")
(data / "gone.txt").unlink()
(data / "fresh.txt").write_text("only in the second")
artifact = wandb.Artifact("new_artifact", type="my_dataset")
artifact.add_dir(data)
wandb.log_artifact(artifact).wait()
print(wandb.run.id)

run = wandb.init()
assert run.project == "example-DL-Book"
used = run.use_artifact(f"{sys.argv[1]}/example-DL-Book/new_artifact:v1", type="my_dataset")
folder = pathlib.Path(used.download())
assert (folder / "train.csv").read_text() == "x,y\\n1,2\\n3,4\\n"
first = pathlib.Path(run.use_artifact("new_artifact:v0").download())
assert (first / "train.csv").read_text() == "x,y\\n1,2\\n"
"""


@pytest.fixture
def walked(ran, api, project):
    """The entity, and the run that the walk left there."""
    entity = f"reader-{project}"
    id = ran(WALK, entity, WANDB_PROJECT="", WANDB_ENTITY="", patience=400).split()[-1]
    return entity, api.run(f"{entity}/example-DL-Book/{id}")


def contents(artifact):
    folder = pathlib.Path(artifact.download())
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_walk_of_the_book_is_found_as_it_was_done(walked, api):
    entity, run = walked
    assert (run.name, run.state, run.entity, run.project) == ("run-1", "finished", entity, "example-DL-Book")
    # The book binds a name of the module anew: that never was a config.
    assert run.config == {}
    assert [(row["loss"], row["accuracy"]) for row in run.scan_history()] == [(1 / (i + 1), 1 - 1 / (i + 1)) for i in range(100)]
    assert [one.name for one in api.projects(entity)] == ["example-DL-Book"]

    place = f"{entity}/example-DL-Book/new_artifact"
    versions = list(api.artifacts("my_dataset", place))
    assert sorted(one.version for one in versions) == ["v0", "v1"]
    old, new = (api.artifact(f"{place}:{version}") for version in ("v0", "v1"))
    assert (old.type, old.state, old.aliases, new.aliases) == ("my_dataset", "COMMITTED", [], ["latest"])
    assert old.digest != new.digest and api.artifact(f"{place}:latest").id == new.id
    assert set(old.manifest.entries) == {"train.csv", "deep/same.bin", "gone.txt"}
    assert set(new.manifest.entries) == {"train.csv", "deep/same.bin", "fresh.txt"}
    changed = [name for name in ("train.csv", "deep/same.bin") if old.manifest.entries[name].digest != new.manifest.entries[name].digest]
    assert changed == ["train.csv"] and old.size == 8 + 10240 + 17 and new.size == 12 + 10240 + 18
    same = bytes(range(256)) * 40
    assert contents(old) == {"train.csv": b"x,y\n1,2\n", "deep/same.bin": same, "gone.txt": b"only in the first"}
    assert contents(new) == {"train.csv": b"x,y\n1,2\n3,4\n", "deep/same.bin": same, "fresh.txt": b"only in the second"}


def test_the_walk_of_the_book_tells_what_came_from_where(walked, api):
    entity, run = walked
    artifact = api.artifact(f"{entity}/example-DL-Book/new_artifact:v1")
    assert artifact.logged_by().id == run.id and [one.id for one in artifact.used_by()] == [run.id]
    assert sorted(one.version for one in run.logged_artifacts() if one.type == "my_dataset") == ["v0", "v1"]
    assert sorted(one.version for one in run.used_artifacts()) == ["v0", "v1"]


def test_curves_of_the_book_are_on_the_pages(ran, server, project):
    text = WALK.partition("data = ")[0] + "print(wandb.run.id)"
    id = ran(text, f"reader-{project}", WANDB_PROJECT="", WANDB_ENTITY="", patience=400).split()[-1]
    run = NativeRun(server, (f"reader-{project}", "example-DL-Book", id))
    assert run.points("loss") == [(i, 1 / (i + 1)) for i in range(100)]


@pytest.fixture
def framed(wandb, project):
    """The address that a notebook shows in a frame."""
    with wandb.init(project=project) as run:
        run.log({"x": 1})
        [address] = re.findall(r"src=['\"]([^'\"]+)", run.to_html())
    assert address == run.url + "?jupyter=true"
    return address


def test_the_address_that_a_run_prints_is_a_page(framed, server, project):
    assert framed.startswith(f"{server.url}/default/{project}/runs/")
    for address in (framed, framed.partition("?")[0], f"{server.url}/default/{project}"):
        answer = requests.get(address, headers={"Accept": "text/html"}, timeout=60)
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"), address


def test_a_notebook_at_another_address_may_show_a_run_in_a_frame(framed):
    answer = requests.get(framed, headers={"Accept": "text/html"}, timeout=60)
    headers = answer.headers
    [ancestors] = re.findall("frame-ancestors ([^;]*)", headers.get("Content-Security-Policy", "")) or ["*"]
    assert answer.status_code == 200 and "X-Frame-Options" not in headers and ancestors.strip() not in ("'self'", "'none'")
