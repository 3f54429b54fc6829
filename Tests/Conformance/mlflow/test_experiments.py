"""Experiments by MlflowClient and by plain requests."""

import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException

from harness import code


def test_the_default_experiment_is_there(client):
    default = client.get_experiment("0")
    assert default.name == "Default"
    assert default.lifecycle_stage == "active"
    assert default.artifact_location == "mlflow-artifacts:/0"


def test_an_experiment_is_found_by_id_and_by_name(client, name):
    made = client.create_experiment(name, tags={"team": "vision"})
    by_id, by_name = client.get_experiment(made), client.get_experiment_by_name(name)
    assert by_id.experiment_id == by_name.experiment_id == made
    assert by_id.name == name
    assert by_id.tags["team"] == "vision"
    assert by_id.artifact_location == f"mlflow-artifacts:/{made}"
    assert by_id.creation_time > 0
    assert by_id.last_update_time >= by_id.creation_time


def test_experiment_ids_are_numbers_as_strings(client, name):
    assert client.create_experiment(name).isdigit()


def test_an_unknown_name_is_none_and_an_unknown_id_an_error(client, name):
    assert client.get_experiment_by_name(name) is None
    with pytest.raises(RestException) as refused:
        client.get_experiment("987654321")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert "No Experiment with id=987654321 exists" in refused.value.message


def test_a_name_can_be_taken_once(client, name):
    client.create_experiment(name)
    with pytest.raises(RestException) as refused:
        client.create_experiment(name)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_name_held_by_a_deleted_experiment_stays_taken(client, raw, name):
    made = client.create_experiment(name)
    client.delete_experiment(made)
    answer = raw.post("experiments/create", {"name": name})
    assert (answer.status_code, code(answer)) == (400, "RESOURCE_ALREADY_EXISTS")
    assert client.get_experiment_by_name(name).lifecycle_stage == "deleted"


def test_set_experiment_refuses_a_deleted_one(mlflow, client, name):
    client.delete_experiment(client.create_experiment(name))
    with pytest.raises(MlflowException, match="deleted"):
        mlflow.set_experiment(name)


def test_rename(client, name):
    made = client.create_experiment(name)
    client.rename_experiment(made, name + " renamed")
    assert client.get_experiment(made).name == name + " renamed"
    assert client.get_experiment_by_name(name) is None


def test_rename_to_a_taken_name_is_refused(client, raw, name):
    client.create_experiment(name)
    other = client.create_experiment(name + " other")
    answer = raw.post("experiments/update", {"experiment_id": other, "new_name": name})
    assert answer.status_code == 400
    assert code(answer) in ("RESOURCE_ALREADY_EXISTS", "BAD_REQUEST")
    assert client.get_experiment(other).name == name + " other"


def test_tags_are_set_changed_and_deleted(client, name):
    made = client.create_experiment(name)
    client.set_experiment_tag(made, "state", "draft")
    client.set_experiment_tag(made, "state", "final")
    client.set_experiment_tag(made, "mlflow.note.content", "what it is for")
    tags = client.get_experiment(made).tags
    assert tags["state"] == "final"
    assert tags["mlflow.note.content"] == "what it is for"
    client.delete_experiment_tag(made, "state")
    assert "state" not in client.get_experiment(made).tags


def test_the_description_is_a_tag_that_can_be_written_found_and_deleted(client, name):
    key = "mlflow.note.content"
    made = client.create_experiment(name, tags={key: "first", "team": "a"})
    assert client.get_experiment(made).tags == {key: "first", "team": "a"}
    client.set_experiment_tag(made, key, f"about {name}")
    found = client.search_experiments(filter_string=f"tags.`{key}` = 'about {name}'")
    assert [experiment.experiment_id for experiment in found] == [made]
    found = client.search_experiments(filter_string=f"tags.`{key}` LIKE '%{name}'")
    assert [experiment.experiment_id for experiment in found] == [made]
    client.delete_experiment_tag(made, key)
    assert client.get_experiment(made).tags == {"team": "a"}
    assert client.search_experiments(filter_string=f"tags.`{key}` = 'about {name}'") == []
    with pytest.raises(RestException) as refused:
        client.delete_experiment_tag(made, key)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.martlet_only
def test_the_description_is_the_purpose(client, raw, name):
    made = client.create_experiment(name, tags={"mlflow.note.content": "why"})
    shown = raw.send("GET", f"/api/v1/experiments/{made}").json()
    assert (shown["purpose"], shown["tags"]) == ("why", {})
    client.delete_experiment_tag(made, "mlflow.note.content")
    assert raw.send("GET", f"/api/v1/experiments/{made}").json()["purpose"] == ""


def test_deleting_a_missing_tag_is_an_error(client, name):
    made = client.create_experiment(name)
    with pytest.raises(RestException) as refused:
        client.delete_experiment_tag(made, "missing")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_delete_takes_the_runs_along_and_restore_brings_them_back(client, name):
    made = client.create_experiment(name)
    runs = {client.create_run(made).info.run_id for _ in range(3)}
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    assert all(client.get_run(r).info.lifecycle_stage == "deleted" for r in runs)
    assert client.search_runs([made]) == []
    assert {r.info.run_id for r in client.search_runs([made], run_view_type=ViewType.DELETED_ONLY)} == runs
    client.restore_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "active"
    assert {r.info.run_id for r in client.search_runs([made])} == runs


def test_deleting_twice_is_not_found(client, raw, name):
    made = client.create_experiment(name)
    client.delete_experiment(made)
    answer = raw.post("experiments/delete", {"experiment_id": made})
    assert (answer.status_code, code(answer)) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_deleted_experiment_takes_no_runs(client, raw, name):
    made = client.create_experiment(name)
    client.delete_experiment(made)
    answer = raw.post("runs/create", {"experiment_id": made})
    assert answer.status_code == 400
    assert code(answer) == "INVALID_PARAMETER_VALUE"


@pytest.mark.martlet_only
def test_renaming_a_deleted_experiment_is_the_users_mistake(client, raw, name):
    made = client.create_experiment(name)
    client.delete_experiment(made)
    answer = raw.post("experiments/update", {"experiment_id": made, "new_name": name + "2"})
    assert answer.status_code == 400
    assert client.get_experiment(made).name == name


def test_search_by_name_with_wildcards(client, name):
    ids = {suffix: client.create_experiment(f"{name} {suffix}") for suffix in ("Alpha", "beta", "alphabet")}

    def found(filter_string):
        return {e.experiment_id for e in client.search_experiments(filter_string=filter_string)}

    assert found(f"name = '{name} beta'") == {ids["beta"]}
    assert found(f"name LIKE '{name} alpha%'") == {ids["alphabet"]}
    assert found(f"name ILIKE '{name} alpha%'") == {ids["Alpha"], ids["alphabet"]}
    assert found(f"attribute.name != '{name} beta' AND name LIKE '{name}%'") == {ids["Alpha"], ids["alphabet"]}


def test_search_by_tags(client, name):
    one = client.create_experiment(name + " 1", tags={"group": name, "kind": "a"})
    two = client.create_experiment(name + " 2", tags={"group": name, "kind": "b"})
    three = client.create_experiment(name + " 3", tags={"group": name})

    def found(filter_string):
        return {e.experiment_id for e in client.search_experiments(filter_string=filter_string)}

    assert found(f"tags.group = '{name}'") == {one, two, three}
    assert found(f"tags.group = '{name}' AND tags.kind != 'a'") == {two}
    assert found(f"tag.group = '{name}' AND tags.`kind` LIKE 'a%'") == {one}


def test_search_pages_and_order(client, name):
    made = [client.create_experiment(f"{name} {i}", tags={"page": name}) for i in range(5)]
    filter_string = f"tags.page = '{name}'"
    seen, token = [], None
    while True:
        page = client.search_experiments(
            filter_string=filter_string, max_results=2, order_by=["name ASC"], page_token=token
        )
        assert len(page) <= 2
        seen += [e.experiment_id for e in page]
        token = page.token
        if not token:
            break
    assert seen == made
    newest_first = [e.experiment_id for e in client.search_experiments(filter_string=filter_string)]
    assert newest_first == made[::-1] or set(newest_first) == set(made)
    by_number = client.search_experiments(filter_string=filter_string, order_by=["experiment_id DESC"])
    assert {e.experiment_id for e in by_number} == set(made)


def test_search_view_types(client, name):
    active = client.create_experiment(name + " active", tags={"view": name})
    deleted = client.create_experiment(name + " deleted", tags={"view": name})
    client.delete_experiment(deleted)

    def found(view):
        return {e.experiment_id for e in client.search_experiments(view, filter_string=f"tags.view = '{name}'")}

    assert found(ViewType.ACTIVE_ONLY) == {active}
    assert found(ViewType.DELETED_ONLY) == {deleted}
    assert found(ViewType.ALL) == {active, deleted}


@pytest.mark.parametrize("filter_string", ["nonsense", "name >", "unknown = 'x'"])
def test_a_bad_filter_is_refused(client, filter_string):
    with pytest.raises(RestException) as refused:
        client.search_experiments(filter_string=filter_string)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("bad", ["", pytest.param("   ", marks=pytest.mark.martlet_only), "x" * 501])
def test_a_bad_name_is_refused(raw, bad):
    answer = raw.post("experiments/create", {"name": bad})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_names_in_any_script(client, name):
    written = f"{name} Ünïcödé 実験 🐦 'quoted' \"double\" 100% a/b"
    made = client.create_experiment(written)
    assert client.get_experiment(made).name == written
    assert client.get_experiment_by_name(written).experiment_id == made


def test_an_own_artifact_location_is_kept(client, name):
    made = client.create_experiment(name, artifact_location="mlflow-artifacts:/elsewhere/here")
    assert client.get_experiment(made).artifact_location == "mlflow-artifacts:/elsewhere/here"
    run = client.create_run(made)
    assert run.info.artifact_uri == f"mlflow-artifacts:/elsewhere/here/{run.info.run_id}/artifacts"
    client.log_text(run.info.run_id, "hello", "a.txt")
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["a.txt"]


def test_the_same_paths_answer_under_ajax_api(raw, server):
    plain = raw.send("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    ajax = raw.send("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0")
    assert plain.status_code == ajax.status_code == 200
    assert plain.json() == ajax.json()


def test_experiments_search_also_by_get(raw, client, name):
    made = client.create_experiment(name)
    answer = raw.get("experiments/search", max_results=5, filter=f"name = '{name}'")
    assert answer.status_code == 200
    assert [e["experiment_id"] for e in answer.json()["experiments"]] == [made]


@pytest.mark.parametrize("location", [
    "s3://bucket/path?versionId=1", "s3://bucket/a;b", "/an/absolute/path", "file:///a/path",
])
def test_a_location_elsewhere_is_kept_as_it_is(client, name, location):
    made = client.create_experiment(name, artifact_location=location)
    assert client.get_experiment(made).artifact_location == location


def test_a_query_of_a_location_stays_behind_the_path_of_a_run(client, name):
    made = client.create_experiment(name, artifact_location="s3://bucket/path?versionId=1")
    run = client.create_run(made)
    assert run.info.artifact_uri == f"s3://bucket/path/{run.info.run_id}/artifacts?versionId=1"


@pytest.mark.parametrize(("location", "kept"), [
    ("a/folder", "{0}/a/folder"), ("./a/folder", "{0}/a/folder"), ("file:a/folder", "file://{0}/a/folder"),
])
def test_a_relative_location_counts_from_the_folder_of_the_server(client, server, name, location, kept):
    made = client.create_experiment(name, artifact_location=location)
    assert client.get_experiment(made).artifact_location == kept.format(server.folder)


@pytest.mark.parametrize("location", [
    "s3://bucket/path#part", "runs:/abc", "s3://bucket/p?x=../../y", "s3://bucket/p?x=%2e%2e/y", "/" + "x" * 2048,
])
def test_a_location_that_cannot_be_is_refused(client, name, location):
    with pytest.raises(MlflowException, match=".") as refusal:
        client.create_experiment(name, artifact_location=location)
    assert refusal.value.error_code == "INVALID_PARAMETER_VALUE"


def test_ids_are_read_as_numbers(raw):
    for written in ("0", " 0", "+0", "00"):
        answer = raw.get("experiments/get", experiment_id=written)
        assert answer.json()["experiment"]["name"] == "Default"
    assert raw.get("experiments/get", experiment_id="-1").status_code == 404
    assert raw.post("runs/search", {"experiment_ids": ["-1"]}).json() == {}
