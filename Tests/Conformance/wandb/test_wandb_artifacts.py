"""Artifacts that the unmodified `wandb` client logs: versions by content, aliases, and what an artifact says of itself."""

import datetime
import re
import time

import pytest

from wandb_artifacts import digest_of, md5

METADATA = {
    "rows": 3, "share": 0.25, "flag": True, "none": None, "text": "ünï 漢 🐦", "deep": {"a": {"b": [1, "two", {"c": 3.5}]}},
    "list": [], "empty": {}, "quote": "'\"\\\n", "a.b/c d": 1, "big": 2**53 - 1, "long": "x" * 20_000,
}


def versions(api, project, name="data", type="dataset"):
    return [one.version for one in api.artifacts(type, f"default/{project}/{name}")]


# versions

def test_changed_content_is_a_new_version_and_latest_moves(log, found, api, project):
    first, second = log({"a.txt": b"one"}), log({"a.txt": b"two"})
    assert (first.version, second.version) == ("v0", "v1") and first.id != second.id and first.digest != second.digest
    assert found("data:latest").id == second.id and found("data:latest").aliases == ["latest"]
    assert found("data:v0").aliases == [] and found("data").id == second.id
    assert versions(api, project) == ["v1", "v0"]


def test_a_folder_with_one_changed_file_is_a_new_version(wandb, project, tmp_path, found):
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    for number, text in enumerate(["one", "two"]):
        (tmp_path / "folder" / "deep" / "b.txt").write_text(text)
        (tmp_path / "folder" / "a.txt").write_text("the same")
        with wandb.init(project=project) as run:
            logged = run.log_artifact(str(tmp_path / "folder"), name="data", type="dataset").wait()
            assert logged.version == f"v{number}"
    assert sorted(found("data:v1").manifest.entries) == ["a.txt", "deep/b.txt"]


def test_a_path_without_a_name_is_named_after_the_run(wandb, project, tmp_path, found):
    (tmp_path / "weights.bin").write_text("w")
    with wandb.init(project=project) as run:
        run.log_artifact(str(tmp_path / "weights.bin")).wait()
    artifact = found(f"run-{run.id}-weights.bin:v0")
    assert artifact.type == "unspecified" and list(artifact.manifest.entries) == ["weights.bin"]


@pytest.mark.parametrize("change", [{"b.txt": b"one"}, {"a.txt": b"one", "b.txt": b""}, {"d/a.txt": b"one"}, {}])
def test_a_name_more_or_less_is_another_version(log, change):
    log({"a.txt": b"one"})
    assert log(change).version == "v1"


def test_the_same_content_is_the_same_version(log, api, project, found):
    first = log({"a.txt": b"one", "d/b.bin": bytes(range(256))}, description="first", metadata={"n": 1})
    again = log({"d/b.bin": bytes(range(256)), "a.txt": b"one"}, aliases=["again"], description="second", metadata={"n": 2})
    assert (again.id, again.version) == (first.id, "v0") and versions(api, project) == ["v0"]
    assert sorted(found("data:v0").aliases) == ["again", "latest"]


def test_the_same_content_is_not_uploaded_again(ran, counter, project):
    text = """
import os, wandb
for _ in range(2):
    artifact = wandb.Artifact("data", type="dataset")
    for name in ("ONE", "TWO"):
        with artifact.new_file(name) as file:
            file.write(f"{name} {os.environ['WANDB_PROJECT']}")
    with wandb.init() as run:
        print(run.log_artifact(artifact).wait().version)
"""
    assert ran(text, on=counter).split() == ["v0", "v0"]
    assert counter.uploads() == [f"ONE {project}", f"TWO {project}", "manifest"]
    assert counter.count("CreateArtifact") == 2 and counter.count("CommitArtifact") == 1


def test_an_older_content_logged_again_is_the_older_version_and_the_latest(log, found, api, project):
    first = log({"a": b"one"})
    log({"a": b"two"})
    assert log({"a": b"one"}).id == first.id
    assert found("data:latest").version == "v0" and found("data:v1").aliases == [] and versions(api, project) == ["v1", "v0"]
    assert log({"a": b"three"}).version == "v2"


def test_the_same_content_under_another_name_is_another_artifact(log, found):
    first, other = log({"a": b"one"}), log({"a": b"one"}, name="other", type="model")
    assert first.id != other.id and other.version == "v0" and other.digest == first.digest
    assert (found("data:v0").type, found("other:v0").type) == ("dataset", "model")


def test_versions_count_on_in_one_run(wandb, project, found):
    with wandb.init(project=project) as run:
        for i in range(12):
            artifact = wandb.Artifact("data", type="dataset")
            with artifact.new_file("i.txt") as file:
                file.write(str(i))
            run.log_artifact(artifact)
    for i in (0, 9, 10, 11):
        assert found(f"data:v{i}").manifest.entries["i.txt"].digest == md5(str(i).encode())
    assert found("data:latest").version == "v11"


# aliases

def test_aliases_are_given_and_moved(log, found):
    log({"a": b"one"}, aliases=["best", "prod-1", "ünï 漢"])
    assert sorted(found("data:v0").aliases) == ["best", "latest", "prod-1", "ünï 漢"]
    log({"a": b"two"}, aliases=["best"])
    assert sorted(found("data:v0").aliases) == ["prod-1", "ünï 漢"] and sorted(found("data:v1").aliases) == ["best", "latest"]
    assert (found("data:best").version, found("data:ünï 漢").version) == ("v1", "v0")


@pytest.mark.parametrize("alias", ["a/b", "a:b", ["fine", "not/fine"]])
def test_an_alias_with_a_separator_is_refused_by_the_client(wandb, log, project, alias):
    with pytest.raises(ValueError, match="liases must not contain"):
        log({"a": b"one"}, aliases=alias)


def test_an_alias_like_a_version_hides_no_version(wandb, log, found):
    log({"a": b"one"})
    try:
        log({"a": b"two"}, aliases=["v0"])
    except (ValueError, wandb.errors.CommError):
        log({"a": b"two"})
    assert found("data:v0").manifest.entries["a"].digest == md5(b"one")
    assert found("data:v1").manifest.entries["a"].digest == md5(b"two")


def test_an_alias_belongs_to_its_collection(log, found):
    log({"a": b"one"}, aliases=["best"])
    log({"a": b"two"}, name="other", aliases=["best"])
    assert "best" in found("data:v0").aliases and "best" in found("other:v0").aliases


def test_aliases_are_changed_by_save(log, found):
    log({"a": b"one"}, aliases=["old", "stays"])
    log({"a": b"two"})
    artifact = found("data:v0")
    artifact.aliases.remove("old")
    artifact.aliases.append("new")
    artifact.aliases.append("latest")
    artifact.save()
    assert sorted(found("data:v0").aliases) == ["latest", "new", "stays"] and found("data:v1").aliases == []
    assert found("data:new").version == "v0" and not found_or_none(found, "data:old")
    artifact = found("data:v0")
    artifact.aliases = []
    artifact.save()
    assert found("data:v0").aliases == [] and not found_or_none(found, "data:latest")


def found_or_none(found, name):
    try:
        return found(name)
    except Exception as error:
        assert "not found" in str(error), error
        return None


# what an artifact says of itself

def test_what_an_artifact_says_of_itself(wandb, api, project, log, found):
    contents = {"a.txt": b"12345", "d/b.bin": b"", "d/c": b"x" * 1000}
    before = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(seconds=5)
    logged = log(contents, description="first", tags=["t 1"], aliases=["best"])
    for one in (logged, found("data:best")):
        assert (one.version, one.state, one.type, one.size, one.file_count) == ("v0", "COMMITTED", "dataset", 1005, 3)
        assert (one.entity, one.project, one.source_entity, one.source_project) == ("default", project, "default", project)
        assert one.qualified_name == f"default/{project}/{one.name}" and one.source_name == "data:v0"
        assert one.digest == digest_of({name: md5(content) for name, content in contents.items()})
        assert sorted(one.aliases) == ["best", "latest"] and one.tags == ["t 1"] and one.description == "first"
        assert one.commit_hash and not one.is_link and not one.is_draft() and one.ttl is None
        created = datetime.datetime.fromisoformat(one.created_at.removesuffix("Z"))
        assert before < created < before + datetime.timedelta(seconds=120)
    assert logged.name == "data:v0" and logged.collection.name == "data" and logged.source_artifact is logged


def test_a_draft_says_little(wandb):
    draft = wandb.Artifact("data", type="dataset")
    assert draft.state == "PENDING" and draft.is_draft() and draft.id is None
    with pytest.raises(wandb.sdk.artifacts.exceptions.ArtifactNotLoggedError):
        draft.version


def test_an_artifact_without_a_run_gets_one(wandb, project, found, api):
    artifact = wandb.Artifact("data", type="dataset")
    with artifact.new_file("a") as file:
        file.write("one")
    artifact.save(project=project)
    artifact.wait()
    assert found("data:v0").logged_by().job_type == "auto"


def test_metadata_comes_back(log, found):
    log({"a": b"one"}, metadata=METADATA)
    assert found("data:v0").metadata == METADATA


def test_metadata_of_the_same_content_is_not_changed_by_logging(log, found):
    log({"a": b"one"}, metadata={"n": 1}, description="old")
    log({"a": b"one"}, metadata={"n": 2}, description="new")
    assert found("data:v0").metadata == {"n": 1} and found("data:v0").description == "old"


def test_save_changes_what_can_be_changed(log, found):
    log({"a": b"one"}, metadata={"n": 1, "gone": 2}, tags=["old", "stays"], description="old")
    artifact = found("data:v0")
    artifact.description = "# New ☂\nline"
    artifact.metadata["n"] = {"deep": [1, None]}
    del artifact.metadata["gone"]
    artifact.tags = ["stays", "new", "with space", "ünï_漢"]
    artifact.save()
    artifact = found("data:v0")
    assert artifact.description == "# New ☂\nline" and artifact.metadata == {"n": {"deep": [1, None]}}
    assert sorted(artifact.tags) == ["new", "stays", "with space", "ünï_漢"] and artifact.aliases == ["latest"]
    artifact.description, artifact.metadata, artifact.tags = "", {}, []
    artifact.save()
    artifact = found("data:v0")
    assert not artifact.description and artifact.metadata == {} and artifact.tags == []


def test_save_of_one_version_leaves_the_other(log, found):
    log({"a": b"one"}, metadata={"n": 1}, tags=["t"], description="first")
    second = log({"a": b"two"}, metadata={"n": 2})
    second.description = "second"
    second.tags = ["u"]
    second.save()
    assert (found("data:v0").description, found("data:v0").metadata, found("data:v0").tags) == ("first", {"n": 1}, ["t"])
    assert (found("data:v1").description, found("data:v1").metadata, found("data:v1").tags) == ("second", {"n": 2}, ["u"])


@pytest.mark.parametrize("tag", ["a/b", "a:b", "", " a", "a.b", "☂"])
def test_a_tag_with_punctuation_is_refused_by_the_client(log, tag):
    with pytest.raises(ValueError, match="tag"):
        log({"a": b"one"}, tags=[tag])


def test_a_time_to_live_is_kept_and_changed(wandb, project, found):
    artifact = wandb.Artifact("data", type="dataset")
    with artifact.new_file("a") as file:
        file.write("one")
    artifact.ttl = datetime.timedelta(days=30)
    with wandb.init(project=project) as run:
        assert run.log_artifact(artifact).wait().ttl == datetime.timedelta(days=30)
    artifact = found("data:v0")
    assert artifact.ttl == datetime.timedelta(days=30)
    artifact.description = "the time stays"
    artifact.save()
    assert found("data:v0").ttl == datetime.timedelta(days=30)
    artifact.ttl = datetime.timedelta(hours=1)
    artifact.save()
    assert found("data:v0").ttl == datetime.timedelta(hours=1)
    artifact.ttl = None
    artifact.save()
    assert found("data:v0").ttl is None
    artifact.ttl = wandb.ArtifactTTL.INHERIT
    artifact.save()
    assert found("data:v0").ttl is None


def test_the_step_of_the_run_is_kept(wandb, project, found):
    with wandb.init(project=project) as run:
        for i in range(5):
            run.log({"x": i})
        artifact = wandb.Artifact("data", type="dataset")
        with artifact.new_file("a") as file:
            file.write("one")
        run.log_artifact(artifact).wait()
    assert found("data:v0").history_step == 4


# types

def test_artifacts_of_several_types_are_apart(log, api, project):
    for name, type in [("a", "dataset"), ("b", "dataset"), ("c", "model"), ("d", "a type.with-all_1")]:
        log({"a": name.encode()}, name=name, type=type)
    types = {type.name: sorted(one.name for one in type.collections()) for type in api.artifact_types(f"default/{project}")}
    assert {key: types[key] for key in ("dataset", "model", "a type.with-all_1")} == {
        "dataset": ["a", "b"], "model": ["c"], "a type.with-all_1": ["d"]}


def test_another_type_for_a_name_is_refused_soon(wandb, log, project, found):
    log({"a": b"one"})
    begun = time.monotonic()
    artifact = wandb.Artifact("data", type="model")
    with artifact.new_file("a") as file:
        file.write("two")
    with wandb.init(project=project) as run, pytest.raises(ValueError, match="(?i)type|dataset"):
        run.log_artifact(artifact).wait()
    assert time.monotonic() - begun < 30
    assert found("data:latest").version == "v0" and found("data:latest").type == "dataset"


def test_the_wrong_type_is_told_when_it_is_asked_for(wandb, log, found):
    log({"a": b"one"})
    assert found("data:v0", type="dataset").version == "v0"
    with pytest.raises((ValueError, wandb.errors.CommError), match="type"):
        found("data:v0", type="model")


@pytest.mark.parametrize("name", ["a", "A-b_c.d", "0", "x" * 128, "v0", "latest", ".hidden"])
def test_a_collection_may_have_any_name_that_the_client_lets_pass(log, api, project, name):
    assert log({"a": b"one"}, name=name).name == f"{name}:v0"
    assert api.artifact(f"default/{project}/{name}:v0").version == "v0"
    assert [one.version for one in api.artifacts("dataset", f"default/{project}/{name}")] == ["v0"]
    assert re.fullmatch(r"[0-9a-f]{32}", api.artifact(f"default/{project}/{name}:latest").digest)
