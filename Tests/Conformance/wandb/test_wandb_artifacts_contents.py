"""What the unmodified client puts into artifacts: files of any name, references, tables, code; drafts, increments and parts."""

import os
import uuid

import pytest

from wandb_artifacts import digest_of, files_in, filled, md5

NAMES = ["plain.txt", "with space.txt", "ünï 漢 🐦.txt", "100%.txt", "%41.txt", "a+b.txt", "a#b.txt", "a?b.txt", "a&b=c.txt",
         "a;b,c.txt", "deep/er/and deeper/file.bin", "quote'd \"x\".txt", "[a].txt", ".hidden", "no extension", "x" * 200, "~",
         "ab:cd", "-",
         "e\u0301.txt", "...", "wandb_manifest.json", "a'b", "<b>.html", "{}"]


# files

@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:20])
def test_a_file_of_any_name_comes_back(log, found, fresh, tmp_path, name):
    content = os.urandom(1000)
    log({name: content})
    artifact = found("data:v0")
    assert list(artifact.manifest.entries) == [name] and artifact.size == 1000
    assert files_in(artifact.download(str(tmp_path / "out"))) == {name: content}
    [file] = artifact.files()
    assert (file.name, file.size) == (name, 1000)


@pytest.mark.parametrize("size", [0, 1, 65_536, 20_000_000])
def test_a_file_of_any_size_comes_back(log, found, fresh, tmp_path, size):
    content = os.urandom(size)
    log({"f.bin": content})
    artifact = found("data:v0")
    assert artifact.size == size and artifact.file_count == 1
    assert files_in(artifact.download(str(tmp_path / "out"))) == {"f.bin": content}


def test_a_large_file_comes_back_in_parts(log, found, fresh, tmp_path):
    content = os.urandom(3_000_000)
    log({"f.bin": content})
    assert files_in(found("data:v0").download(str(tmp_path / "out"), multipart=True)) == {"f.bin": content}


def test_files_come_from_paths_and_folders_and_are_written_in_place(wandb, project, found, fresh, tmp_path):
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "b.txt").write_text("b")
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add_file(str(folder / "a.txt"))
    artifact.add_file(str(folder / "a.txt"), name="renamed/again.txt")
    artifact.add_dir(str(folder), name="all")
    with artifact.new_file("made ☂.txt", encoding="utf-8") as file:
        file.write("☂")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    expected = {"a.txt": b"a", "renamed/again.txt": b"a", "all/a.txt": b"a", "all/sub/b.txt": b"b", "made ☂.txt": "☂".encode()}
    got = found("data:v0")
    assert files_in(got.download(str(tmp_path / "out"))) == expected and got.file_count == 5
    assert got.digest == digest_of({name: md5(content) for name, content in expected.items()})


def test_an_artifact_without_files_is_an_artifact(log, found, tmp_path):
    assert log({}, metadata={"only": "this"}).version == "v0"
    artifact = found("data:v0")
    assert (artifact.size, artifact.file_count, artifact.metadata) == (0, 0, {"only": "this"}) and list(artifact.files()) == []
    assert files_in(artifact.download(str(tmp_path / "out"))) == {}


def test_a_file_that_changes_while_it_is_logged_is_as_it_was_when_added(wandb, project, found, fresh, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("then")
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add_file(str(path))
    path.write_text("now")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    assert files_in(found("data:v0").download(str(tmp_path / "out"))) == {"a.txt": b"then"}


def test_three_hundred_small_files_come_back(log, found, fresh, tmp_path):
    contents = {f"{i % 10}/{i:03}.txt": str(i).encode() for i in range(300)}
    log(contents)
    artifact = found("data:v0")
    assert artifact.file_count == 300 and files_in(artifact.download(str(tmp_path / "out"))) == contents
    listed = [(file.name, file.size) for file in artifact.files(per_page=70)]
    assert len(listed) == 300 and dict(listed) == {name: len(content) for name, content in contents.items()}
    assert len(artifact.files()) == 300


def test_equal_files_in_one_artifact_all_come_back(log, found, fresh, tmp_path):
    contents = {f"{i}.txt": b"the same" for i in range(5)} | {"other.txt": b"not the same"}
    log(contents)
    assert files_in(found("data:v0").download(str(tmp_path / "out"))) == contents


# references

def test_a_reference_without_a_checksum_is_kept_as_it_is(wandb, project, found):
    uri = "https://host.invalid/x.csv?y=1&z=ü#part"
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add_reference(uri, checksum=False)
    artifact.add_reference(uri, name="renamed", checksum=False)
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    got = found("data:v0")
    assert sorted(got.manifest.entries) == sorted([uri.rpartition("/")[2], "renamed"]) and got.file_count == 2
    assert got.get_entry("renamed").ref == uri and got.get_entry("renamed").ref_target() == uri
    assert sorted(file.name for file in got.files()) == sorted([uri.rpartition("/")[2], "renamed"])


@pytest.mark.parametrize("uri", ["s3://bucket/path/file ü.bin", "gs://bucket/a/b", "https://acc.blob.core.windows.net/c/b",
                                 "custom://x/y"])
def test_references_to_object_stores_are_kept_as_they_are(wandb, project, found, uri):
    artifact = wandb.Artifact("data", type="dataset")
    # What `add_reference` makes where the libraries of the stores are there.
    entry = wandb.sdk.artifacts.artifact_manifest_entry.ArtifactManifestEntry
    artifact.manifest.add_entry(entry(path="plain", ref=uri, digest=uri))
    extra = {"etag": "abc-7", "versionID": "v.1"}
    artifact.manifest.add_entry(entry(path="d/full", ref=uri, digest="abc-7", size=7, extra=extra))
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    got = found("data:v0")
    assert {name: (one.ref, one.digest, one.extra) for name, one in got.manifest.entries.items()} == {
        "plain": (uri, uri, {}), "d/full": (uri, "abc-7", extra)}
    assert got.size == 7 and got.file_count == 2 and sorted(file.name for file in got.files()) == ["d/full", "plain"]


def test_references_to_local_files_are_downloaded(wandb, project, found, fresh, tmp_path):
    folder = tmp_path / "far"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add_reference(f"file://{folder}", name="all")
    with artifact.new_file("real.txt") as file:
        file.write("real")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    got = found("data:v0")
    assert got.size == 6 and got.get_entry("all/a.txt").ref == f"file://{folder}/a.txt"
    assert files_in(got.download(str(tmp_path / "out"))) == {"all/a.txt": b"a", "all/b.txt": b"b", "real.txt": b"real"}
    (folder / "a.txt").write_text("changed")
    # Of the whole artifact at once, the threads of the client undo each other's `skip_cache`.
    with pytest.raises(ValueError, match="Digest mismatch"):
        got.get_entry("all/a.txt").download(str(tmp_path / "again"), skip_cache=True)


def test_references_over_http_are_checked_and_downloaded(wandb, project, found, fresh, server, tmp_path):
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add_reference(server.url + "/health", name="health")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    got = found("data:v0")
    assert got.get_entry("health").ref == server.url + "/health"
    assert list(files_in(got.download(str(tmp_path / "out")))) == ["health"]


def test_a_reference_to_a_file_of_another_artifact_is_followed(wandb, log, project, found, fresh, tmp_path):
    log({"a.txt": b"from the first", "b.txt": b"b"}, name="first")
    artifact = wandb.Artifact("second", type="dataset")
    artifact.add_reference(found("first:v0").get_entry("a.txt").ref_url(), name="there.txt")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact).wait()
    assert files_in(found("second:v0").download(str(tmp_path / "out"))) == {"there.txt": b"from the first"}


# drafts, increments, parts

def test_a_draft_of_a_version_uploads_only_what_is_new(ran, counter, found, project, fresh, tmp_path):
    text = """
import os, wandb
def write(artifact, name, text):
    # Bytes that nobody has sent before.
    with artifact.new_file(name, mode="w") as file:
        file.write(text + os.environ["WANDB_PROJECT"])
artifact = wandb.Artifact("data", type="dataset", metadata={"n": 1})
for name in ("stays", "changes", "goes"):
    write(artifact, name, name.upper())
with wandb.init() as run:
    draft = run.log_artifact(artifact).wait().new_draft()
    draft.remove("goes")
    write(draft, "changes", "CHANGED")
    write(draft, "fresh", "FRESH")
    logged = run.log_artifact(draft).wait()
    print(logged.version, logged.metadata)
"""
    assert ran(text, on=counter).strip() == "v1 {'n': 1}"
    sent = [body.removesuffix(project) for body in counter.uploads()]
    assert sent == ["CHANGED", "CHANGES", "FRESH", "GOES", "STAYS", "manifest", "manifest"]
    for version, words in [("v0", {"stays": "STAYS", "changes": "CHANGES", "goes": "GOES"}),
                           ("v1", {"stays": "STAYS", "changes": "CHANGED", "fresh": "FRESH"})]:
        got = files_in(found(f"data:{version}").download(str(tmp_path / version)))
        assert got == {name: (word + project).encode() for name, word in words.items()}


def test_a_draft_without_changes_is_the_version_itself(wandb, log, project, api):
    first = log({"a": b"one"})
    with wandb.init(project=project) as run:
        assert run.log_artifact(first.new_draft()).wait().id == first.id
    assert [one.version for one in api.artifacts("dataset", f"default/{project}/data")] == ["v0"]


def test_a_draft_of_an_older_version_is_made_of_that_one(wandb, log, project, found, fresh, tmp_path):
    log({"a": b"one"})
    log({"b": b"two"})
    draft = filled(found("data:v0").new_draft(), {"c": b"three"})
    with wandb.init(project=project) as run:
        assert run.log_artifact(draft).wait().version == "v2"
    assert files_in(found("data:latest").download(str(tmp_path / "out"))) == {"a": b"one", "c": b"three"}


def test_removing_a_folder_removes_what_is_in_it(wandb, project, found):
    artifact = filled(wandb.Artifact("data", type="dataset"), {"d/a": b"1", "d/e/b": b"2", "da": b"3"})
    artifact.remove("d")
    with pytest.raises(FileNotFoundError):
        artifact.remove("none")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    assert list(found("data:v0").manifest.entries) == ["da"]


@pytest.mark.needs_client("0.22", "digest of an artifact")
def test_an_increment_adds_to_the_latest_version(wandb, log, project, found, fresh, tmp_path):
    log({"a": b"one", "b": b"two"})
    increment = filled(wandb.Artifact("data", type="dataset", incremental=True), {"b": b"new", "c": b"three"})
    with wandb.init(project=project) as run:
        assert run.log_artifact(increment).wait().version == "v1"
    artifact = found("data:latest")
    expected = {"a": b"one", "b": b"new", "c": b"three"}
    assert artifact.version == "v1" and files_in(artifact.download(str(tmp_path / "out"))) == expected
    assert (artifact.file_count, artifact.size) == (3, 11)
    assert found("data:v1")._digest == digest_of({name: md5(content) for name, content in expected.items()})


def test_an_increment_without_a_version_before_it_is_the_first(wandb, project, found, fresh, tmp_path):
    increment = filled(wandb.Artifact("data", type="dataset", incremental=True), {"a": b"one"})
    with wandb.init(project=project) as run:
        assert run.log_artifact(increment).wait().version == "v0"
    assert files_in(found("data:v0").download(str(tmp_path / "out"))) == {"a": b"one"}


@pytest.mark.needs_client("0.22", "digest of an artifact")
def test_parts_of_several_runs_are_one_artifact(wandb, project, found, fresh, tmp_path, wire):
    group = uuid.uuid4().hex
    for number in range(3):
        with wandb.init(project=project, group=group) as run:
            run.upsert_artifact(filled(wandb.Artifact("data", type="dataset"), {f"part {number}": str(number).encode()})).wait()
        with pytest.raises(Exception, match="not found"):
            found("data:latest")
    with wandb.init(project=project, group=group) as run:
        logged = run.finish_artifact(filled(wandb.Artifact("data", type="dataset"), {"last": b"one"}), aliases=["done"]).wait()
    artifact = found("data:done")
    expected = {"part 0": b"0", "part 1": b"1", "part 2": b"2", "last": b"one"}
    assert artifact.version == logged.version == "v0" and files_in(artifact.download(str(tmp_path / "out"))) == expected
    assert artifact.file_count == 4
    assert found("data:v0")._digest == digest_of({name: md5(text) for name, text in expected.items()})
    with wandb.init(project=project, group=group) as run:
        run.upsert_artifact(filled(wandb.Artifact("data", type="dataset"), {"next": b"n"})).wait()
        assert run.finish_artifact(filled(wandb.Artifact("data", type="dataset"), {"end": b"e"})).wait().version == "v1"
    assert sorted(found("data:v1").manifest.entries) == ["end", "next"]


# tables, code, models

def test_a_table_in_an_artifact_comes_back(wandb, project, found, fresh):
    rows = [[1, "ünï", 0.5, True], [2, "b", -1.25, False], [3, "", 1e-9, True]]
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add(wandb.Table(columns=["id", "text", "x", "flag"], data=rows), "t")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    table = found("data:v0").get("t")
    assert table.columns == ["id", "text", "x", "flag"] and table.data == rows
    assert found("data:v0").get("none") is None and list(found("data:v0").manifest.entries) == ["t.table.json"]


def test_a_logged_table_is_an_artifact_of_its_run(wandb, api, project, found, fresh):
    with wandb.init(project=project) as run:
        run.log({"pred": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
    artifact = found(f"run-{run.id}-pred:v0")
    assert artifact.type == "run_table" and artifact.get("pred").data == [[1, "x"], [2, "y"]]
    assert [one.name for one in api.run(run.path).logged_artifacts() if one.type == "run_table"] == [f"run-{run.id}-pred:v0"]
    summary = api.run(run.path).summary["pred"]
    assert (summary["_type"], summary["ncols"], summary["nrows"]) == ("table-file", 2, 2)


def test_a_table_with_images_comes_back(wandb, project, found, fresh):
    import numpy

    table = wandb.Table(columns=["id", "image"])
    for i in range(3):
        table.add_data(i, wandb.Image(numpy.full((4, 4, 3), i * 80, dtype="uint8")))
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add(table, "t")
    with wandb.init(project=project) as run:
        run.log_artifact(artifact)
    got = found("data:v0").get("t")
    assert [int(numpy.array(row[1].image)[0, 0, 0]) for row in got.data] == [0, 80, 160]


def test_code_is_logged_as_an_artifact(wandb, api, project, tmp_path, fresh):
    (tmp_path / "code" / "lib").mkdir(parents=True)
    (tmp_path / "code" / "train.py").write_text("print('ü')")
    (tmp_path / "code" / "lib" / "net.py").write_text("x = 1")
    (tmp_path / "code" / "data.csv").write_text("1,2")
    with wandb.init(project=project) as run:
        logged = run.log_code(str(tmp_path / "code"))
    logged.wait()
    [artifact] = [one for one in api.run(run.path).logged_artifacts() if one.type == "code"]
    assert artifact.id == logged.id and artifact.version == "v0"
    assert files_in(artifact.download(str(tmp_path / "out"))) == {"train.py": "print('ü')".encode(), "lib/net.py": b"x = 1"}


def test_a_model_is_logged_and_used(wandb, api, project, found, fresh, tmp_path):
    (tmp_path / "w.bin").write_bytes(b"weights")
    with wandb.init(project=project) as run:
        run.log_model(str(tmp_path / "w.bin"), name="net", aliases=["best"])
    assert found("net:best").type == "model" and found("net:latest").version == "v0"
    with wandb.init(project=project) as run:
        path = run.use_model("net:best")
        assert os.path.basename(path) == "w.bin" and open(path, "rb").read() == b"weights"
    assert [one.name for one in api.run(run.path).used_artifacts()] == ["net:v0"]
