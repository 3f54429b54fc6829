"""Artifacts: up, down, listed, deleted, overwritten, with every kind of name and size."""

import io
import json
import os
import pathlib

import numpy
import pandas
import pytest
from PIL import Image

from harness import ARTIFACTS


def names(client, run, path=None):
    return [(f.path, f.is_dir, None if f.is_dir else f.file_size or 0) for f in client.list_artifacts(run, path)]


@pytest.fixture
def folder(tmp_path):
    """A folder with files at three levels, one of them empty."""
    root = tmp_path / "folder"
    (root / "plots" / "deep").mkdir(parents=True)
    (root / "model.bin").write_bytes(os.urandom(100_000))
    (root / "empty.txt").write_bytes(b"")
    (root / "plots" / "a.csv").write_text("x,y\n1,2\n")
    (root / "plots" / "deep" / "b.json").write_text("{}")
    return root


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in pathlib.Path(folder).rglob("*") if p.is_file()}


def test_a_file_goes_up_and_comes_back(mlflow, experiment, tmp_path):
    data = os.urandom(300_000)
    (tmp_path / "weights.bin").write_bytes(data)
    with mlflow.start_run() as run:
        mlflow.log_artifact(tmp_path / "weights.bin")
        mlflow.log_artifact(tmp_path / "weights.bin", artifact_path="again/below")
    for path in ("weights.bin", "again/below/weights.bin"):
        down = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path)
        assert pathlib.Path(down).read_bytes() == data


def test_a_folder_goes_up_and_comes_back(mlflow, experiment, folder, tmp_path):
    with mlflow.start_run() as run:
        mlflow.log_artifacts(folder)
        mlflow.log_artifacts(folder, artifact_path="copy")
    whole = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path / "whole"))
    expected = content(folder)
    assert content(whole) == expected | {f"copy/{k}": v for k, v in expected.items()}
    part = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="copy/plots",
                                               dst_path=str(tmp_path / "part"))
    assert content(part) == {"a.csv": b"x,y\n1,2\n", "deep/b.json": b"{}"}


def test_listing_goes_level_by_level(client, run, folder):
    client.log_artifacts(run, str(folder))
    assert names(client, run) == [("empty.txt", False, 0), ("model.bin", False, 100_000), ("plots", True, None)]
    assert names(client, run, "plots") == [("plots/a.csv", False, 8), ("plots/deep", True, None)]
    assert names(client, run, "plots/deep") == [("plots/deep/b.json", False, 2)]
    assert names(client, run, "plots/deep/b.json") == []
    assert names(client, run, "missing") == []


def test_a_run_without_artifacts_lists_nothing(client, run):
    assert client.list_artifacts(run) == []


def test_an_empty_file(client, run, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    client.log_artifact(run, str(tmp_path / "empty"))
    assert names(client, run) == [("empty", False, 0)]
    assert pathlib.Path(client.download_artifacts(run, "empty")).read_bytes() == b""


def test_the_last_upload_of_a_name_wins(client, run):
    client.log_text(run, "one", "a.txt")
    client.log_text(run, "two and longer", "a.txt")
    assert names(client, run) == [("a.txt", False, 14)]
    assert pathlib.Path(client.download_artifacts(run, "a.txt")).read_text() == "two and longer"


@pytest.mark.parametrize("file_name", [
    "with space.txt", "ünïcödé.txt", "実験.txt", "🐦.txt", "100% sure.txt", "a+b.txt", "a&b=c.txt", "semi;colon.txt",
    "quote'.txt", "comma,.txt", "[brackets].txt", "(1).txt", "a@b.txt", "dollar$.txt", "..dots.txt", "dots...txt",
    ".hidden", "no_extension", "UPPER.TXT", "tilde~.txt", "exclaim!.txt", "x" * 200 + ".txt",
    "a.tar.gz", "-dash.txt", "é.txt", "é.txt",
])
def test_names_that_need_care(client, run, tmp_path, file_name):
    (tmp_path / "up").mkdir()
    (tmp_path / "down").mkdir()
    (tmp_path / "up" / file_name).write_text(file_name)
    client.log_artifact(run, str(tmp_path / "up" / file_name), "sub folder")
    assert [f.path for f in client.list_artifacts(run, "sub folder")] == [f"sub folder/{file_name}"]
    down = client.download_artifacts(run, f"sub folder/{file_name}", str(tmp_path / "down"))
    assert pathlib.Path(down).read_text() == file_name


def test_text_and_dictionaries(mlflow, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("hello\nwörld", "notes/a.txt")
        mlflow.log_text("<h1>x</h1>", "page.html")
        mlflow.log_dict({"k": [1, 2.5, None]}, "d.json")
        mlflow.log_dict({"k": "v"}, "d.yml")
    uri = run.info.artifact_uri
    assert mlflow.artifacts.load_text(f"{uri}/notes/a.txt") == "hello\nwörld"
    assert mlflow.artifacts.load_dict(f"{uri}/d.json") == {"k": [1, 2.5, None]}
    assert mlflow.artifacts.load_text(f"{uri}/d.yml").strip() == "k: v"


def test_a_figure(mlflow, experiment):
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3])
    with mlflow.start_run() as run:
        mlflow.log_figure(figure, "plots/curve.png")
    pyplot.close(figure)
    image = mlflow.artifacts.load_image(f"{run.info.artifact_uri}/plots/curve.png")
    assert image.size == (640, 480)


def test_images_by_file_and_by_step(mlflow, client, experiment):
    pixels = (numpy.arange(32 * 32 * 3) % 256).astype("uint8").reshape(32, 32, 3)
    with mlflow.start_run() as run:
        mlflow.log_image(pixels, "image.png")
        mlflow.log_image(Image.fromarray(pixels), "pil.png")
        for step in range(3):
            mlflow.log_image(pixels, key="samples", step=step, timestamp=1_700_000_000_000, synchronous=True)
    loaded = mlflow.artifacts.load_image(f"{run.info.artifact_uri}/image.png")
    assert (numpy.array(loaded)[..., :3] == pixels).all()
    listed = [f.path for f in client.list_artifacts(run.info.run_id, "images")]
    assert len(listed) == 6
    assert all(path.startswith("images/samples") for path in listed)
    for path in listed:
        assert os.path.getsize(client.download_artifacts(run.info.run_id, path)) > 0


def test_tables_grow_and_load_back(mlflow, experiment):
    with mlflow.start_run() as run:
        mlflow.log_table({"question": ["a", "b"], "score": [0.5, 1.0]}, "eval/table.json")
        mlflow.log_table(pandas.DataFrame({"question": ["c"], "score": [0.1]}), "eval/table.json")
    table = mlflow.load_table("eval/table.json", run_ids=[run.info.run_id])
    assert table["question"].tolist() == ["a", "b", "c"]
    assert table["score"].tolist() == [0.5, 1.0, 0.1]


def test_tables_of_several_runs_load_together(mlflow, experiment):
    runs = []
    for number in range(3):
        with mlflow.start_run() as run:
            mlflow.log_table({"n": [number, number + 10]}, "t.json")
            runs.append(run.info.run_id)
    with mlflow.start_run():
        mlflow.log_param("without", "a table")
    table = mlflow.load_table("t.json", extra_columns=["run_id"])
    assert sorted(table["n"].tolist()) == [0, 1, 2, 10, 11, 12]
    assert set(table["run_id"]) == set(runs)


def test_streams(mlflow, experiment):
    with mlflow.start_run() as run:
        mlflow.log_stream(io.BytesIO(b"streamed"), "s.bin")
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/s.bin") == "streamed"


def test_the_artifact_uri(mlflow, experiment):
    with mlflow.start_run() as run:
        assert mlflow.get_artifact_uri() == f"mlflow-artifacts:/{experiment}/{run.info.run_id}/artifacts"
        mlflow.log_text("x", "a/b.txt")
    listed = mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="a")
    assert [f.path for f in listed] == ["a/b.txt"]
    by_uri = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run.info.run_id}/a")
    assert [f.path.rsplit("/", 1)[-1] for f in by_uri] == ["b.txt"]


def test_deleting_a_file_and_a_folder(client, run, folder):
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    client.log_artifacts(run, str(folder))
    repository = get_artifact_repository(client.get_run(run).info.artifact_uri)
    repository.delete_artifacts("model.bin")
    repository.delete_artifacts("plots")
    assert names(client, run) == [("empty.txt", False, 0)]


def test_downloading_what_is_not_there_is_an_error(mlflow, client, run, raw, experiment):
    answer = raw.send("GET", raw.artifact_url(run, "missing.txt", experiment))
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(Exception, match="."):
        mlflow.artifacts.download_artifacts(run_id=run, artifact_path="missing.txt")


def test_an_upload_answers_200_without_a_body(raw):
    answer = raw.send("PUT", raw.artifact_url(raw.new_run(), "a/b.bin"), data=b"abc")
    assert answer.status_code == 200
    assert answer.content in (b"", b"{}")


def test_the_listing_endpoint_has_base_names(raw):
    run_id = raw.new_run()
    raw.send("PUT", raw.artifact_url(run_id, "a/z.bin"), data=b"abc")
    raw.send("PUT", raw.artifact_url(run_id, "a/b/c.bin"), data=b"abcd")
    listed = raw.send("GET", ARTIFACTS, params={"path": f"0/{run_id}/artifacts/a"}).json()
    assert listed == {"files": [{"path": "b", "is_dir": True}, {"path": "z.bin", "is_dir": False, "file_size": 3}]}
    missing = raw.send("GET", ARTIFACTS, params={"path": f"0/{run_id}/artifacts/nothing"})
    assert (missing.status_code, missing.json()) == (200, {})


def test_the_tracking_endpoint_lists_from_the_root_of_the_run(raw):
    run_id = raw.new_run()
    raw.send("PUT", raw.artifact_url(run_id, "a/z.bin"), data=b"abc")
    answer = raw.get("artifacts/list", run_id=run_id).json()
    assert answer["root_uri"] == f"mlflow-artifacts:/0/{run_id}/artifacts"
    assert answer["files"] == [{"path": "a", "is_dir": True}]
    below = raw.get("artifacts/list", run_id=run_id, path="a").json()
    assert below["files"] == [{"path": "a/z.bin", "is_dir": False, "file_size": 3}]


@pytest.fixture
def stored(raw):
    """The path of an artifact of 100,000 bytes, and its bytes."""
    data = os.urandom(100_000)
    path = raw.artifact_url(raw.new_run(), "data.bin")
    assert raw.send("PUT", path, data=data).status_code == 200
    return path, data


@pytest.mark.parametrize(("header", "start", "end"), [
    ("bytes=0-9", 0, 10), ("bytes=500-999", 500, 1000), ("bytes=99990-", 99_990, 100_000),
    ("bytes=-5", 99_995, 100_000), ("bytes=99999-200000", 99_999, 100_000), ("bytes=0-", 0, 100_000),
])
def test_ranges(raw, stored, header, start, end):
    path, data = stored
    answer = raw.send("GET", path, headers={"Range": header})
    assert answer.status_code == 206
    assert answer.content == data[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/100000"
    assert int(answer.headers["Content-Length"]) == end - start


def test_a_range_beyond_the_end_is_416(raw, stored):
    assert raw.send("GET", stored[0], headers={"Range": "bytes=100000-"}).status_code == 416


def test_a_whole_download_says_what_it_is(raw, stored):
    path, data = stored
    answer = raw.send("GET", path)
    assert answer.content == data
    assert answer.headers["Content-Length"] == "100000"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"]
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.martlet_only
def test_an_unchanged_artifact_is_304(raw, stored):
    path, data = stored
    tag = raw.send("GET", path).headers["ETag"]
    same = raw.send("GET", path, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    raw.send("PUT", path, data=data + b"!")
    assert raw.send("GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_the_ui_path_of_an_artifact(raw):
    run_id = raw.new_run()
    raw.send("PUT", raw.artifact_url(run_id, "page.html"), data=b"<script>alert(1)</script>")
    answer = raw.send("GET", "/get-artifact", params={"run_uuid": run_id, "path": "page.html"})
    assert answer.status_code == 200
    assert answer.content == b"<script>alert(1)</script>"
    disposition = answer.headers.get("Content-Disposition", "")
    assert "attachment" in disposition or "sandbox" in answer.headers.get("Content-Security-Policy", "")


def test_a_chunked_upload(raw):
    path = raw.artifact_url(raw.new_run(), "chunked.bin")
    data = os.urandom(700_000)
    answer = raw.send("PUT", path, data=iter([data[i:i + 70_000] for i in range(0, len(data), 70_000)]))
    assert answer.status_code == 200
    assert raw.send("GET", path).content == data


def test_a_large_file_goes_up_and_down_unchanged(client, run, tmp_path):
    block = os.urandom(1 << 20)
    with open(tmp_path / "large.bin", "wb") as file:
        for number in range(48):
            file.write(number.to_bytes(4, "big") + block[4:])
    client.log_artifact(run, str(tmp_path / "large.bin"))
    (tmp_path / "down").mkdir()
    down = client.download_artifacts(run, "large.bin", str(tmp_path / "down"))
    assert pathlib.Path(down).read_bytes() == (tmp_path / "large.bin").read_bytes()


def test_many_small_files(mlflow, experiment, tmp_path):
    for number in range(120):
        (tmp_path / f"{number:03}.txt").write_text(str(number) * number)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(tmp_path, "many")
    down = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="many")
    assert content(down) == content(tmp_path)


def test_artifacts_of_a_deleted_run_can_still_be_read(client, run):
    client.log_text(run, "kept", "a.txt")
    client.delete_run(run)
    assert pathlib.Path(client.download_artifacts(run, "a.txt")).read_text() == "kept"


def test_json_of_tables_is_what_mlflow_wrote(mlflow, client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_table({"a": [1]}, "t.json")
    stored = json.loads(pathlib.Path(client.download_artifacts(run.info.run_id, "t.json")).read_text())
    assert stored == {"columns": ["a"], "data": [[1]]}


@pytest.mark.parametrize(("name", "media_type"), [
    ("a.txt", "text/plain"), ("a.json", "text/plain"), ("a.csv", "text/plain"), ("a.yaml", "text/plain"),
    ("MLmodel", "text/plain"), ("a.pkl", "application/octet-stream"), ("noext", "application/octet-stream"),
    ("a.png", "image/png"), ("a.pdf", "application/pdf"),
])
def test_a_download_has_the_type_and_the_name_of_the_file(raw, name, media_type):
    run_id = raw.new_run()
    raw.send("PUT", raw.artifact_url(run_id, f"d/{name}"), data=b"x")
    for answer in (
        raw.send("GET", raw.artifact_url(run_id, f"d/{name}")),
        raw.send("GET", "/get-artifact", params={"run_uuid": run_id, "path": f"d/{name}"}),
    ):
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


def test_deleting_what_is_not_there_is_no_error(raw):
    run_id = raw.new_run()
    for _ in range(2):
        answer = raw.send("DELETE", raw.artifact_url(run_id, "gone.txt"))
        assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize(("query", "data", "message"), [
    ({}, b"x", "Request must specify run_uuid."),
    ({"run_uuid": "r"}, b"x", "Request must specify path."),
    ({"run_uuid": "r", "path": ""}, b"x", "Request must specify path."),
    ({"run_uuid": "r", "path": "../a"}, b"x", "Invalid path"),
    ({"run_uuid": "r", "path": "a.txt"}, b"", "Request must specify data."),
    ({"run_uuid": "r", "path": "a.txt"}, bytes((10 << 20) + 1), "Artifact size is too large. Max size is 10MB."),
])
def test_an_upload_from_the_web_interface_that_is_refused(raw, query, data, message):
    query = query | ({"run_uuid": raw.new_run()} if "run_uuid" in query else {})
    answer = raw.send("POST", "/ajax-api/2.0/mlflow/upload-artifact", params=query, data=data)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert message in answer.json()["message"]


def test_an_upload_from_the_web_interface(raw):
    query = {"run_uuid": raw.new_run(), "path": "up/a.txt"}
    assert raw.send("POST", "/ajax-api/2.0/mlflow/upload-artifact", params=query, data=b"abc").status_code == 200
    assert raw.send("GET", raw.artifact_url(query["run_uuid"], "up/a.txt")).content == b"abc"
