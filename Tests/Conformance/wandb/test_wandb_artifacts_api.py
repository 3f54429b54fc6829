"""Collections and versions through the public API: lists in order, what can be changed of a collection, and deletion."""

import pytest


@pytest.fixture
def path(project):
    return f"default/{project}/data"


@pytest.fixture
def collection(api, path):
    """The collection as it is now."""
    return lambda name=path, type="dataset": api.artifact_collection(type, name)


def versions(api, path, **options):
    return [one.version for one in api.artifacts("dataset", path, **options)]


# lists

@pytest.mark.needs_client("0.22", "order of artifacts")
def test_versions_are_listed_newest_first(log, api, path):
    logged = [log({"i": str(i).encode()}, tags=["even" if i % 2 == 0 else "odd"]) for i in range(5)]
    listed = list(api.artifacts("dataset", path))
    assert [one.id for one in listed] == [one.id for one in reversed(logged)]
    assert [(one.name, one.version) for one in listed] == [(f"data:v{i}", f"v{i}") for i in (4, 3, 2, 1, 0)]
    assert listed[0].aliases == ["latest"] and listed[1].aliases == [] and listed[0].tags == ["even"]
    assert len(api.artifacts("dataset", path)) == 5 and versions(api, path, per_page=2) == ["v4", "v3", "v2", "v1", "v0"]
    assert versions(api, path, order="+createdAt") == ["v0", "v1", "v2", "v3", "v4"]
    assert versions(api, path, order="-createdAt") == ["v4", "v3", "v2", "v1", "v0"]
    assert versions(api, path, tags=["odd"]) == ["v3", "v1"] and versions(api, path, tags="even") == ["v4", "v2", "v0"]
    assert versions(api, path, tags=["odd", "even"]) == []


def test_many_versions_are_listed_in_pages(wandb, api, path, hand):
    for i in range(23):
        hand.log({"i": str(i).encode()})
    assert versions(api, f"default/{hand.wire.project}/data", per_page=5) == [f"v{i}" for i in range(22, -1, -1)]
    pages = api.artifacts("dataset", f"default/{hand.wire.project}/data", per_page=5)
    assert len(pages) == 23 and pages[7].version == "v15"


def test_types_are_listed(log, api, project):
    log({"a": b"1"}, name="a", type="dataset")
    log({"a": b"2"}, name="b", type="my model")
    types = {type.name for type in api.artifact_types(f"default/{project}")}
    assert {"dataset", "my model"} <= types
    assert api.artifact_type("my model", f"default/{project}").name == "my model"
    with pytest.raises(Exception, match="(?i)artifact type"):
        api.artifact_type("none", f"default/{project}")


@pytest.mark.needs_client("0.22", "order of collections")
def test_collections_are_listed(log, api, project):
    for name, type in [("b", "dataset"), ("a", "dataset"), ("c", "model")]:
        log({"of": name.encode()}, name=name, type=type)
    listed = api.artifact_collections(f"default/{project}", "dataset")
    assert sorted(one.name for one in listed) == ["a", "b"] and len(listed) == 2
    assert [one.name for one in api.artifact_collections(f"default/{project}", "dataset", order="+name")] == ["a", "b"]
    backwards = api.artifact_collections(f"default/{project}", "dataset", order="-name", per_page=1)
    assert [one.name for one in backwards] == ["b", "a"]
    assert [one.name for one in api.artifact_type("model", f"default/{project}").collections()] == ["c"]
    assert [one.name for one in api.artifact_type("dataset", f"default/{project}").collections(filters={"name": "a"})] == ["a"]
    every = {one.name: one.type for one in api.project(project, entity="default").collections()}
    assert {name: every[name] for name in "abc"} == {"a": "dataset", "b": "dataset", "c": "model"}


def test_what_a_collection_says_of_itself(log, collection, project):
    log({"a": b"1"}, aliases=["first"])
    log({"a": b"2"}, aliases=["second"])
    found = collection()
    assert (found.name, found.type, found.entity, found.project) == ("data", "dataset", "default", project)
    assert found.is_sequence() and found.id and found.created_at.startswith("20") and not found.description and found.tags == []
    assert {"latest", "first", "second"} <= set(found.aliases) <= {"latest", "first", "second", "v0", "v1"}
    assert [one.version for one in found.artifacts()] == ["v1", "v0"]
    assert found.artifacts()[0].collection.id == found.id


def test_a_collection_that_is_not_there_is_told(wandb, log, collection, path):
    log({"a": b"1"})
    for name, type in [(path + "-none", "dataset"), (path, "model")]:
        with pytest.raises((ValueError, wandb.errors.CommError)):
            collection(name, type)


# changes

def test_a_collection_is_described_and_tagged(log, collection):
    log({"a": b"1"}, description="of the version")
    found = collection()
    found.description, found.tags = "# All ☂\nof them", ["t 1", "ünï"]
    found.save()
    assert collection().description == "# All ☂\nof them" and sorted(collection().tags) == ["t 1", "ünï"]
    found = collection()
    found.tags = ["t 1", "new"]
    found.save()
    assert sorted(collection().tags) == ["new", "t 1"] and collection().description == "# All ☂\nof them"
    found.tags, found.description = [], ""
    found.save()
    assert collection().tags == [] and not collection().description


def test_a_collection_is_renamed(wandb, log, api, collection, path, project):
    first = log({"a": b"1"}, aliases=["best"])
    found = collection()
    found.name = "other"
    found.save()
    assert not api.artifact_exists(path + ":v0") and api.artifact(f"default/{project}/other:best").id == first.id
    assert versions(api, f"default/{project}/other") == ["v0"]
    assert log({"a": b"2"}, name="other").version == "v1" and log({"a": b"1"}).version == "v0"


def test_a_collection_is_not_renamed_to_another(wandb, log, api, collection, path, project):
    log({"a": b"1"})
    log({"a": b"2"}, name="other")
    found = collection()
    found.name = "other"
    with pytest.raises(wandb.errors.CommError):
        found.save()
    assert list(api.artifact(path + ":v0").manifest.entries.values())[0].digest != \
        list(api.artifact(f"default/{project}/other:v0").manifest.entries.values())[0].digest


def test_the_type_of_a_collection_is_changed(log, api, collection, path):
    log({"a": b"1"})
    found = collection()
    found.type = "model"
    found.save()
    assert api.artifact(path + ":v0").type == "model" and collection(type="model").name == "data"
    assert log({"a": b"2"}, type="model").version == "v1"


def test_the_type_of_a_collection_with_linked_versions_stays(wandb, log, api, collection, path, project):
    log({"a": b"1"})
    api.artifact(path + ":v0").link(f"default/{project}/best")
    found = collection()
    found.type = "model"
    with pytest.raises(Exception, match="unlink them before"):
        found.save()
    assert api.artifact(f"default/{project}/best:v0").collection.name == "best"


def test_aliases_are_added_all_or_none(log, api, path):
    log({"a": b"1"})
    artifact = api.artifact(path + ":v0")
    artifact.aliases += ["one", "two", "v7"]
    with pytest.raises(Exception, match="'v7' is no alias"):
        artifact.save()
    assert api.artifact(path + ":v0").aliases == ["latest"]


def test_a_collection_is_deleted_with_its_versions(log, api, collection, path, project):
    log({"a": b"1"})
    log({"a": b"2"}, name="other")
    collection().delete()
    assert not api.artifact_exists(path + ":v0") and not api.artifact_collection_exists(path, "dataset")
    assert [one.name for one in api.artifact_collections(f"default/{project}", "dataset")] == ["other"]
    assert log({"a": b"1"}).name == "data:v0" and api.artifact(path + ":latest").version == "v0"


# deletion

def test_a_version_is_deleted(log, api, path):
    for i in range(3):
        log({"i": str(i).encode()})
    api.artifact(path + ":v1").delete()
    assert not api.artifact_exists(path + ":v1") and versions(api, path) == ["v2", "v0"]
    assert len(api.artifacts("dataset", path)) == 2
    assert api.artifact(path + ":v0").manifest.entries and api.artifact(path + ":latest").version == "v2"


@pytest.mark.parametrize("aliases", [[], ["best"]])
def test_a_version_with_aliases_is_not_deleted_by_mistake(wandb, log, api, path, aliases):
    log({"a": b"1"}, aliases=aliases)
    with pytest.raises(wandb.errors.CommError, match="(?i)alias"):
        api.artifact(path + ":v0").delete()
    assert sorted(api.artifact(path + ":v0").aliases) == [*aliases, "latest"]
    api.artifact(path + ":v0").delete(delete_aliases=True)
    assert not api.artifact_exists(path + ":v0") and not api.artifact_exists(path + ":latest") and versions(api, path) == []


def test_the_number_of_a_deleted_version_is_not_given_again(log, api, path):
    log({"a": b"1"})
    log({"a": b"2"})
    api.artifact(path + ":v1").delete(delete_aliases=True)
    assert log({"a": b"3"}).version == "v2" and versions(api, path) == ["v2", "v0"]


def test_the_latest_after_a_deletion_is_the_newest_that_is_left(log, api, path):
    for i in range(3):
        log({"i": str(i).encode()})
    api.artifact(path + ":v2").delete(delete_aliases=True)
    assert api.artifact(path + ":latest").version == "v1" and api.artifact(path + ":v1").aliases == ["latest"]


def test_deleted_content_that_is_logged_again_is_a_new_version(log, api, path, fresh, tmp_path):
    first = log({"a": b"1"})
    log({"a": b"2"})
    api.artifact(path + ":v0").delete()
    again = log({"a": b"1"})
    assert again.version == "v2" and again.id != first.id
    assert open(api.artifact(path + ":v2").file(str(tmp_path / "out")), "rb").read() == b"1"


def test_deleting_a_version_leaves_files_that_others_share(log, api, path, fresh, tmp_path):
    log({"shared": b"shared", "own": b"1"})
    log({"shared": b"shared", "own": b"2"})
    api.artifact(path + ":v0").delete()
    api.artifact(path + ":v1").get_entry("shared").download(str(tmp_path / "out"), skip_cache=True)
    assert (tmp_path / "out" / "shared").read_bytes() == b"shared"


def test_a_deleted_version_is_no_longer_told_of_its_runs(wandb, log, api, path, project):
    maker = log({"a": b"1"}).logged_by()
    with wandb.init(project=project) as run:
        run.use_artifact("data:v0")
    api.artifact(path + ":v0").delete(delete_aliases=True)
    assert [one.name for one in api.run(f"{project}/{maker.id}").logged_artifacts() if one.state == "COMMITTED"] == []
    assert [one.name for one in api.run(run.path).used_artifacts() if one.state == "COMMITTED"] == []


def test_deleting_a_run_leaves_or_takes_its_artifacts(log, api, path, project):
    first, second = log({"a": b"1"}), log({"a": b"2"})
    api.run(f"{project}/{first.logged_by().id}").delete()
    assert api.artifact(path + ":v0").state == "COMMITTED" and api.artifact(path + ":v0").logged_by() is None
    api.run(f"{project}/{second.logged_by().id}").delete(delete_artifacts=True)
    assert not api.artifact_exists(path + ":v1") and versions(api, path) == ["v0"]
