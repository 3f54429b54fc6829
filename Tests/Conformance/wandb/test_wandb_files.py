"""Files that go with a run: saved by the program, uploaded later, listed, downloaded, deleted."""

import base64
import hashlib
import os

import pytest

NAMES = ["plain.txt", "with space.txt", "ünï 漢 🐦.txt", "100%.txt", "%41.txt", "a+b.txt", "a#b.txt", "a?b.txt", "a&b=c.txt",
         "a;b,c.txt", "deep/er/file.bin", "quote'd \"x\".txt", "[a].txt", ".hidden", "~", "x" * 200 + ".txt", "no extension"]


@pytest.fixture
def saved(wandb, api, project, tmp_path):
    """Saves files of the given contents and gives the run as the public API has it."""
    def save(contents):
        folder = tmp_path / "mine"
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        with wandb.init(project=project) as run:
            for name in contents:
                # Glob characters of a name stand for themselves.
                escaped = "".join(f"[{c}]" if c in "[?*" else c for c in str(folder / name))
                assert run.save(escaped, base_path=str(folder), policy="now")
        return api.run(run.path)

    return save


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_file_is_found_under_its_name_and_comes_back(saved, tmp_path, name):
    content = os.urandom(1000)
    run = saved({name: content})
    file = run.file(name)
    assert file.name == name and file.size == 1000
    assert name in [one.name for one in run.files()]
    with file.download(str(tmp_path / "out"), replace=True) as got:
        assert open(got.name, "rb").read() == content


@pytest.mark.parametrize("size", [0, 1, 65_536, 20_000_000])
def test_a_file_of_any_size_comes_back_whole(saved, tmp_path, size):
    content = os.urandom(size)
    run = saved({"f.bin": content})
    file = run.file("f.bin")
    assert file.size == size
    if size:
        assert base64.b64decode(file.md5) == hashlib.md5(content).digest()
    with file.download(str(tmp_path / "out")) as got:
        assert open(got.name, "rb").read() == content


def test_a_file_says_what_it_is(saved):
    run = saved({"a.png": b"x", "b.json": b"{}", "c.txt": b"x", "d.html": b"x", "e.unknown": b"x"})
    kinds = {file.name: file.mimetype for file in run.files()}
    assert (kinds["a.png"], kinds["b.json"], kinds["c.txt"]) == ("image/png", "application/json", "text/plain")
    # As it is served: no page of a stranger runs.
    assert (kinds["d.html"], kinds["e.unknown"]) == ("text/plain", "application/octet-stream")


def test_hundreds_of_files_are_listed(saved):
    contents = {f"many/{i:03}.txt": str(i).encode() for i in range(230)}
    run = saved(contents)
    found = [file.name for file in run.files(per_page=50)]
    assert len(found) == len(set(found)) and set(contents) <= set(found)
    assert sorted(file.name for file in run.files(pattern="many/11%")) == [f"many/11{i}.txt" for i in range(10)]
    assert [file.name for file in run.files(names=["many/001.txt", "none"])] == ["many/001.txt"]


def test_the_client_adds_files_of_its_own(wandb, api, project):
    with wandb.init(project=project, config={"lr": 0.1}) as run:
        run.log({"x": 1})
    names = {file.name for file in api.run(run.path).files()}
    assert {"config.yaml", "wandb-metadata.json", "wandb-summary.json", "requirements.txt"} <= names


def test_a_file_is_uploaded_and_deleted_through_the_public_api(wandb, api, project, tmp_path):
    with wandb.init(project=project) as run:
        run.log({"x": 1})
    found = api.run(run.path)
    (tmp_path / "late ü.txt").write_text("late")
    found.upload_file(str(tmp_path / "late ü.txt"), root=str(tmp_path))
    file = api.run(run.path).file("late ü.txt")
    with file.download(str(tmp_path / "out")) as got:
        assert got.read() == "late"
    file.delete()
    assert "late ü.txt" not in [one.name for one in api.run(run.path).files()]


def test_a_file_saved_again_is_the_newer_one(wandb, api, project, tmp_path):
    path = tmp_path / "f.txt"
    with wandb.init(project=project, id="again") as run:
        path.write_text("old")
        run.save(str(path), base_path=str(tmp_path), policy="now")
    with wandb.init(project=project, id="again", resume="must") as run:
        path.write_text("the newer one")
        run.save(str(path), base_path=str(tmp_path), policy="now")
    with api.run(run.path).file("f.txt").download(str(tmp_path / "out")) as got:
        assert got.read() == "the newer one"


def test_a_file_of_the_end_is_uploaded_at_the_end(wandb, api, project, tmp_path):
    path = tmp_path / "end.txt"
    with wandb.init(project=project) as run:
        path.write_text("at first")
        run.save(str(path), base_path=str(tmp_path), policy="end")
        path.write_text("in the end")
    with api.run(run.path).file("end.txt").download(str(tmp_path / "out")) as got:
        assert got.read() == "in the end"


def test_restore_brings_a_file_of_another_run(wandb, saved, project, tmp_path):
    run = saved({"model.bin": b"weights"})
    with wandb.init(project=project):
        got = wandb.restore("model.bin", run_path="/".join(run.path), root=str(tmp_path / "back"))
        assert open(got.name, "rb").read() == b"weights"


def test_a_file_that_is_not_there_is_told(api, wandb, project):
    with wandb.init(project=project) as run:
        pass
    with pytest.raises(wandb.errors.CommError):
        api.run(run.path).file("none.txt")


def test_files_of_a_run_are_the_artifacts_that_mlflow_sees(saved, client, raw, mlflow):
    run = saved({"folder/a ü.txt": b"content"})
    experiment = client.get_experiment_by_name(run.project)
    [found] = client.search_runs([experiment.experiment_id])
    assert [one.path for one in client.list_artifacts(found.info.run_id, "folder")] == ["folder/a ü.txt"]
    assert mlflow.artifacts.load_text(f"runs:/{found.info.run_id}/folder/a ü.txt") == "content"
