"""Artifacts that the unmodified client uses: found by every kind of name, downloaded, verified, and who made and used what."""

import os

import pytest
import requests

from wandb_artifacts import digest_of, files_in, filled, md5

CONTENTS = {"a.txt": b"one", "d/b.bin": bytes(range(256)), "d/deep/c ü.txt": b"three"}


# names

@pytest.mark.parametrize("form", ["data:v0", "data:latest", "data:best", "data", "{project}/data:v0",
                                  "default/{project}/data:best", "default/{project}/data:{digest}"])
def test_an_artifact_is_found_by_every_kind_of_name(wandb, log, project, form):
    logged = log(CONTENTS, aliases=["best"])
    with wandb.init(project=project) as run:
        used = run.use_artifact(form.format(project=project, digest=logged.digest))
    assert used.id == logged.id and used.type == "dataset" and used.version == "v0"
    assert used.qualified_name.startswith(f"default/{project}/data:")


@pytest.mark.parametrize("form", ["data:v1", "data:none", "none:v0", "{project}-none/data:v0",
                                  "nobody-{project}/{project}/data:v0", "data:V0", "data:v00", "data:v-1", "data:v0 ",
                                  "data:v99999999999999999999", "data:LATEST",
                                  "data:{half}", "Data:v0"])
def test_what_is_not_there_is_not_found(wandb, api, log, project, form):
    name = form.format(project=project, half=log(CONTENTS).digest[:16])
    with wandb.init(project=project) as run, pytest.raises((ValueError, wandb.errors.CommError), match="not found|404"):
        run.use_artifact(name)
    path = name if name.count("/") == 2 else f"default/{name}" if "/" in name else f"default/{project}/{name}"
    assert not api.artifact_exists(path)


def test_existence_is_told(api, log, project):
    log(CONTENTS, aliases=["best"])
    for name in ("data:v0", "data:latest", "data:best", "data"):
        assert api.artifact_exists(f"default/{project}/{name}")
    assert api.artifact_exists(f"default/{project}/data:v0", type="dataset")
    assert api.artifact_collection_exists(f"default/{project}/data", type="dataset")
    assert not api.artifact_collection_exists(f"default/{project}/data", type="model")
    assert not api.artifact_collection_exists(f"default/{project}/none", type="dataset")
    assert not api.artifact_collection_exists(f"default/{project}-none/data", type="dataset")


def test_an_artifact_of_one_project_is_not_in_another(wandb, api, log, project):
    log({"a": b"here"})
    log({"b": b"there"}, into=project + "-b")
    for name, file in ((project, "a"), (project + "-b", "b")):
        assert list(api.artifact(f"default/{name}/data:v0").manifest.entries) == [file]
    log({"only": b"here"}, name="only")
    assert not api.artifact_exists(f"default/{project}-b/only:v0")
    assert [one.name for one in api.artifact_collections(f"default/{project}-b", "dataset")] == ["data"]
    with wandb.init(project=project + "-b") as run:
        assert run.use_artifact(f"{project}/only:v0").project == project
        assert list(run.use_artifact("data:v0").manifest.entries) == ["b"]


def test_a_used_artifact_must_be_of_the_wanted_type(wandb, log, project):
    log(CONTENTS)
    with wandb.init(project=project) as run:
        assert run.use_artifact("data:v0", type="dataset").version == "v0"
        with pytest.raises((ValueError, wandb.errors.CommError), match="type"):
            run.use_artifact("data:v0", type="model")


# downloads

def test_a_download_is_what_was_logged(wandb, log, project, fresh, tmp_path):
    log(CONTENTS)
    with wandb.init(project=project) as run:
        artifact = run.use_artifact("data:latest")
        assert files_in(artifact.download(str(tmp_path / "out"))) == CONTENTS
        artifact.verify(str(tmp_path / "out"))
        assert files_in(artifact.download(str(tmp_path / "skip"), skip_cache=True)) == CONTENTS


def test_each_version_keeps_its_bytes(log, found, fresh, tmp_path):
    for i in range(3):
        log({"same": b"same", "changes": str(i).encode()})
    for i in range(3):
        assert files_in(found(f"data:v{i}").download(str(tmp_path / str(i)))) == {"same": b"same", "changes": str(i).encode()}


def test_a_part_is_downloaded_by_its_prefix(log, found, fresh, tmp_path):
    log(CONTENTS)
    got = files_in(found("data:v0").download(str(tmp_path / "out"), path_prefix="d/"))
    assert got == {name: content for name, content in CONTENTS.items() if name.startswith("d/")}
    assert files_in(found("data:v0").download(str(tmp_path / "none"), path_prefix="x")) == {}


def test_one_file_is_downloaded(log, found, fresh, tmp_path):
    log(CONTENTS)
    artifact = found("data:v0")
    path = artifact.get_entry("d/deep/c ü.txt").download(str(tmp_path / "out"))
    assert path == str(tmp_path / "out" / "d/deep/c ü.txt") and open(path, "rb").read() == b"three"
    assert list(files_in(tmp_path / "out")) == ["d/deep/c ü.txt"]
    with pytest.raises(KeyError):
        artifact.get_entry("none")


def test_the_only_file_is_downloaded(log, found, fresh, tmp_path):
    log({"d/a.txt": b"one"})
    assert open(found("data:v0").file(str(tmp_path)), "rb").read() == b"one"
    log(CONTENTS)
    with pytest.raises(ValueError, match="more than one file"):
        found("data:v1").file(str(tmp_path))


def test_a_changed_or_strange_file_fails_the_verification(log, found, fresh, tmp_path):
    log(CONTENTS)
    artifact = found("data:v0")
    root = artifact.download(str(tmp_path / "out"))
    (tmp_path / "out" / "a.txt").write_bytes(b"forged")
    with pytest.raises(ValueError, match="Digest mismatch"):
        artifact.verify(root)
    (tmp_path / "out" / "a.txt").write_bytes(b"one")
    (tmp_path / "out" / "strange").write_bytes(b"x")
    with pytest.raises(ValueError, match="not a member"):
        artifact.verify(root)


def test_a_checkout_removes_what_is_not_in_the_artifact(log, found, fresh, tmp_path):
    log(CONTENTS)
    root = tmp_path / "out"
    (root / "d").mkdir(parents=True)
    (root / "d" / "strange").write_bytes(b"x")
    (root / "a.txt").write_bytes(b"old")
    assert files_in(found("data:v0").checkout(str(root))) == CONTENTS


def test_files_are_listed_with_their_sizes_and_come_down(log, found, tmp_path):
    log(CONTENTS)
    files = {file.name: file for file in found("data:v0").files()}
    assert {name: file.size for name, file in files.items()} == {name: len(content) for name, content in CONTENTS.items()}
    assert {name: file.digest for name, file in files.items()} == {name: md5(content) for name, content in CONTENTS.items()}
    for name, content in CONTENTS.items():
        with files[name].download(str(tmp_path / "out"), replace=True) as got:
            assert open(got.name, "rb").read() == content
    assert [file.name for file in found("data:v0").files(names=["d/b.bin", "none"])] == ["d/b.bin"]
    assert len(found("data:v0").files()) == 3


def test_a_file_has_an_address_that_needs_no_login(log, found):
    log(CONTENTS)
    [file] = found("data:v0").files(names=["d/b.bin"])
    answer = requests.get(file.direct_url, timeout=10)
    assert (answer.status_code, answer.content) == (200, CONTENTS["d/b.bin"])
    part = requests.get(file.direct_url, headers={"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, part.content) == (206, CONTENTS["d/b.bin"][10:20])


@pytest.mark.needs_client("0.22", "such a call")
def test_a_file_has_an_address_for_who_is_logged_in(log, found, wire, project):
    """The one that the client falls back to when a link has expired."""
    log(CONTENTS)
    artifact = found("data:v0")
    url = artifact.manifest.storage_policy._file_url(artifact, artifact.get_entry("d/b.bin"))
    answer = wire.send("GET", url)
    assert (answer.status_code, answer.content) == (200, CONTENTS["d/b.bin"])
    hexadecimal = url.split("/")[-2]
    assert wire.send("GET", url.replace(hexadecimal, "0" * 32)).status_code == 404
    assert wire.send("GET", url.replace(f"/{project}/", f"/{project}-other/")).status_code == 404


def test_the_digest_can_be_computed(log, found):
    log(CONTENTS)
    assert found("data:v0").digest == digest_of({name: md5(content) for name, content in CONTENTS.items()})


# who made and who used

def test_who_logged_and_who_used_is_told(wandb, api, log, project, found):
    logged = log(CONTENTS)
    maker = logged.logged_by()
    users = []
    for _ in range(2):
        with wandb.init(project=project) as run:
            run.use_artifact("data:latest")
            run.use_artifact("data:v0")
            users.append(run.id)
    artifact = found("data:v0")
    assert artifact.logged_by().id == maker.id and sorted(run.id for run in artifact.used_by()) == sorted(users)
    assert [one.id for one in api.run(f"{project}/{maker.id}").logged_artifacts()] == [artifact.id]
    assert list(api.run(f"{project}/{maker.id}").used_artifacts()) == []
    for user in users:
        assert [(one.id, one.name) for one in api.run(f"{project}/{user}").used_artifacts()] == [(artifact.id, "data:v0")]
        assert list(api.run(f"{project}/{user}").logged_artifacts()) == []


def test_a_chain_of_runs_and_artifacts_is_told(wandb, api, project, found):
    with wandb.init(project=project) as first:
        first.log_artifact(filled(wandb.Artifact("raw", type="dataset"), {"a": b"1"})).wait()
    with wandb.init(project=project) as second:
        raw = second.use_artifact("raw:latest")
        for name in ("train", "test"):
            second.log_artifact(filled(wandb.Artifact(name, type="dataset"), {"of": name.encode()}))
    assert [run.id for run in found("raw:v0").used_by()] == [second.id] and raw.logged_by().id == first.id
    assert sorted(one.name for one in api.run(second.path).logged_artifacts()) == ["test:v0", "train:v0"]
    assert len(api.run(second.path).logged_artifacts()) == 2
    assert found("test:v0").logged_by().id == second.id and found("test:v0").used_by() == []


def test_a_run_that_logs_known_content_is_a_maker_of_it_too(wandb, api, log, project, found):
    first = log(CONTENTS)
    with wandb.init(project=project) as run:
        run.log_artifact(filled(wandb.Artifact("data", type="dataset"), CONTENTS)).wait()
    assert [one.id for one in api.run(run.path).logged_artifacts()] == [first.id]
    assert found("data:v0").logged_by().id == first.logged_by().id != run.id


def test_a_draft_that_is_used_is_logged_first(wandb, api, project, found):
    draft = filled(wandb.Artifact("data", type="dataset"), CONTENTS)
    with wandb.init(project=project) as run:
        used = run.use_artifact(draft, aliases=["mine"])
    assert used.version == "v0" and "mine" in found("data:v0").aliases
    assert [one.name for one in api.run(run.path).used_artifacts()] == ["data:v0"]
    assert [user.id for user in found("data:v0").used_by()] == [run.id]
    assert list(api.run(run.path).logged_artifacts()) == [] and found("data:v0").logged_by() is None


def test_an_artifact_of_another_project_is_used(wandb, api, log, project):
    log(CONTENTS, into=project + "-b")
    with wandb.init(project=project) as run:
        artifact = run.use_artifact(f"default/{project}-b/data:v0")
    [used] = api.run(run.path).used_artifacts()
    assert (used.id, used.project, used.name) == (artifact.id, project + "-b", "data:v0")
    [user] = artifact.used_by()
    assert (user.project, user.id) == (project, run.id)


def test_a_finished_run_uses_and_logs_through_the_public_api(wandb, api, log, project, found):
    artifact = log(CONTENTS)
    with wandb.init(project=project) as run:
        pass
    finished = api.run(run.path)
    finished.use_artifact(found("data:v0"))
    finished.log_artifact(found("data:v0"), aliases=["late"], tags=["late tag"])
    assert [one.id for one in api.run(run.path).used_artifacts()] == [artifact.id]
    assert [one.id for one in api.run(run.path).logged_artifacts()] == [artifact.id]
    assert "late" in found("data:v0").aliases and found("data:late").version == "v0"
    assert [user.id for user in found("data:v0").used_by()] == [run.id]
    assert api.run(run.path).state == "finished"


def test_using_a_run_that_is_not_there_is_refused(wandb, api, log, project, wire):
    artifact = log(CONTENTS)
    answer = wire.post(
        "mutation($e: String!, $p: String!, $r: String!, $a: ID!) { useArtifact(input: {entityName: $e, projectName: $p, "
        "runName: $r, artifactID: $a}) { artifact { id } } }", e="default", p=project, r="none", a=artifact.id)
    assert answer.status_code in (400, 404) and artifact.used_by() == []


def test_the_default_folder_is_named_after_the_version(log, found, fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_ARTIFACT_DIR", str(tmp_path / "artifacts"))
    log(CONTENTS)
    assert os.path.relpath(found("data:latest").download(), tmp_path) == "artifacts/data:v0"


def test_a_version_that_was_deleted_is_not_used(wandb, api, project):
    with wandb.init(project=project) as run:
        run.log_artifact(wandb.Artifact("gone", "model")).wait()
    known = api.artifact(f"{project}/gone:v0")
    api.artifact(f"{project}/gone:v0").delete(delete_aliases=True)
    with wandb.init(project=project) as run:
        # Old clients tell the status alone.
        with pytest.raises(Exception, match="deleted|400 Client Error"):
            run.use_artifact(known)
    assert list(api.run(run.path).used_artifacts()) == []
