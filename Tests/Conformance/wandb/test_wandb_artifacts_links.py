"""Links: one version in other collections, too, of the same project, of another, and of a registry."""

import pytest

from wandb_artifacts import files_in, filled

CONTENTS = {"w.bin": b"weights", "d/c.txt": b"c"}


@pytest.fixture
def linked(log, project):
    """A logged artifact and a link to it."""
    def linked(aliases=None, target="{project}/shelf", contents=None, name="net"):
        source = log(contents or CONTENTS, name=name, type="model", metadata={"n": 1}, description="made")
        return source, source.link(f"default/{target.format(project=project)}", aliases)

    return linked


def test_a_link_is_the_version_under_another_name(linked, found, project, fresh, tmp_path):
    source, link = linked(["staging"])
    for one in (link, found("shelf:staging"), found("shelf:latest"), found("shelf:v0")):
        assert one.is_link and one.id == source.id and one.digest == source.digest and one.type == "model"
        assert (one.name.partition(":")[0], one.version, one.source_name, one.source_version) == ("shelf", "v0", "net:v0", "v0")
        assert (one.source_project, one.project) == (project, project) and one.metadata == {"n": 1}
        assert sorted(one.aliases) == ["latest", "staging"]
    assert not found("net:v0").is_link and found("net:v0").aliases == ["latest"]
    assert files_in(found("shelf:v0").download(str(tmp_path / "out"))) == CONTENTS


@pytest.mark.needs_client("0.22", "time of a link")
def test_the_source_knows_its_links_and_the_link_its_source(linked, found, project):
    source, link = linked(["staging"])
    source.link(f"default/{project}/other", ["x"])
    links = {one.qualified_name: one for one in found("net:v0").linked_artifacts}
    assert sorted(links) == [f"default/{project}/other:v0", f"default/{project}/shelf:v0"]
    assert "staging" in links[f"default/{project}/shelf:v0"].aliases and links[f"default/{project}/other:v0"].is_link
    assert links[f"default/{project}/other:v0"].linked_at
    assert link.linked_artifacts == [] and link.source_artifact.qualified_name == f"default/{project}/net:v0"
    assert link.source_artifact.id == source.id and not link.source_artifact.is_link


def test_an_artifact_without_links_has_none(log, found):
    log(CONTENTS)
    assert found("data:v0").linked_artifacts == [] and found("data:v0").source_artifact.name == "data:v0"


def test_a_shelf_counts_its_own_versions(linked, log, found, api, project):
    linked(["staging"])
    log({"a": b"2"}, name="net", type="model")
    third = log({"a": b"3"}, name="net", type="model")
    assert third.link(f"default/{project}/shelf", ["staging"]).version == "v1"
    assert found("shelf:v1").source_name == "net:v2" and found("shelf:staging").version == "v1"
    assert found("shelf:latest").version == "v1" and found("shelf:v0").aliases == []
    assert [one.version for one in api.artifacts("model", f"default/{project}/shelf")] == ["v1", "v0"]


def test_a_version_linked_again_stays_one(linked, found, api, project):
    source, _ = linked(["a"])
    again = source.link(f"default/{project}/shelf", ["b"])
    assert again.version == "v0" and sorted(found("shelf:v0").aliases) == ["a", "b", "latest"]
    assert len(api.artifacts("model", f"default/{project}/shelf")) == 1


def test_a_run_links_what_it_has_logged(wandb, project, found):
    with wandb.init(project=project) as run:
        artifact = filled(wandb.Artifact("net", type="model"), CONTENTS)
        link = run.link_artifact(artifact, f"{project}/shelf", aliases=["prod"])
        assert (link.name, link.is_link) == ("shelf:v0", True)
        assert run.link_artifact(artifact, "short").qualified_name == f"default/{project}/short:v0"
    assert found("shelf:prod").source_name == "net:v0" and found("net:v0").aliases == ["latest"]


def test_a_link_into_another_project_makes_it(linked, api, project):
    source, link = linked(["x"], target="{project}-shelf/shelf")
    assert (link.project, link.source_project) == (project + "-shelf", project)
    found = api.artifact(f"default/{project}-shelf/shelf:x")
    assert found.id == source.id and found.source_project == project
    assert [one.name for one in api.artifact_collections(f"default/{project}-shelf", "model")] == ["shelf"]


def test_a_link_into_a_collection_of_another_type_is_refused(wandb, linked, log, project, found):
    linked()
    data = log({"a": b"1"}, type="dataset")
    with pytest.raises((ValueError, wandb.errors.CommError), match="(?i)type|model"):
        data.link(f"default/{project}/shelf")
    assert found("shelf:latest").source_name == "net:v0"


def test_a_link_into_a_sequence_is_refused(wandb, linked, log, project, api):
    source, _ = linked()
    log({"a": b"1"}, name="sequence", type="model")
    with pytest.raises((ValueError, wandb.errors.CommError)):
        source.link(f"default/{project}/sequence")
    assert [one.version for one in api.artifacts("model", f"default/{project}/sequence")] == ["v0"]


def test_nothing_is_logged_into_a_shelf(wandb, linked, project, found):
    linked()
    with wandb.init(project=project) as run, pytest.raises(ValueError):
        run.log_artifact(filled(wandb.Artifact("shelf", type="model"), {"a": b"1"})).wait()
    assert found("shelf:latest").source_name == "net:v0"


def test_a_link_is_taken_back_and_the_source_stays(linked, api, found, project):
    linked(["x"])
    found("shelf:v0").unlink()
    assert not api.artifact_exists(f"default/{project}/shelf:v0") and not api.artifact_exists(f"default/{project}/shelf:x")
    assert found("net:v0").state == "COMMITTED" and found("net:v0").linked_artifacts == []
    with pytest.raises(ValueError, match="not a linked artifact"):
        found("net:v0").unlink()


def test_deleting_a_link_is_taking_it_back(linked, api, found, project):
    linked(["x"])
    found("shelf:x").delete()
    assert not api.artifact_exists(f"default/{project}/shelf:v0") and found("net:v0").state == "COMMITTED"


def test_deleting_the_source_takes_the_links(linked, api, found, project):
    linked(["x"])
    found("net:v0").delete(delete_aliases=True)
    assert not api.artifact_exists(f"default/{project}/net:v0") and not api.artifact_exists(f"default/{project}/shelf:v0")
    assert not api.artifact_exists(f"default/{project}/shelf:x")


def test_aliases_of_a_link_are_its_own(linked, found):
    linked(["staging"])
    link = found("shelf:v0")
    link.aliases.remove("staging")
    link.aliases.append("production")
    link.save()
    assert sorted(found("shelf:production").aliases) == ["latest", "production"] and found("net:v0").aliases == ["latest"]


def test_what_is_changed_of_a_link_is_changed_of_the_source(linked, found):
    linked(["staging"])
    link = found("shelf:v0")
    link.metadata["n"] = 2
    link.tags = ["t"]
    link.description = "by the link"
    link.save()
    source = found("net:v0")
    assert (source.metadata, source.tags, source.description) == ({"n": 2}, ["t"], "by the link")


def test_a_used_link_is_a_use_of_the_version(wandb, linked, api, found, project):
    source, _ = linked(["staging"])
    with wandb.init(project=project) as run:
        assert run.use_artifact(f"default/{project}/shelf:staging").id == source.id
    assert [one.id for one in api.run(run.path).used_artifacts()] == [source.id]
    assert [user.id for user in found("net:v0").used_by()] == [run.id] == [user.id for user in found("shelf:v0").used_by()]


def test_a_shelf_is_a_collection(linked, api, project):
    linked(["x"])
    path = f"default/{project}/shelf"
    shelf = api.artifact_collection("model", path)
    assert not shelf.is_sequence() and {"x", "latest"} <= set(shelf.aliases) and shelf.type == "model"
    shelf.description, shelf.tags, shelf.name = "all that is good", ["t"], "renamed"
    shelf.save()
    shelf = api.artifact_collection("model", path.replace("shelf", "renamed"))
    assert (shelf.description, shelf.tags) == ("all that is good", ["t"]) and not api.artifact_exists(path + ":v0")
    shelf.delete()
    assert not api.artifact_collection_exists(path.replace("shelf", "renamed"), "model")
    assert api.artifact(f"default/{project}/net:v0").state == "COMMITTED"


@pytest.mark.needs_client("0.22", "check of aliases")
@pytest.mark.parametrize("alias", ["a/b", "a:b"])
def test_an_alias_of_a_link_with_a_separator_is_refused_by_the_client(wandb, linked, alias):
    with pytest.raises((ValueError, wandb.errors.CommError), match="liases must not contain"):
        linked([alias])


def test_a_model_is_linked_into_the_models(wandb, api, project, tmp_path):
    (tmp_path / "w.bin").write_bytes(b"weights")
    registered = f"reg-{project}"
    with wandb.init(project=project) as run:
        link = run.link_model(str(tmp_path / "w.bin"), registered, name="net", aliases=["staging"])
    assert link.qualified_name == f"default/model-registry/{registered}:v0" and link.source_name == "net:v0"
    assert api.artifact(f"default/model-registry/{registered}:staging").source_project == project
    (tmp_path / "w.bin").write_bytes(b"better")
    with wandb.init(project=project) as run:
        assert run.link_model(str(tmp_path / "w.bin"), registered, name="net").version == "v1"
    assert api.artifact(f"default/model-registry/{registered}:latest").source_name == "net:v1"


def test_a_version_is_linked_into_a_registry(linked, api, project):
    """A registry is a project of the organization, and who asks names no entity."""
    shelf = f"wandb-registry-{project}"
    registry = api.create_registry(name=project, visibility="organization")
    assert registry.name == project
    source, _ = linked()
    link = source.link(f"{shelf}/nets", ["production"])
    assert link.is_link and (link.project, link.name) == (shelf, "nets:v0") and link.source_project == project
    found = api.artifact(f"{shelf}/nets:production")
    assert found.id == source.id and found.version == "v0"
    links = api.artifact(f"default/{project}/net:v0").linked_artifacts
    assert f"{found.entity}/{shelf}/nets:v0" in {one.qualified_name for one in links}
    assert [one.name for one in api.registry(project).collections()] == ["nets"]
    found.unlink()
    assert not api.artifact_exists(f"{shelf}/nets:v0")


def test_a_registry_keeps_what_is_saved(linked, api, project):
    registry = api.create_registry(name=project, visibility="restricted", description="old", artifact_types=["model"])
    registry.artifact_types.append("dataset")
    registry.description = "new"
    registry.save()
    found = api.registry(project)
    assert sorted(found.artifact_types) == ["dataset", "model"] and found.description == "new" and not found.allow_all_artifact_types
    source, _ = linked()
    assert source.link(f"wandb-registry-{project}/nets").project == f"wandb-registry-{project}"
    found.allow_all_artifact_types = True
    found.save()
    assert api.registry(project).allow_all_artifact_types and api.registry(project).description == "new"


def test_the_name_of_a_deleted_registry_is_free(linked, api, project):
    shelf = f"wandb-registry-{project}"
    registry = api.create_registry(name=project, visibility="organization")
    source, _ = linked()
    source.link(f"{shelf}/nets")
    registry.delete()
    assert not [one for one in api.registries() if one.name == project]
    links = api.artifact(f"default/{project}/net:v0").linked_artifacts
    assert not [one for one in links if shelf in one.qualified_name]
    assert list(api.create_registry(name=project, visibility="organization").collections()) == []


def test_versions_of_a_registry_are_found_by_their_metadata(wandb, api, project):
    registry = api.create_registry(name=project, visibility="organization")
    with wandb.init(project=project) as run:
        for accuracy in (0.5, 0.9):
            artifact = wandb.Artifact("net", "model", metadata={"acc": accuracy, "by": {"who": "ana"}})
            with artifact.new_file("w.txt") as file:
                file.write(str(accuracy))
            version = run.log_artifact(artifact).wait()
            version.link(f"wandb-registry-{project}/nets")

    def found(filters):
        return [one.version for one in registry.versions(filter=filters)]

    assert found({"metadata.acc": {"$gt": 0.6}}) == ["v1"] and sorted(found({"metadata.by.who": "ana"})) == ["v0", "v1"]
    assert sorted(found({"metadata": {"$exists": True}})) == ["v0", "v1"] and found({"metadata.none": 1}) == []
    assert found({"version": "v0"}) == ["v0"] and found({"metadata.acc": 0.9, "version": "v0"}) == []
